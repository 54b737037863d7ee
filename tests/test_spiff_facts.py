"""What was measured of SpiffWorkflow, line by line: built around, or refused by name.

The numbers are those of ``docs/spiffworkflow.md``. The first test is about what
SpiffWorkflow keeps to itself and we need: if a release takes it away, it says so.
"""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.workflow import Workflow

from engine import commands as c
from engine import spiff
from engine.bpmn import reader
from engine.decisions import evaluate, read, shape
from engine.errors import NothingWaits, NotOnExecutor, TaskNotOpen
from engine.execution import Answer
from engine.spiff.machine import CaseNet, NoScripts
from engine.spiff.refusals import refusals
from engine.spiff.specs import specs_of
from tests.memory import START, file, flows, process
from tests.spiff_memory import SpiffCase
from tests.test_decisions import a_file

ROOTS = (
    '<message id="M" name="go"/><signal id="S" name="alarm"/><error id="E1" errorCode="e1"/>'
    '<escalation id="X1" escalationCode="x1"/>'
)
TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
MANY = (
    "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality>"
    "</multiInstanceLoopCharacteristics>"
)


def refused(body: str, extra: str = "") -> list[tuple[str, str | None, int | None]]:
    """Return (code, element, line) of what SpiffWorkflow is not asked to run."""
    diagram, findings = reader.read(process(body, extra=extra), "f.bpmn")
    assert diagram is not None, findings
    found = [one for key in diagram.processes.values() for one in refusals(key, "f.bpmn")]
    return [(one.code, one.element, one.line) for one in found]


def unread(body: str, extra: str = "") -> list[tuple[str, str | None]]:
    """Return (code, element) of the errors for which no executor gets the file."""
    diagram, findings = reader.read(process(body, extra=extra), "f.bpmn")
    assert diagram is None
    return [(one.code, one.element) for one in findings if one.severity == "error"]


def attached(definition: str, *, stays: bool = False) -> str:
    how = ' cancelActivity="false"' if stays else ""
    return (
        f'<boundaryEvent id="b" attachedToRef="sub"{how}>{definition}</boundaryEvent>'
        '<userTask id="caught"/>' + flows("b > caught")
    )


def test_what_spiffworkflow_keeps_to_itself_is_still_there():
    kept = {
        Task: [
            "_add_child",
            "_set_state",
            "_inherit_data",
            "_sync_children",
            "_ready",
            "_children",
        ],
        TaskSpec: ["_update", "_update_hook", "_predict", "_on_ready", "_run", "_run_hook"],
        Workflow: ["_task_completed_notify", "_mark_complete", "update_waiting_tasks"],
        BpmnBaseWorkflow: ["get_tasks_iterator"],
        BpmnWorkflow: ["create_subprocess"],
        SubWorkflowTask: ["_on_subworkflow_completed", "update_data"],
        defaults.ExclusiveGateway: ["connect_if", "_run_hook"],
        defaults.InclusiveGateway: ["connect_if", "_run_hook"],
    }
    probe = BpmnWorkflow(
        next(iter(specs_of(SpiffCase(process('<task id="t"/>')).bundle).values())),
        deserializing=True,
    )
    missing = [
        (owner.__name__, name)
        for owner, names in kept.items()
        for name in names
        if not hasattr(owner, name) and name != "_children"
    ]

    assert missing == []
    assert (probe.subprocesses, probe.tasks) == ({}, {})


def test_1_no_text_of_a_designer_reaches_an_eval_of_spiffworkflow(tmp_path):
    trace = tmp_path / "ran"
    attack = f"__import__('os').system('touch {trace}')"
    case = SpiffCase(
        process(
            '<startEvent id="s"/><exclusiveGateway id="x" default="x_e"/><endEvent id="e"/>'
            '<endEvent id="f"/>' + flows("s > x > e", f"x > f : {attack}")
        )
    )
    # The sandbox is away: whoever evaluates now does so by himself.
    away = Answer(error={"kind": "error", "type": "Away", "message": "no sandbox"})
    case.world.evaluate = lambda *_: [away]

    case.start()

    assert case.incidents == [("x", "condition-failed")]
    assert not trace.exists()
    top = CaseNet(specs_of(case.bundle)["p"], {}, None, 1)
    assert isinstance(top.script_engine, NoScripts)
    with pytest.raises(RuntimeError):
        top.script_engine.evaluate(None, attack)


