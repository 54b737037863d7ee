"""Decision tables: columns, rules, and which of the rules count.

Each column keeps, for every value that a cell names, the rules of these cells as bits
of one number; the rules that match are what is left when the columns are joined. Only
cells that say more than values are asked one by one, and only of rules still in question.

Source: OMG, Decision Model and Notation 1.5, section 8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from engine.calendar import LOCAL
from engine.decisions.cells import Cell
from engine.decisions.logic import Literal, Logic
from engine.decisions.running import Run
from engine.decisions.types import ANY, Constraint, ItemType, shown

POLICIES = ("U", "A", "P", "F", "R", "O", "C", "C+", "C<", "C>", "C#")
SINGLE = frozenset("UAPF")
"""Policies by which at most one rule counts."""

_PLAIN = (str, Decimal, bool, type(None))


@dataclass(frozen=True, slots=True)
class Input:
    """An input column: its heading and the expression as the designer wrote it.

    Attributes:
        name: the datum, where the expression is just that.
        allowed: what the values have to be.
        clock: ``date`` or ``date and time`` where the column says no type, but its cells
            are such: plain JSON has only texts for them.
    """

    label: str
    text: str
    logic: Literal
    type: ItemType = ANY
    name: str | None = None
    allowed: Constraint | None = None
    clock: ItemType | None = None

    def value(self, scope: Mapping[str, Any], run: Run, where: str) -> Any:
        """Return what the rules are asked about; in a strict run ``Misfit`` if it is no such value.

        Raises:
            DecisionFailed: the run is strict, and the value is none of those allowed.
        """
        if self.name is not None and self.name in scope:
            found = scope[self.name]
        else:
            found = self.logic.evaluate(scope, run)
        if found is None:
            return None
        if isinstance(found, str) and self.clock is not None:
            found = on_clock(found, self.clock)
        if self.type is not ANY and type(found) is not self.type.plain:
            # Plain JSON has texts for moments, and for money.
            given = found
            found, reason = self.type.fit(
                self.type.read(found) if isinstance(found, str) and self.name else found
            )
            if reason is not None:
                said = f"the input {self.label!r} should be a {self.type.name}, not {shown(given)}"
                if run.strict:
                    return Misfit(said)
                run.note(where, said)
        if self.allowed is not None and found is not None and not self.allowed.admits(found):
            said = (
                f"the input {self.label!r} is {shown(found)}, which is none of its allowed values"
            )
            run.misfit(where, said, f"They are {self.allowed.text[:300]}.")
        return found


class Misfit(NamedTuple):
    """Stands for an input of another type than its column; an error once a cell asks for it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Output:
    """An output column.

    Attributes:
        name: in the result.
        default: what stands there if no rule matches.
        allowed: what the values have to be.
        order: these values, the most important first.
    """

    name: str
    label: str
    type: ItemType = ANY
    default: Logic | None = None
    allowed: Constraint | None = None
    order: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row.

    Attributes:
        key: its id in the file, or ``row-N``.
        row: counted from 1, as the designer sees it.
        tests: one for each input; None lets everything pass.
        cells: one for each output.
        annotations: what people are told of it: the text, by the heading.
    """

    key: str
    row: int
    tests: tuple[Cell | None, ...]
    cells: tuple[Logic, ...]
    annotations: tuple[tuple[str, str], ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """The cells of one input column, by what they let pass; bits are rules."""

    number: int
    anything: int
    points: Mapping[tuple[type, Any], int]
    others: int
    cells: tuple[Cell | None, ...]

    def passing(self, value: Any, among: int, scope: Mapping[str, Any], run: Run) -> int:
        """Return which of these rules have a cell here that lets the value pass."""
        kind = type(value)
        found = self.anything
        if kind in _PLAIN:
            found |= self.points.get((kind, value), 0)
        found &= among
        waiting = among & self.others & ~found
        while waiting:
            bit = waiting & -waiting
            waiting ^= bit
            cell = self.cells[bit.bit_length() - 1]
            if cell is not None and cell.holds(value, scope, run):
                found |= bit
        return found


@dataclass(frozen=True, slots=True)
class Hits:
    """What a table came to.

    Attributes:
        rules: those that matched, in the order in which they count.
        rows: the outputs of each that counts; the defaults where none matched.
    """

    value: Any
    rules: tuple[Rule, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table.

    Attributes:
        policy: one of ``POLICIES``.
        where: for sentences: the decision it is of.
    """

    policy: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    where: str = ""
    columns: tuple[Column, ...] = field(default=(), repr=False, compare=False)

    def evaluate(self, scope: Mapping[str, Any], run: Run) -> Any:
        """Return the table's value."""
        return self.decide(scope, run).value

    def decide(self, scope: Mapping[str, Any], run: Run) -> Hits:
        """Return the table's value, and by which rules."""
        notes = len(run.notes)
        values = [one.value(scope, run, self.where) for one in self.inputs]
        if len(run.notes) > notes and any(
            one.allowed is not None and value is not None and not one.allowed.admits(value)
            for one, value in zip(self.inputs, values, strict=True)
        ):
            return Hits(None)
        return self.hits(values, scope, run)

    def hits(self, values: Sequence[Any], scope: Mapping[str, Any], run: Run) -> Hits:
        """Return the table's value for these values of its inputs, and by which rules."""
        bits = self.matching(values, scope, run)
        found = tuple(self.rules[at] for at in _places(bits))
        if not found:
            return self._defaults(scope, run)
        if self.policy in SINGLE:
            return self._single(found, scope, run)
        return self._several(found, scope, run)

    def matching(self, values: Sequence[Any], scope: Mapping[str, Any], run: Run) -> int:
        """Return the rules that match, as bits."""
        if run.strict and any(type(one) is Misfit for one in values):
            return self._one_by_one(values, scope, run)
        left = (1 << len(self.rules)) - 1
        for column in self.columns:
            if not left:
                break
            left = column.passing(values[column.number], left, scope, run)
        return left

    def _one_by_one(self, values: Sequence[Any], scope: Mapping[str, Any], run: Run) -> int:
        """Return the same where an input does not fit: what no cell asks for does no harm.

        Raises:
            DecisionFailed: a cell does ask for it.
        """
        found = 0
        for at, rule in enumerate(self.rules):
            for cell, value in zip(rule.tests, values, strict=True):
                if cell is None:
                    continue
                if type(value) is Misfit:
                    run.misfit(self.where, value.reason)
                if not cell.holds(value, scope, run):
                    break
            else:
                found |= 1 << at
                if self.policy == "F":
                    break
        return found

    def _row(self, rule: Rule, scope: Mapping[str, Any], run: Run) -> dict[str, Any]:
        return {
            output.name: self._cell(output, cell, scope, run, f"row {rule.row}")
            for output, cell in zip(self.outputs, rule.cells, strict=True)
        }

    def _cell(
        self, output: Output, logic: Logic, scope: Mapping[str, Any], run: Run, where: str
    ) -> Any:
        found = logic.evaluate(scope, run)
        if output.type is ANY or found is None:
            return found
        return run.fitted(found, output.type, f"{self.where}, {where}, output {output.name!r}")

    def _single(self, found: tuple[Rule, ...], scope: Mapping[str, Any], run: Run) -> Hits:
        if self.policy == "U" and len(found) > 1:
            first, second = found[:2]
            run.misfit(
                self.where,
                f"the rules {first.key!r} (row {first.row}) and {second.key!r} (row {second.row}) "
                "both match, but its hit policy is unique.",
                "Make their conditions exclude each other, or use the hit policy first.",
            )
            return Hits(None, found)
        if self.policy in "UF":
            row = self._row(found[0], scope, run)
            return Hits(self._of(row), found[:1], (row,))
        rows = [self._row(one, scope, run) for one in found]
        if self.policy == "A":
            for one, row in zip(found[1:], rows[1:], strict=True):
                if not run.equal(row, rows[0]):
                    run.misfit(
                        self.where,
                        f"the rules {found[0].key!r} (row {found[0].row}) and {one.key!r} (row "
                        f"{one.row}) match with different outputs, but its hit policy is any.",
                        "Make their outputs equal, or use the hit policy first.",
                    )
                    return Hits(None, found)
            return Hits(self._of(rows[0]), found, (rows[0],))
        best = min(range(len(rows)), key=lambda at: self._rank(rows[at], run))
        return Hits(self._of(rows[best]), (found[best],), (rows[best],))

    def _several(self, found: tuple[Rule, ...], scope: Mapping[str, Any], run: Run) -> Hits:
        rows = [self._row(one, scope, run) for one in found]
        if self.policy == "O":
            order = sorted(range(len(rows)), key=lambda at: self._rank(rows[at], run))
            found = tuple(found[at] for at in order)
            rows = [rows[at] for at in order]
        if self.policy in "ROC":
            return Hits([self._of(one) for one in rows], found, tuple(rows))
        return Hits(self._aggregated([self._of(one) for one in rows], run), found, tuple(rows))

    def _of(self, row: dict[str, Any]) -> Any:
        return next(iter(row.values())) if len(self.outputs) == 1 else row

    def _rank(self, row: dict[str, Any], run: Run) -> tuple[int, ...]:
        """Return where a row stands among the output values, column by column."""
        return tuple(
            next(
                (at for at, one in enumerate(output.order) if run.equal(one, row[output.name])),
                len(output.order),
            )
            for output in self.outputs
            if output.order is not None
        )

    def _aggregated(self, values: list[Any], run: Run) -> Any:
        if self.policy == "C#":
            return Decimal(len(values))
        name = {"C+": "sum", "C<": "min", "C>": "max"}[self.policy]
        found = run.aggregate(name, values)
        if found is None:
            run.note(self.where, f"its outputs have no {name}")
        return found

    def _defaults(self, scope: Mapping[str, Any], run: Run) -> Hits:
        if any(one.default is not None for one in self.outputs):
            row = {
                one.name: None
                if one.default is None
                else self._cell(one, one.default, scope, run, "default")
                for one in self.outputs
            }
            several = self.policy not in SINGLE and self.policy in "ROC"
            return Hits([self._of(row)] if several else self._of(row), (), (row,))
        if self.policy == "C":
            return Hits([])
        if self.policy == "C#":
            return Hits(Decimal(0))
        if self.policy in SINGLE:
            run.note(self.where, "no rule matches")
        return Hits(None)

    def names(self) -> frozenset[str]:
        """Return the names that it reads."""
        found = frozenset().union(*(one.logic.names() for one in self.inputs))
        logics = [cell for rule in self.rules for cell in rule.cells]
        logics += [one.default for one in self.outputs if one.default is not None]
        tests = [
            cell.tests.names
            for rule in self.rules
            for cell in rule.tests
            if cell is not None and cell.tests is not None
        ]
        return found.union(*(one.names() for one in logics), *tests) - {"?"}


