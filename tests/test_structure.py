"""References that lead nowhere, and nodes that cannot stand to each other as they do."""

from __future__ import annotations

import pytest

from engine.bpmn.reader import read
from tests.snippets import alone, file, flow, found

REFERENCES = [
    ('<startEvent id="s"/>\n<task id="s"/>', [("duplicate-id", "s", 3)]),
    ('<task id="p"/>', [("duplicate-id", "p", 2)]),
    ("<startEvent/>", [("no-id", "p", 2)]),
    ('<startEvent id="a.b"/>', [("bad-id", "a.b", 2)]),
    ('<startEvent id="a b"/>', [("bad-id", "a b", 2)]),
    ('<startEvent id="s"/>\n' + flow("f", "s", "gone"), [("dangling-reference", "f", 3)]),
    ('<endEvent id="e"/>\n' + flow("f", "gone", "e"), [("dangling-reference", "f", 3)]),
    ('<startEvent id="s"/>\n<sequenceFlow id="f" sourceRef="s"/>', [("dangling-reference", "f", 3)]),
    ('<startEvent id="s"/><dataObject id="d"/>\n' + flow("f", "s", "d"), [("wrong-reference", "f", 3)]),
    (alone('<task id="t" default="gone"/>'), [("dangling-reference", "t", 3)]),
    (alone('<task id="t" default="f"/>'), [("default-not-outgoing", "t", 3)]),
    (alone('<receiveTask id="t" messageRef="gone"/>'), [("dangling-reference", "t", 3)]),
    (alone('<receiveTask id="t"/>'), [("no-message", "t", 3)]),
    (alone('<receiveTask id="t" messageRef="s"/>'), [("wrong-reference", "t", 3)]),
    (
        alone('<endEvent id="t"><signalEventDefinition signalRef="gone"/></endEvent>'),
        [("dangling-reference", "t", 3)],
    ),
    (alone('<endEvent id="t"><signalEventDefinition/></endEvent>'), [("no-signal", "t", 3)]),
    (
        alone('<endEvent id="t"><errorEventDefinition errorRef="gone"/></endEvent>'),
        [("dangling-reference", "t", 3)],
    ),
    (alone('<endEvent id="t"><errorEventDefinition/></endEvent>'), [("no-error", "t", 3)]),
    (
        alone('<endEvent id="t"><escalationEventDefinition escalationRef="gone"/></endEvent>'),
        [("dangling-reference", "t", 3)],
    ),
    (alone('<endEvent id="t"><escalationEventDefinition/></endEvent>'), [("no-escalation", "t", 3)]),
    (
        alone('<intermediateCatchEvent id="t"><eventDefinitionRef>gone</eventDefinitionRef>'
              "</intermediateCatchEvent>"),
        [("dangling-reference", "t", 3)],
    ),
    (alone('<callActivity id="t"/>'), [("no-called-process", "t", 3)]),
    (alone('<callActivity id="t" calledElement="${x}"/>'), [("expression-refused", "t", 3)]),
    (alone('<callActivity id="t" calledElement="s"/>'), [("wrong-reference", "t", 3)]),
    (
        alone('<task id="t"/><dataObjectReference id="r" dataObjectRef="gone"/>'),
        [("dangling-reference", "r", 3)],
    ),
    (
        ('<laneSet id="l"><lane id="a">\n<flowNodeRef>gone</flowNodeRef></lane></laneSet>'
        '<startEvent id="s"/>'),
        [("dangling-reference", "a", 3)],
    ),
    (
        ('<startEvent id="s"/>\n<boundaryEvent id="b" attachedToRef="gone">'
        "<conditionalEventDefinition><condition>x</condition></conditionalEventDefinition>"
        "</boundaryEvent>"),
        [("dangling-reference", "b", 3)],
    ),
    (
        ('<startEvent id="s"/>\n<boundaryEvent id="b">'
        "<conditionalEventDefinition><condition>x</condition></conditionalEventDefinition>"
        "</boundaryEvent>"),
        [("attached-to-nothing", "b", 3)],
    ),
    (
        ('<startEvent id="s"/>\n<boundaryEvent id="b" attachedToRef="s">'
        "<conditionalEventDefinition><condition>x</condition></conditionalEventDefinition>"
        "</boundaryEvent>"),
        [("attached-to-no-activity", "b", 3)],
    ),
    (
        '<startEvent id="s"/><subProcess id="u"><startEvent id="i"/></subProcess>\n'
        + flow("f", "s", "i"),
        [("flow-crosses-border", "f", 3)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "findings"), REFERENCES)
def test_what_is_not_there_is_named_with_its_line(body, findings):
    assert found(file(body)) == findings


def test_a_reference_that_differs_in_case_gets_a_suggestion():
    _, findings = read(file('<startEvent id="Start"/>' + flow("f", "start", "Start")), "x.bpmn")

    assert [one.hint for one in findings if one.code == "dangling-reference"] == [
        "Did you mean 'Start'?"
    ]


def test_pools_and_message_flows_must_name_what_is_there():
    roots = (
        '<collaboration id="c">\n<participant id="a" processRef="p"/>'
        '<participant id="b" processRef="gone"/>\n'
        '<messageFlow id="m" sourceRef="a" targetRef="nobody"/></collaboration>'
    )

    assert found(file('<startEvent id="s"/>', roots)) == [
        ("dangling-reference", "b", 4),
        ("dangling-reference", "m", 5),
    ]


STRUCTURE = [
    ("", [("nothing-starts", "p", 1)]),
    (
        '<task id="a"/><task id="b"/>' + flow("f", "a", "b") + flow("g", "b", "a"),
        [("nothing-starts", "p", 1)],
    ),
    ('<task id="t"/>', [("no-start-event", "p", 1)]),
    ('<startEvent id="s"/>\n<startEvent id="r"/>', []),
    (
        '<startEvent id="s"/>\n<subProcess id="u" triggeredByEvent="true"><task id="t"/></subProcess>',
        [("event-sub-process-start", "u", 3)],
    ),
    (
        ('<startEvent id="s"/>\n<subProcess id="u" triggeredByEvent="true">\n<startEvent id="i"/>'
        "</subProcess>"),
        [("event-without-definition", "i", 4)],
    ),
    (alone('<exclusiveGateway id="t"/>'), [("gateway-without-exit", "t", 3)]),
    (alone('<parallelGateway id="t"/>'), [("gateway-without-exit", "t", 3)]),
    (
        alone(f'<exclusiveGateway id="t"/><task id="a"/><task id="b"/>\n{flow("g", "t", "a", "x")}'
              f'\n{flow("h", "t", "b")}'),
        [("condition-missing", "h", 5)],
    ),
    (
        alone(f'<exclusiveGateway id="t"/><task id="a"/><task id="b"/>\n{flow("g", "t", "a", "x")}'
              f'\n{flow("h", "t", "b", " ")}'),
        [("condition-missing", "h", 5)],
    ),
    (
        alone(f'<exclusiveGateway id="t"/><task id="a"/><task id="b"/>\n{flow("g", "t", "a", "x")}'
              f'\n{flow("h", "t", "b", "y")}'),
        [("no-default", "t", 3)],
    ),
    (
        alone(f'<task id="t"/><task id="a"/>\n{flow("g", "t", "a", "x")}'),
        [("no-default", "t", 3)],
    ),
    (
        alone(f'<exclusiveGateway id="t" default="h"/><task id="a"/><task id="b"/>\n'
              f'{flow("g", "t", "a", "x")}\n{flow("h", "t", "b", "y")}'),
        [("condition-ignored", "h", 5)],
    ),
    (
        alone(f'<parallelGateway id="t"/><task id="a"/>\n{flow("g", "t", "a", "x")}'),
        [("condition-ignored", "g", 4)],
    ),
    (
        alone(f'<eventBasedGateway id="t"/><task id="a"/>\n{flow("g", "t", "a")}'),
        [("event-gateway-target", "a", 3), ("event-gateway-target", "t", 3)],
    ),
    ('<startEvent id="s"/>\n<task id="t"/>', [("unreachable", "t", 3)]),
    (
        f'<startEvent id="s"/>\n<task id="a"/><task id="b"/>{flow("f", "a", "b")}{flow("g", "b", "a")}',
        [("unreachable", "a", 3), ("unreachable", "b", 3)],
    ),
    (alone(f'<endEvent id="t"/>{flow("g", "t", "s")}'),
     [("flow-not-allowed", "s", 2), ("flow-not-allowed", "t", 3)]),
    (
        alone('<intermediateThrowEvent id="t"><linkEventDefinition name="a"/></intermediateThrowEvent>'),
        [("link-without-partner", "t", 3)],
    ),
    (
        ('<startEvent id="s"/>\n'
        '<intermediateCatchEvent id="t"><linkEventDefinition name="a"/></intermediateCatchEvent>'),
        [("link-without-partner", "t", 3)],
    ),
    (
        alone('<intermediateThrowEvent id="t"><linkEventDefinition/></intermediateThrowEvent>'),
        [("link-without-name", "t", 3)],
    ),
    (
        alone('<intermediateThrowEvent id="t"><linkEventDefinition name="a"/></intermediateThrowEvent>'
              '<intermediateCatchEvent id="c"><linkEventDefinition name="a"/></intermediateCatchEvent>\n'
              '<intermediateCatchEvent id="d"><linkEventDefinition name="a"/></intermediateCatchEvent>'),
        [("link-twice", "d", 4)],
    ),
    (alone('<callActivity id="t" calledElement="p"/>'), [("calls-itself", "t", 3)]),
    (alone("<nonsense id='t'/>"), [("unknown-element", "t", 3), ("wrong-reference", "f", 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "findings"), STRUCTURE)
def test_a_diagram_that_cannot_run_or_may_stop_is_named(body, findings):
    assert sorted(found(file(body))) == sorted(findings)


HOUR = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
AWAITED = (
    '<eventBasedGateway id="t"/><receiveTask id="r" messageRef="m">{}</receiveTask>\n'
    '<intermediateCatchEvent id="c">{}</intermediateCatchEvent><endEvent id="e"/>'
    + flow("g", "t", "r")
    + flow("h", "t", "c")
    + flow("i", "r", "e")
    + flow("j", "c", "e")
)
LATE = f'<boundaryEvent id="b" attachedToRef="r">{HOUR}</boundaryEvent>' + flow("k", "b", "e")
AGAIN = '<standardLoopCharacteristics loopMaximum="2"/>'
MESSAGE = '<messageEventDefinition messageRef="m"/>'


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        (AWAITED.format("", HOUR), []),
        (AWAITED.format("", MESSAGE), []),
        (AWAITED.format("", HOUR) + LATE, [("event-gateway-target", "r", 3)]),
        (AWAITED.format(AGAIN, HOUR), [("event-gateway-target", "r", 3)]),
    ],
)
def test_an_event_based_gateway_waits_in_place_of_the_receive_tasks_after_it(body, findings):
    assert found(file(alone(body), '<message id="m" name="go"/>')) == findings


def test_an_event_sub_process_neither_repeats_nor_is_a_transaction():
    inside = f'<startEvent id="i">{HOUR}</startEvent>'
    looping = f'<subProcess id="u" triggeredByEvent="true">{inside}{AGAIN}</subProcess>'
    cancelled = f'<transaction id="u" triggeredByEvent="true">{inside}</transaction>'

    for one in (looping, cancelled):
        assert found(file('<startEvent id="s"/>\n' + one)) == [("not-supported", "u", 3)]


CHOICE = '<exclusiveGateway id="t" default="g"/><task id="a"/>' + flow("g", "t", "a")


@pytest.mark.parametrize(
    "condition",
    ["'road'", "1", "None", "n + 1", "-n", "len(items)", "[n]", "1 if n else 'x'", "${'a'}"],
)
def test_a_condition_that_can_be_neither_true_nor_false_is_refused(condition):
    conditional = f"<conditionalEventDefinition><condition>{condition}</condition>"
    waiting = f'<intermediateCatchEvent id="t">{conditional}</conditionalEventDefinition>'
    loop = f"<standardLoopCharacteristics><loopCondition>{condition}</loopCondition>"
    bodies = [
        (alone(CHOICE + "\n" + flow("h", "t", "a", condition)), "h", 4),
        (alone(f"{waiting}</intermediateCatchEvent>"), "t", 3),
        (alone(f'<task id="t">{loop}</standardLoopCharacteristics></task>'), "t", 3),
    ]

    for body, element, line in bodies:
        assert found(file(body)) == [("never-true-or-false", element, line)]


@pytest.mark.parametrize(
    "condition",
    ["n", "True", "not n", "a &gt; b", "a and b", "a | b", "f if n else False", "value('n')",
     "any(items)", "bool(n)", "= 1 &gt; 2"],
)  # fmt: skip
def test_a_condition_that_may_be_either_is_let_be(condition):
    assert found(file(alone(CHOICE + flow("h", "t", "a", condition)))) == []


def test_a_condition_that_is_never_asked_is_only_told_as_ignored():
    body = CHOICE.replace("exclusive", "parallel").replace(' default="g"', "")

    assert found(file(alone(body + "\n" + flow("h", "t", "a", "'road'")))) == [
        ("condition-ignored", "h", 4)
    ]
