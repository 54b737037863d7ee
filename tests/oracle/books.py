"""What the oracle remembers: scopes with visits in them, and what these wait for."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn import model
from engine.bpmn.model import EventDefinition, Node

Json = dict[str, Any]


@dataclass(eq=False)
class Scope:
    """A process or sub-process that is going on, or a place where something is undone.

    Attributes:
        kind: ``case``, ``body`` (of a sub-process), ``call``, ``event`` (event sub-process),
            ``undo`` (around a handler) or ``whole`` (of a cancelled multi-instance).
        owner: the visit whose content it is.
        around: the scope that it lies in.
        held: join -> flow -> tokens that wait there.
        taken: complex gateway that waits for its reset -> the flows it has taken from.
        asks: complex gateways that will ask their outgoing conditions at the reset.
        starts: what its event sub-processes wait for.
        done: what was completed in it and can be undone, in the order of completion.
        undoing: the scopes in which something of it is being undone.
        open: of an ad-hoc sub-process: something may still begin that no flow leads to.
        record: what is being undone here, and for which sweep.
    """

    kind: str
    name: str
    model: model.Scope
    process: str
    owner: Visit | None = None
    around: Scope | None = None
    data: Json = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)
    held: dict[str, Counter[str]] = field(default_factory=dict)
    taken: dict[str, set[str]] = field(default_factory=dict)
    asks: set[str] = field(default_factory=set)
    starts: list[Wait] = field(default_factory=list)
    done: list[Record] = field(default_factory=list)
    undoing: list[Scope] = field(default_factory=list)
    record: Record | None = None
    sweep: Sweep | None = None
    over: bool = False
    open: bool = False

    def tokens(self, join: str) -> Counter[str]:
        return self.held.setdefault(join, Counter())


@dataclass(eq=False)
class Visit:
    """An element that was entered and is not left yet, or one instance of it.

    Attributes:
        instance: its number, and ``whole`` the visit that it is an instance of.
        state: ``moving``, ``task``, ``job``, ``waits``, ``throws``, ``undoes`` or ``stuck``.
        own: data of the instance alone.
        loop: (total, active, done, next) of a visit with instances.
    """

    node: Node
    scope: Scope
    nth: int
    instance: int | None = None
    whole: Visit | None = None
    state: str = "moving"
    waits: list[Wait] = field(default_factory=list)
    inner: Scope | None = None
    instances: list[Visit] = field(default_factory=list)
    own: Json = field(default_factory=dict)
    loop: list[int] | None = None
    items: dict[int, Any] = field(default_factory=dict)
    outputs: dict[int, Any] = field(default_factory=dict)
    done: list[Record] = field(default_factory=list)
    sweep: Sweep | None = None
    alive: bool = True

    @property
    def name(self) -> str:
        base = f"{self.scope.process}.{self.node.id}.{self.nth}"
        return base if self.instance is None else f"{base}.{self.instance}"


@dataclass(eq=False)
class Wait:
    """One event that is waited for.

    Attributes:
        event: the element that names it: a start, boundary or catch event, or receive task.
        host: the activity or token that waits, or the scope of an event sub-process.
        holds: what a condition said last.
        due: hours from the start; ``since`` and ``left`` of a cycle: from when, how often.
    """

    event: Node
    definition: EventDefinition
    host: Visit | Scope
    scope: Scope
    number: int
    holds: bool = False
    due: int | None = None
    since: int = 0
    times: int = 1
    open: bool = True

    @property
    def kind(self) -> str:
        return self.definition.trigger.value


@dataclass(eq=False)
class Record:
    """A completed visit that can be undone: by a handler, or by opening its scope again."""

    node: Node
    nth: int
    instance: int | None
    data: Json
    handler: Node | None = None
    kind: str = ""
    model: model.Scope | None = None
    process: str = ""
    inner: list[Record] = field(default_factory=list)
    whole: bool = True


@dataclass(eq=False)
class Sweep:
    """Records that are undone one after the other, the last first, and for whom.

    Attributes:
        mode: ``waited``, ``free``, ``inside`` or ``cancel``.
        visit: who waits, or the transaction that is cancelled.
    """

    mode: str
    pending: list[tuple[Scope, Record]]
    visit: Visit | None = None


def instances_around(visit: Visit | None, scope: Scope) -> Iterator[Any]:
    """Walk outward: the visit, if it is an instance, then scopes and the instances they are of."""
    while True:
        if visit is not None and visit.instance is not None:
            yield visit
        yield scope
        if scope.kind in ("case", "call"):
            return
        if scope.kind in ("undo", "whole") or scope.record is not None:
            visit, outer = None, scope.around
        else:
            visit, outer = scope.owner, scope.around
        assert outer is not None
        scope = outer


def names(visit: Visit | None, scope: Scope, **special: Any) -> Json:
    """Return everything that can be read there, the innermost first."""
    seen: Json = dict(special)
    for one in instances_around(visit, scope):
        if isinstance(one, Visit):
            assert one.instance is not None
            assert one.whole is not None
            for name, value in one.own.items():
                seen.setdefault(name, value)
            seen.setdefault("loopCounter", one.instance + 1)
            for name, value in counters(one.whole).items():
                seen.setdefault(name, value)
        else:
            for name, value in one.data.items():
                seen.setdefault(name, value)
    return seen


def counters(whole: Visit) -> Json:
    assert whole.loop is not None
    total, active, done, _ = whole.loop
    return {
        "nrOfInstances": total,
        "nrOfActiveInstances": active,
        "nrOfCompletedInstances": done,
    }


def home(visit: Visit | None, scope: Scope, name: str) -> Json:
    """Return the data that a name is written to: the innermost that have it."""
    last: Json = {}
    for one in instances_around(visit, scope):
        last = one.own if isinstance(one, Visit) else one.data
        if name in last:
            return last
    return last


def evaluate(text: str, known: Mapping[str, Any]) -> Any:
    offered = {**known, "value": lambda name, default=None: known.get(name, default)}
    return eval(text, offered)


def mentions(text: str) -> set[str]:
    return {one.id for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Name)}
