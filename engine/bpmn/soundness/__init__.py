"""Whether a diagram can come to its end whatever happens, and the path where it cannot.

Each scope is searched by itself: a sub-process is one step of the scope around it.
Data are not looked at, so a fault may lie on a way that the data never take; every
finding is therefore a warning and shows its path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from engine.bpmn.compensation import about
from engine.bpmn.document import Findings
from engine.bpmn.findings import Finding
from engine.bpmn.model import Diagram, Kind, Node, Process, Scope, Trigger
from engine.bpmn.soundness.net import WITHIN, build, catches_errors
from engine.bpmn.soundness.parts import Ending, Standing
from engine.bpmn.soundness.search import Fault, Report, search

SHOWN = 12
"""So many elements of a path stand in a message; its beginning is left out first."""


def check(diagram: Diagram, others: Mapping[str, Process], *, filename: str = "") -> list[Finding]:
    """Return what the search for deadlocks found in every scope of a diagram.

    Args:
        diagram: what ``reader.read`` returned.
        others: every process that is deployed or comes with this file, by key.
        filename: for the findings.

    Returns:
        The findings, ordered by line, code and element; all of them warnings. Not among
        them is what an element's property ``acknowledged`` names.
    """
    findings = Findings(filename)
    known = {**others, **diagram.processes}
    looked = Looked(known)
    for process in diagram.processes.values():
        for scope in process.scopes.values():
            report = looked.report(process, scope)
            for fault in report.faults:
                if fault.kind != "no-end" or not is_cut_short(process, scope):
                    _tell(process, scope, fault, findings)
            if report.partial:
                _tell_partial(process, scope, report, findings)
            elif not report.faults:
                _tell_never(scope, report, findings)
    return [one for one in findings.sorted() if not _is_acknowledged(diagram, one)]


def _is_acknowledged(diagram: Diagram, finding: Finding) -> bool:
    """Whether the designer has looked at it and said so, in the property ``acknowledged``."""
    for process in diagram.processes.values():
        node = process.nodes.get(finding.element or "")
        properties = node.properties if node is not None else process.properties
        if node is not None or finding.element == process.key:
            return finding.code in properties.get("acknowledged", "").replace(",", " ").split()
    return False


class Looked:
    """The searches made so far: a scope is searched once, also as part of another."""

    def __init__(self, known: Mapping[str, Process]) -> None:
        self._known = known
        self._reports: dict[tuple[str, str], Report] = {}
        self._under_way: set[tuple[str, str]] = set()

    def report(self, process: Process, scope: Scope) -> Report:
        """Return what can happen in a scope from its beginning on."""
        key = process.key, scope.id
        if key not in self._reports:
            self._under_way.add(key)
            endings = self._endings(process, scope)
            self._under_way.discard(key)
            self._reports[key] = _searched(_Same(scope), endings)
        return self._reports[key]

    def report_from(self, process: Process, scope: Scope, standing: Standing) -> Report:
        """Return what can happen in a scope whose tokens are there already."""
        return _searched_from(_Same(scope), self._endings(process, scope), standing)

    def _endings(self, process: Process, scope: Scope) -> tuple[tuple[str, Ending], ...]:
        within = [one for one in scope.nodes.values() if one.kind in WITHIN]
        return tuple((one.id, self._ending(process, one)) for one in within)

    def _ending(self, process: Process, node: Node) -> Ending:
        if node.kind is Kind.CALL:
            called = self._known.get(node.called or "")
            return Ending() if called is None else self._of_scope(called, called.root)
        return Ending() if node.body is None else self._of_scope(process, node.body)

    def _of_scope(self, process: Process, scope: Scope) -> Ending:
        if (process.key, scope.id) in self._under_way:
            # It calls itself: whether that ends depends on what it does besides.
            return Ending()
        if any(_ends_its_scope(scope.nodes[one]) for one in scope.event_sub_processes):
            return Ending()
        report = self.report(process, scope)
        if scope.ad_hoc is not None:
            # People, or its condition, end it whatever waits inside.
            return Ending(ends=True, fails=report.fails)
        return Ending(report.ends or report.partial or not report.markings, report.fails)


class _Same:
    """A scope as a key: the same object, since the reader gives the same for the same file."""

    __slots__ = ("scope",)

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.scope is self.scope

    def __hash__(self) -> int:
        return id(self.scope)


@lru_cache(maxsize=1_000)
def _searched(same: _Same, endings: tuple[tuple[str, Ending], ...]) -> Report:
    known = dict(endings)
    return search(build(same.scope, lambda node: known[node.id]))


@lru_cache(maxsize=1_000)
def _searched_from(
    same: _Same, endings: tuple[tuple[str, Ending], ...], standing: Standing
) -> Report:
    # Thousands of cases of a version stand at a few dozen places.
    known = dict(endings)
    return search(build(same.scope, lambda node: known[node.id], standing))


def _ends_its_scope(node: Node) -> bool:
    body = node.body
    if body is None or any(about(body.nodes[one], Trigger.COMPENSATE) for one in body.starts):
        return False
    return any(body.nodes[one].interrupting for one in body.starts)


def is_cut_short(process: Process, scope: Scope) -> bool:
    """Whether an event can end a sub-process from outside, or from its own handlers."""
    node = process.nodes.get(scope.id)
    around = [] if node is None else [process.nodes[one] for one in node.boundary]
    stops = any(
        one.interrupting and not catches_errors(one) and not about(one, Trigger.COMPENSATE)
        for one in around
    )
    return stops or any(_ends_its_scope(scope.nodes[one]) for one in scope.event_sub_processes)


def _tell(process: Process, scope: Scope, fault: Fault, findings: Findings) -> None:
    passed = way(fault.path)
    where = _place(process, scope, fault.elements[0] if fault.elements else scope.id)
    if fault.kind == "second-token":
        findings.warning(
            "second-token",
            where,
            f"A second token can come to the same place, and what follows runs twice: {passed}.",
            "Join what runs in parallel before, with a parallel or inclusive gateway.",
        )
    elif fault.kind == "deadlock":
        missing = ", ".join(repr(flow) for flow in fault.missing)
        lacking = f"; nothing comes over {missing} any more" if missing else ""
        findings.warning(
            "deadlock",
            where,
            f"It can wait for ever{lacking}: {passed}.",
            "Join with the kind of gateway that split, or let every way lead here.",
        )
    else:
        findings.warning(
            "no-end",
            where,
            f"From here on no end is reached: {passed}.",
            "Draw a way to an end event.",
        )


def _tell_partial(process: Process, scope: Scope, report: Report, findings: Findings) -> None:
    findings.warning(
        "partial-search",
        _place(process, scope, scope.id),
        f"So much can happen at once that not all of it was tried ({report.markings:,} states).",
        "What is found is so, but there may be more. Part the work into called processes.",
    )


def _tell_never(scope: Scope, report: Report, findings: Findings) -> None:
    for node in _reachable_kinds(scope):
        if report.entered.isdisjoint((node.id, *node.boundary)):
            findings.warning(
                "never-reached",
                (node.id, node.line),
                "Flows lead here, but whatever happens no token arrives.",
                "See what is missing before it: a way out, or what a join waits for.",
            )


def _reachable_kinds(scope: Scope) -> Iterator[Node]:
    """Return the nodes that flows lead to; of others the reader speaks."""
    for node in scope.nodes.values():
        waits = node.kind is Kind.BOUNDARY and not about(node, Trigger.COMPENSATE)
        if node.incoming or waits:
            yield node


def _place(process: Process, scope: Scope, element: str) -> tuple[str, int | None]:
    node = scope.nodes.get(element) or process.nodes.get(element)
    return element, None if node is None else node.line


def way(path: tuple[str, ...]) -> str:
    """Return the elements of a path as people read them, the last ``SHOWN`` of them."""
    shown = path[-SHOWN:]
    return ("… → " if len(path) > SHOWN else "") + " → ".join(shown)
