"""Values as text, the way ``string()`` writes them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from engine.feel import numbers
from engine.feel.errors import FeelLimit
from engine.feel.values import Range

_NAME = re.compile(r"[^\W\d][\w ]*")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d+)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SPECIAL = re.compile('["\\\\\n\r\t]')
MAX_DEPTH = 100


def quoted(text: str) -> str:
    """Return a string as a literal."""
    return '"' + _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text) + '"'


def string(value: Any, limit: int) -> str | None:
    """Return a value as text, a string as it is, None for null.

    Raises:
        FeelLimit: it has more than ``limit`` characters.
    """
    if value is None or isinstance(value, str):
        return value
    return _Writer(limit).write(value, 0)


class _Writer:
    def __init__(self, limit: int) -> None:
        self.left = limit

    def write(self, value: Any, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise FeelLimit(f"A value is nested more than {MAX_DEPTH} deep.")
        if isinstance(value, list):
            return self._spend("[" + ", ".join(self.write(one, depth + 1) for one in value) + "]")
        if isinstance(value, dict):
            entries = (f"{_key(key)}: {self.write(one, depth + 1)}" for key, one in value.items())
            return self._spend("{" + ", ".join(entries) + "}")
        if isinstance(value, Range):
            return self._spend(self._range(value, depth))
        return self._spend(_plain(value))

    def _range(self, value: Range, depth: int) -> str:
        if value.start is None and value.end is not None:
            return f"({'<=' if value.end_included else '<'} {self.write(value.end, depth + 1)})"
        if value.end is None and value.start is not None:
            return f"({'>=' if value.start_included else '>'} {self.write(value.start, depth + 1)})"
        first = "[" if value.start_included else "("
        last = "]" if value.end_included else ")"
        start, end = self.write(value.start, depth + 1), self.write(value.end, depth + 1)
        return f"{first}{start}..{end}{last}"

    def _spend(self, text: str) -> str:
        # Each level counts again what is inside, which bounds the work as well.
        self.left -= len(text)
        if self.left < 0:
            raise FeelLimit("A string is too long.")
        return text


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return numbers.text(value)
    return quoted(value) if isinstance(value, str) else _other(value)


def _other(value: Any) -> str:
    name = getattr(value, "name", None)
    return str(value) if name is None else f"function {name}".strip()


def _key(key: str) -> str:
    return key if _NAME.fullmatch(key) else quoted(key)


def is_number(text: str) -> bool:
    """Whether a text is digits that make a number."""
    return _NUMBER.fullmatch(text) is not None
