"""Ways through a process (流程分析): what its cases went through, and the cases behind."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.current import actor, application, reply
from api.figure_shapes import MinedCasesQuery, MinedPath, PeriodQuery
from api.moments import day, required_day
from api.shapes import Document, Items
from engine import mining

api = APIBlueprint("mining", __name__, abp_tags=[Tag(name="figures")])


@api.get("/mining/<process>", responses={200: Document})
def mined(path: MinedPath, query: PeriodQuery) -> Response:
    """Return how cases that began in a period went through a process, and where they waited."""
    found = mining.mined(
        application(),
        actor(),
        path.process,
        unit=query.unit,
        since=required_day(query.since, "from"),
        until=day(query.until, "to"),
    )
    return reply(found)


@api.get("/mining/<process>/cases", responses={200: Items})
def cases(path: MinedPath, query: MinedCasesQuery) -> Response:
    """List the cases behind an element, a way or a deviation."""
    found = mining.cases_of(
        application(),
        actor(),
        path.process,
        mining.Behind(query.element, query.measure, query.way, query.deviation),
        unit=query.unit,
        since=required_day(query.since, "from"),
        until=day(query.until, "to"),
        limit=query.limit,
        cursor=query.cursor,
    )
    return reply(found)
