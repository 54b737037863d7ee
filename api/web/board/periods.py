"""What a page of the board is about: a unit, and a month, quarter, year or some days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from api.current import actor, application
from api.moments import required_day
from api.web import language
from engine import figures
from engine.errors import InvalidData, NotAllowed

Document = dict[str, Any]

DAYS = "days"
"""The period that is named by its first and its last day."""
_NAME = re.compile(r"(\d{4})(?:-(\d{2})|-Q([1-4]))?")


@dataclass(frozen=True, slots=True)
class Period:
    """Some local days, the last left out; ``name`` such as ``2026-09``, ``2026-Q3``, ``2026``."""

    since: date
    until: date
    name: str = ""

    @property
    def last(self) -> date:
        """The last day of it."""
        return self.until - timedelta(days=1)

    @property
    def query(self) -> dict[str, str]:
        """How an address names it."""
        if self.name:
            return {"period": self.name}
        return {"period": DAYS, "from": str(self.since), "last": str(self.last)}

    @property
    def text(self) -> str:
        """What people call it."""
        return f"{self.since} – {self.last}"


@dataclass(frozen=True, slots=True)
class Asked:
    """The unit and period of a page, and the units that its reader may choose."""

    unit: str
    period: Period
    units: list[Document]

    @property
    def unit_name(self) -> str:
        """What the unit is called, in the chosen language; empty where it is none of the units."""
        found = (one for one in self.units if one["unit"] == self.unit)
        return next((language.pick(one["name"], one["name_en"]) for one in found), "")

    def link(self, **more: Any) -> str:
        """Return the query of another page about the same, with more in it."""
        given = {name: value for name, value in more.items() if value is not None}
        return urlencode({"unit": self.unit, **self.period.query, **given})

    @property
    def span(self) -> dict[str, Any]:
        """The same as arguments of ``figures``."""
        return {"unit": self.unit, "since": self.period.since, "until": self.period.until}


def asked(args: Mapping[str, str]) -> Asked:
    """Return what an address asks for: this month of the largest unit, if it does not say.

    Raises:
        InvalidData: the period is none.
        NotAllowed: there is no unit whose figures the reader may see.
    """
    app, who = application(), actor()
    units = figures.units(app, who)
    unit = args.get("unit", "").strip()
    if not units and not unit:
        raise NotAllowed(
            f"{who.name!r} reads no unit's figures.",
            hint="Leaders, dispatchers and analysts of a unit do, and who compares the district.",
        )
    return Asked(unit or units[0]["unit"], _read(args, today_here()), units)


def today_here() -> date:
    """Return the local day."""
    app = application()
    return app.references.calendar.local(app.clock.now()).date()


def _read(args: Mapping[str, str], today: date) -> Period:
    name = args.get("period", "").strip() or f"{today:%Y-%m}"
    if name != DAYS:
        return named(name)
    since = required_day(args.get("from", ""), "from")
    last = required_day(args.get("last", ""), "last")
    if not since <= last < date(9999, 1, 1):
        raise InvalidData("The last day lies before the first.", hint="Exchange the two.")
    return Period(since, last + timedelta(days=1))


def named(name: str) -> Period:
    """Return the month, quarter or year of a name.

    Raises:
        InvalidData: it is none.
    """
    found = _NAME.fullmatch(name)
    year, month, quarter = (int(one or 0) for one in found.groups()) if found else (0, 0, 0)
    if not 1 <= year < 9998 or month > 12 or (found and found[2] == "00"):
        raise InvalidData(
            f"{name!r} is no period.", hint="Write 2026-09, 2026-Q3, 2026, or days from and last."
        )
    first, length = (month, 1) if month else (3 * quarter - 2, 3) if quarter else (1, 12)
    end = first + length
    until = date(year + 1, 1, 1) if end > 12 else date(year, end, 1)
    return Period(date(year, first, 1), until, name)


def choices() -> list[tuple[str, str]]:
    """Return (name, words) of the periods that the form offers: this one and the one before."""
    today = today_here()
    before = today.replace(day=1) - timedelta(days=1)
    quarter = (today.month + 2) // 3
    last = f"{today.year}-Q{quarter - 1}" if quarter > 1 else f"{today.year - 1}-Q4"
    names = [
        f"{today:%Y-%m}", f"{before:%Y-%m}", f"{today.year}-Q{quarter}", last,
        str(today.year), str(today.year - 1),
    ]  # fmt: skip
    keys = ("bd_month", "bd_month_before", "bd_quarter", "bd_quarter_before", "bd_year",
            "bd_year_before")  # fmt: skip
    return [(name, _words(key, name)) for name, key in zip(names, keys, strict=True)]


def _words(key: str, name: str) -> str:
    return f"{language.text(key)} {name}"


def beside(period: Period) -> tuple[str, str] | None:
    """Return the names of the periods of the same length before and after one that has a name."""
    if not period.name:
        return None
    days = (period.since - timedelta(days=1), period.until)
    if "Q" in period.name:
        before, after = (f"{one.year}-Q{(one.month + 2) // 3}" for one in days)
    elif "-" in period.name:
        before, after = (f"{one:%Y-%m}" for one in days)
    else:
        before, after = (str(one.year) for one in days)
    return before, after
