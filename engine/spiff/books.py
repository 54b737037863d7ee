"""What a case knows beside SpiffWorkflow's trees, and how all of it becomes JSON.

    control = {semantics, case, next, ids, visits, nets, scopes, tasks, subs, actors,
               incidents, held}

* ``nets``: the trees: [host's id or null, scope, spec, root's id, tasks]; a task is
  [id, spec, parent's id, state, scope, nth, instance, phase, subs, flow, outcome,
  has it entered]. Nothing finished is among them, and nothing of a spec.
* ``scopes``: what data are kept by: [kind, process, element, parent, nth, instance,
  label, counters]. The case's own scope is ``""``.
* ``tasks``: open tasks of people; ``subs``: what is waited for, by number;
  ``incidents`` by number; ``held``: ``""`` or tasks that are on hold.
* ``visits``: process -> element -> how often it was entered. ``actors``:
  ``process.element`` -> [user, unit] of those who completed it. ``counted``: see
  ``counts``.

User data are kept apart, in the snapshot's ``data``, and no word in them means
anything here. Names are ``process.element.nth``, of an instance with ``.instance``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from engine.bpmn.model import Process
from engine.commands import JsonObject
from engine.execution import Bundle, Snapshot
from engine.spiff.kinds import Lean
from engine.spiff.limits import SEMANTICS
from engine.spiff.machine import CaseNet, SubNet, Token
from engine.spiff.specs import NetSpec, specs_of

CASE = "case"  # the process itself
BODY = "body"  # the content of a sub-process
CALL = "call"  # the content of a called process; data of its own
FRAME = "frame"  # one instance of a loop, or one activity with input mappings
MULTI = "multi"  # a multi-instance or looped activity as a whole

TASK, JOB, FAILED, CATCHING, THROWING, STOPPED = (
    "task", "job", "failed", "wait", "throw", "stopped"
)  # fmt: skip
"""Phases of a token: what it waits for."""

TOTAL, ACTIVE, DONE_COUNT, NEXT = range(4)
"""Counters of a MULTI scope; ``NEXT`` is the number of the next instance."""


@dataclass(slots=True)
class Scope:
    """What data are kept by."""

    kind: str
    process: str
    element: str
    parent: str
    nth: int
    instance: int | None = None
    label: str | None = None
    loop: list[int] | None = None


@dataclass(slots=True)
class Work:
    """An open task of a person.

    Attributes:
        since: when it was opened. left: what was left of its limit when it was held.
        extended: a person set its due moment by hand.
        shift: after a hold: [what was left, since when it counts, due before the hold].
    """

    assignee: str | None
    unit: str | None
    candidates: list[JsonObject]
    due: str | None
    original_due: str | None
    warn: str | None
    since: str
    left: Any = None
    extended: bool = False
    shift: list[Any] | None = None


@dataclass(slots=True)
class Sub:
    """What a token waits for.

    Attributes:
        type: of its trigger. host: name of the token. scope: whose data it sees.
        index: number of the event definition of ``element``.
        value: a timer's due moment, a message's keys, what a condition last said.
        since, text: what a timer counts from; the cycle it follows.
        left, shift: as in ``Work``. fired: the moment it fired for last.
    """

    type: str
    host: str
    scope: str
    element: str
    index: int
    value: Any = None
    since: str | None = None
    text: str | None = None
    left: Any = None
    shift: list[Any] | None = None
    fired: str | None = None


@dataclass(slots=True)
class Incident:
    """A step that could not be taken, and how to take it again; ``host`` None: none can."""

    host: str | None
    scope: str | None
    process: str
    element: str
    nth: int
    path: list[str]
    instance: int | None = None
    step: str | None = None
    arguments: list[Any] | None = None


_SCOPE, _WORK, _SUB, _INCIDENT = (
    attrgetter(*kind.__slots__) for kind in (Scope, Work, Sub, Incident)
)


class View:
    """What can be read of a case without its trees.

    Attributes:
        data: the data of each scope that has some of its own, folded until asked for.
    """

    def __init__(self, bundle: Bundle, snapshot: Snapshot) -> None:
        given = snapshot.control
        self.bundle, self.specs = bundle, specs_of(bundle)
        self.case_id, self.state = snapshot.case, snapshot.state
        self.case: JsonObject = given.get("case", {})
        self.scopes = {name: Scope(*row) for name, row in given.get("scopes", {}).items()}
        self.tasks = {name: Work(*row) for name, row in given.get("tasks", {}).items()}
        self.actors: dict[str, list[list[Any]]] = dict(given.get("actors", {}))
        self.held: dict[str, int] = dict(given.get("held", {}))
        self.data = snapshot.sheets.copy()

    def process(self, scope: str) -> Process:
        """Return the process whose content lies in ``scope``."""
        return self.bundle.processes[self.scopes[scope].process]

    def is_held(self, task: str | None = None) -> bool:
        """Whether the case, or this task, is on hold."""
        return "" in self.held or task in self.held


def place_of(view: View, control: JsonObject, task: str) -> tuple[Lean, str, int, int | None]:
    """Return spec, scope, nth and instance of an open task, without planting the trees."""
    for _, _, net, _, tokens in control["nets"]:
        known = view.specs[net].task_specs
        for _, name, _, _, scope, nth, instance, phase, *_ in tokens:
            if phase == TASK and name_of(known[name], nth, instance) == task:
                return known[name], scope, nth, instance
    raise KeyError(task)


def name_of(spec: Lean, nth: int, instance: int | None) -> str:
    """Return the name of a visit."""
    name = f"{spec.prefix}.{nth}"
    return name if instance is None else f"{name}.{instance}"


class Ledger(View, ABC):
    """The trees of a case and everything beside them, while one command is at work.

    Attributes:
        tokens: every token whose element was entered, by name.
    """

    def __init__(self, bundle: Bundle, snapshot: Snapshot) -> None:
        super().__init__(bundle, snapshot)
        given = snapshot.control
        self.next: int = given.get("next", 1)
        self.visits: dict[str, dict[str, int]] = {
            key: dict(counts) for key, counts in given.get("visits", {}).items()
        }
        self.subs: dict[str, Sub] = {}
        self.incidents: dict[str, Incident] = {}
        if "subs" in given:
            self.subs = {number: Sub(*row) for number, row in given["subs"].items()}
        if "incidents" in given:
            self.incidents = {n: Incident(*row) for n, row in given["incidents"].items()}
        self.counted: dict[str, dict[str, list[Any]]] = dict(given.get("counted", {}))
        self.tokens: dict[str, Token] = {}
        self.nets: dict[str, Any] = {}
        self.top = self._plant(bundle, given)

    # -- from JSON and back ------------------------------------------------------

    def _plant(self, bundle: Bundle, given: JsonObject) -> CaseNet:
        top = CaseNet(self.specs[bundle.main], self.specs, self, given.get("ids", 1))
        rows = given.get("nets")
        if rows is None:
            top.plant()
            self.nets[""] = top
            return top
        hosts: dict[int, Token] = {}
        for host, scope, spec, root, tokens in rows:
            if host is None:
                net: Any = top
            else:
                net = top.subprocesses[host] = SubNet(self.specs[spec], hosts[host], top)
            net.scope = scope
            net.plant(root)
            self.nets[scope] = net
            for row in tokens:
                token = self._restore(net, row)
                hosts[token.id] = token
        return top

    def _restore(self, net: Any, row: list[Any]) -> Token:
        number, spec, parent, state, scope, nth, instance, phase, subs, flow, outcome, named = row
        token = Token(net, net.spec.task_specs[spec], net.tasks[parent], state, number)
        token.scope, token.nth, token.instance, token.phase = scope, nth, instance, phase
        token.subs, token.flow, token.outcome = list(subs), flow, outcome
        if named:
            token.name = name_of(token.task_spec, nth, instance)
            self.tokens[token.name] = token
        return token

    def snapshot(self) -> Snapshot:
        """Return where the case stands now; everything in it is JSON."""
        control: JsonObject = {
            "semantics": SEMANTICS, "case": self.case, "next": self.next, "ids": self.top.ids
        }  # fmt: skip
        incidents = {n: list(_INCIDENT(row)) for n, row in self.incidents.items()}
        if self.state in ("completed", "cancelled"):
            if incidents:
                control["incidents"] = incidents
            return Snapshot(self.case_id, self.state, control, {"": self.data.get("")})
        control["visits"] = self.visits
        control["nets"] = [self._row_of(net) for net in self.top.nets()]
        control["scopes"] = {name: list(_SCOPE(one)) for name, one in self.scopes.items()}
        if self.tasks:
            control["tasks"] = {name: list(_WORK(one)) for name, one in self.tasks.items()}
        if self.subs:
            control["subs"] = {number: list(_SUB(one)) for number, one in self.subs.items()}
        if incidents:
            control["incidents"] = incidents
        tables = {"actors": self.actors, "held": self.held, "counted": self.counted}
        control.update({name: table for name, table in tables.items() if table})
        state = "suspended" if "" in self.held else "incident" if self.incidents else "open"
        return Snapshot(self.case_id, state, control, self.data)

    def _row_of(self, net: Any) -> list[Any]:
        host = None if net is self.top else net.parent_task_id
        return [host, net.scope, net.spec.name, net.task_tree.id, net.rows()]

    # -- small questions ---------------------------------------------------------

    def number(self) -> str:
        """Return the next sequence number of the case."""
        self.next += 1
        return str(self.next - 1)

    def scopes_of(self, scope: str) -> list[str]:
        """Return the scopes whose data are read from ``scope``, from the inside out."""
        found = [scope]
        while self.scopes[scope].kind not in (CASE, CALL):
            scope = self.scopes[scope].parent
            found.append(scope)
        return found

    def drop_scope(self, scope: str) -> None:
        """Forget a scope with its data."""
        self.scopes.pop(scope, None)
        self.data.drop(scope)
        self.counted.pop(scope, None)
        self.nets.pop(scope, None)

    def area(self, scope: str) -> NetSpec:
        """Return the spec of the workflow that a scope lies in."""
        spec: NetSpec = self.net_of(scope).spec
        return spec

    def net_of(self, scope: str) -> Any:
        """Return the workflow that a scope lies in."""
        while scope not in self.nets:
            scope = self.scopes[scope].parent
        return self.nets[scope]

    @abstractmethod
    def cancelled(self, token: Token) -> None:
        """Write that what ``token`` did is cut off."""
