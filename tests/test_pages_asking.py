"""Signatures, delegation, reminders and copies on the pages."""

import pytest

from engine import cases, identities, views
from engine.commands import ClaimTask
from tests.test_pages import address, chromium, expect, people, shows

__all__ = ["address", "chromium", "people"]

pytestmark = pytest.mark.browser
TASK = "five_steps.accept.1"


@pytest.fixture
def task_id(app, who):
    """A task that the street's dispatcher has signed for."""
    case_id = cases.start(app, who("resident"), process="five_steps", data={}).case_id
    cases.handle(app, who("street_dispatcher"), case_id, ClaimTask(TASK))
    return f"{case_id}.{TASK}"


def task(app, task_id):
    return views.task(app, identities.actor(app, "admin"), *cases.split_task(task_id))


def contains(page, selector, *texts):
    for text in texts:
        expect(page.locator(selector)).to_contain_text(text)


def opened(page, task_id):
    page.goto(f"/tasks/{task_id}")
    page.click(".acts summary")


def test_a_signature_is_asked_for_given_and_read(people, app, task_id):
    owner, leader = people("street_dispatcher"), people("street_leader")
    opened(owner, task_id)
    owner.fill("#cosign-whom", "street_leader")
    owner.select_option("#cosign-kind", "before")
    owner.fill("#cosign-reason", "请核预算")
    owner.click(".act button:text-is('加签')")
    shows(owner, ".done", "已加签。")
    contains(owner, ".asked li", "街道分管领导", "前加签", "待签", "请核预算")
    expect(owner.locator("form.card button[name=outcome]")).to_have_count(0)

    leader.goto("/?view=mine")
    leader.locator(".item a.title").first.click()
    contains(leader, ".asked li", "请核预算")
    leader.fill("#sign-words", "预算不够")
    leader.click("form.sign button:text-is('不同意')")
    shows(leader, ".done", "已答复。")

    owner.goto(f"/tasks/{task_id}")
    contains(owner, ".asked li", "不同意", "预算不够")
    expect(owner.locator("form.card button[name=outcome]").first).to_be_visible()
    assert task(app, task_id)["signatures"][0]["outcome"] == "disagree"


def test_a_decision_waits_and_the_last_signature_stays(people, app, task_id):
    owner = people("street_dispatcher")
    opened(owner, task_id)
    owner.fill("#cosign-whom", "street_leader")
    owner.select_option("#cosign-kind", "after")
    owner.click(".act button:text-is('加签')")
    shows(owner, ".done", "已加签。")
    owner.click(".asked button:text-is('减签')")
    contains(owner, "[role=alert]", "至少要保留一人会签。")

    owner.goto(f"/tasks/{task_id}")
    owner.locator("form.card button[name=outcome]").first.click()
    owner.wait_for_url("**/tasks?done=complete*")
    owner.goto(f"/tasks/{task_id}")
    contains(owner, "section.card", "待会签完成后生效")
    assert task(app, task_id)["state"] == "open"


def test_a_task_is_delegated_urged_and_shown(people, app, task_id):
    owner = people("street_dispatcher")
    opened(owner, task_id)
    owner.fill("#delegate-whom", "street_analyst")
    owner.click(".act button:text-is('委派')")
    shows(owner, ".done", "已委派。")
    owner.click(".asked button:text-is('减签')")
    shows(owner, ".done", "已减签。")

    opened(owner, task_id)
    owner.click(".act button:text-is('催办')")
    contains(owner, ".urged", "已催办 1 次")
    opened(owner, task_id)
    owner.click(".act button:text-is('催办')")
    contains(owner, "[role=alert]", "四小时内已催办过。")

    opened(owner, task_id)
    owner.fill("#copy-readers", "fund_officer")
    owner.click(".act button:text-is('抄送')")
    shows(owner, ".done", "已抄送。")
    reader = people("fund_officer")
    reader.goto("/?view=cc")
    contains(reader, ".item", "抄送您阅知")
    reader.locator(".item a.title").first.click()
    reader.wait_for_url(f"**/tasks/{task_id}")
    expect(reader.locator(".acts")).to_have_count(0)
    owner.goto(f"/tasks/{task_id}")
    owner.click(".copies summary")
    contains(owner, ".copies li", "已阅")


def test_a_phrase_is_added_to_what_was_typed(people, app, task_id):
    page = people("street_dispatcher")
    page.goto(f"/tasks/{task_id}")
    page.fill("#comment", "张样甲来电。")
    page.select_option("#comment-phrase", "同意。")
    page.click("button:text-is('发送')")

    contains(page, ".comment", "张样甲来电。")
    place = cases.split_task(task_id)
    (comment,) = views.comments(app, identities.actor(app, "admin"), *place)
    assert comment["text"] == "张样甲来电。\n同意。"
