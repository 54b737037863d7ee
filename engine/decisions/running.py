"""One evaluation of a decision: its moment, its budget of steps and what it has to tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine import feel
from engine.decisions.types import ItemType
from engine.errors import DecisionFailed

MAX_DEPTH = 90
"""How deep functions of the file may call each other."""

_EQUAL = feel.parse("one = other", ("one", "other"))
_AGGREGATES = {name: feel.parse(f"{name}(values)", ("values",)) for name in ("sum", "min", "max")}


class Run:
    """What all parts of one evaluation share.

    Args:
        now: the moment that FEEL's ``now()`` and ``today()`` give.
        strict: what does not fit a table is an error, not null with a note.

    Attributes:
        feel: FEEL's own run, which keeps the budget and the notes.
        failure: the first misfit of a strict run. FEEL makes null of what a function
            raises, so whoever began the run looks here.
        found: what required decisions gave, by namespace and id.
    """

    __slots__ = ("depth", "failure", "feel", "found", "notes", "now", "strict")

    def __init__(self, now: datetime | None, *, strict: bool = False) -> None:
        self.notes: list[str] = []
        self.now, self.strict = now, strict
        self.feel = feel.Run(now=now, notes=self.notes)
        self.failure: DecisionFailed | None = None
        self.found: dict[tuple[str, str], Any] = {}
        self.depth = 0

    def note(self, where: str, message: str) -> None:
        """Say why something is null."""
        self.feel.note(f"{where}: {message}")

    def misfit(self, where: str, message: str, hint: str | None = None) -> None:
        """Say what does not fit; the value is null.

        Raises:
            DecisionFailed: the run is strict.
        """
        if self.strict:
            self.failure = self.failure or DecisionFailed(f"{where}: {message}", hint=hint)
            raise self.failure
        self.note(where, message)

    def demand(
        self, names: frozenset[str], scope: Mapping[str, Any], text: str, where: str
    ) -> None:
        """Refuse a text that reads names which are not there.

        Raises:
            DecisionFailed: the run is strict and one is missing.
        """
        # In a filter names may be those of its items.
        if not names <= scope.keys() and "[" not in text:
            missing = min(names - scope.keys())
            self.misfit(where, f"there is no {missing!r} among the data", None)

    def fitted(self, value: Any, wanted: ItemType, where: str) -> Any:
        """Return a value as its type has it; null with a note where it does not fit."""
        found, reason = wanted.fit(value)
        if reason is not None:
            self.note(where, reason)
        return found

    def equal(self, one: Any, other: Any) -> bool:
        """Whether FEEL calls two values equal."""
        return _EQUAL.evaluate({"one": one, "other": other}, run=self.feel) is True

    def aggregate(self, name: str, values: list[Any]) -> Any:
        """Return FEEL's ``sum``, ``min`` or ``max`` of values."""
        return _AGGREGATES[name].evaluate({"values": values}, run=self.feel)
