"""Every read and write of cases, streams and files.

Functions take the open transaction; none opens one, so a caller sees what
belongs together. ``append`` is the one place where history grows.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
import zstandard
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Transaction
from engine.execution import Snapshot
from engine.history import Entry, canonical, genesis, seal
from engine.tables import (
    blobs,
    cases,
    entries,
    facts,
    idempotency,
    pins,
    sealed,
    streams,
    timers,
)

# Below a database page the time to compress buys nothing: 25 µs for 500 bytes.
COMPRESS_ABOVE = 4096
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class CaseRow(NamedTuple):
    """A case as stored: what it is, where its history stands, and its snapshot."""

    id: str
    process: str
    version: int
    pins: str
    executor: str
    business_key: str | None
    unit: str | None
    starter: str | None
    state: str
    end_state: str | None
    lists: str
    created_at: datetime
    ended_at: datetime | None
    at: datetime
    position: int
    head: str
    semantics: int | None = None
    control: bytes | None = None
    data: bytes | None = None

    def snapshot(self) -> Snapshot:
        """Return the decoded snapshot."""
        assert self.control is not None
        assert self.data is not None
        return Snapshot(self.id, self.state, unpack(self.control), unpack(self.data))


CASE_COLUMNS = (
    cases.c.id,
    cases.c.process,
    cases.c.version,
    cases.c.pins,
    cases.c.executor,
    cases.c.business_key,
    cases.c.unit,
    cases.c.starter,
    cases.c.state,
    cases.c.end_state,
    cases.c.lists,
    cases.c.created_at,
    cases.c.ended_at,
    cases.c.at,
    cases.c.position,
    cases.c.head,
)

_CASE = sa.select(*CASE_COLUMNS, cases.c.semantics, cases.c.control, cases.c.data).where(
    cases.c.id == p("case_id")
)
_BEFORE = sa.select(
    *CASE_COLUMNS,
    cases.c.semantics,
    cases.c.control,
    cases.c.data,
    sa.select(sa.func.min(timers.c.due_at, type_=timers.c.due_at.type))
    .where(timers.c.case_id == p("case_id"))
    .scalar_subquery()
    .label("next_due"),
    sa.select(streams.c.position)
    .where(streams.c.id == p("lists"))
    .scalar_subquery()
    .label("lists_position"),
).where(cases.c.id == p("case_id"))
_LOCK_CASE = sa.select(cases.c.position).where(cases.c.id == p("case_id")).with_for_update()
_DUE = (
    sa.select(timers.c.number, timers.c.due_at)
    .where(
        timers.c.case_id == p("case_id"), timers.c.due_at <= p("now", type_=timers.c.due_at.type)
    )
    .order_by(timers.c.due_at, timers.c.number)
)
_INSERT_ENTRY = sa.insert(entries)
_INSERT_CASE = sa.insert(cases)
_UPDATE_CASE = (
    sa.update(cases)
    .where(cases.c.id == p("case_id"), cases.c.position == p("expected"))
    .values(
        {
            name: p(name)
            for name in (
                "business_key",
                "state",
                "end_state",
                "lists",
                "unit",
                "ended_at",
                "at",
                "position",
                "head",
                "semantics",
                "control",
                "data",
            )
        }
    )
)
_ENTRIES = (
    sa.select(entries.c.position, entries.c.body, entries.c.digest)
    .where(entries.c.stream == p("stream"))
    .order_by(entries.c.position)
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
_BLOB = sa.select(blobs.c.content).where(blobs.c.sha256 == p("sha256"))
_INSERT_BLOB = insert_once(blobs).on_conflict_do_nothing()
_PINS = sa.select(pins.c.versions).where(pins.c.digest == p("digest"))
_INSERT_PINS = insert_once(pins).on_conflict_do_nothing()
_FACT = sa.select(facts.c.value).where(facts.c.name == p("name"))
_LOCK_FACT = _FACT.with_for_update()
_INSERT_FACT = insert_once(facts).on_conflict_do_nothing()
_UPDATE_FACT = sa.update(facts).where(facts.c.name == p("of_name")).values(value=p("value"))
_INSERT_SEALED = sa.insert(sealed)
_SEALED = sa.select(sealed.c.id, sealed.c.salt, sealed.c.value).where(
    sealed.c.case_id == p("case_id")
)
_ONE_SEALED = _SEALED.where(sealed.c.id == p("id"))
_ERASE = (
    sa.update(sealed)
    .where(sealed.c.case_id == p("of_case"), sealed.c.id == p("of_id"))
    .values(salt=None, value=None, erased_at=p("at"))
)
_ONCE = sa.select(idempotency.c.body, idempotency.c.status, idempotency.c.answer).where(
    idempotency.c.actor == p("actor"),
    idempotency.c.route == p("route"),
    idempotency.c.key == p("key"),
)
_INSERT_ONCE = sa.insert(idempotency)
_REPLACE_ONCE = (
    sa.update(idempotency)
    .where(
        idempotency.c.actor == p("of_actor"),
        idempotency.c.route == p("of_route"),
        idempotency.c.key == p("of_key"),
    )
    .values(answer=p("answer"))
)


class _Zstd(threading.local):
    """A thread's own compressor: it serves one call at a time, and making one costs more."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=3).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_ZSTD = _Zstd()


