"""Undoing what was completed: compensation that is thrown, and cancelled transactions.

A throw takes what its scope has kept, and undoes it in the reverse order of completion,
one after the other: by the handler of its boundary event; by the event sub-process for
compensation inside of it; or by undoing what was completed inside. Each is undone once.
Handlers run in a scope of their own, in which the data lie that were the activity's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.bpmn.model import EventDefinition
from engine.kernel.catching import take_boundary, take_event_sub_process
from engine.kernel.ending import close_starts, kill, kill_content
from engine.kernel.flows import stop
from engine.kernel.keeping import (
    C_DATA,
    C_ELEMENT,
    C_INNER,
    C_INSTANCE,
    C_KIND,
    C_LABEL,
    C_NTH,
    C_PROCESS,
    C_WHOLE,
    KEPT,
    SWEEPS,
    UNDOING,
    cut,
    keep,
    put,
    table,
    take,
)
from engine.kernel.plan import Place
from engine.kernel.rows import (
    BODY,
    COMPENSATING,
    ELEMENT,
    EVENT,
    INSTANCE,
    KIND,
    NTH,
    PARENT,
    PROCESS,
    SUBS,
    T_SCOPE,
    UNDO,
    Row,
)
from engine.kernel.run import Run
from engine.kernel.subscriptions import close

# Whose sweep it is: a token that waits, nobody, a scope opened again, or a transaction.
_WAITED, _FREE, _INSIDE, _CANCEL = "waited", "free", "inside", "cancel"


def throw(run: Run, name: str, definition: EventDefinition) -> None:
    """Begin to undo what a throw or end event can reach; the token waits if it should."""
    scope = run.tokens[name][T_SCOPE]
    pending = _taken(run, scope, definition.name)
    element, nth, instance = run.visit_of(name)
    run.emit("compensation_thrown", scope, element, nth, instance, activity=definition.name)
    if not pending:
        return
    # The token goes on and its name is free for others; the sweep must not end with it.
    key, mode = (name, _WAITED) if definition.waits else (f"{name}!", _FREE)
    if definition.waits:
        run.set_state(name, COMPENSATING)
    under_way = table(run, SWEEPS).get(key)
    put(run, SWEEPS, key, [mode, pending if under_way is None else [*pending, *under_way[1]]])
    if under_way is None:
        _next(run, key)


def _taken(run: Run, scope: str, activity: str | None) -> list[list[Any]]:
    """Take what a throw in ``scope`` compensates; an event sub-process reaches its parent's."""
    homes = [scope]
    while run.scopes[scope][KIND] in (EVENT, UNDO):
        inside = run.scopes[scope]
        scope = inside[PARENT]
        homes.append(scope)
        if activity is not None and activity == run.scopes[scope][ELEMENT]:
            # The sub-process that it handles: all that was completed there.
            return [[scope, one] for one in take(run, scope)]
    return [[home, one] for home in reversed(homes) for one in take(run, home, activity)]


def _next(run: Run, key: str) -> None:
    """Queue what a sweep undoes next; its scope counts that already."""
    home = table(run, SWEEPS)[key][1][-1][0]
    run.count(home, 1)
    run.queue.append((home, key, None))


def begin(run: Run, home: str, key: str) -> None:
    """Begin to undo one completed visit."""
    mode, pending = table(run, SWEEPS)[key]
    record = pending[-1][1]
    put(run, SWEEPS, key, [mode, pending[:-1]])
    place = run.plan(home).places[record[C_ELEMENT]]
    element, nth, instance = record[C_ELEMENT], record[C_NTH], record[C_INSTANCE]
    name = f"{place.prefix}.{nth}" + ("" if instance is None else f".{instance}") + "!"
    put(run, UNDOING, name, [key, record])
    is_scope = len(record) > C_KIND
    handler = None if is_scope or place.handler is None else place.handler
    told = None if handler is None else handler.id
    run.emit("compensation_started", home, element, nth, instance, handler=told)
    if handler is not None:
        _handle(run, name, home, record, handler)
    else:
        _open_again(run, name, home, record)


