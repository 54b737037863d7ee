"""One task: what it is about, its form, and what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api import uploads
from api.current import actor, application
from api.web import (
    acts,
    basis,
    diagrams,
    fields,
    language,
    lit,
    markdown,
    phrases,
    returns,
    timeline,
    unsent,
)
from api.web.fields import Sheet, Typed
from engine import cases, forms, inbox, views
from engine.bpmn.model import Node
from engine.cases import Once
from engine.clock import parse, text
from engine.commands import (
    AddComment,
    ClaimTask,
    CompleteTask,
    JsonObject,
    ReadCopy,
    UnclaimTask,
)
from engine.definitions import Pinned
from engine.errors import EngineError, InvalidData
from engine.forms import Form

pages = Blueprint("pages", __name__)


@pages.get("/tasks/<task_id>")
def show(task_id: str) -> str:
    """Show one task with its form, remarks, files and history; a copy counts as read."""
    _receipt(task_id)
    kept = unsent.kept(task_id)
    if kept is None:
        return _page(task_id, _Attempt())
    draft, typed = kept
    texts = (typed.get("comment", ""), typed.get("words", ""))
    return _page(task_id, _Attempt(typed, *texts, kept_at=text(draft.at)))


@pages.post("/tasks/<task_id>")
def act(task_id: str) -> Response:
    """Do what a button says; on a refusal show the same page with what was typed."""
    name = request.form.get("act", "complete")
    sent = phrases.added(request.form)
    attempt = _Attempt(Typed(sent), sent.get("comment", ""), sent.get("words", ""))
    if "more" in request.form:
        attempt.extra_rows = True
        return make_response(_page(task_id, attempt))
    try:
        if "draft" in request.form:
            return _draft(task_id, request.form["draft"])
        return _ACTS.get(name, _complete)(task_id, attempt)
    except EngineError as refusal:
        if refusal.status not in (403, 409, 412, 413, 422):
            raise
        attempt.refusal = refusal
        return make_response(_page(task_id, attempt), refusal.status)


@dataclass(slots=True)
class _Attempt:
    """What was typed, and what became of it."""

    typed: Typed | None = None
    comment: str = ""
    words: str = ""
    refusal: EngineError | None = None
    extra_rows: bool = False
    kept_at: str | None = None
    """When it was kept as a draft; None = it was just sent, or nothing was typed."""


def _receipt(task_id: str) -> None:
    """Write that who looks has opened a copy of the task, if one was sent and not opened yet."""
    app, who = application(), actor()
    case_id, name = cases.split_task(task_id)
    if views.has_unread_copy(app, who, case_id, name):
        cases.handle(app, who, case_id, ReadCopy(name))


def _page(task_id: str, attempt: _Attempt) -> str:
    app, who = application(), actor()
    place = cases.split_task(task_id)
    task = views.task(app, who, *place)
    due_at, warn_at = (parse(one) if one else None for one in (task["due_at"], task["warn_at"]))
    task["colour"] = inbox.colour(due_at, warn_at, app.clock.now())
    refusal = attempt.refusal
    by_field = fields.faults_by_field(refusal.findings if refusal else None)
    pinned = diagrams.of_case(task["case"])
    form = _form(task, pinned)
    drawn = fields.draw(form, _sheet(task, attempt, by_field)) if form else []
    known = {one.key for one in form.fields()} if form else set()
    return render_template(
        "task.html",
        task=task,
        title=diagrams.title(_node(task, pinned)),
        drawn=drawn,
        told=markdown.html(task["instructions"]),
        attempt=attempt,
        refusal=refusal,
        other_faults=fields.elsewhere(by_field, known),
        comments=views.comments(app, who, *place),
        attachments=views.attachments(app, who, *place),
        lines=timeline.lines(views.history(app, who, task["case"]), pinned),
        once=app.clock.new_id(),
        phrases=phrases.offered(task) if task["state"] == "open" else [],
        basis=basis.of(task, pinned, known),
        acts_offered=acts.of_task(task),
        acts_withheld=acts.withheld(task) if task["state"] == "open" else [],
        why_not=_why_not(task),
        signs=diagrams.signs(_node(task, pinned)),
        has_viewer=lit.has_viewer(),
        may_return=returns.is_offered(task, _node(task, pinned).properties.get("returns")),
        may_take_back=task["state"] == "completed" and task["completed_by"] == who.name,
        people=acts.colleagues(task) if "transfer" in task["actions"] else [],
        advisers=acts.advisers(task) if "cosign" in task["actions"] else [],
    )


def _why_not(task: JsonObject) -> str:
    """Return why a task cannot be completed by who looks at it; empty if it can be, or is done."""
    if "complete" in task["actions"] or task["state"] != "open" or task["of"]:
        return ""
    if task["held"]:
        return language.text("on-hold")
    if task["assignee"] == actor().name or task["decided"]:
        return language.text("signatures-awaited")
    if task["assignee"]:
        return language.text("why_assigned", name=diagrams.person(task["assignee"]))
    return language.text("not_yours")


def _form(task: JsonObject, pinned: Pinned) -> Form | None:
    """Return the task's form; for a task without one, a text field per datum it writes."""
    form = diagrams.task_form(task["case"], pinned, task["process"], task["element"])
    if form is not None:
        return form
    names = _node(task, pinned).writes or ()
    parts = [{"type": "textarea", "key": name, "label": name} for name in names]
    return forms.load({"id": "free", "components": parts}) if parts else None


