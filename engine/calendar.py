"""The working calendar: which days are worked, and at which hours.

Built from two lists. ``calendar.csv`` names the days that differ from Monday to
Friday (holidays, and the weekend days worked instead, 调休); ``office_hours.csv``
holds the hours with the dates they are valid, for all or for one unit. A year
is *known* when its own 1 January is listed with the status ``official``. Other
years are Monday to Friday less 1 January and marked provisional, never refused.

Counting uses running totals per year, made at the first question about a year,
so a question costs a binary search whatever the limit.

Pure and immutable: no clock, no files. Local time is UTC+8 throughout; China
has not changed its clocks since 1991.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import accumulate

from engine import columns, spreadsheets
from engine.errors import InvalidDeadline

LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")
MINUTE = 60_000_000
"""Microseconds in a minute: working time is counted in whole microseconds."""

Periods = tuple[tuple[int, int], ...]
"""Opening and closing times of one day, in microseconds after midnight, in order."""

DEFAULT_HOURS: Periods = (
    (8 * 60 * MINUTE + 30 * MINUTE, 12 * 60 * MINUTE),
    (13 * 60 * MINUTE + 30 * MINUTE, 17 * 60 * MINUTE + 30 * MINUTE),
)
_HOURS = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class Year:
    """What is known about a year: its notice, and whether it is in force."""

    number: int
    source: str
    status: str

    @property
    def provisional(self) -> bool:
        """Whether due moments in this year may still move."""
        return self.status != "official"


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """Hours valid from one date to another (both included), of one unit or of all."""

    unit: str
    first: date
    last: date
    periods: Periods


@dataclass(frozen=True, slots=True)
class _Totals:
    """Running totals of one year; entry ``i`` is what lies before its day ``i``."""

    first: int
    days: Sequence[int]
    time: Sequence[int]
    periods: Sequence[Periods]


class Calendar:
    """Working days and hours, with a version that tells two contents apart."""

    def __init__(
        self,
        days: Mapping[date, bool],
        years: Iterable[Year],
        hours: Sequence[OfficeHours] = (),
        *,
        version: str,
    ) -> None:
        """Take the listed days (date -> is it worked?); ``read`` is the usual way."""
        self.version = version
        self._days = dict(days)
        self._years = {year.number: year for year in years}
        self._hours = tuple(hours)
        self._own: tuple[str, ...] = ("",)
        self._totals: dict[int, _Totals] = {}
        self._units: dict[tuple[str, ...], Calendar] = {}

    @classmethod
    def read(cls, days: bytes, hours: bytes = b"") -> Calendar:
        """Build a calendar from the bytes of ``calendar.csv`` and ``office_hours.csv``.

        Raises:
            InvalidList: a row that cannot be read, named with what to do.
        """
        digest = hashlib.sha256(days + b"\0" + hours).hexdigest()
        listed, years = _read_days(days)
        return cls(listed, years, _read_hours(hours) if hours else (), version=digest[:16])

    def year(self, number: int) -> Year:
        """Return a year's source and status; ``provisional`` where no notice is known."""
        return self._years.get(number) or Year(number, "", "provisional")

    def years(self) -> list[Year]:
        """Return the years that have rows, in order."""
        return [self._years[number] for number in sorted(self._years)]

    def for_unit(self, *units: str) -> Calendar:
        """Return the calendar with the office hours of a unit.

        Args:
            units: the unit, then the units above it; the first that has hours of
                its own on a day gives them, else the hours of all units hold.
        """
        own = (*(u for u in units if any(row.unit == u for row in self._hours)), "")
        if own == self._own:
            return self
        if own not in self._units:
            other = Calendar(self._days, self._years.values(), self._hours, version=self.version)
            other._own = own
            self._units[own] = other
        return self._units[own]

    def local(self, at: datetime) -> datetime:
        """Return a moment in local time; its ``date()`` is the local day."""
        return at.astimezone(LOCAL)

    def is_workday(self, day: date) -> bool:
        """Return whether people work on this local day."""
        listed = self._days.get(day)
        if listed is not None:
            return listed
        return day.weekday() < 5 and (day.month, day.day) != (1, 1)

    def periods(self, day: date) -> Periods:
        """Return the opening times of a local day; none on a free day."""
        if not self.is_workday(day):
            return ()
        for unit in self._own:
            for row in self._hours:
                if row.unit == unit and row.first <= day <= row.last:
                    return row.periods
        return DEFAULT_HOURS

    def provisional(self, first: int, last: int) -> bool:
        """Return whether any year between the two (included) may still change."""
        years = range(min(first, last), max(first, last) + 1)
        return any(self.year(number).provisional for number in years)

    def workday(self, day: date, count: int) -> date:
        """Return the ``count``-th working day after ``day`` (before it, if negative).

        ``day`` itself is never counted, worked or not; ``count`` is not 0.

        Raises:
            InvalidDeadline: the day would lie outside the years 1 to 9999.
        """
        year, index = day.year, day.toordinal() - date(day.year, 1, 1).toordinal()
        totals = self._year(year)
        if count > 0:
            wanted = totals.days[index + 1] + count
            while wanted > totals.days[-1]:
                wanted -= totals.days[-1]
                year += 1
                totals = self._year(year)
            return date.fromordinal(totals.first + bisect_left(totals.days, wanted) - 1)
        wanted = totals.days[index] + count
        while wanted < 0:
            year -= 1
            totals = self._year(year)
            wanted += totals.days[-1]
        return date.fromordinal(totals.first + bisect_right(totals.days, wanted) - 1)

    def shift(self, at: datetime, amount: int) -> datetime:
        """Return the moment ``amount`` microseconds of working time after ``at``.

        Forwards it is the first such moment (a limit ends at closing time, not at
        the next opening), backwards the last one. ``amount`` is not 0.

        Raises:
            InvalidDeadline: the moment would lie outside the years 1 to 9999.
        """
        local = at.astimezone(LOCAL)
        year, totals = local.year, self._year(local.year)
        wanted = self._before(totals, local) + amount
        if amount > 0:
            while wanted > totals.time[-1]:
                wanted -= totals.time[-1]
                year += 1
                totals = self._year(year)
            index = bisect_left(totals.time, wanted) - 1
        else:
            while wanted < 0:
                year -= 1
                totals = self._year(year)
                wanted += totals.time[-1]
            index = bisect_right(totals.time, wanted) - 1
        rest = wanted - totals.time[index]
        for opens, closes in totals.periods[index]:
            length = closes - opens
            if rest < length or (rest == length and amount > 0):
                return at_local(date.fromordinal(totals.first + index), opens + rest)
            rest -= length
        raise AssertionError("running totals and opening hours disagree")

    def working_time(self, start: datetime, end: datetime) -> int:
        """Return the microseconds of working time between two moments; negative if swapped."""
        if end < start:
            return -self.working_time(end, start)
        first, last = start.astimezone(LOCAL), end.astimezone(LOCAL)
        spent = -self._before(self._year(first.year), first)
        for year in range(first.year, last.year):
            spent += self._year(year).time[-1]
        return spent + self._before(self._year(last.year), last)

    def _before(self, totals: _Totals, local: datetime) -> int:
        """Working time of the year that lies before a local moment."""
        index = local.toordinal() - totals.first
        clock = (local.hour * 60 + local.minute) * MINUTE
        clock += local.second * 1_000_000 + local.microsecond
        spent = sum(
            min(clock, closes) - opens for opens, closes in totals.periods[index] if opens < clock
        )
        return totals.time[index] + spent

    def _year(self, number: int) -> _Totals:
        totals = self._totals.get(number)
        if totals is None:
            if not 1 <= number <= 9999:
                raise InvalidDeadline(
                    "The moment would lie outside the years 1 to 9999.",
                    hint="Use a shorter limit.",
                )
            totals = self._totals[number] = self._count(number)
        return totals

    def _count(self, number: int) -> _Totals:
        first = date(number, 1, 1).toordinal()
        size = date(number, 12, 31).toordinal() - first + 1
        periods = [self.periods(date.fromordinal(first + i)) for i in range(size)]
        return _Totals(
            first,
            list(accumulate((1 if p else 0 for p in periods), initial=0)),
            list(accumulate((sum(c - o for o, c in p) for p in periods), initial=0)),
            periods,
        )


