from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.decisions import evaluate, read, shape
from engine.errors import DecisionFailed

DMN = {
    "1.1": "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "1.2": "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "1.3": "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "1.4": "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "1.5": "https://www.omg.org/spec/DMN/20230324/MODEL/",
}


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def entry(kind, text):
    return f"<{kind}><text>{escaped(text)}</text></{kind}>"


def a_file(*rules, inputs=("x",), outputs=("y",), policy="UNIQUE", version="1.3", body=""):
    """A DMN file with one table; a rule is a list of cells, inputs first.

    An input may be ``(expression, typeRef)``, an output ``(name, typeRef, default)``.
    """
    columns = ""
    for one in inputs:
        text, kind = (one, "") if isinstance(one, str) else one
        columns += (
            f'<input><inputExpression typeRef="{kind}"><text>{escaped(text)}</text>'
            "</inputExpression></input>"
        )
    for one in outputs:
        name, kind, default = (one, "", None) if isinstance(one, str) else one
        inner = "" if default is None else entry("defaultOutputEntry", default)
        columns += f'<output name="{name}" typeRef="{kind}">{inner}</output>'
    rows = ""
    for number, rule in enumerate(rules, 1):
        cells = [
            entry("inputEntry" if at < len(inputs) else "outputEntry", text)
            for at, text in enumerate(rule)
        ]
        rows += f'\n<rule id="r{number}">{"".join(cells)}</rule>'
    return (
        f'<definitions xmlns="{DMN[version]}" id="d" name="d" namespace="n">'
        f'<decision id="t" name="Table"><decisionTable hitPolicy="{policy}">'
        f"{columns}{rows}</decisionTable></decision>{body}</definitions>"
    ).encode()


def a_decision(*rules, **changes):
    decisions, findings = read(a_file(*rules, **changes), filename="t.dmn")
    assert findings == []
    return decisions[0]


def codes_of(xml):
    decisions, findings = read(xml, filename="t.dmn")
    assert decisions == []
    return [finding.code for finding in findings]


# -- evaluating ------------------------------------------------------------------


def test_a_table_gives_the_outputs_of_the_one_rule_that_matches():
    table = a_decision(
        ['"urgent"', "-", '"street"', "working_hours(2)"],
        ['"normal"', "< 10", '"community"', "working_days(5)"],
        ['"normal"', ">= 10", '"street"', "working_days(limit * 2)"],
        inputs=("级别", "people"),
        outputs=("level", "due"),
    )

    result = evaluate(table, {"级别": "normal", "people": 12, "limit": 3, "other": object()})

    assert result.matched == ["r3"]
    assert result.outputs == [{"level": "street", "due": {"$amount": 6, "unit": "WD"}}]
    assert table.names == {"级别", "people", "limit"}


def test_two_matching_rules_of_a_unique_table_are_an_error_that_names_both():
    table = a_decision(["> 1", "1"], ["> 5", "2"], ["< 0", "3"])

    with pytest.raises(DecisionFailed) as refusal:
        evaluate(table, {"x": 6})

    assert refusal.value.message == (
        "Decision 't': the rules 'r1' (row 1) and 'r2' (row 2) both match, "
        "but its hit policy is unique."
    )


def test_the_first_matching_rule_counts_under_the_policy_first():
    # The third row would fail, but nobody comes that far.
    table = a_decision(["> 7", "1"], ["> 5", "2"], ['> "a"', "3"], policy="FIRST")

    assert evaluate(table, {"x": 6}).matched == ["r2"]


def test_defaults_are_taken_where_no_rule_matches():
    outputs = (("y", "", '"none"'), ("z", "", "working_days(1)"), ("w", "", None))
    table = a_decision(["1", "1", "1", "1"], outputs=outputs)

    result = evaluate(table, {"x": 2})

    assert (result.matched, result.outputs) == (
        [],
        [{"y": "none", "z": {"$amount": 1, "unit": "WD"}, "w": None}],
    )


def test_no_rule_and_no_default_give_no_output():
    result = evaluate(a_decision(["1", "1"]), {"x": 2})

    assert (result.matched, result.outputs) == ([], [])


