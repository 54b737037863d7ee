"""A small year for tests of the board: shares of three departments, events in two streets."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import cases, deployments, identities
from engine.application import open_application
from engine.clock import ManualClock
from engine.commands import CompleteTask
from engine.scripts import Sandbox
from engine.settings import Settings
from tests.conftest import MONDAY
from tests.scenario_city import files_of
from tests.test_figures import SHARE

NOVEMBER = datetime(2026, 11, 2, 1, tzinfo=UTC)
"""Seven weeks after the cases began."""
FIRST, SECOND = "990101001", "990101002"
OTHER_GRID = "99010100200101001"
SHARES = (("D04", 6, FIRST), ("D05", 5, FIRST), ("D08", 1, SECOND))
EVENTS = (("RY057", "ZL-03-001", 3), ("RY057", "ZL-03-005", 1))


def fill(city: Path, path: Path, sandbox: Sandbox) -> dict[str, list[str]]:
    """Make the database; return the ids of its cases by what they are."""
    shutil.copy(city, path)
    clock = ManualClock(MONDAY)
    app = open_application(Settings(database_url=f"sqlite:///{path}"), clock=clock, sandbox=sandbox)
    files = {**files_of("department_handling"), **files_of("grid_event")}
    deployments.deploy(app, identities.operator(), files)
    found: dict[str, list[str]] = {}
    number = 0
    for code, count, street in SHARES:
        for _ in range(count):
            number += 1
            data = {**SHARE, "dept_code": code, "whistle_no": f"whistle-2026-{number:06d}"}
            if street == SECOND:
                data |= {"street": street, "location": OTHER_GRID}
            case = cases.start(app, identities.operator(), process="department_handling", data=data)
            found.setdefault(code, []).append(case.case_id)
    for case_id in found["D04"][:2]:
        sign = CompleteTask("department_handling.sign.1", outcome="sign")
        cases.handle(app, identities.operator(), case_id, sign)
    for worker, item, count in EVENTS:
        who = identities.actor(app, worker)
        for _ in range(count):
            clock.set(clock.now() + timedelta(minutes=40))
            data = {"item_code": item, "result": "not_solved"}
            case = cases.start(app, who, process="grid_event", data=data)
            found.setdefault(item, []).append(case.case_id)
    app.database.close()
    return found


@pytest.fixture
def sqlite_url(filled, tmp_path):
    """A copy of the filled city (fixture ``filled``) for one test."""
    path = tmp_path / "bihuan.db"
    shutil.copy(filled[0], path)
    return f"sqlite:///{path}"


@pytest.fixture
def late(app, clock):
    """The same, seven weeks later."""
    clock.set(NOVEMBER)
    return app
