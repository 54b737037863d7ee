"""Sending work back, taking it back, and what a move would do, told before it is done."""

from __future__ import annotations

from dataclasses import replace

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, intake, lookback, store
from engine.access import Actor
from engine.bpmn.model import Node
from engine.cases.answers import split_task
from engine.cases.desks import at_desk
from engine.cases.turns import Request, Turn, execute
from engine.clock import text
from engine.commands import JsonObject, MoveTokens
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import (
    EngineError,
    MoveRefused,
    NotAllowed,
    TaskNotOpen,
)
from engine.events import Event
from engine.facts import case_facts
from engine.ports import Application
from engine.sealing import Sealer
from engine.tables import tasks

_ASSIGNEES = sa.select(tasks.c.task, tasks.c.assignee).where(
    tasks.c.case_id == p("case_id"), tasks.c.state == "open"
)
_SENT = frozenset({"message_sent", "signal_sent"})


def preview(app: Application, actor: Actor, case_id: str, command: MoveTokens) -> JsonObject:
    """Return what a move would cancel and open; nothing is kept.

    Returns:
        ``{case, cancels, opens}``, each a list of ``{process, element, name, nth,
        instance?, task?, assignee?}`` in the order of the events; where the move cannot be
        made the lists are empty and ``refused`` is ``{code, detail, hint?, element?}``.

    Raises:
        CaseNotFound, NotAllowed, TaskNotOpen, WrongState: as ``handle``.
    """
    with app.database.reading() as tx:
        desk = at_desk(app, tx, actor, case_id)
    return {"case": case_id, **_tried(desk, command)}


def returning(app: Application, actor: Actor, task_id: str, target: str, reason: str) -> MoveTokens:
    """Return the command that sends a task back to an earlier one (退回).

    The earlier task keeps what was left of its limits when it was completed, unless its
    property ``return_limit`` is ``fresh``.

    Raises:
        CaseNotFound: there is no such case for the actor.
    """
    case_id, task = split_task(task_id)
    with app.database.reading() as tx:
        desk = at_desk(app, tx, actor, case_id)
        process, _, element = target.rpartition(".")
        last = [
            one
            for one in lookback.done(tx, case_id)
            if one.element == element and process in ("", one.process)
        ]
        if len(last) != 1:
            # Which one is meant, or that there is none, is for the executor to say.
            return MoveTokens(target, task, "return", reason)
        return _back_to(desk, last[0], task, reason)


def withdrawing(app: Application, actor: Actor, task_id: str, reason: str) -> MoveTokens:
    """Return the command by which somebody takes back what he has just done (撤回).

    Raises:
        CaseNotFound, NotAllowed: there is no such case for the actor, or no right to do so.
        TaskNotOpen: the task is not completed, or was done again since.
        MoveRefused: what follows cannot be taken back: it was sent, or others have done it.
    """
    case_id, task = split_task(task_id)
    with app.database.reading() as tx:
        desk = at_desk(app, tx, actor, case_id)
        # Before anything is said of the case: to others it is not there.
        facts = case_facts(tx, desk.row)
        access.require(actor, "take_back", facts, organisation=app.references.organisation)
        last = next((one for one in lookback.done(tx, case_id) if one.task == task), None)
        if last is None:
            raise TaskNotOpen(task, state="not the last one completed there", case_id=case_id)
        opened = _opened_by(tx, case_id, task)
        open_: dict[str, str | None] = dict(tx.all(_ASSIGNEES, {"case_id": case_id}))
        if any(one not in open_ for one in opened):
            raise MoveRefused(
                "What follows was done already, or nobody has to do it.",
                hint="Ask for a return (退回) instead.",
                element=last.element,
            )
        command = _back_to(desk, last, opened[0] if opened else None, reason)
    return replace(command, kind="withdraw", claims=True)


