"""The constructs that are read without a worker, each with what reads it.

None of them changes a value, and none loops but comprehensions, which are paid for
(``loops``). Statements are assignments of names and ``if``.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from typing import Any

from engine.scripts import offered
from engine.scripts import operations as op
from engine.scripts.building import Builder, Frame, Make, Reader, Step
from engine.scripts.calls import call
from engine.scripts.code import Facts
from engine.scripts.loops import dict_comprehension, list_comprehension
from engine.scripts.names import BUILTINS, HOST, PRELUDE
from engine.scripts.operations import Unread


def reader_of(tree: ast.AST, found: Facts) -> Reader:
    """Return what reads an expression.

    Raises:
        Unread: it holds a construct that is not listed.
    """
    assert isinstance(tree, ast.Expression)
    return Builder(found, CONSTRUCTS).build(tree.body)


def steps_of(tree: ast.AST, found: Facts) -> list[Step]:
    """Return what runs the statements of a script, in order.

    Raises:
        Unread: it holds a construct that is not listed.
    """
    assert isinstance(tree, ast.Module)
    if found.writes & (PRELUDE | HOST | BUILTINS):
        raise Unread
    return _steps(Builder(found, CONSTRUCTS), tree.body)


# -- statements ----------------------------------------------------------------------


def _steps(builder: Builder, body: list[ast.stmt]) -> list[Step]:
    return [_step(builder, one) for one in body]


def _step(builder: Builder, node: ast.stmt) -> Step:
    match node:
        case ast.Assign(targets=[ast.Name() as target], value=value):
            return _assigned([target], [builder.build(value)])
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(
            targets
        ) == len(values):
            return _assigned(targets, builder.all(values))
        case ast.If(test=test, body=body, orelse=otherwise):
            yes, no = _steps(builder, body), _steps(builder, otherwise)
            return _branch(builder.build(test), yes, no)
    raise Unread


def _assigned(targets: Sequence[ast.expr], values: list[Reader]) -> Step:
    names = [one.id for one in targets if isinstance(one, ast.Name)]
    if len(names) < len(targets) or any(name.startswith("__") for name in names):
        raise Unread

    def assign(frame: Frame) -> None:
        found = [value(frame) for value in values]
        frame.own.update(zip(names, found, strict=True))

    return assign


def _branch(test: Reader, yes: list[Step], no: list[Step]) -> Step:
    def run(frame: Frame) -> None:
        for step in yes if op.truth(test(frame)) else no:
            step(frame)

    return run


# -- data ----------------------------------------------------------------------------


def _name(builder: Builder, node: ast.Name) -> Reader:
    name = node.id
    if name in builder.inner:
        return lambda frame: frame.inner[name]
    if name not in builder.data or name.startswith("__"):
        raise Unread
    if name not in builder.writes:
        return lambda frame: frame.datum(name)
    return lambda frame: frame.own[name] if name in frame.own else frame.datum(name)


def _constant(_builder: Builder, node: ast.Constant) -> Reader:
    value = node.value
    if type(value) in {int, float}:
        op.number(value)
    elif value is not None and type(value) not in {str, bool}:
        raise Unread
    return lambda _frame: value


def _subscript(builder: Builder, node: ast.Subscript) -> Reader:
    holder, key = builder.build(node.value), node.slice
    if not isinstance(key, ast.Slice):
        at = builder.build(key)
        return lambda frame: op.item(holder(frame), at(frame))
    if key.step is not None:
        raise Unread
    low, high = (_end(builder, one) for one in (key.lower, key.upper))
    return lambda frame: op.part(holder(frame), low(frame), high(frame))


def _end(builder: Builder, node: ast.expr | None) -> Reader:
    return (lambda _frame: None) if node is None else builder.build(node)


def _attribute(builder: Builder, node: ast.Attribute) -> Reader:
    look, value = offered.ATTRIBUTES.get(node.attr), builder.build(node.value)
    if look is None:
        raise Unread
    return lambda frame: look(value(frame))


# -- displays ------------------------------------------------------------------------


def _list(builder: Builder, node: ast.List) -> Reader:
    parts = builder.all(node.elts)
    return lambda frame: [one(frame) for one in parts]


def _tuple(builder: Builder, node: ast.Tuple) -> Reader:
    parts = builder.all(node.elts)
    return lambda frame: tuple([one(frame) for one in parts])


def _dict(builder: Builder, node: ast.Dict) -> Reader:
    if None in node.keys:
        parts = [
            builder.build(value) if key is None else _dict(builder, ast.Dict([key], [value]))
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return lambda frame: op.merge([one(frame) for one in parts])
    pairs = [
        (builder.build(key), builder.build(value))
        for key, value in zip(node.keys, node.values, strict=True)
        if key is not None
    ]
    return lambda frame: {op.text(key(frame)): value(frame) for key, value in pairs}


# -- operators -----------------------------------------------------------------------


def _boolean(builder: Builder, node: ast.BoolOp) -> Reader:
    parts, wanted = builder.all(node.values), isinstance(node.op, ast.Or)

    def choose(frame: Frame) -> Any:
        for one in parts:
            value = one(frame)
            if op.truth(value) is wanted:
                break
        return value

    return choose


def _unary(builder: Builder, node: ast.UnaryOp) -> Reader:
    value = builder.build(node.operand)
    if isinstance(node.op, ast.Not):
        return lambda frame: not op.truth(value(frame))
    if isinstance(node.op, ast.USub):
        return lambda frame: op.negative(value(frame))
    raise Unread


def _binary(builder: Builder, node: ast.BinOp) -> Reader:
    combine = _OPERATORS.get(type(node.op))
    if combine is None:
        raise Unread
    left, right = builder.build(node.left), builder.build(node.right)
    return lambda frame: combine(left(frame), right(frame))


def _compare(builder: Builder, node: ast.Compare) -> Reader:
    first = builder.build(node.left)
    rest = [
        (_judge(sign, other), builder.build(other))
        for sign, other in zip(node.ops, node.comparators, strict=True)
    ]

    def judged(frame: Frame) -> bool:
        value = first(frame)
        for judge, other in rest:
            following = other(frame)
            if not judge(value, following):
                return False
            value = following
        return True

    return judged


def _judge(sign: ast.cmpop, other: ast.expr) -> Callable[[Any, Any], bool]:
    judge = _COMPARISONS.get(type(sign))
    if judge is None or (isinstance(sign, ast.Is | ast.IsNot) and not _one_of_a_kind(other)):
        raise Unread
    return judge


def _one_of_a_kind(node: ast.expr) -> bool:
    """Return whether a node is None, True or False: of no other value is there but one."""
    return isinstance(node, ast.Constant) and (node.value is None or type(node.value) is bool)


def _conditional(builder: Builder, node: ast.IfExp) -> Reader:
    test, yes, no = builder.all([node.test, node.body, node.orelse])
    return lambda frame: yes(frame) if op.truth(test(frame)) else no(frame)


CONSTRUCTS: dict[type[ast.expr], Make] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Subscript: _subscript,
    ast.Attribute: _attribute,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Dict: _dict,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.ListComp: list_comprehension,
    ast.DictComp: dict_comprehension,
    ast.Call: call,
}
"""What reads each kind of node; every other one is the interpreter's."""

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: op.add,
    ast.Sub: op.subtract,
    ast.Mult: op.multiply,
    ast.Div: op.divide,
    ast.Mod: op.remainder,
    ast.FloorDiv: op.quotient,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: op.equal,
    ast.NotEq: lambda first, second: not op.equal(first, second),
    ast.Lt: op.less,
    ast.LtE: op.ordered(operator.le),
    ast.Gt: op.ordered(operator.gt),
    ast.GtE: op.ordered(operator.ge),
    ast.In: op.contains,
    ast.NotIn: lambda first, second: not op.contains(first, second),
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
