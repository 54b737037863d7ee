"""What a case waits for, brought in line with another version.

Of the events of an element that is waited at, those that the new version does not have
are closed, those that it says otherwise are opened anew, and those that the old one did
not have are opened. A timer keeps its number and counts from when it was armed. What is
there in both versions and is not waited for has happened, and does not happen again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.bpmn.model import EventDefinition, Kind, Trigger
from engine.kernel.clocks import retime
from engine.kernel.keeping import SWEEPS, UNDOING
from engine.kernel.migration_map import Map, Places
from engine.kernel.migration_words import Refusal, failed
from engine.kernel.plan import Place, plan_of
from engine.kernel.rows import (
    BODY,
    CALL,
    CASE,
    ELEMENT,
    EVENT,
    FRAME,
    I_HOST,
    I_STEP,
    KIND,
    MULTI,
    PARENT,
    PROCESS,
    T_ELEMENT,
    T_SCOPE,
    T_STATE,
    U_ELEMENT,
    U_HOST,
    U_INDEX,
    U_LEFT,
    U_TYPE,
    U_VALUE,
    UNDO,
    WAITING,
    Row,
)
from engine.kernel.run import Run
from engine.kernel.subscriptions import Wanted, arm, close_listed, emit_timer, follow, open_all
from engine.questions import Stuck


class Waiting(NamedTuple):
    """Something that waits for events of the new version.

    Attributes:
        host: the activity, token or scope; ``scope`` sees their data.
        wanted: the events that it would wait for if it were entered now.
        known: elements of the old version that it waited at, or had waited at.
    """

    host: str
    scope: str
    wanted: tuple[Wanted, ...]
    known: frozenset[str]


class Change(NamedTuple):
    """What becomes of the subscriptions of one host.

    Attributes:
        renamed: timers that go on under another element.
        retimed: timers whose text is another one, with what they were.
        opened: events that nobody waited for.
    """

    waiting: Waiting
    renamed: tuple[str, ...]
    retimed: tuple[tuple[str, EventDefinition], ...]
    opened: tuple[Wanted, ...]


def prepare(run: Run, both: Map) -> list[Change]:
    """Close what the new version does not wait for; return what is to be done in it.

    The old definitions still hold.
    """
    subs: dict[str, list[str]] = {}
    for number in sorted(run.subs, key=int):
        subs.setdefault(run.subs[number][U_HOST], []).append(number)
    changes = []
    for waiting in [*_hosts(run, both)]:
        mine = [
            one
            for one in subs.get(waiting.host, ())
            # What a host waits for in other ways may be closed by now.
            if one in run.subs and run.subs[one][U_ELEMENT] in waiting.known
        ]
        if mine or waiting.wanted:
            changes.append(_compare(run, both, waiting, mine))
    return changes


def bring(run: Run, changes: Sequence[Change], failures: list[Refusal]) -> list[str]:
    """Wait for what the new version waits for; return the conditions that hold already.

    The new definitions hold, and the tables speak of them.

    Args:
        failures: gets the texts that fail.
    """
    fulfilled: list[str] = []
    for change in changes:
        try:
            fulfilled += _bring(run, change)
        except Stuck as stuck:
            failures.append(failed(run, change.waiting.host, stuck))
    return fulfilled


def _bring(run: Run, change: Change) -> list[str]:
    host = change.waiting.host
    for number in change.renamed:
        arm(run, number)
    for number, was in change.retimed:
        follow(run, number, was)
        retime(run, host, number)
    return open_all(run, host, change.opened, change.waiting.scope) if change.opened else []


def _compare(run: Run, both: Map, waiting: Waiting, mine: list[str]) -> Change:
    places = both.places[run.scopes[waiting.scope][PROCESS]]
    left = {(place.id, index): (place, index, one) for place, index, one in waiting.wanted}
    renamed: list[str] = []
    retimed: list[tuple[str, EventDefinition]] = []
    open_, closed = set(), set()
    for number in mine:
        row = run.subs[number]
        key = places.id_of(row[U_ELEMENT]), row[U_INDEX]
        was = places.old.nodes[row[U_ELEMENT]].events[row[U_INDEX]]
        now = left[key][2] if key in left else None
        open_.add(row[U_ELEMENT])
        if now is None or (now != was and not (now.trigger is was.trigger is Trigger.TIMER)):
            close_listed(run, number)
            closed.add(key)
            continue
        del left[key]
        if now != was:
            retimed.append((number, was))
        if key[0] != row[U_ELEMENT] and _runs(row):
            emit_timer(run, number, "timer_cancelled")
            renamed.append(number)
    opened = [
        one for key, one in left.items() if key in closed or _is_new(places, waiting, one, open_)
    ]
    return Change(waiting, tuple(renamed), tuple(retimed), tuple(opened))


def _runs(row: Row) -> bool:
    return row[U_TYPE] == "timer" and row[U_VALUE] is not None and row[U_LEFT] is None


def _is_new(places: Places, waiting: Waiting, one: Wanted, open_: set[str]) -> bool:
    """Whether the old version did not wait for an event here, or still waits for its element."""
    place, index, definition = one
    before = places.before(place.id)
    if before is None or before.id not in waiting.known:
        return True
    same = index < len(before.events) and before.events[index].trigger is definition.trigger
    return before.id in open_ and not same


# -- who waits --------------------------------------------------------------------------


def _hosts(run: Run, both: Map) -> Iterator[Waiting]:
    parked = {(row[I_HOST], row[I_STEP]) for row in run.incidents.values()}
    for name in sorted(run.tokens):
        row = run.tokens[name]
        process = run.scopes[row[T_SCOPE]][PROCESS]
        if run.scopes[row[T_SCOPE]][KIND] != FRAME and (name, "open") not in parked:
            yield _attached(both, name, row[T_SCOPE], process, row[T_ELEMENT])
        if row[T_STATE] == WAITING:
            yield _awaiting(both, name, row[T_SCOPE], process, row[T_ELEMENT])
    passed = {*run.undo.get(UNDOING, ()), *run.undo.get(SWEEPS, ())}
    for name in sorted(run.scopes):
        row = run.scopes[name]
        if name in passed or row[KIND] == UNDO:
            continue
        if row[KIND] in (CASE, CALL, BODY, EVENT) and not _BEGINS & {
            step for host, step in parked if host == name
        }:
            yield _starts(run, both, name, row)
        if _is_whole(run, row):
            process = run.scopes[row[PARENT]][PROCESS]
            yield _attached(both, name, row[PARENT], process, row[ELEMENT])


_BEGINS = frozenset({"starts", "begin_case"})


def _is_whole(run: Run, row: Row) -> bool:
    """Whether a scope stands for an activity as a whole, which boundary events lie on."""
    return row[KIND] not in (CASE, EVENT) and run.scopes[row[PARENT]][KIND] not in (FRAME, MULTI)


def _attached(both: Map, name: str, scope: str, process: str, element: str) -> Waiting:
    old, new = both.places[process].old.nodes[element], _place(both, process, element)
    return Waiting(name, scope, new.boundary, frozenset(old.boundary))


def _awaiting(both: Map, name: str, scope: str, process: str, element: str) -> Waiting:
    old = plan_of(both.places[process].old).places[element]
    new = _place(both, process, element)
    wanted = tuple(
        (event, index, one)
        for event in _events(new)
        for index, one in enumerate(event.node.events)
        if one.trigger is not Trigger.LINK
    )
    return Waiting(name, scope, wanted, frozenset(one.id for one in _events(old)))


def _events(place: Place) -> list[Place]:
    return [target for _, target in place.exits] if place.kind is Kind.EVENT_BASED else [place]


def _starts(run: Run, both: Map, name: str, row: Row) -> Waiting:
    places, area = both.places[row[PROCESS]], run.area(name)
    known = frozenset(
        start
        for one in area.scope.event_sub_processes
        if (body := area.scope.nodes[one].body) is not None
        for start in body.starts
    )
    new = plan_of(places.new)
    inside = new.root if row[KIND] in (CASE, CALL) else new.areas[places.id_of(area.id)]
    wanted = inside.events
    if _is_interrupted(run, name):
        # Its siblings were closed when it began; what is new would be one of them.
        wanted = tuple(one for one in wanted if _was(places, one[0].id) in known)
    return Waiting(name, name, wanted, known)


def _was(places: Places, element: str) -> str:
    before = places.before(element)
    return "" if before is None else before.id


def _is_interrupted(run: Run, scope: str) -> bool:
    """Whether an event sub-process is at work in a scope that has ended all else there."""
    for name, row in run.scopes.items():
        if row[PARENT] == scope and row[KIND] == EVENT:
            body = run.area(name).scope
            if any(body.nodes[one].interrupting for one in body.starts):
                return True
    return False


def _place(both: Map, process: str, element: str) -> Place:
    places = both.places[process]
    return plan_of(places.new).places[places.id_of(element)]
