"""One scope played as a game of tokens: every order, every choice that data could make.

For the search for deadlocks. A token lies on a flow until what the flow leads to takes it;
whatever can happen may happen next. Nothing is merged, masked or left out, so a net has to
be small. A timer may run out while an activity goes on, or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, product

from engine.bpmn.model import ACTIVITIES, Flow, Kind, Node, Scope, Trigger

Marking = frozenset[tuple[str, int]]
ENDS_ALL = (Trigger.TERMINATE, Trigger.ERROR, Trigger.CANCEL)


@dataclass
class Verdict:
    """What can happen in a scope.

    Attributes:
        kind: ``sound``, or the first of ``second-token``, ``deadlock`` and ``no-end``.
        stuck: for deadlocks: the sets of elements at which tokens wait for ever.
        entered: the elements that something happened at.
        ends, fails: whether it can come to its end, or end by an error.
    """

    kind: str = "sound"
    stuck: set[frozenset[str]] = field(default_factory=set)
    entered: set[str] = field(default_factory=set)
    ends: bool = False
    fails: bool = False


@dataclass(frozen=True)
class Turn:
    """One thing that happens: at which element, and the marking after it."""

    element: str
    after: Counter[str]
    fails: bool = False


class Game:
    """All that can happen in one scope.

    Attributes:
        most: so many markings are looked at; above it there is no verdict.
    """

    def __init__(self, scope: Scope, most: int = 3_000) -> None:
        self.scope, self.most = scope, most
        self.nodes, self.flows = scope.nodes, scope.flows
        self.main = self.passed()

    def play(self) -> Verdict | None:
        verdict = Verdict()
        firsts = [one for start in self.scope.starts for one in self.leave(self.nodes[start])]
        verdict.entered.update(self.scope.starts)
        after: dict[Marking, list[Marking]] = {}
        ahead = [frozenset(Counter(first).items()) for first in firsts]
        for marking in ahead:
            if marking in after:
                continue
            if len(after) > self.most:
                return None
            turns = list(self.turns(Counter(dict(marking))))
            for turn in turns:
                verdict.entered.add(turn.element)
                verdict.fails |= turn.fails
                verdict.ends |= not turn.after and not turn.fails
            if any(self.is_crowded(turn.after) for turn in turns):
                return Verdict("second-token")
            after[marking] = [frozenset(turn.after.items()) for turn in turns]
            ahead += after[marking]
            if marking and not turns:
                verdict.stuck.add(self.waiting(Counter(dict(marking))))
        if verdict.stuck:
            verdict.kind = "deadlock"
        elif not self.can_all_end(after):
            verdict.kind = "no-end"
        return verdict

    def can_all_end(self, after: dict[Marking, list[Marking]]) -> bool:
        ending: set[Marking] = {frozenset()}
        while more := {one for one in after if one not in ending and ending & {*after[one]}}:
            ending |= more
        return ending >= {*after}

    def is_crowded(self, marking: Counter[str]) -> bool:
        """Whether a flow holds more than what its source gives and its target waits for."""
        return any(number > self.room(name) for name, number in marking.items())

    def passed(self) -> set[str]:
        """Return the flows and nodes that a token comes to without events that do not interrupt.

        What these begin runs beside the rest, and may well run twice.
        """
        seen: set[str] = set()
        ahead = [*self.scope.starts]
        for at in ahead:
            seen.add(at)
            node = self.nodes[at]
            following = [one for one in self.attached(node) if one.interrupting]
            following += [self.nodes[self.flows[one].target] for one in node.outgoing]
            seen.update(node.outgoing)
            ahead += [one.id for one in following if one.id not in ahead]
        return seen

    def room(self, name: str) -> int:
        if name not in self.flows:
            return 1 if name.split(" ")[1] in self.main else self.most
        if name not in self.main:
            return self.most
        flow = self.flows[name]
        given = self.nodes[flow.source].completion_quantity
        return given + self.nodes[flow.target].start_quantity - 1

    def waiting(self, marking: Counter[str]) -> frozenset[str]:
        return frozenset(self.flows[one].target for one in marking if one in self.flows)

    # -- turns -----------------------------------------------------------------------------

    def turns(self, marking: Counter[str]) -> Iterator[Turn]:
        for node in self.nodes.values():
            for taken in self.begins(node, marking):
                left = marking.copy()
                left.subtract(taken)
                yield from self.work(node, "+".join(sorted(taken.elements())), +left)
        for name in marking:
            if name.startswith("in "):
                left = marking.copy()
                left[name] -= 1
                _, node, over = name.split(" ")
                yield from self.go_on(self.nodes[node], over, +left)

    def begins(self, node: Node, marking: Counter[str]) -> Iterator[Counter[str]]:
        """Return the tokens that a node may take now, in every way."""
        filled = [one for one in node.incoming if marking[one]]
        if node.start_quantity > 1:
            for counts in product(*(range(marking[one] + 1) for one in filled)):
                if sum(counts) == node.start_quantity:
                    yield Counter(dict(zip(filled, counts, strict=True)))
        elif node.kind is Kind.PARALLEL:
            if filled and len(filled) == len(node.incoming):
                yield Counter(filled)
        elif node.kind is Kind.INCLUSIVE and len(node.incoming) > 1:
            if filled and self.nothing_comes(node, marking):
                yield Counter(filled)
        else:
            yield from (Counter([one]) for one in filled)

    def work(self, node: Node, over: str, left: Counter[str]) -> Iterator[Turn]:
        """Begin a node; an activity with events that do not interrupt stays open first.

        Args:
            over: the flows over which it was begun: tokens of others begin it beside this.
        """
        staying = [one for one in self.attached(node) if not one.interrupting]
        if not staying:
            yield from self.go_on(node, over, left)
            return
        left.update([f"in {node.id} {over}", *(f"armed {one.id} {over}" for one in staying)])
        yield Turn(node.id, left)

    def go_on(self, node: Node, over: str, left: Counter[str]) -> Iterator[Turn]:
        staying = [one for one in self.attached(node) if not one.interrupting]
        for event in staying:
            if left[f"armed {event.id} {over}"]:
                for given in self.leave(event):
                    still = left.copy()
                    still[f"armed {event.id} {over}"] -= 1
                    still.update([f"in {node.id} {over}", *given])
                    yield Turn(event.id, +still)
        for event in staying:
            left[f"armed {event.id} {over}"] = 0
        left = +left
        ends = [one.trigger for one in node.events if one.trigger in ENDS_ALL]
        if node.kind is Kind.END and ends:
            yield Turn(node.id, Counter(), fails=ends != [Trigger.TERMINATE])
            return
        for given in self.leave(node):
            yield Turn(node.id, left + Counter(given))
        for event in self.attached(node):
            if event.interrupting:
                for given in self.leave(event):
                    yield Turn(event.id, left + Counter(given))

    def attached(self, node: Node) -> list[Node]:
        return [self.nodes[one] for one in node.boundary]

    def leave(self, node: Node) -> list[list[str]]:
        """Return every set of flows that a node can be left by, as often as it gives tokens."""
        links = [
            other
            for other in self.nodes.values()
            if node.kind is Kind.THROW and other.kind is Kind.CATCH
            for one in node.events
            if one.trigger is Trigger.LINK and one.name in [two.name for two in other.events]
        ]
        if links:
            return self.leave(links[0])
        flows = [self.flows[one] for one in node.outgoing]
        if node.kind in (Kind.EXCLUSIVE, Kind.EVENT_BASED):
            return [[one.id] for one in flows] or [[]]
        asked = [one for one in flows if one.condition is not None and one.id != node.default]
        if node.kind is Kind.PARALLEL or not asked:
            ways = [[one.id for one in flows]]
        else:
            ways = self.choose(node, flows, asked)
        times = node.completion_quantity if node.kind in ACTIVITIES else 1
        return [[one for one in way for _ in range(times)] for way in ways]

    def choose(self, node: Node, flows: list[Flow], asked: list[Flow]) -> list[list[str]]:
        always = [one.id for one in flows if one.condition is None and one.id != node.default]
        most = 1 if self.exclude_each_other(asked) else len(asked)
        ways = [
            [*always, *(one.id for one in some)]
            for count in range(1, most + 1)
            for some in combinations(asked, count)
        ]
        default = [one.id for one in flows if one.id == node.default]
        return [*ways, [*always, *default]] if always or default else ways

    def exclude_each_other(self, asked: list[Flow]) -> bool:
        """Whether conditions are ``k == 1``, ``k == 2`` and so on, as the nets write them."""
        texts = {one.condition.text for one in asked if one.condition is not None}
        return len(texts) == len(asked) and all(one.startswith("k == ") for one in texts)

    def nothing_comes(self, join: Node, marking: Counter[str]) -> bool:
        """Whether no token elsewhere has a way to an empty flow and none to a filled one."""
        filled = {one for one in join.incoming if marking[one]}
        for name in marking:
            if name in join.incoming or name.startswith("armed "):
                continue
            start = self.flows[name].target if name in self.flows else name.split(" ")[1]
            ways = self.reached(start, join)
            if ways - filled and not ways & filled:
                return False
        return True

    def reached(self, start: str, join: Node) -> set[str]:
        found: set[str] = set()
        seen, ahead = {start}, [start]
        for at in ahead:
            node = self.nodes[at]
            following = [(one, self.flows[one].target) for one in node.outgoing]
            following += [("", one) for one in node.boundary]
            for flow, target in following:
                if target == join.id:
                    found.add(flow)
                elif target not in seen:
                    seen.add(target)
                    ahead.append(target)
        return found
