"""What is due fires once, in order, whatever stopped meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import cases, deployments, identities, replay, schedules, store, timers, views
from engine.application import Application, open_application
from engine.calendar import LOCAL
from engine.clock import ManualClock, SteppingClock, parse, text
from engine.commands import CompleteTask, ResumeCase, SuspendCase
from engine.errors import InvalidRequest, NotFound, WrongState
from engine.kernel import Kernel
from engine.settings import Settings
from engine.tables import starts
from tests.at_once import at_once
from tests.conftest import MONDAY
from tests.memory import flows, process

HOUR = timedelta(hours=1)


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


def waits(key: str, duration: str) -> bytes:
    return process(
        f'<startEvent id="s"/><intermediateCatchEvent id="wait">{timer(duration)}'
        '</intermediateCatchEvent><userTask id="t"/>' + flows("s > wait > t"),
        key,
    )


def ticks(key: str, cycle: str) -> bytes:
    """A task with a boundary timer that fires again and again beside it."""
    return process(
        '<startEvent id="s"/><userTask id="t"/><endEvent id="told"/>'
        f'<boundaryEvent id="again" attachedToRef="t" cancelActivity="false">'
        f"{timer(cycle, 'timeCycle')}</boundaryEvent>" + flows("s > t", "again > told"),
        key,
    )


def starts_itself(key: str, text: str, kind: str = "timeCycle", form: str = "") -> bytes:
    return process(
        f'<startEvent id="s" {form}>{timer(text, kind)}</startEvent><userTask id="t"/>'
        + flows("s > t"),
        key,
    )


def deploy(app: Application, *files: bytes, **forms: bytes) -> None:
    named = {f"{number}.bpmn": one for number, one in enumerate(files)}
    named.update({f"{name}.json": content for name, content in forms.items()})
    deployments.deploy(app, identities.operator(), named)


def begin(app: Application, key: str) -> str:
    return cases.start(app, identities.actor(app, "admin"), process=key, data={}).case_id


def fired(app: Application) -> list[tuple[str, str, str, str]]:
    """Return (at, case, element, due_at) of every firing, in the order of ``at``."""
    found = []
    with app.database.reading() as tx:
        for case_id in replay.case_ids(app):
            for entry in store.read_entries(tx, case_id):
                document = entry.document()
                found += [
                    (document["at"], case_id, event["element"], event["due_at"])
                    for event in document["events"]
                    if event["type"] == "timer_fired"
                ]
    return sorted(found, key=lambda one: one[0])


def moments(app: Application) -> list[tuple[str, str]]:
    """Return (at, due_at) of every firing, both as clock times of Monday in Shanghai."""
    return [(_time(at), _time(due_at)) for at, _, _, due_at in fired(app)]


def _time(moment: str) -> str:
    return parse(moment).astimezone(LOCAL).strftime("%H:%M")


def shown(app: Application, case_id: str) -> dict[str, Any]:
    return views.case(app, identities.actor(app, "admin"), case_id)


def assert_proved(app: Application) -> None:
    ids = replay.case_ids(app)
    assert [one for one in replay.replay(app, ids) if one is not None] == []
    assert [one for one in replay.verify_cases(app, ids) if one is not None] == []


# -- catching up -----------------------------------------------------------------------


def test_what_was_missed_fires_once_in_the_order_of_due_moment_and_case(any_app):
    app = any_app
    deploy(app, waits("short", "PT1H"), waits("long", "PT2H"))
    long = [begin(app, "long") for _ in range(2)]
    short = [begin(app, "short") for _ in range(2)]
    order: list[str] = []
    kernel = Kernel()

    class Watched(Kernel):
        def apply(self, bundle: Any, snapshot: Any, *args: Any, **how: Any) -> Any:
            order.append(snapshot.case)
            return kernel.apply(bundle, snapshot, *args, **how)

    app.clock.set(app.clock.now() + 3 * HOUR)
    watched = replace(app, executors={"kernel": Watched()})
    assert (timers.tick(watched), timers.tick(watched)) == (4, 0)

    assert order == sorted(short) + sorted(long)
    assert sorted(moments(app)) == [("12:00", "10:00")] * 2 + [("12:00", "11:00")] * 2
    assert_proved(app)


def test_timers_of_one_case_that_are_due_at_once_fire_as_they_were_armed(any_app):
    app = any_app
    deploy(
        app,
        process(
            '<startEvent id="s"/><parallelGateway id="g"/>'
            + "".join(
                f'<intermediateCatchEvent id="{one}">{timer("PT1H")}</intermediateCatchEvent>'
                f'<userTask id="{one}t"/>' + flows(f"g > {one} > {one}t")
                for one in "zya"
            )
            + flows("s > g"),
            "three",
        ),
    )
    begin(app, "three")

    app.clock.set(app.clock.now() + HOUR)
    assert timers.tick(app) == 3

    assert [element for _, _, element, _ in fired(app)] == ["z", "y", "a"]


def test_a_missed_cycle_fires_once_and_goes_on_from_now(any_app):
    app = any_app
    deploy(app, ticks("hourly", "R/PT1H"))
    case_id = begin(app, "hourly")

    app.clock.set(app.clock.now() + timedelta(hours=5, minutes=30))
    assert timers.tick(app) == 1
    assert [_time(one["due_at"]) for one in shown(app, case_id)["timers"]] == ["15:00"]
    app.clock.set(app.clock.now() + timedelta(minutes=30))
    assert timers.tick(app) == 1

    assert moments(app) == [("14:30", "10:00"), ("15:00", "15:00")]
    assert_proved(app)


def test_a_command_first_fires_what_is_due_in_its_case(any_app):
    app = any_app
    deploy(app, ticks("once", "R1/PT1H"), waits("other", "PT1H"))
    case_id, other = begin(app, "once"), begin(app, "other")
    app.clock.set(app.clock.now() + 2 * HOUR)

    cases.handle(app, identities.actor(app, "admin"), case_id, CompleteTask("once.t.1"))

    with app.database.reading() as tx:
        types = [one.document()["command"]["type"] for one in store.read_entries(tx, case_id)]
    assert types == ["start_case", "fire_timer", "complete_task"]
    assert [case for _, case, _, _ in fired(app)] == [case_id]
    assert timers.tick(app) == 1
    assert [case for _, case, _, _ in fired(app)] == [case_id, other]


def test_an_entry_is_never_older_than_the_one_before_it(any_url, sandbox):
    # The wall clock of the machine was set back while nobody was looking.
    settings = Settings(database_url=any_url)
    with_late = open_application(settings, clock=ManualClock(MONDAY + HOUR), sandbox=sandbox)
    deploy(with_late, waits("short", "PT1M"))
    case_id = begin(with_late, "short")
    with_late.database.close()
    app = open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)

    cases.handle(app, identities.actor(app, "admin"), case_id, SuspendCase(reason="x"))

    with app.database.reading() as tx:
        ats = [one.document()["at"] for one in store.read_entries(tx, case_id)]
    assert ats == [text(MONDAY + HOUR)] * 2
    app.database.close()


# -- two schedulers ----------------------------------------------------------------------


@pytest.fixture
def nodes(any_url, sandbox) -> Iterator[list[Application]]:
    """Three applications on one database, each with a clock that is moved by hand."""
    opened = [
        open_application(
            Settings(database_url=any_url), clock=SteppingClock(MONDAY), sandbox=sandbox
        )
        for _ in range(3)
    ]
    yield opened
    for one in opened:
        one.database.close()


def test_schedulers_that_look_at_once_fire_each_timer_once(nodes):
    deploy(nodes[0], waits("short", "PT1H"), ticks("hourly", "R/PT1H"))
    begun = [begin(nodes[0], key) for key in ("short", "hourly") * 5]
    for node in nodes:
        node.clock.set(MONDAY + 3 * HOUR)

    counts = at_once(*(lambda node=node: timers.tick(node) for node in nodes))

    assert sum(counts) == 10
    assert sorted(case for _, case, _, _ in fired(nodes[0])) == sorted(begun)
    assert_proved(nodes[0])


def test_schedulers_that_look_at_once_start_each_case_once(nodes):
    deploy(nodes[0], *(starts_itself(f"daily{n}", "R/PT1H") for n in range(4)))
    for node in nodes:
        node.clock.set(MONDAY + 3 * HOUR)

    at_once(*(lambda node=node: timers.tick(node) for node in nodes))

    with nodes[0].database.reading() as tx:
        started = sorted(store.read_case(tx, one).process for one in replay.case_ids(nodes[0]))
    assert started == ["daily0", "daily1", "daily2", "daily3"]
    assert [timers.tick(node) for node in nodes] == [0, 0, 0]


# -- suspended ---------------------------------------------------------------------------


def test_timers_of_a_suspended_case_wait_and_keep_what_was_left(any_app):
    app = any_app
    admin = identities.actor(app, "admin")
    deploy(app, waits("long", "PT2H"))
    held, other = begin(app, "long"), begin(app, "long")
    app.clock.set(app.clock.now() + HOUR)
    cases.handle(app, admin, held, SuspendCase(reason="x"))

    app.clock.set(app.clock.now() + 24 * HOUR)
    assert timers.tick(app) == 1
    assert [case for _, case, _, _ in fired(app)] == [other]
    cases.handle(app, admin, held, ResumeCase())
    assert timers.tick(app) == 0
    app.clock.set(app.clock.now() + 24 * HOUR)
    assert timers.tick(app) == 1
    assert_proved(app)


def test_a_timer_that_was_due_when_its_case_was_suspended_fires_first(any_app):
    app = any_app
    admin = identities.actor(app, "admin")
    deploy(app, waits("short", "PT1H"))
    case_id = begin(app, "short")
    app.clock.set(app.clock.now() + 2 * HOUR)

    cases.handle(app, admin, case_id, SuspendCase(reason="x"))

    assert [one["element"] for one in shown(app, case_id)["tasks"]] == ["t"]
    with pytest.raises(WrongState):
        cases.handle(app, admin, case_id, CompleteTask("short.t.1"))


# -- one bad timer ------------------------------------------------------------------------


class Fragile(Kernel):
    """Breaks on the cases of one process, as a mistake of ours would."""

    def apply(self, bundle: Any, snapshot: Any, *args: Any, **how: Any) -> Any:
        if bundle.main == "cursed":
            raise ZeroDivisionError
        return super().apply(bundle, snapshot, *args, **how)


def test_a_case_that_breaks_the_executor_stops_no_other_case(any_app):
    app = any_app
    deploy(app, waits("cursed", "PT1H"), waits("fine", "PT2H"))
    begin(app, "cursed")
    fine = begin(app, "fine")
    fragile = replace(app, executors={"kernel": Fragile()})
    app.clock.set(app.clock.now() + 3 * HOUR)

    assert timers.tick(fragile) == 1

    assert [case for _, case, _, _ in fired(app)] == [fine]


def test_a_start_that_is_refused_stops_no_other_timer(any_app):
    # Nobody fills the form of a case that starts by itself.
    form = (
        b'{"type": "default", "id": "who", "components": [{"type": "textfield", "key": "who", '
        b'"label": "Who", "personal": false, "validate": {"required": true}}]}'
    )
    app = any_app
    refused = starts_itself("a_refused", "R/PT1H", form='camunda:formKey="who"')
    deploy(app, refused, starts_itself("b_fine", "R/PT1H"), waits("short", "PT1H"), who=form)
    begin(app, "short")
    app.clock.set(app.clock.now() + HOUR)

    assert timers.tick(app) == 2

    with app.database.reading() as tx:
        started = [store.read_case(tx, one).process for one in replay.case_ids(app)]
    assert sorted(started) == ["b_fine", "short"]


# -- start events --------------------------------------------------------------------------

_STARTS = sa.select(starts.c.process, starts.c.due_at, starts.c.version).order_by(starts.c.process)


def armed(app: Application) -> list[tuple[str, str | None, int]]:
    with app.database.reading() as tx:
        return [
            (process, due_at and _time(text(due_at)), version)
            for process, due_at, version in tx.all(_STARTS, {})
            if process != "five_steps"
        ]


def test_a_timer_starts_a_case_at_each_of_its_moments(any_app):
    app = any_app
    deploy(app, starts_itself("hourly", "R2/PT1H"))
    assert armed(app) == [("hourly", "10:00", 1)]

    counts = []
    for _ in range(4):
        app.clock.set(app.clock.now() + HOUR)
        counts.append(timers.tick(app))

    assert counts == [1, 1, 0, 0]
    assert armed(app) == [("hourly", None, 1)]
    with app.database.reading() as tx:
        rows = [store.read_case(tx, one) for one in replay.case_ids(app)]
    assert [(_time(text(row.created_at)), row.starter) for row in rows] == [
        ("10:00", "@scheduler"),
        ("11:00", "@scheduler"),
    ]
    assert_proved(app)


def test_missed_starts_are_one_case(any_app):
    app = any_app
    deploy(app, starts_itself("hourly", "R/PT1H"))
    app.clock.set(app.clock.now() + timedelta(hours=5, minutes=30))

    assert (timers.tick(app), timers.tick(app)) == (1, 0)

    assert armed(app) == [("hourly", "15:00", 1)]


def test_a_date_starts_one_case(any_app):
    app = any_app
    deploy(app, starts_itself("once", "2026-09-14T10:00:00+08:00", "timeDate"))

    assert timers.tick(app) == 0
    app.clock.set(app.clock.now() + 2 * HOUR)
    assert (timers.tick(app), timers.tick(app)) == (1, 0)


def test_the_next_version_replaces_the_starts_of_the_last(any_app):
    app = any_app
    deploy(app, starts_itself("hourly", "R/PT1H"))
    deploy(app, starts_itself("hourly", "R/PT2H"))

    assert armed(app) == [("hourly", "11:00", 2)]


def test_a_scheduler_that_stopped_before_it_armed_the_next_start_starts_no_second_case(any_app):
    app = any_app
    deploy(app, starts_itself("hourly", "R/PT1H"))
    app.clock.set(app.clock.now() + HOUR)
    due_at = app.clock.now()

    stopped = schedules.fire(app, "hourly", "s", 0, due_at)
    with app.database.writing() as tx:
        tx.run(sa.update(starts).where(starts.c.process == "hourly").values(due_at=due_at), {})
    again = timers.tick(app)

    assert (stopped, again, len(replay.case_ids(app))) == (1, 1, 1)
    assert armed(app) == [("hourly", "11:00", 1)]


# -- the manual clock -----------------------------------------------------------------------


@pytest.fixture
def manual(any_url, sandbox) -> Iterator[Application]:
    """The application as it is served with --clock manual."""
    settings = Settings(database_url=any_url, clock="manual")
    opened = open_application(settings, clock=SteppingClock(MONDAY), sandbox=sandbox)
    yield opened
    opened.database.close()


def test_each_timer_sees_its_own_due_moment_as_now(manual):
    chain = process(
        '<startEvent id="s"/><userTask id="t"/>'
        + "".join(
            f'<intermediateCatchEvent id="w{n}">{timer("PT1H")}</intermediateCatchEvent>'
            for n in range(3)
        )
        + flows("s > w0 > w1 > w2 > t"),
        "chain",
    )
    deploy(manual, chain, starts_itself("hourly", "R2/PT90M"))
    begin(manual, "chain")

    answer = timers.advance(manual, seconds=10 * 3600)

    assert answer == {"now": "2026-09-14T11:00:00Z", "fired": 5}
    assert moments(manual) == [("10:00", "10:00"), ("11:00", "11:00"), ("12:00", "12:00")]
    with manual.database.reading() as tx:
        rows = [store.read_case(tx, one) for one in replay.case_ids(manual)]
    begun = [_time(text(row.created_at)) for row in rows if row.process == "hourly"]
    assert begun == ["10:30", "12:00"]
    assert_proved(manual)


def test_the_clock_waits_for_what_the_scheduler_does_at_a_due_moment(manual):
    hurried = replace(manual, settings=replace(manual.settings, poll_seconds=0.002))
    deploy(manual, ticks("hourly", "R/PT1H"))
    begin(manual, "hourly")
    scheduler = timers.Scheduler(hurried)
    scheduler.start()

    try:
        timers.advance(manual, seconds=40 * 3600)
    finally:
        scheduler.stop()

    assert [(at, due_at) for at, due_at in moments(manual) if at != due_at] == []
    assert len(moments(manual)) == 40


def test_a_start_that_begins_no_case_does_not_make_the_clock_jump(manual):
    units = (
        '<extensionElements><camunda:properties><camunda:property name="units" value="[]"/>'
        "</camunda:properties></extensionElements>"
    )
    nowhere = process(
        f'<startEvent id="s">{units}{timer("R/PT45M", "timeCycle")}</startEvent>'
        '<userTask id="t"/>' + flows("s > t"),
        "nowhere",
    )
    deploy(manual, ticks("hourly", "R/PT1H"), nowhere)
    begin(manual, "hourly")

    assert timers.advance(manual, seconds=4 * 3600)["fired"] == 4
    assert moments(manual) == [(f"{hour}:00", f"{hour}:00") for hour in (10, 11, 12, 13)]


def test_a_cycle_fires_at_each_of_its_moments_when_the_clock_steps(manual):
    deploy(manual, ticks("hourly", "R/PT1H"))
    begin(manual, "hourly")

    assert timers.advance(manual, seconds=4 * 3600)["fired"] == 4
    assert moments(manual) == [(f"{hour}:00", f"{hour}:00") for hour in (10, 11, 12, 13)]


def test_the_moment_lies_in_the_database_and_survives_a_restart(manual):
    timers.advance(manual, seconds=3600)
    url = manual.database.url.render_as_string(hide_password=False)

    again = open_application(Settings(database_url=url, clock="manual"), sandbox=manual.sandbox)

    assert again.clock.now() == MONDAY + HOUR
    again.database.close()


def test_the_moment_is_kept_where_the_clock_is_told_to_stay(manual):
    timers.advance(manual, to=MONDAY)
    url = manual.database.url.render_as_string(hide_password=False)

    again = open_application(Settings(database_url=url, clock="manual"), sandbox=manual.sandbox)

    assert again.clock.now() == MONDAY
    again.database.close()


def test_a_database_moved_beyond_wall_time_refuses_the_system_clock(manual):
    timers.advance(manual, seconds=3600 * 24 * 365 * 50)
    url = manual.database.url.render_as_string(hide_password=False)

    with pytest.raises(WrongState):
        open_application(Settings(database_url=url), sandbox=manual.sandbox)


def test_the_clock_never_goes_back(manual):
    timers.advance(manual, seconds=3600)

    with pytest.raises(InvalidRequest):
        timers.advance(manual, to=MONDAY)
    assert manual.clock.now() == MONDAY + HOUR


def test_the_system_clock_is_not_moved(any_url, sandbox):
    app = open_application(Settings(database_url=any_url), sandbox=sandbox)

    with pytest.raises(NotFound):
        timers.advance(app, seconds=1)
    app.database.close()


def test_more_firings_than_are_allowed_are_refused(manual, monkeypatch):
    monkeypatch.setattr(timers, "MOST_FIRINGS", 10)
    deploy(manual, ticks("minutely", "R/PT1M"))
    begin(manual, "minutely")

    with pytest.raises(InvalidRequest) as refusal:
        timers.advance(manual, seconds=3600)

    assert refusal.value.message == "More than 10 timers fired by 2026-09-14T01:11:00Z."
    assert len(fired(manual)) == 11
    assert_proved(manual)
