"""Trial runs: a diagram that is not deployed, run in memory with a clock of its own.

The files are compiled inside a transaction that is taken back, so that a trial runs what
a deployment would deploy, with all that is called. The steps of a trial are sent whole each
time and taken from the beginning: between two of them nothing is kept anywhere. Limits are
counted on the real calendar; lists and people are those in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine import access, deadlines, deployments, forms, intake
from engine.access import Actor
from engine.bpmn.model import Node
from engine.clock import parse, text
from engine.commands import Command, CompleteJob, CompleteTask, FireTimer, JsonObject, StartCase
from engine.definitions import Pinned
from engine.errors import InvalidRequest, StepLimit, TaskNotOpen
from engine.execution import Snapshot, empty
from engine.forms import Form
from engine.ports import Application
from engine.sealing import Sealer
from engine.worlds import LiveWorld

MAX_STEPS = 200
MAX_FIRINGS = 500
_CASE = "@trial"
_ENDED = frozenset({"completed", "cancelled"})


@dataclass(slots=True)
class _Trial:
    """A case in memory, and what is open in it."""

    app: Application
    actor: Actor
    pinned: Pinned
    now: datetime
    snapshot: Snapshot = field(default_factory=lambda: empty(_CASE))
    tasks: dict[str, JsonObject] = field(default_factory=dict)
    timers: dict[int, JsonObject] = field(default_factory=dict)
    jobs: dict[str, JsonObject] = field(default_factory=dict)
    inside: dict[tuple[str, str], int] = field(default_factory=dict)
    incidents: dict[int, JsonObject] = field(default_factory=dict)
    log: list[JsonObject] = field(default_factory=list)
    fired: int = 0

    # -- steps -------------------------------------------------------------------------

    def take(self, step: Mapping[str, Any]) -> None:
        """Take one step of the designer."""
        do = step.get("do")
        if do == "start":
            self._start(_object(step, "data"))
        elif do == "complete":
            self._complete(str(step.get("task")), step.get("outcome"), _object(step, "data"))
        elif do == "job":
            self._apply(CompleteJob(str(step.get("job")), _object(step, "data")), "@engine")
        elif do == "advance":
            amount, unit = deadlines.number(step.get("amount")), str(step.get("unit"))
            if amount < 0:
                raise InvalidRequest("The clock does not go back.", hint="Begin anew.")
            calendar = self.app.references.calendar
            self._until(deadlines.due(self.now, amount, unit, calendar=calendar).at)
        elif do == "next":
            due = self._due()
            if due is not None:
                self._until(due[0])
        else:
            raise InvalidRequest(f"A trial has no step {do!r}.")

    def _start(self, data: JsonObject) -> None:
        root = self.pinned.main.root
        plain = [one for one in root.starts if not root.nodes[one].events]
        form = self.pinned.form_of(self.pinned.bundle.main, plain[0]) if plain else None
        if form is not None:
            data = self._sealed(form, forms.validate(self._filled(form), data))
        unit = intake.home_unit(self.app, self.actor)
        command = StartCase(
            process=self.pinned.bundle.main, data=data, unit=unit, starter=self.actor.name
        )
        self._apply(command, self.actor.name)

    def _complete(self, task: str, outcome: Any, data: JsonObject) -> None:
        opened = self.tasks.get(task)
        if opened is None:
            raise TaskNotOpen(task, state="not open", case_id=_CASE)
        form = self.pinned.form_of(opened["process"], opened["element"])
        if form is not None:
            known = {**self._data(), **({"outcome": outcome} if outcome else {})}
            data = self._sealed(form, forms.validate(self._filled(form), data, known=known))
        self._apply(CompleteTask(task, outcome or None, data), self.actor.name)

    def _filled(self, form: Form) -> Form:
        reference = self.app.references.for_case({}, self.now)
        return forms.filled(form, reference.in_force)

    def _sealed(self, form: Form, data: JsonObject) -> JsonObject:
        sealer = Sealer(self.app.clock.new_id, self.app.clock.secret)
        return sealer.fields(data, form.personal, form.ballots)

    def _until(self, moment: datetime) -> None:
        """Let the clock go on; each timer sees its own moment."""
        while (due := self._due()) is not None and due[0] <= moment:
            self.fired += 1
            if self.fired > MAX_FIRINGS:
                raise StepLimit(f"More than {MAX_FIRINGS} timers have fired.")
            self.now = max(self.now, due[0])
            self._apply(FireTimer(due[1], text(due[0])), "@scheduler")
        self.now = moment

    def _due(self) -> tuple[datetime, int] | None:
        if self.snapshot.state in _ENDED:
            return None
        return min(((parse(one["due_at"]), n) for n, one in self.timers.items()), default=None)

    def _apply(self, command: Command, by: str) -> None:
        world = LiveWorld(
            case=_CASE,
            now=self.now,
            sandbox=self.app.sandbox,
            calendar=self.app.references.calendar,
            reference=self.app.references.for_case({}, self.now),
            decisions=self.pinned.decisions,
        )
        applied = self.app.executors[deployments.DEFAULT].apply(
            self.pinned.bundle, self.snapshot, command, now=self.now, actor=by, world=world
        )
        self.snapshot = applied.snapshot
        for event in applied.events:
            self._notice(event)

    def _notice(self, event: JsonObject) -> None:
        kind, place = event["type"], (event["process"], event["element"])
        if kind in {"element_entered", "element_left"}:
            self.inside[place] = self.inside.get(place, 0) + (
                1 if kind == "element_entered" else -1
            )
        elif kind == "task_opened":
            self.tasks[event["task"]] = event
        elif kind in {"task_completed", "task_cancelled"}:
            self.tasks.pop(event["task"], None)
        elif kind == "task_due_changed" and event["task"] in self.tasks:
            self.tasks[event["task"]] = {**self.tasks[event["task"]], "due_at": event.get("due_at")}
        elif kind == "timer_armed":
            self.timers[event["timer"]] = event
        elif kind in {"timer_fired", "timer_cancelled", "timer_held"}:
            self.timers.pop(event["timer"], None)
        elif kind == "job_opened":
            self.jobs[str(event["job"])] = event
        elif kind in {"job_completed", "job_failed", "job_cancelled"}:
            self.jobs.pop(str(event["job"]), None)
        elif kind == "incident_raised":
            self.incidents[event["incident"]] = event
        elif kind == "incident_resolved":
            self.incidents.pop(event["incident"], None)
        if kind in _TOLD:
            told = {"type": kind, "at": text(self.now), "process": place[0], "element": place[1]}
            self.log.append({**told, "name": self._name(place), "outcome": event.get("outcome")})

    # -- what is shown -----------------------------------------------------------------

    def _data(self) -> JsonObject:
        data: JsonObject = self.snapshot.data.get("", {})
        return data

    def _node(self, place: tuple[str, str]) -> Node | None:
        process = self.pinned.bundle.processes.get(place[0])
        return process.nodes.get(place[1]) if process else None

    def _name(self, place: tuple[str, str]) -> str:
        node = self._node(place)
        return (node and node.name) or place[1]

    def to_json(self) -> JsonObject:
        """Return where the trial stands."""
        main = self.pinned.bundle.main
        return {
            "at": text(self.now),
            "state": self.snapshot.state,
            "tokens": {
                element: count
                for (process, element), count in self.inside.items()
                if process == main and count > 0
            },
            "tasks": [self._task(one) for one in self.tasks.values()],
            "timers": [
                {"due_at": one["due_at"], "name": self._name((one["process"], one["element"]))}
                for one in sorted(self.timers.values(), key=lambda one: parse(one["due_at"]))
            ],
            "jobs": [{"job": key, "topic": one["topic"]} for key, one in self.jobs.items()],
            "incidents": [
                {"element": one["element"], "message": one["message"]}
                for one in self.incidents.values()
            ],
            "data": self._data(),
            "log": self.log,
        }

    def _task(self, opened: JsonObject) -> JsonObject:
        place = (opened["process"], opened["element"])
        node, form = self._node(place), self.pinned.form_of(*place)
        return {
            "task": opened["task"],
            "element": place[1],
            "name": self._name(place),
            "due_at": opened.get("due_at"),
            "candidates": opened["candidates"],
            "outcomes": dict(node.outcomes) if node else {},
            "fields": fields_of(self._filled(form)) if form else [],
        }


_TOLD = frozenset({
    "case_started", "task_opened", "task_completed", "task_cancelled", "timer_fired",
    "incident_raised", "message_sent", "job_opened", "case_completed", "case_cancelled",
})  # fmt: skip


def fields_of(form: Form) -> list[JsonObject]:
    """Return ``{key, label, type, required, choices}`` of the fields that can be filled in."""
    return [
        {
            "key": one.key,
            "label": one.label or one.key,
            "type": one.type,
            "required": one.required,
            "choices": [[str(each.value), each.label] for each in one.choices],
        }
        for one in form.components
        if one.key and not one.readonly and not one.parts
    ]


def run(
    app: Application,
    actor: Actor,
    process: str,
    files: Mapping[str, bytes],
    steps: Sequence[Mapping[str, Any]],
    *,
    began_at: datetime | None = None,
) -> JsonObject:
    """Run a diagram from its start through the steps; keep nothing.

    Args:
        steps: ``{do: start|complete|job|advance|next, …}``; none = what the start asks for.
        began_at: when the trial began; None = now.

    Returns:
        Where the trial stands, with ``began_at`` and the ``fields`` of the start form.

    Raises:
        NotDeployable: with the findings.
        EngineError: a step is refused, as it would be in a case.
    """
    access.require(actor, "check")
    if len(steps) > MAX_STEPS:
        raise InvalidRequest(f"A trial has at most {MAX_STEPS} steps.", hint="Begin anew.")
    pinned = deployments.compiled(app, files, process)
    began = began_at or app.clock.now()
    trial = _Trial(app, actor, pinned, began)
    for step in steps:
        trial.take(step)
    root = pinned.main.root
    plain = [one for one in root.starts if not root.nodes[one].events]
    form = pinned.form_of(process, plain[0]) if plain else None
    fields = (
        fields_of(forms.filled(form, app.references.for_case({}, began).in_force)) if form else []
    )
    return {**trial.to_json(), "began_at": text(began), "fields": fields}


def _object(step: Mapping[str, Any], name: str) -> JsonObject:
    value = step.get(name) or {}
    if not isinstance(value, dict):
        raise InvalidRequest(f"{name} of a step is an object.")
    return value
