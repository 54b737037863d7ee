"""Each event at the start of a process: when it begins a case, and the case's exact trace.

The triggers of cases lie outside of the executor: messages, broadcasts, the scheduler.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine import cases, deployments, identities, messages, replay, timers, views
from tests.memory import flows, process, trace

HOUR = timedelta(hours=1)
ROOTS = '<message id="m" name="go"/><signal id="g" name="alarm"/>'
MESSAGE = '<messageEventDefinition messageRef="m"/>'
SIGNAL = '<signalEventDefinition signalRef="g"/>'
TIMER = "<timerEventDefinition><{0}>{1}</{0}></timerEventDefinition>"
STARTS = {
    "none": '<startEvent id="s"/>',
    "message": f'<startEvent id="s">{MESSAGE}</startEvent>',
    "timer date": f'<startEvent id="s">{TIMER.format("timeDate", "2026-09-14T11:00:00+08:00")}</startEvent>',
    "timer duration": f'<startEvent id="s">{TIMER.format("timeDuration", "PT2H")}</startEvent>',
    "timer cycle": f'<startEvent id="s">{TIMER.format("timeCycle", "R2/PT2H")}</startEvent>',
    "signal": f'<startEvent id="s">{SIGNAL}</startEvent>',
    "conditional": '<startEvent id="s"><conditionalEventDefinition><condition>now().hour == 11'
    "</condition></conditionalEventDefinition></startEvent>",
    "multiple": f'<startEvent id="s">{MESSAGE}{SIGNAL}</startEvent>',
    "parallel multiple": f'<startEvent id="s" parallelMultiple="true">{MESSAGE}{SIGNAL}</startEvent>',
}
MORNING, NOON = "2026-09-14T01:00:00Z", "2026-09-14T03:00:00Z"
"""09:00 and 11:00 in Shanghai."""
BEGUN = {
    "none": [MORNING],
    "message": [MORNING],
    "timer date": [NOON],
    "timer duration": [NOON],
    "timer cycle": [NOON, "2026-09-14T05:00:00Z"],
    "signal": [MORNING],
    "conditional": [NOON],
    "multiple": [MORNING, MORNING],
    "parallel multiple": [MORNING],
}
"""When cases have begun by 14:00."""


def happen(app, admin, trigger):
    """Let come what the start event waits for, and pass the day until 14:00."""
    if trigger == "none":
        cases.start(app, admin, process="p", data={})
    if trigger in ("message", "multiple", "parallel multiple"):
        messages.correlate(app, admin, "go", {}, {})
    if trigger in ("signal", "multiple", "parallel multiple"):
        messages.broadcast(app, admin, "alarm", {})
    for _ in range(5):
        timers.tick(app)
        app.clock.set(app.clock.now() + HOUR)


@pytest.mark.parametrize("trigger", STARTS)
def test_a_case_begins_when_its_start_event_happens(app, trigger):
    drawn = process(
        STARTS[trigger] + '<userTask id="t"/><endEvent id="e"/>' + flows("s > t > e"), extra=ROOTS
    )
    deployments.deploy(app, identities.operator(), {"p.bpmn": drawn})
    admin = identities.actor(app, "admin")

    happen(app, admin, trigger)

    begun = []
    for one in replay.case_ids(app):
        (entry,) = views.history(app, admin, one)
        begun.append(entry["at"])
        assert trace(entry["events"]) == [
            ("case_started", "p", 1),
            ("element_entered", "s", 1),
            ("element_left", "s", 1),
            ("flow_taken", "s", 1),
            ("element_entered", "t", 1),
            ("task_opened", "t", 1),
        ]
    assert begun == BEGUN[trigger]
