"""The parts of a net: places are bits of an integer, a marking is such an integer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that can happen at an element.

    Attributes:
        element: where; its id in the file.
        takes: the tokens that must be there, and are gone then.
        gives: the tokens that are there then.
        clears: tokens that are gone then, if they were there.
        alone: no other step takes any of these tokens, whatever happens elsewhere:
            it may as well happen first.
        ends: everything in the scope ends with it.
        fails: it ends with an error, which leaves the scope.
    """

    element: str
    takes: int
    gives: int
    clears: int = 0
    alone: bool = False
    ends: bool = False
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How an activity can end: as drawn, or by an error that leaves it."""

    ends: bool = True
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """An inclusive join: it fires when nothing more can come.

    Attributes:
        flows: place bit of each incoming flow, in order.
        blocks: per place, the incoming flows that a token there can still reach, as a
            mask over the order of ``flows``.
        gives: what may be there when it has fired.
        least: so many tokens it needs. A complex gateway counts as an inclusive join that
            needs as many as its condition says, if it says so plainly: what comes late
            is absorbed, so that one token goes on in either case.
    """

    element: str
    flows: tuple[int, ...]
    blocks: Mapping[int, int]
    gives: tuple[int, ...]
    least: int = 1


@dataclass(slots=True)
class Net:
    """A scope to be searched.

    Attributes:
        names: for each place bit's index: the flow or activity it stands for.
        starts: the markings that the scope can begin with, and the element of each.
        undoing: likewise the activities that only compensate others.
        apart: what begins by itself once these tokens have been there: (tokens, element,
            marking). Non-interrupting boundary events whose way touches nothing else.
        steps: for each place bit: the steps of whose tokens that is the lowest.
        joins: the inclusive joins.
        waits: parallel joins: element and its incoming flows' bits.
        stays: place bits of activities that never end, and the activity.
        slots: flows that hold several tokens: (their bits, the lowest one, how many). The
            lowest ones are set first, so that a marking says how many there are.
        cut: tokens can meet in more ways than are tried: the net is not whole.
        beside: the places that only non-interrupting boundary events lead to. What
            they begin runs beside the rest, and may well run twice.
    """

    names: list[str] = field(default_factory=list)
    starts: list[tuple[str, int]] = field(default_factory=list)
    undoing: list[tuple[str, int]] = field(default_factory=list)
    apart: list[tuple[int, str, int]] = field(default_factory=list)
    steps: dict[int, list[Step]] = field(default_factory=dict)
    joins: list[Join] = field(default_factory=list)
    waits: dict[str, int] = field(default_factory=dict)
    stays: dict[int, str] = field(default_factory=dict)
    slots: list[tuple[int, int, int]] = field(default_factory=list)
    cut: bool = False
    beside: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the tokens of a scope are while it runs.

    Attributes:
        at: the elements that a token is in, each as often as there are tokens.
        held: (incoming flow of a join, how many tokens the join holds of it).
    """

    at: tuple[str, ...] = ()
    held: tuple[tuple[str, int], ...] = ()
