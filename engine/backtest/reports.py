"""Many results, added up as they come: what a designer reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.backtest.measures import Measured, Place
from engine.backtest.playing import CLASSES, Result
from engine.bpmn.model import Process

EXAMPLES = 5
"""How many cases of each class are named."""

HOUR = 3_600_000_000

Document = dict[str, Any]


class Report:
    """What a back-test has found so far; it does not grow with the number of cases.

    Args:
        process: what was changed.
        old: the processes as they are deployed, for names.
        new: those of the files, whose elements are told.
        tried: what else was otherwise, as ``Plan.to_json`` has it.
    """

    def __init__(
        self,
        process: str,
        old: Mapping[str, Process],
        new: Mapping[str, Process],
        tried: Document,
    ) -> None:
        self._tried = tried
        self.process, self.cases = process, 0
        self._old, self._new = old, new
        self._counts = dict.fromkeys(CLASSES, 0)
        self._examples: dict[str, list[Document]] = {one: [] for one in CLASSES}
        self._then, self._now = Measured(), Measured()
        self._ways: dict[tuple[str, str], int] = {}

    def add(self, result: Result) -> None:
        """Take one case in."""
        self.cases += 1
        self._counts[result.verdict] += 1
        if len(self._examples[result.verdict]) < EXAMPLES:
            self._examples[result.verdict].append(self._example(result))
        self._then.add(result.then)
        self._now.add(result.then if result.now is None else result.now)
        if result.verdict == "different_outcome":
            self._ways[result.outcomes] = self._ways.get(result.outcomes, 0) + 1

    def add_all(self, results: Iterable[Result]) -> Report:
        """Take all of them in; return itself."""
        for one in results:
            self.add(one)
        return self

    def to_json(self) -> Document:
        """Return the report as programs read it."""
        elements = [self._element(place) for place in self._places()]
        return {
            "process": self.process,
            "name": self._new.get(self.process, self._old[self.process]).name,
            "tried": self._tried,
            "cases": self.cases,
            "classes": {
                one: {"count": self._counts[one], "examples": self._examples[one]}
                for one in CLASSES
            },
            "outcomes": [
                {"then": then, "now": now, "count": count}
                for (then, now), count in sorted(self._ways.items())
            ],
            "overdue": {"then": self._then.overdue, "now": self._now.overdue},
            "escalations": {"then": self._then.escalations, "now": self._now.escalations},
            "elements": elements,
            "never": [
                {name: one[name] for name in ("process", "element", "name")}
                for one in elements
                if not one["reached_now"] and one["element"] in self._nodes(one["process"])
            ],
        }

    def _nodes(self, process: str) -> Mapping[str, Any]:
        return self._new[process].nodes if process in self._new else {}

    def _places(self) -> list[Place]:
        """Return the elements of the changed processes: the new ones, then those that are gone."""
        new = [(key, one) for key, process in self._new.items() for one in process.nodes]
        seen = set(new)
        gone = [one for one in self._then.visits if one[0] in self._new and one not in seen]
        return new + sorted(gone)

    def _element(self, place: Place) -> Document:
        process, element = place
        then, now = self._then, self._now
        return {
            "process": process,
            "element": element,
            "name": self._name(process, element),
            "reached_then": then.visits.get(place, 0),
            "reached_now": now.visits.get(place, 0),
            "hours_then": _hours(then.time.get(place, 0)),
            "hours_now": _hours(now.time.get(place, 0)),
        }

    def _example(self, result: Result) -> Document:
        reason, first = result.reason, result.first
        return {
            "case": result.case,
            "business_key": result.business_key,
            "position": result.position,
            "first": None if first is None else {"element": first[1], "name": self._name(*first)},
            "reason": "" if reason is None else reason.says(),
            "reason_zh": "" if reason is None else reason.says("zh"),
            "quoted": "" if reason is None else reason.quoted,
            "then": result.outcomes[0],
            "now": result.outcomes[1],
        }

    def _name(self, process: str, element: str) -> str:
        for known in (self._new, self._old):
            if process in known and element in known[process].nodes:
                return known[process].nodes[element].name
        return ""


def _hours(microseconds: int) -> float:
    return round(microseconds / HOUR, 2)
