"""Random migrations of random nets: what must hold of every one of them."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import commands as c
from engine.bpmn import reader
from engine.errors import MigrationRefused
from engine.execution import Bundle
from engine.kernel.dispatch import STEPS
from engine.kernel.outlook import troubles
from engine.kernel.run import Run
from tests.memory import Case
from tests.test_kernel_nets import blocks, leaf, net, step


class Moving(Case):
    """A case that is migrated now and then; every version it ran on is kept for the replay."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
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


def bundle_of(content: bytes) -> Bundle:
    diagram, _ = reader.read(content, "test.bpmn")
    assert diagram is not None
    return Bundle("p", diagram.processes)


def renamed(content: bytes) -> tuple[bytes, dict[str, str]]:
    """Return a net with another id for every element, and the mapping to it and back."""
    elements = set(re.findall(rb'<\w+ id="([a-z]\d+)"', content))
    text = re.sub(
        rb'"([a-z]\d+)"|"([a-z]\d+)_([a-z]\d+)"',
        lambda one: b'"' + b"_".join(b"z" + part for part in one.groups() if part) + b'"',
        content,
    )
    return text, {one.decode(): f"z{one.decode()}" for one in elements}


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


MOVED: set[int] = set()
REFUSED: set[int] = set()
"""Which variants a case has gone on with, and which it could not."""


def test_every_migration_keeps_the_books_and_replays():
    MOVED.clear()
    REFUSED.clear()

    try_migrations()

    assert {0, 1, 5, 6, 7} - MOVED == set()
    assert {2, 3, 4} - REFUSED == set()


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    blocks,
    blocks | leaf.map(lambda kind: (kind,)),
    st.lists(st.integers(0, 10_000), min_size=10, max_size=18),
)
def try_migrations(block, other, choices):
    case = Moving(net(block))
    was, offered = case.bundle, variants(block, other)
    case.start(v=choices[0] % 5, items=["a", "b", "c"])
    gone = False
    for number, choice in enumerate(choices):
        if gone or case.state in ("completed", "cancelled"):
            break
        if number % 3 == 1:
            gone = move(case, was, choice, offered)
        else:
            step(case, choice)
    finish(case)


def move(case, was, choice, offered):
    """Move a case to a variant, every other time there and back; return whether it has gone."""
    kind = choice % len(offered)
    content, mapping = offered[kind]
    if not case.migrate(bundle_of(content), mapping):
        REFUSED.add(kind)
        return False
    MOVED.add(kind)
    if choice // len(offered) % 2 == 0:
        return True
    # Where only names or limits differ, whoever has gone can return.
    returned = case.migrate(was, {new: old for old, new in mapping.items()})
    assert returned or kind not in (0, 5, 6, 7)
    return not returned


def finish(case):
    if case.state not in ("completed", "cancelled"):
        case.do(c.CancelCase("voided"))
    again = Moving.__new__(Moving)
    Case.__init__(again, net(("user",)))
    again.bundles, again.checks = [], False
    for (now, actor, command), bundle in zip(case.log, case.bundles, strict=True):
        again.now, again.bundle = now, bundle
        again.do(c.from_json(command.to_json()), actor)

    assert again.events == case.events
    assert again.snapshot == case.snapshot
