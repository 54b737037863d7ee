"""Sending a task back to a step done before, and taking back what one has just done."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api.current import actor, application
from api.web import diagrams, language
from engine import access, cases, store, views
from engine.cases import Once
from engine.commands import JsonObject
from engine.errors import EngineError, InvalidData
from engine.facts import case_facts

pages = Blueprint("returns", __name__)


def is_offered(task: JsonObject, returns: str | None) -> bool:
    """Whether a person may send an open task back to some step.

    Args:
        returns: what the diagram says of it (property ``returns``).
    """
    if task["state"] != "open":
        return False
    if returns and {"claim", "complete"} & {*task["actions"]}:
        return True
    app, who = application(), actor()
    with app.database.reading() as tx:
        row = store.read_case(tx, task["case"])
        facts = None if row is None else case_facts(tx, row)
    organisation = app.references.organisation
    return facts is not None and access.may(who, "return_any", facts, organisation=organisation)


@pages.get("/tasks/<task_id>/return")
def show(task_id: str) -> str:
    """Show where a task may be sent back to, and what each way would cancel."""
    return _page(task_id, None)


@pages.post("/tasks/<task_id>/return")
def send(task_id: str) -> Response:
    """Send a task back; on a refusal show the same page with the reason."""
    reason = request.form.get("reason", "").strip()[:10_000]
    target = request.form.get("to", "")
    try:
        if not target or not reason:
            missing = "return_where" if not target else "ask_reason"
            raise InvalidData(language.text("act_needs", name=language.text(missing)))
        command = cases.returning(application(), actor(), task_id, target, reason)
        answer = _handle(task_id, command)
    except EngineError as refusal:
        if refusal.status not in (403, 409, 412, 422):
            raise
        return make_response(_page(task_id, refusal), refusal.status)
    name = diagrams.named(diagrams.of_case(answer.body["case"]), command.target)
    return _back(f"/cases/{answer.body['case']}", "return", name)


@pages.post("/tasks/<task_id>/take-back")
def take_back(task_id: str) -> Response:
    """Take back what one has just completed, and go to it."""
    reason = request.form.get("reason", "").strip()[:10_000] or language.text("take_back")
    command = cases.withdrawing(application(), actor(), task_id, reason)
    _handle(task_id, command)
    return _back("/tasks?view=mine", "take_back", "")


def _handle(task_id: str, command: Any) -> cases.Answer:
    key = request.form.get("once", "")
    once = Once(f"page {request.path}", key if key.isalnum() else None, request.get_data())
    return cases.handle(application(), actor(), cases.split_task(task_id)[0], command, once=once)


def _back(address: str, act: str, name: str) -> Response:
    query = urlencode({"done": act, "name": name})
    return redirect(f"{address}{'&' if '?' in address else '?'}{query}", code=303)


def _page(task_id: str, refusal: EngineError | None) -> str:
    app, who = application(), actor()
    task = views.task(app, who, *cases.split_task(task_id))
    pinned = diagrams.of_case(task["case"])
    targets = cases.return_targets(app, who, task_id) if task["state"] == "open" else []
    for one in targets:
        own = task_id.partition(".")[2]
        one["name"] = diagrams.named(pinned, one["to"])
        one["beside"] = [
            diagrams.named(pinned, f"{other['process']}.{other['element']}")
            + (f" · {diagrams.person(other['assignee'])}" if "assignee" in other else "")
            for other in one["cancels"]
            if other.get("task") not in (None, own)
        ]
    node = pinned.bundle.processes[task["process"]].nodes[task["element"]]
    return render_template(
        "return.html",
        task=task,
        title=diagrams.title(node),
        targets=targets,
        chosen=request.form.get("to", ""),
        reason=request.form.get("reason", ""),
        refusal=refusal,
        once=app.clock.new_id(),
    )
