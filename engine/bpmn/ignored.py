"""What BPMN 2.0 gives a meaning and the engine gives none: told, never passed over.

Each is a warning with what to use instead; only an extension that must be understood
keeps its file from being deployed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from engine.bpmn.document import BPMN, Element, children, is_executable, is_true, local
from engine.bpmn.global_tasks import GLOBAL_TASKS
from engine.bpmn.reading import Reading

_SERVICES = "Web services are not called: use a topic (camunda:topic) or messages."
_PARTS: Mapping[str, str] = {
    "potentialOwner": "Write the roles into candidateGroups.",
    "resourceRole": "Write the roles into candidateGroups.",
    "humanPerformer": "Write the user into assignee.",
    "performer": "Write the user into assignee.",
    "rendering": "Name a form in formKey.",
    "operationRef": _SERVICES,
    "ioBinding": _SERVICES,
    "supportedInterfaceRef": _SERVICES,
}
"""Element -> what to use instead."""

_OPERATING = ("serviceTask", "sendTask", "receiveTask")
_IMPLEMENTED = (*_OPERATING, "userTask", "businessRuleTask", "globalUserTask",
                "globalBusinessRuleTask")  # fmt: skip
_GATEWAYS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "complexGateway",
             "eventBasedGateway")  # fmt: skip
_EVENTS = ("startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent",
           "intermediateThrowEvent")  # fmt: skip
_SCOPES = frozenset({"process", "subProcess", "transaction", "adHocSubProcess"})
# Direction -> the end of flows of which there may be one.
_SINGLE = {"Converging": "sourceRef", "Diverging": "targetRef"}
_LANGUAGES = re.compile(r"python|juel|/el\b|^el$|feel|uel|xpath", re.IGNORECASE)
# What bpmn.io writes for an arrow from a datum to a task.
_PLACEHOLDER = "__targetRef_placeholder"
_SEES_ALL = "Data inputs and outputs of a task are ignored: it sees all data, and none is lost."


def survey(root: Element, reading: Reading) -> None:
    """Tell what of a file's executable processes is read past."""
    running = [one for one in children(root) if _runs(one)]
    _judge_file(root, bool(running), reading)
    for one in running:
        for element in one.iter():
            judge = _JUDGES.get(str(element.tag))
            if judge is not None:
                judge(element, reading)
        _judge_directions(one, reading)


def _runs(root: Element) -> bool:
    if local(root) == "process":
        return is_executable(root)
    return local(root) in GLOBAL_TASKS


def _warn(at: Element, what: str, instead: str, reading: Reading) -> None:
    reading.findings.warning("ignored", at, f"{what} is ignored.", instead)


def _judge_file(root: Element, runs: bool, reading: Reading) -> None:
    for one in children(root, "extension"):
        if is_true(one.get("mustUnderstand")) and not runs:
            what = f"The extension {one.get('definition')!r}, which must be understood,"
            _warn(one, what, "It is shown without what the extension adds.", reading)
        elif is_true(one.get("mustUnderstand")):
            reading.findings.error(
                "not-supported",
                one,
                f"The extension {one.get('definition')!r}, which must be understood, "
                "is not supported.",
                "Set mustUnderstand to false if the diagram means the same without it.",
            )
    language = root.get("expressionLanguage")
    if language and not _LANGUAGES.search(language):
        _warn(
            root,
            f"expressionLanguage {language!r}",
            "Conditions and other expressions are read as Python.",
            reading,
        )


def _part(element: Element, reading: Reading) -> None:
    _warn(element, local(element), _PARTS[local(element)], reading)


def _task(element: Element, reading: Reading) -> None:
    given = (element.get("implementation") or "").strip()
    if given and not given.startswith("##"):
        _warn(element, f"implementation {given!r}", _SERVICES, reading)
    if element.get("operationRef"):
        _warn(element, "operationRef", _SERVICES, reading)


def _transaction(element: Element, reading: Reading) -> None:
    method = (element.get("method") or "##Compensate").strip()
    if method != "##Compensate":
        _warn(
            element,
            f"method {method!r}",
            "A cancelled transaction is undone by compensation; draw what undoes each task.",
            reading,
        )


def _judge_directions(process: Element, reading: Reading) -> None:
    """Tell directions of gateways that their flows contradict."""
    directed = [
        (one, str(one.get("gatewayDirection")), single)
        for one in process.iter(*(f"{{{BPMN}}}{name}" for name in _GATEWAYS))
        if (single := _SINGLE.get(str(one.get("gatewayDirection")))) is not None
    ]
    flows = list(process.iter(f"{{{BPMN}}}sequenceFlow")) if directed else []
    ends = Counter((end, one.get(end)) for one in flows for end in _SINGLE.values())
    for gateway, direction, single in directed:
        number = ends[single, gateway.get("id")]
        if number > 1:
            _warn(
                gateway,
                f"gatewayDirection {direction!r}",
                f"It has {number} flows there; the flows are followed as they are drawn.",
                reading,
            )


def _property(element: Element, reading: Reading) -> None:
    holder = element.getparent()
    is_scope = holder is not None and local(holder) in _SCOPES and not reading.spiff
    if not is_scope and element.get("name") != _PLACEHOLDER:
        _warn(element, "property", "Declare a data object, or an inputParameter.", reading)


def _specification(element: Element, reading: Reading) -> None:
    holder = element.getparent()
    if holder is not None and local(holder) == "process" and reading.spiff:
        # There they say what a call copies.
        return
    if next(children(element, "dataInput", "dataOutput"), None) is not None:
        reading.findings.warning(
            "ignored",
            element,
            _SEES_ALL,
            "Use a call activity for a task that must not see the rest.",
        )


def _event(element: Element, reading: Reading) -> None:
    for one in children(element, "dataInput", "dataOutput"):
        _warn(one, local(one), "Use the properties payload and variable.", reading)


def _association(element: Element, reading: Reading) -> None:
    for one in children(element, "transformation", "assignment"):
        reading.findings.warning(
            "ignored",
            one,
            f"The {local(one)} of a data association is ignored.",
            "Use inputParameter and outputParameter.",
        )


Judge = Callable[[Element, Reading], None]


def _judges() -> Iterator[tuple[str, Judge]]:
    yield from ((name, _part) for name in _PARTS)
    yield from ((name, _task) for name in _IMPLEMENTED)
    yield from ((name, _association) for name in ("dataInputAssociation", "dataOutputAssociation"))
    yield from ((name, _event) for name in _EVENTS)
    yield "transaction", _transaction
    yield "property", _property
    yield "ioSpecification", _specification


_JUDGES: Mapping[str, Judge] = {f"{{{BPMN}}}{name}": judge for name, judge in _judges()}