def test_2_a_timer_fires_by_command_only_and_counts_from_the_command_s_moment():
    case = SpiffCase(
        process(
            '<startEvent id="s"/><userTask id="sub"/><userTask id="next"/><endEvent id="e"/>'
            + attached(TIMER, stays=True)
            + flows("s > sub > next > e")
        )
    )
    case.start()
    armed = dict(case.timers)
    case.now += timedelta(days=400)
    case.complete("sub")
    later = SpiffCase(
        process(
            '<startEvent id="s"/><userTask id="sub"/><endEvent id="e"/>'
            + attached(TIMER)
            + flows("s > sub > e")
        )
    )
    later.start()
    later.fire()

    assert armed == {1: "2026-09-14T10:00:00+08:00"}
    assert case.trace("timer_fired", "timer_cancelled") == [("timer_cancelled", "b", 1)]
    assert later.tasks == ["p.caught.1"]


def test_3_two_runs_name_everything_alike():
    diagram = process(
        '<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="sub">'
        + MANY
        + '</userTask><parallelGateway id="j"/><endEvent id="e"/>'
        + flows("s > f > a > j > e", "f > sub > j")
    )
    runs = []
    for _ in range(2):
        case = SpiffCase(diagram)
        case.start()
        case.complete("p.a.1")
        runs.append((case.tasks, case.events, case.snapshot.control, case.snapshot.data))

    assert runs[0] == runs[1]
    assert runs[0][0] == ["p.sub.1.0", "p.sub.1.1", "p.sub.1.2"]


def test_4_branches_that_join_write_what_they_wrote_and_nothing_else():
    case = SpiffCase(
        process(
            '<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/>'
            '<parallelGateway id="j"/><userTask id="z"/><endEvent id="e"/>'
            + flows("s > f > a > j > z > e", "f > b > j")
        )
    )
    case.start(total=0, form={"name": "old"})
    case.complete("a", total=5, form={"name": "new"})
    before = json.dumps(case.events)
    case.complete("b", note="last")

    written = {name: case.data[name] for name in ("total", "form", "note")}
    assert written == {"total": 5, "form": {"name": "new"}, "note": "last"}
    assert json.dumps(case.events).startswith(before[:-1])


def test_5_a_loop_of_a_thousand_rounds_runs_and_ends_when_it_ends():
    case = SpiffCase(
        process(
            '<startEvent id="s"/><exclusiveGateway id="x"/><scriptTask id="t"><script>v = v + 1'
            '</script></scriptTask><exclusiveGateway id="y" default="y_u"/><userTask id="u"/>'
            '<endEvent id="e"/>' + flows("s > x > t > y > u > e", "y > x : v < 1000")
        )
    )
    case.checks = False
    began = time.process_time()
    case.start(v=0)
    took = time.process_time() - began

    assert case.data == {"v": 1000}
    assert (case.state, case.tasks) == ("open", ["p.u.1"])
    assert case.entered()[-3:] == ["t#1000", "y#1000", "u#1"]
    assert len(json.dumps(case.snapshot.control)) < 800
    assert took < 5
    case.complete("u")
    assert case.state == "completed"


def test_6_parallel_blocks_in_a_row_cost_what_they_say():
    blocks = range(12)
    body = "".join(
        f'<parallelGateway id="f{i}"/><userTask id="a{i}"/><userTask id="b{i}"/>'
        f'<parallelGateway id="j{i}"/>'
        for i in blocks
    )
    wires = [f"f{i} > {t}{i} > j{i}" for i in blocks for t in "ab"]
    wires += [f"j{i} > f{i + 1}" for i in blocks[:-1]]
    diagram = process(
        f'<startEvent id="s"/>{body}<endEvent id="e"/>' + flows("s > f0", "j11 > e", *wires)
    )
    began = time.process_time()
    case = SpiffCase(diagram)
    case.checks = False
    case.start()
    ((*_, tokens),) = case.snapshot.control["nets"]
    for i in blocks:
        case.complete(f"p.a{i}.1")
        case.complete(f"p.b{i}.1")
    took = time.process_time() - began

    assert len(tokens) == 2
    assert case.state == "completed"
    assert took < 5


