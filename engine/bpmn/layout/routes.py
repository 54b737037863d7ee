"""Which gaps and cells each edge runs through: shortest paths on a lattice.

A lattice point (x, y) with both numbers odd is the centre of a cell, ``x = 2 * column
+ 1``; even numbers are the gaps between columns and rows. Gaps take any number of
edges side by side; the centre line of a cell takes one, unless edges leave the same
source or enter the same target. Points covered by a node are closed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from engine.bpmn.layout.graph import Edge, Graph, Node

Point = tuple[int, int]
Ends = tuple[str, str]

RIGHT, DOWN, LEFT, UP = (1, 0), (0, 1), (-1, 0), (0, -1)
_TURN = 7.0
_CROSSING = 6.0
_SHARED_LINE = 60.0
_SHARED_GAP = 0.8
_SHARED_CORNER = 5.0
_STEP = {RIGHT: 3.0, LEFT: 3.0, DOWN: 2.5, UP: 2.5}


@dataclass(slots=True)
class Route:
    """The lattice points of one edge, from the source's to the target's."""

    edge: Edge
    points: list[Point] = field(default_factory=list)


def route(graph: Graph, rows: int) -> list[Route]:
    """Route every edge, short ones first, loops last.

    Args:
        graph: with columns and rows.
        rows: number of rows in all lanes.
    """
    router = _Router(graph, rows)
    order = sorted(
        enumerate(graph.edges),
        key=lambda pair: (pair[1].back, router.distance(pair[1]), pair[0]),
    )
    found = {number: router.find(edge) for number, edge in order}
    return [found[number] for number in range(len(graph.edges))]


class _Router:
    """The lattice with what already runs on it."""

    def __init__(self, graph: Graph, rows: int) -> None:
        self.graph = graph
        self.columns = max((node.column + node.span for node in graph.inner), default=1)
        self.rows = rows
        self.closed: dict[Point, str] = {}
        for node in graph.inner:
            for x in range(2 * node.column + 1, 2 * (node.column + node.span)):
                self.closed[(x, 2 * node.row + 1)] = node.id
        self.running: dict[tuple[Point, Point], list[Ends]] = {}
        self.through: dict[tuple[Point, bool], list[Ends]] = {}

    def distance(self, edge: Edge) -> int:
        source, target = self.graph.place_of(edge.source), self.graph.nodes[edge.target]
        return abs(target.column - source.column) + abs(target.row - source.row)

    # -- ports

    def leaving(self, edge: Edge) -> Iterator[tuple[Point, tuple[int, int], float]]:
        """Where an edge may leave its source: point, direction, cost."""
        node = self.graph.nodes[edge.source]
        place = self.graph.place_of(edge.source)
        y = 2 * place.row + 1
        if node.host is not None:
            yield (self.boundary_x(node), y), DOWN, 0.0
            return
        loops = edge.back and not edge.wrapped
        yield (2 * (place.column + place.span) - 1, y), RIGHT, 12.0 if loops else 0.0
        if place.span == 1 and not place.attached:
            x = 2 * place.column + 1
            yield (x, y), DOWN, 3.0 if node.is_gateway or edge.back else 14.0
            yield (x, y), UP, 18.0 if loops else 3.0 if node.is_gateway else 14.0

    def first(self, edge: Edge) -> Point:
        """Return the lattice point from which an edge leaves to the right."""
        place = self.graph.place_of(edge.source)
        return 2 * (place.column + place.span) - 1, 2 * place.row + 1

    def boundary_x(self, node: Node) -> int:
        """Return the lattice column below a boundary event."""
        host = self.graph.place_of(node.id)
        if host.span == 1:
            return 2 * host.column + 1
        return 2 * (host.column + host.attached.index(node.id)) + 1

    def entering(self, edge: Edge) -> dict[tuple[Point, tuple[int, int]], float]:
        """Where an edge may enter its target: the target's point and the direction of arrival."""
        node = self.graph.nodes[edge.target]
        x, y = 2 * node.column + 1, 2 * node.row + 1
        loops = edge.back and not edge.wrapped
        ports = {((x, y), RIGHT): 8.0 if loops else 0.0}
        if node.span == 1:
            if not node.attached:
                ports[((x, y), UP)] = 2.0 if loops or node.is_gateway else 12.0
            ports[((x, y), DOWN)] = 14.0 if loops else 3.0 if node.is_gateway else 12.0
        return ports

    # -- search

    def find(self, edge: Edge) -> Route:
        ends = (edge.source, edge.target)
        goals = self.entering(edge)
        own = {self.graph.place_of(edge.source).id, edge.target}
        queue: list[tuple[float, int, Point, tuple[int, int]]] = []
        best: dict[tuple[Point, tuple[int, int]], float] = {}
        came: dict[tuple[Point, tuple[int, int]], tuple[Point, tuple[int, int]] | None] = {}
        counter = 0
        for point, direction, cost in self.leaving(edge):
            best[(point, direction)] = cost
            came[(point, direction)] = None
            heapq.heappush(queue, (cost, counter, point, direction))
            counter += 1
        finish: tuple[float, tuple[Point, tuple[int, int]]] | None = None
        while queue:
            cost, _, point, direction = heapq.heappop(queue)
            here = (point, direction)
            if cost > best[here] or (finish is not None and cost >= finish[0]):
                continue
            if here in goals and came[here] is not None:
                total = cost + goals[here]
                if finish is None or total < finish[0]:
                    finish = (total, here)
                continue
            for turn in self._turns(here, came[here] is None):
                ahead = (point[0] + turn[0], point[1] + turn[1])
                if not self._open(ahead, own, goals, turn):
                    continue
                price = cost + self._price(point, ahead, turn, ends, edge)
                price += _TURN * (turn != direction)
                if price < best.get((ahead, turn), 1e9):
                    best[(ahead, turn)] = price
                    came[(ahead, turn)] = here
                    heapq.heappush(queue, (price, counter, ahead, turn))
                    counter += 1
        return self._keep(edge, finish[1] if finish else None, came, ends)

    @staticmethod
    def _turns(here: tuple[Point, tuple[int, int]], first: bool) -> tuple[tuple[int, int], ...]:
        _, direction = here
        if first:
            return (direction,)
        return tuple(
            turn
            for turn in (RIGHT, DOWN, LEFT, UP)
            if (turn[0] + direction[0], turn[1] + direction[1]) != (0, 0)
        )

    def _open(
        self,
        point: Point,
        own: set[str],
        goals: dict[tuple[Point, tuple[int, int]], float],
        direction: tuple[int, int],
    ) -> bool:
        if not (0 <= point[0] <= 2 * self.columns and 0 <= point[1] <= 2 * self.rows):
            return False
        holder = self.closed.get(point)
        return holder is None or (holder in own and (point, direction) in goals)

    def _price(
        self, point: Point, ahead: Point, turn: tuple[int, int], ends: Ends, edge: Edge
    ) -> float:
        price = _STEP[turn]
        segment = (min(point, ahead), max(point, ahead))
        running = self.running.get(segment, ())
        others = [one for one in running if not _friends(one, ends)]
        along_centre = (point[1] if turn[1] == 0 else point[0]) % 2 == 1
        from_boundary = self.graph.nodes[edge.source].host is not None
        if others:
            leaves_host = from_boundary and turn == DOWN
            price += _SHARED_LINE if along_centre and not leaves_host else _SHARED_GAP
        elif running and edge.name and point == self.first(edge):
            # Each outcome of a gateway gets a corner of its own where there is one.
            price += _SHARED_CORNER
        crossed = self.through.get((ahead, turn[1] == 0), ())
        price += _CROSSING * sum(not _friends(one, ends) for one in crossed)
        if edge.back and not edge.wrapped and turn[1] == 0 and point[1] < 2 * self._lowest(edge):
            # Back edges run below what they jump over.
            price += 1.5
        return price

    def _lowest(self, edge: Edge) -> int:
        source, target = self.graph.place_of(edge.source), self.graph.nodes[edge.target]
        return max(source.row, target.row)

    def _keep(
        self,
        edge: Edge,
        last: tuple[Point, tuple[int, int]] | None,
        came: dict[tuple[Point, tuple[int, int]], tuple[Point, tuple[int, int]] | None],
        ends: Ends,
    ) -> Route:
        if last is None:
            message = f"No way for the flow {edge.id} from {edge.source} to {edge.target}."
            raise ValueError(message)
        states = [last]
        while (before := came[states[-1]]) is not None:
            states.append(before)
        states.reverse()
        points = [point for point, _ in states]
        for here, ahead in pairwise(points):
            self.running.setdefault((min(here, ahead), max(here, ahead)), []).append(ends)
        for (point, direction), (_, following) in pairwise(states[1:]):
            if direction == following:
                self.through.setdefault((point, direction[0] == 0), []).append(ends)
        return Route(edge, points)


def _friends(one: Ends, other: Ends) -> bool:
    """Whether two edges may run on one line: they part from or meet at the same node."""
    return one[0] == other[0] or one[1] == other[1]
