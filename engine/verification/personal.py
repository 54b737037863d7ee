"""The personal values of a case, compared with what was entered and with what was erased."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import erasure, store
from engine.clock import parse
from engine.commands import CompleteTask, StartCase
from engine.database import Transaction
from engine.replay import Difference, Step
from engine.sealing import find_sealed
from engine.tables import sealed
from engine.unsent import UNSENT

WHAT = "sealed value"
BALLOT = 1
"""In the column ``ballot``; drafts have another number there and are in no history."""
_KEPT = {0: "if it were no ballot", BALLOT: "a ballot, which it is not"}
_WITH_FORMS = (StartCase.type, CompleteTask.type)

_OF_CASE = (
    sa.select(sealed.c.id, sealed.c.ballot)
    .where(sealed.c.case_id == p("case_id"))
    .order_by(sealed.c.id)
)
_EMPTY = (
    sa.select(sealed.c.case_id, sealed.c.id, sealed.c.erased_at, sealed.c.salt, sealed.c.value)
    .where(
        sa.or_(
            sealed.c.erased_at.is_not(None), sealed.c.salt.is_(None), sealed.c.value.is_(None)
        )
    )
    .order_by(sealed.c.case_id, sealed.c.id)
)  # fmt: skip
_ONE = sa.select(sealed.c.id).where(
    sealed.c.case_id == p("case_id"), sealed.c.id == p("id"), sealed.c.erased_at.is_(None)
)


@dataclass(slots=True)
class Entered:
    """What the commands of a case sealed: by id, whether it is a ballot; None = not to be told."""

    ballots: dict[str, bool | None] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        """Take over what an entry sealed."""
        if b'"$sealed"' not in step.entry.body:
            return
        command = step.document["command"]
        forms = step.pinned.forms.values()
        votes = {name for form in forms for name in form.ballots}
        plain = {name for form in forms for name in form.personal - form.ballots}
        data = command.get("data") if command["type"] in _WITH_FORMS else None
        for name, value in (data if isinstance(data, dict) else {}).items():
            is_ballot = None if name in votes & plain else name in votes
            for one, _ in find_sealed(value):
                self.ballots.setdefault(one, is_ballot)
        for one, _ in find_sealed(command):
            self.ballots.setdefault(one, None if votes else False)


def check(tx: Transaction, case_id: str, entered: Entered) -> Iterator[Difference]:
    """Yield the first value that nobody entered, or that is kept apart as no ballot is, or is."""
    for one, ballot in tx.all(_OF_CASE, {"case_id": case_id}):
        if one not in entered.ballots:
            if ballot == UNSENT:
                continue
            reason = f"the sealed value {one} is here, and nobody entered it"
        elif ballot not in _KEPT or entered.ballots[one] is (ballot != BALLOT):
            reason = f"the sealed value {one} is kept as {_KEPT.get(ballot, 'a draft')}"
        else:
            continue
        yield Difference(case_id, None, reason, WHAT)
        return


def erased(tx: Transaction) -> Iterator[Difference]:
    """Yield the values that are gone though nobody erased them, or here though somebody did."""
    acts: dict[tuple[str, str], list[datetime]] = {}
    for entry in store.read_entries(tx, erasure.STREAM):
        act = entry.document()
        for one in act["command"]["ids"]:
            acts.setdefault((act["command"]["case"], one), []).append(parse(act["at"]))
    for case_id, one, erased_at, salt, value in tx.all(_EMPTY, {}):
        known = acts.pop((case_id, one), None)
        if known is None:
            reason = f"the sealed value {one} is gone, and nobody erased it"
        elif salt is not None or value is not None:
            reason = f"the sealed value {one} was erased, and something of it is here"
        elif erased_at not in known:
            reason = f"the sealed value {one} says that it was erased at another moment"
        else:
            continue
        yield Difference(case_id, None, reason, WHAT)
    for case_id, one in acts:
        if tx.one(_ONE, {"case_id": case_id, "id": one}) is not None:
            reason = f"the sealed value {one} was erased, and is here again"
            yield Difference(case_id, None, reason, WHAT)
