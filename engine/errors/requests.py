"""Refusals of what was sent, and of who sent it."""

from __future__ import annotations

from engine.errors.base import EngineError


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


class MustChangePassword(EngineError):
    """The password is a temporary one: choose another first."""

    code = "must-change-password"
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
