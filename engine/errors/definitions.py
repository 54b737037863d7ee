"""Refusals of what designers and owners of lists bring."""

from __future__ import annotations

from typing import Any

from engine.errors.base import EngineError


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


class DraftMoved(EngineError):
    """Somebody else has saved the draft meanwhile; neither is lost."""

    code = "draft-moved"
    status = 409

    def __init__(self, process: str, *, revision: int, saved_by: str, saved_at: str) -> None:
        """Say whose saving came first; ``saved_at`` is RFC 3339."""
        self.revision, self.saved_by, self.saved_at = revision, saved_by, saved_at
        super().__init__(
            f"{saved_by} has saved the draft of {process!r} at {saved_at} as revision {revision}.",
            hint="Look at the difference, then save yours over it or take theirs.",
        )

    def to_json(self) -> dict[str, Any]:
        """Return the problem with the revision that is kept."""
        kept = {"revision": self.revision, "saved_by": self.saved_by, "saved_at": self.saved_at}
        return {**super().to_json(), **kept}


class OwnDraft(EngineError):
    """Who has worked on a draft does not deploy it where four eyes are asked for."""

    code = "own-draft"
    status = 403


class SandboxUnavailable(EngineError):
    """The sandbox for designers' expressions cannot be reached; try again."""

    code = "sandbox-unavailable"
    status = 503


class DecisionFailed(EngineError):
    """The decision gives no result for these inputs."""

    code = "decision-failed"
    status = 422

    def __init__(self, message: str, *, kind: str = "error", **context: Any) -> None:
        """Say why; ``kind`` is ``error`` (the same every time) or ``limit``."""
        self.kind = kind
        super().__init__(message, **context)


class InvalidForm(EngineError):
    """The form cannot be used; see the findings."""

    code = "invalid-form"
    status = 422


class InvalidDeadline(EngineError):
    """A limit, moment or timer text cannot be counted with."""

    code = "invalid-deadline"
    status = 422


class InvalidList(EngineError):
    """The list has rows that cannot be used; see the findings."""

    code = "invalid-list"
    status = 422
