"""The decisions of a case: what was decided, by which rules, and why by no other."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.current import actor, application, reply
from api.shapes import CasePath, Items
from engine import views

api = APIBlueprint("decisions", __name__, abp_tags=[Tag(name="cases")])


@api.get("/cases/<case_id>/decisions", responses={200: Items})
def taken(path: CasePath) -> Response:
    """Say why each decision of the case came out as it did, and what kept other rules."""
    return reply({"items": views.decisions(application(), actor(), path.case_id), "next": None})
