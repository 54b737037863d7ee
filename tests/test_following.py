"""A reporter follows the own case by number and code, and nothing else."""

from __future__ import annotations

import pytest

from api import create_app
from engine import cases, deployments, following, identities
from engine.commands import AddComment
from engine.errors import NotAllowed, NotFound
from tests.callers import callers, problem_of
from tests.memory import flows, process

FORM = b"""{"id": "report", "type": "default", "components": [
  {"type": "textfield", "key": "title", "label": "Title"},
  {"type": "textfield", "key": "place", "label": "Place", "personal": false},
  {"type": "textfield", "key": "reporter_name", "label": "Name", "field_class": "reporter"}]}"""
ANSWER = b"""{"id": "answer", "type": "default", "components": [
  {"type": "textfield", "key": "internal", "label": "Internal"},
  {"type": "textfield", "key": "score", "label": "Score", "personal": false},
  {"type": "textarea", "key": "public_text", "label": "Answer", "field_class": "public"}]}"""
DIAGRAM = process(
    '<startEvent id="s" camunda:formKey="report"/>'
    '<userTask id="work" name="Work" camunda:formKey="answer"'
    ' camunda:candidateGroups="street_dispatcher"/><endEvent id="e"/>'
    + flows("s > work", "work > e"),
    "report",
)
GIVEN = {"title": "dark lamp", "place": "gate 3", "reporter_name": "Wang"}


@pytest.fixture
def case_id(app, who):
    files = {"report.bpmn": DIAGRAM, "report.json": FORM, "answer.json": ANSWER}
    deployments.deploy(app, identities.operator(), files)
    return cases.start(
        app, who("grid_worker"), process="report", data=GIVEN, business_key="R-17"
    ).case_id


@pytest.fixture
def code(app, who, case_id):
    return following.give_code(app, who("grid_worker"), case_id)["code"]


def test_a_code_shows_where_the_case_stands_and_what_was_given(app, code):
    shown = following.follow(app, "R-17", code)

    assert shown == {
        "case": shown["case"],
        "number": "R-17",
        "process": "report",
        "name": "report",
        "state": "open",
        "end": None,
        "started_at": "2026-09-14T01:00:00Z",
        "ended_at": None,
        "data": GIVEN,
        "answer": {},
    }


def test_the_answer_is_shown_and_what_others_have_entered_is_not(app, case_id, code):
    dispatcher = callers(app)("street_dispatcher")
    task = f"/tasks/{case_id}.report.work.1"
    dispatcher.post(f"{task}/comment", {"text": "He calls every day"})
    data = {"internal": "known caller", "score": "low", "public_text": "The lamp is repaired."}
    assert dispatcher.post(f"{task}/complete", {"data": data}).status_code == 200

    shown = following.follow(app, "R-17", code)

    assert (shown["state"], shown["answer"]) == (
        "completed",
        {"public_text": "The lamp is repaired."},
    )
    assert shown["data"] == GIVEN


def test_the_code_may_be_written_as_people_write(app, case_id, code):
    typed = f" {code.lower().replace('-', ' ')} "

    assert following.follow(app, case_id, typed)["number"] == "R-17"


def test_a_code_opens_no_other_case(app, who, case_id, code):
    other = cases.start(
        app, who("grid_worker"), process="report", data=GIVEN, business_key="R-18"
    ).case_id
    following.give_code(app, who("grid_worker"), other)

    with pytest.raises(NotFound):
        following.follow(app, "R-18", code)


def test_two_cases_of_one_number_are_told_apart_by_their_codes(app, who, case_id, code):
    data = {**GIVEN, "title": "broken bench"}
    other = cases.start(
        app, who("grid_worker"), process="report", data=data, business_key="R-17"
    ).case_id
    second = following.give_code(app, who("grid_worker"), other)["code"]

    titles = [following.follow(app, "R-17", one)["data"]["title"] for one in (code, second)]
    assert titles == ["dark lamp", "broken bench"]


def test_a_new_code_takes_the_place_of_the_old(app, who, case_id, code):
    new = following.give_code(app, who("street_dispatcher"), case_id)["code"]

    assert following.follow(app, "R-17", new)["number"] == "R-17"
    with pytest.raises(NotFound):
        following.follow(app, "R-17", code)


@pytest.mark.parametrize("name", ["auditor", "street_analyst", "district_coordinator"])
def test_who_neither_reported_nor_accepts_gives_no_code(app, who, case_id, name):
    with pytest.raises(NotAllowed):
        following.give_code(app, who(name), case_id)


def test_only_a_hash_of_the_code_is_kept(any_app):
    files = {"report.bpmn": DIAGRAM, "report.json": FORM, "answer.json": ANSWER}
    deployments.deploy(any_app, identities.operator(), files)
    worker = identities.actor(any_app, "grid_worker")
    started = cases.start(any_app, worker, process="report", data=GIVEN).case_id
    code = following.give_code(any_app, worker, started)["code"]

    assert following.follow(any_app, started, code)["data"] == GIVEN
    from engine import codes

    with any_app.database.reading() as tx:
        ((_, kept),) = codes.numbered(tx, started)
    assert kept.startswith("$argon2id$")
    assert code.replace("-", "") not in kept


def test_codes_cannot_be_tried_out(app, case_id, code):
    client = create_app(app).test_client()

    def attempt(given):
        return client.post("/api/v1/follow", json={"number": "R-17", "code": given})

    said = [problem_of(attempt("AAAAA-AAAAA")) for _ in range(11)]

    assert said == [(404, "not-found")] * 10 + [(429, "too-many-attempts")]
    assert problem_of(attempt(code)) == (429, "too-many-attempts")


def test_a_number_that_is_not_there_answers_like_a_wrong_code(app, case_id, code):
    client = create_app(app).test_client()

    answers = [
        client.post("/api/v1/follow", json={"number": number, "code": "AAAAA-AAAAA"}).get_json()
        for number in ("R-17", "R-99")
    ]

    assert answers[0] == answers[1]


def test_a_remark_by_the_reporter_stays_out_of_what_is_followed(app, who, case_id, code):
    cases.handle(app, who("grid_worker"), case_id, AddComment("report.work.1", "please hurry"))

    assert "please hurry" not in str(following.follow(app, "R-17", code))
