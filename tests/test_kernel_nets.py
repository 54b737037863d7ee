"""Random nets: what must hold of every marking, and a slow oracle for plain nets."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import commands as c
from engine.errors import EngineError
from tests.memory import Case, flows, process

ROOTS = (
    '<message id="M" name="go"/><signal id="S" name="alarm"/><error id="E1" errorCode="e1"/>'
    '<escalation id="X1" escalationCode="x1"/>'
)
TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
CYCLE = "<timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition>"
EVENTS = {
    "timer": TIMER,
    "cycle": CYCLE,
    "message": '<messageEventDefinition messageRef="M"/>',
    "signal": '<signalEventDefinition signalRef="S"/>',
    "condition": "<conditionalEventDefinition><condition>v % 4 == 3</condition>"
    "</conditionalEventDefinition>",
    "error": '<errorEventDefinition errorRef="E1"/>',
    "escalation": '<escalationEventDefinition escalationRef="X1"/>',
}
WAITS = ("timer", "cycle", "message", "signal", "condition")

# -- nets of blocks ---------------------------------------------------------------

leaf = st.sampled_from(
    ["user", "script", "catch", "throw", "escalate", "receive", "job", "fails", "choice"]
)
blocks = st.recursive(
    leaf.map(lambda kind: (kind,)),
    lambda inner: st.one_of(
        st.tuples(
            st.sampled_from(["seq", "and", "xor", "or"]), st.lists(inner, min_size=2, max_size=3)
        ),
        st.tuples(st.sampled_from(["loop", "many", "few", "rounds"]), inner),
        st.tuples(
            st.just("sub"),
            inner,
            st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.booleans()), max_size=2),
            st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.booleans()), max_size=2),
            st.sampled_from(["end", "terminate", "error", "escalation"]),
        ),
        st.tuples(
            st.just("bound"),
            st.lists(st.tuples(st.sampled_from(WAITS), st.booleans()), min_size=1, max_size=2),
        ),
    ),
    max_leaves=7,
)


@dataclass
class Builder:
    """Writes blocks as XML; every block has one way in and one way out."""

    ids: Any = field(default_factory=itertools.count)

    def new(self, prefix: str) -> str:
        return f"{prefix}{next(self.ids)}"

    def scope(self, block: Any, end: str = "end", extra: str = "") -> str:
        start, stop = self.new("s"), self.new("e")
        first, last, xml = self.block(block)
        definition = {
            "end": "",
            "terminate": "<terminateEventDefinition/>",
            "error": EVENTS["error"],
            "escalation": EVENTS["escalation"],
        }[end]
        return (
            f'<startEvent id="{start}"/><endEvent id="{stop}">{definition}</endEvent>{xml}{extra}'
            + flows(f"{start} > {first}", f"{last} > {stop}")
        )

    def block(self, block: Any) -> tuple[str, str, str]:
        kind, *rest = block
        return getattr(self, f"_{kind}", self._leaf)(kind, *rest)

    def _leaf(self, kind: str) -> tuple[str, str, str]:
        id_ = self.new(kind[0])
        xml = {
            "user": f'<userTask id="{id_}" camunda:dueDate="working_hours(v + 1)"/>',
            "script": f'<scriptTask id="{id_}"><script>v = v + 1</script></scriptTask>',
            "catch": f'<intermediateCatchEvent id="{id_}">{TIMER}</intermediateCatchEvent>',
            "throw": f'<intermediateThrowEvent id="{id_}">{EVENTS["signal"]}</intermediateThrowEvent>',
            "escalate": f'<intermediateThrowEvent id="{id_}">{EVENTS["escalation"]}'
            "</intermediateThrowEvent>",
            "receive": f'<receiveTask id="{id_}" messageRef="M"/>',
            "job": f'<serviceTask id="{id_}" camunda:topic="work"/>',
            "fails": f'<scriptTask id="{id_}"><script>w = 1 / (v % 2)</script></scriptTask>',
        }
        if kind != "choice":
            return id_, id_, xml[kind]
        timer, message, join = self.new("t"), self.new("m"), self.new("x")
        return (
            id_,
            join,
            f'<eventBasedGateway id="{id_}"/><exclusiveGateway id="{join}"/>'
            f'<intermediateCatchEvent id="{timer}">{TIMER}</intermediateCatchEvent>'
            f'<intermediateCatchEvent id="{message}">{EVENTS["message"]}</intermediateCatchEvent>'
            + flows(f"{id_} > {timer} > {join}", f"{id_} > {message} > {join}"),
        )

    def _seq(self, kind: str, inner: list[Any]) -> tuple[str, str, str]:
        made = [self.block(one) for one in inner]
        wired = flows(*(f"{a[1]} > {b[0]}" for a, b in itertools.pairwise(made)))
        return made[0][0], made[-1][1], "".join(one[2] for one in made) + wired

    def _split(self, gateway: str, inner: list[Any], conditions: list[str]) -> tuple[str, str, str]:
        fork, join = self.new("f"), self.new("j")
        made = [self.block(one) for one in inner]
        default = "" if gateway == "parallelGateway" else f' default="{fork}_{made[0][0]}"'
        xml = f'<{gateway} id="{fork}"{default}/><{gateway} id="{join}"/>'
        for index, (first, last, body) in enumerate(made):
            condition = f" : {conditions[index]}" if conditions and index else ""
            xml += body + flows(f"{fork} > {first}{condition}", f"{last} > {join}")
        return fork, join, xml

    def _and(self, kind: str, inner: list[Any]) -> tuple[str, str, str]:
        return self._split("parallelGateway", inner, [])

    def _xor(self, kind: str, inner: list[Any]) -> tuple[str, str, str]:
        return self._split("exclusiveGateway", inner, ["", "v % 2 == 1", "v % 3 == 1"])

    def _or(self, kind: str, inner: list[Any]) -> tuple[str, str, str]:
        return self._split("inclusiveGateway", inner, ["", "v % 2 == 1", "v % 3 != 1"])

    def _loop(self, kind: str, inner: Any) -> tuple[str, str, str]:
        into, out = self.new("x"), self.new("y")
        wait = self.new("u")
        first, last, body = self.block(inner)
        return (
            into,
            out,
            f'<exclusiveGateway id="{into}"/><exclusiveGateway id="{out}" default="{out}_OUT"/>'
            f'<userTask id="{wait}"/>{body}'
            + flows(
                f"{into} > {first}",
                f"{last} > {out}",
                f"{out} > {wait} : v % 3 == 1",
                f"{wait} > {into}",
            ),
        )

    def _many(self, kind: str, inner: Any) -> tuple[str, str, str]:
        id_ = self.new("q")
        how = {
            "many": '<multiInstanceLoopCharacteristics camunda:collection="items" '
            'camunda:elementVariable="item"><completionCondition>nrOfCompletedInstances == 2'
            "</completionCondition></multiInstanceLoopCharacteristics>",
            "few": '<multiInstanceLoopCharacteristics camunda:collection="items" '
            'camunda:elementVariable="item" isSequential="true"/>',
            "rounds": '<standardLoopCharacteristics loopMaximum="3"><loopCondition>v % 2 == 1'
            "</loopCondition></standardLoopCharacteristics>",
        }[kind]
        return id_, id_, f'<subProcess id="{id_}">{how}{self.scope(inner)}</subProcess>'

    _few = _rounds = _many

    def _handlers(self, given_: list[tuple[str, bool]]) -> str:
        xml = ""
        for trigger, interrupting in given_:
            id_, start, task = self.new("h"), self.new("s"), self.new("u")
            stays = "" if interrupting or trigger == "error" else ' isInterrupting="false"'
            xml += (
                f'<subProcess id="{id_}" triggeredByEvent="true"><startEvent id="{start}"{stays}>'
                f'{EVENTS[trigger]}</startEvent><userTask id="{task}"/>'
                + flows(f"{start} > {task}")
                + "</subProcess>"
            )
        return xml

    def _attached(self, host: str, given_: list[tuple[str, bool]]) -> str:
        xml = ""
        for trigger, interrupting in given_:
            id_, task = self.new("b"), self.new("u")
            stays = "" if interrupting or trigger == "error" else ' cancelActivity="false"'
            xml += (
                f'<boundaryEvent id="{id_}" attachedToRef="{host}"{stays}>{EVENTS[trigger]}'
                f'</boundaryEvent><userTask id="{task}"/>' + flows(f"{id_} > {task}")
            )
        return xml

    def _sub(
        self, kind: str, inner: Any, inside: Any, around: Any, end: str
    ) -> tuple[str, str, str]:
        id_ = self.new("p")
        body = self.scope(inner, end, self._handlers(inside))
        return id_, id_, f'<subProcess id="{id_}">{body}</subProcess>' + self._attached(id_, around)

    def _bound(self, kind: str, around: Any) -> tuple[str, str, str]:
        id_ = self.new("u")
        return id_, id_, f'<userTask id="{id_}"/>' + self._attached(id_, around)


def net(block: Any, builder: type[Builder] = Builder) -> bytes:
    return process(led_on(builder().scope(block)), extra=ROOTS)


def led_on(xml: str) -> str:
    """Give the loops in a body their default flows."""
    # The default flow of a loop leads on; its name is known only now.
    for part in xml.split('default="')[1:]:
        default = part.split('"')[0]
        if default.endswith("_OUT"):
            gateway = default[: -len("_OUT")]
            onward = [
                one.split('"')[0]
                for one in xml.split('<sequenceFlow id="')[1:]
                if one.startswith(f"{gateway}_")
                and "conditionExpression" not in one.split("</seq")[0]
            ]
            xml = xml.replace(default, onward[0] if onward else "")
    return xml.replace(' default=""', "")


def step(case: Case, choice: int) -> None:
    """Do one of the things that can be done now."""
    control = case.snapshot.control
    subs = control.get("subs", {})
    possible: list[c.Command] = []
    for task in case.tasks:
        possible += [c.CompleteTask(task, data={"v": choice % 7}), c.SuspendTask(task)]
        possible += [c.ResumeTask(task), c.ExtendTask(task, "2026-12-01T09:00:00+08:00")]
    for number, due_at in case.timers.items():
        possible += [c.FireTimer(number, due_at)] * 2
    if any(row[0] == "message" for row in subs.values()):
        possible.append(c.CorrelateMessage("go", data={"v": choice % 5}))
    if any(row[0] == "signal" for row in subs.values()):
        possible.append(c.ReceiveSignal("alarm"))
    for name, row in sorted(control.get("tokens", {}).items()):
        if row[4] == "job":
            possible += [c.CompleteJob(name, {"v": choice % 6}), c.FailJob(name, "no", "e1")]
    for _, row in sorted(control.get("scopes", {}).items()):
        if row[0] == "frame" and row[6] is not None:
            possible += [
                c.HoldScope(row[3], row[6]),
                c.ReleaseScope(row[3], row[6]),
                c.CancelInstance(row[3], row[6]),
                c.AddInstance(row[3], "new"),
            ]
    for offer in case.kernel.offers(case.bundle, case.snapshot):
        possible += [c.StartActivity(offer.scope, one) for one in offer.activities] * 2
        possible.append(c.CompleteScope(offer.scope))
    if control.get("incidents"):
        possible.append(c.RetryIncident(data={"v": choice % 4}))
    possible += [c.RecomputeDeadlines("2"), c.SuspendCase() if choice % 3 else c.ResumeCase()]
    if case.state == "suspended":
        possible = [c.ResumeCase()]
    command = possible[choice % len(possible)]
    if isinstance(command, c.FireTimer):
        case.later(1)
    # Refused commands change nothing, which the next one shows.
    with contextlib.suppress(EngineError):
        case.do(command)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(blocks, st.lists(st.integers(0, 10_000), min_size=12, max_size=25))
def test_every_net_keeps_its_books_and_replays(block, choices):
    case = Case(net(block))
    case.start(v=choices[0] % 5, items=["a", "b", "c"])
    for choice in choices:
        if case.state in ("completed", "cancelled"):
            break
        step(case, choice)
    if case.state not in ("completed", "cancelled"):
        case.do(c.CancelCase("voided"))

    again = Case(net(block))
    again.checks = False
    for now, actor, command in case.log:
        again.now = now
        again.do(c.from_json(command.to_json()), actor)

    assert again.events == case.events
    assert again.snapshot == case.snapshot


# -- plain nets against an oracle --------------------------------------------------


@dataclass
class Oracle:
    """Tokens as a multiset, joins judged by searching every path: slow and plain."""

    kinds: dict[str, str]
    edges: list[tuple[str, str]]
    taken: dict[str, tuple[str, ...]]
    waiting: Counter[str] = field(default_factory=Counter)
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    entered: list[str] = field(default_factory=list)

    def out(self, node: str) -> list[tuple[str, str]]:
        return [edge for edge in self.edges if edge[0] == node]

    def into(self, node: str) -> list[tuple[str, str]]:
        return [edge for edge in self.edges if edge[1] == node]

    def run(self, queue: deque[tuple[str, str]]) -> None:
        while True:
            while queue:
                edge = queue.popleft()
                node = edge[1]
                if self.kinds[node] in ("and", "or") and len(self.into(node)) > 1:
                    self.held[edge] += 1
                    if self.kinds[node] == "and" and all(self.held[e] for e in self.into(node)):
                        self.fire(node, queue)
                    continue
                self.entered.append(node)
                if self.kinds[node] == "user":
                    self.waiting[node] += 1
                else:
                    queue.extend(self.leave(node))
            ready = [
                node
                for node in sorted(self.kinds)
                if self.kinds[node] == "or" and len(self.into(node)) > 1 and self.enabled(node)
            ]
            if not ready:
                return
            for node in ready:
                self.fire(node, queue)

    def fire(self, node: str, queue: deque[tuple[str, str]]) -> None:
        for edge in self.into(node):
            self.held[edge] -= bool(self.held[edge])
        self.entered.append(node)
        queue.extend(self.leave(node))

    def leave(self, node: str) -> list[tuple[str, str]]:
        if self.kinds[node] in ("xor", "or"):
            return [(node, target) for target in self.taken[node]]
        return self.out(node)

    def enabled(self, join: str) -> bool:
        filled = {edge for edge in self.into(join) if self.held[edge]}
        if not filled:
            return False
        positions = {node for node, number in self.waiting.items() if number}
        positions |= {edge[1] for edge, n in self.held.items() if n and edge[1] != join}
        for position in positions:
            reached = self.reached(position, join)
            if reached - filled and not reached & filled:
                return False
        return True

    def reached(self, start: str, join: str) -> set[tuple[str, str]]:
        """The incoming edges of the join that a token at ``start`` can still take."""
        found, seen, ahead = set(), {start}, [start]
        while ahead:
            for edge in self.out(ahead.pop()):
                if edge[1] == join:
                    found.add(edge)
                elif edge[1] not in seen:
                    seen.add(edge[1])
                    ahead.append(edge[1])
        return found


@st.composite
def plain_nets(
    draw: Any,
) -> tuple[dict[str, str], list[tuple[str, str]], dict[str, tuple[str, ...]]]:
    """A net of users and gateways wired at random; loops always pass a user task."""
    size = draw(st.integers(3, 9))
    nodes = [f"n{i}" for i in range(size)]
    kinds = {node: draw(st.sampled_from(["user", "xor", "and", "or"])) for node in nodes}
    edges: set[tuple[str, str]] = {("s", nodes[0])}
    for index, node in enumerate(nodes):
        onward = [*nodes[index + 1 :], "e"]
        count = 1 if kinds[node] == "user" else draw(st.integers(1, 3))
        targets = draw(st.lists(st.sampled_from(onward), min_size=1, max_size=count, unique=True))
        edges |= {(node, target) for target in targets}
        back = [other for other in nodes[: index + 1] if kinds[other] == "user"]
        if back and kinds[node] == "xor" and draw(st.booleans()):
            edges.add((node, draw(st.sampled_from(back))))
    ordered = sorted(edges, key=lambda edge: (edge[0], edge[1]))
    taken: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        targets = [target for source, target in ordered if source == node]
        if kinds[node] == "xor":
            taken[node] = (draw(st.sampled_from(targets)),)
        elif kinds[node] == "or":
            taken[node] = tuple(
                t for t in targets if t in draw(st.sets(st.sampled_from(targets), min_size=1))
            ) or (targets[0],)
    return {**kinds, "s": "start", "e": "end"}, ordered, taken


def plain_case(
    kinds: dict[str, str], edges: list[tuple[str, str]], taken: dict[str, tuple[str, ...]]
) -> Case | None:
    tags = {
        "user": "userTask",
        "xor": "exclusiveGateway",
        "and": "parallelGateway",
        "or": "inclusiveGateway",
        "start": "startEvent",
        "end": "endEvent",
    }
    body = "".join(f'<{tags[kind]} id="{node}"/>' for node, kind in kinds.items())
    wires = []
    for source, target in edges:
        single = sum(edge[0] == source for edge in edges) == 1
        conditional = kinds[source] in ("xor", "or") and not single
        text = f" : {target in taken[source]}" if conditional else ""
        wires.append(f"{source} > {target}{text}")
    try:
        return Case(process(body + flows(*wires)))
    except AssertionError:
        # The reader refuses nets in which something can never be reached.
        return None


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(plain_nets(), st.lists(st.integers(0, 1000), min_size=10, max_size=15))
def test_plain_nets_move_as_a_slow_oracle_moves_them(drawn, choices):
    kinds, edges, taken = drawn
    case = plain_case(kinds, edges, taken)
    if case is None:
        return
    oracle = Oracle(kinds, edges, taken)
    oracle.entered.append("s")
    oracle.run(deque(oracle.out("s")))

    case.start()
    for choice in choices:
        if case.state == "completed" or not case.tasks:
            break
        task = case.tasks[choice % len(case.tasks)]
        case.complete(task)
        node = task.split(".")[1]
        oracle.waiting[node] -= 1
        oracle.run(deque(oracle.leave(node)))

    assert [one.split("#")[0] for one in case.entered()] == oracle.entered
    assert Counter(one.split(".")[1] for one in case.tasks) == +oracle.waiting
    held = case.snapshot.control.get("joins", {}).get("", {}) | case.snapshot.control.get(
        "merges", {}
    ).get("", {})
    assert {
        tuple(flow.split("_")): number for join in held.values() for flow, number in join.items()
    } == dict(+oracle.held)
    assert (case.state == "completed") == (not +oracle.waiting and not +oracle.held)
