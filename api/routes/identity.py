"""Who am I, sign in, sign out."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api import sessions
from api.case_shapes import Notifications
from api.current import actor, application, reply
from api.moments import checked_moment
from api.shapes import Document, Follow, Login, Seen, Wishes
from engine import contacts, following, identities, views
from engine.clock import parse
from engine.commands import JsonObject

api = APIBlueprint("identity", __name__, abp_tags=[Tag(name="identity")])


@api.get("/me", responses={200: Document})
def me() -> Response:
    """Say who you are and which roles you hold in which units."""
    who = actor()
    grants = [{"role": role, "unit": unit} for role, unit in sorted(who.grants)]
    return reply({"name": who.name, "person_id": who.person_id, "roles": grants})


@api.get("/me/contact", responses={200: Document})
def contact() -> Response:
    """Say how you are told of work, and how many notices you have not looked at."""
    return reply(views.contact(application(), actor()))


@api.post("/me/contact", responses={200: Document})
def wish(body: Wishes) -> Response:
    """Say where you want to be told of work by e-mail, or that you do not."""
    app, who = application(), actor()
    with app.database.writing() as tx:
        contacts.put(tx, who.name, email=body.email, by_mail=body.by_mail)
    return reply(views.contact(app, who))


@api.get("/me/notifications", responses={200: Document})
def notifications() -> Response:
    """Say which news reach you where."""
    app, who = application(), actor()
    with app.database.reading() as tx:
        return reply(_chosen(contacts.read(tx, who.name)))


@api.put("/me/notifications", responses={200: Document})
def choose(body: Notifications) -> Response:
    """Choose which news reach you where; a kind that you leave out stays as it was."""
    app, who = application(), actor()
    wished = {str(kind): [str(one) for one in channels] for kind, channels in body.kinds.items()}
    with app.database.writing() as tx:
        return reply(_chosen(contacts.choose(tx, who.name, wished)))


def _chosen(contact: contacts.Contact) -> JsonObject:
    settings = application().settings
    there = {"in-app": True, "mail": settings.smtp_url, "robot": settings.robot_urls}
    return {
        "kinds": contact.chosen,
        "channels": [one for one, is_there in there.items() if is_there],
    }


@api.post("/me/notices-seen", responses={200: Document})
def seen(body: Seen) -> Response:
    """Say up to when you have looked at your notices (抄送)."""
    app, who = application(), actor()
    at = min(parse(checked_moment(body.until, "until") or body.until), app.clock.now())
    with app.database.writing() as tx:
        contacts.mark_seen(tx, who.name, at)
    return reply(views.contact(app, who))


@api.post("/login", responses={200: Document})
def login(body: Login) -> Response:
    """Begin a session of 12 hours: a token, and the same as a cookie."""
    token = identities.login(application(), body.name, body.password, address=sessions.address())
    return sessions.keep(reply({"name": body.name, "token": token}), token)


@api.post("/follow", responses={200: Document})
def follow(body: Follow) -> Response:
    """Show a reporter the own case, by its number and code; nobody needs to be signed in."""
    found = following.follow(application(), body.number, body.code, address=sessions.address())
    return reply(found)


@api.post("/logout", responses={200: Document})
def logout() -> Response:
    """End the session."""
    identities.logout(application(), sessions.token())
    return sessions.forget(reply({"signed_in": False}))
