"""A case that somebody ends by hand tells the case that has started it.

The diagram tells it at each of its ends; whoever terminates, voids or withdraws the
case cuts that off. So the process names the message, and it goes out with the entry,
as what a diagram throws does: through the outbox, once.
"""

from __future__ import annotations

from engine.bpmn.model import Process
from engine.commands import CancelCase, Command
from engine.events import Event
from engine.execution import Snapshot

ORIGIN = "origin_case"
"""The datum that names the case which waits."""


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
