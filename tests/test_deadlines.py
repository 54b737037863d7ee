"""Limits on the working calendar: every due moment here was counted by hand."""

from __future__ import annotations

import random
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from engine import deadlines
from engine.calendar import LOCAL, Calendar
from engine.deadlines import Amount, due, hold, local_text, parse_moment, parse_timer, remaining
from engine.errors import InvalidDeadline, InvalidList

LISTS = Path(__file__).parent.parent / "processes" / "lists"
DAYS = (LISTS / "calendar.csv").read_bytes()
HOURS = (LISTS / "office_hours.csv").read_bytes()
CALENDAR = Calendar.read(DAYS, HOURS)


def ends(start: str, amount: float, unit: str, calendar: Calendar = CALENDAR) -> str:
    found = due(parse_moment(start), amount, unit, calendar=calendar)
    text = local_text(found.at).removesuffix("+08:00").removesuffix(":00")
    return text + (" provisional" if found.provisional else "")


GOLDEN = [
    ("2026-09-24", 5, "WD", "2026-10-09T17:30"),
    ("2026-10-08", 3, "WD", "2026-10-12T17:30"),
    ("2026-02-13", 3, "WD", "2026-02-25T17:30"),
    ("2026-04-30", 5, "WD", "2026-05-11T17:30"),
    ("2026-09-18", 1, "WD", "2026-09-20T17:30"),  # a Sunday that is worked
    ("2026-02-13T16:50", 2, "WH", "2026-02-14T09:50"),  # a Saturday that is worked
    ("2026-02-14T16:30", 4, "WH", "2026-02-24T11:30"),
    ("2026-09-30T17:00", 4, "WH", "2026-10-08T12:00"),
    ("2026-10-09T16:00", 4, "WH", "2026-10-10T11:00"),
    ("2026-11-21T09:00", 4, "WH", "2026-11-23T14:00"),
    ("2026-09-30T17:00", 4, "EH", "2026-09-30T21:00"),
]

HOLIDAYS = [
    # New Year 2025: Wednesday 1 January is free. What is counted lies in a known year.
    ("2024-12-31T10:00", 1, "WD", "2025-01-02T17:30"),
    # Spring Festival 2025: Sunday 26 January is worked, 28 January to 4 February free.
    ("2025-01-24T10:00", 1, "WD", "2025-01-26T17:30"),
    ("2025-01-24T10:00", 3, "WD", "2025-02-05T17:30"),
    ("2025-01-27T16:30", 2, "WH", "2025-02-05T09:30"),
    ("2025-02-07T10:00", 1, "WD", "2025-02-08T17:30"),
    ("2025-02-07T17:00", 1, "WH", "2025-02-08T09:00"),
    # Qingming 2025: Friday 4 April is free.
    ("2025-04-03T08:00", 1, "WD", "2025-04-07T17:30"),
    # Labour Day 2025: Sunday 27 April is worked, 1 to 5 May free.
    ("2025-04-25T09:00", 1, "WD", "2025-04-27T17:30"),
    ("2025-04-30T09:00", 2, "WD", "2025-05-07T17:30"),
    ("2025-04-30T11:00", 8, "WH", "2025-05-06T11:30"),
    # Dragon Boat 2025: Monday 2 June is free.
    ("2025-05-30T16:00", 3, "WH", "2025-06-03T10:00"),
    # National Day 2025: Sunday 28 September and Saturday 11 October are worked.
    ("2025-09-26T09:00", 2, "WD", "2025-09-29T17:30"),
    ("2025-09-30T09:00", 3, "WD", "2025-10-11T17:30"),
    ("2025-10-01T09:00", 1, "WH", "2025-10-09T09:30"),
    ("2025-10-10T17:30", 1, "WH", "2025-10-11T09:30"),
    ("2025-10-11T12:30", 1, "WH", "2025-10-11T14:30"),  # starts at lunch
    # New Year 2026: 1 to 3 January free, Sunday 4 January worked.
    ("2025-12-31T09:00", 1, "WD", "2026-01-04T17:30"),
    ("2025-12-31T17:00", 2, "WH", "2026-01-04T10:00"),
    # Spring Festival 2026: Saturdays 14 and 28 February are worked.
    ("2026-02-27T09:00", 1, "WD", "2026-02-28T17:30"),
    ("2026-02-23T09:00", 1, "WD", "2026-02-24T17:30"),
    # Qingming 2026: Monday 6 April is free.
    ("2026-04-03T09:00", 1, "WD", "2026-04-07T17:30"),
    # Labour Day 2026: Saturday 9 May is worked.
    ("2026-05-08T09:00", 1, "WD", "2026-05-09T17:30"),
    # Dragon Boat 2026: Friday 19 June is free.
    ("2026-06-18T09:00", 2, "WD", "2026-06-23T17:30"),
    # Mid-Autumn 2026: Friday 25 September is free.
    ("2026-09-24T17:00", 1, "WH", "2026-09-28T09:00"),
]

