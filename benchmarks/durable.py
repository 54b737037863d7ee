"""A user task completed durably: against the bare transaction, and against SpiffWorkflow.

All sides write to SQLite files of their own with the same settings (WAL,
``synchronous=FULL``), one transaction per completed task.

* Ours: ``cases.handle``, as the API calls it.
* Bare: the statements that ours wrote, with the values it wrote, through
  ``sqlite3`` and nothing else. Both files must hold the same rows at the end.
* SpiffWorkflow: read the instance, restore it, complete the task, serialise it, write it.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer

from benchmarks import spiff, twelve
from benchmarks.measure import Meter, Row, Side, take_turns
from engine import cases, demo, deployments, identities, store
from engine.access import Actor
from engine.application import open_application
from engine.clock import ManualClock
from engine.commands import CompleteTask
from engine.database import Transaction
from engine.migrations import upgrade
from engine.ports import Application
from engine.scripts import Sandbox
from engine.settings import Settings

LISTS = Path(__file__).parent.parent / "processes" / "lists"
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
)
Write = tuple[str, tuple[Any, ...]]


def prepare(path: Path, started: int) -> list[str]:
    """Make a database with the demo city and started cases; return their ids."""
    upgrade(f"sqlite:///{path}")
    with opened(path) as app:
        demo.load_city(app, LISTS)
        files = {twelve.FILE.name: twelve.FILE.read_bytes()}
        deployments.deploy(app, identities.operator(), files)
        actor = identities.actor(app, twelve.ROLE)
        found = [
            cases.start(app, actor, process=twelve.PROCESS, data=dict(twelve.START)).case_id
            for _ in range(started)
        ]
    return [one for one in found if one is not None]


@contextmanager
def opened(path: Path) -> Iterator[Application]:
    """Open the application on a SQLite file, with a clock that stands still."""
    settings = Settings(database_url=f"sqlite:///{path}")
    app = open_application(settings, clock=ManualClock(twelve.NOW), sandbox=Sandbox())
    try:
        yield app
    finally:
        app.close()


def complete(app: Application, actor: Actor, case_id: str, step: str) -> None:
    """Complete one task."""
    command = CompleteTask(f"{twelve.PROCESS}.{step}.1", data=twelve.written(step))
    cases.handle(app, actor, case_id, command)


def demand(app: Application, case_id: str) -> None:
    """Assert that a case went the whole way."""
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
        assert row is not None
        snapshot = row.snapshot()
        entries = [one.document() for one in store.read_entries(tx, case_id)]
    done = [
        event for one in entries for event in one["events"] if event["type"] == "task_completed"
    ]
    order = [event["element"] for event in done]
    twelve.demand(order, snapshot.data[""], ended=row.state == "completed")


# -- the bare transaction --------------------------------------------------------------


class Recording:
    """What ``Transaction`` writes while this is on, one list per transaction."""

    def __init__(self) -> None:
        self.transactions: list[list[Write]] = []

    @contextmanager
    def on(self) -> Iterator[None]:
        """Record until the end of the block."""
        run, run_many = Transaction.run, Transaction.run_many

        def record(tx: Transaction, clause: Any, values: Any) -> int:
            changed = run(tx, clause, values)
            if changed:
                self._keep(tx, clause, values)
            return changed

        def record_many(tx: Transaction, clause: Any, rows: Any) -> None:
            for values in rows:
                record(tx, clause, values)

        Transaction.run, Transaction.run_many = record, record_many  # type: ignore[method-assign]
        try:
            yield
        finally:
            Transaction.run, Transaction.run_many = run, run_many  # type: ignore[method-assign]

    def begin(self) -> None:
        """Begin the next transaction."""
        self.transactions.append([])

    def _keep(self, tx: Transaction, clause: Any, values: Any) -> None:
        statement = tx._database.statement(clause)
        self.transactions[-1].append((statement.text, tuple(statement.bind(values))))


def record(path: Path, ids: list[str]) -> list[list[Write]]:
    """Return what completing all tasks of the cases writes, per completion."""
    recording = Recording()
    with opened(path) as app:
        actor = identities.actor(app, twelve.ROLE)
        with recording.on():
            for case_id in ids:
                for step in twelve.STEPS:
                    recording.begin()
                    complete(app, actor, case_id, step)
    return recording.transactions


def connect(path: Path) -> sqlite3.Connection:
    """Open a SQLite file with the settings that the application has."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def rows_of(path: Path) -> dict[str, list[Any]]:
    """Return every row of a SQLite file by table, in one order."""
    with connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr)
            for (name,) in tables.fetchall()
        }


