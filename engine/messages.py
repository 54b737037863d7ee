"""Messages and signals: who receives them.

A message has one receiver: a running case that awaits it with equal keys, else
a process that it starts, else it is kept until it expires. A signal goes to
everybody who awaits it now and is never kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, cases, gathered, store
from engine.access import Actor
from engine.cases import Answer, Once
from engine.clock import text, uuid7
from engine.commands import CorrelateMessage, JsonObject, ReceiveSignal
from engine.database import Moment, Transaction
from engine.errors import (
    Busy,
    CaseNotFound,
    EngineError,
    InvalidRequest,
    NotAllowed,
    NothingWaits,
    WrongState,
)
from engine.history import canonical
from engine.ports import Application
from engine.sealing import holds_personal
from engine.tables import buffered, starts, subscriptions

KEPT = timedelta(days=1)
SCANNED = 10_000
ATTEMPTS = 3
_CASE = "@case/"

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
    sa.select(starts.c.process, starts.c.element, starts.c.version, starts.c.number, starts.c.cycle)
    .where(starts.c.kind == p("kind"), starts.c.name == p("name"))
    .order_by(starts.c.process, starts.c.element)
)
_AWAITED_BY = sa.select(subscriptions.c.name, subscriptions.c.correlation).where(
    subscriptions.c.case_id == p("case_id"), subscriptions.c.kind == "message"
)
_WANTED = (
    sa.select(subscriptions.c.case_id)
    .select_from(subscriptions.join(buffered, buffered.c.name == subscriptions.c.name))
    .where(subscriptions.c.kind == "message", buffered.c.expires_at > p("now", type_=Moment))
    .distinct()
    .order_by(subscriptions.c.case_id)
    .limit(SCANNED)
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
    return Actor.system(f"{_CASE}{case_id}")


def correlate(
    app: Application,
    actor: Actor,
    name: str,
    correlation: JsonObject,
    data: JsonObject,
    *,
    once: Once | None = None,
    link: JsonObject | None = None,
) -> Answer:
    """Hand a message to its one receiver; keep it for a day when there is none.

    Args:
        data: values that the sending case has sealed are sealed anew in the receiver.
        link: names the case that sent it; a case it starts is linked with that one.

    Returns:
        The receiver's answer; 202 with ``expires_at`` when it is kept.

    Raises:
        NotAllowed: the actor may not send messages to the case that waits for it, or none
            waits and the actor is nobody who brings news.
        WrongState: the case that waits for it is suspended.
        Busy: whoever waits for it changes three times running.
    """
    if name.startswith(gathered.PREFIX):
        raise InvalidRequest(f"No message is called {name!r}.", hint="Names do not begin so.")
    plain = gathered.opened(app, actor.name, data)
    message = CorrelateMessage(name=name, correlation=correlation, data=plain)
    received = _hand_over(app, actor, message, once)
    if received is not None:
        return received
    with app.database.reading() as tx:
        begins = tx.all(_STARTED_BY, {"kind": "message", "name": name})
    if begins:
        process, element, version, number, together = begins[0]
        if together is not None:
            came = gathered.Came(correlation, data, link)
            begin = gathered.Begin(process, element, version, number)
            (answer,) = gathered.gather(app, actor, begin, came, once)
            return answer
        return cases.start(
            app,
            actor,
            process=process,
            version=version,
            at_start=element,
            data=plain,
            business_key=gathered.business_key(correlation),
            links=None if link is None else [cases.chained(app, link)],
            case_id=_derived(app, once),
            once=once,
            unique=gathered.unique(process, element, correlation),
            trusted=holds_personal(plain),
        )
    if not access.may(actor, "keep_message"):
        raise _refusal(actor, name)
    return _keep(app, actor, replace(message, data=data), once)


def _hand_over(
    app: Application,
    actor: Actor,
    message: CorrelateMessage,
    once: Once | None,
) -> Answer | None:
    """Give a message to the running case that waits for it; None when there is none."""
    refusals: dict[str, WrongState] = {}
    for _ in range(ATTEMPTS):
        with app.database.reading() as tx:
            receiver = _receiver(tx, message.name, message.correlation)
        if receiver is None:
            return None
        if receiver in refusals:
            # It has not ended: it is suspended.
            raise refusals[receiver]
        try:
            return cases.handle(app, actor, receiver, message, once=once)
        except NothingWaits:
            # It was satisfied meanwhile: look again.
            continue
        except WrongState as reason:
            refusals[receiver] = reason
        except CaseNotFound:
            raise _refusal(actor, message.name) from None
    raise Busy("Whoever waits for the message changes.", hint="Try again in a moment.")


def _refusal(actor: Actor, name: str) -> NotAllowed:
    """Say the same whether a case waits that the actor may not see, or none does."""
    said = f"{actor.name!r} may not send {name!r} to the case that waits for it."
    return NotAllowed(said, hint="Ask for a role in the unit of the cases that it is for.")


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
    plain = gathered.opened(app, actor.name, data)
    with app.database.reading() as tx:
        waiting = tx.all(_NAMED, {"kind": "signal", "name": name})
        begins = tx.all(_STARTED_BY, {"kind": "signal", "name": name})
    link = {"type": "signal", "case": sender_case, "name": name} if sender_case else None
    receivers = list(dict.fromkeys(row[0] for row in waiting if row[0] != sender_case))
    reached = []
    for one in receivers:
        key = None if once is None or once.key is None else f"{once.key}/{one}"
        try:
            cases.handle(
                app,
                actor,
                one,
                ReceiveSignal(name=name, data=plain),
                once=Once("@signal", key, once.body if once else b""),
            )
        except (NothingWaits, CaseNotFound, NotAllowed, WrongState):
            # Whoever cannot hear it now does not keep the others from hearing it.
            continue
        reached.append(one)
    started: list[str | None] = []
    for process, element, version, number, together in begins:
        key = None if once is None or once.key is None else f"{once.key}/{process}/{element}"
        of_start = Once("@signal", key, once.body if once else b"")
        if together is not None:
            begin = gathered.Begin(process, element, version, number)
            came = gathered.Came({}, data, link)
            answers = gathered.gather(app, actor, begin, came, of_start)
            started += [one.case_id for one in answers if one.case_id is not None]
            continue
        answer = cases.start(
            app, actor, process=process, version=version, at_start=element, data=plain,
            case_id=_derived(app, of_start), once=of_start, trusted=holds_personal(plain),
            links=None if link is None else [cases.chained(app, link)],
        )  # fmt: skip
        started.append(answer.case_id)
    return Answer(200, {"name": name, "cases": reached, "started": started})


def cases_with_buffered(app: Application) -> list[str]:
    """Return the cases that await a message of a name of which one is kept."""
    with app.database.reading() as tx:
        return [row[0] for row in tx.all(_WANTED, {"now": app.clock.now()})]


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
        plain = gathered.opened(app, actor, orjson.loads(data))
        message = CorrelateMessage(name, orjson.loads(correlation), plain)
        by = Actor.system(actor) if actor.startswith("@") else app.find_actor(app, actor)
        if by is None:
            continue
        try:
            once = Once("@buffered", one)
            cases.handle(app, by, case_id, message, once=once)
        except EngineError:
            # It stays until it expires: the case, or another one, may take it later.
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
