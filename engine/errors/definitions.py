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
