"""Cases as people read them: one, many, their history, an earlier state."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, accesses, bookmarks, facts, store
from engine.access import Actor
from engine.accesses import Look
from engine.clock import text
from engine.database import Moment, Transaction
from engine.errors import CaseNotFound
from engine.execution import Snapshot
from engine.facts import field_classes, start_fields
from engine.ports import Application
from engine.store import CASE_COLUMNS, CaseRow
from engine.tables import cases, incidents, links, tasks, timers
from engine.views.activities import activities_of, is_offered
from engine.views.instances import additions_of, instances_of
from engine.views.limits import remaining

Document = dict[str, Any]
SCANNED = 2_000
"""How many cases one page looks at before it hands on a cursor."""

_TASKS = (
    sa.select(
        tasks.c.task,
        tasks.c.element,
        tasks.c.name,
        tasks.c.assignee,
        tasks.c.due_at,
        tasks.c.held,
        tasks.c.continuous,
    )
    .where(tasks.c.case_id == p("case_id"), tasks.c.state == "open")
    .order_by(tasks.c.opened_at, tasks.c.task)
)
_TIMERS = (
    sa.select(timers.c.element, timers.c.due_at, timers.c.process)
    .where(timers.c.case_id == p("case_id"))
    .order_by(timers.c.due_at, timers.c.number)
)
INCIDENT = (
    incidents.c.case_id,
    incidents.c.number,
    incidents.c.process,
    incidents.c.element,
    incidents.c.nth,
    incidents.c.code,
    incidents.c.message,
    incidents.c.expression,
    incidents.c.at,
)
_INCIDENTS = (
    sa.select(*INCIDENT).where(incidents.c.case_id == p("case_id")).order_by(incidents.c.number)
)
_LINKS = (
    sa.select(links.c.other_id, links.c.kind)
    .where(links.c.case_id == p("case_id"))
    .order_by(links.c.other_id)
)
_POSITION = sa.select(tasks.c.changed).where(
    tasks.c.case_id == p("case_id"), tasks.c.task == p("task")
)


def case_document(tx: Transaction, row: CaseRow, snapshot: Snapshot) -> Document:
    """Return a case as it is answered, its personal data sealed."""
    key = {"case_id": row.id}
    document: Document = {
        "id": row.id,
        "process": row.process,
        "version": row.version,
        "business_key": row.business_key,
        "unit": row.unit,
        "starter": row.starter,
        "state": row.state,
        "data": snapshot.data.get("", {}),
        "tasks": [_case_task(row.id, one) for one in tx.all(_TASKS, key)],
        "timers": [
            {"element": one[0], "process": one[2], "due_at": text(one[1])}
            for one in tx.all(_TIMERS, key)
        ],
        "incidents": incidents_of(tx, row.id),
        "links": [{"case": one[0], "type": one[1]} for one in tx.all(_LINKS, key)],
        "created_at": text(row.created_at),
        "ended_at": None if row.ended_at is None else text(row.ended_at),
        "etag": f'"{row.position}"',
    }
    if row.end_state is not None:
        document["end"] = row.end_state
    return document


def _case_task(case_id: str, row: Any) -> Document:
    return {
        "id": f"{case_id}.{row[0]}",
        "element": row[1],
        "name": row[2],
        "assignee": row[3],
        "due_at": None if row[4] is None else text(row[4]),
        "held": bool(row[5]),
        "continuous": bool(row[6]),
    }


def incidents_of(tx: Transaction, case_id: str) -> list[Document]:
    """Return the open incidents of a case."""
    return [incident_document(one) for one in tx.all(_INCIDENTS, {"case_id": case_id})]


def incident_document(row: Any) -> Document:
    """Return an incident as it is answered, from a row of ``INCIDENT``."""
    document: Document = {
        "id": row[1],
        "process": row[2],
        "element": row[3],
        "nth": row[4],
        "code": row[5],
        "message": row[6],
        "at": text(row[8]),
    }
    if row[7] is not None:
        document["expression"] = row[7]
    return document


def task_position(tx: Transaction, case_id: str, task: str) -> int | None:
    """Return the position of the entry that last touched a task, or None."""
    row = tx.one(_POSITION, {"case_id": case_id, "task": task})
    return None if row is None else int(row[0])


def case(app: Application, actor: Actor, case_id: str) -> Document:
    """Return a case with what the actor may see of its data.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = visible(app, tx, actor, case_id)
        snapshot = row.snapshot()
        document = case_document(tx, row, snapshot)
        document["data"] = shown(app, tx, actor, row, document["data"])
        pinned = app.library.pinned(tx, row.pins)
        found = activities_of(app, tx, actor, row, pinned, snapshot=snapshot)
        document["activities"] = found
        document["instances"] = instances_of(app, tx, actor, row, pinned, snapshot=snapshot)
        document["additions"] = additions_of(app, tx, actor, row, pinned, snapshot=snapshot)
        document["followed"] = bookmarks.has(tx, actor.name, case_id)
    for one in document["tasks"]:
        one["remaining"] = remaining(app, one["due_at"], continuous=one["continuous"])
    return document


