"""Events become the rows people and the scheduler look at.

Inbox, timers, subscriptions, jobs, incidents and notes are copies: ``rebuild``
empties a case's rows and projects its history again, so nothing here may look
at anything but the events.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.clock import parse
from engine.database import Transaction
from engine.events import Event
from engine.execution import Applied
from engine.history import Entry
from engine.store import CaseRow
from engine.tables import (
    candidates,
    incidents,
    jobs,
    keys,
    links,
    notes,
    notices,
    outbox,
    subscriptions,
    tasks,
    timers,
)

CLOSED = frozenset({"completed", "cancelled"})
END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
"""Where a task without a due moment stands in the order of the inbox."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The entry that events belong to."""

    case_id: str
    main: str
    position: int
    at: datetime
    actor: str


def _of(table: sa.Table, *names: str) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == p(f"of_{name}") for name in names]


_INSERT_TASK = sa.insert(tasks)
_INSERT_CANDIDATE = sa.insert(candidates)
_DELETE_CANDIDATES = sa.delete(candidates).where(*_of(candidates, "case_id", "task"))
_CANDIDATES = sa.select(tasks.c.candidates, tasks.c.due_at).where(*_of(tasks, "case_id", "task"))
_TASK = sa.update(tasks).where(*_of(tasks, "case_id", "task"))
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
_CANDIDATES_DUE = (
    sa.update(candidates).where(*_of(candidates, "case_id", "task")).values(sort_at=p("sort_at"))
)
_INSERT_TIMER = sa.insert(timers)
_DELETE_TIMER = sa.delete(timers).where(*_of(timers, "case_id", "number"))
_INSERT_SUBSCRIPTION = sa.insert(subscriptions)
_DELETE_SUBSCRIPTION = sa.delete(subscriptions).where(*_of(subscriptions, "case_id", "number"))
_INSERT_JOB = sa.insert(jobs)
_DELETE_JOB = sa.delete(jobs).where(*_of(jobs, "case_id", "job"))
_INSERT_INCIDENT = sa.insert(incidents)
_DELETE_INCIDENT = sa.delete(incidents).where(*_of(incidents, "case_id", "number"))
_INSERT_NOTE = sa.insert(notes)
_INSERT_LINK = sa.insert(links)
_LINK = sa.select(links.c.kind).where(
    links.c.case_id == p("case_id"), links.c.other_id == p("other_id"), links.c.kind == p("kind")
)
_DELETE_LINKS = sa.delete(links).where(links.c.written_by == p("case_id"))
_INSERT_KEY = sa.insert(keys)
_DELETE_KEY = sa.delete(keys).where(*_of(keys, "case_id", "name"))
_INSERT_NOTICE = sa.insert(notices)
_INSERT_OUTBOX = sa.insert(outbox)

_EMPTY = [
    sa.delete(table).where(table.c.case_id == p("case_id"))
    for table in (tasks, candidates, timers, subscriptions, jobs, incidents, notes, keys, notices)
]


def project(tx: Transaction, entered: Entered, events: list[Event]) -> None:
    """Write the rows that ``events`` mean, in their order."""
    for index, event in enumerate(events):
        handler = _HANDLERS.get(event["type"])
        if handler is not None and not _is_claimed_to_complete(events, index):
            handler(tx, entered, event)


def _is_claimed_to_complete(events: list[Event], index: int) -> bool:
    """Whether the next event completes the task that this one claims: it writes both."""
    event = events[index]
    if event["type"] != "task_claimed" or index + 1 == len(events):
        return False
    following = events[index + 1]
    return bool(following["type"] == "task_completed" and following["task"] == event["task"])


def send(tx: Transaction, entered: Entered, events: list[Event], topics: Collection[str]) -> int:
    """Write the deliveries that ``events`` ask for; return how many.

    Messages and signals for other cases, and jobs whose topic the application
    runs itself. Never done again by ``rebuild``: what was sent was sent.
    """
    rows: list[dict[str, Any]] = []
    for event in events:
        kind = _DELIVERIES.get(event["type"])
        if kind is None or event.get("received"):
            continue
        if kind == "job" and event["topic"] not in topics:
            continue
        rows.append(
            {
                "case_id": entered.case_id,
                "position": entered.position,
                "number": len(rows),
                "kind": kind,
                "body": orjson.dumps(event).decode(),
                "written_at": entered.at,
                "next_at": entered.at,
                "attempts": 0,
                "delivered_at": None,
            }
        )
    tx.run_many(_INSERT_OUTBOX, rows)
    return len(rows)


