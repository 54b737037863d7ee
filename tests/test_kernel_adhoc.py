"""Ad-hoc sub-processes: people start what is done (BPMN 2.0, 10.2.5 and 13.3.5)."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.bpmn import reader
from engine.errors import ActivityRunning, InvalidRequest, NothingWaits, OnHold
from engine.events import Event
from tests.memory import Case, flows, process, trace

VISIT = '<userTask id="visit"/><userTask id="call"/>'


def hoc(inside: str = VISIT, done: str = "done", attributes: str = "", more: str = "") -> bytes:
    """Return a process of one ad-hoc sub-process and a task after it."""
    condition = f"<completionCondition>{done}</completionCondition>" if done else ""
    return process(
        f'<startEvent id="s"/><adHocSubProcess id="hoc" {attributes}>{inside}{condition}'
        f'</adHocSubProcess><userTask id="after"/><endEvent id="e"/>{more}'
        + flows("s > hoc > after > e")
    )


def begun(xml: bytes, **data: object) -> Case:
    case = Case(xml)
    case.start(**{"done": False, **data})
    return case


def do(case: Case, activity: str, scope: str = "p.hoc.1") -> list[Event]:
    return case.do(c.StartActivity(scope, activity))


def offered(case: Case) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.scope, one.activities) for one in case.kernel.offers(case.bundle, case.snapshot)]


def test_people_start_activities_in_any_order_and_as_often_as_they_like():
    case = begun(hoc())
    assert (case.tasks, offered(case)) == ([], [("p.hoc.1", ("visit", "call"))])

    first = do(case, "visit")
    do(case, "visit")
    do(case, "call")

    assert [(e["type"], e["element"], e["nth"]) for e in first] == [
        ("activity_started", "hoc", 1),
        ("element_entered", "visit", 1),
        ("task_opened", "visit", 1),
    ]
    assert (first[0]["activity"], first[0]["by"]) == ("visit", "ann")
    assert case.tasks == ["p.call.1", "p.visit.1", "p.visit.2"]
    assert offered(case) == [("p.hoc.1", ("visit", "call"))]


def test_it_is_done_when_its_condition_holds_after_an_activity_and_the_rest_is_cancelled():
    case = begun(hoc())
    do(case, "visit")
    do(case, "call")

    case.complete("visit", done=False)
    do(case, "visit")
    last = case.complete("p.visit.2", done=True)

    assert trace(last)[-8:] == [
        ("element_left", "visit", 2),
        ("activities_closed", "hoc", 1),
        ("task_cancelled", "call", 1),
        ("element_left", "call", 1),
        ("element_left", "hoc", 1),
        ("flow_taken", "hoc", 1),
        ("element_entered", "after", 1),
        ("task_opened", "after", 1),
    ]
    assert [e.get("cancelled") for e in last if e["type"] == "element_left"] == [None, True, None]
    assert (case.tasks, offered(case)) == (["p.after.1"], [])


def test_what_runs_is_waited_for_where_it_is_not_to_be_cancelled_and_nothing_more_begins():
    inside = VISIT + '<userTask id="report"/>' + flows("call > report")
    case = begun(hoc(inside, attributes='cancelRemainingInstances="false"'))
    do(case, "visit")
    do(case, "call")

    case.complete("visit", done=True)
    assert (case.tasks, offered(case)) == (["p.call.1"], [])
    with pytest.raises(NothingWaits):
        do(case, "visit")
    last = case.complete("call")

    assert trace(last, "element_left", "flow_taken") == [
        ("element_left", "call", 1),
        ("element_left", "hoc", 1),
        ("flow_taken", "hoc", 1),
    ]
    assert case.tasks == ["p.after.1"]


def test_flows_inside_run_on_as_in_any_sub_process_and_the_condition_is_asked_each_time():
    inside = (
        '<userTask id="visit"/><exclusiveGateway id="x"/><userTask id="call"/><task id="note"/>'
        '<userTask id="report"/>'
        + flows("visit > x", "x > call : again", "x > note : not again", "note > report")
    )
    case = begun(hoc(inside))
    do(case, "visit")
    case.complete("visit", again=True)
    assert (case.tasks, offered(case)) == (["p.call.1"], [("p.hoc.1", ("visit",))])

    do(case, "visit")
    case.complete("visit", again=False, done=False)
    assert case.tasks == ["p.call.1", "p.report.1"]
    case.complete("report", done=True)

    asked = [site.element for site, codes in case.world.asked if codes == ("done",)]
    assert asked == ["hoc"] * 4
    assert case.tasks == ["p.after.1"]


def test_a_join_inside_takes_what_was_started_apart():
    inside = (
        '<userTask id="visit"/><userTask id="call"/><parallelGateway id="j"/>'
        '<userTask id="report"/>' + flows("visit > j", "call > j", "j > report")
    )
    case = begun(hoc(inside))
    do(case, "visit")
    case.complete("visit")
    assert case.tasks == []
    do(case, "call")

    case.complete("call")
    assert case.tasks == ["p.report.1"]
    do(case, "visit")
    case.complete("visit", done=True)

    assert case.tasks == ["p.after.1"]
    assert "joins" not in case.snapshot.control


def test_one_at_a_time_refuses_a_second_one():
    case = begun(hoc(attributes='ordering="Sequential"'))
    do(case, "visit")

    assert offered(case) == [("p.hoc.1", ())]
    with pytest.raises(ActivityRunning):
        do(case, "call")
    with pytest.raises(ActivityRunning):
        do(case, "visit")
    case.complete("visit")
    do(case, "call")
    case.complete("call", done=True)

    assert case.tasks == ["p.after.1"]


def test_one_at_a_time_lets_what_flows_lead_to_wait_for_its_turn():
    inside = (
        '<userTask id="visit"/><userTask id="b"/><userTask id="c"/><parallelGateway id="f"/>'
        + flows("visit > f", "f > c", "f > b")
    )
    case = begun(hoc(inside, attributes='ordering="Sequential"'))
    do(case, "visit")

    case.complete("visit")
    assert case.tasks == ["p.c.1"]
    assert case.snapshot.control["joins"] == {"p.hoc.1": {"hoc": {"": 1}, "b": {"f_b": 1}}}
    with pytest.raises(ActivityRunning):
        do(case, "visit")
    case.complete("c")
    assert case.tasks == ["p.b.1"]
    case.complete("b", done=True)

    assert case.tasks == ["p.after.1"]


def test_one_at_a_time_goes_on_when_an_event_ends_what_ran():
    inside = (
        '<userTask id="visit"/><userTask id="b"/><userTask id="c"/><parallelGateway id="f"/>'
        '<boundaryEvent id="late" attachedToRef="c"><timerEventDefinition>'
        "<timeDuration>PT4H</timeDuration></timerEventDefinition></boundaryEvent>"
        + flows("visit > f", "f > c", "f > b")
    )
    case = begun(hoc(inside, attributes='ordering="Sequential"'))
    do(case, "visit")
    case.complete("visit")
    assert case.tasks == ["p.c.1"]

    case.fire()

    assert case.tasks == ["p.b.1"]


def test_without_a_condition_a_person_says_when_all_is_done():
    case = begun(hoc(done=""))
    do(case, "visit")
    case.complete("visit")
    assert case.tasks == []
    do(case, "call")

    last = case.do(c.CompleteScope("p.hoc.1"), "bea")

    assert trace(last)[:3] == [
        ("activities_closed", "hoc", 1),
        ("task_cancelled", "call", 1),
        ("element_left", "call", 1),
    ]
    assert last[0]["by"] == "bea"
    assert case.tasks == ["p.after.1"]


def test_a_person_who_says_so_lets_finish_what_is_not_to_be_cancelled():
    case = begun(hoc(done="", attributes='cancelRemainingInstances="false"'))
    do(case, "visit")

    assert trace(case.do(c.CompleteScope("p.hoc.1"))) == [("activities_closed", "hoc", 1)]
    with pytest.raises(NothingWaits):
        case.do(c.CompleteScope("p.hoc.1"))
    case.complete("visit")

    assert case.tasks == ["p.after.1"]


def test_a_person_cannot_say_what_a_condition_says():
    case = begun(hoc())

    with pytest.raises(InvalidRequest):
        case.do(c.CompleteScope("p.hoc.1"))


def test_only_what_no_flow_leads_to_is_started():
    inside = VISIT + '<userTask id="report"/>' + flows("call > report")
    case = begun(hoc(inside))

    with pytest.raises(InvalidRequest, match="report"):
        do(case, "report")
    with pytest.raises(InvalidRequest):
        do(case, "nothing")
    with pytest.raises(NothingWaits):
        do(case, "visit", "p.hoc.2")


def test_a_condition_that_fails_is_an_incident_at_the_activity_and_is_asked_again():
    case = begun(hoc(done="missing"))
    do(case, "visit")
    case.complete("visit")
    assert case.incidents == [("visit", "condition-failed")]

    case.retry(missing=True)

    assert (case.incidents, case.tasks) == ([], ["p.after.1"])


def test_an_event_without_a_flow_before_it_waits_again_each_time():
    inside = (
        '<intermediateCatchEvent id="news"><messageEventDefinition messageRef="m"/>'
        '</intermediateCatchEvent><userTask id="read"/>' + flows("news > read")
    )
    xml = hoc(inside).replace(b"<process", b'<message id="m" name="news"/><process', 1)
    case = begun(xml)
    assert offered(case) == [("p.hoc.1", ())]

    case.message("news")
    case.message("news")
    assert case.tasks == ["p.read.1", "p.read.2"]
    last = case.complete("p.read.2", done=True)

    assert trace(last, "message_abandoned") == [("message_abandoned", "news", 3)]
    assert case.tasks == ["p.after.1"]


def test_a_boundary_event_ends_it_with_all_inside():
    timer = (
        '<boundaryEvent id="late" attachedToRef="hoc"><timerEventDefinition><timeDuration>PT4H'
        '</timeDuration></timerEventDefinition></boundaryEvent><userTask id="hurry"/>'
        + flows("late > hurry")
    )
    case = begun(hoc(more=timer))
    do(case, "visit")

    case.fire()

    assert case.tasks == ["p.hurry.1"]
    with pytest.raises(NothingWaits):
        do(case, "visit")


def test_an_event_sub_process_that_interrupts_takes_its_place():
    handler = (
        '<subProcess id="stop" triggeredByEvent="true"><startEvent id="no">'
        '<signalEventDefinition signalRef="g"/></startEvent><userTask id="why"/>'
        + flows("no > why")
        + "</subProcess>"
    )
    xml = hoc(VISIT + handler).replace(b"<process", b'<signal id="g" name="no"/><process', 1)
    case = begun(xml)
    do(case, "visit")

    case.do(c.ReceiveSignal("no", {}))
    assert (case.tasks, offered(case)) == (["p.why.1"], [])
    with pytest.raises(NothingWaits):
        do(case, "visit")
    case.complete("why")

    assert case.tasks == ["p.after.1"]


def test_each_instance_has_its_own():
    many = (
        '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="u"/>'
    )
    case = begun(hoc(VISIT + many, done="u == 'a'"), units=["a", "b"])
    assert offered(case) == [
        ("p.hoc.1.0/", ("visit", "call")),
        ("p.hoc.1.1/", ("visit", "call")),
    ]

    do(case, "visit", "p.hoc.1.0/")
    do(case, "visit", "p.hoc.1.1/")
    assert [e["path"] for e in case.events if e["type"] == "task_opened"] == [
        ["hoc[a]"],
        ["hoc[b]"],
    ]
    case.complete("p.visit.1")
    assert offered(case) == [("p.hoc.1.1/", ("visit", "call"))]
    case.complete("p.visit.2")

    assert case.tasks == []
    assert offered(case) == [("p.hoc.1.1/", ("visit", "call"))]


def test_what_was_done_inside_is_undone_with_it():
    inside = (
        '<userTask id="visit"/><boundaryEvent id="undo" attachedToRef="visit">'
        '<compensateEventDefinition/></boundaryEvent><userTask id="cancel" '
        'isForCompensation="true"/><association id="l" sourceRef="undo" targetRef="cancel" '
        'associationDirection="One"/>'
    )
    xml = process(
        f'<startEvent id="s"/><adHocSubProcess id="hoc">{inside}<completionCondition>done'
        '</completionCondition></adHocSubProcess><endEvent id="e"><compensateEventDefinition/>'
        "</endEvent>" + flows("s > hoc > e")
    )
    case = begun(xml)
    assert offered(case) == [("p.hoc.1", ("visit",))]
    do(case, "visit")
    do(case, "visit")
    case.complete("p.visit.1")

    case.complete("p.visit.2", done=True)
    assert (case.tasks, offered(case)) == (["p.cancel.1"], [])
    case.complete("cancel")
    case.complete("cancel")

    assert case.state == "completed"
    undone = [e["nth"] for e in case.events if e["type"] == "compensation_completed"]
    assert undone == [2, 1, 1]


def test_its_data_are_its_own():
    inside = VISIT + '<dataObject id="d" name="found"/>'
    case = begun(hoc(inside, done="found == 3"))
    do(case, "visit")

    case.complete("visit", found=3)

    assert (case.tasks, "found" in case.data) == (["p.after.1"], False)


def test_it_is_offered_to_whom_it_names_or_its_lane():
    case = begun(hoc(attributes='camunda:candidateGroups="clerk,dispatcher@place"'), place="U7")

    told = [e for e in case.events if e["type"] == "activities_offered"]
    assert [(e["activities"], e["candidates"]) for e in told] == [
        (
            ["visit", "call"],
            [{"role": "clerk", "unit": "U1"}, {"role": "dispatcher", "unit": "U7"}],
        )
    ]
    assert case.kernel.offers(case.bundle, case.snapshot)[0].candidates == told[0]["candidates"]


ZEEBE = ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'


def zeebe(inside: str, collection: str, done: str = "") -> bytes:
    first = (
        f'<extensionElements><zeebe:adHoc{ZEEBE} activeElementsCollection="{collection}"/>'
        "</extensionElements>"
    )
    return hoc(first + inside, done)


def test_activities_may_begin_by_themselves_and_without_a_condition_it_ends_with_the_last():
    case = begun(zeebe(VISIT, "=todo"), todo=["call", "visit"])
    assert case.tasks == ["p.call.1", "p.visit.1"]

    case.complete("call")
    do(case, "call")
    case.complete("visit")
    assert case.tasks == ["p.call.2"]
    case.complete("call")

    assert case.tasks == ["p.after.1"]


def test_with_nothing_to_begin_it_ends_at_once_and_what_is_not_there_is_an_incident():
    assert begun(zeebe(VISIT, "=todo"), todo=[]).tasks == ["p.after.1"]
    case = begun(zeebe(VISIT, "=todo"), todo=["nothing"])
    assert case.incidents == [("hoc", "collection-failed")]

    case.retry(todo=["visit"])

    assert (case.incidents, case.tasks) == ([], ["p.visit.1"])


def test_on_hold_nothing_is_started():
    many = (
        '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="u"/>'
    )
    case = begun(hoc(VISIT + many), units=["a", "b"])
    case.do(c.HoldScope("p.hoc.1", 0, "wait"))

    assert offered(case) == [("p.hoc.1.0/", ()), ("p.hoc.1.1/", ("visit", "call"))]
    with pytest.raises(OnHold):
        do(case, "visit", "p.hoc.1.0/")
    case.do(c.ReleaseScope("p.hoc.1", 0))
    do(case, "visit", "p.hoc.1.0/")

    assert case.tasks == ["p.visit.1"]


def test_it_may_lie_in_an_event_sub_process_and_in_itself():
    inner = (
        '<adHocSubProcess id="inner"><userTask id="visit"/><completionCondition>done'
        "</completionCondition></adHocSubProcess>"
    )
    handler = (
        '<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" isInterrupting="false">'
        '<signalEventDefinition signalRef="g"/></startEvent><adHocSubProcess id="hoc">'
        f"{inner}<completionCondition>done</completionCondition></adHocSubProcess>"
        + flows("hs > hoc")
        + "</subProcess>"
    )
    xml = process(
        f'<startEvent id="s"/><userTask id="main"/>{handler}' + flows("s > main"),
        extra='<signal id="g" name="go"/>',
    )
    case = begun(xml)
    case.do(c.ReceiveSignal("go", {}))
    assert offered(case) == [("p.hoc.1", ("inner",))]

    do(case, "inner")
    do(case, "visit", "p.inner.1")
    assert [e["path"] for e in case.events if e["type"] == "task_opened"][1] == [
        "h",
        "hoc",
        "inner",
    ]
    case.complete("visit", done=True)

    assert (case.tasks, offered(case)) == (["p.main.1"], [])


EVENT = "<conditionalEventDefinition><condition>x</condition></conditionalEventDefinition>"


@pytest.mark.parametrize(
    ("inside", "element"),
    [
        ('<startEvent id="t"/>', "t"),
        ('<endEvent id="t"/>', "t"),
        ('<parallelGateway id="t"/><task id="c"/>' + flows("t > c"), "t"),
        (f'<intermediateCatchEvent id="t">{EVENT}</intermediateCatchEvent>', "t"),
        ('<intermediateThrowEvent id="t"/>', "t"),
    ],
)
def test_what_has_no_place_inside_is_refused_by_name(inside, element):
    found, findings = reader.read(hoc(VISIT + inside), "x.bpmn")

    errors = [(one.code, one.element) for one in findings if one.severity == "error"]
    assert (found, errors) == (None, [("ad-hoc-content", element)])


def test_there_must_be_something_to_do_and_no_event_triggers_it():
    _, empty = reader.read(hoc("", ""), "x.bpmn")
    _, triggered = reader.read(
        process(
            '<startEvent id="s"/><adHocSubProcess id="hoc" triggeredByEvent="true">'
            f"{VISIT}</adHocSubProcess>"
        ),
        "x.bpmn",
    )

    told = [
        [(one.code, one.element) for one in findings if one.severity == "error"]
        for findings in (empty, triggered)
    ]
    assert told == [[("ad-hoc-content", "hoc")]] * 2


@pytest.mark.parametrize(
    "extension",
    [
        f'<zeebe:adHoc{ZEEBE} outputCollection="results"/>',
        f'<zeebe:taskDefinition{ZEEBE} type="agent"/>',
    ],
)
def test_what_camunda_8_has_beyond_that_is_refused_by_name(extension):
    inside = f"<extensionElements>{extension}</extensionElements>{VISIT}"

    _, findings = reader.read(hoc(inside, ""), "x.bpmn")

    assert [one.code for one in findings if one.severity == "error"] == ["not-supported"]


def test_where_the_end_is_an_incident_nothing_begins_any_more():
    output = (
        '<camunda:inputOutput><camunda:outputParameter name="result">${missing}'
        "</camunda:outputParameter></camunda:inputOutput>"
    )
    xml = zeebe(VISIT, "=todo").replace(b"<zeebe:adHoc", output.encode() + b"<zeebe:adHoc", 1)
    case = begun(xml, todo=["visit"])
    case.complete("visit")
    assert (case.incidents, offered(case)) == ([("hoc", "mapping-failed")], [])

    with pytest.raises(NothingWaits):
        do(case, "call")
    case.retry(missing=1)

    assert (case.incidents, case.tasks) == ([], ["p.after.1"])
