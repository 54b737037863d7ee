"""Cases that need an eye on them: those one follows (关注), those under supervision (督办件).

Both are walks along an index of few rows: of one's own marks, and of the supervisions
that are under way. What somebody may not see is passed over, so a page may look at
more rows than it shows.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, bookmarks, cursors, store
from engine.access import Actor
from engine.clock import parse, text
from engine.cursors import Place
from engine.database import Moment, Transaction
from engine.definitions import SUPERVISES
from engine.facts import case_facts, sees
from engine.ports import Application
from engine.store import CASE_COLUMNS, CaseRow
from engine.tables import bookmarks as marks
from engine.tables import cases as table
from engine.tables import supervised, tasks
from engine.views.cases import SCANNED, brief, visible

Document = dict[str, Any]

VIEWS = ("followed", "supervised")
PAGE = 100
_FIRST = Place(parse("9999-12-31T00:00:00Z"), "~", "~")

_FOLLOWED = (
    sa.select(marks.c.at, marks.c.case_id, sa.literal(""), *CASE_COLUMNS)
    .select_from(marks.join(table, table.c.id == marks.c.case_id))
    .where(
        marks.c.user_name == p("user"),
        sa.tuple_(marks.c.at, marks.c.case_id)
        < sa.tuple_(p("after_at", type_=Moment), p("after_case")),
    )
    .order_by(marks.c.at.desc(), marks.c.case_id.desc())
    .limit(PAGE)
)
_SUPERVISED = (
    sa.select(supervised.c.since, supervised.c.case_id, supervised.c.place, *CASE_COLUMNS)
    .select_from(supervised.join(table, table.c.id == supervised.c.case_id))
    .where(
        sa.tuple_(supervised.c.since, supervised.c.case_id, supervised.c.place)
        < sa.tuple_(p("after_at", type_=Moment), p("after_case"), p("after_place"))
    )
    .order_by(supervised.c.since.desc(), supervised.c.case_id.desc(), supervised.c.place.desc())
    .limit(PAGE)
)
_CALLED = sa.select(supervised.c.place).where(
    supervised.c.case_id == p("case_id"), supervised.c.place != sa.literal_column("''")
)
_WHOLE = (
    sa.select(*CASE_COLUMNS)
    .select_from(supervised.join(table, table.c.id == supervised.c.case_id))
    .where(supervised.c.place == sa.literal_column("''"))
    .order_by(supervised.c.case_id)
)
_HOLDERS = (
    sa.select(tasks.c.name, tasks.c.assignee, tasks.c.due_at)
    .where(tasks.c.case_id == p("case_id"), tasks.c.state == sa.literal_column("'open'"))
    .order_by(tasks.c.opened_at, tasks.c.task)
)


def follow(app: Application, actor: Actor, case_id: str, *, wanted: bool = True) -> Document:
    """Let the actor follow a case, or no more; return ``{case, followed}``.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        visible(app, tx, actor, case_id)
    with app.database.writing() as tx:
        if wanted:
            bookmarks.put(tx, actor.name, case_id, app.clock.now())
        else:
            bookmarks.drop(tx, actor.name, case_id)
    return {"case": case_id, "followed": wanted}


def page(
    app: Application, tx: Transaction, actor: Actor, view: str, *, limit: int, cursor: str | None
) -> tuple[list[Document], str | None]:
    """Return a page of one of the two views, newest first, and the cursor of the next.

    Raises:
        InvalidRequest: the cursor is none of ours.
    """
    query, shown = (
        (_FOLLOWED, _followed) if view == "followed" else (_SUPERVISED, _under_supervision)
    )
    place, scanned = _FIRST if cursor is None else cursors.read(cursor), 0
    found: dict[str, Document] = {}
    while scanned < SCANNED:
        rows = tx.all(query, _after(actor, place))
        for row in rows:
            place, scanned = Place(*row[:3]), scanned + 1
            item = shown(app, tx, actor, place, CaseRow(*row[3:]))
            if item is not None:
                found.setdefault(item["id"], item)
            if len(found) == limit:
                return list(found.values()), cursors.write(place)
        if len(rows) < PAGE:
            return list(found.values()), None
    return list(found.values()), cursors.write(place)


def _after(actor: Actor, place: Place) -> dict[str, Any]:
    return {
        "user": actor.name,
        "after_at": place.at,
        "after_case": place.case,
        "after_place": place.name,
    }


def _followed(
    app: Application, tx: Transaction, actor: Actor, place: Place, row: CaseRow
) -> Document | None:
    if not sees(tx, actor, row, app.references.organisation):
        return None
    return {**_item(tx, row), "followed_at": text(place.at)}


def _under_supervision(
    app: Application, tx: Transaction, actor: Actor, place: Place, row: CaseRow
) -> Document | None:
    """Return the supervised case, or the supervision where that is all one may see.

    A secret supervision is not told by the case that it is about.
    """
    organisation = app.references.organisation
    facts = case_facts(tx, row)
    sees_it = access.sees(actor, facts, organisation)
    about = _subject(app, tx, row)
    sees_about = about is not None and sees(tx, actor, about, organisation)
    since = {"supervised_since": text(place.at)}
    if about is not None and sees_about and (sees_it or not facts.is_secret):
        return {**_item(tx, about), **since, "supervision": row.id if sees_it else None}
    return {**_item(tx, row), **since, "supervision": row.id} if sees_it else None


def _subject(app: Application, tx: Transaction, row: CaseRow) -> CaseRow | None:
    """Return the other case that a case supervises, if there is one."""
    datum = app.library.pinned(tx, row.pins).main.properties.get(SUPERVISES)
    if not datum:
        return None
    whole = store.read_case(tx, row.id)
    subject = whole.snapshot().data.get("", {}).get(datum) if whole else None
    return store.read_case(tx, subject) if isinstance(subject, str) else None


def is_supervised(app: Application, tx: Transaction, case_id: str) -> bool:
    """Tell whether a supervision of the case is under way: one inside of it, or another case."""
    if tx.one(_CALLED, {"case_id": case_id}) is not None:
        return True
    for row in tx.all(_WHOLE, {}):
        subject = _subject(app, tx, CaseRow(*row))
        if subject is not None and subject.id == case_id:
            return True
    return False


def _item(tx: Transaction, row: CaseRow) -> Document:
    found = brief(row)
    steps = tx.all(_HOLDERS, {"case_id": row.id})
    return {
        "id": row.id,
        "case": row.id,
        "process": row.process,
        "case_state": row.state,
        "end": row.end_state,
        **{name: found[name] for name in ("business_key", "unit", "created_at", "ended_at")},
        "steps": [
            {"name": name, "assignee": one, "due_at": None if due is None else text(due)}
            for name, one, due in steps
        ],
    }