def index(
    tx: Transaction, case_id: str, applied: Applied, names: Sequence[str], *, fresh: bool
) -> None:
    """Write the data by which a case is to be found, as they are now: texts and numbers.

    Args:
        names: what the process property ``keys`` names; only the case's own data count.
        fresh: the case has no such rows yet.
    """
    if not names:
        return
    data = applied.snapshot.data.get("", {})
    for name in names if fresh else _written(applied.events, names):
        if not fresh:
            tx.run(_DELETE_KEY, {"of_case_id": case_id, "of_name": name})
        value = data.get(name)
        if isinstance(value, str | int) and value != "":
            tx.run(_INSERT_KEY, {"name": name, "value": str(value), "case_id": case_id})


def _written(events: list[Event], names: Sequence[str]) -> list[str]:
    found = {
        name
        for event in events
        if event["type"] == "data_written" and event["scope"] == ""
        for name in event["names"]
    }
    return [name for name in names if name in found]


def after(
    row: CaseRow, applied: Applied, at: datetime, entry: Entry, *, number: str | None = None
) -> CaseRow:
    """Return the case's row once ``entry`` has been applied.

    Args:
        number: name of the datum that numbers the case (property ``business_key`` of
            its process): what people find it by, once it is written.
    """
    state = applied.snapshot.state
    key = row.business_key
    if key is None and number is not None:
        given = applied.snapshot.data.get("", {}).get(number)
        key = given if isinstance(given, str) else None
    end, unit = row.end_state, row.unit
    for event in applied.events:
        if event["type"] == "case_started":
            unit = event.get("unit")
        elif event["type"] == "case_cancelled":
            end = event["end"]
    return row._replace(
        business_key=key,
        state=state,
        end_state=end,
        unit=unit,
        ended_at=at if state in CLOSED and row.ended_at is None else row.ended_at,
        at=at,
        position=entry.position,
        head=entry.digest,
    )


def empty(tx: Transaction, case_id: str) -> None:
    """Delete every row of the case that ``project`` writes."""
    for statement in (*_EMPTY, _DELETE_LINKS):
        tx.run(statement, {"case_id": case_id})


def _moment(event: Event, name: str) -> datetime | None:
    text = event.get(name)
    return None if text is None else parse(text)


def _key(entered: Entered, event: Event) -> dict[str, Any]:
    return {"of_case_id": entered.case_id, "of_task": event["task"]}


def _case_started(tx: Transaction, entered: Entered, event: Event) -> None:
    for link in event.get("links", ()):
        pair = (entered.case_id, link["case"])
        for one, other in (pair, pair[::-1]):
            values = {"case_id": one, "other_id": other, "kind": link["type"]}
            if tx.one(_LINK, values) is None:
                tx.run(_INSERT_LINK, {**values, "written_by": entered.case_id})


def _task_opened(tx: Transaction, entered: Entered, event: Event) -> None:
    due_at = _moment(event, "due_at")
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
            "original_due_at": _moment(event, "original_due_at") or due_at,
            "warn_at": _moment(event, "warn_at"),
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
    key = _key(entered, event)
    tx.run(_ASSIGN, {**key, "assignee": event["assignee"], "changed": entered.position})
    tx.run(_DELETE_CANDIDATES, key)


def _task_unclaimed(tx: Transaction, entered: Entered, event: Event) -> None:
    key = _key(entered, event)
    tx.run(_ASSIGN, {**key, "assignee": None, "changed": entered.position})
    row = tx.one(_CANDIDATES, key)
    if row is not None:
        _offer(tx, entered.case_id, event["task"], orjson.loads(row[0]), row[1])


def _task_completed(tx: Transaction, entered: Entered, event: Event) -> None:
    key = _key(entered, event)
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
    key = _key(entered, event)
    tx.run(_CANCEL, {**key, "ended_at": entered.at, "changed": entered.position})
    tx.run(_DELETE_CANDIDATES, key)


def _task_held(tx: Transaction, entered: Entered, event: Event) -> None:
    tx.run(_HOLD, {**_key(entered, event), "held": 1, "changed": entered.position})


def _task_released(tx: Transaction, entered: Entered, event: Event) -> None:
    key = _key(entered, event)
    if "due_at" not in event:
        tx.run(_HOLD, {**key, "held": 0, "changed": entered.position})
        return
    due_at = _moment(event, "due_at")
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
    key = _key(entered, event)
    due_at = _moment(event, "due_at")
    tx.run(
        _DUE,
        {
            **key,
            "due_at": due_at,
            "sort_at": due_at or END_OF_TIME,
            "original_due_at": _moment(event, "original_due_at") or due_at,
            "warn_at": _moment(event, "warn_at"),
            "provisional": int(bool(event.get("provisional"))),
            "changed": entered.position,
        },
    )
    tx.run(_CANDIDATES_DUE, {**key, "sort_at": due_at or END_OF_TIME})


