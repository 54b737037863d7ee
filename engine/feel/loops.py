"""Filters, ``for``, ``some`` and ``every``: all that goes through lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from engine.feel import numbers, syntax
from engine.feel.frames import Closure, Frame
from engine.feel.run import Run
from engine.feel.syntax import Node
from engine.feel.temporal import FeelDate, of_ordinal
from engine.feel.values import Range, kind

Compile = Callable[[Node], Closure]
# These answer about the items, never what their place in the list is.
_ONLY_TRUTH = (syntax.Comparison, syntax.Logic, syntax.Between, syntax.In, syntax.InstanceOf,
               syntax.Quantified)  # fmt: skip


# -- filters ----------------------------------------------------------------------------


def filtered(node: syntax.Filter, compile_: Compile) -> Closure:
    """Compile ``operand[condition]``."""
    operand = live(node.operand, compile_)
    condition = compile_(node.condition)
    if isinstance(node.condition, syntax.Literal):
        fixed = node.condition.value
        return lambda frame: _by_value(operand(frame), fixed, frame.run)
    truth_only = isinstance(node.condition, _ONLY_TRUTH)

    def select(frame: Frame) -> Any:
        value = operand(frame)
        if value is None:
            frame.run.note("null has no items.")
            return None
        items = value if type(value) is list else [value]
        frame.run.spend(len(items))
        if not truth_only:
            position = _quietly(condition, frame)
            if type(position) is Decimal:
                return _item(items, position, frame.run)
        return [one for one in items if condition(_of_item(frame, one)) is True]

    return select


def _quietly(condition: Closure, frame: Frame) -> Any:
    """Return what a condition gives without an item; what fails then is no news."""
    run = frame.run
    notes, run.notes = run.notes, None
    try:
        return condition(frame)
    finally:
        run.notes = notes


def _of_item(frame: Frame, item: Any) -> Frame:
    names = {"item": item}
    if type(item) is dict:
        names |= item
    return Frame(names, frame.run, frame)


def _by_value(value: Any, condition: Any, run: Run) -> Any:
    if value is None:
        run.note("null has no items.")
        return None
    items = value if type(value) is list else [value]
    if type(condition) is Decimal:
        return _item(items, condition, run)
    if type(condition) is bool:
        return run.listed(list(items)) if condition else []
    run.note(f"A list is filtered by a condition or a number, not by a {kind(condition)}.")
    return None if condition is not None else []


def _item(items: list[Any], position: Decimal, run: Run) -> Any:
    number = numbers.whole(position)
    if number is not None and 0 < number <= len(items):
        return items[number - 1]
    if number is not None and 0 < -number <= len(items):
        return items[number]
    run.note(f"The list of {len(items)} items has no item {numbers.text(position)}.")
    return None


# -- what is gone through ---------------------------------------------------------------


def domain(node: Node, compile_: Compile) -> Callable[[Frame], Iterator[Any] | None]:
    """Compile what an iteration goes through; None where there is nothing such."""
    if isinstance(node, syntax.Span):
        low, high = compile_(node.low), compile_(node.high)
        return lambda frame: _between(low(frame), high(frame), frame.run)
    closure = live(node, compile_)

    def items(frame: Frame) -> Iterator[Any] | None:
        value = closure(frame)
        if type(value) is list:
            return iter(value)
        if type(value) is Range:
            return _inside(value, frame.run)
        if value is None:
            frame.run.note("null cannot be gone through.")
            return None
        return iter((value,))

    return items


def _between(low: Any, high: Any, run: Run) -> Iterator[Any] | None:
    if type(low) is Decimal and type(high) is Decimal:
        first, last = numbers.whole(low), numbers.whole(high)
        if first is not None and last is not None:
            step = 1 if first <= last else -1
            return map(Decimal, range(first, last + step, step))
    if type(low) is FeelDate and type(high) is FeelDate:
        first, last = low.ordinal, high.ordinal
        step = 1 if first <= last else -1
        return map(of_ordinal, range(first, last + step, step))
    run.note(
        f"There are no steps from {kind(low)} to {kind(high)}: whole numbers or dates are due."
    )
    return None


def _inside(value: Range, run: Run) -> Iterator[Any] | None:
    steps = _between(value.start, value.end, run)
    if steps is None:
        return None
    return (one for one in steps if value.contains(one))


def live(node: Node, compile_: Compile) -> Closure:
    """Compile an operand that is only looked into: ``partial`` needs no copy then."""
    if isinstance(node, syntax.Name) and node.name == "partial":
        return lambda frame: frame.find("partial") if _is_partial(frame) else compile_(node)(frame)
    return compile_(node)


def _is_partial(frame: Frame) -> bool:
    return type(frame.find("partial")) is list


# -- loops ------------------------------------------------------------------------------


class _Loop:
    """Iterations one inside the other, the later seeing the variables of the earlier."""

    def __init__(self, iterators: tuple[tuple[str, Node], ...], compile_: Compile) -> None:
        self.iterators = [(name, domain(node, compile_)) for name, node in iterators]

    def turns(self, frame: Frame, values: dict[str, Any], at: int = 0) -> Iterator[Frame | None]:
        """Yield the frame of each turn; None where there was nothing to go through."""
        name, items_of = self.iterators[at]
        inner = Frame(values, frame.run, frame)
        items = items_of(inner)
        if items is None:
            yield None
            return
        last = at == len(self.iterators) - 1
        for one in items:
            frame.run.spend(1)
            if last:
                yield Frame(values | {name: one}, frame.run, frame)
            else:
                yield from self.turns(frame, values | {name: one}, at + 1)


def collected(node: syntax.For, compile_: Compile) -> Closure:
    """Compile ``for … return``."""
    loop, body = _Loop(node.iterators, compile_), compile_(node.body)

    def collect(frame: Frame) -> Any:
        found: list[Any] = []
        limit = frame.run.limits.items
        for inner in loop.turns(frame, {}):
            if inner is None:
                return None
            inner.values["partial"] = found  # type: ignore[index]
            found.append(body(inner))
            if len(found) > limit:
                frame.run.room(len(found))
        return found

    return collect


def quantified(node: syntax.Quantified, compile_: Compile) -> Closure:
    """Compile ``some`` and ``every``: the or, or the and, of all turns."""
    loop, condition = _Loop(node.iterators, compile_), compile_(node.condition)
    decides = node.word == "some"

    def quantify(frame: Frame) -> bool | None:
        unknown = False
        for inner in loop.turns(frame, {}):
            found: Any = None if inner is None else condition(inner)
            if type(found) is bool and found == decides:
                return decides
            unknown = unknown or type(found) is not bool
        return None if unknown else not decides

    return quantify
