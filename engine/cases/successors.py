"""Cases made of others: of a part of one (拆案), and of one that has ended (重开)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import intake, store
from engine.access import Actor
from engine.bpmn.model import Node
from engine.cases.answers import Answer, Once, stored
from engine.cases.desks import at_desk
from engine.cases.handling import handle
from engine.cases.relations import check_open, require
from engine.cases.starting import start
from engine.commands import JsonObject, LinkCase
from engine.database import Transaction
from engine.errors import EngineError, WrongState
from engine.ports import Application
from engine.sealing import Personal, find_sealed, unseal
from engine.tables import links

REOPENS = "reopens"
"""Property of a start event: the data that a reopened case begins with. Kind of its link."""
DAYS = 30
"""How long after its end a case may be reopened, where its diagram says nothing else."""

_REOPENED_AS = sa.select(links.c.other_id).where(
    links.c.case_id == p("case_id"),
    links.c.kind == REOPENS,
    links.c.written_by == links.c.other_id,
)
_MERGED_INTO = sa.select(links.c.other_id).where(
    links.c.case_id == p("case_id"),
    links.c.kind == "merged",
    links.c.written_by == links.c.case_id,
)


def split(
    app: Application, actor: Actor, case_id: str, data: JsonObject, reason: str, *, once: Once
) -> Answer:
    """Start a case of the same process for a part of one; 201 with the new case.

    It begins with what was given at the start of the old one, in whose place ``data``
    stands where it names the same, and with ``split_from``, the old case's id. It is judged
    by the start form, has a number of its own and the same starter. Files stay where they are.

    Raises:
        CaseNotFound: it is not there, or not for this actor.
        NotAllowed: the actor may not split it.
        WrongState: it has ended.
        InvalidData: what the new case would begin with does not fit the start form.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        desk = at_desk(app, tx, actor, case_id)
        require(desk, "split")
        check_open(desk)
        given = _given(tx, desk)
    answer = start(
        app,
        actor,
        process=desk.row.process,
        data={**given, **data},
        beside={"split_from": case_id},
        starter=desk.row.starter,
        links=[{"type": "split", "case": case_id}],
        once=once,
    )
    assert answer.case_id is not None, "a case was started"
    noted = Once(f"@split/{case_id}", answer.case_id)
    handle(app, actor, case_id, LinkCase(answer.case_id, "split", reason), once=noted)
    return answer


def _given(tx: Transaction, desk: intake.Desk) -> JsonObject:
    """Return what was given at a case's start, in plain, files and what was erased apart."""
    main = desk.pinned.main
    forms = [desk.pinned.form_of(main.key, one) for one in main.root.starts]
    names = {
        one.key
        for form in forms
        if form is not None
        for one in form.fields()
        if one.type != "filepicker" and one.key in form.editable
    }
    values = store.get_sealed(tx, desk.row.id)
    held = desk.snapshot.data.get("", {})
    plain = {name: unseal(held[name], values) for name in sorted(names & held.keys())}
    return {name: one for name, one in plain.items() if one is not None and not find_sealed(one)}


def reopen(app: Application, actor: Actor, case_id: str, reason: str, *, once: Once) -> Answer:
    """Start the case that takes up an ended one again; 201 with the new case.

    The start event with the property ``reopens`` says which data it begins with; beside
    them come ``reopened_from``, the ended case's id, and ``reopen_reason``.

    Raises:
        CaseNotFound: it is not there, or not for this actor.
        NotAllowed: the actor neither started it nor analyses in its unit.
        WrongState: it has not ended, or not as completed; too long ago; it was reopened
            already; or its diagram has no way of reopening.
    """
    with app.database.reading() as tx:
        known = stored(tx, actor, once)
        if known is not None:
            return known
        app.references.refresh(tx)
        desk = at_desk(app, tx, actor, case_id)
        require(desk, "reopen")
        begin = reopening(app, tx, desk)
        values = store.get_sealed(tx, case_id)
        held = desk.snapshot.data.get("", {})
    names = begin.properties["reopens"].replace(";", " ").split()
    carried: dict[str, Any] = {
        name: unseal(held[name], values, Personal) for name in names if held.get(name) is not None
    }
    return start(
        app,
        actor,
        process=desk.row.process,
        at_start=begin.id,
        data={name: one for name, one in carried.items() if not find_sealed(one)},
        beside={"reopened_from": case_id, "reopen_reason": Personal(reason)},
        starter=desk.row.starter,
        links=[{"type": REOPENS, "case": case_id}],
        once=once,
        # Two people at once reopen it once.
        unique=Once("@reopen", case_id),
        trusted=True,
    )


def is_reopenable(app: Application, actor: Actor, case_id: str) -> bool:
    """Tell whether ``reopen`` would take a case up again for an actor who sees it."""
    with app.database.reading() as tx:
        desk = at_desk(app, tx, actor, case_id)
        try:
            require(desk, "reopen")
            reopening(app, tx, desk)
        except EngineError:
            return False
    return True


def reopening(app: Application, tx: Transaction, desk: intake.Desk) -> Node:
    """Return the start event by which an ended case is reopened now.

    Raises:
        WrongState: it cannot be; the message says why.
    """
    row = desk.row
    if row.state == "cancelled":
        merged = [one for (one,) in tx.all(_MERGED_INTO, {"case_id": row.id})]
        raise WrongState(
            f"Case {row.id!r} is {row.end_state}: it was not closed.",
            hint=f"Reopen {merged[0]!r}." if merged else "Start a new case.",
        )
    if row.state != "completed" or row.ended_at is None:
        raise WrongState(f"Case {row.id!r} is {row.state}.", hint="It needs no reopening.")
    newer = [one for (one,) in tx.all(_REOPENED_AS, {"case_id": row.id})]
    if newer:
        raise WrongState(f"Case {row.id!r} was reopened as {newer[0]!r}.", hint="Go on there.")
    root = desk.pinned.main.root
    begins = [root.nodes[one] for one in root.beginnings]
    ways = [one for one in begins if REOPENS in one.properties]
    if not ways:
        raise WrongState(
            f"The process {row.process!r} has no way of reopening.",
            hint="Start a new case and link the two (关联).",
        )
    days = ways[0].properties.get("reopen_days", "")
    until = row.ended_at + timedelta(days=int(days) if days.isdecimal() else DAYS)
    if app.clock.now() > until:
        raise WrongState(
            f"Case {row.id!r} ended on {row.ended_at:%Y-%m-%d}, too long ago to be reopened.",
            hint="Start a new case and link the two (关联).",
        )
    return ways[0]
