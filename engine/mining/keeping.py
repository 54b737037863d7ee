"""Visits of cases, kept in memory: a history is read once and again only when it has grown.

A case is known by its head, the digest over its whole history, so what is kept can be
neither stale nor another's. One look reads at most ``AT_ONCE`` histories that are not
known yet, the newest cases first, and says how many are left: a page answers in seconds
also on the first day. Of more cases than are kept the oldest stay unread.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

import orjson

from engine import store
from engine.database import Transaction
from engine.mining.visits import Visit, visits

AT_ONCE = 2_000
KEPT = 20_000
"""So many cases are kept, about 1.5 KB each."""

_kept: dict[str, bytes] = {}
_lock = threading.Lock()
_FIELDS = tuple(one.name for one in fields(Visit))
_ROW = attrgetter(*_FIELDS)


def of_cases(
    tx: Transaction,
    cases: Sequence[tuple[str, str]],
    process: str,
    *,
    at_once: int = AT_ONCE,
    kept: int = KEPT,
) -> tuple[dict[str, list[Visit]], int]:
    """Return the visits of a process by case, and how many cases were not read this time.

    Args:
        cases: (id, head) of each, by id, which is by age.
    """
    found: dict[str, list[Visit]] = {}
    read, left = 0, max(len(cases) - kept, 0)
    for case_id, head in reversed(cases[left:]):
        known = _kept.get(head)
        if known is None:
            if read == at_once:
                left += 1
                continue
            read += 1
            known = _keep(head, visits(store.read_entries(tx, case_id)))
        mine = _visits(known, process)
        if mine:
            found[case_id] = mine
    return dict(sorted(found.items())), left


def _keep(head: str, found: list[Visit]) -> bytes:
    by_process: dict[str, list[Any]] = {}
    for one in found:
        by_process.setdefault(one.process, []).append(_ROW(one))
    packed = zlib.compress(orjson.dumps(by_process), 1)
    with _lock:
        while len(_kept) >= KEPT:
            del _kept[next(iter(_kept))]
        _kept[head] = packed
    return packed


def _visits(packed: bytes, process: str) -> list[Visit]:
    rows = orjson.loads(zlib.decompress(packed)).get(process, ())
    return [Visit(*row) for row in rows]
