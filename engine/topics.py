"""Service tasks that the application does itself, by topic.

Each function gets the job's input and returns the data that the case takes
over; the result comes back as ``CompleteJob`` and is recorded like any other.
Topics that are not listed here wait for a program outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import store
from engine.commands import JsonObject
from engine.database import Moment, Transaction
from engine.errors import InvalidData
from engine.ports import Application
from engine.sealing import unseal
from engine.tables import cases, keys

Topic = Callable[[Application, str, JsonObject], JsonObject]

DUPLICATE_METRES = 50
DUPLICATE_DAYS = 30
EARTH_METRES = 6_371_000

_SAME_ITEM = (
    sa.select(keys.c.case_id)
    .select_from(keys.join(cases, cases.c.id == keys.c.case_id))
    .where(
        keys.c.name == "item_code",
        keys.c.value == p("item_code"),
        keys.c.case_id != p("case_id"),
        cases.c.created_at >= p("since", type_=Moment),
        cases.c.state.in_(["open", "suspended", "incident"]),
    )
    .order_by(keys.c.case_id.desc())
    .limit(200)
)


def next_number(app: Application, _case_id: str, data: JsonObject) -> JsonObject:
    """Return the next number of a series as ``number``, e.g. ``哨2026-000017``.

    Series count per prefix and local year. A number is never given twice; when
    a case fails after taking one there is a gap.

    Args:
        data: ``prefix`` (text).
    """
    prefix = str(data.get("prefix") or "")
    year = app.references.calendar.local(app.clock.now()).year
    with app.database.writing() as tx:
        name = f"number:{prefix}:{year}"
        count = int(store.get_fact(tx, name) or 0) + 1
        store.put_fact(tx, name, str(count))
    return {"number": f"{prefix}{year}-{count:06d}"}


def case_file_digest(app: Application, case_id: str, _data: JsonObject) -> JsonObject:
    """Return the digest of the case's history so far as ``digest``, and its length."""
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
    assert row is not None, "a job belongs to a case"
    return {"digest": row.head, "entries": row.position}


def find_duplicates(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Return as ``duplicates`` the open cases of the same item close by, newest first.

    Same item, at most 50 m away and 30 days old (governance report, 2.1). Without
    a place nothing is a duplicate.

    Args:
        data: ``item_code``, and ``lat``, ``lon`` in degrees (sealed or plain).
    """
    now = app.clock.now()
    with app.database.reading() as tx:
        here = _place(data, store.get_sealed(tx, case_id))
        if here is None or not data.get("item_code"):
            return {"duplicates": []}
        found = _near(tx, case_id, str(data["item_code"]), here, now)
    return {"duplicates": found}


def notify(_app: Application, _case_id: str, _data: JsonObject) -> JsonObject:
    """Return nothing: the notice was written with the job's opening, as a row of the inbox."""
    return {}


def _near(
    tx: Transaction, case_id: str, item: str, here: tuple[float, float], now: datetime
) -> list[str]:
    since = now - timedelta(days=DUPLICATE_DAYS)
    rows = tx.all(_SAME_ITEM, {"item_code": item, "case_id": case_id, "since": since})
    near = []
    for (other,) in rows:
        row = store.read_case(tx, other)
        if row is None:
            continue
        there = _place(row.snapshot().data.get("", {}), store.get_sealed(tx, other))
        if there is not None and metres(here, there) <= DUPLICATE_METRES:
            near.append(other)
    return near


def _place(data: Mapping[str, Any], values: Mapping[str, bytes]) -> tuple[float, float] | None:
    plain = unseal({"lat": data.get("lat"), "lon": data.get("lon")}, values)
    try:
        return float(plain["lat"]), float(plain["lon"])
    except (TypeError, ValueError):
        return None


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance in metres of two places given as (latitude, longitude) in degrees.

    Method: haversine formula on a sphere of 6,371 km; within 0.5 %.
    """
    lat_1, lat_2 = math.radians(one[0]), math.radians(other[0])
    half_lat = (lat_2 - lat_1) / 2
    half_lon = math.radians(other[1] - one[1]) / 2
    chord = math.sin(half_lat) ** 2
    chord += math.cos(lat_1) * math.cos(lat_2) * math.sin(half_lon) ** 2
    return 2 * EARTH_METRES * math.asin(math.sqrt(min(1.0, chord)))


TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        "next-number": next_number,
        "case-file-digest": case_file_digest,
        "find-duplicates": find_duplicates,
        "notify": notify,
    }
)


def run(app: Application, case_id: str, topic: str, data: JsonObject) -> JsonObject:
    """Run a topic of this module and return what the case takes over.

    Raises:
        InvalidData: the topic cannot work with this input; the message says why.
    """
    try:
        return TOPICS[topic](app, case_id, data)
    except (TypeError, ValueError, orjson.JSONDecodeError) as reason:
        raise InvalidData(f"The topic {topic!r} cannot use its input: {reason}.") from reason
