"""Boundary events, event sub-processes, messages, signals, errors and escalations."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.errors import NothingWaits
from tests.memory import Case, flows, process, trace

ROOTS = (
    '<message id="M" name="go"/><message id="N" name="no"/><signal id="S" name="alarm"/>'
    '<error id="E1" errorCode="e1"/><error id="E2" errorCode="e2"/>'
    '<escalation id="X1" escalationCode="x1"/>'
)
TIMER = "<timerEventDefinition><timeDuration>{}</timeDuration></timerEventDefinition>"
MESSAGE = '<messageEventDefinition messageRef="M"/>'
SIGNAL = '<signalEventDefinition signalRef="S"/>'


def event(kind: str, id_: str, definition: str, more: str = "") -> str:
    return f'<{kind} id="{id_}" {more}>{definition}</{kind}>'


def boundary(id_: str, host: str, definition: str, *, interrupting: bool = True) -> str:
    more = f'attachedToRef="{host}"' + ("" if interrupting else ' cancelActivity="false"')
    return event("boundaryEvent", id_, definition, more)


def condition(text: str) -> str:
    text = text.replace("<", "&lt;")
    return f"<conditionalEventDefinition><condition>{text}</condition></conditionalEventDefinition>"


def error(ref: str | None) -> str:
    return f"<errorEventDefinition{f' errorRef={chr(34)}{ref}{chr(34)}' if ref else ''}/>"


def escalation(ref: str | None) -> str:
    return f"<escalationEventDefinition{f' escalationRef={chr(34)}{ref}{chr(34)}' if ref else ''}/>"


def sub(id_: str, body: str, *, by_event: bool = False) -> str:
    more = ' triggeredByEvent="true"' if by_event else ""
    return f'<subProcess id="{id_}"{more}>{body}</subProcess>'


def case(body: str, **world: object) -> Case:
    return Case(process(body, extra=ROOTS), **world)


TASK = (
    '<startEvent id="s"/><userTask id="t"/><endEvent id="e"/><userTask id="u"/><endEvent id="f"/>'
)
TASK_FLOWS = flows("s > t > e", "b > u > f")


# -- boundary events -------------------------------------------------------------


def test_an_interrupting_timer_cancels_the_task_and_its_count_passes_on():
    one = case(TASK + boundary("b", "t", TIMER.format("PT4H")) + TASK_FLOWS)
    one.start()

    fired = one.fire()

    assert trace(fired) == [
        ("timer_fired", "b", 1),
        ("task_cancelled", "t", 1),
        ("element_left", "t", 1),
        ("element_entered", "b", 1),
        ("element_left", "b", 1),
        ("flow_taken", "b", 1),
        ("element_entered", "u", 1),
        ("task_opened", "u", 1),
    ]
    assert fired[2]["cancelled"] is True
    assert fired[0]["due_at"] == "2026-09-14T13:00:00+08:00"
    assert one.tasks == ["p.u.1"]
    one.complete("u")
    assert one.state == "completed"


def test_a_timer_that_does_not_interrupt_leaves_the_task_open():
    one = case(TASK + boundary("b", "t", TIMER.format("PT4H"), interrupting=False) + TASK_FLOWS)
    one.start()

    one.fire()

    assert one.tasks == ["p.t.1", "p.u.1"]
    assert one.timers == {}


def test_boundary_events_close_before_the_outgoing_flow_is_taken():
    one = case(TASK + boundary("b", "t", TIMER.format("PT4H")) + TASK_FLOWS)
    one.start()

    done = one.complete("t")

    assert trace(done)[2:6] == [
        ("data_written", "t", 1),
        ("timer_cancelled", "b", 1),
        ("element_left", "t", 1),
        ("flow_taken", "t", 1),
    ]


def test_the_first_of_two_boundary_events_closes_the_other():
    one = case(
        TASK
        + boundary("b", "t", TIMER.format("PT4H"))
        + boundary("m", "t", MESSAGE)
        + TASK_FLOWS
        + flows("m > f")
    )
    one.start()

    got = one.message("go", {"why": "x"})

    assert trace(got, "timer_cancelled", "message_received", "message_abandoned") == [
        ("message_received", "m", 1),
        ("timer_cancelled", "b", 1),
    ]
    assert one.state == "completed"
    assert one.data["why"] == "x"


def test_a_condition_that_holds_at_opening_cancels_the_task_before_it_is_offered():
    one = case(TASK + boundary("b", "t", condition("n > 1")) + TASK_FLOWS)

    one.start(n=2)

    assert one.trace("task_opened") == [("task_opened", "u", 1)]
    assert one.tasks == ["p.u.1"]


def test_a_condition_fires_on_a_rising_edge_only():
    one = case(
        '<startEvent id="s"/><userTask id="t"/><endEvent id="e"/><endEvent id="f"/>'
        '<parallelGateway id="g"/><userTask id="w"/><exclusiveGateway id="x"/>'
        + boundary("b", "t", condition("n > 1"), interrupting=False)
        + flows("s > g", "g > t > e", "g > x > w > x", "b > f")
    )
    one.start(n=0)

    def fires(n: int) -> bool:
        return ("element_entered", "b") in [x[:2] for x in trace(one.complete("w", n=n))]

    fired = [fires(n) for n in (1, 2, 3, 0, 5)]

    assert fired == [False, True, False, False, True]


def test_the_data_a_task_writes_at_its_end_do_not_fire_its_own_boundary():
    one = case(TASK + boundary("b", "t", condition("n > 1")) + TASK_FLOWS)
    one.start(n=0)

    one.complete("t", n=9)

    assert one.state == "completed"
    assert one.trace("element_entered")[-1] == ("element_entered", "e", 1)


def test_a_message_boundary_that_does_not_interrupt_may_come_twice():
    one = case(TASK + boundary("b", "t", MESSAGE, interrupting=False) + TASK_FLOWS)
    one.start()

    first = one.message("go")
    one.message("go")

    assert first[0]["open"] is True
    assert one.tasks == ["p.t.1", "p.u.1", "p.u.2"]


def test_a_boundary_of_a_sub_process_ends_all_inside_inner_ones_first():
    one = case(
        '<startEvent id="s"/><endEvent id="e"/><endEvent id="f"/>'
        + sub(
            "out",
            '<startEvent id="os"/><parallelGateway id="g"/><userTask id="a"/>'
            + event("intermediateCatchEvent", "w", MESSAGE)
            + sub("inn", '<startEvent id="is"/><userTask id="b2"/>' + flows("is > b2"))
            + flows("os > g", "g > a", "g > w", "g > inn"),
        )
        + boundary("b", "out", TIMER.format("PT1H"))
        + flows("s > out > e", "b > f")
    )
    one.start()

    fired = one.fire()

    assert trace(fired) == [
        ("timer_fired", "b", 1),
        ("task_cancelled", "a", 1),
        ("element_left", "a", 1),
        ("task_cancelled", "b2", 1),
        ("element_left", "b2", 1),
        ("element_left", "inn", 1),
        ("message_abandoned", "w", 1),
        ("element_left", "w", 1),
        ("element_left", "out", 1),
        ("element_entered", "b", 1),
        ("element_left", "b", 1),
        ("flow_taken", "b", 1),
        ("element_entered", "f", 1),
        ("element_left", "f", 1),
        ("case_completed", "p", 1),
    ]
    assert [e["path"] for e in fired if e["element"] == "b2"] == [["out", "inn"]] * 2


# -- timers ----------------------------------------------------------------------


def test_a_cycle_fires_as_often_as_it_says():
    cycle = "<timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition>"
    one = case(TASK + boundary("b", "t", cycle, interrupting=False) + TASK_FLOWS)
    one.start()

    due = []
    while one.timers:
        due.append(next(iter(one.timers.values())))
        one.fire()

    assert due == [f"2026-09-14T{hour}:00:00+08:00" for hour in (10, 11, 12)]
    assert one.tasks == ["p.t.1", "p.u.1", "p.u.2", "p.u.3"]


def test_a_missed_cycle_fires_once_and_goes_on_after_now():
    cycle = "<timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition>"
    one = case(TASK + boundary("b", "t", cycle, interrupting=False) + TASK_FLOWS)
    one.start()

    one.later(5.5)
    one.fire()

    assert list(one.timers.values()) == ["2026-09-14T15:00:00+08:00"]
    assert len(one.tasks) == 2


def test_a_cycle_of_working_hours_counts_on_from_each_firing():
    cycle = "<timerEventDefinition><timeCycle>working_hours(2)</timeCycle></timerEventDefinition>"
    one = case(TASK + boundary("b", "t", cycle, interrupting=False) + TASK_FLOWS)
    one.start()

    one.fire()
    one.fire()

    assert list(one.timers.values()) == ["2026-09-14T15:00:00+08:00"]


def test_a_timer_that_was_cancelled_or_is_due_elsewhen_does_not_fire():
    one = case(TASK + boundary("b", "t", TIMER.format("PT4H")) + TASK_FLOWS)
    one.start()

    with pytest.raises(NothingWaits):
        one.do(c.FireTimer(1, "2026-09-14T12:00:00+08:00"))
    with pytest.raises(NothingWaits):
        one.do(c.FireTimer(2, "2026-09-14T13:00:00+08:00"))
    one.complete("t")
    with pytest.raises(NothingWaits):
        one.do(c.FireTimer(1, "2026-09-14T13:00:00+08:00"))


def test_a_due_moment_is_compared_as_a_moment():
    one = case(TASK + boundary("b", "t", TIMER.format("PT4H")) + TASK_FLOWS)
    one.start()

    one.do(c.FireTimer(1, "2026-09-14T05:00:00Z"))

    assert one.tasks == ["p.u.1"]


def test_a_date_in_the_past_is_armed_for_that_date():
    catch = event(
        "intermediateCatchEvent",
        "w",
        "<timerEventDefinition><timeDate>2026-09-01T08:00:00+08:00</timeDate>"
        "</timerEventDefinition>",
    )
    one = case('<startEvent id="s"/><endEvent id="e"/>' + catch + flows("s > w > e"))
    one.start()

    assert list(one.timers.values()) == ["2026-09-01T08:00:00+08:00"]
    one.fire()
    assert one.state == "completed"


# -- messages and signals ---------------------------------------------------------


def keys(text: str) -> str:
    return (
        "<extensionElements><camunda:properties>"
        f'<camunda:property name="correlate" value="{text}"/>'
        "</camunda:properties></extensionElements>"
    )


def test_a_message_reaches_the_one_receiver_whose_keys_all_match():
    one = case(
        '<startEvent id="s"/><parallelGateway id="g"/><endEvent id="e"/>'
        + event("intermediateCatchEvent", "a", keys("order=first;kind='x'") + MESSAGE)
        + event("intermediateCatchEvent", "b", keys("order=second") + MESSAGE)
        + flows("s > g", "g > a > e", "g > b > e")
    )
    one.start(first=1, second=2)

    assert [e["correlation"] for e in one.events if e["type"] == "message_awaited"] == [
        {"order": 1, "kind": "x"},
        {"order": 2},
    ]
    with pytest.raises(NothingWaits):
        one.message("go", order=1)
    with pytest.raises(NothingWaits):
        one.message("go", order=3, kind="x")
    one.message("go", {"got": 5}, order=2, kind="x")

    assert one.trace("message_received") == [("message_received", "b", 1)]
    assert one.data["got"] == 5


def test_a_branch_catches_what_its_neighbour_throws_in_the_same_command():
    one = case(
        '<startEvent id="s"/><parallelGateway id="g"/><endEvent id="e"/><endEvent id="e2"/>'
        + event("intermediateThrowEvent", "throw", SIGNAL)
        + event("intermediateCatchEvent", "catch", SIGNAL)
        + '<task id="slow"/>'
        + flows("s > g", "g > throw > e", "g > slow > catch > e2")
    )

    one.start()

    assert one.state == "completed"
    assert one.trace("signal_sent", "signal_received") == [
        ("signal_sent", "throw", 1),
        ("signal_received", "catch", 1),
    ]


def test_what_is_thrown_waits_for_the_inclusive_joins_before_it():
    one = case(
        '<startEvent id="s"/><parallelGateway id="g"/><inclusiveGateway id="f"/><task id="a"/>'
        '<task id="b"/><inclusiveGateway id="j"/>'
        + event("intermediateThrowEvent", "throw", SIGNAL)
        + event("intermediateCatchEvent", "catch", SIGNAL)
        + flows("s > g > throw", "g > f", "f > a > j : True", "f > b > j : True", "j > catch")
        + '<endEvent id="e"/>'
        + flows("throw > e", "catch > e")
    )

    one.start()

    assert one.entered()[2:] == ["throw#1", "f#1", "a#1", "b#1", "j#1", "catch#1", "e#1", "e#2"]
    assert one.trace("signal_sent", "signal_received") == [
        ("signal_sent", "throw", 1),
        ("signal_received", "catch", 1),
    ]
    assert one.state == "completed"


def test_an_escalation_is_caught_by_the_nearest_and_goes_no_further():
    thrown = event("intermediateThrowEvent", "t", escalation("X1"))
    inner = sub(
        "inner", '<startEvent id="is"/>' + thrown + '<userTask id="work"/>' + flows("is > t > work")
    )
    body = (
        '<startEvent id="os"/>' + inner + '<userTask id="near"/>' + flows("os > inner", "nb > near")
    )
    body += boundary("nb", "inner", escalation("X1"), interrupting=False)
    one = case(
        '<startEvent id="s"/>'
        + sub("outer", body)
        + boundary("fb", "outer", escalation("X1"), interrupting=False)
        + '<userTask id="far"/>'
        + flows("s > outer", "fb > far")
    )

    one.start()

    inside = ["s#1", "outer#1", "os#1", "inner#1", "is#1", "t#1"]
    assert one.entered() == [*inside, "nb#1", "near#1", "work#1"]
    assert one.tasks == ["p.near.1", "p.work.1"]


def test_a_message_caught_inside_the_case_is_marked_received():
    one = case(
        '<startEvent id="s"/><parallelGateway id="g"/><endEvent id="e"/><endEvent id="e2"/>'
        + event("intermediateThrowEvent", "throw", MESSAGE)
        + event("intermediateThrowEvent", "other", '<messageEventDefinition messageRef="N"/>')
        + event("intermediateCatchEvent", "catch", MESSAGE)
        + flows("s > g", "g > throw > other > e", "g > catch > e2")
    )

    one.start()

    sent = [e for e in one.events if e["type"] == "message_sent"]
    assert [(e["element"], e.get("received")) for e in sent] == [("throw", True), ("other", None)]
    assert one.state == "completed"


def test_a_signal_reaches_all_who_wait():
    one = case(
        TASK
        + boundary("b", "t", SIGNAL)
        + event("intermediateCatchEvent", "w", SIGNAL)
        + '<parallelGateway id="g"/>'
        + flows("s > g", "g > t > e", "g > w > e", "b > u > f")
    )
    one.start()

    got = one.do(c.ReceiveSignal("alarm", {"level": 2}))

    assert trace(got, "signal_received") == [
        ("signal_received", "b", 1),
        ("signal_received", "w", 1),
    ]
    assert one.tasks == ["p.u.1"]
    assert one.data["level"] == 2
    with pytest.raises(NothingWaits):
        one.do(c.ReceiveSignal("alarm"))


def test_a_receive_task_takes_its_message_and_closes_its_boundary():
    one = case(
        '<startEvent id="s"/><receiveTask id="t" messageRef="M"/><endEvent id="e"/>'
        '<userTask id="u"/><endEvent id="f"/>'
        + boundary("b", "t", TIMER.format("PT1H"))
        + TASK_FLOWS
    )
    one.start()

    got = one.message("go", {"x": 1})

    assert trace(got)[:5] == [
        ("message_received", "t", 1),
        ("data_written", "t", 1),
        ("timer_cancelled", "b", 1),
        ("element_left", "t", 1),
        ("flow_taken", "t", 1),
    ]
    assert one.state == "completed"


def test_the_first_event_after_an_event_based_gateway_closes_the_others():
    one = case(
        '<startEvent id="s"/><eventBasedGateway id="g"/><endEvent id="e"/><endEvent id="f"/>'
        + event("intermediateCatchEvent", "m", MESSAGE)
        + event("intermediateCatchEvent", "t", TIMER.format("PT1H"))
        + flows("s > g", "g > m > e", "g > t > f")
    )
    one.start()
    assert len(one.snapshot.control["tokens"]) == 1

    got = one.fire()

    assert trace(got) == [
        ("timer_fired", "t", 1),
        ("message_abandoned", "m", 1),
        ("element_left", "g", 1),
        ("flow_taken", "g", 1),
        ("element_entered", "t", 1),
        ("element_left", "t", 1),
        ("flow_taken", "t", 1),
        ("element_entered", "f", 1),
        ("element_left", "f", 1),
        ("case_completed", "p", 1),
    ]


# -- event sub-processes ----------------------------------------------------------


def event_sub(start: str, *, interrupting: bool, body: str = '<userTask id="h"/>') -> str:
    more = "" if interrupting else 'isInterrupting="false"'
    inside = event("startEvent", "hs", start, more) + body + flows("hs > h")
    return sub("handler", inside, by_event=True)


def test_an_interrupting_event_sub_process_ends_all_else_and_keeps_the_scope():
    one = case(
        '<startEvent id="s"/><userTask id="t"/><endEvent id="e"/>'
        + event_sub(MESSAGE, interrupting=True)
        + flows("s > t > e")
    )
    one.start()

    got = one.message("go", {"why": "x"})

    assert trace(got) == [
        ("message_received", "hs", 1),
        ("task_cancelled", "t", 1),
        ("element_left", "t", 1),
        ("element_entered", "handler", 1),
        ("element_entered", "hs", 1),
        ("data_written", "hs", 1),
        ("element_left", "hs", 1),
        ("flow_taken", "hs", 1),
        ("element_entered", "h", 1),
        ("task_opened", "h", 1),
    ]
    assert got[-1]["path"] == ["handler"]
    one.complete("h")
    assert one.trace("element_left")[-1] == ("element_left", "handler", 1)
    assert one.state == "completed"


def test_an_event_sub_process_that_does_not_interrupt_runs_beside_and_again():
    one = case(
        '<startEvent id="s"/><userTask id="t"/><endEvent id="e"/>'
        + event_sub(MESSAGE, interrupting=False)
        + flows("s > t > e")
    )
    one.start()

    one.message("go")
    one.message("go")
    one.complete("t")

    assert one.tasks == ["p.h.1", "p.h.2"]
    one.complete("p.h.1")
    assert one.state == "open"
    one.complete("p.h.2")
    assert one.state == "completed"


def test_event_sub_processes_wait_before_the_start_event_is_entered():
    one = case(
        '<startEvent id="s"/><endEvent id="e"/>'
        + event_sub(TIMER.format("PT1H"), interrupting=True)
        + flows("s > e")
    )

    one.start()

    assert one.trace()[:3] == [
        ("case_started", "p", 1),
        ("timer_armed", "hs", 1),
        ("element_entered", "s", 1),
    ]
    assert one.trace()[-2:] == [("timer_cancelled", "hs", 1), ("case_completed", "p", 1)]


def test_an_interrupting_event_sub_process_of_a_sub_process_keeps_its_boundary_events():
    one = case(
        '<startEvent id="s"/><endEvent id="e"/><endEvent id="f"/>'
        + sub(
            "box",
            '<startEvent id="bs"/><userTask id="a"/>'
            + event_sub(MESSAGE, interrupting=True)
            + flows("bs > a"),
        )
        + boundary("b", "box", TIMER.format("PT1H"))
        + flows("s > box > e", "b > f")
    )
    one.start()

    one.message("go")
    assert len(one.timers) == 1
    one.fire()

    assert one.trace("element_left", "element_entered")[-4:] == [
        ("element_entered", "b", 1),
        ("element_left", "b", 1),
        ("element_entered", "f", 1),
        ("element_left", "f", 1),
    ]
    assert one.state == "completed"


def test_a_conditional_event_sub_process_that_holds_at_opening_goes_before_the_start():
    one = case(
        '<startEvent id="s"/><userTask id="t"/>'
        + event_sub(condition("n > 1"), interrupting=True)
        + flows("s > t")
    )

    one.start(n=2)

    assert one.tasks == ["p.h.1"]
    assert one.entered() == ["handler#1", "hs#1", "h#1"]


# -- errors and escalations -------------------------------------------------------


def boxed(inner: str, *attached: str) -> str:
    return (
        '<startEvent id="s"/><endEvent id="e"/>'
        + sub("box", inner)
        + "".join(attached)
        + flows("s > box > e")
    )


THROWS_E1 = '<startEvent id="bs"/>' + event("endEvent", "be", error("E1")) + flows("bs > be")


def test_an_error_is_caught_by_its_code_before_the_catch_all():
    one = case(
        boxed(
            THROWS_E1,
            boundary("all", "box", error(None)),
            boundary("one", "box", error("E1")),
            '<userTask id="a"/><userTask id="o"/>' + flows("all > a", "one > o"),
        )
    )

    one.start()

    assert one.tasks == ["p.o.1"]
    left = [e for e in one.events if e["type"] == "element_left"]
    assert {e["element"] for e in left if "cancelled" in e} == {"box"}
    assert trace(one.events, "error_thrown", "element_left")[1:] == [
        ("element_left", "bs", 1),
        ("error_thrown", "be", 1),
        ("element_left", "be", 1),
        ("element_left", "box", 1),
        ("element_left", "one", 1),
    ]


def test_an_error_is_not_caught_by_another_code():
    one = case(boxed(THROWS_E1, boundary("two", "box", error("E2")), flows("two > e")))

    one.start()

    assert one.incidents == [("be", "error")]


def test_an_event_sub_process_catches_an_error_before_the_boundary_event():
    one = case(
        boxed(
            THROWS_E1 + event_sub(error(None), interrupting=True),
            boundary("one", "box", error("E1")),
            '<userTask id="o"/>' + flows("one > o"),
        )
    )

    one.start()

    assert one.tasks == ["p.h.1"]


def test_what_an_event_sub_process_throws_passes_its_siblings_by():
    body = event("endEvent", "h", error("E1"))
    one = case(
        boxed(
            '<startEvent id="bs"/><userTask id="a"/>'
            + flows("bs > a")
            + event_sub(MESSAGE, interrupting=True, body=body)
            + sub(
                "sibling",
                event("startEvent", "xs", error("E1")) + '<userTask id="x"/>' + flows("xs > x"),
                by_event=True,
            ),
            boundary("one", "box", error("E1")),
            '<userTask id="o"/>' + flows("one > o"),
        )
    )
    one.start()

    one.message("go")

    assert one.tasks == ["p.o.1"]


def test_an_error_nobody_catches_is_an_incident_where_it_was_thrown():
    one = case(
        '<startEvent id="s"/><parallelGateway id="g"/><userTask id="t"/>'
        + event("endEvent", "bad", error("E2"))
        + flows("s > g", "g > t", "g > bad")
    )

    one.start()

    assert one.incidents == [("bad", "error")]
    assert one.tasks == ["p.t.1"]
    one.complete("t")
    assert one.state == "incident"


def test_an_escalation_nobody_catches_is_recorded_and_ignored():
    one = case(
        '<startEvent id="s"/><endEvent id="e"/>'
        + event("intermediateThrowEvent", "x", escalation("X1"))
        + flows("s > x > e")
    )

    one.start()

    assert one.trace("escalation_thrown") == [("escalation_thrown", "x", 1)]
    assert one.state == "completed"


def test_an_escalation_that_does_not_interrupt_lets_its_thrower_go_on():
    inner = (
        '<startEvent id="bs"/><userTask id="a"/>'
        + event("intermediateThrowEvent", "x", escalation("X1"))
        + flows("bs > x > a")
    )
    one = case(
        boxed(
            inner,
            boundary("up", "box", escalation("X1"), interrupting=False),
            '<userTask id="lead"/>' + flows("up > lead"),
        )
    )

    one.start()

    assert one.tasks == ["p.a.1", "p.lead.1"]


def test_an_interrupting_escalation_ends_its_thrower():
    inner = (
        '<startEvent id="bs"/><userTask id="a"/>'
        + event("intermediateThrowEvent", "x", escalation("X1"))
        + flows("bs > x > a")
    )
    one = case(
        boxed(
            inner,
            boundary("up", "box", escalation("X1")),
            '<userTask id="lead"/>' + flows("up > lead"),
        )
    )

    one.start()

    assert one.tasks == ["p.lead.1"]
    assert [
        e.get("cancelled")
        for e in one.events
        if e["element"] == "x" and e["type"] == "element_left"
    ] == [True]


def test_terminate_ends_the_innermost_scope_only():
    one = case(
        boxed(
            '<startEvent id="bs"/><parallelGateway id="g"/><userTask id="a"/><task id="k"/>'
            + event("endEvent", "stop", "<terminateEventDefinition/>")
            + flows("bs > g", "g > a", "g > k > stop")
        )
    )

    one.start()

    assert one.state == "completed"
    assert one.trace("element_left")[-4:] == [
        ("element_left", "stop", 1),
        ("element_left", "a", 1),
        ("element_left", "box", 1),
        ("element_left", "e", 1),
    ]


def test_an_error_event_may_keep_the_code_in_a_datum():
    caught = '<errorEventDefinition errorRef="E1" camunda:errorCodeVariable="why"/>'
    one = case(
        boxed(THROWS_E1, boundary("one", "box", caught), '<userTask id="o"/>' + flows("one > o"))
    )

    one.start()

    assert one.data == {"why": "e1"}
