"""The database's versions: Alembic migrations, run from code.

``upgrade`` brings any older database to the present tables; a test compares the
result with ``engine.tables`` on both databases.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory


def upgrade(url: str) -> tuple[str | None, str | None]:
    """Create or upgrade the database; return its revision before and after.

    Args:
        url: SQLAlchemy URL.
    """
    before = revision(url)
    command.upgrade(configuration(url), "head")
    return before, revision(url)


def revision(url: str) -> str | None:
    """Return the revision the database is at; None before the first migration.

    The folder of an SQLite file is made if it is missing.
    """
    made = sa.make_url(url)
    if made.get_backend_name() == "sqlite" and made.database not in {None, "", ":memory:"}:
        Path(str(made.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def newest() -> str | None:
    """Return the revision that this code needs."""
    return ScriptDirectory.from_config(configuration("")).get_current_head()


def configuration(url: str) -> Config:
    """Return Alembic's configuration for a database."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent))
    found.attributes["url"] = url
    return found
