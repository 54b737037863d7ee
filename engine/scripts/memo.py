"""Outcomes of expressions that are asked again with the same data.

Most conditions and limits of a process read an outcome or nothing at all, and come
to the same in every case. What an expression of this kind came to is remembered,
so that the second case does not wait for a worker. Only a value is: a failure is
asked for again, since time and memory may be the machine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from engine.scripts.code import Code, Facts
from engine.scripts.outcome import Outcome

KEPT = 4096
LONGEST = 500
"""Bytes of data or of a value that are still worth remembering."""

_NAMES = """
    working_days working_hours elapsed_hours minutes amount part longest shortest after before
    end_of_day value feel feel_as feel_date moment
    abs all any bool divmod enumerate filter float int isinstance len list map max min pow
    range reversed round sorted str sum tuple zip
"""
_STEADY = frozenset(_NAMES.split())
"""Functions that know nothing of the moment, the seed, the lists and the worker."""

Key = tuple[str, bytes]


class Memo:
    """What expressions came to; shared by all threads of a process."""

    def __init__(self) -> None:
        self._kept: dict[Key, bytes] = {}

    def key(self, code: Code, found: Facts, inputs: Mapping[str, Any]) -> Key | None:
        """Return under what the outcome is known; None where it rests on more than the data."""
        # No two cases are the same ``case``.
        if found.alone or "case" in found.reads or not found.calls <= _STEADY:
            return None
        # A name that is no datum is a function or a type, or fails.
        if not all(name in inputs for name in found.reads):
            return None
        given = {name: inputs[name] for name in sorted(found.names) if name in inputs}
        try:
            data = orjson.dumps(given)
        except TypeError:
            return None
        return (code.text, data) if len(data) <= LONGEST else None

    def find(self, key: Key | None) -> Outcome | None:
        """Return the outcome kept under a key, or None."""
        text = None if key is None else self._kept.get(key)
        return None if text is None else Outcome(orjson.loads(text))

    def keep(self, key: Key | None, outcome: Outcome) -> None:
        """Remember a value."""
        if key is None or outcome.error is not None:
            return
        try:
            text = orjson.dumps(outcome.value)
        except TypeError:
            return
        if len(text) > LONGEST:
            return
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[key] = text
