"""What people ask of each other over one task."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.inbox_shapes import Copies, Cosignature, Delegation
from api.moments import checked_moment
from api.routes.task_acts import handled
from api.shapes import Document, MaybeReason, TaskPath
from engine.commands import (
    AddSignature,
    CopyTask,
    GiveSignature,
    ReadCopy,
    RemindTask,
    RemoveSignature,
)
from engine.commands.inbox import DELEGATE, RESOLVED

api = APIBlueprint("task_asking", __name__, abp_tags=[Tag(name="tasks")])


@api.post("/tasks/<task_id>/cosign", responses={200: Document})
def cosign(path: TaskPath, body: Cosignature) -> Response:
    """Ask another person to sign before, beside or after you (加签)."""
    due_at = checked_moment(body.due_at, "due_at")
    return handled(
        path.task_id, lambda task: AddSignature(task, body.to, body.kind, due_at, body.reason)
    )


@api.post("/tasks/<task_id>/uncosign", responses={200: Document})
def uncosign(path: TaskPath, body: MaybeReason) -> Response:
    """Take back a signature or delegation that was not answered yet (减签, 收回委派)."""
    return handled(path.task_id, lambda task: RemoveSignature(task, body.reason))


@api.post("/tasks/<task_id>/delegate", responses={200: Document})
def delegate(path: TaskPath, body: Delegation) -> Response:
    """Let another person do the work while the task stays yours (委派)."""
    due_at = checked_moment(body.due_at, "due_at")
    return handled(
        path.task_id, lambda task: AddSignature(task, body.to, DELEGATE, due_at, body.reason)
    )


@api.post("/tasks/<task_id>/resolve", responses={200: Document})
def resolve(path: TaskPath, body: MaybeReason) -> Response:
    """Give a delegated task back to its owner as done."""
    return handled(path.task_id, lambda task: GiveSignature(task, RESOLVED, body.reason))


@api.post("/tasks/<task_id>/remind", responses={200: Document})
def remind(path: TaskPath, body: MaybeReason) -> Response:
    """Urge who has the task (催办); the same person once in four hours."""
    return handled(path.task_id, lambda task: RemindTask(task, body.reason))


@api.post("/tasks/<task_id>/copy", responses={200: Document})
def copy(path: TaskPath, body: Copies) -> Response:
    """Show the task to people who have nothing to do with it (抄送, 传阅)."""
    return handled(path.task_id, lambda task: CopyTask(task, body.to, body.reason))


@api.post("/tasks/<task_id>/read", responses={200: Document})
def read(path: TaskPath) -> Response:
    """Say that you have opened what was shown to you (已阅)."""
    return handled(path.task_id, ReadCopy)
