"""What a request must pass before it becomes a command: rights, form, sealing.

Comes between the outside, where personal values are plain, and the command,
where none is. The executor judges the state; this judges the person and the data.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from engine import access, asking, commands, forms, instances, lookback
from engine.access import Actor, CaseFacts
from engine.bpmn.model import OFFERED, SECRET, Node
from engine.commands import Command, CompleteTask, JsonObject, StartCase
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import (
    CaseNotFound,
    InvalidData,
    InvalidRequest,
    NotAllowed,
    NothingWaits,
    TaskNotOpen,
    WrongState,
)
from engine.execution import OpenTask, Snapshot
from engine.facts import case_facts
from engine.organisation import Grant
from engine.ports import Application
from engine.projection import CLOSED
from engine.sealing import Sealer
from engine.store import CaseRow

ACTIONS: dict[str, str] = {
    "claim_task": "claim",
    "unclaim_task": "unclaim",
    "transfer_task": "transfer",
    "complete_task": "complete",
    "suspend_task": "suspend_task",
    "resume_task": "resume_task",
    "extend_task": "extend",
    "add_comment": "comment",
    "add_attachment": "attach",
    "add_signature": "cosign",
    "give_signature": "sign",
    "remove_signature": "uncosign",
    "remind_task": "remind",
    "copy_task": "copy",
    "correlate_message": "message",
    "receive_signal": "signal",
    "retry_incident": "retry",
    "suspend_case": "suspend",
    "resume_case": "resume",
    "add_instance": "add_instance",
    "cancel_instance": "cancel_instance",
    "migrate_case": "migrate",
    "unlink_case": "link",
    "hold_scope": "suspend",
    "release_scope": "resume",
    "start_activity": "start_activity",
    "complete_scope": "start_activity",
    "complete_job": "work",
    "fail_job": "work",
}
"""Command type -> action that ``rights`` knows. Others are the engine's own."""

ENDS = {"terminated": "terminate", "voided": "void", "withdrawn": "withdraw", "merged": "merge"}
"""How a case may be cancelled -> the action that needs a right."""

_WORKING = frozenset({"claim_task", "complete_task"})


def home_unit(app: Application, actor: Actor) -> str | None:
    """Return the unit of the actor that a case started now belongs to, or None."""
    if actor.is_system:
        return None
    organisation = app.references.organisation
    if actor.person_id is not None:
        person = organisation.person(actor.person_id, actor.as_of)
        if person and person["units"]:
            return str(person["units"][0])
    units = sorted({unit for _, unit in actor.grants})
    return units[0] if units else None


def prepare_start(
    actor: Actor,
    pinned: Pinned,
    command: StartCase,
    sealer: Sealer,
    *,
    rows: forms.Rows,
    trusted: bool,
) -> StartCase:
    """Return the command with its data judged by the start form and sealed.

    Args:
        rows: what gives the form the rows of the lists that it offers.
        trusted: the data come from another case and need not fit the form.

    Raises:
        NotAllowed: the start event names roles, and the actor holds none of them.
        InvalidRequest: there are several start events and none was named.
        InvalidData: the data do not fit.
    """
    node = _start_node(pinned, command.start)
    roles = pinned.main.starter_roles
    access.require(actor, "start", start_roles=roles, is_offered_to_all=OFFERED in node.properties)
    form = pinned.form_of(pinned.bundle.main, node.id)
    if trusted:
        personal = form.personal if form else frozenset()
        ballots = form.ballots if form else frozenset()
        return _arrived(node, replace(command, data=sealer.fields(command.data, personal, ballots)))
    if form is None:
        free = forms.validate_free(command.data, writes=node.writes)
        return _arrived(node, replace(command, data=free))
    data = forms.validate(forms.filled(form, rows), command.data)
    return replace(command, data=sealer.fields(data, form.personal, form.ballots))


def _arrived(node: Node, command: StartCase) -> StartCase:
    """Return a start with what arrived in the datum that the start event names for it."""
    if node.parallel_multiple and len(node.events) > 1:
        # What came is named already, each by its own definition.
        return command
    names = {one.variable for one in node.events if one.variable is not None}
    return replace(command, data=dict.fromkeys(names, command.data)) if names else command


def _start_node(pinned: Pinned, element: str | None) -> Node:
    root = pinned.main.root
    starts = [root.nodes[one] for one in (*root.beginnings, *root.implicit_starts)]
    if element is None:
        plain = [one for one in starts if not one.events] or starts[:1]
    else:
        plain = [one for one in starts if one.id == element]
    if len(plain) != 1:
        names = ", ".join(one.id for one in starts)
        raise InvalidRequest(
            f"Process {pinned.bundle.main!r} has no single start event {element or ''!r}.",
            hint=f"Name one of: {names}.",
        )
    return plain[0]


class Desk(NamedTuple):
    """Where a request is judged: who asks, and the case as it stands."""

    app: Application
    tx: Transaction
    actor: Actor
    row: CaseRow
    snapshot: Snapshot
    pinned: Pinned


