"""Random nets that both executors run rightly, and what people and events may do to them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from engine import commands as c
from engine.errors import EngineError
from tests import test_kernel_nets
from tests.memory import flows, process
from tests.pairs import Both


def _without_handlers(block: Any) -> Any:
    """Return a block without event sub-processes, which SpiffWorkflow does not run rightly."""
    if isinstance(block, list):
        return [_without_handlers(one) for one in block]
    if not isinstance(block, tuple):
        return block
    if block and block[0] == "sub":
        kind, inner, _, around, end = block
        return kind, _without_handlers(inner), [], around, end
    return tuple(_without_handlers(one) for one in block)


CALLS = ("alone", "called", "for each")

nets = st.tuples(
    test_kernel_nets.blocks.map(_without_handlers),
    st.sampled_from(CALLS),
    st.sampled_from(("timer", "signal", "escalation")),
    st.booleans(),
)
"""A net, how it is called, and what is attached to the call."""


def _files(net: Any) -> list[bytes]:
    block, how, trigger, interrupting = net
    content = test_kernel_nets.net(block)
    if how == "alone":
        return [content]
    many = (
        '<multiInstanceLoopCharacteristics camunda:collection="items" camunda:elementVariable="one">'
        "<extensionElements><camunda:properties>"
        '<camunda:property name="outputCollection" value="all"/>'
        '<camunda:property name="outputElement" value="[one, v]"/>'
        "</camunda:properties></extensionElements></multiInstanceLoopCharacteristics>"
    )
    stays = "" if interrupting else ' cancelActivity="false"'
    caller = process(
        '<startEvent id="start"/><userTask id="before"/><callActivity id="call" calledElement="p">'
        '<extensionElements><camunda:in variables="all"/>'
        '<camunda:in sourceExpression="${v + 1}" target="v"/>'
        '<camunda:out source="v" target="v"/></extensionElements>'
        + (many if how == "for each" else "")
        + f'</callActivity><boundaryEvent id="late" attachedToRef="call"{stays}>'
        + test_kernel_nets.EVENTS[trigger]
        + '</boundaryEvent><userTask id="hurry"/><scriptTask id="after"><script>v = v + 1</script>'
        '</scriptTask><endEvent id="end"/>'
        + flows("start > before > call > after > end", "late > hurry > after"),
        key="main",
        extra=test_kernel_nets.ROOTS,
    )
    return [caller, content]


def run_net(net: Any, choices: list[int]) -> Both:
    """Run a net on both, with the commands that ``choices`` choose; return the case."""
    case = Both(*_files(net))
    case.checks = False
    case.start(v=choices[0] % 5, items=["a", "b", "c"])
    for choice in choices:
        if case.state in ("completed", "cancelled"):
            return case
        possible = _possible(case, choice)
        command = possible[choice % len(possible)]
        if isinstance(command, c.FireTimer):
            case.later(1)
        _do(case, command)
    if case.state not in ("completed", "cancelled"):
        case.do(c.CancelCase("voided"))
    return case


def _do(case: Both, command: c.Command) -> None:
    try:
        case.do(command)
    except EngineError:
        # Refused by both in the same words; what changed nothing shows in the next one.
        return


def _possible(case: Both, choice: int) -> list[c.Command]:
    if case.state == "suspended":
        return [c.ResumeCase()]
    control = case.snapshot.control
    kinds = {row[0] for row in control.get("subs", {}).values()}
    possible: list[c.Command] = []
    for task in case.tasks:
        possible += [c.CompleteTask(task, data={"v": choice % 7})] * 3
        possible += [c.SuspendTask(task), c.ResumeTask(task), c.ClaimTask(task)]
        possible += [c.UnclaimTask(task), c.TransferTask(task, "bob")]
        possible += [c.ExtendTask(task, "2026-12-01T09:00:00+08:00")]
    for number, due_at in case.timers.items():
        possible += [c.FireTimer(number, due_at)] * 2
    if "message" in kinds:
        possible.append(c.CorrelateMessage("go", data={"v": choice % 5}))
    if "signal" in kinds:
        possible.append(c.ReceiveSignal("alarm"))
    for name, row in sorted(control.get("tokens", {}).items()):
        if row[4] == "job":
            possible += [c.CompleteJob(name, {"v": choice % 6}), c.FailJob(name, "no", "e1")]
    if control.get("incidents"):
        possible.append(c.RetryIncident(data={"v": choice % 4}))
    return [*possible, c.RecomputeDeadlines("2"), c.SuspendCase()]
