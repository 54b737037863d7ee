"""The page of tasks in a real browser: what an office does there, and a grid worker in the street."""

import base64

import pytest

from engine import cases, deployments, identities
from engine.cli.diagrams import read_files
from engine.commands import ClaimTask
from tests.accessibility import accessible, fits
from tests.test_pages import (
    FILES,
    PHONE,
    address,
    chromium,
    expect,
    people,
    shows,
    texts,
)

__all__ = ["address", "chromium", "people"]

pytestmark = pytest.mark.browser
DESK = {"width": 1280, "height": 800}
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
COUNT_TAPS = """addEventListener("click", (one) => {
  if (one.isTrusted) sessionStorage.taps = Number(sessionStorage.taps ?? 0) + 1;
}, true)"""


@pytest.fixture
def begin(app, who):
    return lambda: cases.start(app, who("grid_worker"), process="five_steps", data={}).case_id


def test_tasks_are_filtered_and_a_view_is_saved(people, begin):
    for _ in range(3):
        begin()
    page = people("street_dispatcher", viewport=DESK)
    page.goto("/tasks?view=pool")
    shows(page, ".tabs [aria-current]", "待签 3")

    page.click("text=筛选")
    page.select_option(".filters [name=sort]", "newest")
    page.check(".filters [name=overdue]")
    page.click("button:text-is('查找')")
    page.wait_for_url("**/tasks?*overdue=1*")
    shows(page, ".nothing", "没有符合条件的任务。 清除条件")
    accessible(page)
    page.click("text=保存为常用视图")
    page.fill("#view-name", "<b>急件</b>")
    page.click("button:text-is('保存')")
    shows(page, ".done", "已保存常用视图“<b>急件</b>”。")
    shows(page, ".saved li [aria-current]", "<b>急件</b>")

    page.click(".clear")
    expect(page.locator(".item")).to_have_count(3)
    page.click(".saved li a")
    page.wait_for_url("**/tasks?*overdue=1*")
    expect(page.locator(".filters [name=overdue]")).to_be_checked()
    expect(page.locator(".filters [name=sort]")).to_have_value("newest")

    page.goto("/tasks?view=pool&lang=en")
    page.set_viewport_size(PHONE)
    shows(page, ".saved li a", "<b>急件</b>")
    page.click("text=Save this view")
    page.fill("#view-name", "<b>急件</b>")
    fits(page)
    page.click("button:text-is('Remove')")
    shows(page, ".done", "The view “<b>急件</b>” is removed.")
    expect(page.locator(".saved")).to_have_count(0)


def test_what_is_new_is_told_and_waits_to_be_loaded(people, begin):
    begin()
    page = people("street_dispatcher", viewport=PHONE)
    page.clock.install()
    with page.expect_response("**/api/v1/tasks/changes"):
        page.goto("/tasks?view=pool")
    with page.expect_response("**/api/v1/tasks/changes") as quiet:
        page.clock.run_for(15_000)
    assert quiet.value.status == 304
    expect(page.locator("#news")).to_be_empty()

    begin()
    begin()
    page.clock.run_for(15_000)
    shows(page, "#news", "新到 2 件任务。 刷新")
    shows(page, ".tabs [aria-current]", "待签 3")
    expect(page.locator(".item")).to_have_count(1)
    accessible(page)
    page.click("#news a")
    expect(page.locator(".item")).to_have_count(3)
    expect(page.locator("#news")).to_be_empty()


def test_the_menu_folds_on_a_phone_and_the_keyboard_opens_it(people):
    page = people("street_dispatcher", viewport=PHONE)
    page.goto("/tasks")
    expect(page.locator(".bar nav")).to_be_hidden()

    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.focus("#menu")
    page.keyboard.press("Space")
    expect(page.locator(".bar nav")).to_be_visible()
    assert texts(page, ".bar nav [aria-current]") == ["任务"]
    accessible(page)
    page.click(".bar nav >> text=发起")
    page.wait_for_url("**/start")
    expect(page.locator(".bar nav")).to_be_hidden()


def test_old_addresses_of_the_inbox_lead_on(people):
    page = people("street_dispatcher")
    page.goto("/?view=done&q=a%26b")
    assert page.url.partition("/tasks")[2] == "?view=done&q=a%26b"


def test_a_find_is_closed_from_the_inbox_in_three_taps(people, app):
    deployments.deploy(app, identities.operator(), read_files([FILES.parent.parent / "processes"]))
    page = people("grid_worker", viewport=PHONE, has_touch=True)
    page.goto("/tasks")
    accessible(page)
    page.add_init_script(COUNT_TAPS)
    page.reload()

    page.tap(".shortcut a:text-is('暴露垃圾')")
    page.wait_for_url("**/start/grid_event?*")
    expect(page.locator("[name=item_code][value='ZL-03-001']")).to_be_checked()
    with page.expect_file_chooser() as opened:
        page.tap("input[name=photos_after]")
    photo = {"name": "后.jpg", "mimeType": "image/jpeg", "buffer": b"after"}
    opened.value.set_files(photo)
    page.tap("button:text-is('已解决') >> nth=0")
    shows(page, ".done", "已发起。")
    assert page.evaluate("sessionStorage.taps") == "3"

    clerk = people("publisher")
    clerk.goto("/tasks")
    expect(clerk.locator(".shortcut")).to_have_count(0)