@pytest.mark.parametrize("version", DMN)
def test_every_version_of_dmn_is_read(version):
    table = a_decision(["1", '"a"'], version=version)

    assert shape(evaluate(table, {"x": 1}), table) == "a"


# Each row: the cell, values that pass, values that do not.
CELLS = [
    ("-", [1, "a", None, True], []),
    ("", [1, None], []),
    ("5", [5, 5.0], [4, "5", None, True]),
    ("1", [1], [True, "1"]),
    ("true", [True], [False, 1, "true", None]),
    ("null", [None], [0, "", False]),
    ('"a"', ["a"], ["b", None, 1]),
    ('"say \\"是\\""', ['say "是"'], ["say"]),
    ('"a", "b"', ["a", "b"], ["c", "a, b"]),
    ("1, > 5", [1, 6], [2, 5]),
    ("< 0.3", [0.29], [0.3, 1, None]),
    ("0.1", [0.1], [0.2]),
    ("<= -1", [-1, -2], [0]),
    ("!= 3", [4, None], [3]),
    ("[1..10]", [1, 10], [0, 11, None]),
    ("]1..10[", [2, 9], [1, 10]),
    ("(1..10)", [1.5], [1, 10]),
    ("[1.5..2.5)", [1.5], [2.5]),
    ("[low..low + 2]", [3, 5], [2, 6]),
    ("[1..2], [5..6]", [2, 5], [3]),
    ("not(1, 2)", [3, None], [1, 2, "a"]),
    ('not("a")', ["b"], ["a"]),
    ("not([1..10])", [0, 11], [5]),
    ("not(null)", [1], [None]),
    ("low", [3], [4]),
    ("> case.limit", [8], [7]),
    ("low * 2 + 1", [7], [6]),
    ("2 ** 3", [8], [6]),
    ("(low)", [3], [4]),
    ('date("2026-10-01")', ["2026-10-01"], ["2026-10-02", None]),
    ('> date("2026-10-01")', ["2026-10-02", "2026-10-02T08:00:00+08:00"], ["2026-10-01"]),
    ('[date("2026-10-01")..date("2026-10-08")]', ["2026-10-08"], ["2026-10-09"]),
    ('< date and time("2026-10-01T09:00:00")', ["2026-10-01T00:59:59Z"], ["2026-10-01T09:00"]),
    ('@"2026-10-01"', ["2026-10-01"], ["2026-10-02"]),
]


@pytest.mark.parametrize(("cell", "passing", "failing"), CELLS, ids=[row[0] for row in CELLS])
def test_a_cell_lets_pass_what_it_says(cell, passing, failing):
    table = a_decision([cell, "1"])
    given = [{"x": value, "low": 3, "case": {"limit": 7}} for value in passing + failing]

    matched = [evaluate(table, inputs).matched == ["r1"] for inputs in given]

    assert matched == [True] * len(passing) + [False] * len(failing)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * 2", 7),
        ("(a + b) * 2", 8),
        ("-a - -b", 2),
        ("case.unit.id", "S01"),
        ('number("1.50") * 2', 3),
        ("count(list)", 3),
        ("sum(list) / 2", 3.0),
        ("max(a, b)", 3),
        ('if a < b then "less" else "more"', "less"),
        ("a = 1 and not(b = 1)", True),
        ("a = 2 or b != 1", True),
        ('contains("abc", "b")', True),
        ('value("missing", 9)', 9),
        ('date("2026-10-08")', "2026-10-08"),
        ("before(date, working_days(1))", {"$before": ["2026-10-08", {"$amount": 1, "unit": "WD"}]}),
        ('[a, b, "c"]', [1, 3, "c"]),
        ("null", None),
        ("-5", -5),
        ("12345678901234", 12345678901234),
    ],
)  # fmt: skip
def test_an_output_cell_may_be_an_expression(text, value):
    table = a_decision(["-", text])
    inputs = {"x": 1, "a": 1, "b": 3, "case": {"unit": {"id": "S01"}}, "list": [1, 2, 3],
              "date": "2026-10-08"}  # fmt: skip

    assert shape(evaluate(table, inputs), table) == value


