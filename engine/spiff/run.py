"""One command at work: the trees, the events so far, and what is still to be done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.deadlines import local_text
from engine.events import Event
from engine.execution import Bundle, Site, Snapshot, World
from engine.questions import LimitReached, Stuck
from engine.spiff.books import BODY, CALL, FRAME, MULTI, Ledger, name_of
from engine.spiff.kinds import Lean
from engine.spiff.limits import MAX_ENTRIES, MAX_OPEN
from engine.spiff.machine import Token

Step = Callable[..., None]

# A clock that steps, a tick and a replay give many commands one moment.
_text = lru_cache(maxsize=64)(local_text)


class Run(Ledger):
    """The books while one command is applied.

    Attributes:
        steps: what there is to do, by the name that an incident keeps.
        thrown: names of tokens whose message or signal is still to be thrown.
        dirty: numbers of conditions to look at again.
        stale: numbers of timers and names of tasks to evaluate again.
        end: the element at which the last token ended.
        reason: why limits change.
        moment: the command's moment as RFC 3339 text.
    """

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
        self.moment = _text(now)
        self.events: list[Event] = []
        self.thrown: deque[str] = deque()
        self.dirty: dict[str, None] = {}
        self.stale: dict[str, None] = {}
        self.end: str | None = None
        self.reason: Any = None
        self.entries = 0

    # -- events -------------------------------------------------------------------

    def emit(
        self,
        kind: str,
        scope: str,
        element: str,
        nth: int,
        instance: int | None = None,
        /,
        **more: Any,
    ) -> Event:
        """Add an event of an element in ``scope``; fields that are None are left out."""
        event: Event = {
            "type": kind,
            "process": self.scopes[scope].process,
            "element": element,
            "nth": nth,
            "path": self.path(scope),
        }
        if instance is not None:
            event["instance"] = instance
        for name, value in more.items():
            if value is not None:
                event[name] = value
        self.events.append(event)
        return event

    def tell(self, token: Token, kind: str, /, **more: Any) -> Event:
        """Add an event of a visit."""
        scope = token.scope
        event: Event = {
            "type": kind,
            "process": self.scopes[scope].process,
            "element": token.task_spec.element,
            "nth": token.nth,
            "path": self.path(scope) if scope else [],
        }
        if token.instance is not None:
            event["instance"] = token.instance
        for name, value in more.items():
            if value is not None:
                event[name] = value
        self.events.append(event)
        return event

    def emit_case(self, kind: str, **more: Any) -> None:
        """Add an event of the case as a whole."""
        key = self.bundle.main
        event: Event = {"type": kind, "process": key, "element": key, "nth": 1, "path": []}
        event.update((name, value) for name, value in more.items() if value is not None)
        self.events.append(event)

    # -- where things are -----------------------------------------------------------

    def path(self, scope: str) -> list[str]:
        """Return the chain of bodies around what lies in ``scope``, outermost first."""
        found: list[str] = []
        while scope:
            row = self.scopes[scope]
            if row.kind in (BODY, CALL):
                found.append(row.label or row.element)
            scope = row.parent
        return found[::-1]

    def host_of(self, scope: str) -> str:
        """Return the name of the token whose content or frame a scope is; the case's is empty."""
        return scope.removesuffix("/")

    def whole(self, token: Token) -> Token:
        """Return the whole activity that a token belongs to."""
        return token.parent if token.task_spec.whole is not None else token

    def surroundings(self, token: Token) -> str:
        """Return the scope in which a whole activity lies, outside its frames."""
        scope = self.whole(token).scope
        while self.scopes[scope].kind in (FRAME, MULTI):
            scope = self.scopes[scope].parent
        return scope

    def site(self, token: Token | None, purpose: str, since: str | None = None) -> Site:
        """Return the site of a question about a token; None is the case."""
        if token is None:
            key = self.bundle.main
            return Site(key, key, 1, purpose, None, since)
        process = self.scopes[token.scope].process
        element = token.task_spec.element
        return Site(process, element, token.nth, purpose, token.instance, since)

    def is_read(self, spec: Lean, name: str) -> bool:
        """Whether a text, form or decision of a process reads what a task there leaves."""
        read = self.bundle.read
        return read is None or name in spec.reads or name in read.get(spec.process.key, ())

    # -- the books --------------------------------------------------------------------

    def visit(self, token: Token) -> None:
        """Count and announce that an element is entered, and give the token its name."""
        self.make_room()
        spec = token.task_spec
        counts = self.visits.setdefault(spec.process.key, {})
        token.nth = counts[spec.element] = counts.get(spec.element, 0) + 1
        token.name = name_of(spec, token.nth, token.instance)
        self.tokens[token.name] = token
        self.tell(token, "element_entered")

    def make_room(self) -> None:
        """Count one more element that is entered.

        Raises:
            LimitReached: the command has entered too many, or too much is open.
        """
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise LimitReached(f"The command entered more than {MAX_ENTRIES:,} elements.")
        if len(self.tokens) + len(self.scopes) + len(self.top.queue) > MAX_OPEN:
            raise LimitReached(f"The case holds more than {MAX_OPEN:,} tokens.")

    def cancelled(self, token: Token) -> None:
        """Write that what a visit did is cut off; SpiffWorkflow has cancelled its task."""
        if token.name:
            self.steps["cut"](self, token)

    def forget(self, token: Token) -> None:
        """Take a visit off the books: it has come to an end."""
        self.tokens.pop(token.name, None)
        if token.name in self.scopes and self.scopes[token.name].kind in (FRAME, MULTI):
            self.drop_scope(token.name)

    def perform(self, step: str, host: str, *arguments: Any) -> None:
        """Take a step; when it cannot be taken, leave an incident there instead.

        ``host`` names the token that takes it, ``""`` the case. All arguments are
        JSON, since an incident keeps them to take the step again.
        """
        try:
            self.steps[step](self, host, *arguments)
        except Stuck as stuck:
            self.steps["park"](self, host, step, arguments, stuck)
