"""Registers: rows come with the act they tell of, and are read by those who may."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import cases, deployments, erasure, identities, registers, replay, store, views
from engine.cli.diagrams import read_files
from engine.errors import InvalidRequest, NotAllowed, NotFound
from tests.callers import callers, problem_of

ROOT = Path(__file__).parent.parent / "processes"
NOTE = "三楼独居老人样某，腿脚不便"
GRID = "99010100100101002"
WORKER, COLLEAGUE = "RY057", "RY058"
HEAD, OTHER_HEAD = "RY054", "RY077"

FILLS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="f" targetNamespace="urn:test">
  <process id="fills" name="登记" isExecutable="true">
    <startEvent id="begun" />
    <sequenceFlow id="f1" sourceRef="begun" targetRef="enter" />
    <serviceTask id="enter" name="登记" camunda:type="external" camunda:topic="register">
      <extensionElements>
        <camunda:inputOutput>
          <camunda:inputParameter name="register">${register}</camunda:inputParameter>
          <camunda:inputParameter name="row">${row}</camunda:inputParameter>
          <camunda:inputParameter name="unit">${value('unit_code')}</camunda:inputParameter>
        </camunda:inputOutput>
      </extensionElements>
    </serviceTask>
    <sequenceFlow id="f2" sourceRef="enter" targetRef="ended" />
    <endEvent id="ended" />
  </process>
</definitions>
"""


def deploy_all(app):
    deployments.deploy(app, identities.operator(), read_files([ROOT]))


@pytest.fixture
def grid(app):
    deploy_all(app)
    return app


def close_at_once(app, by=WORKER, note=NOTE):
    data = {"item_code": "ZL-03-001", "photos_after": ["f0000001"], "result": "solved",
            "household_note": note, "household_kind": "elderly"}  # fmt: skip
    return cases.start(app, identities.actor(app, by), process="grid_event", data=data).case_id


def fill(app, **data):
    deployments.deploy(app, identities.operator(), {"fills.bpmn": FILLS.encode()})
    return cases.start(app, identities.actor(app, "admin"), process="fills", data=data).case_id


def read(app, name, register, **more):
    return registers.page(app, identities.actor(app, name), register, **more)


def rows(app, name, register, **more):
    return [one["values"] for one in read(app, name, register, **more)["items"]]


# -- what is entered -------------------------------------------------------------------


def test_one_act_stands_in_both_diaries(any_app):
    deploy_all(any_app)

    case_id = close_at_once(any_app)

    diary, work = (read(any_app, WORKER, one)["items"] for one in ("resident_diary", "work_diary"))
    assert [(one["case"], one["unit"], one["author"]) for one in diary + work] == [
        (case_id, GRID, WORKER)
    ] * 2
    assert {one["at"] for one in diary + work} == {"2026-09-14T01:00:00Z"}
    assert diary[0]["values"]["household"] == NOTE
    assert diary[0]["values"]["kind"] == work[0]["values"]["kind"] == "onsite"
    assert work[0]["values"]["photos"] == ["f0000001"]


def test_the_row_comes_with_the_command_that_starts_the_case(grid):
    case_id = close_at_once(grid)

    first = views.history(grid, identities.actor(grid, "admin"), case_id)[0]
    row = next(one for one in first["events"] if one["type"] == "row_registered")
    assert first["command"]["type"] == "start_case"
    assert row["registers"] == ["resident_diary", "work_diary"]


def test_personal_values_stand_in_a_row_by_reference_only(grid):
    close_at_once(grid)

    with grid.database.reading() as tx:
        bodies = [row[0] for row in tx.all(sa.text("SELECT body FROM register_rows"), {})]
    assert [NOTE in one for one in bodies] == [False] * 3


def test_an_erased_value_is_gone_from_the_register_and_the_row_stays(grid):
    case_id = close_at_once(grid)

    actor = identities.actor(grid, "privacy_officer")
    erasure.erase(grid, actor, case_id, classes=("working",), reason="request")

    [row] = rows(grid, WORKER, "resident_diary")
    assert (row["kind"], sorted(row["household"])) == ("onsite", ["$sealed", "commitment"])


def test_registers_are_rebuilt_from_the_histories(grid):
    case_id = close_at_once(grid)
    before = [read(grid, WORKER, one) for one in ("resident_diary", "work_diary")]
    with grid.database.writing() as tx:
        tx.run(sa.text("DELETE FROM register_rows"), {})
    assert rows(grid, WORKER, "work_diary") == []

    assert list(replay.rebuild(grid, [case_id])) == [case_id]

    assert [read(grid, WORKER, one) for one in ("resident_diary", "work_diary")] == before
    assert list(replay.replay(grid, [case_id])) == [None]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"register": None, "row": {}}, "The input 'register' names no register"),
        ({"register": ["work_diary", 7], "row": {}}, "The input 'register' names no register"),
        ({"register": "work_diary", "row": "x"}, "The input 'row' is no object"),
        (
            {"register": "work_diary", "row": {}, "unit_code": 7},
            "The inputs 'unit' and 'author' are a code and a user name",
        ),
    ],
)
def test_a_row_that_cannot_be_entered_is_an_incident(app, data, message):
    case_id = fill(app, **data)

    [incident] = views.case(app, identities.actor(app, "admin"), case_id)["incidents"]
    assert incident["code"] == "register-failed"
    assert incident["message"].startswith(message)


def test_a_row_without_a_unit_belongs_to_the_unit_of_its_case(app):
    fill(app, register="work_diary", row={"what": "x"})

    [row] = read(app, "admin", "work_diary")["items"]
    assert row["unit"] == views.case(app, identities.actor(app, "admin"), row["case"])["unit"]


