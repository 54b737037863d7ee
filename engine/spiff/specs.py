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

from collections.abc import Callable, Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs import defaults as spiff
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.codes import codes_of
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
from engine.execution import Bundle
from engine.scripts import Code
from engine.spiff.machine import FUTURE, WAITING, Token

_UNSUBSCRIBED = frozenset({Trigger.ERROR, Trigger.ESCALATION, Trigger.LINK, Trigger.TERMINATE})
_KEPT = 512

DONE = "done"
"""The phase of a multi-instance activity whose instances have all ended."""

Wanted = tuple["Lean", int, EventDefinition]


class NoFlowError(Exception):
    """A gateway has no flow that can be taken."""


class Verdict:
    """The condition of a flow: what the sandbox has said of it."""

    def __init__(self, flow: str) -> None:
        self.flow = flow

    def _matches(self, task: Token) -> bool:
        top = task.workflow.top_workflow
        verdict = top.verdicts[self.flow]
        if isinstance(verdict, Exception):
            raise verdict
        if verdict:
            top.taken.append(self.flow)
        return bool(verdict)


class Lean:
    """What every node has beside what SpiffWorkflow makes of its kind.

    Attributes:
        node, process: of the model; ``element`` is the node's id.
        prefix: ``process.element``, the beginning of its visits' names.
        whole: the spec of the multi-instance activity that it is one instance of.
        flows: its outgoing flows, in the file's order.
        conditions: those that have a condition, less the default flow.
        fallback: the flow of a choosing gateway that is taken when no other is.
        boundary: events attached to it that subscribe, with the number of the definition.
        catches: those for errors and escalations.
        groups: candidate roles; the lane's where the task names nobody.
        asked: the expressions of its assignment. ``limits``: data that its moments mention.
    """

    name: str
    node: Node
    process: Process
    element: str
    prefix: str
    whole: Lean | None = None
    flows: tuple[Flow, ...] = ()
    conditions: tuple[Flow, ...] = ()
    boundary: tuple[Wanted, ...] = ()
    catches: tuple[tuple[Lean, EventDefinition], ...] = ()
    fallback: str | None = None
    groups: tuple[Group, ...] = ()
    asked: tuple[Code, ...] = ()
    limits: tuple[str, ...] = ()
    chooses = False
    outputs: list[Any]
    _wf_spec: NetSpec

    @property
    def activity(self) -> bool:
        """Whether it is a task, sub-process or call."""
        return self.node.kind in ACTIVITIES

    def _predict(self, my_task: Token, *_: Any, **__: Any) -> None:
        """Predict nothing."""

    def _update(self, my_task: Token) -> None:
        if self._update_hook(my_task):
            my_task._ready()

    def _update_hook(self, my_task: Token) -> bool:
        return True

    def _on_ready(self, my_task: Token) -> None:
        my_task.workflow.top_workflow.queue.append(my_task)

    def _run_hook(self, my_task: Token) -> bool | None:
        return True

    def _on_error(self, my_task: Token) -> None:
        """Leave it to the incident that follows."""

    def _on_cancel(self, my_task: Token) -> None:
        my_task.workflow.top_workflow.books.cancelled(my_task)

    def _on_complete_hook(self, my_task: Token) -> None:
        """Let the flows that are taken lead to the next tasks."""
        top = my_task.workflow.top_workflow
        if not self.chooses:
            my_task._sync_children(self.outputs, FUTURE)
            top.taken = [flow.id for flow in self.flows]
        for child, flow in zip(my_task.children, top.taken, strict=True):
            child.flow, child.outcome = flow, top.outcome


class _Choosing(Lean):
    """A gateway that takes some of its flows, as their verdicts say."""

    chooses = True
    library: Any

    def _run_hook(self, my_task: Token) -> bool:
        top = my_task.workflow.top_workflow
        top.taken = []
        try:
            self.library._run_hook(self, my_task)
        except WorkflowException:
            raise NoFlowError(f"No outgoing flow of {self.element!r} can be taken.") from None
        if not top.taken and self.fallback is not None:
            top.taken = [self.fallback]
        return True


