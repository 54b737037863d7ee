"""Tasks as people read them: one with its form, its thread, the lists."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, contacts, forms, inbox, instructions, store, unattended
from engine.access import Actor
from engine.clock import parse, text
from engine.commands import is_signature, signed_task
from engine.database import Transaction
from engine.definitions import told
from engine.errors import NotFound
from engine.execution import OpenTask
from engine.facts import case_facts
from engine.ports import Application
from engine.sealing import unseal
from engine.store import CaseRow
from engine.tables import notes, tasks
from engine.views import activities, asked, attention, cases, loads
from engine.views.limits import remaining

Document = dict[str, Any]

_COLUMNS = (
    tasks.c.state,
    tasks.c.process,
    tasks.c.element,
    tasks.c.name,
    tasks.c.assignee,
    tasks.c.candidates,
    tasks.c.priority,
    tasks.c.held,
    tasks.c.provisional,
    tasks.c.continuous,
    tasks.c.outcome,
    tasks.c.ended_by,
    tasks.c.changed,
    tasks.c.opened_at,
    tasks.c.due_at,
    tasks.c.original_due_at,
    tasks.c.warn_at,
    tasks.c.ended_at,
)
_NAMES = tuple(column.name for column in _COLUMNS)
_ROW = sa.select(*_COLUMNS).where(tasks.c.case_id == p("case_id"), tasks.c.task == p("task"))
_NOTES = (
    sa.select(notes.c.position, notes.c.actor, notes.c.at, notes.c.body)
    .where(notes.c.case_id == p("case_id"), notes.c.task == p("task"), notes.c.kind == p("kind"))
    .order_by(notes.c.position)
)
_ATTACHMENTS = (
    sa.select(notes.c.body, notes.c.actor)
    .where(notes.c.case_id == p("case_id"), notes.c.kind == "attachment")
    .order_by(notes.c.position)
)


def inbox_page(app: Application, actor: Actor, *, view: str = "pool", **filters: Any) -> Document:
    """Return one page of a task list: ``{items, next, counts}``; see ``inbox.page``.

    Each open task with a due moment carries ``remaining``: minutes of working
    time left, negative when it is late.
    """
    if view == "unattended":
        return _unattended(app, actor, filters.get("limit", 50))
    if view in {activities.VIEW, *attention.VIEWS}:
        return _attention(app, actor, view, filters.get("limit", 50), filters.get("cursor"))
    now = app.clock.now()
    with app.database.reading() as tx:
        app.references.refresh(tx)
        items, cursor = inbox.page(tx, actor.name, actor.grants, now=now, view=view, **filters)
        counts = inbox.counts(tx, actor.name, actor.grants)
        seen = contacts.read(tx, actor.name).seen_at if view == "cc" else None
    if view == "cc":
        organisation = app.references.organisation
        items = [
            one for one in items if access.concerns(actor, one["to"], one["unit"], organisation)
        ]
        for item in items:
            item["unread"] = seen is None or parse(item["at"]) > seen
    for item in items:
        item["remaining"] = remaining(
            app, item.get("due_at"), continuous=item.get("continuous", False)
        )
    return {"items": items, "next": cursor, "counts": counts}


def inbox_totals(app: Application, actor: Actor) -> dict[str, int]:
    """Return how many tasks the actor has done and cases started: see ``inbox.totals``."""
    with app.database.reading() as tx:
        return inbox.totals(tx, actor.name)


def has_activities(app: Application, actor: Actor) -> bool:
    """Whether ad-hoc work is offered to the actor: its list then has a tab."""
    with app.database.reading() as tx:
        return inbox.has_offers(tx, actor.name, actor.grants)


def inbox_kinds(app: Application, actor: Actor, view: str) -> Document:
    """Return ``{processes, units}`` that occur in a task list: what it can be filtered by."""
    with app.database.reading() as tx:
        found = inbox.kinds(tx, actor.name, actor.grants, view)
    return dict(zip(("processes", "units"), found, strict=True))


def _attention(
    app: Application, actor: Actor, view: str, limit: int, cursor: str | None
) -> Document:
    with app.database.reading() as tx:
        app.references.refresh(tx)
        if view == activities.VIEW:
            items, after = activities.page(app, tx, actor, limit=limit, cursor=cursor)
        else:
            items, after = attention.page(app, tx, actor, view, limit=limit, cursor=cursor)
        counts = inbox.counts(tx, actor.name, actor.grants)
    return {"items": items, "next": after, "counts": counts}


def _unattended(app: Application, actor: Actor, limit: int) -> Document:
    """Return the tasks that nobody is left to do and the actor may hand on, most urgent first.

    Beside what the other lists show they say to whom they are offered, and why nobody
    is left: ``candidates`` and ``reason``.
    """
    found = unattended.tasks_of(app, actor)[:limit]
    now = app.clock.now()
    with app.database.reading() as tx:
        items = [
            inbox.one(tx, task["case"], task["id"].partition(".")[2], now)
            | {"candidates": task["candidates"], "reason": task["reason"]}
            for task in found
        ]
        counts = inbox.counts(tx, actor.name, actor.grants)
    for item in items:
        item["remaining"] = remaining(app, item["due_at"], continuous=item["continuous"])
    return {"items": items, "next": None, "counts": counts}


def contact(app: Application, actor: Actor) -> Document:
    """Return how the actor is told of work, and how many notices are unread."""
    with app.database.reading() as tx:
        found = contacts.read(tx, actor.name)
    seen = found.seen_at
    return {
        "name": actor.name,
        "email": found.email,
        "by_mail": found.by_mail,
        "seen_at": None if seen is None else text(seen),
        "unread": unread(app, actor, found),
    }


def unread(app: Application, actor: Actor, contact: contacts.Contact) -> int:
    """Return how many notices a user wants the bell for came since; counting stops at 100."""
    now, organisation, seen = app.clock.now(), app.references.organisation, contact.seen_at
    rings = {kind for kind in contacts.KINDS if contact.wants(kind, "in-app")}
    with app.database.reading() as tx:
        items, _ = inbox.page(tx, actor.name, actor.grants, now=now, view="cc", limit=100)
    return sum(
        1
        for one in items
        if (seen is None or parse(one["at"]) > seen)
        and ("task-assigned" if one["to"].startswith("@") else "notice") in rings
        and access.concerns(actor, one["to"], one["unit"], organisation)
    )


def changes(app: Application, actor: Actor) -> tuple[str, Document]:
    """Return the ETag of the actor's inbox and what it shows (``GET /tasks/changes``)."""
    shown = {view: inbox_page(app, actor, view=view, limit=50) for view in ("pool", "mine")}
    items = [one for page in shown.values() for one in page["items"]]
    return inbox.tag(items), {"items": items, "counts": shown["pool"]["counts"]}


