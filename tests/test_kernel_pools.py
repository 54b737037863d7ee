"""Several processes, pools and global tasks in one file; how a process may begin and end."""

from __future__ import annotations

import pytest

from engine.bpmn import checks
from engine.bpmn.reader import read
from engine.errors import InvalidRequest
from engine.spiff.refusals import refusals
from tests.memory import Case, file, flows, process
from tests.snippets import found as found_in


def findings(body: str) -> list[tuple[str, str, str | None]]:
    _, told = read(file(body), "x.bpmn")
    return [(one.code, one.severity, one.element) for one in told]


# -- event definitions beside the process --------------------------------------------------

ROOTS = (
    '<message id="M" name="go"/><signal id="S" name="alarm"/>'
    '<messageEventDefinition id="about_m" messageRef="M"/>'
    '<signalEventDefinition id="about_s" signalRef="S"/>'
    '<timerEventDefinition id="hour"><timeDuration>PT1H</timeDuration></timerEventDefinition>'
)


def test_an_event_waits_for_the_definition_of_the_file_that_it_names():
    case = Case(
        process(
            '<startEvent id="s"/><intermediateCatchEvent id="c"><eventDefinitionRef>about_m'
            '</eventDefinitionRef></intermediateCatchEvent><userTask id="t"/><boundaryEvent id="b" '
            'attachedToRef="t"><eventDefinitionRef>hour</eventDefinitionRef></boundaryEvent>'
            '<endEvent id="e"/><endEvent id="late"/>' + flows("s > c > t > e", "b > late"),
            extra=ROOTS,
        )
    )

    case.start()
    case.message("go")
    case.fire()

    assert case.trace("message_awaited", "message_received", "timer_armed", "timer_fired") == [
        ("message_awaited", "c", 1),
        ("message_received", "c", 1),
        ("timer_armed", "b", 1),
        ("timer_fired", "b", 1),
    ]
    assert case.entered() == ["s#1", "c#1", "t#1", "b#1", "late#1"]


def test_one_definition_serves_several_events():
    case = Case(
        process(
            '<startEvent id="s"/><parallelGateway id="f"/>'
            '<intermediateCatchEvent id="c"><eventDefinitionRef>about_s</eventDefinitionRef>'
            '</intermediateCatchEvent><endEvent id="e"><eventDefinitionRef>about_s'
            '</eventDefinitionRef></endEvent><endEvent id="d"/>'
            + flows("s > f", "f > e", "f > c > d"),
            extra=ROOTS,
        )
    )

    case.start()

    assert case.trace()[4:] == [
        ("element_entered", "f", 1),
        ("element_left", "f", 1),
        ("flow_taken", "f", 1),
        ("flow_taken", "f", 1),
        ("element_entered", "e", 1),
        ("element_entered", "c", 1),
        ("signal_awaited", "c", 1),
        ("signal_sent", "e", 1),
        ("signal_received", "c", 1),
        ("element_left", "c", 1),
        ("flow_taken", "c", 1),
        ("element_left", "e", 1),
        ("element_entered", "d", 1),
        ("element_left", "d", 1),
        ("case_completed", "p", 1),
    ]


def test_a_definition_that_is_not_in_the_file_is_named():
    body = '<startEvent id="s"/><endEvent id="t"><eventDefinitionRef>no</eventDefinitionRef></endEvent>'
    assert findings(f'<process id="p">{body}{flows("s > t")}</process>') == [
        ("dangling-reference", "error", "t")
    ]


def test_an_end_event_may_have_several_results():
    case = Case(
        process(
            '<startEvent id="s"/><endEvent id="e"><messageEventDefinition messageRef="M"/>'
            "<eventDefinitionRef>about_s</eventDefinitionRef></endEvent>" + flows("s > e"),
            extra=ROOTS,
        )
    )

    case.start()

    assert case.trace("message_sent", "signal_sent", "element_left")[1:] == [
        ("message_sent", "e", 1),
        ("signal_sent", "e", 1),
        ("element_left", "e", 1),
    ]
    assert case.state == "completed"


# -- global tasks ------------------------------------------------------------------------

CALLER = (
    '<process id="p" isExecutable="true"><startEvent id="s"/>'
    '<callActivity id="call" calledElement="g"><extensionElements>'
    '<camunda:in variables="all"/><camunda:out variables="all"/></extensionElements></callActivity>'
    '<endEvent id="e"/>' + flows("s > call > e") + "</process>"
)


SCRIPT = '<globalScriptTask id="g" scriptLanguage="{}"><script>{}</script></globalScriptTask>'


