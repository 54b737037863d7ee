"""Standard loops and multi-instance, in the words of every notation."""

from __future__ import annotations

from engine.bpmn.model import LoopKind
from tests.snippets import extended_by, extensions, node, process, text


def test_a_multi_instance_runs_over_a_collection_and_gathers_results():
    loop = node(
        "callActivity",
        extended_by(outputCollection="results", outputElement="result['score']")
        + '<multiInstanceLoopCharacteristics camunda:collection="${departments}"'
        ' camunda:elementVariable="dept"><completionCondition>'
        "nrOfCompletedInstances == 2</completionCondition></multiInstanceLoopCharacteristics>",
        'calledElement="q"',
    ).loop

    assert (loop.kind, text(loop.collection), loop.item) == (
        LoopKind.PARALLEL,
        "departments",
        "dept",
    )
    assert (loop.output[0], loop.output[1].text) == ("results", "result['score']")
    assert text(loop.completion) == "nrOfCompletedInstances == 2"


def test_the_standard_and_zeebe_say_the_same_in_their_own_words():
    standard = node(
        "task",
        '<multiInstanceLoopCharacteristics isSequential="true">'
        "<loopDataInputRef>items</loopDataInputRef><loopDataOutputRef>results</loopDataOutputRef>"
        '<inputDataItem id="item"/><outputDataItem id="i" name="result"/>'
        "</multiInstanceLoopCharacteristics>",
    ).loop
    zeebe = node(
        "task",
        '<multiInstanceLoopCharacteristics isSequential="true">'
        + extensions(
            '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item"'
            ' outputCollection="results" outputElement="=result"/>'
        )
        + "</multiInstanceLoopCharacteristics>",
    ).loop

    def said(loop):
        name, value = loop.output
        return loop.kind, text(loop.collection), loop.item, name, value.text

    sequential = LoopKind.SEQUENTIAL
    assert said(standard) == (sequential, "items", "item", "results", "value('result')")
    assert said(zeebe) == (sequential, "items", "item", "results", "result")


def test_a_loop_may_run_over_a_data_object():
    one = process(
        '<dataObject id="d" name="items"/><dataObjectReference id="r" dataObjectRef="d"/>'
        '<task id="t"><multiInstanceLoopCharacteristics><loopDataInputRef>r</loopDataInputRef>'
        "</multiInstanceLoopCharacteristics></task>"
    )

    assert text(one.nodes["t"].loop.collection) == "items"


def test_cardinalities_and_standard_loops_are_read():
    many = node(
        "task",
        "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality>"
        "</multiInstanceLoopCharacteristics>",
    ).loop
    again = node(
        "task",
        '<standardLoopCharacteristics testBefore="true" loopMaximum="5">'
        "<loopCondition>not done</loopCondition></standardLoopCharacteristics>",
    ).loop

    assert text(many.cardinality) == "3"
    assert (again.kind, text(again.condition), again.test_before, again.maximum) == (
        LoopKind.STANDARD,
        "not done",
        True,
        5,
    )
