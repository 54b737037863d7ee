"""What a new version of a list changes, and how it comes into force on a day.

A file that an office imports either is the whole list, its past included, or it
says *how things are from a day on*. Then nothing that holds before that day is
touched: rows that end there are closed on the day before, rows that begin there
are added (``from_day``).

Pure: versions come in, a difference or the bytes of a new version go out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from engine import spreadsheets
from engine.columns import Descriptor
from engine.lists import BEGINNING, FOREVER, ListVersion, public, span
from engine.spreadsheets import Finding

JsonRow = dict[str, Any]
Key = tuple[Any, ...]


class _Part(NamedTuple):
    """What holds under a key from one day to another, both included, as ISO text."""

    first: str
    last: str
    body: JsonRow


def difference(old: ListVersion | None, new: ListVersion) -> JsonRow:
    """Return what a new version changes: ``{added, removed, changed}``.

    Rows are paired by key and first day. A change is ``{key, from, columns:
    {name: [old, new]}}``; personal columns are named but their values withheld.
    """
    before, after = _by_day(old), _by_day(new)
    personal = new.descriptor.personal
    changed = []
    for name, row in after.items():
        was = before.get(name)
        if was is not None and was != row:
            columns = {
                c: [None, None] if c in personal else [was.get(c), row[c]]
                for c in row
                if was.get(c) != row[c]
            }
            changed.append({"key": list(name[:-1]), "from": name[-1], "columns": columns})
    return {
        "added": [public(new, row) for name, row in after.items() if name not in before],
        "removed": [public(new, row) for name, row in before.items() if name not in after],
        "changed": [one for one in changed if one["columns"]],
    }


def _by_day(version: ListVersion | None) -> dict[Key, JsonRow]:
    if version is None:
        return {}
    return {(*version.key(r), span(version.descriptor, r)[0]): r for r in version.rows}


def from_day(old: ListVersion | None, new: ListVersion, day: date) -> bytes:
    """Return the CSV file of a version that agrees with ``old`` before a day, else with ``new``.

    Rows of a list without dates are replaced, those of a calendar by their date.

    Raises:
        InvalidList: a row would have to end, and the list has no column for a last day.
    """
    descriptor, known = new.descriptor, old.rows if old else ()
    if descriptor.first is None:
        dated = [name for name in descriptor.key if descriptor.columns[name].type == "date"]
        past = [r for r in known if dated and r[dated[0]] < day.isoformat()]
        fresh = [r for r in new.rows if not dated or r[dated[0]] >= day.isoformat()]
        return render(descriptor, [*past, *fresh])
    before, after = _grouped(new, known), _grouped(new, new.rows)
    rows: list[JsonRow] = []
    for key in dict.fromkeys([*before, *after]):
        rows += _joined(descriptor, key, before.get(key, []), after.get(key, []), day)
    return render(descriptor, rows)


def with_rows(
    active: ListVersion, rows: Iterable[JsonRow], ends: Iterable[JsonRow], day: date
) -> bytes:
    """Return the file that says how a list is from a day on, when some rows of it change.

    Args:
        active: the list now.
        rows: by column name. One whose key is in force on the day keeps the cells that it
            does not name.
        ends: rows that end on the day before, by key, with what such a row says of the
            time after it (``successor_id``).
        day: from which it holds; see ``from_day``.

    Raises:
        InvalidList: a column that the list does not have, a key that is not named, a cell
            of another type, or a row to end that is not in force.
    """
    table: dict[Key, list[JsonRow]] = {}
    for row in active.rows:
        table.setdefault(active.key(row), []).append(row)
    wrong: list[Finding] = []
    dates = [one for one in (active.descriptor.first, active.descriptor.last) if one]
    for number, given in enumerate(rows, start=1):
        cells = _cells(active, given, number, wrong)
        if cells is not None:
            key = active.key(cells)
            table[key] = [{**(active.at(key, day) or {}), **dict.fromkeys(dates), **cells}]
    for number, given in enumerate(ends, start=1):
        cells = _cells(active, given, number, wrong)
        if cells is not None:
            table[active.key(cells)] = _ending(active, cells, day, number, wrong)
    if wrong:
        raise spreadsheets.refuse(active.descriptor.file, wrong)
    return render(active.descriptor, [row for parts in table.values() for row in parts])


def between(
    active: ListVersion, keys: Collection[Key], cells: JsonRow, first: date, last: date
) -> bytes:
    """Return the whole list in which the rows of some keys read differently for a while.

    Args:
        active: the list now; its rows have a first and a last day.
        keys: of the rows.
        cells: what they say from ``first`` to ``last``, both included; what they say
            before and after stays.

    Raises:
        InvalidList: none of them is in force on any of these days, or the rows have no dates.
    """
    descriptor, found = active.descriptor, []
    file, opens, closes = descriptor.file, descriptor.first, descriptor.last
    is_met = False
    for row in active.rows:
        begins, ends = span(descriptor, row)
        low, high = max(begins, first.isoformat()), min(ends, last.isoformat())
        if active.key(row) not in keys or low > high or not (opens and closes):
            found.append(row)
            continue
        is_met = True
        if begins < low:
            found.append({**row, closes: _day_beside(low, -1)})
        inside = {opens: None if low == BEGINNING else low,
                  closes: None if high == FOREVER else high}  # fmt: skip
        found.append({**row, **cells, **inside})
        if high < ends:
            found.append({**row, opens: _day_beside(high, 1)})
    if not is_met:
        message, hint = "it is not in force on these days", "Name a row and days on which it is."
        raise spreadsheets.refuse(file, [spreadsheets.finding(file, 1, None, message, hint)])
    return render(descriptor, found)


def _day_beside(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _cells(
    active: ListVersion, given: JsonRow, number: int, wrong: list[Finding]
) -> JsonRow | None:
    """Return the cells of a row that somebody names, or note what is wrong with it."""
    columns, found = active.descriptor.columns, {}
    known = len(wrong)
    for name in sorted({*given, *active.descriptor.key}):
        try:
            found[name] = _cell(active.descriptor, name, given.get(name))
        except ValueError as reason:
            hint = "Correct the cell." if name in columns else "Leave it out."
            file = active.descriptor.file
            wrong.append(spreadsheets.finding(file, number, name, str(reason), hint))
    return found if len(wrong) == known else None


def _cell(descriptor: Descriptor, name: str, value: Any) -> Any:
    column = descriptor.columns.get(name)
    if column is None:
        raise ValueError("the list does not know this column")
    if value in (None, "") and name in descriptor.key and column.required:
        raise ValueError("the key is not named")
    return column.value(value) if isinstance(value, str) else value


def _ending(
    active: ListVersion, cells: JsonRow, day: date, number: int, wrong: list[Finding]
) -> list[JsonRow]:
    """Return the row as it is until the day before; a list without last days loses it."""
    now, last = active.at(active.key(cells), day), active.descriptor.last
    if now is None:
        message, hint = "it is not in force on that day", "Name a row that is."
        file = active.descriptor.file
        wrong.append(spreadsheets.finding(file, number, None, message, hint))
    if now is None or last is None:
        return []
    return [{**now, **cells, last: (day - timedelta(days=1)).isoformat()}]


def render(descriptor: Descriptor, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as the CSV file that ``lists.read`` reads them from."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(descriptor.columns)
    for row in rows:
        columns = descriptor.columns.values()
        writer.writerow([column.cell(row.get(column.name)) for column in columns])
    return text.getvalue().encode("utf-8-sig")


def _grouped(version: ListVersion, rows: Iterable[JsonRow]) -> dict[Key, list[_Part]]:
    found: dict[Key, list[_Part]] = {}
    dates = {version.descriptor.first, version.descriptor.last}
    for row in rows:
        first, last = span(version.descriptor, row)
        body = {name: row.get(name) for name in version.descriptor.columns if name not in dates}
        found.setdefault(version.key(row), []).append(_Part(first, last, body))
    for parts in found.values():
        parts.sort(key=lambda part: part.first)
    return found


def _joined(
    descriptor: Descriptor, key: Key, old: list[_Part], new: list[_Part], day: date
) -> list[JsonRow]:
    """Return the rows of one key: of ``old`` before the day, of ``new`` from it on."""
    edge, eve = day.isoformat(), (day - timedelta(days=1)).isoformat()
    coming = [_Part(max(one.first, edge), *one[1:]) for one in new if one.last >= edge]
    present = [_Part(max(one.first, edge), *one[1:]) for one in old if one.last >= edge]
    if coming == present:
        return [_row(descriptor, part) for part in old]
    kept = []
    for part in old:
        if part.last < edge:
            kept.append(part)
        elif part.first < edge:
            goes_on = bool(coming) and coming[0].first == edge and coming[0].body == part.body
            kept.append(
                part._replace(last=coming.pop(0).last)
                if goes_on
                else part._replace(last=eve, body=_closed(descriptor, part.body, new, edge))
            )
    if descriptor.last is None and any(part.last != FOREVER for part in [*kept, *coming]):
        name = "/".join(map(str, key))
        message = f"the row {name} would end on {eve}, but the list has no last days"
        hint = "Import the whole list without --as-of."
        found = [spreadsheets.finding(descriptor.file, 1, None, message, hint)]
        raise spreadsheets.refuse(descriptor.file, found)
    return [_row(descriptor, part) for part in [*kept, *coming]]


def _closed(descriptor: Descriptor, body: JsonRow, new: list[_Part], edge: str) -> JsonRow:
    """Return a row that ends, with what the file says of the time after it."""
    said = [part.body for part in new if part.last < edge][-1:]
    names = [name for name, column in descriptor.columns.items() if column.closing]
    return {**body, **{name: one[name] for one in said for name in names if one[name]}}


def _row(descriptor: Descriptor, part: _Part) -> JsonRow:
    row = dict(part.body)
    if descriptor.first is not None:
        row[descriptor.first] = None if part.first == BEGINNING else part.first
    if descriptor.last is not None:
        row[descriptor.last] = None if part.last == FOREVER else part.last
    return row
