"""What cannot be read was changed past the engine: that is a finding, and stops nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from zstandard import ZstdError

from engine.replay import Difference

_UNREADABLE = (
    ValueError,  # JSON, base64, moments and texts that are none
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    ZstdError,
)
"""What values raise that the engine would never have written."""


def is_unreadable(reason: Exception) -> bool:
    """Tell whether a value raised it that cannot be read; else it is the reader's own fault."""
    if isinstance(reason, sqlite3.OperationalError):
        # A text that is no UTF-8.
        return "decode" in str(reason)
    # A moment beyond the years that Python knows: PEP 249 gives it one name in all drivers,
    # and that of PostgreSQL need not be installed.
    return isinstance(reason, _UNREADABLE) or "DataError" in [
        one.__name__ for one in type(reason).__mro__
    ]


def readable(found: Iterable[Difference], name: str, what: str) -> Iterator[Difference]:
    """Yield the findings of a check, and one more where it met a value that it cannot read.

    Args:
        name: of what is being checked: the case, the stream, the thing.
        what: it is.
    """
    try:
        yield from found
    except Exception as reason:
        if not is_unreadable(reason):
            raise
        yield Difference(name, None, told(reason), what)


def told(reason: Exception) -> str:
    """Return in words that a value cannot be read."""
    return f"a value of it cannot be read, so somebody changed it past the engine: {_said(reason)}"


def _said(reason: Exception) -> str:
    first = str(reason).strip().splitlines()[:1]
    return first[0][:200] if first else type(reason).__name__
