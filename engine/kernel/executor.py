"""Commands come in here; a marking and its events go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.bpmn.findings import Finding
from engine.bpmn.model import Process
from engine.commands import (
    Command,
    JsonObject,
    MigrateCase,
    MoveTokens,
    RetryIncident,
    is_signature,
    signed_task,
)
from engine.errors import StepLimit
from engine.execution import Applied, Bundle, Instance, Offer, OpenTask, Snapshot, World
from engine.kernel import adhoc, instances
from engine.kernel.asked import S_TO, asked_of
from engine.kernel.dispatch import STEPS, demand_state, park_command, run_command
from engine.kernel.marking import Look
from engine.kernel.names import Names, names_at
from engine.kernel.rows import ASSIGNEE, CANDIDATES, I_SCOPE, PROCESS, T_ELEMENT, T_SCOPE
from engine.kernel.run import Run
from engine.kernel.semantics import SEMANTICS
from engine.kernel.tasks import demand_task, is_task_held
from engine.questions import LimitReached


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
            if isinstance(command, RetryIncident | MigrateCase | MoveTokens):
                raise StepLimit(str(limit)) from None
            run = Run(bundle, snapshot, STEPS, now=now, actor=actor, world=world)
            park_command(run, command, str(limit))
        return Applied(run.snapshot(), run.events)

    def refusals(self, process: Process, filename: str) -> Sequence[Finding]:
        """Return nothing: what the reader accepts runs here."""
        del process, filename
        return ()

    def offers(self, bundle: Bundle, snapshot: Snapshot) -> list[Offer]:
        """Return the open ad-hoc sub-processes of a case."""
        return adhoc.offers(bundle, snapshot)

    def instances(self, bundle: Bundle, snapshot: Snapshot) -> list[Instance]:
        """Return the open instances of the multi-instance activities of a case."""
        return instances.open_ones(bundle, snapshot)

    def seen(self, bundle: Bundle, snapshot: Snapshot, incident: int) -> Mapping[str, Any]:
        """Return the data that are readable where a step stands still; none if it does not."""
        row = snapshot.control.get("incidents", {}).get(str(incident))
        if row is None or "scopes" not in snapshot.control:
            return {}
        return names_at(Look(bundle, snapshot), row[I_SCOPE] or "")

    def place_of(self, snapshot: Snapshot, name: str) -> tuple[str, str] | None:
        """Return process and element of what is open under a case-relative name, or None."""
        token = snapshot.control.get("tokens", {}).get(name)
        if token is None:
            return None
        return snapshot.control["scopes"][token[T_SCOPE]][PROCESS], token[T_ELEMENT]

    def task(self, bundle: Bundle, snapshot: Snapshot, task: str) -> OpenTask:
        """Return the open task of that case-relative name.

        Raises:
            TaskNotOpen: it is completed, cancelled or was never opened.
        """
        look, own = Look(bundle, snapshot), signed_task(task)
        row, token = demand_task(look, own), look.tokens[own]
        assignee, candidates = row[ASSIGNEE], row[CANDIDATES]
        if is_signature(task):
            assignee = asked_of(look, task)[S_TO]
            candidates = [{"user": assignee}]
        element, scope, nth, instance, _, _, _ = token
        process = look.scopes[scope][PROCESS]
        names = names_at(look, scope)
        who = bundle.processes[process].nodes[element].assignment
        return OpenTask(
            task=task,
            process=process,
            element=element,
            nth=nth,
            instance=instance,
            assignee=assignee,
            candidates=candidates,
            held=is_task_held(look, own),
            names=names,
            not_same_as=_actors(look, names, process, who.not_same_as),
            not_same_unit_as=_actors(look, names, process, who.not_same_unit_as),
        )


def _actors(look: Look, names: Names, process: str, elements: Sequence[str]) -> list[JsonObject]:
    """Return who completed elements: the visit nearest to the task, else everybody in the case.

    Args:
        elements: ids; ``process.element`` names one of a called or calling process. A
            start event of the case stands for whoever started it.
    """
    found: list[JsonObject] = []
    main = look.bundle.main
    starts = look.bundle.processes[main].root.starts
    for element in elements:
        owner, _, own = element.rpartition(".")
        if own in starts and (owner or process) == main:
            found.append({"element": element, "user": look.case["starter"], "unit": None})
            continue
        user = None if "." in element else names.get(f"{element}_by")
        if user is not None:
            unit = names.get(f"{element}_unit")
            found.append({"element": element, "user": user, "unit": unit})
            continue
        key = element if "." in element else f"{process}.{element}"
        known = look.actors.get(key, ())
        found += [{"element": element, "user": user, "unit": unit} for user, unit in known]
    return found
