"""What may be thrown away in time; histories never are."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import attempts, dispatches, unsent
from engine.accounts import delete_expired_tokens
from engine.database import Moment, Transaction
from engine.tables import buffered, idempotency, outbox

ANSWER_DAYS = 7
"""How long the answer to an Idempotency-Key is kept."""
DELIVERY_DAYS = 30
"""How long a delivery is kept after it was made."""
UNSENT_DAYS = 30
"""How long what somebody has typed and not sent is kept."""

_ANSWERS = sa.delete(idempotency).where(
    idempotency.c.at < p("before", type_=Moment),
    # What may start one case only is never forgotten (``cases.UNIQUE``).
    idempotency.c.actor != "@unique",
)
_MESSAGES = sa.delete(buffered).where(buffered.c.expires_at <= p("now", type_=Moment))
_DELIVERIES = sa.delete(outbox).where(outbox.c.delivered_at < p("before", type_=Moment))


def tidy(tx: Transaction, now: datetime) -> dict[str, int]:
    """Remove what is past use; return how many rows of each kind."""
    return {
        "answers": tx.run(_ANSWERS, {"before": now - timedelta(days=ANSWER_DAYS)}),
        "deliveries": tx.run(_DELIVERIES, {"before": now - timedelta(days=DELIVERY_DAYS)}),
        "messages": tx.run(_MESSAGES, {"now": now}),
        "dispatches": dispatches.tidy(tx, now - timedelta(days=DELIVERY_DAYS)),
        "attempts": attempts.forget(tx, now),
        "unsent": unsent.tidy(tx, now - timedelta(days=UNSENT_DAYS)),
        "sessions": delete_expired_tokens(tx, now),
    }
