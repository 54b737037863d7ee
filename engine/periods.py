"""ISO 8601 as designers write it in timers: durations, date-times, cycles.

``P3DT4H`` is calendar time: years and months are counted on the local calendar
(31 January and one month is 28 or 29 February), all else is elapsed time. A
date-time without an offset is local. A cycle is ``R3/PT1H`` (three times, the
first an hour after it is armed), ``R3/START/PT1H`` (the first at START),
``R/PT1H/END`` or without a count as long as the case waits.

Refused here, so that no timer can spin or overflow: periods of nothing or less,
durations over 100 years, moments outside the years 1 to 9999.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.calendar import LOCAL
from engine.errors import InvalidDeadline

_MAX_TEXT = 200
_MAX_SECONDS = 100 * 366 * 86_400
_NUMBER = r"(\d{1,12}(?:[.,]\d{1,9})?)"
_DURATION = re.compile(
    rf"P(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)
_SECONDS = (None, None, 604_800, 86_400, 3_600, 60, 1)
_REPEATS = re.compile(r"R(-1|\d{0,9})")
_HINT = "Write for example PT30M, P3D, 2026-09-18T09:00, R3/PT1H or R/2026-09-18T09:00/P1D."


@dataclass(frozen=True, slots=True)
class Duration:
    """Months of the local calendar, then microseconds of elapsed time; over 0."""

    months: int
    microseconds: int

    def __post_init__(self) -> None:
        """Refuse what is nothing, negative or over 100 years.

        Raises:
            InvalidDeadline: then.
        """
        if self.months < 0 or self.microseconds < 0 or not (self.months or self.microseconds):
            raise InvalidDeadline("A duration must be longer than nothing.", hint=_HINT)
        if self.months > 1200 or self.microseconds > _MAX_SECONDS * 1_000_000:
            raise InvalidDeadline("A duration may be at most 100 years.", hint=_HINT)

    @classmethod
    def of_seconds(cls, seconds: float) -> Duration:
        """Return the duration of so many seconds.

        Raises:
            InvalidDeadline: nothing, negative, endless or over 100 years.
        """
        if not abs(seconds) <= _MAX_SECONDS:  # also true for NaN
            raise InvalidDeadline("A duration may be at most 100 years.", hint=_HINT)
        return cls(0, round(seconds * 1_000_000))

    def after(self, start: datetime, times: int = 1) -> datetime:
        """Return the moment ``times`` durations after ``start``, aware, UTC.

        Months are taken in one step from ``start``, so the last day of a month
        does not creep to the 28th.

        Raises:
            InvalidDeadline: the moment lies after the year 9999.
        """
        try:
            local = start.astimezone(LOCAL)
            if self.months:
                years, month = divmod(local.month - 1 + self.months * times, 12)
                year = local.year + years
                day = min(local.day, monthrange(year, month + 1)[1])
                local = local.replace(year=year, month=month + 1, day=day)
            return (local + timedelta(microseconds=self.microseconds * times)).astimezone(UTC)
        except (OverflowError, ValueError):
            raise _out_of_range() from None

    def text(self) -> str:
        """Return it in ISO 8601, in months, days, hours, minutes and seconds."""
        rest = _iso(self.microseconds) if self.microseconds else "P"
        return rest.replace("P", f"P{self.months}M", 1) if self.months else rest


def duration_text(seconds: float) -> str:
    """Return a length of time in ISO 8601; it may be nothing or negative (``-PT5M``).

    Raises:
        InvalidDeadline: endless or over 100 years.
    """
    if not abs(seconds) <= _MAX_SECONDS:  # also true for NaN
        raise InvalidDeadline("A duration may be at most 100 years.", hint=_HINT)
    microseconds = round(seconds * 1_000_000)
    return "-" * (microseconds < 0) + _iso(abs(microseconds))


def _iso(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    date = f"{days}D" if days else ""
    time = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    if seconds or fraction:
        time += f"{seconds}" + f".{fraction:06}".rstrip("0") * bool(fraction) + "S"
    return f"P{date}" + (f"T{time}" if time else "") if date or time else "PT0S"


@dataclass(frozen=True, slots=True)
class Timer:
    """What a timer's text says: a moment, a duration, or a cycle of a duration.

    Attributes:
        at: the moment of a date timer; the start of a cycle that names one.
        period: the duration, or the distance between the firings of a cycle.
        cycle: whether it fires again.
        times: how often a cycle fires in all; None = as long as it is armed.
        until: no firing of a cycle lies after this.
        skip: firings that lie before the first one: a cycle without a start
            counts from its arming, so its arming is number 0.
    """

    at: datetime | None = None
    period: Duration | None = None
    cycle: bool = False
    times: int | None = None
    until: datetime | None = None
    skip: int = 0

    def armed(self, now: datetime) -> Timer:
        """Return the timer with its start fixed, as it is kept while armed."""
        if not self.cycle or self.at is not None:
            return self
        return replace(self, at=now.astimezone(UTC), skip=1)

    def first(self, now: datetime) -> datetime | None:
        """Return the first moment it fires, or None when all have passed.

        A date in the past fires at once; a cycle skips what lies before ``now``.
        """
        if self.cycle:
            return _earliest(self.armed(now), now, include=True)
        if self.period is not None:
            return self.period.after(now)
        return self.at

    def following(self, now: datetime) -> datetime | None:
        """Return the next firing of an *armed* cycle after ``now``, or None.

        What was missed is not made up for: a cycle fires once for it (that firing
        is the caller's) and goes on from here.
        """
        return _earliest(self, now, include=False) if self.cycle else None

    def to_json(self) -> dict[str, Any]:
        """Return the timer as a JSON object that ``from_json`` reads."""
        return {
            "at": self.at and self.at.isoformat(),
            "period": self.period and self.period.text(),
            "cycle": self.cycle,
            "times": self.times,
            "until": self.until and self.until.isoformat(),
            "skip": self.skip,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Timer:
        """Return the timer that ``to_json`` wrote."""
        return cls(
            at=parse_moment(document["at"]) if document["at"] else None,
            period=parse_duration(document["period"]) if document["period"] else None,
            cycle=document["cycle"],
            times=document["times"],
            until=parse_moment(document["until"]) if document["until"] else None,
            skip=document["skip"],
        )


def _earliest(timer: Timer, now: datetime, *, include: bool) -> datetime | None:
    """The earliest firing of an armed cycle after ``now`` (or at it)."""
    assert timer.at is not None
    assert timer.period is not None
    # Start a little before now instead of stepping from the start. A month counts
    # as 31 days here: too long, so the number of the firing is never too high.
    length = timer.period.microseconds + timer.period.months * 31 * 86_400_000_000
    index = max(timer.skip, (now - timer.at) // timedelta(microseconds=1) // length)
    while timer.times is None or index < timer.times + timer.skip:
        moment = timer.period.after(timer.at, index)
        if timer.until is not None and moment > timer.until:
            return None
        if moment > now or (include and moment == now):
            return moment
        index += 1
    return None


def parse_timer(text: str) -> Timer:
    """Return what a timer's text says.

    Raises:
        InvalidDeadline: it is no ISO 8601 duration, date-time or cycle, or one
            of those this module refuses.
    """
    text = _stripped(text)
    if text[:1].upper() == "R":
        return _parse_cycle(text)
    if text[:1].upper() == "P" or text[:2].upper() in ("-P", "+P"):
        return Timer(period=parse_duration(text))
    return Timer(at=parse_moment(text))


def parse_duration(text: str) -> Duration:
    """Return an ISO 8601 duration such as ``P1Y2M3DT4H5M6.5S`` or ``P2W``.

    Raises:
        InvalidDeadline: it is none, nothing, negative or over 100 years.
    """
    text = _stripped(text).upper()
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        what = "is negative" if text.startswith("-") else "is no duration"
        raise InvalidDeadline(f"{text!r} {what}.", hint=_HINT)
    months, micro = 0, 0
    given = [(i, g.replace(",", ".")) for i, g in enumerate(match.groups()) if g]
    for index, digits in given:
        if "." in digits and (index < 2 or index != given[-1][0]):
            raise InvalidDeadline(
                f"{text!r} has a fraction that is not in its last part, or of a month.", hint=_HINT
            )
        seconds = _SECONDS[index]
        if seconds is None:
            months += int(digits) * (12 if index == 0 else 1)
        else:
            whole, _, fraction = digits.partition(".")
            micro += int(whole) * seconds * 1_000_000
            micro += int((fraction or "0").ljust(9, "0")) * seconds // 1_000
    return Duration(months, micro)


def parse_moment(text: str) -> datetime:
    """Return the aware UTC moment of a date or date-time; local without an offset.

    ``24:00`` is the midnight that ends the day.

    Raises:
        InvalidDeadline: it is none, or lies outside the years 1 to 9999.
    """
    text = _stripped(text)
    plain, ends = re.subn(r"([T ])24:00(:00)?(?=$|[Z+-])", r"\g<1>00:00", text, count=1)
    try:
        at = datetime.fromisoformat(plain)
    except ValueError:
        raise InvalidDeadline(f"{text!r} is no date and time.", hint=_HINT) from None
    try:
        if at.tzinfo is None:
            at = at.replace(tzinfo=LOCAL)
        return at.astimezone(UTC) + timedelta(days=ends)
    except (OverflowError, ValueError):
        raise _out_of_range() from None


def _parse_cycle(text: str) -> Timer:
    head, *parts = text.split("/")
    match = _REPEATS.fullmatch(head.upper())
    if match is None or not 1 <= len(parts) <= 3:
        raise InvalidDeadline(f"{text!r} is no cycle.", hint=_HINT)
    times = None if match[1] in {"", "-1"} else int(match[1])
    if times == 0:
        raise InvalidDeadline(f"{text!r} repeats 0 times, so it never fires.", hint=_HINT)
    start = until = None
    if parts[0][:1].upper() not in {"P", "-", "+"}:
        start = parse_moment(parts.pop(0))
    if not parts:
        raise InvalidDeadline(f"{text!r} does not say how long to wait between.", hint=_HINT)
    period = parse_duration(parts.pop(0))
    if not period.months and period.microseconds < 1_000_000:
        raise InvalidDeadline(f"{text!r} repeats more than once a second.", hint=_HINT)
    if parts:
        until = parse_moment(parts.pop(0))
    if parts:
        raise InvalidDeadline(f"{text!r} is no cycle.", hint=_HINT)
    return Timer(at=start, period=period, cycle=True, times=times, until=until)


def _stripped(text: str) -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > _MAX_TEXT or not stripped.isascii():
        raise InvalidDeadline(f"{stripped[:80]!r} is no duration, date-time or cycle.", hint=_HINT)
    return stripped


def _out_of_range() -> InvalidDeadline:
    return InvalidDeadline("The moment would lie outside the years 1 to 9999.", hint=_HINT)