def test_a_global_user_task_is_done_where_it_is_called():
    case = Case(
        file('<globalUserTask id="g" name="Look" camunda:candidateGroups="clerk"/>' + CALLER),
        main="p",
    )

    case.start(n=1)
    opened = case.events[-1]
    case.complete("g.g.1", n=2)

    assert {key: opened[key] for key in ("type", "process", "element", "nth", "path", "name")} == {
        "type": "task_opened", "process": "g", "element": "g", "nth": 1, "path": ["call"],
        "name": "Look",
    }  # fmt: skip
    assert [one["role"] for one in opened["candidates"]] == ["clerk"]
    assert case.trace("element_entered", "element_left") == [
        ("element_entered", "s", 1),
        ("element_left", "s", 1),
        ("element_entered", "call", 1),
        ("element_entered", "g", 1),
        ("element_left", "g", 1),
        ("element_left", "call", 1),
        ("element_entered", "e", 1),
        ("element_left", "e", 1),
    ]
    assert case.data["n"] == 2


@pytest.mark.parametrize(
    ("task", "data"),
    [
        ('<globalTask id="g"/>', {"n": 1}),
        (SCRIPT.format("python", "n = n + 5"), {"n": 6}),
        ('<globalBusinessRuleTask id="g" camunda:decisionRef="d" camunda:resultVariable="r"/>',
         {"n": 1, "r": "yes"}),
    ],
)  # fmt: skip
def test_other_global_tasks_are_done_at_once(task, data):
    decisions = {"d": lambda _: {"result": "yes", "matched": ["1"]}}
    case = Case(file(task + CALLER), main="p", decisions=decisions)

    case.start(n=1)

    assert case.entered() == ["s#1", "call#1", "g#1", "e#1"]
    assert (case.state, case.data) == ("completed", data)


def test_a_global_manual_task_waits_for_a_person():
    case = Case(file('<globalManualTask id="g"/>' + CALLER), main="p")

    case.start()

    assert case.tasks == ["g.g.1"]


def test_a_global_script_in_another_language_is_refused():
    assert findings(SCRIPT.format("groovy", "x") + CALLER) == [("script-language", "error", "g")]


def test_nobody_starts_a_global_task_by_itself():
    case = Case(file('<globalTask id="g"/>' + CALLER), main="g")

    with pytest.raises(InvalidRequest, match="global task"):
        case.start()


def test_a_global_task_is_refused_for_the_other_executor():
    diagram, _ = read(file('<globalTask id="g"/>' + CALLER), "x.bpmn")

    refused = [refusals(one, "x.bpmn") for one in diagram.processes.values()]

    assert [[(f.code, f.element) for f in found] for found in refused] == [
        [],
        [("not-on-executor", "g")],
    ]


# -- pools and message flows ---------------------------------------------------------------

POOLS = (
    '<collaboration id="k"><participant id="one" processRef="p"/>'
    '<participant id="two" processRef="q"/><participant id="outside"/>'
    '<messageFlow id="f" sourceRef="{0}" targetRef="{1}"{2}/></collaboration>'
    '<message id="M" name="go"/><process id="p" isExecutable="true"><startEvent id="s"/>'
    '<exclusiveGateway id="x"/><endEvent id="e"><messageEventDefinition messageRef="M"/></endEvent>'
    + flows("s > x > e")
    + '</process><process id="q" isExecutable="true"><startEvent id="s2">'
    '<messageEventDefinition messageRef="M"/></startEvent><task id="t2"/><endEvent id="e2"/>'
    + flows("s2 > t2 > e2")
    + "</process>"
)


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("e", "s2", []),
        ("one", "two", []),
        ("outside", "t2", []),
        ("t2", "outside", []),
        ("x", "s2", [("message-flow-end", "error", "f")]),
        ("e2", "one", [("message-flow-end", "error", "f")]),
        ("e", "e2", [("message-flow-end", "error", "f")]),
        ("s2", "one", [("message-flow-end", "error", "f")]),
        ("outside", "s", [("message-flow-end", "error", "f")]),
        ("e", "x", [("message-flow-end", "error", "f"), ("message-flow-within", "error", "f")]),
        ("e", "gone", [("dangling-reference", "error", "f")]),
        ("", "s2", [("dangling-reference", "error", "f")]),
    ],
)
def test_a_message_flow_joins_two_pools_by_what_sends_and_receives(source, target, told):
    assert findings(POOLS.format(source, target, "")) == told


def test_a_message_flow_names_a_message_of_the_file():
    assert findings(POOLS.format("e", "s2", ' messageRef="M"')) == []
    assert findings(POOLS.format("e", "s2", ' messageRef="p"')) == [
        ("wrong-reference", "error", "f")
    ]


def test_what_is_only_drawn_is_let_be():
    drawn = POOLS.format("x", "s2", "").replace(
        'id="p" isExecutable="true"', 'id="p" isExecutable="false"'
    )

    assert findings(drawn) == [("not-executable", "warning", "p")]


