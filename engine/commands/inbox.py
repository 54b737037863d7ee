"""What people ask of each other over a task: signatures, delegation, reminders, copies.

An added signature (加签) and a delegation (委派) are rows of the inbox by themselves, named
``TASK~N``; the task stays with its owner. ``reason`` is the words that go with an act.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from engine.commands.base import Command

BEFORE, PARALLEL, AFTER, DELEGATE = "before", "parallel", "after", "delegate"
KINDS = (BEFORE, PARALLEL, AFTER, DELEGATE)
"""前加签, 并加签, 后加签 and 委派."""

AGREE, DISAGREE, RESOLVED = "agree", "disagree", "resolved"


def is_signature(task: str) -> bool:
    """Whether a task's name is that of a signature or delegation."""
    return "~" in task


def signed_task(task: str) -> str:
    """Return the name of the task that a signature belongs to; a task's own name as it is."""
    return task.partition("~")[0]


@dataclass(slots=True)
class AddSignature(Command):
    """Ask another person about a task (加签, 委派).

    Attributes:
        to: a user name.
        kind: one of ``KINDS``.
        due_at: by when; None = when the task itself is due.
    """

    type: ClassVar[str] = "add_signature"
    task: str
    to: str
    kind: str
    due_at: str | None = None
    reason: Any = None


@dataclass(slots=True)
class GiveSignature(Command):
    """Answer as the person who was asked: agree, disagree; ``resolved`` for a delegation."""

    type: ClassVar[str] = "give_signature"
    task: str
    outcome: str
    reason: Any = None


@dataclass(slots=True)
class RemoveSignature(Command):
    """Take back what was asked and not answered yet (减签, 收回委派)."""

    type: ClassVar[str] = "remove_signature"
    task: str
    reason: Any = None


@dataclass(slots=True)
class RemindTask(Command):
    """Urge who has a task, or whom it is offered to (催办)."""

    type: ClassVar[str] = "remind_task"
    task: str
    reason: Any = None


@dataclass(slots=True)
class CopyTask(Command):
    """Show a task to people who have nothing to do with it (抄送, 传阅).

    Attributes:
        receivers: user names; roles were looked up before.
    """

    type: ClassVar[str] = "copy_task"
    task: str
    receivers: list[str]
    reason: Any = None


@dataclass(slots=True)
class ReadCopy(Command):
    """Say that one has opened what was shown to one (已阅)."""

    type: ClassVar[str] = "read_copy"
    task: str
