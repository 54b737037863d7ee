"""What somebody has typed at a task and not sent yet: kept until it is sent, or past use.

It is one's own alone, stands in no history, and goes with whatever is erased of the case.
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
from engine.tables import tasks, unsent

MOST_BYTES = 200_000
"""A form with every field full, in UTF-8; more is no draft of a form."""

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
_DROP_CASE = sa.delete(unsent).where(unsent.c.case_id == p("of_case"))
_TIDY = sa.delete(unsent).where(
    (unsent.c.at < p("before", type_=Moment))
    | ~sa.exists().where(
        tasks.c.case_id == unsent.c.case_id,
        tasks.c.task == unsent.c.task,
        tasks.c.state == sa.literal_column("'open'"),
    )
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


def put(tx: Transaction, desk: Desk, pairs: Sequence[tuple[str, str]], at: datetime) -> None:
    """Keep what a user has typed at a task, in place of what was kept before.

    Raises:
        InvalidData: it is more than a form takes.
    """
    body = orjson.dumps(list(pairs))
    if len(body) > MOST_BYTES:
        raise InvalidData(
            f"A draft takes at most {MOST_BYTES} bytes.", hint="Send long texts as a file."
        )
    values = {"user_name": desk.user, "case_id": desk.case, "task": desk.task, "at": at}
    tx.run(_PUT, {**values, "body": body.decode()})


def read(tx: Transaction, desk: Desk) -> Draft | None:
    """Return what a user has typed at a task and not sent yet."""
    row = tx.one(_READ, desk.values)
    if row is None:
        return None
    return Draft([(name, text) for name, text in orjson.loads(row[0])], row[1])


def drop(tx: Transaction, desk: Desk) -> None:
    """Forget what a user has typed at a task."""
    tx.run(_DROP, desk.values)


def drop_case(tx: Transaction, case_id: str) -> None:
    """Forget what anybody has typed in a case."""
    tx.run(_DROP_CASE, {"of_case": case_id})


def tidy(tx: Transaction, before: datetime) -> int:
    """Remove what is older than a moment, or of tasks that are not open any more."""
    return tx.run(_TIDY, {"before": before})
