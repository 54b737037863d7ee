"""Read JSON-schema forms, with their UI schema, into ``Form``.

As spiff-arena stores them: an object schema, drawn by react-jsonschema-form.
They are drawn and judged by the same code as form-js forms. What the server
cannot judge is an error: a rule that only a browser knows is no rule. Extras of
ours on a property: ``title_en``, ``personal``, ``field_class``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.bpmn.findings import Finding
from engine.errors import InvalidForm
from engine.forms import kinds
from engine.forms.fields import Fault, accept
from engine.forms.findings import FormFindings
from engine.forms.kinds import Property
from engine.forms.model import Component, Form
from engine.forms.reader import KEPT, KEY, MAX_BYTES, MAX_COMPONENTS, MAX_NESTING, read
from engine.forms.uischema import Ui, ordered, read_ui
from engine.forms.values import faults
from engine.scripts import RESERVED

MAX_REFERENCES = 8

_ROOT = frozenset(
    {"$schema", "$id", "id", "$comment", "title", "title_en", "description", "type", "properties",
     "required", "definitions", "$defs", "default", "examples", "additionalProperties"}
)  # fmt: skip
_SIMPLER = (
    "Ask these fields in a task of their own, or write the form in form-js with conditional.hide."
)


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was uploaded."""

    name: str
    content: bytes


def key_of(filename: str) -> str:
    """Return the key by which tasks name a schema: its file name without folder and ending."""
    return filename.rpartition("/")[2].removesuffix(".json")


