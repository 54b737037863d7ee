"""The way of a case from where it parts from its record.

The recorded acts come at their recorded moments. Timers fire when they are due by the new
diagram, before the next act. What machines answered is answered again, as long after it was
asked as it was then; a message that nothing waits for is kept. docs/backtest.md has the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine import commands
from engine.backtest.acts import DECISIONS, ON_TASKS, WHOLE, translated
from engine.backtest.books import (
    Book,
    Mapped,
    Open,
    Place,
    mapped,
    renamed_path,
    same_element,
    same_role,
)
from engine.backtest.reasons import Reason
from engine.clock import parse, text
from engine.commands import Command
from engine.definitions import Pinned
from engine.errors import EngineError
from engine.events import Event
from engine.execution import Applied, Executor, Snapshot, World

Document = dict[str, Any]

AT_MOST = 1_000
"""Timers and answers between two acts; a diagram in which more happens by itself is endless."""


@dataclass(slots=True)
class _Reply:
    """What a machine answered in the record: the answer, and how long it took."""

    asked: Open
    command: Document
    after: timedelta
    used: bool = False


_Due = tuple[datetime, int, int, Any]
"""When something happens by itself; a timer (0) before an answer (1); its number; it."""


class Way:
    """A case on its own way.

    Attributes:
        history: (moment, events) of everything so far.
        diverged: why the record cannot be followed any more; None as long as it can.
        until: when that was; None as long as it can.
        outcome: the end it came to, or ``open``.
    """

    def __init__(
        self,
        executor: Executor,
        pinned: Pinned,
        world: Callable[[Document, datetime], World],
        *,
        mapping: Mapped,
        documents: Sequence[Document],
        number: int,
        snapshot: Snapshot,
    ) -> None:
        self.history: list[tuple[datetime, list[Event]]] = []
        self.diverged: Reason | None = None
        self.until: datetime | None = None
        self.outcome = "open"
        self._executor, self._pinned, self._world = executor, pinned, world
        self._mapping, self._documents = mapping, documents
        self._snapshot = snapshot
        self._now, self._then = Book(), Book()
        self._at = parse(documents[0]["at"])
        self._document = documents[0]
        self._replies: list[_Reply] = []
        self._answers: list[tuple[datetime, int, str, _Reply]] = []
        self._letters: list[Command] = []
        for document in documents[:number]:
            at = parse(document["at"])
            self.history.append((at, document["events"]))
            self._now.take(at, document["events"])
        self._read(number)

    def _read(self, number: int) -> None:
        """Note of the record what is needed before its turn comes."""
        self._fires: Counter[tuple[Any, ...]] = Counter()
        self._coming: Counter[Place] = Counter()
        for at, document in enumerate(self._documents):
            moment, command = parse(document["at"]), document["command"]
            kind = command["type"]
            if at >= number and kind in ("complete_job", "fail_job"):
                self._note_reply(moment, document)
            if at >= number and kind == "fire_timer":
                self._fires.update(self._fired(document))
            self._then.take(moment, document["events"])
            if at >= number and kind in DECISIONS:
                self._coming.update(self._decided(command))

    def _note_reply(self, at: datetime, document: Document) -> None:
        command = document["command"]
        asked = self._then.known.get(command["job"])
        if asked is not None:
            reply = _Reply(asked, command, at - asked.since)
            self._replies.append(reply)

    def _decided(self, command: Document) -> Iterator[Place]:
        one = self._then.known.get(command["task"])
        place = None if one is None else mapped(self._mapping, one.place)
        if place is not None:
            yield place

    def _fired(self, document: Document) -> Iterator[tuple[Any, ...]]:
        """Yield what the timers of a recorded firing are known by."""
        for event in document["events"]:
            if event["type"] == "timer_fired":
                place = mapped(self._mapping, (event["process"], event["element"]))
                yield place, renamed_path(self._mapping, event["path"]), parse(event["due_at"])
                return

    # -- the record, act by act ---------------------------------------------------------

    def finished(self, number: int) -> Way:
        """Follow the record from an entry on, to its end."""
        for job in list(self._now.jobs.values()):
            self._schedule(job)
        for document in self._documents[number:]:
            if self.diverged or self.outcome != "open":
                return self
            self._document = document
            self._follow(document)
        if not self.diverged and self._ended_then():
            self._run_on()
        return self

    def _follow(self, document: Document) -> None:
        at, kind = parse(document["at"]), document["command"]["type"]
        if kind == "fire_timer":
            self._follow_timer(document, at)
            return
        if kind in DECISIONS:
            self._coming.subtract(self._decided(document["command"]))
        self._advance(at)
        if self.diverged or self.outcome != "open" or kind in ("complete_job", "fail_job"):
            return
        if kind in ("correlate_message", "receive_signal"):
            self._letters.append(commands.from_json(document["command"]))
            self._hand_out(at, signal=kind == "receive_signal")
        elif kind in ON_TASKS:
            self._at_task(document, at, is_decision=kind in DECISIONS)
        else:
            self._whole(document, at)

    def _follow_timer(self, document: Document, at: datetime) -> None:
        for key in self._fired(document):
            # Those that are due before it fire before it.
            self._advance(min(at, key[2]))
            self._fires[key] -= 1
            timer = self._timer(key)
            if timer is not None and not self.diverged and self.outcome == "open":
                self._fire(timer, at)

    def _timer(self, key: tuple[Any, ...]) -> Open | None:
        found = (one for one in self._now.timers.values() if _known_by(one) == key)
        return min(found, key=lambda one: int(one.name), default=None)

    def _at_task(self, document: Document, at: datetime, *, is_decision: bool) -> None:
        recorded = document["command"]["task"]
        was = self._then.known.get(commands.signed_task(recorded))
        assert was is not None, "a recorded command is about a task that was opened"
        place = mapped(self._mapping, was.place)
        if place is None:
            return
        open_tasks = list(self._now.tasks.values())
        found = same_element(open_tasks, was, self._mapping)
        if found is None and is_decision:
            processes = self._pinned.bundle.processes
            coming = (one for one, count in self._coming.items() if count > 0)
            found = same_role(open_tasks, was, self._mapping, processes, coming)
        if found is None:
            if is_decision:
                self._diverge_without(was)
            return
        name = found.name + recorded[len(was.name) :]
        command = commands.from_json({**document["command"], "task": name})
        self._act(command, at, document["actor"], needed=is_decision)

    def _diverge_without(self, was: Open) -> None:
        there = self._pinned.bundle.processes.get(was.place[0])
        new = mapped(self._mapping, was.place)
        is_there = there is not None and new is not None and new[1] in there.nodes
        self._diverge("closed" if is_there else "gone", was.called or was.place[1], was.place[1])

    def _whole(self, document: Document, at: datetime) -> None:
        kind = document["command"]["type"]
        command = translated(
            commands.from_json(document["command"]), self._mapping, self._then.known, self._now
        )
        if command is not None:
            self._act(command, at, document["actor"], needed=WHOLE.get(kind, False))

    def _act(self, command: Command, at: datetime, actor: str, *, needed: bool) -> None:
        """Apply an act of the record; a refused one that is needed ends the way."""
        try:
            self._apply(command, at, actor)
        except EngineError as refusal:
            if needed:
                self._diverge("refused", command.type, quoted=refusal.message)

    def _diverge(self, code: str, *values: str, quoted: str = "") -> None:
        self.diverged = Reason(code, (str(self._document["position"]), *values), quoted)
        self.until = max(parse(self._document["at"]), self._at)

    # -- what happens by itself -----------------------------------------------------------

    def _advance(self, until: datetime) -> None:
        """Let everything happen that is due by a moment, in order."""
        for _ in range(AT_MOST):
            if not self._next(until):
                return
        self._diverge("endless", str(AT_MOST))

    def _next(self, until: datetime | None, *, timers: bool = True) -> bool:
        """Let the next thing happen by itself; False when nothing is due."""
        if self.outcome != "open" or self.diverged:
            return False
        found: list[_Due] = [(at, 1, number, reply) for at, number, _, reply in self._answers]
        if timers and self._snapshot.state != "suspended":
            found += [(_due(one), 0, int(one.name), one) for one in self._unrecorded()]
        chosen = min(found, key=_order, default=None)
        if chosen is None or (until is not None and chosen[0] > until):
            return False
        at, kind, number, one = chosen
        if kind == 0:
            self._fire(one, at)
        else:
            self._answer(number)
        return True

    def _unrecorded(self) -> Iterator[Open]:
        """Yield the timers whose firing the record does not hold: they fire when due."""
        waiting = +self._fires
        for one in self._now.timers.values():
            key = _known_by(one)
            if waiting[key] > 0:
                waiting[key] -= 1
            else:
                yield one

    def _fire(self, timer: Open, at: datetime) -> None:
        command = commands.FireTimer(int(timer.name), text(_due(timer)))
        self._now.timers.pop(timer.name, None)
        self._act(command, max(at, self._at), "@scheduler", needed=False)

    def _answer(self, number: int) -> None:
        """Give a job the answer that the record has for it."""
        at, _, name, reply = next(one for one in self._answers if one[1] == number)
        self._answers = [one for one in self._answers if one[1] != number]
        if name in self._now.jobs:
            command = commands.from_json({**reply.command, "job": name})
            self._act(command, max(at, self._at), "@outbox", needed=True)

    def _schedule(self, job: Open) -> None:
        """Find the recorded answer to a job; the last one is given again if it asks again."""
        same = [one for one in self._replies if mapped(self._mapping, one.asked.place) == job.place]
        near = [one for one in same if one.asked.path == job.path] or same
        fresh = [one for one in near if not one.used and one.asked.nth >= job.nth] or [
            one for one in near if not one.used
        ]
        reply = fresh[0] if fresh else near[-1] if near else _told(job)
        if reply is not None:
            reply.used = True
            number = len(self.history) * AT_MOST + len(self._answers)
            self._answers.append((job.since + reply.after, number, job.name, reply))

    def _hand_out(self, at: datetime, *, signal: bool = False) -> None:
        """Give the case the messages that it waits for; a signal goes by who does not listen."""
        for letter in list(self._letters):
            name = getattr(letter, "name", "")
            if not any(one.awaits == name for one in self._now.waits.values()):
                continue
            self._letters.remove(letter)
            self._act(letter, at, "@outbox", needed=False)
        if signal:
            self._letters = [
                one for one in self._letters if not isinstance(one, commands.ReceiveSignal)
            ]

    def _apply(self, command: Command, at: datetime, actor: str) -> None:
        at = max(at, self._at)
        world = self._world(self._document, at)
        bundle = self._pinned.bundle
        applied = self._executor.apply(
            bundle, self._snapshot, command, now=at, actor=actor, world=world
        )
        self.take(at, applied)
        for event in applied.events:
            if event["type"] == "job_opened" and event["job"] in self._now.jobs:
                self._schedule(self._now.jobs[event["job"]])
        if self._letters:
            self._hand_out(at)

    def take(self, at: datetime, applied: Applied) -> None:
        """Take over what a command came to."""
        self._at, self._snapshot = at, applied.snapshot
        self.history.append((at, applied.events))
        self._now.take(at, applied.events)
        for event in applied.events:
            if event["type"] in ("case_completed", "case_cancelled"):
                kind = event["type"].removeprefix("case_")
                self.outcome = f"{kind}: {event.get('end') or ''}".strip()

    # -- where the record ends -------------------------------------------------------------

    def _ended_then(self) -> bool:
        last = self._documents[-1]["events"]
        return any(one["type"] in ("case_completed", "case_cancelled") for one in last)

    def _run_on(self) -> None:
        """Let what needs nobody go on, where the recorded case had ended."""
        for _ in range(AT_MOST):
            if not self._next(None, timers=not self._now.tasks):
                return

    def stands(self, documents: Sequence[Document]) -> bool:
        """Tell whether nothing can move the case any more, and the recorded one could be."""
        book, state = self._now, self._snapshot.state
        if state == "incident":
            return not any(
                one["type"] == "incident_raised" for each in documents for one in each["events"]
            )
        return state == "open" and not (book.tasks or book.jobs or book.timers or book.waits)

    def waiting(self) -> Reason:
        """Return what the case waits for."""
        if self._snapshot.state == "incident":
            raised = [e for _, events in self.history for e in events
                      if e["type"] == "incident_raised"]  # fmt: skip
            return Reason("incident", (raised[-1]["element"],), raised[-1]["message"])
        book = self._now
        for what, table in (("task", book.tasks), ("job", book.jobs), ("event", book.waits),
                            ("timer", book.timers)):  # fmt: skip
            if table:
                names = sorted({one.place[1] for one in table.values()})
                return Reason(what, (", ".join(names),))
        return Reason("unmoved")


_NOTHING_COMES_BACK = frozenset({"notify"})
"""Topics that are answered at once, with nothing: no record is needed to know it."""


def _told(job: Open) -> _Reply | None:
    if job.awaits not in _NOTHING_COMES_BACK:
        return None
    command = {"type": commands.CompleteJob.type, "job": job.name, "data": {}}
    return _Reply(job, command, timedelta())


def _known_by(one: Open) -> tuple[Any, ...]:
    return one.place, one.path, one.due


def _due(timer: Open) -> datetime:
    assert timer.due is not None, "a timer that is armed is due some time"
    return timer.due


def _order(one: _Due) -> tuple[datetime, int, int]:
    return one[0], one[1], one[2]
