"""What BPMN 2.0 gives a meaning and the engine gives none is told, with what to use instead."""

from __future__ import annotations

import pytest

from engine.bpmn.reader import read
from tests.memory import Case
from tests.memory import process as written
from tests.snippets import DEFINITIONS, alone, file, flow, process

TASK = '<serviceTask id="t" camunda:topic="call" {}/>'
OPERATION = (
    '<interface id="i" name="i"><operation id="o" name="o"><inMessageRef>m</inMessageRef>'
    '</operation></interface><message id="m"/>'
)


def told(body, roots=""):
    _, findings = read(file(body, roots), "x.bpmn")
    return [(one.severity, one.code, one.element, one.message) for one in findings]


@pytest.mark.parametrize(
    ("body", "roots", "element", "message"),
    [
        (alone(TASK.format('operationRef="o"')), OPERATION, "t", "operationRef is ignored."),
        (
            alone(TASK.format('implementation="urn:x"')), "", "t",
            "implementation 'urn:x' is ignored.",
        ),
        (
            alone('<transaction id="t" method="##Image"><startEvent id="u"/></transaction>'), "",
            "t", "method '##Image' is ignored.",
        ),
        (
            alone('<task id="t"><property id="x" name="size"/></task>'), "", "x",
            "property is ignored.",
        ),
        (
            alone('<task id="t"><ioSpecification><dataInput id="d"/><inputSet/><outputSet/>'
                  "</ioSpecification></task>"), "", "t",
            "Data inputs and outputs of a task are ignored: it sees all data, and none is lost.",
        ),
        ('<startEvent id="s"><dataOutput id="d"/></startEvent>', "", "d", "dataOutput is ignored."),
        (
            '<startEvent id="s"/><potentialOwner id="w"><resourceRef>r</resourceRef></potentialOwner>',
            '<resource id="r" name="r"/>', "w", "potentialOwner is ignored.",
        ),
        (
            alone('<parallelGateway id="t" gatewayDirection="Converging"/><task id="a"/><task id="b"/>'
                  + flow("g", "t", "a") + flow("h", "t", "b")), "", "t",
            "gatewayDirection 'Converging' is ignored.",
        ),
    ],
)  # fmt: skip
def test_what_is_read_past_is_told(body, roots, element, message):
    assert told(body, roots) == [("warning", "ignored", element, message)]


@pytest.mark.parametrize(
    "body",
    [
        alone(TASK.format('implementation="##WebService"')),
        alone('<transaction id="t" method="##Compensate"><startEvent id="u"/></transaction>'),
        # an arrow from a datum to a task, as bpmn.io draws it
        alone('<task id="t"><property id="x" name="__targetRef_placeholder"/><dataInputAssociation>'
              "<sourceRef>o</sourceRef><targetRef>x</targetRef></dataInputAssociation></task>"
              '<dataObject id="o"/>'),
        alone('<parallelGateway id="t" gatewayDirection="Diverging"/><task id="a"/><task id="b"/>'
              + flow("g", "t", "a") + flow("h", "t", "b")),
    ],
)  # fmt: skip
def test_what_says_nothing_more_is_let_be(body):
    assert told(body) == []


def test_what_is_only_drawn_is_let_be():
    drawn = '<process id="q" isExecutable="false"><task id="u"><property id="x"/></task></process>'

    assert [one[1] for one in told('<startEvent id="s"/>', drawn)] == ["not-executable"]


@pytest.mark.parametrize(
    ("language", "codes"),
    [
        ("http://www.w3.org/1999/XPath", []),
        ("http://www.java.com/java", ["ignored"]),
    ],
)
def test_an_expression_language_that_is_not_read_is_told(language, codes):
    head = DEFINITIONS.replace('id="file"', f'id="file" expressionLanguage="{language}"')
    xml = f'{head}<process id="p"><startEvent id="s"/></process></definitions>'

    assert [one.code for one in read(xml.encode(), "x.bpmn")[1]] == codes


@pytest.mark.parametrize(("must", "errors"), [("true", ["not-supported"]), ("false", [])])
def test_an_extension_that_must_be_understood_is_refused(must, errors):
    extension = f'<extension definition="x" mustUnderstand="{must}"/>'
    xml = f'{DEFINITIONS}{extension}<process id="p"><startEvent id="s"/></process></definitions>'

    assert [one.code for one in read(xml.encode(), "x.bpmn")[1]] == errors


# -- properties ------------------------------------------------------------------------------


def test_a_property_of_a_scope_is_a_datum():
    inner = '<property id="y"/><startEvent id="u"/>'
    whole = process(
        '<property id="x" name="size"/>' + alone(f'<subProcess id="t">{inner}</subProcess>')
    )

    assert [dict(one.data) for one in whole.scopes.values()] == [{"size": None}, {"y": None}]


def test_a_property_takes_what_the_case_begins_with():
    body = '<property id="x" name="size"/><startEvent id="s"/><userTask id="t"/>'
    body += flow("f", "s", "t")

    started, empty = Case(written(body)), Case(written(body))
    started.start(size=3)
    empty.start()

    assert (started.data["size"], empty.data["size"]) == (3, None)
