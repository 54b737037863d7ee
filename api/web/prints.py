"""A case on paper: HTML made for a printer (A4), with the digest of its last entry at the foot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flask import Blueprint, render_template

from api.current import actor, application
from api.web import diagrams, fields, language, times
from engine import views
from engine.clock import text
from engine.forms import Component

pages = Blueprint("print_pages", __name__)


class Block(NamedTuple):
    """A part of the paper: a heading, labelled values, or a table of a list."""

    heading: str
    lines: list[tuple[str, str]]
    head: list[str]
    rows: list[list[str]]


@pages.get("/cases/<case_id>/print/<key>")
def show(case_id: str, key: str) -> str:
    """Show a paper of a case, made to be printed."""
    app, who = application(), actor()
    paper = views.paper(app, who, case_id, key)
    title = language.pick(str(paper.schema.get("title") or key), paper.schema.get("title_en"))
    return render_template(
        "print.html",
        title=title,
        case=paper.case,
        blocks=list(_blocks(paper.form.components, paper.data)),
        position=paper.position,
        digest=paper.digest,
        printed_at=text(app.clock.now()),
        printed_by=who.name,
    )


def _blocks(parts: tuple[Component, ...], data: Mapping[str, Any]) -> Iterator[Block]:
    """Yield what is printed, in the form's order; neighbours share a block."""
    lines: list[tuple[str, str]] = []
    for one in parts:
        label = language.pick(one.label, one.label_en)
        if one.type in {"group", "dynamiclist"} and lines:
            yield Block("", lines, [], [])
            lines = []
        if one.type == "group":
            inner = list(_blocks(one.parts, data))
            for number, block in enumerate(inner):
                yield block._replace(heading=label) if number == 0 else block
        elif one.type == "dynamiclist":
            yield _table(one, label, data)
        elif one.key:
            lines.append((label, _value(one, data.get(one.key), data)))
    if lines:
        yield Block("", lines, [], [])


def _table(one: Component, label: str, data: Mapping[str, Any]) -> Block:
    head = [language.pick(part.label, part.label_en) for part in one.parts]
    held = data.get(one.key)
    rows = [
        [_value(part, row.get(part.key), data) for part in one.parts]
        for row in (held if isinstance(held, list) else [])
        if isinstance(row, dict) and not times.is_withheld(row)
    ]
    return Block(label, [], head, rows)


def _value(one: Component, value: Any, data: Mapping[str, Any]) -> str:
    if value in (None, "", []):
        return ""
    if times.is_withheld(value):
        return language.text("withheld")
    if one.type == "textfield" and isinstance(value, str):
        # A unit is printed by its name.
        return str(diagrams.unit(value)) or value
    return fields.shown(one, value, data)
