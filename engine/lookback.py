"""What people did before in a case, and what was left of its limits then."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import store
from engine.commands import JsonObject
from engine.database import Transaction
from engine.tables import tasks

_DONE = (
    sa.select(tasks.c.task, tasks.c.process, tasks.c.element, tasks.c.ended_by, tasks.c.ended_at)
    .where(
        tasks.c.case_id == p("case_id"),
        tasks.c.state == "completed",
        tasks.c.task.not_like("%~%"),  # a signature is no step of its own
    )
    .order_by(tasks.c.ended_at, tasks.c.task)
)
_LIMITS = frozenset({"task_opened", "task_released", "task_due_changed"})


class Done(NamedTuple):
    """A task that somebody completed: the moment is aware UTC."""

    task: str
    process: str
    element: str
    by: str
    at: datetime


def done(tx: Transaction, case_id: str) -> list[Done]:
    """Return the last completed visit of each task element, the earliest first."""
    last: dict[tuple[str, str], Done] = {}
    for row in tx.all(_DONE, {"case_id": case_id}):
        one = Done(*row)
        last.pop((one.process, one.element), None)
        last[one.process, one.element] = one
    return list(last.values())


def limits_of(tx: Transaction, case_id: str, task: str) -> JsonObject | None:
    """Return what stood of the limits of a completed task when it was completed.

    Returns:
        ``{since, due_at?, warn_at?, timers}`` as ``MoveTokens.limits``; None where the
        history has no such completed task. ``timers`` are those that were armed beside it
        under the number of its visit: boundary event -> moment, None once fired.
    """
    opened: JsonObject = {}
    limits: JsonObject = {}
    armed: dict[int, JsonObject] = {}
    fired: set[int] = set()
    for entry in store.read_entries(tx, case_id):
        document = orjson.loads(entry.body)
        for event in document["events"]:
            kind = event["type"]
            if kind == "timer_armed":
                armed[event["timer"]] = event
            elif kind == "timer_fired":
                fired.add(event["timer"])
            elif event.get("task") != task:
                continue
            elif kind in _LIMITS:
                opened = opened or event
                limits |= {name: event[name] for name in ("due_at", "warn_at") if name in event}
            elif kind == "task_completed":
                timers = {
                    one["element"]: None if number in fired else one["due_at"]
                    for number, one in armed.items()
                    if all(one[name] == opened[name] for name in ("process", "nth", "path"))
                }
                return {"since": document["at"], **limits, "timers": timers}
    return None
