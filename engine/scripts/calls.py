"""Calls that are read without a worker: functions, methods of texts and dicts, look-ups."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from engine.scripts import offered
from engine.scripts import operations as op
from engine.scripts.building import Builder, Frame, Make, Reader, text_of
from engine.scripts.loops import in_order
from engine.scripts.names import HOST
from engine.scripts.operations import Unread
from engine.scripts.values import LOCAL


class _Act(NamedTuple):
    """What a call does, and with how many arguments."""

    do: Callable[..., Any]
    fewest: int
    most: int


def call(builder: Builder, node: ast.Call) -> Reader:
    """Read a call."""
    function = node.func
    if isinstance(function, ast.Attribute):
        act = _METHODS.get(function.attr)
        arguments = [builder.build(function.value), *_arguments(builder, node, act)]
    elif isinstance(function, ast.Name):
        name = function.id
        if name in builder.inner or name in builder.data:
            raise Unread
        if name in HOST:
            return _look_up(builder, node, name)
        if name in _SPECIAL:
            return _SPECIAL[name](builder, node)
        act = _FUNCTIONS.get(name)
        arguments = _arguments(builder, node, act)
    else:
        raise Unread
    assert act is not None, "the arguments were judged by it"
    do = act.do
    return lambda frame: do(*[one(frame) for one in arguments])


def _arguments(builder: Builder, node: ast.Call, act: _Act | None) -> list[Reader]:
    if act is None or node.keywords or not act.fewest <= len(node.args) <= act.most:
        raise Unread
    return builder.all(node.args)


def _look_up(builder: Builder, node: ast.Call, name: str) -> Reader:
    arguments = builder.all(node.args)
    named = [(one.arg, builder.build(one.value)) for one in node.keywords]

    def ask(frame: Frame) -> Any:
        given = [one(frame) for one in arguments]
        keywords: dict[str, Any] = {}
        for key, read in named:
            more = op.merge([read(frame)]) if key is None else {key: read(frame)}
            if not keywords.keys().isdisjoint(more):
                raise Unread
            keywords |= more
        # A ``ValueError`` is the look-up's refusal, which the interpreter meets again.
        return frame.hosts[name](*given, **keywords)

    return ask


def _value(builder: Builder, node: ast.Call) -> Reader:
    """Read ``value('name')`` and ``value('name', default)``."""
    _arguments(builder, node, _Act(_value, 1, 2))
    name = text_of(node.args[0])
    if len(node.args) == 1:
        return lambda frame: frame.inputs.get(name)
    default = builder.build(node.args[1])

    def read(frame: Frame) -> Any:
        # The default is evaluated in any case, and may fail.
        otherwise = default(frame)
        return frame.inputs.get(name, otherwise)

    return read


def _now(builder: Builder, node: ast.Call) -> Reader:
    _arguments(builder, node, _Act(_now, 0, 0))
    return lambda frame: frame.now.astimezone(LOCAL)


def _timedelta(builder: Builder, node: ast.Call) -> Reader:
    named = [(one.arg, builder.build(one.value)) for one in node.keywords if one.arg is not None]
    if node.args or len(named) < len(node.keywords):
        raise Unread
    return lambda frame: offered.duration(**{name: one(frame) for name, one in named})


_SPECIAL: dict[str, Make] = {
    "value": _value,
    "now": _now,
    "timedelta": _timedelta,
    "sorted": in_order,
}
_METHODS = {
    "get": _Act(op.get, 1, 2),
    "join": _Act(op.join, 1, 1),
    "split": _Act(op.split, 1, 1),
    "startswith": _Act(op.starts, 1, 1),
    "endswith": _Act(op.ends, 1, 1),
    "date": _Act(offered.day_of, 0, 0),
    "astimezone": _Act(offered.at_zone, 1, 1),
}
_FUNCTIONS = {
    "bool": _Act(op.truth, 1, 1),
    "len": _Act(op.length, 1, 1),
    "set": _Act(op.distinct, 1, 1),
    "int": _Act(op.to_int, 1, 1),
    "str": _Act(op.to_text, 1, 1),
    "any": _Act(op.any_of, 1, 1),
    "all": _Act(op.all_of, 1, 1),
    "min": _Act(op.extreme(op.less), 1, 9),
    "max": _Act(op.extreme(op.ordered(operator.gt)), 1, 9),
    "moment": _Act(offered.moment, 1, 1),
    "working_days": _Act(offered.amount_in("WD"), 1, 1),
    "working_hours": _Act(offered.amount_in("WH"), 1, 1),
    "elapsed_hours": _Act(offered.amount_in("EH"), 1, 1),
    "minutes": _Act(offered.amount_in("MIN"), 1, 1),
    "amount": _Act(offered.amount, 2, 2),
    "part": _Act(offered.part, 2, 2),
    "after": _Act(offered.after, 2, 2),
    "before": _Act(offered.before, 2, 2),
    "end_of_day": _Act(offered.end_of_day, 0, 0),
}
