"""Forms and reference lists, which their owners import."""

from __future__ import annotations

from datetime import date

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api import uploads
from api.current import actor, answered, application, once, reply
from api.moments import day
from api.repeats import once_only
from api.shapes import Document, ImportQuery, Items, KeyPath, ListQuery
from engine import access, imports, views
from engine.cases import Answer

api = APIBlueprint("reference", __name__, abp_tags=[Tag(name="reference")])


@api.get("/lists", responses={200: Items})
def lists() -> Response:
    """List the reference lists and their versions."""
    return reply(views.all_lists(application()))


@api.post("/lists/check", responses={200: Document}, openapi_extensions=uploads.LISTS_BODY)
def check(query: ImportQuery) -> Response:
    """Say what CSV files would change, and what is wrong with them; nothing changes."""
    access.require(actor(), "activate_list")
    files, as_of = uploads.lists(query.filename), day(query.as_of, "as_of")
    return reply(imports.prepare(application(), files, as_of=as_of).to_json())


@api.post(
    "/lists",
    responses={200: Document, 201: Document},
    openapi_extensions=uploads.LISTS_BODY,
)
def activate(query: ImportQuery) -> Response:
    """Put CSV files in force, all or none; 201 with what is new, 200 if nothing is."""
    access.require(actor(), "activate_list")
    files, as_of = uploads.lists(query.filename), day(query.as_of, "as_of")
    key = once(uploads.digest({**files, "as_of": str(as_of).encode()}))
    return answered(once_only(key, lambda: _activate(files, as_of)))


def _activate(files: dict[str, bytes], as_of: date | None) -> Answer:
    plan = imports.prepare(application(), files, as_of=as_of)
    done = imports.activate(application(), actor(), plan)
    status = 201 if any(one["changed"] for one in done) else 200
    return Answer(status, {**plan.to_json(), "activated": done})


@api.get("/lists/<key>", responses={200: Document})
def rows(path: KeyPath, query: ListQuery) -> Response:
    """Give the rows of a list as they are valid on a day, as far as you may read them."""
    as_of = day(query.as_of, "as_of")
    return reply(views.list_rows(application(), actor(), path.key, as_of))


@api.get("/forms/<key>", responses={200: Document})
def form(path: KeyPath) -> Response:
    """Give a form's schema, as form-js writes it."""
    return reply(views.form(application(), path.key))
