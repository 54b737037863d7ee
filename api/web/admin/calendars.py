"""The working calendar as a year on one page, office hours, duty rosters and substitutes."""

from __future__ import annotations

import calendar as months
from datetime import date
from typing import Any

from flask import render_template, request

from api.current import actor, application
from api.web import language
from api.web.admin import lists
from api.web.admin.frame import (
    SEE,
    day_of,
    may_change,
    number_of,
    of_kinds,
    pages,
    require,
    today,
)
from engine import recounting, views
from engine.calendar import Calendar, Year
from engine.lists import FOREVER, ListVersion, span

ROSTERS = ("duty_roster", "backup_posts", "street_posts")
"""The lists that say who is on duty and whose post stands in for whose."""


@pages.get("/admin/calendar")
def calendar_year() -> str:
    """Show a year: its twelve months, what is known of it, and the hours of the offices."""
    require(SEE)
    app = application()
    asked = number_of(request.args.get("year"))
    number = asked if 1900 < asked < 3000 else today().year
    known = app.references.calendar
    shown = {one.number: one for one in [*known.years(), known.year(number)]}
    return render_template(
        "admin/calendar.html",
        year=known.year(number),
        years=[_about(known, shown[one]) for one in sorted(shown)],
        months=[_month(known, number, month) for month in range(1, 13)],
        listed=_listed(number),
        hours=_hours(),
        recount=recounting.under_way(app),
        may_change=may_change(),
    )


def _about(known: Calendar, year: Year) -> dict[str, Any]:
    worked = sum(
        known.is_workday(day)
        for month in range(1, 13)
        for day in months.Calendar().itermonthdates(year.number, month)
        if day.month == month
    )
    return {"number": year.number, "source": year.source, "provisional": year.provisional,
            "worked": worked}  # fmt: skip


def _month(known: Calendar, year: int, month: int) -> dict[str, Any]:
    """Return a month by weeks; a day outside it is None."""
    named = {day: row for day, row in _days(year).items() if day.month == month}
    weeks = [
        [_day(known, day, named.get(day)) if day.month == month else None for day in week]
        for week in months.Calendar().monthdatescalendar(year, month)
    ]
    worked = sum(bool(one and one["worked"]) for week in weeks for one in week)
    return {"number": month, "weeks": weeks, "worked": worked}


def _day(known: Calendar, day: date, row: dict[str, Any] | None) -> dict[str, Any]:
    worked, weekend = known.is_workday(day), day.weekday() > 4
    kind = "exchange" if worked and weekend else "holiday" if not worked and not weekend else ""
    if row is not None and not worked:
        kind = "holiday"
    return {
        "number": day.day,
        "worked": worked,
        "kind": kind or ("" if worked else "free"),
        "name": language.pick(row["name_zh"] or "", row["name_en"]) if row else "",
        "today": day == today(),
    }


def _days(year: int) -> dict[date, dict[str, Any]]:
    """Return the days of a year that the calendar lists."""
    return {
        date.fromisoformat(row["date"]): row
        for version in of_kinds("calendar")
        for row in version.rows
        if str(row.get("date", "")).startswith(f"{year:04d}-")
    }


def _listed(year: int) -> list[dict[str, Any]]:
    """Return the days that differ from Monday to Friday, in order, for who reads no colours."""
    return [
        {"day": day.isoformat(), "worked": row["is_workday"], "source": row["source"],
         "name": language.pick(row["name_zh"] or "", row["name_en"]), "status": row["status"]}
        for day, row in sorted(_days(year).items())
    ]  # fmt: skip


def _hours() -> list[dict[str, Any]]:
    found = []
    for version in of_kinds("calendar"):
        if "hours" not in version.descriptor.columns:
            continue
        for row in version.rows:
            first, last = span(version.descriptor, row)
            (shown,) = [lists.shown(version.descriptor, {"key": [row["unit_id"]], "row": row})]
            found.append({"unit": row["unit_id"], "hours": row["hours"], "first": first,
                          "last": None if last == FOREVER else last, "list": version.name,
                          "link": shown["link"]})  # fmt: skip
    return found


# -- rosters ---------------------------------------------------------------------------


@pages.get("/admin/rosters")
def roster_index() -> str:
    """Show who is on duty, whose post stands in for whose, and who stands in for whom."""
    require(SEE)
    app = application()
    day = day_of(request.args.get("day")) or today()
    rosters = []
    for name in ROSTERS:
        version = app.references.active.get(name)
        if version is not None:
            rosters.append(_roster(version, day))
    people = of_kinds("people")
    return render_template(
        "admin/rosters.html",
        rosters=rosters,
        substitutes=[one for version in people for one in _substitutes(version, day)],
        day=day.isoformat(),
        may_change=may_change(),
    )


def _roster(version: ListVersion, day: date) -> dict[str, Any]:
    page = views.list_page(application(), actor(), version.name, day=day)
    rows = [lists.shown(version.descriptor, one) for one in page["items"]]
    return {**page, "rows": rows, "columns": [lists.titled(one) for one in page["columns"]]}


def _substitutes(version: ListVersion, day: date) -> list[dict[str, Any]]:
    """Return the posts that somebody stands in for, on a day or later, by their first day."""
    named = "name_zh" in views.readable(actor(), version)
    names = {row["person_id"]: language.pick(row["name_zh"], row["name_en"])
             for row in version.rows if named}  # fmt: skip
    found = []
    for row in version.rows:
        first, last = span(version.descriptor, row)
        other = row["substitute_person_id"]
        if other and last >= day.isoformat():
            found.append({
                "person": row["person_id"], "name": names.get(row["person_id"], ""),
                "other": other, "other_name": names.get(other, ""), "role": row["role"],
                "unit": row["unit_id"], "first": first, "coming": first > day.isoformat(),
                "last": None if last == FOREVER else last,
            })  # fmt: skip
    return sorted(found, key=lambda one: (one["first"], one["person"]))
