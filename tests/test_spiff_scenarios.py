"""The scenarios that SpiffWorkflow can run rightly, on it, on both databases.

Nobody says which: the check at deployment does. Every process that it accepts is
deployed for SpiffWorkflow, and each scenario that starts only such processes is
played as it is written for the kernel, replayed and verified.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine import deployments, identities, replay, store, uploads
from engine.application import open_application
from engine.clock import ManualClock
from engine.settings import Settings
from engine.spiff import Spiff
from tests import scenario_city, scenario_files, scenarios
from tests.scenario_database import DatabaseStage

LONG_AGO = "2025-10-01 00:00"


def _accepted():
    """Return the files of processes that SpiffWorkflow runs rightly, and their keys."""
    upload = uploads.read(scenario_city.files())
    fine = {
        name: diagram
        for name, diagram in upload.diagrams.items()
        if not uploads.not_run(Spiff(), diagram, upload.processes, name)
    }
    return set(fine), {key for diagram in fine.values() for key in diagram.processes}


FILES, KEYS = _accepted()


def _starts(scenario):
    before = set() if scenario.given is None else _starts(scenario.given)
    return before | {
        "another version" if "deploy" in step else step["start"]
        for step in scenario.document.get("steps", [])
        if "start" in step or "deploy" in step
    }


def _played():
    found = [scenarios.load(path) for path in scenarios.paths()]
    return [one for one in found if _starts(one) and _starts(one) <= KEYS]


PLAYED = _played()
NAMES = [one.path.stem for one in PLAYED]


def _deploy(url, sandbox):
    clock = ManualClock(scenario_files.moment_of(LONG_AGO))
    app = open_application(Settings(database_url=url), clock=clock, sandbox=sandbox)
    files = scenario_city.files()
    deployments.deploy(app, identities.operator(), files)
    own = {name: one for name, one in files.items() if name in FILES or not name.endswith(".bpmn")}
    deployments.deploy(app, identities.operator(), own, executor="spiff")
    app.database.close()


@pytest.fixture(scope="session")
def spiff_sqlite(city: Path, sandbox, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("spiff") / "ready.db"
    shutil.copy(city, path)
    _deploy(f"sqlite:///{path}", sandbox)
    return path


@pytest.fixture(scope="session")
def spiff_postgres(server, postgres_city: str, sandbox) -> str:
    _deploy(server.create("ready_for_spiff", postgres_city), sandbox)
    return "ready_for_spiff"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def spiff_url(request, tmp_path: Path):
    """The URL of a database for one scenario."""
    if request.param == "sqlite":
        path = tmp_path / "scenario.db"
        shutil.copy(request.getfixturevalue("spiff_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server, template = request.getfixturevalue("server"), request.getfixturevalue("spiff_postgres")
    with server.lent("spiff_scenario", template) as url:
        yield url


def test_the_check_at_deployment_says_which_processes_and_scenarios_run():
    assert {"department_score", "five_steps", "publication", "return_visit"} <= KEYS
    assert not {"department_handling", "whistle_report"} & KEYS
    assert {"visit_answered", "publish_period", "score_utility", "five_steps_late"} <= set(NAMES)
    assert not {"variant_routine", "dept_straight", "13_new_version_deployed"} & set(NAMES)


@pytest.mark.parametrize("scenario", PLAYED, ids=NAMES)
def test_a_scenario_goes_the_same_way_on_spiffworkflow(scenario, spiff_url, sandbox):
    stage = DatabaseStage(spiff_url, sandbox, scenarios._start(scenario))
    try:
        play = scenarios.Play(scenario, stage)
        play.run()

        scenarios.compare(play)
        ids = stage.cases()
        with stage.app.database.reading() as tx:
            rows = [store.read_case(tx, one) for one in ids]
        assert "spiff" in {row.executor for row in rows}
        # What a case of another process starts runs where that was deployed for.
        assert all((row.executor == "spiff") == (row.process in KEYS) for row in rows)
        assert list(replay.replay(stage.app, ids)) == [None] * len(ids)
        assert list(replay.verify_cases(stage.app, ids)) == [None] * len(ids)
        assert list(replay.verify_rest(stage.app)) == []
    finally:
        stage.close()
