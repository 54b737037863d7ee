"""Decisions of running cases: with imports, and why they came out as they did."""

import json

import pytest
from click.testing import CliRunner

from engine import cases, deployments, explanations, identities, views
from engine.cli import program
from engine.errors import CaseNotFound
from engine.replay import replay
from tests.dmn import NAMESPACES, a_file
from tests.stored_histories import FOLDER, read

PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:t">
  <process id="asks" name="Asks" isExecutable="true">
    <startEvent id="begun"/>
    <sequenceFlow id="a" sourceRef="begun" targetRef="route"/>
    <businessRuleTask id="route" camunda:decisionRef="route" camunda:resultVariable="unit"/>
    <sequenceFlow id="b" sourceRef="route" targetRef="look"/>
    <userTask id="look" camunda:candidateGroups="grid_worker"/>
    <sequenceFlow id="c" sourceRef="look" targetRef="done"/>
    <endEvent id="done"/>
  </process>
</definitions>
"""
ROUTE = """
decision hours < common#base
feel: common.base * 2
decision route < hours
table FIRST | hours:number ; kind:string | unit:string
| < 4 | - | "街道"
| - | "market" | "城管局"
| - | - | "社区"
"""
COMMON = "decision base\nfeel: {}"


def files(base):
    imports = f'<import name="common" namespace="common" importType="{NAMESPACES["1.5"]}"/>'
    return {
        "asks.bpmn": PROCESS.encode(),
        "route.dmn": a_file(ROUTE, imports=imports),
        "common.dmn": a_file(COMMON.format(base), namespace="common"),
    }


def deployed(app, base):
    return deployments.deploy(app, identities.operator(), files(base)).body["definitions"]


def started(app, who, **data):
    return cases.start(app, who("grid_worker"), process="asks", data=data).body["id"]


def test_a_case_tells_why_each_decision_came_out_as_it_did(app, who):
    deployed(app, 5)
    case = started(app, who, kind="market")

    (found,) = explanations.explain(app, case)

    assert (found["element"], found["result"], found["agrees"]) == ("route", "城管局", True)
    assert found["inputs"] == [
        {"label": "hours", "value": 10},
        {"label": "kind", "value": "market"},
    ]
    assert [(one["row"], one["matched"], one.get("input")) for one in found["rules"]] == [
        (1, False, "hours"),
        (2, True, None),
        (3, True, None),
    ]


def test_a_case_keeps_the_imported_file_that_it_began_with(app, who):
    first = deployed(app, 1)
    case = started(app, who, kind="market")
    second = deployed(app, 5)
    other = started(app, who, kind="market")

    results = [explanations.explain(app, one)[0]["result"] for one in (case, other)]

    assert [one[0]["version"] for one in (first, second)] == [1, 2]
    assert results == ["街道", "城管局"]
    assert list(replay(app, [case, other])) == [None, None]


def test_the_command_line_tells_it(app, who, monkeypatch):
    deployed(app, 1)
    case = started(app, who, kind="market")
    monkeypatch.setenv("DATABASE_URL", app.settings.database_url)

    told = CliRunner().invoke(program, ["why", case, "--lang", "zh"])
    document = CliRunner().invoke(program, ["why", case, "--json"])

    assert told.stdout.splitlines()[1:] == [
        '  route：结果是 "街道"',
        "    第 1 行符合",
        "    第 2 行符合",
        "    第 3 行符合",
        "  hours：结果是 2",
        "  base：结果是 1",
    ]
    assert [one["element"] for one in json.loads(document.stdout)["decisions"]] == ["route"]


SERVICE = """
input kind : string
input area : number
decision size < area
table FIRST | area:number | size:string
| < 10 | "small"
| - | "large"
decision unit < kind, size
table FIRST | kind:string ; size:string | unit:string
| "market" | "large" | "城管局"
| - | - | "社区"
decision hours < size
feel: if size = "small" then 8 else 24
service route
<outputDecision href="#unit"/><outputDecision href="#hours"/>{}<inputData href="#kind"/>
"""
WHOLE = '<encapsulatedDecision href="#size"/><inputData href="#area"/>'


def served(app, who, inner, data, process=PROCESS):
    """A case whose business-rule task asks a decision service."""
    files = {"asks.bpmn": process.encode(), "route.dmn": a_file(SERVICE.format(inner))}
    deployments.deploy(app, identities.operator(), files)
    case = started(app, who, **data)
    document = views.case(app, who("grid_worker"), case)
    return case, document["data"].get("unit"), document["incidents"]


def test_a_business_rule_task_asks_a_decision_service(app, who):
    case, unit, _ = served(app, who, WHOLE, {"kind": "market", "area": 20})

    (found,) = explanations.explain(app, case)

    assert unit == {"unit": "城管局", "hours": 24}
    assert (found["decision"], found["result"], found["agrees"]) == ("route", unit, True)
    assert found["matched"] == ["r1"]
    assert [one["decision"] for one in found["requires"]] == ["unit", "hours", "size"]
    assert list(replay(app, [case])) == [None]


def test_what_a_service_is_given_is_not_decided_again(app, who):
    case, unit, _ = served(
        app, who, '<inputDecision href="#size"/>', {"kind": "market", "size": "large"}
    )

    (found,) = explanations.explain(app, case)

    assert unit == {"unit": "城管局", "hours": 24}
    assert [one["decision"] for one in found["requires"]] == ["unit", "hours"]


def test_a_service_that_lacks_a_datum_is_an_incident(app, who):
    _, unit, (incident,) = served(app, who, WHOLE, {"kind": "market"})

    assert unit is None

    assert "reads 'area', which is not among the data" in incident["message"]


def test_a_service_of_several_outputs_has_no_single_entry(app, who):
    single = PROCESS.replace('="unit"', '="unit" camunda:mapDecisionResult="singleEntry"')
    _, unit, (incident,) = served(app, who, WHOLE, {"kind": "market", "area": 1}, single)

    assert unit is None
    assert "has 2 outputs, but singleEntry takes one" in incident["message"]


def test_a_case_that_is_not_there_has_no_decisions(app):
    with pytest.raises(CaseNotFound):
        explanations.explain(app, "nobody")


BEFORE_FEEL = (
    "consultation", "department_score", "grid_event", "publication", "return_visit", "supervision",
    "whistle_report",
)  # fmt: skip
HISTORIES = [one for one in sorted(FOLDER.glob("*.json")) if one.stem.startswith(BEFORE_FEEL)]


@pytest.mark.parametrize("path", HISTORIES, ids=[path.stem for path in HISTORIES])
def test_what_was_decided_before_feel_is_decided_alike_now(app, path):
    """Kept histories were decided by cells translated to Python."""
    case = read(app, path)

    found = explanations.explain(app, case)

    assert [one["decision"] for one in found if not one["agrees"]] == []
    assert len(found) == recorded(path)


def recorded(path):
    """How many decisions a kept history has asked."""
    bodies = [json.loads(one["body"]) for one in json.loads(path.read_text("utf-8"))["entries"]]
    asked = [one for body in bodies for one in body["evaluations"] if one["site"][3] == "decision"]
    return sum(1 for one in asked if "value" in one["answers"][0])


def test_the_kept_histories_asked_decisions():
    assert sum(recorded(path) for path in HISTORIES) > 20
