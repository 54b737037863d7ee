"""A case as a whole, beside its data: its clocks, who has done what, its documents."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import deadlines
from engine.access import Actor
from engine.clock import text
from engine.database import Transaction
from engine.ports import Application
from engine.tables import notes, tasks
from engine.views.cases import visible
from engine.views.limits import remaining
from engine.views.tasks import attachments

Document = dict[str, Any]

ENDED = 20
"""So many clocks that have stopped are told, the last ones."""

PEOPLE = 50
"""So many people who did something are told, the last ones."""

FILED = 50
"""The documents of so many tasks are told, the last ones."""

_NAMES = (
    "task", "process", "element", "name", "state", "assignee", "candidates", "held", "opened_at",
    "due_at", "original_due_at", "provisional", "continuous", "ended_at", "ended_by", "outcome",
)  # fmt: skip
_TASKS = sa.select(*(tasks.c[name] for name in _NAMES))
_OPEN = _TASKS.where(tasks.c.case_id == p("case_id"), tasks.c.state == "open").order_by(
    tasks.c.sort_at, tasks.c.task
)
_ENDED = (
    _TASKS.where(
        tasks.c.case_id == p("case_id"), tasks.c.state != "open", tasks.c.due_at.is_not(None)
    )
    .order_by(tasks.c.ended_at.desc(), tasks.c.task.desc())
    .limit(ENDED)
)
_DOERS = (
    sa.select(tasks.c.ended_by, sa.func.count(), sa.func.max(tasks.c.ended_at))
    .where(
        tasks.c.case_id == p("case_id"),
        tasks.c.state == "completed",
        tasks.c.ended_by.is_not(None),
    )
    .group_by(tasks.c.ended_by)
    .order_by(sa.func.max(tasks.c.ended_at).desc(), tasks.c.ended_by)
    .limit(PEOPLE)
)
_DONE = (
    sa.select(tasks.c.ended_by, tasks.c.process, tasks.c.element, tasks.c.name)
    .where(
        tasks.c.case_id == p("case_id"),
        tasks.c.state == "completed",
        tasks.c.ended_by.is_not(None),
    )
    .distinct()
    .order_by(tasks.c.process, tasks.c.element)
)
_FILED = (
    sa.select(notes.c.task, sa.func.max(notes.c.position))
    .where(notes.c.case_id == p("case_id"), notes.c.kind == sa.literal_column("'attachment'"))
    .group_by(notes.c.task)
    .order_by(sa.func.max(notes.c.position).desc())
    .limit(FILED)
)


def clocks(app: Application, actor: Actor, case_id: str) -> list[Document]:
    """Return the tasks of a case with their limits.

    The open ones, the most urgent first; then the last ``ENDED`` that had one and are over.

    Returns:
        Of each ``{id, process, element, name, state, assignee, candidates, held, opened_at,
        original_due_at, due_at, provisional, continuous, ended_at, ended_by, outcome,
        remaining, late}``. ``remaining`` are minutes of an open one, as tasks have them;
        ``late`` those by which one that is over was late, else None.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        visible(app, tx, actor, case_id)
        key = {"case_id": case_id}
        rows = [*tx.all(_OPEN, key), *tx.all(_ENDED, key)]
    return [_clock(app, case_id, dict(zip(_NAMES, row, strict=True))) for row in rows]


def _clock(app: Application, case_id: str, row: Document) -> Document:
    continuous = bool(row["continuous"])
    document = {name: row[name] for name in _NAMES if not name.endswith("_at")}
    document |= {
        name: None if row[name] is None else text(row[name])
        for name in _NAMES
        if name.endswith("_at")
    }
    document |= {name: bool(row[name]) for name in ("held", "provisional", "continuous")}
    document["id"] = f"{case_id}.{document.pop('task')}"
    document["candidates"] = orjson.loads(row["candidates"])
    open_due = document["due_at"] if row["state"] == "open" else None
    document["remaining"] = remaining(app, open_due, continuous=continuous)
    document["late"] = None if row["state"] == "open" else _late(app, row, continuous=continuous)
    return document


def _late(app: Application, row: Document, *, continuous: bool) -> float | None:
    """Return the minutes by which an ended task was late, or None."""
    due, ended = row["due_at"], row["ended_at"]
    if due is None or ended is None or ended <= due:
        return None
    if continuous:
        return float((ended - due).total_seconds() / 60)
    return deadlines.working_minutes(due, ended, app.references.calendar)


def doers(app: Application, actor: Actor, case_id: str) -> list[Document]:
    """Return who has completed tasks of a case, the last one first.

    Returns:
        ``{user, done, last_at, steps}`` of at most ``PEOPLE``: how many tasks, when the
        last, and ``{process, element, name}`` of each step.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        visible(app, tx, actor, case_id)
        steps = _steps(tx, case_id)
        rows = tx.all(_DOERS, {"case_id": case_id})
    return [
        {"user": user, "done": count, "last_at": text(last), "steps": steps[user]}
        for user, count, last in rows
    ]


def _steps(tx: Transaction, case_id: str) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for user, process, element, name in tx.all(_DONE, {"case_id": case_id}):
        one = {"process": process, "element": element, "name": name}
        found.setdefault(user, []).append(one)
    return found


def documents(app: Application, actor: Actor, case_id: str) -> list[Document]:
    """Return the attachments of a case as ``attachments`` has them, the last task's first.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        visible(app, tx, actor, case_id)
        named = [row[0] for row in tx.all(_FILED, {"case_id": case_id})]
    return [
        {**one, "task": name}
        for name in named
        for one in reversed(attachments(app, actor, case_id, name))
    ]
