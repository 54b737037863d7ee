"""Incidents, reference lists and forms."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.current import actor, application, reply
from api.moments import day
from api.shapes import Document, Items, KeyPath, ListQuery, Page
from engine import views

api = APIBlueprint("reference", __name__, abp_tags=[Tag(name="reference")])


@api.get("/incidents", responses={200: Items})
def incidents(query: Page) -> Response:
    """List the open incidents of the cases that you may see."""
    return reply(
        views.incident_page(application(), actor(), limit=query.limit, cursor=query.cursor)
    )


@api.get("/lists", responses={200: Items})
def lists() -> Response:
    """List the reference lists and their versions."""
    return reply(views.all_lists(application()))


@api.get("/lists/<key>", responses={200: Document})
def rows(path: KeyPath, query: ListQuery) -> Response:
    """Give the rows of a list as they are valid on a day."""
    as_of = day(query.as_of, "as_of")
    return reply(views.list_rows(application(), path.key, as_of))


@api.get("/forms/<key>", responses={200: Document})
def form(path: KeyPath) -> Response:
    """Give a form's schema, as form-js writes it."""
    return reply(views.form(application(), path.key))
