"""After a hold limits say what their data say, whatever was held and whoever runs the case."""

from __future__ import annotations

import pytest

from engine import commands as c
from tests.memory import Case, flows, process
from tests.spiff_memory import SpiffCase
from tests.test_kernel_events import TIMER, boundary

BODY = (
    '<startEvent id="s"/><endEvent id="e"/><endEvent id="rung"/>'
    '<userTask id="t" camunda:dueDate="due"><extensionElements><camunda:properties>'
    '<camunda:property name="warn" value="due"/></camunda:properties></extensionElements>'
    "</userTask>"
    + boundary("b", "t", TIMER.format("due.replace('T17', 'T16')"), interrupting=False)
    + flows("s > t > e", "b > rung")
)

TASK = (c.SuspendTask("p.t.1"), c.ResumeTask("p.t.1"))
CASE = (c.SuspendCase(), c.ResumeCase())


def at(hour: int) -> str:
    return f"2026-09-14T{hour}:00:00+08:00"


@pytest.mark.parametrize(("hold", "go_on"), [TASK, CASE], ids=["task", "case"])
@pytest.mark.parametrize("executor", [Case, SpiffCase], ids=["kernel", "spiff"])
def test_limits_that_read_a_moved_datum_follow_it(executor, hold, go_on):
    one = executor(process(BODY))
    one.start(due=at(17))
    assert one.timers == {1: at(16)}

    one.do(hold)
    one.later(2)
    events = one.do(go_on)

    assert one.data["due"] == at(19)
    assert [
        (event.get("due_at"), event["warn_at"])
        for event in events
        if event["type"] == "task_due_changed"
    ] == [(at(19), at(19))]
    # Its text gives the datum's own moment now; two hours more would be 18:00.
    assert one.timers == {1: at(19)}
    assert one.state == "open"


@pytest.mark.parametrize("executor", [Case, SpiffCase], ids=["kernel", "spiff"])
def test_limits_follow_when_the_case_goes_on_with_an_incident(executor):
    one = executor(process(BODY))
    one.start(due=at(17))
    one.do(c.RaiseIncident("p", "delivery-failed", "no answer"))
    one.do(c.SuspendCase())
    one.later(2)

    one.do(c.ResumeCase())

    assert one.timers == {1: at(19)}
    assert one.state == "incident"
