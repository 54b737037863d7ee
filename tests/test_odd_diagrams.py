"""Constructs that vendors' diagrams combine in unusual ways, each with its exact trace.

Every expected line was read against BPMN 2.0.2, chapters 10 and 13. A step is what happens
next: ``start``, a task that is completed (``a n=9``: with a datum), ``go`` (a message),
``alarm`` (a signal), ``fire`` (the next timer), ``begin X`` (an activity of an ad-hoc
sub-process) or ``done``, which ends the latter.
"""

from __future__ import annotations

import pytest

from engine import commands as c
from tests.beside import rows
from tests.memory import Case, flows, process
from tests.odd_diagrams import (
    AROUND,
    CALL,
    CALLED,
    EACH,
    FAILING,
    GO,
    HANDLER,
    HOUR,
    ODDEST,
    ROOTS,
    UNDO,
    Odd,
)

ODD = {
    "an interrupting event sub-process in an ad-hoc one": AROUND
    + flows("s > hoc > e")
    + '<adHocSubProcess id="hoc"><userTask id="a"/>'
    + HANDLER.format("true")
    + "</adHocSubProcess>",
    "one that stays, where one activity is done at a time": AROUND
    + flows("s > hoc > e")
    + '<adHocSubProcess id="hoc" ordering="Sequential"><userTask id="a"/><userTask id="b"/>'
    + HANDLER.format("false")
    + "</adHocSubProcess>",
    "a boundary event at a call in a loop": AROUND
    + flows("s > call > e", "late > e2")
    + CALL.format('<standardLoopCharacteristics loopMaximum="2"/>')
    + f'<boundaryEvent id="late" attachedToRef="call">{HOUR}</boundaryEvent>',
    "one that stays at several calls": AROUND
    + flows("s > call > e", "late > e2")
    + CALL.format(EACH)
    + f'<boundaryEvent id="late" attachedToRef="call" cancelActivity="false">{GO}</boundaryEvent>',
    "an error of an event sub-process of a call": AROUND
    + flows("s > call > e", "b > e2")
    + CALL.format("")
    + '<boundaryEvent id="b" attachedToRef="call"><errorEventDefinition errorRef="x"/></boundaryEvent>',
    "instances that are undone with their own data": AROUND
    + flows("s > t > th > e")
    + '<subProcess id="t">'
    + EACH.replace("/>", ' isSequential="true"/>')
    + '<dataObject id="own"/><startEvent id="ts"/><scriptTask id="a"><script>own = i * 2</script>'
    '</scriptTask><endEvent id="te"/>'
    + flows("ts > a > te")
    + UNDO.format("a", "un")
    + '<scriptTask id="un" isForCompensation="true"><script>undone = value("undone", []) + '
    "[[i, own]]</script></scriptTask></subProcess>"
    '<intermediateThrowEvent id="th"><compensateEventDefinition/></intermediateThrowEvent>',
    "a transaction in an event sub-process": AROUND
    + flows("s > w > e")
    + '<userTask id="w"/>'
    + f'<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">{GO}</startEvent>'
    '<transaction id="tx"><startEvent id="xs"/><userTask id="a"/>'
    + UNDO.format("a", "un")
    + '<task id="un" isForCompensation="true"/><endEvent id="xc"><cancelEventDefinition/></endEvent>'
    + flows("xs > a > xc")
    + '</transaction><boundaryEvent id="can" attachedToRef="tx">'
    '<cancelEventDefinition/></boundaryEvent><userTask id="after"/><endEvent id="he"/>'
    '<endEvent id="he2"/>' + flows("hs > tx > he", "can > after > he2") + "</subProcess>",
    "links between lanes in lanes": '<laneSet id="ls"><lane id="l1"><childLaneSet id="cl">'
    '<lane id="l2"><flowNodeRef>lt</flowNodeRef></lane><lane id="l3"><flowNodeRef>lc</flowNodeRef>'
    "</lane></childLaneSet></lane></laneSet>"
    + AROUND
    + flows("s > a > lt", "lc > b > e")
    + '<userTask id="a"/><userTask id="b"/><intermediateThrowEvent id="lt"><linkEventDefinition '
    'name="L"/></intermediateThrowEvent><intermediateCatchEvent id="lc"><linkEventDefinition '
    'name="L"/></intermediateCatchEvent>',
    "a complex gateway after an inclusive one": AROUND
    + '<inclusiveGateway id="f" default="f_c"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>'
    '<complexGateway id="k"><activationCondition>activationCount &gt;= 1</activationCondition>'
    '</complexGateway><userTask id="z"/>'
    + flows(
        "s > f", "f > a : n > 0", "f > b : n > 1", "f > c", "a > k", "b > k", "c > k", "k > z > e"
    ),
    "several ad-hoc sub-processes that are undone": AROUND
    + flows("s > hoc > th > e")
    + f'<adHocSubProcess id="hoc">{EACH}<userTask id="a"/><completionCondition>True'
    "</completionCondition></adHocSubProcess>"
    + UNDO.format("hoc", "un")
    + '<task id="un" isForCompensation="true"/>'
    '<intermediateThrowEvent id="th"><compensateEventDefinition/></intermediateThrowEvent>',
    "an escalation of each instance to one that stays": AROUND
    + flows("s > t > e", "b > u")
    + f'<subProcess id="t">{EACH}<startEvent id="ts"/><endEvent id="te"><escalationEventDefinition '
    'escalationRef="y"/></endEvent>' + flows("ts > te") + '</subProcess><boundaryEvent id="b" '
    'attachedToRef="t" cancelActivity="false"><escalationEventDefinition escalationRef="y"/>'
    '</boundaryEvent><task id="u"/>',
}
STEPS = {
    "an interrupting event sub-process in an ad-hoc one": ["begin a", "go", "hu"],
    "one that stays, where one activity is done at a time": [
        "begin a",
        "go",
        "a",
        "begin b",
        "b",
        "done",
        "hu",
    ],
    "a boundary event at a call in a loop": ["u", "fire"],
    "one that stays at several calls": ["go", "go", "q.u.1", "q.u.2"],
    "an error of an event sub-process of a call": ["go"],
    "instances that are undone with their own data": [],
    "a transaction in an event sub-process": ["go", "a", "after"],
    "links between lanes in lanes": ["a", "b"],
    "a complex gateway after an inclusive one": ["a", "b", "z"],
    "several ad-hoc sub-processes that are undone": ["begin a", "p.a.1", "p.a.2"],
    "an escalation of each instance to one that stays": [],
}


