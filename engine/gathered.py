"""Start events that need several messages and signals: kept until all have come.

Such an event (``parallelMultiple``) begins a case when each of its definitions has
happened, in any order (BPMN 2.0, 10.5.2). Until then there is no case that could wait:
what has come lies among the kept messages, under a name that no message can have, and
expires after ``KEPT``. What belongs together has equal values under the keys that both
have; signals have none, so one of them serves all that wait for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, cases, definitions, store
from engine.access import Actor
from engine.bpmn.model import Node, Trigger
from engine.cases import Answer, Once
from engine.cases.answers import stored
from engine.clock import text
from engine.commands import JsonObject
from engine.database import Moment, Transaction
from engine.errors import EngineError
from engine.history import canonical
from engine.ports import Application
from engine.sealing import Personal, find_sealed, holds_personal, unseal
from engine.tables import buffered

KEPT = timedelta(days=30)
PREFIX = "@start/"
"""Begins the names under which parts are kept; a message's own name never does."""

_CASE = "@case/"
_INSERT = sa.insert(buffered)
_DELETE = sa.delete(buffered).where(buffered.c.id == p("of_id"))
_PARTS = (
    sa.select(buffered.c.id, buffered.c.correlation, buffered.c.data, buffered.c.actor)
    .where(buffered.c.name == p("name"), buffered.c.expires_at > p("now", type_=Moment))
    .order_by(buffered.c.expires_at, buffered.c.id)
    .limit(10_000)
)
_KNOWN = sa.select(buffered.c.id).where(buffered.c.id == p("id"))


class Begin(NamedTuple):
    """One definition of a start event that needs several."""

    process: str
    element: str
    version: int
    number: int

    @property
    def route(self) -> str:
        """Names the start event."""
        return f"{PREFIX}{self.process}/{self.element}"


class Came(NamedTuple):
    """What has come: a message, or a signal without keys.

    Attributes:
        data: as sent; what the sending case has sealed is still sealed.
        link: names the case that sent it.
    """

    correlation: JsonObject
    data: JsonObject
    link: JsonObject | None = None


class _Part(NamedTuple):
    id: str
    correlation: JsonObject
    data: JsonObject
    actor: str


def gather(
    app: Application, actor: Actor, begin: Begin, came: Came, once: Once | None
) -> list[Answer]:
    """Keep what has come, and start the cases for which that was the last.

    A message begins one case; a signal, which has no keys, one for each set of messages
    that lacks only it.

    Returns:
        The answers of the cases that began; else one answer, 202 with ``expires_at``.

    Raises:
        NotAllowed: the actor may not start the process.
    """
    with app.database.reading() as tx:
        process = definitions.process_of(tx, definitions.version(tx, begin.process, begin.version))
    access.require(actor, "start", start_roles=process.starter_roles)
    node = process.root.nodes[begin.element]
    with app.database.reading() as tx:
        known = stored(tx, actor, once)
    if known is not None:
        return [known]
    # Before anybody looks: of two that come at once, the later one finds both.
    is_signal = node.events[begin.number].trigger is Trigger.SIGNAL
    mine = _keep(app, actor, begin, came, once, is_signal=is_signal)
    begun: list[Answer] = []
    while (found := _together(app, node, begin, came, mine if begun else None)) is not None:
        try:
            key = _nth(once, len(begun))
            begun.append(_start(app, actor, begin, node, found, link=came.link, once=key))
        except EngineError:
            # What cannot begin a case must not keep the next one from it.
            _let_go(app, [mine])
            raise
        if not is_signal:
            break
    return begun or [_kept(app, actor, once)]


def _nth(once: Once | None, number: int) -> Once | None:
    if once is None or once.key is None or not number:
        return once
    return Once(once.route, f"{once.key}/{number}", once.body)


def _keep(
    app: Application, actor: Actor, begin: Begin, came: Came, once: Once | None, *, is_signal: bool
) -> _Part:
    """Keep a part; the same request keeps it once, and a signal waits once."""
    keyed = None if once is None or once.key is None else f"{actor.name}/{once.route}/{once.key}"
    id_ = app.clock.new_id() if keyed is None else hashlib.sha256(keyed.encode()).hexdigest()
    name = f"{begin.route}/{begin.number}"
    part = _Part(id_, came.correlation, came.data, actor.name)
    with app.database.writing() as tx:
        waiting = tx.one(_KNOWN, {"id": id_}) or (
            is_signal and _parts(app, tx, begin, begin.number)
        )
        if not waiting:
            tx.run(
                _INSERT,
                {
                    "id": id_,
                    "name": name,
                    "correlation": canonical(came.correlation).decode(),
                    "data": orjson.dumps(came.data).decode(),
                    "actor": actor.name,
                    "expires_at": app.clock.now() + KEPT,
                },
            )
    return part


