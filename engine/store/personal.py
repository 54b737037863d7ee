"""Personal values, apart from the histories that hold their commitments."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Moment, Transaction
from engine.tables import cases, sealed, sealed_index

_INSERT_SEALED = sa.insert(sealed)
_WITH_ERASED = sa.select(sealed.c.id, sealed.c.salt, sealed.c.value, sealed.c.erased_at).where(
    sealed.c.case_id == p("case_id")
)
_SEALED = sa.select(sealed.c.id, sealed.c.value).where(
    sealed.c.case_id == p("case_id"), sealed.c.ballot == 0, sealed.c.value.is_not(None)
)
_ONE_SEALED = sa.select(sealed.c.value).where(
    sealed.c.case_id == p("case_id"),
    sealed.c.id == p("id"),
    sealed.c.ballot == 0,
    sealed.c.value.is_not(None),
)
_BALLOTS = sa.select(sealed.c.id, sealed.c.salt, sealed.c.value).where(
    sealed.c.case_id == p("case_id"), sealed.c.ballot == 1, sealed.c.value.is_not(None)
)
_LEFT = (
    sa.select(sealed.c.case_id, sealed.c.id)
    .select_from(sealed.join(cases, cases.c.id == sealed.c.case_id))
    .where(
        sealed.c.ballot == 1,
        sealed.c.value.is_not(None),
        cases.c.ended_at < p("before", type_=Moment),
    )
    .order_by(sealed.c.case_id, sealed.c.id)
)
_ERASE = (
    sa.update(sealed)
    .where(sealed.c.case_id == p("of_case"), sealed.c.id == p("of_id"))
    .values(salt=None, value=None, erased_at=p("at"))
)


_INSERT_INDEX = sa.insert(sealed_index)
_DELETE_INDEX = sa.delete(sealed_index).where(
    sealed_index.c.case_id == p("of_case"), sealed_index.c.id == p("of_id")
)


def put_index(tx: Transaction, case_id: str, found_by: list[tuple[str, str]]) -> None:
    """Store by which digest each sealed value is found, as (digest, id)."""
    rows = [{"digest": digest, "case_id": case_id, "id": one} for digest, one in found_by]
    tx.run_many(_INSERT_INDEX, rows)


def put_sealed(
    tx: Transaction,
    case_id: str,
    values: list[tuple[str, bytes, bytes]],
    ballots: Collection[str] = (),
) -> None:
    """Store personal values as (id, salt, canonical JSON); ``ballots`` names those that are one."""
    tx.run_many(
        _INSERT_SEALED,
        [
            {
                "case_id": case_id,
                "id": one,
                "ballot": int(one in ballots),
                "salt": salt,
                "value": value,
                "erased_at": None,
            }
            for one, salt, value in values
        ],
    )


def get_sealed(tx: Transaction, case_id: str) -> dict[str, bytes]:
    """Return the case's personal values that are not erased, canonical JSON by id.

    Ballots are never among them: everything that opens a value for somebody asks here.
    """
    return {row[0]: bytes(row[1]) for row in tx.all(_SEALED, {"case_id": case_id})}


def get_sealed_values(tx: Transaction, case_id: str, ids: Collection[str]) -> dict[str, bytes]:
    """Return some of what ``get_sealed`` returns, without reading the rest."""
    found = {one: tx.one(_ONE_SEALED, {"case_id": case_id, "id": one}) for one in ids}
    return {one: bytes(row[0]) for one, row in found.items() if row is not None}


def get_ballots(tx: Transaction, case_id: str) -> dict[str, tuple[bytes, bytes]]:
    """Return (salt, canonical JSON) of the case's ballots that are not erased, by id.

    For the tally alone, which gives away nothing but totals.
    """
    rows = tx.all(_BALLOTS, {"case_id": case_id})
    return {one: (bytes(salt), bytes(value)) for one, salt, value in rows}


def ballots_left(tx: Transaction, before: datetime) -> dict[str, list[str]]:
    """Return the ids of ballots by case, of cases that ended before a moment."""
    found: dict[str, list[str]] = {}
    for case_id, one in tx.all(_LEFT, {"before": before}):
        found.setdefault(case_id, []).append(one)
    return found


def sealed_with_salt(tx: Transaction, case_id: str) -> dict[str, tuple[bytes, bytes] | None]:
    """Return (salt, canonical JSON) of the personal values by id; None of one that is erased."""
    rows = tx.all(_WITH_ERASED, {"case_id": case_id})
    found: dict[str, tuple[bytes, bytes] | None] = {}
    for one, salt, value, erased_at in rows:
        if value is not None:
            found[one] = (bytes(salt), bytes(value))
        elif erased_at is not None:
            found[one] = None
    return found


def erase_sealed(tx: Transaction, case_id: str, ids: list[str], at: datetime) -> int:
    """Erase personal values for good, with salts and index; return how many there were."""
    for one in ids:
        tx.run(_DELETE_INDEX, {"of_case": case_id, "of_id": one})
    return sum(tx.run(_ERASE, {"of_case": case_id, "of_id": one, "at": at}) for one in ids)
