"""The dialect of SpiffWorkflow and spiff-arena: what of it is read, and what is refused.

Every element and attribute of the ``spiffworkflow:`` namespace is in one of the
tables below, so that none is passed over in silence. Where a file as a whole is
written in it (``Reading.spiff``), lanes, call activities, data objects and messages
mean what they mean to SpiffWorkflow, also where they look like anybody's BPMN.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.bpmn.document import (
    BPMN,
    SPIFF,
    Element,
    body_of,
    children,
    local,
    text_of,
)
from engine.bpmn.expressions import expression
from engine.bpmn.extensions import Extensions
from engine.bpmn.model import DataMapping, Kind, Loop, Node
from engine.bpmn.reading import Reading
from engine.bpmn.work import UnitTest
from engine.instructions import BadInstructionsError
from engine.instructions import read as read_instructions
from engine.scripts import Code
from engine.scripts.code import facts

_PEOPLE = frozenset({"userTask", "manualTask"})
SCRIPTED = frozenset(
    {
        "task", "userTask", "manualTask", "serviceTask", "sendTask", "receiveTask",
        "businessRuleTask", "subProcess", "callActivity",
    }
)  # fmt: skip
"""Where SpiffWorkflow 3.2 runs preScript and postScript."""

_MESSAGES = frozenset(
    {
        "message", "messageEventDefinition", "sendTask", "receiveTask", "startEvent",
        "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
    }
)  # fmt: skip

READ: Mapping[str, frozenset[str]] = {
    "preScript": SCRIPTED,
    "postScript": SCRIPTED,
    "calledDecisionId": frozenset({"businessRuleTask"}),
    "instructionsForEndUser": _PEOPLE,
    "messagePayload": _MESSAGES,
    "messageVariable": _MESSAGES,
    "payloadExpression": frozenset({"signal", "error", "escalation"}),
    "variableName": frozenset({"signal", "error", "escalation", "userTask"}),
    "processVariableCorrelation": _MESSAGES,
    "properties": frozenset(),
    "serviceTaskOperator": frozenset({"serviceTask"}),
    "unitTests": frozenset({"scriptTask"}),
}
"""Element -> where it is read; nowhere named = everywhere."""

ELSEWHERE = {
    "preScript": "SpiffWorkflow does not run it there either. Draw a script task before it.",
    "postScript": "SpiffWorkflow does not run it there either. Draw a script task after it.",
    "instructionsForEndUser": "Instructions are shown with tasks of people only.",
}

IGNORED = {
    "category": "Who reads a field is said in its form: field_class, personal.",
    "guestConfirmation": "Nobody acts without being signed in, so there is no page to show it on.",
    "taskMetadataValues": "Programs read the task with its data by GET /tasks/{id}.",
    "retry": "External tasks are tried again by whoever works on them.",
}
"""Element -> what to use instead; without it a case takes the same way."""

REFUSED = {
    "allowGuest": "Remove it and name a lane, or let the program that speaks with the guest "
    "send a message.",
    "signalButtonLabel": "Declare outcomes at the task (property outcomes), and a gateway after.",
    "processModelToStartOnTaskAvailable": "Draw a service task with the topic start-case before.",
}
"""Element -> what to draw instead; without it a case would take another way."""

INSIDE = frozenset(
    {
        "expression", "expectedOutputJson", "inputJson", "parameter", "parameters", "property",
        "propertyId", "taskMetadataValue", "unitTest",
    }
)  # fmt: skip
"""Elements that stand inside of those above."""

ATTRIBUTES = {
    "scriptsOnInstances": "",
    "isMatchingCorrelation": "",
    "isOutputSynced": "",
    "jsonSchemaId": "Payloads of messages are not held against a schema. Judge them in a script.",
}
"""Attribute -> why it is passed over; "" = read, or the editor's own."""

_IN_SPIFF = f"{{{SPIFF}}}"
MAX_TESTS = 100
MAX_JOINED = 1_000_000


# -- every word of it ----------------------------------------------------------------


def survey(root: Element, reading: Reading) -> None:
    """Say of every word of the dialect that is not read what becomes of it."""
    for element in root.iter():
        if str(element.tag).startswith(_IN_SPIFF):
            _judge(element, reading)
        for name in element.keys():  # noqa: SIM118 - names only
            if name.startswith(_IN_SPIFF):
                _judge_attribute(element, name.rpartition("}")[2], reading)


