"""Leaving an element, and the end of a scope.

A token that leaves becomes one token per flow taken; the scope it was counted in
counts those instead. Nothing runs here: a flow puts its token on the queue.
"""

from __future__ import annotations

from engine.bpmn.model import Flow, Kind
from engine.execution import Answer
from engine.kernel.ending import close_starts, kill_content
from engine.kernel.incidents import drop_incidents
from engine.kernel.keeping import UNDOING, leave_event_behind, remember
from engine.kernel.names import names_at
from engine.kernel.plan import Place
from engine.kernel.rows import (
    BODY,
    CALL,
    CASE,
    EVENT,
    KIND,
    NTH,
    PARENT,
    RESETTING,
    SUBS,
    T_ELEMENT,
    T_NTH,
    T_OUTCOME,
    T_SCOPE,
)
from engine.kernel.run import Run
from engine.kernel.subscriptions import close
from engine.questions import Stuck, ask, truth
from engine.scripts import Code

Exits = tuple[tuple[Flow, Place], ...] | list[tuple[Flow, Place]]


def exit_from(run: Run, name: str, outcome: str | None) -> None:
    """Leave the activity, event or gateway ``name`` by the flows that its data choose.

    Raises:
        Stuck: a condition fails or no flow can be taken; nothing is left then.
    """
    place = run.place(name)
    if place.only is not None:
        leave(run, name, place, place.exits, outcome)
        return
    if place.free:
        run.steps["leave_free"](run, name, place, outcome)
        return
    leave(run, name, place, ways_out(run, place, name, outcome), outcome)


def ways_out(run: Run, place: Place, name: str, outcome: str | None) -> Exits:
    """Return the flows that the data choose, each as often as tokens leave by it.

    Raises:
        Stuck: a condition fails or no flow can be taken.
    """
    chosen = _choose(run, place, name, outcome)
    return chosen if place.times == 1 else [one for one in chosen for _ in range(place.times)]


def leave(run: Run, name: str, place: Place, chosen: Exits, outcome: str | None) -> None:
    """Leave an element by these flows; boundary events close before they are taken."""
    if place.remembered:
        remember(run, name, place)
    if run.incidents:
        drop_incidents(run, name)
    token = run.tokens.get(name)
    if token is not None:
        _, scope, nth, _, _, subs, _ = token
        if subs:
            close(run, subs)
        run.remove_token(name)
    else:
        row = run.scopes[name]
        scope, nth = row[PARENT], row[NTH]
        close(run, row[SUBS])
        run.remove_scope(name)
    told, process, id_, path = run.events, place.process, place.id, run.path(scope)
    told.append(
        {"type": "element_left", "process": process, "element": id_, "nth": nth, "path": path}
    )
    for flow, target in chosen:
        told.append(
            {
                "type": "flow_taken",
                "process": process,
                "element": id_,
                "nth": nth,
                "path": path,
                "flow": flow.id,
            }
        )
        run.queue.append((scope, target, flow.id, outcome))
    if len(chosen) != 1 and run.count(scope, len(chosen) - 1) == 0:
        run.end = place.id
        run.perform("complete", scope)


def pass_through(run: Run, scope: str, place: Place, outcome: str | None) -> None:
    """Enter and leave an element that does nothing and has one way out."""
    nth = run.visit(scope, place)
    assert place.only is not None
    flow, target = place.only
    run.note("element_left", scope, place.id, nth)
    run.note("flow_taken", scope, place.id, nth)["flow"] = flow.id
    run.queue.append((scope, target, flow.id, None if place.activity else outcome))