@pytest.fixture
def formed(app):
    """A process with one task whose form uses every component."""
    names = ("formed.bpmn", "report_form.json")
    files = {name: (FILES / name).read_bytes() for name in names}
    deployments.deploy(app, identities.operator(), files)


def test_what_is_typed_is_kept_on_the_server_and_without_a_network(people, formed, app, who):
    case = cases.start(app, who("grid_worker"), process="formed", data={}).case_id
    path = f"/tasks/{case}.formed.fill.1"
    page = people("street_dispatcher", viewport=PHONE)
    page.clock.install()
    page.goto(path)
    page.fill("[name=title]", "灯坏了")
    page.check("[name=kind][value=road]")
    with page.expect_response(f"**{path}/draft") as kept:
        page.clock.run_for(2_000)
    assert kept.value.status == 204
    shows(page, "#draft-said", "已暂存。")

    page.context.set_offline(True)
    page.fill("[name=title]", "灯全坏")
    page.clock.run_for(2_000)
    shows(page, "#draft-said", "没有网络，已暂存在本机，联网后自动保存。")
    page.click(".buttons button:text-is('办理')")
    shows(page, "#draft-said", "没有网络，还没有提交。您填写的内容已暂存在本机。")
    with page.expect_response(f"**{path}/draft"):
        page.context.set_offline(False)
    shows(page, "#draft-said", "已暂存。")
    assert page.evaluate("localStorage.length") == 0

    page.goto(path)
    expect(page.locator(".kept")).to_contain_text("以下是您暂存的内容")
    expect(page.locator("[name=title]")).to_have_value("灯全坏")
    expect(page.locator("[name=kind][value=road]")).to_be_checked()
    accessible(page)
    page.set_viewport_size(DESK)
    fits(page)
    page.evaluate("localStorage.setItem('bihuan-draft street_dispatcher /x', 'a=b')")
    page.click("text=退出")
    page.wait_for_url("**/sign-in?left=1")
    expect(page.locator("html[data-forgotten]")).to_have_count(1)
    assert page.evaluate("localStorage.length") == 0


def test_a_case_is_split_on_a_page(people, app, who):
    deployments.deploy(app, identities.operator(), read_files([FILES.parent.parent / "processes"]))
    data = {"title": "楼道堆物和灯坏", "description": "两件事", "location": "99010100100101001"}
    case = cases.start(app, who("grid_worker"), process="whistle_report", data=data).case_id
    page = people("street_dispatcher", viewport=PHONE)
    page.goto(f"/cases/{case}/split")
    expect(page.locator("[name=title]")).to_have_value("楼道堆物和灯坏")
    accessible(page)
    page.fill("[name=title]", "<i>灯坏</i>")
    page.click("button.main")
    shows(page, ".refused li", "请填写：理由")
    expect(page.locator("[name=title]")).to_have_value("<i>灯坏</i>")
    page.fill("[name=reason]", "两件事")
    page.click("button.main")
    shows(page, ".done", "已拆出新案件。")
    assert not page.url.startswith(f"{page.url.partition('/cases/')[0]}/cases/{case}")
    expect(page.locator("#linked")).to_be_visible()


def test_a_task_says_what_it_rests_on_and_why_a_button_is_barred(people, formed, app, who):
    case = cases.start(app, who("grid_worker"), process="formed", data={}).case_id
    path = f"/tasks/{case}.formed.fill.1"
    cases.handle(app, who("street_dispatcher"), case, ClaimTask("formed.fill.1"))
    other = people("admin", viewport=DESK)
    other.goto(path)
    shows(other, ".barred button", "办理")
    shows(other, "#why-not", "街道受理员 已签收，正在办理。")
    expect(other.locator(".barred button")).to_be_disabled()
    accessible(other)
    owner = people("street_dispatcher", viewport=DESK)
    owner.goto(path)
    owner.click("text=更多操作")
    shows(owner, "#why-suspend_task", "由区级统筹派单员办理")
    photo = {"name": "<b>灯.png", "mimeType": "image/png", "buffer": PICTURE}
    owner.set_input_files("#file", files=[photo])
    owner.click("form:has(#file) button")
    shows(owner, ".thumbs li a:last-of-type", "<b>灯.png")
    # It is fetched when somebody comes to it.
    owner.locator(".thumbs img").scroll_into_view_if_needed()
    expect(owner.locator(".thumbs img")).to_have_js_property("naturalWidth", 1)
