"""Refusals of what is asked of a case or a task."""

from __future__ import annotations

from engine.errors.base import EngineError
from engine.errors.requests import NotAllowed, NotFound


class TaskNotOpen(EngineError):
    """The task is completed or cancelled, so it takes no more commands."""

    code = "task-not-open"
    status = 409

    def __init__(self, task_id: str, *, state: str, case_id: str) -> None:
        """Say which task, which state it is in, and where to look next."""
        super().__init__(
            f"Task {task_id!r} of case {case_id!r} is {state}, not open.",
            hint=f"Reload the inbox, or see GET /cases/{case_id}/history.",
        )


class MoveRefused(EngineError):
    """Nothing can be moved there (不能移动到此处)."""

    code = "move-refused"
    status = 409


class AlreadyClaimed(EngineError):
    """Somebody else has claimed the task (已被签收)."""

    code = "already-claimed"
    status = 409


class OnHold(EngineError):
    """The task is on hold and takes no work until it is released."""

    code = "on-hold"
    status = 409


class SignaturesAwaited(EngineError):
    """The task waits for people who were asked about it."""

    code = "signatures-awaited"
    status = 409


class LastSignature(EngineError):
    """The last signature of a task stays: once asked for, somebody has to answer."""

    code = "last-signature"
    status = 409


class LastInstance(EngineError):
    """The last instance of several stays: one of them has to do it (减签)."""

    code = "last-instance"
    status = 409


class InstanceActed(EngineError):
    """Somebody has signed for work in the instance, or done some: it is not taken out."""

    code = "instance-acted"
    status = 409


class InstanceThere(EngineError):
    """It is among the several already, or has been: it is not added again (加签)."""

    code = "instance-there"
    status = 409


class VotesCast(EngineError):
    """Sealed votes were cast: the voters stay as they are."""

    code = "votes-cast"
    status = 409


class RemindedLately(EngineError):
    """The same person has urged this task a short while ago."""

    code = "reminded-lately"
    status = 409


class LimitUsedUp(EngineError):
    """The case has been extended as often as its rules allow."""

    code = "limit-used-up"
    status = 409


class WrongState(EngineError):
    """The case or task is in a state that does not allow this."""

    code = "wrong-state"
    status = 409


class UnknownOutcome(EngineError):
    """The task does not declare this outcome."""

    code = "unknown-outcome"
    status = 422


class NothingWaits(EngineError):
    """Nothing in the case waits for this."""

    code = "nothing-waits"
    status = 409


class ActivityRunning(EngineError):
    """An ad-hoc sub-process takes one activity at a time, and one is running."""

    code = "activity-running"
    status = 409


class MigrationRefused(EngineError):
    """The case cannot go on with that version as it stands; see the findings."""

    code = "migration-refused"
    status = 409


class StepLimit(EngineError):
    """One command moved more tokens than is allowed."""

    code = "step-limit"
    status = 422


class CaseNotFound(NotFound):
    """There is no such case, or the caller may not see it."""

    code = "case-not-found"

    def __init__(self, case_id: str) -> None:
        """Answer the same for a case that is not there and one that is not shown."""
        super().__init__(
            f"There is no case {case_id!r} that you may see.",
            hint="Search it with GET /cases, or ask the unit that handles it.",
        )


class SameHand(NotAllowed):
    """Separation of duties: another person or unit must do this."""

    code = "separation-of-duties"
