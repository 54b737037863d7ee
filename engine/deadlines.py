"""Limits and the moments they end at, on the working calendar.

Four units: ``WD`` working days, ``WH`` working hours, ``EH`` elapsed hours and
``MIN`` elapsed minutes (both on the continuous clock, 24x7).

* Working days are counted from the day after the start; a limit ends at the
  close of business of its last day. A part of a day (1.5 WD) is counted as
  working hours, eight to the day.
* Working hours run only while the office is open. A start outside the hours
  waits for the next opening; a limit used up at closing time ends there.
* Counting backwards mirrors this: one working day before Friday is Thursday at
  the close of business.

Moments come in aware and go out in UTC; people read them in local time
(``local_text``). *Provisional* means that a year is touched whose calendar is
not yet official, so the moment may move. Pure: the present comes as an argument.
"""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from engine.calendar import LOCAL, MINUTE, Calendar, at_local
from engine.errors import InvalidDeadline
from engine.periods import Duration, Timer, duration_text, parse_duration, parse_moment, parse_timer

__all__ = [
    "UNITS",
    "Amount",
    "Calendar",
    "Due",
    "Duration",
    "Resolved",
    "Timer",
    "before",
    "counted",
    "due",
    "due_of",
    "end_of_day",
    "hold",
    "local_text",
    "longest",
    "number",
    "parse_duration",
    "parse_moment",
    "parse_timer",
    "part",
    "remaining",
    "resolve",
    "shortest",
    "working_minutes",
]

UNITS = {"WD": "working days", "WH": "working hours", "EH": "elapsed hours", "MIN": "minutes"}
HOURS_PER_DAY = 8
"""Working hours that stand for a working day where the two are compared.

The legal day; the opening hours of an office may be a little shorter.
"""

_MINUTES = {"WD": 60 * HOURS_PER_DAY, "WH": 60, "EH": 60, "MIN": 1}
_MAX_MINUTES = 100 * 366 * 24 * 60
_MAX_DEPTH = 64
_TAGS = {"$amount", "$after", "$before", "$end_of_day", "$moment", "$duration"}


class Due(NamedTuple):
    """A due moment (aware, UTC) and whether its calendar may still change."""

    at: datetime
    provisional: bool


class Resolved(NamedTuple):
    """Plain JSON, and whether any moment in it is provisional."""

    value: Any
    provisional: bool


@dataclass(frozen=True, slots=True)
class Amount:
    """A length of time in one of the four units; the count may be negative."""

    n: int | float
    unit: str

    def __post_init__(self) -> None:
        """Refuse what cannot be counted with.

        Raises:
            InvalidDeadline: an unknown unit, no finite number, over 100 years.
        """
        if self.unit not in UNITS:
            units = ", ".join(f"{code} ({name})" for code, name in UNITS.items())
            raise InvalidDeadline(f"There is no time unit {self.unit!r}.", hint=f"Use {units}.")
        if isinstance(self.n, bool) or not isinstance(self.n, int | float):
            raise InvalidDeadline(f"A limit is a number, not {self.n!r}.", hint="Write 5 or 0.5.")
        if not math.isfinite(self.n) or abs(self.n) * _MINUTES[self.unit] > _MAX_MINUTES:
            raise InvalidDeadline(
                f"A limit of {self.n} {UNITS[self.unit]} is longer than 100 years.",
                hint="Check the number and its unit.",
            )

    @property
    def working(self) -> bool:
        """Whether it is counted in working time rather than on the continuous clock."""
        return self.unit in ("WD", "WH")

    @property
    def minutes(self) -> float:
        """The nominal length in minutes, a working day being eight hours."""
        return self.n * _MINUTES[self.unit]

    def to_json(self) -> dict[str, Any]:
        """Return the tagged value that ``from_json`` and ``resolve`` read."""
        return {"$amount": self.n, "unit": self.unit}

    @classmethod
    def from_json(cls, value: Any) -> Amount:
        """Return the amount of a tagged value; decimals may come as text.

        Raises:
            InvalidDeadline: it is none.
        """
        if not isinstance(value, dict) or set(value) != {"$amount", "unit"}:
            raise InvalidDeadline(
                f"{reprlib.repr(value)} is no amount of time.",
                hint="Use working_days(n), working_hours(n), elapsed_hours(n) or minutes(n).",
            )
        return cls(number(value["$amount"]), str(value["unit"]))


def number(value: Any) -> int | float:
    """Return a count given as a number or as text (list cells, decimals).

    Raises:
        InvalidDeadline: it is no finite number.
    """
    if isinstance(value, str):
        try:
            exact = Fraction(value.strip()) if len(value) <= 40 and "/" not in value else None
        except ValueError:
            exact = None
        if exact is not None and abs(exact) <= _MAX_MINUTES:
            return int(exact) if exact.denominator == 1 else float(exact)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise InvalidDeadline(
        f"A limit is a number, not {reprlib.repr(value)}.", hint="Write 5 or 0.5."
    )


