"""How many tokens begin an activity, and how many leave it (BPMN 2.0, 10.3 and 13.3)."""

from __future__ import annotations

import pytest

from engine.bpmn import soundness
from engine.bpmn.reader import read
from engine.commands import ReceiveSignal
from tests.memory import Case, flows, process

SIGNAL = '<signal id="S" name="stop"/>'


def case(body: str) -> Case:
    return Case(process(body, extra=SIGNAL))


def told(body: str) -> list[tuple[str, str | None]]:
    diagram, findings = read(process(body), "x.bpmn")
    assert diagram is not None, findings
    return [(one.code, one.element) for one in soundness.check(diagram, {}, filename="x.bpmn")]


SPLIT = (
    '<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/>'
    '<userTask id="c"/><userTask id="t" startQuantity="{}"/><endEvent id="e"/>'
    + flows("s > f", "f > a > t", "f > b > t", "f > c > t", "t > e")
)


def test_an_activity_begins_when_as_many_tokens_are_there_as_it_needs():
    two = case(SPLIT.format(2))
    two.start()

    two.complete("b")
    held = two.snapshot.control["joins"]
    two.complete("a")

    assert held == {"": {"t": {"b_t": 1}}}
    assert two.tasks == ["p.c.1", "p.t.1"]
    assert "joins" not in two.snapshot.control
    two.complete("t")
    two.complete("c")
    assert two.snapshot.control["joins"] == {"": {"t": {"c_t": 1}}}
    assert (two.state, two.entered().count("e#1")) == ("open", 1)


def test_several_tokens_of_one_flow_count_as_well():
    twice = case(
        '<startEvent id="s"/><task id="a" completionQuantity="5"/>'
        '<task id="t" startQuantity="2"/><endEvent id="e"/>' + flows("s > a > t > e")
    )

    twice.start()

    assert twice.trace()[3:] == [
        ("flow_taken", "s", 1),
        ("element_entered", "a", 1),
        ("element_left", "a", 1),
        *[("flow_taken", "a", 1)] * 5,
        ("element_entered", "t", 1),
        ("element_left", "t", 1),
        ("flow_taken", "t", 1),
        ("element_entered", "t", 2),
        ("element_left", "t", 2),
        ("flow_taken", "t", 2),
        ("element_entered", "e", 1),
        ("element_left", "e", 1),
        ("element_entered", "e", 2),
        ("element_left", "e", 2),
    ]
    assert twice.snapshot.control["joins"] == {"": {"t": {"a_t": 1}}}
    assert twice.state == "open"


def test_the_completion_quantity_goes_down_every_flow_that_is_taken():
    three = case(
        '<startEvent id="s"/><task id="t" completionQuantity="3" default="t_d"/><task id="a"/>'
        '<task id="b"/><task id="d"/>' + flows("s > t", "t > a : n > 1", "t > b : n > 9", "t > d")
    )

    three.start(n=2)

    assert three.entered() == ["s#1", "t#1", "a#1", "a#2", "a#3"]
    assert three.state == "completed"


def test_an_activity_without_a_way_out_ends_once():
    one = case('<startEvent id="s"/><userTask id="t" completionQuantity="3"/>' + flows("s > t"))
    one.start()

    one.complete("t")

    assert (one.entered(), one.state) == (["s#1", "t#1"], "completed")


def test_a_boundary_event_gives_one_token():
    body = (
        '<startEvent id="s"/><userTask id="t" completionQuantity="3"/><boundaryEvent id="b" '
        'attachedToRef="t"><signalEventDefinition signalRef="S"/></boundaryEvent><task id="a"/>'
        '<task id="c"/>' + flows("s > t > a", "b > c")
    )
    one = Case(
        process(
            body.replace('id="b" ', 'id="b" cancelActivity="false" ') + '<endEvent id="e">'
            "</endEvent>" + flows("c > e"),
            extra=SIGNAL,
        )
    )
    one.start()
    one.do(ReceiveSignal("stop"))
    one.complete("t")

    assert one.entered() == ["s#1", "t#1", "b#1", "c#1", "e#1", "a#1", "a#2", "a#3"]


