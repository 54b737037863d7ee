"""Who may be asked about somebody's task, shown it, or given more time for it.

Called by ``intake`` once the actor's own right is clear; here it is about the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, accounts, commands, deadlines, identities, store
from engine.access import Actor, CaseFacts
from engine.calendar import LOCAL
from engine.clock import parse
from engine.commands import Command, CompleteTask, GiveSignature, is_signature, signed_task
from engine.database import Transaction
from engine.decisions import evaluate, shape
from engine.definitions import Pinned
from engine.errors import InvalidData, LimitUsedUp, NotAllowed, NothingWaits, WrongState
from engine.execution import OpenTask
from engine.ports import Application
from engine.store import CaseRow
from engine.tables import notes, tasks

EXTENSION = "extension"
"""The decision by which a process limits extensions: outputs ``at_most`` and ``approver``."""

MOST_READERS = 200
_OF_SIGNATURES = (
    commands.GiveSignature,
    commands.RemoveSignature,
    commands.RemindTask,
    commands.AddComment,
    commands.AddAttachment,
)
_APPROVERS = {
    "street": access.CHIEFS,
    "district": frozenset({"district_coordinator", "district_leader"}),
}
_LIMITS = sa.select(
    tasks.c.opened_at, tasks.c.due_at, tasks.c.original_due_at, tasks.c.continuous
).where(tasks.c.case_id == p("case_id"), tasks.c.task == p("task"))
_COPIES = sa.select(notes.c.body).where(
    notes.c.case_id == p("case_id"), notes.c.task == p("task"), notes.c.kind == "copy"
)


def plain(command: Any) -> Any:
    """Return what a request about a signature means: completing one is answering it.

    Raises:
        WrongState: nothing else than answering it is done with a signature.
        InvalidData: an answer carries other data than its words.
    """
    if not is_signature(command.task):
        return command
    if isinstance(command, CompleteTask):
        unknown = sorted(command.data.keys() - {"reason"})
        if unknown:
            raise InvalidData(
                f"An answer takes no data {', '.join(unknown)}.",
                hint="Send {outcome, data: {reason}}; files are added as attachments.",
            )
        return GiveSignature(command.task, command.outcome or "", command.data.get("reason"))
    if not isinstance(command, _OF_SIGNATURES):
        raise WrongState(
            f"{command.task!r} is what one person was asked; it cannot be handed on.",
            hint="Answer it: POST /tasks/{id}/complete with agree or disagree.",
        )
    return command


def of_task(command: Command) -> Command:
    """Return a remark or file about a signature as one about its task."""
    if isinstance(command, commands.AddComment | commands.AddAttachment):
        return replace(command, task=signed_task(command.task))
    return command


def require_asked(
    app: Application, command: commands.AddSignature, task: OpenTask, case: CaseFacts
) -> None:
    """Let somebody be asked about a task, or refuse.

    Raises:
        InvalidData: there is no such user, or no such kind.
        NotAllowed: who has no office, or may not see a secret case.
        SameHand: separation of duties keeps that person from the task.
    """
    if command.kind not in commands.KINDS:
        raise InvalidData(
            f"There is no kind {command.kind!r}.", hint=f"One of {', '.join(commands.KINDS)}."
        )
    receiver = _receiver(app, command.to, case)
    access.check_separation(receiver, task.not_same_as, task.not_same_unit_as)


def _receiver(app: Application, name: str, case: CaseFacts) -> Actor:
    found = app.find_actor(app, name)
    if found is None:
        raise InvalidData(
            f"There is no user {name!r}.", hint="Name a user who is not disabled and in office."
        )
    access.require_reader(found, case, app.references.organisation)
    return found


# -- copies ---------------------------------------------------------------------------


def readers(
    app: Application, tx: Transaction, actor: Actor, names: Iterable[str], case: CaseFacts
) -> list[str]:
    """Return the users that a copy goes to, roles looked up in the case's unit and above.

    Raises:
        InvalidData: a name is neither a user nor a role that somebody holds there, or
            they are too many, or nobody but the actor.
        NotAllowed: see ``require_asked``.
    """
    found: set[str] = set()
    for name in names:
        if "@" in name:
            people = _holders(app, tx, name, case.unit)
            found |= {one.name for one in people if _is_reader(app, one, case)}
        else:
            found.add(_receiver(app, name, case).name)
    found -= {actor.name}
    if not 0 < len(found) <= MOST_READERS:
        raise InvalidData(
            f"A copy goes to 1 to {MOST_READERS} people, not {len(found)}.",
            hint="Name users, or roles that somebody holds: role@ (nearest unit) or role@unit.",
        )
    return sorted(found)


def _is_reader(app: Application, one: Actor, case: CaseFacts) -> bool:
    try:
        access.require_reader(one, case, app.references.organisation)
    except NotAllowed:
        return False
    return True


def _holders(app: Application, tx: Transaction, name: str, unit: str | None) -> list[Actor]:
    """Return who holds ``role@unit``, or ``role@`` in the nearest unit that has it."""
    organisation = app.references.organisation
    role, _, named = name.partition("@")
    day = app.clock.now().astimezone(LOCAL).date()
    place = named or organisation.nearest_unit(role, unit, day)
    if place is None:
        return []
    holders = {*organisation.people_with(role, place, day, substitutes=True)}
    known = [
        one.name
        for one in accounts.read_users(tx)
        if one.person_id in holders or (role, place) in one.grants
    ]
    return identities.actors(app, tx, known)


def require_unread(tx: Transaction, actor: Actor, case_id: str, task: str) -> None:
    """Let somebody say that a copy was opened, once.

    Raises:
        NothingWaits: no copy of the task went to the actor, or it is opened already.
    """
    events = [orjson.loads(row[0]) for row in tx.all(_COPIES, {"case_id": case_id, "task": task})]
    sent = [one for one in events if actor.name in one.get("receivers", ())]
    read = [one for one in events if one["type"] == "copy_read" and one["by"] == actor.name]
    if len(sent) <= len(read):
        raise NothingWaits(
            f"No copy of {task!r} waits to be opened by {actor.name!r}.",
            hint="See the view cc of the inbox.",
        )


# -- extensions --------------------------------------------------------------------------


def require_extension(
    app: Application,
    tx: Transaction,
    actor: Actor,
    row: CaseRow,
    pinned: Pinned,
    *,
    command: commands.ExtendTask,
    task: OpenTask,
) -> None:
    """Let a task be extended as the decision ``extension`` of its process allows, if it has one.

    The decision is given its data and ``extension_in_time``, ``extension_longer`` (than the
    original limit) and ``extensions`` (granted before: by the diagram and by hand).

    Raises:
        LimitUsedUp: no further extension is allowed.
        NotAllowed: it is for another level to grant.
    """
    decision = pinned.decisions.get((task.process, EXTENSION))
    found = tx.one(_LIMITS, {"case_id": row.id, "task": command.task})
    if decision is None or found is None or found[1] is None or actor.is_system:
        return
    opened_at, due_at, original, continuous = found
    now, new = app.clock.now(), parse(command.due_at)
    unit = "MIN" if continuous else "WH"

    def length(since: datetime, until: datetime) -> float:
        return deadlines.hold(since, until, unit, app.references.calendar).n

    names = {
        **task.names,
        "extension_in_time": now <= due_at,
        "extension_longer": length(due_at, new) > length(opened_at, original or due_at),
        "extensions": int(task.names.get("extensions") or 0) + _granted(tx, row.id, command.task),
    }
    lookups = app.references.for_case(orjson.loads(row.lists), now)
    result = shape(evaluate(decision, names, now=now, lookups=lookups), decision, "singleResult")
    approver = (result or {}).get("approver", "none")
    if approver not in _APPROVERS:
        raise LimitUsedUp(
            f"{actor.name!r} cannot extend {task.element!r}: its rules allow no further extension.",
            hint="Ask before the due moment; the decision 'extension' says how often.",
        )
    if not actor.roles & (_APPROVERS[approver] | {"admin"}):
        raise NotAllowed(
            f"{actor.name!r} may not grant this extension.",
            hint=f"The decision 'extension' gives it to the {approver}.",
        )


def _granted(tx: Transaction, case_id: str, task: str) -> int:
    """Return how often a person has extended a task by hand."""
    given = (entry.document()["command"] for entry in store.read_entries(tx, case_id))
    return sum(one["type"] == commands.ExtendTask.type and one["task"] == task for one in given)
