"""Whatever an upload holds, check and deploy answer findings: changed XML, DMN and JSON."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from engine import deployments, identities
from engine.bpmn.findings import MAX_TEXT
from engine.cli import program
from engine.errors import NotDeployable
from tests import hostile_bases as bases
from tests.callers import callers
from tests.mutations import (
    CHANGES_TO_JSON,
    CHANGES_TO_XML,
    CUTS,
    changed_bytes,
    changed_json,
    changed_xml,
)

ROOT = Path(__file__).parent.parent
DRAWING = "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNDiagram"
MEMBERS = (
    "code", "severity", "file", "element", "name", "line", "message", "hint", "message_zh",
    "hint_zh",
)  # fmt: skip
NO_SENTENCE = ("Traceback", " object at 0x", "<Element", "<class", "frozenset(", "Error(", "{'")


def without_drawing(path):
    root = etree.parse(path).getroot()
    for one in root.findall(DRAWING):
        root.remove(one)
    return etree.tostring(root)


DRAWN = (bases.DANCE, bases.TALK, bases.POOLS)
"""Of these nothing runs."""
SMALL = (bases.CAMUNDA, bases.SPIFF, bases.ZEEBE, *DRAWN)
UNTESTED = (bases.CAMUNDA, bases.ZEEBE, *DRAWN)
"""Without unit tests of scripts: those may run into their time, and here is checked twice."""
DELIVERED = tuple(
    without_drawing(one)
    for one in (
        *sorted((ROOT / "processes").glob("*.bpmn")),
        *sorted((ROOT / "tests" / "processes").glob("*.bpmn")),
        *sorted((ROOT / "tests" / "vendors").glob("*.bpmn*")),
    )
)
TABLES = (bases.DECISIONS, *(
    one.read_bytes() for one in sorted((ROOT / "processes" / "decisions").glob("*.dmn"))
))  # fmt: skip
FORMS = (bases.FORM, *(
    one.read_bytes() for one in sorted((ROOT / "processes" / "forms").glob("*.json"))
))  # fmt: skip


def examples(count):
    """The same examples on every machine, however slow it is."""
    return settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        print_blob=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def answer(app, files, executor="kernel"):
    """What check says, after holding each finding to its shape."""
    found = [one.to_json() for one in deployments.check(app, files, executor=executor)]
    for one in found:
        assert tuple(one) == MEMBERS
        assert one["severity"] in ("error", "warning", "note")
        assert one["line"] is None or one["line"] > 0
        texts = [one[name] for name in ("message", "hint", "message_zh", "hint_zh")]
        assert [text for text in texts if not 0 < len(text) <= 2 * MAX_TEXT] == []
        assert [text for text in texts for bad in NO_SENTENCE if bad in text] == []
    # It can be sent.
    json.dumps(found, ensure_ascii=False).encode()
    return found


def refused(app, files):
    """Whether deploying the files is refused for errors among their findings."""
    try:
        deployments.deploy(app, identities.operator(), files)
    except NotDeployable as refusal:
        return any(one["severity"] == "error" for one in refusal.findings)
    return False


# -- diagrams ---------------------------------------------------------------------------


@examples(240)
@given(
    content=st.sampled_from(SMALL),
    changes=CHANGES_TO_XML,
    executor=st.sampled_from(["kernel", "spiff"]),
)
def test_a_changed_diagram_is_answered_by_findings(app, content, changes, executor):
    answer(app, {"a.bpmn": changed_xml(content, changes)}, executor)


@examples(25)
@given(content=st.sampled_from(DELIVERED), changes=CHANGES_TO_XML)
def test_a_changed_delivered_diagram_is_answered_by_findings(app, content, changes):
    answer(app, {"a.bpmn": changed_xml(content, changes)})


@examples(80)
@given(content=st.sampled_from(UNTESTED), changes=CHANGES_TO_XML)
def test_a_changed_diagram_is_deployed_or_refused_by_findings(app, content, changes):
    files = {"a.bpmn": changed_xml(content, changes)}
    wrong = [one for one in answer(app, files) if one["severity"] == "error"]

    assert refused(app, files) == (wrong != [])


@examples(60)
@given(content=st.sampled_from((*SMALL, bases.DECISIONS)), cuts=CUTS)
def test_a_damaged_file_is_answered_by_findings(app, content, cuts):
    name = "a.dmn" if content is bases.DECISIONS else "a.bpmn"

    answer(app, {name: changed_bytes(content, cuts)})


# -- decision tables --------------------------------------------------------------------


@examples(120)
@given(content=st.sampled_from(TABLES), changes=CHANGES_TO_XML)
def test_a_changed_decision_table_is_answered_by_findings(app, content, changes):
    answer(app, {"a.dmn": changed_xml(content, changes)})


# -- forms ------------------------------------------------------------------------------


@examples(200)
@given(content=st.sampled_from(FORMS), changes=CHANGES_TO_JSON)
def test_a_changed_form_is_answered_by_findings(app, content, changes):
    answer(app, {"a.json": changed_json(content, changes)})


@examples(200)
@given(changes=CHANGES_TO_JSON, looks=st.one_of(st.just([]), CHANGES_TO_JSON))
def test_a_changed_schema_is_answered_by_findings(app, changes, looks):
    answer(
        app,
        {
            "a.bpmn": bases.SPIFF,
            "f-schema.json": changed_json(bases.SCHEMA, changes),
            "f-uischema.json": changed_json(bases.UI, looks),
        },
    )


@pytest.mark.parametrize(
    "properties",
    [
        {"a": {"type": "string", "format": []}},
        {"a": {"oneOf": [{}]}},
        {"a": {"$ref": "#/definitions/x"}},
    ],
)
def test_a_schema_that_once_was_too_much_is_answered_by_findings(app, properties):
    schema = {"type": "object", "properties": properties, "required": [{}], "definitions": []}

    assert "form-shape" in {
        one["code"] for one in answer(app, {"a.json": json.dumps(schema).encode()})
    }


def test_a_value_in_a_form_is_told_as_json_not_as_python(app):
    schema = {"properties": {"a": {"type": {"one": None}}, "b": {"type": "string", "format": True}}}

    found = answer(app, {"a.json": json.dumps(schema).encode()})

    assert [one["message"] for one in found if one["code"] == "form-keyword"] == [
        'The type {"one": null} is not asked for.',
        "The format true is not judged.",
    ]


# -- the doors --------------------------------------------------------------------------


@pytest.fixture
def deployer(app):
    return callers(app)("deployer")


@examples(25)
@given(content=st.sampled_from(UNTESTED), changes=CHANGES_TO_XML)
def test_over_http_a_changed_diagram_is_answered_by_findings(deployer, content, changes):
    changed = changed_xml(content, changes)

    checked = deployer.post(
        "/definitions/check?filename=a.bpmn", changed, Content_Type="application/xml"
    )
    sent = deployer.post("/definitions?filename=a.bpmn", changed, Content_Type="application/xml")

    wrong = any(one["severity"] == "error" for one in checked.get_json()["findings"])
    assert checked.status_code == 200
    assert (sent.status_code == 422) == wrong


@examples(12)
@given(content=st.sampled_from(SMALL), changes=CHANGES_TO_XML)
def test_on_the_command_line_a_changed_diagram_is_answered_by_findings(
    tmp_path, sqlite_url, content, changes
):
    file = tmp_path / "a.bpmn"
    file.write_bytes(changed_xml(content, changes))
    given = {"DATABASE_URL": sqlite_url}

    told = CliRunner().invoke(program, ["check", str(file), "--json"], env=given)

    wrong = any(one["severity"] == "error" for one in json.loads(told.stdout)["findings"])
    assert told.exit_code == int(wrong)
