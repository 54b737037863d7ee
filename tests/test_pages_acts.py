"""Acts beside completing a task, on the pages: handing over, longer limits, ends of cases."""

import pytest

from engine import cases, identities, views
from engine.commands import ClaimTask, CompleteTask
from tests.test_pages import address, chromium, expect, people, shows

__all__ = ["address", "chromium", "people"]

pytestmark = pytest.mark.browser
TASK = "five_steps.handle.1"


@pytest.fixture
def case_id(app, who):
    """A case that the department's liaison has signed for."""
    case_id = cases.start(app, who("resident"), process="five_steps", data={}).case_id
    for element, given in (("accept", ("accept", {})), ("assign", (None, {"lead": "D04"}))):
        command = CompleteTask(f"five_steps.{element}.1", *given)
        cases.handle(app, who("street_dispatcher"), case_id, command)
    cases.handle(app, who("dept_liaison"), case_id, ClaimTask(TASK))
    return case_id


def task(app, case_id):
    return views.task(app, identities.actor(app, "admin"), case_id, TASK)


def press(page, name):
    page.click(".acts summary")
    page.click(f".act button:text-is('{name}')")


def test_a_task_is_handed_to_a_colleague(people, app, case_id):
    page = people("dept_liaison")
    page.goto(f"/tasks/{case_id}.{TASK}")
    choices = page.locator("#transfer-to option").all_text_contents()
    colleague = page.locator("#transfer-to option").nth(1).get_attribute("value")

    press(page, "转办")
    shows(page, "[role=alert] li", "请填写：转给")
    page.click(".acts summary")
    page.select_option("#transfer-to", colleague)
    page.fill("#transfer-reason", "请假")
    page.click(".act button:text-is('转办')")

    shows(page, ".done", "已转办。")
    assert task(app, case_id)["assignee"] == colleague
    assert [one for one in choices if "RY" not in one] == ["请选择"]


def test_a_limit_is_extended_in_local_time_and_the_original_one_shown(people, app, case_id):
    page = people("street_leader")
    page.goto(f"/tasks/{case_id}.{TASK}")

    page.click(".acts summary")
    page.fill("#extend-due_at", "2026-09-18T12:00")
    page.click(".act button:text-is('延期')")

    shows(page, ".done", "已延期。")
    assert task(app, case_id)["due_at"] == "2026-09-18T04:00:00Z"
    expect(page.locator(".due")).to_contain_text("原期限")


def test_a_task_is_suspended_and_resumed(people, app, case_id):
    page = people("district_coordinator")
    page.goto(f"/tasks/{case_id}.{TASK}")
    page.click(".acts summary")
    page.fill("#suspend_task-review_at", "2026-09-21T09:00")
    page.fill("#suspend_task-reason", "等鉴定")
    page.click(".act button:text-is('挂起')")
    shows(page, ".done", "已挂起。")
    assert task(app, case_id)["held"] is True

    press(page, "恢复")
    shows(page, ".done", "已恢复。")
    assert task(app, case_id)["held"] is False


def test_a_reporter_withdraws_the_own_case_and_needs_a_reason(people, app, case_id):
    page = people("resident")
    page.goto(f"/cases/{case_id}")
    page.click(".acts summary")
    shows(page, ".act button", "撤销")

    page.click(".act button:text-is('撤销')")
    shows(page, "[role=alert]", "请填写：理由")
    page.click(".acts summary")
    page.fill("#withdraw-reason", "已自行解决")
    page.click(".act button:text-is('撤销')")

    shows(page, ".done", "已撤销。")
    shows(page, ".badge", "撤销")
    expect(page.locator(".acts")).to_have_count(0)


def test_who_may_not_act_is_offered_nothing(people, case_id):
    page = people("auditor")
    for path in (f"/cases/{case_id}", f"/tasks/{case_id}.{TASK}"):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator(".acts")).to_have_count(0)


def test_a_button_that_was_not_offered_is_refused(people, case_id):
    page = people("street_leader")
    page.goto(f"/cases/{case_id}")

    page.click(".acts summary")
    page.evaluate("document.querySelector('.act [name=act]').value = 'terminate'")
    page.fill(".act [name=reason]", "x")
    page.click(".act button")

    expect(page.locator("[role=alert]")).to_contain_text("您没有权限这样做。")
