"""The designer: drafts that nobody overwrites, what is checked as it is typed, and a changed limit."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest

from api import create_app
from api.web import differences
from engine import cases, deployments, drafts, identities, views
from engine.bpmn.differences import compare
from engine.bpmn.layout import lay_out
from engine.clock import parse
from engine.commands import CompleteTask
from engine.errors import DraftMoved, NotAllowed, OwnDraft
from tests.accessibility import accessible, fits
from tests.snippets import DEFINITIONS
from tests.test_pages import FILES, PHONE, address, chromium, expect, formed, people
from tests.test_pages_cases import needs_viewer

__all__ = ["address", "chromium", "formed", "people"]

ROOT = Path(__file__).parent.parent
BARE = f"""{DEFINITIONS}
<process id="repair" name="报修" isExecutable="true">
  <startEvent id="s" name="开始"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
  <userTask id="t" name="受理"/><sequenceFlow id="g" sourceRef="t" targetRef="e"/>
  <endEvent id="e"/>
</process></definitions>"""


@pytest.fixture
def caller(app):
    """Return a function from a user and a path to the answer; files are sent as a form."""
    client = create_app(app).test_client(use_cookies=False)

    def call(name, path, /, files=None, **form):
        token = identities.create_token(app, name, by="@test")
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if files is None and not form:
            return client.get(path, headers=headers)
        parts = [(BytesIO(one.encode()), key) for key, one in (files or {}).items()]
        data = {**form, "files": parts}
        return client.post(path, headers=headers, data=data)

    return call


def saved(app, actor, text=BARE, revision=0, name="报修"):
    files = {"repair.bpmn": text.encode()}
    return drafts.save(app, actor, "repair", files, name=name, revision=revision)


# -- drafts --------------------------------------------------------------------------------


def test_the_second_who_saves_an_old_revision_is_told_who_was_first(any_app, who):
    first = saved(any_app, who("designer"))
    second = saved(any_app, who("deployer"), BARE.replace("受理", "登记"), revision=1)

    with pytest.raises(DraftMoved) as refusal:
        saved(any_app, who("designer"), BARE.replace("受理", "接收"), revision=1)

    told = refusal.value.to_json()
    assert (told["revision"], told["saved_by"]) == (2, "deployer")
    assert (first.revision, second.revision, second.authors) == (1, 2, ("designer", "deployer"))
    kept = drafts.opened(any_app, who("designer"), "repair")
    assert "登记" in kept.files["repair.bpmn"]


def test_a_draft_is_deployed_with_its_note_and_gone(any_app, who):
    saved(any_app, who("designer"))

    answer = drafts.deploy(
        any_app, who("deployer"), "repair", revision=1, note="首次试行", executor="kernel"
    )

    assert answer.status == 201
    assert drafts.all_drafts(any_app, who("designer")) == []
    [told] = drafts.deployed_by(any_app, "repair")
    assert (told["version"], told["by"], told["note"]) == (1, "deployer", "首次试行")
    # Who still has the old draft open does not bring it back unknowingly.
    with pytest.raises(DraftMoved) as refusal:
        saved(any_app, who("designer"), revision=1)
    assert (refusal.value.revision, refusal.value.saved_by) == (0, "deployer")


def test_with_four_eyes_who_has_worked_on_a_draft_does_not_deploy_it(app, who, four_eyed):
    saved(four_eyed, who("designer"))
    saved(four_eyed, who("deployer"), revision=1)

    with pytest.raises(OwnDraft):
        drafts.deploy(four_eyed, who("deployer"), "repair", revision=2, note="", executor="kernel")
    answer = drafts.deploy(
        four_eyed, who("admin"), "repair", revision=2, note="", executor="kernel"
    )

    assert answer.status == 201


@pytest.fixture
def four_eyed(app):
    """The application where who has worked on a draft does not deploy it."""
    return replace(app, settings=replace(app.settings, four_eyes=True))


def test_drafts_are_for_those_who_draw(app, who):
    with pytest.raises(NotAllowed):
        saved(app, who("dept_handler"))
    with pytest.raises(NotAllowed):
        drafts.deploy(app, who("designer"), "repair", revision=1, note="", executor="kernel")


def test_a_draft_of_what_is_deployed_begins_with_its_forms(app, who, formed):
    draft = drafts.opened(app, who("designer"), "formed")

    assert (draft.revision, draft.base) == (0, 1)
    assert sorted(draft.files) == ["formed.bpmn", "report_form.json"]
    # It was written as text; the designer is given shapes.
    assert "BPMNShape" in draft.files[draft.diagram]


def test_what_the_second_designer_is_told_over_http(caller):
    files = {"repair.bpmn": BARE}
    answers = [
        caller("designer", "/designs/repair/draft", files, revision="0", title="报修"),
        caller("deployer", "/designs/repair/draft", files, revision="0", title="报修"),
    ]

    assert [one.status_code for one in answers] == [200, 409]
    assert answers[1].json["code"] == "draft-moved"
    assert (answers[1].json["revision"], answers[1].json["saved_by"]) == (1, "designer")
    assert caller("deployer", "/designs/repair/draft").json["revision"] == 1
    assert "第 1 稿" in caller("designer", "/designs").text


# -- what the page asks for ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        ("limit", "working_hours(4)", {"says": "若现在开始：2026-09-14 14:30 到期"}),
        ("limit", "PT4H", {"says": "若现在开始：2026-09-14 13:00 到期"}),
        ("limit", "after(value('at'), working_days(1))", {"says": "取决于数据：at"}),
        ("expression", "amount > 100", {"says": "取决于数据：amount"}),
        ("expression", "1 < 2", {"says": ""}),
    ],
)
def test_an_expression_is_previewed_on_the_real_calendar(caller, kind, text, answer):
    got = caller("designer", f"/designs/draft/preview?kind={kind}&text={quote(text)}")

    assert got.json == answer


def test_a_wrong_expression_is_told_in_one_sentence(caller):
    got = caller("designer", "/designs/draft/preview?kind=limit&text=three%20days").json

    assert list(got) == ["wrong"]
    assert "three days" in got["wrong"]


def test_unsaved_files_are_checked_and_nothing_is_kept(caller, app, who):
    wrong = BARE.replace('targetRef="e"', 'targetRef="nowhere"')
    found = caller("designer", "/designs/repair/draft/check", {"repair.bpmn": wrong}).json[
        "findings"
    ]

    assert [one["severity"] for one in found if one["severity"] == "error"] != []
    assert all({"says", "todo", "sign", "element"} <= set(one) for one in found)
    assert drafts.all_drafts(app, who("designer")) == []


def test_a_diagram_is_laid_out_anew(caller):
    xml = caller("designer", "/designs/draft/laid-out", {"repair.bpmn": BARE}).json["xml"]

    assert xml.count("<bpmndi:BPMNShape") == 3
    again = caller("designer", "/designs/draft/laid-out", {"repair.bpmn": xml}).json["xml"]
    assert again.count("<bpmndi:BPMNShape") == 3


def test_a_refused_deployment_says_what_is_wrong_and_keeps_the_draft(caller, app, who):
    saved(app, who("designer"), BARE.replace('<userTask id="t"', '<scriptTask id="t"').replace(
        'name="受理"/>', 'name="受理" scriptFormat="groovy"><script>x</script></scriptTask>'))  # fmt: skip
    answer = caller("deployer", "/designs/repair/draft/deploy", revision="1", note="")

    assert answer.status_code == 422
    assert [one["element"] for one in answer.json["findings"] if one["severity"] == "error"] == [
        "t"
    ]
    assert len(drafts.all_drafts(app, who("designer"))) == 1


@pytest.mark.parametrize(
    ("key", "name", "status"),
    [
        ("repair", "报修", 303),
        ("Repair", "报修", 422),
        ("five_steps", "报修", 422),
        ("repair", "", 422),
    ],
)
def test_a_new_process_begins_with_three_elements(caller, key, name, status):
    answer = caller("designer", "/designs/new", key=key, name=name)

    assert answer.status_code == status
    if status == 303:
        draft = caller("designer", f"/designs/{key}/draft").json
        assert (draft["revision"], draft["name"], list(draft["files"])) == (
            1,
            "报修",
            ["repair.bpmn"],
        )


def test_a_name_with_marks_is_no_markup(caller):
    caller("designer", "/designs/new", key="marked", name='<b>"&')

    assert caller("designer", "/designs/marked/draft").json["name"] == '<b>"&'
    page = caller("designer", "/designs/marked/edit").text
    assert "<b>" not in page


# -- in a browser ----------------------------------------------------------------------------


def draw(page, key):
    page.goto(f"/designs/{key}/edit")
    expect(page.locator("#canvas[data-shown]")).to_be_visible()
    expect(page.locator("#counts[data-errors]")).to_be_visible()


def group(page, name):
    page.click(f"[data-group-id='group-{name}'] .bio-properties-panel-group-header")


@needs_viewer
@pytest.mark.browser
def test_a_limit_changed_in_the_designer_holds_for_new_cases_and_not_for_old_ones(
    app, who, formed, people
):
    starter = who("street_dispatcher")
    old = cases.start(app, starter, process="formed", data={}).case_id
    page = people("deployer", viewport={"width": 1280, "height": 800})
    draw(page, "formed")

    page.click("[data-element-id='fill'] .djs-hit")
    group(page, "limit")
    page.fill("#bio-properties-panel-due", "working_hours(6)")
    expect(page.locator("[data-entry-id='due']")).to_contain_text(
        "若现在开始：2026-09-14 16:30 到期"
    )
    expect(page.locator("#state[data-revision='1']")).to_contain_text("已保存：第 1 稿")
    expect(page.locator("body")).to_have_attribute("data-untranslated", "")
    accessible(page)
    page.click("#open-deploy")
    page.fill("#note", "处置时限放宽到 6 工作时")
    page.click("#deploy-now")
    page.wait_for_url("**/designs?done=deploy**")
    expect(page.locator(".done")).to_contain_text("formed 2")
    page.goto("/designs/formed/versions/2")
    expect(page.locator(".change")).to_have_text("处置时限放宽到 6 工作时")
    new = cases.start(app, starter, process="formed", data={}).case_id

    limits = {}
    for one in (old, new):
        [task] = views.case(app, who("admin"), one)["tasks"]
        limits[one] = parse(task["due_at"]).strftime("%H:%M")
    assert limits == {old: "04:00", new: "08:30"}


# -- two versions ----------------------------------------------------------------------------


CHANGED = BARE.replace(
    '<userTask id="t" name="受理"/>',
    '<userTask id="t" name="登记" camunda:dueDate="working_hours(6)"/>'
    '<userTask id="u" name="复核"/><sequenceFlow id="h" sourceRef="t" targetRef="u"/>',
).replace('<sequenceFlow id="g" sourceRef="t" targetRef="e"/>', "")


def told(caller, query=""):
    page = caller("designer", f"/designs/repair/differences{query}").text
    return page[
        page.index('class="findings"') : page.index("</section>", page.index('class="findings"'))
    ]


def test_what_a_draft_changes_is_told_in_words(caller, app, who):
    deploy(app, BARE)
    saved(app, who("designer"), CHANGED)
    page = told(caller)

    assert "改动：用户任务 “登记”" in page
    assert "名称：由 受理 改为 登记" in page
    assert "办理时限：新设为 working_hours(6)" in page
    assert "新增：用户任务 “复核”" in page
    assert "删去：顺序流 g" in page
    # The other way round.
    assert "办理时限：去掉了 working_hours(6)" in told(caller, "?from=draft&to=1")
    assert "没有差异。" in told(caller, "?from=1&to=1")


def deploy(app, text):
    deployments.deploy(app, identities.operator(), {"repair.bpmn": text.encode()})


def test_changed_rules_and_fields_are_told_too(app):
    rules = (ROOT / "processes" / "decisions" / "approval.dmn").read_text("utf-8")
    form = (FILES / "report_form.json").read_text("utf-8")
    old = {"a.bpmn": BARE, "approval.dmn": rules, "report_form.json": form}
    new = {
        **old,
        "approval.dmn": rules.replace('"emergency"', '"urgent"', 1),
        "report_form.json": form.replace('"maxLength": 5', '"maxLength": 50', 1),
    }
    with create_app(app).test_request_context("/"):
        found = {one["says"]: one["facts"] for one in differences.tell(old, new)}

    assert list(found) == ["改动：approval.dmn", "改动：report_form.json"]
    assert '"urgent"' in " ".join(found["改动：approval.dmn"])
    assert len(found["改动：report_form.json"]) == 1


def test_moved_and_unreadable_diagrams_are_compared_as_well():
    old = lay_out(BARE.encode())
    first = old.index(b"<dc:Bounds") if b"<dc:Bounds" in old else old.index(b"Bounds")
    moved = old[:first] + old[first:].replace(b'x="', b'x="1', 1)

    assert [(one.kind, len(one.facts)) for one in compare(old, moved)] == [("moved", 0)]
    assert {one.kind for one in compare(b"no xml", old)} == {"added"}
    assert compare(b"no xml", b"<a/>") == []


@needs_viewer
@pytest.mark.browser
def test_the_difference_is_drawn_in_colour(app, who, people):
    deploy(app, BARE)
    saved(app, who("designer"), lay_out(CHANGED.encode()).decode())
    page = people("designer", viewport={"width": 1280, "height": 800})
    page.goto("/designs/repair/differences")

    expect(page.locator("#diagram[data-shown=new]")).to_be_visible()
    expect(page.locator("#diagram [data-element-id=t].diff-changed")).to_have_count(1)
    expect(page.locator("#diagram [data-element-id=u].diff-added")).to_have_count(1)
    page.click(".found.diff-removed .go")
    expect(page.locator("#diagram[data-shown=old]")).to_be_visible()
    expect(page.locator("#diagram [data-element-id=g].diff-removed")).to_have_count(1)
    accessible(page)
    page.set_viewport_size(PHONE)
    fits(page)


# -- before a deployment ---------------------------------------------------------------------


LATE = BARE.replace(
    '<userTask id="t" name="受理"/>',
    '<userTask id="t" name="受理"><extensionElements><camunda:properties>'
    '<camunda:property name="outcomes" value="accept=受理;refuse=不予受理"/>'
    "</camunda:properties></extensionElements></userTask>"
    '<boundaryEvent id="late" name="超时" attachedToRef="t"><timerEventDefinition>'
    "<timeDuration>working_hours(4)</timeDuration></timerEventDefinition></boundaryEvent>"
    '<sequenceFlow id="l" sourceRef="late" targetRef="m"/><userTask id="m" name="督办"/>',
)


def tried(caller, *steps, text=LATE):
    sent = json.dumps([{"do": "start"}, *steps])
    return caller("designer", "/designs/repair/draft/trial", {"repair.bpmn": text}, steps=sent)


def test_a_trial_runs_with_a_clock_of_its_own_and_keeps_nothing(caller, app, who):
    before = views.all_definitions(app)
    first = tried(caller).json
    [task] = first["tasks"]

    assert (task["name"], list(task["outcomes"].items())) == (
        "受理", [("accept", "受理"), ("refuse", "不予受理")],
    )  # fmt: skip
    assert [(one["name"], one["due"]) for one in first["timers"]] == [("超时", "2026-09-14 14:30")]
    assert first["tokens"] == {"t": 1}
    three = tried(caller, {"do": "advance", "amount": 3, "unit": "WH"}).json
    assert (three["now"], [one["name"] for one in three["tasks"]]) == ("2026-09-14 12:00", ["受理"])
    late = tried(caller, {"do": "advance", "amount": 3, "unit": "WH"}, {"do": "next"}).json
    assert (late["now"], [one["name"] for one in late["tasks"]]) == ("2026-09-14 14:30", ["督办"])
    done = {"do": "complete", "task": task["task"], "outcome": "accept"}
    ended = tried(caller, done).json
    assert (ended["state"], ended["says"], ended["tokens"]) == ("completed", "已办结", {})
    assert ended["data"]["t_outcome"] == "accept"
    assert [one["says"] for one in ended["log"]] == [
        "发起", "转到“受理”", "办理“受理” accept", "办结",
    ]  # fmt: skip
    assert views.all_definitions(app) == before
    assert drafts.all_drafts(app, who("designer")) == []


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([{"do": "complete", "task": "x"}], "任务“x”（办件“@trial”）现在是 not open，不能再办。"),
        ([{"do": "advance", "amount": -1, "unit": "WH"}], "时钟不能往回走。"),
        ([{"do": "advance", "amount": 1, "unit": "weeks"}], "没有“weeks”这种时间单位。"),
        ([{"do": "dance"}], "试运行没有“dance”这一步。"),
        ([{"do": "start", "data": {}}] * 201, "试运行最多 200 步。 请从头开始。"),
    ],
)
def test_a_step_that_cannot_be_taken_is_told(caller, steps, says):
    answer = tried(caller, *steps)

    assert answer.status_code == 422
    assert says in answer.json["says"]


def test_a_trial_of_what_has_errors_says_which(caller):
    answer = tried(caller, text=LATE.replace('targetRef="m"', 'targetRef="nowhere"'))

    assert answer.status_code == 422
    assert answer.json["says"] == "图有错误，先改好再试。"
    assert [one["severity"] for one in answer.json["findings"]].count("error") >= 1


def test_a_start_form_is_asked_for_and_held_to(caller, formed):
    files = {
        name: (FILES / name).read_text("utf-8") for name in ("formed.bpmn", "report_form.json")
    }
    path = "/designs/formed/draft/trial"
    first = caller("designer", path, files, steps='[{"do": "start"}]').json
    [task] = first["tasks"]
    done = {"do": "complete", "task": task["task"], "data": {"title": "太长太长的标题"}}
    refused = caller("designer", path, files, steps=json.dumps([{"do": "start"}, done]))

    assert {"title", "count"} <= {one["key"] for one in task["fields"]}
    assert refused.status_code == 422


def test_past_cases_are_lived_again_on_the_unsaved_diagram(caller, app, who):
    deploy(app, LATE)
    case = cases.start(app, who("street_dispatcher"), process="repair", data={}).case_id
    cases.handle(app, who("street_dispatcher"), case, CompleteTask("repair.t.1", "accept", {}))
    answer = caller("deployer", "/designs/repair/draft/backtest", {"repair.bpmn": LATE}, cases="5")

    (last,) = map(json.loads, answer.text.splitlines())
    assert last["says"] == "回测了 1 件"
    assert last["classes"][0]["says"] == "完全相同：1 件"
    assert last["more"] == [
        "超时：当时 0 件，现在 0 件", "升级：当时 0 次，现在 0 次", "这些办件从未到过：超时、督办",
    ]  # fmt: skip
    assert last["file"].startswith('<!doctype html>\n<html lang="zh-CN">')


def test_a_back_test_tells_how_far_it_is_and_names_cases_to_open(caller, app, who):
    deploy(app, LATE)
    for _ in range(6):
        case = cases.start(app, who("street_dispatcher"), process="repair", data={}).case_id
        cases.handle(app, who("street_dispatcher"), case, CompleteTask("repair.t.1", "accept", {}))
    without = {"repair.bpmn": LATE.replace("accept=受理;", "")}
    answer = caller("deployer", "/designs/repair/draft/backtest", without)

    far, last = map(json.loads, answer.text.splitlines())
    assert far == {"done": 5, "of": 6}
    assert [one["count"] for one in last["classes"]] == [0, 0, 0, 0, 6]
    assert last["classes"][4]["examples"][0] == {
        "name": case,
        "href": f"/cases/{case}/replay?position=1",
        "reason": "第 2 条不被接受：Task 't' 没有“accept”这个结果。",
    }


def test_one_back_test_runs_at_a_time_and_one_that_nobody_reads_is_over(caller, app, who):
    deploy(app, LATE)
    path, files = "/designs/repair/draft/backtest", {"repair.bpmn": LATE}
    open_one = caller("deployer", path, files)
    second = caller("deployer", path, files)
    open_one.close()
    third = caller("deployer", path, files)

    assert [one.status_code for one in (open_one, second, third)] == [200, 503, 200]
    third.close()


def test_a_back_test_of_what_has_errors_says_which(caller, app):
    deploy(app, LATE)
    wrong = {"repair.bpmn": LATE.replace('targetRef="m"', 'targetRef="nowhere"')}
    answers = [caller("deployer", "/designs/repair/draft/backtest", wrong) for _ in range(2)]

    assert [one.status_code for one in answers] == [422, 422]
    assert answers[0].json["says"] == "图有错误，先改好再试。"
    assert "error" in [one["severity"] for one in answers[0].json["findings"]]


@needs_viewer
@pytest.mark.browser
def test_past_cases_are_back_tested_from_the_page_and_can_be_stopped(app, who, people):
    deploy(app, LATE)
    case = cases.start(app, who("street_dispatcher"), process="repair", data={}).case_id
    cases.handle(app, who("street_dispatcher"), case, CompleteTask("repair.t.1", "accept", {}))
    without = LATE.replace("accept=受理;", "")
    saved(app, who("designer"), lay_out(without.encode()).decode())
    page = people("designer", viewport={"width": 1280, "height": 800})
    draw(page, "repair")

    page.click("#past-run")
    expect(page.locator("#past-says")).to_have_text("回测了 1 件")
    link = page.locator("#past-report a").first
    expect(link).to_have_attribute("href", f"/cases/{case}/replay?position=1")
    with page.expect_download() as given:
        page.click("#past-report a:text-is('下载报告')")
    assert "第 2 条不被接受" in Path(given.value.path()).read_text("utf-8")
    accessible(page)
    page.set_viewport_size(PHONE)
    fits(page)

    # The answer never comes: stopped, it can be begun again.
    page.route("**/draft/backtest", lambda _: None)
    page.click("#past-run")
    expect(page.locator("#past-run")).to_be_disabled()
    page.click("#past-stop")
    expect(page.locator("#past-says")).to_have_text("已停止")
    expect(page.locator("#past-run")).to_be_enabled()
    page.unroute("**/draft/backtest")
    page.click("#past-run")
    expect(page.locator("#past-says")).to_have_text("回测了 1 件")


@needs_viewer
@pytest.mark.browser
def test_a_trial_shows_its_tokens_and_what_is_impossible_is_told_on_the_canvas(app, who, people):
    saved(app, who("designer"), lay_out(LATE.encode()).decode())
    page = people("designer", viewport={"width": 1280, "height": 800})
    draw(page, "repair")

    page.click("#trial-begin")
    page.click("#trial-open button:text-is('发起')")
    expect(page.locator("#canvas [data-element-id=t].trial-here")).to_have_count(1)
    page.click("#trial-open button:text-is('到下一个定时')")
    expect(page.locator("#trial-says")).to_contain_text("2026-09-14 14:30")
    expect(page.locator("#canvas [data-element-id=m].trial-here")).to_have_count(1)
    expect(page.locator("#trial-open h3")).to_have_text(["督办", "时钟"])

    page.click("[data-element-id=late] .djs-hit")
    group(page, "timer")
    page.fill("#bio-properties-panel-timer-value", "three days")
    expect(page.locator("#counts")).to_have_attribute("data-errors", "1")
    expect(page.locator("#canvas .sentence")).to_contain_text("three days")
    page.click("#findings .found-error .go")
    expect(page.locator("#findings .found-error")).to_have_class("found found-error picked")
    accessible(page)
    page.set_viewport_size(PHONE)
    fits(page)
