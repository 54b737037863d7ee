"""Replay on one core and on two, back-tests, and looking back into long histories.

Replay reads a history, checks its chain, applies every recorded command again
and compares every event; SpiffWorkflow, driven with the same inputs, starts the case and
completes its tasks, and neither reads nor compares anything.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import durable, spiff, twelve
from benchmarks.measure import WALL, Meter, Row, Side, take_turns
from engine import backtest, deployments, identities, replay, views
from engine import cases as cases_of
from engine.cli import proof, workers
from engine.commands import CompleteTask
from engine.ports import Application
from engine.settings import Settings


def replayed(*, cases: int = 100, turns: int = 11) -> list[Row]:
    """Cases of twelve tasks per CPU second."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        path = Path(folder) / "bihuan.db"
        ids = _lived(path, cases)
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
            ">= 8",
        )
    ]


def in_processes(*, cases: int = 30, times: int = 200, turns: int = 3) -> list[Row]:
    """Seconds for the same cases, again and again, in one process and in two.

    Both sides start their processes within the measured time.
    """
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        path = Path(folder) / "bihuan.db"
        ids = _lived(path, cases)
        settings = Settings(database_url=f"sqlite:///{path}")

        def side(jobs: int) -> Side:
            def turn(meter: Meter) -> int:
                with meter.running():
                    found = list(workers.spread(settings, proof.replayed, ids * times, jobs=jobs))
                assert found == [None] * len(ids) * times
                return len(found)

            return turn

        cost = take_turns({"one": side(1), "two": side(2)}, turns, WALL)
    return [
        Row(
            "replay: cases of twelve tasks in two processes",
            1 / cost["two"],
            "cases/s",
            "in one",
            1 / cost["one"],
            cost["one"] / cost["two"],
            ">= 1.6",
        )
    ]


def back_tested(*, cases: int = 60, turns: int = 9) -> list[Row]:
    """CPU seconds for a case on its own diagram, against its replay."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        path = Path(folder) / "bihuan.db"
        ids = _lived(path, cases)
        files = {twelve.FILE.name: twelve.FILE.read_bytes()}
        with durable.opened(path) as app:

            def ours(meter: Meter) -> int:
                with meter.running():
                    report = backtest.run(
                        app, identities.operator(), twelve.PROCESS, files, backtest.Plan()
                    )
                assert report["classes"]["identical"]["count"] == cases, report["classes"]
                return cases

            def theirs(meter: Meter) -> int:
                with meter.running():
                    differences = list(replay.replay(app, ids))
                assert differences == [None] * cases, differences
                return cases

            cost = take_turns({"ours": ours, "theirs": theirs}, turns)
    value, against = cost["ours"] * 1_000_000, cost["theirs"] * 1_000_000
    name = "backtest: a case of twelve tasks on its own diagram"
    return [
        Row(name, value, "µs CPU", "replay of the same case", against, value / against, "<= 1.5")
    ]


def looked_back(*, few: int = 99, many: int = 9_999, turns: int = 9) -> list[Row]:
    """CPU seconds for the state at the last entry of a long history, against a short one.

    Neither number is one after which a standing is kept: 99 entries have to be applied.
    """
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        path = Path(folder) / "bihuan.db"
        durable.prepare(path, 0)
        with durable.opened(path) as app:
            long, short = _rounds(app, many), _rounds(app, few)
            auditor = identities.operator()
            each = 10

            def at(case_id: str, position: int) -> Side:
                def turn(meter: Meter) -> int:
                    with meter.running():
                        for _ in range(each):
                            found = views.state_at(app, auditor, case_id, position)
                    assert [one["nth"] for one in found["elements"]] == [position], found
                    return each

                return turn

            cost = take_turns({"many": at(long, many), "few": at(short, few)}, turns)
    value, against = cost["many"] * 1_000, cost["few"] * 1_000
    name = f"state: at the last of {many:,} entries"
    return [Row(name, value, "ms CPU", f"at the last of {few:,}", against, value / against, "<= 2")]


def _lived(path: Path, count: int) -> list[str]:
    """Make a database with cases that have gone the whole way; return their ids."""
    ids = durable.prepare(path, count)
    with durable.opened(path) as app:
        actor = identities.actor(app, twelve.ROLE)
        for case_id in ids:
            for step in twelve.STEPS:
                durable.complete(app, actor, case_id, step)
            durable.demand(app, case_id)
    return ids


def _rounds(app: Application, count: int) -> str:
    """Return a case with a history of so many entries."""
    actor = identities.actor(app, twelve.ROLE)
    loop = twelve.MODELS / "round_loop.bpmn"
    deployments.deploy(app, identities.operator(), {loop.name: loop.read_bytes()})
    case_id = cases_of.start(app, actor, process="round_loop", data={}).case_id
    assert case_id is not None
    for number in range(1, count):
        data = {"again": True, "round": number}
        command = CompleteTask(f"round_loop.work.{number}", data=data)
        cases_of.handle(app, actor, case_id, command)
    return case_id


FIGURES = {
    "replay": replayed,
    "replay-processes": in_processes,
    "backtest": back_tested,
    "state": looked_back,
}
