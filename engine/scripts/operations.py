"""What may be done with values where a text is read without a worker.

Each operation does what the interpreter does, for the types it names; for every other
one, and where the two might part (whole numbers beyond 2^53, a float that is not finite,
true beside 1, lists compared with lists), it raises ``Unread`` and the interpreter is
asked. Types are compared exactly. Nothing here changes a value.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

WIDEST = 2**53
"""Whole numbers below it are the same as floats, and in every reader of JSON."""
LONGEST = 20_000
"""Characters of a text that is made or searched here."""
MOST = 1_000
"""Members of a list or dict that is gone through here."""

_NUMBERS = frozenset({int, float})
_TIMES = frozenset({datetime, date, timedelta})
_SCALARS = frozenset({type(None), bool, int, float, str}) | _TIMES
_LISTS = frozenset({list, tuple})
_KNOWN = _SCALARS | _LISTS | {dict}
DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)


class Unread(Exception):
    """The interpreter has to be asked."""


def truth(value: Any) -> bool:
    """Return whether a value counts as true."""
    if type(value) not in _KNOWN:
        raise Unread
    return bool(value)


def equal(first: Any, second: Any) -> bool:
    """Return whether two values are equal, unless both are composite."""
    kind, other = type(first), type(second)
    if kind is other:
        if kind not in _SCALARS:
            raise Unread
        return bool(first == second)
    if kind not in _KNOWN or other not in _KNOWN:
        raise Unread
    if kind in _NUMBERS and other in _NUMBERS:
        return bool(first == second)
    if (kind is bool and other in _NUMBERS) or (other is bool and kind in _NUMBERS):
        raise Unread
    if (kind in _LISTS and other in _LISTS) or (kind in _TIMES and other in _TIMES):
        raise Unread
    return False


def contains(value: Any, holder: Any) -> bool:
    """Return ``value in holder``."""
    kind = type(holder)
    if kind in _LISTS:
        return any(equal(value, one) for one in each(holder))
    if type(value) is not str:
        raise Unread
    if kind is dict or kind is frozenset:
        return value in holder
    if kind is str and len(holder) <= LONGEST:
        return value in holder
    raise Unread


def ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return a comparison by ``<`` and its like: of numbers, texts and moments."""

    def judge(first: Any, second: Any) -> bool:
        kind, other = type(first), type(second)
        if kind is other and (kind is str or kind in _NUMBERS or kind in _TIMES):
            return compare(first, second)
        if kind in _NUMBERS and other in _NUMBERS:
            return compare(first, second)
        raise Unread

    return judge


less = ordered(operator.lt)


def number(value: Any) -> Any:
    """Return a number that is not too large to be sure of."""
    if type(value) is int and -WIDEST < value < WIDEST:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    raise Unread


def text(value: Any) -> str:
    """Return a text that is not too long."""
    if type(value) is not str or len(value) > LONGEST:
        raise Unread
    return value


def whole(value: Any) -> int:
    """Return a whole number."""
    if type(value) is not int:
        raise Unread
    return int(number(value))


def add(first: Any, second: Any) -> Any:
    """Return ``first + second``: numbers, texts, lists, a moment and a duration."""
    kind, other = type(first), type(second)
    if kind is other and kind is str:
        return text(first + second)
    if kind is other and kind is list:
        return each(first + second)
    if other is timedelta and kind in {datetime, timedelta}:
        return first + second
    return number(number(first) + number(second))


def subtract(first: Any, second: Any) -> Any:
    """Return ``first - second``: numbers, moments, durations."""
    if type(first) is datetime and type(second) in {datetime, timedelta}:
        return first - second
    return number(number(first) - number(second))


def multiply(first: Any, second: Any) -> Any:
    """Return the product of two numbers."""
    return number(number(first) * number(second))


def divide(first: Any, second: Any) -> Any:
    """Return the quotient of two numbers."""
    if number(second) == 0:
        raise Unread
    return number(number(first) / second)


def remainder(first: Any, second: Any) -> int:
    """Return what is left when a whole number is divided by a positive one."""
    return whole(first) % _positive(second)


