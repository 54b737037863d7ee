"""What a designer should know before deploying, beyond the one file.

The reader judges a file by itself. Here it is held against what is deployed
with it or already: processes, decisions, forms, roles, and the sandbox that
will run its scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches

from engine.bpmn import arena, unwritten
from engine.bpmn.codes import codes_of, written
from engine.bpmn.document import Findings
from engine.bpmn.findings import Finding
from engine.bpmn.model import Diagram, Kind, Node, Process
from engine.scripts import RESERVED, Code, Problem


def check(
    diagram: Diagram,
    others: Mapping[str, Process],
    *,
    filename: str = "",
    roles: Collection[str] | None = None,
    forms: Collection[str] | None = None,
    decisions: Collection[str] | None = None,
    drawings: Collection[str] = (),
    sandbox_check: Callable[[Code], Problem | None] | None = None,
    fields: unwritten.Fields | None = None,
) -> list[Finding]:
    """Hold a diagram against everything around it.

    Args:
        diagram: what ``reader.read`` returned.
        others: every process that is deployed or comes with this file, by key. The
            diagram's own processes go before those of the same key.
        filename: for the findings.
        roles: the known roles; None where they are not known: nothing is said then.
        forms: the known forms, likewise.
        decisions: the known decisions, likewise.
        drawings: keys of what is deployed or comes with this file and is only shown.
        sandbox_check: says what is wrong with an expression or script; None to skip.
        fields: says what the form of an element sends; None: data are not followed.

    Returns:
        The findings, ordered by line, code and element.
    """
    findings = Findings(filename)
    known = {**others, **diagram.processes}
    shown = {*drawings, *diagram.drawings}
    data = None if fields is None else unwritten.Data(known, fields)
    if diagram.is_drawing:
        _check_drawings(diagram, others, findings)
    for process in diagram.processes.values():
        _check_calls(process, known, shown, findings)
        _check_circle(process, known, findings)
        for node in process.nodes.values():
            _check_keys(node, forms, decisions, findings)
            _check_roles(node, roles, findings)
            _check_separation(node, process, known, findings)
            _check_returns(node, process, known, findings)
            _check_reserved(node, findings)
        if sandbox_check is not None:
            _check_codes(process, sandbox_check, findings)
        if data is not None:
            unwritten.check(process, data, findings)
    return findings.sorted()


def _check_drawings(diagram: Diagram, others: Mapping[str, Process], findings: Findings) -> None:
    for drawing in diagram.drawings.values():
        if drawing.key in others:
            findings.warning(
                "drawing-of-process",
                (drawing.key, drawing.line),
                f"The process {drawing.key!r} runs already; this drawing is shown as a version "
                "of it, and new cases start on the latest version that runs.",
                'Set isExecutable="true", or give the drawing an id of its own.',
            )


def _check_calls(
    process: Process,
    known: Mapping[str, Process],
    shown: Collection[str],
    findings: Findings,
) -> None:
    for node in process.nodes.values():
        if node.called is not None and node.called not in known and node.called in shown:
            findings.error(
                "calls-a-drawing",
                (node.id, node.line),
                f"It calls {node.called!r}, which is a drawing: nothing runs it.",
                'Set isExecutable="true" there and deploy both, or call another process.',
            )
        elif node.called is not None and node.called not in known:
            findings.error(
                "unknown-process",
                (node.id, node.line),
                f"It calls the process {node.called!r}, which is not deployed.",
                _similar(node.called, known) or "Deploy both files together.",
            )
        elif node.called is not None:
            _check_called(node, known[node.called], findings)


def _check_called(node: Node, called: Process, findings: Findings) -> None:
    """A called process begins at its one plain start event, or where no flow leads to."""
    root = called.root
    plain = [one for one in root.starts if not root.nodes[one].events]
    if len(plain) == 1 or root.implicit_starts:
        return
    found = f"{len(plain)}: {', '.join(plain)}" if plain else "none"
    findings.error(
        "called-without-start",
        (node.id, node.line),
        f"The process {called.key!r} that it calls needs one plain start event; it has {found}.",
        "Draw one plain start event there, or call a process that begins by one.",
    )


def _check_circle(process: Process, known: Mapping[str, Process], findings: Findings) -> None:
    """Name the shortest circle of calls through other processes that ends here again."""
    paths: list[tuple[str, ...]] = [(key,) for key in process.calls if key != process.key]
    seen = set(process.calls)
    for path in paths:
        called = known.get(path[-1])
        if called is None:
            continue
        if process.key in called.calls:
            node = next(one for one in process.nodes.values() if one.called == path[0])
            circle = " → ".join((process.key, *path, process.key))
            findings.warning(
                "calls-in-a-circle",
                (node.id, node.line),
                f"The calls go round: {circle}; nesting is limited when it runs.",
                "See that some path ends without the call.",
            )
            return
        # The list grows while it is walked: breadth first.
        paths.extend((*path, key) for key in called.calls if key not in seen)
        seen.update(called.calls)


def _check_keys(
    node: Node,
    forms: Collection[str] | None,
    decisions: Collection[str] | None,
    findings: Findings,
) -> None:
    if forms is not None and node.form is not None and node.form not in forms:
        findings.error(
            "unknown-form",
            (node.id, node.line),
            f"It shows the form {node.form!r}, which is not deployed.",
            _similar(node.form, forms) or "Deploy the form together with the diagram.",
        )
    if decisions is not None and node.decision is not None and node.decision.key not in decisions:
        findings.error(
            "unknown-decision",
            (node.id, node.line),
            f"It asks the decision {node.decision.key!r}, which is not deployed.",
            _similar(node.decision.key, decisions)
            or "Deploy the DMN file together with the diagram.",
        )


def _check_roles(node: Node, roles: Collection[str] | None, findings: Findings) -> None:
    if roles is None:
        return
    for group in node.assignment.groups:
        if group.role not in roles:
            findings.warning(
                "unknown-role",
                (node.id, node.line),
                f"Nobody can hold the role {group.role!r}: it is not in the list of roles.",
                _similar(group.role, roles) or "Choose a role from the list, or add it there.",
            )


# -- separation of duties ------------------------------------------------------------


def _check_separation(
    node: Node, process: Process, known: Mapping[str, Process], findings: Findings
) -> None:
    who = node.assignment
    for name in (*who.not_same_as, *who.not_same_unit_as):
        key, dot, element = name.rpartition(".")
        holder = known.get(key) if dot else process
        if holder is None:
            findings.warning(
                "unknown-process",
                (node.id, node.line),
                f"Separation of duties names {name!r}, and the process {key!r} is not deployed.",
                _similar(key, known) or "Deploy both files together.",
            )
            continue
        task = holder.nodes.get(element)
        if task is None:
            tasks = [one.id for one in holder.nodes.values() if one.kind is Kind.USER]
            findings.error(
                "dangling-reference",
                (node.id, node.line),
                f"Separation of duties names {name!r}, which is no element of {holder.key!r}.",
                _similar(element, tasks) or "Name the id of a user task.",
            )
        elif task.kind is not Kind.USER and not (
            element in holder.root.starts and name in who.not_same_as
        ):
            findings.warning(
                "separation-from-nobody",
                (node.id, node.line),
                f"Separation of duties names {name!r}, which no person does.",
                "Name the id of a user task, or of a start event: who started the case.",
            )


def _check_returns(
    node: Node, process: Process, known: Mapping[str, Process], findings: Findings
) -> None:
    """Look for the tasks that a task may be sent back to (``returns``)."""
    named = node.properties.get("returns", "").replace(";", " ").split()
    if not named:
        return
    callers = [one for one in known.values() if process.key in one.calls]
    nodes = [one for other in (process, *callers) for one in other.nodes.values()]
    tasks = {one.id for one in nodes if one.kind is Kind.USER}
    for name in named:
        if name != "*" and name.rpartition(".")[2] not in tasks:
            findings.error(
                "dangling-reference",
                (node.id, node.line),
                f"It may be sent back to {name!r}, which is no user task here.",
                _similar(name, tasks) or "Name the id of a user task.",
            )


# -- expressions and scripts ---------------------------------------------------------


def _check_reserved(node: Node, findings: Findings) -> None:
    for name in dict.fromkeys(written(node)):
        if name in RESERVED:
            findings.warning(
                "reserved-name",
                (node.id, node.line),
                f"It writes {name!r}, a name that the engine gives.",
                "Choose another name.",
            )


def _check_codes(
    process: Process, sandbox_check: Callable[[Code], Problem | None], findings: Findings
) -> None:
    for element, line, code in codes_of(process):
        problem = sandbox_check(code)
        if problem is not None:
            where = line if code.line is None else problem.line or code.line
            hint = arena.instead(problem) or problem.hint
            findings.error(f"bad-{code.mode}", (element, where), problem.message, hint)


def _similar(key: str, known: Collection[str]) -> str | None:
    close = get_close_matches(key, sorted(known), n=1)
    return f"Did you mean {close[0]!r}?" if close else None
