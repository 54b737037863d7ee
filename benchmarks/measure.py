"""How the figures are taken: both sides in turn, medians, CPU time where one process works.

The machine is shared and its clock speed moves, so the two sides of a ratio take
turns in one run, each long enough to measure and short enough to meet the same
weather. The garbage collector is emptied before each turn and off during it, for
both alike.
"""

from __future__ import annotations

import gc
import operator
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

_JUDGES: Mapping[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        name: what is measured.
        value: ours, in ``unit``.
        against: the baseline, in words; ``against_value`` is in the same unit.
        ratio: of the two values, the way round that ``target`` speaks of.
        target: ``>= 6``, ``<= 1.5`` for the ratio, ``<= 5 ms`` for our own value, or "" where
            the figure is only stated.
    """

    name: str
    value: float
    unit: str
    against: str
    against_value: float
    ratio: float
    target: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the figure is what the project aims at; None without an aim."""
        if not self.target:
            return None
        sign, bound, *unit = self.target.split()
        return _JUDGES[sign](self.value if unit else self.ratio, float(bound))

    def to_json(self) -> dict[str, Any]:
        """Return it as ``bihuan bench --json`` prints it."""
        return {**asdict(self), "reached": self.reached}


Clock = Callable[[], float]
CPU: Clock = time.process_time
"""CPU seconds of this process, all its threads."""
WALL: Clock = time.perf_counter
"""Seconds that pass: where another process does part of the work."""


@dataclass(slots=True)
class Meter:
    """Adds up the seconds that a clock counts inside ``running`` blocks."""

    clock: Clock
    seconds: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of the block."""
        began = self.clock()
        try:
            yield
        finally:
            self.seconds += self.clock() - began


Side = Callable[[Meter], int]
"""One turn of a side: does its work, runs the meter over what counts, and
returns how many units of work that were."""


def take_turns(sides: Mapping[str, Side], turns: int, clock: Clock = CPU) -> dict[str, float]:
    """Return for each side the median seconds per unit of work.

    Args:
        turns: how often each side comes, after a first turn that is not counted.
    """
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(turns + 1):
        # Each side is first in every second turn.
        for name in list(sides) if turn % 2 else reversed(sides):
            seconds = _turn(sides[name], clock)
            if turn:
                taken[name].append(seconds)
    return {name: median(found) for name, found in taken.items()}


def _turn(side: Side, clock: Clock) -> float:
    meter = Meter(clock)
    with quiet():
        units = side(meter)
    return meter.seconds / units


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the garbage collector out of the block."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
