"""Tasks of people: opened, claimed, transferred, completed.

Whether the actor may do it at all is judged above; here stands what the diagram
itself demands: one assignee at a time, a declared outcome, no work on hold.
"""

from __future__ import annotations

from typing import Any

from engine.assignments import Answers, candidates_of, limit_of, priority_of, text_of
from engine.commands import (
    ClaimTask,
    CompleteTask,
    JsonObject,
    TransferTask,
    UnclaimTask,
)
from engine.counted import is_provisional
from engine.errors import AlreadyClaimed, NotAllowed, OnHold, TaskNotOpen, UnknownOutcome
from engine.events import Event
from engine.kernel.asked import demand_other, demand_undecided
from engine.kernel.flows import leave
from engine.kernel.marking import Look
from engine.kernel.names import names_at, write
from engine.kernel.plan import Place, plan_of
from engine.kernel.rows import (
    ASSIGNEE,
    FRAME,
    KIND,
    PROCESS,
    STOPPED,
    T_ELEMENT,
    T_INSTANCE,
    T_NTH,
    T_SCOPE,
    UNIT,
    Row,
)
from engine.kernel.run import Run
from engine.kernel.subscriptions import clock_of, unwatch_task, watch_task
from engine.questions import Moment, ask

ACTORS = 100
"""How many people who completed one element are remembered."""


def open_task(run: Run, name: str) -> None:
    """Offer a task to its candidates.

    Raises:
        Stuck: an expression of its assignment fails.
    """
    place = run.place(name)
    if place.asked:
        _open_assigned(run, name, place)
    else:
        _offer(run, name, place, _candidates(run, name, place, {}) if place.groups else [])


def _candidates(run: Run, name: str, place: Place, answers: Answers) -> list[JsonObject]:
    users = place.node.assignment.users
    return candidates_of(run, users, place.groups, answers, lambda: run.site(name, "unit"))


def _offer(
    run: Run,
    name: str,
    place: Place,
    candidates: list[JsonObject],
    *,
    assignee: str | None = None,
    due: Moment | None = None,
    warn_at: str | None = None,
    **more: Any,
) -> None:
    due_at = None if due is None else due.due_at
    run.tasks[name] = [
        assignee, None, candidates, due_at, due_at, warn_at, run.moment, None, False, None
    ]  # fmt: skip
    if place.limits:
        watch_task(run, name)
    _, scope, nth, instance, _, _, _ = run.tokens[name]
    node = place.node
    event: Event = {
        "type": "task_opened",
        "process": place.process,
        "element": place.id,
        "nth": nth,
        "path": run.path(scope),
        "task": name,
        "name": node.name,
        "candidates": candidates,
    }
    run.events.append(event)
    if instance is not None:
        event["instance"] = instance
    if assignee is not None:
        event["assignee"] = assignee
    if node.form is not None:
        event["form"] = node.form
    if place.outcomes:
        event["outcomes"] = list(place.outcomes)
    if due is not None:
        event["due_at"] = event["original_due_at"] = due_at
        if due.provisional or (run.counted and is_provisional(run, scope, node.assignment.due)):
            event["provisional"] = True
    if warn_at is not None:
        event["warn_at"] = warn_at
    if run.held and run.is_held(scope):
        event["held"] = True
    if more:
        event.update({field: value for field, value in more.items() if value is not None})


def _open_assigned(run: Run, name: str, place: Place) -> None:
    names = names_at(run, run.tokens[name][T_SCOPE])
    found = ask(run, run.site(name, "assignment"), place.asked, names)
    answers = dict(zip(place.asked, found, strict=True))
    who = place.node.assignment
    assignee = text_of(answers, who.assignee, "user")
    candidates = _candidates(run, name, place, answers)
    warn, follow_up = limit_of(run, answers, who.warn), limit_of(run, answers, who.follow_up)
    due = limit_of(run, answers, who.due)
    unit = None if due is None else clock_of(run, place.node, run.tokens[name][T_SCOPE])
    _offer(
        run,
        name,
        place,
        candidates,
        assignee=assignee,
        due=due,
        warn_at=None if warn is None else warn.due_at,
        priority=priority_of(answers, who.priority),
        follow_up_at=None if follow_up is None else follow_up.due_at,
        continuous=True if unit == "MIN" else None,
    )


