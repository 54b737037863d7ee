"""Workbooks (.xlsx) as rows of cells, read and written: what offices keep tables in.

Of a workbook one sheet is read, and of a cell what it holds: a spreadsheet turns what
people type into numbers and days, and whoever asks must see that it did. What is written
has only texts, formatted as texts, so that it stays as it was written.

Uploads are untrusted: bounded sizes, no entities, no network. The same rows give the same
bytes.

Source: ECMA-376, Office Open XML, part 1, sections 12 and 18.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from engine import spreadsheets
from engine.errors import InvalidList

MAX_PART = 40_000_000
"""Bytes of one part of the file, unpacked."""
MAX_ROWS = 50_000
MAX_COLUMNS = 500
START = b"PK\x03\x04"
OLD = b"\xd0\xcf\x11\xe0"
"""How workbooks begin, and those of before 2007."""

_Element = etree._Element  # noqa: SLF001 - lxml has no public name for its element type
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNWRITABLE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f]")
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_DAYS = {*range(14, 18), 22, *range(27, 37), *range(50, 59)}
_TIMES = {18, 19, 20, 21, 45, 46, 47}
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - no zone


class Held(NamedTuple):
    """What a cell holds.

    Attributes:
        text: of a number in its shortest form, of a day or moment as ISO 8601 has it.
        kind: ``text``, ``number``, ``boolean``, ``date``, ``moment``, ``time`` or ``error``.
    """

    text: str
    kind: str = "text"


EMPTY = Held("")


# -- reading ---------------------------------------------------------------------------


def read(file: str, content: bytes, sheet: str | None = None) -> list[list[Held]]:
    """Return the cells of a sheet, row by row; rows and columns in between are empty.

    Args:
        file: only used in messages.
        sheet: its name; without one, or where there is none of that name, the first.

    Raises:
        InvalidList: it is no workbook, a broken one, or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return list(_Book(parts).rows(sheet))
    except (
        zipfile.BadZipFile, KeyError, ValueError, IndexError, EOFError, OSError, RuntimeError,
        NotImplementedError, OverflowError, etree.XMLSyntaxError,
    ) as reason:  # fmt: skip
        hint = "Save it again as 'Excel Workbook (.xlsx)', without a password, or as CSV UTF-8."
        message = f"the workbook cannot be read: {str(reason)[:120]}"
        raise _refused(file, message, hint) from None


def _refused(file: str, message: str, hint: str) -> InvalidList:
    return spreadsheets.refuse(file, [spreadsheets.finding(file, 1, None, message, hint)])


