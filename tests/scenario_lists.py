"""What an office changes in a list, as the file that it would import."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from engine.columns import Descriptor
from engine.lists import ListVersion

BOM = "\ufeff"


def changed(version: ListVersion, rows: Sequence[Mapping[str, Any]], today: date) -> bytes:
    """Return the whole list with some rows changed or added.

    A row whose key is in force today is changed in the columns that are named; named with
    another first day, the old row ends the day before and the new one begins. Any other
    row is added.
    """
    kept = [dict(row) for row in version.rows]
    for row in rows:
        _put(version, kept, row, today)
    return _written(version.descriptor, kept)


def _put(
    version: ListVersion, kept: list[dict[str, Any]], row: Mapping[str, Any], today: date
) -> None:
    described = version.descriptor
    unknown = set(row) - set(described.columns)
    assert not unknown, f"{version.name} has no column {sorted(unknown)}"
    old = version.at(tuple(row.get(name) for name in described.key), today)
    here = kept.index(old) if old in kept else None
    if old is None or here is None:
        kept.append({**dict.fromkeys(described.columns), **row})
        return
    new = {**old, **row}
    first = described.first
    if first is None or new[first] == old[first]:
        kept[here] = new
        return
    assert described.last is not None
    ended = date.fromisoformat(new[first]) - timedelta(days=1)
    kept[here] = {**old, described.last: ended.isoformat()}
    kept.append(new)


def _written(described: Descriptor, rows: Sequence[Mapping[str, Any]]) -> bytes:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(described.columns)
    for row in rows:
        writer.writerow(column.cell(row[name]) for name, column in described.columns.items())
    return (BOM + sheet.getvalue()).encode()
