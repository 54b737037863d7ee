"""Every refusal of Bihuan: a stable code, an HTTP status, a message and a hint.

A message says what was refused and why; the hint says what to do next. Codes
never change once released: programs outside decide by them. ``docs/errors.md``
lists them all, and a test insists.

Standard library only: every layer raises these.
"""

from __future__ import annotations

from typing import Any, ClassVar


class EngineError(Exception):
    """The request was refused; nothing was changed."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        element: str | None = None,
        findings: list[dict[str, Any]] | None = None,
    ) -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.hint = hint
        self.element = element
        self.findings = findings
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def to_json(self) -> dict[str, Any]:
        """Return the problem's members (RFC 9457) that this refusal carries."""
        problem: dict[str, Any] = {"code": self.code, "status": self.status, "detail": self.message}
        for name in ("hint", "element", "findings"):
            value = getattr(self, name)
            if value is not None:
                problem[name] = value
        return problem


# -- requests ---------------------------------------------------------------


class InvalidRequest(EngineError):
    """The request cannot be read."""

    code = "invalid-request"
    status = 400


class InvalidData(EngineError):
    """The data do not fit the form."""

    code = "invalid-data"
    status = 422


class TooLarge(EngineError):
    """The request is larger than the limit."""

    code = "too-large"
    status = 413


class UnsupportedMediaType(EngineError):
    """The body is of a kind that the call does not take."""

    code = "unsupported-media-type"
    status = 415


class CrossSite(EngineError):
    """A page of another site asked for this in your name."""

    code = "cross-site"
    status = 403


class NotSignedIn(EngineError):
    """This needs a signed-in user."""

    code = "not-signed-in"
    status = 401


class NotAllowed(EngineError):
    """The actor has no right to do this."""

    code = "not-allowed"
    status = 403


class NotFound(EngineError):
    """There is nothing of this name that the caller may see."""

    code = "not-found"
    status = 404


class Stale(EngineError):
    """The resource has moved on since it was read."""

    code = "stale"
    status = 412


class KeyReused(EngineError):
    """The Idempotency-Key was used with another body."""

    code = "idempotency-key-reused"
    status = 422


class TooManyAttempts(EngineError):
    """Too many sign-ins have failed; wait before the next one."""

    code = "too-many-attempts"
    status = 429

    def __init__(self, *, retry_seconds: int) -> None:
        """Say how long to wait; nothing about whether the user exists."""
        self.retry_seconds = retry_seconds
        minutes = -(-retry_seconds // 60)
        super().__init__(
            f"Too many attempts have failed here; the next is taken in {minutes} minutes.",
            hint="Wait, then try again. Who has forgotten the password asks the administrator.",
        )


class Busy(EngineError):
    """The machine cannot take the request now."""

    code = "busy"
    status = 503


# -- cases and tasks ----------------------------------------------------------


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


# -- definitions --------------------------------------------------------------


class NotOnExecutor(EngineError):
    """The executor of the case cannot do this."""

    code = "not-on-executor"
    status = 409


class NotStartable(EngineError):
    """A drawing is shown, and no case starts on it."""

    code = "not-startable"
    status = 409


class NotDeployable(EngineError):
    """The diagram has errors; see the findings."""

    code = "not-deployable"
    status = 422


# -- proof --------------------------------------------------------------------


class HistoryBroken(EngineError):
    """An entry does not follow from the one before it."""

    code = "history-broken"
    status = 500

    def __init__(self, stream: str, *, position: int, reason: str) -> None:
        """Say which history, where it breaks and how."""
        self.stream, self.position, self.reason = stream, position, reason
        super().__init__(
            f"The history of {stream!r} is broken at position {position}: {reason}.",
            hint="Entries before that position are sound; compare with a checkpoint or a backup.",
        )


# -- scripts ------------------------------------------------------------------


class SandboxUnavailable(EngineError):
    """The sandbox for designers' expressions cannot be reached; try again."""

    code = "sandbox-unavailable"
    status = 503


# -- decisions ----------------------------------------------------------------


class DecisionFailed(EngineError):
    """The decision gives no result for these inputs."""

    code = "decision-failed"
    status = 422

    def __init__(self, message: str, *, kind: str = "error", **context: Any) -> None:
        """Say why; ``kind`` is ``error`` (the same every time) or ``limit``."""
        self.kind = kind
        super().__init__(message, **context)


# -- forms --------------------------------------------------------------------


class InvalidForm(EngineError):
    """The form cannot be used; see the findings."""

    code = "invalid-form"
    status = 422


# -- deadlines ----------------------------------------------------------------


class InvalidDeadline(EngineError):
    """A limit, moment or timer text cannot be counted with."""

    code = "invalid-deadline"
    status = 422


# -- organisation, lists, access ----------------------------------------------


class InvalidList(EngineError):
    """The list has rows that cannot be used; see the findings."""

    code = "invalid-list"
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


# -- identities ---------------------------------------------------------------


class UserExists(EngineError):
    """The name is taken: a user's name stands in histories for ever."""

    code = "user-exists"
    status = 409


class InvalidUser(EngineError):
    """The name or the password cannot be used."""

    code = "invalid-user"
    status = 422


class BackupRefused(EngineError):
    """A copy cannot be written or brought back like this."""

    code = "backup-refused"
    status = 409


class NotReady(EngineError):
    """The database cannot be reached or has no tables yet."""

    code = "not-ready"
    status = 503


# -- kernel -------------------------------------------------------------------
