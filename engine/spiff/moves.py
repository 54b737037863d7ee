"""Tasks become ready, and are left: how SpiffWorkflow's steps become a case's.

A task that became ready is entered in the order in which it did. What it does is
taken in steps, each of which can stop in an incident. It is ``run`` as the library
knows it only when it is left: then its children arise, and with them the flows.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.model import Kind, Trigger
from engine.commands import JsonObject
from engine.questions import Stuck, ask, mapped, run_script, truth
from engine.spiff import incidents
from engine.spiff.books import CATCHING, FRAME, JOB, THROWING, Scope
from engine.spiff.data import assign, data_at, names_at, write, write_own
from engine.spiff.kinds import NoFlowError
from engine.spiff.loops import begin_instance
from engine.spiff.machine import READY, WAITING, Token
from engine.spiff.run import Run
from engine.spiff.waits import close, open_all

_LATER = frozenset({Trigger.MESSAGE, Trigger.SIGNAL})


def arrive(run: Run, token: Token) -> None:
    """Enter the element of a task that became ready."""
    spec = token.task_spec
    if spec.whole is not None:
        begin_instance(run, token)
        return
    run.visit(token)
    kind = spec.node.kind
    if spec.activity:
        token.outcome = None
        run.perform(spec.first, token.name)
    elif kind in (Kind.CATCH, Kind.EVENT_BASED):
        run.perform("wait", token.name)
    elif kind in (Kind.THROW, Kind.END):
        run.perform("begin_throw", token.name)
    else:
        run.perform("exit", token.name, token.outcome)


def wait(run: Run, host: str) -> None:
    """Wait at a catch event or an event-based gateway.

    Raises:
        Stuck: what it waits for cannot be evaluated.
    """
    token = run.tokens[host]
    spec = token.task_spec
    events = [spec] if spec.node.kind is Kind.CATCH else spec.outputs
    wanted = [(one, index, event) for one in events for index, event in enumerate(one.node.events)]
    if not wanted:
        run.perform("exit", host, token.outcome)
        return
    fulfilled = open_all(run, token, wanted, token.scope)
    token.put(WAITING)
    token.phase = CATCHING
    fire_fulfilled(run, fulfilled)


def fire_fulfilled(run: Run, numbers: list[str]) -> None:
    """Fire conditions that held when they were opened; the first may close the rest."""
    for number in numbers:
        if number in run.subs:
            run.steps["meet"](run, number)


def begin_throw(run: Run, host: str) -> None:
    """Throw at once what walks outward; let messages and signals wait their turn."""
    token = run.tokens[host]
    if any(one.trigger in _LATER for one in token.task_spec.node.events):
        token.phase = THROWING
        run.thrown.append(host)
    else:
        run.perform("throw", host)


# -- leaving -----------------------------------------------------------------------------


def exit_from(run: Run, host: str, outcome: str | None) -> None:
    """Run the task: leave its element by the flows that SpiffWorkflow takes.

    Raises:
        Stuck: a condition fails or no flow can be taken; nothing is left then.
    """
    token, top = run.tokens[host], run.top
    scope = run.surroundings(token)
    top.verdicts = _verdicts(run, token, outcome) if token.task_spec.chooses else {}
    top.outcome = outcome
    state = token.put(READY)
    try:
        token.run()
    except NoFlowError as reason:
        token.put(state)
        raise Stuck("no-flow", str(reason)) from None
    except Stuck:
        token.put(state)
        raise
    incidents.drop(run, host)
    close(run, token)
    token.scope = scope
    run.tell(token, "element_left")
    for flow in top.taken:
        run.tell(token, "flow_taken", flow=flow)
    off_the_books(run, token)
    if not top.taken:
        run.end = token.task_spec.element
        check_done(run, token.workflow)


def off_the_books(run: Run, token: Token) -> None:
    """Forget a visit that has ended, and the content that it had."""
    net = run.top.subprocesses.pop(token.id, None)
    if net is not None:
        run.drop_scope(net.scope)
    run.forget(token)


def _verdicts(run: Run, token: Token, outcome: str | None) -> dict[str, Any]:
    """Return what each flow's condition says, asked all at once; a failure counts when met."""
    spec = token.task_spec
    verdicts: dict[str, Any] = {flow.id: True for flow in spec.flows}
    codes = [flow.condition for flow in spec.conditions]
    if codes:
        names = names_at(run, run.surroundings(token), outcome)
        answers = ask(run, run.site(token, "condition"), codes, names)
        for flow, code, answer in zip(spec.conditions, codes, answers, strict=True):
            try:
                verdicts[flow.id] = truth(answer, code)
            except Stuck as stuck:
                verdicts[flow.id] = stuck
    default = spec.node.default
    if default is not None:
        verdicts[default] = not any(verdicts[flow.id] is True for flow in spec.conditions)
    return verdicts


