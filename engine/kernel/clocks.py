"""Limits follow their expression.

A timer or due moment keeps the text that it came from. When a command writes a
datum that the text mentions, or the working calendar has a new version, it is
evaluated again, counted from the moment it was set. What was on hold since keeps
the time that was left then, unless its text now says something else.
"""

from __future__ import annotations

from engine.commands import ExtendTask, RecomputeDeadlines
from engine.counted import datum_of, is_provisional, keep
from engine.deadlines import local_text
from engine.kernel.names import names_at, write, write_own
from engine.kernel.rows import (
    DUE,
    EXTENDED,
    ORIGINAL_DUE,
    REMAINING,
    SHIFT,
    SINCE,
    T_SCOPE,
    U_FIRED,
    U_HOST,
    U_LEFT,
    U_SCOPE,
    U_SHIFT,
    U_SINCE,
    U_TEXT,
    U_TYPE,
    U_VALUE,
    WARN,
    Row,
)
from engine.kernel.run import Run
from engine.kernel.subscriptions import arm, clock_of, definition_of, emit_timer, hold_timer
from engine.kernel.tasks import demand_task, emit_task
from engine.periods import parse_moment
from engine.questions import ask, code_of, constant, due_of, moment, value_of


def settle(run: Run) -> None:
    """Evaluate again the limits whose data this command wrote."""
    while run.stale:
        one = next(iter(run.stale))
        del run.stale[one]
        if one in run.subs:
            run.perform("retime", run.subs[one][U_HOST], one)
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
            if (scope, name) not in on_hold and not run.is_held(scope):
                run.perform("recount", scope, name)
    for number in sorted(run.subs, key=int):
        row = run.subs[number]
        if row[U_TYPE] == "timer" and row[U_LEFT] is None:
            run.stale.pop(number, None)
            if row[U_SHIFT] is not None:
                run.perform("reshift", row[U_HOST], number)
            elif constant(code_of(definition_of(run, row)).text) is None:
                run.perform("retime", row[U_HOST], number)
    for task in sorted(run.tasks):
        row = run.tasks[task]
        if row[REMAINING] is None and not row[EXTENDED]:
            run.stale.pop(task, None)
            marked = None if command.provisional is None else task in command.provisional
            run.perform("redue" if row[SHIFT] is None else "reshift_task", task, marked)


def _on_hold(run: Run) -> set[tuple[str, str]]:
    """Return (scope, datum) of the data that limits on hold are read from."""
    found: set[tuple[str, str]] = set()
    for task, row in run.tasks.items() if run.counted else ():
        who = run.place(task).node.assignment
        if row[REMAINING] is not None and who.due is not None:
            scope = run.tokens[task][T_SCOPE]
            found |= {(one, name) for one in run.scopes_of(scope) for name in who.due.names}
    for row in run.subs.values() if run.counted else ():
        if row[U_TYPE] == "timer" and row[U_LEFT] is not None:
            names = code_of(definition_of(run, row)).names
            found |= {(one, name) for one in run.scopes_of(row[U_SCOPE]) for name in names}
    return found


def recount(run: Run, scope: str, name: str) -> None:
    """Count a datum again from what it was counted from.

    Where the moment has passed by both calendars it stays: it was judged by then.

    Raises:
        Stuck: the new calendar gives no moment; the datum keeps its own.
    """
    tagged, early = run.counted[scope][name]
    answer = run.world.resume(run.site(scope, "recount"), tagged)
    due_at, was = value_of(answer, "recount"), run.data.get(scope)[name]
    if max(parse_moment(due_at), parse_moment(was)) <= run.now:
        return
    if due_at != was:
        write_own(run, scope, {name: due_at}, scope)
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
    site = run.site(host, "timer", row[U_SINCE])
    answer = ask(run, site, [code_of(definition)], names_at(run, row[U_SCOPE]))[0]
    due = due_of(run, definition, answer, since=parse_moment(row[U_SINCE]))
    if due is None:
        disarm(run, number)
        return
    if row[U_SHIFT] is not None and due.due_at == row[U_VALUE]:
        # The datum was moved along with the limit, and says now what holds already.
        run.subs[number] = [*row[:U_SHIFT], None, *row[U_SHIFT + 1 :]]
        return
    known = row[U_VALUE] if row[U_SHIFT] is None else row[U_SHIFT][2]
    if known is None and row[U_FIRED] is not None and _fired_for(row, due.due_at):
        return
    if (due.due_at, due.cycle) != (known, row[U_TEXT]):
        row = row.copy()
        row[U_TEXT], row[U_SHIFT] = due.cycle, None
        set_timer(run, number, row, due.due_at, provisional=due.provisional)


def disarm(run: Run, number: str) -> None:
    """Take a timer's moment away; a later write may give it another."""
    row = run.subs[number].copy()
    if row[U_VALUE] is not None:
        emit_timer(run, number, "timer_cancelled")
        row[U_VALUE], row[U_TEXT], row[U_LEFT], row[U_SHIFT] = None, None, None, None
        run.subs[number] = row


