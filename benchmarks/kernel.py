"""The kernel alone: against SpiffWorkflow in memory, and against itself as cases grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from benchmarks import spiff, twelve
from benchmarks.measure import Meter, Row, Side, take_turns
from engine.commands import CompleteTask, StartCase
from engine.execution import Applied, Bundle, Snapshot, empty
from engine.kernel import Kernel
from engine.sheets import Folded, Sheets

_KERNEL = Kernel()
_DESK = twelve.Desk()
_ACTOR = "street_dispatcher"


def start(bundle: Bundle, data: dict[str, Any]) -> Snapshot:
    """Return a case of the bundle's own process at its first tasks."""
    command = StartCase(bundle.main, data=data, unit="990101001", starter=_ACTOR)
    return _apply(bundle, empty("case"), command).snapshot


def _apply(bundle: Bundle, snapshot: Snapshot, command: Any) -> Applied:
    return _KERNEL.apply(bundle, snapshot, command, now=twelve.NOW, actor=_ACTOR, world=_DESK)


def complete(bundle: Bundle, snapshot: Snapshot, task: str, data: dict[str, Any]) -> Snapshot:
    """Return the case once a task of it is completed."""
    return _apply(bundle, snapshot, CompleteTask(task, data=data)).snapshot


def through_json(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot as it comes back from storage."""
    control, data = orjson.dumps(snapshot.control), snapshot.sheets.text()
    kept = Sheets(folded=Folded(data))
    return Snapshot(snapshot.case, snapshot.state, orjson.loads(control), kept)


def twelve_tasks(*, cases: int = 20, turns: int = 15) -> list[Row]:
    """CPU per completed task of the twelve-task case, state through JSON each time."""
    bundle = twelve.bundle_of(twelve.FILE.read_bytes(), twelve.PROCESS)
    other = spiff.Spiff()

    def ours(meter: Meter) -> int:
        for _ in range(cases):
            case = start(bundle, twelve.START)
            with meter.running():
                for step in twelve.STEPS:
                    task = f"{twelve.PROCESS}.{step}.1"
                    case = through_json(complete(bundle, case, task, twelve.written(step)))
            _demand(case)
        return cases * len(twelve.STEPS)

    def theirs(meter: Meter) -> int:
        for _ in range(cases):
            workflow = other.start(twelve.START)
            with meter.running():
                for step in twelve.STEPS:
                    spiff.complete(workflow, step)
            spiff.demand(workflow)
        return cases * len(twelve.STEPS)

    cost = take_turns({"ours": ours, "theirs": theirs}, turns)
    return [
        _row(
            "kernel: task of a 12-task case, state through JSON",
            cost["ours"],
            "SpiffWorkflow in memory",
            cost["theirs"],
            ratio=cost["theirs"] / cost["ours"],
            target=">= 8",
        )
    ]


def _demand(case: Snapshot) -> None:
    data = case.data[""]
    # Data keep the order in which they were written.
    order = [name.replace("note", "step") for name in data if name.startswith("note_")]
    twelve.demand(order, data, ended=case.state == "completed")


def _row(
    name: str, value: float, against: str, against_value: float, *, ratio: float, target: str
) -> Row:
    return Row(name, value * 1e6, "µs CPU", against, against_value * 1e6, ratio, target)


# -- growth ----------------------------------------------------------------------------


def rounds(*, few: int = 100, many: int = 10_000, turns: int = 9) -> list[Row]:
    """A loop's late rounds against its early ones."""
    bundle = twelve.bundle_of((twelve.MODELS / "round_loop.bpmn").read_bytes(), "round_loop")
    window = few // 2

    def at(number: int) -> Side:
        begun = _in_round(bundle, number - window // 2)

        def turn(meter: Meter) -> int:
            case = begun
            first = number - window // 2
            with meter.running():
                for nth in range(first, first + window):
                    case = complete(bundle, case, f"round_loop.work.{nth}", {"again": True})
            assert case.state == "open"
            return window

        return turn

    cost = take_turns({"many": at(many), "few": at(few)}, turns)
    ratio = cost["many"] / cost["few"]
    name = f"kernel: a loop's round {many:,}"
    return [_row(name, cost["many"], f"its round {few}", cost["few"], ratio=ratio, target="<= 1.5")]


def _in_round(bundle: Bundle, number: int) -> Snapshot:
    case = start(bundle, {})
    for nth in range(1, number):
        case = complete(bundle, case, f"round_loop.work.{nth}", {"again": True})
    return case


def branches(*, few: int = 6, many: int = 600, turns: int = 9) -> list[Row]:
    """A completion among many parallel branches against one among few."""

    def of(size: int) -> Side:
        bundle = twelve.bundle_of(fork_xml(size), "fork_wide")
        repeats = max(1, many // size // 5)
        begun = start(bundle, {})

        def turn(meter: Meter) -> int:
            for _ in range(repeats):
                case = begun
                with meter.running():
                    for number in range(size):
                        task = f"fork_wide.branch_{number}.1"
                        case = complete(bundle, case, task, {f"note_{number}": "ok"})
                assert case.state == "completed"
                assert sum(name.startswith("note_") for name in case.data[""]) == size
            return repeats * size

        return turn

    cost = take_turns({"many": of(many), "few": of(few)}, turns)
    ratio = cost["many"] / cost["few"]
    name = f"kernel: a task among {many} parallel ones"
    return [_row(name, cost["many"], f"among {few}", cost["few"], ratio=ratio, target="<= 3")]


def blocks(*, few: int = 2, many: int = 20, turns: int = 15) -> list[Row]:
    """The start of a case that runs through many parallel blocks against few."""

    def of(size: int) -> Side:
        bundle = twelve.bundle_of(blocks_xml(size), "blocks")
        start(bundle, {})

        def turn(meter: Meter) -> int:
            with meter.running():
                for _ in range(50):
                    case = start(bundle, {})
            assert list(case.control["visits"]["blocks"].items())[-1] == ("finish", 1)
            return 50

        return turn

    cost = take_turns({"many": of(many), "few": of(few)}, turns)
    ratio = cost["many"] / cost["few"]
    name = f"kernel: start through {many} parallel blocks"
    return [_row(name, cost["many"], f"through {few}", cost["few"], ratio=ratio, target="<= 12")]


# -- diagrams of any size ----------------------------------------------------------------


def fork_xml(size: int) -> bytes:
    """Return a diagram of one parallel block with ``size`` user tasks."""
    lines = ['<startEvent id="begun" />', '<parallelGateway id="fork" />']
    lines += ['<parallelGateway id="join" />', '<endEvent id="done" />']
    lines += [_flow("begun", "fork"), _flow("join", "done")]
    for number in range(size):
        branch = f"branch_{number}"
        lines += [f'<userTask id="{branch}" />', _flow("fork", branch), _flow(branch, "join")]
    return _xml("fork_wide", lines)


def blocks_xml(size: int) -> bytes:
    """Return a diagram of ``size`` parallel blocks of two plain tasks, then a user task."""
    lines = ['<startEvent id="begun" />', '<userTask id="finish" />', '<endEvent id="done" />']
    lines += [_flow("finish", "done"), *_blocks(size)]
    return _xml("blocks", lines)


def _blocks(size: int) -> Iterator[str]:
    before = "begun"
    for number in range(size):
        fork, join = f"fork_{number}", f"join_{number}"
        yield f'<parallelGateway id="{fork}" />'
        yield f'<parallelGateway id="{join}" />'
        yield _flow(before, fork)
        for side in ("left", "right"):
            task = f"{side}_{number}"
            yield from (f'<task id="{task}" />', _flow(fork, task), _flow(task, join))
        before = join
    yield _flow(before, "finish")


def _flow(source: str, target: str) -> str:
    name = f"{source}_to_{target}"
    return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}" />'


def _xml(key: str, lines: list[str]) -> bytes:
    body = "\n".join(lines)
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        f'targetNamespace="https://bihuan.example/benchmarks">'
        f'<process id="{key}" isExecutable="true">{body}</process></definitions>'
    ).encode()


FIGURES: dict[str, Callable[[], list[Row]]] = {
    "kernel": twelve_tasks,
    "rounds": rounds,
    "branches": branches,
    "blocks": blocks,
}