def _judge(element: Element, reading: Reading) -> None:
    name, holder = local(element), element.getparent()
    if name in INSIDE or holder is None:
        return
    if name == "retry":
        reading.findings.warning("ignored", element, "retry is ignored.", IGNORED[name])
        return
    above = holder.getparent()
    owner = "" if above is None else local(above)
    if name in READ:
        if READ[name] and owner not in READ[name]:
            _judge_elsewhere(element, name, owner, reading)
    elif name in IGNORED:
        reading.findings.warning("ignored", element, f"{name} is ignored.", IGNORED[name])
    elif name in REFUSED:
        if name != "allowGuest" or text_of(element).lower() == "true":
            message = f"{name} is not done here, and the case would go another way without it."
            reading.findings.error("spiff-not-done", element, message, REFUSED[name])
    else:
        message = f"spiffworkflow:{name} is not known."
        hint = "Remove it, or tell what it is for in an extension property."
        reading.findings.warning("ignored", element, message, hint)


def _judge_elsewhere(element: Element, name: str, owner: str, reading: Reading) -> None:
    hint = ELSEWHERE.get(name, "Move it to where it belongs.")
    reading.findings.warning("ignored", element, f"{name} is ignored at a {owner}.", hint)


def _judge_attribute(element: Element, name: str, reading: Reading) -> None:
    if name not in ATTRIBUTES:
        message = f"The attribute spiffworkflow:{name} is not known."
        reading.findings.warning("ignored", element, message, "Remove it.")
    elif ATTRIBUTES[name]:
        reading.findings.warning("ignored", element, f"{name} is ignored.", ATTRIBUTES[name])


# -- service operators ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Operator:
    """A service operator as an external task.

    Attributes:
        topic: the operator's id.
        inputs: its parameters.
        result: datum that takes what the worker answers.
    """

    topic: str
    inputs: tuple[DataMapping, ...]
    result: str


def read_operator(element: Element, extensions: Extensions, reading: Reading) -> Operator | None:
    """Return the service operator of a service task, or None without one."""
    for one in extensions.all("serviceTaskOperator", SPIFF):
        topic = (one.get("id") or "").strip()
        if not topic:
            return None
        given = (one.get("resultVariable") or "").strip()
        # SpiffWorkflow's own default.
        result = given or f"spiff__{(element.get('id') or '').replace('-', '_')}_result"
        if not result.isidentifier():
            reading.findings.error(
                "bad-name", one, f"{result!r} is no name of a datum.", "Name the response variable."
            )
            return None
        return Operator(topic, _parameters(one, reading), result)
    return None


def _parameters(operator: Element, reading: Reading) -> tuple[DataMapping, ...]:
    found: list[DataMapping] = []
    for one in operator.iter(f"{{{SPIFF}}}parameter"):
        name = (one.get("id") or one.get("name") or "").strip()
        value = reading.code(one, expression, one.get("value"))
        if value is None:
            continue
        if not name.isidentifier():
            message = f"{name!r} is no name of a parameter."
            reading.findings.error("bad-name", one, message, "Use letters, digits and _.")
            continue
        found.append(DataMapping(name, value))
    return tuple(found)


# -- instructions and unit tests -------------------------------------------------------


def instructions_of(element: Element, extensions: Extensions, reading: Reading) -> str:
    """Return the instructions of a task of people, "" without or after saying what is wrong."""
    if local(element) not in _PEOPLE:
        return ""
    for one in extensions.all("instructionsForEndUser", SPIFF):
        text = body_of(one)
        try:
            read_instructions(text)
        except BadInstructionsError as refusal:
            line = None if one.sourceline is None else one.sourceline + refusal.line - 1
            reading.findings.error(
                "instructions-template",
                (element.get("id"), line),
                f"The instructions cannot be filled in: {refusal.message}",
                "Prepare the value in a preScript and write {{ name }}.",
            )
            return ""
        return text
    return ""


def read_tests(element: Element, extensions: Extensions, reading: Reading) -> tuple[UnitTest, ...]:
    """Return the unit tests of a script task."""
    found: list[UnitTest] = []
    for holder in extensions.all("unitTests", SPIFF):
        for one in holder.iter(f"{{{SPIFF}}}unitTest"):
            given = _json(one, "inputJson", reading)
            expected = _json(one, "expectedOutputJson", reading)
            if given is not None and expected is not None:
                key = (one.get("id") or "").strip() or f"number {len(found) + 1}"
                found.append(UnitTest(key, given, expected, one.sourceline))
    if len(found) > MAX_TESTS:
        message = f"{len(found)} unit tests; the first {MAX_TESTS} are run."
        reading.findings.warning("ignored", element, message, "Keep the telling ones.")
    return tuple(found[:MAX_TESTS])


