"""The board's tables as CSV files: UTF-8 with BOM, as spreadsheets in offices read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flask import Response

from api.web import language, times
from engine.spreadsheets import harmless

Document = dict[str, Any]
Sheet = tuple[Sequence[str], Iterable[Sequence[Any]]]


def written(sheet: Sheet) -> bytes:
    """Return a table as the bytes of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    head, rows = sheet
    writer.writerow([harmless(one) for one in head])
    writer.writerows([harmless(one) for one in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def answer(name: str, sheet: Sheet) -> Response:
    """Return a table to be saved."""
    response = Response(written(sheet), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _figures(found: Sequence[Document]) -> Sheet:
    head = _heads("bd_figure", "bd_value", "bd_numerator", "bd_denominator", "bd_n", "bd_formula")
    return head, [
        (_titled(one), one["text"], one["numerator"], one["denominator"], one["n"],
         _named(one, "formula"))
        for one in found
    ]  # fmt: skip


def _titled(one: Document) -> str:
    """Return a figure's name, marked where it rests on what nobody has checked."""
    return _marked(_named(one, "title"), is_sample=one["is_sample"])


def _marked(text: str, *, is_sample: bool) -> str:
    return f"{text} ({language.text('unchecked_sample')})" if is_sample else text


def _departments(board: Document) -> Sheet:
    found = board["departments"]
    titles = [_titled(one) for one in found["figures"]]
    codes = [one["code"] for one in found["figures"]]
    head = _heads("bd_rank", "bd_unit", "bd_n")
    points = _marked(language.text("bd_points"), is_sample=found["is_sample"])
    return (*head, points, *titles, language.text("bd_list")), [
        (one["rank"], one["name"], one["n"], one["points"],
         *(one["figures"][code]["text"] for code in codes),
         language.text(f"bd_{one['list']}") if one["list"] else "")
        for one in found["items"]
    ]  # fmt: skip


def _trend(board: Document) -> Sheet:
    found = board["trend"]
    head = (language.text("bd_figure"), *(one["month"] for one in found["months"]))
    return head, [
        (_titled(one), *(value["text"] for value in one["values"])) for one in found["items"]
    ]


def _hours(board: Document) -> Sheet:
    found = board["hours"] or {"rows": []}
    head = (language.text("bd_weekday"), *map(str, range(24)))
    days = enumerate(found["rows"], 1)
    return head, [(language.text(f"bd_day_{day}"), *row) for day, row in days]


def _items(board: Document) -> Sheet:
    found = board["frequent"] or {"items": []}
    head = _heads("bd_item_code", "bd_item", "bd_n", "bd_share", "bd_cumulated")
    return head, [
        (one["item"], _named(one, "name"), one["n"], one["share"], one["cumulated"])
        for one in found["items"]
    ]


def _overdue(board: Document) -> Sheet:
    head = _heads("bd_case", "bd_unit", "bd_due", "bd_days_late")
    return head, [
        (one["business_key"] or one["case"], "、".join(one["names"]), times.moment(one["due_at"]),
         one["days"])
        for one in board["overdue"]["items"]
    ]  # fmt: skip


TABLES: Mapping[str, Callable[[Document], Sheet]] = MappingProxyType(
    {
        "figures": lambda board: _figures(board["items"]),
        "backlog": lambda board: _figures(board["backlog"]),
        "departments": _departments,
        "trend": _trend,
        "hours": _hours,
        "items": _items,
        "overdue": _overdue,
    }
)
"""Name of a table -> what it is made of."""


def _named(one: Mapping[str, Any], name: str) -> str:
    return language.pick(one[f"{name}_zh"], one[f"{name}_en"])


def _heads(*keys: str) -> tuple[str, ...]:
    return tuple(language.text(key) for key in keys)
