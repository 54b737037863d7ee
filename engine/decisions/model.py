"""A decision table as it was read: immutable, its cells translated once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from engine.scripts import Code

HitPolicy = Literal["U", "F"]


@dataclass(frozen=True, slots=True)
class Cell:
    """An output cell: a literal value, or an expression where ``code`` is set."""

    value: Any = None
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """An input column: its heading and the expression as the designer wrote it."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """An output column: the name in the result, and what stands there if no rule matches."""

    name: str
    label: str
    default: Cell | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row.

    Attributes:
        key: its id in the file, or ``row-N``.
        row: counted from 1, as the designer sees it.
        condition: None matches always.
        cells: one for each output.
    """

    key: str
    row: int
    condition: Code | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision table.

    Attributes:
        key: its id in the file; what ``decisionRef`` names.
        hit_policy: ``U``, at most one rule may match; ``F``, the first that matches counts.
        needs: data that the input expressions read; they must be there.
        names: all data that it reads.
    """

    key: str
    name: str
    hit_policy: HitPolicy
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    needs: frozenset[str]
    names: frozenset[str]
    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """What a decision gave.

    Attributes:
        outputs: one object for each matching rule, or one of defaults, or none.
        matched: the keys of the rules that matched; empty where defaults were taken.
    """

    outputs: list[dict[str, Any]]
    matched: list[str]
