"""The pages in a real browser, against a real server.

A click that sends a form comes back before the next page is there, so every look at a page
waits for what it expects: `shows` and Playwright's `expect`, never a reading of the moment.
"""

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from api import create_app
from engine import deployments, identities
from engine.cli.diagrams import read_files
from engine.cli.listener import Listener
from engine.demo.city import PASSWORD

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
expect.set_options(timeout=60_000)
CHROMIUM = Path("/usr/bin/chromium")
FILES = Path(__file__).parent / "pages"
PHONE = {"width": 360, "height": 700}


@pytest.fixture
def formed(app):
    """A process with one task whose form uses every component."""
    names = ("formed.bpmn", "report_form.json")
    files = {name: (FILES / name).read_bytes() for name in names}
    deployments.deploy(app, identities.operator(), files)


@contextmanager
def serving(web):
    """Serve a web application, and give its address."""
    listener = Listener(web, host="127.0.0.1", port=0, threads=4)
    stopping = threading.Event()
    loop = threading.Thread(target=listener.run, args=(stopping,))
    loop.start()
    try:
        yield f"http://127.0.0.1:{listener.port}"
    finally:
        # The loop ends before its sockets are closed: closed under it, it fails now and then.
        stopping.set()
        loop.join()
        listener.close()


@pytest.fixture
def address(app):
    with serving(create_app(app)) as found:
        yield found


@pytest.fixture(scope="module")
def chromium():
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def people(chromium, address):
    """Return a function from a user's name to a signed-in page; complaints fail the test."""
    contexts, complaints = [], []

    def person(name, **options):
        context = chromium.new_context(base_url=address, locale="zh-CN", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        listen(page, complaints)
        page.on(
            "request",
            lambda sent: None if sent.url.startswith(address) else complaints.append(sent.url),
        )
        # What the button of the sign-in page sends; that page itself is tried below.
        signed_in = context.request.post(
            "/sign-in", form={"name": name, "password": PASSWORD}, max_redirects=0
        )
        assert signed_in.status == 303
        page.goto("/")
        expect(page.locator(".who .name")).to_be_visible()
        return page

    yield person
    for context in contexts:
        context.close()
    assert complaints == []


def listen(page, complaints):
    """Add to `complaints` what goes wrong in a script, and what the page's policy refuses.

    An answer of 4xx is no complaint: a browser reports it like one, and tests ask for some.
    """
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: (
            complaints.append(said.text)
            if said.type == "error" and not said.text.startswith("Failed to load resource")
            else None
        ),
    )


def start(page, process="five_steps"):
    page.goto(f"/start/{process}")
    page.click(".buttons button")
    shows(page, ".done", "已发起。")


def open_first(page, title):
    """Open the task of this title out of the pool, and wait for its page."""
    page.goto("/?view=pool")
    page.click(f"text={title}")
    page.wait_for_url("**/tasks/**")


def shows(page, selector, *expected):
    """Wait until the texts of all that a selector finds are these, in this order."""
    expect(page.locator(selector)).to_have_text(list(expected), use_inner_text=True)


def texts(page, selector):
    """The texts that stand on a page which a `goto` or a `shows` has waited for."""
    return [one.strip() for one in page.locator(selector).all_inner_texts()]


@pytest.mark.browser
def test_a_case_is_started_claimed_and_completed_on_pages_alone(people):
    page = people("street_dispatcher")
    page.context.clear_cookies()
    page.goto("/start/five_steps")
    page.fill("#name", "street_dispatcher")
    page.fill("#password", PASSWORD)
    page.click("button.main")
    # Who signs in is led where they wanted to go.
    expect(page.locator(".who .name")).to_be_visible()
    page.wait_for_url("**/start/five_steps")
    start(page)

    page.click("nav >> text=任务")
    shows(page, ".tabs [aria-current]", "待签 1")
    page.click("text=平台受理")
    page.click("button:text-is('签收')")
    shows(page, ".done", "已签收。")
    page.click("button:text-is('受理')")
    shows(page, ".done", "“平台受理”已办理。")

    page.click(".tabs >> text=已办")
    shows(page, ".item .title", "平台受理")
    page.click(".tabs >> text=我发起")
    page.click(".item .title")
    steps = page.locator(".track > li > ul > li")
    expect(steps.nth(0)).to_have_text("办理“平台受理”：受理")
    expect(steps.nth(1)).to_have_text("转到“分流交办”")


@pytest.mark.browser
def test_the_one_who_is_too_slow_is_told_kindly(people):
    first, second = people("street_dispatcher"), people("admin")
    start(first)
    open_first(first, "平台受理")
    open_first(second, "平台受理")

    first.click("button:text-is('签收')")
    shows(first, ".done", "已签收。")
    second.click("button:text-is('签收')")

    shows(second, "[role=alert]", "慢了一步：这个任务已被别人签收。")
    expect(second.locator("button:text-is('签收')")).to_have_count(0)


