"""The elements and attributes that BPMN 2.0 has, and what of a file is none of them.

``vocabulary.json`` holds each type of the standard's schema: what it is a kind of, its
own attributes and its own children. A word that stands where the schema has no such
word would be passed over by every reader, and a slip of the pen in ``cancelActivity``
would change what a case does; so each is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from engine.bpmn.document import Element, children, is_executable, local
from engine.bpmn.reading import Reading

Words = Mapping[str, str | tuple[str, ...]]
"""Attribute -> its type: "text", "reference", "boolean", "integer", or the words it may be."""

_DRAWN = frozenset(
    {"collaboration", "choreography", "globalConversation", "globalChoreographyTask"}
)
_HOLDERS = frozenset({"process", "subProcess"})
# Parts of which the schema allows one at most -> of which group; the first alone would count.
_ONCE: Mapping[str, str] = {
    "standardLoopCharacteristics": "loop",
    "multiInstanceLoopCharacteristics": "loop",
    **{
        name: name
        for name in (
            "activationCondition", "childLaneSet", "completionCondition", "condition",
            "conditionExpression", "dataPath", "extensionElements", "inputDataItem",
            "ioSpecification", "loopCardinality", "loopCondition", "loopDataInputRef",
            "loopDataOutputRef", "messagePath", "outputDataItem", "script",
            "timeCycle", "timeDate", "timeDuration",
        )
    },
}  # fmt: skip
# Words that decide what a case does; another word among them would be passed over.
_DECIDING = frozenset({"eventGatewayType", "ordering"})
_BOOLEANS = frozenset({"true", "false", "1", "0"})
# Some tools write a path as a formalExpression of its own; it is read so, too.
_ALSO: Mapping[str, Mapping[str, str]] = {
    # The standard's text has definitions inherit them, its schema leaves them out.
    "definitions": {"documentation": "documentation", "extensionElements": "extensionElements"},
    "correlationPropertyRetrievalExpression": {"formalExpression": "expression"},
    "correlationPropertyBinding": {"formalExpression": "expression"},
}
_ALSO_ATTRIBUTES: Mapping[str, Words] = {
    "expression": {"language": "text", "evaluatesToTypeRef": "reference"},
    "scriptTask": {"scriptLanguage": "text"},
    "globalScriptTask": {"scriptFormat": "text"},
}


@dataclass(frozen=True, slots=True)
class Type:
    """A type of element, with what it has from the types that it is a kind of.

    Attributes:
        kinds: the names of those types, its own first.
        children: the names of elements that may stand inside -> their types.
    """

    name: str
    kinds: tuple[str, ...]
    attributes: Words
    children: Mapping[str, str]


@cache
def document() -> Mapping[str, Any]:
    """Return ``vocabulary.json`` as it stands."""
    found = resources.files("engine.bpmn").joinpath("vocabulary.json").read_text("utf-8")
    result: Mapping[str, Any] = json.loads(found)
    return result


@cache
def types() -> Mapping[str, Type]:
    """Return every type of element by its name."""
    lines = {name: _line(name) for name in document()["types"]}
    abstract = frozenset(document()["abstract"])
    fits: dict[str, dict[str, str]] = {}
    for name, kinds in lines.items():
        for kind in kinds:
            if name not in abstract:
                fits.setdefault(kind, {})[name] = name
    return {name: _type(name, kinds, fits) for name, kinds in lines.items()}


def _line(name: str) -> tuple[str, ...]:
    above = document()["types"][name].get("is")
    return (name,) if above is None else (name, *_line(str(above)))


def _type(name: str, kinds: tuple[str, ...], fits: Mapping[str, Mapping[str, str]]) -> Type:
    attributes: dict[str, str | tuple[str, ...]] = {}
    inside: dict[str, str] = {}
    for kind in reversed(kinds):
        for key, value in document()["types"][kind].get("attributes", {}).items():
            attributes[key] = value if isinstance(value, str) else tuple(value)
        for key, value in document()["types"][kind].get("children", {}).items():
            inside.update(fits.get(value, {}) if key == value else {key: value})
        attributes.update(_ALSO_ATTRIBUTES.get(kind, {}))
        inside.update(_ALSO.get(kind, {}))
    return Type(name, kinds, attributes, inside)


# -- one file ------------------------------------------------------------------------


def survey(root: Element, reading: Reading) -> None:
    """Tell each word of BPMN's namespace that stands where BPMN 2.0 has no such word."""
    known = types()
    waiting = [(root, "definitions", True)]
    while waiting:
        element, name, runs = waiting.pop()
        kind = known.get(name)
        if kind is None:
            continue
        _judge_attributes(element, kind, runs, reading)
        seen: set[str] = set()
        for one in children(element):
            part = local(one)
            if part in _ONCE:
                part = _ONCE[part]
                if part in seen:
                    _tell_second(one, kind, runs, reading)
                seen.add(part)
            inner = kind.children.get(local(one))
            if inner is None:
                # ``scopes`` tells what it cannot read of an executable process.
                if not runs or _HOLDERS.isdisjoint(kind.kinds):
                    _tell_element(one, kind, runs, reading)
            else:
                deep = name == "definitions"
                waiting.append((one, inner, _runs(one) if deep else runs))


