"""Elements without a start event before them that begin a case when something comes.

A receive task that instantiates is begun by its message. Before an event that begins
a case may stand an event-based gateway: an exclusive one lets that event go on alone,
a parallel one lets the case wait for its other events as well.
"""

from __future__ import annotations

from engine.commands import JsonObject
from engine.kernel.catching import visit_event
from engine.kernel.run import Run


def begin_at(run: Run, scope: str, start: str, written: JsonObject) -> None:
    """Begin a scope at the start event, receive task or event that has happened."""
    area = run.area(scope)
    place = area.places[start]
    before = area.scope.instantiating.get(start)
    if not before:
        run.count(scope, 1)
        visit_event(run, scope, place, written)
        return
    gateway = area.places[before]
    nth = run.visit(scope, gateway)
    run.note("element_left", scope, gateway.id, nth)
    together = gateway.node.parallel_multiple
    for flow, target in gateway.exits:
        if target is not place and not together:
            continue
        run.note("flow_taken", scope, gateway.id, nth)["flow"] = flow.id
        run.count(scope, 1)
        if target is not place:
            run.queue.append((scope, target, flow.id, None))
    visit_event(run, scope, place, written)