def emit_task(run: Run, task: str, kind: str, **more: Any) -> None:
    """Write what happens to a task; fields that are None are left out."""
    row = run.tokens[task]
    event = run.note(kind, row[T_SCOPE], row[T_ELEMENT], row[T_NTH])
    if row[T_INSTANCE] is not None:
        event["instance"] = row[T_INSTANCE]
    event["task"] = task
    for name, value in more.items():
        if value is not None:
            event[name] = value


# -- commands -----------------------------------------------------------------


def demand_task(run: Look, task: str) -> Row:
    """Return the row of an open task.

    Raises:
        TaskNotOpen: there is none of that name.
    """
    row = run.tasks.get(task)
    if row is None:
        raise TaskNotOpen(task, state="closed", case_id=run.case_id)
    return row


def is_task_held(run: Look, task: str) -> bool:
    """Whether a task, or what it lies in, is on hold."""
    return bool(run.held) and (task in run.held or run.is_held(run.tokens[task][T_SCOPE]))


def demand_free(run: Run, task: str) -> Row:
    """Return the row of an open task that takes work.

    Raises:
        TaskNotOpen: there is none of that name.
        OnHold: it is on hold.
    """
    row = demand_task(run, task)
    if run.held and is_task_held(run, task):
        raise OnHold(f"Task {task!r} is on hold.", hint="It takes work again once it is released.")
    return row


def _assign(run: Run, task: str, user: str | None, unit: str | None) -> None:
    row = run.tasks[task].copy()
    row[ASSIGNEE], row[UNIT] = user, unit
    run.tasks[task] = row


def claim(run: Run, command: ClaimTask) -> None:
    """Make the actor the assignee; claiming one's own task again changes nothing."""
    row = demand_free(run, command.task)
    if row[ASSIGNEE] == run.actor:
        return
    if row[ASSIGNEE] is not None:
        raise AlreadyClaimed(f"Task {command.task!r} is claimed by {row[ASSIGNEE]!r}.")
    demand_other(run, command.task, run.actor)
    _assign(run, command.task, run.actor, command.unit)
    _emit_who(run, command.task, "task_claimed", ("assignee", run.actor), command.unit)
    _signed(run, command.task, run.moment)


def _emit_who(run: Run, task: str, kind: str, who: tuple[str, str], unit: str | None) -> Event:
    """Write what somebody does to a task, and in which role; return the event."""
    element, scope, nth, instance, _, _, _ = run.tokens[task]
    event: Event = {
        "type": kind,
        "process": run.scopes[scope][PROCESS],
        "element": element,
        "nth": nth,
        "path": run.path(scope),
        "task": task,
        who[0]: who[1],
    }
    run.events.append(event)
    if instance is not None:
        event["instance"] = instance
    if unit is not None:
        event["unit"] = unit
    return event


def _signed(run: Run, task: str, at: str | None) -> None:
    """Write when a task was signed for, so that limits on signing stop or go on."""
    place = run.place(task)
    name = place.results.claimed_at
    if name in run.read(place):
        write(run, run.tokens[task][T_SCOPE], {name: at}, task)


def unclaim(run: Run, command: UnclaimTask) -> None:
    """Give a task back to its candidates."""
    row = demand_free(run, command.task)
    if row[ASSIGNEE] is None:
        return
    if row[ASSIGNEE] != run.actor:
        raise NotAllowed(f"Task {command.task!r} is claimed by {row[ASSIGNEE]!r}.")
    demand_undecided(run, command.task)
    _assign(run, command.task, None, None)
    emit_task(run, command.task, "task_unclaimed")
    _signed(run, command.task, None)