def _timer_armed(tx: Transaction, entered: Entered, event: Event) -> None:
    tx.run(
        _INSERT_TIMER,
        {
            "case_id": entered.case_id,
            "number": event["timer"],
            "process": event["process"],
            "element": event["element"],
            "due_at": parse(event["due_at"]),
        },
    )


def _timer_gone(tx: Transaction, entered: Entered, event: Event) -> None:
    tx.run(_DELETE_TIMER, {"of_case_id": entered.case_id, "of_number": event["timer"]})


def _awaited(tx: Transaction, entered: Entered, event: Event) -> None:
    tx.run(
        _INSERT_SUBSCRIPTION,
        {
            "case_id": entered.case_id,
            "number": event["subscription"],
            "kind": event["type"].partition("_")[0],
            "name": event["name"],
            "correlation": orjson.dumps(
                event.get("correlation", {}), option=orjson.OPT_SORT_KEYS
            ).decode(),
        },
    )


def _received(tx: Transaction, entered: Entered, event: Event) -> None:
    if event.get("subscription") is not None and not event.get("open"):
        key = {"of_case_id": entered.case_id, "of_number": event["subscription"]}
        tx.run(_DELETE_SUBSCRIPTION, key)


def _job_opened(tx: Transaction, entered: Entered, event: Event) -> None:
    tx.run(
        _INSERT_JOB,
        {
            "case_id": entered.case_id,
            "job": event["job"],
            "topic": event["topic"],
            "data": orjson.dumps(event["data"]).decode(),
            "opened_at": entered.at,
        },
    )
    if event["topic"] == "notify":
        _notice(tx, entered, event)


def _notice(tx: Transaction, entered: Entered, event: Event) -> None:
    data = event["data"]
    to = data.get("to")
    receivers = sorted({str(one) for one in (to if isinstance(to, list) else [to]) if one})
    tx.run_many(
        _INSERT_NOTICE,
        [
            {
                "case_id": entered.case_id,
                "job": event["job"],
                "receiver": one,
                "text": str(data.get("text") or ""),
                "at": entered.at,
            }
            for one in receivers
        ],
    )


def _job_gone(tx: Transaction, entered: Entered, event: Event) -> None:
    tx.run(_DELETE_JOB, {"of_case_id": entered.case_id, "of_job": event["job"]})


def _incident_raised(tx: Transaction, entered: Entered, event: Event) -> None:
    tx.run(
        _INSERT_INCIDENT,
        {
            "case_id": entered.case_id,
            "number": event["incident"],
            "process": event["process"],
            "element": event["element"],
            "nth": event["nth"],
            "code": event["code"],
            "message": event["message"],
            "expression": event.get("expression"),
            "at": entered.at,
        },
    )


def _incident_resolved(tx: Transaction, entered: Entered, event: Event) -> None:
    key = {"of_case_id": entered.case_id, "of_number": event["incident"]}
    tx.run(_DELETE_INCIDENT, key)


def _noted(tx: Transaction, entered: Entered, event: Event) -> None:
    tx.run(
        _INSERT_NOTE,
        {
            "case_id": entered.case_id,
            "position": entered.position,
            "task": event["task"],
            "kind": event["type"].partition("_")[0],
            "actor": entered.actor,
            "at": entered.at,
            "body": orjson.dumps(event).decode(),
        },
    )


_DELIVERIES = {"message_sent": "message", "signal_sent": "signal", "job_opened": "job"}

_HANDLERS: dict[str, Callable[[Transaction, Entered, Event], None]] = {
    "case_started": _case_started,
    "task_opened": _task_opened,
    "task_claimed": _task_claimed,
    "task_transferred": _task_claimed,
    "task_unclaimed": _task_unclaimed,
    "task_completed": _task_completed,
    "task_cancelled": _task_cancelled,
    "task_held": _task_held,
    "task_released": _task_released,
    "task_due_changed": _task_due_changed,
    "timer_armed": _timer_armed,
    "timer_fired": _timer_gone,
    "timer_cancelled": _timer_gone,
    "timer_held": _timer_gone,
    "message_awaited": _awaited,
    "signal_awaited": _awaited,
    "message_received": _received,
    "signal_received": _received,
    "message_abandoned": _received,
    "signal_abandoned": _received,
    "job_opened": _job_opened,
    "job_completed": _job_gone,
    "job_failed": _job_gone,
    "job_cancelled": _job_gone,
    "incident_raised": _incident_raised,
    "incident_resolved": _incident_resolved,
    "comment_added": _noted,
    "attachment_added": _noted,
}