def prepare(desk: Desk, command: Command, sealer: Sealer) -> tuple[Command, Grant | None]:
    """Return the command as it will be recorded: allowed, valid, sealed.

    Beside it stands the (role, unit) in which the actor acts, where one decides.

    Raises:
        CaseNotFound, NotAllowed, AlreadyClaimed, SameHand: what ``access`` refuses.
        TaskNotOpen: the task takes no more commands.
        InvalidData: the data do not fit the form.
        WrongState: the case has ended.
    """
    if isinstance(command, commands.ReadCopy):
        _require(desk, "see", None)
        asking.require_unread(desk.tx, desk.actor, desk.row.id, command.task)
        return command, None
    if getattr(command, "task", None) is not None:
        return _prepare_task(desk, command, sealer)
    if isinstance(command, commands.StartActivity | commands.CompleteScope):
        return _prepare_offer(desk, command)
    if isinstance(command, commands.MoveTokens):
        return _prepare_move(desk, command, sealer)
    pair = _require(desk, _action(command), None)
    _check_state(desk.row)
    if isinstance(command, commands.AddInstance | commands.CancelInstance):
        _check_instance(desk, command)
    if getattr(command, "data", None) is not None:
        data: JsonObject = command.data  # type: ignore[attr-defined]
        if not desk.actor.is_system:
            data = forms.validate_free(data)
        if isinstance(command, commands.CompleteJob):
            data = _result(desk, command.job, data)
        changes: Any = {"data": sealer.marked(data)}
        command = replace(command, **changes)
    return _seal_texts(command, sealer), pair


def _check_instance(desk: Desk, command: commands.AddInstance | commands.CancelInstance) -> None:
    executor = desk.app.executors[desk.row.executor]
    running = executor.instances(desk.pinned.bundle, desk.snapshot)
    if isinstance(command, commands.AddInstance):
        instances.require_addable(desk.tx, desk.row.id, command, running, desk.pinned)
    else:
        instances.require_removable(desk.tx, desk.row.id, command, running, desk.pinned)


def _result(desk: Desk, job: str, data: JsonObject) -> JsonObject:
    """Return a worker's answer as the diagram wants it: by keys, or as one datum."""
    # A job keeps its name when a migration gives its element another id.
    place = desk.app.executors[desk.row.executor].place_of(desk.snapshot, job)
    process = None if place is None else desk.pinned.bundle.processes.get(place[0])
    node = None if process is None or place is None else process.nodes.get(place[1])
    return data if node is None or node.result is None else {node.result: data}


def _action(command: Command) -> str:
    if isinstance(command, commands.CancelCase):
        return ENDS[command.end]
    if isinstance(command, commands.LinkCase):
        return "split" if command.kind == "split" else "link"
    return ACTIONS.get(command.type, "move")


def _check_state(row: CaseRow) -> None:
    if row.state in CLOSED:
        raise WrongState(
            f"Case {row.id!r} is {row.end_state or row.state}; it takes no more commands.",
            hint=f"See GET /cases/{row.id}/history, or start a new case.",
        )


def _prepare_task(desk: Desk, command: Any, sealer: Sealer) -> tuple[Command, Grant | None]:
    executor = desk.app.executors[desk.row.executor]
    command = asking.plain(command)
    named = command.task
    if isinstance(command, commands.RemoveSignature):
        named = commands.signed_task(named)
    try:
        task = executor.task(desk.pinned.bundle, desk.snapshot, named)
    except TaskNotOpen:
        # Whether it was ever there is only for those who may see the case.
        _require(desk, "see", None)
        raise
    pair = _require(desk, _action(command), task)
    unit = pair[1] if pair else None
    if command.type in _WORKING:
        access.check_separation(desk.actor, task.not_same_as, task.not_same_unit_as, unit=unit)
    if isinstance(command, CompleteTask):
        data = _judged(desk, command, task, sealer)
        return CompleteTask(command.task, command.outcome, data, unit or command.unit), pair
    if hasattr(command, "unit") and not desk.actor.is_system:
        command = replace(command, unit=unit)
    command = _of_others(desk, command, task)
    return _seal_texts(command, sealer), pair


def _of_others(desk: Desk, command: Any, task: OpenTask) -> Command:
    """Return a command about a task once it is clear that it may concern whom it names."""
    app, tx, actor, row = desk.app, desk.tx, desk.actor, desk.row
    if isinstance(command, commands.TransferTask):
        _check_receiver(app, command, task)
    elif isinstance(command, commands.AddSignature):
        asking.require_asked(app, command, task, case_facts(tx, row))
    elif isinstance(command, commands.CopyTask):
        found = asking.readers(app, tx, actor, command.receivers, case_facts(tx, row))
        command = replace(command, receivers=found)
    elif isinstance(command, commands.SuspendTask) and command.review_at is not None:
        command = replace(command, reminds=True)
    elif isinstance(command, commands.ExtendTask):
        pinned = desk.pinned
        asking.require_extension(app, tx, actor, row, pinned, command=command, task=task)
    return asking.of_task(command)


