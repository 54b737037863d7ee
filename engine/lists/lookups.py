"""What expressions look up in lists: one row by its key, or the rows that match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import product
from typing import Any

from engine.lists.versions import JsonRow, ListVersion
from engine.organisation import Organisation

MAX_ROWS = 200
"""How many rows a look-up may return."""


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
    day = as_of.isoformat()
    found = [
        row
        for row in _candidates(version, filters)
        if _matches(row, filters) and version.is_in_force(row, day)
    ]
    if len(found) > MAX_ROWS:
        raise ValueError(
            f"{len(found)} rows of {version.name!r} match, more than {MAX_ROWS}; narrow the filter."
        )
    return found


def _candidates(version: ListVersion, filters: Mapping[str, Any]) -> Sequence[JsonRow]:
    """Return the fewest rows that one of the filters leaves, without looking at each."""
    columns = version.descriptor.columns
    plain = [name for name in filters if columns[name].type != "list"]
    return min((version.having(n, filters[n]) for n in plain), key=len, default=version.rows)


def _matches(row: JsonRow, filters: Mapping[str, Any]) -> bool:
    for name, wanted in filters.items():
        value = row[name]
        same = wanted in value if isinstance(value, list) else value == wanted
        if not same:
            return False
    return True


def public(version: ListVersion, row: Mapping[str, Any]) -> JsonRow:
    """Return a copy of a row without its personal columns."""
    return _without(version.descriptor.personal, row)


def _without(personal: frozenset[str], row: Mapping[str, Any]) -> JsonRow:
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
        self._is_place_noted = False
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
            personal = version.descriptor.personal
            yield from (_without(personal, row) for row in version.in_force(self.as_of))

    def unit(self, unit: str, /) -> JsonRow | None:
        """Return a unit or department as it is today, or None."""
        self._note_places()
        return self.organisation.unit(_id("unit", unit), self.as_of)

    def unit_at(self, location: str, level: str, /) -> str | None:
        """Return the unit of a level around a place, or None."""
        self._note_places()
        place, wanted = _id("location", location), _id("level", level)
        return self.organisation.unit_at(place, wanted, self.as_of)

    def department(self, code: str, location: str | None = None, /) -> str | None:
        """Return the body that a department or kind of body means at a place, or None."""
        self._note_places()
        place = None if location is None else _id("location", location)
        return self.organisation.department(_id("code", code), place, self.as_of)

    def _version(self, name: Any) -> ListVersion:
        version = self._lists.get(_id("list", name))
        if version is None:
            known = ", ".join(sorted(self._lists))
            raise ValueError(f"There is no list {name!r}; there are {known}.")
        self.used[version.name] = version.version
        return version

    def _note_places(self) -> None:
        """Where something lies rests on both lists of units, whichever of them answers."""
        if self._is_place_noted:
            return
        self._is_place_noted = True
        for version in self._lists.values():
            if version.descriptor.kind in ("units", "departments"):
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
