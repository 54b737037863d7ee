"""Replay on one core, against SpiffWorkflow driven with the same inputs in memory.

Replay reads a history, checks its chain, applies every recorded command again
and compares every event; SpiffWorkflow starts the case and completes its tasks,
and neither reads nor compares anything.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import durable, spiff, twelve
from benchmarks.measure import Meter, Row, take_turns
from engine import identities, replay


def replayed(*, cases: int = 30, turns: int = 11) -> list[Row]:
    """Cases of twelve tasks per CPU second."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        path = Path(folder) / "bihuan.db"
        ids = durable.prepare(path, cases)
        with durable.opened(path) as app:
            actor = identities.actor(app, twelve.ROLE)
            for case_id in ids:
                for step in twelve.STEPS:
                    durable.complete(app, actor, case_id, step)
                durable.demand(app, case_id)
        other = spiff.Spiff()

        def theirs(meter: Meter) -> int:
            with meter.running():
                done = [spiff.run_case(other) for _ in range(cases)]
            for workflow in done:
                spiff.demand(workflow)
            return cases

        # Opened anew: what was compiled for running the cases is not there yet.
        with durable.opened(path) as app:

            def ours(meter: Meter) -> int:
                with meter.running():
                    differences = list(replay.replay(app, ids))
                assert differences == [None] * cases, differences
                return cases

            cost = take_turns({"ours": ours, "theirs": theirs}, turns)
    value, against = 1 / cost["ours"], 1 / cost["theirs"]
    return [
        Row(
            "replay: cases of twelve tasks on one core",
            value,
            "cases per CPU s",
            "SpiffWorkflow driven with the same inputs in memory",
            against,
            value / against,
            ">= 5",
        )
    ]


FIGURES = {"replay": replayed}
