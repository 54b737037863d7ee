"""Dates, times, moments and durations as FEEL has them.

Years go from -999,999,999 to 999,999,999 in the Gregorian calendar, fractions of a
second to nanoseconds. A time or moment has no offset, a fixed one, or a zone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.feel import zones

NANOS = 1_000_000_000
DAY = 86_400
MAX_YEAR = 999_999_999
MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def leap(year: int) -> bool:
    """Whether a year of the Gregorian calendar has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def length(year: int, month: int) -> int:
    """Return the number of days of a month."""
    return 29 if month == 2 and leap(year) else MONTHS[month - 1]


@dataclass(frozen=True, slots=True)
class FeelDate:
    """A day of the calendar."""

    year: int
    month: int
    day: int

    @property
    def ordinal(self) -> int:
        """Days since 1970-01-01."""
        # Years begin in March here, so that the leap day comes last.
        year = self.year - (self.month <= 2)
        month = (self.month + 9) % 12
        return (
            365 * year + year // 4 - year // 100 + year // 400
            + (153 * month + 2) // 5 + self.day - 719_469
        )  # fmt: skip

    @property
    def weekday(self) -> int:
        """Monday is 1, Sunday 7."""
        return (self.ordinal + 3) % 7 + 1

    @property
    def day_of_year(self) -> int:
        """1 January is 1."""
        return self.ordinal - FeelDate(self.year, 1, 1).ordinal + 1

    @property
    def week(self) -> int:
        """The week's number after ISO 8601."""
        thursday = of_ordinal(self.ordinal + 4 - self.weekday)
        return 1 if thursday is None else (thursday.day_of_year - 1) // 7 + 1

    def plus_months(self, months: int) -> FeelDate | None:
        """Return the same day of another month, or that month's last day."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        if abs(year) > MAX_YEAR:
            return None
        return FeelDate(year, month + 1, min(self.day, length(year, month + 1)))

    def __str__(self) -> str:
        sign = "-" if self.year < 0 else ""
        return f"{sign}{abs(self.year):04}-{self.month:02}-{self.day:02}"


def date_of(year: int, month: int, day: int) -> FeelDate | None:
    """Return a date, None if the calendar has none such."""
    if abs(year) > MAX_YEAR or not 1 <= month <= 12 or not 1 <= day <= length(year, month):
        return None
    return FeelDate(year, month, day)


def of_ordinal(ordinal: int) -> FeelDate | None:
    """Return the date so many days after 1970-01-01, None beyond the calendar."""
    era, rest = divmod(ordinal + 719_468, 146_097)
    year = (rest - rest // 1_460 + rest // 36_524 - rest // 146_096) // 365
    rest -= 365 * year + year // 4 - year // 100
    month = (5 * rest + 2) // 153
    day = rest - (153 * month + 2) // 5 + 1
    number = year + era * 400 + (month >= 10)
    return date_of(number, (month + 2) % 12 + 1, day)


@dataclass(frozen=True, slots=True)
class FeelTime:
    """A time of day; at most one of offset (seconds east of UTC) and zone is set."""

    hour: int
    minute: int
    second: int
    nano: int = 0
    offset: int | None = None
    zone: str | None = None

    @property
    def nanos(self) -> int:
        """Nanoseconds since midnight."""
        return (self.hour * 3600 + self.minute * 60 + self.second) * NANOS + self.nano

    @property
    def value(self) -> int:
        """What times are compared by: nanoseconds since midnight in UTC, local ones as if."""
        return self.nanos - (self.east() or 0) * NANOS

    @property
    def placed(self) -> bool:
        """Whether it has an offset or a zone."""
        return self.offset is not None or self.zone is not None

    def east(self) -> int | None:
        """Return the offset, of a zone that without daylight saving."""
        if self.zone is None:
            return self.offset
        return zones.offset_of_local(self.zone, (2000, 1, 1, 12, 0, 0))

    def plus(self, nanos: int) -> FeelTime:
        """Return a time later by so much, around the clock."""
        return time_of_nanos((self.nanos + nanos) % (DAY * NANOS), self.offset, self.zone)

    def __str__(self) -> str:
        clock = f"{self.hour:02}:{self.minute:02}:{self.second:02}"
        if self.nano:
            clock += f".{self.nano:09}".rstrip("0")
        if self.zone is not None:
            return f"{clock}@{self.zone}"
        return clock if self.offset is None else clock + offset_text(self.offset)


def offset_text(offset: int) -> str:
    """Return an offset as Z or +HH:MM, with seconds where it has some."""
    if offset == 0:
        return "Z"
    minutes, seconds = divmod(abs(offset), 60)
    text = f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def time_of_nanos(nanos: int, offset: int | None, zone: str | None) -> FeelTime:
    """Return the time so many nanoseconds after midnight, less than a day."""
    seconds, nano = divmod(nanos, NANOS)
    minutes, second = divmod(seconds, 60)
    return FeelTime(minutes // 60, minutes % 60, second, nano, offset, zone)


MIDNIGHT = FeelTime(0, 0, 0)


@dataclass(frozen=True, slots=True)
class FeelDateTime:
    """A date and a time of that day."""

    date: FeelDate
    time: FeelTime

    @property
    def local(self) -> int:
        """Nanoseconds from 1970-01-01 on the clocks there."""
        return self.date.ordinal * DAY * NANOS + self.time.nanos

    @property
    def placed(self) -> bool:
        """Whether it has an offset or a zone."""
        return self.time.placed

    def east(self) -> int | None:
        """Return its offset, of a zone that on this day and time."""
        if self.time.zone is None:
            return self.time.offset
        date, time = self.date, self.time
        fields = (date.year, date.month, date.day, time.hour, time.minute, time.second)
        return zones.offset_of_local(self.time.zone, fields)

    def value(self, other: FeelTime | None = None) -> int:
        """Return what moments are compared by: nanoseconds from 1970-01-01 in UTC.

        A local moment is counted where ``other`` is, or else as if in UTC.
        """
        if self.placed or other is None or not other.placed:
            return self.local - (self.east() or 0) * NANOS
        there = replace(self.time, offset=other.offset, zone=other.zone)
        return FeelDateTime(self.date, there).value()

    def plus(self, nanos: int) -> FeelDateTime | None:
        """Return the moment later by so much, on the clocks of the same place."""
        if self.time.zone is None:
            return _of_local(self.local + nanos, self.time.offset, None)
        utc = _of_local(self.value() + nanos, None, None)
        if utc is None:
            return None
        date, time = utc.date, utc.time
        fields = (date.year, date.month, date.day, time.hour, time.minute, time.second)
        east = zones.offset_of_utc(self.time.zone, fields)
        return _of_local(utc.local + east * NANOS, None, self.time.zone)

    def plus_months(self, months: int) -> FeelDateTime | None:
        """Return the same time on the same day of another month."""
        date = self.date.plus_months(months)
        return None if date is None else FeelDateTime(date, self.time)

    def __str__(self) -> str:
        return f"{self.date}T{self.time}"


def _of_local(nanos: int, offset: int | None, zone: str | None) -> FeelDateTime | None:
    days, rest = divmod(nanos, DAY * NANOS)
    date = of_ordinal(days)
    return None if date is None else FeelDateTime(date, time_of_nanos(rest, offset, zone))


@dataclass(frozen=True, slots=True)
class MonthsDuration:
    """A years and months duration."""

    months: int

    @property
    def parts(self) -> tuple[int, int]:
        """Years and months, both with the sign of the whole."""
        years, months = divmod(abs(self.months), 12)
        return (-years, -months) if self.months < 0 else (years, months)

    def __str__(self) -> str:
        years, months = (abs(one) for one in self.parts)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return f"{'-' if self.months < 0 else ''}P{text}"


@dataclass(frozen=True, slots=True)
class TimeDuration:
    """A days and time duration, in nanoseconds."""

    nanos: int

    @property
    def parts(self) -> tuple[int, int, int, int, int]:
        """Days, hours, minutes, seconds, nanoseconds; all with the sign of the whole."""
        seconds, nano = divmod(abs(self.nanos), NANOS)
        days, seconds = divmod(seconds, DAY)
        sign = -1 if self.nanos < 0 else 1
        return (
            sign * days, sign * (seconds // 3600), sign * (seconds // 60 % 60),
            sign * (seconds % 60), sign * nano,
        )  # fmt: skip

    def __str__(self) -> str:
        days, hours, minutes, seconds, nano = (abs(one) for one in self.parts)
        clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        if seconds or nano:
            clock += str(seconds) + (f".{nano:09}".rstrip("0") if nano else "") + "S"
        text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
        return f"{'-' if self.nanos < 0 else ''}P{text or 'T0S'}"


Temporal = FeelDate | FeelTime | FeelDateTime | MonthsDuration | TimeDuration
