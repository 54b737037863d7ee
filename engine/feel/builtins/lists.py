"""Functions that make lists of lists, and find what is in them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.feel import numbers
from engine.feel.builtins.members import Members
from engine.feel.builtins.registry import builtin
from engine.feel.run import Run
from engine.feel.values import Function, compare, equal

_MAX_DEPTH = 64


@builtin("list contains", "list: list, element: any", "boolean")
def _list_contains(run: Run, items: list[Any], element: Any) -> bool:
    run.spend(len(items))
    return any(equal(one, element) is True for one in items)


@builtin("count", "list: list", "number")
def _count(_run: Run, items: list[Any]) -> Decimal:
    return Decimal(len(items))


@builtin("sublist", "list: list, start position: number, length: number?", "list<Any>")
def _sublist(
    run: Run, items: list[Any], start: Decimal, length: Decimal | None
) -> list[Any] | None:
    first = _position(run, items, start)
    if first is None:
        return None
    count = len(items) - first if length is None else numbers.cut(length)
    if count < 1 or first + count > len(items):
        run.note(f"sublist() has no {count} items from there.")
        return None
    return run.listed(items[first : first + count])


def _position(run: Run, items: list[Any], position: Decimal) -> int | None:
    """Return the index that a position counted from 1, or from the end, means."""
    number = numbers.whole(position)
    if number is None or number == 0 or abs(number) > len(items):
        run.note(f"The list of {len(items)} items has no item {position}.")
        return None
    return number - 1 if number > 0 else len(items) + number


@builtin("append", "list: list, item: any", "list<Any>", many="each")
def _append(run: Run, items: list[Any], more: list[Any]) -> list[Any]:
    return run.listed([*items, *more])


@builtin("concatenate", "list: list", "list<Any>", many="each")
def _concatenate(run: Run, lists: list[list[Any]]) -> list[Any]:
    run.room(sum(map(len, lists)))
    return [one for items in lists for one in items]


@builtin("insert before", "list: list, position: number, newItem: any", "list<Any>")
def _insert(run: Run, items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    index = _position(run, items, position)
    return None if index is None else run.listed([*items[:index], item, *items[index:]])


@builtin("remove", "list: list, position: number", "list<Any>")
def _remove(run: Run, items: list[Any], position: Decimal) -> list[Any] | None:
    index = _position(run, items, position)
    return None if index is None else run.listed([*items[:index], *items[index + 1 :]])


@builtin("list replace", "list: list, position: number, newItem: any", "list<Any>")
def _replace(run: Run, items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    index = _position(run, items, position)
    return None if index is None else run.listed([*items[:index], item, *items[index + 1 :]])


@builtin("list replace", "list: list, match: function, newItem: any", "list<Any>")
def _replace_where(run: Run, items: list[Any], match: Function, item: Any) -> list[Any] | None:
    result: list[Any] = []
    for one in items:
        run.spend(1)
        found = match.invoke([one, item], None, run)
        if type(found) is not bool:
            run.note("The function of list replace() answers true or false.")
            return None
        result.append(item if found else one)
    return run.listed(result)


@builtin("reverse", "list: list", "list<Any>")
def _reverse(run: Run, items: list[Any]) -> list[Any]:
    return run.listed(items[::-1])


@builtin("index of", "list: list, match: any", "list<number>")
def _index_of(run: Run, items: list[Any], match: Any) -> list[Decimal]:
    run.spend(len(items))
    return [Decimal(at) for at, one in enumerate(items, 1) if equal(one, match) is True]


@builtin("union", "list: list", "list<Any>", many="each")
def _union(run: Run, lists: list[list[Any]]) -> list[Any]:
    return _distinct(run, _concatenate(run, lists))


@builtin("distinct values", "list: list", "list<Any>")
def _distinct(run: Run, items: list[Any]) -> list[Any]:
    seen = Members(run)
    return run.listed([one for one in items if seen.add(one)])


@builtin("flatten", "list: list", "list<Any>")
def _flatten(run: Run, items: list[Any]) -> list[Any]:
    found: list[Any] = []
    waiting: list[Iterator[Any]] = [iter(items)]
    while waiting:
        for one in waiting[-1]:
            run.spend(1)
            if type(one) is list:
                waiting.append(iter(one))
                break
            found.append(one)
        else:
            waiting.pop()
    return run.listed(found)


@builtin("sort", "list: list, precedes: function?", "list<Any>")
def _sort(run: Run, items: list[Any], precedes: Function | None) -> list[Any] | None:
    run.room(len(items))
    if precedes is None:
        return _sorted(run, items)

    def order(one: Any, other: Any) -> int:
        run.spend(1)
        if precedes.invoke([one, other], None, run) is True:
            return -1
        return 1 if precedes.invoke([other, one], None, run) is True else 0

    if precedes.parameters is not None and len(precedes.parameters) != 2:
        run.note("The function of sort() takes two values.")
        return None
    ordered: list[Any] = sorted(items, key=functools.cmp_to_key(order))
    return ordered


def _sorted(run: Run, items: list[Any]) -> list[Any] | None:
    if any(compare("<=", items[0], one) is None for one in items):
        run.note("sort() without a function takes values of one type that have an order.")
        return None
    return sorted(items, key=functools.cmp_to_key(lambda a, b: -1 if compare("<", a, b) else 1))