def test_7_event_sub_processes_are_refused_at_deployment():
    handler = (
        '<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">{}</startEvent>'
        '<endEvent id="he"/>' + flows("hs > he") + "</subProcess>"
    )
    body = '<startEvent id="s"/><task id="t"/><endEvent id="e"/>' + flows("s > t > e")
    found = [
        refused(body + handler.format(one), ROOTS)
        for one in (
            '<errorEventDefinition errorRef="E1"/>',
            '<escalationEventDefinition escalationRef="X1"/>',
            TIMER,
        )
    ]

    assert [[(code, element) for code, element, _ in one] for one in found] == [
        [("not-on-executor", "h")]
    ] * 3


def test_8_a_signal_end_event_throws_and_links_are_refused():
    case = SpiffCase(
        process(
            '<startEvent id="s"/><parallelGateway id="f"/><intermediateCatchEvent id="w">'
            '<signalEventDefinition signalRef="S"/></intermediateCatchEvent><userTask id="after"/>'
            '<endEvent id="e"><signalEventDefinition signalRef="S"/></endEvent>'
            + flows("s > f > w > after", "f > e"),
            extra=ROOTS,
        )
    )
    case.start()
    link = '<linkEventDefinition name="L"/>'

    assert case.trace("signal_sent", "signal_received") == [
        ("signal_sent", "e", 1),
        ("signal_received", "w", 1),
    ]
    assert case.tasks == ["p.after.1"]
    assert refused(
        f'<startEvent id="s"/><intermediateThrowEvent id="to">{link}</intermediateThrowEvent>'
        f'<intermediateCatchEvent id="from">{link}</intermediateCatchEvent><endEvent id="e"/>'
        + flows("s > to", "from > e")
    ) == [("not-on-executor", "to", 5), ("not-on-executor", "from", 5)]


def test_8_what_an_event_refers_to_is_read():
    case = SpiffCase(
        process(
            '<startEvent id="s"/><intermediateCatchEvent id="w"><eventDefinitionRef>D'
            '</eventDefinitionRef></intermediateCatchEvent><endEvent id="e"/>' + flows("s > w > e"),
            extra=ROOTS + '<messageEventDefinition id="D" messageRef="M"/>',
        )
    )
    case.start()
    case.message("go")

    assert case.state == "completed"


@pytest.mark.parametrize("what", ['completionQuantity="2"', 'startQuantity="2"'])
def test_8_quantities_are_refused_by_element(what):
    body = f'<startEvent id="s"/><task id="t" {what}/>' + flows("s > t")

    assert ("not-on-executor", "t") in [one[:2] for one in refused(body)]


def test_8_behaviour_is_refused_by_element():
    loop = MANY.replace("Characteristics>", 'Characteristics behavior="One">', 1)
    body = f'<startEvent id="s"/><task id="t">{loop}</task>' + flows("s > t")

    assert ("not-on-executor", "t") in [one[:2] for one in refused(body)]


SUB = '<subProcess id="sub"><startEvent id="is"/>{}<userTask id="inside"/>' + flows("is > inside")


