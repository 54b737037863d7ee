"""A case on the SpiffWorkflow executor in memory, driven by a test as ``memory.Case`` is."""

from __future__ import annotations

import json
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine import commands as c
from engine.events import Event
from engine.execution import Snapshot
from engine.spiff import Spiff
from engine.spiff.books import TASK
from tests.memory import Case, check_events


def check_books(snapshot: Snapshot) -> None:
    """Assert what holds of every snapshot between two commands."""
    control = snapshot.control
    if "nets" not in control:
        return
    listed, working = [], set()
    hosts = {None}
    for host, scope, net, root, tokens in control["nets"]:
        assert host in hosts, "a workflow without its activity"
        assert scope in control["scopes"]
        assert tokens or "incidents" in control, "an empty workflow was not completed"
        known = {root}
        for number, _, parent, state, of, _, _, phase, subs, *_ in tokens:
            assert parent in known, "a task before the one that it hangs on"
            known.add(number)
            assert not state & TaskState.FINISHED_MASK, "a finished task is still in the tree"
            assert of in control["scopes"]
            listed += subs
            working |= {number} if phase == TASK else set()
        hosts |= known
        assert net.partition("/")[0] == control["scopes"][scope][1]
    assert sorted(listed) == sorted(control.get("subs", ()))
    assert len(working) == len(control.get("tasks", ()))
    assert {row[0] for row in control.get("incidents", {}).values() if row[0]} <= {
        *control.get("tasks", ()),
        *(name.removesuffix("/") for name in control["scopes"]),
        *_names(control["nets"]),
    }
    assert set(snapshot.data) <= set(control["scopes"])


def _names(nets: list[Any]) -> set[str]:
    """Return the names of entered tasks; only their element and visit are in a row."""
    return {
        f"{net.partition('/')[0]}.{spec.rstrip('~').removesuffix(' [child]')}.{nth}"
        + ("" if instance is None else f".{instance}")
        for _, _, net, _, tokens in nets
        for _, spec, _, _, _, nth, instance, *_ in tokens
    }


class SpiffCase(Case):
    """One case; what must always hold is checked after every command."""

    def __init__(self, *files: bytes, **more: Any) -> None:
        super().__init__(*files, **more)
        self.spiff = Spiff()

    def do(self, command: c.Command, actor: str = "ann") -> list[Event]:
        """Apply a command and return its events."""
        self.world.now = self.now
        before = json.dumps([self.snapshot.control, self.snapshot.data]) if self.checks else ""
        applied = self.spiff.apply(
            self.bundle, self.snapshot, command, now=self.now, actor=actor, world=self.world
        )
        if self.checks:
            assert json.dumps([self.snapshot.control, self.snapshot.data]) == before
            assert json.loads(json.dumps(applied.snapshot.control)) == applied.snapshot.control
            assert json.loads(json.dumps(applied.snapshot.data)) == applied.snapshot.data
            check_books(applied.snapshot)
            self._check_again(command, actor, applied.snapshot, applied.events)
        self.snapshot = applied.snapshot
        self.events += applied.events
        self.log.append((self.now, actor, command))
        check_events(self.events, ended=self.state in ("completed", "cancelled"))
        return applied.events

    def _check_again(
        self, command: c.Command, actor: str, after: Snapshot, events: list[Event]
    ) -> None:
        """Assert that neither the order of keys nor what came before in the process counts."""
        old = self.snapshot
        shuffled = Snapshot(
            old.case,
            old.state,
            json.loads(json.dumps(old.control, sort_keys=True)),
            json.loads(json.dumps(old.data, sort_keys=True)),
        )
        asked = len(self.world.asked)
        recorded = c.from_json(json.loads(json.dumps(command.to_json(), sort_keys=True)))
        again = Spiff().apply(
            self.bundle, shuffled, recorded, now=self.now, actor=actor, world=self.world
        )
        del self.world.asked[asked:]
        assert again.events == events
        assert again.snapshot == after

    @property
    def timers(self) -> dict[int, str]:
        """Number -> due moment of the timers that run."""
        return {
            int(number): row[5]
            for number, row in sorted(self.snapshot.control.get("subs", {}).items())
            if row[0] == "timer" and row[5] is not None and row[8] is None
        }
