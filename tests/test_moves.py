"""Sending back, taking back and moving, over HTTP, on both databases."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from api import create_app
from engine import deployments, identities, replay
from engine.demo.city import PASSWORD
from tests.callers import callers, problem_of
from tests.memory import flows, process

DEPARTMENT = "D04"

JOINT = process(
    '<startEvent id="s"/><endEvent id="e"/><parallelGateway id="f"/><parallelGateway id="j"/>'
    '<userTask id="plan" name="分派" camunda:candidateGroups="street_dispatcher"/>'
    '<userTask id="ask" name="会商" camunda:candidateGroups="street_dispatcher">'
    "<multiInstanceLoopCharacteristics><loopCardinality>5</loopCardinality>"
    "</multiInstanceLoopCharacteristics></userTask>"
    '<userTask id="own" name="自查" camunda:candidateGroups="street_leader"><extensionElements>'
    '<camunda:properties><camunda:property name="returns" value="plan"/></camunda:properties>'
    "</extensionElements></userTask>"
    '<userTask id="last" name="汇总" camunda:candidateGroups="street_leader"/>'
    + flows("s > plan > f", "f > ask > j", "f > own > j", "j > last > e"),
    "joint",
)


class Office:
    """People of the demo city and one case."""

    def __init__(self, app, key: str) -> None:
        self.app, self.call = app, callers(app)
        deployments.deploy(app, identities.operator(), {"joint.bpmn": JOINT})
        answer = self.call("street_dispatcher").post("/cases", {"process": key})
        self.id = answer.get_json()["id"]

    def done(self, who: str, task: str, outcome: str | None = None, **data):
        body = {"data": data} if outcome is None else {"outcome": outcome, "data": data}
        answer = self.call(who).post(f"/tasks/{self.id}.{task}/complete", body)
        assert answer.status_code == 200, answer.get_json()

    def post(self, who: str, path: str, **body):
        return self.call(who).post(path.format(id=self.id), {"reason": "why", **body})

    @property
    def tasks(self) -> list[str]:
        shown = self.call("admin").get(f"/cases/{self.id}").get_json()["tasks"]
        return sorted(one["id"].partition(".")[2] for one in shown)

    def sound(self) -> bool:
        found = [*replay.verify_cases(self.app, [self.id]), *replay.replay(self.app, [self.id])]
        before = self.tasks
        list(replay.rebuild(self.app, [self.id]))
        return found == [None, None] and self.tasks == before


@pytest.fixture
def five(any_app) -> Office:
    """A whistle that a department has handled, half an hour before its limit."""
    office = Office(any_app, "five_steps")
    office.done("street_dispatcher", "five_steps.accept.1", "accept")
    office.done("street_dispatcher", "five_steps.assign.1", lead=DEPARTMENT)
    any_app.clock.set(any_app.clock.now() + timedelta(hours=3.5))
    office.done("dept_liaison", "five_steps.handle.1", "done", reply="灯已修好")
    return office


@pytest.fixture
def joint(any_app) -> Office:
    """A case with five instances of one task, and another task beside them."""
    office = Office(any_app, "joint")
    office.done("street_dispatcher", "joint.plan.1")
    return office


@pytest.fixture
def here(app) -> Office:
    """The same on one database: pages ask the same functions."""
    office = Office(app, "joint")
    office.done("street_dispatcher", "joint.plan.1")
    return office


# -- 退回 ---------------------------------------------------------------------------------


def test_a_leader_sends_work_back_with_what_was_left_of_its_limit(five):
    targets = five.call("street_leader").get(
        f"/tasks/{five.id}.five_steps.evaluate.1/return-targets"
    )

    assert [(one["to"], one["name"], one["by"]) for one in targets.get_json()["items"]] == [
        ("five_steps.handle", "部门处置", "dept_liaison"),
        ("five_steps.assign", "分流交办", "street_dispatcher"),
        ("five_steps.accept", "平台受理", "street_dispatcher"),
    ]
    assert targets.get_json()["items"][0]["cancels"] == [
        {
            "process": "five_steps",
            "element": "evaluate",
            "nth": 1,
            "name": "街道评价",
            "task": "five_steps.evaluate.1",
        }
    ]
    five.app.clock.set(five.app.clock.now() + timedelta(hours=16))

    answer = five.post(
        "street_leader", "/tasks/{id}.five_steps.evaluate.1/return", to="five_steps.handle"
    )

    assert answer.status_code == 200, answer.get_json()
    shown = five.call("dept_liaison").get(f"/tasks/{five.id}.five_steps.handle.2").get_json()
    # Of four working hours from Monday 09:00 one was left at noon; sent back on Tuesday at
    # 04:30, it is counted from 08:30.
    assert (shown["due_at"], shown["original_due_at"]) == (
        "2026-09-15T01:30:00Z",
        "2026-09-15T01:30:00Z",
    )
    timers = five.call("admin").get(f"/cases/{five.id}").get_json()["timers"]
    assert [(one["element"], one["due_at"]) for one in timers] == [("late", "2026-09-15T01:30:00Z")]
    assert five.sound()


def test_whoever_does_a_task_returns_it_only_where_the_diagram_says_so(joint):
    allowed = joint.post("street_leader", "/tasks/{id}.joint.own.1/return", to="plan")

    assert (allowed.status_code, joint.tasks) == (200, ["joint.plan.2"])
    refused = joint.post("dept_liaison", "/tasks/{id}.joint.plan.2/return", to="plan")
    assert problem_of(refused) == (404, "case-not-found")


def test_what_a_return_would_cancel_is_told_before(joint):
    joint.call("street_dispatcher").post(f"/tasks/{joint.id}.joint.ask.1.3/claim", {})

    told = joint.post(
        "street_leader", "/tasks/{id}.joint.own.1/return", to="plan", dry_run=True
    ).get_json()

    assert [
        (one["element"], one.get("instance"), one.get("assignee")) for one in told["cancels"]
    ] == [
        ("ask", 0, None),
        ("ask", 1, None),
        ("ask", 2, None),
        ("ask", 3, "street_dispatcher"),
        ("ask", 4, None),
        ("ask", None, None),
        ("own", None, None),
    ]
    assert [(one["element"], one["nth"], one["task"]) for one in told["opens"]] == [
        ("plan", 2, "joint.plan.2")
    ]
    assert len(joint.tasks) == 6


def test_a_return_into_a_branch_that_is_done_is_refused_with_the_reason(joint):
    for number in range(5):
        joint.done("street_dispatcher", f"joint.ask.1.{number}")
    joint.done("street_leader", "joint.own.1")

    told = joint.post("street_leader", "/tasks/{id}.joint.last.1/return", to="own", dry_run=True)
    made = joint.post("street_leader", "/tasks/{id}.joint.last.1/return", to="own")

    assert told.get_json()["refused"] == {
        "code": "move-refused",
        "detail": "The case could not come to its end from there: 'j' could wait for ever, "
        "since nothing comes over 'ask_j' any more: own.",
        "hint": "Move to an element before the work was split, or behind where it comes together.",
        "element": "j",
    }
    assert problem_of(made) == (409, "move-refused")
    targets = joint.call("street_leader").get(f"/tasks/{joint.id}.joint.last.1/return-targets")
    assert [one["to"] for one in targets.get_json()["items"]] == ["joint.plan"]


def test_a_return_while_somebody_completes_a_sibling_has_one_outcome_in_any_order(joint):
    with ThreadPoolExecutor(2) as pool:
        back = pool.submit(joint.post, "street_leader", "/tasks/{id}.joint.own.1/return", to="plan")
        sibling = pool.submit(
            joint.call("street_dispatcher").post,
            f"/tasks/{joint.id}.joint.ask.1.2/complete",
            {"data": {}},
        )

    assert back.result().status_code == 200
    assert sibling.result().status_code in (200, 409)
    assert joint.tasks == ["joint.plan.2"]
    assert joint.sound()


CALLER = process(
    '<startEvent id="s"/><endEvent id="e"/>'
    '<userTask id="plan" name="分派" camunda:candidateGroups="street_leader"/>'
    '<callActivity id="call" calledElement="callee"/>'
    '<userTask id="sum" name="汇总" camunda:candidateGroups="street_leader"/>'
    + flows("s > plan > call > sum > e"),
    "caller",
)
CALLEE = process(
    '<startEvent id="cs"/><endEvent id="ce"/>'
    '<userTask id="first" camunda:candidateGroups="street_leader"/>'
    '<userTask id="second" camunda:candidateGroups="street_leader"/>'
    '<boundaryEvent id="late" attachedToRef="second"><timerEventDefinition>'
    "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
    '<userTask id="hurry" camunda:candidateGroups="street_leader"/>'
    + flows("cs > first > second > ce", "late > hurry > ce"),
    "callee",
)


@pytest.fixture
def calling(any_app) -> Office:
    """A case whose called process stands at its second task, which has an hour."""
    deployments.deploy(
        any_app, identities.operator(), {"caller.bpmn": CALLER, "callee.bpmn": CALLEE}
    )
    office = Office(any_app, "caller")
    office.done("street_leader", "caller.plan.1")
    office.done("street_leader", "callee.first.1")
    return office


def test_a_return_across_a_call_ends_the_call(calling):
    answer = calling.post("street_leader", "/tasks/{id}.callee.second.1/return", to="plan")

    assert (answer.status_code, calling.tasks) == (200, ["caller.plan.2"])
    calling.done("street_leader", "caller.plan.2")
    assert calling.tasks == ["callee.first.2"]
    assert calling.sound()


def test_into_a_call_that_is_over_nothing_is_returned(calling):
    calling.done("street_leader", "callee.second.1")

    answer = calling.post("street_leader", "/tasks/{id}.caller.sum.1/return", to="callee.second")

    assert problem_of(answer) == (409, "move-refused")
    assert answer.get_json()["detail"] == (
        "'callee.second' lies inside 'call', which is not open around what is moved."
    )
    assert calling.tasks == ["caller.sum.1"]


def test_a_limit_that_is_over_in_the_moment_of_a_return_comes_first(calling):
    calling.app.clock.set(calling.app.clock.now() + timedelta(hours=1))

    answer = calling.post("street_leader", "/tasks/{id}.callee.second.1/return", to="first")

    assert problem_of(answer) == (409, "task-not-open")
    assert calling.tasks == ["callee.hurry.1"]
    assert calling.sound()


# -- 撤回 ---------------------------------------------------------------------------------


def test_who_has_just_completed_a_task_takes_it_back_and_has_it_again(five):
    answer = five.post("dept_liaison", "/tasks/{id}.five_steps.handle.1/withdraw")

    assert answer.status_code == 200, answer.get_json()
    mine = five.call("dept_liaison").tasks("mine")
    assert [one["id"].partition(".")[2] for one in mine] == ["five_steps.handle.2"]
    assert five.tasks == ["five_steps.handle.2"]
    assert five.sound()


def test_once_somebody_has_signed_for_what_follows_nothing_is_taken_back(five):
    five.call("street_leader").post(f"/tasks/{five.id}.five_steps.evaluate.1/claim", {})

    answer = five.post("dept_liaison", "/tasks/{id}.five_steps.handle.1/withdraw")

    assert (answer.status_code, answer.get_json()["detail"]) == (
        409,
        "'street_leader' has signed for 'evaluate' already.",
    )


@pytest.mark.parametrize(
    ("who", "task", "status", "code"),
    [
        ("street_dispatcher", "five_steps.handle.1", 403, "not-allowed"),
        ("street_dispatcher", "five_steps.assign.1", 409, "move-refused"),
        ("street_dispatcher", "five_steps.evaluate.1", 409, "task-not-open"),
    ],
)
def test_nobody_takes_back_what_is_not_his_or_was_built_upon(five, who, task, status, code):
    answer = five.post(who, "/tasks/{id}." + task + "/withdraw")

    assert problem_of(answer) == (status, code)
    assert five.tasks == ["five_steps.evaluate.1"]


# -- moving ---------------------------------------------------------------------------------


def test_who_repairs_a_case_sees_what_a_move_does_and_then_does_it(five):
    body = {"from": "evaluate", "to": "publish"}

    told = five.post("admin", "/cases/{id}/move", **body, dry_run=True).get_json()
    made = five.post("admin", "/cases/{id}/move", **body)

    assert [one["element"] for one in told["cancels"]] == ["evaluate"]
    assert [one["element"] for one in told["opens"]] == ["publish"]
    assert (made.status_code, five.tasks) == (200, ["five_steps.publish.1"])
    last = five.call("auditor").get(f"/cases/{five.id}/history").get_json()["items"][-1]
    assert last["command"]["type"] == "move_tokens"
    assert last["events"][0]["type"] == "tokens_moved"
    assert five.sound()


def test_a_move_is_a_repair_and_not_for_everybody(five):
    answer = five.post("street_leader", "/cases/{id}/move", **{"from": "evaluate", "to": "publish"})

    assert problem_of(answer) == (403, "not-allowed")


def test_a_closed_case_is_not_moved(five):
    five.post("admin", "/cases/{id}/terminate")

    answer = five.post("admin", "/cases/{id}/move", to="publish")

    assert problem_of(answer) == (409, "wrong-state")


# -- the page of a move --------------------------------------------------------------------


def page_of(office, who):
    """Return a browser's client of somebody who is signed in."""
    client = create_app(office.app).test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    client.post("/sign-in", data={"name": who, "password": PASSWORD})
    return client


