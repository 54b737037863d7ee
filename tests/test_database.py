import sqlalchemy as sa

from engine.application import open_application
from engine.cli import city
from engine.settings import Settings
from tests.conftest import ROOT

ON_SQLITE = sa.text("PRAGMA synchronous")
ON_POSTGRESQL = sa.text("SHOW synchronous_commit")
WAITS = {"sqlite": 2, "postgresql": "on"}
"""SQLite's 2 is FULL: every commit waits until it is on the disk."""
LEAVES_IT = {"sqlite": 1, "postgresql": "off"}
"""SQLite's 1 is NORMAL: the disk is waited for when the log goes into the file."""


def awaited(database):
    """What the connection of this thread says about waiting for the disk."""
    with database.reading() as tx:
        (answer,) = tx.one(ON_SQLITE if database.is_sqlite else ON_POSTGRESQL, {})
    return {database.url.get_backend_name(): answer}


def test_every_commit_waits_for_the_disk(any_app):
    assert awaited(any_app.database).items() <= WAITS.items()


def test_a_simulation_may_leave_the_disk_to_itself(any_url, clock, sandbox):
    settings = Settings(database_url=any_url)
    app = open_application(settings, clock=clock, sandbox=sandbox, durable=False)

    assert awaited(app.database).items() <= LEAVES_IT.items()
    app.database.close()


def test_the_simulated_year_does_not_wait_and_the_city_does(any_url, monkeypatch):
    """The real year and the real city are asked while they are made."""
    seen = {}

    def asked(name):
        function = getattr(city.showing, name)

        def ask(app, *args, **named):
            seen[name] = awaited(app.database)
            return function(app, *args, **named)

        monkeypatch.setattr(city.showing, name, ask)

    asked("load_city")
    asked("simulate")
    words = ["--cases", "1", "--from", str(ROOT / "processes")]
    city.demo.main(words, obj=Settings(database_url=any_url), standalone_mode=False)

    assert seen["load_city"].items() <= WAITS.items()
    assert seen["simulate"].items() <= LEAVES_IT.items()