def test_instances_of_a_multi_instance_count_as_one_completion():
    many = case(
        '<startEvent id="s"/><task id="t" completionQuantity="2"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></task>"
        '<task id="a" startQuantity="2"/>' + flows("s > t > a")
    )

    many.start()

    assert many.entered() == ["s#1", "t#1", "a#1"]
    assert many.state == "completed"


def test_tokens_that_wait_to_begin_an_activity_go_with_their_scope():
    inner = (
        '<startEvent id="is"/><parallelGateway id="f"/><userTask id="x"/>'
        '<task id="t" startQuantity="3"/>' + flows("is > f", "f > x > t", "f > t")
    )
    cut = case(
        f'<startEvent id="s"/><subProcess id="sub">{inner}</subProcess><boundaryEvent id="b" '
        'attachedToRef="sub"><signalEventDefinition signalRef="S"/></boundaryEvent>'
        + flows("s > sub")
    )
    cut.start()

    assert cut.snapshot.control["joins"] == {"p.sub.1": {"t": {"f_t": 1}}}
    cut.do(ReceiveSignal("stop"))

    assert cut.state == "completed"


def test_an_inclusive_join_waits_for_tokens_that_wait_to_begin_an_activity():
    body = (
        '<startEvent id="s"/><inclusiveGateway id="f"/><userTask id="a"/><userTask id="b"/>'
        '<userTask id="c"/><task id="t" startQuantity="2"/><inclusiveGateway id="j"/><endEvent id="e"/>'
        + flows("s > f", "f > a > t", "f > b > t", "t > j", "f > c > j", "j > e")
    )
    joined = case(body)
    joined.start()

    joined.complete("a")
    joined.complete("c")
    assert joined.entered()[-1] != "j#1"
    joined.complete("b")

    assert joined.entered()[-3:] == ["t#1", "j#1", "e#1"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (SPLIT.format(3), []),
        (SPLIT.format(2), [("deadlock", "t")]),
        (SPLIT.format(4), [("deadlock", "t")]),
        (
            '<startEvent id="s"/><task id="a" completionQuantity="2"/>'
            '<task id="t" startQuantity="2"/><endEvent id="e"/>' + flows("s > a > t > e"),
            [],
        ),
        (
            '<startEvent id="s"/><task id="a" completionQuantity="3"/>'
            '<task id="t" startQuantity="2"/><endEvent id="e"/>' + flows("s > a > t > e"),
            [("deadlock", "t")],
        ),
        (
            '<startEvent id="s"/><task id="a" completionQuantity="2"/><userTask id="t"/>'
            '<endEvent id="e"/>' + flows("s > a > t > e"),
            [("second-token", "t")],
        ),
        (
            '<startEvent id="s"/><parallelGateway id="f"/><task id="a"/><task id="b"/>'
            '<task id="c"/><exclusiveGateway id="m"/><task id="t" startQuantity="2"/>'
            + flows("s > f", "f > a > m", "f > b > m", "f > c > m > t"),
            [("second-token", "m")],
        ),
        (
            # What an event that stays begins runs beside the rest, and may well run twice.
            '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="b" attachedToRef="a" '
            'cancelActivity="false"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
            '</timerEventDefinition></boundaryEvent><task id="m"/><task id="t" '
            'completionQuantity="2"/><task id="d"/>' + flows("s > a", "b > m > t", "b > t > d"),
            [],
        ),
        (
            '<startEvent id="s"/><task id="a" completionQuantity="100"/>'
            '<task id="t" startQuantity="100"/><endEvent id="e"/>' + flows("s > a > t > e"),
            [],
        ),
        (
            '<startEvent id="s"/><parallelGateway id="f"/><task id="t" startQuantity="10"/>'
            + "".join(f'<task id="a{n}"/>' for n in range(20))
            + flows("s > f", *(f"f > a{n} > t" for n in range(20))),
            [("partial-search", "p")],
        ),
    ],
)
def test_the_search_for_deadlocks_counts_tokens(body, found):
    assert told(body) == found
