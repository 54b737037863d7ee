"""Two readings of BPMN 2.0 that share no code say the same, row by row.

Random diagrams of every construct that the oracle knows, grown from blocks and wired at
random, and random things that happen to them. A part of them is run with the books of
``tests.memory`` open as well: tokens conserved, the marking is JSON, two runs are equal.
The seeds are fixed; another range is tried by changing ``SEEDS``.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from tests.beside import Beside
from tests.oracle import Endless
from tests.wide_nets import Nets, wired

TOGETHER = range(8)
SEEDS = range(8, 10)
NETS = 25
"""So many nets of each kind for a seed."""

STEPS = 14
BOOKS = 5
"""Every fifth net is run with the books open."""
WANTED = (
    "in", "out", "cut", "flow", "undo", "undone", "transaction", "quantities", "ends early",
    "throws as instances complete",
    *("task", "userTask", "scriptTask", "serviceTask", "sendTask", "receiveTask", "subProcess"),
    *("callActivity", "eventSubProcess", "exclusiveGateway", "parallelGateway"),
    *("inclusiveGateway", "complexGateway", "eventBasedGateway"),
    *(
        f"{position} {trigger}"
        for position in ("startEvent", "boundaryEvent")
        for trigger in ("message", "signal", "timer", "conditional", "error", "escalation")
    ),
    *(
        f"staying {position} {trigger}"
        for position in ("startEvent", "boundaryEvent")
        for trigger in ("message", "signal", "timer", "conditional", "escalation")
    ),
    *(
        f"intermediateCatchEvent {trigger}"
        for trigger in ("message", "signal", "timer", "conditional", "link")
    ),
    *(
        f"intermediateThrowEvent {trigger}"
        for trigger in ("message", "signal", "escalation", "link", "compensate")
    ),
    *(
        f"endEvent {trigger}"
        for trigger in (
            "message", "signal", "error", "escalation", "terminate", "compensate", "cancel"
        )
    ),
    *("boundaryEvent cancel", "startEvent compensate"),
    *(f"{kind} of several together" for kind in ("boundaryEvent", "startEvent")),
    *("intermediateCatchEvent of several together", "eventBasedGateway of several together"),
    *(
        f"{kind} {loop}"
        for kind in ("userTask", "subProcess")
        for loop in ("standard", "parallel", "sequential")
    ),
)  # fmt: skip


def grown(dice: Random) -> tuple[list[bytes], list[str]]:
    nets = Nets(dice)
    return nets.files(), nets.starts


def run(files: list[bytes], starts: list[str], dice: Random, *, books: bool) -> Beside:
    """Run one net on both, with things that the dice choose among those that are possible."""
    one = Beside(*files)
    one.checks = books
    try:
        one.begin(dice.choice(starts) if starts else None, v=dice.randint(0, 5), items=[1, 2, 5])
        for _ in range(STEPS):
            possible = one.possible()
            if one.oracle.state != "open" or not possible:
                break
            one.happen(*dice.choice(possible), dice.randint(0, 6))
    except Endless:
        # It throws to itself for ever: the kernel stops with an incident (test_kernel_limits).
        pass
    return one


def met(one: Beside) -> Counter[str]:
    """Return which constructs did something, and how often."""
    found: Counter[str] = Counter(row[0] for row in one.oracle.trace)
    for row in one.oracle.trace:
        if row[0] != "in":
            continue
        node = next(p.nodes[row[1]] for p in one.bundle.processes.values() if row[1] in p.nodes)
        position = "staying " if not node.interrupting else ""
        found[node.kind.value] += 1
        for definition in node.events:
            found[f"{position}{node.kind.value} {definition.trigger.value}"] += 1
        if node.parallel_multiple:
            found[f"{node.kind.value} of several together"] += 1
        if node.loop is not None:
            found[f"{node.kind.value} {node.loop.kind.value}"] += 1
            found["throws as instances complete"] += bool(node.loop.throws)
            found["ends early"] += node.loop.completion is not None
        found["transaction"] += node.transaction
        found["quantities"] += node.start_quantity + node.completion_quantity > 2
    return found


def both(seed: int) -> list[Beside]:
    """Run the nets of a seed, grown and wired."""
    ran = []
    for number in range(NETS):
        books = number % BOOKS == 0
        dice = Random(f"grown {seed} {number}")
        files, starts = grown(dice)
        ran.append(run(files, starts, dice, books=books))
        dice = Random(f"wired {seed} {number}")
        ran.append(run([wired(dice)], [], dice, books=books))
    return ran


@pytest.mark.parametrize("seed", SEEDS)
def test_random_nets_move_as_the_oracle_moves_them(seed):
    assert len(both(seed)) == 2 * NETS


def test_everything_that_the_oracle_knows_is_met():
    found: Counter[str] = Counter()
    for seed in TOGETHER:
        for one in both(seed):
            found += met(one)

    assert {what for what in WANTED if not found[what]} == set()
