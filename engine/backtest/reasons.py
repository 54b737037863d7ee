"""Why a case does not come out as it did, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SAYS: Mapping[str, tuple[str, str]] = {
    "gone": (
        "entry {}: {} ({}) was decided and is not in the diagram; no open task of its role",
        "第 {} 条：当时办了“{}”（{}），这张图里没有它，也没有同一角色的待办任务",
    ),
    "closed": (
        "entry {}: {} ({}) was decided and is not open",
        "第 {} 条：当时办了“{}”（{}），这时它不在办理中",
    ),
    "refused": ("entry {}: {} is refused: {}", "第 {0} 条不被接受：{2}"),
    "endless": (
        "entry {}: more than {} things happen by themselves before it",
        "第 {} 条：在它之前自动发生的事超过 {} 件",
    ),
    "task": ("waits for task {}", "在等任务 {}"),
    "job": ("waits for job {}", "在等自动任务 {}"),
    "event": ("waits for event {}", "在等事件 {}"),
    "timer": ("waits for timer {}", "在等定时 {}"),
    "incident": ("incident at {}: {}", "{} 出故障：{}"),
    "unmoved": ("nothing can move it", "没有什么能让它往下走"),
    "ended": ("{} → {}", "{} → {}"),
}
"""Code -> what it says, with ``{}`` for its values."""

STATES: Mapping[str, str] = {"open": "在办", "completed": "办结", "cancelled": "取消"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    Attributes:
        code: one of ``SAYS``.
        values: what is put into it, in its order.
        quoted: what the engine itself says in it, in English; "" where it says nothing.
    """

    code: str
    values: tuple[str, ...] = ()
    quoted: str = ""

    def says(self, language: str = "en") -> str:
        """Return it as a sentence.

        Args:
            language: ``zh`` or ``en``; what the engine itself says stays English.
        """
        english, chinese = SAYS[self.code]
        more = (self.quoted,) if self.quoted else ()
        if language != "zh":
            return english.format(*self.values, *more)
        values = map(outcome, self.values) if self.code == "ended" else self.values
        return chinese.format(*values, *more)


def outcome(text: str) -> str:
    """Return in Chinese how a case ended: ``completed: end`` and the like."""
    state, colon, end = text.partition(": ")
    return STATES.get(state, state) + ("：" if colon else "") + end
