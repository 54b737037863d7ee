"""Commands come in here; a marking and its events go out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from engine.bpmn.findings import Finding
from engine.bpmn.model import Process
from engine.commands import Command, JsonObject, RetryIncident
from engine.errors import StepLimit
from engine.execution import Applied, Bundle, OpenTask, Snapshot, World
from engine.kernel.dispatch import STEPS, demand_state, park_command, run_command
from engine.kernel.names import Names, names_at
from engine.kernel.rows import ASSIGNEE, CANDIDATES, T_ELEMENT, T_INSTANCE, T_NTH, T_SCOPE
from engine.kernel.run import LimitReached, Run
from engine.kernel.semantics import SEMANTICS
from engine.kernel.tasks import demand_task, is_task_held

_ALWAYS = datetime(1, 1, 1, tzinfo=UTC)


class Kernel:
    """The token machine; see the package for what it promises."""

    name = "kernel"
    semantics = SEMANTICS

    def apply(
        self,
        bundle: Bundle,
        snapshot: Snapshot,
        command: Command,
        *,
        now: datetime,
        actor: str,
        world: World,
    ) -> Applied:
        """Apply one command; ``snapshot`` is left as it was.

        A command that does too much is dropped whole and becomes an incident of
        the case, so that nobody has to guess why it did not move.

        Raises:
            EngineError: the command is refused; nothing happened.
        """
        run = Run(bundle, snapshot, STEPS, now=now, actor=actor, world=world)
        demand_state(run, command)
        try:
            run_command(run, command)
        except LimitReached as limit:
            if isinstance(command, RetryIncident):
                raise StepLimit(str(limit)) from None
            run = Run(bundle, snapshot, STEPS, now=now, actor=actor, world=world)
            park_command(run, command, str(limit))
        return Applied(run.snapshot(), run.events)

    def refusals(self, process: Process, filename: str) -> Sequence[Finding]:
        """Return nothing: what the reader accepts runs here."""
        del process, filename
        return ()

    def task(self, bundle: Bundle, snapshot: Snapshot, task: str) -> OpenTask:
        """Return the open task of that case-relative name.

        Raises:
            TaskNotOpen: it is completed, cancelled or was never opened.
        """
        # Nothing is asked of the world and no moment is read.
        run = Run(bundle, snapshot, {}, now=_ALWAYS, actor="", world=cast("World", None))
        row, token = demand_task(run, task), run.tokens[task]
        scope = token[T_SCOPE]
        names = names_at(run, scope)
        who = run.place(task).node.assignment
        return OpenTask(
            task=task,
            process=run.process(scope).key,
            element=token[T_ELEMENT],
            nth=token[T_NTH],
            instance=token[T_INSTANCE],
            assignee=row[ASSIGNEE],
            candidates=row[CANDIDATES],
            held=is_task_held(run, task),
            names=names,
            not_same_as=_actors(run, names, scope, who.not_same_as),
            not_same_unit_as=_actors(run, names, scope, who.not_same_unit_as),
        )


def _actors(run: Run, names: Names, scope: str, elements: Sequence[str]) -> list[JsonObject]:
    """Return who completed elements: the visit nearest to the task, else everybody in the case.

    Args:
        elements: ids; ``process.element`` names one of a called or calling process. A
            start event of the case stands for whoever started it.
    """
    found: list[JsonObject] = []
    main = run.bundle.main
    starts = run.bundle.processes[main].root.starts
    for element in elements:
        owner, _, own = element.rpartition(".")
        if own in starts and (owner or run.process(scope).key) == main:
            found.append({"element": element, "user": run.case["starter"], "unit": None})
            continue
        user = None if "." in element else names.get(f"{element}_by")
        if user is not None:
            unit = names.get(f"{element}_unit")
            found.append({"element": element, "user": user, "unit": unit})
            continue
        key = element if "." in element else f"{run.process(scope).key}.{element}"
        known = run.actors.get(key, ())
        found += [{"element": element, "user": user, "unit": unit} for user, unit in known]
    return found