@pytest.mark.parametrize(
    ("definition", "command"),
    [
        ('<signalEventDefinition signalRef="S"/>', c.ReceiveSignal("alarm")),
        ('<messageEventDefinition messageRef="M"/>', c.CorrelateMessage("go")),
        (
            "<conditionalEventDefinition><condition>v == 1</condition></conditionalEventDefinition>",
            c.CompleteTask("p.beside.1", data={"v": 1}),
        ),
        (TIMER, c.FireTimer(1, "2026-09-14T10:00:00+08:00")),
    ],
)
def test_9_what_interrupts_a_sub_process_ends_it(definition, command):
    case = SpiffCase(
        process(
            '<startEvent id="s"/><parallelGateway id="f"/><userTask id="beside"/>'
            + SUB.format("")
            + "</subProcess>"
            + attached(definition)
            + flows("s > f > sub", "f > beside"),
            extra=ROOTS,
        )
    )
    case.start(v=0)
    case.do(command)

    assert "p.caught.1" in case.tasks
    assert "p.inside.1" not in case.tasks
    assert case.trace("task_cancelled") == [("task_cancelled", "inside", 1)]


def test_9_an_escalation_interrupts_the_sub_process_that_it_leaves():
    case = SpiffCase(
        process(
            '<startEvent id="s"/>'
            + SUB.format(
                '<parallelGateway id="fork"/><intermediateThrowEvent id="up">'
                '<escalationEventDefinition escalationRef="X1"/></intermediateThrowEvent>'
            ).replace(flows("is > inside"), flows("is > fork > inside", "fork > up"))
            + "</subProcess>"
            + attached('<escalationEventDefinition escalationRef="X1"/>')
            + flows("s > sub"),
            extra=ROOTS,
        )
    )
    case.start()

    assert case.tasks == ["p.caught.1"]


def test_9_a_timer_interrupts_a_multi_instance_sub_process():
    case = SpiffCase(
        process(
            '<startEvent id="s"/>'
            + SUB.format("").replace('id="sub">', 'id="sub">' + MANY)
            + "</subProcess>"
            + attached(TIMER)
            + flows("s > sub")
        )
    )
    case.start()
    opened = case.tasks
    case.fire()

    assert opened == ["p.inside.1", "p.inside.2", "p.inside.3"]
    assert case.tasks == ["p.caught.1"]
    assert len(case.trace("task_cancelled")) == 3


def test_10_elements_named_as_spiffworkflow_names_its_own_run_and_keep_their_ids():
    case = SpiffCase(
        process(
            '<startEvent id="Begin"/><scriptTask id="Start"><script>a = 1</script></scriptTask>'
            '<scriptTask id="End"><script>b = 2</script></scriptTask><userTask id="Root"/>'
            '<endEvent id="Stop"/>' + flows("Begin > Start > End > Root > Stop")
        )
    )
    case.start()

    assert case.data == {"a": 1, "b": 2}
    assert case.entered() == ["Begin#1", "Start#1", "End#1", "Root#1"]
    assert sorted(specs_of(case.bundle)["p"].by_id) == ["Begin", "End", "Root", "Start", "Stop"]


def test_10_an_id_such_as_its_end_join_has_is_no_id():
    assert unread('<startEvent id="s"/><task id="p.EndJoin"/>' + flows("s > p.EndJoin")) != []


def test_11_conditions_on_flows_out_of_tasks_are_refused_and_several_flows_run():
    conditional = (
        '<startEvent id="s"/><task id="t"/><endEvent id="e"/><endEvent id="f"/>'
        + flows("s > t > e : v", "t > f")
    ).replace("s_t : v", "s_t")
    case = SpiffCase(
        process(
            '<startEvent id="s"/><task id="t"/><userTask id="a"/><userTask id="b"/>'
            + flows("s > t > a", "t > b")
        )
    )
    case.start()

    assert ("not-on-executor", "t_e", 5) in refused(conditional)
    assert case.tasks == ["p.a.1", "p.b.1"]


def test_12_a_task_that_is_not_open_is_not_run_again():
    case = SpiffCase(
        process('<startEvent id="s"/><userTask id="a"/><userTask id="b"/>' + flows("s > a > b"))
    )
    case.start()
    refusals_ = []
    for task in ("p.b.1", "p.a.2"):
        with pytest.raises(TaskNotOpen) as refusal:
            case.complete(task)
        refusals_.append(refusal.value.code)
    case.complete("a")
    with pytest.raises(TaskNotOpen):
        case.complete("p.a.1")

    assert refusals_ == ["task-not-open", "task-not-open"]
    assert case.tasks == ["p.b.1"]


