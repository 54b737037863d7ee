"""Moves that nobody chose, in nets that nobody drew: no case is left where it cannot go on."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import commands as c
from engine.errors import EngineError
from engine.kernel import regions
from engine.kernel.dispatch import STEPS
from engine.kernel.outlook import troubles
from engine.kernel.plan import plan_of
from engine.kernel.run import Run
from tests.memory import Case, flows
from tests.test_kernel_nets import EVENTS, WAITS, Builder, blocks, net

EVERYWHERE = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class Sound(Builder):
    """Writes nets that come to their end: what an event cuts short goes on behind it."""

    def _sub(
        self, kind: str, inner: Any, inside: Any, around: Any, end: str
    ) -> tuple[str, str, str]:
        id_ = self.new("p")
        body = self.scope(inner, end, self._handlers(inside))
        return self._led_on(id_, f'<subProcess id="{id_}">{body}</subProcess>', around)

    def _bound(self, kind: str, around: Any) -> tuple[str, str, str]:
        id_ = self.new("u")
        return self._led_on(id_, f'<userTask id="{id_}"/>', around)

    def _led_on(self, host: str, xml: str, around: list[tuple[str, bool]]) -> tuple[str, str, str]:
        out = self.new("x")
        xml += f'<exclusiveGateway id="{out}"/>' + flows(f"{host} > {out}")
        for trigger, interrupting in around:
            id_, task = self.new("b"), self.new("u")
            stays = not interrupting and trigger != "error"
            more = ' cancelActivity="false"' if stays else ""
            xml += (
                f'<boundaryEvent id="{id_}" attachedToRef="{host}"{more}>{EVENTS[trigger]}'
                f'</boundaryEvent><userTask id="{task}"/>' + flows(f"{id_} > {task}")
            )
            xml += "" if stays else flows(f"{task} > {out}")
        return host, out, xml


def looked(case: Case) -> set[tuple[str, str, str]]:
    run = Run(case.bundle, case.snapshot, STEPS, now=case.now, actor="ann", world=case.world)
    return {one.short for one in troubles(run)}


def go_on(case: Case, choice: int) -> bool:
    """Do the first thing that leads on; return whether there was one."""
    control = case.snapshot.control
    jobs = [name for name, row in sorted(control.get("tokens", {}).items()) if row[4] == "job"]
    subs = control.get("subs", {}).values()
    value = {"v": choice}
    if control.get("incidents"):
        case.retry(None, v=choice)
    elif case.tasks:
        case.do(c.CompleteTask(case.tasks[choice % len(case.tasks)], data=value))
    elif jobs:
        case.do(c.CompleteJob(jobs[0], value))
    elif any(row[0] == "message" for row in subs):
        case.do(c.CorrelateMessage("go", data=value))
    elif any(row[0] == "signal" for row in subs):
        case.do(c.ReceiveSignal("alarm"))
    elif case.timers:
        case.fire()
    else:
        return False
    return True


leaf = st.sampled_from([("user",), ("user",), ("receive",), ("choice",)])
parallel = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.tuples(
            st.sampled_from(["seq", "and", "and", "or", "xor"]),
            st.lists(inner, min_size=2, max_size=3),
        ),
        st.tuples(st.sampled_from(["loop", "many"]), inner),
        st.tuples(
            st.just("sub"),
            inner,
            st.lists(st.tuples(st.sampled_from(WAITS), st.booleans()), max_size=1),
            st.lists(st.tuples(st.sampled_from(WAITS), st.booleans()), max_size=1),
            st.just("end"),
        ),
    ),
    max_leaves=10,
)
wide = st.tuples(st.sampled_from(["and", "or", "seq"]), st.lists(parallel, min_size=3, max_size=3))
numbers = st.lists(st.tuples(*[st.integers(0, 10_000)] * 3), min_size=10, max_size=10)


def move(case: Case, source: int, target: int) -> bool:
    """Move something somewhere; return whether that was accepted."""
    control = case.snapshot.control
    names = sorted({*control.get("tokens", {}), *control.get("scopes", {})} - {""})
    nodes = sorted(case.bundle.processes["p"].nodes)
    if not names:
        return False
    known = looked(case)
    kind = "return" if source % 2 else "move"
    try:
        case.do(c.MoveTokens(nodes[target % len(nodes)], names[source % len(names)], kind))
    except EngineError:
        return False
    assert looked(case) <= known
    return True


@EVERYWHERE
@given(st.one_of(wide, wide, blocks), numbers)
def test_no_move_leaves_a_case_where_it_cannot_go_on(block, drawn):
    case = Case(net(block, Sound))
    case.start(v=drawn[0][0] % 5, items=["a", "b", "c"])
    for choice, source, target in drawn:
        if case.state in ("completed", "cancelled"):
            return
        go_on(case, choice)
        if case.state in ("open", "incident"):
            move(case, source, target)
    if case.state in ("completed", "cancelled"):
        return
    for choice in range(60):
        if case.state in ("completed", "cancelled"):
            return
        assert go_on(case, choice), (block, drawn)


def test_a_dominator_is_what_every_way_leads_through():
    case = Case(net(("seq", [("user",), ("and", [("user",), ("xor", [("user",), ("user",)])])])))
    area = plan_of(case.bundle.processes["p"]).root
    ways = regions.map_of(area)

    for element, found in ways.dominators.items():
        for other in ways.dominators:
            start = next(iter(area.scope.starts))
            seen, ahead = {other}, [] if start == other else [start]
            for one in ahead:
                seen.add(one)
                ahead += [after for after in ways.after[one] if after not in seen]
            assert (other in found) == (element == other or element not in seen), (element, other)