class _Book:
    def __init__(self, parts: zipfile.ZipFile) -> None:
        self.parts = parts
        self.path = self._related("", "/officeDocument") or "xl/workbook.xml"
        self.book = self._xml(self.path)
        about = next(self.book.iter("{*}workbookPr"), None)
        is_1904 = about is not None and about.get("date1904") in ("1", "true")
        self.epoch = _EPOCH_1904 if is_1904 else _EPOCH
        self.texts = self._shared()
        self.formats = self._formats()

    def rows(self, sheet: str | None) -> Iterator[list[Held]]:
        """Yield the rows of the sheet of that name, else of the first."""
        sheets = list(self.book.iter("{*}sheet"))
        found = next((one for one in sheets if sheet and one.get("name") == sheet), sheets[0])
        key = next(value for name, value in found.attrib.items() if str(name).endswith("}id"))
        path = self._related(self.path, "", key=str(key))
        count = 0
        for row in self._xml(str(path)).iter("{*}row"):
            number = int(row.get("r") or count + 1)
            if not count < number <= MAX_ROWS:
                raise ValueError(f"row {number} of at most {MAX_ROWS:,}")
            for _ in range(number - count - 1):
                yield []
            count = number
            yield self._cells(row)

    def _cells(self, row: _Element) -> list[Held]:
        cells: list[Held] = []
        for one in row.iterchildren("{*}c"):
            place = _REFERENCE.fullmatch(one.get("r") or "")
            column = len(cells) if place is None else _column(place[1])
            if column >= MAX_COLUMNS:
                raise ValueError(f"a cell in column {column + 1} of at most {MAX_COLUMNS}")
            cells += [EMPTY] * (column + 1 - len(cells))
            cells[column] = self._held(one)
        return cells

    def _held(self, cell: _Element) -> Held:
        kind, style = cell.get("t") or "n", int(cell.get("s") or 0)
        if kind == "inlineStr":
            return Held("".join(map(_text, cell.iterchildren("{*}is"))))
        value = next(cell.iterchildren("{*}v"), None)
        text = "" if value is None else value.text or ""
        formula = next(cell.iterchildren("{*}f"), None)
        if not text and formula is not None and kind != "str":
            return Held(f"={formula.text or ''}", "error")
        if not text:
            return EMPTY
        if kind == "s":
            return Held(self.texts[int(text)])
        if kind == "b":
            return Held("true" if text == "1" else "false", "boolean")
        if kind == "e":
            return Held(text, "error")
        if kind == "d":
            return _moment(datetime.fromisoformat(text.rstrip("Z")), "date")
        if kind == "str":
            return Held(_unescaped(text))
        return self._number(text, self.formats[style] if style < len(self.formats) else "")

    def _number(self, text: str, shown: str) -> Held:
        if shown == "":
            return Held(_shortest(text), "number")
        try:
            days = Decimal(text)
        except InvalidOperation:
            raise ValueError(f"{text[:40]!r} is no number") from None
        at = self.epoch + timedelta(seconds=round(float(days) * 86_400))
        if shown == "time" and days < 1:
            return Held(at.time().isoformat(), "time")
        return _moment(at, shown)

    # -- parts ------------------------------------------------------------------------

    def _xml(self, path: str) -> _Element:
        with self.parts.open(path) as part:
            content = part.read(MAX_PART + 1)
        if len(content) > MAX_PART:
            raise ValueError(f"{path} has more than {MAX_PART:,} bytes")
        if b"<!DOCTYPE" in content[:2_000]:
            raise ValueError(f"{path} has a document type")
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
        )
        return etree.fromstring(content, parser)

    def _related(self, path: str, kind: str, key: str | None = None) -> str | None:
        """Return the path of the part that another one names, by type or by key."""
        folder, _, name = path.rpartition("/")
        inside = f"{folder}/" if folder else ""
        try:
            root = self._xml(f"{inside}_rels/{name}.rels")
        except KeyError:
            return None
        for one in root.iter("{*}Relationship"):
            if (one.get("Id") == key) if key else (one.get("Type") or "").endswith(kind):
                target = one.get("Target") or ""
                return target.lstrip("/") if target.startswith("/") else inside + target
        return None

    def _shared(self) -> list[str]:
        path = self._related(self.path, "/sharedStrings")
        return [] if path is None else [_text(one) for one in self._xml(path).iter("{*}si")]

    def _formats(self) -> list[str]:
        """Return for each style ``date``, ``moment`` or ``time``, or "" for plain numbers."""
        path = self._related(self.path, "/styles")
        if path is None:
            return []
        root = self._xml(path)
        own = {one.get("numFmtId"): one.get("formatCode") or "" for one in root.iter("{*}numFmt")}
        cells = next(root.iter("{*}cellXfs"), None)
        styles = [] if cells is None else cells.iterchildren("{*}xf")
        return [_shown_as(one.get("numFmtId") or "0", own) for one in styles]


def _shown_as(key: str, own: dict[str | None, str]) -> str:
    code = _QUOTED.sub("", own.get(key, "").partition(";")[0]).lower()
    number = int(key)
    has_day = number in _DAYS or any(one in code for one in "yd") or "m" in code.split("h")[0]
    has_time = number in _TIMES or number == 22 or any(one in code for one in "hs")
    if code in ("", "general"):
        has_day, has_time = number in _DAYS, number in _TIMES or number == 22
    return "moment" if has_day and has_time else "date" if has_day else "time" if has_time else ""


