"""One flow node: its element read into the model's words."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from engine.bpmn import spiff
from engine.bpmn.activities import (
    CONSUMED,
    names_in,
    read_assignment,
    read_called,
    read_decision,
    read_form,
    read_form_ui,
    read_groups,
    read_outcomes,
    read_script,
    read_topic,
)
from engine.bpmn.compensation import handler_of, is_for_compensation
from engine.bpmn.document import SPIFF, Element, body_of, child, children, is_true, local, text_of
from engine.bpmn.expressions import expression
from engine.bpmn.extensions import (
    Extensions,
    call_border,
    copied,
    inputs_outputs,
    read_extensions,
)
from engine.bpmn.lanes import STARTER, Lane
from engine.bpmn.loops import read_loop
from engine.bpmn.messages import Correlations, Site, message_definition
from engine.bpmn.model import (
    ACTIVITIES,
    Assignment,
    DataMapping,
    EventDefinition,
    Kind,
    Node,
    Scope,
    Trigger,
)
from engine.bpmn.reading import Reading
from engine.bpmn.triggers import demand_position, read_definitions
from engine.scripts import Code

MAX_QUANTITY = 100
"""Tokens that begin an activity, or leave it, at most."""

KINDS = {one.value: one for one in Kind if one is not Kind.EVENT_SUB_PROCESS}
KINDS["transaction"] = KINDS["adHocSubProcess"] = Kind.SUB_PROCESS
_INSTANTIATING = frozenset({Kind.RECEIVE, Kind.EVENT_BASED})
_EVENTS = frozenset({Kind.START, Kind.END, Kind.CATCH, Kind.THROW, Kind.BOUNDARY})


class Surroundings(NamedTuple):
    """What a node's reading depends on beside its own element.

    Attributes:
        where: what holds the node: "process", "subProcess" or "eventSubProcess".
        boundary: ids of the boundary events attached to it.
    """

    where: str
    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]
    boundary: tuple[str, ...]
    lane: Lane
    correlations: Correlations


def kind_of(element: Element) -> Kind | None:
    """Return the node's kind; None for what is no flow node or not supported."""
    kind = KINDS.get(local(element))
    if kind is Kind.SUB_PROCESS and is_true(element.get("triggeredByEvent")):
        return Kind.EVENT_SUB_PROCESS
    return kind


def read_node(
    element: Element, kind: Kind, around: Surroundings, body: Scope | None, reading: Reading
) -> Node:
    """Return the node, with findings for what it says itself.

    What depends on its neighbours is left to ``structure``.
    """
    extensions = read_extensions(element, reading)
    _refuse_attributes(element, reading)
    events = _events(element, kind, extensions, around, reading)
    own = _Own(element, kind, extensions, events, around, reading)
    parts = {**_common(own, body), **_details(own, body)}
    return spiff.with_scripts_around(element, Node(**parts))


class _Own(NamedTuple):
    """One element that is a node, and what its reading depends on."""

    element: Element
    kind: Kind
    extensions: Extensions
    events: tuple[EventDefinition, ...]
    around: Surroundings
    reading: Reading


def _common(own: _Own, body: Scope | None) -> dict[str, Any]:
    """Return what nodes of every kind may have."""
    element, kind, _, events, around, reading = own
    parts = {
        "id": element.get("id", ""),
        "kind": kind,
        "name": (element.get("name") or "").strip(),
        "incoming": around.incoming,
        "outgoing": around.outgoing,
        "default": _default(element, around, reading),
        "events": events,
        "parallel_multiple": is_true(element.get("parallelMultiple"))
        or element.get("eventGatewayType") == "Parallel",
        "instantiates": kind in _INSTANTIATING and is_true(element.get("instantiate")),
        "boundary": around.boundary,
        "host": element.get("attachedToRef") if kind is Kind.BOUNDARY else None,
        "interrupting": _interrupting(element, kind),
        "handler": handler_of(element, reading) if _is_compensated(kind, events) else None,
        "for_compensation": is_for_compensation(element, kind, reading),
        "transaction": local(element) == "transaction",
        "body": body,
        "lanes": around.lane.names,
        "line": element.sourceline,
    }
    # Most nodes have no parts, or none that extends them.
    if len(element):
        parts["documentation"] = _documentation(element)
    return {**parts, **_extended(own)} if own.extensions.children else parts


