"""Start a case: which processes there are, and their start forms."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api import uploads
from api.current import actor, application
from api.web import diagrams, fields, language
from api.web.fields import Sheet, Typed
from engine import access, cases, views
from engine.cases import Once
from engine.commands import JsonObject
from engine.errors import EngineError, InvalidData
from engine.forms import Form

pages = Blueprint("start", __name__)


@pages.get("/start")
def choose() -> str:
    """Show the processes that a person may start."""
    who = actor()
    found = [
        one
        for one in views.all_definitions(application())["items"]
        if _is_plain(one) and access.may(who, "start", start_roles=one["starters"])
    ]
    return render_template("start_list.html", definitions=found)


@pages.get("/start/<key>")
def form(key: str) -> str:
    """Show the start form of a process; the address may say what is chosen in it already."""
    actor()
    return _page(key, Sheet(_chosen(key)), None)


def _chosen(key: str) -> JsonObject:
    """Return the choices that the address names, of fields that are chosen from few."""
    start_form = diagrams.start_form(key)
    return {
        one.key: choice.value
        for one in (start_form.fields() if start_form else ())
        if one.type == "radio" and not one.readonly and not one.submits
        for choice in one.choices
        if str(choice.value) == request.args.get(one.key)
    }


@pages.post("/start/<key>")
def start(key: str) -> Response:
    """Start a case and show it; on a refusal show the form with what was typed."""
    typed = Typed(request.form)
    if "more" in request.form:
        return make_response(_page(key, Sheet({}, typed, extra_rows=True), None))
    try:
        if "enter" in request.form:
            text = language.text("press_button")
            raise InvalidData(text, findings=[{"code": "outcome", "key": "", "message": text}])
        answer = _start(key, typed)
    except EngineError as refusal:
        if refusal.status not in (403, 409, 413, 422):
            raise
        sheet = Sheet({}, typed, fields.faults_by_field(refusal.findings))
        return make_response(_page(key, sheet, refusal), refusal.status)
    return redirect(f"/cases/{answer.body['id']}?done=start", code=303)


def _start(key: str, typed: Typed) -> cases.Answer:
    start_form = diagrams.start_form(key)
    once = request.form.get("once", "")
    chosen = typed.copy()
    attachments = _files(start_form, chosen) if start_form else []
    return cases.start(
        application(),
        actor(),
        process=key,
        data=fields.collect(start_form, chosen, Sheet({})) if start_form else {},
        business_key=request.form.get("business_key", "").strip()[:200] or None,
        once=Once(f"page {request.path}", once if once.isalnum() else None, request.get_data()),
        attachments=attachments,
    )


def _files(start_form: Form, typed: Typed) -> list[JsonObject]:
    """Return the files that were chosen; their ids stand in for them in ``typed``.

    After a refusal they have to be chosen again: without a case there is nowhere to keep them.
    """
    found: list[JsonObject] = []
    for one in start_form.fields():
        if one.type == "filepicker" and not one.readonly:
            typed.setlist(one.key, [])
            for file in uploads.chosen(one.key):
                found.append(file.at_start(application().clock.new_id()))
                typed.add(one.key, found[-1]["attachment"])
    return found


def _page(key: str, sheet: Sheet, refusal: EngineError | None) -> str:
    definition = views.definition(application(), key)
    start_form = diagrams.start_form(key)
    drawn = fields.draw(start_form, sheet) if start_form else []
    return render_template(
        "start.html",
        definition=definition,
        drawn=drawn,
        refusal=refusal,
        other_faults=_elsewhere(sheet, start_form),
        business_key=sheet.typed.get("business_key", "") if sheet.typed else "",
        submits=next((one for one in drawn if one.part.submits and not one.part.readonly), None),
        once=application().clock.new_id(),
    )


def _elsewhere(sheet: Sheet, start_form: Form | None) -> list[str]:
    keys = {one.key for one in start_form.fields()} if start_form else set()
    return fields.elsewhere(sheet.faults, keys)


def _is_plain(definition: JsonObject) -> bool:
    """Say whether a person may start the process: it has a start event without a trigger."""
    return any(one["trigger"] is None for one in definition["starts"])
