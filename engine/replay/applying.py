"""Entries applied again, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from engine import commands
from engine.clock import parse
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import EngineError, HistoryBroken
from engine.execution import Applied, Executor, Snapshot, empty
from engine.history import Entry
from engine.ports import Application
from engine.worlds import TapeWorld


# Not frozen, as everything that is made in every command.
@dataclass(slots=True)
class Step:
    """One entry applied again.

    Attributes:
        document: what the entry says but for its events; those are ``applied.events`` again.
        pinned: what the case runs on after it.
    """

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
        HistoryBroken: what stands there is no entry, or no command that was ever accepted.
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
        document, command, at, actor, pins, runner = _read(case_id, entry)
        pinned, executor = pinned_of(pins), executors[runner]
        world = world_of(document, pinned)
        bundle = pinned.bundle
        if isinstance(command, commands.MigrateCase) and before is not None:
            bundle = replace(before.bundle, onto=bundle)
        try:
            outcome = executor.apply(bundle, snapshot, command, now=at, actor=actor, world=world)
        except EngineError:
            raise
        except Exception as fault:
            # No such command was ever accepted: somebody else wrote it.
            reason = f"its command cannot be applied ({type(fault).__name__}: {fault})"
            raise HistoryBroken(case_id, position=entry.position, reason=reason) from fault
        world.finish()
        snapshot, before = outcome.snapshot, pinned
        yield Step(entry, document, outcome, pinned)


def _read(
    case_id: str, entry: Entry
) -> tuple[dict[str, Any], commands.Command, datetime, str, str, str]:
    """Return an entry's content, its command, moment and actor, its pins and its executor."""
    try:
        document = entry.asked()
        command, at = commands.from_json(document["command"]), parse(document["at"])
        versions, _ = document["versions"], document["evaluations"]
        runner: str = versions["executor"].partition("/")[0]
        return document, command, at, document["actor"], versions["definitions"], runner
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        reason = f"its bytes are no entry: {type(fault).__name__}: {fault}"
        raise HistoryBroken(case_id, position=entry.position, reason=reason) from fault
