"""Charts as plain shapes, drawn into SVG by ``charts.html``.

Every chart is 360 units wide, so that its words can be read on a phone, and stands beside
a table of the same numbers. Nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

Document = dict[str, Any]

WIDTH = 360
ROW = 22
LABEL = 126
TOP, HEIGHT, LEFT = 12, 130, 42
SHADES = 5
"""Shades of a field beside none: the darkest is the most."""


def bars(rows: Sequence[tuple[str, int]]) -> Document:
    """Return a bar for each (label, number), one below the other."""
    most = max((number for _, number in rows), default=0) or 1
    room = WIDTH - LABEL - 40
    return {
        "width": WIDTH,
        "height": ROW * len(rows) + 4,
        "left": LABEL,
        "bars": [
            {"label": label, "number": number, "y": at * ROW + 4, "length": room * number // most}
            for at, (label, number) in enumerate(rows)
        ],
    }


def lines(labels: Sequence[str], rows: Sequence[tuple[str, Sequence[str | None]]]) -> Document:
    """Return lines of percentages over months: (name, values); where there is none is a gap."""
    step = (WIDTH - LEFT - 12) / max(len(labels) - 1, 1)
    found = []
    for name, values in rows:
        points = [
            (round(LEFT + at * step, 1), round(_height(Decimal(value)), 1))
            for at, value in enumerate(values)
            if value is not None
        ]
        runs = _runs([value is not None for value in values], points)
        found.append({"name": name, "runs": [_path(one) for one in runs], "points": points})
    grid = [{"y": round(_height(Decimal(one)), 1), "label": f"{one} %"} for one in (0, 50, 100)]
    return {**_frame(labels, step), "grid": grid, "lines": found}


def columns(labels: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]]) -> Document:
    """Return columns of numbers over months, those of one month side by side."""
    step = (WIDTH - LEFT - 4) / max(len(labels), 1)
    most = max((number for _, values in rows for number in values), default=0) or 1
    wide = step * 0.8 / max(len(rows), 1)
    found = []
    for place, (name, values) in enumerate(rows):
        tall = [HEIGHT * number / most for number in values]
        found.append(
            {
                "name": name,
                "columns": [
                    {"x": round(LEFT + at * step + place * wide, 1), "height": round(one, 1),
                     "y": round(TOP + HEIGHT - one, 1)}
                    for at, one in enumerate(tall)
                ],
            }
        )  # fmt: skip
    grid = [{"y": TOP, "label": str(most)}, {"y": TOP + HEIGHT, "label": "0"}]
    return {**_frame(labels, step), "wide": round(wide, 1), "grid": grid, "rows": found}


def week(rows: Sequence[Sequence[int]]) -> Document:
    """Return a field for each hour of the week, shaded by its number: 0, then 1 to ``SHADES``."""
    most = max((number for row in rows for number in row), default=0)
    side = (WIDTH - LEFT) / 24
    fields = [
        {
            "x": round(LEFT + hour * side, 1),
            "y": day * 16 + 2,
            "shade": shade(number, most),
            "number": number,
        }
        for day, row in enumerate(rows)
        for hour, number in enumerate(row)
    ]
    hours = [{"x": round(LEFT + hour * side, 1), "label": hour} for hour in range(0, 24, 6)]
    return {"width": WIDTH, "height": 132, "side": round(side - 1, 1), "fields": fields,
            "hours": hours}  # fmt: skip


def shade(number: float, most: float) -> int:
    """Return how dark a number is among others: 0 for none, ``SHADES`` for the most."""
    if number <= 0 or most <= 0:
        return 0
    return min(SHADES, 1 + int(SHADES * number / most * 0.9999))


def _frame(labels: Sequence[str], step: float) -> Document:
    shown = [
        {"x": round(LEFT + at * step, 1), "label": label[2:]}
        for at, label in enumerate(labels)
        if at % 3 == 0
    ]
    return {"width": WIDTH, "height": TOP + HEIGHT + 22, "left": LEFT, "months": shown,
            "bottom": TOP + HEIGHT}  # fmt: skip


def _height(percent: Decimal) -> float:
    held = min(max(percent, Decimal(0)), Decimal(100))
    return TOP + HEIGHT - float(held) * HEIGHT / 100


def _runs(
    there: Sequence[bool], points: Sequence[tuple[float, float]]
) -> list[list[tuple[float, float]]]:
    """Return the points that follow each other without a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    left = iter(points)
    for one in there:
        if one:
            runs[-1].append(next(left))
        elif runs[-1]:
            runs.append([])
    return [one for one in runs if len(one) > 1]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x} {y}" for x, y in points)