def test_only_defined_columns_are_shown(app):
    fill(app, register="work_diary", row={"what": "x", "secret": "y"})

    [row] = rows(app, "admin", "work_diary")
    assert row == {
        "day": None, "place": None, "kind": None, "item": None, "what": "x", "result": None,
        "photos": None,
    }  # fmt: skip


# -- who reads -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "register", "count"),
    [
        (WORKER, "resident_diary", 1),  # the worker of the grid
        (COLLEAGUE, "resident_diary", 0),  # of the next grid: opens it, and finds nothing
        (HEAD, "resident_diary", 1),  # the head of the grids
        (OTHER_HEAD, "resident_diary", 0),
        ("street_analyst", "work_diary", 1),
        ("appraisal_officer", "work_diary", 1),
        ("privacy_officer", "resident_diary", 1),
        ("street_analyst", "event_facts", 1),
        ("auditor", "event_facts", 1),
    ],
)
def test_a_register_is_read_by_whom_its_list_names(grid, name, register, count):
    close_at_once(grid)

    assert len(rows(grid, name, register)) == count


@pytest.mark.parametrize("name", ["auditor", "street_dispatcher", "resident"])
def test_the_diary_of_households_is_private(grid, name):
    close_at_once(grid)

    # Whoever may write in it may open it, and finds the own rows only.
    assert rows(grid, name, "resident_diary") == []


def test_a_register_of_facts_is_refused_to_others_with_the_roles_needed(grid):
    with pytest.raises(NotAllowed) as refusal:
        read(grid, COLLEAGUE, "event_facts")

    assert refusal.value.hint == (
        "This needs appraisal_officer or auditor or community_secretary or district_coordinator"
        " or district_inspector or grid_head or street_analyst or street_leader or"
        " street_secretary."
    )


def test_a_register_that_is_not_defined_is_not_there(app):
    fill(app, register="nowhere", row={"what": "x"})

    with pytest.raises(NotFound):
        read(app, "admin", "nowhere")


def test_who_reported_is_told_by_the_case_alone(grid):
    data = {"item_code": "ZL-03-001", "result": "not_solved", "channel": "resident",
            "location": GRID, "reporter_name": "样某某"}  # fmt: skip
    started = cases.start(grid, identities.actor(grid, "resident"), process="grid_event", data=data)
    with grid.database.writing() as tx:
        data = store.read_case(tx, started.case_id).snapshot().data[""]
        row = {"case": started.case_id, "at": "2026-09-14T01:00:00.000000Z", "unit": GRID,
               "body": json.dumps({"what": data["reporter_name"], "item": "x"})}  # fmt: skip
        tx.run(
            sa.text(
                "INSERT INTO register_rows (case_id, job, register, unit, author, at, body)"
                " VALUES (:case, 'j', 'work_diary', :unit, 'RY057', :at, :body)"
            ),
            row,
        )

    assert rows(grid, HEAD, "work_diary")[0]["what"] == data["reporter_name"]
    # Acceptance in its own street reads who reported, here as in the case.
    assert rows(grid, "admin", "work_diary")[0]["what"] == "样某某"


# -- page by page ----------------------------------------------------------------------


def test_pages_follow_one_another_newest_first(any_app):
    deploy_all(any_app)
    started = []
    for _ in range(5):
        started.append(close_at_once(any_app))
        any_app.clock.set(any_app.clock.now() + timedelta(minutes=1))

    first = read(any_app, HEAD, "work_diary", limit=2)
    second = read(any_app, HEAD, "work_diary", limit=2, cursor=first["next"])
    third = read(any_app, HEAD, "work_diary", limit=2, cursor=second["next"])

    pages = [[one["case"] for one in page["items"]] for page in (first, second, third)]
    assert pages == [started[:2:-1], started[2:0:-1], started[:1]]
    assert third["next"] is None


def test_rows_are_chosen_by_unit_and_time(grid):
    first = close_at_once(grid)
    grid.clock.set(grid.clock.now() + timedelta(hours=1))
    second = close_at_once(grid, by=COLLEAGUE)
    at = datetime(2026, 9, 14, 1, 30, tzinfo=UTC)

    def found(**more):
        return [one["case"] for one in read(grid, HEAD, "work_diary", **more)["items"]]

    assert found() == [second, first]
    assert found(unit=GRID) == [first]
    assert found(unit="99010100100101") == [second, first]
    assert (found(since=at), found(until=at)) == ([second], [first])
    assert found(unit="990101002") == []


def test_a_strange_cursor_is_refused(grid):
    with pytest.raises(InvalidRequest):
        read(grid, HEAD, "work_diary", cursor="x")


# -- calls and pages -------------------------------------------------------------------


def test_registers_are_read_by_call(grid):
    case_id = close_at_once(grid)
    as_worker, as_colleague = (callers(grid)(name) for name in (WORKER, COLLEAGUE))

    listed = as_worker.get("/registers").get_json()
    held = {"grid_worker", "community_worker"}
    assert [one["register"] for one in listed["items"]] == [
        one["register"]
        for one in grid.references.active["registers"].rows
        if one["own"] or held & set(one["readers"])
    ]
    page = as_worker.get("/registers/resident_diary").get_json()
    assert (page["title_zh"], page["items"][0]["case"]) == ("民情日志", case_id)
    assert [one["column"] for one in page["columns"]][:2] == ["day", "place"]
    refused = as_colleague.get("/registers/event_facts")
    assert problem_of(refused) == (403, "not-allowed")
    assert as_worker.get("/registers/none").status_code == 404
