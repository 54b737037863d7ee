"""Files and data that mean harm, or were cut off: findings and nulls, never exceptions."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import decisions, feel
from engine.decisions.cells import Cell, told
from engine.decisions.running import Run
from engine.errors import DecisionFailed
from tests import dmn_table
from tests.dmn import a_file

FILES = [content for row in dmn_table.rows() for content in row.files.values()]
WORDS = [b"decision", b"href", b"#a", b"context", b"<in>", b"typeRef", b"<row>", b"name", b"1"]
DATA = {"x": [{"a": None}], "y": "2026-10-01", "level": 10**30, "many": {"$sealed": "s"}}


def evaluated(content):
    """Read, check and evaluate all that is in a file; return how much that was."""
    models, findings = decisions.read_files({"a.dmn": content, "b.dmn": FILES[0]})
    done = len(findings["a.dmn"])
    model = models.get("a.dmn")
    for one in [] if model is None else model.decisions():
        decisions.check(model)
        for strict in (False, True):
            try:
                decisions.evaluate(one, DATA, strict=strict)
            except DecisionFailed:
                done += 1
    return done


@pytest.mark.parametrize("seed", range(40))
def test_a_file_that_was_changed_at_random_does_no_harm(seed):
    chance = random.Random(seed)
    content = bytearray(chance.choice(FILES))
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(content))
        word = chance.choice(WORDS)
        content[at : at + chance.randint(0, 12)] = word

    assert evaluated(bytes(content)) >= 0


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_a_finding(cut):
    content = FILES[3]

    models, findings = decisions.read_files({"a.dmn": content[: int(len(content) * cut)]})

    assert (models, [one.code for one in findings["a.dmn"]]) == ({}, ["not-xml"])


def a_chain(count):
    return "\n".join(
        f"decision d{at}{f' < d{at - 1}' if at else ''}\nfeel: {f'd{at - 1} + 1' if at else '1'}"
        for at in range(count)
    )


def test_a_long_chain_of_decisions_is_evaluated():
    found, _ = decisions.read(a_file(a_chain(2_000)), filename="a.dmn")

    assert decisions.evaluate(found[-1], {}).value == 2_000


def test_a_function_that_calls_itself_for_ever_is_null_or_a_limit():
    text = "bkm f(n)\nfeel: f(n + 1)\ndecision d < f\nfeel: f(1)"
    (found,), _ = decisions.read(a_file(text), filename="a.dmn")

    assert answer(found) in (None, "limit")


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "PRIORITY"])
def test_a_table_that_is_hard_to_check_is_checked_as_far_as_it_goes(policy):
    """Without its bounds the search would go on for hours."""
    chance = random.Random(7)
    cells = ["-", "true", "false"]
    rows = "\n".join(
        f'| {" | ".join(chance.choice(cells) for _ in range(16))} | "{chance.choice("ab")}"'
        for _ in range(300)
    )
    columns = " ; ".join(f"x{at}:boolean" for at in range(16))
    text = f'decision d\ntable {policy} | {columns} | out:string ["a","b"]\n{rows}'
    models, _ = decisions.read_files({"a.dmn": a_file(text)})

    found = [one.code for one in decisions.check(models["a.dmn"])]

    assert found[0] == "dmn-gap"


def test_a_function_may_call_itself_some_ninety_times():
    text = "bkm f(n)\nfeel: if n = 0 then 0 else 1 + f(n - 1)\ndecision d < f\nfeel: f(80)"
    (found,), _ = decisions.read(a_file(text), filename="a.dmn")

    assert answer(found) == 80


def test_a_result_that_is_nested_too_deep_is_a_limit():
    inner = "<list>" * 80 + "{{1}}" + "</list>" * 80
    (found,), _ = decisions.read(a_file(f"decision d\n{inner}"), filename="a.dmn")

    assert answer(found) == "limit"


def test_a_loop_without_end_is_a_limit():
    text = "decision d\nfeel: count(for i in 1..100000, j in 1..100000 return i)"
    (found,), _ = decisions.read(a_file(text), filename="a.dmn")

    assert answer(found) == "limit"


def answer(decision):
    try:
        return decisions.evaluate(decision, {}).value
    except DecisionFailed as refusal:
        return refusal.kind


def test_boxes_in_boxes_are_too_deep_in_the_end():
    inner = "<list>" * 200 + "</list>" * 200

    _, findings = decisions.read(a_file(f"decision d\n{inner}"), filename="a.dmn")

    assert [one.code for one in findings] == ["too-deep"]


def test_types_in_types_are_read_to_a_depth():
    inner = '<itemComponent name="a">' * 60 + "</itemComponent>" * 60
    text = (
        f'<itemDefinition name="t">{inner}</itemDefinition>\ninput x : t\ndecision d < x\nfeel: x'
    )
    (found,), _ = decisions.read(a_file(text), filename="a.dmn")

    assert decisions.evaluate(found, {"x": {"a": 1}}).value is None


# -- the fast way is FEEL's way ------------------------------------------------------------

LITERALS = st.sampled_from(['"a"', '"b"', "1", "2.5", "-3", "true", "false", "null"])
NUMBERS = st.sampled_from(["1", "2.5", "-3", "10"])
CELLS = st.one_of(
    LITERALS,
    st.lists(LITERALS, min_size=1, max_size=4).map(", ".join),
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), NUMBERS).map(" ".join),
    st.tuples(
        st.sampled_from(["[", "(", "]"]), NUMBERS, NUMBERS, st.sampled_from(["]", ")", "["])
    ).map(lambda one: f"{one[0]}{one[1]}..{one[2]}{one[3]}"),
)
VALUES = st.sampled_from([None, True, False, "a", "b", "c", 1, 2, 2.5, -3, 10, 11, ["a"], {"a": 1}])


@settings(derandomize=True, deadline=None, max_examples=400)
@given(cell=st.one_of(CELLS, CELLS.map(lambda one: f"not({one})")), value=VALUES)
def test_what_a_cell_says_at_once_is_what_feel_says(cell, value):
    found, tests = told(cell), feel.parse_unary(cell)
    given_value = feel.from_json(value)

    fast = None if found is None else Cell(*fields(found, tests)).holds(given_value, {}, Run(None))

    assert fast in (None, tests.test(given_value, {}) is True)


def fields(cell, tests):
    return cell.text, cell.points, cell.spans, cell.negated, tests if cell.negated else None
