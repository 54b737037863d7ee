"""The pages of the board: it, the cases behind a figure, its tables as files, the bulletin."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request

from api.current import actor, application
from api.web import language
from api.web.board import charts, periods, sheets
from api.web.board.blueprint import pages
from engine import bulletin as bulletins
from engine import figures
from engine.errors import InvalidRequest, NotFound
from engine.figures import Selection

Document = dict[str, Any]

MOST_OVERDUE = 2_000
"""So many overdue cases stand in the file at most."""
PAGE = 50
COUNTS = frozenset({"count", "sum", "mean", "median", "percentile"})


@pages.get("/board")
def show() -> str:
    """Show the figures of a unit and a period."""
    asked = periods.asked(request.args)
    found = figures.board(application(), actor(), **asked.span)
    return render_template(
        "board.html",
        board=found,
        asked=asked,
        choices=periods.choices(),
        beside=periods.beside(asked.period),
        base_of=base_of,
        charts=_charts(found),
        shade=charts.shade,
        samples=found["departments"]["is_sample"]
        or any(one["is_sample"] for one in found["items"]),
        most_in_hour=max(max(row) for row in (found["hours"] or {"rows": [[0]]})["rows"]),
    )


def base_of(figure: Document) -> str:
    """Return which part of a figure its number leads to."""
    return "numerator" if figure["kind"] in COUNTS else "denominator"


def _charts(board: Document) -> Document:
    months = [one["month"] for one in board["trend"]["months"]]
    rates = [one for one in board["trend"]["items"] if one["is_percent"]]
    amounts = [one for one in board["trend"]["items"] if not one["is_percent"]]
    ages = [one for one in board["backlog"] if one["code"].startswith("backlog_") and
            one["kind"] == "count"]  # fmt: skip
    frequent = (board["frequent"] or {"items": []})["items"]
    return {
        "backlog": charts.bars([(_title(one), one["n"]) for one in ages]),
        "rates": charts.lines(
            months, [(_title(one), [month["value"] for month in one["values"]]) for one in rates]
        ),
        "amounts": charts.columns(
            months, [(_title(one), [month["n"] for month in one["values"]]) for one in amounts]
        ),
        "week": charts.week(board["hours"]["rows"]) if board["hours"] else None,
        "items": charts.bars([(one["item"], one["n"]) for one in frequent]),
    }


def _title(one: Document) -> str:
    return language.pick(one["title_zh"], one["title_en"])


@pages.get("/board/cases")
def cases() -> str:
    """Show the cases behind a figure, or behind one cell of a table."""
    asked, args = periods.asked(request.args), request.args
    app, who = application(), actor()
    code, part = args.get("figure", ""), args.get("part", "denominator")
    span, only = asked.span, _selection()
    (figure,) = figures.overview(app, who, codes=[code], **span)["items"]
    found = figures.cases_behind(
        app, who, code, part=part, only=only, limit=PAGE, cursor=args.get("cursor"), **span
    )
    chosen = {name: args[name] for name in ("body", "weekday", "hour", "item") if args.get(name)}
    return render_template(
        "board_cases.html",
        asked=asked,
        figure=figure,
        found=found,
        part=part,
        parts=["numerator"] if figure["kind"] in COUNTS else _parts(figure),
        chosen=chosen,
        item_name=_item_name(only.item),
        unit_name=asked.unit,
    )


def _parts(figure: Document) -> list[str]:
    """Return the parts that a figure has: of weighted answers, or of few, there is but the base."""
    if figure["value"] is None or figure["is_weighted"]:
        return ["denominator", "apart"]
    return ["denominator", "numerator", "missing", "apart"]


def _selection() -> Selection:
    args = request.args
    item = args.get("item") or None
    return Selection(
        body=args.get("body") or None,
        weekday=_number("weekday", 1, 7),
        hour=_number("hour", 0, 23),
        item="" if item == "-" else item,
    )


def _number(name: str, least: int, most: int) -> int | None:
    value = request.args.get(name, "")
    if not value:
        return None
    if not value.isascii() or not value.isdigit() or not least <= int(value[:9]) <= most:
        raise InvalidRequest(f"{name} is no number from {least} to {most}.", hint="Go back.")
    return int(value)


def _item_name(code: str | None) -> str:
    if not code:
        return ""
    zh, en = figures.item_names(application(), periods.today_here()).get(code, (code, code))
    return language.pick(zh, en)


@pages.get("/board/<table>.csv")
def sheet(table: str) -> Response:
    """Give a table of the board as a file."""
    if table not in sheets.TABLES:
        hint = f"One of {', '.join(sheets.TABLES)}."
        raise NotFound(f"The board has no table {table!r}.", hint=hint)
    asked = periods.asked(request.args)
    board = figures.board(application(), actor(), listed=MOST_OVERDUE, **asked.span)
    name = f"{table}-{asked.unit}-{asked.period.since}-{asked.period.last}"
    return sheets.answer(name, sheets.TABLES[table](board))


@pages.get("/board/bulletin")
def bulletin() -> str:
    """Show the month bulletin, and where it is to be had as a file."""
    asked = periods.asked(request.args)
    month = request.args.get("month") or f"{asked.period.last:%Y-%m}"
    drafted = bulletins.draft(application(), actor(), unit=asked.unit, month=month)
    shown = [(one.title, [_part(part) for part in one.parts]) for one in drafted.sections]
    return render_template(
        "board_bulletin.html",
        asked=asked,
        month=month,
        bulletin=drafted,
        sections=shown,
        formats=bulletins.FORMATS,
    )


def _part(part: bulletins.Paragraph | bulletins.Table) -> Document:
    if isinstance(part, bulletins.Paragraph):
        return {"text": part.text}
    return {"head": part.head, "rows": part.rows}
