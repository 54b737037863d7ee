"""Facts of whistles: the cases, and each department's share of them.

A share (承办件) is what one department has to do for one whistle; a rework is a share of
its own. It is closed when the department has answered, on time by its own clock, and
deferred (缓办) while its clock stands still with approval. Shares that went to another
department, or that were ended by others, are not ``due`` from anybody.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.distances import metres
from engine.figures.facts import Fact
from engine.figures.ground import Ground
from engine.figures.runs import Run, moment
from engine.sealing import unseal
from engine.store import get_sealed_values

ANSWERED = frozenset({"done", "partial", "cannot"})
STREET_BODIES = ("S", "K", "C", "P", "O")
"""First letters of the bodies that work for a street or below it."""

REPEATED_METRES = 50
REPEATED_WITHIN = timedelta(days=30)
AGES = ((1, "late_0_1"), (5, "late_2_5"), (15, "late_6_15"))
"""Up to so many working days late -> mark; above the last: ``late_16``."""


def shares(ground: Ground) -> list[Fact]:
    """Return a fact for each department's share of each whistle."""
    whistles = ground.case_runs("whistle_report")
    return [
        _share(ground, run, whistles.get(run.case)) for run in ground.runs("department_handling")
    ]


def _share(ground: Ground, run: Run, whistle: Run | None) -> Fact:
    result: dict[str, Any] = run.data.get("result") or {}
    code = result.get("code") or run.item or run.data.get("dept_code") or ""
    lead = whistle.data.get("lead") if whistle else None
    marks = set(run.apart()) | {"dispatched"}
    if whistle is not None and whistle.data.get("excluded"):
        marks = (marks - {"live"}) | {"excluded"}
    role = result.get("role") or run.data.get("dept_role") or ("lead" if code == lead else "co")
    marks.add(str(role))
    marks.add("community" if code.startswith("C") else "department")
    moments = _moments(run, result)
    numbers: dict[str, Decimal] = {"shares": Decimal(1)}
    _how_it_stands(ground, run, result, marks, moments)
    _signing(ground, run, result, marks, moments)
    _returning(run, result, marks)
    if "overdue" in marks:
        late = ground.working_days(moments["effective_due"], ground.now)
        numbers["late_days"] = Decimal(late)
        marks.add(_age(late))
    if "closed" in marks:
        start, end = moments["dispatched_at"], moments["submitted_at"]
        numbers["working_hours"] = ground.worked(run, start, end)
    return Fact(
        run.case, run.number, run.unit, frozenset({code}), frozenset(marks), moments, numbers
    )


def burdens(ground: Ground) -> list[Fact]:
    """Return the shares of community bodies, by the department that asks for their help."""
    leads = {case: run.data.get("lead") for case, run in ground.case_runs("whistle_report").items()}
    found = []
    for share in ground.facts(shares):
        lead = leads.get(share.case)
        if "community" in share.marks and lead:
            place = next(iter(share.bodies))
            row = ground.organisation.unit(place, ground.today)
            unit = row["location_id"] if row and row.get("location_id") else share.unit
            found.append(replace(share, unit=unit, bodies=frozenset({lead})))
    return found


def _moments(run: Run, result: dict[str, Any]) -> dict[str, datetime]:
    found = {
        "dispatched_at": moment(result.get("dispatched_at"))
        or run.at("dispatched_at")
        or run.began_at,
        "sign_due": run.at("sign_due"),
        "original_due": run.at("original_due"),
        "effective_due": run.at("effective_due"),
        "arrival_due": run.at("arrival_due"),
        "submitted_at": moment(result.get("submitted_at")),
    }
    return {name: at for name, at in found.items() if at is not None}