# -- the sides ---------------------------------------------------------------------------


def _ours(app: Application, ids: Iterator[str], per_turn: int) -> Side:
    actor = identities.actor(app, twelve.ROLE)

    def turn(meter: Meter) -> int:
        for _ in range(per_turn):
            case_id = next(ids)
            with meter.running():
                for step in twelve.STEPS:
                    complete(app, actor, case_id, step)
            demand(app, case_id)
        return per_turn * len(twelve.STEPS)

    return turn


def _bare(connection: sqlite3.Connection, writes: Iterator[list[Write]], per_turn: int) -> Side:
    def turn(meter: Meter) -> int:
        for _ in range(per_turn):
            case = [next(writes) for _ in twelve.STEPS]
            with meter.running():
                for one in case:
                    connection.execute("BEGIN IMMEDIATE")
                    for text, values in one:
                        connection.execute(text, values)
                    connection.execute("COMMIT")
        return per_turn * len(twelve.STEPS)

    return turn


def _spiff(connection: sqlite3.Connection, per_turn: int) -> Side:
    other = spiff.Spiff()
    serializer = BpmnWorkflowSerializer()
    connection.execute("CREATE TABLE instances (id INTEGER PRIMARY KEY, state TEXT)")

    def turn(meter: Meter) -> int:
        for _ in range(per_turn):
            text = serializer.serialize_json(other.start(twelve.START))
            made = connection.execute("INSERT INTO instances (state) VALUES (?)", (text,))
            number = made.lastrowid
            with meter.running():
                for step in twelve.STEPS:
                    _complete_stored(connection, serializer, number, step)
            (stored,) = connection.execute(
                "SELECT state FROM instances WHERE id = ?", (number,)
            ).fetchone()
            spiff.demand(serializer.deserialize_json(stored))
        return per_turn * len(twelve.STEPS)

    return turn


def _complete_stored(
    connection: sqlite3.Connection,
    serializer: BpmnWorkflowSerializer,
    number: int | None,
    step: str,
) -> None:
    row = connection.execute("SELECT state FROM instances WHERE id = ?", (number,)).fetchone()
    workflow = serializer.deserialize_json(row[0])
    spiff.complete(workflow, step)
    text = serializer.serialize_json(workflow)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE instances SET state = ? WHERE id = ?", (text, number))
    connection.execute("COMMIT")


def durable(*, per_turn: int = 2, turns: int = 15) -> list[Row]:
    """CPU per durably completed task of the twelve-task case."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        ours, bare, rehearsal = (Path(folder) / f"{one}.db" for one in ("ours", "bare", "first"))
        ids = prepare(ours, (turns + 1) * per_turn)
        for copy in (bare, rehearsal):
            shutil.copy(ours, copy)
        writes = record(rehearsal, ids)
        on_bare, on_spiff = connect(bare), connect(Path(folder) / "spiff.db")
        with opened(ours) as app:
            sides = {
                "ours": _ours(app, iter(ids), per_turn),
                "bare": _bare(on_bare, iter(writes), per_turn),
                "spiff": _spiff(on_spiff, per_turn),
            }
            cost = take_turns(sides, turns)
        on_bare.close()
        on_spiff.close()
        assert rows_of(ours) == rows_of(bare), "the bare transactions wrote other rows"
    value = cost["ours"] * 1e6
    return [
        Row(
            "durable: task completed on SQLite, synchronous=FULL",
            value,
            "µs CPU",
            "the same rows through sqlite3 alone",
            cost["bare"] * 1e6,
            cost["bare"] / cost["ours"],
            ">= 0.20",
        ),
        Row(
            "durable: task completed on SQLite, synchronous=FULL",
            value,
            "µs CPU",
            "SpiffWorkflow serialised and restored each time",
            cost["spiff"] * 1e6,
            cost["spiff"] / cost["ours"],
            ">= 6",
        ),
    ]


FIGURES = {"durable": durable}
