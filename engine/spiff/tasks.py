"""Tasks of people: opened, claimed, transferred, completed.

SpiffWorkflow runs a future or a finished task when it is asked to; here only what
the books hold as open can be worked on, by the people it is open for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.assignments import candidates_of, limit_of, priority_of, text_of
from engine.commands import (
    ClaimTask,
    CompleteTask,
    JsonObject,
    TransferTask,
    UnclaimTask,
)
from engine.counted import is_provisional
from engine.errors import AlreadyClaimed, NotAllowed, OnHold, TaskNotOpen, UnknownOutcome
from engine.execution import Answer
from engine.questions import ask
from engine.spiff.books import STOPPED, TASK, View, Work
from engine.spiff.data import Names, names_at, write
from engine.spiff.machine import Token
from engine.spiff.run import Run
from engine.spiff.specs import mentioned
from engine.spiff.waits import clock_of

ACTORS = 100
"""How many people who completed one element are remembered."""


def open_task(run: Run, token: Token) -> None:
    """Offer a task to its candidates.

    Raises:
        Stuck: an expression of its assignment fails.
    """
    spec = token.task_spec
    node, who = spec.node, spec.node.assignment
    found: list[Answer] = []
    if spec.asked:
        names = names_at(run, token.scope)
        found = ask(run, run.site(token, "assignment"), spec.asked, names)
    answers = dict(zip(spec.asked, found, strict=True))
    assignee = text_of(answers, who.assignee, "user")
    candidates = candidates_of(
        run, who.users, spec.groups, answers, lambda: run.site(token, "unit")
    )
    warn, follow_up = limit_of(run, answers, who.warn), limit_of(run, answers, who.follow_up)
    due = limit_of(run, answers, who.due)
    unit = None if due is None else clock_of(run, node, token.scope)
    priority = priority_of(answers, who.priority)
    due_at, warn_at = due and due.due_at, warn and warn.due_at
    early = due is not None and (due.provisional or is_provisional(run, token.scope, who.due))
    provisional = True if early else None
    run.tasks[token.name] = Work(assignee, None, candidates, due_at, due_at, warn_at, run.moment)
    token.phase = TASK
    run.tell(
        token,
        "task_opened",
        task=token.name,
        name=node.name,
        candidates=candidates,
        assignee=assignee,
        form=node.form,
        outcomes=list(node.outcomes) or None,
        priority=priority,
        due_at=due_at,
        original_due_at=due_at,
        provisional=provisional,
        continuous=True if unit == "MIN" else None,
        warn_at=warn_at,
        follow_up_at=follow_up and follow_up.due_at,
        held=True if run.is_held() else None,
    )


# -- commands ---------------------------------------------------------------------------


def demand_task(run: View, task: str) -> Work:
    """Return the row of an open task.

    Raises:
        TaskNotOpen: there is none of that name.
    """
    row = run.tasks.get(task)
    if row is None:
        raise TaskNotOpen(task, state="closed", case_id=run.case_id)
    return row


def _demand_free(run: Run, task: str) -> Work:
    row = demand_task(run, task)
    if run.is_held(task):
        raise OnHold(f"Task {task!r} is on hold.", hint="It takes work again once it is released.")
    return row


def tell_task(run: Run, task: str, kind: str, /, **more: Any) -> None:
    """Write what happens to a task; fields that are None are left out."""
    run.tell(run.tokens[task], kind, task=task, **more)


def claim(run: Run, command: ClaimTask) -> None:
    """Make the actor the assignee; claiming one's own task again changes nothing."""
    row = _demand_free(run, command.task)
    if row.assignee == run.actor:
        return
    if row.assignee is not None:
        raise AlreadyClaimed(f"Task {command.task!r} is claimed by {row.assignee!r}.")
    row.assignee, row.unit = run.actor, command.unit
    tell_task(run, command.task, "task_claimed", assignee=run.actor, unit=command.unit)
    _signed(run, command.task, run.moment)


def _signed(run: Run, task: str, at: str | None) -> None:
    """Write when a task was signed for, so that limits on signing stop or go on."""
    token = run.tokens[task]
    name = f"{token.task_spec.element}_claimed_at"
    if run.is_read(token.task_spec, name):
        write(run, token.scope, {name: at}, token)


