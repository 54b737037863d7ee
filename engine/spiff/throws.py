"""Throwing: errors and escalations outward, messages and signals to who waits.

All of it is ours: SpiffWorkflow takes the first message whatever its keys, keeps
none and sends none to another case, drops signal end events, and does not end a
sub-process for a signal or an escalation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.bpmn.model import EventDefinition, Kind, Trigger
from engine.questions import Stuck, values
from engine.scripts import Code
from engine.spiff.data import names_at
from engine.spiff.firing import fire, take_boundary
from engine.spiff.machine import Token
from engine.spiff.moves import check_done, complete, stop
from engine.spiff.run import Run


def throw(run: Run, host: str) -> None:
    """Throw what the element of a token throws, in order, then leave it.

    Raises:
        Stuck: an error that nobody catches, or a payload that cannot be evaluated.
    """
    token = run.tokens[host]
    outcome = token.outcome
    for definition in token.task_spec.node.events:
        _THROW[definition.trigger](run, token, definition)
        if host not in run.tokens:
            return
    if token.task_spec.activity:
        run.perform("finish", host, outcome)
    elif token.task_spec.node.kind is Kind.END:
        stop(run, token)
        check_done(run, token.workflow)
    else:
        run.perform("exit", host, outcome)


def _error(run: Run, token: Token, definition: EventDefinition) -> None:
    payload = {"code": definition.name, **_carried(run, token, definition)}
    if not throw_error(run, token, definition.name, payload):
        _announce(run, token, "error_thrown", payload)
        what = "An error" if definition.name is None else f"Error {definition.name!r}"
        raise Stuck("error", f"{what} is caught by nobody.")


def throw_error(
    run: Run, token: Token, code: str | None, payload: dict[str, Any], *, only: bool = False
) -> bool:
    """Throw an error from a token; return whether somebody caught it.

    Args:
        only: to who catches this code, never to a catch-all.
    """
    found = _catcher(run, token, Trigger.ERROR, code, only=only)
    if found is None:
        return False
    _announce(run, token, "error_thrown", payload)
    if token.task_spec.node.kind is Kind.END:
        stop(run, token)
    take_boundary(run, *found, payload)
    return True


def _escalation(run: Run, token: Token, definition: EventDefinition) -> None:
    payload = {"code": definition.name, **_carried(run, token, definition)}
    found = _catcher(run, token, Trigger.ESCALATION, definition.name)
    _announce(run, token, "escalation_thrown", payload)
    if found is not None:
        take_boundary(run, *found, payload)


def _carried(run: Run, token: Token, definition: EventDefinition) -> dict[str, Any]:
    """Return what an error or escalation carries along, if anything."""
    if definition.payload is None:
        return {}
    names = names_at(run, token.scope, token.outcome)
    return {"data": values(run, run.site(token, "payload"), [definition.payload], names)[0]}


def _announce(run: Run, token: Token, kind: str, payload: dict[str, Any]) -> None:
    # What it carries becomes data, and is told as such.
    run.tell(token, kind, **{key: value for key, value in payload.items() if key != "data"})


def _catcher(
    run: Run, token: Token, trigger: Trigger, code: str | None, *, only: bool = False
) -> tuple[Token, Any, EventDefinition] | None:
    """Return the nearest boundary event that catches it, outward; calls are one more level."""
    while True:
        activity = run.whole(token)
        catches = [one for one in activity.task_spec.catches if one[1].trigger is trigger]
        for spec, definition in catches:
            if definition.name is not None and definition.name == code:
                return activity, spec, definition
        for spec, definition in catches:
            if definition.name is None and not only:
                return activity, spec, definition
        if activity.workflow is run.top:
            return None
        token = activity.workflow.host


def _terminate(run: Run, token: Token, _: EventDefinition) -> None:
    net = token.workflow
    end = token.task_spec.node.properties.get("end")
    stop(run, token)
    net.cancel()
    if end is None or net is not run.top:
        complete(run, net)
        return
    run.emit_case("case_cancelled", end=end)
    run.state = "cancelled"


# -- messages and signals ------------------------------------------------------------------


def _message(run: Run, token: Token, definition: EventDefinition) -> None:
    found = _asked(run, token, definition, [one.value for one in definition.correlation])
    keys = {one.key: value for one, value in zip(definition.correlation, found, strict=False)}
    data = found[-1] if definition.payload is not None else {}
    receiver = receiver_of(run, str(definition.name), keys)
    run.tell(
        token,
        "message_sent",
        name=definition.name,
        correlation=keys,
        data=data,
        received=None if receiver is None else True,
    )
    if receiver is not None:
        fire(run, receiver, data)


def _signal(run: Run, token: Token, definition: EventDefinition) -> None:
    found = _asked(run, token, definition, [])
    data = found[-1] if definition.payload is not None else {}
    run.tell(token, "signal_sent", name=definition.name, data=data)
    broadcast(run, str(definition.name), data)


def _asked(run: Run, token: Token, definition: EventDefinition, codes: Sequence[Code]) -> list[Any]:
    if definition.payload is not None:
        codes = [*codes, definition.payload]
    if not codes:
        return []
    names = names_at(run, token.scope, token.outcome)
    found = values(run, run.site(token, "payload"), codes, names)
    if definition.payload is not None and not isinstance(found[-1], dict):
        message = f"What is sent must be an object, not {str(found[-1])[:80]!r}."
        raise Stuck("payload-failed", message, expression=definition.payload.text)
    return found


def receiver_of(run: Run, name: str, keys: dict[str, Any]) -> str | None:
    """Return the oldest subscription for the message whose keys all match."""
    for number in _waiting(run, "message", name):
        wanted = run.subs[number].value
        if all(key in keys and keys[key] == value for key, value in wanted.items()):
            return number
    return None


def broadcast(run: Run, name: str, data: dict[str, Any]) -> int:
    """Give a signal to all who wait for it now; return how many did."""
    reached = 0
    for number in _waiting(run, "signal", name):
        # One that came before may have ended this one.
        if number in run.subs:
            fire(run, number, data)
            reached += 1
    return reached


def _waiting(run: Run, kind: str, name: str) -> list[str]:
    found = []
    for number in sorted(run.subs, key=int):
        row = run.subs[number]
        if row.type == kind:
            event = run.area(row.scope).by_id[row.element].node.events[row.index]
            if event.name == name:
                found.append(number)
    return found


_THROW = {
    Trigger.ERROR: _error,
    Trigger.ESCALATION: _escalation,
    Trigger.TERMINATE: _terminate,
    Trigger.MESSAGE: _message,
    Trigger.SIGNAL: _signal,
}
