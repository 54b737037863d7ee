"""Entries applied again, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine import commands, store
from engine.clock import parse
from engine.database import Transaction
from engine.definitions import Pinned
from engine.execution import Applied, Snapshot, empty
from engine.history import Entry
from engine.ports import Application
from engine.worlds import TapeWorld


@dataclass(frozen=True, slots=True)
class Step:
    """One entry applied again; ``pinned`` is what the case runs on after it."""

    entry: Entry
    document: dict[str, Any]
    applied: Applied
    pinned: Pinned


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
