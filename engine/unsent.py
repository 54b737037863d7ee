"""What somebody has typed at a task and not sent yet: kept until it is sent, or past use.

It is one's own alone, stands in no history, and goes with whatever is erased of the case.
What was typed is sealed like what it will become: it lies among the personal values, marked
so that nothing that opens those for somebody, counts ballots or fills an archive finds it.
A task that somebody else has ended keeps it until the next tidying, so that who was too
slow can still read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Moment, Transaction
from engine.errors import InvalidData
from engine.sealing import Sealer
from engine.tables import sealed, tasks, unsent

MOST_BYTES = 200_000
"""A form with every field full, in UTF-8; more is no draft of a form."""

UNSENT = 2
"""In the column ``ballot`` of a personal value: it is a draft, read by its writer alone."""

Pairs = list[tuple[str, str]]

_INSERT = insert_once(unsent)
_PUT = _INSERT.on_conflict_do_update(
    index_elements=[unsent.c.user_name, unsent.c.case_id, unsent.c.task],
    set_={"body": _INSERT.excluded.body, "at": _INSERT.excluded.at},
)
_OWN = (
    unsent.c.user_name == p("of_name"),
    unsent.c.case_id == p("of_case"),
    unsent.c.task == p("of_task"),
)
_READ = sa.select(unsent.c.body, unsent.c.at).where(*_OWN)
_DROP = sa.delete(unsent).where(*_OWN)
_OF_CASE = sa.select(unsent.c.user_name, unsent.c.case_id, unsent.c.task).where(
    unsent.c.case_id == p("of_case")
)
_PAST = sa.select(unsent.c.user_name, unsent.c.case_id, unsent.c.task).where(
    (unsent.c.at < p("before", type_=Moment))
    | ~sa.exists().where(
        tasks.c.case_id == unsent.c.case_id,
        tasks.c.task == unsent.c.task,
        tasks.c.state == sa.literal_column("'open'"),
    )
)
_SEAL = sa.insert(sealed)
_OPEN = sa.select(sealed.c.value).where(
    sealed.c.case_id == p("of_case"), sealed.c.id == p("id"), sealed.c.ballot == UNSENT
)
_FORGET = sa.delete(sealed).where(
    sealed.c.case_id == p("of_case"), sealed.c.id == p("of_id"), sealed.c.ballot == UNSENT
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed, and when it was kept."""

    pairs: Pairs
    at: datetime


class Desk(NamedTuple):
    """Whose draft, at which task of which case."""

    user: str
    case: str
    task: str

    @property
    def values(self) -> dict[str, str]:
        """The key of its row, as statements bind it."""
        return {"of_name": self.user, "of_case": self.case, "of_task": self.task}


def put(
    tx: Transaction, desk: Desk, pairs: Sequence[tuple[str, str]], at: datetime, sealer: Sealer
) -> None:
    """Keep what a user has typed at a task, sealed, in place of what was kept before.

    Raises:
        InvalidData: it is more than a form takes.
    """
    if len(orjson.dumps(list(pairs))) > MOST_BYTES:
        raise InvalidData(
            f"A draft takes at most {MOST_BYTES} bytes.", hint="Send long texts as a file."
        )
    drop(tx, desk)
    body = orjson.dumps(sealer.value([list(one) for one in pairs])).decode()
    ((one, salt, value),) = sealer.kept
    mark = {"ballot": UNSENT, "erased_at": None}
    tx.run(_SEAL, {"case_id": desk.case, "id": one, "salt": salt, "value": value, **mark})
    values = {"user_name": desk.user, "case_id": desk.case, "task": desk.task, "at": at}
    tx.run(_PUT, {**values, "body": body})


def read(tx: Transaction, desk: Desk) -> Draft | None:
    """Return what a user has typed at a task and not sent yet."""
    row = tx.one(_READ, desk.values)
    if row is None:
        return None
    kept = tx.one(_OPEN, {"of_case": desk.case, "id": orjson.loads(row[0])["$sealed"]})
    return None if kept is None else Draft([(n, t) for n, t in orjson.loads(kept[0])], row[1])


def drop(tx: Transaction, desk: Desk) -> None:
    """Forget what a user has typed at a task."""
    row = tx.one(_READ, desk.values)
    if row is not None:
        tx.run(_FORGET, {"of_case": desk.case, "of_id": orjson.loads(row[0])["$sealed"]})
        tx.run(_DROP, desk.values)


def drop_case(tx: Transaction, case_id: str) -> None:
    """Forget what anybody has typed in a case."""
    for row in tx.all(_OF_CASE, {"of_case": case_id}):
        drop(tx, Desk(*row))


def tidy(tx: Transaction, before: datetime) -> int:
    """Remove what is older than a moment, or of tasks that are not open any more."""
    past = tx.all(_PAST, {"before": before})
    for row in past:
        drop(tx, Desk(*row))
    return len(past)
