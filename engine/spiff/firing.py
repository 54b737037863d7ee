"""What happens when something that was waited for happens.

A boundary event is a task that no flow leads to: it is triggered in the tree, and
if it interrupts, SpiffWorkflow cancels the activity first, with all inside it.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.model import EventDefinition, Kind, TimerKind, Trigger
from engine.commands import JsonObject
from engine.deadlines import local_text
from engine.periods import parse_moment
from engine.questions import ask, code_of, due_of, parsed, truth
from engine.spiff.books import Sub
from engine.spiff.data import names_at, write
from engine.spiff.machine import READY, Token
from engine.spiff.moves import after, visit_event
from engine.spiff.run import Run
from engine.spiff.waits import arm, close, definition_of, forget, spec_of, tell, tell_timer

Payload = JsonObject | None


def named(definition: EventDefinition, payload: Payload) -> JsonObject:
    """Return the data that an event writes."""
    if definition.trigger in (Trigger.ERROR, Trigger.ESCALATION):
        thrown = payload or {}
        pairs = (
            (definition.code_variable, "code"),
            (definition.message_variable, "message"),
            (definition.variable, "data"),
        )
        return {name: thrown.get(what) for name, what in pairs if name is not None}
    if payload is None:
        return {}
    return payload if definition.variable is None else {definition.variable: payload}


def fire(run: Run, number: str, payload: Payload = None) -> None:
    """Let what waits under ``number`` go on."""
    row = run.subs[number]
    spec, definition = spec_of(run, row), definition_of(run, row)
    token, node = run.tokens[row.host], spec.node
    stays = not node.interrupting and node.kind is Kind.BOUNDARY
    _announce(run, number, row, stays=stays)
    if stays and not node.parallel_multiple:
        _keep(run, number, row)
    else:
        forget(run, number)
        if node.parallel_multiple and any(
            run.subs[one].element == row.element for one in token.subs
        ):
            write(run, row.scope, named(definition, payload), token)
            return
    if node.kind is Kind.BOUNDARY:
        take_boundary(run, token, spec, definition, payload)
    elif token.task_spec.node.kind is Kind.EVENT_BASED:
        _choose(run, token, spec, named(definition, payload))
    else:
        _go_on(run, token, named(definition, payload))


def _announce(run: Run, number: str, row: Sub, *, stays: bool) -> None:
    if row.type == "timer":
        tell_timer(run, number, "timer_fired", due_at=row.value)
    elif row.type != "conditional":
        name = definition_of(run, row).name
        keys = row.value if row.type == "message" else None
        open_ = True if stays else None
        tell(run, number, f"{row.type}_received", name=name, correlation=keys, open=open_)


def take_boundary(
    run: Run, activity: Token, spec: Any, definition: EventDefinition, payload: Payload
) -> None:
    """Go the way of a boundary event of an activity."""
    net = activity.workflow
    if spec.node.interrupting:
        activity.cancel()
    visit_event(run, net, spec, named(definition, payload))


def _keep(run: Run, number: str, row: Sub) -> None:
    """Keep the subscription of an event that does not interrupt; a timer only if it repeats."""
    if row.type != "timer":
        return
    definition = definition_of(run, row)
    if row.text is not None or definition.timer is TimerKind.CYCLE:
        run.perform("again", row.host, number)
    elif code_of(definition).names:
        # Its limit may still be moved: then it is armed again, for the new moment only.
        row.fired, row.value, row.shift = row.value, None, None
    else:
        forget(run, number)


def again(run: Run, host: str, number: str) -> None:
    """Arm the next firing of a timer that repeats.

    Raises:
        Stuck: its expression fails.
    """
    row = run.subs[number]
    if row.text is not None:
        timer = parsed(row.text).armed(parse_moment(row.since or run.moment))
        following = timer.following(run.now)
        due_at = None if following is None else local_text(following)
    else:
        definition = definition_of(run, row)
        site = run.site(run.tokens[host], "timer")
        answer = ask(run, site, [code_of(definition)], names_at(run, row.scope))[0]
        due = due_of(run, definition, answer, since=run.now)
        due_at = due and due.due_at
        row.since = run.moment
    if due_at is None:
        forget(run, number)
        return
    row.value = due_at
    arm(run, number)


def _choose(run: Run, gateway: Token, spec: Any, written: JsonObject) -> None:
    """Leave an event-based gateway by the event that came first."""
    close(run, gateway)
    net = gateway.workflow
    gateway.put(READY)
    gateway.run()
    run.tell(gateway, "element_left")
    flow = next(one for one in gateway.task_spec.flows if one.target == spec.element)
    run.tell(gateway, "flow_taken", flow=flow.id)
    run.forget(gateway)
    visit_event(run, net, spec, written)


def _go_on(run: Run, token: Token, written: JsonObject) -> None:
    """Let a catch event or receive task go on."""
    spec = token.task_spec
    close(run, token, [one for one in token.subs if run.subs[one].element == spec.element])
    write(run, token.scope, written, token)
    run.perform(after(spec), token.name, token.outcome)


def look_again(run: Run) -> None:
    """Evaluate the conditions whose data were written; fire those that came true."""
    while run.dirty:
        number = next(iter(run.dirty))
        del run.dirty[number]
        row = run.subs.get(number)
        if row is not None:
            run.perform("recheck", row.host, number)


def recheck(run: Run, host: str, number: str) -> None:
    """Evaluate one condition; it fires when it was false and is true.

    Raises:
        Stuck: it fails.
    """
    row = run.subs.get(number)
    if row is None:
        return
    code = code_of(definition_of(run, row))
    site = run.site(run.tokens[host], "condition")
    holds = truth(ask(run, site, [code], names_at(run, row.scope))[0], code)
    if holds != row.value:
        row.value = holds
        if holds:
            fire(run, number)
