"""The inbox: the tabs of a person's tasks, filtered, sorted, and saved as views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from api.current import actor, application
from api.web import activities, diagrams, language, shortcuts
from engine import access, inbox, saved_views, views
from engine.access import Actor
from engine.commands import JsonObject
from engine.errors import InvalidData

pages = Blueprint("inbox", __name__)

VIEWS = ("pool", "mine", "done", "started", "cc", "followed", "supervised")
ACTIVITIES = "activities"
"""The tab of ad-hoc work (即席): only there while some is offered, or asked for."""
OPEN_VIEWS = frozenset({"pool", "mine"})
"""Views of open tasks: they are sorted, and those past due can be asked for."""
FILTERED_VIEWS = OPEN_VIEWS | {"done", "started"}
PAGE_SIZE = 30
_HEADS = frozenset({"admin"}).union(
    *(right.roles for right in access.RIGHTS["transfer"] if right.relation == "heads")
)
_FILTERS = ("q", "process", "unit", "overdue", "sort")


@pages.get("/")
def home() -> Response:
    """Lead to the tasks; the addresses of before 任务 had a page of its own go on working."""
    actor()
    query = request.query_string.decode()
    return redirect(f"/tasks?{query}" if query else "/tasks")


@pages.get("/tasks")
def show() -> str:
    """Show the signed-in person's tasks."""
    who = actor()
    asked = _asked(who, request.args)
    found = _found(who, asked, request.args.get("cursor"))
    if "view" not in request.args and not found["items"] and found["counts"].get("pool"):
        # Nothing claimed yet, but something waits: show that first.
        asked["view"] = "pool"
        found = _found(who, asked, None)
    return _page(who, asked, found)


@pages.post("/tasks/views")
def save() -> Response:
    """Save the shown view under a name, or remove a saved one; show the inbox again."""
    app, who = application(), actor()
    asked = _asked(who, request.form)
    name = " ".join(request.form.get("name", "").split())
    is_removed = request.form.get("act") == "remove"
    if not is_removed and not 0 < len(name) <= saved_views.LONGEST_NAME:
        said = language.text("views_name_fault", n=saved_views.LONGEST_NAME)
        raise InvalidData(said, hint=language.text("views_name_hint"))
    with app.database.writing() as tx:
        if is_removed:
            saved_views.drop(tx, who.name, name)
        else:
            saved_views.put(tx, who.name, name, asked)
    done = "view_removed" if is_removed else "view_saved"
    return redirect(f"/tasks?{urlencode({**asked, 'done': done, 'name': name})}", code=303)


def tabs(who: Actor) -> tuple[str, ...]:
    """Return the tabs of a person: those who may hand on others' tasks have one more."""
    return (*VIEWS, "unattended") if who.roles & _HEADS else VIEWS


def _asked(who: Actor, sent: Mapping[str, str]) -> dict[str, str]:
    """Return the view and the filters that an address or a form names, without empty ones."""
    view = sent.get("view", "")
    view = view if view in {*tabs(who), ACTIVITIES} else "mine"
    asked = {"view": view}
    for name in _FILTERS if view in FILTERED_VIEWS else ():
        text = sent.get(name, "").strip()[:100]
        if text and (view in OPEN_VIEWS or name not in {"overdue", "sort"}):
            asked[name] = text
    if asked.get("sort") not in inbox.SORTS:
        asked.pop("sort", None)
    return asked


def _found(who: Actor, asked: Mapping[str, str], cursor: str | None) -> JsonObject:
    filters: dict[str, Any] = {name: text for name, text in asked.items() if name != "view"}
    filters["overdue"] = "overdue" in asked
    found = views.inbox_page(
        application(), who, view=asked["view"], limit=PAGE_SIZE, cursor=cursor, **filters
    )
    diagrams.name_tasks(one for one in found["items"] if "process" in one)
    if asked["view"] == ACTIVITIES:
        found["offers"] = [
            activities.offer(one, diagrams.of_case(one["case"])) for one in found["items"]
        ]
    return found


def _page(who: Actor, asked: dict[str, str], found: JsonObject) -> str:
    app, view = application(), asked["view"]
    with app.database.reading() as tx:
        saved = saved_views.of(tx, who.name)
    return render_template(
        "inbox.html",
        view=view,
        views=_tabs(who, view),
        found=found,
        counts=found["counts"] | views.inbox_totals(app, who),
        asked=asked,
        is_filtered=len(asked) > 1,
        kinds=_kinds(who, view) if view in OPEN_VIEWS else None,
        saved=[
            (name, f"/tasks?{urlencode(filters)}", filters == asked)
            for name, filters in saved.items()
        ],
        following=found["next"] and f"/tasks?{urlencode({**asked, 'cursor': found['next']})}",
        shortcuts=shortcuts.of(who),
        once=app.clock.new_id(),
        outcomes=sorted({pair for one in found["items"] for pair in one.get("batch", ())}),
    )


def _tabs(who: Actor, view: str) -> tuple[str, ...]:
    """Return the tabs as they are shown now."""
    free = view == ACTIVITIES or views.has_activities(application(), who)
    return (*tabs(who), ACTIVITIES) if free else tabs(who)


def _kinds(who: Actor, view: str) -> dict[str, list[tuple[str, str]]]:
    """Return what the list can be filtered by: (key, name) of processes and of units."""
    found = views.inbox_kinds(application(), who, view)
    return {
        "processes": [(key, diagrams.name_of_process(key)) for key in found["processes"]],
        "units": [(code, diagrams.unit(code) or code) for code in found["units"]],
    }
