"""What a case waits for: timers, messages, signals, jobs, incidents."""

from __future__ import annotations

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.clock import parse
from engine.database import Transaction
from engine.events import Event
from engine.projection.boards import put_up
from engine.projection.place import Entered, Handler, matching
from engine.tables import (
    incidents,
    jobs,
    notices,
    register_rows,
    subscriptions,
    timers,
)

_INSERT_TIMER = sa.insert(timers)
_DELETE_TIMER = sa.delete(timers).where(*matching(timers, "case_id", "number"))
_INSERT_SUBSCRIPTION = sa.insert(subscriptions)
_DELETE_SUBSCRIPTION = sa.delete(subscriptions).where(*matching(subscriptions, "case_id", "number"))
_INSERT_JOB = sa.insert(jobs)
_DELETE_JOB = sa.delete(jobs).where(*matching(jobs, "case_id", "job"))
_INSERT_INCIDENT = sa.insert(incidents)
_DELETE_INCIDENT = sa.delete(incidents).where(*matching(incidents, "case_id", "number"))
_RENAME_INCIDENT = (
    sa.update(incidents)
    .where(*matching(incidents, "case_id", "process", "element", "nth"))
    .values(element=p("element"), nth=p("nth"))
)
_INSERT_NOTICE = sa.insert(notices)
_INSERT_ROW = sa.insert(register_rows)


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
        put_up(tx, entered, event)


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


def _row_registered(tx: Transaction, entered: Entered, event: Event) -> None:
    tx.run_many(
        _INSERT_ROW,
        [
            {
                "case_id": entered.case_id,
                "job": event["job"],
                "register": one,
                "unit": event.get("unit") or "",
                "author": event["author"],
                "at": entered.at,
                "body": orjson.dumps(event["row"]).decode(),
            }
            for one in event["registers"]
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


def _element_migrated(tx: Transaction, entered: Entered, event: Event) -> None:
    tx.run(
        _RENAME_INCIDENT,
        {
            "of_case_id": entered.case_id,
            "of_process": event["process"],
            "of_element": event["was"],
            "of_nth": event.get("was_nth", event["nth"]),
            "element": event["element"],
            "nth": event["nth"],
        },
    )


WAITING_HANDLERS: dict[str, Handler] = {
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
    "row_registered": _row_registered,
    "incident_raised": _incident_raised,
    "incident_resolved": _incident_resolved,
    "element_migrated": _element_migrated,
}
"""What each event of something awaited writes."""
