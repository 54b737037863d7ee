"""Dates, times, moments and durations as XML Schema writes them, read strictly."""

from __future__ import annotations

import re

from engine.feel import zones
from engine.feel.temporal import (
    MIDNIGHT,
    NANOS,
    FeelDate,
    FeelDateTime,
    FeelTime,
    MonthsDuration,
    Temporal,
    TimeDuration,
    date_of,
)

_DATE = r"(-?(?:[1-9]\d{4,8}|\d{4}))-(\d\d)-(\d\d)"
_CLOCK = (
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
    r"(?:([zZ])|([+-])(\d\d):(\d\d)(?::(\d\d))?|@([A-Za-z][\w+/-]*))?"
)
_DATES = re.compile(_DATE, re.ASCII)
_TIMES = re.compile(_CLOCK, re.ASCII)
_MOMENTS = re.compile(f"(?P<date>{_DATE})T(?P<time>{_CLOCK})", re.ASCII)
_MONTHS = re.compile(r"(-?)P(?=\d)(?:(\d{1,15})Y)?(?:(\d{1,15})M)?", re.ASCII)
_SECONDS = re.compile(
    r"(-?)P(?=\d|T\d)(?:(\d{1,15})D)?"
    r"(?:T(?=\d)(?:(\d{1,15})H)?(?:(\d{1,15})M)?(?:(\d{1,15})(?:\.(\d{1,9}))?S)?)?",
    re.ASCII,
)


def date(text: str) -> FeelDate | None:
    """Return a date such as 2026-11-22, None for anything else."""
    found = _DATES.fullmatch(text)
    return None if found is None else date_of(int(found[1]), int(found[2]), int(found[3]))


def time(text: str) -> FeelTime | None:
    """Return a time such as 08:30:00, 08:30:00.5+08:00 or 08:30:00@Asia/Shanghai."""
    found = _TIMES.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3])
    if hour > 23 or minute > 59 or second > 59:
        return None
    nano = int((found[4] or "0").ljust(9, "0"))
    if found[10] is not None:
        if zones.zone(found[10]) is None:
            return None
        return FeelTime(hour, minute, second, nano, None, found[10])
    if found[5] is not None:
        return FeelTime(hour, minute, second, nano, 0)
    if found[6] is None:
        return FeelTime(hour, minute, second, nano)
    minutes, seconds = int(found[8]), int(found[9] or 0)
    offset = int(found[7]) * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or offset > zones.MAX_OFFSET:
        return None
    return FeelTime(hour, minute, second, nano, -offset if found[6] == "-" else offset)


def moment(text: str) -> FeelDateTime | None:
    """Return a date and time such as 2026-11-22T08:30:00; a date alone is its midnight."""
    found = _MOMENTS.fullmatch(text)
    if found is None:
        day = date(text)
        return None if day is None else FeelDateTime(day, MIDNIGHT)
    day, clock = date(found["date"]), time(found["time"])
    return None if day is None or clock is None else FeelDateTime(day, clock)


def duration(text: str) -> MonthsDuration | TimeDuration | None:
    """Return a duration such as P1Y6M or P2DT3H, None for a mixture of both."""
    found = _MONTHS.fullmatch(text)
    if found is not None:
        months = int(found[2] or 0) * 12 + int(found[3] or 0)
        return MonthsDuration(-months if found[1] else months)
    found = _SECONDS.fullmatch(text)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(one or 0) for one in found.groups()[1:5])
    nanos = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * NANOS
    nanos += int((found[6] or "0").ljust(9, "0"))
    return TimeDuration(-nanos if found[1] else nanos)


def temporal(text: str) -> Temporal | None:
    """Return what an at-literal says: a date, a time, a moment or a duration."""
    return date(text) or time(text) or (moment(text) if "T" in text else None) or duration(text)