def passed(odd: Odd) -> list[str]:
    """Run one; return a line for each step: what was entered, left, cut off and undone."""
    case = Case(process(odd.body, extra=ROOTS), *odd.called)
    lines, seen = [], 0
    for step in ["start", *odd.steps]:
        do(case, step)
        told = [row for row in rows(case.events) if row[0] != "flow"]
        lines.append(f"{step}: " + " ".join(f"{row[0]}.{row[1]}" for row in told[seen:]))
        seen = len(told)
    assert case.state == "completed"
    return lines


def do(case: Case, step: str) -> None:
    scopes = [one.scope for one in case.kernel.offers(case.bundle, case.snapshot)]
    if step == "start":
        case.start(items=[1, 2], n=2)
    elif step == "go":
        case.message("go")
    elif step == "alarm":
        case.do(c.ReceiveSignal("alarm", {}))
    elif step == "fire":
        case.fire()
    elif step == "done":
        case.do(c.CompleteScope(scopes[0]))
    elif step.startswith("begin "):
        for scope in scopes:
            case.do(c.StartActivity(scope, step.removeprefix("begin ")))
    else:
        task, *data = step.split()
        pairs = [one.split("=") for one in data]
        case.complete(task, **{name: int(value) for name, value in pairs})


EXPECTED = {
    "an interrupting event sub-process in an ad-hoc one": [
        "start: in.s out.s in.hoc",
        "begin a: in.a",
        "go: cut.a in.h in.hs out.hs in.hu",
        "hu: out.hu in.he out.he out.h out.hoc in.e out.e",
    ],
    "one that stays, where one activity is done at a time": [
        "start: in.s out.s in.hoc",
        "begin a: in.a",
        "go: in.h in.hs out.hs in.hu",
        "a: out.a",
        "begin b: in.b",
        "b: out.b",
        "done: ",
        "hu: out.hu in.he out.he out.h out.hoc in.e out.e",
    ],
    "a boundary event at a call in a loop": [
        "start: in.s out.s in.call in.call in.qs out.qs in.u",
        "u: out.u in.qe out.qe out.call in.call in.qs out.qs in.u",
        "fire: cut.u cut.call cut.call in.late out.late in.e2 out.e2",
    ],
    "one that stays at several calls": [
        "start: in.s out.s in.call in.call in.call in.qs out.qs in.qs out.qs in.u in.u",
        "go: in.late out.late in.e2 out.e2",
        "go: in.late out.late in.e2 out.e2",
        "q.u.1: out.u in.qe out.qe out.call",
        "q.u.2: out.u in.qe out.qe out.call out.call in.e out.e",
    ],
    "an error of an event sub-process of a call": [
        "start: in.s out.s in.call in.qs out.qs in.u",
        "go: in.h in.hs out.hs in.he out.he cut.h cut.u cut.call in.b out.b in.e2 out.e2",
    ],
    "instances that are undone with their own data": [
        "start: in.s out.s in.t in.t in.ts out.ts in.a out.a in.te out.te out.t in.t in.ts out.ts in.a out.a in.te out.te out.t out.t in.th undo.t undo.a in.un out.un undone.a undone.t undo.t undo.a in.un out.un undone.a undone.t out.th in.e out.e",
    ],
    "a transaction in an event sub-process": [
        "start: in.s out.s in.w",
        "go: cut.w in.h in.hs out.hs in.tx in.xs out.xs in.a",
        "a: out.a in.xc out.xc undo.a in.un out.un undone.a cut.tx in.can out.can in.after",
        "after: out.after in.he2 out.he2 out.h",
    ],
    "links between lanes in lanes": [
        "start: in.s out.s in.a",
        "a: out.a in.lt out.lt in.lc out.lc in.b",
        "b: out.b in.e out.e",
    ],
    "a complex gateway after an inclusive one": [
        "start: in.s out.s in.f out.f in.a in.b",
        "a: out.a in.k out.k in.z",
        "b: out.b",
        "z: out.z in.e out.e",
    ],
    "several ad-hoc sub-processes that are undone": [
        "start: in.s out.s in.hoc in.hoc in.hoc",
        "begin a: in.a in.a",
        "p.a.1: out.a out.hoc",
        "p.a.2: out.a out.hoc out.hoc in.th undo.hoc in.un out.un undone.hoc undo.hoc in.un out.un undone.hoc out.th in.e out.e",
    ],
    "an escalation of each instance to one that stays": [
        "start: in.s out.s in.t in.t in.t in.ts out.ts in.ts out.ts in.te in.b out.b out.te out.t in.te in.b out.b out.te out.t out.t in.u out.u in.u out.u in.e out.e",
    ],
}


ALL = {
    name: Odd(
        body,
        STEPS[name],
        EXPECTED[name],
        ((FAILING,) if "error" in name else (CALLED,)) if "call" in name else (),
    )
    for name, body in ODD.items()
} | ODDEST


@pytest.mark.parametrize("name", ALL)
def test_what_is_combined_moves_as_the_standard_says(name):
    assert passed(ALL[name]) == ALL[name].expected
