"""The tables of FEEL: cases of tests/feel, and the page docs/feel.md that is made of them.

    python -m tests.feel_table            prints the cases that are no longer true
    python -m tests.feel_table --write    writes docs/feel.md from tests/feel

A file of ``tests/feel`` is one section of the page. A row begins with a line
``= construct | what it does``; its cases follow, one on a line:

    expression => value         the value is FEEL as well
    expression => error         the text is no FEEL
    ? value ; tests => value    unary tests: true, false or null
    with {name: value}          what is known in the cases after it, up to the next row

An example stands on the page as it is here; that of a row is its first case.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from engine.feel import FeelError, Run, kind, parse, parse_unary, string
from tests import sectioned

HERE = Path(__file__).parent / "feel"
PAGE = Path(__file__).parent.parent / "docs" / "feel.md"
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """One line: an expression, or a value and its tests; ``tests`` is None for the former."""

    file: str
    line: int
    text: str
    expected: str
    scope: dict[str, Any]
    tests: str | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class Row:
    """One construct of the table."""

    section: str
    file: str
    name: str
    says: str
    cases: list[Case] = field(default_factory=list)


def value_of(text: str, scope: dict[str, Any] | None = None) -> Any:
    """Return what an expression gives."""
    return parse(text, names_in(scope or {})).evaluate(scope or {}, run=Run(now=NOW, seed="cases"))


def names_in(value: Any) -> set[str]:
    """Return the names of all entries, also of those inside: what item definitions would tell."""
    if isinstance(value, list):
        return {name for one in value for name in names_in(one)}
    if not isinstance(value, dict):
        return set()
    return set(value) | {name for one in value.values() for name in names_in(one)}


@cache
def rows() -> tuple[Row, ...]:
    """Every row, in the order of the files."""
    return tuple(row for path in sorted(HERE.glob("*.txt")) for row in _rows(path))


def cases() -> list[Case]:
    """Every case."""
    return [case for row in rows() for case in row.cases]


def _rows(path: Path) -> Iterator[Row]:
    lines = path.read_text("utf-8").splitlines()
    section = lines[0].removeprefix("# ")
    row: Row | None = None
    scope: dict[str, Any] = {}
    for number, line in enumerate(lines, 1):
        if line.startswith("= "):
            if row is not None:
                yield row
            name, _, says = line[2:].partition(" |")
            row, scope = Row(section, path.name, name.strip(), says.strip()), {}
        elif row is None or not line.strip() or line.startswith("#"):
            continue
        elif line.startswith("with "):
            scope = value_of(line.removeprefix("with "))
        else:
            text, _, expected = line.rpartition(" => ")
            value, semicolon, tests = text.removeprefix("? ").partition(" ; ")
            unary = line.startswith("? ") and bool(semicolon)
            row.cases.append(
                Case(
                    path.name,
                    number,
                    value if unary else text,
                    expected,
                    scope,
                    tests if unary else None,
                )
            )
    if row is not None:
        yield row


# -- what a case gives -------------------------------------------------------------------


def shown(value: Any) -> str:
    """Return a value with its type, so that equal texts are equal values."""
    return f"{kind(value)} {string(value, 1_000_000)}"


def outcome(case: Case) -> str:
    """Return what a case gives."""
    try:
        if case.tests is None:
            return shown(value_of(case.text, case.scope))
        value = value_of(case.text)
        found = parse_unary(case.tests, names_in(case.scope)).test(
            value, case.scope, run=Run(now=NOW)
        )
    except FeelError:
        return "error"
    return shown(found)


def wanted(case: Case) -> str:
    """Return what a case must give."""
    return "error" if case.expected == "error" else shown(value_of(case.expected))


# -- the page ----------------------------------------------------------------------------

INTRODUCTION = """\
# FEEL, construct by construct

The language of decisions, DMN 1.5 chapter 10, as `engine/feel` evaluates it. Every row is tried by `tests/test_feel.py` with the cases of its file in `tests/feel`; the first of them is the example. `python -m tests.feel_table` tries them all and `--write` writes this page.
"""


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for title, words in sectioned.sections(HERE):
        parts.append(f"## {title}\n")
        if words:
            parts.append(f"{words}\n")
        mine = [one for one in rows() if one.section == title]
        if not mine:
            continue
        lines = [
            "| construct | status | what it does here | example | shown by |",
            "|---|---|---|---|---|",
        ]
        lines += [_line(one) for one in mine]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _line(row: Row) -> str:
    status = "refused" if row.says.startswith("refused") else "done"
    says = row.says.removeprefix("refused:").strip()
    first = row.cases[0]
    text = first.text if first.tests is None else f"{first.text} ; {first.tests}"
    example = f"`{text} => {first.expected}`".replace("|", "\\|")
    count = len(row.cases)
    by = f"`tests/feel/{row.file}`, {count} case{'s' if count > 1 else ''}"
    return f"| {row.name} | {status} | {says} | {example} | {by} |"


def main() -> None:
    """Print the cases that are no longer true, or write the page."""
    if "--write" in sys.argv:
        PAGE.write_text(page(), "utf-8")
    told = [
        f"{case}: {case.text} {case.tests or ''}\n    gives {found}\n    not   {due}"
        for case in cases()
        if (found := outcome(case)) != (due := wanted(case))
    ]
    told.append(f"{len(rows())} rows, {len(cases())} cases")
    sys.stdout.write("\n".join(told) + "\n")


if __name__ == "__main__":
    main()
