"""Steps that could not be taken, waiting for somebody to try them again.

SpiffWorkflow raises out of a gateway without a true branch and leaves the case
stuck; here the task keeps its state, its step is written down, and a command
takes it again. Other branches go on.
"""

from __future__ import annotations

from typing import Any

from engine.errors import NotFound
from engine.questions import Stuck
from engine.spiff.books import MULTI, Incident
from engine.spiff.machine import Token
from engine.spiff.run import Run


def park(run: Run, host: str, step: str, arguments: tuple[Any, ...], stuck: Stuck) -> None:
    """Open an incident where a step got stuck."""
    raise_incident(
        run,
        host,
        stuck.code,
        stuck.message,
        step=step,
        arguments=list(arguments),
        expression=stuck.expression,
    )


def raise_incident(
    run: Run,
    host: str | None,
    code: str,
    message: str,
    *,
    step: str | None = None,
    arguments: list[Any] | None = None,
    expression: str | None = None,
    element: str | None = None,
) -> None:
    """Open an incident of a token, of the case (``""``) or for the record only (None)."""
    number, key = run.number(), run.bundle.main
    if not host:
        scope = None if host is None else ""
        row = Incident(host, scope, key, element or key, 1, [])
    else:
        token = run.tokens[host]
        process, path = run.scopes[token.scope].process, run.path(token.scope)
        own = token.task_spec.element
        row = Incident(host, _scope_of(run, token), process, own, token.nth, path, token.instance)
    row.step, row.arguments = step, arguments
    run.incidents[number] = row
    _tell(run, "incident_raised", number, code=code, message=message[:500], expression=expression)


def _scope_of(run: Run, token: Token) -> str:
    """Return the scope that corrected data are written from."""
    for name in (token.name, token.name + "/"):
        if name in run.nets or (name in run.scopes and run.scopes[name].kind == MULTI):
            return name
    return token.scope


def drop(run: Run, host: str) -> None:
    """Close the incidents of a token that ends otherwise."""
    if run.incidents:
        found = [number for number, row in run.incidents.items() if row.host == host]
        for number in sorted(found, key=int):
            _resolve(run, number, "left")


def retry(run: Run, number: str, reason: Any) -> None:
    """Close an incident and take its step again."""
    row = run.incidents.get(number)
    if row is None:
        return
    _resolve(run, number, reason)
    if row.step is not None:
        run.perform(row.step, row.host or "", *(row.arguments or ()))


def chosen(run: Run, number: int | None) -> list[str]:
    """Return the incidents that a retry is about, oldest first.

    Raises:
        NotFound: there is none of that number.
    """
    if number is None:
        return sorted(run.incidents, key=int)
    if str(number) not in run.incidents:
        raise NotFound(f"The case has no open incident {number}.")
    return [str(number)]


def _resolve(run: Run, number: str, reason: Any) -> None:
    _tell(run, "incident_resolved", number, reason=reason)
    del run.incidents[number]


def _tell(run: Run, kind: str, number: str, **more: Any) -> None:
    row = run.incidents[number]
    event = {
        "type": kind,
        "process": row.process,
        "element": row.element,
        "nth": row.nth,
        "path": row.path,
    }
    if row.instance is not None:
        event["instance"] = row.instance
    event["incident"] = int(number)
    event.update((name, value) for name, value in more.items() if value is not None)
    run.events.append(event)
