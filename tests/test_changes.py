"""What changes while cases run: calendars, lists, units, people."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from api import create_app
from engine import (
    cases,
    deployments,
    identities,
    imports,
    recounting,
    replay,
    store,
    timers,
    unattended,
    views,
)
from engine.calendar import LOCAL
from engine.commands import (
    ClaimTask,
    CompleteTask,
    ExtendTask,
    ResumeCase,
    ResumeTask,
    SuspendCase,
    SuspendTask,
    TransferTask,
)
from engine.errors import InvalidData, NotSignedIn
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

    # Held at 09:00 with all that was left; the calendar comes two worked days later.
    any_app.clock.set(datetime(2026, 12, 30, 1, 0, tzinfo=UTC))
    activated(any_app, date(2027, 1, 1), calendar=YEAR_2027.encode())
    recounting.recount(any_app)
    cases.handle(any_app, admin(any_app), case, ResumeTask("limited.t.1"))

    # Six days of working time, less half an hour: from the 30th on, by the new calendar.
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


# -- people come, go and stand in for each other ------------------------------------------

TODAY = date(2026, 9, 14)
ACCEPT = "five_steps.accept.1"


@pytest.fixture
def town(any_app):
    """The demo city without its user who has every post: a task needs those it is for."""
    identities.disable_user(any_app, "admin", by="@test")
    with any_app.database.reading() as tx:
        any_app.references.refresh(tx)
    return any_app


def holders(app, role, unit, day=TODAY):
    return app.references.organisation.people_with(role, unit, day)


def dispatchers(app):
    """The street of the demo's dispatcher, and who dispatches there."""
    actor = identities.actor(app, "street_dispatcher")
    unit = next(unit for role, unit in sorted(actor.grants) if role == "street_dispatcher")
    return unit, holders(app, "street_dispatcher", unit)


def reported(app):
    """A case whose first task is offered to the dispatchers of the demo's street."""
    starter = identities.actor(app, "street_dispatcher")
    return cases.start(app, starter, process="five_steps", data={}).case_id


def people(change):
    return changed("people", change)


def gone(person):
    return people(lambda rows: [row for row in rows if row["person_id"] != person])


def replaced(person, **cells):
    return people(
        lambda rows: [{**row, **cells} if row["person_id"] == person else row for row in rows]
    )


def a_colleague(app, unit, *but):
    """Somebody in office elsewhere in the street, with another role."""
    found = {
        person for role in ("street_analyst", "window_clerk") for person in holders(app, role, unit)
    }
    return min(found - {*but, *holders(app, "street_dispatcher", unit)})


def test_a_substitute_acts_in_the_dates_of_the_list_and_the_record_says_for_whom(town):
    unit, (absent, *_) = dispatchers(town)
    standing_in = a_colleague(town, unit, absent)
    case = reported(town)
    activated(town, date(2026, 9, 15), people=replaced(absent, substitute_person_id=standing_in))
    activated(town, date(2026, 9, 17), people=replaced(absent, substitute_person_id=""))

    def may(day):
        town.clock.set(datetime(2026, 9, day, 1, 0, tzinfo=UTC))
        actor = identities.actor(town, standing_in)
        return ACCEPT in {
            one["id"].partition(".")[2] for one in views.inbox_page(town, actor)["items"]
        }

    assert [may(14), may(15)] == [False, True]
    actor = identities.actor(town, standing_in)
    cases.handle(town, actor, case, ClaimTask(ACCEPT))
    assert may(16) is False  # it is nobody else's any more
    cases.handle(town, identities.actor(town, standing_in), case, CompleteTask(ACCEPT, "accept"))

    signed, done = entries(town, case)[-2:]
    assert [(one["actor"], one["acting_for"]) for one in (signed, done)] == [
        (standing_in, absent),
        (standing_in, absent),
    ]
    proven(town)


def test_who_acts_by_a_role_of_their_own_stands_in_for_nobody(town):
    unit, (own, *_) = dispatchers(town)
    colleague = a_colleague(town, unit, own)
    activated(town, TODAY, people=replaced(colleague, substitute_person_id=own))
    case = reported(town)

    cases.handle(town, identities.actor(town, own), case, ClaimTask(ACCEPT))

    assert "acting_for" not in entries(town, case)[-1]


