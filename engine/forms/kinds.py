"""One property of a JSON schema as the component that draws and judges it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.forms.findings import FormFindings, shown
from engine.forms.model import CHOOSING, Choice, Component
from engine.forms.patterns import EMAIL, Pattern, compiled
from engine.forms.reader import KEY, MAX_CHOICES
from engine.forms.uischema import Ui

MAX_TEXT = 10_000
CLASSES = ("reporter", "working", "public")
FROM_DATA = "options_from_task_data_var:"

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object"})
_WIDGETS: Mapping[str, Mapping[str, str]] = {
    "string": {
        "text": "textfield",
        "textarea": "textarea",
        "markdown": "textarea",
        "email": "textfield",
        "uri": "textfield",
        "url": "textfield",
        "date": "date",
        "alt-date": "date",
        "date-time": "datetime",
        "datetime": "datetime",
        "alt-datetime": "datetime",
        "time": "time",
        "file": "filepicker",
        "select": "select",
        "radio": "radio",
    },
    "number": {"text": "number", "updown": "number", "range": "number", "select": "select",
               "radio": "radio"},
    "boolean": {"checkbox": "checkbox", "radio": "radio", "select": "select"},
    "array": {"checkboxes": "checklist", "select": "taglist", "files": "filepicker"},
}  # fmt: skip
_FORMATS = {"date": "date", "date-time": "datetime", "time": "time", "data-url": "filepicker"}
_PATTERNS = {"email": EMAIL, "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:"}
_REFUSED_WIDGETS = {
    "hidden": "Set the value in a script instead.",
    "password": "Secrets do not belong into the data of a case.",
    "color": "Ask for it as a text.",
    "typeahead": "List the values, or name the datum that holds them.",
}
# A rule that would be judged nowhere; the first two are spiff-arena's.
RULES = frozenset(
    {
        "if", "then", "else", "allOf", "not", "dependencies", "dependentRequired",
        "dependentSchemas", "patternProperties", "propertyNames", "minProperties",
        "maxProperties", "unevaluatedProperties", "contains", "prefixItems", "additionalItems",
    }
)  # fmt: skip
"""Words about more than one field, which the server does not judge."""

_REFUSED_KEYWORDS = ("minimumDate", "maximumDate", "contentEncoding", "contentMediaType")
_READ = frozenset(
    {
        "$schema", "$id", "$comment", "title", "title_en", "description", "type", "default",
        "examples", "enum", "enumNames", "const", "oneOf", "anyOf", "format", "pattern",
        "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "multipleOf", "items", "uniqueItems", "minItems", "maxItems", "properties", "required",
        "additionalProperties", "readOnly", "writeOnly", "definitions", "$defs", "personal",
        "field_class", "validationErrorMessage",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Property:
    """One property being read.

    Attributes:
        at: its path, for findings: ``address.street``.
        schema: with references followed.
    """

    name: str
    at: str
    schema: Mapping[str, Any]
    ui: Ui
    findings: FormFindings

    def error(self, code: str, message: str, hint: str) -> None:
        """Add an error about it."""
        self.findings.error(code, self.at, message, hint)


def type_of(one: Property) -> str | None:
    """Return the JSON type that a property asks for; None after saying why there is none."""
    given = one.schema.get("type")
    if isinstance(given, list):
        # "string or null" is a text that may stay away.
        rest = [name for name in given if name != "null"]
        given = rest[0] if len(rest) == 1 else None
    if given is None and any(name in one.schema for name in ("enum", "const", "oneOf", "anyOf")):
        given = "string"
    if given is None and "properties" in one.schema:
        given = "object"
    if not isinstance(given, str) or given not in _TYPES:
        hint = f"Use one of: {', '.join(sorted(_TYPES))}."
        message = f"The type {shown(one.schema.get('type'))} is not asked for."
        one.error("form-keyword", message, hint)
        return None
    return given


def holds_objects(items: Mapping[str, Any]) -> bool:
    """Whether the entries of a list are objects."""
    return items.get("type") == "object" or "properties" in items


def required(one: Component) -> Component:
    """Return the component as one that must be answered."""
    return replace(one, required=True)


def component(one: Property, kind: str, items: Mapping[str, Any]) -> Component | None:
    """Return the component of a property that is no object and no list of objects."""
    _examine(one)
    if kind == "array":
        return _list(one, items)
    if kind == "boolean":
        return _boolean(one)
    choices, source = _choices(one, one.schema)
    family = "string" if kind == "string" else "number"
    drawn = _widget(one, family, _drawn(one, family, choices, source))
    if drawn is None:
        return None
    base = _base(one, drawn, choices, source)
    if base.type == "number":
        return _number(one, kind, base)
    return _text(one, base) if base.type in ("textfield", "textarea") else base


def nested(one: Property, kind: str, parts: tuple[Component, ...]) -> Component:
    """Return an object, or a list of rows; it is sealed whole as soon as a part has to be."""
    _examine(one)
    base = _base(one, kind, (), None)
    personal = base.personal or any(part.personal for part in parts)
    return replace(_counted(one, base), parts=parts, personal=personal)


# -- what all have ---------------------------------------------------------------


def _examine(one: Property) -> None:
    for keyword in sorted(one.schema.keys() - _READ - RULES):
        if keyword in _REFUSED_KEYWORDS:
            hint = "Judge it in a postScript, or in a script task with a way back."
            one.error("form-keyword", f"The server does not judge {keyword!r}.", hint)
        else:
            message = f"The server does not know {keyword!r}."
            one.error("form-keyword", message, "Remove it, or write it in words of JSON schema.")
    if "validationErrorMessage" in one.schema:
        one.findings.looks.add("validationErrorMessage")
    if one.schema.get("additionalProperties") not in (None, False, True):
        message = "additionalProperties with a schema is not asked for."
        one.error("form-keyword", message, "Name the properties.")


def _base(one: Property, kind: str, choices: tuple[Choice, ...], source: str | None) -> Component:
    subtype = kind if kind in ("date", "time", "datetime") else "date"
    label = _word(one, one.ui.text("title") or one.schema.get("title")) or one.name
    help_text = [
        _word(one, one.ui.text("description") or one.schema.get("description")),
        _word(one, one.ui.text("help")),
    ]
    return Component(
        type="datetime" if kind in ("date", "time", "datetime") else kind,
        key=one.name,
        label=label,
        label_en=_word(one, one.schema.get("title_en")) or label,
        description=" ".join(text for text in help_text if text),
        readonly=one.ui.is_shown_only or one.schema.get("readOnly") is True,
        personal=one.schema.get("personal") is True,
        field_class=_class(one),
        choices=choices,
        choices_from=source,
        subtype=subtype,
        default=one.schema.get("default"),
        fills=one.schema.get("default") is not None,
        placeholder=_word(one, one.ui.text("placeholder")),
    )


def _word(one: Property, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 5_000:
        one.error("form-shape", "A title or help is no text of at most 5000 characters.", "")
        return ""
    return value


def _class(one: Property) -> str:
    value = one.schema.get("field_class", "working")
    if value not in CLASSES:
        hint = f"Use one of: {', '.join(CLASSES)}."
        one.error("form-values", f"field_class cannot be {shown(value)}.", hint)
        return "working"
    return str(value)


def _widget(one: Property, family: str, default: str) -> str | None:
    """Return what draws the field: as the UI schema asks, if that fits."""
    asked = one.ui.options.get("widget")
    if asked is None:
        return default
    if str(asked) in _REFUSED_WIDGETS:
        one.error("form-ui", f"The widget {asked!r} is not drawn.", _REFUSED_WIDGETS[str(asked)])
        return None
    drawn = _WIDGETS[family].get(str(asked))
    if family != "boolean" and (drawn in CHOOSING) != (default in CHOOSING):
        drawn = None
    if drawn is None:
        message = f"There is no widget {shown(asked)} for it; it is drawn as a {default}."
        hint = f"Known: {', '.join(sorted(_WIDGETS[family]))}."
        one.findings.warning("form-ui", one.at, message, hint)
        return default
    return drawn


def _drawn(one: Property, family: str, choices: tuple[Choice, ...], source: str | None) -> str:
    if choices or source:
        return "select"
    if family == "number":
        return "number"
    given = one.schema.get("format")
    if given is not None and str(given) not in _FORMATS and str(given) not in _PATTERNS:
        message = f"The format {shown(given)} is not judged."
        one.findings.warning("form-keyword", one.at, message, "Write a pattern instead.")
    return _FORMATS.get(str(given), "textfield")


# -- choices ---------------------------------------------------------------------


def _choices(one: Property, schema: Mapping[str, Any]) -> tuple[tuple[Choice, ...], str | None]:
    """Return the declared values, or the datum that holds them."""
    options = schema.get("oneOf", schema.get("anyOf"))
    if isinstance(options, list):
        if len(options) == 1 and str(options[0]).startswith(FROM_DATA):
            source = str(options[0]).removeprefix(FROM_DATA)
            if KEY.fullmatch(source):
                return (), source
        return _named(one, options), None
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if values is None:
        return (), None
    names = one.ui.options.get("enumNames") or schema.get("enumNames")
    if not isinstance(values, list) or not all(isinstance(v, str | int | float) for v in values):
        one.error("form-values", "enum holds what is no text or number.", "List texts or numbers.")
        return (), None
    if len(values) == 1 and str(values[0]).startswith(FROM_DATA):
        return (), str(values[0]).removeprefix(FROM_DATA)
    labels = names if isinstance(names, list) and len(names) == len(values) else values
    return _unlike(one, [(v, str(n)) for v, n in zip(values, labels, strict=True)]), None


def _named(one: Property, options: list[Any]) -> tuple[Choice, ...]:
    """Read ``[{"const": "a", "title": "A"}, …]``, or the same with an enum of one."""
    found: list[tuple[Any, str]] = []
    for option in options:
        values = option.get("enum", [option.get("const")]) if isinstance(option, dict) else []
        if (
            not isinstance(values, list)
            or len(values) != 1
            or not isinstance(values[0], str | int | float)
        ):
            message = "An alternative is no constant with a title."
            one.error("form-keyword", message, 'Write [{"const": "a", "title": "A"}, …].')
            return ()
        found.append((values[0], str(option.get("title") or values[0])))
    return _unlike(one, found)


def _unlike(one: Property, pairs: list[tuple[Any, str]]) -> tuple[Choice, ...]:
    if not 0 < len(pairs) <= MAX_CHOICES or len({repr(value) for value, _ in pairs}) < len(pairs):
        message = f"There must be 1 to {MAX_CHOICES} different values."
        one.error("form-values", message, "List them.")
        return ()
    return tuple(Choice(value, label, label) for value, label in pairs)


# -- each type -------------------------------------------------------------------


def _text(one: Property, base: Component) -> Component:
    least, most = _count(one, "minLength") or 0, _count(one, "maxLength")
    most = MAX_TEXT if most is None else min(most, MAX_TEXT)
    if least > most:
        one.error("form-bounds", f"Lengths {least} to {most} leave nothing.", "Correct them.")
    if "personal" not in one.schema and not base.readonly:
        one.findings.open.append(one.at)
    return replace(base, min_length=least, max_length=most, pattern=_pattern(one))


def _pattern(one: Property) -> Pattern | None:
    named = _PATTERNS.get(str(one.schema.get("format"))) or _PATTERNS.get(one.ui.text("widget"))
    return compiled(one.schema.get("pattern") or named, one.error)


def _number(one: Property, kind: str, base: Component) -> Component:
    return replace(
        base,
        minimum=_bound(one, "minimum"),
        maximum=_bound(one, "maximum"),
        above=_bound(one, "exclusiveMinimum"),
        below=_bound(one, "exclusiveMaximum"),
        step=_bound(one, "multipleOf"),
        decimal_digits=0 if kind == "integer" else None,
    )


def _boolean(one: Property) -> Component | None:
    drawn = _widget(one, "boolean", "checkbox")
    if drawn is None:
        return None
    if drawn == "checkbox":
        return _base(one, drawn, (), None)
    names = one.ui.options.get("enumNames") or one.schema.get("enumNames")
    yes, no = names if isinstance(names, list) and len(names) == 2 else ("是 Yes", "否 No")
    yes, no = str(yes), str(no)
    return _base(one, drawn, (Choice(True, yes, yes), Choice(False, no, no)), None)


def _list(one: Property, items: Mapping[str, Any]) -> Component | None:
    choices, source = _choices(one, items) if items else ((), None)
    if choices or source:
        drawn = _widget(one, "array", "checklist" if one.schema.get("uniqueItems") else "taglist")
        return None if drawn is None else _counted(one, _base(one, drawn, choices, source))
    inner = replace(one, schema=items)
    if items.get("format") == "data-url":
        return replace(_counted(one, _base(one, "filepicker", (), None)), multiple=True)
    if items.get("type") != "string":
        message = "A list of this is not asked for."
        hint = "Lists hold texts, choices (enum), files or objects."
        one.error("form-keyword", message, hint)
        return None
    most = _count(inner, "maxLength")
    base = _counted(one, _base(one, "lines", (), None))
    if "personal" not in one.schema and not base.readonly:
        one.findings.open.append(one.at)
    return replace(
        base,
        min_length=_count(inner, "minLength") or 0,
        max_length=MAX_TEXT if most is None else min(most, MAX_TEXT),
        pattern=_pattern(inner),
    )


def _counted(one: Property, base: Component) -> Component:
    return replace(base, min_items=_count(one, "minItems"), max_items=_count(one, "maxItems"))


def _count(one: Property, name: str) -> int | None:
    value = _bound(one, name)
    if value is not None and (value < 0 or value != int(value)):
        one.error("form-bounds", f"{name} is no whole number from 0.", "Correct it.")
        return None
    return None if value is None else int(value)


def _bound(one: Property, name: str) -> float | None:
    value = one.schema.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or (name == "multipleOf" and value <= 0):
        one.error("form-bounds", f"{name} is no number that can be used.", "Correct it.")
        return None
    return float(value) if isinstance(value, float) else int(value)
