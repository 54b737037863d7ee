"""The installation that a command works on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from engine.application import open_application
from engine.clock import Clock
from engine.errors import NotReady
from engine.ports import Application
from engine.settings import Settings

UNDEFINED_TABLE = "42P01"
"""PostgreSQL's code (SQLSTATE) for a table that is not there."""


@contextmanager
def opened(
    settings: Settings, *, clock: Clock | None = None, durable: bool = True
) -> Iterator[Application]:
    """Open the application on the database that ``settings`` name.

    Args:
        clock: instead of the one that ``settings`` name.
        durable: False only for simulations, see ``Database``.

    Raises:
        NotReady: the database cannot be reached or has no tables yet.
    """
    try:
        with reaching():
            app = open_application(settings, clock=clock, durable=durable)
    except Exception as reason:
        if not _without_tables(reason):
            raise
        raise NotReady("The database has no tables yet.", hint="Run `bihuan migrate`.") from reason
    with app:
        yield app


@contextmanager
def reaching() -> Iterator[None]:
    """Put into words that the database cannot be reached.

    Raises:
        NotReady: it cannot.
    """
    try:
        yield
    except OperationalError as reason:
        first = str(reason.orig).strip().splitlines()[0]
        raise NotReady(
            f"The database cannot be reached: {first}.",
            hint="Check DATABASE_URL, then run `bihuan migrate`.",
        ) from reason


def _without_tables(reason: Exception) -> bool:
    if isinstance(reason, sqlite3.OperationalError):
        return str(reason).startswith("no such table")
    return getattr(reason, "sqlstate", None) == UNDEFINED_TABLE
