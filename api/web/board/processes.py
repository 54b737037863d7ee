"""A process on the board: its diagram as a heat map, its ways, where it waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, render_template, request

from api.current import actor, application
from api.web import language, lit
from api.web.board import charts, periods, sheets
from api.web.board.blueprint import pages
from engine import mining, views
from engine.errors import InvalidRequest, NotFound
from engine.mining import AROUND, MEASURES, Behind

Document = dict[str, Any]

PAGE = 50
FIRST = "whistle_report"
"""The process that is shown where none was chosen."""


@pages.get("/board/process")
def process() -> str:
    """Show how cases of a unit and a period went through a process."""
    asked = periods.asked(request.args)
    known = _processes()
    key, measure = _chosen(known), _measure()
    found = mining.mined(application(), actor(), key, **asked.span) if key else None
    elements = found["elements"] if found else []
    return render_template(
        "board_process.html",
        asked=asked,
        choices=periods.choices(),
        beside=None,
        processes=known,
        key=key,
        measure=measure,
        measures=MEASURES,
        found=found,
        lasting=[one for one in elements if _lasts(one)],
        at_once=[one for one in elements if not _lasts(one)],
        names=_names(found),
        hours=hours,
        has_viewer=lit.has_viewer(),
        heat=_heat(found, measure) if found else None,
    )


def _lasts(one: Document) -> bool:
    return bool(one["waiting_total"] or one["working_total"] or one["late"] or one["now"])


def _processes() -> list[tuple[str, str]]:
    """Return (key, name) of what cases can run through, by name."""
    found = views.all_definitions(application())["items"]
    return sorted(
        (
            (one["key"], language.pick(one["name"] or one["key"], one.get("name_en")))
            for one in found
            if one["executable"]
        ),
        key=lambda one: one[1],
    )


def _chosen(known: Sequence[tuple[str, str]]) -> str:
    keys = [key for key, _ in known]
    asked = request.args.get("process", "")
    if asked and asked not in keys:
        raise NotFound(f"There is no process {asked!r}.", hint="Choose one of the list.")
    return asked or (FIRST if FIRST in keys else "".join(keys[:1]))


def _measure() -> str:
    measure = request.args.get("measure", MEASURES[0])
    if measure not in MEASURES:
        raise InvalidRequest(f"{measure!r} is no measure.", hint=f"One of {', '.join(MEASURES)}.")
    return measure


def _heat(found: Document, measure: str) -> Document:
    """Return the diagram, and how hot each element of it is."""
    field = {"visits": "visits", "waiting": "waiting_total", "late": "late"}[measure]
    most = max((one[field] for one in found["elements"] if one["kind"] not in AROUND), default=0)
    told = hours if measure == "waiting" else str
    xml = views.xml(application(), found["process"], found["version"]).decode()
    return {
        "xml": xml if "BPMNShape" in xml else "",
        "elements": {
            one["element"]: {
                "shade": 0 if one["kind"] in AROUND else charts.shade(one[field], most),
                "label": told(one[field]),
                "title": _title(one),
            }
            for one in found["elements"]
            if one[field]
        },
    }


def _title(one: Document) -> str:
    return language.text(
        "bd_heat_title",
        name=language.pick(one["name"], one["name_en"]),
        visits=one["visits"],
        waiting=hours(one["waiting_total"]),
        late=one["late"],
    )


def hours(minutes: float | None) -> str:
    """Return working minutes as people read them: hours with one digit."""
    return "–" if minutes is None else language.text("bd_hours_of", n=f"{minutes / 60:.1f}")


def _names(found: Document | None) -> dict[str, str]:
    """Return how each element is called that the tables name."""
    elements = found["elements"] if found else []
    return {one["element"]: language.pick(one["name"], one["name_en"]) for one in elements}


@pages.get("/board/process/cases")
def process_cases() -> str:
    """Show the cases behind an element, a way or a deviation."""
    asked, args = periods.asked(request.args), request.args
    app, who, key = application(), actor(), _chosen(_processes())
    behind = Behind(
        args.get("element") or None, _measure(), args.get("way") or None, args.get("deviation")
    )
    found = mining.cases_of(
        app, who, key, behind, limit=PAGE, cursor=args.get("cursor"), **asked.span
    )
    chosen = {
        name: args[name] for name in ("element", "measure", "way", "deviation") if args.get(name)
    }
    names = _names(mining.mined(app, who, key, **asked.span))
    return render_template(
        "board_process_cases.html",
        asked=asked,
        key=key,
        title=dict(_processes())[key],
        found=found,
        chosen=chosen,
        element_name=names.get(behind.element or "", behind.element),
    )


@pages.get("/board/process/<table>.csv")
def process_sheet(table: str) -> Response:
    """Give a table of a process as a file."""
    makers = {"elements": _elements, "ways": _ways, "deviations": _deviations}
    if table not in makers:
        hint = f"One of {', '.join(makers)}."
        raise NotFound(f"A process has no table {table!r}.", hint=hint)
    asked, key = periods.asked(request.args), _chosen(_processes())
    found = mining.mined(application(), actor(), key, **asked.span)
    name = f"{key}-{table}-{asked.unit}-{asked.period.since}-{asked.period.last}"
    return sheets.answer(name, makers[table](found))


_NUMBERS = (
    "visits", "cases", "now", "cancelled", "late", "waiting_median", "waiting_p90",
    "waiting_total", "working_median", "working_total",
)  # fmt: skip


def _elements(found: Document) -> sheets.Sheet:
    head = ["element", language.text("bd_step"), *_NUMBERS]
    names = _names(found)
    return head, [
        (one["element"], names[one["element"]], *(one[name] for name in _NUMBERS))
        for one in found["elements"]
    ]


def _ways(found: Document) -> sheets.Sheet:
    names = _names(found)
    head = [language.text("bd_way"), "runs", "open", "share", "minutes_median"]
    return head, [
        (" → ".join(names[step] for step in one["elements"]), one["runs"], one["open"],
         one["share"], one["minutes_median"])
        for one in found["ways"]
    ]  # fmt: skip


def _deviations(found: Document) -> sheets.Sheet:
    names = _names(found)
    head = [language.text("bd_deviation"), language.text("bd_step"), "runs"]
    return head, [
        (language.text(f"bd_deviation_{one['kind']}"), names[one["element"]], one["runs"])
        for one in found["deviations"]
    ]
