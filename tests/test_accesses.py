"""The access log says who was shown which personal values of which case."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from engine import cases, deployments, erasure, identities
from engine.commands import AddComment, CompleteTask
from engine.database import Database
from engine.tables import accesses as table
from tests import rows
from tests.callers import callers, problem_of
from tests.memory import flows, process

FORM = b"""{"id": "report", "type": "default", "components": [
  {"type": "textfield", "key": "place", "label": "Place", "personal": false},
  {"type": "textarea", "key": "story", "label": "Story"},
  {"type": "select", "key": "reply_by", "label": "Reply", "field_class": "reporter",
   "values": [{"value": "phone", "label": "Phone"}]},
  {"type": "textfield", "key": "reporter_phone", "label": "Phone", "field_class": "reporter"}]}"""
DIAGRAM = process(
    "<extensionElements><camunda:properties>"
    '<camunda:property name="unit" value="place"/></camunda:properties></extensionElements>'
    '<startEvent id="s" camunda:formKey="report"/>'
    '<serviceTask id="enter" camunda:type="external" camunda:topic="register">'
    "<extensionElements><camunda:inputOutput>"
    '<camunda:inputParameter name="register">resident_diary</camunda:inputParameter>'
    '<camunda:inputParameter name="row"><camunda:script scriptFormat="python">'
    "{'household': story, 'kind': 'walked'}</camunda:script></camunda:inputParameter>"
    '<camunda:inputParameter name="unit">${place}</camunda:inputParameter>'
    "</camunda:inputOutput></extensionElements></serviceTask>"
    '<userTask id="work" name="Work" camunda:candidateGroups="street_dispatcher"/>'
    '<endEvent id="e"/>' + flows("s > enter > work > e"),
    "report",
)
GIVEN = {
    "place": "99010100100101001", "story": "dark lamp", "reply_by": "phone",
    "reporter_phone": "13912345678",
}  # fmt: skip


def install(app):
    files = {"report.bpmn": DIAGRAM, "report.json": FORM}
    deployments.deploy(app, identities.operator(), files)
    actor = identities.actor(app, "resident")
    return cases.start(app, actor, process="report", data=GIVEN).case_id


@pytest.fixture
def case_id(app):
    return install(app)


@pytest.fixture
def caller(app):
    return callers(app)


def log(caller, case_id, who="auditor"):
    found = caller(who).get(f"/cases/{case_id}/accesses").get_json()["items"]
    return [(one["by"], one["place"], one["what"]) for one in found]


def count(app):
    with app.database.reading() as tx:
        return tx.one(sa.select(sa.func.count()).select_from(table), {})[0]


def test_who_reads_a_case_stands_in_its_log_with_the_fields_that_were_opened(caller, case_id):
    caller("street_dispatcher").get(f"/cases/{case_id}")

    assert log(caller, case_id) == [
        ("street_dispatcher", "case", ["reply_by", "reporter_phone", "story"])
    ]


def test_what_a_reader_was_not_shown_does_not_stand_there(caller, case_id):
    # The grid worker may read the story, and not who reported.
    caller("grid_worker").get(f"/cases/{case_id}")

    assert log(caller, case_id) == [("grid_worker", "case", ["story"])]


def test_lists_of_cases_and_tasks_show_nothing_personal_and_leave_no_row(app, caller, case_id):
    for path in ("/cases", "/tasks", "/tasks?view=mine", "/me", f"/cases/{case_id}/history"):
        assert caller("street_dispatcher").get(path).status_code == 200

    assert count(app) == 0


def test_a_request_is_one_transaction_however_much_it_opens(app, caller, case_id, monkeypatch):
    written = []
    plain = Database.writing

    def counted(self):
        written.append(self)
        return plain(self)

    reader = caller("street_dispatcher")
    monkeypatch.setattr(Database, "writing", counted)
    answer = reader.get(f"/cases/{case_id}")

    assert (answer.status_code, len(written)) == (200, 1)
    # Nothing to write down: nothing is written.
    assert reader.get("/cases").status_code == 200
    assert len(written) == 1


def test_what_cannot_be_recorded_is_not_shown(app, monkeypatch):
    deployments.deploy(app, identities.operator(), {"report.bpmn": DIAGRAM, "report.json": FORM})
    actor = identities.actor(app, "resident")
    case_id = cases.start(app, actor, process="report", data=GIVEN).case_id
    reader = callers(app)("street_dispatcher")
    monkeypatch.setattr("engine.database.BUSY_SECONDS", 0.05)
    with app.database.writing(), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(reader.get, f"/cases/{case_id}").result()

    assert problem_of(answer) == (503, "busy")
    text = answer.get_data(as_text=True)
    assert ("13912345678" in text, "dark lamp" in text) == (False, False)
    assert "dark lamp" in reader.get(f"/cases/{case_id}").get_data(as_text=True)


def test_remarks_and_files_are_personal_too(app, caller, case_id):
    dispatcher = identities.actor(app, "street_dispatcher")
    cases.handle(app, dispatcher, case_id, AddComment("report.work.1", "calls back at six"))
    task = f"{case_id}.report.work.1"
    caller("street_analyst").get(f"/tasks/{task}/comments")
    caller("street_analyst").get(f"/tasks/{task}/attachments")

    assert log(caller, case_id) == [("street_analyst", "comments", ["text"])]


def test_who_follows_by_code_stands_there_without_a_name(app, caller, case_id):
    given = caller("resident").post(f"/cases/{case_id}/code").get_json()
    body = {"number": given["number"], "code": given["code"]}
    assert caller(None).post("/follow", body).status_code == 200

    assert log(caller, case_id) == [("@code", "follow", ["reply_by", "reporter_phone", "story"])]


def test_only_those_who_watch_over_the_reading_read_the_log(caller, case_id):
    caller("street_dispatcher").get(f"/cases/{case_id}")

    answers = {
        who: caller(who).get(f"/cases/{case_id}/accesses").status_code
        for who in ("auditor", "privacy_officer", "admin", "street_dispatcher", "resident", "RY029")
    }
    assert answers == {
        "auditor": 200, "privacy_officer": 200, "admin": 200,
        "street_dispatcher": 403, "resident": 403, "RY029": 404,
    }  # fmt: skip
    assert problem_of(caller("auditor").get("/cases/none/accesses")) == (404, "case-not-found")


def test_the_log_comes_in_pages_and_a_reader_is_not_lost_between_them(any_app):
    case_id, caller = install(any_app), callers(any_app)
    readers = ("street_dispatcher", "grid_worker", "resident", "street_analyst", "admin")
    for who in readers:
        caller(who).get(f"/cases/{case_id}")
    seen, cursor = [], None
    for _ in range(len(readers)):
        following = f"&cursor={cursor}" if cursor else ""
        page = caller("auditor").get(f"/cases/{case_id}/accesses?limit=1{following}").get_json()
        seen += [one["by"] for one in page["items"]]
        cursor = page["next"]

    assert (sorted(seen), cursor) == (sorted(readers), None)
    wrong = caller("auditor").get(f"/cases/{case_id}/accesses?cursor=none")
    assert problem_of(wrong) == (400, "invalid-request")


def test_the_log_outlives_what_was_erased_and_holds_no_value(app, caller, case_id):
    caller("street_dispatcher").get(f"/cases/{case_id}")
    privacy = identities.actor(app, "privacy_officer")
    erasure.erase(app, privacy, case_id, classes=(), reason="request")
    caller("street_dispatcher").get(f"/cases/{case_id}")

    held = str(rows.everything(app)["accesses"])
    assert ("13912345678" in held, "dark lamp" in held) == (False, False)
    # What was erased is shown to nobody any more; that it was shown before stays.
    assert sorted(log(caller, case_id)) == [
        ("street_dispatcher", "case", ["reply_by"]),
        ("street_dispatcher", "case", ["reply_by", "reporter_phone", "story"]),
    ]


def test_nothing_of_a_history_changes_when_it_is_read(any_app):
    case_id, caller = install(any_app), callers(any_app)

    def stored():
        found = rows.everything(any_app)
        return {name: one for name, one in found.items() if name != "accesses"}

    reader = caller("street_dispatcher")
    before = stored()
    reader.get(f"/cases/{case_id}")
    reader.get(f"/cases/{case_id}/state?position=1")

    assert stored() == before
    assert count(any_app) == 2


def test_rows_of_a_register_with_personal_values_are_recorded_by_case(any_app):
    case_id, caller = install(any_app), callers(any_app)
    other = identities.actor(any_app, "resident")
    second = cases.start(any_app, other, process="report", data=GIVEN).case_id
    page = caller("privacy_officer").get("/registers/resident_diary").get_json()
    caller("privacy_officer").get("/registers/event_facts")

    assert [one["values"]["household"] for one in page["items"]] == ["dark lamp"] * 2
    told = [("privacy_officer", "register resident_diary", ["household"])]
    assert (log(caller, case_id), log(caller, second)) == (told, told)


def test_outside_a_request_nothing_is_kept(app, case_id):
    actor = identities.actor(app, "street_dispatcher")
    cases.handle(app, actor, case_id, CompleteTask("report.work.1"))

    assert count(app) == 0


def test_the_page_shows_the_log(app, caller, case_id):
    caller("street_dispatcher").get(f"/cases/{case_id}")
    server = caller("auditor")
    client = server.server.test_client(use_cookies=False)
    page = client.get(f"/cases/{case_id}/accesses", headers=server.headers)

    assert page.status_code == 200
    text = page.get_data(as_text=True)
    assert [word in text for word in ("查阅记录", "Story", "13912345678")] == [True, True, False]
    case = client.get(f"/cases/{case_id}", headers=server.headers).get_data(as_text=True)
    assert f'href="/cases/{case_id}/accesses"' in case
