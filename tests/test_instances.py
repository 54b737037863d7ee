"""减签 of one of several: a department that has not begun is taken out of a running step."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import deployments, identities, replay
from tests.callers import callers, problem_of
from tests.memory import flows, process

VOTE = b"""{"id": "vote", "type": "default", "components": [
  {"type": "radio", "key": "choice", "label": "Choice", "field_class": "ballot",
   "values": [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]}]}"""


JOINT = process(
    '<startEvent id="s"/>'
    '<callActivity id="dept_call" name="办理" calledElement="handling"><extensionElements>'
    '<camunda:in source="dept" target="dept"/><camunda:out source="said" target="said"/>'
    '<camunda:properties><camunda:property name="removable" value="role=co"/>'
    '<camunda:property name="outputCollection" value="results"/>'
    '<camunda:property name="outputElement" value="said"/></camunda:properties>'
    '</extensionElements><multiInstanceLoopCharacteristics camunda:collection="departments"'
    ' camunda:elementVariable="dept"/></callActivity>'
    '<userTask id="close" camunda:candidateGroups="street_dispatcher"/><endEvent id="e"/>'
    + flows("s > dept_call > close > e"),
    "joint",
)
HANDLING = process(
    '<startEvent id="s"/>'
    '<userTask id="sign" name="签收" camunda:candidateGroups="dept_handler@dept[\'code\']"'
    ' camunda:dueDate="working_days(1)"/>'
    '<boundaryEvent id="late" attachedToRef="sign" cancelActivity="false">'
    "<timerEventDefinition><timeDuration>working_days(1)</timeDuration></timerEventDefinition>"
    '</boundaryEvent><endEvent id="told"/>'
    '<userTask id="work" camunda:candidateGroups="dept_handler@dept[\'code\']"/>'
    '<endEvent id="e"/>' + flows("s > sign > work > e", "late > told"),
    "handling",
)
BALLOT = process(
    '<startEvent id="s"/><userTask id="vote" camunda:candidateGroups="street_dispatcher"'
    ' camunda:formKey="vote">'
    '<extensionElements><camunda:properties><camunda:property name="removable" value="*"/>'
    '</camunda:properties></extensionElements>'
    '<multiInstanceLoopCharacteristics camunda:collection="voters"'
    ' camunda:elementVariable="voter"/></userTask><endEvent id="e"/>' + flows("s > vote > e"),
    "poll",
)  # fmt: skip
WATCHED = process(
    '<startEvent id="s"/><parallelGateway id="both"/>'
    '<callActivity id="watch" calledElement="watching"/>'
    '<userTask id="do" camunda:candidateGroups="street_dispatcher">'
    '<extensionElements><camunda:properties><camunda:property name="removable" value="*"/>'
    "</camunda:properties></extensionElements>"
    '<multiInstanceLoopCharacteristics camunda:collection="voters"/></userTask>'
    '<endEvent id="e"/><endEvent id="f"/>' + flows("s > both > watch > e", "both > do > f"),
    "watched",
)
WATCHING = process(
    '<extensionElements><camunda:properties><camunda:property name="supervises"'
    ' value="subject_case"/></camunda:properties></extensionElements><startEvent id="s"/>'
    '<userTask id="sign_off" camunda:candidateGroups="district_inspector"/><endEvent id="e"/>'
    + flows("s > sign_off > e"),
    "watching",
)
DEPARTMENTS = [
    {"code": "D04", "role": "lead"}, {"code": "D07", "role": "co"}, {"code": "D09", "role": "co"},
]  # fmt: skip


@pytest.fixture
def call(any_app):
    diagrams = {"joint": JOINT, "handling": HANDLING, "poll": BALLOT, "watched": WATCHED}
    diagrams["watching"] = WATCHING
    files = {f"{name}.bpmn": xml for name, xml in diagrams.items()}
    deployments.deploy(any_app, identities.operator(), {**files, "vote.json": VOTE})
    return callers(any_app)


def begun(call, departments=None, name: str = "joint", **data) -> str:
    given = {"departments": departments or DEPARTMENTS} if name == "joint" else data
    answer = call("street_dispatcher").post("/cases", {"process": name, "data": given})
    case: str = answer.get_json()["id"]
    return case


def out(caller, case: str, instance: int, activity: str = "joint.dept_call.1"):
    body = {"activity": activity, "instance": instance, "reason": "本件与其无关"}
    return caller.post(f"/cases/{case}/instances/cancel", body)


def listed(caller, case: str) -> list[tuple[str, bool]]:
    found = caller.get(f"/cases/{case}").get_json()["instances"]
    return [(one["key"], one["cancellable"]) for one in found]


def open_tasks(caller, case: str) -> list[str]:
    found = caller.get(f"/cases/{case}").get_json()["tasks"]
    return sorted(one["id"].removeprefix(f"{case}.") for one in found)


def test_who_has_not_begun_is_taken_out_and_the_others_go_on(any_app, call):
    dispatcher, case = call("street_dispatcher"), begun(call)

    assert listed(dispatcher, case) == [("D07", True), ("D09", True)]
    answer = out(dispatcher, case, 2)
    (event,) = [
        one
        for one in dispatcher.get(f"/cases/{case}/history").get_json()["items"][-1]["events"]
        if one["type"] == "instance_cancelled"
    ]

    assert answer.status_code == 200
    assert (event["element"], event["instance"]) == ("dept_call", 2)
    assert "本件与其无关" not in str(event)
    assert listed(dispatcher, case) == [("D07", True)]
    found = dispatcher.get(f"/cases/{case}").get_json()
    assert [len(found["tasks"]), len(found["timers"])] == [2, 2]
    for task in open_tasks(dispatcher, case):
        for step in (task, task.replace(".sign.", ".work.")):
            done = call("admin").post(f"/tasks/{case}.{step}/complete", {})
            assert done.status_code == 200
    after = dispatcher.get(f"/cases/{case}").get_json()
    assert [one["element"] for one in after["tasks"]] == ["close"]
    assert (len(after["data"]["results"]), after["instances"]) == (2, [])
    assert list(replay.replay(any_app, [case])) == [None]


def test_who_has_begun_is_on_hold_watched_or_voting_the_lead_and_the_last_stay(any_app, call):
    dispatcher, case = call("street_dispatcher"), begun(call)
    handler = call("admin")
    mine = open_tasks(dispatcher, case)[1]

    assert problem_of(out(dispatcher, case, 0)) == (400, "invalid-request")
    assert handler.post(f"/tasks/{case}.{mine}/claim").status_code == 200
    number = int(listed_number(dispatcher, case, mine))
    assert problem_of(out(dispatcher, case, number)) == (409, "instance-acted")
    assert ("D07", False) in listed(dispatcher, case)
    assert handler.post(f"/tasks/{case}.{mine}/unclaim").status_code == 200
    assert listed(dispatcher, case) == [("D07", True), ("D09", True)]
    handler.post(f"/tasks/{case}.{mine}/complete")
    assert problem_of(out(dispatcher, case, number)) == (409, "instance-acted")
    assert out(dispatcher, case, 2).status_code == 200
    assert problem_of(out(dispatcher, case, 2)) == (409, "nothing-waits")

    alone = begun(call, [{"code": "D07", "role": "co"}])
    assert problem_of(out(dispatcher, alone, 0)) == (409, "last-instance")
    assert listed(dispatcher, alone) == [("D07", False)]

    case = begun(call)
    district = call("district_coordinator")
    task = next(
        one for one in open_tasks(dispatcher, case) if listed_number(dispatcher, case, one) == 1
    )

    held = {"reason": "等待认定", "review_at": "2026-09-21T09:00:00+08:00"}
    assert district.post(f"/tasks/{case}.{task}/suspend", held).status_code == 200
    assert problem_of(out(dispatcher, case, 1)) == (409, "on-hold")
    assert listed(dispatcher, case) == [("D07", False), ("D09", True)]
    assert district.post(f"/tasks/{case}.{task}/resume").status_code == 200
    district.post(f"/cases/{case}/suspend", {"reason": "缓办"})
    assert listed(dispatcher, case) == [("D07", False), ("D09", False)]
    assert problem_of(out(dispatcher, case, 1)) == (409, "on-hold")

    case = begun(call, name="poll", voters=["a", "b", "c"])
    voter = call("admin")

    assert out(dispatcher, case, 2, "poll.vote.1").status_code == 200
    done = voter.post(f"/tasks/{case}.poll.vote.1.0/complete", {"data": {"choice": "yes"}})
    assert done.status_code == 200
    assert problem_of(out(dispatcher, case, 1, "poll.vote.1")) == (409, "votes-cast")

    case = begun(call, name="watched", voters=["a", "b"])
    assert problem_of(out(dispatcher, case, 1, "watched.do.1")) == (409, "wrong-state")

    # At the same moment one of both wins, and the other is told.
    case = begun(call)
    task = next(
        one for one in open_tasks(dispatcher, case) if listed_number(dispatcher, case, one) == 2
    )

    with ThreadPoolExecutor(2) as pool:
        taken = pool.submit(out, dispatcher, case, 2)
        done = pool.submit(handler.post, f"/tasks/{case}.{task}/complete", {})
        answers = taken.result(), done.result()

    statuses = sorted(one.status_code for one in answers)
    refused = problem_of(next(one for one in answers if one.status_code != 200))
    assert statuses == [200, 409]
    assert refused in [(409, "instance-acted"), (409, "task-not-open")]
    assert list(replay.replay(any_app, [case])) == [None]


def listed_number(caller, case: str, task: str) -> int:
    """Return the number of the instance in which a task lies, as the history says."""
    for entry in caller.get(f"/cases/{case}/history").get_json()["items"]:
        for event in entry["events"]:
            if event["type"] == "task_opened" and event["task"] == task:
                return [one["code"] for one in DEPARTMENTS].index(event["path"][0][10:-1])
    raise AssertionError(task)


def test_only_who_leads_or_dispatches_may_on_the_page_too(call):
    case = begun(call)
    worker, other = call("grid_worker"), call("resident")

    assert listed(call("street_leader"), case) == [("D07", True), ("D09", True)]
    assert listed(call("auditor"), case) == [("D07", False), ("D09", False)]
    refused = out(call("auditor"), case, 1)
    assert problem_of(refused) == (403, "not-allowed")
    assert "street_dispatcher" in refused.get_json()["hint"]
    assert problem_of(out(worker, case, 1)) == (404, "case-not-found")
    assert problem_of(out(other, case, 1)) == (404, "case-not-found")
    assert problem_of(call("street_leader").post(
        f"/cases/{case}/instances/cancel", {"activity": "joint.dept_call.1", "instance": 1}
    )) == (422, "invalid-data")  # fmt: skip

    caller = call("street_dispatcher")
    client = caller.server.test_client(use_cookies=False)

    def sent(**form):
        form = {"act": "cancel_instance", "activity": "joint.dept_call.1", **form}
        return client.post(f"/cases/{case}", headers=caller.headers, data=form)

    page = client.get(f"/cases/{case}", headers=caller.headers).get_data(as_text=True)
    assert (page.count('value="cancel_instance"'), "可减签的单位" in page) == (2, True)
    assert sent(instance="1").status_code == 422
    done = sent(instance="1", reason="与其无关")
    assert (done.status_code, done.headers["Location"]) == (
        303, f"/cases/{case}?done=cancel_instance",
    )  # fmt: skip
    call("admin").post(f"/tasks/{case}.{open_tasks(caller, case)[-1]}/claim")
    refused = sent(instance="2", reason="与其无关")
    assert refused.status_code == 409
    assert "对方已签收或已开始办理，不能减签。" in refused.get_data(as_text=True)
    assert "cancel_instance" not in refused.get_data(as_text=True)
