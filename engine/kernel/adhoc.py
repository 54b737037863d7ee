"""Ad-hoc sub-processes (BPMN 2.0, 13.3.5): people start what is done, in any order.

While one is open its scope holds a mark among its joins, under its own id, which keeps it
from being completed; without the mark nothing more begins in it. Whenever an activity
directly inside is completed, the completion condition is asked; without one a person says
when all is done. What a flow leads to begins as in any sub-process; where one activity is
done at a time, it waits for its turn in a join of its own.
"""

from __future__ import annotations

from typing import Any

from engine.assignments import candidates_of
from engine.bpmn.model import AdHoc, Kind
from engine.commands import CompleteScope, JsonObject, StartActivity
from engine.errors import ActivityRunning, InvalidRequest, NothingWaits, OnHold
from engine.execution import Bundle, Offer, Snapshot
from engine.kernel.ending import kill, kill_content
from engine.kernel.flows import leave, ways_out
from engine.kernel.marking import Look, Table
from engine.kernel.merging import begin_gathered, hold, is_enough, owned
from engine.kernel.names import names_at
from engine.kernel.plan import Place, plan_of
from engine.kernel.rows import (
    BODY,
    CALL,
    COMPENSATING,
    ELEMENT,
    FRAME,
    I_HOST,
    INSTANCE,
    KIND,
    LOOP,
    MULTI,
    NTH,
    PROCESS,
    T_ELEMENT,
    T_STATE,
    Row,
)
from engine.kernel.run import Run
from engine.questions import Stuck, ask, truth, values

_WORKING = frozenset({BODY, CALL, FRAME, MULTI})
_TOKEN = 4
"""Length of what is queued, where it is a token: see ``Run.queue``."""


def open_up(run: Run, scope: str) -> None:
    """Offer the activities of an ad-hoc sub-process, and begin what begins by itself.

    Raises:
        Stuck: whom they are offered to, or what begins, cannot be evaluated.
    """
    area, rules = run.area(scope), _rules(run, scope)
    candidates = _candidates(run, scope)
    begun = _begun(run, scope, rules)
    run.set_scope(scope, LOOP, [candidates])
    # It counts as one token, unless it ends by itself as soon as nothing goes on.
    mark = 0 if rules.runs_out else 1
    owned(run, run.joins, scope, area.id)[""] = mark
    element, nth, instance = run.visit_of(scope)
    around = run.surroundings(scope)
    offered = {"activities": list(rules.startable), "candidates": candidates}
    run.emit("activities_offered", around, element, nth, instance, **offered)
    first = [*rules.listening, *begun]
    for one in first:
        run.queue.append((scope, area.places[one], None, None))
    if run.count(scope, mark + len(first)) == 0:
        run.perform("complete", scope)


def _rules(run: Run, scope: str) -> AdHoc:
    rules = run.area(scope).scope.ad_hoc
    assert rules is not None
    return rules


def _candidates(run: Run, scope: str) -> list[JsonObject]:
    place = run.place(scope)
    if not (place.asked or place.groups):
        return []
    found = ask(run, run.site(scope, "assignment"), place.asked, names_at(run, scope))
    answers = dict(zip(place.asked, found, strict=True))
    users = place.node.assignment.users
    return candidates_of(run, users, place.groups, answers, lambda: run.site(scope, "unit"))


def _begun(run: Run, scope: str, rules: AdHoc) -> list[str]:
    if rules.begins is None:
        return []
    site = run.site(scope, "collection")
    found = values(run, site, [rules.begins], names_at(run, scope))[0]
    named = found if isinstance(found, list) else [found] if isinstance(found, str) else None
    if found is not None and (named is None or any(one not in rules.startable for one in named)):
        known = ", ".join(rules.startable)
        message = f"Not all of {str(found)[:80]!r} can begin here. There are: {known}."
        raise Stuck("collection-failed", message, expression=rules.begins.text)
    return list(dict.fromkeys(named or ()))


