"""One case: where it stands and what happened."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api import uploads
from api.current import actor, application, reply
from api.web import (
    activities,
    acts,
    diagrams,
    fields,
    language,
    lit,
    relations,
    timeline,
    times,
)
from engine import access, cases, following, views
from engine.cases import Once
from engine.commands import JsonObject
from engine.definitions import Pinned
from engine.errors import EngineError

pages = Blueprint("case_pages", __name__)


@pages.get("/cases/<case_id>")
def show(case_id: str) -> str:
    """Show a case with its data, open steps, diagram and history."""
    return _page(case_id)


@pages.post("/cases/<case_id>")
def act(case_id: str) -> Response:
    """Do what a button says: follow the case, give the reporter a code, act on the case."""
    name = request.form.get("act", "code")
    if name in ("follow", "unfollow"):
        views.follow(application(), actor(), case_id, wanted=name == "follow")
        return redirect(f"/cases/{case_id}?done={name}", code=303)
    if name not in acts.CASE_ACTS | acts.RELATIONS.keys() and name not in activities.ACTS:
        given = following.give_code(application(), actor(), case_id)
        return make_response(_page(case_id, given))
    once = request.form.get("once", "")
    key = once if 0 < len(once) <= 100 and once.isalnum() else None
    again = Once(f"page {request.path}", key, request.get_data())
    try:
        if name in acts.RELATIONS:
            case_id = relations.done(name, case_id, again)
            return redirect(f"/cases/{case_id}?done={name}", code=303)
        sent = activities.sent if name in activities.ACTS else acts.of_case_sent
        command = sent(name)
        cases.handle(application(), actor(), case_id, command, once=again)
    except EngineError as refusal:
        seen = name in acts.RELATIONS and refusal.status in (400, 404)
        if refusal.status not in (403, 409, 422) and not seen:
            raise
        return make_response(_page(case_id, refusal=refusal), refusal.status)
    return redirect(f"/cases/{case_id}?done={name}", code=303)


@pages.get("/cases/<case_id>/diagrams")
def diagram(case_id: str) -> Response:
    """Give the diagrams of a case and what has happened in each, for the viewer on its page."""
    app, who = application(), actor()
    case = views.case(app, who, case_id)
    pinned = diagrams.of_case(case_id)
    found = lit.diagrams_of(case, views.history(app, who, case_id), pinned)
    return reply({"items": found})


def _page(case_id: str, given: JsonObject | None = None, refusal: EngineError | None = None) -> str:
    app, who = application(), actor()
    case = views.case(app, who, case_id)
    pinned = diagrams.of_case(case_id)
    offered = acts.of_case(case)
    return render_template(
        "case.html",
        case=case,
        title=diagrams.process_name(pinned.main),
        lines=timeline.lines(views.history(app, who, case_id), pinned),
        shown=_labelled(case, pinned),
        others=_others(case, pinned),
        given=given,
        refusal=refusal,
        once=app.clock.new_id(),
        acts_offered=offered,
        may_link="link" in {one.name for one in offered},
        activities=activities.offered(case, pinned),
        may_give_code=following.may_give_code(app, who, case_id),
        linked=relations.linked(case_id),
        papers=views.papers(app, who, case_id),
        may_read_accesses=access.may(who, "read_accesses"),
        has_viewer=lit.has_viewer(),
    )


def _labelled(case: JsonObject, pinned: Pinned) -> list[tuple[str, str]]:
    """Return (label, value) of the data that a form asks for, in the order they were given."""
    parts, data = diagrams.parts_of(pinned), case["data"]
    return [
        (language.pick(part.label, part.label_en), fields.shown(part, value, data))
        for key, value in data.items()
        if (part := parts.get(key)) is not None and value not in (None, "", [])
    ]


def _others(case: JsonObject, pinned: Pinned) -> list[tuple[str, str]]:
    """Return (name, value) of the data that no form asks for."""
    parts = diagrams.parts_of(pinned)
    return [(key, times.plain(value)) for key, value in case["data"].items() if key not in parts]


@pages.get("/cases/<case_id>/attachments/<attachment_id>")
def download(case_id: str, attachment_id: str) -> Response:
    """Give a file to be saved."""
    return uploads.download(*views.attachment(application(), actor(), case_id, attachment_id))
