"""What most tests stand on: the demo city on a database of their own, and a manual clock.

The city is loaded once per run and copied for each test; what a test deploys,
starts and breaks is its own.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import demo, deployments, identities
from engine.access import Actor
from engine.application import Application, open_application
from engine.clock import ManualClock
from engine.migrations import upgrade
from engine.scripts import Sandbox
from engine.settings import Settings
from tests import postgres, scratch

ROOT = Path(__file__).parent.parent
FIVE_STEPS = ROOT / "tests" / "processes" / "five_steps.bpmn"
MONDAY = datetime(2026, 9, 14, 1, 0, tzinfo=UTC)
"""Monday 2026-09-14 09:00 in Shanghai."""

# Programs that tests start would else compile each module anew, at every start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
scratch.move_to_memory()

LONGEST = (
    "test_kills", "test_scenarios", "test_pilot", "test_readme", "test_replay", "test_pages",
    "test_pages_cases", "test_pages_whole", "test_api_requests", "test_benchmarks", "test_layout",
    "test_spiff_scenarios", "test_races", "test_messages", "test_cli", "test_registers",
)  # fmt: skip
"""Files whose tests take longest, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: the one that began last would leave other workers idle."""
    place = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


def pytest_collection_finish() -> None:
    """Leave nine thousand tests and all modules out of each later search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One pool of interpreters for the whole run; starting one takes longer than a test."""
    pool = Sandbox()
    yield pool
    pool.close()


def _fill(url: str, sandbox: Sandbox) -> None:
    upgrade(url)
    app = open_application(Settings(database_url=url), clock=ManualClock(MONDAY), sandbox=sandbox)
    demo.load_city(app, ROOT / "processes" / "lists")
    by = identities.operator()
    deployments.deploy(app, by, {FIVE_STEPS.name: FIVE_STEPS.read_bytes()})
    app.database.close()


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    """The file of a SQLite database with the demo city and the five-step process."""
    path = tmp_path_factory.mktemp("city") / "city.db"
    _fill(f"sqlite:///{path}", sandbox)
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL server."""
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb, postgres)")
    running = postgres.Server()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def postgres_city(server: postgres.Server, sandbox: Sandbox) -> str:
    """The name of a PostgreSQL database with the demo city, to be used as a template."""
    _fill(server.create("city"), sandbox)
    return "city"


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at Monday 2026-09-14 09:00 in Shanghai."""
    return ManualClock(MONDAY)


@pytest.fixture
def sqlite_url(city: Path, tmp_path: Path) -> str:
    """The URL of a SQLite database of this test's own."""
    path = tmp_path / "bihuan.db"
    shutil.copy(city, path)
    return f"sqlite:///{path}"


@pytest.fixture
def app(sqlite_url: str, clock: ManualClock, sandbox: Sandbox) -> Iterator[Application]:
    """The application on SQLite."""
    opened = open_application(Settings(database_url=sqlite_url), clock=clock, sandbox=sandbox)
    yield opened
    opened.database.close()


_count = iter(range(1, 1_000_000))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database of this test's own, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server = request.getfixturevalue("server")
    template = request.getfixturevalue("postgres_city")
    with server.lent(f"test_{next(_count)}", template) as url:
        yield url


@pytest.fixture
def any_app(any_url: str, clock: ManualClock, sandbox: Sandbox) -> Iterator[Application]:
    """The application on SQLite, and then on PostgreSQL."""
    opened = open_application(Settings(database_url=any_url), clock=clock, sandbox=sandbox)
    yield opened
    opened.database.close()


@pytest.fixture
def who(app: Application) -> Callable[[str], Actor]:
    """Return the actor of a demo user by its role."""
    return lambda name: identities.actor(app, name)
