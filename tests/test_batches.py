"""The same act on many tasks: each by itself, and none stops the others."""

from __future__ import annotations

import pytest

from engine import cases, deployments, identities, replay, views
from engine.commands import ClaimTask
from tests.callers import callers, problem_of
from tests.memory import flows, process


def task(name: str, outcomes: str, more: str = "", attributes: str = "") -> str:
    listed = "".join(
        f'<camunda:property name="{key}" value="{value}"/>'
        for key, value in (("outcomes", outcomes), *(pair.split("=", 1) for pair in more.split()))
        if value
    )
    return (
        f'<userTask id="{name}" camunda:candidateGroups="street_dispatcher" {attributes}>'
        f"<extensionElements><camunda:properties>{listed}</camunda:properties></extensionElements>"
        "</userTask>"
    )


VOTE = b"""{"id": "vote", "type": "default", "components": [
  {"type": "radio", "key": "choice", "label": "Choice", "field_class": "ballot",
   "values": [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]}]}"""
ASKED = b"""{"id": "asked", "type": "default", "components": [
  {"type": "textfield", "key": "why", "label": "Why", "validate": {"required": true}}]}"""


def one_step(key: str, step: str) -> bytes:
    body = f'<startEvent id="s"/>{step}<endEvent id="e"/>'
    return process(body + flows(f"s > {'judge' if key == 'judged' else 'work'} > e"), key)


FILES = {
    "plain.bpmn": one_step("plain", task("work", "sign=签收;refuse=退回", "batch=sign")),
    "never.bpmn": one_step("never", task("work", "sign=签收")),
    "vote.bpmn": one_step("voted", task("work", "", "batch=done", 'camunda:formKey="vote"')),
    "asked.bpmn": one_step("asking", task("work", "ok=好", "batch=ok", 'camunda:formKey="asked"')),
    "judged.bpmn": one_step("judged", task("judge", "good=好", "batch=good notSameUnitAs=s")),
    "vote.json": VOTE,
    "asked.json": ASKED,
}


@pytest.fixture
def installed(app):
    deployments.deploy(app, identities.operator(), FILES)
    return app


@pytest.fixture
def call(installed):
    return callers(installed)


@pytest.fixture
def both(any_app):
    deployments.deploy(any_app, identities.operator(), FILES)
    return any_app


@pytest.fixture
def call_both(both):
    return callers(both)


def start(app, key="plain"):
    actor = identities.actor(app, "street_dispatcher")
    case_id = cases.start(app, actor, process=key, data={}).case_id
    return f"{case_id}.{key}.{'judge' if key == 'judged' else 'work'}.1"


def batch(caller, act, tasks, **more):
    headers = {"Idempotency_Key": more.pop("key")} if "key" in more else {}
    return caller.post("/tasks/batch", {"act": act, "tasks": tasks, **more}, **headers)


def told(answer):
    return [(one["task"], one["status"], one.get("code")) for one in answer.get_json()["items"]]


def state(app, task_id):
    case_id, name = cases.split_task(task_id)
    return views.task(app, identities.actor(app, "admin"), case_id, name)["state"]


def test_one_that_is_refused_does_not_stop_the_others(both, call_both):
    first, taken, last = (start(both) for _ in range(3))
    case_id, name = cases.split_task(taken)
    cases.handle(both, identities.actor(both, "admin"), case_id, ClaimTask(name))
    answer = batch(call_both("street_dispatcher"), "claim", [first, taken, "none", "x.y.z", last])

    assert (answer.status_code, answer.get_json()["done"]) == (200, 2)
    assert told(answer) == [
        (first, 200, None),
        (taken, 409, "already-claimed"),
        ("none", 404, "case-not-found"),
        ("x.y.z", 404, "case-not-found"),
        (last, 200, None),
    ]
    held = {one["id"]: one["assignee"] for one in call_both("street_dispatcher").tasks("mine")}
    assert held == {first: "street_dispatcher", last: "street_dispatcher"}


def test_each_is_an_entry_of_its_own_and_replays(installed, call):
    tasks = [start(installed), start(installed)]
    batch(call("street_dispatcher"), "complete", tasks, outcome="sign")

    ids = [cases.split_task(one)[0] for one in tasks]
    admin = identities.actor(installed, "admin")
    entries = [views.history(installed, admin, one)[-1] for one in ids]
    assert [
        (one["actor"], one["command"]["type"], one["command"]["outcome"]) for one in entries
    ] == [("street_dispatcher", "complete_task", "sign")] * 2
    assert [views.case(installed, admin, one)["state"] for one in ids] == ["completed"] * 2
    assert list(replay.replay(installed, ids)) == [None, None]


