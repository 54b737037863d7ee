"""Re-execute histories and compare; check their chains; refill what derives from them.

A recorded command is applied again with its recorded moment, actor, definitions
and evaluations; every event must come out byte for byte. ``replay`` and
``verify`` write nothing. ``rebuild`` throws away a case's rows and snapshot and
makes them anew from its history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import commands, projection, store
from engine.clock import parse
from engine.database import Transaction
from engine.definitions import STREAM, Pinned
from engine.errors import CaseNotFound, EngineError, HistoryBroken
from engine.execution import Applied, Snapshot, empty
from engine.history import Entry, canonical, verify
from engine.ports import Application
from engine.sealing import commitment, find_sealed
from engine.tables import blobs, cases, definitions, entries, list_versions, pins, streams
from engine.worlds import LiveWorld, ReevaluatingWorld, TapeWorld

_IDS = sa.select(cases.c.id).order_by(cases.c.id)
_STREAMS = sa.select(streams.c.id, streams.c.position, streams.c.head).order_by(streams.c.id)
_HEAD = sa.select(cases.c.position, cases.c.head).where(cases.c.id == p("stream"))
_COPIES = (
    sa.select(
        entries.c.position, entries.c.body, entries.c.digest, entries.c.at, entries.c.actor,
        entries.c.type,
    )
    .where(entries.c.stream == p("stream"))
    .order_by(entries.c.position)
)  # fmt: skip
_ORPHANS = (
    sa.select(entries.c.stream)
    .where(
        entries.c.stream.not_in(sa.select(cases.c.id)),
        entries.c.stream.not_in(sa.select(streams.c.id)),
    )
    .distinct()
    .order_by(entries.c.stream)
)
_BLOBS = sa.select(blobs.c.sha256, blobs.c.content).order_by(blobs.c.sha256)
_DEFINITIONS = sa.select(
    definitions.c.process, definitions.c.version, definitions.c.sha256, definitions.c.files
).order_by(definitions.c.process, definitions.c.version)
_PINS = sa.select(pins.c.digest, pins.c.versions).order_by(pins.c.digest)
_LISTS = sa.select(
    list_versions.c.name, list_versions.c.version, list_versions.c.descriptor,
    list_versions.c.content,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where a history does not follow from its commands."""

    case: str
    position: int | None
    reason: str
    what: str = "entry"

    def to_json(self) -> dict[str, Any]:
        """Return it as the command line prints it."""
        found: dict[str, Any] = {"case": self.case, "reason": self.reason}
        if self.position is None:
            return {**found, "what": self.what}
        return {**found, "position": self.position, "what": self.what}


@dataclass(frozen=True, slots=True)
class Step:
    """One entry applied again; ``pinned`` is what the case runs on after it."""

    entry: Entry
    document: dict[str, Any]
    applied: Applied
    pinned: Pinned


def case_ids(app: Application) -> list[str]:
    """Return the ids of all cases, oldest first."""
    with app.database.reading() as tx:
        return [row[0] for row in tx.all(_IDS, {})]


# -- replay ----------------------------------------------------------------------------


def replay(app: Application, ids: Iterable[str]) -> Iterator[Difference | None]:
    """Yield for each case None when it is identical, else its first difference.

    The chain is checked with it, recorded evaluations are used. Memory does not
    grow with the number of cases.
    """
    for case_id in ids:
        with app.database.reading() as tx:
            found = replay_case(app, tx, case_id)
        yield found


def replay_case(app: Application, tx: Transaction, case_id: str) -> Difference | None:
    """Return the first difference of one case's history, or None."""
    found = list(store.read_entries(tx, case_id))
    head = tx.one(_HEAD, {"stream": case_id})
    if head is None:
        raise CaseNotFound(case_id)
    try:
        verify(case_id, found, head=head[1])
    except HistoryBroken as broken:
        return Difference(case_id, broken.position, broken.reason)
    position = 0
    try:
        for step in steps(app, tx, case_id, found):
            position = step.entry.position
            # One entry of the same bytes has the same events; the rest is copied from it.
            if canonical({**step.document, "events": step.applied.events}) != step.entry.body:
                reason = _difference(step.document["events"], step.applied.events)
                return Difference(case_id, position, reason)
    except EngineError as refusal:
        return Difference(case_id, position + 1, f"refused: {refusal}")
    except KeyError as missing:
        return Difference(case_id, position + 1, f"a definition is missing: {missing}")
    return None


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


