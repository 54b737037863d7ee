"""How the machine is doing: who fires timers, what waits to be delivered, how large it is.

A scheduler says every half minute that it is there (a fact of its own, by host and
process). What administrators do here is an act in the stream ``@operations``.
"""

from __future__ import annotations

import os
import platform
import socket
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy import func

from engine import __version__, access, store
from engine.access import Actor
from engine.clock import SystemClock, parse, text
from engine.database import Moment, Transaction
from engine.errors import NotFound
from engine.ports import Application
from engine.tables import cases, dispatches, facts, outbox, starts, timers

STREAM = "@operations"
BEAT = timedelta(seconds=30)
"""How often a scheduler says that it is there."""
SILENT = timedelta(minutes=2)
"""After how long it is taken for lost."""
FORGOTTEN = timedelta(days=1)
SHOWN = 50
"""Deliveries in trouble that are named."""

Document = dict[str, Any]

_BEAT = "scheduler "
_RUNNING = cases.c.state.in_([sa.literal_column("'open'"), sa.literal_column("'incident'")])
_TIMERS = (
    sa.select(func.count(), sa.type_coerce(func.min(timers.c.due_at), Moment))
    .select_from(timers.join(cases, cases.c.id == timers.c.case_id))
    .where(_RUNNING)
)
_OVERDUE = _TIMERS.where(timers.c.due_at <= p("now", type_=Moment))
_STARTS = sa.select(func.count(starts.c.due_at), sa.type_coerce(func.min(starts.c.due_at), Moment))
_BEATS = sa.select(facts.c.name, facts.c.value).where(facts.c.name.like(f"{_BEAT}%"))
_FORGET = sa.delete(facts).where(facts.c.name == p("name"))
_OUTBOX = sa.select(
    outbox.c.case_id, outbox.c.position, outbox.c.number, outbox.c.kind, outbox.c.written_at,
    outbox.c.next_at, outbox.c.attempts,
).where(outbox.c.delivered_at.is_(None))  # fmt: skip
_DISPATCHES = sa.select(
    dispatches.c.case_id, dispatches.c.position, dispatches.c.number, dispatches.c.channel,
    dispatches.c.written_at, dispatches.c.next_at, dispatches.c.attempts, dispatches.c.receiver,
    dispatches.c.failure,
).where(dispatches.c.delivered_at.is_(None))  # fmt: skip
_TROUBLED = _OUTBOX.where(outbox.c.attempts > 0).order_by(outbox.c.written_at).limit(SHOWN)
_UNTOLD = (
    _DISPATCHES.where(dispatches.c.attempts > 0).order_by(dispatches.c.written_at).limit(SHOWN)
)
_AGAIN = (
    sa.update(outbox)
    .where(
        outbox.c.case_id == p("of_case"), outbox.c.position == p("of_position"),
        outbox.c.number == p("of_number"), outbox.c.delivered_at.is_(None),
        outbox.c.next_at.is_not(None),
    )
    .values(next_at=p("now", type_=Moment))
)  # fmt: skip
_TELL_AGAIN = (
    sa.update(dispatches)
    .where(
        dispatches.c.case_id == p("of_case"), dispatches.c.position == p("of_position"),
        dispatches.c.number == p("of_number"), dispatches.c.channel == p("of_channel"),
        dispatches.c.receiver == p("of_receiver"), dispatches.c.delivered_at.is_(None),
    )
    .values(next_at=p("now", type_=Moment), attempts=0)
)  # fmt: skip
_REVISION: sa.Select[Any] = sa.select(sa.column("version_num", sa.Text)).select_from(
    sa.table("alembic_version")
)
_SIZE = sa.select(func.pg_database_size(func.current_database()))
_SERVER = sa.select(func.version())
_CASES = sa.select(func.count()).select_from(cases)


def beat(app: Application) -> None:
    """Say that this process's scheduler is there."""
    now = SystemClock().now()
    with app.database.writing() as tx:
        for name, value in tx.all(_BEATS, {}):
            if now - parse(value) > FORGOTTEN:
                tx.run(_FORGET, {"name": name})
        store.put_fact(tx, _BEAT + _node(), text(now))


def rest(app: Application) -> None:
    """Say that this process's scheduler has stopped in good order."""
    with app.database.writing() as tx:
        tx.run(_FORGET, {"name": _BEAT + _node()})


def _node() -> str:
    return f"{socket.gethostname()} {os.getpid()}"


def schedulers(app: Application) -> list[Document]:
    """Return the schedulers that were there lately, as ``{node, at, silent}``."""
    now = SystemClock().now()
    with app.database.reading() as tx:
        rows = tx.all(_BEATS, {})
    return [
        {"node": name.removeprefix(_BEAT), "at": value, "silent": now - parse(value) > SILENT}
        for name, value in sorted(rows, key=lambda row: str(row[1]), reverse=True)
    ]