def test_a_move_is_tried_on_its_page_before_it_is_made(here):
    admin, address = page_of(here, "admin"), f"/cases/{here.id}/move"
    assert f'href="{address}"' in admin.get(f"/cases/{here.id}").get_data(as_text=True)

    before = admin.get(address).get_data(as_text=True)
    tried = admin.get(f"{address}?from=joint.ask%231.3&to=joint.last").get_data(as_text=True)
    english = admin.get(f"{address}?to=joint.plan&lang=en").get_data(as_text=True)

    # The five, what stands for them all, and the other branch, each once.
    options = re.findall(r'<option value="(joint\.(?:ask|own)#[^"]*)">([^<]*)', before)
    assert options == [
        ("joint.ask#1", "会商"),
        ("joint.own#1", "自查"),
        *((f"joint.ask#1.{number}", f"会商 {number + 1}") for number in range(5)),
    ]
    assert 'name="reason"' not in before
    assert '<option value="joint.ask#1.3" selected>会商 4' in tried
    told = re.findall(r'<p class="(cancels|opens)"><strong>[^<]*</strong> ([^<]*)</p>', tried)
    assert told == [("cancels", "会商 1、会商 2、会商 3、会商 4、会商 5、自查"), ("opens", "汇总")]
    assert "What moving to “分派” would do" in english
    missing = admin.post(f"{address}?lang=zh", data={"from": "", "to": "joint.plan", "reason": " "})
    assert (missing.status_code, "请填写：理由" in missing.get_data(as_text=True)) == (422, True)
    assert here.tasks == [*(f"joint.ask.1.{number}" for number in range(5)), "joint.own.1"]

    given = {"from": "", "to": "joint.plan", "reason": "重新分派", "once": "a1"}
    answers = [admin.post(address, data=given) for _ in range(2)]

    assert [(one.status_code, one.headers["Location"]) for one in answers] == [
        (303, f"/cases/{here.id}?done=move&name=%E5%88%86%E6%B4%BE")
    ] * 2
    assert here.tasks == ["joint.plan.2"]
    assert here.sound()


