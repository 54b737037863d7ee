"""Incidents: which there are, by cause, and another try for all cases of one."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.current import actor, answered, application, once, reply
from api.repeats import once_only
from api.shapes import Document, IncidentRetry, Items, KeyPath, Page
from engine import incidents, views
from engine.cases import Answer
from engine.incidents import Cause, Cure

api = APIBlueprint("incidents", __name__, abp_tags=[Tag(name="incidents")])


@api.get("/incidents", responses={200: Items})
def every(query: Page) -> Response:
    """List the open incidents of the cases that you may see."""
    found = views.incident_page(application(), actor(), limit=query.limit, cursor=query.cursor)
    return reply(found)


@api.get("/incidents/causes", responses={200: Items})
def causes() -> Response:
    """List what makes steps stand still, the most frequent first."""
    return reply(incidents.causes(application(), actor()))


@api.get("/incidents/causes/<key>", responses={200: Document})
def cause(path: KeyPath) -> Response:
    """Show a cause: the cases it holds up and the values that its expression saw."""
    return reply(incidents.cause(application(), actor(), path.key))


@api.post("/incidents/retry", responses={200: Document})
def retry(body: IncidentRetry) -> Response:
    """Try again what stands still by one cause, with corrected data or a corrected version."""
    return answered(once_only(once(), lambda: _retry(body)))


def _retry(body: IncidentRetry) -> Answer:
    cause = Cause(body.process, body.element, body.code, body.expression)
    cure = Cure(body.reason, body.data, body.version, body.mapping, tuple(body.cases))
    return Answer(200, incidents.retry(application(), actor(), cause.id, cure))
