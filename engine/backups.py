"""A consistent copy of an installation, in one file, for either kind of database.

The copy is a SQLite database with the same tables: all rows as one transaction saw them,
while others went on working. So it can be looked at, verified and replayed where it lies
(``DATABASE_URL=sqlite:///FILE bihuan verify --all``), and a restore brings an installation
from SQLite to PostgreSQL and back.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import migrations
from engine.database import Database, Transaction
from engine.errors import BackupRefused
from engine.tables import metadata

CHUNK = 500
"""Rows that are read and written at a time: a copy needs no more memory for a larger one."""

PART = ".part"
"""Ends the name of a copy that is being written."""


def backup(url: str, file: Path, *, step: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Write a consistent copy of a database; return its rows by table.

    The file appears under its name when it is whole and on the disk.

    Args:
        url: of the database, which others may use meanwhile.
        file: of the copy; its folder exists.
        step: called with each table's name before it is copied.

    Raises:
        BackupRefused: there is such a file already, or the tables are not up to date.
        Busy: the database cannot be reached.
    """
    if file.exists():
        raise BackupRefused(f"{file} is there already.", hint="Name a file that is not there yet.")
    _require(url, "The database")
    part = file.with_name(file.name + PART)
    _remove(part)
    to = f"sqlite:///{part.resolve()}"
    try:
        migrations.upgrade(to)
        found = _copied(url, to, step)
        _settle(part)
    except BaseException:
        _remove(part)
        raise
    part.replace(file)
    _sync(file.parent)
    return found


def restore(
    file: Path, url: str, *, step: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Fill an empty database from a copy; return the rows by table.

    All rows or none: a restore that fails leaves the database empty.

    Raises:
        BackupRefused: there is no such copy, it is of another version, or the database
            has something in it.
    """
    if not file.is_file():
        raise BackupRefused(
            f"There is no file {file}.", hint="Name one that `bihuan backup` wrote."
        )
    copy = f"sqlite:///{file.resolve()}"
    try:
        _require(copy, f"{file}")
    except sa.exc.DatabaseError as reason:
        hint = "Name one that `bihuan backup` wrote."
        raise BackupRefused(f"{file} is no copy of an installation.", hint=hint) from reason
    if migrations.revision(url) is not None and not _empty(url):
        raise BackupRefused(
            "The database has something in it.",
            hint="Restore into an empty one: another DATABASE_URL, or a database made anew.",
        )
    migrations.upgrade(url)
    try:
        return _copied(copy, url, step)
    except sqlite3.DatabaseError as reason:
        hint = "Take another copy; nothing was restored."
        raise BackupRefused(f"{file} cannot be read: {reason}.", hint=hint) from reason


def _require(url: str, what: str) -> None:
    """Refuse tables that are not those of this code."""
    found, needed = migrations.revision(url), migrations.newest()
    if found != needed:
        raise BackupRefused(
            f"{what} has tables of revision {found or 'none'}, not {needed}.",
            hint=f"Bring it up to date first: DATABASE_URL={sa.make_url(url)!r} bihuan migrate.",
        )


def _empty(url: str) -> bool:
    database = Database(url)
    try:
        with database.reading() as tx:
            return all(tx.one(_any(one), {}) is None for one in _tables())
    finally:
        database.close()


def _copied(source: str, target: str, step: Callable[[str], None]) -> dict[str, int]:
    """Copy every row, as one transaction of the source sees them, in one of the target.

    Raises:
        BackupRefused: a value is none that its column takes; nothing was copied.
    """
    old, new = Database(source), Database(target, durable=True)
    name, found = "", {}
    try:
        with old.reading() as reading, new.writing() as writing:
            for name in _tables():
                step(name)
                found[name] = 0
                for rows in _rows(reading, name):
                    writing.run_many(_insert(name), rows)
                    found[name] += len(rows)
            return found
    except (ValueError, old.misfit, new.misfit, new.conflict) as reason:
        raise BackupRefused(
            f"A row of the table {name} cannot be copied: {str(reason).splitlines()[0]}.",
            hint="Somebody changed it past the engine: `bihuan verify --all` says whose it is.",
        ) from reason
    finally:
        new.close()
        old.close()


def _rows(tx: Transaction, name: str) -> Iterator[list[dict[str, Any]]]:
    """Yield a table's rows in chunks, in the order of its key."""
    table = metadata.tables[name]
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key.columns]
    rows = tx.all(_first(name), {})
    while rows:
        chunk = [dict(zip(names, row, strict=True)) for row in rows]
        yield chunk
        rows = tx.all(_next(name), {f"after_{key}": chunk[-1][key] for key in keys})


def _tables() -> list[str]:
    return [table.name for table in metadata.sorted_tables]


@cache
def _any(name: str) -> sa.Select[Any]:
    return sa.select(sa.literal(1)).select_from(metadata.tables[name]).limit(1)


@cache
def _insert(name: str) -> sa.Insert:
    table = metadata.tables[name]
    return sa.insert(table).values({one.name: p(one.name) for one in table.columns})


@cache
def _first(name: str) -> sa.Select[Any]:
    table = metadata.tables[name]
    return sa.select(table).order_by(*table.primary_key.columns).limit(CHUNK)


@cache
def _next(name: str) -> sa.Select[Any]:
    table = metadata.tables[name]
    keys = list(table.primary_key.columns)
    after = [p(f"after_{one.name}", type_=one.type) for one in keys]
    return _first(name).where(sa.tuple_(*keys) > sa.tuple_(*after))


def _settle(part: Path) -> None:
    """Make one file of a database and its log, and see it on the disk."""
    database = Database(f"sqlite:///{part.resolve()}")
    try:
        database.settle()
    finally:
        database.close()
    for ending in ("-wal", "-shm"):
        part.with_name(part.name + ending).unlink(missing_ok=True)
    _sync(part)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(part: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        part.with_name(part.name + ending).unlink(missing_ok=True)
