"""Pools and message flows: they document, yet what they name must be there and fit.

A message flow joins two pools (BPMN 2.0, 7.6.2). What may be its ends is said of each
kind of element in chapter 10: activities send and receive, events where a message is
their trigger or result, gateways and data never.
"""

from __future__ import annotations

from engine.bpmn.document import Element, children, is_executable, local, text_of
from engine.bpmn.nodes import KINDS
from engine.bpmn.reading import Reading

_EVENTS = {
    "startEvent": "targetRef",
    "intermediateCatchEvent": "targetRef",
    "boundaryEvent": "targetRef",
    "intermediateThrowEvent": "sourceRef",
    "endEvent": "sourceRef",
}
_GATEWAYS = frozenset(
    {
        "exclusiveGateway",
        "parallelGateway",
        "inclusiveGateway",
        "complexGateway",
        "eventBasedGateway",
    }
)
_DRAWN = frozenset({"transaction", "adHocSubProcess", "participant"})
_VERBS = {"sourceRef": "sends", "targetRef": "receives"}


def follow(root: Element, reading: Reading) -> None:
    """Look at every participant and message flow of a file."""
    for collaboration in children(root, "collaboration"):
        for one in children(collaboration, "participant"):
            if not reading.is_imported(one, one.get("processRef")):
                reading.target(one, "processRef", one.get("processRef"), "process")
        for one in children(collaboration, "messageFlow"):
            _follow_flow(one, reading)


def _follow_flow(flow: Element, reading: Reading) -> None:
    reading.target(flow, "messageRef", flow.get("messageRef"), "message")
    ends = {}
    for name in ("sourceRef", "targetRef"):
        if not (flow.get(name) or "").strip():
            reading.findings.error(
                "dangling-reference",
                flow,
                f"The message flow has no {name}.",
                "Connect both of its ends in the editor.",
            )
        ends[name] = reading.target(flow, name, flow.get(name))
        if ends[name] is not None:
            _demand_end(flow, name, ends[name], reading)
    source, target = (_pool(one) for one in ends.values())
    if source is not None and source == target and _runs(ends["sourceRef"], reading):
        reading.findings.error(
            "message-flow-within",
            flow,
            f"Both of its ends lie in {source!r}; a message flow joins two pools.",
            "Use a sequence flow, or throw and catch the message by events.",
        )


def _demand_end(flow: Element, name: str, end: Element | None, reading: Reading) -> None:
    assert end is not None
    kind, key = local(end), end.get("id")
    if kind in _EVENTS:
        may = _EVENTS[kind] == name
        fits = may and _is_about_a_message(end, reading)
        hint = "Make it a message event." if may else "Connect the flow with another event."
    else:
        fits = kind in _DRAWN or (kind in KINDS and kind not in _GATEWAYS)
        hint = "Connect it with a pool, an activity or a message event."
    if not fits and _runs(end, reading):
        reading.findings.error(
            "message-flow-end",
            flow,
            f"{name} names {key!r}, and this {kind} {_VERBS[name]} no message.",
            hint,
        )


def _is_about_a_message(event: Element, reading: Reading) -> bool:
    names = [local(one) for one in children(event)]
    for one in children(event, "eventDefinitionRef"):
        target = reading.ids.get(text_of(one).rpartition(":")[2])
        names.append("" if target is None else local(target))
    return "messageEventDefinition" in names


def _pool(end: Element | None) -> str | None:
    """Return the process that an end of a message flow belongs to."""
    current = end
    while current is not None:
        if local(current) == "participant":
            return (current.get("processRef") or "").rpartition(":")[2] or None
        if local(current) == "process":
            return current.get("id")
        current = current.getparent()
    return None


def _runs(end: Element | None, reading: Reading) -> bool:
    """Whether an end lies in an executable process; what is only drawn is let be."""
    key = _pool(end)
    process = None if key is None else reading.ids.get(key)
    return process is not None and is_executable(process)
