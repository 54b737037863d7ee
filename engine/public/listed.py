"""The lists that everybody may read: those whose descriptor says ``public``.

Shown are the rows in force today, without personal columns, and which versions there were.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import lists
from engine.clock import text
from engine.errors import NotFound
from engine.ports import Application
from engine.tables import list_versions

Document = dict[str, Any]

_VERSIONS = (
    sa.select(list_versions.c.version, list_versions.c.activated_at)
    .where(list_versions.c.name == p("name"))
    .order_by(list_versions.c.position.desc())
    .limit(50)
)


def public_lists(app: Application) -> list[Document]:
    """Return ``{name, title_zh, title_en, version, rows}`` of each public list in force."""
    with app.database.reading() as tx:
        app.references.refresh(tx)
    today = app.references.calendar.local(app.clock.now()).date()
    return [
        {
            "name": name,
            "title_zh": one.descriptor.title_zh,
            "title_en": one.descriptor.title_en,
            "version": one.version,
            "rows": len(list(one.in_force(today))),
        }
        for name, one in sorted(app.references.active.items())
        if one.descriptor.is_public
    ]


def public_list(app: Application, name: str) -> Document:
    """Return a public list: its ``columns``, its ``rows`` of today and its ``versions``.

    Raises:
        NotFound: there is no such list, or it is not public.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        found = app.references.active.get(name)
        if found is None or not found.descriptor.is_public:
            raise NotFound(f"There is no public list {name!r}.", hint="See /public/lists.")
        versions = tx.all(_VERSIONS, {"name": name})
    today = app.references.calendar.local(app.clock.now()).date()
    rows = [lists.public(found, row) for row in found.in_force(today)]
    return {
        "name": name,
        "title_zh": found.descriptor.title_zh,
        "title_en": found.descriptor.title_en,
        "columns": [
            one
            for one in found.descriptor.columns.values()
            # A column that says nothing of any row is not worth its width.
            if not one.personal and any(row[one.name] not in (None, "", []) for row in rows)
        ],
        "rows": rows,
        "versions": [{"version": version, "at": text(at)} for version, at in versions],
    }
