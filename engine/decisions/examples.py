"""Examples of decisions: a CSV file beside the DMN file says what has to come out.

``NAME.examples.csv`` stands beside ``NAME.dmn``. Its first line names data, then outputs:

    urgency,sign_value,sign_unit
    normal,4,WH
    urgent,2,WH

A file of several decisions has one block of lines for each, parted by an empty line; a
first column ``decision`` says which one a block is about. A last column ``rule`` may name
the row that has to match, a column ``now`` gives the moment.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.bpmn.document import Findings
from engine.bpmn.findings import Finding
from engine.clock import parse
from engine.decisions.evaluation import evaluate
from engine.decisions.explaining import feel_text
from engine.decisions.model import Decision, DecisionResult, Model
from engine.decisions.types import ANY
from engine.errors import EngineError

SUFFIX = ".examples.csv"
MAX_LINES = 5_000
_OWN = ("decision", "now", "rule")


@dataclass(frozen=True, slots=True)
class Example:
    """One line: what is given, what has to come out."""

    decision: Decision
    line: int
    given: Mapping[str, Any]
    expected: Mapping[str, Any]
    now: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """What came of one example.

    Attributes:
        line: where it stands in its file, from 1.
        got: what came out by name, as FEEL writes it; nothing where nothing came out.
        wrong: how that differs from what is expected; "" if it does not.
    """

    line: int
    got: Mapping[str, str]
    wrong: str


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a file under one heading, as cells.

    Attributes:
        line: where the heading stands, from 1.
        lines: number and cells of each.
    """

    line: int
    names: tuple[str, ...]
    lines: tuple[tuple[int, tuple[str, ...]], ...]


def check(content: bytes, model: Model | None, filename: str) -> list[Finding]:
    """Return which examples of a file are wrong; none if all of them come out.

    Args:
        model: of the DMN file that it stands beside, if there is one.
    """
    return tried(content, model, filename)[1]


