"""Cases that start cases: how long such a chain may grow before somebody must look.

A process that a message starts and that sends this message would otherwise fill
the database. Only a chain that grows at once is cut: a case that starts its
successor a minute later or after a month begins a new count.
"""

from __future__ import annotations

from datetime import timedelta

from engine import store
from engine.commands import JsonObject
from engine.database import Transaction
from engine.errors import StepLimit
from engine.ports import Application

LONGEST = 50
"""Cases that start one another at once."""

AT_ONCE = timedelta(minutes=1)


def chained(app: Application, link: JsonObject) -> JsonObject:
    """Return the link that names the starting case, with the length of the chain.

    Args:
        link: ``type`` and ``case`` of the case that starts the new one.

    Raises:
        StepLimit: that case is the last of a chain of 50.
    """
    with app.database.reading() as tx:
        depth = _depth(app, tx, link["case"]) + 1
    if depth > LONGEST:
        raise StepLimit(
            f"More than {LONGEST} cases have started one another at once.",
            hint="Let the process stop sending what starts it.",
        )
    return {**link, "depth": depth}


def _depth(app: Application, tx: Transaction, case_id: str) -> int:
    row, first = store.read_case(tx, case_id), store.read_entry(tx, case_id, 1)
    if row is None or first is None or app.clock.now() - row.created_at > AT_ONCE:
        return 0
    links = first.document()["command"].get("links") or []
    return max((int(one.get("depth", 0)) for one in links), default=0)
