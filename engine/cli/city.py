"""``bihuan demo``: the demo city and its simulated cases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click
import orjson

from engine import clock, deployments, identities
from engine import demo as showing
from engine.cli import diagrams, terminal
from engine.cli.installation import opened
from engine.cli.tables import migrated
from engine.demo.city import ADMIN, PASSWORD
from engine.demo.growth import SIZES
from engine.settings import Settings

IDS_PER_SEED = 10**12
"""How far apart the ids of two seeds lie."""


@click.command()
@click.option("--cases", default=0, type=click.IntRange(0, 100_000), help="How many to simulate.")
@click.option("--seed", default=1, type=click.IntRange(0), help="Same seed, same cases.")
@click.option(
    "--size",
    type=click.Choice(sorted(SIZES)),
    help="A larger city: of the numbers in the sources, or for a load test (default: as it lies).",
)
@click.option(
    "--from",
    "source",
    metavar="FOLDER",
    default="processes",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where lists, diagrams, decisions and forms lie (default: processes).",
)
@click.pass_obj
def demo(settings: Settings, *, cases: int, seed: int, size: str | None, source: Path) -> None:
    """Load the demo city with a user for every role, and N simulated cases.

    The cases run from 2025-10-01 to 2026-09-30. What is there already stays; a
    database that is still empty gets its tables first. Simulated commands do not
    wait for the disk: after a power cut begin anew with an empty database.
    """
    migrated(settings, only_if_empty=True)
    with opened(settings) as app:
        lists, users = showing.load_city(app, source / "lists", size)
        terminal.say(f"The demo city: {lists} new lists, {users} new users.")
        answer = deployments.deploy(app, identities.operator(), diagrams.read_files([source]))
        versions = answer.body["definitions"] if answer.status == 201 else []
        terminal.say(f"Processes: {len(versions)} deployed." if versions else "No new processes.")
    if cases:
        _simulate(settings, cases, seed, source / "demo" / "grid_events.json")
    terminal.say(f"Demo logins: {ADMIN} or any role code such as street_dispatcher (roles.csv);")
    terminal.say(f"their password is {PASSWORD}.")


def _simulate(settings: Settings, cases: int, seed: int, plan: Path) -> None:
    first = orjson.loads(plan.read_bytes())["first"]
    start = clock.parse(f"{first}T00:00:00+08:00") - timedelta(seconds=1)
    manual = clock.ManualClock(start, seed=seed * IDS_PER_SEED)
    with (
        opened(settings, clock=manual, durable=False) as app,
        terminal.progress("Simulated cases", cases) as step,
    ):
        report = showing.simulate(app, cases, seed, plan=plan, step=step)
    if not report:
        terminal.say(f"The cases of seed {seed} are there already; another --seed gives others.")
    for name, count in sorted(report.items()):
        terminal.say(f"  {name}: {count}")
