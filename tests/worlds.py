"""A world in memory for tests of executors: expressions by Python's own eval.

Fast, and good for nothing but tests: what runs here was written by a test. Working
time is taken as elapsed time, a working day as 24 hours.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from engine.deadlines import local_text
from engine.execution import Answer, Site
from engine.periods import parse_moment
from engine.scripts import Code

_SECONDS = {"WD": 86_400, "WH": 3_600, "EH": 3_600, "MIN": 60}


class MemoryWorld:
    """Answers at once, and writes down what it was asked.

    Args:
        decisions: decision -> function from the names to {result, matched}.
        units: role -> the unit that has it.
    """

    def __init__(
        self,
        now: datetime,
        *,
        decisions: Mapping[str, Any] | None = None,
        units: Mapping[str, str] | None = None,
        factor: float = 1,
    ) -> None:
        self.now = now
        self.decisions = decisions or {}
        self.units = units or {}
        self.factor = factor
        self.asked: list[tuple[Site, tuple[str, ...]]] = []

    def evaluate(
        self, site: Site, codes: Sequence[Code], names: Mapping[str, Any]
    ) -> Sequence[Answer]:
        self.asked.append((site, tuple(code.text for code in codes)))
        now = parse_moment(site.since) if site.since else self.now
        return [self._answer(code.text, names, now) for code in codes]

    def run(self, site: Site, code: Code, names: Mapping[str, Any]) -> Answer:
        self.asked.append((site, (code.text,)))
        known = self._offered(names, self.now)
        assigned: dict[str, Any] = {}
        try:
            exec(code.text, known, assigned)
        except Exception as error:  # noqa: BLE001 - what a test writes may raise anything
            return _failed(error)
        return Answer({key: self._plain(one, self.now) for key, one in assigned.items()})

    def decide(
        self, site: Site, decision: str, shape: str | None, names: Mapping[str, Any]
    ) -> Answer:
        self.asked.append((site, (decision,)))
        if decision not in self.decisions:
            return Answer(error={"kind": "error", "type": "UnknownDecision", "message": decision})
        return Answer(self.decisions[decision](names))

    def find_unit(self, site: Site, role: str, unit: str | None) -> Answer:
        return Answer(self.units.get(role, unit))

    def remaining(self, site: Site, due_at: str, unit: str) -> Answer:
        since = parse_moment(site.since) if site.since else self.now
        left = max(0, (parse_moment(due_at) - since).total_seconds())
        if unit == "MIN":
            return Answer({"$amount": left / 60, "unit": "MIN"})
        return Answer({"$amount": left / 3600 / self.factor, "unit": "WH"})

    def resume(self, site: Site, remaining: Any) -> Answer:
        now = parse_moment(site.since) if site.since else self.now
        return Answer(self._plain(remaining, now))

    def _answer(self, text: str, names: Mapping[str, Any], now: datetime) -> Answer:
        try:
            value = eval(text, self._offered(names, now))
        except Exception as error:  # noqa: BLE001 - what a test writes may raise anything
            return _failed(error)
        return Answer(self._plain(value, now))

    def _offered(self, names: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        def amount(number: float, unit: str) -> dict[str, Any]:
            return {"$amount": number, "unit": unit}

        return {
            "__builtins__": builtins,
            **dict(names),
            "now": lambda: now,
            "amount": amount,
            "working_days": lambda n: amount(n, "WD"),
            "working_hours": lambda n: amount(n, "WH"),
            "elapsed_hours": lambda n: amount(n, "EH"),
            "minutes": lambda n: amount(n, "MIN"),
            "value": lambda name, default=None: names.get(name, default),
        }

    def _plain(self, value: Any, now: datetime) -> Any:
        if isinstance(value, dict) and "$amount" in value:
            seconds = value["$amount"] * _SECONDS[value["unit"]] * self.factor
            return local_text(now + timedelta(seconds=seconds))
        if isinstance(value, datetime):
            return local_text(value)
        return value


def _failed(error: Exception) -> Answer:
    kind = "limit" if isinstance(error, TimeoutError) else "error"
    return Answer(error={"kind": kind, "type": type(error).__name__, "message": str(error)})
