"""Expressions that only read a datum, beside what the interpreter makes of them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import pytest

from engine.scripts import Budget, Code, NoLookups, Outcome, Sandbox, reading

NOW = datetime(2026, 9, 18, 1, 0, tzinfo=UTC)


def nested(depth):
    value = []
    for _ in range(depth):
        value = {"in": [value]}
    return value


VALUES = [
    None,
    True,
    0,
    -7,
    2**53 - 1,
    0.0,
    -0.0,
    1.0,
    1e308,
    "",
    "环境",
    "é e\u0301",
    "2026-09-18T09:00:00+08:00",
    [],
    [1, 1.0, True, None, "1"],
    [[], {}, [[]]],
    {},
    {"z": 1, "a": {"k": [2]}},
    {"$moment": "2026-09-18T09:00:00+08:00"},
    {"$amount": 3, "unit": "WD"},
    {"$sealed": "s-1", "commitment": "00"},
    nested(6),
    list(range(200)),
    "x" * 9_000,
]
ODD = [
    2**53,
    -(2**63),
    2**70,
    math.nan,
    math.inf,
    "a\0b",
    "\ud800",
    {1: 2},
    {"a\0": 1},
    (1, 2),
    date(2026, 9, 18),
    NOW,
    nested(9),
    list(range(500)),
    "x" * 20_000,
]
READ = [
    "a",
    "  \n(a)",
    "value('a')",
    "value('none')",
    "case['k']",
    "case['k']['l']",
    "[a, b, value('none')]",
    "[[a], [value('none') or case['k']]]",
    "a or b",
    "value('a') or value('none') or a",
]
"""Every construct that is read here."""
NOT_READ = [
    "a + 1",
    "a == b",
    "a and b",
    "not a",
    "(a,)",
    "{'a': a}",
    "case.k",
    "case[a]",
    "case[0]",
    "case['k':]",
    "[*a]",
    "[one for one in a]",
    "value(a)",
    "value('a', 1)",
    "value('a', default=1)",
    "value()",
    "value",
    "[value, value('a')]",
    "[type, a]",
    "case['k']()",
    "now()",
    "now",
    "__codes",
    "a if b else a",
    "(a := b)",
    "lambda: a",
    "'text'",
    "a b",
    "",
]


def data(one):
    return {"a": one, "b": 1, "case": {"k": {"l": one}}, "now": 1, "type": 2, "value": 3}


@pytest.fixture(scope="module")
def pool():
    pool = Sandbox()
    yield pool
    pool.close()


def ask(pool, text, inputs):
    """Return the outcome, and whether a worker was asked."""
    budget = Budget()
    (found,) = pool.expressions(
        [Code(text)], inputs, now=NOW, seed="c-1/t/1", lookups=NoLookups(), budget=budget
    )
    return found, budget.left < Budget().left


@pytest.mark.parametrize("text", READ)
def test_what_is_read_here_is_what_the_interpreter_gives(text, pool):
    for one in VALUES:
        found, asked = ask(pool, text, data(one))
        # A condition leads past what is read here, and changes nothing.
        judged, _ = ask(pool, f"({text}) if value('b') else None", data(one))

        assert not asked
        if judged.error is None or judged.error.kind != "limit":
            assert repr(found) == repr(judged)


@pytest.mark.parametrize("text", NOT_READ)
def test_another_expression_is_the_interpreters(text):
    assert reading.read(text, data("x")) is reading.UNREAD


@pytest.mark.parametrize("one", ODD, ids=lambda one: f"{type(one).__name__}-{str(one)[:9]!a}")
def test_a_value_that_is_large_or_no_plain_json_is_the_interpreters(one):
    texts = ["a", "value('a')", "[b, a]", "a or b", "case['k']['l']"]

    assert [reading.read(text, data(one)) for text in texts] == [reading.UNREAD] * len(texts)


@pytest.mark.parametrize("text", ["c", "case['c']", "case['k']['l']['m']", "b['k']", "[a, c]"])
def test_what_is_not_there_is_the_interpreters_to_judge(text, pool):
    found, asked = ask(pool, text, data("x"))

    assert asked
    assert found.error is not None


def test_only_the_data_that_decide_are_read():
    assert reading.read("a or c", {"a": 1}) == 1
    assert reading.read("a or c", {"a": []}) is reading.UNREAD


def test_a_datum_called_like_a_function_is_left_alone():
    assert reading.read("value('value')", data("x")) == 3
    assert reading.read("date", {"date": "2026-09-18"}) is reading.UNREAD


def test_a_name_is_compared_as_python_does(pool):
    assert ask(pool, "Ａ", {"A": 1}) == (Outcome(1), False)
    assert ask(pool, "A", {"Ａ": 1}) == (Outcome(1), True)


def test_what_was_read_shares_nothing_with_the_data(pool):
    inputs = data({"list": [1]})
    for text in ("a", "[a]", "a or b", "case['k']['l']"):
        found, _ = ask(pool, text, inputs)
        holder = found.value[0] if isinstance(found.value, list) else found.value
        holder["list"].append("changed")

    assert inputs == data({"list": [1]})
