"""Files of many makers: nothing legal is refused without a reason, nothing that means something is passed over."""

import pytest

from engine import deployments
from engine.bpmn.pictures import picture
from engine.bpmn.reader import read
from tests import vendor_exports
from tests.vendor_exports import Export

EXPORTS = {name: one for name, one in vars(vendor_exports).items() if isinstance(one, Export)}
FOUND = {
    "BPMN_IO": [("warning", "not-executable", "Process_1")],
    "SIGNAVIO": [("warning", "not-executable", "sid-a")],
    "TRISOTECH": [("warning", "not-executable", "WFP-6-")],
    "ADONIS": [("warning", "not-executable", "obj.3")],
    "VISIO": [("note", "drawn-only", "c")],
    "JBPM": [
        ("warning", "ignored", "_d"),
        ("warning", "ignored", "t"),
        ("warning", "ignored", "t"),
        ("warning", "ignored", "po"),
    ],
    "FLOWABLE": [("warning", "ignored", "s"), ("warning", "ignored", "t")],
    "ACTIVITI": [
        ("warning", "ignored", "t"),
        ("warning", "ignored", "t"),
        ("error", "foreign-code", "v"),
        ("error", "no-topic", "v"),
    ],
    "ARENA": [("warning", "ignored", "ds"), ("warning", "ignored", "ds")],
    "ZEEBE": [("warning", "ignored", "t")],
    "MIWG_C": [
        ("warning", "ignored", "handle"),
        ("warning", "ignored", "t"),
        ("warning", "ignored", "give"),
        ("warning", "not-executable", "assist"),
    ],
    "MIWG_B": [("warning", "not-executable", "p")],
    "IMPORTED": [("warning", "not-executable", "q")],
    "MUST": [("error", "not-supported", None)],
    "ARIS": [("warning", "not-executable", "p")],
    "CHOREOGRAPHY": [("note", "drawn-only", "h")],
    "DROOLS_CODE": [("error", "foreign-code", "t"), ("error", "foreign-code", "t")],
    "FLOWABLE_EVENTS": [("error", "foreign-code", "s"), ("warning", "ignored", "c")],
    "IBM": [("warning", "ignored", "_tp")],
}
"""What is found in each besides the advice about its tasks: (severity, code, element)."""

ADVICE = {"no-assignment", "no-form", "nobody", "unknown-role", "unknown-form"}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_read_for_what_it_is(name):
    diagram, findings = read(EXPORTS[name].text.encode(), f"{name}.bpmn")
    found = [(one.severity, one.code, one.element) for one in findings if one.code not in ADVICE]

    assert found == FOUND.get(name, [])
    refused = any(one[0] == "error" for one in found)
    keys = ((), ()) if refused else (EXPORTS[name].runs, EXPORTS[name].drawn)
    shown = ((), ()) if diagram is None else (tuple(diagram.processes), tuple(diagram.drawings))
    assert shown == keys


def test_all_exports_are_answered_and_can_be_shown(app):
    files = {f"{name}.bpmn": one.text.encode() for name, one in EXPORTS.items()}
    found = deployments.check(app, files)
    wrong = {one.file.removesuffix(".bpmn") for one in found if one.severity == "error"}

    # The form of the user tasks is not deployed here.
    refused = {name for name, told in FOUND.items() if any(one[0] == "error" for one in told)}
    assert wrong - {"CAMUNDA_MODELER", "FLOWABLE"} == refused
    seen = {name: len(picture(one.text.encode()).sheets) for name, one in EXPORTS.items()}
    assert {name: count for name, count in seen.items() if count != 1} == {
        "CHOREOGRAPHY": 0,
    }
