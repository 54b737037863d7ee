"""Looking back is as fast in a long history as in a short one, and finds the same."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from engine import cases, deployments, identities, replay, store, views
from engine.commands import CompleteTask
from engine.execution import Snapshot
from engine.tables import entries, standings
from tests import rows
from tests.snippets import DEFINITIONS, flow
from tests.test_replay import ask, broken, change, different

LONG = f"""{DEFINITIONS}<process id="rounds" name="Rounds" isExecutable="true">
<startEvent id="begin"/>{flow("f1", "begin", "work")}
<userTask id="work" name="Work" camunda:candidateGroups="grid_worker"/>{flow("f2", "work", "more")}
<exclusiveGateway id="more" default="f4"/>{flow("f3", "more", "done", "count &gt;= 260")}
{flow("f4", "more", "work")}<endEvent id="done"/>
</process></definitions>""".encode()

LAST = 230
"""Entries of the long case."""


@pytest.fixture
def long(any_app) -> tuple[Any, str]:
    """A case that went round many times."""
    deployments.deploy(any_app, identities.operator(), {"rounds.bpmn": LONG})
    by = identities.actor(any_app, "grid_worker")
    case_id = cases.start(any_app, by, process="rounds", data={"count": 0}).case_id
    for count in range(1, LAST):
        command = CompleteTask(f"rounds.work.{count}", data={"count": count})
        cases.handle(any_app, by, case_id, command)
    return any_app, case_id


def kept(app) -> list[int]:
    return [one[0] for one in ask(app, sa.select(standings.c.position).order_by("position"))]


def states(app, case_id: str, positions) -> list[dict[str, Any]]:
    by = identities.actor(app, "auditor")
    return [views.state_at(app, by, case_id, one) for one in positions]


def alone(app, case_id: str) -> list[Snapshot]:
    """The snapshot after every entry, applied from the first."""
    with app.database.reading() as tx:
        found = replay.steps(app, tx, case_id, store.read_entries(tx, case_id))
        return [one.applied.snapshot for one in found]


def with_standings(app, case_id: str) -> list[Snapshot]:
    with app.database.reading() as tx:
        found = [replay.standing_at(app, tx, case_id, one) for one in range(1, LAST + 1)]
    return [one.snapshot for one in found]


def test_the_state_at_every_position_is_the_same_with_standings_and_without(long):
    app, case_id = long
    positions = [*range(1, LAST + 1, 7), 99, 100, 101, 199, 200, 201, LAST]
    # From the first to the last: nothing is kept before the hundredth is asked for.
    assert kept(app) == []
    first = states(app, case_id, sorted(positions))
    assert kept(app) == [100, 200]

    assert states(app, case_id, sorted(positions)) == first
    assert with_standings(app, case_id) == alone(app, case_id)
    assert (different(app), broken(app)) == ([], [])


def test_the_last_state_is_applied_from_the_nearest_standing(long):
    app, case_id = long
    states(app, case_id, [LAST])
    # Whatever lies before the nearest one is not even read.
    change(app, sa.delete(entries).where(entries.c.stream == case_id, entries.c.position < 200))

    assert states(app, case_id, [LAST])[0]["data"]["count"] == LAST - 1


def test_no_command_keeps_a_standing_and_a_rebuild_makes_them_anew(long):
    app, case_id = long
    assert kept(app) == []
    list(replay.rebuild(app, [case_id]))
    made = rows.everything(app)
    assert kept(app) == [100, 200]

    change(app, sa.update(standings).values(body=b"[]", made_by="0 nobody/0"))
    list(replay.rebuild(app, [case_id]))

    assert rows.everything(app) == made


def test_a_standing_of_an_unknown_version_is_not_read_and_makes_room(long):
    app, case_id = long
    wanted = states(app, case_id, [LAST])
    change(app, sa.update(standings).values(body=b"[]", made_by="0 kernel/0"))

    assert states(app, case_id, [LAST]) == wanted
    assert ask(app, sa.select(standings.c.made_by).distinct()) == [("1 kernel/1",)]


def test_a_standing_that_was_changed_is_found_by_replay(long):
    app, case_id = long
    states(app, case_id, [LAST])
    other = store.pack(["completed", {}, {}, []])
    change(app, sa.update(standings).where(standings.c.position == 200).values(body=other))

    with app.database.reading() as tx:
        found = replay.replay_case(app, tx, case_id)
    assert found.to_json() == {
        "case": case_id,
        "position": 200,
        "reason": "where the case stood after it is kept beside it, and was another place",
        "what": "standing",
    }


def test_a_standing_beside_another_history_is_not_read_and_found_by_verify(long):
    app, case_id = long
    wanted = states(app, case_id, [LAST])
    change(app, sa.update(standings).where(standings.c.position == 100).values(digest="0" * 64))
    change(app, sa.delete(standings).where(standings.c.position == 200))

    assert states(app, case_id, [LAST]) == wanted
    assert broken(app) == [(case_id, 100, "standing")]
