"""What a new version of a list changes, and how it comes into force on a day."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import lists, revisions
from engine.columns import Descriptor
from engine.errors import InvalidList

DAY = date(2026, 11, 1)
EMPTY = "code,first,last,value\n"


def descriptor(**more) -> Descriptor:
    document = {
        "name": "posts",
        "title_zh": "岗",
        "title_en": "Posts",
        "file": "posts.csv",
        "kind": "list",
        "key": ["code"],
        "effective": ["first", "last"],
        "columns": {
            "code": {"type": "text", "required": True},
            "first": {"type": "date", "required": True},
            "last": {"type": "date"},
            "value": {"type": "text"},
            "many": {"type": "list"},
            "yes": {"type": "boolean"},
        },
    }
    return Descriptor.from_json(document | more)


def version(text: str, day: date | None = None, **more) -> lists.ListVersion:
    return lists.read(descriptor(**more), text.encode(), first=day)


def rows_after(old: str, new: str, day: date = DAY) -> list[tuple]:
    """The rows of the version that `new` makes of `old` from a day on."""
    made = revisions.from_day(version(old) if old else None, version(new, day), day)
    rows = lists.read(descriptor(), made).rows
    return [(r["code"], r["first"], r["last"], r["value"]) for r in rows]


def test_a_row_that_changes_ends_the_day_before_and_begins_anew_on_the_day():
    old = EMPTY + "a,2026-01-01,,one\n"

    assert rows_after(old, "code,value\na,two\n") == [
        ("a", "2026-01-01", "2026-10-31", "one"),
        ("a", "2026-11-01", None, "two"),
    ]


def test_a_row_that_is_no_longer_named_ends_the_day_before():
    old = EMPTY + "a,2026-01-01,,one\nb,2026-01-01,,two\n"

    assert rows_after(old, "code,value\nb,two\n") == [
        ("a", "2026-01-01", "2026-10-31", "one"),
        ("b", "2026-01-01", None, "two"),
    ]


def test_a_row_that_stays_the_same_is_not_touched():
    old = EMPTY + "a,2026-01-01,,one\n"

    assert rows_after(old, "code,value\na,one\n") == [("a", "2026-01-01", None, "one")]


def test_a_row_that_is_given_a_last_day_keeps_its_first():
    old = EMPTY + "a,2026-01-01,,one\n"

    assert rows_after(old, EMPTY + "a,2026-01-01,2026-12-31,one\n") == [
        ("a", "2026-01-01", "2026-12-31", "one"),
    ]


def test_the_past_of_a_row_stays_and_the_past_that_a_file_tells_is_not_taken():
    old = EMPTY + "a,2025-01-01,2025-12-31,old\na,2026-01-01,,one\n"
    new = EMPTY + "a,2025-01-01,2025-12-31,rewritten\na,2026-01-01,,two\n"

    assert rows_after(old, new) == [
        ("a", "2025-01-01", "2025-12-31", "old"),
        ("a", "2026-01-01", "2026-10-31", "one"),
        ("a", "2026-11-01", None, "two"),
    ]


def test_a_row_planned_for_later_gives_way_to_what_the_file_says():
    old = EMPTY + "a,2026-01-01,2026-12-31,one\na,2027-01-01,,planned\n"

    assert rows_after(old, "code,value\na,one\n") == [("a", "2026-01-01", None, "one")]


def test_of_a_list_that_is_not_there_yet_everything_begins_on_the_day_or_later():
    new = EMPTY + "a,2026-01-01,,one\nb,2027-01-01,,two\nc,2026-01-01,2026-02-01,over\n"

    assert rows_after("", new) == [
        ("a", "2026-11-01", None, "one"),
        ("b", "2027-01-01", None, "two"),
    ]


def test_a_calendar_keeps_its_earlier_days():
    columns = {"code": {"type": "date", "required": True}, "value": {"type": "text"}}
    dated = {"effective": None, "columns": columns}
    old = version("code,value\n2026-10-01,x\n2026-12-31,planned\n", **dated)
    new = version("code,value\n2026-10-02,late\n2027-01-01,y\n", **dated)

    made = lists.read(descriptor(**dated), revisions.from_day(old, new, DAY))

    assert [tuple(row.values()) for row in made.rows] == [("2026-10-01", "x"), ("2027-01-01", "y")]


def test_a_row_cannot_end_in_a_list_without_last_days():
    endless = {"effective": ["first", None]}
    old = version("code,first,value\na,2026-01-01,one\n", **endless)

    with pytest.raises(InvalidList) as refusal:
        revisions.from_day(old, version("code,first,value\nb,2026-01-01,x\n", **endless), DAY)

    assert refusal.value.findings[0]["message"] == (
        "Row 1: the row a would end on 2026-10-31, but the list has no last days"
    )


def test_a_file_reads_as_it_was_written():
    text = 'code,first,last,value,many,yes\na,2026-01-01,,"x,""y""",p;q,1\nb,2026-01-02,,,,\n'
    one = version(text)

    again = lists.read(descriptor(), revisions.render(one.descriptor, one.rows))

    assert again.rows == one.rows


ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(0, 9), st.sampled_from("xy")),
    max_size=6,
)
START = date(2026, 10, 28)


def text_of(rows) -> str:
    """Rows of which no two of a key overlap."""
    taken, lines = {}, [EMPTY]
    for code, first, length, value in rows:
        days = {first + i for i in range(length + 1)}
        if days.isdisjoint(taken.setdefault(code, set())):
            taken[code] |= days
            last = START + timedelta(first + length)
            lines.append(f"{code},{START + timedelta(first)},{last},{value}\n")
    return "".join(lines)


@given(ROWS, ROWS, st.integers(0, 12))
def test_before_the_day_the_old_version_holds_and_from_then_on_the_new_one(before, after, at):
    old, new, day = version(text_of(before)), version(text_of(after)), START + timedelta(at)

    made = lists.read(descriptor(), revisions.from_day(old, new, day))

    for code, offset in itertools.product("ab", range(-1, 22)):
        when = START + timedelta(offset)
        said = (old if when < day else new).at((code,), when)
        found = made.at((code,), when)
        assert (found and found["value"]) == (said and said["value"])
