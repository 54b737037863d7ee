"""The compiled, immutable diagram that executors run.

``reader`` makes it from BPMN 2.0 XML; nothing here knows XML. Everything is
frozen and may be shared between threads and cached by the SHA-256 of the file.
Names follow BPMN 2.0 (ISO/IEC 19510:2013), chapter 10; ids are the ids in the
file, so that every event, finding and picture speaks of the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from engine.bpmn.definitions import Correlation, EventDefinition
from engine.bpmn.kinds import ACTIVITIES, Kind, TimerKind, Trigger
from engine.bpmn.work import AdHoc, Decision, UnitTest
from engine.scripts import Code

# The words of the notation are part of the model for whoever reads it.
__all__ = [
    "ACTIVITIES",
    "NOTHING",
    "OFFERED",
    "SECRET",
    "AdHoc",
    "Assignment",
    "Correlation",
    "DataMapping",
    "Diagram",
    "EventDefinition",
    "Flow",
    "Group",
    "Kind",
    "Loop",
    "LoopKind",
    "Node",
    "Process",
    "Scope",
    "Throw",
    "TimerKind",
    "Trigger",
]

NOTHING: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return NOTHING  # as a default, Python 3.11 takes it for mutable


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow."""

    id: str
    source: str
    target: str
    condition: Code | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class DataMapping:
    """One datum copied over a scope's border.

    Attributes:
        target: the name it gets on the other side.
        value: expression read on this side.
    """

    target: str
    value: Code


class LoopKind(StrEnum):
    """How an activity repeats."""

    STANDARD = "standard"
    PARALLEL = "parallel"
    SEQUENTIAL = "sequential"


@dataclass(frozen=True, slots=True)
class Throw:
    """An event that a multi-instance activity throws when an instance completes.

    Attributes:
        condition: it is thrown when that holds; None = always.
        first: only the first instance that completes throws it.
    """

    event: EventDefinition
    condition: Code | None = None
    first: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """Loop or multi-instance characteristics of an activity.

    Attributes:
        cardinality: expression for the number of instances, or None.
        collection: expression for the list (or dict) of items, or None.
        item: the name each instance reads its item by.
        output: (collection name, expression per instance) gathered by index.
        completion: condition that ends the activity early.
        condition: standard loops: go on while true.
        test_before, maximum: standard loops: test before the first round; at most so many.
        before, after: scripts that run once around the whole.
        throws: events of a multi-instance's ``behavior``.
        adding: the datum with what people may add, and the item that is made of a choice.
    """

    kind: LoopKind
    cardinality: Code | None = None
    collection: Code | None = None
    item: str | None = None
    output: tuple[str, Code] | None = None
    completion: Code | None = None
    condition: Code | None = None
    test_before: bool = False
    maximum: int | None = None
    before: Code | None = None
    after: Code | None = None
    throws: tuple[Throw, ...] = ()
    adding: tuple[str, Code | None] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates of a task: a role, in a unit.

    Attributes:
        role: a role code.
        unit: expression naming the unit; None = nearest unit of the case that has the role.
    """

    role: str
    unit: Code | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who does a user task and by when.

    Attributes:
        assignee: expression naming a user; the task opens claimed.
        users: expressions naming users who may claim.
        groups: roles whose people may claim.
        due, warn, follow_up: expressions as in timers.
        priority: expression for an integer; higher is more urgent.
        not_same_as: elements whose last actor must be another person.
        not_same_unit_as: elements whose last actor must be of another unit.
    """

    assignee: Code | None = None
    users: tuple[Code, ...] = ()
    groups: tuple[Group, ...] = ()
    due: Code | None = None
    warn: Code | None = None
    follow_up: Code | None = None
    priority: Code | None = None
    not_same_as: tuple[str, ...] = ()
    not_same_unit_as: tuple[str, ...] = ()


NOBODY = Assignment()


