"""The page of a case, its lit diagram, notices, codes and wishes, in a real browser."""

from pathlib import Path

import pytest

from engine import cases, deployments, following, identities, timers, views
from engine.cli.diagrams import read_files
from engine.commands import ClaimTask, CompleteTask, SuspendCase, TransferTask
from tests.memory import flows, process
from tests.test_pages import CONTRAST, address, chromium, expect, formed, people, shows, texts

__all__ = ["address", "chromium", "formed", "people"]

ROOT = Path(__file__).parent.parent
PHONE = {"width": 390, "height": 844}
VIEWER = ROOT / "api" / "web" / "static" / "built" / "case.js"

pytestmark = pytest.mark.browser
needs_viewer = pytest.mark.skipif(
    not VIEWER.exists(), reason="the browser assets are not built: make run, or make test"
)


@pytest.fixture
def whistle(app, who):
    """A whistle that a department is handling, one of whose limits is over."""
    files = read_files([ROOT / "processes"])
    deployments.deploy(app, identities.operator(), files)
    data = {
        "title": "楼道堆物", "description": "二楼楼道堆放纸箱", "location": "99010100100101001",
        "item_code": "ZL-02-001", "reporter_name": "赵样甲", "reporter_phone": "13912345678",
    }  # fmt: skip
    case_id = cases.start(app, who("grid_worker"), process="whistle_report", data=data).case_id
    accepted = {"item_code": "ZL-02-001", "urgency": "normal", "self_test": "no"}
    routed = {"variant": "quick_response", "lead": "D04", "co_codes": ""}
    for name, element, outcome, given in (
        ("street_dispatcher", "accept", "accept", accepted),
        ("street_analyst", "analyse", "whistle", routed),
    ):
        command = CompleteTask(f"whistle_report.{element}.1", outcome, given)
        cases.handle(app, who(name), case_id, command)
    return case_id


def marks(page, element):
    """Return how an element of the drawn diagram is lit."""
    names = page.locator(f"#diagram [data-element-id='{element}']").get_attribute("class")
    return sorted(one for one in names.split() if one.startswith("lit-"))


@needs_viewer
def test_the_diagram_of_a_case_is_lit_where_it_stands(people, whistle, app):
    page = people("street_dispatcher")
    page.goto(f"/cases/{whistle}")
    page.wait_for_selector("#diagram[data-shown=whistle_report]")

    assert marks(page, "accept") == ["lit-done"]
    assert marks(page, "dept_call") == ["lit-current"]
    assert marks(page, "publish_call") == []
    title = page.locator("#diagram [data-element-id=accept] > title").text_content()
    assert title == "2026-09-14 09:00 街道受理员 · accept"
    # The mark of those who made the viewer stays fully visible.
    assert page.locator(".bjs-powered-by").is_visible()

    page.click("#diagram-tabs [data-key=department_handling]")
    page.wait_for_selector("#diagram[data-shown=department_handling]")
    assert marks(page, "sign") == ["lit-current"]


@needs_viewer
def test_what_is_late_is_lit_as_late(people, whistle, app):
    timers.advance(app, seconds=3 * 86_400)
    page = people("street_dispatcher")
    page.goto(f"/cases/{whistle}")
    page.wait_for_selector("#diagram[data-shown=whistle_report]")
    page.click("#diagram-tabs [data-key=department_handling]")
    page.wait_for_selector("#diagram[data-shown=department_handling]")

    assert marks(page, "sign") == ["lit-current", "lit-late"]


@needs_viewer
def test_the_diagram_fits_a_phone_and_keeps_the_texts_readable(people, whistle):
    page = people("street_dispatcher", viewport=PHONE, has_touch=True)
    page.goto(f"/cases/{whistle}")
    page.wait_for_selector("#diagram[data-shown=whistle_report]")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    scale = page.locator("#diagram .viewport").evaluate("one => one.getCTM().a")
    assert round(scale, 3) >= 0.6
    box = page.locator("#diagram [data-element-id=dept_call]").bounding_box()
    assert 0 <= box["x"] <= PHONE["width"]


@needs_viewer
def test_a_diagram_without_a_picture_leaves_the_page_without_one(people, app, who, formed):
    case_id = cases.start(app, who("resident"), process="formed", data={}).case_id
    page = people("street_dispatcher")
    with page.expect_response(f"**/cases/{case_id}/diagrams") as answer:
        page.goto(f"/cases/{case_id}")

    assert answer.value.json() == {"items": []}
    page.wait_for_selector("#diagram", state="hidden")


def test_a_notice_rings_until_it_was_read(people, app, who):
    case_id = cases.start(app, who("street_dispatcher"), process="five_steps", data={}).case_id
    for element, given in (("accept", ("accept", {})), ("assign", (None, {"lead": "D04"}))):
        command = CompleteTask(f"five_steps.{element}.1", *given)
        cases.handle(app, who("street_dispatcher"), case_id, command)
    cases.handle(app, who("dept_liaison"), case_id, ClaimTask("five_steps.handle.1"))
    handing = TransferTask("five_steps.handle.1", "dept_handler", "ill", None)
    cases.handle(app, who("dept_liaison"), case_id, handing)

    page = people("dept_handler")
    shows(page, ".bell .count", "1")
    page.click(".bell")
    shows(page, ".item.unread .title", "任务已转交给您办理")
    page.click("button:text-is('全部标为已读')")
    expect(page.locator(".bell")).to_have_count(0)
    expect(page.locator(".item.unread")).to_have_count(0)
    page.click(".item .title")
    shows(page, "h1", "部门处置")


