"""The unit tests of script tasks (``spiffworkflow:unitTests``), run in the sandbox.

A test gives the data before and all data after. It is run as the script would be
in a case; the clock stands at the moment of the check, and no list is looked up
in an older version than the one in force.
"""

from __future__ import annotations

import json
from typing import Any

from engine.bpmn.findings import Finding
from engine.bpmn.model import Diagram, Node, Process
from engine.bpmn.work import UnitTest
from engine.execution import Site
from engine.ports import Application
from engine.worlds import LiveWorld

MAX_LIMITS = 3
"""Tests of one upload that may run out of time before the rest is left."""

_SHOWN = 200


def check(app: Application, diagram: Diagram, filename: str) -> list[Finding]:
    """Run every unit test of a diagram; return a finding for each that fails."""
    found: list[Finding] = []
    limits = 0
    for process in diagram.processes.values():
        for node in process.nodes.values():
            for test in node.tests:
                if limits == MAX_LIMITS:
                    found.append(_left(node, test, filename))
                    continue
                finding, is_limit = _run(app, process, node, test, filename)
                limits += is_limit
                found += [] if finding is None else [finding]
    return found


def _left(node: Node, test: UnitTest, filename: str) -> Finding:
    return Finding(
        code="unit-test-left", severity="warning", file=filename, element=node.id, line=test.line,
        message=f"Unit test {test.key!r} was not run: {MAX_LIMITS} others ran out of time.",
        hint="Mend those first, then check again.",
    )  # fmt: skip


def _run(
    app: Application, process: Process, node: Node, test: UnitTest, filename: str
) -> tuple[Finding | None, bool]:
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
    answer = world.run(Site(process.key, node.id, 1, "script"), node.code, given)
    if answer.error is not None:
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
        return None, False
    finding = Finding(
        code="unit-test-failed", severity="error", file=filename, element=node.id, line=test.line,
        message=f"Unit test {test.key!r} fails: {why}.", hint=hint,
    )  # fmt: skip
    return finding, answer.error is not None and answer.error["kind"] == "limit"


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
