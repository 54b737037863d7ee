"""Read form-js schemas (``processes/forms/*.json``) into ``Form``.

The schema is the one the form-js editor writes (type ``default``), with these
extras on a component: ``label_en``, ``personal``, ``field_class``, ``readonly``, ``submits``.
What the server cannot draw or judge is an error, never skipped: a field that is
only checked in somebody's browser is not checked.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import Any

from engine.bpmn.findings import Finding
from engine.forms import conditions, secrecy, sources
from engine.forms.conditions import Condition
from engine.forms.findings import shown, written
from engine.forms.model import (
    CHOOSING,
    FIELDS,
    FREE_TEXT,
    STATIC,
    Choice,
    Component,
    Form,
    Source,
)
from engine.forms.patterns import EMAIL, Pattern, compiled
from engine.forms.values import faults
from engine.scripts import RESERVED

MAX_BYTES = 256 * 1024
MAX_COMPONENTS = 300
MAX_NESTING = 4
MAX_CHOICES = 2_000
KEPT = 256
"""Forms that are not read a second time."""
CLASSES = ("reporter", "working", "public", "ballot")
SUBTYPES = ("date", "time", "datetime")

KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_PHONE = r"^\+?[0-9][0-9 ()-]{4,18}[0-9]$"
_LENGTHS = {"textfield": 1_000, "textarea": 10_000}


def read(content: bytes, *, filename: str) -> tuple[Form | None, list[Finding]]:
    """Return the form that ``content`` describes and what is wrong with it.

    Args:
        content: the bytes of the JSON file, UTF-8.
        filename: name for the findings.

    Returns:
        The form, or None if there is any finding of severity ``error``.
    """
    form, findings = _read_once(content, filename)
    return form, list(findings)


# The versions of a process share most of their forms, as its tasks do.
@lru_cache(maxsize=KEPT)
def _read_once(content: bytes, filename: str) -> tuple[Form | None, tuple[Finding, ...]]:
    reading = _Reading(filename)
    document = reading.parse(content)
    components = reading.components(document) if document is not None else ()
    for key, message, hint in secrecy.breaches(components):
        reading.error("form-ballot", key, message, hint)
    if document is None or any(one.severity == "error" for one in reading.findings):
        return None, tuple(reading.findings)
    return Form(document["id"], components), tuple(reading.findings)


class _Reading:
    """One pass over one file; gathers findings and the keys seen so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.count = 0

    def error(self, code: str, element: str | None, message: str, hint: str) -> None:
        self.findings.append(Finding(code, "error", self.file, element, None, message, hint))

    def parse(self, content: bytes) -> dict[str, Any] | None:
        if len(content) > MAX_BYTES:
            message = f"The form has {len(content)} bytes; {MAX_BYTES} are allowed."
            self.error("form-too-large", None, message, "Split it.")
            return None
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as problem:
            line = getattr(problem, "lineno", None)
            message = f"The file is no JSON: {problem}."
            hint = "Save it again from the form editor."
            self.findings.append(
                Finding("form-not-json", "error", self.file, None, line, message, hint)
            )
            return None
        return self._check_document(document)

    def _check_document(self, document: Any) -> dict[str, Any] | None:
        hint = 'A form is {"type": "default", "id": "…", "components": […]}.'
        if not isinstance(document, dict) or document.get("type", "default") != "default":
            self.error("form-shape", None, "This is no form-js schema.", hint)
            return None
        if not isinstance(document.get("components"), list):
            self.error("form-shape", None, "The form has no list of components.", hint)
            return None
        if not isinstance(document.get("id"), str) or not KEY.fullmatch(document["id"]):
            message = "The form's id is missing or no name; tasks name forms by it."
            self.error("form-key", None, message, "Use letters, digits and _; start with a letter.")
            return None
        for fault in faults(document, ""):
            self.error("form-shape", None, f"{fault['key']}: {fault['message']}", fault["hint"])
            return None
        return document

    def components(self, document: dict[str, Any]) -> tuple[Component, ...]:
        return self._list(document["components"], set(), 1)

    def _list(self, items: Any, keys: set[str], nesting: int) -> tuple[Component, ...]:
        """Read components that share one object; ``keys`` are those already taken in it."""
        if not isinstance(items, list) or nesting > MAX_NESTING:
            message = f"Components must be a list, nested at most {MAX_NESTING} deep."
            self.error("form-shape", None, message, "Flatten the form.")
            return ()
        read_ones = []
        for item in items:
            self.count += 1
            if self.count > MAX_COMPONENTS:
                message = f"The form has more than {MAX_COMPONENTS} components."
                self.error("form-too-large", None, message, "Split it over several tasks.")
                break
            one = self._component(item, keys, nesting)
            if one is not None:
                read_ones.append(one)
        return tuple(read_ones)

    def _component(self, item: Any, keys: set[str], nesting: int) -> Component | None:
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            message = "A component is an object with a type."
            self.error("form-shape", None, message, "Save the form again from the editor.")
            return None
        kind = item["type"]
        name = written(item.get("key") or item.get("path") or item.get("id") or "")
        if kind not in FIELDS | STATIC:
            hint = f"Use one of: {', '.join(sorted(FIELDS | STATIC))}."
            self.error("form-component", name, f"The server has no component {kind!r}.", hint)
            return None
        if kind in STATIC:
            return self._static(item, kind, keys, nesting)
        if not self._take_key(name, keys):
            return None
        return self._field(item, kind, name, nesting)

    def _static(self, item: dict[str, Any], kind: str, keys: set[str], nesting: int) -> Component:
        name = str(item.get("id") or kind)
        if kind == "group" and item.get("path"):
            message = "A group with a path would nest its data."
            self.error("form-component", name, message, "Remove the path.")
        parts = self._list(item.get("components", []), keys, nesting + 1) if kind == "group" else ()
        label = self._text(item, "label", name)
        return Component(
            type=kind,
            label=label,
            label_en=self._text(item, "label_en", name) or label,
            description=self._text(item, "text", name),
            hide=self._hide(item, name),
            parts=parts,
        )

    def _take_key(self, key: str, keys: set[str]) -> bool:
        hint = "Use letters, digits and _; start with a letter."
        if not KEY.fullmatch(key) or key in RESERVED:
            self.error("form-key", key, f"{key!r} cannot be the name of a datum.", hint)
            return False
        if key in keys:
            message = f"Two components write {key!r}."
            self.error("form-duplicate-key", key, message, "Give one of them another key.")
            return False
        keys.add(key)
        return True

    def _field(self, item: dict[str, Any], kind: str, key: str, nesting: int) -> Component:
        rules = item.get("validate") or {}
        if not isinstance(rules, dict):
            self.error("form-shape", key, "validate is no object.", "Write an object.")
            rules = {}
        label = self._text(item, "label", key) or self._text(item, "dateLabel", key) or key
        minimum, maximum = self._bound(rules, "min", key), self._bound(rules, "max", key)
        least, most = self._lengths(rules, kind, key)
        return Component(
            type=kind,
            key=key,
            label=label,
            label_en=self._text(item, "label_en", key) or label,
            description=self._text(item, "description", key),
            required=self._flag(rules, "required", key),
            readonly=self._flag(item, "readonly", key) or self._flag(item, "disabled", key),
            personal=self._personal(item, kind, key),
            field_class=self._one_of(item, "field_class", CLASSES, "working", key),
            choices=self._choices(item, kind, key),
            choices_from=self._choices_from(item, kind, key),
            sources=self._sources(item, kind, key),
            minimum=minimum,
            maximum=maximum,
            decimal_digits=self._digits(item, key),
            as_text=self._flag(item, "serializeToString", key),
            min_length=least,
            max_length=most,
            pattern=self._pattern(rules, key),
            subtype=self._one_of(item, "subtype", SUBTYPES, "date", key),
            zoned=item.get("timeSerializingFormat") != "no_timezone",
            multiple=self._flag(item, "multiple", key),
            submits=kind == "radio" and self._flag(item, "submits", key),
            default=self._default(item, key),
            hide=self._hide(item, key),
            parts=self._rows(item, kind, key, nesting),
        )

    def _text(self, item: dict[str, Any], name: str, key: str) -> str:
        value = item.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > 5_000:
            self.error("form-shape", key, f"{name} is no text of at most 5000 characters.", "")
            return ""
        if value.startswith("=") or "{{" in value:
            message = f"{name} is an expression; the server shows it as it stands."
            hint = "Write plain text."
            self.findings.append(
                Finding("form-expression", "warning", self.file, key, None, message, hint)
            )
        return value

    def _flag(self, item: dict[str, Any], name: str, key: str) -> bool:
        value = item.get(name, False)
        if not isinstance(value, bool):
            self.error("form-expression", key, f"{name} is not true or false.", "Write a constant.")
            return False
        return value

    def _one_of(
        self, item: dict[str, Any], name: str, allowed: tuple[str, ...], default: str, key: str
    ) -> str:
        value = item.get(name, default)
        if value not in allowed:
            hint = f"Use one of: {', '.join(allowed)}."
            self.error("form-values", key, f"{name} cannot be {shown(value)}.", hint)
            return default
        return str(value)

    def _personal(self, item: dict[str, Any], kind: str, key: str) -> bool:
        given = self._flag(item, "personal", key) if "personal" in item else kind in FREE_TEXT
        if item.get("field_class") == "ballot":
            if item.get("personal") is False:
                message, hint = secrecy.OPEN
                self.error("form-ballot", key, message, hint)
            return True
        # A list is sealed whole as soon as one of its columns has to be.
        parts = item.get("components")
        inside = parts if kind == "dynamiclist" and isinstance(parts, list) else []
        return given or any(
            isinstance(one, dict) and one.get("personal", str(one.get("type")) in FREE_TEXT)
            for one in inside
        )

    def _bound(self, rules: dict[str, Any], name: str, key: str) -> float | None:
        value = rules.get(name)
        if value is None or value == "":
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            self.error("form-bounds", key, f"{name} is no number.", "Write a constant number.")
            return None
        return float(value) if isinstance(value, float) else int(value)

    def _lengths(self, rules: dict[str, Any], kind: str, key: str) -> tuple[int, int]:
        ceiling = _LENGTHS.get(kind, 1_000)
        least, most = self._bound(rules, "minLength", key), self._bound(rules, "maxLength", key)
        least, most = int(least or 0), int(ceiling if most is None else most)
        if not 0 <= least <= most <= ceiling:
            message = f"Lengths {least} to {most} do not lie within 0 to {ceiling}."
            self.error("form-bounds", key, message, "Correct minLength and maxLength.")
            return 0, ceiling
        return least, most

    def _digits(self, item: dict[str, Any], key: str) -> int | None:
        digits = self._bound(item, "decimalDigits", key)
        if digits is None:
            return None
        if digits != int(digits) or not 0 <= digits <= 15:
            self.error("form-bounds", key, "decimalDigits is not 0 to 15.", "Correct it.")
            return None
        return int(digits)

    def _pattern(self, rules: dict[str, Any], key: str) -> Pattern | None:
        named = {"email": EMAIL, "phone": _PHONE}.get(str(rules.get("validationType")))

        def error(code: str, message: str, hint: str) -> None:
            self.error(code, key, message, hint)

        return compiled(named or rules.get("pattern"), error)

    def _choices(self, item: dict[str, Any], kind: str, key: str) -> tuple[Choice, ...]:
        if kind not in CHOOSING or "valuesList" in item:
            return ()
        if "valuesExpression" in item:
            hint = "List the values, or name what holds them in valuesKey or valuesList."
            self.error("form-expression", key, "valuesExpression is not supported.", hint)
        values = item.get("values")
        if values is None and item.get("valuesKey"):
            return ()
        if not isinstance(values, list) or not 0 < len(values) <= MAX_CHOICES:
            message = f"A {kind} needs a list of 1 to {MAX_CHOICES} values."
            self.error("form-values", key, message, 'Write [{"value": …, "label": …}].')
            return ()
        choices = [choice(one) for one in values]
        seen = [repr(one.value) for one in choices if one]
        if len(seen) < len(values) or len(set(seen)) < len(seen):
            message = "A value is no text or number, or is there twice."
            self.error("form-values", key, message, 'Write [{"value": …, "label": …}].')
        return tuple(one for one in choices if one)

    def _choices_from(self, item: dict[str, Any], kind: str, key: str) -> str | None:
        source = item.get("valuesKey")
        if kind not in CHOOSING or source is None or "valuesList" in item:
            return None
        if item.get("values") is not None:
            return None
        if not isinstance(source, str) or not KEY.fullmatch(source):
            self.error("form-values", key, "valuesKey is no name of a datum.", "Correct it.")
            return None
        return source

    def _sources(self, item: dict[str, Any], kind: str, key: str) -> tuple[Source, ...]:
        if kind not in CHOOSING or "valuesList" not in item:
            return ()
        try:
            return sources.parse(item["valuesList"])
        except ValueError as problem:
            self.error("form-values", key, *sources.error_text(problem))
            return ()

    def _default(self, item: dict[str, Any], key: str) -> Any:
        value = item.get("defaultValue")
        if isinstance(value, str) and value.startswith("="):
            message = "The default value is an expression."
            self.error("form-expression", key, message, "Write a constant, or a script before.")
            return None
        return value

    def _hide(self, item: dict[str, Any], key: str) -> Condition | None:
        conditional = item.get("conditional") or {}
        text = conditional.get("hide") if isinstance(conditional, dict) else None
        if not text:
            return None
        try:
            return conditions.parse(written(text))
        except ValueError as problem:
            hint = 'Write =name = "value", joined by "and" or by "or".'
            message = f"The server cannot judge when this is hidden: {problem}."
            self.error("form-condition", key, message, hint)
            return None

    def _rows(
        self, item: dict[str, Any], kind: str, key: str, nesting: int
    ) -> tuple[Component, ...]:
        if kind != "dynamiclist":
            return ()
        parts = self._list(item.get("components"), set(), nesting + 1)
        if not parts or any(one.type == "dynamiclist" or one.type in STATIC for one in parts):
            message = "The rows of a dynamic list hold plain fields, at least one."
            self.error("form-component", key, message, "Remove lists and groups from the rows.")
        return parts


def choice(item: Any) -> Choice | None:
    """Return one entry of a list of values, or None if it cannot be one.

    Args:
        item: ``{"value": …, "label": …, "label_en": …}``, or the bare value.
    """
    entry = item if isinstance(item, dict) else {"value": item}
    value = entry.get("value", entry.get("label"))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    label = str(entry.get("label") or value)
    return Choice(value, label, str(entry.get("label_en") or label))
