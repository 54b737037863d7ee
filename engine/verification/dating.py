"""Was it there when it says it was? What a checkpoint does not have came after it.

A checkpoint covers every history as far as it went. So an entry that says a moment before
one, and that it does not cover, was put in later: a case that never was, or an entry
written anew with a moment of somebody's choice. Or the clock was set back: the finding
says both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.checkpoints import log
from engine.clock import text
from engine.database import Transaction
from engine.replay import Difference
from engine.tables import checkpoints as made_table
from engine.tables import entries, leaves, streams
from engine.verification.unreadable import is_unreadable, readable

UNDER_WAY = timedelta(minutes=10)
"""How long a command may be under way: its moment is read before it, its entry comes after."""

_MADE = sa.select(made_table.c.number, made_table.c.at, made_table.c.size).order_by(
    made_table.c.number
)
_MOMENTS = (
    sa.select(entries.c.position, entries.c.at)
    .where(entries.c.stream == p("stream"))
    .order_by(entries.c.position)
)
_LOGGED = (
    sa.select(leaves.c.number, leaves.c.position)
    .where(leaves.c.kind == p("kind"), leaves.c.name == p("stream"))
    .order_by(leaves.c.number)
)
_STREAMS = sa.select(streams.c.id).order_by(streams.c.id)


@dataclass(frozen=True, slots=True)
class Moments:
    """The checkpoints there are, the oldest first: number, moment, and leaves covered."""

    numbers: Sequence[int]
    at: Sequence[datetime]
    sizes: Sequence[int]

    def before(self, leaf: int | None) -> int | None:
        """Return which of them was the last without a leaf; None = all have it.

        Args:
            leaf: its number in the log; None = no leaf at all, so none has it.
        """
        covered = len(self.sizes) if leaf is None else bisect_right(self.sizes, leaf)
        return covered - 1 if covered else None


def moments(tx: Transaction) -> Moments:
    """Return the checkpoints there are; none where they cannot be read, which ``logged`` tells."""
    try:
        rows = tx.all(_MADE, {})
        return Moments(*([row[at] for row in rows] for at in range(3)))
    except Exception as reason:
        if not is_unreadable(reason):
            raise
        return Moments((), (), ())


def check(tx: Transaction, kind: str, stream: str, made: Moments) -> Iterator[Difference]:
    """Yield the first entry of a history that an earlier checkpoint should have had.

    Args:
        kind: ``case`` or ``stream``, as in the log.
    """
    if not made.numbers:
        return
    logged = tx.all(_LOGGED, {"kind": kind, "stream": stream})
    at = 0
    for position, moment in tx.all(_MOMENTS, {"stream": stream}):
        while at < len(logged) and logged[at][1] < position:
            at += 1
        last = made.before(logged[at][0] if at < len(logged) else None)
        if last is not None and moment + UNDER_WAY < made.at[last]:
            reason = (
                f"it says {text(moment)}, and checkpoint {made.numbers[last]} of "
                f"{text(made.at[last])} does not have it: it was put in later, or the clock "
                "was set back"
            )
            yield Difference(stream, position, reason)
            return


def acts(tx: Transaction) -> Iterator[Difference]:
    """Yield the same of each history of administrators."""
    made = moments(tx)
    for (name,) in tx.all(_STREAMS, {}):
        yield from readable(check(tx, log.STREAM, name, made), name, "stream")
