"""How much the units already have to do that a task is about to give work to.

A user task whose extension property ``load_of`` names data with unit codes shows,
beside its form, what these units have open today. Looked up when the task is
read; nothing of it enters the case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.bpmn.model import Node
from engine.calendar import LOCAL
from engine.database import Transaction
from engine.ports import Application
from engine.tables import candidates, tasks, users

Document = dict[str, Any]

MOST_UNITS = 12
ROLES = 8
"""So many roles of a unit one query asks for."""

_OPEN: sa.ColumnElement[str] = sa.literal_column("'open'")
_OFFERED = (
    sa.select(tasks.c.case_id, tasks.c.task, tasks.c.process, tasks.c.element, tasks.c.due_at)
    .select_from(
        candidates.join(
            tasks, (tasks.c.case_id == candidates.c.case_id) & (tasks.c.task == candidates.c.task)
        )
    )
    .where(
        candidates.c.unit == p("unit"),
        sa.or_(*(candidates.c.role == p(f"role_{number}") for number in range(ROLES))),
    )
    .distinct()
)
_CLAIMED = (
    sa.select(
        tasks.c.case_id,
        tasks.c.task,
        tasks.c.process,
        tasks.c.element,
        tasks.c.due_at,
        tasks.c.candidates,
    )
    .select_from(tasks.join(users, users.c.name == tasks.c.assignee))
    .where(users.c.person_id == p("person"), tasks.c.state == _OPEN)
)
_Found = dict[tuple[str, str], tuple[str, datetime | None]]


def of(app: Application, tx: Transaction, node: Node, names: Mapping[str, Any]) -> list[Document]:
    """Return ``{unit, name, name_en, open, overdue, visits}`` for the units a task asks about.

    Those that its data name first come first; at most twelve. ``visits`` are the
    open tasks named by the property ``visits`` that are due in this local week.

    Args:
        names: what the task sees; a datum holds a code, a list of codes, or choices.
    """
    asked = node.properties.get("load_of", "").replace(",", " ").split()
    codes = dict.fromkeys(code for name in asked if name in names for code in _codes(names[name]))
    visits = frozenset(node.properties.get("visits", "").replace(",", " ").split())
    return [_load(app, tx, unit, visits) for unit in list(codes)[:MOST_UNITS]]


def _codes(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        code = one.get("value") if isinstance(one, dict) else one
        if isinstance(code, str) and code:
            yield code


def _load(app: Application, tx: Transaction, unit: str, visits: frozenset[str]) -> Document:
    now = app.clock.now()
    local = now.astimezone(LOCAL)
    monday = datetime(local.year, local.month, local.day, tzinfo=LOCAL)
    monday -= timedelta(days=local.weekday())
    found = _open(app, tx, unit)
    row = app.references.organisation.unit(unit, local.date()) or {}
    week = (monday, monday + timedelta(days=7))
    return {
        "unit": unit,
        "name": row.get("name_zh") or unit,
        "name_en": row.get("name_en") or row.get("name_zh") or unit,
        "open": len(found),
        "overdue": sum(1 for _, due in found.values() if due is not None and due < now),
        "visits": sum(
            1
            for element, due in found.values()
            if element in visits and due is not None and week[0] <= due < week[1]
        ),
    }


def _open(app: Application, tx: Transaction, unit: str) -> _Found:
    """Return the open tasks that a unit is offered or has signed for, once each."""
    organisation = app.references.organisation
    day = app.clock.now().astimezone(LOCAL).date()
    roles = organisation.roles_in(unit)
    found: _Found = {}
    for start in range(0, len(roles), ROLES):
        part = roles[start : start + ROLES]
        padded = [*part, *[""] * (ROLES - len(part))]
        named = {f"role_{number}": role for number, role in enumerate(padded)}
        for case, task, process, element, due in tx.all(_OFFERED, {"unit": unit, **named}):
            found[case, task] = f"{process}.{element}", due
    people = {one for role in roles for one in organisation.people_with(role, unit, day)}
    for person in sorted(people):
        for case, task, process, element, due, offered in tx.all(_CLAIMED, {"person": person}):
            # Who works in two units has signed for each task in one of them.
            if unit in {one.get("unit") for one in orjson.loads(offered)}:
                found[case, task] = f"{process}.{element}", due
    return found
