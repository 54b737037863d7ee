"""Cases that begin by the calendar: one in each unit of a list."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import sqlalchemy as sa

from engine import deployments, identities, replay, schedules, store, timers
from engine.bpmn import reader
from engine.calendar import LOCAL
from engine.errors import NotDeployable
from engine.tables import starts
from tests.memory import flows, process

ROOT = Path(__file__).resolve().parent.parent / "processes"
HOUR = timedelta(hours=1)
COMMUNITIES = ["990101001001", "990101001002", "990101002001", "990101002002"]


def by_unit(units, cycle="R/PT1H"):
    start = (
        '<startEvent id="s"><extensionElements><camunda:properties>'
        f'<camunda:property name="units" value="{units}"/>'
        "</camunda:properties></extensionElements><timerEventDefinition>"
        f"<timeCycle>{cycle}</timeCycle></timerEventDefinition></startEvent>"
    )
    return process(start + '<userTask id="t"/>' + flows("s > t"), "rounds")


def deploy(app, *contents):
    files = {f"{number}.bpmn": one for number, one in enumerate(contents)}
    deployments.deploy(app, identities.operator(), files)


def units_of_cases(app):
    with app.database.reading() as tx:
        return [store.read_case(tx, one).unit for one in replay.case_ids(app)]


def armed(app):
    with app.database.reading() as tx:
        rows = tx.all(
            sa.select(starts.c.process, starts.c.due_at).order_by(
                starts.c.process, starts.c.due_at
            ),
            {},
        )
    return [(name, due_at.astimezone(LOCAL).strftime("%m-%d %H:%M")) for name, due_at in rows]


def test_a_date_starts_one_case_in_each_unit_that_is_named(any_app):
    app = any_app
    deploy(app, by_unit("['U1', 'U2', 'U1']"))

    app.clock.set(app.clock.now() + HOUR)

    assert timers.tick(app) == 2
    assert sorted(units_of_cases(app)) == ["U1", "U2"]


def test_where_no_unit_is_named_nothing_begins(app):
    deploy(app, by_unit("[]"))

    app.clock.set(app.clock.now() + HOUR)

    assert timers.tick(app) == 0
    assert units_of_cases(app) == []
    assert armed(app) == [("rounds", "09-14 11:00")]


def test_morning_meetings_are_held_on_working_days(app):
    diagram, _ = reader.read_cached((ROOT / "meeting.bpmn").read_bytes(), "meeting.bpmn")
    units = diagram.processes["meeting"].nodes["morning_due"].units.text
    deploy(app, by_unit(escape(units, {'"': "&quot;"}), "R/2026-09-18T15:00+08:00/P1D"))
    begun = {}

    # The Sunday before the holidays of Mid-Autumn is worked.
    for day in range(18, 27):
        app.clock.set(datetime(2026, 9, day, 15, tzinfo=LOCAL))
        begun[day] = timers.tick(app)

    assert begun == {18: 1, 19: 0, 20: 1, 21: 1, 22: 1, 23: 1, 24: 1, 25: 0, 26: 0}
    assert set(units_of_cases(app)) == {"990101001"}


def test_no_unit_begins_twice_when_the_scheduler_stopped_half_way(app):
    deploy(app, by_unit("['U1', 'U2']"))
    app.clock.set(app.clock.now() + HOUR)
    due_at = app.clock.now()

    first = schedules.fire(app, "rounds", "s", 0, due_at)
    with app.database.writing() as tx:
        tx.run(sa.update(starts).values(due_at=due_at), {})
    second = schedules.fire(app, "rounds", "s", 0, due_at)

    assert (first, second) == (2, 2)
    assert sorted(units_of_cases(app)) == ["U1", "U2"]


def test_units_that_are_no_list_of_codes_are_refused_when_it_is_deployed(app):
    with pytest.raises(NotDeployable) as refusal:
        deploy(app, by_unit("'U1'"))

    assert str(refusal.value).startswith("The units of 's' are no list of codes: 'U1' Write")


def test_units_that_cannot_be_computed_are_refused_when_it_is_deployed(app):
    with pytest.raises(NotDeployable) as refusal:
        deploy(app, by_unit("[1 // 0]"))

    assert str(refusal.value).startswith("The start event 's' cannot be computed: ")


def test_a_cycle_that_is_none_is_not_armed(app):
    deploy(app, by_unit("['U1']", "None"))

    assert armed(app) == []


def deploy_loops(app, *names):
    """The named diagrams as they are delivered, with what they need."""
    found = [
        path
        for name in names
        for pattern in (f"{name}.bpmn", f"forms/{name}_*.json", f"decisions/{name}_*.dmn")
        for path in ROOT.glob(pattern)
    ]
    deployments.deploy(app, identities.operator(), {one.name: one.read_bytes() for one in found})


def test_the_affairs_of_each_community_are_due_at_the_end_of_a_quarter(app):
    deploy_loops(app, "publication")

    app.clock.set(datetime(2026, 10, 1, 9, tzinfo=LOCAL))

    assert timers.tick(app) == 4
    assert sorted(units_of_cases(app)) == COMMUNITIES
    assert armed(app) == [("publication", "01-01 09:00")]


def test_a_walk_is_due_each_day_where_a_plan_is_in_force(app):
    app.clock.set(datetime(2026, 9, 18, 7, tzinfo=LOCAL))
    deploy_loops(app, "publication", "patrol")

    app.clock.set(datetime(2026, 9, 18, 8, 30, tzinfo=LOCAL))
    timers.tick(app)

    assert units_of_cases(app) == ["99010100100101001"]
    assert armed(app) == [
        ("patrol", "09-19 08:30"),
        ("patrol", "09-21 09:00"),
        ("patrol", "10-01 09:00"),
        ("publication", "10-01 09:00"),
    ]


# -- conditions -------------------------------------------------------------------------


def by_condition(condition, units=""):
    named = (
        '<extensionElements><camunda:properties><camunda:property name="units" '
        f'value="{units}"/></camunda:properties></extensionElements>'
        if units
        else ""
    )
    return process(
        f'<startEvent id="s">{named}<conditionalEventDefinition><condition>{condition}'
        '</condition></conditionalEventDefinition></startEvent><userTask id="t"/>' + flows("s > t"),
        "watch",
    )


EVEN = "now().hour % 2 == 0"


@pytest.mark.parametrize("executor", ["kernel", "spiff"])
def test_a_condition_begins_a_case_each_time_it_becomes_true(any_app, executor):
    app = any_app
    files = {"watch.bpmn": by_condition(EVEN)}
    deployments.deploy(app, identities.operator(), files, executor=executor)

    begun = [timers.tick(app)]
    for _ in range(4):
        app.clock.set(app.clock.now() + HOUR / 2)
        begun += [timers.tick(app), timers.tick(app)]
    app.clock.set(app.clock.now() + HOUR)
    begun.append(timers.tick(app))

    # 09:00, 09:30, 10:00 (it holds), 10:30, 11:00, 12:00 (it holds again)
    assert begun == [0, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    ids = replay.case_ids(app)
    assert list(replay.replay(app, ids)) == [None, None]


def test_a_condition_that_holds_begins_no_case_with_each_new_version(app):
    deploy(app, by_condition("len(rows('org_units', level='community')) > 1"))
    first = timers.tick(app)

    deploy(app, by_condition("len(rows('org_units', level='community')) > 2"))

    assert (first, timers.tick(app), len(replay.case_ids(app))) == (1, 0, 1)


def test_no_case_begins_twice_when_the_scheduler_stopped_before_it_said_so(app):
    deploy(app, by_condition("True", "['U1', 'U2']"))
    (condition,) = schedules.conditions(app)

    begun = [schedules.look(app, condition), schedules.look(app, condition)]

    assert begun == [2, 2]
    assert sorted(units_of_cases(app)) == ["U1", "U2"]
    assert timers.tick(app) == 0


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("min(2, 3)", "The condition of 's' is neither true nor false: 2 "),
        ("amount > 3", "The start event 's' cannot be computed: "),
    ],
)
def test_a_condition_that_says_nothing_is_refused_when_it_is_deployed(app, condition, said):
    with pytest.raises(NotDeployable) as refusal:
        deploy(app, by_condition(condition.replace(">", "&gt;")))

    assert str(refusal.value).startswith(said)
