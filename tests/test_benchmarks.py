"""The benchmarks themselves: each measures two sides that do the same work.

The sides assert that within; here every benchmark runs once with sizes so small
that its figures mean nothing, and none is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from benchmarks import (
    decisions,
    designing,
    durable,
    executors,
    inbox,
    kernel,
    migration,
    replay,
    run,
    serving,
    spiff,
    twelve,
    verify,
    year,
)
from benchmarks.measure import CPU, Meter, Row, take_turns
from engine import cases
from engine.commands import CompleteTask
from engine.errors import UnknownOutcome
from tests import postgres

SMALL: dict[str, Callable[[], list[Row]]] = {
    "durable": partial(durable.durable, per_turn=1, turns=1),
    "kernel": partial(kernel.twelve_tasks, cases=1, turns=1),
    "rounds": partial(kernel.rounds, few=4, many=12, turns=1),
    "branches": partial(kernel.branches, few=2, many=8, turns=1),
    "blocks": partial(kernel.blocks, few=1, many=3, turns=1),
    "http": partial(serving.http, connections=2, cases_each=1, turns=1),
    "memory": serving.memory,
    "replay": partial(replay.replayed, cases=2, turns=1),
    "replay-processes": partial(replay.in_processes, cases=1, times=1, turns=1),
    "backtest": partial(replay.back_tested, cases=1, turns=1),
    "state": partial(replay.looked_back, few=9, many=11, turns=1),
    "migration": partial(migration.migrated, count=2, turns=1),
    "verify": partial(verify.verified, cases=2, turns=1),
    "inbox": partial(inbox.on_sqlite, few=60, many=100, turns=1),
    "inbox-postgres": partial(inbox.on_postgres, few=60, many=100, turns=1),
    "spiff": partial(executors.spiff, per_turn=1, turns=1),
    "differential": partial(executors.differential, count=5),
    "inbox-million": partial(inbox.on_sqlite, few=60, many=100, turns=1, done_for_each=9),
    "inbox-million-postgres": partial(
        inbox.on_postgres, few=60, many=100, turns=1, done_for_each=9
    ),
    "demo": partial(year.year, count=1, turns=1),
    "dmn": partial(decisions.dmn, rows=9, each=60, turns=1),
    "check": partial(designing.designing, elements=11, few=11, turns=1, starts=1),
}


@pytest.mark.parametrize("name", [one for one in SMALL if "postgres" not in one])
def test_both_sides_of_a_benchmark_do_the_same_work(name):
    rows = SMALL[name]()
    assert [row.ratio > 0 and row.value > 0 and row.against_value > 0 for row in rows] == [
        True
    ] * len(rows)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("inbox-postgres", "first page of 100 open tasks"),
        ("inbox-million-postgres", "first page of 100 open tasks beside 900 done"),
    ],
)
def test_both_sides_of_the_inbox_do_the_same_work_on_postgresql(name, page):
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb, postgres)")
    (row,) = SMALL[name]()
    assert row.name == f"inbox: {page}, PostgreSQL"


def test_every_benchmark_is_run_here():
    assert SMALL.keys() == run.FIGURES.keys()


def test_a_case_that_lost_what_a_task_wrote_is_noticed():
    data = twelve.result()
    del data["note_07"]
    with pytest.raises(AssertionError, match="what was written"):
        twelve.demand(twelve.STEPS, data, ended=True)


def test_a_case_whose_tasks_came_in_another_order_is_noticed():
    order = [*twelve.STEPS[1:], twelve.STEPS[0]]
    with pytest.raises(AssertionError, match="in the order"):
        twelve.demand(order, twelve.result(), ended=True)


def test_a_case_that_has_not_ended_is_noticed():
    workflow = spiff.Spiff().start(twelve.START)
    with pytest.raises(AssertionError, match="has not ended"):
        spiff.demand(workflow)


@pytest.fixture(scope="module")
def lived(tmp_path_factory, sandbox):
    """A small year, the commands in it, and what its histories came to."""
    world = year.World(tmp_path_factory.mktemp("year"), sandbox, durable=False)
    return world, *year.rehearse(world, 2)


def test_a_year_with_a_command_less_is_noticed(lived):
    world, calls, wanted = lived

    with pytest.raises(AssertionError, match=f"^{len(calls) - 1} commands were applied"):
        year.alone(world, 2, calls[:-1], wanted)(Meter(CPU))


def test_a_year_with_a_command_at_another_moment_is_noticed(lived):
    world, (*calls, last), wanted = lived
    later = last._replace(at=last.at + timedelta(seconds=1))

    with pytest.raises(AssertionError, match="the histories differ"):
        year.alone(world, 2, [*calls, later], wanted)(Meter(CPU))


def test_a_refused_command_is_not_applied_alone(app, who):
    with year.recorded(app) as calls:
        case_id = cases.start(app, who("grid_worker"), process="five_steps", data={}).body["id"]
        with pytest.raises(UnknownOutcome):
            cases.handle(
                app, who("street_dispatcher"), case_id, CompleteTask("five_steps.accept.1")
            )

    assert [one.door for one in calls] == ["start"]


def test_the_case_carries_one_kilobyte_of_data():
    size = len(json.dumps(twelve.START, ensure_ascii=False).encode())
    assert 1000 <= size <= 1200


def test_sides_take_turns_and_the_first_turn_is_not_counted():
    came = []

    def side(name: str, meter: Meter) -> int:
        came.append(name)
        with meter.running():
            pass
        return 1

    ticks = iter([0.0, 100.0, 0.0, 100.0, 0.0, 1.0, 0.0, 2.0, 0.0, 4.0, 0.0, 3.0])
    sides = {"a": partial(side, "a"), "b": partial(side, "b")}
    cost = take_turns(sides, 2, clock=lambda: next(ticks))
    assert came == ["b", "a", "a", "b", "b", "a"]
    assert cost == {"a": 2.0, "b": 3.0}


@pytest.mark.parametrize(
    ("target", "ratio", "reached"),
    [
        (">= 6", 6.0, True),
        (">= 6", 5.9, False),
        ("<= 1.5", 1.5, True),
        ("<= 1.5", 2.0, False),
        # Of ours, not of the ratio: here it is one second.
        ("<= 1 s", 2.0, True),
        ("<= 0.9 s", 0.5, False),
        ("", 1.0, None),
    ],
)
def test_a_figure_says_whether_it_reaches_its_aim(target, ratio, reached):
    assert Row("figure", 1.0, "s", "baseline", 1.0, ratio, target).reached is reached


def test_an_unknown_benchmark_is_refused_with_the_names_there_are():
    with pytest.raises(run.click.UsageError, match="kernel"):
        run.main(["speed"], as_json=True)


def test_the_json_of_a_figure_has_the_fields_of_the_contract(capsys, monkeypatch):
    monkeypatch.setitem(run.FIGURES, "blocks", SMALL["blocks"])
    assert run.main(["blocks"], as_json=True) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert list(found) == [
        "name", "value", "unit", "against", "against_value", "ratio", "target", "reached",
    ]  # fmt: skip
