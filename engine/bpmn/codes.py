"""Every expression and script of a process, with the element it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.model import NOBODY, Assignment, EventDefinition, Loop, Node, Process
from engine.scripts import Code


def codes_of(process: Process) -> Iterator[tuple[str, int | None, Code]]:
    """Return (element id, its line, code) for everything a designer wrote, in order."""
    if process.unit is not None:
        yield process.key, None, process.unit
    for scope in process.scopes.values():
        for code in scope.data.values():
            if code is not None:
                yield scope.id, None, code
        if scope.ad_hoc is not None:
            for code in _given(scope.ad_hoc.completion, scope.ad_hoc.begins):
                yield scope.id, code.line, code
        for node in scope.nodes.values():
            for code in _of_node(node):
                yield node.id, node.line, code
        for flow in scope.flows.values():
            if flow.condition is not None:
                yield flow.id, flow.condition.line, flow.condition


def _of_node(node: Node) -> Iterator[Code]:
    for mapping in (*node.inputs, *node.outputs):
        yield mapping.value
    for event in node.events:
        yield from _of_event(event)
    if node.loop is not None:
        yield from _of_loop(node.loop)
    if node.assignment is not NOBODY:
        yield from _of_assignment(node.assignment)
    yield from _given(node.activation, node.units, node.before, node.code, node.after)


def _of_event(event: EventDefinition) -> Iterator[Code]:
    yield from _given(event.value, event.payload)
    for key in event.correlation:
        yield key.value


def _of_loop(loop: Loop) -> Iterator[Code]:
    yield from _given(loop.before, loop.cardinality, loop.collection, loop.completion)
    yield from _given(loop.condition, loop.after)
    if loop.output is not None:
        yield loop.output[1]
    if loop.adding is not None:
        yield from _given(loop.adding[1])
    for one in loop.throws:
        yield from _given(one.condition)
        yield from _of_event(one.event)


def _of_assignment(who: Assignment) -> Iterator[Code]:
    yield from _given(who.assignee, *who.users, who.due, who.warn, who.follow_up, who.priority)
    yield from _given(*(group.unit for group in who.groups))


def _given(*codes: Code | None) -> Iterator[Code]:
    for code in codes:
        if code is not None:
            yield code


def written(node: Node) -> Iterator[str]:
    """Yield the names that an element writes by what stands at it, its form aside."""
    around = () if node.loop is None else (node.loop.before, node.loop.after)
    for code in (node.before, node.code, node.after, *around):
        if code is not None:
            yield from sorted(code.writes)
    for mapping in (*node.inputs, *node.outputs):
        yield mapping.target
    yield from node.writes or ()
    if node.decision is not None:
        yield node.decision.result
    yield from (name for name in (node.result, node.variable) if name)
    if node.loop is not None:
        yield from (name for name in (node.loop.item, *(node.loop.output or ())[:1]) if name)
    for event in node.events:
        given = (event.variable, event.code_variable, event.message_variable)
        yield from (name for name in given if name)
