"""The way of a case, entry by entry: which branch it took and why, and what was written.

Nothing of this is recorded as such. The entries are applied again with their recorded
answers; what each condition read, and what the data were before and after, follow from that.
Only the entries that somebody looks at are applied: a long case is read in parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import replay, store
from engine.bpmn.model import Flow, Kind, Node, Process
from engine.database import Transaction
from engine.definitions import Pinned
from engine.ports import Application
from engine.worlds import Condition, WatchingWorld

Document = dict[str, Any]

_CHOOSING = frozenset({Kind.EXCLUSIVE, Kind.INCLUSIVE, Kind.COMPLEX})


@dataclass(frozen=True, slots=True)
class Leg:
    """What one entry of a case came to.

    Attributes:
        gateways: each one that was passed: ``{process, element, nth, path, ways}``; of each
            way ``{flow, name, target, taken, default, expression?, value?, error?, values?}``.
        changes: the data written: ``{process, element, nth, path, scope, name, before?,
            after?}``; without ``before`` it was not there.
        pinned: what the case ran on after it.
    """

    position: int
    gateways: list[Document]
    changes: list[Document]
    pinned: Pinned


def legs(
    app: Application, tx: Transaction, case_id: str, *, after: int, last: int
) -> Iterator[Leg]:
    """Yield what the entries that follow position ``after`` came to, up to ``last``.

    Raises:
        EngineError: the history cannot be applied again; ``replay`` says where.
        KeyError: a file it ran on is gone.
    """
    standing = replay.standing_at(app, tx, case_id, after)
    if standing is None:
        return
    before = standing.snapshot.data
    worlds: list[WatchingWorld] = []

    def world_of(entry: Document, _pinned: Pinned) -> WatchingWorld:
        worlds.append(WatchingWorld(entry["evaluations"]))
        return worlds[-1]

    found = store.read_part(tx, case_id, after=after, last=last)
    for step in replay.steps(app, tx, case_id, found, world_of, after=standing.place):
        data, events = step.applied.snapshot.data, step.entry.document()["events"]
        yield Leg(
            position=step.entry.position,
            gateways=list(_gateways(events, worlds[-1].conditions, step.pinned)),
            changes=list(_changes(events, before, data)),
            pinned=step.pinned,
        )
        before = data


def _gateways(
    events: Sequence[Document], asked: Sequence[Condition], pinned: Pinned
) -> Iterator[Document]:
    """Yield the gateways that were passed, in their order, each with all ways out of it."""
    taken: dict[tuple[str, str, int], tuple[Document, set[str]]] = {}
    for event in events:
        if event["type"] == "flow_taken":
            place = (event["process"], event["element"], event["nth"])
            taken.setdefault(place, (event, set()))[1].add(event["flow"])
    for place, (event, flows) in taken.items():
        process = pinned.bundle.processes.get(place[0])
        node = None if process is None else process.nodes.get(place[1])
        if process is None or node is None or not _chooses(node, process):
            continue
        own = [one for one in asked if one.place == place]
        yield {
            **{name: event[name] for name in ("process", "element", "nth", "path")},
            "ways": [_way(one, node, flows, own) for one in _out_of(node, process)],
        }


def _chooses(node: Node, process: Process) -> bool:
    """Whether the way out of an element depends on something."""
    if len(node.outgoing) < 2:
        return False
    return node.kind in _CHOOSING or any(one.condition for one in _out_of(node, process))


def _out_of(node: Node, process: Process) -> list[Flow]:
    flows = {key: one for scope in process.scopes.values() for key, one in scope.flows.items()}
    return [flows[one] for one in node.outgoing]


def _way(flow: Flow, node: Node, taken: set[str], asked: Sequence[Condition]) -> Document:
    way: Document = {
        "flow": flow.id,
        "name": flow.name or "",
        "target": flow.target,
        "taken": flow.id in taken,
        "default": flow.id == node.default,
    }
    if flow.condition is not None and not way["default"]:
        way["expression"] = flow.condition.feel or flow.condition.text
        for one in asked:
            if one.code == flow.condition:
                return {**way, **one.answer, "values": one.values}
    return way


def _changes(
    events: Sequence[Document], before: Mapping[str, Document], after: Mapping[str, Document]
) -> Iterator[Document]:
    """Yield what was written and is there, or was there before, each once."""
    places: dict[tuple[str, str], Document] = {}
    for event in events:
        if event["type"] == "data_written":
            for name in event["names"]:
                places[event["scope"], name] = event
    for (scope, name), event in places.items():
        was, now = before.get(scope, {}), after.get(scope)
        if now is None:
            # Its scope has ended.
            continue
        if (name in was, was.get(name)) == (name in now, now.get(name)):
            continue
        change = {key: event[key] for key in ("process", "element", "nth", "path")}
        change |= {"scope": scope, "name": name}
        if name in was:
            change["before"] = was[name]
        if name in now:
            change["after"] = now[name]
        yield change
