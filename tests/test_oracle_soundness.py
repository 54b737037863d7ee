"""The search for deadlocks against two oracles: a game of tokens, and whole runs.

The game plays every order of one scope and makes every choice. Whole runs are those of
``tests.oracle`` with every decision tried in turn, up to a few. The seeds are fixed.
"""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import Any

import pytest

from engine.bpmn.model import Flow, Process
from engine.bpmn.reader import read
from engine.bpmn.soundness.net import build
from engine.bpmn.soundness.parts import Ending
from engine.bpmn.soundness.search import Report, search
from tests.memory import flows, process
from tests.oracle import Endless, Oracle
from tests.oracle.books import Visit
from tests.oracle.game import Game, Verdict
from tests.test_soundness import HOUR, tags, told

SEEDS = range(8)
NETS = 50
KINDS = (
    {"user": 4, "xor": 4, "and": 4, "or": 5, "bound": 2, "gives": 3, "needs": 3},
    {"user": 4, "xor": 4, "and": 3, "or": 4, "bound": 2, "stays": 6},
)
"""By seed: nets with quantities, and nets with events that do not interrupt."""

ENDS = ("", "", "", "<terminateEventDefinition/>", '<errorEventDefinition errorRef="E1"/>')
TAGS = {"xor": "exclusive", "and": "parallel", "or": "inclusive"}


class Small:
    """A net of a few nodes wired at random, ways back among them."""

    def __init__(self, dice: Random, kinds: dict[str, int]) -> None:
        self.dice = dice
        names = [f"n{number}" for number in range(dice.randint(3, 6))]
        self.kinds = {one: dice.choices([*kinds], [*kinds.values()])[0] for one in names}
        self.edges = {("s", "n0"), (names[-1], "e")}
        sources: list[str] = []
        for index, node in enumerate(names):
            if index:
                self.edges.add((dice.choice(sources), node))
            sources += [node, f"b{node}"] if self.kinds[node] in ("bound", "stays") else [node]
        for _ in range(dice.randint(1, len(names) + 2)):
            source = dice.choice(sources)
            onward = names[names.index(source.removeprefix("b")) + 1 :]
            anywhere = dice.random() < 0.25
            target = dice.choice([*names, "e", "e", "e"] if anywhere else [*onward, "e"])
            if source != target:
                self.edges.add((source, target))
        for node in names:
            if self.kinds[node] in TAGS and not self.out(node):
                self.edges.add((node, "e"))

    def out(self, node: str) -> list[tuple[str, str]]:
        return sorted(edge for edge in self.edges if edge[0] == node)

    def file(self) -> bytes:
        # What an event that stays begins is looked at by itself, whatever ends it all.
        ends = "" if "stays" in self.kinds.values() else self.dice.choice(ENDS)
        xml = f'<startEvent id="s"/><endEvent id="e">{ends}</endEvent>'
        xml += "".join(map(self.node, self.kinds))
        plain = [edge for edge in sorted(self.edges) if edge[0] == "s" or edge[0][0] == "b"]
        xml += flows(*(f"{source} > {target}" for source, target in plain))
        return process(xml, extra='<error id="E1" errorCode="e1"/>')

    def node(self, node: str) -> str:
        dice, kind, out = self.dice, self.kinds[node], self.out(node)
        if kind not in TAGS:
            return self.activity(node, kind) + flows(*(f"{a} > {b}" for a, b in out))
        asks = kind != "and" and len(out) > 1
        default = asks and dice.random() < 0.6
        excluding = dice.random() < 0.3
        written = f' default="{node}_{out[0][1]}"' if default else ""
        xml = f'<{TAGS[kind]}Gateway id="{node}"{written}/>'
        for number, (source, target) in enumerate(out):
            # Beside conditions an inclusive gateway may have a flow that is always taken.
            asks = asks and (kind != "or" or dice.random() < 0.85)
            text = f" : k == {number}" if excluding else f" : c{number}"
            asked = text if asks and not (default and number == 0) else ""
            xml += flows(f"{source} > {target}{asked}")
        return xml

    def activity(self, node: str, kind: str) -> str:
        if kind in ("bound", "stays"):
            stays = ' cancelActivity="false"' if kind == "stays" else ""
            return (
                f'<userTask id="{node}"/><boundaryEvent id="b{node}" attachedToRef="{node}"{stays}>'
                f"{HOUR}</boundaryEvent>"
            )
        quantity = {"gives": "completionQuantity", "needs": "startQuantity"}.get(kind)
        if quantity is None:
            return f'<userTask id="{node}"/>'
        return f'<userTask id="{node}" {quantity}="{self.dice.randint(2, 3)}"/>'


def drawn(name: str, kinds: dict[str, int]) -> Process:
    diagram, findings = read(Small(Random(name), kinds).file(), "p.bpmn")
    assert diagram is not None, findings
    return diagram.processes["p"]


def searched(process_: Process) -> Report:
    return search(build(process_.root, lambda _: Ending()))


