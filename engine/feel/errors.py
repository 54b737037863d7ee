"""The two ways in which FEEL refuses; whatever else goes wrong is null."""

from __future__ import annotations


class FeelError(ValueError):
    """A text is no FEEL.

    Attributes:
        position: of the character where it ends to be, counted from 0.
    """

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.message, self.position = message, position


class FeelLimit(RuntimeError):
    """An evaluation takes too many steps, or its result is too large."""