EDGES = [
    # The last working day of the known years, and the first beyond them.
    ("2026-12-30T09:00", 1, "WD", "2026-12-31T17:30"),
    ("2026-12-31T09:00", 1, "WD", "2027-01-04T17:30 provisional"),
    ("2026-12-31T16:30", 2, "WH", "2027-01-04T09:30 provisional"),
    ("2026-12-31T16:30", 1, "WH", "2026-12-31T17:30"),
    ("2026-12-31T23:00", 2, "EH", "2027-01-01T01:00"),
    # Leap day 2028 is a Tuesday.
    ("2028-02-28T09:00", 1, "WD", "2028-02-29T17:30 provisional"),
    ("2028-02-29T17:00", 1, "WH", "2028-03-01T09:00 provisional"),
    # Midnight belongs to the day it begins.
    ("2026-09-17T23:59:59", 1, "WD", "2026-09-18T17:30"),
    ("2026-09-18T00:00", 1, "WD", "2026-09-20T17:30"),
    ("2026-09-17T16:00Z", 1, "WD", "2026-09-20T17:30"),
    ("2026-11-21T23:50", 31, "MIN", "2026-11-22T00:21"),
    # Seconds are kept.
    ("2026-11-20T17:29:30", 1, "WH", "2026-11-23T09:29:30"),
    # Opening and closing moments; nothing is due at once.
    ("2026-11-20T08:30", 3.5, "WH", "2026-11-20T12:00"),
    ("2026-11-20T12:00", 4, "WH", "2026-11-20T17:30"),
    ("2026-11-20T05:00", 7.5, "WH", "2026-11-20T17:30"),
    ("2026-11-21T09:00", 0, "WD", "2026-11-21T09:00"),
    # A part of a working day is counted in hours.
    ("2026-11-20T09:00", 0.5, "WD", "2026-11-20T14:30"),
    ("2026-11-20T09:00", 1.5, "WD", "2026-11-23T15:00"),
]

BACKWARDS = [
    ("2026-10-09T17:30", -1, "WD", "2026-10-08T17:30"),
    ("2026-10-08T17:30", -1, "WD", "2026-09-30T17:30"),
    ("2026-10-10T17:30", -2, "WD", "2026-10-08T17:30"),
    ("2026-01-04T17:30", -1, "WD", "2025-12-31T17:30"),
    ("2027-01-04T17:30", -1, "WD", "2026-12-31T17:30 provisional"),
    ("2026-11-22T10:00", -1, "WD", "2026-11-20T17:30"),
    ("2026-02-24T11:30", -4, "WH", "2026-02-14T16:30"),
    ("2026-02-14T09:50", -2, "WH", "2026-02-13T16:50"),
    ("2026-11-20T17:30", -7.5, "WH", "2026-11-20T08:30"),
    ("2026-11-20T14:30", -1, "WH", "2026-11-20T13:30"),
    ("2026-11-22T10:00", -1, "WH", "2026-11-20T16:30"),
    ("2026-01-04T09:00", -1, "WH", "2025-12-31T17:00"),
    ("2026-09-30T21:00", -4, "EH", "2026-09-30T17:00"),
]


