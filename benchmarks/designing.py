"""What a designer waits for: the check of a large diagram, and a small one's first start.

Each turn gets a diagram that nobody has seen: its script says another number, so
that nothing that is kept for equal files helps either side.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser

from benchmarks import kernel, twelve
from benchmarks.measure import WALL, Meter, Row, Side, take_turns
from engine import deployments, migrations
from engine.application import Application, open_application
from engine.bpmn import reader
from engine.execution import Bundle
from engine.settings import Settings

KEY = "designed"
BLOCK = 9
"""Elements of one block, its ten flows not counted: see ``_block``."""

_numbers = count(1)


def drawn(elements: int) -> bytes:
    """Return a diagram of about so many elements, unlike every other: blocks in a row."""
    number, blocks = next(_numbers), max(1, round((elements - 2) / BLOCK))
    lines = ['<startEvent id="begun" />']
    before = "begun"
    for block in range(blocks):
        lines += _block(block, number, before)
        before = f"joined_{block}"
    lines += ['<endEvent id="done" />', _flow(before, "done")]
    body = "\n".join(lines)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:designed">
<process id="{KEY}" isExecutable="true">
{body}
</process>
</definitions>
""".encode()


def _block(block: int, number: int, before: str) -> Iterator[str]:
    """A check with a way back, then a script beside a task with a reminder."""
    check, chosen, split = f"check_{block}", f"chosen_{block}", f"split_{block}"
    script, task, late = f"script_{block}", f"task_{block}", f"late_{block}"
    joined = f"joined_{block}"
    yield f"""<userTask id="{check}" name="Check" camunda:candidateGroups="clerk">
  <extensionElements><camunda:properties>
    <camunda:property name="outcomes" value="accept=A;again=B" />
  </camunda:properties></extensionElements></userTask>"""
    yield f'<exclusiveGateway id="{chosen}" default="{chosen}_{split}" />'
    yield f'<parallelGateway id="{split}" />'
    sum_of = f"<script>total_{block} = {number} + {block}</script>"
    yield f'<scriptTask id="{script}">{sum_of}</scriptTask>'
    yield f'<userTask id="{task}" name="Do it" camunda:assignee="clerk" />'
    yield f"""<boundaryEvent id="{late}" attachedToRef="{task}" cancelActivity="false">
  <timerEventDefinition><timeDuration>"PT4H"</timeDuration></timerEventDefinition>
</boundaryEvent>"""
    yield f'<scriptTask id="told_{block}"><script>told_{block} = True</script></scriptTask>'
    yield f'<endEvent id="ended_{block}" />'
    yield f'<parallelGateway id="{joined}" />'
    for start, end in (
        (before, check), (check, chosen), (chosen, split), (split, script), (split, task),
        (script, joined), (task, joined), (late, f"told_{block}"),
        (f"told_{block}", f"ended_{block}"),
    ):  # fmt: skip
        yield _flow(start, end)
    yield _flow(chosen, check, f'{check}_outcome == "again"')


def _flow(start: str, end: str, condition: str = "") -> str:
    inside = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    ends = f'sourceRef="{start}" targetRef="{end}"'
    return f'<sequenceFlow id="{start}_{end}" {ends}>{inside}</sequenceFlow>'


@contextmanager
def _installation() -> Iterator[Application]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/check.db"
        migrations.upgrade(url)
        with open_application(Settings(database_url=url)) as app:
            yield app


def check(*, elements: int = 200, turns: int = 7) -> list[Row]:
    """The whole check of a diagram, sandbox and search for deadlocks included."""
    with _installation() as app:

        def ours(meter: Meter) -> int:
            files = {"designed.bpmn": drawn(elements)}
            with meter.running():
                found = deployments.check(app, files)
            wrong = [one.code for one in found if one.severity == "error"]
            assert wrong == []
            return 1

        # The sandbox works in a process of its own.
        cost = take_turns({"ours": ours, "theirs": _parsing(elements)}, turns, WALL)
    ratio = cost["ours"] / cost["theirs"]
    return [
        Row(
            f"check: a diagram of {elements} elements, everything on",
            cost["ours"] * 1e3,
            "ms",
            "SpiffWorkflow's parser, which checks nothing",
            cost["theirs"] * 1e3,
            ratio,
            "<= 1000 ms",
        )
    ]


def _parsing(elements: int) -> Side:
    def turn(meter: Meter) -> int:
        content = drawn(elements)
        with meter.running():
            spec = _parsed(content).get_spec(KEY)
        assert "done" in spec.task_specs
        return 1

    return turn


def _parsed(content: bytes) -> BpmnParser:
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(content), filename="designed.bpmn")
    return parser


def first_start(*, elements: int = 30, turns: int = 25) -> list[Row]:
    """Reading a deployed diagram, compiling it and starting its first case.

    Neither side judges it: ours told its findings when it was deployed.
    """

    def ours(meter: Meter) -> int:
        content = drawn(elements)
        with meter.running():
            processes = reader.read_deployed(content).processes
            case = kernel.start(Bundle(KEY, dict(processes), {}), {})
        assert case.state == "open"
        return 1

    def theirs(meter: Meter) -> int:
        content = drawn(elements)
        with meter.running():
            workflow = BpmnWorkflow(_parsed(content).get_spec(KEY))
            workflow.do_engine_steps()
        assert not workflow.is_completed()
        return 1

    cost = take_turns({"ours": ours, "theirs": theirs}, turns)
    return [_started("first start", elements, cost, "<= 5 ms")]


def cached_start(*, elements: int = 30, turns: int = 15, starts: int = 100) -> list[Row]:
    """Starting a case of a diagram that was compiled before."""
    content = drawn(elements)
    bundle: Bundle = twelve.bundle_of(content, KEY)
    spec = _parsed(content).get_spec(KEY)

    def ours(meter: Meter) -> int:
        with meter.running():
            for _ in range(starts):
                case = kernel.start(bundle, {})
        assert case.state == "open"
        return starts

    def theirs(meter: Meter) -> int:
        with meter.running():
            for _ in range(starts):
                workflow = BpmnWorkflow(spec)
                workflow.do_engine_steps()
        assert not workflow.is_completed()
        return starts

    cost = take_turns({"ours": ours, "theirs": theirs}, turns)
    return [_started("start from the cache", elements, cost, "<= 0.2 ms")]


def _started(what: str, elements: int, cost: dict[str, float], target: str) -> Row:
    return Row(
        f"check: {what} of a diagram of {elements} elements",
        cost["ours"] * 1e3,
        "ms CPU",
        "SpiffWorkflow in memory",
        cost["theirs"] * 1e3,
        cost["theirs"] / cost["ours"],
        target,
    )


def designing(
    *, elements: int = 200, few: int = 30, turns: int = 15, starts: int = 100
) -> list[Row]:
    """All of them."""
    return [
        *check(elements=elements, turns=turns),
        *first_start(elements=few, turns=turns),
        *cached_start(elements=few, turns=turns, starts=starts),
    ]


FIGURES: dict[str, Callable[[], list[Row]]] = {"check": designing}