def due(start: datetime, amount: float, unit: str, *, calendar: Calendar) -> Due:
    """Return the moment a limit ends that runs from ``start``.

    Args:
        start: aware. An amount of 0 is due at once, at ``start``.
        amount: how many units; negative counts backwards from ``start``.
        unit: ``WD``, ``WH``, ``EH`` or ``MIN``.
        calendar: of the unit that has to act, see ``Calendar.for_unit``.

    Raises:
        InvalidDeadline: an unknown unit, an endless amount, or a moment outside
            the years 1 to 9999.
    """
    limit = Amount(amount, unit)
    if start.tzinfo is None:
        raise ValueError("A start without a time zone cannot be counted from.")
    whole = round(limit.n)
    if limit.unit == "WD" and whole and abs(limit.n - whole) < 1e-9:
        local = start.astimezone(LOCAL).date()
        day = calendar.workday(local, whole)
        end = at_local(day, calendar.periods(day)[-1][1])
        first = local + timedelta(days=1 if whole > 0 else -1)
        return Due(end, calendar.provisional(first.year, day.year))
    microseconds = round(limit.minutes * MINUTE)
    if not limit.working or not microseconds:
        try:
            end = start.astimezone(UTC) + timedelta(microseconds=microseconds)
            return Due(end, provisional=False)
        except OverflowError:
            raise InvalidDeadline("The moment would lie outside the years 1 to 9999.") from None
    end = calendar.shift(start, microseconds)
    years = start.astimezone(LOCAL).year, end.astimezone(LOCAL).year
    return Due(end, calendar.provisional(*years))


def before(moment: datetime, amount: float, unit: str, *, calendar: Calendar) -> Due:
    """Return the moment that lies so much before another; see ``due``."""
    return due(moment, -amount, unit, calendar=calendar)


def part(amount: Amount, fraction: float) -> Amount:
    """Return a share of an amount in the same unit: half of 4 WH is 2 WH."""
    share = round(amount.n * number(fraction), 9)
    return Amount(int(share) if share == int(share) else share, amount.unit)


def longest(first: Amount, second: Amount) -> Amount:
    """Return the longer of two amounts on the same clock (8 WH = 1 WD).

    Raises:
        InvalidDeadline: one is working time and the other is not; which of them
            is longer then depends on when they start.
    """
    _same_clock(first, second)
    return second if second.minutes > first.minutes else first


def shortest(first: Amount, second: Amount) -> Amount:
    """Return the shorter of two amounts on the same clock; see ``longest``."""
    _same_clock(first, second)
    return second if second.minutes < first.minutes else first


def _same_clock(first: Amount, second: Amount) -> None:
    if first.working != second.working:
        raise InvalidDeadline(
            f"{first.n} {first.unit} and {second.n} {second.unit} run on different clocks.",
            hint="Compare WD with WH, and EH with MIN.",
        )


def working_minutes(start: datetime, end: datetime, calendar: Calendar) -> float:
    """Return the working minutes between two moments; negative if swapped."""
    return _tidy(calendar.working_time(start, end))


def remaining(now: datetime, due_at: datetime, calendar: Calendar) -> float:
    """Return the working minutes left until a due moment; 0 when it has passed."""
    return max(0, working_minutes(now, due_at, calendar))


def hold(now: datetime, due_at: datetime, unit: str, calendar: Calendar) -> Amount:
    """Return what is left of a limit, to be given back when its clock runs again.

    Args:
        now: the moment the clock stops.
        due_at: the moment it would have ended.
        unit: the unit the limit was set in.
        calendar: as in ``due``.

    Returns:
        ``WH`` for limits in working time, ``MIN`` for the continuous clock;
        0 when the limit has run out.
    """
    if Amount(0, unit).working:
        return Amount(remaining(now, due_at, calendar) / 60, "WH")
    left = max(timedelta(0), due_at - now) // timedelta(microseconds=1)
    return Amount(_tidy(left), "MIN")


def _tidy(microseconds: int) -> float:
    minutes, rest = divmod(microseconds, MINUTE)
    return minutes if not rest else microseconds / MINUTE


def end_of_day(at: datetime) -> datetime:
    """Return 24:00 of the local day: the midnight that ends it, aware, UTC."""
    return at_local(at.astimezone(LOCAL).date(), 24 * 60 * MINUTE)


def local_text(at: datetime) -> str:
    """Return a moment as people read it: ``2026-09-20T17:30:00+08:00``."""
    return at.astimezone(LOCAL).isoformat()


def due_of(value: Any, *, now: datetime, calendar: Calendar) -> Due:
    """Return the moment that a timer, due date or follow-up date names.

    Args:
        value: what the designer's text or expression gave: a tagged value, an
            RFC 3339 or local date-time, or an ISO 8601 duration counted from now.
        now: aware.
        calendar: as in ``due``.

    Raises:
        InvalidDeadline: it names no moment.
    """
    return _Resolver(now, calendar).moment(value)


