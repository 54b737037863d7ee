"""What a task says of itself: who, by when, how often, with which form or script."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.bpmn.document import (
    Element,
    body_of,
    child,
    local,
    vendor,
    vendors,
)
from engine.bpmn.expressions import expression, is_python, moment, text_or_expression
from engine.bpmn.extensions import PYTHON, Extensions
from engine.bpmn.model import Assignment, Group
from engine.bpmn.reading import Reading
from engine.bpmn.work import Decision
from engine.scripts import Code

# Extension properties that have a field of their own in the model.
CONSUMED = frozenset(
    {
        "outcomes",
        "outcomes_en",
        "writes",
        "notSameAs",
        "notSameUnitAs",
        "correlate",
        "warn",
        "outputCollection",
        "outputElement",
        "payload",
        "variable",
        "codeVariable",
        "messageVariable",
        "form",
        "formJsonSchemaFilename",
        "formUiSchemaFilename",
        "units",
    }
)
_SHAPES = frozenset({"singleEntry", "singleResult", "collectEntries", "resultList"})
_OUTCOME = re.compile(r"[^\W]\w*(-\w+)*")


def names_in(text: str | None) -> tuple[str, ...]:
    """Split a list of names at commas, semicolons and space."""
    if not text:
        return ()
    return tuple(part for part in re.split(r"[,;\s]+", text) if part)


# -- who and by when -----------------------------------------------------------


def read_assignment(element: Element, extensions: Extensions, reading: Reading) -> Assignment:
    """Return who does a task and by when, without what its lane gives."""
    said = vendors(element)

    def given(name: str, holder: str) -> str | None:
        own = vendor(element, name) if name in said else None
        return own or extensions.zeebe(holder, name)

    def read(name: str, holder: str, how: Callable[[str], Code]) -> Code | None:
        return reading.code(element, how, given(name, holder))

    properties = extensions.properties
    return Assignment(
        assignee=read("assignee", "assignmentDefinition", text_or_expression),
        users=_users(element, given("candidateUsers", "assignmentDefinition"), reading),
        groups=read_groups(element, given("candidateGroups", "assignmentDefinition"), reading),
        due=read("dueDate", "taskSchedule", moment),
        warn=reading.code(element, moment, properties.get("warn")),
        follow_up=read("followUpDate", "taskSchedule", moment),
        priority=read("priority", "priorityDefinition", expression),
        not_same_as=names_in(properties.get("notSameAs")),
        not_same_unit_as=names_in(properties.get("notSameUnitAs")),
    )


def read_groups(element: Element, text: str | None, reading: Reading) -> tuple[Group, ...]:
    """Read ``role`` and ``role@expression``, several parted by commas."""
    groups: list[Group] = []
    for part in _split(text):
        role, at, unit = part.partition("@")
        role = role.strip()
        if not re.fullmatch(r"\w[\w-]*", role):
            reading.findings.error(
                "bad-role",
                element,
                f"{part!r} names no role.",
                "Write candidateGroups as 'role' or 'role@expression', several parted by commas.",
            )
            continue
        code = reading.code(element, expression, unit) if at else None
        if at and code is None:
            if not unit.strip():
                reading.findings.error(
                    "bad-role", element, f"{part!r} names no unit after the @.", "Remove the @."
                )
            continue
        groups.append(Group(role, code))
    return tuple(groups)


def _users(element: Element, text: str | None, reading: Reading) -> tuple[Code, ...]:
    codes = [reading.code(element, text_or_expression, part) for part in _split(text)]
    return tuple(code for code in codes if code is not None)


def _split(text: str | None) -> list[str]:
    """Split at commas that stand outside of brackets and quotes."""
    if not text:
        return []
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == "," and depth <= 0:
            parts.append("")
            continue
        parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


# -- outcomes and forms ---------------------------------------------------------


def read_outcomes(name: str, extensions: Extensions, reading: Reading) -> Mapping[str, str]:
    """Read ``accept=受理;refuse=不予受理``; a value without label is its own label."""
    found: dict[str, str] = {}
    for part in re.split(r"[;\n]", extensions.properties.get(name, "")):
        value, _, label = (piece.strip() for piece in part.partition("="))
        if not value and not label:
            continue
        if not _OUTCOME.fullmatch(value) or value in found:
            reading.findings.error(
                "bad-outcomes",
                extensions.owner,
                f"{part.strip()!r} in {name} is no outcome, or the same as another.",
                "Write accept=受理;refuse=不予受理 with a different word before each =.",
            )
            continue
        found[value] = label or value
    return found


def read_form(element: Element, extensions: Extensions, reading: Reading) -> str | None:
    """Return the key of the form."""
    text = (
        vendor(element, "formKey")
        or vendor(element, "formRef")
        or extensions.zeebe("formDefinition", "formId")
        or extensions.zeebe("formDefinition", "externalReference")
        or extensions.zeebe("formDefinition", "formKey")
        or extensions.properties.get("form")
        or extensions.properties.get("formJsonSchemaFilename")
    )
    if not text:
        return None
    key = re.sub(r"^camunda-forms:[\w-]+:", "", text)
    key = _file_key(key)
    if not re.fullmatch(r"\w[\w.-]*", key) or text.startswith("embedded:"):
        reading.findings.error(
            "bad-form",
            element,
            f"{text!r} is no key of a form.",
            "Write the name of a file in forms/ without its ending.",
        )
        return None
    return key


def read_form_ui(extensions: Extensions) -> str | None:
    """Return the key of the UI schema of a JSON-schema form."""
    text = extensions.properties.get("formUiSchemaFilename")
    return _file_key(text) if text else None


def _file_key(text: str) -> str:
    """Return a file's name without its folder and ending."""
    return re.sub(r"\.(form|json)$", "", text.rpartition("/")[2])


