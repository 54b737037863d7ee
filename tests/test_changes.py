"""What changes while cases run: calendars, lists, units, people."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path

from engine import cases, deployments, identities, imports, recounting, replay, store, timers, views
from engine.calendar import LOCAL
from engine.commands import (
    CompleteTask,
    ExtendTask,
    ResumeCase,
    ResumeTask,
    SuspendCase,
    SuspendTask,
)
from tests.memory import flows, process
from tests.test_kernel_events import TIMER, boundary

ROOT = Path(__file__).parent.parent
LISTS = ROOT / "processes" / "lists"
DELIVERED = [path.read_bytes() for path in sorted(LISTS.glob("*.json"))]

DECEMBER = datetime(2026, 12, 28, 1, 0, tzinfo=UTC)
"""Monday 2026-12-28 09:00 in Shanghai."""

# Invented days of a year that nobody has announced yet.
YEAR_2027 = "date,is_workday,kind,name_zh,name_en,source,status\n" + "".join(
    f"2027-01-{day:02},{worked},{kind},示例,Sample,Sample notice,official\n"
    for day, worked, kind in [
        (1, 0, "holiday"),
        (2, 1, "adjusted_workday"),
        (4, 0, "holiday"),
        (5, 0, "holiday"),
    ]
)


def table(name):
    text = (LISTS / f"{name}.csv").read_text("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    return header, [dict(zip(header, row, strict=True)) for row in rows]


def written(header, rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, header)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def changed(name, change):
    header, rows = table(name)
    return written(header, change(rows))


def activated(app, as_of=None, /, **files):
    """Put files in force as ``bihuan import --activate`` does."""
    named = {f"{name}.csv": content for name, content in files.items()}
    plan = imports.prepare(app, named, as_of=as_of, delivered=DELIVERED)
    assert plan.valid, plan.findings
    imports.activate(app, identities.operator(), plan)
    return plan


def proven(app):
    """Every case replays and verifies, and so do the acts of administrators."""
    ids = replay.case_ids(app)
    assert [one for one in replay.replay(app, ids) if one] == []
    assert [one for one in replay.verify_cases(app, ids) if one] == []
    assert replay.verify_rest(app) == []


def entries(app, case):
    with app.database.reading() as tx:
        return [one.document() for one in store.read_entries(tx, case)]


def admin(app):
    return identities.actor(app, "admin")


# -- the calendar of a new year ---------------------------------------------------------

# Its limit is a datum that a script counted, another one stands in the task itself.
LIMITED = process(
    '<startEvent id="s"/><endEvent id="e"/>'
    '<scriptTask id="clock" scriptFormat="python"><script>'
    "due = after(now(), working_days(5))\nlong_due = due\nsteady = after(now(), elapsed_hours(200))"
    "</script></scriptTask>"
    '<parallelGateway id="g"/>'
    '<userTask id="t" camunda:dueDate="due"/>'
    '<userTask id="u" camunda:dueDate="working_days(4)"/>'
    '<userTask id="v" camunda:dueDate="steady"/>'
    '<userTask id="ask"/>'
    '<scriptTask id="longer" scriptFormat="python"><script>'
    "due = after(due, working_days(1))"
    "</script></scriptTask>"
    + boundary("late", "t", TIMER.format("due"), interrupting=False)
    + '<userTask id="hurry"/>'
    + flows(
        "s > clock > g",
        "g > t > e",
        "g > u > e",
        "g > v > e",
        "g > ask > longer > e",
        "late > hurry > e",
    ),
    "limited",
)


def begun(app, at=DECEMBER):
    deployments.deploy(app, identities.operator(), {"limited.bpmn": LIMITED})
    app.clock.set(at)
    return cases.start(app, admin(app), process="limited", data={}).case_id


def dues(app, case):
    """What people see: element -> (due moment in Shanghai, marked provisional)."""
    found = views.inbox_page(app, admin(app), limit=200)["items"]
    return {
        one["element"]: (local(one["due_at"]), one["provisional"])
        for one in found
        if one["case"] == case and one["due_at"]
    }


def local(moment):
    return datetime.fromisoformat(moment).astimezone(LOCAL).strftime("%m-%d %H:%M")


def armed(app, case):
    document = views.case(app, admin(app), case)
    return [(one["element"], local(one["due_at"])) for one in document["timers"]]


def test_before_its_year_is_announced_a_limit_is_marked_provisional(any_app):
    case = begun(any_app)

    assert dues(any_app, case) == {
        "t": ("01-05 17:30", True),
        "u": ("01-04 17:30", True),
        "v": ("01-05 17:00", False),
    }


def test_when_its_year_arrives_open_limits_move_and_the_mark_is_gone(any_app):
    case = begun(any_app)

    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())

    assert recounting.recount(any_app) == 1
    assert dues(any_app, case) == {
        "t": ("01-06 17:30", False),
        "u": ("01-02 17:30", False),
        "v": ("01-05 17:00", False),
    }
    assert armed(any_app, case) == [("late", "01-06 17:30")]
    proven(any_app)


def test_each_change_is_an_entry_with_the_original_and_the_new_moment(any_app):
    case = begun(any_app)

    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())
    recounting.recount(any_app)

    last = entries(any_app, case)[-1]
    assert (last["actor"], last["command"]["type"]) == ("@calendar", "recompute_deadlines")
    assert last["command"]["calendar"] == last["versions"]["calendar"]
    assert [
        (one["task"], local(one["original_due_at"]), local(one["due_at"]))
        for one in last["events"]
        if one["type"] == "task_due_changed"
    ] == [
        ("limited.t.1", "01-05 17:30", "01-06 17:30"),
        ("limited.u.1", "01-04 17:30", "01-02 17:30"),
    ]


def test_nothing_fires_at_the_moment_that_no_longer_holds(any_app):
    case = begun(any_app)
    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())

    # No command and no tick came in between: the calendar is looked at first.
    any_app.clock.set(datetime(2027, 1, 6, 9, 0, tzinfo=UTC))
    assert timers.tick(any_app) == 0
    any_app.clock.set(datetime(2027, 1, 6, 10, 0, tzinfo=UTC))
    assert timers.tick(any_app) == 1

    fired = [
        (one["element"], local(one["due_at"]))
        for entry in entries(any_app, case)
        for one in entry["events"]
        if one["type"] == "timer_fired"
    ]
    assert fired == [("late", "01-06 17:30")]
    proven(any_app)


def test_a_mark_goes_away_also_where_the_moment_stays(any_app):
    case = begun(any_app)
    same = YEAR_2027.splitlines()[:2]

    activated(any_app, date(2027, 1, 1), calendar="\n".join(same).encode())
    recounting.recount(any_app)

    assert dues(any_app, case) == {
        "t": ("01-05 17:30", False),
        "u": ("01-04 17:30", False),
        "v": ("01-05 17:00", False),
    }
    proven(any_app)


def test_a_case_of_which_nothing_moves_gets_no_entry(any_app):
    case = begun(any_app, datetime(2026, 9, 14, 1, 0, tzinfo=UTC))
    before = len(entries(any_app, case))

    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())

    assert recounting.recount(any_app) == 0
    assert len(entries(any_app, case)) == before


def test_an_extension_counts_from_what_it_extends(any_app):
    case = begun(any_app)
    cases.handle(any_app, admin(any_app), case, CompleteTask("limited.ask.1"))
    assert dues(any_app, case)["t"] == ("01-06 17:30", True)

    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())
    recounting.recount(any_app)

    assert dues(any_app, case)["t"] == ("01-07 17:30", False)
    proven(any_app)


def test_a_moment_that_a_person_has_set_stays(any_app):
    case = begun(any_app)
    by_hand = ExtendTask("limited.t.1", "2027-01-05T12:00:00+08:00")
    cases.handle(any_app, admin(any_app), case, by_hand)

    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())
    recounting.recount(any_app)

    assert dues(any_app, case)["t"] == ("01-05 12:00", False)


def test_what_is_on_hold_keeps_the_working_time_that_was_left(any_app):
    case = begun(any_app)
    cases.handle(any_app, admin(any_app), case, SuspendTask("limited.t.1", "wait"))
    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())
    recounting.recount(any_app)

    # Held at 09:00 with all that was left, released two worked days later at 09:00.
    any_app.clock.set(datetime(2026, 12, 30, 1, 0, tzinfo=UTC))
    cases.handle(any_app, admin(any_app), case, ResumeTask("limited.t.1"))

    # 43.5 working hours: the rest of the 28th and five days.
    assert dues(any_app, case)["t"] == ("01-08 17:30", False)
    proven(any_app)


def test_what_was_released_from_hold_is_counted_again_from_its_release(any_app):
    case = begun(any_app)
    cases.handle(any_app, admin(any_app), case, SuspendTask("limited.t.1", "wait"))
    any_app.clock.set(datetime(2026, 12, 30, 1, 0, tzinfo=UTC))
    cases.handle(any_app, admin(any_app), case, ResumeTask("limited.t.1"))
    assert dues(any_app, case)["t"][0] == "01-07 17:30"

    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())
    recounting.recount(any_app)

    assert dues(any_app, case)["t"][0] == "01-08 17:30"
    assert armed(any_app, case) == [("late", "01-08 17:30")]
    proven(any_app)


def test_what_was_late_by_the_provisional_calendar_alone_is_open_again(any_app):
    case = begun(any_app)
    any_app.clock.set(datetime(2027, 1, 5, 10, 0, tzinfo=UTC))
    assert timers.tick(any_app) == 1

    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())
    recounting.recount(any_app)

    assert dues(any_app, case)["t"] == ("01-06 17:30", False)
    assert armed(any_app, case) == [("late", "01-06 17:30")]
    proven(any_app)


def test_a_moment_that_has_passed_by_both_calendars_stays(any_app):
    case = begun(any_app)
    any_app.clock.set(datetime(2027, 1, 7, 1, 0, tzinfo=UTC))
    assert timers.tick(any_app) == 1

    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())
    recounting.recount(any_app)

    assert dues(any_app, case)["t"][0] == "01-05 17:30"
    assert armed(any_app, case) == []
    proven(any_app)


def test_rebuilt_rows_are_those_that_the_new_calendar_left(any_app):
    case = begun(any_app)
    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())
    recounting.recount(any_app)
    before = dues(any_app, case), armed(any_app, case)

    list(replay.rebuild(any_app, [case]))

    assert (dues(any_app, case), armed(any_app, case)) == before
    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.replace("05,0", "05,1").encode())
    assert recounting.recount(any_app) == 1
    assert dues(any_app, case)["t"] == ("01-05 17:30", False)
    proven(any_app)


def test_a_stop_in_the_middle_goes_on_at_the_next_tick(any_app, monkeypatch):
    monkeypatch.setattr(recounting, "BATCH", 1)
    some = [begun(any_app) for _ in range(3)]
    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())

    assert recounting.go_on(any_app) == 1
    assert [dues(any_app, one)["t"][0] for one in some] == [
        "01-06 17:30", "01-05 17:30", "01-05 17:30",
    ]  # fmt: skip
    for _ in range(3):
        timers.tick(any_app)

    assert {dues(any_app, one)["t"][0] for one in some} == {"01-06 17:30"}


def test_a_suspended_case_is_counted_again_when_it_goes_on(any_app):
    case = begun(any_app)
    cases.handle(any_app, admin(any_app), case, SuspendCase("flood"))
    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())
    recounting.recount(any_app)

    cases.handle(any_app, admin(any_app), case, ResumeCase("dry"))

    assert dues(any_app, case)["t"][0] == "01-06 17:30"
    proven(any_app)