def test_only_what_the_diagram_lets_through_is_completed_together(installed, call):
    wanted = {key: start(installed, key) for key in ("plain", "never", "asking", "judged", "voted")}
    dispatcher = call("street_dispatcher")

    def refused(key, outcome):
        (found,) = told(batch(dispatcher, "complete", [wanted[key]], outcome=outcome))
        return found[1:]

    assert refused("never", "sign") == (409, "wrong-state")
    # This outcome leads another way, which somebody should look at.
    assert refused("plain", "refuse") == (409, "wrong-state")
    # It asks for words of its own.
    assert refused("asking", "ok") == (422, "invalid-data")
    # Somebody votes, or judges what another unit has done: whatever the diagram says.
    assert refused("voted", "done") == (409, "wrong-state")
    assert {key: state(installed, one) for key, one in wanted.items()} == dict.fromkeys(
        wanted, "open"
    )


def test_who_judges_another_unit_looks_at_each_by_itself(installed, call):
    task_id = start(installed, "judged")
    answer = batch(call("admin"), "complete", [task_id], outcome="good")

    assert told(answer) == [(task_id, 409, "wrong-state")]
    assert state(installed, task_id) == "open"


def test_reminders_are_sent_once_each_and_counted(installed, call):
    first, second = start(installed), start(installed)
    analyst = call("district_coordinator")
    answers = [batch(analyst, "remind", [first, second], text="请尽快") for _ in range(2)]

    assert [one[1] for one in told(answers[0])] == [200, 200]
    assert [one[2] for one in told(answers[1])] == ["reminded-lately"] * 2


def test_the_same_key_does_each_once_and_answers_the_same(both, call_both):
    tasks = [start(both), start(both)]
    dispatcher = call_both("street_dispatcher")
    answers = [
        batch(dispatcher, "complete", tasks, outcome="sign", key="k1").get_json() for _ in range(2)
    ]

    assert answers[0] == answers[1]
    assert answers[0]["done"] == 2


def test_what_names_no_act_or_too_many_is_refused_as_a_whole(call):
    dispatcher = call("street_dispatcher")
    refusals = [
        batch(dispatcher, "transfer", ["x.y"]),
        batch(dispatcher, "claim", []),
        batch(dispatcher, "claim", [f"x.{n}" for n in range(101)]),
        batch(dispatcher, "claim", [7]),
    ]

    assert [problem_of(one) for one in refusals] == [(422, "invalid-data")] * 4
    no_outcome = batch(dispatcher, "complete", ["x.y"])
    assert problem_of(no_outcome) == (400, "invalid-request")


def test_a_task_named_twice_is_done_once(installed, call):
    task_id = start(installed)

    assert told(batch(call("street_dispatcher"), "claim", [task_id] * 3)) == [(task_id, 200, None)]


def test_boxes_in_the_inbox_claim_complete_and_say_what_was_refused(installed, call):
    first, second = start(installed), start(installed, "never")
    caller = call("street_dispatcher")
    client = caller.server.test_client(use_cookies=False)

    def press(**form):
        return client.post("/batch", data=form, headers=caller.headers)

    inbox = client.get("/tasks?view=pool", headers=caller.headers).get_data(as_text=True)
    assert [f'name="task" value="{one}"' in inbox for one in (first, second)] == [True, True]
    assert "<script>" not in inbox
    # A task whose own outcome is 签收 has one button of that name: pressing it does both.
    page = client.get(f"/tasks/{first}", headers=caller.headers).get_data(as_text=True)
    assert (page.count(">签收</button>"), 'value="claim"' in page) == (1, False)
    signed = start(installed)
    pressed = {"act": "complete", "outcome": "sign"}
    client.post(f"/tasks/{signed}", data=pressed, headers=caller.headers)
    told = caller.get(f"/cases/{signed.partition('.')[0]}/history").get_json()["items"][-1]
    assert [one["type"] for one in told["events"] if one.get("task")] == [
        "task_claimed", "task_completed",
    ]  # fmt: skip
    claimed = press(act="claim", task=[first, second], view="pool", once="b1")
    assert (claimed.status_code, claimed.headers["Location"]) == (
        303, "/tasks?view=pool&done=batch&name=2",
    )  # fmt: skip
    mine = client.get("/tasks?view=mine", headers=caller.headers).get_data(as_text=True)
    assert 'value="complete sign"' in mine
    both = press(act="complete sign", task=[first, second], view="mine", once="b2")
    text = both.get_data(as_text=True)
    assert (both.status_code, second in text, first in text) == (200, True, False)
    assert (state(installed, first), state(installed, second)) == ("completed", "open")
    assert press(act="claim", view="pool").status_code == 422
