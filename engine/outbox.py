"""Deliveries between cases: written with an entry, delivered as commands.

A message, a signal, a job or a notice is a row that the sender's entry wrote. Delivering
it is one command to one case, with the key *sender case + position + number*,
so twice is once. ``cases`` calls ``deliver`` directly after its commit; what
fails is tried again with growing pauses by the scheduler, and becomes an
incident of the sender in the end.
"""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy import bindparam as p

from engine import cases, dispatches, messages, notices, store, topics
from engine.cases import Once
from engine.commands import CompleteJob, FailJob, RaiseIncident
from engine.database import Moment, Transaction
from engine.errors import Busy, EngineError, NothingWaits, StepLimit, WrongState
from engine.ports import Application
from engine.projection import CLOSED
from engine.tables import outbox

AT_ONCE = 100
"""Cases whose deliveries one command waits for; the rest is left to the scheduler."""

PAUSES_SECONDS = (5, 30, 300, 1800, 7200)
"""How long to wait after each failure; after the last the sender gets an incident."""

_OF_CASE = (
    sa.select(*outbox.c)
    .where(outbox.c.case_id == p("case_id"), outbox.c.next_at <= p("now", type_=Moment))
    .order_by(outbox.c.position, outbox.c.number)
)
_WAITING = (
    sa.select(*outbox.c)
    .where(outbox.c.next_at <= p("now", type_=Moment))
    .order_by(outbox.c.next_at, outbox.c.case_id, outbox.c.position, outbox.c.number)
    .limit(200)
)
_SETTLE = (
    sa.update(outbox)
    .where(
        outbox.c.case_id == p("of_case"),
        outbox.c.position == p("of_position"),
        outbox.c.number == p("of_number"),
    )
    .values(next_at=p("next_at"), attempts=p("attempts"), delivered_at=p("delivered_at"))
)

_turn = threading.local()

log = structlog.get_logger()


@dataclass(slots=True)
class Delivery:
    """One row of the outbox."""

    case_id: str
    position: int
    number: int
    kind: str
    body: str
    written_at: datetime
    next_at: datetime | None
    attempts: int
    delivered_at: datetime | None
    noted: bool = False
    """That it is made was written with the command it became."""

    @property
    def key(self) -> str:
        """What makes delivering twice the same as once."""
        return f"{self.case_id}/{self.position}/{self.number}"


def deliver(app: Application, case_id: str) -> None:
    """Hand on what the case has sent, and what that makes others send, in order.

    A failure is left to the scheduler: the command that sent was done already.
    """
    waiting: list[str] | None = getattr(_turn, "waiting", None)
    if waiting is not None:
        # A delivery of this very thread: its loop below takes the case up.
        waiting.append(case_id)
        return
    _turn.waiting = waiting = [case_id]
    try:
        for _ in range(AT_ONCE):
            if not waiting:
                break
            one = waiting.pop(0)
            messages.offer_buffered(app, one)
            for delivery in _rows(app, _OF_CASE, {"case_id": one, "now": app.clock.now()}):
                _hand_on(app, delivery)
    except EngineError as reason:
        log.warning("delivery-deferred", case=case_id, reason=str(reason))
    finally:
        _turn.waiting = None


def deliver_all(app: Application) -> int:
    """Hand on everything that is due, of all cases; return how many deliveries were tried.

    Kept messages are offered again too: a process that stopped directly after a
    case began to await one has not done it.
    """
    for case_id in messages.cases_with_buffered(app):
        messages.offer_buffered(app, case_id)
    tried = 0
    for delivery in _rows(app, _WAITING, {"now": app.clock.now()}):
        _hand_on(app, delivery)
        tried += 1
    return tried


def _rows(app: Application, query: Any, values: dict[str, Any]) -> list[Delivery]:
    with app.database.reading() as tx:
        return [Delivery(*row) for row in tx.all(query, values)]


def _hand_on(app: Application, delivery: Delivery) -> None:
    try:
        _KINDS[delivery.kind](app, delivery)
    except (Busy, WrongState) as reason:
        # The machine's state or the receiver's (suspended), which will pass.
        _fail(app, delivery, reason, forever=True)
    except StepLimit as reason:
        _give_up(app, delivery, reason)
    except EngineError as reason:
        _fail(app, delivery, reason, forever=False)
    except Exception as reason:  # noqa: BLE001 - what other cases have sent must go on
        _fail(app, delivery, _broken(delivery, reason), forever=False)
    else:
        if not delivery.noted:
            _settle(app, delivery, next_at=None, delivered_at=app.clock.now())


