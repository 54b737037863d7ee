"""The difference between two versions of a diagram, element by element.

What is drawn is known by its id: what is new, gone, reads differently, or stands
elsewhere on the drawing. Pure: bytes in, plain rows out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.bpmn.document import BPMN, Element, Findings, in_bpmn, local, parse
from engine.bpmn.pictures import LISTED

_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_BOUNDS = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"
_UNITS = frozenset(LISTED) | {
    "sequenceFlow", "dataObjectReference", "dataStoreReference", "dataObject", "textAnnotation",
    "association", "group", "message", "signal", "error", "escalation",
}  # fmt: skip
"""What is compared as one; what lies inside and is none of these belongs to it."""

_NOISE = frozenset({"incoming", "outgoing", "flowNodeRef", "extensionElements", "properties"})
"""What follows from other elements, or only holds others."""

Kind = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that an element says, before and after; None = it does not say it."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What has become of one element.

    Attributes:
        tag: its kind, such as ``userTask``.
        name: as people call it, in the version that has it last.
        facts: of a changed one, what it says differently.
    """

    kind: Kind
    element: str
    tag: str
    name: str
    facts: tuple[Fact, ...] = ()


def compare(old: bytes, new: bytes) -> list[Change]:
    """Return what has changed, in the order of the new file; what is gone comes last.

    A file that cannot be read has no elements.
    """
    before, after = _read(old), _read(new)
    found: list[Change] = []
    for key, one in after.items():
        other = before.get(key)
        if other is None:
            found.append(Change("added", key, one.tag, one.name))
            continue
        facts = tuple(_facts(other.says, one.says))
        if facts:
            found.append(Change("changed", key, one.tag, one.name, facts))
        elif other.place != one.place:
            found.append(Change("moved", key, one.tag, one.name))
    found += [
        Change("removed", key, one.tag, one.name) for key, one in before.items() if key not in after
    ]
    return found


@dataclass(frozen=True, slots=True)
class _Drawn:
    tag: str
    name: str
    says: Mapping[str, str]
    place: tuple[str, ...] | None


def _read(content: bytes) -> dict[str, _Drawn]:
    root = parse(content, Findings(""))
    if root is None:
        return {}
    places = dict(_places(root))
    units = {
        one.get("id"): one
        for one in root.iter(f"{{{BPMN}}}*")
        if one.get("id") and local(one) in _UNITS
    }
    return {
        key: _Drawn(local(one), one.get("name") or "", _says(one, set(units)), places.get(key))
        for key, one in units.items()
        if key is not None
    }


def _places(root: Element) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield (id, where its shape stands) of all that is drawn; a flow stands nowhere itself."""
    for shape in root.iter(f"{_DI}BPMNShape"):
        bounds = shape.find(_BOUNDS)
        if bounds is not None:
            parts = (str(bounds.get(one, "")) for one in ("x", "y", "width", "height"))
            yield str(shape.get("bpmnElement")), tuple(_whole(one) for one in parts)
    for edge in root.iter(f"{_DI}BPMNEdge"):
        yield str(edge.get("bpmnElement")), None


def _whole(number: str) -> str:
    try:
        return str(round(float(number)))
    except (ValueError, OverflowError):
        return number


def _says(element: Element, units: set[str | None]) -> dict[str, str]:
    """Return what an element says by itself: attributes, properties and texts, by path."""
    says: dict[str, str] = {}
    for path, text in _walk(element, "", units):
        says[path] = f"{says[path]}; {text}" if path in says else text
    return says


def _walk(element: Element, path: str, units: set[str | None]) -> Iterator[tuple[str, str]]:
    if local(element) == "property" and element.get("name") and not in_bpmn(element):
        yield str(element.get("name")), element.get("value") or ""
        return
    for name, value in element.attrib.items():
        short = str(name).rpartition("}")[2]
        if short != "id" and not (short == "type" and "}" in str(name)):
            yield f"{path}{short}", str(value)
    text = (element.text or "").strip()
    if text:
        yield path.rstrip(".") or local(element), text
    for child in element:
        if not isinstance(child.tag, str) or (child.get("id") in units and in_bpmn(child)):
            continue
        name = local(child)
        if name in {"incoming", "outgoing", "flowNodeRef"}:
            continue
        inner = path if name in _NOISE else f"{path}{name}."
        yield from _walk(child, inner, units)


def _facts(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Fact]:
    for what in dict.fromkeys((*after, *before)):
        if before.get(what) != after.get(what):
            yield Fact(what, before.get(what), after.get(what))
