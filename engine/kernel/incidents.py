"""Steps that could not be taken, waiting for somebody to try them again.

An incident keeps its place in the count of a scope, so that nothing around it
is finished while it is open; other branches go on.
"""

from __future__ import annotations

from typing import Any

from engine.errors import NotFound
from engine.kernel.rows import (
    I_ARGUMENTS,
    I_ELEMENT,
    I_HOST,
    I_INSTANCE,
    I_NTH,
    I_PATH,
    I_PROCESS,
    I_SCOPE,
    I_STEP,
    PROCESS,
    Row,
)
from engine.kernel.run import Run
from engine.questions import Stuck


def park(run: Run, step: str, arguments: tuple[Any, ...], stuck: Stuck) -> None:
    """Open an incident where a step got stuck."""
    host = str(arguments[0])
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
    """Open an incident of a token or scope; ``host`` None: of the case, for the record only.

    Args:
        element: where it is told, if not at the host.
    """
    number = run.number()
    if host is None:
        key = run.bundle.main
        row: Row = [None, None, key, element or key, 1, [], None, None, None]
    else:
        scope = host if host not in run.tokens else run.surroundings(host)
        around = run.surroundings(host) if host else ""
        own, nth, instance = run.visit_of(host)
        process = run.scopes[around][PROCESS]
        if element is not None:
            own, nth = element, run.visits.get(process, {}).get(element, 0) + 1
        row = [scope, host, process, own, nth, run.path(around), instance, step, arguments]
        run.count(scope, 1)
    run.incidents[number] = row
    _emit(run, "incident_raised", number, code=code, message=message[:500], expression=expression)


def drop_incidents(run: Run, host: str) -> None:
    """Close the incidents of a token or scope that ends otherwise."""
    if run.incidents:
        for number in _of(run, host):
            _resolve(run, number, "left")


def retry(run: Run, number: str, reason: Any) -> None:
    """Close an incident and take its step again."""
    row = run.incidents.get(number)
    if row is None:
        return
    _resolve(run, number, reason)
    if row[I_STEP] is not None:
        run.perform(row[I_STEP], *row[I_ARGUMENTS])


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


def _of(run: Run, host: str) -> list[str]:
    found = [number for number, row in run.incidents.items() if row[I_HOST] == host]
    return sorted(found, key=int)


def _resolve(run: Run, number: str, reason: Any) -> None:
    _emit(run, "incident_resolved", number, reason=reason)
    row = run.incidents.pop(number)
    if row[I_HOST] is not None:
        run.count(row[I_SCOPE], -1)


def _emit(run: Run, kind: str, number: str, **more: Any) -> None:
    row = run.incidents[number]
    event = {
        "type": kind,
        "process": row[I_PROCESS],
        "element": row[I_ELEMENT],
        "nth": row[I_NTH],
        "path": row[I_PATH],
    }
    if row[I_INSTANCE] is not None:
        event["instance"] = row[I_INSTANCE]
    event["incident"] = int(number)
    event.update((name, value) for name, value in more.items() if value is not None)
    run.events.append(event)
