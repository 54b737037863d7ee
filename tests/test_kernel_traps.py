"""Where token machines go wrong: each of these was fallen into once, here or elsewhere."""

from __future__ import annotations

import json

from engine import commands as c
from engine.execution import Snapshot
from tests.memory import Case, flows, process, trace
from tests.test_kernel_events import (
    MESSAGE,
    ROOTS,
    SIGNAL,
    TIMER,
    boundary,
    condition,
    error,
    event,
    event_sub,
    sub,
)
from tests.test_kernel_flows import user
from tests.test_kernel_limits import at, due, topic
from tests.test_kernel_loops import multi

AROUND = '<startEvent id="s"/><endEvent id="e"/>'


def case(body: str) -> Case:
    return Case(process(AROUND + body, extra=ROOTS))


# -- inclusive joins ---------------------------------------------------------------


def test_a_token_that_could_still_fill_a_filled_flow_is_not_waited_for():
    # From a the token may come by x_j, which is empty, or over b by b_j, which is filled.
    one = case(
        '<inclusiveGateway id="f"/><inclusiveGateway id="j"/><exclusiveGateway id="m"/>'
        '<exclusiveGateway id="x" default="x_j"/>'
        + user("a", "b", "z")
        + flows("s > f", "f > a : True", "f > m : True", "m > b > j", "a > x", "x > j")
        + flows("x > m : back", "j > z > e")
    )
    one.start(back=False)

    one.complete("b")
    assert one.tasks == ["p.a.1", "p.z.1"]
    one.complete("a")

    assert one.tasks == ["p.z.1", "p.z.2"]


def test_a_token_held_in_another_join_is_waited_for():
    # d is never reached, so pj never fires, and j must not fire without it.
    one = case(
        '<inclusiveGateway id="f"/><inclusiveGateway id="j"/><parallelGateway id="pj"/>'
        '<exclusiveGateway id="y" default="y_z"/>'
        + user("a", "b", "d", "z")
        + flows("s > f", "f > a : True", "f > b : True", "f > y : True", "y > d : False")
        + flows("y > z", "a > pj", "d > pj", "pj > j", "b > j", "j > e")
    )
    one.start()

    one.complete("a")
    one.complete("b")
    one.complete("z")

    assert one.entered().count("j#1") == 0
    assert one.snapshot.control["merges"] == {"": {"j": {"b_j": 1}}}


def test_a_way_through_the_join_itself_does_not_count_as_a_way_to_it():
    one = case(
        '<inclusiveGateway id="f"/><inclusiveGateway id="j"/><exclusiveGateway id="m"/>'
        '<exclusiveGateway id="x" default="x_e"/>'
        + user("a", "b", "k")
        + flows("s > f", "f > a : True", "f > m : True", "m > b > j", "a > j", "j > k > x")
        + flows("x > m : again", "x > e")
    )
    one.start(again=False)

    one.complete("b")
    assert one.tasks == ["p.a.1"]
    one.complete("a")
    assert one.tasks == ["p.k.1"]
    one.complete("k", again=True)
    one.complete("b")

    # b came round alone; a can no longer come, so nobody waits for it.
    assert one.tasks == ["p.k.2"]


# -- what is cut off is cut off whole -------------------------------------------------


def test_a_token_held_in_a_join_goes_with_an_interrupted_scope():
    one = case(
        '<parallelGateway id="f"/><parallelGateway id="j"/>'
        + user("a", "b")
        + event_sub(MESSAGE, interrupting=True)
        + flows("s > f", "f > a > j", "f > b > j", "j > e")
    )
    one.start()
    one.complete("a")

    one.message("go")

    assert "joins" not in one.snapshot.control
    one.complete("h")
    assert one.state == "completed"


def test_a_token_on_its_way_goes_with_its_scope():
    # The script makes the condition true while the way to the task is already taken.
    one = case(
        sub(
            "box",
            '<startEvent id="bs"/><scriptTask id="k"><script>n = 5</script></scriptTask>'
            '<userTask id="t"/>' + flows("bs > k > t"),
        )
        + boundary("b", "box", condition("n > 1"))
        + flows("s > box > e", "b > u")
        + user("u")
    )

    one.start(n=0)

    assert one.tasks == ["p.u.1"]
    assert one.entered() == ["s#1", "box#1", "bs#1", "k#1", "b#1", "u#1"]


def test_an_incident_of_a_sub_process_goes_with_it():
    mapping = (
        "<extensionElements><camunda:inputOutput>"
        '<camunda:outputParameter name="x">${missing}</camunda:outputParameter>'
        "</camunda:inputOutput></extensionElements>"
    )
    one = case(
        sub("box", mapping + '<startEvent id="bs"/>')
        + boundary("b", "box", TIMER.format("PT1H"))
        + flows("s > box > e", "b > e")
    )
    one.start()
    assert one.incidents == [("box", "mapping-failed")]

    fired = one.fire()

    assert trace(fired)[:3] == [
        ("timer_fired", "b", 1),
        ("incident_resolved", "box", 1),
        ("element_left", "box", 1),
    ]
    assert one.state == "completed"


