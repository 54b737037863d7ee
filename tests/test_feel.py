"""FEEL says what DMN 1.5 says, case by case."""

import pytest

from tests import feel_table


@pytest.mark.parametrize("case", feel_table.cases(), ids=str)
def test_a_case_of_the_tables_is_true(case):
    assert feel_table.outcome(case) == feel_table.wanted(case)
