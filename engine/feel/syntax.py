"""The parts of an expression, as the parser makes them. Immutable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.feel.types import Type


@dataclass(frozen=True, slots=True)
class Literal:
    """A value; also a range or at-literal whose parts are literals."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """What a name stands for; ``?`` is the value that is tested."""

    name: str


@dataclass(frozen=True, slots=True)
class Negation:
    """``-operand``."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``first + second - third``: operands of one precedence, from left to right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left sign right`` with =, !=, <, <=, > or >=."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` or ``or`` between all parts."""

    word: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """``operand between low and high``."""

    operand: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Test:
    """``sign operand``: what is tested stands before it, unwritten."""

    sign: str
    operand: Node


@dataclass(frozen=True, slots=True)
class In:
    """``operand in tests``: whether one of them holds."""

    operand: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """``operand instance of type``."""

    operand: Node
    type: Type


@dataclass(frozen=True, slots=True)
class If:
    """``if condition then first else second``."""

    condition: Node
    first: Node
    second: Node


@dataclass(frozen=True, slots=True)
class Span:
    """``low..high`` in an iteration."""

    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class For:
    """``for name in domain, … return body``."""

    iterators: tuple[tuple[str, Node], ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Quantified:
    """``some name in domain, … satisfies condition``, or ``every``."""

    word: str
    iterators: tuple[tuple[str, Node], ...]
    condition: Node


@dataclass(frozen=True, slots=True)
class Path:
    """``operand.name``."""

    operand: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter:
    """``operand[condition]``."""

    operand: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments)``; ``names`` where they are named."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class ListOf:
    """``[items]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextOf:
    """``{key: value, …}``."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class RangeOf:
    """``[start..end]`` and the like; an open side is None."""

    start: Node | None
    end: Node | None
    start_included: bool
    end_included: bool


@dataclass(frozen=True, slots=True)
class FunctionOf:
    """``function(parameters) body``; ``depth`` is how deep the body is nested."""

    parameters: tuple[tuple[str, Type | None], ...]
    body: Node
    depth: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """What can have no value, and why: an external function's body, a context with twins."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tests:
    """The tests of a cell; ``refused`` for ``not(…)``, none at all for ``-``."""

    parts: tuple[Node, ...]
    refused: bool = False


Node = (
    Literal
    | Name
    | Negation
    | Arithmetic
    | Comparison
    | Logic
    | Between
    | Test
    | In
    | InstanceOf
    | If
    | Span
    | For
    | Quantified
    | Path
    | Filter
    | Call
    | ListOf
    | ContextOf
    | RangeOf
    | FunctionOf
    | Nothing
)
