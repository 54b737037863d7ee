"""Service tasks that the application does itself, by topic.

Each function gets the job's input and returns the data that the case takes
over; the result comes back as ``CompleteJob`` and is recorded like any other.
Topics that are not listed here wait for a program outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import agendas, ballots, cases, cursors, erasure, figures, list_changes, store
from engine.access import Actor
from engine.clock import parse, text
from engine.commands import JsonObject
from engine.cursors import Place
from engine.database import Moment, Transaction
from engine.distances import metres
from engine.errors import InvalidData
from engine.ports import Application
from engine.redaction import propose
from engine.sealing import Personal, find_sealed, unseal
from engine.tables import cases as case_table
from engine.tables import keys

Topic = Callable[[Application, str, JsonObject], JsonObject]
"""What is ``Personal`` in the result is sealed before it is recorded."""

DUPLICATE_METRES = 50
DUPLICATE_DAYS = 30
FOUND, MOST_FOUND = 50, 200
"""Rows of ``find-cases`` on a page: without a word, and at most."""
_NEWEST = Place(parse("9999-12-31T00:00:00Z"), "~", "")

_SAME_ITEM = (
    sa.select(keys.c.case_id)
    .select_from(keys.join(case_table, case_table.c.id == keys.c.case_id))
    .where(
        keys.c.name == "item_code",
        keys.c.value == p("item_code"),
        keys.c.case_id != p("case_id"),
        case_table.c.created_at >= p("since", type_=Moment),
        case_table.c.ended_at.is_(None),
    )
    .order_by(keys.c.case_id.desc())
    .limit(200)
)


_BY_KEY = (
    sa.select(
        case_table.c.id,
        case_table.c.business_key,
        case_table.c.created_at,
        case_table.c.ended_at,
    )
    .select_from(keys.join(case_table, case_table.c.id == keys.c.case_id))
    .where(
        keys.c.name == p("key"),
        keys.c.value == p("value"),
        keys.c.case_id != p("case_id"),
        case_table.c.ended_at.is_(None) | (case_table.c.ended_at >= p("since", type_=Moment)),
        sa.tuple_(case_table.c.created_at, case_table.c.id)
        < sa.tuple_(p("after_at", type_=Moment), p("after_case")),
    )
    .order_by(case_table.c.created_at.desc(), case_table.c.id.desc())
    .limit(p("limit"))
)


def next_number(app: Application, _case_id: str, data: JsonObject) -> JsonObject:
    """Return the next number of a series as ``number``, e.g. ``whistle-2026-000017``.

    Series count per counter and local year. A number is never given twice; when
    a case fails after taking one there is a gap.

    Args:
        data: ``counter`` names the series; ``prefix`` is what the number begins with.
    """
    counter = str(data.get("counter") or "case")
    prefix = str(data.get("prefix") or counter)
    year = app.references.calendar.local(app.clock.now()).year
    with app.database.writing() as tx:
        count = store.count_up(tx, f"number:{counter}:{year}")
    return {"number": f"{prefix}-{year}-{count:06d}"}


def case_file_digest(app: Application, case_id: str, _data: JsonObject) -> JsonObject:
    """Return the digest of the case's history so far as ``digest``, and its length."""
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
    assert row is not None, "a job belongs to a case"
    return {"digest": row.head, "entries": row.position}


