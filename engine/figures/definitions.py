"""What the figures are called, what they count and how their formulas read: three lists.

``figures`` has a row for each figure. It counts *facts* of one subject (``shares``,
``visits``, ``events``, …, or the rows of a register) that fall into the period by the
moment ``counted_by``. ``numerator`` and ``denominator`` are marks that a fact must bear,
with ``!`` before those that it must not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.columns import is_sample
from engine.errors import NotFound
from engine.lists import ListVersion
from engine.score_rules import Rule

Document = dict[str, Any]

FIGURES, WEIGHTS, RULES = "figures", "figure_weights", "score_rules"
"""The lists that define the figures."""

_WEIGHED_BY = {"points": "choice"}
"""A number of facts -> the set of weights that makes it, where it is called otherwise."""

KINDS = ("rate", "ratio", "count", "sum", "mean", "median", "percentile", "composite")
"""How a figure makes one number of its facts."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the list ``figures``.

    Attributes:
        subject: whose facts are counted.
        counted_by: the moment by which a fact belongs to a period; empty: as it is now.
        numerator, denominator: marks; ``number`` is what is added up of the former (else
            1 each), ``per`` of the latter. ``per`` may be ``@LEVEL``: the units of it.
        better: high, low, or empty where neither is better.
        low, high: bounds of a band (吹哨率), in percent.
        is_sample: nobody has compared it, or the weights it rests on, with its source.
    """

    code: str
    title_zh: str
    title_en: str
    chapter: str
    subject: str
    counted_by: str
    kind: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    number: str
    per: str
    places: int
    better: str
    low: Decimal | None
    high: Decimal | None
    formula_zh: str
    formula_en: str
    is_sample: bool = False

    @property
    def is_percent(self) -> bool:
        """Whether its value is in percent."""
        return self.kind in {"rate", "composite"}


@dataclass(frozen=True, slots=True)
class Book:
    """The three lists as they are on a day.

    Attributes:
        samples: the rule sets with a rule that nobody has compared with its source.
    """

    figures: Mapping[str, Figure]
    weights: Mapping[str, Mapping[str, Decimal]]
    rules: Mapping[str, tuple[Rule, ...]]
    samples: frozenset[str] = frozenset()

    def named(self, code: str) -> Figure:
        """Return a figure.

        Raises:
            NotFound: there is none of that code.
        """
        if code not in self.figures:
            raise NotFound(f"There is no figure {code!r}.", hint="See GET /api/v1/figures.")
        return self.figures[code]

    def weight(self, name: str, value: Any) -> Decimal:
        """Return the weight of a value in a set; 0 where it has none."""
        return self.weights.get(name, {}).get(str(value), Decimal(0))


def read(lists: Mapping[str, ListVersion], day: date) -> Book:
    """Return the figures, weights and rules in force on a day; none without their lists."""
    weights: dict[str, dict[str, Decimal]] = {}
    weighed = _rows(lists, WEIGHTS, day)
    invented = {row["name"] for row in weighed if is_sample(row)}
    figures = {row["code"]: _figure(row, invented) for row in _rows(lists, FIGURES, day)}
    for row in weighed:
        weights.setdefault(row["name"], {})[row["value"]] = Decimal(str(row["weight"]))
    rules: dict[str, tuple[Rule, ...]] = {}
    ruled = _rows(lists, RULES, day)
    for row in ruled:
        rules[row["ruleset"]] = (*rules.get(row["ruleset"], ()), Rule.of(row))
    samples = frozenset(row["ruleset"] for row in ruled if is_sample(row))
    return Book(figures, weights, rules, samples)


def _rows(lists: Mapping[str, ListVersion], name: str, day: date) -> list[Document]:
    return list(lists[name].in_force(day)) if name in lists else []


def _figure(row: Document, invented: Collection[str]) -> Figure:
    low, high, number = row["low"], row["high"], row["number"] or ""
    weights = {row["code"], _WEIGHED_BY.get(number, number)}
    return Figure(
        row["code"],
        row["title_zh"],
        row["title_en"],
        row["chapter"],
        row["subject"] or "",
        row["counted_by"] or "",
        row["kind"],
        tuple(row["numerator"]),
        tuple(row["denominator"]),
        number,
        row["per"] or "",
        2 if row["places"] is None else row["places"],
        row["better"] or "",
        None if low is None else Decimal(str(low)),
        None if high is None else Decimal(str(high)),
        row["formula_zh"],
        row["formula_en"],
        is_sample(row) or not weights.isdisjoint(invented),
    )
