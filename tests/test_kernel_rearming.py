"""Limits that are not there yet, signing, holds of a sub-process, ends that are no completion."""

from __future__ import annotations

from engine import commands as c
from tests.memory import Case, flows, process
from tests.test_kernel_events import TIMER, boundary

AROUND = '<startEvent id="s"/><endEvent id="e"/>'


def late(text: str, **data: object) -> Case:
    """A task with a non-interrupting timer, and a second task to write data by."""
    one = Case(
        process(
            AROUND
            + '<parallelGateway id="fork"/><userTask id="t"/><userTask id="w"/>'
            + boundary("b", "t", TIMER.format(text), interrupting=False)
            + '<endEvent id="rung"/>'
            + flows("s > fork > t > e", "fork > w > fork2", "b > rung")
            + '<exclusiveGateway id="fork2"/>'
            + flows("fork2 > w2")
            + '<userTask id="w2"/>'
        )
    )
    one.start(**data)
    return one


def at(hour: int, day: int = 14) -> str:
    return f"2026-09-{day:02}T{hour:02}:00:00+08:00"


def armed(one: Case) -> list[tuple[str, str | None]]:
    return [
        (event["type"], event.get("due_at"))
        for event in one.events
        if event["type"].startswith("timer_")
    ]


def test_a_timer_without_a_moment_is_armed_when_its_datum_is_written():
    one = late("value('due')")
    assert one.timers == {}

    one.complete("w", due=at(15))

    assert armed(one) == [("timer_armed", at(15))]
    one.complete("w2", due=None)
    assert armed(one) == [("timer_armed", at(15)), ("timer_cancelled", None)]
    assert one.timers == {}


def test_a_timer_that_fired_is_armed_again_for_a_later_moment_only():
    one = late("value('due')", due=at(11))
    one.later(2)
    one.fire()

    one.complete("w", due=at(10))
    assert armed(one) == [("timer_armed", at(11)), ("timer_fired", at(11))]
    one.complete("w2", due=at(17))

    assert armed(one)[2:] == [("timer_armed", at(17))]
    one.later(6)
    one.fire()
    assert armed(one)[3:] == [("timer_fired", at(17))]


def test_a_limit_on_signing_stops_when_the_task_is_claimed_and_comes_back_with_it():
    one = late("None if value('t_claimed_at') else '2026-09-14T16:00:00+08:00'")

    one.do(c.ClaimTask("p.t.1"))
    assert one.timers == {}
    one.do(c.UnclaimTask("p.t.1"))

    assert one.timers == {1: at(16)}


def test_a_group_whose_unit_is_none_is_not_asked():
    one = Case(
        process(
            AROUND
            + "<userTask id=\"t\" camunda:candidateGroups=\"head@value('none'),clerk@'D04'\"/>"
            + flows("s > t > e")
        )
    )

    opened = one.start()

    (task,) = [event for event in opened if event["type"] == "task_opened"]
    assert task["candidates"] == [{"role": "clerk", "unit": "D04"}]


def test_a_task_that_nobody_is_asked_to_do_is_an_incident():
    one = Case(
        process(
            AROUND
            + '<userTask id="t" camunda:candidateGroups="head@value(\'none\')"/>'
            + flows("s > t > e")
        )
    )

    one.start()

    assert one.incidents == [("t", "assignment-failed")]


def test_a_terminate_end_with_the_property_end_cancels_the_case():
    one = Case(
        process(
            '<startEvent id="s"/><userTask id="t"/><endEvent id="e">'
            '<extensionElements><camunda:properties><camunda:property name="end" value="merged"/>'
            "</camunda:properties></extensionElements><terminateEventDefinition/></endEvent>"
            + flows("s > t > e")
        )
    )
    one.start()

    events = one.complete("t")

    assert one.state == "cancelled"
    assert [event["end"] for event in events if event["type"] == "case_cancelled"] == ["merged"]


HOLDING = (
    AROUND
    + '<parallelGateway id="fork"/>'
    + '<subProcess id="work"><startEvent id="ws"/><userTask id="t"/><endEvent id="we"/>'
    + flows("ws > t > we")
    + "</subProcess>"
    + "{boundary}"
    + '<userTask id="ask"/>'
    + '<serviceTask id="stop" camunda:topic="hold-scope"><extensionElements><camunda:inputOutput>'
    + '<camunda:inputParameter name="element">work</camunda:inputParameter>'
    + "</camunda:inputOutput></extensionElements></serviceTask>"
    + '<userTask id="wait"/>'
    + '<serviceTask id="go" camunda:topic="release-scope"><extensionElements><camunda:inputOutput>'
    + '<camunda:inputParameter name="element">work</camunda:inputParameter>'
    + "</camunda:inputOutput></extensionElements></serviceTask>"
    + '<endEvent id="e2"/><endEvent id="e3"/>'
    + flows("s > fork > work > e", "fork > ask > stop > wait > go > e2", "b > e3")
)


def held(clock: str) -> Case:
    timer = boundary("b", "work", TIMER.format("elapsed_hours(4)"), interrupting=False)
    if clock:
        words = (
            '<extensionElements><camunda:properties><camunda:property name="clock" '
            f'value="{clock}"/></camunda:properties></extensionElements>'
        )
        timer = timer.replace("<timerEventDefinition", words + "<timerEventDefinition", 1)
    one = Case(process(HOLDING.format(boundary=timer)))
    one.start()
    one.later(1)
    one.complete("ask")
    return one


def test_holding_a_sub_process_stops_its_tasks_and_its_own_timers():
    one = held("continuous")

    assert one.timers == {}
    assert [e["remaining"] for e in one.events if e["type"] == "timer_held"] == [
        {"$amount": 180.0, "unit": "MIN"}
    ]
    one.later(10)
    one.complete("wait")

    # 09:00 + 1 h before the hold, 10 h on hold, 3 h left.
    assert one.timers == {1: at(23)}


def test_a_datum_that_is_a_limit_moves_along_with_a_hold():
    one = Case(
        process(
            AROUND
            + '<userTask id="t" camunda:dueDate="due"/>'
            + boundary("b", "t", TIMER.format("due"), interrupting=False)
            + '<endEvent id="rung"/>'
            + flows("s > t > e", "b > rung")
        )
    )
    one.start(due=at(17))

    one.do(c.SuspendTask("p.t.1"))
    one.later(2)
    one.do(c.ResumeTask("p.t.1"))

    assert one.data["due"] == at(19)
    assert one.timers == {1: at(19)}
    # Armed again once, and no second time because the datum was written.
    assert armed(one) == [("timer_armed", at(17)), ("timer_held", None), ("timer_armed", at(19))]


def test_a_limit_that_follows_a_moved_datum_counts_from_it_again():
    # One working day after the limit is the same day's end, wherever in it the limit lies.
    one = Case(
        process(
            AROUND
            + '<userTask id="t" camunda:dueDate="due"/>'
            + boundary(
                "b", "t", TIMER.format("'2026-09-15T17:00:00+08:00' if due else None"),
                interrupting=False,
            )
            + '<endEvent id="rung"/>'
            + flows("s > t > e", "b > rung")
        )
    )  # fmt: skip
    one.start(due=at(15))
    assert one.timers == {1: at(17, 15)}

    one.do(c.SuspendTask("p.t.1"))
    one.later(2)
    one.do(c.ResumeTask("p.t.1"))

    assert one.data["due"] == at(17)
    assert one.timers == {1: at(17, 15)}
