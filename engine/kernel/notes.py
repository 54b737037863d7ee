"""Remarks and files that people add to a task; no token moves."""

from __future__ import annotations

from engine import notes
from engine.commands import AddAttachment, AddComment
from engine.kernel.run import Run
from engine.kernel.tasks import demand_task, emit_task


def comment(run: Run, command: AddComment) -> None:
    """Add a remark to a task."""
    demand_task(run, command.task)
    emit_task(run, command.task, "comment_added", **notes.remark(command, run.actor))


def attach(run: Run, command: AddAttachment) -> None:
    """Add a file to a task."""
    demand_task(run, command.task)
    emit_task(run, command.task, "attachment_added", **notes.file(command, run.actor))
