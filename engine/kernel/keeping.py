"""What is completed and can still be undone, and what is being undone.

A *record* is one completed visit: ``[element, nth, instance, data]`` for what a
boundary event's handler compensates as a whole, and four columns more for a scope that
is opened again, to undo what was done in it. ``data`` are the visit's own, as they were
when it completed.

    undo = {kept: {scope: [record, …]}, sweeps: {name: [mode, [[scope, record], …]]},
            undoing: {scope: [sweep, record]}}

``kept`` lists records in the order of completion. A *sweep* takes them from the end,
one after the other; ``undoing`` are the scopes in which one is just being undone.
Tables that are empty are left out, and without compensation there is none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.kernel.plan import Place
from engine.kernel.rows import (
    BODY,
    CALL,
    EVENT,
    FRAME,
    KIND,
    LABEL,
    MULTI,
    PARENT,
    PROCESS,
    Row,
)
from engine.kernel.run import Run
from engine.kernel.semantics import MAX_KEPT
from engine.questions import Stuck

KEPT, SWEEPS, UNDOING = "kept", "sweeps", "undoing"

C_ELEMENT, C_NTH, C_INSTANCE, C_DATA, C_KIND, C_PROCESS, C_LABEL, C_INNER, C_WHOLE = range(9)
"""Columns of a record; the last five are those of scopes.

``C_INNER`` are the records of what was completed inside. ``C_WHOLE`` says that the scope
itself was completed, and was not cut off in the middle: only then does its own event
sub-process compensate it.
"""

_SCOPES = (BODY, CALL, EVENT)


def table(run: Run, name: str) -> dict[str, Any]:
    """Return one of the tables, to be read only."""
    found: dict[str, Any] = run.undo.get(name, {})
    return found


def put(run: Run, name: str, key: str, value: Any) -> None:
    """Set an entry of a table."""
    run.undo[name] = {**table(run, name), key: value}


def keep(run: Run, scope: str, records: Sequence[Row]) -> None:
    """Keep what was completed in a scope.

    Raises:
        Stuck: it keeps as much as it may: a loop must not grow a case for ever.
    """
    if not records:
        return
    kept = [*table(run, KEPT).get(scope, ()), *records]
    if len(kept) > MAX_KEPT:
        message = f"More than {MAX_KEPT:,} completed activities wait for a compensation here."
        raise Stuck("limit", message)
    put(run, KEPT, scope, kept)


def take(run: Run, scope: str, element: str | None = None) -> list[Row]:
    """Take what is kept of a scope (of one of its elements) off the books."""
    kept = table(run, KEPT).get(scope, [])
    taken = [one for one in kept if element in (None, one[C_ELEMENT])]
    left = [one for one in kept if element not in (None, one[C_ELEMENT])]
    if left:
        put(run, KEPT, scope, left)
    elif kept:
        run.drop_undo(KEPT, scope)
    return taken


def remember(run: Run, name: str, place: Place) -> None:
    """Keep an activity that is completed and about to be left.

    Raises:
        Stuck: see ``keep``.
    """
    if name not in run.tokens and run.scopes[name][KIND] in (FRAME, MULTI):
        found = take(run, name)
    else:
        found = _records(run, name, place)
    keep(run, run.surroundings(name), found)


def retain(run: Run, inner: str, place: Place, whole: str) -> None:
    """Keep the completed work of an activity or instance until ``whole`` is left.

    Raises:
        Stuck: see ``keep``.
    """
    keep(run, whole, _records(run, inner, place))


def _records(run: Run, name: str, place: Place) -> list[Row]:
    """Return the record of a completed token or body, if there is anything to undo."""
    element, nth, instance = run.visit_of(name)
    if place.handler is not None:
        return [[element, nth, instance, own_data(run, name)]]
    if name in run.tokens:
        return []
    inner = table(run, KEPT).get(name, [])
    if not inner and run.area(name).undo is None:
        return []
    return [opened(run, name, inner, whole=True)]


def opened(run: Run, name: str, inner: Sequence[Row], *, whole: bool) -> Row:
    """Return the record of a scope that can be opened again."""
    row = run.scopes[name]
    element, nth, instance = run.visit_of(name)
    record = [element, nth, instance, own_data(run, name), row[KIND], row[PROCESS], row[LABEL]]
    return [*record, [*inner], whole]


def own_data(run: Run, name: str) -> dict[str, Any]:
    """Return the data that a body, and the frame around it, have for themselves."""
    around = run.surroundings(name)
    found = dict(run.data.get(around)) if run.scopes[around][KIND] == FRAME else {}
    if name not in run.tokens and run.scopes[name][KIND] in _SCOPES:
        found.update(run.data.get(name))
    return found


def leave_event_behind(run: Run, scope: str) -> None:
    """Keep, with the scope around it, what was completed in an event sub-process."""
    inner = table(run, KEPT).get(scope)
    if inner:
        keep(run, run.surroundings(scope), [opened(run, scope, inner, whole=True)])


# -- cutting off ---------------------------------------------------------------------


def give_back(run: Run, scope: str) -> None:
    """End the sweeps that are at work in a scope; what they have not begun is kept again."""
    ended = {key for name, (key, _) in table(run, UNDOING).items() if _is_in(run, name, scope)}
    ended |= {item[1] for item in run.queue if item[0] == scope and len(item) == _SWEEP}
    for key in sorted(ended):
        mode_and_pending = table(run, SWEEPS).get(key)
        if mode_and_pending is None:
            continue
        run.drop_undo(SWEEPS, key)
        homes: dict[str, list[Row]] = {}
        for home, record in mode_and_pending[1]:
            homes.setdefault(home, []).append(record)
        for home, records in homes.items():
            put(run, KEPT, home, [*records, *table(run, KEPT).get(home, ())])


_SWEEP = 3
"""Length of a queued item that is the next one of a sweep."""


def _is_in(run: Run, name: str, scope: str) -> bool:
    return name in run.scopes and run.scopes[name][PARENT] == scope


def cut(run: Run, scope: str) -> list[Row]:
    """Return what was completed in a scope that is about to be cut off, at any depth.

    What is still going on counts as completed last; what is just being undone, and is cut
    off in it, is to be undone again.
    """
    give_back_all = [name for name in table(run, UNDOING) if _is_in(run, name, scope)]
    again = [table(run, UNDOING)[name][1] for name in sorted(give_back_all)]
    give_back(run, scope)
    found = [*table(run, KEPT).get(scope, ()), *again]
    for name, is_token in run.children(scope):
        if is_token or name in table(run, UNDOING):
            continue
        inner = cut(run, name)
        kind = run.scopes[name][KIND]
        if kind not in _SCOPES:
            found += inner
        elif inner:
            found.append(opened(run, name, inner, whole=False))
    return found
