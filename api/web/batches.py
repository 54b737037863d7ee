"""The same act on the tasks that are ticked in the inbox."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api.case_shapes import MOST_TASKS
from api.current import actor, application
from api.web import language
from engine import cases, inbox
from engine.cases import Once
from engine.errors import InvalidData

pages = Blueprint("batch_pages", __name__)


@pages.post("/batch")
def act() -> Response:
    """Do what a button says with every ticked task; what was refused is listed."""
    app, who = application(), actor()
    tasks = request.form.getlist("task")[:MOST_TASKS]
    if not tasks:
        raise InvalidData(language.text("batch_none"), hint=language.text("batch_tick"))
    name, _, outcome = request.form.get("act", "").partition(" ")
    once = request.form.get("once", "")
    key = once if 0 < len(once) <= 100 and once.isalnum() else None
    again = Once("page /batch", key, request.get_data())
    wanted = cases.Batch(name, outcome or None)
    found = cases.batch(app, who, wanted, tasks, once=again)
    view = request.form.get("view", "")
    back = view if view in inbox.VIEWS else "mine"
    refused = [one for one in found["items"] if one["status"] >= 300]
    if not refused:
        return redirect(f"/tasks?view={back}&done=batch&name={found['done']}", code=303)
    page = render_template("batch.html", found=found, refused=refused, back=back)
    return make_response(page, 200)
