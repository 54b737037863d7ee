"""Facts kept from one look at the figures to the next, as long as nothing has happened.

Whoever opens the board goes on to a figure, its cases, another month. What was made of
every run and register is kept for a minute, unless an entry was written anywhere, a list,
a deployment or a user changed, or the day did. A look at kept facts says the moment of
which they are. What is frozen into cases is never taken from here.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from engine import store
from engine.database import Transaction
from engine.figures.ground import Made
from engine.figures.reading import Reading
from engine.ports import Application
from engine.references import References
from engine.tables import cases

FRESH = timedelta(minutes=1)
"""So long open matters count by the moment at which their facts were made."""

_WRITTEN = sa.select(sa.func.count(), sa.func.sum(cases.c.position)).select_from(cases)


class _Kept(NamedTuple):
    stands: tuple[Any, ...]
    day: date
    made: Made


_kept: WeakKeyDictionary[References, _Kept] = WeakKeyDictionary()


def reading(app: Application, tx: Transaction) -> Reading:
    """Return a look at the figures, with the facts of the last one if they still hold."""
    app.references.refresh(tx)
    now = app.clock.now()
    day = app.references.calendar.local(now).date()
    stands = (tx.one(_WRITTEN, {}), tuple(sorted(store.stream_positions(tx).items())))
    known = _kept.get(app.references)
    if known is None or known[:2] != (stands, day) or not (now - FRESH < known.made.at <= now):
        known = _kept[app.references] = _Kept(stands, day, Made(now))
    return Reading(app, tx, known.made)
