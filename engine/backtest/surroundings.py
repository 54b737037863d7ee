"""What cases of a back-test ask of the world: the record where nothing has changed, else anew.

The lists are those that a case had pinned and the calendar that of the entry, unless the plan
names others. Who holds a role is answered from the record where the same was asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import lists, references, store
from engine.backtest.plans import Plan, Setting
from engine.calendar import Calendar
from engine.database import Transaction
from engine.decisions import Decision, Service
from engine.definitions import Pinned
from engine.errors import InvalidRequest
from engine.execution import Answer, Site
from engine.lists import ListVersion, ReferenceData
from engine.organisation import Organisation
from engine.ports import Application
from engine.scripts import Sandbox
from engine.tables import list_versions
from engine.worlds import LiveWorld, Record, TapeDiffers, TapeWorld

Same = frozenset[tuple[str, str]]
"""(process, element) of what is as it was."""

_HISTORY = (
    sa.select(list_versions.c.name, list_versions.c.content)
    .where((list_versions.c.name == "calendar") | (list_versions.c.name == "office_hours"))
    .order_by(list_versions.c.position)
)


class RecordedWorld(TapeWorld):
    """The record of one entry, for elements that are as they were.

    Raises:
        TapeDiffers: also from a question about any other element.
    """

    def __init__(self, tape: Sequence[Record], same: Same) -> None:
        super().__init__(tape)
        self._same = same

    def _read(self, site: Site) -> list[Answer]:
        if (site.process, site.element) not in self._same:
            raise TapeDiffers(f"{site.element} is not what it was.")
        return super()._read(site)


class AnewWorld(LiveWorld):
    """Answers anew; who holds a role is taken from the record where the same was asked.

    Args:
        offered: what the record says of who holds a role: site -> answers, in their order.
        same: the elements that are as they were.
        settings: of decisions: limits that are to be others.
        names: decision -> what a setting may call it.
    """

    def __init__(
        self,
        *,
        offered: Mapping[str, Sequence[Answer]],
        same: Same,
        settings: Sequence[Setting],
        names: Mapping[tuple[str, str], frozenset[str]],
        case: str,
        now: datetime,
        sandbox: Sandbox,
        calendar: Calendar,
        reference: ReferenceData,
        decisions: Mapping[tuple[str, str], Decision | Service],
    ) -> None:
        super().__init__(
            case=case,
            now=now,
            sandbox=sandbox,
            calendar=calendar,
            reference=reference,
            decisions=decisions,
        )
        self._offered, self._settings, self._named = offered, settings, names
        self._same = same
        self._asked: dict[str, int] = {}

    def find_unit(self, site: Site, role: str, unit: str | None) -> Answer:
        """Return the nearest unit with a holder of ``role``, as it was recorded if it was."""
        key = site_key(site)
        known, number = self._offered.get(key, ()), self._asked.get(key, 0)
        self._asked[key] = number + 1
        if number < len(known) and (site.process, site.element) in self._same:
            return known[number]
        return super().find_unit(site, role, unit)

    def decide(
        self, site: Site, decision: str, shape_as: str | None, names: Mapping[str, Any]
    ) -> Answer:
        """Evaluate a decision; the value is {result, matched}."""
        answer = super().decide(site, decision, shape_as, names)
        called = self._named.get((site.process, decision), frozenset())
        table = self._decisions.get((site.process, decision))
        if answer.error is None and table is not None:
            given = {names[one] for one in table.needs | table.names if _plain(names.get(one))}
            for one in self._settings:
                if one.parts[0] in called and {one.parts[1], _number(one.parts[1])} & given:
                    answer.value["result"] = _set(answer.value["result"], one)
        return answer


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _number(text: str) -> Any:
    return int(text) if text.isdigit() else text


def _set(result: Any, one: Setting) -> Any:
    if isinstance(result, dict):
        return {**result, **one.fields(result)}
    if isinstance(result, list):
        return [_set(row, one) for row in result]
    return result


def site_key(site: Site) -> str:
    """Return what one place of asking is known by."""
    key = f"{site.process}/{site.element}/{site.nth}/{site.purpose}"
    return key if site.instance is None else f"{key}/{site.instance}"


def recorded_key(site: Sequence[Any]) -> str:
    """Return the same of a site as records have it."""
    return "/".join(str(part) for part in site)


@dataclass(frozen=True, slots=True)
class Known:
    """What a case is tried on, and what its record says of its surroundings.

    Attributes:
        used: list name -> version, as its entries used them.
        offered: who held a role, by the place of asking.
    """

    pinned: Pinned
    same: Same
    used: Mapping[str, str]
    offered: Mapping[str, Sequence[Answer]]


class Surroundings:
    """Lists, calendars and organisation for the cases of one back-test.

    Args:
        settings: limits in rows of lists and in decisions that are to be others.

    Raises:
        InvalidRequest: a list is named that there is not, or a setting is about nothing.
        InvalidList: a file of a list or of the calendar is wrong.
    """

    def __init__(
        self, app: Application, tx: Transaction, plan: Plan, settings: Sequence[Setting]
    ) -> None:
        self._app = app
        self.settings = settings
        given = {name: one for name, one in plan.lists.items() if name not in _CALENDAR}
        self._given = {name: _read(app, name, one) for name, one in given.items()}
        self._organisation = app.references.organisation
        if any(one.descriptor.kind != "list" for one in self._given.values()):
            self._organisation = Organisation({**app.references.active, **self._given})
        self._calendars = _calendars(tx)
        self._calendar = _calendar(tx, plan)
        self._set: dict[tuple[str, str], ListVersion] = {}
        self._seen: dict[tuple[tuple[str, str], ...], dict[str, ListVersion]] = {}

    @property
    def is_other(self) -> bool:
        """Whether anything is to be otherwise than the record has it."""
        return bool(self.settings or self._given or self._calendar)

    def calendar(self, version: str) -> Calendar:
        """Return the calendar that an entry ran on, or the one that it is tried on."""
        present = self._app.references.calendar
        return self._calendar or self._calendars.get(version, present)

    def references(self, used: Mapping[str, str], at: datetime) -> ReferenceData:
        """Return the lists that a case sees.

        Args:
            used: list name -> version, as its entries used them.
        """
        key = tuple(sorted(used.items()))
        found = self._seen.get(key)
        if found is None:
            active = self._app.references.active
            found = self._seen[key] = {
                name: self._version(name, used.get(name, one.version), one)
                for name, one in active.items()
            }
        as_of = self._app.references.calendar.local(at).date()
        return ReferenceData(self._organisation, found, as_of=as_of)

    def demand_rows(self, decisions: Iterable[str]) -> None:
        """Refuse settings about rows of lists that change none.

        Args:
            decisions: what a setting may mean instead of a list of the same name.

        Raises:
            InvalidRequest: there is one.
        """
        active = {**self._app.references.active, **self._given}
        for one in self.settings:
            name = one.parts[0]
            if name in decisions or name not in active:
                continue
            rows = (row for row in active[name].rows if one.is_of(active[name].key(row)))
            if name in _CALENDAR or not any(one.fields(row) for row in rows):
                raise InvalidRequest(
                    f"{one.text[:80]!r} changes no row of the list {name!r}.",
                    hint="Write NAME.KEY.FIELD=3 with a key and a column of the list, * for every "
                    "row. The calendar is a file: --calendar FILE.",
                )

    def load(self, tx: Transaction, used: Mapping[str, str]) -> None:
        """Bring list versions into memory that are no longer in force."""
        self._app.references.load(tx, used)
        for name, version in used.items():
            if (name, version) not in self._set:
                kept = self._app.references.version(tx, name, version)
                self._set[name, version] = self._changed(kept)

    def _version(self, name: str, version: str, active: ListVersion) -> ListVersion:
        given = self._given.get(name)
        if given is not None:
            version, active = "@given", given
        known = self._set.get((name, version))
        if known is None:
            known = self._set[name, version] = self._changed(active)
        return known

    def _changed(self, one: ListVersion) -> ListVersion:
        mine = [each for each in self.settings if each.parts[0] == one.name]
        if not mine:
            return one
        rows = []
        for row in one.rows:
            more: dict[str, Any] = {}
            for each in mine:
                more |= each.fields(row) if each.is_of(one.key(row)) else {}
            rows.append({**row, **more})
        return ListVersion(one.descriptor, one.version, one.sha256, tuple(rows), one.numbers)

    def world(
        self,
        case_id: str,
        document: Mapping[str, Any],
        at: datetime,
        *,
        of: Known,
    ) -> AnewWorld:
        """Return a world for one command of a case.

        Args:
            document: the entry whose calendar holds.
            of: the case.
        """
        return AnewWorld(
            offered=of.offered,
            same=of.same,
            settings=self.settings,
            names=_named(of.pinned) if self.settings else {},
            case=case_id,
            now=at,
            sandbox=self._app.sandbox,
            calendar=self.calendar(document["versions"]["calendar"]),
            reference=self.references(of.used, at),
            decisions=of.pinned.decisions,
        )


def _named(pinned: Pinned) -> dict[tuple[str, str], frozenset[str]]:
    return {
        (process, file["key"]): _called(file)
        for process, pin in pinned.versions["processes"].items()
        for file in pin["files"]
    }


def decision_names(files: Iterable[Mapping[str, str]]) -> set[str]:
    """Return what a setting may call the decisions among files."""
    return {name for one in files for name in _called(one)}


def _called(file: Mapping[str, str]) -> frozenset[str]:
    """Return what a decision is called: by its key, and by its file without the ending."""
    if file["kind"] != "decision":
        return frozenset()
    return frozenset({file["key"], file["filename"].rpartition(".")[0]})


def offered(documents: Sequence[Mapping[str, Any]]) -> dict[str, list[Answer]]:
    """Return what entries say of who holds a role, by the place of asking."""
    found: dict[str, list[Answer]] = {}
    for document in documents:
        for record in document["evaluations"]:
            if record["site"][3] == "unit":
                answers = [
                    Answer(one.get("value")) for one in record["answers"] if "error" not in one
                ]
                found.setdefault(recorded_key(record["site"]), []).extend(answers)
    return found


def used_lists(documents: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return list name -> version, as entries used them."""
    found: dict[str, str] = {}
    for document in documents:
        found |= document["versions"].get("lists", {})
    return found