def test_12_a_loop_without_end_is_an_incident_and_the_case_stays_as_it_was():
    case = SpiffCase(
        process(
            '<startEvent id="s"/><userTask id="a"/><exclusiveGateway id="x"/><task id="t"/>'
            + flows("s > a > x > t > x")
        )
    )
    case.checks = False
    case.start()
    case.complete("a", v=1)

    assert case.incidents == [("a", "limit")]
    assert (case.state, case.tasks, case.data) == ("incident", ["p.a.1"], {})


def test_13_no_true_branch_is_an_incident_that_can_be_tried_again():
    case = SpiffCase(
        process(
            '<startEvent id="s"/><exclusiveGateway id="x"/><userTask id="a"/><userTask id="b"/>'
            + flows("s > x", "x > a : v == 1", "x > b : v == 2")
        )
    )
    case.start(v=0)
    stuck = case.incidents
    case.retry(v=2)

    assert stuck == [("x", "no-flow")]
    assert (case.state, case.tasks) == ("open", ["p.b.1"])


def test_13_a_script_s_error_is_caught_by_its_code_and_else_an_incident():
    body = (
        '<startEvent id="s"/><scriptTask id="sub"><script>raise ValueError("e1")</script>'
        "</scriptTask>" + attached('<errorEventDefinition errorRef="E1"/>') + flows("s > sub")
    )
    caught = SpiffCase(process(body, extra=ROOTS))
    caught.start()
    uncaught = SpiffCase(process(body.replace('"e1"', '"other"'), extra=ROOTS))
    uncaught.start()

    assert caught.tasks == ["p.caught.1"]
    assert uncaught.incidents == [("sub", "script-failed")]


def test_13_a_job_that_fails_is_an_incident_of_its_own_name():
    case = SpiffCase(
        process(
            '<startEvent id="s"/><serviceTask id="t" camunda:topic="work"/><endEvent id="e"/>'
            + flows("s > t > e")
        )
    )
    case.start()
    case.do(c.FailJob("p.t.1", "the line is dead"))
    failed = case.incidents
    case.retry()
    case.do(c.CompleteJob("p.t.1", {"done": True}))

    assert failed == [("t", "job-failed")]
    assert (case.state, case.data) == ("completed", {"done": True})


def test_14_a_snapshot_holds_no_spec_and_no_word_of_the_user_means_anything_in_it():
    steps = [f"t{i}" for i in range(12)]
    case = SpiffCase(
        process(
            '<startEvent id="s"/>'
            + "".join(f'<userTask id="{one}" name="Step with a long name {one}"/>' for one in steps)
            + flows("s > " + " > ".join(steps))
        )
    )
    odd = {"typename": "BpmnWorkflow", "spec": {"typename": "Task", "id": 1}, "nets": []}
    case.start(odd=odd)
    for one in steps[:6]:
        case.complete(one)
    text = json.dumps(case.snapshot.control)

    assert case.data["odd"] == odd
    assert "long name" not in text
    assert "typename" not in text
    assert len(text) < 900


def test_15_decisions_are_read_and_evaluated_here():
    (table,), findings = read(
        a_file(['"a","b"', '"first"'], ['not("a","b")', '"other"'], inputs=("x",)), filename="d.dmn"
    )

    def decide(names):
        found = evaluate(table, names, now=START)
        return {"result": shape(found, table), "matched": list(found.matched)}

    case = SpiffCase(
        process(
            '<startEvent id="s"/><businessRuleTask id="t" camunda:decisionRef="d" '
            'camunda:resultVariable="which"/><userTask id="u"/>' + flows("s > t > u")
        ),
        decisions={"d": decide},
    )
    case.start(x="b")

    assert [one for one in findings if one.severity == "error"] == []
    assert case.data == {"x": "b", "which": "first"}


