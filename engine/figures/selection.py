"""A part of what a figure counts: of one body, one hour of the week, one item.

A table of the board shows a figure divided up; a selection is one cell of it, so that
the list of cases behind the cell holds exactly those that were counted there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from engine.figures import counting
from engine.figures.counting import Window
from engine.figures.definitions import Figure
from engine.figures.facts import Fact
from engine.figures.ground import Ground
from engine.ports import Application

_BY_ITEM = ("grid_event", "whistle_report")
"""The processes whose cases are about an item of the responsibility list."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which facts of a figure; None: whichever.

    Attributes:
        body: of this department or other body alone, wherever in the unit.
        weekday: from 1, Monday, to 7; by the moment that the figure is counted by, local.
        hour: from 0 to 23, likewise.
        item: of this item of the responsibility list; empty: of none.
    """

    body: str | None = None
    weekday: int | None = None
    hour: int | None = None
    item: str | None = None

    def of(
        self, ground: Ground, figure: Figure, facts: Sequence[Fact], window: Window
    ) -> tuple[Sequence[Fact], Window]:
        """Return the facts that are left, and the window that they are to be counted in."""
        found = facts
        if self.body is not None:
            found = counting.of_body(found, window, {self.body})
            window = Window(None, window.since, window.until)
        if self.weekday is not None or self.hour is not None:
            found = [one for one in found if self._is_then(ground, figure, one)]
        if self.item is not None:
            items = items_of_cases(ground)
            found = [one for one in found if items.get(one.case, "") == self.item]
        return found, window

    def _is_then(self, ground: Ground, figure: Figure, one: Fact) -> bool:
        at = hour_of_week(ground, figure, one)
        return at is not None and self.weekday in {None, at[0]} and self.hour in {None, at[1]}


def hour_of_week(ground: Ground, figure: Figure, one: Fact) -> tuple[int, int] | None:
    """Return the local (weekday, hour) of the moment that a fact is counted by, if it has one."""
    at = one.moments.get(figure.counted_by)
    if at is None:
        return None
    local = ground.calendar.local(at)
    return local.isoweekday(), local.hour


def items_of_cases(ground: Ground) -> Mapping[str, str]:
    """Return the code of the item of each case that is about one."""
    kept = ground.made.items
    if _BY_ITEM not in kept:
        kept[_BY_ITEM] = {
            case: str(run.data["item_code"])
            for process in _BY_ITEM
            for case, run in ground.case_runs(process).items()
            if run.data.get("item_code")
        }
    return kept[_BY_ITEM]


def item_names(app: Application, day: date) -> dict[str, tuple[str, str]]:
    """Return how the responsibility list of a day calls each item, in Chinese and English."""
    version = app.references.active.get("responsibility")
    found: dict[str, tuple[str, str]] = {}
    for row in [] if version is None else version.in_force(day):
        zh, en = (f"{row[f'category_{one}']} · {row[f'item_{one}']}" for one in ("zh", "en"))
        found.setdefault(row["code"], (zh, en))
    return found
