"""Lists and their versions, as who looks after them reads them.

Which version was put in force by whom and when stands in ``@lists``; a version's rows
are read from its file. Personal columns are shown to who may read people, and to
nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy import func

from engine import access, references, revisions, store
from engine.access import Actor
from engine.clock import text
from engine.database import Transaction
from engine.errors import NotFound
from engine.facts import sees
from engine.lists import ListVersion, span
from engine.ports import Application
from engine.store import CASE_COLUMNS, CaseRow
from engine.tables import cases as case_table
from engine.tables import list_versions

Document = dict[str, Any]

PAGE = 50
"""Rows of a list that a page shows."""
SHOWN = 200
"""Cases that are named as holding an older version."""

_VERSIONS = sa.select(
    list_versions.c.name, list_versions.c.version, list_versions.c.activated_at,
    list_versions.c.position,
).order_by(list_versions.c.position.desc())  # fmt: skip
_OF_NAME = _VERSIONS.where(list_versions.c.name == p("name"))
_OPEN = case_table.c.ended_at.is_(None)
_PINNING = sa.select(case_table.c.lists, func.count()).where(_OPEN).group_by(case_table.c.lists)
_HOLDING = (
    sa.select(*CASE_COLUMNS)
    .where(_OPEN, case_table.c.lists.like(p("like")))
    .order_by(case_table.c.id)
    .limit(SHOWN * 5)
)


def list_overview(app: Application) -> list[Document]:
    """Return every list in force with how many versions it has and who put it in force when.

    ``held`` is how many open cases hold an older version.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        pinned = _pinned(tx)
        versions: dict[str, list[Any]] = {}
        for row in tx.all(_VERSIONS, {}):
            versions.setdefault(row[0], []).append(row)
        found = []
        for name, version in sorted(app.references.active.items()):
            newest = versions[name][0]
            older = sum(n for one, n in pinned.get(name, {}).items() if one != version.version)
            act = _act(tx, newest[3])
            found.append({**references.document(version), "kind": version.descriptor.kind,
                          "versions": len(versions[name]), "at": text(newest[2]),
                          "by": act["by"], "held": older})  # fmt: skip
    return found


def list_history(app: Application, name: str) -> list[Document]:
    """Return every version of a list, the one in force first.

    Returns:
        ``{version, at, by, case, rows, active, held}``; ``held`` is how many open cases
        hold it.

    Raises:
        NotFound: there is no such list.
    """
    with app.database.reading() as tx:
        active = _active(app, tx, name)
        pinned = _pinned(tx).get(name, {})
        return [
            {
                "version": version,
                "at": text(at),
                **_act(tx, position),
                "rows": len(app.references.version(tx, name, version).rows),
                "active": version == active.version,
                "held": pinned.get(version, 0),
            }
            for _, version, at, position in tx.all(_OF_NAME, {"name": name})
        ]


def list_page(
    app: Application,
    actor: Actor,
    name: str,
    version: str | None = None,
    *,
    words: str = "",
    day: date | None = None,
    filters: Mapping[str, str] | None = None,
    at: int = 0,
) -> Document:
    """Return some rows of a version of a list, in the order of its file.

    Args:
        version: None = the one in force.
        words: what rows must have in one of the cells that the actor may read.
        day: rows in force on it; None = all.
        filters: what cells must hold exactly, by column.
        at: how many rows that match are passed over.

    Returns:
        ``references.document`` with ``columns``, ``count`` (how many match), ``at`` and
        ``items``: ``{row, key, first, last, ends}``; ``row`` has the cells that the actor may read.

    Raises:
        NotFound: there is no such list or version.
    """
    shown = list_version(app, name, version)
    columns = readable(actor, shown)
    wanted = [one.casefold() for one in words.split()]
    found = [
        row
        for row in shown.rows
        if (day is None or shown.is_in_force(row, day.isoformat()))
        and all(_holds(row.get(column), cell) for column, cell in (filters or {}).items() if cell)
        and _says(row, columns, wanted)
    ]
    return {
        **references.document(shown),
        "columns": [shown.descriptor.columns[one] for one in columns],
        "count": len(found),
        "at": at,
        "items": [_item(shown, columns, row) for row in found[at : at + PAGE]],
    }


