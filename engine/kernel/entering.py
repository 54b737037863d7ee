"""A token arrives: what each kind of element does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.bpmn.model import Kind, Trigger
from engine.commands import JsonObject
from engine.kernel.adhoc import arrive_in_turn
from engine.kernel.behavior import LATER
from engine.kernel.complexes import arrive_complex
from engine.kernel.firing import fire
from engine.kernel.flows import pass_through, stop
from engine.kernel.instantiating import begin_at
from engine.kernel.merging import arrive_gathered, arrive_inclusive, arrive_parallel
from engine.kernel.plan import Place
from engine.kernel.rows import T_OUTCOME, T_SCOPE, THROWING, U_ELEMENT, WAITING
from engine.kernel.run import Run
from engine.kernel.subscriptions import open_all


def arrive(run: Run, scope: str, place: Place, flow: str | None, outcome: str | None) -> None:
    """Let a token that is counted in ``scope`` enter an element."""
    if place.passed:
        pass_through(run, scope, place, outcome)
    elif place.enters:
        run.perform(place.first, run.enter(scope, place))
    elif place.kind is Kind.PARALLEL and place.incoming > 1:
        arrive_parallel(run, scope, place, flow)
    elif place.kind is Kind.INCLUSIVE and place.incoming > 1:
        arrive_inclusive(run, scope, place, flow)
    elif place.special is not None:
        _SPECIAL[place.special](run, scope, place, flow)
    else:
        name = run.enter(scope, place, outcome)
        run.perform(_STEPS.get(place.kind, "exit"), name, *_MORE.get(place.kind, (outcome,)))


_SPECIAL: dict[str, Callable[[Run, str, Place, str | None], None]] = {
    "gather": arrive_gathered,
    "meet": arrive_complex,
    "turn": arrive_in_turn,
}
_STEPS = {
    Kind.CATCH: "wait",
    Kind.EVENT_BASED: "wait",
    Kind.THROW: "begin_throw",
    Kind.END: "begin_throw",
}
_MORE: dict[Kind, tuple[Any, ...]] = dict.fromkeys(_STEPS, ())


def wait(run: Run, name: str) -> None:
    """Wait at a catch event or an event-based gateway.

    Raises:
        Stuck: what it waits for cannot be evaluated.
    """
    place = run.place(name)
    events = [place] if place.kind is Kind.CATCH else [target for _, target in place.exits]
    wanted = [
        (event, index, definition)
        for event in events
        for index, definition in enumerate(event.node.events)
        if definition.trigger is not Trigger.LINK
    ]
    scope, outcome = run.tokens[name][T_SCOPE], run.tokens[name][T_OUTCOME]
    if not wanted:
        run.perform("exit", name, outcome)
        return
    run.set_state(name, WAITING)
    fire_fulfilled(run, open_all(run, name, wanted, scope))


def fire_fulfilled(run: Run, numbers: list[str]) -> None:
    """Fire conditions that held when they were opened; the first may close the rest."""
    for number in numbers:
        if number in run.subs:
            fire(run, number)


def begin_throw(run: Run, name: str) -> None:
    """Throw at once what walks outward; let messages and signals wait their turn.

    All that moves in this command subscribes before anything is published, so
    that a parallel branch may catch what its neighbour throws.
    """
    place = run.place(name)
    if place.links:
        _follow_link(run, name, place)
    elif any(one.trigger in LATER for one in place.node.events):
        run.set_state(name, THROWING)
        run.thrown.append(name)
    else:
        run.perform("throw", name)


def _follow_link(run: Run, name: str, place: Place) -> None:
    scope, outcome = run.tokens[name][T_SCOPE], run.tokens[name][T_OUTCOME]
    stop(run, name)
    for target in place.links:
        run.queue.append((scope, target, None, outcome))
    if len(place.links) > 1:
        run.count(scope, len(place.links) - 1)


def start_content(
    run: Run, scope: str, start: str | None = None, written: JsonObject | None = None
) -> None:
    """Begin what lies in a scope: first its event sub-processes wait, then it starts.

    Args:
        start: the start event that has happened, and ``written`` what it brought;
            None: every start without a trigger.

    Raises:
        Stuck: an event sub-process cannot wait; nothing has begun then.
    """
    area = run.area(scope)
    if area.events:
        for number in open_all(run, scope, area.events, scope):
            if number not in run.subs:
                continue
            interrupts = run.plan(scope).places[run.subs[number][U_ELEMENT]].node.interrupting
            fire(run, number)
            if interrupts:
                return
    if start is not None:
        begin_at(run, scope, start, written or {})
        return
    if not area.starts and area.scope.ad_hoc is not None:
        run.perform("open_up", scope)
        return
    for place in area.starts:
        run.queue.append((scope, place, None, None))
    if run.count(scope, len(area.starts)) == 0:
        run.perform("complete", scope)
