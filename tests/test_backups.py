"""A copy is one state of the whole, verifies, and comes back on either kind of database."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import backups, cases, cli, identities, migrations, replay
from engine.application import Application, open_application
from engine.clock import ManualClock
from engine.errors import BackupRefused
from engine.settings import Settings
from tests import rows
from tests.conftest import MONDAY, _count
from tests.population import populate

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="module")
def populated(tmp_path_factory, city, sandbox) -> Path:
    """A SQLite database in which a bit of everything has happened."""
    path = tmp_path_factory.mktemp("population") / "population.db"
    shutil.copy(city, path)
    populate(f"sqlite:///{path}", sandbox)
    return path


def _opened(url: str, sandbox) -> Application:
    return open_application(Settings(database_url=url), clock=ManualClock(MONDAY), sandbox=sandbox)


@pytest.fixture(params=KINDS)
def source(request, populated, tmp_path, sandbox) -> Iterator[Application]:
    """The population, on SQLite and then on PostgreSQL, brought there by a restore."""
    if request.param == "sqlite":
        shutil.copy(populated, tmp_path / "source.db")
        url = f"sqlite:///{tmp_path / 'source.db'}"
    else:
        url = request.getfixturevalue("server").create(f"source_{next(_count)}")
        backups.restore(populated, url)
    app = _opened(url, sandbox)
    yield app
    app.database.close()


@pytest.fixture(params=KINDS)
def empty_url(request, tmp_path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'restored.db'}"
    return request.getfixturevalue("server").create(f"restored_{next(_count)}")


def _broken(app: Application) -> list[dict[str, object]]:
    found = [*replay.verify_cases(app, replay.case_ids(app)), *replay.verify_rest(app)]
    return [one.to_json() for one in found if one is not None]


def test_a_copy_comes_back_row_for_row_on_either_database(source, empty_url, tmp_path, sandbox):
    counted = backups.backup(source.settings.database_url, tmp_path / "copy.db")
    restored = backups.restore(tmp_path / "copy.db", empty_url)

    app = _opened(empty_url, sandbox)
    before, after = rows.everything(source), rows.everything(app)
    assert after == before
    assert counted == restored == {name: len(found) for name, found in before.items()}
    assert _broken(app) == []
    ids = replay.case_ids(app)
    assert list(replay.replay(app, ids)) == [None] * len(ids)
    app.database.close()


def test_the_copy_is_one_file_and_a_database_that_verifies_where_it_lies(source, tmp_path, sandbox):
    folder = tmp_path / "copies"
    folder.mkdir()
    backups.backup(source.settings.database_url, folder / "copy.db")

    assert [one.name for one in folder.iterdir()] == ["copy.db"]
    app = _opened(f"sqlite:///{folder / 'copy.db'}", sandbox)
    assert _broken(app) == []
    app.database.close()


def test_who_works_on_meanwhile_waits_for_nothing_and_is_not_in_the_copy(source, tmp_path, sandbox):
    before = replay.case_ids(source)
    started: list[str] = []

    def step(_table: str) -> None:
        # Between two tables a case begins: rows of it in one and not in another would be torn.
        actor = identities.actor(source, "street_dispatcher")
        data = {"request": "x", "location": "990101001"}
        answer = cases.start(source, actor, process="odd", data=data)
        started.append(str(answer.case_id))

    backups.backup(source.settings.database_url, tmp_path / "copy.db", step=step)

    app = _opened(f"sqlite:///{tmp_path / 'copy.db'}", sandbox)
    assert len(started) > 30
    # The state is that of the first read, which the first case came before.
    assert replay.case_ids(app) == sorted([*before, started[0]])
    assert replay.case_ids(source) == sorted([*before, *started])
    assert _broken(app) == []
    app.database.close()


def test_a_copy_never_covers_another_file(source, tmp_path):
    (tmp_path / "copy.db").write_bytes(b"mine")

    with pytest.raises(BackupRefused, match="is there already"):
        backups.backup(source.settings.database_url, tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_bytes() == b"mine"


def test_a_copy_that_is_cut_short_leaves_no_file(source, tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()

    def step(table: str) -> None:
        if table == "entries":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backups.backup(source.settings.database_url, folder / "copy.db", step=step)

    assert list(folder.iterdir()) == []


def test_nothing_is_restored_over_what_is_there(populated, source):
    before = rows.everything(source)

    with pytest.raises(BackupRefused, match="has something in it"):
        backups.restore(populated, source.settings.database_url)

    assert rows.everything(source) == before


def test_a_restore_is_whole_or_nothing(populated, empty_url, sandbox):
    def step(table: str) -> None:
        if table == "timers":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backups.restore(populated, empty_url, step=step)

    app = _opened(empty_url, sandbox)
    assert {name for name, found in rows.everything(app).items() if found} == set()
    app.database.close()
    assert backups.restore(populated, empty_url)["entries"] > 0


def test_what_is_no_copy_is_refused_by_name(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear office", "utf-8")

    for name, told in (("letter.txt", "is no copy"), ("nothing.db", "There is no file")):
        with pytest.raises(BackupRefused, match=told):
            backups.restore(tmp_path / name, f"sqlite:///{tmp_path / 'new.db'}")


def test_a_copy_of_an_older_version_says_what_to_do(populated, tmp_path):
    shutil.copy(populated, tmp_path / "old.db")
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()

    with pytest.raises(BackupRefused, match="revision 0001") as told:
        backups.restore(tmp_path / "old.db", f"sqlite:///{tmp_path / 'new.db'}")

    assert "bihuan migrate" in str(told.value.hint)


def test_a_copy_whose_file_is_damaged_is_refused_and_leaves_nothing(populated, tmp_path):
    content = bytearray(populated.read_bytes())
    half = len(content) // 2
    content[half : half + 200_000] = b"\xff" * 200_000
    (tmp_path / "torn.db").write_bytes(content)
    url = f"sqlite:///{tmp_path / 'new.db'}"

    with pytest.raises(BackupRefused, match="cannot be read"):
        backups.restore(tmp_path / "torn.db", url)

    assert backups.restore(populated, url)["entries"] > 0


def edited(copy: Path, path: Path, *statements: str) -> Path:
    """Return another copy, changed past the engine."""
    shutil.copy(copy, path)
    with sqlite3.connect(path) as connection:
        for one in statements:
            connection.execute(one)
    connection.close()
    return path


def test_a_copy_that_was_changed_is_told_when_it_is_restored(
    populated, tmp_path, monkeypatch, capsys
):
    kinds = {
        "sealed value": "UPDATE sealed SET salt = NULL, value = NULL, erased_at = "
        "'2026-01-01T00:00:00.000000Z'",
        "inbox row": "UPDATE tasks SET case_id = case_id || 'x'",
        "user": "UPDATE users SET grants = '[]'",
        "entry": "DELETE FROM entries WHERE position = 2 AND stream NOT LIKE '@%'",
    }
    told = {}

    for number, (kind, statement) in enumerate(kinds.items()):
        copy = edited(populated, tmp_path / f"{number}.db", statement)
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / f'new{number}.db'}")
        status = cli.run(["restore", str(copy), "--json"])
        found = json.loads(capsys.readouterr().out)["broken"]
        told[kind] = (status, kind in {one["what"] for one in found})

    assert told == dict.fromkeys(kinds, (1, True))


def test_a_copy_with_a_value_that_no_column_takes_is_refused_and_leaves_nothing(
    populated, empty_url, tmp_path
):
    torn = edited(populated, tmp_path / "torn.db", "UPDATE tasks SET opened_at = 'soon'")
    told = r"A row of the table tasks cannot be copied: Invalid isoformat string: 'soon'"

    with pytest.raises(BackupRefused, match=told):
        backups.restore(torn, empty_url)

    assert backups.restore(populated, empty_url)["entries"] > 0


def test_the_commands_say_what_was_copied_and_that_it_is_sound(
    populated, tmp_path, monkeypatch, capsys
):
    copy = tmp_path / "copy.db"

    def bihuan(url: str, *words: str) -> tuple[int, str, str]:
        monkeypatch.setenv("DATABASE_URL", url)
        status = cli.run([*words])
        return status, *capsys.readouterr()

    status, out, _ = bihuan(f"sqlite:///{populated}", "backup", str(copy), "--json")
    told = json.loads(out)
    assert (status, told["bytes"]) == (0, copy.stat().st_size)
    status, out, _ = bihuan(f"sqlite:///{tmp_path / 'new.db'}", "restore", str(copy), "--json")
    found = json.loads(out)
    assert (status, found["broken"], found["rows"]) == (0, [], told["rows"])
    status, _, err = bihuan(f"sqlite:///{tmp_path / 'new.db'}", "restore", str(copy))
    assert (status, "has something in it" in err) == (1, True)


def test_the_copy_is_at_the_newest_revision(populated, tmp_path):
    backups.backup(f"sqlite:///{populated}", tmp_path / "copy.db")

    assert migrations.revision(f"sqlite:///{tmp_path / 'copy.db'}") == migrations.newest()
