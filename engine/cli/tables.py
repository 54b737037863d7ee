"""The tables of an installation: made, or brought up to date.

Apart from ``installation``, which every command needs: what migrates a database takes
seven megabytes, and a server never does it.
"""

from __future__ import annotations

from engine import migrations
from engine.cli.installation import reaching
from engine.settings import Settings


def migrated(settings: Settings, *, only_if_empty: bool = False) -> tuple[str | None, str | None]:
    """Bring the database's tables up to date; return its revision before and after.

    Raises:
        NotReady: the database cannot be reached.
    """
    with reaching():
        before = migrations.revision(settings.database_url)
        if only_if_empty and before is not None:
            return before, before
        return migrations.upgrade(settings.database_url)
