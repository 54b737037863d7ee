"""What a task rests on: who began the case, what it is about, and the rows of lists it names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from api.current import actor, application
from api.web import diagrams, fields, language, times
from engine import store, views
from engine.columns import Descriptor, is_sample
from engine.commands import JsonObject
from engine.definitions import Pinned
from engine.forms.model import Source

MOST_COLUMNS = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list, as people read it.

    Attributes:
        title: of the list, and what the row is called.
        cells: (column, value), without what is empty.
        is_sample: nobody has compared it with its source yet.
    """

    title: str
    cells: list[tuple[str, str]]
    is_sample: bool


@dataclass(frozen=True, slots=True)
class Basis:
    """What stands above the form of a task.

    Attributes:
        given: (label, value) of what the case knows and the form does not show.
        rows: of the lists that its fields were chosen from.
    """

    process: str
    starter: str | None
    started_at: str
    unit: str
    given: list[tuple[str, str]]
    rows: list[Row]


def of(task: JsonObject, pinned: Pinned, shown: set[str]) -> Basis:
    """Return what a task rests on, as far as the reader may see it.

    Args:
        shown: keys of the fields that the task's own form shows.
    """
    case = views.case(application(), actor(), task["case"])
    parts, data = diagrams.parts_of(pinned), case["data"]
    sources = _sources(pinned)
    known = [(key, parts[key], value) for key, value in data.items() if key in parts]
    return Basis(
        process=diagrams.process_name(pinned.main),
        starter=case["starter"],
        started_at=case["created_at"],
        unit=diagrams.unit(case["unit"]) or case["unit"] or "",
        given=[
            (language.pick(part.label, part.label_en), fields.shown(part, value, data))
            for key, part, value in known
            if key not in shown and part.type != "filepicker" and _tells(value)
        ],
        rows=[
            row
            for key, _, value in known
            if isinstance(value, str) and value
            for row in _rows(task["case"], sources.get(key, {}).values(), value, data)
        ],
    )


def _tells(value: Any) -> bool:
    return value not in (None, "", []) and not times.is_withheld(value)


def _sources(pinned: Pinned) -> dict[str, dict[str, Source]]:
    """Return by key the lists that a field of this key is chosen from in any form of the case."""
    found: dict[str, dict[str, Source]] = {}
    for form in pinned.forms.values():
        for part in form.fields():
            if part.sources:
                found.setdefault(part.key, {}).update({one.list: one for one in part.sources})
    return found


def _rows(
    case_id: str, sources: Collection[Source], value: str, data: Mapping[str, Any]
) -> Iterator[Row]:
    app = application()
    if not sources:
        return
    with app.database.reading() as tx:
        found = store.read_case(tx, case_id)
        pins = {} if found is None else orjson.loads(found.lists)
        offered = app.references.offered(tx, pins, app.clock.now())
    for source in sources:
        known = app.references.active.get(source.list)
        fitting = [one for one in offered(source.list) if str(one.get(source.value)) == value]
        if known is not None and fitting:
            # Of several with this value the one whose other keys are what the case says.
            keys = [name for name in known.descriptor.key if name in data]
            row = max(fitting, key=lambda one: sum(one.get(key) == data[key] for key in keys))
            title, cells = _title(known.descriptor, source, row), _values(known.descriptor, row)
            yield Row(title, cells, is_sample(row))


def _title(descriptor: Descriptor, source: Source, row: Mapping[str, Any]) -> str:
    listed = language.pick(descriptor.title_zh, descriptor.title_en)
    called = language.pick(str(row.get(source.label) or ""), str(row.get(source.label_en) or ""))
    return f"{listed} · {called}" if called else listed


def _values(descriptor: Descriptor, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    other = "_zh" if language.chosen() == "en" else "_en"
    return [
        (language.pick(column.title_zh, column.title_en) or name, times.plain(row[name]))
        for name, column in descriptor.columns.items()
        if row.get(name) not in (None, "", []) and not name.endswith(other) and not column.personal
    ][:MOST_COLUMNS]
