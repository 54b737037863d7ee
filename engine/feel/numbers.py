"""Numbers as IEEE 754-2008 decimal128: 34 digits, half to even. What is no number is null."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[])
_EXACT = Context(prec=7_000, rounding=ROUND_HALF_EVEN, Emin=-20_000, Emax=20_000, traps=[])

MIN_SCALE, MAX_SCALE = -6111, 6176
ZERO, ONE = Decimal(0), Decimal(1)


def finite(value: Decimal) -> Decimal | None:
    """Return a number, or None for what is infinite or none at all."""
    return value if value.is_finite() else None


def read(text: str) -> Decimal | None:
    """Return the number that digits say, rounded to 34 of them."""
    return finite(CONTEXT.create_decimal(text))


def of_float(value: float) -> Decimal | None:
    """Return the number that a float is written as."""
    return finite(CONTEXT.create_decimal(repr(value)))


def whole(value: Decimal) -> int | None:
    """Return a number without a fraction as int; None for one with, or far too large."""
    if value.adjusted() > 40 or value != value.to_integral_value():
        return None
    return int(value)


def cut(value: Decimal) -> int:
    """Return a number without its fraction, at most 10^40."""
    return int(value) if value.adjusted() <= 40 else int(Decimal(10**40).copy_sign(value))


def rounded(value: Decimal, scale: int, rounding: str) -> Decimal | None:
    """Return a number with ``scale`` digits behind the point (negative: zeros before it)."""
    if not MIN_SCALE <= scale <= MAX_SCALE:
        return None
    if _exponent(value) >= -scale:
        return value
    exact = value.quantize(Decimal(1).scaleb(-scale, _EXACT), rounding=rounding, context=_EXACT)
    return finite(CONTEXT.plus(exact))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def modulo(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """Return dividend - divisor * floor(dividend / divisor); None for a divisor of 0."""
    if not divisor:
        return None
    rest = _EXACT.remainder(dividend, divisor)
    if rest and (rest < 0) != (divisor < 0):
        rest = _EXACT.add(rest, divisor)
    return finite(CONTEXT.plus(rest))


def power(base: Decimal, exponent: Decimal) -> Decimal | None:
    """Return a power; None where there is none, as for a root of a negative number."""
    if not base and not exponent:
        return ONE
    return finite(CONTEXT.power(base, exponent))


def floored(value: Decimal) -> int:
    """Return the largest whole number that is not larger."""
    return int(value.to_integral_value(rounding=ROUND_FLOOR))


def text(value: Decimal) -> str:
    """Return a number as digits without an exponent and without idle zeros."""
    if not value:
        return "0"
    digits = f"{value:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