def transfer(run: Run, command: TransferTask) -> None:
    """Give a task to another person; no clock is reset."""
    was = demand_free(run, command.task)[ASSIGNEE]
    demand_undecided(run, command.task)
    demand_other(run, command.task, command.to)
    _assign(run, command.task, command.to, command.unit)
    emit_task(
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


def demand_own(run: Run, task: str) -> None:
    """Refuse who completes what another person has signed for.

    Raises:
        NotAllowed: then.
    """
    assignee = run.tasks[task][ASSIGNEE]
    if assignee not in {None, run.actor}:
        raise NotAllowed(
            f"Task {task!r} is claimed by {assignee!r}.",
            hint="Only its assignee completes it; it can be transferred.",
        )


def complete_task(run: Run, command: CompleteTask, by: str | None = None) -> None:
    """Complete a task with its outcome and data; an unclaimed one is claimed first.

    Args:
        by: who has decided before and waited for signatures; None = the actor.
    """
    task, outcome = command.task, command.outcome
    row, place = demand_free(run, task), run.place(task)
    scope = run.tokens[task][T_SCOPE]
    if outcome is not None or place.outcomes:
        demand_outcome(place, outcome)
    signs = row[ASSIGNEE] is None
    if signs:
        _emit_who(run, task, "task_claimed", ("assignee", run.actor), command.unit)
    elif by is None:
        demand_own(run, task)
    by = by or run.actor
    unit = command.unit or row[UNIT]
    event = _emit_who(run, task, "task_completed", ("by", by), unit)
    if outcome is not None:
        event["outcome"] = outcome
    if place.limits:
        unwatch_task(run, task)
    del run.tasks[task]
    if run.held:
        run.held.pop(task, None)
    if run.beside:
        run.beside.pop(task, None)
    if place.separated or (len(run.bundle.processes) > 1 and _is_separated(run, place)):
        _remember(run, place, [by, unit])
    write(run, scope, _results(run, place, command, [by, unit], signs=signs), task)
    if place.straight and run.scopes[scope][KIND] != FRAME:
        leave(run, task, place, place.exits, outcome)
    else:
        run.set_state(task, STOPPED)
        run.perform("finish", task, outcome)


def demand_outcome(place: Place, outcome: str | None) -> None:
    """Refuse an outcome that a task does not declare.

    Raises:
        UnknownOutcome: then, or where one is needed and none is given.
    """
    declared = place.node.outcomes
    if outcome in declared or (outcome is None and not declared):
        return
    known = ", ".join(declared) or "none"
    what = "needs an outcome" if outcome is None else f"has no outcome {outcome!r}"
    raise UnknownOutcome(
        f"Task {place.id!r} {what}.", hint=f"Declared are: {known}.", element=place.id
    )


def _results(
    run: Run, place: Place, command: CompleteTask, who: list[str | None], *, signs: bool
) -> JsonObject:
    """Return what a task leaves in its scope.

    Its data and outcome, always; who, when and for which unit only where something of
    the process reads it, since a case carries its data through every command and the
    history has them anyway.
    """
    results = dict(command.data)
    names = place.results
    if command.outcome is not None:
        results[names.outcome] = command.outcome
    read = run.read(place)
    if read:
        facts = {names.by: who[0], names.at: run.moment, names.unit: who[1]}
        if signs:
            facts[names.claimed_at] = run.moment
        results.update({name: value for name, value in facts.items() if name in read})
    return results


def _is_separated(run: Run, place: Place) -> bool:
    """Whether a task of any process must be done by others than this one."""
    name = f"{place.process}.{place.id}"
    return any(name in plan_of(one).separated for one in run.bundle.processes.values())


def _remember(run: Run, place: Place, who: list[str | None]) -> None:
    """Keep who completed an element."""
    key = f"{place.process}.{place.id}"
    known = [one for one in run.actors.get(key, ()) if one != who]
    run.actors[key] = [*known, who][-ACTORS:]