def list_difference(app: Application, name: str, old: str, new: str) -> Document:
    """Return what ``new`` changes of ``old``: see ``revisions.difference``.

    Raises:
        NotFound: there is no such list or version.
    """
    before, after = list_version(app, name, old), list_version(app, name, new)
    return revisions.difference(before, after)


def list_version(app: Application, name: str, version: str | None = None) -> ListVersion:
    """Return a version of a list, or the one in force.

    Raises:
        NotFound: there is none.
    """
    with app.database.reading() as tx:
        active = _active(app, tx, name)
        if version is None or version == active.version:
            return active
        try:
            return app.references.version(tx, name, version)
        except KeyError:
            raise NotFound(f"The list {name!r} has no version {version!r}.") from None


def list_holders(app: Application, actor: Actor, name: str) -> list[Document]:
    """Return the open cases that hold an older version of a list, of those the actor sees.

    Returns:
        ``{case, business_key, process, version}``, at most 200.
    """
    with app.database.reading() as tx:
        active = _active(app, tx, name)
        older = [one for one in _pinned(tx).get(name, {}) if one != active.version]
        found: list[Document] = []
        for version in older:
            for row in tx.all(_HOLDING, {"like": f'%"{name}":"{version}"%'}):
                case = CaseRow(*row)
                if sees(tx, actor, case, app.references.organisation):
                    found.append({"case": case.id, "business_key": case.business_key,
                                  "process": case.process, "version": version})  # fmt: skip
    return found[:SHOWN]


def list_pins(app: Application, name: str) -> dict[str, int]:
    """Return how many open cases hold which version of a list."""
    with app.database.reading() as tx:
        return _pinned(tx).get(name, {})


def readable(actor: Actor, version: ListVersion) -> list[str]:
    """Return the columns of a list that an actor may read."""
    hidden = frozenset() if access.may(actor, "read_people") else version.descriptor.personal
    return [one for one in version.descriptor.columns if one not in hidden]


def _active(app: Application, tx: Transaction, name: str) -> ListVersion:
    app.references.refresh(tx)
    found = app.references.active.get(name)
    if found is None:
        raise NotFound(f"There is no list {name!r}.", hint="See the lists in force.")
    return found


def _act(tx: Transaction, position: int) -> Document:
    entry = store.read_entry(tx, references.STREAM, position)
    if entry is None:
        return {"by": "", "case": None, "digest": ""}
    document = entry.document()
    return {"by": document["actor"], "case": document["command"].get("case"),
            "digest": entry.digest}  # fmt: skip


def _pinned(tx: Transaction) -> dict[str, dict[str, int]]:
    """Return list -> version -> how many open cases hold it."""
    found: dict[str, dict[str, int]] = {}
    for kept, count in tx.all(_PINNING, {}):
        for name, version in orjson.loads(kept).items():
            versions = found.setdefault(name, {})
            versions[version] = versions.get(version, 0) + count
    return found


def _holds(cell: Any, wanted: str) -> bool:
    return wanted in cell if isinstance(cell, list) else str(cell) == wanted


def _says(row: Mapping[str, Any], columns: list[str], words: list[str]) -> bool:
    if not words:
        return True
    said = " ".join(str(row[one]) for one in columns if row[one] is not None).casefold()
    return all(word in said for word in words)


def _item(version: ListVersion, columns: list[str], row: Mapping[str, Any]) -> Document:
    first, last = span(version.descriptor, row)
    return {"row": {one: row[one] for one in columns}, "key": list(version.key(row)),
            "first": first, "last": last}  # fmt: skip
