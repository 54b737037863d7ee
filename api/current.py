"""The request at hand: which application, who asks, and under which conditions."""

from __future__ import annotations

import re
from typing import cast

import orjson
from flask import Response, current_app, g, request

from api import sessions
from engine.access import Actor
from engine.cases import Answer, Once
from engine.commands import JsonObject
from engine.errors import InvalidRequest
from engine.ports import Application

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def application() -> Application:
    """Return the application that the server was made for."""
    return cast("Application", current_app.extensions["bihuan"])


def actor() -> Actor:
    """Return who asks.

    Raises:
        NotSignedIn: nobody that is known.
    """
    if "actor" not in g:
        g.actor = sessions.actor(application())
    return cast("Actor", g.actor)


def once(content: bytes | None = None) -> Once:
    """Return the request's Idempotency-Key with what it stands for.

    Args:
        content: what tells one request from another; None = the body and the query
            as sent. Uploads give their files, because a repeated upload has other
            part boundaries.

    Raises:
        InvalidRequest: the key is no text of 1 to 200 visible ASCII characters.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        message = "The Idempotency-Key is no text of 1 to 200 visible ASCII characters."
        raise InvalidRequest(message, hint="Send a random UUID, for example.")
    if content is None:
        content = request.get_data() + b"?" + request.query_string
    return Once(f"{request.method} {request.path}", key, content)


def if_match() -> str | None:
    """Return the ETag that the request rests on, or None.

    Raises:
        InvalidRequest: the header holds more than one ETag, or none.
    """
    value = request.headers.get("If-Match")
    if value is not None and not re.fullmatch(r'\*|"[\x21\x23-\x7e]{1,100}"', value.strip()):
        message = "If-Match takes one strong ETag, as a GET gave it."
        raise InvalidRequest(message, hint='Send for example If-Match: "3".')
    return value and value.strip()


def reply(
    body: JsonObject | list[JsonObject], status: int = 200, etag: str | None = None
) -> Response:
    """Return a JSON response."""
    response = Response(orjson.dumps(body), status=status, mimetype="application/json")
    if etag is not None:
        response.headers["ETag"] = etag
    return response


def answered(answer: Answer) -> Response:
    """Return the response for what a command answered."""
    response = reply(answer.body, answer.status, answer.etag)
    if answer.status == 201 and answer.case_id is not None:
        response.headers["Location"] = f"/api/v1/cases/{answer.case_id}"
    return response


def read(body: JsonObject) -> Response:
    """Return the response for what was read, with the ETag that If-Match takes.

    Never a 304: the ETag names the last entry that touched the task or case, but
    what is shown of it also depends on other branches, the clock, the reader's
    rights and erasures.
    """
    return reply(body, etag=body.get("etag"))
