"""What is said where a history is not what it should be, and which histories there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.history import canonical
from engine.ports import Application
from engine.tables import cases

PAGE = 1_000
"""Ids that are read at a time."""

AT_ONCE = 20
"""Cases that are looked at in one transaction."""

_IDS = sa.select(cases.c.id).order_by(cases.c.id)
_MORE = _IDS.where(cases.c.id > p("after")).limit(PAGE)
_COUNT = sa.select(sa.func.count()).select_from(cases)
HEAD = sa.select(cases.c.position, cases.c.head).where(cases.c.id == p("stream"))
"""Position and last digest of a case, as they lie with it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where a history does not follow from its commands."""

    case: str
    position: int | None
    reason: str
    what: str = "entry"

    def to_json(self) -> dict[str, Any]:
        """Return it as the command line prints it."""
        found: dict[str, Any] = {"case": self.case, "reason": self.reason}
        if self.position is None:
            return {**found, "what": self.what}
        return {**found, "position": self.position, "what": self.what}


def case_ids(app: Application) -> list[str]:
    """Return the ids of all cases, oldest first."""
    with app.database.reading() as tx:
        return [row[0] for row in tx.all(_IDS, {})]


def all_ids(app: Application) -> Iterator[str]:
    """Yield the ids of all cases, oldest first, a page in memory at a time."""
    last = ""
    while True:
        with app.database.reading() as tx:
            found = [row[0] for row in tx.all(_MORE, {"after": last})]
        yield from found
        if len(found) < PAGE:
            return
        last = found[-1]


def batched(ids: Iterable[str]) -> Iterator[list[str]]:
    """Yield the ids a few at a time: one transaction for each few."""
    waiting = iter(ids)
    while some := list(islice(waiting, AT_ONCE)):
        yield some


def count_cases(app: Application) -> int:
    """Return how many cases there are."""
    with app.database.reading() as tx:
        row = tx.one(_COUNT, {})
    return 0 if row is None else int(row[0])


def first_difference(recorded: list[Any], again: list[Any]) -> str:
    """Say where two lists of events part: which event, and what of it is another."""
    for at, (old, new) in enumerate(zip(recorded, again, strict=False), 1):
        if canonical(old) == canonical(new):
            continue
        if not isinstance(old, dict) or _name(old) != _name(new):
            return f"event {at} was {_cut(_said(old))} and is now {_cut(_said(new))}"
        told = [(name, _of(old, name), _of(new, name)) for name in sorted(old | new)]
        parts = [f"{one} was {_cut(a)} and is now {_cut(b)}" for one, a, b in told if a != b]
        return f"event {at}, {_name(new)}: {'; '.join(parts)}"
    return f"{len(recorded)} events were recorded and {len(again)} follow now"


def _name(event: dict[str, Any]) -> str:
    return f"{event.get('type')} of {event.get('element')}"


def _of(event: dict[str, Any], name: str) -> str:
    return _said(event[name]) if name in event else "missing"


def _said(value: Any) -> str:
    return canonical(value).decode()


def _cut(text: str) -> str:
    return text if len(text) <= 300 else text[:297] + "..."
