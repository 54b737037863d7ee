"""Unary tests: what a cell says of the value that is tested.

A test answers true, false, or null where it cannot be told; a list of tests is their
``or``. Tests against literals, which most cells are, need no frame.

Source: OMG, Decision Model and Notation 1.5, section 10.3.2.8 (``in``) and table 53.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from engine.feel import syntax
from engine.feel.frames import Closure, Frame, Testing
from engine.feel.syntax import Literal, Node
from engine.feel.values import Range, compare, equal

Compile = Callable[[Node], Closure]


def asks(node: Any) -> bool:
    """Whether ``?`` stands somewhere in an expression."""
    return any(isinstance(one, syntax.Name) and one.name == "?" for one in nodes(node))


def nodes(tree: Any) -> Iterator[Any]:
    """Yield a tree and all nodes inside it."""
    waiting: list[Any] = [tree]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += parts(one)


def reasons(tree: Any) -> list[str]:
    """Return why parts of a tree can have no value; none if all can."""
    return [one.reason for one in nodes(tree) if isinstance(one, syntax.Nothing)]


def parts(node: Any) -> Iterator[Any]:
    """Yield the nodes right inside a node."""
    if isinstance(node, tuple):
        yield from (one for one in node if isinstance(one, tuple) or type(one) in _NODES)
    elif type(node) is not Literal and type(node) in _NODES:
        for field in dataclasses.fields(node):
            value = getattr(node, field.name)
            if isinstance(value, tuple) or type(value) in _NODES:
                yield value


_NODES = frozenset(syntax.Node.__args__) | {syntax.Tests}


def judged(value: Any, found: Any) -> bool | None:
    """Whether a value passes a test that is an expression without ``?``."""
    if type(found) is Range:
        inside = found.contains(value)
        return equal(value, found) if inside is None and type(value) is Range else inside
    if type(found) is list:
        return _among(value, found)
    if type(found) is bool and type(value) is not bool:
        # The expression is a condition of its own, on other data.
        return found if value is not None else found or None
    return equal(value, found)


def _among(value: Any, items: list[Any]) -> bool | None:
    for one in items:
        if equal(value, one) is True:
            return True
        if type(one) is Range and one.contains(value) is True:
            return True
    return type(value) is list and equal(value, items) is True


def any_of(tests: tuple[Testing, ...]) -> Testing:
    """Return the test that one of several holds."""
    if not tests:
        return lambda _value, _frame: True
    if len(tests) == 1:
        return tests[0]

    def one_holds(value: Any, frame: Frame) -> bool | None:
        unknown = False
        for test in tests:
            found = test(value, frame)
            if found is True:
                return True
            unknown = unknown or found is None
        return None if unknown else False

    return one_holds


def denied(test: Testing) -> Testing:
    """Return the test that another one does not hold."""

    def not_so(value: Any, frame: Frame) -> bool | None:
        found = test(value, frame)
        return None if found is None else not found

    return not_so


def test(node: Node, compile_: Compile) -> Testing:
    """Return one test."""
    node = turned(node)
    if isinstance(node, syntax.Test):
        return _signed(node.sign, node.operand, compile_)
    if isinstance(node, Literal):
        return _literal(node.value)
    return _computed(compile_(node), asking=asks(node))


def turned(node: Node) -> Node:
    """Return ``? < 5`` as the ``< 5`` that it is."""
    if isinstance(node, syntax.Comparison) and node.left == syntax.Name("?"):
        return node if asks(node.right) else syntax.Test(node.sign, node.right)
    return node


def _computed(closure: Closure, *, asking: bool) -> Testing:
    if not asking:
        return lambda value, frame: judged(value, closure(frame))

    def computed(value: Any, frame: Frame) -> bool | None:
        found = closure(Frame({"?": value}, frame.run, frame))
        return found if type(found) is bool else None

    return computed


def _signed(sign: str, operand: Node, compile_: Compile) -> Testing:
    if isinstance(operand, Literal):
        return _signed_literal(sign, operand.value)
    closure, asking = compile_(operand), asks(operand)

    def compared(value: Any, frame: Frame) -> bool | None:
        found = closure(Frame({"?": value}, frame.run, frame) if asking else frame)
        if sign == "=":
            return equal(value, found)
        if sign == "!=":
            same = equal(value, found)
            return None if same is None else not same
        return compare(sign, value, found)

    return compared


def _signed_literal(sign: str, wanted: Any) -> Testing:
    if sign == "=":
        return _equals(wanted)
    if sign == "!=":
        return denied(_equals(wanted))
    if type(wanted) is Decimal:
        return _NUMBER_TESTS[sign](wanted)
    return lambda value, _frame: compare(sign, value, wanted)


# The comparisons are written out: most cells are these, and they must be fast.
def _less(wanted: Decimal) -> Testing:
    return lambda value, _frame: value < wanted if type(value) is Decimal else None


def _at_most(wanted: Decimal) -> Testing:
    return lambda value, _frame: value <= wanted if type(value) is Decimal else None


def _more(wanted: Decimal) -> Testing:
    return lambda value, _frame: value > wanted if type(value) is Decimal else None


def _at_least(wanted: Decimal) -> Testing:
    return lambda value, _frame: value >= wanted if type(value) is Decimal else None


_NUMBER_TESTS: dict[str, Callable[[Decimal], Testing]] = {
    "<": _less, "<=": _at_most, ">": _more, ">=": _at_least,
}  # fmt: skip


def _literal(wanted: Any) -> Testing:
    if type(wanted) is Range:
        return _within(wanted)
    return _equals(wanted)


def _equals(wanted: Any) -> Testing:
    of = type(wanted)
    if of is str or of is Decimal:

        def same(value: Any, _frame: Frame) -> bool | None:
            return value == wanted if type(value) is of else False if value is None else None

        return same
    return lambda value, _frame: equal(value, wanted)


def _within(wanted: Range) -> Testing:
    if type(wanted.start) is not Decimal or type(wanted.end) is not Decimal:
        return lambda value, _frame: judged(value, wanted)
    start, end = wanted.start, wanted.end
    first, last = wanted.start_included, wanted.end_included

    def inside(value: Any, _frame: Frame) -> bool | None:
        if type(value) is not Decimal:
            return judged(value, wanted)
        return (value >= start if first else value > start) and (
            value <= end if last else value < end
        )

    return inside
