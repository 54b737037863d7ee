"""Scenario files: where they lie and how they are read."""

from __future__ import annotations

import copy
import functools
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from engine.calendar import LOCAL
from tests.scenario_city import ROOT

FOLDER = ROOT / "tests" / "scenarios"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML without surprises: no dates, no base-60 numbers, only true and false as truth."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:int", r"^-?[0-9]+$", "-0123456789"),
    ("tag:yaml.org,2002:float", r"^-?[0-9]+\.[0-9]+$", "-0123456789"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file."""

    path: Path
    document: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def first(self) -> datetime:
        """The moment at which the story begins."""
        return moment_of(self.document["at"])

    @property
    def given(self) -> Scenario | None:
        """The story that this one goes on from."""
        name = self.document.get("given")
        return load(FOLDER / f"{name}.yaml") if name else None


def moment_of(text: str) -> datetime:
    """Read a local moment: ``2026-09-14 09:00``."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=LOCAL)


def load(path: Path) -> Scenario:
    """Read a file; what it goes on from gives the words that it leaves out."""
    document = _parsed(path.read_text(encoding="utf-8"))
    if "given" in document:
        before = load(FOLDER / f"{document['given']}.yaml").document
        document = {"at": before["at"], **document}
    return Scenario(path, document)


def _parsed(text: str) -> dict[str, Any]:
    """Return a copy: the same texts are read by several tests and by other stories."""
    return copy.deepcopy(_parsed_once(text))


@functools.cache
def _parsed_once(text: str) -> dict[str, Any]:
    return yaml.load(text, Loader=_Loader)


def paths() -> list[Path]:
    """Every scenario, in order."""
    return sorted(FOLDER.glob("*.yaml"))
