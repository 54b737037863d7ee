"""Find cases by words, place or telephone number, as far as the searcher may read them.

Words are looked for in what the searcher is shown of each case, newest first. A number is
found by its index (``sealing.index_of``) without opening anything, and a case is told only
where the searcher may read that very value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, store
from engine.access import Actor
from engine.database import Transaction
from engine.errors import InvalidRequest
from engine.facts import field_classes, sees
from engine.ports import Application
from engine.sealing import index_of, phone_of
from engine.store import CASE_COLUMNS, CaseRow
from engine.tables import cases, sealed_index
from engine.views.cases import brief, looked, reading

Document = dict[str, Any]
SCANNED = 300
"""How many cases one page looks into before it hands on a cursor."""
_PAGE = 100

_CASES = (
    sa.select(*CASE_COLUMNS)
    .where(cases.c.id < p("before"))
    .order_by(cases.c.id.desc())
    .limit(_PAGE)
)
_BY_NUMBER = (
    sa.select(sealed_index.c.id, *CASE_COLUMNS)
    .select_from(sealed_index.join(cases, cases.c.id == sealed_index.c.case_id))
    .where(sealed_index.c.digest == p("digest"), cases.c.id < p("before"))
    .order_by(cases.c.id.desc(), sealed_index.c.id)
    .limit(_PAGE)
)


class Wanted(NamedTuple):
    """What is looked for; everything that is given must fit.

    Attributes:
        words: each must be part of the number, or of something that the searcher reads.
        place: a unit: cases of it and of the units below.
        phone: a telephone number that stands in the case.
    """

    words: str | None = None
    place: str | None = None
    phone: str | None = None


class _Candidate(NamedTuple):
    row: CaseRow
    sealed: str | None


class _Sought(NamedTuple):
    words: list[str]
    units: frozenset[str] | None


def search(
    app: Application, actor: Actor, wanted: Wanted, *, limit: int = 50, cursor: str | None = None
) -> Document:
    """Return the cases that fit, newest first: ``{items, next}``, each with ``found_in``.

    ``found_in`` names the data in which the words or the number stand.

    Args:
        cursor: the id of the last case that the page before looked at.

    Raises:
        InvalidRequest: it is no telephone number, or numbers are not indexed here.
    """
    digest = None if wanted.phone is None else _digest(app, wanted.phone)
    items: list[Document] = []
    scanned, last = 0, cursor or "~"
    with app.database.reading() as tx:
        app.references.refresh(tx)
        words = (wanted.words or "").casefold().split()
        sought = _Sought(words, _units(app, wanted.place))
        for one in _candidates(tx, digest, last):
            if one.row.id != last:
                if len(items) == limit or scanned == SCANNED:
                    return {"items": items, "next": last}
                scanned, last = scanned + 1, one.row.id
            elif items and items[-1]["id"] == last:
                continue
            found = _fits(app, tx, actor, one, sought)
            if found is not None:
                items.append({**brief(one.row), "found_in": found})
    return {"items": items, "next": None}


def _digest(app: Application, phone: str) -> str:
    number, key = phone_of(phone), app.settings.search_key
    if number is None:
        raise InvalidRequest("This is no telephone number.", hint="Give all its 7 to 15 digits.")
    if not key:
        raise InvalidRequest(
            "Telephone numbers are not searched here.", hint="The operator sets SEARCH_KEY."
        )
    return index_of(key, number)


def _units(app: Application, place: str | None) -> frozenset[str] | None:
    if place is None:
        return None
    today = app.references.calendar.local(app.clock.now()).date()
    return app.references.organisation.below(place, today) | {place}


def _candidates(tx: Transaction, digest: str | None, before: str) -> Iterator[_Candidate]:
    while True:
        if digest is None:
            rows = [_Candidate(CaseRow(*row), None) for row in tx.all(_CASES, {"before": before})]
        else:
            values = {"digest": digest, "before": before}
            rows = [_Candidate(CaseRow(*row), one) for one, *row in tx.all(_BY_NUMBER, values)]
        yield from rows
        if len(rows) < _PAGE:
            return
        before = rows[-1].row.id


def _fits(
    app: Application, tx: Transaction, actor: Actor, one: _Candidate, sought: _Sought
) -> list[str] | None:
    """Return the names of the data in which something stands, or None where it does not fit."""
    row = one.row
    if sought.units is not None and row.unit not in sought.units:
        return None
    if not sees(tx, actor, row, app.references.organisation):
        return None
    if not sought.words and one.sealed is None:
        return []
    data, opened = _read(app, tx, actor, row)
    found: set[str] = set()
    if one.sealed is not None:
        found = {name for name, ids in opened.items() if one.sealed in ids}
        if not found:
            return None
    texts = {name: " ".join(_texts(value)).casefold() for name, value in data.items()}
    number = f"{row.business_key or ''} {row.id}".casefold()
    for word in sought.words:
        inside = {name for name, text in texts.items() if word in text}
        if not inside and word not in number:
            return None
        found |= inside
    looked(app, actor, row.id, "search", found & opened.keys())
    return sorted(found)


def _read(
    app: Application, tx: Transaction, actor: Actor, row: CaseRow
) -> tuple[Document, dict[str, set[str]]]:
    """Return what the actor reads of a case, and the ids of what was opened under each name."""
    whole = store.read_case(tx, row.id)
    assert whole is not None, "its row was read in the same transaction"
    pinned = app.library.pinned(tx, row.pins)
    reader, values = reading(app, tx, actor, row), store.get_sealed(tx, row.id)
    data: Document = {}
    opened: dict[str, set[str]] = {}
    for name, value in whole.snapshot().data.get("", {}).items():
        ids: set[str] = set()

        def reveal(one: str, ids: set[str] = ids) -> Any:
            kept = values.get(one)
            if kept is not None:
                ids.add(one)
            return None if kept is None else orjson.loads(kept)

        data |= access.withhold(reader, {name: value}, field_classes(pinned), reveal=reveal)
        if ids:
            opened[name] = ids
    return data, opened


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        if not {"$sealed", "$withheld"} & value.keys():
            for one in value.values():
                yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
