"""What happens when a subscription is met: a timer fires or a message arrives."""

from __future__ import annotations

from datetime import datetime

from engine.bpmn.model import Kind, TimerKind
from engine.commands import JsonObject
from engine.deadlines import local_text
from engine.kernel.catching import (
    after,
    named,
    take_boundary,
    take_event_sub_process,
    visit_event,
)
from engine.kernel.names import names_at, write
from engine.kernel.plan import Place
from engine.kernel.rows import (
    T_ELEMENT,
    T_NTH,
    T_OUTCOME,
    T_SCOPE,
    T_SUBS,
    U_ELEMENT,
    U_FIRED,
    U_HOST,
    U_SCOPE,
    U_SHIFT,
    U_SINCE,
    U_TEXT,
    U_TYPE,
    U_VALUE,
    Row,
)
from engine.kernel.run import Run
from engine.kernel.subscriptions import (
    arm,
    close,
    definition_of,
    emit_timer,
    forget,
    open_all,
    place_of,
    received,
)
from engine.periods import parse_moment
from engine.questions import ask, code_of, due_of, parsed, truth


def fire(run: Run, number: str, payload: JsonObject | None = None) -> None:
    """Let what waits under ``number`` go on."""
    row = run.subs[number]
    place, definition = place_of(run, row), definition_of(run, row)
    together = place.node.parallel_multiple and len(place.node.events) > 1
    stays = not place.node.interrupting and place.kind in (Kind.BOUNDARY, Kind.START)
    _announce(run, number, row, stays=stays and not together)
    host = row[U_HOST]
    if stays and not together:
        _keep(run, number, row)
    else:
        forget(run, number)
        if together and _others(run, host, place):
            write(run, row[U_SCOPE], named(definition, payload), host)
            return
        if together and stays:
            run.perform("reopen", host, row[U_SCOPE], place.id)
    if place.kind is Kind.BOUNDARY:
        take_boundary(run, (host, row[U_SCOPE]), place, definition, payload)
    elif place.kind is Kind.START:
        owner = run.plan(row[U_SCOPE]).owner[place.id]
        take_event_sub_process(run, host, (owner, place), definition, payload)
    elif run.place(host).kind is Kind.EVENT_BASED:
        _choose(run, host, place, named(definition, payload))
    else:
        _go_on(run, host, named(definition, payload))


def reopen(run: Run, host: str, scope: str, element: str) -> None:
    """Wait once more for all events of one that does not interrupt and needs them together.

    A condition that holds already has to become false before it counts again.

    Raises:
        Stuck: one of them cannot be evaluated; none waits then.
    """
    place = run.plan(scope).places[element]
    open_all(run, host, [(place, index, one) for index, one in enumerate(place.node.events)], scope)


def _announce(run: Run, number: str, row: Row, *, stays: bool) -> None:
    kind = row[U_TYPE]
    if kind == "timer":
        emit_timer(run, number, "timer_fired", due_at=row[U_VALUE])
    elif kind != "conditional":
        name = definition_of(run, row).name
        keys = row[U_VALUE] if kind == "message" else None
        received(run, number, f"{kind}_received", stays=stays, name=name, correlation=keys)


def _others(run: Run, host: str, place: Place) -> bool:
    return any(row[U_HOST] == host and row[U_ELEMENT] == place.id for row in run.subs.values())


def _keep(run: Run, number: str, row: Row) -> None:
    """Keep the subscription of an event that does not interrupt; a timer only if it repeats."""
    if row[U_TYPE] != "timer":
        return
    repeats = row[U_TEXT] is not None or definition_of(run, row).timer is TimerKind.CYCLE
    if repeats:
        run.perform("again", row[U_HOST], number)
    elif code_of(definition_of(run, row)).names:
        # Its limit may still be moved: then it is armed again, for the new moment only.
        row = row.copy()
        row[U_FIRED], row[U_VALUE], row[U_SHIFT] = row[U_VALUE], None, None
        run.subs[number] = row
    else:
        forget(run, number)


def again(run: Run, host: str, number: str) -> None:
    """Arm the next firing of a timer that repeats.

    Raises:
        Stuck: its expression fails.
    """
    row = run.subs[number].copy()
    if row[U_TEXT] is not None:
        timer = parsed(row[U_TEXT]).armed(_since(row))
        following = timer.following(run.now)
        due_at = None if following is None else local_text(following)
    else:
        definition = definition_of(run, row)
        site = run.site(host, "timer")
        answer = ask(run, site, [code_of(definition)], names_at(run, row[U_SCOPE]))[0]
        due = due_of(run, definition, answer, since=run.now)
        due_at = due and due.due_at
        row[U_SINCE] = run.moment
    if due_at is None:
        forget(run, number)
        return
    row[U_VALUE] = due_at
    run.subs[number] = row
    arm(run, number)


def _since(row: Row) -> datetime:
    return parse_moment(row[U_SINCE])


def _choose(run: Run, gateway: str, place: Place, written: JsonObject) -> None:
    """Leave an event-based gateway by the event that came first."""
    token = run.tokens[gateway]
    scope, nth = token[T_SCOPE], token[T_NTH]
    at = run.place(gateway)
    close(run, token[T_SUBS])
    run.remove_token(gateway)
    run.emit("element_left", scope, at.id, nth)
    flow = next(flow for flow, target in at.exits if target is place)
    run.emit("flow_taken", scope, at.id, nth, flow=flow.id)
    visit_event(run, scope, place, written)


def _go_on(run: Run, name: str, written: JsonObject) -> None:
    """Let a catch event or receive task go on."""
    token = run.tokens[name]
    own = [one for one in token[T_SUBS] if run.subs[one][U_ELEMENT] == token[T_ELEMENT]]
    close(run, own)
    run.set_token(name, T_SUBS, [one for one in token[T_SUBS] if one not in own])
    write(run, token[T_SCOPE], written, name)
    run.perform(after(run.place(name)), name, token[T_OUTCOME])


def look_again(run: Run) -> None:
    """Evaluate the conditions whose data were written; fire those that came true."""
    while run.dirty:
        number = next(iter(run.dirty))
        del run.dirty[number]
        row = run.subs.get(number)
        if row is not None:
            run.perform("recheck", row[U_HOST], number)


def recheck(run: Run, host: str, number: str) -> None:
    """Evaluate one condition; it fires when it was false and is true.

    Raises:
        Stuck: it fails.
    """
    row = run.subs.get(number)
    if row is None:
        return
    code = code_of(definition_of(run, row))
    answer = ask(run, run.site(host, "condition"), [code], names_at(run, row[U_SCOPE]))[0]
    holds = truth(answer, code)
    if holds == row[U_VALUE]:
        return
    row = row.copy()
    row[U_VALUE] = holds
    run.subs[number] = row
    if holds:
        fire(run, number)