def blocks(content: bytes) -> list[Block]:
    """Return the cells of a file of examples; none of one that cannot be read."""
    try:
        rows = list(csv.reader(io.StringIO(_decoded(content)), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return []
    found: list[Block] = []
    is_new = True
    for number, cells in enumerate(rows, 1):
        if not any(one.strip() for one in cells):
            is_new = True
        elif is_new:
            found.append(Block(number, tuple(cells), ()))
            is_new = False
        else:
            lines = (*found[-1].lines, (number, tuple(cells)))
            found[-1] = replace(found[-1], lines=lines)
    return found


def tried(content: bytes, model: Model | None, filename: str) -> tuple[list[Try], list[Finding]]:
    """Return what came of each example of a file, and what is wrong with them.

    Args:
        model: of the DMN file that it stands beside, if there is one.
    """
    findings = Findings(filename)
    reader = _Reader([] if model is None else model.decisions(), findings)
    if model is None:
        reader.error(None, f"{filename!r} stands beside no DMN file of its name.")
        return [], findings.sorted()
    tries = []
    for example in reader.read(content):
        got, wrong = _came(example)
        texts = {name: feel_text(value) for name, value in got.items()}
        tries.append(Try(example.line, texts, wrong))
        if wrong:
            findings.error(
                "dmn-example", (example.decision.key, example.line),
                f"The example {_shown(example.given)} of decision {example.decision.key!r} fails: "
                f"{wrong}.",
                "Mend the table or the example.",
            )  # fmt: skip
    return tries, findings.sorted()


def _shown(given: Mapping[str, Any]) -> str:
    return json.dumps(given, ensure_ascii=False)[:300]


def _came(example: Example) -> tuple[dict[str, Any], str]:
    """Return what comes out, and how it differs from what is expected; "" if it does not."""
    try:
        now = None if example.now is None else parse(example.now)
        result = evaluate(example.decision, example.given, now=now)
    except (EngineError, ValueError) as reason:
        return {}, getattr(reason, "message", str(reason)).rstrip(".")
    found = _outputs(example.decision, result)
    got = {name: found.get(name) for name in example.expected}
    for name, expected in example.expected.items():
        if got[name] != expected:
            return got, f"{name} is {feel_text(got[name])}, not {feel_text(expected)}"
    rows = {one.key: str(one.row) for one in example.decision.rules}
    matched = [*result.matched, *(rows.get(one, "") for one in result.matched)]
    if example.rule is not None and example.rule not in matched:
        return got, f"row {example.rule} does not match"
    return got, ""


def _outputs(decision: Decision, result: DecisionResult) -> Mapping[str, Any]:
    if isinstance(result.value, dict):
        return result.value
    names = [one.name for one in decision.outputs] or [decision.name]
    if len(names) > 1:
        return {} if not result.outputs else {n: [r[n] for r in result.outputs] for n in names}
    return {names[0]: result.value, decision.key: result.value}


class _Reader:
    def __init__(self, decisions: Sequence[Decision], findings: Findings) -> None:
        self.decisions = {one.key: one for one in decisions}
        self.by_name = {one.called: one for one in decisions}
        self.findings = findings

    def read(self, content: bytes) -> Iterator[Example]:
        """Yield the examples of a file; what cannot be read is a finding."""
        try:
            text = _decoded(content)
            lines = list(csv.reader(io.StringIO(text), strict=True))
        except (UnicodeDecodeError, csv.Error) as reason:
            self.error(1, f"The file of examples cannot be read: {str(reason)[:200]}.")
            return
        if len(lines) > MAX_LINES:
            self.error(1, f"The file of examples has more than {MAX_LINES:,} lines.")
            return
        heading: _Heading | None = None
        is_new = True
        for number, cells in enumerate(lines, 1):
            if not any(one.strip() for one in cells):
                is_new = True
            elif is_new:
                heading, is_new = self._heading(number, cells, lines[number:]), False
            elif heading is not None:
                if len(cells) > len(heading.names):
                    self.error(number, f"Line {number} has more cells than its heading.")
                    continue
                yield heading.example(number, cells)

    def _heading(
        self, number: int, cells: Sequence[str], after: Sequence[Sequence[str]]
    ) -> _Heading | None:
        names = [one.strip() for one in cells]
        while names and not names[-1]:
            names.pop()
        decision = self._decision(number, names, after)
        if decision is None:
            return None
        outputs = {one.name for one in decision.outputs} or {decision.name, decision.key}
        at = len(names) - (1 if names[-1] == "rule" else 0)
        end, seen = at, set()
        table = decision.table
        while at > 0 and names[at - 1] not in seen:
            if table is not None and names[at - 1] not in outputs:
                break
            if table is None and (at < end or names[at - 1] in decision.names):
                break
            at -= 1
            seen.add(names[at])
        if at == end:
            known = ", ".join(sorted(outputs))
            self.error(number, f"Line {number} names no output of {decision.key!r}: {known}.")
            return None
        return _Heading(decision, tuple(names), at, end)

    def _decision(
        self, number: int, names: Sequence[str], after: Sequence[Sequence[str]]
    ) -> Decision | None:
        if names[0] == "decision":
            named = after[0][0].strip() if after and after[0] else ""
            found = self.decisions.get(named) or self.by_name.get(named)
            if found is None:
                self.error(number + 1, f"There is no decision {named[:80]!r} in the file.")
            return found
        if len(self.decisions) == 1:
            return next(iter(self.decisions.values()))
        fitting = [
            one
            for one in self.decisions.values()
            if one.outputs and {out.name for out in one.outputs} <= set(names)
        ]
        if len(fitting) != 1:
            self.error(number, f"Line {number} does not say which decision it is about.")
            return None
        return fitting[0]

    def error(self, line: int | None, message: str) -> None:
        """Say what keeps the file from being read."""
        self.findings.error(
            "dmn-example-file", (None, line), message,
            "Name data, then outputs, in the first line; save the file as UTF-8.",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Heading:
    """The first line of a block: outputs stand from ``start`` to before ``end``."""

    decision: Decision
    names: tuple[str, ...]
    start: int
    end: int

    def example(self, number: int, cells: Sequence[str]) -> Example:
        """Return a line as an example."""
        texts = [one.strip() for one in cells] + [""] * (len(self.names) - len(cells))
        own = dict(zip(self.names[: self.start], texts, strict=False))
        rule = texts[self.end] if self.end < len(self.names) else ""
        return Example(
            self.decision,
            number,
            {
                name: _value(text, self._is_text(name))
                for name, text in own.items()
                if name not in _OWN
            },
            {
                name: _value(text, self._is_text(name, output=True))
                for name, text in zip(
                    self.names[self.start : self.end], texts[self.start :], strict=False
                )
            },
            own.get("now") or None,
            rule or None,
        )

    def _is_text(self, name: str, *, output: bool = False) -> bool:
        """Whether the table says that a column holds strings."""
        if output:
            kinds = [one.type for one in self.decision.outputs if one.name == name]
        else:
            kinds = [one.type for one in self.decision.inputs if one.name == name]
        return any(one is not ANY and one.plain is str for one in kinds)


def _value(text: str, is_text: bool) -> Any:
    """Return what a cell says: JSON, or the text itself; null for an empty one."""
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return text if is_text and not isinstance(found, str | list | type(None)) else found


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What a spreadsheet program saves in a Chinese office.
        return content.decode("gb18030")
