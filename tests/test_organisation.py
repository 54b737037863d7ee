"""Units, people and roles of the demo district on given days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from engine import lists
from engine.columns import Descriptor
from engine.organisation import Organisation

FOLDER = Path(__file__).parent.parent / "processes" / "lists"
TODAY = date(2026, 3, 2)
STREET, COMMUNITY = "990101001", "990101001001"
GRID, BUILDING = "99010100100101001", "99010100100101001B01"


def read(name: str) -> lists.ListVersion:
    descriptor = Descriptor.read((FOLDER / f"{name}.json").read_bytes())
    return lists.read(descriptor, (FOLDER / descriptor.file).read_bytes())


LISTS = {name: read(name) for name in ("org_units", "departments", "people", "roles")}
CITY = Organisation(LISTS)


def changed(name: str, rows) -> lists.ListVersion:
    return replace(LISTS[name], rows=tuple(rows))


def with_people(change) -> Organisation:
    """The demo city with its rows of people changed."""
    return Organisation(LISTS | {"people": changed("people", change(LISTS["people"].rows))})


# -- units --------------------------------------------------------------------------


def test_a_unit_and_a_department_are_shown_alike():
    street, centre = CITY.unit(STREET, TODAY), CITY.unit("S09-001", TODAY)

    assert street is not None
    assert centre is not None
    assert (street["id"], street["level"], street["parent_id"], street["unit_kind"]) == (
        "990101001", "street", "990101", "org",
    )  # fmt: skip
    assert (centre["id"], centre["level"], centre["parent_id"], centre["unit_kind"]) == (
        "S09-001", "department", "990101001", "department",
    )  # fmt: skip
    assert CITY.unit("nowhere", TODAY) is None


def test_the_units_above_a_building_are_listed_nearest_first():
    assert CITY.ancestors(BUILDING, TODAY) == [
        BUILDING, GRID, "99010100100101", COMMUNITY, STREET, "990101", "990000",
    ]  # fmt: skip


def test_above_a_department_is_its_location():
    assert CITY.ancestors("C01-001-001", TODAY)[:3] == ["C01-001-001", COMMUNITY, STREET]
    assert CITY.ancestors("P01-001-001-01", TODAY)[:3] == [
        "P01-001-001-01", "XQ-001-001-01", COMMUNITY,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "level", "expected"),
    [
        (BUILDING, "street", STREET),
        (BUILDING, "grid2", GRID),
        (BUILDING, "compound", "XQ-001-001-01"),
        (BUILDING, "street_patch", "PA-001-01"),
        (STREET, "street", STREET),
        (STREET, "community", None),
        ("S09-001", "street", STREET),
        ("D04", "district", "990101"),
        # The enclave lies in the other street: its managing community counts.
        ("PL-001", "street", "990101002"),
        ("PL-001", "community", "990101002001"),
        # A compound that has no community yet.
        ("XQ-000-01", "community", None),
        ("nowhere", "street", None),
    ],
)
def test_the_unit_of_a_level_around_a_place(place, level, expected):
    assert CITY.unit_at(place, level, date(2026, 7, 1)) == expected


def test_a_unit_is_known_from_its_first_day_on():
    assert CITY.unit("XQ-000-01", date(2026, 5, 31)) is None
    assert CITY.unit("XQ-000-01", date(2026, 6, 1)) is not None
    assert CITY.ancestors("XQ-000-01", date(2026, 5, 31)) == []
    assert CITY.ancestors(STREET, date(2025, 9, 30)) == []


def test_an_area_class_is_that_of_the_grid():
    assert CITY.area_class(BUILDING, TODAY) == "A"
    assert CITY.area_class("99010100100101002", TODAY) == "B"
    assert CITY.area_class(STREET, TODAY) is None


@pytest.mark.parametrize(
    ("code", "place", "expected"),
    [
        ("D04", BUILDING, "D04"),
        ("D04", None, "D04"),
        ("S09-001", "990101002", "S09-001"),
        ("S09", BUILDING, "S09-001"),
        ("S09", "990101002001", "S09-002"),
        ("S09", "D04", None),
        ("S09", None, None),
        ("K02", "C01-001-001", "K02-001"),
        ("C01", GRID, "C01-001-001"),
        ("C01", STREET, None),
        ("P01", BUILDING, "P01-001-001-01"),
        ("P02", "99010100100102", "P02-001-001-02"),
        # The resettlement compound has a firm and no owners' committee.
        ("P01", "99010100100201", "P01-001-002-01"),
        ("P02", "99010100100201", None),
        # The self-managed compound has neither.
        ("P01", "99010100100202", None),
        # The enclave belongs to the street that manages it.
        ("S01", "PL-001", "S01-002"),
    ],
)
def test_a_kind_of_department_means_the_one_of_the_place(code, place, expected):
    assert CITY.department(code, place, TODAY) == expected


def test_a_code_that_no_list_has_is_refused():
    with pytest.raises(ValueError, match="There is no department or kind of department 'X1'"):
        CITY.department("X1", GRID, TODAY)


def test_within_counts_the_patch_and_the_compound():
    assert CITY.within(GRID, STREET, TODAY)
    assert CITY.within(GRID, "PA-001-01", TODAY)
    assert CITY.within(GRID, "XQ-001-001-01", TODAY)
    assert not CITY.within(GRID, "990101002", TODAY)
    assert not CITY.within(STREET, GRID, TODAY)


# -- people --------------------------------------------------------------------------


def test_a_street_role_held_in_a_department_counts_in_the_street():
    assert CITY.grants("RY007", TODAY) == {
        ("street_admission_officer", "S03-001"),
        ("street_admission_officer", STREET),
    }


def test_a_department_role_counts_in_its_department_alone():
    assert CITY.grants("RY150", TODAY) == {("dept_handler", "D04")}


def test_the_district_secretary_is_the_secretary_of_the_district():
    assert CITY.grants("RY209", TODAY) == {
        ("district_secretary", "PT-DQ"),
        ("district_secretary", "990101"),
    }


def test_a_substitute_may_act_in_the_posts_of_the_person():
    # RY006 stands in for RY005, an analyst at the grid centre.
    posts, grants = CITY.posts("RY006", TODAY), CITY.grants("RY006", TODAY)

    assert posts == [("street_analyst", "S04-001"), ("publisher", "S07-001")]
    assert CITY.substitutes_for("RY006", TODAY) == {("RY005", "street_analyst", "S09-001")}
    assert ("street_analyst", "S09-001") in grants


def test_who_left_may_do_nothing_the_day_after():
    assert CITY.grants("RY232", date(2026, 6, 30)) == {("dept_handler", "D04")}
    assert CITY.grants("RY232", date(2026, 7, 1)) == frozenset()
    assert CITY.person("RY232", date(2026, 7, 1)) is None


def test_a_person_is_shown_with_the_main_unit_first():
    person = CITY.person("RY053", TODAY)

    assert person is not None
    assert person["units"] == [COMMUNITY, "C01-001-001"]
    assert person["name_zh"] == "张样乙"


def test_people_with_a_role_are_found_where_it_counts():
    assert CITY.people_with("street_dispatcher", STREET, TODAY) == ["RY003", "RY004"]
    assert CITY.people_with("street_dispatcher", "S09-001", TODAY) == ["RY003", "RY004"]
    assert CITY.people_with("dept_handler", "D04", TODAY) == ["RY150", "RY232"]
    assert CITY.people_with("dept_handler", "D04", date(2026, 7, 1)) == ["RY150"]
    assert CITY.people_with("street_dispatcher", COMMUNITY, TODAY) == []


def test_substitutes_are_found_when_asked_for():
    analysts = CITY.people_with("street_analyst", "S09-001", TODAY)
    with_substitutes = CITY.people_with("street_analyst", "S09-001", TODAY, substitutes=True)

    assert (analysts, with_substitutes) == (["RY005"], ["RY005", "RY006"])


@pytest.mark.parametrize(
    ("role", "unit", "expected"),
    [
        ("grid_worker", BUILDING, GRID),
        ("grid_head", GRID, "99010100100101"),
        ("patch_head", GRID, "PA-001-01"),
        ("compound_party_secretary", GRID, "XQ-001-001-01"),
        ("property_manager", BUILDING, "XQ-001-001-01"),
        ("community_director", GRID, COMMUNITY),
        ("street_dispatcher", GRID, STREET),
        ("street_dispatcher", "S01-001", STREET),
        ("street_dispatcher", "990101", None),
        ("district_coordinator", GRID, "990101"),
        ("district_secretary", GRID, "990101"),
        ("visitor", GRID, "990101"),
        ("dept_liaison", GRID, None),
        ("dept_liaison", "D04", "D04"),
        ("nobody", GRID, None),
    ],
)
def test_the_nearest_unit_that_has_a_role(role, unit, expected):
    assert CITY.nearest_unit(role, unit, TODAY) == expected


def test_local_users_reach_as_far_as_people():
    assert CITY.reach([("street_duty", "S09-002")]) == {
        ("street_duty", "S09-002"),
        ("street_duty", "990101002"),
    }


def test_an_organisation_without_lists_knows_nobody():
    nothing = Organisation({})

    assert nothing.unit(STREET, TODAY) is None
    assert nothing.grants("RY001", TODAY) == frozenset()
    assert nothing.nearest_unit("grid_worker", None, TODAY) is None


# -- checks ---------------------------------------------------------------------------


def test_the_demo_city_is_complete_on_every_quarter_of_its_year():
    for day in (date(2025, 10, 1), date(2026, 1, 1), date(2026, 7, 1), date(2026, 9, 30)):
        assert CITY.check(day) == []


def test_a_street_without_its_team_of_three_is_reported():
    city = with_people(
        lambda rows: [
            r for r in rows if r["person_id"] != "RY009" and r["role"] != "street_secretary"
        ]
    )

    assert [finding["message"] for finding in city.check(TODAY)] == [
        "Unit 990101001: nobody is its street_secretary.",
        "Unit 990101001: 321: its post team has 2 people, not 3 to 5.",
        "Unit 990101002: nobody is its street_secretary.",
    ]


def test_a_grid_without_a_worker_is_reported():
    city = with_people(lambda rows: [r for r in rows if r["person_id"] != "RY056"])

    assert [finding["message"] for finding in city.check(TODAY)] == [
        f"Unit {GRID}: it has 0 grid workers, not exactly one."
    ]


def test_units_in_a_circle_are_reported_and_do_not_hang():
    units = [dict(row) for row in LISTS["org_units"].rows]
    next(row for row in units if row["id"] == COMMUNITY)["parent_id"] = GRID
    city = Organisation(LISTS | {"org_units": changed("org_units", units)})

    messages = [finding["message"] for finding in city.check(TODAY)]

    assert f"Unit {COMMUNITY}: it lies below itself." in messages
    assert city.unit_at(GRID, "street", TODAY) is None


def test_the_same_question_gets_the_same_answer_in_any_order_of_rows():
    city = Organisation({name: changed(name, reversed(LISTS[name].rows)) for name in LISTS})

    assert city.people_with("publisher", STREET, TODAY) == CITY.people_with(
        "publisher", STREET, TODAY
    )
    assert city.grants("RY006", TODAY) == CITY.grants("RY006", TODAY)
    assert city.nearest_unit("publisher", GRID, TODAY) == STREET


# -- units that end, and who takes over -------------------------------------------------

AFTER = TODAY + timedelta(days=30)
END = {"effective_to": (AFTER - timedelta(days=1)).isoformat()}


def city(name: str, rows) -> Organisation:
    return Organisation(LISTS | {name: changed(name, rows)})


def ended(name: str, key: str, value: str, **cells: str) -> Organisation:
    """The city with one unit or department that ends the day before AFTER."""
    rows = [{**row, **END, **cells} if row[key] == value else row for row in LISTS[name].rows]
    return city(name, rows)


def test_roles_in_the_successor_count_in_the_unit_that_ended():
    before, after = "D04", "D05"
    merged = ended("departments", "code", before, successor_id=after)
    (liaison, *_) = merged.people_with("dept_liaison", after, AFTER)

    assert ("dept_liaison", before) not in merged.grants(liaison, TODAY)
    assert ("dept_liaison", before) in merged.grants(liaison, AFTER)
    assert liaison in merged.people_with("dept_liaison", before, AFTER)
    assert merged.successor(before, AFTER) == after
    assert merged.successor(before, TODAY) is None


def test_a_code_of_a_department_that_ended_means_its_successor():
    merged = ended("departments", "code", "D04", successor_id="D05")

    assert [merged.department("D04", None, day) for day in (TODAY, AFTER)] == ["D04", "D05"]


def test_a_unit_that_ended_lies_where_its_successor_lies():
    old, new = "990101001002", "990101002001"
    merged = ended("org_units", "id", old, successor_id=new)

    assert merged.ancestors(old, AFTER) == merged.ancestors(new, AFTER)
    assert merged.within(old, "990101002", AFTER)
    assert old in merged.below("990101002", AFTER)
    assert old not in merged.below("990101001", AFTER)
    assert merged.name(old, AFTER) == merged.name(old, TODAY)


def test_without_a_successor_what_lies_above_takes_the_place_of_a_unit_that_ended():
    old, above = "990101001002", "990101001"
    closed = ended("org_units", "id", old)

    assert closed.ancestors(old, AFTER) == closed.ancestors(above, AFTER)
    assert closed.nearest_unit("community_secretary", old, TODAY) == old
    assert closed.nearest_unit("street_leader", old, AFTER) == above
    assert old in closed.below(above, AFTER)


def test_what_lies_in_and_what_is_below_agree_for_units_that_ended():
    merged = ended("org_units", "id", "990101001002", successor_id="990101002001")
    everything = {row["id"] for row in LISTS["org_units"].rows}

    for above in ("990101", "990101001", "990101002", "990101002001"):
        below = merged.below(above, AFTER) & everything
        assert below == {one for one in everything if merged.within(one, above, AFTER)}


def test_a_chain_of_successors_ends_at_the_one_in_force_and_a_circle_at_none():
    first = ended("departments", "code", "D04", successor_id="D05")
    rows = [
        {**row, **END, "successor_id": {"D04": "D05", "D05": "D04"}[row["code"]]}
        if row["code"] in {"D04", "D05"}
        else row
        for row in LISTS["departments"].rows
    ]
    circle = city("departments", rows)

    assert first.taken_over(frozenset({("dept_head", "D05")}), AFTER) == {
        ("dept_head", "D04"),
        ("dept_head", "D05"),
    }
    assert circle.successor("D04", AFTER) is None
    assert circle.ancestors("D04", AFTER) == []
    assert circle.taken_over(frozenset({("dept_head", "D05")}), AFTER) == {("dept_head", "D05")}
