"""Files of tasks and cases."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api import uploads
from api.current import actor, answered, application, if_match, once, reply
from api.shapes import AttachmentPath, Document, Items, TaskPath
from engine import cases, views

api = APIBlueprint("files", __name__, abp_tags=[Tag(name="tasks")])


@api.post(
    "/tasks/<task_id>/attachments",
    responses={200: Document},
    openapi_extensions=uploads.FILE_BODY,
)
def attach(path: TaskPath) -> Response:
    """Attach a file of at most 5 MB to a task (part `file` of multipart/form-data)."""
    file = uploads.one_file()
    case_id, task = cases.split_task(path.task_id)
    command = file.attached_to(task, application().clock.new_id())
    return answered(
        cases.handle(
            application(), actor(), case_id, command, once=once(file.digest()), if_match=if_match()
        )
    )


@api.get("/tasks/<task_id>/attachments", responses={200: Items})
def attachments(path: TaskPath) -> Response:
    """List a task's files: name, type, size, SHA-256."""
    found = views.attachments(application(), actor(), *cases.split_task(path.task_id))
    return reply({"items": found, "next": None})


@api.get(
    "/cases/<case_id>/attachments/<attachment_id>",
    responses={200: {"description": "The file", "content": {"application/octet-stream": {}}}},
)
def download(path: AttachmentPath) -> Response:
    """Give a file's bytes, always to be saved, never to be shown by the browser."""
    return uploads.download(
        *views.attachment(application(), actor(), path.case_id, path.attachment_id)
    )
