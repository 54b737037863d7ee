"""Cases and their snapshots."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
import zstandard
from sqlalchemy import bindparam as p

from engine.database import Transaction
from engine.execution import Snapshot
from engine.sheets import Folded, Sheets
from engine.tables import (
    cases,
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
        """Return the snapshot, its data still folded."""
        assert self.control is not None
        assert self.data is not None
        return Snapshot(self.id, self.state, unpack(self.control), unfold(self.data))

    def found_by(self) -> dict[str, Any]:
        """Return what people find and count cases by; most commands leave it as it was."""
        return {
            "business_key": self.business_key,
            "unit": self.unit,
            "state": self.state,
            "end_state": self.end_state,
            "ended_at": self.ended_at,
        }


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
_INSERT_CASE = sa.insert(cases)
_MOVED = ("lists", "at", "position", "head", "semantics", "control", "data")
_FOUND_BY = ("business_key", "unit", "state", "end_state", "ended_at")


def _update(*names: str) -> sa.Update:
    moved = sa.update(cases).where(cases.c.id == p("case_id"), cases.c.position == p("expected"))
    return moved.values({name: p(name) for name in names})


# SQLite writes an index anew for every column that is named, whether or not it changes:
# naming the indexed ones would add three pages to the ten of a common command.
_MOVE_CASE = _update(*_MOVED)
_UPDATE_CASE = _update(*_MOVED, *_FOUND_BY)
_MIGRATE_CASE = _update(*_MOVED, *_FOUND_BY, "version", "pins")


class _Zstd(threading.local):
    """A thread's own compressor: it serves one call at a time, and making one costs more."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=3).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_ZSTD = _Zstd()


def pack(value: Any) -> bytes:
    """Return ``value`` as stored: JSON with sorted keys, compressed when it is large."""
    return _compact(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def unpack(stored: bytes) -> Any:
    """Return the value that ``pack`` stored."""
    return orjson.loads(_plain(stored))


def unfold(stored: bytes) -> Sheets:
    """Return the data of a case as stored, undecoded."""
    return Sheets(folded=Folded(_plain(stored)))


def fold(sheets: Sheets) -> bytes:
    """Return the data of a case as stored."""
    return _compact(sheets.text())


def _compact(text: bytes) -> bytes:
    return _ZSTD.compress(text) if len(text) > COMPRESS_ABOVE else text


def _plain(stored: bytes) -> bytes:
    stored = bytes(stored)
    return _ZSTD.decompress(stored) if stored.startswith(_ZSTD_MAGIC) else stored


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
    tx: Transaction, was: CaseRow, row: CaseRow, snapshot: Snapshot, semantics: int
) -> bool:
    """Store the case's new state if its history still stands where ``was`` was read.

    Returns:
        False when somebody else was faster; nothing was changed then.
    """
    values = {
        "case_id": row.id,
        "expected": was.position,
        "lists": row.lists,
        "at": row.at,
        "position": row.position,
        "head": row.head,
        **_blobs_of(snapshot, semantics),
    }
    found_by = row.found_by()
    if row.pins != was.pins:
        values |= found_by | {"version": row.version, "pins": row.pins}
        return tx.run(_MIGRATE_CASE, values) == 1
    if found_by == was.found_by():
        return tx.run(_MOVE_CASE, values) == 1
    return tx.run(_UPDATE_CASE, values | found_by) == 1


def _blobs_of(snapshot: Snapshot, semantics: int) -> dict[str, Any]:
    return {
        "semantics": semantics,
        "control": pack(snapshot.control),
        "data": fold(snapshot.sheets),
    }
