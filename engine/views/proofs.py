"""Whether a case's history is as it was written: its chain, and what applying it again gives.

The work is bounded: a history that is too long for a page is left to the command line.
"""

from __future__ import annotations

from typing import Any

from engine import access, replay, verification
from engine.access import Actor
from engine.facts import case_facts
from engine.ports import Application
from engine.replay import Difference
from engine.views.cases import visible

Document = dict[str, Any]

CHECKED = 5_000
"""So many entries are checked for a page; ``bihuan verify`` and ``replay`` have no limit."""


def chain(app: Application, actor: Actor, case_id: str) -> Document:
    """Return whether the chain of a case's history holds.

    Returns:
        ``{entries, head, checked, broken}``: how many entries there are, the digest of the
        last; ``checked`` is false where they are too many; ``broken`` is the first that does
        not follow, as ``Difference`` has it, or None.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = visible(app, tx, actor, case_id)
    checked = row.position <= CHECKED
    found = next(replay.verify_cases(app, [case_id])) if checked else None
    return {
        "entries": row.position,
        "head": row.head,
        "checked": checked,
        "broken": _document(found),
    }


def prove(app: Application, actor: Actor, case_id: str) -> Document:
    """Check a case as ``bihuan verify`` does, and say what came of it.

    Returns:
        As ``chain``, with ``different``: the first that does not follow from the history as
        it was signed, or None: an entry (with its ``position``), or what lies beside it.
        ``covered`` is the last entry that a checkpoint covers, 0 = none.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
        NotAllowed: the actor is nobody who audits.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        facts = case_facts(tx, visible(app, tx, actor, case_id))
        access.require(actor, "audit", facts, organisation=app.references.organisation)
    found = chain(app, actor, case_id)
    ready = found["checked"] and found["broken"] is None
    proven = verification.prove(app, case_id) if ready else None
    return {
        **found,
        "different": _document(next(iter(proven.broken), None) if proven else None),
        "covered": proven.covered if proven else 0,
    }


def _document(found: Difference | None) -> Document | None:
    return None if found is None else found.to_json()
