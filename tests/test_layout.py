from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from lxml import etree

from engine.bpmn.layout import lay_out

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "processes").glob("*.bpmn")) + sorted(
    (ROOT / "tests/processes").glob("*.bpmn")
)
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
HINT = f"{BPMN}extensionElements/{CAMUNDA}properties/{CAMUNDA}property[@name='column']"
CONTAINERS = ("participant", "lane", "subProcess")

WITH_LANES = [file for file in FILES if b"<laneSet" in file.read_bytes()]
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


class Picture:
    """The picture of a file: boxes by element id, and the semantic tree beside them."""

    def __init__(self, xml: bytes):
        self.root = etree.fromstring(xml)
        self.elements = {one.get("id"): one for one in self.root.iter() if one.get("id")}
        self.boxes, self.labels, self.ways, self.page = {}, {}, {}, {}
        for page in self.root.iter(f"{BPMNDI}BPMNPlane"):
            for shape in page.iter(f"{BPMNDI}BPMNShape"):
                element = shape.get("bpmnElement")
                self.boxes[element] = box(shape.find(f"{DC}Bounds"))
                self.page[element] = page.get("bpmnElement")
                self.keep_label(shape, element)
            for edge in page.iter(f"{BPMNDI}BPMNEdge"):
                element = edge.get("bpmnElement")
                points = edge.iter(f"{DI}waypoint")
                self.ways[element] = [(int(one.get("x")), int(one.get("y"))) for one in points]
                self.page[element] = page.get("bpmnElement")
                self.keep_label(edge, element)

    def keep_label(self, drawn, element):
        bounds = drawn.find(f"{BPMNDI}BPMNLabel/{DC}Bounds")
        if bounds is not None:
            self.labels[element] = box(bounds)

    def kind(self, element):
        return etree.QName(self.elements[element]).localname

    def all(self, *kinds):
        return [one for one in self.elements if self.kind(one) in kinds]

    def places(self):
        """Nodes that stand for themselves: no pools, lanes, boundary events."""
        return [
            one
            for one in self.boxes
            if self.kind(one) not in ("participant", "lane", "boundaryEvent")
        ]


@cache
def picture_of(file):
    return Picture(lay_out(file.read_bytes()))


def box(bounds):
    return tuple(int(bounds.get(name)) for name in ("x", "y", "width", "height"))


def overlap(one, other):
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def inside(inner, outer):
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and inner[0] + inner[2] <= outer[0] + outer[2]
        and inner[1] + inner[3] <= outer[1] + outer[3]
    )


def on_border(point, around):
    x, y, width, height = around
    across = point[0] in (x, x + width) and y <= point[1] <= y + height
    return across or (point[1] in (y, y + height) and x <= point[0] <= x + width)


@every_file
def test_the_same_file_gives_the_same_bytes_again_and_again(file):
    once = lay_out(file.read_bytes())

    assert lay_out(once) == once == lay_out(file.read_bytes())


@every_file
def test_the_committed_file_carries_the_picture_of_its_present_content(file):
    assert lay_out(file.read_bytes()) == file.read_bytes()


@every_file
def test_the_semantic_part_is_kept_byte_for_byte(file):
    text = file.read_text().split("<bpmndi:BPMNDiagram")[0].rstrip()
    text = text.removesuffix("</definitions>").rstrip()

    assert lay_out(file.read_bytes()).decode().startswith(text)


@every_file
def test_every_node_and_flow_is_drawn(file):
    picture = picture_of(file)
    flows = set(picture.all("sequenceFlow", "messageFlow", "association"))
    nodes = {
        one.get("id")
        for process in picture.root.iter(f"{BPMN}process")
        for one in process.iter()
        if isinstance(one.tag, str)
        and etree.QName(one).localname.endswith(
            ("Task", "task", "Event", "Gateway", "Activity", "subProcess")
        )
    }

    assert nodes - set(picture.boxes) == set()
    assert set(picture.ways) == flows


