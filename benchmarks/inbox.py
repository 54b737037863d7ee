"""The first page of the inbox when very much is open, against when little is.

All tasks are offered to the one who asks, which is the worst that can happen:
``views.inbox_page`` as ``GET /tasks`` calls it, with its counts and the working
time left of each task.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, cast

from benchmarks import durable, twelve
from benchmarks.measure import CPU, WALL, Clock, Meter, Row, Side, take_turns
from engine import demo, identities, projection, store, views
from engine.application import open_application
from engine.clock import ManualClock, text
from engine.database import Transaction
from engine.events import Event
from engine.execution import Snapshot
from engine.migrations import upgrade
from engine.ports import Application
from engine.scripts import Sandbox
from engine.settings import Settings
from engine.store import CaseRow
from tests import postgres

PAGE = 50
CHUNK = 20_000
"""Tasks written at once while a database is filled."""
STREET = "990101001"


def fill(app: Application, tasks: int, done: int = 0) -> None:
    """Open that many tasks, one per case, due over the next weeks, out of order.

    Args:
        done: as many more were done before, all by the one who asks.
    """
    for first in range(0, tasks + done, CHUNK):
        batch = _Batch()
        for number in range(first, min(first + CHUNK, tasks + done)):
            _add(batch, number, tasks)
        with app.database.writing() as writing:
            for clause, values in batch.rows.values():
                writing.run_many(clause, values)
    with app.database.engine.connect() as connection:
        # PostgreSQL does so itself, within a minute of so many new rows.
        connection.exec_driver_sql("ANALYZE")


def _add(batch: _Batch, number: int, tasks: int) -> None:
    # It takes what these functions ask of a transaction that only inserts.
    tx = cast("Transaction", batch)
    case = _CASE._replace(id=f"{number:032x}")
    store.insert_case(tx, case, Snapshot(case.id, "open", {}, {"": {}}), 1)
    entered = projection.Entered(case.id, case.process, 1, twelve.NOW, twelve.ROLE)
    events = [_opened(number, tasks)]
    if number >= tasks:
        events.append({**events[0], "type": "task_completed", "by": twelve.ROLE})
    projection.project(tx, entered, events)


_CASE = CaseRow(
    id="",
    process=twelve.PROCESS,
    version=1,
    pins="",
    executor="kernel",
    business_key=None,
    unit=STREET,
    starter=twelve.ROLE,
    state="open",
    end_state=None,
    lists="{}",
    created_at=twelve.NOW,
    ended_at=None,
    at=twelve.NOW,
    position=1,
    head="",
)


class _Batch:
    """Gathers rows by their statement, to be written at once."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[Any, list[Any]]] = {}

    def run(self, clause: Any, values: Any) -> int:
        self.run_many(clause, [values])
        return 1

    def run_many(self, clause: Any, rows: Sequence[Any]) -> None:
        self.rows.setdefault(id(clause), (clause, []))[1].extend(rows)


def _opened(number: int, tasks: int) -> Event:
    # A step that has no factor in common with the number of tasks visits each minute once.
    due = twelve.NOW + timedelta(minutes=number * 7919 % tasks)
    return {
        "type": "task_opened",
        "process": twelve.PROCESS,
        "element": "step_01",
        "nth": 1,
        "path": [],
        "task": f"{twelve.PROCESS}.step_01.1",
        "name": "问题排查",
        "candidates": [{"role": twelve.ROLE, "unit": STREET}],
        "due_at": text(due),
    }


@contextmanager
def filled(url: str, tasks: int, done: int = 0) -> Iterator[Application]:
    """Open the application on a new database with that many tasks open and done."""
    upgrade(url)
    settings = Settings(database_url=url)
    app = open_application(settings, clock=ManualClock(twelve.NOW), sandbox=Sandbox())
    try:
        demo.load_city(app, durable.LISTS)
        fill(app, tasks, done)
        yield app
    finally:
        app.close()


def first_page(app: Application, tasks: int, *, pages: int) -> Side:
    """Return the side that asks for the first page, and asserts that it is right."""
    actor = identities.actor(app, twelve.ROLE)
    assert (twelve.ROLE, STREET) in actor.grants

    def turn(meter: Meter) -> int:
        for _ in range(pages):
            with meter.running():
                page = views.inbox_page(app, actor, view="pool", limit=PAGE)
            due = [item["due_at"] for item in page["items"]]
            minutes = range(min(PAGE, tasks))
            assert due == [text(twelve.NOW + timedelta(minutes=one)) for one in minutes]
            assert page["counts"]["pool"] == min(tasks, 1000)
        return pages

    return turn


def compare(
    urls: tuple[str, str],
    sizes: tuple[int, int],
    *,
    turns: int,
    clock: Clock,
    done_for_each: int = 0,
) -> dict[str, float]:
    """Return the seconds per first page with many and with few open tasks.

    Args:
        done_for_each: for each open task, as many were done before.
    """
    few, many = sizes
    with (
        filled(urls[0], few, few * done_for_each) as small,
        filled(urls[1], many, many * done_for_each) as large,
    ):
        sides = {
            "few": first_page(small, few, pages=5),
            "many": first_page(large, many, pages=5),
        }
        return take_turns(sides, turns, clock)


def on_sqlite(
    *, few: int = 1_000, many: int = 100_000, turns: int = 9, done_for_each: int = 0
) -> list[Row]:
    """CPU per first page on SQLite."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        urls = (f"sqlite:///{folder}/few.db", f"sqlite:///{folder}/many.db")
        cost = compare(urls, (few, many), turns=turns, clock=CPU, done_for_each=done_for_each)
        return [_row("SQLite", few, many, done_for_each, cost)]


def on_postgres(
    *, few: int = 1_000, many: int = 100_000, turns: int = 25, done_for_each: int = 0
) -> list[Row]:
    """Time per first page on PostgreSQL; no row where it is not installed."""
    if postgres.programs() is None:
        return []
    server = postgres.Server()
    try:
        urls = (server.create("few"), server.create("many"))
        cost = compare(urls, (few, many), turns=turns, clock=WALL, done_for_each=done_for_each)
        return [_row("PostgreSQL", few, many, done_for_each, cost)]
    finally:
        server.stop()


def _row(database: str, few: int, many: int, done_for_each: int, cost: dict[str, float]) -> Row:
    beside = f" beside {many * done_for_each:,} done" if done_for_each else ""
    return Row(
        f"inbox: first page of {many:,} open tasks{beside}, {database}",
        cost["many"] * 1e3,
        "ms CPU" if database == "SQLite" else "ms",
        f"of {few:,}" + (f" beside {few * done_for_each:,}" if done_for_each else ""),
        cost["few"] * 1e3,
        cost["many"] / cost["few"],
        "<= 2",
    )


FIGURES = {
    "inbox": on_sqlite,
    "inbox-postgres": on_postgres,
    "inbox-million": partial(on_sqlite, done_for_each=9),
    "inbox-million-postgres": partial(on_postgres, done_for_each=9),
}
