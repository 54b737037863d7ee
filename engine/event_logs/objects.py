"""Traces as an object-centric log, OCEL 2.0: JSON, or a SQLite database.

An event is the end of an activity's visit. It touches its case, its task, the person who
did it and the unit it was done in; a case belongs to a unit and to other cases. People are
objects without attributes. The traces are walked through once; neither objects nor events
are ever held as a whole.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import orjson

from engine.event_logs.traces import Step, Trace

Document = dict[str, Any]
About = Callable[[str], tuple[str, Document]]
"""Says of a unit's code whether it is a ``unit`` or a ``department``, and its attributes."""

EVENT_ATTRIBUTES = {
    "activity": "string", "kind": "string", "scheduled_at": "time", "started_at": "time",
    "due_at": "time", "late": "boolean", "cancelled": "boolean", "outcome": "string",
}  # fmt: skip
OBJECT_ATTRIBUTES = {
    "case": {
        "process": "string", "version": "integer", "number": "string", "state": "string",
        "created_at": "time", "ended_at": "time",
    },
    "task": {"name": "string", "element": "string", "due_at": "time"},
    "person": {},
    "unit": {"name": "string", "level": "string"},
    "department": {"name": "string", "level": "string"},
}  # fmt: skip
"""Type of object -> its attributes with their OCEL types."""

ALWAYS = "1970-01-01T00:00:00Z"
"""The time of a value that never changed (OCEL 2.0: one without a time is as of time 0)."""

_COLUMN = {"string": "TEXT", "time": "TIMESTAMP", "integer": "INTEGER", "boolean": "BOOLEAN"}


@dataclass(frozen=True, slots=True)
class Thing:
    """An object or an event.

    Attributes:
        at: when an event happened; of an object, whose values are the last ones, ``ALWAYS``.
        touches: (object, qualifier) of each object that it is related to.
    """

    id: str
    type: str
    at: str
    attributes: Document
    touches: tuple[tuple[str, str], ...]


def walked(traces: Iterable[Trace], about: About) -> Iterator[tuple[str, Thing]]:
    """Yield (``object`` or ``event``, what it is), each once, an object before what touches it.

    Objects are cases, their tasks, the people and units that they name; an event is each
    visit of an activity that has ended.
    """
    seen: set[str] = set()
    for trace in traces:
        for one in _around(trace, about):
            if one.id not in seen:
                seen.add(one.id)
                yield "object", one
        yield "object", _case(trace)
        for step in trace.steps:
            if step.visit.task is not None:
                yield "object", _task(trace, step)
            if step.visit.left_at is not None:
                yield "event", _event(trace, step, step.visit.left_at)


def _around(trace: Trace, about: About) -> Iterator[Thing]:
    """Yield the units and people that a trace names."""
    for unit in dict.fromkeys([trace.unit, *(one.visit.unit for one in trace.steps)]):
        if unit is not None:
            kind, attributes = about(unit)
            yield Thing(_unit(unit), kind, ALWAYS, attributes, ())
    for who in dict.fromkeys(one.by for one in trace.steps):
        if who is not None:
            yield Thing(_person(who), "person", ALWAYS, {}, ())


def _case(trace: Trace) -> Thing:
    touches = [] if trace.unit is None else [(_unit(trace.unit), "in")]
    attributes = {
        "process": trace.process, "version": trace.version, "number": trace.number,
        "state": trace.end or trace.state, "created_at": trace.created_at,
        "ended_at": trace.ended_at,
    }  # fmt: skip
    return Thing(trace.id, "case", ALWAYS, _given(attributes), tuple(touches))


def _task(trace: Trace, step: Step) -> Thing:
    attributes = {
        "name": step.activity, "element": step.element, "due_at": step.visit.due_at,
    }  # fmt: skip
    return Thing(f"task {step.id}", "task", ALWAYS, _given(attributes), ((trace.id, "of"),))


def _event(trace: Trace, step: Step, at: str) -> Thing:
    visit = step.visit
    attributes = {
        "activity": step.activity, "kind": step.kind, "scheduled_at": visit.entered_at,
        "started_at": visit.claimed_at, "due_at": visit.due_at, "late": step.late,
        "cancelled": visit.cancelled, "outcome": visit.outcome,
    }  # fmt: skip
    touches = [(trace.id, "case")]
    if visit.task is not None:
        touches.append((f"task {step.id}", "task"))
    if step.by is not None:
        touches.append((_person(step.by), "by"))
    if visit.unit is not None:
        touches.append((_unit(visit.unit), "in"))
    return Thing(step.id, step.element, at, _given(attributes), tuple(touches))


def _given(attributes: Document) -> Document:
    return {name: value for name, value in attributes.items() if value is not None}


def _unit(code: str) -> str:
    return f"unit {code}"


def _person(name: str) -> str:
    return f"person {name}"


# -- JSON --------------------------------------------------------------------------------


