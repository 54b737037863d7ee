"""Activities that people start in a case, from outside: calls, rights, histories."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from engine import deployments, history, identities, replay, store, verification
from engine.errors import NotDeployable
from engine.tables import offers
from tests import rows
from tests.callers import callers, problem_of
from tests.memory import flows, process

OFFERED = 'camunda:candidateGroups="street_dispatcher"'


def matter(attributes: str = OFFERED, condition: str = "settled", many: str = "") -> bytes:
    """Return a process in which the street does what it thinks right."""
    done = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    return process(
        f'<startEvent id="s"/><adHocSubProcess id="work" name="办理" {attributes}>{many}'
        '<userTask id="visit" name="走访" camunda:candidateGroups="street_dispatcher">'
        '<extensionElements><camunda:properties><camunda:property name="name_en" value="Visit"/>'
        "</camunda:properties></extensionElements></userTask>"
        '<userTask id="call" name="电话" camunda:candidateGroups="street_dispatcher"/>'
        f'{done}</adHocSubProcess><endEvent id="e"/>' + flows("s > work > e"),
        "matter",
    )


def begun(app, call, xml: bytes = b"") -> str:
    deployments.deploy(app, identities.operator(), {"matter.bpmn": xml or matter()})
    answer = call("street_dispatcher").post(
        "/cases", {"process": "matter", "data": {"settled": False}}
    )
    case: str = answer.get_json()["id"]
    return case


@pytest.fixture
def call(app):
    return callers(app)


def test_a_case_lists_what_may_be_started_and_starts_it(app, call):
    dispatcher, case = call("street_dispatcher"), begun(app, call)

    listed = dispatcher.get(f"/cases/{case}").get_json()["activities"]
    assert [(one["scope"], one["name"], one["ordering"], one["completable"]) for one in listed] == [
        ("matter.work.1", "办理", "Parallel", False)
    ]
    assert listed[0]["startable"] == [
        {"activity": "visit", "name": "走访", "name_en": "Visit"},
        {"activity": "call", "name": "电话", "name_en": None},
    ]
    answer = dispatcher.post(f"/cases/{case}/activities", {"activity": "visit"})
    assert (answer.status_code, answer.get_json()["state"]) == (200, "open")
    assert [one["element"] for one in dispatcher.get(f"/cases/{case}").get_json()["tasks"]] == [
        "visit"
    ]
    named = {"activity": "call", "scope": "matter.work.1"}
    assert dispatcher.post(f"/cases/{case}/activities", named).status_code == 200
    done = dispatcher.post(f"/tasks/{case}.matter.visit.1/complete", {"data": {"settled": True}})

    assert done.get_json()["state"] == "completed"
    assert dispatcher.get(f"/cases/{case}").get_json()["activities"] == []
    assert list(replay.replay(app, [case])) == [None]


def test_the_same_key_starts_an_activity_once(app, call):
    dispatcher, case = call("street_dispatcher"), begun(app, call)

    answers = [
        dispatcher.post(f"/cases/{case}/activities", {"activity": "visit"}, Idempotency_Key="k-1")
        for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [200, 200]
    assert [one["element"] for one in dispatcher.get(f"/cases/{case}").get_json()["tasks"]] == [
        "visit"
    ]


def test_only_those_it_is_offered_to_start_anything(app, call):
    case = begun(app, call)
    leader, worker = call("street_leader"), call("dept_handler")

    (listed,) = leader.get(f"/cases/{case}").get_json()["activities"]
    assert (listed["startable"], listed["completable"]) == ([], False)
    refused = leader.post(f"/cases/{case}/activities", {"activity": "visit"})
    assert problem_of(refused) == (403, "not-allowed")
    assert "street_dispatcher" in refused.get_json()["hint"]
    assert problem_of(worker.post(f"/cases/{case}/activities", {"activity": "visit"})) == (
        404,
        "case-not-found",
    )
    named = {"activity": "visit", "scope": "matter.work.1"}
    assert problem_of(worker.post(f"/cases/{case}/activities", named)) == (404, "case-not-found")


def test_without_a_role_whoever_sees_the_case_may_start_but_no_auditor(app, call):
    case = begun(app, call, matter(""))

    started = call("street_leader").post(f"/cases/{case}/activities", {"activity": "call"})
    refused = call("auditor").post(f"/cases/{case}/activities", {"activity": "call"})

    assert started.status_code == 200
    assert problem_of(refused) == (403, "not-allowed")


def test_whom_it_is_offered_to_sees_the_case(app, call):
    case = begun(app, call, matter("camunda:candidateGroups=\"dept_handler@'D04'\""))
    handler, other = call("dept_handler"), call("dept_liaison")

    assert handler.get(f"/cases/{case}").status_code == 200
    assert handler.post(f"/cases/{case}/activities", {"activity": "visit"}).status_code == 200
    assert problem_of(other.get(f"/cases/{case}")) == (404, "case-not-found")


def test_a_person_says_that_all_is_done(app, call):
    dispatcher, case = call("street_dispatcher"), begun(app, call, matter(condition=""))

    (listed,) = dispatcher.get(f"/cases/{case}").get_json()["activities"]
    assert listed["completable"] is True
    dispatcher.post(f"/cases/{case}/activities", {"activity": "visit"})
    done = dispatcher.post(f"/cases/{case}/activities/complete")

    assert (done.status_code, done.get_json()["state"]) == (200, "completed")
    again = dispatcher.post(f"/cases/{case}/activities/complete")
    assert problem_of(again) == (409, "nothing-waits")


def test_what_cannot_be_started_says_why(app, call):
    one_at_a_time = matter(f'{OFFERED} ordering="Sequential"')
    dispatcher, case = call("street_dispatcher"), begun(app, call, one_at_a_time)
    path = f"/cases/{case}/activities"

    assert problem_of(dispatcher.post(path, {"activity": "none"})) == (409, "nothing-waits")
    named = {"activity": "none", "scope": "matter.work.1"}
    assert problem_of(dispatcher.post(path, named)) == (400, "invalid-request")
    elsewhere = {"activity": "visit", "scope": "matter.work.2"}
    assert problem_of(dispatcher.post(path, elsewhere)) == (409, "nothing-waits")
    assert problem_of(dispatcher.post(f"{path}/complete")) == (400, "invalid-request")
    dispatcher.post(path, {"activity": "visit"})
    assert problem_of(dispatcher.post(path, {"activity": "call"})) == (409, "activity-running")
    (listed,) = dispatcher.get(f"/cases/{case}").get_json()["activities"]
    assert listed["startable"] == []


def test_where_several_are_open_one_is_named(app, call):
    many = (
        "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>"
        "</multiInstanceLoopCharacteristics>"
    )
    dispatcher, case = call("street_dispatcher"), begun(app, call, matter(many=many))
    path = f"/cases/{case}/activities"

    listed = dispatcher.get(f"/cases/{case}").get_json()["activities"]
    assert [(one["scope"], one["instance"]) for one in listed] == [
        ("matter.work.1.0/", 0),
        ("matter.work.1.1/", 1),
    ]
    refused = dispatcher.post(path, {"activity": "visit"})
    assert problem_of(refused) == (400, "invalid-request")
    named = {"activity": "visit", "scope": "matter.work.1.1/"}
    assert dispatcher.post(path, named).status_code == 200
    assert [one["element"] for one in dispatcher.get(f"/cases/{case}").get_json()["tasks"]] == [
        "visit"
    ]


def test_the_history_says_who_started_what_in_which_unit(app, call):
    dispatcher, case = call("street_dispatcher"), begun(app, call)

    dispatcher.post(f"/cases/{case}/activities", {"activity": "visit"})

    with app.database.reading() as tx:
        found = list(store.read_entries(tx, case))
    assert history.verify(case, iter(found), head=found[-1].digest) == len(found)
    last = found[-1].document()
    assert last["command"] == {
        "type": "start_activity",
        "scope": "matter.work.1",
        "activity": "visit",
        "unit": "S09-001",
    }
    started = last["events"][0]
    assert (started["type"], started["by"], started["unit"]) == (
        "activity_started",
        "street_dispatcher",
        "S09-001",
    )


def found_wrong(app, *ids: str) -> list[str]:
    return [one.what for found in verification.cases(app, ids) for one in found]


def test_what_may_be_started_waits_in_the_inbox_of_who_may(app, call):
    dispatcher, worker = call("street_dispatcher"), call("grid_worker")
    many = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>"
    many += "</multiInstanceLoopCharacteristics>"
    twice = matter(f'{OFFERED} ordering="Sequential"', many=many)
    first = begun(app, call)
    second = begun(app, call, twice)

    def listed(caller) -> list[tuple[str, list[str]]]:
        return [
            (one["id"], [each["activity"] for each in one["startable"]])
            for one in caller.tasks("activities")
        ]

    both = ["visit", "call"]
    assert listed(dispatcher) == [
        (f"{second}/matter.work.1.1", both), (f"{second}/matter.work.1.0", both),
        (f"{first}/matter.work.1", both),
    ]  # fmt: skip
    assert [listed(worker), listed(call("auditor"))] == [[], []]
    page = dispatcher.tasks("activities&limit=2")
    assert [one["id"] for one in page] == [one for one, _ in listed(dispatcher)[:2]]
    cursor = dispatcher.get("/tasks?view=activities&limit=2").get_json()["next"]
    rest = dispatcher.get(f"/tasks?view=activities&limit=2&cursor={cursor}").get_json()
    assert ([one["case"] for one in rest["items"]], rest["next"]) == ([first], None)
    assert found_wrong(app, first, second) == []

    client = dispatcher.server.test_client(use_cookies=False)
    text = client.get("/tasks?view=activities", headers=dispatcher.headers).get_data(as_text=True)
    assert text.count('value="start_activity"') == 6
    assert ("即席工作" in text, "启动“走访”" in text) == (True, True)
    other = client.get("/tasks", headers=worker.headers).get_data(as_text=True)
    assert "即席工作" not in other
    form = {"act": "start_activity", "activity": "visit", "scope": page[0]["scope"]}
    sent = client.post(f"/cases/{second}", headers=dispatcher.headers, data=form)
    assert sent.status_code == 303

    # One at a time: while it runs nothing else starts there.
    assert [one for one, _ in listed(dispatcher)] == [
        f"{second}/matter.work.1.0", f"{first}/matter.work.1",
    ]  # fmt: skip
    call("street_leader").post(f"/cases/{second}/suspend", {"reason": "x"})
    assert [one for one, _ in listed(dispatcher)] == [f"{first}/matter.work.1"]
    call("street_leader").post(f"/cases/{second}/resume", {"reason": "x"})
    before = rows.everything(app)
    assert len(before["offers"]) == 3
    assert list(replay.rebuild(app, [first, second])) == [first, second]
    assert rows.everything(app) == before

    with app.database.writing() as tx:
        tx.run(sa.delete(offers), {})
    assert found_wrong(app, first) == ["offer of ad-hoc work"]
    list(replay.rebuild(app, [first, second]))

    dispatcher.post(f"/cases/{first}/activities", {"activity": "visit"})
    dispatcher.post(f"/tasks/{first}.matter.visit.1/complete", {"data": {"settled": True}})
    assert [one["case"] for one in dispatcher.tasks("activities")] == [second]
    call("district_coordinator").post(f"/cases/{second}/terminate", {"reason": "x"})
    assert (dispatcher.tasks("activities"), rows.everything(app)["offers"]) == ([], [])
    assert found_wrong(app, first, second) == []


def test_an_offer_keeps_its_place_in_the_inbox_when_its_element_gets_another_id(app, call):
    dispatcher, case = call("street_dispatcher"), begun(app, call)
    renamed = matter().replace(b'"work"', b'"labour"')
    deployments.deploy(app, identities.operator(), {"matter.bpmn": renamed})
    wanted = {"version": 2, "mapping": {"work": "labour"}, "reason": "x"}

    assert call("admin").post(f"/cases/{case}/migrate", wanted).status_code == 200
    assert [one["id"] for one in dispatcher.tasks("activities")] == [f"{case}/matter.labour.1"]
    assert found_wrong(app, case) == []


def test_a_suspended_case_starts_nothing(app, call):
    dispatcher, case = call("street_dispatcher"), begun(app, call)
    call("district_coordinator").post(f"/cases/{case}/suspend", {"reason": "x"})

    (listed,) = dispatcher.get(f"/cases/{case}").get_json()["activities"]
    assert listed["startable"] == []
    refused = dispatcher.post(f"/cases/{case}/activities", {"activity": "visit"})

    assert problem_of(refused) == (409, "wrong-state")


def test_it_is_refused_for_the_executor_that_has_none(app):
    with pytest.raises(NotDeployable) as refusal:
        deployments.deploy(app, identities.operator(), {"matter.bpmn": matter()}, executor="spiff")

    told = [one for one in refusal.value.findings if one["severity"] == "error"]
    assert [(one["code"], one["element"]) for one in told] == [("not-on-executor", "work")]
