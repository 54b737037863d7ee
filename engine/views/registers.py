"""What belongs to no single case: definitions, incidents, lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, definitions, forms, lists, references, store
from engine.access import Actor
from engine.clock import parse, text
from engine.database import Moment, Transaction
from engine.definitions import NO_EXECUTOR, Version
from engine.errors import InvalidRequest, NotAllowed, NotFound
from engine.facts import sees
from engine.lists import ListVersion
from engine.ports import Application
from engine.store import CASE_COLUMNS, CaseRow
from engine.tables import cases as case_table
from engine.tables import definitions as table
from engine.tables import incidents, resources
from engine.views import cases

Document = dict[str, Any]

_VERSIONS = sa.select(
    table.c.process, table.c.version, table.c.name, table.c.sha256, table.c.executor, table.c.at,
    table.c.chosen,
).order_by(table.c.process, table.c.version)  # fmt: skip
_OF_PROCESS = _VERSIONS.where(table.c.process == p("process"))
_INCIDENTS = (
    sa.select(*cases.INCIDENT, *CASE_COLUMNS)
    .select_from(incidents.join(case_table, case_table.c.id == incidents.c.case_id))
    .where(
        sa.tuple_(incidents.c.at, incidents.c.case_id, incidents.c.number)
        < sa.tuple_(p("after_at", type_=Moment), p("after_case"), p("after_number"))
    )
    .order_by(incidents.c.at.desc(), incidents.c.case_id.desc(), incidents.c.number.desc())
    .limit(500)
)
_FORM = sa.select(resources.c.sha256).where(resources.c.kind == "form", resources.c.key == p("key"))


def all_definitions(app: Application) -> Document:
    """Return the version for new cases of every process: ``{items, next}``."""
    with app.database.reading() as tx:
        keys = sorted({row[0] for row in tx.all(_VERSIONS, {})})
        items = [_document(tx, key, None) for key in keys]
    return {"items": items, "next": None}


def definition(app: Application, key: str) -> Document:
    """Return a process with all its versions.

    Raises:
        NotFound: it was never deployed.
    """
    with app.database.reading() as tx:
        document = _document(tx, key, None)
        document["versions"] = [
            {
                "version": row[1],
                "name": row[2],
                "sha256": row[3],
                "executor": _executor(row[4]),
                "executable": row[4] != NO_EXECUTOR,
                "at": text(row[5]),
                "default": bool(row[6]),
            }
            for row in tx.all(_OF_PROCESS, {"process": key})
        ]
    return document


def version(app: Application, key: str, number: int) -> Document:
    """Return one version of a process."""
    with app.database.reading() as tx:
        return _document(tx, key, number)


def _document(tx: Transaction, key: str, number: int | None) -> Document:
    one = definitions.version(tx, key, number)
    about = _of_process(tx, one) if one.executable else _of_drawing(tx, one)
    return {
        "key": key,
        "version": one.number,
        "name": one.name,
        "executable": one.executable,
        "sha256": one.sha256,
        "executor": _executor(one.executor),
        "at": text(one.at),
        "files": one.files,
        **about,
    }


def _executor(name: str) -> str | None:
    return None if name == NO_EXECUTOR else name


def _of_drawing(tx: Transaction, one: Version) -> Document:
    drawing = definitions.drawing_of(tx, one)
    return {"name_en": one.name, "kind": drawing.kind, "starters": [], "calls": [],
            "documentation": drawing.documentation, "starts": []}  # fmt: skip


def _of_process(tx: Transaction, one: Version) -> Document:
    process = definitions.process_of(tx, one)
    return {
        "name_en": process.properties.get("name_en", one.name),
        "kind": "process",
        "starters": sorted(process.starter_roles),
        "calls": sorted(process.calls),
        "documentation": process.documentation,
        "starts": [
            {"element": start, "name": process.root.nodes[start].name,
             "form": process.root.nodes[start].form,
             "trigger": next((e.trigger for e in process.root.nodes[start].events), None)}
            for start in process.root.beginnings
        ],
    }  # fmt: skip


def xml(app: Application, key: str, number: int) -> bytes:
    """Return the diagram of a version, byte for byte as it was deployed."""
    with app.database.reading() as tx:
        one = definitions.version(tx, key, number)
        diagram = next(file for file in one.files if file["kind"] == "bpmn")
        return store.get_blob(tx, diagram["sha256"])


def files(app: Application, named: Iterable[Mapping[str, str]]) -> dict[str, bytes]:
    """Return the content of files of a version, by name."""
    with app.database.reading() as tx:
        return {one["filename"]: store.get_blob(tx, one["sha256"]) for one in named}


def form(app: Application, key: str) -> Document:
    """Return the schema of the form last deployed under a key, with what lists offer today.

    Raises:
        NotFound: there is none.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = tx.one(_FORM, {"key": key})
        if row is None:
            raise NotFound(f"There is no form {key!r}.")
        document: Document = orjson.loads(store.get_blob(tx, row[0]))
        return forms.fill_schema(document, app.references.offered(tx, {}, app.clock.now()))


