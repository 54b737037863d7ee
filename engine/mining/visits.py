"""What happened in a case, element by element: its history folded into visits.

    for visit in visits(store.read_entries(tx, case_id)): ...

A visit begins as an element is entered and ends as it is left. Of a task it knows when it
was offered, signed for and due. A *run* is one passage through a process: the case itself,
or one call of a process in it. Pure, and reads each entry once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.history import Entry

Event = dict[str, Any]
Path = tuple[str, ...]


@dataclass(slots=True)
class Visit:
    """One visit of an element; moments are RFC 3339 text as recorded.

    Attributes:
        instance: of a multi-instance or loop, from 0; None for the whole.
        run: number of the run in the case, from 0, in the order in which they began.
        path: the scopes around it.
        flows: the sequence flows that were taken out of it.
        cancelled: it was cut off.
        moved: it was begun because somebody moved the case here by hand.
        claimed_at: when it was signed for, or given to somebody by name; None again where it
            was given back.
        due_at: None also while the task is held, when no limit runs.
        by, unit, outcome: who completed the task, in which unit, and how.
        began, signed, ended: which event of the history, from 0, each of these was: moments
            may be alike.
    """

    process: str
    element: str
    nth: int
    instance: int | None
    run: int
    path: Path
    entered_at: str
    left_at: str | None = None
    cancelled: bool = False
    task: str | None = None
    claimed_at: str | None = None
    due_at: str | None = None
    by: str | None = None
    unit: str | None = None
    outcome: str | None = None
    flows: list[str] = field(default_factory=list)
    began: int = 0
    signed: int | None = None
    ended: int | None = None
    moved: bool = False


Key = tuple[str, str, int, int | None]


def visits(entries: Iterable[Entry]) -> list[Visit]:
    """Return the visits of a history in the order in which they began."""
    folding = _Folding()
    for entry in entries:
        document = entry.document()
        for event in document["events"]:
            folding.take(event, document["at"])
    return folding.found


class _Folding:
    """Visits so far, and those that go on."""

    def __init__(self) -> None:
        self.found: list[Visit] = []
        self._open: dict[Key, Visit] = {}
        self._left: dict[Key, Visit] = {}
        self._runs = _Runs()
        self._moved: Key | None = None
        self._number = -1

    def take(self, event: Event, at: str) -> None:
        """Add what one event says."""
        self._number += 1
        kind = event["type"]
        if kind == "element_entered":
            self._enter(event, at)
        elif kind == "element_migrated":
            self._migrate(event)
        elif kind == "tokens_moved":
            self._moved = _key(event)
        else:
            visit = self._open.get(_key(event))
            if kind == "flow_taken":
                visit = visit or self._left.get(_key(event))
                if visit is not None:
                    visit.flows.append(event["flow"])
            elif visit is not None:
                _note(visit, event, at, self._number)
                if kind == "element_left":
                    self._left[_key(event)] = self._open.pop(_key(event))

    def _enter(self, event: Event, at: str) -> None:
        path = tuple(event["path"])
        process, element, nth, instance = key = _key(event)
        moved = self._moved == key
        run = self._runs.of(process, element, path, goes_on=moved or instance is not None)
        visit = Visit(process, element, nth, instance, run, path, at, began=self._number)
        visit.moved = moved
        self._open[key] = visit
        self.found.append(visit)

    def _migrate(self, event: Event) -> None:
        """The visit goes on at another element."""
        process, element, nth, instance = _key(event)
        was = (process, event["was"], event.get("was_nth", nth), instance)
        visit = self._open.pop(was, None)
        if visit is not None:
            visit.element, visit.nth, visit.path = element, nth, tuple(event["path"])
            self._open[process, element, nth, instance] = visit


class _Runs:
    """Numbers the runs of a case.

    A run is known by the scopes around its first element. Where that element is entered
    again, the process has been called again: by the same activity, or by itself.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[Path, tuple[int, str]]] = {}
        self._count = 0

    def of(self, process: str, element: str, path: Path, *, goes_on: bool) -> int:
        """Return the number of the run that an element was entered in.

        Args:
            goes_on: it begins no run, also where one began with it.
        """
        known = self._known.setdefault(process, {})
        inner_first = (path[:size] for size in range(len(path), -1, -1))
        root = next((one for one in inner_first if one in known), None)
        if root is None or (known[root][1] == element and not goes_on):
            root = path
            known[root] = (self._count, element)
            self._count += 1
        return known[root][0]


_LIMITED = frozenset({"task_due_changed", "task_held", "task_released"})
"""Events that say when a task is due from now on."""
_SIGNED = frozenset({"task_claimed", "task_transferred"})


def _key(event: Event) -> Key:
    return event["process"], event["element"], event["nth"], event.get("instance")


def _note(visit: Visit, event: Event, at: str, number: int) -> None:
    kind = event["type"]
    if kind == "element_left":
        visit.left_at, visit.cancelled = at, bool(event.get("cancelled"))
        visit.ended = number
    elif kind == "task_opened":
        visit.task, visit.due_at = event["task"], event.get("due_at")
    elif kind in _LIMITED:
        visit.due_at = event.get("due_at")
    elif kind in _SIGNED:
        if visit.claimed_at is None:
            visit.claimed_at, visit.signed = at, number
    elif kind == "task_unclaimed":
        visit.claimed_at = visit.signed = None
    elif kind == "task_completed":
        visit.by, visit.unit, visit.outcome = event["by"], event.get("unit"), event.get("outcome")
