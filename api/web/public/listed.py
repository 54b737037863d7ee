"""Lists that everybody may read, as they are today, with their versions."""

from __future__ import annotations

from typing import Any

from flask import render_template

from api.current import application
from api.web import language, times
from api.web.public.frame import pages
from engine import public


@pages.get("/lists")
def lists() -> str:
    """Show which lists are public."""
    return render_template("public/lists.html", lists=public.public_lists(application()))


@pages.get("/lists/<list_name>")
def one_list(list_name: str) -> str:
    """Show the rows of a list that are in force today."""
    found = public.public_list(application(), list_name)
    other = "_en" if language.chosen() != "en" else "_zh"
    # Of a text in two languages the one that is read; alone it is shown in either.
    names = {one.name for one in found["columns"]}
    columns = [
        one
        for one in found["columns"]
        if not (one.name.endswith(other) and one.name[:-3] + _turned(other) in names)
    ]
    rows = [[_cell(row[one.name]) for one in columns] for row in found["rows"]]
    heads = [language.pick(one.title_zh, one.title_en) or one.name for one in columns]
    return render_template("public/list.html", found=found, heads=heads, rows=rows)


def _turned(ending: str) -> str:
    return "_zh" if ending == "_en" else "_en"


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return language.text("yes" if value else "no")
    return "" if value in (None, "", []) else times.plain(value)
