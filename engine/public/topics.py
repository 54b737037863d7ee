"""What is being discussed: topics of running cases whose diagram shows them to residents.

The process property ``public_topic`` names data, parted by spaces, the topic's own words
first; a case is shown as long as it is open and these words are there in plain. What is
sealed is never opened for it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import store
from engine.calendar import LOCAL
from engine.clock import text
from engine.database import Transaction
from engine.forms import Component
from engine.ports import Application
from engine.store import CaseRow
from engine.tables import cases, definitions

MOST = 200
"""Open cases of a process that are looked at, the newest first."""

Document = dict[str, Any]

_PROCESSES = sa.select(definitions.c.process).distinct().order_by(definitions.c.process)
_OPEN = (
    sa.select(cases.c.id)
    .where(cases.c.process == p("process"), cases.c.state == "open")
    .order_by(cases.c.id.desc())
    .limit(MOST)
)


def topics(app: Application) -> list[Document]:
    """Return the open topics, the newest first: ``name``, ``unit``, ``at`` and ``facts``.

    Each fact is (the form's field, or None; the name of the datum; the value).
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        found = [
            (row, shown)
            for (process,) in tx.all(_PROCESSES, {})
            for (case_id,) in tx.all(_OPEN, {"process": process})
            if (row := store.read_case(tx, case_id)) is not None
            and (shown := _shown(app, tx, row)) is not None
        ]
    today = app.clock.now().astimezone(LOCAL).date()
    name = app.references.organisation.name
    found.sort(key=lambda pair: pair[0].created_at, reverse=True)
    return [
        {**shown, "unit": name(row.unit, today) if row.unit else "", "at": text(row.created_at)}
        for row, shown in found
    ]


def _shown(app: Application, tx: Transaction, row: CaseRow) -> Document | None:
    pinned = app.library.pinned(tx, row.pins)
    names = pinned.main.properties.get("public_topic", "").split()
    if not names:
        return None
    data = row.snapshot().data.get("", {})
    words, *facts = [data.get(one) for one in names]
    if not isinstance(words, str) or not words.strip():
        return None
    fields = _fields(pinned.forms.values())
    return {
        "name": words,
        "facts": [
            (fields.get(one), one, value)
            for one, value in zip(names[1:], facts, strict=True)
            if isinstance(value, str | int) and not isinstance(value, bool) and value != ""
        ],
    }


def _fields(forms: Any) -> dict[str, Component]:
    return {one.key: one for form in forms for one in form.fields()}
