"""The cases that users follow (关注): a mark of their own, no part of any history.

A mark gives no right: who may not see a case any more does not find it here either.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Transaction
from engine.tables import bookmarks

_INSERT = insert_once(bookmarks).on_conflict_do_nothing()
_DELETE = sa.delete(bookmarks).where(
    bookmarks.c.user_name == p("of_name"), bookmarks.c.case_id == p("of_case_id")
)
_ONE = sa.select(bookmarks.c.at).where(
    bookmarks.c.user_name == p("name"), bookmarks.c.case_id == p("case_id")
)


def put(tx: Transaction, name: str, case_id: str, at: datetime) -> None:
    """Let a user follow a case; who follows it already goes on since then."""
    tx.run(_INSERT, {"user_name": name, "case_id": case_id, "at": at})


def drop(tx: Transaction, name: str, case_id: str) -> None:
    """Let a user follow a case no more."""
    tx.run(_DELETE, {"of_name": name, "of_case_id": case_id})


def has(tx: Transaction, name: str, case_id: str) -> bool:
    """Tell whether a user follows a case."""
    return tx.one(_ONE, {"name": name, "case_id": case_id}) is not None
