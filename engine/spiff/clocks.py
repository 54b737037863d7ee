"""Limits: they follow their expression, and stop while a task or the case is on hold."""

from __future__ import annotations

from typing import Any

from engine.commands import (
    ExtendTask,
    RecomputeDeadlines,
    ResumeCase,
    ResumeTask,
    SuspendCase,
    SuspendTask,
)
from engine.counted import Moved, by_datum, datum_of, is_provisional, keep, keep_moved
from engine.deadlines import local_text
from engine.errors import WrongState
from engine.periods import parse_moment
from engine.questions import ask, code_of, constant, due_of, moment, value_of
from engine.spiff.books import Sub
from engine.spiff.data import names_at, write, write_own
from engine.spiff.run import Run
from engine.spiff.tasks import demand_task, tell_task
from engine.spiff.waits import arm, clock_of, definition_of, hold_timer, tell_timer


def settle(run: Run) -> None:
    """Evaluate again the limits whose data this command wrote."""
    while run.stale:
        one = next(iter(run.stale))
        del run.stale[one]
        if one in run.subs:
            run.perform("retime", run.subs[one].host, one)
        elif one in run.tasks:
            run.perform("redue", one)


def recompute(run: Run, command: RecomputeDeadlines) -> None:
    """Evaluate every limit again: the calendar has a new version.

    First the data that hold moments, then what reads them. What is on hold is left: it
    keeps the time that was left.
    """
    on_hold = _on_hold(run)
    for scope in sorted(run.counted):
        for name in sorted(run.counted[scope]):
            if (scope, name) not in on_hold and not run.is_held():
                run.perform("recount", run.host_of(scope), scope, name)
    for number in sorted(run.subs, key=int):
        row = run.subs[number]
        if row.type == "timer" and row.left is None:
            run.stale.pop(number, None)
            if row.shift is not None:
                run.perform("reshift", row.host, number)
            elif constant(code_of(definition_of(run, row)).text) is None:
                run.perform("retime", row.host, number)
    for task in sorted(run.tasks):
        work = run.tasks[task]
        if work.left is None and not work.extended:
            run.stale.pop(task, None)
            marked = None if command.provisional is None else task in command.provisional
            run.perform("redue" if work.shift is None else "reshift_task", task, marked)


def _on_hold(run: Run) -> set[tuple[str, str]]:
    """Return (scope, datum) of the data that limits on hold are read from."""
    found: set[tuple[str, str]] = set()
    for task, work in run.tasks.items() if run.counted else ():
        token = run.tokens[task]
        due = token.task_spec.node.assignment.due
        if work.left is not None and due is not None:
            found |= {(one, name) for one in run.scopes_of(token.scope) for name in due.names}
    for row in run.subs.values() if run.counted else ():
        if row.type == "timer" and row.left is not None:
            names = code_of(definition_of(run, row)).names
            found |= {(one, name) for one in run.scopes_of(row.scope) for name in names}
    return found


def recount(run: Run, host: str, scope: str, name: str) -> None:
    """Count a datum again from what it was counted from.

    Where the moment has passed by both calendars it stays: it was judged by then.

    Raises:
        Stuck: the new calendar gives no moment; the datum keeps its own.
    """
    token = run.tokens[host] if host else None
    tagged, early = run.counted[scope][name]
    answer = run.world.resume(run.site(token, "recount"), tagged)
    due_at, was = value_of(answer, "recount"), run.data.get(scope)[name]
    if max(parse_moment(due_at), parse_moment(was)) <= run.now:
        return
    if due_at != was:
        write_own(run, scope, {name: due_at}, token)
        keep(run, scope, {name: [tagged, answer.provisional]})
    elif answer.provisional != early:
        keep(run, scope, {name: [tagged, answer.provisional]})


def retime(run: Run, host: str, number: str) -> None:
    """Evaluate one timer again.

    Raises:
        Stuck: its expression fails; the timer keeps its moment.
    """
    row = run.subs.get(number)
    if row is None:
        return
    definition = definition_of(run, row)
    site = run.site(run.tokens[host], "timer", row.since)
    answer = ask(run, site, [code_of(definition)], names_at(run, row.scope))[0]
    due = due_of(run, definition, answer, since=parse_moment(row.since or run.moment))
    if due is None:
        if row.value is not None:
            tell_timer(run, number, "timer_cancelled")
            row.value = row.text = row.left = row.shift = None
        return
    if row.shift is not None and due.due_at == row.value:
        # The datum was moved along with the limit, and says now what holds already.
        row.shift = None
        return
    known = row.value if row.shift is None else row.shift[2]
    fired = None if known is not None else row.fired
    if fired is not None and parse_moment(due.due_at) <= parse_moment(fired):
        return
    if (due.due_at, due.cycle) != (known, row.text):
        row.text, row.shift = due.cycle, None
        _set_timer(run, number, due.due_at, provisional=due.provisional)


