"""Flows, gateways and joins: exact traces."""

from __future__ import annotations

from tests.memory import Case, flows, process


def user(*ids: str) -> str:
    return "".join(f'<userTask id="{one}"/>' for one in ids)


def test_a_plain_sequence_enters_and_leaves_each_element_once():
    case = Case(
        process('<startEvent id="s"/><task id="a"/><endEvent id="e"/>' + flows("s > a > e"))
    )

    case.start()

    assert case.trace() == [
        ("case_started", "p", 1),
        ("element_entered", "s", 1),
        ("element_left", "s", 1),
        ("flow_taken", "s", 1),
        ("element_entered", "a", 1),
        ("element_left", "a", 1),
        ("flow_taken", "a", 1),
        ("element_entered", "e", 1),
        ("element_left", "e", 1),
        ("case_completed", "p", 1),
    ]
    assert case.state == "completed"
    assert case.events[-1]["end"] == "e"


def test_an_exclusive_gateway_takes_the_first_true_flow_and_asks_once():
    case = Case(
        process(
            '<startEvent id="s"/><exclusiveGateway id="x" default="x_c"/>'
            '<endEvent id="a"/><endEvent id="b"/><endEvent id="c"/>'
            + flows("s > x", "x > a : n > 5", "x > b : n > 1", "x > c")
        )
    )

    case.start(n=3)

    assert case.entered() == ["s#1", "x#1", "b#1"]
    assert [texts for _, texts in case.world.asked] == [("n > 5", "n > 1")]


def test_an_exclusive_gateway_takes_the_default_flow_when_nothing_holds():
    body = (
        '<startEvent id="s"/><exclusiveGateway id="x" default="x_c"/><endEvent id="a"/>'
        '<endEvent id="c"/>'
    )
    case = Case(process(body + flows("s > x", "x > a : n > 5", "x > c")))

    case.start(n=3)

    assert case.entered() == ["s#1", "x#1", "c#1"]


def test_a_condition_that_fails_after_a_true_one_is_not_met():
    case = Case(
        process(
            '<startEvent id="s"/><exclusiveGateway id="x"/><endEvent id="a"/><endEvent id="b"/>'
            + flows("s > x", "x > a : True", "x > b : missing")
        )
    )

    case.start()

    assert case.entered() == ["s#1", "x#1", "a#1"]


def test_a_condition_must_say_exactly_true_or_false():
    case = Case(
        process(
            '<startEvent id="s"/><exclusiveGateway id="x"/><endEvent id="a"/><endEvent id="b"/>'
            + flows("s > x", "x > a : n", "x > b : True")
        )
    )

    case.start(n="false")

    assert case.incidents == [("x", "condition-failed")]
    assert case.state == "incident"


def test_conditional_and_default_flows_leave_an_activity_as_well():
    body = '<startEvent id="s"/><task id="t" default="t_d"/>' + "".join(
        f'<endEvent id="{one}"/>' for one in "abcd"
    )
    wired = body + flows("s > t", "t > a : n > 1", "t > b : n > 2", "t > c", "t > d")

    two = Case(process(wired))
    two.start(n=2)
    none = Case(process(wired))
    none.start(n=0)

    assert two.entered() == ["s#1", "t#1", "a#1", "c#1"]
    assert none.entered() == ["s#1", "t#1", "c#1", "d#1"]


def test_a_parallel_split_and_join_wait_for_every_branch():
    case = Case(
        process(
            '<startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/>'
            + user("a", "b")
            + '<endEvent id="e"/>'
            + flows("s > f", "f > a > j", "f > b > j", "j > e")
        )
    )
    case.start()

    case.complete("b")
    assert case.tasks == ["p.a.1"]
    assert case.snapshot.control["joins"] == {"": {"j": {"b_j": 1}}}
    last = case.complete("a")

    assert [(e["type"], e["element"]) for e in last][-6:] == [
        ("element_entered", "j"),
        ("element_left", "j"),
        ("flow_taken", "j"),
        ("element_entered", "e"),
        ("element_left", "e"),
        ("case_completed", "p"),
    ]
    assert case.state == "completed"


def test_an_extra_token_at_a_parallel_join_stays_for_the_next_firing():
    case = Case(
        process(
            '<startEvent id="s"/><parallelGateway id="f"/><exclusiveGateway id="m"/>'
            '<parallelGateway id="j"/>'
            + user("a", "b", "c")
            + '<endEvent id="e"/>'
            + flows("s > f", "f > a > m", "f > b > m", "m > j", "f > c > j", "j > e")
        )
    )
    case.start()

    case.complete("a")
    case.complete("b")
    assert case.snapshot.control["joins"] == {"": {"j": {"m_j": 2}}}
    case.complete("c")

    assert case.snapshot.control["joins"] == {"": {"j": {"m_j": 1}}}
    assert case.entered().count("e#1") == 1
    assert case.state == "open"


INCLUSIVE = (
    '<startEvent id="s"/><inclusiveGateway id="f" default="f_c"/><inclusiveGateway id="j"/>'
    + user("a", "b", "c")
    + '<endEvent id="e"/>'
    + flows("s > f", "f > a : x", "f > b : y", "f > c", "a > j", "b > j", "c > j", "j > e")
)


