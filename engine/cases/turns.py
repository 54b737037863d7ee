"""One command applied to one case: the executor, then the one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import orjson

from engine import projection, store, views
from engine.access import Actor
from engine.cases import endings, migrations
from engine.cases.answers import UNCOMPARED, Answer, Once, etag_of
from engine.clock import text
from engine.commands import AddAttachment, Command, JsonObject, RecomputeDeadlines
from engine.database import Transaction
from engine.definitions import Pinned
from engine.events import Event
from engine.execution import Applied, Bundle, Snapshot
from engine.history import Entry, canonical, seal
from engine.ports import Application
from engine.sealing import Sealer, index_of
from engine.store import CaseRow
from engine.worlds import LiveWorld

UNIQUE = Actor.system("@unique")
"""Under this name stands what may start one case only, whoever sends it."""
TOPICS = frozenset(
    {
        "activate-list-change",
        "case-file-digest",
        "check-list-change",
        "collect-figures",
        "erase-sealed",
        "find-cases",
        "find-duplicates",
        "find-unattended",
        "next-number",
        "notify",
        "open-cases",
        "redact",
        "start-case",
        "tally",
    }
)
"""Topics of service tasks that the application does itself (``topics``)."""


class Request(NamedTuple):
    """One command on its way through ``handle``."""

    actor: Actor
    command: Command
    once: Once | None = None
    if_match: str | None = None
    unique: Once | None = None
    answer: Callable[[Transaction, CaseRow, Snapshot, Command], Answer] | None = None


class OutrunError(Exception):
    """Somebody appended to this history since it was read."""


class Done(NamedTuple):
    """What one attempt came to: an answer, or a timer that has to fire before."""

    answer: Answer | None = None
    due: tuple[int, datetime] | None = None
    sends: bool = False


class Turn(NamedTuple):
    """One command about to be applied, and the case it was read from.

    Attributes:
        acting_for: the person in whose place the actor acts (代), or None.
        onto: what the case goes on with when it is migrated, or None.
    """

    row: CaseRow
    snapshot: Snapshot
    pinned: Pinned
    request: Request
    command: Command
    sealer: Sealer
    at: datetime
    acting_for: str | None = None
    onto: Pinned | None = None

    @property
    def following(self) -> Pinned:
        """What the case runs on afterwards."""
        return self.onto or self.pinned

    @property
    def bundle(self) -> Bundle:
        """What the executor is given."""
        onto = self.onto
        return self.pinned.bundle if onto is None else replace(self.pinned.bundle, onto=onto.bundle)


def apply(app: Application, turn: Turn) -> Done:
    """Apply a command outside any write lock, then append its entry.

    Raises:
        OutrunError: the history no longer stands where it was read; nothing happened.
        EngineError: what the executor refuses.
    """
    row, pinned = turn.row, turn.following
    actor = turn.request.actor.name
    applied, world, used = execute(app, turn)
    if not applied.events and isinstance(turn.command, RecomputeDeadlines):
        # A new calendar that moves nothing of this case is no act of it.
        return Done(Answer(200, {"case": row.id, "unchanged": True}, etag_of(row.position)))
    document: JsonObject = {
        "position": row.position + 1,
        "at": text(turn.at),
        "actor": actor,
        "command": turn.command.to_json(),
        "versions": _versions(app, turn, world, used),
        "evaluations": world.tape,
        "events": applied.events,
    }
    if turn.acting_for is not None:
        document["acting_for"] = turn.acting_for
    entry = seal(row.id, row.head or None, document)
    number = pinned.main.business_key
    after = projection.after(row, applied, turn.at, entry, world.tape, number=number)
    if turn.onto is not None:
        main = pinned.versions["processes"][row.process]
        after = after._replace(version=main["version"], pins=pinned.digest)
    if used:
        lists = orjson.loads(row.lists)
        after = after._replace(lists=canonical({**lists, **used}).decode())
    sent = applied.events + endings.told(pinned.main, turn.snapshot, turn.command)
    with app.database.writing() as tx:
        answer = _write(app, tx, turn, (after, applied, entry, document), sent)
    kinds = {one["type"] for one in sent}
    return Done(answer, sends=not _SENDING.isdisjoint(kinds))


def execute(app: Application, turn: Turn) -> tuple[Applied, LiveWorld, dict[str, str]]:
    """Return what the executor makes of a command, its world, and the lists that it read.

    Raises:
        EngineError: what the executor refuses.
    """
    row = turn.row
    reference = app.references.for_case(orjson.loads(row.lists), turn.at)
    world = LiveWorld(
        case=row.id,
        now=turn.at,
        sandbox=app.sandbox,
        calendar=app.references.calendar,
        reference=reference,
        decisions=turn.following.decisions,
    )
    applied = app.executors[row.executor].apply(
        turn.bundle,
        turn.snapshot,
        turn.command,
        now=turn.at,
        actor=turn.request.actor.name,
        world=world,
    )
    return applied, world, reference.used


_SENDING = frozenset({"message_sent", "signal_sent", "job_opened", "message_awaited"})


def _write(
    app: Application,
    tx: Transaction,
    turn: Turn,
    outcome: tuple[CaseRow, Applied, Entry, JsonObject],
    sent: list[Event],
) -> Answer:
    after, applied, entry, document = outcome
    request, command = turn.request, turn.command
    semantics = app.executors[after.executor].semantics
    if turn.row.position == 0:
        try:
            store.insert_case(tx, after, applied.snapshot, semantics)
        except app.database.conflict as reason:
            # The id derives from a delivery, and another node has handed it on meanwhile.
            raise OutrunError from reason
    elif not store.update_case(tx, turn.row, after, applied.snapshot, semantics):
        raise OutrunError
    pinned = turn.following
    if turn.onto is not None:
        store.put_pins(tx, pinned.digest, dict(pinned.versions))
        projection.forget_index(tx, after.id)
    actor = request.actor.name
    store.append(tx, after.id, entry, at=turn.at, actor=actor, kind=command.type)
    if turn.sealer.kept:
        _keep(app, tx, after.id, turn.sealer)
    names, fresh = pinned.main.indexed, entry.position == 1 or turn.onto is not None
    projection.index(tx, after.id, applied, names, fresh=fresh)
    place = after.id, after.process, entry.position, turn.at, actor
    entered = projection.Entered(*place, pinned.supervisions, pinned.free)
    projection.project(tx, entered, applied.events)
    named = projection.kept(app.references.active.get(projection.MILESTONES))
    projection.keep(tx, entered, applied, document, named)
    projection.send(tx, entered, sent, TOPICS, tells=app.settings.tells_outside)
    answer = (request.answer or _moved)(tx, after, applied.snapshot, command)
    if turn.onto is not None:
        answer.body.update(migrations.told(applied.events, turn.onto))
    secret = bool(turn.sealer.ballots)
    for name, once in ((actor, request.once), (UNIQUE.name, request.unique)):
        if once is None or once.key is None:
            continue
        kept = orjson.dumps([answer.body, answer.etag, answer.case_id])
        # The hash of one of a few possible requests would tell which it was.
        body = UNCOMPARED if secret else once.sha256
        try:
            store.store_answer(
                tx, name, once.route, once.key, body=body, status=answer.status,
                answer=kept, at=turn.at,
            )  # fmt: skip
        except app.database.conflict as reason:
            raise OutrunError from reason
    if request.once is not None and request.once.noted is not None:
        # After all that may be outrun: what is noted is done, or the commit fails.
        request.once.noted(tx)
    return answer


def _keep(app: Application, tx: Transaction, case_id: str, sealer: Sealer) -> None:
    """Store what was sealed, and by which digest each telephone number is found."""
    store.put_sealed(tx, case_id, sealer.kept, sealer.ballots)
    key = app.settings.search_key
    if key:
        found_by = [(index_of(key, number), one) for one, number in sealer.phones]
        store.put_index(tx, case_id, found_by)


def _versions(app: Application, turn: Turn, world: LiveWorld, used: dict[str, str]) -> JsonObject:
    row, pinned = turn.row, turn.following
    executor = app.executors[row.executor]
    versions: JsonObject = {
        "definitions": pinned.digest,
        "executor": f"{executor.name}/{executor.semantics}",
        "calendar": app.references.calendar.version,
    }
    if row.position == 0 or turn.onto is not None:
        versions["processes"] = {
            key: {"version": pin["version"], "sha256": pin["sha256"]}
            for key, pin in pinned.versions["processes"].items()
        }
    if used:
        versions["lists"] = dict(sorted(used.items()))
    if world.scripts_ran:
        versions["sandbox"] = app.sandbox.version
    return versions


def started(tx: Transaction, row: CaseRow, snapshot: Snapshot, _command: Command) -> Answer:
    """Answer a start: 201 with the case document."""
    body = views.case_document(tx, row, snapshot)
    return Answer(201, body, etag_of(row.position), row.id)


def _moved(_tx: Transaction, row: CaseRow, _snapshot: Snapshot, command: Command) -> Answer:
    body: JsonObject = {"case": row.id, "state": row.state, "position": row.position}
    if row.end_state:
        body["end"] = row.end_state
    task = getattr(command, "task", None)
    if task is not None:
        body = {"id": f"{row.id}.{task}", **body}
    if isinstance(command, AddAttachment):
        body["attachment"] = command.attachment
    return Answer(200, body, etag_of(row.position), row.id)
