"""A resident at a phone, in a real browser: report, follow, evaluate, read, in large print."""

from io import BytesIO

import pytest
from PIL import Image

from api.web.language import TAGS
from engine import deployments, following, identities
from tests.accessibility import accessible, fits
from tests.callers import callers
from tests.test_pages import PHONE, address, chromium, expect, listen, shows  # noqa: F401
from tests.test_pages_public import FORMS_WITH_PHOTOS, WITH_PHOTOS
from tests.test_public import STREET, post, with_place, work

pytestmark = pytest.mark.browser
WORDS = {
    "zh": ("已收到，谢谢", "街道办理", "答复", "已收到您的意见，谢谢。", "居民王某反映路灯不亮"),
    "zh_Hant": ("已收到，謝謝", "街道辦理", "答覆", "已收到您的意見，謝謝。", "居民王某反映路燈不亮"),
    "en": (
        "Received, thank you", "The street acts", "Reply",
        "Your answer has been received, thank you.", "居民王某反映路灯不亮",
    ),
}  # fmt: skip


@pytest.fixture
def resident(app, address, chromium):  # noqa: F811
    """A function to a phone's page; what the browser complains of fails the test."""
    deployments.deploy(app, identities.operator(), {"asked.bpmn": WITH_PHOTOS, **FORMS_WITH_PHOTOS})
    contexts, complaints = [], []

    def phone(**options):
        context = chromium.new_context(base_url=address, locale="zh-CN", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        listen(page, complaints)
        return page

    yield phone
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("language", WORDS)
def test_a_resident_reports_follows_evaluates_and_reads(app, resident, language):
    thanks, step, reply, answered, notice = WORDS[language]
    page = resident(viewport=PHONE, has_touch=True)
    page.goto(f"/sign-in?lang={'en' if language == 'en' else 'zh'}")
    page.click("a[href='/public']")
    page.click(f".views a[href*='lang={language}']")
    expect(page.locator("html")).to_have_attribute("lang", TAGS[language])
    page.click(".doors a[href='/public/report']")
    page.click(".doors a[href='/public/report/asked']")
    expect(page.locator("form.report [name=story]")).to_be_editable()
    accessible(page)

    page.select_option("[name=place]", STREET)
    page.fill("[name=story]", "三号楼前的路灯坏了" * 40)
    page.fill("[name=reporter_name]", "李小样")
    photo = {"name": "IMG_7.jpg", "mimeType": "image/jpeg", "buffer": with_place()}
    page.set_input_files("[name=photos]", files=[photo])
    page.click("form.report button.main")
    shows(page, "h1", thanks)
    number, code = page.locator("#number").inner_text(), page.locator("#code").inner_text()
    case_id = following.follow(app, number, code)["case"]
    work(app, case_id)

    page.click("main button.main")
    expect(page.locator(".steps")).to_contain_text(step)
    shows(page, "#reply", reply)
    expect(page.locator(".reply")).not_to_contain_text("13812345678")
    accessible(page)
    page.check("[name=solved][value=yes]")
    page.click(".asked button.main")
    shows(page, "p.done", answered)

    post(app)
    page.click(".public-nav a[href='/public/notices']")
    shows(page, ".notices h2", notice)
    accessible(page)
    page.click(".notices h2 a")
    shows(page, ".notice h1", notice)
    assert stored(app, case_id) == [{}]


def stored(app, case_id):
    """What stands beside the pixels of the photographs of a case, as an official gets them."""
    call = callers(app)("street_dispatcher")
    (ids,) = [one["data"]["photos"] for one in [call.get(f"/cases/{case_id}").get_json()]]
    found = []
    for one in ids:
        content = call.get(f"/cases/{case_id}/attachments/{one}").get_data()
        with Image.open(BytesIO(content)) as seen:
            found.append(dict(seen.getexif()))
    return found


def test_large_print_loses_nothing_and_every_page_is_for_everybody(app, resident):
    page = resident(viewport=PHONE, has_touch=True)
    page.goto("/public")
    page.click(".views .size")
    expect(page.locator("html")).to_have_class("large")
    expect(page.locator("body")).to_have_css("font-size", "24px")

    for path in ("/public", "/public/report/asked", "/public/notices", "/public/topics"):
        page.goto(path)
        accessible(page)
        assert page.evaluate(CONTRAST) == [], path
    page.set_viewport_size({"width": 1280, "height": 800})
    for path in ("/public/grids?words=社区", "/public/follow", "/public/none"):
        page.goto(path)
        fits(page)
    page.click("text=回到首页")
    expect(page.locator("html")).to_have_class("large")


CONTRAST = """() => {
  const channel = (one) => (one / 255 <= .03928 ? one / 255 / 12.92 : ((one / 255 + .055) / 1.055) ** 2.4);
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number);
    return .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent/.test(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const text = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if (!text || !node.offsetParent || node.closest("option, .skip, .trap")) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 7) poor.push(`${ratio.toFixed(1)} ${node.outerHTML.slice(0, 90)}`);
  }
  return poor;
}"""
