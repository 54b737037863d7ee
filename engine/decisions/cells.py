"""Input cells of decision tables: most are a few values or an interval, and fast.

What a cell says is told from its text: ``"a","b"``, ``5``, ``> 5``, ``[1..10)``,
``not("a")``. These are answered here by comparing, exactly as FEEL answers them; every
other cell is FEEL's. A test shows that both say the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from engine import feel
from engine.decisions.running import Run

_PLAIN = (str, Decimal, bool, type(None))
_VALUE = re.compile(
    r"""\s*(?:"(?P<text>[^"\\]*)"|(?P<number>-?\d{1,30}(?:\.\d{1,30})?)|(?P<word>true|false|null))\s*(?:,|$)"""
)
_NUMBER = r"(-?\d{1,30}(?:\.\d{1,30})?)"
_COMPARED = re.compile(rf"\s*(<=|>=|<|>)\s*{_NUMBER}\s*")
_INTERVAL = re.compile(rf"\s*([\[\](])\s*{_NUMBER}\s*\.\.\s*{_NUMBER}\s*([\])\[])\s*")
_NOT = re.compile(r"\s*not\s*\((.*)\)\s*", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_LONGEST = 2_000


class Span(NamedTuple):
    """An interval; None is without an end."""

    low: Any
    low_in: bool
    high: Any
    high_in: bool

    def holds(self, value: Any) -> bool:
        """Whether a value of the same kind lies in it."""
        if self.low is not None and (value < self.low or (value == self.low and not self.low_in)):
            return False
        return self.high is None or value < self.high or (value == self.high and self.high_in)


@dataclass(frozen=True, slots=True)
class Cell:
    """One input cell.

    Attributes:
        points: values it lets pass, each with its class (True is 1 in Python).
        spans: intervals of numbers that it lets pass.
        negated: lets pass all but these.
        tests: FEEL's own; None where the above are all it says and it is not negated.
    """

    text: str
    points: frozenset[tuple[type, Any]] = frozenset()
    spans: tuple[Span, ...] = ()
    negated: bool = False
    tests: feel.UnaryTests | None = None

    @property
    def is_simple(self) -> bool:
        """Whether points and spans are all that it says."""
        return bool(self.points or self.spans)

    def holds(self, value: Any, scope: Mapping[str, Any], run: Run) -> bool:
        """Whether a value passes; what FEEL does not know does not."""
        kind = type(value)
        if self.tests is None or (self.negated and self._alike(kind)):
            found = kind in _PLAIN and (kind, value) in self.points
            if not found and kind is Decimal:
                for one in self.spans:
                    found = found or one.holds(value)
            return found is not self.negated
        if run.strict and self.tests.names:
            run.demand(self.tests.names - {"?"}, scope, self.text, f"Cell {self.text[:60]!r}")
        return self.tests.test(value, scope, run=run.feel) is True

    def _alike(self, kind: type) -> bool:
        if not self.is_simple or (self.spans and kind is not Decimal):
            return False
        return all(one is kind for one, _ in self.points)


def told(text: str) -> Cell | None:
    """Return what a text says where it is values and intervals of numbers, else None."""
    if len(text) > _LONGEST:
        return None
    inner = _NOT.fullmatch(text)
    found = _positive(text if inner is None else inner[1])
    if found is None:
        return None
    points, spans = found
    return Cell(text, points, spans, negated=inner is not None)


def _positive(text: str) -> tuple[frozenset[tuple[type, Any]], tuple[Span, ...]] | None:
    compared = _COMPARED.fullmatch(text)
    if compared is not None:
        return frozenset(), (_compared(compared[1], Decimal(compared[2])),)
    interval = _INTERVAL.fullmatch(text)
    if interval is not None:
        low, high = Decimal(interval[2]), Decimal(interval[3])
        # Ends the wrong way round are FEEL's to judge.
        span = Span(low, interval[1] == "[", high, interval[4] == "]")
        return (frozenset(), (span,)) if low <= high else None
    values = literals(text)
    return None if values is None else (frozenset((type(one), one) for one in values), ())


def _compared(sign: str, number: Decimal) -> Span:
    if sign[0] == "<":
        return Span(None, False, number, sign == "<=")
    return Span(number, sign == ">=", None, False)


def literals(text: str) -> list[Any] | None:
    """Return the values of a list of plain literals such as ``"a", 5``; None for all else."""
    found: list[Any] = []
    at = 0
    while at < len(text):
        match = _VALUE.match(text, at)
        if match is None:
            return None
        kind = match.lastgroup
        given = match[str(kind)]
        found.append(
            given if kind == "text" else Decimal(given) if kind == "number" else _WORDS[given]
        )
        at = match.end()
    return found if found and text.rstrip()[-1] != "," else None
