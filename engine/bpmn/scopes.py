"""The content of a process or sub-process: its nodes, flows and data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.bpmn import adhoc, spiff, structure
from engine.bpmn.document import Element, body_of, child, children, local
from engine.bpmn.expressions import expression
from engine.bpmn.extensions import read_extensions
from engine.bpmn.lanes import Lane
from engine.bpmn.loops import data_name
from engine.bpmn.messages import Correlations
from engine.bpmn.model import Flow, Kind, Node, Scope
from engine.bpmn.nodes import (
    KINDS,
    Surroundings,
    data_default,
    kind_of,
    read_node,
)
from engine.bpmn.reading import Reading
from engine.scripts import Code

# What may stand among flow nodes and means nothing to an executor.
_READ_PAST = frozenset(
    {
        "documentation",
        "extensionElements",
        "auditing",
        "monitoring",
        "property",
        "ioSpecification",
        "ioBinding",
        "laneSet",
        "supportedInterfaceRef",
        "supports",
        "correlationSubscription",
        "association",
        "group",
        "textAnnotation",
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "incoming",
        "outgoing",
        "multiInstanceLoopCharacteristics",
        "standardLoopCharacteristics",
        "dataInputAssociation",
        "dataOutputAssociation",
        "performer",
        "humanPerformer",
        "potentialOwner",
        "resourceRole",
        "sequenceFlow",
    }
)
# Ids become parts of task names in URLs, where "." parts them.
_ID = re.compile(r"[^\W\d][\w-]{0,199}")


@dataclass(frozen=True, slots=True)
class _Links:
    """What is connected with each node of one scope, by its id."""

    flows: Mapping[str, Flow]
    incoming: Mapping[str, list[str]]
    outgoing: Mapping[str, list[str]]
    boundary: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class ScopeReader:
    """Reads the scopes of one process.

    Attributes:
        scopes: filled with every scope of the process, outer ones first.
    """

    lanes: Mapping[str, Lane]
    correlations: Correlations
    reading: Reading
    scopes: dict[str, Scope]

    def read(self, holder: Element, where: str, lane: Lane | None = None) -> Scope:
        """Return the scope that a process or sub-process holds."""
        key = holder.get("id", "")
        # Reserved first, so that the dictionary lists outer scopes before inner ones.
        self.scopes[key] = Scope(key, {}, {})
        links = self._links(holder)
        nodes: dict[str, Node] = {}
        for element, kind in self._kinds(holder):
            own = self.lanes.get(element.get("id", "")) or lane or Lane()
            node = self._node(element, kind, where, links, own)
            nodes.setdefault(node.id, node)
        starts = tuple(one.id for one in nodes.values() if one.kind is Kind.START)
        instantiating = _instantiating(nodes, links.flows) if where == "process" else {}
        ad_hoc = adhoc.read_ad_hoc(holder, nodes, self.reading)
        scope = Scope(
            id=key,
            nodes=MappingProxyType(nodes),
            flows=MappingProxyType(links.flows),
            starts=starts,
            implicit_starts=() if starts or instantiating or ad_hoc else _implicit_starts(nodes),
            instantiating=MappingProxyType(instantiating),
            event_sub_processes=tuple(
                one.id for one in nodes.values() if one.kind is Kind.EVENT_SUB_PROCESS
            ),
            data=MappingProxyType(self._data(holder)),
            ad_hoc=ad_hoc,
        )
        self.scopes[key] = scope
        return scope

    def _kinds(self, holder: Element) -> list[tuple[Element, Kind]]:
        """Return the flow nodes directly inside, and name what else is there."""
        found: list[tuple[Element, Kind]] = []
        for element in children(holder):
            name = local(element)
            kind = kind_of(element)
            if kind is not None:
                if good_id(element, self.reading):
                    found.append((element, kind))
            elif name == "dataStoreReference" and spiff.is_used(element, self.reading):
                spiff.refuse_store(element, self.reading)
            elif name == "dataStoreReference":
                self.reading.target(
                    element, "dataStoreRef", element.get("dataStoreRef"), "dataStore"
                )
                self.reading.findings.warning(
                    "ignored",
                    element,
                    "Data stores are documentation; nothing is read from or written to them.",
                    "Use data objects, lists or an external task.",
                )
            elif name == "completionCondition" and local(holder) == adhoc.TAG:
                continue
            elif name not in _READ_PAST:
                self.reading.findings.error(
                    "unknown-element",
                    element,
                    f"{name!r} is no element of BPMN 2.0 that stands here.",
                    "Draw it again with another element.",
                )
        return found

    def _node(self, element: Element, kind: Kind, where: str, links: _Links, lane: Lane) -> Node:
        key = element.get("id", "")
        body = None
        if kind in (Kind.SUB_PROCESS, Kind.EVENT_SUB_PROCESS):
            body = self.read(element, kind.value, lane)
        around = Surroundings(
            where=where,
            incoming=tuple(links.incoming.get(key, ())),
            outgoing=tuple(links.outgoing.get(key, ())),
            boundary=tuple(links.boundary.get(key, ())),
            lane=lane,
            correlations=self.correlations,
        )
        return read_node(element, kind, around, body, self.reading)

    def _links(self, holder: Element) -> _Links:
        flows = self._flows(holder)
        incoming: dict[str, list[str]] = {}
        outgoing: dict[str, list[str]] = {}
        for flow in flows.values():
            incoming.setdefault(flow.target, []).append(flow.id)
            outgoing.setdefault(flow.source, []).append(flow.id)
        return _Links(flows, incoming, outgoing, self._boundary(holder))

    def _boundary(self, holder: Element) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for element in children(holder, "boundaryEvent"):
            reference = element.get("attachedToRef")
            host = self.reading.target(element, "attachedToRef", reference)
            if host is not None:
                found.setdefault(host.get("id", ""), []).append(element.get("id", ""))
            elif not reference:
                self.reading.findings.error(
                    "attached-to-nothing",
                    element,
                    "The boundary event is attached to nothing.",
                    "Drag it onto the edge of an activity.",
                )
        return found

    def _flows(self, holder: Element) -> dict[str, Flow]:
        flows: dict[str, Flow] = {}
        for element in children(holder, "sequenceFlow"):
            if not good_id(element, self.reading):
                continue
            read_extensions(element, self.reading)
            source = self._end(element, "sourceRef", holder)
            target = self._end(element, "targetRef", holder)
            condition = self._condition(element)
            key = element.get("id", "")
            if source is not None and target is not None and key not in flows:
                name = (element.get("name") or "").strip() or None
                flows[key] = Flow(key, source, target, condition, name)
        return flows

    def _end(self, element: Element, name: str, holder: Element) -> str | None:
        """Return the node at one end of a flow."""
        given = element.get(name)
        there = self.reading.ids.get(given or "")
        if there is not None and local(there) in KINDS and there.getparent() is holder:
            return given
        if not given:
            self.reading.findings.error(
                "dangling-reference",
                element,
                f"The flow has no {name}.",
                "Connect both of its ends in the editor.",
            )
            return None
        node = self.reading.target(element, name, given)
        if node is None:
            return None
        key = node.get("id", "")
        if local(node) not in KINDS:
            self.reading.findings.error(
                "wrong-reference",
                element,
                f"{name} names {key!r}, which is a {local(node)} and no step.",
                "Connect the flow with an activity, event or gateway.",
            )
            return None
        if node.getparent() is not holder:
            self.reading.findings.error(
                "flow-crosses-border",
                element,
                f"{name} names {key!r}, which lies in another process or sub-process.",
                "Flows stay within their sub-process; leave it through its end, or use a message.",
            )
            return None
        return key

    def _condition(self, element: Element) -> Code | None:
        holder = child(element, "conditionExpression")
        if holder is None:
            return None
        read_extensions(holder, self.reading)
        language = (holder.get("language") or "").strip().lower()
        if language and not re.search(r"python|juel|/el\b|^el$|feel|uel", language):
            self.reading.findings.error(
                "expression-language",
                holder,
                f"Conditions in {language!r} are not evaluated.",
                "Write the condition in Python and remove the language.",
            )
            return None
        return self.reading.code(holder, expression, body_of(holder))

    def _data(self, holder: Element) -> dict[str, Code | None]:
        for element in children(holder, "dataObjectReference"):
            self.reading.target(
                element, "dataObjectRef", element.get("dataObjectRef"), "dataObject"
            )
        # SpiffWorkflow does not read properties.
        declaring = ("dataObject",) if self.reading.spiff else ("dataObject", "property")
        return {
            data_name(element, self.reading): data_default(element, self.reading)
            for element in children(holder, *declaring)
        }


def _is_role(name: str) -> bool:
    return name.endswith(
        ("Association", "performer", "Performer", "potentialOwner", "resourceRole")
    )


def _implicit_starts(nodes: Mapping[str, Node]) -> tuple[str, ...]:
    """Return the nodes that start when there is no start event (BPMN 2.0, 13.2)."""
    return tuple(one.id for one in nodes.values() if structure.starts_by_itself(one))


def _instantiating(nodes: Mapping[str, Node], flows: Mapping[str, Flow]) -> dict[str, str]:
    """Return what begins a case without a start event, each with the gateway before it."""
    found: dict[str, str] = {}
    for node in nodes.values():
        if node.instantiates and not node.incoming:
            if node.kind is Kind.RECEIVE:
                found[node.id] = ""
            else:
                found.update({flows[one].target: node.id for one in node.outgoing})
    return {one: gateway for one, gateway in found.items() if one in nodes}


def good_id(element: Element, reading: Reading) -> bool:
    """Whether an element has an id that events can carry; a finding if not."""
    key = element.get("id")
    if key is None:
        reading.findings.error(
            "no-id", element, f"The {local(element)} has no id.", "Give it one in the editor."
        )
        return False
    if not _ID.fullmatch(key):
        reading.findings.error(
            "bad-id",
            element,
            f"The id {key!r} cannot be part of a task's name.",
            "Use letters, digits, _ and -, at most 200, starting with a letter or _.",
        )
        return False
    return True
