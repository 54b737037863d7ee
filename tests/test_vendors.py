"""Files as other tools write them: what is read, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

from engine.bpmn.model import LoopKind, Process
from engine.bpmn.reader import read

FILES = Path(__file__).parent / "vendors"


def opened(name: str) -> tuple[Process | None, list[tuple[str, str | None, int | None]]]:
    diagram, findings = read((FILES / name).read_bytes(), name)
    found = [(one.code, one.element, one.line) for one in findings]
    return next(iter(diagram.processes.values())) if diagram else None, found


def test_a_file_of_the_camunda_modeler_is_read():
    lights, found = opened("camunda_modeler.bpmn")

    assert found == [("no-form", "Activity_look", 16)]
    assert lights.key == "street_lights"
    assert lights.nodes["StartEvent_1"].events[0].name == "lamp_reported"
    assert lights.forms == ("report",)
    look = lights.nodes["Activity_look"]
    assert [group.role for group in look.assignment.groups] == ["grid_worker", "grid_head"]
    assert look.assignment.assignee.text == "steward"
    assert look.boundary == ("Event_late",)
    assert lights.nodes["Event_late"].events[0].value.text == "'PT4H'"
    condition = lights.root.flows["Flow_3"].condition
    assert condition.text == "broken and lamp['state'] != 'mended'"
    mend = lights.nodes["Activity_mend"]
    assert (mend.loop.kind, mend.loop.item) == (LoopKind.PARALLEL, "lamp")
    assert [(one.target, one.value.text) for one in mend.outputs] == [("cost", "value('cost')")]


def test_a_file_of_camunda_8_is_read():
    permit, found = opened("zeebe.bpmn")

    # its taskHeaders
    assert found == [("ignored", "invoice", 33)]
    assert permit.nodes["read_it"].form == "read-form"
    assert permit.nodes["read_it"].assignment.due.text == "due"
    assert permit.nodes["rule"].decision.key == "fee"
    condition = permit.root.flows["f4"].condition
    assert condition.text == "fee['amount'] > 0 and state == 'open'"
    assert permit.nodes["invoice"].topic == "send-invoice"
    correlation = permit.nodes["paid"].events[0].correlation
    assert [(one.key, one.value.text) for one in correlation] == [("invoice_no", "invoice_no")]


def test_a_file_of_spiff_arena_is_read():
    tree, found = opened("spiff_arena.bpmn")

    assert found == []
    ask = tree.nodes["Activity_ask"]
    assert (ask.form, ask.form_ui) == ("tree-schema", "tree-uischema")
    assert (ask.instructions, ask.documentation) == ("Name the tree.", "")
    assert [one.text for one in ask.assignment.users] == ["case['starter']"]
    assert ask.after.text == "asked = True"
    assert tree.root.data == {"tree": None}
    look = tree.nodes["Activity_look"].loop
    assert (look.kind, look.collection.text, look.item) == (LoopKind.SEQUENTIAL, "trees", "one")
    assert tree.nodes["Event_wait"].events[0].value.text == '"P1D"'


def test_java_code_in_a_file_of_flowable_is_refused_by_name():
    leave, found = opened("flowable.bpmn20.xml")

    assert leave is None
    assert found == [
        ("ignored", "start", 4),
        ("foreign-code", "approve", 8),
        ("foreign-code", "file", 19),
        ("no-topic", "file", 19),
    ]
