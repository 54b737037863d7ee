"""The designer's editors of forms and decision tables, and the examples of a table."""

import json

import pytest

from api import create_app
from api.web import differences
from engine import cases, decisions, deployments, drafts, identities, views
from engine.commands import CompleteTask
from engine.errors import NotFound
from tests.accessibility import accessible, fits
from tests.snippets import DEFINITIONS
from tests.test_pages import PHONE, address, chromium, expect, people
from tests.test_pages_cases import needs_viewer
from tests.test_pages_designer import caller, draw, group

__all__ = ["address", "caller", "chromium", "people"]

DIAGRAM = f"""{DEFINITIONS}
<process id="repair" name="报修" isExecutable="true">
  <startEvent id="s" name="开始"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
  <!-- 先登记，再定时限 -->
  <userTask id="t" name="登记" camunda:formKey="ask"/>
  <sequenceFlow id="g" sourceRef="t" targetRef="d"/>
  <businessRuleTask id="d" name="定时限" camunda:decisionRef="hours"
      camunda:resultVariable="hours" camunda:mapDecisionResult="singleEntry"/>
  <sequenceFlow id="h" sourceRef="d" targetRef="u"/>
  <userTask id="u" name="处置"/><sequenceFlow id="i" sourceRef="u" targetRef="e"/>
  <endEvent id="e"/>
</process></definitions>"""
FORM = {
    "schemaVersion": 16,
    "type": "default",
    "id": "ask",
    "title": "报修登记",
    "title_en": "What is broken",
    "components": [
        {
            "id": "ask_urgency",
            "type": "radio",
            "key": "urgency",
            "label": "急不急",
            "label_en": "Urgency",
            "field_class": "public",
            "values": [
                {"value": "normal", "label": "一般", "label_en": "Normal"},
                {"value": "urgent", "label": "紧急", "label_en": "Urgent"},
            ],
            "validate": {"required": True},
        },
        {
            "id": "ask_unit",
            "type": "select",
            "key": "unit_code",
            "label": "单位",
            "label_en": "Unit",
            "valuesList": {"list": "departments", "value": "code", "label": "name_zh"},
        },
        {
            "id": "ask_goods",
            "type": "dynamiclist",
            "key": "goods",
            "label": "物品",
            "label_en": "Goods",
            "personal": False,
            "components": [
                {"id": "ask_name", "type": "textfield", "key": "name", "label": "名称",
                 "personal": False},
            ],
        },
        {
            "id": "ask_phone",
            "type": "textfield",
            "key": "phone",
            "label": "电话",
            "label_en": "Phone",
            "field_class": "reporter",
            "readonly": True,
            "conditional": {"hide": '=urgency = "normal"'},
        },
    ],
}  # fmt: skip
TABLE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
    id="hours_file" name="hours" namespace="http://bihuan.example/hours">
  <decision id="hours" name="时限">
    <decisionTable id="hours_table" hitPolicy="UNIQUE">
      <input id="hours_in" label="急不急">
        <inputExpression id="hours_text" typeRef="string"><text>urgency</text></inputExpression>
      </input>
      <output id="hours_out" name="hours" typeRef="number"/>
      <!-- 街道办 2026 年定 -->
      <rule id="r1"><inputEntry id="r1_i"><text>"normal"</text></inputEntry>
        <outputEntry id="r1_o"><text>4</text></outputEntry></rule>
      <rule id="r2"><inputEntry id="r2_i"><text>"urgent"</text></inputEntry>
        <outputEntry id="r2_o"><text>2</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
