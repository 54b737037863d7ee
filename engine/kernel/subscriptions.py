"""What a case waits for: timers, messages, signals and conditions.

A subscription belongs to an activity (its boundary events), to a token (a catch
event, a receive task, an event-based gateway) or to a scope (its event
sub-processes). All that one of them opens is evaluated before the first is
opened: either all are there, or the step failed and nothing is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.bpmn.model import EventDefinition, Kind, Node, Trigger
from engine.execution import Site
from engine.kernel.names import Names, names_at
from engine.kernel.plan import Place
from engine.kernel.rows import (
    STARTS,
    SUBS,
    T_SUBS,
    U_ELEMENT,
    U_HOST,
    U_INDEX,
    U_LEFT,
    U_SCOPE,
    U_TYPE,
    U_VALUE,
    Row,
)
from engine.kernel.run import Run
from engine.questions import Awaited, awaited, value_of

Wanted = tuple[Place, int, EventDefinition]


def open_all(run: Run, host: str, wanted: Sequence[Wanted], scope: str) -> list[str]:
    """Open subscriptions of ``host`` for events that lie in ``scope``.

    Returns:
        The numbers of the conditions that hold already, in order.

    Raises:
        Stuck: one of them cannot be evaluated; none is open then.
    """
    fulfilled, opened = [], []
    for one in _prepare(run, host, wanted, scope):
        number = run.number()
        opened.append(number)
        _open(run, number, host, scope, one)
        if one[1].value is True:
            fulfilled.append(number)
    _list(run, host, wanted[0][0], opened)
    return fulfilled


def _prepare(
    run: Run, host: str, wanted: Sequence[Wanted], scope: str
) -> list[tuple[Wanted, Awaited]]:
    def at(purpose: str) -> tuple[Site, Names]:
        return run.site(host, purpose), names_at(run, scope)

    found = awaited(run, [definition for _, _, definition in wanted], at)
    return [(one, held) for one, held in zip(wanted, found, strict=True) if held is not None]


def _open(run: Run, number: str, host: str, scope: str, one: tuple[Wanted, Awaited]) -> None:
    (place, index, definition), held = one
    row: Row = [definition.trigger.value, host, scope, place.id, index, held.value]
    if definition.trigger is Trigger.TIMER:
        row += [run.moment, held.cycle, None, None, None]
    run.subs[number] = row
    for key in _watched(definition):
        run.watch[key] = [*run.watch.get(key, ()), number]
    if definition.trigger is Trigger.TIMER:
        if held.value is not None:
            arm(run, number, provisional=held.provisional)
    elif definition.trigger is Trigger.MESSAGE:
        _emit(run, "message_awaited", number, name=definition.name, correlation=held.value)
    elif definition.trigger is Trigger.SIGNAL:
        _emit(run, "signal_awaited", number, name=definition.name)


def _watched(definition: EventDefinition) -> list[str]:
    if definition.trigger is Trigger.MESSAGE:
        return [f"m:{definition.name}"]
    if definition.trigger is Trigger.SIGNAL:
        return [f"s:{definition.name}"]
    code = definition.value
    return [] if code is None else [f"d:{name}" for name in sorted(code.names)]


def _list(run: Run, host: str, place: Place, opened: list[str]) -> None:
    if place.kind is Kind.START:
        run.set_scope(host, STARTS, [*run.scopes[host][STARTS], *opened])
    elif host in run.tokens:
        run.set_token(host, T_SUBS, [*run.tokens[host][T_SUBS], *opened])
    else:
        run.set_scope(host, SUBS, [*run.scopes[host][SUBS], *opened])


def _unlist(run: Run, number: str, host: str) -> None:
    token = run.tokens.get(host)
    if token is not None and number in token[T_SUBS]:
        run.set_token(host, T_SUBS, [one for one in token[T_SUBS] if one != number])
        return
    row = run.scopes[host]
    column = SUBS if number in row[SUBS] else STARTS
    run.set_scope(host, column, [one for one in row[column] if one != number])


def forget(run: Run, number: str) -> Row:
    """Take a subscription away without a word: it has fired."""
    row = run.subs[number]
    _unlist(run, number, row[U_HOST])
    return _drop(run, number)


def close(run: Run, numbers: Sequence[str]) -> None:
    """Close subscriptions whose host forgets them itself."""
    for number in numbers:
        kind = run.subs[number][U_TYPE]
        if kind == "timer":
            if run.subs[number][U_VALUE] is not None:
                emit_timer(run, number, "timer_cancelled")
        elif kind != "conditional":
            _emit(run, f"{kind}_abandoned", number)
        _drop(run, number)


def close_listed(run: Run, number: str) -> None:
    """Close one subscription of a host that stays."""
    _unlist(run, number, run.subs[number][U_HOST])
    close(run, (number,))


def _drop(run: Run, number: str) -> Row:
    row = run.subs[number]
    for key in _watched(definition_of(run, row)):
        unwatch(run, key, number)
    return run.subs.pop(number)


def follow(run: Run, number: str, was: EventDefinition) -> None:
    """Watch what a definition mentions now, and no more what it mentioned before."""
    for key in _watched(was):
        unwatch(run, key, number)
    for key in _watched(definition_of(run, run.subs[number])):
        run.watch[key] = [*run.watch.get(key, ()), number]


def unwatch(run: Run, key: str, waiting: str) -> None:
    """Take a subscription or task off the list of those that ``key`` concerns."""
    left = [one for one in run.watch.get(key, ()) if one != waiting]
    if left:
        run.watch[key] = left
    else:
        run.watch.pop(key, None)


def watch_task(run: Run, name: str) -> None:
    """Remember which data the limits of a task mention."""
    for datum in run.place(name).limits:
        key = "d:" + datum
        run.watch[key] = [*run.watch.get(key, ()), name]


def unwatch_task(run: Run, name: str) -> None:
    """Forget which data the limits of a task mention."""
    for datum in run.place(name).limits:
        unwatch(run, "d:" + datum, name)


def arm(run: Run, number: str, *, provisional: bool = False) -> None:
    """Write that a timer is armed; it is held at once where its place is on hold."""
    row = run.subs[number]
    emit_timer(
        run, number, "timer_armed", due_at=row[U_VALUE], provisional=True if provisional else None
    )
    if run.held and (row[U_HOST] in run.held or run.is_held(row[U_SCOPE])):
        hold_timer(run, number)


def hold_timer(run: Run, number: str) -> None:
    """Stop a timer's clock and keep the working time that is left."""
    row = run.subs[number].copy()
    site = run.site(row[U_HOST], "hold")
    unit = clock_of(run, place_of(run, row).node, row[U_SCOPE])
    row[U_LEFT] = value_of(run.world.remaining(site, row[U_VALUE], unit), "timer")
    run.subs[number] = row
    emit_timer(run, number, "timer_held", remaining=row[U_LEFT])


