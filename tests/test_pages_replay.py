"""The replay of a case: what an auditor sees at every entry, and who sees nothing."""

from __future__ import annotations

import json
import re
from html import unescape

import orjson
import pytest
import sqlalchemy as sa

from api.web import language
from engine import cases, deployments, identities
from engine.cli.diagrams import read_files
from engine.commands import CompleteTask
from engine.commands.base import SHAPES
from engine.tables import entries, tasks
from tests.access_table import _STEPS, REPORT, ROOT
from tests.accessibility import accessible, fits
from tests.callers import callers
from tests.page_texts import part, texts, visit
from tests.test_journeys import DIAGRAM, FORM, GIVEN
from tests.test_pages import PHONE, address, chromium, expect, people, shows
from tests.test_pages_cases import needs_viewer

__all__ = ["address", "chromium", "people", "visit"]


@pytest.fixture
def whistle(app, who):
    """A whistle that was handled up to the return visit."""
    deployments.deploy(app, identities.operator(), read_files([ROOT / "processes"]))
    case_id = cases.start(app, who("grid_worker"), process="whistle_report", data=REPORT).case_id
    for element, user, _, outcome, data in _STEPS:
        if element == "ask":
            break
        process = "whistle_report" if element in MAIN else "department_handling"
        command = CompleteTask(f"{process}.{element}.1", outcome, data)
        cases.handle(app, who(user), case_id, command)
    return case_id


MAIN = ("accept", "analyse", "first_contact", "street_check")


@pytest.fixture
def spend(app, who):
    """A small case: a task, a gateway, another task."""
    files = {"spend.bpmn": DIAGRAM, "asked.json": FORM}
    deployments.deploy(app, identities.operator(), files)
    case_id = cases.start(app, who("street_dispatcher"), process="spend", data=GIVEN).case_id
    command = CompleteTask("spend.look.1", None, {"fee": 301})
    cases.handle(app, who("street_dispatcher"), case_id, command)
    return case_id


# -- what every entry says --------------------------------------------------------------


def test_the_state_shown_at_every_entry_is_that_of_the_call(app, visit, spend):
    last = 2
    for position in range(1, last + 1):
        _, page = visit("auditor", f"/cases/{spend}/replay?position={position}&part=1")
        call = callers(app)("auditor").get(f"/cases/{spend}/state?position={position}").get_json()
        drawn = json.loads(unescape(re.search(r'data-drawn="([^"]*)"', page)[1]))

        stands = {}
        for one in call["elements"]:
            stands.setdefault(one["process"], {})[one["element"]] = 1
        assert drawn["tokens"] == stands
        assert [one.split()[0] for one in part(page, "tokens")] == {1: ["核查"], 2: ["审批"]}[
            position
        ]
        assert f"此刻的数据（{len(call['data'])} 项）" in page


def test_a_moment_tells_the_branch_what_changed_and_on_what_it_rests(visit, spend):
    _, page = visit("auditor", f"/cases/{spend}/replay?position=2&lang=en")

    ways = re.search(r'<ul class="ways">(.*?)</ul></div>', page, re.DOTALL)[1]
    assert texts(ways, "strong") == ["Taken: 是", "Not taken: 否"]
    assert texts(ways, "code") == ["fee > 100 and district == 'west'", "district", "fee"]
    # Who reported is not for an auditor, and neither is it by the way of a condition.
    assert texts(ways, "span") == ["to “审批”", "holds", "(withheld)", "301", "to “e”", "default"]
    cells = texts(
        re.search(r'<table class="register changes">(.*?)</table>', page, re.DOTALL)[1], "t[dh]"
    )
    assert cells[3:6] == ["Fee fee", "300", "301"]
    assert re.search(r"<dt>Processes</dt><dd>spend version 1 ", page)
    assert "<dt>Working calendar</dt>" in page


def test_two_moments_are_compared(visit, spend):
    _, page = visit("auditor", f"/cases/{spend}/replay?position=2&with=1&lang=en")

    assert "Entry 1 compared with entry 2" in texts(page, "h3")
    assert part(page, "gone") == ["核查 spend"]
    assert part(page, "come") == ["审批 spend"]
    # The other way round it is the same: the earlier one comes first.
    _, other = visit("auditor", f"/cases/{spend}/replay?position=1&with=2&lang=en")
    assert (part(other, "gone"), part(other, "come")) == (["核查 spend"], ["审批 spend"])


