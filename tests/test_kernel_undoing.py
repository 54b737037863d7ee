"""Compensation in its rarer positions: events, holds, instances, what is cut off."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.errors import OnHold
from tests.memory import flows, process
from tests.test_kernel_compensation import (
    case,
    compensate,
    instances,
    kept,
    on_compensation,
    throws,
    told,
    undone_by,
)
from tests.test_kernel_events import MESSAGE, boundary, event, sub
from tests.test_kernel_flows import user


def test_what_was_done_in_an_event_sub_process_is_undone_with_its_scope():
    handler = sub(
        "h",
        event("startEvent", "hs", MESSAGE, 'isInterrupting="false"')
        + user("a")
        + undone_by("a", kind="task")
        + flows("hs > a"),
        by_event=True,
    )
    box = sub(
        "box",
        '<startEvent id="bs"/>'
        + user("b")
        + undone_by("b", kind="task")
        + handler
        + flows("bs > b"),
    )
    one = case(box + user("z") + throws() + flows("s > box > th > z > e"))
    one.start()
    one.message("go")
    one.complete("a")

    one.complete("b")

    assert told(one) == [
        "thrown th#1",
        "started box#1",
        "started b#1",
        "completed b#1",
        "started h#1",
        "started a#1",
        "completed a#1",
        "completed h#1",
        "completed box#1",
    ]
    assert [e["path"] for e in one.events if e["type"] == "compensation_started"][-1] == [
        "box",
        "h",
    ]


def test_two_throws_share_what_there_is():
    one = case(
        '<parallelGateway id="f"/><parallelGateway id="j"/>'
        + user("a", "b", "k", "l")
        + undone_by("a")
        + undone_by("b")
        + throws("t1", "a")
        + throws("t2")
        + flows("s > a > b > f", "f > k > t1 > j", "f > l > t2 > j", "j > e")
    )
    one.start()
    one.complete("a")
    one.complete("b")
    one.complete("k")
    one.complete("l")

    assert one.tasks == ["p.undo_a.1", "p.undo_b.1"]
    one.complete("undo_b")
    one.complete("undo_a")
    assert one.state == "completed"
    assert told(one) == [
        "thrown t1#1",
        "started a#1",
        "thrown t2#1",
        "started b#1",
        "completed b#1",
        "completed a#1",
    ]


def test_a_sub_process_ends_when_a_compensation_that_is_not_waited_for_ends():
    box = sub(
        "box",
        user("a", "b") + undone_by("a") + throws(waits=False) + flows("a > th > b"),
    )
    one = case(box + user("z") + flows("s > box > z > e"))
    one.start()
    one.complete("a")
    one.complete("b")
    assert one.tasks == ["p.undo_a.1"]

    one.complete("undo_a")

    assert one.tasks == ["p.z.1"]


def test_every_instance_has_an_event_sub_process_of_its_own():
    inside = (
        '<startEvent id="is"/>'
        + user("a")
        + on_compensation(
            '<scriptTask id="k"><script>log = log + [one]</script></scriptTask>' + flows("hs > k")
        )
        + flows("is > a")
    )
    one = case(instances("subProcess", inside) + user("z") + throws() + flows("s > t > th > z > e"))
    one.start(items=["x", "y"], log=[])
    one.complete("p.a.2")
    one.complete("p.a.1")

    assert one.data["log"] == ["x", "y"]
    assert told(one)[1:] == ["started t#1.0", "completed t#1.0", "started t#1.1", "completed t#1.1"]


def test_the_handler_of_a_multi_instance_sub_process_runs_for_every_instance():
    undo = undone_by("t", kind="scriptTask", inside="<script>log = log + [[one, seat]]</script>")
    inside = '<dataObject id="seat" name="seat"/>' + user("a")
    one = case(
        instances("subProcess", inside) + undo + user("z") + throws() + flows("s > t > th > z > e")
    )
    one.start(items=["x", "y"], log=[])
    one.complete("p.a.1", seat=1)
    one.complete("p.a.2", seat=2)

    assert one.data["log"] == [["y", 2], ["x", 1]]


def test_a_handler_sees_what_was_mapped_into_the_activity():
    mapped = (
        "<extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="seat">${chosen}</camunda:inputParameter>'
        "</camunda:inputOutput></extensionElements>"
    )
    one = case(
        f'<userTask id="a">{mapped}</userTask>'
        + undone_by("a", kind="scriptTask", inside="<script>freed = seat</script>")
        + user("z")
        + throws()
        + flows("s > a > th > z > e")
    )
    one.start(chosen="12A")
    one.complete("a", chosen="14C")

    assert (one.data["freed"], one.data["chosen"]) == ("12A", "14C")


def test_an_instance_on_hold_holds_what_undoes_it():
    inside = user("a") + undone_by("a") + throws() + user("b") + flows("a > th > b")
    one = case(instances("subProcess", inside) + flows("s > t > e"))
    one.start(items=["x", "y"])
    one.complete("p.a.1")

    one.do(c.HoldScope("p.t.1", 0, "waits"))
    with pytest.raises(OnHold):
        one.complete("undo_a")
    one.do(c.ReleaseScope("p.t.1", 0))
    one.complete("undo_a")

    assert one.tasks == ["p.a.2", "p.b.1"]


def test_a_cancelled_instance_takes_its_handler_with_it():
    inside = user("a") + undone_by("a") + throws() + flows("a > th")
    one = case(instances("subProcess", inside) + user("z") + flows("s > t > z > e"))
    one.start(items=["x", "y"])
    one.complete("p.a.1")

    one.do(c.CancelInstance("p.t.1", 0, "no more"))
    assert "undo" not in one.snapshot.control
    one.complete("a")
    one.complete("undo_a")

    assert told(one) == [
        "thrown th#1",
        "started a#1",
        "thrown th#2",
        "started a#2",
        "completed a#2",
    ]
    assert one.tasks == ["p.z.1"]


def test_an_interrupting_event_cuts_off_what_undoes_and_its_throw():
    box = sub("box", user("a") + undone_by("a") + throws() + flows("a > th"))
    one = case(
        box + boundary("stop", "box", MESSAGE) + user("z") + flows("s > box > e", "stop > z")
    )
    one.start()
    one.complete("a")

    one.message("go")

    assert "undo" not in one.snapshot.control
    assert one.tasks == ["p.z.1"]


def test_a_sub_process_ended_by_terminate_keeps_what_was_done_in_it():
    box = sub(
        "box",
        '<startEvent id="bs"/><parallelGateway id="f"/>'
        + user("a", "w")
        + undone_by("a", kind="task")
        + event("endEvent", "stop", "<terminateEventDefinition/>")
        + flows("bs > f", "f > a > stop", "f > w"),
    )
    one = case(box + user("z") + throws() + flows("s > box > th > z > e"))
    one.start()

    one.complete("a")

    assert told(one)[1:] == ["started box#1", "started a#1", "completed a#1", "completed box#1"]


def test_a_throw_among_others_of_one_event_comes_in_its_turn():
    both = event(
        "intermediateThrowEvent", "th", '<signalEventDefinition signalRef="S"/>' + compensate()
    )
    one = case(user("a", "z") + undone_by("a", kind="task") + both + flows("s > a > th > z > e"))
    one.start()

    one.complete("a")

    assert [e["type"] for e in one.events if e["element"] == "th"][1:3] == [
        "signal_sent",
        "compensation_thrown",
    ]
    assert one.tasks == ["p.z.1"]


def test_a_message_that_ends_a_call_leaves_nothing_to_undo():
    called = process(
        '<startEvent id="cs"/>'
        + user("a", "w")
        + undone_by("a", kind="task")
        + flows("cs > a > w"),
        key="q",
    )
    one = case(
        '<callActivity id="k" calledElement="q"/>'
        + boundary("stop", "k", MESSAGE)
        + throws()
        + user("z")
        + flows("s > k > e", "stop > th > z"),
        called,
    )
    one.start()
    one.complete("q.a.1")
    assert kept(one, "p.k.1") == ["a#1"]

    one.message("go")

    assert told(one) == ["thrown th#1"]
    assert one.tasks == ["p.z.1"]


def test_hundreds_are_undone_by_one_throw():
    one = case(
        '<scriptTask id="t"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>300</loopCardinality></multiInstanceLoopCharacteristics>"
        "<script>n = n + 1</script></scriptTask>"
        + undone_by("t", kind="scriptTask", inside="<script>n = n - 1</script>")
        + user("z")
        + throws()
        + flows("s > t > th > z > e")
    )
    one.checks = False

    one.start(n=0)

    assert one.data["n"] == 0
    assert len(told(one)) == 601
    assert one.tasks == ["p.z.1"]


def test_an_inclusive_join_does_not_wait_for_what_is_being_undone():
    one = case(
        '<inclusiveGateway id="f"/><inclusiveGateway id="j"/>'
        '<exclusiveGateway id="x" default="x_j"/><endEvent id="e2"/>'
        + user("a", "b", "z")
        + undone_by("a")
        + throws(waits=False)
        + flows("s > f", "f > a : True", "f > b : True", "a > x", "x > th : True", "th > e2")
        + flows("x > j", "b > j", "j > z > e")
    )
    one.start()
    one.complete("a")
    assert one.tasks == ["p.b.1", "p.undo_a.1"]

    one.complete("b")

    assert one.tasks == ["p.undo_a.1", "p.z.1"]
