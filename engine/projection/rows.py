"""The whole projection of an entry, and the case's own row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Transaction
from engine.events import Event
from engine.execution import Applied
from engine.history import Entry
from engine.projection.offers import offer
from engine.projection.place import CLOSED, Entered, matching
from engine.projection.signatures import SIGNATURE_HANDLERS
from engine.projection.supervision import mark
from engine.projection.tasks import TASK_HANDLERS
from engine.projection.waiting import WAITING_HANDLERS
from engine.store import CaseRow
from engine.tables import (
    candidates,
    incidents,
    jobs,
    keys,
    links,
    milestones,
    notes,
    notices,
    offers,
    outbox,
    published,
    register_rows,
    subscriptions,
    supervised,
    tasks,
    timers,
)

_DELETE_LINKS = sa.delete(links).where(links.c.written_by == p("case_id"))
_INSERT_KEY = sa.insert(keys)
_DELETE_KEY = sa.delete(keys).where(*matching(keys, "case_id", "name"))
_DELETE_KEYS = sa.delete(keys).where(keys.c.case_id == p("case_id"))
_INSERT_OUTBOX = sa.insert(outbox)
_EMPTY = [
    sa.delete(table).where(table.c.case_id == p("case_id"))
    for table in (
        tasks,
        candidates,
        timers,
        subscriptions,
        jobs,
        incidents,
        notes,
        keys,
        notices,
        published,
        register_rows,
        supervised,
        milestones,
        offers,
    )
]


def project(tx: Transaction, entered: Entered, events: list[Event]) -> None:
    """Write the rows that ``events`` mean, in their order."""
    for index, event in enumerate(events):
        handler = _HANDLERS.get(event["type"])
        if handler is not None and not _is_claimed_to_complete(events, index):
            handler(tx, entered, event)
    if entered.supervisions:
        mark(tx, entered, events)
    if entered.free:
        offer(tx, entered, events)


def _is_claimed_to_complete(events: list[Event], index: int) -> bool:
    """Whether the next event completes the task that this one claims: it writes both."""
    event = events[index]
    if event["type"] != "task_claimed" or index + 1 == len(events):
        return False
    following = events[index + 1]
    return bool(following["type"] == "task_completed" and following["task"] == event["task"])


def send(
    tx: Transaction,
    entered: Entered,
    events: list[Event],
    topics: Collection[str],
    *,
    tells: bool = False,
) -> int:
    """Write the deliveries that ``events`` ask for; return how many.

    Messages and signals for other cases, jobs whose topic the application runs
    itself, and where ``tells`` what people outside the pages are told of. Never done
    again by ``rebuild``: what was sent was sent.
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
    if tells:
        rows += [_notice(entered, one, len(rows) + n) for n, one in enumerate(_news(events))]
    tx.run_many(_INSERT_OUTBOX, rows)
    return len(rows)


def _news(events: list[Event]) -> list[Event]:
    """Return the events that people outside the pages are told of."""
    done = {one["task"] for one in events if one["type"] in {"task_completed", "task_cancelled"}}
    return [
        one
        for one in events
        if (one["type"] in _TASK_NEWS and one["task"] not in done)
        or (one["type"] == "job_opened" and one["topic"] == "notify")
    ]


_TASK_NEWS = frozenset({"task_opened", "task_transferred", "signature_opened"})


def _notice(entered: Entered, event: Event, number: int) -> dict[str, Any]:
    return {
        "case_id": entered.case_id,
        "position": entered.position,
        "number": number,
        "kind": "notice",
        "body": orjson.dumps({**event, "@actor": entered.actor}).decode(),
        "written_at": entered.at,
        "next_at": entered.at,
        "attempts": 0,
        "delivered_at": None,
    }


def index(
    tx: Transaction, case_id: str, applied: Applied, names: Mapping[str, str], *, fresh: bool
) -> None:
    """Write the data by which a case is to be found, as they are now: texts and numbers.

    Args:
        names: of the rows -> of the data (``Process.indexed``); only the case's own data
            count.
        fresh: the case has no such rows yet.
    """
    if not names:
        return
    data = applied.snapshot.data.get("", {})
    written = names.values() if fresh else _written(applied.events, names.values())
    for name, datum in names.items():
        if datum not in written:
            continue
        if not fresh:
            tx.run(_DELETE_KEY, {"of_case_id": case_id, "of_name": name})
        value = data.get(datum)
        if isinstance(value, str | int) and value != "":
            tx.run(_INSERT_KEY, {"name": name, "value": str(value), "case_id": case_id})


def forget_index(tx: Transaction, case_id: str) -> None:
    """Delete what ``index`` wrote: other definitions may find the case by other data."""
    tx.run(_DELETE_KEYS, {"case_id": case_id})


def _written(events: list[Event], names: Collection[str]) -> list[str]:
    found = {
        name
        for event in events
        if event["type"] == "data_written" and event["scope"] == ""
        for name in event["names"]
    }
    return [name for name in names if name in found]


def after(
    row: CaseRow,
    applied: Applied,
    at: datetime,
    entry: Entry,
    evaluations: Iterable[Mapping[str, Any]] = (),
    *,
    number: str | None = None,
) -> CaseRow:
    """Return the case's row once ``entry`` has been applied.

    Args:
        evaluations: those of the entry.
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
            unit = unit_found(evaluations, row.process) or event.get("unit")
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


def unit_found(evaluations: Iterable[Mapping[str, Any]], process: str) -> str | None:
    """Return the unit that the expression of its process gave a case, or None."""
    for one in evaluations:
        # Candidates of tasks are looked up for the same purpose, at the tasks.
        if one["site"] == [process, process, 1, "unit"]:
            found = one["answers"][0].get("value")
            return found if isinstance(found, str) else None
    return None


def empty(tx: Transaction, case_id: str) -> None:
    """Delete every row of the case that ``project`` writes."""
    for statement in (*_EMPTY, _DELETE_LINKS):
        tx.run(statement, {"case_id": case_id})


_DELIVERIES = {"message_sent": "message", "signal_sent": "signal", "job_opened": "job"}
_HANDLERS = {**TASK_HANDLERS, **SIGNATURE_HANDLERS, **WAITING_HANDLERS}
