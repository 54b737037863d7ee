"""A case's history in parts, with the branches it took and what was written, through access."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from engine import access, journeys, store
from engine.access import Actor
from engine.database import Transaction
from engine.errors import EngineError
from engine.facts import field_classes
from engine.journeys import Leg
from engine.ports import Application
from engine.store import CaseRow
from engine.views.cases import brief, looked, reading, visible
from engine.views.histories import entry_document

Document = dict[str, Any]

TOLD = ("gateways", "changes")

MOST = 1_000
"""So many entries are given at once."""


def journey(
    app: Application,
    actor: Actor,
    case_id: str,
    *,
    after: int,
    limit: int = 50,
    told: Collection[str] = TOLD,
) -> Document:
    """Return the entries of a case that follow position ``after``, in their order.

    Returns:
        ``{case, head, last, items, refused}``: the case briefly, the digest and the
        position of its last entry. Each item is as ``history`` has it, with what is ``told``:
        ``gateways`` and ``changes`` as ``journeys.Leg`` has them; values that the actor may
        not read are withheld, sealed ones opened for who may. ``refused`` says why the entries
        cannot be applied again, and then there are neither; else it is None.

    Args:
        limit: at most ``MOST``.
        told: which of ``TOLD``; to tell changes opens sealed values. With none of them
            nothing is applied again.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    last = after + min(limit, MOST)
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = visible(app, tx, actor, case_id)
        reads = reading(app, tx, actor, row).personal
        values = store.get_sealed(tx, case_id)
        found = store.read_part(tx, case_id, after=after, last=last)
        items = [entry_document(one, actor, values, reads=reads) for one in found]
        sight = _sight(app, tx, actor, row, values)
        refused = _apply(app, tx, row, items, sight=sight, told=told) if told else None
    if any("remark" in one for one in items):
        sight.seen.add("remark")
    looked(app, actor, case_id, "history", sight.seen)
    return {
        "case": brief(row),
        "head": row.head,
        "last": row.position,
        "items": items,
        "refused": refused,
    }


def _apply(
    app: Application,
    tx: Transaction,
    row: CaseRow,
    items: list[Document],
    *,
    sight: _Sight,
    told: Collection[str],
) -> str | None:
    """Add to each entry its gateways and changes; return why that cannot be done."""
    if not items:
        return None
    after, last = items[0]["position"] - 1, items[-1]["position"]
    try:
        legs = [*journeys.legs(app, tx, row.id, after=after, last=last)]
    except (EngineError, KeyError, ValueError) as refusal:
        # Somebody has changed it behind the engine's back, or a file is gone.
        return str(refusal)
    found = {one.position: one for one in legs}
    for item in items:
        leg = found.get(item["position"])
        if "gateways" in told:
            item["gateways"] = [] if leg is None else _gateways(leg, sight)
        if "changes" in told:
            item["changes"] = [] if leg is None else _changes(leg, sight)
    return None


@dataclass(frozen=True, slots=True)
class _Sight:
    """What withholds data from one reader, and the names of personal ones that it showed."""

    reader: access.Reading
    classes: Mapping[str, str]
    values: Mapping[str, bytes]
    seen: set[str] = field(default_factory=set)

    def shut(self, data: Mapping[str, Any]) -> Document:
        """Return data with what is sealed left sealed."""
        return access.withhold(self.reader, data, self.classes, seen=self.seen.add)

    def opened(self, data: Mapping[str, Any]) -> Document:
        """Return data with what is sealed opened, where the reader may read it."""
        return access.withhold(
            self.reader, data, self.classes, reveal=self._reveal, seen=self.seen.add
        )

    def _reveal(self, one: str) -> Any:
        text = self.values.get(one)
        return None if text is None else orjson.loads(text)


def _sight(
    app: Application, tx: Transaction, actor: Actor, row: CaseRow, values: Mapping[str, bytes]
) -> _Sight:
    classes = field_classes(app.library.pinned(tx, row.pins))
    return _Sight(reading(app, tx, actor, row), classes, values)


def _gateways(leg: Leg, sight: _Sight) -> list[Document]:
    return [{**one, "ways": [_way(way, sight) for way in one["ways"]]} for one in leg.gateways]


def _way(way: Document, sight: _Sight) -> Document:
    return {**way, "values": sight.shut(way["values"])} if "values" in way else way


def _changes(leg: Leg, sight: _Sight) -> list[Document]:
    return [_change(one, sight) for one in leg.changes]


def _change(one: Document, sight: _Sight) -> Document:
    name, found = one["name"], dict(one)
    for side in ("before", "after"):
        if side in one:
            found[side] = sight.opened({name: one[side]})[name]
    return found


def difference(one: Document, other: Document) -> Document:
    """Return what changed between two states of a case, as ``state_at`` gives them.

    Returns:
        ``{data, gone, come}``: of each datum that differs ``{name, before?, after?}``, and the
        elements where a token stood before alone, and after alone.
    """
    was, now = one["data"], other["data"]
    data = []
    for name in {**was, **now}:
        sides = {"before": was, "after": now}
        change = {side: held[name] for side, held in sides.items() if name in held}
        if len(change) == 1 or change["before"] != change["after"]:
            data.append({"name": name, **change})
    return {
        "data": data,
        "gone": [place for place in one["elements"] if place not in other["elements"]],
        "come": [place for place in other["elements"] if place not in one["elements"]],
    }
