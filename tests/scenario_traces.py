"""A case's history as people read it: one line for each element entered.

    # 09-14 09:20 RY003 (street_dispatcher) completes accept 1: accept
    accept_result 1 09-14 09:20
    sign 1 09-14 09:20 dept_call[D04]/work -> dept_liaison@D04 due 09-14 15:20
      timer sign_warn 1 due 09-14 11:20

A heading names the moment, who acted and what was asked; under it stand the
elements entered, each with its visit, its moment and the scopes around it, and
indented what else became of it. Moments are local; the year is told where it is
not the first one's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from engine.calendar import LOCAL
from engine.clock import parse
from tests.scenario_city import City
from tests.scenario_stages import Entry

Event = dict[str, Any]


class Trace:
    """Writes the lines of one case."""

    def __init__(self, city: City, year: int) -> None:
        self.city, self.year = city, year

    def lines(self, entries: Iterable[Entry]) -> list[str]:
        """The whole trace."""
        return [line for entry in entries for line in self._entry(entry)]

    def moment(self, at: datetime | str) -> str:
        """A moment as people write it."""
        local = (parse(at) if isinstance(at, str) else at).astimezone(LOCAL)
        day = "%m-%d" if local.year == self.year else "%Y-%m-%d"
        clock = "%H:%M:%S" if local.second or local.microsecond else "%H:%M"
        return local.strftime(f"{day} {clock}")

    def candidates(self, event: Event) -> str:
        """Whom a task is offered to."""
        if event.get("assignee"):
            return str(event["assignee"])
        found = [one.get("user") or f"{one['role']}@{one['unit']}" for one in event["candidates"]]
        return ", ".join(found) or "nobody"

    def _entry(self, entry: Entry) -> list[str]:
        heading = self._heading(entry)
        lines = [f"# {self.moment(entry.at)} {heading}"] if heading else []
        opened = {_key(one): one for one in entry.events if one["type"] == "task_opened"}
        for event in entry.events:
            if event["type"] == "element_entered":
                lines.append(self._entered(event, entry.at, opened.get(_key(event))))
            else:
                lines += [f"  {line}" for line in self._other(event)]
        return lines

    def _entered(self, event: Event, at: datetime, task: Event | None) -> str:
        line = f"{visit(event)} {self.moment(at)}{_scope(event)}"
        if task is None:
            return line
        line += f" -> {self.candidates(task)}"
        if task.get("due_at"):
            line += f" due {self.moment(task['due_at'])}"
        return line + (" held" if task.get("held") else "")

    def _heading(self, entry: Entry) -> str:
        command, who = entry.command, self._who(entry.actor)
        kind = command["type"]
        if kind == "complete_job":
            return ""
        about = next((one for one in entry.events if one["type"] in _ABOUT.get(kind, ())), None)
        if kind == "start_case":
            return f"{who} starts {command['process']}"
        if kind == "complete_task" and about is not None:
            outcome = f": {command['outcome']}" if command.get("outcome") else ""
            return f"{who} completes {visit(about)}{outcome}"
        if kind == "fire_timer" and about is not None:
            late = (
                ""
                if parse(about["due_at"]) == entry.at
                else f", due {self.moment(about['due_at'])}"
            )
            return f"timer {visit(about)}{late}"
        if kind == "correlate_message":
            return f"{who} sends {command['name']}"
        if about is not None:
            return f"{who} {kind.replace('_task', 's')} {visit(about)}"
        return f"{who} asks for {kind}"

    def _who(self, actor: str) -> str:
        if actor.startswith("@case/"):
            return "another case"
        first = self.city.lists["people"].rows
        role = next((row["role"] for row in first if row["person_id"] == actor), None)
        return f"{actor} ({role})" if role else actor

    def _other(self, event: Event) -> Iterable[str]:
        kind = event["type"]
        if kind == "timer_armed":
            yield f"timer {visit(event)} due {self.moment(event['due_at'])}"
        elif kind in {"timer_cancelled", "timer_held"}:
            yield f"timer {visit(event)} {kind.partition('_')[2]}"
        elif kind == "element_left" and event.get("cancelled"):
            yield f"{visit(event)} cancelled"
        elif kind == "task_due_changed":
            due = self.moment(event["due_at"]) if event.get("due_at") else "none"
            was = self.moment(event["original_due_at"]) if event.get("original_due_at") else "none"
            yield f"{visit(event)} due {due}, originally {was}"
        elif kind in {"task_held", "task_released"}:
            due = f" due {self.moment(event['due_at'])}" if event.get("due_at") else ""
            yield f"{visit(event)} {kind.partition('_')[2]}{due}"
        elif kind == "task_transferred":
            yield f"{visit(event)} -> {event['assignee']}"
        elif kind == "job_opened" and event["topic"] == "notify":
            to = event["data"].get("to")
            yield f"notify {', '.join(to) if isinstance(to, list) else to}: {event['data'].get('text')}"
        elif kind == "row_registered":
            named = sorted(name for name, value in event["row"].items() if value is not None)
            row = ", ".join(named)
            where = f"{event.get('unit')} by {event['author']}"
            yield f"row in {', '.join(event['registers'])} of {where}: {row}"
        elif kind == "message_sent":
            yield f"message {event['name']}"
        elif kind in {"error_thrown", "escalation_thrown"}:
            yield f"{kind.partition('_')[0]} {event.get('code')}"
        elif kind == "compensation_thrown":
            yield f"compensation of {event.get('activity', 'all')}"
        elif kind == "compensation_started":
            by = f" by {event['handler']}" if "handler" in event else ""
            yield f"undoing {visit(event)}{_scope(event)}{by}"
        elif kind == "compensation_completed":
            yield f"undone {visit(event)}{_scope(event)}"
        elif kind == "incident_raised":
            yield f"INCIDENT at {visit(event)}: {event['code']}: {event['message']}"
        elif kind in _STATES:
            more = f" {event['end']}" if event.get("end") else ""
            subject = "" if kind.startswith("case") else f" {visit(event)}{_scope(event)}"
            yield f"{kind.replace('_', ' ')}{subject}{more}"


_ABOUT = {
    "complete_task": ("task_completed",),
    "claim_task": ("task_claimed",),
    "unclaim_task": ("task_unclaimed",),
    "transfer_task": ("task_transferred",),
    "suspend_task": ("task_held",),
    "resume_task": ("task_released",),
    "extend_task": ("task_due_changed",),
    "fire_timer": ("timer_fired",),
}
_STATES = {
    "scope_held", "scope_released", "instance_added", "instance_cancelled", "incident_resolved",
    "case_suspended", "case_resumed", "case_completed", "case_cancelled", "transaction_cancelled",
}  # fmt: skip


def visit(event: Event) -> str:
    """Element and visit of an event, with the instance of a multi-instance activity."""
    instance = f".{event['instance']}" if event.get("instance") is not None else ""
    return f"{event['element']} {event['nth']}{instance}"


def _scope(event: Event) -> str:
    return f" {'/'.join(event['path'])}" if event["path"] else ""


def _key(event: Event) -> tuple[Any, ...]:
    return (
        event["process"],
        event["element"],
        event["nth"],
        event.get("instance"),
        tuple(event["path"]),
    )


class Board:
    """The open tasks and timers of a case, by its events."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.tasks: dict[str, Event] = {}
        self.timers: dict[int, Event] = {}
        for entry in entries:
            for event in entry.events:
                self._take(event)

    def _take(self, event: Event) -> None:
        kind = event["type"]
        if kind == "task_opened":
            self.tasks[event["task"]] = dict(event)
        elif kind in {"task_completed", "task_cancelled"}:
            self.tasks.pop(event["task"], None)
        elif kind in {"task_claimed", "task_transferred"}:
            self.tasks[event["task"]]["assignee"] = event["assignee"]
        elif kind == "task_unclaimed":
            self.tasks[event["task"]].pop("assignee", None)
        elif kind in {"task_held", "task_released", "task_due_changed"}:
            task = self.tasks[event["task"]]
            task["held"] = kind == "task_held" or (kind == "task_due_changed" and task.get("held"))
            if "due_at" in event:
                task["due_at"] = event["due_at"]
        elif kind == "timer_armed":
            self.timers[event["timer"]] = event
        elif kind in {"timer_fired", "timer_cancelled", "timer_held"}:
            self.timers.pop(event["timer"], None)

    def find(self, reference: str) -> tuple[str, Event]:
        """The one open task that a scenario means.

        ``accept``, ``handle[D04]`` (in that instance, or offered to that person alone),
        ``handle#2`` (that visit),
        ``whistle_report.supervise`` (in that process).
        """
        found = [item for item in self.tasks.items() if _meant(reference, item[1])]
        there = ", ".join(
            f"{one['process']}.{visit(one)}{_scope(one)}" for one in self.tasks.values()
        )
        assert len(found) == 1, (
            f"{reference!r} is {len(found)} open tasks; open are: {there or 'none'}"
        )
        return found[0]


def _meant(reference: str, event: Event) -> bool:
    rest, _, key = reference.partition("[")
    rest, _, nth = rest.partition("#")
    process, _, element = rest.rpartition(".")
    if event["element"] != element or (process and event["process"] != process):
        return False
    if nth and event["nth"] != int(nth):
        return False
    key = key.rstrip("]")
    offered = [one.get("user") for one in event.get("candidates", ())]
    return not key or offered == [key] or any(f"[{key}]" in one for one in event["path"])


def meant(reference: str, event: Event) -> bool:
    """Whether an event is of the element that a scenario means; see ``Board.find``."""
    return _meant(reference, event)
