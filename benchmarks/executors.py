"""The second executor: what it costs over SpiffWorkflow alone, and whether it agrees.

* ``spiff``: a user task completed durably through ``cases.handle`` on the executor
  ``spiff``, against SpiffWorkflow serialised and restored each time, as in ``durable``.
* ``differential``: random nets on both executors, command by command; the first
  difference ends it.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks import durable, twelve
from benchmarks.measure import CPU, Row, take_turns
from engine import cases, deployments, identities, store
from engine.ports import Application
from tests.nets import nets, run_net
from tests.pairs import Both


def _begin(app: Application, started: int) -> Iterator[str]:
    """Deploy the twelve tasks for SpiffWorkflow and start cases of it."""
    files = {twelve.FILE.name: twelve.FILE.read_bytes()}
    deployments.deploy(app, identities.operator(), files, executor="spiff")
    actor = identities.actor(app, twelve.ROLE)
    found = [
        cases.start(app, actor, process=twelve.PROCESS, data=dict(twelve.START)).case_id
        for _ in range(started)
    ]
    with app.database.reading() as tx:
        rows = [store.read_case(tx, one) for one in found if one is not None]
    assert {row.executor for row in rows if row is not None} == {"spiff"}
    return iter([one for one in found if one is not None])


def spiff(*, per_turn: int = 2, turns: int = 15) -> list[Row]:
    """CPU per durably completed task on SpiffWorkflow behind the seam."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        path = Path(folder) / "ours.db"
        durable.prepare(path, 0)
        alone = durable.connect(Path(folder) / "spiff.db")
        with durable.opened(path) as app:
            ids = _begin(app, (turns + 1) * per_turn)
            sides = {
                "ours": durable._ours(app, ids, per_turn),
                "spiff": durable._spiff(alone, per_turn),
            }
            cost = take_turns(sides, turns)
        alone.close()
    return [
        Row(
            "spiff: task completed on executor spiff, SQLite, synchronous=FULL",
            cost["ours"] * 1e6,
            "µs CPU",
            "SpiffWorkflow serialised and restored each time",
            cost["spiff"] * 1e6,
            cost["spiff"] / cost["ours"],
            ">= 3",
        )
    ]


def differential(*, count: int = 2000) -> list[Row]:
    """Nets on which both executors say the same; a difference is an AssertionError."""
    start = random.SystemRandom().randrange(2**32)
    Both.compared = 0
    began = CPU()

    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(nets, st.lists(st.integers(0, 10_000), min_size=12, max_size=25))
    def agree(net: object, choices: list[int]) -> None:
        case = run_net(net, choices)
        assert case.beside is not None, "a net was not compared to its end"

    agree()
    return [
        Row(
            f"differential: nets on both executors, {Both.compared:,} commands, seed {start}",
            count,
            "nets",
            "CPU seconds for all of them; none differs",
            CPU() - began,
            float(count),
            ">= 2000",
        )
    ]


FIGURES = {"spiff": spiff, "differential": differential}
