"""Tokens that move: how elements are entered, worked at and left (BPMN 2.0, 13.2 and 13.3)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

from engine.bpmn.model import ACTIVITIES, Flow, Kind, LoopKind, Node, Process, Throw, Trigger
from tests.oracle import books
from tests.oracle.books import Json, Scope, Visit, Wait
from tests.oracle.events import Events
from tests.oracle.free import Free, rules_of
from tests.oracle.joins import Joins
from tests.oracle.undoing import Undoing

Row = tuple[Any, ...]
LATER = (Trigger.MESSAGE, Trigger.SIGNAL)
ENOUGH = 400
"""So many rows may one command write: a diagram may throw to itself for ever."""


class Endless(Exception):
    """One command does not come to an end."""


class Oracle(Joins, Events, Undoing, Free):
    """One case; each public method is something that happens to it.

    Attributes:
        trace: what has happened so far, see the package.
        state: ``new``, ``open``, ``completed`` or ``cancelled``.
        now: hours since the case was started.
    """

    def __init__(self, processes: Mapping[str, Process], main: str) -> None:
        self.processes, self.main = processes, main
        self.trace: list[Row] = []
        self.visited: Counter[tuple[str, str]] = Counter()
        self.queue: deque[tuple[Any, ...]] = deque()
        self.waits: list[Wait] = []
        self.thrown: list[tuple[Any, ...]] = []
        self.changed: list[Wait] = []
        self.written: list[str] = []
        self.asked: dict[tuple[str, str], int] = {}
        self.state, self.now, self.numbers = "new", 0, 0
        self.root = Scope("case", "", processes[main].root, main)

    # -- what can happen from outside --------------------------------------------------

    def start(self, data: Json, start: str | None = None) -> None:
        self.state = "open"
        self.write(None, self.root, data)
        self.begin_scope(self.root, start)
        self.drain()

    def tasks(self) -> list[Visit]:
        return sorted(self.everywhere("task"), key=lambda one: one.name)

    def jobs(self) -> list[Visit]:
        return sorted(self.everywhere("job"), key=lambda one: one.name)

    def timers(self) -> list[Wait]:
        return [one for one in self.waits if one.due is not None]

    def complete(self, visit: Visit, data: Json) -> None:
        self.write(visit, visit.scope, data)
        self.finish(visit)
        self.drain()

    def fail(self, job: Visit, code: str) -> None:
        job.state = "stuck"
        self.throw_error(job, code)
        self.drain()

    def fire_timer(self, wait: Wait) -> None:
        assert wait.due is not None
        self.now = max(self.now, wait.due)
        self.happen(wait, {})
        self.drain()

    def message(self, name: str, data: Json) -> None:
        self.happen(self.receivers(Trigger.MESSAGE, name)[0], data)
        self.drain()

    def signal(self, name: str, data: Json) -> None:
        self.broadcast(name, data)
        self.drain()

    def everywhere(self, state: str) -> list[Visit]:
        return [one for one in self.all_visits(self.root) if one.state == state]

    def all_visits(self, scope: Scope) -> list[Visit]:
        found = []
        for visit in scope.visits:
            for one in [visit, *visit.instances]:
                found.append(one)
                found += self.all_visits(one.inner) if one.inner is not None else []
        for inside in scope.undoing:
            found += self.all_visits(inside)
        return found

    # -- moving --------------------------------------------------------------------------

    def drain(self) -> None:
        began = len(self.trace)
        while self.state == "open":
            if len(self.trace) > began + ENOUGH:
                raise Endless
            if self.changed:
                self.look_again(self.changed.pop(0))
            elif self.queue:
                what, *item = self.queue.popleft()
                {"token": self.arrive, "instance": self.begin_instance, "undo": self.undo}[what](
                    *item
                )
            elif self.fire_joins() or self.fire_complex():
                continue
            elif self.thrown:
                visit, *more = self.thrown.pop(0)
                if visit.alive and more:
                    self.throw_of_loop(visit, *more)
                elif visit.alive:
                    self.throw(visit)
            else:
                return

    def send(self, scope: Scope, node: Node, flow: str) -> None:
        self.queue.append(("token", scope, node, flow))

    def arrive(self, scope: Scope, node: Node, flow: str) -> None:
        """Let a token come to a node over a flow; ``""`` where it begins there."""
        if node.kind is Kind.PARALLEL and len(node.incoming) > 1:
            self.arrive_parallel(scope, node, flow)
        elif node.kind is Kind.INCLUSIVE and len(node.incoming) > 1:
            scope.tokens(node.id)[flow] += 1
        elif node.kind is Kind.COMPLEX and (len(node.incoming) > 1 or node.activation is not None):
            self.arrive_complex(scope, node, flow)
        elif (
            scope.model.ad_hoc is not None
            and scope.model.ad_hoc.sequential
            and node.kind in ACTIVITIES
        ):
            self.wait_for_turn(scope, node, flow)
        elif node.start_quantity > 1:
            self.arrive_quantity(scope, node, flow)
        else:
            self.visit(scope, node)

    def enter(self, scope: Scope, node: Node) -> Visit:
        self.visited[scope.process, node.id] += 1
        visit = Visit(node, scope, self.visited[scope.process, node.id])
        scope.visits.append(visit)
        self.trace.append(("in", node.id, visit.nth, None))
        return visit

    def visit(self, scope: Scope, node: Node) -> None:
        visit = self.enter(scope, node)
        if node.kind in ACTIVITIES:
            self.begin_activity(visit)
        elif node.kind in (Kind.CATCH, Kind.EVENT_BASED):
            self.catch(visit)
        elif node.kind in (Kind.THROW, Kind.END):
            self.begin_throw(visit)
        else:
            self.leave(visit)

    # -- leaving -------------------------------------------------------------------------

    def choose(self, visit: Visit, *, reset: bool = False) -> list[Flow] | None:
        """Return the flows that get a token; None if there is none and must be one."""
        node, scope = visit.node, visit.scope
        flows = [scope.model.flows[one] for one in node.outgoing]
        if node.kind is Kind.PARALLEL or not flows:
            return flows
        known = books.names(visit, scope, waitingForStart=not reset)
        holds = {
            flow.id: bool(books.evaluate(flow.condition.text, known))
            for flow in flows
            if flow.condition is not None and flow.id != node.default
        }
        if reset:
            return [flow for flow in flows if holds.get(flow.id, False)]
        if node.kind is Kind.EXCLUSIVE:
            asked = [flow for flow in flows if flow.id != node.default]
            first = [flow for flow in asked if holds.get(flow.id, True)][:1]
            return first or [flow for flow in flows if flow.id == node.default] or None
        chosen = [flow for flow in flows if flow.id != node.default and holds.get(flow.id, True)]
        if not any(holds.values()) and (holds or not chosen):
            chosen += [flow for flow in flows if flow.id == node.default]
        return chosen or None

    def leave(self, visit: Visit, *, reset: bool = False) -> None:
        rules = rules_of(visit)
        if rules is not None:
            self.leave_free(visit, rules)
            return
        chosen = self.choose(visit, reset=reset)
        if chosen is None:
            visit.state = "stuck"
            return
        self.go(visit, [one for one in chosen for _ in range(visit.node.completion_quantity)])

    def go(self, visit: Visit, flows: Sequence[Flow]) -> None:
        """Leave by these flows; without any, the scope may be over."""
        node, scope = visit.node, visit.scope
        self.remember(visit)
        self.drop(visit)
        self.trace.append(("out", node.id, visit.nth, None))
        for flow in flows:
            self.trace.append(("flow", flow.id))
            self.send(scope, scope.model.nodes[flow.target], flow.id)
        if not flows:
            self.settle(scope)

    def stop(self, visit: Visit) -> None:
        """Take a token off an end event, a link or whatever leads nowhere."""
        self.drop(visit)
        self.trace.append(("out", visit.node.id, visit.nth, None))

    def drop(self, visit: Visit) -> None:
        visit.alive = False
        for wait in visit.waits:
            self.close(wait)
        visit.waits = []
        home = visit.scope.visits if visit.whole is None else visit.whole.instances
        if visit in home:
            home.remove(visit)

    def settle(self, scope: Scope) -> None:
        """End a scope if nothing goes on in it any more."""
        if not self.goes_on(scope):
            self.end(scope)

    def goes_on(self, scope: Scope) -> bool:
        held = any(number for join in scope.held.values() for number in join.values())
        queued = any(item[1] is scope for item in self.queue)
        return bool(scope.visits or scope.undoing or scope.asks or held or queued or scope.open)

    def end(self, scope: Scope) -> None:
        scope.over = True
        for wait in scope.starts:
            self.close(wait)
        scope.starts = []
        if scope.record is not None:
            self.undone(scope)
        elif scope.kind == "case":
            self.state = "completed"
        elif scope.kind == "event":
            self.end_event_sub_process(scope)
        else:
            assert scope.owner is not None
            self.finish(scope.owner)

    def end_event_sub_process(self, scope: Scope) -> None:
        visit, around = scope.owner, scope.around
        assert visit is not None
        assert around is not None
        if scope.done:
            around.done.append(self.opened(scope, whole=True))
        self.stop(visit)
        self.settle(around)

    # -- activities ------------------------------------------------------------------------

    def begin_activity(self, visit: Visit) -> None:
        attached = [visit.scope.model.nodes[one] for one in visit.node.boundary]
        visit.waits = self.open(attached, visit, visit.scope)
        self.happen_at_once(visit.waits)
        if not visit.alive:
            return
        if visit.node.loop is None:
            self.work(visit)
        else:
            self.begin_loop(visit)

    def work(self, visit: Visit) -> None:
        """Do what an activity, or one instance of it, is for."""
        node = visit.node
        if node.kind in (Kind.USER, Kind.MANUAL):
            visit.state = "task"
        elif node.topic is not None:
            visit.state = "job"
        elif node.kind is Kind.SCRIPT and node.code is not None:
            self.script(visit)
        elif node.kind is Kind.RECEIVE:
            visit.state = "waits"
            visit.waits += self.open([node], visit, visit.scope)
        elif node.kind is Kind.SEND and node.events:
            self.begin_throw(visit)
        elif node.kind is Kind.SUB_PROCESS:
            self.open_body(visit, "body", node.body, visit.scope.process, {})
        elif node.kind is Kind.CALL:
            self.call(visit)
        else:
            self.finish(visit)

    def script(self, visit: Visit) -> None:
        assert visit.node.code is not None
        known, assigned = books.names(visit, visit.scope), {}
        try:
            exec(visit.node.code.text, known, assigned)
        except Exception as error:  # noqa: BLE001 - a script of a test may raise anything
            visit.state = "stuck"
            if not self.throw_error(visit, type(error).__name__, only=True):
                self.throw_error(visit, str(error), only=True)
            return
        self.write(visit, visit.scope, assigned)
        self.finish(visit)

    def call(self, visit: Visit) -> None:
        called = self.processes[visit.node.called or ""]
        known = books.names(visit, visit.scope)
        own = {}
        if visit.node.all_in:
            for one in [*books.instances_around(visit, visit.scope)][::-1]:
                own.update(one.own if isinstance(one, Visit) else one.data)
        for mapping in visit.node.inputs:
            own[mapping.target] = books.evaluate(mapping.value.text, known)
        self.open_body(visit, "call", called.root, called.key, own)

    def open_body(self, visit: Visit, kind: str, content: Any, process: str, own: Json) -> None:
        name = visit.name + ("/" if visit.instance is not None else "")
        visit.inner = Scope(kind, name, content, process, visit, visit.scope, own)
        self.begin_scope(visit.inner, None)

    def begin_scope(self, scope: Scope, start: str | None) -> None:
        """Begin what lies in a scope: its event sub-processes wait before anything moves."""
        nodes = scope.model.nodes
        for id_ in scope.model.event_sub_processes:
            body = nodes[id_].body
            assert body is not None
            scope.starts += self.open([body.nodes[one] for one in body.starts], scope, scope)
        if self.happen_at_once(scope.starts, stops=True):
            return
        if start is not None:
            self.begin_at(scope, start)
            return
        if scope.model.ad_hoc is not None:
            self.open_up(scope)
            return
        plain = [one for one in scope.model.starts if not nodes[one].events]
        first = plain or scope.model.implicit_starts
        for one in first:
            self.send(scope, nodes[one], "")
        if not first:
            self.settle(scope)

    def begin_at(self, scope: Scope, start: str) -> None:
        """Begin at an event that has happened, or at a gateway before several of them."""
        nodes, flows = scope.model.nodes, scope.model.flows
        gateway = scope.model.instantiating.get(start)
        if gateway:
            visit = self.enter(scope, nodes[gateway])
            self.stop(visit)
            for one in nodes[gateway].outgoing:
                if flows[one].target == start:
                    self.trace.append(("flow", one))
                elif nodes[gateway].parallel_multiple:
                    self.trace.append(("flow", one))
                    self.send(scope, nodes[flows[one].target], one)
        self.event(scope, nodes[start], {})

    def finish(self, visit: Visit) -> None:
        """End the work of an activity: data go out, then it is left or its loop goes on."""
        visit.state = "moving"
        node = visit.node
        if visit.inner is not None and node.kind is Kind.CALL:
            known = books.names(None, visit.inner)
            out = dict(visit.inner.data) if node.all_out else {}
            for mapping in node.outputs:
                out[mapping.target] = books.evaluate(mapping.value.text, known)
            if visit.instance is None:
                self.write(None, visit.scope, out)
            else:
                self.write_own(visit, out)
        if visit.instance is None:
            self.leave(visit)
        else:
            self.gather(visit)

    # -- loops and multi-instance -------------------------------------------------------------

    def begin_loop(self, visit: Visit) -> None:
        loop = visit.node.loop
        assert loop is not None
        known = books.names(visit, visit.scope)
        items: list[Any] = []
        if loop.collection is not None:
            items = list(books.evaluate(loop.collection.text, known))
            visit.items = dict(enumerate(items))
        elif loop.cardinality is not None:
            items = [None] * books.evaluate(loop.cardinality.text, known)
        visit.loop = [len(items), 0, 0, 0]
        visit.state = "loops"
        if loop.kind is LoopKind.STANDARD:
            if loop.test_before and not self.another_round(visit, visit, 0):
                self.end_loop(visit)
                return
            self.begin_instances(visit, 1)
        elif not items:
            self.end_loop(visit)
        else:
            self.begin_instances(visit, len(items) if loop.kind is LoopKind.PARALLEL else 1)

    def begin_instances(self, whole: Visit, more: int) -> None:
        assert whole.loop is not None
        for _ in range(more):
            self.queue.append(("instance", whole, whole.loop[3]))
            whole.loop[3] += 1
            whole.loop[1] += 1

    def begin_instance(self, whole: Visit, index: int) -> None:
        assert whole.node.loop is not None
        one = Visit(whole.node, whole.scope, whole.nth, index, whole)
        if index in whole.items:
            one.own[whole.node.loop.item or "item"] = whole.items[index]
        whole.instances.append(one)
        self.trace.append(("in", whole.node.id, whole.nth, index))
        self.work(one)

    def another_round(self, whole: Visit, at: Visit, rounds: int) -> bool:
        loop = whole.node.loop
        assert loop is not None
        if loop.maximum is not None and rounds >= loop.maximum:
            return False
        if loop.condition is None:
            return loop.maximum is not None
        counter = rounds + 1 if loop.test_before else rounds
        known = {**books.names(at, at.scope), "loopCounter": counter}
        return bool(books.evaluate(loop.condition.text, known))

    def gather(self, one: Visit) -> None:
        """End an instance, and see whether there is another one or the whole is over."""
        whole = one.whole
        assert whole is not None
        loop = whole.node.loop
        assert loop is not None
        assert whole.loop is not None
        whole.loop[2] += 1
        whole.loop[1] -= 1
        is_body = one.inner is not None and one.inner.kind == "body"
        known = books.names(None, one.inner) if is_body else books.names(one, one.scope)  # type: ignore[arg-type]
        known |= books.counters(whole)
        if loop.output is not None:
            whole.outputs[one.instance or 0] = books.evaluate(loop.output[1].text, known)
            known[loop.output[0]] = [whole.outputs[key] for key in sorted(whole.outputs)]
        ends = loop.completion is not None and bool(books.evaluate(loop.completion.text, known))
        again = loop.kind is LoopKind.STANDARD and self.another_round(whole, one, whole.loop[2])
        due = [
            throw
            for throw in loop.throws
            if (not throw.first or whole.loop[2] == 1)
            and (throw.condition is None or books.evaluate(throw.condition.text, known))
        ]
        self.retain(one, whole)
        self.drop(one)
        self.trace.append(("out", one.node.id, one.nth, one.instance))
        if any(throw.event.trigger in LATER for throw in due) or self.has_to_throw(whole):
            if ends:
                self.cut_instances(whole)
            self.thrown.append((whole, due, ends, again))
        else:
            self.throw_of_loop(whole, due, ends, again)

    def has_to_throw(self, whole: Visit) -> bool:
        return any(one[0] is whole for one in self.thrown)

    def throw_of_loop(self, whole: Visit, due: Sequence[Throw], ends: bool, again: bool) -> None:
        """Throw what an instance throws as it completes; then the whole goes on, or ends."""
        loop = whole.node.loop
        assert loop is not None
        assert whole.loop is not None
        for throw in due:
            self.throw_one(whole, throw.event)
            if not whole.alive:
                return
        if self.has_to_throw(whole):
            return
        if ends:
            self.cut_instances(whole)
            self.end_loop(whole)
        elif whole.instances or any(item[1] is whole for item in self.queue):
            return
        elif again or (loop.kind is LoopKind.SEQUENTIAL and whole.loop[3] < whole.loop[0]):
            self.begin_instances(whole, 1)
        else:
            self.end_loop(whole)

    def end_loop(self, whole: Visit) -> None:
        assert whole.node.loop is not None
        if whole.node.loop.output is not None:
            found = [whole.outputs[key] for key in sorted(whole.outputs)]
            self.write(None, whole.scope, {whole.node.loop.output[0]: found})
        self.leave(whole)

    # -- cutting off ----------------------------------------------------------------------------

    def kill(self, visit: Visit) -> None:
        """Cut off an activity or event and all inside it, the innermost first."""
        self.cut_instances(visit)
        if visit.inner is not None:
            self.kill_scope(visit.inner)
        self.drop(visit)
        self.trace.append(("cut", visit.node.id, visit.nth, visit.instance))

    def cut_instances(self, whole: Visit) -> None:
        if whole.inner is not None and whole.inner.kind == "whole":
            self.kill_scope(whole.inner)
        for one in sorted(whole.instances, key=lambda one: one.instance or 0):
            self.kill(one)
        self.queue = deque(item for item in self.queue if item[1] is not whole)

    def kill_scope(self, scope: Scope) -> None:
        self.empty(scope)
        scope.over = True
        for wait in scope.starts:
            self.close(wait)
        scope.starts = []

    def empty(self, scope: Scope) -> None:
        """Cut off all that goes on in a scope; what waits to begin there waits on."""
        self.end_sweeps(scope)
        inside = [
            (one.node.id, one.nth, one.instance or 0, one) for one in scope.visits
        ] + [
            (one.record.node.id, one.record.nth, one.record.instance or 0, one)
            for one in scope.undoing
            if one.record is not None
        ]  # fmt: skip
        for *_, one in sorted(inside, key=lambda one: one[:3]):
            if isinstance(one, Visit):
                self.kill(one)
            else:
                self.kill_scope(one)
        scope.undoing.clear()
        scope.held.clear()
        scope.open = False
        scope.taken.clear()
        scope.asks.clear()
        self.queue = deque(item for item in self.queue if item[1] is not scope)

    def terminate(self, scope: Scope, end: str | None) -> None:
        self.empty(scope)
        if scope.kind == "case" and end is not None:
            self.state = "cancelled"
        else:
            self.end(scope)

    # -- data -----------------------------------------------------------------------------------

    def write(self, visit: Visit | None, scope: Scope, data: Json) -> None:
        for name in sorted(data):
            books.home(visit, scope, name)[name] = data[name]
        self.announce(data)

    def write_own(self, visit: Visit, data: Json) -> None:
        visit.own.update(data)
        self.announce(data)

    def announce(self, data: Json) -> None:
        """Remember which conditions are to be asked again: those that mention what was written."""
        for name in sorted(data):
            self.written.append(name)
            for wait in self.waits:
                code = wait.definition.value
                if wait.kind != "conditional" or code is None or wait in self.changed:
                    continue
                if name in books.mentions(code.text):
                    self.changed.append(wait)
