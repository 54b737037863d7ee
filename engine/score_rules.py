"""Points for figures by rules that are rows of a list.

A rule gives ``full`` points from a threshold on and takes ``slope`` points for every
point below it (of kind ``low``: above it), not below ``floor``; a value below
``zero_below`` gets nothing. A rule of kind ``each`` takes points for things that
happened: ``slope`` for each of them in one case, or once where ``once`` is set, from so
many of them on; what leaders or the media brought counts ``doubled``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.rates import half_up

HUNDRED = Decimal(100)
RATED = frozenset({"rate", "low"})
"""Kinds that make points of a figure; of ``low`` a small value is the good one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the list ``score_rules``; see the module."""

    ruleset: str
    metric: str
    kind: str
    full: Decimal
    threshold: Decimal
    slope: Decimal
    floor: Decimal
    zero_below: Decimal | None = None
    least: int = 1
    once: bool = False
    places: int = 2

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Rule:
        """Read a row of the list; empty cells are what changes nothing."""
        zero = row["zero_below"]
        return cls(
            row["ruleset"],
            row["metric"],
            row["kind"],
            _number(row["full"]),
            HUNDRED if row["threshold"] is None else _number(row["threshold"]),
            _number(row["slope"]),
            _number(row["floor"]),
            None if zero is None else _number(zero),
            row["least"] or 1,
            bool(row["once"]),
            2 if row["places"] is None else row["places"],
        )

    def points(self, value: Decimal) -> Decimal:
        """Return the points of a value, rounded half up."""
        if self.zero_below is not None and value < self.zero_below:
            return half_up(Decimal(0), self.places)
        away = value - self.threshold if self.kind == "low" else self.threshold - value
        missing = max(Decimal(0), away)
        return half_up(max(self.floor, self.full - self.slope * missing), self.places)

    def explained(self) -> str:
        """Return the rule as it is read: ``25 - 0.5 x (98 - x), >= 12.5``."""
        if self.kind == "each":
            what = "once" if self.once else "each"
            return f"-{self.slope} {what} (n >= {self.least})"
        away = f"x - {self.threshold}" if self.kind == "low" else f"{self.threshold} - x"
        text = f"{self.full} - {self.slope} x ({away}), >= {self.floor}"
        return text if self.zero_below is None else f"{text}; x < {self.zero_below}: 0"


def taken_off(rules: Iterable[Rule], counts: Sequence[tuple[int, bool]]) -> Decimal:
    """Return the points that rules of kind ``each`` take for what happened in cases.

    Args:
        rules: those of one metric.
        counts: for each case how often it happened, and whether it counts double.
    """
    known = sorted((one for one in rules if one.kind == "each"), key=lambda one: one.least)
    found = Decimal(0)
    for count, doubled in counts:
        able = [one for one in known if one.least <= count]
        if able:
            rule = able[-1]
            found += rule.slope * (1 if rule.once else count) * (2 if doubled else 1)
    return half_up(found, known[0].places if known else 2)


def score(rules: Iterable[Rule], values: Mapping[str, Decimal | None]) -> Decimal | None:
    """Return the sum of the points that a unit's figures get; None where it has none.

    A metric without a value (nothing happened) gives its full points: nobody loses
    for what was never asked of it.
    """
    sheet = [one for one in rules if one.kind in RATED]
    known = {one.metric: values.get(one.metric) for one in sheet}
    if all(value is None for value in known.values()):
        return None
    found = Decimal(0)
    for rule in sheet:
        value = known[rule.metric]
        found += rule.full if value is None else rule.points(value)
    return half_up(found, 2)


def _number(value: Any) -> Decimal:
    return Decimal(0) if value is None else Decimal(str(value))
