"""What the search for deadlocks says of a diagram, and the path that it shows."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn import soundness
from engine.bpmn.reader import read
from engine.bpmn.soundness.net import build
from engine.bpmn.soundness.parts import Ending
from engine.bpmn.soundness.search import search
from tests.memory import flows, process
from tests.test_kernel_nets import blocks, net

TWICE = "A second token can come to the same place, and what follows runs twice: "
NEVER = "Flows lead here, but whatever happens no token arrives."
HOUR = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"


def diagram(body: str, key: str = "p", extra: str = "") -> Any:
    found, findings = read(process(body, key, extra), f"{key}.bpmn")
    assert found is not None, findings
    return found


def told(body: str, *others: Any, extra: str = "") -> list[tuple[str, str | None, str]]:
    known = {key: one for other in others for key, one in other.processes.items()}
    findings = soundness.check(diagram(body, extra=extra), known, filename="p.bpmn")
    assert {finding.severity for finding in findings} <= {"warning"}
    return [(one.code, one.element, one.message) for one in findings]


def tags(**kinds: str) -> str:
    """Return elements by kind: ``tags(userTask="a b")``."""
    return "".join(f'<{kind} id="{one}"/>' for kind, ids in kinds.items() for one in ids.split())


def test_a_join_that_waits_for_both_ways_of_a_choice_is_a_deadlock():
    body = tags(
        startEvent="s", exclusiveGateway="x", userTask="a b", parallelGateway="j", endEvent="e"
    ) + flows("s > x", "x > a : k == 1", "x > b : k == 2", "a > j > e", "b > j")

    assert told(body) == [
        (
            "deadlock",
            "j",
            "It can wait for ever; nothing comes over 'b_j' any more: s → x → a.",
        )
    ]


def test_a_merge_of_what_runs_in_parallel_lets_a_second_token_through():
    body = tags(
        startEvent="s", parallelGateway="f", userTask="a b c", exclusiveGateway="m", endEvent="e"
    ) + flows("s > f > a > m > c > e", "f > b > m")

    assert told(body) == [
        (
            "second-token",
            "m",
            TWICE + "s → f → a → m → b → m.",
        )
    ]


@pytest.mark.parametrize("join", ["parallelGateway", "inclusiveGateway"])
def test_what_is_split_and_joined_alike_is_sound(join):
    split = "parallelGateway" if join == "parallelGateway" else "inclusiveGateway"
    body = (
        f'<{split} id="f"/><{join} id="j"/>'
        + tags(startEvent="s", userTask="a b", endEvent="e")
        + flows("s > f", "f > a : k == 1", "f > b : k > 0", "a > j > e", "b > j")
    )

    assert told(body) == []


def test_an_inclusive_split_before_a_parallel_join_is_a_deadlock():
    body = tags(
        startEvent="s", inclusiveGateway="f", userTask="a b", parallelGateway="j", endEvent="e"
    ) + flows("s > f", "f > a : k == 1", "f > b : k > 0", "a > j > e", "b > j")

    assert told(body) == [
        (
            "deadlock",
            "j",
            "It can wait for ever; nothing comes over 'b_j' any more: s → f → a.",
        )
    ]


def test_ways_that_exclude_each_other_are_not_taken_together():
    def body(other: str) -> str:
        return tags(
            startEvent="s", inclusiveGateway="f", userTask="a b", exclusiveGateway="m", endEvent="e"
        ) + flows("s > f", "f > a : k == 1", f"f > b : {other}", "a > m > e", "b > m")

    assert told(body("k == 2")) == []
    assert [one[:2] for one in told(body("k > 1"))] == [("second-token", "m")]


def test_a_round_without_a_way_out_has_no_end():
    body = tags(startEvent="s", exclusiveGateway="x", userTask="a b c", endEvent="e") + flows(
        "s > x", "x > a : k == 1", "a > e", "x > b : k == 2", "b > c > b"
    )

    assert told(body) == [("no-end", "b", "From here on no end is reached: s → x → b.")]


def test_a_boundary_event_beside_the_work_may_come_while_the_work_goes_on():
    body = (
        tags(startEvent="s", userTask="a tell", endEvent="e done")
        + f'<boundaryEvent id="late" attachedToRef="a" cancelActivity="false">{HOUR}</boundaryEvent>'
        f'<boundaryEvent id="later" attachedToRef="a" cancelActivity="false">{HOUR}</boundaryEvent>'
        + flows("s > a > e", "late > tell > done", "later > tell")
    )

    assert told(body) == []


def test_a_boundary_event_beside_the_work_that_comes_back_into_it_runs_it_twice():
    body = (
        tags(startEvent="s", userTask="a b tell", endEvent="e")
        + f'<boundaryEvent id="late" attachedToRef="a" cancelActivity="false">{HOUR}</boundaryEvent>'
        + flows("s > a > b > e", "late > tell > b")
    )

    assert told(body) == [
        (
            "second-token",
            "b",
            TWICE + "s → a → late → tell → b → a → b.",
        )
    ]


def test_an_interrupting_boundary_event_takes_the_place_of_the_work():
    body = (
        tags(startEvent="s", userTask="a tell", exclusiveGateway="m", endEvent="e")
        + f'<boundaryEvent id="late" attachedToRef="a">{HOUR}</boundaryEvent>'
        + flows("s > a > m > e", "late > tell > m")
    )

    assert told(body) == []


def test_what_runs_in_parallel_ends_with_a_terminate_end_event():
    body = (
        tags(startEvent="s", parallelGateway="f j", userTask="a b c", exclusiveGateway="x")
        + '<endEvent id="stop"><terminateEventDefinition/></endEvent><endEvent id="e"/>'
        + flows("s > f > a > x", "x > stop : k == 1", "x > j : k == 2", "f > b > j > c > e")
    )

    assert told(body) == []


def test_what_follows_a_sub_process_that_cannot_end_is_never_reached():
    inner = tags(startEvent="s2", userTask="b c") + flows("s2 > b > c > b")
    body = (
        f'<subProcess id="u">{inner}</subProcess>'
        + tags(startEvent="s", userTask="d", endEvent="e")
        + flows("s > u > d > e")
    )

    assert [one[:2] for one in told(body)] == [("deadlock", "u"), ("no-end", "b")]


def test_a_sub_process_that_cannot_end_may_be_interrupted():
    inner = tags(startEvent="s2", userTask="b c") + flows("s2 > b > c > b")
    stop = tags(userTask="x") + f'<startEvent id="s3">{HOUR}</startEvent>' + flows("s3 > x")
    body = (
        f'<subProcess id="u">{inner}'
        f'<subProcess id="stop" triggeredByEvent="true">{stop}</subProcess></subProcess>'
        + tags(startEvent="s", userTask="d", endEvent="e")
        + flows("s > u > d > e")
    )

    assert told(body) == []


def test_an_error_that_always_leaves_a_sub_process_goes_on_at_its_boundary_event():
    error = '<error id="E" errorCode="x"/>'
    fails = '<errorEventDefinition errorRef="E"/>'
    inner = f'<startEvent id="s2"/><endEvent id="f">{fails}</endEvent>' + flows("s2 > f")
    body = (
        f'<subProcess id="u">{inner}</subProcess>'
        + tags(startEvent="s", userTask="d h", endEvent="e g")
        + flows("s > u > d > e")
    )
    caught = f'<boundaryEvent id="b" attachedToRef="u">{fails}</boundaryEvent>'

    uncaught = [one[:2] for one in told(body + flows("h > g"), extra=error)]
    handled = [one[:2] for one in told(body + caught + flows("b > h > g"), extra=error)]

    assert uncaught == [("never-reached", one) for one in ("d", "e", "g")]
    assert handled == [("never-reached", one) for one in ("d", "e")]


def test_a_call_ends_when_what_it_calls_ends():
    called = diagram(tags(startEvent="s", userTask="a b") + flows("s > a > b > a"), "q")
    body = (
        '<callActivity id="call" calledElement="q"/>'
        + tags(startEvent="s", userTask="d", endEvent="e")
        + flows("s > call > d > e")
    )

    assert [one[:2] for one in told(body, called)] == [("deadlock", "call")]
    assert told(body) == []


def test_a_call_of_a_process_that_is_nothing_but_its_start_ends():
    body = tags(startEvent="s", endEvent="e") + '<callActivity id="call" calledElement="q"/>'

    assert told(body + flows("s > call > e"), diagram(tags(startEvent="s"), "q")) == []


def test_a_process_that_calls_itself_is_searched_once():
    body = (
        '<callActivity id="call" calledElement="p"/>'
        + tags(startEvent="s", exclusiveGateway="x m", endEvent="e")
        + flows("s > x", "x > call : k == 1", "x > m : k == 2", "call > m > e")
    )

    assert told(body) == []


def test_a_step_behind_a_join_that_no_token_fills_is_never_reached():
    # The round before the join never lets anything out, and the other way ends all.
    body = (
        tags(startEvent="s", parallelGateway="f j", userTask="a b c", exclusiveGateway="x")
        + '<endEvent id="stop"><terminateEventDefinition/></endEvent><endEvent id="e"/>'
        + flows("s > f > a > stop", "f > b > x", "x > b : k == 1", "x > j : k == 2")
        + flows("j > c > e", "c > j")
    )

    assert told(body) == [("never-reached", one, NEVER) for one in ("c", "e", "j")]


def test_what_a_designer_has_looked_at_is_not_told_again():
    said = "<extensionElements><camunda:properties>{}</camunda:properties></extensionElements>"
    seen = said.format('<camunda:property name="acknowledged" value="no-end, second-token"/>')
    body = (
        f'<exclusiveGateway id="m">{seen}</exclusiveGateway>'
        + tags(startEvent="s", parallelGateway="f", userTask="a b c", endEvent="e")
        + flows("s > f > a > m > c > e", "f > b > m")
    )

    assert told(body) == []
    assert [one[:2] for one in told(body.replace("second-token", "deadlock"))] == [
        ("second-token", "m")
    ]


def test_more_markings_than_the_limit_are_told_as_a_partial_search():
    branches = "abcdefgh"
    body = tags(startEvent="s", parallelGateway="f j", endEvent="e") + flows("s > f", "j > e")
    for one in branches:
        body += tags(userTask=f"{one}1 {one}2 {one}3 {one}4")
        body += flows(f"f > {one}1 > {one}2 > {one}3 > {one}4 > j")

    report = search(build(diagram(body).processes["p"].root, lambda _: Ending()))

    assert (report.partial, report.faults, report.ends) == (True, [], True)
    assert [one[0] for one in told(body)] == ["partial-search"]


def test_a_partial_search_still_finds_what_lies_behind_the_crowd():
    body = tags(startEvent="s", parallelGateway="f j", exclusiveGateway="x", endEvent="e")
    body += tags(parallelGateway="k", userTask="y z") + flows("s > f", "j > x", "k > e")
    body += flows("x > y : n == 1", "x > z : n == 2", "y > k", "z > k")
    for one in "abcdefgh":
        body += tags(userTask=f"{one}1 {one}2 {one}3 {one}4")
        body += flows(f"f > {one}1 > {one}2 > {one}3 > {one}4 > j")

    assert [one[:2] for one in told(body)] == [("partial-search", "p"), ("deadlock", "k")]


def leaves(block: Any) -> bool:
    """Whether boundary or end events lead out of a block past its one way out."""
    kind, *rest = block
    if kind == "bound" or (kind == "sub" and (rest[1] or rest[2] or rest[3] != "end")):
        return True
    inner = rest[0] if rest and isinstance(rest[0], list) else rest[:1]
    return any(leaves(one) for one in inner)


@settings(max_examples=60, deadline=None)
@given(blocks.filter(lambda block: not leaves(block)))
def test_nets_of_blocks_are_sound(block):
    found, findings = read(net(block), "p.bpmn")
    assert found is not None, findings

    codes = {one.code for one in soundness.check(found, {}, filename="p.bpmn")}

    assert codes <= {"partial-search"}


# -- against a slow oracle -------------------------------------------------------------

KINDS = ("userTask", "exclusiveGateway", "parallelGateway")
graphs = st.integers(3, 6).flatmap(
    lambda count: st.tuples(
        st.lists(st.sampled_from(KINDS), min_size=count, max_size=count),
        st.lists(
            st.tuples(st.integers(0, count - 1), st.integers(0, count)),
            min_size=count,
            max_size=2 * count,
            unique=True,
        ),
    )
)


def plain(kinds: list[str], pairs: list[tuple[int, int]]) -> str | None:
    """Write a net with a start before node 0 and an end; None where it is no diagram."""
    count = len(kinds)
    outgoing = Counter(a for a, _ in pairs)
    if any(kind == "userTask" and outgoing[n] > 1 for n, kind in enumerate(kinds)):
        return None
    body = "".join(f'<{kind} id="n{n}"/>' for n, kind in enumerate(kinds))
    body += tags(startEvent="s", endEvent="e") + flows("s > n0")
    for a, b in pairs:
        to = "e" if b == count else f"n{b}"
        split = kinds[a] == "exclusiveGateway" and outgoing[a] > 1
        body += flows(f"n{a} > {to}" + (f" : k == {b}" if split else ""))
    return body


def game(scope: Any) -> str:
    """Play every order of a plain net with tokens in a multiset: the first verdict."""
    start = Counter([f"s_{scope.flows[scope.nodes['s'].outgoing[0]].target}"])
    first = frozenset(start.items())
    after: dict[Any, list[Any]] = {}
    ahead = [first]
    for marking in ahead:
        turns = list(_turns(scope, Counter(dict(marking))))
        if any(max(one.values(), default=0) > 1 for one in turns):
            return "second-token"
        after[marking] = [frozenset(one.items()) for one in turns]
        ahead += [one for one in dict.fromkeys(after[marking]) if one not in {*after, *ahead}]
    if any(marking and not turns for marking, turns in after.items()):
        return "deadlock"
    ending = {frozenset()}
    while more := {one for one in after if one not in ending and ending & {*after[one]}}:
        ending |= more
    return "sound" if ending >= {*after} else "no-end"


def _turns(scope: Any, tokens: Counter[str]) -> Any:
    for node in scope.nodes.values():
        gateway = node.kind.value
        if gateway == "parallelGateway":
            takes = [list(node.incoming)] if node.incoming else []
        else:
            takes = [[one] for one in node.incoming]
        gives = [[one] for one in node.outgoing] if "exclusive" in gateway else [node.outgoing]
        for take, give in itertools.product(takes, gives or [[]]):
            if all(tokens[one] for one in take):
                left = tokens.copy()
                left.subtract(take)
                left.update(give)
                yield +left


@settings(max_examples=400, deadline=None)
@given(graphs)
def test_the_search_says_what_every_order_played_out_says(drawn):
    body = plain(*drawn)
    if body is None:
        return
    found, _ = read(process(body), "p.bpmn")
    if found is None:
        return
    scope = found.processes["p"].root

    for reduced_too in (20_000, 5):
        report = search(build(scope, lambda _: Ending()), limit=reduced_too)
        verdict = report.faults[0].kind if report.faults else "sound"
        if report.partial:
            assert verdict == "sound" or game(scope) != "sound"
        else:
            assert verdict == game(scope)


def ad_hoc(inside: str) -> list[tuple[str, str | None]]:
    """Return what is told of an ad-hoc sub-process of these elements: (code, element)."""
    body = f'<startEvent id="s"/><adHocSubProcess id="hoc">{inside}</adHocSubProcess>'
    found, findings = read(process(body + flows("s > hoc")), "p.bpmn")
    assert found is not None, findings
    return [(one.code, one.element) for one in soundness.check(found, {})]


def test_what_people_may_start_is_looked_at_one_by_one():
    two = '<task id="a"/><task id="b"/><task id="c"/>'
    split = '<parallelGateway id="f"/><task id="d"/><task id="e"/>' + flows(
        "a > f", "f > b > d > e", "f > c > d"
    )
    joined = '<parallelGateway id="j"/>' + flows("a > j", "b > j", "j > c")
    twice = '<task id="a"/><task id="c" startQuantity="2"/><task id="d"/>' + flows("a > c > d")
    stuck = '<exclusiveGateway id="x" default="x_c"/><parallelGateway id="j"/>' + flows(
        "a > x", "x > b : y", "x > c", "b > j", "c > j"
    )

    assert ad_hoc(two) == []
    assert ad_hoc(two + joined) == []
    assert ad_hoc(twice) == []
    assert ad_hoc(two + split) == [("second-token", "d")]
    assert ad_hoc(two + stuck + '<task id="e"/>' + flows("j > e")) == [("deadlock", "j")]


def waits_inside(more: str) -> str:
    """A sub-process whose join waits for both ways of a choice, before the end."""
    inner = tags(
        startEvent="is", exclusiveGateway="x", userTask="a b tell", parallelGateway="j"
    ) + tags(endEvent="ie done")
    ways = flows("is > x", "x > a : k == 1", "x > b : k == 2", "a > j > ie", "b > j")
    return (
        tags(startEvent="s", endEvent="e")
        + flows("s > sub > e")
        + f'<subProcess id="sub">{inner}{ways}{more}</subProcess>'
    )


@pytest.mark.parametrize(
    "more",
    [
        f'<boundaryEvent id="late" attachedToRef="a" cancelActivity="false">{HOUR}</boundaryEvent>'
        + flows("late > tell > done"),
        tags(userTask="tidy").replace("/>", ' isForCompensation="true"/>')
        + '<boundaryEvent id="undo" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
        '<association id="as" sourceRef="undo" targetRef="tidy"/>' + flows("tell > done"),
    ],
)
def test_a_scope_does_not_end_because_what_runs_beside_it_does(more):
    found = [one for one in told(waits_inside(more)) if one[0] == "deadlock"]

    assert found == [
        (
            "deadlock",
            "j",
            "It can wait for ever; nothing comes over 'b_j' any more: is → x → a.",
        ),
        ("deadlock", "sub", "It can wait for ever: s."),
    ]


BACK = (
    tags(startEvent="s", exclusiveGateway="m", userTask="a b", endEvent="e done")
    + '<userTask id="tell"/><userTask id="ask"/>'
    + f'<boundaryEvent id="late" attachedToRef="a" cancelActivity="false">{HOUR}</boundaryEvent>'
    f'<boundaryEvent id="later" attachedToRef="tell" cancelActivity="false">{HOUR}</boundaryEvent>'
)


def test_an_event_on_a_branch_beside_the_work_that_comes_back_runs_the_work_twice():
    body = BACK + flows("s > a > m > b > e", "late > tell > done", "later > ask > m")

    assert told(body) == [("second-token", "m", TWICE + "s → a → late → later → ask → m → a → m.")]


def test_an_event_on_a_branch_beside_the_work_may_run_beside_it_as_well():
    body = BACK + flows("s > a > m > b > e", "late > tell > done", "later > ask > done")

    assert told(body) == []


def test_an_event_on_a_branch_beside_the_work_may_end_it_all():
    stop = '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
    body = BACK + stop + flows("s > a > m > b > e", "late > tell > done", "later > ask > stop")

    assert told(body) == []
