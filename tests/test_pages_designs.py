"""The pages for those who draw: checked files with their findings on the drawing, and what is deployed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import create_app
from api.web import judged
from engine import deployments, identities, views
from engine.bpmn.layout import lay_out
from engine.bpmn.pictures import picture
from tests import hostile_bases as bases
from tests.mutations import CHANGES_TO_XML, changed_xml
from tests.snippets import DEFINITIONS
from tests.test_mutations import DRAWN, examples
from tests.test_pages import CONTRAST, address, chromium, expect, people, shows
from tests.test_pages_cases import needs_viewer

__all__ = ["address", "chromium", "people"]

PHONE = {"width": 360, "height": 740}
GOOD = f"""{DEFINITIONS}
<process id="repair" name="报修" isExecutable="true">
  <startEvent id="s" name="开始"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
  <userTask id="t" name="受理" colour="red"/><sequenceFlow id="g" sourceRef="t" targetRef="e"/>
  <endEvent id="e"/>
</process></definitions>"""
"""Without coordinates, and with warnings at the task: no form, nobody named, an unknown word."""
WRONG = GOOD.replace(
    '<userTask id="t" name="受理" colour="red"/>',
    '<scriptTask id="t" name="计算" scriptFormat="groovy"><script>x</script></scriptTask>'
    '<task id="u" colour="red"/><sequenceFlow id="h" sourceRef="t" targetRef="u"/>',
).replace('isExecutable="true"', 'isExecutable="true" processtype="x"')
"""With errors at the script and at the process itself, and warnings at the task beside it."""


def file(name, text):
    content = text.encode() if isinstance(text, str) else text
    return {"name": name, "mimeType": "application/xml", "buffer": content}


def check(page, *files):
    page.goto("/designs/check")
    page.set_input_files("#files", files=list(files))
    page.click("button:text-is('检查文件')")
    expect(page.locator(".counts")).to_be_visible()


# -- without a script ------------------------------------------------------------------


@pytest.fixture
def caller(app):
    """Return a function from a user and an address to the answer."""
    client = create_app(app).test_client(use_cookies=False)

    def call(name, path, /, **form):
        token = identities.create_token(app, name, by="@test")
        headers = {"Authorization": f"Bearer {token}"}
        if not form:
            return client.get(path, headers=headers)
        return client.post(path, headers=headers, data=form)

    return call


def carried(text, name="a.bpmn"):
    return {"name": name, "content": base64.b64encode(text.encode()).decode()}


def test_who_neither_draws_nor_deploys_sees_none_of_it(caller):
    answers = [caller("dept_handler", one) for one in ("/designs", "/designs/check",
               "/designs/five_steps/versions/1")]  # fmt: skip
    answers.append(caller("dept_handler", "/designs/check", text=GOOD))
    answers.append(caller("designer", "/designs/deploy", **carried(GOOD)))

    assert [one.status_code for one in answers] == [403] * 5
    assert 'href="/designs"' not in caller("dept_handler", "/tasks").text
    assert 'href="/designs"' in caller("designer", "/tasks").text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no xml <", "这个文件读不出来，无法显示。"),
        ("", "请选择文件，或粘贴 XML。"),
        (GOOD, "文件没有坐标，这里的位置是自动排的。"),
        (bases.DANCE.decode(), "这个文件画不出来，下面列出其中的元素。"),
        (bases.TALK.decode(), "图上画不出其中一部分"),
        (f"{DEFINITIONS}</definitions>", "文件里没有流程，也没有可以显示的图。"),
    ],
)
def test_pasted_text_is_answered_by_findings(caller, text, says):
    answer = caller("designer", "/designs/check", text=text)

    assert answer.status_code == (200 if text else 422)
    assert says in answer.text


def test_a_declared_encoding_means_nothing_to_pasted_text(caller):
    text = '<?xml version="1.0" encoding="GBK"?>' + GOOD

    assert "bad-encoding" not in caller("designer", "/designs/check", text=text).text


def test_only_who_deploys_is_offered_the_button(caller):
    shown = [caller(name, "/designs/check", text=GOOD).text for name in ("designer", "deployer")]

    assert ["/designs/deploy" in one for one in shown] == [False, True]
    wrong = caller("deployer", "/designs/check", text=WRONG).text
    assert ("/designs/deploy" in wrong, "有错误，不能部署" in wrong) == (False, True)


def test_what_the_page_carries_is_deployed_and_again_changes_nothing(caller, app):
    first, again = (caller("deployer", "/designs/deploy", **carried(GOOD)) for _ in range(2))

    assert [one.status_code for one in (first, again)] == [303, 303]
    assert ["done=deploy" in first.location, "done=unchanged" in again.location] == [True, True]
    assert views.definition(app, "repair")["version"] == 1


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (carried(WRONG), 422),
        ({"name": "a.bpmn", "content": "%%%"}, 400),
        ({"name": "a.bpmn"}, 400),
        ({"name": "a\nb.bpmn", "content": ""}, 400),
        ({"executor": "kernel"}, 400),
    ],
)
def test_what_cannot_be_deployed_is_refused_and_shown(caller, form, status):
    assert caller("deployer", "/designs/deploy", **form).status_code == status


def test_the_list_says_what_runs_what_is_drawn_and_what_was_found(caller, app):
    drawn = bases.POOLS
    deployments.deploy(app, identities.operator(), {"a.bpmn": GOOD.encode(), "b.bpmn": drawn})
    text = caller("designer", "/designs").text

    for key, kind, sign in (
        ("repair", "可执行", "▲ 3"),
        ("p", "图示", "▲ 1"),
        ("five_steps", "可执行", "0"),
    ):
        row = next(one for one in text.split("<tr>") if f"<code>{key}</code>" in one)
        assert (f"/designs/{key}/versions/1" in row, kind in row, sign in row) == (True,) * 3
        assert f"/api/v1/definitions/{key}/versions/1/xml" in row
    assert caller("designer", "/designs/p/versions/1").status_code == 200
    assert caller("designer", "/designs/p/versions/2").status_code == 404
    assert caller("designer", "/designs/p/versions/x").status_code == 404
    assert "这是图示" in caller("designer", "/designs/p/versions/1").text


@pytest.mark.parametrize("drawn", [False, True])
def test_a_flow_that_lacks_an_end_stands_at_the_other(drawn):
    text = GOOD.encode()
    if drawn:
        text = lay_out(text)
    made = picture(text.replace(b'sourceRef="t" targetRef="e"', b'sourceRef="t" targetRef="x"'))

    assert (made.places["g"], made.places["f"]) == ("t", "f")
    assert made.is_laid_out is not drawn


def test_what_is_no_bpmn_has_no_picture():
    assert [picture(one) for one in (b"", b"<a", b"<a/>")] == [None] * 3


@examples(40)
@given(content=st.sampled_from((bases.CAMUNDA, *DRAWN)), changes=CHANGES_TO_XML)
def test_changed_files_are_shown_with_their_findings(app, content, changes):
    files = {"a.bpmn": changed_xml(content, changes)}
    found = deployments.check(app, files)
    with create_app(app).test_request_context():
        shown = judged.judge(files, found)
        sheets = judged.sheets(shown)

    assert sum(len(one.findings) for one in shown) == len(found)
    marks = sum(one["count"] for sheet in sheets[:1] for one in sheet["marks"].values())
    assert marks == sum(1 for one in shown for told in one.findings if told["at"] is not None)


# -- in a browser ----------------------------------------------------------------------


def found_at(page, element):
    """The mark on an element of the drawing: what it says."""
    return page.locator(f"#diagram .djs-overlays[data-container-id='{element}'] .spot")


@pytest.mark.browser
@needs_viewer
def test_a_finding_leads_to_its_element_and_an_element_to_its_findings(people):
    page = people("designer")
    check(page, file("wrong.bpmn", WRONG))
    expect(page.locator("#diagram[data-shown='0']")).to_be_visible()

    expect(page.locator(".counts .sign-error")).to_have_text("✖ 错误 2")
    shows(page, "#diagram .djs-overlays[data-container-id='t'] .spot", "✖ 1")
    # What stands nowhere on the drawing is read first.
    first = page.locator(".found").first
    expect(first.locator(".go")).to_have_count(0)
    expect(first).to_contain_text("processtype")

    page.click(".found .go:text-is('计算')")
    expect(page.locator("#diagram[data-picked='t']")).to_be_visible()
    expect(page.locator("#diagram [data-element-id='t'].selected")).to_have_count(1)
    expect(page.locator(".found.picked")).to_have_count(1)

    found_at(page, "u").click()
    expect(page.locator("#diagram[data-picked='u']")).to_be_visible()
    expect(page.locator(".found.picked[data-at='u']").first).to_be_visible()
    expect(page.locator(".found.picked[data-at='t']")).to_have_count(0)

    page.locator("#diagram [data-element-id='t'] .djs-hit").first.click()
    expect(page.locator(".found.picked[data-at='t']")).to_have_count(1)
    expect(page.locator(".found.picked[data-at='u']")).to_have_count(0)


@pytest.mark.browser
@needs_viewer
def test_all_of_it_can_be_reached_by_keyboard(people):
    page = people("designer")
    check(page, file("wrong.bpmn", WRONG))
    expect(page.locator("#diagram[data-shown='0']")).to_be_visible()

    found_at(page, "t").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".found.picked[data-at='t'] .go")).to_be_focused()

    page.locator(".found[data-at='u'] .go").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#diagram[data-picked='u']")).to_be_visible()
    assert page.evaluate(CONTRAST) == []


@pytest.mark.browser
@needs_viewer
def test_files_that_belong_together_are_checked_and_deployed(people, app):
    page = people("deployer")
    talk = GOOD.replace('"repair"', '"talk"').replace("报修", "说话")
    check(page, file("a.bpmn", GOOD), file("b.bpmn", talk), file("c.json", '{"type": "default"}'))
    expect(page.locator(".found:has-text('form')").first).to_be_visible()
    expect(page.locator("text=有错误，不能部署。")).to_be_visible()

    check(page, file("a.bpmn", GOOD), file("b.bpmn", talk))
    expect(page.locator("#diagram[data-shown='0']")).to_be_visible()
    page.click("#diagram-tabs button:text-is('b.bpmn')")
    expect(page.locator("#diagram[data-shown='1']")).to_be_visible()
    page.click("button:text-is('部署')")

    shows(page, ".done", "已部署：repair 1, talk 1")
    page.click(".designs a:text-is('报修')")
    expect(page.locator("#diagram[data-shown='0']")).to_be_visible()
    shows(page, "h1", "报修")
    shows(page, "#diagram .djs-overlays[data-container-id='t'] .spot", "▲ 3")


@pytest.mark.browser
@needs_viewer
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (bases.DANCE, "This file cannot be drawn; its elements are listed below."),
        ("<a", "The file cannot be read, so it is not shown."),
    ],
)
def test_what_cannot_be_drawn_is_told_in_the_language_of_the_page(people, text, says):
    page = people("designer")
    page.goto("/designs/check?lang=en")
    page.set_input_files("#files", files=[file("x.bpmn", text)])
    page.click("button:text-is('Check files')")

    expect(page.locator(f"text={says}")).to_be_visible()
    expect(page.locator("#diagram")).to_have_count(0)


@pytest.mark.browser
@needs_viewer
def test_the_pages_fit_a_phone(people, app):
    deployments.deploy(app, identities.operator(), {"a.bpmn": GOOD.encode()})
    page = people("designer", viewport=PHONE, has_touch=True)
    check(page, file("wrong.bpmn", WRONG))
    expect(page.locator("#diagram[data-shown='0']")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    page.locator(".found .go:text-is('计算')").tap()
    expect(page.locator("#diagram[data-picked='t']")).to_be_in_viewport()
    box = page.locator("#diagram [data-element-id='t']").first.bounding_box()
    assert 0 <= box["x"] <= PHONE["width"]
    for path in ("/designs", "/designs/repair/versions/1?lang=en", "/designs/check"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
