"""What stands open in a case, by its events; and which of it a recorded act is about."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.bpmn.model import Process
from engine.clock import parse
from engine.events import Event

Place = tuple[str, str]
"""Process and element."""

Mapped = Mapping[str, Mapping[str, str]]


@dataclass(slots=True)
class Open:
    """Something that waits: a task, a job, a timer, a message.

    Attributes:
        name: a task's or job's name in the case, a timer's or subscription's number.
        path: the scopes around it, with instance keys.
        roles: whom a task is offered to.
        due: of a timer: when it fires.
        awaits: of a message or signal: its name; of a job: its topic.
    """

    kind: str
    name: str
    place: Place
    nth: int
    path: tuple[str, ...]
    instance: int | None
    since: datetime
    roles: frozenset[str] = frozenset()
    due: datetime | None = None
    awaits: str = ""
    called: str = ""


@dataclass(slots=True)
class Book:
    """What is open, and every task and job that ever was, in the order of opening."""

    tasks: dict[str, Open] = field(default_factory=dict)
    jobs: dict[str, Open] = field(default_factory=dict)
    timers: dict[str, Open] = field(default_factory=dict)
    waits: dict[str, Open] = field(default_factory=dict)
    known: dict[str, Open] = field(default_factory=dict)
    held: dict[str, Open] = field(default_factory=dict)

    def take(self, at: datetime, events: Iterable[Event]) -> None:
        """Take over what has happened."""
        for event in events:
            kind = event["type"]
            if kind in _OPENS:
                self._open(at, event, *_OPENS[kind])
            elif kind in _CLOSES:
                table, name, stays = _CLOSES[kind]
                if not (stays and event.get(stays)):
                    getattr(self, table).pop(str(event.get(name)), None)

    def _open(self, at: datetime, event: Event, table: str, name: str) -> None:
        roles = frozenset(one["role"] for one in event.get("candidates", ()) if "role" in one)
        one = Open(
            table, str(event[name]), (event["process"], event["element"]), event["nth"],
            tuple(event["path"]), event.get("instance"), at, roles,
            parse(event["due_at"]) if table == "timers" else None,
            str(event.get(_AWAITS.get(table, ""), "")), event.get("name", ""),
        )  # fmt: skip
        getattr(self, table)[one.name] = one
        if table in ("tasks", "jobs"):
            self.known[one.name] = one


_AWAITS = {"waits": "name", "jobs": "topic"}
_OPENS = {
    "task_opened": ("tasks", "task"),
    "job_opened": ("jobs", "job"),
    "timer_armed": ("timers", "timer"),
    "message_awaited": ("waits", "subscription"),
    "signal_awaited": ("waits", "subscription"),
}
_CLOSES = {
    "task_completed": ("tasks", "task", None),
    "task_cancelled": ("tasks", "task", None),
    "job_completed": ("jobs", "job", None),
    "job_failed": ("jobs", "job", None),
    "job_cancelled": ("jobs", "job", None),
    "timer_fired": ("timers", "timer", None),
    "timer_cancelled": ("timers", "timer", None),
    "timer_held": ("timers", "timer", None),
    "message_received": ("waits", "subscription", "open"),
    "message_abandoned": ("waits", "subscription", None),
    "signal_received": ("waits", "subscription", "open"),
    "signal_abandoned": ("waits", "subscription", None),
}


def mapped(mapping: Mapped, place: Place) -> Place | None:
    """Return the element that takes the place of one; None where it is to fall away."""
    process, element = place
    new = mapping.get(process, {}).get(element, element)
    return (process, new) if new else None


def renamed_path(mapping: Mapped, path: Iterable[str]) -> tuple[str, ...]:
    """Return scopes of the record, outermost first, as the new diagram calls them."""
    names = {old: new for table in mapping.values() for old, new in table.items() if new}
    found = []
    for step in path:
        name, bracket, key = step.partition("[")
        found.append(names.get(name, name) + bracket + key)
    return tuple(found)


def same_element(table: Iterable[Open], wanted: Open, mapping: Mapped) -> Open | None:
    """Return what is open at the same, or the mapped, element and instance; the nearest visit."""
    place = mapped(mapping, wanted.place)
    path = renamed_path(mapping, wanted.path)
    found = [one for one in table if one.place == place and one.path == path]
    inner = [one for one in found if one.instance == wanted.instance]
    return min(inner or found, key=lambda one: (abs(one.nth - wanted.nth), one.nth), default=None)


def same_role(
    table: Iterable[Open], wanted: Open, mapping: Mapped, processes: Mapping[str, Process],
    coming: Iterable[Place],
) -> Open | None:  # fmt: skip
    """Return the nearest open task of the same role and instance.

    Near is by flows of the diagram, from the element where it is there; then the one that
    has been open longest. A task about which the record decides later itself is left to that.

    Args:
        coming: elements that the record decides about later.
    """
    path, later = renamed_path(mapping, wanted.path), set(coming)
    found = [
        one
        for one in table
        if one.roles & wanted.roles and one.path == path and one.place not in later
    ]
    far = _distances(processes.get(wanted.place[0]), (mapped(mapping, wanted.place) or ("", ""))[1])
    return min(
        found,
        key=lambda one: (far.get(one.place[1], len(far) + 1), one.since, one.nth),
        default=None,
    )


def _distances(process: Process | None, element: str) -> dict[str, int]:
    """Return how many flows each element lies behind one."""
    if process is None or element not in process.nodes:
        return {}
    ways = dict(_ways(process))
    found, waiting = {element: 0}, deque([element])
    while waiting:
        one = waiting.popleft()
        for following in ways.get(one, ()):
            if following not in found:
                found[following] = found[one] + 1
                waiting.append(following)
    return found


def _ways(process: Process) -> Iterator[tuple[str, list[str]]]:
    flows = {key: one for scope in process.scopes.values() for key, one in scope.flows.items()}
    for node in process.nodes.values():
        beyond = [flows[one].target for one in node.outgoing if one in flows]
        yield node.id, [*beyond, *node.boundary]
