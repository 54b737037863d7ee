"""Every scenario, in memory and then through the application on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import deployments, identities, replay
from engine.application import open_application
from engine.clock import ManualClock
from engine.settings import Settings
from engine.tables import entries
from tests import scenario_city, scenario_files, scenarios
from tests.scenario_database import DatabaseStage

FILES = scenarios.paths()
NAMES = [path.stem for path in FILES]
LONG_AGO = "2025-10-01 00:00"
"""The scenarios' databases are filled before any of them begins."""


def _deploy_all(url, sandbox):
    clock = ManualClock(scenario_files.moment_of(LONG_AGO))
    app = open_application(Settings(database_url=url), clock=clock, sandbox=sandbox)
    deployments.deploy(app, identities.operator(), scenario_city.files())
    app.database.close()


@pytest.fixture(scope="session")
def ready_sqlite(city: Path, sandbox, tmp_path_factory) -> Path:
    """A SQLite database with the demo city and every diagram."""
    path = tmp_path_factory.mktemp("scenarios") / "ready.db"
    shutil.copy(city, path)
    _deploy_all(f"sqlite:///{path}", sandbox)
    return path


@pytest.fixture(scope="session")
def ready_postgres(server, postgres_city: str, sandbox) -> str:
    """The same on PostgreSQL, as a template."""
    _deploy_all(server.create("ready", postgres_city), sandbox)
    return "ready"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ready_url(request, tmp_path: Path) -> Iterator[str]:
    """The URL of a database for one scenario."""
    if request.param == "sqlite":
        path = tmp_path / "scenario.db"
        shutil.copy(request.getfixturevalue("ready_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    psycopg = pytest.importorskip("psycopg")
    server, template = request.getfixturevalue("server"), request.getfixturevalue("ready_postgres")
    yield server.create("scenario", template)
    # A hundred copies of the city would fill the disk.
    with psycopg.connect(f"host={server.folder} user=test dbname=postgres", autocommit=True) as tx:
        tx.execute('DROP DATABASE "scenario" WITH (FORCE)')


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_scenario_goes_as_it_is_written(path, sandbox):
    scenarios.compare(scenarios.perform(scenarios.load(path), sandbox))


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_scenario_goes_the_same_way_on_a_database_and_is_proved(path, ready_url, sandbox):
    scenario = scenarios.load(path)
    stage = DatabaseStage(ready_url, sandbox, scenarios._start(scenario))
    try:
        play = scenarios.Play(scenario, stage)
        play.run()

        scenarios.compare(play)
        ids = stage.cases()
        assert list(replay.replay(stage.app, ids)) == [None] * len(ids)
        assert list(replay.verify_cases(stage.app, ids)) == [None] * len(ids)
        assert list(replay.verify_rest(stage.app)) == []
    finally:
        stage.close()


def test_one_altered_row_breaks_the_chain_of_case_12(ready_url, sandbox):
    scenario = scenarios.load(scenarios.FOLDER / "12_replay_and_chain.yaml")
    stage = DatabaseStage(ready_url, sandbox, scenarios._start(scenario))
    try:
        scenarios.Play(scenario, stage).run()
        (case,) = stage.cases()
        # Somebody lets the department sign a minute earlier, past the engine.
        with stage.app.database.writing() as tx:
            rows = tx.all(
                sa.select(entries.c.position, entries.c.body).where(entries.c.stream == case), {}
            )
            body = bytes(rows[-1][1]).replace(b"T06:50:00Z", b"T06:49:00Z")
            assert body != bytes(rows[-1][1])
            here = (entries.c.stream == case) & (entries.c.position == rows[-1][0])
            tx.run(sa.update(entries).where(here).values(body=body), {})

        (difference,) = replay.verify_cases(stage.app, [case])

        assert (difference.case, difference.position) == (case, rows[-1][0])
    finally:
        stage.close()


def test_a_minute_s_difference_is_told_line_by_line(sandbox):
    scenario = scenarios.load(scenarios.FOLDER / "five_steps_late.yaml")
    scenario.document["steps"][2]["at"] = "09:21"
    scenario.document["steps"][2].pop("due")

    play = scenarios.perform(scenario, sandbox)
    with pytest.raises(scenarios.Wrong) as told:
        scenarios.compare(play)

    lines = str(told.value).splitlines()
    assert "-      late 1 09-14 14:50" in lines
    assert "+      late 1 09-14 14:51" in lines


def test_an_element_that_nobody_expected_is_a_difference(sandbox, tmp_path):
    text = (scenarios.FOLDER / "five_steps_late.yaml").read_text(encoding="utf-8")
    path = tmp_path / "five_steps_late.yaml"
    path.write_text(text.replace("      late 1 09-14 14:50\n", ""), encoding="utf-8")

    with pytest.raises(scenarios.Wrong) as told:
        scenarios.compare(scenarios.perform(scenarios.load(path), sandbox))

    assert "+      late 1 09-14 14:50" in str(told.value).splitlines()


def test_what_is_recorded_is_what_is_compared(sandbox, tmp_path):
    path = tmp_path / "five_steps_late.yaml"
    shutil.copy(scenarios.FOLDER / path.name, path)
    play = scenarios.perform(scenarios.load(path), sandbox)

    scenarios.record(play)

    assert path.read_bytes() == (scenarios.FOLDER / path.name).read_bytes()


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_scenario_says_what_it_is_about(path):
    document = scenarios.load(path).document
    title = document["title"]
    assert (sorted(title), all(title.values()), "expect" in document) == (["en", "zh"], True, True)