def said(report: Report) -> str:
    return report.faults[0].kind if report.faults else "sound"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_search_says_what_the_game_of_tokens_says(seed):
    count = 0
    for number in range(NETS):
        one = drawn(f"game {seed} {number}", KINDS[seed % 2])
        game = Game(one.root)
        verdict, report = game.play(), searched(one)
        if verdict is None or report.partial:
            continue
        count += 1
        assert said(report) == verdict.kind, (seed, number)
        if verdict.kind != "second-token":
            assert all_of(report, game) == known(verdict, game), (seed, number)

    assert count > NETS * 0.9


def all_of(report: Report, game: Game) -> tuple[Any, ...]:
    stuck = {frozenset(one.elements) for one in report.faults if one.kind == "deadlock"}
    return compared(report.ends, report.fails, stuck, report.entered, game)


def known(verdict: Verdict, game: Game) -> tuple[Any, ...]:
    return compared(verdict.ends, verdict.fails, verdict.stuck, verdict.entered, game)


def compared(
    ends: bool, fails: bool, stuck: set[frozenset[str]], entered: set[str], game: Game
) -> tuple[Any, ...]:
    """Return what both must say; what events that stay begin is searched by itself."""
    if all(node.interrupting for node in game.nodes.values()):
        return ends, fails, stuck, entered
    return ends, fails, frozenset().union(*stuck), entered


# -- whole runs ---------------------------------------------------------------------------

DECISIONS = 9
RUNS = 150


class Undecided(Exception):
    """The script of a run has come to its end: so many ways are open."""


class Scripted(Oracle):
    """A run in which every choice, also what happens next, is read from a script."""

    def __init__(self, process_: Process, script: tuple[int, ...]) -> None:
        super().__init__({process_.key: process_}, process_.key)
        self.script, self.read = script, 0
        self.ways = Game(process_.root)

    def decide(self, number: int) -> int:
        if number == 1:
            return 0
        if self.read == len(self.script):
            raise Undecided(number)
        self.read += 1
        return self.script[self.read - 1]

    def choose(self, visit: Visit, *, reset: bool = False) -> list[Flow] | None:
        ways = self.ways.leave(visit.node)
        chosen = ways[self.decide(len(ways))]
        return [visit.scope.model.flows[one] for one in dict.fromkeys(chosen)]

    def play(self) -> str:
        """Return how the run ends: ``completed``, or ``stuck`` with nothing that could happen."""
        self.start({})
        while self.state == "open":
            possible: list[Any] = [*self.tasks(), *self.timers()]
            if not possible:
                return "stuck"
            which = possible[self.decide(len(possible))]
            if isinstance(which, Visit):
                self.complete(which, {})
            else:
                self.fire_timer(which)
        return self.state


def runs(process_: Process) -> Any:
    """Yield how each run ends, all scripts in turn; ``unknown`` where it was cut short."""
    ahead: list[tuple[int, ...]] = [()]
    while ahead:
        script = ahead.pop(0)
        try:
            yield Scripted(process_, script).play()
        except Undecided as undecided:
            (ways,) = undecided.args
            if len(script) == DECISIONS:
                yield "unknown"
            else:
                ahead += [(*script, way) for way in range(ways)]
        except Endless:
            yield "unknown"


WHOLE = {"user": 4, "xor": 4, "and": 4, "or": 4, "gives": 1, "needs": 1}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_called_sound_never_sticks_and_what_is_told_can_happen(seed):
    met = set()
    for number in range(NETS // 2):
        one = drawn(f"runs {seed} {number}", WHOLE)
        verdict = said(searched(one))
        if verdict == "second-token" or any(
            node.kind == "endEvent" and node.events for node in one.nodes.values()
        ):
            continue
        ends = {*islice(runs(one), RUNS)}
        met.add(verdict)
        if verdict == "sound":
            assert "stuck" not in ends, (seed, number)
        elif verdict == "deadlock":
            assert ends & {"stuck", "unknown"}, (seed, number)
            met.add("stuck" if "stuck" in ends else "unknown")

    assert {"sound", "deadlock", "stuck"} <= met


@pytest.mark.parametrize("stays", ["", ' cancelActivity="false"'])
def test_what_begins_at_an_activity_that_is_never_reached_is_not_reached_either(stays):
    late = f'<boundaryEvent id="late" attachedToRef="c"{stays}>{HOUR}</boundaryEvent>'
    body = (
        tags(startEvent="s", parallelGateway="f j", userTask="a b c d", exclusiveGateway="x")
        + '<endEvent id="stop"><terminateEventDefinition/></endEvent><endEvent id="e"/>'
        + late
        + flows("s > f > a > stop", "f > b > x", "x > b : k == 1", "x > j : k == 2")
        + flows("j > c > e", "c > j", "late > d")
    )

    assert [one[:2] for one in told(body)] == [
        ("never-reached", one) for one in ("c", "d", "e", "j", "late")
    ]
