"""docs/dmn.md says of every construct of DMN what becomes of it, and it is so."""

import pytest

from tests import dmn_table

ROWS = dmn_table.rows()


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_what_a_row_says_is_so(row):
    assert dmn_table.faults(row) == []


def test_what_runs_is_shown_by_a_case():
    without = [row.name for row in ROWS if row.status == "runs" and not row.cases]

    assert without == []


def test_every_row_has_a_status_of_its_own_and_a_name_in_chinese():
    assert {row.status for row in ROWS} == set(dmn_table.STATUSES)
    assert [row.name for row in ROWS if not row.chinese] == []
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_the_page_is_written_from_the_rows():
    assert dmn_table.PAGE.read_text("utf-8") == dmn_table.page()


def test_a_row_that_is_not_so_is_found():
    row = next(one for one in ROWS if one.name == "hitPolicy FIRST")
    changed = {"a.dmn": row.files["a.dmn"].replace(b"FIRST", b"UNIQUE")}

    assert dmn_table.faults(dmn_table.replace(row, files=changed)) == [
        "findings ['dmn-overlap']",
        "d {'x': 8} is null",
        "d {'x': 6} is null",
    ]
