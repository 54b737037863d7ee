"""The simulated year: against the commands in it, applied alone.

* Ours: ``demo.simulate``, as ``bihuan demo --cases`` calls it: people are drawn, forms
  filled in, tasks looked for, timers fired, deliveries handed on.
* Alone: every command that a rehearsal of the same year applied, in the same order and at
  the same moments, through ``cases.start``, ``cases.handle`` and ``cases.fire``, and nothing
  around it. Nobody looks for work, and nothing is handed on: what a delivery brought about
  is a command of its own.

Both begin with copies of one database, wait for the disk alike, and know what the rehearsal
has compiled. At the end every history must have the same digest on both sides.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from benchmarks.measure import WALL, Meter, Row, Side, take_turns
from engine import cases, clock, demo, deployments, identities
from engine.application import open_application
from engine.cli import diagrams
from engine.clock import ManualClock
from engine.errors import EngineError
from engine.migrations import upgrade
from engine.ports import Application
from engine.scripts import Sandbox
from engine.settings import Settings
from engine.tables import cases as case_table

PROCESSES = Path(__file__).parent.parent / "processes"
PLAN = PROCESSES / "demo" / "grid_events.json"
SEED = 1
DOORS = ("start", "handle", "fire")
"""What applies commands (``engine.cases``)."""
_HEADS = sa.select(case_table.c.id, case_table.c.position, case_table.c.head)

Heads = Mapping[str, tuple[int, str]]
"""Case id -> how many entries its history has, and the digest of the last."""


class Call(NamedTuple):
    """A command on its way in: by which door, when, and the number of the clock's last id."""

    at: datetime
    count: int
    door: str
    args: tuple[Any, ...]
    named: Mapping[str, Any]


class World:
    """Copies of one database, and what both sides know before they begin.

    Args:
        folder: empty; the files lie there.
        durable: True = each commit waits for the disk; the demo's do not.
    """

    def __init__(self, folder: Path, sandbox: Sandbox, *, durable: bool) -> None:
        self._folder, self._sandbox, self._durable = folder, sandbox, durable
        self._empty = folder / "empty.db"
        self._number = 0
        self._warm: Application | None = None
        upgrade(f"sqlite:///{self._empty}")
        # As an office that looks back on the year: on its first day nobody holds a post yet.
        app = self._open(self._empty, _moment("last"))
        demo.load_city(app, PROCESSES / "lists")
        answer = deployments.deploy(app, identities.operator(), diagrams.read_files([PROCESSES]))
        assert answer.status == 201, answer.body
        app.database.close()

    def _open(self, path: Path, at: datetime) -> Application:
        settings = Settings(database_url=f"sqlite:///{path}")
        return open_application(
            settings, clock=ManualClock(at), sandbox=self._sandbox, durable=self._durable
        )

    @contextmanager
    def opened(self) -> Iterator[Application]:
        """Open the application on a new copy; what the first has compiled the others know."""
        self._number += 1
        path = self._folder / f"{self._number}.db"
        shutil.copy(self._empty, path)
        app = self._open(path, _moment("first") - timedelta(seconds=1))
        if self._warm is None:
            self._warm = app
        app = replace(app, library=self._warm.library, references=self._warm.references)
        try:
            yield app
        finally:
            app.database.close()
            path.unlink()


def _moment(name: str) -> datetime:
    """Return when a day that the plan names begins."""
    return clock.parse(f"{orjson.loads(PLAN.read_bytes())[name]}T00:00:00+08:00")


@contextmanager
def recorded(app: Application) -> Iterator[list[Call]]:
    """Note every command that comes in until the end of the block and is not refused."""
    calls: list[Call] = []
    doors = {name: getattr(cases, name) for name in DOORS}

    def noting(name: str, door: Callable[..., Any]) -> Callable[..., Any]:
        def enter(_app: Application, *args: Any, **named: Any) -> Any:
            assert isinstance(app.clock, ManualClock)
            # Before what it brings about comes in through the same doors.
            place = len(calls)
            calls.append(Call(app.clock.now(), app.clock._count, name, args, named))
            try:
                return door(_app, *args, **named)
            except EngineError:
                del calls[place]
                raise

        return enter

    for name, door in doors.items():
        setattr(cases, name, noting(name, door))
    try:
        yield calls
    finally:
        for name, door in doors.items():
            setattr(cases, name, door)


def heads(app: Application) -> Heads:
    """Return what every history has come to."""
    with app.database.reading() as tx:
        return {row[0]: (row[1], row[2]) for row in tx.all(_HEADS, {})}


def demand(found: Heads, wanted: Heads) -> None:
    """Assert that a side applied every command and came to the same histories.

    Raises:
        AssertionError: it did not.
    """
    entries, all_of_them = (sum(one for one, _ in side.values()) for side in (found, wanted))
    assert entries == all_of_them, f"{entries} commands were applied, not {all_of_them}"
    assert found == wanted, "the histories differ"


def rehearse(world: World, count: int) -> tuple[list[Call], Heads]:
    """Live the year once; return the commands in it and what the histories came to."""
    with world.opened() as app:
        with recorded(app) as calls:
            report = demo.simulate(app, count, SEED, plan=PLAN)
        assert report["started"] == count, report
        assert report["steps"] > 0, "nobody does anything"
        return calls, heads(app)


def simulated(world: World, count: int, wanted: Heads) -> Side:
    """Return the side that lives the whole year."""

    def turn(meter: Meter) -> int:
        with world.opened() as app:
            with meter.running():
                report: Counter[str] = demo.simulate(app, count, SEED, plan=PLAN)
            assert report["started"] == count, report
            demand(heads(app), wanted)
        return count

    return turn


def alone(world: World, count: int, calls: Sequence[Call], wanted: Heads) -> Side:
    """Return the side that applies the commands."""

    def turn(meter: Meter) -> int:
        with world.opened() as opened:
            app = replace(opened, deliver=lambda _app, _case_id: None)
            time = app.clock
            assert isinstance(time, ManualClock)
            with app.database.reading() as tx:
                app.references.refresh(tx)
            with meter.running():
                for at, number, door, args, named in calls:
                    time.set(at)
                    time._count = number
                    getattr(cases, door)(app, *args, **named)
            demand(heads(app), wanted)
        return count

    return turn


def year(*, count: int = 60, turns: int = 5, durable: bool = False) -> list[Row]:
    """Simulated cases per second."""
    with (
        tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder,
        closing(Sandbox()) as sandbox,
    ):
        world = World(Path(folder), sandbox, durable=durable)
        calls, wanted = rehearse(world, count)
        sides = {
            "ours": simulated(world, count, wanted),
            "alone": alone(world, count, calls, wanted),
        }
        cost = take_turns(sides, turns, clock=WALL)
    value, against = 1 / cost["ours"], 1 / cost["alone"]
    return [
        Row(
            f"demo: cases of the simulated year, {len(calls):,} commands in {count}",
            value,
            "cases/s",
            "the same commands applied alone",
            against,
            value / against,
            ">= 0.6",
        )
    ]


FIGURES = {"demo": year}
