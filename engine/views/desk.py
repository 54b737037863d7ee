"""What one has typed at a task and not sent yet: read and kept only by whoever sees the task."""

from __future__ import annotations

from collections.abc import Sequence

from engine import inbox, unsent
from engine.access import Actor
from engine.database import Transaction
from engine.errors import NotFound, TaskNotOpen
from engine.ports import Application
from engine.sealing import Sealer
from engine.store import CaseRow
from engine.unsent import Desk, Draft
from engine.views.cases import visible


def draft(app: Application, actor: Actor, case_id: str, task: str) -> Draft | None:
    """Return what the actor has typed at a task and not sent yet.

    Raises:
        CaseNotFound: there is no such case, or not for this actor.
    """
    with app.database.reading() as tx:
        _see(app, tx, actor, case_id)
        return unsent.read(tx, Desk(actor.name, case_id, task))


def keep_draft(
    app: Application, actor: Actor, case_id: str, task: str, pairs: Sequence[tuple[str, str]]
) -> None:
    """Keep what the actor has typed at an open task; nothing typed = keep nothing.

    A choice on a ballot is never kept: before it is cast nobody has made it.

    Raises:
        CaseNotFound: there is no such case, or not for this actor.
        NotFound: the case has no such task.
        TaskNotOpen: it was ended meanwhile.
        InvalidData: it is more than a form takes.
    """
    now, desk = app.clock.now(), Desk(actor.name, case_id, task)
    with app.database.reading() as tx:
        row = _see(app, tx, actor, case_id)
        state = inbox.state(tx, case_id, task)
        pinned = app.library.pinned(tx, row.pins)
    secret = {name for form in pinned.forms.values() for name in form.ballots}
    pairs = [one for one in pairs if one[0].partition(".")[0] not in secret]
    if state is None:
        raise NotFound(f"Case {case_id!r} has no task {task!r}.")
    if state != "open":
        raise TaskNotOpen(task, state=state, case_id=case_id)
    with app.database.writing() as tx:
        if pairs:
            unsent.put(tx, desk, pairs, now, Sealer(app.clock.new_id, app.clock.secret))
        else:
            unsent.drop(tx, desk)


def drop_draft(app: Application, actor: Actor, case_id: str, task: str) -> None:
    """Forget what the actor has typed at a task, if anything is kept."""
    desk = Desk(actor.name, case_id, task)
    with app.database.reading() as tx:
        if unsent.read(tx, desk) is None:
            return
    with app.database.writing() as tx:
        unsent.drop(tx, desk)


def _see(app: Application, tx: Transaction, actor: Actor, case_id: str) -> CaseRow:
    app.references.refresh(tx)
    return visible(app, tx, actor, case_id)
