"""The manual clock of trainings, demos and tests."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.current import actor, answered, application, once, reply
from api.moments import moment
from api.repeats import once_only
from api.shapes import ClockMove, Document
from engine import access, timers
from engine.cases import Answer
from engine.clock import ManualClock, text
from engine.errors import InvalidRequest, NotFound

api = APIBlueprint("clock", __name__, abp_tags=[Tag(name="clock")])


@api.get("/clock", responses={200: Document})
def now() -> Response:
    """Tell the manual clock's moment."""
    clock = application().clock
    if not isinstance(clock, ManualClock):
        raise NotFound(
            "This server runs on the system clock.", hint="Start it with --clock manual."
        )
    return reply({"now": text(clock.now()), "clock": "manual"})


@api.post("/clock", responses={200: Document})
def move(body: ClockMove) -> Response:
    """Move the manual clock on, from one due moment to the next."""
    access.require(actor(), "set_clock")
    if (body.advance_seconds is None) == (body.to is None):
        raise InvalidRequest("Give either advance_seconds or to.")
    to = moment(body.to, "to")
    return answered(
        once_only(
            once(),
            lambda: Answer(200, timers.advance(application(), seconds=body.advance_seconds, to=to)),
        )
    )
