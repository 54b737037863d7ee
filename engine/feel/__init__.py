"""FEEL, the expression language of DMN 1.5: parsed once, evaluated in process.

It reads no clock, no file and no network; every evaluation has a budget of steps and
sizes. What goes wrong is null, as the language wants it, and notes say why; only a text
that is no FEEL is refused, and only a budget that is used up stops an evaluation.

Source: OMG, Decision Model and Notation 1.5, chapter 10.
"""

from __future__ import annotations

from engine.feel.builtins import BUILTINS
from engine.feel.errors import FeelError, FeelLimit
from engine.feel.exchange import from_json, to_json
from engine.feel.expression import Expression, UnaryTests, parse, parse_unary
from engine.feel.run import LIMITS, Limits, Run
from engine.feel.temporal import (
    FeelDate,
    FeelDateTime,
    FeelTime,
    MonthsDuration,
    TimeDuration,
)
from engine.feel.values import Function, Range, equal, kind
from engine.feel.writing import string

__all__ = [
    "BUILTINS",
    "LIMITS",
    "Expression",
    "FeelDate",
    "FeelDateTime",
    "FeelError",
    "FeelLimit",
    "FeelTime",
    "Function",
    "Limits",
    "MonthsDuration",
    "Range",
    "Run",
    "TimeDuration",
    "UnaryTests",
    "equal",
    "from_json",
    "kind",
    "parse",
    "parse_unary",
    "string",
    "to_json",
]
