"""The table of docs/bpmn.md: its rows, what each snippet shows, and the page itself.

    python -m tests.bpmn_table            prints the rows that are no longer true
    python -m tests.bpmn_table --write    writes docs/bpmn.md from tests/notation

A file of ``tests/notation`` is one section of the page. A row begins with a line
``= name | 名称 | status | what it does here | test``, its snippet follows. The status is
``runs`` (on both executors), ``kernel`` (runs there, refused for spiff), ``checked``,
``kept``, ``ignored`` or ``refused``; after a colon the codes of its findings.

A snippet is the content of a process; after a line ``---`` comes what stands beside
the process. Without a start event ``s`` one is put before, that leads to ``t``. What
begins with ``<process`` is the whole content of the file, what begins with
``<definitions`` the whole file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lxml import etree

from engine.bpmn import vocabulary
from engine.bpmn.checks import check
from engine.bpmn.reader import read
from engine.spiff.refusals import refusals
from tests import sectioned
from tests.snippets import DEFINITIONS

HERE = Path(__file__).parent / "notation"
PAGE = Path(__file__).parent.parent / "docs" / "bpmn.md"
STATUSES = ("runs", "kernel", "checked", "kept", "ignored", "refused")
START = '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>'
BESIDE = {"roles": {"clerk"}, "forms": {"f"}, "decisions": {"d"}}
DOCUMENTATION = re.compile(r"documentation=(?:'.*?'|\".*?\")")
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"

POSITIONS = (
    "start",
    "start of sub-process",
    "start of event sub-process",
    "start of event sub-process, non-interrupting",
    "catching",
    "boundary",
    "boundary, non-interrupting",
    "throwing",
    "end",
)
TRIGGERS = (
    "none",
    "message",
    "timer date",
    "timer duration",
    "timer cycle",
    "signal",
    "conditional",
    "error",
    "escalation",
    "link",
    "terminate",
    "compensation",
    "cancel",
    "multiple",
    "parallel multiple",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        codes: the codes of the findings that its snippet gives.
        by: the test, or the scenario, that shows it at work.
    """

    section: str
    name: str
    chinese: str
    status: str
    codes: tuple[str, ...]
    says: str
    by: str
    snippet: str


@cache
def rows() -> tuple[Row, ...]:
    """Every row, in the order of the files."""
    return tuple(_rows())


def _rows() -> Iterator[Row]:
    for title, head, snippet in sectioned.parts(HERE):
        name, chinese, status, says, by = (one.strip() for one in head.split("|"))
        status, _, codes = status.partition(":")
        yield Row(
            title, name, chinese, status, tuple(codes.split(",")) if codes else (),
            says, by, snippet.strip(),
        )  # fmt: skip


# -- what must have a row ---------------------------------------------------------------


def wanted() -> list[str]:
    """Return the name of every row that there must be."""
    document = vocabulary.document()
    own = document["types"]
    names = [one for one in own if one not in document["abstract"]]
    for name, one in own.items():
        names += [f"{name}@{attribute}" for attribute in one.get("attributes", ())]
        names += [f"{name}/{key}" for key, kind in one.get("children", {}).items() if key != kind]
    names += [f"{position}: {trigger}" for position in POSITIONS for trigger in TRIGGERS]
    return sorted(names)


# -- what a snippet shows ---------------------------------------------------------------


def file_of(snippet: str) -> bytes:
    """Return the file that a snippet stands for."""
    if snippet.startswith("<definitions"):
        return (
            DEFINITIONS.removesuffix(' id="file">') + snippet.removeprefix("<definitions")
        ).encode()
    if snippet.startswith("<process"):
        return f"{DEFINITIONS}{snippet}</definitions>".encode()
    body, _, beside = f"\n{snippet}\n".partition("\n---\n")
    if 'id="s"' not in body:
        body = (START if 'id="t"' in body else '<startEvent id="s"/>') + body
    return (
        f'{DEFINITIONS}<process id="p" isExecutable="true">{body}</process>{beside}</definitions>'
    ).encode()


def outcome(xml: bytes) -> tuple[dict[str, str], str, bool]:
    """Return the codes found with their severities, the model as text, whether spiff runs it."""
    diagram, findings = read(xml, "x.bpmn")
    if diagram is None:
        return {one.code: one.severity for one in findings}, "", False
    findings = [*findings, *check(diagram, {}, **BESIDE)]  # type: ignore[arg-type]
    refused = [one for process in diagram.processes.values() for one in refusals(process, "x")]
    model = re.sub(r"\bline=\w+", "", repr(dict(diagram.processes)))
    return {one.code: one.severity for one in findings}, model, not refused


def without(xml: bytes, name: str, value: str | None = None) -> bytes | None:
    """Return the file without what a row is about, or with another value of the attribute.

    None if the file has none of it.
    """
    root = etree.fromstring(xml)
    holder, at, attribute = name.partition("@")
    found = False
    for one in [*root.iter()]:
        if at and attribute in one.attrib and _is_a(one, holder):
            found = True
            if value is None:
                del one.attrib[attribute]
            else:
                one.set(attribute, value)
        elif not at and one.tag == BPMN + name.rpartition("/")[2] and one is not root:
            found = True
            parent = one.getparent()
            if parent is not None:
                parent.remove(one)
    return etree.tostring(root) if found else None