def process_of(app: Application, actor: Actor, case_id: str) -> str:
    """Return the key of a case's own process.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        return visible(app, tx, actor, case_id).process


def visible(app: Application, tx: Transaction, actor: Actor, case_id: str) -> CaseRow:
    """Return the stored case.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    row = store.read_case(tx, case_id)
    if row is None:
        raise CaseNotFound(case_id)
    is_seen = facts.sees(tx, actor, row, app.references.organisation)
    if not is_seen and not is_offered(app, tx, actor, row):
        raise CaseNotFound(case_id)
    return row


def shown(
    app: Application,
    tx: Transaction,
    actor: Actor,
    row: CaseRow,
    data: Document,
    *,
    task_fields: Collection[str] = (),
    place: str = "case",
) -> Document:
    """Return case data as the actor may read them: withheld, or opened where sealed.

    Args:
        place: under this name the access log keeps what is opened.
    """
    pinned = app.library.pinned(tx, row.pins)
    reader = reading(app, tx, actor, row, task_fields)
    values = store.get_sealed(tx, row.id)

    def reveal(one: str) -> Any:
        text = values.get(one)
        return None if text is None else orjson.loads(text)

    seen: set[str] = set()
    found = access.withhold(reader, data, field_classes(pinned), reveal=reveal, seen=seen.add)
    looked(app, actor, row.id, place, seen)
    return found


def looked(app: Application, actor: Actor, case_id: str, place: str, what: Iterable[str]) -> None:
    """Note in the access log that somebody is shown personal values of a case."""
    at = app.clock.now()
    accesses.note([Look(case_id, at, actor.name, place, tuple(sorted({*what})))])


def reading(
    app: Application,
    tx: Transaction,
    actor: Actor,
    row: CaseRow,
    task_fields: Collection[str] = (),
) -> access.Reading:
    """Return what the actor reads of a case that the actor may see."""
    fields = start_fields(app.library.pinned(tx, row.pins))
    organisation = app.references.organisation
    return facts.reading(tx, actor, row, organisation, fields=fields, task_fields=task_fields)


def cases_page(
    app: Application,
    actor: Actor,
    *,
    process: str | None = None,
    state: str | None = None,
    business_key: str | None = None,
    q: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Document:
    """Return the cases the actor may see, newest first: ``{items, next}``.

    Args:
        q: text inside the business key or the id.
        since, until: when the case was started, ``until`` left out.
        cursor: the id of the last case of the page before.
    """
    items: list[Document] = []
    last, scanned = cursor or "~", 0
    with app.database.reading() as tx:
        app.references.refresh(tx)
        while scanned < SCANNED:
            values = {
                "before": last,
                "process": process,
                "state": state,
                "key": business_key,
                "q": None if q is None else f"%{q}%",
                "since": since,
                "until": until,
            }
            rows = tx.all(_PAGE, values)
            for row in rows:
                found = CaseRow(*row)
                last, scanned = found.id, scanned + 1
                if facts.sees(tx, actor, found, app.references.organisation):
                    items.append(brief(found))
                    if len(items) == limit:
                        return {"items": items, "next": last}
            if len(rows) < PAGE:
                return {"items": items, "next": None}
    return {"items": items, "next": last}


PAGE = 100
_PAGE = (
    sa.select(*CASE_COLUMNS)
    .where(
        cases.c.id < p("before"),
        (sa.cast(p("process"), sa.Text).is_(None)) | (cases.c.process == p("process")),
        (sa.cast(p("state"), sa.Text).is_(None)) | (cases.c.state == p("state")),
        (sa.cast(p("key"), sa.Text).is_(None)) | (cases.c.business_key == p("key")),
        (sa.cast(p("q"), sa.Text).is_(None))
        | cases.c.business_key.like(p("q"))
        | cases.c.id.like(p("q")),
        (sa.cast(p("since", type_=Moment), sa.Text).is_(None))
        | (cases.c.created_at >= p("since", type_=Moment)),
        (sa.cast(p("until", type_=Moment), sa.Text).is_(None))
        | (cases.c.created_at < p("until", type_=Moment)),
    )
    .order_by(cases.c.id.desc())
    .limit(PAGE)
)


def brief(row: CaseRow) -> Document:
    """Return a case as lists of cases show it."""
    document: Document = {
        "id": row.id,
        "process": row.process,
        "version": row.version,
        "business_key": row.business_key,
        "unit": row.unit,
        "starter": row.starter,
        "state": row.state,
        "created_at": text(row.created_at),
        "ended_at": None if row.ended_at is None else text(row.ended_at),
    }
    if row.end_state is not None:
        document["end"] = row.end_state
    return document
