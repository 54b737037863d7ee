"""The two ways in which FEEL refuses; whatever else goes wrong is null."""

from __future__ import annotations


class FeelError(ValueError):
    """A text is no FEEL.

    Attributes:
        message: what is wrong, and where.
        position: of the character where it ends to be, counted from 0.
        hint: what to write instead, if that is known.
    """

    def __init__(self, message: str, position: int = 0, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message} {hint}")
        self.message, self.position, self.hint = message, position, hint


class FeelLimit(RuntimeError):
    """An evaluation takes too many steps, or its result is too large."""
