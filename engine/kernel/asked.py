"""Who is asked about an open task: what other acts on the task have to look at.

``run.beside`` is ``{task: {"signatures": {number: row}, "decision": …, "reminded": …}}``;
the acts themselves are in ``beside``.
"""

from __future__ import annotations

from typing import Any

from engine.commands import signed_task
from engine.errors import SignaturesAwaited, TaskNotOpen, WrongState
from engine.kernel import reviews
from engine.kernel.marking import Look
from engine.kernel.rows import Row
from engine.kernel.run import Run

S_KIND, S_TO, S_STATE, S_DUE = range(4)
"""Columns of a signature; ``S_DUE`` is its own due moment, None = that of the task."""

PLANNED, OPEN, GIVEN = "planned", "open", "given"
"""Not asked yet; asked; answered."""


def signatures(look: Look, task: str) -> dict[str, Row]:
    """Return the signatures of a task by number, in the order in which they were asked for."""
    found: dict[str, Row] = look.beside.get(task, {}).get("signatures", {})
    return {number: found[number] for number in sorted(found, key=int)}


def asked_of(look: Look, name: str) -> Row:
    """Return the row of a signature that waits for its answer.

    Raises:
        TaskNotOpen: there is none of that name, or it needs no answer any more.
    """
    row = signatures(look, signed_task(name)).get(name.partition("~")[2])
    if row is None or row[S_STATE] != OPEN:
        raise TaskNotOpen(name, state="answered or taken back", case_id=look.case_id)
    return row


def demand_undecided(run: Look, task: str) -> None:
    """Refuse what is asked of a task that is decided and waits for signatures.

    Raises:
        SignaturesAwaited: then.
    """
    if task in run.beside and "decision" in run.beside[task]:
        raise SignaturesAwaited(
            f"Task {task!r} is decided and waits for those who were asked.",
            hint="It goes on when they agree; whoever disagrees brings it back.",
        )


def demand_other(run: Look, task: str, user: str) -> None:
    """Refuse to give a task to somebody who is asked about it.

    Raises:
        WrongState: then: nobody signs what is the own.
    """
    if task not in run.beside:
        return
    if any(one[S_TO] == user and one[S_STATE] != GIVEN for one in signatures(run, task).values()):
        raise WrongState(
            f"{user!r} is asked to sign task {task!r} and cannot have it.",
            hint="Take that signature back first (减签), or choose another person.",
        )


def tell(run: Run, task: str, number: str, what: str, **more: Any) -> None:
    """Write what happens to a signature; fields that are None are left out."""
    token = run.tokens[task]
    element, scope, nth, instance = token[:4]
    name, kind = f"{task}~{number}", signatures(run, task)[number][S_KIND]
    place = (f"signature_{what}", scope, element, nth, instance)
    run.emit(*place, task=name, of=task, kind=kind, **more)


def cut_off(run: Run, task: str) -> None:
    """Tell whoever is still asked that the task was cut off, and forget what stood beside it."""
    if task in run.beside:
        reviews.drop(run, task)
    if task in run.beside:
        for number, row in signatures(run, task).items():
            if row[S_STATE] != GIVEN:
                tell(run, task, number, "removed")
        del run.beside[task]
