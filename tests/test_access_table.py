"""The tables of docs/access.md, played cell by cell against a real installation."""

from __future__ import annotations

import pytest

from tests import access_table
from tests.access_table import (
    DESCRIPTION,
    KINDS,
    PHONE,
    THINGS,
    Office,
    Row,
    play,
    routes,
    section,
    table,
)

CALLS = list(table("Calls", is_page=False))
PAGES = list(table("Pages", is_page=True))
READS = section("What they read")


@pytest.fixture(scope="module")
def office(tmp_path_factory, sandbox):
    opened = Office(tmp_path_factory.mktemp("office"), sandbox)
    yield opened
    opened.close()


def test_every_call_and_every_page_stands_in_the_tables(office):
    documented = {row for row, _, _ in [*CALLS, *PAGES]}

    # What is new is added by `python -m tests.access_table`, and then read critically.
    assert sorted(row.text for row in routes(office.app) if row not in documented) == []
    assert sorted(row.text for row in documented - set(routes(office.app))) == []


def test_the_tables_are_about_the_same_kinds_of_people():
    heads = [section(one)[0][1:] for one in ("Calls", "Pages", "What they read")]

    assert heads == [list(KINDS)] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_each_call_answers_as_the_table_says(office, kind):
    said = {row.text: status for row, one, status in CALLS if one == kind}

    assert {row.text: play(office, row, kind) for row, one, _ in CALLS if one == kind} == said


@pytest.mark.parametrize("kind", KINDS)
def test_each_page_answers_as_the_table_says(office, kind):
    said = {row.text: status for row, one, status in PAGES if one == kind}

    assert {row.text: play(office, row, kind) for row, one, _ in PAGES if one == kind} == said


@pytest.mark.parametrize("kind", KINDS)
def test_each_reads_what_the_table_says(office, kind):
    column = READS[0].index(kind)
    said = {row[0]: row[column] for row in READS[1:]}

    assert {what: office.reads(what, kind) for what in THINGS} == said


def test_no_other_call_or_page_tells_what_the_case_keeps_back(office):
    """Whoever is kept from the reporter or the description finds them nowhere."""
    head, *rows = READS
    told = {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}
    leaks = []
    for row, kind, _ in [*CALLS, *PAGES]:
        if row.method != "GET":
            continue
        text = office.call(row, kind).get_data(as_text=True)
        for secret, what in ((PHONE, "who reported"), (DESCRIPTION, "what was reported (sealed)")):
            allowed = {told[f"{what}, in the case"][kind], told[f"{what}, in the task"][kind]}
            if secret in text and "plain" not in allowed:
                leaks.append((row.text, kind, what))

    assert leaks == []


def test_a_case_that_is_not_shown_is_in_no_list(office):
    head, *rows = READS
    shown = dict(zip(head[1:], rows[0][1:], strict=True))
    case = Row(False, "GET", "/cases/{case_id}")
    status = {kind: one for row, kind, one in CALLS if row == case}

    assert {kind: one == "plain" for kind, one in shown.items()} == {
        kind: one == "200" for kind, one in status.items()
    }


def test_a_cell_that_is_wrong_is_found(office):
    row = Row(False, "GET", "/cases/{case_id}")

    assert play(office, row, "other street") == "404"
    assert play(office, row, "acceptance") == "200"
    assert access_table.PREFIX == "/api/v1"
