"""Every element and attribute stands where BPMN 2.0 has it, or is told."""

from __future__ import annotations

from importlib import resources

import pytest
from lxml import etree

from engine.bpmn import vocabulary
from engine.bpmn.reader import read
from tests.snippets import DEFINITIONS, alone, file, found

XSD = "{http://www.w3.org/2001/XMLSchema}"


def schema():
    """Name of each type of the schema -> (what it extends, its attributes, its children).

    The schema is the one that SpiffWorkflow brings along. A type goes by the name of
    its element.
    """
    folder = resources.files("SpiffWorkflow").joinpath("bpmn/parser/schema")
    roots = [
        etree.fromstring(folder.joinpath(name).read_bytes())
        for name in ("BPMN20.xsd", "Semantic.xsd")
    ]
    names = {
        one.get("type"): one.get("name") for root in roots for one in root.findall(f"{XSD}element")
    }
    found = {}
    for root in roots:
        for one in root.findall(f"{XSD}complexType"):
            above = one.find(f".//{XSD}extension")
            found[names[one.get("name")]] = (
                None if above is None else names[above.get("base")],
                {each.get("name") or each.get("ref") for each in one.iter(f"{XSD}attribute")},
                {
                    each.get("name") or each.get("ref")
                    for each in one.iter(f"{XSD}element")
                    if ":" not in (each.get("ref") or "")
                },
            )
    return found


def test_the_vocabulary_is_that_of_the_schema():
    own = {
        name: (one.get("is"), set(one.get("attributes", ())), set(one.get("children", ())))
        for name, one in vocabulary.document()["types"].items()
    }

    assert own == schema()


def test_no_type_without_elements_may_stand_anywhere():
    abstract = set(vocabulary.document()["abstract"])

    named = {name for one in vocabulary.types().values() for name in one.children}

    # that of a complexBehaviorDefinition, which is an implicitThrowEvent
    assert named & abstract == {"event"}


def test_a_word_has_what_the_words_above_it_have():
    kinds = vocabulary.types()["userTask"].kinds

    assert kinds == ("userTask", "task", "activity", "flowNode", "flowElement", "baseElement")


def findings_of(xml):
    _, findings = read(xml, "x.bpmn")
    return [(one.severity, one.code, one.element, one.message, one.hint) for one in findings]


def test_a_misspelt_attribute_is_an_error():
    body = (
        '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/><task id="t"/>'
        '<boundaryEvent id="b" attachedToRef="t" cancelActvity="false"><timerEventDefinition>'
        "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
    )

    assert findings_of(file(body)) == [
        (
            "error",
            "unknown-attribute",
            "b",
            "BPMN 2.0 has no attribute 'cancelActvity' at a boundaryEvent.",
            "Did you mean 'cancelActivity'?",
        )
    ]


def test_another_attribute_is_told_and_ignored():
    assert findings_of(file(alone('<task id="t" colour="red"/>'))) == [
        (
            "warning",
            "ignored",
            "t",
            "BPMN 2.0 has no attribute 'colour' at a task; it is ignored.",
            "Remove it, or give it the namespace of the tool that reads it.",
        )
    ]


@pytest.mark.parametrize("tag", ["incoming", "extensionElements"])
def test_what_may_stand_anywhere_is_let_be(tag):
    assert found(file(alone(f'<task id="t" camunda:colour="red"><{tag} id="x"/></task>'))) == []


def test_an_element_inside_of_a_step_that_has_no_such_element_is_an_error():
    body = alone('<task id="t">\n<loopCondition>True</loopCondition></task>')

    assert findings_of(file(body)) == [
        (
            "error",
            "unknown-element",
            "t",
            "'loopCondition' is no element of BPMN 2.0 that stands in a task.",
            "Draw it again with another element.",
        )
    ]
    assert found(file(body))[0][2] == 4


@pytest.mark.parametrize(
    ("roots", "severities"),
    [
        ('<collaboration id="c"><lane id="l"/></collaboration>', {"warning"}),
        ('<process id="q" isExecutable="false"><task id="u"><lane id="l"/></task></process>', {"warning"}),
        ('<signal id="g"><lane id="l"/></signal>', {"error"}),
    ],
)  # fmt: skip
def test_what_is_only_drawn_is_never_refused_for_a_word(roots, severities):
    told = findings_of(file('<startEvent id="s"/>', roots))

    assert {one[0] for one in told if one[1] == "unknown-element"} == severities


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (
            alone('<task id="t"><multiInstanceLoopCharacteristics isSequential="yes">'
                  "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>"),
            "isSequential is 'yes'; BPMN 2.0 knows true and false.",
        ),
        (
            alone('<task id="t" isForCompensation="False"/>'),
            "isForCompensation is 'False'; BPMN 2.0 knows true and false.",
        ),
    ],
)  # fmt: skip
def test_a_boolean_is_written_as_the_schema_says(xml, message):
    told = [one for one in findings_of(file(xml)) if one[1] == "bad-value"]

    assert [(one[0], one[2], one[3]) for one in told] == [("error", "t", message)]


@pytest.mark.parametrize("value", ["true", "false", "1", "0", " true "])
def test_each_way_to_write_a_boolean_is_read(value):
    xml = f'{DEFINITIONS}<process id="p" isClosed="{value}"><startEvent id="s"/></process></definitions>'

    assert found(xml.encode()) == []


ONE = "<loopCardinality>2</loopCardinality>"
LOOP = '<standardLoopCharacteristics loopMaximum="2"/>'


@pytest.mark.parametrize(
    ("body", "part", "around"),
    [
        ((f'<task id="t">{LOOP}\n<multiInstanceLoopCharacteristics>{ONE}'
         "</multiInstanceLoopCharacteristics></task>"), "multiInstanceLoopCharacteristics", "task"),
        ((f'<task id="t"><multiInstanceLoopCharacteristics>{ONE}\n{ONE}'
         "</multiInstanceLoopCharacteristics></task>"),
         "loopCardinality", "multiInstanceLoopCharacteristics"),
        ('<scriptTask id="t"><script>a = 1</script>\n<script>b = 1</script></scriptTask>',
         "script", "scriptTask"),
        ('<task id="t"><extensionElements/>\n<extensionElements/></task>',
         "extensionElements", "task"),
    ],
)  # fmt: skip
def test_what_may_stand_once_is_refused_a_second_time(body, part, around):
    assert findings_of(file(alone(body))) == [
        (
            "error",
            "part-twice",
            "t",
            f"BPMN 2.0 allows one {part!r} at most in a {around}; this is another.",
            "Keep one of them; the others would be passed over.",
        )
    ]
    assert found(file(alone(body)))[0][2] == 4


def test_a_second_part_of_what_is_only_drawn_is_a_warning():
    drawn = f'<process id="q" isExecutable="false"><task id="u">{LOOP}{LOOP}</task></process>'

    told = findings_of(file('<startEvent id="s"/>', drawn))

    assert [one[:2] for one in told if one[1] == "part-twice"] == [("warning", "part-twice")]