def _runs(root: Element) -> bool:
    if local(root) == "process":
        return is_executable(root)
    return local(root) not in _DRAWN


def _tell_element(element: Element, around: Type, runs: bool, reading: Reading) -> None:
    name = local(element)
    tell = reading.findings.error if runs else reading.findings.warning
    near = get_close_matches(name, around.children, n=1, cutoff=0.8)
    tell(
        "unknown-element",
        element,
        f"{name!r} is no element of BPMN 2.0 that stands in a {around.name}.",
        f"Did you mean {near[0]!r}?" if near else "Draw it again with another element.",
    )


def _tell_second(element: Element, around: Type, runs: bool, reading: Reading) -> None:
    said = (
        f"BPMN 2.0 allows one {local(element)!r} at most in a {around.name}; this is another.",
        "Keep one of them; the others would be passed over.",
    )
    if runs:
        reading.findings.error("part-twice", element, *said)
    else:
        reading.findings.warning("part-twice", element, *said)


def _judge_attributes(element: Element, kind: Type, runs: bool, reading: Reading) -> None:
    for key, value in element.attrib.items():
        name = str(key)
        if name[0] == "{" or name == "id":
            continue
        expected = kind.attributes.get(name)
        if expected is None:
            _tell_attribute(element, name, kind, runs, reading)
        elif expected == "boolean":
            if str(value).strip() not in _BOOLEANS:
                _tell_value(element, name, ("true", "false"), runs, reading)
        elif name in _DECIDING and str(value).strip() not in expected:
            _tell_value(element, name, tuple(expected), runs, reading)


def _tell_attribute(element: Element, name: str, kind: Type, runs: bool, reading: Reading) -> None:
    near = get_close_matches(name, kind.attributes, n=1, cutoff=0.8)
    if near and runs:
        reading.findings.error(
            "unknown-attribute",
            element,
            f"BPMN 2.0 has no attribute {name!r} at a {kind.name}.",
            f"Did you mean {near[0]!r}?",
        )
        return
    reading.findings.warning(
        "ignored",
        element,
        f"BPMN 2.0 has no attribute {name!r} at a {kind.name}; it is ignored.",
        "Remove it, or give it the namespace of the tool that reads it.",
    )


def _tell_value(
    element: Element, name: str, allowed: tuple[str, ...], runs: bool, reading: Reading
) -> None:
    said = (
        f"{name} is {element.get(name)!r}; BPMN 2.0 knows {' and '.join(allowed)}.",
        "Write one of them as it stands there.",
    )
    if runs:
        reading.findings.error("bad-value", element, *said)
    else:
        reading.findings.warning("bad-value", element, *said)