def task(app: Application, actor: Actor, case_id: str, name: str) -> Document:
    """Return a task with its form, what the form shows, and what the actor may do.

    Raises:
        CaseNotFound: no such case or task, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = cases.visible(app, tx, actor, case_id)
        found = tx.one(_ROW, {"case_id": case_id, "task": name})
        if found is None:
            raise NotFound(f"Case {case_id!r} has no task {name!r}.")
        stored = dict(zip(_NAMES, found, strict=True))
        pinned = app.library.pinned(tx, row.pins)
        document = _plain(case_id, name, stored)
        node = pinned.bundle.processes[stored["process"]].nodes[stored["element"]]
        document["form"] = node.form
        schema = pinned.schema_of(tx, stored["process"], node.form or "")
        offered = app.references.offered(tx, orjson.loads(row.lists), app.clock.now())
        document["schema"] = schema and forms.fill_schema(schema, offered)
        if node.form_ui is not None:
            document["ui_schema"] = pinned.schema_of(tx, stored["process"], node.form_ui, kind="ui")
        reads = cases.reading(app, tx, actor, row).working
        values = store.get_sealed(tx, case_id)
        found_beside = asked.beside(tx, case_id, name, actor.name, values, reads=reads)
        document.update(found_beside)
        if stored["state"] == "open":
            open_task = app.executors[row.executor].task(pinned.bundle, row.snapshot(), name)
            document["data"] = task_data(app, tx, actor, row, open_task)
            document["instructions"] = _told(app, tx, actor, row, open_task)
            actions = access.task_actions(
                actor, case_facts(tx, row), open_task, app.references.organisation
            )
            document["actions"] = asked.allowed(name, actions, found_beside)
            if {"claim", "complete"} & set(document["actions"]):
                document["loads"] = loads.of(app, tx, node, open_task.names)
    if asked.shows_words(found_beside):
        cases.looked(app, actor, case_id, "asked", ["reason"])
    document["remaining"] = remaining(app, document["due_at"], continuous=document["continuous"])
    document["business_key"], document["unit"] = row.business_key, row.unit
    document["case_state"] = row.state
    document["documentation"] = node.documentation
    document["outcomes"] = asked.outcomes(name, found_beside) or [
        {"value": value, "label": label, "label_en": node.outcomes_en.get(value, label)}
        for value, label in node.outcomes.items()
    ]
    return document


def has_unread_copy(app: Application, actor: Actor, case_id: str, name: str) -> bool:
    """Whether a copy (抄送) of a task was sent to the actor, who has not opened it yet."""
    with app.database.reading() as tx:
        return asked.has_unread(tx, case_id, name, actor.name)


def _plain(case_id: str, name: str, stored: dict[str, Any]) -> Document:
    document: Document = {
        "id": f"{case_id}.{name}",
        "of": f"{case_id}.{signed_task(name)}" if is_signature(name) else None,
        "case": case_id,
        "data": {},
        "instructions": "",
        "loads": [],
        "actions": [],
        "candidates": orjson.loads(stored["candidates"]),
        "etag": f'"{stored["changed"]}"',
        "held": bool(stored["held"]),
        "provisional": bool(stored["provisional"]),
        "continuous": bool(stored["continuous"]),
    }
    for key in ("state", "process", "element", "name", "assignee", "priority", "outcome"):
        document[key] = stored[key]
    document["completed_by"] = stored["ended_by"]
    for key in ("opened_at", "due_at", "original_due_at", "warn_at", "ended_at"):
        document[key] = None if stored[key] is None else text(stored[key])
    return document


def task_data(
    app: Application, tx: Transaction, actor: Actor, row: CaseRow, open_task: OpenTask
) -> Document:
    """Return what a task shows an actor who may see its case: only what its form names."""
    pinned = app.library.pinned(tx, row.pins)
    form = pinned.form_of(open_task.process, open_task.element)
    node = pinned.bundle.processes[open_task.process].nodes[open_task.element]
    wanted = frozenset(node.writes or ()) if form is None else form.readable
    data = {name: open_task.names[name] for name in sorted(wanted) if name in open_task.names}
    return cases.shown(app, tx, actor, row, data, task_fields=wanted, place="task")


def _told(
    app: Application, tx: Transaction, actor: Actor, row: CaseRow, open_task: OpenTask
) -> str:
    """Return a task's instructions as Markdown, with what the actor may read in its place."""
    node = (
        app.library.pinned(tx, row.pins)
        .bundle.processes[open_task.process]
        .nodes[open_task.element]
    )
    wanted = told(node)
    data = {name: open_task.names[name] for name in sorted(wanted) if name in open_task.names}
    if not node.instructions:
        return ""
    shown = cases.shown(app, tx, actor, row, data, task_fields=wanted, place="task")
    return instructions.read(node.instructions).fill(shown)


