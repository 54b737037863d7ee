"""What was left of an earlier visit's limits, given to the next one.

Work that is sent back keeps its limit: it gets the working time that was left when it
was last done, not a new limit (the domain's rule: fresh for rework, remaining for return).
"""

from __future__ import annotations

from engine.commands import JsonObject
from engine.kernel.clocks import disarm, set_due, set_timer
from engine.kernel.rows import (
    DUE,
    ORIGINAL_DUE,
    SHIFT,
    T_SCOPE,
    U_ELEMENT,
    U_FIRED,
    U_HOST,
    U_SCOPE,
    U_SHIFT,
    U_TEXT,
    U_TYPE,
    U_VALUE,
    WARN,
)
from engine.kernel.run import Run
from engine.kernel.subscriptions import clock_of, place_of
from engine.questions import value_of


def carry_over(run: Run, name: str, limits: JsonObject) -> None:
    """Give a visit that has just begun what was left of the limits of an earlier one.

    Args:
        limits: ``{since, due_at?, warn_at?, timers}``: when the earlier visit ended; its due
            and warning moments; of its boundary events that are timers, the moment they
            stood at, or None where they had fired.
    """
    since = limits["since"]
    if name in run.tasks:
        _carry_task(run, name, limits)
    of_host = [number for number, row in run.subs.items() if row[U_HOST] == name]
    for number in sorted(of_host, key=int):
        row = run.subs.get(number)
        if row is None or row[U_TYPE] != "timer" or row[U_ELEMENT] not in limits["timers"]:
            continue
        due_at = limits["timers"][row[U_ELEMENT]]
        if row[U_VALUE] is None or row[U_TEXT] is not None:
            # One that is not armed, or repeats: that begins anew.
            continue
        if due_at is None:
            fired = row.copy()
            fired[U_FIRED] = row[U_VALUE]
            run.subs[number] = fired
            disarm(run, number)
            continue
        unit = clock_of(run, place_of(run, row).node, row[U_SCOPE])
        left, moved, provisional = _counted(run, name, (due_at, since), unit)
        carried = row.copy()
        carried[U_SHIFT] = [left, run.moment, row[U_VALUE]]
        set_timer(run, number, carried, moved, provisional=provisional)


def _counted(
    run: Run, name: str, limit: tuple[str, str], unit: str
) -> tuple[JsonObject, str, bool]:
    """Return what was left of a limit (until, counted from), and when that ends now."""
    due_at, since = limit
    left = value_of(run.world.remaining(run.site(name, "hold", since), due_at, unit), "hold")
    answer = run.world.resume(run.site(name, "release"), left)
    return left, value_of(answer, "hold"), answer.provisional


def _carry_task(run: Run, task: str, limits: JsonObject) -> None:
    row = run.tasks[task]
    if row[DUE] is None or limits.get("due_at") is None:
        return
    unit = clock_of(run, run.place(task).node, run.tokens[task][T_SCOPE])
    since, fresh = limits["since"], row[DUE]
    left, due_at, provisional = _counted(run, task, (limits["due_at"], since), unit)
    warn_at = row[WARN]
    if warn_at is not None and limits.get("warn_at") is not None:
        warn_at = _counted(run, task, (limits["warn_at"], since), unit)[1]
    run.tasks[task] = [*row[:ORIGINAL_DUE], due_at, *row[ORIGINAL_DUE + 1 :]]
    set_due(run, task, due_at, warn_at, provisional=provisional)
    carried = run.tasks[task].copy()
    carried[SHIFT] = [left, run.moment, fresh]
    run.tasks[task] = carried
