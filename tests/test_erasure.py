"""A reporter is erased: the proof stays, the person is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import cases, cli, deployments, erasure, following, identities, replay, store, views
from engine.commands import AddComment
from engine.errors import CaseNotFound, InvalidData, NotAllowed, NotFound
from tests import postgres
from tests.callers import callers, problem_of

PROCESSES = Path(__file__).parent.parent / "processes"
NAME, PHONE = "赵样甲寻找我", "13912345678"
TASK = "whistle_report.accept.1"


def begin(app) -> str:
    files = {
        path.name: path.read_bytes()
        for folder in (PROCESSES, PROCESSES / "forms", PROCESSES / "decisions")
        for path in folder.iterdir()
        if path.suffix in {".bpmn", ".json", ".dmn"}
    }
    deployments.deploy(app, identities.operator(), files)
    data = {
        "title": "楼道堆物",
        "description": "二楼楼道堆放纸箱",
        "location": "99010100100101001",
        "item_code": "ZL-02-001",
        "reporter_name": NAME,
        "reporter_phone": PHONE,
    }
    actor = identities.actor(app, "grid_worker")
    return cases.start(app, actor, process="whistle_report", data=data).case_id


@pytest.fixture
def case_id(app):
    return begin(app)


def in_the_file(app, text: str) -> bool:
    folder = Path(app.database.url.database).parent
    return any(text.encode() in path.read_bytes() for path in folder.glob("bihuan.db*"))


def test_the_reporter_is_never_in_the_history(app, case_id):
    with app.database.reading() as tx:
        history = b"".join(entry.body for entry in store.read_entries(tx, case_id))

    assert (NAME.encode() in history, PHONE.encode() in history) == (False, False)
    assert in_the_file(app, PHONE)


def test_an_erased_reporter_is_found_nowhere_and_the_case_stays_proved(app, case_id):
    officer = identities.actor(app, "privacy_officer")

    assert erasure.erase(app, officer, case_id, reason="request") == 2

    assert (in_the_file(app, NAME), in_the_file(app, PHONE)) == (False, False)
    assert list(replay.verify_cases(app, [case_id])) == [None]
    assert list(replay.replay(app, [case_id])) == [None]
    assert list(replay.verify_rest(app)) == []
    shown = views.case(app, identities.actor(app, "street_dispatcher"), case_id)["data"]
    assert sorted(shown["reporter_name"]) == ["$sealed", "commitment"]
    # What else was reported is still there for who works on the case.
    assert shown["title"] == "楼道堆物"


@pytest.fixture
def own_server():
    """A PostgreSQL server of this test's own: its files are searched."""
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb, postgres)")
    server = postgres.Server()
    # As docs/history.md says: old segments of the log go instead of being used again.
    engine = sa.create_engine(server.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("ALTER SYSTEM SET wal_recycle = off"))
        connection.execute(sa.text("ALTER SYSTEM SET min_wal_size = '32MB'"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    engine.dispose()
    yield server
    server.stop()


@pytest.mark.postgres
def test_an_erased_reporter_is_in_no_file_of_postgresql(own_server, clock, sandbox):
    from engine import demo
    from engine.application import open_application
    from engine.migrations import upgrade
    from engine.settings import Settings

    url = own_server.create("office")
    upgrade(url)
    app = open_application(Settings(database_url=url), clock=clock, sandbox=sandbox)
    demo.load_city(app, PROCESSES / "lists")
    case_id = begin(app)
    # What the server does on its own some minutes later: samples for its planner.
    with app.database.glancing() as tx:
        tx.run(sa.text("ANALYZE"), {})
        tx.run(sa.text("CHECKPOINT"), {})

    def places(text):
        data = own_server.folder / "data"
        files = [one for one in data.rglob("*") if one.is_file()]
        found = [one for one in files if text.encode() in one.read_bytes()]
        return sorted({one.relative_to(data).parts[0] for one in found})

    assert places(PHONE) == ["base", "pg_wal"]
    assert erasure.erase(app, identities.operator(), case_id, reason="request") == 2

    assert (places(PHONE), places(NAME)) == ([], [])
    assert list(replay.verify_cases(app, [case_id])) == [None]
    assert list(replay.replay(app, [case_id])) == [None]
    app.database.close()


def test_only_the_privacy_officer_erases(app, case_id):
    with pytest.raises(NotAllowed):
        erasure.erase(app, identities.actor(app, "street_leader"), case_id, reason="request")


def test_the_record_of_an_erasure_holds_no_free_text(app, case_id):
    with pytest.raises(InvalidData):
        erasure.erase(app, identities.operator(), case_id, reason=f"{NAME} asked for it")


def test_a_case_that_is_not_there_is_not_erased(app):
    with pytest.raises(CaseNotFound):
        erasure.erase(app, identities.operator(), "no-such-case", reason="request")


def test_the_call_erases_and_leaves_an_act_without_the_values(app, case_id):
    officer = callers(app)("privacy_officer")
    body = {"reason": "request"}

    first = officer.post(f"/cases/{case_id}/erase", body, Idempotency_Key="k1")
    again = officer.post(f"/cases/{case_id}/erase", body, Idempotency_Key="k1")

    assert (first.status_code, first.get_json()) == (200, {"case": case_id, "erased": 2})
    assert again.get_json() == first.get_json()
    with app.database.reading() as tx:
        acts = [entry.document() for entry in store.read_entries(tx, erasure.STREAM)]
    assert [(one["actor"], one["command"]["case"]) for one in acts] == [
        ("privacy_officer", case_id)
    ]
    assert sorted(acts[0]["command"]) == ["case", "ids", "reason", "type"]
    assert len(acts[0]["command"]["ids"]) == 2


def test_everything_personal_goes_when_that_is_asked_for(app, case_id):
    dispatcher = identities.actor(app, "street_dispatcher")
    cases.handle(app, dispatcher, case_id, AddComment(TASK, "已电话联系本人"))
    officer = callers(app)("privacy_officer")

    answer = officer.post(
        f"/cases/{case_id}/erase", {"what": "everything", "reason": "retention"}
    ).get_json()

    # title, description, name, phone and the remark
    assert answer["erased"] == 5
    assert not in_the_file(app, "已电话联系本人")
    assert not in_the_file(app, "二楼楼道堆放纸箱")
    assert list(replay.verify_cases(app, [case_id])) == [None]
    assert list(replay.replay(app, [case_id])) == [None]


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("street_dispatcher", (403, "not-allowed")),
        ("auditor", (403, "not-allowed")),
        ("admin", (200, None)),
        (None, (401, "not-signed-in")),
    ],
)
def test_the_call_is_for_the_privacy_officer(app, case_id, who, said):
    answer = callers(app)(who).post(f"/cases/{case_id}/erase", {"reason": "request"})

    assert (answer.status_code, None) == said if said[1] is None else problem_of(answer) == said


def test_the_command_erases(app, case_id, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", app.database.url.render_as_string(False))
    monkeypatch.setenv("CLOCK", "manual")

    assert cli.run(["erase", case_id, "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {"case": case_id, "erased": 2}
    assert (in_the_file(app, NAME), in_the_file(app, PHONE)) == (False, False)


def test_the_code_of_an_erased_reporter_works_no_more(app, case_id):
    given = following.give_code(app, identities.actor(app, "grid_worker"), case_id)
    assert following.follow(app, given["number"], given["code"])["data"]["reporter_name"] == NAME

    erasure.erase(app, identities.operator(), case_id, reason="request")

    with pytest.raises(NotFound):
        following.follow(app, given["number"], given["code"])