def _set_timer(run: Run, number: str, due_at: str, *, provisional: bool) -> None:
    row = run.subs[number]
    was_armed, row.value = row.value is not None, due_at
    if row.left is not None:
        hold_timer(run, number)
        return
    if was_armed:
        tell_timer(run, number, "timer_cancelled")
    arm(run, number, provisional=provisional)


def reshift(run: Run, host: str, number: str) -> None:
    """Count again what was left of a timer after its hold."""
    row = run.subs[number]
    assert row.shift is not None
    left, since, _ = row.shift
    answer = run.world.resume(run.site(run.tokens[host], "release", since), left)
    due_at = value_of(answer, "timer")
    if due_at != row.value:
        _set_timer(run, number, due_at, provisional=answer.provisional)


def reshift_task(run: Run, task: str, marked: bool | None = None) -> None:
    """Count again what was left of a task after its hold; ``marked``: see ``redue``."""
    row = run.tasks[task]
    assert row.shift is not None
    left, since, was = row.shift
    answer = run.world.resume(run.site(run.tokens[task], "release", since), left)
    due_at = value_of(answer, "hold")
    if due_at != row.due or marked not in (None, answer.provisional):
        _set_due(run, task, due_at, row.warn, provisional=answer.provisional)
        row.shift = [left, since, was]


def redue(run: Run, task: str, marked: bool | None = None) -> None:
    """Evaluate the limits of a task again.

    Args:
        marked: whether people see it marked provisional; a mark that is not true any
            more is taken away even where the moments stay. None = nobody looked.

    Raises:
        Stuck: an expression fails; the task keeps its limits.
    """
    row = run.tasks.get(task)
    if row is None or row.extended:
        return
    token = run.tokens[task]
    who = token.task_spec.node.assignment
    codes = [code for code in (who.due, who.warn) if code is not None]
    if not codes:
        return
    site = run.site(token, "assignment", row.since)
    answers = ask(run, site, codes, names_at(run, token.scope))
    since = parse_moment(row.since)
    found = {
        code: moment(answer, code, since=since, now=run.now, purpose="assignment")
        for code, answer in zip(codes, answers, strict=True)
    }
    due, warn = (found.get(code) if code is not None else None for code in (who.due, who.warn))
    due_at, warn_at = due and due.due_at, warn and warn.due_at
    if row.shift is not None and due_at == row.due:
        row.shift = None
    if due_at == (row.due if row.shift is None else row.shift[2]):
        due_at = row.due
    early = due is not None and due.provisional
    early = early or (due is not None and is_provisional(run, token.scope, who.due))
    if (due_at, warn_at) != (row.due, row.warn) or marked not in (None, early):
        _set_due(run, task, due_at, warn_at, provisional=early)


def _set_due(
    run: Run, task: str, due_at: str | None, warn_at: str | None, *, provisional: bool = False
) -> None:
    row, token = run.tasks[task], run.tokens[task]
    if due_at != row.due:
        row.shift = None
    row.due, row.warn = due_at, warn_at
    row.original_due = row.original_due or due_at
    if row.left is not None and due_at is not None:
        unit = clock_of(run, token.task_spec.node, token.scope)
        row.left = value_of(run.world.remaining(run.site(token, "hold"), due_at, unit), "hold")
    tell_task(
        run,
        task,
        "task_due_changed",
        due_at=due_at,
        original_due_at=row.original_due,
        warn_at=warn_at,
        provisional=True if provisional else None,
        reason=run.reason,
    )


def extend_task(run: Run, command: ExtendTask) -> None:
    """Give a task a later due moment; the original one stays beside it."""
    task = command.task
    row = demand_task(run, task)
    due_at = local_text(parse_moment(command.due_at))
    token = run.tokens[task]
    datum = datum_of(token.task_spec.node.assignment.due)
    run.reason = command.reason
    if datum is not None:
        # What else mentions it follows.
        write(run, token.scope, {datum: due_at}, token)
        return
    row.extended = True
    _set_due(run, task, due_at, row.warn)


# -- on hold ------------------------------------------------------------------------------


