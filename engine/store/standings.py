"""Where a case stood after some of its entries, kept so that looking back need not begin at 1.

Whatever stands here follows from the history: it may be thrown away at any time.
"""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Transaction
from engine.tables import standings

_NEAREST = (
    sa.select(
        standings.c.position, standings.c.digest, standings.c.made_by, standings.c.pins,
        standings.c.body, standings.c.data,
    )
    .where(
        standings.c.case_id == p("case_id"),
        standings.c.position <= p("position"),
        standings.c.made_by == p("made_by"),
    )
    .order_by(standings.c.position.desc())
    .limit(1)
)  # fmt: skip
_ALL = (
    sa.select(
        standings.c.position, standings.c.digest, standings.c.made_by, standings.c.pins,
        standings.c.body, standings.c.data,
    )
    .where(standings.c.case_id == p("case_id"))
    .order_by(standings.c.position)
)  # fmt: skip
_INSERT = insert_once(standings).on_conflict_do_nothing()
_DELETE = sa.delete(standings).where(standings.c.case_id == p("of_case"))
_DISCARD = _DELETE.where(standings.c.made_by != p("but"))


class StandingRow(NamedTuple):
    """One of them as stored.

    Attributes:
        digest: of the entry after which the case stood so.
        made_by: format, executor and its semantics; what others made is not read.
        body: state, marking, lists and elements (``pack``); data: the case's data, folded.
    """

    position: int
    digest: str
    made_by: str
    pins: str
    body: bytes
    data: bytes


def nearest_standing(
    tx: Transaction, case_id: str, position: int, made_by: str
) -> StandingRow | None:
    """Return the last one kept at or before ``position``, or None."""
    row = tx.one(_NEAREST, {"case_id": case_id, "position": position, "made_by": made_by})
    return None if row is None else _row(row)


def standings_of(tx: Transaction, case_id: str) -> list[StandingRow]:
    """Return all that are kept of a case, in the order of their positions."""
    return [_row(one) for one in tx.all(_ALL, {"case_id": case_id})]


def _row(row: tuple[object, ...]) -> StandingRow:
    found = StandingRow(*row)  # type: ignore[arg-type]
    return found._replace(body=bytes(found.body), data=bytes(found.data))


def put_standing(tx: Transaction, case_id: str, row: StandingRow) -> None:
    """Keep one, where none is kept yet."""
    tx.run(_INSERT, {"case_id": case_id, **row._asdict()})


def discard_standings(tx: Transaction, case_id: str, *, but: str | None = None) -> None:
    """Throw away what is kept of a case; with ``but`` only what others than that made."""
    if but is None:
        tx.run(_DELETE, {"of_case": case_id})
    else:
        tx.run(_DISCARD, {"of_case": case_id, "but": but})
