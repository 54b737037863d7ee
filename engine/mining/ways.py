"""Ways through a process, compared: pure, over the visits of runs.

A *way* is the sequence of the activities of a run, in the order in which they were begun,
each time one counts; what is done at once by a program is no work. The *straight way* is the most
frequent one of runs that have ended. What another way has more, less or again, against
the straight one, is a deviation of it; so is what somebody moved the case to by hand.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.mining.visits import Visit

Way = tuple[str, ...]

SKIPPED, REPEATED, ADDED, MOVED = "skipped", "repeated", "added", "moved"
"""How a run deviates.

From the straight way: without an element of it, with one more often, with another. From the
diagram, which the engine keeps to otherwise: moved to an element by hand.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One passage through a process.

    Attributes:
        minutes: working minutes from its beginning to its end; None while it goes on.
        moved: the elements that somebody moved the case to by hand.
    """

    case: str
    number: int
    way: Way
    minutes: float | None
    moved: frozenset[str] = frozenset()


def way_of(visits: Iterable[Visit]) -> Way:
    """Return the elements of visits in their order; what has instances counts once."""
    return tuple(one.element for one in visits if one.instance is None)


def code(way: Way) -> str:
    """Return a short name of a way, the same for the same elements."""
    return hashlib.sha256("\n".join(way).encode()).hexdigest()[:12]


def by_way(runs: Iterable[Run]) -> dict[Way, list[Run]]:
    """Return the runs by the way they went, the most frequent first."""
    found: dict[Way, list[Run]] = {}
    for run in runs:
        found.setdefault(run.way, []).append(run)
    return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))


def straight(ways: Mapping[Way, Sequence[Run]]) -> Way:
    """Return the way that most of the ended runs went; of equals the shortest."""
    ended = {way: sum(1 for one in runs if one.minutes is not None) for way, runs in ways.items()}
    most = max(ended.values(), default=0)
    return min((way for way, n in ended.items() if n == most and n), key=_short, default=())


def _short(way: Way) -> tuple[int, Way]:
    return len(way), way


def deviations(run: Run, straight_way: Way) -> list[tuple[str, str]]:
    """Return (kind, element) of each deviation; from the straight way only of what has ended."""
    found = {(MOVED, one) for one in run.moved}
    if run.minutes is not None:
        found.update(_against(run.way, straight_way))
    return sorted(found)


def _against(way: Way, straight_way: Way) -> list[tuple[str, str]]:
    mine, other = Counter(way), Counter(straight_way)
    found = [(SKIPPED, one) for one in other if one not in mine]
    found += [(REPEATED, one) for one in mine if mine[one] > max(other[one], 1)]
    found += [(ADDED, one) for one in mine if one not in other]
    return found
