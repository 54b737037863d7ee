"""Departments compared: by points, ranked from five shares on, with a red and a black list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine import rates, score_rules
from engine.figures import counting
from engine.figures.counting import Window
from engine.figures.definitions import Figure
from engine.figures.facts import Fact
from engine.figures.reading import Reading

Document = dict[str, Any]

RULESET = "department"
"""The rule set of ``score_rules`` by which departments are compared."""
LISTED = 5
"""So many units stand at most on the red list, and so many on the black one."""


def league(reading: Reading, window: Window, wanted: Sequence[Figure]) -> list[Document]:
    """Return each department with a share of what happened in a window, best first.

    Ranked by points, those with fewer than ``rates.LEAST`` shares after them; equal
    points share a rank.
    """
    shares = reading.falling("shares", "effective_due", window)
    due = [one for one in shares if "live" in one.marks]
    shared = counting.by_body(due, window)
    compared = [
        (one, counting.by_body(reading.falling(one.subject, one.counted_by, window), window))
        for one in _compared(reading, wanted)
    ]
    lines = [
        _line(reading, window, body, len(shared[body]), compared)
        for body in sorted(shared)
        if not body.startswith(("C", "P"))
    ]
    points = {
        one["unit"]: (None if one["points"] is None else Decimal(one["points"]), one["n"])
        for one in lines
    }
    places = rates.ranks(points)
    for one in lines:
        one["rank"] = places.get(one["unit"])
    last = len(lines) + 1
    return sorted(lines, key=lambda one: (one["rank"] or last, one["unit"]))


def _line(
    reading: Reading,
    window: Window,
    body: str,
    number: int,
    compared: Sequence[tuple[Figure, Mapping[str, Sequence[Fact]]]],
) -> Document:
    everywhere = Window(None, window.since, window.until)
    counted = {
        one.code: counting.count(one, facts.get(body, ()), everywhere) for one, facts in compared
    }
    rules = reading.book.rules.get(RULESET, ())
    # What so few have answered takes no part, or the points would tell what they said.
    values = {code: None if one.few else one.value for code, one in counted.items()}
    points = score_rules.score(rules, values)
    return {
        "unit": body,
        "name": reading.ground.organisation.name(body, reading.today),
        "n": number,
        "points": None if points is None else str(points),
        "figures": {
            code: {
                "text": one.printed,
                "numerator": None if one.few else one.parts,
                "n": one.n,
            }
            for code, one in counted.items()
        },
    }


def _compared(reading: Reading, wanted: Sequence[Figure]) -> list[Figure]:
    """Return the figures by which departments are compared: asked for, or in the rules."""
    ruled = {one.metric for one in reading.book.rules.get(RULESET, ())}
    asked = {one.code for one in wanted}
    return [
        one
        for one in reading.book.figures.values()
        if one.subject in _OF_DEPARTMENTS and (one.code in ruled or one.code in asked)
    ]


_OF_DEPARTMENTS = frozenset({"shares", "whistles", "visits", "scores"})


def lists(ranked: Sequence[Document]) -> tuple[list[Document], list[Document]]:
    """Return the first and the last of a ranking: at most five each, and nobody on both.

    Who shares a rank stands on a list together or not at all.
    """
    most = min(LISTED, len(ranked) // 2)
    red = [one for one in ranked if _better(ranked, one) + _equal(ranked, one) <= most]
    black = [one for one in ranked if len(ranked) - _better(ranked, one) <= most]
    return red, black


def _better(ranked: Sequence[Document], one: Document) -> int:
    return sum(1 for other in ranked if other["rank"] < one["rank"])


def _equal(ranked: Sequence[Document], one: Document) -> int:
    return sum(1 for other in ranked if other["rank"] == one["rank"])
