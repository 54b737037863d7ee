"""Erase personal values for good, on a person's request or when their time is over.

The histories keep their commitments, so chains verify and cases replay as
before; what was entered is gone from the database. Each erasure is an act in
the stream ``@erasures`` that names the case and the ids, never the values.

Basis: 个人信息保护法 art. 47 (erasure when consent is withdrawn or the purpose is met).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from engine import access, codes, store, unsent
from engine.access import Actor
from engine.database import Transaction
from engine.errors import CaseNotFound, InvalidData
from engine.facts import field_classes
from engine.ports import Application
from engine.sealing import find_sealed

STREAM = "@erasures"
BALLOT_DAYS = 30
"""How long the ballots of a case are kept after its end, where its diagram erased none."""
_UNSETTLED = "erased:unsettled"
_REASON = re.compile(r"[a-z][a-z0-9-]{0,39}")


def erase(
    app: Application,
    actor: Actor,
    case_id: str,
    *,
    classes: Collection[str] = ("reporter",),
    reason: str,
) -> int:
    """Erase the personal values of a case; return how many there were.

    Every value that ever stood under a field of these classes goes, earlier
    ones too, with its salt; so does the code that the reporter follows the case by.

    Args:
        classes: field classes of the forms; an empty collection means everything
            personal in the case, attachments and remarks among it.
        reason: a short code such as ``request`` or ``retention``; no free text, which
            could name the person again.

    Raises:
        NotAllowed: the actor is no privacy officer.
        InvalidData: the reason is no short code.
        CaseNotFound: there is no such case.
        Busy: what is erased already still lies in the files; ask again.
    """
    access.require(actor, "erase")
    if not _REASON.fullmatch(reason):
        raise InvalidData(
            "The reason of an erasure is no short code.",
            hint="Write for example request or retention: the record keeps it for ever.",
        )
    with app.database.writing() as tx:
        row = store.read_case(tx, case_id)
        if row is None:
            raise CaseNotFound(case_id)
        pinned = app.library.pinned(tx, row.pins)
        names = {name for name, one in field_classes(pinned).items() if one in classes}
        found = _entered(tx, case_id, names if classes else None)
        erased = _erase(app, tx, Act(actor.name, case_id, reason), found)
        codes.withdraw(tx, case_id)
        unsent.drop_case(tx, case_id)
    app.database.settle()
    return erased


def erase_for(
    app: Application, case_id: str, *, ids: Collection[str] = (), fields: Collection[str] = ()
) -> int:
    """Erase what a case's own diagram says is past its time; return how many values that are.

    Args:
        ids: of sealed values of this case; those of another case are left alone.
        fields: names of form fields; every value that ever stood under them goes.
    """
    with app.database.writing() as tx:
        wanted = set(ids) | (_entered(tx, case_id, set(fields)) if fields else set())
        kept = store.sealed_with_salt(tx, case_id)
        wanted &= kept.keys()
        fresh = {one for one in wanted if kept[one] is not None}
        # Twice is once: a delivery that is repeated leaves no second act and tells the same.
        if fresh:
            _erase(app, tx, Act(f"@case/{case_id}", case_id, "diagram"), fresh)
            if fields:
                # What somebody has begun to type may repeat them.
                unsent.drop_case(tx, case_id)
            store.put_fact(tx, _UNSETTLED, "1")
    if fresh and app.database.is_sqlite:
        # PostgreSQL writes the whole table anew; nobody's vote is worth that wait by day.
        clear(app)
    return len(wanted)


def clear(app: Application) -> int:
    """Clear the files of what diagrams have erased; return how many ballots were left behind.

    Ballots of a case that was cancelled in mid-vote are erased here, 30 days after
    its end: no step of its diagram does it any more.

    Raises:
        Busy: the table of personal values is held for longer than 10 seconds.
    """
    before = app.clock.now() - timedelta(days=BALLOT_DAYS)
    with app.database.writing() as tx:
        left = store.ballots_left(tx, before)
        for case_id, ids in left.items():
            _erase(app, tx, Act("@operator", case_id, "retention"), ids)
        waiting = bool(left) or store.get_fact(tx, _UNSETTLED) == "1"
    if waiting:
        app.database.settle()
        with app.database.writing() as tx:
            store.put_fact(tx, _UNSETTLED, "0")
    return sum(len(ids) for ids in left.values())


@dataclass(frozen=True, slots=True)
class Act:
    """Who erases in which case, and why."""

    actor: str
    case_id: str
    reason: str


def _erase(app: Application, tx: Transaction, act: Act, found: Collection[str]) -> int:
    now = app.clock.now()
    erased = store.erase_sealed(tx, act.case_id, sorted(found), now)
    command = {"type": "erase", "case": act.case_id, "ids": sorted(found), "reason": act.reason}
    store.append_act(tx, STREAM, at=now, actor=act.actor, command=command, events=[])
    return erased


def _entered(tx: Transaction, case_id: str, names: set[str] | None) -> set[str]:
    """Return the ids of what was ever entered under any of ``names``; None = under any name."""
    return {
        one
        for entry in store.read_entries(tx, case_id)
        for one in _ids(entry.document()["command"], names)
    }


def _ids(value: Any, names: set[str] | None) -> list[str]:
    """Return the sealed ids under any of ``names``, at any depth; None = under all."""
    if names is None:
        return [one for one, _ in find_sealed(value)]
    if isinstance(value, dict):
        inside = [one for name, part in value.items() if name in names for one in _ids(part, None)]
        rest = [
            one for name, part in value.items() if name not in names for one in _ids(part, names)
        ]
        return inside + rest
    if isinstance(value, list):
        return [one for part in value for one in _ids(part, names)]
    return []