@every_file
def test_no_two_nodes_overlap(file):
    picture = picture_of(file)
    found = [
        (one, other)
        for one, other in combinations(picture.places(), 2)
        if picture.page[one] == picture.page[other]
        and not related(picture, one, other)
        and overlap(picture.boxes[one], picture.boxes[other])
    ]

    assert found == []


def related(picture, one, other):
    first, second = picture.elements[one], picture.elements[other]
    return first in second.iterancestors() or second in first.iterancestors()


@every_file
def test_every_node_lies_in_its_lane_and_in_its_sub_process(file):
    picture = picture_of(file)
    outside = []
    for lane in picture.all("lane"):
        for reference in picture.elements[lane].iterfind(f"{BPMN}flowNodeRef"):
            node = reference.text
            if picture.kind(node) != "boundaryEvent" and not inside(
                picture.boxes[node], picture.boxes[lane]
            ):
                outside.append(node)
    for node in picture.places():
        around = picture.elements[node].getparent().get("id")
        if around in picture.boxes and picture.page[around] == picture.page[node]:
            outside += [] if inside(picture.boxes[node], picture.boxes[around]) else [node]

    assert outside == []


@pytest.mark.parametrize("file", WITH_LANES, ids=lambda file: file.stem)
def test_lanes_fill_their_pool_one_below_the_other(file):
    picture = picture_of(file)
    lanes = [picture.boxes[one] for one in picture.all("lane")]
    pool = picture.boxes[picture.all("participant")[0]]

    assert [lower[1] - upper[1] - upper[3] for upper, lower in pairwise(lanes)] == [0] * (
        len(lanes) - 1
    )
    assert (lanes[0][1], lanes[-1][1] + lanes[-1][3]) == (pool[1], pool[1] + pool[3])


@every_file
def test_flows_go_right_unless_they_close_a_loop(file):
    picture = picture_of(file)
    backwards = []
    for flow in picture.all("sequenceFlow"):
        element = picture.elements[flow]
        source, target = element.get("sourceRef"), element.get("targetRef")
        # Stacked nodes have one middle: their flow goes straight up or down. A flow to a
        # step that stands in the column of an earlier one turns back to its new line.
        wraps = picture.elements[target].find(HINT) is not None
        if (
            middle(picture.boxes[source]) > middle(picture.boxes[target])
            and not wraps
            and not loops(picture, source, target)
        ):
            backwards.append(flow)

    assert backwards == []


def middle(around):
    return around[0] + around[2] // 2


def loops(picture, source, target):
    """Whether the source, or the host of a boundary event, can be reached from the target."""
    following: dict[str, list[str]] = {}
    for flow in picture.all("sequenceFlow"):
        element = picture.elements[flow]
        start = element.get("sourceRef")
        following.setdefault(picture.elements[start].get("attachedToRef", start), []).append(
            element.get("targetRef")
        )
    source = picture.elements[source].get("attachedToRef", source)
    seen, todo = set(), [target]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += following.get(here, [])
    return source in seen


@every_file
def test_flows_run_at_right_angles_from_border_to_border(file):
    picture = picture_of(file)
    wrong = []
    for flow, way in picture.ways.items():
        element = picture.elements[flow]
        ends = (picture.boxes[element.get("sourceRef")], picture.boxes[element.get("targetRef")])
        straight = all(ax == bx or ay == by for (ax, ay), (bx, by) in pairwise(way))
        if not (straight and on_border(way[0], ends[0]) and on_border(way[-1], ends[1])):
            wrong.append(flow)

    assert wrong == []


@every_file
def test_no_flow_runs_through_a_node(file):
    picture = picture_of(file)
    through = []
    for flow, way in picture.ways.items():
        element = picture.elements[flow]
        around = {one.get("id") for one in element.iterancestors()}
        ends = {element.get("sourceRef"), element.get("targetRef")}
        host = picture.elements[element.get("sourceRef")].get("attachedToRef")
        for node in picture.places():
            same_page = picture.page[node] == picture.page[flow]
            if (
                same_page
                and node not in around | ends | {host}
                and any(overlap(line_box(piece), picture.boxes[node]) for piece in pairwise(way))
            ):
                through.append((flow, node))

    assert through == []


