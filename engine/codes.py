"""The codes by which reporters without a login follow their own cases, as hashes.

A case has one code at most; a new one takes the place of the old. It stands in no
history, so it goes with a restored database and cannot be rebuilt.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Transaction
from engine.tables import cases, codes

MOST_ALIKE = 5
"""Cases of one number that are looked at, the newest first: numbers need not be unique."""

_INSERT = sa.insert(codes)
_DELETE = sa.delete(codes).where(codes.c.case_id == p("of_case"))
_NUMBERED = (
    sa.select(codes.c.case_id, codes.c.hash)
    .select_from(codes.join(cases, cases.c.id == codes.c.case_id))
    .where((cases.c.business_key == p("number")) | (cases.c.id == p("number")))
    .order_by(codes.c.case_id.desc())
    .limit(MOST_ALIKE)
)
_GIVEN = sa.select(codes.c.given_at).where(codes.c.case_id == p("case_id"))


def give(tx: Transaction, case_id: str, hashed: str, *, by: str, at: datetime) -> None:
    """Keep the hash of a case's new code."""
    withdraw(tx, case_id)
    tx.run(_INSERT, {"case_id": case_id, "hash": hashed, "given_by": by, "given_at": at})


def withdraw(tx: Transaction, case_id: str) -> None:
    """Forget a case's code, if it has one."""
    tx.run(_DELETE, {"of_case": case_id})


def numbered(tx: Transaction, number: str) -> list[tuple[str, str]]:
    """Return (case id, hash) of the cases of that number, or that id, that have a code."""
    return [(row[0], row[1]) for row in tx.all(_NUMBERED, {"number": number})]


def given_at(tx: Transaction, case_id: str) -> datetime | None:
    """Return when the case was given its code; None where it has none."""
    row = tx.one(_GIVEN, {"case_id": case_id})
    return None if row is None else row[0]
