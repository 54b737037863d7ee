"""What derives from a history, made anew from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from engine import commands, projection, store
from engine.clock import parse
from engine.database import Transaction
from engine.errors import CaseNotFound
from engine.execution import empty
from engine.history import canonical, verify
from engine.ports import Application
from engine.replay import standings
from engine.replay.applying import Step, steps


def rebuild(app: Application, ids: Iterable[str]) -> Iterator[str]:
    """Refill each case's snapshot and rows from its history; yield its id when done.

    Raises:
        HistoryBroken: before anything of that case is changed.
    """
    for case_id in ids:
        with app.database.writing() as tx:
            store.lock_case(tx, case_id)
            projection.empty(tx, case_id)
            refill(app, tx, tx, case_id)
        yield case_id


def refill(
    app: Application,
    source: Transaction,
    tx: Transaction,
    case_id: str,
    seen: Callable[[Step], None] = lambda _: None,
) -> None:
    """Write what derives from a case's history, where nothing of it stands.

    Args:
        source: where the case, its history and what it rests on lie.
        tx: where the rows are written; it has the case's own row.
        seen: called with each entry applied again.

    Raises:
        HistoryBroken: nothing was written then.
    """
    row = store.read_case(source, case_id)
    if row is None:
        raise CaseNotFound(case_id)
    found = list(store.read_entries(source, case_id))
    verify(case_id, found, head=found[-1].digest if found else "")
    app.references.refresh(source)
    named = projection.kept(app.references.active.get(projection.MILESTONES))
    was, lists = row, {}
    row = row._replace(business_key=None, unit=None, end_state=None, ended_at=None)
    last: Step | None = None
    standing = standings.Standing(case_id, 0, empty(case_id))
    made_by = standings.maker(app, found[0]) if found else ""
    for step in steps(app, source, case_id, found):
        seen(step)
        at = parse(step.document["at"])
        lists.update(step.document["versions"].get("lists", {}))
        if step.entry.position == 1:
            row = row._replace(business_key=step.document["command"].get("business_key"))
        main, fresh = step.pinned.main, step.entry.position == 1
        if step.document["command"]["type"] == commands.MigrateCase.type:
            projection.forget_index(tx, case_id)
            fresh = True
        projection.index(tx, case_id, step.applied, main.indexed, fresh=fresh)
        place = case_id, row.process, step.entry.position, at, step.document["actor"]
        entered = projection.Entered(*place, step.pinned.supervisions, step.pinned.free)
        projection.project(tx, entered, step.applied.events)
        asked = step.document["evaluations"]
        projection.keep(tx, entered, step.applied, step.document, named)
        row = projection.after(row, step.applied, at, step.entry, asked, number=main.business_key)
        standing.take(step, made_by)
        last = step
    standings.renew(tx, standing)
    if last is not None:
        semantics = app.executors[row.executor].semantics
        version = last.pinned.versions["processes"][row.process]["version"]
        row = row._replace(
            lists=canonical(lists).decode(), pins=last.pinned.digest, version=version
        )
        store.update_case(tx, was, row, last.applied.snapshot, semantics)
