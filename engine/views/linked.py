"""The cases that belong to a case, as far as the reader may see them; and one by its number."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.access import Actor
from engine.database import Transaction
from engine.errors import CaseNotFound, InvalidRequest
from engine.facts import sees
from engine.ports import Application
from engine.store import CASE_COLUMNS, CaseRow
from engine.tables import cases, links
from engine.views.cases import brief, visible

Document = dict[str, Any]

_LINKED = (
    sa.select(links.c.kind, *CASE_COLUMNS)
    .select_from(links.join(cases, cases.c.id == links.c.other_id))
    .where(links.c.case_id == p("case_id"))
    .order_by(links.c.other_id, links.c.kind)
)
_NUMBERED = (
    sa.select(*CASE_COLUMNS)
    .where((cases.c.business_key == p("number")) | (cases.c.id == p("number")))
    .order_by(cases.c.id)
    .limit(50)
)


def linked(app: Application, actor: Actor, case_id: str) -> list[Document]:
    """Return the cases linked with one that the actor sees, each briefly with its ``type``."""
    with app.database.reading() as tx:
        app.references.refresh(tx)
        visible(app, tx, actor, case_id)
        rows = [(kind, CaseRow(*row)) for kind, *row in tx.all(_LINKED, {"case_id": case_id})]
        return [{"type": kind, **brief(one)} for kind, one in rows if _sees(app, tx, actor, one)]


def numbered(app: Application, actor: Actor, number: str) -> str:
    """Return the id of the case with that number, or id, that the actor sees.

    Raises:
        CaseNotFound: there is none for this actor.
        InvalidRequest: there are several.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        rows = [CaseRow(*row) for row in tx.all(_NUMBERED, {"number": number})]
        found = [one.id for one in rows if _sees(app, tx, actor, one)]
    if len(found) > 1:
        raise InvalidRequest(f"Several cases have the number {number!r}.", hint="Give the id.")
    if not found:
        raise CaseNotFound(number)
    return found[0]


def _sees(app: Application, tx: Transaction, actor: Actor, row: CaseRow) -> bool:
    return sees(tx, actor, row, app.references.organisation)
