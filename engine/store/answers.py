"""Answers that are kept for an Idempotency-Key."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Transaction
from engine.tables import (
    idempotency,
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
