"""Why a case cannot go on with another version, in words for whoever draws it.

A refusal has a code, the element it is about and the values of its sentence. Each code
is told in English and Chinese with what to change; ``docs/migration.md`` explains them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.bpmn.model import Node
from engine.kernel.rows import PROCESS
from engine.kernel.run import Run
from engine.questions import Stuck


class Words(NamedTuple):
    """A sentence and what to do, in English and Chinese."""

    says: str
    do: str
    says_zh: str
    do_zh: str


WORDS: Mapping[str, Words] = {
    "process-gone": Words(
        "{element} runs process {was!r}, which does not belong to the new versions.",
        "Let the new version call it, or wait until the call is over.",
        "{element} 正在运行流程“{was}”，新版本不再包含它。",
        "让新版本仍然调用它，或等这次调用结束。",
    ),
    "mapping-unknown": Words(
        "The mapping names {element}, which the {which} version does not have.",
        "Write ids as they stand in the two diagrams.",
        "对照表中的 {element} 在{which_zh}版本里不存在。",
        "请填写两张图里实际的编号。",
    ),
    "mapping-twice": Words(
        "{element} would take the place of both {was!r} and {other!r}.",
        "Map each element to one of its own.",
        "{element} 会同时接替“{was}”和“{other}”。",
        "每个环节只能对应一个新环节。",
    ),
    "element-gone": Words(
        "{element} {doing}, and the new version has no such element.",
        "Keep its id in the new diagram, or name in the mapping what takes its place.",
        "{element} {doing_zh}，新版本里没有这个环节。",
        "在新图中保留它的编号，或在对照表中写明由哪个环节接替。",
    ),
    "kind-changed": Words(
        "{element} {doing}; it is {was!r} here and {now!r} in the new version.",
        "Keep its kind, or give the new element an id of its own and wait until this one is left.",
        "{element} {doing_zh}；现在是 {was}，新版本里是 {now}。",
        "保持原来的类型；或给新环节另起编号，等办件离开这里再迁移。",
    ),
    "scope-changed": Words(
        "{element} {doing} in {was!r}; the new version has it in {now!r}.",
        "Leave it in its sub-process, or wait until it is left.",
        "{element} {doing_zh}，所在范围是“{was}”；新版本把它放到了“{now}”。",
        "不要把它移出（移入）子流程，或等办件离开这里再迁移。",
    ),
    "loop-changed": Words(
        "{element} {doing}; it is {was} here and {now} in the new version.",
        "Keep how it repeats, or wait until it is left.",
        "{element} {doing_zh}；现在是{was_zh}，新版本里是{now_zh}。",
        "保持原来的循环（多实例）方式，或等办件离开这里再迁移。",
    ),
    "called-changed": Words(
        "{element} has called {was!r}; the new version calls {now!r} there.",
        "Keep what it calls, or wait until the call is over.",
        "{element} 正在调用“{was}”；新版本在此调用“{now}”。",
        "保持原来的被调用流程，或等这次调用结束再迁移。",
    ),
    "topic-changed": Words(
        "{element} has given out work on {was!r}; the new version gives out {now!r}.",
        "Keep the topic, or wait until the work comes back.",
        "{element} 已派出作业“{was}”；新版本派出的是“{now}”。",
        "保持原来的主题，或等作业返回再迁移。",
    ),
    "join-changed": Words(
        "{element} holds tokens that wait for others; in the new version it joins nothing.",
        "Let it join several flows again, or wait until it has gone on.",
        "{element} 正在等其他分支汇合；新版本里它不再汇合。",
        "让它仍然汇合多条连线，或等它继续之后再迁移。",
    ),
    "flow-gone": Words(
        "{element} holds a token that came over flow {was!r}; the new version has no such flow.",
        "Keep the flow's id, or draw one flow between the same two elements, or map it.",
        "{element} 保存着从连线“{was}”到达的令牌；新版本没有这条连线。",
        "保留连线编号，或在相同的两个环节之间画一条连线，或在对照表中写明。",
    ),
    "event-gone": Words(
        "{element} waits for an event; in the new version nothing would ever let it go on.",
        "Give it a timer, message, signal or condition.",
        "{element} 正在等待事件；新版本里没有什么能让它继续。",
        "给它定时、消息、信号或条件。",
    ),
    "event-changed": Words(
        "{element} has had a part of what it waits for; the new version asks for something else.",
        "Keep what it waits for, or wait until all of it has come.",
        "{element} 已等到一部分事件；新版本要等的不一样。",
        "保持它等待的事件，或等全部到齐再迁移。",
    ),
    "outcome-gone": Words(
        "{element} was completed with {was!r}, which the new version does not declare.",
        "Declare the outcome again.",
        "{element} 已按“{was}”办结；新版本没有声明这个办理结果。",
        "重新声明该办理结果。",
    ),
    "not-compensable": Words(
        "{element} was completed and may have to be undone; the new version cannot undo it.",
        "Keep the element and what compensates it.",
        "{element} 已完成，日后可能要撤回；新版本无法撤回它。",
        "保留该环节及其补偿处理。",
    ),
    "expression-failed": Words(
        "At {element} a text of the new version fails with this case's data: {reason}",
        "Correct the text, or let it do without the datum (value('name', default)).",
        "{element}：新版本的表达式用本件数据算不出结果：{reason}",
        "改正表达式，或允许缺少该数据（value('名称', 默认值)）。",
    ),
    "deadlock": Words(
        "The case could wait for ever at {element}{missing}: {way}.",
        "Let every way that is still open lead there, or map the case to where it can go on.",
        "办件可能永远停在 {element}{missing_zh}：{way}。",
        "让仍可能走到的分支都通向那里，或用对照表把办件移到可以继续的环节。",
    ),
    "no-end": Words(
        "From {element} on the case would come to no end: {way}.",
        "Draw a way to an end event.",
        "从 {element} 起办件走不到结束：{way}。",
        "画出通向结束事件的路。",
    ),
    "second-token": Words(
        "What follows {element} could run twice in this case: {way}.",
        "Join what runs in parallel before it.",
        "在本件中 {element} 之后可能会走两遍：{way}。",
        "先把并行的分支汇合。",
    ),
}
"""Code -> its sentence."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a case cannot be migrated.

    Attributes:
        element: id in the old version; of a mapping, as it was written; of a way on, in
            the new one.
        values: what its sentence mentions.
    """

    code: str
    process: str
    element: str
    name: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as the API answers it, in both languages."""
        words = WORDS[self.code]
        element = f"{self.element!r} ({self.name})" if self.name else repr(self.element)
        element_zh = f"“{self.name or self.element}”" + (f"（{self.element}）" if self.name else "")
        return {
            "process": self.process,
            "element": self.element,
            "code": self.code,
            "message": words.says.format(element=element, **self.values),
            "hint": words.do,
            "message_zh": words.says_zh.format(element=element_zh, **self.values),
            "hint_zh": words.do_zh,
        }


