import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.callers import callers, problem_of

DEPARTMENT = "D04"


@pytest.fixture
def call(app):
    return callers(app)


def started(call, **more):
    return call("street_dispatcher").post("/cases", {"process": "five_steps", **more}).get_json()


def done(caller, task, outcome=None, **data):
    body = {"data": data} if outcome is None else {"outcome": outcome, "data": data}
    return caller.post(f"/tasks/{task}/complete", body)


def the_task(caller, view="pool"):
    (one,) = caller.tasks(view)
    return one["id"]


# -- the straight way ----------------------------------------------------------------


def test_a_whistle_goes_from_report_to_publication_over_http(call):
    dispatcher, handler = call("street_dispatcher"), call("dept_liaison")
    leader, publisher = call("street_leader"), call("publisher")
    case = started(call, business_key="JB-1")["id"]

    assert done(dispatcher, the_task(dispatcher), "accept").status_code == 200
    assert done(dispatcher, the_task(dispatcher), lead=DEPARTMENT).status_code == 200
    assert done(handler, the_task(handler), "done", reply="灯已修好").status_code == 200
    assert done(leader, the_task(leader), "good").status_code == 200
    assert done(publisher, the_task(publisher), public_text="已修复").status_code == 200

    shown = dispatcher.get(f"/cases/{case}").get_json()
    assert (shown["state"], shown["tasks"]) == ("completed", [])
    assert shown["data"]["evaluate_outcome"] == "good"


def test_a_late_department_is_escalated_when_the_clock_moves(call):
    dispatcher, handler, admin = call("street_dispatcher"), call("dept_liaison"), call("admin")
    started(call)
    done(dispatcher, the_task(dispatcher), "accept")
    done(dispatcher, the_task(dispatcher), lead=DEPARTMENT)

    moved = admin.post("/clock", {"advance_seconds": 6 * 3600})

    assert moved.get_json() == {"now": "2026-09-14T07:00:00Z", "fired": 1}
    assert [one["element"] for one in call("district_leader").tasks()] == ["instruct"]
    assert [one["colour"] for one in handler.tasks()] == ["red"]


