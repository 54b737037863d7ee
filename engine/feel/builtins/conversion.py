"""Functions that make values of one type from another."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from engine.feel import literals, numbers, temporal, writing
from engine.feel.builtins.calendar import day_of
from engine.feel.builtins.registry import BUILTINS, builtin
from engine.feel.errors import FeelError
from engine.feel.names import Names
from engine.feel.numbers import CONTEXT
from engine.feel.parser import parser
from engine.feel.run import Run
from engine.feel.syntax import Call, Literal, Name, Node, RangeOf
from engine.feel.temporal import (
    NANOS,
    FeelDate,
    FeelDateTime,
    FeelTime,
    MonthsDuration,
    TimeDuration,
)
from engine.feel.values import Range, key
from engine.feel.zones import MAX_OFFSET, zone

_SEPARATORS = (" ", ",", ".")


def _none(run: Run, what: str) -> Any:
    run.note(what)
    return None


# -- dates and times --------------------------------------------------------------------


@builtin("date", "from: any", "date")
def _date(run: Run, value: Any) -> FeelDate | None:
    if isinstance(value, FeelDate | FeelDateTime):
        return day_of(value)
    found = literals.date(value) if isinstance(value, str) else None
    return found or _none(run, f"date() makes no date of {_shown(value)}.")


@builtin("date", "year: number, month: number, day: number", "date")
def _date_of(run: Run, year: Decimal, month: Decimal, day: Decimal) -> FeelDate | None:
    parts = [numbers.whole(one) for one in (year, month, day)]
    found = None if None in parts else temporal.date_of(*(one or 0 for one in parts))
    return found or _none(run, f"There is no date {year}-{month}-{day}.")


@builtin("time", "from: any", "time")
def _time(run: Run, value: Any) -> Any:
    if isinstance(value, FeelTime):
        return value
    if isinstance(value, FeelDateTime):
        return value.time
    if isinstance(value, FeelDate):
        return FeelTime(0, 0, 0, 0, 0)
    found = literals.time(value) if isinstance(value, str) else None
    return found or _none(run, f"time() makes no time of {_shown(value)}.")


@builtin("time", "hour: number, minute: number, second: number, offset: any?", "time")
def _time_of(run: Run, hour: Decimal, minute: Decimal, second: Decimal, offset: Any) -> Any:
    if offset is not None and not isinstance(offset, TimeDuration):
        return _none(run, "The offset of a time is a days and time duration.")
    east = None if offset is None else offset.nanos // NANOS
    return _clock(run, (hour, minute, second), east, None)


def _clock(
    run: Run, fields: tuple[Decimal, Decimal, Decimal], east: int | None, place: str | None
) -> Any:
    hour, minute = (numbers.whole(one) for one in fields[:2])
    second = numbers.floored(fields[2]) if fields[2].adjusted() < 9 else -1
    whole = hour is not None and minute is not None
    if not (whole and 0 <= (hour or 0) < 24 and 0 <= (minute or 0) < 60 and 0 <= second < 60):
        return _none(run, f"There is no time {':'.join(map(str, fields))}.")
    if east is not None and abs(east) > MAX_OFFSET:
        return _none(run, "The offset of a time is at most 18 hours.")
    nano = int(CONTEXT.subtract(fields[2], Decimal(second)).scaleb(9))
    return FeelTime(hour or 0, minute or 0, second, nano, east, place)


@builtin("date and time", "from: any", "date and time")
def _moment(run: Run, value: Any) -> Any:
    if isinstance(value, FeelDateTime):
        return value
    if isinstance(value, FeelDate):
        return FeelDateTime(value, FeelTime(0, 0, 0, 0, 0))
    found = literals.moment(value) if isinstance(value, str) else None
    return found or _none(run, f"date and time() makes no moment of {_shown(value)}.")


@builtin("date and time", "date: day, time: any", "date and time")
def _moment_of(run: Run, day: FeelDate | FeelDateTime, time: Any) -> Any:
    if not isinstance(time, FeelTime):
        return _none(run, f"date and time() takes a time, not {_shown(time)}.")
    return FeelDateTime(day_of(day), time)


@builtin(
    "date and time",
    "year: number, month: number, day: number, hour: number, minute: number, second: number,"
    "offset: any?",
    "date and time",
)
def _moment_of_parts(run: Run, *parts: Any) -> Any:
    offset = parts[6]
    date = _date_of(run, *parts[:3])
    east, place = None, None
    if isinstance(offset, TimeDuration):
        east = offset.nanos // NANOS
    elif isinstance(offset, Decimal):
        east = numbers.cut(offset) * 3600
    elif isinstance(offset, str) and zone(offset) is not None:
        place = offset
    elif offset is not None:
        return _none(run, "An offset is a days and time duration, hours, or the name of a zone.")
    time = _clock(run, (parts[3], parts[4], parts[5]), east, place)
    return None if date is None or time is None else FeelDateTime(date, time)


@builtin("duration", "from: any")
def _duration(run: Run, value: Any) -> MonthsDuration | TimeDuration | None:
    if isinstance(value, MonthsDuration | TimeDuration):
        return value
    found = literals.duration(value) if isinstance(value, str) else None
    return found or _none(run, f"duration() makes no duration of {_shown(value)}.")


@builtin("years and months duration", "from: day, to: day", "years and months duration")
def _months(
    _run: Run, start: FeelDate | FeelDateTime, end: FeelDate | FeelDateTime
) -> MonthsDuration:
    one, other = day_of(start), day_of(end)
    months = (other.year - one.year) * 12 + other.month - one.month
    if months > 0 and other.day < one.day:
        months -= 1
    elif months < 0 and other.day > one.day:
        months += 1
    return MonthsDuration(months)


# -- numbers and strings ----------------------------------------------------------------


@builtin("number", "from: any, grouping separator: string?, decimal separator: string?", "number")
def _number(run: Run, value: Any, grouping: str | None, decimal: str | None) -> Any:
    if isinstance(value, Decimal):
        return value
    fits = grouping in (None, *_SEPARATORS) and decimal in (None, ".", ",")
    if not isinstance(value, str) or not fits or (grouping and grouping == decimal):
        return _none(run, "number() takes a string and separators out of space, comma and point.")
    digits = value.replace(grouping, "") if grouping else value
    if decimal and decimal != ".":
        # A point that is no separator makes it no number.
        digits = digits.replace(".", "?").replace(decimal, ".")
    found = numbers.read(digits) if writing.is_number(digits) else None
    return found if found is not None else _none(run, f"number() reads none in {_shown(value)}.")


@builtin("string", "from: any", "string")
def _string(run: Run, value: Any) -> str | None:
    found = writing.string(value, run.limits.text)
    run.written(len(found or ""))
    return found


# -- ranges -----------------------------------------------------------------------------


@builtin("range", "from: string", "range")
def _range(run: Run, text: str) -> Any:
    refused = f"range() makes no range of {_shown(text)}."
    try:
        tree = parser(_two_sided(text), Names(frozenset()), {}).whole()
    except FeelError:
        return _none(run, refused)
    if isinstance(tree, Literal) and type(tree.value) is Range:
        ends = [one for one in (tree.value.start, tree.value.end) if one is not None]
        fits = all(key(one) is not None for one in ends) and len({*map(type, ends)}) == 1
        return tree.value if fits else _none(run, refused)
    if not isinstance(tree, RangeOf):
        return _none(run, refused)
    start, end = _constant(tree.start, run), _constant(tree.end, run)
    ends = [
        one
        for one, node in ((start, tree.start), (end, tree.end))
        if one is not None or node is not None
    ]
    if any(key(one) is None for one in ends) or len({*map(type, ends)}) != 1:
        return _none(run, refused)
    return Range(start, end, tree.start_included, tree.end_included)


_NO_START = re.compile(r"\s*[(\]]\s*\.\.(.+)([\])\[])\s*", re.DOTALL)
_NO_END = re.compile(r"\s*([\[(\]])(.+)\.\.\s*[)\[]\s*", re.DOTALL)


def _two_sided(text: str) -> str:
    """Return a range without a start or end, ``(..3]``, as expressions have it: ``(<=3)``."""
    found = _NO_START.fullmatch(text)
    if found is not None:
        return f"({'<=' if found[2] == ']' else '<'}{found[1]})"
    found = _NO_END.fullmatch(text)
    if found is not None:
        return f"({'>=' if found[1] == '[' else '>'}{found[2]})"
    return text


def _constant(node: Node | None, run: Run) -> Any:
    """Return a literal, also one that a function makes of literals, else null."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Call) and isinstance(node.function, Name) and node.names is None:
        made_by = BUILTINS.get(node.function.name)
        if made_by is not None and node.function.name in _OF_LITERALS:
            values = [one.value for one in node.arguments if isinstance(one, Literal)]
            return made_by.invoke(values, None, run) if len(values) == len(node.arguments) else None
    return None


_OF_LITERALS = ("date", "time", "date and time", "duration")


def _shown(value: Any) -> str:
    text = (
        writing.string(value, 1_000_000) if not isinstance(value, list | dict) else "a collection"
    )
    return repr(text if text is None or len(text) < 40 else text[:37] + "…")
