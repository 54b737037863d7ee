"""The machine fails: the database is away, full or held. 503, and nothing by halves."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from engine import cases, identities, replay, store, timers
from engine import database as databases
from engine.application import Application, open_application
from engine.clock import ManualClock
from engine.commands import AddComment
from engine.errors import Busy
from engine.settings import Settings
from tests import postgres, rows
from tests.at_once import at_once, tally
from tests.callers import callers, problem_of
from tests.conftest import MONDAY, _count, _fill

ACCEPT = "five_steps.accept.1"


def a_case(app: Application) -> str:
    actor = identities.actor(app, "street_dispatcher")
    return cases.start(app, actor, process="five_steps", data={}).case_id


def comment(app: Application, case_id: str, words: str) -> int:
    actor = identities.actor(app, "street_dispatcher")
    return cases.handle(app, actor, case_id, AddComment(ACCEPT, words)).status


def assert_proved(app: Application) -> None:
    ids = replay.case_ids(app)
    assert [one for one in replay.replay(app, ids) if one is not None] == []
    assert [one for one in replay.verify_cases(app, ids) if one is not None] == []
    before = rows.everything(app)
    list(replay.rebuild(app, ids))
    assert rows.everything(app) == before


# -- SQLite ------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, sqlite_url: str, sandbox: Any) -> Iterator[Application]:
    """The application on SQLite; it waits a tenth of a second for other processes."""
    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.1)
    settings = Settings(database_url=sqlite_url)
    app = open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)
    yield app
    app.database.close()


def test_a_file_that_another_process_holds_is_503(hasty):
    case_id = a_case(hasty)
    caller = callers(hasty)("admin")
    other = sqlite3.connect(hasty.database.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Busy):
        comment(hasty, case_id, "words")
    answer = caller.post("/cases", {"process": "five_steps"})
    other.execute("ROLLBACK")
    other.close()

    assert problem_of(answer) == (503, "busy")
    assert answer.headers["Retry-After"] == "1"
    assert comment(hasty, case_id, "words") == 200
    assert_proved(hasty)


def test_a_full_disk_is_503_and_leaves_nothing_behind(app):
    case_id = a_case(app)
    before = rows.everything(app)
    with app.database.glancing() as tx:
        tx._cursor.execute("PRAGMA page_count")
        (pages,) = tx._cursor.fetchone()
        tx._cursor.execute(f"PRAGMA max_page_count = {pages}")

    told = ""
    for number in range(200):
        try:
            comment(app, case_id, f"{number}" + "x" * 5000)
        except Busy as full:
            told = str(full)
            break
    found = rows.everything(app)
    with app.database.glancing() as tx:
        tx._cursor.execute("PRAGMA max_page_count = 1000000")

    assert told == "The disk is full. Make room where the database lies, then try again."
    assert len(found["entries"]) - len(before["entries"]) == number
    assert len(found["sealed"]) - len(before["sealed"]) == number
    assert comment(app, case_id, "words") == 200
    assert_proved(app)


def test_a_wrong_statement_is_a_mistake_and_not_the_machine(app):
    missing = sa.select(sa.table("nowhere", sa.column("x")).c.x)

    with pytest.raises(sqlite3.OperationalError), app.database.reading() as tx:
        tx.all(missing, {})


def test_more_threads_than_any_pool_has_connections(any_app):
    # Each thread keeps a connection of its own.
    app = any_app
    case_id = a_case(app)
    everybody = threading.Barrier(24)

    def read() -> Any:
        with app.database.reading():
            everybody.wait(55)
        return replay.case_ids(app)

    assert at_once(*([read] * 24)) == [[case_id]] * 24


# -- PostgreSQL ----------------------------------------------------------------------------


@pytest.fixture
def on_postgres(server, postgres_city, sandbox) -> Iterator[Application]:
    url = server.create(f"outage_{next(_count)}", postgres_city)
    settings = Settings(database_url=url)
    app = open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)
    yield app
    app.database.close()


def hang_up(app: Application, server: postgres.Server) -> None:
    """End every connection of the application from the server's side."""
    with psycopg.connect(f"host={server.folder} user=test dbname=postgres", autocommit=True) as c:
        c.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (app.database.url.database,),
        )


@pytest.mark.postgres
def test_connections_that_the_server_ended_are_made_again(on_postgres, server):
    app = on_postgres
    case_id = a_case(app)
    done = 0

    for number in range(6):
        hang_up(app, server)
        try:
            done += comment(app, case_id, f"words {number}") == 200
        except Busy:
            # Told to try again, it works.
            done += comment(app, case_id, f"words {number}") == 200
        hang_up(app, server)
        timers.tick(app)

    assert done == 6
    assert_proved(app)


@pytest.mark.postgres
def test_a_connection_that_ends_within_a_transaction_undoes_it(on_postgres, server):
    app = on_postgres
    a_case(app)
    before = rows.everything(app)

    def write() -> None:
        with app.database.writing() as tx:
            store.put_fact(tx, "x", "1")
            hang_up(app, server)
            store.put_fact(tx, "y", "1")

    with pytest.raises(Busy):
        write()

    assert rows.everything(app) == before


@pytest.mark.postgres
def test_a_deadlock_is_503(on_postgres):
    app = on_postgres
    both = threading.Barrier(2)
    with app.database.writing() as tx:
        store.put_fact(tx, "x", "1")
        store.put_fact(tx, "y", "1")

    def write(first: str, second: str) -> cases.Answer:
        with app.database.writing() as tx:
            store.put_fact(tx, first, "2")
            both.wait(20)
            store.put_fact(tx, second, "2")
        return cases.Answer(200, {})

    assert tally(at_once(lambda: write("x", "y"), lambda: write("y", "x"))) == {200: 1, "busy": 1}


@pytest.mark.slow
@pytest.mark.postgres
def test_a_crashed_server_is_503_until_it_is_back_and_has_lost_nothing(sandbox):
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb, postgres)")
    server = postgres.Server(fsync=True)
    url = server.create("crashed")
    _fill(url, sandbox)
    app = open_application(Settings(database_url=url), clock=ManualClock(MONDAY), sandbox=sandbox)
    caller = callers(app)("admin")
    case_id = caller.post("/cases", {"process": "five_steps"}).get_json()["id"]
    comments = []

    for number in range(3):
        words = {"text": f"words {number}"}
        path = f"/tasks/{case_id}.{ACCEPT}/comment"
        comments.append(caller.post(path, words, Idempotency_Key=f"k{number}").status_code)
        server.crash()
        away = [caller.get(f"/cases/{case_id}"), caller.post(path, words, Idempotency_Key="x")]
        assert [problem_of(one) for one in away] == [(503, "busy")] * 2
        assert caller.get("/readyz").status_code == 503
        assert caller.get("/healthz").status_code == 200
        server.start()
        again = caller.post(path, words, Idempotency_Key=f"k{number}")
        comments.append(again.status_code)

    assert comments == [200] * 6
    history = caller.get(f"/cases/{case_id}/history").get_json()["items"]
    assert [one["command"]["type"] for one in history] == ["start_case"] + ["add_comment"] * 3
    assert_proved(app)
    app.database.close()
    server.stop()
