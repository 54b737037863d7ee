"""Service tasks: work that the engine, the application or a program outside does.

What changes a running multi-instance activity is done here at once. Every other
topic opens a job; its result comes back as a command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import notes
from engine.commands import CompleteJob, FailJob, JsonObject
from engine.errors import NothingWaits
from engine.kernel.frames import frame_of
from engine.kernel.holds import hold, release
from engine.kernel.incidents import raise_incident
from engine.kernel.loops import add, cancel, enclosing, instance_of
from engine.kernel.names import names_at, write, write_own
from engine.kernel.rows import (
    BODY,
    CALL,
    CASE,
    ELEMENT,
    FAILED_JOB,
    JOB,
    KIND,
    PARENT,
    STOPPED,
    T_ELEMENT,
    T_INSTANCE,
    T_NTH,
    T_SCOPE,
    T_STATE,
)
from engine.kernel.run import Run
from engine.kernel.throwing import throw_error
from engine.questions import Stuck


def open_job(run: Run, name: str) -> None:
    """Do what the topic says, or open a job for somebody who does.

    Raises:
        Stuck: the topic is the engine's and cannot be done here.
    """
    place, scope = run.place(name), run.tokens[name][T_SCOPE]
    topic = place.node.topic or ""
    inputs = _inputs(run, name, scope)
    if topic in _TOPICS:
        _TOPICS[topic](run, name, inputs)
        # It may have cancelled the instance that it stands in.
        if name in run.tokens:
            run.perform("finish", name, None)
        return
    run.set_state(name, JOB)
    _emit(run, name, "job_opened", topic=topic, data=inputs)


def _inputs(run: Run, name: str, scope: str) -> JsonObject:
    names = names_at(run, scope)
    return {one.target: names[one.target] for one in run.place(name).node.inputs}


def _emit(run: Run, name: str, kind: str, **more: Any) -> None:
    row = run.tokens[name]
    place = row[T_SCOPE], row[T_ELEMENT], row[T_NTH], row[T_INSTANCE]
    run.emit(kind, *place, job=name, **more)


def _demand_job(run: Run, name: str) -> str:
    row = run.tokens.get(name)
    if row is None or row[T_STATE] != JOB:
        raise NothingWaits(f"Job {name!r} is not open.", hint="It was completed or cancelled.")
    return str(row[T_SCOPE])


def _register(run: Run, name: str, inputs: JsonObject) -> None:
    """Enter a row in one or more registers; see ``notes.row``."""
    entered = notes.row(inputs, unit=run.case["unit"], author=run.actor)
    _emit(run, name, "row_registered", **entered)


def complete_job(run: Run, command: CompleteJob) -> None:
    """Take the result of a job and go on."""
    name = command.job
    scope = _demand_job(run, name)
    _emit(run, name, "job_completed")
    run.set_state(name, STOPPED)
    if run.place(name).node.outputs:
        # Declared output mappings choose what of the result is kept.
        write_own(run, frame_of(run, name), command.data, name)
    else:
        write(run, scope, command.data, name)
    run.perform("finish", name, None)


def fail_job(run: Run, command: FailJob) -> None:
    """Take a job's failure: an error if its code is caught, else an incident."""
    name, code = command.job, command.error_code
    _demand_job(run, name)
    _emit(run, name, "job_failed", message=command.message, code=code)
    run.set_state(name, FAILED_JOB)
    error = {"code": code, "message": command.message}
    if code is None or not throw_error(run, name, code, error):
        # The inputs are mapped again at a retry: corrected data may be the cure.
        raise_incident(run, name, "job-failed", command.message, step="body", arguments=[name])


def _add(run: Run, name: str, inputs: JsonObject) -> None:
    loop, _ = _loop(run, _scope(run, name))
    add(run, loop, inputs.get("item"))


def _cancel(run: Run, name: str, inputs: JsonObject) -> None:
    loop, _ = _loop(run, _scope(run, name))
    key = str(inputs.get("key"))
    frame = instance_of(run, loop, key)
    if frame is None:
        raise Stuck("instance-failed", f"No instance {key!r} is open.")
    cancel(run, frame, inputs.get("reason"))


def _hold(run: Run, name: str, inputs: JsonObject) -> None:
    for frame in _siblings(run, _scope(run, name)):
        hold(run, frame, inputs.get("reason"))


def _release(run: Run, name: str, _: JsonObject) -> None:
    for frame in _siblings(run, _scope(run, name)):
        release(run, frame)


def _hold_scope(run: Run, name: str, inputs: JsonObject) -> None:
    hold(run, _named_scope(run, _scope(run, name), inputs), inputs.get("reason"))


def _release_scope(run: Run, name: str, inputs: JsonObject) -> None:
    release(run, _named_scope(run, _scope(run, name), inputs))


def _named_scope(run: Run, scope: str, inputs: JsonObject) -> str:
    """Return the open scope of the element that ``inputs`` name, in the same process instance."""
    element, home = str(inputs.get("element")), _instance(run, scope)
    for name in sorted(run.scopes):
        row = run.scopes[name]
        if row[KIND] == BODY and row[ELEMENT] == element and _instance(run, row[PARENT]) == home:
            return name
    raise Stuck("hold-failed", f"No sub-process {element!r} is open here.")


def _scope(run: Run, name: str) -> str:
    return str(run.tokens[name][T_SCOPE])


def _instance(run: Run, scope: str) -> str:
    while run.scopes[scope][KIND] not in (CASE, CALL):
        scope = run.scopes[scope][PARENT]
    return scope


def _siblings(run: Run, scope: str) -> list[str]:
    name, own = _loop(run, scope)
    return [one for one, is_token in run.children(name) if not is_token and one != own]


def _loop(run: Run, scope: str) -> tuple[str, str]:
    found = enclosing(run, scope)
    if found is None:
        raise Stuck("instance-failed", "There is no multi-instance activity around this.")
    return found


_TOPICS: dict[str, Callable[[Run, str, JsonObject], None]] = {
    "add-instance": _add,
    "cancel-instance": _cancel,
    "hold-siblings": _hold,
    "hold-scope": _hold_scope,
    "register": _register,
    "release-scope": _release_scope,
    "release-siblings": _release,
}
