"""Words of the notation at work, each with its exact trace: see ``tests/notation``."""

from __future__ import annotations

import pytest

from engine.errors import NothingWaits
from tests.memory import flows, process, trace
from tests.pairs import Both

AROUND = '<startEvent id="s"/><endEvent id="e"/>' + flows("s > t > e")


def case(body: str, extra: str = "") -> Both:
    return Both(process(AROUND + body, extra=extra))


def test_a_manual_task_waits_until_somebody_says_that_it_is_done():
    one = case('<manualTask id="t"/>')

    begun = one.start()
    done = one.complete("t")

    assert trace(begun)[-2:] == [("element_entered", "t", 1), ("task_opened", "t", 1)]
    assert trace(done) == [
        ("task_claimed", "t", 1),
        ("task_completed", "t", 1),
        ("data_written", "t", 1),
        ("element_left", "t", 1),
        ("flow_taken", "t", 1),
        ("element_entered", "e", 1),
        ("element_left", "e", 1),
        ("case_completed", "p", 1),
    ]


def instances(one: Both) -> list[tuple[str, int | None]]:
    words = {"element_entered": "in", "element_left": "out"}
    return [
        (words[each["type"]], each.get("instance"))
        for each in one.events
        if each["type"] in words and each["element"] == "t"
    ]


def test_a_loop_cardinality_says_how_many_instances_there_are():
    one = case(
        '<task id="t"><multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>n + 1'
        "</loopCardinality></multiInstanceLoopCharacteristics></task>"
    )

    one.start(n=2)

    pairs = [(word, number) for number in range(3) for word in ("in", "out")]
    assert instances(one) == [("in", None), *pairs, ("out", None)]
    assert one.state == "completed"


def test_a_loop_cardinality_of_none_passes_by():
    one = case(
        '<userTask id="t"><multiInstanceLoopCharacteristics><loopCardinality>n</loopCardinality>'
        "</multiInstanceLoopCharacteristics></userTask>"
    )

    one.start(n=0)

    assert instances(one) == [("in", None), ("out", None)]
    assert one.state == "completed"


def test_standard_loop_data_go_in_item_by_item_and_come_out_in_their_order():
    one = case(
        '<dataObject id="o" name="houses" isCollection="true"/><userTask id="t">'
        "<multiInstanceLoopCharacteristics><loopDataInputRef>o</loopDataInputRef>"
        "<loopDataOutputRef>votes</loopDataOutputRef>"
        '<inputDataItem id="i" name="house"/><outputDataItem id="v" name="vote"/>'
        "</multiInstanceLoopCharacteristics></userTask>"
    )
    one.start(houses=["east", "west"])
    seen = [one.kernel.task(one.bundle, one.snapshot, task).names["house"] for task in one.tasks]

    one.complete("p.t.1.1", vote="no")
    one.complete("p.t.1.0", vote="yes")

    assert seen == ["east", "west"]
    assert instances(one) == [
        *[("in", None), ("in", 0), ("in", 1)],
        *[("out", 1), ("out", 0), ("out", None)],
    ]
    assert one.data["votes"] == ["yes", "no"]
    assert one.state == "completed"


def test_the_default_flow_of_an_inclusive_gateway_is_taken_when_no_condition_holds():
    def ways(value: int) -> list[str]:
        one = case(
            '<inclusiveGateway id="t" default="t_e"/><task id="a"/><task id="b"/>'
            + flows("t > a : n > 1", "t > b : n > 2")
        )
        one.start(n=value)
        return one.entered()

    assert ways(1) == ["s#1", "t#1", "e#1"]
    assert ways(2) == ["s#1", "t#1", "a#1"]
    assert ways(3) == ["s#1", "t#1", "a#1", "b#1"]


CORRELATED = (
    '<message id="m" name="order"/><correlationProperty id="number">'
    '<correlationPropertyRetrievalExpression id="r" messageRef="m"><messagePath>asked["number"]'
    "</messagePath></correlationPropertyRetrievalExpression></correlationProperty>"
    '<collaboration id="c"><correlationKey id="k"><correlationPropertyRef>number'
    "</correlationPropertyRef></correlationKey></collaboration>"
)


def keys_told(one: Both) -> list[tuple[str, str, object]]:
    kinds = ("message_awaited", "message_sent", "message_received")
    return [
        (each["type"], each["element"], each["correlation"])
        for each in one.events
        if each["type"] in kinds
    ]


def test_a_sender_finds_its_key_by_the_message_path_and_the_receiver_by_its_datum():
    def sent(number: int) -> list[tuple[str, str, object]]:
        one = case(
            '<parallelGateway id="t"/><receiveTask id="get" messageRef="m"/>'
            '<sendTask id="put" messageRef="m"/>' + flows("t > get", "t > put"),
            CORRELATED,
        )
        one.start(number=7, asked={"number": number})
        return keys_told(one)

    waits = ("message_awaited", "get", {"number": 7})
    assert sent(8) == [waits, ("message_sent", "put", {"number": 8})]
    assert sent(7) == [
        waits,
        ("message_sent", "put", {"number": 7}),
        ("message_received", "get", {"number": 7}),
    ]


def test_a_correlation_subscription_says_with_which_key_a_process_waits():
    bound = (
        '<correlationSubscription id="cs" correlationKeyRef="k"><correlationPropertyBinding '
        'id="cb" correlationPropertyRef="number"><dataPath>own + 1</dataPath>'
        "</correlationPropertyBinding></correlationSubscription>"
    )
    one = case(bound + '<receiveTask id="t" messageRef="m"/>', CORRELATED)
    one.start(own=6, number=1)

    with pytest.raises(NothingWaits):
        one.message("order", number=6)
    one.message("order", number=7)

    assert keys_told(one) == [
        ("message_awaited", "t", {"number": 7}),
        ("message_received", "t", {"number": 7}),
    ]
    assert one.state == "completed"