def test_starting_a_case_answers_where_it_is(call):
    answer = call("street_dispatcher").post("/cases", {"process": "five_steps"})

    case = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/cases/{case['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert [one["element"] for one in case["tasks"]] == ["accept"]


# -- reading ---------------------------------------------------------------------------


def test_a_task_says_what_it_asks_and_what_may_be_done(call):
    dispatcher = call("street_dispatcher")
    case = started(call)["id"]

    task = dispatcher.get(f"/tasks/{case}.five_steps.accept.1").get_json()

    assert task["outcomes"] == [
        {"value": "accept", "label": "受理", "label_en": "Accept"},
        {"value": "refuse", "label": "不予受理", "label_en": "Refuse"},
    ]
    assert (task["assignee"], task["element"], task["case"]) == (None, "accept", case)
    assert task["actions"][:2] == ["claim", "complete"]


def test_a_history_holds_each_command_with_its_events_and_digest(call):
    dispatcher = call("street_dispatcher")
    case = started(call)["id"]
    done(dispatcher, the_task(dispatcher), "accept")

    entries = dispatcher.get(f"/cases/{case}/history").get_json()["items"]

    assert [(one["position"], one["command"]["type"]) for one in entries] == [
        (1, "start_case"),
        (2, "complete_task"),
    ]
    assert [len(one["digest"]) for one in entries] == [64, 64]


def test_an_earlier_state_can_be_asked_for(call):
    dispatcher = call("street_dispatcher")
    case = started(call)["id"]
    done(dispatcher, the_task(dispatcher), "accept")

    early = dispatcher.get(f"/cases/{case}/state?position=1").get_json()
    late = dispatcher.get(f"/cases/{case}/state?position=2").get_json()

    assert [one["element"] for one in early["elements"]] == ["accept"]
    assert [one["element"] for one in late["elements"]] == ["assign"]
    assert problem_of(dispatcher.get(f"/cases/{case}/state?position=3")) == (404, "not-found")


def test_cases_are_found_by_business_key_and_state(call):
    dispatcher = call("street_dispatcher")
    one = started(call, business_key="JB-1")["id"]
    started(call, business_key="JB-2")

    found = dispatcher.get("/cases?business_key=JB-1&state=open").get_json()

    assert [case["id"] for case in found["items"]] == [one]
    assert dispatcher.get("/cases?state=completed").get_json()["items"] == []


def test_a_list_is_read_page_by_page(call):
    dispatcher = call("street_dispatcher")
    wanted = [started(call)["id"] for _ in range(3)]

    first = dispatcher.get("/cases?limit=2").get_json()
    second = dispatcher.get(f"/cases?limit=2&cursor={first['next']}").get_json()

    assert [one["id"] for one in first["items"] + second["items"]] == wanted[::-1]
    assert second["next"] is None


def test_a_case_one_may_not_see_is_not_there(call):
    case = started(call)["id"]

    for path in (f"/cases/{case}", f"/cases/{case}/history", f"/tasks/{case}.five_steps.accept.1"):
        assert problem_of(call("resident").get(path))[0] == 404


def test_the_inbox_says_nothing_new_with_304(call):
    dispatcher = call("street_dispatcher")
    started(call)
    first = dispatcher.get("/tasks/changes")
    tag = first.get_json()["tag"]

    assert dispatcher.get(f"/tasks/changes?since={tag}").status_code == 304
    assert dispatcher.get("/tasks/changes", If_None_Match=first.headers["ETag"]).status_code == 304
    started(call)
    assert dispatcher.get(f"/tasks/changes?since={tag}").status_code == 200


def test_a_task_is_always_sent_in_full(call):
    # Its ETag names the last entry that touched it; what it shows changes with other things too.
    dispatcher = call("street_dispatcher")
    started(call)
    task = the_task(dispatcher)
    etag = dispatcher.get(f"/tasks/{task}").headers["ETag"]

    assert dispatcher.get(f"/tasks/{task}", If_None_Match=etag).status_code == 200


# -- once, and not twice -----------------------------------------------------------------


def test_the_same_key_and_body_is_done_once(call):
    dispatcher = call("street_dispatcher")
    body = {"process": "five_steps"}

    first = dispatcher.post("/cases", body, Idempotency_Key="k1")
    again = dispatcher.post("/cases", body, Idempotency_Key="k1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert len(dispatcher.get("/cases").get_json()["items"]) == 1


def test_a_key_with_another_body_is_refused(call):
    dispatcher = call("street_dispatcher")
    dispatcher.post("/cases", {"process": "five_steps"}, Idempotency_Key="k1")

    answer = dispatcher.post(
        "/cases", {"process": "five_steps", "version": 1}, Idempotency_Key="k1"
    )

    assert problem_of(answer) == (422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("/clock", {"advance_seconds": 60}, {"advance_seconds": 61}),
        ("/messages", {"name": "m"}, {"name": "n"}),
        ("/signals", {"name": "s"}, {"name": "t"}),
    ],
)
def test_every_post_counts_once_with_a_key(call, path, body, other):
    admin = call("admin")

    first = admin.post(path, body, Idempotency_Key="k").get_json()
    again = admin.post(path, body, Idempotency_Key="k").get_json()

    assert first == again
    assert problem_of(admin.post(path, other, Idempotency_Key="k"))[1] == "idempotency-key-reused"
    assert admin.post(path, other, Idempotency_Key="l").get_json() != first


def test_the_same_request_eight_times_at_once_is_one_case(call):
    eight = [call("street_dispatcher") for _ in range(8)]
    gate = threading.Barrier(8)

    def start(one):
        gate.wait()
        return one.post("/cases", {"process": "five_steps"}, Idempotency_Key="k").get_json()["id"]

    with ThreadPoolExecutor(8) as pool:
        cases = set(pool.map(start, eight))

    assert [{one["id"]} for one in eight[0].get("/cases").get_json()["items"]] == [cases]


def test_completing_twice_with_one_key_answers_the_same(call):
    dispatcher = call("street_dispatcher")
    started(call)
    task = the_task(dispatcher)

    first = dispatcher.post(f"/tasks/{task}/complete", {"outcome": "accept"}, Idempotency_Key="k")
    again = dispatcher.post(f"/tasks/{task}/complete", {"outcome": "accept"}, Idempotency_Key="k")

    assert first.get_json() == again.get_json()
    assert problem_of(done(dispatcher, task, "accept")) == (409, "task-not-open")


def test_only_the_first_of_two_gets_the_task(call):
    dispatcher, admin = call("street_dispatcher"), call("admin")
    started(call)
    task = the_task(dispatcher)

    assert dispatcher.post(f"/tasks/{task}/claim").status_code == 200
    assert problem_of(admin.post(f"/tasks/{task}/claim")) == (409, "already-claimed")


def test_of_eight_who_claim_at_once_one_gets_the_task(call):
    started(call)
    eight = [call("admin" if n % 2 else "street_dispatcher") for n in range(8)]
    task = the_task(eight[0])
    gate = threading.Barrier(8)

    def claim(one):
        gate.wait()
        return one.post(f"/tasks/{task}/complete", {"outcome": "accept"}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(claim, eight))

    assert answers == [200] + [409] * 7


def test_a_busy_machine_says_when_to_come_back(call, app, monkeypatch):
    dispatcher = call("street_dispatcher")
    monkeypatch.setattr("engine.database.BUSY_SECONDS", 0.05)

    with app.database.writing(), ThreadPoolExecutor(1) as pool:
        body = {"process": "five_steps"}
        answer = pool.submit(dispatcher.post, "/cases", body).result()

    assert problem_of(answer) == (503, "busy")
    assert answer.headers["Retry-After"] == "1"


def test_a_stale_etag_is_refused(call):
    dispatcher = call("street_dispatcher")
    started(call)
    task = the_task(dispatcher)
    etag = dispatcher.get(f"/tasks/{task}").headers["ETag"]
    dispatcher.post(f"/tasks/{task}/claim")

    answer = dispatcher.post(f"/tasks/{task}/complete", {"outcome": "accept"}, If_Match=etag)

    assert problem_of(answer) == (412, "stale")


# -- acts ------------------------------------------------------------------------------


def test_a_claimed_task_can_be_given_back(call):
    dispatcher = call("street_dispatcher")
    started(call)
    task = the_task(dispatcher)

    dispatcher.post(f"/tasks/{task}/claim")
    assert [one["id"] for one in dispatcher.tasks("mine")] == [task]
    dispatcher.post(f"/tasks/{task}/unclaim")
    assert dispatcher.tasks("mine") == []
    assert [one["id"] for one in dispatcher.tasks()] == [task]


def test_an_outcome_is_required_and_must_be_declared(call):
    dispatcher = call("street_dispatcher")
    started(call)
    task = the_task(dispatcher)

    assert problem_of(done(dispatcher, task)) == (422, "unknown-outcome")
    assert problem_of(done(dispatcher, task, "perhaps")) == (422, "unknown-outcome")


def test_a_datum_that_the_task_does_not_write_is_refused(call):
    dispatcher = call("street_dispatcher")
    started(call)
    done(dispatcher, the_task(dispatcher), "accept")

    answer = done(dispatcher, the_task(dispatcher), lead=DEPARTMENT, extra=1)

    assert problem_of(answer) == (422, "invalid-data")
    assert [one["key"] for one in answer.get_json()["findings"]] == ["extra"]


def test_remarks_are_kept_in_order(call):
    dispatcher = call("street_dispatcher")
    started(call)
    task = the_task(dispatcher)

    for text in ("请尽快", "已联系"):
        assert dispatcher.post(f"/tasks/{task}/comment", {"text": text}).status_code == 200

    shown = dispatcher.get(f"/tasks/{task}/comments").get_json()["items"]
    assert [(one["by"], one["text"]) for one in shown] == [
        ("street_dispatcher", "请尽快"),
        ("street_dispatcher", "已联系"),
    ]


@pytest.mark.parametrize(
    ("act", "end"),
    [
        ("cancel", "terminated"),
        ("terminate", "terminated"),
        ("void", "voided"),
        ("withdraw", "withdrawn"),
    ],
)
def test_a_case_ends_in_the_way_that_was_asked_for(call, act, end):
    case = started(call)["id"]

    answer = call("admin").post(f"/cases/{case}/{act}", {"reason": "试"})

    assert (answer.get_json()["state"], answer.get_json()["end"]) == ("cancelled", end)
    assert problem_of(call("admin").post(f"/cases/{case}/{act}", {"reason": "试"}))[0] == 409


def test_a_suspended_case_takes_no_work_until_it_is_resumed(call):
    dispatcher, admin = call("street_dispatcher"), call("admin")
    case = started(call)["id"]
    task = the_task(dispatcher)

    assert admin.post(f"/cases/{case}/suspend", {"reason": "等"}).get_json()["state"] == "suspended"
    assert problem_of(done(dispatcher, task, "accept"))[0] == 409
    assert admin.post(f"/cases/{case}/resume").get_json()["state"] == "open"
    assert done(dispatcher, task, "accept").status_code == 200


def test_a_task_can_be_suspended_resumed_and_extended(call):
    dispatcher, handler, admin = call("street_dispatcher"), call("dept_liaison"), call("admin")
    started(call)
    done(dispatcher, the_task(dispatcher), "accept")
    done(dispatcher, the_task(dispatcher), lead=DEPARTMENT)
    task = the_task(handler)

    again = {"reason": "等", "review_at": "2026-09-21T09:00:00+08:00"}
    assert admin.post(f"/tasks/{task}/suspend", again).status_code == 200
    assert problem_of(done(handler, task, "done", reply="x")) == (409, "on-hold")
    assert admin.post(f"/tasks/{task}/resume", {}).status_code == 200
    due_at = "2026-09-16T12:00:00+08:00"
    assert admin.post(f"/tasks/{task}/extend", {"due_at": due_at}).status_code == 200
    shown = handler.get(f"/tasks/{task}").get_json()
    assert (shown["due_at"], shown["original_due_at"]) == (
        "2026-09-16T04:00:00Z",
        "2026-09-14T06:30:00Z",
    )


def test_a_task_is_transferred_to_a_colleague(call):
    dispatcher = call("street_dispatcher")
    started(call)
    task = the_task(dispatcher)
    dispatcher.post(f"/tasks/{task}/claim")

    answer = dispatcher.post(f"/tasks/{task}/transfer", {"to": "admin", "reason": "出差"})

    assert answer.status_code == 200
    assert [one["id"] for one in call("admin").tasks("mine")] == [task]


def test_a_task_without_a_way_back_cannot_be_returned(call):
    dispatcher = call("street_dispatcher")
    started(call)
    task = the_task(dispatcher)

    assert dispatcher.get(f"/tasks/{task}/return-targets").get_json()["items"] == []
    answer = dispatcher.post(f"/tasks/{task}/return", {"reason": "不属我"})
    assert problem_of(answer) == (409, "wrong-state")


def test_a_message_nobody_waits_for_is_refused_by_the_case_and_kept_by_the_house(call):
    admin = call("admin")
    case = started(call)["id"]

    assert problem_of(admin.post(f"/cases/{case}/messages", {"name": "m"})) == (
        409,
        "nothing-waits",
    )
    assert admin.post("/messages", {"name": "m", "correlation": {"a": 1}}).status_code == 202
    assert admin.post("/signals", {"name": "s"}).get_json()["cases"] == []


def test_there_are_no_incidents_where_nothing_failed(call):
    started(call)

    assert call("admin").get("/incidents").get_json() == {"items": [], "next": None}


def test_the_clock_is_moved_by_one_way_at_a_time(call):
    admin = call("admin")

    assert problem_of(admin.post("/clock", {})) == (400, "invalid-request")
    assert (
        problem_of(admin.post("/clock", {"advance_seconds": 1, "to": "2027-01-01T00:00Z"}))[0]
        == 400
    )
    assert problem_of(admin.post("/clock", {"to": "2020-01-01T00:00:00Z"}))[0] == 400
    assert problem_of(call("resident").post("/clock", {"advance_seconds": 1})) == (
        403,
        "not-allowed",
    )
    assert admin.get("/clock").get_json()["now"] == "2026-09-14T01:00:00Z"
