"""The JSON files beside a diagram: forms of either kind, UI schemas, and what is none of them.

What a file is follows from the diagrams that name it, and else from its shape.
spiff-arena keeps more JSON files beside a model; they are passed over by name.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine import forms
from engine.bpmn.findings import Finding
from engine.bpmn.model import Diagram, Node, Process
from engine.forms import Component, File, Form, sources
from engine.forms.sources import Known
from engine.lists import ListVersion

PASSED_OVER = {
    "process_model.json": "The name and the files of a model are told by the diagram here.",
    "process_group.json": "There are no groups of models here.",
    "*-exampledata.json": "Examples for the form editor are not needed here.",
    "test_*.json": "Tests of whole models are written as scenarios; unitTests of scripts are run.",
}
"""Files of spiff-arena -> why they are passed over."""


@dataclass(slots=True)
class Papers:
    """Forms and UI schemas of an upload: key -> file name."""

    forms: dict[str, str] = field(default_factory=dict)
    uis: dict[str, str] = field(default_factory=dict)


def read_json(papers: Papers, processes: Mapping[str, Process], file: File) -> list[Finding]:
    """Add a JSON file to the papers; return what is wrong with it by itself.

    A schema that tasks draw with a UI schema is judged with it by ``check``.
    """
    key = forms.key_of(file.name)
    nodes = [node for one in processes.values() for node in one.nodes.values()]
    if any(node.form_ui == key for node in nodes):
        papers.uis[key] = file.name
        return []
    if any(node.form == key for node in nodes) and _has_no_components(file):
        papers.forms[key] = file.name
        if any(node.form == key and node.form_ui is None for node in nodes):
            return forms.read_schema(file)[1]
        return []
    if forms.is_schema(file.content):
        papers.forms[key] = file.name
        return forms.read_schema(file)[1]
    passed = _passed_over(file)
    if passed is not None:
        return [passed]
    if _is_ui(file):
        papers.uis[key] = file.name
        return []
    form, found = forms.read(file.content, filename=file.name)
    if form is not None:
        papers.forms[form.key] = file.name
    return found


def _parsed(file: File) -> object:
    try:
        return json.loads(file.content)
    except (ValueError, RecursionError):
        return None


def _has_no_components(file: File) -> bool:
    document = _parsed(file)
    return not (isinstance(document, dict) and "components" in document)


def _is_ui(file: File) -> bool:
    document = _parsed(file)
    inner = list(document.values()) if isinstance(document, dict) else []
    told = [document, *inner]
    return any(
        isinstance(one, dict) and any(str(key).startswith("ui:") for key in one) for one in told
    )


def _passed_over(file: File) -> Finding | None:
    name = file.name.rpartition("/")[2]
    for pattern, why in PASSED_OVER.items():
        if fnmatch.fnmatchcase(name, pattern):
            message = f"{name} is passed over."
            return Finding("ignored", "warning", file.name, None, None, message, why)
    return None


def form_at(node: Node, files: Mapping[tuple[str, str], File]) -> Form | None:
    """Return the form of an element as it draws it, from the files it rests on.

    Args:
        files: by (kind, key): forms and UI schemas.
    """
    form, _ = read_form(node, files)
    if form is None or node.variable is None:
        return form
    label = node.name or node.variable
    inside = Component(
        type="object",
        key=node.variable,
        label=label,
        label_en=label,
        personal=bool(form.personal),
        # A title that says the same as the task would stand there twice.
        parts=tuple(one for one in form.components if one.key or one.description != label),
    )
    return Form(form.key, (inside,))


def read_form(
    node: Node, files: Mapping[tuple[str, str], File]
) -> tuple[Form | None, list[Finding]]:
    """Return the form that an element names, and what is wrong with it; None where it is not."""
    file = files.get(("form", node.form or ""))
    if file is None:
        return None, []
    if forms.is_schema(file.content):
        return forms.read_schema(file, files.get(("ui", node.form_ui or "")))
    return forms.read(file.content, filename=file.name)


def sent(files: Mapping[tuple[str, str], File], node: Node) -> frozenset[str] | None:
    """Return the names that the form of an element sends; None where it cannot be read."""
    form = form_at(node, files)
    return None if form is None else form.editable


def check(diagram: Diagram, filename: str, files: Mapping[tuple[str, str], File]) -> list[Finding]:
    """Return what is wrong with the forms of a diagram as its elements draw them.

    Args:
        files: by (kind, key), deployed ones and those of this upload.
    """
    found: list[Finding] = []
    for process in diagram.processes.values():
        for node in process.nodes.values():
            if node.form_ui is not None:
                found += _of_node(node, filename, files)
    return found


def check_lists(file: File, active: Mapping[str, ListVersion]) -> list[Finding]:
    """Return what is wrong with the lists that a form takes its choices from.

    Nothing is said where no list is active: there, as in ``bihuan check`` without a
    database, nobody knows yet which there will be.
    """
    if not active or forms.is_schema(file.content):
        return []
    form, _ = forms.read(file.content, filename=file.name)
    if form is None or not forms.has_sources(form):
        return []
    known = {
        name: Known(frozenset(one.descriptor.columns), frozenset(one.descriptor.personal))
        for name, one in active.items()
    }
    return sources.check(form, file.name, known)


def _of_node(node: Node, filename: str, files: Mapping[tuple[str, str], File]) -> list[Finding]:
    if ("ui", node.form_ui) not in files:
        return [
            Finding(
                code="unknown-form", severity="error", file=filename, element=node.id,
                line=node.line,
                message=f"It draws its form by the UI schema {node.form_ui!r}, which is not there.",
                hint="Deploy the file together with the diagram, or remove formUiSchemaFilename.",
            )
        ]  # fmt: skip
    return read_form(node, files)[1]
