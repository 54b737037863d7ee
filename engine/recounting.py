"""Limits counted again when the working calendar has changed.

The calendar is never pinned: a year that becomes official, or a day that is
corrected, counts for every open case. Activating a calendar notes in the same
transaction that cases are to be gone through; this goes through them, oldest
first, and gives each the command ``RecomputeDeadlines``. A case of which nothing
moves gets no entry. Where it stops, it goes on: at the next tick, on any node.

A command that another process was applying meanwhile may still have counted with
the old calendar. So a minute later all are gone through once more.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy import bindparam as p

from engine import cases, references, store
from engine.access import Actor
from engine.calendar import Calendar
from engine.clock import parse, text
from engine.commands import RecomputeDeadlines
from engine.database import Transaction
from engine.errors import EngineError
from engine.ports import Application
from engine.projection import CLOSED
from engine.tables import cases as case_table
from engine.tables import tasks

ACTOR = Actor.system("@calendar")
BATCH = 200
LONGEST = timedelta(minutes=1)
"""How long a command may take that was begun before the activation."""

log = structlog.get_logger()

_CASES = (
    sa.select(case_table.c.id)
    .where(
        case_table.c.id > p("after"),
        case_table.c.state.not_in([sa.literal_column(f"'{one}'") for one in sorted(CLOSED)]),
    )
    .order_by(case_table.c.id)
    .limit(p("limit"))
)
_PROVISIONAL = (
    sa.select(tasks.c.task)
    .where(
        tasks.c.case_id == p("case_id"),
        tasks.c.state == sa.literal_column("'open'"),
        tasks.c.provisional == 1,
    )
    .order_by(tasks.c.task)
)

_LIMITS = sa.select(tasks.c.opened_at, tasks.c.due_at).where(
    tasks.c.state == sa.literal_column("'open'"),
    tasks.c.due_at.is_not(None),
    tasks.c.continuous == 0,
)


def recount(app: Application) -> int:
    """Go through all open cases, if the calendar has changed; return in how many limits moved."""
    moved = 0
    while (step := _step(app)) is not None:
        moved += step
    return moved


def go_on(app: Application) -> int:
    """Go through some more cases, if the calendar has changed; return in how many limits moved."""
    return _step(app) or 0


def affected(app: Application, tx: Transaction, calendar: Calendar) -> int:
    """Return how many open tasks have limits that run over days another calendar changes.

    Limits that run day and night are none of them.
    """
    limits = tx.all(_LIMITS, {})
    if not limits:
        return 0
    known = app.references.calendar
    spans = [(known.local(began).date(), known.local(due).date()) for began, due in limits]
    first, last = min(one for one, _ in spans), max(one for _, one in spans)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    changed = [day for day in days if known.periods(day) != calendar.periods(day)]
    return sum(bisect_left(changed, begun) < bisect_right(changed, due) for begun, due in spans)


def under_way(app: Application) -> dict[str, Any] | None:
    """Return how far a new calendar has been counted, or None when all is done.

    Returns:
        ``{at, after, again}``: since when, up to which case, and whether it is the
        second time.
    """
    with app.database.reading() as tx:
        noted = store.get_fact(tx, references.RECOUNT)
    return orjson.loads(noted) if noted else None


def _step(app: Application) -> int | None:
    """Go through one batch; None when there is nothing to do now."""
    with app.database.reading() as tx:
        noted = store.get_fact(tx, references.RECOUNT)
        if not noted:
            return None
        state: dict[str, Any] = orjson.loads(noted)
        if state["again"] and app.clock.now() < parse(state["at"]) + LONGEST:
            return None
        app.references.refresh(tx)
        ids = [row[0] for row in tx.all(_CASES, {"after": state["after"], "limit": BATCH})]
    moved = sum(_recount(app, one) for one in ids)
    with app.database.writing() as tx:
        # A calendar activated meanwhile begins anew.
        if store.get_fact(tx, references.RECOUNT) == noted:
            store.put_fact(tx, references.RECOUNT, _following(state, ids))
    return moved


def _following(state: dict[str, Any], ids: list[str]) -> str:
    if len(ids) == BATCH:
        return references.noted(state["at"], after=ids[-1], again=state["again"])
    return "" if state["again"] else references.noted(state["at"], again=True)


def _recount(app: Application, case_id: str) -> int:
    with app.database.reading() as tx:
        marked = _marked(tx, case_id)
    command = RecomputeDeadlines(app.references.calendar.version, marked)
    try:
        answer = cases.handle(app, ACTOR, case_id, command)
    except EngineError as reason:
        log.warning("recount-refused", case=case_id, at=text(app.clock.now()), reason=str(reason))
        return 0
    return 0 if answer.body.get("unchanged") else 1


def _marked(tx: Transaction, case_id: str) -> list[str]:
    return [row[0] for row in tx.all(_PROVISIONAL, {"case_id": case_id})]
