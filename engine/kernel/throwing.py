"""Throwing: errors and escalations outward, messages and signals to who waits.

An error or escalation walks outward from where it is thrown: at each level the
event sub-processes of the scope before the boundary events around it, a specific
code before a catch-all. What is thrown inside an event sub-process passes its
siblings by. A call is one more level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.bpmn.model import EventDefinition, Kind, Trigger
from engine.kernel import compensation, keeping
from engine.kernel.catching import take_boundary, take_event_sub_process
from engine.kernel.firing import fire
from engine.kernel.flows import stop, terminate
from engine.kernel.names import Names, names_at
from engine.kernel.rows import (
    CASE,
    COMPENSATING,
    EVENT,
    KIND,
    T_OUTCOME,
    T_SCOPE,
    T_STATE,
    U_VALUE,
)
from engine.kernel.run import Run
from engine.questions import Stuck, values
from engine.scripts import Code

Take = Callable[[], None]


def throw(run: Run, name: str) -> None:
    """Throw what the element of a token throws, in order, then leave it.

    Raises:
        Stuck: an error that nobody catches, or a payload that cannot be evaluated.
    """
    place = run.place(name)
    for definition in place.node.events:
        _THROW[definition.trigger](run, name, definition)
        if name not in run.tokens:
            return
    if run.tokens[name][T_STATE] != COMPENSATING:
        thrown(run, name)


def thrown(run: Run, name: str) -> None:
    """Leave an element that has thrown what it throws."""
    place = run.place(name)
    outcome = run.tokens[name][T_OUTCOME]
    if place.activity:
        run.perform("finish", name, outcome)
    elif place.kind is Kind.END:
        scope = run.tokens[name][T_SCOPE]
        stop(run, name)
        if run.count(scope, -1) == 0:
            run.perform("complete", scope)
    else:
        run.perform("exit", name, outcome)


def throw_definition(run: Run, name: str, definition: EventDefinition) -> None:
    """Throw one event from a token, or from a multi-instance activity as a whole.

    Raises:
        Stuck: an error that nobody catches, or a payload that cannot be evaluated.
    """
    _THROW[definition.trigger](run, name, definition)


def _names(run: Run, name: str) -> Names:
    """Return the names that what is thrown may mention."""
    token = run.tokens.get(name)
    if token is None:
        return names_at(run, name)
    return names_at(run, token[T_SCOPE], token[T_OUTCOME])


def _error(run: Run, name: str, definition: EventDefinition) -> None:
    payload = {"code": definition.name, **_carried(run, name, definition)}
    if not throw_error(run, name, definition.name, payload):
        _announce(run, name, "error_thrown", payload)
        what = "An error" if definition.name is None else f"Error {definition.name!r}"
        raise Stuck("error", f"{what} is caught by nobody.")


def throw_error(
    run: Run, name: str, code: str | None, payload: dict[str, Any], *, only: bool = False
) -> bool:
    """Throw an error from a token.

    Args:
        only: to who catches this code, never to a catch-all.

    Returns:
        Whether somebody caught it; nothing happened if not.
    """
    take = _catcher(run, name, Trigger.ERROR, code, payload, only=only)
    if take is None:
        return False
    _announce(run, name, "error_thrown", payload)
    if run.place(name).kind is Kind.END:
        stop(run, name)
    take()
    return True


def _escalation(run: Run, name: str, definition: EventDefinition) -> None:
    payload = {"code": definition.name, **_carried(run, name, definition)}
    take = _catcher(run, name, Trigger.ESCALATION, definition.name, payload)
    _announce(run, name, "escalation_thrown", payload)
    if take is not None:
        take()


def _carried(run: Run, name: str, definition: EventDefinition) -> dict[str, Any]:
    """Return what an error or escalation carries along, if anything."""
    if definition.payload is None:
        return {}
    names = _names(run, name)
    return {"data": values(run, run.site(name, "payload"), [definition.payload], names)[0]}


def _announce(run: Run, name: str, kind: str, payload: dict[str, Any]) -> None:
    element, nth, instance = run.visit_of(name)
    # What it carries becomes data, and is told as such.
    told = {key: value for key, value in payload.items() if key != "data"}
    run.emit(kind, run.surroundings(name), element, nth, instance, **told)


def _catcher(
    run: Run,
    name: str,
    trigger: Trigger,
    code: str | None,
    payload: dict[str, Any],
    *,
    only: bool = False,
) -> Take | None:
    """Return how the nearest one that catches it takes it."""
    activity, scope = run.activity(name)
    while True:
        catches = [(one, one[1]) for one in run.place(activity).catches]
        if run.undo and activity in run.undo.get(keeping.UNDOING, ()):
            # What was completed catches nothing any more.
            catches = []
        found = _match(catches, trigger, code, only=only)
        if found is not None:
            event, definition = found
            at = activity, scope
            return lambda: take_boundary(run, at, event, definition, payload)
        if run.scopes.get(activity, [None])[KIND] != EVENT and not _is_over(run, scope):
            starts = [(one, one[2]) for one in run.area(scope).catches]
            begins = _match(starts, trigger, code, only=only)
            if begins is not None:
                return lambda: take_event_sub_process(run, scope, begins[:2], begins[2], payload)
        if run.scopes[scope][KIND] == CASE:
            return None
        activity, scope = run.activity(scope)


def _is_over(run: Run, scope: str) -> bool:
    """Whether a scope was completed or cancelled, and only what it did is being undone."""
    undo = run.undo
    over = scope in undo.get(keeping.UNDOING, ()) or scope in undo.get(keeping.SWEEPS, ())
    return bool(undo) and over


def _match(
    handlers: Sequence[tuple[Any, EventDefinition]],
    trigger: Trigger,
    code: str | None,
    *,
    only: bool,
) -> Any | None:
    fitting = [(one, d.name) for one, d in handlers if d.trigger is trigger]
    for one, caught in fitting:
        if caught is not None and caught == code:
            return one
    for one, caught in fitting:
        if caught is None and not only:
            return one
    return None


def _terminate(run: Run, name: str, _: EventDefinition) -> None:
    scope = run.tokens[name][T_SCOPE]
    end = run.place(name).node.properties.get("end")
    stop(run, name)
    terminate(run, scope, end)


# -- messages and signals -----------------------------------------------------


def _message(run: Run, name: str, definition: EventDefinition) -> None:
    codes = [one.value for one in definition.correlation]
    found = _asked(run, name, definition, codes)
    keys = {one.key: value for one, value in zip(definition.correlation, found, strict=False)}
    data = found[-1] if definition.payload is not None else {}
    receiver = receiver_of(run, str(definition.name), keys)
    element, nth, instance = run.visit_of(name)
    run.emit(
        "message_sent",
        run.surroundings(name),
        element,
        nth,
        instance,
        name=definition.name,
        correlation=keys,
        data=data,
        received=None if receiver is None else True,
    )
    if receiver is not None:
        fire(run, receiver, data)


def _signal(run: Run, name: str, definition: EventDefinition) -> None:
    found = _asked(run, name, definition, [])
    data = found[-1] if definition.payload is not None else {}
    element, nth, instance = run.visit_of(name)
    run.emit(
        "signal_sent",
        run.surroundings(name),
        element,
        nth,
        instance,
        name=definition.name,
        data=data,
    )
    broadcast(run, str(definition.name), data)


def _asked(run: Run, name: str, definition: EventDefinition, codes: list[Code]) -> list[Any]:
    if definition.payload is not None:
        codes = [*codes, definition.payload]
    if not codes:
        return []
    names = _names(run, name)
    found = values(run, run.site(name, "payload"), codes, names)
    if definition.payload is not None and not isinstance(found[-1], dict):
        message = f"What is sent must be an object, not {str(found[-1])[:80]!r}."
        raise Stuck("payload-failed", message, expression=definition.payload.text)
    return found


def receiver_of(run: Run, name: str, keys: dict[str, Any]) -> str | None:
    """Return the oldest subscription for the message whose keys all match."""
    for number in run.watch.get("m:" + name, ()):
        wanted = run.subs[number][U_VALUE]
        if all(key in keys and keys[key] == value for key, value in wanted.items()):
            return number
    return None


def broadcast(run: Run, name: str, data: dict[str, Any]) -> int:
    """Give a signal to all who wait for it now; return how many did."""
    reached = 0
    for number in run.watch.get("s:" + name, ()):
        # One that came before may have ended this one.
        if number in run.subs:
            fire(run, number, data)
            reached += 1
    return reached


_THROW: dict[Trigger, Callable[[Run, str, EventDefinition], None]] = {
    Trigger.ERROR: _error,
    Trigger.ESCALATION: _escalation,
    Trigger.TERMINATE: _terminate,
    Trigger.MESSAGE: _message,
    Trigger.SIGNAL: _signal,
    Trigger.COMPENSATE: compensation.throw,
    Trigger.CANCEL: compensation.cancel,
}