def _read(app: Application, name: str, content: bytes) -> ListVersion:
    active = app.references.active.get(name)
    if active is None:
        raise InvalidRequest(
            f"There is no list {name!r}.", hint="GET /api/v1/lists names those there are."
        )
    return lists.read(active.descriptor, content)


def _calendars(tx: Transaction) -> dict[str, Calendar]:
    """Return every calendar that was ever in force, by its version."""
    found: dict[str, Calendar] = {}
    files: dict[str, bytes] = {}
    for name, content in tx.all(_HISTORY, {}):
        files[name] = store.get_blob(tx, content)
        if "calendar" in files:
            one = Calendar.read(files["calendar"], files.get("office_hours", b""))
            found[one.version] = one
    return found


_CALENDAR = ("calendar", "office_hours")
"""The lists of which the calendar is made."""


def _calendar(tx: Transaction, plan: Plan) -> Calendar | None:
    """Return the calendar of a plan; what it does not name of it is as it is in force."""
    given = {name: plan.lists[name] for name in _CALENDAR if name in plan.lists}
    if plan.calendar is not None:
        given["calendar"] = plan.calendar
    if not given:
        return None
    days, hours = ({**references.contents(tx, "calendar"), **given}.get(n, b"") for n in _CALENDAR)
    return Calendar.read(days, hours)