def line_box(piece):
    (ax, ay), (bx, by) = piece
    return (min(ax, bx), min(ay, by), abs(ax - bx) + 1, abs(ay - by) + 1)


@every_file
def test_flows_of_strangers_never_lie_on_each_other(file):
    picture = picture_of(file)
    shared = []
    for one, other in combinations(picture.ways, 2):
        first, second = picture.elements[one], picture.elements[other]
        strangers = all(first.get(end) != second.get(end) for end in ("sourceRef", "targetRef"))
        if (
            strangers
            and picture.page[one] == picture.page[other]
            and any(
                collinear(a, b)
                for a in pairwise(picture.ways[one])
                for b in pairwise(picture.ways[other])
            )
        ):
            shared.append((one, other))

    assert shared == []


def collinear(one, other):
    """Whether two straight pieces have more than a point in common."""
    first, second = line_box(one), line_box(other)
    if one[0][1] == one[1][1] == other[0][1] == other[1][1]:
        return min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0]) > 1
    if one[0][0] == one[1][0] == other[0][0] == other[1][0]:
        return min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1]) > 1
    return False


SCREEN = 2400
"""As drawn, with its pool, in pixels; a diagram that is wider is wrapped or divided."""


@every_file
def test_a_diagram_is_no_wider_than_a_wide_screen(file):
    picture = picture_of(file)

    width = max(x + width for x, _, width, _ in picture.boxes.values()) - 160

    assert width <= SCREEN


@every_file
def test_boundary_events_sit_on_the_lower_edge_of_their_host_apart_from_each_other(file):
    picture = picture_of(file)
    events = picture.all("boundaryEvent")
    for event in events:
        x, y, width, height = picture.boxes[event]
        host = picture.boxes[picture.elements[event].get("attachedToRef")]
        assert y + height // 2 == host[1] + host[3]
        assert host[0] <= x
        assert x + width <= host[0] + host[2]
    assert [
        pair
        for pair in combinations(events, 2)
        if picture.page[pair[0]] == picture.page[pair[1]] and overlap(*map(picture.boxes.get, pair))
    ] == []


@every_file
def test_labels_cover_no_node_and_no_other_label(file):
    picture = picture_of(file)
    named = {
        one
        for one in [*picture.boxes, *picture.ways]
        if picture.elements[one].get("name")
        and picture.kind(one).endswith(("Event", "Gateway", "sequenceFlow"))
    }
    covered = [
        (label, node)
        for label, place in picture.labels.items()
        for node in picture.boxes
        if picture.kind(node) not in CONTAINERS
        and picture.page[label] == picture.page[node]
        and overlap(place, picture.boxes[node])
    ]
    twice = [
        pair
        for pair in combinations(picture.labels, 2)
        if picture.page[pair[0]] == picture.page[pair[1]]
        and overlap(*map(picture.labels.get, pair))
    ]

    assert set(picture.labels) == named
    assert covered == []
    assert twice == []


def drawn(xml):
    return Picture(lay_out(xml))


def a_process(*lines: str) -> bytes:
    body = "\n".join(lines)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{BPMN[1:-1]}" id="file">
