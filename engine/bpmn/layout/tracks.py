"""Side by side in a gap: which track each straight run of an edge takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from engine.bpmn.layout.routes import Point, Route


@dataclass(slots=True)
class Run:
    """A straight piece of an edge.

    Attributes:
        route: number of its edge.
        across: it is horizontal.
        line: its lattice row if horizontal, else its lattice column.
        start, end: where it begins and ends on that line, ``start <= end``.
        corners: where it meets the pieces before and after, and on which side they
            lie: -1 above or left, 1 below or right.
        track: 0 is the topmost or leftmost.
    """

    route: int
    across: bool
    line: int
    start: int
    end: int
    corners: list[tuple[int, int]] = field(default_factory=list)
    track: int = 0

    @property
    def lean(self) -> int:
        """Negative if its neighbours lie to the left or above, positive for right or below."""
        return sum(side for _, side in self.corners)


def runs_of(number: int, found: Route) -> list[Run]:
    """Return the straight pieces of one edge, in its order."""
    corners = _corners(found.points)
    runs = []
    for here, ahead in pairwise(corners):
        across = here[1] == ahead[1]
        low, high = sorted((here[0], ahead[0]) if across else (here[1], ahead[1]))
        runs.append(Run(number, across, here[1] if across else here[0], low, high))
    return runs


def _corners(points: list[Point]) -> list[Point]:
    kept = [points[0]]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        if (here[0] - before[0], here[1] - before[1]) != (after[0] - here[0], after[1] - here[1]):
            kept.append(here)
    return [*kept, points[-1]]


def colour(routes: list[Route]) -> tuple[list[list[Run]], dict[tuple[bool, int], int]]:
    """Give each run in a gap a track so that strangers never lie on each other.

    Returns:
        The runs of each edge, and for each gap (horizontal?, line) its number of tracks.
    """
    runs = [runs_of(number, one) for number, one in enumerate(routes)]
    gaps: dict[tuple[bool, int], list[Run]] = {}
    for pieces in runs:
        for run, following in pairwise(pieces):
            run.corners.append((following.line, _side(run.line, following)))
            following.corners.append((run.line, _side(following.line, run)))
        for run in pieces:
            if run.line % 2 == 0:
                gaps.setdefault((run.across, run.line), []).append(run)
    counts = {gap: _colour_gap(members, routes) for gap, members in sorted(gaps.items())}
    return runs, counts


def _side(line: int, neighbour: Run) -> int:
    """Return on which side of a line the neighbour that ends there lies."""
    return 1 if neighbour.start == line else -1


def _colour_gap(members: list[Run], routes: list[Route]) -> int:
    """Colour intervals; runs of one source or one target may share a track."""
    tracks: list[list[Run]] = []
    for run, least in _in_order(members, routes):
        number = least
        while number < len(tracks) and not all(
            _compatible(run, other, routes) for other in tracks[number]
        ):
            number += 1
        while number >= len(tracks):
            tracks.append([])
        run.track = number
        tracks[number].append(run)
    return len(tracks)


def _in_order(members: list[Run], routes: list[Route]) -> Iterator[tuple[Run, int]]:
    """Return each run with its least track, once all that must precede it have theirs.

    Two strangers may meet on the centre line of a row (or column), one coming from
    the left, the other leaving to the right. The first must turn off before the
    second turns in, or they would seem to be one line.
    """
    waiting = sorted(members, key=lambda run: (run.lean, run.start, run.end, run.route))
    while waiting:
        free = [one for one in waiting if not any(_precedes(o, one, routes) for o in waiting)]
        run = (free or waiting)[0]
        waiting.remove(run)
        before = [o for o in members if o not in waiting and _precedes(o, run, routes)]
        yield run, max((one.track + 1 for one in before), default=0)


def _precedes(one: Run, other: Run, routes: list[Route]) -> bool:
    if one is other or _friends(one, other, routes):
        return False
    return any(
        place == where and side < there and place % 2
        for place, side in one.corners
        for where, there in other.corners
    )


def _friends(one: Run, other: Run, routes: list[Route]) -> bool:
    first, second = routes[one.route].edge, routes[other.route].edge
    return first.source == second.source or first.target == second.target


def _compatible(one: Run, other: Run, routes: list[Route]) -> bool:
    return _friends(one, other, routes) or one.end < other.start or other.end < one.start
