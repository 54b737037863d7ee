"""Instructions for the person at a task: Markdown with places for data.

spiff-arena writes them as Jinja templates. Jinja's own parser reads the text
here, and nothing of Jinja runs it: a small interpreter knows names, members,
conditions, loops and a dozen filters, counts its steps, and escapes every value
so that what a citizen typed is never markup. What goes beyond is refused when the
diagram is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

MAX_TEXT = 20_000
MAX_STEPS = 10_000
MAX_FILLED = 50_000
MAX_DEPTH = 40
WITHHELD = "█"
"""What stands for a value that the reader may not see."""

_PARSER = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:])")
_METHODS: Mapping[str, Callable[[Any], Any]] = {
    "items": lambda value: list(value.items()),
    "keys": list,
    "values": lambda value: list(value.values()),
}
_KNOWN = (
    nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Filter, nodes.Call, nodes.If, nodes.For, nodes.Compare, nodes.Operand, nodes.And,
    nodes.Or, nodes.Not, nodes.Neg, nodes.CondExpr, nodes.Test, nodes.Tuple, nodes.List,
)  # fmt: skip


class BadInstructionsError(Exception):
    """The text goes beyond what is understood; ``line`` counts from 1 within it."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message, self.line = message, line


@dataclass(frozen=True, slots=True)
class Instructions:
    """A text that was read.

    Attributes:
        names: the data it mentions.
    """

    body: tuple[nodes.Node, ...]
    names: frozenset[str]

    def fill(self, data: Mapping[str, Any]) -> str:
        """Return the Markdown with data in their places; a missing one leaves nothing."""
        filling = _Filling()
        try:
            for part in filling.run(self.body, dict(data)):
                filling.add(part)
        except _FullError:
            filling.parts.append("…")
        return "".join(filling.parts).strip()


@lru_cache(maxsize=1024)
def read(text: str) -> Instructions:
    """Read instructions.

    Raises:
        BadInstructionsError: they say what is not understood here.
    """
    if len(text) > MAX_TEXT:
        raise BadInstructionsError(f"They are longer than {MAX_TEXT:,} characters.", 1)
    try:
        tree = _PARSER.parse(text)
    except TemplateSyntaxError as problem:
        raise BadInstructionsError(f"{problem.message}.", problem.lineno) from None
    except RecursionError:
        raise BadInstructionsError("They are too deeply nested.", 1) from None
    _demand_known(tree, MAX_DEPTH)
    return Instructions(tuple(tree.body), frozenset(_names(tree)))


def _names(tree: nodes.Node) -> Iterator[str]:
    own = {one.name for one in tree.find_all(nodes.Name) if one.ctx == "store"}
    own |= {"loop"} if tree.find(nodes.For) else set()
    yield from (one.name for one in tree.find_all(nodes.Name) if one.name not in own)


def _demand_known(node: nodes.Node, depth: int) -> None:
    for one in node.iter_child_nodes():
        if depth == 0:
            raise BadInstructionsError("They are too deeply nested.", one.lineno)
        if not isinstance(one, _KNOWN):
            raise BadInstructionsError(f"{_word(one)} is not understood here.", one.lineno)
        what = _beyond(one)
        if what is not None:
            raise BadInstructionsError(f"{what} is not understood here.", one.lineno)
        _demand_known(one, depth - 1)


def _word(node: nodes.Node) -> str:
    return f"{{% {type(node).__name__.lower()} %}}"


def _beyond(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        return f"The filter {node.name!r}"
    if isinstance(node, nodes.Test) and (node.name not in _TESTS or node.args):
        return f"The test {node.name!r}"
    if isinstance(node, nodes.Call):
        is_method = isinstance(node.node, nodes.Getattr) and node.node.attr in _METHODS
        plain = not (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs)
        return None if is_method and plain else "A call"
    if isinstance(node, nodes.For) and (node.recursive or node.test is not None):
        return "A loop with a condition of its own"
    if isinstance(node, nodes.Getattr | nodes.Name):
        name = node.attr if isinstance(node, nodes.Getattr) else node.name
        return f"{name!r}" if name.startswith("_") else None
    return None


# -- filters and tests -------------------------------------------------------------


def _plain(value: Any) -> str:
    if isinstance(value, dict) and {"$sealed", "$withheld"} & value.keys():
        return WITHHELD
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(one)}" for key, one in value.items())
    return "" if value is None else str(value)


def _default(value: Any, other: Any = "", falsy: Any = False) -> Any:
    return other if value is None or (falsy and not value) else value


def _rounded(value: Any, digits: Any = 0) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return round(value, min(max(int(digits), 0), 15)) if is_number else value


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else 0


