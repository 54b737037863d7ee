"""The only place where time and random ids are read.

Everything below the application gets its moment as an argument. Moments are
aware ``datetime`` in UTC; their text is RFC 3339 with ``Z``.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the application reads the present moment and fresh ids."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""

    def new_id(self) -> str:
        """Return a time-ordered random id (UUIDv7, RFC 9562), 32 hex digits."""

    def secret(self, size: int) -> bytes:
        """Return ``size`` bytes nobody can guess."""


class SystemClock:
    """The machine's clock and its random numbers."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC, to the millisecond.

        Milliseconds are what people, browsers and both databases agree on.
        """
        at = datetime.now(UTC)
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def new_id(self) -> str:
        """Return a UUIDv7 made from the wall time and the system's randomness."""
        return uuid7(self.now(), os.urandom(10))

    def secret(self, size: int) -> bytes:
        """Return ``size`` bytes from the system's randomness."""
        return secrets.token_bytes(size)


class ManualClock:
    """A clock that moves only when told: for tests, training and demos.

    Ids and secrets count up from ``seed``, so that two runs are the same; such
    a clock must never serve real people.
    """

    def __init__(self, at: datetime, *, seed: int = 0) -> None:
        self._at = at.astimezone(UTC)
        self._count = seed

    def now(self) -> datetime:
        """Return the moment last set, aware, in UTC."""
        return self._at

    def set(self, at: datetime) -> None:
        """Move to ``at``.

        Raises:
            ValueError: ``at`` lies before the present moment.
        """
        if at < self._at:
            raise ValueError(f"{text(at)} lies before {text(self._at)}; time never goes back.")
        self._at = at.astimezone(UTC)

    def new_id(self) -> str:
        """Return the next id: the moment, then a counter."""
        self._count += 1
        return uuid7(self._at, self._count.to_bytes(10, "big"))

    def secret(self, size: int) -> bytes:
        """Return ``size`` bytes made from the counter; not secret at all."""
        self._count += 1
        return self._count.to_bytes(size, "big")


class SteppingClock(ManualClock):
    """The manual clock of a served installation: moments by hand, ids at random."""

    def new_id(self) -> str:
        """Return a UUIDv7 of the manual moment with the system's randomness."""
        return uuid7(self.now(), os.urandom(10))

    def secret(self, size: int) -> bytes:
        """Return ``size`` bytes from the system's randomness."""
        return secrets.token_bytes(size)


def uuid7(at: datetime, randomness: bytes) -> str:
    """Return a UUIDv7 of ``at`` (milliseconds) and 10 random bytes, as 32 hex digits."""
    milliseconds = int(at.timestamp() * 1000)
    value = bytearray(milliseconds.to_bytes(6, "big") + randomness[:10])
    value[6] = 0x70 | value[6] & 0x0F
    value[8] = 0x80 | value[8] & 0x3F
    return value.hex()


def text(at: datetime) -> str:
    """Return ``at`` as RFC 3339 text in UTC, e.g. ``2026-09-20T09:30:00Z``."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse(moment: str) -> datetime:
    """Return the aware UTC moment of an RFC 3339 text.

    Raises:
        ValueError: the text is no date and time, or has no offset.
    """
    at = datetime.fromisoformat(moment)
    if at.tzinfo is None:
        raise ValueError(f"{moment!r} has no offset; write for example {moment}+08:00.")
    return at if at.tzinfo is UTC else at.astimezone(UTC)
