"""Pixels: the width of columns, the height of rows and lanes, the way points of edges."""

from __future__ import annotations

from engine.bpmn.layout.graph import EVENT, LINE, Edge, Graph, Node, boundary_pitch, text_size
from engine.bpmn.layout.grid import arrange
from engine.bpmn.layout.routes import Route, route
from engine.bpmn.layout.tracks import Run, colour

TRACK = 12
GAP_ACROSS = 28
"""Least distance between two columns, in pixels."""
SPILL = 12
"""How far a label may reach into a gap between two columns, where no edge runs."""
GAP_DOWN = 22
"""Least distance between two rows."""
MARGIN = 16
"""Around the content of a sub-process."""
LANE_EDGE = 18
"""Between the upper line of a lane and its first row."""


def place(graph: Graph) -> None:
    """Set positions and way points of a scope, its upper left corner at (0, 0)."""
    for node in graph.inner:
        if node.body is not None:
            place(node.body)
            if node.expanded:
                node.width = max(node.width, node.body.width + 2 * MARGIN)
                node.height = max(node.height, node.body.height + 2 * MARGIN + 14)
    counts = arrange(graph)
    routes = route(graph, sum(counts))
    runs, tracks = colour(routes)
    _Placing(graph, counts, routes, runs, tracks).run()


