"""Functions that make one value of a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import numbers
from engine.feel.builtins.registry import builtin
from engine.feel.numbers import CONTEXT, ONE, ZERO
from engine.feel.run import Run
from engine.feel.values import compare, key, kind


@builtin("not", "negand: any", "boolean")
def _not(run: Run, value: Any) -> bool | None:
    if type(value) is bool:
        return not value
    run.note(f"not() takes a boolean, not {kind(value)}.")
    return None


def _extreme(name: str, sign: str) -> None:
    @builtin(name, "list: list", many="spread")
    def function(run: Run, items: list[Any]) -> Any:
        run.spend(len(items))
        if not items or key(items[0]) is None:
            run.note(f"{name}() takes a list of values that have an order.")
            return None
        best = items[0]
        for one in items[1:]:
            found = compare(sign, one, best)
            if found is None:
                run.note(f"{name}() cannot compare {kind(one)} and {kind(best)}.")
                return None
            best = one if found else best
        return best


_extreme("min", "<")
_extreme("max", ">")


def _of_numbers(name: str, calculate: Callable[[list[Decimal]], Decimal | None]) -> None:
    @builtin(name, "list: list", "number", many="spread")
    def function(run: Run, items: list[Any]) -> Decimal | None:
        run.spend(len(items))
        if not items or not all(type(one) is Decimal for one in items):
            run.note(f"{name}() takes a list of numbers.")
            return None
        found = calculate(items)
        result = None if found is None else numbers.finite(found)
        if result is None:
            run.note(f"{name}() of these is no number.")
        return result


def _sum(items: list[Decimal]) -> Decimal:
    total = ZERO
    for one in items:
        total = CONTEXT.add(total, one)
    return total


def _product(items: list[Decimal]) -> Decimal:
    product = ONE
    for one in items:
        product = CONTEXT.multiply(product, one)
    return product


def _mean(items: list[Decimal]) -> Decimal:
    return CONTEXT.divide(_sum(items), Decimal(len(items)))


def _median(items: list[Decimal]) -> Decimal:
    ordered = sorted(items)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return CONTEXT.divide(CONTEXT.add(ordered[middle - 1], ordered[middle]), Decimal(2))


def _stddev(items: list[Decimal]) -> Decimal | None:
    """Of a sample: divided by one less than the count."""
    if len(items) < 2:
        return None
    mean = _mean(items)
    squares = [
        CONTEXT.multiply(difference, difference)
        for difference in (CONTEXT.subtract(one, mean) for one in items)
    ]
    return CONTEXT.sqrt(CONTEXT.divide(_sum(squares), Decimal(len(items) - 1)))


_of_numbers("sum", _sum)
_of_numbers("product", _product)
_of_numbers("mean", _mean)
_of_numbers("median", _median)
_of_numbers("stddev", _stddev)


@builtin("mode", "list: list", "list<number>", many="spread")
def _mode(run: Run, items: list[Any]) -> list[Decimal] | None:
    run.spend(len(items))
    if not all(type(one) is Decimal for one in items):
        run.note("mode() takes a list of numbers.")
        return None
    counts = Counter(items)
    most = max(counts.values(), default=0)
    return sorted(one for one, count in counts.items() if count == most)


def _quantifier(name: str, *, decides: bool) -> None:
    @builtin(name, "list: list", "boolean", many="spread")
    def function(run: Run, items: list[Any]) -> bool | None:
        run.spend(len(items))
        if decides in [one for one in items if type(one) is bool]:
            return decides
        if all(type(one) is bool for one in items):
            return not decides
        run.note(f"{name}() takes a list of booleans.")
        return None


_quantifier("all", decides=False)
_quantifier("any", decides=True)