def due(app: Application) -> Document:
    """Return how many timers run, how many of them are overdue, and when the next is due."""
    now = app.clock.now()
    with app.database.reading() as tx:
        count, following = _row(tx.one(_TIMERS, {}))
        overdue, since = _row(tx.one(_OVERDUE, {"now": now}))
        begins, next_start = _row(tx.one(_STARTS, {}))
    return {
        "timers": count,
        "next_at": _text(following),
        "overdue": overdue,
        "since": _text(since),
        "starts": begins,
        "next_start_at": _text(next_start),
    }


def deliveries(app: Application) -> Document:
    """Return what waits to be delivered, and what is in trouble.

    Returns:
        ``waiting``, ``failing`` and ``given_up`` with how many of them there are, and
        ``items``: those in trouble, ``{key, case, kind, written_at, next_at, attempts,
        receiver, failure, again}``.
    """
    with app.database.reading() as tx:
        between = tx.all(_OUTBOX, {})
        outside = tx.all(_DISPATCHES, {})
        troubled = tx.all(_TROUBLED, {})
        untold = tx.all(_UNTOLD, {})
    rows = [(row[5], row[6]) for row in (*between, *outside)]
    items = [
        {"key": _key(row), "case": row[0], "kind": row[3], "written_at": text(row[4]),
         "next_at": _text(row[5]), "attempts": row[6], "receiver": "", "failure": "",
         "again": row[5] is not None}
        for row in troubled
    ]  # fmt: skip
    items += [
        {"key": _key(row) + f"/{row[3]}/{row[7]}", "case": row[0], "kind": row[3],
         "written_at": text(row[4]), "next_at": _text(row[5]), "attempts": row[6],
         "receiver": row[7], "failure": row[8] or "", "again": True}
        for row in untold
    ]  # fmt: skip
    return {
        "waiting": sum(at is not None and not tries for at, tries in rows),
        "failing": sum(at is not None and tries > 0 for at, tries in rows),
        "given_up": sum(at is None for at, _ in rows),
        "items": items,
    }


def deliver_again(app: Application, actor: Actor, key: str) -> None:
    """Let the next look try a delivery at once.

    Args:
        key: as ``deliveries`` gives it.

    Raises:
        NotAllowed: the actor does not operate the machine.
        NotFound: nothing of this key waits.
    """
    access.require(actor, "operate")
    case, position, number, *outside = [*key.split("/"), "", ""][: max(key.count("/") + 1, 3)]
    now = app.clock.now()
    place = {"of_case": case, "now": now}
    with app.database.writing() as tx:
        found = 0
        if position.isdecimal() and number.isdecimal() and len(position + number) < 18:
            place |= {"of_position": int(position), "of_number": int(number)}
            if outside:
                channel, receiver = outside[0], "/".join(outside[1:])
                place |= {"of_channel": channel, "of_receiver": receiver}
            found = tx.run(_TELL_AGAIN if outside else _AGAIN, place)
        if not found:
            raise NotFound("Nothing of this key waits.", hint="It may have been delivered.")
        command = {"type": "deliver_again", "delivery": key}
        store.append_act(tx, STREAM, at=now, actor=actor.name, command=command, events=[])


def about(app: Application) -> Document:
    """Return how large the database is, and the versions of what runs."""
    with app.database.reading() as tx:
        revision, count = tx.one(_REVISION, {}), tx.one(_CASES, {})
        size, server = _measured(app, tx)
    return {
        "bihuan": __version__,
        "python": platform.python_version(),
        "database": server,
        "bytes": size,
        "revision": "" if revision is None else revision[0],
        "cases": 0 if count is None else count[0],
        "clock": app.settings.clock,
    }


def _measured(app: Application, tx: Transaction) -> tuple[int, str]:
    if app.database.is_sqlite:
        path = app.database.url.database or ""
        files = [Path(path), Path(f"{path}-wal")]
        size = sum(one.stat().st_size for one in files if one.is_file())
        return size, f"SQLite {sqlite3.sqlite_version}"
    measured, server = tx.one(_SIZE, {}), tx.one(_SERVER, {})
    assert measured is not None
    assert server is not None
    return int(measured[0]), " ".join(str(server[0]).split()[:2])


def _row(row: tuple[Any, ...] | None) -> tuple[int, datetime | None]:
    assert row is not None, "a count has a row"
    return row[0], row[1]


def _key(row: tuple[Any, ...]) -> str:
    return f"{row[0]}/{row[1]}/{row[2]}"


def _text(at: datetime | None) -> str | None:
    return None if at is None else text(at)
