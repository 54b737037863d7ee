"""The statements of the task lists, one for each way to ask.

Each begins with the three columns that a cursor holds: the moment rows are ordered by,
the case, and a name inside the case.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Moment
from engine.tables import candidates, cases, notices, offers, tasks

COUNT_LIMIT = 1000
OPEN: sa.ColumnElement[str] = sa.literal_column("'open'")
"""Written out: an index of open tasks serves no query whose state is a parameter."""

TASK = (
    tasks.c.case_id,
    tasks.c.task,
    tasks.c.process,
    tasks.c.main,
    tasks.c.element,
    tasks.c.name,
    tasks.c.state,
    tasks.c.assignee,
    tasks.c.priority,
    tasks.c.held,
    tasks.c.opened_at,
    tasks.c.due_at,
    tasks.c.original_due_at,
    tasks.c.warn_at,
    tasks.c.provisional,
    tasks.c.continuous,
    tasks.c.ended_at,
    tasks.c.outcome,
    tasks.c.changed,
    cases.c.business_key,
    cases.c.unit,
    cases.c.state.label("case_state"),
)
NAMES = tuple(column.name for column in TASK)
_OFFERED = candidates.join(
    tasks, (tasks.c.case_id == candidates.c.case_id) & (tasks.c.task == candidates.c.task)
).join(cases, cases.c.id == candidates.c.case_id)
_TASKS = tasks.join(cases, cases.c.id == tasks.c.case_id)


class Shape(NamedTuple):
    """Which of the filters a statement has; ``newest`` = latest first, not most urgent."""

    process: bool = False
    unit: bool = False
    overdue: bool = False
    q: bool = False
    newest: bool = False


@lru_cache(maxsize=64)
def pool(shape: Shape) -> Any:
    """Return the query of what is offered to a role in a unit."""
    at = tasks.c.opened_at if shape.newest else tasks.c.sort_at
    query = (
        sa.select(at, *TASK)
        .select_from(_OFFERED)
        .where(candidates.c.role == p("role"), candidates.c.unit == p("unit_of_role"))
    )
    # The moment beside the role and the unit: their index is already in this order.
    return _page(query, tasks.c.opened_at if shape.newest else candidates.c.sort_at, shape)


@lru_cache(maxsize=64)
def mine(shape: Shape) -> Any:
    """Return the query of what a user has claimed."""
    at = tasks.c.opened_at if shape.newest else tasks.c.sort_at
    query = (
        sa.select(at, *TASK)
        .select_from(_TASKS)
        .where(tasks.c.assignee == p("user"), tasks.c.state == OPEN)
    )
    return _page(query, at, shape)


@lru_cache(maxsize=64)
def done(shape: Shape) -> Any:
    """Return the query of what a user has ended, the latest first."""
    query = (
        sa.select(tasks.c.ended_at, *TASK).select_from(_TASKS).where(tasks.c.ended_by == p("user"))
    )
    return _page(query, tasks.c.ended_at, shape._replace(newest=True))


def _page(query: Any, at: sa.ColumnElement[Any], shape: Shape) -> Any:
    table = at.table
    order = (at, table.c.case_id, table.c.task)
    place = sa.tuple_(*order)
    after = sa.tuple_(p("after_at", type_=Moment), p("after_case"), p("after_task"))
    query = query.where(place < after if shape.newest else place > after)
    if shape.overdue:
        query = query.where(tasks.c.due_at <= p("now", type_=Moment))
    query = _filtered(query, shape, tasks.c.main, tasks.c.name)
    return query.order_by(*(one.desc() if shape.newest else one for one in order)).limit(p("limit"))


def _filtered(
    query: Any, shape: Shape, process: sa.ColumnElement[str], *named: sa.ColumnElement[str]
) -> Any:
    if shape.process:
        query = query.where(process == p("process"))
    if shape.unit:
        query = query.where(cases.c.unit == p("unit"))
    if shape.q:
        like = (one.like(p("q"), escape="\\") for one in (*named, cases.c.business_key))
        query = query.where(sa.or_(*like))
    return query


ONE = (
    sa.select(tasks.c.sort_at, *TASK)
    .select_from(_TASKS)
    .where(tasks.c.case_id == p("case_id"), tasks.c.task == p("task"))
)

STATE = sa.select(tasks.c.state).where(tasks.c.case_id == p("case_id"), tasks.c.task == p("task"))


@lru_cache(maxsize=16)
def started(shape: Shape) -> Any:
    """Return the query of the cases that a user has started, the latest first."""
    query = sa.select(
        cases.c.id,
        cases.c.process,
        cases.c.state,
        cases.c.end_state,
        cases.c.business_key,
        cases.c.unit,
        cases.c.created_at,
        cases.c.ended_at,
    ).where(cases.c.starter == p("user"), cases.c.id < p("after_case"))
    filtered = _filtered(query, shape, cases.c.process)
    return filtered.order_by(cases.c.id.desc()).limit(p("limit"))


HOLDERS = sa.select(tasks.c.name, tasks.c.assignee, tasks.c.due_at).where(
    tasks.c.case_id == p("case_id"), tasks.c.state == OPEN
)
NOTICES = (
    sa.select(
        notices.c.at,
        notices.c.case_id,
        notices.c.job,
        notices.c.text,
        notices.c.receiver,
        cases.c.unit,
        cases.c.business_key,
        cases.c.process,
    )
    .select_from(notices.join(cases, cases.c.id == notices.c.case_id))
    .where(
        notices.c.receiver == p("unit_of_role"),
        sa.tuple_(notices.c.at, notices.c.case_id, notices.c.job)
        < sa.tuple_(p("after_at", type_=Moment), p("after_case"), p("after_task")),
    )
    .order_by(notices.c.at.desc(), notices.c.case_id.desc(), notices.c.job.desc())
    .limit(p("limit"))
)
OFFERS = (
    sa.select(offers.c.at, offers.c.case_id, offers.c.place)
    .where(
        offers.c.role == p("role"),
        offers.c.unit == p("unit_of_role"),
        sa.tuple_(offers.c.at, offers.c.case_id, offers.c.place)
        < sa.tuple_(p("after_at", type_=Moment), p("after_case"), p("after_task")),
    )
    .order_by(offers.c.at.desc(), offers.c.case_id.desc(), offers.c.place.desc())
    .limit(p("limit"))
)
IS_OFFERED = (
    sa.select(offers.c.place)
    .where(offers.c.role == p("role"), offers.c.unit == p("unit_of_role"))
    .limit(1)
)


def _counted(query: Any) -> Any:
    return sa.select(sa.func.count()).select_from(query.limit(COUNT_LIMIT).subquery())


COUNT_POOL = _counted(
    sa.select(candidates.c.case_id).where(
        candidates.c.role == p("role"), candidates.c.unit == p("unit_of_role")
    )
)
COUNT_MINE = _counted(
    sa.select(tasks.c.case_id).where(tasks.c.assignee == p("user"), tasks.c.state == OPEN)
)
COUNT_DONE = _counted(sa.select(tasks.c.case_id).where(tasks.c.ended_by == p("user")))
COUNT_STARTED = _counted(sa.select(cases.c.id).where(cases.c.starter == p("user")))


def _kinds(query: Any) -> Any:
    some = query.limit(COUNT_LIMIT).subquery()
    return sa.select(some.c.main, some.c.unit).distinct()


KINDS_POOL = _kinds(
    sa.select(tasks.c.main, cases.c.unit)
    .select_from(_OFFERED)
    .where(candidates.c.role == p("role"), candidates.c.unit == p("unit_of_role"))
)
KINDS_MINE = _kinds(
    sa.select(tasks.c.main, cases.c.unit)
    .select_from(_TASKS)
    .where(tasks.c.assignee == p("user"), tasks.c.state == OPEN)
)
"""(process, unit) that occur among the first thousand tasks of a list: what it is filtered by."""
