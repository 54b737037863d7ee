"""What may be asked of a case, one class per request; nobody changes one once it is made.

A command is what history records: applied again to the same snapshot it gives the same
events. Names in it are relative to the case (``whistle_report.accept.1``): a copy replays.

Commands hold JSON values only; personal ones were sealed before (``cases``).
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar

JsonObject = dict[str, Any]


@dataclass(slots=True)
class Command:
    """Base of all commands."""

    type: ClassVar[str]

    def to_json(self) -> JsonObject:
        """Return ``{type, …}`` with the fields that are set."""
        result: JsonObject = {"type": self.type}
        for name in _SHAPES[self.type].names:
            value = getattr(self, name)
            if value is not None:
                result[name] = value
        return result


@dataclass(slots=True)
class _Shape:
    """The fields of a command as records have them.

    Attributes:
        needed: those that every record has.
        left_out: those without a default that a record leaves out when they are None.
    """

    names: dict[str, None]
    needed: frozenset[str]
    left_out: tuple[str, ...]


def _shape(kind: type[Command]) -> _Shape:
    bare = [one for one in fields(kind) if one.default is one.default_factory is MISSING]
    left_out = [one.name for one in bare if re.search(r"\bNone\b", str(one.type))]
    needed = frozenset(one.name for one in bare) - set(left_out)
    return _Shape({one.name: None for one in fields(kind)}, needed, tuple(left_out))


@dataclass(slots=True)
class StartCase(Command):
    """Start a case of ``process`` at ``start`` (its only plain start event if None).

    ``attachments`` are files that come with the start form: what ``AddAttachment`` says
    of each, its task apart.
    """

    type: ClassVar[str] = "start_case"
    process: str
    data: JsonObject = field(default_factory=dict)
    start: str | None = None
    business_key: str | None = None
    unit: str | None = None
    starter: str | None = None
    links: list[JsonObject] | None = None
    attachments: list[JsonObject] | None = None


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
    """Stop a task's clocks (挂起) until it is resumed."""

    type: ClassVar[str] = "suspend_task"
    task: str
    reason: Any = None
    review_at: str | None = None


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
class RetryIncident(Command):
    """Try the failed step again, with corrected data if given; None = all incidents."""

    type: ClassVar[str] = "retry_incident"
    incident: int | None = None
    data: JsonObject | None = None
    reason: Any = None


@dataclass(slots=True)
class SuspendCase(Command):
    """Stop the whole case: no task, timer or message moves it."""

    type: ClassVar[str] = "suspend_case"
    reason: Any = None
    review_at: str | None = None


@dataclass(slots=True)
class ResumeCase(Command):
    """Let a suspended case go on with what was left of its limits."""

    type: ClassVar[str] = "resume_case"
    reason: Any = None


@dataclass(slots=True)
class CancelCase(Command):
    """End a case before its end event: terminated, voided, withdrawn or merged."""

    type: ClassVar[str] = "cancel_case"
    end: str
    reason: Any = None


@dataclass(slots=True)
class AddInstance(Command):
    """Add an instance to a running multi-instance activity (加签, 协办)."""

    type: ClassVar[str] = "add_instance"
    activity: str
    item: Any = None


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


@dataclass(slots=True)
class RecomputeDeadlines(Command):
    """Evaluate every open limit again: the working calendar has a new version.

    Attributes:
        provisional: names of the tasks that are marked provisional now.
    """

    type: ClassVar[str] = "recompute_deadlines"
    calendar: str
    provisional: list[str] | None = None


@dataclass(slots=True)
class MigrateCase(Command):
    """Let a running case go on with other versions of its definitions.

    Attributes:
        version: of the case's own process.
        processes: version of every process it can call from now on, its own among them.
        mapping: process -> old element id -> new one, where ids have changed.
    """

    type: ClassVar[str] = "migrate_case"
    version: int
    processes: dict[str, int] = field(default_factory=dict)
    mapping: dict[str, dict[str, str]] | None = None
    reason: Any = None


def _subclasses(base: type[Command]) -> dict[str, type[Command]]:
    return {one.type: one for one in base.__subclasses__()}


COMMANDS: dict[str, type[Command]] = _subclasses(Command)
"""Every command of a case by its recorded type."""

_SHAPES = {name: _shape(kind) for name, kind in COMMANDS.items()}


def from_json(document: JsonObject) -> Command:
    """Return the command that ``to_json`` wrote.

    Raises:
        ValueError: the type is unknown, or a field is missing or unknown.
    """
    kind = COMMANDS.get(document.get("type", ""))
    if kind is None:
        raise ValueError(f"There is no command {document.get('type')!r}.")
    shape, given = _SHAPES[kind.type], dict(document)
    del given["type"]
    if not shape.needed <= given.keys() <= shape.names.keys():
        unknown = sorted(given.keys() - shape.names.keys())
        missing = sorted(shape.needed - given.keys())
        raise ValueError(f"{kind.type}: unknown fields {unknown}, missing fields {missing}.")
    for name in shape.left_out:
        given.setdefault(name, None)
    return kind(**given)
