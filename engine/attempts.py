"""How often somebody has tried a password, counted in the database so that servers agree.

An attempt counts from before the password is looked at: a hundred that arrive at
once on several servers are a hundred. Counting begins anew ``WINDOW`` after the
first one; a success clears the user's count, and takes back its own attempt from
the address.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Moment, Transaction
from engine.tables import attempts

WINDOW = timedelta(minutes=15)

_INSERT = insert_once(attempts).on_conflict_do_nothing()
_LOCK = (
    sa.select(attempts.c.count, attempts.c.began_at)
    .where(attempts.c.subject == p("subject"))
    .with_for_update()
)
_UPDATE = (
    sa.update(attempts)
    .where(attempts.c.subject == p("of_subject"))
    .values(count=p("count"), began_at=p("began_at"))
)
_CLEAR = sa.delete(attempts).where(attempts.c.subject == p("of_subject"))
_TAKE_BACK = (
    sa.update(attempts)
    .where(attempts.c.subject == p("of_subject"), attempts.c.count > 0)
    .values(count=attempts.c.count - 1)
)
_FORGET = sa.delete(attempts).where(attempts.c.began_at <= p("before", type_=Moment))


def count(tx: Transaction, limits: Mapping[str, int], now: datetime) -> int:
    """Count one attempt of each subject, unless one of them has used up its limit.

    Args:
        limits: subject -> how many attempts it has within ``WINDOW``.

    Returns:
        Seconds until the next attempt is taken, rounded up; 0 = this one is.
    """
    found: dict[str, tuple[int, datetime]] = {}
    wait = 0.0
    # In one order, so that two servers never wait for each other.
    for subject in sorted(limits):
        number, began_at = _counted(tx, subject, now)
        if number >= limits[subject]:
            wait = max(wait, (began_at + WINDOW - now).total_seconds())
        found[subject] = (number, began_at)
    for subject, (number, began_at) in found.items():
        if not wait:
            tx.run(_UPDATE, {"of_subject": subject, "count": number + 1, "began_at": began_at})
        elif not number:
            # Who is turned away may make up names for ever.
            tx.run(_CLEAR, {"of_subject": subject})
    return math.ceil(wait)


def _counted(tx: Transaction, subject: str, now: datetime) -> tuple[int, datetime]:
    tx.run(_INSERT, {"subject": subject, "count": 0, "began_at": now})
    row = tx.one(_LOCK, {"subject": subject})
    assert row is not None, "it was made just now if it was not there"
    number, began_at = int(row[0]), row[1]
    return (0, now) if number == 0 or began_at + WINDOW <= now else (number, began_at)


def succeed(tx: Transaction, *, cleared: Iterable[str], taken_back: Iterable[str]) -> None:
    """Say that an attempt was right.

    Args:
        cleared: subjects that begin anew.
        taken_back: subjects for whom this attempt alone does not count.
    """
    for subject in cleared:
        tx.run(_CLEAR, {"of_subject": subject})
    for subject in taken_back:
        tx.run(_TAKE_BACK, {"of_subject": subject})


def forget(tx: Transaction, now: datetime) -> int:
    """Remove the counts that are over; return how many there were."""
    return tx.run(_FORGET, {"before": now - WINDOW})