def _kept(app: Application, actor: Actor, once: Once | None) -> Answer:
    """Say that it waits for the others, the same again for the same request."""
    now = app.clock.now()
    body: dict[str, Any] = {"buffered": True, "expires_at": text(now + KEPT)}
    if once is not None and once.key is not None:
        with app.database.writing() as tx:
            if stored(tx, actor, once) is None:
                store.store_answer(
                    tx, actor.name, once.route, once.key, body=once.sha256, status=202,
                    answer=orjson.dumps([body, None, None]), at=now,
                )  # fmt: skip
    return Answer(202, body)


def _let_go(app: Application, parts: Sequence[_Part]) -> None:
    with app.database.writing() as tx:
        for part in parts:
            tx.run(_DELETE, {"of_id": part.id})


def _together(
    app: Application, node: Node, begin: Begin, came: Came, again: _Part | None
) -> list[_Part] | None:
    """Return one part for each definition of the start event, the oldest that fit together.

    Args:
        again: a signal that has begun a case already, and may begin others.
    """
    with app.database.reading() as tx:
        kept = [_parts(app, tx, begin, number) for number in range(len(node.events))]
    if again is not None:
        kept[begin.number] = [again]
    chosen = _fitting(kept, came.correlation)
    return None if chosen is None else list(chosen)


def _parts(app: Application, tx: Transaction, begin: Begin, number: int) -> list[_Part]:
    rows = tx.all(_PARTS, {"name": f"{begin.route}/{number}", "now": app.clock.now()})
    return [_Part(one[0], orjson.loads(one[1]), orjson.loads(one[2]), one[3]) for one in rows]


def _fitting(kept: Sequence[Sequence[_Part]], keys: JsonObject) -> tuple[_Part, ...] | None:
    """Return the first part of each kind that goes with ``keys`` and with the others."""
    if not kept:
        return ()
    for part in kept[0]:
        if all(keys.get(key, value) == value for key, value in part.correlation.items()):
            rest = _fitting(kept[1:], {**keys, **part.correlation})
            if rest is not None:
                return (part, *rest)
    return None


def _start(
    app: Application,
    actor: Actor,
    begin: Begin,
    node: Node,
    parts: Sequence[_Part],
    *,
    link: JsonObject | None,
    once: Once | None,
) -> Answer:
    keys: JsonObject = {}
    data: JsonObject = {}
    for event, part in zip(node.events, parts, strict=True):
        keys.update(part.correlation)
        plain = opened(app, part.actor, part.data)
        data.update(plain if event.variable is None else {event.variable: plain})
    answer = cases.start(
        app,
        actor,
        process=begin.process,
        version=begin.version,
        at_start=begin.element,
        data=data,
        business_key=business_key(keys),
        links=None if link is None else [cases.chained(app, link)],
        once=once,
        # The same parts begin one case, also after a stop before they were let go.
        unique=unique(begin.process, begin.element, keys)
        or Once(begin.route, "+".join(one.id for one in parts)),
        trusted=holds_personal(data),
    )
    _let_go(app, parts)
    return answer


def business_key(correlation: JsonObject) -> str | None:
    """Return what numbers a case that a message with these keys begins."""
    values = [str(value) for _, value in sorted(correlation.items()) if value is not None]
    return "/".join(values) or None


def unique(process: str, element: str, correlation: JsonObject) -> Once | None:
    """A message that names its keys starts one case, however often it is sent."""
    if not any(value is not None for value in correlation.values()):
        return None
    return Once(f"@message/{process}/{element}", canonical(correlation).decode())


def opened(app: Application, by: str, data: JsonObject) -> JsonObject:
    """Return what a case has sent with its sealed values in plain, marked to be sealed again."""
    if not by.startswith(_CASE) or not find_sealed(data):
        return data
    with app.database.reading() as tx:
        values = store.get_sealed(tx, by.removeprefix(_CASE))
    plain: JsonObject = unseal(data, values, Personal)
    return plain
