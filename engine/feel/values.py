"""What FEEL's values are in Python, and when two of them are equal or one comes before.

None, bool, str, Decimal, list, dict (a context), the classes of ``temporal``, and here
Range and Function. Answers are three-valued: None where FEEL says null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from engine.feel import numbers
from engine.feel.errors import FeelLimit
from engine.feel.temporal import (
    DAY,
    NANOS,
    FeelDate,
    FeelDateTime,
    FeelTime,
    MonthsDuration,
    TimeDuration,
)

if TYPE_CHECKING:
    from engine.feel.run import Run

MAX_COMPARED = 200_000
_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Range:
    """From start to end; an end that is None is open to infinity unless both are."""

    start: Any
    end: Any
    start_included: bool = True
    end_included: bool = True

    def contains(self, value: Any) -> bool | None:
        """Whether a value lies in it; None for what cannot be compared with its ends."""
        if self.start is None and self.end is None:
            return None
        sign_low = ">=" if self.start_included else ">"
        sign_high = "<=" if self.end_included else "<"
        low = True if self.start is None else compare(sign_low, value, self.start)
        high = True if self.end is None else compare(sign_high, value, self.end)
        if low is None or high is None:
            return None
        return low and high


class Function:
    """A function as a value: of a built-in, of an expression, or of Python.

    Args:
        parameters: their names, or None for any number of values.
        call: takes the values in the order of the parameters and returns a value.
        name: for people.
        types: of the parameters and at the end of the result, where they are known.
    """

    __slots__ = ("call", "name", "parameters", "types")

    def __init__(
        self,
        parameters: tuple[str, ...] | None,
        call: Callable[..., Any],
        name: str = "",
        types: tuple[Any, ...] | None = None,
    ) -> None:
        self.parameters, self.call, self.name, self.types = parameters, call, name, types

    def invoke(
        self, values: list[Any], named: Mapping[str, Any] | None = None, run: Run | None = None
    ) -> Any:
        """Return what it gives for these values, by position or by name; else null."""
        if self.parameters is None:
            return self.call(*values, **(named or {}))
        if named:
            if values or named.keys() != set(self.parameters):
                return self._misfit(run, "names of arguments")
            values = [named[one] for one in self.parameters]
        if len(values) != len(self.parameters):
            return self._misfit(run, "number of arguments")
        return self.call(*values)

    def _misfit(self, run: Run | None, what: str) -> None:
        if run is not None:
            takes = ", ".join(self.parameters or ())
            run.note(f"Wrong {what} for {self.name or 'the function'}({takes}).")


# -- kinds ------------------------------------------------------------------------------

_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    str: "string",
    Decimal: "number",
    FeelDate: "date",
    FeelTime: "time",
    FeelDateTime: "date and time",
    MonthsDuration: "years and months duration",
    TimeDuration: "days and time duration",
    list: "list",
    dict: "context",
    Range: "range",
}
NATIVE = frozenset(_KINDS) - {list, dict}
# Those that are values whatever they hold; a Decimal may be none at all.
SAFE = NATIVE - {Decimal}


def kind(value: Any) -> str:
    """Return the name of a value's type."""
    found = _KINDS.get(type(value))
    return found if found is not None else "function" if callable_(value) else "unknown"


def callable_(value: Any) -> bool:
    """Whether a value is a function of FEEL."""
    return isinstance(value, Function)


def admit(value: Any) -> Any:
    """Return a value of Python as one of FEEL; what FEEL does not have is None."""
    of = type(value)
    if of is Decimal:
        return numbers.finite(value)
    if of in NATIVE:
        return value
    if of is int:
        return numbers.finite(numbers.CONTEXT.create_decimal(value))
    if of is float:
        return numbers.of_float(value)
    if isinstance(value, list | tuple):
        return [admit(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): admit(one) for key, one in value.items()}
    if isinstance(value, Function):
        return value
    return _of_calendar(value)


def _of_calendar(value: Any) -> Any:
    if isinstance(value, datetime):
        return of_datetime(value)
    if isinstance(value, date):
        return FeelDate(value.year, value.month, value.day)
    if isinstance(value, time):
        return FeelTime(value.hour, value.minute, value.second, value.microsecond * 1000)
    if isinstance(value, timedelta):
        micros = (value.days * DAY + value.seconds) * 1_000_000 + value.microseconds
        return TimeDuration(micros * (NANOS // 1_000_000))
    return None


def of_datetime(value: datetime) -> FeelDateTime:
    """Return a moment of Python with its offset."""
    offset = value.utcoffset()
    east = None if offset is None else int(offset.total_seconds())
    day = FeelDate(value.year, value.month, value.day)
    clock = (value.hour, value.minute, value.second, value.microsecond * 1000)
    return FeelDateTime(day, FeelTime(*clock, east))


# -- equality ---------------------------------------------------------------------------


def equal(one: Any, other: Any) -> bool | None:
    """Return ``one = other``; None for values of different types."""
    of = type(one)
    if of is type(other) and of not in (list, dict):
        return _same(one, other)
    return _Equality().equal(one, other, 0)


def _same(one: Any, other: Any) -> bool:
    if type(one) is FeelTime:
        return bool(one.value == other.value)
    if type(one) is FeelDateTime:
        return bool(one.value(other.time) == other.value(one.time))
    if type(one) is Range:
        flags = (one.start_included, one.end_included)
        return (
            flags == (other.start_included, other.end_included)
            and equal(one.start, other.start) is True
            and equal(one.end, other.end) is True
        )
    return bool(one == other)


class _Equality:
    """One comparison of lists and contexts, which may share parts a million times."""

    def __init__(self) -> None:
        self.left = MAX_COMPARED

    def equal(self, one: Any, other: Any, depth: int) -> bool | None:
        self.left -= 1
        if self.left < 0 or depth > _MAX_DEPTH:
            raise FeelLimit("The values that are compared are too large.")
        if one is None or other is None:
            return one is other
        of = type(one)
        if of is not type(other):
            return None
        if of is list:
            return len(one) == len(other) and all(
                self.equal(first, second, depth + 1) is True
                for first, second in zip(one, other, strict=True)
            )
        if of is dict:
            return one.keys() == other.keys() and all(
                self.equal(value, other[key], depth + 1) is True for key, value in one.items()
            )
        return _same(one, other)


def identical(one: Any, other: Any) -> bool | None:
    """Return ``is(one, other)``: equal, and with the same offset or zone."""
    if type(one) is not type(other):
        return False
    if isinstance(one, FeelTime | FeelDateTime):
        return bool(one == other)
    return equal(one, other) is True


# -- order ------------------------------------------------------------------------------

_ORDERED = frozenset({Decimal, str})


def key(value: Any, other: Any = None) -> Any:
    """Return what a value is ordered by among those of its type; None without order."""
    of = type(value)
    if of in _ORDERED:
        return value
    if of is FeelDate:
        return value.ordinal
    if of is FeelTime:
        return value.value
    if of is FeelDateTime:
        return value.value(other.time if type(other) is FeelDateTime else None)
    if of is MonthsDuration:
        return value.months
    return value.nanos if of is TimeDuration else None


def compare(sign: str, one: Any, other: Any) -> bool | None:
    """Return ``one sign other`` for <, <=, > and >=; None where there is no order."""
    if type(one) is not type(other):
        return None
    left, right = key(one, other), key(other, one)
    if left is None:
        return None
    if sign == "<":
        return bool(left < right)
    if sign == "<=":
        return bool(left <= right)
    return bool(left > right) if sign == ">" else bool(left >= right)
