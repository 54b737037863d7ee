"""Play a scenario file and compare what happens with what it says.

A scenario is a story about one or more cases, in YAML: who does what and when,
and everything that must come of it. ``tests/scenarios/README.md`` describes the
words. Under ``expect`` stands the whole trace; it is compared as text, so nothing
may be missing, come twice or come at another minute.

    python -m tests.scenarios                      play all, in memory
    python -m tests.scenarios FILE…                play some
    python -m tests.scenarios --record FILE…       write ``expect`` anew

What was recorded is not yet right: read it against the domain report, line by
line, before it is committed.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from engine import deadlines
from engine.access import Actor
from engine.calendar import LOCAL
from engine.commands import (
    CancelCase,
    ClaimTask,
    Command,
    CompleteTask,
    ExtendTask,
    ResumeCase,
    ResumeTask,
    RetryIncident,
    SuspendCase,
    SuspendTask,
    TransferTask,
    UnclaimTask,
)
from engine.errors import EngineError
from engine.scripts import Sandbox
from tests.scenario_city import city
from tests.scenario_files import FOLDER, Scenario, load, moment_of, paths
from tests.scenario_memory import MemoryStage
from tests.scenario_stages import Stage
from tests.scenario_traces import Board, Trace, meant

NAMES = "ABCDEFGHIJKL"
WORDS = {
    "at", "after", "stopped_until", "by", "case", "refused", "due", "open", "check", "data", "outcome",
    "event", "business_key", "correlation", "to", "reason", "note", "rows", "figure",
    "board",
}  # fmt: skip


class Wrong(AssertionError):
    """The scenario and what happened differ."""


class Play:
    """One performance of a scenario on a stage."""

    def __init__(self, scenario: Scenario, stage: Stage) -> None:
        self.scenario, self.stage = scenario, stage
        self.trace = Trace(city(), scenario.first.year)
        self.seen: dict[str, int] = {}

    def run(self) -> None:
        """Play what is given, then the steps."""
        before = self.scenario.given
        if before is not None:
            Play(before, self.stage).run()
            self.seen = {one: len(self.stage.entries(one)) for one in self.stage.cases()}
        for number, step in enumerate(self.scenario.document.get("steps", []), start=1):
            try:
                self._step(step)
            except (AssertionError, EngineError, KeyError, LookupError) as reason:
                told = f"{self.scenario.path.name}, step {number} {step}:\n{_why(reason)}"
                raise Wrong(f"{told}\n\nSo far:\n{self.expectation()}") from reason

    def expectation(self) -> str:
        """What happened, as ``expect`` writes it."""
        lines = []
        for name, case in zip(NAMES, self.stage.cases(), strict=False):
            entries = self.stage.entries(case)[self.seen.get(case, 0) :]
            state, _ = self.stage.state(case)
            end = [
                one.get("end")
                for entry in entries
                for one in entry.events
                if one["type"] in ("case_completed", "case_cancelled") and one.get("end")
            ]
            lines.append(f"  {name}:")
            lines.append(f"    end: {' '.join([state, *end])}")
            left = self._open(case)
            lines.append("    open:" if left else "    open: []")
            lines += [f"    - {one}" for one in left]
            lines.append("    trace: |")
            lines += [f"      {line}" for line in self.trace.lines(entries)]
        return "expect:\n" + "\n".join(lines) + "\n"

    # -- one step -------------------------------------------------------------------

    def _step(self, step: dict[str, Any]) -> None:
        self._move(step)
        verbs = set(step) - WORDS
        assert len(verbs) <= 1, f"one verb per step, not {sorted(verbs)}"
        refused = step.get("refused")
        if verbs:
            verb = verbs.pop()
            try:
                self._act(verb, step)
            except EngineError as refusal:
                if refusal.code != refused:
                    raise
            else:
                assert not refused, f"this is not refused; {refused!r} was expected"
            # What is due at once is done at once: the scheduler is always at work.
            self.stage.advance(self.stage.now())
        self._look(step)

    def _move(self, step: dict[str, Any]) -> None:
        if "stopped_until" in step:
            self.stage.stop_until(self._moment(step["stopped_until"]))
        elif "at" in step:
            self.stage.advance(self._moment(step["at"]))
        elif "after" in step:
            amount, unit = step["after"].split()
            now = self.stage.now()
            self.stage.advance(deadlines.due(now, float(amount), unit, calendar=city().calendar).at)

    def _moment(self, text: str) -> datetime:
        if re.fullmatch(r"\d\d:\d\d", text):
            text = f"{self.stage.now().astimezone(LOCAL):%Y-%m-%d} {text}"
        elif len(text) < 16:
            text = f"{self.scenario.first.year}-{text}"
        return moment_of(text)

    def _act(self, verb: str, step: dict[str, Any]) -> None:
        acts: dict[str, Callable[[dict[str, Any]], None]] = {
            "start": self._start, "message": self._message, "deploy": self._deploy,
            "import": self._import,
        }  # fmt: skip
        if verb in acts:
            acts[verb](step)
            return
        case = self._case(step)
        if verb in TASK_VERBS:
            task, event = Board(self.stage.entries(case)).find(step[verb])
            actor = self._actor(step["by"], event)
            self.stage.send(actor, case, _command(self, verb, task, step))
            return
        assert verb in _CASES, f"there is no verb {verb!r}"
        self.stage.send(self._actor(step["by"], None), case, _CASES[verb](step))

    def _start(self, step: dict[str, Any]) -> None:
        more = {name: step[name] for name in ("event", "business_key") if name in step}
        actor = self._actor(step["by"], None)
        self.stage.start(actor, step["start"], self._values(step.get("data") or {}), **more)

    def _message(self, step: dict[str, Any]) -> None:
        keys, data = (
            self._values(step.get("correlation") or {}),
            self._values(step.get("data") or {}),
        )
        self.stage.message(self._actor(step["by"], None), step["message"], keys, data)

    def _deploy(self, step: dict[str, Any]) -> None:
        names = step["deploy"] if isinstance(step["deploy"], list) else [step["deploy"]]
        self.stage.deploy({Path(one).name: (FOLDER / one).read_bytes() for one in names})

    def _import(self, step: dict[str, Any]) -> None:
        self.stage.import_rows(self._actor(step["by"], None), step["import"], step["rows"])

    def _case(self, step: dict[str, Any]) -> str:
        known = self.stage.cases()
        return known[NAMES.index(step.get("case", "A"))]

    def _values(self, value: Any) -> Any:
        """``$A`` stands for the id of case A."""
        if isinstance(value, dict):
            return {name: self._values(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._values(one) for one in value]
        if isinstance(value, str) and re.fullmatch(r"\$[A-H]", value):
            return self.stage.cases()[NAMES.index(value[1])]
        return value

    def _actor(self, who: str, task: dict[str, Any] | None) -> Actor:
        """``RY003``; ``street_dispatcher@990101001``; ``publisher/2``: the second who holds it."""
        if re.fullmatch(r"RY\d+", who):
            return self.stage.actor(who)
        name, _, place = who.partition("/")
        role, _, unit = name.partition("@")
        if not unit:
            assert task is not None, f"{who!r} needs a unit: role@unit"
            offered = [one["unit"] for one in task["candidates"] if one.get("role") == role]
            assert offered, f"the task is offered to {self.trace.candidates(task)}, not to {role}"
            unit = offered[0]
        people = self.stage.holders(role, unit)
        assert people, f"nobody is {role} at {unit}"
        return self.stage.actor(people[int(place or 1) - 1])

    # -- looking --------------------------------------------------------------------

    def _look(self, step: dict[str, Any]) -> None:
        self._count(step.get("figure") or [])
        for language, texts in (step.get("board") or {}).items():
            found = self.stage.board(language)
            if found is not None:
                _same(texts, found, f"notices on the board in {language}")
        if not {"due", "open", "check"} & set(step):
            return
        case = self._case(step)
        if "open" in step:
            _same(step["open"], self._open(case), "open tasks")
        if "due" in step:
            found = {name: self._dues(case, name) for name in step["due"]}
            _same(step["due"], found, "due moments")
        if "check" in step:
            _, data = self.stage.state(case)
            wanted = self._values(step["check"])
            _same(wanted, {name: _datum(data, name) for name in wanted}, "data")

    def _count(self, wanted: Any) -> None:
        for one in wanted if isinstance(wanted, list) else [wanted]:
            days = [date.fromisoformat(str(one[name])) for name in ("from", "to") if name in one]
            found = self.stage.figure(one["code"], one["unit"], *days)
            if found is not None and str(one["is"]) not in found:
                raise Wrong(f"figure {one['code']} of {one['unit']} is {' = '.join(found)}")

    def _open(self, case: str) -> list[str]:
        board, lines = Board(self.stage.entries(case)), []
        for task in board.tasks.values():
            line = f"{task['element']} {task['nth']}"
            if task.get("instance") is not None:
                line += f".{task['instance']}"
            line += "".join(f" {one}" for one in ["/".join(task["path"])] if one)
            line += f" -> {self.trace.candidates(task)}"
            if task.get("due_at") and not task.get("held"):
                line += f" due {self.trace.moment(task['due_at'])}"
            lines.append(line + (" held" if task.get("held") else ""))
        return lines

    def _dues(self, case: str, name: str) -> str | None:
        board = Board(self.stage.entries(case))
        found = [
            one["due_at"] for one in (*board.tasks.values(), *board.timers.values())
            if meant(name, one) and one.get("due_at") and not one.get("held")
        ]  # fmt: skip
        return ", ".join(self.trace.moment(one) for one in found) or None


TASK_VERBS = {"do", "claim", "unclaim", "transfer", "suspend_task", "resume_task", "extend"}


def _command(play: Play, verb: str, task: str, step: dict[str, Any]) -> Command:
    reason = step.get("reason")
    match verb:
        case "do":
            data = play._values(step.get("data") or {})
            return CompleteTask(task=task, outcome=step.get("outcome"), data=data)
        case "claim":
            return ClaimTask(task=task)
        case "unclaim":
            return UnclaimTask(task=task)
        case "transfer":
            return TransferTask(task=task, to=step["to"], reason=reason)
        case "suspend_task":
            return SuspendTask(task=task, reason=reason)
        case "resume_task":
            return ResumeTask(task=task, reason=reason)
    due_at = deadlines.local_text(play._moment(step["to"]))
    return ExtendTask(task=task, due_at=due_at, reason=reason)


_CASES: dict[str, Callable[[dict[str, Any]], Command]] = {
    "end": lambda step: CancelCase(end=step["end"], reason=step.get("reason")),
    "suspend": lambda step: SuspendCase(reason=step.get("suspend")),
    "resume": lambda step: ResumeCase(reason=step.get("resume")),
    "retry": lambda step: RetryIncident(reason=step.get("retry"), data=step.get("data")),
}


def _datum(data: Any, name: str) -> Any:
    """``result.on_time``, ``scores.0.choice``; what is not there is None."""
    for part in name.split("."):
        if isinstance(data, list):
            data = data[int(part)] if int(part) < len(data) else None
        else:
            data = data.get(part) if isinstance(data, dict) else None
    return data


def _same(wanted: Any, found: Any, what: str) -> None:
    if wanted != found:
        old = yaml.safe_dump(wanted, allow_unicode=True, sort_keys=True, width=200).splitlines()
        new = yaml.safe_dump(found, allow_unicode=True, sort_keys=True, width=200).splitlines()
        raise Wrong(f"other {what}:\n" + "\n".join(_diff(old, new)))


def _diff(old: list[str], new: list[str]) -> list[str]:
    return list(
        difflib.unified_diff(old, new, "the scenario says", "what happened", lineterm="", n=4)
    )


def _why(reason: BaseException) -> str:
    findings = getattr(reason, "findings", None) or []
    told = [str(reason), str(getattr(reason, "hint", None) or "")]
    return "\n".join([*(one for one in told if one), *(f"  {one}" for one in findings)])


def written(scenario: Scenario) -> str:
    """The part of the file under ``expect``."""
    _, mark, rest = scenario.path.read_text(encoding="utf-8").partition("\nexpect:\n")
    return f"expect:\n{rest}" if mark else ""


def compare(play: Play) -> None:
    """Refuse any difference between the file and what happened."""
    wanted, found = written(play.scenario).splitlines(), play.expectation().splitlines()
    if wanted != found:
        raise Wrong(f"{play.scenario.path.name}:\n" + "\n".join(_diff(wanted, found)))


def record(play: Play) -> None:
    """Write what happened into the file."""
    path, found = play.scenario.path, play.expectation()
    if " INCIDENT " in found and not play.scenario.document.get("incident"):
        raise Wrong(f"{path.name}: an incident is no result to record:\n{found}")
    text, _, _ = path.read_text(encoding="utf-8").partition("\nexpect:\n")
    path.write_text(f"{text.rstrip()}\n\n{found}", encoding="utf-8")


def perform(scenario: Scenario, sandbox: Sandbox) -> Play:
    """Play a scenario in memory."""
    play = Play(scenario, MemoryStage(city(), sandbox, _start(scenario)))
    play.run()
    return play


def _start(scenario: Scenario) -> datetime:
    before = scenario.given
    return _start(before) if before else scenario.first


def main(arguments: list[str]) -> int:
    """Play or record the files named; 1 when one differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--record", action="store_true", help="write expect: anew")
    given = parser.parse_args(arguments)
    sandbox, failed = Sandbox(), 0
    for path in given.files or paths():
        try:
            play = perform(load(path.resolve()), sandbox)
            (record if given.record else compare)(play)
        except Wrong as reason:
            failed += 1
            sys.stdout.write(f"FAILED {reason}\n\n")
        else:
            sys.stdout.write(f"{'recorded' if given.record else 'ok'} {path.name}\n")
    sandbox.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
