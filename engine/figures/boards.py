"""The board: what a unit's leaders look at, in one document.

    board(app, actor, unit="990101001", since=date(2026, 9, 1), until=date(2026, 10, 1))

Every number in it is a figure of the list ``figures``, or one divided up by a
``Selection``; ``answers.cases_behind`` lists the cases of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from engine import access, rates
from engine.access import Actor
from engine.clock import text
from engine.database import Transaction
from engine.figures import counting
from engine.figures.answers import (
    entered,
    may_see,
    period_query,
    share,
    shown,
    shown_values,
)
from engine.figures.counting import Window
from engine.figures.definitions import Figure
from engine.figures.facts import Fact
from engine.figures.ranking import RULESET, league, lists
from engine.figures.reading import Reading
from engine.figures.selection import hour_of_week, item_names, items_of_cases
from engine.ports import Application

Document = dict[str, Any]

HEADLINES = (
    "received", "dispatched", "on_time", "response", "solved", "satisfied", "returned",
    "rework", "extension",
)  # fmt: skip
BACKLOG = ("backlog", "backlog_0_1", "backlog_2_5", "backlog_6_15", "backlog_16",
           "backlog_median", "backlog_p90")  # fmt: skip
COMPARED = ("signing", "on_time", "solved", "satisfied", "returned")
TREND = ("received", "dispatched", "on_time", "solved", "satisfied")
OF_PLACES = frozenset({"received"})
"""Figures that are told of places alone: no department takes a matter on."""
MONTHS = 12
ITEMS = 10
OVERDUE = 20
"""So many items, and so many overdue cases, stand on the board; the lists have the rest."""


def board(
    app: Application,
    actor: Actor,
    *,
    unit: str,
    since: date,
    until: date | None = None,
    listed: int = OVERDUE,
) -> Document:
    """Return the board of a unit and a period.

    ``items`` are the headline figures, ``backlog`` those of what is overdue now,
    ``departments`` the league with its red and black list, ``trend`` the twelve months
    up to the period's last, ``hours`` and ``frequent`` what was received (a department:
    what it was sent) by hour of the week and by item, ``overdue`` the cases that lie.

    Args:
        since, until: local days, the last left out; None is the day after today.
        listed: so many overdue cases are told, the oldest first.

    Raises:
        NotFound: there is no such unit.
        NotAllowed: the actor reads no figures of this unit.
    """
    with app.database.reading() as tx:
        reading, window, end = entered(app, tx, actor, unit, (since, until))
        is_place = _is_place(reading, unit)
        arrivals = reading.book.figures.get("received" if is_place else "dispatched")
        query = period_query(unit, since, end)
        return {
            "unit": unit,
            "name": reading.ground.organisation.name(unit, reading.today),
            "from": since.isoformat(),
            "to": end.isoformat(),
            "at": text(reading.ground.now),
            "items": [
                shown(reading.count(one, unit, window), query)
                for one in _known(reading, HEADLINES, is_place=is_place)
            ],
            "backlog": [
                shown(reading.count(one, unit, window), query)
                for one in _known(reading, BACKLOG, is_place=is_place)
            ],
            "departments": _departments(reading, window),
            "trend": _trend(reading, unit, end, is_place=is_place),
            "hours": _hours(reading, arrivals, window),
            "frequent": _frequent(reading, arrivals, window),
            "overdue": _overdue(reading, tx, actor, window, listed=listed),
        }


def _is_place(reading: Reading, unit: str) -> bool:
    row = reading.ground.organisation.unit(unit, reading.today)
    return row is None or row["unit_kind"] == "org"


def _known(reading: Reading, codes: Iterable[str], *, is_place: bool) -> list[Figure]:
    return [
        reading.book.figures[one]
        for one in codes
        if one in reading.book.figures and (is_place or one not in OF_PLACES)
    ]


# -- departments and months --------------------------------------------------------------


def _departments(reading: Reading, window: Window) -> Document:
    wanted = _known(reading, COMPARED, is_place=True)
    lines = league(reading, window, wanted)
    red, black = lists([one for one in lines if one["rank"] is not None])
    for line in lines:
        line["list"] = "red" if line in red else "black" if line in black else None
    titles = [{name: getattr(one, name) for name in _TITLES} for one in wanted]
    invented = RULESET in reading.book.samples
    return {"figures": titles, "items": lines, "least": rates.LEAST, "is_sample": invented}


_TITLES = ("code", "title_zh", "title_en", "formula_zh", "formula_en", "is_sample")


def _trend(reading: Reading, unit: str, end: date, *, is_place: bool) -> Document:
    last = end - timedelta(days=1)
    firsts = [_month(last, back) for back in range(MONTHS - 1, -2, -1)]
    months = list(pairwise(firsts))
    windows = [reading.window(unit, first, following) for first, following in months]
    lines = []
    for figure in _known(reading, TREND, is_place=is_place):
        counted = [reading.count(figure, unit, one) for one in windows]
        title = {name: getattr(figure, name) for name in _TITLES}
        percent = {"is_percent": figure.is_percent}
        lines.append({**title, **percent, "values": [shown_values(one) for one in counted]})
    named = [{"month": f"{a:%Y-%m}", "from": str(a), "to": str(b)} for a, b in months]
    return {"months": named, "items": lines}


def _month(day: date, back: int) -> date:
    """Return the first day of the month so many months before that of a day."""
    count = day.year * 12 + day.month - 1 - back
    return date(count // 12, count % 12 + 1, 1)


# -- when and what -----------------------------------------------------------------------


def _arrived(reading: Reading, figure: Figure, window: Window) -> list[Fact]:
    facts = reading.facts(figure.subject)
    return [one for one, _ in counting.behind(figure, facts, window, "numerator")]


def _hours(reading: Reading, figure: Figure | None, window: Window) -> Document | None:
    """Return how many came in each hour of the week: rows from Monday, 24 hours each."""
    if figure is None:
        return None
    found = Counter(
        hour_of_week(reading.ground, figure, one) for one in _arrived(reading, figure, window)
    )
    rows = [[found[day, hour] for hour in range(24)] for day in range(1, 8)]
    return {"code": figure.code, "rows": rows, "n": sum(found.values())}


def _frequent(reading: Reading, figure: Figure | None, window: Window) -> Document | None:
    """Return the items that came most often, with their share and what they add up to."""
    if figure is None:
        return None
    items, names = items_of_cases(reading.ground), item_names(reading.ground.app, reading.today)
    arrived = _arrived(reading, figure, window)
    found = Counter(items.get(one.case, "") for one in arrived)
    unnamed, total, so_far = found.pop("", 0), len(arrived), 0
    lines = []
    for code, count in sorted(found.items(), key=lambda one: (-one[1], one[0]))[:ITEMS]:
        so_far += count
        zh, en = names.get(code, (code, code))
        shares = [share(n, total) for n in (count, so_far)]
        lines.append(
            {"item": code, "name_zh": zh, "name_en": en, "n": count, "share": shares[0],
             "cumulated": shares[1]}
        )  # fmt: skip
    rest = sum(found.values()) - so_far
    return {"code": figure.code, "items": lines, "rest": rest, "unnamed": unnamed, "n": total}


def _overdue(
    reading: Reading, tx: Transaction, actor: Actor, window: Window, *, listed: int
) -> Document:
    """Return what is open and overdue now, the oldest first: what the reader may see of it."""
    figure = reading.book.figures.get("backlog")
    if figure is None:
        return {"items": [], "n": 0, "hidden": 0}
    ground = reading.ground
    found = sorted(_arrived(reading, figure, window), key=lambda one: one.moments["effective_due"])
    items: list[Document] = []
    page = found[:listed]
    for one in page:
        if may_see(ground.app, tx, actor, one.case):
            due = one.moments["effective_due"]
            names = [ground.organisation.name(body, ground.today) for body in sorted(one.bodies)]
            items.append(
                {"case": one.case, "business_key": one.number, "unit": one.unit,
                 "bodies": sorted(one.bodies), "names": names, "due_at": text(due),
                 "days": ground.working_days(due, ground.now)}
            )  # fmt: skip
    return {"items": items, "n": len(found), "hidden": len(page) - len(items)}


# -- whose boards ------------------------------------------------------------------------

LEVELS = ("district", "street", "community", "department")


def units(app: Application, actor: Actor) -> list[Document]:
    """Return the units whose figures the actor reads, the largest first: ``{unit, level, …}``."""
    with app.database.reading() as tx:
        app.references.refresh(tx)
    organisation = app.references.organisation
    today = app.references.calendar.local(app.clock.now()).date()
    found = [
        {"unit": row["id"], "level": row["level"], "name": row["name_zh"],
         "name_en": row["name_en"] or row["name_zh"]}
        for row in organisation.all_units(today)
        if row["level"] in LEVELS and _reads(app, actor, row["id"])
    ]  # fmt: skip
    return sorted(found, key=lambda one: (LEVELS.index(one["level"]), one["unit"]))


def _reads(app: Application, actor: Actor, unit: str) -> bool:
    return access.may_of_unit(actor, "figures", unit, app.references.organisation)
