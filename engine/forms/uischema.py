"""UI schemas as react-jsonschema-form and spiff-arena write them: how a field is shown.

``"ui:widget": "textarea"`` and ``"ui:options": {"widget": "textarea"}`` say the
same. What changes nothing but looks is told in one warning; what would change
what a person may send is refused where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.forms.findings import FormFindings

READ = frozenset(
    {
        "title",
        "description",
        "help",
        "widget",
        "order",
        "readonly",
        "disabled",
        "placeholder",
        "enumNames",
    }
)
"""What is read of a UI schema, without ``ui:``."""

LOOKS = frozenset(
    {
        "accept",
        "addable",
        "allowClearTextInputs",
        "autocomplete",
        "autofocus",
        "classNames",
        "copyable",
        "counter",
        "duplicateKeySuffixSeparator",
        "emptyValue",
        "filePreview",
        "format",
        "globalOptions",
        "hideClearButton",
        "hideError",
        "hideNowButton",
        "inline",
        "inputType",
        "label",
        "layout",
        "orderable",
        "removable",
        "rootFieldId",
        "rows",
        "style",
        "submitButtonOptions",
        "yearsRange",
    }
)
"""What only changes looks, and is told as having no effect here."""

_INSTEAD = "Remove it, or draw the field in another way."


@dataclass(frozen=True, slots=True)
class Ui:
    """What a UI schema says of one field.

    Attributes:
        options: the options without ``ui:``, those of ``ui:options`` among them.
        inner: what it says of the fields inside, by name; ``items`` for those of a list.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    inner: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return an option that is a text, "" without it."""
        value = self.options.get(name)
        return value if isinstance(value, str) else ""

    @property
    def is_shown_only(self) -> bool:
        """Whether the field may not be changed."""
        return any(self.options.get(name) is True for name in ("readonly", "disabled"))


def read_ui(raw: Any, name: str, findings: FormFindings) -> Ui:
    """Return what a UI schema says of the field ``name``; "" is the form itself."""
    if raw is None:
        return Ui()
    if not isinstance(raw, dict):
        findings.error("form-shape", name, "The UI schema of a field is an object.", _INSTEAD)
        return Ui()
    options: dict[str, Any] = {}
    for key, value in _options(raw):
        if key in READ:
            options[key] = value
        elif key in LOOKS:
            findings.looks.add(f"ui:{key}")
        else:
            what = f"ui:{key} is not drawn by the server."
            findings.error("form-ui", name, what, _INSTEAD)
    inner = {key: value for key, value in raw.items() if not key.startswith("ui:")}
    return Ui(options, inner)


def _options(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        if key == "ui:options" and isinstance(value, dict):
            yield from value.items()
        elif key.startswith("ui:"):
            yield key.removeprefix("ui:"), value


def ordered(names: list[str], ui: Ui, at: str, findings: FormFindings) -> list[str]:
    """Return the names as ``ui:order`` wants them; ``*`` stands for all others."""
    order = ui.options.get("order")
    if order is None:
        return names
    if not isinstance(order, list) or not all(isinstance(one, str) for one in order):
        findings.error("form-ui", at, "ui:order is no list of names.", "List the field names.")
        return names
    unknown = [one for one in order if one not in names and one != "*"]
    missing = [one for one in names if one not in order]
    if unknown or (missing and "*" not in order):
        found = ", ".join(unknown or missing)
        message = f"ui:order and the properties do not agree: {found}."
        findings.error("form-ui", at, message, 'Name each property once, or add "*".')
        return names
    place = order.index("*") if "*" in order else len(order)
    known = [one for one in order if one != "*"]
    return [*known[:place], *missing, *known[place:]]
