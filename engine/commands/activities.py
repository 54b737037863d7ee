"""What is asked of activities and of the tokens in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from engine.commands.base import Command, JsonObject


@dataclass(slots=True)
class AddInstance(Command):
    """Add an instance to a running multi-instance activity (加签, 协办).

    Attributes:
        item: what it is about; where ``key`` is given the diagram makes it of that.
        key: one of the choices that the diagram gives people.
    """

    type: ClassVar[str] = "add_instance"
    activity: str
    item: Any = None
    key: str | None = None
    reason: Any = None


@dataclass(slots=True)
class CancelInstance(Command):
    """Cancel one instance of a running multi-instance activity (减签)."""

    type: ClassVar[str] = "cancel_instance"
    activity: str
    instance: int
    reason: Any = None


@dataclass(slots=True)
class HoldScope(Command):
    """Hold one instance of a multi-instance activity: tasks wait, limits stop."""

    type: ClassVar[str] = "hold_scope"
    activity: str
    instance: int
    reason: Any = None


@dataclass(slots=True)
class ReleaseScope(Command):
    """Release a held instance: limits run on with what was left."""

    type: ClassVar[str] = "release_scope"
    activity: str
    instance: int


@dataclass(slots=True)
class StartActivity(Command):
    """Start an activity of an open ad-hoc sub-process.

    Attributes:
        scope: the name of the sub-process's visit.
        activity: id of one of its activities that no flow leads to.
        unit: the unit in which the actor does so.
    """

    type: ClassVar[str] = "start_activity"
    scope: str
    activity: str
    unit: str | None = None


@dataclass(slots=True)
class CompleteScope(Command):
    """Say that all is done in an ad-hoc sub-process that has no completion condition."""

    type: ClassVar[str] = "complete_scope"
    scope: str


@dataclass(slots=True)
class MoveTokens(Command):
    """Move a token elsewhere, with all that runs beside it (退回, 撤回, 跳转).

    Attributes:
        target: ``element`` or ``process.element``.
        source: the name of a task or visit, ``element``, ``element#nth`` or
            ``element#nth.instance``; None = all that goes on beside the target.
        kind: ``move``, ``return`` (only to what was entered before) or ``withdraw``.
        limits: what was left of the target's limits (``kernel.carrying``); None = new ones.
        claims: the actor signs for the task that opens there, in ``unit``.
    """

    type: ClassVar[str] = "move_tokens"
    target: str
    source: str | None = None
    kind: str = "move"
    reason: Any = None
    limits: JsonObject | None = None
    claims: bool | None = None
    unit: str | None = None
