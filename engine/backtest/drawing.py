"""Diagrams drawn as SVG, each element in the colour that a back-test gives it; no script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from engine.bpmn.document import Element, Findings, in_bpmn, local, parse, shown_name
from engine.bpmn.pictures import picture

_DC = "{http://www.omg.org/spec/DD/20100524/DC}"
_DD = "{http://www.omg.org/spec/DD/20100524/DI}"
_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"

MARGIN = 20
LINE = 13
"""Pixels from one line of a name to the next."""

_POOLS = ("participant", "lane")
_CONTAINERS = ("subProcess", "transaction", "adHocSubProcess")


@dataclass(frozen=True, slots=True)
class Mark:
    """How an element is shown: a class of the style sheet, what is told and written at it."""

    style: str
    title: str = ""
    note: str = ""


@dataclass(slots=True)
class _Box:
    left: float = float("inf")
    top: float = float("inf")
    right: float = float("-inf")
    bottom: float = float("-inf")
    parts: list[str] = field(default_factory=list)

    def around(self, x: float, y: float) -> None:
        self.left, self.top = min(self.left, x), min(self.top, y)
        self.right, self.bottom = max(self.right, x), max(self.bottom, y)


def draw(xml: bytes, marks: Mapping[str, Mark]) -> list[str]:
    """Return an SVG for each page of a diagram; none where it cannot be drawn.

    Args:
        marks: element -> how it is shown; without one it is drawn plainly.
    """
    found = picture(xml)
    if found is None or not found.sheets:
        return []
    root = parse(found.xml.encode(), Findings(""))
    if root is None:
        return []
    elements = {key: one for one in root.iter() if (key := one.get("id")) and in_bpmn(one)}
    planes = root.iter(f"{_DI}BPMNPlane")
    return [one for plane in planes if (one := _plane(plane, elements, marks))]


def _plane(plane: Element, elements: Mapping[str, Element], marks: Mapping[str, Mark]) -> str:
    box = _Box()
    shapes = list(_shapes(plane, elements))
    # What holds others is drawn first, so that it lies behind them.
    shapes.sort(key=lambda one: (local(one[0]) not in _POOLS, local(one[0]) not in _CONTAINERS))
    for element, shape in shapes:
        _shape(box, element, shape, marks.get(element.get("id") or ""))
    for edge in plane.iter(f"{_DI}BPMNEdge"):
        _edge(box, edge, elements.get(edge.get("bpmnElement") or ""))
    if not box.parts:
        return ""
    left, top = box.left - MARGIN, box.top - MARGIN
    width, height = box.right - left + MARGIN, box.bottom - top + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:.0f} {top:.0f} {width:.0f} '
        f'{height:.0f}" width="{width:.0f}" role="img">' + "".join(box.parts) + "</svg>"
    )


def _shapes(plane: Element, elements: Mapping[str, Element]) -> Iterator[tuple[Element, Element]]:
    for shape in plane.iter(f"{_DI}BPMNShape"):
        element = elements.get(shape.get("bpmnElement") or "")
        if element is not None and shape.find(f"{_DC}Bounds") is not None:
            yield element, shape


def _bounds(shape: Element) -> tuple[float, float, float, float]:
    bounds = shape.find(f"{_DC}Bounds")
    assert bounds is not None, "shapes without bounds are not drawn"
    x, y, width, height = (float(bounds.get(one) or 0) for one in ("x", "y", "width", "height"))
    return x, y, width, height


def _shape(box: _Box, element: Element, shape: Element, mark: Mark | None) -> None:
    x, y, width, height = _bounds(shape)
    box.around(x, y)
    box.around(x + width, y + height)
    kind, name = local(element), shown_name(element.get("name"))
    style = f"{_family(kind)} {mark.style}" if mark else _family(kind)
    title = f"<title>{escape(mark.title)}</title>" if mark and mark.title else ""
    box.parts.append(f'<g class="{style}">{title}{_outline(kind, x, y, width, height)}</g>')
    if mark and mark.note and kind not in _POOLS:
        at = f'x="{x + width:g}" y="{y - 3:g}"'
        box.parts.append(f'<text class="count" {at}>{escape(mark.note)}</text>')
    if not name:
        return
    label = shape.find(f"{_DI}BPMNLabel")
    placed = label is not None and label.find(f"{_DC}Bounds") is not None
    if kind in _POOLS:
        box.parts.append(_text(name, x + 14, y + height / 2, height, turned=True))
    elif kind in _CONTAINERS and (shape.get("isExpanded") or "") == "true":
        box.parts.append(_text(name, x + width / 2, y + 14, width))
    elif "Event" in kind or "ateway" in kind:
        if placed and label is not None:
            at_x, at_y, wide, high = _bounds(label)
            box.parts.append(_text(name, at_x + wide / 2, at_y + high / 2, max(wide, 90)))
        else:
            box.parts.append(_text(name, x + width / 2, y + height + LINE, 90))
    else:
        box.parts.append(_text(name, x + width / 2, y + height / 2, width - 8))


def _family(kind: str) -> str:
    if kind in _POOLS:
        return "pool"
    if "Event" in kind:
        return "event"
    return "gateway" if "ateway" in kind else "task"


def _outline(kind: str, x: float, y: float, width: float, height: float) -> str:
    if "Event" in kind:
        radius = width / 2
        middle = f'cx="{x + radius:g}" cy="{y + height / 2:g}"'
        circle = f'<circle {middle} r="{radius:g}"/>'
        if kind == "endEvent":
            return f'<circle class="end" {middle} r="{radius:g}"/>'
        return circle if kind == "startEvent" else f'{circle}<circle {middle} r="{radius - 3:g}"/>'
    if "ateway" in kind:
        corners = ((x + width / 2, y), (x + width, y + height / 2), (x + width / 2, y + height),
                   (x, y + height / 2))  # fmt: skip
        points = " ".join(f"{one:g},{other:g}" for one, other in corners)
        return f'<polygon points="{points}"/>'
    corner = 0 if kind in _POOLS else 8
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{corner}"/>'


def _edge(box: _Box, edge: Element, element: Element | None) -> None:
    points = [(float(one.get("x") or 0), float(one.get("y") or 0))
              for one in edge.iter(f"{_DD}waypoint")]  # fmt: skip
    if len(points) < 2:
        return
    for x, y in points:
        box.around(x, y)
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    kind = "" if element is None else local(element)
    arrow = _arrow(points) if kind in ("sequenceFlow", "messageFlow") else ""
    box.parts.append(f'<g class="flow {kind}"><polyline points="{path}"/>{arrow}</g>')
    label = edge.find(f"{_DI}BPMNLabel")
    name = "" if element is None else shown_name(element.get("name"))
    if name and label is not None and label.find(f"{_DC}Bounds") is not None:
        x, y, width, height = _bounds(label)
        box.parts.append(_text(name, x + width / 2, y + height / 2, max(width, 90)))


def _arrow(points: list[tuple[float, float]]) -> str:
    (x, y), (to_x, to_y) = points[-2], points[-1]
    length = max(((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5, 1.0)
    along = (to_x - x) / length, (to_y - y) / length
    back = to_x - 9 * along[0], to_y - 9 * along[1]
    side = -along[1] * 4, along[0] * 4
    corners = ((to_x, to_y), (back[0] + side[0], back[1] + side[1]),
               (back[0] - side[0], back[1] - side[1]))  # fmt: skip
    joined = " ".join(f"{one:g},{other:g}" for one, other in corners)
    return f'<polygon class="arrow" points="{joined}"/>'


def _text(text: str, x: float, y: float, width: float, *, turned: bool = False) -> str:
    """Return a name in lines of at most a width, around a point."""
    lines = list(_wrapped(text, width))
    first = y - (len(lines) - 1) * LINE / 2 + 4
    turn = f' transform="rotate(-90 {x:g} {y:g})"' if turned else ""
    spans = "".join(
        f'<tspan x="{x:g}" y="{first + LINE * number:g}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return f"<text{turn}>{spans}</text>"


def _wrapped(text: str, width: float) -> Iterator[str]:
    line, used = "", 0.0
    for word in _words(text):
        size = sum(6.0 if one.isascii() else 12.0 for one in word)
        if line and used + size > width:
            yield line.strip()
            line, used = "", 0.0
        line, used = line + word, used + size
    if line.strip():
        yield line.strip()


def _words(text: str) -> Iterator[str]:
    word = ""
    for one in text:
        if one.isascii() and not one.isspace():
            word += one
            continue
        if word:
            yield word
        word = ""
        yield one
    if word:
        yield word
