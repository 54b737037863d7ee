"""The same case on the kernel and on SpiffWorkflow, command by command.

Compared is all that both write: the events of each token in their order, what is
open, the data, what is refused. The order between tokens is the kernel's. A known
difference has a name in ``KNOWN``, with the line that explains it; where one is met
the two are not compared any further, and it is counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any, ClassVar

from engine import commands as c
from engine.errors import EngineError
from engine.events import Event
from engine.execution import Executor, OpenTask
from engine.spiff.refusals import refusals
from tests.memory import Case
from tests.spiff_memory import SpiffCase

KNOWN = {
    "refused": "an element that SpiffWorkflow runs wrongly is refused at deployment: "
    "docs/spiffworkflow.md 7, 8 and 11",
    "not-on-executor": "SpiffWorkflow cannot change a multi-instance activity that runs, nor "
    "hold one of its instances; the command is refused by name: docs/spiffworkflow.md, at its end",
}


class Both(Case):
    """A case on the kernel, and beside it the same on SpiffWorkflow.

    Attributes:
        met: the known differences that were met, how often, in all cases.
        compared: how many commands said the same, in all cases.
    """

    met: ClassVar[Counter[str]] = Counter()
    compared: ClassVar[int] = 0

    def __init__(self, *files: bytes, **more: Any) -> None:
        super().__init__(*files, **more)
        self.beside: SpiffCase | None = SpiffCase(*files, **more)
        if self.refused:
            self._give_up("refused")

    @property
    def refused(self) -> list[str]:
        """The elements that SpiffWorkflow is not asked to run."""
        processes = self.bundle.processes.values()
        return [str(one.element) for process in processes for one in refusals(process, "net")]

    def _give_up(self, difference: str) -> None:
        Both.met[difference] += 1
        self.beside = None

    def do(self, command: c.Command, actor: str = "ann") -> list[Event]:
        """Apply a command to both, compare, and return the kernel's events."""
        told = _told(super().do, command, actor)
        if self.beside is not None:
            self._compare(self.beside, command, actor, told)
        if isinstance(told, EngineError):
            raise told
        return told

    def _compare(self, spiff: SpiffCase, command: c.Command, actor: str, told: Any) -> None:
        spiff.now, spiff.checks = self.now, self.checks
        # What a test changes of the world holds for both.
        given = {name: one for name, one in vars(self.world).items() if name != "asked"}
        vars(spiff.world).update(given)
        other = _told(spiff.do, command, actor)
        if isinstance(other, EngineError) and other.code in KNOWN:
            self._give_up(other.code)
            return
        assert by_token(other) == by_token(told), difference(told, other)
        assert spiff.state == self.state
        assert spiff.tasks == self.tasks
        assert spiff.timers == self.timers
        assert spiff.incidents == self.incidents
        assert spiff.snapshot.data == self.snapshot.data
        for task in self.tasks[:3]:
            assert _seen(spiff.spiff, spiff, task) == _seen(self.kernel, self, task)
        Both.compared += 1


def _seen(executor: Executor, case: Case, task: str) -> dict[str, Any]:
    """Return an open task as the application sees it before a command."""
    found = executor.task(case.bundle, case.snapshot, task)
    seen = {one.name: getattr(found, one.name) for one in fields(OpenTask)}
    return {**seen, "names": dict(found.names)}


def _told(do: Any, command: c.Command, actor: str) -> Any:
    try:
        return do(command, actor)
    except EngineError as refusal:
        return refusal


def by_token(told: Any) -> Any:
    """Return the events of each token in order; of a refusal its code."""
    if isinstance(told, EngineError):
        return told.code
    tokens: dict[str, list[Event]] = {}
    for event in told:
        place = [event[name] for name in ("process", "element", "nth", "path")]
        tokens.setdefault(str([*place, event.get("instance")]), []).append(event)
    return tokens


def difference(kernel: Any, spiff: Any) -> str:
    """Return both, from the first event on in which they differ."""
    if isinstance(kernel, EngineError) or isinstance(spiff, EngineError):
        return f"kernel: {kernel}\nspiff: {spiff}"
    same = 0
    while same < min(len(kernel), len(spiff)) and kernel[same] == spiff[same]:
        same += 1
    lines = [f"after {same} events that are the same"]
    for name, events in (("kernel", kernel), ("spiff", spiff)):
        lines += [f"{name}: {one}" for one in events[same : same + 6]]
    return "\n".join(lines)
