"""Changes of reference lists (清单) that a case decides: checked, then put in force.

A case says which rows are to read how *from a day on*, or gives a whole file. Both
become the file of that day, and ``imports`` compares it with what is in force and
activates it like one that an office sends: in the name of a user who may do that,
with the case as the reason.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, columns, imports, revisions, spreadsheets, store, unattended, views
from engine.access import Actor
from engine.calendar import LOCAL
from engine.clock import parse
from engine.commands import JsonObject
from engine.errors import InvalidList, NotAllowed, Stale
from engine.imports import Plan
from engine.lists import ListVersion
from engine.organisation import Organisation
from engine.ports import Application
from engine.sealing import unseal
from engine.spreadsheets import Finding
from engine.tables import tasks

ROWS = 500
"""Rows that one case may change by name; more come as a file."""
SHOWN = 50
"""Rows, findings and tasks that a case keeps of an answer."""
_TRIES = 5

_DONE = (
    sa.select(tasks.c.task)
    .where(tasks.c.case_id == p("case_id"), tasks.c.ended_by == p("by"))
    .where(tasks.c.state == "completed")
    .limit(1)
)


def check(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Say what a change of a list would do, and what is wrong with it; nothing changes.

    Returns:
        ``valid``; ``added``, ``changed`` and ``removed``: how many rows; ``difference``:
        the rows themselves, 50 of each at most and without personal columns; ``errors``
        and ``warnings`` as texts; ``unattended``: the open tasks that it would leave
        without anybody; ``open_cases``: how many of them keep the version in force now.

    Raises:
        ValueError: the input names no list, or its rows are none.
    """
    try:
        plan = _plan(app, case_id, data)
    except InvalidList as reason:
        plan = Plan(_day(app, data), 0, findings=list(reason.findings or []))
        plan.findings = plan.findings or [_plain(reason)]
    by = str(data.get("by") or "")
    if by and not (_acted(app, case_id, by) and _may_change(app, app.find_actor(app, by), data)):
        hint = "Let a list owner or data officer name the rows, or who decides of their unit."
        told = f"{by!r} may not put lists in force."
        plan.findings.append({**spreadsheets.finding("", 1, None, told, hint), "message": told})
    return {**answered(plan), "open_cases": _pinned(app, str(data.get("list")))}


