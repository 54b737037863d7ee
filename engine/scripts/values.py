"""What may leave the sandbox: plain JSON within bounds, checked before it is used.

A result can hold one list a million times over and cost nothing until somebody
serialises it, so every node and every character is counted here first. Types are
compared exactly: what only behaves like a dict is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

LOCAL = timezone(timedelta(hours=8))
"""The wall clock of scripts; moments without an offset are meant in it."""

MAX_NODES = 50_000
MAX_TEXT = 1_000_000
MAX_DEPTH = 64
MAX_INTEGER = 2**63
_MAX_EXPONENT = 40


class Unfit(ValueError):
    """A value cannot leave the sandbox; the message says which and why."""


class Walk:
    """Turns values into plain JSON; one walk has one budget for all its values.

    Decimals and dates become text, moments ``{"$moment": text}`` in local time,
    durations ``{"$duration": seconds}``, tuples and sets lists (sets sorted).
    """

    def __init__(self, *, nodes: int = MAX_NODES, text: int = MAX_TEXT) -> None:
        """Set how many values and how many characters may leave, however they are shared."""
        self.nodes, self.text = nodes, text

    def plain(self, value: Any, depth: int = 0) -> Any:
        """Return a value as plain JSON; the value is left as it was.

        Raises:
            Unfit: something in it has no JSON form, or there is too much of it.
        """
        self.nodes -= 1
        if self.nodes < 0:
            raise Unfit("it holds too many values")
        if depth > MAX_DEPTH:
            raise Unfit(f"it is nested more than {MAX_DEPTH} deep")
        kind = type(value)
        if value is None or kind is bool:
            return value
        convert = _CONVERSIONS.get(kind)
        if convert is None:
            raise Unfit(f"it holds a {_name_of(value)}, which is no data")
        return convert(self, value, depth)

    def string(self, value: str, _depth: int) -> str:
        """Count and check a text."""
        self.text -= len(value)
        if self.text < 0:
            raise Unfit("its texts are too long")
        if "\0" in value:
            raise Unfit("a text holds a null character")
        return value

    def dictionary(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        """Walk a dict; its keys are texts."""
        result: dict[str, Any] = {}
        for key, one in value.items():
            if type(key) is not str:
                raise Unfit(f"the key {str(key)[:40]!r} is no text")
            result[self.string(key, depth)] = self.plain(one, depth + 1)
        return result

    def sequence(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        """Walk a list or tuple."""
        return [self.plain(one, depth + 1) for one in value]

    def group(self, value: set[Any] | frozenset[Any], depth: int) -> list[Any]:
        """Walk a set in an order that does not depend on chance."""
        # Numbers before texts, each in its own order: the order of a set is chance.
        return sorted(
            (self.plain(one, depth + 1) for one in value),
            key=lambda one: (
                (not isinstance(one, int | float), type(one).__name__, one)
                if isinstance(one, int | float | str)
                else (True, "~", repr(one))
            ),
        )


def _integer(_walk: Walk, value: int, _depth: int) -> int:
    if abs(value) >= MAX_INTEGER:
        raise Unfit("a whole number is beyond 2^63")
    return value


def _float(_walk: Walk, value: float, _depth: int) -> float:
    if not math.isfinite(value):
        raise Unfit(f"{value} is no number that can be kept")
    return value


def _decimal(_walk: Walk, value: Decimal, _depth: int) -> str:
    if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT:
        raise Unfit("a decimal is not finite or too large")
    return f"{value:f}"


def _moment(_walk: Walk, value: datetime, _depth: int) -> dict[str, str]:
    aware = value.replace(tzinfo=LOCAL) if value.tzinfo is None else value
    try:
        aware.astimezone(UTC)
        return {"$moment": aware.astimezone(LOCAL).isoformat()}
    except OverflowError:
        raise Unfit("a moment lies outside the years 1 to 9999") from None


def _date(_walk: Walk, value: date, _depth: int) -> str:
    return value.isoformat()


def _duration(_walk: Walk, value: timedelta, _depth: int) -> dict[str, int | float]:
    seconds = value.total_seconds()
    return {"$duration": int(seconds) if seconds == int(seconds) else seconds}


def _name_of(value: Any) -> str:
    # The interpreter hands over stand-ins that carry the real name.
    name = getattr(value, "name", None)
    return name if type(name) is str else type(value).__name__


_CONVERSIONS: dict[type, Callable[[Walk, Any, int], Any]] = {
    str: Walk.string,
    int: _integer,
    float: _float,
    dict: Walk.dictionary,
    list: Walk.sequence,
    tuple: Walk.sequence,
    set: Walk.group,
    frozenset: Walk.group,
    Decimal: _decimal,
    datetime: _moment,
    date: _date,
    timedelta: _duration,
}


def same(first: Any, second: Any) -> bool:
    """Return whether two JSON values are equal and of the same types (1 is not True)."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)
