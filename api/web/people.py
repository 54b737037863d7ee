"""The signed-in person's own page, and the page of a reporter without a login."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api.current import actor, application
from engine import contacts, views
from engine.clock import parse
from engine.errors import EngineError, InvalidData

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


@pages.route("/follow", methods=["GET", "POST"])
def follow() -> Response:
    """Lead on to where a reporter asks after the own case."""
    return redirect("/public/follow", code=308)
