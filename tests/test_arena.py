"""A model folder of spiff-arena, brought as it is: deployed, run and replayed.

Everything is tried on both executors and both databases.
"""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from api import create_app
from engine import cases, deployments, identities, outbox, replay, timers, views
from engine.application import Application
from engine.cli import main
from engine.commands import CompleteJob, CompleteTask, RetryIncident
from engine.demo.city import PASSWORD
from engine.errors import InvalidData, NotAllowed
from tests import spiff_oracle
from tests.callers import callers

FOLDER = Path(__file__).parent / "arena" / "repair"
TRACE = FOLDER.parent / "repair.trace"
REPORT = {
    "kind": "lamp",
    "place": {"street": "East Street", "number": 4},
    "parts": ["pole", "bulb"],
    "remarks": "Ring at Li Na's.",
}
WEATHER = {"body": {"rain": 0}, "status_code": 200}


def folder(**changed: bytes) -> dict[str, bytes]:
    files = {one.name: one.read_bytes() for one in FOLDER.iterdir()}
    return {**files, **{name.replace("__", "."): content for name, content in changed.items()}}


class Arena:
    """The folder deployed for one executor, and one case of it."""

    def __init__(self, app: Application, executor: str) -> None:
        self.app, self.executor = app, executor
        answer = deployments.deploy(app, identities.operator(), folder(), executor=executor)
        self.deployed = answer.body
        self.case = ""

    def who(self, name: str) -> Any:
        return identities.actor(self.app, name)

    def start(self) -> None:
        by = self.who("grid_worker")
        self.case = cases.start(self.app, by, process="Process_repair", data={}).body["id"]

    def do(self, element: str, data: Any = None, *, by: str = "grid_worker") -> None:
        name = element if element.count(".") else f"{element}.1"
        command = CompleteTask(f"Process_repair.{name}", None, data or {})
        cases.handle(self.app, self.who(by), self.case, command)

    def answer(self, element: str, data: dict[str, Any]) -> None:
        job = f"Process_repair.{element}.1"
        cases.handle(self.app, cases.SCHEDULER, self.case, CompleteJob(job, data))

    @property
    def shown(self) -> dict[str, Any]:
        return views.case(self.app, self.who("admin"), self.case)

    @property
    def open(self) -> list[str]:
        return [one["id"].partition(".")[2] for one in self.shown["tasks"]]

    def task(self, element: str, by: str) -> dict[str, Any]:
        return views.task(self.app, self.who(by), self.case, f"Process_repair.{element}")

    def trace(self) -> str:
        """Return every event of the case, a line each, below the command of its entry."""
        lines = []
        for entry in views.history(self.app, self.who("auditor"), self.case):
            lines.append(f"{entry['position']} {entry['command']['type']} {entry['actor']}")
            lines += [f"  {line(event)}" for event in entry["events"]]
        return "\n".join(lines) + "\n"


def line(event: dict[str, Any]) -> str:
    rest = {
        key: value
        for key, value in sorted(event.items())
        if key not in ("type", "process", "element", "nth", "path", "task", "job", "name")
    }
    place = ".".join([*event["path"], event["element"], str(event["nth"])])
    more = json.dumps(rest, ensure_ascii=False) if rest else ""
    return f"{event['type']} {place} {more}".rstrip()


@pytest.fixture(params=["kernel", "spiff"])
def arena(request, any_app) -> Arena:
    return Arena(any_app, request.param)


def mended(arena: Arena) -> None:
    """Walk the long way: dear, approved, late."""
    arena.start()
    arena.do("Activity_report", REPORT)
    approval = {"approved": True, "limit": 100.5}
    arena.do("Activity_approve", {"approval": approval}, by="street_dispatcher")
    arena.answer("Activity_weather", WEATHER)
    outbox.deliver_all(arena.app)
    arena.do("Activity_check.1.0")
    arena.do("Activity_check.1.1")
    timers.advance(arena.app, seconds=25 * 3600)
    arena.do("Activity_mend")


