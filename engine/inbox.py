"""The task lists: what waits for me, what I have, what I did, started or was told.

Rows are projected from events (``projection``); here they are only read. A
person is asked about by the (role, unit) pairs held now, so substitutes and
people who left need no rewriting of rows. Each pair is one walk along an index
that is already in the order shown, so the first page costs the same whether a
thousand or a hundred thousand tasks are open.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import cursors
from engine.clock import parse, text
from engine.commands import is_signature, signed_task
from engine.cursors import Place
from engine.database import Moment, Transaction
from engine.errors import InvalidRequest
from engine.tables import candidates, cases, notices, tasks

VIEWS = ("pool", "mine", "done", "started", "cc")
COUNT_LIMIT = 1000
_EARLIEST = parse("0001-01-02T00:00:00Z")
_LATEST = parse("9999-12-31T00:00:00Z")
OPEN: sa.ColumnElement[str] = sa.literal_column("'open'")
"""Written out: an index of open tasks serves no query whose state is a parameter."""
Grants = Iterable[tuple[str, str]]
Item = dict[str, Any]

_TASK = (
    tasks.c.sort_at,
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
_NAMES = tuple(column.name for column in _TASK)


def offered_to(name: str, grants: Grants) -> list[tuple[str, str]]:
    """Return the (role, unit) pairs under which tasks are offered to a user."""
    return sorted({*grants, ("@user", name), ("@anyone", "")})


@lru_cache(maxsize=64)
def _pool(process: bool, overdue: bool, q: bool) -> Any:
    source = candidates.join(
        tasks, (tasks.c.case_id == candidates.c.case_id) & (tasks.c.task == candidates.c.task)
    ).join(cases, cases.c.id == candidates.c.case_id)
    query = (
        sa.select(*_TASK)
        .select_from(source)
        .where(candidates.c.role == p("role"), candidates.c.unit == p("unit"))
    )
    return _page(query, candidates, process, overdue, q)


@lru_cache(maxsize=64)
def _mine(process: bool, overdue: bool, q: bool) -> Any:
    query = (
        sa.select(*_TASK)
        .select_from(tasks.join(cases, cases.c.id == tasks.c.case_id))
        .where(tasks.c.assignee == p("user"), tasks.c.state == OPEN)
    )
    return _page(query, tasks, process, overdue, q)


def _page(query: Any, table: sa.Table, process: bool, overdue: bool, q: bool) -> Any:
    place = sa.tuple_(table.c.sort_at, table.c.case_id, table.c.task)
    after = sa.tuple_(p("after_at", type_=Moment), p("after_case"), p("after_task"))
    query = query.where(place > after)
    if process:
        query = query.where(tasks.c.main == p("process"))
    if overdue:
        query = query.where(tasks.c.due_at <= p("now", type_=Moment))
    if q:
        pattern: Any = p("q")
        query = query.where(
            tasks.c.name.like(pattern, escape="\\")
            | cases.c.business_key.like(pattern, escape="\\")
        )
    return query.order_by(table.c.sort_at, table.c.case_id, table.c.task).limit(p("limit"))


_DONE = (
    sa.select(*_TASK)
    .select_from(tasks.join(cases, cases.c.id == tasks.c.case_id))
    .where(
        tasks.c.ended_by == p("user"),
        sa.tuple_(tasks.c.ended_at, tasks.c.case_id, tasks.c.task)
        < sa.tuple_(p("after_at", type_=Moment), p("after_case"), p("after_task")),
    )
    .order_by(tasks.c.ended_at.desc(), tasks.c.case_id.desc(), tasks.c.task.desc())
    .limit(p("limit"))
)
_ONE = (
    sa.select(*_TASK)
    .select_from(tasks.join(cases, cases.c.id == tasks.c.case_id))
    .where(tasks.c.case_id == p("case_id"), tasks.c.task == p("task"))
)
_STARTED = (
    sa.select(
        cases.c.id,
        cases.c.process,
        cases.c.state,
        cases.c.end_state,
        cases.c.business_key,
        cases.c.unit,
        cases.c.created_at,
        cases.c.ended_at,
    )
    .where(cases.c.starter == p("user"), cases.c.id < p("after_case"))
    .order_by(cases.c.id.desc())
    .limit(p("limit"))
)
_HOLDERS = sa.select(tasks.c.name, tasks.c.assignee, tasks.c.due_at).where(
    tasks.c.case_id == p("case_id"), tasks.c.state == OPEN
)
_NOTICES = (
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
        notices.c.receiver == p("unit"),
        sa.tuple_(notices.c.at, notices.c.case_id, notices.c.job)
        < sa.tuple_(p("after_at", type_=Moment), p("after_case"), p("after_task")),
    )
    .order_by(notices.c.at.desc(), notices.c.case_id.desc(), notices.c.job.desc())
    .limit(p("limit"))
)
_COUNT_POOL = sa.select(sa.func.count()).select_from(
    sa.select(candidates.c.case_id)
    .where(candidates.c.role == p("role"), candidates.c.unit == p("unit"))
    .limit(COUNT_LIMIT)
    .subquery()
)
_COUNT_MINE = sa.select(sa.func.count()).select_from(
    sa.select(tasks.c.case_id)
    .where(tasks.c.assignee == p("user"), tasks.c.state == OPEN)
    .limit(COUNT_LIMIT)
    .subquery()
)


def page(
    tx: Transaction,
    user: str,
    grants: Grants,
    *,
    now: datetime,
    view: str = "pool",
    process: str | None = None,
    overdue: bool = False,
    q: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[Item], str | None]:
    """Return one page of a view and the cursor of the next, or None at the end.

    Args:
        view: ``pool`` (待签: offered to me), ``mine`` (待办: claimed by me), both by
            due moment, tasks without one last; ``done`` (已办), ``started`` (我发起)
            and ``cc`` (抄送), newest first.
        overdue: only tasks that are past due (pool and mine).
        q: text inside the task's name or the case's business key.

    Raises:
        InvalidRequest: an unknown view or a cursor that is none of ours.
    """
    if view not in VIEWS:
        raise InvalidRequest(
            f"There is no view {view!r}.", hint=f"Choose one of {', '.join(VIEWS)}."
        )
    pairs = offered_to(user, grants)
    values: dict[str, Any] = {
        "user": user,
        "now": now,
        "process": process,
        "q": None if q is None else f"%{_escaped(q)}%",
        "limit": limit + 1,
    }
    newest = view in {"done", "started", "cc"}
    values |= _after(cursor, newest=newest)
    if view == "started":
        return _started(tx, values, limit)
    if view == "cc":
        held = {one for grant in grants for one in grant} | {f"@{user}"}
        rows = _merged(tx, _NOTICES, values, [("", one) for one in sorted(held)], newest=True)
        return _cut([_notice(row) for row in rows], rows, limit)
    flags = (process is not None, overdue, q is not None)
    if view == "pool":
        rows = _merged(tx, _pool(*flags), values, pairs)
    else:
        rows = tx.all(_mine(*flags) if view == "mine" else _DONE, values)
    items = [_item(row, now) for row in rows]
    if view == "done":
        rows = [(item["_ended"], *row[1:]) for item, row in zip(items, rows, strict=True)]
    return _cut(items, rows, limit)


def one(tx: Transaction, case_id: str, task: str, now: datetime) -> Item:
    """Return a task as the lists show it."""
    (row,) = tx.all(_ONE, {"case_id": case_id, "task": task})
    item = _item(row, now)
    del item["_ended"]
    return item


def counts(tx: Transaction, user: str, grants: Grants) -> dict[str, int]:
    """Return how many tasks are offered to a user and claimed; counting stops at 1,000."""
    pool = 0
    for role, unit in offered_to(user, grants):
        row = tx.one(_COUNT_POOL, {"role": role, "unit": unit})
        pool += row[0] if row else 0
        if pool >= COUNT_LIMIT:
            break
    mine = tx.one(_COUNT_MINE, {"user": user})
    return {"pool": min(pool, COUNT_LIMIT), "mine": mine[0] if mine else 0}


def tag(items: Iterable[Mapping[str, Any]]) -> str:
    """Return an ETag for what a list shows: equal while nothing in it changed."""
    shown = [[one.get("id"), one.get("etag"), one.get("colour")] for one in items]
    return '"' + hashlib.sha256(orjson.dumps(shown)).hexdigest()[:24] + '"'


def _merged(
    tx: Transaction,
    query: Any,
    values: dict[str, Any],
    pairs: list[tuple[str, str]],
    *,
    newest: bool = False,
) -> list[Any]:
    found = (tx.all(query, {**values, "role": role, "unit": unit}) for role, unit in pairs)
    rows = heapq.merge(*found, key=lambda row: row[:3], reverse=newest)
    kept: dict[tuple[str, str], Any] = {}
    for row in rows:
        kept.setdefault((row[1], row[2]), row)
        if len(kept) >= values["limit"]:
            break
    return list(kept.values())


def _cut(items: list[Item], rows: list[Any], limit: int) -> tuple[list[Item], str | None]:
    for item in items:
        item.pop("_ended", None)
    if len(rows) <= limit:
        return items, None
    at, case_id, name = rows[limit - 1][:3]
    return items[:limit], cursors.write(Place(at, case_id, name))


def _after(cursor: str | None, *, newest: bool) -> dict[str, Any]:
    if cursor is None:
        at, edge = (_LATEST, "\uffff") if newest else (_EARLIEST, "")
        place = Place(at, edge, edge)
    else:
        place = cursors.read(cursor)
    return {"after_at": place.at, "after_case": place.case, "after_task": place.name}


def _started(tx: Transaction, values: dict[str, Any], limit: int) -> tuple[list[Item], str | None]:
    rows = tx.all(_STARTED, values)
    items = []
    for row in rows[:limit]:
        holders = tx.all(_HOLDERS, {"case_id": row[0]})
        items.append(
            {
                "id": row[0],
                "case": row[0],
                "process": row[1],
                "case_state": row[2],
                "end": row[3],
                "business_key": row[4],
                "unit": row[5],
                "created_at": text(row[6]),
                "ended_at": None if row[7] is None else text(row[7]),
                "steps": [
                    {
                        "name": name,
                        "assignee": assignee,
                        "due_at": None if due_at is None else text(due_at),
                    }
                    for name, assignee, due_at in holders
                ],
            }
        )
    places = [(row[6], row[0], "") for row in rows]
    return _cut(items, places, limit)


def _notice(row: Any) -> Item:
    # What was handed to one person is about a task: "TASK@POSITION".
    task = f"{row[1]}.{row[2].rpartition('@')[0]}" if row[4].startswith("@") else None
    return {
        "id": f"{row[1]}/{row[2]}",
        "case": row[1],
        "at": text(row[0]),
        "text": row[3],
        "to": row[4],
        "unit": row[5],
        "business_key": row[6],
        "process": row[7],
        "task": task,
    }


def _item(row: Any, now: datetime) -> Item:
    values = dict(zip(_NAMES, row, strict=True))
    ended = values.pop("ended_at")
    # What was handed on (转办) is the same task to who looks for it.
    name = values["task"].partition("^")[0]
    item: Item = {
        "id": f"{values['case_id']}.{name}",
        "of": f"{values['case_id']}.{signed_task(name)}" if is_signature(name) else None,
        "case": values["case_id"],
        "process": values["main"],
        "called": values["process"],
        "element": values["element"],
        "name": values["name"],
        "state": values["state"],
        "assignee": values["assignee"],
        "priority": values["priority"],
        "held": bool(values["held"]),
        "provisional": bool(values["provisional"]),
        "continuous": bool(values["continuous"]),
        "outcome": values["outcome"],
        "business_key": values["business_key"],
        "unit": values["unit"],
        "case_state": values["case_state"],
        "etag": f'"{values["changed"]}"',
        "colour": colour(values["due_at"], values["warn_at"], now),
        "_ended": ended,
    }
    for name in ("opened_at", "due_at", "original_due_at", "warn_at"):
        at = values[name]
        item[name] = None if at is None else text(at)
    item["ended_at"] = None if ended is None else text(ended)
    return item


def colour(due_at: datetime | None, warn_at: datetime | None, now: datetime) -> str:
    """Return ``red`` past due, ``yellow`` past the warning, else ``plain``."""
    if due_at is not None and due_at <= now:
        return "red"
    return "yellow" if warn_at is not None and warn_at <= now else "plain"


def _escaped(q: str) -> str:
    return q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
