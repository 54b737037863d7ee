"""Reads DMN 1.1 to 1.5 files: decision tables, their cells translated once.

Uploads are untrusted: no document type, no entities, no network, bounded size.
What is wrong becomes a finding, and a decision with an error is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from lxml import etree

from engine.bpmn.document import Element, Findings
from engine.bpmn.findings import Finding
from engine.decisions import feel
from engine.decisions.model import Cell, Decision, HitPolicy, Input, Output, Rule
from engine.scripts import Code
from engine.scripts.code import facts
from engine.scripts.names import BUILTINS, HOST, PRELUDE

NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",  # 1.1
        "http://www.omg.org/spec/DMN/20180521/MODEL/",  # 1.2
        "https://www.omg.org/spec/DMN/20191111/MODEL/",  # 1.3
        "https://www.omg.org/spec/DMN/20211108/MODEL/",  # 1.4
        "https://www.omg.org/spec/DMN/20230324/MODEL/",  # 1.5
    }
)
MAX_BYTES = 5_000_000
MAX_CELLS = 20_000

_POLICIES: dict[str, HitPolicy] = {"UNIQUE": "U", "FIRST": "F"}
_LETTERS = {"U": "UNIQUE", "F": "FIRST"}
_KINDS = {
    "string": "string",
    "boolean": "boolean",
    **dict.fromkeys(("number", "integer", "int", "long", "double", "float", "decimal"), "number"),
}
_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
}


def read(xml: bytes, *, filename: str) -> tuple[list[Decision], list[Finding]]:
    """Return the decisions of a file and what was found wrong with it.

    Args:
        xml: the file's bytes.
        filename: named by the findings.

    Returns:
        The decisions without errors, in the order of the file, and all findings.
    """
    findings = Findings(filename)
    root = _root(xml, findings)
    if root is None:
        return [], findings.sorted()
    findings.know(root)
    language = root.get("expressionLanguage")
    decisions: dict[str, Decision] = {}
    for element in _children(root, "decision"):
        decision = _Table(element, filename, findings, language).decision()
        if decision is not None and decision.key in decisions:
            findings.error(
                "dmn-duplicate-id",
                (decision.key, element.sourceline),
                f"Two decisions have the id {decision.key!r}.",
                "Give each decision an id of its own.",
            )
        elif decision is not None:
            decisions[decision.key] = decision
    return list(decisions.values()), findings.sorted()


def _root(xml: bytes, findings: Findings) -> Element | None:
    nowhere = (None, None)
    if len(xml) > MAX_BYTES:
        message = f"The file has {len(xml):,} bytes; at most {MAX_BYTES:,} are read."
        findings.error("file-too-large", nowhere, message, "Split the table.")
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        message = f"The file is no well-formed XML: {str(error)[:200]}."
        findings.error("not-xml", (None, line), message, "Save it again from a DMN editor.")
        return None
    if root.getroottree().docinfo.doctype:
        message = "The file has a document type; none is read."
        findings.error("dtd", nowhere, message, "Remove the <!DOCTYPE …> from the file.")
        return None
    if (
        etree.QName(root).localname != "definitions"
        or etree.QName(root).namespace not in NAMESPACES
    ):
        message = (
            f"The root element is {str(root.tag)[:100]!r}, not 'definitions' of DMN 1.1 to 1.5."
        )
        findings.error("wrong-root", (None, root.sourceline), message, "Save it as DMN.")
        return None
    if sum(1 for _ in root.iter("{*}inputEntry", "{*}outputEntry")) > MAX_CELLS:
        message = f"The file has more than {MAX_CELLS:,} cells."
        findings.error("file-too-large", nowhere, message, "Make it a list and look rows up.")
        return None
    return root


def _children(element: Element, *names: str) -> Iterator[Element]:
    for child in element:
        tag = etree.QName(child)
        if tag.namespace in NAMESPACES and (not names or tag.localname in names):
            yield child


def _child(element: Element, name: str) -> Element | None:
    return next(_children(element, name), None)


def _text(element: Element | None) -> str:
    if element is None:
        return ""
    inner = _child(element, "text")
    return "".join(inner.itertext()).strip() if inner is not None else ""


class _Table:
    """Reads one decision; collects findings and goes on, so that all are seen at once."""

    def __init__(
        self, element: Element, filename: str, findings: Findings, language: str | None
    ) -> None:
        self.element, self.filename, self.findings = element, filename, findings
        self.language = language
        self.key = element.get("id") or ""
        self.broken = False

    def decision(self) -> Decision | None:
        """Return the decision, or None after saying what is wrong."""
        table = _child(self.element, "decisionTable")
        if not self._is_table(table) or table is None:
            return None
        policy = self._policy(table)
        inputs, subjects = self._inputs(table)
        outputs, kinds = self._outputs(table)
        rules = tuple(
            self._rule(rule, row, subjects, kinds)
            for row, rule in enumerate(_children(table, "rule"), 1)
        )
        if self.broken or policy is None:
            return None
        needs = frozenset(
            name for text, _ in subjects for name in facts(text, "expression").reads
        ) - (PRELUDE | HOST | BUILTINS)
        return Decision(
            key=self.key,
            name=self.element.get("name") or self.key,
            hit_policy=policy,
            inputs=inputs,
            outputs=outputs,
            rules=rules,
            needs=needs,
            names=_names(needs, outputs, rules),
            file=self.filename,
            line=self.element.sourceline,
        )

    def _error(self, code: str, at: Element, message: str, hint: str | None = None) -> None:
        self.broken = True
        self.findings.error(code, (self.key or None, at.sourceline), message, hint)

    def _is_table(self, table: Element | None) -> bool:
        if not self.key:
            self._error(
                "dmn-no-id", self.element, "A decision has no id.",
                "Give it one: business-rule tasks name it by that.",
            )  # fmt: skip
        if table is None:
            kinds = [etree.QName(child).localname for child in _children(self.element)]
            found = next(
                (kind for kind in kinds if kind.endswith(("xpression", "text"))), "nothing"
            )
            self._error(
                "dmn-not-a-table", self.element,
                f"Decision {self.key!r} holds {found}; only decision tables are read.",
                "Make it a decision table, or use a script task.",
            )  # fmt: skip
        for requirement in _children(
            self.element, "informationRequirement", "knowledgeRequirement"
        ):
            for needed in _children(requirement, "requiredDecision", "requiredKnowledge"):
                self._error(
                    "dmn-requirement", needed,
                    f"Decision {self.key!r} requires {needed.get('href', '')!r}; decisions that "
                    "build on others are not read in this release.",
                    "Call the other decision first in a business-rule task of its own.",
                )  # fmt: skip
        return table is not None

    def _policy(self, table: Element) -> HitPolicy | None:
        named = table.get("hitPolicy", "UNIQUE").upper()
        if named in _LETTERS:
            self.findings.warning(
                "dmn-hit-policy-letter",
                (self.key, table.sourceline),
                f"Decision {self.key!r} writes its hit policy as {named}, which is how tables "
                "show it; in the file DMN has words.",
                f"Write {_LETTERS[named]}: other DMN tools do not read the letter.",
            )
            named = _LETTERS[named]
        policy = _POLICIES.get(named)
        if policy is None:
            self._error(
                "dmn-hit-policy", table,
                f"Decision {self.key!r} has the hit policy {named}; this release reads UNIQUE "
                "and FIRST.",
                "Use UNIQUE or FIRST.",
            )  # fmt: skip
        return policy

    def _inputs(self, table: Element) -> tuple[tuple[Input, ...], list[tuple[str, str]]]:
        inputs: list[Input] = []
        subjects: list[tuple[str, str]] = []
        for number, column in enumerate(_children(table, "input"), 1):
            expression = _child(column, "inputExpression")
            text = _text(expression)
            label = column.get("label") or text or f"input {number}"
            inputs.append(Input(label, text))
            self._language(expression, f"Input {label!r}")
            python = self._translated(feel.expression, text, column, f"Input {label!r}")
            kind = (
                _KINDS.get((expression.get("typeRef") or "").lower())
                if expression is not None
                else None
            )
            subject = f"feel_as({python}, {kind!r}, {label!r})" if kind else python
            subjects.append((python, subject))
        return tuple(inputs), subjects

    def _outputs(self, table: Element) -> tuple[tuple[Output, ...], list[str | None]]:
        columns = list(_children(table, "output"))
        outputs: list[Output] = []
        kinds: list[str | None] = []
        for column in columns:
            name = column.get("name") or (self.key if len(columns) == 1 else "")
            if not name or name in {output.name for output in outputs}:
                self._error(
                    "dmn-output-name", column,
                    f"Decision {self.key!r}: the output {name!r} has no name of its own.",
                    "Give each output column a name.",
                )  # fmt: skip
            kind = _KINDS.get((column.get("typeRef") or "").lower())
            given = _child(column, "defaultOutputEntry")
            default = None if given is None else self._cell(given, kind, f"default of {name!r}")
            outputs.append(Output(name, column.get("label") or name, default))
            kinds.append(kind)
        if not columns:
            self._error("dmn-no-output", table, f"Decision {self.key!r} has no output column.")
        return tuple(outputs), kinds

    def _rule(
        self, rule: Element, row: int, subjects: list[tuple[str, str]], kinds: list[str | None]
    ) -> Rule:
        given, results = list(_children(rule, "inputEntry")), list(_children(rule, "outputEntry"))
        if len(given) != len(subjects) or len(results) != len(kinds):
            self._error(
                "dmn-cell-count", rule,
                f"Decision {self.key!r}, row {row}: {len(given)} input and {len(results)} output "
                f"cells where {len(subjects)} and {len(kinds)} are due.",
                "Save the table again from a DMN editor.",
            )  # fmt: skip
            return Rule("", row, None, ())
        found = [
            test
            for entry, (_, subject) in zip(given, subjects, strict=True)
            if (test := self._test(entry, subject, row)) is not None
        ]
        text = " and ".join(f"({test})" for test in found)
        condition = self._code(text, rule, f"row {row}") if found else None
        return Rule(
            rule.get("id") or f"row-{row}",
            row,
            condition,
            tuple(
                self._cell(entry, kind, f"row {row}")
                for entry, kind in zip(results, kinds, strict=True)
            ),
        )

    def _test(self, entry: Element, subject: str, row: int) -> str | None:
        self._language(entry, f"Row {row}")
        text = _text(entry)
        if text in ("", "-"):
            return None
        return self._translated(
            lambda cell: feel.tests(cell, subject) or "True", text, entry, f"Row {row}"
        )

    def _cell(self, entry: Element, kind: str | None, where: str) -> Cell:
        self._language(entry, where)
        text = _text(entry)
        if text in ("", "-"):
            return Cell()
        python = self._translated(feel.expression, text, entry, where)
        try:
            value = ast.literal_eval(python)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return Cell(code=self._code(python, entry, where))
        if isinstance(value, list):
            # Tables are shared by all cases; a list must be a new one each time.
            return Cell(code=self._code(python, entry, where))
        fits = kind is None or value is None or type(value) in _PYTHON[kind]
        if not fits:
            self._error(
                "dmn-type", entry,
                f"Decision {self.key!r}, {where}: {text[:60]} is no {kind}, as its column says.",
                'Texts stand in quotes ("…"), numbers do not.',
            )  # fmt: skip
        return Cell(value)

    def _code(self, python: str, at: Element, where: str) -> Code:
        mistake = facts(python, "expression").mistake
        if mistake is not None:
            message = f"Decision {self.key!r}, {where}: {mistake.message}"
            self._error("dmn-cell", at, message, "Make it shorter, or split the row.")
        return Code(python, line=at.sourceline)

    def _language(self, element: Element | None, where: str) -> None:
        own = element.get("expressionLanguage") if element is not None else None
        language = own or self.language
        if language and "feel" not in language.lower():
            at = self.element if element is None else element
            self._error(
                "dmn-language", at,
                f"Decision {self.key!r}, {where} is written in {language[:60]!r}.",
                "Write it in S-FEEL.",
            )  # fmt: skip

    def _translated(
        self, translate: Callable[[str], str], text: str, at: Element, where: str
    ) -> str:
        try:
            return translate(text)
        except feel.Unreadable as reason:
            self._error(
                "dmn-cell", at, f"Decision {self.key!r}, {where}: {text[:60]!r}: {reason}.",
                'Cells hold -, "text", numbers, date("2026-10-08"), > 5, [1..10], lists, not(…).',
            )  # fmt: skip
            return "None"


def _names(
    needs: frozenset[str], outputs: tuple[Output, ...], rules: tuple[Rule, ...]
) -> frozenset[str]:
    cells = [cell for rule in rules for cell in rule.cells]
    cells += [output.default for output in outputs if output.default is not None]
    codes = [rule.condition for rule in rules] + [cell.code for cell in cells]
    return needs.union(*(code.names for code in codes if code is not None))
