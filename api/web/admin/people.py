"""People, roles and units: who holds what where and when, and what changes on which day."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from api.current import actor, application
from api.web import language, spoken
from api.web.admin import changes, lists
from api.web.admin.frame import (
    SEE,
    day_of,
    may_change,
    number_of,
    of_kind,
    of_kinds,
    pager,
    pages,
    require,
    today,
    words,
)
from engine import identities, revisions, views
from engine.errors import InvalidList, NotFound
from engine.lists import FOREVER, ListVersion, span
from engine.views.lists import PAGE

CHANGES = 40
"""Changes of units that the page names."""


@pages.get("/admin/people")
def people_index() -> str:
    """Show who holds which role where on a day."""
    require(SEE)
    day = day_of(request.args.get("day")) or today()
    version = of_kind("people")
    asked = {name: request.args.get(name, "").strip() for name in ("role", "unit")}
    page = views.list_page(
        application(),
        actor(),
        version.name,
        words=words(),
        day=day,
        filters={"role": asked["role"], "unit_id": asked["unit"]},
        at=number_of(request.args.get("at")),
    )
    return render_template(
        "admin/people.html",
        posts=[_post(version, one) for one in page["items"]],
        pager=pager(page["count"], page["at"], PAGE),
        roles=_roles(),
        q=words(),
        day=day.isoformat(),
        asked=asked,
        found=page,
        may_change=may_change(),
    )


@pages.get("/admin/people/<person>")
def person_one(person: str) -> str:
    """Show all posts of somebody, past and to come, and who stands in."""
    require(SEE)
    return _person(person)


@pages.post("/admin/people/<person>/substitute")
def person_substitute(person: str) -> Response:
    """Show what it would change if somebody stood in for a while (替岗)."""
    require(changes.RIGHT)
    form, version = request.form, of_kind("people")
    first, last = day_of(form.get("first")), day_of(form.get("last"))
    other = form.get("substitute", "").strip()[:100]
    ends = "end" in form
    if first is None or not (other or ends) or (last or first) < first:
        return make_response(_person(person, said=language.text("adm_substitute_needs")), 422)
    keys = [version.key(row) for row in version.rows if row["person_id"] == person]
    cells = {"substitute_person_id": None if ends else other}
    try:
        content = revisions.between(version, keys, cells, first, last or date.max)
    except InvalidList as refusal:
        return make_response(_person(person, said=spoken.refusal(refusal)), 422)
    return changes.show_change(version.name, content, None)


def _person(person: str, said: str = "") -> str:
    app, day, version = application(), today(), of_kind("people")
    page = views.list_page(app, actor(), version.name, filters={"person_id": person})
    if not page["items"]:
        raise NotFound(f"There is nobody of the id {person!r} in the list of people.")
    posts = [_post(version, one) for one in page["items"]]
    organisation = app.references.organisation
    users = [one.name for one in identities.users(app) if one.person_id == person]
    return render_template(
        "admin/person.html",
        person=person,
        name=_name(page["items"][0]["row"]),
        posts=posts,
        stands_for=sorted(organisation.substitutes_for(person, day)),
        users=users,
        today=day.isoformat(),
        said=said,
        substitutes=_others(version, person),
        may_change=may_change(),
    )


def _others(version: ListVersion, person: str) -> list[tuple[str, str]]:
    """Return (id, name) of who may stand in; names only for who may read them."""
    named = "name_zh" in views.readable(actor(), version)
    found = {row["person_id"]: row["name_zh"] if named else "" for row in version.in_force(today())}
    found.pop(person, None)
    return list(found.items())


def _name(row: dict[str, Any]) -> str:
    return language.pick(row.get("name_zh") or "", row.get("name_en"))


def _post(version: ListVersion, item: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the list of people, with its state today."""
    day = today().isoformat()
    state = "now" if item["first"] <= day <= item["last"] else "past"
    state = "coming" if item["first"] > day else state
    return {
        **lists.shown(version.descriptor, item),
        "name": _name(item["row"]),
        "state": state,
        "until": None if item["last"] == FOREVER else item["last"],
    }


def _roles() -> list[dict[str, Any]]:
    return [row for version in of_kinds("roles") for row in version.rows]


# -- roles -----------------------------------------------------------------------------


