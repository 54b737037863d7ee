"""What a designer should know of a decision table before it is deployed.

Rules that overlap where one may match, inputs for which no rule is there, rules that can
never count, values that are not allowed: each told with an input that shows it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.bpmn.document import Findings
from engine.bpmn.findings import Finding
from engine.bpmn.findings import named as with_names
from engine.decisions.cells import Cell
from engine.decisions.logic import Constant
from engine.decisions.model import Decision, Model
from engine.decisions.segments import Segments, segments_of
from engine.decisions.spaces import Space, bits, shown
from engine.decisions.tables import Rule, Table

MOST = 10
"""Findings of one kind for one table."""


def check(model: Model) -> list[Finding]:
    """Return what is doubtful in the decision tables of a file."""
    findings = Findings(model.file)
    for decision in model.decisions():
        if decision.table is not None:
            _Check(decision, decision.table, findings).all()
    names = {one.key: one.called for one in model.decisions()}
    return with_names(findings.sorted(), names)


class _Check:
    def __init__(self, decision: Decision, table: Table, findings: Findings) -> None:
        self.decision, self.table, self.findings = decision, table, findings
        self._ranked: dict[tuple[int, ...], int] | None = None
        found = [segments_of(table, at) for at in range(len(table.inputs))]
        self.columns: list[Segments] | None = (
            None if None in found else [one for one in found if one is not None]
        )

    def all(self) -> None:
        """Look for everything."""
        self._outputs()
        if self.columns is None or not self.table.rules:
            return
        space = Space(self.columns, len(self.table.rules))
        dead = self._dead(space)
        if self.table.policy in "UA":
            self._overlaps(space)
        if self.table.policy in ("U", "A", "P", "F"):
            self._gaps(space)
        if self.table.policy in ("F", "P"):
            self._masked(space, dead)

    # -- single cells -----------------------------------------------------------------

    def _outputs(self) -> None:
        for rule in self.table.rules:
            for output, cell in zip(self.table.outputs, rule.cells, strict=True):
                if not isinstance(cell, Constant) or cell.value is None:
                    continue
                if output.allowed is not None and not output.allowed.admits(cell.value):
                    self._warn_not_allowed(rule, f"output {output.name!r}", cell.text)

    def _warn_not_allowed(self, rule: Rule, where: str, text: str) -> None:
        self.findings.warning(
            "dmn-not-allowed",
            (self.decision.key, rule.line),
            f"Decision {self.decision.key!r}, row {rule.row}: {where} is {text[:60]}, which is "
            "none of its allowed values.",
            "Mend the cell, or allow the value.",
        )

    def _dead(self, space: Space) -> int:
        """Tell the rules with a cell that lets nothing pass; return them as bits."""
        dead = 0
        for at, rule in enumerate(self.table.rules):
            for number, column in enumerate(space.columns):
                cell = rule.tests[number]
                if column.masks[at] or cell is None or column.opaque >> at & 1:
                    continue
                dead |= 1 << at
                self._nothing_passes(rule, number, cell)
                break
        return dead

    def _nothing_passes(self, rule: Rule, number: int, cell: Cell) -> None:
        label = self.table.inputs[number].label
        if self.table.inputs[number].allowed is not None or cell.points:
            self._warn_not_allowed(rule, f"input {label!r}", cell.text)
            return
        self.findings.warning(
            "dmn-masked",
            (self.decision.key, rule.line),
            f"Decision {self.decision.key!r}, row {rule.row} can never match: no value of "
            f"{label!r} passes {cell.text[:60]}.",
            "Mend the cell, or take the row away.",
        )

    # -- rules beside each other --------------------------------------------------------

    def _overlaps(self, space: Space) -> None:
        told = 0
        for first in range(len(self.table.rules)):
            for second in bits(space.overlapping(first) >> (first + 1) << (first + 1)):
                if self.table.policy == "A" and self._alike(first, second):
                    continue
                self._overlap(space, first, second)
                told += 1
                # One for each rule: a row that overlaps with all would drown the others.
                break
            if told >= MOST:
                return

    def _alike(self, first: int, second: int) -> bool:
        """Whether two rules surely have the same outputs."""
        one, other = self.table.rules[first].cells, self.table.rules[second].cells
        return all(_text(a) == _text(b) for a, b in zip(one, other, strict=True))

    def _overlap(self, space: Space, first: int, second: int) -> None:
        one, other = self.table.rules[first], self.table.rules[second]
        example = self._example(space.common(first, second))
        policy = "unique" if self.table.policy == "U" else "any, and their outputs differ"
        self.findings.warning(
            "dmn-overlap",
            (self.decision.key, other.line),
            f"Decision {self.decision.key!r}: the rows {one.row} and {other.row} both match "
            f"{example}, but its hit policy is {policy}.",
            "Make their conditions exclude each other, or use the hit policy FIRST.",
        )

    def _gaps(self, space: Space) -> None:
        if any(one.default is not None for one in self.table.outputs):
            return
        found = space.uncovered(space.everything(), space.rules)
        if found:
            self.findings.warning(
                "dmn-gap",
                (self.decision.key, self.decision.line),
                f"Decision {self.decision.key!r}: no row matches {self._example(found)}.",
                "Add a row for it, a last row of -, or default outputs; or say which values "
                "are allowed.",
            )

    def _masked(self, space: Space, dead: int) -> None:
        told = 0
        for at, rule in enumerate(self.table.rules):
            if dead >> at & 1 or told >= MOST:
                continue
            before = self._before(at) & space.sure
            region = [column.masks[at] for column in space.columns]
            if not before or space.uncovered(region, before) != []:
                continue
            told += 1
            by = self._by(space, at, before)
            self.findings.warning(
                "dmn-masked",
                (self.decision.key, rule.line),
                f"Decision {self.decision.key!r}, row {rule.row} can never count: what it matches, "
                f"such as {self._example(space.first(region))}, is decided by row {by}.",
                "Move it up, or take it away.",
            )

    def _before(self, at: int) -> int:
        """Return the rules that count before this one, as bits."""
        if self.table.policy == "F":
            return (1 << at) - 1
        if self._ranked is None:
            self._ranked = {}
            for other in range(len(self.table.rules)):
                rank = self._rank(other)
                if rank is not None:
                    self._ranked[rank] = self._ranked.get(rank, 0) | 1 << other
        own = self._rank(at)
        if own is None:
            return 0
        return sum(rules for rank, rules in self._ranked.items() if rank < own)

    def _rank(self, at: int) -> tuple[int, ...] | None:
        found = []
        for output, cell in zip(self.table.outputs, self.table.rules[at].cells, strict=True):
            if output.order is None:
                continue
            if not isinstance(cell, Constant):
                return None
            value = cell.value
            places = [n for n, one in enumerate(output.order) if _same(one, value)]
            found.append(places[0] if places else len(output.order))
        return tuple(found)

    def _by(self, space: Space, at: int, before: int) -> str:
        rows = [
            self.table.rules[other].row
            for other in range(len(self.table.rules))
            if before >> other & 1 and space.overlapping(at, other)
        ]
        return ", ".join(map(str, rows[:5])) + ("…" if len(rows) > 5 else "")

    def _example(self, places: Sequence[int]) -> str:
        assert self.columns is not None
        samples = [one.samples for one in self.columns]
        return json.dumps(shown(self.table.inputs, samples, places), ensure_ascii=False)[:300]


def _text(cell: Any) -> Any:
    return getattr(cell, "text", cell)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