def pack(value: Any) -> bytes:
    """Return ``value`` as stored: JSON with sorted keys, compressed when it is large."""
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return _ZSTD.compress(text) if len(text) > COMPRESS_ABOVE else text


def unpack(stored: bytes) -> Any:
    """Return the value that ``pack`` stored."""
    stored = bytes(stored)
    if stored.startswith(_ZSTD_MAGIC):
        stored = _ZSTD.decompress(stored)
    return orjson.loads(stored)


# -- cases ----------------------------------------------------------------------


def read_case(tx: Transaction, case_id: str) -> CaseRow | None:
    """Return the case with its snapshot, or None."""
    row = tx.one(_CASE, {"case_id": case_id})
    return None if row is None else CaseRow(*row)


def read_before(
    tx: Transaction, case_id: str, lists: str
) -> tuple[CaseRow, datetime | None, int] | None:
    """Return all that a command needs to know first, in one look.

    Returns:
        The case, the due moment of its next timer, and how long the administrative
        stream ``lists`` is; None if there is no such case.
    """
    row = tx.one(_BEFORE, {"case_id": case_id, "lists": lists})
    if row is None:
        return None
    return CaseRow(*row[:-2]), row[-2], row[-1] or 0


def lock_case(tx: Transaction, case_id: str) -> int | None:
    """Lock the case until the transaction ends; return its position, or None."""
    row = tx.one(_LOCK_CASE, {"case_id": case_id})
    return None if row is None else int(row[0])


def due_timers(tx: Transaction, case_id: str, now: datetime) -> list[tuple[int, datetime]]:
    """Return the case's timers that are due, by due moment and arming number."""
    return [(row[0], row[1]) for row in tx.all(_DUE, {"case_id": case_id, "now": now})]


def insert_case(tx: Transaction, row: CaseRow, snapshot: Snapshot, semantics: int) -> None:
    """Store a new case and its first snapshot; its first entry is appended apart."""
    tx.run(
        _INSERT_CASE,
        {
            "id": row.id,
            "process": row.process,
            "version": row.version,
            "pins": row.pins,
            "executor": row.executor,
            "business_key": row.business_key,
            "unit": row.unit,
            "starter": row.starter,
            "state": row.state,
            "end_state": row.end_state,
            "lists": row.lists,
            "created_at": row.created_at,
            "ended_at": row.ended_at,
            "at": row.at,
            "position": row.position,
            "head": row.head,
            **_blobs_of(snapshot, semantics),
        },
    )


def update_case(
    tx: Transaction, row: CaseRow, snapshot: Snapshot, semantics: int, *, expected: int
) -> bool:
    """Store the case's new state if its history still stands at ``expected``.

    Returns:
        False when somebody else was faster; nothing was changed then.
    """
    changed = tx.run(
        _UPDATE_CASE,
        {
            "case_id": row.id,
            "expected": expected,
            "business_key": row.business_key,
            "state": row.state,
            "end_state": row.end_state,
            "lists": row.lists,
            "unit": row.unit,
            "ended_at": row.ended_at,
            "at": row.at,
            "position": row.position,
            "head": row.head,
            **_blobs_of(snapshot, semantics),
        },
    )
    return changed == 1


def _blobs_of(snapshot: Snapshot, semantics: int) -> dict[str, Any]:
    return {
        "semantics": semantics,
        "control": pack(snapshot.control),
        "data": pack(snapshot.data),
    }


# -- histories --------------------------------------------------------------------


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
    tx.run(
        _UPDATE_STREAM, {"stream": stream, "position": entry.position, "head": entry.digest}
    )
    return entry.position


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


# -- files, pins, facts -------------------------------------------------------------


def put_blob(tx: Transaction, content: bytes) -> str:
    """Store a file once; return its SHA-256 in hex."""
    sha256 = hashlib.sha256(content).hexdigest()
    if tx.one(_BLOB, {"sha256": sha256}) is None:
        tx.run(_INSERT_BLOB, {"sha256": sha256, "content": content})
    return sha256


