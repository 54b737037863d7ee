"""Cases on SpiffWorkflow, side by side with those on the kernel, in one database."""

from __future__ import annotations

import pytest

from engine import cases, deployments, identities, replay, views
from engine.clock import text
from engine.commands import CompleteTask
from engine.errors import InvalidRequest, NotDeployable
from tests.conftest import FIVE_STEPS
from tests.memory import flows, process

STEPS = (
    ("street_dispatcher", "accept", "accept", {}),
    ("street_dispatcher", "assign", None, {"lead": "D04"}),
    ("dept_liaison", "handle", "done", {"reply": "cleared"}),
    ("street_leader", "evaluate", "good", {}),
    ("publisher", "publish", None, {"public_text": "cleared"}),
)


def deploy(app, files, executor="spiff"):
    return deployments.deploy(app, identities.operator(), files, executor=executor)


def start(app):
    actor = identities.actor(app, "grid_worker")
    return cases.start(app, actor, process="five_steps", data={}).case_id


def act(app, case_id, *step):
    name, task, outcome, data = step
    command = CompleteTask(task=f"five_steps.{task}.1", outcome=outcome, data=data)
    return cases.handle(app, identities.actor(app, name), case_id, command)


def events(app, case_id):
    entries = views.history(app, identities.actor(app, "auditor"), case_id)
    return [event for entry in entries for event in entry["events"]]


def test_both_executors_serve_cases_side_by_side_and_their_histories_are_proved(any_app):
    app = any_app
    on_kernel = start(app)
    act(app, on_kernel, *STEPS[0])
    deployed = deploy(app, {FIVE_STEPS.name: FIVE_STEPS.read_bytes()})
    on_spiff = start(app)
    for step in STEPS:
        act(app, on_spiff, *step)
        if step is not STEPS[0]:
            act(app, on_kernel, *step)

    assert deployed.status == 201
    assert [one["version"] for one in deployed.body["definitions"]] == [2]
    auditor = identities.actor(app, "auditor")
    documents = [views.case(app, auditor, one) for one in (on_kernel, on_spiff)]
    assert [(one["version"], one["state"]) for one in documents] == [
        (1, "completed"),
        (2, "completed"),
    ]
    versions = [
        views.history(app, auditor, one)[0]["versions"]["executor"] for one in (on_kernel, on_spiff)
    ]
    assert versions == ["kernel/1", "spiff/1"]
    assert events(app, on_spiff) == events(app, on_kernel)
    assert list(replay.replay(app, [on_kernel, on_spiff])) == [None, None]
    assert list(replay.verify_cases(app, [on_kernel, on_spiff])) == [None, None]
    assert text(app.clock.now())


def test_an_executor_that_there_is_not_is_refused_by_name(app):
    with pytest.raises(InvalidRequest) as refusal:
        deploy(app, {FIVE_STEPS.name: FIVE_STEPS.read_bytes()}, executor="camunda")

    assert str(refusal.value) == "There is no executor 'camunda'. Name one of: kernel, spiff."


def test_what_spiffworkflow_runs_wrongly_is_refused_at_deployment_for_it_alone(app):
    file = process(
        '<startEvent id="s"/><task id="t"/><endEvent id="e"/>'
        '<subProcess id="h" triggeredByEvent="true"><startEvent id="hs"><timerEventDefinition>'
        "<timeDuration>PT1H</timeDuration></timerEventDefinition></startEvent>"
        '<endEvent id="he"/>' + flows("hs > he") + "</subProcess>" + flows("s > t > e"),
        key="handler",
    )

    with pytest.raises(NotDeployable) as refusal:
        deploy(app, {"handler.bpmn": file})

    found = [one for one in refusal.value.findings or [] if one["severity"] == "error"]
    assert [(one["code"], one["file"], one["element"], one["line"]) for one in found] == [
        ("not-on-executor", "handler.bpmn", "h", 5)
    ]
    assert found[0]["hint"] == (
        "Deploy it for the executor 'kernel', which runs it. 请改用 kernel 执行器部署。"
    )
    assert deploy(app, {"handler.bpmn": file}, executor="kernel").status == 201