def _how_it_stands(
    ground: Ground,
    run: Run,
    result: dict[str, Any],
    marks: set[str],
    moments: dict[str, datetime],
) -> None:
    status = result.get("status")
    holds = run.holds()
    if status is not None and status not in ANSWERED:
        marks |= {"rerouted"} if status == "rerouted" else {"cancelled"}
        return
    if status is None and (run.is_cut or not run.is_open):
        marks.add("cancelled")
        return
    marks.add("due")
    if run.data.get("extensions"):
        marks.add("extended")
    if status is not None:
        marks |= {"closed", "judged", "judged_original"}
        marks |= {"on_time"} if result.get("on_time") else {"late"}
        if moments["submitted_at"] <= moments.get("original_due", moments["submitted_at"]):
            marks.add("on_time_original")
        return
    marks.add("open")
    if (holds and holds[-1][1] is None) or run.state == "suspended":
        marks.add("deferred")
        return
    if "original_due" in moments and moments["original_due"] < ground.now:
        marks.add("judged_original")
    due = moments.get("effective_due")
    if due is not None and due < ground.now:
        marks |= {"overdue", "judged"}


def _age(days: int) -> str:
    return next((name for most, name in AGES if days <= most), "late_16")


def _signing(
    ground: Ground,
    run: Run,
    result: dict[str, Any],
    marks: set[str],
    moments: dict[str, datetime],
) -> None:
    """Signing is claiming; on the continuous clock arriving counts as signing."""
    due = moments.get("sign_due")
    names = ("sign_claimed_at", "arrive_claimed_at", "sign_at", "arrive_at")
    signed = [at for at in map(run.at, names) if at is not None]
    if due is not None and "cancelled" not in marks and (signed or result or due < ground.now):
        marks.add("to_sign")
        if result.get("signed_in_time") or (signed and min(signed) <= due):
            marks.add("signed_in_time")
    if "arrival_due" in moments and "cancelled" not in marks:
        marks.add("to_arrive")
        arrived = run.at("arrive_at")
        in_time = arrived is not None and arrived <= moments["arrival_due"]
        if run.data.get("arrive_outcome") == "arrived" and in_time:
            marks.add("arrived_in_time")


def _returning(run: Run, result: dict[str, Any], marks: set[str]) -> None:
    data = run.data
    if data.get("sign_outcome") == "return":
        marks.add("returned")
        ruled = data.get("return_rule_outcome"), data.get("return_rule_district_outcome")
        if any(ruled):
            marks.add("return_decided")
        if ruled[1] == "uphold":
            marks.add("return_refused")
    if result.get("wrongly_dispatched") or data.get("wrongly_dispatched"):
        marks.add("wrongly_dispatched")


# -- whistles ----------------------------------------------------------------------------


def whistles(ground: Ground) -> list[Fact]:
    """Return a fact for each case of the whistle loop, by its place and its departments."""
    of_case: dict[str, list[Fact]] = {}
    for one in ground.facts(shares):
        of_case.setdefault(one.case, []).append(one)
    found = list(ground.case_runs("whistle_report").values())
    repeated = _repeated(ground, found)
    return [
        _whistle(run, of_case.get(run.case, []), is_repeated=run.case in repeated) for run in found
    ]


def _whistle(run: Run, shared: list[Fact], *, is_repeated: bool) -> Fact:
    data = run.data
    marks = set(run.apart())
    moments = {"received_at": run.created_at}
    if "live" in marks and data.get("excluded"):
        marks = (marks - {"live"}) | {"excluded"}
    accepted = data.get("accept_outcome")
    if accepted or data.get("reopened_from"):
        marks.add("decided")
    if data.get("reopened_from") or accepted in {"accept", "self_handle"}:
        marks.add("accepted")
    dispatched = run.at("dispatched_at")
    if dispatched is not None:
        marks.add("whistled")
        moments["dispatched_at"] = dispatched
        _first_answer(run, shared, marks)
    if run.ended_at is not None and data.get("end_result") == "closed":
        marks.add("closed")
        moments["closed_at"] = run.ended_at
    for name in ("extended", "wrongly_dispatched"):
        if any(name in one.marks for one in shared):
            marks.add(name)
    if data.get("rework_count"):
        marks.add("reworked")
    if is_repeated:
        marks.add("repeated")
    if data.get("end_result") == "to_grid":
        marks.add("to_grid")
    if not data.get("origin_case"):
        marks.add("direct")
    bodies = frozenset(body for one in shared if "rerouted" not in one.marks for body in one.bodies)
    if bodies and all(one.startswith(STREET_BODIES) for one in bodies):
        marks.add("within_street")
    return Fact(run.case, run.number, run.unit, bodies, frozenset(marks), moments)


