"""Facts of the grid and of what the public sees: events, matters, topics, publications."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.figures.facts import Fact
from engine.figures.ground import Ground
from engine.figures.handling import whistles
from engine.figures.runs import Run, moment

QUARTER = timedelta(minutes=15)
FOUND_BY_STAFF = frozenset({"patrol", "visit", "door", "steward", "patch"})
IN_COMMUNITY = frozenset(
    {"self_fixed", "onsite", "grid_head", "consultation", "property", "mediation", "care"}
)


def events(ground: Ground) -> list[Fact]:
    """Return a fact for each event of the grid; a walk without a find is none."""
    whistled = {one.data.get("origin_case"): one for one in ground.runs("whistle_report")}
    street = {one.case for one in ground.facts(whistles) if "within_street" in one.marks}
    return [
        _event(ground, run, whistled.get(run.case), street)
        for run in ground.case_runs("grid_event").values()
        if run.data.get("result") != "nothing"
    ]


def _event(ground: Ground, run: Run, whistle: Run | None, street: set[str]) -> Fact:
    facts: dict[str, Any] = run.data.get("facts") or {}
    marks = set(run.apart()) | {"found"}
    channel = run.data.get("channel")
    if channel in FOUND_BY_STAFF:
        marks.add("staff")
    found_at = run.at("found_at") or run.created_at
    moments = {"found_at": found_at}
    acted = moment(facts.get("acted_at")) or run.at("acted_at")
    _act_in_time(ground, acted, found_at, marks)
    if facts:
        marks.add("closed")
        moments["closed_at"] = moment(facts["closed_at"]) or run.began_at
        if facts.get("cleared_same_day"):
            marks.add("cleared_same_day")
        if facts.get("rework"):
            marks.add("reworked")
        if facts.get("coord_late"):
            marks.add("coord_late")
        marks.add(str(facts.get("solved_by")))
        if facts.get("solved_by") in IN_COMMUNITY:
            marks |= {"in_community", "in_street"}
        elif facts.get("solved_by") == "patch_head" or (whistle and whistle.case in street):
            marks.add("in_street")
    if whistle is not None:
        marks.add("whistled")
    body = run.data.get("coord_unit") if "property" in marks else None
    bodies = frozenset({body} if body else ())
    return Fact(run.case, run.number, run.unit, bodies, frozenset(marks), moments)


def _act_in_time(
    ground: Ground, acted: datetime | None, found_at: datetime, marks: set[str]
) -> None:
    """What nobody has acted on yet is late as soon as its time is over, not before."""
    local = ground.calendar.local
    until = acted or ground.now
    if acted is not None or until - found_at > QUARTER:
        marks.add("quarter_over")
    if acted is not None and acted - found_at <= QUARTER:
        marks.add("in_quarter")
    if acted is not None or local(until).date() > local(found_at).date():
        marks.add("day_over")
    if acted is not None and local(acted).date() == local(found_at).date():
        marks.add("acted_same_day")


def matters(ground: Ground) -> list[Fact]:
    """Return what streets have taken on: events of the grid, and whistles without one.

    What a street has handed to the grid is an event there, and counted once.
    """
    found = [
        Fact(
            one.case,
            one.number,
            one.unit,
            marks=one.marks | {"accepted"},
            moments={"accepted_at": one.moments["found_at"]},
        )
        for one in ground.facts(events)
    ]
    return found + [
        Fact(
            one.case,
            one.number,
            one.unit,
            marks=one.marks,
            moments={"accepted_at": one.moments["received_at"]},
        )
        for one in ground.facts(whistles)
        if one.bears(("direct", "accepted", "!to_grid"))
    ]


def topics(ground: Ground) -> list[Fact]:
    """Return a fact for each consultation: its decisions, and who took part."""
    found = []
    for run in ground.runs("consultation"):
        data = run.data
        marks = set(run.apart()) | {str(data.get("consult_result"))}
        results = data.get("all_results") or []
        done = {one["code"] for one in results if one.get("status") == "done"}
        decided = {one["code"] for one in results}
        totals = data.get("totals") or {}
        voters = sum(one for one in totals.values() if isinstance(one, int))
        households = data.get("households_affected") or 0
        if decided:
            marks.add("decided_items")
        if voters and households:
            marks.add("voted")
        numbers = {
            "items": Decimal(len(decided)),
            "items_done": Decimal(len(done)),
            "voters": Decimal(voters),
            "households": Decimal(str(households)),
        }
        moments = {"raised_at": run.began_at}
        found.append(
            Fact(run.case, run.number, run.unit, frozenset(), frozenset(marks), moments, numbers)
        )
    return found


def publications(ground: Ground) -> list[Fact]:
    """Return a fact for each result that may be published: whether it was."""
    found = []
    for run in ground.runs("publication"):
        data = run.data
        rule = data.get("publication") or {}
        level = rule.get("level") if isinstance(rule, dict) else data.get("ceiling")
        marks = set(run.apart())
        if level not in {None, "none"} and data.get("draft_outcome") != "not_publishable":
            marks.add("publishable")
        published = data.get("published") or {}
        if published.get("level") not in {None, "none"} and not published.get("withdrawn"):
            marks.add("published")
        moments = {"asked_at": run.began_at}
        found.append(Fact(run.case, run.number, run.unit, frozenset(), frozenset(marks), moments))
    return found


def promises(ground: Ground) -> list[Fact]:
    """Return a fact for each promise of a meeting or conference: whether its owner kept it."""
    found = []
    for run in ground.runs("promise_tracking"):
        owner, due = run.data.get("owner"), run.at("due_at")
        kept = run.data.get("promise_result") == "done"
        marks = run.apart() | ({"kept"} if kept else set())
        moments = {"made_at": run.began_at} | ({} if due is None else {"due_at": due})
        bodies = frozenset({owner} if owner else ())
        found.append(Fact(run.case, run.number, run.unit, bodies, marks, moments))
    return found
