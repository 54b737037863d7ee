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
from typing import Any

import orjson

from engine import cursors
from engine.clock import parse, text
from engine.commands import is_signature, signed_task
from engine.cursors import Place
from engine.database import Transaction
from engine.errors import InvalidRequest
from engine.inbox import queries
from engine.inbox.queries import COUNT_LIMIT, Shape

VIEWS = ("pool", "mine", "done", "started", "cc")
SORTS = ("due", "newest")
_EARLIEST = parse("0001-01-02T00:00:00Z")
_LATEST = parse("9999-12-31T00:00:00Z")
Grants = Iterable[tuple[str, str]]
Item = dict[str, Any]


def offered_to(name: str, grants: Grants) -> list[tuple[str, str]]:
    """Return the (role, unit) pairs under which tasks are offered to a user."""
    return sorted({*grants, ("@user", name), ("@anyone", "")})


def page(
    tx: Transaction,
    user: str,
    grants: Grants,
    *,
    now: datetime,
    view: str = "pool",
    process: str | None = None,
    unit: str | None = None,
    overdue: bool = False,
    q: str | None = None,
    sort: str = "due",
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[Item], str | None]:
    """Return one page of a view and the cursor of the next, or None at the end.

    Args:
        view: ``pool`` (待签: offered to me), ``mine`` (待办: claimed by me), both by
            due moment, tasks without one last; ``done`` (已办), ``started`` (我发起)
            and ``cc`` (抄送), newest first.
        unit: only of cases of this unit (not ``cc``, like the other filters).
        overdue: only tasks that are past due (pool and mine).
        q: text inside the task's name or the case's business key.
        sort: ``newest`` = what came last first (pool and mine).

    Raises:
        InvalidRequest: an unknown view or a cursor that is none of ours.
    """
    if view not in VIEWS:
        raise InvalidRequest(
            f"There is no view {view!r}.", hint=f"Choose one of {', '.join(VIEWS)}."
        )
    values: dict[str, Any] = {
        "user": user,
        "now": now,
        "process": process,
        "unit": unit,
        "q": None if q is None else f"%{_escaped(q)}%",
        "limit": limit + 1,
    }
    newest = view in {"done", "started", "cc"} or sort == "newest"
    shape = Shape(process is not None, unit is not None, overdue, q is not None, newest)
    values |= _after(cursor, newest=newest)
    if view == "started":
        return _started(tx, shape, values, limit)
    if view == "cc":
        held = {one for grant in grants for one in grant} | {f"@{user}"}
        pairs = [("", one) for one in sorted(held)]
        rows = _merged(tx, queries.NOTICES, values, pairs, newest=True)
        return _cut([_notice(row) for row in rows], rows, limit)
    if view == "pool":
        rows = _merged(tx, queries.pool(shape), values, offered_to(user, grants), newest=newest)
    else:
        rows = tx.all((queries.mine if view == "mine" else queries.done)(shape), values)
    return _cut([_item(row, now) for row in rows], rows, limit)


def offers(
    tx: Transaction, user: str, grants: Grants, *, limit: int, cursor: str | None = None
) -> list[Any]:
    """Return the open ad-hoc sub-processes that are offered to a user, the latest first.

    Returns:
        At most ``limit`` rows: the moment, the case, the visit's place.

    Raises:
        InvalidRequest: the cursor is none of ours.
    """
    values = {"limit": limit, **_after(cursor, newest=True)}
    return _merged(tx, queries.OFFERS, values, offered_to(user, grants), newest=True)


def has_offers(tx: Transaction, user: str, grants: Grants) -> bool:
    """Whether an ad-hoc sub-process is open that is offered to a user."""
    pairs = offered_to(user, grants)
    asked = ({"role": role, "unit_of_role": unit} for role, unit in pairs)
    return any(tx.one(queries.IS_OFFERED, one) is not None for one in asked)


def one(tx: Transaction, case_id: str, task: str, now: datetime) -> Item:
    """Return a task as the lists show it."""
    (row,) = tx.all(queries.ONE, {"case_id": case_id, "task": task})
    return _item(row, now)


def state(tx: Transaction, case_id: str, task: str) -> str | None:
    """Return whether a task is ``open``, ``completed`` or ``cancelled``; None = no such task."""
    row = tx.one(queries.STATE, {"case_id": case_id, "task": task})
    return None if row is None else str(row[0])


def counts(tx: Transaction, user: str, grants: Grants) -> dict[str, int]:
    """Return how many tasks are offered to a user and claimed; counting stops at 1,000."""
    pool = 0
    for role, unit in offered_to(user, grants):
        row = tx.one(queries.COUNT_POOL, {"role": role, "unit_of_role": unit})
        pool += row[0] if row else 0
        if pool >= COUNT_LIMIT:
            break
    mine = tx.one(queries.COUNT_MINE, {"user": user})
    return {"pool": min(pool, COUNT_LIMIT), "mine": mine[0] if mine else 0}


def totals(tx: Transaction, user: str) -> dict[str, int]:
    """Return how many tasks a user has done and cases started; counting stops at 1,000."""
    done = tx.one(queries.COUNT_DONE, {"user": user})
    started = tx.one(queries.COUNT_STARTED, {"user": user})
    return {"done": done[0] if done else 0, "started": started[0] if started else 0}


def kinds(tx: Transaction, user: str, grants: Grants, view: str) -> tuple[list[str], list[str]]:
    """Return the processes and the units of the tasks in ``pool`` or ``mine``: its filters."""
    if view == "mine":
        rows = tx.all(queries.KINDS_MINE, {"user": user})
    else:
        rows = [
            row
            for role, unit in offered_to(user, grants)
            for row in tx.all(queries.KINDS_POOL, {"role": role, "unit_of_role": unit})
        ]
    return sorted({row[0] for row in rows}), sorted({row[1] for row in rows if row[1]})


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
    found = (tx.all(query, {**values, "role": role, "unit_of_role": unit}) for role, unit in pairs)
    rows = heapq.merge(*found, key=lambda row: row[:3], reverse=newest)
    kept: dict[tuple[str, str], Any] = {}
    for row in rows:
        kept.setdefault((row[1], row[2]), row)
        if len(kept) >= values["limit"]:
            break
    return list(kept.values())


def _cut(items: list[Item], rows: list[Any], limit: int) -> tuple[list[Item], str | None]:
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


def _started(
    tx: Transaction, shape: Shape, values: dict[str, Any], limit: int
) -> tuple[list[Item], str | None]:
    rows = tx.all(queries.started(shape), values)
    items = []
    for row in rows[:limit]:
        holders = tx.all(queries.HOLDERS, {"case_id": row[0]})
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
    values = dict(zip(queries.NAMES, row[1:], strict=True))
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
    }
    for name in ("opened_at", "due_at", "original_due_at", "warn_at", "ended_at"):
        at = values[name]
        item[name] = None if at is None else text(at)
    return item


def colour(due_at: datetime | None, warn_at: datetime | None, now: datetime) -> str:
    """Return ``red`` past due, ``yellow`` past the warning, else ``plain``."""
    if due_at is not None and due_at <= now:
        return "red"
    return "yellow" if warn_at is not None and warn_at <= now else "plain"


def _escaped(q: str) -> str:
    return q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
