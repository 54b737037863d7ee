"""Which incoming flows of an inclusive join a token can still reach.

For each join and node a bitmask of the join's incoming flows that can be reached
from the node without passing the join. An activity leads on to its boundary
events and a link throw event to its catch events, as if flows went there. Worked
out once per diagram, so that a join asks only bit operations of each token.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.bpmn.model import Kind, Node, Scope, Trigger

_JUDGED = frozenset({Kind.INCLUSIVE, Kind.COMPLEX})
Masks = Mapping[str, Mapping[str, int]]


def masks(scope: Scope) -> Masks:
    """Return join -> node -> mask; bit i is the join's i-th incoming flow."""
    joins = [
        node
        for node in scope.nodes.values()
        if node.kind in _JUDGED and (len(node.incoming) > 1 or node.activation is not None)
    ]
    if not joins:
        return {}
    before = leading_to(scope)
    return {join.id: _masks_of(scope, join, before) for join in joins}


def _masks_of(scope: Scope, join: Node, before: Mapping[str, list[str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for bit, flow in enumerate(join.incoming):
        seen = {join.id}
        ahead = [scope.flows[flow].source]
        while ahead:
            node = ahead.pop()
            if node in seen:
                continue
            seen.add(node)
            found[node] = found.get(node, 0) | 1 << bit
            ahead.extend(before[node])
    return found


def leading_to(scope: Scope) -> dict[str, list[str]]:
    """Return for each node the nodes that lead to it in one step."""
    before: dict[str, list[str]] = {id_: [] for id_ in scope.nodes}
    nodes = scope.nodes.values()
    throws = [(node, name) for node in nodes for name in link_names(node, Kind.THROW)]
    for node in nodes:
        before[node.id].extend(scope.flows[flow].source for flow in node.incoming)
        if node.host is not None:
            before[node.id].append(node.host)
        for name in link_names(node, Kind.CATCH):
            before[node.id].extend(throw.id for throw, thrown in throws if thrown == name)
    return before


def link_names(node: Node, kind: Kind) -> list[str]:
    """Return the names of the links of an intermediate event of that kind."""
    if node.kind is not kind:
        return []
    return [one.name or "" for one in node.events if one.trigger is Trigger.LINK]
