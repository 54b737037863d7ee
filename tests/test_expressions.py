"""What the texts of a diagram mean, in our words and in those of other engines."""

from __future__ import annotations

import pytest

from engine.bpmn.expressions import (
    TextError,
    expression,
    moment,
    name_or_expression,
    text_or_expression,
    timer,
)
from engine.bpmn.model import TimerKind
from engine.bpmn.translation import WRITE_PYTHON
from tests.test_scripts import terms


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("a > 1 and b == 'x'", "a > 1 and b == 'x'"),
        ("  a\n", "a"),
        ("${a}", "a"),
        ("#{a}", "a"),
        ("${a == 'x' && !b}", "a == 'x' and (not b)"),
        ("${!a == b}", "(not a) == b"),
        ("${!(a || b)}", "not (a or b)"),
        ("${not empty a}", "not a in (None, '', [], {})"),
        ("${empty a}", "a in (None, '', [], {})"),
        ("${a.b.c eq null}", "a['b']['c'] == None"),
        ("${a ge 3 and b lt 4 or c ne true}", "a >= 3 and b < 4 or c != True"),
        ("${a mod 2 == 0}", "a % 2 == 0"),
        ("${f(a, b=1)['x']}", "f(a, b=1)['x']"),
        ("${'it is null && true'}", "'it is null && true'"),
        ("${x if y else z}", "x if y else z"),
        ("${{'a': 1}['a']}", "{'a': 1}['a']"),
        ("${a is not null and b not in [1]}", "a is not None and b not in [1]"),
        ("= a = 1 and b.c != null", "a == 1 and b['c'] != None"),
        ("=not(a)", "not a"),
        ("${受理_outcome == '同意'}", "受理_outcome == '同意'"),
    ],
)
def test_simple_forms_of_other_engines_become_python(text, python):
    assert expression(text).text == python


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("${a ? 'b' : 'c'}", "'b' if a else 'c'"),
        ("${a > 1 ? b : empty c ? d : e}",
         "b if a > 1 else d if c in (None, '', [], {}) else e"),
        ("${a.b.size() > 2 && !list.contains(x)}", "len(a['b']) > 2 and x not in list"),
        ("${name.equals('x') or name.isEmpty()}", "name == 'x' or len(name) == 0"),
        ("${execution.getVariable('a').b == 1}", "value('a')['b'] == 1"),
        ("${execution.hasVariable('a')}", "value('a') is not None"),
    ],
)  # fmt: skip
def test_what_is_refused_comes_with_the_text_that_would_do(text, instead):
    with pytest.raises(TextError) as refusal:
        expression(text)

    assert refusal.value.hint == f"Write it as {instead}"
    assert expression(f"${{{instead}}}").text == instead


@pytest.mark.parametrize(
    "text", ["${bean.check(a)}", "${a.trim()}", "${task.name ? 1 : 2}", "${a ? b}"]
)
def test_what_nothing_plainly_stands_for_gets_the_general_hint(text):
    with pytest.raises(TextError) as refusal:
        expression(text)

    assert refusal.value.hint == WRITE_PYTHON


@pytest.mark.parametrize(("value", "is_empty"), [(None, True), ("", True), ([], True), ({}, True),
                                                 (0, False), (False, False), ("0", False)])  # fmt: skip
def test_what_is_empty_is_what_juel_means_by_it(sandbox, value, is_empty):
    [answer] = sandbox.expressions([expression("${empty a}")], {"a": value}, **terms())

    assert answer.value is is_empty


@pytest.mark.parametrize(
    "text",
    [
        "${a ? b : c}",
        "${execution.getVariable('a')}",
        "${a.size()}",
        "${task.assignee}",
        "${a b}",
        "${1 < a < 3}",
        "${}",
        "${a",
        "${a;b}",
        "a ${b}",
        "=a ? b : c",
        "=a b ?? c",
        "=launch(a[1])",
        "=task.assignee > 'a",
        "${" + "(" * 500 + "}",
        "${" + "!" * 3000 + "a}",
    ],
)
def test_what_is_not_simple_is_refused_not_guessed(text):
    with pytest.raises(TextError) as refusal:
        expression(text)

    assert refusal.value.code == "expression-refused"


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("wang", "'wang'"),
        ("it's", '"it\'s"'),
        ("${a}", "a"),
        ("=a", "a"),
        ("no ${a} of ${b.c}", "'no ' + str(a) + ' of ' + str(b['c'])"),
        ("'a'", "\"'a'\""),
    ],
)
def test_a_text_field_is_a_literal_unless_marked(text, python):
    assert text_or_expression(text).text == python


def test_a_source_that_is_a_name_may_be_missing():
    assert name_or_expression("a").text == "value('a')"
    assert name_or_expression("${a}").text == "a"


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("PT4H", "'PT4H'"),
        ("P1Y2M3DT4H5M6.5S", "'P1Y2M3DT4H5M6.5S'"),
        ("P2W", "'P2W'"),
        ("2026-09-18", "'2026-09-18'"),
        ("2026-09-18T24:00", "'2026-09-18T24:00'"),
        ("2026-09-18T09:00:00Z", "'2026-09-18T09:00:00Z'"),
        ("working_days(5)", "working_days(5)"),
        ("${due}", "due"),
        ("due", "due"),
        ("Pause", "Pause"),
    ],
)
def test_a_moment_is_iso_8601_or_an_expression(text, python):
    assert moment(text).text == python


@pytest.mark.parametrize(
    ("text", "kind", "python"),
    [
        ("R/PT1H", TimerKind.CYCLE, "'R/PT1H'"),
        ("R3/2026-09-18T09:00/P1D", TimerKind.CYCLE, "'R3/2026-09-18T09:00/P1D'"),
        ("R-1/P1D", TimerKind.CYCLE, "'R-1/P1D'"),
        ("'R/P1D' if a else None", TimerKind.CYCLE, "'R/P1D' if a else None"),
        ("end_of_day()", TimerKind.DATE, "end_of_day()"),
        ("P1D", TimerKind.DURATION, "'P1D'"),
    ],
)
def test_a_timer_is_iso_8601_of_its_kind_or_an_expression(text, kind, python):
    assert timer(text, kind).text == python
