"""Where a case stood after an entry, without beginning at the first.

Every ``EVERY`` entries of a long history what it came to is kept beside it, when somebody
first asks so far back or ``rebuild`` passes by; no command waits for it. It follows from
the history alone: what another version of the engine made, or does not fit the entry that
it names, is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine import store
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import Busy
from engine.execution import Snapshot, empty
from engine.history import Entry
from engine.ports import Application
from engine.replay.applying import Step, steps
from engine.replay.differences import Difference
from engine.replay.elements import Active, follow, key_of
from engine.store import StandingRow

EVERY = 100
"""How many entries lie between two that are kept."""

FORMAT = 1


@dataclass(slots=True)
class Standing:
    """Where a case stood after the entry at ``position``; 0 = before its first.

    Attributes:
        entry: that entry; None at 0.
        pinned: what it ran on; None at 0.
        lists: list name -> version, as its entries so far used them.
        active: where its tokens stood, by visit.
        made: what is worth keeping of the way there (``keep``).
    """

    case: str
    position: int
    snapshot: Snapshot
    pinned: Pinned | None = None
    entry: Entry | None = None
    lists: dict[str, str] = field(default_factory=dict)
    active: Active = field(default_factory=dict)
    made: list[StandingRow] = field(default_factory=list)

    @property
    def place(self) -> tuple[Snapshot, Pinned | None]:
        """What ``steps`` goes on from."""
        return self.snapshot, self.pinned

    @property
    def elements(self) -> list[dict[str, Any]]:
        """Where its tokens stood: ``{process, element, nth, path, instance?}``."""
        return list(self.active.values())

    def take(self, step: Step, made_by: str) -> None:
        """Take over the next entry, applied again; note it where it is worth keeping."""
        self.position, self.entry = step.entry.position, step.entry
        self.snapshot, self.pinned = step.applied.snapshot, step.pinned
        self.lists.update(step.document["versions"].get("lists", {}))
        follow(self.active, step.applied.events)
        if self.position % EVERY == 0:
            self.made.append(_row(self, made_by))


def standing_at(app: Application, tx: Transaction, case_id: str, position: int) -> Standing | None:
    """Return where a case stood after an entry; None if its history has no such entry.

    Give it to ``keep`` when the transaction is over, so that the next one is faster.

    Raises:
        EngineError: a command is refused now, or asks what was not recorded.
        KeyError: a file it ran on is gone.
    """
    if position == 0:
        return Standing(case_id, 0, empty(case_id))
    last = store.read_entry(tx, case_id, position)
    if last is None or position < 0:
        return None
    made_by = maker(app, last)
    kept = store.nearest_standing(tx, case_id, position, made_by)
    found = None if kept is None else _read(app, tx, case_id, kept)
    standing = found or Standing(case_id, 0, empty(case_id))
    part = store.read_part(tx, case_id, after=standing.position, last=position)
    for step in steps(app, tx, case_id, part, after=standing.place):
        standing.take(step, made_by)
    return standing


def keep(app: Application, standing: Standing) -> None:
    """Keep what was found on the way, outside any transaction; a busy database is left alone."""
    if not standing.made:
        return
    try:
        with app.database.writing() as tx:
            store.discard_standings(tx, standing.case, but=standing.made[0].made_by)
            for row in standing.made:
                store.put_standing(tx, standing.case, row)
    except Busy:
        return
    standing.made.clear()


def renew(tx: Transaction, standing: Standing) -> None:
    """Put what was found in place of all that was kept of the case."""
    store.discard_standings(tx, standing.case)
    for row in standing.made:
        store.put_standing(tx, standing.case, row)


def check(tx: Transaction, case_id: str) -> Difference | None:
    """Return the first that stands beside no entry of the history, or None."""
    for row in store.standings_of(tx, case_id):
        entry = store.read_entry(tx, case_id, row.position)
        if entry is None or entry.digest != row.digest:
            reason = "what is kept beside it belongs to another history"
            return Difference(case_id, row.position, reason, "standing")
    return None


def compare(kept: dict[int, StandingRow], standing: Standing) -> str | None:
    """Say what is wrong with the one kept beside an entry that was applied again, if it is."""
    row = kept.get(standing.position)
    if row is None or _content(row) == _content(_row(standing, row.made_by)):
        return None
    return "where the case stood after it is kept beside it, and was another place"


def maker(app: Application, entry: Entry) -> str:
    """Return what the standings of a case are marked with, by one of its entries."""
    name = entry.document()["versions"]["executor"].partition("/")[0]
    return f"{FORMAT} {name}/{app.executors[name].semantics}"


def _row(at: Standing, made_by: str) -> StandingRow:
    assert at.entry is not None
    assert at.pinned is not None
    snapshot = at.snapshot
    body = store.pack([snapshot.state, snapshot.control, at.lists, at.elements])
    data = store.fold(snapshot.sheets)
    return StandingRow(at.position, at.entry.digest, made_by, at.pinned.digest, body, data)


def _content(row: StandingRow) -> tuple[Any, ...]:
    """What a row says, however its data were folded."""
    data = store.unfold(row.data).all()
    return row.position, row.digest, row.pins, store.unpack(row.body), data


def _read(app: Application, tx: Transaction, case_id: str, row: StandingRow) -> Standing | None:
    """Return one that is kept; None if it does not belong to the history."""
    entry = store.read_entry(tx, case_id, row.position)
    if entry is None or entry.digest != row.digest:
        return None
    state, control, lists, elements = store.unpack(row.body)
    active = {key_of(one): one for one in elements}
    snapshot = Snapshot(case_id, state, control, store.unfold(row.data))
    pinned = app.library.pinned(tx, row.pins)
    return Standing(case_id, row.position, snapshot, pinned, entry, lists, active)
