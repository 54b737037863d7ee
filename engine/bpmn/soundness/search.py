"""The markings that a net can come to, and what is wrong with them.

Every marking is visited once, breadth first, so that the first path to a fault is
a shortest one. Above ``LIMIT`` markings, or ``WORK``, a second search lets a token that nothing
else depends on go first instead of trying every order; what it finds is there,
but it may have missed something: the result is partial then.

Method: reachability of 1-safe nets; the reduction is that of stubborn sets
(Valmari, 1991), here of the steps of one token that no other step competes for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.bpmn.soundness.parts import Join, Net, Step

LIMIT = 10_000
"""Markings per search."""

PLACES = 3_000
"""Scopes of more flows than that are not searched."""

WORK = 200_000
"""Tokens looked at per search, about a third of a second: markings of thousands of
tokens are dearer than those of ten."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong, with a shortest path to it.

    Attributes:
        kind: ``second-token``, ``deadlock`` or ``no-end``.
        elements: where: the element that gave the second token; what waits (joins, or
            activities that never end); the first element after which there is no end.
        path: the elements passed, from the start event on.
        missing: for deadlocks: the incoming flows that wait for a token.
    """

    kind: str
    elements: tuple[str, ...]
    path: tuple[str, ...]
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """What a search found.

    Attributes:
        entered: the elements that something happened at.
        ends: the scope can come to its end as drawn.
        fails: it can end with an error.
        partial: not every marking was visited.
    """

    faults: list[Fault] = field(default_factory=list)
    entered: set[str] = field(default_factory=set)
    ends: bool = False
    fails: bool = False
    partial: bool = False
    markings: int = 0


def search(net: Net, *, limit: int = LIMIT) -> Report:
    """Return what can happen in a net, from all of its starts."""
    if len(net.names) > PLACES or net.cut:
        return Report(ends=True, partial=True)
    full = _Search(net, limit, reduced=False).run()
    if not full.partial or full.faults:
        return full
    reduced = _Search(net, limit, reduced=True).run()
    reduced.partial = True
    reduced.entered |= full.entered
    reduced.ends |= full.ends
    reduced.fails |= full.fails
    return reduced


class _Search:
    def __init__(self, net: Net, limit: int, *, reduced: bool) -> None:
        self.net = net
        self.limit = limit
        self.reduced = reduced
        self.report = Report()
        self._came: dict[int, tuple[int | None, str]] = {}
        self._before: dict[int, list[int]] = {}
        self._work = 0
        self._stuck: dict[tuple[str, ...], int] = {}
        self._last: list[int] = []

    def run(self) -> Report:
        report, apart = self.report, self.net.apart
        ahead: list[int] = []
        for element, marking in (*self.net.starts, *self.net.undoing):
            self._begin(element, marking, ahead)
        for marking in ahead:
            # The list grows while it is walked: breadth first.
            if len(self._came) > self.limit or self._work > WORK:
                report.partial = True
                break
            if apart:
                apart = self._begin_apart(marking, apart, ahead)
            moved = False
            for step, after in self._moves(marking):
                moved = True
                report.entered.add(step.element)
                report.fails |= step.fails
                if after == 0 and not step.fails:
                    self._last.append(marking)
                if after is None:
                    path = (*self._path(marking), step.element)
                    report.faults = [Fault("second-token", (step.element,), path)]
                    report.markings, report.ends = len(self._came), self._ends()
                    return report
                self._before.setdefault(after, []).append(marking)
                if after not in self._came:
                    self._came[after] = (marking, step.element)
                    ahead.append(after)
            if marking and not moved:
                self._stuck.setdefault(self._waiting(marking), marking)
        report.markings, report.ends = len(self._came), self._ends()
        report.faults = [self._deadlock(*one) for one in self._stuck.items()]
        if not report.partial and not report.faults:
            report.faults = self._endless()
        return report

    def _begin(self, element: str, marking: int, ahead: list[int]) -> None:
        self.report.entered.add(element)
        if marking not in self._came:
            self._came[marking] = (None, element)
            ahead.append(marking)

    def _begin_apart(
        self, marking: int, apart: list[tuple[int, str, int]], ahead: list[int]
    ) -> list[tuple[int, str, int]]:
        """Begin what this marking lets begin by itself; return what still cannot."""
        for taken, element, begun in apart:
            if marking & taken == taken:
                self._begin(element, begun, ahead)
        return [one for one in apart if marking & one[0] != one[0]]

    def _moves(self, marking: int) -> Iterator[tuple[Step, int | None]]:
        """Return the steps possible and the marking after each; None = a second token."""
        steps = self._possible(marking)
        if self.reduced:
            first = next((one for one in steps if one.alone), None)
            if first is not None:
                steps = [one for one in steps if one.takes == first.takes]
        for step in steps:
            left = marking & ~step.takes & ~step.clears
            if step.ends:
                yield step, 0
            elif self.net.slots:
                yield step, self._counted(left, step.gives)
            else:
                yield step, None if left & step.gives & ~self.net.beside else left | step.gives

    def _counted(self, left: int, gives: int) -> int | None:
        """Add tokens where some flows hold several; None = a second token, or one too many."""
        for bits, lowest, size in self.net.slots:
            count = (left & bits).bit_count() + (gives & bits).bit_count()
            if count > size and bits & ~self.net.beside:
                return None
            held = lowest * ((1 << min(count, size)) - 1)
            left, gives = left & ~bits, gives & ~bits | held
        return None if left & gives & ~self.net.beside else left | gives

    def _possible(self, marking: int) -> list[Step]:
        found, rest = [], marking
        self._work += marking.bit_count()
        while rest:
            lowest = rest & -rest
            rest ^= lowest
            steps = self.net.steps.get(lowest, ())
            found += [step for step in steps if marking & step.takes == step.takes]
        for join in self.net.joins:
            held = _ready(join, marking)
            if held:
                found += [Step(join.element, held, gives) for gives in join.gives]
        return found

    def _path(self, marking: int) -> tuple[str, ...]:
        passed = []
        at: int | None = marking
        while at is not None:
            at, element = self._came[at]
            passed.append(element)
        return tuple(reversed(passed))

    def _waiting(self, marking: int) -> tuple[str, ...]:
        waits = [element for element, flows in self.net.waits.items() if marking & flows]
        waits += [one.element for one in self.net.joins if marking & sum(one.flows)]
        waits += [element for bit, element in self.net.stays.items() if marking & bit]
        return tuple(dict.fromkeys(waits))

    def _deadlock(self, waiting: tuple[str, ...], marking: int) -> Fault:
        missing = 0
        for element in waiting:
            missing |= self.net.waits.get(element, 0) & ~marking
        found = [name for bit, name in enumerate(self.net.names) if missing >> bit & 1]
        names = tuple(dict.fromkeys(found))
        return Fault("deadlock", waiting, self._path(marking), names)

    def _ends(self) -> bool:
        """Whether the scope comes to its end as drawn; what begins by itself does not count."""
        if any(marking == 0 for _, marking in self.net.starts):
            # Nothing follows a start event: it is all there is to do.
            return True
        if not self._last or not (self.net.apart or self.net.undoing):
            return bool(self._last)
        reached = self._leading_to(self._last)
        return not self.net.starts or any(marking in reached for _, marking in self.net.starts)

    def _leading_to(self, markings: list[int]) -> set[int]:
        """Return these markings and all from which one of them is reached."""
        reached, ahead = {*markings}, [*markings]
        for marking in ahead:
            for one in self._before.get(marking, ()):
                if one not in reached:
                    reached.add(one)
                    ahead.append(one)
        return reached

    def _endless(self) -> list[Fault]:
        """Name the first marking from which no end is reached any more."""
        reached = self._leading_to([0])
        lost = next((one for one in self._came if one not in reached), None)
        if lost is None:
            return []
        # The step into the round says more than the choice before it.
        step, _ = next(self._moves(lost))
        return [Fault("no-end", (step.element,), (*self._path(lost), step.element))]


def _ready(join: Join, marking: int) -> int:
    """Return the tokens that an inclusive join takes now; 0 = it waits, or has none.

    It waits while a token elsewhere can reach a flow that is still empty, unless that
    token can also reach one that is filled (BPMN 2.0, 13.4.3).
    """
    held, filled = 0, 0
    for index, flow in enumerate(join.flows):
        if marking & flow:
            held |= flow
            filled |= 1 << index
    if held.bit_count() < join.least or not held:
        return 0
    rest = marking & ~held
    while rest:
        lowest = rest & -rest
        rest ^= lowest
        ahead = join.blocks.get(lowest, 0)
        if ahead & ~filled and not ahead & filled:
            return 0
    return held