def test_what_event_sub_processes_wait_for_goes_with_their_scope():
    one = case(
        sub(
            "box",
            '<startEvent id="bs"/><userTask id="a"/>'
            + event_sub(MESSAGE, interrupting=False)
            + flows("bs > a"),
        )
        + boundary("b", "box", TIMER.format("PT1H"))
        + flows("s > box > e", "b > e")
    )
    one.start()

    fired = one.fire()

    assert trace(fired, "message_abandoned") == [("message_abandoned", "hs", 1)]
    assert one.state == "completed"


def test_an_interrupting_event_sub_process_closes_its_siblings():
    sibling = sub(
        "other",
        event("startEvent", "os", SIGNAL) + '<userTask id="o"/>' + flows("os > o"),
        by_event=True,
    )
    one = case(user("t") + event_sub(MESSAGE, interrupting=True) + sibling + flows("s > t > e"))
    one.start()

    got = one.message("go")

    assert trace(got)[:2] == [("message_received", "hs", 1), ("signal_abandoned", "os", 1)]
    assert "subs" not in one.snapshot.control


def test_a_signal_is_not_given_to_who_it_has_just_cut_off():
    one = case(
        sub(
            "box",
            '<startEvent id="bs"/>'
            + event("intermediateCatchEvent", "w", SIGNAL)
            + flows("bs > w"),
        )
        + boundary("b", "box", SIGNAL)
        + flows("s > box > e", "b > e")
    )
    one.start()

    got = one.do(c.ReceiveSignal("alarm"))

    assert trace(got, "signal_received", "signal_abandoned") == [
        ("signal_received", "b", 1),
        ("signal_abandoned", "w", 1),
    ]


def test_a_throw_that_is_cut_off_before_its_turn_throws_nothing():
    other = '<messageEventDefinition messageRef="N"/>'
    one = case(
        '<parallelGateway id="g"/>'
        + event("intermediateThrowEvent", "first", MESSAGE)
        + sub(
            "box",
            '<startEvent id="bs"/><task id="k"/>'
            + event("intermediateThrowEvent", "second", other)
            + flows("bs > k > second"),
        )
        + boundary("b", "box", MESSAGE)
        + flows("s > g", "g > first > e", "g > box > e", "b > e")
    )

    one.start()

    assert one.trace("message_sent") == [("message_sent", "first", 1)]
    assert one.state == "completed"


def test_an_error_that_cuts_off_its_own_scope_leaves_no_count_behind():
    one = case(
        sub(
            "box",
            '<startEvent id="bs"/><parallelGateway id="g"/><userTask id="a"/>'
            + event("endEvent", "bad", error("E1"))
            + flows("bs > g", "g > a", "g > bad")
            + sub(
                "handler",
                event("startEvent", "hs", error("E1")) + '<userTask id="h"/>' + flows("hs > h"),
                by_event=True,
            ),
        )
        + flows("s > box > e")
    )

    one.start()

    assert one.tasks == ["p.h.1"]
    one.complete("h")
    assert one.state == "completed"


# -- loops ------------------------------------------------------------------------------


def test_killing_a_multi_instance_reaches_the_content_of_its_instances():
    one = case(
        multi(
            "subProcess",
            inside='<startEvent id="bs"/><parallelGateway id="g"/><userTask id="a"/>'
            + event("intermediateCatchEvent", "w", MESSAGE)
            + flows("bs > g", "g > a", "g > w"),
        )
        + boundary("b", "t", TIMER.format("PT1H"))
        + flows("s > t > e", "b > e")
    )
    one.start(items=["D04", "D07"])

    fired = one.fire()

    assert [(e["type"], e["element"], e["nth"], e.get("instance")) for e in fired][1:-7] == [
        ("task_cancelled", "a", 1, None),
        ("element_left", "a", 1, None),
        ("message_abandoned", "w", 1, None),
        ("element_left", "w", 1, None),
        ("element_left", "t", 1, 0),
        ("task_cancelled", "a", 2, None),
        ("element_left", "a", 2, None),
        ("message_abandoned", "w", 2, None),
        ("element_left", "w", 2, None),
        ("element_left", "t", 1, 1),
    ]
    assert one.state == "completed"
    assert one.snapshot.control.keys() == {"semantics", "case", "next"}


