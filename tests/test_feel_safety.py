"""No text, however hostile, does more than be refused, stopped, or become null."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.feel import (
    FeelError,
    FeelLimit,
    Limits,
    equal,
    from_json,
    parse,
    parse_unary,
    to_json,
)
from engine.feel.numbers import CONTEXT
from tests import feel_table

SCOPE = {"a": Decimal(1), "b": "x", "list": [Decimal(1), "a", None], "c": {"d": [Decimal(2)]}}
FEW = Limits(steps=20_000)
TRIED = settings(derandomize=True, deadline=None, max_examples=200, database=None)


def outcome(text, unary, value):
    """Evaluate a text, which may only be refused or stopped."""
    try:
        if unary:
            return parse_unary(text, SCOPE).test(value, SCOPE, limits=FEW, notes=[])
        return to_json(parse(text, SCOPE).evaluate(SCOPE, limits=FEW, notes=[], seed=1))
    except (FeelError, FeelLimit) as error:
        return str(error)


WORDS = sorted(
    {
        "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or",
        "not", "between", "instance of", "function", "true", "false", "null", "item", "partial",
        "a", "b", "list", "c", "c.d", "?", "-", "+", "*", "/", "**", "=", "!=", "<", "<=", ">",
        ">=", "(", ")", "[", "]", "{", "}", ",", ".", "..", ":", '"x"', '"a+"', "0", "1", "2.5",
        "1e300", '@"2026-11-22"', '@"P1D"', '@"10:00:00@Europe/Paris"', "date and time", "date",
        "number", "list<number>", "context", "count(", "sort(", "replace(", "string(", "range(",
    }
)  # fmt: skip
PIECES = sorted({case.text for case in feel_table.cases()})


@given(st.text(max_size=60), st.booleans())
@TRIED
def test_any_text_is_refused_or_has_a_value(text, unary):
    outcome(text, unary, Decimal(5))


@given(st.lists(st.sampled_from(WORDS), max_size=14), st.booleans())
@TRIED
def test_any_words_are_refused_or_have_a_value(words, unary):
    outcome(" ".join(words), unary, "x")


@given(
    st.sampled_from(PIECES), st.sampled_from(PIECES), st.integers(0, 40), st.integers(0, 40),
    st.sampled_from(["", " + ", ", ", " = ", ".", " in ", "[", "("]),
)  # fmt: skip
@TRIED
def test_what_is_cut_together_is_refused_or_has_a_value(one, other, end, start, between):
    outcome(one[:end] + between + other[start:], unary=False, value=None)


HOSTILE = {
    "parentheses": "(" * 50_000 + "1" + ")" * 50_000,
    "lists": "[" * 50_000,
    "signs": "-" * 90_000 + "x",
    "filters": "x" + "[1" * 9_000,
    "paths": "x" + ".a" * 9_000,
    "calls": "f" + "()" * 9_000,
    "comparisons": "1" + "=1" * 9_000,
    "choices": "if true then " * 5_000 + "1",
    "functions": "function(a) " * 5_000 + "a",
    "contexts": "{a:" * 9_000,
    "types": "1 instance of " + "list<" * 9_000,
    "names": "{" + ",".join(f"k-{number}: 1" for number in range(2_000)) + "}",
    "iterators": "for " + ",".join(f"i{number} in 1..2" for number in range(200)) + " return 1",
    "length": " " * 100_001,
    "comment": "/*" * 40_000,
    "range": "1 in (" * 9_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_without_measure_is_refused(name):
    if name == "signs":
        assert parse(HOSTILE[name]).evaluate({"x": 1}) == 1
        return
    with pytest.raises(FeelError):
        parse(HOSTILE[name])


ENDLESS = {
    "recursion": "{f: function(n) f(n + 1), r: f(0)}.r",
    "itself": "(function(x) x(x))(function(x) x(x))",
    "loop": "for i in 1..1000000000 return i",
    "search": "some i in 1..1000000000 satisfies false",
    "loops": "count(for i in 1..1000, j in 1..1000, k in 1..1000 return i)",
    "days": 'for d in @"-999999999-01-01"..@"999999999-01-01" return d',
    "partial": "for i in 1..2000 return partial",
    "text": '{d: function(s, n) if n = 0 then s else d(s + s, n - 1), r: d("aaaa", 40)}.r',
    "list": "{d: function(s, n) if n = 0 then s else d(concatenate(s, s), n - 1), r: d([1, 2], 30)}.r",
    "shared": "{d: function(s, n) if n = 0 then s else d([s, s], n - 1), r: d([1, 2], 30)}.r",
    "shared, compared": "{d: function(s, n) if n = 0 then s else d([s, s], n - 1), r: d([], 25) = d([], 25)}.r",
    "shared, written": "{d: function(s, n) if n = 0 then s else d([s, s], n - 1), r: string(d([1], 25))}.r",
    "shared, flattened": "{d: function(s, n) if n = 0 then s else d([s, s], n - 1), r: flatten(d([1], 25))}.r",
    "sort": "{f: function(n) sort([1, 2], function(a, b) f(n + 1)), r: f(0)}.r",
    "long search": 'matches(string join(for i in 1..60 return "a") + "b", "^(a|aa)+$")',
    "long text": 'matches(string join(for i in 1..50000 return "aaa"), "b")',
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_would_not_end_or_fit_is_stopped(name):
    with pytest.raises(FeelLimit):
        parse(ENDLESS[name]).evaluate({}, limits=Limits(steps=200_000, pattern_seconds=0.2))


def test_a_long_chain_is_not_a_deep_one():
    assert parse("1" + " + 1" * 5_000).evaluate() == 5_001
    assert parse("true" + " and true" * 5_000).evaluate() is True


def test_the_budget_of_a_run_is_spent_by_each_evaluation_of_its_own():
    text = parse("count(for i in 1..60000 return i)")

    assert [text.evaluate({}, limits=Limits(steps=100_000)) for _ in range(2)] == [60_000] * 2


# -- laws --------------------------------------------------------------------------------

NUMBERS = st.decimals(
    allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20
)
LAWS = settings(derandomize=True, deadline=None, max_examples=60, database=None)


@given(NUMBERS, NUMBERS)
@LAWS
def test_sums_and_products_are_those_of_decimals(one, other):
    scope = {"a": one, "b": other}

    assert parse("a + b", scope).evaluate(scope) == CONTEXT.add(one, other)
    assert parse("a * b = b * a", scope).evaluate(scope) is True
    assert parse("a - b = -(b - a)", scope).evaluate(scope) is True


@given(NUMBERS, NUMBERS)
@LAWS
def test_exactly_one_of_less_equal_and_more_is_so(one, other):
    scope = {"a": one, "b": other}

    assert sum(parse(f"a {sign} b", scope).evaluate(scope) for sign in ("<", "=", ">")) == 1
    assert parse("a <= b or a > b", scope).evaluate(scope) is True


@given(NUMBERS, NUMBERS)
@LAWS
def test_a_test_says_what_its_comparison_says(one, other):
    scope = {"a": one, "b": other}

    for sign in ("<", "<=", ">", ">=", "=", "!="):
        written = parse(f"a {sign} b", scope).evaluate(scope)
        assert parse_unary(f"{sign} b", scope).test(one, scope) is written
        assert parse_unary(f"{sign} {other:f}").test(one) is written
        assert parse_unary(f"? {sign} b").test(one, scope) is written


@given(NUMBERS, NUMBERS)
@LAWS
def test_the_rest_of_a_division_lies_between_zero_and_the_divisor(one, other):
    scope = {"a": one, "b": other}
    rest = parse("modulo(a, b)", scope).evaluate(scope)

    if other == 0:
        assert rest is None
    else:
        assert (0 <= rest < other) if other > 0 else (other < rest <= 0)


@given(st.dates(), st.integers(-400_000, 400_000))
@LAWS
def test_days_are_counted_as_python_counts_them(day, days):
    scope = {"d": day, "n": days}
    later = parse('d + n * @"P1D"', scope).evaluate(scope)

    ordinal = day.toordinal() + days
    if 1 <= ordinal <= 3_652_059:
        assert str(later) == type(day).fromordinal(ordinal).isoformat()
    assert parse('(d + n * @"P1D") - d = n * @"P1D"', scope).evaluate(scope) is True
    assert parse("d.weekday", scope).evaluate(scope) == day.isoweekday()
    assert parse("week of year(d)", scope).evaluate(scope) == day.isocalendar().week
    assert parse("day of year(d)", scope).evaluate(scope) == day.timetuple().tm_yday


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=8)
        | st.floats(-1e15, 1e15),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    )
)  # fmt: skip
@LAWS
def test_json_comes_back_from_values_as_it_was(value):
    assert to_json(from_json(value)) == value
    assert equal(from_json(value), from_json(value)) is True


@given(st.lists(NUMBERS, min_size=1, max_size=8))
@LAWS
def test_lists_of_numbers_are_summed_and_sorted(numbers):
    scope = {"x": numbers}

    assert parse("sort(x, function(a, b) a < b)", scope).evaluate(scope) == sorted(numbers)
    assert parse("min(x) = sort(x)[1] and max(x) = sort(x)[-1]", scope).evaluate(scope) is True
    assert parse("reverse(reverse(x)) = x", scope).evaluate(scope) is True
    assert parse("count(distinct values(x))", scope).evaluate(scope) == len(set(numbers))