@pytest.mark.parametrize(("start", "amount", "unit", "expected"), GOLDEN + HOLIDAYS + EDGES)
def test_a_limit_ends_at_the_moment_counted_by_hand(start, amount, unit, expected):
    assert ends(start, amount, unit) == expected


@pytest.mark.parametrize(("moment", "amount", "unit", "expected"), BACKWARDS)
def test_a_negative_amount_counts_backwards(moment, amount, unit, expected):
    assert ends(moment, amount, unit) == expected


def test_before_is_the_same_as_a_negative_amount():
    moment = parse_moment("2026-10-09T17:30")

    found = deadlines.before(moment, 1, "WD", calendar=CALENDAR)

    assert local_text(found.at) == "2026-10-08T17:30:00+08:00"


def test_local_text_is_what_the_command_line_prints():
    found = due(parse_moment("2026-09-18T09:00+08:00"), 1, "WD", calendar=CALENDAR)

    assert local_text(found.at) == "2026-09-20T17:30:00+08:00"
    assert found.at.tzinfo is UTC


def test_every_day_of_both_years_agrees_with_an_independent_calendar():
    independent = pytest.importorskip("chinese_calendar", reason="chinesecalendar is not installed")
    days = [date(2025, 1, 1) + timedelta(days=i) for i in range(730)]

    different = [d for d in days if CALENDAR.is_workday(d) != independent.is_workday(d)]

    assert different == []


def test_going_forth_and_back_in_working_time_returns_to_where_it_started():
    at = parse_moment("2025-09-26T10:07")
    for minutes in range(1, 6000, 97):
        there = due(at, minutes / 60, "WH", calendar=CALENDAR).at

        assert due(there, -minutes / 60, "WH", calendar=CALENDAR).at == at
        assert deadlines.working_minutes(at, there, CALENDAR) == minutes


def by_walking(start: datetime, minutes: int) -> datetime:
    """Count working minutes one by one, forwards or backwards: slow and plain."""
    step = timedelta(minutes=1 if minutes > 0 else -1)
    at = start.astimezone(LOCAL)
    for _ in range(abs(minutes)):
        while True:
            begins = min(at, at + step)
            clock = begins.hour * 60 + begins.minute
            at += step
            open_now = 510 <= clock < 720 or 810 <= clock < 1050
            if open_now and CALENDAR.is_workday(begins.date()):
                break
    return at


def test_working_minutes_agree_with_counting_them_one_by_one():
    chance = random.Random(20260918)
    for _ in range(150):
        at = parse_moment("2025-01-20T00:00") + timedelta(minutes=chance.randrange(700 * 1440))
        minutes = chance.choice([1, -1]) * chance.randrange(1, 1500)

        assert due(at, minutes / 60, "WH", calendar=CALENDAR).at == by_walking(at, minutes)


def test_a_calendar_knows_its_years_by_their_first_of_january():
    years = [(y.number, y.status, y.provisional) for y in CALENDAR.years()]

    assert years == [(2025, "official", False), (2026, "official", False)]
    assert CALENDAR.year(2026).source == "国务院办公厅关于2026年部分节假日安排的通知"
    assert CALENDAR.year(2027).provisional


def test_a_year_whose_notice_is_only_a_draft_stays_provisional():
    draft = DAYS + "2027-01-01,0,holiday,元旦,New Year,草案,provisional\r\n".encode()

    assert ends("2026-12-31T09:00", 1, "WD", Calendar.read(draft)) == "2027-01-04T17:30 provisional"


def test_the_version_changes_with_the_content_and_only_then():
    more = DAYS + "2027-01-01,0,holiday,元旦,New Year,通知,official\r\n".encode()

    assert Calendar.read(DAYS, HOURS).version == CALENDAR.version
    assert Calendar.read(more, HOURS).version != CALENDAR.version
    assert Calendar.read(DAYS).version != CALENDAR.version