def write_json(path: Path, traces: Iterable[Trace], about: About) -> int:
    """Write a log as JSON; return how many cases are in it.

    All values are texts, as the schema of OCEL 2.0 has them; the types say what they stand
    for. Events wait beside the file until all objects are in it.
    """
    found: dict[str, Counter[str]] = {"object": Counter(), "event": Counter()}
    with (
        path.open("w", encoding="utf-8") as file,
        TemporaryFile("w+", encoding="utf-8", dir=path.parent) as events,
    ):
        files = {"object": file, "event": events}
        file.write('{"objects":[')
        for what, one in walked(traces, about):
            files[what].write(",\n" if found[what] else "\n")
            files[what].write(_text(_document(what, one)))
            found[what][one.type] += 1
        file.write('\n],"events":[')
        events.seek(0)
        shutil.copyfileobj(events, file)
        file.write('\n],"objectTypes":')
        file.write(_text([_type(name, OBJECT_ATTRIBUTES[name]) for name in found["object"]]))
        file.write(',"eventTypes":')
        file.write(_text([_type(name, EVENT_ATTRIBUTES) for name in found["event"]]))
        file.write("}\n")
    return found["object"]["case"]


def _document(what: str, one: Thing) -> Document:
    document: Document = {"id": one.id, "type": one.type, "attributes": _values(one)}
    if what == "event":
        document["time"] = one.at
    else:
        for named in document["attributes"]:
            named["time"] = one.at
    related = [{"objectId": other, "qualifier": how} for other, how in one.touches]
    return {**document, "relationships": related}


def _values(one: Thing) -> list[Document]:
    return [
        {"name": name, "value": str(value).lower() if isinstance(value, bool) else str(value)}
        for name, value in one.attributes.items()
    ]


def _type(name: str, attributes: dict[str, str]) -> Document:
    return {
        "name": name,
        "attributes": [{"name": key, "type": kind} for key, kind in attributes.items()],
    }


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


# -- SQLite ------------------------------------------------------------------------------

_TABLES = """
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT,
  FOREIGN KEY (ocel_type) REFERENCES event_map_type (ocel_type));
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT,
  FOREIGN KEY (ocel_type) REFERENCES object_map_type (ocel_type));
CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT,
  PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier),
  FOREIGN KEY (ocel_event_id) REFERENCES event (ocel_id),
  FOREIGN KEY (ocel_object_id) REFERENCES object (ocel_id));
CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT,
  PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier),
  FOREIGN KEY (ocel_source_id) REFERENCES object (ocel_id),
  FOREIGN KEY (ocel_target_id) REFERENCES object (ocel_id));
"""


def write_sqlite(path: Path, traces: Iterable[Trace], about: About) -> int:
    """Write a log as a SQLite database; return how many cases are in it.

    Raises:
        OSError: there is no room for it.
    """
    cases = 0
    with closing(sqlite3.connect(path)) as database:
        tables = _Tables(database)
        with _room():
            tables.begin()
        for what, one in walked(traces, about):
            cases += what == "object" and one.type == "case"
            with _room():
                tables.insert(what, one)
        with _room():
            database.commit()
    return cases


@contextmanager
def _room() -> Iterator[None]:
    """Tell what goes wrong with the file from what goes wrong with the database that is read."""
    try:
        yield
    except sqlite3.OperationalError as reason:
        raise OSError(str(reason)) from reason


class _Tables:
    """The tables of a log; those of types are made as the first of its kind comes."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._made: dict[tuple[str, str], str] = {}

    def begin(self) -> None:
        """Make the tables that every log has."""
        # Nobody reads the file before it is whole: nothing needs to be undone.
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        self._database.executescript(_TABLES)

    def insert(self, what: str, one: Thing) -> None:
        """Add an object or an event with what it touches."""
        attributes = EVENT_ATTRIBUTES if what == "event" else OBJECT_ATTRIBUTES[one.type]
        table = self._made.get((what, one.type)) or self._make(what, one.type, attributes)
        execute = self._database.execute
        execute(f"INSERT INTO {what} VALUES (?, ?)", (one.id, one.type))
        more = [None] if what == "object" else []
        row = [one.id, one.at, *more, *(one.attributes.get(name) for name in attributes)]
        holes = ", ".join("?" * len(row))
        execute(f'INSERT INTO "{what}_{table}" VALUES ({holes})', row)
        related = "event_object" if what == "event" else "object_object"
        self._database.executemany(
            f"INSERT OR IGNORE INTO {related} VALUES (?, ?, ?)",
            [(one.id, other, how) for other, how in one.touches],
        )

    def _make(self, what: str, name: str, attributes: dict[str, str]) -> str:
        """Make the table of a type; return what the map of types calls it."""
        # Two elements may differ in what no table's name may hold: a number keeps them apart.
        word = "".join(one if one.isascii() and one.isalnum() else "_" for one in name)
        table = f"{word}_{len(self._made)}" if what == "event" else word
        self._made[what, name] = table
        # An event happens once; an object may have a row for each change.
        key = " PRIMARY KEY" if what == "event" else ""
        more = ["ocel_changed_field TEXT"] if what == "object" else []
        columns = [f'"{one}" {_COLUMN[kind]}' for one, kind in attributes.items()]
        self._database.execute(
            f'CREATE TABLE "{what}_{table}" ('
            + ", ".join([f"ocel_id TEXT{key}", "ocel_time TIMESTAMP", *more, *columns])
            + f", FOREIGN KEY (ocel_id) REFERENCES {what} (ocel_id))"
        )
        self._database.execute(f"INSERT INTO {what}_map_type VALUES (?, ?)", (name, table))
        return table
