"""A condition written in FEEL and the same in Python take the same way."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn import expressions
from engine.feel import parse, to_json
from engine.scripts import Budget, Code, NoLookups

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NUMBERS, TEXTS = ("amount", "limit", "days"), ("kind", "street")
VALUES = st.fixed_dictionaries(
    {
        **dict.fromkeys(NUMBERS, st.integers(-9, 9)),
        **dict.fromkeys(TEXTS, st.sampled_from(["road", "light", "路灯"])),
        "urgent": st.booleans(),
        "remark": st.none() | st.just("x"),
        "steps": st.lists(st.integers(-3, 3), max_size=4),
        "places": st.lists(
            st.fixed_dictionaries(
                {"code": st.sampled_from(["a", "b"]), "count": st.integers(0, 3)}
            ),
            min_size=1,
            max_size=3,
        ),
    }
)

# Each text is a pair: in FEEL, and in Python.
number = st.recursive(
    st.sampled_from([(name, name) for name in NUMBERS])
    | st.integers(-5, 5).map(lambda value: (f"({value})", f"({value})"))
    | st.just(("count(steps)", "len(steps)"))
    | st.just(("places[1].count", "places[0]['count']")),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
        lambda part: tuple(f"({one} {part[1]} {other})" for one, other in zip(part[0], part[2], strict=True))
    ),
    max_leaves=4,
)  # fmt: skip
text = st.sampled_from(
    [*((name, name) for name in TEXTS), ('"road"', "'road'"), ('"路灯"', "'路灯'"),
     ("places[1].code", "places[0]['code']")]
)  # fmt: skip
SIGNS = (("=", "=="), ("!=", "!="), ("<", "<"), ("<=", "<="), (">", ">"), (">=", ">="))


def compared(operand):
    return st.tuples(operand, st.sampled_from(SIGNS), operand).map(
        lambda part: (
            f"{part[0][0]} {part[1][0]} {part[2][0]}",
            f"({part[0][1]} {part[1][1]} {part[2][1]})",
        )
    )


between = st.tuples(number, number, number).map(
    lambda part: (
        f"{part[0][0]} between {part[1][0]} and {part[2][0]}",
        f"({part[0][1]} >= {part[1][1]} and {part[0][1]} <= {part[2][1]})",
    )
)
among = st.lists(text, min_size=1, max_size=3).flatmap(
    lambda items: text.map(
        lambda one: (
            f"{one[0]} in ({', '.join(item[0] for item in items)})",
            f"({one[1]} in [{', '.join(item[1] for item in items)}])",
        )
    )
)
plain = st.sampled_from(
    [("urgent", "urgent"), ("remark = null", "(remark == None)"), ("remark != null", "(remark != None)"),
     ("amount in steps", "(amount in steps)")]
)  # fmt: skip


def joined(inner):
    def both(part):
        one, word, other = part
        return f"({one[0]} {word} {other[0]})", f"({one[1]} {word} {other[1]})"

    def chosen(part):
        test, first, second = part
        return (
            f"(if {test[0]} then {first[0]} else {second[0]})",
            f"({first[1]} if {test[1]} else {second[1]})",
        )

    return (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(both)
        | inner.map(lambda one: (f"not({one[0]})", f"(not {one[1]})"))
        | st.tuples(inner, inner, inner).map(chosen)
    )


conditions = st.recursive(
    compared(number) | compared(text) | between | among | plain, joined, max_leaves=5
)


@pytest.fixture(scope="module")
def python(sandbox):
    """Evaluates Python as conditions are: in the sandbox."""

    def evaluate(text, data):
        (outcome,) = sandbox.expressions(
            [Code(text)], data, now=NOW, seed="x", lookups=NoLookups(), budget=Budget(60)
        )
        assert outcome.error is None, outcome.error
        return outcome.value

    return evaluate


@given(condition=conditions, data=VALUES)
@settings(derandomize=True, deadline=None, max_examples=250, database=None)
def test_a_condition_in_feel_and_the_same_in_python_take_the_same_way(python, condition, data):
    in_feel, in_python = condition

    assert parse(in_feel, data).evaluate(data) is python(in_python, data)


@pytest.mark.parametrize(
    "text",
    [
        'amount > 5 and kind = "road"',
        "amount + limit * 2 >= days",
        "not(urgent) or remark != null",
        'kind = "road" or (urgent and amount <= limit)',
        "amount - limit - days",
        "urgent = true",
        "remark = null",
    ],
)
@given(data=VALUES)
@settings(derandomize=True, deadline=None, max_examples=15, database=None)
def test_what_files_write_with_an_equals_sign_means_in_feel_what_it_is_translated_to(
    python, text, data
):
    translated = expressions.expression(f"={text}")

    assert to_json(parse(text, data).evaluate(data)) == python(translated.text, data)
