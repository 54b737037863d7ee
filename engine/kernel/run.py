"""One command at work on a marking.

A ``Run`` knows which element a token or scope is about, collects the events and
what is still to be done; what a visit means is said elsewhere and reached by name
through ``perform``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.bpmn.model import Process
from engine.deadlines import local_text
from engine.events import Event
from engine.execution import Bundle, Site, Snapshot, World
from engine.kernel.marking import Marking
from engine.kernel.plan import Area, Place, Plan, plan_of
from engine.kernel.rows import (
    BODY,
    CALL,
    CASE,
    ELEMENT,
    EVENT,
    FRAME,
    KIND,
    LABEL,
    MOVING,
    MULTI,
    PARENT,
    PROCESS,
    T_ELEMENT,
    T_SCOPE,
    UNDO,
)
from engine.kernel.semantics import MAX_ENTRIES, MAX_OPEN
from engine.questions import LimitReached, Stuck

Step = Callable[..., None]

_ROOM = 100
"""Elements that a command may enter before the limits are looked at for the first time."""

# A clock that steps, a tick and a replay give many commands one moment.
_text = lru_cache(maxsize=64)(local_text)


class Run(Marking):
    """The marking while one command is applied, and the events so far.

    Attributes:
        queue: tokens on their way: (scope, place, flow, outcome), or
            (scope, instance number) for an instance that is to begin, or
            (scope, sweep, None) for what is to be compensated next.
        thrown: tokens whose message or signal is to be thrown, oldest first; and
            (multi-instance, events, whether it ends, outcome) where one of its instances
            has completed.
        dirty: numbers of conditions to look at again, in order.
        stale: numbers of timers and names of tasks to evaluate again, in order.
        end: the element at which the last token ended.
        reason: why limits change.
        judged: complex gateways, and how many events there were when they were judged.
        moment: the command's moment as RFC 3339 text.
        room: how many elements may be entered before the limits are looked at.
    """

    __slots__ = (
        "_granted",
        "_paths",
        "_places",
        "actor",
        "dirty",
        "end",
        "events",
        "judged",
        "moment",
        "now",
        "queue",
        "reason",
        "room",
        "stale",
        "steps",
        "thrown",
        "world",
    )

    def __init__(
        self,
        bundle: Bundle,
        snapshot: Snapshot,
        steps: Mapping[str, Step],
        *,
        now: datetime,
        actor: str,
        world: World,
    ) -> None:
        super().__init__(bundle, snapshot)
        self.world, self.steps = world, steps
        self.now, self.actor = now, actor
        self.events: list[Event] = []
        self.queue: deque[tuple[Any, ...]] = deque()
        self.thrown: list[str | tuple[str, list[int], bool, str | None]] = []
        self.dirty: dict[str, None] = {}
        self.stale: dict[str, None] = {}
        self.end: str | None = None
        self.reason: Any = None
        self.judged: dict[tuple[str, str], int] | None = None
        self.room = self._granted = _ROOM if len(self.tokens) + 3 * _ROOM < MAX_OPEN else 0
        self._paths: dict[str, list[str]] = {"": []}
        self._places: dict[str, Place] = {}
        self.moment = _text(now)

    # -- results ------------------------------------------------------------

    def emit(
        self,
        type_: str,
        scope_: str,
        element_: str,
        nth_: int,
        instance_: int | None = None,
        /,
        **more: Any,
    ) -> None:
        """Add an event of an element that lies in ``scope_``; fields that are None are left out.

        An event may have a field ``kind`` or ``scope``; compiled code keeps no name apart
        from them that stands before a ``/``.
        """
        event = self.note(type_, scope_, element_, nth_)
        if instance_ is not None:
            event["instance"] = instance_
        for name, value in more.items():
            if value is not None:
                event[name] = value

    def note(self, kind: str, scope: str, element: str, nth: int) -> Event:
        """Add an event that says nothing but where; return it.

        The events of each completion are written out where they happen instead: an
        object that is made with all its fields is not enlarged.
        """
        event: Event = {
            "type": kind,
            "process": self.scopes[scope][PROCESS],
            "element": element,
            "nth": nth,
            "path": self.path(scope),
        }
        self.events.append(event)
        return event

    def emit_case(self, kind: str, **more: Any) -> None:
        """Add an event of the case as a whole."""
        key = self.bundle.main
        event: Event = {"type": kind, "process": key, "element": key, "nth": 1, "path": []}
        event.update((name, value) for name, value in more.items() if value is not None)
        self.events.append(event)

    # -- where things are -----------------------------------------------------

    def plan(self, scope: str) -> Plan:
        """Return the plan of the process whose content lies in ``scope``."""
        return plan_of(self.bundle.processes[self.scopes[scope][PROCESS]])

    def process(self, scope: str) -> Process:
        """Return the process whose content lies in ``scope``."""
        return self.bundle.processes[self.scopes[scope][PROCESS]]

    def area(self, scope: str) -> Area:
        """Return the area that ``scope`` is an opening of."""
        row = self.scopes[scope]
        if row[KIND] == UNDO:
            return self.area(row[PARENT])
        plan = self.plan(scope)
        return plan.root if row[KIND] in (CASE, CALL) else plan.areas[row[ELEMENT]]

    def read(self, place: Place) -> frozenset[str]:
        """Return those of what a task there leaves that a text, form or decision reads."""
        results, read = place.results, self.bundle.read
        if read is None:
            return results.facts
        if place.process not in read or results.facts.isdisjoint(read[place.process]):
            return results.read
        return results.read | results.facts & read[place.process]

    def place(self, name: str) -> Place:
        """Return the element of a token, or of the activity that a scope is the body of."""
        if name in self._places:
            return self._places[name]
        if name in self.tokens:
            token = self.tokens[name]
            return self.plan(token[T_SCOPE]).places[token[T_ELEMENT]]
        row = self.scopes[name]
        return self.plan(row[PARENT]).places[row[ELEMENT]]

    def activity(self, name: str) -> tuple[str, str]:
        """Return the whole activity that a token or body belongs to, and its surroundings."""
        scope = self.surroundings(name)
        while self.scopes[scope][KIND] in (FRAME, MULTI):
            name, scope = scope, self.scopes[scope][PARENT]
        return name, scope

    def site(self, name: str, purpose: str, since: str | None = None) -> Site:
        """Return the site of a question about a token or scope."""
        token = self.tokens.get(name)
        if token is not None:
            element, scope, nth, instance, _, _, _ = token
        else:
            element, nth, instance = self.visit_of(name)
            scope = self.surroundings(name) if name else ""
        return Site(self.scopes[scope][PROCESS], element, nth, purpose, instance, since)

    def path(self, scope: str) -> list[str]:
        """Return the chain of bodies around what lies in ``scope``, outermost first."""
        if scope in self._paths:
            return self._paths[scope]
        row = self.scopes[scope]
        path = self.path(row[PARENT])
        if row[KIND] in (BODY, CALL, EVENT):
            path = [*path, row[LABEL] or row[ELEMENT]]
        self._paths[scope] = path
        return path

    def turn_to(self, bundle: Bundle) -> None:
        """Let other definitions hold from now on; every table speaks of them already."""
        self.bundle = bundle
        self._places, self._paths = {}, {"": []}

    # -- the books ------------------------------------------------------------

    def visit(self, scope: str, place: Place) -> int:
        """Count and announce that an element is entered; return its nth."""
        self.room -= 1
        if self.room < 0:
            self.make_room()
        key, element = place.process, place.id
        if key not in self._own:
            self._own.add(key)
            self.visits[key] = dict(self.visits.get(key, ()))
        counts = self.visits[key]
        nth: int = counts[element] + 1 if element in counts else 1
        counts[element] = nth
        self.events.append(
            {
                "type": "element_entered",
                "process": key,
                "element": element,
                "nth": nth,
                "path": self.path(scope),
            }
        )
        return nth

    def enter(self, scope: str, place: Place, outcome: str | None = None) -> str:
        """Visit an element with a token that stays there for now; return its name."""
        nth = self.visit(scope, place)
        name = f"{place.prefix}.{nth}"
        self._places[name] = place
        self.tokens[name] = [place.id, scope, nth, None, MOVING, [], outcome]
        if self._inside is not None:
            self._inside.setdefault(scope, {})[name, True] = None
        return name

    def make_room(self) -> None:
        """Grant more elements to enter, up to the next look at the limits.

        Raises:
            LimitReached: the command has entered too many, or too much is open.
        """
        if self._granted >= MAX_ENTRIES:
            raise LimitReached(f"The command entered more than {MAX_ENTRIES:,} elements.")
        left = MAX_OPEN - len(self.tokens) - len(self.scopes) - len(self.queue)
        if left <= 0:
            raise LimitReached(f"The case holds more than {MAX_OPEN:,} tokens.")
        # A visit opens at most three: a frame, a body in it and a token.
        more = min(MAX_ENTRIES - self._granted, (left + 2) // 3)
        self._granted += more
        self.room += more

    # -- steps ----------------------------------------------------------------

    def perform(self, step: str, *arguments: Any) -> None:
        """Take a step; when it cannot be taken, leave an incident there instead.

        The first argument names the token or scope that takes it. All arguments
        are JSON, since an incident keeps them to take the step again.
        """
        try:
            self.steps[step](self, *arguments)
        except Stuck as stuck:
            self.steps["park"](self, step, arguments, stuck)
