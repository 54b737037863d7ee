"""Unit tests that scripts bring along, as ``bihuan check`` and deployments run them."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

import pytest

from engine import deployments, identities
from engine.bpmn import arena, checks
from engine.bpmn.reader import read
from engine.cli import main
from engine.errors import NotDeployable
from engine.scripts import Code

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="file">'
    '<process id="p"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>'
)


def unit_test(key, given, expected):
    return (
        f'<spiffworkflow:unitTest id="{key}">\n'
        f"<spiffworkflow:inputJson>{escape(given)}</spiffworkflow:inputJson>\n"
        f"<spiffworkflow:expectedOutputJson>{escape(expected)}</spiffworkflow:expectedOutputJson>\n"
        "</spiffworkflow:unitTest>\n"
    )


def file(script, *tests):
    return (
        f'{HEAD}\n<scriptTask id="t"><extensionElements><spiffworkflow:unitTests>\n'
        + "".join(tests)
        + f"</spiffworkflow:unitTests></extensionElements>\n<script>{escape(script)}</script>"
        "</scriptTask></process></definitions>"
    ).encode()


def found(app, script, *tests):
    findings = deployments.check(app, {"x.bpmn": file(script, *tests)})
    return [(one.code, one.severity, one.element, one.line, one.message) for one in findings]


def failing(app, script, given, expected):
    """What is said of the one test, without its beginning."""
    [(code, severity, element, line, message)] = found(
        app, script, unit_test("x", json.dumps(given), json.dumps(expected))
    )
    assert (code, severity, element, line) == ("unit-test-failed", "error", "t", 3)
    return message.removeprefix("Unit test 'x' fails: ")


@pytest.mark.parametrize(
    ("script", "given", "expected"),
    [
        ("b = a + 1", {"a": 1}, {"a": 1, "b": 2}),
        ("a = a * 0.5", {"a": 3}, {"a": 1.5}),
        ("a = a / 2", {"a": 4}, {"a": 2}),
        ("a['x'] = 1", {"a": {}}, {"a": {"x": 1}}),
        ("_k = 3\na = _k", {}, {"a": 3}),
        ("import json\na = json.loads(t)", {"t": "[1]"}, {"t": "[1]", "a": [1]}),
        ("due = after(None, elapsed_hours(1))", {}, {"due": "2026-09-14T10:00:00+08:00"}),
        ("pass", {"a": 1}, {"a": 1}),
    ],
)
def test_a_test_that_passes_says_nothing(app, script, given, expected):
    one = unit_test("x", json.dumps(given), json.dumps(expected))

    assert found(app, script, one) == []


def test_the_difference_is_told_name_by_name(app):
    message = failing(app, "b = a + 1\nc = 'x'", {"a": 1}, {"a": 1, "b": 3, "d": None})

    assert message == 'b is 2, expected 3; c is "x", and not expected; d is missing, expected null.'


def test_a_long_value_is_cut_short(app):
    message = failing(app, "a = 'x' * 1000", {}, {"a": 1})

    assert message == 'a is "' + "x" * 198 + "…, expected 1."


def test_a_script_that_fails_is_told(app):
    message = failing(app, "b = a + 1", {}, {"b": 2})

    assert message == "the script ends with NameError: name 'a' is not defined."


def test_each_test_is_run_on_data_of_its_own(app):
    tests = [unit_test(str(one), '{"a": []}', '{"a": [1]}') for one in range(3)]

    assert found(app, "a.append(1)", *tests) == []


def test_scripts_that_never_end_are_given_up(app):
    tests = [unit_test(str(one), "{}", "{}") for one in range(5)]

    codes = [(code, severity) for code, severity, *_ in found(app, "while True:\n    pass", *tests)]

    assert codes == [("unit-test-failed", "error")] * 3 + [("unit-test-left", "warning")] * 2


@pytest.mark.parametrize(
    ("given", "expected"), [("{", "{}"), ("{}", "[]"), ("", "{}"), ("{}", "[" * 100_000)]
)
def test_a_test_that_is_no_json_object_is_told(given, expected):
    _, findings = read(file("a = 1", unit_test("x", given, expected)), "x.bpmn")

    assert [(one.code, one.severity) for one in findings] == [("bad-unit-test", "error")]


def test_more_tests_than_are_run_are_told():
    tests = [unit_test(str(one), "{}", "{}") for one in range(101)]

    diagram, findings = read(file("pass", *tests), "x.bpmn")

    assert [one.code for one in findings] == ["ignored"]
    assert len(diagram.processes["p"].nodes["t"].tests) == 100


def test_what_fails_its_tests_is_not_deployed(app):
    files = {"x.bpmn": file("a = 1", unit_test("x", "{}", '{"a": 2}'))}

    with pytest.raises(NotDeployable) as refusal:
        deployments.deploy(app, identities.operator(), files)

    assert [one["code"] for one in refusal.value.findings] == ["unit-test-failed"]


def test_the_command_says_where_what_and_what_to_do(sqlite_url, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    path = tmp_path / "fees.bpmn"
    path.write_bytes(file("cost = 85\nmargin = 1", unit_test("cheap", "{}", '{"cost": 80}')))

    with pytest.raises(SystemExit) as end:
        main(["check", str(path)])

    assert end.value.code == 1
    assert capsys.readouterr().out.splitlines() == [
        (
            "fees.bpmn:3: error unit-test-failed: t: Unit test 'cheap' fails: cost is 85, expected 80; "
            "margin is 1, and not expected. Mend the script, or correct expectedOutputJson: it lists "
            "all data, also those given."
        ),
        "1 files: 1 errors, 0 warnings.",
    ]


# -- what scripts of spiff-arena find there --------------------------------------------


def hints(sandbox, script):
    diagram, _ = read(file(script), "x.bpmn")
    told = checks.check(diagram, {}, sandbox_check=sandbox.check)
    return [one.hint for one in told]


@pytest.mark.parametrize("name", arena.FUNCTIONS)
def test_a_function_of_the_server_is_told_with_what_to_write(sandbox, name):
    assert hints(sandbox, f"a = {name}()") == [arena.FUNCTIONS[name]]


@pytest.mark.parametrize(
    ("script", "hint"),
    [
        ("a = json.dumps(b)", "Write import json at the beginning of a script."),
        (
            "a = datetime.datetime.now()",
            "datetime is the class here: write now() or datetime.fromisoformat(…).",
        ),
        ("import json\na = json.dumps(b)", None),
    ],
)
def test_a_module_that_is_not_imported_is_told(sandbox, script, hint):
    assert hints(sandbox, script) == ([] if hint is None else [hint])


def test_what_scripts_are_told_to_write_can_be_run(sandbox):
    for text in ("value('name', 1)", "case['starter']", "now()", "moment('2026-09-14')"):
        assert sandbox.check(Code(text, "expression")) is None
