"""What a task does by itself: the decision it asks, and the tests of its script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision that a business-rule task asks.

    Attributes:
        key: id of the decision in a deployed DMN file.
        result: datum that takes the result.
        shape: singleEntry, singleResult, collectEntries, resultList; None = by outputs.
        spread: each output of the one rule also becomes a datum of its own, as
            SpiffWorkflow has it; the shape is then ``singleResult``.
    """

    key: str
    result: str
    shape: str | None = None
    spread: bool = False

    def written(self, result: Any) -> dict[str, Any]:
        """Return the data that a result becomes."""
        if not self.spread or not isinstance(result, dict):
            return {self.result: result}
        # As without a shape: a single output is its own result.
        single = next(iter(result.values())) if len(result) == 1 else result
        return {self.result: single, **result}


@dataclass(frozen=True, slots=True)
class UnitTest:
    """What a script is to make of some data.

    Attributes:
        key: its name.
        given: the data before, a JSON object as text.
        expected: all data after, likewise.
        line: line in the file.
    """

    key: str
    given: str
    expected: str
    line: int | None = None