def stop(run: Run, token: Token) -> None:
    """Leave an end event: nothing comes after it."""
    run.top.outcome = None
    token.put(READY)
    token.run()
    incidents.drop(run, token.name)
    run.end = token.task_spec.element
    run.tell(token, "element_left")
    run.forget(token)


def cut_off(run: Run, token: Token) -> None:
    """End a visit that was not done."""
    name = token.name
    incidents.drop(run, name)
    if name in run.tasks:
        run.tell(token, "task_cancelled", task=name)
        del run.tasks[name]
    elif token.phase == JOB:
        run.tell(token, "job_cancelled", job=name)
    close(run, token)
    run.tell(token, "element_left", cancelled=True)
    run.held.pop(name, None)
    off_the_books(run, token)


def check_done(run: Run, net: Any) -> None:
    """End the content of a scope if nothing goes on in it any more."""
    if net.is_completed():
        complete(run, net)


def complete(run: Run, net: Any) -> None:
    """End the content of a scope."""
    if net is run.top:
        run.emit_case("case_completed", end=run.end)
        run.state = "completed"
        return
    net.finish()
    run.perform("finish", net.host.name, None)


# -- after an activity's work ------------------------------------------------------------------


def finish(run: Run, host: str, outcome: str | None) -> None:
    """Run the script that follows the work of an activity."""
    token = run.tokens[host]
    after = token.task_spec.node.after
    if after is not None:
        names = names_at(run, token.scope, outcome)
        found = run_script(run, run.site(token, "script"), after, names)
        assign(run, token.scope, token, found, after)
    run.perform("map", host, outcome)


def map_out(run: Run, host: str, outcome: str | None) -> None:
    """Copy data over the border of an activity, then leave it or end the instance."""
    token = run.tokens[host]
    node = token.task_spec.node
    net = run.top.subprocesses.get(token.id)
    if node.outputs or (node.all_out and net is not None):
        inside = token.scope if net is None else net.scope
        names = names_at(run, inside, outcome)
        found = mapped(run, run.site(token, "mapping"), node.outputs, names)
        if node.all_out and node.kind is Kind.CALL:
            found = {**data_at(run, inside), **found}
        _write_out(run, token, found)
    run.perform("exit" if token.task_spec.whole is None else "gather", host, outcome)


def _write_out(run: Run, token: Token, found: JsonObject) -> None:
    row = run.scopes[token.scope]
    if row.kind == FRAME and row.instance is not None:
        # What the mappings of an instance name is its own.
        write_own(run, token.scope, found, token)
    else:
        write(run, row.parent if row.kind == FRAME else token.scope, found, token)


# -- content ---------------------------------------------------------------------------------


def open_content(run: Run, token: Token, kind: str, process: str, data: JsonObject) -> None:
    """Let SpiffWorkflow open the workflow of a sub-process or call."""
    frame, element = run.scopes[token.scope], token.task_spec.element
    in_frame = frame.kind == FRAME
    scope = token.name + "/" if in_frame else token.name
    label = f"{element}[{frame.label}]" if in_frame and frame.label else None
    token.run()
    token.phase = kind
    net = run.top.subprocesses[token.id]
    net.scope = scope
    net.plant()
    run.nets[scope] = net
    run.scopes[scope] = Scope(kind, process, element, token.scope, token.nth, token.instance, label)
    if data:
        run.data.write(scope, data)
    run.perform("starts", token.name)


def start_content(
    run: Run, host: str, start: str | None = None, written: JsonObject | None = None
) -> None:
    """Begin what lies in a scope; ``start`` is the start event that has happened."""
    net = run.top if not host else run.top.subprocesses[run.tokens[host].id]
    if start is not None:
        visit_event(run, net, net.spec.by_id[start], written or {})
        return
    net.begin()
    check_done(run, net)


def visit_event(run: Run, net: Any, spec: Any, written: JsonObject) -> None:
    """Enter an event that has happened and go on from it."""
    token = net.trigger(spec)
    run.visit(token)
    write(run, token.scope, written, token)
    run.perform(after(spec), token.name, None)


def after(spec: Any) -> str:
    """Return the step that follows when an event has happened."""
    if spec.activity:
        return "finish"
    return "map" if spec.node.outputs else "exit"
