"""Verify the chains of histories, against SHA-256 of the same bytes alone.

Verify reads each history and its head from the database, checks every link, compares
the columns beside each entry with its bytes, its sealed values with their commitments
and the log of heads; the other side has the bytes in memory and hashes them.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from benchmarks import durable, twelve
from benchmarks.measure import Meter, Row, take_turns
from engine import identities, store, verification
from engine.checkpoints import log


def verified(*, cases: int = 300, turns: int = 11) -> list[Row]:
    """Entries per CPU second."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        path = Path(folder) / "bihuan.db"
        ids = durable.prepare(path, cases)
        with durable.opened(path) as app:
            actor = identities.actor(app, twelve.ROLE)
            for case_id in ids:
                for step in twelve.STEPS:
                    durable.complete(app, actor, case_id, step)
            log.grow(app)
            with app.database.reading() as tx:
                bodies = [one.body for name in ids for one in store.read_entries(tx, name)]

            def ours(meter: Meter) -> int:
                with meter.running():
                    found = list(verification.cases(app, ids, with_present=False))
                assert found == [[]] * cases, found
                return len(bodies)

            def theirs(meter: Meter) -> int:
                with meter.running():
                    digests = [hashlib.sha256(body).hexdigest() for body in bodies]
                assert len(digests) == len(bodies)
                return len(bodies)

            cost = take_turns({"ours": ours, "theirs": theirs}, turns)
    value, against = 1 / cost["ours"], 1 / cost["theirs"]
    return [
        Row(
            "verify: entries of histories, chains alone",
            value,
            "entries per CPU s",
            "hashlib.sha256 of the same bytes alone",
            against,
            value / against,
            ">= 0.15",
        )
    ]


FIGURES = {"verify": verified}