@pages.get("/admin/roles")
def role_index() -> str:
    """Show every role and how many hold it today."""
    require(SEE)
    day = today()
    held: dict[str, set[str]] = {}
    for version in of_kinds("people"):
        for row in version.in_force(day):
            held.setdefault(row["role"], set()).add(row["person_id"])
    found = [{**row, "count": len(held.get(row["code"], ()))} for row in _roles()]
    return render_template("admin/roles.html", roles=found)


# -- units -----------------------------------------------------------------------------


@pages.get("/admin/units")
def unit_index() -> str:
    """Show the units at the top, or those that are searched for; what changes and when."""
    require(SEE)
    day = day_of(request.args.get("day")) or today()
    wanted = words().casefold()
    rows = [_unit(v, row) for v in of_kinds("units", "departments") for row in v.in_force(day)]
    if wanted:
        rows = [one for one in rows if wanted in f"{one['id']} {one['name']}".casefold()]
    else:
        rows = [one for one in rows if one["is_top"]]
    at = number_of(request.args.get("at"))
    return render_template(
        "admin/units.html",
        units=rows[at : at + PAGE],
        pager=pager(len(rows), at, PAGE),
        changes=_changes(),
        q=words(),
        day=day.isoformat(),
        may_change=may_change(),
    )


@pages.get("/admin/units/<unit>")
def unit_one(unit: str) -> str:
    """Show a unit: where it lies, what lies in it, who works there, what it was and will be."""
    require(SEE)
    app, day = application(), today()
    organisation = app.references.organisation
    known = [
        _unit(version, row)
        for version in of_kinds("units", "departments")
        for row in version.rows
        if str(version.key(row)[0]) == unit
    ]
    if not known:
        raise NotFound(f"There is no unit {unit!r}.")
    inside = [
        _unit(version, row)
        for version in of_kinds("units", "departments")
        for row in version.in_force(day)
        if unit in {row.get("parent_id"), row.get("location_id")}
    ]
    people = of_kind("people")
    page = views.list_page(app, actor(), people.name, day=day, filters={"unit_id": unit})
    return render_template(
        "admin/unit.html",
        unit=unit,
        rows=known,
        now=next((one for one in known if one["state"] == "now"), known[-1]),
        chain=organisation.ancestors(unit, day)[1:][::-1],
        successor=organisation.successor(unit, day),
        inside=inside,
        posts=[_post(people, one) for one in page["items"]],
        warnings=[one for one in organisation.check(day) if one["element"] == unit],
        may_change=may_change(),
    )


def _unit(version: ListVersion, row: dict[str, Any]) -> dict[str, Any]:
    first, last = span(version.descriptor, row)
    day, code = today().isoformat(), str(version.key(row)[0])
    state = "past" if last < day else "coming" if first > day else "now"
    (shown,) = [lists.shown(version.descriptor, {"key": list(version.key(row)), "row": row})]
    return {
        "id": code,
        "name": language.pick(row["name_zh"], row.get("name_en")),
        "kind": _called("level", row) or _called("kind", row),
        "list": version.name,
        "link": shown["link"],
        "cells": [
            (lists.titled(column)["title"], _cell(version, name, row))
            for name, column in version.descriptor.columns.items()
            if row[name] not in (None, "", [])
        ],
        "first": first,
        "last": None if last == FOREVER else last,
        "state": state,
        "is_top": not (row.get("parent_id") or row.get("location_id") or row.get("type_code")),
    }


def _called(column: str, row: dict[str, Any]) -> str:
    """Return what a level of units or a kind of departments is called; its code if unknown."""
    code = str(row.get(column) or "")
    key = f"adm_{column}_of_{code}"
    return language.text(key) if language.known(key) else code


def _cell(version: ListVersion, name: str, row: dict[str, Any]) -> str:
    if name in {"level", "kind"}:
        return _called(name, row)
    return lists.cell(version.descriptor, name, row[name])


def _changes() -> list[dict[str, Any]]:
    """Return what begins after today, and what has ended or will, the latest day first."""
    day, found = today().isoformat(), []
    for version in of_kinds("units", "departments"):
        for row in version.rows:
            one = _unit(version, row)
            if one["first"] > day:
                found.append({**one, "day": one["first"], "begins": True})
            if one["last"]:
                found.append({**one, "day": one["last"], "begins": False,
                              "successor": row.get("successor_id")})  # fmt: skip
    return sorted(found, key=lambda one: one["day"], reverse=True)[:CHANGES]
