"""Statements compiled once, and moments as each kind of database keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import ClauseElement


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware UTC moment: ``timestamptz`` in PostgreSQL, sortable text in SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return the column type of this database."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(27))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Return what the driver stores."""
        if value is None or dialect.name != "sqlite":
            return value
        return _to_text(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Return the aware UTC moment of what the driver read."""
        return None if value is None else _from_driver(value)


@lru_cache(maxsize=1024)
def _to_text(at: datetime) -> str:
    # Most moments of one command are the same one.
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _from_driver(value: Any) -> datetime:
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo is UTC else at.astimezone(UTC)


Row = tuple[Any, ...]


def _taker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Row]:
    """Return what takes the values of these names, in this order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)


class Statement:
    """A statement compiled once for one kind of database."""

    __slots__ = ("_clause", "_constants", "_in", "_out", "_take", "text")

    def __init__(self, clause: ClauseElement, dialect: sa.Dialect) -> None:
        # The clause is kept with it, so that its id is not given to another.
        self._clause = clause
        compiled = clause.compile(dialect=dialect)
        self.text = str(compiled)
        binds: Mapping[str, Any] = getattr(compiled, "binds", {})
        # Values by position; None where the driver takes them by name and knows moments.
        order: Sequence[str] | None = getattr(compiled, "positiontup", None)
        self._take = None if order is None else _taker(order)
        order = order or ()
        self._in = [at for at, name in enumerate(order) if isinstance(binds[name].type, Moment)]
        # Values that stand in the clause itself, such as limits and states.
        self._constants = {name: one.value for name, one in binds.items() if not one.required}
        columns: Sequence[Any] = getattr(clause, "selected_columns", ())
        self._out = [at for at, one in enumerate(columns) if isinstance(one.type, Moment)]

    def bind(self, values: Mapping[str, Any]) -> Any:
        """Return ``values`` as the driver takes them."""
        given = {**self._constants, **values} if self._constants else values
        if self._take is None:
            return given
        taken = self._take(given)
        if not self._in:
            return taken
        bound = list(taken)
        for at in self._in:
            if bound[at] is not None:
                bound[at] = _to_text(bound[at])
        return bound

    def read(self, rows: Sequence[Row]) -> list[Row]:
        """Return a driver's rows with their moments as ``datetime``."""
        return [self._read(row) for row in rows] if self._out else list(rows)

    def _read(self, row: Row) -> Row:
        values = list(row)
        for at in self._out:
            if values[at] is not None:
                values[at] = _from_driver(values[at])
        return tuple(values)


_KNOWN: dict[tuple[str, object, int], Statement] = {}
"""By dialect, version of the server and id: copies and scratch databases need the same."""


def compiled(clause: ClauseElement, dialect: sa.Dialect) -> Statement:
    """Return a statement of a module, compiled once for each kind of database."""
    key = (dialect.name, dialect.server_version_info, id(clause))
    known = _KNOWN.get(key)
    if known is None:
        known = _KNOWN[key] = Statement(clause, dialect)
    return known
