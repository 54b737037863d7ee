"""The dry run of a migration, against the replay of the same cases.

Cases stand anywhere among twelve tasks. The dry run looks at each as ``bihuan
move-cases --dry-run`` does: rights, the version it would go on with, everything that goes
on in it, the search for deadlocks from there. Replay, which writes nothing either, is
what finding the same out by running the cases again would cost at least.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import durable, twelve
from benchmarks.measure import Meter, Row, take_turns
from engine import cases, deployments, identities, replay
from engine.commands import MigrateCase


def migrated(*, count: int = 60, turns: int = 11) -> list[Row]:
    """CPU seconds for a case."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        path = Path(folder) / "bihuan.db"
        ids = durable.prepare(path, count)
        with durable.opened(path) as app:
            actor = identities.actor(app, twelve.ROLE)
            for number, case_id in enumerate(ids):
                for step in twelve.STEPS[: number % len(twelve.STEPS)]:
                    durable.complete(app, actor, case_id, step)
            changed = twelve.FILE.read_bytes().replace(b'name="', b'name="New: ')
            deployments.deploy(app, identities.operator(), {twelve.FILE.name: changed})
        # Opened anew: what was compiled for running the cases is not there yet.
        with durable.opened(path) as app:
            by = identities.operator()
            command = MigrateCase(2, reason="benchmark")

            def ours(meter: Meter) -> int:
                with meter.running():
                    found = [cases.preview_migration(app, by, one, command) for one in ids]
                assert [one["changes"][0]["what"] for one in found] == ["task_changed"] * count
                return count

            def theirs(meter: Meter) -> int:
                with meter.running():
                    differences = list(replay.replay(app, ids))
                assert differences == [None] * count
                return count

            cost = take_turns({"ours": ours, "theirs": theirs}, turns)
    value, against = cost["ours"] * 1_000_000, cost["theirs"] * 1_000_000
    return [
        Row(
            "migration: dry run of a case among twelve tasks",
            value,
            "µs CPU",
            "replay of the same case",
            against,
            value / against,
            "<= 1.2",
        )
    ]


FIGURES = {"migration": migrated}
