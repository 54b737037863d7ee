"""What stands behind a dot: entries of contexts, parts of dates, ends of ranges."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.numbers import CONTEXT
from engine.feel.run import Run
from engine.feel.temporal import (
    DAY,
    NANOS,
    FeelDate,
    FeelDateTime,
    FeelTime,
    MonthsDuration,
    TimeDuration,
)
from engine.feel.values import Range, kind


def entry(value: Any, name: str, run: Run) -> Any:
    """Return ``value.name``; of a list that of each item."""
    if type(value) is dict:
        if name not in value:
            run.note(f"The context has no entry {name!r}.")
        return value.get(name)
    if value is None:
        run.note(f"null has no {name!r}.")
        return None
    if type(value) is list:
        run.spend(len(value))
        return [entry(one, name, run) for one in value]
    properties = PROPERTIES.get(type(value), {})
    if name not in properties:
        run.note(f"A {kind(value)} has no {name!r}.")
        return None
    found = properties[name](value)
    return Decimal(found) if type(found) is int else found


def _offset(value: FeelTime | FeelDateTime) -> Any:
    east = value.east()
    return None if east is None else TimeDuration(east * NANOS)


def _second(value: FeelTime) -> Any:
    if not value.nano:
        return value.second
    return CONTEXT.add(Decimal(value.second), Decimal(value.nano).scaleb(-9))


def _seconds(value: TimeDuration) -> Any:
    *_, seconds, nano = value.parts
    return CONTEXT.add(Decimal(seconds), Decimal(nano).scaleb(-9)) if nano else seconds


def _in_seconds(nanos: int) -> Decimal:
    return CONTEXT.divide(Decimal(nanos), Decimal(NANOS))


_OF_DATE: dict[str, Callable[[FeelDate], Any]] = {
    "year": lambda one: one.year,
    "month": lambda one: one.month,
    "day": lambda one: one.day,
    "weekday": lambda one: one.weekday,
}
_OF_TIME: dict[str, Callable[[FeelTime], Any]] = {
    "hour": lambda one: one.hour,
    "minute": lambda one: one.minute,
    "second": _second,
    "time offset": _offset,
    "timezone": lambda one: one.zone,
}


def _date_part(part: Callable[[FeelDate], Any]) -> Callable[[FeelDateTime], Any]:
    return lambda one: part(one.date)


def _time_part(part: Callable[[FeelTime], Any]) -> Callable[[FeelDateTime], Any]:
    return lambda one: part(one.time)


PROPERTIES: dict[type, dict[str, Callable[[Any], Any]]] = {
    FeelDate: _OF_DATE | {"value": lambda one: one.ordinal * DAY},
    FeelTime: _OF_TIME | {"value": lambda one: _in_seconds(one.value)},
    FeelDateTime: {name: _date_part(part) for name, part in _OF_DATE.items()}
    | {name: _time_part(part) for name, part in _OF_TIME.items()}
    | {"time offset": _offset, "value": lambda one: _in_seconds(one.value())},
    MonthsDuration: {"years": lambda one: one.parts[0], "months": lambda one: one.parts[1]}
    | {"value": lambda one: one.months},
    TimeDuration: {
        "days": lambda one: one.parts[0],
        "hours": lambda one: one.parts[1],
        "minutes": lambda one: one.parts[2],
        "seconds": _seconds,
        "value": lambda one: _in_seconds(one.nanos),
    },
    Range: {
        "start": lambda one: one.start,
        "end": lambda one: one.end,
        "start included": lambda one: one.start_included,
        "end included": lambda one: one.end_included,
    },
}
