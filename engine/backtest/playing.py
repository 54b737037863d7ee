"""One case, lived again on a changed diagram.

As long as nothing differs the record answers, entry by entry, as in replay. From the first
entry that comes out otherwise the case goes its own way (``ways``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import commands, store
from engine.backtest.books import Mapped, Place
from engine.backtest.changes import Changed
from engine.backtest.measures import Measure, Measured, boundaries
from engine.backtest.reasons import Reason
from engine.backtest.surroundings import Known, RecordedWorld, Surroundings, offered, used_lists
from engine.backtest.ways import Way
from engine.clock import parse
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import EngineError
from engine.execution import Applied, Snapshot, empty
from engine.ports import Application
from engine.tables import cases

CLASSES = ("identical", "same_outcome", "different_outcome", "stuck", "diverged")
"""What a back-test says of a case, from the best to the worst."""

ENDS = frozenset({"completed", "cancelled"})

Document = dict[str, Any]

_NUMBER = sa.select(cases.c.business_key).where(cases.c.id == p("case_id"))


@dataclass(frozen=True, slots=True)
class Result:
    """What a back-test says of one case.

    Attributes:
        business_key: its number; None also where it is identical.
        verdict: one of ``CLASSES``.
        reason: why; None where the class says all.
        position: the entry at which it parted from the record; None where it did not.
        first: the process and element of which the first other event is; None where there is
            none, or a recorded act was refused.
        outcomes: state and end, then and now.
        now: None where it is what it was then.
    """

    case: str
    business_key: str | None
    verdict: str
    then: Measured
    reason: Reason | None = None
    position: int | None = None
    first: Place | None = None
    outcomes: tuple[str, str] = ("", "")
    now: Measured | None = None


class Trial:
    """Everything that the cases of one back-test have in common."""

    def __init__(
        self, app: Application, changed: Changed, surroundings: Surroundings, mapping: Mapped
    ) -> None:
        self.app, self.changed, self.surroundings = app, changed, surroundings
        self.mapping = mapping
        self._at_tasks: dict[str, frozenset[tuple[str, str]]] = {}

    def at_tasks(self, pinned: Pinned) -> frozenset[tuple[str, str]]:
        """Return the boundary events of a bundle."""
        found = self._at_tasks.get(pinned.digest)
        if found is None:
            found = self._at_tasks[pinned.digest] = boundaries(pinned)
        return found

    def play(self, tx: Transaction, case_id: str, process: str) -> Result | None:
        """Return what becomes of a case; None if it never came to ``process``."""
        documents = [one.document() for one in store.read_entries(tx, case_id)]
        old, new, same = self.changed.of(tx, documents[0]["versions"]["definitions"])
        if process != old.bundle.main and not _comes_to(documents, process):
            return None
        used = used_lists(documents)
        self.surroundings.load(tx, used)
        known = Known(new, same, used, offered(documents))
        found = _Case(self, case_id, documents, old, known).result()
        if found.verdict == "identical":
            return found
        (number,) = tx.one(_NUMBER, {"case_id": case_id}) or (None,)
        return replace(found, business_key=number)


def _comes_to(documents: list[Document], process: str) -> bool:
    return any(
        event["process"] == process for document in documents for event in document["events"]
    )


class _Case:
    """One case of a back-test."""

    def __init__(
        self, trial: Trial, case_id: str, documents: list[Document], old: Pinned, known: Known
    ) -> None:
        self._trial, self._id, self._documents, self._known = trial, case_id, documents, known
        self._old = old
        name = documents[0]["versions"]["executor"].partition("/")[0]
        self._executor = trial.app.executors[name]
        # What the plan wants otherwise may change any answer.
        self._sure = not trial.surroundings.is_other

    def result(self) -> Result:
        then = self._measure(self._old)
        for one in self._documents:
            then.take(parse(one["at"]), one["events"])
        last = parse(self._documents[-1]["at"])
        number, way = self._in_step()
        ends = self._trial.mapping.get(self._old.bundle.main, {})
        was = _outcome(self._documents, ends)
        found = Result(self._id, None, "identical", then=then.end(last))
        if way is None:
            return replace(found, outcomes=(was, was))
        now = self._measure(self._known.pinned)
        for at, events in way.history:
            now.take(at, events)
        verdict, reason = _judged(way, was, self._documents)
        return replace(
            found, verdict=verdict, reason=reason, outcomes=(was, way.outcome),
            position=self._documents[number]["position"], first=self._first(number, way),
            now=now.end(way.until or last),
        )  # fmt: skip

    def _first(self, number: int, way: Way) -> Place | None:
        """Return where the first event is that is another than in the record."""
        if len(way.history) <= number:
            return None
        now, then = way.history[number][1], self._documents[number]["events"]
        pairs = zip_longest(now, then)
        other = next((new or old for new, old in pairs if new != old), None)
        return None if other is None else (other["process"], other["element"])

    def _measure(self, pinned: Pinned) -> Measure:
        return Measure(self._trial.app.references.calendar, self._trial.at_tasks(pinned))

    def _in_step(self) -> tuple[int, Way | None]:
        """Go on as recorded; return the first entry that comes out otherwise, and the way on."""
        snapshot = empty(self._id)
        for number, document in enumerate(self._documents):
            command = commands.from_json(document["command"])
            if isinstance(command, commands.MigrateCase):
                # It runs on the new diagram from its first entry on.
                return number, self._way(number, snapshot).finished(number)
            applied = self._recorded(document, command, snapshot) if self._sure else None
            if applied is None:
                applied = self._anew(document, command, snapshot)
                if applied is None:
                    return number, self._way(number, snapshot).finished(number)
                if applied.events != document["events"]:
                    way = self._way(number, snapshot)
                    way.take(parse(document["at"]), applied)
                    return number, way.finished(number + 1)
            snapshot = applied.snapshot
        return len(self._documents), None

    def _recorded(
        self, document: Document, command: commands.Command, snapshot: Snapshot
    ) -> Applied | None:
        """Apply an entry with its recorded answers; None where they cannot be trusted."""
        same = self._known.same
        world = RecordedWorld(document["evaluations"], same)
        try:
            applied = self._apply(document, command, snapshot, world)
            world.finish()
        except EngineError:
            applied = None
        if (
            applied is not None
            and applied.events == document["events"]
            and {(e["process"], e["element"]) for e in applied.events} <= same
        ):
            return applied
        # A changed element may have written other data: nothing recorded is sure from here on.
        self._sure = False
        return None

    def _anew(
        self, document: Document, command: commands.Command, snapshot: Snapshot
    ) -> Applied | None:
        at = parse(document["at"])
        world = self._trial.surroundings.world(self._id, document, at, of=self._known)
        try:
            return self._apply(document, command, snapshot, world)
        except EngineError:
            return None

    def _apply(
        self, document: Document, command: commands.Command, snapshot: Snapshot, world: Any
    ) -> Applied:
        at, actor = parse(document["at"]), document["actor"]
        bundle = self._known.pinned.bundle
        return self._executor.apply(bundle, snapshot, command, now=at, actor=actor, world=world)

    def _way(self, number: int, snapshot: Snapshot) -> Way:
        def world(document: Document, at: datetime) -> Any:
            return self._trial.surroundings.world(self._id, document, at, of=self._known)

        return Way(
            self._executor,
            self._known.pinned,
            world,
            mapping=self._trial.mapping,
            documents=self._documents,
            number=number,
            snapshot=snapshot,
        )


_ENDING = frozenset({"case_completed", "case_cancelled"})


def _outcome(documents: list[Document], mapping: Mapping[str, str]) -> str:
    """Return how a record ends: its end, or the state it was in."""
    for document in reversed(documents):
        for event in reversed(document["events"]):
            if event["type"] in _ENDING:
                end = event.get("end")
                called = mapping.get(end, end) if end else ""
                return f"{event['type'].removeprefix('case_')}: {called}".strip()
    return "open"


def _judged(way: Way, was: str, documents: list[Document]) -> tuple[str, Reason | None]:
    if way.diverged:
        return "diverged", way.diverged
    if way.outcome == "open" and (was != "open" or way.stands(documents)):
        return "stuck", way.waiting()
    if way.outcome != was:
        return "different_outcome", Reason("ended", (was, way.outcome))
    return "same_outcome", None