SUMMER = (
    b"unit_id,hours,effective_from,effective_to,source\r\n"
    b",08:30-12:00;13:30-17:30,,2026-05-31,winter\r\n"
    b",08:30-12:00;14:30-18:30,2026-06-01,2026-09-30,summer\r\n"
    b",08:30-12:00;13:30-17:30,2026-10-01,,winter\r\n"
    b"990101001,09:00-17:00,2026-01-01,,one street\r\n"
)


def test_office_hours_follow_the_season():
    calendar = Calendar.read(DAYS, SUMMER)

    assert ends("2026-05-29T17:00", 1, "WH", calendar) == "2026-06-01T09:00"
    assert ends("2026-06-01T11:30", 1, "WH", calendar) == "2026-06-01T15:00"
    assert ends("2026-06-01T09:00", 1, "WD", calendar) == "2026-06-02T18:30"
    assert ends("2026-09-30T18:00", 1, "WH", calendar) == "2026-10-08T09:00"


def test_a_unit_with_hours_of_its_own_uses_them_and_its_subunits_too():
    street = Calendar.read(DAYS, SUMMER).for_unit("990101001001", "990101001")

    assert ends("2026-06-01T11:30", 1, "WH", street) == "2026-06-01T12:30"
    assert ends("2026-06-01T11:30", 1, "WD", street) == "2026-06-02T17:00"
    assert CALENDAR.for_unit("990101002") is CALENDAR


@pytest.mark.parametrize(
    ("amount", "unit", "reason"),
    [
        (1, "days", "There is no time unit 'days'."),
        (float("nan"), "WD", "A limit of nan working days is longer than 100 years."),
        (float("inf"), "EH", "A limit of inf elapsed hours is longer than 100 years."),
        (10**9, "WD", "A limit of 1000000000 working days is longer than 100 years."),
        (True, "WD", "A limit is a number, not True."),
        ("5", "WD", "A limit is a number, not '5'."),
    ],
)
def test_an_amount_that_cannot_be_counted_with_is_refused(amount, unit, reason):
    with pytest.raises(InvalidDeadline) as refusal:
        due(parse_moment("2026-09-18"), amount, unit, calendar=CALENDAR)

    assert refusal.value.message == reason


@pytest.mark.parametrize(
    ("start", "amount", "unit"),
    [
        ("9999-12-30T09:00", 5, "WD"),
        ("9999-12-31T17:00", 5, "WH"),
        ("9999-12-31T17:00", 50, "EH"),
        ("0001-01-02T09:00", -5, "WD"),
        ("0001-01-02T09:00", -50, "WH"),
    ],
)
def test_a_moment_outside_the_years_is_refused(start, amount, unit):
    with pytest.raises(InvalidDeadline) as refusal:
        due(parse_moment(start), amount, unit, calendar=CALENDAR)

    assert refusal.value.message == "The moment would lie outside the years 1 to 9999."


def test_a_question_costs_a_search_and_not_a_walk():
    start = parse_moment("2026-01-05T10:00")
    due(start, 20_000, "WD", calendar=CALENDAR)  # counts the years once

    begun = time.process_time()
    for _ in range(2_000):
        due(start, 250, "WD", calendar=CALENDAR)
        due(start, 1_000, "WH", calendar=CALENDAR)

    assert time.process_time() - begun < 0.5


# -- amounts ------------------------------------------------------------------


def test_part_keeps_the_unit_and_drops_what_floats_add():
    assert deadlines.part(Amount(4, "WH"), 0.5) == Amount(2, "WH")
    assert deadlines.part(Amount(5, "WD"), 0.2) == Amount(1, "WD")
    assert deadlines.part(Amount(3, "WD"), 0.1) == Amount(0.3, "WD")


def test_the_longer_of_days_and_hours_counts_eight_hours_to_the_day():
    assert deadlines.longest(Amount(1, "WD"), Amount(4, "WH")) == Amount(1, "WD")
    assert deadlines.longest(Amount(0.4, "WD"), Amount(4, "WH")) == Amount(4, "WH")
    assert deadlines.shortest(Amount(90, "MIN"), Amount(1, "EH")) == Amount(1, "EH")