def _extended(own: _Own) -> dict[str, Any]:
    """Return what the extension elements of a node say, whatever its kind."""
    element, kind, extensions, _, _, reading = own
    return {
        "before": _script(element, extensions, "preScript"),
        "after": _script(element, extensions, "postScript"),
        "units": _units(element, kind, extensions, reading),
        "instructions": spiff.instructions_of(element, extensions, reading),
        "writes": _writes(extensions),
        "properties": MappingProxyType(
            {name: text for name, text in extensions.properties.items() if name not in CONSUMED}
        ),
    }


def _details(own: _Own, body: Scope | None) -> dict[str, Any]:
    """Return what only nodes of its kind have."""
    element, kind, extensions, _, around, reading = own
    parts: dict[str, Any] = {}
    if kind in (Kind.USER, Kind.START):
        parts["form"] = read_form(element, extensions, reading)
        parts["form_ui"] = read_form_ui(extensions)
    if kind in ACTIVITIES:
        parts["loop"] = read_loop(element, extensions, around.correlations, reading)
        parts["start_quantity"] = _quantity(element, "startQuantity", reading)
        parts["completion_quantity"] = _quantity(element, "completionQuantity", reading)
    if kind is Kind.COMPLEX:
        return {**parts, "activation": _activation(element, around, reading)}
    if kind is Kind.CALL:
        border = call_border(extensions, reading)
        return {
            **parts,
            "called": read_called(element, extensions, reading),
            "inputs": border.inputs,
            "outputs": border.outputs,
            "all_in": border.all_in,
            "all_out": border.all_out,
        }
    inputs, outputs = inputs_outputs(extensions, reading)
    parts["inputs"] = (*inputs, *spiff.own_output(kind, parts.get("loop"), reading))
    parts["outputs"] = outputs
    if body is not None and body.ad_hoc is not None:
        who = _assignment(element, extensions, around.lane, reading)
        return {**parts, "assignment": Assignment(users=who.users, groups=who.groups)}
    return {**parts, **_work(own, parts["inputs"])}


def _work(own: _Own, inputs: tuple[DataMapping, ...]) -> dict[str, Any]:
    """Return what a task of its kind does."""
    element, kind, extensions, _, around, reading = own
    if kind is Kind.MANUAL and reading.spiff:
        who = _assignment(element, extensions, around.lane, reading)
        return {"assignment": who, "writes": ()}
    if kind is Kind.USER:
        return {
            "variable": spiff.variable_of(extensions, reading),
            "assignment": _assignment(element, extensions, around.lane, reading),
            "outcomes": MappingProxyType(read_outcomes("outcomes", extensions, reading)),
            "outcomes_en": MappingProxyType(read_outcomes("outcomes_en", extensions, reading)),
        }
    if kind is Kind.SCRIPT:
        tests = spiff.read_tests(element, extensions, reading)
        return {"code": read_script(element, extensions, reading), "tests": tests}
    if kind is Kind.BUSINESS_RULE:
        return {"decision": read_decision(element, extensions, reading)}
    if kind in (Kind.SERVICE, Kind.SEND):
        return _topic(own, inputs)
    return {}


def _activation(element: Element, around: Surroundings, reading: Reading) -> Code | None:
    at = child(element, "activationCondition")
    if len(around.incoming) > 1 and not text_of(at):
        reading.findings.error(
            "activation-missing",
            element,
            "Several flows lead to the complex gateway, and nothing says when it goes on.",
            "Write an activationCondition, such as activationCount >= 2.",
        )
    return None if at is None else reading.code(at, expression, body_of(at))


def _topic(own: _Own, inputs: tuple[DataMapping, ...]) -> dict[str, Any]:
    element, _, extensions, events, _, reading = own
    operator = spiff.read_operator(element, extensions, reading)
    if operator is not None:
        return {
            "topic": operator.topic,
            "inputs": (*inputs, *operator.inputs),
            "result": operator.result,
        }
    topic = read_topic(element, extensions)
    if topic is None and not element.get("messageRef"):
        reading.findings.error(
            "no-topic",
            element,
            "Nothing says what the task does.",
            "Name a topic (camunda:topic), or for a send task a message.",
        )
    # ``camunda:in`` at a service task is read like an input parameter.
    more, _ = copied(extensions, "in", reading) if not events else ((), False)
    return {"topic": topic, "inputs": (*inputs, *_unless_named(more, inputs))}


