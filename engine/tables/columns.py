"""What the tables are made of: one metadata, and columns by kind."""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Moment

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def table(name: str, *items: sa.schema.SchemaItem, clustered: bool = False) -> sa.Table:
    """Return a table; a clustered one lies in the order of its key alone (SQLite)."""
    return sa.Table(name, metadata, *items, sqlite_with_rowid=not clustered)


def key(name: str) -> sa.Column[str]:
    """Return a column of the primary key, a text."""
    return sa.Column(name, sa.Text, primary_key=True)


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    """Return a column of texts."""
    return sa.Column(name, sa.Text, nullable=null)


def number(name: str, *, null: bool = False) -> sa.Column[int]:
    """Return a column of integers."""
    return sa.Column(name, sa.BigInteger, nullable=null)


def at(name: str, *, null: bool = False) -> sa.Column[object]:
    """Return a column of moments."""
    return sa.Column(name, Moment, nullable=null)


def blob(name: str, *, null: bool = False) -> sa.Column[bytes]:
    """Return a column of bytes."""
    return sa.Column(name, sa.LargeBinary, nullable=null)


def flag(name: str) -> sa.Column[int]:
    """Return a column of 0 and 1; 0 where nothing is said."""
    return sa.Column(name, sa.SmallInteger, nullable=False, default=0)
