"""Rules about how nodes stand to each other: what no executor could run.

What can run but is doubtful is in ``advice``. Both look at the model and take
the element only for its line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.bpmn import compensation, conditions
from engine.bpmn.document import child, children, text_of
from engine.bpmn.loops import LOOPS
from engine.bpmn.model import ACTIVITIES, Kind, Node, Scope, Trigger
from engine.bpmn.reading import Reading

GATEWAYS = frozenset(
    {Kind.EXCLUSIVE, Kind.PARALLEL, Kind.INCLUSIVE, Kind.COMPLEX, Kind.EVENT_BASED}
)
_KEPT = frozenset({Trigger.MESSAGE, Trigger.SIGNAL})
_AWAITED = frozenset({Trigger.MESSAGE, Trigger.TIMER, Trigger.SIGNAL, Trigger.CONDITIONAL})


def starts_by_itself(node: Node) -> bool:
    """Whether a node without incoming flow starts when there is no start event."""
    if node.incoming or node.kind in (Kind.START, Kind.BOUNDARY, Kind.EVENT_SUB_PROCESS):
        return False
    if node.for_compensation or node.instantiates:
        return False
    return not (node.kind is Kind.CATCH and link_name(node))


def link_name(node: Node) -> str | None:
    """Return the name of the link that a catch or throw event is one end of."""
    for event in node.events:
        if event.trigger is Trigger.LINK:
            return event.name
    return None


def demand(scopes: Mapping[str, Scope], reading: Reading) -> None:
    """Add an error for everything that no executor could run."""
    for number, scope in enumerate(scopes.values()):
        _demand_starts(scope, reading, is_process=number == 0)
        _demand_links(scope, reading)
        for node in scope.nodes.values():
            _demand_flows(node, reading)
            _demand_conditions(node, scope, reading)
            _demand_host(node, scope, reading)
            if node.kind is Kind.EVENT_BASED:
                _demand_awaited(node, scope, reading)
            elif node.kind is Kind.EVENT_SUB_PROCESS:
                _demand_plain(node, reading)
            _demand_instantiating(node, reading, is_process=number == 0)
            _demand_together(node, scope, reading, is_process=number == 0)
    compensation.demand(scopes, reading)
    conditions.demand(scopes, reading)


def _error(reading: Reading, code: str, element: str, message: str, hint: str) -> None:
    at = reading.ids.get(element)
    place = (element, None if at is None else at.sourceline)
    reading.findings.error(code, place, message, hint)


def _demand_starts(scope: Scope, reading: Reading, *, is_process: bool) -> None:
    if scope.ad_hoc is not None:
        # It has rules of its own.
        return
    plain = [key for key in scope.starts if not _has_definitions(key, reading)]
    holder = reading.ids.get(scope.id)
    is_handler = holder is not None and holder.get("triggeredByEvent") in ("true", "1")
    if is_handler:
        if len(scope.starts) != 1:
            _error(
                reading,
                "event-sub-process-start",
                scope.id,
                f"An event sub-process needs exactly one start event; it has {len(scope.starts)}.",
                "Draw an event sub-process for each of the events.",
            )
    elif len(plain) > 1 and not is_process:
        _error(
            reading,
            "several-start-events",
            plain[1],
            f"There are {len(plain)} plain start events: {', '.join(plain)}.",
            "Keep one in a sub-process, and connect it with what starts together.",
        )
    elif (
        not scope.beginnings
        and not scope.implicit_starts
        and (is_process or scope.nodes)
        # A start that could not be read has its own finding.
        and not reading.findings.broken
    ):
        _error(
            reading,
            "nothing-starts",
            scope.id,
            "There is no start event, and no step without an incoming flow.",
            "Draw a start event and connect it with the first step.",
        )


def _has_definitions(key: str, reading: Reading) -> bool:
    element = reading.ids.get(key)
    return element is not None and any("ventDefinition" in str(one.tag) for one in element)


def _demand_flows(node: Node, reading: Reading) -> None:
    enters = node.kind in (Kind.START, Kind.BOUNDARY) or (
        node.kind is Kind.CATCH and link_name(node) is not None
    )
    leaves = node.kind is Kind.END or (node.kind is Kind.THROW and link_name(node) is not None)
    if node.kind is Kind.EVENT_SUB_PROCESS:
        enters = leaves = True
    if enters and node.incoming:
        _error(
            reading,
            "flow-not-allowed",
            node.id,
            f"A flow leads into a {node.kind.value}.",
            "It starts by its event alone; lead the flow to the step after it.",
        )
    if leaves and node.outgoing:
        _error(
            reading,
            "flow-not-allowed",
            node.id,
            f"A flow leads out of a {node.kind.value}.",
            "Nothing comes after it; lead the flow from the step before it.",
        )
    if node.kind in GATEWAYS and not node.outgoing:
        _error(
            reading,
            "gateway-without-exit",
            node.id,
            "The gateway has no outgoing flow.",
            "Connect it with the next step, or draw an end event after it.",
        )


def _demand_conditions(node: Node, scope: Scope, reading: Reading) -> None:
    if node.kind is not Kind.EXCLUSIVE or len(node.outgoing) < 2:
        return
    for key in node.outgoing:
        element = reading.ids[key]
        # One that could not be read has its own finding; an empty one has none.
        given = bool(text_of(child(element, "conditionExpression")))
        if scope.flows[key].condition is None and key != node.default and not given:
            _error(
                reading,
                "condition-missing",
                key,
                f"The flow leaves the exclusive gateway {node.id!r} without a condition.",
                "Write a condition, or make it the default flow.",
            )


def _demand_host(node: Node, scope: Scope, reading: Reading) -> None:
    if node.kind is not Kind.BOUNDARY:
        return
    if node.host is not None and node.host in reading.ids:
        host = scope.nodes.get(node.host)
        if host is None or host.kind not in ACTIVITIES:
            _error(
                reading,
                "attached-to-no-activity",
                node.id,
                f"It is attached to {node.host!r}, which is no activity beside it.",
                "Attach it to a task, a sub-process or a call activity of the same scope.",
            )
    if not node.interrupting and any(one.trigger is Trigger.ERROR for one in node.events):
        _error(
            reading,
            "event-not-allowed",
            node.id,
            "An error always interrupts what it is attached to.",
            "Make the event interrupting, or use an escalation.",
        )


def _demand_awaited(node: Node, scope: Scope, reading: Reading) -> None:
    for key in node.outgoing:
        target = scope.nodes.get(scope.flows[key].target)
        if target is None:
            continue
        waits = target.kind is Kind.RECEIVE or (
            target.kind is Kind.CATCH and all(one.trigger in _AWAITED for one in target.events)
        )
        if not waits or len(target.incoming) > 1:
            _error(
                reading,
                "event-gateway-target",
                target.id,
                f"The event-based gateway {node.id!r} leads to a {target.kind.value}"
                + (" that others lead to as well." if waits else "."),
                "Lead it to events that wait for a message, timer, signal or condition, "
                "each with this one incoming flow.",
            )
    _demand_choice(node, [scope.nodes[scope.flows[key].target] for key in node.outgoing], reading)


def _demand_choice(node: Node, targets: Sequence[Node], reading: Reading) -> None:
    """The gateway waits in place of what follows, for one of several (BPMN 2.0, 10.6.6)."""
    for target in targets:
        if target.kind is Kind.RECEIVE and (target.boundary or target.loop):
            _error(
                reading,
                "event-gateway-target",
                target.id,
                f"The event-based gateway {node.id!r} leads to a receive task that repeats or has "
                "events at its edge.",
                "Neither would ever count, since the gateway waits in its place; take them off.",
            )
    if len(targets) == 1:
        _error(
            reading,
            "event-gateway-target",
            node.id,
            f"The event-based gateway {node.id!r} leads to one event alone.",
            "Draw the other events that it chooses from, or leave the gateway out.",
        )


def _demand_plain(node: Node, reading: Reading) -> None:
    """An event sub-process begins whenever its event comes; it neither repeats nor is cancelled."""
    element = reading.ids[node.id]
    loop = next(children(element, *LOOPS), None)
    if loop is not None:
        reading.findings.error(
            "not-supported",
            loop,
            "An event sub-process that repeats (standardLoopCharacteristics, "
            "multiInstanceLoopCharacteristics) is not supported.",
            "Put a sub-process that repeats into it, or let an event that does not interrupt "
            "begin it again.",
        )
    if node.transaction:
        reading.findings.error(
            "not-supported",
            element,
            "A transaction that an event triggers (triggeredByEvent) is not supported.",
            "Draw the transaction inside of an event sub-process.",
        )


def _demand_instantiating(node: Node, reading: Reading, *, is_process: bool) -> None:
    if node.instantiates and (node.incoming or not is_process):
        _error(
            reading,
            "instantiate-not-first",
            node.id,
            f"The {node.kind.value} is to begin a case (instantiate); something comes before it.",
            "Let no flow lead to it, outside of sub-processes; or set instantiate to false.",
        )
    if node.kind is Kind.EVENT_BASED and node.parallel_multiple and not node.instantiates:
        _error(
            reading,
            "parallel-event-gateway",
            node.id,
            "An event-based gateway is parallel only where it begins a case (instantiate).",
            "Set instantiate to true, or use a parallel gateway before the events.",
        )


def _demand_together(node: Node, scope: Scope, reading: Reading, *, is_process: bool) -> None:
    """Events that must all come are waited for; nobody waits before a case has begun."""
    if not node.parallel_multiple or len(node.events) < 2:
        return
    if node.id in scope.instantiating:
        _error(
            reading,
            "parallel-start",
            node.id,
            "Several events together (parallelMultiple) begin no case: none waits for the others.",
            "Use an event-based gateway with instantiate and eventGatewayType Parallel.",
        )
    if (
        node.kind is Kind.START
        and is_process
        and any(one.trigger not in _KEPT for one in node.events)
    ):
        _error(
            reading,
            "parallel-start",
            node.id,
            "Before a case has begun, only messages and signals are kept until all have come.",
            "Use an event-based gateway with instantiate and eventGatewayType Parallel.",
        )
    if any(one.trigger not in _AWAITED for one in node.events):
        _error(
            reading,
            "event-not-allowed",
            node.id,
            "Only events that are waited for can be waited for together (parallelMultiple).",
            "Allowed there: conditional, message, signal, timer.",
        )


def _demand_links(scope: Scope, reading: Reading) -> None:
    caught: dict[str, str] = {}
    thrown: dict[str, list[str]] = {}
    for node in scope.nodes.values():
        name = link_name(node)
        if name is None:
            continue
        if node.kind is Kind.THROW:
            thrown.setdefault(name, []).append(node.id)
        elif name not in caught:
            caught[name] = node.id
        else:
            _error(
                reading,
                "link-twice",
                node.id,
                f"The link {name!r} is caught at {caught[name]!r} already.",
                "Give each catching link event a name of its own.",
            )
    alone = [(name, key) for name, key in caught.items() if name not in thrown]
    alone += [(name, key) for name, keys in thrown.items() if name not in caught for key in keys]
    for name, key in alone:
        _error(
            reading,
            "link-without-partner",
            key,
            f"The link {name!r} has no other end in this scope.",
            "Give the throwing and the catching event the same link name.",
        )
