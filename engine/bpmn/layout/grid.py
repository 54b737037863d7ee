"""Columns and rows: which cell of the grid each node takes."""

from __future__ import annotations

from engine.bpmn.layout.graph import Graph, Node

PITCH = 150
"""Pixels that a column with its gap takes, roughly; for the span of wide nodes."""
_ROUNDS = 6


def arrange(graph: Graph) -> list[int]:
    """Give every node a column and a row.

    Returns:
        For each lane (one where there are none) its number of rows. Rows are
        counted through all lanes from the top.
    """
    _order_boundary_events(graph)
    _find_back_edges(graph)
    _set_spans(graph)
    _set_columns(graph)
    rows = _Rows(graph)
    rows.place()
    rows.improve()
    return rows.count_through()


def _order_boundary_events(graph: Graph) -> None:
    """Put events whose flow goes deepest leftmost, so that their lines do not cross."""
    lane_of_target = {edge.source: graph.nodes[edge.target].lane for edge in reversed(graph.edges)}
    for node in graph.inner:
        if node.expanded:
            node.attached.sort(
                key=lambda one, home=node.lane: -max(lane_of_target.get(one, 0) - home, -1)  # type: ignore[misc]
            )


def _set_spans(graph: Graph) -> None:
    for node in graph.inner:
        if node.expanded:
            needed = -(-node.width // PITCH)
            node.span = max(1, needed, len(node.attached) + 1 if node.attached else 1)


def _find_back_edges(graph: Graph) -> None:
    """Mark the edges that close a loop, as few as the better of two readings needs.

    People write and draw files in reading order, so the order of the file is one
    candidate and a walk from the starts the other.
    """
    written, walked = _against_the_file(graph), _against_the_walk(graph)
    for number in written if len(written) <= len(walked) * 3 // 2 + 1 else walked:
        graph.edges[number].back = True


def _leaving(graph: Graph) -> dict[str, list[int]]:
    """Return the numbers of the edges that leave each place, its own before its events'."""
    leaving: dict[str, list[int]] = {node.id: [] for node in graph.inner}
    for number, edge in enumerate(graph.edges):
        leaving[graph.place_of(edge.source).id].append(number)
    for out in leaving.values():
        out.sort(key=lambda number: graph.nodes[graph.edges[number].source].host is not None)
    return leaving


def _against_the_walk(graph: Graph) -> list[int]:
    """Return the edges that lead back to a node on the way of a depth-first walk."""
    leaving = _leaving(graph)
    entered = {edge.target for edge in graph.edges}
    state = dict.fromkeys(leaving, 0)
    back = []
    for root in [one for one in leaving if one not in entered] + list(leaving):
        if state[root]:
            continue
        state[root], stack = 1, [(root, iter(leaving[root]))]
        while stack:
            here, rest = stack[-1]
            for number in rest:
                target = graph.edges[number].target
                if state[target] == 1:
                    back.append(number)
                elif state[target] == 0:
                    state[target] = 1
                    stack.append((target, iter(leaving[target])))
                    break
            else:
                state[here] = 2
                stack.pop()
    return back


def _against_the_file(graph: Graph) -> list[int]:
    """Return the edges within a loop that lead to a node written earlier."""
    position = {node.id: number for number, node in enumerate(graph.inner)}
    reached = {one: _reachable(graph, one) for one in position}
    return [
        number
        for number, edge in enumerate(graph.edges)
        if position[edge.target] <= position[source := graph.place_of(edge.source).id]
        and source in reached[edge.target]
    ]


def _reachable(graph: Graph, start: str) -> set[str]:
    leaving = _leaving(graph)
    seen, todo = {start}, [start]
    while todo:
        for number in leaving[todo.pop()]:
            target = graph.edges[number].target
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def _steps(graph: Graph) -> list[tuple[str, str, int]]:
    """Return (stack, stack, columns between them) of each forward edge.

    An edge to a step whose hint names an earlier column turns back to it, as a text
    does at the end of its line: it is marked as wrapped and sets no column.
    """
    stack_of = _stacks(graph)
    forward = [edge for edge in graph.edges if not edge.back]
    forward.sort(key=lambda edge: stack_of[edge.target] != edge.target)
    after: dict[str, set[str]] = {one: set() for one in stack_of.values()}
    steps = []
    for edge in forward:
        source = graph.place_of(edge.source)
        least = source.span
        if edge.source != source.id and source.span > 1:
            least = 1 + source.attached.index(edge.source)
        here, there = stack_of[source.id], stack_of[edge.target]
        if here == there:
            continue
        if _leads(after, there, here):
            edge.back = edge.wrapped = True
        else:
            after[here].add(there)
            steps.append((here, there, least))
    return steps


def _leads(after: dict[str, set[str]], start: str, goal: str) -> bool:
    """Whether steps lead from one stack to another."""
    seen, todo = {start}, [start]
    while todo:
        following = after[todo.pop()] - seen
        if goal in following:
            return True
        seen |= following
        todo += following
    return False


def _set_columns(graph: Graph) -> None:
    """Set each column to the longest forward path before it; stacked nodes share one."""
    stack_of = _stacks(graph)
    steps = _steps(graph)
    columns = dict.fromkeys(stack_of.values(), 0)
    waiting = dict.fromkeys(columns, 0)
    for _, target, _ in steps:
        waiting[target] += 1
    ready = [one for one, count in waiting.items() if not count]
    while ready:
        here = ready.pop(0)
        for source, target, least in steps:
            if source == here:
                columns[target] = max(columns[target], columns[here] + least)
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
    for node in graph.inner:
        node.column = columns[stack_of[node.id]]
    _set_apart(graph)


def _stacks(graph: Graph) -> dict[str, str]:
    """Return for each node the one whose column it takes: itself, or the end of its hints."""
    found = {}
    for node in graph.inner:
        seen, here = {node.id}, node
        while here.column_of in graph.nodes and here.column_of not in seen:
            here = graph.place_of(here.column_of)
            seen.add(here.id)
        found[node.id] = here.id
    return found


def _set_apart(graph: Graph) -> None:
    """Line up what no flow reaches (event sub-processes) from the left."""
    column = 0
    for node in graph.inner:
        if node.event_body:
            node.column = column
            column += node.span


class _Rows:
    """Rows within each lane, first greedily, then by moving single nodes."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.taken: dict[tuple[int, int, int], str] = {}
        self.height = [1] * max(1, len(graph.lanes))
        self.before: dict[str, list[str]] = {node.id: [] for node in graph.inner}
        self.after: dict[str, list[str]] = {node.id: [] for node in graph.inner}
        for edge in graph.edges:
            if not edge.back:
                source = graph.place_of(edge.source).id
                self.before[edge.target].append(source)
                self.after[source].append(edge.target)

    def cells(self, node: Node, row: int) -> list[tuple[int, int, int]]:
        last = node.column + node.span
        return [(node.lane, row, column) for column in range(node.column, last)]

    def free(self, node: Node, row: int) -> bool:
        return all(self.taken.get(cell, node.id) == node.id for cell in self.cells(node, row))

    def put(self, node: Node, row: int) -> None:
        for cell in self.cells(node, node.row):
            if self.taken.get(cell) == node.id:
                del self.taken[cell]
        node.row = row
        for cell in self.cells(node, row):
            self.taken[cell] = node.id
        self.height[node.lane] = max(self.height[node.lane], row + 1)

    def place(self) -> None:
        order = sorted(self.graph.inner, key=lambda node: (node.event_body, node.column))
        for node in order:
            if node.event_body:
                row = self._below_everything(node)
            else:
                wish = self._wish(node)
                rows = sorted(range(self.height[node.lane] + 1), key=lambda r: (abs(r - wish), -r))
                row = next((r for r in rows if self.free(node, r)), self.height[node.lane])
            node.row = row
            self.put(node, row)

    def _below_everything(self, node: Node) -> int:
        used = [
            other.row
            for other in self.graph.inner
            if other.lane == node.lane and not other.event_body and other is not node
        ]
        return max(used, default=-1) + 1

    def _wish(self, node: Node) -> int:
        """Return the row of the first predecessor in the same lane."""
        for one in self.before[node.id]:
            other = self.graph.nodes[one]
            if other.lane == node.lane:
                return other.row + (1 if self._through_boundary(other, node) else 0)
        return 0

    def _through_boundary(self, source: Node, target: Node) -> bool:
        return not any(
            edge.source == source.id and edge.target == target.id for edge in self.graph.edges
        )

    def improve(self) -> None:
        """Move single nodes within their lane while that shortens the edges around them."""
        movable = [node for node in self.graph.inner if not node.event_body]
        for _ in range(_ROUNDS):
            moved = False
            for node in movable:
                best, best_row = self.cost(node), node.row
                start = node.row
                for row in range(self.height[node.lane]):
                    if row != start and self.free(node, row):
                        self.put(node, row)
                        cost = self.cost(node)
                        if cost < best - 0.01:
                            best, best_row = cost, row
                self.put(node, best_row)
                moved = moved or best_row != start
            if not moved:
                return

    def cost(self, node: Node) -> float:
        """Return how bent the edges of a node and of those beside it are."""
        total = 0.0
        for one in self.before[node.id]:
            total += self._edge_cost(self.graph.nodes[one], node)
        for one in self.after[node.id]:
            total += self._edge_cost(node, self.graph.nodes[one])
        return total + self._in_the_way(node)

    def _edge_cost(self, source: Node, target: Node) -> float:
        if source.lane != target.lane:
            # Towards the border of the lane that the edge has to cross.
            down = target.lane > source.lane
            leave = self.height[source.lane] - 1 - source.row if down else source.row
            enter = target.row if down else self.height[target.lane] - 1 - target.row
            return 0.3 * (leave + enter) + 2.0 * self._between(source, target)
        cost = float(abs(source.row - target.row))
        if source.row == target.row:
            gap = range(source.column + source.span, target.column)
            cost += 2.0 * any((source.lane, source.row, column) in self.taken for column in gap)
        else:
            cost += 0.5
        return cost

    def _between(self, source: Node, target: Node) -> int:
        """Return how many nodes part two that are stacked."""
        if source.column != target.column:
            return 0
        upper, lower = sorted((source, target), key=lambda node: node.lane)
        return sum(
            column == source.column
            and (upper.lane, upper.row) < (lane, row) < (lower.lane, lower.row)
            for lane, row, column in self.taken
        )

    def _in_the_way(self, node: Node) -> float:
        """Return how many straight edges of others it would bend."""
        count = 0
        for source, targets in self.after.items():
            first = self.graph.nodes[source]
            if first.lane != node.lane or first.row != node.row or source == node.id:
                continue
            for one in targets:
                last = self.graph.nodes[one]
                same = last.lane == node.lane and last.row == node.row
                if same and first.column < node.column < last.column:
                    count += 1
        return 1.5 * count

    def count_through(self) -> list[int]:
        """Drop empty rows, then count rows from the top of the diagram."""
        counts, offset = [], 0
        for lane in range(len(self.height)):
            members = [node for node in self.graph.inner if node.lane == lane]
            used = sorted({node.row for node in members})
            for node in members:
                node.row = offset + used.index(node.row)
            counts.append(max(1, len(used)))
            offset += counts[-1]
        return counts
