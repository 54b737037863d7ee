"""Plans: what the people of a simulation decide, as JSON files beside the diagrams.

A plan is for cases of one ``process``. What its cases start or call (a whistle, a
consultation) is decided by the plans that it names under ``with``, files of the
same folder, each of which may give its own process's cases traits too. A step's
rule is looked up as ``process.element``, then as ``element``, the plan's own first.

Two kinds of traits: ``traits`` are drawn each for itself (a share from 0 to 1),
of ``kinds`` every case is exactly one (weights).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

Plan = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plans:
    """A plan and those it goes with, the own one first."""

    all: tuple[Plan, ...]

    @classmethod
    def read(cls, path: Path) -> Plans:
        """Read a plan and the plans that it names.

        Raises:
            OSError: a file is not there.
            ValueError: a file is no JSON.
        """
        own = orjson.loads(path.read_bytes())
        names: Sequence[str] = own.get("with", ())
        others = [orjson.loads((path.parent / name).read_bytes()) for name in names]
        return cls((own, *others))

    @property
    def own(self) -> Plan:
        """The plan whose cases arrive."""
        return self.all[0]

    def rule(self, process: str, element: str) -> Plan:
        """Return the rule for an element; an empty one where none says anything."""
        for name in (f"{process}.{element}", element):
            for plan in self.all:
                if name in plan["elements"]:
                    rule: Plan = plan["elements"][name]
                    return rule
        return {}

    def fields(self) -> dict[str, Any]:
        """Return the rules for fields of any form, by key."""
        found: dict[str, Any] = {}
        for plan in reversed(self.all):
            found.update(plan.get("fields", {}))
        return found

    def traits(self, process: str, chance: random.Random) -> set[str]:
        """Draw the traits of a case; none for a process that no plan is about."""
        plan = next((one for one in self.all if one["process"] == process), None)
        if plan is None:
            return set()
        shares = plan.get("traits", {})
        found = {name for name, share in shares.items() if chance.random() < share}
        kinds = plan.get("kinds")
        if kinds:
            found.add(chance.choices(list(kinds), list(kinds.values()))[0])
        return found
