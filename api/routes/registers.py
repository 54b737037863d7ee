"""Registers (台账): which there are, and their rows."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.current import actor, application, reply
from api.moments import moment
from api.shapes import Document, Items, KeyPath, RegisterQuery
from engine import registers

api = APIBlueprint("registers", __name__, abp_tags=[Tag(name="registers")])


@api.get("/registers", responses={200: Items})
def defined() -> Response:
    """List the registers that you may open, with their columns."""
    return reply(registers.all_registers(application(), actor()))


@api.get("/registers/<key>", responses={200: Document})
def rows(path: KeyPath, query: RegisterQuery) -> Response:
    """List the rows of a register that you may read, newest first."""
    found = registers.page(
        application(),
        actor(),
        path.key,
        unit=query.unit,
        since=moment(query.since, "since"),
        until=moment(query.until, "until"),
        limit=query.limit,
        cursor=query.cursor,
    )
    return reply(found)
