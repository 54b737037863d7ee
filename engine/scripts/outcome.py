"""What comes back from the sandbox, what it may use, and what it may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Kind = Literal["error", "limit", "infrastructure"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no value.

    Attributes:
        kind: ``error``, the designer's, the same every time; ``limit``, time or
            memory ran out, which may be retried but is never evaluated again for
            a replay; ``infrastructure``, the machine.
        type: name of the exception, such as ``NameError``.
        message: bounded, the same in every process.
        line: in the file where the code knows its line, else in the text.
    """

    kind: Kind
    type: str
    message: str
    line: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the failure as it is recorded."""
        return {"kind": self.kind, "type": self.type, "message": self.message, "line": self.line}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Failure:
        """Return the failure of a record."""
        return cls(record["kind"], record["type"], record["message"], record.get("line"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value in plain JSON with tagged moments, or a failure."""

    value: Any = None
    error: Failure | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as it is recorded."""
        return {"error": self.error.to_json()} if self.error else {"value": self.value}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Outcome:
        """Return the outcome of a record."""
        error = record.get("error")
        return cls(record.get("value"), Failure.from_json(error) if error else None)


def truth(outcome: Outcome) -> Outcome:
    """Return the outcome of a condition: exactly true or false, or a failure.

    ``'false'`` and NaN count as true in Python, so nothing but a bool will do.
    """
    if outcome.error is not None or type(outcome.value) is bool:
        return outcome
    text = repr(outcome.value)
    message = f"A condition must be True or False, not {text[:80]}."
    return Outcome(error=Failure("error", "TypeError", message))


class Budget:
    """The sandbox time that one command has; not safe for several threads.

    Attributes:
        left: seconds that are left.
    """

    def __init__(self, seconds: float = 2.0) -> None:
        self.left = seconds

    def take(self, seconds: float) -> None:
        """Take what a call used."""
        self.left -= seconds


class Lookups(Protocol):
    """What expressions may ask of lists and the organisation, answered outside the sandbox.

    Arguments come from designers: they are plain data of modest size, but may be of
    any type. A ``ValueError`` becomes the designer's error with its message;
    anything else that is raised leaves ``Sandbox`` unchanged. Answers are plain JSON
    and take constant time: no limit runs meanwhile.
    """

    def lookup(self, name: str, /, **key: Any) -> Any:
        """Return the row of a list that has this key, or None."""

    def rows(self, name: str, /, **filters: Any) -> Any:
        """Return the rows of a list that fit, at most 200."""

    def unit(self, code: str, /) -> Any:
        """Return a unit, or None."""

    def unit_at(self, location: str, level: str, /) -> Any:
        """Return the id of the ancestor-or-self of a location on that level, or None."""

    def department(self, code: str, location: str | None = None, /) -> Any:
        """Return the code of the department responsible at a location, or None."""


class NoLookups:
    """Knows no list and no unit: for checks and decisions outside a case."""

    def lookup(self, name: str, /, **_key: Any) -> Any:
        """Return nothing.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"no list {name!r} can be looked up here")

    def rows(self, name: str, /, **_filters: Any) -> Any:
        """Return nothing.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"no list {name!r} can be looked up here")

    def unit(self, code: str, /) -> Any:
        """Return that there is no such unit."""

    def unit_at(self, location: str, level: str, /) -> Any:
        """Return that there is no such unit."""

    def department(self, code: str, location: str | None = None, /) -> Any:
        """Return that there is no such unit."""
