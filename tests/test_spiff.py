"""Cases on SpiffWorkflow, side by side with those on the kernel, in one database."""

from __future__ import annotations

import pytest

from engine import cases, deployments, identities, replay, store, views
from engine.bpmn.model import EventDefinition, Kind, Loop, Trigger
from engine.commands import CompleteTask
from engine.errors import InvalidRequest, NotDeployable
from engine.kernel import jobs
from engine.spiff import kinds, refusals, specs
from engine.spiff.throws import _THROW
from tests import test_messages
from tests.callers import callers, problem_of
from tests.conftest import FIVE_STEPS
from tests.memory import flows, process
from tests.test_cli import fresh

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


def test_snapshot_inbox_and_timers_of_a_running_case_are_filled_anew_from_its_history(any_app):
    app = any_app
    deploy(app, {FIVE_STEPS.name: FIVE_STEPS.read_bytes()})
    case_id = start(app)
    act(app, case_id, *STEPS[0])
    with app.database.reading() as tx:
        before = store.read_case(tx, case_id)
    actor = identities.actor(app, "auditor")
    document = views.case(app, actor, case_id)

    assert list(replay.rebuild(app, [case_id])) == [case_id]

    with app.database.reading() as tx:
        after = store.read_case(tx, case_id)
    assert after.snapshot() == before.snapshot()
    assert after.snapshot().control["nets"] == before.snapshot().control["nets"]
    assert views.case(app, actor, case_id) == document
    for step in STEPS[1:]:
        act(app, case_id, *step)
    assert views.case(app, actor, case_id)["state"] == "completed"


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


def test_a_message_finds_its_receiver_on_the_other_executor(any_app):
    app = any_app
    test_messages.deploy(app, test_messages.WAITS, test_messages.PAYS)
    actor = identities.actor(app, "admin")
    for receiver, sender in (("kernel", "spiff"), ("spiff", "kernel")):
        for key, one, executor in (
            ("waits", test_messages.WAITS, receiver),
            ("pays", test_messages.PAYS, sender),
        ):
            diagram = test_messages.file(test_messages.ROOTS + one)
            deploy(app, {f"{key}.bpmn": diagram}, executor)
        order = f"from {sender}"
        waits, other = (
            cases.start(app, actor, process="waits", data={"order": one}).case_id
            for one in (order, "another")
        )
        data = {"order": order, "amount": 7}
        pays = cases.start(app, actor, process="pays", data=data).case_id
        cases.handle(app, actor, pays, CompleteTask("pays.first.1"))

        received = views.case(app, actor, waits)
        assert [task["element"] for task in received["tasks"]] == ["t"]
        assert received["data"]["amount"] == 7
        assert views.case(app, actor, other)["tasks"] == []
        assert list(replay.replay(app, [waits, pays])) == [None, None]


def test_the_command_deploys_for_the_executor_that_it_is_told(sqlite_url, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    link = '<linkEventDefinition name="L"/>'
    file = tmp_path / "linked.bpmn"
    file.write_bytes(
        process(
            f'<startEvent id="s"/><intermediateThrowEvent id="to">{link}</intermediateThrowEvent>'
            f'<intermediateCatchEvent id="from">{link}</intermediateCatchEvent><endEvent id="e"/>'
            + flows("s > to", "from > e"),
            key="linked",
        )
    )
    refused, checked, deployed, other = (
        fresh(words)
        for words in (
            ["deploy", str(file), "--executor", "spiff"],
            ["check", str(file), "--executor", "spiff"],
            ["deploy", str(file)],
            ["deploy", str(FIVE_STEPS), "--executor", "spiff"],
        )
    )

    assert (refused.returncode, checked.returncode) == (1, 1)
    assert "not-on-executor" in refused.stdout
    assert "'to': SpiffWorkflow drops link events. SpiffWorkflow 会忽略链接事件。" in checked.stdout
    assert (deployed.returncode, other.returncode) == (0, 0)
    assert "five_steps version 2" in other.stdout


def test_the_api_deploys_for_the_executor_that_it_is_told(app):
    deployer = callers(app)("deployer")
    content = FIVE_STEPS.read_bytes()
    path = "/definitions?filename=five_steps.bpmn&executor="
    made = deployer.post(path + "spiff", content, Content_Type="application/xml")
    unknown = deployer.post(path + "camunda", content, Content_Type="application/xml")

    assert made.status_code == 201
    version = deployer.get("/definitions/five_steps/versions/2").get_json()
    assert version["executor"] == "spiff"
    assert problem_of(unknown) == (422, "invalid-data")


# -- what the model learns, this executor runs or refuses ---------------------------------------


def test_every_topic_of_the_kernel_is_done_or_refused():
    assert set(jobs._TOPICS) == {*refusals._CHANGING, "register"}


def test_every_kind_of_node_and_event_is_run_or_refused():
    assert set(Kind) == {*specs._MADE, *refusals.KINDS}
    thrown = {*_THROW, *refusals.TRIGGERS}
    caught = {Trigger.TIMER, Trigger.CONDITIONAL}
    assert set(Trigger) == thrown | caught


def test_what_loops_and_events_say_is_known():
    assert set(Loop.__slots__) == {
        "kind", "cardinality", "collection", "item", "output", "completion", "condition",
        "test_before", "maximum", "before", "after", "throws", "adding",
    }  # fmt: skip
    assert set(EventDefinition.__slots__) == {
        "trigger", "name", "timer", "value", "correlation", "payload", "variable",
        "code_variable", "message_variable", "waits",
    }  # fmt: skip
    assert kinds.DONE == "done"
