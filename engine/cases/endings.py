"""A case that somebody ends by hand, or a part of it: when it may be, and who is told.

It tells the case that has started it. The diagram tells it at each of its ends; whoever
terminates, voids or withdraws the case cuts that off. So the process names the message, and
it goes out with the entry, as what a diagram throws does: through the outbox, once.
"""

from __future__ import annotations

from engine import views
from engine.bpmn.model import Process
from engine.commands import CancelCase, CancelInstance, Command
from engine.database import Transaction
from engine.errors import WrongState
from engine.events import Event
from engine.execution import Snapshot
from engine.ports import Application

ORIGIN = "origin_case"
"""The datum that names the case which waits."""


QUIET = frozenset({"voided", "withdrawn", "merged"})
"""Ends by which a case goes away; terminating it (终止) is the district's decision."""


def permit(app: Application, tx: Transaction, case_id: str, command: Command) -> None:
    """Let a case or one of several in it be ended by hand, or refuse.

    Raises:
        WrongState: it is under supervision, which keeps it from going away quietly.
    """
    is_quiet = isinstance(command, CancelCase) and command.end in QUIET
    if not is_quiet and not isinstance(command, CancelInstance):
        return
    if views.is_supervised(app, tx, case_id):
        raise WrongState(
            f"Case {case_id!r} is under supervision (督办).",
            hint="The supervision is signed off before, or the district terminates the case.",
        )


def told(process: Process, snapshot: Snapshot, command: Command) -> list[Event]:
    """Return the message that ending a case by hand sends; none where nobody waits for it.

    It is no event of the history: that says by whom and how the case was ended.

    Args:
        process: the case's own; its property ``tells_origin`` names the message.
        snapshot: the case before the command.
    """
    name = process.properties.get("tells_origin")
    if not isinstance(command, CancelCase) or not name:
        return []
    origin = snapshot.sheets.get("").get(ORIGIN)
    if not isinstance(origin, str):
        return []
    return [
        {
            "type": "message_sent",
            "process": process.key,
            "element": process.key,
            "nth": 1,
            "path": [],
            "name": name,
            "correlation": {"origin": origin, "from_case": snapshot.case},
            "data": {"result": command.end, "from_case": snapshot.case, "cancelled": True},
        }
    ]
