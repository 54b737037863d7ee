"""Departments and people: who holds which role where, as they are on a given day.

People hold (role, unit). A role held in a department unit counts at the
department's location too, unless it is a department's own role (level
``department``); a role held in a party unit counts in the territory it leads. A
substitute holds what the person has, a successor what the unit that ended had.

Every row has dates, both included. Pure and immutable: rows come in (as
``lists`` reads them), the day comes with each question. Where units lie is in
``territory``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from engine.spreadsheets import Finding
from engine.territory import Grant, Row, Territory, all_of, grouped, holds, on

__all__ = ["Grant", "Kind", "Organisation", "Source"]


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


class Organisation(Territory):
    """Who is where; see the module."""

    def __init__(self, lists: Mapping[str, Source]) -> None:
        """Take the lists in force; those of the four kinds are used, missing ones are empty."""
        rows = {version.descriptor.kind: version.rows for version in lists.values()}
        super().__init__(rows.get("units", ()), rows.get("departments", ()))
        self._people = grouped(rows.get("people", ()), "person_id")
        self._roles = {row["code"]: row for row in rows.get("roles", ())}
        self._substituted: dict[str, list[Row]] = {}
        self._holders: dict[Grant, list[Row]] = {}
        self._reached: dict[Grant, list[str]] = {}
        for row in all_of(self._people):
            if row["substitute_person_id"]:
                self._substituted.setdefault(row["substitute_person_id"], []).append(row)
            for unit in self._reach(row["role"], row["unit_id"]):
                self._holders.setdefault((row["role"], unit), []).append(row)

    def role_name(self, role: str) -> str:
        """Return a role's Chinese name; its code where there is no such role."""
        return str(self._roles[role]["name_zh"]) if role in self._roles else role

    def roles(self) -> list[str]:
        """Return all role codes, in the order of the list."""
        return list(self._roles)

    def person(self, person: str, as_of: date) -> dict[str, Any] | None:
        """Return ``{person_id, name_zh, name_en, work_no, units}`` of somebody in office.

        ``units`` are those of their posts, the main one first. Names are personal
        data: they are for the pages of colleagues, never for a history.
        """
        posts = [row for row in self._people.get(person, ()) if holds(row, as_of)]
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
        return [(row["role"], row["unit_id"]) for row in rows if holds(row, as_of)]

    def grants(self, person: str, as_of: date) -> frozenset[Grant]:
        """Return all (role, unit) a person may act in on a day.

        Their posts, those posts at their locations, and the same of everybody whose
        substitute (替岗) they are. Who has left stands in for nobody.
        """
        posts = self.posts(person, as_of)
        if not posts:
            return frozenset()
        posts += [(role, unit) for _, role, unit in self.substitutes_for(person, as_of)]
        return self.taken_over(self.reach(posts), as_of)

    def substitutes_for(self, person: str, as_of: date) -> frozenset[tuple[str, str, str]]:
        """Return (person, role, unit) of the posts somebody stands in for."""
        rows = self._substituted.get(person, ())
        return frozenset(
            (row["person_id"], row["role"], row["unit_id"]) for row in rows if holds(row, as_of)
        )

    def reach(self, posts: Iterable[Grant]) -> frozenset[Grant]:
        """Return posts with the places where they count as well (for local users)."""
        return frozenset((role, unit) for role, post in posts for unit in self._reach(role, post))

    def people_with(
        self, role: str, unit: str, as_of: date, *, substitutes: bool = False
    ) -> list[str]:
        """Return who holds a role in a unit, or in its successor, on a day, by person id."""
        heir = self.successor(unit, as_of) if self._heritage else None
        rows = [r for r in self._holders.get((role, heir or ""), ()) if holds(r, as_of)]
        rows += [r for r in self._holders.get((role, unit), ()) if holds(r, as_of)]
        found = {row["person_id"] for row in rows}
        if substitutes:
            standing = {row["substitute_person_id"] for row in rows} - {None}
            found |= {one for one in standing if self.posts(one, as_of)}
        return sorted(found)

    def roles_in(self, unit: str) -> list[str]:
        """Return the roles that somebody holds or has held in a unit."""
        return sorted(role for role, place in self._holders if place == unit)

    def nearest_unit(self, role: str, unit: str | None, as_of: date) -> str | None:
        """Return the nearest unit at or above a unit where somebody holds a role.

        A compound, patch or party unit counts as lying directly above the unit that
        names it. None when nobody around holds the role, or there is no unit.
        """
        for near in self.around(unit, as_of) if unit else ():
            if any(holds(row, as_of) for row in self._holders.get((role, near), ())):
                return near
        return None

    def _reach(self, role: str, unit: str) -> list[str]:
        """The units where a role held in a unit counts; not dependent on the day."""
        known = self._reached.get((role, unit))
        if known is None:
            known = self._reached[role, unit] = self._reach_of(role, unit)
        return known

    def _reach_of(self, role: str, unit: str) -> list[str]:
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
        children = [row["id"] for row in all_of(self._units) if row["parent_id"] == unit]
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
            row = on(self._units[unit], as_of)
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
