"""What a case puts on the notice board for residents, and takes down again.

A job of the topic ``notify`` whose input ``board`` is an object puts up a notice: ``kind``,
``level``, ``title``, ``text``, ``category``, ``unit``, ``until``, ``photos`` (ids of files of
the case), and what else is to be shown; ``{"withdrawn": true}`` takes it down. Texts that are
sealed are left out: only what the diagram has in plain was approved. The same place of the
case has one notice at a time.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.clock import parse
from engine.database import Transaction
from engine.events import Event
from engine.projection.place import END_OF_TIME, Entered, matching
from engine.tables import published

BOARD = "board"
PHOTOS = "photos"
MOST_PHOTOS = 20
LEVELS = ("public", "summary")
_TEXTS = ("kind", "level", "title", "text", "category", "unit")

_INSERT = sa.insert(published)
_DELETE = sa.delete(published).where(*matching(published, "case_id", "place"))
_WITHDRAW = (
    sa.update(published)
    .where(*matching(published, "case_id", "place"))
    .values(withdrawn_at=p("at"))
)


def put_up(tx: Transaction, entered: Entered, event: Event) -> None:
    """Put up, renew or take down what a job says, if it is for the board."""
    shown = event["data"].get(BOARD)
    if not isinstance(shown, dict):
        return
    place = str(event["path"])
    key = {"of_case_id": entered.case_id, "of_place": place}
    if shown.get("withdrawn"):
        tx.run(_WITHDRAW, {**key, "at": entered.at})
        return
    tx.run(_DELETE, key)
    texts = {name: _text(shown.get(name)) for name in _TEXTS}
    if texts["level"] in LEVELS and texts["text"]:
        tx.run(_INSERT, {**_row(entered, place, shown), **texts})


def _row(entered: Entered, place: str, shown: dict[str, Any]) -> dict[str, Any]:
    named = hashlib.sha256(f"{entered.case_id} {place}".encode()).hexdigest()
    more: dict[str, Any] = {
        name: value
        for name, value in shown.items()
        if name not in {*_TEXTS, "until", PHOTOS} and isinstance(value, str | int) and value != ""
    }
    given = shown.get(PHOTOS)
    photos = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
    if photos:
        more[PHOTOS] = photos[:MOST_PHOTOS]
    return {
        "case_id": entered.case_id,
        "place": place,
        "id": named[:24],
        "at": entered.at,
        "until_at": _moment(shown.get("until")),
        "withdrawn_at": None,
        "body": orjson.dumps(more, option=orjson.OPT_SORT_KEYS).decode(),
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> datetime:
    try:
        return parse(value)
    except (TypeError, ValueError):
        return END_OF_TIME
