"""The page of a case, its lit diagram, notices, codes and wishes, in a real browser."""

import re
from pathlib import Path

import pytest

from engine import cases, deployments, following, identities, timers, views
from engine.cli.diagrams import read_files
from engine.commands import (
    ClaimTask,
    CompleteTask,
    RetryIncident,
    SuspendCase,
    TransferTask,
)
from tests.accessibility import accessible, fits
from tests.memory import flows, process
from tests.page_texts import part, visit
from tests.page_texts import texts as texts_of
from tests.test_pages import CONTRAST, address, chromium, expect, formed, people, shows, texts

__all__ = ["address", "chromium", "formed", "people", "visit"]

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
    shows(
        page, "[role=alert]", "没有这个编号和查询码的记录。请核对后再试，或请受理单位重发查询码。"
    )
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


# -- what the page says of a case --------------------------------------------------------


SPEND = process(
    '<startEvent id="s" camunda:formKey="asked"/>'
    '<userTask id="look" name="核查" camunda:candidateGroups="street_dispatcher" '
    'camunda:dueDate="working_days(1)"/>'
    '<exclusiveGateway id="dear" name="贵吗" default="no"/>'
    '<userTask id="approve" name="审批" camunda:candidateGroups="street_leader"/>'
    '<scriptTask id="share" name="分摊" scriptFormat="python"><script>part = fee / parts</script>'
    '</scriptTask><endEvent id="e"/>'
    + flows("s > look", "look > dear", "approve > share", "share > e")
    + '<sequenceFlow id="no" name="否" sourceRef="dear" targetRef="e"/>'
    '<sequenceFlow id="yes" name="是" sourceRef="dear" targetRef="approve">'
    "<conditionExpression>fee &gt; 100</conditionExpression></sequenceFlow>",
    "spend",
)
ASKED = """{"id": "asked", "type": "default", "components": [
  {"type": "number", "key": "fee", "label": "费用", "label_en": "Fee", "field_class": "public"},
  {"type": "number", "key": "parts", "label": "份数", "label_en": "Parts"},
  {"type": "textfield", "key": "caller", "label": "来电人", "field_class": "reporter"}]}""".encode()


@pytest.fixture
def spent(app, clock, who):
    """A case that stands still: it was looked at two days late, approved, and cannot be shared."""
    files = {"spend.bpmn": SPEND, "asked.json": ASKED}
    deployments.deploy(app, identities.operator(), files)
    data = {"fee": 300, "parts": 0, "caller": "赵样甲"}
    case_id = cases.start(app, who("street_dispatcher"), process="spend", data=data).case_id
    timers.advance(app, seconds=3 * 86_400)
    looked = CompleteTask("spend.look.1", None, {})
    cases.handle(app, who("street_dispatcher"), case_id, looked)
    cases.handle(app, who("street_leader"), case_id, CompleteTask("spend.approve.1", None, {}))
    return case_id


def part_of_refusal(page):
    """The texts of the refusal on top of a page."""
    return texts_of(
        re.search(r'<div class="refused" role="alert".*?</div>', page, re.DOTALL)[0], "p"
    )


def section(page, name):
    """The part of a page under the heading of that id."""
    return re.search(rf'<h2 id="{name}">(.*?)</section>', page, re.DOTALL)[1]


def test_the_page_tells_clocks_people_data_durations_and_why(visit, spent):
    _, page = visit("street_leader", f"/cases/{spent}")

    assert texts_of(section(page, "clocks"), "t[dh]")[6:] == [
        "核查", "砚禾街道网格化服务管理中心",
        "街道受理员", "09-15 17:30", "09-15 17:30", "09-17 09:00 办结 超时 8 工作时",
    ]  # fmt: skip
    assert part(page, "people") == [
        "街道受理员 核查 1 次 · 2026-09-17 09:00",
        "街道分管领导 审批 1 次 · 2026-09-17 09:00",
    ]
    assert texts_of(section(page, "data"), "h3") == ["诉求人信息", "办理信息", "公开信息"]
    told = dict(zip(*(texts_of(section(page, "data"), tag) for tag in ("dt", "dd")), strict=True))
    assert (told["费用"], told["份数"]) == ("300", "0")
    # Who reported is withheld from the leader, and its commitment stands there.
    assert re.fullmatch(r"（无权查看） [0-9a-f]{12}…", told["来电人"])
    rows = texts_of(section(page, "diagram-title"), "t[dh]")
    assert rows[5:10] == ["核查 超期", "spend", "1", "22 工作时", "22 工作时"]
    way = section(page, "why-title")
    assert texts_of(way, "strong") == ["走了：是", "没走：否"]
    assert texts_of(way, "code") == ["fee > 100", "fee"]


def test_a_step_that_stands_still_says_why_and_is_tried_again(app, visit, spent):
    _, page = visit("district_coordinator", f"/cases/{spent}?lang=en")
    stuck = section(page, "stuck-title")
    assert texts_of(stuck, "h3") == ["分摊"]
    assert texts_of(stuck, "pre") == ["part = fee / parts"]
    assert part(stuck, "read") == ["fee Fee: 300", "parts Parts: 0"]

    # Who may not try again sees no button, and is refused.
    _, other = visit("street_dispatcher", f"/cases/{spent}")
    assert "重试" not in section(other, "stuck-title")
    sent = {"act": "retry", "incident": "1", "reason": "x"}
    assert visit("street_dispatcher", f"/cases/{spent}", "POST", **sent)[0] == 403
    status, page = visit("district_coordinator", f"/cases/{spent}", "POST", act="retry", reason="")
    assert (status, part_of_refusal(page)) == (422, ["请填写：理由"])
    assert visit("district_coordinator", f"/cases/{spent}", "POST", **sent)[0] == 303
    entries = views.history(app, identities.actor(app, "auditor"), spent)
    assert entries[-1]["command"]["type"] == "retry_incident"


def test_a_long_history_stands_on_several_pages(app, who, visit, spent):
    for number in range(55):
        cases.handle(app, who("admin"), spent, RetryIncident(None, None, f"第 {number} 次"))
    _, page = visit("auditor", f"/cases/{spent}")
    last = len(views.history(app, who("auditor"), spent))
    numbers = [int(one) for one in re.findall(r"第 (\d+) 条 · 摘要", page)]
    assert (numbers[0], len(numbers)) == (last, 50)
    assert "没有经过网关" in page
    assert f'href="?before={last - 49}#track-title"' in page

    _, older = visit("auditor", f"/cases/{spent}?before={last - 49}")
    found = [int(one) for one in re.findall(r"第 (\d+) 条 · 摘要", older)]
    assert found[0] == last - 50
    assert texts_of(section(older, "why-title"), "strong") == ["走了：是", "没走：否"]
    assert f'href="?before={last + 1}#track-title"' in older


@needs_viewer
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_a_case_is_usable_by_everybody(people, spent, language):
    page = people("street_leader")
    page.goto(f"/cases/{spent}?lang={language}")
    shows(page, "#clocks", {"zh": "时限", "en": "Clocks"}[language])
    page.click(".passed summary")
    expect(page.locator(".passed .branch")).to_have_count(1)
    accessible(page)
    page.set_viewport_size({"width": 360, "height": 700})
    fits(page)
