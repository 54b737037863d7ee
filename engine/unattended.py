"""Open tasks that nobody is left to do (无人承办).

A task is *unattended* when its assignee has left office, was disabled or never
was a user, or when nobody who may sign in holds a role it is offered to. Nothing
moves by itself: the heads of the unit see such tasks and hand them to somebody
(转办); ``bihuan import`` names those that its files would make.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, accounts
from engine.access import Actor, CaseFacts, TaskFacts
from engine.accounts import Account
from engine.calendar import LOCAL
from engine.clock import text
from engine.database import Transaction
from engine.organisation import Grant, Organisation
from engine.ports import Application
from engine.tables import candidates, cases, tasks

Document = dict[str, Any]

_OPEN: sa.ColumnElement[str] = sa.literal_column("'open'")
_ASSIGNEES = (
    sa.select(tasks.c.assignee)
    .where(tasks.c.assignee.is_not(None), tasks.c.state == _OPEN)
    .distinct()
)
_OFFERED = sa.select(candidates.c.role, candidates.c.unit).distinct()
_TASK = (
    tasks.c.case_id,
    tasks.c.task,
    tasks.c.name,
    tasks.c.element,
    tasks.c.assignee,
    tasks.c.candidates,
    tasks.c.due_at,
    cases.c.business_key,
    cases.c.unit,
    cases.c.starter,
)
_OF_ASSIGNEE = (
    sa.select(*_TASK)
    .select_from(tasks.join(cases, cases.c.id == tasks.c.case_id))
    .where(tasks.c.assignee == p("assignee"), tasks.c.state == _OPEN)
)
_OF_PAIR = (
    sa.select(*_TASK)
    .select_from(
        candidates.join(
            tasks, (tasks.c.case_id == candidates.c.case_id) & (tasks.c.task == candidates.c.task)
        ).join(cases, cases.c.id == candidates.c.case_id)
    )
    .where(candidates.c.role == p("role"), candidates.c.unit == p("unit"))
)


@dataclass(frozen=True, slots=True)
class Work:
    """Who has or is offered open tasks, and the users there are."""

    tx: Transaction
    users: dict[str, Account]
    assignees: list[str]
    offered: list[Grant]


def reading(tx: Transaction) -> Work:
    """Return what is needed to judge, read once."""
    return Work(
        tx,
        {one.name: one for one in accounts.read_users(tx)},
        [row[0] for row in tx.all(_ASSIGNEES, {})],
        [(row[0], row[1]) for row in tx.all(_OFFERED, {})],
    )


def tasks_of(app: Application, actor: Actor) -> list[Document]:
    """Return the unattended tasks that an actor may hand on, by due moment.

    Those are the heads of the units that a task is offered to, and ``admin``.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        organisation = app.references.organisation
        day = app.clock.now().astimezone(LOCAL).date()
        found = left_alone(reading(tx), organisation, day)
    return [one for one in found if _may_hand_on(actor, one, organisation)]


def left_alone(work: Work, organisation: Organisation, day: date) -> list[Document]:
    """Return all unattended tasks as they would be with an organisation on a day, by due moment.

    Returns:
        ``{id, case, name, element, assignee, candidates, due_at, business_key, unit, reason}``;
        ``reason`` is ``left``, ``disabled``, ``unknown`` (the assignee is no user) or
        ``nobody`` (holds the roles it is offered to).
    """
    able = _Able(work.users.values(), organisation, day)
    found: dict[str, Document] = {}
    for name in work.assignees:
        reason = _absence(work.users.get(name), organisation, day)
        if reason is not None:
            for row in work.tx.all(_OF_ASSIGNEE, {"assignee": name}):
                found[f"{row[0]}.{row[1]}"] = _document(row, reason)
    for role, unit in work.offered:
        if not able.holds(role, unit):
            for row in work.tx.all(_OF_PAIR, {"role": role, "unit": unit}):
                others = _pairs(orjson.loads(row[5]))
                if not any(able.holds(*pair) for pair in others):
                    found[f"{row[0]}.{row[1]}"] = _document(row, "nobody")
    return sorted(found.values(), key=lambda one: (one["due_at"] or "9", one["id"]))


class _Able:
    """Who could act on a day, by role and unit."""

    def __init__(self, users: Iterable[Account], organisation: Organisation, day: date) -> None:
        enabled = [one for one in users if one.disabled_at is None]
        self._names = {one.name for one in enabled if accounts.in_office(one, organisation, day)}
        self._people = {one.person_id for one in enabled} - {None}
        local = organisation.reach(pair for one in enabled for pair in one.grants)
        self._local = organisation.taken_over(local, day)
        self._organisation, self._day = organisation, day
        self._known: dict[Grant, bool] = {}

    def holds(self, role: str, unit: str) -> bool:
        """Return whether somebody is there for tasks offered to this role in this unit."""
        pair = (role, unit)
        if pair not in self._known:
            self._known[pair] = self._look(role, unit)
        return self._known[pair]

    def _look(self, role: str, unit: str) -> bool:
        if role == "@anyone":
            return True
        if role == "@user":
            return unit in self._names
        people = self._organisation.people_with(role, unit, self._day, substitutes=True)
        return (role, unit) in self._local or not self._people.isdisjoint(people)


def _absence(account: Account | None, organisation: Organisation, day: date) -> str | None:
    if account is None:
        return "unknown"
    if account.disabled_at is not None:
        return "disabled"
    return None if accounts.in_office(account, organisation, day) else "left"


def _pairs(offered: list[Document]) -> Iterator[Grant]:
    for one in offered:
        yield (
            ("@user", one["user"]) if "user" in one else (one.get("role", ""), one["unit"] or "")
        )


def _document(row: tuple[Any, ...], reason: str) -> Document:
    names = ("case", "task", "name", "element", "assignee", "candidates", "due_at",
             "business_key", "unit", "starter")  # fmt: skip
    found = dict(zip(names, row, strict=True))
    found["id"] = f"{found['case']}.{found.pop('task')}"
    found["candidates"] = orjson.loads(found["candidates"])
    found["due_at"] = None if found["due_at"] is None else text(found["due_at"])
    return {**found, "reason": reason}


def _may_hand_on(actor: Actor, task: Document, organisation: Organisation) -> bool:
    offered_to = frozenset(_pairs(task["candidates"]))
    facts = CaseFacts(
        id=task["case"], unit=task["unit"], starter=task["starter"], candidates=offered_to
    )
    offered = TaskFacts(task["assignee"], task["candidates"])
    return access.may(actor, "transfer", facts, offered, organisation=organisation)
