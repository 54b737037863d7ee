"""Nets of complex gateways, quantities and thrown events: what must hold of every marking.

``tests.memory`` looks at the books after each command; here it is given nets and
commands that nobody chose.
"""

from __future__ import annotations

import random

import pytest

from engine import commands as c
from tests.memory import Case, flows, process

ROOTS = (
    '<signal id="S" name="stop"/><escalation id="X" escalationCode="enough"/>'
    '<escalationEventDefinition id="about_x" escalationRef="X"/>'
)
BEHAVIOR = (
    '<multiInstanceLoopCharacteristics behavior="{}" noneBehaviorEventRef="about_x" '
    'oneBehaviorEventRef="about_x"><loopCardinality>2</loopCardinality>'
    '<complexBehaviorDefinition id="cb{}"><condition>nrOfCompletedInstances == 1</condition>'
    '<event id="ce{}"><eventDefinitionRef>about_x</eventDefinitionRef></event>'
    "</complexBehaviorDefinition></multiInstanceLoopCharacteristics>"
)


def branch(dice: random.Random, number: int, split: str) -> tuple[str, list[str]]:
    """Return one task between the split and the gateway, and its flows."""
    key = f"t{number}"
    quantity = dice.choice(["", "", ' completionQuantity="2"', ' startQuantity="2"'])
    many = dice.choice(["", "", "None", "One", "Complex"])
    inside = BEHAVIOR.format(many, number, number) if many else ""
    xml = f'<userTask id="{key}"{quantity}>{inside}</userTask>'
    ways = [f"{key} > g"]
    if many:
        how = dice.choice(["true", "false"])
        xml += (
            f'<boundaryEvent id="b{number}" attachedToRef="{key}" cancelActivity="{how}">'
            f'<escalationEventDefinition escalationRef="X"/></boundaryEvent><task id="k{number}"/>'
        )
        ways.append(f"b{number} > k{number}")
    condition = f" : v % {number + 2} != 1" if split == "inclusiveGateway" and number else ""
    always = " : True" if split == "inclusiveGateway" and not number else ""
    return xml, [f"f > {key}{condition or always}", *ways]


def net(dice: random.Random) -> bytes:
    """Return branches that meet in a complex gateway, in a round, in a sub-process."""
    split = dice.choice(["parallelGateway", "inclusiveGateway"])
    branches = [branch(dice, number, split) for number in range(dice.randint(2, 4))]
    needed = dice.randint(1, len(branches))
    more = dice.choice(["", " and v > 1"]).replace(">", "&gt;")
    phase = dice.choice(["waitingForStart and v % 2 == 0", "not waitingForStart", ""])
    inner = (
        f'<startEvent id="s"/><exclusiveGateway id="m"/><{split} id="f"/>'
        + "".join(xml for xml, _ in branches)
        + '<complexGateway id="g" default="g_x"><activationCondition>'
        f"activationCount &gt;= {needed}{more}</activationCondition></complexGateway>"
        '<exclusiveGateway id="x" default="x_e"/><endEvent id="e"/>'
        + ('<userTask id="o"/>' + flows(f"g > o : {phase}", "o > x") if phase else "")
        + flows("s > m > f", "g > x", "x > m : v % 5 == 4", "x > e")
        + flows(*(one for _, ways in branches for one in ways))
    )
    return process(
        f'<startEvent id="begin"/><subProcess id="sub">{inner}</subProcess><boundaryEvent id="cut" '
        'attachedToRef="sub"><signalEventDefinition signalRef="S"/></boundaryEvent>'
        '<endEvent id="end"/>' + flows("begin > sub > end"),
        extra=ROOTS,
    )


@pytest.mark.parametrize("seed", range(30))
def test_the_books_are_right_whatever_people_do(seed):
    dice = random.Random(seed)
    case = Case(net(dice))
    case.start(v=dice.randint(0, 6))

    for _ in range(30):
        if case.state == "completed" or not (case.tasks or case.incidents):
            break
        if case.incidents:
            case.retry(v=dice.randint(0, 6))
        elif dice.random() < 0.05:
            case.do(c.ReceiveSignal("stop"))
        else:
            case.do(c.CompleteTask(dice.choice(case.tasks), data={"v": dice.randint(0, 6)}))
    if case.state != "completed":
        case.do(c.CancelCase("voided"))

    assert case.state in ("completed", "cancelled")
    assert case.snapshot.control.keys() == {"semantics", "case", "next"}
