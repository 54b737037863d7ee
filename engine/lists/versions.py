"""Versioned reference lists (清单): import, validate, look up as of a date.

A list is a CSV file that an office keeps in a spreadsheet; its descriptor
(``columns``) says what the cells mean. A version of it is read and checked
whole, then never changes.

Rows go out as JSON: dates as ISO text, empty cells as None, lists as lists.
Pure: bytes come in; which version a case uses is the application's decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from engine import spreadsheets
from engine.columns import Column, Descriptor
from engine.spreadsheets import Finding, finding

BEGINNING = "0001-01-01"
FOREVER = "9999-12-31"
_MAX_FINDINGS = 100

JsonRow = dict[str, Any]


@dataclass(frozen=True)
class ListVersion:
    """One version of a list; its rows never change.

    Attributes:
        version: as declared, else the beginning of the content's hash.
        sha256: of the file's bytes.
        rows: all rows as JSON, in the order of the file; not to be changed.
        numbers: the number that a spreadsheet shows beside each row.
    """

    descriptor: Descriptor
    version: str
    sha256: str
    rows: tuple[JsonRow, ...]
    numbers: tuple[int, ...] = ()
    _index: dict[tuple[Any, ...], list[JsonRow]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _by_cell: dict[str, dict[Any, list[JsonRow]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Index the rows by their key."""
        for row in self.rows:
            self._index.setdefault(self.key(row), []).append(row)

    @property
    def name(self) -> str:
        """The list's name."""
        return self.descriptor.name

    def key(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the values that name the row, dates apart."""
        return tuple(row[name] for name in self.descriptor.key)

    def at(self, key: tuple[Any, ...], as_of: date) -> JsonRow | None:
        """Return the row with exactly this key that is in force on a day, or None."""
        day = as_of.isoformat()
        return next((r for r in self._index.get(key, ()) if self.is_in_force(r, day)), None)

    def having(self, name: str, value: Any) -> Sequence[JsonRow]:
        """Return the rows with a value in a column without lists, in the order of the file."""
        known = self._by_cell.get(name)
        if known is None:
            # Whole before it is kept: another thread may look at the same moment.
            known = {}
            for row in self.rows:
                known.setdefault(row[name], []).append(row)
            self._by_cell[name] = known
        return known.get(value, ())

    def in_force(self, as_of: date) -> Iterable[JsonRow]:
        """Return the rows in force on a day, in the order of the file."""
        day = as_of.isoformat()
        return (row for row in self.rows if self.is_in_force(row, day))

    def is_in_force(self, row: JsonRow, day: str) -> bool:
        """Say whether a row is in force on a day, given as ISO text."""
        first, last = span(self.descriptor, row)
        return first <= day <= last


def span(descriptor: Descriptor, row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the first and last day a row is in force, as ISO text."""
    first = row[descriptor.first] if descriptor.first else None
    last = row[descriptor.last] if descriptor.last else None
    return first or BEGINNING, last or FOREVER


def read(
    descriptor: Descriptor, content: bytes, *, version: str | None = None, first: date | None = None
) -> ListVersion:
    """Read and check one version of a list.

    Args:
        descriptor: what the columns mean.
        content: the CSV file; a byte order mark and CRLF are expected.
        version: its name, if the office gives it one.
        first: the first day of rows that name none; without it they need one.

    Raises:
        InvalidList: with one finding per bad cell or row (at most 100): missing or
            unknown columns, wrong values, a key twice on the same day.
    """
    header, lines = spreadsheets.read(descriptor.file, content)
    given = {descriptor.first: first.isoformat()} if first and descriptor.first else {}
    findings = _check_columns(descriptor, header, given)
    if findings:
        raise spreadsheets.refuse(descriptor.file, findings)
    for _, cells in lines:
        cells.update({name: text for name, text in given.items() if not cells.get(name)})
    rows = [_row(descriptor, number, cells, findings) for number, cells in lines]
    if not findings:
        findings = _check_keys(descriptor, rows, [number for number, _ in lines])
    if findings:
        raise spreadsheets.refuse(descriptor.file, findings[:_MAX_FINDINGS])
    sha256 = hashlib.sha256(content).hexdigest()
    numbers = tuple(number for number, _ in lines)
    return ListVersion(descriptor, version or sha256[:12], sha256, tuple(rows), numbers)


def _check_columns(
    descriptor: Descriptor, header: Sequence[str], given: Collection[str]
) -> list[Finding]:
    file = descriptor.file
    findings = [
        finding(file, 1, name, "the list does not know this column", "Remove it or declare it.")
        for name in header
        if name not in descriptor.columns
    ]
    needed = {*descriptor.key, *(n for n, c in descriptor.columns.items() if c.required)}
    missing = sorted(needed - set(header) - set(given))
    return findings + [
        finding(
            file, 1, name, "this column is missing", _hint(descriptor, name, "Name it in row 1")
        )
        for name in missing
    ]


def _hint(descriptor: Descriptor, name: str, what: str) -> str:
    if name != descriptor.first:
        return f"{what}; it is needed."
    return f"{what}, or import with --as-of D: rows without a first day begin on D."


def _row(
    descriptor: Descriptor, number: int, cells: Mapping[str, str], findings: list[Finding]
) -> JsonRow:
    row: JsonRow = {}
    for name, column in descriptor.columns.items():
        try:
            row[name] = column.value(cells.get(name, ""))
        except ValueError as error:
            findings.append(finding(descriptor.file, number, name, str(error), "Correct the cell."))
            continue
        if column.required and row[name] in (None, []):
            hint = _hint(descriptor, name, "Fill it")
            findings.append(finding(descriptor.file, number, name, "the cell is empty", hint))
    return row


def _check_keys(
    descriptor: Descriptor, rows: Sequence[JsonRow], numbers: Sequence[int]
) -> list[Finding]:
    """Every key names one row on any day."""
    findings = []
    seen: dict[tuple[Any, ...], list[tuple[str, str, int]]] = {}
    for row, number in zip(rows, numbers, strict=True):
        key = tuple(row[name] for name in descriptor.key)
        first, last = span(descriptor, row)
        if last < first:
            message, hint = f"it ends on {last}, before it begins", "Correct the dates."
            findings.append(finding(descriptor.file, number, descriptor.last, message, hint))
        for other_first, other_last, other in seen.get(key, ()):
            if first <= other_last and other_first <= last:
                message = f"the key {'/'.join(map(str, key))} is also in force in row {other}"
                hint = "Remove one, or close the older row the day before the newer begins."
                findings.append(finding(descriptor.file, number, None, message, hint))
        seen.setdefault(key, []).append((first, last, number))
    return findings


def check_references(
    lists: Mapping[str, ListVersion], among: Mapping[str, ListVersion] | None = None
) -> list[Finding]:
    """Return a warning for every value that names nothing in the list it refers to.

    Args:
        lists: whose rows are checked.
        among: the lists they may refer to (default: those that are checked); others
            are not checked against.
    """
    known = {
        name: {version.key(row)[0] for row in version.rows}
        for name, version in (lists if among is None else among).items()
    }
    found: list[Finding] = []
    for version in lists.values():
        columns = [c for c in version.descriptor.columns.values() if c.references]
        numbers = version.numbers or range(2, len(version.rows) + 2)
        for number, row in zip(numbers, version.rows, strict=False):
            for column in columns:
                found += _dangling(version.descriptor.file, number, column, row, known)
    return found[:_MAX_FINDINGS]


def _dangling(
    file: str, number: int, column: Column, row: JsonRow, known: Mapping[str, set[Any]]
) -> list[Finding]:
    targets = [known[name] for name in column.references if name in known]
    if len(targets) < len(column.references):
        return []
    value = row[column.name]
    values = value if isinstance(value, list) else [value] if value is not None else []
    names = " or ".join(column.references)
    return [
        finding(file, number, column.name, f"{one!r} is not in {names}", "Correct or add it.")
        | {"severity": "warning", "code": "dangling-reference"}
        for one in values
        if not any(one in target for target in targets)
    ]
