"""What begins a case without a start event; events that must all come, or one of several."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.bpmn import soundness
from engine.bpmn.reader import read
from engine.errors import InvalidRequest
from engine.spiff.refusals import refusals
from tests.memory import Case, flows, process, trace

ROOTS = (
    '<message id="M" name="go"/><message id="N" name="more"/><signal id="S" name="alarm"/>'
    '<error id="E" errorCode="bad"/>'
)
M = '<messageEventDefinition messageRef="M"/>'
N = '<messageEventDefinition messageRef="N"/>'
S = '<signalEventDefinition signalRef="S"/>'
HOUR = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"


def case(body: str) -> Case:
    return Case(process(body, extra=ROOTS))


def told(body: str) -> list[tuple[str, str | None]]:
    diagram, findings = read(process(body, extra=ROOTS), "x.bpmn")
    found = list(findings)
    if diagram is not None:
        found += soundness.check(diagram, {}, filename="x.bpmn")
        found += [one for key in diagram.processes.values() for one in refusals(key, "x.bpmn")]
    return [
        (one.code, one.element) for one in found if one.code not in ("no-assignment", "no-form")
    ]


# -- receive tasks and event-based gateways that begin a case -------------------------------

RECEIVE = (
    '<receiveTask id="r" messageRef="M" instantiate="true"/><userTask id="t"/><endEvent id="e"/>'
    + flows("r > t > e")
)


def test_a_receive_task_begins_a_case_when_its_message_comes():
    one = case(RECEIVE)

    one.start("r", n=1)

    assert one.trace() == [
        ("case_started", "p", 1),
        ("data_written", "p", 1),
        ("element_entered", "r", 1),
        ("element_left", "r", 1),
        ("flow_taken", "r", 1),
        ("element_entered", "t", 1),
        ("task_opened", "t", 1),
    ]
    assert one.data["n"] == 1
    one.complete("t")
    assert one.state == "completed"


def test_nobody_begins_it_by_hand_without_saying_what_has_come():
    with pytest.raises(InvalidRequest, match="no start event without a trigger"):
        case(RECEIVE).start()
    with pytest.raises(InvalidRequest, match="no start event 't'"):
        case(RECEIVE).start("t")


def test_beside_one_nothing_else_starts_by_itself():
    one = case(RECEIVE + '<userTask id="loose"/>')

    one.start("r")

    assert one.tasks == ["p.t.1"]


GATEWAY = (
    '<eventBasedGateway id="g" instantiate="true"{}/>'
    f'<intermediateCatchEvent id="m">{M}</intermediateCatchEvent>'
    '<receiveTask id="n" messageRef="N"/>'
    '<userTask id="a"/><userTask id="b"/>' + flows("g > m > a", "g > n > b")
)
PARALLEL = ' eventGatewayType="Parallel"'


@pytest.mark.parametrize(("start", "after"), [("m", "a"), ("n", "b")])
def test_an_exclusive_event_based_gateway_begins_a_case_with_the_event_that_comes(start, after):
    one = case(GATEWAY.format(""))

    one.start(start)

    assert one.trace()[1:] == [
        ("element_entered", "g", 1),
        ("element_left", "g", 1),
        ("flow_taken", "g", 1),
        ("element_entered", start, 1),
        ("element_left", start, 1),
        ("flow_taken", start, 1),
        ("element_entered", after, 1),
        ("task_opened", after, 1),
    ]
    assert next(e["flow"] for e in one.events if e["type"] == "flow_taken") == f"g_{start}"
    one.complete(after)
    assert one.state == "completed"


def test_a_parallel_one_waits_for_its_other_events_too():
    both = case(GATEWAY.format(PARALLEL))

    both.start("n")
    assert both.trace()[1:] == [
        ("element_entered", "g", 1),
        ("element_left", "g", 1),
        ("flow_taken", "g", 1),
        ("flow_taken", "g", 1),
        ("element_entered", "n", 1),
        ("element_left", "n", 1),
        ("flow_taken", "n", 1),
        ("element_entered", "m", 1),
        ("message_awaited", "m", 1),
        ("element_entered", "b", 1),
        ("task_opened", "b", 1),
    ]
    both.complete("b")
    assert both.state == "open"
    both.message("go")
    both.complete("a")

    assert both.entered() == ["g#1", "n#1", "m#1", "b#1", "a#1"]
    assert both.state == "completed"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (RECEIVE, [("not-on-executor", "r")]),
        (GATEWAY.format(""), [("not-on-executor", "g")]),
        (GATEWAY.format(PARALLEL), [("not-on-executor", "g")]),
        (
            GATEWAY.format(PARALLEL)
            + '<parallelGateway id="j"/><endEvent id="e"/>'
            + flows("a > j", "b > j > e"),
            [("not-on-executor", "g")],
        ),
        (
            GATEWAY.format("")
            + '<parallelGateway id="j"/><endEvent id="e"/>'
            + flows("a > j", "b > j > e"),
            [("deadlock", "j"), ("not-on-executor", "g")],
        ),
        (
            '<startEvent id="s"/>' + RECEIVE + flows("s > r"),
            [("instantiate-not-first", "r")],
        ),
        (
            f'<startEvent id="s"/><subProcess id="u">{RECEIVE}</subProcess>' + flows("s > u"),
            [("instantiate-not-first", "r"), ("nothing-starts", "u")],
        ),
        (
            '<startEvent id="s"/>'
            + GATEWAY.format(PARALLEL).replace(' instantiate="true"', "")
            + flows("s > g"),
            [("parallel-event-gateway", "g")],
        ),
        (
            GATEWAY.format("").replace('id="m"', 'id="m" parallelMultiple="true"').replace(M, M + S),
            [("parallel-start", "m")],
        ),
        (
            f'<startEvent id="s" parallelMultiple="true">{M}{HOUR}</startEvent>',
            [("parallel-start", "s")],
        ),
    ],
)  # fmt: skip
def test_the_checks_know_what_begins_a_case(body, found):
    assert told(body) == found


# -- multiple events -------------------------------------------------------------------------


@pytest.mark.parametrize("command", [c.CorrelateMessage("go"), c.ReceiveSignal("alarm")])
def test_the_first_of_several_events_is_enough(command):
    one = case(
        f'<startEvent id="s"/><intermediateCatchEvent id="w">{M}{S}</intermediateCatchEvent>'
        '<endEvent id="e"/>' + flows("s > w > e")
    )
    one.start()

    one.do(command)

    assert one.entered() == ["s#1", "w#1", "e#1"]
    assert len(one.trace("message_abandoned", "signal_abandoned")) == 1
    assert one.state == "completed"


def test_a_start_event_with_several_triggers_begins_a_case():
    one = case(f'<startEvent id="s">{M}{S}{HOUR}</startEvent><endEvent id="e"/>' + flows("s > e"))

    one.start("s")

    assert (one.entered(), one.state) == (["s#1", "e#1"], "completed")


WAITS = (
    '<startEvent id="s"/><userTask id="t"/><boundaryEvent id="b" attachedToRef="t"{}>{}'
    '</boundaryEvent><userTask id="x"/>' + flows("s > t", "b > x")
)


def test_events_that_are_needed_together_go_on_when_the_last_has_come():
    both = case(
        f'<startEvent id="s"/><intermediateCatchEvent id="w" parallelMultiple="true">{M}{S}{HOUR}'
        '</intermediateCatchEvent><endEvent id="e"/>' + flows("s > w > e")
    )
    both.start()

    both.message("go", {"n": 1})
    both.fire()
    assert (both.state, both.data) == ("open", {"n": 1})
    last = both.do(c.ReceiveSignal("alarm", data={"m": 2}))

    assert trace(last) == [
        ("signal_received", "w", 1),
        ("data_written", "w", 1),
        ("element_left", "w", 1),
        ("flow_taken", "w", 1),
        ("element_entered", "e", 1),
        ("element_left", "e", 1),
        ("case_completed", "p", 1),
    ]
    assert both.data == {"n": 1, "m": 2}


def test_a_boundary_event_interrupts_when_all_of_its_events_have_come():
    both = case(WAITS.format(' parallelMultiple="true"', M + S))
    both.start()

    both.message("go")
    assert both.tasks == ["p.t.1"]
    both.do(c.ReceiveSignal("alarm"))

    assert both.tasks == ["p.x.1"]


def test_one_that_does_not_interrupt_waits_for_all_of_them_again():
    both = case(WAITS.format(' parallelMultiple="true" cancelActivity="false"', M + S))
    both.start()

    both.message("go")
    first = both.do(c.ReceiveSignal("alarm"))
    both.do(c.ReceiveSignal("alarm"))
    assert both.tasks == ["p.t.1", "p.x.1"]
    both.message("go")

    assert trace(first) == [
        ("signal_received", "b", 1),
        ("message_awaited", "b", 1),
        ("signal_awaited", "b", 1),
        ("element_entered", "b", 1),
        ("element_left", "b", 1),
        ("flow_taken", "b", 1),
        ("element_entered", "x", 1),
        ("task_opened", "x", 1),
    ]
    assert both.tasks == ["p.t.1", "p.x.1", "p.x.2"]
    both.complete("t")
    both.complete("p.x.1")
    both.complete("p.x.2")
    assert both.state == "completed"
    assert both.trace("message_abandoned", "signal_abandoned") == [
        ("message_abandoned", "b", 1),
        ("signal_abandoned", "b", 1),
    ]


@pytest.mark.parametrize("interrupting", ["true", "false"])
def test_an_event_sub_process_may_need_all_of_its_events(interrupting):
    one = case(
        '<startEvent id="s"/><userTask id="t"/><subProcess id="h" triggeredByEvent="true">'
        f'<startEvent id="hs" parallelMultiple="true" isInterrupting="{interrupting}">{M}{N}'
        '</startEvent><userTask id="x"/>' + flows("hs > x") + "</subProcess>" + flows("s > t")
    )
    one.start()

    one.message("more")
    assert one.tasks == ["p.t.1"]
    one.message("go")
    if interrupting == "true":
        assert one.tasks == ["p.x.1"]
        return
    one.message("go")
    assert one.tasks == ["p.t.1", "p.x.1"]
    one.message("more")
    assert one.tasks == ["p.t.1", "p.x.1", "p.x.2"]


def test_an_event_sub_process_begins_with_the_first_of_several():
    one = case(
        '<startEvent id="s"/><userTask id="t"/><subProcess id="h" triggeredByEvent="true">'
        f'<startEvent id="hs" isInterrupting="false">{M}{S}</startEvent><userTask id="x"/>'
        + flows("hs > x")
        + "</subProcess>"
        + flows("s > t")
    )
    one.start()

    one.message("go")
    one.do(c.ReceiveSignal("alarm"))

    assert one.tasks == ["p.t.1", "p.x.1", "p.x.2"]


def test_a_condition_among_them_counts_once_it_has_become_true():
    condition = (
        "<conditionalEventDefinition><condition>n > 1</condition></conditionalEventDefinition>"
    )
    both = case(
        '<startEvent id="s"/><parallelGateway id="f"/><userTask id="u"/><intermediateCatchEvent id="w" '
        f'parallelMultiple="true">{M}{condition}</intermediateCatchEvent>'
        + flows("s > f > u", "f > w")
    )
    both.start(n=0)

    both.complete("u", n=2)
    assert both.state == "open"
    both.message("go")

    assert both.state == "completed"


def test_an_error_is_not_waited_for_together_with_others():
    error = '<errorEventDefinition errorRef="E"/>'
    found = told(WAITS.format(' parallelMultiple="true"', M + error))

    assert ("event-not-allowed", "b") in found


# -- data stores -------------------------------------------------------------------------------


def test_a_data_store_documents_and_what_it_refers_to_is_there():
    store = '<startEvent id="s"/><dataStoreReference id="d" dataStoreRef="{}"/>'
    roots = '<dataStore id="book" name="Book"/>'

    def found(reference: str) -> list[tuple[str, str | None]]:
        _, findings = read(process(store.format(reference), extra=roots), "x.bpmn")
        return [(one.code, one.element) for one in findings]

    assert found("book") == [("ignored", "d")]
    assert found("gone") == [("dangling-reference", "d"), ("ignored", "d")]
    assert found("p") == [("ignored", "d"), ("wrong-reference", "d")]
