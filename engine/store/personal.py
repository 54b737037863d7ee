"""Personal values, apart from the histories that hold their commitments."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Transaction
from engine.tables import (
    sealed,
)

_INSERT_SEALED = sa.insert(sealed)
_SEALED = sa.select(sealed.c.id, sealed.c.salt, sealed.c.value).where(
    sealed.c.case_id == p("case_id")
)
_WITH_ERASED = sa.select(*_SEALED.selected_columns, sealed.c.erased_at).where(
    sealed.c.case_id == p("case_id")
)
_ERASE = (
    sa.update(sealed)
    .where(sealed.c.case_id == p("of_case"), sealed.c.id == p("of_id"))
    .values(salt=None, value=None, erased_at=p("at"))
)


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
    """Erase personal values and their salts for good; return how many there were."""
    return sum(tx.run(_ERASE, {"of_case": case_id, "of_id": one, "at": at}) for one in ids)