def _broken(delivery: Delivery, reason: Exception) -> EngineError:
    # The trace as text: some renderers print local variables, and those hold case data.
    trace = "".join(traceback.format_exception(reason))
    log.error("delivery-broken", key=delivery.key, kind=delivery.kind, trace=trace)
    return EngineError(f"The delivery broke: {type(reason).__name__}.")


def _message(app: Application, delivery: Delivery) -> None:
    event = orjson.loads(delivery.body)
    messages.correlate(
        app,
        messages.sender(delivery.case_id),
        event["name"],
        event["correlation"],
        event["data"],
        once=Once("@outbox", delivery.key),
        link={"type": "message", "case": delivery.case_id, "name": event["name"]},
    )


def _signal(app: Application, delivery: Delivery) -> None:
    event = orjson.loads(delivery.body)
    messages.broadcast(
        app,
        messages.sender(delivery.case_id),
        event["name"],
        event["data"],
        once=Once("@outbox", delivery.key),
        sender_case=delivery.case_id,
    )


def _job(app: Application, delivery: Delivery) -> None:
    with app.database.reading() as tx:
        row = store.read_case(tx, delivery.case_id)
    if row is None or row.state in CLOSED:
        return
    if row.state == "suspended":
        raise WrongState("The case is suspended.")
    done = _done(app, delivery, orjson.loads(delivery.body))

    def noted(tx: Transaction) -> None:
        # One commit less, and nobody can stop between the two.
        _update(tx, delivery, None, delivery.attempts, app.clock.now())
        delivery.noted = True

    once = Once("@outbox", delivery.key, noted=noted)
    try:
        cases.handle(app, cases.OUTBOX, delivery.case_id, done, once=once)
    except NothingWaits:
        # The task was cancelled meanwhile; nobody asks for its result any more.
        return


def _done(app: Application, delivery: Delivery, event: dict[str, Any]) -> CompleteJob | FailJob:
    job, topic = event["job"], event["topic"]
    try:
        data = topics.run(app, delivery.case_id, topic, event["data"], key=delivery.key)
    except Busy:
        raise
    except EngineError as reason:
        return FailJob(job=job, message=str(reason), error_code=reason.code)
    return CompleteJob(job=job, data=data)


def _notice(app: Application, delivery: Delivery) -> None:
    origin = (delivery.case_id, delivery.position, delivery.number)
    found = notices.expand(app, origin, orjson.loads(delivery.body))
    with app.database.writing() as tx:
        dispatches.put(tx, found)


_KINDS = {"message": _message, "signal": _signal, "job": _job, "notice": _notice}


def _fail(app: Application, delivery: Delivery, reason: EngineError, *, forever: bool) -> None:
    attempts = delivery.attempts + 1
    if attempts <= len(PAUSES_SECONDS) or forever:
        pause = PAUSES_SECONDS[min(attempts, len(PAUSES_SECONDS)) - 1]
        next_at = app.clock.now() + timedelta(seconds=pause)
        _settle(app, delivery, next_at=next_at, attempts=attempts)
        return
    _give_up(app, delivery, reason)


def _give_up(app: Application, delivery: Delivery, reason: EngineError) -> None:
    _settle(app, delivery, next_at=None, attempts=delivery.attempts + 1)
    if delivery.kind == "notice":
        log.error("not-told", key=delivery.key, reason=reason.code, given_up=True)
        return
    event = orjson.loads(delivery.body)
    incident = RaiseIncident(element=event["element"], code="delivery-failed", message=str(reason))
    try:
        cases.handle(app, cases.OUTBOX, delivery.case_id, incident)
    except EngineError:
        # The sender has ended: nobody is left to act on an incident. The row
        # keeps its attempts and no delivery moment, which `bihuan tidy` reports.
        return


def _settle(
    app: Application,
    delivery: Delivery,
    *,
    next_at: datetime | None,
    attempts: int | None = None,
    delivered_at: datetime | None = None,
) -> None:
    with app.database.writing() as tx:
        _update(tx, delivery, next_at, attempts or delivery.attempts, delivered_at)


def _update(
    tx: Transaction,
    delivery: Delivery,
    next_at: datetime | None,
    attempts: int,
    delivered_at: datetime | None,
) -> None:
    tx.run(
        _SETTLE,
        {
            "of_case": delivery.case_id,
            "of_position": delivery.position,
            "of_number": delivery.number,
            "next_at": next_at,
            "attempts": attempts,
            "delivered_at": delivered_at,
        },
    )