def test_every_command_has_its_words():
    assert [name for name in SHAPES if not language.known(f"did_{name}")] == []


# -- what is proved ---------------------------------------------------------------------


def test_it_is_proved_again_on_demand_by_who_audits(visit, spend):
    _, page = visit("auditor", f"/cases/{spend}/replay")
    assert "哈希链完整：2 条记录首尾相接" in page
    assert "重放结果一致" not in page

    status, page = visit("auditor", f"/cases/{spend}/replay", "POST", position="2")
    assert status == 200
    assert "重放结果一致：2 条命令重新执行，产生的事件与记录完全相同。" in page
    assert "第 2 条，共 2 条" in page

    assert visit("street_dispatcher", f"/cases/{spend}/replay")[0] == 200
    assert visit("street_dispatcher", f"/cases/{spend}/replay", "POST")[0] == 403
    for method in ("GET", "POST"):
        assert visit("RY029", f"/cases/{spend}/replay", method)[0] == 404


def test_what_lies_beside_the_history_is_proved_by_the_rule_of_verify(app, visit, spend):
    with app.database.writing() as tx:
        tx.run(sa.update(tasks).where(tasks.c.case_id == spend).values(priority=99), {})

    _, page = visit("auditor", f"/cases/{spend}/replay?lang=en", "POST")

    assert "What derives from the history is not what it comes to." in page
    assert "priority is 99, where its history comes to 0" in page


def tampered(app, case_id, position, change):
    """Change an entry past the engine, as somebody with the database's password would."""
    place = (entries.c.stream == case_id) & (entries.c.position == position)
    with app.database.engine.begin() as connection:
        body = connection.execute(sa.select(entries.c.body).where(place)).scalar_one()
        connection.execute(sa.update(entries).where(place).values(body=change(bytes(body))))


def test_a_changed_entry_is_said_on_top_and_nothing_after_it_is_trusted(app, visit, spend):
    def cheaper(body):
        document = orjson.loads(body)
        document["command"]["data"]["fee"] = 1
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)

    tampered(app, spend, 2, cheaper)
    status, page = visit("auditor", f"/cases/{spend}/replay?position=1")
    assert status == 200
    assert "第 2 条记录与原记录不符" in page
    assert part(page, "tokens") == ["核查 spend"]

    for query in ("position=2", "position=2&lang=en"):
        status, page = visit("auditor", f"/cases/{spend}/replay?{query}")
        assert (status, part(page, "tokens")) == (200, [])
    assert "Entry 2 is not as it was written" in page
    assert "it is not replayed" in page
    # The script is sent to the whole page, which says why.
    assert visit("auditor", f"/cases/{spend}/replay?position=2&part=1")[0] == 409
    assert "重放结果一致" not in visit("auditor", f"/cases/{spend}/replay", "POST")[1]


def test_an_entry_that_cannot_even_be_read_leaves_the_page_standing(app, visit, spend):
    tampered(app, spend, 2, lambda _: b"nothing of it is left")

    status, page = visit("auditor", f"/cases/{spend}/replay?position=2")

    assert status == 200
    assert "第 2 条记录与原记录不符" in page


# -- the case file ----------------------------------------------------------------------


def test_the_file_has_every_entry_its_digest_and_who_printed_it(app, visit, spend):
    _, page = visit("street_leader", f"/cases/{spend}/file")

    found = callers(app)("street_leader").get(f"/cases/{spend}/history").get_json()["items"]
    rows = re.search(r'<table class="entries">(.*?)</table>', page, re.DOTALL)[1]
    assert texts(rows, "td") == [
        "1", "2026-09-14 09:00", "街道受理员",
        f"发起：发起事项；转到“核查” {found[0]['digest']}",
        "2", "2026-09-14 09:00", "街道受理员",
        f"办理：签收“核查”；办理“核查”；转到“审批” {found[1]['digest']}",
    ]  # fmt: skip
    foot = texts(page, "footer")[0]
    assert foot.startswith(f"哈希链完整：2 条记录首尾相接，末条摘要 {found[1]['digest']}")
    assert "street_leader" in foot
    # What is withheld stays withheld on paper; a sealed one shows its commitment to who may not.
    assert re.search(r'<th scope="row">辖区</th><td>（无权查看）', page)
    assert re.search(r'<th scope="row">情况</th><td>换灯', page)
    assert re.findall(r"<style|<script|\sstyle=", page) == []

    log = callers(app)("auditor").get(f"/cases/{spend}/accesses").get_json()["items"]
    assert [(one["by"], one["place"], one["what"]) for one in log] == [
        ("street_leader", "case", ["story"])
    ]
    assert visit("RY029", f"/cases/{spend}/file")[0] == 404
    assert "历史记录：第 2 至 2 条，共 2 条" in visit("auditor", f"/cases/{spend}/file?after=1")[1]