def clock_of(run: Run, node: Node, scope: str) -> str:
    """Return the unit that a limit is kept in while it is on hold: WH or, day and night, MIN.

    The property ``clock`` of the element says it: ``continuous``, or a datum that
    holds the limit's unit. Without one the clock is that of working time.
    """
    text = node.properties.get("clock")
    if text is None:
        return "WH"
    unit = text if text == "continuous" else names_at(run, scope).get(text)
    return "MIN" if unit in ("continuous", "EH", "MIN") else "WH"


def emit_timer(run: Run, number: str, kind: str, **more: Any) -> None:
    """Write what happens to a timer."""
    row = run.subs[number]
    nth = run.visit_of(row[U_HOST])[1]
    run.emit(kind, row[U_SCOPE], row[U_ELEMENT], nth, timer=int(number), **more)


def _emit(run: Run, kind: str, number: str, **more: Any) -> None:
    row = run.subs[number]
    nth = run.visit_of(row[U_HOST])[1]
    run.emit(kind, row[U_SCOPE], row[U_ELEMENT], nth, subscription=int(number), **more)


def received(run: Run, number: str, kind: str, *, stays: bool, **more: Any) -> None:
    """Write that a message or signal has come to a subscription."""
    _emit(run, kind, number, open=True if stays else None, **more)


def definition_of(run: Run, row: Row) -> EventDefinition:
    """Return the event definition that a subscription is about."""
    return place_of(run, row).node.events[row[U_INDEX]]


def place_of(run: Run, row: Row) -> Place:
    """Return the element that a subscription is about."""
    return run.plan(row[U_SCOPE]).places[row[U_ELEMENT]]