@pytest.fixture(scope="module")
def by_the_library() -> dict[str, Any]:
    """The data that SpiffWorkflow itself leaves after the long way."""
    filled = {
        "Activity_report": {**REPORT, "dangerous": False},
        "Activity_approve": {"approved": True, "limit": 100.5},
    }
    return spiff_oracle.run(FOLDER, "Process_repair", filled, WEATHER)


def test_the_folder_is_deployed_as_it_is(arena):
    assert [(one["key"], one["version"]) for one in arena.deployed["definitions"]] == [
        ("Process_estimate", 1),
        ("Process_repair", 1),
        ("Process_supplier", 1),
    ]
    assert [(one["code"], one["severity"], one["file"]) for one in arena.deployed["findings"]] == [
        ("ignored", "warning", "process_model.json"),
        ("ignored", "warning", "report-exampledata.json"),
        ("dmn-gap", "warning", "urgency.dmn"),
        ("form-looks", "warning", "report-schema.json"),
    ]
    again = deployments.deploy(arena.app, identities.operator(), folder(), executor=arena.executor)
    assert again.status == 200


def test_the_long_way_leaves_exactly_this_trace_and_replays(arena, by_the_library):
    mended(arena)

    trace, shown = arena.trace(), arena.shown
    if os.environ.get("RECORD"):
        TRACE.write_text(trace, "utf-8")
    assert trace == TRACE.read_text("utf-8")
    assert (shown["state"], shown["tasks"], shown["incidents"]) == ("completed", [], [])
    # The rest: a decision under its own name too, a data object, and the timer that
    # fired here.
    more = {"Decision_urgency", "plan", "reminded"}
    assert {name: one for name, one in shown["data"].items() if name not in more} == by_the_library
    assert shown["data"]["plan"] == "soon: pole, bulb"
    ids = replay.case_ids(arena.app)
    assert len(ids) == 2
    assert [*replay.replay(arena.app, ids), *replay.verify_cases(arena.app, ids)] == [None] * 4


def test_who_did_not_get_the_approval_reads_why(arena):
    arena.start()
    arena.do("Activity_report", REPORT)
    arena.do("Activity_approve", {"approval": {"approved": False}}, by="street_dispatcher")

    told = arena.task("Activity_refused.1", "grid_worker")["instructions"]
    assert told == r"Your report R\-EAST\-STREET\-4 was not approved."
    with pytest.raises(NotAllowed):
        arena.do("Activity_refused", by="street_dispatcher")
    arena.do("Activity_refused")
    assert arena.shown["state"] == "completed"


@pytest.mark.parametrize("executor", ["kernel", "spiff"])
def test_scripts_around_rounds_and_instances_run_once(app, executor):
    name = "rounds.bpmn"
    files = {name: (FOLDER.parent / "rounds" / name).read_bytes()}
    deployments.deploy(app, identities.operator(), files, executor=executor)
    known = spiff_oracle.run(FOLDER.parent / "rounds", "Process_rounds", {}, {}, {"limit": 10})
    admin = identities.actor(app, "admin")

    case = cases.start(app, admin, process="Process_rounds", data={}).body["id"]

    # The script after the loop reads what is not there yet, and is run again by itself.
    before = views.case(app, admin, case)
    told = [(one["element"], one["code"]) for one in before["incidents"]]
    assert told == [("Activity_count", "script-failed")]
    assert (before["data"]["total"], before["data"]["rounds"]) == (12, 3)
    cases.handle(app, admin, case, RetryIncident(None, {"limit": 10}, "given"))
    after = views.case(app, admin, case)
    assert after["state"] == "completed"
    assert after["data"] == known
    assert known["counted"] == 30
    assert list(replay.replay(app, [case])) == [None]


