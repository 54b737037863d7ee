"""A case on the kernel, and beside it the same on the oracle of ``tests.oracle``.

After every command both must have said the same, in the same order; what is open, what is
waited for, what joins hold and the data must be the same as well.
"""

from __future__ import annotations

from typing import Any

from engine import commands as c
from engine.events import Event
from tests.memory import Case
from tests.oracle import Oracle
from tests.oracle.books import Wait

WORDS = {
    "element_entered": "in",
    "compensation_started": "undo",
    "compensation_completed": "undone",
}


def rows(events: list[Event]) -> list[tuple[Any, ...]]:
    """Return what the kernel wrote in the words of the oracle."""
    found: list[tuple[Any, ...]] = []
    for event in events:
        kind = event["type"]
        if kind == "flow_taken":
            found.append(("flow", event["flow"]))
        elif kind == "element_left" or kind in WORDS:
            word = WORDS.get(kind) or ("cut" if event.get("cancelled") else "out")
            found.append((word, event["element"], event["nth"], event.get("instance")))
    return found


class Beside(Case):
    """Each method does the same to both and compares them.

    Attributes:
        compared: rows that were the same, in all cases.
    """

    compared = 0

    def __init__(self, *files: bytes, **more: Any) -> None:
        super().__init__(*files, **more)
        self.oracle = Oracle(self.bundle.processes, self.bundle.main)

    def begin(self, start: str | None = None, /, **data: Any) -> None:
        self.oracle.start({**data}, start)
        self.start(start, **data)
        self.compare()

    def possible(self) -> list[tuple[str, Any]]:
        """Return what can happen now, as the oracle sees it."""
        oracle = self.oracle
        found: list[tuple[str, Any]] = [("task", one) for one in oracle.tasks()]
        found += [(what, one) for one in oracle.jobs() for what in ("job", "fail")]
        found += [("timer", one) for one in oracle.timers()]
        names = {(one.kind, one.definition.name) for one in oracle.waits}
        found += sorted((kind, name) for kind, name in names if kind in ("message", "signal"))
        for scope, activities, by_hand in oracle.offers():
            found += [("begin", (scope, one)) for one in activities] * 2
            found += [("say done", (scope, ""))] if by_hand else []
        return found

    def happen(self, what: str, which: Any, value: int) -> None:
        """Let one of the possible things happen; people and messages write the datum ``v``.

        Raises:
            Endless: the oracle comes to no end; the kernel was not asked then.
        """
        oracle, data = self.oracle, {"v": value}
        if what == "task":
            command: c.Command = c.CompleteTask(which.name, None, dict(data))
            oracle.complete(which, data)
        elif what == "job":
            command = c.CompleteJob(which.name, dict(data))
            oracle.complete(which, data)
        elif what == "fail":
            command = c.FailJob(which.name, "no", "e1")
            oracle.fail(which, "e1")
        elif what == "begin":
            command = c.StartActivity(which[0].name, which[1])
            oracle.start_activity(*which)
        elif what == "say done":
            command = c.CompleteScope(which[0].name)
            oracle.say_done(which[0])
        elif what == "timer":
            command = self.firing(which)
            self.later(max(0, which.due - oracle.now))
            oracle.fire_timer(which)
        elif what == "message":
            command = c.CorrelateMessage(which, {}, dict(data))
            oracle.message(which, data)
        else:
            command = c.ReceiveSignal(which, dict(data))
            oracle.signal(which, data)
        self.do(command)
        self.compare()

    def firing(self, wait: Wait) -> c.FireTimer:
        """Return the command for a timer of the oracle: the same place in the order."""
        place = self.oracle.timers().index(wait)
        number = sorted(self.timers)[place]
        assert self.snapshot.control["subs"][str(number)][3] == wait.event.id
        return c.FireTimer(number, self.timers[number])

    def compare(self) -> None:
        oracle = self.oracle
        said = rows(self.events)
        assert said == oracle.trace, difference(said, oracle.trace)
        Beside.compared = Beside.compared + len(said)
        assert self.over == oracle.state
        if oracle.state != "open":
            return
        assert self.tasks == [one.name for one in oracle.tasks()]
        assert self.offered() == [
            (scope.name, tuple(keys), by_hand) for scope, keys, by_hand in oracle.offers()
        ]
        assert self.awaited() == sorted((one.kind, one.event.id) for one in oracle.waits)
        assert self.held() == held(oracle)
        assert {name: self.data.get(name) for name in oracle.root.data} == oracle.root.data

    @property
    def over(self) -> str:
        return "open" if self.state == "incident" else self.state

    def offered(self) -> list[tuple[str, tuple[str, ...], bool]]:
        offers = self.kernel.offers(self.bundle, self.snapshot)
        return [(one.scope, tuple(one.activities), one.ends_by_hand) for one in offers]

    def awaited(self) -> list[tuple[str, str]]:
        subs = self.snapshot.control.get("subs", {})
        return sorted((row[0], row[3]) for row in subs.values())

    def held(self) -> dict[tuple[str, str, str], int]:
        control = self.snapshot.control
        return {
            (scope, join, flow): number
            for table in (control.get("joins", {}), control.get("merges", {}))
            for scope, joins in table.items()
            for join, flows in joins.items()
            for flow, number in flows.items()
            if number and flow
        }


def held(oracle: Oracle) -> dict[tuple[str, str, str], int]:
    return {
        (scope.name, join, flow): number
        for scope in oracle.scopes()
        for join, flows in scope.held.items()
        for flow, number in flows.items()
        if number
    }


def difference(kernel: list[Any], oracle: list[Any]) -> str:
    """Return where the two part."""
    same = 0
    while same < min(len(kernel), len(oracle)) and kernel[same] == oracle[same]:
        same += 1
    before = kernel[max(0, same - 6) : same]
    return f"after {before}\nkernel: {kernel[same : same + 8]}\noracle: {oracle[same : same + 8]}"
