"""What a page needs in order to show a file: its drawing, and where a finding stands on it.

A file without coordinates is laid out. What a viewer cannot draw (choreographies,
conversations, what has no shape) is listed by its elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType

from lxml import etree

from engine.bpmn import sentences
from engine.bpmn.document import BPMN, Element, Findings, in_bpmn, local, parse, shown_name
from engine.bpmn.layout import lay_out

_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_DIAGRAM, _PLANE = f"{_DI}BPMNDiagram", f"{_DI}BPMNPlane"
_SHAPES = (f"{_DI}BPMNShape", f"{_DI}BPMNEdge")

MAX_LAID_OUT = 1_000
"""More steps than these are not laid out while somebody waits."""

MAX_LISTED = 1_000
"""How many elements are listed of what cannot be drawn."""

_ENDS = ("sourceRef", "targetRef")
_VIEWED = frozenset({"process", "collaboration"})
_UNSEEN = frozenset(
    {
        "choreography", "choreographyTask", "subChoreography", "callChoreography",
        "globalChoreographyTask", "globalConversation", "conversation", "subConversation",
        "callConversation", "conversationLink",
    }
)  # fmt: skip
"""What no viewer here draws."""

LISTED = (
    "process", "collaboration", "participant", "lane", "task", "userTask", "manualTask",
    "scriptTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask", "subProcess",
    "transaction", "adHocSubProcess", "callActivity", "startEvent", "endEvent", "boundaryEvent",
    "intermediateCatchEvent", "intermediateThrowEvent", "exclusiveGateway", "parallelGateway",
    "inclusiveGateway", "complexGateway", "eventBasedGateway", "messageFlow", *sorted(_UNSEEN),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One element of a file.

    Attributes:
        kind: its name in BPMN, such as ``userTask``.
        is_drawn: whether a viewer shows it.
    """

    key: str
    kind: str
    name: str
    is_drawn: bool

    @property
    def kind_zh(self) -> str:
        """Its kind in Chinese."""
        return sentences.phrases().get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Picture:
    """One file, to be shown.

    Attributes:
        xml: what a viewer is given.
        sheets: (id, name) of each of its pages that a viewer opens; none: it cannot draw it.
        is_laid_out: the coordinates are ours; the file has none.
        places: element -> the drawn element that stands for it.
        parts: what the file consists of, at most ``MAX_LISTED``.
    """

    xml: str
    sheets: tuple[tuple[str, str], ...]
    is_laid_out: bool
    places: Mapping[str, str]
    parts: tuple[Part, ...]

    @property
    def is_whole(self) -> bool:
        """Whether a viewer shows every part."""
        return bool(self.sheets) and all(
            one.is_drawn for one in self.parts if one.kind not in _VIEWED
        )


def picture(xml: bytes) -> Picture | None:
    """Return what can be shown of a BPMN file; None if it cannot be read."""
    root = parse(xml, Findings(""))
    if root is None:
        return None
    laid = None if _shapes(root) else _laid_out(root)
    shown = root if laid is None else laid
    ids = {key: one for one in root.iter() if (key := one.get("id")) and in_bpmn(one)}
    drawn = {key for key in _shapes(shown) if key in ids and local(ids[key]) not in _UNSEEN}
    sheets = _sheets(shown, ids) if drawn else ()
    return Picture(
        xml=etree.tostring(shown, encoding="unicode"),
        sheets=sheets,
        is_laid_out=laid is not None,
        places=MappingProxyType(_places(ids, drawn if sheets else set())),
        parts=_parts(root, drawn if sheets else set()),
    )


def _shapes(root: Element) -> set[str]:
    """Return the ids of what has a shape or an edge."""
    found = set()
    for one in root.iter(*_SHAPES):
        name = (one.get("bpmnElement") or "").strip()
        found |= {name, name.rpartition(":")[2]}
    return found - {""}


def _laid_out(root: Element) -> Element | None:
    """Return the file with a picture; None where none can be made of it."""
    if sum(1 for _ in root.iter(f"{{{BPMN}}}sequenceFlow")) > MAX_LAID_OUT:
        return None
    try:
        return parse(lay_out(_with_whole_flows(root)), Findings(""))
    except (ValueError, LookupError, RecursionError):
        # A file with errors need not be one that can be drawn.
        return None


def _with_whole_flows(root: Element) -> bytes:
    """Return the file without the flows that join nothing: the rest can be laid out."""
    copied = deepcopy(root)
    ids = {key: one for one in copied.iter() if (key := one.get("id")) and in_bpmn(one)}
    for flow in [*copied.iter(f"{{{BPMN}}}sequenceFlow")]:
        holder = flow.getparent()
        ends = [ids.get(flow.get(name) or "") for name in _ENDS]
        if holder is not None and any(one is None or one.getparent() is not holder for one in ends):
            holder.remove(flow)
    return etree.tostring(copied)


def _sheets(root: Element, ids: Mapping[str, Element]) -> tuple[tuple[str, str], ...]:
    """Return the pages of pools and processes; those of sub-processes are opened from there."""
    found = []
    for diagram in root.iter(_DIAGRAM):
        plane = diagram.find(_PLANE)
        key = ((plane.get("bpmnElement") or "") if plane is not None else "").strip()
        element = ids.get(key)
        if element is None:
            element = ids.get(key.rpartition(":")[2])
        if element is None or local(element) in _VIEWED:
            name = diagram.get("name") or (element.get("name") if element is not None else None)
            found.append((diagram.get("id") or "", shown_name(name) or key))
    return tuple(found)


def _places(ids: Mapping[str, Element], drawn: set[str]) -> dict[str, str]:
    pools = {
        (one.get("processRef") or "").rpartition(":")[2]: key
        for key, one in ids.items()
        if local(one) == "participant" and key in drawn
    }
    found = {}
    for key, one in ids.items():
        current: Element | None = one
        if one.get("sourceRef") or one.get("targetRef"):
            # A flow that lacks an end is not drawn: it stands at the other one.
            ends = [ids.get(one.get(name) or "") for name in _ENDS]
            if any(end is None for end in ends):
                current = next((end for end in ends if end is not None), one)
        while current is not None:
            name = current.get("id") or ""
            place = name if name in drawn else pools.get(name)
            if place is not None:
                found[key] = place
                break
            current = current.getparent()
    return found


def _parts(root: Element, drawn: set[str]) -> tuple[Part, ...]:
    tags = tuple(f"{{{BPMN}}}{name}" for name in LISTED)
    found = []
    for one in root.iter(*tags):
        key = one.get("id") or ""
        found.append(Part(key, local(one), shown_name(one.get("name")), key in drawn))
        if len(found) == MAX_LISTED:
            break
    return tuple(found)
