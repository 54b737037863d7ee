"""Cases that belong together: one merged into another (并案), linked (关联), and no more."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, intake, store
from engine.access import Actor
from engine.cases.answers import Answer, Once, stored
from engine.cases.desks import at_desk
from engine.cases.handling import handle
from engine.commands import CancelCase, CorrelateMessage, JsonObject, LinkCase, UnlinkCase
from engine.database import Transaction
from engine.errors import CaseNotFound, InvalidRequest, NotFound, NothingWaits, WrongState
from engine.facts import case_facts
from engine.ports import Application
from engine.projection import CLOSED
from engine.sealing import Personal, unseal
from engine.tables import links

RELATED = "related"
"""What two cases are to each other that somebody has linked by hand."""

MAIN_CASE = "main_case"
"""The key of what a merged case gives to the other one: that case's id."""

_WRITERS = sa.select(links.c.written_by).where(
    links.c.case_id == p("case_id"), links.c.other_id == p("other_id"), links.c.kind == RELATED
)


def merge(
    app: Application, actor: Actor, case_id: str, into: str, reason: str, *, once: Once
) -> Answer:
    """Merge a case into another one: it ends as ``merged``, and the other goes on for both.

    What the process names (``merge_items``: who has reported) is given to the other case
    before, one message each, so that nobody is lost whose own case ends: the other case
    replies to and visits each. Asked again after a stop in between, nobody is there twice.

    Raises:
        CaseNotFound: one of the two is not there, or not for this actor.
        NotAllowed: the actor may not merge both of them.
        InvalidRequest: a case is merged into itself.
        WrongState: one has ended, or the other takes no more in, or is less secret.
    """
    with app.database.reading() as tx:
        known = stored(tx, actor, once)
        if known is not None:
            return known
        app.references.refresh(tx)
        mine = at_desk(app, tx, actor, case_id)
        require(mine, "merge")
        other = at_desk(app, tx, actor, into)
        require(other, "merge")
        _check_pair(mine, other)
        messages = _messages(tx, mine, into)
    for number, message in enumerate(messages):
        once_only = Once(f"@merge/{case_id}", f"{into}/{number}")
        try:
            handle(app, Actor.system(f"@case/{case_id}"), into, message, once=once_only)
        except NothingWaits as refusal:
            raise WrongState(
                f"Case {into!r} takes no more cases in.",
                hint="Link the two (关联) instead, or let this one go on by itself.",
            ) from refusal
    return handle(app, actor, case_id, CancelCase("merged", reason, into), once=once)


def link(
    app: Application, actor: Actor, case_id: str, other: str, reason: str | None, *, once: Once
) -> Answer:
    """Say that another case belongs to this one; both show it from now on.

    Raises:
        CaseNotFound: one of the two is not there, or not for this actor.
        NotAllowed: the actor may not link this case.
        InvalidRequest: a case is linked with itself.
        WrongState: this one has ended; they are linked already.
    """
    with app.database.reading() as tx:
        known = stored(tx, actor, once)
        if known is not None:
            return known
        app.references.refresh(tx)
        mine = at_desk(app, tx, actor, case_id)
        require(mine, "link")
        theirs = at_desk(app, tx, actor, other)
        require(theirs, "see")
        _check_other(mine, theirs)
        if tx.all(_WRITERS, {"case_id": case_id, "other_id": other}):
            raise WrongState("The two cases are linked already.", hint="Nothing is to be done.")
    return handle(app, actor, case_id, LinkCase(other, RELATED, reason), once=once)


def unlink(
    app: Application, actor: Actor, case_id: str, other: str, reason: str | None, *, once: Once
) -> Answer:
    """Take a link back that somebody has made by hand, from whichever of the two.

    Raises:
        CaseNotFound: the case is not there, or not for this actor.
        NotAllowed: the actor may not unlink the case that the link was made in.
        NotFound: they are not linked by hand.
    """
    with app.database.reading() as tx:
        known = stored(tx, actor, once)
        if known is not None:
            return known
        app.references.refresh(tx)
        require(at_desk(app, tx, actor, case_id), "link")
        writers = [row[0] for row in tx.all(_WRITERS, {"case_id": case_id, "other_id": other})]
    if not writers:
        raise NotFound(
            f"Case {case_id!r} was not linked with {other!r} by hand.",
            hint="Links that come from merging, splitting, reopening or starting stay.",
        )
    # The entry belongs to the case whose history made the link.
    here, there = (case_id, other) if case_id in writers else (other, case_id)
    return handle(app, actor, here, UnlinkCase(there, reason), once=once)


def require(desk: intake.Desk, action: str) -> None:
    """Let the actor do something with a case, or refuse.

    Raises:
        CaseNotFound: the actor may not see it.
        NotAllowed: the actor may see it and not do that.
    """
    organisation = desk.app.references.organisation
    facts = case_facts(desk.tx, desk.row)
    if action != "see":
        access.require(desk.actor, action, facts, organisation=organisation)
    elif not access.sees(desk.actor, facts, organisation):
        raise CaseNotFound(desk.row.id)


def check_open(desk: intake.Desk) -> None:
    """Refuse a case that has ended.

    Raises:
        WrongState: then.
    """
    if desk.row.state in CLOSED:
        raise WrongState(
            f"Case {desk.row.id!r} is {desk.row.end_state or desk.row.state}.",
            hint="Only a case that is under way takes part.",
        )


def _check_other(mine: intake.Desk, other: intake.Desk) -> None:
    if mine.row.id == other.row.id:
        raise InvalidRequest("The two are the same case.", hint="Name another case.")
    check_open(mine)
    is_secret = [case_facts(desk.tx, desk.row).is_secret for desk in (mine, other)]
    if is_secret[0] != is_secret[1]:
        raise WrongState(
            "One of the two cases is secret, and the other is not.",
            hint="Whoever sees the open one would hear of the secret one.",
        )


def _check_pair(mine: intake.Desk, other: intake.Desk) -> None:
    _check_other(mine, other)
    check_open(other)
    if other.row.state == "suspended":
        raise WrongState(f"Case {other.row.id!r} is suspended.", hint="Resume it before.")


def _messages(tx: Transaction, mine: intake.Desk, into: str) -> list[CorrelateMessage]:
    """Return what the other case is given, sealed values in plain to be sealed again there.

    The process names the message, and the datum of which each item is one message.
    """
    properties = mine.pinned.main.properties
    name = properties.get("merge_message")
    if not name:
        return []
    key, _, datum = properties.get("merge_items", "").partition("=")
    values = store.get_sealed(tx, mine.row.id)
    held = mine.snapshot.data.get("", {}).get(datum.strip())
    items: list[Any] = held if isinstance(held, list) else []
    plain: list[JsonObject] = [{key.strip(): unseal(one, values, Personal)} for one in items]
    return [CorrelateMessage(name, {MAIN_CASE: into}, one) for one in plain]