def _node(task: JsonObject, pinned: Pinned) -> Node:
    return pinned.bundle.processes[task["process"]].nodes[task["element"]]


def _sheet(task: JsonObject, attempt: _Attempt, by_field: dict[str, list[str]]) -> Sheet:
    return Sheet(
        data=task["data"],
        typed=attempt.typed,
        faults=by_field,
        extra_rows=attempt.extra_rows,
        outcomes={
            one["value"]: language.pick(one["label"], one["label_en"]) for one in task["outcomes"]
        },
    )


# -- acts -------------------------------------------------------------------------------


def _done(act: str, address: str, **details: str) -> Response:
    query = urlencode({"done": act, **details})
    return redirect(f"{address}{'&' if '?' in address else '?'}{query}", code=303)


def _handle(task_id: str, make: Any) -> cases.Answer:
    case_id, task = cases.split_task(task_id)
    once = Once(f"page {request.path}", _key(), request.get_data())
    return cases.handle(application(), actor(), case_id, make(task), once=once)


def _key() -> str | None:
    """Return what makes pressing a button twice the same as once."""
    key = request.form.get("once", "")
    return key if 0 < len(key) <= 100 and key.isalnum() else None


def _claim(task_id: str, _attempt: _Attempt) -> Response:
    _handle(task_id, ClaimTask)
    return _done("claim", request.path)


def _unclaim(task_id: str, _attempt: _Attempt) -> Response:
    _handle(task_id, UnclaimTask)
    return _done("unclaim", request.path)


def _draft(task_id: str, wish: str) -> Response:
    """Keep what was typed for later, or forget it."""
    if wish == "drop":
        # Only of a task that one sees: what is not there answers like any other.
        unsent.kept(task_id)
        unsent.drop(task_id)
    else:
        unsent.keep(task_id)
    return _done("draft_dropped" if wish == "drop" else "draft", request.path)


def _comment(task_id: str, attempt: _Attempt) -> Response:
    if not attempt.comment.strip():
        raise InvalidData(findings=[{"code": "required", "key": "comment", "message": ""}])
    _handle(task_id, lambda task: AddComment(task, attempt.comment.strip()))
    return _done("comment", request.path)


def _attach(task_id: str, _attempt: _Attempt) -> Response:
    # All are read before the first is kept: one that is refused keeps none of them.
    for one in uploads.chosen("file") or [uploads.one_file()]:
        _store(task_id, one)
    return _done("attach", request.path)


def _store(task_id: str, file: uploads.Upload) -> str:
    case_id, task = cases.split_task(task_id)
    command = file.attached_to(task, application().clock.new_id())
    cases.handle(application(), actor(), case_id, command)
    return command.attachment


def _complete(task_id: str, attempt: _Attempt) -> Response:
    if "enter" in request.form:
        raise _missing("press_button")
    task = views.task(application(), actor(), *cases.split_task(task_id))
    outcome = request.form.get("outcome") or None
    if task["outcomes"] and outcome is None:
        raise _missing("outcome_required")
    if task["of"]:
        words = attempt.words.strip()[:10_000]
        said = {"reason": words} if words else {}
        _handle(task_id, lambda name: CompleteTask(name, outcome, said))
        unsent.drop(task_id)
        return _done("sign", "/tasks")
    pinned = diagrams.of_case(task["case"])
    form = _form(task, pinned)
    typed = attempt.typed or Typed()
    if form is not None:
        _keep_files(task_id, form, typed)
    data = fields.collect(form, typed, _sheet(task, attempt, {}), outcome) if form else {}
    _handle(task_id, lambda name: CompleteTask(name, outcome, data))
    unsent.drop(task_id)
    return _done("complete", "/tasks", name=diagrams.title(_node(task, pinned)))


def _missing(key: str) -> InvalidData:
    text = language.text(key)
    return InvalidData(text, findings=[{"code": "outcome", "key": "", "message": text}])


def _keep_files(task_id: str, form: Form, typed: Typed) -> None:
    """Store the files that were chosen; their ids stand in for them from now on."""
    for name in fields.pickers(form):
        for file in uploads.chosen(name):
            typed.add(name, _store(task_id, file))


def _other(task_id: str, _attempt: _Attempt) -> Response:
    name = request.form["act"]
    _handle(task_id, lambda task: acts.of_task_sent(name, task))
    # Whoever has handed a task over may not see it any more.
    return _done(name, "/tasks" if name == "transfer" else request.path)


_ACTS = {
    **dict.fromkeys(acts.TASK_ACTS, _other),
    "claim": _claim,
    "unclaim": _unclaim,
    "comment": _comment,
    "attach": _attach,
    "complete": _complete,
}