def suspend_case(run: Run, command: SuspendCase) -> None:
    """Stop the whole case."""
    if "" in run.held:
        raise WrongState("The case is suspended already.")
    run.emit_case("case_suspended", reason=command.reason, review_at=command.review_at)
    tasks = [one for one in sorted(run.tasks) if one not in run.held]
    timers = [one for one in _timers(run) if _runs(run.subs[one])]
    run.held[""] = 1
    for task in tasks:
        _stop_task(run, task)
    for number in timers:
        hold_timer(run, number)


def resume_case(run: Run, command: ResumeCase) -> None:
    """Let a suspended case go on."""
    if "" not in run.held:
        raise WrongState("The case is not suspended.")
    run.emit_case("case_resumed", reason=command.reason)
    run.state = "open"
    del run.held[""]
    tasks, timers = sorted(run.tasks), _timers(run)
    for task in tasks:
        if task not in run.held:
            _start_task(run, task)
    for number in timers:
        row = run.subs[number]
        if row.left is not None and row.host not in run.held:
            _start_timer(run, number)
    _follow(run, tasks, timers)


def suspend_task(run: Run, command: SuspendTask) -> None:
    """Stop the clocks of one task."""
    task = command.task
    demand_task(run, task)
    if task in run.held:
        raise WrongState(f"Task {task!r} is on hold already.")
    was_held = run.is_held(task)
    run.held[task] = 1
    if not was_held:
        _stop_task(run, task, command.reason, command.review_at)
        for number in _timers(run, task):
            if _runs(run.subs[number]):
                hold_timer(run, number)


def resume_task(run: Run, command: ResumeTask) -> None:
    """Let the clocks of a task run on with what was left."""
    task = command.task
    demand_task(run, task)
    if task not in run.held:
        raise WrongState(f"Task {task!r} is not on hold.")
    del run.held[task]
    if not run.is_held(task):
        _start_task(run, task)
        timers = _timers(run, task)
        for number in timers:
            if run.subs[number].left is not None:
                _start_timer(run, number)
        _follow(run, [task], timers)


def _timers(run: Run, task: str | None = None) -> list[str]:
    found = [
        number
        for number, row in run.subs.items()
        if row.type == "timer" and task in (None, row.host)
    ]
    return sorted(found, key=int)


def _runs(row: Sub) -> bool:
    return row.value is not None and row.left is None


def _stop_task(run: Run, task: str, reason: Any = None, review_at: str | None = None) -> None:
    row, token = run.tasks[task], run.tokens[task]
    if row.due is not None:
        unit = clock_of(run, token.task_spec.node, token.scope)
        row.left = value_of(run.world.remaining(run.site(token, "hold"), row.due, unit), "hold")
    tell_task(run, task, "task_held", reason=reason, review_at=review_at)


def _start_task(run: Run, task: str) -> None:
    row, provisional = run.tasks[task], None
    if row.left is not None:
        answer = run.world.resume(run.site(run.tokens[task], "release"), row.left)
        row.shift = [row.left, run.moment, row.due]
        row.due, row.left = value_of(answer, "hold"), None
        provisional = True if answer.provisional else None
    tell_task(run, task, "task_released", due_at=row.due, provisional=provisional)


def _start_timer(run: Run, number: str) -> None:
    row = run.subs[number]
    answer = run.world.resume(run.site(run.tokens[row.host], "release"), row.left)
    row.shift = [row.left, run.moment, row.value]
    row.value, row.left = value_of(answer, "hold"), None
    arm(run, number, provisional=answer.provisional)


def _follow(run: Run, tasks: list[str], timers: list[str]) -> None:
    """Move the data that limits are read from along with them."""
    moved = []
    for task in tasks:
        work = run.tasks[task]
        if work.shift is not None and work.due is not None and not run.is_held(task):
            token = run.tokens[task]
            code = token.task_spec.node.assignment.due
            moved.append(Moved(task, token.scope, code, work.due, work.shift))
    for number in timers:
        row = run.subs[number]
        if row.shift is not None and row.left is None:
            code = code_of(definition_of(run, row))
            moved.append(Moved(row.host, row.scope, code, row.value, row.shift))
    written = by_datum(moved)
    names = {name for _, name in written}
    for number in timers:
        row = run.subs[number]
        if row.shift is not None and names & code_of(definition_of(run, row)).names:
            # What its text gives from the moved datum counts, not what was left of it.
            row.shift = None
    for (scope, name), one in written.items():
        write(run, scope, {name: one.due_at}, run.tokens[one.host])
        keep_moved(run, scope, name, one)