def _is_a(element: etree._Element, holder: str) -> bool:
    """Whether an element is one of those that have the attributes of ``holder``."""
    kind = vocabulary.types().get(str(element.tag).removeprefix(BPMN))
    if kind is None:
        # a part, such as a condition: an expression
        return holder in ("baseElementWithMixedContent", "expression", "formalExpression")
    return holder in kind.kinds


def faults(row: Row) -> list[str]:
    """Return what is no longer true of a row."""
    xml = file_of(row.snippet)
    codes, model, on_spiff = outcome(xml)
    told = []
    if set(codes) != set(row.codes):
        told.append(f"finds {sorted(codes)}, not {sorted(row.codes)}")
    errors = [code for code, severity in codes.items() if severity == "error"]
    if bool(errors) != (row.status == "refused"):
        told.append(f"has the errors {errors}")
    if row.status == "ignored" and not codes:
        told.append("is ignored in silence")
    if row.status in ("runs", "kernel") and on_spiff == (row.status == "kernel"):
        told.append("runs on spiff" if on_spiff else "is refused for spiff")
    return told + _effect(row, xml, codes, model)


def _effect(row: Row, xml: bytes, codes: dict[str, str], model: str) -> list[str]:
    """Whether the engine knows what the row is about, and only if the row says so."""
    if ": " in row.name or row.name == "definitions" or row.status == "refused":
        return []
    gone = without(xml, row.name)
    if gone is None:
        return ["stands nowhere in the snippet"]
    if row.status == "checked":
        wrong = without(xml, row.name, "nonsense")
        wrongly = wrong is not None and "error" in outcome(wrong)[0].values()
        return [] if wrongly and outcome(gone)[1] in (model, "") else ["is not what is checked"]
    if row.status in ("runs", "kernel"):
        others = [gone, without(xml, row.name, "nonsense") if "@" in row.name else None]
        known = any(one and outcome(one)[:2] != (codes, model) for one in others)
        return [] if known else ["has no effect"]
    plain = [DOCUMENTATION.sub("", one) for one in (model, outcome(gone)[1])]
    return [] if plain[0] == plain[1] else ["has an effect"]


# -- the page -----------------------------------------------------------------------------

HEAD = """\
# BPMN 2.0, word by word

For whoever wants to know before drawing it what a construct does here. Every element of the standard's schema, every attribute and every position of an event has a row; the same snippet that each row was written with is read by the tests, so that this page says what is so. How to draw things is told in [notation](notation.md), what a finding means in [findings](findings.md).

| status | |
|---|---|
| runs | The engine does what BPMN 2.0 says. On the executor `spiff` too, unless the column *spiff* says *refused*: then the diagram is refused for it by name ([not-on-executor](findings.md#not-on-executor)) and runs on `kernel`. |
| checked | Decides nothing, as in BPMN 2.0, but what it names must be there: where it is not, the file is refused. |
| kept | Read, kept in the file and shown; it decides nothing, as in BPMN 2.0. |
| ignored | It would mean something in BPMN 2.0 and means nothing here. A warning says so, with what to use instead. |
| refused | The file is not deployed; an error names the element and line, and what to do. Some of these BPMN 2.0 itself forbids. |

`element@attribute` is an attribute and `element/child` a part that has no name of its own, both named where the schema has them: `activity@default` is that of tasks, sub-processes and call activities alike. `python -m tests.bpmn_table` tries every row.
"""


def page() -> str:
    """Return the page."""
    parts = [HEAD, _summary()]
    for title, words in sectioned.sections(HERE):
        lines = [f"## {title}", "", *([words, ""] if words else [])]
        lines += ["| | | status | spiff | here | shown by |", "|---|---|---|---|---|---|"]
        lines += [_line(row) for row in rows() if row.section == title]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _line(row: Row) -> str:
    codes = ", ".join(f"[{one}](findings.md#{one})" for one in row.codes)
    status = "runs" if row.status == "kernel" else row.status
    spiff = {"runs": "runs", "kernel": "refused"}.get(row.status, "")
    name = row.name.replace(": ", ", ")
    shown = f"`{row.by.removeprefix('tests/')}`" if row.by else ""
    status += f" ({codes})" if codes else ""
    return f"| {name} | {row.chinese} | {status} | {spiff} | {row.says} | {shown} |"


def _summary() -> str:
    """Return the events at one look: trigger by position."""
    known = {row.name: row.status for row in rows()}
    marks = {"runs": "●", "kernel": "○", "ignored": "·", "refused": "–"}
    legend = (
        "● runs on both executors, ○ on `kernel`, · with a warning as something else, – refused."
    )
    lines = ["## Events at one look", "", legend, ""]
    lines += [f"| | {' | '.join(POSITIONS)} |", "|---" * (len(POSITIONS) + 1) + "|"]
    for trigger in TRIGGERS:
        cells = [marks[known[f"{position}: {trigger}"]] for position in POSITIONS]
        lines.append(f"| {trigger} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the rows that are no longer true, or write the page."""
    if "--write" in sys.argv:
        PAGE.write_text(page(), "utf-8")
        return
    known = {row.name for row in rows()}
    for name in wanted():
        if name not in known:
            sys.stdout.write(f"missing: {name}\n")
    for row in rows():
        for fault in faults(row):
            sys.stdout.write(f"{row.section}: {row.name} ({row.status}): {fault}\n")


if __name__ == "__main__":
    main()
