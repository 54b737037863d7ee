"""What multi-instance activities throw when their instances complete; bounds of loops."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.bpmn.reader import read
from tests.memory import Case, flows, process, trace

ROOTS = (
    '<signal id="S" name="one done"/><escalation id="X" escalationCode="enough"/>'
    '<error id="E" errorCode="bad"/><message id="M" name="told"/>'
    '<signal id="T" name="t"/><signalEventDefinition id="about_s" signalRef="S"/>'
    '<escalationEventDefinition id="about_x" escalationRef="X"/>'
    '<errorEventDefinition id="about_e" errorRef="E"/>'
    '<messageEventDefinition id="about_m" messageRef="M"/>'
    '<timerEventDefinition id="about_t"><timeDuration>PT1H</timeDuration></timerEventDefinition>'
)
KINDS = {
    "S": '<signalEventDefinition signalRef="S"/>',
    "T": '<signalEventDefinition signalRef="T"/>',
    "X": '<escalationEventDefinition escalationRef="X"/>',
    "E": '<errorEventDefinition errorRef="E"/>',
}


def body(how: str, caught: str, inside: str = "", *, stays: bool = True, more: str = "") -> str:
    """Return three instances of a user task with a boundary event."""
    interrupts = ' cancelActivity="false"' if stays else ""
    return (
        f'<startEvent id="s"/><userTask id="t"><multiInstanceLoopCharacteristics {how}>'
        f"<loopCardinality>3</loopCardinality>{inside}</multiInstanceLoopCharacteristics></userTask>"
        f'<boundaryEvent id="b" attachedToRef="t"{interrupts}>{KINDS[caught]}</boundaryEvent>'
        f'<userTask id="seen"/><endEvent id="e"/>{more}' + flows("s > t > e", "b > seen")
    )


def case(*args: str, **kwargs: object) -> Case:
    return Case(process(body(*args, **kwargs), extra=ROOTS))  # type: ignore[arg-type]


def test_none_throws_its_event_for_every_instance_that_completes():
    three = case('behavior="None" noneBehaviorEventRef="about_s"', "S")
    three.start()

    last = three.complete("p.t.1.1")
    three.complete("p.t.1.0")

    assert trace(last) == [
        ("task_claimed", "t", 1),
        ("task_completed", "t", 1),
        ("data_written", "t", 1),
        ("element_left", "t", 1),
        ("signal_sent", "t", 1),
        ("signal_received", "b", 1),
        ("element_entered", "b", 1),
        ("element_left", "b", 1),
        ("flow_taken", "b", 1),
        ("element_entered", "seen", 1),
        ("task_opened", "seen", 1),
    ]
    assert three.tasks == ["p.seen.1", "p.seen.2", "p.t.1.2"]
    three.complete("p.t.1.2")
    assert three.tasks == ["p.seen.1", "p.seen.2", "p.seen.3"]
    assert three.entered()[-3:] == ["b#3", "seen#3", "e#1"]


def test_one_throws_its_event_for_the_first_instance_only():
    three = case('behavior="One" oneBehaviorEventRef="about_x" isSequential="true"', "X")
    three.start()

    for number in range(3):
        three.complete(f"p.t.1.{number}")

    assert three.trace("escalation_thrown", "signal_sent") == [("escalation_thrown", "t", 1)]
    assert three.entered() == ["s#1", "t#1", "b#1", "seen#1", "e#1"]
    assert three.tasks == ["p.seen.1"]


def test_all_throws_nothing():
    three = case('behavior="All" noneBehaviorEventRef="about_s"', "S")
    three.start()

    for number in range(3):
        three.complete(f"p.t.1.{number}")

    assert (three.entered(), three.state) == (["s#1", "t#1", "e#1"], "completed")


def test_without_an_event_the_signal_of_the_activity_carries_its_counters():
    three = case('behavior="One"', "T")
    three.start()

    three.complete("p.t.1.2")

    sent = next(one for one in three.events if one["type"] == "signal_sent")
    counters = {"nrOfInstances": 3, "nrOfActiveInstances": 2, "nrOfCompletedInstances": 1}
    assert (sent["name"], sent["data"]) == ("t", counters)
    assert {key: three.data[key] for key in counters} == counters
    assert three.tasks == ["p.seen.1", "p.t.1.0", "p.t.1.1"]


COMPLEX = (
    '<complexBehaviorDefinition id="c1"><condition>nrOfCompletedInstances == 2</condition>'
    '<event id="x1"><eventDefinitionRef>about_x</eventDefinitionRef></event>'
    '</complexBehaviorDefinition><complexBehaviorDefinition id="c2"><condition>loopCounter == 3'
    '</condition><event id="x2"><messageEventDefinition messageRef="M"/></event>'
    "</complexBehaviorDefinition>"
)


def test_complex_throws_what_its_conditions_say_and_asks_them_together():
    three = case('behavior="Complex"', "X", COMPLEX)
    three.start()

    three.complete("p.t.1.2")
    three.complete("p.t.1.0")

    assert three.trace("message_sent", "escalation_thrown", "element_entered")[-4:] == [
        ("message_sent", "t", 1),
        ("escalation_thrown", "t", 1),
        ("element_entered", "b", 1),
        ("element_entered", "seen", 1),
    ]
    assert [texts for _, texts in three.world.asked] == [
        ("nrOfCompletedInstances == 2", "loopCounter == 3"),
        ("nrOfCompletedInstances == 2", "loopCounter == 3"),
    ]
    assert three.tasks == ["p.seen.1", "p.t.1.1"]


@pytest.mark.parametrize("kind", ["X", "E"])
def test_what_interrupts_ends_the_activity_with_all_its_instances(kind):
    three = case(
        f'behavior="One" oneBehaviorEventRef="about_{kind.lower()}"', kind, stays=False
    )  # fmt: skip
    three.start()

    last = three.complete("p.t.1.0")

    assert trace(last, "task_cancelled", "element_left", "element_entered") == [
        ("element_left", "t", 1),
        ("task_cancelled", "t", 1),
        ("element_left", "t", 1),
        ("task_cancelled", "t", 1),
        ("element_left", "t", 1),
        ("element_left", "t", 1),
        ("element_entered", "b", 1),
        ("element_left", "b", 1),
        ("element_entered", "seen", 1),
    ]
    assert three.tasks == ["p.seen.1"]


def test_an_event_thrown_with_the_last_instance_comes_before_the_way_out():
    three = case('behavior="None" noneBehaviorEventRef="about_x"', "X", stays=False)
    three.do(c.StartCase("p", unit="U1", starter="ann"))
    two = case(
        'behavior="Complex"',
        "X",
        COMPLEX.replace("== 2", "== 3") + "<completionCondition>nrOfCompletedInstances == 3"
        "</completionCondition>",
        stays=False,
    )
    two.start()

    three.complete("p.t.1.0")
    for number in range(3):
        two.complete(f"p.t.1.{number}")

    assert three.entered() == ["s#1", "t#1", "b#1", "seen#1"]
    assert two.entered() == ["s#1", "t#1", "b#1", "seen#1"]


def test_the_completion_condition_still_ends_the_rest():
    ends = "<completionCondition>nrOfCompletedInstances == 2</completionCondition>"
    three = case('behavior="One" oneBehaviorEventRef="about_s"', "S", ends)
    three.start()

    three.complete("p.t.1.0")
    three.complete("p.t.1.1")

    assert three.tasks == ["p.seen.1"]
    assert three.entered() == ["s#1", "t#1", "b#1", "seen#1", "e#1"]


def test_an_error_that_nobody_catches_is_an_incident_and_goes_on_when_tried_again():
    lone = body('behavior="One" oneBehaviorEventRef="about_e"', "X")
    three = Case(process(lone, extra=ROOTS))
    three.start()

    three.complete("p.t.1.0")
    assert three.incidents == [("t", "error")]
    three.complete("p.t.1.1")
    three.complete("p.t.1.2")

    assert three.incidents == [("t", "error")]
    assert three.state == "incident"


def test_a_condition_that_fails_stops_before_the_instance_is_counted():
    failing = COMPLEX.replace("loopCounter == 3", "missing")
    three = case('behavior="Complex"', "X", failing)
    three.start()

    three.complete("p.t.1.0")
    assert three.incidents == [("t", "condition-failed")]
    three.retry(missing=False)

    assert three.incidents == []
    assert three.tasks == ["p.t.1.1", "p.t.1.2"]
    assert three.trace("escalation_thrown", "message_sent") == []


@pytest.mark.parametrize(
    ("how", "inside", "told"),
    [
        ('behavior="Complex"', "", ["behavior-incomplete"]),
        (
            'behavior="Complex"',
            '<complexBehaviorDefinition id="c"><condition>True</condition></complexBehaviorDefinition>',
            ["behavior-incomplete"],
        ),
        (
            'behavior="Complex"',
            COMPLEX.replace("condition>", "documentation>"),
            ["behavior-incomplete"],
        ),
        ('behavior="One" oneBehaviorEventRef="about_t"', "", ["event-not-allowed"]),
        ('behavior="None" noneBehaviorEventRef="gone"', "", ["dangling-reference"]),
        ('behavior="Many"', "", ["bad-behavior"]),
    ],
)
def test_a_behavior_that_cannot_be_thrown_is_named(how, inside, told):
    _, findings = read(process(body(how, "X", inside), extra=ROOTS), "x.bpmn")

    errors = [(one.code, one.element) for one in findings if one.severity == "error"]
    assert errors == [(code, "t") for code in told]


# -- standard loops ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "condition", "rounds"),
    [
        ('loopMaximum="2"', "", 2),
        ('loopMaximum="5"', "n &lt; 3", 3),
        ('loopMaximum="2"', "n &lt; 3", 2),
        ('loopMaximum="2" testBefore="true"', "", 2),
        ('loopMaximum="2" testBefore="true"', "n &lt; 9", 2),
        ('testBefore="true"', "n &lt; 2", 2),
        ('testBefore="true"', "n &lt; 0", 0),
        ('testBefore="false"', "n &lt; 0", 1),
        ("", "n &lt; 3", 3),
    ],
)
def test_a_standard_loop_goes_on_while_its_condition_holds_up_to_its_maximum(
    how, condition, rounds
):
    asked = f"<loopCondition>{condition}</loopCondition>" if condition else ""
    loop = Case(
        process(
            '<startEvent id="s"/><scriptTask id="t"><standardLoopCharacteristics '
            f"{how}>{asked}</standardLoopCharacteristics><script>n = n + 1</script></scriptTask>"
            '<endEvent id="e"/>' + flows("s > t > e")
        )
    )

    loop.start(n=0)

    entered = [one for one in loop.events if one["type"] == "element_entered"]
    assert [one.get("instance") for one in entered if one["element"] == "t"] == [
        None,
        *range(rounds),
    ]
    assert (loop.data["n"], loop.state) == (rounds, "completed")


def beside(how: str, condition: str = "", *, caught: str = KINDS["S"]) -> Case:
    """Return three instances that pass at once, before a branch beside them begins to wait."""
    return Case(
        process(
            '<startEvent id="s"/><parallelGateway id="f"/><task id="t">'
            f"<multiInstanceLoopCharacteristics {how}><loopCardinality>3</loopCardinality>"
            f"{condition}</multiInstanceLoopCharacteristics></task><task id="
            '"first"/><intermediateCatchEvent id="c">'
            f'{caught}</intermediateCatchEvent><userTask id="heard"/><endEvent id="e"/>'
            + flows("s > f", "f > t > e", "f > first > c > heard"),
            extra=ROOTS,
        )
    )


def test_what_is_thrown_waits_until_all_that_moves_has_begun_to_wait():
    both = beside('behavior="One" oneBehaviorEventRef="about_s"')

    both.start()

    assert both.tasks == ["p.heard.1"]
    assert both.trace("signal_awaited", "signal_sent", "signal_received") == [
        ("signal_awaited", "c", 1),
        ("signal_sent", "t", 1),
        ("signal_received", "c", 1),
    ]
    # The activity is left when it has thrown what it throws, not before.
    order = [e["type"] for e in both.events if e["element"] == "t" and "instance" not in e]
    assert order == ["element_entered", "signal_sent", "element_left", "flow_taken"]


def test_a_message_waits_its_turn_too_and_reaches_the_one_that_waits():
    both = beside(
        'behavior="None" noneBehaviorEventRef="about_m"',
        caught='<messageEventDefinition messageRef="M"/>',
    )

    both.start()

    sent = [e.get("received") for e in both.events if e["type"] == "message_sent"]
    assert (both.tasks, sent) == (["p.heard.1"], [True, None, None])


def test_what_walks_outward_is_thrown_at_once():
    three = case('behavior="None" noneBehaviorEventRef="about_x"', "X")
    three.start()

    last = three.complete("p.t.1.1")

    assert trace(last, "element_left", "escalation_thrown", "element_entered") == [
        ("element_left", "t", 1),
        ("escalation_thrown", "t", 1),
        ("element_entered", "b", 1),
        ("element_left", "b", 1),
        ("element_entered", "seen", 1),
    ]


def test_what_ends_the_whole_waits_for_what_is_thrown_before():
    done = "<completionCondition>nrOfCompletedInstances == 2</completionCondition>"
    both = beside('behavior="One" oneBehaviorEventRef="about_s"', done)

    both.start()

    assert both.tasks == ["p.heard.1"]
    left = [
        (e.get("instance"), e.get("cancelled"))
        for e in both.events
        if e["type"] == "element_left" and e["element"] == "t"
    ]
    assert left == [(0, None), (1, None), (None, None)]
