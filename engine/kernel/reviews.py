"""The review date of a task on hold: a timer that reminds and moves nothing.

It stands beside the task as ``review``: [number, moment, who put it on hold].
"""

from __future__ import annotations

from typing import Any

from engine.deadlines import local_text
from engine.kernel.rows import T_ELEMENT, T_NTH, T_SCOPE
from engine.kernel.run import Run
from engine.periods import parse_moment

REVIEW = "review"


def plan(run: Run, task: str, at: str) -> None:
    """Arm the reminder of a task that was put on hold."""
    number, due_at = run.number(), local_text(parse_moment(at))
    run.beside[task] = {**run.beside.get(task, {}), REVIEW: [number, due_at, run.actor]}
    _tell(run, task, number, "timer_armed", due_at=due_at)


def drop(run: Run, task: str) -> None:
    """Take the reminder away: the task goes on, or ends."""
    if REVIEW in run.beside.get(task, ()):
        _tell(run, task, run.beside[task][REVIEW][0], "timer_cancelled")
        _forget(run, task)


def fire(run: Run, number: str, due_at: str) -> bool:
    """Remind of a task on hold; False where no review is armed under that number and moment."""
    for task, one in sorted(run.beside.items()):
        review = one.get(REVIEW)
        if review is not None and review[0] == number:
            if parse_moment(review[1]) != parse_moment(due_at):
                return False
            _tell(run, task, number, "timer_fired", due_at=review[1])
            run.emit("review_due", *_place(run, task), task=task, by=review[2])
            _forget(run, task)
            return True
    return False


def waits(run: Run, number: str) -> bool:
    """Whether a review is armed under that number."""
    return any(one.get(REVIEW, (None,))[0] == number for one in run.beside.values())


def _forget(run: Run, task: str) -> None:
    left = {key: one for key, one in run.beside[task].items() if key != REVIEW}
    if left:
        run.beside[task] = left
    else:
        del run.beside[task]


def _place(run: Run, task: str) -> tuple[Any, ...]:
    row = run.tokens[task]
    return row[T_SCOPE], row[T_ELEMENT], row[T_NTH]


def _tell(run: Run, task: str, number: str, kind: str, **more: Any) -> None:
    run.emit(kind, *_place(run, task), timer=int(number), **more)
