"""What is wrong or doubtful in an uploaded file: where, what and what to do.

Findings are answers, not exceptions: a designer wants all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.bpmn import sentences

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

MAX_TEXT = 400
"""How many characters of a text are told: those of an upload are as long as its author likes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a designer should know before deploying.

    Attributes:
        code: stable, kebab-case; programs decide by it.
        severity: an ``error`` keeps the file from being deployed, a ``warning`` does not;
            for a ``note`` nothing needs to be done.
        file: name of the file as it was uploaded.
        element: id of the element in the file; None when the whole file is meant.
        line: line in the file, counted from 1; None where it is not known.
        message: what was found and why it matters.
        hint: what to do next; without one, what to do about every finding of the code.
        name: what people call the element; None where it has no name.
    """

    code: str
    severity: Severity
    file: str
    element: str | None
    line: int | None
    message: str
    hint: str | None = None
    name: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the finding as the command line and the API print it, in both languages."""
        hint, hint_zh = sentences.to_do(self.code, self.hint)
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "element": self.element and bounded(self.element),
            "name": self.name,
            "line": self.line,
            "message": bounded(self.message),
            "hint": hint and bounded(hint),
            "message_zh": bounded(sentences.in_chinese(self.code, self.message)),
            "hint_zh": hint_zh and bounded(hint_zh),
        }


def bounded(text: str) -> str:
    """Return a text that fits into a finding."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def named(findings: Iterable[Finding], names: Mapping[str, str]) -> list[Finding]:
    """Return the findings with the names of their elements.

    Args:
        names: by id; what has none is not there.
    """
    return [
        replace(one, name=names.get(one.element or "")) if one.name is None else one
        for one in findings
    ]