class _Placing:
    """From lattice to pixels."""

    def __init__(
        self,
        graph: Graph,
        counts: list[int],
        routes: list[Route],
        runs: list[list[Run]],
        tracks: dict[tuple[bool, int], int],
    ) -> None:
        self.graph, self.counts, self.routes, self.runs = graph, counts, routes, runs
        self.tracks = tracks
        self.columns = max((node.column + node.span for node in graph.inner), default=1)
        self.rows = sum(counts)
        self.lefts: list[int] = []
        self.first_tracks: dict[int, int] = {}
        self.widths = [0] * self.columns
        self.tops: list[int] = []
        self.heights = [0] * self.rows
        self.above = [0] * self.rows

    def run(self) -> None:
        self._set_columns()
        self._set_rows()
        self._put_nodes()
        self._put_boundary_events()
        for found, runs in zip(self.routes, self.runs, strict=True):
            found.edge.points = self._way(found.edge, runs)

    # -- columns

    def _gap_across(self, line: int) -> int:
        """Return the width of a gap between columns, and note where its tracks begin."""
        tracks = self.tracks.get((False, line), 0)
        straight, before, after = self._rooms(line)
        used = TRACK * max(0, tracks - 1)
        width = max(GAP_ACROSS, 20 + TRACK * tracks, straight, before + used + after)
        spare = width - before - used - after
        self.first_tracks[line] = before + spare // 2
        return width

    def _rooms(self, line: int) -> tuple[int, int, int]:
        """Return the room that labels need in a gap: in all, before and after its tracks."""
        straight, before, after = 0, 12, 16
        for found, runs in zip(self.routes, self.runs, strict=True):
            needed = text_size(found.edge.name)[0] + 10 if found.edge.name else 0
            if not needed or found.edge.back:
                continue
            source = self.graph.place_of(found.edge.source)
            target = self.graph.nodes[found.edge.target]
            shared = self._leaves_with_others(found)
            if runs[0].across and 2 * (source.column + source.span) == line:
                turns = len(runs) > 1 and runs[1].line == line
                before = max(before, needed if turns and not shared else 0)
                straight = max(straight, needed + 4)
            last = len(runs) > 1 and runs[-1].across and runs[-2].line == line
            if shared and last and 2 * target.column == line:
                after = max(after, needed + 10)
        return straight, before, after

    def _leaves_with_others(self, found: Route) -> bool:
        """Whether another outcome of the same node begins with the same step."""
        return any(
            one is not found
            and one.edge.source == found.edge.source
            and one.points[:2] == found.points[:2]
            for one in self.routes
        )

    def _set_columns(self) -> None:
        crowded = self._crowded()
        for node in self.graph.inner:
            if node.span == 1:
                label = node.label[0]
                # Beside a line upwards there must be room for the label on one side;
                # it may stand in the gap as far as there are no tracks.
                needed = max(node.width, 2 * (label + 6 - SPILL) if node.id in crowded else label)
                self.widths[node.column] = max(self.widths[node.column], needed)
        gaps = [self._gap_across(2 * column) for column in range(self.columns + 1)]
        self.widths = [max(width, EVENT) for width in self.widths]
        for node in self.graph.inner:
            if node.span > 1:
                self._stretch(node, gaps)
        x = gaps[0]
        for column, width in enumerate(self.widths):
            self.lefts.append(x)
            x += width + gaps[column + 1]
        self.graph.width = x

    def _crowded(self) -> set[str]:
        """Return the gateways that an edge leaves or enters at their upper corner."""
        found = set()
        for one in self.routes:
            (_, y), (_, following) = one.points[:2]
            (_, before), (_, last) = one.points[-2:]
            if following < y:
                found.add(one.edge.source)
            if before < last:
                found.add(one.edge.target)
        return {one for one in found if self.graph.nodes[one].is_gateway}

    def _stretch(self, node: Node, gaps: list[int]) -> None:
        """Widen the columns under a wide node until it fits."""
        covered = range(node.column, node.column + node.span)
        has = sum(self.widths[column] for column in covered)
        has += sum(gaps[column] for column in covered if column > node.column)
        missing = max(0, node.width - has)
        for number, column in enumerate(covered):
            self.widths[column] += (missing + number) // node.span

    # -- rows

    def _set_rows(self) -> None:
        below = [0] * self.rows
        for node in self.graph.inner:
            up, down = node.height // 2, node.height - node.height // 2
            if node.is_gateway:
                up += node.label[1] + (4 if node.name else 0)
            elif node.is_event:
                down += node.label[1] + (4 if node.name else 0)
            if node.attached:
                deepest = max(self.graph.nodes[one].label[1] for one in node.attached)
                down += EVENT // 2 + max(LINE, deepest)
            self.above[node.row] = max(self.above[node.row], up)
            below[node.row] = max(below[node.row], down)
        self.heights = [max(EVENT, a + b) for a, b in zip(self.above, below, strict=True)]
        y, row = 0, 0
        for lane, count in enumerate(self.counts):
            start = y
            for number in range(count):
                y += LANE_EDGE if lane and not number else self._gap_down(2 * row)
                self.tops.append(y)
                y += self.heights[row]
                row += 1
            # Edges between two lanes run above the line that parts them.
            y += self._gap_down(2 * row)
            if self.graph.lanes:
                self.graph.lanes[lane].y, self.graph.lanes[lane].height = start, y - start
        self.graph.height = y

    def _gap_down(self, line: int) -> int:
        return max(GAP_DOWN, 14 + TRACK * self.tracks.get((True, line), 0))

    # -- nodes

    def _put_nodes(self) -> None:
        for node in self.graph.inner:
            left = self.lefts[node.column]
            last = node.column + node.span - 1
            room = self.lefts[last] + self.widths[last] - left
            if node.span > 1:
                node.width = max(node.width, room)
            node.x = left + (room - node.width) // 2
            node.y = self.tops[node.row] + self.above[node.row] - node.height // 2

    def _put_boundary_events(self) -> None:
        for host in self.graph.inner:
            y = host.y + host.height - EVENT // 2
            if host.span > 1:
                for number, one in enumerate(host.attached):
                    column = host.column + number
                    node = self.graph.nodes[one]
                    node.x, node.y = self.lefts[column] + (self.widths[column] - EVENT) // 2, y
                continue
            host.attached.sort(key=self._depth)
            pitches = [boundary_pitch(self.graph, one) for one in host.attached]
            x = host.x + max(4, (host.width - sum(pitches)) // 2)
            for one, pitch in zip(host.attached, pitches, strict=True):
                self.graph.nodes[one].x, self.graph.nodes[one].y = x, y
                x += pitch

    def _depth(self, boundary: str) -> tuple[int, int]:
        """Order events on a task's edge: the ones whose line goes deepest come first."""
        deepest = 0
        for number, found in enumerate(self.routes):
            if found.edge.source == boundary and self.runs[number]:
                deepest = max(deepest, self.runs[number][0].end)
        return (-deepest, 0)

    # -- edges

    def _way(self, edge: Edge, runs: list[Run]) -> list[tuple[int, int]]:
        source, target = self.graph.nodes[edge.source], self.graph.nodes[edge.target]
        lines = [self._pixel(run) for run in runs]
        if source.host is not None:
            lines[0] = source.middle[0]
        else:
            lines[0] = source.middle[1] if runs[0].across else source.middle[0]
        if len(runs) > 1 or not runs[0].across:
            lines[-1] = target.middle[1] if runs[-1].across else target.middle[0]
        points = [self._port(source, runs[0], lines[0], outgoing=True, edge=edge)]
        for (run, line), (_, following) in zip(
            zip(runs, lines, strict=True), list(zip(runs, lines, strict=True))[1:], strict=False
        ):
            points.append((following, line) if run.across else (line, following))
        points.append(self._port(target, runs[-1], lines[-1], outgoing=False, edge=edge))
        return _straighten(points)

    def _pixel(self, run: Run) -> int:
        if run.line % 2:
            index = run.line // 2
            if run.across:
                return self.tops[index] + self.above[index]
            return self.lefts[index] + self.widths[index] // 2
        index = run.line // 2
        if run.across:
            above = self.tops[index - 1] + self.heights[index - 1] if index else 0
            return above + 8 + TRACK * run.track
        left = self.lefts[index - 1] + self.widths[index - 1] if index else 0
        return left + self.first_tracks[run.line] + TRACK * run.track

    def _port(
        self, node: Node, run: Run, line: int, *, outgoing: bool, edge: Edge
    ) -> tuple[int, int]:
        """Return the point on a node's border where an edge leaves or enters."""
        found = next(one for one in self.routes if one.edge is edge)
        first, second = found.points[:2] if outgoing else (found.points[-1], found.points[-2])
        if run.across:
            return (node.x + node.width if second[0] > first[0] else node.x, line)
        return (line, node.y + node.height if second[1] > first[1] else node.y)


def _straighten(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Drop points that repeat or lie on a straight line."""
    kept: list[tuple[int, int]] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and (
            kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]
        ):
            kept[-1] = point
        else:
            kept.append(point)
    return kept
