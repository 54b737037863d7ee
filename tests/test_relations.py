"""Cases merged, split, linked and reopened, and the three ends that are none of these."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import cases, deployments, erasure, identities, replay, store, views
from engine.cases import Once
from engine.cli.diagrams import read_files
from engine.commands import CompleteTask, CorrelateMessage, ResumeCase, SuspendCase
from engine.errors import WrongState
from engine.sealing import Personal
from engine.tables import cases as case_table
from engine.tables import links
from tests.callers import callers, problem_of
from tests.memory import flows, process

ROOT = Path(__file__).parent.parent
FORM = b"""{"id": "report", "type": "default", "components": [
  {"type": "textfield", "key": "place", "label": "Place", "personal": false,
   "validate": {"required": true}},
  {"type": "textarea", "key": "story", "label": "Story"},
  {"type": "checkbox", "key": "hidden", "label": "Hidden"},
  {"type": "textfield", "key": "reporter_phone", "label": "Phone", "field_class": "reporter"}]}"""
PROPERTIES = (
    '<camunda:property name="unit" value="place"/>'
    '<camunda:property name="merge_message" value="joined"/>'
    '<camunda:property name="merge_items" value="reporter=reporters"/>'
    '<camunda:property name="secret" value="hidden"/>'
)


def properties(text: str) -> str:
    return f"<extensionElements><camunda:properties>{text}</camunda:properties></extensionElements>"


DIAGRAM = process(
    properties(PROPERTIES) + '<startEvent id="s" camunda:formKey="report">'
    + properties('<camunda:property name="reopens" value="place story reporter_phone"/>')
    + "</startEvent>"
    '<scriptTask id="note" scriptFormat="python"><script>'
    "reporters = [{'phone': value('reporter_phone'), 'of': case['id']}]\n"
    "again = value('reopened_from') is not None</script></scriptTask>"
    '<exclusiveGateway id="which" default="plain"/>'
    '<userTask id="work" name="Work" camunda:candidateGroups="street_dispatcher"/>'
    '<userTask id="analyse" name="Analyse" camunda:candidateGroups="street_analyst"/>'
    '<endEvent id="e"/>'
    '<sequenceFlow id="plain" sourceRef="which" targetRef="work"/>'
    + flows("s > note > which", "which > analyse : again", "work > e", "analyse > e")
    + '<subProcess id="joining" triggeredByEvent="true">'
    '<startEvent id="j" isInterrupting="false">'
    + properties('<camunda:property name="correlate" value="main_case=case[\'id\']"/>')
    + '<messageEventDefinition messageRef="m"/></startEvent>'
    '<scriptTask id="add" scriptFormat="python"><script>'
    "reporters = reporters + [reporter]</script></scriptTask>"
    '<endEvent id="added"/>' + flows("j > add > added") + "</subProcess>",
    "report",
    '<message id="m" name="joined"/>',
)  # fmt: skip
OTHER = process(
    '<startEvent id="s"/><userTask id="work" camunda:candidateGroups="street_dispatcher"/>'
    '<endEvent id="e"/>' + flows("s > work > e"),
    "other",
)
WATCHED = process(
    properties('<camunda:property name="unit" value="place"/>')
    + '<startEvent id="s"/><callActivity id="watch" calledElement="watching"/>'
    '<endEvent id="e"/>' + flows("s > watch > e"),
    "watched",
)
WATCHING = process(
    properties('<camunda:property name="supervises" value="subject_case"/>')
    + '<startEvent id="s"/><userTask id="sign_off" camunda:candidateGroups="district_inspector"/>'
    '<endEvent id="e"/>' + flows("s > sign_off > e"),
    "watching",
)
GRID, NEXT_GRID = "99010100100101001", "99010100100101002"
GIVEN = {"place": GRID, "story": "dark lamp", "reporter_phone": "13912345678"}


FILES = {
    "report.bpmn": DIAGRAM, "report.json": FORM, "other.bpmn": OTHER,
    "watched.bpmn": WATCHED, "watching.bpmn": WATCHING,
}  # fmt: skip


@pytest.fixture
def installed(app):
    deployments.deploy(app, identities.operator(), FILES)
    return app


@pytest.fixture
def call(installed):
    return callers(installed)


@pytest.fixture
def both(any_app):
    deployments.deploy(any_app, identities.operator(), FILES)
    return any_app


@pytest.fixture
def call_both(both):
    return callers(both)


def start(app, who="resident", process="report", **data):
    given = GIVEN | data if process == "report" else data
    return cases.start(app, identities.actor(app, who), process=process, data=given).case_id


def close(app, case_id, element="work", who="street_dispatcher"):
    task = CompleteTask(f"report.{element}.1")
    cases.handle(app, identities.actor(app, who), case_id, task)


def shown(app, case_id, who="admin"):
    return views.case(app, identities.actor(app, who), case_id)


def linked(app, case_id):
    return [(one["case"], one["type"]) for one in shown(app, case_id)["links"]]


def last(app, case_id):
    entry = views.history(app, identities.actor(app, "admin"), case_id)[-1]
    return entry["actor"], entry["command"]["type"], entry["events"][-1]


def assert_proved(app, *ids):
    """The histories give the same again, and the rows are rebuilt as they were."""
    before = [shown(app, one) for one in ids]
    assert list(replay.replay(app, list(ids))) == [None] * len(ids)
    assert sorted(replay.rebuild(app, list(ids))) == sorted(ids)
    assert [shown(app, one) for one in ids] == before


# -- merging -------------------------------------------------------------------------------


def test_a_merged_case_ends_and_the_other_goes_on_with_both_reporters(both, call_both):
    mine, main = start(both), start(both, "grid_worker", reporter_phone="13800000000")
    body = {"into": main, "reason": "the same lamp"}
    answer = call_both("street_dispatcher").post(f"/cases/{mine}/merge", body)

    assert (answer.status_code, answer.get_json()["end"]) == (200, "merged")
    assert (shown(both, mine)["tasks"], linked(both, mine)) == ([], [(main, "merged")])
    assert linked(both, main) == [(mine, "merged")]
    found = shown(both, main, "street_dispatcher")["data"]["reporters"]
    assert found == [
        {"phone": "13800000000", "of": main}, {"phone": "13912345678", "of": mine},
    ]  # fmt: skip
    who, kind, event = last(both, mine)
    assert (who, kind, event["end"], event["into"]) == (
        "street_dispatcher", "cancel_case", "merged", main,
    )  # fmt: skip
    assert last(both, main)[:2] == (f"@case/{mine}", "correlate_message")
    assert_proved(both, mine, main)


def test_a_case_that_took_others_in_hands_all_of_them_on(installed, call):
    first, second, third = (start(installed) for _ in range(3))
    dispatcher = call("street_dispatcher")
    dispatcher.post(f"/cases/{first}/merge", {"into": second, "reason": "x"})
    dispatcher.post(f"/cases/{second}/merge", {"into": third, "reason": "x"})

    found = shown(installed, third)["data"]["reporters"]
    assert [one["of"] for one in found] == [third, second, first]


def test_merging_again_after_a_stop_in_between_counts_nobody_twice(both, call_both):
    mine, main = start(both), start(both)
    # As if the server had stopped after the other case had been told.
    message = {"reporter": {"phone": Personal("13912345678"), "of": mine}}
    sender = identities.operator().system(f"@case/{mine}")
    told = CorrelateMessage("joined", {"main_case": main}, message)
    cases.handle(both, sender, main, told, once=Once(f"@merge/{mine}", f"{main}/0"))
    answer = call_both("street_dispatcher").post(
        f"/cases/{mine}/merge", {"into": main, "reason": "x"}
    )

    assert answer.status_code == 200
    assert [one["of"] for one in shown(both, main)["data"]["reporters"]] == [main, mine]


def test_the_same_key_merges_once_and_answers_the_same(installed, call):
    mine, main = start(installed), start(installed)
    body, dispatcher = {"into": main, "reason": "x"}, call("street_dispatcher")
    answers = [
        dispatcher.post(f"/cases/{mine}/merge", body, Idempotency_Key="k1") for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].get_json() == answers[1].get_json()


def test_who_may_not_or_cannot_merge_is_told_why_and_nothing_happens(installed, call):
    mine, ended, held = (start(installed) for _ in range(3))
    close(installed, ended)
    leader = identities.actor(installed, "street_leader")
    cases.handle(installed, leader, held, SuspendCase(reason="x"))
    elsewhere = start(installed, place="990101002")
    secret = start(installed, hidden=True)
    # It takes nobody in.
    deaf = start(installed, "street_dispatcher", "other")
    before = shown(installed, mine)["etag"]

    def refused(into, who="street_dispatcher", case_id=mine):
        answer = call(who).post(f"/cases/{case_id}/merge", {"into": into, "reason": "x"})
        return problem_of(answer)

    assert refused(mine) == (400, "invalid-request")
    assert refused(ended) == refused(held) == refused(deaf) == (409, "wrong-state")
    assert refused(secret) == (409, "wrong-state")
    assert refused(secret, "district_leader") == (403, "not-allowed")
    assert refused("none") == refused(elsewhere) == (404, "case-not-found")
    assert refused(held, "resident") == (403, "not-allowed")
    assert refused(mine, case_id=ended) == (409, "wrong-state")
    no_reason = call("street_dispatcher").post(f"/cases/{mine}/merge", {"into": held})
    assert problem_of(no_reason) == (422, "invalid-data")
    cases.handle(installed, leader, held, ResumeCase())
    assert (shown(installed, mine)["etag"], shown(installed, mine)["state"]) == (before, "open")


# -- the three ends ------------------------------------------------------------------------


def test_three_ends_have_three_rights(installed, call):
    asked = ("resident", "street_dispatcher", "district_coordinator", "grid_worker", "auditor")
    found = {
        end: {
            who: call(who).post(f"/cases/{start(installed)}/{end}", {"reason": "x"}).status_code
            for who in asked
        }
        for end in ("withdraw", "void", "terminate")
    }

    assert found == {
        "withdraw": dict(zip(asked, (200, 403, 403, 403, 403), strict=True)),
        "void": dict(zip(asked, (403, 200, 403, 403, 403), strict=True)),
        "terminate": dict(zip(asked, (403, 403, 200, 403, 403), strict=True)),
    }


def test_each_end_is_told_by_its_own_name_and_takes_no_more(installed, call):
    ways = {"withdraw": "resident", "void": "street_dispatcher", "terminate": "admin"}
    for way, who in ways.items():
        case_id = start(installed)
        call(who).post(f"/cases/{case_id}/{way}", {"reason": "x"})
        again = call(who).post(f"/cases/{case_id}/{way}", {"reason": "x"})

        end = {"withdraw": "withdrawn", "void": "voided", "terminate": "terminated"}[way]
        assert (shown(installed, case_id)["end"], shown(installed, case_id)["tasks"]) == (end, [])
        assert problem_of(again) == (409, "wrong-state")
        assert end in again.get_json()["detail"]


def test_a_case_under_supervision_does_not_go_away_quietly(installed, call):
    case_id = start(installed, process="watched", place=GRID)
    other = start(installed)
    answers = [
        call("resident").post(f"/cases/{case_id}/withdraw", {"reason": "x"}),
        call("street_dispatcher").post(f"/cases/{case_id}/void", {"reason": "x"}),
        call("street_dispatcher").post(f"/cases/{case_id}/merge", {"into": other, "reason": "x"}),
    ]

    assert [problem_of(one) for one in answers] == [(409, "wrong-state")] * 3
    assert all("督办" in one.get_json()["detail"] for one in answers)
    ended = call("district_coordinator").post(f"/cases/{case_id}/terminate", {"reason": "x"})
    assert ended.status_code == 200


def test_another_case_that_supervises_it_keeps_it_too(both, call_both):
    case_id = start(both)
    watching = start(both, "admin", "watching", subject_case=case_id)
    refused = call_both("resident").post(f"/cases/{case_id}/withdraw", {"reason": "x"})

    assert problem_of(refused) == (409, "wrong-state")
    call_both("admin").post(f"/cases/{watching}/void", {"reason": "entered by mistake"})
    passed = call_both("resident").post(f"/cases/{case_id}/withdraw", {"reason": "x"})
    assert passed.status_code == 200


# -- reopening -----------------------------------------------------------------------------


def test_its_reporter_takes_a_closed_case_up_again_at_analyse(both, call_both):
    old = start(both)
    close(both, old)
    answer = call_both("resident").post(f"/cases/{old}/reopen", {"reason": "dark again"})

    new = answer.get_json()["id"]
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/api/v1/cases/{new}")
    found = shown(both, new, "street_dispatcher")
    told = {"story": "dark lamp", "reopened_from": old, "reopen_reason": "dark again"}
    assert found["data"].items() >= (told | {"reporter_phone": "13912345678"}).items()
    assert [one["element"] for one in found["tasks"]] == ["analyse"]
    assert (found["starter"], found["unit"]) == ("resident", GRID)
    assert (linked(both, old), linked(both, new)) == (
        [(new, "reopens")], [(old, "reopens")],
    )  # fmt: skip
    assert shown(both, old)["state"] == "completed"
    assert_proved(both, old, new)


def test_what_a_check_reopens_stays_the_case_of_its_reporter(installed, call):
    old = start(installed)
    close(installed, old)
    new = call("street_analyst").post(f"/cases/{old}/reopen", {"reason": "x"}).get_json()["id"]

    assert shown(installed, new)["starter"] == "resident"
    entry = views.history(installed, identities.actor(installed, "admin"), new)[0]
    assert entry["actor"] == "street_analyst"
    assert [one["case"] for one in call("resident").get("/tasks?view=started").get_json()["items"]]


def test_the_thirtieth_day_is_the_last(installed, call):
    first, second = start(installed), start(installed)
    close(installed, first)
    close(installed, second)
    installed.clock.set(installed.clock.now() + timedelta(days=30))
    assert call("resident").post(f"/cases/{first}/reopen", {"reason": "x"}).status_code == 201
    installed.clock.set(installed.clock.now() + timedelta(seconds=1))
    late = call("resident").post(f"/cases/{second}/reopen", {"reason": "x"})

    assert problem_of(late) == (409, "wrong-state")
    assert "too long ago" in late.get_json()["detail"]


def test_what_cannot_be_reopened_says_why(installed, call):
    still_open, voided, merged, main, closed, plain = (start(installed) for _ in range(6))
    call("street_dispatcher").post(f"/cases/{voided}/void", {"reason": "x"})
    call("street_dispatcher").post(f"/cases/{merged}/merge", {"into": main, "reason": "x"})
    close(installed, closed)
    new = call("resident").post(f"/cases/{closed}/reopen", {"reason": "x"}).get_json()["id"]
    other = start(installed, "street_dispatcher", "other")
    dispatcher = identities.actor(installed, "street_dispatcher")
    cases.handle(installed, dispatcher, other, CompleteTask("other.work.1"))

    def refused(case_id, who="resident"):
        answer = call(who).post(f"/cases/{case_id}/reopen", {"reason": "x"})
        return (*problem_of(answer), answer.get_json()["hint"])

    assert refused(still_open) == (409, "wrong-state", "It needs no reopening.")
    assert refused(voided) == (409, "wrong-state", "Start a new case.")
    assert refused(merged) == (409, "wrong-state", f"Reopen {main!r}.")
    assert refused(closed) == (409, "wrong-state", "Go on there.")
    assert new in call("resident").post(f"/cases/{closed}/reopen", {"reason": "x"}).get_data(True)
    assert refused(other, "street_dispatcher")[:2] == (409, "wrong-state")
    assert refused(plain, "RY071")[:2] == (404, "case-not-found")
    assert refused(closed, "grid_worker")[:2] == (403, "not-allowed")


def test_two_at_once_reopen_it_once(app):
    deployments.deploy(app, identities.operator(), {"report.bpmn": DIAGRAM, "report.json": FORM})
    old = start(app)
    close(app, old)

    def reopen(who):
        actor = identities.actor(app, who)
        try:
            return cases.reopen(app, actor, old, "x", once=Once("reopen", None)).case_id
        except WrongState:
            return None

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(reopen, ["resident", "street_dispatcher", "street_analyst", "admin"]))

    with app.database.reading() as tx:
        made = tx.all(sa.select(case_table.c.id).where(case_table.c.id != old), {})
    assert found - {None} == {made[0][0]}
    assert len(made) == 1


def test_what_was_erased_is_not_carried_into_the_new_case(installed, call):
    old = start(installed)
    close(installed, old)
    privacy = identities.actor(installed, "privacy_officer")
    erasure.erase(installed, privacy, old, reason="request")
    new = call("resident").post(f"/cases/{old}/reopen", {"reason": "x"}).get_json()["id"]

    found = shown(installed, new, "street_dispatcher")["data"]
    assert ("reporter_phone" in found, found["story"]) == (False, "dark lamp")
    with installed.database.reading() as tx:
        assert b'"13912345678"' not in store.get_sealed(tx, new).values()


# -- splitting -----------------------------------------------------------------------------


def test_a_part_becomes_a_case_of_its_own(both, call_both):
    old = start(both)
    body = {"data": {"place": NEXT_GRID, "story": "the hole beside it"}, "reason": "two matters"}
    answer = call_both("street_dispatcher").post(f"/cases/{old}/split", body)

    new = answer.get_json()["id"]
    assert answer.status_code == 201
    found = shown(both, new, "street_dispatcher")
    told = {"story": "the hole beside it", "reporter_phone": "13912345678", "split_from": old}
    assert found["data"].items() >= told.items()
    assert (found["starter"], found["unit"]) == ("resident", NEXT_GRID)
    assert (linked(both, old), linked(both, new)) == (
        [(new, "split")], [(old, "split")],
    )  # fmt: skip
    who, kind, event = last(both, old)
    assert (who, kind, event["type"], event["case"], event["link"]) == (
        "street_dispatcher", "link_case", "case_linked", new, "split",
    )  # fmt: skip
    assert shown(both, old)["state"] == "open"
    assert_proved(both, old, new)


def test_a_split_that_does_not_fit_the_form_leaves_nothing(installed, call):
    old = start(installed)
    before = shown(installed, old)["etag"]
    dispatcher = call("street_dispatcher")
    answers = [
        dispatcher.post(f"/cases/{old}/split", {"data": {"colour": "red"}, "reason": "x"}),
        dispatcher.post(f"/cases/{old}/split", {"data": {"place": None}, "reason": "x"}),
        dispatcher.post(f"/cases/{old}/split", {"data": {"split_from": "y"}, "reason": "x"}),
    ]

    assert [problem_of(one) for one in answers] == [(422, "invalid-data")] * 3
    assert (shown(installed, old)["etag"], linked(installed, old)) == (before, [])


def test_only_acceptance_and_analysis_split_and_only_what_is_open(installed, call):
    old = start(installed)
    by_reporter = call("resident").post(f"/cases/{old}/split", {"reason": "x"})
    assert problem_of(by_reporter) == (403, "not-allowed")
    close(installed, old)
    after = call("street_dispatcher").post(f"/cases/{old}/split", {"reason": "x"})
    assert problem_of(after) == (409, "wrong-state")


def test_a_whistle_is_merged_split_and_reopened_as_its_diagram_says(app):
    deployments.deploy(app, identities.operator(), read_files([ROOT / "processes"]))
    report = {
        "title": "楼道堆物", "description": "纸箱", "location": GRID, "item_code": "ZL-02-001",
        "lat": 31.2301, "lon": 121.4701, "reporter_name": "样甲", "reporter_phone": "13912345678",
        "reply_channel": "phone",
    }  # fmt: skip
    far = report | {"lat": 31.3, "reporter_name": "样乙"}
    main, mine = (start(app, process="whistle_report", **one) for one in (report, far))
    dispatcher = callers(app)("street_dispatcher")
    part = dispatcher.post(
        f"/cases/{main}/split", {"data": {"title": "楼道灯"}, "reason": "两件事"}
    )
    # The same place and matter, and not a duplicate: it was split on purpose.
    assert [one["element"] for one in part.get_json()["tasks"]] == ["accept"]

    number = shown(app, mine)["business_key"]
    merged = dispatcher.post(f"/cases/{mine}/merge", {"into": main, "reason": "同一堆"})
    assert merged.get_json()["end"] == "merged"
    reporters = shown(app, main, "street_dispatcher")["data"]["reporters"]
    assert [(one["number"], one["reporter_name"]) for one in reporters] == [
        (shown(app, main)["business_key"], "样甲"), (number, "样乙"),
    ]  # fmt: skip

    task = shown(app, main)["tasks"][0]["id"]
    given = {"refuse_code": "other_channel", "refuse_reason": "另有渠道"}
    refusal = {"outcome": "refuse", "data": given}
    answer = dispatcher.post(f"/tasks/{task}/complete", refusal)
    assert answer.status_code == 200, answer.get_json()
    assert shown(app, main)["state"] == "completed"
    again = callers(app)("resident").post(f"/cases/{main}/reopen", {"reason": "还堆着"})
    assert [one["element"] for one in again.get_json()["tasks"]] == ["analyse"]
    assert_proved(app, main, mine, again.get_json()["id"])


# -- linking -------------------------------------------------------------------------------


def test_a_link_shows_on_both_sides_and_goes_from_either(both, call_both):
    one, other = start(both), start(both)
    dispatcher = call_both("street_dispatcher")
    first = dispatcher.post(f"/cases/{one}/link", {"case": other, "reason": "same yard"})
    assert (first.status_code, linked(both, one)) == (200, [(other, "related")])
    assert linked(both, other) == [(one, "related")]
    again = dispatcher.post(f"/cases/{other}/link", {"case": one})
    assert problem_of(again) == (409, "wrong-state")
    assert_proved(both, one, other)

    gone = dispatcher.post(f"/cases/{other}/unlink", {"case": one, "reason": "not the same"})
    assert (gone.status_code, gone.get_json()["case"]) == (200, one)
    assert (linked(both, one), linked(both, other)) == ([], [])
    assert last(both, one)[2]["type"] == "case_unlinked"
    assert_proved(both, one, other)


def test_links_that_come_from_elsewhere_stay(installed, call):
    mine, main = start(installed), start(installed)
    dispatcher = call("street_dispatcher")
    dispatcher.post(f"/cases/{mine}/merge", {"into": main, "reason": "x"})
    answer = dispatcher.post(f"/cases/{main}/unlink", {"case": mine})

    assert problem_of(answer) == (404, "not-found")
    assert linked(installed, main) == [(mine, "merged")]


def test_who_does_not_see_the_other_case_does_not_link_it(installed, call):
    mine = start(installed)
    elsewhere = start(installed, place="990101002")
    secret = start(installed, "street_dispatcher", hidden=True)

    def refused(case_id, who="street_dispatcher"):
        answer = call(who).post(f"/cases/{mine}/link", {"case": case_id})
        return problem_of(answer)

    assert refused(elsewhere) == (404, "case-not-found")
    assert refused(mine) == (400, "invalid-request")
    assert refused(secret) == (409, "wrong-state")
    assert refused(elsewhere, "grid_worker") == (403, "not-allowed")
    assert linked(installed, mine) == []


def test_the_other_executor_links_and_merges_alike(installed, call):
    spiff = OTHER.replace(b'id="other"', b'id="spiffy"')
    deployments.deploy(installed, identities.operator(), {"spiffy.bpmn": spiff}, executor="spiff")
    one, other = (start(installed, "street_dispatcher", "spiffy") for _ in range(2))
    admin = call("admin")

    assert admin.post(f"/cases/{one}/link", {"case": other}).status_code == 200
    assert admin.post(f"/cases/{one}/unlink", {"case": other}).status_code == 200
    assert admin.post(f"/cases/{one}/merge", {"into": other, "reason": "x"}).status_code == 200
    with installed.database.reading() as tx:
        kinds = tx.all(sa.select(links.c.kind), {})
    assert kinds == [("merged",), ("merged",)]
    assert_proved(installed, one, other)


# -- on the pages --------------------------------------------------------------------------


def press(call, who, case_id, **form):
    caller = call(who)
    client = caller.server.test_client(use_cookies=False)
    answer = client.post(f"/cases/{case_id}", data=form, headers=caller.headers)
    shown = client.get(f"/cases/{case_id}", headers=caller.headers)
    return answer, shown.get_data(as_text=True)


def test_buttons_of_a_case_link_merge_and_reopen_it(installed, call):
    one, other, third = (start(installed) for _ in range(3))
    answer, page = press(call, "street_dispatcher", one, act="link", other=other, once="a1")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/cases/{one}?done=link")
    assert [f'href="/cases/{other}"' in page, "取消关联" in page] == [True, True]
    answer, page = press(call, "street_dispatcher", one, act="unlink", other=other, once="a2")
    assert (answer.status_code, f'href="/cases/{other}"' in page) == (303, False)

    nobody, page = press(call, "street_dispatcher", one, act="merge", other="none", reason="x")
    assert (nobody.status_code, shown(installed, one)["state"]) == (404, "open")
    missing, page = press(call, "street_dispatcher", one, act="merge", other=other)
    assert missing.status_code == 422
    press(call, "street_dispatcher", one, act="merge", other=other, reason="x", once="a3")
    assert shown(installed, one)["end"] == "merged"

    close(installed, third)
    _, page = press(call, "resident", third, act="follow")
    assert "重开" in page
    answer, _ = press(call, "resident", third, act="reopen", reason="again", once="a4")
    new = answer.headers["Location"].removeprefix("/cases/").removesuffix("?done=reopen")
    assert linked(installed, third) == [(new, "reopens")]
    _, page = press(call, "resident", third, act="follow")
    assert ('value="reopen"' in page, f'href="/cases/{new}"' in page) == (False, True)
