"""Entries and the heads of administrative streams; history grows here alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Transaction
from engine.history import Entry, genesis, seal
from engine.tables import (
    entries,
    streams,
)

_INSERT_ENTRY = sa.insert(entries)
_ENTRIES = (
    sa.select(entries.c.position, entries.c.body, entries.c.digest)
    .where(entries.c.stream == p("stream"))
    .order_by(entries.c.position)
)
_PART = (
    sa.select(entries.c.position, entries.c.body, entries.c.digest)
    .where(
        entries.c.stream == p("stream"),
        entries.c.position > p("after"),
        entries.c.position <= p("last"),
    )
    .order_by(entries.c.position)
)
_ENTRY = sa.select(entries.c.position, entries.c.body, entries.c.digest).where(
    entries.c.stream == p("stream"), entries.c.position == p("position")
)
_STREAM = sa.select(streams.c.position, streams.c.head).where(streams.c.id == p("stream"))
_LOCK_STREAM = _STREAM.with_for_update()
# SQLite takes the same words: two processes may come with the same row at once.
_INSERT_STREAM = insert_once(streams).on_conflict_do_nothing()
_UPDATE_STREAM = (
    sa.update(streams)
    .where(streams.c.id == p("stream"))
    .values(position=p("position"), head=p("head"))
)
_HEADS = sa.select(streams.c.id, streams.c.position).order_by(streams.c.id)


def append(
    tx: Transaction, stream: str, entry: Entry, *, at: datetime, actor: str, kind: str
) -> None:
    """Add an entry to a history; UNIQUE(stream, position) lets only one writer win."""
    tx.run(
        _INSERT_ENTRY,
        {
            "stream": stream,
            "position": entry.position,
            "at": at,
            "actor": actor,
            "type": kind,
            "body": entry.body,
            "digest": entry.digest,
        },
    )


def read_entries(tx: Transaction, stream: str) -> Iterator[Entry]:
    """Yield the history of ``stream`` in the order of its positions."""
    for position, body, digest in tx.all(_ENTRIES, {"stream": stream}):
        yield Entry(position, bytes(body), digest)


def read_part(tx: Transaction, stream: str, *, after: int, last: int) -> list[Entry]:
    """Return the entries of ``stream`` that follow position ``after``, up to ``last``."""
    rows = tx.all(_PART, {"stream": stream, "after": after, "last": last})
    return [Entry(position, bytes(body), digest) for position, body, digest in rows]


def read_entry(tx: Transaction, stream: str, position: int) -> Entry | None:
    """Return one entry of a history, or None."""
    row = tx.one(_ENTRY, {"stream": stream, "position": position})
    return None if row is None else Entry(row[0], bytes(row[1]), row[2])


def stream_head(tx: Transaction, stream: str) -> tuple[int, str | None]:
    """Return (position, digest) of the last entry of an administrative stream."""
    row = tx.one(_STREAM, {"stream": stream})
    return (0, None) if row is None else (row[0], row[1])


def lock_stream(tx: Transaction, stream: str) -> tuple[int, str]:
    """Let only this transaction append to the stream; return its position and head."""
    tx.run(_INSERT_STREAM, {"id": stream, "position": 0, "head": genesis(stream)})
    row = tx.one(_LOCK_STREAM, {"stream": stream})
    assert row is not None, "it was made just now if it was not there"
    return row[0], row[1]


def stream_positions(tx: Transaction) -> dict[str, int]:
    """Return how long each administrative stream is; a change means: read anew."""
    return {row[0]: row[1] for row in tx.all(_HEADS, {})}


def append_act(
    tx: Transaction,
    stream: str,
    *,
    at: datetime,
    actor: str,
    command: dict[str, Any],
    events: list[dict[str, Any]],
) -> int:
    """Add an administrative act to its stream; return its position."""
    position, head = lock_stream(tx, stream)
    document = {
        "position": position + 1,
        "at": _text(at),
        "actor": actor,
        "command": command,
        "versions": {},
        "evaluations": [],
        "events": events,
    }
    entry = seal(stream, head, document)
    append(tx, stream, entry, at=at, actor=actor, kind=command["type"])
    tx.run(_UPDATE_STREAM, {"stream": stream, "position": entry.position, "head": entry.digest})
    return entry.position


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
