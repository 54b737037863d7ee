"""What people ask of a task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.commands.base import Command, JsonObject


@dataclass(slots=True)
class ClaimTask(Command):
    """Make the actor the assignee (签收)."""

    type: ClassVar[str] = "claim_task"
    task: str
    unit: str | None = None


@dataclass(slots=True)
class UnclaimTask(Command):
    """Give a claimed task back to its candidates (取消签收)."""

    type: ClassVar[str] = "unclaim_task"
    task: str


@dataclass(slots=True)
class TransferTask(Command):
    """Change the assignee for good (转办); no clock is reset."""

    type: ClassVar[str] = "transfer_task"
    task: str
    to: str
    reason: Any = None
    unit: str | None = None


@dataclass(slots=True)
class CompleteTask(Command):
    """Complete a user or manual task (办理); an unclaimed one is claimed first."""

    type: ClassVar[str] = "complete_task"
    task: str
    outcome: str | None = None
    data: JsonObject = field(default_factory=dict)
    unit: str | None = None


@dataclass(slots=True)
class SuspendTask(Command):
    """Stop a task's clocks (挂起) until it is resumed.

    ``reminds``: on ``review_at`` whoever has it is reminded; older records do not.
    """

    type: ClassVar[str] = "suspend_task"
    task: str
    reason: Any = None
    review_at: str | None = None
    reminds: bool | None = None


@dataclass(slots=True)
class ResumeTask(Command):
    """Let a suspended task's clocks run on with what was left of them."""

    type: ClassVar[str] = "resume_task"
    task: str
    reason: Any = None


@dataclass(slots=True)
class ExtendTask(Command):
    """Give a task a later due moment (延期); the original one is kept beside it."""

    type: ClassVar[str] = "extend_task"
    task: str
    due_at: str
    reason: Any = None


@dataclass(slots=True)
class AddComment(Command):
    """Add a remark to a task's thread; ``text`` is sealed."""

    type: ClassVar[str] = "add_comment"
    task: str
    text: Any


@dataclass(slots=True)
class AddAttachment(Command):
    """Add a file to a task; its name and bytes are sealed, its hash is not."""

    type: ClassVar[str] = "add_attachment"
    task: str
    attachment: str
    name: Any
    media_type: str
    size: int
    sha256: str
