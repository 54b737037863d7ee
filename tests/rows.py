"""All rows of a database, to be compared before and after."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa

from engine import store
from engine.application import Application
from engine.tables import metadata

DERIVED = (
    "cases", "tasks", "candidates", "timers", "subscriptions", "jobs", "incidents", "notes",
    "keys", "links", "notices", "published", "register_rows", "supervised",
    "offers",
)  # fmt: skip
"""What ``rebuild`` refills."""


def everything(app: Application) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, in the order of its key."""
    with app.database.reading() as tx:
        return {
            table.name: [_plain(table, row) for row in tx.all(_whole(table), {})]
            for table in metadata.sorted_tables
        }


def of_case(app: Application, case_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of one case that derive from its history."""
    with app.database.reading() as tx:
        return {
            table.name: [
                _plain(table, row) for row in tx.all(_WHOLE_CASE[table.name], {"case_id": case_id})
            ]
            for table in (metadata.tables[name] for name in DERIVED)
        }


def _of(table: sa.Table, name: str) -> sa.Select[Any]:
    return _whole(table).where(table.c[name] == sa.bindparam("case_id"))


def _whole(table: sa.Table) -> sa.Select[Any]:
    known = _WHOLE.get(table.name)
    if known is None:
        known = _WHOLE[table.name] = sa.select(*table.c).order_by(*table.primary_key.columns)
    return known


def _plain(table: sa.Table, row: tuple[Any, ...]) -> dict[str, Any]:
    values = dict(zip(table.c.keys(), row, strict=True))
    if table.name == "cases":
        # A marking is the same in whatever order its keys were written.
        values["control"] = store.unpack(values["control"])
        values["data"] = store.unfold(values["data"]).all()
    return {name: _value(value) for name, value in values.items()}


def _value(value: Any) -> Any:
    """Compare a JSON object by what it says: entries keep their keys in order, commands do not."""
    if isinstance(value, memoryview):
        return bytes(value)
    return orjson.loads(value) if isinstance(value, str) and value.startswith("{") else value


_WHOLE: dict[str, sa.Select[Any]] = {}
_WHOLE_CASE = {
    name: _of(
        metadata.tables[name],
        {"cases": "id", "links": "written_by"}.get(name, "case_id"),
    )
    for name in DERIVED
}
