"""The two worlds an executor can live in: the present, and a recorded entry.

``LiveWorld`` answers from the sandbox, the lists, the calendar and the
organisation, and writes every answer on a tape. ``TapeWorld`` reads that tape:
replay and rebuild take the record, always, because the interpreter and the
lists may have changed since. The tape is part of the entry and hashed with it.

A record is ``{"site": [process, element, nth, purpose, instance?], "answers": […]}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from engine import deadlines
from engine.calendar import Calendar
from engine.clock import parse
from engine.decisions import Decision, Service, evaluate, explain, shape
from engine.errors import EngineError
from engine.execution import Answer, Site
from engine.lists import ReferenceData
from engine.scripts import Budget, Code, Outcome, Sandbox

Record = dict[str, Any]


class TapeDiffers(EngineError):
    """The case asks something else than the record answers."""

    code = "tape-differs"
    status = 409


class LiveWorld:
    """Answers from the present; ``tape`` holds the records, in the order of asking.

    Args:
        case: the case's id; part of every seed.
        now: the command's moment, the only one that scripts see.
        decisions: the decisions and services that the case has pinned, by (process, key).
    """

    def __init__(
        self,
        *,
        case: str,
        now: datetime,
        sandbox: Sandbox,
        calendar: Calendar,
        reference: ReferenceData,
        decisions: Mapping[tuple[str, str], Decision | Service],
    ) -> None:
        self.tape: list[Record] = []
        self._case = case
        self._now = now
        self._sandbox = sandbox
        self._calendar = calendar
        self._reference = reference
        self._decisions = decisions
        self._budget = Budget()
        self.scripts_ran = False
        self.calendar_read = False

    @property
    def seconds_left(self) -> float:
        """Seconds of the sandbox that the command still has."""
        return self._budget.left

    def evaluate(
        self, site: Site, codes: Sequence[Code], names: Mapping[str, Any]
    ) -> Sequence[Answer]:
        """Return one answer per expression, in order."""
        return self._write(
            site, [self._answer(site, one) for one in self._expressions(site, codes, names)]
        )

    def run(self, site: Site, code: Code, names: Mapping[str, Any]) -> Answer:
        """Run a script; the value is the object of the variables it assigned."""
        self.scripts_ran = True
        outcome = self._sandbox.script(
            code,
            names,
            now=self._moment(site),
            seed=self._seed(site),
            lookups=self._reference,
            budget=self._budget,
        )
        answer = self._answer(site, outcome)
        if answer.error is None and isinstance(outcome.value, dict):
            moment = self._moment(site)
            answer.counted = deadlines.counted(outcome.value, now=moment, calendar=self._calendar)
        return self._write(site, [answer])[0]

    def decide(
        self, site: Site, decision: str, shape_as: str | None, names: Mapping[str, Any]
    ) -> Answer:
        """Evaluate a decision; the value is {result, matched}."""
        table = self._decisions.get((site.process, decision))
        if table is None:
            return self._write(site, [_failed("UnknownDecision", f"No decision {decision!r}.")])[0]
        try:
            # Without the sandbox, but an entry says with which versions it was evaluated.
            self.scripts_ran = True
            found = evaluate(table, names, now=self._moment(site), lookups=self._reference)
            value = {"result": shape(found, table, shape_as), "matched": list(found.matched)}
        except EngineError as refusal:
            kind = getattr(refusal, "kind", "error")
            return self._write(site, [_failed(refusal.code, str(refusal), kind)])[0]
        return self._write(site, [self._resolved(site, value)])[0]

    def find_unit(self, site: Site, role: str, unit: str | None) -> Answer:
        """Return the nearest unit with a holder of ``role``, or None."""
        found = self._reference.organisation.nearest_unit(role, unit, self._reference.as_of)
        return self._write(site, [Answer(found)])[0]

    def remaining(self, site: Site, due_at: str, unit: str) -> Answer:
        """Return the time left until ``due_at`` as an amount object of ``unit``."""
        self.calendar_read = True
        left = deadlines.hold(self._moment(site), parse(due_at), unit, self._calendar)
        return self._write(site, [Answer(left.to_json())])[0]

    def resume(self, site: Site, remaining: Any) -> Answer:
        """Return the moment that lies ``remaining`` after now."""
        return self._write(site, [self._resolved(site, remaining)])[0]

    def _expressions(
        self, site: Site, codes: Sequence[Code], names: Mapping[str, Any]
    ) -> list[Outcome]:
        self.scripts_ran = True
        return self._sandbox.expressions(
            codes,
            names,
            now=self._moment(site),
            seed=self._seed(site),
            lookups=self._reference,
            budget=self._budget,
        )

    def _seed(self, site: Site) -> str:
        seed = f"{self._case}/{site.process}/{site.element}/{site.nth}"
        return seed if site.instance is None else f"{seed}/{site.instance}"

    def _moment(self, site: Site) -> datetime:
        """A limit that is evaluated again still counts from the moment it was set."""
        return self._now if site.since is None else parse(site.since)

    def _answer(self, site: Site, outcome: Outcome) -> Answer:
        if outcome.error is not None:
            error = {
                name: value for name, value in asdict(outcome.error).items() if value is not None
            }
            return Answer(error=error)
        return self._resolved(site, outcome.value)

    def _resolved(self, site: Site, value: Any) -> Answer:
        if not isinstance(value, dict | list):
            return Answer(value)
        try:
            resolved = deadlines.resolve(value, now=self._moment(site), calendar=self._calendar)
        except EngineError as refusal:
            return _failed(refusal.code, str(refusal))
        self.calendar_read = self.calendar_read or resolved.value != value
        return Answer(resolved.value, provisional=resolved.provisional)

    def _write(self, site: Site, answers: list[Answer]) -> list[Answer]:
        self.tape.append({"site": _place(site), "answers": [_to_json(one) for one in answers]})
        return answers


class TapeWorld:
    """Answers from the record of one entry.

    Raises:
        TapeDiffers: from every question, when the record holds another one here.
    """

    def __init__(self, tape: Sequence[Record]) -> None:
        self._tape = tape
        self._next = 0

    def evaluate(
        self, site: Site, codes: Sequence[Code], names: Mapping[str, Any]
    ) -> Sequence[Answer]:
        """Return the recorded answers, one per expression."""
        answers = self._read(site)
        if len(answers) != len(codes):
            raise TapeDiffers(f"{len(codes)} expressions where {len(answers)} were recorded.")
        return answers

    def run(self, site: Site, code: Code, names: Mapping[str, Any]) -> Answer:
        """Return the recorded answer."""
        return self._read(site)[0]

    def decide(
        self, site: Site, decision: str, shape_as: str | None, names: Mapping[str, Any]
    ) -> Answer:
        """Return the recorded answer."""
        return self._read(site)[0]

    def find_unit(self, site: Site, role: str, unit: str | None) -> Answer:
        """Return the recorded answer."""
        return self._read(site)[0]

    def remaining(self, site: Site, due_at: str, unit: str) -> Answer:
        """Return the recorded answer."""
        return self._read(site)[0]

    def resume(self, site: Site, remaining: Any) -> Answer:
        """Return the recorded answer."""
        return self._read(site)[0]

    def finish(self) -> None:
        """Raise TapeDiffers if the record holds answers that nobody asked for."""
        if self._next != len(self._tape):
            raise TapeDiffers(
                f"{len(self._tape) - self._next} recorded answers were not asked for."
            )

    def _read(self, site: Site) -> list[Answer]:
        if self._next >= len(self._tape):
            raise TapeDiffers(f"{_place(site)} is asked, but the record has ended.")
        record = self._tape[self._next]
        if record["site"] != _place(site):
            raise TapeDiffers(f"{_place(site)} is asked where {record['site']} was recorded.")
        self._next += 1
        return [_from_json(one) for one in record["answers"]]


class ReevaluatingWorld(TapeWorld):
    """Answers from the record, and asks the present too: ``disagreements`` says where they part.

    What ran into a limit is not asked again: time and memory are the machine's.
    """

    def __init__(self, tape: Sequence[Record], live: LiveWorld) -> None:
        super().__init__(tape)
        self._live = live
        self.disagreements: list[Record] = []

    def evaluate(
        self, site: Site, codes: Sequence[Code], names: Mapping[str, Any]
    ) -> Sequence[Answer]:
        """Return the recorded answers, one per expression."""
        recorded = super().evaluate(site, codes, names)
        self._compare(site, recorded, self._live.evaluate(site, codes, names))
        return recorded

    def run(self, site: Site, code: Code, names: Mapping[str, Any]) -> Answer:
        """Return the recorded answer."""
        recorded = super().run(site, code, names)
        self._compare(site, [recorded], [self._live.run(site, code, names)])
        return recorded

    def decide(
        self, site: Site, decision: str, shape_as: str | None, names: Mapping[str, Any]
    ) -> Answer:
        """Return the recorded answer."""
        recorded = super().decide(site, decision, shape_as, names)
        again = self._live.decide(site, decision, shape_as, names)
        self._compare(site, [recorded], [again])
        return recorded

    def _compare(self, site: Site, recorded: Sequence[Answer], again: Sequence[Answer]) -> None:
        if any(one.error is not None and one.error["kind"] == "limit" for one in recorded):
            return
        was, now = ([_said(one) for one in answers] for answers in (recorded, again))
        if was != now:
            self.disagreements.append({"site": _place(site), "recorded": was, "now": now})


class ExplainingWorld(TapeWorld):
    """Answers from the record; ``told`` says why each decision came out as it did.

    Nothing of it is recorded: the decision is pinned, and its inputs follow from the
    history. ``agrees`` is false where other rules match now than were recorded.

    Args:
        now: the moment of the entry.
    """

    def __init__(
        self,
        tape: Sequence[Record],
        *,
        now: datetime,
        decisions: Mapping[tuple[str, str], Decision | Service],
        reference: ReferenceData,
    ) -> None:
        super().__init__(tape)
        self.told: list[Record] = []
        self._now, self._decisions, self._reference = now, decisions, reference

    def decide(
        self, site: Site, decision: str, shape_as: str | None, names: Mapping[str, Any]
    ) -> Answer:
        """Return the recorded answer."""
        recorded = super().decide(site, decision, shape_as, names)
        table = self._decisions.get((site.process, decision))
        if table is not None and recorded.error is None:
            now = self._now if site.since is None else parse(site.since)
            found = explain(table, names, now=now, lookups=self._reference)
            agrees = found["matched"] == recorded.value["matched"]
            read = sorted((table.needs | table.names) & names.keys())
            self.told.append(
                {"process": site.process, "element": site.element, "nth": site.nth,
                 "agrees": agrees, "data": {one: names[one] for one in read}, **found}
            )  # fmt: skip
        return recorded


class Condition(NamedTuple):
    """A condition that was asked.

    Attributes:
        place: (process, element, nth) of whose visit asked it.
        values: the data that it mentions, as far as there were any.
        answer: ``{value}`` or ``{error}``.
    """

    place: tuple[str, str, int]
    code: Code
    values: Record
    answer: Record


class WatchingWorld(TapeWorld):
    """Answers from the record; ``conditions`` says what each condition read."""

    def __init__(self, tape: Sequence[Record]) -> None:
        super().__init__(tape)
        self.conditions: list[Condition] = []

    def evaluate(
        self, site: Site, codes: Sequence[Code], names: Mapping[str, Any]
    ) -> Sequence[Answer]:
        """Return the recorded answers, one per expression."""
        answers = super().evaluate(site, codes, names)
        if site.purpose == "condition":
            for code, answer in zip(codes, answers, strict=True):
                values = {name: names[name] for name in sorted(code.names) if name in names}
                place = (site.process, site.element, site.nth)
                self.conditions.append(Condition(place, code, values, _to_json(answer)))
        return answers


def _said(answer: Answer) -> Record:
    """An answer without how its moments were counted, which older records do not hold."""
    return {name: value for name, value in _to_json(answer).items() if name != "counted"}


def _place(site: Site) -> list[Any]:
    place: list[Any] = [site.process, site.element, site.nth, site.purpose]
    if site.instance is not None:
        place.append(site.instance)
    return place


def _to_json(answer: Answer) -> Record:
    if answer.error is not None:
        return {"error": answer.error}
    record: Record = {"value": answer.value}
    if answer.provisional:
        record["provisional"] = True
    if answer.counted:
        record["counted"] = answer.counted
    return record


def _from_json(record: Record) -> Answer:
    provisional, counted = record.get("provisional", False), record.get("counted")
    return Answer(record.get("value"), record.get("error"), provisional, counted)


def _failed(code: str, message: str, kind: str = "error") -> Answer:
    return Answer(error={"kind": kind, "type": code, "message": message})
