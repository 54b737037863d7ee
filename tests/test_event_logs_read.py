"""Event logs read back by PM4Py, which runs as a program of its own."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from engine import cases, deployments, event_logs, identities, mining
from engine.commands import CompleteTask
from engine.event_logs import traces, xes
from tests.memory import flows, process
from tests.test_event_logs import LOOP, NAMESPACE, Chosen, played, values

__all__ = ["played"]

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".venv-pm4py" / "bin" / "python"
READER = ROOT / "tests" / "event_logs" / "read_with_pm4py.py"
ODD = "=甲\u3000\"'<&]]>\u200d👩\u200d🔧 @"
HOSTILE = process(
    f'<startEvent id="start"/><userTask id="a" name="{ODD}"/>'.replace("<&]]", "&lt;&amp;]]")
    .replace("\"'", "&quot;'").replace(" @", "&#10;@")
    + '<endEvent id="end"/>' + flows("start > a", "a > end"),
    key="hostile",
)  # fmt: skip

INSTALLED = (PYTHON.parent.parent / ".installed").exists()
WORKING = "needs PM4Py: `make .venv-pm4py/.installed` installs it"

pytestmark = pytest.mark.skipif(not INSTALLED, reason=WORKING)


def told(tmp_path, **tasks):
    """What PM4Py says of each (function of the reader, its arguments…)."""
    asked, answers = tmp_path / "tasks.json", tmp_path / "answers.json"
    asked.write_text(json.dumps({name: [*map(str, one)] for name, one in tasks.items()}), "utf-8")
    program = [PYTHON, READER, asked, answers]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr if done.returncode else "") == (0, "")
    return json.loads(answers.read_text("utf-8"))


def typed(attributes):
    """Attributes that were written, as a reader has them: (XES element, key, value) -> value."""
    read = {"int": int, "float": float, "boolean": "true".__eq__}
    return {key: read.get(kind, str)(value) for kind, key, value in attributes}


def named(things):
    return sorted([one["id"], one["type"]] for one in things)


def related(things):
    return sorted(
        [one["id"], other["objectId"], other["qualifier"]]
        for one in things
        for other in one["relationships"]
    )


def test_every_attribute_of_every_event_is_read_in_its_order(app, played, tmp_path):
    deployments.deploy(app, identities.operator(), {"hostile.bpmn": HOSTILE})
    admin = identities.actor(app, "admin")
    case = cases.start(app, admin, process="hostile", data={}).case_id
    cases.handle(app, admin, case, CompleteTask("hostile.a.1"))
    event_logs.write_xes(app, tmp_path / "log.xes", Chosen(personal=True))

    with app.database.reading() as tx:
        logged = list(traces.traces(app, tx, Chosen(personal=True), b""))
    read = told(tmp_path, log=["log", tmp_path / "log.xes"])["log"]
    assert [trace.id for trace in logged] == [*played, case]
    assert read == [
        [typed(xes._of_trace(one)), [typed(event) for event in xes._events(one)]] for one in logged
    ]
    assert {event["concept:name"] for event in read[-1][1]} == {ODD}


def test_the_log_fits_its_diagram_and_a_wrong_trace_does_not(app, played, tmp_path):
    log, wrong, diagram = (tmp_path / name for name in ("log.xes", "wrong.xes", "loop.bpmn"))
    event_logs.write_xes(app, log, Chosen("loop"))
    diagram.write_bytes(LOOP)
    planted = etree.parse(str(log))
    first = next(planted.iter(f"{NAMESPACE}trace"))
    for event in [*first.iter(f"{NAMESPACE}event")]:
        if values(event)["bihuan:element"] == "loop.c":
            first.remove(event)
    planted.write(str(wrong))

    found = told(tmp_path, right=["fitness", log, diagram], wrong=["fitness", wrong, diagram])
    assert found["right"] == {"traces": 2, "tokens": 1.0, "alignments": 1.0}
    assert found["wrong"]["traces"] == 2
    assert found["wrong"]["tokens"] < 1.0
    assert found["wrong"]["alignments"] < 1.0


def test_both_kinds_of_object_centric_logs_are_read_alike_and_whole(app, played, tmp_path):
    paths = {"json": tmp_path / "log.json", "sqlite": tmp_path / "log.sqlite"}
    for path in paths.values():
        event_logs.write_ocel(app, path, Chosen("loop", personal=True))
    written = json.loads(paths["json"].read_text("utf-8"))

    read = told(tmp_path, **{kind: ["objects", path] for kind, path in paths.items()})
    assert read["json"] == read["sqlite"]
    found = read["sqlite"]
    assert found["wrong"] == []
    # PM4Py leaves out what no event touches: tasks that are still open, the unit.
    touched = {one["objectId"] for event in written["events"] for one in event["relationships"]}
    kept = [one for one in written["objects"] if one["id"] in touched]
    assert (len(written["events"]), len(written["objects"]), len(kept)) == (13, 19, 17)
    assert found["events"] == named(written["events"])
    assert found["objects"] == named(kept)
    assert found["touched"] == related(written["events"])
    assert found["related"] == [one for one in related(kept) if one[1] in touched]
    last = found["values"][f"{played[1]}.loop.a.2"]
    assert (last["activity"], last["cancelled"]) == ("甲", False)
    assert found["values"][played[1]]["version"] == 1
    due = found["values"][f"{played[1]}.loop.d.1"]["due_at"]
    assert due == found["values"][f"task {played[1]}.loop.d.1"]["due_at"] == "2026-09-20T09:30:00Z"


def test_pm4py_finds_the_ways_that_the_product_shows(app, played, tmp_path):
    event_logs.write_xes(app, tmp_path / "log.xes", Chosen("loop"))
    actor = identities.actor(app, "district_coordinator")
    shown = mining.mined(app, actor, "loop", unit="990101", since=date(2026, 9, 1))

    found = told(tmp_path, ways=["variants", tmp_path / "log.xes", "loop"])["ways"]
    assert found == sorted([way["elements"], way["runs"]] for way in shown["ways"])
    assert sorted(runs for _, runs in found) == [1, 1, 1]
