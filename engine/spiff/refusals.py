"""What SpiffWorkflow would run wrongly or not at all: refused at deployment, by name.

Nothing of this is silent: a designer is told the element, its line, why, and that
the kernel runs it. What else SpiffWorkflow does wrongly is built around, and the
tests show each.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from engine.bpmn.findings import Finding
from engine.bpmn.model import Kind, Node, Process, Trigger

_CHANGING = {
    "add-instance": ("adds an instance to", "增加实例"),
    "cancel-instance": ("cancels an instance of", "取消实例"),
    "hold-siblings": ("holds instances of", "挂起实例"),
    "release-siblings": ("releases instances of", "恢复实例"),
    "hold-scope": ("holds", "挂起"),
    "release-scope": ("releases", "恢复"),
}
KINDS = {
    Kind.EVENT_SUB_PROCESS: (
        (
            "SpiffWorkflow always runs an event sub-process with an error or escalation start, "
            "never interrupts by one, and does not complete while its start event waits."
        ),
        "SpiffWorkflow 不能正确执行事件子流程。",
    ),
    Kind.COMPLEX: ("SpiffWorkflow has no complex gateways.", "SpiffWorkflow 没有复杂网关。"),
}
TRIGGERS = {
    Trigger.LINK: ("SpiffWorkflow drops link events.", "SpiffWorkflow 会忽略链接事件。"),
    Trigger.COMPENSATE: ("SpiffWorkflow drops compensation.", "SpiffWorkflow 会忽略补偿。"),
    Trigger.CANCEL: (
        "SpiffWorkflow undoes nothing when a transaction is cancelled.",
        "SpiffWorkflow 取消事务时不做补偿。",
    ),
}
_CHOOSE = frozenset({Kind.EXCLUSIVE, Kind.INCLUSIVE})
_HINT = "Deploy it for the executor 'kernel', which runs it. 请改用 kernel 执行器部署。"


def refusals(process: Process, filename: str) -> list[Finding]:
    """Return a finding for each element that this executor does not run."""
    return [_finding(one, filename) for one in _refused(_Key(process))]


class _Key:
    """A model compared by identity: comparing it by value would cost more than looking."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def __hash__(self) -> int:
        return id(self.process)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.process is self.process


_Refused = tuple[str, int | None, str, str]


@lru_cache(maxsize=512)
def _refused(key: _Key) -> tuple[_Refused, ...]:
    found: list[_Refused] = []
    if key.process.is_task:
        found.append((key.process.key, None, *_GLOBAL_TASK))
    for scope in key.process.scopes.values():
        for node in scope.nodes.values():
            found += [(node.id, node.line, *why) for why in _why(node)]
            if node.kind not in _CHOOSE and node.kind is not Kind.PARALLEL:
                conditions = [one for one in node.outgoing if scope.flows[one].condition]
                found += [
                    (one, _line(scope.flows[one].condition), *_CONDITION) for one in conditions
                ]
    return tuple(found)


def _line(condition: object) -> int | None:
    line: int | None = getattr(condition, "line", None)
    return line


_GLOBAL_TASK = ("SpiffWorkflow has no global tasks.", "SpiffWorkflow 没有全局任务。")
_CONDITION = (
    "SpiffWorkflow ignores a condition on a flow that does not leave a gateway.",
    "SpiffWorkflow 会忽略不从网关引出的流上的条件。",
)


def _why(node: Node) -> Iterator[tuple[str, str]]:
    if node.kind in KINDS:
        yield KINDS[node.kind]
    found = {one.trigger for one in node.events}
    if node.for_compensation:
        found.add(Trigger.COMPENSATE)
    if node.transaction:
        found.add(Trigger.CANCEL)
    yield from (why for trigger, why in TRIGGERS.items() if trigger in found)
    if node.body is not None and node.body.ad_hoc is not None:
        yield (
            "SpiffWorkflow has no ad-hoc sub-processes.",
            "SpiffWorkflow 没有即席子流程。",
        )
    if node.instantiates:
        yield (
            "SpiffWorkflow begins a case by start events alone (instantiate).",
            "SpiffWorkflow 只能由开始事件启动实例(instantiate)。",
        )
    if node.parallel_multiple and len(node.events) > 1 and not node.interrupting:
        yield (
            "SpiffWorkflow waits once for events that it needs together (parallelMultiple).",
            "SpiffWorkflow 对并行多重事件只等待一次(parallelMultiple)。",
        )
    if (node.start_quantity, node.completion_quantity) != (1, 1):
        yield (
            "SpiffWorkflow does not count tokens (startQuantity, completionQuantity).",
            "SpiffWorkflow 不计令牌数(startQuantity、completionQuantity)。",
        )
    if node.loop is not None and node.loop.throws:
        yield (
            "SpiffWorkflow throws no event when an instance completes (behavior).",
            "SpiffWorkflow 在实例完成时不抛出事件(behavior)。",
        )
    if node.topic in _CHANGING:
        what, chinese = _CHANGING[node.topic]
        yield (
            f"Topic {node.topic!r} {what} what runs already; SpiffWorkflow cannot change that.",
            f"SpiffWorkflow 不支持运行中{chinese}。",
        )


def _finding(refused: _Refused, filename: str) -> Finding:
    element, line, english, chinese = refused
    return Finding(
        code="not-on-executor",
        severity="error",
        file=filename,
        element=element,
        line=line,
        message=f"{element!r}: {english} {chinese}",
        hint=_HINT,
    )
