"""Versions that a running case is moved between, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.memory import flows, process

ROOTS = '<message id="M" name="go"/><message id="N" name="news"/><signal id="S" name="alarm"/>'
TIMER = "<timerEventDefinition><timeDuration>{}</timeDuration></timerEventDefinition>"
GO = '<messageEventDefinition messageRef="M"/>'
NEWS = '<messageEventDefinition messageRef="N"/>'
ALARM = '<signalEventDefinition signalRef="S"/>'
TRUE = "<conditionalEventDefinition><condition>{}</condition></conditionalEventDefinition>"


@dataclass(frozen=True)
class Row:
    """One migration.

    Attributes:
        old, new: the body of process ``p`` in both versions.
        does: elements completed before, ``element`` or ``element=outcome``; ``fire``: the
            next timer.
        mapping: old element id -> new one.
        refused: the sentences that say why not; none: it is moved.
        opens, cancels: (what, element) as the answer tells them.
        then: what is completed afterwards; the case must have ended then.
        called: bodies of process ``q`` in both versions, if there is one.
    """

    old: str
    new: str
    does: tuple[str, ...] = ()
    mapping: dict[str, Any] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    opens: tuple[tuple[str, str], ...] = ()
    cancels: tuple[tuple[str, str], ...] = ()
    then: tuple[str, ...] = ()
    called: tuple[str, str] | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def files(self, new: bool) -> dict[str, bytes]:
        """Return the files of a version."""
        found = {"p.bpmn": process(self.new if new else self.old, extra=ROOTS)}
        if self.called is not None:
            found["q.bpmn"] = process(self.called[new], key="q", extra=ROOTS)
        return found


def line(*elements: str, ends: str = "e") -> str:
    """Return a process of elements one after the other; a plain id is a user task."""
    xml, ids = '<startEvent id="s"/><endEvent id="e"/>', ["s"]
    for one in elements:
        if one.startswith("<"):
            xml += one
            ids.append(one.split('id="', 1)[1].split('"', 1)[0])
        else:
            xml += task(one)
            ids.append(one)
    return xml + flows(" > ".join([*ids, ends]))


def task(id_: str, more: str = "", inside: str = "") -> str:
    """Return a user task."""
    return f'<userTask id="{id_}"{more}>{inside}</userTask>'


def sub(id_: str, body: str, more: str = "", inside: str = "") -> str:
    """Return a sub-process."""
    return f'<subProcess id="{id_}"{more}>{inside}{body}</subProcess>'


def inner(*elements: str) -> str:
    """Return the content of a sub-process of tasks."""
    ids = ["is", *elements, "ie"]
    xml = '<startEvent id="is"/><endEvent id="ie"/>' + "".join(map(task, elements))
    return xml + flows(" > ".join(ids))


def boundary(id_: str, host: str, event: str, *, stays: bool = False) -> str:
    """Return a boundary event with a task and an end of its own."""
    more = ' cancelActivity="false"' if stays else ""
    return (
        f'<boundaryEvent id="{id_}" attachedToRef="{host}"{more}>{event}</boundaryEvent>'
        f'{task(f"{id_}_task")}<endEvent id="{id_}_end"/>'
        + flows(f"{id_} > {id_}_task > {id_}_end")
    )


def outcomes(text: str) -> str:
    """Return the extension that declares a task's outcomes."""
    return (
        "<extensionElements><camunda:properties>"
        f'<camunda:property name="outcomes" value="{text}"/>'
        "</camunda:properties></extensionElements>"
    )


def parallel(*branches: str, join: str = "parallelGateway", extra: str = "") -> str:
    """Return a fork into branches (tasks) that meet in ``j``."""
    xml = '<startEvent id="s"/><endEvent id="e"/><parallelGateway id="f"/>'
    xml += f'<{join} id="j"/>' + "".join(map(task, branches)) + extra
    return xml + flows("s > f", "j > e", *(f"f > {one} > j" for one in branches))


