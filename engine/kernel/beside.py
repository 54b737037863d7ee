"""What people ask of each other over an open task: signatures, delegation, reminders, copies.

No token moves because somebody was asked. A task keeps beside it who was asked and what
came of it; while it waits for them it takes no completion, or keeps the one it was given
until they have answered:

* ``before`` and ``delegate``: it cannot be completed until they have answered;
* ``parallel``: it can be decided, and goes on when they have answered;
* ``after``: they are asked when it is decided, and it goes on when all agree.

Whoever disagrees with a decision that was taken already brings the task back to its owner.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from engine.commands import (
    AddSignature,
    ClaimTask,
    CompleteTask,
    CopyTask,
    GiveSignature,
    JsonObject,
    ReadCopy,
    RemindTask,
    RemoveSignature,
    signed_task,
)
from engine.commands.inbox import AFTER, AGREE, BEFORE, DELEGATE, DISAGREE, PARALLEL, RESOLVED
from engine.deadlines import local_text
from engine.errors import (
    AlreadyClaimed,
    LastSignature,
    RemindedLately,
    SignaturesAwaited,
    TaskNotOpen,
    UnknownOutcome,
    WrongState,
)
from engine.kernel.asked import (
    GIVEN,
    OPEN,
    PLANNED,
    S_DUE,
    S_KIND,
    S_STATE,
    S_TO,
    asked_of,
    demand_undecided,
    signatures,
    tell,
)
from engine.kernel.rows import ASSIGNEE, DUE, Row
from engine.kernel.run import Run
from engine.kernel.tasks import (
    claim,
    complete_task,
    demand_free,
    demand_outcome,
    demand_own,
    demand_task,
    emit_task,
)
from engine.periods import parse_moment

MOST = 50
"""How many may be asked about one task."""

PAUSE = timedelta(hours=4)
"""How long somebody waits before urging the same task again."""


def _keep(run: Run, task: str, **changes: Any) -> None:
    run.beside[task] = {**run.beside.get(task, {}), **changes}


def _set(run: Run, task: str, number: str, row: Row | None) -> None:
    left = {key: one for key, one in signatures(run, task).items() if key != number}
    _keep(run, task, signatures=left if row is None else {**left, number: row})


# -- asking ---------------------------------------------------------------------------


def add(run: Run, command: AddSignature) -> None:
    """Ask another person about a task.

    Raises:
        WrongState: the task is nobody's or that person's own, or is delegated already.
        SignaturesAwaited: it is decided, and nobody can be asked before.
        AlreadyClaimed: that person is asked already.
    """
    task, kind = command.task, command.kind
    row = demand_free(run, task)
    if row[ASSIGNEE] is None or row[ASSIGNEE] == command.to:
        raise WrongState(
            f"Task {task!r} is not signed for yet, or is {command.to!r}'s own.",
            hint="Who has signed for the task asks somebody else.",
        )
    if kind in {BEFORE, DELEGATE}:
        demand_undecided(run, task)
    waiting = [one for one in signatures(run, task).values() if one[S_STATE] != GIVEN]
    if any(one[S_TO] == command.to for one in waiting):
        raise AlreadyClaimed(
            f"{command.to!r} is asked about task {task!r} already.", hint="Wait for the answer."
        )
    if kind == DELEGATE and any(one[S_KIND] == DELEGATE for one in waiting):
        raise WrongState(f"Task {task!r} is delegated already.", hint="Take that back first.")
    if len(signatures(run, task)) >= MOST:
        raise WrongState(f"At most {MOST} people are asked about one task.")
    due_at = None if command.due_at is None else local_text(parse_moment(command.due_at))
    number = run.number()
    _set(run, task, number, [kind, command.to, PLANNED, due_at])
    words = {"assignee": command.to, "by": run.actor, "reason": command.reason}
    tell(run, task, number, "added", due_at=due_at, **words)
    # Who is asked about what is decided already is asked at once.
    if kind != AFTER or "decision" in run.beside[task]:
        _open(run, task, number)


def _open(run: Run, task: str, number: str) -> None:
    row = signatures(run, task)[number]
    _set(run, task, number, [*row[:S_STATE], OPEN, row[S_DUE]])
    due = {"due_at": row[S_DUE] or run.tasks[task][DUE], "own_due": bool(row[S_DUE]) or None}
    tell(run, task, number, "opened", name=run.place(task).node.name, assignee=row[S_TO], **due)


def remove(run: Run, command: RemoveSignature) -> None:
    """Take back what was asked and not answered.

    Raises:
        TaskNotOpen: it is answered or gone.
        LastSignature: once signatures were asked for, one stays.
    """
    task, _, number = command.task.partition("~")
    demand_free(run, task)
    known = signatures(run, task)
    row = known.get(number)
    if row is None or row[S_STATE] == GIVEN:
        raise TaskNotOpen(command.task, state="answered or taken back", case_id=run.case_id)
    if row[S_KIND] != DELEGATE and sum(one[S_KIND] != DELEGATE for one in known.values()) == 1:
        raise LastSignature(
            f"{command.task!r} is the last signature of its task and stays.",
            hint="Ask another person first, then take this one back.",
        )
    tell(run, task, number, "removed", by=run.actor, reason=command.reason)
    _set(run, task, number, None)
    _go_on(run, task)


# -- answering --------------------------------------------------------------------------


def give(run: Run, command: GiveSignature) -> None:
    """Answer what one was asked.

    Raises:
        TaskNotOpen: nobody is asked any more.
        UnknownOutcome: a signature agrees or disagrees, a delegation is resolved.
    """
    task, _, number = command.task.partition("~")
    row = asked_of(run, command.task)
    demand_free(run, task)
    declared = (RESOLVED,) if row[S_KIND] == DELEGATE else (AGREE, DISAGREE)
    if command.outcome not in declared:
        raise UnknownOutcome(
            f"{command.task!r} has no outcome {command.outcome!r}.",
            hint=f"Declared are: {', '.join(declared)}.",
        )
    words = {"by": run.actor, "outcome": command.outcome, "reason": command.reason}
    tell(run, task, number, "given", **words)
    _set(run, task, number, [*row[:S_STATE], GIVEN, row[S_DUE]])
    if command.outcome == DISAGREE and "decision" in run.beside[task]:
        _bring_back(run, task)
    else:
        _go_on(run, task)


def _bring_back(run: Run, task: str) -> None:
    """Drop a decision; whoever is asked after it will be asked anew about the next one."""
    emit_task(run, task, "decision_returned", by=run.actor)
    run.beside[task] = {key: one for key, one in run.beside[task].items() if key != "decision"}
    for number, row in signatures(run, task).items():
        if row[S_KIND] != AFTER:
            continue
        if row[S_STATE] == OPEN:
            tell(run, task, number, "removed")
        again = run.number()
        _set(run, task, number, None)
        _set(run, task, again, [AFTER, row[S_TO], PLANNED, row[S_DUE]])
        tell(run, task, again, "added", assignee=row[S_TO], by=run.actor, due_at=row[S_DUE])


# -- completing -----------------------------------------------------------------------


def complete(run: Run, command: CompleteTask) -> None:
    """Complete a task, or keep its decision until those who were asked have answered.

    Raises:
        SignaturesAwaited: it cannot be decided yet, or is decided already.
    """
    if command.task not in run.beside or not _waits(run, command):
        complete_task(run, command)


def _waits(run: Run, command: CompleteTask) -> bool:
    task = command.task
    row = demand_free(run, task)
    demand_undecided(run, task)
    known = signatures(run, task)
    asked = [one for one in known.values() if one[S_STATE] == OPEN]
    first = sorted(one[S_TO] for one in asked if one[S_KIND] != PARALLEL)
    if first:
        raise SignaturesAwaited(
            f"Task {task!r} waits for {', '.join(first)}.",
            hint="Who was asked before decides first, or is taken back (减签).",
        )
    planned = [number for number, one in known.items() if one[S_STATE] == PLANNED]
    if not asked and not planned:
        return False
    demand_outcome(run.place(task), command.outcome)
    demand_own(run, task)
    if row[ASSIGNEE] is None:
        claim(run, ClaimTask(task, command.unit))
    decision = {"by": run.actor, "outcome": command.outcome, "unit": command.unit}
    _keep(run, task, decision={**decision, "data": command.data})
    emit_task(run, task, "decision_taken", by=run.actor, outcome=command.outcome)
    for number in planned:
        _open(run, task, number)
    return True


def _go_on(run: Run, task: str) -> None:
    """Let a decision take effect when nobody is awaited any more."""
    decision: JsonObject | None = run.beside[task].get("decision")
    if decision is None or any(one[S_STATE] == OPEN for one in signatures(run, task).values()):
        return
    declared = run.place(task).node.outcomes
    if declared and decision["outcome"] not in declared:
        # The case was migrated meanwhile, and the diagram has other outcomes now.
        _bring_back(run, task)
        return
    command = CompleteTask(task, decision["outcome"], decision["data"], decision["unit"])
    complete_task(run, command, decision["by"])


# -- reminders and copies ----------------------------------------------------------------


def remind(run: Run, command: RemindTask) -> None:
    """Urge who has a task, or was asked about it.

    Raises:
        RemindedLately: the same person has done so less than ``PAUSE`` ago.
    """
    name = command.task
    task = signed_task(name)
    demand_task(run, task)
    if task != name:
        asked_of(run, name)
    known: dict[str, Any] = run.beside.get(task, {}).get("reminded", {}).get(name, {})
    count, last = known.get(run.actor, (0, None))
    if last is not None and run.now < parse_moment(last) + PAUSE:
        again = local_text(parse_moment(last) + PAUSE)
        raise RemindedLately(
            f"{run.actor!r} has urged this task at {last} already.",
            hint=f"It can be urged again from {again}.",
        )
    known = {**known, run.actor: [count + 1, run.moment]}
    others = run.beside.get(task, {}).get("reminded", {})
    _keep(run, task, reminded={**others, name: known})
    total = sum(one[0] for one in known.values())
    emit_task(run, task, "reminder_sent", by=run.actor, count=total, reason=command.reason)
    run.events[-1]["task"] = name


def copy(run: Run, command: CopyTask) -> None:
    """Show a task to people; nothing is asked of them."""
    demand_task(run, command.task)
    told = {"by": run.actor, "receivers": sorted(set(command.receivers)), "reason": command.reason}
    emit_task(run, command.task, "copy_sent", **told)


def read_copy(run: Run, command: ReadCopy) -> None:
    """Write that somebody has opened a copy; the task may have ended meanwhile."""
    run.emit_case("copy_read", task=command.task, by=run.actor)