@lru_cache(maxsize=KEPT)
def is_schema(content: bytes) -> bool:
    """Tell a JSON schema from a form-js schema."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "components" not in document and "properties" in document


def read_schema(schema: File, ui: File | None = None) -> tuple[Form | None, list[Finding]]:
    """Return the form of a JSON schema and what is wrong with it.

    Args:
        schema: the JSON schema.
        ui: the UI schema that goes with it.

    Returns:
        The form, or None if there is any finding of severity ``error``.
    """
    findings = FormFindings(schema.name)
    document = _parsed(schema, findings)
    drawn: Any = {}
    if ui is not None:
        above = FormFindings(ui.name)
        drawn = _parsed(ui, above)
        findings.found += above.found
    if document is None or drawn is None:
        return None, findings.found
    parts = _Reading(document, findings).form(drawn)
    found = findings.closed()
    return (None if findings.broken else Form(key_of(schema.name), parts)), found


def load(document: dict[str, Any]) -> Form:
    """Return the form of a schema of either kind that was deployed, so that it has been read.

    Raises:
        InvalidForm: it cannot be read after all; the findings say why.
    """
    content, name = json.dumps(document).encode(), str(document.get("id", "form"))
    if is_schema(content):
        form, findings = read_schema(File(name, content))
    else:
        form, findings = read(content, filename=name)
    if form is None:
        raise InvalidForm(findings=[one.to_json() for one in findings])
    return form


def _parsed(file: File, findings: FormFindings) -> dict[str, Any] | None:
    if len(file.content) > MAX_BYTES:
        message = f"The form has {len(file.content)} bytes; {MAX_BYTES} are allowed."
        findings.error("form-too-large", None, message, "Split it.")
        return None
    if b"{{" in file.content or b"{%" in file.content:
        message = "The file holds a Jinja template, which would make another form for each case."
        hint = "Write plain JSON; choices may come from a datum (options_from_task_data_var)."
        findings.error("form-template", None, message, hint)
        return None
    try:
        document = json.loads(file.content)
    except (ValueError, RecursionError) as problem:
        line = getattr(problem, "lineno", None)
        message, hint = f"The file is no JSON: {problem}.", "Save it again from the form editor."
        finding = Finding("form-not-json", "error", file.name, None, line, message, hint)
        findings.found.append(finding)
        return None
    if not isinstance(document, dict):
        findings.error("form-shape", None, "This is no JSON object.", "Write {…}.")
        return None
    # Names such as $schema and $ref are at home here.
    for fault in faults({"": _without_dollars(document)}, ""):
        if fault["code"] != "bad-name":
            findings.error("form-shape", None, fault["message"], fault["hint"])
            return None
    return document


def _without_dollars(value: Any) -> Any:
    if isinstance(value, dict):
        return {f"_{key}": _without_dollars(one) for key, one in value.items()}
    return [_without_dollars(one) for one in value] if isinstance(value, list) else value


class _Reading:
    """One pass over one schema."""

    def __init__(self, document: dict[str, Any], findings: FormFindings) -> None:
        self.document, self.findings = document, findings
        self.count = 0

    def form(self, drawn: Mapping[str, Any]) -> tuple[Component, ...]:
        ui = read_ui(drawn, "", self.findings)
        if self.document.get("type", "object") != "object" or not isinstance(
            self.document.get("properties"), dict
        ):
            message = "The schema is not that of an object with properties."
            hint = 'A form is {"type": "object", "properties": {…}}.'
            self.findings.error("form-shape", None, message, hint)
            return ()
        for name in sorted(self.document.keys() - _ROOT):
            self._refuse(name, None)
        texts = [self._words(self.document, ui, name, None) for name in ("title", "description")]
        head = tuple(Component(type="text", description=one) for one in texts if one)
        return (*head, *self._fields(self.document, ui, "", 1))

    def _refuse(self, keyword: str, at: str | None) -> None:
        message = f"The server does not judge {keyword!r}."
        self.findings.error("form-keyword", at, message, _SIMPLER)

    def _words(self, schema: Mapping[str, Any], ui: Ui, name: str, at: str | None) -> str:
        value = ui.text(name) or schema.get(name) or ""
        if not isinstance(value, str) or len(value) > 5_000:
            message = f"{name} is no text of at most 5000 characters."
            self.findings.error("form-shape", at, message, "Write a text.")
            return ""
        return value

    def _fields(
        self, schema: Mapping[str, Any], ui: Ui, path: str, nesting: int
    ) -> tuple[Component, ...]:
        properties = schema["properties"]
        required = schema.get("required", [])
        if not isinstance(required, list) or not all(isinstance(one, str) for one in required):
            message = "required is no list of names."
            self.findings.error("form-shape", path or None, message, "List the field names.")
            required = []
        self._compare(properties, required, ui, path)
        found = []
        for name in ordered(list(properties), ui, path, self.findings):
            at = f"{path}.{name}" if path else name
            one = self._field(properties[name], ui.inner.get(name), at, nesting)
            if one is not None:
                found.append(kinds.required(one) if name in required else one)
        return tuple(found)

    def _compare(
        self, properties: Mapping[str, Any], required: list[Any], ui: Ui, path: str
    ) -> None:
        for what, names in (("required", required), ("The UI schema", list(ui.inner))):
            for name in names:
                if name not in properties and name not in ("definitions", "$schema"):
                    message = f"{what} names {name!r}, which is no property."
                    self.findings.error("form-ui", path or None, message, "Correct the name.")

    def _field(self, raw: Any, drawn: Any, at: str, nesting: int) -> Component | None:
        self.count += 1
        if self.count > MAX_COMPONENTS or nesting > MAX_NESTING:
            if self.count == MAX_COMPONENTS + 1 or nesting > MAX_NESTING:
                message = f"More than {MAX_COMPONENTS} fields, or nested over {MAX_NESTING} deep."
                self.findings.error("form-too-large", at, message, "Split it over several tasks.")
            return None
        schema = self._resolved(raw, at)
        name = at.rpartition(".")[2]
        if schema is None or not self._good_key(name, at, is_inner="." in at):
            return None
        ui = read_ui(drawn, at, self.findings)
        for keyword in sorted(kinds.RULES & schema.keys()):
            self._refuse(keyword, at)
        one = Property(name, at, schema, ui, self.findings)
        kind = kinds.type_of(one)
        if kind == "object":
            return self._object(one, nesting)
        if kind == "array" and kinds.holds_objects(self._items(one)):
            return self._rows(one, nesting)
        found = kinds.component(one, kind, self._items(one)) if kind else None
        if found is not None and found.fills:
            self._demand_default(found, at)
        return found

    def _demand_default(self, one: Component, at: str) -> None:
        try:
            accept(one, one.default, {})
        except Fault as fault:
            # What the choices will be is only known in a case.
            if one.choices_from is None:
                message = f"The default does not fit: {fault.message}"
                self.findings.error("form-values", at, message, "Correct it, or remove it.")

    def _items(self, one: Property) -> dict[str, Any]:
        items = one.schema.get("items")
        return (self._resolved(items, one.at) or {}) if isinstance(items, dict) else {}

    def _good_key(self, name: str, at: str, *, is_inner: bool) -> bool:
        if KEY.fullmatch(name) and (is_inner or name not in RESERVED):
            return True
        message = f"{name!r} cannot be the name of a datum."
        hint = "Use letters, digits and _; start with a letter."
        self.findings.error("form-key", at, message, hint)
        return False

    def _resolved(self, raw: Any, at: str) -> dict[str, Any] | None:
        """Follow references within the file."""
        schema = raw
        for _ in range(MAX_REFERENCES):
            if not isinstance(schema, dict):
                message = "The schema of a property is an object."
                self.findings.error("form-shape", at, message, 'Write {"type": …}.')
                return None
            reference = schema.get("$ref")
            if reference is None:
                return schema
            found = self._found(reference)
            more = {key: value for key, value in schema.items() if key != "$ref"}
            if not isinstance(found, dict):
                break
            schema = {**found, **more}
        message = "$ref leads nowhere in this file, or in a circle."
        self.findings.error("form-keyword", at, message, "Refer to #/definitions/NAME.")
        return None

    def _found(self, reference: Any) -> Any:
        head, _, name = str(reference).rpartition("/")
        holder = {"#/definitions": "definitions", "#/$defs": "$defs"}.get(head)
        held = None if holder is None else self.document.get(holder)
        return held.get(name) if isinstance(held, dict) else None

    def _object(self, one: Property, nesting: int) -> Component | None:
        if one.ui.options.get("widget") is not None or not isinstance(
            one.schema.get("properties"), dict
        ):
            message = "An object needs properties, and has no widget."
            self.findings.error("form-shape", one.at, message, "List its properties.")
            return None
        parts = self._fields(one.schema, one.ui, one.at, nesting + 1)
        return kinds.nested(one, "object", parts)

    def _rows(self, one: Property, nesting: int) -> Component | None:
        items = self._items(one)
        ui = read_ui(one.ui.inner.get("items"), one.at, self.findings)
        if not isinstance(items.get("properties"), dict):
            message = "The rows of a list need properties."
            self.findings.error("form-shape", one.at, message, "List them.")
            return None
        parts = self._fields(items, ui, one.at, nesting + 1)
        if any(part.type in ("dynamiclist", "object") for part in parts):
            message = "The rows of a list hold plain fields."
            hint = "Remove lists and objects from them."
            self.findings.error("form-component", one.at, message, hint)
        return kinds.nested(one, "dynamiclist", parts)
