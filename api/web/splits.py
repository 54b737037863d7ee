"""Split a case (拆案): a new one for a part of it, begun with what the old one began with."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api.current import actor, application
from api.web import acts, diagrams, fields
from api.web.fields import Sheet, Typed
from engine import cases, views
from engine.cases import Once
from engine.commands import JsonObject
from engine.errors import EngineError, NotAllowed
from engine.forms import Form

pages = Blueprint("split_pages", __name__)


@pages.get("/cases/<case_id>/split")
def ask(case_id: str) -> str:
    """Show what the case began with, to be changed into what the new one is about."""
    case = views.case(application(), actor(), case_id)
    if "split" not in {one.name for one in acts.of_case(case)}:
        raise NotAllowed(
            "You may not split this case, or it has ended.",
            hint="Acceptance or an analyst of its street splits an open case.",
        )
    form = diagrams.start_form(case["process"])
    return _page(case, form, _sheet(case, form), None)


@pages.post("/cases/<case_id>/split")
def split(case_id: str) -> Response:
    """Begin the new case; on a refusal show the form with what was typed."""
    app, who = application(), actor()
    case = views.case(app, who, case_id)
    form, typed = diagrams.start_form(case["process"]), Typed(request.form)
    sheet = _sheet(case, form, typed)
    once = request.form.get("once", "")
    again = Once(f"page {request.path}", once if once.isalnum() else None, request.get_data())
    try:
        reason = acts.asked_of("split")["reason"] or ""
        data = fields.collect(form, typed, sheet) if form else {}
        answer = cases.split(app, who, case_id, data, reason, once=again)
    except EngineError as refusal:
        if refusal.status not in (409, 422):
            raise
        return make_response(_page(case, form, sheet, refusal), refusal.status)
    return redirect(f"/cases/{answer.body['id']}?done=split", code=303)


def _sheet(case: JsonObject, form: Form | None, typed: Typed | None = None) -> Sheet:
    keys = {one.key for one in form.fields() if one.type != "filepicker"} if form else set()
    return Sheet({key: value for key, value in case["data"].items() if key in keys}, typed)


def _page(case: JsonObject, form: Form | None, sheet: Sheet, refusal: EngineError | None) -> str:
    by_field = fields.faults_by_field(refusal.findings if refusal else None)
    drawn = fields.draw(form, Sheet(sheet.data, sheet.typed, by_field)) if form else []
    known = {one.key for one in form.fields()} if form else set()
    return render_template(
        "split.html",
        case=case,
        # Files stay where they are.
        drawn=[one for one in drawn if one.part.type != "filepicker"],
        refusal=refusal,
        other_faults=fields.elsewhere(by_field, known),
        reason=request.form.get("reason", ""),
        once=application().clock.new_id(),
    )