<bpmn:process id="p" isExecutable="true">
{body}
</bpmn:process>
</bpmn:definitions>
""".encode()


def a_flow(source: str, target: str) -> str:
    return f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'


def test_a_loop_in_the_order_of_the_file_goes_back_below():
    picture = drawn(
        a_process(
            '<bpmn:startEvent id="s"/><bpmn:task id="a"/><bpmn:exclusiveGateway id="g"/><bpmn:endEvent id="e"/>',
            *(a_flow(*pair) for pair in ("sa", "ag", "ge", "ga")),
        )
    )

    assert picture.boxes["a"][0] < picture.boxes["g"][0]
    assert max(y for _, y in picture.ways["g_a"]) > picture.boxes["a"][1] + picture.boxes["a"][3]


def test_a_file_written_out_of_order_is_still_read_from_its_start():
    picture = drawn(
        a_process(
            '<bpmn:endEvent id="e"/><bpmn:task id="b"/><bpmn:task id="a"/><bpmn:startEvent id="s"/>',
            *(a_flow(*pair) for pair in ("be", "ab", "sa")),
        )
    )

    assert sorted(picture.boxes, key=lambda one: picture.boxes[one][0]) == ["s", "a", "b", "e"]


def test_a_collapsed_sub_process_has_a_page_of_its_own():
    picture = drawn(
        a_process(
            f'<bpmn:subProcess id="sub"><bpmn:extensionElements><c:properties xmlns:c="http://camunda.org/schema/1.0/bpmn">'
            f'<c:property name="collapsed" value="true"/></c:properties></bpmn:extensionElements>'
            f'<bpmn:startEvent id="s"/><bpmn:task id="t"/>{a_flow("s", "t")}</bpmn:subProcess>'
        )
    )

    assert picture.page == {"sub": "p", "s": "sub", "t": "sub", "s_t": "sub"}


def test_a_node_takes_the_column_that_its_hint_names():
    hint = (
        '<bpmn:extensionElements><c:properties xmlns:c="http://camunda.org/schema/1.0/bpmn">'
        '<c:property name="column" value="a"/></c:properties></bpmn:extensionElements>'
    )
    picture = drawn(
        a_process(
            f'<bpmn:startEvent id="s"/><bpmn:task id="a"/><bpmn:exclusiveGateway id="g">{hint}</bpmn:exclusiveGateway>'
            '<bpmn:task id="b"/>',
            *(a_flow(*pair) for pair in ("sa", "ag", "gb")),
        )
    )

    assert middle(picture.boxes["g"]) == middle(picture.boxes["a"])
    assert picture.boxes["g"][1] > picture.boxes["a"][1]
    assert picture.ways["a_g"][0][0] == picture.ways["a_g"][-1][0]


def test_a_hint_to_an_earlier_column_begins_a_new_line():
    hint = (
        '<bpmn:extensionElements><c:properties xmlns:c="http://camunda.org/schema/1.0/bpmn">'
        '<c:property name="column" value="b"/></c:properties></bpmn:extensionElements>'
    )
    tasks = "".join(f'<bpmn:task id="{one}"/>' for one in "abcd")
    picture = drawn(
        a_process(
            f'<bpmn:startEvent id="s"/>{tasks}<bpmn:task id="e">{hint}</bpmn:task><bpmn:endEvent id="f"/>',
            *(a_flow(*pair) for pair in ("sa", "ab", "bc", "cd", "de", "ef")),
        )
    )

    assert middle(picture.boxes["e"]) == middle(picture.boxes["b"])
    assert middle(picture.boxes["f"]) == middle(picture.boxes["c"])
    assert picture.boxes["e"][1] > picture.boxes["b"][1] + picture.boxes["b"][3]
    assert picture.ways["d_e"][-1] == (middle(picture.boxes["e"]), picture.boxes["e"][1])


def test_two_pools_stand_one_below_the_other_with_their_message_flow():
    xml = f"""<definitions xmlns="{BPMN[1:-1]}" id="file">
<collaboration id="c"><participant id="one" processRef="p"/><participant id="two" name="外部"/>
<messageFlow id="m" sourceRef="t" targetRef="two"/></collaboration>
<process id="p"><task id="t"/></process></definitions>"""
    picture = drawn(xml.encode())

    assert not overlap(picture.boxes["one"], picture.boxes["two"])
    assert on_border(picture.ways["m"][0], picture.boxes["t"])
    assert on_border(picture.ways["m"][-1], picture.boxes["two"])


@pytest.mark.parametrize("text", [b"", b"<a/>", b"<definitions>", b"no xml"])
def test_what_is_no_bpmn_is_refused(text):
    with pytest.raises(ValueError):
        lay_out(text)
