"""Complex gateways: activation, late tokens and reset (BPMN 2.0, 13.4.5)."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.bpmn import soundness
from engine.bpmn.reader import read
from tests.memory import Case, flows, process


def gateway(condition: str, default: str = "") -> str:
    written = condition.replace("<", "&lt;")
    return (
        f'<complexGateway id="g"{default}><activationCondition>{written}</activationCondition>'
        "</complexGateway>"
    )


def three(condition: str, *, out: str = '<userTask id="next"/>' + flows("g > next")) -> str:
    """Return three user tasks in parallel that lead to a complex gateway."""
    return (
        '<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/>'
        '<userTask id="c"/>'
        + (condition if condition.startswith("<") else gateway(condition))
        + out
        + flows("s > f", "f > a > g", "f > b > g", "f > c > g")
    )


def case(body: str) -> Case:
    return Case(process(body))


def told(body: str) -> list[tuple[str, str | None]]:
    diagram, findings = read(process(body), "x.bpmn")
    assert diagram is not None, findings
    return [(one.code, one.element) for one in soundness.check(diagram, {}, filename="x.bpmn")]


def test_it_goes_on_when_enough_tokens_are_there_and_absorbs_the_late_one():
    two = case(three("activationCount >= 2"))
    two.start()

    two.complete("b")
    assert two.tasks == ["p.a.1", "p.c.1"]
    last = two.complete("c")
    assert [(e["type"], e["element"]) for e in last][-6:] == [
        ("flow_taken", "c"),
        ("element_entered", "g"),
        ("element_left", "g"),
        ("flow_taken", "g"),
        ("element_entered", "next"),
        ("task_opened", "next"),
    ]
    assert two.snapshot.control["merges"] == {"": {"g": {"-b_g": 0, "-c_g": 0}}}
    late = two.complete("a")

    assert [(e["type"], e["element"]) for e in late][-2:] == [
        ("element_left", "a"),
        ("flow_taken", "a"),
    ]
    assert "merges" not in two.snapshot.control
    assert two.tasks == ["p.next.1"]
    two.complete("next")
    assert two.state == "completed"


def test_the_first_of_several_goes_on_and_the_scope_ends_with_the_last():
    one = case(three("activationCount >= 1", out='<task id="next"/>' + flows("g > next")))
    one.start()

    one.complete("a")
    assert (one.entered()[-2:], one.state) == (["g#1", "next#1"], "open")
    one.complete("b")
    one.complete("c")

    assert one.entered().count("g#1") == 1
    assert "g#2" not in one.entered()
    assert one.state == "completed"


def test_the_condition_may_name_the_tokens_of_each_flow():
    chosen = case(three("a_g >= 1 and b_g + c_g >= 1"))
    chosen.start()

    chosen.complete("b")
    chosen.complete("c")
    assert chosen.tasks == ["p.a.1"]
    chosen.complete("a")

    assert chosen.entered()[-2:] == ["g#1", "next#1"]
    assert chosen.state == "open"
    assert "merges" not in chosen.snapshot.control


LOOP = (
    '<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/>'
    + gateway("activationCount >= 1")
    + '<userTask id="next"/><exclusiveGateway id="x" default="x_e"/><exclusiveGateway id="m"/>'
    '<endEvent id="e"/>'
    + flows("s > m > f", "f > a > g", "f > b > g", "g > next > x", "x > m : again", "x > e")
)


def test_after_its_reset_it_starts_anew():
    twice = case(LOOP)
    twice.start(again=True)

    twice.complete("a")
    twice.complete("b")
    twice.complete("next")
    twice.complete("b")
    assert twice.entered()[-2:] == ["g#2", "next#2"]
    twice.complete("a")
    twice.complete("next", again=False)

    assert twice.state == "completed"


def test_a_second_token_of_a_flow_waits_for_the_next_start():
    again = case(LOOP)
    again.start(again=True)

    again.complete("a")
    again.complete("next")
    again.complete("p.a.2")

    assert again.entered()[-1] == "b#2"
    assert again.snapshot.control["merges"] == {"": {"g": {"-a_g": 0, "a_g": 1}}}
    again.complete("p.b.1")
    assert again.entered()[-2:] == ["g#2", "next#2"]
    assert again.snapshot.control["merges"] == {"": {"g": {"-a_g": 0}}}


def test_while_it_only_waits_for_its_reset_no_inclusive_join_waits_for_it():
    round_ = case(
        '<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/>'
        '<exclusiveGateway id="x" default="x_m"/><exclusiveGateway id="m"/>'
        + gateway("activationCount >= 1")
        + '<inclusiveGateway id="j"/><userTask id="y"/><exclusiveGateway id="z" default="z_m"/>'
        '<endEvent id="e"/>'
        + flows("s > f", "f > a > g", "f > b > x > m", "x > g : late", "g > j", "m > j")
        + flows("j > y > z > m", "z > e : done")
    )
    round_.start(late=False, done=False)
    round_.complete("a")

    again = round_.complete("y")

    # The token at b can come to the join over either way, so it is not waited for.
    assert round_.snapshot.control["merges"] == {"": {"g": {"-a_g": 0}}}
    assert [(e["type"], e["element"], e["nth"]) for e in again][-6:] == [
        ("flow_taken", "m", 1),
        ("element_entered", "j", 2),
        ("element_left", "j", 2),
        ("flow_taken", "j", 2),
        ("element_entered", "y", 2),
        ("task_opened", "y", 2),
    ]


def test_tokens_that_are_late_together_are_absorbed_together():
    late = case(
        '<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/>'
        '<parallelGateway id="k"/><task id="x"/><task id="y"/><task id="z"/>'
        + gateway("activationCount >= 1")
        + '<userTask id="next"/>'
        + flows("s > f", "f > a > g", "f > b > k", "k > x > g", "k > y > z > g", "g > next")
    )
    late.start()
    late.complete("a")

    both = late.complete("b")

    # The second is still on its way when the first is there: only then is the gateway reset.
    assert [e["element"] for e in both if e["type"] == "element_entered"] == ["k", "x", "y", "z"]
    assert "merges" not in late.snapshot.control
    assert late.tasks == ["p.next.1"]


def test_it_resets_when_nothing_can_come_any_more():
    gone = case(
        '<startEvent id="s"/><inclusiveGateway id="f"/><userTask id="a"/><userTask id="b"/>'
        '<userTask id="c"/>'
        + gateway("activationCount >= 1")
        + '<userTask id="next"/>'
        + flows("s > f", "f > a : x > 0", "f > b : x > 1", "f > c : x > 2")
        + flows("a > g", "b > g", "c > g", "g > next")
    )
    gone.start(x=2)

    gone.complete("a")
    assert gone.snapshot.control["merges"] == {"": {"g": {"-a_g": 0}}}
    gone.complete("b")

    assert "merges" not in gone.snapshot.control
    assert gone.tasks == ["p.next.1"]


PHASES = '<userTask id="first"/><userTask id="second"/>' + flows(
    "g > first : waitingForStart", "g > second : not waitingForStart"
)


def test_outgoing_conditions_are_asked_again_at_the_reset():
    both = case(three("activationCount >= 2", out=PHASES))
    both.start()

    both.complete("a")
    both.complete("b")
    assert both.tasks == ["p.c.1", "p.first.1"]
    both.complete("first")
    assert both.state == "open"
    both.complete("c")

    assert both.tasks == ["p.second.1"]
    assert both.entered()[-3:] == ["first#1", "g#2", "second#1"]
    both.complete("second")
    assert both.state == "completed"


def test_at_the_reset_it_may_send_nothing_and_takes_no_default():
    quiet = case(
        three(
            gateway("activationCount >= 2", ' default="g_other"'),
            out='<userTask id="first"/><userTask id="other"/>'
            + flows("g > first : waitingForStart and n > 1", "g > other"),
        )
    )
    quiet.start(n=1)

    quiet.complete("a")
    quiet.complete("b")
    quiet.complete("other")
    quiet.complete("c")

    assert quiet.entered()[-3:] == ["g#1", "other#1", "g#2"]
    assert quiet.state == "completed"


def test_at_its_start_it_must_have_a_way_out():
    lost = case(three("activationCount >= 2", out='<task id="t"/>' + flows("g > t : n > 1")))
    lost.start(n=1)

    lost.complete("a")
    lost.complete("b")

    assert lost.incidents == [("g", "no-flow")]
    lost.retry(n=2)
    assert lost.entered()[-1] == "t#1"


def test_a_condition_over_data_is_judged_again_when_they_are_written():
    waits = case(three("activationCount >= 1 and ready"))
    waits.start(ready=False)

    waits.complete("a")
    assert waits.tasks == ["p.b.1", "p.c.1"]
    waits.complete("b", ready=True)

    assert waits.entered()[-2:] == ["g#1", "next#1"]


def test_data_written_elsewhere_make_it_go_on_too():
    body = three("activationCount >= 1 and ready").replace('<startEvent id="s"/>', "")
    waits = case(
        '<startEvent id="s"/><parallelGateway id="z"/><userTask id="beside"/>'
        + body.replace('sourceRef="s" targetRef="f"', 'sourceRef="z" targetRef="f"')
        + flows("s > z", "z > beside")
    )
    waits.start(ready=False)

    waits.complete("a")
    waits.complete("beside", ready=True)

    assert waits.entered()[-2:] == ["g#1", "next#1"]


def test_a_condition_that_fails_is_an_incident_at_the_gateway():
    broken = case(three("activationCount >= limit"))
    broken.start()

    broken.complete("a")
    broken.complete("b")
    assert broken.incidents == [("g", "condition-failed")]
    broken.retry(limit=2)

    assert broken.incidents == []
    assert broken.entered()[-2:] == ["g#1", "next#1"]


def test_what_it_holds_goes_with_its_scope():
    inner = three("activationCount >= 2", out=PHASES).replace('"s"', '"is"').replace("s_f", "is_f")
    cut = Case(
        process(
            f'<startEvent id="s"/><subProcess id="sub">{inner}</subProcess>'
            '<boundaryEvent id="stop" attachedToRef="sub"><signalEventDefinition signalRef="S"/>'
            "</boundaryEvent>" + flows("s > sub"),
            extra='<signal id="S" name="stop"/>',
        )
    )
    cut.start()
    cut.complete("a")
    cut.complete("b")

    cut.do(c.ReceiveSignal("stop"))

    assert cut.state == "completed"


def test_with_one_flow_in_it_only_chooses():
    body = (
        '<startEvent id="s"/><complexGateway id="g" default="g_d"/><task id="a"/><task id="b"/>'
        '<task id="d"/>' + flows("s > g", "g > a : n > 1", "g > b : n > 2", "g > d")
    )
    split, other = case(body), case(body)

    split.start(n=3)
    other.start(n=0)

    assert split.entered() == ["s#1", "g#1", "a#1", "b#1"]
    assert other.entered() == ["s#1", "g#1", "d#1"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("activationCount >= 2", []),
        ("activationCount > 2", []),
        ("activationCount >= 4", [("deadlock", "g")]),
        ("ready", []),
    ],
)
def test_the_search_for_deadlocks_knows_how_many_tokens_it_needs(condition, found):
    assert told(three(condition)) == found
