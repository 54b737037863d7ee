"""Facts: what figures count, one for each thing that can be on time, solved or not.

A fact belongs to a place and perhaps to bodies (a department, its superior), bears
marks, and has moments and numbers of its own. Who reads the marks of what is in the
subject's module; nothing here says what they mean.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

APART = ("deferred", "excluded", "voided", "merged", "unreachable", "refused", "skipped")
"""Marks that are counted apart where they keep a fact out of a figure's base."""

EVERYWHERE = "*"
"""The unit of a fact that is true of every place, such as what a form asks."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened, or should have.

    Attributes:
        case: its case's id.
        number: what people know the case by.
        unit: where it happened.
        bodies: units that answer for it, beside the place.
        marks: what is true of it.
        moments: by which it may belong to a period.
        numbers: what can be added up of it.
    """

    case: str
    number: str | None
    unit: str | None
    bodies: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    moments: Mapping[str, datetime] = field(default_factory=dict)
    numbers: Mapping[str, Decimal] = field(default_factory=dict)

    def bears(self, wanted: Iterable[str]) -> bool:
        """Whether it bears every mark, and none of those with ``!`` before them."""
        return all(
            (one[1:] not in self.marks) if one.startswith("!") else (one in self.marks)
            for one in wanted
        )

    def within(self, units: Collection[str] | None) -> bool:
        """Whether it happened in one of the units, or one of them answers for it."""
        if units is None or self.unit == EVERYWHERE:
            return True
        return self.unit in units or not self.bodies.isdisjoint(units)

    def falls(self, by: str, since: datetime, until: datetime) -> bool:
        """Whether it belongs to a period by one of its moments; to any where ``by`` is empty."""
        if not by:
            return True
        at = self.moments.get(by)
        return at is not None and since <= at < until
