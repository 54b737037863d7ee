"""Expressions that are asked again with the same data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.scripts import Budget, Code, NoLookups, Sandbox

NOW = datetime(2026, 9, 18, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def sandbox():
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


class Lists(NoLookups):
    def __init__(self, answer):
        self.answer = answer

    def lookup(self, name, /, **key):
        return {name: self.answer}


def ask(sandbox, text, inputs, *, now=NOW, answer=1):
    """Return the value, and whether a worker was asked."""
    budget = Budget()
    found = sandbox.expressions(
        [Code(text)], inputs, now=now, seed="c-1/t/1", lookups=Lists(answer), budget=budget
    )
    return found[0], budget.left < Budget().left


STEADY = [
    ("abs(days) + 1", {"days": 3}),
    ("working_days(round(days))", {"days": 3}),
    ("longest(working_days(1), working_hours(value('h', 4)))", {}),
    ("list(one['code'] for one in places)", {"places": [{"code": "a", "n": 2}]}),
    ("max(name)", {"name": "环境"}),
    ("(lambda: end_of_day())()", {}),
]


@pytest.mark.parametrize(("text", "inputs"), STEADY)
def test_the_second_case_does_not_wait_for_a_worker(text, inputs):
    with_memory, without = Sandbox(), Sandbox()
    try:
        first, asked = ask(with_memory, text, inputs)
        again, asked_again = ask(with_memory, text, dict(inputs), now=NOW + timedelta(days=1))
        alone, _ = ask(without, text, inputs)
    finally:
        with_memory.close()
        without.close()
    assert (first.error, asked, asked_again) == (None, True, False)
    assert again == first == alone


def test_other_data_are_another_question(sandbox):
    found = [ask(sandbox, "n + 1", {"n": n})[0].value for n in (1, 2, 1.0, True, 1)]
    assert [repr(one) for one in found] == ["2", "3", "2.0", "2", "2"]
    assert ask(sandbox, "value('n', 7)", {"n": None})[0].value is None
    assert ask(sandbox, "value('n', 7)", {})[0].value == 7


def test_what_a_value_is_changed_to_changes_no_other(sandbox):
    ask(sandbox, "[n]", {"n": 1})
    ask(sandbox, "[n]", {"n": 1})[0].value.append("changed")
    assert ask(sandbox, "[n]", {"n": 1}) == (ask(sandbox, "[1]", {})[0], False)


@pytest.mark.parametrize(
    "text",
    [
        "f'{now()}'",
        "datetime(2026, 1, 1) < datetime.now()",
        "list(lookup('towns'))",
        "f'{case}'",
        "missing + 1",
        "1 / 0",
        "[n for n in (seen.append(1), 2)]",
    ],
)
def test_what_rests_on_more_than_data_is_asked_every_time(sandbox, text):
    inputs = {"case": {"unit": "S09"}, "seen": []}
    assert [ask(sandbox, text, inputs)[1] for _ in range(2)] == [True, True]


def test_the_moment_and_the_lists_are_those_of_the_question(sandbox):
    found = [ask(sandbox, "now()", {}, now=NOW + timedelta(hours=n))[0].value for n in (0, 1)]
    assert found[0] != found[1]
    towns = [ask(sandbox, "lookup('towns')", {}, answer=n)[0].value for n in (1, 2)]
    assert towns == [{"towns": 1}, {"towns": 2}]