def test_working_time_and_elapsed_time_are_not_compared():
    with pytest.raises(InvalidDeadline) as refusal:
        deadlines.longest(Amount(1, "WD"), Amount(30, "EH"))

    assert refusal.value.message == "1 WD and 30 EH run on different clocks."


def test_the_remaining_working_minutes_skip_nights_and_holidays():
    now, end = parse_moment("2026-02-14T16:30"), parse_moment("2026-02-24T11:30")

    assert remaining(now, end, CALENDAR) == 240
    assert remaining(end, now, CALENDAR) == 0
    assert deadlines.working_minutes(end, now, CALENDAR) == -240


def test_a_held_limit_runs_on_with_what_was_left():
    # 2 h 10 min of a limit are left on Friday 15:20; it is given back on Tuesday.
    held, end = parse_moment("2026-11-20T15:20"), parse_moment("2026-11-20T17:30")

    left = hold(held, end, "WD", CALENDAR)
    again = due(parse_moment("2026-11-24T16:30"), left.n, left.unit, calendar=CALENDAR)

    assert left.unit == "WH"
    assert local_text(again.at) == "2026-11-25T09:40:00+08:00"


def test_a_held_limit_on_the_continuous_clock_keeps_its_minutes():
    held, end = parse_moment("2026-11-20T22:00"), parse_moment("2026-11-21T00:30:30")

    assert hold(held, end, "EH", CALENDAR) == Amount(150.5, "MIN")
    assert hold(end, held, "MIN", CALENDAR) == Amount(0, "MIN")


# -- tagged values --------------------------------------------------------------

NOW = parse_moment("2026-09-18T09:00")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$amount": 1, "unit": "WD"}, "2026-09-20T17:30:00+08:00"),
        ({"unit": "WD", "$amount": "1"}, "2026-09-20T17:30:00+08:00"),
        ({"$after": [None, {"$amount": 2, "unit": "EH"}]}, "2026-09-18T11:00:00+08:00"),
        (
            {"$after": ["2026-09-30T17:00:00+08:00", {"$amount": 4, "unit": "WH"}]},
            "2026-10-08T12:00:00+08:00",
        ),
        (
            {"$before": [{"$amount": 1, "unit": "WD"}, {"$amount": 4, "unit": "WH"}]},
            "2026-09-20T13:30:00+08:00",
        ),
        ({"$after": [{"$moment": "2026-09-24"}, {"$duration": 90}]}, "2026-09-24T00:01:30+08:00"),
        ({"$end_of_day": None}, "2026-09-19T00:00:00+08:00"),
        ({"$moment": "2026-09-18T01:00:00Z"}, "2026-09-18T09:00:00+08:00"),
        ({"$duration": 5400}, "PT1H30M"),
        ({"$duration": 90061.5}, "P1DT1H1M1.5S"),
        ({"$duration": 0}, "PT0S"),
        ({"$duration": -300}, "-PT5M"),
        ({"$sealed": "s1", "commitment": "ab"}, {"$sealed": "s1", "commitment": "ab"}),
        ([1, None, True, "2026"], [1, None, True, "2026"]),
        ({"limits": [{"$amount": 0, "unit": "WD"}]}, {"limits": ["2026-09-18T09:00:00+08:00"]}),
    ],
)
def test_tagged_values_become_plain_json(value, expected):
    assert deadlines.resolve(value, now=NOW, calendar=CALENDAR).value == expected


def test_one_provisional_moment_marks_the_whole_value():
    far = {"a": {"$amount": 1, "unit": "WD"}, "b": {"$amount": 200, "unit": "WD"}}
    near = {"a": {"$amount": 1, "unit": "WD"}}

    assert deadlines.resolve(far, now=NOW, calendar=CALENDAR).provisional
    assert not deadlines.resolve(near, now=NOW, calendar=CALENDAR).provisional


