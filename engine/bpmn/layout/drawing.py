"""BPMN DI: shapes, edges and labels as XML text."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from engine.bpmn.layout.graph import Graph, Node
from engine.bpmn.layout.labels import Box, place_labels
from engine.bpmn.layout.placing import MARGIN

_NAMESPACES = (
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
)
LEFT, TOP = 160, 80
"""Upper left corner of a page, as bpmn-js places it."""
HEADER = 30
"""Width of the strip with the name of a pool or lane."""
POOL_GAP = 60
_EMPTY_POOL = 60


class Drawing:
    """One page: a plane with its shapes and edges."""

    def __init__(self, element: str) -> None:
        self.element = element
        self.lines: list[str] = []
        self.bottom = TOP
        self.pools: list[str] = []
        self.boxes: dict[str, Box] = {}

    def to_xml(self) -> str:
        """Return the page as XML text, indented to stand in ``definitions``."""
        body = "\n".join(f"      {line}" for line in self.lines)
        return (
            f'  <bpmndi:BPMNDiagram {_NAMESPACES} id="{self.element}_page">\n'
            f'    <bpmndi:BPMNPlane id="{self.element}_plane" bpmnElement="{self.element}">\n'
            f"{body}\n"
            "    </bpmndi:BPMNPlane>\n"
            "  </bpmndi:BPMNDiagram>\n"
        )

    # -- pools

    def add_pool(self, element: str, name: str, graph: Graph | None) -> None:
        """Draw a pool below the ones before; a pool without process is a thin bar."""
        del name  # the element carries it
        header = HEADER
        lane_header = HEADER if graph is not None and graph.lanes else 0
        width = header + lane_header + (graph.width if graph is not None else 600)
        height = graph.height if graph is not None else _EMPTY_POOL
        y = self.bottom
        self._shape(element, (LEFT, y, width, height), 'isHorizontal="true"')
        if graph is not None:
            for lane in graph.lanes:
                box = (LEFT + header, y + lane.y, width - header, lane.height)
                self._shape(lane.id, box, 'isHorizontal="true"')
            self.add_graph(graph, LEFT + header + lane_header, y)
        self.bottom = y + height + POOL_GAP

    def add_message_flow(self, element: str, source: str, target: str) -> None:
        """Draw a message flow from edge to edge, turning in the gap between the pools."""
        if source not in self.boxes or target not in self.boxes:
            return
        (sx, sy, sw, sh), (tx, ty, tw, th) = self.boxes[source], self.boxes[target]
        down = sy < ty
        start = (sx + sw // 2, sy + sh if down else sy)
        end = (tx + tw // 2, ty if down else ty + th)
        turn = end[1] - 20 if down else end[1] + 20
        points = [start, (start[0], turn), (end[0], turn), end]
        self._edge(element, points, None)

    # -- scopes

    def add_graph(self, graph: Graph, x: int, y: int) -> None:
        """Draw the content of a scope with its upper left corner at (x, y)."""
        labels = place_labels(graph)
        for node in [*graph.inner, *(one for one in graph.nodes.values() if one.host is not None)]:
            self._node(node, x, y, labels.get(node.id))
        for edge in graph.edges:
            points = [(px + x, py + y) for px, py in edge.points]
            self._edge(edge.id, points, _moved(labels.get(edge.id), x, y))

    def _node(self, node: Node, x: int, y: int, label: Box | None) -> None:
        box = (node.x + x, node.y + y, node.width, node.height)
        extra = ""
        if node.kind == "exclusiveGateway":
            extra = 'isMarkerVisible="true"'
        elif node.body is not None:
            extra = f'isExpanded="{str(node.expanded).lower()}"'
        self._shape(node.id, box, extra, _moved(label, x, y))
        if node.body is not None and node.expanded:
            left = node.x + x + max(MARGIN, (node.width - node.body.width) // 2)
            self.add_graph(node.body, left, node.y + y + MARGIN + 14)

    # -- text

    def _shape(
        self,
        element: str,
        box: Box,
        extra: str = "",
        label: Box | None = None,
    ) -> None:
        self.boxes[element] = box
        attributes = f'id="{element}_shape" bpmnElement={quoteattr(element)}'
        self.lines.append(f"<bpmndi:BPMNShape {attributes}{' ' + extra if extra else ''}>")
        self.lines.append(f"  {_bounds(box)}")
        self._label(label)
        self.lines.append("</bpmndi:BPMNShape>")

    def _edge(
        self,
        element: str,
        points: list[tuple[int, int]],
        label: Box | None,
    ) -> None:
        self.lines.append(f'<bpmndi:BPMNEdge id="{element}_edge" bpmnElement={quoteattr(element)}>')
        self.lines.extend(f'  <di:waypoint x="{x}" y="{y}" />' for x, y in points)
        self._label(label)
        self.lines.append("</bpmndi:BPMNEdge>")

    def _label(self, label: Box | None) -> None:
        if label is not None:
            self.lines.append("  <bpmndi:BPMNLabel>")
            self.lines.append(f"    {_bounds(label)}")
            self.lines.append("  </bpmndi:BPMNLabel>")


def _bounds(box: Box) -> str:
    return f'<dc:Bounds x="{box[0]}" y="{box[1]}" width="{box[2]}" height="{box[3]}" />'


def _moved(label: Box | None, x: int, y: int) -> Box | None:
    return None if label is None else (label[0] + x, label[1] + y, label[2], label[3])
