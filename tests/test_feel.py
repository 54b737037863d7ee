"""FEEL says what DMN 1.5 says, case by case, and docs/feel.md says the same."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from engine import feel
from engine.bpmn.sentences import catalogue, phrases, to_do
from engine.feel import (
    BUILTINS,
    FeelDate,
    FeelDateTime,
    FeelError,
    FeelTime,
    Function,
    MonthsDuration,
    Range,
    Run,
    TimeDuration,
    equal,
    from_json,
    parse,
    parse_unary,
    slips,
    syntax,
    testing,
    to_json,
    types,
)
from engine.feel.slips import WIDE
from tests import feel_table


@pytest.mark.parametrize("row", feel_table.rows(), ids=lambda row: f"{row.file}: {row.name}")
def test_the_cases_of_a_row_are_true(row):
    given = {str(case): feel_table.outcome(case) for case in row.cases}

    assert given == {str(case): feel_table.wanted(case) for case in row.cases}


# -- the page ------------------------------------------------------------------------------


def test_the_page_is_made_of_the_tables():
    assert feel_table.PAGE.read_text("utf-8") == feel_table.page()


def test_each_built_in_function_has_a_row_and_each_such_row_a_function():
    named = {
        name for row in feel_table.rows() for name in re.findall(r"^`([a-z ]+)\(\)`$", row.name)
    }

    assert named == set(BUILTINS)


def test_each_row_has_cases():
    assert [row.name for row in feel_table.rows() if not row.cases] == []


def test_each_construct_of_the_grammar_stands_in_a_case():
    seen = set()
    for case in feel_table.cases():
        if case.expected != "error":
            names = feel_table.names_in(case.scope)
            read = parse(case.text, names) if case.tests is None else parse_unary(case.tests, names)
            waiting = [read.tree]
            while waiting:
                one = waiting.pop()
                seen.add(type(one))
                waiting += testing.parts(one)

    assert {one for one in seen if one is not tuple} == {*syntax.Node.__args__, syntax.Tests}


def test_each_type_is_asked_for_in_a_case():
    asked = " ".join(case.text for case in feel_table.cases() if "instance of" in case.text)

    assert [name for name in types.SIMPLE if f"instance of {name}" not in asked] == []


# -- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names", "read"),
    [
        ("a + b.c", (), {"a", "b"}),
        ("monthly income * rate", ("monthly income",), {"monthly income", "rate"}),
        ("for i in items return i * factor", (), {"items", "factor"}),
        ("some x in xs, y in x.ys satisfies y > limit", (), {"xs", "limit"}),
        ("{a: 1, b: a + c}.b", (), {"c"}),
        ("function(x) x + y", (), {"y"}),
        ("count(items) + sum(count)", ("count",), {"items", "count"}),
        ("count(items)", (), {"items"}),
        ("orders[total > limit and item.open]", ("orders", "limit"), {"orders", "limit"}),
        ("orders[total > limit]", ("orders", "total"), {"orders", "total"}),
        ("date and time(d, t)", (), {"d", "t"}),
        ("date and time", ("date", "time"), {"date", "time"}),
        ("f(a: b)", (), {"f", "b"}),
    ],
)
def test_an_expression_knows_the_names_it_reads(text, names, read):
    assert parse(text, names).names == read


def test_unary_tests_know_the_names_besides_the_value():
    assert parse_unary("? > limit, < other").names == {"limit", "other"}


def test_the_longest_known_name_wins_wherever_it_stands():
    scope = {"a": Decimal(1), "a b": Decimal(2), "a b c": Decimal(3)}

    assert parse("a b c + a b + a", scope).evaluate(scope) == 6


# -- values --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (5, Decimal(5)),
        (0.1, Decimal("0.1")),
        (float("nan"), None),
        (Decimal("NaN"), None),
        (Decimal("-Infinity"), None),
        pytest.param(10**7000, None, id="large"),
        ([Decimal("sNaN")], [None]),
        (True, True),
        ("text", "text"),
        (None, None),
        ([1, (2.5,)], [Decimal(1), [Decimal("2.5")]]),
        ({"a": {"b": 1}}, {"a": {"b": Decimal(1)}}),
        (date(2026, 11, 22), FeelDate(2026, 11, 22)),
        (time(10, 20, 30, 500), FeelTime(10, 20, 30, 500_000)),
        (timedelta(days=1, seconds=2), TimeDuration(86_402 * 10**9)),
        (
            datetime(2026, 11, 22, 9, tzinfo=UTC),
            FeelDateTime(FeelDate(2026, 11, 22), FeelTime(9, 0, 0, 0, 0)),
        ),
        (object(), None),
    ],
)
def test_data_of_python_become_values(given, value):
    assert parse("x").evaluate({"x": given}) == value
    assert parse("[x][1]").evaluate({"x": given}) == value
    assert parse_unary("= x").test(given, {"x": given}) is True


@pytest.mark.parametrize(
    ("text", "json"),
    [
        ("5", 5),
        ("5.0", 5),
        ("1 / 4", 0.25),
        ("1 / 3", "0.3333333333333333333333333333333333"),
        ("10 ** 30", "1000000000000000000000000000000"),
        ("2 ** 63", "9223372036854775808"),
        ("2 ** 63 - 1", 2**63 - 1),
        ('@"2026-11-22"', "2026-11-22"),
        ('@"P1Y2M"', "P1Y2M"),
        ('@"2026-11-22T10:00:00@Asia/Shanghai"', "2026-11-22T10:00:00@Asia/Shanghai"),
        ('{a: [1, "x", null, true]}', {"a": [1, "x", None, True]}),
        (
            "[1..3)",
            {"start": 1, "end": 3, "start included": True, "end included": False},
        ),
        ("function(a) a", "function"),
    ],
)
def test_values_become_json(text, json):
    found = to_json(parse(text).evaluate())

    assert (type(found), found) == (type(json), json)


@pytest.mark.parametrize(
    ("json", "name", "value"),
    [
        ("2026-11-22", "date", FeelDate(2026, 11, 22)),
        ("2026-11-22", "string", "2026-11-22"),
        ("10:20:30", "time", FeelTime(10, 20, 30)),
        ("2026-11-22", "date and time", parse('date and time("2026-11-22")').evaluate()),
        ("P1Y", "years and months duration", MonthsDuration(12)),
        ("P1Y", "days and time duration", "P1Y"),
        ("PT1S", "dayTimeDuration", TimeDuration(10**9)),
        ("0.10", "number", Decimal("0.10")),
        ("x", "number", "x"),
        (["2026-11-22"], "list<date>", [FeelDate(2026, 11, 22)]),
        ({"a": "PT1S", "b": "PT1S"}, "context<a: days and time duration>", {"a": TimeDuration(10**9), "b": "PT1S"}),
        ("2026-11-22", "Any", "2026-11-22"),
    ],
)  # fmt: skip
def test_json_is_read_as_its_type_says(json, name, value):
    assert from_json(json, types.named(name)) == value


def test_a_function_of_python_is_called_by_position_and_by_name():
    half = Function(("value",), lambda value: value / 2, "half")
    scope = {"half": half, "many": Function(None, lambda *values: Decimal(len(values)))}

    found = parse("[half(8), half(value: 6), half(), half(1, 2), half(x: 1), many(1, 2, 3)]")

    assert found.evaluate(scope) == [4, 3, None, None, None, 3]


def test_functions_that_feel_makes_are_called_from_python():
    add = parse("function(a, b) a + b").evaluate()

    assert add.invoke([Decimal(1), Decimal(2)]) == 3
    assert add.invoke([], {"b": Decimal(1), "a": Decimal(2)}) == 3
    assert add.invoke([Decimal(1)]) is None
    assert BUILTINS["string length"].invoke(["abc"]) == 3


def test_why_something_is_null_is_told():
    notes = []

    found = parse("amont * 2 + [1][3]").evaluate({"amount": 1}, notes=notes)

    assert found is None
    assert notes == [
        "There is no 'amont'.",
        "null * number is not defined.",
        "The list of 1 items has no item 3.",
        "null + null is not defined.",
    ]


def test_now_and_today_are_those_of_the_caller():
    moment = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    notes = []

    assert to_json(parse("[now(), today()]").evaluate({}, now=moment)) == [
        "2026-11-22T09:30:00Z",
        "2026-11-22",
    ]
    assert parse("now()").evaluate({}, notes=notes) is None
    assert notes == ["now() needs a moment, which is not known here."]


def test_random_numbers_come_from_the_seed_of_the_caller():
    text = parse("[random number(), random number()]")

    assert text.evaluate({}, seed="case/1") == text.evaluate({}, seed="case/1")
    assert len({*text.evaluate({}, seed="case/1"), *text.evaluate({}, seed="case/2")}) == 4
    assert text.evaluate({}) == [None, None]


@pytest.mark.parametrize(
    ("text", "constants"),
    [
        ('"a","b"', {"a", "b"}),
        ("5", {Decimal(5)}),
        ("true", {True}),
        ("1, 2.50", {Decimal(1), Decimal("2.5")}),
        ("-", None),
        ("< 5", None),
        ("not(5)", None),
        ("5, limit", None),
        ("null", None),
    ],
)
def test_a_cell_of_constants_tells_them(text, constants):
    assert parse_unary(text).constants == constants


def test_an_empty_cell_is_a_dash():
    assert [parse_unary(text).always for text in ("", " - ", "-", "\n", "-1")] == [
        True,
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("text", ["5", " < 5 ", '"a"', "true", "!= 3", "-1.5", ">= -2"])
def test_a_cell_read_without_the_parser_is_the_same(text):
    plain = parse_unary(text)
    parsed = parse_unary(f"{text} /* the parser reads this */")

    assert (plain.tree, plain.constants, plain.always) == (
        parsed.tree,
        parsed.constants,
        parsed.always,
    )
    for value in (Decimal(5), Decimal(3), Decimal(-2), "a", True, None):
        assert plain.test(value) is parsed.test(value)


# -- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("1 +", 3, "A value is due, at the end of '1 +'."),
        ("1 + * 2", 4, "A value is due, at '* 2' (character 5)."),
        ("if a then b", 11, "'else' is missing, at the end of 'if a then b'."),
        ("(1", 2, "')' is missing, at the end of '(1'."),
        ("1 2", 2, "An operator is missing, or this is too much, at '2' (character 3)."),
        ("", 0, "A value is due, at the end of ''."),
        ('"a', 0, "A string does not end, at '\"a' (character 1)."),
        ("1 instance of", 13, "This is no type that is known, at the end of '1 instance of'."),
    ],
)
def test_a_text_that_is_no_feel_is_refused_with_its_place(text, position, says):
    with pytest.raises(FeelError) as caught:
        parse(text)

    assert (caught.value.position, str(caught.value)) == (position, says)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a == 1", "Write = where two values are compared."),
        ("a <> 1", "Write != where two values differ."),
        ("a && b", "Write and between conditions."),
        ("a || b", "Write or between conditions."),
        ("a and !b", "Write not(…) for the opposite."),
        ("not a", "Write not(…) for the opposite."),
        ("a not in (1, 2)", "Write not(…) for the opposite."),
        ("not true", "Write not(…) for the opposite."),
        ("a % 2", "Write modulo(a, b) for the rest of a division."),
        ("kind = 'road'", "Write texts between double quotes."),
        ("'road'", "Write texts between double quotes."),
        ("${amount} > 5", "Write the bare name: ${…} is of another language."),
        ('"a"; "b"', "Write a comma between values."),
        ("amount ＞ 5", WIDE),
        ("contains（kind，“x”）", WIDE),
        ("1 +", None),
    ],
)
def test_a_slip_of_another_language_is_told_what_to_write(text, hint):
    try:
        assert parse(text).names
        told = None
    except FeelError as error:
        told = error.hint

    assert told == hint


def test_each_reason_and_hint_is_told_in_chinese_too():
    files = sorted(Path(feel.__file__).parent.glob("*.py"))
    source = "".join(path.read_text("utf-8") for path in files)
    reasons = {
        re.sub(r"\{.*?\}", "{}", text)
        for text in re.findall(r'self\.error\(\s*f?"([^"]+)"', source)
    }
    forms = ("{}, at the end of {{}}", "{}, at {{}} (character {{}})")
    hints = set(re.findall(r'"([A-Z][^"]*\.)"\)', Path(slips.__file__).read_text("utf-8")))

    assert len(reasons) > 15
    assert [
        one for one in reasons if not {form.format(one) for form in forms} <= set(phrases())
    ] == []
    assert [
        one for one in {*hints, WIDE} if to_do("dmn-cell", one)[1] == catalogue()["dmn-cell"].do[1]
    ] == []


# -- types ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "number", "date and time", "list<list<string>>", "context<a: number, b c: list<date>>",
        "function<number, string> -> boolean", "range<date>", "Any",
    ],
)  # fmt: skip
def test_a_type_is_written_as_it_was_read(text):
    assert str(types.named(text)) == text


@pytest.mark.parametrize(
    "text", ["", "nonsense", "list<", "list<nonsense>", "number number", "list<number> x"]
)
def test_what_names_no_type_is_none(text):
    assert types.named(text) is None


def test_types_of_the_caller_may_be_asked_for():
    person = types.context_of({"name": types.STRING, "age": types.NUMBER})

    asked = parse("x instance of tPerson", ["x"], {"tPerson": person})

    assert asked.evaluate({"x": {"name": "a", "age": 5}}) is True
    assert asked.evaluate({"x": {"name": "a"}}) is False


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("5", "number", ("5", True)),
        ("[5]", "number", ("5", True)),
        ("[5, 6]", "number", ("null", False)),
        ("5", "list<number>", ("[5]", True)),
        ('"5"', "list<number>", ("null", False)),
        ("[1, 2]", "list<number>", ("[1, 2]", True)),
        ("null", "number", ("null", True)),
        ('@"2026-11-22"', "date and time", ('@"2026-11-22T00:00:00Z"', True)),
        ('[@"2026-11-22"]', "list<date and time>", ('[@"2026-11-22T00:00:00Z"]', True)),
        ('"5"', "number", ("null", False)),
        ("{a: [1]}", "context<a: number>", ("{a: 1}", True)),
        ("{a: 1}", "context<b: number>", ("null", False)),
        ("[1..2]", "range<number>", ("[1..2]", True)),
    ],
)
def test_values_are_converted_to_types_as_the_specification_says(text, name, found):
    value, fits = types.coerce(parse(text).evaluate(), types.named(name))

    assert (value, fits) == (parse(found[0]).evaluate(), found[1])


# -- budgets that are shared -----------------------------------------------------------------


def test_several_evaluations_may_share_one_budget():
    run = Run()
    before = run.steps

    parse("count(for i in 1..10 return i)").evaluate({}, run=run)
    between = run.steps
    parse_unary("some i in 1..10 satisfies i = ?").test(Decimal(10), run=run)

    assert (before > between > run.steps, run.depth) == (True, Run().depth)


def test_ranges_in_python_are_equal_by_their_ends():
    assert equal(Range(Decimal(1), Decimal(2)), parse("[1.0..2]").evaluate()) is True
