"""Cutting off: what ends without having been done.

Killing an activity ends all that is inside it: tokens, scopes, subscriptions,
join holdings and tokens on their way. Each element that was entered is left,
``cancelled``; inner ones first, in the order of element, nth and instance. The
count of the surroundings is left to the caller: where an activity was, a flow
may go on.
"""

from __future__ import annotations

from engine.kernel.asked import cut_off
from engine.kernel.incidents import drop_incidents
from engine.kernel.keeping import UNDOING, give_back
from engine.kernel.rows import (
    COUNT,
    ELEMENT,
    FRAME,
    INSTANCE,
    JOB,
    KIND,
    NTH,
    PARENT,
    STARTS,
    SUBS,
    T_ELEMENT,
    T_INSTANCE,
    T_NTH,
    T_SCOPE,
    T_STATE,
    T_SUBS,
)
from engine.kernel.run import Run
from engine.kernel.subscriptions import close, unwatch_task


def kill(run: Run, name: str) -> None:
    """End a token or scope and all inside it."""
    if name in run.tokens and name not in run.scopes:
        _kill_token(run, name)
    else:
        _kill_scope(run, name)


def kill_content(run: Run, scope: str) -> None:
    """End all inside a scope; the scope stays, with what it waits for."""
    if run.undo:
        give_back(run, scope)
    for name, is_token in run.children(scope):
        if is_token:
            _kill_token(run, name)
        else:
            _kill_scope(run, name)
    drop_incidents(run, scope)
    run.drop_joins(scope)
    if run.queue:
        left = [item for item in run.queue if item[0] != scope]
        run.queue.clear()
        run.queue.extend(left)
    run.set_scope(scope, COUNT, 0)


def close_starts(run: Run, scope: str) -> None:
    """Close what the event sub-processes of a scope wait for."""
    numbers = run.scopes[scope][STARTS]
    if numbers:
        close(run, numbers)
        run.set_scope(scope, STARTS, [])


def _kill_token(run: Run, name: str) -> None:
    row = run.tokens[name]
    scope, element, nth, instance = row[T_SCOPE], row[T_ELEMENT], row[T_NTH], row[T_INSTANCE]
    drop_incidents(run, name)
    if name in run.tasks:
        if run.beside:
            cut_off(run, name)
        run.emit("task_cancelled", scope, element, nth, instance, task=name)
        unwatch_task(run, name)
        if run.held:
            run.held.pop(name, None)
    elif row[T_STATE] == JOB:
        run.emit("job_cancelled", scope, element, nth, instance, job=name)
    close(run, row[T_SUBS])
    # What lies in a frame is announced by the frame.
    if run.scopes[scope][KIND] != FRAME:
        run.emit("element_left", scope, element, nth, cancelled=True)
    run.remove_token(name)


def _kill_scope(run: Run, name: str) -> None:
    is_undoing = bool(run.undo) and name in run.undo.get(UNDOING, ())
    kill_content(run, name)
    close_starts(run, name)
    row = run.scopes[name]
    close(run, row[SUBS])
    parent = row[PARENT]
    # What compensates was never entered under the name of what it compensates.
    if run.scopes[parent][KIND] != FRAME and not is_undoing:
        run.emit("element_left", parent, row[ELEMENT], row[NTH], row[INSTANCE], cancelled=True)
    run.remove_scope(name)
