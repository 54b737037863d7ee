"""The inbox: which tasks there are, what changed, what one asks for."""

from __future__ import annotations

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.current import actor, application, read, reply
from api.shapes import ChangesQuery, Document, Items, TaskPath, TaskQuery
from engine import views
from engine.cases import return_targets as return_free
from engine.cases import split_task

BACK = frozenset({"return", "back", "rework"})
"""Words in the name of an outcome that sends the task back."""

api = APIBlueprint("tasks", __name__, abp_tags=[Tag(name="tasks")])


@api.get("/tasks", responses={200: Items})
def find(query: TaskQuery) -> Response:
    """List tasks of one view of the inbox, the most urgent first."""
    found = views.inbox_page(
        application(),
        actor(),
        view=query.view,
        process=query.process,
        unit=query.unit,
        sort=query.sort,
        overdue=bool(query.overdue),
        q=query.q,
        limit=query.limit,
        cursor=query.cursor,
    )
    return reply(found)


@api.get("/tasks/changes", responses={200: Document, 304: None})
def changes(query: ChangesQuery) -> Response:
    """Say what changed in the inbox; 304 when nothing did since `since` or If-None-Match."""
    tag, found = views.changes(application(), actor())
    bare = tag.strip('"')
    if bare == query.since or bare in request.if_none_match:
        return Response(status=304, headers={"ETag": tag})
    return reply({"tag": bare, **found}, etag=tag)


@api.get("/tasks/<task_id>", responses={200: Document})
def show(path: TaskPath) -> Response:
    """Show a task: its form, its data, its outcomes, and what you may do with it."""
    return read(views.task(application(), actor(), *split_task(path.task_id)))


@api.get("/tasks/<task_id>/comments", responses={200: Items})
def comments(path: TaskPath) -> Response:
    """List the remarks on a task, the oldest first."""
    found = views.comments(application(), actor(), *split_task(path.task_id))
    return reply({"items": found, "next": None})


@api.get("/tasks/<task_id>/return-targets", responses={200: Items})
def return_targets(path: TaskPath) -> Response:
    """List where this task may be sent back to.

    First the diagram's own ways (`value`: an outcome), then the tasks done before that you
    may return it to (`to`), the latest first, with what would be cancelled along with it.
    """
    task = views.task(application(), actor(), *split_task(path.task_id))
    free = [] if task["state"] != "open" else return_free(application(), actor(), path.task_id)
    return reply({"items": [*returns(task["outcomes"]), *free], "next": None})


def returns(outcomes: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the outcomes that send a task back, which their names say: ``return_for_info``."""
    return [one for one in outcomes if BACK & set(one["value"].split("_"))]