def get_blob(tx: Transaction, sha256: str) -> bytes:
    """Return the file of that SHA-256.

    Raises:
        KeyError: there is none.
    """
    row = tx.one(_BLOB, {"sha256": sha256})
    if row is None:
        raise KeyError(sha256)
    return bytes(row[0])


def digest_of(versions: dict[str, Any]) -> str:
    """Return the digest that stands for the versions a case runs on."""
    return hashlib.sha256(canonical(versions)).hexdigest()


def put_pins(tx: Transaction, digest: str, versions: dict[str, Any]) -> None:
    """Store which versions a case runs on, once per digest."""
    if tx.one(_PINS, {"digest": digest}) is None:
        tx.run(_INSERT_PINS, {"digest": digest, "versions": canonical(versions).decode()})


def get_pins(tx: Transaction, digest: str) -> dict[str, Any]:
    """Return the versions that a digest stands for.

    Raises:
        KeyError: there are none.
    """
    row = tx.one(_PINS, {"digest": digest})
    if row is None:
        raise KeyError(digest)
    versions: dict[str, Any] = orjson.loads(row[0])
    return versions


def get_fact(tx: Transaction, name: str) -> str | None:
    """Return a single value of this installation, or None."""
    row = tx.one(_FACT, {"name": name})
    return None if row is None else str(row[0])


def count_up(tx: Transaction, name: str) -> int:
    """Return the next number of a series; the first is 1. Others wait for the transaction."""
    tx.run(_INSERT_FACT, {"name": name, "value": "0"})
    row = tx.one(_LOCK_FACT, {"name": name})
    assert row is not None, "it was made just now if it was not there"
    count = int(row[0]) + 1
    tx.run(_UPDATE_FACT, {"of_name": name, "value": str(count)})
    return count


def put_fact(tx: Transaction, name: str, value: str) -> None:
    """Store a single value of this installation."""
    if tx.run(_UPDATE_FACT, {"of_name": name, "value": value}) == 0:
        tx.run(_INSERT_FACT, {"name": name, "value": value})


# -- sealed values --------------------------------------------------------------------


def put_sealed(tx: Transaction, case_id: str, values: list[tuple[str, bytes, bytes]]) -> None:
    """Store personal values as (id, salt, canonical JSON)."""
    tx.run_many(
        _INSERT_SEALED,
        [
            {"case_id": case_id, "id": one, "salt": salt, "value": value, "erased_at": None}
            for one, salt, value in values
        ],
    )


def get_sealed(tx: Transaction, case_id: str) -> dict[str, bytes]:
    """Return the case's personal values that are not erased, canonical JSON by id."""
    rows = tx.all(_SEALED, {"case_id": case_id})
    return {row[0]: bytes(row[2]) for row in rows if row[2] is not None}


def sealed_with_salt(tx: Transaction, case_id: str) -> dict[str, tuple[bytes, bytes]]:
    """Return (salt, canonical JSON) of the personal values that are not erased, by id."""
    rows = tx.all(_SEALED, {"case_id": case_id})
    return {row[0]: (bytes(row[1]), bytes(row[2])) for row in rows if row[2] is not None}


def erase_sealed(tx: Transaction, case_id: str, ids: list[str], at: datetime) -> int:
    """Erase personal values and their salts for good; return how many there were."""
    return sum(tx.run(_ERASE, {"of_case": case_id, "of_id": one, "at": at}) for one in ids)


# -- stored answers -------------------------------------------------------------------


def stored_answer(
    tx: Transaction, actor: str, route: str, key: str
) -> tuple[str, int, bytes] | None:
    """Return (body hash, status, answer) kept for an Idempotency-Key, or None."""
    row = tx.one(_ONCE, {"actor": actor, "route": route, "key": key})
    return None if row is None else (row[0], row[1], bytes(row[2]))


def store_answer(
    tx: Transaction,
    actor: str,
    route: str,
    key: str,
    *,
    body: str,
    status: int,
    answer: bytes,
    at: datetime,
) -> None:
    """Keep the answer to a request for its Idempotency-Key."""
    tx.run(
        _INSERT_ONCE,
        {
            "actor": actor,
            "route": route,
            "key": key,
            "body": body,
            "status": status,
            "answer": answer,
            "at": at,
        },
    )


def replace_answer(tx: Transaction, actor: str, route: str, key: str, *, answer: bytes) -> None:
    """Keep another answer for an Idempotency-Key: what its deliveries made of it."""
    values = {"of_actor": actor, "of_route": route, "of_key": key, "answer": answer}
    tx.run(_REPLACE_ONCE, values)
