"""Taking the way of an event that has happened.

A boundary event that interrupts ends its activity, whose count passes to the
event's own flow; an event sub-process that interrupts ends all else in its
scope, closes its siblings, and leaves the scope and what is attached to it.
"""

from __future__ import annotations

from engine.bpmn.model import EventDefinition, Trigger
from engine.commands import JsonObject
from engine.kernel.ending import close_starts, kill, kill_content
from engine.kernel.names import write
from engine.kernel.plan import Place
from engine.kernel.rows import EVENT, PROCESS
from engine.kernel.run import Run

Payload = JsonObject | None


def named(definition: EventDefinition, payload: Payload) -> JsonObject:
    """Return the data that an event writes."""
    if definition.trigger in (Trigger.ERROR, Trigger.ESCALATION):
        return _of_error(definition, payload or {})
    if payload is None:
        return {}
    return payload if definition.variable is None else {definition.variable: payload}


def _of_error(definition: EventDefinition, thrown: JsonObject) -> JsonObject:
    written: JsonObject = {}
    if definition.code_variable is not None:
        written[definition.code_variable] = thrown.get("code")
    if definition.message_variable is not None:
        written[definition.message_variable] = thrown.get("message")
    if definition.variable is not None:
        written[definition.variable] = thrown.get("data")
    return written


def take_boundary(
    run: Run,
    at: tuple[str, str],
    event: Place,
    definition: EventDefinition,
    payload: Payload,
) -> None:
    """Go the way of a boundary event; ``at`` are its activity and the scope around that."""
    activity, scope = at
    if event.node.interrupting:
        kill(run, activity)
    else:
        run.count(scope, 1)
    visit_event(run, scope, event, named(definition, payload))


def take_event_sub_process(
    run: Run,
    scope: str,
    begins: tuple[Place, Place],
    definition: EventDefinition,
    payload: Payload,
) -> None:
    """Open an event sub-process in ``scope`` at its start event; ``begins`` names both."""
    place, start = begins
    if start.node.interrupting:
        close_starts(run, scope)
        kill_content(run, scope)
    nth = run.visit(scope, place)
    name = f"{place.prefix}.{nth}"
    process = run.scopes[scope][PROCESS]
    run.add_scope(name, [EVENT, process, place.id, scope, 0, nth, None, [], [], None, None])
    run.count(scope, 1)
    # Not queued: what starts it is written before anything else moves.
    run.perform("starts", name, start.id, named(definition, payload))


def visit_event(run: Run, scope: str, event: Place, written: JsonObject) -> None:
    """Enter an event that has happened and go on from it; it is counted already."""
    name = run.enter(scope, event)
    write(run, scope, written, name)
    run.perform(after(event), name, None)


def after(event: Place) -> str:
    """Return the step that follows when an event has happened."""
    if event.activity:
        return "finish"
    return "map" if event.node.outputs else "exit"
