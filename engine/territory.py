"""Units and departments: where they lie, and who takes over when one ends.

Territory is a tree (city, district, street, community, two levels of grid,
building, door). Beside it lie compounds (小区), street patches (街片), party
units and places; a grid names its compound and patch, a community its patch.
An enclave has no parent: the unit that manages it stands in for one (飞地治理
属地化). Departments are bodies with a location; kinds of bodies (``S09``, ``P01``)
resolve to the one of the case's street, community or compound, never by name.

A unit that has ended lives on in its successor (撤并): whoever holds a role there
holds it for the open work of the old one too. Without a successor, what lies above
it takes its place.

Every row has dates, both included. Pure and immutable: the day comes with each
question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

Row = Mapping[str, Any]
Grant = tuple[str, str]
"""A role in a unit."""

_FOREVER = "9999-12-31"
_SIDES = ("compound_id", "patch_id", "party_unit_id")
_MAX_DEPTH = 30
_MAX_REMEMBERED = 50_000


class Territory:
    """Where units lie; see the module.

    Args:
        units: rows of the list of units.
        departments: rows of the list of departments.
    """

    def __init__(self, units: Iterable[Row], departments: Iterable[Row]) -> None:
        self._units = grouped(units, "id")
        self._departments = grouped(departments, "code")
        # Every task and every look at a case asks what lies around its unit.
        self._nearby: dict[tuple[str, date], tuple[str, ...]] = {}
        self._children: dict[str, list[Row]] = {}
        self._beside: dict[str, list[Row]] = {}
        self._bodies: dict[Grant, list[Row]] = {}
        self._leads: dict[str, list[Row]] = {}
        self._heritage: dict[str, list[Row]] = {}
        for row in all_of(self._departments):
            if row["class"] == "unit" and row["type_code"]:
                place = (row["type_code"], row["location_id"] or "")
                self._bodies.setdefault(place, []).append(row)
            self._children.setdefault(row["location_id"] or "", []).append(row)
            self._inherit(row)
        for row in all_of(self._units):
            above = row["managed_by_id"] or row["parent_id"]
            self._children.setdefault(above or "", []).append(row)
            for side in {row[name] for name in _SIDES} - {None}:
                self._beside.setdefault(side, []).append(row)
            if row["party_unit_id"]:
                self._leads.setdefault(row["party_unit_id"], []).append(row)
            self._inherit(row)

    def _inherit(self, row: Row) -> None:
        successor = row.get("successor_id")
        if successor:
            self._heritage.setdefault(successor, []).append(row)

    def unit(self, unit: str, as_of: date) -> dict[str, Any] | None:
        """Return a unit or department as it is on a day, or None.

        Besides its row it has ``id``, ``level`` (``department`` for those),
        ``parent_id`` and ``unit_kind`` (``org`` or ``department``).
        """
        row = on(self._units.get(unit, ()), as_of)
        if row is not None:
            return {**row, "unit_kind": "org"}
        row = on(self._departments.get(unit, ()), as_of)
        if row is None:
            return None
        place = {"id": row["code"], "level": "department", "parent_id": row["location_id"]}
        return {**row, **place, "unit_kind": "department"}

    def all_units(self, as_of: date) -> Iterator[dict[str, Any]]:
        """Yield every unit and department that stands on a day, as ``unit`` returns it."""
        for one in (*self._units, *self._departments):
            row = self.unit(one, as_of)
            if row is not None:
                yield row

    def name(self, unit: str, as_of: date) -> str:
        """Return a unit's Chinese name, after its end the last; its id where there is none."""
        row = self.unit(unit, as_of) or self._last(unit, as_of)
        return str(row["name_zh"]) if row else unit

    def ancestors(self, unit: str, as_of: date) -> list[str]:
        """Return the unit and the units above it, nearest first.

        Above a department is its location, above an enclave the unit that manages
        it. For a unit that has ended it begins with what has taken its place; empty
        where there never was one.
        """
        return [row["id"] for row in self._chain(unit, as_of)]

    def around(self, unit: str, as_of: date) -> tuple[str, ...]:
        """Return the unit and those above it, nearest first.

        Each is followed by the compound, patch and party unit that it names.
        """
        known = self._nearby.get((unit, as_of))
        if known is None:
            found: dict[str, None] = {}
            for row in self._chain(unit, as_of):
                for near in (row["id"], *(row.get(side) for side in _SIDES)):
                    if near:
                        found[near] = None
            known = tuple(found)
            if len(self._nearby) >= _MAX_REMEMBERED:
                self._nearby.clear()
            self._nearby[unit, as_of] = known
        return known

    def within(self, unit: str, above: str, as_of: date) -> bool:
        """Return whether a unit lies in another, in the sense of ``around``."""
        return above in self.around(unit, as_of)

    def below(self, unit: str, as_of: date) -> frozenset[str]:
        """Return all units and departments that lie in a unit, in the sense of ``within``."""
        beside = [row["id"] for row in self._beside.get(unit, ()) if holds(row, as_of)]
        found = {unit, *beside}
        waiting = [*found]
        while waiting:
            at = waiting.pop()
            near = [row for row in self._children.get(at, ()) if self._belongs(row, as_of)]
            for one in [*map(_id, near), *self._taken_over(at, as_of)]:
                if one not in found:
                    found.add(one)
                    waiting.append(one)
        return frozenset(found)

    def _belongs(self, row: Row, as_of: date) -> bool:
        """Whether a row's unit lies where it says: now, or as it ended without a successor."""
        if holds(row, as_of):
            return True
        ended = self.unit(_id(row), as_of) is None and self._last(_id(row), as_of) is row
        return ended and not row.get("successor_id")

    def successor(self, unit: str, as_of: date) -> str | None:
        """Return the unit in force that has taken over from one that has ended, or None."""
        for _ in range(_MAX_DEPTH):
            last = None if self.unit(unit, as_of) else self._last(unit, as_of)
            if last is None or not last.get("successor_id"):
                return None
            unit = last["successor_id"]
            if self.unit(unit, as_of) is not None:
                return unit
        return None

    def taken_over(self, grants: frozenset[Grant], as_of: date) -> frozenset[Grant]:
        """Return roles held in units with the same roles in the units that those replace."""
        if not self._heritage:
            return grants
        old = {(role, one) for role, unit in grants for one in self._taken_over(unit, as_of)}
        return grants | old

    def _taken_over(self, unit: str, as_of: date) -> set[str]:
        """The units that have ended and of which this one is the successor, at any remove."""
        found: set[str] = set()
        waiting = [unit]
        while waiting:
            for row in self._heritage.get(waiting.pop(), ()):
                one = _id(row)
                if one not in found and self.successor(one, as_of) is not None:
                    found.add(one)
                    waiting.append(one)
        return found

    def _last(self, unit: str, as_of: date) -> Row | None:
        """The row that a unit had until it ended; None while it is in force, or was never."""
        rows = [*self._units.get(unit, ()), *self._departments.get(unit, ())]
        day = as_of.isoformat()
        over = [row for row in rows if row["effective_to"] and row["effective_to"] < day]
        return max(over, key=lambda row: str(row["effective_to"]), default=None)

    def _standing(self, unit: str | None, as_of: date) -> dict[str, Any] | None:
        """The unit, or what has taken its place since it ended."""
        for _ in range(_MAX_DEPTH):
            row = self.unit(unit, as_of) if unit else None
            if row is not None or not unit:
                return row
            last = self._last(unit, as_of)
            if last is None:
                return None
            above = last["location_id"] if "code" in last else last["parent_id"]
            unit = last.get("successor_id") or last.get("managed_by_id") or above
        return None

    def unit_at(self, location: str, level: str, as_of: date) -> str | None:
        """Return the unit of a level (street, community, compound, …) around a place.

        The place may be a department (its location counts) or an enclave (the
        managing unit counts). None when there is none.
        """
        for near in self.around(location, as_of):
            row = on(self._units.get(near, ()), as_of)
            if row is not None and row["level"] == level:
                return near
        return None

    def area_class(self, unit: str, as_of: date) -> str | None:
        """Return the area class (A 重点, B 一般) of a place's grid, or None."""
        classes = (row.get("area_class") for row in self._chain(unit, as_of))
        return next((str(one) for one in classes if one), None)

    def department(self, code: str, location: str | None, as_of: date) -> str | None:
        """Return the body that a department or kind of body means at a place.

        Args:
            code: of a body (itself) or of a kind, which the list resolves by street,
                community or compound.
            location: any unit, department or enclave; None only fits bodies.
            as_of: the local day.

        Returns:
            The code of the body, or None: there is none there (a self-managed
            compound has no property firm), so the dispatcher chooses.

        Raises:
            ValueError: no such code was ever in the list.
        """
        if code not in self._departments:
            raise ValueError(f"There is no department or kind of department {code!r}.")
        row = on(self._departments[code], as_of)
        if row is None:
            return self.successor(code, as_of)
        if row["class"] == "unit":
            return code
        place = self.unit_at(location, row["resolves_by"], as_of) if location else None
        if place is None:
            return None
        body = on(self._bodies.get((code, place), ()), as_of)
        return str(body["code"]) if body else None

    def _chain(self, unit: str, as_of: date) -> Iterator[dict[str, Any]]:
        row = self._standing(unit, as_of)
        for _ in range(_MAX_DEPTH):
            if row is None:
                return
            yield row
            row = self._standing(row.get("managed_by_id") or row["parent_id"], as_of)


def _id(row: Row) -> str:
    return str(row["code"] if "code" in row else row["id"])


def grouped(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    """Return rows by the value of one of their columns."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found


def all_of(groups: Mapping[str, Sequence[Row]]) -> Iterator[Row]:
    """Yield the rows of all groups."""
    return (row for rows in groups.values() for row in rows)


def holds(row: Row, as_of: date) -> bool:
    """Return whether a row is in force on a day."""
    day = as_of.isoformat()
    return (row["effective_from"] or "") <= day <= (row["effective_to"] or _FOREVER)


def on(rows: Iterable[Row], as_of: date) -> Row | None:
    """Return the row that is in force on a day, or None."""
    return next((row for row in rows if holds(row, as_of)), None)
