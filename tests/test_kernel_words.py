"""Words of the notation at work, each with its exact trace: see ``tests/notation``."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.errors import NothingWaits
from tests.memory import file, flows, process, trace
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


# -- what is drawn around the steps ------------------------------------------------------------

BEGUN = [
    ("case_started", "p", 1),
    ("element_entered", "s", 1),
    ("element_left", "s", 1),
    ("flow_taken", "s", 1),
    ("element_entered", "t", 1),
]
ENDED = [
    ("element_left", "t", 1),
    ("flow_taken", "t", 1),
    ("element_entered", "e", 1),
    ("element_left", "e", 1),
    ("case_completed", "p", 1),
]


def from_first(one: Both) -> list[tuple[str, str, int]]:
    """The whole trace, less the data that the case was started with."""
    return [each for each in one.trace() if each != ("data_written", "p", 1)]


@pytest.mark.parametrize("format_", ["", ' scriptFormat="python"', ' scriptFormat="text/x-python"'])
def test_a_script_runs_in_python_whether_it_says_so_or_not(format_):
    one = case(f'<scriptTask id="t"{format_}><script>n = n + 1</script></scriptTask>')

    one.start(n=1)

    assert from_first(one) == [*BEGUN, ("data_written", "t", 1), *ENDED]
    assert one.data == {"n": 2}


def test_a_boundary_event_belongs_to_the_activity_that_it_names():
    def late(host: str) -> list[tuple[str, str, int]]:
        one = case(
            '<parallelGateway id="t"/><userTask id="a"/><userTask id="b"/>'
            f'<boundaryEvent id="late" attachedToRef="{host}"><timerEventDefinition><timeDuration>'
            "PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
            + flows("t > a", "t > b", "late > e")
        )
        one.start()
        return trace(one.fire())

    def cut(host: str) -> list[tuple[str, str, int]]:
        return [
            ("timer_fired", "late", 1),
            ("task_cancelled", host, 1),
            ("element_left", host, 1),
            ("element_entered", "late", 1),
            ("element_left", "late", 1),
            ("flow_taken", "late", 1),
            ("element_entered", "e", 2),
            ("element_left", "e", 2),
        ]

    assert (late("a"), late("b")) == (cut("a"), cut("b"))


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("PT90M", "2026-09-14T10:30:00+08:00"),
        ("P1DT2H", "2026-09-15T11:00:00+08:00"),
        ("working_hours(n)", "2026-09-14T11:00:00+08:00"),
    ],
)
def test_a_duration_counts_from_the_moment_that_its_event_is_reached(text, due):
    one = case(
        f'<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>{text}</timeDuration>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )
    one.start(n=2)
    assert list(one.timers.values()) == [due]

    one.fire()

    assert from_first(one) == [
        *BEGUN,
        ("timer_armed", "t", 1),
        ("timer_fired", "t", 1),
        *ENDED,
    ]


def test_signals_find_each_other_by_their_name_and_by_their_id_where_they_have_none():
    def thrown(signal: str) -> list[tuple[str, str, int]]:
        one = case(
            '<parallelGateway id="t"/><intermediateCatchEvent id="c"><signalEventDefinition '
            'signalRef="g1"/></intermediateCatchEvent><intermediateThrowEvent id="h">'
            f'<signalEventDefinition signalRef="{signal}"/></intermediateThrowEvent>'
            + flows("t > c", "t > h"),
            '<signal id="g1" name="alarm"/><signal id="g2" name="alarm"/><signal id="alarm"/>'
            '<signal id="g3" name="g1"/>',
        )
        one.start()
        return one.trace("signal_awaited", "signal_sent", "signal_received", "case_completed")

    waits, sent = ("signal_awaited", "c", 1), ("signal_sent", "h", 1)
    both = [waits, sent, ("signal_received", "c", 1), ("case_completed", "p", 1)]
    assert [thrown(one) for one in ("g1", "g2", "alarm", "g3")] == [both, both, both, [waits, sent]]


def test_people_read_the_names_that_steps_have():
    one = case(
        '<subProcess id="t" name="House"><userTask id="a" name=" 现场 查看 "/><userTask id="b"/></subProcess>'
    )

    one.start()

    assert one.trace()[4:] == [
        ("element_entered", "t", 1),
        ("element_entered", "a", 1),
        ("task_opened", "a", 1),
        ("element_entered", "b", 1),
        ("task_opened", "b", 1),
    ]
    names = [each["name"] for each in one.events if each["type"] == "task_opened"]
    assert names == ["现场 查看", ""]
    assert one.bundle.processes["p"].name == "p"


def test_lanes_say_who_does_what_lies_in_them():
    def lane(key: str, role: str, steps: str, more: str = "") -> str:
        inside = "".join(f"<flowNodeRef>{one}</flowNodeRef>" for one in steps)
        properties = f'<camunda:property name="role" value="{role}"/>' if role else ""
        return (
            f'<lane id="{key}" name="{key}"><extensionElements><camunda:properties>{properties}'
            f"</camunda:properties></extensionElements>{inside}{more}</lane>"
        )

    inner = f'<childLaneSet id="in">{lane("desk", "clerk@dept", "b")}{lane("wall", "", "c")}</childLaneSet>'
    one = case(
        f'<laneSet id="set">{lane("street", "leader", "tabc", inner)}{lane("other", "", "d")}</laneSet>'
        '<parallelGateway id="t"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>'
        '<userTask id="d"/>' + flows("t > a", "t > b", "t > c", "t > d"),
    )

    one.start(dept="D04")

    tasks = [each for each in one.events if each["type"] == "task_opened"]
    assert [(each["element"], each["candidates"]) for each in tasks] == [
        ("a", [{"role": "leader", "unit": "U1"}]),
        ("b", [{"role": "clerk", "unit": "D04"}]),
        ("c", [{"role": "leader", "unit": "U1"}]),
        ("d", []),
    ]
    assert [each["path"] for each in tasks] == [[], [], [], []]
    opened = [(kind, key, 1) for key in "abcd" for kind in ("element_entered", "task_opened")]
    split = [("element_left", "t", 1), *[("flow_taken", "t", 1)] * 5]
    assert from_first(one) == [*BEGUN, *split, *ENDED[2:4], *opened]


def test_a_pool_runs_the_process_that_it_names_and_nothing_of_what_is_beside_it():
    body = '<startEvent id="{0}s"/><userTask id="{0}t"/><endEvent id="{0}e"/>' + flows(
        "{0}s > {0}t > {0}e"
    )
    pools = (
        '<collaboration id="c"><participant id="one" name="Street" processRef="p"/>'
        '<participant id="two" name="Office" processRef="q"/><participant id="nobody"/></collaboration>'
        f'<process id="p" isExecutable="true">{body.format("a")}</process>'
        f'<process id="q" isExecutable="true">{body.format("b")}</process>'
        f'<process id="drawn" isExecutable="false">{body.format("c")}</process>'
    )

    def ran(main: str, letter: str) -> list[tuple[str, str, int]]:
        one = Both(file(pools), main=main)
        assert sorted(one.bundle.processes) == ["p", "q"]
        one.start()
        one.complete(f"{letter}t")
        return one.trace("case_started", "element_entered", "element_left", "case_completed")

    def whole(main: str, letter: str) -> list[tuple[str, str, int]]:
        passed = [
            (kind, f"{letter}{key}", 1)
            for key in "ste"
            for kind in ("element_entered", "element_left")
        ]
        return [("case_started", main, 1), *passed, ("case_completed", main, 1)]

    assert (ran("p", "a"), ran("q", "b")) == (whole("p", "a"), whole("q", "b"))


# -- data ---------------------------------------------------------------------------------------

DEFAULT = (
    '<extensionElements><camunda:properties><camunda:property name="default" value="{}"/>'
    "</camunda:properties></extensionElements>"
)
INSIDE = (
    '<startEvent id="is"/><scriptTask id="a"><script>seen = [value("size"), n]\nsize = 9\nn = 5'
    '</script></scriptTask><endEvent id="ie"/>' + flows("is > a > ie")
)
WORKED = [
    ("element_entered", "is", 1),
    ("element_left", "is", 1),
    ("flow_taken", "is", 1),
    ("element_entered", "a", 1),
    ("data_written", "a", 1),
    ("data_written", "a", 1),
    ("element_left", "a", 1),
    ("flow_taken", "a", 1),
    ("element_entered", "ie", 1),
    ("element_left", "ie", 1),
]


def sheets(one: Both) -> list[tuple[str, list[str]]]:
    """Which data were written into which scope."""
    written = [each for each in one.events if each["type"] == "data_written"]
    return [(each["scope"], each["names"]) for each in written]


def test_a_data_object_is_a_datum_of_its_scope_alone_and_begins_as_its_default_says():
    one = case(
        f'<dataObject id="d1" name="size">{DEFAULT.format("7")}</dataObject>'
        '<dataObjectReference id="r1" dataObjectRef="d1"/>'
        f'<subProcess id="t"><dataObject id="d2" name="size">{DEFAULT.format("n + 1")}</dataObject>'
        f'<dataObjectReference id="r2" dataObjectRef="d2"/>{INSIDE}</subProcess>'
    )

    one.start(n=1)

    assert from_first(one) == [*BEGUN, *WORKED, *ENDED]
    assert sheets(one)[-2:] == [("", ["n", "seen"]), ("p.t.1", ["size"])]
    assert one.data == {"n": 5, "size": 7, "seen": [2, 1]}


def test_a_property_of_a_sub_process_is_a_datum_of_it_alone():
    one = case(f'<subProcess id="t"><property id="d" name="size"/>{INSIDE}</subProcess>')

    one.start(n=1)

    assert from_first(one) == [*BEGUN, *WORKED, *ENDED]
    assert sheets(one)[-2:] == [("", ["n", "seen"]), ("p.t.1", ["size"])]
    assert one.data == {"n": 5, "seen": [None, 1]}


def test_a_reference_stands_for_the_data_object_that_it_names():
    def seen(reference: str) -> list[object]:
        one = case(
            '<dataObject id="o" name="houses"/><dataObject id="x" name="streets"/>'
            '<dataObjectReference id="r1" dataObjectRef="o"/>'
            '<dataObjectReference id="r2" dataObjectRef="x"/><scriptTask id="t">'
            '<multiInstanceLoopCharacteristics isSequential="true"><loopDataInputRef>'
            f'{reference}</loopDataInputRef><inputDataItem id="i" name="one"/>'
            "</multiInstanceLoopCharacteristics><script>found = value('found', []) + [one]</script>"
            "</scriptTask>"
        )
        one.start(houses=["east", "west"], streets=["long"])
        pairs = [
            (word, number) for number in range(len(one.data["found"])) for word in ("in", "out")
        ]
        assert instances(one) == [("in", None), *pairs, ("out", None)]
        assert from_first(one)[-5:] == ENDED
        return one.data["found"]

    assert (seen("r1"), seen("r2"), seen("o")) == (["east", "west"], ["long"], ["east", "west"])


def test_the_extensions_of_a_step_say_what_goes_in_and_comes_out():
    one = case(
        '<serviceTask id="t" camunda:type="external" camunda:topic="work"><extensionElements>'
        '<camunda:inputOutput><camunda:inputParameter name="a">${n + 1}</camunda:inputParameter>'
        '<camunda:outputParameter name="got">${b * 2}</camunda:outputParameter></camunda:inputOutput>'
        '<other:word xmlns:other="urn:other" of="nobody"/></extensionElements></serviceTask>'
    )
    one.start(n=1)

    one.do(c.CompleteJob("p.t.1", {"b": 5}))

    opened = [each for each in one.events if each["type"] == "job_opened"]
    assert [(each["topic"], each["data"]) for each in opened] == [("work", {"a": 2})]
    written = ("data_written", "t", 1)
    told = [written, ("job_opened", "t", 1), ("job_completed", "t", 1), written, written]
    assert from_first(one) == [*BEGUN, *told, *ENDED]
    assert sheets(one)[1:] == [("p.t.1", ["a"]), ("p.t.1", ["b"]), ("", ["got"])]
    assert one.data == {"n": 1, "got": 10}
