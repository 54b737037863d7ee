"""What people may start in a case: the open ad-hoc sub-processes, and whom they are offered to."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Transaction
from engine.events import Event
from engine.projection.place import Entered, matching, place_of
from engine.tables import offers

_INSERT = sa.insert(offers)
_DELETE = sa.delete(offers).where(*matching(offers, "case_id", "place"))
_RENAME = sa.update(offers).where(*matching(offers, "case_id", "place")).values(place=p("place"))
_DELETE_ALL = sa.delete(offers).where(*matching(offers, "case_id"))

_ENDS = frozenset({"case_completed", "case_cancelled"})
_CLOSES = frozenset({"activities_closed", "element_left"})


def offer(tx: Transaction, entered: Entered, events: list[Event]) -> None:
    """Write and remove the rows of the ad-hoc sub-processes that events open and close."""
    for event in events:
        kind = event["type"]
        if kind == "element_migrated":
            was = {**event, "element": event["was"], "nth": event.get("was_nth", event["nth"])}
            key = {"of_case_id": entered.case_id, "of_place": place_of(was)}
            tx.run(_RENAME, {**key, "place": place_of(event)})
        elif kind in _ENDS:
            tx.run(_DELETE_ALL, {"of_case_id": entered.case_id})
        elif (event["process"], event["element"]) not in entered.free:
            continue
        elif kind == "activities_offered":
            tx.run_many(_INSERT, _rows(entered, event))
        elif kind in _CLOSES:
            tx.run(_DELETE, {"of_case_id": entered.case_id, "of_place": place_of(event)})


def _rows(entered: Entered, event: Event) -> list[dict[str, object]]:
    pairs = {
        (one.get("role", "@user"), one.get("unit") or one.get("user") or "")
        for one in event["candidates"]
    }
    return [
        {
            "case_id": entered.case_id,
            "place": place_of(event),
            "role": role,
            "unit": unit,
            "at": entered.at,
        }
        for role, unit in sorted(pairs or {("@anyone", "")})
    ]