# -- what a task does -----------------------------------------------------------


def read_script(element: Element, extensions: Extensions, reading: Reading) -> Code | None:
    """Return the script of a script task."""
    given = element.get("scriptFormat") or element.get("scriptLanguage") or "python"
    language = given.strip().lower()
    if language not in PYTHON:
        reading.findings.error(
            "script-language",
            element,
            f"Scripts in {language!r} are not run.",
            "Write the script in Python and set scriptFormat to python.",
        )
        return None
    result = vendor(element, "resultVariable") or extensions.zeebe("script", "resultVariable")
    written = reading.code(element, expression, extensions.zeebe("script", "expression"))
    formula = reading.python(element, written)
    holder = child(element, "script")
    text = formula.text if formula else body_of(holder)
    line = element.sourceline if holder is None else holder.sourceline
    if not text.strip():
        reading.findings.error(
            "script-missing", element, "The script task has no script.", "Write one, or remove it."
        )
        return None
    if result is None:
        return Code(text, "script", line)
    if not is_python(text) or not result.isidentifier():
        reading.findings.error(
            "script-refused",
            element,
            "resultVariable takes the value of one expression, and this is more.",
            f"Remove resultVariable and assign in the script: {result} = …",
        )
        return None
    return Code(f"{result} = ({text})", "script", line)


def read_topic(element: Element, extensions: Extensions) -> str | None:
    """Return the topic of a service or send task."""
    return (
        vendor(element, "topic")
        or extensions.zeebe("taskDefinition", "type")
        or extensions.properties.get("topic")
    )


def read_decision(element: Element, extensions: Extensions, reading: Reading) -> Decision | None:
    """Return the decision of a business-rule task; its result's name defaults to its key."""
    called = extensions.spiff("calledDecisionId")
    key = (
        vendor(element, "decisionRef") or extensions.zeebe("calledDecision", "decisionId") or called
    )
    if key is None:
        reading.findings.error(
            "no-decision",
            element,
            "The business-rule task names no decision.",
            "Set decisionRef to the id of a decision in a DMN file.",
        )
        return None
    result = vendor(element, "resultVariable") or extensions.zeebe(
        "calledDecision", "resultVariable"
    )
    shape = vendor(element, "mapDecisionResult")
    if not re.fullmatch(r"\w[\w.-]*", key) or (shape is not None and shape not in _SHAPES):
        reading.findings.error(
            "bad-decision",
            element,
            f"decisionRef {key!r} or mapDecisionResult {shape!r} is not known.",
            "Name a decision by its id; shapes are " + ", ".join(sorted(_SHAPES)) + ".",
        )
        return None
    if key == called and result is None and shape is None:
        return Decision(key, key, "singleResult", spread=True)
    return Decision(key, result or key, shape)


def read_called(element: Element, extensions: Extensions, reading: Reading) -> str | None:
    """Return the key of the process that a call activity calls."""
    key = (element.get("calledElement") or "").strip() or (
        extensions.zeebe("calledElement", "processId") or vendor(element, "calledElement") or ""
    )
    if not key:
        reading.findings.error(
            "no-called-process",
            element,
            "The call activity names no process.",
            "Set calledElement to the id of a process.",
        )
        return None
    if not re.fullmatch(r"[\w.:-]+", key):
        reading.findings.error(
            "expression-refused",
            element,
            f"calledElement {key!r} is an expression; which process is called must be known.",
            "Name the process by its id; draw a gateway where several are possible.",
        )
        return None
    key = key.rpartition(":")[2]
    target = reading.ids.get(key)
    if target is not None and not (
        local(target) == "process" or local(target).startswith("global")
    ):
        reading.findings.error(
            "wrong-reference",
            element,
            f"calledElement names {key!r}, which is a {local(target)}, not a process.",
            "Name the id of a process.",
        )
        return None
    return key
