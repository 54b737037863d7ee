"""Messages and signals: who receives them.

A message has one receiver: a running case that awaits it with equal keys, else
a process that it starts, else it is kept until it expires. A signal goes to
everybody who awaits it now and is never kept.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import cases, store
from engine.access import Actor
from engine.cases import Answer, Once
from engine.clock import text, uuid7
from engine.commands import CorrelateMessage, JsonObject, ReceiveSignal
from engine.database import Moment, Transaction
from engine.errors import CaseNotFound, NothingWaits
from engine.history import canonical
from engine.ports import Application
from engine.tables import buffered, starts, subscriptions

KEPT = timedelta(days=1)
SCANNED = 10_000

_EXACT = (
    sa.select(subscriptions.c.case_id)
    .where(
        subscriptions.c.kind == "message",
        subscriptions.c.name == p("name"),
        subscriptions.c.correlation == p("correlation"),
    )
    .order_by(subscriptions.c.case_id, subscriptions.c.number)
    .limit(1)
)
_NAMED = (
    sa.select(subscriptions.c.case_id, subscriptions.c.correlation)
    .where(subscriptions.c.kind == p("kind"), subscriptions.c.name == p("name"))
    .order_by(subscriptions.c.case_id, subscriptions.c.number)
    .limit(SCANNED)
)
_STARTED_BY = (
    sa.select(starts.c.process, starts.c.element, starts.c.version)
    .where(starts.c.kind == p("kind"), starts.c.name == p("name"))
    .order_by(starts.c.process, starts.c.element)
)
_AWAITED_BY = sa.select(subscriptions.c.name, subscriptions.c.correlation).where(
    subscriptions.c.case_id == p("case_id"), subscriptions.c.kind == "message"
)
_BUFFERED = (
    sa.select(buffered.c.id, buffered.c.correlation, buffered.c.data, buffered.c.actor)
    .where(buffered.c.name == p("name"), buffered.c.expires_at > p("now", type_=Moment))
    .order_by(buffered.c.id)
)
_INSERT_BUFFERED = sa.insert(buffered)
_DELETE_BUFFERED = sa.delete(buffered).where(buffered.c.id == p("of_id"))


def sender(case_id: str) -> Actor:
    """Return the actor under which a case's own deliveries are recorded."""
    return Actor.system(f"@case/{case_id}")


def correlate(
    app: Application,
    actor: Actor,
    name: str,
    correlation: JsonObject,
    data: JsonObject,
    *,
    once: Once | None = None,
    link: JsonObject | None = None,
    personal: frozenset[str] = frozenset(),
) -> Answer:
    """Hand a message to its one receiver; keep it for a day when there is none.

    Args:
        link: names the case that sent it; a case it starts is linked with that one.
        personal: keys of ``data`` that are sealed in the receiver's history.

    Returns:
        The receiver's answer; 202 with ``expires_at`` when it is kept.
    """
    with app.database.reading() as tx:
        receiver = _receiver(tx, name, correlation)
        begins = [] if receiver else tx.all(_STARTED_BY, {"kind": "message", "name": name})
    if receiver is not None:
        command = CorrelateMessage(name=name, correlation=correlation, data=data)
        try:
            return cases.handle(app, actor, receiver, command, once=once, personal=personal)
        except (NothingWaits, CaseNotFound):
            # It ended or was satisfied meanwhile: look again.
            return correlate(
                app, actor, name, correlation, data, once=once, link=link, personal=personal
            )
    if begins:
        process, element, version = begins[0]
        return cases.start(
            app,
            actor,
            process=process,
            version=version,
            at_start=element,
            data=data,
            business_key=_business_key(correlation),
            links=None if link is None else [link],
            case_id=_derived(app, once),
            once=once,
            unique=_unique(process, element, correlation),
        )
    message = CorrelateMessage(name=name, correlation=correlation, data=data)
    return _keep(app, actor, message, once)


