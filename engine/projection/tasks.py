"""Tasks, their candidates, remarks and files; links between cases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Transaction
from engine.events import Event
from engine.projection.notes import noted, notify
from engine.projection.place import END_OF_TIME, Entered, Handler, matching, moment_of, task_key
from engine.projection.signatures import follow, hold, rename
from engine.tables import (
    candidates,
    links,
    tasks,
)

_INSERT_TASK = sa.insert(tasks)
_INSERT_CANDIDATE = sa.insert(candidates)
_DELETE_CANDIDATES = sa.delete(candidates).where(*matching(candidates, "case_id", "task"))
_CANDIDATES = sa.select(tasks.c.candidates, tasks.c.due_at).where(
    *matching(tasks, "case_id", "task")
)
_TASK = sa.update(tasks).where(*matching(tasks, "case_id", "task"))
_ASSIGN = _TASK.values(assignee=p("assignee"), changed=p("changed"))
_CANCEL = _TASK.values(state="cancelled", ended_at=p("ended_at"), changed=p("changed"))
_COMPLETE = _TASK.values(
    state="completed",
    assignee=p("ended_by"),
    ended_at=p("ended_at"),
    ended_by=p("ended_by"),
    outcome=p("outcome"),
    changed=p("changed"),
)
_HOLD = _TASK.values(held=p("held"), changed=p("changed"))
_RELEASE = _TASK.values(
    held=p("held"),
    changed=p("changed"),
    due_at=p("due_at"),
    sort_at=p("sort_at"),
    provisional=p("provisional"),
)
_DUE = _TASK.values(
    due_at=p("due_at"),
    sort_at=p("sort_at"),
    original_due_at=p("original_due_at"),
    warn_at=p("warn_at"),
    provisional=p("provisional"),
    changed=p("changed"),
)
_DESCRIBE = _TASK.values(
    element=p("element"),
    name=p("name"),
    form=p("form"),
    candidates=p("candidates"),
    changed=p("changed"),
)
_RANK = _TASK.values(priority=p("priority"))
_CLOCK = _TASK.values(continuous=p("continuous"))
_TASK_COLUMNS = [column.name for column in tasks.c]
_WHOLE_TASK = sa.select(*tasks.c).where(*matching(tasks, "case_id", "task"))
_HOLDER = sa.select(tasks.c.assignee, tasks.c.due_at).where(*matching(tasks, "case_id", "task"))
_CANDIDATES_DUE = (
    sa.update(candidates)
    .where(*matching(candidates, "case_id", "task"))
    .values(sort_at=p("sort_at"))
)
_INSERT_LINK = sa.insert(links)
_UNLINK = sa.delete(links).where(
    *matching(links, "case_id", "other_id", "written_by"), links.c.kind == "related"
)
_LINK = sa.select(links.c.kind).where(
    links.c.case_id == p("case_id"), links.c.other_id == p("other_id"), links.c.kind == p("kind")
)


def _case_started(tx: Transaction, entered: Entered, event: Event) -> None:
    for link in event.get("links", ()):
        _link(tx, entered, link["case"], link["type"])


def _link(tx: Transaction, entered: Entered, case_id: str, kind: str) -> None:
    """Link two cases both ways."""
    pair = (entered.case_id, case_id)
    for one, other in (pair, pair[::-1]):
        values = {"case_id": one, "other_id": other, "kind": kind}
        if tx.one(_LINK, values) is None:
            tx.run(_INSERT_LINK, {**values, "written_by": entered.case_id})


def _case_linked(tx: Transaction, entered: Entered, event: Event) -> None:
    _link(tx, entered, event["case"], event["link"])


def _case_unlinked(tx: Transaction, entered: Entered, event: Event) -> None:
    pair = (entered.case_id, event["case"])
    for one, other in (pair, pair[::-1]):
        tx.run(_UNLINK, {"of_case_id": one, "of_other_id": other, "of_written_by": entered.case_id})


def _case_cancelled(tx: Transaction, entered: Entered, event: Event) -> None:
    if "into" in event:
        _link(tx, entered, event["into"], "merged")


def _task_opened(tx: Transaction, entered: Entered, event: Event) -> None:
    due_at = moment_of(event, "due_at")
    tx.run(
        _INSERT_TASK,
        {
            "case_id": entered.case_id,
            "task": event["task"],
            "process": event["process"],
            "main": entered.main,
            "element": event["element"],
            "name": event["name"],
            "state": "open",
            "assignee": event.get("assignee"),
            "candidates": orjson.dumps(event["candidates"]).decode(),
            "form": event.get("form"),
            "priority": event.get("priority") or 0,
            "held": int(bool(event.get("held"))),
            "opened_at": entered.at,
            "due_at": due_at,
            "original_due_at": moment_of(event, "original_due_at") or due_at,
            "warn_at": moment_of(event, "warn_at"),
            "sort_at": due_at or END_OF_TIME,
            "provisional": int(bool(event.get("provisional"))),
            "continuous": int(bool(event.get("continuous"))),
            "ended_at": None,
            "ended_by": None,
            "outcome": None,
            "changed": entered.position,
        },
    )
    if event.get("assignee") is None:
        _offer(tx, entered.case_id, event["task"], event["candidates"], due_at)
    else:
        _tell(tx, entered, event, "assigned")


def _offer(
    tx: Transaction, case_id: str, task: str, groups: list[dict[str, Any]], due_at: datetime | None
) -> None:
    offered = {
        (one.get("role", "@user"), one.get("unit") or one.get("user") or "") for one in groups
    }
    tx.run_many(
        _INSERT_CANDIDATE,
        [
            {
                "case_id": case_id,
                "task": task,
                "role": role,
                "unit": unit,
                "sort_at": due_at or END_OF_TIME,
            }
            for role, unit in sorted(offered or {("@anyone", "")})
        ],
    )


def _task_claimed(tx: Transaction, entered: Entered, event: Event) -> None:
    key = task_key(entered, event)
    tx.run(_ASSIGN, {**key, "assignee": event["assignee"], "changed": entered.position})
    tx.run(_DELETE_CANDIDATES, key)


def _task_transferred(tx: Transaction, entered: Entered, event: Event) -> None:
    if event.get("was") not in {None, event["assignee"]}:
        _leave_trace(tx, entered, event)
    _task_claimed(tx, entered, event)
    _tell(tx, entered, event, "transferred")


def _leave_trace(tx: Transaction, entered: Entered, event: Event) -> None:
    """Let who had the task find it in 已办: a row of its own, named ``TASK^POSITION``."""
    row = tx.one(_WHOLE_TASK, task_key(entered, event))
    if row is not None:
        given = dict(zip(_TASK_COLUMNS, row, strict=True))
        mark = {"task": f"{event['task']}^{entered.position}", "state": "transferred"}
        ended = {"assignee": None, "ended_by": event["was"], "ended_at": entered.at}
        tx.run(_INSERT_TASK, {**given, **mark, **ended, "candidates": "[]"})


def _tell(tx: Transaction, entered: Entered, event: Event, what: str) -> None:
    """Give whom a task was handed to a line in 抄送, unless by the same hand."""
    if event["assignee"] != entered.actor:
        notify(tx, entered, event["task"], {f"@{event['assignee']}"}, what)


def _task_unclaimed(tx: Transaction, entered: Entered, event: Event) -> None:
    key = task_key(entered, event)
    tx.run(_ASSIGN, {**key, "assignee": None, "changed": entered.position})
    row = tx.one(_CANDIDATES, key)
    if row is not None:
        _offer(tx, entered.case_id, event["task"], orjson.loads(row[0]), row[1])


def _task_completed(tx: Transaction, entered: Entered, event: Event) -> None:
    key = task_key(entered, event)
    tx.run(
        _COMPLETE,
        {
            **key,
            "ended_at": entered.at,
            "ended_by": event.get("by"),
            "outcome": event.get("outcome"),
            "changed": entered.position,
        },
    )
    tx.run(_DELETE_CANDIDATES, key)


def _task_cancelled(tx: Transaction, entered: Entered, event: Event) -> None:
    key = task_key(entered, event)
    tx.run(_CANCEL, {**key, "ended_at": entered.at, "changed": entered.position})
    tx.run(_DELETE_CANDIDATES, key)


def _task_held(tx: Transaction, entered: Entered, event: Event) -> None:
    hold(tx, entered, event, 1)
    tx.run(_HOLD, {**task_key(entered, event), "held": 1, "changed": entered.position})


def _task_released(tx: Transaction, entered: Entered, event: Event) -> None:
    hold(tx, entered, event, 0)
    key = task_key(entered, event)
    if "due_at" not in event:
        tx.run(_HOLD, {**key, "held": 0, "changed": entered.position})
        return
    follow(tx, entered, event)
    due_at = moment_of(event, "due_at")
    tx.run(
        _RELEASE,
        {
            **key,
            "held": 0,
            "changed": entered.position,
            "due_at": due_at,
            "sort_at": due_at or END_OF_TIME,
            "provisional": int(bool(event.get("provisional"))),
        },
    )
    tx.run(_CANDIDATES_DUE, {**key, "sort_at": due_at or END_OF_TIME})


def _task_due_changed(tx: Transaction, entered: Entered, event: Event) -> None:
    key = task_key(entered, event)
    follow(tx, entered, event)
    due_at = moment_of(event, "due_at")
    tx.run(
        _DUE,
        {
            **key,
            "due_at": due_at,
            "sort_at": due_at or END_OF_TIME,
            "original_due_at": moment_of(event, "original_due_at") or due_at,
            "warn_at": moment_of(event, "warn_at"),
            "provisional": int(bool(event.get("provisional"))),
            "changed": entered.position,
        },
    )
    tx.run(_CANDIDATES_DUE, {**key, "sort_at": due_at or END_OF_TIME})


def _task_changed(tx: Transaction, entered: Entered, event: Event) -> None:
    key = task_key(entered, event)
    described = {
        "element": event["element"],
        "name": event["name"],
        "form": event.get("form"),
        "candidates": orjson.dumps(event["candidates"]).decode(),
    }
    tx.run(_DESCRIBE, {**key, **described, "changed": entered.position})
    rename(tx, entered, event)
    if "priority" in event:
        tx.run(_RANK, {**key, "priority": event["priority"]})
    if "continuous" in event:
        tx.run(_CLOCK, {**key, "continuous": int(event["continuous"])})
    if "assignee" in event:
        tx.run(_ASSIGN, {**key, "assignee": event["assignee"], "changed": entered.position})
        _tell(tx, entered, event, "assigned")
    row = tx.one(_HOLDER, key)
    tx.run(_DELETE_CANDIDATES, key)
    if row is not None and row[0] is None:
        _offer(tx, entered.case_id, event["task"], event["candidates"], row[1])


TASK_HANDLERS: dict[str, Handler] = {
    "case_started": _case_started,
    "case_linked": _case_linked,
    "case_unlinked": _case_unlinked,
    "case_cancelled": _case_cancelled,
    "task_opened": _task_opened,
    "task_claimed": _task_claimed,
    "task_transferred": _task_transferred,
    "task_unclaimed": _task_unclaimed,
    "task_completed": _task_completed,
    "task_cancelled": _task_cancelled,
    "task_held": _task_held,
    "task_released": _task_released,
    "task_due_changed": _task_due_changed,
    "task_changed": _task_changed,
    "comment_added": noted,
    "attachment_added": noted,
}
"""What each event of a task, of a case's start and of its links writes."""