def _choose(run: Run, place: Place, name: str, outcome: str | None) -> Exits:
    if not place.exits or place.kind is Kind.PARALLEL:
        return place.exits
    verdicts = _verdicts(run, place, name, outcome)
    if place.special == "meet" and run.tokens[name][T_OUTCOME] == RESETTING:
        return _chosen_at_reset(place, verdicts)
    chosen: list[tuple[Flow, Place]] = []
    conditional = False
    for flow, target in place.exits:
        if flow.id == place.node.default:
            continue
        verdict = verdicts.get(flow.id, True)
        if isinstance(verdict, Stuck):
            raise verdict
        if verdict:
            chosen.append((flow, target))
            conditional = conditional or flow.id in verdicts
            if place.kind is Kind.EXCLUSIVE:
                return chosen
    if not conditional and (verdicts or not chosen):
        # Beside flows without a condition the default flow is a choice of its own.
        chosen += [one for one in place.exits if one[0].id == place.node.default]
    if not chosen:
        raise Stuck("no-flow", f"No outgoing flow of {place.id!r} can be taken.")
    return chosen


def _verdicts(run: Run, place: Place, name: str, outcome: str | None) -> dict[str, bool | Stuck]:
    """Return what each condition says, asked all at once; a failure counts where it is met."""
    if not place.conditions:
        return {}
    token = run.tokens.get(name)
    scope = run.scopes[name][PARENT] if token is None else token[T_SCOPE]
    if place.kind is Kind.COMPLEX:
        starts = token is None or token[T_OUTCOME] != RESETTING
        names = names_at(run, scope, outcome, waitingForStart=starts)
    else:
        names = names_at(run, scope, outcome)
    answers = ask(run, run.site(name, "condition"), place.codes, names)
    verdicts: dict[str, bool | Stuck] = {}
    for flow, code, answer in zip(place.conditions, place.codes, answers, strict=True):
        value = answer.value
        if (value is True or value is False) and answer.error is None:
            verdicts[flow] = value
        else:
            verdicts[flow] = _failed(answer, code)
    return verdicts


def _chosen_at_reset(place: Place, verdicts: dict[str, bool | Stuck]) -> Exits:
    """Return the flows whose condition holds; at its reset a complex gateway may send nothing."""
    chosen = []
    for flow, target in place.exits:
        verdict = verdicts.get(flow.id, False)
        if isinstance(verdict, Stuck):
            raise verdict
        if verdict:
            chosen.append((flow, target))
    return chosen


def _failed(answer: Answer, code: Code) -> bool | Stuck:
    try:
        return truth(answer, code)
    except Stuck as stuck:
        return stuck


def complete(run: Run, scope: str) -> None:
    """End a scope in which nothing is going on any more."""
    kind = run.scopes[scope][KIND]
    close_starts(run, scope)
    if run.undo and scope in run.undo.get(UNDOING, ()):
        run.perform("undone", scope)
        return
    if kind in (BODY, CALL):
        run.perform("finish", scope, None)
    elif kind == EVENT:
        leave_event(run, scope)
    elif kind == CASE:
        run.emit_case("case_completed", end=run.end)
        run.state = "completed"


def leave_event(run: Run, scope: str) -> None:
    """Leave an event sub-process; it may have been the last thing in its parent."""
    parent = run.surroundings(scope)
    element, nth, _ = run.visit_of(scope)
    if run.undo:
        leave_event_behind(run, scope)
    run.remove_scope(scope)
    run.emit("element_left", parent, element, nth)
    if run.count(parent, -1) == 0:
        run.perform("complete", parent)


def terminate(run: Run, scope: str, end: str | None = None) -> None:
    """End all that goes on in a scope, and with it the scope.

    Args:
        end: how the case is cancelled (``merged``, ``withdrawn``, …) where the scope
            is the case's own; None = it completes.
    """
    kill_content(run, scope)
    if end is None or run.scopes[scope][KIND] != CASE:
        run.perform("complete", scope)
        return
    close_starts(run, scope)
    run.emit_case("case_cancelled", end=end)
    run.state = "cancelled"


def stop(run: Run, name: str) -> None:
    """Leave an end event: its token goes nowhere."""
    token = run.tokens[name]
    element, scope, nth = token[T_ELEMENT], token[T_SCOPE], token[T_NTH]
    drop_incidents(run, name)
    run.remove_token(name)
    run.end = element
    run.note("element_left", scope, element, nth)