class _Joining(Lean):
    """A gateway where tokens of several flows become one: they wait here."""

    def _update_hook(self, my_task: Token) -> bool:
        if len(self.node.incoming) <= 1:
            return True
        my_task._set_state(WAITING)
        return self.may_fire(my_task)

    def may_fire(self, my_task: Token) -> bool:
        """Whether what waits may go on now that ``my_task`` has come."""
        return False

    def waiting(self, my_task: Token) -> dict[str | None, Token]:
        """Return the oldest waiting token of each flow."""
        first: dict[str | None, Token] = {}
        for one in my_task.workflow.tasks.values():
            if one.task_spec is self and one._state == WAITING:
                first.setdefault(one.flow, one)
        return first

    def merge(self, my_task: Token, others: Mapping[str | None, Token]) -> None:
        """Let ``my_task`` go on for all of them; no outcome is that of a join."""
        my_task.outcome = None
        for one in others.values():
            if one is not my_task:
                one._set_state(TaskState.CANCELLED)
                one.retire()


class Parallel(_Joining, spiff.ParallelGateway):
    """A parallel gateway that counts flows, not what came before them.

    The library's own looks for the nodes that flows come from in the whole tree of
    the past: in a second round it takes a branch of the first for one of this.
    """

    def may_fire(self, my_task: Token) -> bool:
        """Whether every flow has a token; more than one on a flow stay for the next time."""
        first = self.waiting(my_task)
        if len(first) < len(self.node.incoming):
            return False
        self.merge(my_task, first)
        return True

    def _run_hook(self, my_task: Token) -> bool:
        return True


class Inclusive(_Choosing, _Joining, spiff.InclusiveGateway):
    """An inclusive gateway; when its join may fire is judged when nothing else moves.

    Attributes:
        ahead: element -> the incoming flows it can reach without passing the gateway.
    """

    library = spiff.InclusiveGateway
    ahead: Mapping[str, frozenset[str]]

    def is_open(self, my_task: Token) -> bool:
        """Whether a token that is still under way may come by a flow that has none."""
        filled = set(self.waiting(my_task))
        empty = set(self.node.incoming) - filled
        for one in my_task.workflow.live():
            if one.task_spec is not self:
                reached = self.ahead.get(one.task_spec.element, frozenset())
                if reached & empty and not reached & filled:
                    return True
        return False


class Exclusive(_Choosing, spiff.ExclusiveGateway):
    """An exclusive gateway: the first flow whose verdict is true, else the default."""

    library = spiff.ExclusiveGateway


class EventBased(Lean, spiff.EventBasedGateway):
    """An event-based gateway: the executor says which of its events came first."""

    chooses = True

    def connect(self, taskspec: Any) -> None:
        """Connect an event, which keeps its own definition."""
        BpmnTaskSpec.connect(self, taskspec)

    def _on_complete_hook(self, my_task: Token) -> None:
        """Do not lead on: the event that came is triggered."""


class User(Lean, spiff.UserTask):
    """A task of a person; it stays ready until it is completed."""


class Manual(Lean, spiff.ManualTask):
    """Likewise."""


class Plain(Lean, spiff.NoneTask):
    """A task without more."""


class Script(Lean, spiff.ScriptTask):
    """A script task; the sandbox runs the script."""


class Service(Lean, spiff.ServiceTask):
    """A service task: a job of its topic."""


class Rule(Lean, spiff.ServiceTask):
    """A business rule task; our own DMN answers."""


class Send(Lean, spiff.SendTask):
    """A send task."""


class Receive(Lean, spiff.ReceiveTask):
    """A receive task."""


class Start(Lean, spiff.StartEvent):
    """A start event."""


class End(Lean, spiff.EndEvent):
    """An end event."""


