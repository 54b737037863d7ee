"""Holds, limits that follow their expression, incidents and retry, and too much of anything."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.errors import NotFound, NothingWaits, OnHold, StepLimit, WrongState
from engine.kernel import run
from tests.memory import Case, flows, process, trace
from tests.test_kernel_events import TIMER, boundary, condition
from tests.test_kernel_loops import multi

AROUND = '<startEvent id="s"/><endEvent id="e"/>'


def task(due: str = "working_hours(8)", timer: str = "working_hours(4)", **more: str) -> Case:
    extra = "".join(f'<camunda:property name="{k}" value="{v}"/>' for k, v in more.items())
    return Case(
        process(
            AROUND
            + f'<userTask id="t" camunda:dueDate="{due}"><extensionElements><camunda:properties>'
            + f"{extra}</camunda:properties></extensionElements></userTask>"
            + boundary("b", "t", TIMER.format(timer), interrupting=False)
            + '<userTask id="late"/>'
            + flows("s > t > e", "b > late")
        )
    )


def at(hour: int, day: int = 14) -> str:
    return f"2026-09-{day:02}T{hour:02}:00:00+08:00"


def due(one: Case, name: str = "p.t.1") -> tuple[str | None, str | None]:
    row = one.snapshot.control["tasks"][name]
    return row[3], row[4]


# -- holds ------------------------------------------------------------------------


def test_a_suspended_task_keeps_the_working_time_that_was_left():
    one = task()
    one.start()

    one.later(1)
    held = one.do(c.SuspendTask("p.t.1", "waits for rain to stop"))
    assert [(e["type"], e.get("remaining")) for e in held] == [
        ("task_held", None),
        ("timer_held", {"$amount": 3.0, "unit": "WH"}),
    ]
    assert one.timers == {}
    with pytest.raises(OnHold):
        one.complete("t")
    with pytest.raises(NothingWaits):
        one.do(c.FireTimer(1, at(13)))
    with pytest.raises(WrongState):
        one.do(c.SuspendTask("p.t.1"))
    one.later(10)
    released = one.do(c.ResumeTask("p.t.1"))

    assert [(e["type"], e["due_at"]) for e in released] == [
        ("task_released", at(3, 15)),
        ("timer_armed", at(23)),
    ]
    assert due(one) == (at(3, 15), at(17))
    with pytest.raises(WrongState):
        one.do(c.ResumeTask("p.t.1"))


def test_a_suspended_case_stands_still_until_it_is_resumed():
    one = task()
    one.start()

    one.do(c.SuspendCase("flood"))
    assert one.state == "suspended"
    for command in (
        c.CompleteTask("p.t.1"),
        c.ClaimTask("p.t.1"),
        c.FireTimer(1, at(13)),
        c.CorrelateMessage("x"),
        c.ReceiveSignal("x"),
        c.CompleteJob("p.t.1"),
        c.SuspendCase(),
    ):
        with pytest.raises(WrongState):
            one.do(command)
    one.do(c.AddComment("p.t.1", "still here"))
    one.later(24)
    one.do(c.ResumeCase())

    assert one.state == "open"
    assert one.timers == {1: at(13, 15)}
    assert due(one) == (at(17, 15), at(17))


def test_a_clock_inside_two_holds_starts_when_the_last_one_is_gone():
    one = task()
    one.start()

    one.do(c.SuspendTask("p.t.1"))
    one.do(c.SuspendCase())
    one.later(5)
    one.do(c.ResumeCase())
    assert one.timers == {}
    one.do(c.ResumeTask("p.t.1"))

    assert one.timers == {1: at(18)}
    assert one.trace("timer_held", "timer_armed") == [
        ("timer_armed", "b", 1),
        ("timer_held", "b", 1),
        ("timer_armed", "b", 1),
    ]


INSTANCES = (
    '<startEvent id="bs"/><userTask id="a" camunda:dueDate="PT8H"/><userTask id="b2"/>'
    + boundary("b", "a", TIMER.format("PT4H"), interrupting=False)
    + '<receiveTask id="r" messageRef="M"/><userTask id="late"/>'
    + flows("bs > a > b2", "b > r > late")
)


def departments() -> Case:
    return Case(
        process(
            AROUND + multi("subProcess", inside=INSTANCES) + flows("s > t > e"),
            extra='<message id="M" name="go"/>',
        )
    )


def test_a_held_instance_takes_no_work_and_its_siblings_go_on():
    one = departments()
    one.start(items=["D04", "D07"])

    held = one.do(c.HoldScope("p.t.1", 0, "hand-over"))
    assert [(e["type"], e["element"], e.get("instance"), e["path"]) for e in held] == [
        ("scope_held", "t", 0, []),
        ("task_held", "a", None, ["t[D04]"]),
        ("timer_held", "b", None, ["t[D04]"]),
    ]
    with pytest.raises(OnHold):
        one.complete("p.a.1")
    one.complete("p.a.2")
    one.later(2)
    released = one.do(c.ReleaseScope("p.t.1", 0))

    assert [(e["type"], e.get("due_at")) for e in released] == [
        ("scope_released", None),
        ("task_released", at(19)),
        ("timer_armed", at(15)),
    ]
    one.complete("p.a.1")
    assert one.tasks == ["p.b2.1", "p.b2.2"]


def test_what_opens_inside_a_held_instance_is_held_too():
    one = Case(
        process(
            AROUND
            + multi(
                "subProcess",
                inside='<startEvent id="bs"/><receiveTask id="r" messageRef="M"/><userTask id="a"/>'
                + boundary("b", "a", TIMER.format("PT4H"), interrupting=False)
                + flows("bs > r > a", "b > a"),
            )
            + flows("s > t > e"),
            extra='<message id="M" name="go"/>',
        )
    )
    one.start(items=["D04"])
    one.do(c.HoldScope("p.t.1", 0))

    got = one.message("go")

    assert trace(got)[-3:] == [
        ("timer_armed", "b", 1),
        ("timer_held", "b", 1),
        ("task_opened", "a", 1),
    ]
    assert got[-1]["held"] is True
    with pytest.raises(OnHold):
        one.complete("a")
    released = one.do(c.ReleaseScope("p.t.1", 0))
    assert trace(released, "task_released", "timer_armed") == [
        ("task_released", "a", 1),
        ("timer_armed", "b", 1),
    ]
    one.complete("a")
    assert one.state == "completed"


def topic(id_: str, name: str, **inputs: str) -> str:
    mapped = "".join(
        f'<camunda:inputParameter name="{k}">{v}</camunda:inputParameter>'
        for k, v in inputs.items()
    )
    return (
        f'<serviceTask id="{id_}" camunda:topic="{name}"><extensionElements><camunda:inputOutput>'
        f"{mapped}</camunda:inputOutput></extensionElements></serviceTask>"
    )


def test_a_service_task_holds_and_releases_its_siblings():
    inside = (
        '<startEvent id="bs"/><userTask id="a"/><exclusiveGateway id="x" default="x_free"/>'
        + topic("hold", "hold-siblings", reason="dispute")
        + topic("free", "release-siblings")
        + flows("bs > a > x", "x > hold : hold", "hold > a", "x > free")
    )
    one = Case(process(AROUND + multi("subProcess", inside=inside) + flows("s > t > e")))
    one.start(items=["D04", "D07"])

    one.complete("p.a.1", hold=True)
    with pytest.raises(OnHold):
        one.complete("p.a.2", hold=False)
    one.complete("p.a.3", hold=False)
    one.complete("p.a.2", hold=False)

    assert one.trace("scope_held", "scope_released") == [
        ("scope_held", "t", 1),
        ("scope_released", "t", 1),
    ]
    assert one.state == "completed"


def test_a_service_task_may_cancel_a_sibling_or_its_own_instance():
    inside = (
        '<startEvent id="bs"/><userTask id="a"/>'
        + topic("drop", "cancel-instance", key="${who}", reason="settled")
        + flows("bs > a > drop")
    )
    one = Case(process(AROUND + multi("subProcess", inside=inside) + flows("s > t > e")))
    one.start(items=["D04", "D07", "D09"])

    one.complete("p.a.1", who="D09")
    assert one.tasks == ["p.a.2"]
    one.complete("p.a.2", who="D07")

    assert one.state == "completed"
    assert [e["instance"] for e in one.events if e["type"] == "instance_cancelled"] == [2, 1]


# -- limits that follow their expression --------------------------------------------


def test_a_timer_follows_the_datum_it_mentions():
    one = task(due="limit", timer="limit")
    one.start(limit="PT4H")

    got = one.do(c.ExtendTask("p.t.1", at(20), "rain"))

    assert [(e["type"], e.get("due_at")) for e in got] == [
        ("data_written", None),
        ("timer_cancelled", None),
        ("timer_armed", at(20)),
        ("task_due_changed", at(20)),
    ]
    assert got[-1]["original_due_at"] == at(13)
    assert got[-1]["reason"] == "rain"
    assert one.data["limit"] == at(20)
    assert one.timers == {1: at(20)}


def test_a_task_whose_due_moment_is_no_plain_datum_is_extended_by_itself():
    one = task(
        due="working_hours(hours)", timer="working_hours(hours)", warn="working_hours(hours - 1)"
    )
    one.start(hours=4)

    got = one.do(c.ExtendTask("p.t.1", "2026-09-15T09:00:00+08:00"))

    assert trace(got) == [("task_due_changed", "t", 1)]
    assert due(one) == (at(9, 15), at(13))
    assert one.timers == {1: at(13)}
    one.do(c.RecomputeDeadlines("2"))
    assert due(one) == (at(9, 15), at(13))


def test_a_limit_evaluated_again_counts_from_the_moment_it_was_set():
    one = task(due="working_hours(hours)", timer="working_hours(hours)")
    one.start(hours=4)
    one.do(c.ClaimTask("p.t.1"))

    one.later(2)
    one.world.factor = 2
    got = one.do(c.RecomputeDeadlines("2027"))

    assert [(e["type"], e.get("due_at")) for e in got] == [
        ("timer_cancelled", None),
        ("timer_armed", at(17)),
        ("task_due_changed", at(17)),
    ]


def test_a_recomputed_limit_that_stays_the_same_writes_nothing():
    one = task()
    one.start()

    one.later(2)

    assert one.do(c.RecomputeDeadlines("2027")) == []


def test_a_limit_that_was_on_hold_keeps_what_was_left_when_recomputed():
    one = task()
    one.start()
    one.do(c.SuspendTask("p.t.1"))
    one.later(3)
    one.do(c.ResumeTask("p.t.1"))

    assert one.do(c.RecomputeDeadlines("2027")) == []
    assert one.timers == {1: at(16)}
    assert due(one) == (at(20), at(17))


def test_an_iso_duration_is_never_evaluated_again():
    one = task(due="PT8H", timer="PT4H")
    one.start()
    asked = len(one.world.asked)

    one.later(2)
    one.do(c.RecomputeDeadlines("2027"))

    assert asked == len(one.world.asked) == 0
    assert one.timers == {1: at(13)}


def test_a_parallel_branch_moves_a_deadline_by_writing_its_datum():
    one = Case(
        process(
            AROUND
            + '<parallelGateway id="g"/><userTask id="t"/><userTask id="w"/>'
            + boundary("b", "t", TIMER.format("working_hours(hours)"), interrupting=False)
            + flows("s > g", "g > t > e", "g > w > e", "b > e")
        )
    )
    one.start(hours=4)

    one.later(3)
    got = one.complete("w", hours=2)

    # 11:00 has passed: it is armed for it, and the application fires it at once.
    assert [(e["type"], e.get("due_at")) for e in got if e["element"] == "b"] == [
        ("timer_cancelled", None),
        ("timer_armed", at(11)),
    ]


# -- incidents ----------------------------------------------------------------------


def test_a_failing_script_waits_while_other_branches_go_on():
    one = Case(
        process(
            AROUND
            + '<parallelGateway id="g"/><scriptTask id="k"><script>x = 1 / n</script></scriptTask>'
            + '<userTask id="t"/>'
            + flows("s > g", "g > k > e", "g > t > e")
        )
    )
    one.start(n=0)

    assert one.incidents == [("k", "script-failed")]
    raised = next(e for e in one.events if e["type"] == "incident_raised")
    assert raised["expression"] == "x = 1 / n"
    one.complete("t")
    assert one.state == "incident"
    got = one.retry(n=2)

    assert trace(got)[:3] == [
        ("data_written", "k", 1),
        ("incident_resolved", "k", 1),
        ("data_written", "k", 1),
    ]
    assert one.state == "completed"
    assert one.data["x"] == 0.5


def test_a_retry_that_fails_again_leaves_a_new_incident():
    one = Case(
        process(
            AROUND
            + '<scriptTask id="k"><script>x = 1 / n</script></scriptTask>'
            + flows("s > k > e")
        )
    )
    one.start(n=0)

    one.retry()

    assert one.trace("incident_raised", "incident_resolved") == [
        ("incident_raised", "k", 1),
        ("incident_resolved", "k", 1),
        ("incident_raised", "k", 1),
    ]
    with pytest.raises(NotFound):
        one.retry(1)
    one.retry(2, n=1)
    assert one.state == "completed"


def test_a_boundary_timer_that_is_no_moment_stops_the_task_before_it_opens():
    one = task(timer="hours")
    one.start(hours=7)

    assert one.incidents == [("t", "timer-failed")]
    assert one.tasks == []
    one.retry(hours="PT2H")

    assert list(one.timers.values()) == [at(11)]
    assert one.tasks == ["p.t.1"]


def test_an_assignment_that_fails_is_an_incident_of_the_task():
    one = task(due="missing")
    one.start()

    assert one.incidents == [("t", "assignment-failed")]
    one.retry(missing="PT1H")
    assert one.tasks == ["p.t.1"]
    assert one.trace("timer_armed") == [("timer_armed", "b", 1)]


def test_a_mapping_out_of_a_sub_process_that_fails_keeps_it_open():
    one = Case(
        process(
            AROUND + '<subProcess id="t"><extensionElements><camunda:inputOutput>'
            '<camunda:outputParameter name="x">${missing}</camunda:outputParameter>'
            "</camunda:inputOutput></extensionElements>"
            '<startEvent id="bs"/></subProcess>' + flows("s > t > e")
        )
    )
    one.start()

    assert one.incidents == [("t", "mapping-failed")]
    one.retry(missing=3)

    assert one.data == {"missing": 3, "x": 3}
    assert one.state == "completed"


def test_a_result_that_cannot_be_gathered_keeps_its_instance_open():
    one = Case(process(AROUND + multi(output=("all", "answer")) + flows("s > t > e")))
    one.start(items=["a", "b"])

    one.complete("p.t.1.0")
    assert one.incidents == [("t", "output-failed")]
    one.complete("p.t.1.1", answer=2)
    one.retry(answer=1)

    assert one.data["all"] == [1, 2]
    assert one.state == "completed"


def test_a_collection_that_is_no_list_is_an_incident():
    one = Case(process(AROUND + multi(output=("all", "one")) + flows("s > t > e")))
    one.start(items=3)

    assert one.incidents == [("t", "collection-failed")]
    one.retry(items=[])
    assert one.state == "completed"


def test_a_condition_that_fails_later_does_not_stop_its_task():
    one = Case(
        process(
            AROUND
            + '<parallelGateway id="g"/><userTask id="t"/><userTask id="w"/><userTask id="u"/>'
            + boundary("b", "t", condition("n > 1"))
            + flows("s > g", "g > t > e", "g > w > e", "b > u > e")
        )
    )
    one.start(n=0)

    one.complete("w", n="x")
    assert one.incidents == [("t", "condition-failed")]
    assert one.tasks == ["p.t.1"]
    one.retry(n=3)

    assert one.tasks == ["p.u.1"]
    assert one.incidents == []


def test_an_incident_of_what_is_cut_off_is_resolved_with_it():
    one = Case(
        process(
            AROUND
            + '<scriptTask id="k"><script>x = missing</script></scriptTask>'
            + boundary("b", "k", TIMER.format("PT1H"))
            + flows("s > k > e", "b > e")
        )
    )
    one.start()

    fired = one.fire()

    assert trace(fired)[:3] == [
        ("timer_fired", "b", 1),
        ("incident_resolved", "k", 1),
        ("element_left", "k", 1),
    ]
    assert one.state == "completed"


def test_an_incident_from_outside_is_on_record_and_holds_nothing_up():
    one = task()
    one.start()

    one.do(c.RaiseIncident("t", "delivery-failed", "no route"))
    assert one.state == "incident"
    one.complete("t")
    assert one.state == "completed"
    one.retry()

    assert one.trace("incident_raised", "incident_resolved") == [
        ("incident_raised", "t", 1),
        ("incident_resolved", "t", 1),
    ]
    assert one.state == "completed"


# -- too much -------------------------------------------------------------------------


ENDLESS = (
    '<userTask id="t"/><exclusiveGateway id="m"/><task id="k"/><exclusiveGateway id="x" '
    'default="x_m"/>' + flows("t > m", "m > k > x", "x > m", "x > e : value('stop', False)")
)


def test_an_endless_loop_becomes_an_incident_and_changes_nothing_else():
    one = Case(process(AROUND + ENDLESS + flows("s > t")))
    one.checks = False
    one.start()
    before = one.snapshot.control

    got = one.complete("t", note="kept out")

    assert trace(got) == [("incident_raised", "t", 1)]
    assert one.incidents == [("t", "limit")]
    assert one.tasks == ["p.t.1"]
    assert "note" not in one.data
    assert one.snapshot.control["tokens"] == before["tokens"]
    one.complete("t", stop=True)
    assert one.state == "completed"


def test_a_start_that_never_ends_leaves_a_case_that_can_be_mended():
    one = Case(
        process(AROUND + ENDLESS.replace('<userTask id="t"/>', '<task id="t"/>') + flows("s > t"))
    )
    one.checks = False

    one.start(a=1)
    assert one.trace() == [("case_started", "p", 1), ("incident_raised", "p", 1)]
    with pytest.raises(StepLimit):
        one.retry()
    one.retry(stop=True)

    assert one.state == "completed"
    assert one.data == {"a": 1, "stop": True}


def test_a_timer_whose_firing_never_ends_is_not_due_again():
    one = Case(
        process(
            AROUND
            + ENDLESS.replace('<userTask id="t"/>', "").replace(flows("t > m"), "")
            + '<userTask id="w"/>'
            + boundary("b", "w", TIMER.format("PT1H"))
            + flows("s > w > e", "b > m")
        )
    )
    one.checks = False
    one.start()

    got = one.fire()
    assert trace(got) == [("timer_held", "b", 1), ("incident_raised", "w", 1)]
    one.retry(stop=True)

    assert one.state == "completed"


def test_too_many_open_tokens_are_an_incident(monkeypatch):
    monkeypatch.setattr(run, "MAX_OPEN", 20)
    one = Case(process(AROUND + multi() + flows("s > t > e")))
    one.checks = False

    one.start(items=list(range(30)))

    assert one.trace() == [("case_started", "p", 1), ("incident_raised", "p", 1)]
