"""Cases as traces: what happened in each, with the names that its diagrams give it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import store
from engine.bpmn.model import ACTIVITIES, Process
from engine.clock import parse, text
from engine.database import Moment, Transaction
from engine.definitions import Pinned
from engine.mining.visits import Visit, visits
from engine.ports import Application
from engine.tables import cases, links, milestones

AT_ONCE = 100
"""So many cases are looked up at a time; their histories are read one by one."""
SALT = 16
WITHHELD = frozenset({"location"})
"""Data of figures that no log tells: a place may be somebody's door."""

_COLUMNS = (
    cases.c.id, cases.c.process, cases.c.version, cases.c.pins, cases.c.business_key, cases.c.unit,
    cases.c.state, cases.c.end_state, cases.c.created_at, cases.c.ended_at, milestones.c.body,
)  # fmt: skip
_FROM = cases.outerjoin(
    milestones,
    (milestones.c.case_id == cases.c.id)
    & (milestones.c.process == cases.c.process)
    & (milestones.c.scope == sa.literal_column("''")),
)
_PAGE = (
    sa.select(*_COLUMNS)
    .select_from(_FROM)
    .where(
        cases.c.id > p("after"),
        (sa.cast(p("process"), sa.Text).is_(None)) | (cases.c.process == p("process")),
        (sa.cast(p("since", type_=Moment), sa.Text).is_(None))
        | (cases.c.created_at >= p("since", type_=Moment)),
    )
    .order_by(cases.c.id)
    .limit(AT_ONCE)
)
_LINKS = (
    sa.select(links.c.other_id, links.c.kind)
    .where(links.c.case_id == p("case_id"))
    .order_by(links.c.other_id, links.c.kind)
)


class Selected(Protocol):
    """Which cases, and whether people are named."""

    @property
    def process(self) -> str | None:
        """Cases of this process only."""

    @property
    def since(self) -> datetime | None:
        """Cases that began then or later."""

    @property
    def personal(self) -> bool:
        """Whether users stand in the log by name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One visit of an activity.

    Attributes:
        id: unique in the log; of a task the task's id.
        activity: what it is called by the diagram, on one line; the id where that is not
            unique there.
        english: the English name, if it has one.
        by: who did it, as the log tells people; None where nobody did.
        late: it was due before it ended; None where it was never due.
    """

    id: str
    activity: str
    english: str | None
    kind: str
    visit: Visit
    by: str | None
    late: bool | None

    @property
    def element(self) -> str:
        """The process and the element."""
        return f"{self.visit.process}.{self.visit.element}"


@dataclass(frozen=True, slots=True)
class Trace:
    """A case and its steps, in the order in which they began.

    Attributes:
        data: plain values of the case that figures are counted by.
        links: (case, kind) of cases that belong to it.
    """

    id: str
    process: str
    version: int
    number: str | None
    unit: str | None
    state: str
    end: str | None
    created_at: str
    ended_at: str | None
    data: dict[str, str | int | float | bool]
    links: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]


def traces(app: Application, tx: Transaction, selection: Selected, salt: bytes) -> Iterator[Trace]:
    """Yield the selected cases by id, each read as it is asked for.

    Args:
        salt: what people are named by, see ``pseudonym``.
    """
    values = {"process": selection.process, "since": selection.since}
    after, names = "", _Names()
    while True:
        rows = tx.all(_PAGE, {**values, "after": after})
        for row in rows:
            after = row[0]
            yield _trace(app, tx, row, names, None if selection.personal else salt)
        if len(rows) < AT_ONCE:
            return


def _trace(app: Application, tx: Transaction, row: Any, names: _Names, salt: bytes | None) -> Trace:
    case_id, process, version, pins, number, unit, state, end, created, ended, body = row
    pinned = app.library.pinned(tx, pins)
    now = text(app.clock.now())
    steps = (
        _step(case_id, one, pinned, names, now=now, salt=salt)
        for one in visits(store.read_entries(tx, case_id))
        if _is_activity(one, pinned)
    )
    return Trace(
        case_id, process, version, number, unit, state, end, text(created),
        None if ended is None else text(ended),
        _plain(orjson.loads(body) if body else {}),
        tuple((one[0], one[1]) for one in tx.all(_LINKS, {"case_id": case_id})),
        tuple(steps),
    )  # fmt: skip


def _is_activity(visit: Visit, pinned: Pinned) -> bool:
    """Whether a visit is told; one that a migrated case made of what is gone is."""
    model = pinned.bundle.processes.get(visit.process)
    node = model.nodes.get(visit.element) if model else None
    return visit.task is not None if node is None else node.kind in ACTIVITIES


def _step(
    case_id: str, visit: Visit, pinned: Pinned, names: _Names, *, now: str, salt: bytes | None
) -> Step:
    model = pinned.bundle.processes.get(visit.process)
    node = model.nodes.get(visit.element) if model else None
    instance = "" if visit.instance is None else f".{visit.instance}"
    name, english, kind = visit.element, None, "task"
    if model is not None and node is not None:
        kind, english = node.kind.value, node.properties.get("name_en")
        name = names.of(pinned, model)[node.id]
    if visit.due_at is not None:
        # Recorded as people see it; readers of logs take every moment for one in UTC.
        visit.due_at = text(parse(visit.due_at))
    return Step(
        f"{case_id}.{visit.process}.{visit.element}.{visit.nth}{instance}",
        name, english, kind, visit, pseudonym(visit.by, salt), _late(visit, now),
    )  # fmt: skip


class _Names:
    """What elements are called in a log, worked out once for all cases of a version."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], dict[str, str]] = {}

    def of(self, pinned: Pinned, model: Process) -> dict[str, str]:
        """Return id -> name on one line, or the id where the name is not the element's own."""
        key = (pinned.digest, model.key)
        if key not in self._known:
            lines = {one.id: " ".join(one.name.splitlines()) for one in model.nodes.values()}
            often = Counter(lines.values())
            self._known[key] = {
                element: name if name and often[name] == 1 else element
                for element, name in lines.items()
            }
        return self._known[key]


def pseudonym(name: str | None, salt: bytes | None) -> str | None:
    """Return how a log names a user: alike in one log, and nobody in another.

    The engine itself (``@…``) is named as it is, and everybody without a salt.
    """
    if name is None or salt is None or name.startswith("@"):
        return name
    return "p-" + hashlib.sha256(salt + name.encode()).hexdigest()[:12]


def _late(visit: Visit, now: str) -> bool | None:
    if visit.due_at is None:
        return None
    return parse(visit.due_at) < parse(visit.left_at or now)


def _plain(data: dict[str, Any]) -> dict[str, str | int | float | bool]:
    """Return the plain values: none that is sealed, and none that is a structure."""
    return {
        name: value
        for name, value in data.items()
        if name not in WITHHELD and isinstance(value, str | int | float | bool)
    }
