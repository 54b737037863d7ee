"""Every scenario, in memory and then through the application on both databases."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import backtest, deployments, identities, replay, verification
from engine.application import open_application
from engine.backtest import Plan
from engine.clock import ManualClock
from engine.commands import CompleteTask
from engine.settings import Settings
from engine.tables import entries
from tests import scenario_city, scenario_files, scenarios
from tests.scenario_database import DatabaseStage
from tests.test_figures import SHARE

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
    server, template = request.getfixturevalue("server"), request.getfixturevalue("ready_postgres")
    with server.lent("scenario", template) as url:
        yield url


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


# -- back-tests of cases that went the whole way ------------------------------------------

HANDLING = (scenarios.FOLDER.parents[1] / "processes" / "department_handling.bpmn").read_text(
    "utf-8"
)
WHISTLE = (scenarios.FOLDER.parents[1] / "processes" / "whistle_report.bpmn").read_text("utf-8")
CHECK = HANDLING[
    HANDLING.index('      <userTask id="dept_check"') : HANDLING.index(
        '      <userTask id="submit"'
    )
]
HOUR = timedelta(hours=1)
SIGN = ("sign.1", "dept_liaison", "sign", {}, HOUR / 6)
SUBMIT = ("submit.1", "dept_liaison", "done", {"reply": "已处置", "cost": 1}, HOUR / 6)
AGAIN = {"check_opinion": "重做"}


def handled(visit: int) -> tuple[object, ...]:
    return f"handle.{visit}", "dept_handler", "done", {"measures": "已处置"}, HOUR


def checked(visit: int, outcome: str, data: dict[str, str], later: timedelta) -> tuple[object, ...]:
    return f"dept_check.{visit}", "dept_head", outcome, data, later


LIVES = {
    "checked after six hours": (SIGN, handled(1), checked(1, "submit", {}, 6 * HOUR), SUBMIT),
    "done again": (SIGN, handled(1), checked(1, "rework", AGAIN, HOUR / 6), handled(2),
                   checked(2, "submit", {}, HOUR / 6), SUBMIT),
    "signed": (SIGN,),
}  # fmt: skip
"""Shares of a department: element and visit, by whom, outcome, data, how long after the act before."""


def flow(name: str) -> str:
    found = re.search(rf'<sequenceFlow id="{name}".*?(/>|</sequenceFlow>)', HANDLING, re.DOTALL)
    assert found is not None
    return found[0]


def changed(text: str, *pairs: tuple[str, str]) -> bytes:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode()


def live(stage: DatabaseStage) -> dict[str, str]:
    """Let three shares of a department go their way; return the names of all cases by id."""
    scenario = scenarios.load(scenarios.FOLDER / "02_lead_and_two_co.yaml")
    scenarios.Play(scenario, stage).run()
    found = {stage.cases()[0]: "a lead and two beside it"}
    stage.clock.set(datetime.fromisoformat("2026-10-26T09:00+08:00"))
    for name, acts in LIVES.items():
        data = {**SHARE, "dispatched_at": "2026-10-26T09:00:00+08:00", "whistle_no": name}
        case = stage.start(identities.operator(), "department_handling", data)
        found[case] = name
        for task, role, outcome, given, later in acts:
            stage.clock.set(stage.clock.now() + later)
            actor = stage.actor(stage.holders(role, "D04")[0])
            command = CompleteTask(f"department_handling.{task}", outcome, given)
            stage.send(actor, case, command)
    return found


def unnumbered(reason: str) -> str:
    """Which entry it is changes with every reminder of the diagrams."""
    return re.sub(r"^entry \d+: ", "", reason)


def test_five_changes_do_to_cases_of_the_city_what_a_reader_predicts(
    ready_sqlite, tmp_path, sandbox
):
    shutil.copy(ready_sqlite, tmp_path / "lived.db")
    url = f"sqlite:///{tmp_path / 'lived.db'}"
    stage = DatabaseStage(url, sandbox, datetime.fromisoformat("2026-09-14T09:00+08:00"))
    try:
        names = live(stage)

        def told(process: str, xml: bytes) -> tuple[int, dict[str, dict[str, str]]]:
            """How many more are overdue; class -> case -> why."""
            files = {f"{process}.bpmn": xml}
            report = backtest.run(stage.app, identities.operator(), process, files, Plan())
            assert report["cases"] == sum(one["count"] for one in report["classes"].values())
            return report["overdue"]["now"] - report["overdue"]["then"], {
                kind: {names[one["case"]]: unnumbered(one["reason"]) for one in found["examples"]}
                for kind, found in report["classes"].items()
                if found["examples"]
            }

        lead, late, again, signed = names.values()
        same = dict.fromkeys((late, again, lead), "")
        assert told("department_handling", HANDLING.encode()) == (
            0, {"identical": {signed: "", **same}},
        )  # fmt: skip

        # A limit halved: half a working day, and one took six hours.
        halved = changed(HANDLING, (CHECK, CHECK.replace("working_days(1)", "working_hours(3.5)")))
        assert told("department_handling", halved) == (
            1, {"identical": {signed: ""}, "same_outcome": same},
        )  # fmt: skip

        # An approval removed: whoever was checked cannot be followed.
        gone = changed(
            HANDLING, (CHECK, ""), ('targetRef="dept_check"', 'targetRef="submit"'),
            *((flow(one), "") for one in (
                "dept_check_to_check_passed", "check_passed_to_handle", "check_passed_to_submit",
            )),
        )  # fmt: skip
        why = (
            "部门自查 (dept_check) was decided and is not in the diagram; no open task of its role"
        )
        assert told("department_handling", gone)[1] == {
            "identical": {signed: ""},
            "diverged": dict.fromkeys(same, why),
        }  # fmt: skip

        # A condition inverted: what passed is to be done again, and the other way round.
        turned = changed(
            HANDLING, ("dept_check_outcome == 'rework'", "dept_check_outcome != 'rework'")
        )
        submit = "提交 (submit) was decided and is not open"
        assert told("department_handling", turned)[1] == {
            "identical": {signed: ""},
            "diverged": {again: "处置 (handle) was decided and is not open",
                         late: submit, lead: submit},
        }  # fmt: skip

        # An element renamed: its role takes the decision.
        renamed = changed(
            HANDLING, ('"dept_check"', '"self_check"'), ("dept_check_outcome", "self_check_outcome")
        )
        assert told("department_handling", renamed) == (
            0, {"identical": {signed: ""}, "same_outcome": same},
        )  # fmt: skip

        # Departments one after the other: the second signed while the first was at work.
        loop = "<multiInstanceLoopCharacteristics"
        beside = f'{loop} camunda:collection="departments"'
        in_a_row = changed(WHISTLE, (beside, beside.replace(loop, f'{loop} isSequential="true"')))
        assert told("whistle_report", in_a_row)[1] == {
            "diverged": {lead: "签收 (sign) was decided and is not open"},
        }  # fmt: skip

        assert verification.everything(stage.app, with_present=True).broken == []
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
