"""Each event at each position where BPMN 2.0 has it: what happens there, exactly.

One net for each position; what sets it off goes by the trigger. Where SpiffWorkflow runs
the net too, it says the same, command by command.
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from engine import commands as c
from tests.beside import rows
from tests.memory import flows, process
from tests.pairs import Both

ROOTS = (
    '<message id="m" name="go"/><signal id="g" name="alarm"/>'
    '<error id="x" errorCode="X"/><escalation id="y" escalationCode="Y"/>'
)
TIMER = "<timerEventDefinition><{0}>{1}</{0}></timerEventDefinition>"
DEFINITIONS = {
    "message": '<messageEventDefinition messageRef="m"/>',
    "timer date": TIMER.format("timeDate", "2026-09-14T11:00:00+08:00"),
    "timer duration": TIMER.format("timeDuration", "PT2H"),
    "timer cycle": TIMER.format("timeCycle", "R2/PT2H"),
    "signal": '<signalEventDefinition signalRef="g"/>',
    "conditional": "<conditionalEventDefinition><condition>value('a') == 2</condition>"
    "</conditionalEventDefinition>",
    "error": '<errorEventDefinition errorRef="x"/>',
    "escalation": '<escalationEventDefinition escalationRef="y"/>',
    "multiple": '<messageEventDefinition messageRef="m"/><signalEventDefinition signalRef="g"/>',
}
OUTSIDE = ("message", "timer date", "timer duration", "timer cycle", "signal", "conditional")
THROWN = ("error", "escalation")


def event(tag, key, trigger, more=""):
    return f'<{tag} id="{key}" {more}>{DEFINITIONS[trigger]}</{tag}>'


def case(body):
    """The net runs beside a task ``other``, which may write the datum of a condition."""
    beside = '<startEvent id="s"/><parallelGateway id="both"/><userTask id="other"/>'
    one = Both(process(beside + body + flows("s > both > other", "both > t"), extra=ROOTS))
    one.start()
    return one


def set_off(one, trigger):
    """Let happen what the event waits for."""
    if trigger in ("message", "multiple"):
        one.message("go")
    elif trigger == "signal":
        one.do(c.ReceiveSignal("alarm", {}))
    elif trigger == "conditional":
        one.complete("other", a=2)
    elif trigger in THROWN:
        one.complete("work")
    else:
        one.fire()


def happened(one, trigger):
    """Let it happen; return what was entered, left and cut off then, and the flows taken."""
    before = len(rows(one.events))
    set_off(one, trigger)
    return [row if row[0] == "flow" else row[:2] for row in rows(one.events)[before:]]


def way(*nodes):
    """The rows of elements that are passed one after the other; the last one stays open."""
    passed = []
    for node, following in pairwise(nodes):
        passed += [("in", node), ("out", node), ("flow", f"{node}_{following}")]
    return [*passed, ("in", nodes[-1])]


FIRST = {
    "conditional": [("out", "other")],
    "error": [("out", "work"), ("flow", "work_out"), ("in", "out"), ("out", "out")],
    "escalation": [("out", "work"), ("flow", "work_out"), ("in", "out")],
}
"""What happens before the event does: the task that makes it happen is left."""


def open_after(one, trigger):
    """The elements of the open tasks, less the one that a condition needs."""
    return sorted({name.split(".")[1] for name in one.tasks} - {"other"})


@pytest.mark.parametrize("trigger", [*OUTSIDE, "multiple"])
def test_a_catching_event_goes_on_when_it_happens(trigger):
    one = case(
        event("intermediateCatchEvent", "t", trigger)
        + '<userTask id="after"/>'
        + flows("t > after")
    )
    assert open_after(one, trigger) == []

    told = happened(one, trigger)

    assert told == [*FIRST.get(trigger, []), ("out", "t"), ("flow", "t_after"), ("in", "after")]
    assert open_after(one, trigger) == ["after"]
    assert one.entered() == ["s#1", "both#1", "other#1", "t#1", "after#1"]
    assert one.timers == {}


def host(trigger):
    """The activity that an event is attached to; what is thrown is thrown inside of it."""
    if trigger not in THROWN:
        return '<userTask id="t"/>'
    return (
        '<subProcess id="t"><startEvent id="in"/><userTask id="work"/>'
        + event("endEvent", "out", trigger)
        + flows("in > work > out")
        + "</subProcess>"
    )


@pytest.mark.parametrize("trigger", [*OUTSIDE, *THROWN, "multiple"])
def test_an_interrupting_boundary_event_ends_its_activity(trigger):
    attached = event("boundaryEvent", "b", trigger, 'attachedToRef="t"')
    one = case(host(trigger) + attached + '<userTask id="after"/>' + flows("b > after"))

    told = happened(one, trigger)

    inside = [("cut", "out")] if trigger == "escalation" else []
    assert told == [*FIRST.get(trigger, []), *inside, ("cut", "t"), *way("b", "after")]
    assert open_after(one, trigger) == ["after"]
    assert one.entered()[-2:] == ["b#1", "after#1"]
    assert [each["element"] for each in one.events if each["type"] == "element_left"].count(
        "t"
    ) == 1
    assert one.timers == {}


@pytest.mark.parametrize("trigger", [*OUTSIDE, "escalation", "multiple"])
def test_a_boundary_event_that_does_not_interrupt_leaves_its_activity(trigger):
    attached = event("boundaryEvent", "b", trigger, 'attachedToRef="t" cancelActivity="false"')
    one = case(
        '<userTask id="after"/><userTask id="next"/>'
        + host(trigger) + attached + flows("b > after", "t > next")
    )  # fmt: skip

    told = happened(one, trigger)

    passed = [*FIRST.get(trigger, []), *way("b", "after")]
    if trigger == "escalation":
        # what threw it goes on before the token that it began
        passed[-1:] = [
            ("out", "out"),
            ("out", "t"),
            ("flow", "t_next"),
            ("in", "after"),
            ("in", "next"),
        ]
    assert told == passed
    # what threw the escalation has ended by itself
    stays = "next" if trigger == "escalation" else "t"
    assert open_after(one, trigger) == sorted(["after", stays])
    # a cycle comes again
    assert len(one.timers) == (1 if trigger == "timer cycle" else 0)


def handled(trigger, more=""):
    """A sub-process with an event sub-process; what is thrown is thrown beside it."""
    end = event("endEvent", "out", trigger) if trigger in THROWN else '<endEvent id="out"/>'
    return (
        '<subProcess id="t"><startEvent id="in"/><userTask id="work"/>'
        + end + flows("in > work > out")
        + '<subProcess id="handler" triggeredByEvent="true">'
        + event("startEvent", "begin", trigger, more)
        + '<userTask id="after"/>' + flows("begin > after")
        + "</subProcess></subProcess>"
    )  # fmt: skip


@pytest.mark.parametrize("trigger", [*OUTSIDE, *THROWN, "multiple"])
def test_an_interrupting_event_sub_process_ends_what_is_beside_it(trigger):
    one = case(handled(trigger))
    assert open_after(one, trigger) == ["work"]

    told = happened(one, trigger)

    inside = {"escalation": [("cut", "out")], "error": []}.get(trigger, [("cut", "work")])
    begun = [("in", "handler"), *way("begin", "after")]
    assert told == [*FIRST.get(trigger, []), *inside, *begun]
    assert open_after(one, trigger) == ["after"]
    assert one.entered()[-3:] == ["handler#1", "begin#1", "after#1"]
    assert one.timers == {}
    one.complete("after")
    assert "t" in [each["element"] for each in one.events if each["type"] == "element_left"]


@pytest.mark.parametrize("trigger", [*OUTSIDE, "escalation", "multiple"])
def test_an_event_sub_process_that_does_not_interrupt_runs_beside(trigger):
    one = case(handled(trigger, 'isInterrupting="false"'))

    told = happened(one, trigger)

    passed = [*FIRST.get(trigger, []), ("in", "handler"), *way("begin", "after")]
    if trigger == "escalation":
        passed[-1:] = [("out", "out"), ("in", "after")]
    assert told == passed
    stays = [] if trigger == "escalation" else ["work"]
    assert open_after(one, trigger) == sorted(["after", *stays])
    assert len(one.timers) == (1 if trigger == "timer cycle" else 0)


SENT = {
    "message": [("message_sent", "t")],
    "signal": [("signal_sent", "t")],
    "escalation": [("escalation_thrown", "t")],
    "multiple": [("message_sent", "t"), ("signal_sent", "t")],
}


def at_once(one):
    """What the start has written once the task beside it was open: (type, element), exactly."""
    told = [(each["type"], each["element"]) for each in one.events]
    return told[told.index(("task_opened", "other")) + 1 :]


ON = [("element_left", "t"), ("flow_taken", "t"), ("element_entered", "after")]
ON.append(("task_opened", "after"))


TOGETHER = {
    "catching": '<intermediateCatchEvent id="t" parallelMultiple="true">{}</intermediateCatchEvent>'
    '<userTask id="after"/>' + flows("t > after"),
    "boundary": '<userTask id="t"/><boundaryEvent id="b" attachedToRef="t" parallelMultiple="true">'
    '{}</boundaryEvent><userTask id="after"/>' + flows("b > after"),
    "boundary, non-interrupting": '<userTask id="t"/><boundaryEvent id="b" attachedToRef="t" '
    'cancelActivity="false" parallelMultiple="true">{}</boundaryEvent><userTask id="after"/>'
    + flows("b > after"),
    "event sub-process": handled("multiple", 'parallelMultiple="true"'),
    "event sub-process, non-interrupting": handled(
        "multiple", 'isInterrupting="false" parallelMultiple="true"'
    ),
}
BEGUN = [("in", "handler"), *way("begin", "after")]
PASSED = {
    "catching": [("out", "t"), ("flow", "t_after"), ("in", "after")],
    "boundary": [("cut", "t"), *way("b", "after")],
    "boundary, non-interrupting": way("b", "after"),
    "event sub-process": [("cut", "work"), *BEGUN],
    "event sub-process, non-interrupting": BEGUN,
}
STAYING = {
    "boundary": (["t"], ["after"]),
    "boundary, non-interrupting": (["t"], ["after", "t"]),
    "event sub-process": (["work"], ["after"]),
    "event sub-process, non-interrupting": (["work"], ["after", "work"]),
}


@pytest.mark.parametrize("position", TOGETHER)
@pytest.mark.parametrize("order", [("message", "signal"), ("signal", "message")])
def test_an_event_of_several_together_happens_when_each_has(position, order):
    one = case(TOGETHER[position].replace("{}", DEFINITIONS["multiple"]))
    before, after = STAYING.get(position, ([], ["after"]))

    assert happened(one, order[0]) == []
    assert open_after(one, "") == before

    assert happened(one, order[1]) == PASSED[position]
    assert open_after(one, "") == after


@pytest.mark.parametrize("trigger", SENT)
def test_a_throwing_event_throws_and_goes_on(trigger):
    one = case(
        event("intermediateThrowEvent", "t", trigger)
        + '<userTask id="after"/>'
        + flows("t > after")
    )

    assert at_once(one) == [("element_entered", "t"), *SENT[trigger], *ON]
    assert open_after(one, trigger) == ["after"]


def test_a_throwing_event_of_nothing_goes_on():
    one = case('<intermediateThrowEvent id="t"/><userTask id="after"/>' + flows("t > after"))

    assert at_once(one) == [("element_entered", "t"), *ON]
    assert open_after(one, "") == ["after"]


@pytest.mark.parametrize("trigger", SENT)
def test_an_end_event_throws_and_ends(trigger):
    one = case(event("endEvent", "t", trigger))

    assert at_once(one) == [("element_entered", "t"), *SENT[trigger], ("element_left", "t")]
    assert one.tasks == ["p.other.1"]
    one.complete("other")
    assert one.trace()[-2:] == [("element_left", "other", 1), ("case_completed", "p", 1)]
    assert one.state == "completed"
