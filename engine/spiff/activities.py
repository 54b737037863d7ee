"""What an activity does: mappings, scripts and the work of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.bpmn.model import Kind
from engine.commands import JsonObject
from engine.questions import Stuck, mapped, run_script, value_of, values
from engine.scripts import Code
from engine.spiff.books import BODY, CALL, CATCHING, FRAME, JOB, Scope
from engine.spiff.data import assign, data_at, names_at, write, write_own
from engine.spiff.limits import MAX_DEPTH
from engine.spiff.machine import WAITING, Token
from engine.spiff.moves import begin_throw, fire_fulfilled, open_content
from engine.spiff.notes import register
from engine.spiff.run import Run
from engine.spiff.tasks import open_task
from engine.spiff.throws import throw_error
from engine.spiff.waits import open_all


def open_activity(run: Run, host: str) -> None:
    """Let the boundary events of an activity wait, before its body starts.

    Raises:
        Stuck: one of them cannot be evaluated; none waits then.
    """
    token = run.tokens[host]
    spec = token.task_spec
    if spec.boundary:
        fire_fulfilled(run, open_all(run, token, spec.boundary, run.surroundings(token)))
        if host not in run.tokens:
            return
    run.perform("body" if spec.node.loop is None else "begin", host)


def start_body(run: Run, host: str) -> None:
    """Start the work of an activity, or of one of its instances.

    Raises:
        Stuck: an input mapping, a script or what the activity needs fails.
    """
    token = run.tokens[host]
    node = token.task_spec.node
    holds = node.kind in (Kind.SUB_PROCESS, Kind.CALL)
    if node.inputs and not holds:
        names = names_at(run, token.scope)
        found = mapped(run, run.site(token, "mapping"), node.inputs, names)
        write_own(run, frame_of(run, token), found, token)
    if node.before is not None:
        site = run.site(token, "script")
        script = run_script(run, site, node.before, names_at(run, token.scope))
        assign(run, token.scope, token, script, node.before)
    _BODIES[node.kind](run, token)


def frame_of(run: Run, token: Token) -> str:
    """Return the frame that a token stands in, opened at the first need."""
    row = run.scopes[token.scope]
    if row.kind != FRAME:
        element = token.task_spec.element
        run.scopes[token.name] = Scope(FRAME, row.process, element, token.scope, token.nth)
        token.scope = token.name
    return token.scope


def _pass(run: Run, token: Token) -> None:
    run.perform("finish", token.name, None)


def _script(run: Run, token: Token) -> None:
    code = token.task_spec.node.code
    if code is None:
        _pass(run, token)
        return
    try:
        site = run.site(token, "script")
        assigned = run_script(run, site, code, names_at(run, token.scope))
    except Stuck as stuck:
        # A catch-all is for the errors that the diagram throws, not for a mistake in a script.
        for thrown in stuck.thrown:
            error = {"code": thrown, "message": stuck.message}
            if throw_error(run, token, thrown, error, only=True):
                return
        raise
    assign(run, token.scope, token, assigned, code)
    _pass(run, token)


def _service(run: Run, token: Token) -> None:
    node = token.task_spec.node
    if node.topic is not None:
        names = names_at(run, token.scope)
        inputs = {one.target: names[one.target] for one in node.inputs}
        if node.topic == "register":
            register(run, token, inputs)
            _pass(run, token)
            return
        token.phase = JOB
        run.tell(token, "job_opened", job=token.name, topic=node.topic, data=inputs)
    elif node.code is not None:
        _script(run, token)
    elif node.events:
        begin_throw(run, token.name)
    else:
        _pass(run, token)


def _receive(run: Run, token: Token) -> None:
    spec = token.task_spec
    if not spec.node.events:
        raise Stuck("event-failed", f"Receive task {spec.element!r} names no message.")
    wanted = [(spec, index, one) for index, one in enumerate(spec.node.events)]
    open_all(run, token, wanted, token.scope)
    token.put(WAITING)
    token.phase = CATCHING


def _decide(run: Run, token: Token) -> None:
    decision = token.task_spec.node.decision
    if decision is None:
        _service(run, token)
        return
    site = run.site(token, "decision")
    names = names_at(run, token.scope)
    answer = run.world.decide(site, decision.key, decision.shape, names)
    found = value_of(answer, "decision")
    write(run, token.scope, decision.written(found["result"]), token)
    _pass(run, token)


# -- content ---------------------------------------------------------------------------


def _demand_depth(run: Run, scope: str) -> None:
    depth = 0
    while scope:
        scope = run.scopes[scope].parent
        depth += 1
    if depth >= MAX_DEPTH:
        raise Stuck("limit", f"Scopes lie in each other more than {MAX_DEPTH} deep.")


def _sub_process(run: Run, token: Token) -> None:
    node, scope = token.task_spec.node, token.scope
    _demand_depth(run, scope)
    own = mapped(run, run.site(token, "mapping"), node.inputs, names_at(run, scope))
    if node.body.data:
        seen = names_at(run, scope, None, **own)
        own = {**defaults(run, token, node.body.data, seen), **own}
    open_content(run, token, BODY, run.scopes[scope].process, own)


def _call(run: Run, token: Token) -> None:
    node, scope = token.task_spec.node, token.scope
    _demand_depth(run, scope)
    called = run.bundle.processes.get(node.called or "")
    if called is None:
        message = f"Process {node.called!r} is not deployed with this one."
        raise Stuck("no-process", message)
    own = data_at(run, scope) if node.all_in else {}
    own |= mapped(run, run.site(token, "mapping"), node.inputs, names_at(run, scope))
    if called.root.data:
        seen = {"case": run.case, **own}
        own = {**defaults(run, token, called.root.data, seen), **own}
    open_content(run, token, CALL, called.key, own)


def defaults(
    run: Run, token: Token | None, declared: Mapping[str, Code | None], names: Mapping[str, Any]
) -> JsonObject:
    """Return the declared data of a scope; without a default they are None."""
    given = {key: code for key, code in declared.items() if code is not None}
    found = values(run, run.site(token, "mapping"), list(given.values()), names)
    return {**dict.fromkeys(declared), **dict(zip(given, found, strict=True))}


_BODIES: dict[Kind, Callable[[Run, Token], None]] = {
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
