"""The pages for who runs the system: what stands still, why, and what is done about it."""

import pytest

from engine import cases, deployments, identities, views
from engine.bpmn.layout import lay_out
from tests.test_incidents import BROKEN, divides
from tests.test_pages import address, chromium, expect, people, shows
from tests.test_pages_cases import needs_viewer

__all__ = ["address", "chromium", "people"]

pytestmark = pytest.mark.browser


@pytest.fixture
def stuck(app):
    """Two cases that divide by nothing."""
    by = identities.operator()
    deployments.deploy(app, by, {"p.bpmn": lay_out(divides(BROKEN))})
    return [
        cases.start(app, by, process="p", data={"parts": n, "people": 0}).case_id for n in (1, 2)
    ]


def state(app, case_id):
    return views.case(app, identities.operator(), case_id)["state"]


def test_what_fails_alike_is_mended_for_all_cases_at_once(people, app, stuck):
    page = people("admin")
    page.click("nav >> text=异常")
    shows(page, ".item .title", "分摊")
    page.click(".item .title")
    shows(page, ".expression", f"each = {BROKEN}")
    shows(page, "td.saw", "2", "0", "1", "0")

    page.fill("[name='data:people']", "4")
    page.click("button:text-is('重试所选各件')")
    shows(page, "[role=alert]", "请填写：理由")
    page.fill("[name='data:people']", "4")
    page.fill("#reason", "人数已核实")
    page.click("button:text-is('重试所选各件')")

    shows(page, ".done", "已排除，2 件继续办理。")
    shows(page, ".nothing", "没有停住的环节。")
    assert [state(app, one) for one in stuck] == ["open", "open"]


def test_one_case_is_moved_to_a_corrected_version_and_tried_again(people, app, stuck):
    mended = lay_out(divides("parts / max(people, 1)"))
    deployments.deploy(app, identities.operator(), {"p.bpmn": mended})
    page = people("admin")
    page.goto("/incidents")
    page.click(".item .title")
    page.uncheck(f"[name=case][value='{stuck[1]}']")
    page.select_option("#version", "2")
    page.fill("#reason", "流程已改正")
    page.click("button:text-is('重试所选各件')")

    shows(page, ".done", "已排除，1 件继续办理。")
    assert [state(app, one) for one in stuck] == ["open", "incident"]


def test_what_fails_again_is_told_with_the_case(people, app, stuck):
    page = people("admin")
    page.goto("/incidents")
    page.click(".item .title")
    page.fill("#reason", "再试一次")
    page.click("button:text-is('重试所选各件')")

    shows(page, ".outcome > p", "2 件中已排除 0 件。")
    expect(page.locator(".outcome li")).to_have_count(2)
    assert [state(app, one) for one in stuck] == ["incident", "incident"]


@needs_viewer
def test_the_element_that_stands_still_is_lit(people, stuck):
    page = people("admin")
    page.goto("/incidents")
    page.click(".item .title")
    page.wait_for_selector("#diagram[data-shown=p]")

    lit = page.locator("#diagram [data-element-id=share].lit-late")
    expect(lit).to_have_count(1)


def test_who_does_not_run_the_system_is_not_led_there(people, stuck):
    page = people("resident")

    expect(page.locator("nav >> text=异常")).to_have_count(0)
    page.goto("/incidents")
    shows(page, ".nothing", "没有停住的环节。")