def _recorded(entry: dict[str, Any], _pinned: Pinned) -> TapeWorld:
    return TapeWorld(entry["evaluations"])


def steps(
    app: Application,
    tx: Transaction,
    case_id: str,
    found: Sequence[Entry],
    world_of: Callable[[dict[str, Any], Pinned], TapeWorld] = _recorded,
) -> Iterator[Step]:
    """Yield every entry with what applying its command again comes to.

    Args:
        world_of: makes the world an entry is applied in.

    Raises:
        EngineError: a command is refused now, or asks what was not recorded.
        KeyError: a file it ran on is gone.
    """
    snapshot = empty(case_id)
    before: Pinned | None = None
    for entry in found:
        document = entry.document()
        versions = document["versions"]
        pinned = app.library.pinned(tx, versions["definitions"])
        executor = app.executors[versions["executor"].partition("/")[0]]
        world = world_of(document, pinned)
        bundle = pinned.bundle
        command = commands.from_json(document["command"])
        if isinstance(command, commands.MigrateCase) and before is not None:
            bundle = replace(before.bundle, onto=bundle)
        at, actor = parse(document["at"]), document["actor"]
        applied = executor.apply(bundle, snapshot, command, now=at, actor=actor, world=world)
        world.finish()
        snapshot, before = applied.snapshot, pinned
        yield Step(entry, document, applied, pinned)


def _difference(recorded: list[Any], again: list[Any]) -> str:
    for at, (old, new) in enumerate(zip(recorded, again, strict=False)):
        if canonical(old) != canonical(new):
            return f"event {at + 1} was {_short(old)} and is now {_short(new)}"
    return f"{len(recorded)} events were recorded and {len(again)} follow now"


def _short(event: Any) -> str:
    text = orjson.dumps(event).decode()
    return text if len(text) <= 300 else text[:297] + "..."


def state_at(
    app: Application, tx: Transaction, case_id: str, position: int
) -> tuple[Snapshot, dict[str, Any]] | None:
    """Return the snapshot after entry ``position`` and that entry, or None."""
    found = [one for one in store.read_entries(tx, case_id) if one.position <= position]
    if not found or found[-1].position != position:
        return None
    last: Step | None = None
    for last in steps(app, tx, case_id, found):  # noqa: B007  the last one is wanted
        pass
    assert last is not None
    return last.applied.snapshot, last.document


# -- verify ----------------------------------------------------------------------------


def verify_cases(app: Application, ids: Iterable[str]) -> Iterator[Difference | None]:
    """Yield for each case None when its chain and copies are sound, else what is broken."""
    for case_id in ids:
        with app.database.reading() as tx:
            head = tx.one(_HEAD, {"stream": case_id})
            if head is None:
                raise CaseNotFound(case_id)
            found = _check_stream(tx, case_id, head[0], head[1]) or _check_sealed(tx, case_id)
        yield found


def verify_rest(app: Application) -> list[Difference]:
    """Return what is broken outside the cases: acts, files, histories without a case."""
    found: list[Difference] = []
    with app.database.reading() as tx:
        for name, position, head in tx.all(_STREAMS, {}):
            broken = _check_stream(tx, name, position, head)
            if broken is not None:
                found.append(broken)
        for (orphan,) in tx.all(_ORPHANS, {}):
            found.append(Difference(orphan, None, "its history is here, the case is not", "case"))
        found += _check_files(tx)
    return found


def _check_stream(tx: Transaction, stream: str, position: int, head: str) -> Difference | None:
    rows = tx.all(_COPIES, {"stream": stream})
    found = [Entry(row[0], bytes(row[1]), row[2]) for row in rows]
    try:
        checked = verify(stream, found, head=head)
    except HistoryBroken as broken:
        return Difference(stream, broken.position, broken.reason)
    if checked != position:
        return Difference(stream, checked, f"{checked} entries where {position} are due")
    for entry, row in zip(found, rows, strict=True):
        document = entry.document()
        copies = (document["position"], parse(document["at"]), document["actor"],
                  document["command"]["type"])  # fmt: skip
        if copies != (row[0], row[3], row[4], row[5]):
            return Difference(stream, entry.position, "a column differs from its bytes", "column")
    return None