@pytest.mark.parametrize("executor", ["kernel", "spiff"])
def test_what_an_error_carries_is_caught(app, executor):
    name = "thrown.bpmn"
    files = {name: (FOLDER.parent / "thrown" / name).read_bytes()}
    deployments.deploy(app, identities.operator(), files, executor=executor)
    known = spiff_oracle.run(FOLDER.parent / "thrown", "Process_thrown", {}, {})
    admin = identities.actor(app, "admin")

    case = cases.start(app, admin, process="Process_thrown", data={}).body["id"]

    shown = views.case(app, admin, case)
    assert (shown["state"], shown["incidents"]) == ("completed", [])
    # The library loses what the interrupted sub-process had written.
    assert shown["data"] == {**known, "level": 7}
    assert known == {"reading": {"level": 7}, "noted": 8}
    assert list(replay.replay(app, [case])) == [None]


CALLS = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="calls">'
    '<process id="caller"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>'
    '<callActivity id="t" calledElement="called"/></process>'
    '<process id="called"><ioSpecification><dataInput id="a"/><dataOutput id="b"/>'
    "<inputSet><dataInputRefs>a</dataInputRefs></inputSet>"
    "<outputSet><dataOutputRefs>b</dataOutputRefs></outputSet></ioSpecification>"
    '<startEvent id="s2"/><sequenceFlow id="f2" sourceRef="s2" targetRef="t2"/>'
    '<scriptTask id="t2"><script>b = a + 1\nc = value("x")</script></scriptTask></process>'
    "</definitions>"
)


@pytest.mark.parametrize("executor", ["kernel", "spiff"])
def test_a_called_process_takes_and_gives_what_it_declares(app, executor):
    files = {"calls.bpmn": CALLS.encode()}
    deployments.deploy(app, identities.operator(), files, executor=executor)
    admin = identities.actor(app, "admin")

    case = cases.start(app, admin, process="caller", data={"x": 1}).body["id"]
    missing = views.case(app, admin, case)
    cases.handle(app, admin, case, RetryIncident(None, {"a": 2}, "given"))

    assert [one["code"] for one in missing["incidents"]] == ["mapping-failed"]
    after = views.case(app, admin, case)
    assert (after["state"], after["data"]) == ("completed", {"x": 1, "a": 2, "b": 3})


# -- what people see and may do, on one executor and one database ----------------------


@pytest.fixture
def repair(app) -> Arena:
    one = Arena(app, "kernel")
    one.start()
    return one


def test_lanes_say_who_may_do_a_task(repair):
    with pytest.raises(NotAllowed):
        repair.do("Activity_report", REPORT, by="street_dispatcher")
    repair.do("Activity_report", {**REPORT, "parts": ["bulb"]})
    # A cheap one asks nobody for approval.
    repair.answer("Activity_weather", WEATHER)
    outbox.deliver_all(repair.app)

    with pytest.raises(NotAllowed):
        repair.do("Activity_check.1.0", by="street_dispatcher")
    repair.do("Activity_check.1.0")
    assert repair.open == ["Process_repair.Activity_mend.1"]


def test_a_schema_is_judged_by_the_server(repair):
    with pytest.raises(InvalidData) as refusal:
        repair.do("Activity_report", {"kind": "tree", "place": {"number": 0}, "x": 1})

    assert [(one["code"], one["key"]) for one in refusal.value.findings] == [
        ("unknown-key", "x"),
        ("not-a-choice", "kind"),
        ("required", "place.street"),
        ("too-small", "place.number"),
    ]


def test_a_task_gives_programs_its_schemas(repair):
    task = repair.task("Activity_report.1", "grid_worker")

    assert task["schema"] == json.loads((FOLDER / "report-schema.json").read_text("utf-8"))
    assert task["ui_schema"] == json.loads((FOLDER / "report-uischema.json").read_text("utf-8"))


def test_what_is_personal_in_a_schema_is_sealed(repair):
    repair.do("Activity_report", REPORT)

    history = views.history(repair.app, repair.who("auditor"), repair.case)
    data = history[1]["command"]["data"]
    assert sorted(data["remarks"]) == ["$sealed", "commitment"]
    assert data["place"] == REPORT["place"]


def test_a_changed_ui_schema_is_a_new_version(repair):
    changed = folder(**{"approval-uischema__json": b'{"approved": {"ui:widget": "select"}}'})

    answer = deployments.deploy(repair.app, identities.operator(), changed)

    versions = [(one["key"], one["version"]) for one in answer.body["definitions"]]
    assert versions == [("Process_estimate", 1), ("Process_repair", 2), ("Process_supplier", 1)]


