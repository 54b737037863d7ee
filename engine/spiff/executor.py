"""Commands come in here; a snapshot and its events go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.bpmn.findings import Finding
from engine.bpmn.model import Process
from engine.commands import Command, RetryIncident, StartCase
from engine.errors import NotOnExecutor, StepLimit
from engine.execution import Applied, Bundle, Instance, Offer, OpenTask, Snapshot, World
from engine.questions import LimitReached
from engine.spiff.books import View, place_of
from engine.spiff.data import names_at
from engine.spiff.dispatch import STEPS, demand_state, park_command, run_command
from engine.spiff.limits import SEMANTICS
from engine.spiff.refusals import refusals
from engine.spiff.run import Run
from engine.spiff.tasks import actors, demand_task


class Spiff:
    """SpiffWorkflow behind the seam; see the package for what it promises."""

    name = "spiff"
    semantics = SEMANTICS

    def refusals(self, process: Process, filename: str) -> Sequence[Finding]:
        """Return what of a process this executor would run wrongly, and so does not run."""
        return refusals(process, filename)

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

        A command that does too much is dropped whole and becomes an incident.

        Raises:
            EngineError: the command is refused; nothing happened.
        """
        if isinstance(command, StartCase):
            _demand_runnable(bundle)
        run = Run(bundle, snapshot, STEPS, now=now, actor=actor, world=world)
        demand_state(run, command)
        try:
            run_command(run, command)
        except LimitReached as limit:
            if isinstance(command, RetryIncident):
                raise StepLimit(str(limit)) from None
            run = Run(bundle, snapshot, STEPS, now=now, actor=actor, world=world)
            demand_state(run, command)
            park_command(run, command, str(limit))
        return Applied(run.snapshot(), run.events)

    def offers(self, bundle: Bundle, snapshot: Snapshot) -> Sequence[Offer]:
        """Return nothing: ad-hoc sub-processes are refused for this executor."""
        del bundle, snapshot
        return ()

    def instances(self, bundle: Bundle, snapshot: Snapshot) -> Sequence[Instance]:
        """Return nothing: one instance of several is not taken out on this executor."""
        del bundle, snapshot
        return ()

    def seen(self, bundle: Bundle, snapshot: Snapshot, incident: int) -> Mapping[str, Any]:
        """Return the data of the case; where exactly a step stands still is not kept apart."""
        del bundle, incident
        return snapshot.data.get("", {})

    def place_of(self, snapshot: Snapshot, name: str) -> tuple[str, str] | None:
        """Return process and element of what is open under a case-relative name, or None."""
        del snapshot
        process, _, rest = name.partition(".")
        return process, rest.partition(".")[0]

    def task(self, bundle: Bundle, snapshot: Snapshot, task: str) -> OpenTask:
        """Return the open task of that case-relative name.

        Raises:
            TaskNotOpen: it is completed, cancelled or was never opened.
        """
        view = View(bundle, snapshot)
        row = demand_task(view, task)
        spec, scope, nth, instance = place_of(view, snapshot.control, task)
        names = names_at(view, scope)
        who = spec.node.assignment
        return OpenTask(
            task=task,
            process=view.process(scope).key,
            element=spec.element,
            nth=nth,
            instance=instance,
            assignee=row.assignee,
            candidates=row.candidates,
            held=view.is_held(task),
            names=names,
            not_same_as=actors(view, names, scope, who.not_same_as),
            not_same_unit_as=actors(view, names, scope, who.not_same_unit_as),
        )


def _demand_runnable(bundle: Bundle) -> None:
    """Refuse a case whose processes have changed to what this executor does not run."""
    for process in bundle.processes.values():
        for one in refusals(process, process.key):
            raise NotOnExecutor(one.message, hint=one.hint, element=one.element)
