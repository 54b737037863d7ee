"""What may be done with one task."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.case_shapes import Batch
from api.current import actor, answered, application, if_match, once, reply
from api.inbox_shapes import TaskSuspension
from api.moments import checked_moment
from api.routes.tasks import returns
from api.shapes import (
    Claim,
    Comment,
    Completion,
    Document,
    Extension,
    MaybeReason,
    Reason,
    Return,
    TaskPath,
    Transfer,
)
from engine import cases, forms, views
from engine.commands import (
    AddComment,
    ClaimTask,
    Command,
    CompleteTask,
    ExtendTask,
    JsonObject,
    ResumeTask,
    SuspendTask,
    TransferTask,
    UnclaimTask,
)
from engine.errors import WrongState

api = APIBlueprint("task_acts", __name__, abp_tags=[Tag(name="tasks")])


def _handle(case_id: str, command: Command) -> Response:
    return answered(
        cases.handle(application(), actor(), case_id, command, once=once(), if_match=if_match())
    )


def handled(task_id: str, command: Callable[[str], Command]) -> Response:
    """Return the answer to a command about a task; it is made from the task's name."""
    case_id, task = cases.split_task(task_id)
    return _handle(case_id, command(task))


@api.post("/tasks/batch", responses={200: Document})
def batch(body: Batch) -> Response:
    """Do the same with many tasks; each answers for itself, and none stops the others."""
    wanted = cases.Batch(body.act, body.outcome, body.text)
    return reply(cases.batch(application(), actor(), wanted, body.tasks, once=once()))


@api.post("/tasks/<task_id>/claim", responses={200: Document})
def claim(path: TaskPath, body: Claim) -> Response:
    """Take a task (签收); the first one wins, the second gets 409."""
    case_id, task = cases.split_task(path.task_id)
    return _handle(case_id, ClaimTask(task, body.unit))


@api.post("/tasks/<task_id>/unclaim", responses={200: Document})
def unclaim(path: TaskPath) -> Response:
    """Give a claimed task back (取消签收)."""
    case_id, task = cases.split_task(path.task_id)
    return _handle(case_id, UnclaimTask(task))


@api.post("/tasks/<task_id>/complete", responses={200: Document})
def complete(path: TaskPath, body: Completion) -> Response:
    """Complete a task (办理); one that you may claim is claimed on the way."""
    case_id, task = cases.split_task(path.task_id)
    return _handle(case_id, CompleteTask(task, body.outcome, body.data, body.unit))


@api.post("/tasks/<task_id>/transfer", responses={200: Document})
def transfer(path: TaskPath, body: Transfer) -> Response:
    """Hand a task to somebody else for good (转办); no limit starts anew."""
    case_id, task = cases.split_task(path.task_id)
    return _handle(case_id, TransferTask(task, body.to, body.reason, body.unit))


@api.post("/tasks/<task_id>/return", responses={200: Document})
def send_back(path: TaskPath, body: Return) -> Response:
    """Send a task back along a flow of the diagram, or to a task that was done before (退回)."""
    case_id, task = cases.split_task(path.task_id)
    if body.to is not None:
        command = cases.returning(application(), actor(), path.task_id, body.to, body.reason)
        if body.dry_run:
            return reply(cases.preview_move(application(), actor(), case_id, command))
        return _handle(case_id, command)
    shown = views.task(application(), actor(), case_id, task)
    offered = [one["value"] for one in returns(shown["outcomes"])]
    outcome = body.outcome or next(iter(offered), None)
    if outcome not in offered:
        raise WrongState(
            "The diagram has no such way back from this task.",
            hint="See GET /tasks/{id}/return-targets.",
        )
    data = {**_reason(shown, body.reason), **body.data}
    return _handle(case_id, CompleteTask(task, outcome, data))


@api.post("/tasks/<task_id>/withdraw", responses={200: Document})
def take_back(path: TaskPath, body: Reason) -> Response:
    """Take back what you have just completed, while nobody has signed for what follows (撤回)."""
    command = cases.withdrawing(application(), actor(), path.task_id, body.reason)
    return _handle(cases.split_task(path.task_id)[0], command)


def _reason(task: JsonObject, reason: str) -> JsonObject:
    """Give the reason under the name that the form has for it; as a datum without a form."""
    if not task["form"]:
        return {"reason": reason}
    form = forms.load(views.form(application(), task["form"]))
    names = [one for one in sorted(form.editable) if one.endswith("reason")]
    return dict.fromkeys(names[:1], reason)


@api.post("/tasks/<task_id>/suspend", responses={200: Document})
def suspend(path: TaskPath, body: TaskSuspension) -> Response:
    """Stop a task's limits (挂起) until somebody looks at it again."""
    case_id, task = cases.split_task(path.task_id)
    review_at = checked_moment(body.review_at, "review_at")
    return _handle(case_id, SuspendTask(task, body.reason, review_at))


@api.post("/tasks/<task_id>/resume", responses={200: Document})
def resume(path: TaskPath, body: MaybeReason) -> Response:
    """Let a suspended task's limits run on."""
    case_id, task = cases.split_task(path.task_id)
    return _handle(case_id, ResumeTask(task, body.reason))


@api.post("/tasks/<task_id>/extend", responses={200: Document})
def extend(path: TaskPath, body: Extension) -> Response:
    """Give a task a later due moment (延期); the original one is kept beside it."""
    case_id, task = cases.split_task(path.task_id)
    due_at = checked_moment(body.due_at, "due_at") or body.due_at
    return _handle(case_id, ExtendTask(task, due_at, body.reason))


@api.post("/tasks/<task_id>/comment", responses={200: Document})
def comment(path: TaskPath, body: Comment) -> Response:
    """Add a remark to a task (批注)."""
    case_id, task = cases.split_task(path.task_id)
    return _handle(case_id, AddComment(task, body.text))
