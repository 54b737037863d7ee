"""Offsets of time zones, also in years that Python's calendar does not have."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", re.ASCII)
# What these mean differs from machine to machine, or is no zone.
_NONE = frozenset({"localtime", "posixrules", "Factory", "posix", "right"})

MAX_OFFSET = 18 * 3600


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo | None:
    """Return a zone of the IANA database, None if it has none of that name."""
    if len(name) > 60 or not _NAME.fullmatch(name) or name.partition("/")[0] in _NONE:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return None


def _year(year: int) -> int:
    """Return a year with the same days, weekdays and leap day that Python can count."""
    return year if 2 <= year <= 9998 else 2000 + year % 400


def offset_of_local(name: str, fields: tuple[int, int, int, int, int, int]) -> int:
    """Return the offset (seconds east) where clocks of the zone show these fields."""
    there = zone(name)
    if there is None:
        return 0
    local = datetime(_year(fields[0]), *fields[1:], tzinfo=there)
    offset = local.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def offset_of_utc(name: str, fields: tuple[int, int, int, int, int, int]) -> int:
    """Return the offset (seconds east) of the zone at a moment given in UTC."""
    there = zone(name)
    if there is None:
        return 0
    moment = datetime(_year(fields[0]), *fields[1:], tzinfo=UTC)
    offset = moment.astimezone(there).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
