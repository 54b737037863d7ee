"""Changes of lists: a row on a form, files of an office; the difference, then in force.

Nothing is kept between the two pages: the second carries what the first was given, with
the position of the lists that it was compared with. Who comes after somebody else is
told, and shown the difference again.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api import uploads
from api.body import MAX_UPLOAD
from api.current import actor, application
from api.web import language, spoken
from api.web.admin.frame import day_of, number_of, pages, require, today
from api.web.admin.lists import spoken_of, titled, told
from engine import access, imports, revisions, views
from engine.columns import Column
from engine.errors import InvalidList, NotFound, Stale
from engine.imports import Plan
from engine.lists import ListVersion

RIGHT = "activate_list"
MAX_CHOICES = 400
"""Values of a column that a form offers; longer lists are typed."""
SHOWN = 200
"""Changed rows of a list that a page shows."""
_KEY, _CELL = "key.", "cell."


# -- files -----------------------------------------------------------------------------


@pages.get("/admin/import")
def ask_files() -> str:
    """Ask for files of an office."""
    require(RIGHT)
    return render_template("admin/import.html", as_of="", refusal=None)


@pages.post("/admin/import")
def check_files() -> Response:
    """Show what files would change; nothing changes yet."""
    require(RIGHT)
    as_of = day_of(request.form.get("as_of"))
    files = {one.name: one.content for one in uploads.chosen("files")}
    if not files:
        said = language.text("adm_no_files")
        page = render_template("admin/import.html", as_of=as_of or "", refusal=said)
        return make_response(page, 422)
    return _planned(files, as_of)


@pages.post("/admin/activate")
def activate() -> Response:
    """Put in force what the page before has shown, unless the lists have changed since."""
    require(RIGHT)
    app, files = application(), uploads.carried()
    as_of = day_of(request.form.get("as_of"))
    plan = imports.prepare(app, files, as_of=as_of, delivered=imports.delivered())
    if not plan.valid:
        return make_response(_page(plan, files), 422)
    try:
        # Where the lists stood when the difference was shown, not where they stand now.
        plan.position = number_of(request.form.get("position"))
        done = imports.activate(app, actor(), plan)
    except Stale:
        plan = imports.prepare(app, files, as_of=as_of, delivered=imports.delivered())
        return make_response(_page(plan, files, said=language.text("adm_stale")), 409)
    names = [one["name"] for one in done if one["changed"]]
    if not names:
        return redirect(f"/admin/lists/{done[0]['name']}?done=adm_same", code=303)
    return redirect(f"/admin/lists/{names[0]}?done=adm_active&name={','.join(names)}", code=303)


def show_change(name: str, content: bytes, as_of: date | None) -> Response:
    """Show what a new file of a list would change."""
    version = views.list_version(application(), name)
    return _planned({version.descriptor.file: content}, as_of)


def _planned(files: dict[str, bytes], as_of: date | None) -> Response:
    plan = imports.prepare(application(), files, as_of=as_of, delivered=imports.delivered())
    return make_response(_page(plan, files), 200 if plan.valid else 422)


def _page(plan: Plan, files: Mapping[str, bytes], said: str = "") -> str:
    shown = [
        {**sheet.to_json(), "title_en": sheet.version.descriptor.title_en,
         "told": told(sheet.version.descriptor, sheet.to_json())}
        for sheet in plan.sheets
    ]  # fmt: skip
    carried = [(name, base64.b64encode(content).decode()) for name, content in files.items()]
    fits = sum(len(content) for _, content in carried) < MAX_UPLOAD
    changes = any(one["added"] or one["changed"] or one["removed"] for one in shown)
    new = any(one["active"] is None for one in shown)
    return render_template(
        "admin/plan.html",
        plan=plan,
        sheets=shown,
        errors=[one for one in plan.findings if one["severity"] == "error"],
        warnings=[one for one in plan.findings if one["severity"] != "error"],
        carried=carried if plan.valid and fits and (changes or new) else [],
        fits=fits,
        most=SHOWN,
        said=said,
        limits=imports.limits_moved(application(), plan) if plan.valid else None,
    )


# -- one row ---------------------------------------------------------------------------


@pages.get("/admin/lists/<list_name>/row")
def ask_row(list_name: str) -> str:
    """Show the form of a row: one that is in force, or a new one."""
    require(RIGHT)
    return _form(views.list_version(application(), list_name), request.args)


@pages.post("/admin/lists/<list_name>/row")
def change_row(list_name: str) -> Response:
    """Show what the change of a row would do: from a day on it reads so, or it ends."""
    require(RIGHT)
    form = request.form
    version = views.list_version(application(), list_name)
    day = day_of(form.get("from"))
    dated = version.descriptor.first is not None
    if day is None:
        page = _form(version, form, said=language.text("adm_needs_day"))
        return make_response(page, 422)
    cells = {
        one.removeprefix(_CELL): text.strip() for one, text in form.items() if one.startswith(_CELL)
    }
    key = {one.removeprefix(_KEY): text for one, text in form.items() if one.startswith(_KEY)}
    readable = set(views.readable(actor(), version))
    given = {one: text for one, text in cells.items() if one in readable or text}
    try:
        if "end" in form:
            ends = {one: text for one, text in given.items() if _is_closing(version, one) and text}
            content = revisions.with_rows(version, [], [{**key, **ends}], day)
        else:
            content = revisions.with_rows(version, [{**given, **key}], [], day)
    except InvalidList as refusal:
        page = _form(version, form, said=spoken.refusal(refusal))
        return make_response(page, 422)
    return show_change(list_name, content, day if dated else None)


def _is_closing(version: ListVersion, name: str) -> bool:
    column = version.descriptor.columns.get(name)
    return column is not None and column.closing


def _form(version: ListVersion, given: Mapping[str, str], said: str = "") -> str:
    """Return the form of a row; what was typed stays."""
    descriptor = version.descriptor
    key = {name: given[f"{_KEY}{name}"] for name in descriptor.key if f"{_KEY}{name}" in given}
    row = _row(version, key) if len(key) == len(descriptor.key) else None
    if key and row is None:
        raise NotFound("There is no such row.", hint="Look at the rows of the list.")
    readable = views.readable(actor(), version)
    dates = {descriptor.first, descriptor.last}
    fields = [
        {
            **titled(column),
            "type": column.type,
            "required": column.required,
            "closing": column.closing,
            "hidden": row is not None and column.name not in readable,
            "value": given.get(
                f"{_CELL}{column.name}",
                column.cell(row[column.name]) if row and column.name in readable else "",
            ),
            "choices": _choices(column),
        }
        for column in descriptor.columns.values()
        if column.name not in key and column.name not in dates
    ]
    held = [
        {**titled(descriptor.columns[name]), "value": value,
         "spoken": spoken_of(descriptor.columns[name], value)}
        for name, value in key.items()
    ]  # fmt: skip
    return render_template(
        "admin/row.html",
        found={"name": version.name, "title_zh": descriptor.title_zh,
               "title_en": descriptor.title_en},
        key=held,
        fields=fields,
        row=row,
        first=row[descriptor.first] if row and descriptor.first else None,
        last=row[descriptor.last] if row and descriptor.last else None,
        dated=descriptor.first is not None,
        ends=descriptor.last is not None or descriptor.first is None,
        day=given.get("from") or today().isoformat(),
        said=said,
    )  # fmt: skip


def _row(version: ListVersion, key: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the row of a key that is in force today, else the last one there is."""
    columns = version.descriptor.columns
    try:
        wanted = tuple(columns[name].value(key[name]) for name in version.descriptor.key)
    except ValueError:
        return None
    found = version.at(wanted, today())
    return found or next((r for r in reversed(version.rows) if version.key(r) == wanted), None)


def _choices(column: Column) -> list[tuple[str, str]]:
    """Return (value, what it is called) of what a column may hold, where they are few."""
    active = application().references.active
    found: dict[str, str] = {}
    for name in column.references:
        version = active.get(name)
        if version is None or len(version.rows) > MAX_CHOICES:
            continue
        personal = not access.may(actor(), "read_people")
        for row in version.in_force(today()):
            spoken = row.get("name_zh") or ""
            hidden = personal and "name_zh" in version.descriptor.personal
            found[str(version.key(row)[0])] = "" if hidden else str(spoken)
    return list(found.items())
