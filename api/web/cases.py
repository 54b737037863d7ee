"""One case: where it stands and what happened."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api import uploads
from api.current import actor, application, reply
from api.web import (
    activities,
    acts,
    branches,
    diagrams,
    instances,
    language,
    lit,
    moves,
    overview,
    relations,
    timeline,
)
from engine import access, cases, following, views
from engine.cases import Once
from engine.commands import Command, JsonObject, RetryIncident
from engine.definitions import Pinned
from engine.errors import EngineError, InvalidData

pages = Blueprint("case_pages", __name__)

RETRY = "retry"

LINES = 50
"""So many entries of the history stand on one page."""


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
    known = acts.CASE_ACTS | acts.RELATIONS.keys() | activities.ACTS | instances.ACTS | {RETRY}
    if name not in known:
        given = following.give_code(application(), actor(), case_id)
        return make_response(_page(case_id, given))
    once = request.form.get("once", "")
    key = once if 0 < len(once) <= 100 and once.isalnum() else None
    again = Once(f"page {request.path}", key, request.get_data())
    try:
        if name in acts.RELATIONS:
            case_id = relations.done(name, case_id, again)
            return redirect(f"/cases/{case_id}?done={name}", code=303)
        cases.handle(application(), actor(), case_id, _command(name), once=again)
    except EngineError as refusal:
        seen = name in acts.RELATIONS and refusal.status in (400, 404)
        if refusal.status not in (403, 409, 422) and not seen:
            raise
        return make_response(_page(case_id, refusal=refusal), refusal.status)
    return redirect(f"/cases/{case_id}?done={name}", code=303)


def _command(name: str) -> Command:
    """Return the command that a button has sent.

    Raises:
        InvalidData: something that it asks for is missing.
    """
    if name == RETRY:
        number, reason = request.form.get("incident", ""), request.form.get("reason", "").strip()
        if not reason:
            asked = language.text("ask_reason")
            raise InvalidData(language.text("act_needs", name=asked))
        known = number.isascii() and number.isdigit() and len(number) < 10
        return RetryIncident(int(number) if known else None, None, reason[:2_000])
    if name in instances.ACTS:
        return instances.sent(name)
    return activities.sent(name) if name in activities.ACTS else acts.of_case_sent(name)


@pages.get("/cases/<case_id>/diagrams")
def diagram(case_id: str) -> Response:
    """Give the diagrams of a case and what has happened in each, for the viewer on its page."""
    app, who = application(), actor()
    case = views.case(app, who, case_id)
    pinned = diagrams.of_case(case_id)
    found = lit.diagrams_of(case, views.events_of(app, who, case_id), pinned)
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
        given=given,
        refusal=refusal,
        once=app.clock.new_id(),
        acts_offered=offered,
        may_move=moves.is_offered(case),
        may_link="link" in {one.name for one in offered},
        activities=activities.offered(case, pinned),
        instances=instances.offered(case, pinned),
        additions=instances.additions(case, pinned),
        may_give_code=following.may_give_code(app, who, case_id),
        linked=relations.linked(case_id),
        papers=views.papers(app, who, case_id),
        may_read_accesses=access.may(who, "read_accesses"),
        has_viewer=lit.has_viewer(),
        **_told(case, pinned),
    )


def _told(case: JsonObject, pinned: Pinned) -> JsonObject:
    """Return what is told of a case beside its head and its buttons."""
    app, who = application(), actor()
    return {
        "open_tasks": overview.open_tasks(case, pinned),
        "groups": overview.data(case, pinned),
        "class_name": overview.class_name,
        "clocks": overview.clocks(case["id"], pinned),
        "timers": overview.waiting(case, pinned),
        "people": overview.people(case["id"], pinned),
        "documents": views.documents(app, who, case["id"]),
        "stuck": overview.stuck(case, pinned),
        "visits": lit.visits(views.events_of(app, who, case["id"]), pinned),
        **_way(case["id"], pinned),
    }


def _way(case_id: str, pinned: Pinned) -> JsonObject:
    """Return a part of the way a case came, the latest first: its lines and its gateways."""
    app, who = application(), actor()
    said = request.args.get("before", "")
    before = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None
    last = before - 1 if before else views.journey(app, who, case_id, after=0, limit=0)["last"]
    after = max(0, last - LINES)
    found = views.journey(app, who, case_id, after=after, limit=last - after, told=("gateways",))
    parts = diagrams.parts_of(pinned)
    return {
        "lines": timeline.lines(found["items"], pinned),
        "gateways": [
            (one, gateway)
            for one in reversed(found["items"])
            for gateway in branches.passed(one.get("gateways", []), pinned, parts)
        ],
        "not_applied": found["refused"],
        "older": after + 1 if after else None,
        "newer": min(last + LINES, found["last"]) + 1 if last < found["last"] else None,
    }


@pages.get("/cases/<case_id>/attachments/<attachment_id>")
def download(case_id: str, attachment_id: str) -> Response:
    """Give a file to be saved."""
    return uploads.download(*views.attachment(application(), actor(), case_id, attachment_id))
