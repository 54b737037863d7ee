"""A set of values, by FEEL's equality."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.feel.errors import FeelLimit
from engine.feel.run import Run
from engine.feel.values import Range, key

_MAX_DEPTH = 64


class Members:
    """What was already met; lists and contexts are the same when their parts are."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._seen: set[Any] = set()

    def add(self, value: Any) -> bool:
        """Take a value in and return whether it is new."""
        frozen = self._frozen(value, 0)
        if frozen in self._seen:
            return False
        self._seen.add(frozen)
        return True

    def _frozen(self, value: Any, depth: int) -> Any:
        self.run.spend(1)
        if depth > _MAX_DEPTH:
            raise FeelLimit(f"A value is nested more than {_MAX_DEPTH} deep.")
        of = type(value)
        if of is str or of is Decimal or of is bool or value is None:
            return (of, value)
        if of is list:
            return (list, tuple(self._frozen(one, depth + 1) for one in value))
        if of is dict:
            entries = value.items()
            return (dict, frozenset((name, self._frozen(one, depth + 1)) for name, one in entries))
        if of is Range:
            ends = (self._frozen(value.start, depth + 1), self._frozen(value.end, depth + 1))
            return (Range, ends, value.start_included, value.end_included)
        ordered = key(value)
        return (of, id(value) if ordered is None else ordered)
