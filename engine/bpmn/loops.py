"""How an activity repeats: standard loops and multi-instance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from engine.bpmn.behavior import read_behavior
from engine.bpmn.document import (
    CAMUNDA,
    ZEEBE,
    Element,
    body_of,
    child,
    is_true,
    local,
    text_of,
    vendor,
)
from engine.bpmn.expressions import expression
from engine.bpmn.extensions import Extensions
from engine.bpmn.messages import Correlations
from engine.bpmn.model import Loop, LoopKind
from engine.bpmn.reading import Reading
from engine.scripts import Code

MAX_INSTANCES = 1_000
LOOPS = ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics")


def read_loop(
    element: Element, extensions: Extensions, correlations: Correlations, reading: Reading
) -> Loop | None:
    """Return the loop or multi-instance characteristics."""
    standard = child(element, "standardLoopCharacteristics")
    if standard is not None:
        return _standard_loop(standard, reading)
    multiple = child(element, "multiInstanceLoopCharacteristics")
    if multiple is None:
        return None
    throws = read_behavior(multiple, extensions, correlations, reading)
    return replace(_multi_instance(multiple, extensions, reading), throws=throws)


def _standard_loop(element: Element, reading: Reading) -> Loop | None:
    condition = reading.code(element, expression, body_of(child(element, "loopCondition")))
    text = element.get("loopMaximum")
    maximum = int(text) if text and re.fullmatch(r"\d{1,6}", text.strip()) else None
    if text and not maximum:
        reading.findings.error(
            "bad-number",
            element,
            f"loopMaximum {text!r} is no number above 0.",
            "Write an integer.",
        )
    elif condition is None and maximum is None:
        reading.findings.error(
            "loop-without-end",
            element,
            "The loop has neither a condition nor a maximum.",
            "Give it a loopCondition or a loopMaximum.",
        )
    return Loop(
        LoopKind.STANDARD,
        condition=condition,
        test_before=is_true(element.get("testBefore")),
        maximum=maximum,
    )


def _multi_instance(element: Element, extensions: Extensions, reading: Reading) -> Loop:
    inner = _zeebe_loop(element)
    cardinality = reading.code(element, expression, body_of(child(element, "loopCardinality")))
    _demand_bounded(element, cardinality, reading)
    given = vendor(element, "collection") or inner.get("inputCollection")
    collection = (
        reading.code(element, expression, given)
        if given
        else _datum(child(element, "loopDataInputRef"), reading)
    )
    counted = given or any(
        text_of(child(element, name)) for name in ("loopCardinality", "loopDataInputRef")
    )
    if not counted:
        reading.findings.error(
            "multi-instance-of-nothing",
            element,
            "The multi-instance has neither a cardinality nor a collection.",
            "Give it a collection (camunda:collection) or a loopCardinality.",
        )
    item = vendor(element, "elementVariable") or inner.get("inputElement")
    if item is None:
        item = _item_name(child(element, "inputDataItem"), reading)
    if item is not None and not item.isidentifier():
        reading.findings.error(
            "bad-name",
            element,
            f"{item!r} is no name that a datum can have.",
            "Use letters, digits and _, not starting with a digit.",
        )
    return Loop(
        LoopKind.SEQUENTIAL if is_true(element.get("isSequential")) else LoopKind.PARALLEL,
        cardinality=cardinality,
        collection=collection,
        item=item,
        output=_output(element, inner, extensions, reading),
        completion=reading.code(
            element, expression, body_of(child(element, "completionCondition"))
        ),
        adding=_adding(element, extensions, reading),
    )


def _adding(
    element: Element, extensions: Extensions, reading: Reading
) -> tuple[str, Code | None] | None:
    """Return what people may add to a running multi-instance, or None."""
    properties = {**extensions.properties, **_own_properties(element)}
    choices = properties.get("addable")
    if not choices:
        return None
    return choices, reading.code(element, expression, properties.get("added"))


def _demand_bounded(element: Element, cardinality: Code | None, reading: Reading) -> None:
    if cardinality is None or not re.fullmatch(r"[\d_]+", cardinality.text):
        return
    digits = cardinality.text.replace("_", "").lstrip("0")
    if len(digits) > 4 or int(digits or "0") > MAX_INSTANCES:
        reading.findings.error(
            "too-many-instances",
            element,
            f"{cardinality.text} instances are more than {MAX_INSTANCES:,}, the most there may be.",
            "Split the work, or loop over groups.",
        )


def _zeebe_loop(element: Element) -> dict[str, str]:
    holder = child(element, "extensionElements")
    if holder is not None:
        for one in holder.iter(f"{{{ZEEBE}}}loopCharacteristics"):
            return {str(name): str(value) for name, value in one.attrib.items()}
    return {}


def _output(
    element: Element, inner: Mapping[str, str], extensions: Extensions, reading: Reading
) -> tuple[str, Code] | None:
    """Return where each instance's result is gathered, and what it is."""
    own = _own_properties(element)
    properties = {**inner, **extensions.properties, **own}
    target = properties.get("outputCollection")
    if target is None:
        code = _datum(child(element, "loopDataOutputRef"), reading)
        target = None if code is None else code.text
    if target is None:
        return None
    text = properties.get("outputElement")
    if text is None:
        name = _item_name(child(element, "outputDataItem"), reading)
        text = None if name is None else f"value({name!r})"
    value = reading.code(element, expression, text)
    if value is None or not target.isidentifier():
        reading.findings.error(
            "bad-output",
            element,
            "outputCollection and outputElement go together: a name and an expression.",
            "Give both, or neither.",
        )
        return None
    return target, value


def _own_properties(element: Element) -> dict[str, str]:
    """Return extension properties that stand on the loop itself."""
    holder = child(element, "extensionElements")
    if holder is None:
        return {}
    return {
        str(one.get("name")): str(one.get("value", "")).strip()
        for uri in CAMUNDA
        for one in holder.iter(f"{{{uri}}}property")
    }


def _datum(element: Element | None, reading: Reading) -> Code | None:
    """Return the datum that a loop's reference means: a data object, an input, or a name."""
    text = text_of(element)
    if element is None or not text:
        return None
    target = reading.ids.get(text)
    # SpiffWorkflow takes the text itself for the name.
    if target is not None and not reading.spiff:
        text = data_name(target, reading)
    if not text.isidentifier():
        reading.findings.error(
            "bad-name", element, f"{text!r} is no name of a datum.", "Name a data object."
        )
        return None
    return Code(text, "expression")


def data_name(element: Element, reading: Reading) -> str:
    """Return the name by which expressions read a data object or data input."""
    if local(element) == "dataObjectReference":
        referred = reading.ids.get(element.get("dataObjectRef", ""))
        if referred is not None:
            element = referred
    name = (element.get("name") or "").strip()
    return name if name.isidentifier() and not reading.spiff else str(element.get("id"))


def _item_name(element: Element | None, reading: Reading) -> str | None:
    if element is None:
        return None
    name = (element.get("name") or "").strip()
    return name if name.isidentifier() and not reading.spiff else element.get("id")
