"""On hold: a task, an instance or the whole case, with its clocks stopped.

A hold keeps the working time that is left of every timer and due moment inside;
a release lets them run on with it. Holds may lie in each other: a clock starts
again when the last one is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.commands import ResumeCase, ResumeTask, SuspendCase, SuspendTask
from engine.counted import Moved, by_datum, keep_moved
from engine.errors import WrongState
from engine.kernel import reviews
from engine.kernel.names import write
from engine.kernel.rows import (
    BODY,
    DUE,
    ELEMENT,
    INSTANCE,
    KIND,
    NTH,
    PARENT,
    REMAINING,
    SHIFT,
    STARTS,
    SUBS,
    T_SCOPE,
    T_SUBS,
    U_HOST,
    U_LEFT,
    U_SCOPE,
    U_SHIFT,
    U_TYPE,
    U_VALUE,
)
from engine.kernel.run import Run
from engine.kernel.subscriptions import arm, clock_of, definition_of, hold_timer
from engine.kernel.tasks import demand_task, emit_task, is_task_held
from engine.questions import code_of, value_of


def hold(run: Run, frame: str, reason: Any) -> None:
    """Hold one instance of a multi-instance activity; one on hold already stays so."""
    if frame not in run.held:
        _emit_scope(run, frame, "scope_held", reason=reason)
        _stop(run, frame, reason=reason)


def release(run: Run, frame: str) -> None:
    """Release an instance; one that is not on hold stays so."""
    if frame in run.held:
        _emit_scope(run, frame, "scope_released")
        _start(run, frame)


def suspend_case(run: Run, command: SuspendCase) -> None:
    """Stop the whole case."""
    if "" in run.held:
        raise WrongState("The case is suspended already.")
    run.emit_case("case_suspended", reason=command.reason, review_at=command.review_at)
    _stop(run, "")


def resume_case(run: Run, command: ResumeCase) -> None:
    """Let a suspended case go on."""
    if "" not in run.held:
        raise WrongState("The case is not suspended.")
    run.emit_case("case_resumed", reason=command.reason)
    run.state = "open"
    _start(run, "")


def suspend_task(run: Run, command: SuspendTask) -> None:
    """Stop the clocks of one task."""
    task = command.task
    demand_task(run, task)
    if task in run.held:
        raise WrongState(f"Task {task!r} is on hold already.")
    was_held = is_task_held(run, task)
    run.held[task] = 1
    if not was_held:
        _stop_task(run, task, command.reason, command.review_at)
        for number in _timers_of_task(run, task):
            if _runs(run, number):
                hold_timer(run, number)
    if command.reminds and command.review_at is not None:
        reviews.plan(run, task, command.review_at)


def resume_task(run: Run, command: ResumeTask) -> None:
    """Let the clocks of a task run on with what was left."""
    task = command.task
    demand_task(run, task)
    if task not in run.held:
        raise WrongState(f"Task {task!r} is not on hold.")
    del run.held[task]
    reviews.drop(run, task)
    if not is_task_held(run, task):
        _start_task(run, task)
        timers = _timers_of_task(run, task)
        for number in timers:
            if run.subs[number][U_LEFT] is not None:
                _start_timer(run, number)
        _follow(run, [task], timers)


def _timers_of_task(run: Run, task: str) -> list[str]:
    numbers = [*run.tokens[task][T_SUBS]]
    if task in run.scopes:
        numbers += run.scopes[task][SUBS]
    return [one for one in numbers if run.subs[one][U_TYPE] == "timer"]


def _runs(run: Run, number: str) -> bool:
    row = run.subs[number]
    return row[U_VALUE] is not None and row[U_LEFT] is None


def _stop(run: Run, scope: str, reason: Any = None) -> None:
    tasks, timers = _inside(run, scope)
    tasks = [one for one in tasks if not is_task_held(run, one)]
    timers = [one for one in timers if _runs(run, one)]
    run.held[scope] = 1
    for task in tasks:
        _stop_task(run, task, reason)
    for number in timers:
        hold_timer(run, number)


def _start(run: Run, scope: str) -> None:
    del run.held[scope]
    tasks, timers = _inside(run, scope)
    for task in tasks:
        if not is_task_held(run, task):
            _start_task(run, task)
    for number in timers:
        row = run.subs[number]
        if row[U_LEFT] is not None and not (row[U_HOST] in run.held or run.is_held(row[U_SCOPE])):
            _start_timer(run, number)
    _follow(run, tasks, timers)


def _follow(run: Run, tasks: list[str], timers: list[str]) -> None:
    """Move the data that limits are read from along with them."""
    moved = []
    for task in tasks:
        row = run.tasks[task]
        if row[SHIFT] is not None and not is_task_held(run, task):
            code = run.place(task).node.assignment.due
            moved.append(Moved(task, run.tokens[task][T_SCOPE], code, row[DUE], row[SHIFT]))
    for number in timers:
        row = run.subs[number]
        if row[U_SHIFT] is not None and row[U_LEFT] is None:
            code = code_of(definition_of(run, row))
            moved.append(Moved(row[U_HOST], row[U_SCOPE], code, row[U_VALUE], row[U_SHIFT]))
    written = by_datum(moved)
    names = {name for _, name in written}
    for number in timers:
        row = run.subs[number]
        if row[U_SHIFT] is not None and names & code_of(definition_of(run, row)).names:
            # What its text gives from the moved datum counts, not what was left of it.
            run.subs[number] = [*row[:U_SHIFT], None, *row[U_SHIFT + 1 :]]
    for (scope, name), one in written.items():
        write(run, scope, {name: one.due_at}, one.host)
        keep_moved(run, scope, name, one)


def _inside(run: Run, scope: str) -> tuple[list[str], list[str]]:
    """Return the open tasks and the timers inside a scope, at any depth."""
    tasks: list[str] = []
    timers: list[str] = []
    for numbers, task in _walk(run, scope):
        timers += [one for one in numbers if run.subs[one][U_TYPE] == "timer"]
        if task is not None and task in run.tasks:
            tasks.append(task)
    return tasks, timers


def _walk(run: Run, scope: str) -> Iterator[tuple[list[str], str | None]]:
    row = run.scopes[scope]
    yield row[STARTS], None
    if row[KIND] == BODY:
        # The boundary events of a sub-process stop with it; those of an instance
        # lie on the whole multi-instance activity and go on.
        yield row[SUBS], None
    for name, is_token in run.children(scope):
        if is_token:
            yield run.tokens[name][T_SUBS], name
        else:
            if run.scopes[name][KIND] != BODY:
                yield run.scopes[name][SUBS], None
            yield from _walk(run, name)


def _stop_task(run: Run, task: str, reason: Any, review_at: str | None = None) -> None:
    row = run.tasks[task].copy()
    if row[DUE] is not None:
        unit = clock_of(run, run.place(task).node, run.tokens[task][T_SCOPE])
        left = run.world.remaining(run.site(task, "hold"), row[DUE], unit)
        row[REMAINING] = value_of(left, "hold")
        run.tasks[task] = row
    emit_task(run, task, "task_held", reason=reason, review_at=review_at)


def _start_task(run: Run, task: str) -> None:
    row = run.tasks[task].copy()
    provisional = None
    if row[REMAINING] is not None:
        answer = run.world.resume(run.site(task, "release"), row[REMAINING])
        row[SHIFT] = [row[REMAINING], run.moment, row[DUE]]
        row[DUE], row[REMAINING] = value_of(answer, "hold"), None
        provisional = True if answer.provisional else None
        run.tasks[task] = row
    emit_task(run, task, "task_released", due_at=row[DUE], provisional=provisional)


def _start_timer(run: Run, number: str) -> None:
    row = run.subs[number].copy()
    answer = run.world.resume(run.site(row[U_HOST], "release"), row[U_LEFT])
    row[U_SHIFT] = [row[U_LEFT], run.moment, row[U_VALUE]]
    row[U_VALUE], row[U_LEFT] = value_of(answer, "hold"), None
    run.subs[number] = row
    arm(run, number, provisional=answer.provisional)


def _emit_scope(run: Run, frame: str, kind: str, **more: Any) -> None:
    row = run.scopes[frame]
    run.emit(kind, row[PARENT], row[ELEMENT], row[NTH], row[INSTANCE], **more)