class Catch(Lean, spiff.IntermediateCatchEvent):
    """An event that waits."""


class Throw(Lean, spiff.IntermediateThrowEvent):
    """An event that throws; messages and signals are ours, across cases."""


class Boundary(Lean, spiff.BoundaryEvent):
    """An event attached to an activity."""


class _Opening(Lean):
    """A sub-process or call: started while its content goes on."""

    spec: str

    def _run_hook(self, my_task: Token) -> bool | None:
        top = my_task.workflow.top_workflow
        if my_task.id in top.subprocesses:
            return True
        top.create_subprocess(my_task, self.spec)
        return None

    def _on_cancel(self, my_task: Token) -> None:
        subprocesses = my_task.workflow.top_workflow.subprocesses
        if my_task.id in subprocesses:
            subprocesses[my_task.id].cancel()
        super()._on_cancel(my_task)
        subprocesses.pop(my_task.id, None)

    def update_data(self, my_task: Token, subworkflow: Any) -> None:
        """Copy nothing: mappings are ours."""


class Content(_Opening, spiff.SubWorkflowTask):
    """An embedded sub-process."""


class Call(_Opening, spiff.CallActivity):
    """A call activity; only mappings cross its border."""


class Whole(Lean, spiff.ParallelMultiInstanceTask):
    """A multi-instance or looped activity as a whole; its instances are its children."""

    inner: Lean

    def _run_hook(self, my_task: Token) -> bool | None:
        return True if my_task.phase == DONE else None


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
        self.joins: tuple[Inclusive, ...] = ()


Made = Callable[[NetSpec, str, Node], Any]


def _event(kind: Any) -> Made:
    return lambda net, name, _: kind(net, name, NoneEventDefinition())


_MADE: dict[Kind, Made] = {
    Kind.START: _event(Start),
    Kind.END: _event(End),
    Kind.CATCH: _event(Catch),
    Kind.THROW: _event(Throw),
    Kind.SEND: _event(Send),
    Kind.RECEIVE: _event(Receive),
    Kind.EVENT_BASED: _event(EventBased),
    Kind.BOUNDARY: lambda net, name, node: Boundary(
        net, name, NoneEventDefinition(), node.interrupting
    ),
    Kind.TASK: lambda net, name, _: Plain(net, name),
    Kind.USER: lambda net, name, _: User(net, name),
    Kind.MANUAL: lambda net, name, _: Manual(net, name),
    Kind.SCRIPT: lambda net, name, _: Script(net, name, ""),
    Kind.SERVICE: lambda net, name, _: Service(net, name),
    Kind.BUSINESS_RULE: lambda net, name, _: Rule(net, name),
    Kind.EXCLUSIVE: lambda net, name, _: Exclusive(net, name),
    Kind.PARALLEL: lambda net, name, _: Parallel(net, name),
    Kind.INCLUSIVE: lambda net, name, _: Inclusive(net, name),
    Kind.SUB_PROCESS: lambda net, name, node: Content(net, name, f"{net.process.key}/{node.id}"),
    Kind.CALL: lambda net, name, node: Call(net, name, node.called),
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
        if isinstance(one, Inclusive) and len(one.node.incoming) > 1
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
    whole = _fill(Whole(net, name, f"{name} [child]"), net.process, node)
    whole.inner, inner.whole = inner, whole
    return whole


def _fill(spec: Any, process: Process, node: Node) -> Any:
    spec.node, spec.process, spec.element = node, process, node.id
    spec.prefix = f"{process.key}.{node.id}"
    spec.groups = _groups(process, node)
    spec.asked = _asked(node, spec.groups)
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
    spec.fallback = _fallback(spec)
    for flow in spec.flows:
        target = net.by_id[flow.target]
        choice = isinstance(spec, _Choosing) and flow.id != spec.fallback
        if choice:
            spec.connect_if(Verdict(flow.id), target)
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
