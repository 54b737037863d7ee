"""What the tests of odd diagrams are made of, and the oddest of them, each with its trace."""

from __future__ import annotations

from typing import NamedTuple

from tests.memory import flows, process

ROOTS = (
    '<message id="m" name="go"/><error id="x" errorCode="X"/>'
    '<escalation id="y" escalationCode="Y"/><signal id="sg" name="alarm"/>'
)
GO = '<messageEventDefinition messageRef="m"/>'
HOUR = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
AROUND = '<startEvent id="s"/><endEvent id="e"/>'
EACH = '<multiInstanceLoopCharacteristics camunda:collection="items" camunda:elementVariable="i"/>'
CALL = '<callActivity id="call" calledElement="q">{}</callActivity><endEvent id="e2"/>'
UNDO = (
    '<boundaryEvent id="cb" attachedToRef="{0}"><compensateEventDefinition/></boundaryEvent>'
    '<association id="as" sourceRef="cb" targetRef="{1}"/>'
)
CALLED = process(
    '<startEvent id="qs"/><userTask id="u"/><endEvent id="qe"/>' + flows("qs > u > qe"), key="q"
)
FAILING = process(
    '<startEvent id="qs"/><userTask id="u"/><endEvent id="qe"/>'
    + flows("qs > u > qe")
    + f'<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" isInterrupting="false">{GO}'
    '</startEvent><endEvent id="he"><errorEventDefinition errorRef="x"/></endEvent>'
    + flows("hs > he")
    + "</subProcess>",
    key="q",
    extra=ROOTS,
)
HANDLER = (
    '<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" isInterrupting="{}">'
    + GO
    + '</startEvent><userTask id="hu"/><endEvent id="he"/>'
    + flows("hs > hu > he")
    + "</subProcess>"
)
LOOP = '<standardLoopCharacteristics loopMaximum="2"/>'
ESCALATED = '<escalationEventDefinition escalationRef="y"/>'
ALARM = '<signalEventDefinition signalRef="sg"/>'
MANY = "<conditionalEventDefinition><condition>n &gt; 5</condition></conditionalEventDefinition>"
LINKS = (
    '<intermediateThrowEvent id="lt"><linkEventDefinition name="L"/></intermediateThrowEvent>'
    '<intermediateCatchEvent id="lc"><linkEventDefinition name="L"/></intermediateCatchEvent>'
)
CANCELLED = '<boundaryEvent id="can" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent>'
UNDOABLE = process(
    '<startEvent id="qs"/><task id="a"/><userTask id="u"/><endEvent id="qe"/>'
    + flows("qs > a > u > qe")
    + UNDO.format("a", "un")
    + '<task id="un" isForCompensation="true"/>',
    key="q",
)
ESCALATING = process(
    f'<startEvent id="qs"/><intermediateThrowEvent id="th">{ESCALATED}</intermediateThrowEvent>'
    '<userTask id="u"/><endEvent id="qe"/>' + flows("qs > th > u > qe"),
    key="q",
    extra=ROOTS,
)


class Odd(NamedTuple):
    """One diagram: what happens to it, and what each step is to tell.

    Attributes:
        steps: what happens after the start, and ``expected`` a line for each and the start.
        called: the processes that it calls.
    """

    body: str
    steps: list[str]
    expected: list[str]
    called: tuple[bytes, ...] = ()