def _check_sealed(tx: Transaction, case_id: str) -> Difference | None:
    values = store.sealed_with_salt(tx, case_id)
    for entry in store.read_entries(tx, case_id):
        if b'"$sealed"' not in entry.body:
            continue
        for one, promised in find_sealed(entry.document()["command"]):
            kept = values.get(one)
            if kept is not None and commitment(*kept) != promised:
                reason = f"the sealed value {one} is not the one that was entered"
                return Difference(case_id, entry.position, reason, "sealed value")
            if one not in values:
                reason = f"the sealed value {one} is gone, and nobody erased it"
                return Difference(case_id, entry.position, reason, "sealed value")
    return None


def _check_files(tx: Transaction) -> Iterator[Difference]:
    stored = set()
    for sha256, content in tx.all(_BLOBS, {}):
        stored.add(sha256)
        if hashlib.sha256(bytes(content)).hexdigest() != sha256:
            yield Difference(sha256, None, "its bytes do not match its hash", "file")
    deployed = _deployed(tx)
    for process, number, sha256, files in tx.all(_DEFINITIONS, {}):
        name, named = f"{process} version {number}", orjson.loads(files)
        if deployed.get((process, number)) != (sha256, named):
            yield Difference(name, None, "it is not the one that was deployed", "definition")
        for one in named:
            if one["sha256"] not in stored:
                yield Difference(name, None, f"{one['filename']} is gone", "definition")
    for digest, versions in tx.all(_PINS, {}):
        if hashlib.sha256(versions.encode()).hexdigest() != digest:
            yield Difference(digest, None, "the versions do not match their digest", "pins")
    for name, version, descriptor, content in tx.all(_LISTS, {}):
        if not {descriptor, content} <= stored:
            yield Difference(f"{name} {version}", None, "its file is gone", "list")


def _deployed(tx: Transaction) -> dict[tuple[str, int], tuple[str, list[Any]]]:
    """Return the hash and the files of every version, as its deployment recorded them."""
    return {
        (event["process"], event["version"]): (event["sha256"], event["files"])
        for entry in store.read_entries(tx, STREAM)
        for event in entry.document()["events"]
        if event["type"] == "version_deployed"
    }


# -- rebuild ---------------------------------------------------------------------------


def rebuild(app: Application, ids: Iterable[str]) -> Iterator[str]:
    """Refill each case's snapshot and rows from its history; yield its id when done.

    Raises:
        HistoryBroken: before anything of that case is changed.
    """
    for case_id in ids:
        with app.database.writing() as tx:
            store.lock_case(tx, case_id)
            _rebuild(app, tx, case_id)
        yield case_id


def _rebuild(app: Application, tx: Transaction, case_id: str) -> None:
    row = store.read_case(tx, case_id)
    if row is None:
        raise CaseNotFound(case_id)
    found = list(store.read_entries(tx, case_id))
    verify(case_id, found, head=found[-1].digest if found else "")
    projection.empty(tx, case_id)
    app.references.refresh(tx)
    named = projection.kept(app.references.active.get(projection.MILESTONES))
    was, lists = row, {}
    row = row._replace(business_key=None, unit=None, end_state=None, ended_at=None)
    last: Step | None = None
    for step in steps(app, tx, case_id, found):
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
        entered = projection.Entered(*place, step.pinned.supervisions)
        projection.project(tx, entered, step.applied.events)
        asked = step.document["evaluations"]
        projection.keep(tx, entered, step.applied, step.document, named)
        row = projection.after(row, step.applied, at, step.entry, asked, number=main.business_key)
        last = step
    if last is not None:
        semantics = app.executors[row.executor].semantics
        version = last.pinned.versions["processes"][row.process]["version"]
        row = row._replace(
            lists=canonical(lists).decode(), pins=last.pinned.digest, version=version
        )
        store.update_case(tx, was, row, last.applied.snapshot, semantics)
