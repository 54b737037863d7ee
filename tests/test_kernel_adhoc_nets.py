"""Random ad-hoc sub-processes: what must hold of every marking, whatever people start."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine import commands as c
from tests.beside import Beside
from tests.memory import Case, flows, process
from tests.oracle import Endless
from tests.test_kernel_nets import EVENTS, ROOTS, Builder, blocks, led_on, step

handlers = st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.booleans()), max_size=1)
shapes = st.tuples(
    st.lists(blocks, min_size=1, max_size=2),
    st.sampled_from(["", ' ordering="Sequential"', ' cancelRemainingInstances="false"']),
    st.sampled_from(["", "v % 4 == 0", "v % 7 == 1"]),
    st.sampled_from(["", "many", "few"]),
    handlers,
    handlers,
    st.booleans(),
)


def ad_hoc(shape: tuple[Any, ...]) -> bytes:
    """Return a process of one ad-hoc sub-process with blocks that begin with a user task."""
    inner, attributes, condition, many, inside, around, listens = shape
    made, id_ = Builder(), "hoc"
    xml = made._handlers(inside)
    for block in inner:
        first, last, body = made.block(block)
        task, after = made.new("u"), made.new("u")
        wired = flows(f"{task} > {first}", f"{last} > {after}")
        xml += f'<userTask id="{task}"/><userTask id="{after}"/>{body}{wired}'
    if listens:
        news, task = made.new("n"), made.new("u")
        xml += (
            f'<intermediateCatchEvent id="{news}">{EVENTS["message"]}</intermediateCatchEvent>'
            f'<userTask id="{task}"/>' + flows(f"{news} > {task}")
        )
    loop = {
        "": "",
        "many": '<multiInstanceLoopCharacteristics camunda:collection="items" '
        'camunda:elementVariable="item"/>',
        "few": '<multiInstanceLoopCharacteristics camunda:collection="items" '
        'camunda:elementVariable="item" isSequential="true"/>',
    }[many]
    done = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    return process(
        f'<startEvent id="s"/><endEvent id="e"/><adHocSubProcess id="{id_}"{attributes}>{loop}'
        f"{led_on(xml)}{done}</adHocSubProcess>"
        + made._attached(id_, around)
        + flows(f"s > {id_} > e"),
        extra=ROOTS,
    )


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(shapes, st.lists(st.integers(0, 10_000), min_size=12, max_size=20))
def test_every_ad_hoc_sub_process_keeps_its_books_and_replays(shape, choices):
    case = Case(ad_hoc(shape))
    case.start(v=choices[0] % 5, items=["a", "b"])
    for choice in choices:
        if case.state in ("completed", "cancelled"):
            break
        step(case, choice)
    if case.state not in ("completed", "cancelled"):
        case.do(c.CancelCase("voided"))

    again = Case(ad_hoc(shape))
    again.checks = False
    for now, actor, command in case.log:
        again.now = now
        again.do(c.from_json(command.to_json()), actor)

    assert again.events == case.events
    assert again.snapshot == case.snapshot


# -- beside the oracle ----------------------------------------------------------------------


def beside(shape: tuple[Any, ...], choices: list[int]) -> Beside:
    """Run one of them on the kernel and on the oracle, row by row the same."""
    one = Beside(ad_hoc(shape))
    one.checks = False
    try:
        one.begin(v=choices[0] % 5, items=["a", "b"])
        for choice in choices:
            possible = one.possible()
            if one.oracle.state != "open" or not possible:
                break
            one.happen(*possible[choice % len(possible)], choice % 7)
    except Endless:
        pass
    return one


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(shapes, st.lists(st.integers(0, 10_000), min_size=12, max_size=20))
def test_every_ad_hoc_sub_process_moves_as_the_oracle_moves_it(shape, choices):
    one = beside(shape, choices)

    assert one.oracle.visited["p", "hoc"] == 1
