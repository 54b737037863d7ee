"""Tasks of people, scripts, jobs, decisions, sub-processes and calls."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.errors import (
    AlreadyClaimed,
    InvalidRequest,
    NotAllowed,
    NothingWaits,
    TaskNotOpen,
    UnknownOutcome,
    WrongState,
)
from tests.memory import Case, flows, process, trace

AROUND = '<startEvent id="s"/><endEvent id="e"/>'


def properties(**given: str) -> str:
    return (
        "<extensionElements><camunda:properties>"
        + "".join(f'<camunda:property name="{k}" value="{v}"/>' for k, v in given.items())
        + "</camunda:properties></extensionElements>"
    )


def case(body: str, *files: bytes, extra: str = "", **world: object) -> Case:
    xml = process(AROUND + body + flows("s > t > e"), extra=extra)
    return Case(xml, *files, main="p", **world)


def opened(one: Case) -> dict[str, object]:
    return next(e for e in reversed(one.events) if e["type"] == "task_opened")


# -- tasks of people ---------------------------------------------------------------


def test_a_task_is_offered_with_what_its_diagram_says():
    one = case(
        '<userTask id="t" name="办理" camunda:candidateGroups="lead,liaison@dept" '
        'camunda:candidateUsers="bob" camunda:dueDate="working_hours(4)" camunda:priority="5" '
        'camunda:formKey="handle" camunda:followUpDate="P1D">'
        + properties(outcomes="done=办结;cannot=无法", warn="working_hours(3)")
        + "</userTask>",
        units={"lead": "U0"},
    )

    one.start(dept="D04")

    assert opened(one) == {
        "type": "task_opened",
        "process": "p",
        "element": "t",
        "nth": 1,
        "path": [],
        "task": "p.t.1",
        "name": "办理",
        "candidates": [
            {"user": "bob"},
            {"role": "lead", "unit": "U0"},
            {"role": "liaison", "unit": "D04"},
        ],
        "form": "handle",
        "outcomes": ["done", "cannot"],
        "priority": 5,
        "due_at": "2026-09-14T13:00:00+08:00",
        "original_due_at": "2026-09-14T13:00:00+08:00",
        "warn_at": "2026-09-14T12:00:00+08:00",
        "follow_up_at": "2026-09-15T09:00:00+08:00",
    }
    # All expressions of an assignment go in one question; literals are not asked.
    assert [texts for _, texts in one.world.asked] == [
        ("working_hours(4)", "working_hours(3)", "dept")
    ]


def test_a_completed_task_leaves_its_outcome_who_when_and_for_which_unit():
    one = case('<userTask id="t">' + properties(outcomes="yes=是;no=否") + "</userTask>")
    one.start()

    one.later(2)
    one.do(c.CompleteTask("p.t.1", "yes", {"note": "x"}, unit="D04"), actor="bob")

    assert one.data == {
        "note": "x",
        "t_outcome": "yes",
        "t_by": "bob",
        "t_at": "2026-09-14T11:00:00+08:00",
        "t_unit": "D04",
        "t_claimed_at": "2026-09-14T11:00:00+08:00",
    }


def test_completing_an_unclaimed_task_claims_it_in_the_same_command():
    one = case('<userTask id="t"/>')
    one.start()

    done = one.complete("t", actor="bob")

    assert trace(done)[:2] == [("task_claimed", "t", 1), ("task_completed", "t", 1)]
    assert (done[0]["assignee"], done[1]["by"]) == ("bob", "bob")


def test_an_outcome_must_be_one_of_those_declared():
    one = case('<userTask id="t">' + properties(outcomes="yes=是;no=否") + "</userTask>")
    plain = case('<userTask id="t"/>')
    one.start()
    plain.start()

    for outcome in ("maybe", None):
        with pytest.raises(UnknownOutcome):
            one.complete("t", outcome)
    with pytest.raises(UnknownOutcome):
        plain.complete("t", "yes")


def test_an_outcome_is_readable_up_to_the_next_activity():
    body = (
        '<userTask id="t">'
        + properties(outcomes="yes=是;no=否")
        + '</userTask><exclusiveGateway id="x" default="x_y"/><exclusiveGateway id="y"/>'
        '<task id="k"/><exclusiveGateway id="z"/><endEvent id="bad"/><endEvent id="ok"/>'
    )
    one = Case(
        process(
            AROUND
            + body
            + flows("s > t > x", "x > bad : outcome == 'no'", "x > y", "y > bad : outcome == 'no'",
                    "y > k : outcome == 'yes'", "k > z", "z > bad : value('outcome') == 'yes'",
                    "z > ok : value('outcome') is None")
        )
    )  # fmt: skip
    one.start()

    one.complete("t", "yes")

    assert one.entered()[-1] == "ok#1"


def test_a_claimed_task_is_nobody_elses():
    one = case('<userTask id="t"/>')
    one.start()

    one.do(c.ClaimTask("p.t.1", "D04"), actor="bob")
    assert one.do(c.ClaimTask("p.t.1"), actor="bob") == []
    with pytest.raises(AlreadyClaimed):
        one.do(c.ClaimTask("p.t.1"), actor="cho")
    with pytest.raises(NotAllowed):
        one.complete("t", actor="cho")
    with pytest.raises(NotAllowed):
        one.do(c.UnclaimTask("p.t.1"), actor="cho")
    one.do(c.UnclaimTask("p.t.1"), actor="bob")
    one.complete("t", actor="cho")

    assert one.data["t_by"] == "cho"


def test_the_unit_of_a_claim_is_that_of_the_completion():
    one = case('<userTask id="t"/>')
    one.start()

    one.do(c.ClaimTask("p.t.1", "D04"), actor="bob")
    one.complete("t", actor="bob")

    assert one.data["t_unit"] == "D04"


def test_a_transferred_task_belongs_to_its_new_assignee_and_no_clock_is_reset():
    one = case('<userTask id="t" camunda:assignee="bob" camunda:dueDate="PT4H"/>')
    one.start()

    got = one.do(c.TransferTask("p.t.1", "cho", "ill"), actor="bob")

    assert [(e["type"], e["assignee"], e["was"], e["reason"]) for e in got] == [
        ("task_transferred", "cho", "bob", "ill")
    ]
    assert one.snapshot.control["tasks"]["p.t.1"][3] == "2026-09-14T13:00:00+08:00"
    with pytest.raises(NotAllowed):
        one.complete("t", actor="bob")
    one.complete("t", actor="cho")


def test_a_closed_task_takes_no_more_commands():
    one = case('<userTask id="t"/>')
    one.start()
    one.complete("t")

    for command in (
        c.ClaimTask("p.t.1"),
        c.CompleteTask("p.t.1"),
        c.TransferTask("p.t.1", "bob"),
        c.AddComment("p.t.1", "x"),
        c.SuspendTask("p.t.1"),
    ):
        with pytest.raises(TaskNotOpen):
            one.do(command)


def test_comments_and_attachments_are_events_only():
    one = case('<userTask id="t"/>')
    one.start()
    before = one.snapshot

    one.do(c.AddComment("p.t.1", {"$sealed": "x"}))
    one.do(c.AddAttachment("p.t.1", "a1", "photo", "image/png", 3, "00"))

    assert one.trace("comment_added", "attachment_added") == [
        ("comment_added", "t", 1),
        ("attachment_added", "t", 1),
    ]
    assert one.snapshot == before


def test_an_open_task_tells_who_did_what_it_must_not_be_done_by():
    one = Case(
        process(
            AROUND
            + '<userTask id="a"/><userTask id="t">'
            + properties(notSameAs="a", notSameUnitAs="a")
            + "</userTask>"
            + flows("s > a > t > e")
        )
    )
    one.start(kind="road")
    one.do(c.CompleteTask("p.a.1", unit="D04"), actor="bob")

    task = one.kernel.task(one.bundle, one.snapshot, "p.t.1")

    who = {"element": "a", "user": "bob", "unit": "D04"}
    assert (task.not_same_as, task.not_same_unit_as) == ([who], [who])
    assert (task.element, task.nth, task.assignee, task.held) == ("t", 1, None, False)
    assert task.names["kind"] == "road"
    with pytest.raises(TaskNotOpen):
        one.kernel.task(one.bundle, one.snapshot, "p.a.1")


# -- scripts, decisions, jobs -------------------------------------------------------


def test_a_script_writes_what_it_assigns():
    one = case('<scriptTask id="t"><script>total = n * 2\nname = "x"</script></scriptTask>')

    one.start(n=3)

    assert one.data == {"n": 3, "total": 6, "name": "x"}
    assert one.trace()[-7:] == [
        ("element_entered", "t", 1),
        ("data_written", "t", 1),
        ("element_left", "t", 1),
        ("flow_taken", "t", 1),
        ("element_entered", "e", 1),
        ("element_left", "e", 1),
        ("case_completed", "p", 1),
    ]


def test_a_script_cannot_assign_what_the_engine_sets():
    one = case('<scriptTask id="t"><script>loopCounter = 3</script></scriptTask>')

    one.start()

    assert one.incidents == [("t", "script-failed")]


RAISES = '<scriptTask id="t"><script>raise ValueError("e1")</script></scriptTask>'
ERRORS = '<error id="E1" errorCode="e1"/><error id="E2" errorCode="ValueError"/>'


@pytest.mark.parametrize(("ref", "caught"), [("E1", True), ("E2", True), (None, False)])
def test_a_failing_script_is_caught_by_an_error_event_with_its_code(ref, caught):
    definition = f'<errorEventDefinition errorRef="{ref}"/>' if ref else "<errorEventDefinition/>"
    one = case(
        RAISES
        + f'<boundaryEvent id="b" attachedToRef="t">{definition}</boundaryEvent>'
        + '<userTask id="u"/>'
        + flows("b > u"),
        extra=ERRORS,
    )

    one.start()

    assert one.tasks == (["p.u.1"] if caught else [])
    assert one.incidents == ([] if caught else [("t", "script-failed")])


def test_time_that_ran_out_is_never_caught():
    one = case(
        '<scriptTask id="t"><script>raise TimeoutError("e1")</script></scriptTask>'
        '<boundaryEvent id="b" attachedToRef="t"><errorEventDefinition errorRef="E1"/>'
        '</boundaryEvent><userTask id="u"/>' + flows("b > u"),
        extra=ERRORS,
    )

    one.start()

    assert one.incidents == [("t", "limit")]


def test_a_decision_writes_its_result():
    one = case(
        '<businessRuleTask id="t" camunda:decisionRef="route" camunda:resultVariable="dept"/>',
        decisions={"route": lambda names: {"result": names["kind"] + "!", "matched": [1]}},
    )

    one.start(kind="road")

    assert one.data == {"kind": "road", "dept": "road!"}


def test_a_decision_that_fails_is_an_incident():
    one = case('<businessRuleTask id="t" camunda:decisionRef="route"/>')

    one.start()

    assert one.incidents == [("t", "decision-failed")]


JOB = (
    '<serviceTask id="t" camunda:topic="work"><extensionElements><camunda:inputOutput>'
    '<camunda:inputParameter name="a">${n + 1}</camunda:inputParameter>{out}'
    "</camunda:inputOutput></extensionElements></serviceTask>"
)


def test_a_job_waits_for_its_result():
    one = case(JOB.replace("{out}", ""))
    one.start(n=1)

    assert [(e["job"], e["topic"], e["data"]) for e in one.events if e["type"] == "job_opened"] == [
        ("p.t.1", "work", {"a": 2})
    ]
    one.do(c.CompleteJob("p.t.1", {"b": 5}))

    assert one.data == {"n": 1, "b": 5}
    assert one.state == "completed"
    with pytest.raises(NothingWaits):
        one.do(c.CompleteJob("p.t.1"))


def test_output_mappings_choose_what_of_a_result_is_kept():
    out = '<camunda:outputParameter name="c">${b * 2}</camunda:outputParameter>'
    one = case(JOB.replace("{out}", out))
    one.start(n=1)

    one.do(c.CompleteJob("p.t.1", {"b": 5}))

    assert one.data == {"n": 1, "c": 10}


def test_an_error_of_a_job_is_caught_by_a_catch_all_too():
    one = case(
        JOB.replace("{out}", "")
        + '<boundaryEvent id="b" attachedToRef="t"><errorEventDefinition/></boundaryEvent>'
        + '<userTask id="u"/>'
        + flows("b > u"),
    )
    one.start(n=1)

    one.do(c.FailJob("p.t.1", "no such thing", "e9"))

    assert one.tasks == ["p.u.1"]


def test_a_failed_job_is_an_error_if_somebody_catches_it_else_an_incident():
    boundary = (
        '<boundaryEvent id="b" attachedToRef="t"><errorEventDefinition errorRef="E1"/>'
        '</boundaryEvent><userTask id="u"/>' + flows("b > u")
    )
    caught, stuck = (case(JOB.replace("{out}", "") + boundary, extra=ERRORS) for _ in range(2))
    caught.start(n=1)
    stuck.start(n=1)

    caught.do(c.FailJob("p.t.1", "no such thing", "e1"))
    stuck.do(c.FailJob("p.t.1", "unreachable"))

    assert caught.tasks == ["p.u.1"]
    assert stuck.incidents == [("t", "job-failed")]
    with pytest.raises(NothingWaits):
        stuck.do(c.CompleteJob("p.t.1"))
    stuck.retry(n=7)
    assert [e["data"] for e in stuck.events if e["type"] == "job_opened"] == [{"a": 2}, {"a": 8}]
    stuck.do(c.CompleteJob("p.t.1"))
    assert stuck.state == "completed"


def test_cancelling_a_case_cancels_its_jobs_and_tasks():
    one = Case(
        process(
            AROUND
            + '<parallelGateway id="g"/><userTask id="u"/>'
            + JOB.replace("{out}", "")
            + flows("s > g", "g > t > e", "g > u > e")
        )
    )
    one.start(n=1)

    got = one.do(c.CancelCase("withdrawn", "mistake"))

    assert trace(got) == [
        ("job_cancelled", "t", 1),
        ("element_left", "t", 1),
        ("task_cancelled", "u", 1),
        ("element_left", "u", 1),
        ("case_cancelled", "p", 1),
    ]
    assert (one.state, got[-1]["end"]) == ("cancelled", "withdrawn")
    assert one.snapshot.data == {"": {"n": 1}}
    with pytest.raises(WrongState):
        one.do(c.CancelCase("voided"))


# -- sub-processes and calls --------------------------------------------------------


def test_a_sub_process_reads_and_writes_its_surroundings_and_keeps_what_it_declares():
    one = case(
        '<subProcess id="t"><dataObject id="own"/>'
        '<startEvent id="bs"/><scriptTask id="a"><script>own = 1\nn = n + 1\nfresh = 2</script>'
        "</scriptTask>" + flows("bs > a") + "</subProcess>"
    )

    one.start(n=1)

    assert one.data == {"n": 2, "fresh": 2}


CALLED = process(
    '<startEvent id="ds"/><scriptTask id="a"><script>answer = me * 2\nn = 99</script></scriptTask>'
    '<userTask id="u"/><endEvent id="de"/>' + flows("ds > a > u > de"),
    key="q",
)


def test_a_call_has_data_of_its_own_in_and_out_by_mapping_only():
    one = case(
        '<callActivity id="t" calledElement="q"><extensionElements>'
        '<camunda:in source="n" target="me"/><camunda:out source="answer" target="got"/>'
        "</extensionElements></callActivity>",
        CALLED,
    )
    one.start(n=4)

    assert one.snapshot.data == {"": {"n": 4}, "p.t.1": {"me": 4, "answer": 8, "n": 99}}
    assert [(e["process"], e["path"]) for e in one.events if e["element"] == "u"] == [
        ("q", ["t"]),
        ("q", ["t"]),
    ]
    assert one.tasks == ["q.u.1"]
    one.complete("q.u.1")

    assert one.snapshot.data == {"": {"n": 4, "got": 8}}


def test_a_call_may_pass_everything_in_and_out():
    one = case(
        '<callActivity id="t" calledElement="q"><extensionElements>'
        '<camunda:in variables="all"/><camunda:out variables="all"/>'
        "</extensionElements></callActivity>",
        CALLED,
    )

    one.start(me=4)
    one.complete("q.u.1")

    assert (one.data["answer"], one.data["n"], one.data["u_by"]) == (8, 99, "ann")


def test_a_mapping_by_name_wins_over_passing_everything_out():
    one = case(
        '<callActivity id="t" calledElement="q"><extensionElements>'
        '<camunda:out variables="all"/><camunda:out sourceExpression="me + 1" target="answer"/>'
        '<camunda:in source="me"/></extensionElements></callActivity>',
        CALLED,
    )

    one.start(me=4)
    one.complete("q.u.1")

    assert one.data["answer"] == 5


def test_data_of_one_write_are_parted_by_the_scopes_that_have_them():
    one = case(
        '<subProcess id="t"><dataObject id="z"/><startEvent id="bs"/><userTask id="a"/>'
        + flows("bs > a")
        + "</subProcess>"
    )
    one.start(m=1)

    got = one.complete("a", z=1, m=2, fresh=3)

    assert [(e["scope"], e["names"]) for e in got if e["type"] == "data_written"] == [
        ("", ["a_at", "a_by", "a_claimed_at", "a_unit", "fresh", "m"]),
        ("p.t.1", ["z"]),
    ]


def test_a_process_that_calls_itself_stops_at_the_depth_limit():
    one = Case(process(AROUND + '<callActivity id="t" calledElement="p"/>' + flows("s > t > e")))

    one.start()

    assert one.incidents == [("t", "limit")]
    one.do(c.CancelCase("voided"))
    assert one.state == "cancelled"


def test_a_call_of_what_is_not_there_is_an_incident():
    one = case('<callActivity id="t" calledElement="q"/>')

    one.start()

    assert one.incidents == [("t", "no-process")]


def test_an_error_inside_a_call_reaches_the_caller():
    called = process(
        '<startEvent id="ds"/><endEvent id="bad"><errorEventDefinition errorRef="E1"/></endEvent>'
        + flows("ds > bad"),
        key="q",
        extra='<error id="E1" errorCode="e1"/>',
    )
    one = case(
        '<callActivity id="t" calledElement="q"/><boundaryEvent id="b" attachedToRef="t">'
        '<errorEventDefinition errorRef="E1"/></boundaryEvent><userTask id="u"/>' + flows("b > u"),
        called,
        extra=ERRORS,
    )

    one.start()

    assert one.tasks == ["p.u.1"]


def test_input_mappings_of_a_task_are_its_own():
    one = case(
        '<userTask id="t"><extensionElements><camunda:inputOutput>'
        '<camunda:inputParameter name="local">${n + 1}</camunda:inputParameter>'
        '<camunda:outputParameter name="kept">${local + answer}</camunda:outputParameter>'
        "</camunda:inputOutput></extensionElements></userTask>"
        '<boundaryEvent id="b" attachedToRef="t"><timerEventDefinition><timeDuration>PT1H'
        "</timeDuration></timerEventDefinition></boundaryEvent>" + flows("b > e")
    )
    one.start(n=1)

    assert one.kernel.task(one.bundle, one.snapshot, "p.t.1").names["local"] == 2
    one.complete("t", answer=10)

    assert (one.data["kept"], one.data["answer"]) == (12, 10)
    assert "local" not in one.data
    assert one.state == "completed"


def test_a_task_with_mappings_is_cancelled_whole():
    one = case(
        '<userTask id="t"><extensionElements><camunda:inputOutput>'
        '<camunda:inputParameter name="local">x</camunda:inputParameter>'
        "</camunda:inputOutput></extensionElements></userTask>"
        '<boundaryEvent id="b" attachedToRef="t"><timerEventDefinition><timeDuration>PT1H'
        "</timeDuration></timerEventDefinition></boundaryEvent>" + flows("b > e")
    )
    one.start()

    fired = one.fire()

    assert trace(fired)[:3] == [
        ("timer_fired", "b", 1),
        ("task_cancelled", "t", 1),
        ("element_left", "t", 1),
    ]
    assert one.state == "completed"


def test_scripts_before_and_after_an_activity_run_around_its_work():
    one = case(
        '<userTask id="t"><extensionElements>'
        '<spiffworkflow:preScript xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core">'
        "a = 1</spiffworkflow:preScript>"
        '<spiffworkflow:postScript xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core">'
        "b = a + n</spiffworkflow:postScript></extensionElements></userTask>"
    )
    one.start()

    assert one.data == {"a": 1}
    one.complete("t", n=5)

    assert one.data["b"] == 6


# -- the case -----------------------------------------------------------------------


def test_a_case_takes_its_unit_from_its_start_data():
    xml = process(
        properties(unit="place['unit']") + AROUND + '<userTask id="t"/>' + flows("s > t > e")
    )
    one, other = Case(xml), Case(xml)

    one.start(place={"unit": "S09"})
    other.start()

    assert one.snapshot.control["case"]["unit"] == "S09"
    assert other.incidents == [("p", "unit-failed")]
    other.retry(place={"unit": "S10"})
    assert other.tasks == ["p.t.1"]


def test_declared_data_begin_with_their_default_or_empty():
    one = case('<dataObject id="a"/><dataObject id="b"/><userTask id="t"/>')

    one.start(b=2)

    assert one.data == {"a": None, "b": 2}


def test_commands_before_the_start_and_after_the_end_are_refused():
    one = case('<userTask id="t"/>')

    with pytest.raises(WrongState):
        one.complete("p.t.1")
    with pytest.raises(InvalidRequest):
        one.start("nowhere")
    one.start()
    with pytest.raises(WrongState):
        one.start()
    one.complete("t")
    with pytest.raises(WrongState):
        one.do(c.SuspendCase())
    with pytest.raises(NothingWaits):
        one.message("go")
