"""What the reader makes of diagrams: the notation of the contract and of other tools."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from engine.bpmn.model import Kind, TimerKind
from engine.bpmn.reader import read, read_cached, read_deployed
from engine.scripts import Code
from tests import bpmn_table
from tests.snippets import (
    DEFINITIONS,
    extended,
    extended_by,
    extensions,
    file,
    found,
    node,
    pairs,
    process,
    text,
)

ROOT = Path(__file__).parent.parent
DIAGRAMS = sorted(
    [*(ROOT / "processes").glob("*.bpmn"), *(ROOT / "tests/processes").glob("*.bpmn")]
)


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_every_diagram_of_the_project_is_read_without_errors(path):
    diagram, findings = read(path.read_bytes(), path.name)

    assert [one for one in findings if one.severity == "error"] == []
    assert list(diagram.processes) == [path.stem]


def test_the_five_steps_are_read_as_they_are_drawn():
    xml = (ROOT / "tests/processes/five_steps.bpmn").read_bytes()

    five = read(xml, "five_steps.bpmn")[0].processes["five_steps"]

    assert five.name == "五步吹哨"
    assert five.lane_roles == {
        "区级": "district_leader",
        "街道": "street_dispatcher",
        "部门": "dept_liaison",
    }
    assert five.root.starts == ("start_report",)
    accept, gateway, handle, late = (
        five.nodes[key] for key in ("accept", "is_accepted", "handle", "late")
    )
    assert accept.outcomes == {"accept": "受理", "refuse": "不予受理"}
    assert accept.outcomes_en == {"accept": "Accept", "refuse": "Refuse"}
    assert accept.properties == {"name_en": "Accept"}
    assert gateway.outgoing == ("to_refused", "to_assign")
    assert gateway.default == "to_assign"
    assert five.root.flows["to_refused"].condition.text == "accept_outcome == 'refuse'"
    assert [(one.role, text(one.unit)) for one in handle.assignment.groups] == [
        ("dept_liaison", "lead")
    ]
    assert text(handle.assignment.due) == "working_hours(4)"
    assert handle.writes == ("reply",)
    assert handle.boundary == ("late",)
    assert (late.host, late.interrupting) == ("handle", False)
    assert late.events[0].timer is TimerKind.DURATION
    assert text(late.events[0].value) == "working_hours(4)"
    assert five.nodes["evaluate"].assignment.not_same_unit_as == ("handle",)


def test_the_same_bytes_are_read_once():
    xml = (ROOT / "tests/processes/five_steps.bpmn").read_bytes()

    assert read_cached(xml, "a.bpmn")[0] is read_cached(bytes(bytearray(xml)), "a.bpmn")[0]


def test_a_compiled_model_cannot_be_changed():
    one = process('<startEvent id="s"/>')

    with pytest.raises(FrozenInstanceError):
        one.key = "q"
    with pytest.raises(TypeError):
        one.nodes["s"] = None


def test_codes_know_their_line_in_the_file():
    xml = (
        f'{DEFINITIONS}<process id="p">\n<startEvent id="s"/>\n'
        '<scriptTask id="t"><script>\n\na = 1\n</script></scriptTask>\n'
        '<sequenceFlow id="f" sourceRef="s" targetRef="t"><conditionExpression>\n\n a\n'
        "</conditionExpression></sequenceFlow></process></definitions>"
    )

    one = read(xml.encode(), "x")[0].processes["p"]

    assert one.nodes["t"].code == Code("\n\na = 1\n", "script", 3)
    assert one.root.flows["f"].condition == Code("a", "expression", 9)


def test_processes_that_are_not_executable_are_left_out():
    xml = (
        f'{DEFINITIONS}<process id="a" isExecutable="true"><startEvent id="s"/></process>'
        '<process id="b" isExecutable="false"><task id="t"/></process></definitions>'
    )

    diagram, findings = read(xml.encode(), "x")

    assert list(diagram.processes) == ["a"]
    assert list(diagram.drawings) == ["b"]
    assert [one.code for one in findings] == ["not-executable"]


# -- scopes ---------------------------------------------------------------------------


def test_scopes_nest_and_list_their_event_sub_processes():
    one = process(
        '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="u"/>'
        '<subProcess id="u"><task id="a"/>'
        '<subProcess id="e" triggeredByEvent="true"><startEvent id="x" isInterrupting="false">'
        "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
        "</startEvent></subProcess></subProcess>"
    )

    assert list(one.scopes) == ["p", "u", "e"]
    assert list(one.nodes) == ["s", "u", "a", "e", "x"]
    assert one.nodes["u"].body is one.scopes["u"]
    assert one.scopes["u"].event_sub_processes == ("e",)
    assert one.scopes["u"].implicit_starts == ("a",)
    assert one.nodes["e"].kind is Kind.EVENT_SUB_PROCESS
    assert one.nodes["x"].interrupting is False
    assert text(one.nodes["x"].events[0].value) == "'PT1H'"


def test_lanes_nest_and_the_innermost_role_counts_where_the_task_has_none():
    one = process(
        '<laneSet id="l"><lane id="a" name="区">'
        + extended_by(role="district_leader")
        + '<flowNodeRef>t</flowNodeRef><childLaneSet id="c"><lane id="b" name="街">'
        + extended_by(role="street_leader@unit_at(place, 'street'), grid_worker")
        + "<flowNodeRef>u</flowNodeRef><flowNodeRef>v</flowNodeRef></lane></childLaneSet>"
        "</lane></laneSet>"
        '<userTask id="t"/><userTask id="u"/><userTask id="v" camunda:assignee="wang"/>'
    )

    def who(key):
        return [(group.role, text(group.unit)) for group in one.nodes[key].assignment.groups]

    assert one.nodes["u"].lanes == ("区", "街")
    assert who("t") == [("district_leader", None)]
    assert who("u") == [("street_leader", "unit_at(place, 'street')"), ("grid_worker", None)]
    assert who("v") == []


def test_a_task_in_a_sub_process_lies_in_the_lane_of_the_sub_process():
    one = process(
        '<laneSet id="l"><lane id="a" name="街">'
        + extended_by(role="street_leader")
        + "<flowNodeRef>u</flowNodeRef></lane></laneSet>"
        '<subProcess id="u"><userTask id="t"/></subProcess>'
    )

    assert one.nodes["t"].lanes == ("街",)
    assert [group.role for group in one.nodes["t"].assignment.groups] == ["street_leader"]


def test_data_objects_are_read_by_their_name_or_id():
    one = process(
        '<startEvent id="s"/><dataObject id="d1" name="severity">'
        + extended_by(default="3")
        + '</dataObject><dataObject id="d2" name="two words"/>'
        '<dataObjectReference id="r" dataObjectRef="d1"/>'
    )

    assert {name: text(code) for name, code in one.root.data.items()} == {
        "severity": "3",
        "d2": None,
    }


def test_a_process_names_its_unit_and_what_it_needs():
    one = process(
        extended_by(unit="unit_at(location, 'street')", name_en="P")
        + '<startEvent id="s" camunda:formKey="report"/>'
        '<callActivity id="a" calledElement="q"/><callActivity id="b" calledElement="q"/>'
        '<businessRuleTask id="c" camunda:decisionRef="d"/>'
        '<userTask id="e" camunda:formKey="camunda-forms:deployment:accept.form"/>'
    )

    assert text(one.unit) == "unit_at(location, 'street')"
    assert one.properties == {"name_en": "P"}
    assert (one.calls, one.decisions, one.forms) == (("q",), ("d",), ("report", "accept"))


# -- tasks ------------------------------------------------------------------------------


def test_a_user_task_says_who_and_by_when():
    task = node(
        "userTask",
        extended_by(warn="before(due, working_hours(1))", notSameAs="a, b;c"),
        'camunda:assignee="${case[\'starter\']}" camunda:candidateUsers="li, ${deputy}" '
        'camunda:dueDate="P1D" camunda:followUpDate="${followUp}" camunda:priority="90"',
    )
    who = task.assignment

    assert text(who.assignee) == "case['starter']"
    assert [code.text for code in who.users] == ["'li'", "deputy"]
    assert (text(who.due), text(who.follow_up)) == ("'P1D'", "followUp")
    assert (text(who.warn), text(who.priority)) == ("before(due, working_hours(1))", "90")
    assert who.not_same_as == ("a", "b", "c")
    assert task.properties == {}


@pytest.mark.parametrize(
    ("attributes", "inner", "key"),
    [
        ('camunda:formKey="accept"', "", "accept"),
        ('camunda:formRef="accept"', "", "accept"),
        ('flowable:formKey="forms/accept.json"', "", "accept"),
        ("", '<zeebe:formDefinition formId="accept"/>', "accept"),
        ("", '<zeebe:formDefinition externalReference="accept"/>', "accept"),
        (
            "",
            (
                '<spiffworkflow:properties><spiffworkflow:property name="formJsonSchemaFilename"'
                ' value="accept.json"/></spiffworkflow:properties>'
            ),
            "accept",
        ),
        ("", "", None),
    ],
)
def test_the_form_is_found_wherever_an_editor_puts_it(attributes, inner, key):
    assert node("userTask", extensions(inner), attributes).form == key


def test_a_service_task_has_a_topic_inputs_and_outputs():
    task = node(
        "serviceTask",
        extensions(
            "<camunda:inputOutput>"
            '<camunda:inputParameter name="a">plain text</camunda:inputParameter>'
            '<camunda:inputParameter name="b">${x.y &amp;&amp; !z}</camunda:inputParameter>'
            '<camunda:inputParameter name="c">to ${x}!</camunda:inputParameter>'
            '<camunda:inputParameter name="d"><camunda:list><camunda:value>1</camunda:value>'
            "<camunda:value>${x}</camunda:value></camunda:list></camunda:inputParameter>"
            '<camunda:inputParameter name="e"><camunda:map><camunda:entry key="k">${x}'
            "</camunda:entry></camunda:map></camunda:inputParameter>"
            '<camunda:inputParameter name="g"><camunda:script scriptFormat="python">[n + 1\n'
            " for n in x]</camunda:script></camunda:inputParameter>"
            '<camunda:inputParameter name="h"/>'
            '<camunda:outputParameter name="o">${result}</camunda:outputParameter>'
            "</camunda:inputOutput>"
        ),
        'camunda:type="external" camunda:topic="next-number"',
    )

    assert task.topic == "next-number"
    assert pairs(task.inputs) == [
        ("a", "'plain text'"),
        ("b", "x['y'] and (not z)"),
        ("c", "'to ' + str(x) + '!'"),
        ("d", "['1', x]"),
        ("e", "{'k': x}"),
        ("g", "[n + 1\n for n in x]"),
        ("h", "''"),
    ]
    assert pairs(task.outputs) == [("o", "result")]


def test_a_call_activity_maps_data_over_its_border():
    task = node(
        "callActivity",
        extensions(
            '<camunda:in source="a" target="b"/><camunda:in sourceExpression="x + 1" target="c"/>'
            '<camunda:in variables="all"/><camunda:in businessKey="${k}"/>'
            '<camunda:out source="r" target="result"/>'
        ),
        'calledElement="q"',
    )

    assert task.called == "q"
    assert pairs(task.inputs) == [("b", "value('a')"), ("c", "x + 1")]
    assert pairs(task.outputs) == [("result", "value('r')")]
    assert (task.all_in, task.all_out) == (True, False)


def test_a_zeebe_call_passes_everything_unless_told_otherwise():
    called = '<zeebe:calledElement processId="q"/>'
    mapped = called + '<zeebe:ioMapping><zeebe:input source="=a" target="b"/>'
    mapped += '<zeebe:output source="=r" target="c"/></zeebe:ioMapping>'
    closed = called.replace("/>", ' propagateAllParentVariables="false"/>')

    assert [
        (one.called, one.all_in, one.all_out, pairs(one.inputs), pairs(one.outputs))
        for one in (node("callActivity", extensions(x)) for x in (called, mapped, closed))
    ] == [
        ("q", True, True, [], []),
        ("q", True, False, [("b", "a")], [("c", "r")]),
        ("q", False, True, [], []),
    ]


def test_scripts_stand_as_they_are_and_may_surround_a_task():
    around = extensions(
        "<spiffworkflow:preScript>a = 1</spiffworkflow:preScript>"
        "<spiffworkflow:postScript>del_a = a</spiffworkflow:postScript>"
    )
    script = node("scriptTask", "<script>b = a</script>", 'scriptFormat="python"').code
    task = node("task", around)

    assert [(one.text, one.mode) for one in (task.before, script, task.after)] == [
        ("a = 1", "script"),
        ("b = a", "script"),
        ("del_a = a", "script"),
    ]


def test_a_script_with_a_result_variable_is_an_assignment():
    task = node("scriptTask", "<script>a + 1</script>", 'camunda:resultVariable="b"')

    assert task.code.text == "b = (a + 1)"


def test_a_zeebe_script_is_an_assignment():
    inner = extensions('<zeebe:script expression="=a = 1 and b" resultVariable="c"/>')

    assert node("scriptTask", inner).code.text == "c = (a == 1 and b)"


@pytest.mark.parametrize(
    ("inner", "attributes", "decision"),
    [
        ("", 'camunda:decisionRef="d"', ("d", "d", None)),
        (
            "",
            'camunda:decisionRef="d" camunda:resultVariable="r" camunda:mapDecisionResult="resultList"',
            ("d", "r", "resultList"),
        ),
        ('<zeebe:calledDecision decisionId="d" resultVariable="r"/>', "", ("d", "r", None)),
        (
            "<spiffworkflow:calledDecisionId>d</spiffworkflow:calledDecisionId>",
            "",
            ("d", "d", "singleResult"),
        ),
    ],
)
def test_a_business_rule_task_names_its_decision(inner, attributes, decision):
    found = node("businessRuleTask", extensions(inner), attributes).decision

    assert (found.key, found.result, found.shape) == decision


@pytest.mark.parametrize(
    "inner",
    [
        (
            '<camunda:inputOutput><camunda:inputputParameter name="a">1</camunda:inputputParameter>'
            "</camunda:inputOutput>"
        ),
        '<zeebe:ioMapping><zeebe:inputs source="=a" target="b"/></zeebe:ioMapping>',
    ],
)
def test_a_slip_of_the_pen_loses_no_mapping_in_silence(inner):
    body = extended("task", inner)

    assert found(file(body)) == [("unknown-element", "t", 4)]


def test_zeebe_assignment_and_topic_are_read():
    task = node(
        "userTask",
        extensions(
            '<zeebe:assignmentDefinition assignee="=boss" candidateGroups="a,b"/>'
            '<zeebe:taskSchedule dueDate="2026-09-18T09:00:00+08:00"/>'
            '<zeebe:priorityDefinition priority="=20"/>'
        ),
    ).assignment

    assert text(task.assignee) == "boss"
    assert [group.role for group in task.groups] == ["a", "b"]
    assert text(task.due) == "'2026-09-18T09:00:00+08:00'"
    assert text(task.priority) == "20"
    inner = extensions('<zeebe:taskDefinition type="notify"/>')
    assert node("serviceTask", inner).topic == "notify"


def deployable():
    """Every diagram of the notation's table, and of the processes, that is not refused."""
    for row in bpmn_table.rows():
        yield f"{row.section}: {row.name}", bpmn_table.file_of(row.snippet)
    for path in sorted((ROOT / "processes").glob("*.bpmn")):
        yield path.name, path.read_bytes()


def test_a_deployed_file_is_read_without_its_findings_into_the_same_model():
    count = 0
    for name, xml in deployable():
        diagram, _ = read(xml, "a.bpmn")
        if diagram is not None:
            count += 1
            assert read_deployed(xml) == diagram, name
    assert count > 400


def test_what_was_read_is_not_read_again_when_a_case_begins():
    xml = (ROOT / "tests/processes/five_steps.bpmn").read_bytes()

    assert read_deployed(xml) is read_deployed(bytes(bytearray(xml)))
    assert read_cached(xml, "read_before.bpmn")[0] is read_deployed(xml)