def _prepare_offer(
    desk: Desk, command: commands.StartActivity | commands.CompleteScope
) -> tuple[Command, Grant | None]:
    executor = desk.app.executors[desk.row.executor]
    offers = executor.offers(desk.pinned.bundle, desk.snapshot)
    offer = next((one for one in offers if one.scope == command.scope), None)
    if offer is None:
        # Whether it was ever there is only for those who may see the case.
        _require(desk, "see", None)
        _check_state(desk.row)
        raise NothingWaits(
            f"No ad-hoc sub-process {command.scope!r} is open.",
            hint=f"GET /cases/{desk.row.id} lists under activities what may be started.",
        )
    pair = _require(desk, _action(command), offer)
    if isinstance(command, commands.StartActivity) and not desk.actor.is_system:
        command = replace(command, unit=pair[1] if pair else None)
    return command, pair


def _prepare_move(
    desk: Desk, command: commands.MoveTokens, sealer: Sealer
) -> tuple[Command, Grant | None]:
    pair: Grant | None
    if command.kind == "return":
        executor = desk.app.executors[desk.row.executor]
        task = executor.task(desk.pinned.bundle, desk.snapshot, command.source or "")
        node = desk.pinned.bundle.processes[task.process].nodes[task.element]
        listed = may_return(node, command.target)
        pair = _require(desk, "complete" if listed else "return_any", task)
    elif command.kind == "withdraw":
        pair = _require(desk, "take_back", None)
        process, _, element = command.target.rpartition(".")
        last = [
            one
            for one in lookback.done(desk.tx, desk.row.id)
            if (one.process, one.element) == (process, element)
        ]
        if not last or last[0].by != desk.actor.name:
            raise NotAllowed(
                f"{desk.actor.name!r} is not who did {element!r} last.",
                hint="Who did it takes it back; others ask for a return (退回).",
            )
    else:
        pair = _require(desk, "move", None)
    _check_state(desk.row)
    if command.claims:
        command = replace(command, unit=pair[1] if pair else command.unit)
    return _seal_texts(command, sealer), pair


def may_return(node: Node, target: str) -> bool:
    """Whether the diagram lets whoever does a task send it back to another (``returns``)."""
    listed = node.properties.get("returns", "").replace(";", " ").split()
    return bool({"*", target, target.rpartition(".")[2]} & {*listed})


def _require(desk: Desk, action: str, task: access.Task | None) -> Grant | None:
    organisation = desk.app.references.organisation
    row = desk.row
    brief = CaseFacts(id=row.id, unit=row.unit, starter=row.starter)
    if SECRET in desk.pinned.main.indexed:
        brief = case_facts(desk.tx, row)
    if action == "see":
        if not access.sees(desk.actor, case_facts(desk.tx, row), organisation):
            raise CaseNotFound(row.id)
        return None
    try:
        return access.require(desk.actor, action, brief, task, organisation=organisation)
    except CaseNotFound:
        # Who took part is read only where the task itself does not show the case.
        full = case_facts(desk.tx, row)
        return access.require(desk.actor, action, full, task, organisation=organisation)


def _check_receiver(app: Application, command: commands.TransferTask, task: OpenTask) -> None:
    receiver = app.find_actor(app, command.to)
    if receiver is None:
        raise InvalidData(
            f"There is no user {command.to!r} to hand the task to.",
            hint="Name a user who is not disabled.",
        )
    access.require_receiver(receiver, task)
    access.check_separation(receiver, task.not_same_as, task.not_same_unit_as)


def _judged(desk: Desk, command: CompleteTask, task: OpenTask, sealer: Sealer) -> JsonObject:
    form = desk.pinned.form_of(task.process, task.element)
    if form is None:
        node = desk.pinned.bundle.processes[task.process].nodes[task.element]
        return forms.validate_free(command.data, writes=node.writes)
    known = {name: task.names[name] for name in form.readable if name in task.names}
    if command.outcome is not None:
        known["outcome"] = command.outcome
    data = forms.validate(filled(desk.app, desk.tx, desk.row, form), command.data, known=known)
    return sealer.fields(data, form.personal, form.ballots)


def filled(app: Application, tx: Transaction, row: CaseRow, form: forms.Form) -> forms.Form:
    """Return a form with the choices that the lists offer the case now."""
    if not forms.has_sources(form):
        return form
    pinned = orjson.loads(row.lists)
    return forms.filled(form, app.references.offered(tx, pinned, app.clock.now()))


def _seal_texts(command: Command, sealer: Sealer) -> Command:
    if isinstance(command, commands.AddComment):
        return replace(command, text=sealer.value(command.text))
    if isinstance(command, commands.AddAttachment):
        return replace(command, name=sealer.value(command.name))
    if getattr(command, "reason", None) is not None:
        changes: Any = {"reason": sealer.value(command.reason)}  # type: ignore[attr-defined]
        return replace(command, **changes)
    return command