def incident_page(
    app: Application, actor: Actor, *, limit: int = 50, cursor: str | None = None
) -> Document:
    """Return the open incidents of cases the actor may see, newest first."""
    values: dict[str, Any] = {"after_at": parse("9999-12-31T00:00:00Z"), "after_case": "~",
                              "after_number": 0}  # fmt: skip
    if cursor is not None:
        values = _after(cursor)
    with app.database.reading() as tx:
        app.references.refresh(tx)
        rows = tx.all(_INCIDENTS, values)
        items: list[Document] = []
        for row in rows:
            found = CaseRow(*row[len(cases.INCIDENT) :])
            if sees(tx, actor, found, app.references.organisation):
                items.append({"case": row[0], **cases.incident_document(row)})
            if len(items) == limit:
                following = "|".join([text(row[8]), row[0], str(row[1])])
                return {"items": items, "next": following}
    return {"items": items, "next": None}


def _after(cursor: str) -> dict[str, Any]:
    try:
        at, case_id, number = cursor.split("|")
        if len(number) > 18:
            # More than any incident has, and than a database takes.
            number = "too long"
        return {"after_at": parse(at), "after_case": case_id, "after_number": int(number)}
    except ValueError as reason:
        raise InvalidRequest(
            "This cursor is none of ours.", hint="Start again without one."
        ) from reason


def all_lists(app: Application) -> Document:
    """Return the list versions in force: ``{items, next}``."""
    with app.database.reading() as tx:
        app.references.refresh(tx)
    found = app.references.active
    return {"items": [references.document(found[name]) for name in sorted(found)], "next": None}


def list_rows(app: Application, actor: Actor, name: str, as_of: date | None = None) -> Document:
    """Return a list with the rows in force on a day (today), personal columns left out.

    Of a list that not everybody reads (``read_by``) the rows around the actor's own units.

    Raises:
        NotFound: there is no such list.
        NotAllowed: it is read by other roles.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
    found = app.references.active.get(name)
    if found is None:
        raise NotFound(f"There is no list {name!r}.", hint="See GET /api/v1/lists.")
    day = as_of or app.references.calendar.local(app.clock.now()).date()
    rows = [lists.public(found, row) for row in _around(app, actor, found, found.in_force(day))]
    return {**references.document(found), "as_of": day.isoformat(), "items": rows}


def _around(
    app: Application, actor: Actor, version: ListVersion, rows: Iterable[lists.JsonRow]
) -> Iterable[lists.JsonRow]:
    """Return the rows of a list that an actor may read.

    Raises:
        NotAllowed: it is read by other roles.
    """
    readers, column = version.descriptor.readers, version.descriptor.unit
    if not readers or column is None or access.may(actor, "see_administration"):
        return rows
    held = [unit for role, unit in actor.grants if role in readers]
    if not held:
        raise NotAllowed(
            f"{actor.name!r} may not read the list {version.name!r}.",
            hint=f"This needs {' or '.join(sorted(readers))}, or who looks after lists.",
        )
    within = app.references.organisation.within

    def is_near(unit: str) -> bool:
        return any(within(unit, own, actor.as_of) or within(own, unit, actor.as_of) for own in held)

    return [row for row in rows if is_near(str(row[column]))]
