"""A scope of a diagram as a net: which tokens a step takes, which it leaves.

Data are abstracted: a gateway may choose every way that its conditions do not
exclude by their form, a limit may run out or not, somebody may do a task or its
boundary event comes first. A marking is an integer: bit *i* is set when there is
a token at place *i*. Places are the sequence flows, and activities with
non-interrupting boundary events while they are open.

What a sub-process does inside is looked at apart; around it, it is one step that
ends, or does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from engine.bpmn.compensation import about, can_be_cancelled
from engine.bpmn.model import Flow, Kind, Node, Scope, Trigger
from engine.bpmn.reach import link_names, masks
from engine.bpmn.soundness.choices import chosen, least
from engine.bpmn.soundness.parts import Ending, Join, Net, Standing, Step

COMBINED = 500
"""So many ways are tried in which tokens of several flows begin one activity."""

WITHIN = frozenset({Kind.SUB_PROCESS, Kind.CALL})
"""What runs a scope of its own inside."""

_FAILING = frozenset({Trigger.ERROR, Trigger.CANCEL})


def build(scope: Scope, ending: Callable[[Node], Ending], standing: Standing | None = None) -> Net:
    """Return the net of one scope.

    Args:
        ending: how a sub-process or call can end.
        standing: where its tokens are; None: it is about to begin.
    """
    return _Builder(scope, ending, standing).net


class _Builder:
    def __init__(
        self, scope: Scope, ending: Callable[[Node], Ending], standing: Standing | None
    ) -> None:
        self.scope = scope
        self.ending = ending
        self.net = Net()
        self._low: dict[str, int] = {}
        self._bits = {flow.id: self._flow(flow) for flow in scope.flows.values()}
        self._masks = masks(scope)
        self._links = {
            name: node
            for node in scope.nodes.values()
            for name in link_names(node, Kind.CATCH)
        }  # fmt: skip
        self._inclusive: list[Node] = []
        self._returning: dict[str, int] = {}
        gateways = [one for one in scope.instantiating.values() if one]
        self._free = () if scope.ad_hoc is None else scope.ad_hoc.begun
        self._main = self._passed(
            [*scope.beginnings, *gateways] or [*scope.implicit_starts, *self._free]
        )
        for node in scope.nodes.values():
            self._add(node)
        if standing is None:
            self._begin()
        else:
            self._stand(standing)
        # What an inclusive join waits for is known when all places are.
        self.net.joins.extend(self._join(node) for node in self._inclusive)
        first = (*scope.implicit_starts, *self._free)
        main = {*self._main, *(f"{one} at the start" for one in first)}
        self.net.beside = sum(
            1 << index for index, name in enumerate(self.net.names) if name not in main
        )

    def _place(self, name: str) -> int:
        self.net.names.append(name)
        return 1 << (len(self.net.names) - 1)

    def _flow(self, flow: Flow) -> int:
        """Make the places of a flow; return the tokens that its source gives."""
        given = self.scope.nodes[flow.source].completion_quantity
        needed = self.scope.nodes[flow.target].start_quantity
        self._low[flow.id] = low = self._place(flow.id)
        room = given + needed - 1
        for _ in range(1, room):
            self._place(flow.id)
        if room > 1:
            self.net.slots.append(((low << room) - low, low, room))
        return low * ((1 << given) - 1)

    def _begin(self) -> None:
        nodes = self.scope.nodes
        for one in nodes.values():
            if one.for_compensation:
                # Nothing leads to it; it is looked at by itself.
                bit = self._place(f"{one.id} at the start")
                self.net.undoing.append((one.id, bit))
                self._into(one, bit)
        for key in self._free:
            # Each by itself: what others began is not waited for.
            bit = self._place(f"{key} at the start")
            self.net.starts.append((key, bit))
            self._into(nodes[key], bit)
        for start in self.scope.beginnings:
            beside = self._begun_beside(start)
            for gives in self._ways_out(nodes[start]):
                self.net.starts.append((start, gives | beside))
        if self.scope.beginnings:
            return
        first = [nodes[one] for one in self.scope.implicit_starts]
        marking, own = 0, {}
        for node in first:
            own[node.id] = self._place(f"{node.id} at the start")
            marking |= own[node.id]
            self._into(node, own[node.id])
        if first:
            self.net.starts.append((first[0].id, marking))

    def _stand(self, standing: Standing) -> None:
        """Begin where the tokens are: each element that has one as if it were just entered."""
        marking = 0
        for element in standing.at:
            bit = self._place(f"{element} at the start")
            marking |= bit
            self._into(self.scope.nodes[element], bit)
        slots = {low: size for _, low, size in self.net.slots}
        for flow, count in standing.held:
            low = self._low[flow]
            # More than the flow has places for: what follows cannot be told apart.
            self.net.cut |= count > slots.get(low, 1)
            marking |= low * ((1 << count) - 1)
        joins = [self.scope.flows[flow].target for flow, _ in standing.held]
        if marking:
            self.net.starts.append(((*standing.at, *joins)[0], marking))

    def _begun_beside(self, start: str) -> int:
        """Return the tokens of the other events that a parallel event-based gateway waits for."""
        gateway = self.scope.nodes.get(self.scope.instantiating.get(start, ""))
        if gateway is None or not gateway.parallel_multiple:
            return 0
        flows = [self.scope.flows[one] for one in gateway.outgoing]
        return sum(self._bits[one.id] for one in flows if one.target != start)

    def _passed(self, starts: Iterable[str]) -> set[str]:
        """Return the nodes and flows that a token from ``starts`` can come to.

        What non-interrupting boundary events begin is not among them.
        """
        nodes, flows = self.scope.nodes, self.scope.flows
        ahead = [*starts]
        seen = set(ahead)
        for name in ahead:
            # The list grows while it is walked.
            node = nodes[name]
            seen.update(node.outgoing)
            following = [flows[one].target for one in node.outgoing]
            following += [one for one in node.boundary if nodes[one].interrupting]
            thrown = link_names(node, Kind.THROW)
            following += [self._links[one].id for one in thrown if one in self._links]
            ahead += [one for one in dict.fromkeys(following) if one not in seen]
            seen.update(following)
        return seen

    def _stands_apart(self, boundary: Node) -> bool:
        """Whether what a boundary event begins touches nothing else in the scope."""
        nodes = [self.scope.nodes[one] for one in self._passed([boundary.id]) & {*self.scope.nodes}]
        own = {node.id for node in nodes}
        joins = [node for node in nodes if node.kind in {Kind.PARALLEL, Kind.INCLUSIVE}]
        return not self._comes_back(boundary) and all(
            self.scope.flows[one].source in own for node in joins for one in node.incoming
        )

    def _lingering(self, node: Node) -> list[Node]:
        """Return the events at a node that do not end it."""
        attached = [self.scope.nodes[one] for one in node.boundary]
        return [
            one for one in attached if not one.interrupting and not about(one, Trigger.COMPENSATE)
        ]

    def _back_from(self, boundary: Node) -> int:
        """Return a token for what is begun by itself and may yet come back to the rest.

        Events that stay at activities of that branch lead there. While the branch goes on
        each may happen, once; where the branch is meanwhile makes no difference.
        """
        if boundary.id in self._returning:
            return self._returning[boundary.id]
        back = [one for one in self._staying_on(boundary) if self._comes_back(one)]
        self._returning[boundary.id] = 0
        for one in back:
            place = self._place(boundary.id)
            self._returning[boundary.id] |= place
            for gives in self._ways_out(one):
                self._step(Step(one.id, place, gives))
            # The branch may end without it.
            self._step(Step(boundary.id, place, 0))
        return self._returning[boundary.id]

    def _staying_on(self, boundary: Node) -> list[Node]:
        """Return the events that stay at activities of a branch, and of the branches of these."""
        found, ahead = [boundary], [boundary]
        for one in ahead:
            # The list grows while it is walked.
            passed = self._passed([one.id])
            nodes = [node for key, node in self.scope.nodes.items() if key in passed]
            more = [each for node in nodes for each in self._lingering(node) if each not in found]
            found += more
            ahead += [each for each in more if not self._comes_back(each)]
        return found[1:]

    def _comes_back(self, boundary: Node) -> bool:
        """Whether what an event begins comes to where the rest is, or ends everything."""
        passed = self._passed([boundary.id])
        nodes = [self.scope.nodes[one] for one in passed if one in self.scope.nodes]
        ending = any(node.kind is Kind.END and _ends_all(node) for node in nodes)
        return ending or not passed.isdisjoint(self._main)

    # -- from a token on an incoming flow to tokens on outgoing ones ----------------------

    def _add(self, node: Node) -> None:
        incoming = [self._low[flow] for flow in node.incoming]
        if node.start_quantity > 1:
            self._gather(node)
        elif node.kind is Kind.PARALLEL and len(incoming) > 1:
            taken = sum(incoming)
            self.net.waits[node.id] = taken
            for gives in self._ways_out(node):
                self._step(Step(node.id, taken, gives, alone=True))
                for part in self._parts(node, taken):
                    self._step(Step(node.id, part, gives))
        elif node.kind in {Kind.INCLUSIVE, Kind.COMPLEX} and len(incoming) > 1:
            self._inclusive.append(node)
        else:
            for bit in incoming:
                self._into(node, bit)

    def _parts(self, join: Node, taken: int) -> list[int]:
        """Return what of a join's tokens comes from one activity that people start.

        The others may be there already, from what they started before.
        """
        found = []
        for key in self._free:
            passed = self._passed([key])
            part = sum(self._low[flow] for flow in join.incoming if flow in passed)
            found += [part] if part not in (0, taken) else []
        return list(dict.fromkeys(found))

    def _gather(self, node: Node) -> None:
        """Let so many tokens begin an activity, over whatever flows they come."""
        slots = {low: size for _, low, size in self.net.slots}
        lows = [self._low[flow] for flow in node.incoming]
        self.net.waits[node.id] = sum(low * ((1 << slots.get(low, 1)) - 1) for low in lows)
        rooms = [slots.get(low, 1) for low in lows]
        needed = node.start_quantity
        ways: list[tuple[int, ...]] = [()]
        for number, room in enumerate(rooms):
            rest = sum(rooms[number + 1 :])
            ways = [
                (*way, count)
                for way in ways
                for count in range(room + 1)
                if (1 if self._free else needed) - rest <= sum(way) + count <= needed
            ]
            if len(ways) > COMBINED:
                self.net.cut = True
                return
        for way in ways if lows else ():
            taken = sum(low * ((1 << count) - 1) for low, count in zip(lows, way, strict=True))
            self._into(node, taken)

    def _into(self, node: Node, bit: int) -> None:
        # Where several flows meet the order counts: a second token may come behind.
        alone = len(node.incoming) <= 1 and not self.net.slots
        lingering = {one.id: self._ways_out(one) for one in self._lingering(node)}
        for one in [one for one in self._lingering(node) if self._stands_apart(one)]:
            # Looked at by itself, or its every step would multiply all the others.
            ways = lingering.pop(one.id)
            self.net.apart += [(bit, one.id, gives) for gives in ways]
            back = self._back_from(one)
            if back:
                lingering[one.id] = [back]
        if not lingering:
            for step in self._through(node, bit, alone=alone):
                self._step(step)
            return
        open_ = self._place(node.id)
        armed = [self._place(f"{one} armed") for one in lingering]
        self._step(Step(node.id, bit, open_ | sum(armed), alone=alone))
        for (key, ways), flag in zip(lingering.items(), armed, strict=True):
            for gives in ways:
                self._step(Step(key, open_ | flag, open_ | gives))
        for step in self._through(node, open_, alone=False):
            # Whatever is still armed goes with the activity.
            self._step(replace(step, clears=sum(armed)))

    def _through(self, node: Node, bit: int, *, alone: bool) -> Iterator[Step]:
        ending = self.ending(node) if node.kind in WITHIN else Ending()
        boundary = [self.scope.nodes[one] for one in node.boundary]
        if ending.ends:
            ends = node.kind is Kind.END and _ends_all(node)
            fails = ends and any(one.trigger in _FAILING for one in node.events)
            for gives in self._ways_out(node):
                yield Step(node.id, bit, gives, alone=alone, ends=ends, fails=fails)
        elif ending.fails and not any(map(_catches, boundary)):
            yield Step(node.id, bit, 0, alone=alone, ends=True, fails=True)
        elif not ending.fails:
            self.net.stays[bit] = node.id
        for one in boundary:
            if one.interrupting and _can_happen(one, node):
                for gives in self._ways_out(one):
                    yield Step(one.id, bit, gives, alone=alone)

    def _step(self, step: Step) -> None:
        self.net.steps.setdefault(step.takes & -step.takes, []).append(step)

    def _ways_out(self, node: Node) -> list[int]:
        """Return the sets of outgoing flows that may get a token, without repeats."""
        flows = [self.scope.flows[one] for one in node.outgoing]
        thrown = [self._links[name] for name in link_names(node, Kind.THROW) if name in self._links]
        if thrown:
            return self._ways_out(thrown[0])
        bits = {flow.id: self._bits[flow.id] for flow in flows}
        if node.kind in {Kind.EXCLUSIVE, Kind.EVENT_BASED}:
            return list(bits.values()) or [0]
        if node.kind is Kind.PARALLEL or not any(flow.condition for flow in flows):
            return [sum(bits.values())]
        return chosen(node, flows, bits)

    def _join(self, node: Node) -> Join:
        reach = self._masks[node.id]
        targets = {flow.id: flow.target for flow in self.scope.flows.values()}
        blocks = {}
        for index, name in enumerate(self.net.names):
            bit = 1 << index
            at = targets.get(name, name.removesuffix(" at the start"))
            if at != node.id and reach.get(at):
                blocks[bit] = reach[at]
        flows = tuple(self._low[flow] for flow in node.incoming)
        return Join(node.id, flows, blocks, tuple(self._ways_out(node)), least(node))


def _ends_all(end: Node) -> bool:
    return any(one.trigger in {Trigger.TERMINATE, *_FAILING} for one in end.events)


def _catches(boundary: Node) -> bool:
    return catches_errors(boundary) or about(boundary, Trigger.CANCEL)


def _can_happen(boundary: Node, host: Node) -> bool:
    """Whether a boundary event can end its host.

    What compensates the host comes when that is over, and a cancel only from inside.
    """
    if about(boundary, Trigger.COMPENSATE):
        return False
    if not about(boundary, Trigger.CANCEL):
        return True
    return host.body is not None and can_be_cancelled(host.body)


def catches_errors(boundary: Node) -> bool:
    """Whether a boundary event waits for an error."""
    return any(one.trigger is Trigger.ERROR for one in boundary.events)


__all__ = ["WITHIN", "build", "catches_errors"]
