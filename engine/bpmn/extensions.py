"""What BPMN editors write beside BPMN: ``camunda:``, ``zeebe:``, ``spiffworkflow:``.

Code of other engines (Java classes, listeners, delegates, connectors) is refused
by name: a diagram that relied on it would do something else here, silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from engine.bpmn.document import (
    CAMUNDA,
    SPIFF,
    ZEEBE,
    Element,
    body_of,
    child,
    local,
    namespace,
    text_of,
    vendor,
    vendors,
)
from engine.bpmn.expressions import expression, is_python, name_or_expression, text_or_expression
from engine.bpmn.model import NOTHING, DataMapping
from engine.bpmn.reading import Reading
from engine.scripts import Code

DROOLS = "http://www.jboss.org/drools"
"""What jBPM and Kogito write; of it only what would run code is known."""

_HANDLER = f"{{{DROOLS}}}taskName"
_REFUSED_ATTRIBUTES = {
    "class": "Java code",
    "delegateExpression": "Java code",
    "expression": "Java code",
    "variableMappingClass": "Java code",
    "variableMappingDelegateExpression": "Java code",
    "resource": "a script file",
    "caseRef": "a CMMN case",
}
_REFUSED_CHILDREN = {
    "executionListener": "a listener",
    "taskListener": "a listener",
    "executionListeners": "listeners",
    "taskListeners": "listeners",
    "eventListener": "a listener",
    "connector": "a connector",
    "field": "a field injected into Java code",
    "eventType": "an event of another engine's registry",
    "onEntry-script": "a listener",
    "onExit-script": "a listener",
}
_IGNORED_CHILDREN = {
    "formData": "Make a form of its own and name it in formKey.",
    "formProperty": "Make a form of its own and name it in formKey.",
    "failedJobRetryTimeCycle": "External tasks are tried again by whoever works on them.",
    "taskHeaders": "Give the worker its data by inputParameter.",
    "errorEventDefinition": "A worker that fails for good throws the error itself.",
}
_IGNORED_ATTRIBUTES = {
    "skipExpression": "Lead a flow past the step, with the condition.",
    "inheritVariables": "Give the called process its data by camunda:in.",
    "triggerable": "Wait for a message after the step.",
    "initiator": "Read the starter as case['starter'].",
    "calledElementVersion": "A case keeps the versions that are current when it starts.",
    "calledElementTenantId": "There are no tenants.",
    "decisionRefVersion": "A case keeps the versions that are current when it starts.",
    "candidateStarterUsers": "Who may start a process is a matter of roles.",
    "formRefVersion": "A case keeps the versions that are current when it starts.",
}
_JUDGED = frozenset({*_REFUSED_ATTRIBUTES, *_IGNORED_ATTRIBUTES, "type"})
_INSTEAD = "Use an external task (a topic), a script in Python, or an event in the diagram."


class Extensions(NamedTuple):
    """The extension elements of one BPMN element.

    Attributes:
        properties: name -> value of all extension properties.
        children: every extension element, direct ones only, in order.
    """

    owner: Element
    properties: Mapping[str, str]
    children: tuple[Element, ...]

    def all(self, name: str, *uris: str) -> Iterator[Element]:
        """Return the direct extension elements of that name in these namespaces."""
        for one in self.children:
            if local(one) == name and namespace(one) in uris:
                yield one

    def zeebe(self, name: str, attribute: str) -> str | None:
        """Return an attribute of a ``zeebe:`` extension element; None if empty."""
        if not self.children:
            return None
        for one in self.all(name, ZEEBE):
            value = one.get(attribute)
            if value is not None and value.strip():
                return str(value).strip()
        return None

    def spiff(self, name: str) -> str | None:
        """Return the text of a ``spiffworkflow:`` extension element; None if empty."""
        for one in self.all(name, SPIFF):
            return text_of(one) or None
        return None


def read_extensions(element: Element, reading: Reading) -> Extensions:
    """Read the extension elements, and refuse what is code of another engine."""
    _refuse_attributes(element, reading)
    holder = child(element, "extensionElements")
    if holder is None:
        return Extensions(element, NOTHING, ())
    found = tuple(holder)
    properties: dict[str, str] = {}
    for one in found:
        if namespace(one) not in (*CAMUNDA, ZEEBE, SPIFF, DROOLS):
            continue
        name = local(one)
        if name in _REFUSED_CHILDREN:
            what = _REFUSED_CHILDREN[name]
            reading.findings.error(
                "foreign-code", one, f"{name} is {what}; it is not run.", _INSTEAD
            )
        elif name in _IGNORED_CHILDREN:
            reading.findings.warning("ignored", one, f"{name} is ignored.", _IGNORED_CHILDREN[name])
        elif name == "properties":
            _read_properties(one, properties, reading)
    return Extensions(element, properties, found)


def _read_properties(holder: Element, properties: dict[str, str], reading: Reading) -> None:
    for one in holder:
        if local(one) != "property":
            continue
        name = (one.get("name") or one.get("id") or "").strip()
        if not name:
            continue
        if name in properties:
            reading.findings.warning(
                "property-twice",
                one,
                f"The property {name!r} is given twice; the last one counts.",
                "Remove one of them.",
            )
        properties[name] = (one.get("value") or text_of(one)).strip()


def _refuse_attributes(element: Element, reading: Reading) -> None:
    if not any(name[0] == "{" for name in element.keys()):  # noqa: SIM118 - names only
        return
    handler = element.get(_HANDLER)
    if handler is not None:
        reading.findings.error(
            "foreign-code", element, f"type {handler!r} is built into another engine.", _INSTEAD
        )
    named = vendors(element)
    if not named:
        return
    given = {name for name in named if name in _JUDGED and vendor(element, name) is not None}
    for name in given & _REFUSED_ATTRIBUTES.keys():
        what = _REFUSED_ATTRIBUTES[name]
        reading.findings.error(
            "foreign-code", element, f"{name} names {what}; it is not run.", _INSTEAD
        )
    for name in given & _IGNORED_ATTRIBUTES.keys():
        instead = _IGNORED_ATTRIBUTES[name]
        reading.findings.warning("ignored", element, f"{name} is ignored.", instead)
    kind = vendor(element, "type")
    if kind is not None and kind != "external":
        reading.findings.error(
            "foreign-code", element, f"type {kind!r} is built into another engine.", _INSTEAD
        )


# -- data over a border --------------------------------------------------------


def inputs_outputs(
    extensions: Extensions, reading: Reading
) -> tuple[tuple[DataMapping, ...], tuple[DataMapping, ...]]:
    """Return the ``inputOutput`` and ``ioMapping`` of an activity or event."""
    if not extensions.children:
        return (), ()
    inputs: list[DataMapping] = []
    outputs: list[DataMapping] = []
    for holder in extensions.all("inputOutput", *CAMUNDA):
        for one in holder:
            kept = {"inputParameter": inputs, "outputParameter": outputs}.get(local(one))
            if kept is not None:
                _keep(kept, one, one.get("name"), _parameter(one, reading), reading)
            elif local(one) != "connector":
                _refuse_part(one, "inputParameter and outputParameter", reading)
    for holder in extensions.all("ioMapping", ZEEBE):
        for one in holder:
            kept = {"input": inputs, "output": outputs}.get(local(one))
            if kept is not None:
                value = reading.code(one, text_or_expression, one.get("source"))
                _keep(kept, one, one.get("target"), value, reading)
            else:
                _refuse_part(one, "input and output", reading)
    return tuple(inputs), tuple(outputs)


def _refuse_part(element: Element, known: str, reading: Reading) -> None:
    """Refuse what a slip of the pen would lose without a word."""
    holder = element.getparent()
    around = "" if holder is None else local(holder)
    reading.findings.error(
        "unknown-element",
        element,
        f"{local(element)!r} means nothing in {around}.",
        f"There are {known}.",
    )


def _keep(
    kept: list[DataMapping], at: Element, name: str | None, value: Code | None, reading: Reading
) -> None:
    if not name or not name.strip().isidentifier():
        reading.findings.error(
            "bad-name",
            at,
            f"{name!r} is no name that a datum can have.",
            "Use letters, digits and _, not starting with a digit.",
        )
    elif value is not None:
        kept.append(DataMapping(name.strip(), value))


def _parameter(element: Element, reading: Reading) -> Code | None:
    """Return the value of a parameter: text, list, map or a script of one expression."""
    for inner in element:
        name = local(inner)
        if name == "list":
            return _gathered(list(inner), [""] * len(inner), "[]", reading)
        if name == "map":
            entries = [one for one in inner if local(one) == "entry"]
            keys = [f"{one.get('key', '')!r}: " for one in entries]
            return _gathered(entries, keys, "{}", reading)
        if name == "script":
            return _script(inner, reading)
    return reading.code(element, text_or_expression, body_of(element)) or Code("''", "expression")


def _gathered(
    elements: list[Element], prefixes: list[str], brackets: str, reading: Reading
) -> Code | None:
    parts: list[str] = []
    for one, prefix in zip(elements, prefixes, strict=True):
        value = _script(one, reading) if local(one) == "script" else _parameter(one, reading)
        value = reading.python(one, value)
        if value is None:
            return None
        parts.append(f"{prefix}{value.text}")
    return Code(f"{brackets[0]}{', '.join(parts)}{brackets[1]}", "expression")


def _script(element: Element, reading: Reading) -> Code | None:
    text = text_of(element)
    language = (element.get("scriptFormat") or "python").lower()
    if language not in PYTHON or not is_python(text) or element.get("resource"):
        reading.findings.error(
            "script-refused",
            element,
            "A parameter's script must be one Python expression.",
            "Use a script task for more.",
        )
        return None
    return reading.code(element, expression, text)


PYTHON = frozenset({"python", "python3", "text/x-python", "application/python", "py"})


@dataclass(frozen=True, slots=True)
class Border:
    """What a call activity carries over its border."""

    inputs: tuple[DataMapping, ...]
    outputs: tuple[DataMapping, ...]
    all_in: bool
    all_out: bool


def call_border(extensions: Extensions, reading: Reading) -> Border:
    """Return the ``in`` and ``out`` mappings of a call activity."""
    first_in, first_out = inputs_outputs(extensions, reading)
    inputs, all_in = copied(extensions, "in", reading)
    outputs, all_out = copied(extensions, "out", reading)
    if next(extensions.all("calledElement", ZEEBE), None) is not None:
        all_in = (
            all_in or extensions.zeebe("calledElement", "propagateAllParentVariables") != "false"
        )
        passes_all = extensions.zeebe("calledElement", "propagateAllChildVariables") != "false"
        all_out = all_out or (passes_all and not first_out)
    if reading.spiff and not (first_in or first_out or inputs or outputs):
        # SpiffWorkflow copies everything; the called process may say less, see ``linking``.
        all_in = all_out = True
    return Border((*first_in, *inputs), (*first_out, *outputs), all_in, all_out)


def copied(
    extensions: Extensions, name: str, reading: Reading
) -> tuple[tuple[DataMapping, ...], bool]:
    """Return the ``camunda:in`` or ``out`` elements: mappings, and whether all is copied."""
    mappings: list[DataMapping] = []
    everything = False
    for one in extensions.all(name, *CAMUNDA):
        if one.get("businessKey") is not None:
            reading.findings.warning(
                "ignored",
                one,
                "The business key is not passed on: a called process belongs to the same case.",
                "Read it there as case['business_key'].",
            )
        elif one.get("variables") == "all":
            everything = True
        else:
            source = one.get("source")
            value = (
                reading.code(one, name_or_expression, source)
                if source
                else reading.code(one, expression, one.get("sourceExpression"))
            )
            if not source and not one.get("sourceExpression"):
                reading.findings.error(
                    "bad-name", one, f"{name} names no source.", "Give source or sourceExpression."
                )
            _keep(mappings, one, one.get("target") or source, value, reading)
    return tuple(mappings), everything