def test_an_input_may_be_an_expression_and_is_converted_to_its_type():
    # Money is text in case data; compared exactly.
    table = a_decision(
        ["> 10", "2", '"much"'],
        inputs=(("amount", "number"), ("count(people)", "integer")),
    )

    assert evaluate(table, {"amount": "10.01", "people": ["a", "b"]}).matched == ["r1"]
    assert evaluate(table, {"amount": "10.00", "people": ["a", "b"]}).matched == []
    assert evaluate(table, {"amount": None, "people": ["a", "b"]}).matched == []


@pytest.mark.parametrize(
    ("inputs", "cell", "data", "message"),
    [
        (("x",), "1", {}, "Decision 't' reads 'x', which is not among the data."),
        ((("x", "number"),), "> 5", {"x": "many"},
         "Decision 't': the input 'x' should be a number, not 'many'"),
        ((("x", "boolean"),), "true", {"x": "true"},
         "Decision 't': the input 'x' should be a boolean, not 'true'"),
        (("x",), "missing", {"x": 1}, "Cell 'missing': there is no 'missing' among the data"),
        (("x",), "> missing + 1", {"x": 1},
         "Cell '> missing + 1': there is no 'missing' among the data"),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit_are_an_error_not_a_no(inputs, cell, data, message):
    table = a_decision([cell, "1"], inputs=inputs)

    with pytest.raises(DecisionFailed) as refusal:
        evaluate(table, data)

    assert (refusal.value.message, refusal.value.kind) == (message, "error")


def test_a_limit_stays_a_limit():
    table = a_decision(["-", "count(for i in 1..100000, j in 1..100000 return i)"])

    with pytest.raises(DecisionFailed) as refusal:
        evaluate(table, {"x": 1})

    assert refusal.value.kind == "limit"


def test_the_results_of_two_evaluations_share_nothing():
    table = a_decision(["-", "[1, 2]"])

    shape(evaluate(table, {"x": 1}), table).append(3)

    assert shape(evaluate(table, {"x": 1}), table) == [1, 2]


def test_an_output_that_reads_what_is_not_there_is_an_error():
    table = a_decision(["-", "missing + 1"])

    with pytest.raises(DecisionFailed) as refusal:
        evaluate(table, {"x": 1})

    assert refusal.value.message == ("Decision 't', row 1: there is no 'missing' among the data")


def test_what_is_null_in_dmn_is_null_where_dmn_is_asked_for():
    table = a_decision(["> 5", "1"], inputs=(("x", "number"),))

    result = evaluate(table, {"x": "many"}, strict=False)

    assert (result.value, result.notes) == (
        None,
        (
            "Decision 't': the input 'x' should be a number, not 'many'",
            "Decision 't': no rule matches",
        ),
    )


def test_only_the_moment_that_is_given_is_now():
    table = a_decision(["-", "string(today())"])
    at = datetime(2026, 9, 18, 17, tzinfo=UTC)

    assert evaluate(table, {"x": 1}, now=at).outputs == [{"y": "2026-09-19"}]
    assert evaluate(table, {"x": 1}).outputs == [{"y": None}]


# -- shaping ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "one", "none"),
    [
        (None, "a", None),
        ("singleEntry", "a", None),
        ("singleResult", {"y": "a"}, None),
        ("collectEntries", ["a"], []),
        ("resultList", [{"y": "a"}], []),
    ],
)
def test_shapes_of_one_output(mode, one, none):
    table = a_decision(["1", '"a"'])

    assert shape(evaluate(table, {"x": 1}), table, mode) == one
    assert shape(evaluate(table, {"x": 2}), table, mode) == none


def test_several_outputs_are_one_object_by_default():
    table = a_decision(["1", '"a"', "2"], outputs=("y", "z"))
    result = evaluate(table, {"x": 1})

    assert shape(result, table) == {"y": "a", "z": 2}
    with pytest.raises(DecisionFailed, match="has 2 outputs, but singleEntry takes one"):
        shape(result, table, "singleEntry")
    with pytest.raises(DecisionFailed, match="no result shape 'other'"):
        shape(result, table, "other")


# -- reading ---------------------------------------------------------------------


def test_a_hit_policy_that_there_is_not_is_refused():
    decisions, findings = read(a_file(["1", "1"], policy="BEST"), filename="t.dmn")

    assert decisions == []
    assert [finding.to_json() for finding in findings] == [
        {
            "code": "dmn-hit-policy",
            "severity": "error",
            "file": "t.dmn",
            "element": "t",
            "name": "Table",
            "line": 1,
            "message": "Decision 't' has the hit policy BEST, which is none of DMN.",
            "hint": "Use UNIQUE, ANY, PRIORITY, FIRST, RULE ORDER, OUTPUT ORDER or COLLECT.",
            "message_zh": "决策“t”的命中策略是 BEST，DMN 里没有。",
            "hint_zh": "请用 UNIQUE、ANY、PRIORITY、FIRST、RULE ORDER、OUTPUT ORDER 或 COLLECT。",
        }
    ]


def test_the_letter_of_a_hit_policy_is_read_with_a_warning():
    decisions, findings = read(a_file(["> 7", "1"], ["> 5", "2"], policy="F"), filename="t.dmn")

    assert evaluate(decisions[0], {"x": 8}).matched == ["r1"]
    assert [(one.code, one.severity) for one in findings] == [("dmn-hit-policy-letter", "warning")]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("> ", "A value is due, at the end of '>'"),
        ("[1..", "A value is due, at the end of '[1..'"),
        ("[1..2", "A range ends with ], ) or [, at the end of '[1..2'"),
        ("; import os", "A value is due, at '; import os' (character 1)"),
        ('"open', "A string does not end, at '\"open' (character 1)"),
    ],
)
def test_a_cell_that_is_not_understood_is_a_finding(cell, reason):
    decisions, findings = read(a_file([cell, "1"]), filename="t.dmn")

    assert decisions == []
    assert [finding.message for finding in findings] == [
        f"Decision 't', Row 1: {cell.strip()[:60]!r}: {reason}."
    ]