def is_open(joins: Table, scope: str, element: str) -> bool:
    """Whether something may still begin in the scope of an ad-hoc sub-process."""
    return scope in joins and element in joins[scope]


def _is_stuck(incidents: Table, scope: str) -> bool:
    """Whether all is done in a scope, and it could not be left yet."""
    return any(row[I_HOST] == scope for row in incidents.values())


# -- leaving what lies inside -----------------------------------------------------------


def leave_free(run: Run, name: str, place: Place, outcome: str | None) -> None:
    """Leave an element of an ad-hoc sub-process, and see whether all is done.

    Raises:
        Stuck: a condition fails or no flow can be taken; nothing is left then.
    """
    scope = run.surroundings(name)
    area, rules = run.area(scope), _rules(run, scope)
    if not is_open(run.joins, scope, area.id):
        # What still ran may end; nothing follows it.
        leave(run, name, place, (), outcome)
        return
    done = place.activity and _is_done(run, scope, rules, outcome)
    leave(run, name, place, () if done else ways_out(run, place, name, outcome), outcome)
    if done:
        _close(run, scope, cancels=rules.cancels or rules.sequential)
        return
    if place.kind is Kind.CATCH and place.id in rules.listening and scope in run.scopes:
        run.count(scope, 1)
        run.queue.append((scope, place, None, None))
    if rules.sequential:
        next_turn(run, scope)


def _is_done(run: Run, scope: str, rules: AdHoc, outcome: str | None) -> bool:
    if rules.completion is None:
        return False
    names = names_at(run, scope, outcome)
    answer = ask(run, run.site(scope, "condition"), [rules.completion], names)[0]
    return truth(answer, rules.completion)


def _close(run: Run, scope: str, *, cancels: bool, by: str | None = None) -> None:
    element, nth, instance = run.visit_of(scope)
    run.emit("activities_closed", run.surroundings(scope), element, nth, instance, by=by)
    if cancels:
        kill_content(run, scope)
        run.perform("complete", scope)
    elif run.count(scope, -_let_go(run, scope)) == 0:
        run.perform("complete", scope)


def _let_go(run: Run, scope: str) -> int:
    """Let go of all but the activities that run; return how many tokens that were."""
    tables = (run.joins, run.merges)
    joins = [held for table in tables for held in table.get(scope, {}).values()]
    gone = sum(sum(held.values()) for held in joins)
    run.drop_joins(scope)
    moving = [one for one in run.queue if one[0] == scope and len(one) == _TOKEN]
    for one in moving:
        run.queue.remove(one)
    places = run.area(scope).places
    waiting = [
        name
        for name, is_token in run.children(scope)
        if is_token
        and not places[run.tokens[name][T_ELEMENT]].activity
        and run.tokens[name][T_STATE] != COMPENSATING
    ]
    for name in waiting:
        kill(run, name)
    return gone + len(moving) + len(waiting)


# -- one at a time ----------------------------------------------------------------------


def arrive_in_turn(run: Run, scope: str, activity: Place, flow: str | None) -> None:
    """Hold a token until no other activity is at work, and as many are there as are needed."""
    hold(run, run.joins, scope, activity, flow)
    next_turn(run, scope)


def next_turn(run: Run, scope: str) -> None:
    """Begin the first activity, in the file's order, that waits for its turn, if it is free."""
    if scope not in run.joins or is_busy(run, scope):
        return
    for place in run.area(scope).places.values():
        if place.special == "turn" and place.id in run.joins[scope]:
            held = owned(run, run.joins, scope, place.id)
            if is_enough(place, held):
                begin_gathered(run, scope, place, held)
                return


def is_busy(run: Look, scope: str) -> bool:
    """Whether an activity is at work directly in a scope."""
    places = plan_of(run.bundle.processes[run.scopes[scope][PROCESS]]).places
    if any(row[1] == scope and places[row[T_ELEMENT]].activity for row in run.tokens.values()):
        return True
    return any(row[3] == scope and row[KIND] in _WORKING for row in run.scopes.values())