def test_a_user_says_where_to_be_told(people, app):
    page = people("dept_handler")
    page.click(".who .name")
    page.fill("#email", "nobody")
    page.click("button:text-is('保存')")
    shows(page, "[role=alert]", "这不是有效的邮箱地址。")
    expect(page.locator("#email")).to_have_value("nobody")

    page.fill("#email", "handler@example.org")
    page.uncheck("[name=by_mail]")
    page.click("button:text-is('保存')")

    shows(page, ".done", "已保存。")
    expect(page.locator("#email")).to_have_value("handler@example.org")
    contact = views.contact(app, identities.actor(app, "dept_handler"))
    assert (contact["email"], contact["by_mail"]) == ("handler@example.org", False)


def test_a_code_is_given_on_the_page_and_followed_without_signing_in(people, whistle, chromium):
    page = people("street_dispatcher")
    page.goto(f"/cases/{whistle}")
    page.click("button:text-is('生成查询码')")
    expect(page.locator(".done")).to_contain_text("查询码")
    said = texts(page, ".done")[0]
    number = said.split("编号 ")[1].split("，")[0]
    code = said.split("查询码 ")[1].split("。")[0]

    page.click("text=退出")
    page.click("text=居民入口")
    page.click(".public-nav >> text=查询进度")
    page.fill("#number", number)
    page.fill("#code", "WRONG-CODES")
    page.click("button:text-is('查询')")
    shows(page, "[role=alert]", "没有这个编号和查询码的记录。请核对后再试，或请受理单位重发查询码。")
    page.fill("#code", code.lower())
    page.click("button:text-is('查询')")

    shows(page, ".badge", "办理中")
    page.wait_for_load_state()
    given = dict(zip(texts(page, ".data dt"), texts(page, ".data dd"), strict=True))
    assert (given["标题"], given["诉求人"]) == ("楼道堆物", "赵样甲")


def test_a_reason_is_read_on_the_page_by_who_may(people, app, who):
    case_id = cases.start(app, who("resident"), process="five_steps", data={}).case_id
    cases.handle(app, who("street_leader"), case_id, SuspendCase(reason="等法院判决"))

    shown = {}
    for name in ("street_dispatcher", "resident"):
        page = people(name)
        page.goto(f"/cases/{case_id}")
        shown[name] = texts(page, ".remark")
    assert shown == {"street_dispatcher": ["等法院判决"], "resident": []}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_fits_a_phone_and_has_enough_contrast(people, whistle, app, who, language):
    code = following.give_code(app, who("grid_worker"), whistle)
    page = people("street_dispatcher", viewport=PHONE, has_touch=True)
    task = views.case(app, who("admin"), whistle)["tasks"][0]["id"]
    page.goto(f"/?lang={language}")

    paths = (f"/cases/{whistle}", f"/tasks/{task}", "/me", "/follow", "/start/whistle_report")
    views_of_inbox = [f"/?view={one}" for one in ("pool", "mine", "done", "started", "cc")]
    for path in (*paths, *views_of_inbox):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        assert page.evaluate(CONTRAST) == [], path
    page.goto("/follow")
    page.fill("#number", code["number"])
    page.fill("#code", code["code"])
    page.click("button.main")
    expect(page.locator(".badge")).to_be_visible()
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate(CONTRAST) == []


# -- ad-hoc sub-processes ---------------------------------------------------------------


def test_activities_are_started_and_closed_with_buttons_in_both_languages(people, app):
    diagram = process(
        '<startEvent id="s"/><adHocSubProcess id="work" name="现场办理" '
        'camunda:candidateGroups="street_dispatcher" ordering="Sequential">'
        '<userTask id="visit" name="入户走访" camunda:candidateGroups="street_dispatcher">'
        '<extensionElements><camunda:properties><camunda:property name="name_en" '
        'value="Home visit"/></camunda:properties></extensionElements></userTask>'
        '<userTask id="call" name="电话回访" camunda:candidateGroups="street_dispatcher"/>'
        '</adHocSubProcess><endEvent id="e"/>' + flows("s > work > e"),
        "matter",
    )
    deployments.deploy(app, identities.operator(), {"matter.bpmn": diagram})
    dispatcher = identities.actor(app, "street_dispatcher")
    case_id = cases.start(app, dispatcher, process="matter", data={}).case_id
    page, leader = people("street_dispatcher"), people("street_leader")

    page.goto(f"/cases/{case_id}")
    shows(page, "#activities", "可以启动的工作")
    page.click("button:text-is('启动“入户走访”')")
    shows(page, ".done", "已启动。")
    shows(page, ".items .title", "入户走访")
    shows(page, "section[aria-labelledby=activities] button", "全部办结")
    expect(page.locator(".track > li > ul > li").nth(0)).to_have_text("启动“入户走访”")
    leader.goto(f"/cases/{case_id}")
    shows(leader, "h1", "matter")
    expect(leader.locator("#activities")).to_have_count(0)

    cases.handle(app, dispatcher, case_id, CompleteTask("matter.visit.1", None, {}))
    page.goto(f"/cases/{case_id}?lang=en")
    started = "section[aria-labelledby=activities] button"
    shows(page, started, "Start “Home visit”", "Start “电话回访”", "All is done")
    page.click("button:text-is('All is done')")
    shows(page, ".done", "All is done.")
    shows(page, ".badge", "Completed")
    expect(page.locator(".track > li > ul > li").nth(0)).to_have_text("All is done in “现场办理”")
