"""What all histories together say: a running account of promises and deeds."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

Document = dict[str, Any]
TOLD = frozenset({"handed_over_ended", "followed"})
"""Messages that always have somebody who waits for them."""

Message = tuple[str, str, str]
"""Who sent it, its name, its keys."""


class Ledger:
    """Takes each entry once, in the order of its history.

    Attributes:
        marks: by what each client's command is found, and how often it was.
        armed: timers that run, with their due moment.
        wrong: timers that fired though they did not run.
        fired: timers that fired, by process.
        numbers: every number that a case was given.
        sent: messages that cases have sent to others; ``arrived``: those that came in;
            ``taken``: to whom.
        processes: of each case.
        begun: the case that each job for starting one was told of.
        starts: cases that were begun by another, with that case.
        kinds: events by type; ``steps``: completed tasks by process; ``ends``: by process and end.
    """

    def __init__(self) -> None:
        self.marks: Counter[str] = Counter()
        self.armed: dict[tuple[str, int], str] = {}
        self.wrong: list[tuple[str, int]] = []
        self.fired: Counter[str] = Counter()
        self.numbers: Counter[str] = Counter()
        self.sent: Counter[Message] = Counter()
        self.arrived: Counter[Message] = Counter()
        self.taken: dict[Message, str] = {}
        self.processes: dict[str, str] = {}
        self.begun: Counter[tuple[str, str]] = Counter()
        self.starts: Counter[tuple[str, str]] = Counter()
        self.kinds: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self.ends: Counter[tuple[str, str]] = Counter()

    def take(self, stream: str, document: Document) -> None:
        """Enter one entry."""
        if stream.startswith("@"):
            return
        self._command(stream, document["actor"], document["command"])
        for event in document["events"]:
            self.kinds[event["type"]] += 1
            self._event(stream, event)

    def awaited(self, messages: Counter[Message]) -> Counter[Message]:
        """Return those of the messages that somebody waits for."""
        return Counter({one: count for one, count in messages.items() if one[1] in TOLD})

    def told(self) -> Counter[tuple[str, str]]:
        """Return how often a process told another that what it was handed over has ended."""
        found: Counter[tuple[str, str]] = Counter()
        for (sender, name, _), receiver in self.taken.items():
            if name == "handed_over_ended":
                found[self.processes[sender], self.processes[receiver]] += 1
        return found

    def begins(self) -> Counter[tuple[str, str]]:
        """Return how often a process has begun a case of another."""
        return Counter((self.processes[one], self.processes[other]) for one, other in self.starts)

    def _command(self, stream: str, actor: str, command: Document) -> None:
        kind, data = command["type"], command.get("data") or {}
        if kind == "complete_task":
            self.marks[data.get("mark") or f"{stream}.{command['task']}"] += 1
        elif kind == "complete_job":
            if "number" in data:
                self.numbers[data["number"]] += 1
            if "started" in data:
                self.begun[stream, data["started"]] += 1
        elif kind == "start_case":
            self._start(stream, actor, command, data)
        elif kind == "correlate_message":
            message = _message(actor.removeprefix("@case/"), command)
            self.arrived[message] += 1
            self.taken[message] = stream

    def _start(self, stream: str, actor: str, command: Document, data: Document) -> None:
        self.processes[stream] = command["process"]
        if command["process"] == "follow":
            sender = command["links"][0]["case"]
            self.arrived[sender, "followed", json.dumps({"of": sender})] += 1
        elif actor.startswith("@case/"):
            self.starts[actor.removeprefix("@case/"), stream] += 1
        elif not actor.startswith("@"):
            # What the calendar begins is nobody's to acknowledge.
            self.marks[data.get("mark") or command["business_key"]] += 1

    def _event(self, stream: str, event: Document) -> None:
        kind = event["type"]
        if kind.startswith("timer_"):
            self._timer(kind, (stream, event["timer"]), event)
        elif kind == "message_sent" and not event.get("received"):
            self.sent[_message(stream, event)] += 1
        elif kind == "task_completed":
            self.steps[event["process"]] += 1
        elif kind in ("case_completed", "case_cancelled"):
            self.ends[event["process"], event.get("end") or ""] += 1

    def _timer(self, kind: str, timer: tuple[str, int], event: Document) -> None:
        if kind == "timer_armed":
            self.armed[timer] = event["due_at"]
            return
        known = self.armed.pop(timer, None)
        if kind == "timer_fired":
            self.fired[event["process"]] += 1
            if known is None:
                self.wrong.append(timer)


def _message(sender: str, message: Document) -> Message:
    return sender, message["name"], json.dumps(message["correlation"], sort_keys=True)
