"""Compiled modules, taken in place of their sources while both are the same code.

``bihuan compile`` turns the engine's inner loop into machine code (mypyc) and lays it
beside the sources with the digest of each source it was made from. Compiled modules
call each other without looking anything up, so one source that has changed since makes
the whole build worthless: then all sources are taken, as if nothing had been compiled.
What runs is always what the sources say.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).parent
MANIFEST = "sources.json"
SUFFIX: str = sysconfig.get_config_var("EXT_SUFFIX") or ".so"
"""How the files of compiled modules end for this very interpreter."""


def folder() -> Path | None:
    """Return where a build lies or would lie; None where none is to be taken.

    ``COMPILED`` names another folder than ``__compiled__`` beside the sources, or is
    ``off``.
    """
    named = os.environ.get("COMPILED", "")
    return None if named == "off" else Path(named or PACKAGE / "__compiled__")


def digests(names: Iterable[str], package: Path = PACKAGE) -> dict[str, str]:
    """Return SHA-256 of the sources of these modules (``engine.kernel.run``), in hex."""
    sources = {name: package.joinpath(*name.split(".")[1:]).with_suffix(".py") for name in names}
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in sources.items()}


def state() -> str:
    """Say ``taken``, ``stale`` (a source has changed since, or another Python) or ``none``."""
    if any(isinstance(one, _Finder) for one in sys.meta_path):
        return "taken"
    at = folder()
    return "stale" if at is not None and (at / MANIFEST).exists() else "none"


def take() -> None:
    """Let imports find the compiled modules, if they are those of the sources."""
    at = folder()
    files = {} if at is None else _built(at)
    if files:
        sys.meta_path.insert(0, _Finder(files))


def _built(at: Path) -> Mapping[str, Path]:
    try:
        told = json.loads((at / MANIFEST).read_bytes())
        if told["suffix"] == SUFFIX and told["sources"] == digests(told["sources"]):
            return {name: at / file for name, file in told["files"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        # No build, half a build, or a source that is gone: the sources are taken.
        return {}
    return {}


class _Finder(MetaPathFinder):
    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self._files.get(fullname)
        if file is None:
            return None
        return spec_from_loader(fullname, ExtensionFileLoader(fullname, str(file)))
