"""Remarks, files and rows of registers; nothing moves."""

from __future__ import annotations

from engine import notes
from engine.commands import AddAttachment, AddComment, JsonObject
from engine.spiff.machine import Token
from engine.spiff.run import Run
from engine.spiff.tasks import demand_task, tell_task


def comment(run: Run, command: AddComment) -> None:
    """Add a remark to a task."""
    demand_task(run, command.task)
    tell_task(run, command.task, "comment_added", **notes.remark(command, run.actor))


def attach(run: Run, command: AddAttachment) -> None:
    """Add a file to a task."""
    demand_task(run, command.task)
    tell_task(run, command.task, "attachment_added", **notes.file(command, run.actor))


def register(run: Run, token: Token, inputs: JsonObject) -> None:
    """Enter a row in one or more registers; see ``notes.row``."""
    entered = notes.row(inputs, unit=run.case["unit"], author=run.actor)
    run.tell(token, "row_registered", job=token.name, **entered)