ODDEST = {
    "a transaction cancelled while the second of its calls goes on": Odd(
        AROUND
        + '<endEvent id="e2"/>'
        + flows("s > tx > e", "can > e2")
        + '<transaction id="tx"><startEvent id="xs"/><parallelGateway id="f"/>'
        + CALL.format(EACH.replace("/>", ' isSequential="true"/>')).replace("e2", "xe")
        + '<userTask id="w"/><endEvent id="xc"><cancelEventDefinition/></endEvent>'
        + flows("xs > f > call > xe", "f > w > xc")
        + "</transaction>"
        + CANCELLED,
        ["u", "w"],
        [
            (
                "start: in.s out.s in.tx in.xs out.xs in.f out.f in.call in.w in.call in.qs out.qs "
                "in.a out.a in.u"
            ),
            "u: out.u in.qe out.qe out.call in.call in.qs out.qs in.a out.a in.u",
            # First all that goes on ends. The last is undone first: of the call that was cut
            # off what it had done, and then the whole of the call that was completed.
            (
                "w: out.w in.xc out.xc cut.u cut.call cut.call "
                "undo.call undo.a in.un out.un undone.a undone.call "
                "undo.call undo.a in.un out.un undone.a undone.call "
                "cut.tx in.can out.can in.e2 out.e2"
            ),
        ],
        (UNDOABLE,),
    ),
    "an event sub-process that stays, in an ad-hoc one, in a loop": Odd(
        AROUND
        + flows("s > hoc > e")
        + f'<adHocSubProcess id="hoc">{LOOP}<userTask id="a"/>'
        + HANDLER.format("false")
        + "</adHocSubProcess>",
        ["begin a", "go", "a", "done", "go", "begin a", "a", "hu", "done"],
        [
            "start: in.s out.s in.hoc in.hoc",
            "begin a: in.a",
            "go: in.h in.hs out.hs in.hu",
            "a: out.a",
            # What remains is cancelled, and the second round listens anew.
            "done: cut.hu cut.h out.hoc in.hoc",
            "go: in.h in.hs out.hs in.hu",
            "begin a: in.a",
            "a: out.a",
            "hu: out.hu in.he out.he out.h",
            "done: out.hoc out.hoc in.e out.e",
        ],
    ),
    "a complex gateway behind an interrupting boundary event": Odd(
        AROUND + '<parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>'
        '<userTask id="z"/><complexGateway id="k"><activationCondition>activationCount &gt;= 2'
        "</activationCondition></complexGateway>"
        + flows("s > f > a > k", "f > b > k", "f > c > k", "bc > k > z > e")
        + f'<boundaryEvent id="bc" attachedToRef="c">{GO}</boundaryEvent>',
        ["a", "go", "z", "b"],
        [
            "start: in.s out.s in.f out.f in.a in.b in.c",
            "a: out.a",
            "go: cut.c in.bc out.bc in.k out.k in.z",
            "z: out.z in.e out.e",
            # Nothing can come from c any more: the late token is absorbed, and all is over.
            "b: out.b",
        ],
    ),
    "a boundary event of two together, which stays, at several tasks": Odd(
        AROUND
        + '<endEvent id="e2"/>'
        + flows("s > a > e", "b > e2")
        + f'<userTask id="a">{EACH}</userTask><boundaryEvent id="b" attachedToRef="a" '
        f'cancelActivity="false" parallelMultiple="true">{GO}{ALARM}</boundaryEvent>',
        ["alarm", "go", "go", "p.a.1.1", "alarm", "p.a.1.0"],
        [
            "start: in.s out.s in.a in.a in.a",
            "alarm: ",
            "go: in.b out.b in.e2 out.e2",
            "go: ",
            "p.a.1.1: out.a",
            "alarm: in.b out.b in.e2 out.e2",
            "p.a.1.0: out.a out.a in.e out.e",
        ],
    ),
    "an escalation of a call to an event sub-process that stays": Odd(
        AROUND
        + flows("s > call > e")
        + CALL.format("").replace('<endEvent id="e2"/>', "")
        + HANDLER.format("false").replace(GO, ESCALATED),
        ["u", "hu"],
        [
            # It is caught before the thrower goes on.
            "start: in.s out.s in.call in.qs out.qs in.th in.h in.hs out.hs out.th in.hu in.u",
            "u: out.u in.qe out.qe out.call in.e out.e",
            "hu: out.hu in.he out.he out.h",
        ],
        (ESCALATING,),
    ),
    "links that go back in one of several": Odd(
        AROUND
        + flows("s > t > e")
        + f'<subProcess id="t">{EACH}<startEvent id="ts"/>{LINKS}<userTask id="a"/>'
        '<exclusiveGateway id="g" default="g_te"/><endEvent id="te"/>'
        + flows("ts > lt", "lc > a > g", "g > lt : again == 1", "g > te")
        + "</subProcess>",
        ["p.a.1 again=1", "p.a.2 again=0", "p.a.3"],
        [
            (
                "start: in.s out.s in.t in.t in.t in.ts out.ts in.ts out.ts in.lt out.lt in.lt out.lt "
                "in.lc out.lc in.lc out.lc in.a in.a"
            ),
            "p.a.1 again=1: out.a in.g out.g in.lt out.lt in.lc out.lc in.a",
            "p.a.2 again=0: out.a in.g out.g in.te out.te out.t",
            "p.a.3: out.a in.g out.g in.te out.te out.t out.t in.e out.e",
        ],
    ),
    "a signal end event whose own sub-process catches it": Odd(
        AROUND
        + '<endEvent id="e2"/>'
        + flows("s > t > e", "b > e2")
        + '<subProcess id="t"><startEvent id="ts"/><parallelGateway id="f"/><userTask id="w"/>'
        f'<endEvent id="te">{ALARM}</endEvent>'
        + flows("ts > f > te", "f > w")
        + f'</subProcess><boundaryEvent id="b" attachedToRef="t">{ALARM}</boundaryEvent>',
        [],
        [
            (
                "start: in.s out.s in.t in.ts out.ts in.f out.f in.te in.w cut.te cut.w cut.t "
                "in.b out.b in.e2 out.e2"
            ),
        ],
    ),
    "a terminate in an event sub-process that has interrupted": Odd(
        AROUND
        + '<userTask id="w"/>'
        + flows("s > t > w > e")
        + '<subProcess id="t"><startEvent id="ts"/><userTask id="a"/>'
        + flows("ts > a")
        + HANDLER.format("true")
        .replace(
            '<endEvent id="he"/>',
            '<parallelGateway id="hf"/><endEvent id="he"><terminateEventDefinition/></endEvent>',
        )
        .replace(flows("hs > hu > he"), flows("hs > hf > hu", "hf > he"))
        + "</subProcess>",
        ["go", "w"],
        [
            "start: in.s out.s in.t in.ts out.ts in.a",
            # It ends the event sub-process alone; around it nothing is left.
            "go: cut.a in.h in.hs out.hs in.hf out.hf in.hu in.he out.he cut.hu out.h out.t in.w",
            "w: out.w in.e out.e",
        ],
    ),
    "a condition at two tasks that the completion of one fulfils": Odd(
        AROUND + '<parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><endEvent id="e2"/>'
        '<endEvent id="e3"/><endEvent id="e4"/>'
        + flows("s > f > a > e", "f > b > e4", "ba > e2", "bb > e3")
        + f'<boundaryEvent id="ba" attachedToRef="a">{MANY}</boundaryEvent>'
        f'<boundaryEvent id="bb" attachedToRef="b">{MANY}</boundaryEvent>',
        ["a n=9"],
        [
            "start: in.s out.s in.f out.f in.a in.b",
            # The one that is completed is over before its data are looked at.
            "a n=9: out.a cut.b in.bb out.bb in.e out.e in.e3 out.e3",
        ],
    ),
}
