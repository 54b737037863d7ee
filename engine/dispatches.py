"""What goes out by webhook and e-mail, one row per receiver.

A row is made once, in the transaction that settles the delivery it comes from. It
is leased before it is sent, so that of several schedulers one sends it; what a
process leaves behind when it stops half-way is sent again after the lease, under
the same key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Moment, Transaction
from engine.tables import dispatches

_KEY = ("case_id", "position", "number", "channel", "receiver")
_MINE = [dispatches.c[name] == p(f"of_{name}") for name in _KEY]

_INSERT = insert_once(dispatches).on_conflict_do_nothing()
_DUE = (
    sa.select(*dispatches.c)
    .where(dispatches.c.next_at <= p("now", type_=Moment), dispatches.c.channel == p("channel"))
    .order_by(dispatches.c.next_at, *(dispatches.c[name] for name in _KEY))
    .limit(p("limit"))
)
_LEASE = (
    sa.update(dispatches)
    .where(*_MINE, dispatches.c.next_at == p("of_next_at", type_=Moment))
    .values(next_at=p("next_at"))
)
_SETTLE = (
    sa.update(dispatches)
    .where(*_MINE)
    .values(
        next_at=p("next_at"),
        attempts=p("attempts"),
        delivered_at=p("delivered_at"),
        failure=p("failure"),
    )
)
_TIDY = sa.delete(dispatches).where(
    dispatches.c.next_at.is_(None), dispatches.c.written_at < p("before", type_=Moment)
)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One message to one receiver.

    Attributes:
        channel: ``mail``, ``webhook`` or ``robot``.
        receiver: a user's name, a robot's; empty for the webhook.
        body: JSON with nothing personal in it.
        next_at: when it is tried; None = delivered or given up.
        failure: the kind of the last failure, for whoever looks why.
    """

    case_id: str
    position: int
    number: int
    channel: str
    receiver: str
    body: str
    written_at: datetime
    next_at: datetime | None
    attempts: int = 0
    delivered_at: datetime | None = None
    failure: str | None = None

    @property
    def key(self) -> str:
        """What a receiver tells a repetition by: it is the same at every attempt."""
        key = f"{self.case_id}/{self.position}/{self.number}"
        return f"{key}/{self.receiver}" if self.receiver else key


def put(tx: Transaction, new: Sequence[Dispatch]) -> None:
    """Keep messages to be sent; those that are kept already stay as they are."""
    for one in new:
        tx.run(_INSERT, {column.name: getattr(one, column.name) for column in dispatches.c})


def due(tx: Transaction, channel: str, now: datetime, limit: int) -> list[Dispatch]:
    """Return the messages of a channel that may be sent now, the longest waiting first."""
    return [
        Dispatch(*row) for row in tx.all(_DUE, {"channel": channel, "now": now, "limit": limit})
    ]


def lease(tx: Transaction, one: Dispatch, until: datetime) -> bool:
    """Take a message for oneself until a moment; False where somebody else has it."""
    return tx.run(_LEASE, {**_of(one), "of_next_at": one.next_at, "next_at": until}) == 1


def settle(
    tx: Transaction,
    one: Dispatch,
    *,
    next_at: datetime | None = None,
    delivered_at: datetime | None = None,
    failure: str | None = None,
) -> None:
    """Say what became of an attempt to send."""
    values = {"next_at": next_at, "delivered_at": delivered_at, "failure": failure}
    tx.run(_SETTLE, {**_of(one), **values, "attempts": one.attempts + 1})


def tidy(tx: Transaction, before: datetime) -> int:
    """Remove what was delivered or given up and is older; return how many there were."""
    return tx.run(_TIDY, {"before": before})


def _of(one: Dispatch) -> dict[str, Any]:
    return {f"of_{name}": getattr(one, name) for name in _KEY}
