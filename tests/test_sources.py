"""docs/sources.md: every mechanism of the sources has a place and a scenario."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests import scenario_files

PAGE = Path(__file__).resolve().parent.parent / "docs" / "sources.md"
NUMBERS = {"A": 22, "B": 5, "C": 12, "D": 11, "E": 13, "F": 10, "G": 7, "H": 14, "I": 26, "J": 2}
NOT_USED = {"D8", "H13"}
MECHANISMS = {f"{kind}{n}" for kind, last in NUMBERS.items() for n in range(1, last + 1)} - NOT_USED
LINE = re.compile(r"^\| ([A-J]\d+) \| ([^|]+) \| ([^|]+) \| ((?:`\w+`(?:, )?)+) \|$", re.MULTILINE)
MOST = 6
"""How many mechanisms one scenario may show."""


def _page() -> str:
    return PAGE.read_text(encoding="utf-8")


def _lines() -> list[tuple[str, list[str]]]:
    """Each row of the page with the scenarios that it names."""
    return [(row, re.findall(r"`(\w+)`", names)) for row, _, _, names in LINE.findall(_page())]


def _missing() -> list[str]:
    """The rows that the page says are not there yet."""
    _, _, rest = _page().partition("\n## Not there yet\n")
    return rest.split()


def _shown() -> list[tuple[str, str]]:
    """What the scenarios say of themselves: (row, scenario)."""
    return [
        (row, path.stem)
        for path in scenario_files.paths()
        for row in scenario_files.load(path).document.get("rows", [])
    ]


def test_every_mechanism_has_one_line():
    rows = [row for row, _ in _lines()]
    assert Counter([*rows, *_missing()]) == Counter(MECHANISMS)


def test_every_row_of_a_table_is_read():
    tables, _, _ = _page().partition("\n## Not there yet\n")
    rows = [one for one in tables.splitlines() if re.match(r"\|\s*[A-J]\d", one)]
    assert len(rows) == len(_lines())


def test_the_page_and_the_scenarios_say_the_same():
    said = [(row, scenario) for row, names in _lines() for scenario in names]
    assert sorted(said) == sorted(_shown())


@pytest.mark.parametrize(
    ("scenario", "rows"), sorted(Counter(name for _, name in _shown()).items()), ids=str
)
def test_one_scenario_shows_few_mechanisms(scenario, rows):
    assert rows <= MOST