def broadcast(
    app: Application,
    actor: Actor,
    name: str,
    data: JsonObject,
    *,
    once: Once | None = None,
    sender_case: str | None = None,
) -> Answer:
    """Hand a signal to every case that awaits it, and start what it starts.

    Returns:
        200 with the ``cases`` that received it and the ones it ``started``.
    """
    with app.database.reading() as tx:
        waiting = tx.all(_NAMED, {"kind": "signal", "name": name})
        begins = tx.all(_STARTED_BY, {"kind": "signal", "name": name})
    receivers = list(dict.fromkeys(row[0] for row in waiting if row[0] != sender_case))
    reached = []
    for one in receivers:
        key = None if once is None or once.key is None else f"{once.key}/{one}"
        try:
            cases.handle(
                app,
                actor,
                one,
                ReceiveSignal(name=name, data=data),
                once=Once("@signal", key, once.body if once else b""),
            )
        except (NothingWaits, CaseNotFound):
            continue
        reached.append(one)
    started = []
    for process, element, version in begins:
        key = None if once is None or once.key is None else f"{once.key}/{process}/{element}"
        of_start = Once("@signal", key, once.body if once else b"")
        answer = cases.start(
            app, actor, process=process, version=version, at_start=element, data=data,
            case_id=_derived(app, of_start), once=of_start,
        )  # fmt: skip
        started.append(answer.case_id)
    return Answer(200, {"name": name, "cases": reached, "started": started})


def offer_buffered(app: Application, case_id: str) -> None:
    """Give a case the kept messages that it has begun to await."""
    with app.database.reading() as tx:
        awaited = tx.all(_AWAITED_BY, {"case_id": case_id})
        found = []
        for name, correlation in awaited:
            wanted = orjson.loads(correlation)
            rows = tx.all(_BUFFERED, {"name": name, "now": app.clock.now()})
            found += [(name, *row) for row in rows if _matches(wanted, orjson.loads(row[1]))][:1]
    for name, one, correlation, data, actor in found:
        command = CorrelateMessage(
            name=name, correlation=orjson.loads(correlation), data=orjson.loads(data)
        )
        try:
            cases.handle(app, Actor.system(actor), case_id, command, once=Once("@buffered", one))
        except (NothingWaits, CaseNotFound):
            continue
        with app.database.writing() as tx:
            tx.run(_DELETE_BUFFERED, {"of_id": one})


def _receiver(tx: Transaction, name: str, correlation: JsonObject) -> str | None:
    exact = tx.one(_EXACT, {"name": name, "correlation": canonical(correlation).decode()})
    if exact is not None:
        return str(exact[0])
    for case_id, wanted in tx.all(_NAMED, {"kind": "message", "name": name}):
        if _matches(orjson.loads(wanted), correlation):
            return str(case_id)
    return None


def _matches(wanted: JsonObject, given: JsonObject) -> bool:
    return all(key in given and given[key] == value for key, value in wanted.items())


def _business_key(correlation: JsonObject) -> str | None:
    values = [str(value) for _, value in sorted(correlation.items()) if value is not None]
    return "/".join(values) or None


def _unique(process: str, element: str, correlation: JsonObject) -> Once | None:
    """A message that names its keys starts one case, however often it is sent."""
    if not any(value is not None for value in correlation.values()):
        return None
    return Once(f"@message/{process}/{element}", canonical(correlation).decode())


def _derived(app: Application, once: Once | None) -> str | None:
    """A new case's id derives from its delivery: a second try finds it there."""
    if once is None or once.key is None:
        return None
    return uuid7(app.clock.now(), hashlib.sha256(f"{once.route}/{once.key}".encode()).digest())


def _keep(app: Application, actor: Actor, message: CorrelateMessage, once: Once | None) -> Answer:
    name, correlation, data = message.name, message.correlation, message.data
    now = app.clock.now()
    body: dict[str, Any] = {"name": name, "buffered": True, "expires_at": text(now + KEPT)}
    with app.database.writing() as tx:
        if once is not None and once.key is not None:
            known = store.stored_answer(tx, actor.name, once.route, once.key)
            if known is not None:
                return Answer(known[1], orjson.loads(known[2])[0])
            store.store_answer(
                tx, actor.name, once.route, once.key, body=once.sha256, status=202,
                answer=orjson.dumps([body, None, None]), at=now,
            )  # fmt: skip
        tx.run(
            _INSERT_BUFFERED,
            {
                "id": app.clock.new_id(),
                "name": name,
                "correlation": canonical(correlation).decode(),
                "data": orjson.dumps(data).decode(),
                "actor": actor.name,
                "expires_at": now + KEPT,
            },
        )
    return Answer(202, body)
