"""What each kind of node does in SpiffWorkflow's hands: the library's class, and less.

Each is the library's own class of its kind with ``Lean`` before it: nothing is
predicted, nothing is evaluated, no data are copied. Where the library's own way is
wrong (``Parallel``, ``Inclusive``: which joins may fire) ours stands instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs import defaults as spiff
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.model import ACTIVITIES, EventDefinition, Flow, Group, Node, Process
from engine.scripts import Code
from engine.spiff.machine import FUTURE, WAITING, Token

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
        flows: its outgoing flows, in the file's order; ``ways`` are their ids, ``targets``
            where they lead.
        reads: the data that completing it leaves and something of the process reads.
        separated: a task of the process must be done by others than this one.
        conditions: those that have a condition, less the default flow.
        first: the first step of an activity. plain: nothing comes after its work.
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
    ways: tuple[str, ...] = ()
    targets: tuple[Lean, ...] = ()
    conditions: tuple[Flow, ...] = ()
    boundary: tuple[Wanted, ...] = ()
    catches: tuple[tuple[Lean, EventDefinition], ...] = ()
    reads: frozenset[str] = frozenset()
    separated = False
    first = "body"
    plain = True
    fallback: str | None = None
    groups: tuple[Group, ...] = ()
    asked: tuple[Code, ...] = ()
    limits: tuple[str, ...] = ()
    chooses = False
    outputs: list[Any]

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
            top.taken = self.ways
            for target in self.targets:
                my_task._add_child(target, FUTURE)
        for child, flow in zip(my_task.children, top.taken, strict=True):
            child.flow, child.outcome = flow, top.outcome


class Choosing(Lean):
    """A gateway that takes some of its flows, as their verdicts say."""

    chooses = True
    library: Any
    connect_if: Any

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


class Joining(Lean):
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


class Parallel(Joining, spiff.ParallelGateway):
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


class Inclusive(Choosing, Joining, spiff.InclusiveGateway):
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


class Exclusive(Choosing, spiff.ExclusiveGateway):
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
