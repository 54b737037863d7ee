"""Figures as they are asked for: by whom, over HTTP, at the command line."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from engine import cases, cli, deployments, figures, identities
from engine.application import open_application
from engine.clock import ManualClock
from engine.commands import CompleteTask
from engine.errors import InvalidRequest, NotAllowed
from engine.settings import Settings
from tests.callers import callers, problem_of
from tests.conftest import MONDAY
from tests.scenario_city import files_of
from tests.test_figures import SEPTEMBER, SHARE

ASKED = "/figures?unit=990101001&from=2026-09-01&to=2026-10-01"


@pytest.fixture(scope="module")
def filled(city: Path, sandbox, tmp_path_factory) -> tuple[Path, str]:
    """A database with a share of D04, signed in time, in a grid of the first street."""
    path = tmp_path_factory.mktemp("figures") / "filled.db"
    shutil.copy(city, path)
    settings = Settings(database_url=f"sqlite:///{path}")
    app = open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)
    deployments.deploy(app, identities.operator(), files_of("department_handling"))
    admin = identities.operator()
    case = cases.start(app, admin, process="department_handling", data=SHARE).case_id
    cases.handle(app, admin, case, CompleteTask("department_handling.sign.1", outcome="sign"))
    app.database.close()
    return path, case


@pytest.fixture
def sqlite_url(filled, tmp_path: Path) -> str:
    """The URL of a copy of it."""
    path = tmp_path / "bihuan.db"
    shutil.copy(filled[0], path)
    return f"sqlite:///{path}"


@pytest.fixture
def signed(filled) -> str:
    """The id of that case."""
    return filled[1]


def test_each_figure_says_what_it_is_made_of_and_where_its_cases_are(app, who, signed):
    found = figures.overview(
        app, who("street_leader"), unit="990101001", codes=["signing", "whistle_band"], **SEPTEMBER
    )

    signing, band = found["items"]
    assert {name: signing[name] for name in ("value", "text", "numerator", "denominator", "n")} == {
        "value": "100.00",
        "text": "100.00 %",
        "numerator": "1",
        "denominator": "1",
        "n": 1,
    }
    assert signing["formula_zh"] == "按时签收数 / 应签收数"
    assert signing["cases"] == (
        "/api/v1/figures/signing/cases?unit=990101001&from=2026-09-01&to=2026-10-01"
    )
    assert band["band"] == {"low": "5", "high": "40", "within": None}
    assert (found["from"], found["to"], found["name"]) == ("2026-09-01", "2026-10-01", "砚禾街道")


@pytest.mark.parametrize(
    ("user", "unit", "may"),
    [
        ("street_leader", "990101001", True),
        ("street_leader", "990101001001", True),
        ("street_leader", "990101002", False),
        ("street_leader", "990101", False),
        ("dept_head", "D04", True),
        ("dept_head", "D05", False),
        ("dept_liaison", "990101001", False),
        ("grid_worker", "990101001", False),
        ("resident", "990101001", False),
        ("appraisal_officer", "990101", True),
        ("auditor", "D05", True),
        ("admin", "990101", True),
    ],
)
def test_figures_of_a_unit_are_read_in_it_and_above(app, who, user, unit, may):
    def ask():
        return figures.overview(app, who(user), unit=unit, codes=["on_time"], **SEPTEMBER)

    if may:
        assert ask()["unit"] == unit
    else:
        with pytest.raises(NotAllowed) as refused:
            ask()
        assert "dept_head" in refused.value.hint


def test_cases_behind_a_figure_are_listed_to_who_sees_them(app, who, signed):
    asked = {"unit": "990101", **SEPTEMBER}

    seen = figures.cases_behind(app, who("district_coordinator"), "signing", **asked)
    unseen = figures.cases_behind(app, who("third_party_assessor"), "signing", **asked)
    late = figures.cases_behind(app, who("auditor"), "signing", part="missing", **asked)

    assert [(one["case"], one["counts"], one["bodies"]) for one in seen["items"]] == [
        (signed, True, ["D04"])
    ]
    assert (unseen["items"], unseen["hidden"], unseen["n"]) == ([], 1, 1)
    assert (late["items"], late["hidden"], late["n"]) == ([], 0, 0)
    with pytest.raises(InvalidRequest):
        figures.cases_behind(app, who("auditor"), "signing", cursor="-1", **asked)
    with pytest.raises(InvalidRequest):
        figures.cases_behind(app, who("auditor"), "signing", part="all", **asked)


def test_a_long_list_of_cases_comes_page_by_page(app, who, signed):
    asked = {"unit": "990101", **SEPTEMBER, "limit": 1}
    more = cases.start(
        app, identities.operator(), process="department_handling", data=SHARE
    ).case_id

    first = figures.cases_behind(app, who("auditor"), "on_schedule", **asked)
    second = figures.cases_behind(app, who("auditor"), "on_schedule", cursor=first["next"], **asked)

    listed = [one["case"] for one in first["items"] + second["items"]]
    assert (listed, len(listed)) == (sorted([signed, more]), 2)
    assert (first["next"], second["next"], first["n"]) == ("1", None, 2)


def test_departments_are_compared_by_points_and_ranked_from_five_on(app, who, signed):
    found = figures.overview(
        app, who("appraisal_officer"), unit="990101", by_department=True, codes=["signing"],
        since=date(2026, 9, 1), until=date(2026, 12, 1),
    )  # fmt: skip

    (line,) = found["departments"]
    assert (line["unit"], line["n"], line["rank"], line["points"]) == ("D04", 1, None, None)
    assert line["figures"]["signing"] == {"text": "100.00 %", "numerator": "1/1", "n": 1}


def test_what_was_counted_is_kept_for_a_minute_unless_something_happens(app, who, signed, clock):
    def told(code="on_schedule"):
        found = figures.overview(
            app, who("auditor"), unit="990101", codes=[code], since=date(2026, 9, 1),
            until=date(2026, 12, 1),
        )  # fmt: skip
        return found["at"][11:19], found["items"][0]["denominator"]

    def later(**time):
        clock.set(clock.now() + timedelta(**time))

    assert told() == ("01:00:00", "1")
    later(seconds=59)
    assert told() == ("01:00:00", "1")
    frozen = figures.collect(app, signed, {"unit": "990101", "since": "2026-09-01",
                                           "until": "2026-12-01", "codes": "on_schedule"})  # fmt: skip
    assert frozen["collected_at"][11:19] == "01:00:59"
    cases.start(app, identities.operator(), process="department_handling", data=SHARE)
    assert told() == ("01:00:59", "2")
    later(seconds=61)
    assert told() == ("01:02:00", "2")
    later(seconds=30)
    deployments.deploy(app, identities.operator(), files_of("return_visit"))
    assert told() == ("01:02:30", "2")
    assert told("on_time") == ("01:02:30", "0")
    later(days=8)
    assert told("on_time") == ("01:02:30", "2")


def test_figures_over_http(app, signed):
    leader, resident = callers(app)("street_leader"), callers(app)("resident")

    found = leader.get(f"{ASKED}&codes=signing").get_json()
    listed = leader.get("/figures/signing/cases?unit=990101001&from=2026-09-01").get_json()

    assert [(one["code"], one["text"]) for one in found["items"]] == [("signing", "100.00 %")]
    assert [one["case"] for one in listed["items"]] == [signed]
    assert problem_of(resident.get(ASKED)) == (403, "not-allowed")
    assert problem_of(leader.get("/figures?unit=D99&from=2026-09-01")) == (403, "not-allowed")
    assert problem_of(leader.get("/figures/luck/cases?unit=990101001&from=2026-09-01")) == (
        404,
        "not-found",
    )
    assert problem_of(leader.get("/figures?unit=990101001&from=monday")) == (422, "invalid-data")
    assert leader.get("/figures?unit=990101001").status_code == 422


def test_figures_at_the_command_line(app, signed, sqlite_url, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    asked = ["figures", "--unit", "D04", "--from", "2026-09-01", "--to", "2026-10-01"]

    status = cli.run([*asked, "--code", "signing", "--by-department"])
    told = capsys.readouterr().out
    as_json = cli.run([*asked, "--code", "signing", "--json"])
    document = json.loads(capsys.readouterr().out)

    assert (status, as_json) == (0, 0)
    lines = [line.split() for line in told.splitlines() if line]
    assert lines[0] == ["D04", "区城市管理局(综合执法局),", "2026-09-01", "–", "2026-10-01"]
    assert lines[2] == [
        "signing",
        "及时签收率",
        "*",
        "100.00",
        "%",
        "1/1",
        "1",
        "按时签收数",
        "/",
        "应签收数",
    ]
    assert " ".join(lines[3]) == "* rests on a sample that nobody has compared with its source."
    assert lines[5][:2] == ["D04", "区城市管理局(综合执法局)"]
    assert document["items"][0]["text"] == "100.00 %"
    assert cli.run(["figures", "--unit", "D99", "--from", "2026-09-01"]) == 1
    assert cli.run(["figures", "--unit", "D04", "--from", "monday"]) == 2