@pytest.mark.parametrize(
    "value",
    [
        {"$after": [None]},
        {"$after": [None, 5]},
        {"$after": [5, {"$amount": 1, "unit": "WD"}]},
        {"$amount": 1},
        {"$amount": 1, "unit": "WD", "more": 1},
        {"$amount": "1/0", "unit": "WD"},
        {"$amount": None, "unit": "WD"},
        {"$moment": "soon"},
        {"$moment": 5},
        {"$duration": "soon"},
        {"$duration": float("nan")},
    ],
)
def test_a_tagged_value_that_cannot_be_read_is_refused(value):
    with pytest.raises(InvalidDeadline):
        deadlines.resolve(value, now=NOW, calendar=CALENDAR)


def test_values_nested_without_end_are_refused():
    value: object = {"$moment": "2026-09-18"}
    for _ in range(5_000):
        value = {"$end_of_day": value}

    with pytest.raises(InvalidDeadline):
        deadlines.resolve(value, now=NOW, calendar=CALENDAR)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("P3D", "2026-09-21T09:00:00+08:00"),
        ("2026-09-20T10:00", "2026-09-20T10:00:00+08:00"),
        ({"$amount": 4, "unit": "WH"}, "2026-09-18T14:30:00+08:00"),
        ({"$duration": 60}, "2026-09-18T09:01:00+08:00"),
    ],
)
def test_a_due_date_may_be_text_or_a_tagged_value(value, expected):
    assert local_text(deadlines.due_of(value, now=NOW, calendar=CALENDAR).at) == expected


@pytest.mark.parametrize(
    "value",
    [5, None, True, [], {}, "", "tomorrow", {"a": 1}, {"$duration": 0}, {"$duration": -1}, "-PT5M"],
)
def test_what_names_no_moment_is_refused(value):
    with pytest.raises(InvalidDeadline):
        deadlines.due_of(value, now=NOW, calendar=CALENDAR)


# -- timer texts ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT15M", "2026-01-31T10:15:00+08:00"),
        ("P1M", "2026-02-28T10:00:00+08:00"),
        ("P1M1D", "2026-03-01T10:00:00+08:00"),
        ("P2Y1M", "2028-02-29T10:00:00+08:00"),
        ("P2W", "2026-02-14T10:00:00+08:00"),
        ("P1DT1,5H", "2026-02-01T11:30:00+08:00"),
        ("PT0.5S", "2026-01-31T10:00:00.500000+08:00"),
        ("2026-02-01", "2026-02-01T00:00:00+08:00"),
        ("2026-02-01T08:00", "2026-02-01T08:00:00+08:00"),
        ("2026-02-01T24:00", "2026-02-02T00:00:00+08:00"),
        ("2026-02-01T00:00Z", "2026-02-01T08:00:00+08:00"),
        ("2025-01-01T00:00", "2025-01-01T00:00:00+08:00"),  # long past: fires at once
    ],
)
def test_a_timer_text_fires_first_at(text, expected):
    first = parse_timer(text).first(parse_moment("2026-01-31T10:00"))

    assert first is not None
    assert local_text(first) == expected


def firings(text: str, armed: str, count: int = 5) -> list[str]:
    """The moments of a cycle that is looked at exactly when it is due."""
    timer = parse_timer(text).armed(parse_moment(armed))
    moment = timer.first(parse_moment(armed))
    found = []
    while moment is not None and len(found) < count:
        found.append(local_text(moment).removesuffix(":00+08:00"))
        moment = timer.following(moment)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R3/PT1H", ["2026-01-31T11:00", "2026-01-31T12:00", "2026-01-31T13:00"]),
        ("R2/2026-02-01T08:00/P1D", ["2026-02-01T08:00", "2026-02-02T08:00"]),
        ("R2/2026-01-31T10:00/P1D", ["2026-01-31T10:00", "2026-02-01T10:00"]),
        # Of these three the first two lie before the arming.
        ("R3/2026-01-30T08:00/P1D", ["2026-02-01T08:00"]),
        ("R3/2025-01-30T08:00/P1D", []),
        ("R/PT12H/2026-02-01T10:00", ["2026-01-31T22:00", "2026-02-01T10:00"]),
        ("R2/2026-02-01T08:00/P1D/2026-02-01T09:00", ["2026-02-01T08:00"]),
        # The end of the month does not creep to the 28th.
        (
            "R4/P1M",
            ["2026-02-28T10:00", "2026-03-31T10:00", "2026-04-30T10:00", "2026-05-31T10:00"],
        ),
        ("R-1/PT1M", [f"2026-01-31T10:0{i}" for i in range(1, 6)]),
    ],
)
def test_a_cycle_fires_at(text, expected):
    assert firings(text, "2026-01-31T10:00") == expected


