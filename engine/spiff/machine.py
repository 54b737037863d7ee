"""SpiffWorkflow's runtime with nothing in it that depends on when or where it runs.

Only this file, ``kinds`` and ``specs`` import SpiffWorkflow, and only the first two
use what it keeps to itself (``_set_state``, ``_add_child``, ``_update``,
``_on_complete``, …); ``tests/test_spiff_facts.py`` fails loudly when one is gone.
What stays SpiffWorkflow's: the tree of tasks, their states and how they change,
what a gateway takes, sub-workflows. What is changed, and which of the library's
measured traits it is for:

* A task's id is a number of its case, not a ``uuid4``; it carries no time stamp.
* No task is predicted: children arise when their parent completes. A row of
  parallel blocks costs what it says instead of doubling with each block.
* A task that is finished leaves the tree, and what came of it hangs on to what
  it hung on to. The tree is as large as what goes on, however long a loop ran.
* All scans are flat, over the tasks of one workflow; no depth is too deep.
* A task's data stay empty; case data are kept beside the tree.
* A cancelled task tells its children first, and the books once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from SpiffWorkflow.bpmn.specs import BpmnProcessSpec
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

FINISHED = TaskState.FINISHED_MASK
FUTURE, WAITING, READY, STARTED, COMPLETED = (
    TaskState.FUTURE,
    TaskState.WAITING,
    TaskState.READY,
    TaskState.STARTED,
    TaskState.COMPLETED,
)


class Books(Protocol):
    """Who is told that a task was cancelled."""

    def cancelled(self, token: Token) -> None:
        """Write that what ``token`` did is cut off."""


class Token(Task):
    """A task of the tree, and what the case knows of it.

    Attributes:
        scope: name of the scope that it lies in.
        name: ``process.element.nth``; empty until its element is entered.
        nth, instance: which visit, and which instance of a loop.
        flow: id of the flow by which it came.
        outcome: outcome of the activity it came from, or of its own once it is done.
        phase: what it waits for; see ``books``.
        subs: numbers of what it subscribed to.
    """

    # Nobody may write to them: case data are kept per scope, outside.
    data = internal_data = MappingProxyType[str, Any]({})
    triggered = False
    thread_id = 0
    last_state_change = 0.0
    name = ""
    nth = 0
    instance: int | None = None
    flow: str | None = None
    outcome: str | None = None
    phase = ""

    def __init__(
        self,
        workflow: Any,
        task_spec: Any,
        parent: Task | None = None,
        state: int = FUTURE,
        id: int = 0,  # noqa: A002 - the library calls it so
    ) -> None:
        # Not Task.__init__: it draws a uuid4 and reads the clock.
        self.id = id or workflow.top_workflow.next_id()
        workflow.tasks[self.id] = self
        self.workflow = workflow
        self._parent = None if parent is None else parent.id
        self._children: list[int] = []
        self._state = state
        self.task_spec = task_spec
        if parent is not None:
            parent._children.append(self.id)
        self.scope: str = workflow.scope
        self.subs: list[str] = []

    def _add_child(self, task_spec: Any, state: int = FUTURE) -> Token:
        return Token(self.workflow, task_spec, self, state)

    def _set_state(self, value: int) -> None:
        # The library's own reads the clock and builds a log line at each change.
        self._state = value

    def _inherit_data(self) -> None:
        """Leave the data empty: those of a case are kept per scope, outside."""

    @property
    def is_ready(self) -> bool:
        """Whether it may be entered."""
        return bool(self._state == READY)

    def put(self, state: int) -> int:
        """Set its state; return the one it was in."""
        before = self._state
        self._state = state
        return before

    def branch(self, task_spec: Any) -> Token:
        """Return a child that no flow leads to, such as an instance of a loop."""
        child = self._add_child(task_spec, FUTURE)
        child.triggered = True
        return child

    def proceed(self) -> None:
        """Become ready, if nothing else has to come first."""
        self.task_spec._update(self)

    def cancel(self) -> None:
        """Cancel it and all that goes on below it, inner ones first."""
        for child in sorted(self.children, key=rank):
            child.cancel()
        super().cancel()
        self.retire()

    def retire(self) -> None:
        """Leave the tree; the children hang on to the parent."""
        tasks = self.workflow.tasks
        if self.id not in tasks:
            return
        siblings = tasks[self._parent]._children
        siblings.remove(self.id)
        for child in self._children:
            tasks[child]._parent = self._parent
            siblings.append(child)
        del tasks[self.id]


def rank(token: Token) -> tuple[str, int, int]:
    """Return the order in which neighbours are cut off."""
    return token.task_spec.element, token.nth, token.instance or 0


class Net:
    """What the workflow of a case and those of its sub-processes have in common.

    Attributes:
        scope: name of the scope whose content it runs.
        tasks: the tasks that are not finished, and the root, by id.
    """

    spec: Any
    data: dict[str, Any]
    tasks: dict[int, Token]
    task_tree: Token
    completed: bool
    last_task: Token | None

    def get_tasks_iterator(self, first_task: Task | None = None, **wanted: Any) -> Any:
        """Return the tasks that match, flat and in the order they arose."""
        state, name = wanted.get("state", TaskState.ANY_MASK), wanted.get("spec_name")
        return iter(
            [
                one
                for one in self.tasks.values()
                if one.has_state(state) and name in (None, one.task_spec.name)
            ]
        )

    def live(self) -> list[Token]:
        """Return the tasks that are not finished."""
        return [one for one in self.tasks.values() if not one._state & FINISHED]

    def is_completed(self) -> bool:
        """Tell whether nothing goes on any more: a flat scan."""
        self.completed = self.completed or all(one._state & FINISHED for one in self.tasks.values())
        return self.completed

    def update_waiting_tasks(self) -> None:
        """Do nothing: joins look when something arrives, and all else waits for a command."""

    def _task_completed_notify(self, task: Token) -> None:
        self.last_task = task
        if task is not self.task_tree:
            task.retire()

    def _mark_complete(self, task: Token) -> None:
        self.completed = True

    def cancel(self, success: bool = False) -> list[Token]:
        """Cancel all that goes on, inner ones first, in the order of elements."""
        cancelled = sorted(self.live(), key=rank)
        for token in cancelled:
            if token.id in self.tasks:
                token.cancel()
        return cancelled

    def rows(self) -> list[list[Any]]:
        """Return the tasks as JSON, in the order they arose.

        So what a task hangs on to always stands before it.
        """
        return [
            [
                one.id, one.task_spec.name, one._parent, one._state, one.scope, one.nth,
                one.instance, one.phase, one.subs, one.flow, one.outcome, 1 if one.name else 0,
            ]
            for one in self.tasks.values()
            if one is not self.task_tree
        ]  # fmt: skip

    def plant(self, root: int = 0) -> None:
        """Put the root of the tree; what starts hangs on to it."""
        self.task_tree = Token(self, self.spec.start, None, COMPLETED, root)

    def begin(self) -> None:
        """Let what starts by itself become ready."""
        self.task_tree._sync_children(list(self.spec.starts), FUTURE)
        for child in self.task_tree.children:
            child.proceed()

    def trigger(self, task_spec: Any) -> Token:
        """Return a task, ready, that no flow led to: an event has happened."""
        child = self.task_tree.branch(task_spec)
        child.put(READY)
        return child


class NoScripts:
    """The script engine that the library gets: it evaluates nothing."""

    def evaluate(self, task: Any, expression: Any, external_context: Any = None) -> Any:
        """Refuse: texts of designers go through the sandbox only."""
        raise RuntimeError("SpiffWorkflow was about to evaluate an expression itself.")

    execute = call_service = evaluate


_NO_SCRIPTS = NoScripts()


class CaseNet(Net, BpmnWorkflow):
    """The workflow of a case.

    Attributes:
        queue: tasks that became ready, oldest first.
        verdicts: what the conditions of the gateway at work say: flow -> bool or error.
        taken: the flows that it takes.
        outcome: the outcome that goes along.
    """

    def __init__(
        self, spec: BpmnProcessSpec, specs: Mapping[str, Any], books: Books, next_id: int
    ) -> None:
        # Not the library's own: it makes an event manager, signals and a script engine.
        self.scope, self.completed, self.last_task = "", False, None
        self.spec, self.tasks, self.data = spec, {}, {}
        self.subprocess_specs = specs
        self.subprocesses: dict[int, SubNet] = {}
        self._next_id = next_id
        self.books = books
        self.queue: deque[Token] = deque()
        self.verdicts: dict[str, Any] = {}
        self.taken: list[str] = []
        self.outcome: str | None = None

    @property
    def script_engine(self) -> NoScripts:
        """The engine that evaluates nothing."""
        return _NO_SCRIPTS

    @property
    def ids(self) -> int:
        """The next number of a task; asking does not take it."""
        return self._next_id

    def next_id(self) -> int:
        """Return the next number of a task."""
        self._next_id += 1
        return self._next_id - 1

    def create_subprocess(self, my_task: Token, spec_name: str) -> SubNet:
        """Return the workflow of an activity's content, without looking for its parent."""
        net = SubNet(self.subprocess_specs[spec_name], my_task, self)
        self.subprocesses[my_task.id] = net
        return net

    def nets(self) -> list[Any]:
        """Return all workflows, the case's own first."""
        return [self, *self.subprocesses.values()]


class SubNet(Net, BpmnSubWorkflow):
    """The workflow of the content of a sub-process or called process.

    Attributes:
        host: the activity that it is the content of.
    """

    def __init__(self, spec: BpmnProcessSpec, host: Token, top_workflow: CaseNet) -> None:
        self.scope, self.completed, self.last_task = "", False, None
        self.spec, self.tasks, self.data = spec, {}, {}
        self.host, self.parent_task_id, self.top_workflow = host, host.id, top_workflow

    def finish(self) -> None:
        """Tell the activity around it that its content has ended."""
        self.completed = True
        self.host.task_spec._on_subworkflow_completed(self, self.host)
