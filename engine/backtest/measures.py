"""What a run of a case came to: visits and working time by element, late tasks, escalations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from engine.bpmn.model import Kind
from engine.calendar import Calendar
from engine.clock import parse
from engine.definitions import Pinned
from engine.events import Event

Place = tuple[str, str]


@dataclass(slots=True)
class Measured:
    """Figures of one run, or of many together.

    Attributes:
        visits: (process, element) -> how often it was entered.
        time: (process, element) -> microseconds of working time spent there.
        overdue: tasks that were not done when they were due.
        escalations: limits that passed at an activity, and escalations thrown.
    """

    visits: dict[Place, int] = field(default_factory=dict)
    time: dict[Place, int] = field(default_factory=dict)
    overdue: int = 0
    escalations: int = 0

    def add(self, other: Measured) -> None:
        """Take the figures of another run in."""
        for place, count in other.visits.items():
            self.visits[place] = self.visits.get(place, 0) + count
        for place, time in other.time.items():
            self.time[place] = self.time.get(place, 0) + time
        self.overdue += other.overdue
        self.escalations += other.escalations


def boundaries(pinned: Pinned) -> frozenset[Place]:
    """Return the boundary events of all processes of a case."""
    return frozenset(
        (key, node.id)
        for key, process in pinned.bundle.processes.items()
        for node in process.nodes.values()
        if node.kind is Kind.BOUNDARY
    )


class Measure:
    """Follows one run, entry by entry."""

    def __init__(self, calendar: Calendar, at_tasks: frozenset[Place]) -> None:
        self.found = Measured()
        self._calendar, self._at_tasks = calendar, at_tasks
        self._inside: dict[tuple[Place, int, int | None], datetime] = {}
        self._due: dict[str, str] = {}

    def take(self, at: datetime, events: list[Event]) -> None:
        """Take over what an entry brought."""
        visits, inside = self.found.visits, self._inside
        for event in events:
            kind = event["type"]
            if kind == "element_entered":
                place = event["process"], event["element"]
                visits[place] = visits.get(place, 0) + 1
                inside[place, event["nth"], event.get("instance")] = at
            elif kind in _UNCOUNTED:
                continue
            elif kind == "element_left":
                self._leave(at, event)
            elif kind in _DUE:
                self._set_due(event)
            elif kind in _DONE:
                self._done(at, event)
            elif kind == "escalation_thrown" or (
                kind == "timer_fired" and (event["process"], event["element"]) in self._at_tasks
            ):
                self.found.escalations += 1

    def end(self, at: datetime) -> Measured:
        """Return the figures when the record is over: what is open and late by then counts."""
        self.found.overdue += sum(parse(due) < at for due in self._due.values())
        self._due.clear()
        return self.found

    def _leave(self, at: datetime, event: Event) -> None:
        place = event["process"], event["element"]
        began = self._inside.pop((place, event["nth"], event.get("instance")), at)
        if began != at:
            spent = self._calendar.working_time(began, at)
            self.found.time[place] = self.found.time.get(place, 0) + spent

    def _set_due(self, event: Event) -> None:
        due = event.get("due_at")
        if due is not None:
            self._due[event["task"]] = due
        elif event["type"] == "task_held":
            # Its clock stands still; the release says when it is due then.
            self._due.pop(event["task"], None)

    def _done(self, at: datetime, event: Event) -> None:
        due = self._due.pop(event["task"], None)
        self.found.overdue += due is not None and parse(due) < at


_UNCOUNTED = frozenset({"flow_taken", "data_written", "timer_armed", "timer_cancelled"})
"""Half of all that happens."""

_DUE = frozenset({"task_opened", "task_due_changed", "task_released", "task_held"})
_DONE = frozenset({"task_completed", "task_cancelled"})
