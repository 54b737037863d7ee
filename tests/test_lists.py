"""Reference lists: what is read, what is refused, what a look-up finds."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from engine import lists, revisions
from engine.columns import Descriptor
from engine.errors import InvalidList
from engine.lists import ReferenceData
from engine.organisation import Organisation

FOLDER = Path(__file__).parent.parent / "processes" / "lists"
TODAY = date(2026, 3, 2)


def read(name: str) -> lists.ListVersion:
    descriptor = Descriptor.read((FOLDER / f"{name}.json").read_bytes())
    return lists.read(descriptor, (FOLDER / descriptor.file).read_bytes())


ALL = {path.stem: read(path.stem) for path in sorted(FOLDER.glob("*.json"))}
DUTIES = ALL["responsibility"]


def small(columns: dict | None = None, **more) -> Descriptor:
    document = {
        "name": "small",
        "title_zh": "小",
        "title_en": "Small",
        "file": "small.csv",
        "kind": "list",
        "key": ["code"],
        "effective": ["first", "last"],
        "columns": {
            "code": {"type": "text", "required": True},
            "first": {"type": "date"},
            "last": {"type": "date"},
            "value": {"type": "integer"},
            **(columns or {}),
        },
    }
    return Descriptor.from_json(document | more)


def refused(content: str, descriptor: Descriptor | None = None) -> list[tuple]:
    with pytest.raises(InvalidList) as refusal:
        lists.read(descriptor or small(), content.encode())
    return [
        (f["line"], f["element"], f["message"].split(": ", 1)[1]) for f in refusal.value.findings
    ]


# -- the given lists --------------------------------------------------------------


def test_the_demo_lists_have_the_rows_they_are_said_to_have():
    assert {name: len(version.rows) for name, version in ALL.items()} == {
        "admission_list": 58,
        "appraisals": 9,
        "backup_posts": 2,
        "base_objects": 8,
        "budget_lines": 7,
        "burden_limits": 2,
        "cadences": 14,
        "calendar": 72,
        "cancelled_items": 14,
        "care_segments": 9,
        "certificates": 16,
        "complex_standards": 4,
        "courses": 4,
        "data_names": 504,
        "department_grids": 3,
        "departments": 139,
        "duty_roster": 10,
        "election_steps": 9,
        "experts": 2,
        "facility_gates": 3,
        "figure_weights": 11,
        "figures": 64,
        "first_contact": 37,
        "forum_types": 20,
        "framework_tags": 9,
        "fund_sources": 5,
        "grid_boards": 8,
        "grid_items": 6,
        "households": 20,
        "key_tasks": 6,
        "knowledge": 6,
        "life_circle": 5,
        "materials": 9,
        "meeting_types": 11,
        "milestones": 8,
        "modes": 1,
        "notice_texts": 98,
        "office_hours": 1,
        "opinion_templates": 8,
        "org_units": 307,
        "organisations": 2,
        "patrol_plans": 5,
        "people": 315,
        "place_bookings": 1,
        "places": 4,
        "policy_bases": 82,
        "providers": 4,
        "publication_channels": 5,
        "quorum": 9,
        "register_columns": 352,
        "registers": 36,
        "reply_terms": 4,
        "responsibility": 64,
        "rewards": 3,
        "roles": 59,
        "score_rules": 18,
        "service_materials": 35,
        "services": 31,
        "staff_grades": 10,
        "staff_quotas": 4,
        "standard_items": 6,
        "street_functions": 6,
        "street_posts": 3,
        "systems": 6,
        "three_lists": 6,
        "volunteer_services": 9,
        "volunteers": 3,
    }


def test_every_code_in_the_demo_lists_names_something():
    assert lists.check_references(ALL) == []


def test_every_file_keeps_its_byte_order_mark_and_line_ends():
    for version in ALL.values():
        content = (FOLDER / version.descriptor.file).read_bytes()

        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\n") == content.count(b"\r\n")


def test_every_row_of_the_organisation_is_in_force_on_the_first_demo_day():
    first = date(2025, 10, 1)

    missing = [
        version.key(row)
        for name in ("org_units", "departments", "people", "services", "admission_list")
        for version in [ALL[name]]
        for row in version.rows
        if row not in list(version.in_force(first))
    ]

    assert missing == [("XQ-000-01",)]


# -- looking up -------------------------------------------------------------------


def test_the_row_in_force_on_the_day_is_found():
    before = lists.lookup(DUTIES, date(2025, 12, 31), code="ZL-09-002", area_class="A")
    after = lists.lookup(DUTIES, date(2026, 1, 1), code="ZL-09-002", area_class="A")

    assert before is not None
    assert after is not None
    assert (before["version"], before["limit_normal_value"]) == ("2025.1", 3)
    assert (after["version"], after["limit_normal_value"]) == ("2026.2", 2)


@pytest.mark.parametrize(
    ("code", "area", "found"),
    [
        ("ZL-03-001", "A", "A"),
        ("ZL-03-001", "B", "B"),
        ("ZL-03-001", None, None),
        ("ZL-01-001", "A", "all"),
        ("ZL-01-001", None, "all"),
        ("ZL-99-001", "A", None),
    ],
)
def test_the_exact_area_class_wins_over_all(code, area, found):
    row = lists.lookup(DUTIES, TODAY, code=code, area_class=area)

    assert (row and row["area_class"]) == found


def test_the_limit_of_the_row_follows_the_area_class():
    limits = [
        (row["limit_normal_value"], row["limit_normal_unit"])
        for area in "AB"
        if (row := lists.lookup(DUTIES, TODAY, code="ZL-03-001", area_class=area))
    ]

    assert limits == [(4, "WH"), (1, "WD")]


def test_a_wildcard_column_may_be_left_out():
    assert lists.lookup(DUTIES, TODAY, code="ZL-01-001")["lead_code"] == "D04"


@pytest.mark.parametrize("key", [{}, {"area_class": "A"}, {"code": "x", "version": "2026.2"}])
def test_a_look_up_by_other_columns_is_refused(key):
    with pytest.raises(ValueError, match="is looked up by code, area_class, not by"):
        lists.lookup(DUTIES, TODAY, **key)


def test_cells_come_out_as_json():
    row = lists.lookup(DUTIES, TODAY, code="ZL-01-001")

    assert row["co_codes"] == ["D02", "D08", "U01"]
    assert row["later_stages"] == ["整改:5:WD"]
    assert row["sensitive"] is False
    assert row["limit_urgent_value"] == 4
    assert row["limit_normal_value"] is None
    assert row["effective_to"] is None
    assert json.loads(json.dumps(row)) == row


def test_rows_are_filtered_by_value_and_by_member():
    wanted = lists.rows(DUTIES, TODAY, variant="emergency", lead_code="U01", version="2026.2")
    helping = lists.rows(DUTIES, TODAY, co_codes="D08", sensitive=False)

    assert [row["code"] for row in wanted] == ["ZL-01-005"]
    assert {row["code"] for row in helping} >= {"ZL-01-001", "ZL-02-001"}


def test_more_rows_than_can_be_handed_out_are_refused():
    with pytest.raises(ValueError, match="307 rows of 'org_units' match, more than 200"):
        lists.rows(ALL["org_units"], date(2026, 7, 1))


def test_a_filter_on_an_unknown_column_is_refused():
    with pytest.raises(ValueError, match="has no column colour"):
        lists.rows(DUTIES, TODAY, colour="red")


def test_a_key_task_is_in_force_between_its_dates():
    found = [row["code"] for row in lists.rows(ALL["key_tasks"], date(2026, 1, 20))]

    assert found == ["ZD-02", "ZD-06"]


# -- versions ---------------------------------------------------------------------


def test_a_version_is_named_by_the_office_or_by_its_content():
    content = b"code,first,last,value\na,,,1\n"

    one, two = lists.read(small(), content), lists.read(small(), content, version="2026.1")

    assert (one.version, two.version) == (one.sha256[:12], "2026.1")
    assert one.sha256 == two.sha256


def test_a_difference_names_what_was_added_removed_and_changed():
    head = "code,first,last,value\n"
    old = lists.read(small(), (head + "a,,,1\nb,,,2\nc,2026-01-01,,3\n").encode())
    new = lists.read(small(), (head + "a,,,1\nb,,,5\nc,2026-02-01,,3\n").encode())

    assert revisions.difference(old, new) == {
        "added": [{"code": "c", "first": "2026-02-01", "last": None, "value": 3}],
        "removed": [{"code": "c", "first": "2026-01-01", "last": None, "value": 3}],
        "changed": [{"key": ["b"], "from": "0001-01-01", "columns": {"value": [2, 5]}}],
    }
    assert revisions.difference(None, new)["added"] == [*new.rows]


def test_a_difference_withholds_personal_values():
    descriptor = small({"name": {"type": "text", "personal": True}})
    old = lists.read(descriptor, "code,name\na,张\n".encode())
    new = lists.read(descriptor, "code,name\na,李\nb,王\n".encode())

    found = revisions.difference(old, new)

    assert found["changed"][0]["columns"] == {"name": [None, None]}
    assert "name" not in found["added"][0]


# -- what is refused ----------------------------------------------------------------


def test_every_bad_cell_is_named_with_its_row_and_column():
    content = "code,first,last,value\r\n,2026-01-01,,1\r\nb,01/02/2026,,x\r\nc,,,1.5\r\n"

    assert refused(content) == [
        (2, "code", "the cell is empty"),
        (3, "first", "'01/02/2026' is no date; write it as 2026-10-01."),
        (3, "value", "'x' is no number; write it as 12 or 0.5."),
        (4, "value", "'1.5' is no whole number."),
    ]


def test_an_id_that_a_spreadsheet_turned_into_a_number_is_refused():
    [(row, column, message)] = refused("code\n9.90101E+16\n")

    assert (row, column) == (2, "code")
    assert "format the column as text" in message


def test_ids_stay_text():
    row = lists.read(small(), b"code\n00990101001001001\n").rows[0]

    assert row["code"] == "00990101001001001"


@pytest.mark.parametrize(
    ("content", "findings"),
    [
        ("code,first,last\na,,\na,,\n", [(3, None, "the key a is also in force in row 2")]),
        (
            "code,first,last\na,2026-01-01,2026-03-31\na,2026-03-31,\n",
            [(3, None, "the key a is also in force in row 2")],
        ),
        (
            "code,first,last\na,2026-02-01,2026-01-31\n",
            [(2, "last", "it ends on 2026-01-31, before it begins")],
        ),
        ("code,colour\na,red\n", [(1, "colour", "the list does not know this column")]),
        ("value\n1\n", [(1, "code", "this column is missing")]),
        ("code,code\na,b\n", [(1, "code", "the name 'code' stands twice")]),
        ("code,first\na\n", [(2, None, "1 cells where the header has 2 columns")]),
        ('code\n"a\n', [(3, None, "unexpected end of data")]),
        ("code\na\0b\n", [(2, None, "a null byte")]),
    ],
)
def test_a_broken_file_is_refused(content, findings):
    assert refused(content) == findings


def test_a_key_may_follow_itself_the_next_day():
    content = b"code,first,last\na,2026-01-01,2026-03-31\na,2026-04-01,\n"

    assert len(lists.read(small(), content).rows) == 2


def test_a_file_that_is_too_large_is_refused():
    assert refused("x" * 5_000_001) == [(1, None, "the file has more than 5,000,000 bytes")]


@pytest.mark.parametrize(
    "change",
    [{"kind": "other"}, {"key": []}, {"key": ["nothing"]}, {"columns": {"code": {"type": "blob"}}}],
)
def test_a_descriptor_that_cannot_be_used_is_refused(change):
    with pytest.raises(InvalidList):
        small(**change)


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff", b"[]"])
def test_a_descriptor_that_is_no_json_object_is_refused(content):
    with pytest.raises(InvalidList):
        Descriptor.read(content)


@pytest.mark.parametrize("document", [None, [], {}, {"name": "x", "columns": 5}])
def test_a_descriptor_that_is_none_is_refused(document):
    with pytest.raises(InvalidList):
        Descriptor.from_json(document)


# -- what expressions may ask ---------------------------------------------------------


def reference() -> ReferenceData:
    return ReferenceData(Organisation(ALL), ALL, as_of=TODAY)


def test_expressions_reach_lists_and_units_by_name():
    ask = reference().functions()

    assert ask["lookup"]("responsibility", code="ZL-01-001")["lead_code"] == "D04"
    assert [row["code"] for row in ask["rows"]("key_tasks", kind="demolition")] == ["ZD-01"]
    assert ask["unit"]("990101001")["name_zh"] == "砚禾街道"
    assert ask["unit_at"]("99010100100101001", "street") == "990101001"
    assert ask["department"]("S09", "99010100100101001") == "S09-001"


def test_the_lists_that_were_asked_are_remembered_with_their_version():
    data = reference()

    data.lookup("responsibility", code="ZL-01-001")
    data.unit("990101001")

    assert data.used == {
        name: ALL[name].version for name in ("responsibility", "org_units", "departments")
    }


def test_rows_are_copies_without_personal_columns():
    data = reference()

    row = data.lookup("people", person_id="RY001", role="street_leader", unit_id="990101001")
    row["role"] = "changed"
    again = data.rows("people", person_id="RY001", role="street_leader")

    assert sorted({"name_zh", "name_en", "work_no", "note"} & set(row)) == []
    assert [one["role"] for one in again] == ["street_leader"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda data: data.lookup("nothing", code="x"),
        lambda data: data.lookup(5, code="x"),
        lambda data: data.lookup("responsibility", code=["x"]),
        lambda data: data.lookup("responsibility", area_class="A"),
        lambda data: data.rows("people", name_zh="张样甲"),
        lambda data: data.unit(None),
        lambda data: data.unit("9" * 101),
        lambda data: data.unit_at("990101001", 5),
        lambda data: data.department("X99", "990101001"),
        lambda data: data.department("S09", 990101001),
    ],
)
def test_wrong_arguments_are_a_value_error_that_says_what_is_right(ask):
    with pytest.raises(ValueError, match=r"\w"):
        ask(reference())


# -- files as spreadsheets write them -----------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_list_is_read_in_the_encodings_that_spreadsheets_write(encoding):
    column = {"name": {"type": "text"}}
    content = "code,name\na,纸鸢社区\n".encode(encoding)

    assert lists.read(small(column), content).rows[0]["name"] == "纸鸢社区"


def test_one_bad_byte_in_a_utf_8_file_is_refused_and_not_read_as_gbk():
    content = "code,name\na,纸鸢社区\nb,示范".encode() + b"\xff\n"

    with pytest.raises(InvalidList) as refusal:
        lists.read(small({"name": {"type": "text"}}), content)

    assert refusal.value.findings[0]["message"] == "Row 3: this is neither UTF-8 nor GBK"


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0rest"])
def test_a_workbook_is_refused_with_how_to_save_it(content):
    with pytest.raises(InvalidList) as refusal:
        lists.read(small(), content)

    assert refusal.value.hint == "In the spreadsheet choose 'Save as' and 'CSV UTF-8'."


def test_dates_and_yes_or_no_are_read_as_spreadsheets_rewrite_them():
    column = {"open": {"type": "boolean"}}
    content = "code,first,open\na,2026/2/3,TRUE\nb,2026-02-03,否\n".encode()

    rows = lists.read(small(column), content).rows

    assert [(row["first"], row["open"]) for row in rows] == [
        ("2026-02-03", True),
        ("2026-02-03", False),
    ]


def test_columns_without_name_and_content_at_the_right_are_passed_over():
    found = lists.read(small(), b"code,value,,\na,1,,\nb,2,,\n").rows

    assert [(row["code"], row["value"]) for row in found] == [("a", 1), ("b", 2)]


def test_a_cell_beyond_the_last_column_is_refused():
    assert refused("code,value,,\na,1,,x\n") == [
        (2, None, "4 cells where the header has 2 columns")
    ]
