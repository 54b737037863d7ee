"""``bihuan migrate`` and ``bihuan tidy``: keep the database in order."""

from __future__ import annotations

import click

from engine import erasure, retention
from engine.cli import terminal
from engine.cli.installation import opened
from engine.cli.tables import migrated
from engine.settings import Settings


@click.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Create the database named by DATABASE_URL, or bring its tables up to date."""
    before, after = migrated(settings)
    done = "was up to date" if before == after else f"is at revision {after} now"
    terminal.say(f"The database {done}.")


@click.command()
@click.pass_obj
def tidy(settings: Settings) -> None:
    """Remove stored answers after 7 days and delivered outbox rows after 30; never history.

    What diagrams have erased is cleared from the files too.
    """
    with opened(settings) as app:
        with app.database.writing() as tx:
            gone = retention.tidy(tx, app.clock.now())
        gone["ballots"] = erasure.clear(app)
    counted = ", ".join(f"{count} {name}" for name, count in gone.items())
    terminal.say(f"Removed {counted}.")
