"""Texts that only read, compare and put together data: answered here, without a worker.

Nearly all that a process asks is as plain as ``text``, ``case['starter']``, ``a == 'x' and
not b``, ``[one['code'] for one in places]`` or ``working_days(3)``. Such a text is read in
place: it is turned once into what reads it (``constructs``), out of operations that do what
the interpreter does (``operations``). It comes to the interpreter's own value, or to nothing:
another construct, a name that is no datum, a key that is not there, a large value, one that
is no JSON, anything that fails is left to the interpreter, which then judges it alone.
Nobody can tell afterwards who read a text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from engine.scripts.building import Frame, Inputs, Reader, Step
from engine.scripts.code import Facts, Mode, facts, tree_of
from engine.scripts.constructs import reader_of, steps_of
from engine.scripts.operations import WIDEST, Unread
from engine.scripts.values import Unfit, Walk, same

VALUES, CHARACTERS, DEPTH = 500, 20_000, 16
"""Up to this size a value is copied here; far below every limit of the interpreter."""
_TIMES = frozenset({"datetime", "date", "timedelta"})
_FAILURES = (Unread, ValueError, OverflowError, RecursionError)

UNREAD = object()
"""What is answered when the interpreter has to be asked."""


class Around(NamedTuple):
    """What a text may read besides data.

    Attributes:
        now: aware; what its clock shows.
        hosts: look-ups by name; they raise ``ValueError`` for what they refuse.
    """

    now: datetime
    hosts: Mapping[str, Callable[..., Any]] = {}


def read(text: str, inputs: Inputs, around: Around) -> Any:
    """Return what an expression comes to, sharing nothing with the data; or ``UNREAD``."""
    reader = _reader(text)
    if reader is None:
        return UNREAD
    try:
        return _Copy().of(reader(Frame(inputs, *around)), 0)
    except _FAILURES:
        return UNREAD


def run(text: str, inputs: Inputs, around: Around) -> Any:
    """Return the variables that a script makes or changes, by name; or ``UNREAD``.

    Names that begin with an underscore are not among them, nor what equals the input.
    """
    steps = _steps(text)
    if steps is None:
        return UNREAD
    frame = Frame(inputs, *around)
    try:
        _look_through(facts(text, "script"), inputs)
        for step in steps:
            step(frame)
        copy = _Copy(10 * VALUES, 10 * CHARACTERS)
        made = {name: copy.of(one, 0) for name, one in frame.own.items() if name[0] != "_"}
    except _FAILURES:
        return UNREAD
    return {
        name: value
        for name, value in made.items()
        if name not in inputs or not same(value, inputs[name])
    }


def _look_through(found: Facts, inputs: Inputs) -> None:
    """Demand that the interpreter could take, and give back, all data that a script reads."""
    copy, missing = _Copy(10 * VALUES, 10 * CHARACTERS), False
    for name in found.reads:
        if name in inputs:
            copy.of(inputs[name], 0)
        else:
            missing = True
    # A datum may be meant whose key is another spelling of the name.
    if missing and not all(key.isascii() for key in inputs):
        raise Unread


@lru_cache(maxsize=4096)
def _reader(text: str) -> Reader | None:
    """Return what reads such an expression; None for every other one."""
    reader: Reader | None = _built(text, "expression", reader_of)
    return reader


@lru_cache(maxsize=1024)
def _steps(text: str) -> list[Step] | None:
    """Return what runs such a script; None for every other one."""
    steps: list[Step] | None = _built(text, "script", steps_of)
    return steps


def _built(text: str, mode: Mode, build: Callable[..., Any]) -> Any:
    found = facts(text, mode)
    # A datum that is called like a function: which of them is meant, the sandbox decides.
    if found.mistake or found.conflicts or found.made:
        return None
    try:
        return build(tree_of(text, mode), found)
    except Unread:
        return None


class _Copy:
    """Copies values as JSON; counts their parts and characters."""

    __slots__ = ("_characters", "_values")

    def __init__(self, values: int = VALUES, characters: int = CHARACTERS) -> None:
        self._values, self._characters = values, characters

    def of(self, value: Any, depth: int) -> Any:
        """Return a copy.

        Raises:
            Unread: it is large, or holds what is not plainly JSON.
        """
        self._values -= 1
        if self._values < 0 or depth > DEPTH:
            raise Unread
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return self._text(value)
        if kind is list or kind is tuple:
            return [self.of(one, depth + 1) for one in value]
        if kind is dict:
            return {self._text(key): self.of(one, depth + 1) for key, one in value.items()}
        if (kind is int and -WIDEST < value < WIDEST) or (kind is float and math.isfinite(value)):
            return value
        return _tagged(value)

    def _text(self, value: Any) -> str:
        if type(value) is not str:
            raise Unread
        self._characters -= len(value) + 1
        # Lone surrogates and null characters are none that can be kept.
        if self._characters < 0 or not (value.isascii() or _is_text(value)) or "\0" in value:
            raise Unread
        return value


def _tagged(value: Any) -> Any:
    if type(value).__name__ not in _TIMES:
        raise Unread
    try:
        return Walk().plain(value)
    except Unfit:
        raise Unread from None


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