DOING: Mapping[str, tuple[str, str]] = {
    "runs": ("is under way", "正在办理"),
    "waits": ("is waiting", "正在等待"),
    "joins": ("holds tokens", "正在等待汇合"),
    "stuck": ("has an open incident", "有未解决的异常"),
    "kept": ("may have to be undone", "日后可能要撤回"),
}
"""What goes on at an element."""

_LOOPS: Mapping[str | None, tuple[str, str]] = {
    None: ("done once", "只做一次"),
    "standard": ("a loop", "循环"),
    "parallel": ("several instances at once", "并行多实例"),
    "sequential": ("several instances in turn", "串行多实例"),
}


def doing(what: str) -> dict[str, str]:
    """Return what goes on at an element, as the sentences say it."""
    return {"doing": DOING[what][0], "doing_zh": DOING[what][1]}


def loops(old: Node, new: Node) -> dict[str, str]:
    """Return how an element repeats in both versions, as the sentences say it."""
    was, now = (_LOOPS[None if one.loop is None else one.loop.kind.value] for one in (old, new))
    return {"was": was[0], "was_zh": was[1], "now": now[0], "now_zh": now[1]}


def failed(run: Run, host: str, stuck: Stuck) -> Refusal:
    """Return that a text of the new version fails at a token or scope."""
    node = run.place(host).node if host else None
    process = run.scopes[run.surroundings(host)][PROCESS] if host else run.bundle.main
    text = f" [{stuck.expression}]" if stuck.expression else ""
    values = {"reason": f"{stuck.message}{text}"}
    if node is None:
        return Refusal("expression-failed", process, process, values=values)
    return Refusal("expression-failed", process, node.id, node.name, values)
