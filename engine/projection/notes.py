"""What stands beside a task: remarks, files, reminders, copies; and lines in 抄送."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa

from engine.database import Transaction
from engine.events import Event
from engine.projection.place import Entered
from engine.tables import notes, notices

_INSERT_NOTE = sa.insert(notes)
_INSERT_NOTICE = sa.insert(notices)


def noted(tx: Transaction, entered: Entered, event: Event, number: int = 0) -> None:
    """Keep an event beside its task; ``number`` tells those of one entry apart."""
    tx.run(
        _INSERT_NOTE,
        {
            "case_id": entered.case_id,
            "position": entered.position,
            "number": event.get("number", number),
            "task": event["task"],
            "kind": event["type"].partition("_")[0],
            "actor": entered.actor,
            "at": entered.at,
            "body": orjson.dumps(event).decode(),
        },
    )


def notify(tx: Transaction, entered: Entered, task: str, receivers: set[str], what: str) -> None:
    """Give receivers a line in 抄送, but not who acts: units, roles or ``@name``."""
    job = f"{task}@{entered.position}"
    base: dict[str, Any] = {"case_id": entered.case_id, "job": job, "text": what, "at": entered.at}
    told = sorted(receivers - {"", f"@{entered.actor}"})
    tx.run_many(_INSERT_NOTICE, [{**base, "receiver": one} for one in told])
