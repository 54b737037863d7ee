"""What each element costs: visits, how long work waits there and is worked on, what is late.

A task waits until somebody signs for it, then it is worked on; one that was never signed
for only waits. Everything else that takes time waits: for a message, a timer, a program,
or for what lies within. All in working time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

from engine.clock import parse
from engine.mining.visits import Visit

Document = dict[str, Any]
Minutes = Callable[[datetime, datetime], float]


@dataclass(slots=True)
class Element:
    """What has been seen of one element."""

    visits: int = 0
    cases: set[str] = field(default_factory=set)
    now: int = 0
    cancelled: int = 0
    late: int = 0
    waiting: list[float] = field(default_factory=list)
    working: list[float] = field(default_factory=list)

    def document(self) -> Document:
        """Return it as it is answered: whole working minutes."""
        ordered = sorted(self.waiting)
        return {
            "visits": self.visits,
            "cases": len(self.cases),
            "now": self.now,
            "cancelled": self.cancelled,
            "late": self.late,
            "waiting_median": round(median(ordered)) if ordered else None,
            "waiting_p90": round(ordered[-(-len(ordered) * 9 // 10) - 1]) if ordered else None,
            "waiting_total": round(sum(ordered)),
            "working_median": round(median(self.working)) if self.working else None,
            "working_total": round(sum(self.working)),
        }


def add(one: Element, visit: Visit, case: str, now: datetime, minutes: Minutes) -> None:
    """Count one visit."""
    one.visits += 1
    one.cases.add(case)
    one.now += visit.left_at is None
    one.cancelled += visit.cancelled
    one.late += is_late(visit, now)
    began = parse(visit.entered_at)
    ended = now if visit.left_at is None else parse(visit.left_at)
    signed = ended if visit.claimed_at is None else parse(visit.claimed_at)
    one.waiting.append(minutes(began, signed))
    if visit.claimed_at is not None:
        one.working.append(minutes(signed, ended))


def is_late(visit: Visit, now: datetime) -> bool:
    """Whether a visit was due before it ended, or is due by now."""
    if visit.due_at is None:
        return False
    ended = now if visit.left_at is None else parse(visit.left_at)
    return parse(visit.due_at) < ended


def told(found: Iterable[Visit]) -> list[Visit]:
    """Return the visits that are counted: instances in place of the whole that has them."""
    visits = list(found)
    divided = {(one.run, one.element, one.nth) for one in visits if one.instance is not None}
    return [
        one
        for one in visits
        if one.instance is not None or (one.run, one.element, one.nth) not in divided
    ]
