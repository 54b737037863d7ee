"""Joins: where tokens of several flows become one.

A token that is held in a join is no longer anywhere, but its scope counts it. An
inclusive join is judged only when nothing else moves: it fires when no token of
its scope can reach a flow that is still empty, unless that token can also reach
one that is filled already.
"""

from __future__ import annotations

from engine.bpmn.model import Kind
from engine.kernel.keeping import UNDOING
from engine.kernel.marking import Table
from engine.kernel.plan import Place
from engine.kernel.rows import ELEMENT, PARENT, T_ELEMENT, T_SCOPE
from engine.kernel.run import Run


def arrive_parallel(run: Run, scope: str, join: Place, flow: str | None) -> None:
    """Hold a token until every flow has one; more than one on a flow stay for the next time."""
    held = hold(run, run.joins, scope, join, flow)
    if len(held) == join.incoming:
        _release(run, run.joins, scope, join, held)


def arrive_gathered(run: Run, scope: str, activity: Place, flow: str | None) -> None:
    """Hold a token until as many are there as begin the activity (``startQuantity``)."""
    held = hold(run, run.joins, scope, activity, flow)
    if is_enough(activity, held):
        begin_gathered(run, scope, activity, held)


def is_enough(activity: Place, held: dict[str, int]) -> bool:
    """Whether an activity holds as many tokens as begin it."""
    return sum(held.values()) >= activity.node.start_quantity


def begin_gathered(run: Run, scope: str, activity: Place, held: dict[str, int]) -> None:
    """Begin an activity with the tokens that it holds."""
    left = needed = activity.node.start_quantity
    # What came over the first flows is taken first; the rest stays for the next time.
    for one in ("", *activity.node.incoming):
        taken = min(left, held.get(one, 0))
        if taken:
            held[one] -= taken
            left -= taken
            if not held[one]:
                del held[one]
    forget_empty(run.joins, scope, activity.id, held)
    run.count(scope, 1 - needed)
    run.perform(activity.first, run.enter(scope, activity))


def fire_filled(run: Run) -> None:
    """Fire the joins that wait for nothing more, since another version waits for less."""
    for scope in sorted(run.joins):
        for key in sorted(run.joins.get(scope, ())):
            # An ad-hoc sub-process holds a mark under its own id.
            place = run.area(scope).places.get(key)
            if place is None:
                continue
            held = owned(run, run.joins, scope, key)
            if place.kind is Kind.PARALLEL and len(held) >= place.incoming:
                _release(run, run.joins, scope, place, held)
            elif place.special == "gather" and is_enough(place, held):
                begin_gathered(run, scope, place, held)


def arrive_inclusive(run: Run, scope: str, join: Place, flow: str | None) -> None:
    """Hold a token until ``fire_inclusive`` finds that no more will come."""
    hold(run, run.merges, scope, join, flow)


def fire_inclusive(run: Run) -> bool:
    """Fire every inclusive join that waits for nothing; return whether there was one."""
    ready = [
        (scope, join)
        for scope in sorted(run.merges)
        for join in sorted(run.merges[scope])
        if _is_complete(run, scope, join)
    ]
    for scope, join in ready:
        place = run.area(scope).places[join]
        held = owned(run, run.merges, scope, join)
        _release(run, run.merges, scope, place, held)
    return bool(ready)


def hold(run: Run, table: Table, scope: str, join: Place, flow: str | None) -> dict[str, int]:
    """Hold a token in a join; return what it holds now."""
    held = owned(run, table, scope, join.id)
    key = flow or ""
    held[key] = held.get(key, 0) + 1
    return held


def owned(run: Run, table: Table, scope: str, join: str) -> dict[str, int]:
    """Return the tokens held in a join, to be changed in place by this run only."""
    mark = "j:" if table is run.joins else "m:"
    if run.take_ownership(mark + scope):
        table[scope] = dict(table.get(scope, ()))
    of_scope = table.setdefault(scope, {})
    if run.take_ownership(f"{mark}{scope}/{join}"):
        of_scope[join] = dict(of_scope.get(join, ()))
    held: dict[str, int] = of_scope.setdefault(join, {})
    return held


def _release(run: Run, table: Table, scope: str, join: Place, held: dict[str, int]) -> None:
    """Let one token of each filled flow become the one that goes on."""
    merged = len(held)
    for flow in list(held):
        held[flow] -= 1
        if not held[flow]:
            del held[flow]
    forget_empty(table, scope, join.id, held)
    run.count(scope, 1 - merged)
    run.perform("exit", run.enter(scope, join), None)


def forget_empty(table: Table, scope: str, join: str, held: dict[str, int]) -> None:
    """Forget a join that holds nothing any more."""
    if not held:
        del table[scope][join]
        if not table[scope]:
            del table[scope]


def _is_complete(run: Run, scope: str, join: str) -> bool:
    place = run.area(scope).places[join]
    if place.special is not None:
        # A complex gateway has rules of its own.
        return False
    held = run.merges[scope][join]
    filled = sum(1 << bit for bit, flow in enumerate(place.node.incoming) if flow in held)
    return nothing_comes(run, scope, join, filled)


def nothing_comes(run: Run, scope: str, join: str, filled: int) -> bool:
    """Whether no token can still come to a join over a flow that is not ``filled``.

    A token that can reach a filled flow as well does not count (BPMN 2.0, 13.4.3).
    """
    masks = run.area(scope).masks[join]
    empty = ~filled

    def blocks(element: str) -> bool:
        ahead = masks.get(element, 0)
        return bool(ahead & empty) and not ahead & filled

    # A complex gateway that holds nothing, and only waits for its reset, sends nothing either.
    merges = run.merges[scope].items()
    if any(blocks(other) for other, held in merges if other != join and any(held.values())):
        return False
    if any(blocks(other) for other in run.joins.get(scope, ())):
        return False
    for token in run.tokens.values():
        if token[T_SCOPE] == scope and blocks(token[T_ELEMENT]):
            return False
    # What is being undone was left before: it stands there no more.
    over = run.undo.get(UNDOING, ())
    inside = [row for name, row in run.scopes.items() if row[PARENT] == scope and name not in over]
    return not any(blocks(row[ELEMENT]) for row in inside)
