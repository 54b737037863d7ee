"""Functions of dates and times; the clock is the caller's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.feel.builtins.registry import builtin
from engine.feel.run import Run
from engine.feel.temporal import FeelDate, FeelDateTime
from engine.feel.values import identical, of_datetime

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def day_of(value: FeelDate | FeelDateTime) -> FeelDate:
    """Return the date, also of a moment."""
    return value.date if isinstance(value, FeelDateTime) else value


@builtin("is", "value1: any, value2: any", "boolean")
def _is(_run: Run, one: Any, other: Any) -> bool | None:
    return identical(one, other)


@builtin("day of year", "date: day", "number")
def _day_of_year(_run: Run, value: FeelDate | FeelDateTime) -> Decimal:
    return Decimal(day_of(value).day_of_year)


@builtin("day of week", "date: day", "string")
def _day_of_week(_run: Run, value: FeelDate | FeelDateTime) -> str:
    return DAYS[day_of(value).weekday - 1]


@builtin("month of year", "date: day", "string")
def _month_of_year(_run: Run, value: FeelDate | FeelDateTime) -> str:
    return MONTHS[day_of(value).month - 1]


@builtin("week of year", "date: day", "number")
def _week_of_year(_run: Run, value: FeelDate | FeelDateTime) -> Decimal:
    return Decimal(day_of(value).week)


@builtin("now", "", "date and time")
def _now(run: Run) -> FeelDateTime | None:
    if run.now is None:
        run.note("now() needs a moment, which is not known here.")
        return None
    return of_datetime(run.now)


@builtin("today", "", "date")
def _today(run: Run) -> FeelDate | None:
    if run.now is None:
        run.note("today() needs a moment, which is not known here.")
        return None
    return of_datetime(run.now).date
