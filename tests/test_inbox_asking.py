"""What people ask of each other over a task, through the API."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest

from engine import cases, deployments, identities, replay, store
from engine.commands import ReadCopy
from tests import rows
from tests.callers import callers, problem_of
from tests.conftest import FIVE_STEPS

STREET = "990101001"
OWNER, FIRST, SECOND = "street_dispatcher", "street_leader", "street_analyst"


@pytest.fixture
def call(request):
    """Callers of the application; on both databases where a test asks for ``any_app``."""
    both = "any_app" in request.fixturenames
    return callers(request.getfixturevalue("any_app" if both else "app"))


@pytest.fixture
def task(call):
    """The id of a task that its owner has signed for."""
    owner = call(OWNER)
    owner.post("/cases", {"process": "five_steps", "business_key": "JB-1"})
    (one,) = owner.tasks()
    owner.post(f"/tasks/{one['id']}/claim")
    return one["id"]


def asked(call, task, to=FIRST, kind="before", **more):
    """Ask somebody; return the id of the signature."""
    answer = call(OWNER).post(f"/tasks/{task}/cosign", {"to": to, "kind": kind, **more})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return call(OWNER).get(f"/tasks/{task}").get_json()["signatures"][-1]["id"]


def answered(caller, signature, outcome="agree", reason=None):
    data = {} if reason is None else {"reason": reason}
    return caller.post(f"/tasks/{signature}/complete", {"outcome": outcome, "data": data})


def decided(call, task):
    return call(OWNER).post(f"/tasks/{task}/complete", {"outcome": "accept"})


def notices(caller):
    return [(one["text"], one["task"], one["unread"]) for one in caller.tasks("cc")]


def sound(app, task):
    """Replay the case, and see that its rows follow from its history."""
    ids = [task.partition(".")[0]]
    assert list(replay.replay(app, ids)) == [None]
    before = rows.everything(app)
    assert list(replay.rebuild(app, ids)) == ids
    assert rows.everything(app) == before


# -- signatures --------------------------------------------------------------------------


def test_a_signature_is_a_row_of_its_own_with_words_and_a_due_moment(call, task):
    due_at = "2026-09-14T12:00:00+08:00"
    name = asked(call, task, reason="请核预算", due_at=due_at)

    (row,) = call(FIRST).tasks("mine")
    shown = call(FIRST).get(f"/tasks/{name}").get_json()
    assert (row["id"], row["of"], row["due_at"]) == (name, task, "2026-09-14T04:00:00Z")
    assert [one["value"] for one in shown["outcomes"]] == ["agree", "disagree"]
    assert shown["actions"] == ["sign", "comment", "attach", "remind"]
    assert shown["signatures"][0]["words"] == "请核预算"
    assert notices(call(FIRST)) == [("signature", name, True)]

    assert answered(call(FIRST), name, "disagree", "预算不够").status_code == 200
    (one,) = call(OWNER).get(f"/tasks/{task}").get_json()["signatures"]
    assert (one["state"], one["outcome"], one["answer"]) == ("given", "disagree", "预算不够")
    assert call(FIRST).tasks("mine") == []
    assert [one["id"] for one in call(FIRST).tasks("done")] == [name]
    assert notices(call(OWNER)) == [("disagreed", task, True)]


def test_words_are_sealed_in_the_history(call, task, any_app):
    name = asked(call, task, reason="请核预算")
    answered(call(FIRST), name, "agree", "同意支出")

    with any_app.database.reading() as tx:
        bodies = b"".join(one.body for one in store.read_entries(tx, task.partition(".")[0]))
    assert "请核预算".encode() not in bodies
    assert "同意支出".encode() not in bodies
    sound(any_app, task)


def test_the_owner_waits_for_who_is_asked_before(call, task):
    name = asked(call, task)

    assert problem_of(decided(call, task)) == (409, "signatures-awaited")
    assert "complete" not in call(OWNER).get(f"/tasks/{task}").get_json()["actions"]
    answered(call(FIRST), name)
    assert decided(call, task).status_code == 200


def test_a_decision_waits_for_who_agrees_after_it(call, task, any_app):
    name = asked(call, task, kind="after")
    assert call(FIRST).tasks("mine") == []

    assert decided(call, task).status_code == 200
    shown = call(OWNER).get(f"/tasks/{task}").get_json()
    assert (shown["state"], shown["decided"]["outcome"]) == ("open", "accept")
    assert shown["actions"] == ["cosign", "comment", "attach", "remind", "copy"]
    assert [one["id"] for one in call(FIRST).tasks("mine")] == [name]
    assert answered(call(FIRST), name, "disagree", "再想想").status_code == 200
    again = call(OWNER).get(f"/tasks/{task}").get_json()
    assert (again["decided"], again["signatures"][-1]["state"]) == (None, "planned")

    decided(call, task)
    (asked_again,) = call(FIRST).tasks("mine")
    answered(call(FIRST), asked_again["id"])
    done = call(OWNER).get(f"/tasks/{task}").get_json()
    assert (done["state"], done["completed_by"]) == ("completed", OWNER)
    assert [one["id"] for one in call(OWNER).tasks("done")] == [task]
    sound(any_app, task)


def test_only_who_is_asked_answers_and_only_the_owner_asks(call, task):
    name = asked(call, task)

    assert problem_of(answered(call("admin"), name)) == (403, "not-allowed")
    assert problem_of(answered(call(OWNER), name)) == (403, "not-allowed")
    assert problem_of(
        call(SECOND).post(f"/tasks/{task}/cosign", {"to": "street_secretary", "kind": "before"})
    ) == (403, "not-allowed")
    assert problem_of(call(SECOND).post(f"/tasks/{name}/uncosign", {})) == (403, "not-allowed")
    assert problem_of(call("resident").get(f"/tasks/{name}")) == (404, "case-not-found")


@pytest.mark.parametrize("to", ["resident", "nobody", OWNER])
def test_who_has_no_office_is_not_asked(call, task, to):
    answer = call(OWNER).post(f"/tasks/{task}/cosign", {"to": to, "kind": "before"})

    refused = {"resident": (403, "not-allowed"), "nobody": (422, "invalid-data")}
    assert problem_of(answer) == refused.get(to, (409, "wrong-state"))


def test_two_who_answer_at_once_are_both_heard(call, task, any_app):
    names = {to: asked(call, task, to, "parallel") for to in (FIRST, SECOND)}
    decided(call, task)
    people, gate = {to: call(to) for to in names}, threading.Barrier(2)

    def answer(to):
        gate.wait(timeout=60)
        return answered(people[to], names[to]).status_code

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(answer, names))

    assert codes == [200, 200]
    assert call(OWNER).get(f"/tasks/{task}").get_json()["state"] == "completed"
    sound(any_app, task)


def test_the_same_answer_twice_at_once_counts_once(call, task):
    name = asked(call, task)
    caller, gate = call(FIRST), threading.Barrier(2)

    def answer(_):
        gate.wait(timeout=60)
        return answered(caller, name).status_code

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(answer, range(2)))

    assert codes == [200, 409]


def test_on_hold_nobody_answers_and_after_an_extension_the_limit_follows(call, task, any_app):
    name, admin = asked(call, task), call("admin")
    own = asked(call, task, SECOND, due_at="2026-09-14T12:00:00+08:00")
    hold = {"reason": "等", "review_at": "2026-09-21T09:00:00+08:00"}
    admin.post(f"/tasks/{task}/suspend", hold)
    assert problem_of(answered(call(FIRST), name)) == (409, "on-hold")
    assert call(FIRST).get(f"/tasks/{name}").get_json()["held"] is True
    admin.post(f"/tasks/{task}/resume", {})

    admin.post(f"/tasks/{task}/extend", {"due_at": "2026-09-16T12:00:00+08:00"})
    assert call(FIRST).tasks("mine")[0]["due_at"] == "2026-09-16T04:00:00Z"
    assert call(SECOND).get(f"/tasks/{own}").get_json()["due_at"] == "2026-09-14T04:00:00Z"
    assert answered(call(FIRST), name).status_code == 200
    sound(any_app, task)


def test_a_case_that_ends_takes_its_signatures_along(call, task, any_app):
    name = asked(call, task)
    call("admin").post(f"/cases/{task.partition('.')[0]}/terminate", {"reason": "误报"})

    assert call(FIRST).tasks("mine") == []
    assert problem_of(answered(call(FIRST), name)) == (409, "task-not-open")
    assert call(FIRST).get(f"/tasks/{name}").get_json()["state"] == "cancelled"
    sound(any_app, task)


def test_who_was_asked_and_has_left_does_not_answer_but_another_is_asked(call, task, any_app):
    name, caller = asked(call, task), call(FIRST)
    identities.disable_user(any_app, FIRST, by="@test")

    assert problem_of(answered(caller, name))[0] in {401, 403}
    other = asked(call, task, SECOND)
    assert call(OWNER).post(f"/tasks/{name}/uncosign", {"reason": "离岗"}).status_code == 200
    assert answered(call(SECOND), other).status_code == 200
    assert decided(call, task).status_code == 200


def test_a_signature_is_not_handed_on(call, task):
    name = asked(call, task)

    for act, body in (("transfer", {"to": SECOND}), ("unclaim", {}), ("claim", {})):
        assert problem_of(call(FIRST).post(f"/tasks/{name}/{act}", body)) == (409, "wrong-state")
    assert problem_of(
        call(FIRST).post(f"/tasks/{name}/complete", {"outcome": "agree", "data": {"x": 1}})
    ) == (422, "invalid-data")
    assert problem_of(answered(call(FIRST), name, "perhaps")) == (422, "unknown-outcome")


def test_remarks_on_a_signature_stand_at_its_task(call, task):
    name = asked(call, task)
    call(FIRST).post(f"/tasks/{name}/comment", {"text": "看附件"})

    for one in (name, task):
        (comment,) = call(OWNER).get(f"/tasks/{one}/comments").get_json()["items"]
        assert (comment["by"], comment["text"]) == (FIRST, "看附件")


def test_who_has_read_a_task_before_an_answer_is_told_to_look_again(call, task):
    name = asked(call, task, kind="parallel")
    etag = call(OWNER).get(f"/tasks/{task}").headers["ETag"]
    answered(call(FIRST), name, "disagree")

    answer = call(OWNER).post(f"/tasks/{task}/complete", {"outcome": "accept"}, If_Match=etag)
    assert problem_of(answer) == (412, "stale")


# -- another version -----------------------------------------------------------------------


def test_a_signature_goes_along_when_its_step_gets_another_name(call, task, any_app):
    name = asked(call, task, kind="parallel", reason="请核")
    decided(call, task)
    changed = FIVE_STEPS.read_bytes()
    for old in (b'"accept"', b">accept<", b"accept_outcome"):
        changed = changed.replace(old, old.replace(b"accept", b"receive"))
    deployments.deploy(any_app, identities.operator(), {FIVE_STEPS.name: changed})
    case_id = task.partition(".")[0]
    body = {"version": 2, "mapping": {"accept": "receive"}, "reason": "改名"}
    answer = call("admin").post(f"/cases/{case_id}/migrate", body)
    assert answer.status_code == 200, answer.get_data(as_text=True)

    shown = call(FIRST).get(f"/tasks/{name}").get_json()
    assert (shown["element"], shown["signatures"][0]["words"]) == ("receive", "请核")
    assert answered(call(FIRST), name).status_code == 200
    assert call(OWNER).get(f"/tasks/{task}").get_json()["state"] == "completed"
    sound(any_app, task)


# -- delegation ---------------------------------------------------------------------------


def test_a_delegated_task_stays_with_its_owner_and_comes_back(call, task):
    call(OWNER).post(f"/tasks/{task}/delegate", {"to": FIRST, "reason": "请代为核实"})
    (mine,), (theirs,) = call(OWNER).tasks("mine"), call(FIRST).tasks("mine")
    assert (mine["id"], theirs["of"]) == (task, task)
    assert problem_of(decided(call, task)) == (409, "signatures-awaited")

    answer = call(FIRST).post(f"/tasks/{theirs['id']}/resolve", {"reason": "已核实"})
    assert answer.status_code == 200
    shown = call(OWNER).get(f"/tasks/{task}").get_json()
    assert (shown["assignee"], shown["signatures"][0]["answer"]) == (OWNER, "已核实")
    assert notices(call(OWNER)) == [("resolved", task, True)]
    assert decided(call, task).status_code == 200


# -- reminders ---------------------------------------------------------------------------


def test_urging_tells_who_has_the_task_and_is_counted(call, task, any_app):
    assert call(SECOND).post(f"/tasks/{task}/remind", {"reason": "群众在等"}).status_code == 200
    assert notices(call(OWNER)) == [("reminded", task, True)]
    (shown,) = call(OWNER).get(f"/tasks/{task}").get_json()["reminders"]
    assert (shown["by"], shown["words"]) == (SECOND, "群众在等")

    again = call(SECOND).post(f"/tasks/{task}/remind", {})
    assert problem_of(again) == (409, "reminded-lately")
    assert "13:00" in again.get_json()["hint"]
    any_app.clock.set(any_app.clock.now() + timedelta(hours=4))
    assert call(SECOND).post(f"/tasks/{task}/remind", {}).status_code == 200
    sound(any_app, task)


def test_a_task_that_nobody_has_signed_for_urges_those_it_is_offered_to(call):
    owner = call(OWNER)
    owner.post("/cases", {"process": "five_steps"})
    (one,) = owner.tasks()

    assert call(SECOND).post(f"/tasks/{one['id']}/remind", {}).status_code == 200
    assert [text for text, _, _ in notices(owner)] == ["reminded"]
    assert problem_of(call("auditor").post(f"/tasks/{one['id']}/remind", {})) == (
        403,
        "not-allowed",
    )


# -- copies ------------------------------------------------------------------------------


def test_a_copy_lets_read_and_nothing_else_and_tells_when_it_was_opened(call, task, any_app):
    reader = call("fund_officer")
    assert problem_of(reader.get(f"/tasks/{task}")) == (404, "case-not-found")
    answer = call(OWNER).post(f"/tasks/{task}/copy", {"to": ["fund_officer"], "reason": "供参阅"})
    assert answer.status_code == 200

    shown = reader.get(f"/tasks/{task}").get_json()
    assert shown["actions"] == []
    assert shown["copies"][0]["words"] == "供参阅"
    assert notices(reader) == [("copied", task, True)]
    for act, body in (("comment", {"text": "x"}), ("remind", {}), ("copy", {"to": [FIRST]})):
        assert problem_of(reader.post(f"/tasks/{task}/{act}", body)) == (403, "not-allowed")
    assert shown["copies"][0]["read_at"] is None
    assert reader.post(f"/tasks/{task}/read").status_code == 200
    assert problem_of(reader.post(f"/tasks/{task}/read")) == (409, "nothing-waits")
    (copy,) = call(OWNER).get(f"/tasks/{task}").get_json()["copies"]
    assert (copy["to"], copy["read_at"]) == ("fund_officer", "2026-09-14T01:00:00Z")
    sound(any_app, task)


def test_a_copy_to_a_role_goes_to_its_holders_and_is_opened_after_the_end_too(call, task, any_app):
    call(OWNER).post(f"/tasks/{task}/copy", {"to": ["street_leader@", f"street_duty@{STREET}"]})
    found = {one["to"] for one in call(OWNER).get(f"/tasks/{task}").get_json()["copies"]}
    assert len(found) > 1
    case_id, name = cases.split_task(task)
    call("admin").post(f"/cases/{case_id}/terminate", {"reason": "误报"})

    reader = identities.actor(any_app, sorted(found)[0])
    assert cases.handle(any_app, reader, case_id, ReadCopy(name)).status == 200
    sound(any_app, task)


@pytest.mark.parametrize("to", ["nobody", "resident", OWNER, "street_leader@990199"])
def test_a_copy_goes_to_people_with_an_office_alone(call, task, to):
    answer = call(OWNER).post(f"/tasks/{task}/copy", {"to": [to]})

    assert answer.status_code in {403, 422}, answer.get_data(as_text=True)
    assert call(OWNER).get(f"/tasks/{task}").get_json()["copies"] == []


# -- handing over ----------------------------------------------------------------------------


def test_who_has_handed_a_task_over_finds_it_among_what_was_done(call, task, any_app):
    holders = [OWNER, "admin", OWNER]
    for giver, taker in pairwise(holders):
        answer = call(giver).post(f"/tasks/{task}/transfer", {"to": taker, "reason": "出差"})
        assert answer.status_code == 200, answer.get_data(as_text=True)

    for giver in holders[:2]:
        (row,) = call(giver).tasks("done")
        assert (row["id"], row["state"], row["of"]) == (task, "transferred", None)
    assert [one["id"] for one in call(OWNER).tasks("mine")] == [task]
    sound(any_app, task)
    any_app.clock.set(any_app.clock.now() + timedelta(minutes=1))
    decided(call, task)
    assert [one["state"] for one in call(OWNER).tasks("done")] == ["completed", "transferred"]


def test_who_has_handed_a_task_over_may_not_take_it_back(call, task):
    call(OWNER).post(f"/tasks/{task}/transfer", {"to": "admin"})

    assert problem_of(call(OWNER).post(f"/tasks/{task}/withdraw", {"reason": "x"}))[0] in {403, 409}
    assert problem_of(decided(call, task)) == (409, "already-claimed")


# -- the other executor -----------------------------------------------------------------------


def test_the_other_executor_refuses_by_name(app):
    by = identities.operator()
    files = {FIVE_STEPS.name: FIVE_STEPS.read_bytes().replace(b"five_steps", b"five_spiff")}
    deployments.deploy(app, by, files, executor="spiff")
    owner = callers(app)(OWNER)
    case = owner.post("/cases", {"process": "five_spiff"}).get_json()
    task = case["tasks"][0]["id"]
    owner.post(f"/tasks/{task}/claim")

    for act, body in (
        ("cosign", {"to": FIRST, "kind": "before"}),
        ("delegate", {"to": FIRST}),
        ("remind", {}),
        ("copy", {"to": [FIRST]}),
    ):
        assert problem_of(owner.post(f"/tasks/{task}/{act}", body)) == (409, "not-on-executor")
    hold = {"reason": "等", "review_at": "2026-09-21T09:00:00+08:00"}
    assert callers(app)("admin").post(f"/tasks/{task}/suspend", hold).status_code == 200
