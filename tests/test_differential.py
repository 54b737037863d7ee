"""Two executors that share no code must say the same where both can run a diagram.

The hand-written cases of the kernel's own tests, and random nets, on both at once.
``make bench`` runs more of the nets.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import (
    test_kernel_activities,
    test_kernel_events,
    test_kernel_flows,
    test_kernel_limits,
    test_kernel_loops,
    test_kernel_nets,
    test_kernel_rearming,
    test_kernel_traps,
)
from tests.memory import flows, process
from tests.nets import nets, run_net
from tests.pairs import KNOWN, Both

MODULES = (
    test_kernel_activities,
    test_kernel_events,
    test_kernel_flows,
    test_kernel_limits,
    test_kernel_loops,
    test_kernel_rearming,
    test_kernel_traps,
)
OUTCOMES = (
    '<extensionElements><camunda:properties><camunda:property name="outcomes" value="yes=是"/>'
    "</camunda:properties></extensionElements>"
)
WRITTEN = [
    pytest.param(module, test, id=f"{module.__name__[6:]}-{name}")
    for module in MODULES
    for name, test in vars(module).items()
    if name.startswith("test_") and not inspect.signature(test).parameters
]


@pytest.mark.parametrize(("module", "test"), WRITTEN)
def test_a_case_of_the_kernel_says_the_same_on_spiffworkflow(
    monkeypatch: pytest.MonkeyPatch, module: Any, test: Any
):
    monkeypatch.setattr(module, "Case", Both)

    test()


def test_written_cases_are_compared_and_known_differences_are_met():
    Both.met.clear()
    Both.compared = 0
    for parameter in WRITTEN:
        module, test = parameter.values
        if module not in (test_kernel_events, test_kernel_loops):
            continue
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "Case", Both)
            test()

    assert set(Both.met) == set(KNOWN)
    assert Both.compared > 100


@pytest.mark.parametrize("gateway", ["parallelGateway", "inclusiveGateway"])
def test_no_outcome_goes_past_a_join_on_either(gateway):
    case = Both(
        process(
            f'<startEvent id="s"/><{gateway} id="f"/><userTask id="a">{OUTCOMES}</userTask>'
            f'<task id="b"/><{gateway} id="j"/><exclusiveGateway id="x" default="x_e"/>'
            '<endEvent id="e"/><endEvent id="g"/>'
            + flows("s > f > a > j > x > e", "f > b > j", "x > g : value('outcome') == 'yes'")
        )
    )
    case.start()
    case.complete("a", "yes")

    assert case.beside is not None
    assert case.beside.entered() == case.entered()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(test_kernel_nets.plain_nets(), st.lists(st.integers(0, 1000), min_size=10, max_size=15))
def test_nets_wired_at_random_move_alike_on_both(drawn, choices):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_kernel_nets, "Case", Both)
        case = test_kernel_nets.plain_case(*drawn)
    if case is None:
        return
    case.start()
    for choice in choices:
        if case.state == "completed" or not case.tasks:
            break
        case.complete(case.tasks[choice % len(case.tasks)])

    assert case.beside is not None


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(nets, st.lists(st.integers(0, 10_000), min_size=12, max_size=25))
def test_random_nets_say_the_same_on_both(net, choices):
    case = run_net(net, choices)

    assert case.beside is not None
