"""Which function does what a command asks, and which takes a step.

Tasks that became ready are entered first in, first out until none is left; then
inclusive joins that wait for nothing fire; then *one* message or signal is thrown;
and so on until everything waits. Limits whose data were written are evaluated
once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import commands as c
from engine.errors import EngineError, NothingWaits, NotOnExecutor, WrongState
from engine.periods import parse_moment
from engine.spiff import (
    activities,
    clocks,
    firing,
    incidents,
    loops,
    moves,
    notes,
    starting,
    tasks,
    throws,
)
from engine.spiff.books import FAILED, JOB, STOPPED
from engine.spiff.data import write, write_own
from engine.spiff.machine import READY, Token
from engine.spiff.run import Run, Step
from engine.spiff.waits import arm, tell_timer


def run_command(run: Run, command: c.Command) -> None:
    """Do what a command asks, and all that follows from it."""
    HANDLERS[type(command)](run, command)
    drain(run)
    if run.stale and run.state == "open":
        clocks.settle(run)


def drain(run: Run) -> None:
    """Let tasks move until everything waits."""
    queue = run.top.queue
    while True:
        if run.dirty:
            firing.look_again(run)
        elif queue:
            token = queue.popleft()
            # One that was cut off meanwhile is no longer ready.
            if token.is_ready:
                moves.arrive(run, token)
        elif _fire_joins(run):
            continue
        elif run.thrown:
            host = run.thrown.popleft()
            if host in run.tokens:
                run.perform("throw", host)
        else:
            return


def _fire_joins(run: Run) -> bool:
    """Let every inclusive join that waits for nothing go on; return whether there was one."""
    ready: list[tuple[Any, Token, dict[str | None, Token]]] = []
    for scope in sorted(name for name, net in run.nets.items() if net.spec.joins):
        for join in sorted(run.nets[scope].spec.joins, key=lambda one: str(one.element)):
            first = join.waiting(next(iter(run.nets[scope].tasks.values())))
            if first and not join.is_open(next(iter(first.values()))):
                ready.append((join, list(first.values())[-1], first))
    for join, token, first in ready:
        join.merge(token, first)
        token.put(READY)
        run.top.queue.append(token)
    for _ in ready:
        # At once, before what they lead to moves.
        moves.arrive(run, run.top.queue.popleft())
    return bool(ready)


STEPS: dict[str, Step] = {
    "again": firing.again,
    "around": loops.around,
    "begin": loops.start,
    "begin_case": starting.begin_case,
    "begin_throw": moves.begin_throw,
    "body": activities.start_body,
    "command": lambda run, _, document: _command_again(run, document),
    "cut": moves.cut_off,
    "exit": moves.exit_from,
    "finish": moves.finish,
    "fire": lambda run, _, number: _fire_again(run, number),
    "gather": loops.gather,
    "map": moves.map_out,
    "meet": firing.fire,
    "open": activities.open_activity,
    "park": incidents.park,
    "recheck": firing.recheck,
    "recount": clocks.recount,
    "redue": clocks.redue,
    "reshift": clocks.reshift,
    "reshift_task": clocks.reshift_task,
    "retime": clocks.retime,
    "starts": moves.start_content,
    "throw": throws.throw,
    "wait": moves.wait,
}
"""Every step, by the name that an incident keeps."""


def _command_again(run: Run, document: c.JsonObject) -> None:
    command = c.from_json(document)
    try:
        HANDLERS[type(command)](run, command)
    except EngineError:
        # What it was about has come to an end by another way.
        return


def _fire_again(run: Run, number: str) -> None:
    row = run.subs.get(number)
    if row is not None and row.left == _NOTHING_LEFT:
        row.left = None
        arm(run, number)
        firing.fire(run, number)


# -- commands about the case ----------------------------------------------------------------


def _fire_timer(run: Run, command: c.FireTimer) -> None:
    number = str(command.timer)
    row = run.subs.get(number)
    if row is None or row.type != "timer" or row.left is not None or row.value is None:
        raise NothingWaits(f"Timer {number} is not armed.")
    if parse_moment(row.value) != parse_moment(command.due_at):
        raise NothingWaits(f"Timer {number} is due at {row.value}, not {command.due_at}.")
    firing.fire(run, number)


def _correlate(run: Run, command: c.CorrelateMessage) -> None:
    number = throws.receiver_of(run, command.name, command.correlation)
    if number is None:
        raise NothingWaits(f"Nothing in the case waits for message {command.name!r}.")
    firing.fire(run, number, command.data)


def _signal(run: Run, command: c.ReceiveSignal) -> None:
    if not throws.broadcast(run, command.name, command.data):
        raise NothingWaits(f"Nothing in the case waits for signal {command.name!r}.")


def _demand_job(run: Run, name: str) -> Token:
    token = run.tokens.get(name)
    if token is None or token.phase != JOB:
        raise NothingWaits(f"Job {name!r} is not open.", hint="It was completed or cancelled.")
    return token


def _complete_job(run: Run, command: c.CompleteJob) -> None:
    token = _demand_job(run, command.job)
    run.tell(token, "job_completed", job=command.job)
    token.phase = STOPPED
    if token.task_spec.node.outputs:
        # Declared output mappings choose what of the result is kept.
        write_own(run, activities.frame_of(run, token), command.data, token)
    else:
        write(run, token.scope, command.data, token)
    run.perform("finish", command.job, None)


def _fail_job(run: Run, command: c.FailJob) -> None:
    name, code = command.job, command.error_code
    token = _demand_job(run, name)
    run.tell(token, "job_failed", job=name, message=command.message, code=code)
    token.phase = FAILED
    error = {"code": code, "message": command.message}
    if code is None or not throws.throw_error(run, token, code, error):
        # The inputs are mapped again at a retry: corrected data may be the cure.
        incidents.raise_incident(
            run, name, "job-failed", command.message, step="body", arguments=[]
        )


def _raise(run: Run, command: c.RaiseIncident) -> None:
    incidents.raise_incident(run, None, command.code, command.message, element=command.element)


def _retry(run: Run, command: c.RetryIncident) -> None:
    numbers = incidents.chosen(run, command.incident)
    if not numbers:
        raise NothingWaits("The case has no open incident to retry.")
    for number in numbers:
        row = run.incidents.get(number)
        if command.data and row is not None and row.scope is not None:
            host = run.tokens[row.host] if row.host else None
            write(run, row.scope, command.data, host)
        incidents.retry(run, number, command.reason)
        drain(run)


def _cancel(run: Run, command: c.CancelCase) -> None:
    run.top.cancel()
    incidents.drop(run, "")
    run.thrown.clear()
    run.emit_case("case_cancelled", end=command.end, reason=command.reason, into=command.into)
    run.state = "cancelled"


def _link(run: Run, command: c.LinkCase) -> None:
    run.emit_case("case_linked", case=command.other, link=command.kind, reason=command.reason)


def _unlink(run: Run, command: c.UnlinkCase) -> None:
    run.emit_case("case_unlinked", case=command.other, reason=command.reason)


def _refuse(what: str) -> Callable[[Run, c.Command], None]:
    def refuse(*_: Any) -> None:
        raise NotOnExecutor(
            f"Executor 'spiff' cannot {what}: SpiffWorkflow has nothing for it.",
            hint="Deploy the process for the executor 'kernel'; new cases of it can.",
        )

    return refuse


HANDLERS: dict[type[c.Command], Callable[[Run, Any], None]] = {
    c.StartCase: starting.start_case,
    c.ClaimTask: tasks.claim,
    c.UnclaimTask: tasks.unclaim,
    c.TransferTask: tasks.transfer,
    c.CompleteTask: tasks.complete_task,
    c.SuspendTask: clocks.suspend_task,
    c.ResumeTask: clocks.resume_task,
    c.ExtendTask: clocks.extend_task,
    c.AddComment: notes.comment,
    c.AddAttachment: notes.attach,
    c.FireTimer: _fire_timer,
    c.CorrelateMessage: _correlate,
    c.ReceiveSignal: _signal,
    c.CompleteJob: _complete_job,
    c.FailJob: _fail_job,
    c.RaiseIncident: _raise,
    c.RetryIncident: _retry,
    c.SuspendCase: clocks.suspend_case,
    c.ResumeCase: clocks.resume_case,
    c.CancelCase: _cancel,
    c.LinkCase: _link,
    c.UnlinkCase: _unlink,
    c.MigrateCase: _refuse("let a running case go on with another version"),
    c.AddInstance: _refuse("add an instance to a running multi-instance activity"),
    c.CancelInstance: _refuse("cancel one instance of a multi-instance activity"),
    c.HoldScope: _refuse("hold one instance of a multi-instance activity"),
    c.ReleaseScope: _refuse("release one instance of a multi-instance activity"),
    c.RecomputeDeadlines: clocks.recompute,
}

_NOTHING_LEFT = {"$amount": 0, "unit": "MIN"}

_WHILE_SUSPENDED = (
    c.ResumeCase, c.SuspendCase, c.CancelCase, c.AddComment, c.AddAttachment,
    c.RaiseIncident, c.RecomputeDeadlines, c.LinkCase, c.UnlinkCase,
)  # fmt: skip
_OF_OPEN_CASES = (
    c.SuspendCase, c.ResumeCase, c.CancelCase, c.RecomputeDeadlines, c.LinkCase, c.UnlinkCase,
)  # fmt: skip


def demand_state(run: Run, command: c.Command) -> None:
    """Refuse what the case's state does not allow.

    Raises:
        WrongState: then.
        NotOnExecutor: this executor has no such command.
    """
    if type(command) not in HANDLERS:
        _refuse(command.type.replace("_", " "))(run, command)
    if run.state == "open" and type(command) is not c.StartCase:
        return
    if isinstance(command, c.StartCase) != (run.state == "new"):
        raise WrongState(f"The case is {run.state}.")
    if run.state == "suspended" and not isinstance(command, _WHILE_SUSPENDED):
        raise WrongState("The case is suspended.", hint="It takes commands once it is resumed.")
    if run.state in ("completed", "cancelled") and isinstance(command, _OF_OPEN_CASES):
        raise WrongState(f"The case is {run.state}.")
    if run.state == "incident":
        run.state = "open"


def park_command(run: Run, command: c.Command, message: str) -> None:
    """Record that a command did too much; a retry does it again."""
    host, step = "", "command"
    arguments: list[Any] = [command.to_json()]
    if isinstance(command, c.StartCase):
        starting.found_case(run, command)
        step, arguments = "begin_case", [command.data, command.start]
    elif isinstance(command, c.FireTimer):
        number = str(command.timer)
        # Otherwise it would be due again at once, for ever.
        row = run.subs[number]
        host, step, arguments = row.host, "fire", [number]
        row.left = _NOTHING_LEFT
        tell_timer(run, number, "timer_held", remaining=_NOTHING_LEFT)
    elif isinstance(command, c.CompleteJob | c.FailJob):
        host = command.job
    elif isinstance(command, c.CompleteTask):
        # The task stays open; only its own people complete it.
        incidents.raise_incident(run, command.task, "limit", message)
        return
    incidents.raise_incident(run, host, "limit", message, step=step, arguments=arguments)
