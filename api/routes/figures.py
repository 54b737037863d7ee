"""Figures (指标): of a unit and a period, and the cases behind them."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.current import actor, application, reply
from api.figure_shapes import (
    BulletinQuery,
    FigureCasesQuery,
    FigurePath,
    FigureQuery,
    PeriodQuery,
)
from api.moments import day, required_day
from api.shapes import Document, Items
from engine import bulletin as bulletins
from engine import figures

api = APIBlueprint("figures", __name__, abp_tags=[Tag(name="figures")])


@api.get("/figures", responses={200: Document})
def overview(query: FigureQuery) -> Response:
    """Return the figures of a unit and a period, with formulas and how to list their cases."""
    found = figures.overview(
        application(),
        actor(),
        unit=query.unit,
        since=required_day(query.since, "from"),
        until=day(query.until, "to"),
        codes=[one for one in (query.codes or "").split(",") if one],
        by_department=query.by == "department",
    )
    return reply(found)


@api.get("/figures/<code>/cases", responses={200: Items})
def cases(path: FigurePath, query: FigureCasesQuery) -> Response:
    """List the cases behind a figure; those that you may not see are only counted."""
    found = figures.cases_behind(
        application(),
        actor(),
        path.code,
        unit=query.unit,
        since=required_day(query.since, "from"),
        until=day(query.until, "to"),
        part=query.part,
        only=query.selection(),
        limit=query.limit,
        cursor=query.cursor,
    )
    return reply(found)


@api.get("/board", responses={200: Document})
def board(query: PeriodQuery) -> Response:
    """Return the board of a unit and a period: what the page of that name shows."""
    found = figures.board(
        application(),
        actor(),
        unit=query.unit,
        since=required_day(query.since, "from"),
        until=day(query.until, "to"),
    )
    return reply(found)


@api.get("/bulletin")
def bulletin(query: BulletinQuery) -> Response:
    """Return the month bulletin (月点评) of a unit as a file."""
    drafted = bulletins.draft(application(), actor(), unit=query.unit, month=query.month)
    response = Response(
        bulletins.write(drafted, query.format),
        content_type=bulletins.MEDIA_TYPES[query.format],
    )
    name = f"bulletin-{query.month}.{query.format}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
