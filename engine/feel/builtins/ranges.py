"""How two ranges, or a point and a range, lie to each other (Allen's relations)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.feel.builtins.registry import builtin
from engine.feel.run import Run
from engine.feel.values import Range, compare, equal


class _NoOrder(Exception):
    """Two points cannot be compared."""


def _less(one: Any, other: Any) -> bool:
    found = compare("<", one, other)
    if found is None:
        raise _NoOrder
    return found


def _same(one: Any, other: Any) -> bool:
    found = equal(one, other)
    if found is None or one is None or other is None:
        raise _NoOrder
    return found


# An end that is open to infinity lies before every start, or behind every end.
def _starts_before(one: Range, other: Range) -> bool:
    if other.start is None:
        return False
    return one.start is None or _less(one.start, other.start)


def _same_start(one: Range, other: Range) -> bool:
    if one.start is None or other.start is None:
        return one.start is other.start
    return _same(one.start, other.start)


def _ends_before(one: Range, other: Range) -> bool:
    if one.end is None:
        return False
    return other.end is None or _less(one.end, other.end)


def _same_end(one: Range, other: Range) -> bool:
    if one.end is None or other.end is None:
        return one.end is other.end
    return _same(one.end, other.end)


def _end_before_start(one: Range, other: Range) -> bool:
    return one.end is not None and other.start is not None and _less(one.end, other.start)


def _end_is_start(one: Range, other: Range) -> bool:
    return one.end is not None and other.start is not None and _same(one.end, other.start)


# -- relations of ranges ----------------------------------------------------------------


def _before(one: Range, other: Range) -> bool:
    open_between = not (one.end_included and other.start_included)
    return _end_before_start(one, other) or (open_between and _end_is_start(one, other))


def _meets(one: Range, other: Range) -> bool:
    return one.end_included and other.start_included and _end_is_start(one, other)


def _overlaps(one: Range, other: Range) -> bool:
    return not _before(one, other) and not _before(other, one)


def _overlaps_before(one: Range, other: Range) -> bool:
    earlier = _starts_before(one, other) or (
        _same_start(one, other) and one.start_included and not other.start_included
    )
    return earlier and _overlaps(one, other) and _ends_within(one, other)


def _starts_within(one: Range, other: Range) -> bool:
    return _starts_before(other, one) or (
        _same_start(one, other) and (not one.start_included or other.start_included)
    )


def _ends_within(one: Range, other: Range) -> bool:
    return _ends_before(one, other) or (
        _same_end(one, other) and (not one.end_included or other.end_included)
    )


def _finishes(one: Range, other: Range) -> bool:
    same = _same_end(one, other) and one.end_included == other.end_included
    return same and _starts_within(one, other)


def _starts(one: Range, other: Range) -> bool:
    same = _same_start(one, other) and one.start_included == other.start_included
    return same and _ends_within(one, other)


def _during(one: Range, other: Range) -> bool:
    return _starts_within(one, other) and _ends_within(one, other)


def _coincides(one: Range, other: Range) -> bool:
    flags = (one.start_included, one.end_included) == (other.start_included, other.end_included)
    return flags and _same_start(one, other) and _same_end(one, other)


# -- functions --------------------------------------------------------------------------

POINTS, POINT_RANGE, RANGE_POINT, RANGES = range(4)


def _point(value: Any) -> Range:
    return Range(value, value)


def _relation(
    name: str,
    relation: Callable[[Range, Range], bool],
    forms: tuple[int, ...],
    names: tuple[str, str],
) -> None:
    def function(run: Run, one: Any, other: Any) -> bool | None:
        form = (POINTS, POINT_RANGE, RANGE_POINT, RANGES)[
            2 * (type(one) is Range) + (type(other) is Range)
        ]
        if one is not None and other is not None and form in forms:
            try:
                left = one if type(one) is Range else _point(one)
                return relation(left, other if type(other) is Range else _point(other))
            except _NoOrder:
                pass
        run.note(f"{name}() cannot be told of these.")
        return None

    first, second = names
    builtin(name, "range1: any, range2: any", "boolean")(function)
    builtin(name, f"{first}: any, {second}: any", "boolean")(function)
    if POINTS in forms:
        builtin(name, "point1: any, point2: any", "boolean")(function)
    if forms == (POINTS, POINT_RANGE, RANGE_POINT, RANGES):
        builtin(name, f"{second}: any, {first}: any", "boolean")(function)


def _swapped(relation: Callable[[Range, Range], bool]) -> Callable[[Range, Range], bool]:
    return lambda one, other: relation(other, one)


_ALL, _BOTH = (POINTS, POINT_RANGE, RANGE_POINT, RANGES), (RANGES,)
_INTO, _OUT = ("point", "range"), ("range", "point")

_relation("before", _before, _ALL, _INTO)
_relation("after", _swapped(_before), _ALL, _INTO)
_relation("meets", _meets, _BOTH, _INTO)
_relation("met by", _swapped(_meets), _BOTH, _INTO)
_relation("overlaps", _overlaps, _BOTH, _INTO)
_relation("overlaps before", _overlaps_before, _BOTH, _INTO)
_relation("overlaps after", _swapped(_overlaps_before), _BOTH, _INTO)
_relation("finishes", _finishes, (POINT_RANGE, RANGES), _INTO)
_relation("finished by", _swapped(_finishes), (RANGE_POINT, RANGES), _OUT)
_relation("includes", _swapped(_during), (RANGE_POINT, RANGES), _OUT)
_relation("during", _during, (POINT_RANGE, RANGES), _INTO)
_relation("starts", _starts, (POINT_RANGE, RANGES), _INTO)
_relation("started by", _swapped(_starts), (RANGE_POINT, RANGES), _OUT)
_relation("coincides", _coincides, (POINTS, RANGES), _INTO)