def on_clock(text: str, clock: ItemType) -> Any:
    """Return the date or moment that a text says; of a moment its day here, if a date is due."""
    if clock.name == "date" and "T" in text:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        local = at.replace(tzinfo=LOCAL) if at.tzinfo is None else at.astimezone(LOCAL)
        return clock.read(local.date().isoformat())
    return clock.read(text)


def _places(bits: int) -> list[int]:
    found = []
    while bits:
        bit = bits & -bits
        found.append(bit.bit_length() - 1)
        bits ^= bit
    return found


def indexed(table: Table) -> Table:
    """Return the table with its columns, those that say most about a rule first."""
    columns = [_column(number, table.rules) for number in range(len(table.inputs))]
    columns.sort(key=lambda one: (one.others.bit_count(), one.anything.bit_count()))
    return Table(
        table.policy, table.inputs, table.outputs, table.rules, table.where, tuple(columns)
    )


def _column(number: int, rules: Sequence[Rule]) -> Column:
    anything = others = 0
    points: dict[tuple[type, Any], int] = {}
    cells = tuple(rule.tests[number] for rule in rules)
    for at, cell in enumerate(cells):
        bit = 1 << at
        if cell is None:
            anything |= bit
            continue
        if cell.negated or cell.spans or not cell.points:
            others |= bit
        else:
            for point in cell.points:
                points[point] = points.get(point, 0) | bit
    return Column(number, anything, points, others, cells)