def at_local(day: date, microseconds: int) -> datetime:
    """Return the aware UTC moment so long after local midnight of ``day``."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=LOCAL)
    return midnight.astimezone(UTC) + timedelta(microseconds=microseconds)


def _read_days(content: bytes) -> tuple[dict[date, bool], list[Year]]:
    file = "calendar.csv"
    _, rows = spreadsheets.read(file, content)
    days: dict[date, bool] = {}
    news: dict[int, Year] = {}
    findings = []
    for number, cells in rows:
        try:
            day = _new_day(cells, days)
        except ValueError as error:
            hint = "Write the date as 2026-10-01, once, and is_workday as 1 or 0."
            findings.append(spreadsheets.finding(file, number, "date", f"{error}", hint))
            continue
        days[day] = columns.boolean(cells["is_workday"])
        if (day.month, day.day) == (1, 1):
            status = cells.get("status") or "provisional"
            news[day.year] = Year(day.year, cells.get("source", ""), status)
    if findings:
        raise spreadsheets.refuse(file, findings)
    return days, [news.get(n) or Year(n, "", "provisional") for n in {d.year for d in days}]


def _new_day(cells: Mapping[str, str], days: Mapping[date, bool]) -> date:
    day = columns.day(cells.get("date", ""))
    if day in days:
        raise ValueError(f"{day} stands twice")
    try:
        columns.boolean(cells.get("is_workday", ""))
    except ValueError:
        raise ValueError(f"is_workday of {day} is {cells.get('is_workday')!r}") from None
    return day


def _read_hours(content: bytes) -> list[OfficeHours]:
    file = "office_hours.csv"
    _, rows = spreadsheets.read(file, content)
    hours: list[OfficeHours] = []
    findings = []
    for number, cells in rows:
        try:
            hours.append(_new_hours(cells, hours))
        except ValueError as error:
            hint = "Write hours as 08:30-12:00;13:30-17:30 and dates as 2026-05-01, no overlap."
            findings.append(spreadsheets.finding(file, number, "hours", f"{error}", hint))
    if findings:
        raise spreadsheets.refuse(file, findings)
    return hours


def _new_hours(cells: Mapping[str, str], hours: Iterable[OfficeHours]) -> OfficeHours:
    one = OfficeHours(
        cells.get("unit_id", ""),
        columns.day(cells.get("effective_from") or "0001-01-01"),
        columns.day(cells.get("effective_to") or "9999-12-31"),
        _periods(cells.get("hours", "")),
    )
    if one.last < one.first:
        raise ValueError("the row ends before it begins")
    if any(o.unit == one.unit and _overlap(o, one) for o in hours):
        raise ValueError("the dates overlap with another row of the same unit")
    return one


def _overlap(one: OfficeHours, other: OfficeHours) -> bool:
    return one.first <= other.last and other.first <= one.last


def _periods(text: str) -> Periods:
    found: list[tuple[int, int]] = []
    for part in text.split(";"):
        match = _HOURS.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{part!r} is no span of hours")
        opens, closes = ((int(match[i]) * 60 + int(match[i + 1])) * MINUTE for i in (1, 3))
        after = found[-1][1] if found else 0
        if not after <= opens < closes <= 24 * 60 * MINUTE:
            raise ValueError(f"{part!r} does not lie after the span before it, inside the day")
        found.append((opens, closes))
    return tuple(found)
