"""Events: waiting for them, taking their way, throwing them (BPMN 2.0, 10.5 and 13.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine.bpmn.model import ACTIVITIES, EventDefinition, Kind, Node, TimerKind, Trigger
from tests.oracle import books
from tests.oracle.books import Json, Scope, Visit, Wait

if TYPE_CHECKING:
    from tests.oracle.machine import Oracle

COME = (Trigger.MESSAGE, Trigger.SIGNAL, Trigger.TIMER, Trigger.CONDITIONAL)
LATER = (Trigger.MESSAGE, Trigger.SIGNAL)


class Events:
    """What waits, what happens, and what is thrown."""

    # -- waiting -----------------------------------------------------------------------------

    def open(self: Oracle, events: Sequence[Node], host: Visit | Scope, scope: Scope) -> list[Wait]:
        return [
            self.wait(event, definition, host, scope)
            for event in events
            for definition in event.events
            if definition.trigger in COME
        ]

    def wait(
        self: Oracle, event: Node, definition: EventDefinition, host: Visit | Scope, scope: Scope
    ) -> Wait:
        self.numbers += 1
        wait = Wait(event, definition, host, scope, self.numbers)
        if definition.trigger is Trigger.TIMER:
            self.arm(wait)
        elif definition.trigger is Trigger.CONDITIONAL:
            wait.holds = self.holds(wait)
        self.waits.append(wait)
        return wait

    def holds(self: Oracle, wait: Wait) -> bool:
        assert wait.definition.value is not None
        return bool(books.evaluate(wait.definition.value.text, books.names(None, wait.scope)))

    def arm(self: Oracle, wait: Wait) -> None:
        """Set a timer; only whole hours are known here: ``PT2H``, ``R3/PT2H``."""
        assert wait.definition.value is not None
        text = books.evaluate(wait.definition.value.text, books.names(None, wait.scope))
        found = re.fullmatch(r"(?:R(\d*)/)?PT(\d+)H", text)
        assert found is not None, text
        wait.since = self.now
        if wait.definition.timer is TimerKind.CYCLE:
            wait.times = int(found[1]) if found[1] else 10**6
        wait.due = self.now + int(found[2])

    def close(self: Oracle, wait: Wait) -> None:
        wait.open = False
        if wait in self.waits:
            self.waits.remove(wait)
        if wait in self.changed:
            self.changed.remove(wait)

    def happen_at_once(self: Oracle, waits: Sequence[Wait], *, stops: bool = False) -> bool:
        """Let the conditions happen that hold already; return whether one interrupted."""
        for wait in [one for one in waits if one.kind == "conditional" and one.holds]:
            if not wait.open:
                continue
            interrupts = wait.event.interrupting
            self.happen(wait, {})
            if stops and interrupts:
                return True
        return False

    def look_again(self: Oracle, wait: Wait) -> None:
        """Ask a condition again: it happens when it was false and is true."""
        before, wait.holds = wait.holds, self.holds(wait)
        if wait.holds and not before:
            self.happen(wait, {})

    def receivers(self: Oracle, trigger: Trigger, name: str) -> list[Wait]:
        """Return who waits for a message or signal, the longest-waiting first."""
        return [
            one
            for one in self.waits
            if one.definition.trigger is trigger and one.definition.name == name
        ]

    def broadcast(self: Oracle, name: str, data: Json) -> None:
        for wait in self.receivers(Trigger.SIGNAL, name):
            if wait.open:
                self.happen(wait, data)

    # -- happening -------------------------------------------------------------------------------

    def happen(self: Oracle, wait: Wait, data: Json) -> None:
        event, host = wait.event, wait.host
        together = event.parallel_multiple and len(event.events) > 1
        stays = not event.interrupting and event.kind in (Kind.BOUNDARY, Kind.START)
        if not stays or together or not self.stays_open(wait):
            self.end_wait(wait)
        if together:
            if any(one.host is host and one.event is event for one in self.waits):
                # The others have not come yet.
                self.write(host if isinstance(host, Visit) else None, wait.scope, data)
                return
            if stays:
                again = self.open([event], host, wait.scope)
                (host.waits if isinstance(host, Visit) else host.starts).extend(again)
        self.take(wait, data)

    def stays_open(self: Oracle, wait: Wait) -> bool:
        """Whether an event that does not interrupt can come again; a timer only as a cycle."""
        if wait.due is None:
            return True
        step = (wait.due - wait.since) if wait.times == 1 else self.step(wait)
        last = wait.since + step * wait.times
        following = wait.since + step * ((self.now - wait.since) // step + 1)
        wait.due = following
        return following <= last and wait.definition.timer is TimerKind.CYCLE

    def step(self: Oracle, wait: Wait) -> int:
        assert wait.definition.value is not None
        text = books.evaluate(wait.definition.value.text, {})
        return int(re.findall(r"PT(\d+)H", text)[0])

    def end_wait(self: Oracle, wait: Wait) -> None:
        self.close(wait)
        listed = wait.host.waits if isinstance(wait.host, Visit) else wait.host.starts
        if wait in listed:
            listed.remove(wait)

    def take(self: Oracle, wait: Wait, data: Json) -> None:
        """Go the way of an event that has happened."""
        event, host = wait.event, wait.host
        if event.kind is Kind.BOUNDARY:
            assert isinstance(host, Visit)
            self.take_boundary(host, event, data)
        elif event.kind is Kind.START:
            assert isinstance(host, Scope)
            self.take_event_sub_process(host, event, data)
        elif isinstance(host, Visit) and host.node.kind is Kind.EVENT_BASED:
            flow = next(
                one for one in host.node.outgoing if host.scope.model.flows[one].target == event.id
            )
            self.stop(host)
            self.trace.append(("flow", flow))
            self.event(host.scope, event, data)
        else:
            assert isinstance(host, Visit)
            # What a boundary event of a receive task waits for stays open until that is left.
            for one in [one for one in host.waits if one.event is event]:
                self.end_wait(one)
            self.write(host, host.scope, data)
            if host.node.kind in ACTIVITIES:
                self.finish(host)
            else:
                self.leave(host)

    def event(self: Oracle, scope: Scope, node: Node, data: Json) -> None:
        """Enter an event that has happened, and go on from it."""
        visit = self.enter(scope, node)
        self.write(visit, scope, data)
        if node.kind in ACTIVITIES:
            self.finish(visit)
        else:
            self.leave(visit)

    def take_boundary(self: Oracle, activity: Visit, event: Node, data: Json) -> None:
        if event.interrupting:
            self.kill(activity)
        self.event(activity.scope, event, data)

    def take_event_sub_process(self: Oracle, scope: Scope, start: Node, data: Json) -> None:
        if start.interrupting:
            for wait in scope.starts:
                self.close(wait)
            scope.starts = []
            self.empty(scope)
        owner = next(
            scope.model.nodes[one]
            for one in scope.model.event_sub_processes
            if start.id in scope.model.nodes[one].body.starts  # type: ignore[union-attr]
        )
        visit = self.enter(scope, owner)
        assert owner.body is not None
        visit.inner = Scope("event", visit.name, owner.body, scope.process, visit, scope)
        self.begin_event(visit.inner, start, data)

    def begin_event(self: Oracle, scope: Scope, start: Node, data: Json) -> None:
        nodes = scope.model.nodes
        for id_ in scope.model.event_sub_processes:
            body = nodes[id_].body
            assert body is not None
            scope.starts += self.open([body.nodes[one] for one in body.starts], scope, scope)
        if not self.happen_at_once(scope.starts, stops=True):
            self.event(scope, start, data)

    def catch(self: Oracle, visit: Visit) -> None:
        """Wait at a catch event, or at an event-based gateway for what follows it."""
        events = [visit.node]
        if visit.node.kind is Kind.EVENT_BASED:
            flows = visit.scope.model.flows
            events = [visit.scope.model.nodes[flows[one].target] for one in visit.node.outgoing]
        visit.waits = self.open(events, visit, visit.scope)
        if not visit.waits:
            self.leave(visit)
            return
        visit.state = "waits"
        self.happen_at_once([*visit.waits])

    # -- throwing -------------------------------------------------------------------------------

    def begin_throw(self: Oracle, visit: Visit) -> None:
        links = self.linked(visit.scope, visit.node)
        if links:
            self.stop(visit)
            for target in links:
                self.send(visit.scope, target, "")
        elif any(one.trigger in LATER for one in visit.node.events):
            visit.state = "throws"
            self.thrown.append((visit,))
        else:
            self.throw(visit)

    def throw(self: Oracle, visit: Visit) -> None:
        for definition in visit.node.events:
            self.throw_one(visit, definition)
            if not visit.alive or visit.state == "stuck":
                return
        if visit.state != "undoes":
            self.has_thrown(visit)

    def has_thrown(self: Oracle, visit: Visit) -> None:
        if visit.node.kind in ACTIVITIES:
            self.finish(visit)
        elif visit.node.kind is Kind.END:
            self.stop(visit)
            self.settle(visit.scope)
        else:
            self.leave(visit)

    def throw_one(self: Oracle, visit: Visit, definition: EventDefinition) -> None:
        trigger, name = definition.trigger, definition.name
        if trigger is Trigger.ERROR:
            if not self.throw_error(visit, name):
                visit.state = "stuck"
        elif trigger is Trigger.ESCALATION:
            take = self.catcher(visit, trigger, name)
            if take is not None:
                take()
        elif trigger is Trigger.TERMINATE:
            self.stop(visit)
            self.terminate(visit.scope, visit.node.properties.get("end"))
        elif trigger is Trigger.MESSAGE:
            for wait in self.receivers(trigger, str(name))[:1]:
                self.happen(wait, self.carried(visit, definition))
        elif trigger is Trigger.SIGNAL:
            self.broadcast(str(name), self.carried(visit, definition))
        elif trigger is Trigger.COMPENSATE:
            self.throw_compensation(visit, definition)
        else:
            self.cancel(visit)

    def carried(self: Oracle, visit: Visit, definition: EventDefinition) -> Json:
        if definition.payload is None:
            return {}
        if visit.loop is not None:
            known = {**books.names(visit, visit.scope), **books.counters(visit)}
        else:
            known = books.names(visit, visit.scope)
        return dict(books.evaluate(definition.payload.text, known))

    def throw_error(self: Oracle, visit: Visit, code: str | None, *, only: bool = False) -> bool:
        take = self.catcher(visit, Trigger.ERROR, code, only=only)
        if take is None:
            return False
        if visit.node.kind is Kind.END:
            self.stop(visit)
        take()
        return True

    def catcher(
        self: Oracle, visit: Visit, trigger: Trigger, code: str | None, *, only: bool = False
    ) -> Callable[[], None] | None:
        """Look outward for who catches it: the scope's handlers before the boundary around it."""
        activity: Visit | None = visit.whole or visit
        scope = visit.scope
        while True:
            if activity is not None:
                attached = [scope.model.nodes[one] for one in activity.node.boundary]
                event = self.fitting(attached, trigger, code, only=only)
                if event is not None:
                    found, at = event, activity
                    return lambda: self.take_boundary(at, found, {})
            in_handler = activity is not None and activity.node.kind is Kind.EVENT_SUB_PROCESS
            if not in_handler and not self.is_over(scope):
                starts = [
                    body.nodes[one]
                    for id_ in scope.model.event_sub_processes
                    if (body := scope.model.nodes[id_].body) is not None
                    for one in body.starts
                ]
                start = self.fitting(starts, trigger, code, only=only)
                if start is not None:
                    begins, inside = start, scope
                    return lambda: self.take_event_sub_process(inside, begins, {})
            if scope.kind == "case":
                return None
            if scope.record is not None:
                # What was completed catches nothing any more.
                activity = None
            else:
                assert scope.owner is not None
                activity = scope.owner.whole or scope.owner
            assert scope.around is not None
            scope = scope.around

    def is_over(self: Oracle, scope: Scope) -> bool:
        """Whether what lies there was completed or cancelled and is only being undone."""
        owner = scope.owner
        return scope.record is not None or (owner is not None and owner.sweep is not None)

    def fitting(
        self: Oracle, events: Sequence[Node], trigger: Trigger, code: str | None, *, only: bool
    ) -> Node | None:
        """Return the event that names the code, else one that catches everything."""
        named = [(one, d.name) for one in events for d in one.events if d.trigger is trigger]
        exact = [one for one, name in named if name is not None and name == code]
        every = [one for one, name in named if name is None and not only]
        return (exact or every or [None])[0]
