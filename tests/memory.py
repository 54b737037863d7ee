"""A case on the kernel in memory, driven by a test.

After every command it is checked what must always hold: the old snapshot is as it
was, the marking is JSON and does not depend on the order of its keys, every count
is right, and nothing is left that was not entered.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from engine import commands as c
from engine.bpmn import reader
from engine.events import FIELDS, Event
from engine.execution import Bundle, Snapshot, empty
from engine.kernel import Kernel
from engine.kernel.rows import (
    COUNT,
    I_HOST,
    I_SCOPE,
    KIND,
    PARENT,
    STARTS,
    SUBS,
    T_SCOPE,
    T_SUBS,
    U_HOST,
)
from engine.periods import parse_moment
from engine.sheets import Folded, Sheets
from tests.worlds import MemoryWorld

START = datetime(2026, 9, 14, 1, 0, tzinfo=UTC)
"""Monday 09:00 in Shanghai."""

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    id="file" targetNamespace="https://bihuan.example/processes">"""


def file(body: str) -> bytes:
    """Return a BPMN file around root elements."""
    return f"{_HEAD}{body}</definitions>".encode()


def process(body: str, key: str = "p", extra: str = "") -> bytes:
    """Return a BPMN file with one process; ``extra`` are root elements beside it."""
    return file(f'{extra}<process id="{key}" isExecutable="true">{body}</process>')


def flows(*pairs: str) -> str:
    """Return flows written ``a > b`` or ``a > b : condition``."""
    written = []
    for pair in pairs:
        way, _, condition = pair.partition(" : ")
        ids = [one.strip() for one in way.split(">")]
        for source, target in pairwise(ids):
            condition_xml = (
                f"<conditionExpression>{condition.replace('<', '&lt;')}</conditionExpression>"
                if condition
                else ""
            )
            written.append(
                f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">'
                f"{condition_xml}</sequenceFlow>"
            )
    return "".join(written)


