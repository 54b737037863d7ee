"""Values to the JSON that case data hold, and back.

Whole numbers become integers, other numbers a float where it is written with the same
digits and else their text, dates and durations their ISO text. A function becomes its
text: it is no datum.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.feel import literals, numbers, types, writing
from engine.feel.errors import FeelLimit
from engine.feel.types import Type
from engine.feel.values import Function, Range, admit

MAX_NODES = 1_000_000
MAX_DEPTH = 64
MAX_INTEGER = 2**63
_LARGEST = 1e300


def to_json(value: Any, *, exact: bool = True) -> Any:
    """Return a value as plain JSON.

    Args:
        exact: a number that no float says with the same digits becomes text; else the
            float next to it.

    Raises:
        FeelLimit: it is too large or too deeply nested.
    """
    return _Walk(MAX_NODES, exact=exact).plain(value, 0)


def check(value: Any, nodes: int) -> None:
    """Raise FeelLimit for a value with more nodes than that, or nested too deeply."""
    if isinstance(value, list | dict | Range):
        _Walk(nodes).plain(value, 0)


class _Walk:
    def __init__(self, nodes: int, *, exact: bool = True) -> None:
        self.left, self.exact = nodes, exact

    def plain(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if self.left < 0:
            raise FeelLimit("The result has too many parts.")
        if depth > MAX_DEPTH:
            raise FeelLimit(f"The result is nested more than {MAX_DEPTH} deep.")
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, Decimal):
            return _number(value, exact=self.exact)
        if isinstance(value, list):
            return [self.plain(one, depth + 1) for one in value]
        if isinstance(value, dict):
            return {key: self.plain(one, depth + 1) for key, one in value.items()}
        if isinstance(value, Range):
            return {
                "start": self.plain(value.start, depth + 1),
                "end": self.plain(value.end, depth + 1),
                "start included": value.start_included,
                "end included": value.end_included,
            }
        return f"function {value.name}".strip() if isinstance(value, Function) else str(value)


def _number(value: Decimal, *, exact: bool) -> int | float | str:
    if value == value.to_integral_value() and value.adjusted() < 20:
        whole = int(value)
        if abs(whole) < MAX_INTEGER:
            return whole
    near = float(value)
    fits = abs(near) < _LARGEST and (not exact or numbers.of_float(near) == value)
    return near if fits and (not exact or near != int(near)) else numbers.text(value)


def from_json(value: Any, wanted: Type | None = None) -> Any:
    """Return plain JSON as a value.

    Args:
        value: numbers may be int, float or Decimal.
        wanted: where a date, time or duration is due, text becomes one; numbers may be
            text. What does not fit stays what it is.
    """
    return admit(value) if wanted is None else _typed(admit(value), wanted)


def _typed(value: Any, wanted: Type) -> Any:
    if isinstance(value, str):
        return _read(value, wanted)
    if isinstance(value, list):
        part = wanted.parts[0] if wanted.name == "list" and wanted.parts else wanted
        return [_typed(one, part) for one in value]
    if isinstance(value, Mapping):
        fields = dict(wanted.fields)
        return {
            name: _typed(one, fields[name]) if name in fields else one
            for name, one in value.items()
        }
    return value


def _read(text: str, wanted: Type) -> Any:
    found: Any = None
    if wanted.name == "number":
        found = numbers.read(text) if writing.is_number(text) else None
    elif wanted.name == "date":
        found = literals.date(text)
    elif wanted.name == "time":
        found = literals.time(text)
    elif wanted.name == "date and time":
        found = literals.moment(text)
    elif wanted in (types.MONTHS, types.SECONDS):
        found = literals.duration(text)
        found = found if types.conforms(found, wanted) else None
    elif wanted.name == "list" and wanted.parts:
        return _read(text, wanted.parts[0])
    return text if found is None else found
