"""Versioned reference lists (清单): import, validate, look up as of a date.

A list is a CSV file that an office keeps in a spreadsheet; its descriptor
(``columns``) says what the cells mean. A version of it is read and checked
whole, then never changes. ``ReferenceData`` offers all lists of one day, and the
organisation, to designers' expressions.

Rows go out as JSON: dates as ISO text, empty cells as None, lists as lists.
Pure: bytes come in; which version a case uses is the application's decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any

from engine import spreadsheets
from engine.columns import Column, Descriptor
from engine.organisation import Organisation
from engine.spreadsheets import Finding, finding

MAX_ROWS = 200
"""How many rows a look-up may return."""

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
        return next((r for r in self._index.get(key, ()) if self._in_force(r, day)), None)

    def in_force(self, as_of: date) -> Iterable[JsonRow]:
        """Return the rows in force on a day, in the order of the file."""
        day = as_of.isoformat()
        return (row for row in self.rows if self._in_force(row, day))

    def _in_force(self, row: JsonRow, day: str) -> bool:
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


def lookup(version: ListVersion, as_of: date, /, **key: Any) -> JsonRow | None:
    """Return the row in force on a day, or None.

    Args:
        version: the list.
        as_of: the local day.
        key: a value for each key column; one with a wildcard may be left out or None.
            The exact value wins over the wildcard.

    Raises:
        ValueError: a key column is missing, or a name is none.
    """
    descriptor = version.descriptor
    names = set(descriptor.key)
    needed = names - set(descriptor.wildcards)
    if not needed <= set(key) <= names:
        raise ValueError(
            f"The list {descriptor.name!r} is looked up by {', '.join(descriptor.key)}, "
            f"not by {', '.join(sorted(key)) or 'nothing'}."
        )
    wild = descriptor.wildcards
    choices = [[key.get(n), wild[n]] if n in wild else [key[n]] for n in descriptor.key]
    # The product varies the last column fastest, so the most exact key comes first.
    return next(
        (row for one in product(*choices) if (row := version.at(one, as_of)) is not None), None
    )


def rows(version: ListVersion, as_of: date, /, **filters: Any) -> list[JsonRow]:
    """Return the rows in force on a day that match, in the order of the file.

    Args:
        version: the list.
        as_of: the local day.
        filters: column = value; of a list column, one of its members.

    Raises:
        ValueError: an unknown column, or more than 200 rows match.
    """
    unknown = sorted(set(filters) - set(version.descriptor.columns))
    if unknown:
        raise ValueError(f"The list {version.name!r} has no column {', '.join(unknown)}.")
    found = [row for row in version.in_force(as_of) if _matches(row, filters)]
    if len(found) > MAX_ROWS:
        raise ValueError(
            f"{len(found)} rows of {version.name!r} match, more than {MAX_ROWS}; narrow the filter."
        )
    return found


def _matches(row: JsonRow, filters: Mapping[str, Any]) -> bool:
    for name, wanted in filters.items():
        value = row[name]
        same = wanted in value if isinstance(value, list) else value == wanted
        if not same:
            return False
    return True


def public(version: ListVersion, row: Mapping[str, Any]) -> JsonRow:
    """Return a copy of a row without its personal columns."""
    personal = version.descriptor.personal
    return {
        name: list(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name not in personal
    }


class ReferenceData:
    """What designers' expressions may ask: the lists and the organisation on one day.

    Arguments come from untrusted text: each is checked, and a wrong one is a
    ``ValueError`` that says what is right. Rows go out as copies without personal
    columns, so that none of those enters a case.

    Attributes:
        used: name -> version of every list that was asked, for the entry's record.
        organisation: who is where; asking it is not recorded here.
        as_of: the local day of the command.
    """

    def __init__(
        self, organisation: Organisation, lists: Mapping[str, ListVersion], *, as_of: date
    ) -> None:
        """Take the versions that the case uses, and the local day of the command."""
        self.used: dict[str, str] = {}
        self.organisation = organisation
        self._lists = lists
        self.as_of = as_of

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Return the functions by the names that expressions call them."""
        return {
            "lookup": self.lookup,
            "rows": self.rows,
            "unit": self.unit,
            "unit_at": self.unit_at,
            "department": self.department,
        }

    def lookup(self, name: str, /, **key: Any) -> JsonRow | None:
        """Return the row of a list in force today, or None; see ``lookup`` above."""
        version = self._version(name)
        row = lookup(version, self.as_of, **_scalars(key))
        return public(version, row) if row is not None else None

    def rows(self, name: str, /, **filters: Any) -> list[JsonRow]:
        """Return the rows of a list in force today that match, at most 200."""
        version = self._version(name)
        personal = sorted(version.descriptor.personal & set(filters))
        if personal:
            raise ValueError(f"{', '.join(personal)} of {name!r} is personal; it is not searched.")
        found = rows(version, self.as_of, **_scalars(filters))
        return [public(version, row) for row in found]

    def in_force(self, name: str) -> Iterable[JsonRow]:
        """Yield all rows of a list in force today, for the choices of forms; not noted as used.

        There is nothing to yield where there is no such list.
        """
        version = self._lists.get(name)
        if version is not None:
            yield from (public(version, row) for row in version.in_force(self.as_of))

    def unit(self, unit: str, /) -> JsonRow | None:
        """Return a unit or department as it is today, or None."""
        self._note("units", "departments")
        return self.organisation.unit(_id("unit", unit), self.as_of)

    def unit_at(self, location: str, level: str, /) -> str | None:
        """Return the unit of a level around a place, or None."""
        self._note("units", "departments")
        place, wanted = _id("location", location), _id("level", level)
        return self.organisation.unit_at(place, wanted, self.as_of)

    def department(self, code: str, location: str | None = None, /) -> str | None:
        """Return the body that a department or kind of body means at a place, or None."""
        self._note("units", "departments")
        place = None if location is None else _id("location", location)
        return self.organisation.department(_id("code", code), place, self.as_of)

    def _version(self, name: Any) -> ListVersion:
        version = self._lists.get(_id("list", name))
        if version is None:
            known = ", ".join(sorted(self._lists))
            raise ValueError(f"There is no list {name!r}; there are {known}.")
        self.used[version.name] = version.version
        return version

    def _note(self, *kinds: str) -> None:
        for version in self._lists.values():
            if version.descriptor.kind in kinds:
                self.used[version.name] = version.version


def _id(what: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 100:
        raise ValueError(f"The {what} must be text of at most 100 characters, not {value!r:.60}.")
    return value


def _scalars(values: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, value in values.items():
        if value is not None and not isinstance(value, str | int | float):
            raise ValueError(f"{name} must be text or a number, not {type(value).__name__}.")
    return values