@pytest.mark.parametrize(
    ("cell", "code", "message"),
    [
        ('__import__("os")', "dmn-unknown-name", "there is no function __import__()."),
        ('open("x")', "dmn-unknown-name", "there is no function open()."),
        ('date("2026-13-01")', "dmn-literal", 'date("2026-13-01") is no date, and so null.'),
        ('@"noon"', "dmn-literal", '@"noon" is no date, time or duration, and so null.'),
        ('duration("1 day")', "dmn-literal", 'duration("1 day") is no duration, and so null.'),
    ],
)
def test_a_cell_that_is_always_null_is_a_warning(cell, code, message):
    decisions, findings = read(a_file([cell, "1"]), filename="t.dmn")

    assert [one.key for one in decisions] == ["t"]
    assert [(one.code, one.severity, one.message) for one in findings] == [
        (code, "warning", f"Decision 't', Row 1: {message}")
    ]


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"", "not-xml"),
        (b"no xml", "not-xml"),
        (b"<a/>", "wrong-root"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "entities"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "external-dtd"),
        (b"<a>" * 3_000, "too-deep"),
        (b" " * 5_000_001, "file-too-large"),
        (a_file(*[["1", "1"]] * 10_001), "file-too-large"),
        (a_file(["1", "1"], body='<decision id="e"/>'), "dmn-no-logic"),
        (a_file(["1"]), "dmn-cell-count"),
        (a_file(["1", '"a"'], outputs=(("y", "number", None),)), "dmn-type"),
        (a_file(["1", "1", "1"], outputs=("y", "y")), "dmn-output-name"),
        (a_file(["1", "(" * 20_000]), "dmn-cell"),
        (a_file(["1"], outputs=()), "dmn-no-output"),
    ],
)
def test_a_bad_file_is_a_finding(xml, code):
    found = [finding.code for finding in read(xml, filename="t.dmn")[1]]

    assert found == [code]


def test_two_decisions_of_one_id_are_refused():
    body = '<decision id="t"><decisionTable><output/></decisionTable></decision>'

    _, findings = read(a_file(["1", "1"], body=body), filename="t.dmn")

    assert [finding.code for finding in findings] == ["dmn-duplicate-id"]


def test_another_language_than_feel_is_refused():
    xml = a_file(["1", "1"]).replace(b"<inputEntry>", b'<inputEntry expressionLanguage="juel">')

    assert codes_of(xml) == ["dmn-language"]