def test_an_instance_is_added_to_the_multi_instance_around_a_loop():
    inside = (
        '<startEvent id="bs"/><subProcess id="again"><standardLoopCharacteristics loopMaximum="2"/>'
        '<startEvent id="as"/><userTask id="a"/>'
        + topic("more", "add-instance", item="D09")
        + flows("as > a > more")
        + "</subProcess>"
        + flows("bs > again")
    )
    one = case(multi("subProcess", inside=inside) + flows("s > t > e"))
    one.start(items=["D04"])

    one.complete("a")

    assert trace(one.events, "instance_added") == [("instance_added", "t", 1)]
    assert one.tasks == ["p.a.2", "p.a.3"]


def test_a_cancelled_instance_is_no_longer_counted():
    one = case(multi(completion="nrOfCompletedInstances >= nrOfInstances / 2") + flows("s > t > e"))
    one.start(items=[1, 2, 3, 4])

    one.do(c.CancelInstance("p.t.1", 0))
    one.do(c.CancelInstance("p.t.1", 1))
    one.complete("p.t.1.2")

    assert one.state == "completed"


def test_ten_thousand_rounds_leave_no_trace_in_the_marking():
    one = case(
        '<exclusiveGateway id="m"/><userTask id="t"/><exclusiveGateway id="x" default="x_e"/>'
        + flows("s > m > t > x", "x > m : go", "x > e")
    )
    one.start(go=True)
    small = len(json.dumps(one.snapshot.control))

    for number in range(1, 10_000):
        command = c.CompleteTask(f"p.t.{number}")
        one.snapshot = one.kernel.apply(
            one.bundle, one.snapshot, command, now=one.now, actor="ann", world=one.world
        ).snapshot

    assert len(json.dumps(one.snapshot.control)) <= small + 40  # the digits of four counts


def test_calls_as_deep_as_allowed_come_back():
    # Each level is a multi-instance of one call: three scopes within each other.
    call = multi("callActivity", collection="deeper", more='calledElement="p"').replace(
        "<multiInstanceLoopCharacteristics ",
        '<extensionElements><camunda:in sourceExpression="[[]] * (len(one) &lt; 1 and left > 0)" '
        'target="deeper"/><camunda:in sourceExpression="left - 1" target="left"/>'
        "</extensionElements><multiInstanceLoopCharacteristics ",
    )
    one = case(call + user("u") + flows("s > t > u > e"))
    one.checks = False

    one.start(deeper=[[]], left=13)
    while one.state == "open":
        one.complete(one.tasks[-1])

    assert one.state == "completed"
    assert max(len(e["path"]) for e in one.events) == 14


# -- holds and limits ---------------------------------------------------------------------


def test_a_task_inside_two_holds_is_released_once():
    one = case('<userTask id="t" camunda:dueDate="PT8H"/>' + flows("s > t > e"))
    one.start()

    one.do(c.SuspendTask("p.t.1"))
    one.do(c.SuspendCase())
    one.later(2)
    one.do(c.ResumeCase())
    one.do(c.ResumeTask("p.t.1"))

    assert one.trace("task_held", "task_released") == [
        ("task_held", "t", 1),
        ("task_released", "t", 1),
    ]
    assert due(one) == (at(19), at(17))


def test_a_duration_that_is_evaluated_again_counts_from_its_arming():
    one = case(
        '<parallelGateway id="g"/>'
        + user("t", "w")
        + boundary("b", "t", TIMER.format("'PT' + str(hours) + 'H'"))
        + flows("s > g", "g > t > e", "g > w > e", "b > e")
    )
    one.start(hours=4)

    one.later(2)
    one.complete("w", hours=6)

    assert one.timers == {1: at(15)}


def test_a_datum_that_is_written_again_unchanged_does_not_undo_a_hold():
    one = case(
        '<parallelGateway id="g"/><userTask id="t" camunda:dueDate="working_hours(hours)"/>'
        + user("w")
        + boundary("b", "t", TIMER.format("working_hours(hours)"))
        + flows("s > g", "g > t > e", "g > w > e", "b > e")
    )
    one.start(hours=4)
    one.do(c.SuspendTask("p.t.1"))
    one.later(3)
    one.do(c.ResumeTask("p.t.1"))

    one.complete("w", hours=4)

    assert one.timers == {1: at(16)}
    assert due(one) == (at(16), at(13))


# -- states ---------------------------------------------------------------------------------


def test_the_same_commands_give_the_same_states_and_events():
    def told() -> tuple[list[object], Snapshot]:
        one = case(
            multi("subProcess", inside='<startEvent id="bs"/><userTask id="a"/>' + flows("bs > a"))
            + boundary("b", "t", TIMER.format("PT1H"), interrupting=False)
            + flows("s > t > e", "b > e")
        )
        one.start(items=["D04", "D07"])
        one.fire()
        one.complete("p.a.2", x=1)
        return list(one.events), one.snapshot

    assert told() == told()
