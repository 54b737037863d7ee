"""Figures as people and programs get them, each with its formula and the way to its cases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from engine import access, rates, score_rules, store
from engine.access import Actor
from engine.clock import text
from engine.database import Transaction
from engine.errors import InvalidRequest
from engine.facts import case_facts
from engine.figures import counting
from engine.figures.counting import Counted, Window
from engine.figures.definitions import Figure
from engine.figures.facts import Fact
from engine.figures.reading import Reading
from engine.ports import Application

Document = dict[str, Any]

PARTS = ("denominator", "numerator", "missing", "apart")
"""Which cases behind a figure: its base, those that count, those that do not, those left out."""

RULESET = "department"
"""The rule set of ``score_rules`` by which departments are compared."""


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
        reading = Reading(app, tx)
        access.require_unit(actor, "figures", unit, app.references.organisation)
        window = reading.window(unit, since, until or _tomorrow(reading))
        wanted = [reading.book.named(one) for one in codes or reading.book.figures]
        query = f"unit={unit}&from={since}&to={until or _tomorrow(reading)}"
        document = {
            "unit": unit,
            "name": reading.ground.organisation.name(unit, reading.today),
            "from": since.isoformat(),
            "to": (until or _tomorrow(reading)).isoformat(),
            "at": text(reading.ground.now),
            "items": [shown(reading.count(one, unit, window), query) for one in wanted],
        }
        if by_department:
            document["departments"] = league(reading, window, wanted)
        return document


def _tomorrow(reading: Reading) -> date:
    return reading.today + timedelta(days=1)


def shown(counted: Counted, query: str = "") -> Document:
    """Return one figure as it is answered; numbers are texts, as they are printed."""
    figure = counted.figure
    document: Document = {
        "code": figure.code,
        "title_zh": figure.title_zh,
        "title_en": figure.title_en,
        "chapter": figure.chapter,
        "kind": figure.kind,
        "value": None if counted.value is None else str(counted.value),
        "text": counted.text,
        "numerator": rates.plain(counted.rate.numerator),
        "denominator": None,
        "n": counted.n,
        "apart": counted.apart,
        "better": figure.better or None,
        "formula_zh": figure.formula_zh,
        "formula_en": figure.formula_en,
    }
    if figure.kind not in counting.NO_BASE:
        document["denominator"] = rates.plain(counted.rate.denominator)
    if figure.low is not None or figure.high is not None:
        bounds = [None if one is None else str(one) for one in (figure.low, figure.high)]
        document["band"] = {"low": bounds[0], "high": bounds[1], "within": counted.within_band}
    if figure.subject and query:
        document["cases"] = f"/api/v1/figures/{figure.code}/cases?{query}"
    return document


# -- departments -------------------------------------------------------------------------


def league(reading: Reading, window: Window, wanted: Sequence[Figure]) -> list[Document]:
    """Return each department with a share of what happened in a window, best first.

    Ranked by points, those with fewer than ``rates.LEAST`` shares after them; equal
    points share a rank.
    """
    shares = [one for one in reading.facts("shares") if "live" in one.marks]
    due = [one for one in shares if one.falls("effective_due", window.since, window.until)]
    lines = [
        _line(reading, window, wanted, body, due)
        for body in counting.bodies_of(due, window)
        if not body.startswith(("C", "P"))
    ]
    points = {
        one["unit"]: (None if one["points"] is None else Decimal(one["points"]), one["n"])
        for one in lines
    }
    places = rates.ranks(points)
    for one in lines:
        one["rank"] = places.get(one["unit"])
    last = len(lines) + 1
    return sorted(lines, key=lambda one: (one["rank"] or last, one["unit"]))


def _line(
    reading: Reading, window: Window, wanted: Sequence[Figure], body: str, due: list[Fact]
) -> Document:
    everywhere = Window(None, window.since, window.until)
    counted = {
        one.code: counting.count(
            one, counting.of_body(reading.facts(one.subject), window, {body}), everywhere
        )
        for one in _compared(reading, wanted)
    }
    rules = reading.book.rules.get(RULESET, ())
    points = score_rules.score(rules, {code: one.value for code, one in counted.items()})
    return {
        "unit": body,
        "name": reading.ground.organisation.name(body, reading.today),
        "n": len(counting.of_body(due, window, {body})),
        "points": None if points is None else str(points),
        "figures": {
            code: {"text": one.text, "numerator": one.parts, "n": one.n}
            for code, one in counted.items()
        },
    }


def _compared(reading: Reading, wanted: Sequence[Figure]) -> list[Figure]:
    """Return the figures by which departments are compared: asked for, or in the rules."""
    ruled = {one.metric for one in reading.book.rules.get(RULESET, ())}
    asked = {one.code for one in wanted}
    return [
        one
        for one in reading.book.figures.values()
        if one.subject in _OF_DEPARTMENTS and (one.code in ruled or one.code in asked)
    ]


_OF_DEPARTMENTS = frozenset({"shares", "whistles", "visits", "scores"})


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
    limit: int = 50,
    cursor: str | None = None,
) -> Document:
    """Return the cases behind a figure: ``{items, next, n, hidden}``.

    ``hidden`` is how many of the page the actor may not see: they are counted and not
    told. The cursor is how many have been told or hidden before.

    Raises:
        NotFound, NotAllowed: as ``overview``.
        InvalidRequest: there is no such part, or the cursor is none of ours.
    """
    if part not in PARTS:
        raise InvalidRequest(f"{part!r} is no part.", hint=f"One of {', '.join(PARTS)}.")
    start = _start(cursor)
    with app.database.reading() as tx:
        reading = Reading(app, tx)
        access.require_unit(actor, "figures", unit, app.references.organisation)
        window = reading.window(unit, since, until or _tomorrow(reading))
        figure = reading.book.named(code)
        facts = reading.facts(figure.subject) if figure.subject else []
        found = counting.behind(figure, facts, window, part)
        page = found[start : start + limit]
        items = []
        for fact, counts in page:
            if not fact.case or _may_see(app, tx, actor, fact.case):
                items.append(_item(fact, figure, counts=counts))
    following = str(start + limit) if len(found) > start + limit else None
    return {
        "items": items,
        "next": following,
        "n": len(found),
        "hidden": len(page) - len(items),
    }


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise InvalidRequest("This cursor is none of ours.", hint="Start again without one.")
    return int(cursor)


def _may_see(app: Application, tx: Transaction, actor: Actor, case_id: str) -> bool:
    row = store.read_case(tx, case_id)
    if row is None:
        return False
    return access.sees(actor, case_facts(tx, row), app.references.organisation)


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
