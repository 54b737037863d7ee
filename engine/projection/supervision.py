"""Which cases are under supervision (督办): from the entry of a supervision to its end.

A process with the property ``supervises`` is one. A case is supervised while such a
process runs in it, called or as the case itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Transaction
from engine.events import Event
from engine.projection.place import Entered, matching, place_of
from engine.tables import supervised

_INSERT = insert_once(supervised).on_conflict_do_nothing()
_DELETE = sa.delete(supervised).where(*matching(supervised, "case_id", "place"))
_RENAME = (
    sa.update(supervised).where(*matching(supervised, "case_id", "place")).values(place=p("place"))
)
_DELETE_ALL = sa.delete(supervised).where(*matching(supervised, "case_id"))

_BEGINS = frozenset({"case_started", "element_entered"})
_ENDS = frozenset({"case_completed", "case_cancelled"})


def mark(tx: Transaction, entered: Entered, events: list[Event]) -> None:
    """Write and remove the rows of the supervisions that events begin and end."""
    for event in events:
        kind = event["type"]
        if kind == "element_migrated":
            # Whatever it was: a supervision goes on under the element's new name.
            was = {**event, "element": event["was"], "nth": event.get("was_nth", event["nth"])}
            key = {"of_case_id": entered.case_id, "of_place": _place(was)}
            tx.run(_RENAME, {**key, "place": _place(event)})
        elif kind in _ENDS:
            tx.run(_DELETE_ALL, {"of_case_id": entered.case_id})
        elif (event["process"], event["element"]) not in entered.supervisions:
            continue
        elif kind in _BEGINS:
            row = {"case_id": entered.case_id, "place": _place(event), "since": entered.at}
            tx.run(_INSERT, row)
        elif kind == "element_left":
            tx.run(_DELETE, {"of_case_id": entered.case_id, "of_place": _place(event)})


def _place(event: Event) -> str:
    if event["type"] == "case_started":
        return ""
    return place_of(event)
