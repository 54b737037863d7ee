"""Lists: which are in force, their versions and rows, what two versions differ in."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request

from api import uploads
from api.current import actor, application
from api.web import diagrams, language, times
from api.web.admin.frame import SEE, day_of, may_change, number_of, pager, pages, require, words
from engine import views
from engine.columns import Column, Descriptor, is_sample
from engine.views.lists import PAGE


@pages.get("/admin/lists")
def list_index() -> str:
    """Show every list, with its version, who put it in force, and who still holds older ones."""
    require(SEE)
    found = views.list_overview(application())
    wanted = words().casefold()
    shown = [one for one in found if wanted in f"{one['name']} {named(one)}".casefold()]
    return render_template("admin/lists.html", lists=shown, q=words())


@pages.get("/admin/lists/<list_name>")
def list_one(list_name: str) -> str:
    """Show the rows of a version of a list, and all its versions."""
    require(SEE)
    app = application()
    asked = request.args.get("version") or None
    page = views.list_page(
        app,
        actor(),
        list_name,
        asked,
        words=words(),
        day=day_of(request.args.get("day")),
        at=number_of(request.args.get("at")),
    )
    descriptor = views.list_version(app, list_name, asked).descriptor
    return render_template(
        "admin/list.html",
        found=page,
        rows=[shown(descriptor, one) for one in page["items"]],
        columns=[titled(one) for one in page["columns"]],
        pager=pager(page["count"], page["at"], PAGE),
        versions=views.list_history(app, list_name),
        q=words(),
        day=request.args.get("day", ""),
        may_change=may_change(),
    )


@pages.get("/admin/lists/<list_name>/compare")
def list_compare(list_name: str) -> str:
    """Show what a version changes of another one."""
    require(SEE)
    app = application()
    old, new = request.args.get("old", ""), request.args.get("new", "")
    difference = views.list_difference(app, list_name, old, new)
    descriptor = views.list_version(app, list_name).descriptor
    return render_template(
        "admin/compare.html",
        found={"name": list_name, "title_zh": descriptor.title_zh, "title_en": descriptor.title_en},
        old=old,
        new=new,
        difference=told(descriptor, difference),
        versions=views.list_history(app, list_name),
    )


@pages.get("/admin/lists/<list_name>/cases")
def list_cases(list_name: str) -> str:
    """Show the open cases that hold an older version."""
    require(SEE)
    app = application()
    descriptor = views.list_version(app, list_name).descriptor
    return render_template(
        "admin/holders.html",
        found={"name": list_name, "title_zh": descriptor.title_zh, "title_en": descriptor.title_en},
        cases=views.list_holders(app, actor(), list_name),
    )


@pages.get("/admin/lists/<list_name>/file")
def list_file(list_name: str) -> Response:
    """Give the rows of a version that one may read as a CSV file, for a spreadsheet."""
    require(SEE)
    version = views.list_version(application(), list_name, request.args.get("version") or None)
    columns = views.readable(actor(), version)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    described = version.descriptor.columns
    writer.writerows([described[one].cell(row[one]) for one in columns] for row in version.rows)
    content = text.getvalue().encode("utf-8-sig")
    return uploads.download(f"{list_name}.csv", "text/csv", content)


def named(found: dict[str, Any]) -> str:
    """Return what a list is called in the chosen language."""
    return language.pick(found["title_zh"], found["title_en"])


def titled(column: Column) -> dict[str, str]:
    """Return a column's name, and what people call it."""
    return {"name": column.name,
            "title": language.pick(column.title_zh or column.name, column.title_en)}  # fmt: skip


def shown(descriptor: Descriptor, item: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its cells as people read them, and the address of its form."""
    key = dict(zip(descriptor.key, item["key"], strict=True))
    query = urlencode({f"key.{name}": "" if one is None else one for name, one in key.items()})
    cells = [cell(descriptor, name, value) for name, value in item["row"].items()]
    link = f"/admin/lists/{descriptor.name}/row?{query}"
    return {**item, "cells": cells, "link": link, "is_sample": is_sample(item["row"])}


def cell(descriptor: Descriptor, name: str, value: Any) -> str:
    """Return a cell as people read it: units and roles by name too."""
    if value is None or value in ("", []):
        return ""
    column = descriptor.columns.get(name)
    if isinstance(value, bool):
        return language.text("yes" if value else "no")
    if column is not None and isinstance(value, str):
        spoken = spoken_of(column, value)
        return f"{spoken} ({value})" if spoken not in {value, ""} else value
    return times.plain(value)


def spoken_of(column: Column, value: str) -> str:
    """Return what a value is called that names a unit or a role."""
    if "roles" in column.references:
        return diagrams.person(value)
    if {"org_units", "departments"} & set(column.references):
        return diagrams.unit(value)
    return value


def told(descriptor: Descriptor, difference: dict[str, Any]) -> dict[str, Any]:
    """Return a difference with its cells as people read them."""

    def lines(rows: list[dict[str, Any]]) -> list[str]:
        return [
            " · ".join(
                text for name, value in row.items() if (text := cell(descriptor, name, value))
            )
            for row in rows
        ]

    return {
        "added": lines(difference["added"]),
        "removed": lines(difference["removed"]),
        "changed": [_changed(descriptor, one) for one in difference["changed"]],
    }


def _changed(descriptor: Descriptor, one: dict[str, Any]) -> dict[str, Any]:
    columns = [
        {
            **titled(descriptor.columns[name]),
            "personal": name in descriptor.personal,
            "old": cell(descriptor, name, old),
            "new": cell(descriptor, name, new),
        }
        for name, (old, new) in one["columns"].items()
    ]
    key = " / ".join(
        cell(descriptor, name, value)
        for name, value in zip(descriptor.key, one["key"], strict=True)
    )
    return {"key": key, "from": one["from"], "columns": columns}
