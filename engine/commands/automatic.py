"""What time, other cases and programs ask of a case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from engine.commands.base import Command, JsonObject


@dataclass(slots=True)
class FireTimer(Command):
    """Fire the timer armed under ``timer``, the case's arming number."""

    type: ClassVar[str] = "fire_timer"
    timer: int
    due_at: str


@dataclass(slots=True)
class CorrelateMessage(Command):
    """Give a message to the subscription that waits for its name and keys."""

    type: ClassVar[str] = "correlate_message"
    name: str
    correlation: JsonObject = field(default_factory=dict)
    data: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class ReceiveSignal(Command):
    """Tell the case that a signal was broadcast."""

    type: ClassVar[str] = "receive_signal"
    name: str
    data: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class CompleteJob(Command):
    """Bring back the result of a service task's work."""

    type: ClassVar[str] = "complete_job"
    job: str
    data: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class FailJob(Command):
    """Report that a service task's work failed: a BPMN error if ``error_code`` is caught."""

    type: ClassVar[str] = "fail_job"
    job: str
    message: str
    error_code: str | None = None


@dataclass(slots=True)
class RaiseIncident(Command):
    """Record a failure outside the case (a delivery) as an incident of its sender."""

    type: ClassVar[str] = "raise_incident"
    element: str | None
    code: str
    message: str


@dataclass(slots=True)
class RecomputeDeadlines(Command):
    """Evaluate every open limit again: the working calendar has a new version.

    Attributes:
        provisional: names of the tasks that are marked provisional now.
    """

    type: ClassVar[str] = "recompute_deadlines"
    calendar: str
    provisional: list[str] | None = None
