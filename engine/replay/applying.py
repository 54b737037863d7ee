"""Entries applied again, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from engine import commands
from engine.clock import parse
from engine.database import Transaction
from engine.definitions import Pinned
from engine.execution import Applied, Executor, Snapshot, empty
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


Place = tuple[Snapshot, Pinned | None]
"""Where a case stood, and what it ran on; None before its first entry."""

WorldOf = Callable[[dict[str, Any], Pinned], TapeWorld]


def _recorded(entry: dict[str, Any], _pinned: Pinned) -> TapeWorld:
    return TapeWorld(entry["evaluations"])


def steps(
    app: Application,
    tx: Transaction,
    case_id: str,
    found: Iterable[Entry],
    world_of: WorldOf = _recorded,
    *,
    after: Place | None = None,
) -> Iterator[Step]:
    """Yield every entry with what applying its command again comes to.

    Args:
        world_of: makes the world an entry is applied in.
        after: where the case stood before the first of ``found``, and what it ran on.

    Raises:
        EngineError: a command is refused now, or asks what was not recorded.
        KeyError: a file it ran on is gone.
    """
    pinned_of = partial(app.library.pinned, tx)
    return applied(case_id, found, pinned_of, app.executors, world_of, after=after)


def applied(
    case_id: str,
    found: Iterable[Entry],
    pinned_of: Callable[[str], Pinned],
    executors: Mapping[str, Executor],
    world_of: WorldOf = _recorded,
    *,
    after: Place | None = None,
) -> Iterator[Step]:
    """Yield what ``steps`` does, wherever the definitions lie.

    Args:
        pinned_of: returns what the pins of a digest come to.
        executors: by name.
    """
    snapshot, before = after or (empty(case_id), None)
    for entry in found:
        document = entry.document()
        versions = document["versions"]
        pinned = pinned_of(versions["definitions"])
        executor = executors[versions["executor"].partition("/")[0]]
        world = world_of(document, pinned)
        bundle = pinned.bundle
        command = commands.from_json(document["command"])
        if isinstance(command, commands.MigrateCase) and before is not None:
            bundle = replace(before.bundle, onto=bundle)
        at, actor = parse(document["at"]), document["actor"]
        outcome = executor.apply(bundle, snapshot, command, now=at, actor=actor, world=world)
        world.finish()
        snapshot, before = outcome.snapshot, pinned
        yield Step(entry, document, outcome, pinned)
