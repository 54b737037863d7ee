"""What the columns of a list mean: types, keys, wildcards, dates.

A descriptor is a JSON file beside the CSV file of a list::

    {"name": "responsibility", "title_zh": "…", "title_en": "…",
     "file": "responsibility.csv", "kind": "list",
     "key": ["code", "area_class"], "wildcards": {"area_class": "all"},
     "effective": ["effective_from", "effective_to"],
     "columns": {"code": {"type": "text", "required": true}, …}}

``kind`` is units, people, departments, roles, calendar or list. A column has a
``type`` (text, integer, number, boolean, date, list), and may be ``required``,
``personal`` (never shown to designers' expressions), may name the lists its
values come from (``references``) and, for type list, its ``separator`` (``;``). What
``closing`` columns say is about the time after the row: who takes over. By ``title_zh``
and ``title_en`` people call the column; a file may have them in its header.
Both ends of ``effective`` are included. ``decided_by`` names roles that change rows of
their own units through a case, though they are no owners of lists:
``{"roles": ["street_secretary"], "unit": "unit_id"}``. ``read_by``, written alike, lets
those roles alone read its rows, beside who looks after lists: those of units around theirs.
A row whose column ``checked`` says no is a sample that nobody has compared with its source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.errors import InvalidList

KINDS = {"units", "people", "departments", "roles", "calendar", "list"}
TYPES = {"text", "integer", "number", "boolean", "date", "list"}

_BOOLEANS = {"1": True, "0": False, "TRUE": True, "FALSE": False, "是": True, "否": False}
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_MANGLED = re.compile(r"\d+(\.\d+)?[Ee]\+\d+")


@dataclass(frozen=True, slots=True)
class Column:
    """What the cells of one column are."""

    name: str
    type: str = "text"
    required: bool = False
    personal: bool = False
    references: tuple[str, ...] = ()
    separator: str = ";"
    closing: bool = False
    title_zh: str = ""
    title_en: str = ""

    def value(self, cell: str) -> Any:
        """Return a cell as JSON; an empty one is None, or an empty list.

        Raises:
            ValueError: it is not of this type; the message says what it should be.
        """
        if self.type == "list":
            return [part.strip() for part in cell.split(self.separator) if part.strip()]
        if not cell:
            return None
        return _READERS[self.type](cell)

    def cell(self, value: Any) -> str:
        """Return the cell that ``value`` reads as this value."""
        if value is None:
            return ""
        if self.type == "list":
            return self.separator.join(value)
        return str(int(value)) if isinstance(value, bool) else str(value)


def _text(cell: str) -> str:
    if _MANGLED.fullmatch(cell):
        raise ValueError(
            f"{cell!r} is an id that the spreadsheet turned into a number; "
            "format the column as text and type it again."
        )
    return cell


def _integer(cell: str) -> int:
    number = _number(cell)
    if not isinstance(number, int):
        raise ValueError(f"{cell!r} is no whole number.")  # noqa: TRY004 - a bad cell, not a bug
    return number


def _number(cell: str) -> int | float:
    try:
        number = Decimal(cell)
    except InvalidOperation:
        raise ValueError(f"{cell!r} is no number; write it as 12 or 0.5.") from None
    if not number.is_finite() or abs(number) >= 2**63:
        raise ValueError(f"{cell!r} is too large.")
    return int(number) if number == number.to_integral_value() else float(number)


def boolean(cell: str) -> bool:
    """Return what a cell says: 1 or 0, or as spreadsheets and people write them.

    Raises:
        ValueError: neither.
    """
    try:
        return _BOOLEANS[cell.strip().upper()]
    except KeyError:
        raise ValueError(f"{cell!r} is neither 1 (yes) nor 0 (no).") from None


def day(cell: str) -> date:
    """Return the date in a cell: ``2026-10-01``, or ``2026/10/1`` as spreadsheets rewrite it.

    Raises:
        ValueError: there is none.
    """
    match = _DAY.fullmatch(cell.strip())
    if match is not None:
        try:
            return date(*map(int, match.groups()))
        except ValueError:
            pass
    raise ValueError(f"{cell!r} is no date; write it as 2026-10-01.")


def _date(cell: str) -> str:
    return day(cell).isoformat()


_READERS = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": boolean,
    "date": _date,
}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a list is called, what its columns mean and what its key is."""

    name: str
    title_zh: str
    title_en: str
    file: str
    kind: str
    key: tuple[str, ...]
    wildcards: Mapping[str, str]
    first: str | None
    last: str | None
    columns: Mapping[str, Column]
    deciders: frozenset[str] = frozenset()
    readers: frozenset[str] = frozenset()
    unit: str | None = None
    is_public: bool = False

    @classmethod
    def read(cls, content: bytes) -> Descriptor:
        """Read a descriptor from the bytes of its JSON file.

        Raises:
            InvalidList: it is no JSON, or as in ``from_json``.
        """
        try:
            return cls.from_json(json.loads(content))
        except (ValueError, RecursionError) as error:
            raise InvalidList(f"The descriptor is no JSON: {error}.") from None

    @classmethod
    def from_json(cls, document: Any) -> Descriptor:
        """Read a descriptor.

        Raises:
            InvalidList: something is missing or of an unknown kind or type.
        """
        try:
            columns = {n: _column(n, dict(c)) for n, c in document["columns"].items()}
            first, last = document.get("effective") or (None, None)
            nobody: dict[str, Any] = {"roles": (), "unit": None}
            decided = document.get("decided_by") or nobody
            read = document.get("read_by") or nobody
            found = cls(
                document["name"],
                document["title_zh"],
                document["title_en"],
                document["file"],
                document["kind"],
                tuple(document["key"]),
                dict(document.get("wildcards") or {}),
                first,
                last,
                columns,
                frozenset(decided["roles"]),
                frozenset(read["roles"]),
                decided["unit"] or read["unit"],
                is_public=document.get("public") is True,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            name = document.get("name") if isinstance(document, Mapping) else document
            raise InvalidList(f"The descriptor of list {name!r} cannot be read: {error}.") from None
        _check(found)
        return found

    def named(self, header: Iterable[str]) -> list[str]:
        """Return a file's header with the names of the columns in place of their titles."""
        titles = {
            title: one.name
            for one in self.columns.values()
            for title in (one.title_en, one.title_zh)
            if title
        }
        return [cell if cell in self.columns else titles.get(cell, cell) for cell in header]

    @property
    def personal(self) -> frozenset[str]:
        """The columns that hold personal data."""
        return frozenset(name for name, column in self.columns.items() if column.personal)


def is_sample(row: Mapping[str, Any]) -> bool:
    """Whether a row says of itself that nobody has compared it with its source yet."""
    return row.get("checked") is False


def _column(name: str, document: dict[str, Any]) -> Column:
    column = Column(name, **{**document, "references": tuple(document.get("references", ()))})
    if column.type not in TYPES:
        raise ValueError(f"column {name!r} has the unknown type {column.type!r}")
    return column


def _check(found: Descriptor) -> None:
    used = {*found.key, *found.wildcards, found.first, found.last, found.unit}
    missing = sorted(name for name in used if name and name not in found.columns)
    if missing or found.kind not in KINDS or not found.key:
        raise InvalidList(
            f"The descriptor of list {found.name!r} has the kind {found.kind!r}, the key "
            f"{list(found.key)} and names columns that it does not declare: {missing}.",
            hint=f"Kinds are {', '.join(sorted(KINDS))}; every named column needs an entry.",
        )
