"""Whether a case can still come to its end from where it stands.

Each open scope is a marking of its diagram; the search for deadlocks goes on from
there. What the diagram says of itself from its own start is not told again: a case
is not to blame for it. What can no longer end at all always is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from engine.bpmn.model import Process, Scope
from engine.bpmn.soundness import Looked, is_cut_short, way
from engine.bpmn.soundness.parts import Standing
from engine.bpmn.soundness.search import Fault, Report
from engine.kernel.keeping import UNDOING
from engine.kernel.rows import (
    BODY,
    CALL,
    CASE,
    ELEMENT,
    EVENT,
    I_HOST,
    KIND,
    PARENT,
    T_ELEMENT,
    T_SCOPE,
    UNDO,
)
from engine.kernel.run import Run

CONTENT = frozenset({CASE, CALL, BODY, EVENT})
"""Kinds of scopes that hold the content of a diagram's scope."""


class Trouble(NamedTuple):
    """What keeps a case from its end.

    Attributes:
        process, element: where.
        kind: ``deadlock``, ``no-end`` or ``second-token``.
        path: the elements that lead there, from where a token is.
        missing: for deadlocks: the flows over which nothing comes any more.
    """

    process: str
    element: str
    kind: str
    path: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def short(self) -> tuple[str, str, str]:
        """The trouble without the way to it."""
        return self.process, self.element, self.kind

    @property
    def sentence(self) -> str:
        """What would happen, in one sentence."""
        passed = way(self.path)
        if self.kind == "deadlock":
            flows = ", ".join(repr(one) for one in self.missing)
            lacking = f", since nothing comes over {flows} any more" if flows else ""
            return f"{self.element!r} could wait for ever{lacking}: {passed}."
        if self.kind == "second-token":
            return f"{self.element!r} and what follows could run twice: {passed}."
        return f"From {self.element!r} on no end could be reached: {passed}."


def troubles(run: Run) -> list[Trouble]:
    """Return what can keep the case from its end, scope by scope in the order of their names.

    A scope that more is at work in than the search can tell (what is being compensated, a
    complex gateway before its reset) has no trouble.
    """
    looked = Looked(run.bundle.processes)
    found: list[Trouble] = []
    for name in sorted(run.scopes):
        if run.scopes[name][KIND] not in CONTENT or not _can_be_told(run, name):
            continue
        process, scope = run.process(name), run.area(name).scope
        if scope.ad_hoc is not None:
            # People, or its condition, end it whatever waits inside.
            continue
        standing = standing_in(run, name)
        if standing.at or standing.held:
            faults = _faults(looked, process, scope, standing)
            found += [_trouble(process, scope, one) for one in faults]
    return list(dict.fromkeys(found))


def _faults(looked: Looked, process: Process, scope: Scope, standing: Standing) -> Iterator[Fault]:
    now = looked.report_from(process, scope, standing)
    anew = looked.report(process, scope)
    known = {one.kind for one in anew.faults}
    cut_short = is_cut_short(process, scope)
    for fault in now.faults:
        if fault.kind == "no-end" and cut_short:
            continue
        # At a second token the search stops: whether there is an end was not looked at.
        certain = fault.kind != "second-token" and _is_certain(now, cut_short=cut_short)
        if fault.kind not in known or certain:
            yield fault


def _is_certain(report: Report, *, cut_short: bool) -> bool:
    return not (report.ends or report.fails or report.partial or cut_short)


def _trouble(process: Process, scope: Scope, fault: Fault) -> Trouble:
    element = fault.elements[0] if fault.elements else scope.id
    # The path begins with the element that a token is in, and goes on with its step.
    path = fault.path[1:] or fault.path
    return Trouble(process.key, element, fault.kind, path, fault.missing)


def _can_be_told(run: Run, name: str) -> bool:
    over = run.undo.get(UNDOING, ())
    around = name
    while around:
        if around in over or run.scopes[around][KIND] == UNDO:
            return False
        around = run.scopes[around][PARENT]
    flagged = any(
        flow.startswith("-") for held in run.merges.get(name, {}).values() for flow in held
    )
    parked = any(row[I_HOST] == name for row in run.incidents.values())
    return not flagged and not parked


def standing_in(run: Run, name: str) -> Standing:
    """Return where the tokens of a scope are; activities that have begun count as one each."""
    over = run.undo.get(UNDOING, ())
    at = [row[T_ELEMENT] for row in run.tokens.values() if row[T_SCOPE] == name]
    at += [
        row[ELEMENT]
        for inner, row in run.scopes.items()
        if inner and row[PARENT] == name and row[KIND] not in (EVENT, UNDO) and inner not in over
    ]
    held = [
        (flow, count)
        for table in (run.joins, run.merges)
        for join in table.get(name, {}).values()
        for flow, count in join.items()
        if flow and count
    ]
    return Standing(tuple(sorted(at)), tuple(sorted(held)))