def _json(test: Element, name: str, reading: Reading) -> str | None:
    """Return the JSON object below a unit test as text."""
    one = next(test.iter(f"{{{SPIFF}}}{name}"), None)
    text = text_of(one)
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as problem:
        value, reason = None, f"it is no JSON: {problem}"
    else:
        reason = "it is no object"
    if isinstance(value, dict):
        return text
    reading.findings.error(
        "bad-unit-test",
        test if one is None else one,
        f"The {name} of unit test {test.get('id')!r} cannot be read: {reason}.",
        'Write a JSON object such as {"amount": 3}.',
    )
    return None


def variable_of(extensions: Extensions, reading: Reading) -> str | None:
    """Return the datum that takes a user task's form as one object, or None."""
    name = extensions.spiff("variableName")
    if name is not None and not name.isidentifier():
        message = f"{name!r} is no name of a datum."
        hint = "Use letters, digits and _."
        reading.findings.error("bad-name", extensions.owner, message, hint)
        return None
    return name


def with_scripts_around(element: Element, node: Node) -> Node:
    """Return a repeated activity whose scripts run once around it all, unless they say else."""
    if node.loop is None or not (node.before or node.after):
        return node
    for one in children(element, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics"):
        if one.get(f"{{{SPIFF}}}scriptsOnInstances") == "true":
            return node
    loop = replace(node.loop, before=node.before, after=node.after)
    return replace(node, loop=loop, before=None, after=None)


def own_output(kind: Kind, loop: Loop | None, reading: Reading) -> tuple[DataMapping, ...]:
    """Return what makes the output item of a multi-instance the instance's own.

    SpiffWorkflow keeps of an instance what it hands over, and drops the rest.
    """
    if not reading.spiff or loop is None or loop.output is None:
        return ()
    found = sorted(loop.output[1].names - {loop.item})
    if kind in (Kind.SERVICE, Kind.SEND):
        # It would be sent to the worker with the parameters.
        return ()
    return tuple(DataMapping(name, Code("None", "expression")) for name in found)


# -- data stores -----------------------------------------------------------------------


def is_used(store: Element, reading: Reading) -> bool:
    """Whether a step of the dialect reads or writes a data store."""
    if not reading.spiff:
        return False
    names = (f"{{{BPMN}}}sourceRef", f"{{{BPMN}}}targetRef")
    root = store.getroottree().getroot()
    return any(text_of(one) == store.get("id") for one in root.iter(*names))


def refuse_store(store: Element, reading: Reading) -> None:
    """Say that a data store is neither read nor written."""
    reading.findings.error(
        "spiff-not-done",
        store,
        "Nothing is read from or written to data stores, and steps of this process do.",
        "Keep it in a list of the installation, or let an external task read and write it.",
    )


# -- lanes -----------------------------------------------------------------------------

_INITIATOR = re.compile(r"process.?initiator", re.IGNORECASE)


def is_initiator(lane: str) -> bool:
    """Whether a lane's name means who started the process."""
    return _INITIATOR.match(lane) is not None


def role_of(lane: str) -> str:
    """Return the role that a lane's name means: ``Finance Team`` is ``Finance_Team``."""
    return re.sub(r"[^\w-]+", "_", lane).strip("_")


# -- correlation -----------------------------------------------------------------------


def over(path: str, payload: str) -> str | None:
    """Return a retrieval expression as one over the expression of its payload.

    ``order["id"]`` over ``{"order": found}`` reads ``{"order": found}["order"]["id"]``.
    None if one of them is no Python, or the two together are too long.
    """
    names = facts(path.strip(), "expression")
    if len(path) * len(payload) > MAX_JOINED:
        return None
    if names.mistake is not None or facts(payload.strip(), "expression").mistake is not None:
        return None
    holder = ast.parse(payload.strip(), mode="eval").body

    class Renamer(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            if node.id not in names.reads:
                return node
            return _member(holder, node.id)

    tree = Renamer().visit(ast.parse(path.strip(), mode="eval"))
    return ast.unparse(ast.fix_missing_locations(tree))


def _member(holder: ast.expr, name: str) -> ast.expr:
    """Return ``holder[name]``; of a dictionary that is written out, the value itself."""
    if isinstance(holder, ast.Dict):
        for key, value in zip(holder.keys, holder.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == name:
                return value
    return ast.Subscript(holder, ast.Constant(name), ast.Load())