def counted(values: Any, *, now: datetime, calendar: Calendar) -> dict[str, list[Any]] | None:
    """Return which of some named values are moments counted in working time, and from what.

    Returns:
        name -> [tagged value with its start spelled out, whether it is provisional], to
        be counted again on another calendar; None if there is none.
    """
    found: dict[str, list[Any]] = {}
    for name, value in values.items() if isinstance(values, dict) else ():
        if isinstance(value, dict) and not _TAGS.isdisjoint(value):
            spelled, working = _spelled(value, now)
            if working:
                early = due_of(spelled, now=now, calendar=calendar).provisional
                found[name] = [spelled, early]
    return found or None


def _spelled(value: Any, now: datetime) -> tuple[Any, bool]:
    """Return a tagged moment without reference to now, and whether it needs a calendar."""
    if value is None:
        return local_text(now), False
    if not isinstance(value, dict) or set(value) in ({"$moment"}, {"$duration"}):
        return value, False
    if "$amount" in value:
        return {"$after": [local_text(now), value]}, Amount.from_json(value).working
    tag, inner = next(iter(value.items()))
    if tag == "$end_of_day":
        start, working = _spelled(inner, now)
        return {tag: start}, working
    (start, working), length = _spelled(inner[0], now), inner[1]
    if isinstance(length, dict) and "$amount" in length:
        working = working or Amount.from_json(length).working
    return {tag: [start, length]}, working


def resolve(value: Any, *, now: datetime, calendar: Calendar) -> Resolved:
    """Turn the tagged values inside a JSON value into plain text.

    Moments become local RFC 3339 text; a bare amount becomes the moment it ends
    at when it starts now; a duration becomes ISO 8601 text. Everything else is
    returned as it is.

    Raises:
        InvalidDeadline: a tagged value that cannot be read, or nested too deeply.
    """
    resolver = _Resolver(now, calendar)
    return Resolved(resolver.plain(value), resolver.provisional)


class _Resolver:
    """Reads tagged values; remembers whether any moment was provisional."""

    def __init__(self, now: datetime, calendar: Calendar) -> None:
        self.now, self.calendar, self.provisional = now, calendar, False

    def plain(self, value: Any, depth: int = 0) -> Any:
        if depth > _MAX_DEPTH:
            raise InvalidDeadline("A value is nested more than 64 deep.")
        if isinstance(value, dict):
            if _TAGS.isdisjoint(value):
                return {key: self.plain(one, depth + 1) for key, one in value.items()}
            if set(value) == {"$duration"}:
                return duration_text(number(value["$duration"]))
            moment = self.moment(value)
            self.provisional |= moment.provisional
            return local_text(moment.at)
        if isinstance(value, list | tuple):
            return [self.plain(one, depth + 1) for one in value]
        return value

    def moment(self, value: Any, depth: int = 0) -> Due:
        if isinstance(value, str):
            return Due(self._text(value), provisional=False)
        if depth > _MAX_DEPTH or not isinstance(value, dict) or not value:
            raise _no_moment(value)
        tag, inner = next(iter(value.items()))
        if tag in {"$amount", "unit"}:
            return self._counted(Due(self.now, provisional=False), value, 1)
        if tag == "$duration":
            at = Duration.of_seconds(number(inner)).after(self.now)
            return Due(at, provisional=False)
        if tag == "$moment" and isinstance(inner, str):
            return Due(parse_moment(inner), provisional=False)
        if tag == "$end_of_day":
            start = self._start(inner, depth)
            return Due(end_of_day(start.at), start.provisional)
        if tag in {"$after", "$before"} and isinstance(inner, list | tuple) and len(inner) == 2:
            return self._counted(self._start(inner[0], depth), inner[1], -1 if tag[1] == "b" else 1)
        raise _no_moment(value)

    def _text(self, value: str) -> datetime:
        if value.strip()[:1].upper() == "P":
            return parse_duration(value).after(self.now)
        return parse_moment(value)

    def _start(self, value: Any, depth: int) -> Due:
        return Due(self.now, provisional=False) if value is None else self.moment(value, depth + 1)

    def _counted(self, start: Due, length: Any, sign: int) -> Due:
        if isinstance(length, dict) and set(length) == {"$duration"}:
            length = {"$amount": number(length["$duration"]) / 60, "unit": "MIN"}
        amount = Amount.from_json(length)
        end = due(start.at, sign * amount.n, amount.unit, calendar=self.calendar)
        return Due(end.at, start.provisional or end.provisional)


def _no_moment(value: Any) -> InvalidDeadline:
    return InvalidDeadline(
        f"{reprlib.repr(value)} names no moment.",
        hint="Give working_days(3), a date and time like 2026-09-18T09:00, or a duration like P3D.",
    )
