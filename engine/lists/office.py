"""The files that offices keep lists in, as the CSV files that lists are read from.

A workbook becomes the CSV file that people would have saved, row for row, so that what is
wrong is named by the row and column that they see; titles in a header become names.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal

from engine import spreadsheets, workbooks
from engine.columns import Descriptor
from engine.workbooks import Held

EXACT_DIGITS = 15
"""How many digits of a number spreadsheets keep."""


def encoding(content: bytes) -> str:
    """Return how a file is written, as people call it; what it is not is said when it is read."""
    if content.startswith(workbooks.START):
        return "XLSX"
    try:
        return "UTF-8" if spreadsheets.encoding(content).startswith("utf") else "GB18030"
    except UnicodeDecodeError:
        return "UTF-8"


def plain(file: str, content: bytes) -> bytes:
    """Return a workbook as the CSV file that people would have saved, row for row.

    Raises:
        InvalidList: it cannot be read, or cells of it hold no value.
    """
    rows = workbooks.read(file, content, file.rpartition(".")[0])
    wrong = [
        spreadsheets.finding(file, number, workbooks.letters(at), f"{cell.text[:40]!r} is no value",
                             "Put the value itself into the cell.")
        for number, row in enumerate(rows, start=1)
        for at, cell in enumerate(row)
        if cell.kind == "error"
    ]  # fmt: skip
    if wrong:
        raise spreadsheets.refuse(file, wrong)
    return _written([shown(cell) for cell in row] for row in rows)


def shown(cell: Held) -> str:
    """Return a cell as its column reads it."""
    if cell.kind == "number" and len(cell.text.lstrip("-").replace(".", "")) > EXACT_DIGITS:
        # An id whose last digits the spreadsheet has lost: text columns refuse what looks so.
        return f"{Decimal(cell.text):.{EXACT_DIGITS - 1}E}"
    return cell.text.removesuffix(":00") if cell.kind == "time" else cell.text


def renamed(descriptor: Descriptor, file: str, content: bytes) -> bytes:
    """Return the file with the names of the columns where its header has their titles."""
    table = spreadsheets.records(file, content)
    given = [cell.strip() for cell in table[0]]
    names = descriptor.named(given)
    return content if names == given else _written([names, *table[1:]])


def _written(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")
