"""What is wrong or doubtful in an uploaded file: where, what and what to do.

Findings are answers, not exceptions: a designer wants all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a designer should know before deploying.

    Attributes:
        code: stable, kebab-case; programs decide by it.
        severity: an ``error`` keeps the file from being deployed, a ``warning`` does not.
        file: name of the file as it was uploaded.
        element: id of the element in the file; None when the whole file is meant.
        line: line in the file, counted from 1; None where it is not known.
        message: what was found and why it matters.
        hint: what to do next.
    """

    code: str
    severity: Severity
    file: str
    element: str | None
    line: int | None
    message: str
    hint: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the finding as the command line and the API print it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "element": self.element,
            "line": self.line,
            "message": self.message,
            "hint": self.hint,
        }
