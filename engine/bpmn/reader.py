"""From BPMN 2.0 XML to the compiled diagram, with findings instead of exceptions.

Read: what ``model`` has words for. What BPMN knows and the engine does not is
refused by name; what only documents (pools, message flows, data stores, texts)
is read past; what is not to run is a drawing. Nothing is evaluated, fetched or written here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from engine.bpmn import advice, collaboration, drawings, ignored, spiff, structure, vocabulary
from engine.bpmn.document import (
    Element,
    Findings,
    children,
    is_executable,
    parse,
    text_of,
    vendor,
)
from engine.bpmn.expressions import expression
from engine.bpmn.extensions import read_extensions
from engine.bpmn.findings import Finding
from engine.bpmn.global_tasks import GLOBAL_TASKS, read_global_task
from engine.bpmn.lanes import read_lanes
from engine.bpmn.messages import Correlations, read_correlations
from engine.bpmn.model import Diagram, Process, Scope
from engine.bpmn.reading import Reading
from engine.bpmn.scopes import ScopeReader, good_id

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


def read_deployed(xml: bytes) -> Diagram:
    """Return the diagram of a file that was deployed.

    Its findings were told then: whoever begins a case does not wait for them again. What
    was read since this process began is not read a second time.
    """
    kept = _kept(hashlib.sha256(xml).hexdigest())
    if not kept:
        diagram = _read(xml, Findings(""), judged=False)
        assert diagram is not None, "what was deployed can be read"
        kept.append(diagram)
    return kept[0]


@lru_cache(maxsize=KEPT)
def _read_once(file: _File) -> tuple[Diagram | None, tuple[Finding, ...]]:
    diagram, findings = read(file.xml, file.filename)
    if diagram is not None:
        _kept(file.sha256)[:] = [diagram]
    return diagram, tuple(findings)


@lru_cache(maxsize=KEPT)
def _kept(_sha256: str) -> list[Diagram]:
    """Return where the model of a file is kept: empty until it is read."""
    return []


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
    diagram = _read(xml, findings, judged=True)
    return diagram, findings.sorted()


def _read(xml: bytes, findings: Findings, *, judged: bool) -> Diagram | None:
    """Return the diagram, None if there is an error among the findings.

    Args:
        judged: tell all that can be said of it, not only what cannot be read.
    """
    root = parse(xml, findings)
    if root is None:
        return None
    reading = Reading.of(root, findings)
    if judged:
        for survey in (vocabulary.survey, ignored.survey, spiff.survey, collaboration.follow):
            survey(root, reading)
    correlations = read_correlations(root)
    processes: dict[str, Process] = {}
    for element in children(root, "process"):
        if not is_executable(element):
            continue
        process = _read_process(element, correlations, reading, judged=judged)
        if process is not None:
            processes.setdefault(process.key, process)
    for element in children(root, *GLOBAL_TASKS):
        if good_id(element, reading):
            task = read_global_task(element, correlations, reading)
            processes.setdefault(task.key, task)
    drawn = drawings.survey(root, reading)
    if not processes and next(children(root, *drawings.SHOWN, *GLOBAL_TASKS), None) is None:
        findings.error(
            "no-process",
            (None, root.sourceline),
            "The file has no process, and nothing that could be shown.",
            "Draw a process, pools, a choreography or a conversation.",
        )
    if findings.broken:
        return None
    for process in processes.values() if judged else ():
        advice.advise(process, reading)
    sha256 = hashlib.sha256(xml).hexdigest()
    return Diagram(MappingProxyType(processes), sha256, MappingProxyType(dict(drawn)))


# -- processes -------------------------------------------------------------------


def _read_process(
    element: Element, correlations: Correlations, reading: Reading, *, judged: bool
) -> Process | None:
    key = element.get("id")
    if not good_id(element, reading):
        return None
    assert key is not None
    extensions = read_extensions(element, reading)
    lanes = read_lanes(element, reading)
    scopes: dict[str, Scope] = {}
    reader = ScopeReader(lanes.places, correlations, reading, scopes)
    root = reader.read(element, "process")
    if judged:
        structure.demand(scopes, reading)
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
        takes=_listed(element, "inputSet", "dataInputRefs", reading),
        gives=_listed(element, "outputSet", "dataOutputRefs", reading),
        unit=reading.code(element, expression, extensions.properties.get("unit")),
        properties=MappingProxyType(properties),
        lane_roles=MappingProxyType(lanes.roles),
        documentation="\n\n".join(text_of(one) for one in children(element, "documentation")),
    )


def _listed(process: Element, group: str, name: str, reading: Reading) -> tuple[str, ...]:
    """Return the data inputs or outputs of a process; only SpiffWorkflow's dialect has them."""
    if not reading.spiff:
        return ()
    return _unique(
        text_of(one)
        for specification in children(process, "ioSpecification")
        for holder in children(specification, group)
        for one in children(holder, name)
    )


def _unique(keys: Iterator[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for key in keys if key))
