"""Ad-hoc sub-processes (BPMN 2.0, 10.3.5 and 13.3.5): what people start, and when all is done."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from engine.bpmn.model import ACTIVITIES, AdHoc, Kind, Node
from tests.oracle import books
from tests.oracle.books import Scope, Visit

if TYPE_CHECKING:
    from tests.oracle.machine import Oracle


def loose(scope: Scope) -> list[Node]:
    """The nodes that no flow leads to, in the order of the file."""
    return [
        one
        for one in scope.model.nodes.values()
        if not one.incoming and not one.for_compensation and one.host is None
    ]


def rules_of(visit: Visit) -> AdHoc | None:
    """The rules for what lies directly in an ad-hoc sub-process; None elsewhere."""
    node = visit.node
    if node.for_compensation or node.kind is Kind.EVENT_SUB_PROCESS:
        return None
    return visit.scope.model.ad_hoc


class Free:
    """While ``Scope.open`` something may begin that no flow leads to."""

    def offers(self: Oracle) -> list[tuple[Scope, list[str], bool]]:
        """What may be started now: (scope, activities, whether a person says that it is over)."""
        found = []
        for scope in self.scopes():
            rules = scope.model.ad_hoc
            if rules is not None and scope.open:
                waits = rules.sequential and self.is_busy(scope)
                keys = [one.id for one in loose(scope) if one.kind in ACTIVITIES]
                found.append((scope, [] if waits else keys, rules.completion is None))
        return sorted(found, key=lambda one: one[0].name)

    def start_activity(self: Oracle, scope: Scope, activity: str) -> None:
        self.visit(scope, scope.model.nodes[activity])
        self.drain()

    def say_done(self: Oracle, scope: Scope) -> None:
        rules = scope.model.ad_hoc
        assert rules is not None
        self.close_down(scope, cancels=rules.cancels and not rules.sequential)
        self.drain()

    def open_up(self: Oracle, scope: Scope) -> None:
        """Let people start, and let events wait that no flow leads to."""
        scope.open = True
        for node in loose(scope):
            if node.kind is Kind.CATCH:
                self.send(scope, node, "")

    def leave_free(self: Oracle, visit: Visit, rules: AdHoc) -> None:
        """Leave what lies inside: nothing follows once all is done."""
        scope, node = visit.scope, visit.node
        if not scope.open:
            self.go(visit, [])
            return
        asked = node.kind in ACTIVITIES and rules.completion is not None
        if asked and books.evaluate(rules.completion.text, books.names(None, scope)):
            self.go(visit, [])
            self.close_down(scope, cancels=rules.cancels or rules.sequential)
            return
        chosen = self.choose(visit)
        if chosen is None:
            visit.state = "stuck"
            return
        self.go(visit, [one for one in chosen for _ in range(node.completion_quantity)])
        if node.kind is Kind.CATCH and not node.incoming and scope.open:
            self.send(scope, node, "")
        if rules.sequential and scope.open:
            self.next_turn(scope)

    def close_down(self: Oracle, scope: Scope, *, cancels: bool) -> None:
        """Let nothing more begin; cut off what goes on, or only what is no activity."""
        if cancels:
            self.empty(scope)
            self.end(scope)
            return
        scope.open = False
        scope.held.clear()
        self.queue = deque(
            item for item in self.queue if not (item[0] == "token" and item[1] is scope)
        )
        waiting = [one for one in scope.visits if one.node.kind not in ACTIVITIES]
        for visit in sorted(waiting, key=lambda one: (one.node.id, one.nth)):
            if visit.node.kind is not Kind.EVENT_SUB_PROCESS and visit.state != "undoes":
                self.kill(visit)
        self.settle(scope)

    # -- one at a time ---------------------------------------------------------------------

    def wait_for_turn(self: Oracle, scope: Scope, node: Node, flow: str) -> None:
        scope.tokens(node.id)[flow] += 1
        self.next_turn(scope)

    def next_turn(self: Oracle, scope: Scope) -> None:
        """Begin the first activity in the file that has what it needs, if none is at work."""
        if self.is_busy(scope):
            return
        for node in scope.model.nodes.values():
            held = scope.held.get(node.id)
            if node.kind in ACTIVITIES and held and sum(held.values()) >= node.start_quantity:
                missing = node.start_quantity
                for one in ("", *node.incoming):
                    taken = min(missing, held[one])
                    held[one] -= taken
                    missing -= taken
                self.visit(scope, node)
                return

    def is_busy(self, scope: Scope) -> bool:
        return any(one.node.kind in ACTIVITIES for one in scope.visits)
