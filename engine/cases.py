"""Commands to cases: one command, one transaction, one history entry.

``handle`` goes down the files once: read at position N, ask ``access`` and the
form, seal what is personal, let the executor apply the command outside any
write lock, then append if the history still stands at N. If somebody was faster
it starts over, at most three times. A designer's slow script therefore never
holds the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from engine import definitions, intake, projection, references, store, views
from engine.access import Actor
from engine.clock import text
from engine.commands import Command, FireTimer, JsonObject, StartCase
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import Busy, CaseNotFound, KeyReused, NothingWaits, Stale
from engine.execution import Applied, Snapshot, empty
from engine.history import Entry, canonical, seal
from engine.ports import Application
from engine.sealing import Sealer
from engine.store import CaseRow
from engine.worlds import LiveWorld

ATTEMPTS = 3
STILL = projection.CLOSED | {"suspended"}
SCHEDULER = Actor.system("@scheduler")
OUTBOX = Actor.system("@outbox")
UNIQUE = Actor.system("@unique")
TOPICS = frozenset(
    {"next-number", "case-file-digest", "find-duplicates", "notify", "redact", "start-case"}
)
"""Topics of service tasks that the application does itself (``topics``)."""


@dataclass(frozen=True, slots=True)
class Once:
    """The Idempotency-Key of a request: within one actor and route it counts once.

    Attributes:
        key: None = the request has none, and may be done twice.
        body: the request's bytes; the same key with others is refused.
    """

    route: str
    key: str | None
    body: bytes = b""

    @property
    def sha256(self) -> str:
        """What is kept of the body."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets: an HTTP status, a JSON body, the new ETag."""

    status: int
    body: JsonObject
    etag: str | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One command on its way through ``handle``."""

    actor: Actor
    command: Command
    once: Once | None = None
    if_match: str | None = None
    unique: Once | None = None
    personal: frozenset[str] = frozenset()
    answer: Callable[[Transaction, CaseRow, Snapshot, Command], Answer] | None = None


class _OutrunError(Exception):
    """Somebody appended to this history since it was read."""


def start(
    app: Application,
    actor: Actor,
    *,
    process: str,
    data: JsonObject,
    version: int | None = None,
    business_key: str | None = None,
    at_start: str | None = None,
    unit: str | None = None,
    links: list[JsonObject] | None = None,
    case_id: str | None = None,
    once: Once | None = None,
    unique: Once | None = None,
    personal: frozenset[str] | None = None,
) -> Answer:
    """Start a case; 201 with the case document.

    Args:
        data: the start form's values, personal ones in plain; they are sealed here.
        at_start: id of the start event; None = the only plain one.
        case_id: given where it derives from a delivery, so that twice is once.
        unique: what may start only one case, whoever sends it; never forgotten.
        personal: keys of data that come from another case and are sealed again here;
            given, the data need not fit the start form.

    Raises:
        NotFound: no such process or version.
        NotAllowed: the actor may not start it.
        InvalidData: the data do not fit the start form.
    """
    case_id = case_id or app.clock.new_id()
    now = app.clock.now()
    with app.database.reading() as tx:
        known = _started_before(tx, actor, once, unique)
        if known is not None:
            return known
        main, versions = definitions.pins_for(tx, process, version)
        app.references.refresh(tx)
    pinned = _pinned(app, versions)
    sealer = Sealer(app.clock.new_id, app.clock.secret)
    command = StartCase(
        process=process,
        data=data,
        start=at_start,
        business_key=business_key,
        unit=unit or intake.home_unit(app, actor),
        starter=actor.name,
        links=links,
    )
    command = intake.prepare_start(actor, pinned, command, sealer, personal)
    row = CaseRow(
        id=case_id,
        process=process,
        version=main.number,
        pins=pinned.digest,
        executor=main.executor,
        business_key=business_key,
        unit=None,
        starter=actor.name,
        state="new",
        end_state=None,
        lists="{}",
        created_at=now,
        ended_at=None,
        at=now,
        position=0,
        head="",
    )
    request = Request(actor, command, once, unique=unique, answer=_started)
    try:
        done = _apply(app, _Turn(row, empty(case_id), pinned, request, command, sealer, now))
    except _OutrunError:
        # The same request came twice at once, and the other was faster.
        with app.database.reading() as tx:
            known = _started_before(tx, actor, once, unique)
        if known is None:
            raise Busy("The case is being started.", hint="Try again in a moment.") from None
        return known
    assert done.answer is not None
    if done.sends:
        app.deliver(app, case_id)
        return _settled(app, request, case_id)
    return done.answer


def _started_before(
    tx: Transaction, actor: Actor, once: Once | None, unique: Once | None
) -> Answer | None:
    """Return what the same request was answered, or the one case that there may be."""
    known = _stored(tx, actor, once)
    if known is not None:
        return known
    other = _stored(tx, UNIQUE, unique)
    return None if other is None else replace(other, status=200)


def _settled(app: Application, request: Request, case_id: str) -> Answer:
    """Answer a start with what its first deliveries made of it, now and for the same key."""
    with app.database.writing() as tx:
        row = store.read_case(tx, case_id)
        assert row is not None, "it was started just now"
        answer = _started(tx, row, row.snapshot(), request.command)
        kept = orjson.dumps([answer.body, answer.etag, answer.case_id])
        for name, once in ((request.actor.name, request.once), (UNIQUE.name, request.unique)):
            if once is not None and once.key is not None:
                store.replace_answer(tx, name, once.route, once.key, answer=kept)
    return answer


def _pinned(app: Application, versions: JsonObject) -> Pinned:
    digest = store.digest_of(versions)
    if not app.library.holds(digest):
        with app.database.writing() as tx:
            store.put_pins(tx, digest, versions)
    with app.database.reading() as tx:
        return app.library.pinned(tx, digest)


def handle(
    app: Application,
    actor: Actor,
    case_id: str,
    command: Command,
    *,
    once: Once | None = None,
    if_match: str | None = None,
    personal: frozenset[str] = frozenset(),
) -> Answer:
    """Apply a command to a case; 200 with what became of it.

    The case's own timers that are due fire first, as entries of their own, so
    nobody sees how often the scheduler looks.

    Args:
        command: free text and personal form fields in plain; they are sealed here.
        if_match: an ETag; the command is refused when the task or case moved on.
        personal: keys of the command's data that are sealed besides those of its form.

    Raises:
        CaseNotFound: no such case, or the actor may not see it.
        Stale: ``if_match`` is not the present ETag.
        KeyReused: the Idempotency-Key came with another body before.
        Busy: the case changed under the command three times running.
        EngineError: what ``access``, the form or the executor refuse.
    """
    request = Request(actor, command, once, if_match, personal=personal)
    return _handle(app, case_id, request)


@dataclass(frozen=True, slots=True)
class _Done:
    """What one attempt came to: an answer, or a timer that has to fire before."""

    answer: Answer | None = None
    due: tuple[int, datetime] | None = None
    sends: bool = False


def _handle(app: Application, case_id: str, request: Request) -> Answer:
    outrun = 0
    while outrun < ATTEMPTS:
        try:
            with app.locks.of(case_id):
                done = _attempt(app, case_id, request)
        except _OutrunError:
            outrun += 1
            continue
        if done.due is not None:
            fire(app, case_id, *done.due)
            continue
        assert done.answer is not None
        if done.sends:
            # Outside the lock: two cases that send to each other must not wait for each other.
            app.deliver(app, case_id)
        return done.answer
    raise Busy("The case is changed by many people at once.", hint="Try again in a moment.")


def _attempt(app: Application, case_id: str, request: Request) -> _Done:
    now = app.clock.now()
    with app.database.glancing() as tx:
        found = store.read_before(tx, case_id, references.STREAM)
        # After the case: whoever moved it on has left the answer to the same request.
        known = _stored(tx, request.actor, request.once)
        if known is not None:
            return _Done(known)
        if found is None:
            raise CaseNotFound(case_id)
        row, next_due, lists_position = found
        if next_due is not None and next_due <= now and _fires_first(row, request):
            due = store.due_timers(tx, case_id, now)
            if due:
                return _Done(due=due[0])
        if request.if_match is not None:
            _check_etag(tx, row, request)
        pinned = app.library.pinned(tx, row.pins)
        app.references.catch_up(tx, lists_position)
        snapshot = row.snapshot()
        sealer = Sealer(app.clock.new_id, app.clock.secret)
        desk = intake.Desk(app, tx, request.actor, row, snapshot, pinned)
        command = intake.prepare(desk, request.command, sealer, request.personal)
    return _apply(app, _Turn(row, snapshot, pinned, request, command, sealer, max(now, row.at)))


def _fires_first(row: CaseRow, request: Request) -> bool:
    return row.state not in STILL and not isinstance(request.command, FireTimer)


def fire(app: Application, case_id: str, number: int, due_at: datetime) -> bool:
    """Fire one timer of a case that is due; False when it was gone already."""
    command = FireTimer(timer=number, due_at=text(due_at))
    try:
        _handle(app, case_id, Request(SCHEDULER, command))
    except NothingWaits:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Turn:
    """One command about to be applied, and the case it was read from."""

    row: CaseRow
    snapshot: Snapshot
    pinned: Pinned
    request: Request
    command: Command
    sealer: Sealer
    at: datetime


def _apply(app: Application, turn: _Turn) -> _Done:
    row, pinned = turn.row, turn.pinned
    lists = orjson.loads(row.lists)
    reference = app.references.for_case(lists, turn.at)
    world = LiveWorld(
        case=row.id,
        now=turn.at,
        sandbox=app.sandbox,
        calendar=app.references.calendar,
        reference=reference,
        decisions=pinned.decisions,
    )
    actor = turn.request.actor.name
    applied = app.executors[row.executor].apply(
        pinned.bundle, turn.snapshot, turn.command, now=turn.at, actor=actor, world=world
    )
    document: JsonObject = {
        "position": row.position + 1,
        "at": text(turn.at),
        "actor": actor,
        "command": turn.command.to_json(),
        "versions": _versions(app, turn, world, reference.used),
        "evaluations": world.tape,
        "events": applied.events,
    }
    entry = seal(row.id, row.head or None, document)
    number = pinned.main.business_key
    after = projection.after(row, applied, turn.at, entry, number=number)
    if reference.used:
        after = after._replace(lists=canonical({**lists, **reference.used}).decode())
    with app.database.writing() as tx:
        answer = _write(app, tx, turn, (after, applied, entry))
    return _Done(answer, sends=any(one["type"] in _SENDING for one in applied.events))


_SENDING = frozenset({"message_sent", "signal_sent", "job_opened", "message_awaited"})


def _write(
    app: Application, tx: Transaction, turn: _Turn, outcome: tuple[CaseRow, Applied, Entry]
) -> Answer:
    after, applied, entry = outcome
    request, command = turn.request, turn.command
    semantics = app.executors[after.executor].semantics
    if turn.row.position == 0:
        store.insert_case(tx, after, applied.snapshot, semantics)
    elif not store.update_case(tx, after, applied.snapshot, semantics, expected=turn.row.position):
        raise _OutrunError
    actor = request.actor.name
    store.append(tx, after.id, entry, at=turn.at, actor=actor, kind=command.type)
    if turn.sealer.kept:
        store.put_sealed(tx, after.id, turn.sealer.kept)
    names, fresh = turn.pinned.main.keys, entry.position == 1
    projection.index(tx, after.id, applied, names, fresh=fresh)
    entered = projection.Entered(after.id, after.process, entry.position, turn.at, actor)
    projection.project(tx, entered, applied.events)
    projection.send(tx, entered, applied.events, TOPICS)
    answer = (request.answer or _moved)(tx, after, applied.snapshot, command)
    kept = orjson.dumps([answer.body, answer.etag, answer.case_id])
    for name, once in ((actor, request.once), (UNIQUE.name, request.unique)):
        if once is None or once.key is None:
            continue
        try:
            store.store_answer(
                tx, name, once.route, once.key, body=once.sha256, status=answer.status,
                answer=kept, at=turn.at,
            )  # fmt: skip
        except app.database.conflict as reason:
            raise _OutrunError from reason
    return answer


def _versions(app: Application, turn: _Turn, world: LiveWorld, used: dict[str, str]) -> JsonObject:
    row, pinned = turn.row, turn.pinned
    executor = app.executors[row.executor]
    versions: JsonObject = {
        "definitions": pinned.digest,
        "executor": f"{executor.name}/{executor.semantics}",
        "calendar": app.references.calendar.version,
    }
    if row.position == 0:
        versions["processes"] = {
            key: {"version": pin["version"], "sha256": pin["sha256"]}
            for key, pin in pinned.versions["processes"].items()
        }
    if used:
        versions["lists"] = dict(sorted(used.items()))
    if world.scripts_ran:
        versions["sandbox"] = app.sandbox.version
    return versions


# -- answers -----------------------------------------------------------------------


def _started(tx: Transaction, row: CaseRow, snapshot: Snapshot, _command: Command) -> Answer:
    body = views.case_document(tx, row, snapshot)
    return Answer(201, body, etag_of(row.position), row.id)


def _moved(_tx: Transaction, row: CaseRow, _snapshot: Snapshot, command: Command) -> Answer:
    body: JsonObject = {"case": row.id, "state": row.state, "position": row.position}
    if row.end_state:
        body["end"] = row.end_state
    task = getattr(command, "task", None)
    if task is not None:
        body = {"id": f"{row.id}.{task}", **body}
    return Answer(200, body, etag_of(row.position), row.id)


def etag_of(position: int) -> str:
    """Return the ETag of a case or task last touched by the entry at ``position``."""
    return f'"{position}"'


def _check_etag(tx: Transaction, row: CaseRow, request: Request) -> None:
    task = getattr(request.command, "task", None)
    position = row.position if task is None else views.task_position(tx, row.id, task)
    if position is None or request.if_match in {"*", etag_of(position)}:
        return
    raise Stale(
        f"It was at {request.if_match} when you read it and is at {etag_of(position)} now.",
        hint="Read it again, look at what changed, and repeat the request with the new ETag.",
    )


def _stored(tx: Transaction, actor: Actor, once: Once | None) -> Answer | None:
    if once is None or once.key is None:
        return None
    known = store.stored_answer(tx, actor.name, once.route, once.key)
    if known is None:
        return None
    sha256, status, answer = known
    if sha256 != once.sha256:
        raise KeyReused(
            f"The Idempotency-Key {once.key!r} was used with another body.",
            hint="Use a new key for a new request.",
        )
    body, etag, case_id = orjson.loads(answer)
    return Answer(status, body, etag, case_id)


def split_task(task_id: str) -> tuple[str, str]:
    """Return (case id, name of the task in the case) of a task id.

    Raises:
        CaseNotFound: the id is not of that form.
    """
    case_id, _, task = task_id.partition(".")
    if not task:
        raise CaseNotFound(task_id)
    return case_id, task
