"""DMN decision tables: read once, evaluated through the sandbox alone.

This release reads decision tables with the hit policies unique and first and
S-FEEL cells; everything else is refused by name.
"""

from __future__ import annotations

from engine.decisions.evaluation import SHAPES, Evaluate, evaluate, shape
from engine.decisions.model import Cell, Decision, DecisionResult, Input, Output, Rule
from engine.decisions.reader import read

__all__ = [
    "SHAPES",
    "Cell",
    "Decision",
    "DecisionResult",
    "Evaluate",
    "Input",
    "Output",
    "Rule",
    "evaluate",
    "read",
    "shape",
]
