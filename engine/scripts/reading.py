"""Expressions that only read a datum: answered here, without a worker.

Nearly half of what a process asks does nothing with its data: ``text``,
``value('photos')``, ``case['starter']``, ``new_text or text``. Such an expression comes to
the datum itself, so that is copied. Whatever is not as plain as that is left to the
interpreter, which then judges it alone: another construct, a name that is no datum, a
key that is not there, a large value, one that is no JSON.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from engine.scripts.code import facts, tree_of

VALUES, CHARACTERS, DEPTH = 500, 20_000, 16
"""Up to this size a value is copied here; far below every limit of the interpreter."""
_WIDEST = 2**53
"""Whole numbers that every reader of JSON keeps."""

Inputs = Mapping[str, Any]
Reader = Callable[[Inputs], Any]


class _Unread(Exception):
    """The interpreter has to be asked."""


UNREAD = object()
"""What ``read`` answers when the interpreter has to be asked."""


def read(text: str, inputs: Inputs) -> Any:
    """Return a copy of what an expression reads, or ``UNREAD``."""
    reader = _reader(text)
    if reader is None:
        return UNREAD
    try:
        return _Copy().of(reader(inputs), 0)
    except _Unread:
        return UNREAD


@lru_cache(maxsize=4096)
def _reader(text: str) -> Reader | None:
    """Return what reads the data of such an expression; None for every other one."""
    found = facts(text, "expression")
    # A datum that is called like a function: which of them is meant, the sandbox decides.
    if found.mistake or found.conflicts or not found.calls <= {"value"}:
        return None
    tree = tree_of(text, "expression")
    assert isinstance(tree, ast.Expression), "it has no mistake"
    return _build(tree.body, found.reads)


def _build(node: ast.expr, reads: frozenset[str]) -> Reader | None:
    match node:
        case ast.Name(id=name) if name in reads and not name.startswith("__"):
            return lambda inputs: _datum(inputs, name)
        case ast.Call(func=ast.Name(id="value"), args=[ast.Constant(value=str(name))], keywords=[]):
            return lambda inputs: inputs.get(name)
        case ast.Subscript(value=inner, slice=ast.Constant(value=str(key))):
            holder = _build(inner, reads)
            return None if holder is None else lambda inputs: _part(holder(inputs), key)
        case ast.List(elts=parts):
            several = _build_all(parts, reads)
            return None if several is None else lambda inputs: [one(inputs) for one in several]
        case ast.BoolOp(op=ast.Or(), values=parts):
            choices = _build_all(parts, reads)
            return None if choices is None else lambda inputs: _first(choices, inputs)
    return None


def _build_all(nodes: list[ast.expr], reads: frozenset[str]) -> list[Reader] | None:
    built = [_build(one, reads) for one in nodes]
    readers = [one for one in built if one is not None]
    return readers if len(readers) == len(nodes) else None


def _datum(inputs: Inputs, name: str) -> Any:
    try:
        return inputs[name]
    except KeyError:
        raise _Unread from None


def _part(holder: Any, key: str) -> Any:
    if type(holder) is not dict or key not in holder:
        raise _Unread
    return holder[key]


def _first(choices: list[Reader], inputs: Inputs) -> Any:
    """Return the first that is true in Python's sense, else the last."""
    for one in choices:
        value = _Copy().of(one(inputs), 0)
        if value:
            break
    return value


class _Copy:
    """Copies one value of JSON; counts its parts and characters."""

    __slots__ = ("_characters", "_values")

    def __init__(self) -> None:
        self._values, self._characters = VALUES, CHARACTERS

    def of(self, value: Any, depth: int) -> Any:
        """Return a copy.

        Raises:
            _Unread: it is large, or holds what is not plainly JSON.
        """
        self._values -= 1
        if self._values < 0 or depth > DEPTH:
            raise _Unread
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return self._text(value)
        if kind is list:
            return [self.of(one, depth + 1) for one in value]
        if kind is dict:
            return {self._text(key): self.of(one, depth + 1) for key, one in value.items()}
        if (kind is int and -_WIDEST < value < _WIDEST) or (kind is float and math.isfinite(value)):
            return value
        raise _Unread

    def _text(self, value: Any) -> str:
        if type(value) is not str:
            raise _Unread
        self._characters -= len(value) + 1
        # Lone surrogates and null characters are none that can be kept.
        if self._characters < 0 or not (value.isascii() or _is_text(value)) or "\0" in value:
            raise _Unread
        return value


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
