"""Rates, means, medians and ranks as offices print them.

Everything is ``Decimal`` and rounded half up (四舍五入) to the printed digit, once,
at the end: 737 of 972 is 75.82 %, never 75.8230 cut or a binary fraction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

LEAST = 5
"""Fewer cases than this and a unit is shown, with its n, but not ranked."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A numerator over a denominator; both may be weighted sums."""

    numerator: Decimal
    denominator: Decimal

    @property
    def text(self) -> str:
        """The two as they are written: ``737/972``."""
        return f"{plain(self.numerator)}/{plain(self.denominator)}"

    def percent(self, places: int = 2) -> Decimal | None:
        """Return it in percent, rounded half up; None where there is nothing to divide by."""
        return _divided(self.numerator * 100, self.denominator, places)

    def quotient(self, places: int = 2) -> Decimal | None:
        """Return it as it is, rounded half up; None where there is nothing to divide by."""
        return _divided(self.numerator, self.denominator, places)


def half_up(value: Decimal, places: int) -> Decimal:
    """Return a number with so many digits after the point, rounded half up."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """Return a number as people write it: no exponent, no zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def mean(values: Sequence[Decimal], places: int = 2) -> Decimal | None:
    """Return the mean, rounded half up; None of nothing."""
    return _divided(sum(values, Decimal(0)), Decimal(len(values)), places)


def median(values: Sequence[Decimal], places: int = 2) -> Decimal | None:
    """Return the median (of an even number the middle of the two), rounded half up."""
    if not values:
        return None
    inside = sorted(values)
    half = len(inside) // 2
    middle = inside[half] if len(inside) % 2 else (inside[half - 1] + inside[half]) / 2
    return half_up(middle, places)


def percentile(values: Sequence[Decimal], share: int, places: int = 2) -> Decimal | None:
    """Return the smallest value that at least ``share`` percent do not exceed (nearest rank)."""
    if not values:
        return None
    inside = sorted(values)
    at = -(-len(inside) * share // 100)
    return half_up(inside[max(at, 1) - 1], places)


def ranks(
    values: Mapping[str, tuple[Decimal | None, int]],
    *,
    high_first: bool = True,
    least: int = LEAST,
) -> dict[str, int]:
    """Return the rank of each unit that has enough cases; equal values share one.

    Args:
        values: unit -> (value as printed, n).
        high_first: whether the highest value is first.
        least: units with a smaller n are left out.
    """
    able = {unit: value for unit, (value, n) in values.items() if value is not None and n >= least}
    ordered = sorted(able.values(), reverse=high_first)
    return {unit: ordered.index(value) + 1 for unit, value in able.items()}


def _divided(numerator: Decimal, denominator: Decimal, places: int) -> Decimal | None:
    return half_up(numerator / denominator, places) if denominator else None