class Case:
    """One case; ``files`` are BPMN files, the first process of the first is started."""

    def __init__(self, *files: bytes, main: str | None = None, **world: Any) -> None:
        processes = {}
        for one in files:
            diagram, findings = reader.read(one, "test.bpmn")
            assert diagram is not None, [(f.code, f.message) for f in findings]
            processes.update(diagram.processes)
        self.bundle = Bundle(main or next(iter(processes)), processes)
        self.kernel = Kernel()
        self.now = START
        self.snapshot: Snapshot = empty("c-1")
        self.stored = b""
        self.events: list[Event] = []
        self.log: list[tuple[datetime, str, c.Command]] = []
        self.world = MemoryWorld(self.now, **world)
        self.checks = True

    def do(self, command: c.Command, actor: str = "ann") -> list[Event]:
        """Apply a command and return its events."""
        self.world.now = self.now
        before = json.dumps([self.snapshot.control, self.snapshot.data]) if self.checks else ""
        applied = self.kernel.apply(
            self.bundle, self.snapshot, command, now=self.now, actor=actor, world=self.world
        )
        if self.checks:
            assert json.dumps([self.snapshot.control, self.snapshot.data]) == before
            check(applied.snapshot)
            self._check_order(command, actor, applied.snapshot, applied.events)
        self.snapshot = applied.snapshot
        self.events += applied.events
        self.log.append((self.now, actor, command))
        check_events(self.events, ended=self.state in ("completed", "cancelled"))
        return applied.events

    def _check_order(
        self, command: c.Command, actor: str, after: Snapshot, events: list[Event]
    ) -> None:
        old = self.snapshot
        shuffled = Snapshot(
            old.case,
            old.state,
            json.loads(json.dumps(old.control, sort_keys=True)),
            # As it comes from storage, where nobody has looked at the data yet.
            Sheets(folded=Folded(self.stored or json.dumps(old.data, sort_keys=True).encode())),
        )
        asked = len(self.world.asked)
        recorded = c.from_json(json.loads(json.dumps(command.to_json(), sort_keys=True)))
        again = self.kernel.apply(
            self.bundle, shuffled, recorded, now=self.now, actor=actor, world=self.world
        )
        del self.world.asked[asked:]
        self.stored = again.snapshot.sheets.text()
        assert Folded(self.stored).sheets() == after.data
        assert again.events == events
        assert again.snapshot == after

    @property
    def state(self) -> str:
        return self.snapshot.state

    @property
    def data(self) -> dict[str, Any]:
        return self.snapshot.data[""]

    @property
    def tasks(self) -> list[str]:
        return sorted(self.snapshot.control.get("tasks", ()))

    @property
    def timers(self) -> dict[int, str]:
        """Number -> due moment of the timers that run."""
        return {
            int(number): row[5]
            for number, row in sorted(self.snapshot.control.get("subs", {}).items())
            if row[0] == "timer" and row[5] is not None and row[8] is None
        }

    @property
    def incidents(self) -> list[tuple[str, str]]:
        """(element, code) of the open incidents."""
        open_ = self.snapshot.control.get("incidents", {})
        raised = {e["incident"]: e for e in self.events if e["type"] == "incident_raised"}
        return [(raised[n]["element"], raised[n]["code"]) for n in sorted(map(int, open_))]

    def start(self, start: str | None = None, /, **data: Any) -> list[Event]:
        return self.do(
            c.StartCase(self.bundle.main, data=data, start=start, unit="U1", starter="ann")
        )

    def complete(
        self, task: str, outcome: str | None = None, /, actor: str = "ann", **data: Any
    ) -> list[Event]:
        return self.do(c.CompleteTask(self.full(task), outcome, data), actor)

    def full(self, task: str) -> str:
        """Return the name of a task; ``a`` is its only open visit in the main process."""
        found = [one for one in self.tasks if one == task or one.split(".")[1] == task]
        return found[0] if len(found) == 1 else task

    def fire(self) -> list[Event]:
        """Fire the timer that is due first, at its moment."""
        number, due_at = min(self.timers.items(), key=lambda one: (parse_moment(one[1]), one[0]))
        self.now = max(self.now, parse_moment(due_at))
        return self.do(c.FireTimer(number, due_at))

    def later(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    def retry(self, incident: int | None = None, /, **data: Any) -> list[Event]:
        return self.do(c.RetryIncident(incident, data or None, "again"))

    def message(self, name: str, data: dict[str, Any] | None = None, /, **keys: Any) -> list[Event]:
        return self.do(c.CorrelateMessage(name, keys, data or {}))

    def trace(self, *types: str) -> list[tuple[Any, ...]]:
        """Return (type, element, nth) of the events so far, or of those types."""
        return trace(self.events, *types)

    def entered(self) -> list[str]:
        """Return ``element#nth`` of every element entered, instances left out."""
        return [
            f"{e['element']}#{e['nth']}"
            for e in self.events
            if e["type"] == "element_entered" and "instance" not in e
        ]


def trace(events: list[Event], *types: str) -> list[tuple[Any, ...]]:
    return [(e["type"], e["element"], e["nth"]) for e in events if not types or e["type"] in types]


def check(snapshot: Snapshot) -> None:
    """Assert what holds of every marking between two commands."""
    assert json.loads(json.dumps(snapshot.control)) == snapshot.control
    assert json.loads(json.dumps(snapshot.data)) == snapshot.data
    control = snapshot.control
    scopes, tokens = control.get("scopes", {}), control.get("tokens", {})
    subs, incidents = control.get("subs", {}), control.get("incidents", {})
    counts = dict.fromkeys(scopes, 0)
    for row in tokens.values():
        counts[row[T_SCOPE]] += 1
    for row in scopes.values():
        if row[PARENT] is not None:
            counts[row[PARENT]] += 1
    for table in (control.get("joins", {}), control.get("merges", {})):
        for scope, joins in table.items():
            counts[scope] += sum(sum(held.values()) for held in joins.values())
    for row in incidents.values():
        if row[I_HOST] is not None:
            counts[row[I_SCOPE]] += 1
    assert {scope: row[COUNT] for scope, row in scopes.items()} == counts
    assert all(counts.values()), "an empty scope was not completed"
    listed = [number for row in tokens.values() for number in row[T_SUBS]]
    listed += [n for row in scopes.values() for n in (*row[SUBS], *row[STARTS])]
    assert sorted(listed) == sorted(subs)
    assert all(row[U_HOST] in tokens or row[U_HOST] in scopes for row in subs.values())
    assert all(row[T_SCOPE] in scopes for row in tokens.values())
    assert set(control.get("tasks", ())) <= set(tokens)
    assert set(control.get("beside", ())) <= set(control.get("tasks", ()))
    assert set(control.get("held", ())) <= {*control.get("tasks", ()), *scopes}
    watching = {one for waiting in control.get("watch", {}).values() for one in waiting}
    assert watching <= set(subs) | set(control.get("tasks", ()))
    assert set(snapshot.data) <= {"", *scopes}
    assert [row[KIND] for row in scopes.values() if row[PARENT] is None] == (
        ["case"] if scopes else []
    )


def check_events(events: list[Event], *, ended: bool) -> None:
    """Assert that what was entered is left once, and every event has its fields."""
    open_: dict[tuple[Any, ...], int] = {}
    waiting: dict[tuple[str, Any], int] = {}
    held: set[tuple[str, Any]] = set()
    for event in events:
        known = {name.rstrip("?") for name in FIELDS[event["type"]]} | {"type"}
        needed = {name for name in FIELDS[event["type"]] if not name.endswith("?")}
        assert needed <= set(event) <= known, (event, needed - set(event), set(event) - known)
        place = (event["process"], event["element"], event["nth"], event.get("instance"))
        if event["type"] == "element_entered":
            assert place not in open_, event
            open_[place] = 1
        elif event["type"] == "element_left":
            assert open_.pop(place, None), event
        elif event["type"] == "element_migrated":
            was = (place[0], event["was"], event.get("was_nth", place[2]), place[3])
            assert open_.pop(was, None), event
            assert place not in open_, event
            open_[place] = 1
        _count(waiting, held, event)
    assert all(number in (0, 1) for number in waiting.values()), waiting
    if ended:
        assert open_ == {}
        left = {one for one, number in waiting.items() if number}
        assert {kind for kind, _ in left} <= {"incident"}


_OPEN = {
    "task_opened": ("task", 1),
    "task_completed": ("task", -1),
    "task_cancelled": ("task", -1),
    "timer_armed": ("timer", 1),
    "timer_fired": ("timer", -1),
    "timer_cancelled": ("timer", -1),
    "message_awaited": ("subscription", 1),
    "message_abandoned": ("subscription", -1),
    "message_received": ("subscription", -1),
    "signal_awaited": ("subscription", 1),
    "signal_abandoned": ("subscription", -1),
    "signal_received": ("subscription", -1),
    "job_opened": ("job", 1),
    "job_completed": ("job", -1),
    "job_failed": ("job", -1),
    "job_cancelled": ("job", -1),
    "incident_raised": ("incident", 1),
    "incident_resolved": ("incident", -1),
}


def _count(waiting: dict[tuple[str, Any], int], held: set[tuple[str, Any]], event: Event) -> None:
    if event["type"] == "timer_held":
        held.add(("timer", event["timer"]))
    if event["type"] in _OPEN and not event.get("open"):
        name, more = _OPEN[event["type"]]
        key = (name, event[name])
        if event["type"] == "timer_armed" and key in held:
            held.remove(key)
            return
        waiting[key] = waiting.get(key, 0) + more
        assert waiting[key] in (0, 1), event