def _moment(at: datetime, shown: str) -> Held:
    if shown == "date" and (at.hour, at.minute, at.second) == (0, 0, 0):
        return Held(at.date().isoformat(), "date")
    return Held(at.isoformat(), "moment")


def _text(element: _Element) -> str:
    """Return the text of a string; how it is pronounced (``rPh``) is not part of it."""
    found = [
        one.text or ""
        for one in element.iter("{*}t")
        if not any(str(up.tag).endswith("}rPh") for up in one.iterancestors())
    ]
    return _unescaped("".join(found))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda one: chr(int(one[1], 16)), text)


def _column(letters: str) -> int:
    number = 0
    for one in letters:
        number = number * 26 + ord(one) - 64
    return number - 1


def _shortest(text: str) -> str:
    """Return a number as people write it: 3 for 3.0, 0.1 for 0.10000000000000001."""
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]!r} is no number") from None
    # What spreadsheets keep is binary: 17 digits of it are one too many.
    found = Decimal(repr(float(exact))) if len(exact.as_tuple().digits) > 15 else exact
    plain = format(found, "f") if abs(found.adjusted()) < 40 else str(found)
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


# -- writing ---------------------------------------------------------------------------

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # Style 0 is text, 1 text in a head row: numFmtId 49 is "@".
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/></font>'
    '<font><b/><sz val="11"/></font></fonts><fills count="3"><fill><patternFill '
    'patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill>'
    '<patternFill patternType="solid"><fgColor rgb="FFE8EEF4"/></patternFill></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="0"/>'
    '</cellStyleXfs><cellXfs count="2"><xf numFmtId="49" applyNumberFormat="1" '
    'applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf><xf numFmtId="49" '
    'fontId="1" fillId="2" applyNumberFormat="1" applyFont="1" applyFill="1" '
    'applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    '</styleSheet>',
}  # fmt: skip
_STAMP = (1980, 1, 1, 0, 0, 0)


def write(rows: Sequence[Sequence[str]], *, sheet: str, head: int) -> bytes:
    """Return a workbook of one sheet.

    Args:
        sheet: its name; what spreadsheets do not take in names is left out.
        head: how many rows stay in sight at the top.
    """
    name = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "", sheet)[:31].strip("'") or "1"
    book = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name={quoteattr(name)} '
        'sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as parts:
        content = _PARTS | {"xl/workbook.xml": book, "xl/worksheets/sheet1.xml": _sheet(rows, head)}
        for path, text in content.items():
            info = zipfile.ZipInfo(path, _STAMP)
            parts.writestr(info, _HEAD + text, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _sheet(rows: Sequence[Sequence[str]], head: int) -> str:
    lines = []
    for number, row in enumerate(rows, 1):
        style = 1 if number <= head else 0
        cells = "".join(_written(text, at, number, style) for at, text in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    width = max((len(one) for one in rows), default=1)
    pane = (
        '<sheetViews><sheetView workbookViewId="0">'
        f'<pane ySplit="{head}" topLeftCell="A{head + 1}" activePane="bottomLeft" state="frozen"/>'
        "</sheetView></sheetViews>"
    )
    columns = f'<cols><col min="1" max="{max(width, 1)}" width="24" customWidth="1"/></cols>'
    cells = f"<sheetData>{''.join(lines)}</sheetData>"
    return f'<worksheet xmlns="{_MAIN}">{pane}{columns}{cells}</worksheet>'


def letters(column: int) -> str:
    """Return what stands above a column, counted from 0: A for the first."""
    found, left = "", column + 1
    while left:
        left, letter = divmod(left - 1, 26)
        found = chr(65 + letter) + found
    return found


def _written(text: str, at: int, row: int, style: int) -> str:
    shown = _UNWRITABLE.sub(lambda one: f"_x{ord(one[0]):04X}_", text)
    return (
        f'<c r="{letters(at)}{row}" s="{style}" t="inlineStr"><is>'
        f'<t xml:space="preserve">{escape(shown)}</t></is></c>'
    )
