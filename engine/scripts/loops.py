"""Comprehensions and sorting, read without a worker; every turn is paid for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from engine.scripts import operations as op
from engine.scripts.building import Builder, Frame, Reader
from engine.scripts.operations import Unread

Take = Callable[[], None]


class _Loop(NamedTuple):
    """One ``for … in … if …``; ``cost`` is what a turn is worth, in nodes."""

    values: Reader
    names: tuple[str, ...]
    parts: bool
    tests: list[Reader]
    cost: int

    def turn(self, frame: Frame, take: Take) -> None:
        """Call ``take`` for each value, with its variables bound."""
        inner = frame.inner
        hidden = {name: inner[name] for name in self.names if name in inner}
        for one in op.each(self.values(frame)):
            frame.pay(self.cost)
            parts = op.each(one) if self.parts else (one,)
            if len(parts) != len(self.names):
                raise Unread
            inner.update(zip(self.names, parts, strict=True))
            if all(op.truth(test(frame)) for test in self.tests):
                take()
        inner.update(hidden)


def list_comprehension(builder: Builder, node: ast.ListComp) -> Reader:
    """Read ``[value for … in …]``."""
    loops, (value,) = _loops(builder, node.generators, [node.elt])

    def gather(frame: Frame) -> list[Any]:
        found: list[Any] = []
        _run(frame, loops, lambda: found.append(value(frame)))
        return found

    return gather


def dict_comprehension(builder: Builder, node: ast.DictComp) -> Reader:
    """Read ``{key: value for … in …}``."""
    loops, (key, value) = _loops(builder, node.generators, [node.key, node.value])

    def gather(frame: Frame) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def take() -> None:
            name = op.text(key(frame))
            found[name] = value(frame)

        _run(frame, loops, take)
        return found

    return gather


def in_order(builder: Builder, node: ast.Call) -> Reader:
    """Read ``sorted(values)`` and ``sorted(values, key=lambda one: …)``."""
    if len(node.args) != 1 or len(node.keywords) > 1:
        raise Unread
    several = builder.build(node.args[0])
    if not node.keywords:
        return lambda frame: _sorted(frame, several)
    name, body = _key_of(node.keywords[0])
    with builder.scope():
        builder.inner += (name,)
        key = builder.build(body)
    cost = sum(1 for _ in ast.walk(body))

    def put_in_order(frame: Frame) -> list[Any]:
        values, keys = op.members(several(frame)), list[Any]()
        loop = _Loop(lambda _frame: values, (name,), False, [], cost)
        loop.turn(frame, lambda: keys.append(key(frame)))
        return op.in_order(values, keys)

    return put_in_order


def _key_of(keyword: ast.keyword) -> tuple[str, ast.expr]:
    """Return the parameter and the body of ``key=lambda one: …``."""
    if keyword.arg == "key" and isinstance(keyword.value, ast.Lambda):
        own = keyword.value.args
        if len(own.args) == 1 and ast.unparse(own) == own.args[0].arg:
            return own.args[0].arg, keyword.value.body
    raise Unread


def _sorted(frame: Frame, several: Reader) -> list[Any]:
    values = op.members(several(frame))
    frame.pay(len(values))
    return op.in_order(values, values)


def _run(frame: Frame, loops: Sequence[_Loop], take: Take) -> None:
    if not loops:
        take()
        return
    loops[0].turn(frame, lambda: _run(frame, loops[1:], take))


def _loops(
    builder: Builder, nodes: list[ast.comprehension], results: list[ast.expr]
) -> tuple[list[_Loop], list[Reader]]:
    """Return the loops of a comprehension, and the readers of what each turn gives."""
    _demand_bound(nodes)
    loops = []
    with builder.scope():
        for node in nodes:
            values = _gone_through(builder, node.iter)
            names = _targets(node.target)
            builder.inner += names
            cost = sum(1 for part in (*node.ifs, *results) for _ in ast.walk(part))
            parts = isinstance(node.target, ast.Tuple)
            loops.append(_Loop(values, names, parts, builder.all(node.ifs), cost))
        return loops, builder.all(results)


def _gone_through(builder: Builder, node: ast.expr) -> Reader:
    """Return what reads that which a loop goes through, the views of a dict among them."""
    match node:
        case ast.Call(func=ast.Attribute(value=holder, attr=name), args=[], keywords=[]) if (
            name in _VIEWS
        ):
            view, value = _VIEWS[name], builder.build(holder)
            return lambda frame: view(value(frame))
    return builder.build(node)


_VIEWS: dict[str, Callable[[Any], list[Any]]] = {
    "keys": lambda holder: list(op.merge([holder])),
    "values": lambda holder: list(op.merge([holder]).values()),
    "items": lambda holder: list(op.merge([holder]).items()),
}


def _targets(node: ast.expr) -> tuple[str, ...]:
    """Return the names that a loop binds."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    names = [one.id for one in parts if isinstance(one, ast.Name)]
    if len(names) < len(parts) or len(set(names)) < len(names):
        raise Unread
    return tuple(names)


def _demand_bound(loops: list[ast.comprehension]) -> None:
    """Leave to the interpreter what may read a variable before its loop has bound it."""
    bound = [set(_targets(one.target)) for one in loops]
    for at, loop in enumerate(loops):
        if loop.is_async:
            raise Unread
        later = set().union(*bound[at + 1 :])
        read = set().union(*map(_names, loop.ifs), _names(loop.iter) if at else ())
        if (read | bound[at]) & later or (at and _names(loop.iter) & bound[at]):
            raise Unread


def _names(node: ast.expr) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
