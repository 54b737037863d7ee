"""The signed-in person's own page, and the page of a reporter without a login."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api import sessions
from api.current import actor, application
from api.web import diagrams, fields, language
from engine import contacts, following, views
from engine.clock import parse
from engine.commands import JsonObject
from engine.errors import EngineError, InvalidData
from engine.forms import Component

pages = Blueprint("people_pages", __name__)


@pages.get("/me")
def me() -> str:
    """Show who one is, and how one is told of work."""
    return _me(None)


def _me(refusal: EngineError | None) -> str:
    who = actor()
    return render_template(
        "me.html",
        who=who,
        posts=sorted((role, unit) for role, unit in who.grants),
        contact=views.contact(application(), who),
        typed=request.form.get("email"),
        refusal=refusal,
        has_mail=bool(application().settings.smtp_url),
        channels=contacts.CHANNELS,
        kinds=_chosen(),
    )


def _chosen() -> dict[str, list[str]]:
    with application().database.reading() as tx:
        return contacts.read(tx, actor().name).chosen


@pages.post("/me")
def wish() -> Response:
    """Keep the address, or say what is wrong with it."""
    app, who = application(), actor()
    email = request.form.get("email", "").strip()[:300] or None
    try:
        with app.database.writing() as tx:
            contacts.put(tx, who.name, email=email, by_mail="by_mail" in request.form)
    except InvalidData as refusal:
        return make_response(_me(refusal), 422)
    return redirect("/me?done=wish", code=303)


@pages.post("/me/notifications")
def choose() -> Response:
    """Keep which news reach one where."""
    app, who = application(), actor()
    ticked = [one.partition(" ") for one in request.form.getlist("wish")]
    wished = {
        kind: [channel for name, _, channel in ticked if name == kind] for kind in contacts.KINDS
    }
    with app.database.writing() as tx:
        contacts.choose(tx, who.name, wished)
    return redirect("/me?done=wish", code=303)


@pages.post("/notices-seen")
def seen() -> Response:
    """Mark the notices as read, up to the newest that the page showed."""
    app, who = application(), actor()
    try:
        until = parse(request.form.get("until", ""))
    except ValueError as reason:
        raise InvalidData("This is no moment.", hint="Use the button of the page.") from reason
    with app.database.writing() as tx:
        contacts.mark_seen(tx, who.name, min(until, app.clock.now()))
    return redirect("/tasks?view=cc", code=303)


@pages.get("/follow")
def ask() -> str:
    """Show the page where a reporter asks after the own case."""
    return render_template("follow.html", case=None, refusal=None, number="")


@pages.post("/follow")
def follow() -> Response:
    """Show the case of a number and a code."""
    number = request.form.get("number", "").strip()[:200]
    code = request.form.get("code", "")[:100]
    try:
        found = following.follow(application(), number, code, address=sessions.address())
    except EngineError as refusal:
        if refusal.status not in (404, 429):
            raise
        page = render_template("follow.html", case=None, refusal=refusal, number=number)
        response = make_response(page, refusal.status)
        if refusal.status == 429:
            response.headers["Retry-After"] = str(getattr(refusal, "retry_seconds", 60))
        return response
    shown = render_template(
        "follow.html",
        case=found,
        refusal=None,
        number=number,
        given=_labelled(found["case"], found["data"]),
        answer=_labelled(found["case"], found["answer"]),
    )
    return make_response(shown)


def _labelled(case_id: str, data: JsonObject) -> list[tuple[str, str]]:
    """Return (label, value) of data as the case's forms call them."""
    parts = diagrams.parts_of(diagrams.of_case(case_id))
    found = []
    for name, value in data.items():
        part = parts.get(name, Component("textfield", name, name))
        if value not in (None, "", []):
            label = language.pick(part.label, part.label_en)
            found.append((label, fields.shown(part, value, data)))
    return found
