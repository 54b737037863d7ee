"""Rows of the CSV files that offices keep their lists in.

Spreadsheets in Chinese offices write UTF-8 with a byte order mark or, by default,
GBK (read here as its superset GB18030), with CRLF and double quotes. Every cell is
text: 17-digit ids and leading zeros must survive.

Pure: bytes come in, rows go out. A broken file is refused whole, with every
bad row named by the number that a spreadsheet shows beside it (header = 1).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import Any, NamedTuple

from engine.errors import InvalidList

MAX_BYTES = 5_000_000
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of spreadsheet programs begin, zipped and old ones."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?( %)?")

Finding = dict[str, Any]


class Row(NamedTuple):
    """One record: the number a spreadsheet shows, and its cells by column name."""

    number: int
    cells: dict[str, str]


def harmless(value: object) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula; empty for None."""
    text = "" if value is None else str(value)
    if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


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
        content: UTF-8, with or without a byte order mark, or GB18030; at most 5 MB.

    Returns:
        The column names in their order, and the rows with trimmed cells.

    Raises:
        InvalidList: another encoding, no header, a column twice, a row of another width.
    """
    table = _trimmed(records(file, content))
    header = table[0] if table else []
    _check_header(file, header)
    rows, findings = [], []
    for number, cells in enumerate(table[1:], start=2):
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


def encoding(content: bytes) -> str:
    """Return how a file is written: ``utf-8-sig`` or ``gb18030``.

    Raises:
        UnicodeDecodeError: neither.
    """
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("utf-8", errors="replace")
        foreign = [one for one in text if one > "\x7f"]
        # One bad byte in a UTF-8 file must not turn all its Chinese into other Chinese.
        if content.startswith(codecs.BOM_UTF8) or 2 * foreign.count("\ufffd") < len(foreign):
            raise
        content.decode("gb18030")
        return "gb18030"
    return "utf-8-sig"


def records(file: str, content: bytes) -> list[list[str]]:
    """Return the cells of a CSV file as they stand there.

    Raises:
        InvalidList: it is too large, a workbook, broken, or in another encoding.
    """
    if len(content) > MAX_BYTES:
        message, hint = f"the file has more than {MAX_BYTES:,} bytes", "Split the list."
        raise refuse(file, [finding(file, 1, None, message, hint)])
    if content.startswith(_WORKBOOKS):
        hint = "In the spreadsheet choose 'Save as' and 'CSV UTF-8'."
        message = "this is a workbook (.xlsx or .xls), not a CSV file"
        raise refuse(file, [finding(file, 1, None, message, hint)])
    try:
        text = content.decode(encoding(content))
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        hint = "Save it again as 'CSV UTF-8'."
        message = "this is neither UTF-8 nor GBK"
        raise refuse(file, [finding(file, row, None, message, hint)]) from None
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


def _trimmed(table: list[list[str]]) -> list[list[str]]:
    """Return the cells without blanks around them, and without columns that are all empty.

    Spreadsheets write such columns at the right end when a cell there was once used.
    """
    rows = [[cell.strip() for cell in record] for record in table]
    used = [max((i for i, cell in enumerate(row, start=1) if cell), default=0) for row in rows]
    width = max(used[:1], default=0)
    return [
        row[:width] if most <= width < len(row) else row
        for row, most in zip(rows, used, strict=True)
    ]


def _check_header(file: str, header: list[str]) -> None:
    if not any(header):
        hint = "The first row names the columns."
        raise refuse(file, [finding(file, 1, None, "there is no header", hint)])
    for name in header:
        if not name or header.count(name) > 1:
            message = f"the name {name!r} stands twice" if name else "a column without a name"
            hint = "Give every column one name of its own."
            raise refuse(file, [finding(file, 1, name or None, message, hint)])
