"""Reads decision tables, in whatever orientation they are drawn: the file has one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from engine.bpmn.document import Element
from engine.decisions.cells import Cell, literals, told
from engine.decisions.document import child, children, name_of, own_text, text_of
from engine.decisions.logic import Constant, Literal, Logic
from engine.decisions.reading import Reading
from engine.decisions.tables import Input, Output, Rule, Table, indexed
from engine.decisions.types import ANY, ItemType, builtin

_POLICIES = {
    "UNIQUE": "U",
    "ANY": "A",
    "PRIORITY": "P",
    "FIRST": "F",
    "RULE ORDER": "R",
    "OUTPUT ORDER": "O",
    "COLLECT": "C",
}
_WORDS = {letter: word for word, letter in _POLICIES.items()}
_AGGREGATIONS = {"": "", "LIST": "", "SUM": "+", "MIN": "<", "MAX": ">", "COUNT": "#"}
_DATUM = re.compile(r"[^\W\d]\w*")
_CLOCK = re.compile(r'(?:\bdate\s*\(|\bdate and time\s*\(|@)\s*"[^"]*"')
_MOMENT = re.compile(r"date and time|T\d\d")
Names = tuple[str, ...]


def read_table(element: Element, reading: Reading, names: Names, where: str) -> Table:
    """Return a decision table; what is wrong with it is among the findings of ``reading``."""
    return _Grid(element, reading, names, where).table()


class _Grid:
    def __init__(self, element: Element, reading: Reading, names: Names, where: str) -> None:
        self.element, self.reading, self.names, self.where = element, reading, names, where
        self._cells: dict[str, Cell | None] = {}
        self._results: dict[tuple[str, int], Logic] = {}

    def table(self) -> Table:
        """Return the table, its columns indexed."""
        policy = self._policy()
        inputs = [
            self._input(one, number)
            for number, one in enumerate(children(self.element, "input"), 1)
        ]
        columns = list(children(self.element, "output"))
        outputs = [self._output(one, len(columns)) for one in columns]
        self._names_of(outputs, columns)
        headings = [name_of(one) for one in children(self.element, "annotation")]
        rules = [
            self._rule(one, row, len(inputs), outputs, headings)
            for row, one in enumerate(children(self.element, "rule"), 1)
        ]
        inputs = [_with_clock(one, number, rules) for number, one in enumerate(inputs)]
        made = Table(policy, tuple(inputs), tuple(outputs), tuple(rules), self.where)
        return indexed(made)

    # -- columns ----------------------------------------------------------------------

    def _policy(self) -> str:
        named = " ".join((self.element.get("hitPolicy") or "UNIQUE").upper().split())
        if named in _WORDS:
            self.reading.warning(
                "dmn-hit-policy-letter", self.element,
                f"Decision {self.reading.owner!r} writes its hit policy as {named}, which is how "
                "tables show it; in the file DMN has words.",
                f"Write {_WORDS[named]}: other DMN tools do not read the letter.",
            )  # fmt: skip
            named = _WORDS[named]
        policy = _POLICIES.get(named)
        aggregation = _AGGREGATIONS.get((self.element.get("aggregation") or "").upper().strip())
        if policy is None:
            self.reading.error(
                "dmn-hit-policy", self.element,
                f"Decision {self.reading.owner!r} has the hit policy {named[:40]}, which is none "
                "of DMN.",
                "Use UNIQUE, ANY, PRIORITY, FIRST, RULE ORDER, OUTPUT ORDER or COLLECT.",
            )  # fmt: skip
            return "U"
        if aggregation is None:
            given = (self.element.get("aggregation") or "")[:40]
            self._no_aggregation(f"There is no aggregation {given!r}.")
        if policy == "C" and aggregation:
            return policy + aggregation
        return policy

    def _no_aggregation(self, message: str) -> None:
        self.reading.error(
            "dmn-aggregation", self.element,
            f"Decision {self.reading.owner!r}: {message}",
            "Use SUM, MIN, MAX or COUNT.",
        )  # fmt: skip

    def _input(self, column: Element, number: int) -> Input:
        expression = child(column, "inputExpression")
        text = text_of(expression)
        label = column.get("label") or text or f"input {number}"
        where = f"Input {label!r}"
        logic = self.reading.literal(expression, where, at=column, names=self.names)
        return Input(
            label,
            text,
            logic,
            self.reading.type_of(expression),
            text if _DATUM.fullmatch(text) and logic.names() == {text} else None,
            self.reading.constraint(child(column, "inputValues"), where),
        )

    def _output(self, column: Element, count: int) -> Output:
        name = name_of(column) or (self.reading.owner if count == 1 else "")
        given = child(column, "defaultOutputEntry")
        values = child(column, "outputValues")
        where = f"output {name!r}"
        kind = self.reading.type_of(column)
        order = literals(text_of(values)) if values is not None else None
        allowed = self.reading.constraint(values, where)
        if values is not None and order is None and allowed is not None:
            order = self._values(values, where)
        if values is None and kind.allowed is not None:
            # Without values of its own a column has those of its type.
            order = literals(kind.allowed.text)
        default: Logic | None = None
        if given is not None:
            default = self._result(given, kind, f"default of {name!r}")
        return Output(
            name, column.get("label") or name, kind, default, allowed,
            None if order is None else tuple(order),
        )  # fmt: skip

    def _values(self, values: Element, where: str) -> list[object] | None:
        """Return the output values in their order where they are more than plain literals."""
        listed = self.reading.expression(f"[{text_of(values)}]", values, where, names=self.names)
        if listed.parsed is None or listed.names():
            return None
        found = listed.parsed.evaluate({})
        return found if isinstance(found, list) else None

    def _names_of(self, outputs: Sequence[Output], columns: Sequence[Element]) -> None:
        seen: set[str] = set()
        for output, column in zip(outputs, columns, strict=True):
            if not output.name or output.name in seen:
                self.reading.error(
                    "dmn-output-name", column,
                    f"Decision {self.reading.owner!r}: the output {output.name!r} has no name of "
                    "its own.",
                    "Give each output column a name.",
                )  # fmt: skip
            seen.add(output.name)
        if not columns:
            self.reading.error(
                "dmn-no-output", self.element,
                f"Decision {self.reading.owner!r} has no output column.",
            )  # fmt: skip

    # -- rules ------------------------------------------------------------------------

    def _rule(
        self,
        rule: Element,
        row: int,
        inputs: int,
        outputs: Sequence[Output],
        headings: Sequence[str],
    ) -> Rule:
        given, results = list(children(rule, "inputEntry")), list(children(rule, "outputEntry"))
        key = rule.get("id") or f"row-{row}"
        if len(given) != inputs or len(results) != len(outputs):
            self.reading.error(
                "dmn-cell-count", rule,
                f"Decision {self.reading.owner!r}, row {row}: {len(given)} input and "
                f"{len(results)} output cells where {inputs} and {len(outputs)} are due.",
                "Save the table again from a DMN editor.",
            )  # fmt: skip
            empty = Literal("", None)
            return Rule(key, row, (None,) * inputs, (empty,) * len(outputs))
        told_of = [text_of(one) for one in children(rule, "annotationEntry")]
        pairs = zip((*headings, *[""] * len(told_of)), told_of, strict=False)
        description = own_text(child(rule, "description"))
        annotations = [(one, text) for one, text in pairs if text]
        if description:
            annotations.append(("", " ".join(description.split())))
        return Rule(
            key,
            row,
            tuple(self._test(one, row) for one in given),
            tuple(
                self._cell(one, at, output, row)
                for at, (one, output) in enumerate(zip(results, outputs, strict=True))
            ),
            tuple(annotations),
            rule.sourceline,
        )

    def _test(self, entry: Element, row: int) -> Cell | None:
        self.reading.language_of(entry, entry, f"Row {row}")
        text = text_of(entry)
        if text in ("", "-"):
            return None
        if text not in self._cells:
            self._cells[text] = self._read_test(text, entry, row)
        return self._cells[text]

    def _read_test(self, text: str, entry: Element, row: int) -> Cell | None:
        found = told(text)
        if found is not None and not found.negated:
            return found
        tests = self.reading.tests(text, entry, f"Row {row}", self.names)
        if found is None:
            return Cell(text, tests=tests)
        return replace(found, tests=tests)

    def _cell(self, entry: Element, at: int, output: Output, row: int) -> Logic:
        key = (text_of(entry), at)
        found = self._results.get(key)
        if found is None:
            found = self._result(entry, output.type, f"row {row}")
            if isinstance(found, Constant):
                self._results[key] = found
        return found

    def _result(self, entry: Element, kind: ItemType, where: str) -> Logic:
        self.reading.language_of(entry, entry, where)
        text = text_of(entry)
        constant = literals(text)
        if constant is None or len(constant) > 1:
            return self.reading.expression(text, entry, where, names=self.names)
        value = constant[0]
        found, reason = kind.fit(value)
        if reason is not None:
            self.reading.error(
                "dmn-type", entry,
                f"Decision {self.reading.owner!r}, {where}: {text[:60]} is no {kind.name}, as its "
                "column says.",
                'Texts stand in quotes ("…"), numbers do not.',
            )  # fmt: skip
        return Constant(text, found)


def _with_clock(column: Input, number: int, rules: Sequence[Rule]) -> Input:
    """Return a column with the kind of its cells, where all of them are dates or moments."""
    if column.type is not ANY:
        return column
    texts = [cell.text for rule in rules if (cell := rule.tests[number]) is not None]
    if not texts or not all(_CLOCK.search(one) for one in texts):
        return column
    kind = "date and time" if any(_MOMENT.search(one) for one in texts) else "date"
    return replace(column, clock=builtin(kind))


__all__ = ["read_table"]
