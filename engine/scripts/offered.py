"""The functions that designers are offered, as far as they are read without a worker.

They do what the pieces of ``prelude`` do, and return the same tagged values. What a
``datetime`` offers by itself is here too.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

from engine.scripts import operations as op
from engine.scripts.operations import DIGITS, Unread
from engine.scripts.values import LOCAL

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{6})?)?([+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_MINUTES = {"WD": 480, "WH": 60, "EH": 60, "MIN": 1}


def day_of(value: Any) -> date:
    """Return ``value.date()`` of a moment."""
    if type(value) is not datetime:
        raise Unread
    return value.date()


def at_zone(value: Any, zone: Any) -> datetime:
    """Return ``value.astimezone(zone)`` of a moment."""
    if type(value) is not datetime or type(zone) is not timezone:
        raise Unread
    return value.astimezone(zone)


def attribute(name: str) -> Callable[[Any], Any]:
    """Return what reads a part of a moment."""
    read = operator.attrgetter(name)

    def look(value: Any) -> Any:
        if type(value) is not datetime:
            raise Unread
        return read(value)

    return look


ATTRIBUTES = {
    name: attribute(name) for name in ("year", "month", "day", "hour", "minute", "tzinfo")
}
"""What reads each part of a moment."""


def moment(value: Any) -> datetime:
    """Return the moment that a text names, or a moment itself."""
    if type(value) is str and _MOMENT.fullmatch(value):
        value = datetime.fromisoformat(value)
    if type(value) is not datetime:
        raise Unread
    return value if value.tzinfo is not None else value.replace(tzinfo=LOCAL)


def duration(**parts: Any) -> timedelta:
    """Return ``timedelta`` of whole numbers."""
    if not parts.keys() <= {"days", "hours", "minutes", "seconds"}:
        raise Unread
    return timedelta(**{name: op.whole(one) for name, one in parts.items()})


def amount_in(unit: str) -> Callable[[Any], dict[str, Any]]:
    """Return ``working_days`` and its like."""
    return lambda count: {"$amount": _count(count), "unit": unit}


def amount(count: Any, unit: Any) -> dict[str, Any]:
    """Return so much of a unit."""
    if type(unit) is not str or unit not in _MINUTES:
        raise Unread
    return {"$amount": _count(count), "unit": unit}


def _count(value: Any) -> Any:
    if type(value) is str and DIGITS.fullmatch(value):
        value = int(value)
    count = op.number(value)
    return int(count) if count == int(count) else count


def part(whole: Any, fraction: Any) -> dict[str, Any]:
    """Return a part of an amount, where no rounding is in it."""
    _is_amount(whole)
    product = op.number(op.number(whole["$amount"]) * float(_count(fraction)))
    if abs(product) > 1_000_000 or product * 1024 != int(product * 1024):
        raise Unread
    return {"$amount": _count(product), "unit": whole["unit"]}


def after(start: Any, span: Any) -> dict[str, Any]:
    """Return the moment so long after another."""
    return {"$after": [start, _span(span)]}


def before(due: Any, span: Any) -> dict[str, Any]:
    """Return the moment so long before another."""
    return {"$before": [due, _span(span)]}


def _span(value: Any) -> Any:
    if type(value) is not timedelta:
        _is_amount(value)
    return value


def _is_amount(value: Any) -> None:
    unit = value.get("unit") if type(value) is dict and "$amount" in value else None
    if type(unit) is not str or unit not in _MINUTES:
        raise Unread


def end_of_day() -> dict[str, Any]:
    """Return the end of the day."""
    return {"$end_of_day": None}
