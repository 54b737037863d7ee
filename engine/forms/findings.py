"""The findings of one form while it is read, and what its fields are called."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.document import shown_name
from engine.bpmn.findings import Finding

_SHOWN = 60
"""How many characters of a value a message shows."""


@dataclass(slots=True)
class FormFindings:
    """What was found in a form.

    Attributes:
        looks: what has no effect here but on looks; told once.
        open: free texts that are kept as they are written; told once.
    """

    file: str
    found: list[Finding] = field(default_factory=list)
    looks: set[str] = field(default_factory=set)
    open: list[str] = field(default_factory=list)

    def error(self, code: str, element: str | None, message: str, hint: str) -> None:
        """Add what keeps the form from being deployed."""
        self.found.append(Finding(code, "error", self.file, element, None, message, hint))

    def warning(self, code: str, element: str | None, message: str, hint: str) -> None:
        """Add what its designer should know."""
        self.found.append(Finding(code, "warning", self.file, element, None, message, hint))

    @property
    def broken(self) -> bool:
        """Whether there is an error among them."""
        return any(one.severity == "error" for one in self.found)

    def closed(self) -> list[Finding]:
        """Return all findings, with what is told once at the end."""
        if self.looks:
            named = ", ".join(sorted(self.looks))
            message = f"These have no effect on the server's pages: {named}."
            self.warning("form-looks", None, message, "Leave them, or remove them.")
        if self.open:
            named = ", ".join(self.open)
            message = f"What people write into these texts stands open in the history: {named}."
            hint = 'Write "personal": true in the schema to seal one, false to keep it open.'
            self.warning("form-open-text", None, message, hint)
        return self.found


def written(value: Any) -> str:
    """Return a value as it stands in a file: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def shown(value: Any) -> str:
    """Return a value as a message shows it: a text in quotes, anything else as JSON."""
    text = written(value)
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return repr(text) if isinstance(value, str) else text


def labels(content: bytes) -> dict[str, str]:
    """Return what the fields of a form are called, by key; whatever the file holds.

    Fields of a JSON schema go by their path (``address.street``).
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    found: dict[str, str] = {}
    waiting: list[tuple[str, Any]] = [("", document)]
    for path, one in waiting:
        if isinstance(one, list):
            waiting += [(path, each) for each in one]
        elif isinstance(one, dict):
            key, label = one.get("key") or path, one.get("label") or one.get("title")
            if isinstance(key, str) and key and isinstance(label, str) and shown_name(label):
                found.setdefault(key, shown_name(label))
            waiting += [("", one.get("components"))]
            waiting += _fields(path, one.get("properties"))
    return found


def _fields(path: str, properties: Any) -> list[tuple[str, Any]]:
    if not isinstance(properties, dict):
        return []
    return [(f"{path}.{name}" if path else name, one) for name, one in properties.items()]
