"""``bihuan migrate`` and ``bihuan tidy``: keep the database in order."""

from __future__ import annotations

import click

from engine import store
from engine.cli import terminal
from engine.cli.installation import opened
from engine.migrations import migrate as migrate_database
from engine.settings import Settings


@click.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Create the database named by DATABASE_URL, or bring its tables up to date."""
    migrate_database(settings.database_url)
    terminal.say("The database is up to date.")


@click.command()
@click.pass_obj
def tidy(settings: Settings) -> None:
    """Remove stored answers after 7 days and delivered outbox rows after 30; never history."""
    with opened(settings) as app, app.database.writing() as tx:
        answers, deliveries = store.tidy(tx, app.clock.now())
    terminal.say(f"Removed {answers} stored answers and {deliveries} delivered outbox rows.")
