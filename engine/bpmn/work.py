"""What an activity does by itself: a decision, tests of a script, activities in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.scripts import Code


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


@dataclass(frozen=True, slots=True)
class AdHoc:
    """How the activities of an ad-hoc sub-process are done.

    Attributes:
        startable: what people may start, in the file's order: activities that no flow
            leads to.
        listening: events that no flow leads to: each waits again when it has happened.
        sequential: one activity at a time.
        cancels: what still runs is cancelled when all is done; else it is waited for.
        completion: asked whenever an activity inside is completed; None = a person says so.
        begins: expression for the ids of activities that start by themselves at the
            beginning (``zeebe:adHoc``).
        runs_out: without ``completion`` it also ends when nothing goes on in it any more,
            as in Camunda 8.
    """

    startable: tuple[str, ...]
    listening: tuple[str, ...]
    sequential: bool = False
    cancels: bool = True
    completion: Code | None = None
    begins: Code | None = None
    runs_out: bool = False

    @property
    def begun(self) -> tuple[str, ...]:
        """Ids of all that begins without a flow before it."""
        return (*self.startable, *self.listening)