def activate(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Put a change of a list in force; return ``version``, ``activated`` and ``unattended``.

    The same change again does nothing: ``activated`` is false then.

    Raises:
        InvalidList: what ``check`` calls errors.
        NotAllowed: ``by`` names nobody who may put lists in force, or somebody who has
            neither started the case nor done a task of it.
        ValueError: as for ``check``.
    """
    by = str(data.get("by") or "")
    actor = app.find_actor(app, by)
    if actor is None or not _acted(app, case_id, by):
        message = f"{by!r} has done nothing in this case, so nobody puts the list in force."
        raise NotAllowed(message, hint="Name a list owner or data officer who has done a task.")
    decided = _may_change(app, actor, data)
    if not decided:
        access.require(actor, "activate_list")
    for last in range(_TRIES):
        plan = _plan(app, case_id, data)
        try:
            (done,) = imports.activate(app, actor, plan, case=case_id, decided=decided)
        except Stale:
            # Somebody else's list came into force between the two; ours may still fit.
            if last == _TRIES - 1:
                raise
            continue
        found = answered(plan)
        return {"version": done["version"], "activated": done["changed"],
                "unattended": found["unattended"]}  # fmt: skip
    raise AssertionError("the last try ends it")


def find_unattended(app: Application, _case_id: str, data: JsonObject) -> JsonObject:
    """Return the open tasks that nobody is left to do, as ``tasks``; how many as ``count``.

    Args:
        data: ``units``: only tasks of cases in these units or below them; left out = all.
    """
    units = data.get("units")
    wanted = [str(one) for one in ([units] if isinstance(units, str) else units or [])]
    with app.database.reading() as tx:
        app.references.refresh(tx)
        organisation = app.references.organisation
        day = app.clock.now().astimezone(LOCAL).date()
        found = unattended.left_alone(unattended.reading(tx), organisation, day)
    if units is not None:
        inside = organisation.within
        found = [one for one in found if any(inside(one["unit"], unit, day) for unit in wanted)]
    return {"tasks": tasks_told(found), "count": len(found)}


def may_change(
    actor: Actor | None, data: JsonObject, active: ListVersion | None, organisation: Organisation
) -> bool:
    """Whether a user, if it is one, may change these rows of a list through a case.

    Who may put lists in force may; else whom the list itself lets decide
    (``decided_by``), row by row, for the own units and those below them.
    """
    if actor is None or access.may(actor, "activate_list"):
        return actor is not None
    if active is None or not active.descriptor.deciders or data.get("file"):
        return False
    named = [*objects(data.get("rows"), "rows"), *objects(data.get("ends"), "ends")]
    units = {str(one.get(active.descriptor.unit or "") or "") for one in named}
    held = [unit for role, unit in actor.grants if role in active.descriptor.deciders]
    within = organisation.within
    return bool(units) and all(
        any(within(unit, own, actor.as_of) for own in held) for unit in units
    )


def _may_change(app: Application, actor: Actor | None, data: JsonObject) -> bool:
    active = app.references.active.get(str(data.get("list") or ""))
    return may_change(actor, data, active, app.references.organisation)


def answered(plan: Plan) -> JsonObject:
    """Return what a case keeps of a plan."""
    sheet = plan.sheets[0].to_json() if plan.sheets else {}
    rows = {kind: sheet.get(kind, []) for kind in ("added", "changed", "removed")}
    return {
        "valid": plan.valid,
        **{kind: len(found) for kind, found in rows.items()},
        "difference": {kind: found[:SHOWN] for kind, found in rows.items()},
        "errors": _told(plan.findings, "error"),
        "warnings": _told(plan.findings, "warning"),
        "unattended": tasks_told(plan.tasks),
    }


def tasks_told(found: Iterable[JsonObject]) -> list[JsonObject]:
    """Return of unattended tasks what a case may keep: no person's name."""
    names = ("id", "case", "business_key", "name", "due_at", "reason")
    return [{name: one[name] for name in names} for one in list(found)[:SHOWN]]


def _plan(app: Application, case_id: str, data: JsonObject) -> Plan:
    name, day = str(data.get("list") or ""), _day(app, data)
    with app.database.reading() as tx:
        app.references.refresh(tx)
        values = store.get_sealed(tx, case_id)
    active = app.references.active.get(name)
    if active is None:
        raise ValueError(f"list must name a list in force, not {name!r}")
    given = unseal({one: data.get(one) for one in ("rows", "ends", "file")}, values)
    content = _file(app, case_id, given["file"])
    if content is None:
        rows, ends = objects(given["rows"], "rows"), objects(given["ends"], "ends")
        content = revisions.with_rows(active, rows, ends, day)
    return imports.prepare(app, {active.descriptor.file: content}, as_of=day)


def _file(app: Application, case_id: str, given: Any) -> bytes | None:
    """Return the bytes of an attached file, or of a table that was pasted."""
    if isinstance(given, list):
        if len(given) > 1:
            raise ValueError("file must be one file")
        if given:
            with app.database.reading() as tx:
                found = views.attached(tx, case_id, str(given[0]))
            if found is None:
                raise ValueError(f"the case has no attachment {given[0]!r}")
            return found[2]
    if isinstance(given, str) and given.strip():
        return given.encode()
    return None


def objects(given: Any, name: str) -> list[JsonObject]:
    """Return the rows that a case names: objects, or a table as a spreadsheet copies it.

    Raises:
        InvalidList: the table is none.
        TypeError: it is something else.
        ValueError: they are too many.
    """
    if isinstance(given, str):
        given = [row.cells for row in spreadsheets.read(name, _commas(given))[1]] if given else []
    found = [] if given is None else given
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError(f"{name} must be a list of objects, or a table")
    if len(found) > ROWS:
        raise ValueError(f"{name} are at most {ROWS}; attach a file")
    return found


def _commas(text: str) -> bytes:
    """Return a table as a CSV file; what a spreadsheet copies has tabs between its cells."""
    if "\t" in text:
        sheet = io.StringIO()
        csv.writer(sheet).writerows(csv.reader(io.StringIO(text), delimiter="\t"))
        text = sheet.getvalue()
    return text.encode()


def _day(app: Application, data: JsonObject) -> date:
    """Return the local day from which a change holds; without one, today."""
    given = data.get("from")
    if given in {None, ""}:
        return app.clock.now().astimezone(LOCAL).date()
    text = str(given)
    return parse(text).astimezone(LOCAL).date() if "T" in text else columns.day(text)


def _told(findings: Iterable[Finding], severity: str) -> list[str]:
    found = [one["message"] for one in findings if one["severity"] == severity]
    return [str(one) for one in found[:SHOWN]]


def _plain(reason: InvalidList) -> Finding:
    return spreadsheets.finding("", 1, None, reason.message, reason.hint or "")


def _acted(app: Application, case_id: str, by: str) -> bool:
    """Whether a user has started the case or done a task of it: no name is used unasked."""
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
        if row is not None and row.starter == by:
            return True
        return tx.one(_DONE, {"case_id": case_id, "by": by}) is not None


def _pinned(app: Application, name: str) -> int:
    """Return how many open cases keep the version of a list that is in force."""
    active = app.references.active.get(name)
    return 0 if active is None else views.list_pins(app, name).get(active.version, 0)