def _unless_named(
    more: tuple[DataMapping, ...], inputs: tuple[DataMapping, ...]
) -> tuple[DataMapping, ...]:
    named = {one.target for one in inputs}
    return tuple(one for one in more if one.target not in named)


def _assignment(
    element: Element, extensions: Extensions, lane: Lane, reading: Reading
) -> Assignment:
    assignment = read_assignment(element, extensions, reading)
    if assignment.assignee or assignment.users or assignment.groups:
        return assignment
    if reading.spiff and not lane.names:
        # Outside of lanes a task is for who started the process.
        return replace(assignment, users=(STARTER,))
    return replace(assignment, users=lane.users, groups=read_groups(element, lane.role, reading))


def _events(
    element: Element,
    kind: Kind,
    extensions: Extensions,
    around: Surroundings,
    reading: Reading,
) -> tuple[EventDefinition, ...]:
    if kind in _EVENTS:
        events = read_definitions(element, kind, extensions, around.correlations, reading)
        demand_position(element, kind, events, around.where, reading)
        return events
    if kind is Kind.RECEIVE or (kind is Kind.SEND and element.get("messageRef")):
        message = message_definition(
            Site(element, element, kind, extensions, around.correlations, reading)
        )
        return () if message is None else (message,)
    return ()


def _default(element: Element, around: Surroundings, reading: Reading) -> str | None:
    reference = element.get("default")
    target = reading.target(element, "default", reference, "sequenceFlow")
    if target is None:
        return None
    key = target.get("id", "")
    if key not in around.outgoing:
        reading.findings.error(
            "default-not-outgoing",
            element,
            f"The default flow {key!r} does not start here.",
            "Choose one of its own outgoing flows.",
        )
        return None
    return key


def _is_compensated(kind: Kind, events: tuple[EventDefinition, ...]) -> bool:
    return kind is Kind.BOUNDARY and any(one.trigger is Trigger.COMPENSATE for one in events)


def _interrupting(element: Element, kind: Kind) -> bool:
    if kind is Kind.BOUNDARY:
        return is_true(element.get("cancelActivity"), default=True)
    if kind is Kind.START:
        return is_true(element.get("isInterrupting"), default=True)
    return True


def _quantity(element: Element, name: str, reading: Reading) -> int:
    """Return how many tokens begin or leave an activity."""
    given = element.get(name)
    if not given:
        return 1
    text = given.strip()
    number = int(text) if re.fullmatch(r"\+?\d{1,6}", text) else 0
    if not 0 < number <= MAX_QUANTITY:
        reading.findings.error(
            "bad-number",
            element,
            f"{name} {text!r} is no number from 1 to {MAX_QUANTITY}.",
            "Write an integer; 1 is the default.",
        )
        return 1
    return number


def _writes(extensions: Extensions) -> tuple[str, ...] | None:
    text = extensions.properties.get("writes")
    return None if text is None else names_in(text)


def _units(element: Element, kind: Kind, extensions: Extensions, reading: Reading) -> Code | None:
    text = extensions.properties.get("units") if kind is Kind.START else None
    return reading.code(element, expression, text)


def _script(element: Element, extensions: Extensions, name: str) -> Code | None:
    """Return the script before or after an activity."""
    if local(element) not in spiff.SCRIPTED:
        return None
    for one in extensions.all(name, SPIFF):
        text = body_of(one)
        return Code(text, "script", one.sourceline) if text.strip() else None
    return None


def _documentation(element: Element) -> str:
    texts = [text_of(one) for one in children(element, "documentation")]
    return "\n\n".join(text for text in texts if text)


def _refuse_attributes(element: Element, reading: Reading) -> None:
    """Refuse by name what BPMN knows and the engine does not."""
    type_ = element.get("eventGatewayType") or "Exclusive"
    if type_ not in ("Exclusive", "Parallel"):
        _not_supported(element, f"eventGatewayType {type_!r}", reading)


def _not_supported(element: Element, what: str, reading: Reading) -> None:
    reading.findings.error(
        "not-supported", element, f"{what} is not supported yet.", "Draw it with other elements."
    )


def data_default(element: Element, reading: Reading) -> Code | None:
    """Return the expression for a data object's first value (property ``default``)."""
    text = read_extensions(element, reading).properties.get("default")
    return reading.code(element, expression, text)
