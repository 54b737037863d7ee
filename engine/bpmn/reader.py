"""From BPMN 2.0 XML to the compiled diagram, with findings instead of exceptions.

Read: what ``model`` has words for. What BPMN knows and the engine does not is
refused by name; what only documents (pools, message flows, data stores, texts)
is read past. Nothing is evaluated, fetched or written here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from engine.bpmn import structure
from engine.bpmn.activities import data_name
from engine.bpmn.document import (
    Element,
    Findings,
    body_of,
    child,
    children,
    is_true,
    local,
    parse,
    text_of,
    vendor,
)
from engine.bpmn.expressions import expression
from engine.bpmn.extensions import read_extensions
from engine.bpmn.findings import Finding
from engine.bpmn.model import Diagram, Flow, Kind, Node, Process, Scope
from engine.bpmn.nodes import (
    KINDS,
    NOT_SUPPORTED,
    Lane,
    Surroundings,
    data_default,
    kind_of,
    read_lane_role,
    read_node,
    refuse_kind,
)
from engine.bpmn.reading import Reading, ids_of
from engine.bpmn.triggers import Correlations, read_correlations
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
    }
)
_ROOTS_REFUSED = frozenset(
    {
        "choreography",
        "globalChoreographyTask",
        "globalConversation",
        "globalTask",
        "globalUserTask",
        "globalManualTask",
        "globalScriptTask",
        "globalBusinessRuleTask",
    }
)
_CONVERSATIONS = frozenset({"conversation", "subConversation", "callConversation"})
# Ids become parts of task names in URLs, where "." parts them.
_ID = re.compile(r"[^\W\d][\w-]{0,199}")
KEPT = 256


@dataclass(frozen=True, slots=True)
class _File:
    """The key of the cache: equal for equal bytes."""

    sha256: str
    filename: str
    xml: bytes = field(compare=False, repr=False)


def read_cached(xml: bytes, filename: str) -> tuple[Diagram | None, list[Finding]]:
    """Return what ``read`` returns; the same bytes are read once per process.

    Models are immutable, so threads may share them.
    """
    diagram, findings = _read_once(_File(hashlib.sha256(xml).hexdigest(), filename, xml))
    return diagram, list(findings)


@lru_cache(maxsize=KEPT)
def _read_once(file: _File) -> tuple[Diagram | None, tuple[Finding, ...]]:
    diagram, findings = read(file.xml, file.filename)
    return diagram, tuple(findings)


def read(xml: bytes, filename: str) -> tuple[Diagram | None, list[Finding]]:
    """Read a BPMN file.

    Args:
        xml: the bytes as they were uploaded; anything may be in them.
        filename: its name, for the findings.

    Returns:
        The diagram, None if there is an error among the findings; and the
        findings ordered by line, code and element.
    """
    findings = Findings(filename)
    root = parse(xml, findings)
    if root is None:
        return None, findings.sorted()
    reading = Reading(findings, ids_of(root, findings))
    _refuse_roots(root, findings)
    correlations = read_correlations(root)
    processes: dict[str, Process] = {}
    executable = [one for one in children(root, "process") if _is_executable(one, findings)]
    for element in executable:
        process = _read_process(element, correlations, reading)
        if process is not None and process.key not in processes:
            processes[process.key] = process
    if not executable:
        findings.error(
            "no-process",
            (None, root.sourceline),
            "The file has no executable process.",
            'Draw one, and set isExecutable="true".',
        )
    if findings.broken:
        return None, findings.sorted()
    for process in processes.values():
        structure.advise(process, findings)
    return Diagram(MappingProxyType(processes), hashlib.sha256(xml).hexdigest()), findings.sorted()


def _is_executable(element: Element, findings: Findings) -> bool:
    if is_true(element.get("isExecutable"), default=True):
        return True
    findings.warning(
        "not-executable",
        element,
        "The process is marked as not executable and is left out.",
        'Set isExecutable="true" to deploy it.',
    )
    return False


def _refuse_roots(root: Element, findings: Findings) -> None:
    for element in children(root):
        found = [element] if local(element) in _ROOTS_REFUSED else []
        if local(element) == "collaboration":
            found = list(children(element, *_CONVERSATIONS))
        for one in found:
            findings.error(
                "not-supported",
                one,
                f"{local(one)} is not supported.",
                "Draw it as a process with tasks and message events.",
            )


# -- processes -------------------------------------------------------------------


def _read_process(element: Element, correlations: Correlations, reading: Reading) -> Process | None:
    key = element.get("id")
    if not _good_id(element, reading):
        return None
    assert key is not None
    extensions = read_extensions(element, reading)
    lanes, roles = _read_lanes(element, reading)
    scopes: dict[str, Scope] = {}
    reader = _ScopeReader(element, lanes, correlations, reading, scopes)
    root = reader.read(element, "process")
    structure.demand_scopes(scopes, reader.elements, reading)
    nodes = {one.id: one for scope in scopes.values() for one in scope.nodes.values()}
    starters = vendor(element, "candidateStarterGroups")
    properties = {name: value for name, value in extensions.properties.items() if name != "unit"}
    if starters:
        properties["candidateStarterGroups"] = starters
    return Process(
        key=key,
        name=(element.get("name") or key).strip(),
        root=root,
        scopes=MappingProxyType(scopes),
        nodes=MappingProxyType(nodes),
        calls=_unique(one.called for one in nodes.values()),
        decisions=_unique(one.decision.key for one in nodes.values() if one.decision),
        forms=_unique(one.form for one in nodes.values()),
        unit=reading.code(element, expression, extensions.properties.get("unit")),
        properties=MappingProxyType(properties),
        lane_roles=MappingProxyType(roles),
        documentation="\n\n".join(text_of(one) for one in children(element, "documentation")),
    )


def _unique(keys: Iterator[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for key in keys if key))


def _good_id(element: Element, reading: Reading) -> bool:
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


def _read_lanes(process: Element, reading: Reading) -> tuple[dict[str, Lane], dict[str, str]]:
    """Return where each node lies, and the role of each lane."""
    places: dict[str, Lane] = {}
    roles: dict[str, str] = {}

    def walk(holder: Element, outer: Lane) -> None:
        for element in children(holder, "lane"):
            name = (element.get("name") or element.get("id") or "").strip()
            own = read_lane_role(element, reading)
            if own:
                roles[name] = own
            lane = Lane((*outer.names, name), own or outer.role)
            for reference in children(element, "flowNodeRef"):
                node = reading.target(reference, "flowNodeRef", text_of(reference))
                if node is not None:
                    _put(places, node.get("id", ""), lane, reference, reading)
            for inner in children(element, "childLaneSet"):
                walk(inner, lane)

    for lane_set in children(process, "laneSet"):
        walk(lane_set, Lane())
    return places, roles


def _put(places: dict[str, Lane], key: str, lane: Lane, at: Element, reading: Reading) -> None:
    """Keep the innermost lane of a node; two lanes side by side are doubtful."""
    before = places.get(key)
    if before is None or before.names == lane.names[: len(before.names)]:
        places[key] = lane
    elif lane.names != before.names[: len(lane.names)]:
        reading.findings.warning(
            "in-two-lanes",
            (key, at.sourceline),
            f"{key!r} lies in the lanes {before.names[-1]!r} and {lane.names[-1]!r}; "
            "the first one counts.",
            "Move it fully into one lane.",
        )


# -- scopes ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ScopeReader:
    """Reads the scopes of one process.

    Attributes:
        scopes: filled with every scope of the process, outer ones first.
        elements: flow nodes and flows by id, for findings about them.
    """

    process: Element
    lanes: Mapping[str, Lane]
    correlations: Correlations
    reading: Reading
    scopes: dict[str, Scope]
    elements: dict[str, Element] = field(default_factory=dict)

    def read(self, holder: Element, where: str, lane: Lane | None = None) -> Scope:
        """Return the scope that a process or sub-process holds."""
        key = holder.get("id", "")
        # Reserved first, so that the dictionary lists outer scopes before inner ones.
        self.scopes[key] = Scope(key, {}, {})
        flows = self._flows(holder)
        kinds = self._kinds(holder)
        boundary = self._boundary(holder)
        nodes: dict[str, Node] = {}
        for element, kind in kinds:
            node = self._node(element, kind, where, flows, boundary, lane)
            nodes.setdefault(node.id, node)
        starts = tuple(one.id for one in nodes.values() if one.kind is Kind.START)
        scope = Scope(
            id=key,
            nodes=MappingProxyType(nodes),
            flows=MappingProxyType(flows),
            starts=starts,
            implicit_starts=() if starts else _implicit_starts(nodes),
            event_sub_processes=tuple(
                one.id for one in nodes.values() if one.kind is Kind.EVENT_SUB_PROCESS
            ),
            data=MappingProxyType(self._data(holder)),
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
                if _good_id(element, self.reading):
                    self.elements.setdefault(element.get("id", ""), element)
                    found.append((element, kind))
            elif name in NOT_SUPPORTED:
                refuse_kind(element, self.reading)
            elif name == "dataStoreReference":
                self.reading.findings.warning(
                    "ignored",
                    element,
                    "Data stores are documentation; nothing is read from or written to them.",
                    "Use data objects, lists or an external task.",
                )
            elif name not in _READ_PAST and name != "sequenceFlow" and not _is_role(name):
                self.reading.findings.error(
                    "unknown-element",
                    element,
                    f"{name!r} is no element of BPMN 2.0 that stands here.",
                    "Draw it again with another element.",
                )
        return found

    def _node(
        self,
        element: Element,
        kind: Kind,
        where: str,
        flows: Mapping[str, Flow],
        boundary: Mapping[str, tuple[str, ...]],
        outer: Lane | None,
    ) -> Node:
        key = element.get("id", "")
        lane = self.lanes.get(key) or outer or Lane()
        body = None
        if kind in (Kind.SUB_PROCESS, Kind.EVENT_SUB_PROCESS):
            body = self.read(element, kind.value, lane)
        around = Surroundings(
            where=where,
            incoming=tuple(one.id for one in flows.values() if one.target == key),
            outgoing=tuple(one.id for one in flows.values() if one.source == key),
            boundary=boundary.get(key, ()),
            lane=lane,
            correlations=self.correlations,
        )
        return read_node(element, kind, around, body, self.reading)

    def _boundary(self, holder: Element) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for element in children(holder, "boundaryEvent"):
            if not element.get("attachedToRef"):
                self.reading.findings.error(
                    "attached-to-nothing",
                    element,
                    "The boundary event is attached to nothing.",
                    "Drag it onto the edge of an activity.",
                )
                continue
            host = self.reading.target(element, "attachedToRef", element.get("attachedToRef"))
            if host is not None:
                key = host.get("id", "")
                found[key] = (*found.get(key, ()), element.get("id", ""))
        return found

    def _flows(self, holder: Element) -> dict[str, Flow]:
        flows: dict[str, Flow] = {}
        for element in children(holder, "sequenceFlow"):
            if not _good_id(element, self.reading):
                continue
            source = self._end(element, "sourceRef", holder)
            target = self._end(element, "targetRef", holder)
            condition = self._condition(element)
            key = element.get("id", "")
            self.elements.setdefault(key, element)
            if source is not None and target is not None and key not in flows:
                name = (element.get("name") or "").strip() or None
                flows[key] = Flow(key, source, target, condition, name)
        return flows

    def _end(self, element: Element, name: str, holder: Element) -> str | None:
        """Return the node at one end of a flow."""
        if not element.get(name):
            self.reading.findings.error(
                "dangling-reference",
                element,
                f"The flow has no {name}.",
                "Connect both of its ends in the editor.",
            )
            return None
        node = self.reading.target(element, name, element.get(name))
        if node is None:
            return None
        key = node.get("id", "")
        if local(node) not in KINDS and local(node) not in NOT_SUPPORTED:
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
        return {
            data_name(element, self.reading): data_default(element, self.reading)
            for element in children(holder, "dataObject")
        }


def _is_role(name: str) -> bool:
    return name.endswith(
        ("Association", "performer", "Performer", "potentialOwner", "resourceRole")
    )


def _implicit_starts(nodes: Mapping[str, Node]) -> tuple[str, ...]:
    """Return the nodes that start when there is no start event (BPMN 2.0, 13.2)."""
    return tuple(one.id for one in nodes.values() if structure.starts_by_itself(one))
