"""What lies behind an element, for moving tokens.

To go back to an earlier element it is not enough to move one token: what runs beside
it, and what joins hold of it, would stay. The *region* of an element is what can be
reached from it without passing a strict dominator of it; "downstream" alone would, in a
loop, be everything. A dominator of an element is one that every way from a start leads
through (Prosser, 1959).

Ways are sequence flows, links, and from an activity to its boundary events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from engine.kernel.plan import Area, Place

_AREAS = 512


class Map(NamedTuple):
    """The ways of one area.

    Attributes:
        after: element -> those that one step leads to.
        dominators: element -> its dominators, itself among them; without what no start
            leads to.
    """

    after: Mapping[str, tuple[str, ...]]
    dominators: Mapping[str, frozenset[str]]


def region(area: Area, one: str | None, other: str | None) -> frozenset[str]:
    """Return the elements that a move between two elements of an area is about.

    It is the region of their nearest common dominator: going back, of the element that
    is gone back to; jumping over a join, of the gateway that split. All of the area where
    they have none, or where one of them is None.
    """
    ways = map_of(area)
    ours, others = ways.dominators.get(one or ""), ways.dominators.get(other or "")
    common = ours & others if ours and others else None
    if not common:
        return frozenset(area.places)
    nearest = max(common, key=lambda element: len(ways.dominators[element]))
    return _reached(ways.after, [nearest], ways.dominators[nearest] - {nearest})


def leads_to(area: Area, one: str, other: str) -> bool:
    """Whether a way leads from an element to another; every element leads to itself."""
    return other in _reached(map_of(area).after, [one], frozenset())


@lru_cache(maxsize=_AREAS)
def map_of(area: Area) -> Map:
    """Return the ways of an area; worked out once for each."""
    after = {place.id: _after(place) for place in area.places.values()}
    return Map(after, _dominators(after, _beginnings(area)))


def _after(place: Place) -> tuple[str, ...]:
    ahead = [target.id for _, target in place.exits]
    ahead += [*place.node.boundary, *(one.id for one in place.links)]
    return tuple(dict.fromkeys(ahead))


def _beginnings(area: Area) -> list[str]:
    scope = area.scope
    gateways = [one for one in scope.instantiating.values() if one]
    return [*scope.beginnings, *gateways] or [*scope.implicit_starts]


def _reached(
    after: Mapping[str, tuple[str, ...]], ahead: list[str], closed: frozenset[str]
) -> frozenset[str]:
    seen = {*ahead}
    for element in ahead:
        # The list grows while it is walked.
        more = [one for one in after[element] if one not in seen and one not in closed]
        seen.update(more)
        ahead.extend(more)
    return frozenset(seen)


def _dominators(
    after: Mapping[str, tuple[str, ...]], beginnings: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Return the greatest solution of dom(n) = {n} and what dominates all before n."""
    order = [*dict.fromkeys(beginnings)]
    starts = frozenset(order)
    reached = _reached(after, order, frozenset())
    order = [one for one in order if one in reached]
    before: dict[str, list[str]] = {one: [] for one in order}
    for one in order:
        for ahead in after[one]:
            before[ahead].append(one)
    found = {one: frozenset({one}) if one in starts else reached for one in order}
    changed = True
    while changed:
        changed = False
        for one in order:
            if one in starts:
                continue
            common = frozenset.intersection(*(found[earlier] for earlier in before[one]))
            if common | {one} != found[one]:
                found[one] = common | {one}
                changed = True
    return found
