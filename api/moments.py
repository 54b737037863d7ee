"""Moments and days in requests."""

from __future__ import annotations

from datetime import date, datetime

from engine.clock import parse
from engine.errors import InvalidData

EXAMPLE = "2026-09-18T09:00+08:00"


def moment(value: str | None, name: str) -> datetime | None:
    """Return the aware UTC moment that the parameter ``name`` holds, if it holds any.

    Raises:
        InvalidData: it is no RFC 3339 text with an offset.
    """
    if value is None:
        return None
    try:
        return parse(value)
    except (ValueError, OverflowError):
        hint = f"Write for example {EXAMPLE}."
        raise InvalidData(f"{name} is no moment with an offset.", hint=hint) from None


def checked_moment(value: str | None, name: str) -> str | None:
    """Return ``value`` as it is, once it is known to be a moment.

    Raises:
        InvalidData: it is no RFC 3339 text with an offset.
    """
    moment(value, name)
    return value


def day(value: str | None, name: str) -> date | None:
    """Return the day that the parameter ``name`` holds, if it holds any.

    Raises:
        InvalidData: it is no day.
    """
    return None if value is None else required_day(value, name)


def required_day(value: str, name: str) -> date:
    """Return the day that the parameter ``name`` holds.

    Raises:
        InvalidData: it is no day.
    """
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidData(f"{name} is no day.", hint="Write for example 2026-09-18.") from None
