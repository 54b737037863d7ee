"""All combinations of what a table's columns tell apart, and the rules that match each.

Whether rules overlap, cover each other or leave something open is asked here; what is
found is a combination, to be shown as an example.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine import feel
from engine.decisions.segments import Segments
from engine.decisions.tables import Input

BUDGET = 200_000
"""Steps of one search, and five times as many of all for one table; the rest is not told."""


def shown(
    inputs: Sequence[Input], samples: Sequence[Sequence[Any]], places: Sequence[int]
) -> dict[str, Any]:
    """Return a combination as data that people read, in plain JSON.

    Columns that tell nothing apart are left out.
    """
    return {
        column.text or column.label: feel.to_json(values[at])
        for column, values, at in zip(inputs, samples, places, strict=True)
        if len(values) > 1 or values[at] is not None
    }


class Space:
    """All combinations of segments, and which rules match them.

    Attributes:
        sure: the rules whose cells can all be told.
    """

    def __init__(self, columns: list[Segments], count: int) -> None:
        self.columns, self.rules = columns, (1 << count) - 1
        self.left = 5 * BUDGET
        opaque = 0
        for one in columns:
            opaque |= one.opaque
        self.sure = self.rules & ~opaque
        self.by_segment = [list(_by_segment(one)) for one in columns]

    def everything(self) -> list[int]:
        """Return the region of all segments."""
        return [one.all for one in self.columns]

    def overlapping(self, at: int, other: int | None = None) -> int:
        """Return the rules that surely share a combination with this one, as bits."""
        if not self.sure >> at & 1 and other is None:
            return 0
        left = self.sure if other is None else 1 << other
        for column, rules in zip(self.columns, self.by_segment, strict=True):
            mask = column.masks[at]
            if mask != column.all:
                found = 0
                for segment in bits(mask):
                    found |= rules[segment]
                left &= found
            if not left:
                return 0
        return left

    def common(self, one: int, other: int) -> list[int]:
        """Return a combination that two rules share."""
        return self.first([column.masks[one] & column.masks[other] for column in self.columns])

    @staticmethod
    def first(region: Sequence[int]) -> list[int]:
        """Return the first combination of a region."""
        return [(mask & -mask).bit_length() - 1 if mask else 0 for mask in region]

    def uncovered(self, region: Sequence[int], rules: int) -> list[int] | None:
        """Return a combination of a region that none of these rules matches.

        Returns:
            [] if there is none; None if the search takes too long.
        """
        left = min(BUDGET, self.left)
        self.left -= left
        seen: set[tuple[int, int]] = set()
        stack: list[tuple[int, int, tuple[int, ...]]] = [(0, rules, ())]
        while stack:
            depth, among, path = stack.pop()
            if not among:
                self.left += left
                return [*path, *self.first(region[depth:])]
            if depth == len(self.columns):
                continue
            here = self.by_segment[depth]
            for segment in reversed(list(bits(region[depth]))):
                left -= 1
                if left < 0:
                    return None
                matching = among & here[segment]
                if (depth + 1, matching) not in seen:
                    seen.add((depth + 1, matching))
                    stack.append((depth + 1, matching, (*path, segment)))
        self.left += left
        return []


def _by_segment(column: Segments) -> Iterator[int]:
    """Yield for each segment the rules whose cell lets it pass, as bits."""
    rules = [0] * len(column.samples)
    anything = 0
    for at, mask in enumerate(column.masks):
        if mask == column.all:
            anything |= 1 << at
            continue
        for segment in bits(mask):
            rules[segment] |= 1 << at
    for one in rules:
        yield one | anything


def bits(mask: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, the lowest first."""
    while mask:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit
