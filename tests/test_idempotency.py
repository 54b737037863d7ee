"""The same key and body is done once and answered alike, whichever call it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine import deployments, identities, store
from engine.cases import Once
from engine.retention import tidy
from tests import rows
from tests.callers import callers, problem_of
from tests.conftest import FIVE_STEPS
from tests.memory import flows, process

DIAGRAM = process(
    '<startEvent id="s"/><parallelGateway id="g"/><receiveTask id="wait" messageRef="M"/>'
    '<intermediateCatchEvent id="hear"><signalEventDefinition signalRef="S"/>'
    '</intermediateCatchEvent><userTask id="judge"><extensionElements><camunda:properties>'
    '<camunda:property name="outcomes" value="on=On;return=Back"/></camunda:properties>'
    '</extensionElements></userTask><exclusiveGateway id="x" default="x_e"/><endEvent id="e"/>'
    '<userTask id="before"/><scriptTask id="broken" scriptFormat="python">'
    "<script>1 / value('divisor', 0)</script></scriptTask>"
    + flows(
        "s > g", "g > wait", "g > hear", "g > broken", "g > judge > x > e",
        "x > before : judge_outcome == 'return'", "before > judge",
    ),
    "all_sorts",
    '<message id="M" name="go"/><signal id="S" name="alarm"/>',
)  # fmt: skip

Act = tuple[str, Any]


class Stage:
    """A case of five steps, one of all sorts, and who may do everything with them."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.call = callers(app)
        self.admin = self.call("admin")
        deployments.deploy(app, identities.operator(), {"all_sorts.bpmn": DIAGRAM})
        begun = self.call("street_dispatcher").post("/cases", {"process": "five_steps"})
        self.five = begun.get_json()["id"]
        self.sorts = self.post("/cases", {"process": "all_sorts"})["id"]
        self.task = f"{self.five}.five_steps.accept.1"

    def post(self, path: str, body: Any, **headers: str) -> Any:
        answer = self.admin.post(path, body, **headers)
        assert answer.status_code < 300, answer.get_data(as_text=True)
        return answer.get_json()


def prepared(path: str, body: Any, *before: Act) -> Callable[[Stage], Act]:
    def prepare(stage: Stage) -> Act:
        names = {"five": stage.five, "sorts": stage.sorts, "task": stage.task}
        for first, content in before:
            stage.post(first.format(**names), content)
        return path.format(**names), body

    return prepare


WHY = {"reason": "because"}
HOLD = {**WHY, "review_at": "2026-10-08T09:00:00+08:00"}
ACTS = {
    "start": prepared("/cases", {"process": "five_steps"}),
    "message that is kept": prepared("/messages", {"name": "nobody", "correlation": {"a": 1}}),
    "message to whom it may concern": prepared("/messages", {"name": "go"}),
    "message to a case": prepared("/cases/{sorts}/messages", {"name": "go"}),
    "signal": prepared("/signals", {"name": "alarm"}),
    "suspend": prepared("/cases/{five}/suspend", WHY),
    "resume": prepared("/cases/{five}/resume", {}, ("/cases/{five}/suspend", WHY)),
    "cancel": prepared("/cases/{five}/cancel", WHY),
    "terminate": prepared("/cases/{five}/terminate", WHY),
    "void": prepared("/cases/{five}/void", WHY),
    "withdraw": prepared("/cases/{five}/withdraw", WHY),
    "retry": prepared("/cases/{sorts}/retry", {"data": {"divisor": 1}, **WHY}),
    "claim": prepared("/tasks/{task}/claim", {}),
    "unclaim": prepared("/tasks/{task}/unclaim", {}, ("/tasks/{task}/claim", {})),
    "complete": prepared("/tasks/{task}/complete", {"outcome": "accept"}),
    "transfer": prepared("/tasks/{task}/transfer", {"to": "street_dispatcher", **WHY}),
    "return": prepared("/tasks/{sorts}.all_sorts.judge.1/return", WHY),
    "suspend a task": prepared("/tasks/{task}/suspend", HOLD),
    "resume a task": prepared("/tasks/{task}/resume", {}, ("/tasks/{task}/suspend", HOLD)),
    "extend": prepared("/tasks/{task}/extend", {"due_at": "2026-10-01T09:00+08:00", **WHY}),
    "cosign": prepared(
        "/tasks/{task}/cosign",
        {"to": "street_leader", "kind": "before"},
        ("/tasks/{task}/claim", {}),
    ),
    "delegate": prepared(
        "/tasks/{task}/delegate", {"to": "street_leader"}, ("/tasks/{task}/claim", {})
    ),
    "remind": prepared("/tasks/{task}/remind", {}),
    "copy": prepared("/tasks/{task}/copy", {"to": ["street_leader"]}),
    "comment": prepared("/tasks/{task}/comment", {"text": "remark"}),
    "clock": prepared("/clock", {"advance_seconds": 60}),
    "version for new cases": prepared("/definitions/five_steps/versions/1/default", {}),
}


def state(app: Any) -> dict[str, Any]:
    """Return all rows but the kept answers, and the moment."""
    found = rows.everything(app)
    del found["idempotency"]
    return {**found, "now": app.clock.now()}


@pytest.mark.parametrize("name", ACTS)
def test_a_repeated_request_is_done_once_and_answered_alike(any_app, name):
    stage = Stage(any_app)
    path, body = ACTS[name](stage)

    first = stage.admin.post(path, body, Idempotency_Key="k")
    assert first.status_code < 300, first.get_data(as_text=True)
    after = state(any_app)
    second = stage.admin.post(path, body, Idempotency_Key="k")

    assert (second.status_code, second.get_json()) == (first.status_code, first.get_json())
    assert second.headers.get("ETag") == first.headers.get("ETag")
    assert state(any_app) == after


@pytest.mark.parametrize("name", ["start", "message that is kept", "signal", "comment", "clock"])
def test_a_key_with_another_body_is_refused(any_app, name):
    stage = Stage(any_app)
    path, body = ACTS[name](stage)
    stage.post(path, body, Idempotency_Key="k")
    after = state(any_app)

    other = {**body, "name": "other"} if "name" in body else {**body, "text": "other"}
    if name == "start":
        other = {**body, "business_key": "other"}
    if name == "clock":
        other = {"advance_seconds": 61}
    answer = stage.admin.post(path, other, Idempotency_Key="k")

    assert problem_of(answer) == (422, "idempotency-key-reused")
    assert state(any_app) == after


def test_uploads_are_compared_by_their_files(any_app):
    stage = Stage(any_app)
    file = [("files", (open_bytes(b"first"), "a.txt", "text/plain"))]
    again = [("files", (open_bytes(b"first"), "a.txt", "text/plain"))]
    other = [("files", (open_bytes(b"other"), "a.txt", "text/plain"))]
    path = f"/tasks/{stage.task}/attachments"

    answers = [stage.admin.upload(path, one, Idempotency_Key="k") for one in (file, again, other)]

    assert [one.status_code for one in answers] == [200, 200, 422]
    assert answers[0].get_json() == answers[1].get_json()
    assert len(stage.admin.get(path).get_json()["items"]) == 1


def open_bytes(content: bytes) -> Any:
    import io

    return io.BytesIO(content)


def test_a_deployment_is_compared_by_its_files(any_app):
    stage = Stage(any_app)
    changed = FIVE_STEPS.read_bytes().replace(b"five_steps_file", b"five_steps_again")
    path = "/definitions?filename=five_steps.bpmn"
    kind = {"Content_Type": "application/xml", "Idempotency_Key": "k"}

    answers = [stage.admin.post(path, one, **kind) for one in (changed, changed, DIAGRAM)]

    assert [one.status_code for one in answers] == [201, 201, 422]
    assert answers[0].get_json() == answers[1].get_json()


def test_a_key_belongs_to_one_actor_and_one_route(any_app):
    stage = Stage(any_app)
    body = {"process": "five_steps"}
    mine = stage.post("/cases", body, Idempotency_Key="k")["id"]

    theirs = stage.call("street_dispatcher").post("/cases", body, Idempotency_Key="k")
    elsewhere = stage.admin.post(
        f"/tasks/{mine}.five_steps.accept.1/claim", {}, Idempotency_Key="k"
    )

    assert (theirs.status_code, elsewhere.status_code) == (201, 200)
    assert theirs.get_json()["id"] != mine


def test_a_refused_request_may_be_sent_again_with_its_key(any_app):
    stage = Stage(any_app)
    path = f"/cases/{stage.five}/resume"
    refused = stage.admin.post(path, {}, Idempotency_Key="k")
    stage.post(f"/cases/{stage.five}/suspend", WHY)

    assert problem_of(refused)[0] == 409
    assert stage.admin.post(path, {}, Idempotency_Key="k").status_code == 200


def test_the_answer_comes_before_the_etag_is_judged(any_app):
    # The first answer was lost on its way; the client cannot know the new ETag.
    stage = Stage(any_app)
    etag = stage.admin.get(f"/tasks/{stage.task}").headers["ETag"]
    path, body = f"/tasks/{stage.task}/claim", {}

    answers = [stage.admin.post(path, body, Idempotency_Key="k", If_Match=etag) for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 200]


def test_an_answer_is_kept_for_seven_days(any_app):
    stage = Stage(any_app)
    first = stage.post("/cases", {"process": "five_steps"}, Idempotency_Key="k")["id"]
    kept = []
    for days in (7, 1):
        any_app.clock.set(any_app.clock.now() + timedelta(days=days))
        with any_app.database.writing() as tx:
            tidy(tx, any_app.clock.now())
        admin = stage.call("admin")
        kept.append(admin.post("/cases", {"process": "five_steps"}, Idempotency_Key="k"))

    assert [one.get_json()["id"] == first for one in kept] == [True, False]


def test_no_kept_answer_holds_a_personal_value(any_app):
    stage = Stage(any_app)
    words = {"text": "Zhang San lives at number 4"}
    stage.post(f"/tasks/{stage.task}/comment", words, Idempotency_Key="k")
    stage.post(f"/cases/{stage.five}/suspend", {"reason": words["text"]}, Idempotency_Key="k")

    found = rows.everything(any_app)

    holding = [name for name, table in found.items() if words["text"] in repr(table)]
    assert holding == ["sealed"]


def test_only_the_hash_of_a_body_is_kept(any_app):
    once = Once("POST /x", "k", b"secret body")

    with any_app.database.writing() as tx:
        store.store_answer(
            tx, "admin", once.route, "k", body=once.sha256, status=200, answer=b"[]",
            at=any_app.clock.now(),
        )  # fmt: skip

    (row,) = rows.everything(any_app)["idempotency"]
    assert row["body"] == once.sha256
    assert "secret" not in repr(row)
