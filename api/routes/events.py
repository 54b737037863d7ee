"""Messages and signals from outside."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.current import actor, answered, application, once
from api.repeats import once_only
from api.shapes import Document, Message, Signal
from engine import access, messages

api = APIBlueprint("events", __name__, abp_tags=[Tag(name="events")])


@api.post("/messages", responses={200: Document, 201: Document, 202: Document})
def correlate(body: Message) -> Response:
    """Hand a message to the case that waits for it, or start the case that it starts."""
    key = once()
    return answered(
        once_only(
            key,
            lambda: messages.correlate(
                application(), actor(), body.name, body.correlation, body.data, once=key
            ),
        )
    )


@api.post("/signals", responses={200: Document})
def broadcast(body: Signal) -> Response:
    """Tell every case that waits for the signal."""
    access.require(actor(), "signal")
    key = once()
    return answered(
        once_only(
            key,
            lambda: messages.broadcast(application(), actor(), body.name, body.data, once=key),
        )
    )
