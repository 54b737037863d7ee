"""How the stage in memory answers the topics that change lists.

The application's own functions do the work where they need no database; what is
judged between lists is what ``imports`` judges, without its readings.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from engine import columns, list_changes, lists, revisions
from engine.access import Actor, require
from engine.calendar import LOCAL
from engine.clock import parse
from engine.errors import InvalidList, NotAllowed
from engine.imports import Plan, Sheet
from engine.organisation import Organisation
from tests.scenario_city import City
from tests.scenario_traces import Board

if TYPE_CHECKING:
    from tests.scenario_memory import MemoryStage

Data = dict[str, Any]


def check(stage: MemoryStage, data: Data) -> Data:
    """What ``check-list-change`` answers."""
    plan, _ = _plan(stage, data)
    by = data.get("by")
    if by and not _may_change(stage, _user(stage, by), data):
        plan.findings.append(
            {"severity": "error", "message": f"{by!r} may not put lists in force."}
        )
    version = stage.city.lists[data["list"]]
    kept = [memo for memo in stage.memos.values() if memo.lists.get(version.name) is version]
    running = [memo for memo in kept if memo.snapshot.state not in {"completed", "cancelled"}]
    return {**list_changes.answered(plan), "open_cases": len(running)}


def activate(stage: MemoryStage, data: Data) -> Data:
    """What ``activate-list-change`` answers, once the list is in force."""
    actor = _user(stage, str(data.get("by") or ""))
    if actor is None:
        raise NotAllowed("by is no user.")
    if not _may_change(stage, actor, data):
        require(actor, "activate_list")
    plan, city = _plan(stage, data)
    if not plan.valid:
        raise InvalidList(plan.findings[0]["message"])
    old, new = stage.city.lists[data["list"]], city.lists[data["list"]]
    stage.city = city
    return {
        "version": new.version,
        "activated": new.rows != old.rows,
        "unattended": list_changes.tasks_told(plan.tasks),
    }


def find_unattended(stage: MemoryStage, data: Data) -> Data:
    """What ``find-unattended`` answers."""
    day, units = stage.city.day(stage.now()), data.get("units")
    within = stage.city.organisation.within
    found = [
        one
        for one in _left(stage, stage.city, day)
        if units is None or any(within(one["unit"], unit, day) for unit in units)
    ]
    return {"tasks": list_changes.tasks_told(found), "count": len(found)}


def _may_change(stage: MemoryStage, actor: Actor | None, data: Data) -> bool:
    active, organisation = stage.city.lists[data["list"]], stage.city.organisation
    return list_changes.may_change(actor, data, active, organisation)


def _user(stage: MemoryStage, name: str) -> Actor | None:
    known = stage.city.organisation.person(name, stage.city.day(stage.now()))
    return None if known is None else stage.actor(name)


def _plan(stage: MemoryStage, data: Data) -> tuple[Plan, City]:
    city = stage.city
    active, day = city.lists[data["list"]], _day(stage, data)
    plan, described = Plan(day, 0), active.descriptor
    try:
        file = data.get("file")
        given = file.encode() if file else revisions.with_rows(
            active,
            list_changes.objects(data.get("rows"), "rows"),
            list_changes.objects(data.get("ends"), "ends"),
            day,
        )  # fmt: skip
        read = lists.read(described, given, first=day)
        stored = revisions.from_day(active, read, day)
        version = lists.read(described, stored)
    except InvalidList as reason:
        plan.findings += list(reason.findings or [])
        return plan, city
    new = {**city.lists, active.name: version}
    wrong = lists.check_references({active.name: read}, among=new)
    known = {one["message"] for one in city.organisation.check(day)}
    after = City(new, Organisation(new), city.calendar)
    doubtful = [one for one in after.organisation.check(day) if one["message"] not in known]
    plan.findings += [{**one, "severity": "error"} for one in wrong] + doubtful
    plan.sheets.append(Sheet(described.file, "utf-8", b"", stored, read, version, active))
    before = {one["id"] for one in _left(stage, city, day)}
    plan.tasks = [one for one in _left(stage, after, day) if one["id"] not in before]
    return plan, after


def _day(stage: MemoryStage, data: Data) -> date:
    given = data.get("from")
    if not given:
        return stage.city.day(stage.now())
    return parse(given).astimezone(LOCAL).date() if "T" in given else columns.day(given)


def _left(stage: MemoryStage, city: City, day: date) -> Iterator[Data]:
    """The open tasks of those who have left; an administrator is always there for the rest."""
    for case, memo in stage.memos.items():
        for name, task in Board(memo.entries).tasks.items():
            by = task.get("assignee")
            if by is not None and not city.organisation.posts(by, day):
                yield {"id": f"{case}.{name}", "case": case, "business_key": memo.business_key,
                       "name": task["name"], "due_at": task.get("due_at"), "unit": memo.unit,
                       "reason": "left"}  # fmt: skip