MANY = (
    '<multiInstanceLoopCharacteristics{} camunda:collection="items" camunda:elementVariable="i"/>'
)
TOPIC = '<serviceTask id="w" camunda:topic="{}"/>'
CALL = '<callActivity id="c" calledElement="{}"/>'
CATCH = '<intermediateCatchEvent id="c">{}</intermediateCatchEvent>'
UNDOABLE = (
    task("a")
    + '<boundaryEvent id="u" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
    + '<userTask id="undo" isForCompensation="true"/>'
    + '<association id="x" associationDirection="One" sourceRef="u" targetRef="undo"/>'
)
THROW = '<intermediateThrowEvent id="back"><compensateEventDefinition/></intermediateThrowEvent>'
CHOICE = '<eventBasedGateway id="g"/>{}' + '<endEvent id="e"/><startEvent id="s"/>' + flows("s > g")


def choice(*events: tuple[str, str]) -> str:
    """Return an event-based gateway before events."""
    xml = "".join(
        f'<intermediateCatchEvent id="{one}">{event}</intermediateCatchEvent>'
        for one, event in events
    )
    return CHOICE.format(xml) + flows(*(f"g > {one} > e" for one, _ in events))


LEGAL: dict[str, Row] = {
    "a step is added after where the case stands": Row(
        line("a"), line("a", "b"), then=("a", "b")
    ),
    "a step behind the case is taken out": Row(
        line("a", "b"), line("b"), does=("a",), then=("b",)
    ),
    "a step before the case is put in": Row(line("b"), line("a", "b"), then=("b",)),
    "the element has another id and is mapped": Row(
        line("a", "b"), line("a2", "b"), mapping={"a": "a2"}, then=("a2", "b")
    ),
    "two elements change their ids with each other": Row(
        line("a", "b"), line("b", "a"), mapping={"a": "b", "b": "a"}, then=("b", "a")
    ),
    "a boundary timer is new on an open task": Row(
        line("a"),
        line("a") + boundary("t", "a", TIMER.format("PT1H"), stays=True),
        opens=(("timer", "t"),),
        then=("fire", "a", "t_task"),
    ),
    "a boundary timer is gone": Row(
        line("a") + boundary("t", "a", TIMER.format("PT1H")),
        line("a"),
        cancels=(("timer", "t"),),
        then=("a",),
    ),
    "a boundary timer has another limit": Row(
        line("a") + boundary("t", "a", TIMER.format("PT1H")),
        line("a") + boundary("t", "a", TIMER.format("PT3H")),
        cancels=(("timer", "t"),),
        opens=(("timer", "t"),),
        then=("fire", "t_task"),
    ),
    "a boundary timer that has fired does not fire again": Row(
        line("a") + boundary("t", "a", TIMER.format("PT1H"), stays=True),
        line("a", "b") + boundary("t", "a", TIMER.format("PT1H"), stays=True),
        does=("fire",),
        then=("a", "b", "t_task"),
    ),
    "a boundary event waits for another message": Row(
        line("a") + boundary("m", "a", GO),
        line("a") + boundary("m", "a", NEWS),
        cancels=(("message", "m"),),
        opens=(("message", "m"),),
        then=("a",),
    ),
    "a condition of the new version holds already": Row(
        line("a"),
        line("a") + boundary("k", "a", TRUE.format("v == 1")),
        data={"v": 1},
        cancels=(("task", "a"),),
        opens=(("task", "k_task"),),
        then=("k_task",),
    ),
    "an event sub-process is new": Row(
        line("a"),
        line("a")
        + '<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" isInterrupting="false">'
        + ALARM
        + "</startEvent>"
        + task("ht")
        + flows("hs > ht")
        + "</subProcess>",
        opens=(("signal", "hs"),),
        then=("a",),
    ),
    "an event sub-process is gone": Row(
        line("a")
        + '<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">'
        + ALARM
        + "</startEvent>"
        + task("ht")
        + flows("hs > ht")
        + "</subProcess>",
        line("a"),
        cancels=(("signal", "hs"),),
        then=("a",),
    ),
    "a catch event waits for a message in place of a timer": Row(
        line(CATCH.format(TIMER.format("PT1H"))),
        line(CATCH.format(GO)),
        cancels=(("timer", "c"),),
        opens=(("message", "c"),),
        then=("go",),
    ),
    "an event-based gateway gets one event more": Row(
        choice(("c1", GO), ("c2", TIMER.format("PT1H"))),
        choice(("c1", GO), ("c2", TIMER.format("PT1H")), ("c3", NEWS)),
        opens=(("message", "c3"),),
        then=("go",),
    ),
    "a join waits for one branch less, and the others are done": Row(
        parallel("a", "b", "c"),
        parallel("a", "b", extra=task("c") + '<endEvent id="e2"/>' + flows("f > c > e2")),
        does=("a", "b"),
        then=("c",),
    ),
    "an inclusive join gets one branch more": Row(
        parallel("a", "b", join="inclusiveGateway"),
        parallel("a", "b", "c", join="inclusiveGateway"),
        does=("a",),
        then=("b",),
    ),
    "a flow that a join holds is drawn anew": Row(
        parallel("a", "b"),
        parallel("a", "b").replace('id="a_j"', 'id="Flow_1"'),
        does=("a",),
        then=("b",),
    ),
    "instances under way go on": Row(
        line(task("m", inside=MANY.format(""))),
        line(task("m", ' name="M"', inside=MANY.format("")), "b"),
        data={"items": ["x", "y"]},
        then=("m", "m", "b"),
    ),
    "the called process is another version": Row(
        line(CALL.format("q")),
        line(CALL.format("q"), "b"),
        called=(line("k"), line("k", "l")),
        then=("k", "l", "b"),
    ),
    "a sub-process has another id": Row(
        line(sub("z", inner("a"))),
        line(sub("y", inner("a"))),
        mapping={"z": "y"},
        then=("a",),
    ),
    "what may be undone can still be undone": Row(
        '<startEvent id="s"/><endEvent id="e"/>'
        + UNDOABLE + THROW + task("b") + flows("s > a > b > back > e"),
        '<startEvent id="s"/><endEvent id="e"/>'
        + UNDOABLE + THROW + task("b") + task("d") + flows("s > a > b > back > d > e"),
        does=("a",),
        then=("b", "undo", "d"),
    ),
    "the outcomes of an open task are others": Row(
        line(task("a", inside=outcomes("yes=Y;no=N"))),
        line(task("a", inside=outcomes("yes=Y;later=L"))),
        then=("a=later",),
    ),
}  # fmt: skip
"""What is moved."""

