"""The city of the sources' size: as many as they count, and everything that holds in the small one."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from engine import imports, lists, migrations, organisation
from engine.application import open_application
from engine.columns import Descriptor
from engine.demo import city as demo_city
from engine.demo import growth
from engine.lists import ListVersion
from engine.settings import Settings
from tests.scenario_city import ROOT, city

FOLDER = ROOT / "processes" / "lists"


@pytest.fixture(scope="module")
def grown() -> dict[str, ListVersion]:
    """The lists that grow, of the sources' size."""
    return _read(growth.grow(city().lists, growth.SIZES["sources"], demo_city.SEED))


def _read(files: dict[str, bytes]) -> dict[str, ListVersion]:
    return {
        name: lists.read(Descriptor.read((FOLDER / f"{name}.json").read_bytes()), content)
        for name, content in files.items()
    }


def _levels(version: ListVersion) -> Counter[str]:
    return Counter(row["level"] for row in version.rows)


def test_there_are_as_many_as_the_sources_count(grown):
    levels = _levels(grown["org_units"])
    items = {row["code"] for row in grown["responsibility"].rows}

    # Source 001: 6 streets, 55 level-1 and 326 level-2 grids; source 003: 224 items.
    assert [levels[one] for one in ("street", "grid1", "grid2")] == [6, 55, 326]
    assert len(items) == 224


def test_the_first_contact_list_names_as_many_matters_as_the_source_counts(grown):
    # Source 001: 三类1101项. Each stays with the owner of a matter of its kind and category.
    rows = grown["first_contact"].rows
    owners = {
        (row["kind_code"], row["category_code"]): row["owner_code"]
        for row in city().lists["first_contact"].rows
    }

    assert len({row["code"] for row in rows}) == len({row["item_zh"] for row in rows}) == 1101
    assert {row["kind_zh"] for row in rows} == {"监管执法类", "公共服务类", "设施维护类"}
    assert [r for r in rows if owners[r["kind_code"], r["category_code"]] != r["owner_code"]] == []


def test_eight_hundred_people_work_in_the_grids(grown):
    # Source 001: more than 800; those of the communities work in the grids too.
    levels = {"community", "grid1", "grid2"}
    units = {row["id"] for row in grown["org_units"].rows if row["level"] in levels}
    bodies = {row["code"] for row in grown["departments"].rows if row["kind"] == "community"}
    staff = {
        row["person_id"]
        for row in grown["people"].rows
        if row["unit_id"] in units | bodies and row["role"] not in ("resident", "volunteer")
    }

    assert len(staff) >= 800


def test_for_a_load_test_there_are_the_grids_of_a_city(grown):
    large = _read(growth.grow(city().lists, growth.SIZES["load"], demo_city.SEED))

    # Source 000: 1,093 grids.
    assert _levels(large["org_units"])["grid2"] == 1093


def test_what_was_there_is_still_there(grown):
    for name in ("departments", "people", "responsibility"):
        old = city().lists[name].rows
        assert grown[name].rows[: len(old)] == old


def test_the_same_lists_and_seed_give_the_same_bytes():
    size = growth.SIZES["sources"]
    assert growth.grow(city().lists, size, 7) == growth.grow(city().lists, size, 7)
    assert growth.grow(city().lists, size, 7) != growth.grow(city().lists, size, 8)


def test_households_add_up_from_doors_to_the_district(grown):
    rows = {row["id"]: row for row in grown["org_units"].rows if row["tree"] == "territory"}
    above: Counter[str] = Counter()
    for row in rows.values():
        above[row["parent_id"]] += row["households"]

    differ = {
        one for one, count in above.items() if one in rows and rows[one]["households"] != count
    }

    assert differ == set()
    grids = [row["households"] for row in rows.values() if row["level"] == "grid2"]
    assert (min(grids) >= 270, max(grids) <= 330) == (True, True)


def test_new_communities_are_not_too_large(grown):
    sizes = {
        row["id"]: row["households"]
        for row in grown["org_units"].rows
        if row["level"] == "community" and row["id"] > "990101003"
    }
    assert {one: count for one, count in sizes.items() if count > growth.LARGEST} == {}


def test_every_place_has_its_people(grown):
    people = organisation.Organisation({**city().lists, **grown})
    day = date(2026, 6, 1)
    empty = [
        (row["id"], row["staff_role"])
        for row in grown["org_units"].rows
        if row["level"] in ("street", "community", "grid1", "grid2", "street_patch")
        and not people.people_with(row["staff_role"], row["id"], day)
    ]
    assert empty == []


def test_names_of_people_are_visibly_samples(grown):
    assert {row["name_zh"][1] for row in grown["people"].rows} == {"样"}


def test_an_office_could_import_the_grown_lists(app, grown):
    files = {
        version.descriptor.file: content
        for (name, content), version in zip(
            growth.grow(city().lists, growth.SIZES["sources"], demo_city.SEED).items(),
            grown.values(),
            strict=True,
        )
    }
    plan = imports.prepare(app, files)

    assert [one for one in plan.findings if one["severity"] == "error"] == []


def test_a_city_does_not_shrink():
    with pytest.raises(ValueError, match="as large already"):
        growth.grow(city().lists, growth.Size(2, 8, 35, 64, 37), 1)


def test_a_city_that_was_made_large_stays_large(sandbox, tmp_path):
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'large.db'}")
    migrations.upgrade(settings.database_url)
    with open_application(settings, sandbox=sandbox) as app:
        demo_city.load_city(app, FOLDER, "sources")
        again = demo_city.load_city(app, FOLDER)
        units = _levels(app.references.active["org_units"])

    assert (again, units["grid2"]) == ((0, 0), 326)
