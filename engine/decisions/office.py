"""A decision table as the rows of a sheet, the way offices keep it (XLSX and CSV).

Seven head rows say what the table is: its hit policy, and of each column what it is,
what it is called, its expression or name, type, allowed values and default. Then comes one
row for each rule, its id in the first column.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from engine import spreadsheets, workbooks
from engine.decisions.drawn import INPUT, NOTE, OUTPUT, SAYS, Column, Drawn
from engine.workbooks import Held

HEAD = 7
CAPTIONS = {
    "zh": ("命中策略", "种类", "标题", "表达式或名称", "类型", "允许的值", "缺省值"),
    "en": (
        "hit policy",
        "kind",
        "label",
        "expression or name",
        "type",
        "allowed values",
        "default",
    ),
}
KINDS = {
    "zh": {INPUT: "输入", OUTPUT: "输出", NOTE: "注释", SAYS: "说明"},
    "en": {INPUT: "input", OUTPUT: "output", NOTE: "annotation", SAYS: "description"},
}
_DECISION = {"zh": "决策", "en": "decision"}
_CHINESE = re.compile("[\u3400-\u9fff]")
_FORMULA = re.compile(r"'*[=+@\t\r]|'*-(?!\d+(?:\.\d+)?\Z|\Z)")
"""What a spreadsheet would take for a formula when it opens a CSV file."""


def language_of(table: Drawn) -> str:
    """Return ``zh`` where people read Chinese above the table's columns, else ``en``."""
    words = [table.name, *(one.label for one in table.columns)]
    return "zh" if any(_CHINESE.search(one) for one in words) else "en"


def rows(table: Drawn) -> list[list[str]]:
    """Return a table as the rows of a sheet, all cells as they stand in the file."""
    language = language_of(table)
    policy, *captions = CAPTIONS[language]
    head = [[policy, table.policy, _DECISION[language], table.holder, table.name]]
    columns = [_head(one, language) for one in table.columns]
    head += [[caption, *(one[at] for one in columns)] for at, caption in enumerate(captions)]
    return head + [[one.key, *one.texts] for one in table.rules]


def _head(column: Column, language: str) -> tuple[str, ...]:
    return (
        KINDS[language][column.kind], column.label, column.name, column.type, column.allowed,
        column.default,
    )  # fmt: skip


def workbook(table: Drawn) -> bytes:
    """Return a table as an XLSX file; the sheet has the decision's id as its name."""
    return workbooks.write(rows(table), sheet=table.holder, head=HEAD)


def text_file(table: Drawn) -> bytes:
    """Return a table as CSV: UTF-8 with a byte order mark and CRLF, as spreadsheets have it.

    What a spreadsheet would take for a formula begins with ``'``, which importing takes
    away again.
    """
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\r\n")
    for row in rows(table):
        writer.writerow([f"'{one}" if _FORMULA.match(one) else one for one in row])
    return made.getvalue().encode("utf-8-sig")


def held(file: str, content: bytes, sheet: str) -> list[list[Held]]:
    """Return the cells of a file that somebody gives back, XLSX or CSV.

    Args:
        file: only used in messages.
        sheet: of a workbook; else its first.

    Raises:
        InvalidList: it is neither, or broken.
    """
    if content.startswith(workbooks.OLD):
        message = "this is an old workbook (.xls), or one with a password"
        hint = "In the spreadsheet choose 'Save as' and 'Excel Workbook (.xlsx)'."
        raise spreadsheets.refuse(file, [spreadsheets.finding(file, 1, None, message, hint)])
    if content.startswith(workbooks.START):
        return workbooks.read(file, content, sheet)
    return [[_held(one) for one in row] for row in spreadsheets.records(file, content)]


def _held(text: str) -> Held:
    return Held(text[1:] if text.startswith("'") and _FORMULA.match(text) else text)


def of_column(number: int) -> str:
    """Return the letters above a column, counted from 0."""
    return workbooks.letters(number)


def plain(cells: Sequence[Held], at: int) -> str:
    """Return the text of a cell of a row, "" where the row is shorter."""
    return cells[at].text.replace("\r\n", "\n").strip() if at < len(cells) else ""
