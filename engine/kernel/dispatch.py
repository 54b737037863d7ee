"""Which function does what a command asks, and which takes a step.

Order inside one command: tokens move first in, first out until the queue is
empty; then inclusive joins that wait for nothing fire; then *one* message or
signal is thrown; and so on until everything waits. Limits whose data were
written are evaluated once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import commands as c
from engine.errors import EngineError, InvalidRequest, NothingWaits, WrongState
from engine.kernel import (
    activities,
    adhoc,
    beside,
    clocks,
    compensation,
    completion,
    complexes,
    entering,
    firing,
    flows,
    holds,
    incidents,
    jobs,
    keeping,
    loops,
    migrating,
    moving,
    notes,
    reviews,
    starting,
    tasks,
    throwing,
)
from engine.kernel.complexes import fire_complex
from engine.kernel.ending import close_starts, kill_content
from engine.kernel.merging import fire_inclusive
from engine.kernel.names import write
from engine.kernel.rows import (
    FRAME,
    I_SCOPE,
    KIND,
    LOOP,
    MODE,
    MULTI,
    U_HOST,
    U_LEFT,
    U_TYPE,
    U_VALUE,
)
from engine.kernel.run import Run, Step
from engine.kernel.subscriptions import arm, emit_timer
from engine.periods import parse_moment
from engine.questions import Stuck


def run_command(run: Run, command: c.Command) -> None:
    """Do what a command asks, and all that follows from it."""
    HANDLERS[type(command)](run, command)
    drain(run)
    if run.stale and run.state == "open":
        clocks.settle(run)


_TOKEN, _INSTANCE = 4, 2
"""Lengths of what is queued: see ``Run.queue``."""


def drain(run: Run) -> None:
    """Let tokens move until everything waits."""
    while True:
        if run.dirty:
            firing.look_again(run)
        elif run.queue:
            item = run.queue.popleft()
            if len(item) == _TOKEN:
                entering.arrive(run, *item)
            elif len(item) == _INSTANCE:
                loops.begin_instance(run, *item)
            else:
                compensation.begin(run, *item[:_INSTANCE])
        elif run.merges and (fire_inclusive(run) or fire_complex(run)):
            continue
        elif run.thrown:
            one = run.thrown.pop(0)
            if not isinstance(one, str):
                if one[0] in run.scopes:
                    run.perform("announce", *one)
            elif one in run.tokens:
                run.perform("throw", one)
        else:
            return


STEPS: dict[str, Step] = {
    "again": firing.again,
    "announce": loops.announced,
    "around": loops.around,
    "begin": loops.start,
    "begin_case": starting.begin_case,
    "begin_throw": entering.begin_throw,
    "body": activities.start_body,
    "cancelled": compensation.cancelled,
    "command": lambda run, _, document: _command_again(run, document),
    "complete": flows.complete,
    "exit": flows.exit_from,
    "finish": completion.finish,
    "fire": lambda run, _, number: _fire_again(run, number),
    "gather": loops.gather,
    "leave_free": adhoc.leave_free,
    "map": completion.map_out,
    "meet": complexes.meet,
    "offer": tasks.open_task,
    "open": activities.open_activity,
    "open_up": adhoc.open_up,
    "park": incidents.park,
    "recheck": firing.recheck,
    "recount": clocks.recount,
    "redue": clocks.redue,
    "reopen": firing.reopen,
    "reshift": clocks.reshift,
    "reshift_task": clocks.reshift_task,
    "retime": clocks.retime,
    "starts": entering.start_content,
    "throw": throwing.throw,
    "thrown": throwing.thrown,
    "undone": compensation.undone,
    "wait": entering.wait,
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
    if row is not None and row[U_LEFT] == _NOTHING_LEFT:
        run.subs[number] = [*row[:U_LEFT], None, *row[U_LEFT + 1 :]]
        arm(run, number)
        firing.fire(run, number)


# -- commands about the case ------------------------------------------------------


def _fire_timer(run: Run, command: c.FireTimer) -> None:
    number = str(command.timer)
    row = run.subs.get(number)
    is_timer = row is not None and row[U_TYPE] == "timer"
    if run.beside and row is None and reviews.fire(run, number, command.due_at):
        return
    if row is None or not is_timer or row[U_LEFT] is not None or row[U_VALUE] is None:
        raise NothingWaits(f"Timer {number} is not armed.")
    if row[U_VALUE] != command.due_at and parse_moment(row[U_VALUE]) != parse_moment(
        command.due_at
    ):
        raise NothingWaits(f"Timer {number} is due at {row[U_VALUE]}, not {command.due_at}.")
    firing.fire(run, number)


def _correlate(run: Run, command: c.CorrelateMessage) -> None:
    number = throwing.receiver_of(run, command.name, command.correlation)
    if number is None:
        raise NothingWaits(f"Nothing in the case waits for message {command.name!r}.")
    firing.fire(run, number, command.data)


def _signal(run: Run, command: c.ReceiveSignal) -> None:
    if not throwing.broadcast(run, command.name, command.data):
        raise NothingWaits(f"Nothing in the case waits for signal {command.name!r}.")


def _raise(run: Run, command: c.RaiseIncident) -> None:
    incidents.raise_incident(run, None, command.code, command.message, element=command.element)


def _retry(run: Run, command: c.RetryIncident) -> None:
    numbers = incidents.chosen(run, command.incident)
    if not numbers:
        raise NothingWaits("The case has no open incident to retry.")
    for number in numbers:
        if command.data and number in run.incidents:
            host = run.incidents[number][I_SCOPE]
            if host is not None:
                write(run, host, command.data, run.incidents[number][1])
        incidents.retry(run, number, command.reason)
        drain(run)


def _cancel(run: Run, command: c.CancelCase) -> None:
    kill_content(run, "")
    close_starts(run, "")
    run.thrown.clear()
    run.emit_case("case_cancelled", end=command.end, reason=command.reason, into=command.into)
    run.state = "cancelled"


def _link(run: Run, command: c.LinkCase) -> None:
    run.emit_case("case_linked", case=command.other, link=command.kind, reason=command.reason)


def _unlink(run: Run, command: c.UnlinkCase) -> None:
    run.emit_case("case_unlinked", case=command.other, reason=command.reason)


def _multi(run: Run, activity: str) -> str:
    row = run.scopes.get(activity)
    is_multi = row is not None and row[KIND] == MULTI and row[LOOP][MODE] != "standard"
    if not is_multi or activity in run.undo.get(keeping.SWEEPS, ()):
        raise NothingWaits(f"No multi-instance activity {activity!r} is running.")
    return activity


def _instance(run: Run, activity: str, instance: int) -> str:
    frame = f"{_multi(run, activity)}.{instance}"
    if frame not in run.scopes or run.scopes[frame][KIND] != FRAME:
        raise NothingWaits(f"Instance {instance} of {activity!r} is not open.")
    return frame


def _add_instance(run: Run, command: c.AddInstance) -> None:
    activity, item = _multi(run, command.activity), command.item
    try:
        if command.key is not None:
            item = loops.chosen(run, activity, command.key)
        loops.add(run, activity, item, command.reason)
    except Stuck as stuck:
        raise InvalidRequest(stuck.message) from None


def _cancel_instance(run: Run, command: c.CancelInstance) -> None:
    loops.cancel(run, _instance(run, command.activity, command.instance), command.reason)


def _hold(run: Run, command: c.HoldScope) -> None:
    holds.hold(run, _instance(run, command.activity, command.instance), command.reason)


def _release(run: Run, command: c.ReleaseScope) -> None:
    holds.release(run, _instance(run, command.activity, command.instance))


HANDLERS: dict[type[c.Command], Callable[[Run, Any], None]] = {
    c.StartCase: starting.start_case,
    c.ClaimTask: tasks.claim,
    c.UnclaimTask: tasks.unclaim,
    c.TransferTask: tasks.transfer,
    c.CompleteTask: beside.complete,
    c.AddSignature: beside.add,
    c.GiveSignature: beside.give,
    c.RemoveSignature: beside.remove,
    c.RemindTask: beside.remind,
    c.CopyTask: beside.copy,
    c.ReadCopy: beside.read_copy,
    c.SuspendTask: holds.suspend_task,
    c.ResumeTask: holds.resume_task,
    c.ExtendTask: clocks.extend_task,
    c.AddComment: notes.comment,
    c.AddAttachment: notes.attach,
    c.FireTimer: _fire_timer,
    c.CorrelateMessage: _correlate,
    c.ReceiveSignal: _signal,
    c.CompleteJob: jobs.complete_job,
    c.FailJob: jobs.fail_job,
    c.RaiseIncident: _raise,
    c.RetryIncident: _retry,
    c.SuspendCase: holds.suspend_case,
    c.ResumeCase: holds.resume_case,
    c.CancelCase: _cancel,
    c.LinkCase: _link,
    c.UnlinkCase: _unlink,
    c.AddInstance: _add_instance,
    c.CancelInstance: _cancel_instance,
    c.HoldScope: _hold,
    c.ReleaseScope: _release,
    c.StartActivity: adhoc.start_activity,
    c.CompleteScope: adhoc.complete_scope,
    c.MoveTokens: lambda run, command: moving.move_tokens(run, command, drain),
    c.RecomputeDeadlines: clocks.recompute,
    c.MigrateCase: migrating.migrate,
}

_NOTHING_LEFT = {"$amount": 0, "unit": "MIN"}

_WHILE_SUSPENDED = (
    c.ResumeCase, c.SuspendCase, c.CancelCase, c.AddComment, c.AddAttachment,
    c.RaiseIncident, c.RecomputeDeadlines, c.MigrateCase, c.CopyTask, c.ReadCopy,
    c.LinkCase, c.UnlinkCase,
)  # fmt: skip
_OF_OPEN_CASES = (
    c.SuspendCase, c.ResumeCase, c.CancelCase, c.RecomputeDeadlines, c.MigrateCase,
    c.LinkCase, c.UnlinkCase,
)  # fmt: skip


def demand_state(run: Run, command: c.Command) -> None:
    """Refuse what the case's state does not allow.

    Raises:
        WrongState: then.
    """
    if run.state == "open" and type(command) is not c.StartCase:
        return
    if isinstance(command, c.StartCase) != (run.state == "new"):
        raise WrongState(f"The case is {run.state}.")
    reviews_it = isinstance(command, c.FireTimer) and reviews.waits(run, str(command.timer))
    if run.state == "suspended" and not (reviews_it or isinstance(command, _WHILE_SUSPENDED)):
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
        host, step, arguments = run.subs[number][U_HOST], "fire", [number]
        # Otherwise it would be due again at once, for ever.
        row = run.subs[number]
        run.subs[number] = [*row[:U_LEFT], _NOTHING_LEFT, *row[U_LEFT + 1 :]]
        emit_timer(run, number, "timer_held", remaining=_NOTHING_LEFT)
    elif isinstance(command, c.CompleteJob | c.FailJob):
        host = command.job
    elif isinstance(command, c.CompleteTask):
        # The task stays open; only its own people complete it.
        incidents.raise_incident(run, command.task, "limit", message)
        return
    arguments = [host, *arguments]
    incidents.raise_incident(run, host, "limit", message, step=step, arguments=arguments)