def test_an_inclusive_join_waits_for_the_branches_that_were_taken():
    both = Case(process(INCLUSIVE))
    both.start(x=True, y=True)
    both.complete("a")
    assert both.snapshot.control["merges"] == {"": {"j": {"a_j": 1}}}
    both.complete("b")

    one = Case(process(INCLUSIVE))
    one.start(x=False, y=True)
    one.complete("b")

    none = Case(process(INCLUSIVE))
    none.start(x=False, y=False)
    none.complete("c")

    assert both.state == one.state == none.state == "completed"
    assert both.entered().count("j#1") == 1
    assert none.entered() == ["s#1", "f#1", "c#1", "j#1", "e#1"]


def test_an_inclusive_join_counts_tokens_in_sub_processes_and_boundary_events():
    case = Case(
        process(
            '<startEvent id="s"/><inclusiveGateway id="f"/><inclusiveGateway id="j"/>'
            + user("a", "late")
            + '<subProcess id="sub"><startEvent id="ss"/><userTask id="inner"/>'
            + flows("ss > inner")
            + '</subProcess><boundaryEvent id="b" attachedToRef="sub" cancelActivity="false">'
            "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
            '</boundaryEvent><endEvent id="e"/><endEvent id="e2"/>'
            + flows(
                "s > f",
                "f > a : True",
                "f > sub : True",
                "a > j",
                "b > late > j",
                "sub > e2",
                "j > e",
            )
        )
    )
    case.start()

    case.complete("a")
    assert case.snapshot.control["merges"] == {"": {"j": {"a_j": 1}}}
    case.complete("inner")

    assert case.state == "completed"
    assert case.entered()[-2:] == ["j#1", "e#1"]


def test_a_token_that_can_reach_a_filled_flow_does_not_block_an_inclusive_join():
    # The way back leads to a flow that is filled already, so nobody waits for it.
    case = Case(
        process(
            '<startEvent id="s"/><inclusiveGateway id="f"/><exclusiveGateway id="m"/>'
            '<inclusiveGateway id="j"/>'
            + user("a", "b", "c")
            + '<exclusiveGateway id="x" default="x_j"/><endEvent id="e"/>'
            + flows(
                "s > f",
                "f > m : True",
                "f > b : True",
                "m > a",
                "a > x",
                "x > m : again",
                "x > j",
                "b > j",
                "f > c : False",
                "c > j",
                "j > e",
            )
        )
    )
    case.start(again=False)

    case.complete("b")
    assert case.snapshot.control["merges"] == {"": {"j": {"b_j": 1}}}
    case.complete("a")

    assert case.state == "completed"


def test_a_scope_ends_when_its_last_token_ends_and_not_before():
    case = Case(
        process(
            '<startEvent id="s"/><parallelGateway id="f"/>'
            + user("a", "b")
            + '<endEvent id="ea"/><endEvent id="eb"/>'
            + flows("s > f", "f > a > ea", "f > b > eb")
        )
    )
    case.start()

    case.complete("a")
    assert case.state == "open"
    case.complete("b")

    assert (case.state, case.events[-1]["end"]) == ("completed", "eb")


def test_a_link_goes_on_at_the_catch_event_of_that_name():
    case = Case(
        process(
            '<startEvent id="s"/><intermediateThrowEvent id="out"><linkEventDefinition name="L"/>'
            '</intermediateThrowEvent><intermediateCatchEvent id="in"><linkEventDefinition name="L"/>'
            '</intermediateCatchEvent><userTask id="a"/><endEvent id="e"/>'
            + flows("s > out", "in > a > e")
        )
    )
    case.start()

    assert case.entered() == ["s#1", "out#1", "in#1", "a#1"]
    case.complete("a")
    assert case.state == "completed"


def test_no_flow_to_take_is_an_incident_and_a_retry_with_data_goes_on():
    case = Case(
        process(
            '<startEvent id="s"/><exclusiveGateway id="x"/><endEvent id="a"/>'
            '<endEvent id="b"/>' + flows("s > x", "x > a : n == 1", "x > b : n == 2")
        )
    )
    case.start(n=3)
    assert case.incidents == [("x", "no-flow")]

    case.retry(n=2)

    assert case.state == "completed"
    assert case.entered() == ["s#1", "x#1", "b#1"]
    assert case.trace("incident_raised", "incident_resolved") == [
        ("incident_raised", "x", 1),
        ("incident_resolved", "x", 1),
    ]


def test_a_task_whose_way_out_fails_is_done_but_not_left():
    case = Case(
        process(
            '<startEvent id="s"/><userTask id="t"/><endEvent id="a"/><endEvent id="b"/>'
            + flows("s > t", "t > a : missing", "t > b : False")
        )
    )
    case.start()

    case.complete("t")
    assert case.tasks == []
    assert case.trace("element_left") == [("element_left", "s", 1)]
    case.retry(missing=True)

    assert case.state == "completed"


def test_a_case_may_begin_at_a_named_start_event():
    xml = process(
        '<startEvent id="s"/><startEvent id="m"><messageEventDefinition messageRef="M"/>'
        '</startEvent><userTask id="a"/><userTask id="b"/>' + flows("s > a", "m > b"),
        extra='<message id="M" name="go"/>',
    )
    plain, named = Case(xml), Case(xml)

    plain.start()
    named.start("m", order=7)

    assert plain.tasks == ["p.a.1"]
    assert named.tasks == ["p.b.1"]
    assert named.data == {"order": 7}
