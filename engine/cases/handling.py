"""Commands to cases that are there already."""

from __future__ import annotations

from datetime import datetime

from engine import intake, projection, references, store, views
from engine.access import Actor
from engine.cases import endings, migrations
from engine.cases.answers import Answer, Once, etag_of, stored
from engine.cases.turns import Done, OutrunError, Request, Turn, apply
from engine.clock import text
from engine.commands import Command, FireTimer, MigrateCase, RecomputeDeadlines
from engine.database import Transaction
from engine.errors import Busy, CaseNotFound, NothingWaits, Stale
from engine.ports import Application
from engine.sealing import Sealer
from engine.store import CaseRow

ATTEMPTS = 3
STILL = projection.CLOSED | {"suspended"}
SCHEDULER = Actor.system("@scheduler")
OUTBOX = Actor.system("@outbox")


def handle(
    app: Application,
    actor: Actor,
    case_id: str,
    command: Command,
    *,
    once: Once | None = None,
    if_match: str | None = None,
) -> Answer:
    """Apply a command to a case; 200 with what became of it.

    The case's own timers that are due fire first, as entries of their own, so
    nobody sees how often the scheduler looks.

    Args:
        command: free text and personal form fields in plain; they are sealed here.
        if_match: an ETag; the command is refused when the task or case moved on.

    Raises:
        CaseNotFound: no such case, or the actor may not see it.
        Stale: ``if_match`` is not the present ETag.
        KeyReused: the Idempotency-Key came with another body before.
        Busy: the case changed under the command three times running.
        EngineError: what ``access``, the form or the executor refuse.
    """
    request = Request(actor, command, once, if_match)
    return _handle(app, case_id, request)


def _handle(app: Application, case_id: str, request: Request) -> Answer:
    outrun = 0
    while outrun < ATTEMPTS:
        try:
            with app.locks.of(case_id):
                done = _attempt(app, case_id, request)
        except OutrunError:
            outrun += 1
            continue
        if done.due is not None:
            # One that is gone although its row is there must not be tried for ever.
            outrun += 0 if fire(app, case_id, *done.due) else 1
            continue
        assert done.answer is not None
        if done.sends:
            # Outside the lock: two cases that send to each other must not wait for each other.
            app.deliver(app, case_id)
        return done.answer
    raise Busy("The case is changed by many people at once.", hint="Try again in a moment.")


def _attempt(app: Application, case_id: str, request: Request) -> Done:
    now = app.clock.now()
    with app.database.glancing() as tx:
        found = store.read_before(tx, case_id, references.STREAM)
        # After the case: whoever moved it on has left the answer to the same request.
        known = stored(tx, request.actor, request.once)
        if known is not None:
            return Done(known)
        if found is None:
            raise CaseNotFound(case_id)
        row, next_due, lists_position = found
        if next_due is not None and next_due <= now and _fires_first(row, request):
            due = store.due_timers(tx, case_id, now)
            if due:
                return Done(due=due[0])
        if request.if_match is not None:
            _check_etag(tx, row, request)
        pinned = app.library.pinned(tx, row.pins)
        app.references.catch_up(tx, lists_position)
        snapshot = row.snapshot()
        sealer = Sealer(app.clock.new_id, app.clock.secret)
        desk = intake.Desk(app, tx, request.actor, row, snapshot, pinned)
        command, pair = intake.prepare(desk, request.command, sealer)
        endings.permit(app, tx, case_id, command)
        onto = None
        if isinstance(command, MigrateCase):
            command, onto = migrations.prepare(app, tx, row, pinned, command)
    at = max(now, row.at)
    turn = Turn(row, snapshot, pinned, request, command, sealer, at, onto=onto)
    if request.actor.stands_in:
        turn = turn._replace(acting_for=request.actor.acting_for(pair))
    return apply(app, turn)


def _fires_first(row: CaseRow, request: Request) -> bool:
    # What is due by an old calendar may no longer be so by the new one.
    return row.state not in STILL and not isinstance(
        request.command, FireTimer | RecomputeDeadlines
    )


def fire(app: Application, case_id: str, number: int, due_at: datetime) -> bool:
    """Fire one timer of a case that is due; False when it was gone already."""
    command = FireTimer(timer=number, due_at=text(due_at))
    try:
        _handle(app, case_id, Request(SCHEDULER, command))
    except NothingWaits:
        return False
    return True


def _check_etag(tx: Transaction, row: CaseRow, request: Request) -> None:
    task = getattr(request.command, "task", None)
    position = row.position if task is None else views.task_position(tx, row.id, task)
    if position is None or request.if_match in {"*", etag_of(position)}:
        return
    raise Stale(
        f"It was at {request.if_match} when you read it and is at {etag_of(position)} now.",
        hint="Read it again, look at what changed, and repeat the request with the new ETag.",
    )
