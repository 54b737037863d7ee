"""What ``access`` needs to know of a case, read from its rows."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.access import CaseFacts
from engine.bpmn.model import SECRET
from engine.database import Transaction
from engine.definitions import KEPT, Pinned
from engine.store import CaseRow
from engine.tables import keys, notices, tasks

_INVOLVED = sa.union_all(
    # A step that came round a thousand times says each time the same.
    sa.select(tasks.c.candidates, tasks.c.assignee, tasks.c.ended_by)
    .where(tasks.c.case_id == p("case_id"))
    .distinct(),
    sa.select(sa.literal_column("'@reader'"), notices.c.receiver, sa.null()).where(
        notices.c.case_id == p("case_id"), notices.c.text == sa.literal_column("'copied'")
    ),
    sa.select(keys.c.name, sa.null(), sa.null()).where(
        keys.c.name == sa.literal_column(f"'{SECRET}'"),
        keys.c.value == sa.literal_column("'True'"),
        keys.c.case_id == p("case_id"),
    ),
)
"""Whom its tasks concern, whom they were shown to, and a row where the case is secret."""


def case_facts(tx: Transaction, row: CaseRow, fields: frozenset[str] = frozenset()) -> CaseFacts:
    """Return who has had to do with a case.

    Args:
        fields: names of the data its starter gave, from ``start_fields``.
    """
    offered: set[tuple[str, str]] = set()
    users: set[str] = set()
    readers: set[str] = set()
    is_secret = False
    for candidates, assignee, ended_by in tx.all(_INVOLVED, {"case_id": row.id}):
        if candidates == SECRET:
            is_secret = True
            continue
        if candidates == "@reader":
            readers.add(assignee.removeprefix("@"))
            continue
        for one in orjson.loads(candidates):
            if "role" in one:
                offered.add((one["role"], one.get("unit") or ""))
            if "user" in one:
                users.add(one["user"])
        users |= {one for one in (assignee, ended_by) if one}
    return CaseFacts(
        id=row.id,
        unit=row.unit,
        starter=row.starter,
        participants=frozenset(users),
        candidates=frozenset(offered),
        readers=frozenset(readers),
        start_fields=fields,
        is_secret=is_secret,
    )


def start_fields(pinned: Pinned) -> frozenset[str]:
    """Return the names that the start forms of a case's process ask for."""
    found: set[str] = set()
    for start in pinned.main.root.starts:
        form = pinned.form_of(pinned.bundle.main, start)
        if form is not None:
            found |= form.editable
    return frozenset(found)


_classes: dict[int, tuple[Pinned, Mapping[str, str]]] = {}


def field_classes(pinned: Pinned) -> Mapping[str, str]:
    """Return the class of every field that a form of the case names.

    Where forms disagree the strictest decides: ``ballot``, ``reporter``, ``working``,
    ``public``. Those of versions that it ran on before a migration count as well.
    """
    known = _classes.get(id(pinned))
    if known is None:
        if len(_classes) >= KEPT:
            _classes.clear()
        # Holding what is pinned keeps its identity from being given to another.
        known = _classes[id(pinned)] = (pinned, _field_classes(pinned))
    return known[1]


def _field_classes(pinned: Pinned) -> Mapping[str, str]:
    strictness = {"public": 0, "working": 1, "reporter": 2, "ballot": 3}
    classes: dict[str, str] = {}
    for form in (*pinned.forms.values(), *pinned.former):
        for key, name in form.field_classes.items():
            if strictness[name] >= strictness[classes.get(key, "public")]:
                classes[key] = name
    return classes