def _fired_for(row: Row, due_at: str) -> bool:
    """Tell whether the timer fired for this moment, or a later one, already."""
    return parse_moment(due_at) <= parse_moment(row[U_FIRED])


def set_timer(run: Run, number: str, row: Row, due_at: str, *, provisional: bool) -> None:
    """Give a timer another moment; what is on hold gets what is left until then."""
    was_armed = row[U_VALUE] is not None
    row[U_VALUE] = due_at
    run.subs[number] = row
    if row[U_LEFT] is not None:
        hold_timer(run, number)
        return
    if was_armed:
        emit_timer(run, number, "timer_cancelled")
    arm(run, number, provisional=provisional)


def reshift(run: Run, host: str, number: str) -> None:
    """Count again what was left of a timer after its hold."""
    row = run.subs[number].copy()
    left, since, _ = row[U_SHIFT]
    answer = run.world.resume(run.site(host, "release", since), left)
    due_at = value_of(answer, "timer")
    if due_at != row[U_VALUE]:
        set_timer(run, number, row, due_at, provisional=answer.provisional)


def reshift_task(run: Run, task: str, marked: bool | None = None) -> None:
    """Count again what was left of a task after its hold; ``marked``: see ``redue``."""
    row = run.tasks[task]
    left, since, was = row[SHIFT]
    answer = run.world.resume(run.site(task, "release", since), left)
    due_at = value_of(answer, "hold")
    if due_at != row[DUE] or marked not in (None, answer.provisional):
        set_due(run, task, due_at, row[WARN], provisional=answer.provisional)
        shifted = run.tasks[task].copy()
        shifted[SHIFT] = [left, since, was]
        run.tasks[task] = shifted


def redue(run: Run, task: str, marked: bool | None = None) -> None:
    """Evaluate the limits of a task again.

    Args:
        marked: whether people see it marked provisional; a mark that is not true any
            more is taken away even where the moments stay. None = nobody looked.

    Raises:
        Stuck: an expression fails; the task keeps its limits.
    """
    row = run.tasks.get(task)
    if row is None or row[EXTENDED]:
        return
    who = run.place(task).node.assignment
    codes = [code for code in (who.due, who.warn) if code is not None]
    if not codes:
        return
    names = names_at(run, run.tokens[task][T_SCOPE])
    answers = ask(run, run.site(task, "assignment", row[SINCE]), codes, names)
    since = parse_moment(row[SINCE])
    found = {
        code: moment(answer, code, since=since, now=run.now, purpose="assignment")
        for code, answer in zip(codes, answers, strict=True)
    }
    due = found[who.due] if who.due is not None else None
    warn = found[who.warn] if who.warn is not None else None
    due_at, warn_at = due and due.due_at, warn and warn.due_at
    if row[SHIFT] is not None and due_at == row[DUE]:
        row = run.tasks[task] = [*row[:SHIFT], None, *row[SHIFT + 1 :]]
    known = row[DUE] if row[SHIFT] is None else row[SHIFT][2]
    if due_at == known:
        due_at = row[DUE]
    provisional = due is not None and due.provisional
    if run.counted and due is not None:
        provisional = provisional or is_provisional(run, run.tokens[task][T_SCOPE], who.due)
    if (due_at, warn_at) != (row[DUE], row[WARN]) or marked not in (None, provisional):
        set_due(run, task, due_at, warn_at, provisional=provisional)


def set_due(
    run: Run, task: str, due_at: str | None, warn_at: str | None, *, provisional: bool = False
) -> None:
    """Give a task another due moment, and say so; on hold it keeps what is left until then."""
    row = run.tasks[task].copy()
    if due_at != row[DUE]:
        row[SHIFT] = None
    row[DUE], row[WARN] = due_at, warn_at
    row[ORIGINAL_DUE] = row[ORIGINAL_DUE] or due_at
    if row[REMAINING] is not None and due_at is not None:
        unit = clock_of(run, run.place(task).node, run.tokens[task][T_SCOPE])
        left = run.world.remaining(run.site(task, "hold"), due_at, unit)
        row[REMAINING] = value_of(left, "hold")
    run.tasks[task] = row
    emit_task(
        run,
        task,
        "task_due_changed",
        due_at=due_at,
        original_due_at=row[ORIGINAL_DUE],
        warn_at=warn_at,
        provisional=True if provisional else None,
        reason=run.reason,
    )


def extend_task(run: Run, command: ExtendTask) -> None:
    """Give a task a later due moment; the original one stays beside it.

    Where the diagram takes the due moment from one datum, that datum is written,
    so that the timers which mention it move along.
    """
    task = command.task
    row = demand_task(run, task)
    due_at = local_text(parse_moment(command.due_at))
    datum = datum_of(run.place(task).node.assignment.due)
    run.reason = command.reason
    if datum is not None:
        write(run, run.tokens[task][T_SCOPE], {datum: due_at}, task)
        return
    row = row.copy()
    row[EXTENDED] = True
    run.tasks[task] = row
    set_due(run, task, due_at, row[WARN])
