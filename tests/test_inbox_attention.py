"""关注 and 督办件: cases one follows, cases under supervision, and who finds them there."""

from datetime import timedelta

import pytest

from engine import cases, deployments, identities, replay, views
from engine.commands import CancelCase, CompleteTask
from engine.errors import CaseNotFound, InvalidRequest
from engine.views import attention
from tests import rows
from tests.callers import callers, problem_of
from tests.test_pages import address, chromium, people, shows

__all__ = ["address", "chromium", "people"]

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:test">
"""
WATCHES = (
    HEAD
    + """
  <process id="watches" name="督办" isExecutable="true">
    <extensionElements><camunda:properties>
      <camunda:property name="supervises" value="about" />
      <camunda:property name="secret" value="hidden" />
    </camunda:properties></extensionElements>
    <startEvent id="begin" />
    <sequenceFlow id="one" sourceRef="begin" targetRef="sign_off" />
    <userTask id="sign_off" name="销号" camunda:candidateGroups="district_inspector" />
    <sequenceFlow id="two" sourceRef="sign_off" targetRef="done" />
    <endEvent id="done" />
  </process>
</definitions>
"""
)
CALLS = (
    HEAD
    + """
  <process id="late" name="逾期件" isExecutable="true">
    <startEvent id="begin" />
    <sequenceFlow id="one" sourceRef="begin" targetRef="supervise" />
    <callActivity id="supervise" name="督查" calledElement="watches" />
    <sequenceFlow id="two" sourceRef="supervise" targetRef="rest" />
    <userTask id="rest" name="办结" camunda:candidateGroups="admin" />
    <sequenceFlow id="three" sourceRef="rest" targetRef="done" />
    <endEvent id="done" />
  </process>