def targets(app: Application, actor: Actor, task_id: str) -> list[JsonObject]:
    """Return where the actor may send a task back to, besides the diagram's own ways.

    Returns:
        The earlier tasks that were completed in the case, the latest first, as ``{to,
        process, name, name_en, by, at, cancels}``: what would be cancelled along with it.
    """
    case_id, task = split_task(task_id)
    with app.database.reading() as tx:
        desk = at_desk(app, tx, actor, case_id)
        done = lookback.done(tx, case_id)
    found = []
    for one in reversed(done):
        to = f"{one.process}.{one.element}"
        try:
            tried = _tried(desk, MoveTokens(to, task, "return"))
        except (NotAllowed, TaskNotOpen):
            continue
        if "refused" not in tried:
            node = _node(desk.pinned, one.process, one.element)
            found.append(
                {
                    "to": to,
                    "process": one.process,
                    "name": "" if node is None else node.name,
                    "name_en": "" if node is None else node.properties.get("name_en", node.name),
                    "by": one.by,
                    "at": text(one.at),
                    "cancels": tried["cancels"],
                }
            )
    return found


def _tried(desk: intake.Desk, command: MoveTokens) -> JsonObject:
    """Return what a command would do, judged as ``handle`` judges it."""
    app, row = desk.app, desk.row
    sealer = Sealer(app.clock.new_id, app.clock.secret)
    with app.database.reading() as tx:
        allowed, _ = intake.prepare(desk._replace(tx=tx), command, sealer)
        assignees: dict[str, str | None] = dict(tx.all(_ASSIGNEES, {"case_id": row.id}))
    request = Request(desk.actor, allowed)
    turn = Turn(
        row, desk.snapshot, desk.pinned, request, allowed, sealer, max(app.clock.now(), row.at)
    )
    try:
        applied, _, _ = execute(app, turn)
    except EngineError as refusal:
        problem = refusal.to_json()
        told = {
            name: problem[name] for name in ("code", "detail", "hint", "element") if name in problem
        }
        return {"cancels": [], "opens": [], "refused": told}
    return _told(applied.events, desk.pinned, assignees)


def _told(events: list[Event], pinned: Pinned, assignees: dict[str, str | None]) -> JsonObject:
    cut = {_visit(one): one for one in events if one.get("cancelled")}
    tasks_of = {_visit(one): one["task"] for one in events if "task" in one}
    left = {_visit(one) for one in events if one["type"] == "element_left"}
    opened = [
        one
        for one in events
        if one["type"] == "element_entered" and _visit(one) not in left and "instance" not in one
    ]

    def item(event: Event) -> JsonObject:
        node = _node(pinned, event["process"], event["element"])
        found: JsonObject = {
            name: event[name] for name in ("process", "element", "nth", "instance") if name in event
        }
        found["name"] = "" if node is None else node.name
        task = tasks_of.get(_visit(event))
        if task is not None:
            found["task"] = task
            if assignees.get(task) is not None:
                found["assignee"] = assignees[task]
        return found

    return {"cancels": [item(one) for one in cut.values()], "opens": [item(one) for one in opened]}


def _visit(event: Event) -> tuple[str, str, int, int | None]:
    return event["process"], event["element"], event["nth"], event.get("instance")


def _node(pinned: Pinned, process: str, element: str) -> Node | None:
    known = pinned.bundle.processes.get(process)
    return None if known is None else known.nodes.get(element)


def _back_to(desk: intake.Desk, last: lookback.Done, source: str | None, reason: str) -> MoveTokens:
    """Return the command that goes back to a task, with what was left of its limits."""
    node = _node(desk.pinned, last.process, last.element)
    keeps = node is not None and node.loop is None and _keeps_limit(node)
    limits = lookback.limits_of(desk.tx, desk.row.id, last.task) if keeps else None
    return MoveTokens(f"{last.process}.{last.element}", source, "return", reason, limits)


def _keeps_limit(node: Node) -> bool:
    return node.properties.get("return_limit") != "fresh"


def _opened_by(tx: Transaction, case_id: str, task: str) -> list[str]:
    """Return the tasks that the completion of a task opened.

    Raises:
        MoveRefused: something was sent with it, which cannot be called back.
    """
    for entry in store.read_entries(tx, case_id):
        events = orjson.loads(entry.body)["events"]
        if not any(one["type"] == "task_completed" and one["task"] == task for one in events):
            continue
        sent = next((one for one in events if one["type"] in _SENT), None)
        if sent is not None:
            raise MoveRefused(
                f"{sent['name']!r} was sent with it and cannot be called back.",
                hint="Ask for a return (退回) instead.",
                element=sent["element"],
            )
        return [one["task"] for one in events if one["type"] == "task_opened"]
    return []