def _first_answer(run: Run, shared: list[Fact], marks: set[str]) -> None:
    """响应: the lead has signed in time, or the reporter was called in time."""
    leads = [one for one in shared if "lead" in one.marks and "cancelled" not in one.marks]
    called = run.at("first_contact_at")
    limits = [one.moments["sign_due"] for one in leads if "sign_due" in one.moments]
    signed = any("signed_in_time" in one.marks for one in leads)
    if signed or (called is not None and limits and called <= max(limits)):
        marks.add("responded")


def _repeated(ground: Ground, found: list[Run]) -> frozenset[str]:
    """Return the cases after whose close the same item came up again close by."""
    by_item: dict[Any, list[Run]] = {}
    for run in found:
        if run.data.get("item_code") and run.data.get("location"):
            by_item.setdefault((run.data["item_code"], run.data["location"]), []).append(run)
    again = set()
    for same in by_item.values():
        for run in same:
            ended = run.ended_at
            if ended is None:
                continue
            after = [
                one
                for one in same
                if one.case != run.case and ended <= one.created_at <= ended + REPEATED_WITHIN
            ]
            if any(_close_by(ground, run, one) for one in after):
                again.add(run.case)
    return frozenset(again)


def _close_by(ground: Ground, one: Run, other: Run) -> bool:
    here, there = _place(ground, one), _place(ground, other)
    return here is not None and there is not None and metres(here, there) <= REPEATED_METRES


def _place(ground: Ground, run: Run) -> tuple[float, float] | None:
    """Return where a case lies; its sealed place is opened, compared and forgotten."""
    sealed = [run.data.get(name) for name in ("lat", "lon")]
    ids = [one["$sealed"] for one in sealed if isinstance(one, dict)]
    values = get_sealed_values(ground.tx, run.case, ids) if ids else {}
    plain = unseal(sealed, values)
    try:
        return float(plain[0]), float(plain[1])
    except (TypeError, ValueError):
        return None


# -- visits and scores -------------------------------------------------------------------


def visits(ground: Ground) -> list[Fact]:
    """Return a fact for each return visit; those of a questionnaire four weeks later apart."""
    whistles_by_case = ground.case_runs("whistle_report")
    found = []
    for run in ground.runs("return_visit"):
        visit = run.data.get("visit")
        if visit is not None:
            found.append(_visit(ground, run, visit, whistles_by_case.get(run.case)))
    return found


def _visit(ground: Ground, run: Run, visit: dict[str, Any], whistle: Run | None) -> Fact:
    marks = set(run.apart()) | {"visited", str(visit.get("answer"))}
    data = whistle.data if whistle else {}
    if data.get("excluded"):
        marks = (marks - {"live"}) | {"excluded"}
    numbers = {"solved": Decimal(0), "satisfied": Decimal(0)}
    if visit.get("in_satisfaction_base"):
        marks.add("answered")
        numbers = {name: ground.book.weight(name, visit.get(name)) for name in numbers}
        marks |= {f"solved_{visit.get('solved')}", f"satisfied_{visit.get('satisfied')}"}
    bodies = data.get("handled_by") or [data.get("lead")]
    return Fact(
        run.case,
        run.number,
        run.unit,
        frozenset(one for one in bodies if one),
        frozenset(marks),
        {"visited_at": run.began_at},
        numbers,
    )


def scores(ground: Ground) -> list[Fact]:
    """Return a fact for each score of a department: the street's judgement, as it stands.

    Facts that the district has corrected change what stands beside it, never the choice.
    """
    found = []
    for run in ground.runs("department_score"):
        score = run.data.get("score") or {}
        choice = score.get("choice")
        if choice is None:
            continue
        marks = set(run.apart()) | {str(choice), str(score.get("scored_by"))}
        marks |= {"by_default"} if score.get("by_default") else set()
        marks |= {"corrected"} if score.get("corrected") else set()
        found.append(
            Fact(
                run.case,
                run.number,
                run.unit,
                frozenset({score["code"]}),
                frozenset(marks),
                {"scored_at": run.began_at},
                {"points": ground.book.weight("choice", choice)},
            )
        )
    return found