def test_a_move_that_cannot_be_made_says_why_and_offers_no_button(here):
    admin, address = page_of(here, "admin"), f"/cases/{here.id}/move"

    joined = admin.get(f"{address}?from=joint.own%231&to=joint.j&lang=en").get_data(as_text=True)
    unknown = admin.post(f"{address}?lang=en", data={"to": "joint.nowhere", "reason": "x"})

    assert "needs the tokens of several flows" in joined
    assert 'name="reason"' not in joined
    assert unknown.status_code == 409
    assert "have no element &#39;joint.nowhere&#39;" in unknown.get_data(as_text=True)


def test_the_page_of_a_move_is_for_those_who_may(here):
    address = f"/cases/{here.id}/move"
    given = {"to": "joint.plan", "reason": "x"}

    def answers(who):
        client = page_of(here, who)
        shown = client.get(f"/cases/{here.id}").get_data(as_text=True)
        got = client.get(address).status_code, client.post(address, data=given).status_code
        return (*got, f'href="{address}"' in shown)

    assert answers("street_leader") == (403, 403, False)
    assert answers("dept_liaison") == (404, 404, False)
    assert len(here.tasks) == 6
    page_of(here, "admin").post(address, data={"to": "joint.e", "reason": "x"})
    assert answers("admin")[0::2] == (200, False)
