"""Where the texts beside events, gateways and flows stand.

Below events, above gateways, to the right of the line of a boundary event, along
the part of a flow's way that it shares with no other outcome: of the few places
that come into question the one is taken that covers least.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from engine.bpmn.layout.graph import Edge, Graph, Node, text_size

Box = tuple[int, int, int, int]
Point = tuple[int, int]
Piece = tuple[Point, Point]

_ON_A_SHAPE = 100
_ON_A_LINE = 20
_TRIES = 6


def place_labels(graph: Graph) -> dict[str, Box]:
    """Return the label of each node and edge that has one: x, y, width, height in pixels."""
    labels: dict[str, Box] = {}
    shapes = [(node.x, node.y, node.width, node.height) for node in graph.nodes.values()]
    lines = [piece for one in graph.edges for piece in pairwise(one.points)]
    for node in graph.nodes.values():
        if node.label[0]:
            labels[node.id] = _best(_around(node), [*shapes, *labels.values()], lines)
    for edge in graph.edges:
        if edge.name and len(edge.points) > 1:
            labels[edge.id] = _best(_along(edge, graph), [*shapes, *labels.values()], lines)
    return labels


def _best(places: Iterable[Box], taken: list[Box], lines: list[Piece]) -> Box:
    """Return the place that covers least; among equals the first."""
    costs = [
        (
            2 * number
            + _ON_A_SHAPE * sum(_overlap(box, other) for other in taken)
            + _ON_A_LINE * sum(_crosses(box, line) for line in lines),
            box,
        )
        for number, box in enumerate(places)
    ]
    return min(costs, key=lambda pair: pair[0])[1]


def _around(node: Node) -> Iterator[Box]:
    """Return places beside a node, the usual one first."""
    width, height = node.label
    middle, _ = node.middle
    above, below = node.y - height - 3, node.y + node.height + 3
    left, right = middle - width - 6, middle + 6
    if node.host is not None:
        yield (right, below - 2, width, height)
        yield (left, below - 2, width, height)
    elif node.is_event:
        yield (middle - width // 2, below, width, height)
        yield (right, below, width, height)
        yield (left, below, width, height)
        yield (middle - width // 2, above, width, height)
    else:
        yield (middle - width // 2, above, width, height)
        yield (left, above, width, height)
        yield (right, above, width, height)
        yield (middle - width // 2, below, width, height)


def _along(edge: Edge, graph: Graph) -> Iterator[Box]:
    """Return places along the part of an edge that no other outcome shares."""
    beside = [one.points for one in graph.edges if one.source == edge.source and one is not edge]
    pieces = list(pairwise(edge.points))
    alone = [piece for piece in pieces if not any(_covered(piece, way) for way in beside)]
    return _places(alone or pieces, *text_size(edge.name))


def _places(pieces: list[Piece], width: int, height: int) -> Iterator[Box]:
    """Return places beside the pieces, the ones nearest to the source first."""
    for (x, y), (ahead_x, ahead_y) in pieces:
        if y == ahead_y:
            for left in (x + 4, ahead_x - 14 - width) if ahead_x > x else (x - 4 - width,):
                yield (left, y - height - 2, width, height)
                yield (left, y + 3, width, height)
        else:
            top = y + 2 if ahead_y > y else y - height - 2
            middle = (y + ahead_y - height) // 2
            step = 16 if ahead_y > y else -16
            uppers = [*(top + step * number for number in range(_TRIES)), middle]
            yield from ((x + 5, upper, width, height) for upper in uppers)
            yield from ((x - 5 - width, upper, width, height) for upper in uppers)


def _covered(piece: Piece, way: list[Point]) -> bool:
    """Whether another way runs along a piece for more than a point."""
    (ax, ay), (bx, by) = piece
    for (cx, cy), (dx, dy) in pairwise(way):
        if ay == by == cy == dy and min(max(ax, bx), max(cx, dx)) > max(min(ax, bx), min(cx, dx)):
            return True
        if ax == bx == cx == dx and min(max(ay, by), max(cy, dy)) > max(min(ay, by), min(cy, dy)):
            return True
    return False


def _overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _crosses(box: Box, line: Piece) -> bool:
    (ax, ay), (bx, by) = line
    thin = (min(ax, bx), min(ay, by), abs(ax - bx) + 1, abs(ay - by) + 1)
    return _overlap(box, thin)
