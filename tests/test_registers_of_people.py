"""Registers that hold people's lives: who reads which, and that every read is noted."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import cases, deployments, identities, registers, views
from engine.commands import CompleteTask
from engine.errors import CaseNotFound, NotAllowed
from tests.callers import callers

ROOT = Path(__file__).parent.parent / "processes"
GRID = "99010100100101001"
STATION, SECRETARY, WORKER, HEAD = "RY014", "RY053", "RY056", "RY054"
NAME, WORDS = "样某某", "每周按时报到，情绪平稳"


@pytest.fixture
def city(app):
    files = [ROOT / "care_visit.bpmn", ROOT / "decisions" / "care_match.dmn"]
    files += sorted((ROOT / "forms").glob("care_*.json"))
    content = {one.name: one.read_bytes() for one in files}
    deployments.deploy(app, identities.operator(), content)
    return app


def start(app, segment):
    data = {"segment": segment, "target_name": NAME, "location": GRID, "channel": "station"}
    return cases.start(app, identities.actor(app, HEAD), process="care_visit", data=data).case_id


def do(app, who, case_id, element, outcome=None, **data):
    admin = identities.actor(app, "admin")
    tasks = views.case(app, admin, case_id)["tasks"]
    task = next(one["id"] for one in tasks if one["element"] == element)
    command = CompleteTask(task.removeprefix(f"{case_id}."), outcome, data)
    cases.handle(app, identities.actor(app, who), case_id, command)


def visited(app, segment):
    case_id = start(app, segment)
    if segment == "correction":
        do(app, STATION, case_id, "station")
    do(app, STATION, case_id, "list_targets", "on_list", consented=True)
    do(app, STATION, case_id, "visit", "none", diary=WORDS)
    return case_id


def rows(app, who, register):
    found = registers.page(app, identities.actor(app, who), register)["items"]
    return [one["values"] for one in found]


def test_a_key_person_stands_in_a_ledger_that_no_grid_worker_reads(city):
    case_id = visited(city, "correction")

    newest = rows(city, STATION, "key_persons")[0]
    assert (newest["person"], newest["note"]) == (NAME, WORDS)
    assert rows(city, SECRETARY, "key_persons")[0] == newest
    for who in (WORKER, HEAD):
        with pytest.raises(NotAllowed):
            rows(city, who, "key_persons")
    with pytest.raises(CaseNotFound):
        views.case(city, identities.actor(city, WORKER), case_id)


def test_the_work_diary_has_the_visit_to_a_key_person_and_nothing_of_it(city):
    visited(city, "correction")

    (row,) = rows(city, HEAD, "work_diary")
    assert (row["kind"], row["item"], row["what"]) == ("visit", "走访", None)
    assert {NAME, WORDS} & {str(one) for one in row.values()} == set()
    assert rows(city, WORKER, "resident_diary") == []
    assert rows(city, WORKER, "care_targets") == []


def test_a_person_in_care_stands_in_the_diary_of_the_grid(city):
    visited(city, "hardship")

    assert rows(city, WORKER, "resident_diary")[0]["household"] == WORDS
    assert [one["person"] for one in rows(city, WORKER, "care_targets")] == [NAME, NAME]
    assert rows(city, STATION, "key_persons") == []


def test_every_read_of_a_ledger_of_people_stands_in_the_access_log(city):
    case_id = visited(city, "correction")
    caller = callers(city)

    caller(STATION).get("/registers/key_persons")
    caller(WORKER).get("/registers/key_persons")

    found = caller("auditor").get(f"/cases/{case_id}/accesses").get_json()["items"]
    read = {(one["by"], one["place"]) for one in found}
    assert read == {(STATION, "register key_persons")}
