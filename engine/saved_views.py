"""What a user asks the inbox for again and again, under a name of the user's own."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Transaction
from engine.errors import InvalidData
from engine.tables import saved_views

MOST = 20
LONGEST_NAME = 40

_INSERT = insert_once(saved_views)
_PUT = _INSERT.on_conflict_do_update(
    index_elements=[saved_views.c.user_name, saved_views.c.name],
    set_={"body": _INSERT.excluded.body},
)
_ALL = (
    sa.select(saved_views.c.name, saved_views.c.body, saved_views.c.number)
    .where(saved_views.c.user_name == p("of_name"))
    .order_by(saved_views.c.number, saved_views.c.name)
)
_DROP = sa.delete(saved_views).where(
    saved_views.c.user_name == p("of_name"), saved_views.c.name == p("name")
)


def of(tx: Transaction, user: str) -> dict[str, dict[str, str]]:
    """Return a user's saved views by name, in the order they were made: filter -> value."""
    return {name: orjson.loads(body) for name, body, _ in tx.all(_ALL, {"of_name": user})}


def put(tx: Transaction, user: str, name: str, filters: Mapping[str, str]) -> None:
    """Keep a view under a name; one of the same name is replaced.

    Raises:
        InvalidData: the name is empty or too long, or there are too many already.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidData(
            f"A view is named with 1 to {LONGEST_NAME} letters.", hint="Give it a short name."
        )
    rows = tx.all(_ALL, {"of_name": user})
    if len(rows) >= MOST and name not in {row[0] for row in rows}:
        raise InvalidData(f"There are {MOST} saved views already.", hint="Remove one first.")
    following = max((row[2] for row in rows), default=0) + 1
    values = {"user_name": user, "name": name, "number": following}
    tx.run(_PUT, {**values, "body": orjson.dumps(dict(filters)).decode()})


def drop(tx: Transaction, user: str, name: str) -> None:
    """Remove a view."""
    tx.run(_DROP, {"of_name": user, "name": name})
