"""加签 and 减签 of one of several: a department more, or one less that has not begun."""

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
    '<camunda:property name="addable" value="units"/>'
    "<camunda:property name=\"added\" value=\"{'code': dept, 'role': 'co', 'since': now()}"
    " if dept != 'D99' else None\"/>"
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
    '<camunda:property name="addable" value="electors"/>'
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
UNITS = [{"value": "D07", "label": "环保"}, {"value": "D05", "label": "公安"}, "D11", "D99"]


@pytest.fixture
def call(any_app):
    diagrams = {"joint": JOINT, "handling": HANDLING, "poll": BALLOT, "watched": WATCHED}
    diagrams["watching"] = WATCHING
    files = {f"{name}.bpmn": xml for name, xml in diagrams.items()}
    deployments.deploy(any_app, identities.operator(), {**files, "vote.json": VOTE})
    return callers(any_app)


def begun(call, departments=None, name: str = "joint", **data) -> str:
    given = {"departments": departments or DEPARTMENTS, "units": UNITS}
    given = given if name == "joint" else data
    answer = call("street_dispatcher").post("/cases", {"process": name, "data": given})
    case: str = answer.get_json()["id"]
    return case


def out(caller, case: str, instance: int, activity: str = "joint.dept_call.1"):
    body = {"activity": activity, "instance": instance, "reason": "本件与其无关"}
    return caller.post(f"/cases/{case}/instances/cancel", body)


def one_more(caller, case: str, key: str, activity: str = "joint.dept_call.1"):
    body = {"activity": activity, "key": key, "reason": "还需配合"}
    return caller.post(f"/cases/{case}/instances", body)


def offered(caller, case: str) -> list[list[str]]:
    found = caller.get(f"/cases/{case}").get_json()["additions"]
    return [[each["value"] for each in one["choices"]] for one in found]


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


def test_one_more_is_added_where_the_diagram_offers_it(any_app, call):
    dispatcher, case = call("street_dispatcher"), begun(call)

    assert offered(dispatcher, case) == [["D05", "D11", "D99"]]
    answer = one_more(dispatcher, case, "D05")
    entry = dispatcher.get(f"/cases/{case}/history").get_json()["items"][-1]
    (event,) = [one for one in entry["events"] if one["type"] == "instance_added"]
    assert answer.status_code == 200
    assert (event["element"], event["instance"]) == ("dept_call", 3)
    assert event["item"] == {"code": "D05", "role": "co", "since": "2026-09-14T09:00:00+08:00"}
    assert ("还需配合" in str(event), entry["remark"]) == (False, "还需配合")
    assert listed(dispatcher, case) == [("D07", True), ("D09", True), ("D05", True)]
    found = dispatcher.get(f"/cases/{case}").get_json()
    assert [len(found["tasks"]), len(found["timers"])] == [4, 4]
    assert offered(dispatcher, case) == [["D11", "D99"]]

    # Each once, but who was taken out may come again; what the diagram does not want, not at all.
    assert problem_of(one_more(dispatcher, case, "D05")) == (409, "instance-there")
    assert out(dispatcher, case, 3).status_code == 200
    assert one_more(dispatcher, case, "D05").status_code == 200
    assert problem_of(one_more(dispatcher, case, "D04")) == (409, "instance-there")
    assert problem_of(one_more(dispatcher, case, "D12")) == (400, "invalid-request")
    assert problem_of(one_more(dispatcher, case, "D99")) == (400, "invalid-request")
    gone = one_more(dispatcher, case, "D11", "joint.dept_call.2")
    assert problem_of(gone) == (409, "nothing-waits")
    bare = {"activity": "joint.dept_call.1", "key": "D11"}
    unsaid = dispatcher.post(f"/cases/{case}/instances", bare)
    assert problem_of(unsaid) == (422, "invalid-data")

    # Who may: the street's dispatcher and leaders, nobody who only reads or works there.
    assert problem_of(one_more(call("auditor"), case, "D11")) == (403, "not-allowed")
    assert problem_of(one_more(call("grid_worker"), case, "D11")) == (404, "case-not-found")
    assert [offered(call("auditor"), case), offered(call("street_leader"), case)] == [
        [], [["D11", "D99"]],
    ]  # fmt: skip

    # Two at once: one of both.
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: one_more(dispatcher, case, "D11"), range(2)))
    assert sorted(one.status_code for one in answers) == [200, 409]
    handler = call("admin")
    while left := [one for one in open_tasks(dispatcher, case) if "handling" in one]:
        assert handler.post(f"/tasks/{case}.{left[0]}/complete", {}).status_code == 200
    after = dispatcher.get(f"/cases/{case}").get_json()
    assert (len(after["data"]["results"]), after["additions"]) == (5, [])
    assert problem_of(one_more(dispatcher, case, "D05")) == (409, "nothing-waits")
    call("district_coordinator").post(f"/cases/{case}/terminate", {"reason": "x"})
    assert problem_of(one_more(dispatcher, case, "D05")) == (409, "wrong-state")
    assert list(replay.replay(any_app, [case])) == [None]


def test_nobody_is_added_on_hold_or_once_votes_were_cast_and_the_page_says_so(call):
    dispatcher, district = call("street_dispatcher"), call("district_coordinator")
    case = begun(call)
    task = open_tasks(dispatcher, case)[0]
    held = {"reason": "等待认定", "review_at": "2026-09-21T09:00:00+08:00"}
    assert district.post(f"/tasks/{case}.{task}/suspend", held).status_code == 200
    assert problem_of(one_more(dispatcher, case, "D05")) == (409, "on-hold")
    assert offered(dispatcher, case) == []
    assert district.post(f"/tasks/{case}.{task}/resume").status_code == 200
    district.post(f"/cases/{case}/suspend", {"reason": "缓办"})
    assert problem_of(one_more(dispatcher, case, "D05")) == (409, "on-hold")
    district.post(f"/cases/{case}/resume", {"reason": "恢复"})

    poll = begun(call, name="poll", voters=["a", "b"], electors=["a", "b", "c", "d"])
    assert offered(dispatcher, poll) == [["c", "d"]]
    assert one_more(dispatcher, poll, "c", "poll.vote.1").status_code == 200
    assert problem_of(one_more(dispatcher, poll, "a", "poll.vote.1")) == (409, "instance-there")
    voter = call("admin")
    done = voter.post(f"/tasks/{poll}.poll.vote.1.0/complete", {"data": {"choice": "yes"}})
    assert done.status_code == 200
    assert problem_of(one_more(dispatcher, poll, "d", "poll.vote.1")) == (409, "votes-cast")
    assert offered(dispatcher, poll) == [[]]

    client = dispatcher.server.test_client(use_cookies=False)

    def sent(**form):
        form = {"act": "add_instance", "activity": "joint.dept_call.1", **form}
        return client.post(f"/cases/{case}", headers=dispatcher.headers, data=form)

    page = client.get(f"/cases/{case}", headers=dispatcher.headers).get_data(as_text=True)
    assert ("可加签的环节" in page, '<option value="D05">公安</option>' in page) == (True, True)
    assert [sent(key="D05").status_code, sent(reason="配合").status_code] == [422, 422]
    done = sent(key="D05", reason="还需配合")
    assert (done.status_code, done.headers["Location"]) == (303, f"/cases/{case}?done=add_instance")
    again = sent(key="D05", reason="还需配合")
    assert (again.status_code, "它已经在其中" in again.get_data(as_text=True)) == (409, True)