def comments(app: Application, actor: Actor, case_id: str, name: str) -> list[Document]:
    """Return a task's comments in order: ``{at, by, text}``.

    What officials say to each other is not for a resident, who sees the case as its
    reporter: of their texts only the commitment.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        reads = cases.reading(app, tx, actor, cases.visible(app, tx, actor, case_id)).working
        own = signed_task(name)
        rows = tx.all(_NOTES, {"case_id": case_id, "task": own, "kind": "comment"})
        values = store.get_sealed(tx, case_id)
    found = []
    for _, by, at, body in rows:
        shown = values if reads or by == actor.name else {}
        found.append({"at": text(at), "by": by, "text": unseal(orjson.loads(body)["text"], shown)})
    if any(isinstance(one["text"], str) for one in found):
        cases.looked(app, actor, case_id, "comments", ["text"])
    return found


def attachments(app: Application, actor: Actor, case_id: str, name: str) -> list[Document]:
    """Return a task's attachments in order, without their bytes; a resident sees the own ones."""
    with app.database.reading() as tx:
        app.references.refresh(tx)
        reads = cases.reading(app, tx, actor, cases.visible(app, tx, actor, case_id)).working
        own = signed_task(name)
        rows = tx.all(_NOTES, {"case_id": case_id, "task": own, "kind": "attachment"})
        values = store.get_sealed(tx, case_id)
    found = []
    for _, by, at, body in rows:
        if not reads and by != actor.name:
            continue
        event = orjson.loads(body)
        document = {key: event[key] for key in ("attachment", "media_type", "size", "sha256")}
        opened = unseal(event["name"], values)
        document |= {"at": text(at), "by": by}
        document["name"] = opened["name"] if isinstance(opened, dict) and "name" in opened else None
        found.append(document)
    if any(one["name"] is not None for one in found):
        cases.looked(app, actor, case_id, "attachments", ["name"])
    return found


def attachment(
    app: Application, actor: Actor, case_id: str, attachment_id: str
) -> tuple[str, str, bytes]:
    """Return an attachment's (name, media type, bytes).

    Raises:
        NotFound: there is none of that id, or not for this actor, or it was erased.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        reads = cases.reading(app, tx, actor, cases.visible(app, tx, actor, case_id)).working
        own = None if reads else actor.name
        found = attached(tx, case_id, attachment_id, by=own)
    if found is None:
        raise NotFound(f"Case {case_id!r} has no attachment {attachment_id!r}, or it was erased.")
    cases.looked(app, actor, case_id, f"attachment {attachment_id}", ["content"])
    return found


def attached(
    tx: Transaction, case_id: str, attachment_id: str, *, by: str | None = None
) -> tuple[str, str, bytes] | None:
    """Return an attachment's (name, media type, bytes) to who may read it, else None.

    Args:
        by: only one that this user has attached.
    """
    values = store.get_sealed(tx, case_id)
    for body, actor in tx.all(_ATTACHMENTS, {"case_id": case_id}):
        event = orjson.loads(body)
        if event["attachment"] == attachment_id and by in {None, actor}:
            opened = unseal(event["name"], values)
            if isinstance(opened, dict) and "content" in opened:
                return opened["name"], event["media_type"], bytes.fromhex(opened["content"])
    return None