@pytest.mark.parametrize("text", ["P1M", "P14D", "P13M1DT2H", "PT0.25S", "PT59M"])
def test_a_duration_is_written_as_it_is_read(text):
    assert parse_timer(text).period.text() == text


def test_a_missed_cycle_goes_on_from_its_next_firing_after_now():
    timer = parse_timer("R/PT1H").armed(parse_moment("2026-01-31T10:00"))

    after = timer.following(parse_moment("2056-02-01T08:20"))

    assert after == parse_moment("2056-02-01T09:00")


def test_an_armed_cycle_survives_being_written_down():
    timer = parse_timer("R5/P1M/2027-01-01T00:00").armed(parse_moment("2026-01-31T10:00"))

    assert type(timer).from_json(timer.to_json()) == timer


@pytest.mark.parametrize(
    "text",
    [
        "", "P", "PT", "P1", "1H", "PT-1H", "-PT1H", "+PT1H", "PT0S", "P0D", "P1.5M", "PT1.5H3M",
        "P200Y", "PT999999999999S", "R0/PT1H", "R/PT0S", "R3", "R3/", "R3//", "R/2026-01-01",
        "R/PT1H/2026-01-01/2027-01-01", "R3/PT0.001S", "R/PT1H/PT1H", "2026-02-30", "2026-13-01",
        "10000-01-01", "0001-01-01T00:00", "9999-12-31T23:00-08:00", "next week", "PT１H",
        "R" * 300, "R/P1D/2026", "2026-01-01T25:00",
    ],
)  # fmt: skip
def test_a_timer_text_that_cannot_be_kept_is_refused(text):
    with pytest.raises(InvalidDeadline) as refusal:
        parse_timer(text).first(NOW)

    assert refusal.value.hint


def test_a_cycle_that_runs_out_of_years_is_refused_and_not_wrapped():
    timer = parse_timer("R/9999-12-01T00:00/P1M")

    with pytest.raises(InvalidDeadline):
        timer.following(datetime(9999, 12, 5, tzinfo=LOCAL))


# -- bad calendars ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "calendar.csv: Row 1: there is no header"),
        (b"date,is_workday\n2026-01-01,no\n", "is_workday of 2026-01-01 is 'no'"),
        (b"date,is_workday\n2026-01-01,0\n2026-01-01,0\n", "2026-01-01 stands twice"),
        (b"date,is_workday\n2026-01-01\n", "1 cells where the header has 2 columns"),
        ("date,is_workday\n2026-01-01,元旦\n".encode("gbk"), "is_workday of 2026-01-01 is '元旦'"),
        ("date,is_workday\n2026-01-01,元旦\n".encode()[:-2], "this is neither UTF-8 nor GBK"),
    ],
)
def test_a_calendar_that_cannot_be_read_names_the_row(content, reason):
    with pytest.raises(InvalidList) as refusal:
        Calendar.read(content)

    assert refusal.value.message.endswith(reason)


@pytest.mark.parametrize(
    "hours", ["", "8-12", "12:00-08:30", "08:30-12:00;11:00-17:00", "20:00-25:00"]
)
def test_office_hours_that_cannot_be_read_are_refused(hours):
    content = f"unit_id,hours\ny,{hours}\nx,08:00-09:00\n".encode()

    with pytest.raises(InvalidList) as refusal:
        Calendar.read(DAYS, content)

    assert refusal.value.findings[0]["line"] == 2