</definitions>
"""
)
DISPATCHER, OTHER_STREET, INSPECTOR = "street_dispatcher", "RY029", "district_inspector"


@pytest.fixture
def watched(any_app):
    """The application with a process that supervises and one that calls it."""
    files = {"watches.bpmn": WATCHES.encode(), "late.bpmn": CALLS.encode()}
    deployments.deploy(any_app, identities.operator(), files)
    return any_app


def who(app, name):
    return identities.actor(app, name)


def start(app, process, by, **data):
    return cases.start(app, who(app, by), process=process, data=data).case_id


def found(app, name, view, **filters):
    return views.inbox_page(app, who(app, name), view=view, **filters)["items"]


def ids(app, name, view, **filters):
    return [one["id"] for one in found(app, name, view, **filters)]


def sign_off(app, case_id, process="watches"):
    task = views.case(app, who(app, "admin"), case_id)["tasks"][0]["id"].partition(".")[2]
    cases.handle(app, who(app, "admin"), case_id, CompleteTask(task))


# -- 关注 ----------------------------------------------------------------------------------


def test_who_follows_a_case_finds_it_and_nobody_else_does(any_app):
    case_id = start(any_app, "five_steps", "grid_worker")
    views.follow(any_app, who(any_app, DISPATCHER), case_id)

    (item,) = found(any_app, DISPATCHER, "followed")
    assert (item["id"], item["process"], item["case_state"]) == (case_id, "five_steps", "open")
    assert [step["name"] for step in item["steps"]] == ["平台受理"]
    assert ids(any_app, "grid_worker", "followed") == []
    assert views.case(any_app, who(any_app, DISPATCHER), case_id)["followed"]
    assert not views.case(any_app, who(any_app, "grid_worker"), case_id)["followed"]


def test_following_twice_is_once_and_ends_at_once(any_app):
    case_id = start(any_app, "five_steps", "grid_worker")
    actor = who(any_app, DISPATCHER)
    first = views.follow(any_app, actor, case_id)
    since = found(any_app, DISPATCHER, "followed")[0]["followed_at"]
    any_app.clock.set(any_app.clock.now() + timedelta(seconds=60))

    assert views.follow(any_app, actor, case_id) == first == {"case": case_id, "followed": True}
    assert [one["followed_at"] for one in found(any_app, DISPATCHER, "followed")] == [since]
    assert views.follow(any_app, actor, case_id, wanted=False)["followed"] is False
    assert ids(any_app, DISPATCHER, "followed") == []


def test_a_case_that_one_does_not_see_is_not_there_to_be_followed(any_app):
    case_id = start(any_app, "five_steps", "grid_worker")

    with pytest.raises(CaseNotFound):
        views.follow(any_app, who(any_app, OTHER_STREET), case_id)


def test_following_is_no_entry_of_the_history(any_app):
    case_id = start(any_app, "five_steps", "grid_worker")
    before = rows.of_case(any_app, case_id)

    views.follow(any_app, who(any_app, DISPATCHER), case_id)
    assert rows.of_case(any_app, case_id) == before


def test_pages_of_followed_cases_follow_each_other_newest_first(any_app):
    started = [start(any_app, "five_steps", "grid_worker") for _ in range(5)]
    for case_id in started:
        any_app.clock.set(any_app.clock.now() + timedelta(seconds=1))
        views.follow(any_app, who(any_app, DISPATCHER), case_id)

    seen, cursor = [], None
    while True:
        page = views.inbox_page(
            any_app, who(any_app, DISPATCHER), view="followed", limit=2, cursor=cursor
        )
        seen.append([one["id"] for one in page["items"]])
        cursor = page["next"]
        if cursor is None:
            break
    newest = started[::-1]
    assert seen == [newest[:2], newest[2:4], newest[4:]]
    with pytest.raises(InvalidRequest):
        views.inbox_page(any_app, who(any_app, DISPATCHER), view="followed", cursor="x")


# -- 督办件 ----------------------------------------------------------------------------------


def test_a_case_is_supervised_while_it_calls_a_supervision(watched):
    case_id = start(watched, "late", "grid_worker")

    (item,) = found(watched, INSPECTOR, "supervised")
    assert (item["id"], item["supervision"]) == (case_id, case_id)
    assert ids(watched, DISPATCHER, "supervised") == [case_id]
    assert ids(watched, OTHER_STREET, "supervised") == []
    sign_off(watched, case_id)

    assert views.case(watched, who(watched, "admin"), case_id)["state"] == "open"
    assert ids(watched, INSPECTOR, "supervised") == []


def test_a_supervision_of_another_case_shows_that_case_until_it_is_signed_off(watched):
    about = start(watched, "five_steps", "grid_worker")
    supervision = start(watched, "watches", INSPECTOR, about=about)

    for name in (INSPECTOR, "auditor"):
        (item,) = found(watched, name, "supervised")
        assert (item["id"], item["supervision"]) == (about, supervision)
    # The street sees its case, not the district's.
    (item,) = found(watched, DISPATCHER, "supervised")
    assert (item["id"], item["supervision"]) == (about, None)
    assert ids(watched, OTHER_STREET, "supervised") == []
    sign_off(watched, supervision)
    assert ids(watched, INSPECTOR, "supervised") == []


def test_a_secret_supervision_is_told_by_no_list(watched):
    about = start(watched, "five_steps", "grid_worker")
    start(watched, "watches", INSPECTOR, about=about, hidden=True)

    assert ids(watched, INSPECTOR, "supervised") == [about]
    assert ids(watched, DISPATCHER, "supervised") == []


def test_a_supervision_about_no_case_shows_itself(watched):
    supervision = start(watched, "watches", INSPECTOR)
    lost = start(watched, "watches", INSPECTOR, about="no-such-case")

    assert sorted(ids(watched, INSPECTOR, "supervised")) == sorted([supervision, lost])


@pytest.mark.parametrize("process", ["late", "watches"])
def test_a_supervision_ends_with_its_case(watched, process):
    case_id = start(watched, process, INSPECTOR)
    cases.handle(watched, who(watched, "admin"), case_id, CancelCase(end="terminated", reason="x"))

    assert ids(watched, INSPECTOR, "supervised") == []


def test_supervisions_are_rebuilt_from_the_histories(watched):
    open_one, ended = start(watched, "late", "grid_worker"), start(watched, "late", "grid_worker")
    alone = start(watched, "watches", INSPECTOR)
    sign_off(watched, ended)
    before = rows.everything(watched)
    assert [one["case_id"] for one in before["supervised"]] == sorted([open_one, alone])

    assert list(replay.rebuild(watched, [open_one, ended, alone])) == [open_one, ended, alone]
    assert rows.everything(watched)["supervised"] == before["supervised"]


def test_pages_of_supervised_cases_follow_each_other_without_gap(watched):
    started = []
    for _ in range(5):
        started.append(start(watched, "late", "grid_worker"))
        watched.clock.set(watched.clock.now() + timedelta(seconds=1))

    first = views.inbox_page(watched, who(watched, INSPECTOR), view="supervised", limit=3)
    second = views.inbox_page(
        watched, who(watched, INSPECTOR), view="supervised", limit=3, cursor=first["next"]
    )
    assert [one["id"] for one in first["items"] + second["items"]] == started[::-1]
    assert second["next"] is None


def test_both_lists_are_walks_along_an_index(app):
    plans = {}
    for name, query in (("followed", attention._FOLLOWED), ("supervised", attention._SUPERVISED)):
        statement = app.database.statement(query)
        values = attention._after(who(app, INSPECTOR), attention._FIRST)
        with app.database.engine.connect() as connection:
            found = connection.connection.execute(
                "EXPLAIN QUERY PLAN " + statement.text, statement.bind(values)
            ).fetchall()
        plans[name] = [row[3] for row in found]

    assert plans["followed"][0].startswith(
        "SEARCH bookmarks USING COVERING INDEX ix_bookmarks_user_name_at"
    )
    assert plans["supervised"][0].startswith(
        "SEARCH supervised USING COVERING INDEX ix_supervised_since"
    )
    assert [one for plan in plans.values() for one in plan if "TEMP B-TREE" in one] == []


# -- over the API and on the page --------------------------------------------------------------


def test_following_and_the_lists_over_the_api(app):
    case_id = start(app, "five_steps", "grid_worker")
    as_user = callers(app)
    dispatcher, other = as_user(DISPATCHER), as_user(OTHER_STREET)

    assert dispatcher.post(f"/cases/{case_id}/follow").get_json() == {
        "case": case_id,
        "followed": True,
    }
    assert [one["id"] for one in dispatcher.tasks("followed")] == [case_id]
    assert dispatcher.get(f"/cases/{case_id}").get_json()["followed"] is True
    assert dispatcher.tasks("supervised") == []
    assert problem_of(other.post(f"/cases/{case_id}/follow")) == (404, "case-not-found")
    assert dispatcher.post(f"/cases/{case_id}/unfollow").get_json()["followed"] is False
    assert dispatcher.tasks("followed") == []


@pytest.mark.browser
def test_a_case_is_followed_by_its_button_and_found_in_the_tab(app, people):
    files = {"watches.bpmn": WATCHES.encode(), "late.bpmn": CALLS.encode()}
    deployments.deploy(app, identities.operator(), files)
    case_id = start(app, "late", "grid_worker")
    page = people(DISPATCHER)

    page.goto(f"/cases/{case_id}")
    page.click("button:text-is('关注')")
    shows(page, ".done", "已关注，可在“关注”里找到。")
    page.goto("/?view=followed")
    shows(page, ".item .title", f"逾期件 {case_id[-12:]}")
    page.goto("/?view=supervised")
    shows(page, ".tabs [aria-current]", "督办件")
    page.click(".item .title")
    page.click("button:text-is('取消关注')")
    shows(page, ".done", "已取消关注。")
    page.goto("/?view=followed&lang=en")
    shows(page, ".nothing", "You follow no case. Its page has a button.")
