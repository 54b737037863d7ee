"""Extensions by hand as the decision `extension` allows, and holds with a review date."""

from __future__ import annotations

import pytest

from engine import deployments, identities, replay
from tests import rows
from tests.callers import callers, problem_of
from tests.conftest import ROOT

PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="extended_file"
    targetNamespace="https://bihuan.example/processes">
  <process id="extended" name="延期" isExecutable="true">
    <startEvent id="started" />
    <sequenceFlow id="f1" sourceRef="started" targetRef="rule" />
    <businessRuleTask id="rule" camunda:decisionRef="extension" camunda:resultVariable="rule" />
    <sequenceFlow id="f2" sourceRef="rule" targetRef="handle" />
    <userTask id="handle" name="办理" camunda:candidateGroups="street_dispatcher"
        camunda:dueDate="working_hours(8)" />
    <sequenceFlow id="f3" sourceRef="handle" targetRef="ended" />
    <endEvent id="ended" />
  </process>
</definitions>"""
DATA = {"extension_in_time": True, "variant": "other", "extensions": 0, "extension_longer": False}


@pytest.fixture
def call(request):
    """Callers of the application; on both databases where a test asks for ``any_app``."""
    both = "any_app" in request.fixturenames
    app = request.getfixturevalue("any_app" if both else "app")
    decision = (ROOT / "processes" / "decisions" / "extension.dmn").read_bytes()
    files = {"extended.bpmn": PROCESS.encode(), "extension.dmn": decision}
    deployments.deploy(app, identities.operator(), files)
    return callers(app)


def task(call, **data):
    body = {"process": "extended", "data": {**DATA, **data}}
    case = call("street_dispatcher").post("/cases", body).get_json()
    return case["tasks"][0]["id"]


def extend(caller, name, due_at):
    return caller.post(f"/tasks/{name}/extend", {"due_at": due_at, "reason": "材料未到"})


def test_the_street_extends_once_and_not_by_more_than_the_limit(call, any_app):
    leader, name = call("street_leader"), task(call)

    assert problem_of(extend(leader, name, "2026-09-16T17:00:00+08:00")) == (403, "not-allowed")
    assert extend(leader, name, "2026-09-15T17:00:00+08:00").status_code == 200
    shown = leader.get(f"/tasks/{name}").get_json()
    assert (shown["due_at"], shown["original_due_at"]) == (
        "2026-09-15T09:00:00Z",
        "2026-09-15T01:30:00Z",
    )
    again = extend(leader, name, "2026-09-16T09:00:00+08:00")
    assert problem_of(again) == (409, "limit-used-up")
    assert problem_of(extend(call("admin"), name, "2026-09-16T09:00:00+08:00"))[0] == 409


def test_the_district_grants_a_longer_one(call):
    leader, name = call("district_leader"), task(call)

    assert extend(leader, name, "2026-09-18T17:00:00+08:00").status_code == 200


def test_what_the_diagram_has_granted_counts_too(call):
    assert problem_of(
        extend(call("street_leader"), task(call, extensions=1), "2026-09-15T09:00:00+08:00")
    ) == (409, "limit-used-up")


@pytest.mark.parametrize("variant", ["emergency", "last_mile"])
def test_the_variant_decides_who_extends_or_that_nobody_does(call, variant):
    name = task(call, variant=variant)
    refused = {"emergency": (409, "limit-used-up"), "last_mile": (403, "not-allowed")}

    answer = extend(call("street_leader"), name, "2026-09-15T09:00:00+08:00")
    assert problem_of(answer) == refused[variant]


def test_nobody_extends_what_is_late(call):
    name = task(call)
    call("admin").post("/clock", {"to": "2026-09-15T09:31:00+08:00"})

    answer = extend(call("district_leader"), name, "2026-09-15T17:00:00+08:00")
    assert problem_of(answer) == (409, "limit-used-up")


def test_who_handles_a_task_does_not_extend_it(call):
    answer = extend(call("street_dispatcher"), task(call), "2026-09-15T09:00:00+08:00")
    assert problem_of(answer) == (403, "not-allowed")


def test_a_hold_needs_the_district_and_a_review_date(call):
    name, hold = task(call), {"reason": "等材料", "review_at": "2026-09-21T09:00:00+08:00"}

    assert problem_of(call("street_leader").post(f"/tasks/{name}/suspend", hold))[0] == 403
    admin = call("district_coordinator")
    assert problem_of(admin.post(f"/tasks/{name}/suspend", {"reason": "等材料"}))[0] == 422
    assert admin.post(f"/tasks/{name}/suspend", hold).status_code == 200


def test_the_review_date_of_a_hold_reminds_who_has_it_and_who_put_it_there(call, any_app):
    name, hold = task(call), {"reason": "等材料", "review_at": "2026-09-21T09:00:00+08:00"}
    call("street_dispatcher").post(f"/tasks/{name}/claim")
    coordinator = call("district_coordinator")
    coordinator.post(f"/tasks/{name}/suspend", hold)

    call("admin").post("/clock", {"to": "2026-09-21T08:59:00+08:00"})
    assert coordinator.tasks("cc") == []
    moved = call("admin").post("/clock", {"to": "2026-09-21T09:00:00+08:00"}).get_json()
    assert moved["fired"] == 1
    for caller in (coordinator, call("street_dispatcher")):
        assert [(one["text"], one["task"]) for one in caller.tasks("cc")] == [("review", name)]
    assert coordinator.get(f"/tasks/{name}").get_json()["held"] is True
    ids = [name.partition(".")[0]]
    assert list(replay.replay(any_app, ids)) == [None]
    before = rows.everything(any_app)
    assert list(replay.rebuild(any_app, ids)) == ids
    assert rows.everything(any_app) == before