def test_16_the_first_message_too_must_have_the_right_keys():
    keyed = (
        '<extensionElements><camunda:properties><camunda:property name="correlate" value="order"/>'
        "</camunda:properties></extensionElements>"
    )
    case = SpiffCase(
        process(
            '<startEvent id="s"/><intermediateCatchEvent id="w">'
            + keyed
            + '<messageEventDefinition messageRef="M"/></intermediateCatchEvent>'
            '<userTask id="u"/>' + flows("s > w > u"),
            extra=ROOTS,
        )
    )
    case.start(order=7)
    with pytest.raises(NothingWaits):
        case.message("go", order=8)
    case.message("go", {"paid": True}, order=7)

    assert case.data == {"order": 7, "paid": True}
    assert case.tasks == ["p.u.1"]


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ('<messageEventDefinition messageRef="NO"/>', "NO"),
        ('<signalEventDefinition signalRef="NO"/>', "NO"),
    ],
)
def test_17_a_reference_to_nothing_names_its_element_and_line(event, name):
    xml = process(
        f'<startEvent id="s"/>\n<intermediateCatchEvent id="w">{event}</intermediateCatchEvent>'
        '<endEvent id="e"/>' + flows("s > w > e")
    )
    diagram, findings = reader.read(xml, "f.bpmn")
    errors = [one for one in findings if one.severity == "error"]

    assert diagram is None
    assert [(one.code, one.line) for one in errors] == [("dangling-reference", 6)]
    assert name in errors[0].message


def test_17_data_stores_and_pools_document_and_a_missing_start_event_is_no_riddle():
    case = SpiffCase(
        file(
            '<dataStore id="D" name="books"/><collaboration id="C"><participant id="P1" '
            'processRef="p"/><participant id="P2" name="citizen"/></collaboration>'
            '<process id="p" isExecutable="true"><dataStoreReference id="R" dataStoreRef="D"/>'
            '<userTask id="t"/></process>'
        )
    )
    case.start()

    assert case.tasks == ["p.t.1"]


def test_a_join_in_a_second_round_waits_for_the_branches_of_that_round():
    case = SpiffCase(
        process(
            '<startEvent id="s"/><exclusiveGateway id="m"/><parallelGateway id="f"/>'
            '<userTask id="a"/><userTask id="b"/><parallelGateway id="j"/><userTask id="z"/>'
            '<exclusiveGateway id="x" default="x_e"/><endEvent id="e"/>'
            + flows("s > m > f > a > j > z > x > e", "f > b > j", "x > m : again")
        )
    )
    case.start(again=True)
    for task in ("p.a.1", "p.b.1", "p.z.1", "p.b.2"):
        case.complete(task)
    waiting = case.tasks
    case.complete("p.a.2")

    assert waiting == ["p.a.2"]
    assert case.tasks == ["p.z.2"]


@pytest.mark.parametrize(
    "command",
    [
        c.AddInstance("p.sub.1", "x"),
        c.CancelInstance("p.sub.1", 0),
        c.HoldScope("p.sub.1", 0),
        c.ReleaseScope("p.sub.1", 0),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(command):
    case = SpiffCase(
        process(f'<startEvent id="s"/><userTask id="sub">{MANY}</userTask>' + flows("s > sub"))
    )
    case.start()
    before = case.snapshot
    with pytest.raises(NotOnExecutor) as refusal:
        case.do(command)

    assert refusal.value.code == "not-on-executor"
    assert refusal.value.hint == (
        "Deploy the process for the executor 'kernel'; new cases of it can."
    )
    assert case.snapshot is before


def test_a_called_process_that_changed_to_what_it_does_not_run_is_refused_at_the_start():
    body = '<startEvent id="s"/><callActivity id="c" calledElement="q"/>' + flows("s > c")
    handler = (
        '<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">'
        + TIMER
        + '</startEvent><endEvent id="he"/>'
        + flows("hs > he")
        + "</subProcess>"
    )
    called = process('<startEvent id="qs"/><task id="qt"/>' + flows("qs > qt") + handler, key="q")
    case = SpiffCase(process(body), called)
    with pytest.raises(NotOnExecutor) as refusal:
        case.start()

    assert refusal.value.element == "h"
    assert spiff.Spiff.name == "spiff"
