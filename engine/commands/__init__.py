"""What may be asked of a case, one class per request; nobody changes one once it is made.

A command is what history records: applied again to the same snapshot it gives the same
events. Names in it are relative to the case (``whistle_report.accept.1``): a copy replays.

Commands hold JSON values only; personal ones were sealed before (``cases``).
"""

from __future__ import annotations

from engine.commands.activities import (
    AddInstance,
    CancelInstance,
    CompleteScope,
    HoldScope,
    MoveTokens,
    ReleaseScope,
    StartActivity,
)
from engine.commands.automatic import (
    CompleteJob,
    CorrelateMessage,
    FailJob,
    FireTimer,
    RaiseIncident,
    ReceiveSignal,
    RecomputeDeadlines,
)
from engine.commands.base import SHAPES, Command, JsonObject, define
from engine.commands.inbox import (
    KINDS,
    AddSignature,
    CopyTask,
    GiveSignature,
    ReadCopy,
    RemindTask,
    RemoveSignature,
    is_signature,
    signed_task,
)
from engine.commands.tasks import (
    AddAttachment,
    AddComment,
    ClaimTask,
    CompleteTask,
    ExtendTask,
    ResumeTask,
    SuspendTask,
    TransferTask,
    UnclaimTask,
)
from engine.commands.whole import (
    CancelCase,
    LinkCase,
    MigrateCase,
    ResumeCase,
    RetryIncident,
    StartCase,
    SuspendCase,
    UnlinkCase,
)

define(
    ClaimTask,
    UnclaimTask,
    TransferTask,
    CompleteTask,
    SuspendTask,
    ResumeTask,
    ExtendTask,
    AddComment,
    AddAttachment,
    AddSignature,
    GiveSignature,
    RemoveSignature,
    RemindTask,
    CopyTask,
    ReadCopy,
    FireTimer,
    CorrelateMessage,
    ReceiveSignal,
    CompleteJob,
    FailJob,
    RaiseIncident,
    RecomputeDeadlines,
    StartCase,
    SuspendCase,
    ResumeCase,
    CancelCase,
    LinkCase,
    UnlinkCase,
    RetryIncident,
    MigrateCase,
    AddInstance,
    CancelInstance,
    HoldScope,
    ReleaseScope,
    StartActivity,
    CompleteScope,
    MoveTokens,
)

COMMANDS: dict[str, type[Command]] = {name: shape.kind for name, shape in SHAPES.items()}
"""Every command of a case by its recorded type."""


def from_json(document: JsonObject) -> Command:
    """Return the command that ``to_json`` wrote.

    Raises:
        ValueError: the type is unknown, or a field is missing or unknown.
    """
    shape = SHAPES.get(document.get("type", ""))
    if shape is None:
        raise ValueError(f"There is no command {document.get('type')!r}.")
    given = {**shape.left_out, **document}
    del given["type"]
    try:
        return shape.kind(**given)
    except TypeError as reason:
        unknown = sorted(given.keys() - shape.names.keys())
        missing = sorted(shape.needed - given.keys())
        raise ValueError(
            f"{shape.kind.type}: unknown fields {unknown}, missing fields {missing}."
        ) from reason


__all__ = [
    "COMMANDS",
    "KINDS",
    "AddAttachment",
    "AddComment",
    "AddInstance",
    "AddSignature",
    "CancelCase",
    "CancelInstance",
    "ClaimTask",
    "Command",
    "CompleteJob",
    "CompleteScope",
    "CompleteTask",
    "CopyTask",
    "CorrelateMessage",
    "ExtendTask",
    "FailJob",
    "FireTimer",
    "GiveSignature",
    "HoldScope",
    "JsonObject",
    "LinkCase",
    "MigrateCase",
    "MoveTokens",
    "RaiseIncident",
    "ReadCopy",
    "ReceiveSignal",
    "RecomputeDeadlines",
    "ReleaseScope",
    "RemindTask",
    "RemoveSignature",
    "ResumeCase",
    "ResumeTask",
    "RetryIncident",
    "StartActivity",
    "StartCase",
    "SuspendCase",
    "SuspendTask",
    "TransferTask",
    "UnclaimTask",
    "UnlinkCase",
    "from_json",
    "is_signature",
    "signed_task",
]
