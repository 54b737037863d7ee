"""Figures as people and programs get them, each with its formula and the way to its cases."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from engine import access, rates, store
from engine.access import Actor
from engine.clock import text
from engine.database import Transaction
from engine.errors import InvalidRequest, NotAllowed
from engine.facts import sees
from engine.figures import counting, keeping
from engine.figures.counting import Counted, Window
from engine.figures.definitions import Figure
from engine.figures.facts import Fact
from engine.figures.ranking import league
from engine.figures.reading import Reading
from engine.figures.selection import Selection
from engine.ports import Application

Document = dict[str, Any]

PARTS = ("denominator", "numerator", "missing", "apart")
"""Which cases behind a figure: its base, those that count, those that do not, those left out."""

EVERYTHING = Selection()


def overview(
    app: Application,
    actor: Actor,
    *,
    unit: str,
    since: date,
    until: date | None = None,
    codes: Collection[str] = (),
    by_department: bool = False,
) -> Document:
    """Return the figures of a unit and a period.

    Args:
        since, until: local days, the last left out; None is the day after today.
        codes: which figures; none named: all there are.
        by_department: also every department that answers for something in the unit, with
            its figures, its points and its rank.

    Raises:
        NotFound: there is no such unit or figure.
        NotAllowed: the actor reads no figures of this unit.
    """
    with app.database.reading() as tx:
        reading, window, end = entered(app, tx, actor, unit, (since, until))
        wanted = [reading.book.named(one) for one in codes or reading.book.figures]
        query = period_query(unit, since, end)
        document = {
            "unit": unit,
            "name": reading.ground.organisation.name(unit, reading.today),
            "from": since.isoformat(),
            "to": end.isoformat(),
            "at": text(reading.ground.now),
            "items": [shown(reading.count(one, unit, window), query) for one in wanted],
        }
        if by_department:
            document["departments"] = league(reading, window, wanted)
        return document


def entered(
    app: Application,
    tx: Transaction,
    actor: Actor,
    unit: str,
    period: tuple[date, date | None],
) -> tuple[Reading, Window, date]:
    """Return what an actor who may read a unit's figures reads, and the day that it ends before.

    Raises:
        NotFound, NotAllowed: as ``overview``.
    """
    reading = keeping.reading(app, tx)
    access.require_unit(actor, "figures", unit, app.references.organisation)
    since, end = period[0], period[1] or reading.today + timedelta(days=1)
    return reading, reading.window(unit, since, end), end


def period_query(unit: str, since: date, until: date) -> str:
    """Return a unit and a period as the query of a call."""
    return f"unit={quote(unit)}&from={since}&to={until}"


def share(part: int, whole: int) -> str:
    """Return what a part is of a whole in percent, as it is printed: one digit."""
    return str(rates.Rate(Decimal(part), Decimal(whole)).percent(1))


def shown_values(counted: Counted) -> Document:
    """Return what a figure says: nothing of what so few have answered but how many."""
    value = None if counted.few else counted.value
    told = None if counted.few else rates.plain(counted.rate.numerator)
    return {
        "value": None if value is None else str(value),
        "text": counted.printed,
        "numerator": told,
        "n": counted.n,
    }


def shown(counted: Counted, query: str = "") -> Document:
    """Return one figure as it is answered; numbers are texts, as they are printed."""
    figure = counted.figure
    document: Document = {
        "code": figure.code,
        "title_zh": figure.title_zh,
        "title_en": figure.title_en,
        "chapter": figure.chapter,
        "kind": figure.kind,
        **shown_values(counted),
        "denominator": None,
        "apart": counted.apart,
        "better": figure.better or None,
        "formula_zh": figure.formula_zh,
        "formula_en": figure.formula_en,
        "is_weighted": bool(figure.number),
        "is_sample": figure.is_sample,
    }
    if figure.kind not in counting.NO_BASE and not counted.few:
        document["denominator"] = rates.plain(counted.rate.denominator)
    if figure.low is not None or figure.high is not None:
        bounds = [None if one is None else str(one) for one in (figure.low, figure.high)]
        document["band"] = {"low": bounds[0], "high": bounds[1], "within": counted.within_band}
    if figure.subject and query:
        document["cases"] = f"/api/v1/figures/{figure.code}/cases?{query}"
    return document


# -- cases -------------------------------------------------------------------------------


def cases_behind(
    app: Application,
    actor: Actor,
    code: str,
    *,
    unit: str,
    since: date,
    until: date | None = None,
    part: str = "denominator",
    only: Selection = EVERYTHING,
    limit: int = 50,
    cursor: str | None = None,
) -> Document:
    """Return the cases behind a figure: ``{items, next, n, hidden}``.

    ``hidden`` is how many of the page the actor may not see: they are counted and not
    told. The cursor is how many have been told or hidden before.

    Args:
        only: a part of the figure, such as those of one hour of the week.

    Raises:
        NotFound, NotAllowed: as ``overview``; also not allowed is to ask who of so few has
            answered what.
        InvalidRequest: there is no such part, or the cursor is none of ours.
    """
    if part not in PARTS:
        raise InvalidRequest(f"{part!r} is no part.", hint=f"One of {', '.join(PARTS)}.")
    start = place_of(cursor)
    with app.database.reading() as tx:
        reading, window, _ = entered(app, tx, actor, unit, (since, until))
        figure = reading.book.named(code)
        facts, window = only.of(
            reading.ground, figure, reading.facts(figure.subject) if figure.subject else [], window
        )
        found = counting.behind(figure, facts, window, part)
        _refuse_telling(figure, facts, window, part)
        page = found[start : start + limit]
        items = []
        for fact, counts in page:
            if not fact.case or may_see(app, tx, actor, fact.case):
                items.append(_item(fact, figure, counts=counts))
    following = str(start + limit) if len(found) > start + limit else None
    return {
        "items": items,
        "next": following,
        "n": len(found),
        "hidden": len(page) - len(items),
    }


def place_of(cursor: str | None) -> int:
    """Return how many a cursor passes over; none without one.

    Raises:
        InvalidRequest: it is none of ours.
    """
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise InvalidRequest("This cursor is none of ours.", hint="Start again without one.")
    return int(cursor)


def _refuse_telling(figure: Figure, facts: Collection[Fact], window: Window, part: str) -> None:
    """Tell of so few answers which cases they are of, not which of them was which."""
    base = counting.behind(figure, facts, window, "denominator")
    if part in {"numerator", "missing"} and counting.is_telling(figure, len(base)):
        raise NotAllowed(
            f"Fewer than {rates.LEAST} people have answered: this part would tell what each said.",
            hint="Ask for the part denominator, or for a longer period.",
        )


def may_see(app: Application, tx: Transaction, actor: Actor, case_id: str) -> bool:
    """Whether the actor may see a case."""
    row = store.read_case(tx, case_id)
    if row is None:
        return False
    return sees(tx, actor, row, app.references.organisation)


def _item(fact: Fact, figure: Figure, *, counts: bool) -> Document:
    at = fact.moments.get(figure.counted_by)
    return {
        "case": fact.case or None,
        "business_key": fact.number,
        "unit": fact.unit,
        "bodies": sorted(fact.bodies),
        "at": None if at is None else text(at),
        "counts": counts,
        "marks": sorted(fact.marks),
    }
