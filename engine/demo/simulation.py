"""Simulated cases: people who do not exist work a year off in a few minutes.

Everything goes through the same doors that people use (``cases.start``,
``cases.handle``, ``timers.tick``), on a clock that is set from one happening to
the next. What the people decide comes from a *plan*, a JSON file beside the
diagrams (``processes/demo/``), and from a random generator with a seed: the
same plan, lists, diagrams and seed give the same histories.

A plan names, in weights, what is chosen; other plans may go with it
(``plans``). A *trait* is drawn once per case (the department is late; the work has
to be done again) and used up by the first step that knows it.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import cases, deadlines, store, timers, views
from engine.access import Actor
from engine.calendar import LOCAL
from engine.clock import ManualClock, parse
from engine.commands import AddAttachment, ClaimTask, CompleteTask
from engine.demo.crowd import Crowd
from engine.demo.papers import Papers
from engine.demo.plans import Plan, Plans
from engine.errors import EngineError, NotAllowed
from engine.ports import Application

CLOSED = frozenset({"completed", "terminated", "voided", "withdrawn", "merged"})
SHORT = timedelta(hours=12)
"""Shorter limits are met around the clock, longer ones in office hours."""

TRIES = 3
"""How many people try a task before it is left to wait."""


@dataclass(order=True, slots=True)
class Happening:
    """Something that will be done at a moment; equal moments keep their order."""

    at: datetime
    order: int
    do: Callable[[], None] = field(compare=False)


@dataclass(slots=True)
class Life:
    """What the simulation remembers of a running case.

    Attributes:
        traits: what was drawn for it and is not yet used up; None before its process is known.
        state: of the case when last looked at; the way it ended if it was cancelled.
        seen: open tasks and armed timers that are planned for, and incidents.
    """

    id: str
    traits: set[str] | None
    state: str = "open"
    seen: set[str] = field(default_factory=set)

    def new(self, name: str) -> bool:
        """Say whether ``name`` is seen for the first time."""
        if name in self.seen:
            return False
        self.seen.add(name)
        return True


class Simulation:
    """One run of the world.

    Args:
        app: opened on a ``ManualClock`` that stands at or before the plan's first day.
        plans: see the module's description.
        crowd: who there is to act.
        seed: the same seed gives the same cases.
    """

    def __init__(self, app: Application, plans: Plans, crowd: Crowd, seed: int) -> None:
        assert isinstance(app.clock, ManualClock)
        self._app, self._clock, self._crowd = app, app.clock, crowd
        self._plans, self._plan = plans, plans.own
        self._random = random.Random(seed)  # noqa: S311 - a simulation, no secret
        self._papers = Papers(app, plans, crowd, self._random)
        self._heap: list[Happening] = []
        self._order = 0
        self._lives: dict[str, Life] = {}
        self.report: Counter[str] = Counter()

    def run(self, count: int, step: Callable[[], None]) -> Counter[str]:
        """Let ``count`` cases arrive and live; call ``step`` as each arrives.

        Returns:
            How many cases were started and how they stand, steps done, timers fired,
            and what was refused, by reason.
        """
        end = self._moment(self._plan["last"], hours=24)
        for at in sorted(self._arrival() for _ in range(count)):
            self._later(at, lambda: self._arrive(step))
        while self._heap and self._heap[0].at < end:
            happening = heapq.heappop(self._heap)
            self._clock.set(max(happening.at, self._clock.now()))
            happening.do()
        self.report.update(f"cases {one.state}" for one in self._lives.values())
        return self.report

    def _later(self, at: datetime, do: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._heap, Happening(at, self._order, do))

    # -- arrivals -----------------------------------------------------------------

    def _moment(self, day: str, *, hours: float = 0) -> datetime:
        midnight = datetime.fromisoformat(day).replace(tzinfo=LOCAL)
        return (midnight + timedelta(hours=hours)).astimezone(UTC)

    def _arrival(self) -> datetime:
        """Draw the moment of a report: fewer at weekends, few at night."""
        first = self._moment(self._plan["first"])
        days = (self._moment(self._plan["last"], hours=24) - first).days
        weights = self._plan["arrivals"]
        while True:
            day = first + timedelta(days=self._random.randrange(days))
            if self._random.random() < weights["weekdays"][day.astimezone(LOCAL).weekday()]:
                break
        hour = self._random.choices(range(24), weights["hours"])[0]
        return day + timedelta(hours=hour, seconds=self._random.randrange(3600))

    def _arrive(self, step: Callable[[], None]) -> None:
        step()
        traits = self._plans.traits(self._plan["process"], self._random)
        life = Life("", traits)
        person = self._crowd.someone(self._plan["starters"], self._random)
        data = self._papers.start(person, traits)
        try:
            answer = cases.start(
                self._app,
                self._crowd.actor(person.name),
                process=self._plan["process"],
                data=data,
                attachments=self._papers.start_files(data),
            )
        except EngineError as refusal:
            self._refused(refusal, "start")
            return
        self.report["started"] += 1
        life.id = answer.body["id"]
        self._lives[life.id] = life
        self._look(life)

    # -- lives --------------------------------------------------------------------

    def _look(self, life: Life) -> None:
        """Plan for what is new in a case: tasks that opened, timers that were armed."""
        if life.state in CLOSED:
            return
        with self._app.database.reading() as tx:
            row = store.read_case(tx, life.id)
            assert row is not None, "it was started here"
            # What it waits for, as it stands in the rows: nobody reads its data here.
            case = views.case_document(tx, row, row.snapshot())
        life.state = case.get("end") or case["state"]
        if life.traits is None:
            life.traits = self._plans.traits(case["process"], self._random)
        for one in case["incidents"]:
            if life.new(f"incident {one['id']}"):
                self.report[f"incident at {one['element']}: {one['code']}"] += 1
        for task in case["tasks"]:
            self._notice(life, task)
        for timer in case["timers"]:
            if life.new(f"timer {timer['element']} {timer['due_at']}"):
                self._later(parse(timer["due_at"]), lambda: self._ring(life))
        for link in case["links"]:
            if link["case"] not in self._lives:
                # What a case starts (a question four weeks later) is lived too.
                other = self._lives[link["case"]] = Life(link["case"], None)
                self._look(other)

    def _notice(self, life: Life, task: dict[str, Any]) -> None:
        if task["held"] or not life.new(task["id"]):
            return
        process = cases.split_task(task["id"])[1].partition(".")[0]
        rule = self._plans.rule(process, task["element"])
        late = rule.get("late")
        at, traits = self._clock.now(), life.traits or set()
        if late and late["trait"] in traits and task.get("due_at"):
            traits.discard(late["trait"])
            due_at = max(at, parse(task["due_at"]))
            by = late["by"] if due_at - at > SHORT else late.get("soon", late["by"])
            self._later(self._after(due_at, *by), lambda: self._work(life, task["id"]))
            return
        if "claim" in rule:
            at = self._after(at, *rule["claim"])
            self._later(at, lambda: self._sign(life, task["id"]))
        at = self._moment_of_work(rule, at, task.get("due_at"))
        self._later(at, lambda: self._work(life, task["id"]))

    def _moment_of_work(self, rule: Plan, at: datetime, due_at: str | None) -> datetime:
        """Draw when somebody gets round to it: a share of the time left, or so long after."""
        share = rule.get("share")
        if share and due_at and parse(due_at) > at:
            left = parse(due_at) - at
            at += timedelta(seconds=int(left.total_seconds() * self._random.uniform(*share)))
            if left < SHORT:
                return at
            # Long limits are worked on in office hours, whatever the share comes to.
            low, high, unit = 0.0, 1.0, "WH"
        else:
            low, high, unit = rule.get("after") or self._plan["after"]
        return self._after(at, low, high, unit)

    def _after(self, at: datetime, low: float, high: float, unit: str) -> datetime:
        amount = round(self._random.uniform(low, high), 2)
        calendar = self._app.references.calendar
        return deadlines.due(at, amount, unit, calendar=calendar).at

    def _sign(self, life: Life, task_id: str) -> None:
        """Claim a task (签收) that is done later."""
        task = self._task(task_id)
        person = None if task is None else self._crowd.hand(task, [], self._random)
        if task is None or person is None:
            return
        try:
            cases.handle(self._app, person, life.id, ClaimTask(task=cases.split_task(task_id)[1]))
        except EngineError as refusal:
            self._refused(refusal, task["element"])

    def _task(self, task_id: str) -> dict[str, Any] | None:
        """Return a task with what its form shows to somebody who sees all; None if it has gone."""
        app = self._app
        case_id, name = cases.split_task(task_id)
        with app.database.reading() as tx:
            app.references.refresh(tx)
            row = store.read_case(tx, case_id)
            assert row is not None, "it was started here"
            pinned = app.library.pinned(tx, row.pins)
            try:
                task = app.executors[row.executor].task(pinned.bundle, row.snapshot(), name)
            except EngineError:
                return None
            data = views.task_data(app, tx, self._crowd.watcher(), row, task)
        node = pinned.bundle.processes[task.process].nodes[task.element]
        return {
            "id": task_id,
            "process": task.process,
            "element": task.element,
            "assignee": task.assignee,
            "candidates": task.candidates,
            "held": task.held,
            "form": node.form,
            "outcomes": list(node.outcomes),
            "data": data,
            "unit": row.unit,
        }

    def _ring(self, life: Life) -> None:
        self.report["timers"] += timers.tick(self._app)
        self._look(life)

    def _work(self, life: Life, task_id: str) -> None:
        """Complete a task that may have gone meanwhile."""
        task = self._task(task_id)
        if task is None:
            return
        if task["held"]:
            # It is planned for again when it is released.
            life.seen.discard(task_id)
            return
        outcome = self._outcome(task, life)
        tried: list[Actor] = []
        while len(tried) < TRIES:
            person = self._crowd.hand(task, tried, self._random)
            if person is None and not tried:
                # Nobody holds the role there: the administrator stands in, as offices do.
                self.report[f"nobody for {task['element']}"] += 1
                person = self._crowd.stand_in()
            if person is None:
                return
            tried.append(person)
            if self._complete(task, person, outcome, life.traits or set()):
                self._look(life)
                return

    def _complete(
        self, task: dict[str, Any], person: Actor, outcome: str | None, traits: set[str]
    ) -> bool:
        """Complete a task; False when another person might do better."""
        case_id, name = cases.split_task(task["id"])
        data = self._papers.task(task, outcome, traits)
        command = CompleteTask(task=name, outcome=outcome, data=data)
        try:
            for file in self._papers.files(task["process"], task["form"], data):
                cases.handle(self._app, person, case_id, AddAttachment(task=name, **file))
            cases.handle(self._app, person, case_id, command)
        except EngineError as refusal:
            self._refused(refusal, task["element"])
            return not isinstance(refusal, NotAllowed)
        self.report["steps"] += 1
        return True

    def _outcome(self, task: dict[str, Any], life: Life) -> str | None:
        rule = self._plans.rule(task["process"], task["element"])
        declared = task["outcomes"]
        if not declared:
            return None
        traits = life.traits or set()
        for trait, outcome in rule.get("once", {}).items():
            if trait in traits and outcome in declared:
                traits.discard(trait)
                return str(outcome)
        for trait, outcome in rule.get("always", {}).items():
            if trait in traits and outcome in declared:
                return str(outcome)
        weights = rule.get("outcomes") or {declared[0]: 1}
        known = [one for one in declared if weights.get(one)]
        if not known:
            return str(declared[0])
        return str(self._random.choices(known, [weights[one] for one in known])[0])

    def _refused(self, refusal: EngineError, element: str) -> None:
        self.report[f"refused at {element}: {refusal.code}"] += 1
