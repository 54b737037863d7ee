"""Random migrations of random nets: what must hold of every one of them."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import commands as c
from engine.bpmn import reader
from engine.errors import EngineError, MigrationRefused
from engine.execution import Bundle
from engine.kernel.dispatch import STEPS
from engine.kernel.outlook import troubles
from engine.kernel.run import Run
from tests import nets
from tests.memory import Case
from tests.nets import CALLS
from tests.test_kernel_nets import blocks, leaf, net, step
from tests.test_kernel_undo_nets import Diagrams, command


class Moving(Case):
    """A case that is migrated now and then; every version it ran on is kept for the replay."""

    def __init__(self, *files: bytes) -> None:
        super().__init__(*files)
        self.bundles = []

    def do(self, command, actor="ann"):
        events = super().do(command, actor)
        self.bundles.append(self.bundle)
        return events

    def migrate(self, bundle, mapping):
        """Return whether the case goes on with other definitions; else nothing has changed."""
        before, kept = self.bundle, self.snapshot
        self.bundle = replace(before, onto=bundle)
        try:
            self.do(c.MigrateCase(2, {"p": 2}, {"p": mapping} if mapping else None, "why"))
        except MigrationRefused:
            self.bundle = before
            assert self.snapshot is kept
            return False
        self.bundle = bundle
        if self.state not in ("completed", "cancelled"):
            assert troubles(self.run()) == []
        return True

    def run(self):
        return Run(self.bundle, self.snapshot, STEPS, now=self.now, actor="ann", world=self.world)


def bundle_of(*files: bytes) -> Bundle:
    processes = {}
    for one in files:
        diagram, _ = reader.read(one, "test.bpmn")
        assert diagram is not None
        processes.update(diagram.processes)
    return Bundle(next(iter(processes)), processes)


_NAMED = re.compile(rb'\b(id|attachedToRef|sourceRef|targetRef|default|activityRef)="([^"]+)"')


def renamed(content: bytes) -> tuple[bytes, dict[str, str]]:
    """Return a net with another id for every element, and the mapping to it.

    Flows have other ids too, and are in no mapping: they are known by what they join.
    """
    start = content.index(b">", content.index(b"<process")) + 1
    head, body = content[:start], content[start:]
    text = head + _NAMED.sub(rb'\1="z\2"', body)
    nodes = bundle_of(content).processes["p"].nodes
    return text, {one: f"z{one}" for one in nodes}


def variants(block, other):
    """Return nets that a case of a net may be moved to, with their mappings."""
    content = net(block)
    other_ids, mapping = renamed(content)
    return [
        (content.replace(b"<userTask", b'<userTask name="new"'), {}),
        (net(("seq", [block, other])), {}),
        (net(("seq", [other, block])), {}),
        (net(("and", [block, other])), {}),
        (net(other), {}),
        (content.replace(b"PT1H", b"PT3H").replace(b"v + 1)", b"v + 2)"), {}),
        (content.replace(b'name="go"', b'name="news"'), {}),
        (other_ids, mapping),
    ]


CALLERS = {
    how: nets._files((("user",), how, "timer", False))[:1] for how in CALLS if how != "alone"
}
"""Processes that call the net, once or for each of several items."""


@pytest.mark.parametrize("kind", range(8))
def test_every_migration_keeps_the_books_and_replays(kind):
    outcomes = set()

    @settings(
        max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(
        blocks,
        blocks | leaf.map(lambda kind: (kind,)),
        st.sampled_from(CALLS),
        st.lists(st.integers(0, 10_000), min_size=10, max_size=18),
    )
    def try_migrations(block, other, how, choices):
        callers = CALLERS.get(how, ())
        content, mapping = variants(block, other)[kind]
        case = Moving(*callers, net(block))
        onto = bundle_of(*callers, content)
        case.start(v=choices[0] % 5, items=["a", "b", "c"])
        for number, choice in enumerate(choices):
            if case.state in ("completed", "cancelled"):
                break
            if number % 3 == 1:
                outcomes.add(there_and_back(case, onto, mapping, kind))
            else:
                step(case, choice)
        finish(case)

    try_migrations()

    assert outcomes == {True} or (kind not in ONLY_NAMES and False in outcomes)


ONLY_NAMES = (0, 5, 6, 7)
"""Variants in which only names, limits, messages or ids differ: each case goes on with them."""


def there_and_back(case, onto, mapping, kind):
    """Move a case to a variant; return whether it went. Where names alone differ it can return."""
    was = case.bundle
    if not case.migrate(onto, mapping):
        return False
    returned = case.migrate(was, {new: old for old, new in mapping.items()})
    assert returned or kind not in ONLY_NAMES
    return True


def finish(case):
    if case.state not in ("completed", "cancelled"):
        case.do(c.CancelCase("voided"))
    again = Moving.__new__(Moving)
    Case.__init__(again, net(("user",)))
    again.bundles, again.checks = [], False
    for (now, actor, done), bundle in zip(case.log, case.bundles, strict=True):
        again.now, again.bundle = now, bundle
        again.do(c.from_json(done.to_json()), actor)

    assert again.events == case.events
    assert again.snapshot == case.snapshot


@pytest.mark.parametrize("seed", range(12))
def test_what_can_be_undone_can_be_undone_under_other_ids(seed):
    dice = Random(seed)
    content = Diagrams(dice).file()
    other, mapping = renamed(content)
    back = {new: old for old, new in mapping.items()}
    here, there = (bundle_of(content), mapping), (bundle_of(other), back)
    case = Moving(content)
    case.start(fails=False)

    for number in range(30):
        if case.state == "completed":
            break
        if number % 4 == 3:
            onto, names = there[0], here[1]
            assert case.migrate(onto, names)
            here, there = there, here
        try:
            case.do(command(case, dice))
        except EngineError:
            continue

    finish(case)
