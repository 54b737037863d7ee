"""Moving tokens: back, forward, or to begin again (退回, 撤回, 跳转).

The token that is moved takes with it everything of its region: what runs beside it,
inside of it, and what joins hold of it (``regions``). So nobody waits afterwards for
what will not come; where somebody would, the move is refused (``outlook``).

A move stays in one scope or goes outward: from an instance of a multi-instance, a
sub-process or a called process to what is around it. Into a scope that is not open
nothing can be moved: what has begun there has ended.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.bpmn.model import Kind
from engine.commands import ClaimTask, MoveTokens
from engine.errors import MoveRefused
from engine.kernel.carrying import carry_over
from engine.kernel.ending import kill
from engine.kernel.entering import fire_fulfilled
from engine.kernel.keeping import SWEEPS, UNDOING
from engine.kernel.marking import Table
from engine.kernel.merging import owned
from engine.kernel.named_places import home_of, only_home, parse, source_of
from engine.kernel.outlook import troubles
from engine.kernel.plan import Place
from engine.kernel.regions import leads_to, region
from engine.kernel.rows import (
    ASSIGNEE,
    COMPENSATING,
    ELEMENT,
    EVENT,
    KIND,
    STARTS,
    T_ELEMENT,
    T_STATE,
    U_ELEMENT,
)
from engine.kernel.run import Run, Step
from engine.kernel.subscriptions import open_all
from engine.kernel.tasks import claim, is_task_held


class Move(NamedTuple):
    """A move that is possible.

    Attributes:
        home: the scope that it stays in.
        target: where the token comes to.
        inner: the token or scope in ``home`` that is, or contains, what is moved; None:
            everything in ``home`` or, where something is taken back, behind its target.
        source: what is moved, for the record.
    """

    home: str
    target: Place
    inner: str | None
    source: str | None
    kind: str


def plan_move(run: Run, command: MoveTokens) -> Move:
    """Return where a move goes from and to.

    Raises:
        NothingWaits: no token is at its source.
        InvalidRequest: there are several, or an element is named in a wrong way.
        MoveRefused: no token can come to its target.
    """
    wanted = parse(command.target)
    if command.source is None:
        home = only_home(run, wanted, command.target)
        move = Move(home, run.area(home).places[wanted["element"]], None, None, command.kind)
    else:
        name = source_of(run, command.source)
        home, inner = home_of(run, name, wanted, command.target)
        move = Move(home, run.area(home).places[wanted["element"]], inner, name, command.kind)
    _demand_enterable(move.target)
    _demand_nothing_undone(run, move.home)
    if command.kind != "move":
        _demand_earlier(run, move)
    return move


def move_tokens(run: Run, command: MoveTokens, drain: Step) -> None:
    """Move a token, with all of its region, to another element.

    Args:
        drain: lets tokens move until everything waits.

    Raises:
        EngineError: see ``plan_move``; MoveRefused also if the case could get stuck there.
    """
    move = plan_move(run, command)
    home, target = move.home, move.target
    nth = run.visits.get(target.process, {}).get(target.id, 0) + 1
    more = {"kind": command.kind, "source": move.source, "reason": command.reason}
    known = {one.short for one in troubles(run)}
    run.emit("tokens_moved", home, target.id, nth, **more)
    if command.kind == "withdraw":
        _demand_unsigned(run, move)
    _clear(run, move)
    run.count(home, 1)
    _demand_sound(run, move, known)
    run.queue.append((home, target, None, None))
    fire_fulfilled(run, _wait_again(run, home))
    drain(run)
    name = f"{target.prefix}.{nth}"
    if command.limits is not None:
        carry_over(run, name, command.limits)
    if command.claims and name in run.tasks and not is_task_held(run, name):
        claim(run, ClaimTask(name, command.unit))


# -- what is refused ------------------------------------------------------------------


def _demand_enterable(place: Place) -> None:
    """Refuse elements that no single token can come to by itself."""
    node, why, hint = place.node, None, ""
    if node.kind is Kind.BOUNDARY:
        why, hint = "waits at the edge of an activity", "Move to the activity, or behind the event."
    elif node.kind is Kind.START and node.events:
        why, hint = "begins with what happens outside", "Move to the element after it."
    elif node.for_compensation:
        why, hint = "only undoes what was done", "Throw a compensation instead."
    elif place.body is not None and _is_event_sub_process(place):
        why, hint = "begins with its own event", "Move to an element inside of it, if it is open."
    elif place.special is not None or (
        place.kind in (Kind.PARALLEL, Kind.INCLUSIVE) and place.incoming > 1
    ):
        why, hint = "needs the tokens of several flows", "Move before or behind it."
    if why is not None:
        raise MoveRefused(
            f"No token can be moved to {place.id!r}: it {why}.", hint=hint, element=place.id
        )


def _is_event_sub_process(place: Place) -> bool:
    assert place.body is not None
    scope = place.body.scope
    return any(scope.nodes[one].events for one in scope.starts)


def _demand_nothing_undone(run: Run, home: str) -> None:
    over = run.undo.get(UNDOING, ())
    sweeps = run.undo.get(SWEEPS, ())
    busy = any(
        name in over or name in sweeps or (is_token and run.tokens[name][T_STATE] == COMPENSATING)
        for name, is_token in run.children(home)
    )
    if busy:
        raise MoveRefused(
            "What was done here is just being undone (compensation).",
            hint="Wait until that is over, then move.",
        )


def _demand_earlier(run: Run, move: Move) -> None:
    """Refuse to return to what was never entered, or does not lead to where the token is."""
    target = move.target
    if target.id not in run.visits.get(target.process, ()):
        raise MoveRefused(
            f"The case has not been at {target.id!r}, so nothing can be returned to it.",
            hint="GET /tasks/{id}/return-targets lists where it can go.",
            element=target.id,
        )
    if move.inner is None or _is_event(run, move.inner):
        return
    here = run.visit_of(move.inner)[0]
    if not leads_to(run.area(move.home), target.id, here):
        raise MoveRefused(
            f"No way leads from {target.id!r} to {here!r}, so that is not the way back.",
            hint="GET /tasks/{id}/return-targets lists where it can go.",
            element=target.id,
        )


def _demand_sound(run: Run, move: Move, known: set[tuple[str, str, str]]) -> None:
    """Refuse what would leave somebody waiting for ever, or the same work done twice."""
    name = f"{move.target.prefix}.moved"
    run.add_token(name, move.target.id, move.home, 0)
    fresh = [one for one in troubles(run) if one.short not in known]
    run.remove_token(name)
    if not fresh:
        return
    raise MoveRefused(
        f"The case could not come to its end from there: {fresh[0].sentence}",
        hint="Move to an element before the work was split, or behind where it comes together.",
        element=fresh[0].element,
    )


def _demand_unsigned(run: Run, move: Move) -> None:
    """Refuse to take back what somebody works on already."""
    ahead = _affected(run, move)
    if move.inner is None and (ahead or not _held_behind(run, move)):
        raise MoveRefused(
            "What follows was done already, or nobody has to do it.",
            hint="Ask for a return (退回) instead.",
            element=move.target.id,
        )
    for name in ahead:
        ahead += [] if name not in run.scopes else [one for one, _ in run.children(name)]
        who = run.tasks[name][ASSIGNEE] if name in run.tasks else None
        if who is not None:
            raise MoveRefused(
                f"{who!r} has signed for {run.visit_of(name)[0]!r} already.",
                hint="Ask for a return (退回) instead.",
                element=run.visit_of(name)[0],
            )


# -- doing it ---------------------------------------------------------------------------


def _is_event(run: Run, name: str) -> bool:
    return name not in run.tokens and run.scopes[name][KIND] == EVENT


def _held_behind(run: Run, move: Move) -> bool:
    """Whether a join holds a token that came from behind the target of a move."""
    elements, flows = _region(run, move), run.area(move.home).scope.flows
    return any(
        one in flows and flows[one].source in elements
        for table in (run.joins, run.merges)
        for held in table.get(move.home, {}).values()
        for one in held
    )


def _region(run: Run, move: Move) -> frozenset[str]:
    here = move.target.id if move.kind == "withdraw" else None
    if move.inner is not None and not _is_event(run, move.inner):
        here = run.visit_of(move.inner)[0]
    return region(run.area(move.home), here, move.target.id)


def _affected(run: Run, move: Move) -> list[str]:
    """Return the tokens and scopes of its home that a move ends."""
    elements, found = _region(run, move), []
    for name, is_token in run.children(move.home):
        element = run.tokens[name][T_ELEMENT] if is_token else run.scopes[name][ELEMENT]
        beside = not is_token and run.scopes[name][KIND] == EVENT
        whole = move.inner is None and move.kind != "withdraw"
        if name == move.inner or whole or (element in elements and not beside):
            found.append(name)
    return found


def _clear(run: Run, move: Move) -> None:
    """End all that lies in the region of a move."""
    elements = _region(run, move)
    for name in _affected(run, move):
        kill(run, name)
        run.count(move.home, -1)
    for table in (run.joins, run.merges):
        _empty_joins(run, move.home, table, elements)


def _empty_joins(run: Run, home: str, table: Table, elements: frozenset[str]) -> None:
    """Take from the joins of a region what came from inside of it."""
    flows = run.area(home).scope.flows
    for join in sorted(table.get(home, {})):
        if join not in elements:
            continue
        held = owned(run, table, home, join)
        came = [one for one in held if one not in flows or flows[one].source in elements]
        if any(one not in flows for one in held) and len(came) < len(held):
            raise MoveRefused(
                f"The gateway {join!r} has begun and still waits for other flows.",
                hint="Move to an element before the work was split.",
                element=join,
            )
        run.count(home, -sum(held.pop(one) for one in came))
        if not held:
            del table[home][join]
            if not table[home]:
                del table[home]


def _wait_again(run: Run, home: str) -> list[str]:
    """Let event sub-processes wait again that an interrupting one had put an end to.

    Returns:
        The numbers of the conditions that hold already.
    """
    open_ = {run.subs[one][U_ELEMENT] for one in run.scopes[home][STARTS]}
    begun = {
        run.scopes[name][ELEMENT]
        for name, is_token in run.children(home)
        if not is_token and run.scopes[name][KIND] == EVENT
    }
    plan = run.plan(home)
    wanted = [
        one
        for one in run.area(home).events
        if one[0].id not in open_
        and one[0].node.interrupting
        and plan.owner[one[0].id].id not in begun
    ]
    return open_all(run, home, wanted, home) if wanted else []
