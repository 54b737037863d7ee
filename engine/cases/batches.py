"""The same act on many tasks: each its own command and entry, and none stops the others."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from engine import intake
from engine.access import Actor
from engine.bpmn.model import Node
from engine.cases.answers import Once, split_task, stored
from engine.cases.desks import at_desk
from engine.cases.handling import handle
from engine.commands import (
    ClaimTask,
    Command,
    CompleteTask,
    JsonObject,
    RemindTask,
    is_signature,
)
from engine.definitions import Pinned
from engine.errors import EngineError, InvalidRequest, WrongState
from engine.ports import Application
from engine.sealing import Sealer

ACTS = ("claim", "complete", "remind")
_TOLD = ("status", "code", "detail", "hint")


class Batch(NamedTuple):
    """What is to be done with each task.

    Attributes:
        act: one of ``ACTS``.
        outcome: with which each is completed.
        text: words that go with each reminder.
    """

    act: str
    outcome: str | None = None
    text: str | None = None


def batch(
    app: Application, actor: Actor, wanted: Batch, tasks: list[str], *, once: Once
) -> JsonObject:
    """Do the same with many tasks, in the order given, each task once.

    Returns:
        ``{act, done, items}``: how many were done, and of each task its ``task`` and the
        ``status`` of its own answer; of a refused one also ``code``, ``detail`` and ``hint``.

    Raises:
        InvalidRequest: an act that is not done with many tasks, or one without its outcome.
    """
    if wanted.act not in ACTS:
        raise InvalidRequest(
            f"{wanted.act!r} is not done with many tasks at once.",
            hint=f"Choose one of {', '.join(ACTS)}.",
        )
    if wanted.act == "complete" and not wanted.outcome:
        raise InvalidRequest("Tasks completed together need an outcome.", hint="Name it.")
    items = [_one(app, actor, wanted, task, once) for task in dict.fromkeys(tasks)]
    return {"act": wanted.act, "done": sum(one["status"] < 300 for one in items), "items": items}


def outcomes_of(pinned: Pinned, process: str, element: str) -> tuple[str, ...]:
    """Return the outcomes with which a task may be completed together with others.

    The diagram names them (property ``batch``). A task with a secret ballot, or one that
    judges what another unit has done, is looked at by itself, whatever the diagram says.
    """
    node = pinned.bundle.processes[process].nodes[element]
    form = pinned.form_of(process, element)
    return () if form is not None and form.ballots else named_outcomes(node)


def named_outcomes(node: Node) -> tuple[str, ...]:
    """Return the outcomes that a diagram lets a task be completed with together with others."""
    if node.assignment.not_same_unit_as:
        return ()
    return tuple(node.properties.get("batch", "").replace(";", " ").split())


def _one(app: Application, actor: Actor, wanted: Batch, task: str, once: Once) -> JsonObject:
    again = once if once.key is None else replace(once, key=f"{once.key} {task}")
    with app.database.glancing() as tx:
        known = stored(tx, actor, again)
    if known is not None:
        return {"task": task, "status": known.status}
    try:
        case_id, name = split_task(task)
        if wanted.act == "complete":
            _check(app, actor, case_id, CompleteTask(name, wanted.outcome))
        answer = handle(app, actor, case_id, _command(wanted, name), once=again)
    except EngineError as refusal:
        told = refusal.to_json()
        return {"task": task, **{name: told[name] for name in _TOLD if name in told}}
    return {"task": task, "status": answer.status}


def _command(wanted: Batch, name: str) -> Command:
    if wanted.act == "claim":
        return ClaimTask(name)
    if wanted.act == "remind":
        return RemindTask(name, wanted.text)
    return CompleteTask(name, wanted.outcome)


def _check(app: Application, actor: Actor, case_id: str, command: CompleteTask) -> None:
    """Refuse a task that is completed by itself only, to who may complete it at all."""
    sealer = Sealer(app.clock.new_id, app.clock.secret)
    with app.database.reading() as tx:
        app.references.refresh(tx)
        desk = at_desk(app, tx, actor, case_id)
        intake.prepare(desk, command, sealer)
        executor = app.executors[desk.row.executor]
        task = executor.task(desk.pinned.bundle, desk.snapshot, command.task)
    allowed = outcomes_of(desk.pinned, task.process, task.element)
    if is_signature(command.task) or command.outcome not in allowed:
        raise WrongState(
            f"The task {command.task!r} is not completed together with others"
            + (f" as {command.outcome!r}." if allowed else "."),
            hint="Open it and complete it by itself.",
        )