# -- with a browser ---------------------------------------------------------------------


def told_of(visit, whistle):
    """What was asked, and what came of it, entry by entry."""
    told = []
    for position in range(1, 13):
        status, page = visit("auditor", f"/cases/{whistle}/replay?position={position}&part=1")
        assert status == 200
        asked = re.search(r'class="asked">(.*?)<', page)[1]
        told.append((asked, part(page, "texts")))
    return told


TOLD = [
    ("发起", ["发起事项"]),
    ("系统任务完成", []),
    ("系统任务完成", ["转到“平台受理”"]),
    ("办理", ["签收“平台受理”", "办理“平台受理”：受理", "转到“分析研判”"]),
    ("办理", ["签收“分析研判”", "办理“分析研判”：吹哨"]),
    ("系统任务完成", ["转到“联系诉求人”", "转到“签收”"]),
    ("办理", ["签收“签收”", "办理“签收”：签收", "转到“处置”"]),
    ("办理", ["签收“联系诉求人”", "办理“联系诉求人”"]),
    ("办理", ["签收“处置”", "办理“处置”：办结", "转到“部门自查”"]),
    ("办理", ["签收“部门自查”", "办理“部门自查”：通过", "转到“提交”"]),
    ("办理", ["签收“提交”", "办理“提交”：办结", "转到“现场核查”"]),
    ("办理", ["签收“现场核查”", "办理“现场核查”：通过", "转到“回访”"]),
]


@needs_viewer
@pytest.mark.browser
def test_an_auditor_replays_a_whistle_and_the_tokens_move(people, visit, whistle):
    assert told_of(visit, whistle) == TOLD

    page = people("auditor", reduced_motion="reduce")
    page.goto(f"/cases/{whistle}/replay?position=4")
    drawn = page.locator("#diagram")
    expect(drawn).to_have_attribute("data-position", "4")
    # What goes on inside a collapsed sub-process is shown there.
    here = page.locator("#diagram .djs-shape.rp-here")
    expect(here).to_have_attribute("data-element-id", "analyse")
    expect(page.locator("#diagram .token")).to_have_count(1)
    expect(page.locator("#diagram .bjs-powered-by")).to_be_visible()
    accessible(page)

    page.click("[data-step=next]")
    shows(page, "#moment-title", "第 5 条，共 12 条")
    page.wait_for_url("**position=5**")
    page.focus("#slider")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    shows(page, "#moment-title", "第 7 条，共 12 条")
    # The department acts in the diagram of its own process.
    expect(drawn).to_have_attribute("data-shown", "department_handling")
    expect(page.locator("#diagram .rp-here[data-element-id=handle]")).to_be_visible()
    page.click("#diagram-tabs [data-key=whistle_report]")
    expect(drawn).to_have_attribute("data-shown", "whistle_report")

    page.click("[data-step=last]")
    shows(page, "#moment-title", "第 12 条，共 12 条")
    page.goto(f"/cases/{whistle}/replay?position=10&lang=en")
    page.focus("#play")
    page.keyboard.press("Enter")
    shows(page, "#moment-title", "Entry 12 of 12")
    shows(page, "#play", "Play")
    page.click("button:text-is('Check and replay again')")
    shows(
        page,
        ".proved [role=status]",
        "Replay is identical: 12 commands were carried out again and gave the same events.",
    )
    page.set_viewport_size(PHONE)
    fits(page)


@pytest.mark.browser
def test_without_script_the_same_moments_are_links(people, spend):
    page = people("auditor", java_script_enabled=False, viewport=PHONE)
    page.goto(f"/cases/{spend}/replay")
    shows(page, "#moment-title", "第 1 条，共 2 条")
    expect(page.locator("#play")).to_be_hidden()
    page.click("[data-step=next]")
    shows(page, "#moment-title", "第 2 条，共 2 条")
    page.fill("[name=with]", "1")
    page.click("button:text-is('显示')")
    shows(page, "#compared-title", "第 1 条与第 2 条相比")
