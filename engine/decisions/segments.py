"""What the cells of a column tell apart: a few segments, with a value of each.

Between two values that cells name, nothing changes: every value there passes the same
cells. So a column is a handful of segments, a rule is a set of them for each column, and
whether rules overlap or leave something open is a question about sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from engine import feel
from engine.decisions.cells import Cell
from engine.decisions.running import Run
from engine.decisions.tables import Input, Table
from engine.decisions.types import Constraint, ItemType
from engine.feel import syntax
from engine.feel.temporal import (
    FeelDate,
    FeelDateTime,
    FeelTime,
    MonthsDuration,
    TimeDuration,
)
from engine.feel.values import Range

MAX_SEGMENTS = 4_000
MAX_WORK = 500_000
"""Cells asked about segments, for one column; what takes more is not told."""
OTHER = "…"
"""Stands for every text that no cell names."""

_STEPS = {
    FeelDate: 'duration("P1D")',
    FeelDateTime: 'duration("PT1S")',
    FeelTime: 'duration("PT1S")',
    TimeDuration: 'duration("PT1S")',
    MonthsDuration: 'duration("P1M")',
}
_LATER = {kind: feel.parse(f"a + {step}", ("a",)) for kind, step in _STEPS.items()}
_EARLIER = {kind: feel.parse(f"a - {step}", ("a",)) for kind, step in _STEPS.items()}
_MAKERS = {
    name: feel.parse(f"{name}(text)", ("text",))
    for name in ("date", "time", "date and time", "duration")
}
_CLASSES = {"string": str, "number": Decimal, "boolean": bool}


@dataclass(frozen=True, slots=True)
class Segments:
    """The segments of one column, by a value of each.

    Attributes:
        masks: for each rule the segments that its cell lets pass, as bits.
        opaque: rules whose cell cannot be told without the data, as bits; it may let
            everything pass.
    """

    samples: tuple[Any, ...]
    masks: tuple[int, ...]
    opaque: int

    @property
    def all(self) -> int:
        """Every segment."""
        return (1 << len(self.samples)) - 1


def segments_of(table: Table, number: int) -> Segments | None:
    """Return the segments of an input column; None where they are too many."""
    found = joint_segments([(table, number)])
    return None if found is None else found[0]


def joint_segments(columns: Sequence[tuple[Table, int]]) -> list[Segments] | None:
    """Return the segments that several columns have together, such as those of two versions.

    Args:
        columns: tables, each with the number of its input column.

    Returns:
        For each the same samples; None where they are too many.
    """
    constants: list[Any] = []
    opaque: list[int] = []
    limits: list[list[Constraint]] = []
    for table, number in columns:
        found, bits = _told([rule.tests[number] for rule in table.rules])
        constants += found
        opaque.append(bits)
        column = table.inputs[number]
        own = [one for one in (column.allowed, *_limits(column.type)) if one is not None]
        limits.append(own)
        for one in own:
            constants += _of_constraint(one) or []
    if len(constants) > MAX_SEGMENTS:
        return None
    first, at = columns[0]
    samples = [
        one
        for one in _samples(first.inputs[at], constants)
        if one is None or any(all(limit.admits(one) for limit in own) for own in limits)
    ]
    made = [
        _segments([rule.tests[number] for rule in table.rules], samples, bits)
        for (table, number), bits in zip(columns, opaque, strict=True)
    ]
    whole = [one for one in made if one is not None]
    return whole if len(whole) == len(made) else None


def _told(cells: Sequence[Cell | None]) -> tuple[list[Any], int]:
    """Return what the cells of a column name, and those that cannot be told, as bits."""
    told: dict[int, bool] = {}
    constants: list[Any] = []
    opaque = 0
    for at, cell in enumerate(cells):
        if cell is None:
            continue
        if id(cell) not in told:
            found = constants_of(cell)
            told[id(cell)] = found is None
            constants += found or []
        if told[id(cell)]:
            opaque |= 1 << at
    return constants, opaque


def _segments(cells: Sequence[Cell | None], samples: Sequence[Any], opaque: int) -> Segments | None:
    intervals = {id(one) for one in cells if one is not None and _is_asked(one)}
    if len(intervals) * len(samples) > MAX_WORK:
        return None
    masks = tuple(_masks(cells, samples, opaque))
    if sum(one.bit_count() for one in masks if one != (1 << len(samples)) - 1) > MAX_WORK:
        return None
    return Segments(tuple(samples), masks, opaque)


def _limits(kind: ItemType) -> Iterator[Constraint]:
    """Yield what a type allows, that of the types it builds on too."""
    for _ in range(20):
        if kind.allowed is not None and not kind.collection:
            yield kind.allowed
        if kind.constraint is not None:
            yield kind.constraint
        if kind.base is None or kind.types is None:
            return
        kind = kind.types.named(kind.base)


# -- constants -------------------------------------------------------------------------


def constants_of(cell: Cell) -> list[Any] | None:
    """Return the values at which a cell changes its mind; None if they cannot be told."""
    if cell.is_simple:
        # In an order of their own: that of a set differs from process to process.
        found = sorted(
            (value for _, value in cell.points), key=lambda one: (str(type(one)), str(one))
        )
        for span in cell.spans:
            found += [one for one in (span.low, span.high) if one is not None]
        return found
    return None if cell.tests is None else _of_tree(cell.tests)


def _of_constraint(constraint: Constraint) -> list[Any] | None:
    return _of_tree(constraint.tests)


def _of_tree(tests: feel.UnaryTests) -> list[Any] | None:
    found: list[Any] = []
    for part in tests.tree.parts:
        values = _of_part(part)
        if values is None:
            return None
        found += values
    return found


def _of_part(part: Any) -> list[Any] | None:
    if isinstance(part, syntax.Test):
        part = part.operand
    if isinstance(part, syntax.RangeOf):
        ends = [one for one in (part.start, part.end) if one is not None]
        values = [_constant(one) for one in ends]
        return None if None in values else values
    if isinstance(part, syntax.Literal):
        if isinstance(part.value, Range):
            return [one for one in (part.value.start, part.value.end) if one is not None]
        return None if isinstance(part.value, list | dict) else [part.value]
    value = _constant(part)
    return None if value is None else [value]


def _constant(node: Any) -> Any:
    """Return the value of ``date("…")`` and the like, -5, or a literal; else None."""
    if isinstance(node, syntax.Literal):
        return node.value if not isinstance(node.value, list | dict | Range) else None
    if isinstance(node, syntax.Negation):
        inner = _constant(node.operand)
        return -inner if isinstance(inner, Decimal) else None
    if isinstance(node, syntax.Call) and isinstance(node.function, syntax.Name):
        maker = _MAKERS.get(node.function.name)
        if maker is not None and len(node.arguments) == 1:
            text = _constant(node.arguments[0])
            return maker.evaluate({"text": text}) if isinstance(text, str) else None
    return None


# -- samples ---------------------------------------------------------------------------


def _samples(column: Input, constants: Sequence[Any]) -> list[Any]:
    """Return a value of each segment: those that are named, and those between."""
    found: list[Any] = []
    kinds = {type(one) for one in constants} - {type(None)}
    leaf = _CLASSES.get(column.type.kind())
    if leaf is not None:
        kinds.add(leaf)
    for kind in sorted(kinds, key=lambda one: one.__name__):
        values = _distinct(one for one in constants if type(one) is kind)
        if kind is bool:
            found += [True, False]
        elif kind is str:
            found += [*values, OTHER]
        elif kind is Decimal or kind in _LATER:
            found += _around(values)
        else:
            found += values
    if None in constants:
        found.append(None)
    return found or [None]


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: dict[str, Any] = {}
    for one in values:
        found.setdefault(str(one), one)
    return list(found.values())


def _around(values: list[Any]) -> list[Any]:
    try:
        values = sorted(values, key=_order)
    except TypeError:
        return values
    if not values:
        return [Decimal(0)]
    found = [_step(values[0], _EARLIER, -1)]
    for low, high in pairwise(values):
        found += [low, _between(low, high)]
    found += [values[-1], _step(values[-1], _LATER, 1)]
    return [one for one in found if one is not None]


def _order(value: Any) -> Any:
    return value if isinstance(value, Decimal) else feel.values.key(value)


def _step(value: Any, moves: dict[type, feel.Expression], by: int) -> Any:
    if isinstance(value, Decimal):
        return value + by
    return moves[type(value)].evaluate({"a": value})


def _between(low: Any, high: Any) -> Any:
    """Return a value between two; None where there is none."""
    if isinstance(low, Decimal):
        whole = Decimal(int(low)) + 1
        return whole if low < whole < high else (low + high) / 2
    later = _step(low, _LATER, 1)
    return later if later is not None and _order(later) < _order(high) else None


def _masks(cells: Sequence[Cell | None], samples: Sequence[Any], opaque: int) -> Iterator[int]:
    everything = (1 << len(samples)) - 1
    places = {(type(one), one): 1 << at for at, one in enumerate(samples) if _hashable(one)}
    run = Run(None)
    known: dict[int, int] = {}
    for number, cell in enumerate(cells):
        if cell is None or opaque >> number & 1:
            yield everything
            continue
        if id(cell) not in known:
            if not _is_asked(cell):
                mask = sum(places.get(one, 0) for one in cell.points)
            else:
                passing = (at for at, one in enumerate(samples) if cell.holds(one, {}, run))
                mask = sum(1 << at for at in passing)
            known[id(cell)] = mask
        yield known[id(cell)]


def _is_asked(cell: Cell) -> bool:
    """Whether a cell has to be asked about each segment: it names more than values."""
    return not cell.points or cell.negated or bool(cell.spans)


def _hashable(value: Any) -> bool:
    return isinstance(value, str | bool | Decimal | None)
