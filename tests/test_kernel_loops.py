"""Multi-instance activities, standard loops, and changing them while they run."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.errors import InvalidRequest, NothingWaits
from tests.memory import Case, flows, process, trace

AROUND = '<startEvent id="s"/><endEvent id="e"/>'


def multi(
    kind: str = "userTask",
    *,
    collection: str = "items",
    item: str = "one",
    sequential: bool = False,
    inside: str = "",
    completion: str = "",
    output: tuple[str, str] | None = None,
    more: str = "",
) -> str:
    properties = (
        ""
        if output is None
        else "<extensionElements><camunda:properties>"
        f'<camunda:property name="outputCollection" value="{output[0]}"/>'
        f'<camunda:property name="outputElement" value="{output[1]}"/>'
        "</camunda:properties></extensionElements>"
    )
    ends = f"<completionCondition>{completion}</completionCondition>" if completion else ""
    return (
        f'<{kind} id="t" {more}>{properties}<multiInstanceLoopCharacteristics '
        f'camunda:collection="{collection}" camunda:elementVariable="{item}" '
        f'isSequential="{str(sequential).lower()}">{ends}</multiInstanceLoopCharacteristics>'
        f"{inside}</{kind}>"
    )


def case(body: str, *files: bytes, main: str | None = None) -> Case:
    return Case(process(AROUND + body + flows("s > t > e")), *files, main=main)


def test_a_parallel_multi_instance_writes_one_visit_and_a_pair_per_instance():
    one = case(multi())

    one.start(items=["a", "b"])
    one.complete("p.t.1.1")
    one.complete("p.t.1.0")

    assert [
        (e["type"], e["nth"], e.get("instance"))
        for e in one.events
        if e["element"] == "t" and e["type"].startswith("element")
    ] == [
        ("element_entered", 1, None),
        ("element_entered", 1, 0),
        ("element_entered", 1, 1),
        ("element_left", 1, 1),
        ("element_left", 1, 0),
        ("element_left", 1, None),
    ]
    assert one.state == "completed"


def test_the_one_exit_of_a_multi_instance_is_taken_once():
    # The trap: the fast way for "one exit" lets every instance leave.
    one = case(multi("task"))

    one.start(items=[1, 2, 3])

    assert one.entered() == ["s#1", "t#1", "e#1"]
    assert one.trace("flow_taken") == [("flow_taken", "s", 1), ("flow_taken", "t", 1)]


def test_an_instance_reads_its_item_and_writes_to_its_surroundings():
    one = case(multi("scriptTask", inside="<script>seen = one\nname = loopCounter</script>"))

    one.start(items=["a", "b"])

    assert one.data == {"items": ["a", "b"], "seen": "b", "name": 2}


def test_what_an_instance_writes_over_its_item_stays_its_own():
    one = case(multi("scriptTask", inside="<script>one = one + 1</script>"))

    one.start(items=[1, 2])

    assert one.data == {"items": [1, 2]}


def test_results_are_gathered_by_the_number_of_the_instance():
    one = case(multi(output=("all", "answer + one")))
    one.start(items=["a", "b", "c"])

    one.complete("p.t.1.2", answer="z")
    one.complete("p.t.1.0", answer="x")
    one.complete("p.t.1.1", answer="y")

    assert one.data["all"] == ["xa", "yb", "zc"]


def test_a_sequential_multi_instance_goes_one_by_one():
    one = case(multi(sequential=True))
    one.start(items=["a", "b"])

    assert one.tasks == ["p.t.1.0"]
    one.complete("p.t.1.0")
    assert one.tasks == ["p.t.1.1"]
    one.complete("p.t.1.1")

    assert one.state == "completed"


def test_the_collection_is_read_once():
    one = case(multi(sequential=True))
    one.start(items=["a", "b"])

    one.complete("p.t.1.0", items=["a"])
    assert one.kernel.task(one.bundle, one.snapshot, "p.t.1.1").names["one"] == "b"
    one.complete("p.t.1.1")

    assert one.data["items"] == ["a"]
    assert one.state == "completed"


def test_an_empty_collection_passes_at_once():
    one = case(multi(output=("all", "one")))

    one.start(items=[])

    assert one.state == "completed"
    assert one.data == {"items": [], "all": []}


def test_a_completion_condition_cancels_the_rest():
    one = case(multi(completion="nrOfCompletedInstances == 2 and nrOfActiveInstances == 1"))
    one.start(items=["a", "b", "c"])

    one.complete("p.t.1.0")
    last = one.complete("p.t.1.2")

    assert [
        (e["type"], e.get("instance"), e.get("cancelled"))
        for e in last
        if e["element"] == "t" and e["type"] in ("task_cancelled", "element_left")
    ] == [
        ("element_left", 2, None),
        ("task_cancelled", 1, None),
        ("element_left", 1, True),
        ("element_left", None, None),
    ]
    assert one.state == "completed"


def test_a_completion_condition_sees_what_was_gathered_so_far():
    one = case(multi(completion="'no' in votes", output=("votes", "vote")))
    one.start(items=["a", "b", "c"])

    one.complete("p.t.1.0", vote="yes")
    one.complete("p.t.1.2", vote="no")

    assert one.data["votes"] == ["yes", "no"]
    assert one.state == "completed"


def test_a_boundary_event_of_a_multi_instance_opens_once_and_ends_all():
    # The trap: inner instances must not open the boundary events again.
    one = case(
        multi() + '<boundaryEvent id="b" attachedToRef="t"><timerEventDefinition><timeDuration>PT1H'
        "</timeDuration></timerEventDefinition></boundaryEvent>" + flows("b > e")
    )
    one.start(items=["a", "b"])
    assert one.trace("timer_armed") == [("timer_armed", "b", 1)]

    fired = one.fire()

    assert [(e["type"], e.get("instance")) for e in fired if e["element"] == "t"] == [
        ("task_cancelled", 0),
        ("element_left", 0),
        ("task_cancelled", 1),
        ("element_left", 1),
        ("element_left", None),
    ]
    assert one.state == "completed"


def test_a_multi_instance_of_a_sub_process_has_a_scope_per_instance():
    inside = '<startEvent id="bs"/><userTask id="a"/><userTask id="b2"/>' + flows("bs > a > b2")
    one = case(multi("subProcess", inside=inside))
    one.start(items=[{"code": "D04"}, {"code": "D07"}])

    assert one.tasks == ["p.a.1", "p.a.2"]
    assert [e["path"] for e in one.events if e["type"] == "task_opened"] == [["t[D04]"], ["t[D07]"]]
    one.complete("p.a.2")
    one.complete("p.a.1")
    one.complete("p.b2.1")
    one.complete("p.b2.2")

    assert one.state == "completed"


def test_terminate_inside_a_multi_instance_ends_that_instance():
    inside = (
        '<startEvent id="bs"/><parallelGateway id="g"/><userTask id="a"/><userTask id="k"/>'
        '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
        + flows("bs > g", "g > a", "g > k > stop")
    )
    one = case(multi("subProcess", inside=inside))
    one.start(items=[1, 2])

    one.complete("p.k.1")

    assert one.tasks == ["p.a.2", "p.k.2"]


def test_an_own_datum_of_a_sub_process_reaches_the_gathered_result():
    inside = (
        '<dataObject id="mine"/>'
        '<startEvent id="bs"/><scriptTask id="a"><script>mine = one * 2</script></scriptTask>'
        + flows("bs > a")
    )
    one = case(multi("subProcess", inside=inside, output=("all", "mine")))

    one.start(items=[1, 2])

    assert one.data == {"items": [1, 2], "all": [2, 4]}


DEPARTMENT = process(
    '<startEvent id="ds"/><userTask id="handle"/><endEvent id="de"/>' + flows("ds > handle > de"),
    key="dept",
)
CALLS = multi(
    "callActivity",
    more='calledElement="dept"',
    output=("replies", "reply"),
).replace(
    "<extensionElements>",
    '<extensionElements><camunda:in source="one" target="me"/>'
    '<camunda:out source="answer" target="reply"/>',
)


def test_departments_called_in_parallel_never_see_each_other():
    one = case(CALLS, DEPARTMENT, main="p")
    one.start(items=["D04", "D07"], secret=1)

    assert [dict(one.snapshot.data[scope]) for scope in sorted(one.snapshot.data) if scope] == [
        {"items": {}},
        {"one": "D04"},
        {"me": "D04"},
        {"one": "D07"},
        {"me": "D07"},
    ]
    one.complete("dept.handle.2", answer="B")
    one.complete("dept.handle.1", answer="A")

    assert one.data["replies"] == ["A", "B"]
    assert "reply" not in one.data
    assert [e["path"] for e in one.events if e["type"] == "task_opened"] == [["t[D04]"], ["t[D07]"]]


# -- standard loops ---------------------------------------------------------------


def loop(attributes: str, condition: str = "", kind: str = "userTask", inside: str = "") -> str:
    text = f"<loopCondition>{condition.replace('<', '&lt;')}</loopCondition>" if condition else ""
    return (
        f'<{kind} id="t"><standardLoopCharacteristics {attributes}>{text}'
        f"</standardLoopCharacteristics>{inside}</{kind}>"
    )


def test_a_standard_loop_goes_on_while_its_condition_holds():
    one = case(loop("", "more"))
    one.start()

    one.complete("p.t.1.0", more=True)
    one.complete("p.t.1.1", more=False)

    assert one.state == "completed"


def test_a_loop_that_tests_before_may_not_run_at_all():
    one = case(loop('testBefore="true"', "more"))

    one.start(more=False)

    assert one.entered() == ["s#1", "t#1", "e#1"]


def test_a_loop_counts_its_rounds_from_one_and_stops_at_its_maximum():
    count = "<script>seen = value('seen', []) + [loopCounter]</script>"
    most = case(loop('loopMaximum="3"', "True", "scriptTask", count))
    before = case(loop('testBefore="true"', "loopCounter <= 2", "scriptTask", count))

    most.start()
    before.start()

    assert most.data == {"seen": [1, 2, 3]}
    assert before.data == {"seen": [1, 2]}


# -- changing a running one -------------------------------------------------------


def test_an_instance_is_added_to_a_running_multi_instance():
    one = case(multi(output=("all", "one")))
    one.start(items=["a"])

    got = one.do(c.AddInstance("p.t.1", "b"))

    assert trace(got) == [
        ("instance_added", "t", 1),
        ("element_entered", "t", 1),
        ("task_opened", "t", 1),
    ]
    one.complete("p.t.1.0")
    assert one.state == "open"
    one.complete("p.t.1.1")
    assert one.data["all"] == ["a", "b"]


def test_an_instance_added_to_a_sequence_comes_last():
    one = case(multi(sequential=True, output=("all", "one")))
    one.start(items=["a", "b"])

    one.do(c.AddInstance("p.t.1", "c"))
    for number in range(3):
        one.complete(f"p.t.1.{number}")

    assert one.data["all"] == ["a", "b", "c"]


def test_a_cancelled_instance_is_not_gathered_and_the_rest_goes_on():
    one = case(multi(output=("all", "one")))
    one.start(items=["a", "b", "c"])

    one.complete("p.t.1.0")
    got = one.do(c.CancelInstance("p.t.1", 1, "not ours"))
    one.complete("p.t.1.2")

    assert trace(got) == [
        ("instance_cancelled", "t", 1),
        ("task_cancelled", "t", 1),
        ("element_left", "t", 1),
    ]
    assert one.data["all"] == ["a", "c"]


def test_cancelling_the_last_instance_ends_the_activity():
    one = case(multi())
    one.start(items=["a"])

    one.do(c.CancelInstance("p.t.1", 0))

    assert one.state == "completed"


def test_cancelling_one_of_a_sequence_begins_the_next():
    one = case(multi(sequential=True))
    one.start(items=["a", "b", "c"])

    one.do(c.CancelInstance("p.t.1", 0))
    one.do(c.CancelInstance("p.t.1", 1))

    assert one.tasks == ["p.t.1.2"]
    one.complete("p.t.1.2")
    assert one.state == "completed"


def test_what_is_not_running_cannot_be_changed():
    one = case(multi())
    one.start(items=["a"])

    with pytest.raises(NothingWaits):
        one.do(c.AddInstance("p.s.1", 1))
    with pytest.raises(NothingWaits):
        one.do(c.CancelInstance("p.t.1", 4))


def test_more_instances_than_allowed_are_an_incident():
    many = case(multi())
    many.start(items=list(range(1001)))
    huge = Case(
        process(
            AROUND + '<task id="t"><multiInstanceLoopCharacteristics><loopCardinality>n'
            "</loopCardinality></multiInstanceLoopCharacteristics></task>" + flows("s > t > e")
        )
    )
    huge.start(n=10_000_000)
    full = case(multi())
    full.checks = False
    full.start(items=list(range(1000)))

    assert many.incidents == huge.incidents == [("t", "limit")]
    with pytest.raises(InvalidRequest):
        full.do(c.AddInstance("p.t.1", 1))


def test_a_service_task_adds_an_instance_across_the_call():
    service = (
        (
            '<serviceTask id="ask" camunda:topic="add-instance"><extensionElements>'
            '<camunda:inputOutput><camunda:inputParameter name="item">${{"code": helper}}'
            "</camunda:inputParameter></camunda:inputOutput></extensionElements></serviceTask>"
        )
        .replace("${{", "={")
        .replace("}}", "}")
    )
    called = process(
        '<startEvent id="ds"/><userTask id="handle"/><exclusiveGateway id="x" default="x_de"/>'
        + service.replace('={"code": helper}', "${helper}")
        + '<endEvent id="de"/>'
        + flows("ds > handle > x", "x > ask : help", "ask > handle", "x > de"),
        key="dept",
    )
    one = case(CALLS.replace("reply&quot;", "reply"), called, main="p")
    one.start(items=["D04"])

    one.complete("dept.handle.1", help=True, helper="D07", answer="first")
    assert one.tasks == ["dept.handle.2", "dept.handle.3"]
    assert [e["item"] for e in one.events if e["type"] == "instance_added"] == ["D07"]
    one.complete("dept.handle.2", help=False, answer="A")
    one.complete("dept.handle.3", help=False, answer="B")

    assert one.data["replies"] == ["A", "B"]
    assert one.state == "completed"
