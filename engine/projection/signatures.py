"""Signatures, delegations, reminders and copies: what people ask of each other over a task.

A signature that waits for its answer is a row of the inbox by itself, named ``TASK~N``.
Without a due moment of its own it has no original one, and follows its task's.
"""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Transaction
from engine.events import Event
from engine.projection.notes import noted, notify
from engine.projection.place import END_OF_TIME, Entered, Handler, matching, moment_of, task_key
from engine.tables import tasks

_INSERT = sa.insert(tasks)
_ONE = sa.update(tasks).where(*matching(tasks, "case_id", "task"))
_END = _ONE.values(
    state=p("state"),
    ended_at=p("ended_at"),
    ended_by=p("ended_by"),
    outcome=p("outcome"),
    changed=p("changed"),
)
_TOUCH = _ONE.values(changed=p("changed"))
_OWNER = sa.select(tasks.c.assignee, tasks.c.candidates).where(*matching(tasks, "case_id", "task"))
_OPEN_OF = (
    *matching(tasks, "case_id"),
    sa.func.substr(tasks.c.task, 1, p("length")) == p("prefix"),
    tasks.c.state == "open",
)
_RENAME = sa.update(tasks).where(*_OPEN_OF[:2]).values(element=p("element"), name=p("name"))
_HOLD = sa.update(tasks).where(*_OPEN_OF).values(held=p("held"))
_FOLLOW = (
    sa.update(tasks)
    .where(*_OPEN_OF, tasks.c.original_due_at.is_(None))
    .values(due_at=p("due_at"), sort_at=p("sort_at"))
)

_ADDED, _OPENED, _GIVEN, _REMOVED, _KINDS = range(5)
"""Numbers of the notes of one signature in one entry; its own number leads them."""


def _keep(tx: Transaction, entered: Entered, event: Event, what: int) -> None:
    number = int(event["task"].partition("~")[2])
    _touch(tx, entered, event["of"])
    noted(tx, entered, {**event, "task": event["of"], "signature": number}, number * _KINDS + what)


def _touch(tx: Transaction, entered: Entered, task: str) -> None:
    """Whoever has read the task before has to look at it again."""
    key = {"of_case_id": entered.case_id, "of_task": task}
    tx.run(_TOUCH, {**key, "changed": entered.position})


def _added(tx: Transaction, entered: Entered, event: Event) -> None:
    _keep(tx, entered, event, _ADDED)


def _opened(tx: Transaction, entered: Entered, event: Event) -> None:
    due_at = moment_of(event, "due_at")
    row: dict[str, Any] = dict.fromkeys(column.name for column in tasks.c)
    row |= {name: event[name] for name in ("task", "process", "element", "name", "assignee")}
    row |= {"case_id": entered.case_id, "main": entered.main, "state": "open", "priority": 0}
    row |= {"held": 0, "provisional": 0, "continuous": 0, "changed": entered.position}
    row |= {
        "candidates": orjson.dumps([{"user": event["assignee"]}]).decode(),
        "opened_at": entered.at,
        "due_at": due_at,
        "original_due_at": due_at if event.get("own_due") else None,
        "sort_at": due_at or END_OF_TIME,
    }
    tx.run(_INSERT, row)
    _keep(tx, entered, event, _OPENED)
    notify(tx, entered, event["task"], {f"@{event['assignee']}"}, _ASKED[event["kind"]])


def _given(tx: Transaction, entered: Entered, event: Event) -> None:
    _end(tx, entered, event, "completed")
    _keep(tx, entered, event, _GIVEN)
    row = tx.one(_OWNER, {"of_case_id": entered.case_id, "of_task": event["of"]})
    if row is not None and row[0] is not None:
        notify(tx, entered, event["of"], {f"@{row[0]}"}, _ANSWERED[event["outcome"]])


def _removed(tx: Transaction, entered: Entered, event: Event) -> None:
    _end(tx, entered, event, "cancelled")
    _keep(tx, entered, event, _REMOVED)


def _end(tx: Transaction, entered: Entered, event: Event, state: str) -> None:
    done = state == "completed"
    values = {
        **task_key(entered, event),
        "state": state,
        "ended_at": entered.at,
        "ended_by": event["by"] if done else None,
        "outcome": event["outcome"] if done else None,
        "changed": entered.position,
    }
    tx.run(_END, values)


_ASKED = {
    "before": "signature",
    "parallel": "signature",
    "after": "signature",
    "delegate": "delegated",
}
_ANSWERED = {"agree": "agreed", "disagree": "disagreed", "resolved": "resolved"}


def _decided(tx: Transaction, entered: Entered, event: Event) -> None:
    _touch(tx, entered, event["task"])
    noted(tx, entered, event, int(event["type"] == "decision_returned"))


def _reminded(tx: Transaction, entered: Entered, event: Event) -> None:
    """Keep a reminder; tell who has the task or, before it is claimed, whom it is offered to."""
    noted(tx, entered, event)
    notify(tx, entered, event["task"], _holders(tx, entered, event), "reminded")


def _holders(tx: Transaction, entered: Entered, event: Event) -> set[str]:
    """Return who has an event's task; the users and units it is offered to if nobody has."""
    row = tx.one(_OWNER, task_key(entered, event))
    if row is None or row[0] is not None:
        return set() if row is None else {f"@{row[0]}"}
    groups = orjson.loads(row[1])
    return {f"@{one['user']}" if "user" in one else one.get("unit") or "" for one in groups}


def _review_due(tx: Transaction, entered: Entered, event: Event) -> None:
    """Remind who has put a task on hold, and who has it or is offered it."""
    notify(tx, entered, event["task"], {f"@{event['by']}"} | _holders(tx, entered, event), "review")


def _copied(tx: Transaction, entered: Entered, event: Event) -> None:
    noted(tx, entered, event)
    notify(tx, entered, event["task"], {f"@{one}" for one in event["receivers"]}, "copied")


def hold(tx: Transaction, entered: Entered, event: Event, held: int) -> None:
    """Let the signatures of a task stand still, or go on, with it."""
    tx.run(_HOLD, {**_prefix(entered, event), "held": held})


def rename(tx: Transaction, entered: Entered, event: Event) -> None:
    """Let the signatures of a task be found at its element, which a migration may rename."""
    values = {"element": event["element"], "name": event["name"]}
    tx.run(_RENAME, {**_prefix(entered, event), **values})


def follow(tx: Transaction, entered: Entered, event: Event) -> None:
    """Give the signatures that are due with their task its new due moment."""
    due_at = moment_of(event, "due_at")
    tx.run(_FOLLOW, {**_prefix(entered, event), "due_at": due_at, "sort_at": due_at or END_OF_TIME})


def _prefix(entered: Entered, event: Event) -> dict[str, Any]:
    prefix = f"{event['task']}~"
    return {"of_case_id": entered.case_id, "prefix": prefix, "length": len(prefix)}


SIGNATURE_HANDLERS: dict[str, Handler] = {
    "signature_added": _added,
    "signature_opened": _opened,
    "signature_given": _given,
    "signature_removed": _removed,
    "decision_taken": _decided,
    "decision_returned": _decided,
    "reminder_sent": _reminded,
    "copy_sent": _copied,
    "copy_read": noted,
    "review_due": _review_due,
}
"""What each event of people asking each other writes."""
