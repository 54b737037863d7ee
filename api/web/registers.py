"""Registers (台账) on a page: a table of the rows that one may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from api.current import actor, application
from api.web import diagrams, language, times
from engine import registers

pages = Blueprint("register_pages", __name__)

Document = dict[str, Any]


@pages.get("/registers")
def choose() -> str:
    """Show the registers that a person may open."""
    found = registers.all_registers(application(), actor())["items"]
    return render_template("register_list.html", registers=found)


@pages.get("/registers/<name>")
def rows(name: str) -> str:
    """Show a register's rows, newest first."""
    unit = request.args.get("unit", "").strip() or None
    cursor = request.args.get("cursor") or None
    found = registers.page(application(), actor(), name, unit=unit, cursor=cursor)
    following = None
    if found["next"]:
        following = urlencode({"unit": unit or "", "cursor": found["next"]})
    table = [_shown(found["columns"], row) for row in found["items"]]
    return render_template(
        "register.html", register=found, rows=table, unit=unit or "", following=following
    )


def _shown(columns: list[Document], row: Document) -> Document:
    return {**row, "cells": [_cell(one, row["values"].get(one["column"])) for one in columns]}


def _cell(column: Mapping[str, Any], value: Any) -> str:
    """Return a value as people read it: labels, yes and no, local moments, names of units."""
    if value is None or value == "":
        return ""
    if times.is_withheld(value):
        return language.text("withheld")
    for one in column.get("labels", ()):
        if one["value"] == value:
            return str(language.pick(one["label"], one["label_en"]))
    kind = column["type"]
    if kind == "boolean":
        return language.text("yes" if value else "no")
    if kind == "files":
        return language.text("files_kept", n=len(value)) if isinstance(value, list) else ""
    if kind == "moment" and isinstance(value, str):
        return times.moment(value)
    if kind == "unit":
        return str(diagrams.unit(value))
    return times.plain(value)
