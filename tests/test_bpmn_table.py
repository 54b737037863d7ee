"""docs/bpmn.md says of every word of BPMN 2.0 what becomes of it, and it is so."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests import bpmn_table, sectioned

TESTS = Path(__file__).parent
ROWS = bpmn_table.rows()


def test_every_element_attribute_and_position_has_one_row():
    assert sorted(row.name for row in ROWS) == bpmn_table.wanted()


def test_no_row_is_without_a_snippet_or_a_name_in_chinese():
    assert [row.name for row in ROWS if not row.snippet or not row.chinese] == []


def test_every_row_has_a_status():
    assert {row.status for row in ROWS} == set(bpmn_table.STATUSES)


@pytest.mark.parametrize("section", [title for title, _ in sectioned.sections(bpmn_table.HERE)])
def test_what_a_row_says_is_so(section):
    wrong = {row.name: bpmn_table.faults(row) for row in ROWS if row.section == section}

    assert {name: found for name, found in wrong.items() if found} == {}


def test_what_runs_is_shown_by_a_test():
    assert [
        row.name for row in ROWS if row.status in ("runs", "kernel", "checked") and not row.by
    ] == []


def test_the_tests_that_rows_name_are_there():
    assert [row.by for row in ROWS if row.by and not exists(row.by)] == []


def exists(name):
    """Whether there is a test, or a scenario, of this name."""
    path, _, test = name.partition("::")
    if path.startswith("tests/scenarios/"):
        return (TESTS.parent / path).is_file()
    return test in names_in(TESTS.parent / path)


@cache
def names_in(path):
    tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


def test_the_page_is_written_from_the_rows():
    assert bpmn_table.PAGE.read_text("utf-8") == bpmn_table.page()


# -- a wrong row is seen ---------------------------------------------------------------------


def row(name, status, snippet, *codes):
    return bpmn_table.Row("", name, "", status, codes, "", "", snippet)


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (row("task", "refused", '<task id="t"/>', "not-supported"),
         ["finds [], not ['not-supported']", "has the errors []"]),
        (row("task", "kept", '<task id="t"/>'), ["has an effect"]),
        (row("task", "kernel", '<task id="t"/>'), ["runs on spiff"]),
        (row("auditing", "runs", '<task id="t"><auditing/></task>'), ["has no effect"]),
        (row("auditing", "ignored", '<task id="t"><auditing/></task>'), ["is ignored in silence"]),
        (row("auditing", "runs", '<task id="t"/>'), ["stands nowhere in the snippet"]),
        (row("auditing@id", "checked", '<task id="t"><auditing id="x"/></task>'),
         ["is not what is checked"]),
        (row("gateway@gatewayDirection", "runs", '<parallelGateway id="t" gatewayDirection="Mixed"/>'
             '<sequenceFlow id="g" sourceRef="t" targetRef="u"/><task id="u"/>'), ["has no effect"]),
        (row("linkEventDefinition", "runs", '<intermediateThrowEvent id="t"><linkEventDefinition name="l"/>'
             '</intermediateThrowEvent><intermediateCatchEvent id="c"><linkEventDefinition name="l"/>'
             "</intermediateCatchEvent>"), ["is refused for spiff"]),
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_is_seen(one, found):
    assert bpmn_table.faults(one) == found