"""
DOOR = {
    "id": "ask_door", "type": "textfield", "key": "door", "label": "门牌号",
    "label_en": "Door", "personal": False, "validate": {"required": True},
}  # fmt: skip
EXAMPLES = "urgency,hours,rule\nnormal,4,1\nurgent,2,2\n"
FILES = {
    "repair.bpmn": DIAGRAM,
    "ask.json": json.dumps(FORM, ensure_ascii=False),
    "hours.dmn": TABLE,
    "hours.examples.csv": EXAMPLES,
}


@pytest.fixture
def repair(app):
    """A process with a form and a table that has examples, deployed."""
    files = {name: text.encode() for name, text in FILES.items()}
    deployments.deploy(app, identities.operator(), files)


# -- examples --------------------------------------------------------------------------------


def tried(caller, table=TABLE, examples=EXAMPLES, path="/designs/repair/draft/examples"):
    files = {"hours.dmn": table, **({"hours.examples.csv": examples} if examples else {})}
    return caller("designer", path, files, table="hours.dmn").json


def test_examples_are_tried_on_the_unsaved_table(caller):
    found = tried(caller, TABLE.replace("<text>2</text>", "<text>3</text>"))

    assert (found["passed"], found["failed"], found["wrong"]) == (1, 1, [])
    [block] = found["blocks"]
    assert block["names"] == ["urgency", "hours", "rule"]
    assert block["lines"] == [
        {"cells": ["normal", "4", "1"], "passed": True, "says": "得到 hours = 4"},
        {"cells": ["urgent", "2", "2"], "passed": False, "says": "得到 hours = 3"},
    ]


@pytest.mark.parametrize(
    ("table", "examples", "failed", "says"),
    [
        (TABLE, None, 0, []),
        (TABLE, "urgency,hours\nnormal,4,x,y\n", 1, ["第 2 行的单元格比表头多。"]),
        (TABLE, "urgency,minutes\nnormal,4\n", 1, ["第 1 行没有写“hours”的输出：hours。"]),
        ("no table", EXAMPLES, 2, ["“hours.examples.csv”旁边没有同名的 DMN 文件。"]),
        (TABLE, 'urgency,"hours\n', 0, ["示例文件读不了：unexpected end of data。"]),
    ],
)
def test_what_keeps_examples_from_being_tried_is_told_in_chinese(
    caller, table, examples, failed, says
):
    found = tried(caller, table, examples)

    assert (found["passed"], found["failed"], found["wrong"]) == (0, failed, says)


def test_blocks_of_examples_keep_every_cell():
    text = 'a,b\n"1, 2",x\n\ndecision,c,d\nk,3\n,,\nc\n'
    found = decisions.example_blocks(text.encode())

    assert [(one.line, one.names, one.lines) for one in found] == [
        (1, ("a", "b"), ((2, ("1, 2", "x")),)),
        (4, ("decision", "c", "d"), ((5, ("k", "3")),)),
        (7, ("c",), ()),
    ]


# -- files of a draft ------------------------------------------------------------------------


def test_a_deployed_form_or_table_comes_into_a_draft(caller, app, repair):
    form = caller("designer", "/designs/other/draft/deployed?kind=form&key=ask").json
    table = caller("designer", "/designs/other/draft/deployed?kind=decision&key=hours").json

    assert {name: json.loads(text) for name, text in form["files"].items()} == {"ask.json": FORM}
    assert table["files"] == {"hours.dmn": TABLE, "hours.examples.csv": EXAMPLES}
    for kind, key in (("form", "nothing"), ("import", "hours"), ("examples", "hours.dmn")):
        with pytest.raises(NotFound):
            drafts.deployed_file(app, kind, key)


def test_which_processes_share_a_form_is_known(caller, app, repair):
    other = DIAGRAM.replace('id="repair" name="报修"', 'id="rework" name="返修"')
    files = {"rework.bpmn": other.encode(), "ask.json": FILES["ask.json"].encode()}
    deployments.deploy(app, identities.operator(), files)
    page = caller("designer", "/designs/repair/edit").text
    given = json.loads(page.split('id="given">')[1].split("</script>")[0])

    assert given["shared"] == {"ask.json": ["返修"], "hours.dmn": ["返修"]}


def test_what_a_form_and_examples_say_otherwise_is_told_in_words(app):
    form = json.loads(FILES["ask.json"])
    radio, unit, _, phone = form["components"]
    form["title_en"] = "Repairs"
    del radio["validate"]
    phone.update(readonly=False, label="手机", validate={"maxLength": 11})
    form["components"] = [unit, radio, phone, {"type": "text", "id": "x", "text": "说明"}]
    new = {
        **FILES,
        "ask.json": json.dumps(form),
        "hours.examples.csv": EXAMPLES.replace("urgent,2,2", "urgent,1,2"),
    }
    with create_app(app).test_request_context("/"):
        found = {one["says"]: one["facts"] for one in differences.tell(FILES, new)}

    assert found == {
        "改动：ask.json": [
            "改动：整张表单: 英文标题：由 What is broken 改为 Repairs",
            "改动：急不急: 必填：去掉了 是",
            "改动：手机: 名称：由 电话 改为 手机; 只显示，不能改：由 是 改为 否; 最多字数：新设为 11",
            "新增：x",
            "删去：物品",
            "删去：名称",
            "组件的次序变了",
        ],
        "改动：hours.examples.csv": ["删去：urgent, 2, 2", "新增：urgent, 1, 2"],
    }


# -- in a browser ----------------------------------------------------------------------------


def put(page, name, value):
    """Type into a member of the picked component."""
    page.fill(f"#form-panel [name='{name}']", value)
    page.press(f"#form-panel [name='{name}']", "Tab")


def kept(app, who):
    return drafts.opened(app, who("deployer"), "repair").files


@needs_viewer
@pytest.mark.browser
def test_a_form_and_a_table_are_edited_tried_and_deployed_together(app, who, repair, people):
    page = people("deployer", viewport={"width": 1280, "height": 800})
    refused = []
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    draw(page, "repair")

    add_a_form(page)
    add_a_field(page)
    form = json.loads(kept(app, who)["ask.json"])
    first = FORM["components"]
    assert form == {**FORM, "components": [*first[:3], DOOR, first[3]]}
    change_a_rule(page)
    assert kept(app, who)["hours.dmn"].count("<!-- 街道办 2026 年定 -->\n") == 1
    assert kept(app, who)["repair.bpmn"].count('<!-- 先登记，再定时限 -->\n<userTask id="t"') == 1
    add_a_table(page)
    assert kept(app, who)["fees.dmn"] == FEES
    open_by_links(page)
    page.click(".who a[hreflang]")
    expect(page.locator("html[lang=en]")).to_have_count(1)
    deploy_in_english(page)
    assert refused == []

    case = cases.start(app, who("street_dispatcher"), process="repair", data={}).case_id
    data = {"door": "3-201", "urgency": "urgent"}
    cases.handle(app, who("street_dispatcher"), case, CompleteTask("repair.t.1", None, data))
    told = views.case(app, who("admin"), case)["data"]
    assert (told["door"], told["hours"]) == ("3-201", 1)
    assert json.loads(kept(app, who)["result.json"])["components"][0]["key"] == "solved"


def add_a_form(page):
    """Add a form under a key that is free, and pick it at a task."""
    page.click("#new-form")
    page.fill("#adding-name", "处置结果")
    page.fill("#adding-key", "ask")
    page.click("#add-now")
    expect(page.locator("#adding-refused")).to_have_text("这个标识已有文件用了，换一个。")
    page.fill("#adding-key", "result")
    page.click("#add-now")
    expect(page.locator("#bench[data-shown='result.json']")).to_be_visible()
    page.select_option("#file", "repair.bpmn")
    page.click("[data-element-id='u'] .djs-hit")
    group(page, "form")
    page.select_option("[data-entry-id=form] select", "result")
    page.click("[data-entry-id=open_form] button")
    expect(page.locator("#form-panel [name=title]")).to_have_value("处置结果")
    page.click(".fjs-palette-field[data-field-type=checkbox]")
    put(page, "key", "solved")


def add_a_field(page):
    """Go from the task to its form, add a field and name it."""
    page.select_option("#file", "repair.bpmn")
    page.click("[data-element-id='t'] .djs-hit")
    page.click("[data-entry-id=open_form] button")
    expect(page.locator("#bench[data-shown='ask.json']")).to_be_visible()
    page.click(".fjs-palette-field[data-field-type=textfield]")
    expect(page.locator("#form-panel h2")).to_have_text("单行文字")
    put(page, "label", "门牌号")
    put(page, "label_en", "Door")
    put(page, "key", "urgency")
    assert page.eval_on_selector("#form-panel [name=key]", "one => one.validationMessage") == (
        "这张表单里已有这个数据名。"
    )
    put(page, "key", "door")
    page.select_option("#form-panel [name=personal]", "false")
    page.check("#form-panel [name='validate.required']")
    page.click("#form-panel button[title=上移]")
    expect(page.locator("#form-canvas .fjs-form-field label:has-text('门牌号')")).to_be_visible()
    expect(page.locator("#form-canvas .fjs-powered-by-link")).to_be_visible()
    accessible(page)
    page.click("#save")
    expect(page.locator("#state[data-kept=true]")).to_contain_text("已保存")


def change_a_rule(page):
    """Change a rule: its example fails, beside it and among the findings, until it is mended."""
    page.select_option("#file", "hours.dmn")
    expect(page.locator("#examples-count[data-passed='2'][data-failed='0']")).to_be_visible()
    page.dblclick("[data-element-id=r2_o]")
    page.keyboard.press("Control+A")
    page.keyboard.type("1")
    page.click("#examples h2")
    expect(page.locator("#examples .failed .sign-error")).to_have_text("✖ 得到 hours = 1")
    expect(page.locator("#found-beside .found-error")).to_have_count(1)
    expect(page.locator("#table-canvas .bjs-powered-by")).to_be_visible()
    accessible(page)
    page.fill("#examples .failed input >> nth=1", "1")
    page.press("#examples .failed input >> nth=1", "Tab")
    expect(page.locator("#examples-count[data-passed='2'][data-failed='0']")).to_be_visible()
    expect(page.locator("#counts[data-errors='0']")).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-untranslated", "")
    page.set_viewport_size(PHONE)
    fits(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.click("#save")
    expect(page.locator("#state[data-kept=true]")).to_contain_text("已保存")


FEES = TABLE.replace("hours", "fees").replace("<!-- 街道办 2026 年定 -->", "")
UNKNOWN = FEES.replace("<rule id=", '<weight id="w">2</weight><rule id=', 1)


def add_a_table(page):
    """Add a table as text: what the editor would lose stays text, what it can show it shows."""
    page.click("#new-table")
    page.fill("#adding-name", "费用")
    page.fill("#adding-key", "fees")
    page.click("#add-now")
    expect(page.locator("#bench[data-shown='fees.dmn']")).to_be_visible()
    expect(page.locator("#table-tabs button[aria-pressed=true]")).to_have_text("费用")
    for text, pressed in ((UNKNOWN, "true"), (FEES, "false")):
        if page.get_attribute("#as-text", "aria-pressed") == "false":
            page.click("#as-text")
        page.fill("#file-text", text)
        page.click("#as-text")
        expect(page.locator(f"#as-text[aria-pressed={pressed}]")).to_be_visible()
        expect(page.locator("#file-unreadable")).to_be_visible(visible=pressed == "true")
    expect(page.locator("#table-tabs button[aria-pressed=true]")).to_have_text("时限")
    expect(page.locator("#file-text")).to_be_hidden()
    page.click("#save")
    expect(page.locator("#state[data-kept=true]")).to_contain_text("已保存")


def open_by_links(page):
    """A link leads to a file; the form editor is used on a phone."""
    page.goto("/designs")
    page.goto("/designs/repair/edit#hours.dmn")
    expect(page.locator("#bench[data-shown='hours.dmn']")).to_be_visible()
    expect(page.locator("#table-tabs button[aria-pressed=true]")).to_have_text("时限")
    page.set_viewport_size(PHONE)
    page.goto("/designs")
    page.goto("/designs/repair/edit#ask.json")
    expect(page.locator("#form-panel [name=title]")).to_have_value("报修登记")
    # What a form asks is not asked here: its fields are disabled.
    page.click("#form-canvas .fjs-form-field label:has-text('门牌号')", force=True)
    expect(page.locator("#form-panel [name=key]")).to_have_value("door")
    accessible(page)
    page.set_viewport_size({"width": 1280, "height": 800})


def deploy_in_english(page):
    """Look at what has changed, try the new field and the new rule, deploy."""
    page.goto("/designs/repair/differences")
    expect(page.locator(".findings")).to_contain_text("New: Door")
    draw(page, "repair")
    page.click("#trial-begin")
    page.click("#trial-open button")
    page.fill("#trial-open [name=door]", "3-201")
    page.select_option("#trial-open [name=urgency]", "urgent")
    page.click("#trial-open .card button >> nth=0")
    expect(page.locator("#trial-data")).to_contain_text("hours = 1")
    page.click("#open-deploy")
    page.fill("#note", "Door numbers; urgent repairs within the hour")
    page.click("#deploy-now")
    page.wait_for_url("**/designs?done=deploy**")
    expect(page.locator(".done")).to_contain_text("repair 2")