_GONE = "{} is under way, and the new version has no such element."

ILLEGAL: dict[str, Row] = {
    "the open task is gone": Row(line("a"), line("b"), refused=(_GONE.format("'a'"),)),
    "all open tasks are gone": Row(
        parallel("a", "b"), line("k"), refused=(_GONE.format("'a'"), _GONE.format("'b'"))
    ),
    "the open task is of another kind": Row(
        line("a"),
        line('<receiveTask id="a" messageRef="M"/>'),
        refused=(
            "'a' is under way; it is 'userTask' here and 'receiveTask' in the new version.",
        ),
    ),
    "the open task lies in a sub-process now": Row(
        line("a"),
        line(sub("z", inner("a"))),
        refused=("'a' is under way in 'p'; the new version has it in 'z'.",),
    ),
    "the open task lies in no sub-process any more": Row(
        line(sub("z", inner("a"))),
        line("a"),
        refused=(
            "'z' is under way, and the new version has no such element.",
            "'a' is under way in 'z'; the new version has it in 'p'.",
        ),
    ),
    "the open sub-process is gone": Row(
        line(sub("z", inner("a"))),
        line("b"),
        refused=(_GONE.format("'z'"), _GONE.format("'a'")),
    ),
    "the open sub-process is a call now": Row(
        line(sub("z", inner("a"))),
        line('<callActivity id="z" calledElement="q"/>'),
        called=(line("k"), line("k", "l")),
        refused=(
            "'z' is under way; it is 'subProcess' here and 'callActivity' in the new version.",
            _GONE.format("'a'"),
        ),
    ),
    "the open sub-process is an ad-hoc one now": Row(
        line(sub("z", inner("a"))),
        line(f'<adHocSubProcess id="z">{task("a")}</adHocSubProcess>'),
        refused=(
            "'z' is under way; it is 'subProcess' here and 'adHocSubProcess' in the new version.",
        ),
    ),
    "the open task has several instances now": Row(
        line("a"),
        line(task("a", inside=MANY.format(""))),
        refused=(
            ("'a' is under way; it is done once here and several instances at once in the new "
             "version."),
        ),
    ),
    "instances go one after the other now": Row(
        line(task("a", inside=MANY.format(""))),
        line(task("a", inside=MANY.format(' isSequential="true"'))),
        data={"items": ["x", "y"]},
        refused=(
            ("'a' is under way; it is several instances at once here and several instances in "
             "turn in the new version."),
        ),
    ),
    "the call runs another process now": Row(
        line(CALL.format("q")),
        line(CALL.format("five_steps")),
        called=(line("k"), line("k", "l")),
        refused=("'c' has called 'q'; the new version calls 'five_steps' there.",),
    ),
    "the open task of the called process is gone": Row(
        line(CALL.format("q")),
        line(CALL.format("q"), "b"),
        called=(line("k"), line("l")),
        refused=(_GONE.format("'k'"),),
    ),
    "the work of a program is about something else now": Row(
        line(TOPIC.format("x")),
        line(TOPIC.format("y")),
        refused=("'w' has given out work on 'x'; the new version gives out 'y'.",),
    ),
    "the join is gone": Row(
        parallel("a", "b"),
        line("b"),
        does=("a",),
        refused=("'j' holds tokens, and the new version has no such element.",),
    ),
    "the join is a gateway of another kind": Row(
        parallel("a", "b"),
        parallel("a", "b", join="exclusiveGateway"),
        does=("a",),
        refused=(
            ("'j' holds tokens; it is 'parallelGateway' here and 'exclusiveGateway' in the new "
             "version."),
        ),
    ),
    "the inclusive join joins nothing any more": Row(
        parallel("a", "b", join="inclusiveGateway"),
        parallel("b", join="inclusiveGateway"),
        does=("a",),
        refused=(
            "'j' holds tokens that wait for others; in the new version it joins nothing.",
        ),
    ),
    "the flow that the join holds is gone": Row(
        parallel("a", "b"),
        parallel("c", "b"),
        does=("a",),
        refused=(
            "'j' holds a token that came over flow 'a_j'; the new version has no such flow.",
        ),
    ),
    "the join waits for a branch that was never begun": Row(
        parallel("a", "b"),
        parallel("a", "b", "c"),
        does=("a",),
        refused=(
            ("The case could wait for ever at 'j', since nothing comes over 'c_j' any more: "
             "b → j."),
        ),
    ),
    "what may have to be undone is gone": Row(
        '<startEvent id="s"/><endEvent id="e"/>' + UNDOABLE + THROW + task("b")
        + flows("s > a > b > back > e"),
        line("b"),
        does=("a",),
        refused=("'a' may have to be undone, and the new version has no such element.",),
    ),
    "what may have to be undone cannot be undone any more": Row(
        '<startEvent id="s"/><endEvent id="e"/>' + UNDOABLE + THROW + task("b")
        + flows("s > a > b > back > e"),
        line("a", "b"),
        does=("a",),
        refused=(
            "'a' was completed and may have to be undone; the new version cannot undo it.",
        ),
    ),
    "a text of the new version fails": Row(
        line("a"),
        line(task("a", ' camunda:dueDate="${working_hours(missing)}"')),
        refused=(
            ("At 'a' a text of the new version fails with this case's data: NameError: name "
             "'missing' is not defined [working_hours(missing)]"),
        ),
    ),
    "the mapping names what was never there": Row(
        line("a"),
        line("b"),
        mapping={"x": "b"},
        refused=("The mapping names 'x', which the present version does not have.",),
    ),
    "the mapping leads nowhere": Row(
        line("a"),
        line("b"),
        mapping={"a": "x"},
        refused=("The mapping names 'x', which the new version does not have.",),
    ),
    "the mapping puts two elements into one": Row(
        line("a", "b"),
        line("b"),
        mapping={"a": "b"},
        refused=("'b' would take the place of both 'a' and 'b'.",),
    ),
}  # fmt: skip
"""What is refused, and why."""
