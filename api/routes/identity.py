"""Who am I, sign in, sign out."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api import sessions
from api.current import actor, application, reply
from api.shapes import Document, Follow, Login
from engine import following, identities

api = APIBlueprint("identity", __name__, abp_tags=[Tag(name="identity")])


@api.get("/me", responses={200: Document})
def me() -> Response:
    """Say who you are and which roles you hold in which units."""
    who = actor()
    grants = [{"role": role, "unit": unit} for role, unit in sorted(who.grants)]
    return reply({"name": who.name, "person_id": who.person_id, "roles": grants})


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
