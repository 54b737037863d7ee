"""Event definitions, what messages carry, and the keys that find their receiver."""

from __future__ import annotations

import pytest

from engine.bpmn.model import Trigger
from tests.snippets import extended_by, extensions, node, process, text

ROOTS = (
    '<message id="m" name="order"/><signal id="g" name="alarm"/>'
    '<error id="e" errorCode="E1"/><error id="e2"/><escalation id="x" escalationCode="late"/>'
)


def event(tag: str, definition: str, inner: str = "", attributes: str = "") -> list:
    found = node(tag, inner + definition, attributes, ROOTS).events
    return [(one.trigger, one.name, text(one.value), text(one.payload)) for one in found]


@pytest.mark.parametrize(
    ("tag", "definition", "read_as"),
    [
        ("endEvent", '<errorEventDefinition errorRef="e"/>', (Trigger.ERROR, "E1", None, None)),
        ("endEvent", '<errorEventDefinition errorRef="e2"/>', (Trigger.ERROR, "e2", None, None)),
        (
            "endEvent",
            '<escalationEventDefinition escalationRef="x"/>',
            (Trigger.ESCALATION, "late", None, None),
        ),
        ("endEvent", "<terminateEventDefinition/>", (Trigger.TERMINATE, None, None, None)),
        (
            "endEvent",
            '<signalEventDefinition signalRef="g"/>',
            (Trigger.SIGNAL, "alarm", None, None),
        ),
        (
            "intermediateThrowEvent",
            (
                '<signalEventDefinition signalRef="g"><extensionElements>'
                '<camunda:in source="a" target="b"/></extensionElements></signalEventDefinition>'
            ),
            (Trigger.SIGNAL, "alarm", None, "{'b': value('a')}"),
        ),
        (
            "intermediateCatchEvent",
            (
                "<conditionalEventDefinition><condition>${severity gt 3}</condition>"
                "</conditionalEventDefinition>"
            ),
            (Trigger.CONDITIONAL, None, "severity > 3", None),
        ),
        (
            "intermediateCatchEvent",
            (
                "<timerEventDefinition><timeDate>2026-09-18T09:00:00+08:00</timeDate>"
                "</timerEventDefinition>"
            ),
            (Trigger.TIMER, None, "'2026-09-18T09:00:00+08:00'", None),
        ),
        (
            "intermediateThrowEvent",
            '<messageEventDefinition messageRef="m"/>',
            (Trigger.MESSAGE, "order", None, None),
        ),
    ],
)
def test_event_definitions_are_read(tag, definition, read_as):
    assert event(tag, definition) == [read_as]


def test_a_catching_error_event_may_take_the_code_and_the_message():
    one = process(
        '<task id="t"/><boundaryEvent id="b" attachedToRef="t"><errorEventDefinition'
        ' camunda:errorCodeVariable="code" camunda:errorMessageVariable="text"/></boundaryEvent>'
    )
    caught = one.nodes["b"].events[0]

    assert (caught.name, caught.code_variable, caught.message_variable) == (None, "code", "text")


def test_an_event_may_refer_to_a_definition_of_the_file():
    roots = ROOTS + '<signalEventDefinition id="shared" signalRef="g"/>'

    found = node("endEvent", "<eventDefinitionRef>shared</eventDefinitionRef>", roots=roots)

    assert [one.name for one in found.events] == ["alarm"]


def test_several_definitions_are_alternatives_unless_parallel():
    definitions = '<messageEventDefinition messageRef="m"/><signalEventDefinition signalRef="g"/>'

    one = node("intermediateCatchEvent", definitions, "", ROOTS)
    both = node("intermediateCatchEvent", definitions, 'parallelMultiple="true"', ROOTS)

    assert [event.trigger for event in one.events] == [Trigger.MESSAGE, Trigger.SIGNAL]
    assert (one.parallel_multiple, both.parallel_multiple) == (False, True)


@pytest.mark.parametrize(
    ("correlate", "keys"),
    [
        ("order", [("order", "order")]),
        ("order=number", [("order", "number")]),
        ("order=a == b; case=case['id']", [("order", "a == b"), ("case", "case['id']")]),
    ],
)
def test_the_brief_correlation_names_keys_and_expressions(correlate, keys):
    task = node("receiveTask", extended_by(correlate=correlate), 'messageRef="m"', ROOTS)

    assert [(one.key, one.value.text) for one in task.events[0].correlation] == keys


def test_the_standard_correlation_is_read():
    subscription = (
        '<correlationSubscription id="cs" correlationKeyRef="k"><correlationPropertyBinding'
        ' id="cb" correlationPropertyRef="order"><dataPath>number + 1</dataPath>'
        "</correlationPropertyBinding></correlationSubscription>"
    )
    retrieval = (
        '<correlationPropertyRetrievalExpression id="r{0}" messageRef="m">'
        "<formalExpression>{0}</formalExpression></correlationPropertyRetrievalExpression>"
    )
    roots = (
        '<message id="m" name="order"/>'
        f'<correlationProperty id="order" name="Number of the order">{retrieval.format("a")}'
        f'</correlationProperty><correlationProperty id="unit">{retrieval.format("b")}'
        '</correlationProperty><collaboration id="c"><correlationKey id="k">'
        "<correlationPropertyRef>order</correlationPropertyRef></correlationKey></collaboration>"
    )
    one = process(
        subscription + '<receiveTask id="t" messageRef="m"/><sendTask id="u" messageRef="m"/>',
        roots,
    )

    def keys(key):
        return [(k.key, k.value.text) for k in one.nodes[key].events[0].correlation]

    assert keys("t") == [("order", "number + 1"), ("unit", "unit")]
    assert keys("u") == [("order", "number + 1"), ("unit", "b")]


def test_a_zeebe_subscription_is_a_correlation():
    roots = (
        '<message id="m" name="order"><extensionElements>'
        '<zeebe:subscription correlationKey="=orderId"/></extensionElements></message>'
    )

    task = node("receiveTask", "", 'messageRef="m"', roots)

    assert [(one.key, one.value.text) for one in task.events[0].correlation] == [
        ("orderId", "orderId")
    ]


def test_what_a_message_carries_is_read_from_either_notation():
    ours = node("sendTask", extended_by(payload="{'a': a}"), 'messageRef="m"', ROOTS)
    spiff = node(
        "receiveTask",
        extensions("<spiffworkflow:messageVariable>answer</spiffworkflow:messageVariable>"),
        'messageRef="m"',
        ROOTS,
    )

    assert text(ours.events[0].payload) == "{'a': a}"
    assert spiff.events[0].variable == "answer"