def unclaim(run: Run, command: UnclaimTask) -> None:
    """Give a task back to its candidates."""
    row = _demand_free(run, command.task)
    if row.assignee is None:
        return
    if row.assignee != run.actor:
        raise NotAllowed(f"Task {command.task!r} is claimed by {row.assignee!r}.")
    row.assignee = row.unit = None
    tell_task(run, command.task, "task_unclaimed")
    _signed(run, command.task, None)


def transfer(run: Run, command: TransferTask) -> None:
    """Give a task to another person; no clock is reset."""
    row = _demand_free(run, command.task)
    was = row.assignee
    row.assignee, row.unit = command.to, command.unit
    tell_task(
        run,
        command.task,
        "task_transferred",
        assignee=command.to,
        was=was,
        reason=command.reason,
        unit=command.unit,
    )
    if was is None:
        _signed(run, command.task, run.moment)


def complete_task(run: Run, command: CompleteTask) -> None:
    """Complete a task with its outcome and data; an unclaimed one is claimed first."""
    task, outcome = command.task, command.outcome
    row, token = _demand_free(run, task), run.tokens[task]
    _demand_outcome(token, outcome)
    signs = row.assignee is None
    if signs:
        tell_task(run, task, "task_claimed", assignee=run.actor, unit=command.unit)
    elif row.assignee != run.actor:
        raise NotAllowed(
            f"Task {task!r} is claimed by {row.assignee!r}.",
            hint="Only its assignee completes it; it can be transferred.",
        )
    unit = command.unit or row.unit
    tell_task(run, task, "task_completed", outcome=outcome, by=run.actor, unit=unit)
    del run.tasks[task]
    run.held.pop(task, None)
    _remember(run, token, unit)
    token.phase = STOPPED
    write(run, token.scope, _results(run, token, command, unit, signs=signs), token)
    run.perform("exit" if token.task_spec.plain else "finish", task, outcome)


def _demand_outcome(token: Token, outcome: str | None) -> None:
    spec = token.task_spec
    declared = spec.node.outcomes
    if outcome in declared or (outcome is None and not declared):
        return
    known = ", ".join(declared) or "none"
    what = "needs an outcome" if outcome is None else f"has no outcome {outcome!r}"
    raise UnknownOutcome(
        f"Task {spec.element!r} {what}.", hint=f"Declared are: {known}.", element=spec.element
    )


def _results(
    run: Run, token: Token, command: CompleteTask, unit: str | None, *, signs: bool
) -> JsonObject:
    """Return what a task leaves in its scope: who and when only where something reads it."""
    spec = token.task_spec
    element = spec.element
    results = dict(command.data)
    if command.outcome is not None:
        results[f"{element}_outcome"] = command.outcome
    read = run.bundle.read
    if read is not None and not spec.reads and not read.get(spec.process.key):
        return results
    facts = {f"{element}_by": run.actor, f"{element}_at": run.moment, f"{element}_unit": unit}
    if signs:
        facts[f"{element}_claimed_at"] = run.moment
    results.update({name: value for name, value in facts.items() if run.is_read(spec, name)})
    return results


def _remember(run: Run, token: Token, unit: str | None) -> None:
    """Keep who completed an element, if a task of any process must be done by others."""
    spec, processes = token.task_spec, run.bundle.processes
    key = spec.prefix
    if not spec.separated and (
        len(processes) == 1 or not any(key in mentioned(one)[1] for one in processes.values())
    ):
        return
    who = [run.actor, unit]
    known = [one for one in run.actors.get(key, ()) if one != who]
    run.actors[key] = [*known, who][-ACTORS:]


def actors(run: View, names: Names, scope: str, elements: Sequence[str]) -> list[JsonObject]:
    """Return who completed elements: the visit nearest to the task, else everybody in the case.

    Args:
        elements: ids; ``process.element`` names one of a called or calling process.
    """
    found: list[JsonObject] = []
    main = run.bundle.main
    starts = run.bundle.processes[main].root.starts
    for element in elements:
        owner, _, own = element.rpartition(".")
        if own in starts and (owner or run.process(scope).key) == main:
            # Whoever started the case.
            found.append({"element": element, "user": run.case["starter"], "unit": None})
            continue
        user = None if "." in element else names.get(f"{element}_by")
        if user is not None:
            found.append({"element": element, "user": user, "unit": names.get(f"{element}_unit")})
            continue
        key = element if "." in element else f"{run.process(scope).key}.{element}"
        known = run.actors.get(key, ())
        found += [{"element": element, "user": user, "unit": unit} for user, unit in known]
    return found
