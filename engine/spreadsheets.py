"""Rows of the CSV files that offices keep their lists in.

Spreadsheets in Chinese offices write UTF-8 with a byte order mark, CRLF and
double quotes. Every cell is text: 17-digit ids and leading zeros must survive.

Pure: bytes come in, rows go out. A broken file is refused whole, with every
bad row named by the number that a spreadsheet shows beside it (header = 1).
"""

from __future__ import annotations

import csv
import io
from typing import Any, NamedTuple

from engine.errors import InvalidList

MAX_BYTES = 5_000_000
Finding = dict[str, Any]


class Row(NamedTuple):
    """One record: the number a spreadsheet shows, and its cells by column name."""

    number: int
    cells: dict[str, str]


def finding(file: str, row: int, column: str | None, message: str, hint: str) -> Finding:
    """Return what is wrong in one cell or row, in the shape of all findings."""
    return {
        "code": "bad-row",
        "severity": "error",
        "file": file,
        "line": row,
        "element": column,
        "message": f"Row {row}" + (f", column {column!r}: " if column else ": ") + message,
        "hint": hint,
    }


def refuse(file: str, findings: list[Finding]) -> InvalidList:
    """Return the refusal that names the first bad row and carries all of them."""
    more = f" ({len(findings) - 1} more)" if len(findings) > 1 else ""
    first = findings[0]
    return InvalidList(
        f"{file}: {first['message']}{more}", hint=str(first["hint"]), findings=findings
    )


def read(file: str, content: bytes) -> tuple[list[str], list[Row]]:
    """Read the header and the rows of a CSV file; empty rows are skipped.

    Args:
        file: only used in messages.
        content: UTF-8, with or without a byte order mark, at most 5 MB.

    Returns:
        The column names in their order, and the rows with trimmed cells.

    Raises:
        InvalidList: not UTF-8, no header, a column twice, a row of another width.
    """
    table = _records(file, content)
    header = [cell.strip() for cell in table[0]] if table else []
    _check_header(file, header)
    rows, findings = [], []
    for number, record in enumerate(table[1:], start=2):
        cells = [cell.strip() for cell in record]
        if not any(cells):
            continue
        if len(cells) != len(header):
            message = f"{len(cells)} cells where the header has {len(header)} columns"
            hint = "Put cells that contain a comma in double quotes; keep empty cells."
            findings.append(finding(file, number, None, message, hint))
            continue
        rows.append(Row(number, dict(zip(header, cells, strict=True))))
    if findings:
        raise refuse(file, findings)
    return header, rows


def _records(file: str, content: bytes) -> list[list[str]]:
    if len(content) > MAX_BYTES:
        message, hint = f"the file has more than {MAX_BYTES:,} bytes", "Split the list."
        raise refuse(file, [finding(file, 1, None, message, hint)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        hint = "Save it as 'CSV UTF-8'; older spreadsheets write GBK by default."
        raise refuse(file, [finding(file, row, None, "this is not UTF-8", hint)]) from None
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        hint = "Save it again as 'CSV UTF-8'."
        raise refuse(file, [finding(file, row, None, "a null byte", hint)])
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        hint = "Close every double quote; write a quote inside a cell twice."
        row = text.count("\n") + 1
        raise refuse(file, [finding(file, row, None, f"{error}", hint)]) from None


def _check_header(file: str, header: list[str]) -> None:
    if not any(header):
        hint = "The first row names the columns."
        raise refuse(file, [finding(file, 1, None, "there is no header", hint)])
    for name in header:
        if not name or header.count(name) > 1:
            message = f"the name {name!r} stands twice" if name else "a column without a name"
            hint = "Give every column one name of its own."
            raise refuse(file, [finding(file, 1, name or None, message, hint)])