def _joined(value: Any, by: Any = "") -> str:
    return str(by).join(_plain(one) for one in value) if isinstance(value, list) else _plain(value)


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "default": _default,
    "d": _default,
    "length": _length,
    "count": _length,
    "join": _joined,
    "upper": lambda value: _plain(value).upper(),
    "lower": lambda value: _plain(value).lower(),
    "title": lambda value: _plain(value).title(),
    "capitalize": lambda value: _plain(value).capitalize(),
    "trim": lambda value: _plain(value).strip(),
    "string": _plain,
    "first": lambda value: value[0] if isinstance(value, list | str) and value else None,
    "last": lambda value: value[-1] if isinstance(value, list | str) and value else None,
    "round": _rounded,
    # Every value is escaped anyway.
    "escape": lambda value: value,
    "e": lambda value: value,
    "sanitize_for_md": lambda value: value,
}
_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "defined": lambda value: value is not None,
    "undefined": lambda value: value is None,
    "none": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "mapping": lambda value: isinstance(value, dict),
    "sequence": lambda value: isinstance(value, list | str),
}
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: bool(left == right),
    "ne": lambda left, right: bool(left != right),
    "lt": lambda left, right: bool(left < right),
    "lteq": lambda left, right: bool(left <= right),
    "gt": lambda left, right: bool(left > right),
    "gteq": lambda left, right: bool(left >= right),
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}


def _escaped(value: Any) -> str:
    """Return a value as Markdown that shows it as it is, on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(_plain(value).split()))


# -- filling in --------------------------------------------------------------------


class _FullError(Exception):
    """Enough steps were taken, or enough was written."""


class _Filling:
    """One text being filled in."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.steps = self.length = 0

    def add(self, part: str) -> None:
        self.length += len(part)
        if self.length > MAX_FILLED:
            raise _FullError
        self.parts.append(part)

    def run(self, body: tuple[nodes.Node, ...] | list[nodes.Node], data: Any) -> Iterator[str]:
        for node in body:
            self._step()
            if isinstance(node, nodes.Output):
                yield from self._output(node, data)
            elif isinstance(node, nodes.If):
                yield from self.run(self._branch(node, data), data)
            elif isinstance(node, nodes.For):
                yield from self._loop(node, data)

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise _FullError

    def _output(self, node: nodes.Output, data: Any) -> Iterator[str]:
        for one in node.nodes:
            if isinstance(one, nodes.TemplateData):
                yield one.data
            else:
                yield _escaped(self.value(one, data))

    def _branch(self, node: nodes.If, data: Any) -> list[nodes.Node]:
        for one in (node, *node.elif_):
            if self.value(one.test, data):
                return one.body
        return node.else_

    def _loop(self, node: nodes.For, data: Any) -> Iterator[str]:
        found = self.value(node.iter, data)
        items = list(found) if isinstance(found, list | dict | str) else []
        for index, item in enumerate(items):
            place = {
                "index": index + 1,
                "index0": index,
                "first": index == 0,
                "last": index == len(items) - 1,
                "length": len(items),
            }
            yield from self.run(node.body, {**data, **_bound(node.target, item), "loop": place})
        if not items:
            yield from self.run(node.else_, data)

    def value(self, node: Any, data: Any) -> Any:
        """Return the value of an expression; what is missing or does not fit is None."""
        self._step()
        try:
            return _VALUES[type(node)](self, node, data)
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
            return None


def _bound(target: nodes.Node, item: Any) -> dict[str, Any]:
    if isinstance(target, nodes.Tuple):
        parts = item if isinstance(item, list | tuple) else [item]
        return {name.name: one for name, one in zip(target.items, parts, strict=False)}  # type: ignore[attr-defined]
    return {target.name: item} if isinstance(target, nodes.Name) else {}


def _member(self: _Filling, node: Any, data: Any) -> Any:
    holder = self.value(node.node, data)
    key = node.attr if isinstance(node, nodes.Getattr) else self.value(node.arg, data)
    if isinstance(holder, dict):
        return holder.get(key)
    return holder[key] if isinstance(holder, list | str) and isinstance(key, int) else None


def _filtered(self: _Filling, node: Any, data: Any) -> Any:
    arguments = [self.value(one, data) for one in node.args]
    named = {one.key: self.value(one.value, data) for one in node.kwargs}
    return _FILTERS[node.name](self.value(node.node, data), *arguments, *named.values())


def _called(self: _Filling, node: Any, data: Any) -> Any:
    holder = self.value(node.node.node, data)
    return _METHODS[node.node.attr](holder) if isinstance(holder, dict) else []


def _compared(self: _Filling, node: Any, data: Any) -> bool:
    left = self.value(node.expr, data)
    for one in node.ops:
        right = self.value(one.expr, data)
        if not _COMPARED[one.op](left, right):
            return False
        left = right
    return True


_VALUES: Mapping[type, Callable[[_Filling, Any, Any], Any]] = {
    nodes.Const: lambda _, node, __: node.value,
    nodes.Name: lambda _, node, data: data.get(node.name),
    nodes.Getattr: _member,
    nodes.Getitem: _member,
    nodes.Filter: _filtered,
    nodes.Call: _called,
    nodes.Compare: _compared,
    nodes.And: lambda self, node, data: (
        self.value(node.left, data) and self.value(node.right, data)
    ),
    nodes.Or: lambda self, node, data: self.value(node.left, data) or self.value(node.right, data),
    nodes.Not: lambda self, node, data: not self.value(node.node, data),
    nodes.Neg: lambda self, node, data: -self.value(node.node, data),
    nodes.CondExpr: lambda self, node, data: self.value(
        node.expr1 if self.value(node.test, data) else node.expr2, data
    ),
    nodes.Test: lambda self, node, data: _TESTS[node.name](self.value(node.node, data)),
    nodes.List: lambda self, node, data: [self.value(one, data) for one in node.items],
    nodes.Tuple: lambda self, node, data: [self.value(one, data) for one in node.items],
}