def test_the_page_of_a_case_stamps_who_acted_for_whom(town):
    unit, (absent, *_) = dispatchers(town)
    standing_in = a_colleague(town, unit, absent)
    activated(town, TODAY, people=replaced(absent, substitute_person_id=standing_in))
    case = reported(town)
    cases.handle(town, identities.actor(town, standing_in), case, ClaimTask(ACCEPT))

    client = create_app(town).test_client()
    token = identities.create_token(town, standing_in, by="@test")
    page = client.get(f"/cases/{case}", headers={"Authorization": f"Bearer {token}"})

    assert f"{standing_in}（代 {absent}）" in page.get_data(as_text=True)


def test_who_has_left_keeps_no_task_and_the_head_hands_it_on(town):
    unit, (leaver, *others) = dispatchers(town)
    case = reported(town)
    cases.handle(town, identities.actor(town, leaver), case, ClaimTask(ACCEPT))
    plan = activated(town, date(2026, 9, 15), people=gone(leaver))
    assert [(one["case"], one["reason"]) for one in plan.tasks] == [(case, "left")]

    town.clock.set(datetime(2026, 9, 15, 1, 0, tzinfo=UTC))
    with pytest.raises(NotSignedIn):
        identities.actor(town, leaver)
    leader = identities.actor(town, holders(town, "street_leader", unit)[0])
    (task,) = unattended.tasks_of(town, leader)
    assert (task["case"], task["assignee"], task["reason"]) == (case, leaver, "left")

    receiver = others[0] if others else a_colleague(town, unit, leaver)
    cases.handle(town, leader, case, TransferTask(ACCEPT, receiver, "has left"))
    assert unattended.tasks_of(town, leader) == []
    mine = views.inbox_page(town, identities.actor(town, receiver), view="mine")["items"]
    assert [one["case"] for one in mine] == [case]
    proven(town)


def test_a_task_of_a_leaver_is_shown_to_the_heads_around_it_and_to_nobody_else(town):
    unit, (leaver, *_) = dispatchers(town)
    case = reported(town)
    cases.handle(town, identities.actor(town, leaver), case, ClaimTask(ACCEPT))
    activated(town, date(2026, 9, 15), people=gone(leaver))
    town.clock.set(datetime(2026, 9, 15, 1, 0, tzinfo=UTC))
    streets = [row["id"] for row in table("org_units")[1] if row["level"] == "street"]
    elsewhere = next(one for one in streets if one != unit)

    def sees(role, where):
        person = holders(town, role, where, date(2026, 9, 15))[0]
        return len(unattended.tasks_of(town, identities.actor(town, person)))

    assert [
        sees("street_leader", unit),
        sees("district_coordinator", "990101"),
        sees("street_leader", elsewhere),
        sees("street_analyst", unit),
    ] == [1, 1, 0, 0]


def test_a_task_cannot_be_handed_to_somebody_who_has_left(town):
    unit, (leaver, *_) = dispatchers(town)
    case = reported(town)
    activated(town, date(2026, 9, 15), people=gone(leaver))
    town.clock.set(datetime(2026, 9, 15, 1, 0, tzinfo=UTC))
    leader = identities.actor(town, holders(town, "street_leader", unit)[0])

    with pytest.raises(InvalidData):
        cases.handle(town, leader, case, TransferTask(ACCEPT, leaver, None))


def test_a_task_of_a_role_that_nobody_holds_any_more_is_noticed(town):
    _, staff = dispatchers(town)
    case = reported(town)
    emptied = people(
        lambda rows: [
            row
            for row in rows
            if not (row["role"] == "street_dispatcher" and row["person_id"] in staff)
        ]
    )

    plan = activated(town, date(2026, 9, 15), people=emptied)

    assert [(one["case"], one["reason"]) for one in plan.tasks] == [(case, "nobody")]


# -- a list changes in mid-case -------------------------------------------------------------

LOOKS_TWICE = process(
    '<startEvent id="s"/><endEvent id="e"/>'
    '<scriptTask id="first" scriptFormat="python"><script>'
    "before = lookup('responsibility', code='ZL-01-001', area_class='B')['item_zh']"
    '</script></scriptTask><userTask id="wait"/>'
    '<scriptTask id="second" scriptFormat="python"><script>'
    "after_it = lookup('responsibility', code='ZL-01-001', area_class='B')['item_zh']\n"
    "name = unit('990101001')['name_zh']"
    '</script></scriptTask><userTask id="rest"/>' + flows("s > first > wait > second > rest > e"),
    "looks_twice",
)


