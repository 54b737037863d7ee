"""What is open in a unit: the menu (菜单议题) from which a meeting takes its agenda.

Three rules find the cases: what is late, what is new, and what comes again and again.
Cases that are secret or on hold are left out; so is the case that asks.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import store
from engine.bpmn.model import SECRET
from engine.calendar import LOCAL
from engine.clock import parse, text
from engine.commands import JsonObject
from engine.database import Moment, Transaction
from engine.ports import Application
from engine.tables import cases, keys, tasks

LIMIT = 12
DAYS = 30
TIMES = 3
_OPEN: sa.ColumnElement[str] = sa.literal_column("'open'")
_ITEM: sa.ColumnElement[str] = sa.literal_column("'item_code'")
_marks = keys.alias()
_SECRET = (
    sa.select(_marks.c.case_id)
    .where(
        _marks.c.case_id == cases.c.id,
        _marks.c.name == sa.literal_column(f"'{SECRET}'"),
        _marks.c.value == sa.literal_column("'True'"),
    )
    .exists()
)
_CASE = (cases.c.id, cases.c.process, cases.c.business_key, cases.c.unit, cases.c.created_at)
_IN_QUESTION = (
    cases.c.process == p("process"),
    cases.c.id != p("case_id"),
    sa.not_(_SECRET),
)
_LATE = (
    sa.select(*_CASE, sa.func.min(tasks.c.due_at).label("due_at"))
    .select_from(cases.join(tasks, tasks.c.case_id == cases.c.id))
    .where(
        *_IN_QUESTION,
        cases.c.state == _OPEN,
        tasks.c.state == _OPEN,
        tasks.c.held == sa.literal_column("0"),
        tasks.c.due_at <= p("now", type_=Moment),
    )
    .group_by(*_CASE)
)
_NEW = sa.select(*_CASE, sa.null().label("due_at")).where(
    *_IN_QUESTION, cases.c.state == _OPEN, cases.c.created_at >= p("since", type_=Moment)
)
_ITEMS = (
    sa.select(keys.c.value, cases.c.unit)
    .select_from(cases.join(keys, keys.c.case_id == cases.c.id))
    .where(*_IN_QUESTION, keys.c.name == _ITEM, cases.c.created_at >= p("since", type_=Moment))
)


def open_cases(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Return ``overdue``, ``new`` and ``frequent`` of the cases in a unit and below it.

    Overdue are those with an open task past due, longest overdue first; new those begun
    since a moment, newest first, unless they are overdue. Each is ``{case, number, process,
    unit, started_at, due_at, shown}``. Frequent are items (key ``item_code``) that came
    often, as ``{item, times}``, most often first.

    Args:
        data: ``unit``; ``processes``: keys of those that count; ``since``: a moment (a day
            ago); ``show``: a plain datum of each case; ``limit``: at most so many of each
            (12); ``days`` and ``times``: how often in how many days is frequent (3 in 30).
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        now = app.clock.now()
        day, unit = now.astimezone(LOCAL).date(), str(data.get("unit") or "")
        limit, show = int(data.get("limit") or LIMIT), str(data.get("show") or "")

        def found(query: Any, since: datetime, place: int = 3) -> list[Any]:
            asked = {"case_id": case_id, "now": now, "since": since}
            keys_of = [str(one) for one in data.get("processes") or []]
            rows = [row for key in keys_of for row in tx.all(query, {**asked, "process": key})]
            return [row for row in rows if _lies(app, row[place], unit, day)]

        late = sorted(found(_LATE, now), key=lambda row: (row[5], row[0]))
        known = {row[0] for row in late}
        new = [row for row in found(_NEW, _since(data, now)) if row[0] not in known]
        new.sort(key=lambda row: (row[4], row[0]), reverse=True)
        month = now - timedelta(days=float(data.get("days") or DAYS))
        often = Counter(row[0] for row in found(_ITEMS, month, place=1))
        return {
            "overdue": [_told(tx, row, show) for row in late[:limit]],
            "new": [_told(tx, row, show) for row in new[:limit]],
            "frequent": frequent(often, int(data.get("times") or TIMES), limit),
        }


def frequent(counted: Counter[str], times: int, limit: int) -> list[JsonObject]:
    """Return the items that were counted at least so often, most often first."""
    found = sorted((-count, item) for item, count in counted.items() if count >= times)
    return [{"item": item, "times": -count} for count, item in found[:limit]]


def shown(tx: Transaction, case_id: str, name: str) -> Any:
    """Return a plain datum of a case, or None: what is sealed or has parts is not told."""
    row = store.read_case(tx, case_id)
    value = None if row is None else row.snapshot().data.get("", {}).get(name)
    return None if isinstance(value, dict | list) else value


def _since(data: JsonObject, now: datetime) -> datetime:
    given = data.get("since")
    return parse(str(given)) if given else now - timedelta(days=1)


def _lies(app: Application, where: str | None, unit: str, day: date) -> bool:
    return where is not None and app.references.organisation.within(where, unit, day)


def _told(tx: Transaction, row: Any, show: str) -> JsonObject:
    case_id, process, number, unit, started_at, due_at = row
    return {
        "case": case_id,
        "number": number,
        "process": process,
        "unit": unit,
        "started_at": text(started_at),
        "due_at": None if due_at is None else text(due_at),
        "shown": shown(tx, case_id, show),
    }
