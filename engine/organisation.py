"""Units, departments, people and roles, as they are on a given day.

Territory is a tree (city, district, street, community, two levels of grid,
building, door). Beside it lie compounds (小区), street patches (街片), party
units and places; a grid names its compound and patch, a community its patch.
An enclave has no parent: the unit that manages it stands in for one (飞地治理
属地化). Departments are bodies with a location; kinds of bodies (``S09``, ``P01``)
resolve to the one of the case's street, community or compound, never by name.

People hold (role, unit). A role held in a department unit counts at the
department's location too, unless it is a department's own role (level
``department``); a role held in a party unit counts in the territory it leads.

Every row has dates, both included. Pure and immutable: rows come in (as
``lists`` reads them), the day comes with each question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from engine.spreadsheets import Finding

Row = Mapping[str, Any]
Grant = tuple[str, str]
"""A role in a unit."""

_FOREVER = "9999-12-31"
_SIDES = ("compound_id", "patch_id", "party_unit_id")
_MAX_DEPTH = 30
_MAX_REMEMBERED = 50_000


class Kind(Protocol):
    """What tells the lists of the organisation from others."""

    @property
    def kind(self) -> str:
        """One of units, departments, people, roles; others are left alone."""


class Source(Protocol):
    """A list version, as far as this module needs it."""

    @property
    def descriptor(self) -> Kind:
        """What kind of list it is."""

    @property
    def rows(self) -> Sequence[Row]:
        """Its rows as JSON."""


class Organisation:
    """Who is where; see the module."""

    def __init__(self, lists: Mapping[str, Source]) -> None:
        """Take the lists in force; those of the four kinds are used, missing ones are empty."""
        rows = {version.descriptor.kind: version.rows for version in lists.values()}
        self._units = _grouped(rows.get("units", ()), "id")
        self._departments = _grouped(rows.get("departments", ()), "code")
        self._people = _grouped(rows.get("people", ()), "person_id")
        self._roles = {row["code"]: row for row in rows.get("roles", ())}
        # Every task and every look at a case asks what lies around its unit.
        self._nearby: dict[tuple[str, date], tuple[str, ...]] = {}
        self._children: dict[str, list[Row]] = {}
        self._beside: dict[str, list[Row]] = {}
        self._bodies: dict[Grant, list[Row]] = {}
        self._substituted: dict[str, list[Row]] = {}
        self._leads: dict[str, list[Row]] = {}
        self._holders: dict[Grant, list[Row]] = {}
        for row in _all(self._departments):
            if row["class"] == "unit" and row["type_code"]:
                place = (row["type_code"], row["location_id"] or "")
                self._bodies.setdefault(place, []).append(row)
            self._children.setdefault(row["location_id"] or "", []).append(row)
        for row in _all(self._units):
            above = row["managed_by_id"] or row["parent_id"]
            self._children.setdefault(above or "", []).append(row)
            for side in {row[name] for name in _SIDES} - {None}:
                self._beside.setdefault(side, []).append(row)
            if row["party_unit_id"]:
                self._leads.setdefault(row["party_unit_id"], []).append(row)
        for row in _all(self._people):
            if row["substitute_person_id"]:
                self._substituted.setdefault(row["substitute_person_id"], []).append(row)
            for unit in self._reach(row["role"], row["unit_id"]):
                self._holders.setdefault((row["role"], unit), []).append(row)

    # -- units ------------------------------------------------------------------

    def unit(self, unit: str, as_of: date) -> dict[str, Any] | None:
        """Return a unit or department as it is on a day, or None.

        Besides its row it has ``id``, ``level`` (``department`` for those),
        ``parent_id`` and ``unit_kind`` (``org`` or ``department``).
        """
        row = _on(self._units.get(unit, ()), as_of)
        if row is not None:
            return {**row, "unit_kind": "org"}
        row = _on(self._departments.get(unit, ()), as_of)
        if row is None:
            return None
        place = {"id": row["code"], "level": "department", "parent_id": row["location_id"]}
        return {**row, **place, "unit_kind": "department"}

    def name(self, unit: str, as_of: date) -> str:
        """Return a unit's Chinese name; its id where there is no such unit."""
        row = self.unit(unit, as_of)
        return str(row["name_zh"]) if row else unit

    def role_name(self, role: str) -> str:
        """Return a role's Chinese name; its code where there is no such role."""
        return str(self._roles[role]["name_zh"]) if role in self._roles else role

    def roles(self) -> list[str]:
        """Return all role codes, in the order of the list."""
        return list(self._roles)

    def ancestors(self, unit: str, as_of: date) -> list[str]:
        """Return the unit and the units above it, nearest first.

        Above a department is its location, above an enclave the unit that manages
        it. Empty where the unit is not in force.
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
        beside = [row["id"] for row in self._beside.get(unit, ()) if _holds(row, as_of)]
        found = {unit, *beside}
        waiting = [*found]
        while waiting:
            for row in self._children.get(waiting.pop(), ()):
                one = row["code"] if "code" in row else row["id"]
                if one not in found and _holds(row, as_of):
                    found.add(one)
                    waiting.append(one)
        return frozenset(found)

    def unit_at(self, location: str, level: str, as_of: date) -> str | None:
        """Return the unit of a level (street, community, compound, …) around a place.

        The place may be a department (its location counts) or an enclave (the
        managing unit counts). None when there is none.
        """
        for near in self.around(location, as_of):
            row = _on(self._units.get(near, ()), as_of)
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
        row = _on(self._departments[code], as_of)
        if row is None:
            return None
        if row["class"] == "unit":
            return code
        place = self.unit_at(location, row["resolves_by"], as_of) if location else None
        if place is None:
            return None
        body = _on(self._bodies.get((code, place), ()), as_of)
        return str(body["code"]) if body else None

    def _chain(self, unit: str, as_of: date) -> Iterator[dict[str, Any]]:
        row = self.unit(unit, as_of)
        for _ in range(_MAX_DEPTH):
            if row is None:
                return
            yield row
            above = row.get("managed_by_id") or row["parent_id"]
            row = self.unit(above, as_of) if above else None

    # -- people -----------------------------------------------------------------

    def person(self, person: str, as_of: date) -> dict[str, Any] | None:
        """Return ``{person_id, name_zh, name_en, work_no, units}`` of somebody in office.

        ``units`` are those of their posts, the main one first. Names are personal
        data: they are for the pages of colleagues, never for a history.
        """
        posts = [row for row in self._people.get(person, ()) if _holds(row, as_of)]
        if not posts:
            return None
        posts.sort(key=lambda row: not row["is_primary"])
        first = posts[0]
        names = {name: first[name] for name in ("person_id", "name_zh", "name_en", "work_no")}
        return {**names, "units": list(dict.fromkeys(row["unit_id"] for row in posts))}

    def people(self) -> list[str]:
        """Return every person id, in the order of the list."""
        return list(self._people)

    def posts(self, person: str, as_of: date) -> list[Grant]:
        """Return the (role, unit) rows of a person in force, without what follows from them."""
        rows = self._people.get(person, ())
        return [(row["role"], row["unit_id"]) for row in rows if _holds(row, as_of)]

    def grants(self, person: str, as_of: date) -> frozenset[Grant]:
        """Return all (role, unit) a person may act in on a day.

        Their posts, those posts at their locations, and the same of everybody whose
        substitute (替岗) they are. Who has left stands in for nobody.
        """
        posts = self.posts(person, as_of)
        if not posts:
            return frozenset()
        posts += [(role, unit) for _, role, unit in self.substitutes_for(person, as_of)]
        return self.reach(posts)

    def substitutes_for(self, person: str, as_of: date) -> frozenset[tuple[str, str, str]]:
        """Return (person, role, unit) of the posts somebody stands in for."""
        rows = self._substituted.get(person, ())
        return frozenset(
            (row["person_id"], row["role"], row["unit_id"]) for row in rows if _holds(row, as_of)
        )

    def reach(self, posts: Iterable[Grant]) -> frozenset[Grant]:
        """Return posts with the places where they count as well (for local users)."""
        return frozenset((role, unit) for role, post in posts for unit in self._reach(role, post))

    def people_with(
        self, role: str, unit: str, as_of: date, *, substitutes: bool = False
    ) -> list[str]:
        """Return who holds a role in a unit on a day, by person id."""
        rows = [r for r in self._holders.get((role, unit), ()) if _holds(r, as_of)]
        found = {row["person_id"] for row in rows}
        if substitutes:
            standing = {row["substitute_person_id"] for row in rows} - {None}
            found |= {one for one in standing if self.posts(one, as_of)}
        return sorted(found)

    def nearest_unit(self, role: str, unit: str | None, as_of: date) -> str | None:
        """Return the nearest unit at or above a unit where somebody holds a role.

        A compound, patch or party unit counts as lying directly above the unit that
        names it. None when nobody around holds the role, or there is no unit.
        """
        for near in self.around(unit, as_of) if unit else ():
            if any(_holds(row, as_of) for row in self._holders.get((role, near), ())):
                return near
        return None

    def _reach(self, role: str, unit: str) -> list[str]:
        """The units where a role held in a unit counts; not dependent on the day."""
        level = self._roles[role]["level"] if role in self._roles else None
        found = [unit]
        if level != "department":
            found += [r["location_id"] for r in self._departments.get(unit, ()) if r["location_id"]]
        found += [row["id"] for row in self._leads.get(unit, ())]
        if not self._leads.get(unit) and self._is_party(unit):
            found += self._led_through_children(unit)
        return list(dict.fromkeys(found))

    def _is_party(self, unit: str) -> bool:
        return any(row["tree"] == "party" for row in self._units.get(unit, ()))

    def _led_through_children(self, unit: str) -> list[str]:
        """The district committee leads no unit by name: take what lies above its streets."""
        children = [row["id"] for row in _all(self._units) if row["parent_id"] == unit]
        return [
            row["parent_id"]
            for child in children
            for row in self._leads.get(child, ())
            if row["parent_id"] and row["tree"] == "territory"
        ]

    # -- checks -----------------------------------------------------------------

    def check(self, as_of: date) -> list[Finding]:
        """Return what is missing or wrong on a day, as warnings.

        Units without a parent in force, posts in units that are not, level-2 grids
        without exactly one grid worker, units without their head, and streets
        without one leader, one receiving body and three to five officers (321机制).
        """
        found: list[Finding] = []
        for unit in self._units:
            row = _on(self._units[unit], as_of)
            if row is not None:
                found += self._check_unit(row, as_of)
        for person in self._people:
            for role, unit in self.posts(person, as_of):
                if self.unit(unit, as_of) is None:
                    found.append(
                        _finding(unit, f"{person} is {role} there, but it is not in force")
                    )
        return found

    def _check_unit(self, row: Row, as_of: date) -> list[Finding]:
        unit, found = row["id"], []
        if row["parent_id"] and self.unit(row["parent_id"], as_of) is None:
            found.append(_finding(unit, f"its parent {row['parent_id']} is not in force"))
        if unit in self.ancestors(unit, as_of)[1:]:
            found.append(_finding(unit, "it lies below itself"))
        if row["level"] == "grid2":
            workers = len(self.people_with("grid_worker", unit, as_of))
            if workers != 1:
                found.append(_finding(unit, f"it has {workers} grid workers, not exactly one"))
        headed = row["level"] in {"grid1", "street_patch", "community", "street"}
        if headed and not self.people_with(row["staff_role"] or "", unit, as_of):
            found.append(_finding(unit, f"nobody is its {row['staff_role']}"))
        if row["level"] == "street":
            found += self._check_street(unit, as_of)
        return found

    def _check_street(self, unit: str, as_of: date) -> list[Finding]:
        found = []
        if not self.people_with("street_leader", unit, as_of):
            found.append(_finding(unit, "321: it has no leader in charge"))
        if self.department("S05", unit, as_of) is None:
            found.append(_finding(unit, "321: it has no receiving body"))
        officers = len(self.people_with("street_party_officer", unit, as_of))
        if not 3 <= officers <= 5:
            found.append(_finding(unit, f"321: its post team has {officers} people, not 3 to 5"))
        return found


def _grouped(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found


def _all(groups: Mapping[str, Sequence[Row]]) -> Iterator[Row]:
    return (row for rows in groups.values() for row in rows)


def _holds(row: Row, as_of: date) -> bool:
    day = as_of.isoformat()
    return (row["effective_from"] or "") <= day <= (row["effective_to"] or _FOREVER)


def _on(rows: Iterable[Row], as_of: date) -> Row | None:
    return next((row for row in rows if _holds(row, as_of)), None)


def _finding(unit: str, message: str) -> Finding:
    return {
        "code": "organisation",
        "severity": "warning",
        "file": "org_units.csv",
        "line": None,
        "element": unit,
        "message": f"Unit {unit}: {message}.",
        "hint": "Correct the unit, the people or their dates.",
    }
