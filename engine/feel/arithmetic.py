"""Adding, subtracting, multiplying and dividing what can be; all else is null.

Source: OMG, Decision Model and Notation 1.5, section 10.3.2.4, tables 54 and 55.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import numbers
from engine.feel.numbers import CONTEXT
from engine.feel.run import Run
from engine.feel.temporal import (
    DAY,
    MIDNIGHT,
    NANOS,
    FeelDate,
    FeelDateTime,
    FeelTime,
    MonthsDuration,
    TimeDuration,
    of_ordinal,
)
from engine.feel.values import kind

MAX_DURATION = 10**30


def apply(sign: str, one: Any, other: Any, run: Run) -> Any:
    """Return ``one sign other``; null with a note where there is no such thing."""
    if type(one) is Decimal and type(other) is Decimal:
        result = _NUMBERS[sign](one, other)
        if result is not None and result.is_finite():
            return result
        zero = sign == "/" and not other
        run.note("Division by zero." if zero else f"{one} {sign} {other} is no number.")
        return None
    operation = _OPERATIONS.get(sign)
    found = operation(one, other) if operation is not None else None
    if found is None:
        run.note(f"{kind(one)} {sign} {kind(other)} is not defined.")
    elif type(found) is str:
        run.written(len(found))
    return found


_NUMBERS: dict[str, Callable[[Decimal, Decimal], Decimal | None]] = {
    "+": CONTEXT.add,
    "-": CONTEXT.subtract,
    "*": CONTEXT.multiply,
    "/": CONTEXT.divide,
    "**": numbers.power,
}


def negate(value: Any, run: Run) -> Any:
    """Return ``-value``."""
    if type(value) is Decimal:
        return CONTEXT.minus(value)
    if type(value) is MonthsDuration:
        return MonthsDuration(-value.months)
    if type(value) is TimeDuration:
        return TimeDuration(-value.nanos)
    run.note(f"-({kind(value)}) is not defined.")
    return None


def _add(one: Any, other: Any) -> Any:
    if type(one) is str and type(other) is str:
        return one + other
    if type(one) is MonthsDuration and type(other) is MonthsDuration:
        return months(one.months + other.months)
    if type(one) is TimeDuration and type(other) is TimeDuration:
        return nanos(one.nanos + other.nanos)
    if type(other) is MonthsDuration:
        return _later(one, other, 1)
    if type(other) is TimeDuration:
        return _later(one, other, 1)
    if type(one) in (MonthsDuration, TimeDuration):
        return _later(other, one, 1)
    return None


def _later(start: Any, by: MonthsDuration | TimeDuration, sign: int) -> Any:
    if type(by) is MonthsDuration:
        if type(start) in (FeelDate, FeelDateTime):
            return start.plus_months(sign * by.months)
        return None
    assert isinstance(by, TimeDuration)
    if type(start) in (FeelTime, FeelDateTime):
        return start.plus(sign * by.nanos)
    if type(start) is FeelDate:
        return of_ordinal((start.ordinal * DAY * NANOS + sign * by.nanos) // (DAY * NANOS))
    return None


def _subtract(one: Any, other: Any) -> Any:
    if type(one) is MonthsDuration and type(other) is MonthsDuration:
        return months(one.months - other.months)
    if type(one) is TimeDuration and type(other) is TimeDuration:
        return nanos(one.nanos - other.nanos)
    if type(other) in (MonthsDuration, TimeDuration):
        return _later(one, other, -1)
    if type(one) is FeelTime and type(other) is FeelTime:
        return None if one.placed != other.placed else nanos(one.value - other.value)
    if type(one) is FeelDate and type(other) is FeelDate:
        return nanos((one.ordinal - other.ordinal) * DAY * NANOS)
    left, right = _at_midnight(one, other), _at_midnight(other, one)
    if left is None or right is None or left.placed != right.placed:
        return None
    return nanos(left.value() - right.value())


def _at_midnight(value: Any, other: Any) -> FeelDateTime | None:
    """Return a moment; of a date its midnight, in UTC where the other one has a place."""
    if type(value) is FeelDateTime:
        return value
    if type(value) is not FeelDate:
        return None
    placed = type(other) is FeelDateTime and other.placed
    return FeelDateTime(value, FeelTime(0, 0, 0, 0, 0) if placed else MIDNIGHT)


def _multiply(one: Any, other: Any) -> Any:
    if type(other) in (MonthsDuration, TimeDuration):
        one, other = other, one
    if type(other) is not Decimal:
        return None
    if type(one) is MonthsDuration:
        return _scaled(one.months, other, months)
    return _scaled(one.nanos, other, nanos) if type(one) is TimeDuration else None


def _scaled(count: int, factor: Decimal, make: Callable[[int], Any]) -> Any:
    product = CONTEXT.multiply(Decimal(count), factor)
    return make(numbers.cut(product)) if product.is_finite() else None


def _divide(one: Any, other: Any) -> Any:
    if type(one) is type(other) and type(one) in (MonthsDuration, TimeDuration):
        left, right = (_count(part) for part in (one, other))
        return CONTEXT.divide(Decimal(left), Decimal(right)) if right else None
    if type(other) is not Decimal or not other:
        return None
    if type(one) is MonthsDuration:
        return _scaled_down(one.months, other, months)
    return _scaled_down(one.nanos, other, nanos) if type(one) is TimeDuration else None


def _count(duration: MonthsDuration | TimeDuration) -> int:
    return duration.months if isinstance(duration, MonthsDuration) else duration.nanos


def _scaled_down(count: int, divisor: Decimal, make: Callable[[int], Any]) -> Any:
    quotient = CONTEXT.divide(Decimal(count), divisor)
    return make(numbers.cut(quotient)) if quotient.is_finite() else None


def months(count: int) -> MonthsDuration | None:
    """Return a duration of so many months, None for one beyond all calendars."""
    return MonthsDuration(count) if abs(count) < MAX_DURATION else None


def nanos(count: int) -> TimeDuration | None:
    """Return a duration of so many nanoseconds, None for one beyond all calendars."""
    return TimeDuration(count) if abs(count) < MAX_DURATION else None


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
}