def renamed(name, key, value, **cells):
    return changed(
        name, lambda rows: [{**row, **cells} if row[key] == value else row for row in rows]
    )


def test_a_case_keeps_the_list_of_its_first_look_up_and_a_new_one_takes_the_new(any_app):
    deployments.deploy(any_app, identities.operator(), {"looks_twice.bpmn": LOOKS_TWICE})

    def begin():
        return cases.start(any_app, admin(any_app), process="looks_twice", data={}).case_id

    def finish(case):
        cases.handle(any_app, admin(any_app), case, CompleteTask("looks_twice.wait.1"))
        data = views.case(any_app, admin(any_app), case)["data"]
        return data["before"], data["after_it"], data["name"]

    (was,) = {row["item_zh"] for row in table("responsibility")[1] if row["code"] == "ZL-01-001"}
    running = begin()
    activated(
        any_app,
        TODAY,
        responsibility=renamed("responsibility", "code", "ZL-01-001", item_zh="新名称"),
        org_units=renamed("org_units", "id", "990101001", name_zh="新街道"),
    )

    # Units are always those in force; lists are those of the first look-up.
    assert finish(running) == (was, was, "新街道")
    assert finish(begin()) == ("新名称", "新名称", "新街道")
    proven(any_app)


def test_a_list_that_holds_from_a_later_day_is_not_seen_before(any_app):
    deployments.deploy(any_app, identities.operator(), {"looks_twice.bpmn": LOOKS_TWICE})
    later = renamed("responsibility", "code", "ZL-01-001", item_zh="新名称")
    (was,) = {row["item_zh"] for row in table("responsibility")[1] if row["code"] == "ZL-01-001"}

    activated(any_app, date(2026, 9, 16), responsibility=later)

    def seen():
        case = cases.start(any_app, admin(any_app), process="looks_twice", data={}).case_id
        return views.case(any_app, admin(any_app), case)["data"]["before"]

    assert seen() == was
    any_app.clock.set(datetime(2026, 9, 15, 16, 0, tzinfo=UTC))
    assert seen() == "新名称"


# -- units change --------------------------------------------------------------------------

HANDLE = "five_steps.handle.1"


def at_department(app):
    """A case whose open task is offered to the liaison of D04."""
    case = reported(app)
    dispatcher = identities.actor(app, "street_dispatcher")
    cases.handle(app, dispatcher, case, CompleteTask(ACCEPT, "accept"))
    assign = CompleteTask("five_steps.assign.1", None, {"lead": "D04"})
    cases.handle(app, dispatcher, case, assign)
    return case


def without_department(rows):
    return [row for row in rows if row["unit_id"] != "D04"]


def test_of_departments_that_merge_the_new_one_takes_the_open_work(town):
    case = at_department(town)
    header, rows = table("departments")
    merged = [
        {**row, "effective_to": "2026-09-14", "successor_id": "D05"}
        if row["code"] == "D04"
        else row
        for row in rows
    ]

    plan = activated(
        town,
        date(2026, 9, 15),
        departments=written([*header, "successor_id"], merged),
        people=people(without_department),
    )

    assert plan.tasks == []
    town.clock.set(datetime(2026, 9, 15, 1, 0, tzinfo=UTC))
    liaison = identities.actor(town, holders(town, "dept_liaison", "D05", date(2026, 9, 15))[0])
    offered = views.inbox_page(town, liaison)["items"]
    assert [one["case"] for one in offered] == [case]
    cases.handle(town, liaison, case, CompleteTask(HANDLE, "done", {"reply": "handled"}))
    done = entries(town, case)[-1]
    assert done["command"]["unit"] == "D04"
    proven(town)


def test_a_department_that_ends_without_a_successor_leaves_no_task_unnoticed(town):
    case = at_department(town)

    plan = activated(
        town,
        date(2026, 9, 15),
        departments=changed(
            "departments", lambda rows: [row for row in rows if row["code"] != "D04"]
        ),
        people=people(without_department),
    )

    assert [(one["case"], one["reason"]) for one in plan.tasks] == [(case, "nobody")]
    town.clock.set(datetime(2026, 9, 15, 1, 0, tzinfo=UTC))
    coordinator = holders(town, "district_coordinator", "990101", date(2026, 9, 15))[0]
    seen = unattended.tasks_of(town, identities.actor(town, coordinator))
    assert [(one["case"], one["candidates"]) for one in seen] == [
        (case, [{"role": "dept_liaison", "unit": "D04"}])
    ]


