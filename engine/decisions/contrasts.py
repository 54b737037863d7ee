"""An input that two versions of a table decide differently, looked for around one rule.

What is found is true: rules whose cells or outputs need more than the table's inputs are
not guessed about, and where nothing is found nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine import feel
from engine.decisions.logic import Constant
from engine.decisions.running import Run
from engine.decisions.segments import Segments, joint_segments
from engine.decisions.spaces import Space, bits, shown
from engine.decisions.tables import SINGLE, Hits, Input, Table

MOST_EXAMPLES = 50
MOST_TRIES = 200
"""Inputs that are tried for one rule."""
MOST_RULES = 1_500


class _Side:
    """One version of a table in the space of what both tell apart."""

    def __init__(self, table: Table, columns: list[Segments], inputs: Sequence[int | None]) -> None:
        self.table, self.inputs = table, inputs
        self.space = Space(columns, len(table.rules))

    def region(self, row: int) -> list[int]:
        """Return what the rule of a row lets pass, column by column."""
        return [one.masks[row - 1] for one in self.space.columns]

    def told(self, places: Sequence[int]) -> Hits | None:
        """Return what the table says of a combination; None if that needs more than its inputs."""
        matching = self.space.rules
        for at, one in zip(places, self.space.columns, strict=True):
            matching &= sum(1 << rule for rule, mask in enumerate(one.masks) if mask >> at & 1)
        if matching & ~self.space.sure:
            return None
        for at in bits(matching):
            if not all(isinstance(one, Constant) for one in self.table.rules[at].cells):
                return None
        values: list[Any] = [None] * len(self.table.inputs)
        for dimension, number in enumerate(self.inputs):
            if number is not None:
                values[number] = self.space.columns[dimension].samples[places[dimension]]
        for column, value in zip(self.table.inputs, values, strict=True):
            if (
                value is not None
                and column.allowed is not None
                and not column.allowed.admits(value)
            ):
                return Hits(None)
        return self.table.hits(values, {}, Run(None))


class Contrast:
    """Two versions of a table.

    Args:
        old, new: either may be None where it cannot be read; then nothing is found.
    """

    def __init__(self, old: Table | None, new: Table | None) -> None:
        self.sides: tuple[_Side, _Side] | None = None
        self.inputs: list[Input] = []
        self.names: list[str] = []
        self.left = MOST_EXAMPLES
        if old is None or new is None or max(len(old.rules), len(new.rules)) > MOST_RULES:
            return
        self.names = [one.name for one in new.outputs if one.name in {n.name for n in old.outputs}]
        if self.names:
            self._lay_out(old, new)

    def _lay_out(self, old: Table, new: Table) -> None:
        """Lay the inputs of both beside each other; what one alone has tells nothing."""
        pairs: list[tuple[int | None, int | None]] = []
        texts = {one.text: at for at, one in enumerate(old.inputs)}
        for at, one in enumerate(new.inputs):
            pairs.append((texts.pop(one.text, None), at))
        pairs += [(at, None) for at in texts.values()]
        if len({one.text for one in new.inputs}) < len(new.inputs) or len(
            {one.text for one in old.inputs}
        ) < len(old.inputs):
            return
        columns: tuple[list[Segments], list[Segments]] = ([], [])
        for pair in pairs:
            asked = [(t, n) for t, n in zip((old, new), pair, strict=True) if n is not None]
            found = joint_segments(asked)
            if found is None:
                return
            both = iter(found)
            for side, table, number in zip(columns, (old, new), pair, strict=True):
                side.append(next(both) if number is not None else _blind(table, found[0]))
            self.inputs.append(asked[-1][0].inputs[asked[-1][1]])
        self.sides = (
            _Side(old, columns[0], [one for one, _ in pairs]),
            _Side(new, columns[1], [one for _, one in pairs]),
        )

    def example(self, old: int | None, new: int | None) -> dict[str, Any] | None:
        """Return an input that comes out differently, around the rows of a rule.

        Args:
            old, new: its row in either version; None where it has none.

        Returns:
            ``{inputs, from, to}``: data by the texts of the input expressions, and the
            results, in plain JSON.
        """
        if self.sides is None or self.left <= 0:
            return None
        seen: set[tuple[int, ...]] = set()
        for places in self._candidates(old, new):
            if tuple(places) in seen:
                continue
            seen.add(tuple(places))
            if len(seen) > MOST_TRIES:
                return None
            found = [side.told(places) for side in self.sides]
            if found[0] is None or found[1] is None:
                continue
            was, now = (
                self._value(side.table, hits)
                for side, hits in zip(self.sides, found, strict=True)
                if hits is not None
            )
            if was != now:
                self.left -= 1
                return self._told(places, was, now)
        return None

    def _told(self, places: Sequence[int], was: Any, now: Any) -> dict[str, Any]:
        assert self.sides is not None
        samples = [one.samples for one in self.sides[1].space.columns]
        return {"inputs": shown(self.inputs, samples, places), "from": was, "to": now}

    def _value(self, table: Table, hits: Hits) -> Any:
        """Return a table's value in plain JSON, of the outputs that both versions have."""
        if table.policy not in (*SINGLE, "R", "O", "C") or not hits.rows:
            return feel.to_json(hits.value)
        if hits.value is None:
            return None
        rows = [{name: feel.to_json(row[name]) for name in self.names} for row in hits.rows]
        found = [one if len(self.names) > 1 else one[self.names[0]] for one in rows]
        return found[0] if table.policy in SINGLE else found

    # -- where to look ----------------------------------------------------------------

    def _candidates(self, old: int | None, new: int | None) -> Iterator[list[int]]:
        """Yield combinations around a rule, those most likely to differ first."""
        assert self.sides is not None
        before, after = self.sides
        regions = [
            (side, row, side.region(row))
            for side, row in ((after, new), (before, old))
            if row is not None
        ]
        for at, (side, row, region) in enumerate(regions):
            other = regions[1 - at][2] if len(regions) == 2 else None
            for part in _parts(region, other):
                yield from self._in(side, row, part)
        for side, row, region in regions:
            for rule in list(bits(side.space.overlapping(row - 1)))[:20]:
                shared = [a & b for a, b in zip(region, side.region(rule + 1), strict=True)]
                if all(shared):
                    yield from self._in(side, row, shared)

    @staticmethod
    def _in(side: _Side, row: int, region: list[int]) -> Iterator[list[int]]:
        if side.table.policy == "F":
            free = side.space.uncovered(region, (1 << (row - 1)) - 1)
            if free:
                yield free
        yield Space.first(region)
        for number, mask in enumerate(region):
            for segment in list(bits(mask))[1:6]:
                moved = Space.first(region)
                moved[number] = segment
                yield moved


def _parts(region: list[int], other: list[int] | None) -> Iterator[list[int]]:
    """Yield what a region has and another has not, then the region itself."""
    if other is not None:
        for number, (mask, theirs) in enumerate(zip(region, other, strict=True)):
            if mask & ~theirs:
                part = list(region)
                part[number] = mask & ~theirs
                if all(part):
                    yield part
    if all(region):
        yield region


def _blind(table: Table, like: Segments) -> Segments:
    """Return segments that a table without the column does not tell apart."""
    everything = (1 << len(like.samples)) - 1
    return Segments(like.samples, (everything,) * len(table.rules), 0)


__all__ = ["Contrast"]
