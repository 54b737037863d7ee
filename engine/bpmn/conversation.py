"""Correlation as SpiffWorkflow has it: a case knows what it sent and received.

A ``correlationProperty`` says how its value is found in each message. The sender's
value comes from the payload that it sends. Who waits compares with what the same
process sent or received before; that is an expression over its data too, namely
the retrieval expression over the payload's, or over the datum that took a message.
``processVariableCorrelation`` says it outright.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.bpmn.document import BPMN, SPIFF, Element, child, local, text_of
from engine.bpmn.expressions import expression
from engine.bpmn.model import Correlation, Kind
from engine.bpmn.reading import Reading
from engine.bpmn.spiff import over

_NAMES = ("messageEventDefinition", "sendTask", "receiveTask")
Paths = Mapping[str, list[tuple[str, str]]]
"""Message id -> its (property, retrieval expression)."""


@dataclass(frozen=True, slots=True)
class Known:
    """How a process knows a property: from what it sends, or has received, at an element."""

    at: Element
    text: str
    is_sent: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A message that is sent or awaited.

    Attributes:
        known: property -> expressions by which the process knows its value.
    """

    element: Element
    kind: Kind
    throws: bool
    keys: Paths
    known: Mapping[str, list[Known]]
    reading: Reading


def known(root: Element, process: Element, keys: Paths) -> dict[str, list[Known]]:
    """Return by which expressions over its data a process knows correlation properties."""
    found: dict[str, list[Known]] = {}
    if not keys:
        return found
    messages = {one.get("id", ""): one for one in root.iter(f"{{{BPMN}}}message")}
    for one in process.iter(*(f"{{{BPMN}}}{name}" for name in _NAMES)):
        reference = _local_id(one.get("messageRef"))
        message = messages.get(reference)
        if message is None:
            continue
        payload = _said(message, one, "messagePayload")
        holder = payload or _said(message, one, "messageVariable")
        for key, path in keys.get(reference, ()):
            text = over(path, holder) if holder else None
            if text is not None:
                found.setdefault(key, []).append(Known(one, text, bool(payload)))
    return found


def _local_id(reference: str | None) -> str:
    return (reference or "").strip().rpartition(":")[2]


def _said(message: Element, definition: Element, name: str) -> str:
    """Return what a message, its event definition, or the event around it says."""
    places = [definition, message]
    event = definition.getparent()
    if local(definition) == "messageEventDefinition" and event is not None:
        places.append(event)
    for place in places:
        holder = child(place, "extensionElements")
        for one in () if holder is None else holder:
            if one.tag == f"{{{SPIFF}}}{name}" and text_of(one):
                return text_of(one)
    return ""


def correlation(message: Element, place: Place) -> tuple[Correlation, ...]:
    """Return the keys of a message that is sent or awaited."""
    if place.kind is Kind.START:
        # What starts a case belongs to none yet.
        return ()
    found: list[Correlation] = []
    own = _own(place.element)
    for key, path in place.keys.get(message.get("id", ""), ()):
        text = _thrown(message, place, path) if place.throws else _awaited(key, own, place)
        value = place.reading.code(place.element, expression, text)
        if value is not None:
            found.append(Correlation(key, value))
    return tuple(found)


def _own(element: Element) -> dict[str, str]:
    """Return what ``processVariableCorrelation`` says at an element, by property."""
    found: dict[str, str] = {}
    for one in element.iter(f"{{{SPIFF}}}processVariableCorrelation"):
        parts = {local(part): text_of(part) for part in one}
        found[parts.get("propertyId", "")] = parts.get("expression", "")
    return found


def _thrown(message: Element, place: Place, path: str) -> str | None:
    payload = _said(message, place.element, "messagePayload")
    # Without a payload SpiffWorkflow sends no keys.
    return over(path, payload) if payload else None


def _awaited(key: str, own: Mapping[str, str], place: Place) -> str | None:
    if own.get(key):
        return own[key]
    found = [one for one in place.known.get(key, []) if one.at is not place.element]
    texts = {one.text for one in found if one.is_sent} or {one.text for one in found}
    if len(texts) == 1:
        return texts.pop()
    what = "in several ways" if texts else "in no way"
    place.reading.findings.error(
        "no-correlation",
        place.element,
        f"The process knows {key!r} {what}, so the message could reach the wrong case.",
        "Name the datum by processVariableCorrelation, or by the property correlate.",
    )
    return None
