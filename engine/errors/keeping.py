"""Refusals about what is kept: histories, copies, users, the machine."""

from __future__ import annotations

from engine.errors.base import EngineError


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