def _handle(run: Run, name: str, home: str, record: Row, handler: Place) -> None:
    process = run.scopes[home][PROCESS]
    visit = record[C_ELEMENT], home, 1, record[C_NTH], record[C_INSTANCE]
    run.add_scope(name, [UNDO, process, *visit, [], [], None, None])
    if record[C_DATA]:
        run.data.write(name, record[C_DATA])
    run.perform(handler.first, run.enter(name, handler))


def _open_again(run: Run, name: str, home: str, record: Row) -> None:
    """Open a completed scope again, to undo what was done in it."""
    row = [record[C_KIND], record[C_PROCESS], record[C_ELEMENT], home, 0]
    row += [record[C_NTH], record[C_INSTANCE], [], [], record[C_LABEL], None]
    run.add_scope(name, row)
    if record[C_DATA]:
        run.data.write(name, record[C_DATA])
    begins = run.area(name).undo if record[C_WHOLE] else None
    if begins is None:
        put(run, SWEEPS, name, [_INSIDE, [[name, one] for one in record[C_INNER]]])
        _next(run, name)
        return
    keep(run, name, record[C_INNER])
    take_event_sub_process(run, name, begins, begins[1].node.events[0], None)


def undone(run: Run, scope: str) -> None:
    """Close the scope in which something was undone, and go on with its sweep."""
    key, record = table(run, UNDOING)[scope]
    home = run.scopes[scope][PARENT]
    run.drop_undo(UNDOING, scope)
    run.remove_scope(scope)
    visit = record[C_ELEMENT], record[C_NTH], record[C_INSTANCE]
    run.emit("compensation_completed", home, *visit)
    mode, pending = table(run, SWEEPS)[key]
    if pending:
        _next(run, key)
        _leave(run, home)
        return
    run.drop_undo(SWEEPS, key)
    _AFTER[mode](run, key, home)


def _leave(run: Run, scope: str) -> None:
    if run.count(scope, -1) == 0:
        run.perform("complete", scope)


def _go_on(run: Run, name: str, home: str) -> None:
    run.count(home, -1)
    run.perform("thrown", name)


def _after_cancel(run: Run, activity: str, home: str) -> None:
    run.count(home, -1)
    run.perform("cancelled", activity)


_AFTER: dict[str, Callable[[Run, str, str], None]] = {
    _WAITED: _go_on,
    _FREE: lambda run, _, home: _leave(run, home),
    _INSIDE: lambda run, _, home: _leave(run, home),
    _CANCEL: _after_cancel,
}


# -- transactions ----------------------------------------------------------------------


def cancel(run: Run, name: str, _: EventDefinition) -> None:
    """Cancel the transaction around an end event: end what goes on, undo what was done."""
    scope = run.tokens[name][T_SCOPE]
    while run.scopes[scope][KIND] != BODY or not run.place(scope).node.transaction:
        scope = run.scopes[scope][PARENT]
    activity, around = run.activity(scope)
    stop(run, name)
    row = run.scopes[activity]
    run.emit("transaction_cancelled", around, row[ELEMENT], row[NTH], row[INSTANCE])
    # All of a multi-instance is cancelled: the event is attached to the whole.
    records = cut(run, activity)
    kill_content(run, activity)
    close_starts(run, activity)
    close(run, row[SUBS])
    run.set_scope(activity, SUBS, [])
    run.drop_undo(KEPT, activity)
    if not records:
        run.perform("cancelled", activity)
        return
    put(run, SWEEPS, activity, [_CANCEL, [[activity, one] for one in records]])
    _next(run, activity)


def cancelled(run: Run, activity: str) -> None:
    """Leave a cancelled transaction by its boundary event; without one its token ends."""
    around = run.surroundings(activity)
    taken = run.place(activity).cancel
    if taken is not None:
        take_boundary(run, (activity, around), *taken, None)
        return
    kill(run, activity)
    _leave(run, around)
