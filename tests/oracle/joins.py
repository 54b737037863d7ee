"""Gateways that wait: parallel, inclusive and complex, and activities that need several tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.bpmn.model import Kind, Node, Trigger
from tests.oracle import books
from tests.oracle.books import Scope

if TYPE_CHECKING:
    from tests.oracle.machine import Oracle


class Joins:
    """BPMN 2.0, 13.3.1 (quantities) and 13.4."""

    def arrive_parallel(self: Oracle, scope: Scope, node: Node, flow: str) -> None:
        held = scope.tokens(node.id)
        held[flow] += 1
        if all(held[one] for one in node.incoming):
            for one in node.incoming:
                held[one] -= 1
            self.leave(self.enter(scope, node))

    def arrive_quantity(self: Oracle, scope: Scope, node: Node, flow: str) -> None:
        held = scope.tokens(node.id)
        held[flow] += 1
        if sum(held.values()) < node.start_quantity:
            return
        missing = node.start_quantity
        for one in ("", *node.incoming):
            taken = min(missing, held[one])
            held[one] -= taken
            missing -= taken
        self.visit(scope, node)

    # -- inclusive -------------------------------------------------------------------------

    def fire_joins(self: Oracle) -> bool:
        """Let every inclusive join go on that nothing more can come to."""
        ready = [
            (scope, scope.model.nodes[join])
            for scope in self.scopes()
            for join in sorted(scope.held)
            if scope.model.nodes[join].kind is Kind.INCLUSIVE
            if any(scope.held[join].values())
            if self.nothing_comes(scope, scope.model.nodes[join], set())
        ]
        for scope, node in ready:
            held = scope.tokens(node.id)
            for flow in node.incoming:
                held[flow] -= bool(held[flow])
            self.leave(self.enter(scope, node))
        return bool(ready)

    def scopes(self: Oracle) -> list[Scope]:
        """Return every scope that is open, by name."""
        found, ahead = [], [self.root]
        for scope in ahead:
            # The list grows while it is walked.
            found.append(scope)
            ahead += scope.undoing
            for visit in scope.visits:
                ahead += [one.inner for one in (visit, *visit.instances) if one.inner is not None]
        return sorted(found, key=lambda one: one.name)

    def nothing_comes(self: Oracle, scope: Scope, join: Node, taken: set[str]) -> bool:
        """Whether no token can still come over a flow that is empty, as 13.4.3 says it.

        For every path from a token to an empty incoming flow, not through the join, there
        must be one from the same token to an incoming flow that has a token (or, at a
        complex gateway, had one: ``taken``).
        """
        held = scope.tokens(join.id)
        filled = {flow for flow in join.incoming if held[flow]} | taken
        positions = [visit.node.id for visit in scope.visits]
        positions += [
            other
            for other, tokens in scope.held.items()
            if other != join.id and any(tokens.values())
        ]
        # A complex gateway that asks its outgoing conditions at the reset may still send.
        positions += [other for other in scope.asks if other != join.id]
        for position in positions:
            reached = self.reached(scope, position, join)
            if reached - filled and not reached & filled:
                return False
        return True

    def reached(self: Oracle, scope: Scope, start: str, join: Node) -> set[str]:
        """Return the incoming flows of a join that a token at ``start`` can still take."""
        nodes, flows = scope.model.nodes, scope.model.flows
        found: set[str] = set()
        seen, ahead = {start}, [start]
        while ahead:
            node = nodes[ahead.pop()]
            if node.id == join.id:
                continue
            targets = [(flow, flows[flow].target) for flow in node.outgoing]
            targets += [("", one) for one in node.boundary]
            targets += [("", one.id) for one in self.linked(scope, node)]
            for flow, target in targets:
                if target == join.id:
                    found.add(flow)
                elif target not in seen:
                    seen.add(target)
                    ahead.append(target)
        return found

    def linked(self: Oracle, scope: Scope, node: Node) -> list[Node]:
        """Return the catch events that a link throw event goes on at."""
        if node.kind is not Kind.THROW:
            return []
        thrown = [one.name for one in node.events if one.trigger is Trigger.LINK]
        return [
            other
            for name in thrown
            for other in scope.model.nodes.values()
            if other.kind is Kind.CATCH
            if any(one.trigger is Trigger.LINK and one.name == name for one in other.events)
        ]

    # -- complex ---------------------------------------------------------------------------

    def arrive_complex(self: Oracle, scope: Scope, node: Node, flow: str) -> None:
        scope.tokens(node.id)[flow] += 1
        if node.id not in scope.taken:
            self.activate(scope, node)

    def fire_complex(self: Oracle) -> bool:
        """Reset what nothing more comes to; ask again where a datum was written since."""
        due = []
        for scope in self.scopes():
            for key in sorted({*scope.held, *scope.taken}):
                node = scope.model.nodes[key]
                if node.kind is not Kind.COMPLEX:
                    continue
                if key in scope.taken:
                    if self.nothing_comes(scope, node, scope.taken[key]):
                        due.append((scope, node))
                elif any(scope.held[key].values()) and self.is_to_be_asked(scope, node):
                    due.append((scope, node))
        for scope, node in due:
            if scope.over:
                # It has ended with the gateway before this one.
                continue
            if node.id not in scope.taken:
                self.activate(scope, node)
            elif self.nothing_comes(scope, node, scope.taken[node.id]):
                self.reset(scope, node)
        return bool(due)

    def is_to_be_asked(self: Oracle, scope: Scope, node: Node) -> bool:
        if node.activation is None:
            return False
        since = self.asked.get((scope.name, node.id), 0)
        return bool(books.mentions(node.activation.text) & {*self.written[since:]})

    def activate(self: Oracle, scope: Scope, node: Node) -> None:
        """Go on if the activation condition holds: with one token of each flow that has some."""
        held = scope.tokens(node.id)
        if not any(held.values()):
            return
        self.asked[scope.name, node.id] = len(self.written)
        counts: dict[str, Any] = {flow: held[flow] for flow in node.incoming}
        known = books.names(None, scope, activationCount=sum(counts.values()), **counts)
        if node.activation is not None and not books.evaluate(node.activation.text, known):
            return
        scope.taken[node.id] = {flow for flow in node.incoming if held[flow]}
        for flow in scope.taken[node.id]:
            held[flow] -= 1
        if self.asks_at_reset(scope, node):
            scope.asks.add(node.id)
        self.leave(self.enter(scope, node))

    def asks_at_reset(self: Oracle, scope: Scope, node: Node) -> bool:
        flows = [scope.model.flows[one] for one in node.outgoing if one != node.default]
        return any(one.condition is not None for one in flows)

    def reset(self: Oracle, scope: Scope, node: Node) -> None:
        """Absorb what came late, ask the outgoing conditions again, and begin anew."""
        held = scope.tokens(node.id)
        for flow in node.incoming:
            if flow not in scope.taken[node.id]:
                held[flow] -= bool(held[flow])
        del scope.taken[node.id]
        if node.id in scope.asks:
            visit = self.enter(scope, node)
            scope.asks.remove(node.id)
            self.leave(visit, reset=True)
        else:
            self.settle(scope)
        if node.id not in scope.taken and not scope.over:
            self.activate(scope, node)
