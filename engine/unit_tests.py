"""The unit tests of script tasks (``spiffworkflow:unitTests``), run in the sandbox.

A test gives the data before and all data after. It is run as the script would be
in a case; the clock stands at the moment of the check, and no list is looked up
in an older version than the one in force.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.bpmn.findings import Finding
from engine.bpmn.model import Diagram, Node, Process
from engine.bpmn.work import UnitTest
from engine.execution import Site
from engine.ports import Application
from engine.worlds import LiveWorld

MAX_LIMITS = 3
"""Tests of one upload that may run out of time before the rest is left."""

MAX_SECONDS = 10.0
"""Sandbox time that all tests of one upload have together."""

_SHOWN = 200


@dataclass(slots=True)
class _Spent:
    """What the tests of an upload have used."""

    seconds: float = 0.0
    limits: int = 0

    @property
    def is_enough(self) -> bool:
        return self.limits >= MAX_LIMITS or self.seconds >= MAX_SECONDS


def check(app: Application, diagrams: Mapping[str, Diagram]) -> list[Finding]:
    """Run every unit test of an upload; return a finding for each that fails.

    Args:
        diagrams: by file name.
    """
    found: list[Finding] = []
    spent = _Spent()
    for one in _tests(diagrams):
        if spent.is_enough:
            found.append(_left(one))
            continue
        finding = _run(app, one, spent)
        found += [] if finding is None else [finding]
    return found


class _Place(NamedTuple):
    """A test, and where it stands."""

    filename: str
    process: Process
    node: Node
    test: UnitTest


def _tests(diagrams: Mapping[str, Diagram]) -> Iterator[_Place]:
    for filename, diagram in diagrams.items():
        for process in diagram.processes.values():
            for node in process.nodes.values():
                for test in node.tests:
                    yield _Place(filename, process, node, test)


def _left(place: _Place) -> Finding:
    filename, _, node, test = place
    return Finding(
        code="unit-test-left", severity="warning", file=filename, element=node.id, line=test.line,
        message=f"Unit test {test.key!r} was not run: those before it took too long.",
        hint="Mend those first, then check again.",
    )  # fmt: skip


def _run(app: Application, place: _Place, spent: _Spent) -> Finding | None:
    filename, process, node, test = place
    assert node.code is not None, "the reader gives every script task a script"
    given: dict[str, Any] = json.loads(test.given)
    now = app.clock.now()
    world = LiveWorld(
        case=f"@check/{process.key}",
        now=now,
        sandbox=app.sandbox,
        calendar=app.references.calendar,
        reference=app.references.for_case({}, now),
        decisions={},
    )
    before = world.seconds_left
    answer = world.run(Site(process.key, node.id, 1, "script"), node.code, given)
    spent.seconds += before - world.seconds_left
    if answer.error is not None:
        spent.limits += answer.error["kind"] == "limit"
        kind, message = answer.error["type"], answer.error["message"]
        why = f"the script ends with {kind}: {message}"
        hint = "Mend the script, or give the data that it reads in inputJson."
    else:
        after = {**given, **(answer.value or {})}
        why = _difference(after, json.loads(test.expected))
        hint = (
            "Mend the script, or correct expectedOutputJson: it lists all data, also those given."
        )
    if not why:
        return None
    return Finding(
        code="unit-test-failed", severity="error", file=filename, element=node.id, line=test.line,
        message=f"Unit test {test.key!r} fails: {why}.", hint=hint,
    )  # fmt: skip


def _difference(after: dict[str, Any], expected: dict[str, Any]) -> str:
    """Say how the data differ, name by name; "" if they do not."""
    told = []
    for name in sorted({*after, *expected}):
        if name not in after:
            told.append(f"{name} is missing, expected {_shown(expected[name])}")
        elif name not in expected:
            told.append(f"{name} is {_shown(after[name])}, and not expected")
        elif after[name] != expected[name]:
            told.append(f"{name} is {_shown(after[name])}, expected {_shown(expected[name])}")
    return "; ".join(told)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
