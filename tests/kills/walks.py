"""Ways through the seven loops, told by the scenarios, walked by clients.

A walk is a scenario's steps in their order, without its moments: the clock goes
its own way here. It ends where the scenario waits for days to pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.clock import parse
from tests import scenario_files
from tests.scenario_city import city
from tests.scenario_database import Entry
from tests.scenario_traces import Board

NAMES = "ABCD"
Step = dict[str, Any]
Ask = Callable[[str], dict[str, Any]]

WAYS = {
    "01_solved_on_the_spot": None,
    "grid_whistle_refused": None,
    "08c_beyond_whistle": None,
    "supervision_straight": "report",
    "variant_quick_response": None,
    "consult_voted": "do_item[S2]",
    "grid_consult_solved": "check_done",
    "analyse_back_to_grid": None,
}
"""A scenario, and the task before which its walk ends because it waits for a day to come."""

DRAWN = {"do": "check_done", "by": "community_worker", "outcome": "pass"}
"""Some grid events are drawn by lot, by their number, to be checked before they are closed."""


@dataclass(frozen=True)
class Act:
    """What a walk does next: who asks for what, and by what it is found in the histories."""

    who: str
    mark: str
    path: str
    body: dict[str, Any]
    case: str | None = None


@dataclass
class Walk:
    """One client's way through a loop.

    Attributes:
        number: no other walk of any client has it.
        cases: those that the walk has begun or that were begun by them, as the scenario names them.
        waited: how often the next step was not there yet; ``why``: what was there instead.
        drawn: the event was drawn for a check, which the scenario does not know of.
    """

    name: str
    number: int
    steps: list[Step]
    at: datetime
    cases: list[str] = field(default_factory=list)
    waited: int = 0
    why: str = ""
    drawn: bool = False

    def next(self, ask: Ask, mark: str) -> Act | None:
        """Return the next act, or None as long as the cases have not come so far."""
        if self.steps[0].get("do") != DRAWN["do"] and self.drawn:
            self.drawn = False
            self.steps.insert(0, DRAWN)
        step = self.steps[0]
        if "start" in step:
            key = {"process": step["start"], "business_key": mark}
            body = {**key, "data": self._elsewhere(self._values(step.get("data") or {}))}
            return Act(self._person(step["by"], {}), mark, "/api/v1/cases", body)
        case = self._case(NAMES.index(step.get("case", "A")), ask)
        if case is None:
            self.why = f"there is no case {step['case']}"
            return None
        try:
            task, event = Board(_entries(case, ask)).find(step["do"])
        except AssertionError as reason:
            self.why = str(reason)
            self.drawn = f"grid_event.{DRAWN['do']} " in self.why
            return None
        body = {"data": self._values(step.get("data") or {})}
        if "outcome" in step:
            body["outcome"] = step["outcome"]
        who = self._person(step["by"], event)
        return Act(who, f"{case}.{task}", f"/api/v1/tasks/{case}.{task}/complete", body, case)

    def done(self, answer: dict[str, Any]) -> bool:
        """Go on behind the step that was acknowledged; True at the end of the walk."""
        if "start" in self.steps.pop(0):
            self.cases.append(answer["id"])
        self.waited = 0
        return not self.steps

    def _case(self, number: int, ask: Ask) -> str | None:
        """The case that a scenario calls B is the one that A has begun."""
        if number >= len(self.cases):
            found = [
                link["case"]
                for case in self.cases
                for link in ask(f"/api/v1/cases/{case}")["links"]
            ]
            # Ids are in order of time.
            self.cases += sorted(set(found) - set(self.cases))
        return self.cases[number] if number < len(self.cases) else None

    def _elsewhere(self, data: dict[str, Any]) -> dict[str, Any]:
        """Each report tells of a place of its own, or it would join the one before."""
        if "lat" not in data:
            return data
        return {**data, "lat": data["lat"] + 0.01 * self.number}

    def _values(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._values(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._values(one) for one in value]
        if isinstance(value, str) and re.fullmatch(r"\$[A-D]", value):
            return self.cases[NAMES.index(value[1])]
        return value

    def _person(self, who: str, task: dict[str, Any]) -> str:
        """``RY003``; ``grid_worker@UNIT``; ``publisher/2``: the second to whom the task is offered."""
        if re.fullmatch(r"RY\d+", who):
            return who
        name, _, place = who.partition("/")
        role, _, unit = name.partition("@")
        if not unit:
            unit = next(one["unit"] for one in task["candidates"] if one.get("role") == role)
        return city().holders(role, unit, self.at)[int(place or 1) - 1]


def begin(name: str, number: int, at: datetime) -> Walk:
    """Return a walk at its beginning."""
    before = WAYS[name]
    steps = []
    for step in _steps(scenario_files.load(scenario_files.FOLDER / f"{name}.yaml")):
        if before is not None and step.get("do") == before:
            break
        steps.append(step)
    return Walk(name, number, steps, at)


def _steps(scenario: scenario_files.Scenario) -> list[Step]:
    given = _steps(scenario.given) if scenario.given else []
    return given + [one for one in scenario.document.get("steps", []) if {"start", "do"} & set(one)]


def _entries(case: str, ask: Ask) -> list[Entry]:
    return [
        Entry(case, parse(one["at"]), one["actor"], one["command"], one["events"])
        for one in ask(f"/api/v1/cases/{case}/history")["items"]
    ]