@pytest.mark.browser
def test_what_the_slow_one_has_typed_is_still_there(people, formed):
    first, second = people("street_dispatcher"), people("admin")
    start(first, "formed")
    for page in (first, second):
        open_first(page, "填表")
        page.fill("[name=title]", "灯坏了")

    first.click(".buttons button:text-is('办理')")
    shows(first, ".done", "“填表”已办理。")
    second.click(".buttons button:text-is('办理')")

    shows(
        second,
        "[role=alert] p",
        "慢了一步：这个任务刚刚已被办理或取消。",
        "您填写的内容还在下面，没有丢失，但没有提交。",
    )
    expect(second.locator("[name=title]")).to_have_value("灯坏了")
    expect(second.locator(".buttons")).to_have_count(0)


@pytest.mark.browser
def test_nothing_typed_is_lost_when_the_form_is_refused(people, formed):
    page = people("street_dispatcher")
    start(page, "formed")
    open_first(page, "填表")

    page.fill("[name=title]", "太长的标题")
    page.evaluate("document.querySelector('[name=title]').removeAttribute('maxlength')")
    page.fill("[name=title]", "太长太长的标题")
    page.fill("[name=count]", "很多")
    page.check("[name=kind][value=road]")
    page.fill("[name=at]", "2026-09-14T09:30")
    page.check("[name=seen][value=b]")
    page.check("[name=urgent]")
    page.set_input_files(
        "[name=photos]", files=[{"name": "灯.jpg", "mimeType": "image/jpeg", "buffer": b"x"}]
    )
    page.fill("[name='people[0].name']", "甲")
    page.click(".buttons button:text-is('办理')")

    shows(page, ".fault", "最多 5 个字", "请填数字", "此项必填")
    expect(page.locator("[name=title]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[name=title]")).to_have_attribute("aria-describedby", "f-title-fault")
    shows(page, "#f-title-fault", "最多 5 个字")
    expect(page.locator("[name=title]")).to_have_value("太长太长的标题")
    expect(page.locator("[name=count]")).to_have_value("很多")
    expect(page.locator("[name=at]")).to_have_value("2026-09-14T09:30")
    expect(page.locator("[name=kind][value=road]")).to_be_checked()
    expect(page.locator("[name=seen][value=b]")).to_be_checked()
    expect(page.locator("[name=urgent]")).to_be_checked()
    expect(page.locator("[name='people[0].name']")).to_have_value("甲")
    shows(page, ".note:has-text('已上传')", "已上传 1 个文件")

    page.fill("[name=title]", "灯")
    page.fill("[name=count]", "2")
    page.fill("[name=why]", "有人")
    page.click(".buttons button:text-is('办理')")
    shows(page, ".done", "“填表”已办理。")


@pytest.mark.browser
def test_a_row_can_be_added_to_a_list_without_losing_the_others(people, formed):
    page = people("street_dispatcher")
    start(page, "formed")
    open_first(page, "填表")
    expect(page.locator(".row")).to_have_count(2)

    page.fill("[name='people[0].name']", "甲")
    page.fill("[name=title]", "灯")
    page.click("text=再加一行")

    expect(page.locator(".row")).to_have_count(3)
    expect(page.locator("[name='people[0].name']")).to_have_value("甲")
    expect(page.locator("[name=title]")).to_have_value("灯")


@pytest.mark.browser
def test_enter_in_a_field_sends_nothing_off(people, formed):
    page = people("street_dispatcher")
    start(page, "formed")
    open_first(page, "填表")

    page.fill("[name=title]", "灯")
    page.press("[name=title]", "Enter")

    expect(page.locator("[role=alert]")).to_contain_text("请按下面的按钮提交。")
    expect(page.locator("[name=title]")).to_have_value("灯")
    page.goto("/?view=done")
    expect(page.locator(".item")).to_have_count(0)


@pytest.mark.browser
def test_due_tasks_carry_their_colour_and_the_working_time_left(people, formed, app):
    from engine import timers

    page = people("street_dispatcher")
    start(page, "formed")
    page.goto("/?view=pool")
    shows(page, ".left", "剩 3 工作时")
    expect(page.locator(".item.red")).to_have_count(0)

    timers.advance(app, seconds=6 * 3600)

    page.goto("/?view=pool")
    shows(page, ".item.red .badge", "已超时")
    shows(page, ".left.red", "超时 1 工作时")


@pytest.mark.browser
def test_the_pages_speak_english_when_asked(people):
    page = people("street_dispatcher")
    start(page)
    page.click("text=English")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/?view=pool")

    expect(page.locator("html")).to_have_attribute("lang", "en")
    shows(page, ".item .title", "Accept")
    page.click(".item .title")
    shows(page, ".buttons button", "Accept", "Refuse")


