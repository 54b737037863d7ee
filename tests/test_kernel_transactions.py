"""Transactions: cancelling ends what goes on, undoes what was done, and takes its way."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.errors import NothingWaits
from tests.memory import Case, flows, process, trace
from tests.test_kernel_compensation import (
    AROUND,
    COMPENSATE,
    on_compensation,
    throws,
    told,
    undone_by,
)
from tests.test_kernel_events import ROOTS, SIGNAL, TIMER, boundary, error, event, sub
from tests.test_kernel_flows import user

CANCEL = "<cancelEventDefinition/>"
FORK = '<startEvent id="bs"/><parallelGateway id="f"/>'


def transaction(body: str, id_: str = "tx", more: str = "") -> str:
    return f'<transaction id="{id_}">{more}{body}</transaction>'


def cancels(id_: str = "ce") -> str:
    return event("endEvent", id_, CANCEL)


def case(body: str, *files: bytes) -> Case:
    around = boundary("cb", "tx", CANCEL) + user("z", "after")
    ways = flows("s > tx > z > e", "cb > after > e")
    return Case(process(AROUND + body + around + ways, extra=ROOTS), *files)


THREE = transaction(
    FORK
    + user("a", "b", "d", "k", "open_still")
    + undone_by("a")
    + undone_by("b")
    + undone_by("d")
    + undone_by("open_still")
    + cancels()
    + flows("bs > f", "f > a > b > d > k > ce", "f > open_still")
)


def test_three_that_are_done_are_undone_and_one_that_goes_on_is_cut_off():
    one = case(THREE)
    one.start()
    for task in ("a", "b", "d"):
        one.complete(task)

    cancelled = one.complete("k")

    assert trace(cancelled)[5:] == [
        ("element_entered", "ce", 1),
        ("element_left", "ce", 1),
        ("transaction_cancelled", "tx", 1),
        ("task_cancelled", "open_still", 1),
        ("element_left", "open_still", 1),
        ("compensation_started", "d", 1),
        ("element_entered", "undo_d", 1),
        ("task_opened", "undo_d", 1),
    ]
    assert [e["path"] for e in cancelled[5:]] == [["tx"], ["tx"], [], *[["tx"]] * 5]
    one.complete("undo_d")
    one.complete("undo_b")
    assert one.tasks == ["p.undo_a.1"]
    last = one.complete("undo_a")
    assert trace(last)[3:] == [
        ("element_left", "undo_a", 1),
        ("compensation_completed", "a", 1),
        ("element_left", "tx", 1),
        ("element_entered", "cb", 1),
        ("element_left", "cb", 1),
        ("flow_taken", "cb", 1),
        ("element_entered", "after", 1),
        ("task_opened", "after", 1),
    ]
    assert last[5]["cancelled"] is True
    one.complete("after")
    assert one.state == "completed"


def test_a_transaction_that_ends_well_goes_on_and_can_be_undone_later():
    one = Case(
        process(
            AROUND
            + transaction(user("a") + undone_by("a", kind="task"))
            + user("z")
            + throws()
            + flows("s > tx > th > z > e"),
        )
    )
    one.start()
    one.complete("a")

    assert told(one) == [
        "thrown th#1",
        "started tx#1",
        "started a#1",
        "completed a#1",
        "completed tx#1",
    ]
    assert one.tasks == ["p.z.1"]


def test_with_nothing_done_the_way_is_taken_at_once():
    one = case(transaction('<startEvent id="bs"/>' + user("k") + cancels() + flows("bs > k > ce")))
    one.start()

    one.complete("k")

    assert told(one) == []
    assert one.tasks == ["p.after.1"]


def test_a_cancelled_transaction_that_nobody_catches_ends_its_token():
    body = transaction(
        '<startEvent id="bs"/>'
        + user("k")
        + undone_by("k", kind="task")
        + cancels()
        + flows("bs > k > ce")
    )
    one = Case(process(AROUND + body + user("z") + flows("s > tx > z > e")))
    one.start()

    done = one.complete("k")

    assert trace(done)[-3:] == [
        ("compensation_completed", "k", 1),
        ("element_left", "tx", 1),
        ("case_completed", "p", 1),
    ]


def test_work_done_in_a_sub_process_that_goes_on_is_undone_too():
    inner = sub(
        "box",
        user("x", "y")
        + undone_by("x", kind="task")
        + undone_by("y", kind="task")
        + on_compensation(user("never") + flows("hs > never"))
        + flows("x > y"),
    )
    one = case(
        transaction(
            FORK
            + user("a", "k")
            + undone_by("a", kind="task")
            + inner
            + cancels()
            + flows("bs > f", "f > a > k > ce", "f > box")
        )
    )
    one.start()
    one.complete("x")
    one.complete("a")
    one.complete("k")

    # What was cut off was not completed: its own event sub-process does not begin.
    assert told(one) == [
        "started box#1",
        "started x#1",
        "completed x#1",
        "completed box#1",
        "started a#1",
        "completed a#1",
    ]
    assert one.tasks == ["p.after.1"]


def test_a_cancel_from_deeper_inside_cancels_the_transaction_around_it():
    box = sub("box", '<startEvent id="xs"/>' + user("k") + cancels() + flows("xs > k > ce"))
    one = case(
        transaction(
            '<startEvent id="bs"/>'
            + user("a")
            + undone_by("a", kind="task")
            + box
            + flows("bs > a > box")
        )
    )
    one.start()
    one.complete("a")

    one.complete("k")

    assert told(one) == ["started a#1", "completed a#1"]
    assert one.tasks == ["p.after.1"]


def test_an_error_leaves_a_transaction_without_undoing_anything():
    body = transaction(
        '<startEvent id="bs"/>'
        + user("a", "k")
        + undone_by("a", kind="task")
        + event("endEvent", "fail", error("E1"))
        + cancels("never")
        + '<exclusiveGateway id="x" default="x_never"/>'
        + flows("bs > a > k > x", "x > fail : True", "x > never")
    )
    one = case(body + boundary("hazard", "tx", error("E1")) + user("mend") + flows("hazard > mend"))
    one.start()
    one.complete("a")

    one.complete("k")

    assert told(one) == []
    assert one.tasks == ["p.mend.1"]
    assert "undo" not in one.snapshot.control


def test_an_error_while_it_is_being_undone_is_a_hazard_too():
    fails = event("endEvent", "fail", error("E1"))
    body = transaction(
        '<startEvent id="bs"/>'
        + user("a", "k")
        + undone_by("a", kind="subProcess", inside=fails)
        + cancels()
        + sub(
            "h",
            event("startEvent", "hs", error("E1")) + user("never") + flows("hs > never"),
            by_event=True,
        )
        + flows("bs > a > k > ce")
    )
    one = case(body + boundary("hazard", "tx", error("E1")) + user("mend") + flows("hazard > mend"))
    one.start()
    one.complete("a")

    one.complete("k")

    assert told(one) == ["started a#1"]
    assert one.tasks == ["p.mend.1"]


def test_a_limit_on_the_transaction_is_over_once_it_is_cancelled():
    one = case(
        THREE + boundary("late", "tx", TIMER.format("PT4H")) + user("mend") + flows("late > mend")
    )
    one.start()
    assert one.timers == {1: "2026-09-14T13:00:00+08:00"}
    one.complete("a")
    one.complete("b")
    one.complete("d")

    one.complete("k")

    assert one.timers == {}
    assert [e["type"] for e in one.events if e["element"] == "late"] == [
        "timer_armed",
        "timer_cancelled",
    ]


def test_an_interrupting_event_leaves_a_transaction_without_undoing_anything():
    body = transaction(
        '<startEvent id="bs"/>'
        + user("a", "k")
        + undone_by("a", kind="task")
        + cancels()
        + flows("bs > a > k > ce")
    )
    one = case(body + boundary("stop", "tx", SIGNAL) + user("mend") + flows("stop > mend"))
    one.start()
    one.complete("a")

    one.do(c.ReceiveSignal("alarm", {}))

    assert told(one) == []
    assert one.tasks == ["p.mend.1"]


def test_terminate_inside_ends_the_transaction_and_undoes_nothing():
    body = transaction(
        FORK
        + user("a", "k", "w")
        + undone_by("a", kind="task")
        + event("endEvent", "stop", "<terminateEventDefinition/>")
        + flows("bs > f", "f > a > k > stop", "f > w")
    )
    one = case(body)
    one.start()
    one.complete("a")

    one.complete("k")

    assert told(one) == []
    assert one.tasks == ["p.z.1"]


def test_a_cancelled_multi_instance_undoes_all_of_its_instances():
    multiple = (
        '<multiInstanceLoopCharacteristics camunda:collection="items" '
        'camunda:elementVariable="one"/>'
    )
    body = transaction(
        '<startEvent id="bs"/><exclusiveGateway id="x" default="x_ee"/><endEvent id="ee"/>'
        + user("a", "k")
        + undone_by("a", kind="scriptTask", inside="<script>log = log + [one]</script>")
        + cancels()
        + flows("bs > a > k > x", "x > ce : stop", "x > ee"),
        more=multiple,
    )
    one = case(body)
    one.start(items=["x", "y", "w"], log=[])
    one.complete("p.a.1")
    one.complete("p.a.2")
    one.complete("p.k.1", stop=False)

    one.complete("p.k.2", stop=True)

    # The first is completed; the second has cancelled; the third had done nothing.
    assert one.data["log"] == ["y", "x"]
    assert [e["element"] for e in one.events if e["type"] == "transaction_cancelled"] == ["tx"]
    assert one.tasks == ["p.after.1"]


def test_a_cancelled_multi_instance_takes_no_more_instances():
    multiple = (
        '<multiInstanceLoopCharacteristics camunda:collection="items" '
        'camunda:elementVariable="one"/>'
    )
    one = case(
        transaction(
            '<startEvent id="bs"/>' + user("k") + undone_by("k") + cancels() + flows("bs > k > ce"),
            more=multiple,
        )
    )
    one.start(items=["x"])
    one.complete("k")

    with pytest.raises(NothingWaits):
        one.do(c.AddInstance("p.tx.1", "y"))
    one.complete("undo_k")

    assert one.tasks == ["p.after.1"]


def test_a_compensation_that_was_under_way_is_done_to_the_end_by_the_cancel():
    body = transaction(
        FORK
        + user("a", "b", "k", "w")
        + undone_by("a")
        + undone_by("b")
        + throws()
        + cancels()
        + flows("bs > f", "f > a > b > th > w", "f > k > ce")
    )
    one = case(body)
    one.start()
    one.complete("a")
    one.complete("b")
    assert one.tasks == ["p.k.1", "p.undo_b.1"]

    one.complete("k")
    assert one.tasks == ["p.undo_b.2"]
    one.complete("undo_b")
    one.complete("undo_a")

    assert one.tasks == ["p.after.1"]
    assert told(one) == [
        "thrown th#1",
        "started b#1",
        "started b#1",
        "completed b#1",
        "started a#1",
        "completed a#1",
    ]


def test_a_cancelled_transaction_is_not_undone_again():
    one = Case(
        process(
            AROUND
            + transaction(
                '<startEvent id="bs"/>'
                + user("a")
                + undone_by("a", kind="task")
                + cancels()
                + flows("bs > a > ce")
            )
            + f'<boundaryEvent id="c_tx" attachedToRef="tx">{COMPENSATE}</boundaryEvent>'
            + '<task id="undo_tx" isForCompensation="true"/>'
            + '<association id="by_tx" sourceRef="c_tx" targetRef="undo_tx"/>'
            + boundary("cb", "tx", CANCEL)
            + throws()
            + user("z")
            + flows("s > tx > e", "cb > th > z"),
        )
    )
    one.start()

    one.complete("a")

    assert told(one) == ["started a#1", "completed a#1", "thrown th#1"]
    assert one.tasks == ["p.z.1"]


def test_a_failing_handler_keeps_a_cancelled_transaction_open():
    body = transaction(
        '<startEvent id="bs"/>'
        + user("a", "k")
        + undone_by("a", kind="scriptTask", inside="<script>undone = missing</script>")
        + cancels()
        + flows("bs > a > k > ce")
    )
    one = case(body)
    one.start()
    one.complete("a")
    one.complete("k")
    assert one.incidents == [("undo_a", "script-failed")]

    one.retry(missing=1)

    assert one.tasks == ["p.after.1"]
