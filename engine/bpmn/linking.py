"""Calls that copy everything, held to what the called process takes and gives.

SpiffWorkflow copies all data into a called process and back, unless that process
declares data inputs and outputs. Which process is called is known when a case
pins its versions; there each such call gets plain mappings, so that no executor
needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from engine.bpmn.model import DataMapping, Node, Process, Scope
from engine.scripts import Code


def link(processes: Mapping[str, Process]) -> dict[str, Process]:
    """Return the processes with their calls held to what the called ones declare."""
    declared = {key for key, one in processes.items() if one.takes or one.gives}
    if not declared:
        return dict(processes)
    return {
        key: _linked(one, processes) if declared.intersection(one.calls) else one
        for key, one in processes.items()
    }


def _linked(process: Process, processes: Mapping[str, Process]) -> Process:
    scopes: dict[str, Scope] = {}

    def scope_of(scope: Scope) -> Scope:
        scopes[scope.id] = scope
        nodes = {key: node_of(node) for key, node in scope.nodes.items()}
        scopes[scope.id] = replace(scope, nodes=MappingProxyType(nodes))
        return scopes[scope.id]

    def node_of(node: Node) -> Node:
        if node.body is not None:
            return replace(node, body=scope_of(node.body))
        called = processes.get(node.called or "")
        return node if called is None else _held(node, called)

    root = scope_of(process.root)
    nodes = {key: one for scope in scopes.values() for key, one in scope.nodes.items()}
    return replace(
        process, root=root, scopes=MappingProxyType(scopes), nodes=MappingProxyType(nodes)
    )


def _held(node: Node, called: Process) -> Node:
    if node.all_in and called.takes:
        node = replace(node, all_in=False, inputs=(*_copies(called.takes), *node.inputs))
    if node.all_out and called.gives:
        node = replace(node, all_out=False, outputs=(*_copies(called.gives), *node.outputs))
    return node


def _copies(names: tuple[str, ...]) -> tuple[DataMapping, ...]:
    # A name that is missing is an incident, as it is an error to SpiffWorkflow.
    return tuple(DataMapping(name, Code(name, "expression", None)) for name in names)
