"""The way of a case: which branch it took and why, what was written, and who may read it."""

from __future__ import annotations

import pytest

from engine import cases, deployments, identities, views
from engine.commands import ClaimTask, CompleteTask
from engine.errors import CaseNotFound
from tests.memory import flows, process

FORM = """{"id": "asked", "type": "default", "components": [
  {"type": "number", "key": "fee", "label": "费用", "label_en": "Fee"},
  {"type": "textarea", "key": "story", "label": "情况"},
  {"type": "textfield", "key": "district", "label": "辖区", "field_class": "reporter",
   "personal": false}]}""".encode()
DIAGRAM = process(
    '<startEvent id="s" camunda:formKey="asked"/>'
    '<userTask id="look" name="核查" camunda:candidateGroups="street_dispatcher"/>'
    '<exclusiveGateway id="dear" name="贵吗" default="d"/>'
    '<userTask id="approve" name="审批" camunda:candidateGroups="street_leader"/>'
    '<endEvent id="e"/>'
    + flows("s > look", "look > dear", "approve > e")
    + '<sequenceFlow id="d" name="否" sourceRef="dear" targetRef="e"/>'
    '<sequenceFlow id="y" name="是" sourceRef="dear" targetRef="approve">'
    "<conditionExpression>fee &gt; 100 and district == 'west'</conditionExpression></sequenceFlow>",
    "spend",
)
GIVEN = {"fee": 300, "story": "换灯", "district": "west"}


@pytest.fixture
def case_id(any_app):
    files = {"spend.bpmn": DIAGRAM, "asked.json": FORM}
    deployments.deploy(any_app, identities.operator(), files)
    by = identities.actor(any_app, "street_dispatcher")
    found = cases.start(any_app, by, process="spend", data=GIVEN).case_id
    cases.handle(any_app, by, found, ClaimTask("spend.look.1"))
    cases.handle(any_app, by, found, CompleteTask("spend.look.1", None, {"fee": 301, "note": "x"}))
    return found


def test_a_gateway_tells_each_way_with_its_condition_and_what_it_read(any_app, case_id):
    by = identities.actor(any_app, "street_dispatcher")
    found = views.journey(any_app, by, case_id, after=2, limit=50)

    assert [one["position"] for one in found["items"]] == [3]
    (gateway,) = found["items"][0]["gateways"]
    assert {name: gateway[name] for name in ("process", "element", "nth", "path")} == {
        "process": "spend", "element": "dear", "nth": 1, "path": [],
    }  # fmt: skip
    assert gateway["ways"] == [
        {"flow": "d", "name": "否", "target": "e", "taken": False, "default": True},
        {"flow": "y", "name": "是", "target": "approve", "taken": True, "default": False,
         "expression": "fee > 100 and district == 'west'", "value": True,
         "values": {"district": "west", "fee": 301}},
    ]  # fmt: skip


def test_a_change_tells_what_stood_there_before(any_app, case_id):
    by = identities.actor(any_app, "street_dispatcher")
    changes = views.journey(any_app, by, case_id, after=2, limit=1)["items"][0]["changes"]

    told = {one["name"]: (one.get("before"), one.get("after")) for one in changes}
    assert (told["fee"], told["note"]) == ((300, 301), (None, "x"))
    assert "before" not in next(one for one in changes if one["name"] == "note")


def test_the_history_in_parts_is_the_history(any_app, case_id):
    by = identities.actor(any_app, "auditor")
    parts = [views.journey(any_app, by, case_id, after=at, limit=1) for at in range(3)]

    found = [one for part in parts for one in part["items"]]
    bare = [
        {name: value for name, value in one.items() if name not in ("gateways", "changes")}
        for one in found
    ]
    assert bare == views.history(any_app, by, case_id)
    assert {(part["last"], part["head"]) for part in parts} == {(3, found[-1]["digest"])}
    assert views.journey(any_app, by, case_id, after=3, limit=9)["items"] == []


def test_who_may_not_read_a_datum_learns_it_from_no_gateway_and_no_change(any_app, case_id):
    # The leader of the street decides, and is not told who reported.
    leader = identities.actor(any_app, "street_leader")
    items = views.journey(any_app, leader, case_id, after=0, limit=9)["items"]

    (way,) = [one for one in items[2]["gateways"][0]["ways"] if "values" in one]
    assert way["values"] == {"district": {"$withheld": "reporter"}, "fee": 301}
    first = {one["name"]: one["after"] for one in items[0]["changes"]}
    assert (first["district"], first["story"]) == ({"$withheld": "reporter"}, "换灯")
    with pytest.raises(CaseNotFound):
        views.journey(any_app, identities.actor(any_app, "RY029"), case_id, after=0, limit=9)
