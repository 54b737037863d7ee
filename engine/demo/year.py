"""The simulated year: ``simulate``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from engine import store
from engine.demo.city import ADMIN
from engine.demo.crowd import Crowd
from engine.demo.plans import Plans
from engine.demo.simulation import Simulation
from engine.ports import Application

FACT = "simulated:{plan}:{seed}"


def simulate(
    app: Application,
    count: int,
    seed: int,
    *,
    plan: Path,
    step: Callable[[], None] = lambda: None,
) -> Counter[str]:
    """Let ``count`` cases of a plan happen; the same seed gives the same histories.

    Args:
        app: opened on a ``ManualClock`` at or before the plan's first day; the city
            is loaded and the processes are deployed.
        count: how many cases.
        seed: of the random choices. One that was used on this database is not
            used again.
        plan: the file, see ``simulation``.
        step: called as each case arrives.

    Returns:
        How often what happened; empty if this seed was simulated before.
    """
    fact = FACT.format(plan=plan.stem, seed=seed)
    with app.database.writing() as tx:
        if store.get_fact(tx, fact) is not None:
            return Counter()
        store.put_fact(tx, fact, str(count))
        app.references.refresh(tx)
    return Simulation(app, Plans.read(plan), Crowd(app, ADMIN), seed).run(count, step)
