"""Sending back and taking back on the pages, at desktop and phone width."""

from __future__ import annotations

import pytest

from engine import cases, deployments, identities, views
from engine.commands import ClaimTask, CompleteTask
from tests.accessibility import accessible, fits
from tests.test_moves import JOINT
from tests.test_pages import address, chromium, expect, people, shows

__all__ = ["address", "chromium", "people"]

pytestmark = pytest.mark.browser


@pytest.fixture
def case_id(app, who):
    """A case that stands at five instances, one of them signed for, and a task beside them."""
    deployments.deploy(app, identities.operator(), {"joint.bpmn": JOINT})
    case_id = cases.start(app, who("street_dispatcher"), process="joint", data={}).case_id
    cases.handle(app, who("street_dispatcher"), case_id, CompleteTask("joint.plan.1"))
    cases.handle(app, who("street_dispatcher"), case_id, ClaimTask("joint.ask.1.3"))
    return case_id


def tasks(app, case_id):
    shown = views.case(app, identities.operator(), case_id)["tasks"]
    return sorted(one["id"].partition(".")[2] for one in shown)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_task_is_sent_back_after_reading_what_goes_along(people, app, case_id, width):
    page = people("street_leader")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/tasks/{case_id}.joint.own.1")
    page.click("text=退回…")
    page.wait_for_url("**/return")

    shows(page, "h1", "退回“自查”")
    expect(page.locator(".returns .choice strong")).to_have_text(["分派"])
    expect(page.locator(".returns .beside")).to_contain_text("会商、会商、会商、会商 · ")
    page.click(".returns button.main")
    shows(page, "[role=alert]", "请填写：理由")
    page.fill("#reason", "材料不全")
    page.click(".returns button.main")

    page.wait_for_url("**/cases/**")
    shows(page, ".done", "已退回到“分派”。")
    expect(page.locator("body")).to_contain_text("退回到“分派”")
    assert tasks(app, case_id) == ["joint.plan.2"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_nothing_is_offered_to_who_may_not_send_back(people, app, case_id):
    page = people("street_dispatcher")
    page.goto(f"/tasks/{case_id}.joint.ask.1.3")
    expect(page.locator("text=退回…")).to_have_count(1)

    page = people("dept_liaison")
    page.goto(f"/tasks/{case_id}.joint.own.1/return")
    shows(page, "h1", "没有这个页面，或者您无权查看")

    page = people("admin")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"/cases/{case_id}")
    page.click("text=跳转…")
    page.wait_for_url("**/move")
    page.select_option("#to", "joint.last")
    page.click(".moves button")
    shows(page, "#would", "移到“汇总”会怎样")
    expect(page.locator(".cancels")).to_contain_text("会商 4 · ")
    accessible(page)
    fits(page)
    page.fill("#reason", "已经查清")
    page.click("button.main")

    page.wait_for_url("**done=move*")
    shows(page, ".done", "已跳转到“汇总”。")
    assert tasks(app, case_id) == ["joint.last.1"]


def test_who_has_just_done_a_task_takes_it_back(people, app, case_id):
    page = people("street_leader")
    page.goto(f"/tasks/{case_id}.joint.own.1")
    page.click(".buttons button.main")
    page.wait_for_url("**/tasks?done=complete*")
    page.goto(f"/tasks/{case_id}.joint.own.1")

    page.click("text=撤回")

    # The other branch still goes on: the join gives back what it held.
    page.wait_for_url("**done=take_back*")
    shows(page, ".done", "已撤回，请重新办理。")
    assert tasks(app, case_id) == [*(f"joint.ask.1.{number}" for number in range(5)), "joint.own.2"]


def test_the_task_that_is_taken_back_is_mine_again_in_english_too(people, app, who):
    case_id = cases.start(app, who("street_dispatcher"), process="five_steps", data={}).case_id
    page = people("street_dispatcher")
    page.goto(f"/tasks/{case_id}.five_steps.accept.1")
    page.click("button[value=accept]")
    page.wait_for_url("**/tasks?done=complete*")
    page.goto(f"/tasks/{case_id}.five_steps.accept.1?lang=en")

    page.click("text=Take back")

    page.wait_for_url("**done=take_back*")
    shows(page, ".done", "Taken back; it is yours again.")
    assert tasks(app, case_id) == ["five_steps.accept.2"]
