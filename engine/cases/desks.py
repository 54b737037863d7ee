"""A case as it stands, read for a command that is only tried."""

from __future__ import annotations

from engine import intake, references, store
from engine.access import Actor
from engine.database import Transaction
from engine.errors import CaseNotFound
from engine.ports import Application


def at_desk(app: Application, tx: Transaction, actor: Actor, case_id: str) -> intake.Desk:
    """Return the case with its definitions, for ``intake`` to judge what ``actor`` asks.

    Raises:
        CaseNotFound: there is no such case.
    """
    found = store.read_before(tx, case_id, references.STREAM)
    if found is None:
        raise CaseNotFound(case_id)
    row, _, position = found
    pinned = app.library.pinned(tx, row.pins)
    app.references.catch_up(tx, position)
    return intake.Desk(app, tx, actor, row, row.snapshot(), pinned)