def test_each_executable_process_is_a_definition_of_its_own():
    diagram, _ = read(file(POOLS.format("e", "s2", "")), "x.bpmn")
    assert diagram is not None
    sender = Case(file(POOLS.format("e", "s2", "")), main="p")
    receiver = Case(file(POOLS.format("e", "s2", "")), main="q")

    sender.start()
    receiver.start("s2")

    assert list(diagram.processes) == ["p", "q"]
    assert sender.entered() == ["s#1", "x#1", "e#1"]
    assert receiver.entered() == ["s2#1", "t2#1", "e2#1"]


# -- lanes -------------------------------------------------------------------------------


def test_lanes_lie_in_each_other_to_any_depth_and_in_sub_processes():
    role = (
        '<extensionElements><camunda:properties><camunda:property name="role" value="{}"/>'
        "</camunda:properties></extensionElements>"
    )
    lanes = "".join(
        f'<lane id="l{number}" name="L{number}">{role.format(f"r{number}")}'
        + ("<flowNodeRef>sub</flowNodeRef>" if number == 8 else "<childLaneSet>")
        for number in range(9)
    ) + "</lane>" + "</childLaneSet></lane>" * 8  # fmt: skip
    inner = (
        '<laneSet id="own"><lane id="i" name="I"><flowNodeRef>a</flowNodeRef><childLaneSet>'
        f'<lane id="j" name="J">{role.format("inner")}<flowNodeRef>b</flowNodeRef></lane>'
        "</childLaneSet></lane></laneSet>"
    )
    case = Case(
        process(
            f'<laneSet id="set">{lanes}</laneSet><subProcess id="sub">{inner}'
            '<userTask id="a"/><userTask id="b"/><userTask id="c"/></subProcess>'
        )
    )

    case.start()

    outer = tuple(f"L{number}" for number in range(9))
    nodes = case.bundle.processes["p"].nodes
    assert [nodes[one].lanes for one in "abc"] == [(*outer, "I"), (*outer, "I", "J"), outer]
    opened = [one for one in case.events if one["type"] == "task_opened"]
    assert [(one["element"], one["candidates"][0]["role"]) for one in opened] == [
        ("a", "r8"),
        ("b", "inner"),
        ("c", "r8"),
    ]


# -- how a process begins and ends ------------------------------------------------------------


def test_without_start_and_end_events_every_loose_end_starts_and_ends():
    case = Case(
        process(
            '<task id="a"/><userTask id="b"/><parallelGateway id="j"/><task id="c"/>'
            '<subProcess id="sub"><task id="x"/><task id="y"/></subProcess>'
            + flows("a > j", "b > j", "j > c")
        )
    )

    case.start()
    case.complete("b")

    assert case.entered() == ["a#1", "b#1", "sub#1", "x#1", "y#1", "j#1", "c#1"]
    assert case.trace()[-2:] == [("element_left", "c", 1), ("case_completed", "p", 1)]
    assert case.events[-1]["end"] == "c"


TWO = '<startEvent id="s"/><startEvent id="r"/><task id="a"/><task id="b"/>' + flows(
    "s > a", "r > b"
)


def test_of_several_start_events_the_one_that_happens_begins():
    case, other = Case(process(TWO)), Case(process(TWO))

    case.start("s")
    other.start("r")

    assert (case.entered(), other.entered()) == (["s#1", "a#1"], ["r#1", "b#1"])
    with pytest.raises(InvalidRequest, match="several start events"):
        Case(process(TWO)).start()


def test_a_sub_process_has_one_plain_start_event():
    assert found_in(
        process('<subProcess id="u">' + TWO.replace('id="', 'id="i').replace('Ref="', 'Ref="i')
                + "</subProcess>")
    ) == [("several-start-events", "ir", 5)]  # fmt: skip


MESSAGE_START = (
    '<startEvent id="m"><messageEventDefinition messageRef="M"/></startEvent><task id="a"/>'
    + flows("m > a")
)


@pytest.mark.parametrize(
    ("body", "roots", "told"),
    [
        (TWO, "", "it has 2: s, r."),
        (MESSAGE_START, '<message id="M" name="go"/>', "it has none."),
    ],
)
def test_a_called_process_begins_by_one_plain_start_event(body, roots, told):
    caller = process('<callActivity id="call" calledElement="q"/>')
    called = process(body, "q", extra=roots)
    diagram, _ = read(caller, "x.bpmn")
    others, _ = read(called, "q.bpmn")

    found = checks.check(diagram, others.processes, filename="x.bpmn")
    case = Case(caller, called)
    case.start()

    assert [(one.code, one.element) for one in found] == [("called-without-start", "call")]
    assert found[0].message.endswith(told)
    assert case.incidents == [("call", "no-start")]
