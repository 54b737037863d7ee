"""Ways through a process, compared: pure, over the visits of runs.

A *way* is the sequence of the activities of a run, in the order in which they were begun,
each time one counts; what is done at once by a program is no work. The *straight way* is the most
frequent one of runs that have ended. What another way has more, less or again, against
the straight one, is a deviation of it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.mining.visits import Visit

Way = tuple[str, ...]

SKIPPED, REPEATED, ADDED = "skipped", "repeated", "added"
"""How a way deviates: without an element of the straight one, with one more often, with another."""


@dataclass(frozen=True, slots=True)
class Run:
    """One passage through a process.

    Attributes:
        minutes: working minutes from its beginning to its end; None while it goes on.
    """

    case: str
    number: int
    way: Way
    minutes: float | None


def way_of(visits: Iterable[Visit], activities: Collection[str]) -> Way:
    """Return the activities of a run in the order in which they were begun."""
    return tuple(
        one.element for one in visits if one.instance is None and one.element in activities
    )


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


def deviations(way: Way, straight_way: Way) -> list[tuple[str, str]]:
    """Return (kind, element) of each way in which one deviates from the straight way."""
    mine, other = Counter(way), Counter(straight_way)
    found = [(SKIPPED, one) for one in other if one not in mine]
    found += [(REPEATED, one) for one in mine if mine[one] > max(other[one], 1)]
    found += [(ADDED, one) for one in mine if one not in other]
    return sorted(set(found))
