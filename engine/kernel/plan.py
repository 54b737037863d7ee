"""A diagram as the kernel walks it.

Nodes are joined by reference and carry what each visit would otherwise look up
again. Plans are immutable once made and shared by all cases and threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import NamedTuple

from engine.bpmn.codes import codes_of
from engine.bpmn.compensation import (
    about,
    can_be_compensated,
    event_sub_process_of,
    handler_in,
)
from engine.bpmn.model import (
    ACTIVITIES,
    EventDefinition,
    Flow,
    Group,
    Kind,
    Node,
    Process,
    Scope,
    Trigger,
)
from engine.bpmn.reach import Masks, link_names, masks
from engine.scripts import Code

_UNSUBSCRIBED = frozenset(
    {
        Trigger.ERROR,
        Trigger.ESCALATION,
        Trigger.LINK,
        Trigger.TERMINATE,
        Trigger.COMPENSATE,
        Trigger.CANCEL,
    }
)
_PASSED = frozenset({Kind.EXCLUSIVE, Kind.PARALLEL, Kind.INCLUSIVE, Kind.TASK, Kind.START})
_MAX_PLANS = 512


class Results(NamedTuple):
    """Names of the data that completing a task writes.

    Attributes:
        facts: the first four: who, when, and for which unit.
        read: those of them that a text of the process mentions, or by which the
            separation of duties knows who was there.
    """

    by: str
    at: str
    unit: str
    claimed_at: str
    outcome: str
    facts: frozenset[str]
    read: frozenset[str]


def _results_of(element: str, mentioned: frozenset[str] | set[str]) -> Results:
    by, at, unit, claimed_at, outcome = (
        intern(f"{element}_{what}") for what in ("by", "at", "unit", "claimed_at", "outcome")
    )
    facts = frozenset((by, at, unit, claimed_at))
    return Results(by, at, unit, claimed_at, outcome, facts, facts & mentioned)


_NO_RESULTS = _results_of("", frozenset())


@dataclass(slots=True, eq=False)
class Place:
    """A node of a plan.

    Attributes:
        prefix: ``process.element``, the beginning of its visits' names; the reader
            refuses ids with points, which would make two names alike.
        exits: its outgoing flows with where they lead.
        conditions: the outgoing flows that have one, less the default flow, and
            ``codes``, what it is.
        only: its way out when that is one flow without a condition.
        passed: a visit enters and leaves at once by ``only`` and does nothing else.
        enters: an activity that each token begins.
        special: how tokens come in where that is neither of these.
        times: tokens that leave by each flow taken.
        first: the first step of an activity that has something to do.
        plain: neither mappings nor scripts around the work of an activity.
        straight: plain, and with one way out that is always taken.
        boundary: boundary events that subscribe, with the number of the definition.
        catches: boundary events for errors and escalations, likewise.
        handler: the activity that compensates it.
        cancel: the boundary event that a cancelled transaction is left by.
        remembered: it may have to be compensated once it is completed.
        links: where a link throw event goes on.
        groups: candidate roles; the lane's where the task names nobody.
        asked: the expressions of its assignment.
        outcomes: what a task may end in.
        results: the data that completing a task writes.
        separated: a task of the process must be done by others than this one.
        limits: data that its due and warning moments mention.
        free: it lies directly in an ad-hoc sub-process, which may be done when it is left.
    """

    id: str
    node: Node
    kind: Kind
    prefix: str
    process: str
    activity: bool
    incoming: int
    exits: tuple[tuple[Flow, Place], ...] = ()
    only: tuple[Flow, Place] | None = None
    conditions: tuple[str, ...] = ()
    codes: tuple[Code, ...] = ()
    passed: bool = False
    enters: bool = False
    special: str | None = None
    times: int = 1
    first: str = "open"
    plain: bool = False
    straight: bool = False
    boundary: tuple[tuple[Place, int, EventDefinition], ...] = ()
    catches: tuple[tuple[Place, EventDefinition], ...] = ()
    handler: Place | None = None
    cancel: tuple[Place, EventDefinition] | None = None
    remembered: bool = False
    links: tuple[Place, ...] = ()
    groups: tuple[Group, ...] = ()
    asked: tuple[Code, ...] = ()
    outcomes: tuple[str, ...] = ()
    results: Results = _NO_RESULTS
    separated: bool = False
    limits: tuple[str, ...] = ()
    free: bool = False
    body: Area | None = None


@dataclass(slots=True, eq=False)
class Area:
    """A scope of a plan.

    Attributes:
        starts: where a token begins when the scope is entered.
        events: start events of its event sub-processes that subscribe, with the
            event sub-process and the number of the definition.
        catches: those for errors and escalations: (event sub-process, start, definition).
        undo: its event sub-process for compensation, and the start event of that.
        masks: see ``reach``.
    """

    id: str
    scope: Scope
    places: Mapping[str, Place]
    starts: tuple[Place, ...] = ()
    events: tuple[tuple[Place, int, EventDefinition], ...] = ()
    catches: tuple[tuple[Place, Place, EventDefinition], ...] = ()
    undo: tuple[Place, Place] | None = None
    masks: Masks = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Plan:
    """All areas of one process, and its nodes at any depth.

    Attributes:
        owner: start event of an event sub-process -> the event sub-process.
        separated: elements (``element`` or ``process.element``) that some task
            must not be done by the same person or unit as.
    """

    process: Process
    root: Area
    areas: Mapping[str, Area]
    places: Mapping[str, Place]
    owner: Mapping[str, Place]
    separated: frozenset[str]


_plans: dict[int, tuple[Process, Plan]] = {}


def plan_of(process: Process) -> Plan:
    """Return the plan of a process, made at the first call.

    A process is compared by identity: it is as large as its diagram, and
    comparing or hashing it would cost more than most commands.
    """
    known = _plans.get(id(process))
    if known is not None:
        return known[1]
    plan = _Planner(process).plan()
    if len(_plans) >= _MAX_PLANS:
        _plans.clear()
    # Holding the process keeps its identity from being given to another.
    _plans[id(process)] = (process, plan)
    return plan


class _Planner:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.places: dict[str, Place] = {}
        self.areas: dict[str, Area] = {}

    def plan(self) -> Plan:
        for scope in self.process.scopes.values():
            inside = {id_: self._place(node) for id_, node in scope.nodes.items()}
            self.places.update(inside)
            self.areas[scope.id] = Area(scope.id, scope, inside, masks=masks(scope))
        owner: dict[str, Place] = {}
        for area in self.areas.values():
            self._join(area)
        for area in self.areas.values():
            self._find_events(area, owner)
        root = self.areas[self.process.root.id]
        separated = frozenset(
            element
            for node in self.process.nodes.values()
            for element in (*node.assignment.not_same_as, *node.assignment.not_same_unit_as)
        )
        # Who was there, for the separation of duties, is read too.
        mentioned = {name for _, _, code in codes_of(self.process) for name in code.names}
        mentioned |= {f"{one}_{what}" for one in separated for what in ("by", "unit")}
        for place in self.places.values():
            if place.activity:
                place.results = _results_of(place.id, mentioned)
            own = (place.id, f"{place.process}.{place.id}")
            place.separated = not separated.isdisjoint(own)
        return Plan(self.process, root, self.areas, self.places, owner, separated)

    def _place(self, node: Node) -> Place:
        return Place(
            id=node.id,
            node=node,
            kind=node.kind,
            prefix=f"{self.process.key}.{node.id}",
            process=self.process.key,
            activity=node.kind in ACTIVITIES,
            enters=node.kind in ACTIVITIES and _special(node) is None,
            special=_special(node),
            times=node.completion_quantity,
            incoming=len(node.incoming),
            groups=self._groups(node),
            asked=_asked(node, self._groups(node)),
            outcomes=tuple(node.outcomes),
            limits=_limits(node),
        )

    def _groups(self, node: Node) -> tuple[Group, ...]:
        who = node.assignment
        if who.assignee or who.users or who.groups:
            return who.groups
        for lane in reversed(node.lanes):
            if lane in self.process.lane_roles:
                return (Group(self.process.lane_roles[lane]),)
        return ()

    def _join(self, area: Area) -> None:
        for place in area.places.values():
            flows = [area.scope.flows[flow] for flow in place.node.outgoing]
            place.exits = tuple((flow, area.places[flow.target]) for flow in flows)
            asked = [
                (flow.id, flow.condition)
                for flow in flows
                if flow.condition is not None and flow.id != place.node.default
            ]
            place.conditions = tuple(flow for flow, _ in asked)
            place.codes = tuple(code for _, code in asked)
            self._free(place, area.scope)
            single = len(flows) == 1 and flows[0].condition is None and place.times == 1
            single = single and not place.free
            place.only = place.exits[0] if single else None
            place.links = tuple(
                other
                for name in link_names(place.node, Kind.THROW)
                for other in area.places.values()
                if name in link_names(other.node, Kind.CATCH)
            )
            node = place.node
            place.plain = not (
                node.before or node.after or node.inputs or node.outputs or node.all_out
            )
            place.first = _first(place)
            place.remembered = place.activity and can_be_compensated(node, area.scope)
            place.straight = place.plain and single and not place.remembered
            place.passed = single and place.special is None and _does_nothing(place)
            if place.node.body is not None:
                place.body = self.areas[place.node.body.id]
            if node.boundary:
                self._find_boundary(area, place)
        scope = area.scope
        plain = [area.places[one] for one in scope.starts if not scope.nodes[one].events]
        area.starts = tuple(plain) or tuple(area.places[one] for one in scope.implicit_starts)

    def _free(self, place: Place, scope: Scope) -> None:
        rules = scope.ad_hoc
        if rules is None or place.node.for_compensation or place.kind is Kind.EVENT_SUB_PROCESS:
            return
        place.free = True
        if rules.sequential and place.activity:
            place.special, place.enters = "turn", False

    def _find_boundary(self, area: Area, place: Place) -> None:
        attached = [area.places[one] for one in place.node.boundary]
        place.boundary = tuple(
            (event, index, one)
            for event in attached
            for index, one in enumerate(event.node.events)
            if one.trigger not in _UNSUBSCRIBED
        )
        place.catches = tuple(
            (event, one)
            for event in attached
            for one in event.node.events
            if one.trigger in (Trigger.ERROR, Trigger.ESCALATION)
        )
        handler = handler_in(place.node, area.scope)
        place.handler = None if handler is None else area.places[handler]
        cancels = [one for one in attached if about(one.node, Trigger.CANCEL)]
        place.cancel = (cancels[0], cancels[0].node.events[0]) if cancels else None

    def _find_events(self, area: Area, owner: dict[str, Place]) -> None:
        found = []
        for id_ in area.scope.event_sub_processes:
            place = area.places[id_]
            assert place.body is not None
            for start in place.body.scope.starts:
                owner[start] = place
                found.append((place, place.body.places[start]))
        undo = event_sub_process_of(area.scope)
        area.undo = next(((place, start) for place, start in found if place.id == undo), None)
        area.events = tuple(
            (start, index, one)
            for _, start in found
            for index, one in enumerate(start.node.events)
            if one.trigger not in _UNSUBSCRIBED
        )
        area.catches = tuple(
            (place, start, one)
            for place, start in found
            for one in start.node.events
            if one.trigger in (Trigger.ERROR, Trigger.ESCALATION)
        )


def _special(node: Node) -> str | None:
    """Return how tokens come into a node that does not simply take them."""
    if node.kind is Kind.COMPLEX and (len(node.incoming) > 1 or node.activation is not None):
        return "meet"
    return "gather" if node.start_quantity > 1 else None


def _asked(node: Node, groups: tuple[Group, ...]) -> tuple[Code, ...]:
    who = node.assignment
    codes = [who.assignee, who.due, who.warn, who.follow_up, who.priority, *who.users]
    codes += [group.unit for group in groups]
    return tuple(code for code in codes if code is not None)


def _limits(node: Node) -> tuple[str, ...]:
    codes = (node.assignment.due, node.assignment.warn)
    return tuple(sorted({name for code in codes if code is not None for name in code.names}))


def _first(place: Place) -> str:
    node = place.node
    if node.boundary or node.loop:
        return "open" if node.boundary else "begin"
    return "offer" if place.plain and place.kind in (Kind.USER, Kind.MANUAL) else "body"


def _does_nothing(place: Place) -> bool:
    # The loop is tested before the one exit: otherwise every instance would leave.
    node = place.node
    if node.loop or node.boundary or not place.plain:
        return False
    if place.kind in (Kind.PARALLEL, Kind.INCLUSIVE):
        return place.incoming <= 1
    if place.kind in (Kind.THROW, Kind.CATCH):
        return all(one.trigger is Trigger.LINK for one in node.events) and not place.links
    return place.kind in _PASSED
