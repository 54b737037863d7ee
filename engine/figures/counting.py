"""From facts to numbers: one figure, of one unit, in one period."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine import rates
from engine.figures.definitions import Figure
from engine.figures.facts import APART, Fact
from engine.rates import Rate

ONE = Decimal(1)
ANSWERS = frozenset({"visits"})
"""Subjects whose facts are what single people have answered."""
NO_BASE = frozenset({"count", "sum", "mean", "median", "percentile"})
"""Kinds that are made of what the numerator names alone."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is looked at: the units (None: all) and the period, its end left out."""

    units: frozenset[str] | None
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """A figure with what it is made of.

    Attributes:
        value: as printed; None where there is nothing to count.
        n: how many facts are behind it.
        apart: how many were left out of the base, by why.
        few: what people have answered, and so few that the value would tell who said what.
    """

    figure: Figure
    rate: Rate
    value: Decimal | None
    n: int
    apart: dict[str, int]
    few: bool = False

    @property
    def parts(self) -> str:
        """What it is made of: ``1/2``; the amount alone where nothing is divided by."""
        return rates.plain(self.rate.numerator) if self.figure.kind in NO_BASE else self.rate.text

    @property
    def text(self) -> str:
        """The value as it is printed, ``–`` where there is none."""
        if self.value is None:
            return "–"
        return f"{self.value} %" if self.figure.is_percent else str(self.value)

    @property
    def printed(self) -> str:
        """The value as people are told it: not where so few have answered."""
        return f"n < {rates.LEAST}" if self.few else self.text

    @property
    def within_band(self) -> bool | None:
        """Whether it lies between the bounds of its band; None where it has none."""
        low, high = self.figure.low, self.figure.high
        if self.value is None or (low is None and high is None):
            return None
        return (low is None or low <= self.value) and (high is None or self.value <= high)


def count(figure: Figure, facts: Iterable[Fact], window: Window, *, per: int = 0) -> Counted:
    """Count a figure.

    Args:
        facts: of its subject.
        window: the units and the period.
        per: how many units of the level there are that ``figure.per`` names.
    """
    seen = [one for one in facts if _in(one, figure, window)]
    base: list[Fact] = []
    rest: list[Fact] = []
    for one in seen:
        (base if one.bears(figure.denominator) else rest).append(one)
    hits = [one for one in base if one.bears(figure.numerator)]
    apart = {
        mark: number for mark in APART if (number := sum(1 for one in rest if mark in one.marks))
    }
    amount = _sum(hits, figure.number)
    if figure.kind in NO_BASE:
        rate = Rate(rates.half_up(amount, 2), ONE)
    else:
        rate = Rate(amount, Decimal(per) if per else _sum(base, _per(figure)))
    value, n = _value(figure, rate, hits), len(hits) if figure.kind in NO_BASE else len(base)
    return Counted(figure, rate, value, n, apart, is_telling(figure, n))


def is_telling(figure: Figure, n: int) -> bool:
    """Whether a figure of so few answers would tell what one person has said."""
    return figure.subject in ANSWERS and 0 < n < rates.LEAST


def behind(
    figure: Figure, facts: Iterable[Fact], window: Window, part: str
) -> Sequence[tuple[Fact, bool]]:
    """Return the facts behind a figure, and whether each is in its numerator.

    Args:
        part: ``numerator``, ``denominator``, ``missing`` (in the base, not in the
            numerator) or ``apart`` (in the period, not in the base).
    """
    seen = [one for one in facts if _in(one, figure, window)]
    if part == "apart":
        return [(one, False) for one in seen if not one.bears(figure.denominator)]
    base = [(one, one.bears(figure.numerator)) for one in seen if one.bears(figure.denominator)]
    wanted = {"numerator": {True}, "missing": {False}}.get(part, {True, False})
    return [(one, hit) for one, hit in base if hit in wanted]


def by_body(facts: Iterable[Fact], window: Window) -> Mapping[str, Sequence[Fact]]:
    """Return the facts of a window's units by each body that answers for them."""
    found: dict[str, list[Fact]] = {}
    for one in facts:
        if one.bodies and one.within(window.units):
            for body in one.bodies:
                found.setdefault(body, []).append(one)
    return found


def of_body(facts: Iterable[Fact], window: Window, bodies: Collection[str]) -> list[Fact]:
    """Return the facts of a window's units that one of some bodies answers for."""
    return [one for one in facts if one.within(window.units) and not one.bodies.isdisjoint(bodies)]


def _in(one: Fact, figure: Figure, window: Window) -> bool:
    return one.falls(figure.counted_by, window.since, window.until) and one.within(window.units)


def _per(figure: Figure) -> str:
    return "" if figure.per.startswith("@") else figure.per


def _sum(facts: Iterable[Fact], number: str) -> Decimal:
    if not number:
        return sum((ONE for _ in facts), Decimal(0))
    return sum((one.numbers.get(number, Decimal(0)) for one in facts), Decimal(0))


def _value(figure: Figure, rate: Rate, hits: list[Fact]) -> Decimal | None:
    places = figure.places
    if figure.kind == "rate":
        return rate.percent(places)
    if figure.kind == "ratio":
        return rate.quotient(places)
    if figure.kind in {"count", "sum"}:
        return rates.half_up(rate.numerator, places)
    values = [one.numbers[figure.number] for one in hits if figure.number in one.numbers]
    if figure.kind == "mean":
        return rates.mean(values, places)
    if figure.kind == "median":
        return rates.median(values, places)
    return rates.percentile(values, 90, places)
