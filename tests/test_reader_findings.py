"""What the reader says about broken, hostile and doubtful diagrams.

Each row is a snippet and the exact findings: code, element, line. The snippet
begins in line 2, inside of the process ``p``.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from engine.bpmn.reader import read

ROOT = Path(__file__).parent.parent
DEFINITIONS = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="file">'
)


def file(body: str, roots: str = "") -> bytes:
    return f'{DEFINITIONS}<process id="p">\n{body}\n</process>{roots}</definitions>'.encode()


def found(xml: bytes) -> list[tuple[str, str | None, int | None]]:
    _, findings = read(xml, "x.bpmn")
    return [(one.code, one.element, one.line) for one in findings]


def flow(key: str, source: str, target: str, condition: str = "") -> str:
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return (
        f'<sequenceFlow id="{key}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
    )


def alone(node: str) -> str:
    """The node t after a start, so that only the node itself is judged."""
    return f'<startEvent id="s"/>{flow("f", "s", "t")}\n{node}'


def timer(tag: str, text: str) -> str:
    return alone(
        f'<intermediateCatchEvent id="t"><timerEventDefinition id="d">\n<{tag}>{text}</{tag}>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )


def extended(tag: str, inner: str, attributes: str = "") -> str:
    return alone(
        f'<{tag} id="t" {attributes}><extensionElements>\n{inner}</extensionElements></{tag}>'
    )


def properties(**values: str) -> str:
    inner = "".join(f'<camunda:property name="{k}" value="{v}"/>' for k, v in values.items())
    return f"<camunda:properties>{inner}</camunda:properties>"


# -- files that are no diagram ---------------------------------------------------


@pytest.mark.parametrize(
    ("xml", "findings"),
    [
        (b"", [("not-xml", None, 1)]),
        (b"\x00\x01\x02", [("not-xml", None, 1)]),
        (b"BPMN", [("not-xml", None, 1)]),
        (b"<definitions>\n<a></b>", [("not-xml", None, 2)]),
        (b"<definitions/>", [("wrong-root", None, 1)]),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"/>', [("wrong-root", None, 1)]),
        (b"x" * 5_000_001, [("file-too-large", None, None)]),
        (b"<a>" + b"<b/>" * 500_000 + b"</a>", [("file-too-large", None, None)]),
        (b"<a>" * 101 + b"</a>" * 101, [("too-deep", None, 1)]),
        (b"<a>" * 100_000, [("too-deep", None, 1)]),
        (b"<!DOCTYPE a><a/>", [("dtd", None, 1)]),
        (b"\n<!DOCTYPE a SYSTEM 'http://h/d'><a/>".lstrip(), [("external-dtd", None, 1)]),
        (b"<!-- <!DOCTYPE -->\n<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", [("entities", None, 2)]),
        (b"<a>&b;</a>", [("not-xml", None, 1)]),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-', [("bad-encoding", None, 1)]),
        (b"<a>\n\xff</a>", [("bad-encoding", None, 2)]),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>".encode("utf-16"), [("entities", None, 1)]),
        (f"{DEFINITIONS}</definitions>".encode(), [("no-process", None, 1)]),
        (
            f'{DEFINITIONS}\n<process id="p" isExecutable="false"/></definitions>'.encode(),
            [("no-process", None, 1), ("not-executable", "p", 2)],
        ),
    ],
)
def test_a_file_that_is_no_diagram_is_refused(xml, findings):
    assert found(xml) == findings
    assert read(xml, "x.bpmn")[0] is None


def test_an_entity_bomb_costs_nothing():
    inner = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30))
    xml = f'<!DOCTYPE a [<!ENTITY e0 "x">{inner}]><a>&e29;</a>'.encode()

    assert found(xml) == [("entities", None, 1)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gbk", "gb18030"])
def test_a_diagram_in_another_encoding_is_read(encoding):
    declared = f'<?xml version="1.0" encoding="{encoding.replace("utf-8-sig", "utf-8")}"?>'
    xml = declared + file('<startEvent id="s" name="吹哨"/>').decode()

    diagram, findings = read(xml.encode(encoding), "x.bpmn")

    assert findings == []
    assert diagram.processes["p"].nodes["s"].name == "吹哨"


# -- ids and references ------------------------------------------------------------

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


# -- structure -----------------------------------------------------------------------

STRUCTURE = [
    ("", [("nothing-starts", "p", 1)]),
    (
        '<task id="a"/><task id="b"/>' + flow("f", "a", "b") + flow("g", "b", "a"),
        [("nothing-starts", "p", 1)],
    ),
    ('<task id="t"/>', [("no-start-event", "p", 1)]),
    ('<startEvent id="s"/>\n<startEvent id="r"/>', [("several-start-events", "r", 3)]),
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
        [("event-gateway-target", "a", 3)],
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


# -- events --------------------------------------------------------------------------

MESSAGE = '<messageEventDefinition messageRef="m"/>'
ERROR = '<errorEventDefinition errorRef="x"/>'
ROOTS = '<message id="m" name="m"/><error id="x" errorCode="E"/>'
EVENTS = [
    ('<startEvent id="s">\n' + ERROR + "</startEvent>", [("event-not-allowed", "s", 2)]),
    (alone('<intermediateCatchEvent id="t"/>'), [("event-without-definition", "t", 3)]),
    (
        alone(f'<intermediateCatchEvent id="t">{ERROR}</intermediateCatchEvent>'),
        [("event-not-allowed", "t", 3)],
    ),
    (
        alone('<intermediateThrowEvent id="t"><terminateEventDefinition/></intermediateThrowEvent>'),
        [("event-not-allowed", "t", 3)],
    ),
    (
        alone('<intermediateThrowEvent id="t"><timerEventDefinition><timeDuration>PT1H'
              "</timeDuration></timerEventDefinition></intermediateThrowEvent>"),
        [("event-not-allowed", "t", 3)],
    ),
    (
        alone(f'<endEvent id="t"><terminateEventDefinition/>{MESSAGE}</endEvent>'),
        [("event-not-allowed", "t", 3)],
    ),
    (
        alone(f'<task id="t"/>\n<boundaryEvent id="b" attachedToRef="t" cancelActivity="false">{ERROR}'
              "</boundaryEvent>"),
        [("event-not-allowed", "b", 4)],
    ),
    (
        alone(f'<subProcess id="t">\n<startEvent id="i">{MESSAGE}</startEvent></subProcess>'),
        [("event-not-allowed", "i", 4)],
    ),
    (
        alone('<intermediateCatchEvent id="t"><conditionalEventDefinition/></intermediateCatchEvent>'),
        [("condition-missing", "t", 3)],
    ),
    (
        alone('<endEvent id="t">\n<cancelEventDefinition/></endEvent>'),
        [("not-supported", "t", 4)],
    ),
    (
        alone('<intermediateThrowEvent id="t">\n<compensateEventDefinition/></intermediateThrowEvent>'),
        [("not-supported", "t", 4)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "findings"), EVENTS)
def test_an_event_that_may_not_stand_there_is_named(body, findings):
    assert found(file(body, ROOTS)) == findings


@pytest.mark.parametrize(
    ("tag", "text", "code"),
    [
        ("timeDuration", "four hours", "timer-unreadable"),
        ("timeDuration", "PT4", "timer-unreadable"),
        ("timeDuration", "P", "timer-unreadable"),
        ("timeDuration", "P1H", "timer-unreadable"),
        ("timeDuration", "PT0S", "timer-unreadable"),
        ("timeDuration", "-PT4H", "timer-negative"),
        ("timeDuration", "working_days(-1)", "timer-negative"),
        ("timeDuration", "2026-09-18T09:00:00+08:00", "timer-unreadable"),
        ("timeDate", "PT4H", "timer-unreadable"),
        ("timeDate", "2026-13-01", "timer-unreadable"),
        ("timeDate", "2026-02-30T09:00:00", "timer-unreadable"),
        ("timeCycle", "R/PT0S", "timer-repeats-at-once"),
        ("timeCycle", "R3/P0D", "timer-repeats-at-once"),
        ("timeCycle", "minutes(0)", "timer-repeats-at-once"),
        ("timeCycle", "R/-PT1H", "timer-negative"),
        ("timeCycle", "R/2026-09-18T09:00", "timer-unreadable"),
        ("timeCycle", "PT1H", "timer-unreadable"),
        ("timeCycle", "0 0 9 * * ?", "timer-unreadable"),
        ("timeDate", "${execution.due}", "expression-refused"),
    ],
)
def test_a_timer_that_never_fires_rightly_is_refused(tag, text, code):
    codes = [one for one in found(file(timer(tag, text))) if one[0] != "cycle-fires-once"]

    assert codes == [(code, "t", 4)]


@pytest.mark.parametrize("tags", ["", "<timeDate>x</timeDate><timeCycle>R/PT1H</timeCycle>"])
def test_a_timer_has_exactly_one_time(tags):
    node = (
        f'<intermediateCatchEvent id="t"><timerEventDefinition>{tags}</timerEventDefinition>'
        "</intermediateCatchEvent>"
    )

    code = "timer-with-two-times" if tags else "timer-without-time"
    assert found(file(alone(node))) == [(code, "t", 3)]


# -- not supported, foreign -------------------------------------------------------------

REFUSED = [
    (alone('<transaction id="t"/>'), "not-supported", 3),
    (alone('<adHocSubProcess id="t"/>'), "not-supported", 3),
    (alone('<complexGateway id="t"/>'), "not-supported", 3),
    (alone('<task id="t" isForCompensation="true"/>'), "not-supported", 3),
    (alone('<task id="t" startQuantity="2"/>'), "not-supported", 3),
    (alone('<task id="t" completionQuantity="2"/>'), "not-supported", 3),
    (alone('<receiveTask id="t" messageRef="m" instantiate="true"/>'), "not-supported", 3),
    (
        alone('<task id="t"><multiInstanceLoopCharacteristics behavior="One">'
              "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>"),
        "not-supported",
        3,
    ),
    (alone('<serviceTask id="t" camunda:class="org.x.Y" camunda:topic="a"/>'), "foreign-code", 3),
    (alone('<serviceTask id="t" camunda:expression="${x}" camunda:topic="a"/>'), "foreign-code", 3),
    (
        alone('<serviceTask id="t" camunda:delegateExpression="${x}" camunda:topic="a"/>'),
        "foreign-code",
        3,
    ),
    (alone('<serviceTask id="t" camunda:type="mail" camunda:topic="a"/>'), "foreign-code", 3),
    (extended("task", '<camunda:executionListener class="x" event="start"/>'), "foreign-code", 4),
    (extended("task", '<camunda:taskListener class="x" event="create"/>'), "foreign-code", 4),
    (extended("task", "<camunda:connector/>"), "foreign-code", 4),
    (
        extended("task", "<zeebe:executionListeners/>"),
        "foreign-code",
        4,
    ),
    (alone('<serviceTask id="t"/>'), "no-topic", 3),
    (alone('<sendTask id="t"/>'), "no-topic", 3),
    (alone('<businessRuleTask id="t"/>'), "no-decision", 3),
    (alone('<businessRuleTask id="t" camunda:decisionRef="${x}"/>'), "bad-decision", 3),
    (alone('<scriptTask id="t" scriptFormat="groovy"><script>x</script></scriptTask>'),
     "script-language", 3),
    (alone('<scriptTask id="t"/>'), "script-missing", 3),
    (
        alone('<scriptTask id="t" camunda:resultVariable="x"><script>a = 1</script></scriptTask>'),
        "script-refused",
        3,
    ),
    (alone('<task id="t"><multiInstanceLoopCharacteristics/></task>'),
     "multi-instance-of-nothing", 3),
    (
        alone('<task id="t"><multiInstanceLoopCharacteristics>\n<loopCardinality>10000000'
              "</loopCardinality></multiInstanceLoopCharacteristics></task>"),
        "too-many-instances",
        3,
    ),
    (alone('<task id="t"><standardLoopCharacteristics/></task>'), "loop-without-end", 3),
    (alone('<task id="t"><standardLoopCharacteristics loopMaximum="-1"/></task>'), "bad-number", 3),
    (alone('<userTask id="t" camunda:candidateGroups="${roles}"/>'), "bad-role", 3),
    (alone('<userTask id="t" camunda:candidateGroups="a@"/>'), "bad-role", 3),
    (alone('<userTask id="t" camunda:assignee="${x.y()}"/>'), "expression-refused", 3),
    (alone('<userTask id="t" camunda:assignee="${"/>'), "expression-refused", 3),
    (alone('<userTask id="t" camunda:dueDate="in an hour"/>'), "timer-unreadable", 3),
    (alone('<userTask id="t" camunda:formKey="embedded:app:forms/a.html"/>'), "bad-form", 3),
    (extended("userTask", properties(outcomes="a=A;a=B")), "bad-outcomes", 3),
    (extended("userTask", properties(outcomes="not good=A")), "bad-outcomes", 3),
    (
        extended("callActivity", '<camunda:in source="a" target="a b"/>', 'calledElement="q"'),
        "bad-name",
        4,
    ),
    (extended("callActivity", '<camunda:in target="a"/>', 'calledElement="q"'), "bad-name", 4),
    (
        extended("task", '<camunda:inputOutput><camunda:inputParameter name="a">'
                 '<camunda:script scriptFormat="groovy">x</camunda:script>'
                 "</camunda:inputParameter></camunda:inputOutput>"),
        "script-refused",
        4,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "line"), REFUSED)
def test_what_the_engine_does_not_do_is_refused_by_name(body, code, line):
    _, findings = read(file(body, ROOTS), "x.bpmn")

    errors = [(one.code, one.element, one.line) for one in findings if one.severity == "error"]
    assert errors == [(code, "t", line)]


@pytest.mark.parametrize(
    "roots",
    [
        '<choreography id="c"/>',
        '<globalUserTask id="c"/>',
        '<collaboration id="k"><conversation id="c"/></collaboration>',
    ],
)
def test_other_kinds_of_diagram_are_refused(roots):
    assert found(file('<startEvent id="s"/>', "\n" + roots)) == [("not-supported", "c", 4)]


def test_a_condition_in_another_language_is_refused():
    body = alone(
        '<exclusiveGateway id="t"/><task id="a"/><sequenceFlow id="g" sourceRef="t" targetRef="a">\n'
        '<conditionExpression language="groovy">x</conditionExpression></sequenceFlow>'
    )

    assert found(file(body)) == [("expression-language", "g", 4)]


# -- advice ----------------------------------------------------------------------------


def test_a_task_without_form_or_people_is_doubtful():
    assert found(file(alone('<userTask id="t"/>'))) == [
        ("no-assignment", "t", 3),
        ("no-form", "t", 3),
    ]


def branches(*conditions: str, outcomes: str = "yes=Y;no=N", key: str = "t") -> bytes:
    task = (
        f'<userTask id="{key}" camunda:formKey="a" camunda:candidateGroups="r">'
        f"<extensionElements>{properties(outcomes=outcomes)}</extensionElements></userTask>"
    )
    ends = "".join(
        f'<endEvent id="e{n}"/>\n{flow(f"g{n}", "x", f"e{n}", text)}'
        for n, text in enumerate(conditions)
    )
    return file(
        f'<startEvent id="s"/>{flow("f", "s", key)}{task}<endEvent id="d"/>{flow("d1", "x", "d")}'
        f'<exclusiveGateway id="x" default="d1"/>{flow("h", key, "x")}{ends}'
    )


@pytest.mark.parametrize(
    ("condition", "known"),
    [
        ("outcome == 'yes'", True),
        ("outcome == 'maybe'", False),
        ("outcome in ('yes', 'no')", True),
        ("outcome in ('yes', 'never')", False),
        ("t_outcome == 'maybe'", False),
        ("'maybe' == t_outcome", False),
        ("other_outcome == 'maybe'", True),
        ("${outcome == 'maybe'}", False),
        ("amount == 'maybe'", True),
    ],
)
def test_a_condition_on_an_outcome_that_no_task_declares_is_doubtful(condition, known):
    assert found(branches(condition)) == ([] if known else [("unknown-outcome", "g0", 3)])


def test_an_outcome_of_a_task_whose_id_is_no_name_is_doubtful():
    assert found(branches(key="t-1")) == [("id-is-no-name", "t-1", 2)]


def test_english_outcomes_must_be_outcomes():
    body = extended(
        "userTask",
        properties(outcomes="a=甲", outcomes_en="b=B"),
        'camunda:formKey="f" camunda:candidateGroups="r"',
    )

    assert found(file(body)) == [("unknown-outcome", "t", 3)]


def test_what_is_only_read_past_is_said():
    body = alone(
        '<userTask id="t" camunda:formKey="f" camunda:candidateGroups="r"><extensionElements>'
        "<camunda:formData/></extensionElements><potentialOwner/></userTask>\n"
        '<dataStoreReference id="d"/>'
    )

    assert found(file(body)) == [("ignored", "t", 3), ("ignored", "t", 3), ("ignored", "d", 4)]


# -- bad luck ----------------------------------------------------------------------------


def test_a_flood_of_findings_is_cut_and_keeps_the_errors():
    tasks = "".join(f'<userTask id="t{n}"/>' for n in range(400))
    lost = "".join(flow(f"f{n}", "gone", "t0") for n in range(300))
    notes = "".join(f'<dataStoreReference id="d{n}"/>' for n in range(400))

    codes = [code for code, _, _ in found(file(f'<startEvent id="s"/>{tasks}{notes}{lost}'))]

    assert codes == ["too-many-findings"] + ["dangling-reference"] * 300 + ["ignored"] * 200


def test_thousands_of_nodes_are_read_in_seconds():
    nodes = "".join(f'<exclusiveGateway id="t{n}"/>' for n in range(3000))
    flows = "".join(flow(f"f{n}", f"t{n}", f"t{n + 1}", "outcome == 'x'") for n in range(2999))

    diagram, _ = read(
        file(f'{nodes}<endEvent id="t3000"/>{flows}{flow("z", "t2999", "t3000")}'), "x"
    )

    assert len(diagram.processes["p"].nodes) == 3001


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_diagram_never_raises(seed):
    xml = (ROOT / "tests" / "processes" / "five_steps.bpmn").read_bytes()
    chance = random.Random(seed)
    tokens = re.findall(rb'[\w-]+="|[\w:]+|[<>/"]|\s+|.', xml, re.DOTALL)

    for _ in range(25):
        damaged = list(tokens)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(damaged))
            damaged[place] = chance.choice(
                [b"", damaged[place] * 2, chance.choice(tokens), b"\x00", b"${", b"&x;", b"\xff"]
            )
        diagram, findings = read(b"".join(damaged), "x.bpmn")
        assert (diagram is None) == any(one.severity == "error" for one in findings)
