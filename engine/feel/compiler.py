"""Trees to closures: each node becomes a function that takes a frame and gives a value."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import arithmetic, loops, paths, syntax, testing, types
from engine.feel.builtins import BUILTINS
from engine.feel.frames import MISSING, Closure, Frame
from engine.feel.run import Run
from engine.feel.syntax import Literal, Node
from engine.feel.values import SAFE, Function, Range, compare, equal, key, kind

_AGGREGATES = frozenset({"count", "sum", "min", "max", "mean", "product", "list contains"})


def compile_(node: Node) -> Closure:
    """Return the closure of a tree."""
    return _KINDS[type(node)](node)


def _literal(node: Literal) -> Closure:
    value = node.value
    return lambda _frame: value


def _name(node: syntax.Name) -> Closure:
    name, builtin = node.name, BUILTINS.get(node.name)

    def read(frame: Frame) -> Any:
        if frame.outer is None:
            value = frame.values.get(name, MISSING)
            if type(value) in SAFE or (type(value) is Decimal and value.is_finite()):
                return value
        value = frame.find(name)
        if value is not MISSING:
            return value
        if builtin is None:
            frame.run.note(f"There is no {name!r}.")
        return builtin

    return _copied(read) if name == "partial" else read


def _copied(read: Closure) -> Closure:
    """Return what gives a list as it is now, so that it does not come to hold itself."""

    def copy(frame: Frame) -> Any:
        value = read(frame)
        return frame.run.listed(list(value)) if type(value) is list else value

    return copy


# -- operators --------------------------------------------------------------------------


def _negation(node: syntax.Negation) -> Closure:
    operand = compile_(node.operand)
    return lambda frame: arithmetic.negate(operand(frame), frame.run)


def _arithmetic(node: syntax.Arithmetic) -> Closure:
    first = compile_(node.first)
    rest = [(sign, compile_(one)) for sign, one in node.rest]

    def calculate(frame: Frame) -> Any:
        value, run = first(frame), frame.run
        for sign, operand in rest:
            value = arithmetic.apply(sign, value, operand(frame), run)
        return value

    return calculate


def _comparison(node: syntax.Comparison) -> Closure:
    left, right, sign = compile_(node.left), compile_(node.right), node.sign
    if sign in ("=", "!="):
        return _equality(left, right, wanted=sign == "=")

    def relate(frame: Frame) -> bool | None:
        one, other = left(frame), right(frame)
        found = compare(sign, one, other)
        if found is None:
            frame.run.note(f"{kind(one)} {sign} {kind(other)} cannot be told.")
        return found

    return relate


def _equality(left: Closure, right: Closure, *, wanted: bool) -> Closure:
    def relate(frame: Frame) -> bool | None:
        one, other = left(frame), right(frame)
        found = equal(one, other)
        if found is None:
            frame.run.note(f"A {kind(one)} and a {kind(other)} are not comparable.")
            return None
        return found is wanted

    return relate


def _logic(node: syntax.Logic) -> Closure:
    parts, decides = [compile_(one) for one in node.parts], node.word == "or"

    def decide(frame: Frame) -> bool | None:
        unknown = False
        for part in parts:
            found = part(frame)
            if type(found) is bool and found == decides:
                return decides
            unknown = unknown or type(found) is not bool
        return None if unknown else not decides

    return decide


def _between(node: syntax.Between) -> Closure:
    operand, low, high = (compile_(one) for one in (node.operand, node.low, node.high))

    def between(frame: Frame) -> bool | None:
        value = operand(frame)
        above = compare(">=", value, low(frame))
        below = compare("<=", value, high(frame))
        if above is None or below is None:
            frame.run.note(f"Whether a {kind(value)} is between these cannot be told.")
            return None
        return above and below

    return between


def _in(node: syntax.In) -> Closure:
    operand = compile_(node.operand)
    holds = testing.any_of(tuple(testing.test(one, compile_) for one in node.tests))
    return lambda frame: holds(operand(frame), frame)


def _instance_of(node: syntax.InstanceOf) -> Closure:
    operand, wanted = compile_(node.operand), node.type
    return lambda frame: types.instance(operand(frame), wanted)


def _if(node: syntax.If) -> Closure:
    condition, first, second = (compile_(one) for one in (node.condition, node.first, node.second))
    return lambda frame: first(frame) if condition(frame) is True else second(frame)


# -- parts and calls --------------------------------------------------------------------


def _path(node: syntax.Path) -> Closure:
    operand, name = loops.live(node.operand, compile_), node.name
    return lambda frame: paths.entry(operand(frame), name, frame.run)


def _call(node: syntax.Call) -> Closure:
    function = _callee(node.function)
    called = node.function.name if isinstance(node.function, syntax.Name) else ""
    reads = (lambda one: loops.live(one, compile_)) if called in _AGGREGATES else compile_
    arguments, names = [reads(one) for one in node.arguments], node.names

    def call(frame: Frame) -> Any:
        run = frame.run
        run.spend(1)
        found = function(frame)
        if not isinstance(found, Function):
            run.note(f"{called or 'This'} is no function but {kind(found)}.")
            return None
        values = [one(frame) for one in arguments]
        if names is None:
            return found.invoke(values, None, run)
        return found.invoke([], dict(zip(names, values, strict=True)), run)

    return call


def _callee(node: Node) -> Closure:
    """Compile what is called; a datum does not hide the built-in function of its name."""
    read = compile_(node)
    builtin = BUILTINS.get(node.name) if isinstance(node, syntax.Name) else None
    if builtin is None:
        return read

    def choose(frame: Frame) -> Any:
        found = read(frame)
        return found if isinstance(found, Function) else builtin

    return choose


def _function(node: syntax.FunctionOf) -> Closure:
    body, depth = compile_(node.body), node.depth + 1
    names = tuple(name for name, _ in node.parameters)
    wanted = [one for _, one in node.parameters]
    signature = (*(one or types.ANY for one in wanted), None)

    def define(frame: Frame) -> Function:
        def call(*values: Any) -> Any:
            run = frame.run
            taken = _coerced(names, wanted, values, run)
            if taken is None:
                return None
            run.enter(depth)
            try:
                return body(frame.inner(taken))
            finally:
                run.leave(depth)

        return Function(names, call, types=signature)

    return define


def _coerced(
    names: tuple[str, ...], wanted: list[types.Type | None], values: tuple[Any, ...], run: Run
) -> dict[str, Any] | None:
    taken = dict(zip(names, values, strict=True))
    for name, one in zip(names, wanted, strict=True):
        if one is not None:
            taken[name], fits = types.coerce(taken[name], one)
            if not fits:
                run.note(f"The argument {name!r} is no {one}.")
                return None
    return taken


# -- collections ------------------------------------------------------------------------


def _list(node: syntax.ListOf) -> Closure:
    items = [compile_(one) for one in node.items]
    return lambda frame: [one(frame) for one in items]


def _context(node: syntax.ContextOf) -> Closure:
    entries = [(name, compile_(one)) for name, one in node.entries]

    def build(frame: Frame) -> dict[str, Any]:
        # Each entry sees those before it; a function also sees itself.
        found: dict[str, Any] = {}
        inner = frame.inner(found)
        for name, one in entries:
            found[name] = one(inner)
        return found

    return build


def _range(node: syntax.RangeOf) -> Closure:
    start = None if node.start is None else compile_(node.start)
    end = None if node.end is None else compile_(node.end)
    first, last = node.start_included, node.end_included

    def build(frame: Frame) -> Range | None:
        low = None if start is None else start(frame)
        high = None if end is None else end(frame)
        missing = (low is None and start is not None) or (high is None and end is not None)
        ends = [one for one in (low, high) if one is not None]
        if missing or len({*map(type, ends)}) > 1 or any(key(one) is None for one in ends):
            frame.run.note(f"There is no range from {kind(low)} to {kind(high)}.")
            return None
        return Range(low, high, first, last)

    return build


def _nothing(node: syntax.Nothing) -> Closure:
    def note(frame: Frame) -> None:
        frame.run.note(node.reason)

    return note


def _no_value(node: Node) -> Closure:
    raise AssertionError(f"{type(node).__name__} stands only inside of others")


_KINDS: dict[type, Callable[[Any], Closure]] = {
    Literal: _literal,
    syntax.Name: _name,
    syntax.Negation: _negation,
    syntax.Arithmetic: _arithmetic,
    syntax.Comparison: _comparison,
    syntax.Logic: _logic,
    syntax.Between: _between,
    syntax.Test: _no_value,
    syntax.In: _in,
    syntax.InstanceOf: _instance_of,
    syntax.If: _if,
    syntax.Span: _no_value,
    syntax.For: lambda node: loops.collected(node, compile_),
    syntax.Quantified: lambda node: loops.quantified(node, compile_),
    syntax.Path: _path,
    syntax.Filter: lambda node: loops.filtered(node, compile_),
    syntax.Call: _call,
    syntax.ListOf: _list,
    syntax.ContextOf: _context,
    syntax.RangeOf: _range,
    syntax.FunctionOf: _function,
    syntax.Nothing: _nothing,
}
