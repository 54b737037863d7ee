"""Which entry events belong to, and what all rows share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.clock import parse
from engine.database import Transaction
from engine.events import Event

CLOSED = frozenset({"completed", "cancelled"})
END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
"""Where a task without a due moment stands in the order of the inbox."""


class Entered(NamedTuple):
    """The entry that events belong to.

    Attributes:
        supervisions: (process, element) of what begins and ends a supervision in the
            case, as ``Pinned`` says.
        free: (process, element) of the ad-hoc sub-processes in which people start work.
    """

    case_id: str
    main: str
    position: int
    at: datetime
    actor: str
    supervisions: frozenset[tuple[str, str]] = frozenset()
    free: frozenset[tuple[str, str]] = frozenset()


Handler = Callable[[Transaction, Entered, Event], None]


def matching(table: sa.Table, *names: str) -> list[sa.ColumnElement[bool]]:
    """Return conditions that columns equal the parameters ``of_<name>``."""
    return [table.c[name] == p(f"of_{name}") for name in names]


def moment_of(event: Event, name: str) -> datetime | None:
    """Return a moment of an event, or None."""
    text = event.get(name)
    return None if text is None else parse(text)


def place_of(event: Event) -> str:
    """Return how a visit of an element is named among the rows of its case."""
    visit = f"{event['process']}.{event['element']}.{event['nth']}"
    return f"{visit}.{event['instance']}" if "instance" in event else visit


def task_key(entered: Entered, event: Event) -> dict[str, Any]:
    """Return the parameters that name an event's task."""
    return {"of_case_id": entered.case_id, "of_task": event["task"]}
