"""The table of docs/dmn.md: its rows, what each snippet gives, and the page itself.

    python -m tests.dmn_table            prints the rows that are no longer true
    python -m tests.dmn_table --write    writes docs/dmn.md from tests/decisions

A file of ``tests/decisions`` is one section of the page. A row begins with a line
``= name | 名称 | status | what it does here``; a DMN file in the words of ``tests/dmn.py``
follows, and then its cases: ``> DECISION {"input": 1} = value``, in JSON. The status is
``runs``, ``kept`` (read, and without effect on what comes out) or ``refused``; after a
colon stand the codes of its findings. ``version 1.1`` on a line of its own before the file
says what DMN it is in; a line ``file NAME`` begins a further file, its namespace NAME.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from engine import decisions
from tests import sectioned
from tests.dmn import NAMESPACES, a_file

HERE = Path(__file__).parent / "decisions"
PAGE = Path(__file__).parent.parent / "docs" / "dmn.md"
STATUSES = ("runs", "kept", "refused")
NOW = datetime(2026, 9, 18, 1, tzinfo=UTC)
_CASE = re.compile(r"^> (.+?) (\{.*\}) = (.*)$")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        codes: the codes of the findings that its file gives.
        files: the DMN files, by name; the first is asked.
        cases: decision, inputs and what has to come out.
    """

    section: str
    name: str
    chinese: str
    status: str
    codes: tuple[str, ...]
    says: str
    files: dict[str, bytes]
    cases: tuple[tuple[str, dict[str, Any], Any], ...]


@cache
def rows() -> tuple[Row, ...]:
    """Every row, in the order of the files."""
    return tuple(_rows())


def _rows() -> Iterator[Row]:
    for title, head, snippet in sectioned.parts(HERE):
        name, chinese, status, says = (one.strip() for one in head.split(" | "))
        status, _, codes = status.partition(":")
        lines = snippet.strip().splitlines()
        cases = tuple(_case(line) for line in lines if line.startswith("> "))
        text = "\n".join(line for line in lines if not line.startswith("> "))
        yield Row(
            title, name, chinese, status,
            tuple(codes.split(",")) if codes else (), says, dict(_files(text)), cases,
        )  # fmt: skip


def _case(line: str) -> tuple[str, dict[str, Any], Any]:
    found = _CASE.match(line)
    assert found is not None, line
    return found[1], json.loads(found[2]), json.loads(found[3])


def _files(text: str) -> Iterator[tuple[str, bytes]]:
    first, *others = re.split(r"^file (\w+)$", text, flags=re.M)
    version = re.match(r"version (\S+)\n", first)
    said = "1.5" if version is None else version[1]
    first = first[version.end() :] if version else first
    names = others[::2]
    imports = "".join(
        f'<import name="{one}" namespace="{one}" importType="{NAMESPACES[said]}"/>'
        for one in names
        if f"{one}#" in first
    )
    yield "a.dmn", a_file(first, version=said, imports=imports)
    for name, content in zip(names, others[1::2], strict=True):
        yield f"{name}.dmn", a_file(content, version=said, namespace=name)


def faults(row: Row) -> list[str]:
    """Return what of a row is not so."""
    models, findings = decisions.read_files(row.files)
    model = models.get("a.dmn")
    found = list(findings["a.dmn"])
    if model is not None:
        found += decisions.check(model)
    codes = sorted({one.code for one in found})
    wrong = [] if codes == sorted(row.codes) else [f"findings {codes}"]
    refused = any(one.severity == "error" for one in found)
    if refused is not (row.status == "refused"):
        wrong.append("an error" if refused else "no error")
    for name, given, expected in row.cases:
        asked = None if model is None else model.asked(name)
        if asked is None:
            wrong.append(f"no decision {name}")
            continue
        value = decisions.evaluate(asked, given, now=NOW, strict=False).value
        if json.dumps(value) != json.dumps(expected):
            wrong.append(f"{name} {given} is {json.dumps(value, ensure_ascii=False)}")
    return wrong


def page() -> str:
    """Return docs/dmn.md."""
    parts = [(HERE / "README.md").read_text("utf-8").strip()]
    for title, words in sectioned.sections(HERE):
        lines = [f"## {title}", *([words] if words else [])]
        table = ["| construct | 构造 | status | here | cases |", "|---|---|---|---|---:|"]
        table += [_line(row) for row in rows() if row.section == title]
        parts.append("\n\n".join([*lines, "\n".join(table)]))
    return "\n\n".join(parts) + "\n"


def _line(row: Row) -> str:
    codes = ", ".join(f"[{one}](findings.md#{one})" for one in row.codes)
    status = f"{row.status}: {codes}" if codes else row.status
    cells = (row.name, row.chinese, status, row.says, str(len(row.cases)))
    return "| " + " | ".join(one.replace("|", "\\|") for one in cells) + " |"


def main(arguments: list[str]) -> int:
    """Print what is wrong, or write the page."""
    if "--write" in arguments:
        PAGE.write_text(page(), "utf-8")
        return 0
    wrong = {row.name: found for row in rows() if (found := faults(row))}
    for name, found in wrong.items():
        sys.stdout.write(f"{name}: {'; '.join(found)}\n")
    return 1 if wrong else 0


__all__ = ["PAGE", "STATUSES", "faults", "page", "replace", "rows"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
