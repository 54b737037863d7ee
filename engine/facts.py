"""What ``access`` needs to know of a case, read from its rows.

Whoever had to do with a case stands in its tasks, and a long case has thousands. They
are read only where nothing else answers: ``sees`` and ``reading`` ask first by what a
case has one of.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access
from engine.access import Actor, CaseFacts
from engine.bpmn.model import SECRET
from engine.database import Transaction
from engine.definitions import KEPT, Pinned
from engine.organisation import Organisation
from engine.store import CaseRow
from engine.tables import keys, notices, tasks

_OFFERED = (
    # A step that came round a thousand times says each time the same.
    sa.select(tasks.c.candidates, tasks.c.assignee, tasks.c.ended_by)
    .where(tasks.c.case_id == p("case_id"))
    .distinct()
)
"""Whom its tasks concern."""
_BESIDE = sa.union_all(
    sa.select(sa.literal_column("'@reader'"), notices.c.receiver).where(
        notices.c.case_id == p("case_id"), notices.c.text == sa.literal_column("'copied'")
    ),
    sa.select(keys.c.name, sa.null()).where(
        keys.c.name == sa.literal_column(f"'{SECRET}'"),
        keys.c.value == sa.literal_column("'True'"),
        keys.c.case_id == p("case_id"),
    ),
)
"""Whom they were shown to, and a row where the case is secret."""


def case_facts(tx: Transaction, row: CaseRow, fields: frozenset[str] = frozenset()) -> CaseFacts:
    """Return who has had to do with a case; every task of it is read.

    Args:
        fields: names of the data its starter gave, from ``start_fields``.
    """
    return _with_tasks(tx, _brief(tx, row, fields))


def sees(tx: Transaction, actor: Actor, row: CaseRow, organisation: Organisation) -> bool:
    """Return whether an actor sees a case, as ``access.sees`` judges it.

    Its tasks are read only where neither its unit nor its starter, its readers or a role
    shows it: they show it to more people, never to fewer.
    """
    brief = _brief(tx, row)
    if access.sees(actor, brief, organisation):
        return True
    return access.sees(actor, _with_tasks(tx, brief), organisation)


def reading(
    tx: Transaction,
    actor: Actor,
    row: CaseRow,
    organisation: Organisation,
    *,
    fields: frozenset[str] = frozenset(),
    task_fields: Collection[str] = (),
) -> access.Reading:
    """Return what an actor reads of a case that the actor sees, as ``access.reading`` says.

    Args:
        fields: names of the data its starter gave, from ``start_fields``.
        task_fields: names that the forms of tasks offered to or held by the actor show.
    """
    facts = _brief(tx, row, fields)
    if access.reads_what_is_offered(actor):
        facts = _with_tasks(tx, facts)
    return access.reading(actor, facts, organisation, task_fields=task_fields)


def _brief(tx: Transaction, row: CaseRow, fields: frozenset[str] = frozenset()) -> CaseFacts:
    """Return what is known of a case without its tasks."""
    readers: set[str] = set()
    is_secret = False
    for name, receiver in tx.all(_BESIDE, {"case_id": row.id}):
        if name == SECRET:
            is_secret = True
        else:
            readers.add(receiver.removeprefix("@"))
    return CaseFacts(
        id=row.id,
        unit=row.unit,
        starter=row.starter,
        readers=frozenset(readers),
        start_fields=fields,
        is_secret=is_secret,
    )


def _with_tasks(tx: Transaction, facts: CaseFacts) -> CaseFacts:
    offered: set[tuple[str, str]] = set()
    users: set[str] = set()
    for candidates, assignee, ended_by in tx.all(_OFFERED, {"case_id": facts.id}):
        for one in orjson.loads(candidates):
            if "role" in one:
                offered.add((one["role"], one.get("unit") or ""))
            if "user" in one:
                users.add(one["user"])
        users |= {one for one in (assignee, ended_by) if one}
    return replace(facts, participants=frozenset(users), candidates=frozenset(offered))


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
