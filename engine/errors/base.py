"""What every refusal has in common."""

from __future__ import annotations

from typing import Any, ClassVar


class EngineError(Exception):
    """The request was refused; nothing was changed."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        element: str | None = None,
        findings: list[dict[str, Any]] | None = None,
    ) -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.hint = hint
        self.element = element
        self.findings = findings
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def to_json(self) -> dict[str, Any]:
        """Return the problem's members (RFC 9457) that this refusal carries."""
        problem: dict[str, Any] = {"code": self.code, "status": self.status, "detail": self.message}
        for name in ("hint", "element", "findings"):
            value = getattr(self, name)
            if value is not None:
                problem[name] = value
        return problem
