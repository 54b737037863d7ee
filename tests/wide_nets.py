"""Random diagrams of every construct that the oracle knows: grown from blocks, or wired at random.

A seed makes a diagram. All conditions look at the datum ``v``, which people, messages and
jobs write.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

from tests.memory import flows, process

ROOTS = (
    '<message id="M" name="go"/><message id="M2" name="come"/><signal id="S" name="alarm"/><signal id="S2" name="bell"/>'
    '<error id="E1" errorCode="e1"/><error id="E2" errorCode="ZeroDivisionError"/>'
    '<escalation id="X1" escalationCode="x1"/>'
    '<signalEventDefinition id="told" signalRef="S2"/>'
    '<escalationEventDefinition id="raised" escalationRef="X1"/>'
)


def timer(kind: str, text: str) -> str:
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


def condition(text: str) -> str:
    return f"<conditionalEventDefinition><condition>{text}</condition></conditionalEventDefinition>"


MESSAGE = '<messageEventDefinition messageRef="M"/>'
SIGNAL = '<signalEventDefinition signalRef="S"/>'
BELL = '<signalEventDefinition signalRef="S2"/>'
ERROR = '<errorEventDefinition errorRef="E1"/>'
ESCALATION = '<escalationEventDefinition escalationRef="X1"/>'
COMPENSATE = "<compensateEventDefinition/>"
CANCEL = "<cancelEventDefinition/>"
TERMINATE = "<terminateEventDefinition/>"

COMING = {
    "timer": timer("timeDuration", "PT1H"),
    "later": timer("timeDuration", "PT3H"),
    "cycle": timer("timeCycle", "R3/PT2H"),
    "message": MESSAGE,
    "signal": SIGNAL,
    "bell": BELL,
    "odd": condition("v % 2 == 1"),
    "three": condition("v % 4 == 3"),
    "either": MESSAGE + SIGNAL,
    "both": MESSAGE + SIGNAL,
}
CAUGHT = {
    "error": ERROR,
    "zero": '<errorEventDefinition errorRef="E2"/>',
    "any error": "<errorEventDefinition/>",
    "escalation": ESCALATION,
    "any escalation": "<escalationEventDefinition/>",
}
ERRORS = ("error", "zero", "any error")
CONDITIONS = ("v % 2 == 1", "v % 3 == 1", "v % 3 != 1", "v > 3", "v % 2 == 0")
LEAVES = {
    "user": 6, "script": 2, "task": 1, "catch": 2, "throw": 4, "receive": 1, "send": 1, "job": 2,
    "fails": 1, "choice": 2, "link": 1, "undo": 2, "undoable": 4, "quantity": 2, "bound": 3, "listened": 2,
}  # fmt: skip
BLOCKS = {
    "sub": 7, "transaction": 3, "and": 3, "xor": 2, "or": 3, "complex": 3, "loop": 2, "crossed": 2,
    "call": 1, "regret": 4,
}  # fmt: skip
LOOPS = {
    "many": '<multiInstanceLoopCharacteristics camunda:collection="items" '
    'camunda:elementVariable="item"/>',
    "until two": '<multiInstanceLoopCharacteristics camunda:collection="items" '
    'camunda:elementVariable="v"><completionCondition>nrOfCompletedInstances == 2 or v == 5'
    "</completionCondition></multiInstanceLoopCharacteristics>",
    "few": '<multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>v % 3'
    "</loopCardinality></multiInstanceLoopCharacteristics>",
    "rounds": '<standardLoopCharacteristics loopMaximum="3"><loopCondition>v % 2 == 1'
    "</loopCondition></standardLoopCharacteristics>",
    "first": '<standardLoopCharacteristics testBefore="true"><loopCondition>loopCounter &lt; 3'
    "</loopCondition></standardLoopCharacteristics>",
    "tells": '<multiInstanceLoopCharacteristics behavior="None" noneBehaviorEventRef="told">'
    "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
    "tells two": '<multiInstanceLoopCharacteristics behavior="Complex" camunda:collection="items" '
    'camunda:elementVariable="item"><completionCondition>nrOfCompletedInstances == 2'
    '</completionCondition><complexBehaviorDefinition id="{}"><condition>loopCounter &lt; 3'
    '</condition><event id="{}"><signalEventDefinition signalRef="S2"/></event>'
    "</complexBehaviorDefinition></multiInstanceLoopCharacteristics>",
    "tells once": '<multiInstanceLoopCharacteristics behavior="One" oneBehaviorEventRef="raised">'
    "<loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>",
}

Block = tuple[str, str, str]


class Nets:
    """Grows one diagram from a seed; every block has one way in and one way out."""

    def __init__(self, dice: Random, leaves: int = 9) -> None:
        self.dice, self.left, self.number = dice, leaves, 0
        self.called: list[str] = []
        self.near: list[str] = []
        self.starts: list[str] = []

    def chance(self, part: float) -> bool:
        return self.dice.random() < part

    def name(self, letter: str) -> str:
        self.number += 1
        return f"{letter}{self.number}"

    def one(self, weights: dict[str, int]) -> str:
        return self.dice.choices([*weights], [*weights.values()])[0]

    def files(self) -> list[bytes]:
        main = self.begun(self.content(0))
        others = [
            process(one, key=f"c{number}", extra=ROOTS) for number, one in enumerate(self.called)
        ]
        return [process(main, extra=ROOTS), *others]

    def begun(self, main: str) -> str:
        """Let a case sometimes begin elsewhere than at its plain start event."""
        drawn = self.dice.random()
        first = main.partition('sourceRef="s1" targetRef="')[2].partition('"')[0]
        if drawn < 0.1:
            self.starts = ["m0"]
            main += f'<startEvent id="m0">{MESSAGE}</startEvent>' + flows(f"m0 > {first}")
        elif drawn < 0.2:
            self.starts = ["i1", "i2"]
            kind = self.dice.choice(("Parallel", "Exclusive"))
            main = main.replace('<startEvent id="s1"/>', "").replace(
                flows(f"s1 > {first}"), flows(f"j0 > {first}")
            )
            join = "parallel" if kind == "Parallel" else "exclusive"
            main += f'<eventBasedGateway id="g0" instantiate="true" eventGatewayType="{kind}"/>'
            main += f'<intermediateCatchEvent id="i1">{MESSAGE}</intermediateCatchEvent>'
            main += f'<receiveTask id="i2" messageRef="M2"/><{join}Gateway id="j0"/>'
            main += flows("g0 > i1 > j0", "g0 > i2 > j0")
        return main

    # -- scopes ------------------------------------------------------------------------------

    def content(self, depth: int, *, ends: tuple[str, ...] = ("",), undone: bool = False) -> str:
        """Return a start event, blocks, an end event and what else may stand in a scope."""
        begin, end, around, self.near = self.name("s"), self.name("e"), self.near, []
        first, last, xml = self.sequence(depth)
        xml += f'<startEvent id="{begin}"/>' + flows(f"{begin} > {first}")
        special = self.dice.choice(ends)
        if special in (CANCEL, COMPENSATE):
            done = self.leaf("undoable")
            first, xml = done[0], done[2] + xml + flows(f"{done[1]} > {first}")
        if special and special != COMPENSATE and self.chance(0.6):
            way, bad = self.name("x"), self.name("e")
            xml += f'<exclusiveGateway id="{way}" default="{way}_{end}"/>'
            xml += f'<endEvent id="{bad}">{special}</endEvent><endEvent id="{end}"/>'
            xml += flows(f"{last} > {way} > {end}", f"{way} > {bad} : {self.condition()}")
        else:
            xml += f'<endEvent id="{end}">{special}</endEvent>' + flows(f"{last} > {end}")
        for _ in range(self.dice.choice((0, 0, 1, 2))):
            xml += self.handler(depth)
        for kind, thrown in (("error", ERROR), ("escalation", ESCALATION)):
            if thrown == special and depth and self.chance(0.4):
                xml += self.handler(depth, kind)
        if undone and self.chance(0.35):
            xml += self.undoes(depth)
        self.near = around
        return xml

    def handler(self, depth: int, kind: str = "") -> str:
        id_, start = self.name("h"), self.name("s")
        kind = kind or self.dice.choice([*COMING, *CAUGHT])
        first, body = self.way(depth)
        definition = {**COMING, **CAUGHT}[kind]
        stays = ' isInterrupting="false"' if kind not in ERRORS and self.chance(0.5) else ""
        stays += ' parallelMultiple="true"' if kind == "both" else ""
        return (
            f'<subProcess id="{id_}" triggeredByEvent="true"><startEvent id="{start}"{stays}>'
            f"{definition}</startEvent>{body}{flows(f'{start} > {first}')}</subProcess>"
        )

    def way(self, depth: int) -> tuple[str, str]:
        """Return a few steps that end where no flow leads on, and the first of them."""
        around, self.near = self.near, [*self.near]
        first, last, xml = self.sequence(depth + 3)
        self.near, task = around, self.name("t")
        return first, xml + f'<task id="{task}"/>' + flows(f"{last} > {task}")

    def undoes(self, depth: int) -> str:
        """Return an event sub-process for compensation."""
        first, body = self.way(depth)
        id_, start = self.name("h"), self.name("s")
        return (
            f'<subProcess id="{id_}" triggeredByEvent="true"><startEvent id="{start}">{COMPENSATE}'
            f"</startEvent>{body}{flows(f'{start} > {first}')}</subProcess>"
        )

    def attached(self, host: str, *, inside: bool, most: int = 2) -> str:
        """Return boundary events of an activity, each with a task after it."""
        xml = ""
        for _ in range(self.dice.randint(0, most)):
            kinds = [*COMING, *CAUGHT] if inside else [*COMING]
            kind = self.dice.choice(kinds)
            id_ = self.name("b")
            stays = ' cancelActivity="false"' if kind not in ERRORS and self.chance(0.5) else ""
            stays += ' parallelMultiple="true"' if kind == "both" else ""
            xml += f'<boundaryEvent id="{id_}" attachedToRef="{host}"{stays}>'
            xml += {**COMING, **CAUGHT}[kind] + "</boundaryEvent>"
            if self.chance(0.8):
                task = self.name("u")
                xml += f'<userTask id="{task}"/>' + flows(f"{id_} > {task}")
        return xml

    def undone(self, host: str) -> str:
        """Return what undoes an activity, joined with it."""
        id_, how = self.name("c"), self.dice.choice(("userTask", "task", "scriptTask", "sub"))
        inner = {"scriptTask": "<script>v = v + 2</script>"}.get(how, "")
        if how == "sub":
            task = self.name("u")
            how, inner = "subProcess", f'<userTask id="{task}"/>'
        return (
            f'<boundaryEvent id="b{id_}" attachedToRef="{host}">{COMPENSATE}</boundaryEvent>'
            f'<{how} id="{id_}" isForCompensation="true">{inner}</{how}>'
            f'<association id="a{id_}" sourceRef="b{id_}" targetRef="{id_}"/>'
        )

    # -- blocks ------------------------------------------------------------------------------

    def condition(self) -> str:
        return self.dice.choice(CONDITIONS)

    def sequence(self, depth: int) -> Block:
        made = [self.block(depth) for _ in range(self.dice.randint(1, 3))]
        if depth == 0:
            made.insert(0, self.sub(self.dice.choice(("sub", "sub", "transaction")), depth))
        wired = flows(*(f"{a[1]} > {b[0]}" for a, b in pairwise(made)))
        return made[0][0], made[-1][1], "".join(one[2] for one in made) + wired

    def block(self, depth: int) -> Block:
        if depth < 3 and self.left > 0 and self.chance(0.5):
            kind = self.one(BLOCKS)
            makes: dict[str, Callable[[str, int], Block]] = {
                "sub": self.sub, "transaction": self.sub, "loop": self.loop, "call": self.call,
                "regret": self.regret,
            }  # fmt: skip
            return makes.get(kind, self.split)(kind, depth)
        self.left -= 1
        return self.leaf(self.one(LEAVES))

    def leaf(self, kind: str) -> Block:
        id_ = self.name(kind[0])
        coming = COMING[self.dice.choice([*COMING])]
        more = ' parallelMultiple="true"' if coming == MESSAGE + SIGNAL and self.chance(0.5) else ""
        thrown = self.dice.choice((SIGNAL, BELL, MESSAGE, ESCALATION, BELL + ESCALATION, ""))
        activity = self.dice.choice(self.near or [""])
        at = f' activityRef="{activity}"' if activity and self.chance(0.5) else ""
        waits = "" if self.chance(0.7) else ' waitForCompletion="false"'
        told, many = (
            self.dice.choice(("tells", "tells once", "tells two")),
            self.dice.choice(("task", "userTask")),
        )
        xml = {
            "user": f'<userTask id="{id_}">{self.some_loop(0.25)}</userTask>',
            "script": f'<scriptTask id="{id_}"><script>v = v + 1</script></scriptTask>',
            "task": f'<task id="{id_}">{self.some_loop(0.3)}</task>',
            "listened": f'<{many} id="{id_}">{self.loops(told)}</{many}>' + self.listening(id_),
            "catch": f'<intermediateCatchEvent id="{id_}"{more}>{coming}</intermediateCatchEvent>',
            "throw": f'<intermediateThrowEvent id="{id_}">{thrown}</intermediateThrowEvent>',
            "receive": f'<receiveTask id="{id_}" messageRef="M"/>',
            "send": f'<sendTask id="{id_}" messageRef="M"/>',
            "job": f'<serviceTask id="{id_}" camunda:topic="work"/>' + self.failing(id_),
            "fails": f'<scriptTask id="{id_}"><script>w = 1 / (v % 2)</script></scriptTask>'
            + self.failing(id_),
            "undo": f'<intermediateThrowEvent id="{id_}"><compensateEventDefinition{at}{waits}/>'
            "</intermediateThrowEvent>",
            "undoable": f'<userTask id="{id_}">{self.some_loop(0.2)}</userTask>' + self.undone(id_),
            "bound": f'<userTask id="{id_}">{self.some_loop(0.3)}</userTask>'
            + self.attached(id_, inside=False),
        }
        if kind == "undoable":
            self.near.append(id_)
        if kind in ("choice", "link", "quantity"):
            return getattr(self, kind)(id_)
        return id_, id_, xml[kind]

    def listening(self, host: str) -> str:
        """Return a boundary event for what a multi-instance throws as its instances complete."""
        id_, task = self.name("b"), self.name("u")
        stays = self.dice.choice(("", ' cancelActivity="false"'))
        return (
            f'<boundaryEvent id="{id_}" attachedToRef="{host}"{stays}>'
            f"{self.dice.choice((BELL, ESCALATION))}</boundaryEvent>"
            f'<userTask id="{task}"/>' + flows(f"{id_} > {task}")
        )

    def failing(self, host: str) -> str:
        if self.chance(0.5):
            return ""
        id_, task = self.name("b"), self.name("u")
        definition = CAUGHT[self.dice.choice(ERRORS)]
        return (
            f'<boundaryEvent id="{id_}" attachedToRef="{host}">{definition}</boundaryEvent>'
            f'<userTask id="{task}"/>' + flows(f"{id_} > {task}")
        )

    def some_loop(self, part: float) -> str:
        return self.loops(self.dice.choice([*LOOPS])) if self.chance(part) else ""

    def loops(self, kind: str) -> str:
        return LOOPS[kind].replace("{}", self.name("z"), 1).replace("{}", self.name("z"))

    def choice(self, id_: str) -> Block:
        join, xml = self.name("x"), ""
        for kind in self.dice.sample(["timer", "message", "signal", "odd", "receive"], 2):
            event = self.name("i")
            if kind == "receive":
                xml += f'<receiveTask id="{event}" messageRef="M"/>'
            else:
                xml += (
                    f'<intermediateCatchEvent id="{event}">{COMING[kind]}</intermediateCatchEvent>'
                )
            xml += flows(f"{id_} > {event} > {join}")
        return id_, join, f'<eventBasedGateway id="{id_}"/><exclusiveGateway id="{join}"/>{xml}'

    def link(self, id_: str) -> Block:
        to = self.name("k")
        definition = f'<linkEventDefinition name="{to}"/>'
        thrown = f'<intermediateThrowEvent id="{id_}">{definition}</intermediateThrowEvent>'
        caught = f'<intermediateCatchEvent id="{to}">{definition}</intermediateCatchEvent>'
        return id_, to, thrown + caught

    def quantity(self, id_: str) -> Block:
        to, task = self.name("q"), self.dice.choice(("task", "userTask"))
        given, needed = self.dice.choice(((2, 2), (3, 1), (4, 2), (3, 3), (2, 3)))
        return (
            id_, to,
            f'<task id="{id_}" completionQuantity="{given}"/>'
            f'<{task} id="{to}" startQuantity="{needed}"/>' + flows(f"{id_} > {to}"),
        )  # fmt: skip

    def split(self, kind: str, depth: int) -> Block:
        fork, join = self.name("f"), self.name("j")
        made = [self.sequence(depth + 1) for _ in range(self.dice.randint(2, 3))]
        gateway = {"and": "parallel", "xor": "exclusive", "or": "inclusive"}
        opens = gateway.get(kind) or self.dice.choice(("parallel", "inclusive"))
        closes = gateway.get(kind) or (
            "complex" if kind == "complex" else self.dice.choice(("exclusive", "inclusive"))
        )
        default = f' default="{fork}_{made[0][0]}"' if opens != "parallel" else ""
        xml = f'<{opens}Gateway id="{fork}"{default}/>'
        xml += self.complex(join) if closes == "complex" else f'<{closes}Gateway id="{join}"/>'
        for number, (first, last, body) in enumerate(made):
            asked = f" : {self.condition()}" if default and number else ""
            xml += body + flows(f"{fork} > {first}{asked}", f"{last} > {join}")
        if closes != "complex" or self.chance(0.6):
            return fork, join, xml
        out, other = self.name("x"), self.name("u")
        when = self.dice.choice(("waitingForStart", "not waitingForStart", self.condition()))
        xml += f'<exclusiveGateway id="{out}"/><userTask id="{other}"/>'
        xml = xml.replace(
            f'<complexGateway id="{join}">', f'<complexGateway id="{join}" default="{join}_{out}">'
        )
        return (
            fork,
            out,
            xml + flows(f"{join} > {out}", f"{join} > {other} : {when}", f"{other} > {out}"),
        )

    def complex(self, id_: str) -> str:
        asked = self.dice.choice(
            ("activationCount >= 1", "activationCount >= 2", "activationCount >= 2 or v == 3")
        )
        return (
            f'<complexGateway id="{id_}"><activationCondition>{asked.replace("<", "&lt;")}'
            "</activationCondition></complexGateway>"
        )

    def loop(self, kind: str, depth: int) -> Block:
        into, out, wait = self.name("x"), self.name("y"), self.name("u")
        on = self.name("o")
        first, last, body = self.sequence(depth + 1)
        return (
            into, on,
            f'<exclusiveGateway id="{into}"/><exclusiveGateway id="{out}" default="{out}_{on}"/>'
            f'<userTask id="{wait}"/><task id="{on}"/>{body}'
            + flows(
                f"{into} > {first}", f"{last} > {out} > {on}",
                f"{out} > {wait} : v % 3 == 1", f"{wait} > {into}",
            ),
        )  # fmt: skip

    def sub(self, kind: str, depth: int) -> Block:
        id_ = self.name("p")
        ends = ["", TERMINATE, ERROR, ESCALATION, SIGNAL, MESSAGE, BELL + ESCALATION]
        ends += [COMPENSATE] * 2
        tag, edge = "subProcess", ""
        if kind == "transaction":
            tag, ends = "transaction", [CANCEL, CANCEL, ERROR, ""]
            if self.chance(0.8):
                caught, task = self.name("b"), self.name("u")
                edge = (
                    f'<boundaryEvent id="{caught}" attachedToRef="{id_}">{CANCEL}</boundaryEvent>'
                )
                edge += f'<userTask id="{task}"/>' + flows(f"{caught} > {task}")
        body = self.content(depth + 1, ends=tuple(ends), undone=True)
        self.near.append(id_)
        edge += self.undone(id_) if self.chance(0.2) else ""
        for thrown in (ERROR, ESCALATION):
            if thrown in body and self.chance(0.6):
                caught, task = self.name("b"), self.name("u")
                stays = self.dice.choice(("", ' cancelActivity="false"')) * (thrown == ESCALATION)
                edge += f'<boundaryEvent id="{caught}" attachedToRef="{id_}"{stays}>{thrown}'
                edge += f'</boundaryEvent><userTask id="{task}"/>' + flows(f"{caught} > {task}")
        edge += self.attached(id_, inside=True)
        return id_, id_, f'<{tag} id="{id_}">{self.some_loop(0.3)}{body}</{tag}>{edge}'

    def regret(self, kind: str, depth: int) -> Block:
        """Return what can be undone, perhaps something after it, and a throw that undoes it."""
        made = [self.leaf("undoable") for _ in range(self.dice.randint(1, 2))]
        made += [self.block(depth + 1) for _ in range(self.dice.randint(0, 1))]
        made.append(self.leaf("undo"))
        wired = flows(*(f"{a[1]} > {b[0]}" for a, b in pairwise(made)))
        return made[0][0], made[-1][1], "".join(one[2] for one in made) + wired

    def call(self, kind: str, depth: int) -> Block:
        id_ = self.name("p")
        number = len(self.called)
        self.called.append("")
        self.called[number] = self.content(3, ends=("", ERROR, ESCALATION, TERMINATE))
        inner = (
            '<extensionElements><camunda:in variables="all"/><camunda:out source="v" target="v"/>'
            f"</extensionElements>{self.some_loop(0.2)}"
        )
        call = f'<callActivity id="{id_}" calledElement="c{number}">{inner}</callActivity>'
        return id_, id_, call + self.attached(id_, inside=True)


# -- wired at random -------------------------------------------------------------------------

KINDS = {
    "user": 6, "xor": 3, "and": 3, "or": 4, "complex": 2, "script": 1, "bound": 3, "needs": 1,
    "gives": 1, "throw": 2, "catch": 2,
}  # fmt: skip
TAGS = {"xor": "exclusive", "and": "parallel", "or": "inclusive", "complex": "complex"}


def wired(dice: Random) -> bytes:
    """Return a net of nodes wired at random; ways back lead to user tasks only."""
    size = dice.randint(4, 11)
    kinds = {f"n{i}": dice.choices([*KINDS], [*KINDS.values()])[0] for i in range(size)}
    nodes = [*kinds]
    edges = {("s", nodes[0])}
    sources = ["s"]
    for index, node in enumerate(nodes):
        if index:
            edges.add((dice.choice(sources[1:] or ["s"]), node))
        sources.append(node)
        if kinds[node] == "bound":
            sources.append(f"b{node}")
    for _ in range(dice.randint(1, size)):
        source = dice.choice(sources[1:])
        onward = [*nodes[nodes.index(source.removeprefix("b")) + 1 :], "e"]
        edges.add((source, dice.choice(onward)))
    for node in nodes:
        if kinds[node] == "xor" and dice.random() < 0.5:
            back = [one for one in nodes[: nodes.index(node)] if kinds[one] == "user"]
            edges |= {(node, one) for one in back[:1]}
        if kinds[node] in TAGS and not any(source == node for source, _ in edges):
            edges.add((node, "e"))
    edges.add((nodes[-1], "e"))
    xml = '<startEvent id="s"/><endEvent id="e"/>' + _nodes(dice, kinds, edges)
    written = []
    for source, target in sorted(edges):
        siblings = [one for one in sorted(edges) if one[0] == source]
        asks = kinds.get(source) in ("xor", "or", "complex") and len(siblings) > 1
        asked = asks and (source, target) != siblings[0]
        text = dice.choice((*CONDITIONS, "waitingForStart", "not waitingForStart"))
        if kinds.get(source) != "complex" and "waiting" in text:
            text = CONDITIONS[0]
        written.append(f"{source} > {target}" + (f" : {text}" if asked else ""))
    return process(xml + flows(*written), extra=ROOTS)


def _nodes(dice: Random, kinds: dict[str, str], edges: set[tuple[str, str]]) -> str:
    xml = ""
    for node, kind in kinds.items():
        out = sorted(one for one in edges if one[0] == node)
        default = f' default="{node}_{out[0][1]}"' if len(out) > 1 else ""
        into = sorted(one for one in edges if one[1] == node)
        coming = COMING[dice.choice([*COMING])]
        if kind in TAGS and kind != "complex":
            default = default if kind != "and" else ""
            xml += f'<{TAGS[kind]}Gateway id="{node}"{default}/>'
        elif kind == "complex":
            named = " + ".join(f"{a}_{b}" for a, b in into[:2])
            asked = dice.choice(("activationCount >= 1", "activationCount >= 2", f"{named} >= 1"))
            xml += f'<complexGateway id="{node}"{default}><activationCondition>{asked}'
            xml += "</activationCondition></complexGateway>"
        elif kind == "bound":
            stays = dice.choice(("", ' cancelActivity="false"'))
            xml += f'<userTask id="{node}"/><boundaryEvent id="b{node}" attachedToRef="{node}"'
            xml += f"{stays}>{coming}</boundaryEvent>"
        elif kind == "needs":
            xml += f'<userTask id="{node}" startQuantity="2"/>'
        elif kind == "gives":
            xml += f'<userTask id="{node}" completionQuantity="2"/>'
        elif kind == "script":
            xml += f'<scriptTask id="{node}"><script>v = v + 1</script></scriptTask>'
        elif kind == "throw":
            thrown = dice.choice((SIGNAL, BELL, MESSAGE, ""))
            xml += f'<intermediateThrowEvent id="{node}">{thrown}</intermediateThrowEvent>'
        elif kind == "catch":
            xml += f'<intermediateCatchEvent id="{node}">{coming}</intermediateCatchEvent>'
        else:
            xml += f'<userTask id="{node}"/>'
    return xml