@pytest.fixture
def browser(repair):
    client = create_app(repair.app).test_client()
    client.post("/sign-in", data={"name": "grid_worker", "password": PASSWORD})
    return client


def test_a_page_shows_instructions_and_every_field_of_the_schema(repair, browser):
    page = browser.get(f"/tasks/{repair.case}.Process_repair.Activity_report.1").get_data(
        as_text=True
    )

    assert "<h2>Something is broken</h2>" in page
    assert "<p>Tell us <strong>what</strong> and <strong>where</strong>. Thank you" in page
    form = page.partition('name="enter"')[2].partition("</form>")[0]
    assert re.findall(r'<(input|textarea)[^>]* name="([a-z_.]+)"', form) == [
        ("input", "kind"),
        ("input", "kind"),
        ("input", "place.street"),
        ("input", "place.number"),
        ("textarea", "parts"),
        ("input", "seen_on"),
        ("input", "dangerous"),
        ("textarea", "remarks"),
    ]
    assert 'placeholder="East Street"' in form


def test_a_page_sends_what_was_filled_in(repair, browser):
    address = f"/tasks/{repair.case}.Process_repair.Activity_report.1"
    typed = {
        "act": "complete",
        "outcome": "",
        "kind": "bench",
        "place.street": "East Street",
        "place.number": "4",
        "parts": "seat\nleg\n\n",
        "remarks": "",
    }

    ours = {"Sec-Fetch-Site": "same-origin"}
    refused = browser.post(address, data={**typed, "place.street": ""}, headers=ours)
    done = browser.post(address, data=typed, headers=ours)

    assert (refused.status_code, done.status_code) == (422, 303)
    assert 'id="f-place-street-fault"' in refused.get_data(as_text=True)
    data = repair.shown["data"]
    assert {name: data[name] for name in ("kind", "place", "parts", "dangerous")} == {
        "kind": "bench",
        "place": {"street": "East Street", "number": 4},
        "parts": ["seat", "leg"],
        "dangerous": False,
    }


def test_a_form_that_fills_one_datum_is_filled_in_on_a_page(repair):
    repair.do("Activity_report", REPORT)
    client = create_app(repair.app).test_client()
    client.post("/sign-in", data={"name": "street_dispatcher", "password": PASSWORD})
    address = f"/tasks/{repair.case}.Process_repair.Activity_approve.1"
    ours = {"Sec-Fetch-Site": "same-origin"}

    page = client.get(address).get_data(as_text=True)
    typed = {"act": "complete", "approval.approved": "True", "approval.limit": "100.25"}
    refused = client.post(address, data=typed, headers=ours)
    done = client.post(address, data={**typed, "approval.limit": "100.5"}, headers=ours)

    assert "<td>pole</td>\n<td>80</td>" in page
    assert (refused.status_code, done.status_code) == (422, 303)
    assert "须为 0.5 的倍数" in refused.get_data(as_text=True)
    assert repair.shown["data"]["approval"] == {"approved": True, "limit": 100.5}
    case = client.get(f"/cases/{repair.case}").get_data(as_text=True)
    assert "Approved：Yes；At most：100.5" in case
    assert "street：East Street；House number：4" in case


def test_programs_deploy_the_folder_and_read_its_forms(app):
    deployer = callers(app)("deployer")
    parts = [("f", (io.BytesIO(content), name, "text/plain")) for name, content in folder().items()]

    made = deployer.upload("/definitions", parts)

    assert made.status_code == 201
    schema = deployer.get("/forms/approval-schema").get_json()
    assert schema == json.loads((FOLDER / "approval-schema.json").read_text("utf-8"))


def test_the_command_checks_the_folder(sqlite_url, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)

    with pytest.raises(SystemExit) as end:
        main(["check", str(FOLDER)])

    assert end.value.code == 0
    assert capsys.readouterr().out.splitlines()[-1] == "10 files: 0 errors, 4 warnings."
