"""The figures that offices report, counted from what runs leave and registers hold.

    some(app, ["on_time"], unit="D04", since=date(2026, 8, 1), until=date(2026, 9, 1))

What is counted and how is data: the lists ``figures``, ``figure_weights``,
``score_rules`` and ``milestones``.
"""

from __future__ import annotations

from engine.figures.answers import PARTS, cases_behind, entered, may_see, overview, place_of, share
from engine.figures.boards import board, units
from engine.figures.counting import Counted, Window
from engine.figures.definitions import Figure
from engine.figures.facts import Fact
from engine.figures.freezing import collect
from engine.figures.ranking import RULESET, league, lists
from engine.figures.reading import Reading, one, some
from engine.figures.selection import Selection, item_names

__all__ = [
    "PARTS",
    "RULESET",
    "Counted",
    "Fact",
    "Figure",
    "Reading",
    "Selection",
    "Window",
    "board",
    "cases_behind",
    "collect",
    "entered",
    "item_names",
    "league",
    "lists",
    "may_see",
    "one",
    "overview",
    "place_of",
    "share",
    "some",
    "units",
]
