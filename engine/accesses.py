"""Who was shown which personal values of which case: the access log (查阅记录).

What a request opens is noted while it is read and written once, before the answer
goes out: what cannot be recorded is not shown. The log names fields, never values, and
is no part of any history or export.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine import cursors
from engine.clock import parse, text
from engine.cursors import Place
from engine.database import Database, Moment, Transaction
from engine.tables import accesses

_INSERT = insert_once(accesses).on_conflict_do_nothing()
_OF_CASE = (
    sa.select(accesses.c.at, accesses.c.user_name, accesses.c.place, accesses.c.what)
    .where(
        accesses.c.case_id == p("case_id"),
        sa.tuple_(accesses.c.at, accesses.c.user_name, accesses.c.place, accesses.c.what)
        < sa.tuple_(
            p("after_at", type_=Moment), p("after_user"), p("after_place"), p("after_what")
        ),
    )
    .order_by(
        accesses.c.at.desc(),
        accesses.c.user_name.desc(),
        accesses.c.place.desc(),
        accesses.c.what.desc(),
    )
    .limit(p("most"))
)
_FIRST = Place(parse("9999-12-31T00:00:00Z"), "~", "~")


class Look(NamedTuple):
    """What somebody was shown of a case.

    Attributes:
        place: what was read: ``case``, ``task``, ``register NAME``, …
        what: names of the fields.
    """

    case_id: str
    at: datetime
    user: str
    place: str
    what: tuple[str, ...]


_looks: ContextVar[set[Look] | None] = ContextVar("looks", default=None)


def gather() -> None:
    """Begin a request: what it shows is kept until ``write``."""
    _looks.set(set())


def write(database: Database) -> None:
    """Write down what the request has shown since ``gather``, in one transaction."""
    looks = _looks.get()
    _looks.set(None)
    if looks:
        _put(database, looks)


def note(looks: Iterable[Look]) -> None:
    """Say that the request at hand shows something; without one nobody is shown it."""
    gathered = _looks.get()
    if gathered is not None:
        gathered.update(one for one in looks if one.what)


def _put(database: Database, looks: Iterable[Look]) -> None:
    found = [
        {
            "case_id": one.case_id,
            "at": one.at,
            "user_name": one.user,
            "place": one.place,
            "what": orjson.dumps(sorted(set(one.what))).decode(),
        }
        for one in sorted(looks)
    ]
    with database.writing() as tx:
        tx.run_many(_INSERT, found)


def of_case(
    tx: Transaction, case_id: str, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return who was shown what of a case, the latest first, and the cursor of the next page.

    Raises:
        InvalidRequest: the cursor is none of ours.
    """
    place = _FIRST if cursor is None else cursors.read(cursor)
    where, _, what = place.name.partition("\n")
    after = {"after_at": place.at, "after_user": place.case}
    after |= {"after_place": where, "after_what": what}
    rows = tx.all(_OF_CASE, {"case_id": case_id, **after, "most": limit + 1})
    items = [
        {"at": text(at), "by": user, "place": where, "what": orjson.loads(what)}
        for at, user, where, what in rows[:limit]
    ]
    if len(rows) <= limit:
        return items, None
    at, user, where, what = rows[limit - 1]
    return items, cursors.write(Place(at, user, f"{where}\n{what}"))
