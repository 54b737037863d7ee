"""Histories applied again and compared byte for byte; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from engine import store
from engine.clock import parse
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import CaseNotFound, EngineError, HistoryBroken
from engine.execution import empty
from engine.history import Entry, canonical, verify
from engine.ports import Application
from engine.replay import standings
from engine.replay.applying import Step, steps
from engine.replay.differences import HEAD, Difference, batched, first_difference
from engine.worlds import LiveWorld, ReevaluatingWorld, TapeWorld


def replay(app: Application, ids: Iterable[str]) -> Iterator[Difference | None]:
    """Yield for each case None when it is identical, else its first difference.

    The chain is checked with it, recorded evaluations are used. Memory does not
    grow with the number of cases.
    """
    for some in batched(ids):
        # Nobody is kept from writing while the caller looks at the findings.
        with app.database.reading() as tx:
            found = [replay_case(app, tx, one) for one in some]
        yield from found


def replay_case(app: Application, tx: Transaction, case_id: str) -> Difference | None:
    """Return the first difference of one case's history, or None."""
    found = list(store.read_entries(tx, case_id))
    head = tx.one(HEAD, {"stream": case_id})
    if head is None:
        raise CaseNotFound(case_id)
    try:
        verify(case_id, found, head=head[1])
    except HistoryBroken as broken:
        return Difference(case_id, broken.position, broken.reason)
    position = 0
    beside = _Beside(app, tx, case_id, found)
    try:
        for step in steps(app, tx, case_id, found):
            position = step.entry.position
            # One entry of the same bytes has the same events; the rest is copied from it.
            if canonical({**step.document, "events": step.applied.events}) != step.entry.body:
                recorded = step.entry.document()["events"]
                reason = first_difference(recorded, step.applied.events)
                return Difference(case_id, position, reason)
            wrong = beside.wrong(step)
            if wrong is not None:
                return Difference(case_id, position, wrong, "standing")
    except EngineError as refusal:
        return Difference(case_id, position + 1, f"refused: {refusal}")
    except KeyError as missing:
        return Difference(case_id, position + 1, f"a definition is missing: {missing}")
    return None


class _Beside:
    """What is kept beside a history, compared as its entries are applied again."""

    def __init__(self, app: Application, tx: Transaction, case_id: str, found: list[Entry]) -> None:
        self._kept = {one.position: one for one in store.standings_of(tx, case_id)}
        if self._kept:
            self._made_by = standings.maker(app, found[0])
            self._kept = {k: one for k, one in self._kept.items() if one.made_by == self._made_by}
            self._standing = standings.Standing(case_id, 0, empty(case_id))

    def wrong(self, step: Step) -> str | None:
        """Say what is wrong with what is kept beside this entry; None if nothing is."""
        if not self._kept:
            return None
        self._standing.take(step, self._made_by)
        return standings.compare(self._kept, self._standing)


def reevaluate(app: Application, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield for each case where evaluating again disagrees with what was recorded.

    Only entries are asked again that were evaluated by this sandbox version and on
    the calendar in force; the lists are those the case had pinned.

    Returns:
        ``{case, evaluated, disagreements: [{position, site, recorded, now}]}`` per case;
        ``evaluated`` counts its entries that were asked again.
    """
    for case_id in ids:
        with app.database.reading() as tx:
            app.references.refresh(tx)
            found = _reevaluate(app, tx, case_id)
        yield found


def _reevaluate(app: Application, tx: Transaction, case_id: str) -> dict[str, Any]:
    report: dict[str, Any] = {"case": case_id, "evaluated": 0, "disagreements": []}
    worlds: list[tuple[int, ReevaluatingWorld]] = []
    lists: dict[str, str] = {}

    def world_of(entry: dict[str, Any], pinned: Pinned) -> TapeWorld:
        versions = entry["versions"]
        lists.update(versions.get("lists", {}))
        same = (versions.get("sandbox"), versions["calendar"]) == (
            app.sandbox.version,
            app.references.calendar.version,
        )
        if not same:
            return TapeWorld(entry["evaluations"])
        app.references.load(tx, lists)
        at = parse(entry["at"])
        live = LiveWorld(
            case=case_id,
            now=at,
            sandbox=app.sandbox,
            calendar=app.references.calendar,
            reference=app.references.for_case(lists, at),
            decisions=pinned.decisions,
        )
        world = ReevaluatingWorld(entry["evaluations"], live)
        worlds.append((entry["position"], world))
        return world

    for _ in steps(app, tx, case_id, list(store.read_entries(tx, case_id)), world_of):
        continue
    report["evaluated"] = len(worlds)
    for position, world in worlds:
        report["disagreements"] += [{"position": position, **one} for one in world.disagreements]
    return report
