"""What has happened to a case: its entries, an earlier state, and who was shown what of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine import access, accesses, replay, store
from engine.access import Actor
from engine.errors import NotFound
from engine.facts import case_facts
from engine.history import Entry
from engine.ports import Application
from engine.sealing import unseal
from engine.views.cases import looked, reading, shown, visible

Document = dict[str, Any]

PART = 500
"""So many entries are read at once."""


def looks(
    app: Application, actor: Actor, case_id: str, *, limit: int = 50, cursor: str | None = None
) -> Document:
    """Return who was shown which personal values of a case, the latest first: ``{items, next}``.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
        NotAllowed: the actor is nobody who audits the reading.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = visible(app, tx, actor, case_id)
        organisation = app.references.organisation
        access.require(actor, "read_accesses", case_facts(tx, row), organisation=organisation)
        items, following = accesses.of_case(tx, case_id, limit=limit, cursor=cursor)
    return {"items": items, "next": following}


def history(app: Application, actor: Actor, case_id: str) -> list[Document]:
    """Return the entries of a case in order, each with its digest.

    Personal values stand sealed in a history, so everybody who may see the case
    may read it. The reason of an act stands beside the entry as ``remark``, in plain,
    for those who read the case's working values, for who gave it and for whom the
    task was handed to; it is no part of the hashed bytes.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = visible(app, tx, actor, case_id)
        reads = reading(app, tx, actor, row).personal
        values = store.get_sealed(tx, case_id)
        found = [
            entry_document(one, actor, values, reads=reads)
            for one in store.read_entries(tx, case_id)
        ]
    if any("remark" in one for one in found):
        looked(app, actor, case_id, "history", ["remark"])
    return found


def entry_document(
    entry: Entry, actor: Actor, values: Mapping[str, bytes], *, reads: bool
) -> Document:
    """Return an entry as ``history`` gives it.

    Args:
        values: what is sealed in the case.
        reads: whether the actor reads the case's working values.
    """
    document = entry.document()
    command = document["command"]
    remark = unseal(command.get("reason"), values)
    mine = actor.name in {document["actor"], command.get("to")}
    if isinstance(remark, str) and (reads or mine):
        document["remark"] = remark
    document["digest"] = entry.digest
    return document


def events_of(app: Application, actor: Actor, case_id: str) -> Iterator[Document]:
    """Yield ``{position, at, actor, events}`` of each entry of a case, in their order.

    Memory does not grow with the length of the history. Nothing in it was sealed.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        visible(app, tx, actor, case_id)
    after = 0
    while True:
        with app.database.reading() as tx:
            found = store.read_part(tx, case_id, after=after, last=after + PART)
        for one in found:
            entry = one.document()
            yield {name: entry[name] for name in ("position", "at", "actor", "events")}
        if len(found) < PART:
            return
        after += PART


def state_at(app: Application, actor: Actor, case_id: str, position: int) -> Document:
    """Return where every token stood and what the data were after entry ``position``.

    Raises:
        NotFound: the history has no such entry.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = visible(app, tx, actor, case_id)
        found = replay.standing_at(app, tx, case_id, position) if position > 0 else None
        if found is None or found.entry is None:
            raise NotFound(
                f"Case {case_id!r} has no entry {position}.",
                hint=f"Its history ends at position {row.position}.",
            )
        snapshot = found.snapshot
        data = shown(app, tx, actor, row, snapshot.data.get("", {}), place="state")
    replay.keep(app, found)
    return {
        "case": case_id,
        "position": position,
        "at": found.entry.document()["at"],
        "state": snapshot.state,
        "elements": found.elements,
        "data": data,
    }
