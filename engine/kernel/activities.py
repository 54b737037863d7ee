"""A visit of an activity, step by step.

``open``: boundary events start to wait. ``begin``: a loop is opened, or the one
body starts. ``body``: input mappings, the script before, then what the kind of
activity does. ``finish``, ``map``, ``gather``, ``exit``: see ``completion``,
``loops`` and ``flows``. Each step can stop in an incident and be taken again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.bpmn.model import Kind
from engine.commands import JsonObject
from engine.kernel.entering import begin_throw, fire_fulfilled
from engine.kernel.frames import frame_of
from engine.kernel.jobs import open_job
from engine.kernel.names import Names, assign, data_at, names_at, write, write_own
from engine.kernel.plan import plan_of
from engine.kernel.rows import (
    BODY,
    CALL,
    FRAME,
    KIND,
    LABEL,
    PARENT,
    PROCESS,
    T_ELEMENT,
    T_INSTANCE,
    T_NTH,
    T_SCOPE,
    T_SUBS,
    WAITING,
)
from engine.kernel.run import Run
from engine.kernel.semantics import MAX_DEPTH
from engine.kernel.subscriptions import open_all
from engine.kernel.tasks import open_task
from engine.kernel.throwing import throw_error
from engine.questions import Stuck, mapped, run_script, value_of, values
from engine.scripts import Code
from engine.sheets import Sheets


def open_activity(run: Run, name: str) -> None:
    """Let the boundary events of an activity wait, before its body starts.

    A condition that holds already may end the activity here.

    Raises:
        Stuck: one of them cannot be evaluated; none waits then.
    """
    place = run.place(name)
    if place.boundary:
        fire_fulfilled(run, open_all(run, name, place.boundary, run.surroundings(name)))
        if name not in run.tokens:
            return
    run.perform("begin" if place.node.loop is not None else "body", name)


def start_body(run: Run, name: str) -> None:
    """Start the work of an activity, or of one of its instances.

    Raises:
        Stuck: an input mapping, a script or what the activity needs fails.
    """
    place = run.place(name)
    if place.plain:
        _BODIES[place.kind](run, name)
        return
    if place.kind in (Kind.SUB_PROCESS, Kind.CALL):
        _script_before(run, name)
        _BODIES[place.kind](run, name)
        return
    if place.node.inputs:
        names = names_at(run, run.tokens[name][T_SCOPE])
        found = mapped(run, run.site(name, "mapping"), place.node.inputs, names)
        write_own(run, frame_of(run, name), found, name)
    _script_before(run, name)
    _BODIES[place.kind](run, name)


def _script_before(run: Run, name: str) -> None:
    before = run.place(name).node.before
    if before is not None:
        scope = run.tokens[name][T_SCOPE]
        site = run.site(name, "script")
        assign(run, scope, name, run_script(run, site, before, names_at(run, scope)), before)


def _pass(run: Run, name: str) -> None:
    run.perform("finish", name, None)


def _script(run: Run, name: str) -> None:
    code, scope = run.place(name).node.code, run.tokens[name][T_SCOPE]
    if code is None:
        _pass(run, name)
        return
    try:
        assigned = run_script(run, run.site(name, "script"), code, names_at(run, scope))
    except Stuck as stuck:
        # A catch-all is for the errors that the diagram throws, not for a designer's mistake.
        for thrown in stuck.thrown:
            error = {"code": thrown, "message": stuck.message}
            if throw_error(run, name, thrown, error, only=True):
                return
        raise
    assign(run, scope, name, assigned, code)
    run.perform("finish", name, None)


def _service(run: Run, name: str) -> None:
    node = run.place(name).node
    if node.topic is not None:
        open_job(run, name)
    elif node.code is not None:
        _script(run, name)
    elif node.events:
        begin_throw(run, name)
    else:
        _pass(run, name)


def _receive(run: Run, name: str) -> None:
    place, scope = run.place(name), run.tokens[name][T_SCOPE]
    if not place.node.events:
        raise Stuck("event-failed", f"Receive task {place.id!r} names no message.")
    wanted = [(place, index, one) for index, one in enumerate(place.node.events)]
    run.set_state(name, WAITING)
    open_all(run, name, wanted, scope)


def _decide(run: Run, name: str) -> None:
    place, scope = run.place(name), run.tokens[name][T_SCOPE]
    decision = place.node.decision
    if decision is None:
        _service(run, name)
        return
    site = run.site(name, "decision")
    answer = run.world.decide(site, decision.key, decision.shape, names_at(run, scope))
    found = value_of(answer, "decision")
    write(run, scope, decision.written(found["result"]), name)
    run.perform("finish", name, None)


# -- bodies --------------------------------------------------------------------


def _open_body(run: Run, name: str, kind: str, process: str, data: JsonObject) -> str:
    """Put the scope of a body where its token stands; the count stays the same."""
    token = run.tokens[name]
    around, element, nth, instance = (
        token[T_SCOPE], token[T_ELEMENT], token[T_NTH], token[T_INSTANCE]
    )  # fmt: skip
    frame = run.scopes[around]
    inside = name + "/" if frame[KIND] == FRAME else name
    label = f"{element}[{frame[LABEL]}]" if frame[KIND] == FRAME and frame[LABEL] else None
    run.remove_token(name)
    place = [kind, process, element, around, 0, nth, instance]
    run.add_scope(inside, [*place, token[T_SUBS], [], label, None])
    if data:
        run.data.write(inside, data)
    return inside


def _demand_depth(run: Run, scope: str) -> None:
    depth = 0
    while scope:
        scope = run.scopes[scope][PARENT]
        depth += 1
    if depth >= MAX_DEPTH:
        raise Stuck("limit", f"Scopes lie in each other more than {MAX_DEPTH} deep.")


def _sub_process(run: Run, name: str) -> None:
    place, scope = run.place(name), run.tokens[name][T_SCOPE]
    _demand_depth(run, scope)
    own = mapped(run, run.site(name, "mapping"), place.node.inputs, names_at(run, scope))
    assert place.body is not None
    declared = place.body.scope.data
    if declared:
        own = {**defaults(run, name, declared, names_at(run, scope, None, **own)), **own}
    inside = _open_body(run, name, BODY, run.scopes[scope][PROCESS], own)
    run.perform("starts", inside)


def _call(run: Run, name: str) -> None:
    place, scope = run.place(name), run.tokens[name][T_SCOPE]
    _demand_depth(run, scope)
    called = run.bundle.processes.get(place.node.called or "")
    if called is None:
        raise Stuck("no-process", f"Process {place.node.called!r} is not deployed with this one.")
    if called.root.starts and len(plan_of(called).root.starts) != 1:
        message = f"Process {called.key!r} has no single plain start event to begin at."
        raise Stuck("no-start", message)
    own = data_at(run, scope) if place.node.all_in else {}
    own |= mapped(run, run.site(name, "mapping"), place.node.inputs, names_at(run, scope))
    if called.root.data:
        seen = Names({"case": run.case}, Sheets({name: own}), [name])
        own = {**defaults(run, name, called.root.data, seen), **own}
    inside = _open_body(run, name, CALL, called.key, own)
    run.perform("starts", inside)


def defaults(run: Run, name: str, declared: Mapping[str, Code | None], names: Names) -> JsonObject:
    """Return the declared data of a scope; without a default they are None."""
    given = {key: code for key, code in declared.items() if code is not None}
    found = values(run, run.site(name, "mapping"), list(given.values()), names)
    return {**dict.fromkeys(declared), **dict(zip(given, found, strict=True))}


_BODIES: dict[Kind, Callable[[Run, str], None]] = {
    Kind.TASK: _pass,
    Kind.USER: open_task,
    Kind.MANUAL: open_task,
    Kind.SCRIPT: _script,
    Kind.SERVICE: _service,
    Kind.SEND: _service,
    Kind.RECEIVE: _receive,
    Kind.BUSINESS_RULE: _decide,
    Kind.SUB_PROCESS: _sub_process,
    Kind.CALL: _call,
}
