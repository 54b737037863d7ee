"""Conditions that can say neither true nor false, whatever the data are.

Only what is plain is judged: a text, a number, a list, a sum, a call whose answer is known.
A datum, or a call of anything else, may well hold a boolean.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from engine.bpmn.model import Kind, Node, Scope, Trigger
from engine.bpmn.reading import Reading
from engine.scripts import Code
from engine.scripts.code import tree_of

_ASKED = frozenset({Kind.EXCLUSIVE, Kind.INCLUSIVE, Kind.COMPLEX})
_VALUES = (
    ast.JoinedStr,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.Lambda,
)
_LOGICAL = (ast.BitAnd, ast.BitOr, ast.BitXor)
# Functions on offer that give no boolean.
_GIVES = frozenset(
    {"len", "str", "int", "float", "sum", "list", "dict", "sorted", "Decimal", "now", "rows"}
)


def demand(scopes: Mapping[str, Scope], reading: Reading) -> None:
    """Add an error for every condition that can say neither true nor false."""
    for scope in scopes.values():
        for element, code in _conditions(scope):
            if code.feel is None and _is_no_truth(code):
                at = reading.ids.get(element)
                line = code.line or (None if at is None else at.sourceline)
                reading.findings.error(
                    "never-true-or-false",
                    (element, line),
                    f"The condition {code.text[:80]!r} says neither true nor false.",
                    "Compare it with something, as in n > 0 or kind == 'road'.",
                )


def _conditions(scope: Scope) -> Iterator[tuple[str, Code]]:
    """Yield (element, condition) of all that is asked there."""
    found: list[tuple[str, Code | None]] = []
    if scope.ad_hoc is not None:
        found.append((scope.id, scope.ad_hoc.completion))
    for node in scope.nodes.values():
        found += [(node.id, code) for code in _of_node(node)]
        if node.kind in _ASKED or node.default is not None:
            exits = [one for one in node.outgoing if one != node.default]
            found += [(one, scope.flows[one].condition) for one in exits]
    yield from ((element, code) for element, code in found if code is not None)


def _of_node(node: Node) -> Iterator[Code | None]:
    yield node.activation
    yield from (one.value for one in node.events if one.trigger is Trigger.CONDITIONAL)
    if node.loop is not None:
        yield node.loop.condition
        yield node.loop.completion
        yield from (one.condition for one in node.loop.throws)


def _is_no_truth(code: Code) -> bool:
    tree = tree_of(code.text, "expression")
    return isinstance(tree, ast.Expression) and _is_value(tree.body)


def _is_value(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return not isinstance(value, bool)
        case ast.BinOp(op=operator):
            return not isinstance(operator, _LOGICAL)
        case ast.UnaryOp(op=operator):
            return not isinstance(operator, ast.Not)
        case ast.IfExp(body=one, orelse=other):
            return _is_value(one) and _is_value(other)
        case ast.Call(func=ast.Name(id=name)):
            return name in _GIVES
    return isinstance(node, _VALUES)
