"""A process as SpiffWorkflow's specs, made from our own model.

Made from the model, not by SpiffWorkflow's parser: the model has every expression
as ``Code`` for the sandbox, element and line for findings, ids that are checked,
and references that resolve. What the parser would silently drop, rename or turn
into ``eval`` never comes this far. An element whose id SpiffWorkflow uses for
nodes of its own (``Start``, ``End``, ``<process>.EndJoin``) gets another name here
and keeps its id everywhere else.

A process is compiled once: the reader caches models by the SHA-256 of the file,
and specs are kept as long as their model. They are shared by all cases and threads
and never changed; nothing of them lies in a snapshot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition

from engine.bpmn.codes import codes_of
from engine.bpmn.model import Group, Kind, Node, Process, Scope, Trigger
from engine.execution import Bundle
from engine.scripts import Code
from engine.spiff import kinds as k

_UNSUBSCRIBED = frozenset({Trigger.ERROR, Trigger.ESCALATION, Trigger.LINK, Trigger.TERMINATE})
_KEPT = 512


class NetSpec(BpmnProcessSpec):
    """The spec of a process or of the content of a sub-process.

    Attributes:
        process, area: of the model.
        by_id: element id -> spec. ``starts``: where a token begins.
        joins: its inclusive joins.
    """

    def __init__(self, name: str, process: Process, area: Scope) -> None:
        super().__init__(name=name)
        self.process, self.area = process, area
        self.by_id: dict[str, Any] = {}
        self.starts: tuple[Any, ...] = ()
        self.joins: tuple[k.Inclusive, ...] = ()


Made = Callable[[NetSpec, str, Node], Any]


def _event(kind: Any) -> Made:
    return lambda net, name, _: kind(net, name, NoneEventDefinition())


_MADE: dict[Kind, Made] = {
    Kind.START: _event(k.Start),
    Kind.END: _event(k.End),
    Kind.CATCH: _event(k.Catch),
    Kind.THROW: _event(k.Throw),
    Kind.SEND: _event(k.Send),
    Kind.RECEIVE: _event(k.Receive),
    Kind.EVENT_BASED: _event(k.EventBased),
    Kind.BOUNDARY: lambda net, name, node: k.Boundary(
        net, name, NoneEventDefinition(), node.interrupting
    ),
    Kind.TASK: lambda net, name, _: k.Plain(net, name),
    Kind.USER: lambda net, name, _: k.User(net, name),
    Kind.MANUAL: lambda net, name, _: k.Manual(net, name),
    Kind.SCRIPT: lambda net, name, _: k.Script(net, name, ""),
    Kind.SERVICE: lambda net, name, _: k.Service(net, name),
    Kind.BUSINESS_RULE: lambda net, name, _: k.Rule(net, name),
    Kind.EXCLUSIVE: lambda net, name, _: k.Exclusive(net, name),
    Kind.PARALLEL: lambda net, name, _: k.Parallel(net, name),
    Kind.INCLUSIVE: lambda net, name, _: k.Inclusive(net, name),
    Kind.SUB_PROCESS: lambda net, name, node: k.Content(net, name, f"{net.process.key}/{node.id}"),
    Kind.CALL: lambda net, name, node: k.Call(net, name, node.called),
}


def _compile(process: Process) -> dict[str, NetSpec]:
    """Return the spec of each scope of a process; the process itself under its key."""
    nets = {}
    for area in process.scopes.values():
        root = area is process.root
        name = process.key if root else f"{process.key}/{area.id}"
        nets[name] = _net(NetSpec(name, process, area))
    return nets


def _net(net: NetSpec) -> NetSpec:
    for node in net.area.nodes.values():
        if node.kind is not Kind.EVENT_SUB_PROCESS:
            net.by_id[node.id] = _spec(net, node)
    for node in net.area.nodes.values():
        if node.id in net.by_id:
            _connect(net, net.by_id[node.id])
    plain = [one for one in net.area.starts if not net.area.nodes[one].events]
    net.starts = tuple(net.by_id[one] for one in plain or net.area.implicit_starts)
    net.joins = tuple(
        one
        for one in net.by_id.values()
        if isinstance(one, k.Inclusive) and len(one.node.incoming) > 1
    )
    for join in net.joins:
        join.ahead = _ahead(net.area, join.node)
    return net


def _spec(net: NetSpec, node: Node) -> Any:
    name = node.id
    while name in net.task_specs:
        name += "~"
    if node.loop is None:
        return _fill(_MADE[node.kind](net, name, node), net.process, node)
    inner = _fill(_MADE[node.kind](net, f"{name} [child]", node), net.process, node)
    whole = _fill(k.Whole(net, name, f"{name} [child]"), net.process, node)
    whole.inner, inner.whole = inner, whole
    return whole


def _fill(spec: Any, process: Process, node: Node) -> Any:
    spec.node, spec.process, spec.element = node, process, node.id
    spec.prefix = f"{process.key}.{node.id}"
    spec.first = "open" if node.boundary else "body" if node.loop is None else "begin"
    spec.plain = not (node.loop or node.after or node.outputs or node.all_out)
    spec.groups = _groups(process, node)
    spec.asked = _asked(node, spec.groups)
    reads, separated = mentioned(process)
    spec.reads = reads & {f"{node.id}_{one}" for one in ("by", "at", "unit", "claimed_at")}
    spec.separated = not separated.isdisjoint((node.id, spec.prefix))
    spec.limits = tuple(
        sorted(
            {
                name
                for code in (node.assignment.due, node.assignment.warn)
                if code is not None
                for name in code.names
            }
        )
    )
    return spec


def _connect(net: NetSpec, spec: Any) -> None:
    node: Node = spec.node
    spec.flows = tuple(net.area.flows[one] for one in node.outgoing)
    spec.conditions = tuple(
        one for one in spec.flows if one.condition is not None and one.id != node.default
    )
    spec.ways = tuple(one.id for one in spec.flows)
    spec.targets = tuple(net.by_id[one.target] for one in spec.flows)
    spec.fallback = _fallback(spec)
    for flow in spec.flows:
        target = net.by_id[flow.target]
        choice = isinstance(spec, k.Choosing) and flow.id != spec.fallback
        if choice:
            spec.connect_if(k.Verdict(flow.id), target)
        else:
            spec.connect(target)
    attached = [net.by_id[one] for one in node.boundary]
    events = [
        (one, index, event) for one in attached for index, event in enumerate(one.node.events)
    ]
    spec.boundary = tuple(one for one in events if one[2].trigger not in _UNSUBSCRIBED)
    spec.catches = tuple(
        (one, event)
        for one, _, event in events
        if event.trigger in (Trigger.ERROR, Trigger.ESCALATION)
    )


def _fallback(spec: Any) -> str | None:
    node, flows = spec.node, spec.flows
    if len(flows) == 1 and not spec.conditions:
        return str(flows[0].id)
    if node.kind is Kind.INCLUSIVE and len(spec.conditions) < len(flows) - 1:
        # Beside flows without a condition the default flow is a choice of its own.
        return None
    default: str | None = node.default
    return default


def _groups(process: Process, node: Node) -> tuple[Group, ...]:
    who = node.assignment
    if who.assignee or who.users or who.groups:
        return who.groups
    for lane in reversed(node.lanes):
        if lane in process.lane_roles:
            return (Group(process.lane_roles[lane]),)
    return ()


def _asked(node: Node, groups: tuple[Group, ...]) -> tuple[Code, ...]:
    who = node.assignment
    codes = [who.assignee, who.due, who.warn, who.follow_up, who.priority, *who.users]
    codes += [group.unit for group in groups]
    return tuple(code for code in codes if code is not None)


def _ahead(area: Scope, join: Node) -> dict[str, frozenset[str]]:
    """Return, for each element, the flows into ``join`` that lie ahead of it.

    Walked backwards from each flow; what is attached to an activity comes after it.
    """
    found: dict[str, set[str]] = {}
    for flow in join.incoming:
        waiting = [area.flows[flow].source]
        seen: set[str] = set()
        while waiting:
            element = waiting.pop()
            if element in seen or element == join.id:
                continue
            seen.add(element)
            found.setdefault(element, set()).add(flow)
            node = area.nodes[element]
            if node.host is not None:
                waiting.append(node.host)
            waiting += [area.flows[one].source for one in node.incoming]
    return {element: frozenset(flows) for element, flows in found.items()}


# -- what is kept ---------------------------------------------------------------------

_processes: dict[int, tuple[Process, dict[str, NetSpec]]] = {}
_bundles: dict[int, tuple[Bundle, dict[str, NetSpec]]] = {}
_mentioned: dict[int, tuple[Process, frozenset[str], frozenset[str]]] = {}


def specs_of(bundle: Bundle) -> dict[str, NetSpec]:
    """Return the specs of all that a case can run, made at the first call.

    Models are compared by identity: the reader gives equal bytes the same model.
    """
    known = _bundles.get(id(bundle))
    if known is None or known[0] is not bundle:
        specs: dict[str, NetSpec] = {}
        for process in bundle.processes.values():
            specs.update(_of_process(process))
        if len(_bundles) >= _KEPT:
            _bundles.clear()
        known = _bundles[id(bundle)] = (bundle, specs)
    return known[1]


def _of_process(process: Process) -> dict[str, NetSpec]:
    known = _processes.get(id(process))
    if known is None or known[0] is not process:
        if len(_processes) >= _KEPT:
            _processes.clear()
        known = _processes[id(process)] = (process, _compile(process))
    return known[1]


def mentioned(process: Process) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that a process reads, and the elements it separates the hands of."""
    known = _mentioned.get(id(process))
    if known is None or known[0] is not process:
        separated = frozenset(
            element
            for node in process.nodes.values()
            for element in (*node.assignment.not_same_as, *node.assignment.not_same_unit_as)
        )
        names = {name for _, _, code in codes_of(process) for name in code.names}
        names |= {f"{one}_{what}" for one in separated for what in ("by", "unit")}
        if len(_mentioned) >= _KEPT:
            _mentioned.clear()
        known = _mentioned[id(process)] = (process, frozenset(names), separated)
    return known[1], known[2]