# A task of the community and, after it, one that is offered anew.
IN_A_GRID = process(
    '<extensionElements><camunda:properties><camunda:property name="unit" value="grid"/>'
    '</camunda:properties></extensionElements><startEvent id="s"/><endEvent id="e"/>'
    '<userTask id="see" camunda:candidateGroups="community_secretary"/>'
    '<userTask id="again" camunda:candidateGroups="community_secretary"/>'
    + flows("s > see > again > e"),
    "in_a_grid",
)
GRID, OLD, NEW = "99010100100101001", "990101001001", "990101001002"


def test_a_grid_that_moves_takes_its_cases_along_from_that_day_on(town):
    deployments.deploy(town, identities.operator(), {"in_a_grid.bpmn": IN_A_GRID})
    worker = identities.actor(town, holders(town, "grid_worker", GRID)[0])
    case = cases.start(town, worker, process="in_a_grid", data={"grid": GRID}).case_id
    with town.database.reading() as tx:
        assert store.read_case(tx, case).unit == GRID

    moved = renamed("org_units", "id", "99010100100101", parent_id=NEW)
    activated(town, date(2026, 9, 15), org_units=moved)
    town.clock.set(datetime(2026, 9, 15, 1, 0, tzinfo=UTC))

    def secretary(community):
        return identities.actor(
            town, holders(town, "community_secretary", community, date(2026, 9, 15))[0]
        )

    # What was open stays with whom it was offered to; the next task goes to the new community.
    cases.handle(town, secretary(OLD), case, CompleteTask("in_a_grid.see.1"))
    (offered,) = [one for one in entries(town, case)[-1]["events"] if one["type"] == "task_opened"]
    assert offered["candidates"] == [{"role": "community_secretary", "unit": NEW}]
    cases.handle(town, secretary(NEW), case, CompleteTask("in_a_grid.again.1"))
    assert views.case(town, secretary(NEW), case)["state"] == "completed"
    proven(town)


def test_a_case_of_a_grid_that_ended_goes_on_where_its_successor_lies(town):
    deployments.deploy(town, identities.operator(), {"in_a_grid.bpmn": IN_A_GRID})
    worker = identities.actor(town, holders(town, "grid_worker", GRID)[0])
    case = cases.start(town, worker, process="in_a_grid", data={"grid": GRID}).case_id
    heir = next(
        row["id"]
        for row in table("org_units")[1]
        if row["level"] == "grid2" and row["id"].startswith(NEW)
    )
    header, rows = table("org_units")
    ending = [
        {**row, "effective_to": "2026-09-14", "successor_id": heir} if row["id"] == GRID else row
        for row in rows
    ]

    activated(town, date(2026, 9, 15), org_units=written([*header, "successor_id"], ending))
    town.clock.set(datetime(2026, 9, 15, 1, 0, tzinfo=UTC))
    old = identities.actor(town, holders(town, "community_secretary", OLD)[0])
    cases.handle(town, old, case, CompleteTask("in_a_grid.see.1"))

    (offered,) = [one for one in entries(town, case)[-1]["events"] if one["type"] == "task_opened"]
    assert offered["candidates"] == [{"role": "community_secretary", "unit": NEW}]
    new = identities.actor(town, holders(town, "community_secretary", NEW)[0])
    assert case in {one["id"] for one in views.cases_page(town, new)["items"]}
    proven(town)


def test_the_head_of_a_department_sees_what_a_leaver_had_claimed(town):
    case = at_department(town)
    liaison = holders(town, "dept_liaison", "D04")[0]
    cases.handle(town, identities.actor(town, liaison), case, ClaimTask(HANDLE))
    activated(town, date(2026, 9, 15), people=gone(liaison))

    town.clock.set(datetime(2026, 9, 15, 1, 0, tzinfo=UTC))
    head = identities.actor(town, holders(town, "dept_head", "D04", date(2026, 9, 15))[0])

    assert [one["case"] for one in unattended.tasks_of(town, head)] == [case]
