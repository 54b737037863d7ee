"""The notice board: what offices have published, as it was approved.

Rows come from ``projection.boards``. Shown is what is not withdrawn and not past its day;
a title passes the redaction again, because a person approves the text and not always it.
Of photographs those are shown whose files the job named, as long as the case has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import cursors
from engine.calendar import LOCAL
from engine.clock import text
from engine.cursors import Place
from engine.database import Moment
from engine.errors import InvalidRequest, NotFound
from engine.pictures import ENDINGS, is_picture
from engine.ports import Application
from engine.projection.boards import PHOTOS
from engine.redaction import propose
from engine.tables import published
from engine.views.tasks import attached

Document = dict[str, Any]

PAGE = 20
SCANNED = 2_000
"""How many notices a search looks through."""

_COLUMNS = tuple(
    published.c[name]
    for name in ("id", "kind", "level", "title", "text", "category", "unit", "at", "body")
)
_SHOWN = (published.c.withdrawn_at.is_(None), published.c.until_at > p("now", type_=Moment))
_ONE = sa.select(*_COLUMNS).where(published.c.id == p("id"), *_SHOWN)
_PHOTOS = sa.select(published.c.case_id, published.c.body).where(published.c.id == p("id"), *_SHOWN)
_ALL = (
    sa.select(*_COLUMNS)
    .where(
        *_SHOWN,
        published.c.at < p("before", type_=Moment),
        published.c.at >= p("since", type_=Moment),
        sa.tuple_(published.c.at, published.c.id)
        < sa.tuple_(p("after_at", type_=Moment), p("after_id")),
    )
    .order_by(published.c.at.desc(), published.c.id.desc())
    .limit(p("most"))
)
_CATEGORIES = (
    sa.select(published.c.category)
    .where(*_SHOWN, published.c.category != "")
    .distinct()
    .order_by(published.c.category)
    .limit(200)
)
_FIRST = datetime(1970, 1, 1, tzinfo=LOCAL)
_LAST = datetime(9999, 12, 31, tzinfo=LOCAL)


@dataclass(frozen=True, slots=True)
class Search:
    """Which notices are wanted; empty = all.

    Attributes:
        words: all of them must stand in title or text.
        unit: a unit; those of the units below it count.
        month: ``2026-09``.
        kind: ``case``, ``consultation``, ``period``, …
    """

    words: str = ""
    unit: str = ""
    category: str = ""
    month: str = ""
    kind: str = ""


def notices(
    app: Application, search: Search, cursor: str | None = None, *, limit: int = PAGE
) -> Document:
    """Return one page of what is on the board, the newest first: ``{items, next}``.

    Raises:
        InvalidRequest: the month or the cursor cannot be read.
    """
    now = app.clock.now()
    since, before = _month(search.month)
    after_at, after_id, _ = cursors.read(cursor) if cursor else Place(_LAST, "~", "")
    with app.database.reading() as tx:
        app.references.refresh(tx)
        units = _units(app, search.unit)
        values = {
            "now": now,
            "since": since,
            "before": before,
            "after_at": after_at,
            "after_id": after_id,
            "most": limit + 1 if search in (Search(), Search(month=search.month)) else SCANNED,
        }
        rows = [one for one in tx.all(_ALL, values) if _fits(one, search, units)]
    items = [_document(app, one) for one in rows[:limit]]
    last = Place(rows[limit - 1][7], rows[limit - 1][0], "") if len(rows) > limit else None
    return {"items": items, "next": None if last is None else cursors.write(last)}


def notice(app: Application, name: str) -> Document:
    """Return one notice.

    Raises:
        NotFound: there is none of this id, or it is not public any more.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = tx.one(_ONE, {"id": name, "now": app.clock.now()})
    if row is None:
        raise NotFound("There is no such notice.", hint="It may have been withdrawn.")
    return _document(app, row)


def photograph(app: Application, name: str, number: int) -> tuple[str, bytes]:
    """Return (media type, bytes) of a notice's photograph, counted from 1.

    Raises:
        NotFound: there is no such photograph, or it is not public any more.
    """
    with app.database.reading() as tx:
        row = tx.one(_PHOTOS, {"id": name, "now": app.clock.now()})
        named = [] if row is None else orjson.loads(row[1]).get(PHOTOS, [])
        found = None
        if row is not None and 0 < number <= len(named):
            found = attached(tx, row[0], named[number - 1])
    # What is no picture, or one that was never reduced to its pixels, is not for the public.
    if found is None or found[1] not in ENDINGS or not is_picture(found[2]):
        raise NotFound("There is no such photograph.", hint="The notice may have been withdrawn.")
    return found[1], found[2]


def categories(app: Application) -> list[str]:
    """Return the categories of what is on the board."""
    with app.database.reading() as tx:
        return [row[0] for row in tx.all(_CATEGORIES, {"now": app.clock.now()})]


def _units(app: Application, unit: str) -> frozenset[str] | None:
    if not unit:
        return None
    today = app.clock.now().astimezone(LOCAL).date()
    return app.references.organisation.below(unit, today)


def _fits(row: Any, search: Search, units: frozenset[str] | None) -> bool:
    _, kind, _, title, words, category, unit, *_ = row
    return (
        (units is None or unit in units)
        and search.category in ("", category)
        and search.kind in ("", kind)
        and all(one in f"{title} {words}".lower() for one in search.words.lower().split())
    )


def _month(named: str) -> tuple[datetime, datetime]:
    if not named:
        return _FIRST, _LAST
    try:
        first = date.fromisoformat(f"{named}-01")
    except ValueError:
        raise InvalidRequest(f"{named!r} is no month.", hint="Write 2026-09.") from None
    after = (first + timedelta(days=31)).replace(day=1)
    return _midnight(first), _midnight(after)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL)


def _document(app: Application, row: Any) -> Document:
    name, kind, level, title, words, category, unit, at, body = row
    today = app.clock.now().astimezone(LOCAL).date()
    more = orjson.loads(body)
    called = title or str(more.get("subject", ""))
    return {
        "id": name,
        "kind": kind,
        "level": level,
        "title": propose(called, level=level).text or category,
        "text": words,
        "category": category,
        "unit": app.references.organisation.name(unit, today) if unit else "",
        "at": text(at),
        "votes": more.get("votes"),
        "photos": len(more.get(PHOTOS, [])),
    }