def find_duplicates(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Return the open cases of the same item close by, as ``candidates``, newest first.

    Same item, at most ``radius_m`` metres away and ``days`` old (governance report,
    2.1: 50 m and 30 days); the places are the sealed ``lat`` and ``lon`` of the
    cases. ``duplicate_of`` is the oldest of them, or None. Without a place nothing
    is a duplicate.
    """
    radius = float(data.get("radius_m") or DUPLICATE_METRES)
    days = float(data.get("days") or DUPLICATE_DAYS)
    since = app.clock.now() - timedelta(days=days)
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
        assert row is not None, "a job belongs to a case"
        here = _place(row.snapshot().data.get("", {}), store.get_sealed(tx, case_id))
        item = data.get("item_code")
        found = [] if here is None or not item else _near(tx, case_id, str(item), since)
        near = [one for one, there in found if metres(here or there, there) <= radius]
    return {"duplicate_of": near[-1] if near else None, "candidates": near}


def find_cases(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Return other cases with the same key: ``open`` and ``ended`` ones, newest first.

    Each is ``{case, number, started_at, ended_at, shown}``. Where more follow, or a cursor
    was given, ``next`` is the cursor of what follows, None at the end.

    Args:
        data: ``key`` is one of the process property ``keys``, ``value`` what it must be
            (none finds nothing); ``days``: how long ago a case may have ended (30);
            ``show``: a plain datum of each case that is told as ``shown``; ``limit``: how
            many at once (50, at most 200); ``cursor``: the ``next`` of the page before.

    Raises:
        InvalidRequest: the cursor is none.
    """
    if data.get("value") in {None, ""}:
        return {"open": [], "ended": []}
    since = app.clock.now() - timedelta(days=float(data.get("days") or DUPLICATE_DAYS))
    wanted = {"key": str(data.get("key")), "value": str(data["value"]), "case_id": case_id}
    cursor, limit = data.get("cursor"), int(data.get("limit") or FOUND)
    limit = max(1, min(limit, MOST_FOUND))
    after = cursors.read(str(cursor)) if cursor else _NEWEST
    page = {"after_at": after.at, "after_case": after.case, "limit": limit + 1}
    with app.database.reading() as tx:
        rows = tx.all(_BY_KEY, {**wanted, **page, "since": since})
        found = [_brief(tx, row, str(data.get("show") or "")) for row in rows[:limit]]
    result: JsonObject = {
        "open": [one for one in found if one["ended_at"] is None],
        "ended": [one for one in found if one["ended_at"] is not None],
    }
    if len(rows) > limit:
        result["next"] = cursors.write(Place(rows[limit - 1][2], rows[limit - 1][0], ""))
    elif cursor:
        result["next"] = None
    return result


def _brief(tx: Transaction, found: Any, show: str) -> JsonObject:
    other, number, started_at, ended_at = found
    return {
        "case": other,
        "number": number,
        "started_at": text(started_at),
        "ended_at": None if ended_at is None else text(ended_at),
        "shown": agendas.shown(tx, other, show),
    }


def redact(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Return a publishable proposal of ``text`` and the ``marks`` of what was changed.

    A person approves it afterwards: the proposal is free text still, so it is sealed.

    Args:
        data: ``text`` (sealed or plain) and ``level`` (none, summary, public).
    """
    with app.database.reading() as tx:
        values = store.get_sealed(tx, case_id)
        row = store.read_case(tx, case_id)
    assert row is not None, "a job belongs to a case"
    plain = unseal({"text": data.get("text")}, values)["text"]
    names = _reporters(unseal(row.snapshot().data, values))
    level = str(data.get("level") or "public")
    done = propose(plain if isinstance(plain, str) else "", level=level, known=names)
    return {"text": Personal(done.text), "marks": list(done.marks)}


def start_case(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Start another case, linked with this one both ways; return its id as ``started``.

    Args:
        data: ``process``, and ``data`` for it; sealed values are opened here and
            sealed again in the new case.
    """
    with app.database.reading() as tx:
        values = store.get_sealed(tx, case_id)
    given = data.get("data") or {}
    if not isinstance(given, dict):
        raise TypeError("data must be an object")
    position = data["@key"]
    answer = cases.start(
        app,
        Actor.system(f"@case/{case_id}"),
        process=str(data.get("process")),
        data=unseal(given, values, Personal),
        trusted=True,
        links=[cases.chained(app, {"type": "started-by", "case": case_id})],
        once=cases.Once("@start-case", str(position)),
    )
    # ``case`` is a name of its own in expressions: an output mapping reads ``started``.
    return {"case": answer.case_id, "started": answer.case_id}


def tally(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Return the totals of sealed ballots: ``totals``, ``weights``, ``counted``, ``twice``, ….

    Nothing else of the ballots leaves this function, see ``ballots.count``.

    Args:
        data: ``ballots``; and where wanted ``choices``, ``exclude`` (keys), ``add``.
    """
    with app.database.reading() as tx:
        kept = store.get_ballots(tx, case_id)
    return count_ballots(data, kept)


def count_ballots(data: JsonObject, kept: Mapping[str, tuple[bytes, bytes]]) -> JsonObject:
    """Return what ``tally`` gives for its input and the ballots that are kept."""
    given = data.get("ballots")
    if not isinstance(given, list):
        raise TypeError("ballots must be a list")
    add = data.get("add")
    if not isinstance(add, dict | None):
        raise TypeError("add must be an object")
    choices, exclude = _words(data.get("choices")), _words(data.get("exclude"))
    return ballots.count(given, kept, choices=choices, exclude=exclude, add=add)


def erase_sealed(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Erase sealed values of the case for good; return how many as ``erased``.

    Args:
        data: ``values``: data that carry the sealed values, at any depth; ``fields``:
            names of form fields, of which every value that was ever entered goes.
    """
    fields, values = _words(data.get("fields")), data.get("values")
    if not fields and values is None:
        raise ValueError("name fields, or give values")
    ids = [one for one, _ in find_sealed(values)]
    return {"erased": erasure.erase_for(app, case_id, ids=ids, fields=fields)}


def _words(value: Any) -> list[str]:
    """Return a list of texts, given as one or as a text with ``;`` between them."""
    if value is None:
        return []
    if isinstance(value, list):
        return [str(one) for one in value]
    return [one.strip() for one in str(value).split(";") if one.strip()]


def notify(_app: Application, _case_id: str, _data: JsonObject) -> JsonObject:
    """Return nothing: the notice was written with the job's opening, as a row of the inbox."""
    return {}


def _reporters(value: Any) -> list[str]:
    """Return every reporter's name inside a case's data, in plain."""
    if isinstance(value, list):
        return [name for one in value for name in _reporters(one)]
    if not isinstance(value, dict):
        return []
    own = value.get("reporter_name")
    inside = [name for one in value.values() for name in _reporters(one)]
    return ([own] if isinstance(own, str) and own else []) + inside


def _near(
    tx: Transaction, case_id: str, item: str, since: datetime
) -> list[tuple[str, tuple[float, float]]]:
    rows = tx.all(_SAME_ITEM, {"item_code": item, "case_id": case_id, "since": since})
    found = []
    for (other,) in rows:
        row = store.read_case(tx, other)
        if row is None:
            continue
        there = _place(row.snapshot().data.get("", {}), store.get_sealed(tx, other))
        if there is not None:
            found.append((other, there))
    return found


def _place(data: Mapping[str, Any], values: Mapping[str, bytes]) -> tuple[float, float] | None:
    plain = unseal({"lat": data.get("lat"), "lon": data.get("lon")}, values)
    try:
        return float(plain["lat"]), float(plain["lon"])
    except (TypeError, ValueError):
        return None


_TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        "activate-list-change": list_changes.activate,
        "collect-figures": figures.collect,
        "check-list-change": list_changes.check,
        "find-unattended": list_changes.find_unattended,
        "next-number": next_number,
        "case-file-digest": case_file_digest,
        "erase-sealed": erase_sealed,
        "find-cases": find_cases,
        "find-duplicates": find_duplicates,
        "notify": notify,
        "open-cases": agendas.open_cases,
        "redact": redact,
        "start-case": start_case,
        "tally": tally,
    }
)


def run(app: Application, case_id: str, topic: str, data: JsonObject, *, key: str) -> JsonObject:
    """Run a topic of this module and return what the case takes over.

    Args:
        key: names the delivery, so that what it starts is started once.

    Raises:
        InvalidData: the topic cannot work with this input; the message says why.
    """
    try:
        return _TOPICS[topic](app, case_id, {**data, "@key": key})
    except (TypeError, ValueError) as reason:
        raise InvalidData(f"The topic {topic!r} cannot use its input: {reason}.") from reason
