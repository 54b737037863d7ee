"""What is to be drawn: nodes with sizes, edges, lanes, read from semantic XML."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"

TASK_WIDTH, TASK_HEIGHT = 100, 80
GATEWAY = 50
EVENT = 36
LABEL_WIDTH = 90
"""Where bpmn-js breaks the lines of a label outside of its shape, in pixels."""
LINE = 14
LETTER, WIDE_LETTER = 7, 12

_EVENTS = frozenset(
    {
        "startEvent",
        "endEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
        "boundaryEvent",
    }
)
_JOINING = frozenset({"sequenceFlow", "association"})
_CONTAINERS = frozenset({"subProcess", "transaction", "adHocSubProcess"})
_NODES = (
    _EVENTS
    | _CONTAINERS
    | frozenset(
        {
            "task",
            "userTask",
            "manualTask",
            "scriptTask",
            "serviceTask",
            "sendTask",
            "receiveTask",
            "businessRuleTask",
            "callActivity",
            "exclusiveGateway",
            "parallelGateway",
            "inclusiveGateway",
            "eventBasedGateway",
            "complexGateway",
        }
    )
)

Element = etree._Element  # noqa: SLF001 - lxml has no public name for its element type


@dataclass(slots=True)
class Node:
    """One shape of a scope.

    Attributes:
        lane: index of its lane in ``Graph.lanes``; 0 where there are none.
        host: the activity a boundary event is attached to.
        attached: boundary events on it, left to right.
        body: content of a sub-process, expanded or collapsed.
        expanded: the content is drawn inside of it.
        column_of: the node in whose column it stands, above or below; empty for its own.
        span: columns that it covers.
        column, row: its place in the grid; ``column`` is the leftmost.
        x, y: upper left corner in pixels, once placed.
    """

    id: str
    kind: str
    name: str
    width: int
    height: int
    lane: int = 0
    host: str | None = None
    attached: list[str] = field(default_factory=list)
    body: Graph | None = None
    expanded: bool = False
    event_body: bool = False
    column_of: str = ""
    span: int = 1
    column: int = 0
    row: int = 0
    x: int = 0
    y: int = 0

    @property
    def is_gateway(self) -> bool:
        """Whether it is drawn as a diamond."""
        return self.kind.endswith("Gateway")

    @property
    def is_event(self) -> bool:
        """Whether it is drawn as a circle."""
        return self.kind in _EVENTS

    @property
    def middle(self) -> tuple[int, int]:
        """Its centre in pixels."""
        return self.x + self.width // 2, self.y + self.height // 2

    @property
    def label(self) -> tuple[int, int]:
        """Width and height of the label outside of it; (0, 0) if it has none."""
        return text_size(self.name) if self.name and (self.is_gateway or self.is_event) else (0, 0)


@dataclass(slots=True)
class Edge:
    """One sequence flow, or the association of an event with what compensates.

    Attributes:
        back: it leads to an earlier rank, closing a loop.
        wrapped: it leads back to where a hint begins a new line.
        points: way points in pixels, once routed.
    """

    id: str
    source: str
    target: str
    name: str
    back: bool = False
    wrapped: bool = False
    points: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Lane:
    """One band of a pool."""

    id: str
    name: str
    y: int = 0
    height: int = 0


@dataclass(slots=True)
class Graph:
    """The content of a process or sub-process."""

    id: str
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    width: int = 0
    height: int = 0

    @property
    def inner(self) -> Iterator[Node]:
        """The nodes that take a place of their own, without boundary events."""
        return (node for node in self.nodes.values() if node.host is None)

    def place_of(self, node_id: str) -> Node:
        """Return the node that holds the place: the host of a boundary event."""
        node = self.nodes[node_id]
        return node if node.host is None else self.nodes[node.host]


def text_size(text: str, limit: int = LABEL_WIDTH) -> tuple[int, int]:
    """Return width and height in pixels of a text broken at ``limit`` pixels."""
    width, lines, longest = 0, 1, 0
    for letter in text:
        step = WIDE_LETTER if unicodedata.east_asian_width(letter) in "WF" else LETTER
        if width + step > limit:
            longest, width, lines = max(longest, width), 0, lines + 1
        width += step
    return max(longest, width), lines * LINE


def read_graph(scope: Element) -> Graph:
    """Return what stands directly in a process or sub-process, sizes included."""
    graph = Graph(scope.get("id", ""))
    lane_of = _read_lanes(scope, graph)
    for element in scope:
        kind = _local(element)
        if kind in _NODES:
            graph.nodes[element.get("id", "")] = _read_node(element, kind, lane_of)
    for element in scope:
        if _local(element) in _JOINING:
            edge = Edge(
                element.get("id", ""),
                element.get("sourceRef", ""),
                element.get("targetRef", ""),
                element.get("name", ""),
            )
            # Associations with texts and data are not drawn, and some have no id.
            if edge.id and edge.source in graph.nodes and edge.target in graph.nodes:
                graph.edges.append(edge)
    _attach(graph)
    return graph


def _local(element: Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _read_lanes(scope: Element, graph: Graph) -> dict[str, int]:
    """Read the innermost lanes in their order; nested lane sets are flattened."""
    lane_of: dict[str, int] = {}
    for lane in scope.iterfind(f"{{{BPMN}}}laneSet//{{{BPMN}}}lane"):
        if lane.find(f".//{{{BPMN}}}lane") is not None:
            continue
        for reference in lane.iterfind(f"{{{BPMN}}}flowNodeRef"):
            lane_of[(reference.text or "").strip()] = len(graph.lanes)
        graph.lanes.append(Lane(lane.get("id", ""), lane.get("name", "")))
    return lane_of


def _read_node(element: Element, kind: str, lane_of: dict[str, int]) -> Node:
    width, height = TASK_WIDTH, TASK_HEIGHT
    if kind in _EVENTS:
        width = height = EVENT
    elif kind.endswith("Gateway"):
        width = height = GATEWAY
    node = Node(
        element.get("id", ""),
        kind,
        element.get("name", ""),
        width,
        height,
        lane=lane_of.get(element.get("id", ""), 0),
        host=element.get("attachedToRef") if kind == "boundaryEvent" else None,
        column_of=_property(element, "column"),
    )
    if kind in _CONTAINERS:
        node.body = read_graph(element)
        node.expanded = _property(element, "collapsed") != "true"
        node.event_body = element.get("triggeredByEvent") == "true"
    return node


def _property(element: Element, name: str) -> str:
    """Return an extension property of an element; empty if it has none of that name."""
    path = (
        f"{{{BPMN}}}extensionElements/{{{CAMUNDA}}}properties/{{{CAMUNDA}}}property[@name='{name}']"
    )
    found = element.find(path)
    return "" if found is None else found.get("value", "")


def _attach(graph: Graph) -> None:
    """Hang boundary events on their hosts, and make hosts wide enough for them."""
    for node in graph.nodes.values():
        if node.host in graph.nodes:
            graph.nodes[node.host].attached.append(node.id)
        else:
            node.host = None
    for node in graph.nodes.values():
        if node.attached and not node.expanded:
            node.width = max(node.width, sum(boundary_pitch(graph, one) for one in node.attached))


def boundary_pitch(graph: Graph, node_id: str) -> int:
    """Return the pixels that a boundary event and the label beside it take on a task's edge."""
    return EVENT + min(graph.nodes[node_id].label[0], 52) // 2 + 8
