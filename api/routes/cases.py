"""Cases: start them, find them, read them."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.case_shapes import AccessQuery
from api.current import actor, answered, application, once, read, reply
from api.moments import moment
from api.shapes import CasePath, CaseQuery, Document, Items, Start, StateQuery
from engine import cases, views
from engine.errors import InvalidRequest

api = APIBlueprint("cases", __name__, abp_tags=[Tag(name="cases")])


@api.post("/cases", responses={201: Document})
def start(body: Start) -> Response:
    """Start a case."""
    return answered(
        cases.start(
            application(),
            actor(),
            process=body.process,
            version=body.version,
            data=body.data,
            business_key=body.business_key,
            at_start=body.start,
            once=once(),
        )
    )


@api.get("/cases", responses={200: Items})
def find(query: CaseQuery) -> Response:
    """List the cases that you may see, the newest first; or find some by what they hold."""
    if query.words or query.place or query.phone:
        others = (query.process, query.state, query.business_key, query.q, query.since, query.until)
        if any(others):
            raise InvalidRequest(
                "Words, place and phone do not go with the other filters.",
                hint="Ask for one kind at a time.",
            )
        wanted = views.Wanted(query.words, query.place, query.phone)
        held = views.search(application(), actor(), wanted, limit=query.limit, cursor=query.cursor)
        return reply(held)
    found = views.cases_page(
        application(),
        actor(),
        process=query.process,
        state=query.state,
        business_key=query.business_key,
        q=query.q,
        since=moment(query.since, "since"),
        until=moment(query.until, "until"),
        limit=query.limit,
        cursor=query.cursor,
    )
    return reply(found)


@api.get("/cases/<case_id>", responses={200: Document})
def show(path: CasePath) -> Response:
    """Show a case: state, data, open tasks, timers, incidents, links."""
    return read(views.case(application(), actor(), path.case_id))


@api.get("/cases/<case_id>/history", responses={200: Items})
def history(path: CasePath) -> Response:
    """Give the case's entries in order, each with its command, events and digest."""
    entries = views.history(application(), actor(), path.case_id)
    return reply({"items": entries, "next": None})


@api.get("/cases/<case_id>/accesses", responses={200: Items})
def accesses(path: CasePath, query: AccessQuery) -> Response:
    """Say who was shown which personal values of the case, the latest first."""
    found = views.looks(
        application(), actor(), path.case_id, limit=query.limit, cursor=query.cursor
    )
    return reply(found)


@api.get("/cases/<case_id>/state", responses={200: Document})
def state(path: CasePath, query: StateQuery) -> Response:
    """Say where every token stood, and what the data were, after an entry."""
    return reply(views.state_at(application(), actor(), path.case_id, query.position))