@pytest.mark.browser
def test_everything_fits_a_phone_and_is_big_enough_to_touch(people, formed):
    page = people("street_dispatcher", viewport=PHONE, has_touch=True)
    start(page, "formed")
    open_first(page, "填表")

    for path in (page.url, "/?view=pool", "/start", "/start/formed", "/api/v1/docs"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        small = page.evaluate(
            """[...document.querySelectorAll('button:not(.unseen), select, input[type=text], textarea')]
               .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44)
               .map(one => one.outerHTML)"""
        )
        assert small == [], path


@pytest.mark.browser
def test_every_field_has_a_label_and_every_page_can_be_walked_by_keyboard(people, formed):
    page = people("street_dispatcher")
    start(page, "formed")
    open_first(page, "填表")

    nameless = page.evaluate(
        """[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
           .filter(one => !one.labels.length).map(one => one.outerHTML)"""
    )
    assert nameless == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.name || document.activeElement.textContent")
        )
    assert {
        "title",
        "count",
        "kind",
        "at",
        "seen",
        "urgent",
        "why",
        "photos",
        "签收",
        "comment",
    } <= reached


@pytest.mark.browser
def test_texts_have_enough_contrast(people, formed):
    page = people("street_dispatcher")
    start(page, "formed")
    open_first(page, "填表")
    page.click(".buttons button:text-is('办理')")
    expect(page.locator(".fault").first).to_be_visible()
    page.wait_for_load_state()

    assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parts = text => (text.match(/[0-9.]+/g) || []).map(Number);
  const ground = one => {
    for (; one; one = one.parentElement) {
      const colour = parts(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const one of document.querySelectorAll('main *, header *')) {
    const own = [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || one.closest('.unseen')) continue;
    const [a, b] = [light(parts(getComputedStyle(one).color)), light(ground(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${one.outerHTML}`);
  }
  return poor;
}"""


@pytest.mark.browser
def test_remarks_and_files_are_added_on_the_page(people):
    page = people("street_dispatcher")
    start(page)
    open_first(page, "平台受理")

    page.fill("#comment", "请看<script>alert(1)</script>")
    page.click("text=发送")
    shows(page, ".comment p", "请看<script>alert(1)</script>")
    page.set_input_files(
        "#file", files=[{"name": "灯.jpg", "mimeType": "image/jpeg", "buffer": b"photo"}]
    )
    page.click("button:text-is('上传附件')")

    shows(page, ".comment p", "请看<script>alert(1)</script>")
    shows(page, ".files a", "灯.jpg")
    with page.expect_download() as saved:
        page.click(".files a")
    assert Path(saved.value.path()).read_bytes() == b"photo"
    assert saved.value.suggested_filename == "灯.jpg"


@pytest.mark.browser
def test_the_calls_can_be_tried_on_their_page(people):
    page = people("street_dispatcher")
    page.goto("/api/v1/docs")

    page.click("details:has([data-path='/api/v1/me']) summary")
    page.click("details[open] button")

    answer = page.locator("details[open] .answer")
    expect(answer).to_contain_text("200")
    expect(answer).to_contain_text('"name": "street_dispatcher"')


@pytest.mark.browser
def test_the_start_of_a_whistle_tells_each_missing_answer(people, app):
    files = read_files([Path(__file__).parent.parent / "processes"])
    deployments.deploy(app, identities.operator(), files)
    page = people("grid_worker")
    page.goto("/start/whistle_report")
    page.fill("[name=location_text]", "三号楼前")

    page.click(".buttons button")

    shows(page, "[role=alert] a", "标题", "情况", "位置编码（网格、楼栋或社区）")
    expect(page.locator("[name=location_text]")).to_have_value("三号楼前")


# -- three taps ------------------------------------------------------------------------


@pytest.fixture
def grid(app):
    """Every process of the office."""
    deployments.deploy(app, identities.operator(), read_files([FILES.parent.parent / "processes"]))


def tap_item_and_photo(page):
    page.set_viewport_size(PHONE)
    page.goto("/start/grid_event")
    page.click("text=暴露垃圾")
    with page.expect_file_chooser() as opened:
        page.click("input[name=photos_after]")
    photo = {"name": "后.jpg", "mimeType": "image/jpeg", "buffer": b"after"}
    opened.value.set_files(photo)


@pytest.mark.browser
def test_a_grid_event_is_closed_in_three_taps(people, grid):
    page = people("grid_worker")
    tap_item_and_photo(page)
    page.click("button:text-is('已解决') >> nth=0")

    shows(page, ".done", "已发起。")
    for name, said in (("民情日志", "暴露垃圾"), ("工作日记", "当场解决")):
        page.goto("/registers")
        page.click(f"text={name}")
        shows(page, "h1", name)
        newest = page.locator("table.register tbody tr td:nth-child(5)").first
        expect(newest).to_have_text(said)


@pytest.mark.browser
def test_enter_closes_no_grid_event(people, grid):
    page = people("grid_worker")
    tap_item_and_photo(page)
    page.press("input[name=location_text]", "Enter")

    shows(page, ".refused li", "请按下面的按钮提交。")
    page.click("button:text-is('已解决') >> nth=0")
    shows(page, ".fault", "此项必填")


@pytest.mark.browser
def test_registers_fit_a_phone(people, grid):
    page = people("grid_worker")
    tap_item_and_photo(page)
    page.click("button:text-is('已解决') >> nth=0")
    shows(page, ".done", "已发起。")
    page.goto("/registers/work_diary")

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