# -- commands ---------------------------------------------------------------------------


def start_activity(run: Run, command: StartActivity) -> None:
    """Start an activity that no flow leads to.

    Raises:
        NothingWaits: there is no such ad-hoc sub-process, or nothing begins there any more.
        InvalidRequest: no such activity can be started in it.
        ActivityRunning: one is at work, and they are done one at a time.
    """
    scope, rules = _demand_open(run, command.scope)
    if command.activity not in rules.startable:
        raise InvalidRequest(
            f"Nobody starts {command.activity!r} in {command.scope!r}.",
            hint="There are: " + (", ".join(rules.startable) or "none") + ".",
        )
    if rules.sequential and is_busy(run, scope):
        raise ActivityRunning(
            f"An activity is at work in {command.scope!r}, and they are done one at a time.",
            hint="Complete it first.",
        )
    row = run.scopes[scope]
    more = {"activity": command.activity, "by": run.actor, "unit": command.unit}
    around = run.surroundings(scope)
    run.emit("activity_started", around, row[ELEMENT], row[NTH], row[INSTANCE], **more)
    place = run.area(scope).places[command.activity]
    run.count(scope, 1)
    run.perform(place.first, run.enter(scope, place))


def complete_scope(run: Run, command: CompleteScope) -> None:
    """Say that all is done in an ad-hoc sub-process without a completion condition.

    Raises:
        NothingWaits: there is no such ad-hoc sub-process, or it is closed already.
        WrongState: its condition says when it is done.
    """
    scope, rules = _demand_open(run, command.scope)
    if rules.completion is not None:
        raise InvalidRequest(
            f"{command.scope!r} is done when its completion condition says so.",
            hint="It is asked whenever an activity in it is completed.",
        )
    _close(run, scope, cancels=rules.cancels and not rules.sequential, by=run.actor)


def _demand_open(run: Run, scope: str) -> tuple[str, AdHoc]:
    row = run.scopes.get(scope)
    rules = None if row is None or row[KIND] != BODY else run.area(scope).scope.ad_hoc
    is_free = row is not None and is_open(run.joins, scope, row[ELEMENT])
    if rules is None or not is_free or _is_stuck(run.incidents, scope):
        raise NothingWaits(f"No ad-hoc sub-process {scope!r} is open.")
    if run.held and run.is_held(scope):
        raise OnHold(f"{scope!r} is on hold.", hint="It takes work again once it is released.")
    return scope, rules


# -- what may be started ----------------------------------------------------------------


def offers(bundle: Bundle, snapshot: Snapshot) -> list[Offer]:
    """Return what people may start in a case now, in the order of the scopes' names."""
    joins: dict[str, Any] = snapshot.control.get("joins", {})
    if not joins:
        return []
    look, incidents = Look(bundle, snapshot), snapshot.control.get("incidents", {})
    found = []
    for scope in sorted(joins):
        row = look.scopes[scope]
        if row[KIND] != BODY or _is_stuck(incidents, scope):
            continue
        area = plan_of(bundle.processes[row[PROCESS]]).areas[row[ELEMENT]]
        if area.scope.ad_hoc is not None and is_open(joins, scope, row[ELEMENT]):
            found.append(_offer(look, scope, row, area.scope.ad_hoc))
    return found


def _offer(look: Look, scope: str, row: Row, rules: AdHoc) -> Offer:
    held = look.is_held(scope)
    waits = held or (rules.sequential and is_busy(look, scope))
    return Offer(
        scope=scope,
        process=row[PROCESS],
        element=row[ELEMENT],
        nth=row[NTH],
        instance=row[INSTANCE],
        candidates=row[LOOP][0],
        activities=() if waits else rules.startable,
        sequential=rules.sequential,
        ends_by_hand=rules.completion is None and not held,
    )