@dataclass(frozen=True, slots=True)
class Node:
    """A flow node with everything an executor needs to know of it.

    Attributes:
        incoming, outgoing: flow ids in the file's order.
        default: id of the default flow among ``outgoing``.
        events: event definitions; empty for a none event.
        parallel_multiple: all of ``events`` must happen, not one; of an event-based
            gateway: all events after it.
        instantiates: a receive task or event-based gateway that begins a case.
        activation: of a complex gateway: when it goes on.
        start_quantity: so many tokens begin an activity once.
        completion_quantity: so many tokens leave an activity by each flow taken.
        boundary: ids of the boundary events attached to it, in the file's order.
        host: for boundary events: the activity it is attached to.
        interrupting: boundary events and event sub-process starts: cancelActivity / isInterrupting.
        handler: for compensation boundary events: the activity that compensates the host.
        for_compensation: an activity that only compensates, outside of all flows.
        transaction: a sub-process that can be cancelled.
        body: content of a sub-process or event sub-process.
        called: key of the called process, for call activities.
        inputs, outputs: mappings over the border (``camunda:in``/``out`` for calls,
            ``camunda:inputParameter``/``outputParameter`` elsewhere).
        all_in, all_out: ``variables="all"`` of a call activity.
        code: script of a script task.
        before, after: ``spiffworkflow:preScript`` / ``postScript``.
        topic: topic of a service or send task.
        result: datum that takes all that the worker on the topic answers, as one object.
        variable: datum that takes the fields of a user task's form, as one object.
        tests: unit tests of a script task.
        outcomes: declared outcomes, value -> Chinese label, in order.
        outcomes_en: English labels.
        form: key of the form.
        form_ui: key of the UI schema that draws a JSON-schema form.
        units: of a timer start event: each of these units gets a case.
        instructions: what the person is told, a template for ``engine.instructions``.
        writes: names that a task without a form may write; None = any.
        catches: error codes that a failing script may raise to a boundary event.
        properties: all other extension properties as written.
        lanes: names of the lanes it lies in, outermost first.
        line: line in the file, for findings and incidents.
    """

    id: str
    kind: Kind
    name: str = ""
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str | None = None
    events: tuple[EventDefinition, ...] = ()
    parallel_multiple: bool = False
    instantiates: bool = False
    activation: Code | None = None
    start_quantity: int = 1
    completion_quantity: int = 1
    boundary: tuple[str, ...] = ()
    host: str | None = None
    interrupting: bool = True
    handler: str | None = None
    for_compensation: bool = False
    transaction: bool = False
    body: Scope | None = None
    called: str | None = None
    inputs: tuple[DataMapping, ...] = ()
    outputs: tuple[DataMapping, ...] = ()
    all_in: bool = False
    all_out: bool = False
    loop: Loop | None = None
    code: Code | None = None
    before: Code | None = None
    after: Code | None = None
    decision: Decision | None = None
    topic: str | None = None
    result: str | None = None
    variable: str | None = None
    tests: tuple[UnitTest, ...] = ()
    assignment: Assignment = NOBODY
    outcomes: Mapping[str, str] = field(default_factory=_nothing)
    outcomes_en: Mapping[str, str] = field(default_factory=_nothing)
    form: str | None = None
    form_ui: str | None = None
    units: Code | None = None
    instructions: str = ""
    writes: tuple[str, ...] | None = None
    properties: Mapping[str, str] = field(default_factory=_nothing)
    documentation: str = ""
    lanes: tuple[str, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The content of a process or sub-process.

    Attributes:
        id: the element id of the process or sub-process.
        nodes: nodes directly inside, by id, in the file's order. Event
            sub-processes are among them.
        flows: sequence flows directly inside, by id.
        starts: ids of the start events (of an event sub-process: its one start).
        implicit_starts: nodes without incoming flow that start when there is no start event.
        instantiating: elements other than start events that begin a case when their event
            comes -> the event-based gateway before it, or "".
        event_sub_processes: ids, in the file's order.
        data: declared data objects with a default value, name -> expression or None.
        ad_hoc: of an ad-hoc sub-process: how its activities are done. It has no starts.
    """

    id: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    starts: tuple[str, ...] = ()
    implicit_starts: tuple[str, ...] = ()
    instantiating: Mapping[str, str] = field(default_factory=_nothing)
    event_sub_processes: tuple[str, ...] = ()
    data: Mapping[str, Code | None] = field(default_factory=_nothing)
    ad_hoc: AdHoc | None = None

    @property
    def beginnings(self) -> tuple[str, ...]:
        """Ids of all elements at which somebody or something begins a case."""
        return (*self.starts, *self.instantiating)


OFFERED = "public"
"""A start event with this property is offered to residents without a login; it names what
fields of its form they are asked."""

SECRET = "@secret"  # noqa: S105 - a kind of case
"""Under this name stands what the datum named by a process's property ``secret`` says."""


@dataclass(frozen=True, slots=True)
class Process:
    """One executable process of a file.

    Attributes:
        key: id of the ``process`` element.
        scopes: every scope of the process by element id, the root under ``key``.
        nodes: every node of the process by id, at any depth.
        calls: keys of the processes it calls.
        decisions: keys of the decisions it asks.
        forms: keys of the forms it names.
        takes, gives: the only data that calls copying everything take in and give
            back, as its data inputs and outputs say; () = all.
        unit: expression for the case's unit over the start data, or None.
        properties: extension properties of the process.
        lane_roles: lane name -> role.
        is_task: a global task, which call activities call and nobody starts.
    """

    key: str
    name: str
    root: Scope
    scopes: Mapping[str, Scope]
    nodes: Mapping[str, Node]
    calls: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    unit: Code | None = None
    properties: Mapping[str, str] = field(default_factory=_nothing)
    lane_roles: Mapping[str, str] = field(default_factory=_nothing)
    documentation: str = ""
    is_task: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the start data by which cases are to be found (property ``keys``)."""
        return tuple(self.properties.get("keys", "").replace(",", " ").split())

    @property
    def indexed(self) -> Mapping[str, str]:
        """What is kept beside a case to look it up by: name there -> datum.

        The property ``secret`` names the datum that says whether a case is secret.
        """
        secret = self.properties.get("secret")
        found = {name: name for name in self.keys}
        return {**found, SECRET: secret} if secret else found

    @property
    def starter_roles(self) -> tuple[str, ...]:
        """Roles that may start a case (``camunda:candidateStarterGroups``); none = everybody."""
        named = self.properties.get("candidateStarterGroups", "")
        return tuple(one.strip() for one in named.split(",") if one.strip())

    @property
    def business_key(self) -> str | None:
        """Name of the datum that numbers its cases (property ``business_key``)."""
        return self.properties.get("business_key")


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a file draws and nothing runs.

    Attributes:
        key: id of the element.
        kind: its name in BPMN: ``process``, ``choreography``, ``collaboration``, …
    """

    key: str
    name: str
    kind: str
    documentation: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Diagram:
    """What one file holds.

    Attributes:
        processes: those that run, global tasks among them.
        drawings: what is only drawn beside them.
    """

    processes: Mapping[str, Process]
    sha256: str
    drawings: Mapping[str, Drawing] = field(default_factory=_nothing)

    @property
    def is_drawing(self) -> bool:
        """Whether nothing of the file runs."""
        return not self.processes