def quotient(first: Any, second: Any) -> int:
    """Return how often a positive whole number goes into another."""
    return whole(first) // _positive(second)


def _positive(value: Any) -> int:
    if whole(value) <= 0:
        raise Unread
    return int(value)


def negative(value: Any) -> Any:
    """Return ``-value``."""
    return -number(value)


def item(holder: Any, key: Any) -> Any:
    """Return ``holder[key]``."""
    kind = type(holder)
    if kind is dict and type(key) is str:
        if key in holder:
            return holder[key]
    elif (kind is str or kind in _LISTS) and -len(holder) <= whole(key) < len(holder):
        return holder[key]
    raise Unread


def part(holder: Any, low: Any, high: Any) -> Any:
    """Return ``holder[low:high]`` of a text or list."""
    if type(holder) not in {str, list}:
        raise Unread
    return holder[None if low is None else whole(low) : None if high is None else whole(high)]


def each(value: Any) -> Sequence[Any]:
    """Return what a loop goes through: a list."""
    if type(value) not in _LISTS or len(value) > MOST:
        raise Unread
    return value  # type: ignore[no-any-return]  # it is one of the two


def merge(parts: Sequence[Any]) -> dict[str, Any]:
    """Return one dict of several, the later ones winning."""
    merged: dict[str, Any] = {}
    for one in parts:
        if type(one) is not dict or len(one) > MOST or not all(type(key) is str for key in one):
            raise Unread
        merged |= one
    return merged


# -- functions of the language -------------------------------------------------------


def length(value: Any) -> int:
    """Return ``len(value)``."""
    if type(value) not in {str, dict, frozenset} | _LISTS:
        raise Unread
    return len(value)


def distinct(value: Any) -> frozenset[str]:
    """Return the set of a list of texts, which can be counted, searched and sorted."""
    return frozenset([text(one) for one in each(value)])


def members(value: Any) -> Sequence[Any]:
    """Return what can be sorted: a list, or the texts of a set."""
    return list(value) if type(value) is frozenset else each(value)


def to_int(value: Any) -> int:
    """Return the whole number that a text of digits names."""
    if type(value) is str and DIGITS.fullmatch(value):
        return int(value)
    return whole(value)


def to_text(value: Any) -> str:
    """Return a text, or the digits of a whole number."""
    return text(value) if type(value) is str else str(whole(value))


def any_of(value: Any) -> bool:
    """Return whether one of a list is true."""
    return any(truth(one) for one in each(value))


def all_of(value: Any) -> bool:
    """Return whether all of a list are true."""
    return all(truth(one) for one in each(value))


def extreme(best: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    """Return ``min`` or ``max`` of a list or of several values."""

    def choose(*values: Any) -> Any:
        several = each(values[0]) if len(values) == 1 else values
        if not several:
            raise Unread
        found = several[0]
        for one in several[1:]:
            if best(one, found):
                found = one
        return found

    return choose


def in_order(value: Any, keys: Sequence[Any]) -> list[Any]:
    """Return a list sorted by its keys, which are all texts or all whole numbers."""
    kinds = {type(key) for key in keys}
    if len(kinds) > 1 or not kinds <= {str, int}:
        raise Unread
    places = sorted(range(len(keys)), key=keys.__getitem__)
    return [value[at] for at in places]


# -- methods -------------------------------------------------------------------------


def get(holder: Any, key: Any, default: Any = None) -> Any:
    """Return ``holder.get(key, default)`` of a dict."""
    if type(holder) is not dict or type(key) is not str:
        raise Unread
    return holder.get(key, default)


def join(between: Any, parts: Any) -> str:
    """Return texts joined."""
    several = [text(one) for one in each(parts)]
    return text(text(between).join(several))


def split(value: Any, between: Any) -> list[str]:
    """Return the parts of a text."""
    if not text(between):
        raise Unread
    return text(value).split(between)


def starts(value: Any, begin: Any) -> bool:
    """Return whether a text begins with another."""
    return text(value).startswith(text(begin))


def ends(value: Any, end: Any) -> bool:
    """Return whether a text ends with another."""
    return text(value).endswith(text(end))
