"""What the engine does not do is refused by name, with element and line."""

from __future__ import annotations

import pytest

from engine.bpmn.reader import read
from tests.snippets import alone, extended, file, flow, found, properties, timer

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
]  # fmt: skip


@pytest.mark.parametrize(("body", "findings"), EVENTS)
def test_an_event_that_may_not_stand_there_is_named(body, findings):
    assert found(file(body, ROOTS)) == findings


@pytest.mark.parametrize(
    ("tag", "text", "code"),
    [
        ("timeDuration", "four hours", "timer-unreadable"),
        ("timeDuration", "PT1X", "timer-unreadable"),
        ("timeDuration", "P1DT4", "timer-unreadable"),
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
    (alone('<adHocSubProcess id="t"/>'), "ad-hoc-content", 3),
    (alone('<complexGateway id="t"/><task id="a"/>' + flow("g", "a", "t")
           + flow("h", "t", "e") + '<endEvent id="e"/>'), "activation-missing", 3),
    (alone('<task id="t" startQuantity="0"/>'), "bad-number", 3),
    (alone('<task id="t" completionQuantity="many"/>'), "bad-number", 3),
    (alone('<task id="t" completionQuantity="101"/>'), "bad-number", 3),
    (alone('<receiveTask id="t" messageRef="m" instantiate="true"/>'), "instantiate-not-first", 3),
    (
        alone('<task id="t"><multiInstanceLoopCharacteristics behavior="Two">'
              "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>"),
        "bad-behavior",
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


def test_a_condition_in_another_language_is_refused():
    body = alone(
        '<exclusiveGateway id="t"/><task id="a"/><sequenceFlow id="g" sourceRef="t" targetRef="a">\n'
        '<conditionExpression language="groovy">x</conditionExpression></sequenceFlow>'
    )

    assert found(file(body)) == [("expression-language", "g", 4)]
