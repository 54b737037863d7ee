"""The command ``bihuan decide``, and why a decision came out as it did."""

import json

import pytest
from click.testing import CliRunner

from engine import decisions
from engine.cli import program
from engine.decisions.explaining import MOST, explain, sentences
from engine.errors import EngineError
from tests.dmn import a_file

TABLE = """
decision base
table FIRST | 紧急程度:string | hours:number
| "urgent" | 2
| - | 8
decision route of it < base
table FIRST | base:number ; place:string | unit:string
| < 4 | - | "街道"
| - | "S01" | "社区"
decision day
feel: string(today())
service S
<outputDecision href="#base"/>
"""


@pytest.fixture
def decide(tmp_path):
    (tmp_path / "a.dmn").write_bytes(a_file(TABLE))

    def run(*arguments, data=None, file="a.dmn"):
        given = [] if data is None else ["--input", "-"]
        text = data if isinstance(data, str) else json.dumps(data)
        command = ["decide", str(tmp_path / file), *arguments, *given]
        result = CliRunner().invoke(program, command, input=text)
        refusal = str(result.exception) if isinstance(result.exception, EngineError) else ""
        return result.exit_code, result.stdout, result.stderr + refusal

    run.folder = tmp_path
    return run


@pytest.mark.parametrize(
    ("name", "data", "value"),
    [
        ("base", {"紧急程度": "urgent"}, 2),
        ("route_of_it", {"紧急程度": "urgent", "place": None}, "街道"),
        ("route of it", {"紧急程度": "normal", "place": "S01"}, "社区"),
        ("route of it", {"紧急程度": "normal", "place": "S02"}, None),
        ("S", {"紧急程度": "urgent"}, 2),
    ],
)
def test_json_goes_in_and_json_comes_out(decide, name, data, value):
    status, out, _ = decide(name, data=data)

    assert (status, json.loads(out)) == (0, value)


def test_what_is_null_is_explained_on_the_other_channel(decide):
    status, out, err = decide("base", data={"紧急程度": 5})

    assert (status, json.loads(out)) == (0, 8)
    assert err == "Decision 'base': the input '紧急程度' should be a string, not 5\n"


def test_input_may_be_a_file_and_the_moment_be_given(decide):
    (decide.folder / "in.json").write_text("{}", "utf-8")
    given = ("--input", str(decide.folder / "in.json"), "--now", "2026-09-18T20:00:00Z", "--json")

    status, out, _ = decide("day", *given)

    assert (status, json.loads(out)) == (0, "2026-09-19")


def test_files_that_are_imported_are_read_beside(decide):
    common = "https://www.omg.org/spec/DMN/20230324/MODEL/"
    imports = f'<import name="c" namespace="common" importType="{common}"/>'
    main = a_file("decision d < common#fee\nfeel: c.fee + 1", imports=imports)
    (decide.folder / "main.dmn").write_bytes(main)
    (decide.folder / "common.dmn").write_bytes(
        a_file("decision fee\nfeel: 100", namespace="common")
    )

    status, out, _ = decide("d", file="main.dmn")

    assert (status, json.loads(out)) == (0, 101)


def test_why_is_told_to_people(decide):
    _, out, _ = decide(
        "route of it", "--why", "--lang", "zh", data={"紧急程度": "normal", "place": "S02"}
    )

    assert out.splitlines() == [
        "route of it：结果是 null",
        "  第 1 行不符合：base 是 8，要求 < 4",
        '  第 2 行不符合：place 是 "S02"，要求 "S01"',
        "base：结果是 8",
        '  第 1 行不符合：紧急程度 是 "normal"，要求 "urgent"',
        "  第 2 行符合",
    ]


def test_why_is_told_to_programs(decide):
    _, out, _ = decide("base", "--why", "--json", data={"紧急程度": "normal"})

    assert json.loads(out) == {
        "decision": "base",
        "name": "base",
        "result": 8,
        "matched": ["r2"],
        "notes": [],
        "inputs": [{"label": "紧急程度", "value": "normal"}],
        "outputs": ["hours"],
        "rules": [
            {
                "rule": "r1",
                "row": 1,
                "matched": False,
                "cells": ['"urgent"'],
                "gives": ["2"],
                "input": "紧急程度",
                "cell": '"urgent"',
                "value": "normal",
            },
            {"rule": "r2", "row": 2, "matched": True, "cells": ["-"], "gives": ["8"]},
        ],
    }


@pytest.mark.parametrize(
    ("arguments", "data", "status", "said"),
    [
        (("nobody",), {}, 1, "It has base, route_of_it, day, S."),
        (("base",), "[]", 2, "The input must be a JSON object"),
        (("base",), "{", 2, "The input is no JSON"),
        (("base",), '{"x": NaN}', 2, "NaN is no number of JSON"),
        (("base", "--now", "noon"), {}, 2, "--now"),
    ],
)
def test_what_is_asked_wrongly_is_refused(decide, arguments, data, status, said):
    found, out, err = decide(*arguments, data=data)

    assert (found, out, said in err) == (status, "", True)


def test_a_decision_with_an_error_is_told_and_not_evaluated(decide):
    (decide.folder / "b.dmn").write_bytes(a_file("decision d\nfeel: 1 +\ndecision e\nfeel: 2"))

    broken, _, err = decide("d", file="b.dmn")
    status, out, _ = decide("e", file="b.dmn")

    assert (broken, "dmn-cell" in err) == (1, True)
    assert (status, json.loads(out)) == (0, 2)


# -- explaining -------------------------------------------------------------------------


def decision(text):
    return decisions.read(a_file(text), filename="a.dmn")[0][0]


def test_what_people_wrote_at_a_rule_is_told():
    found = explain(
        decision(
            'decision d\n<decisionTable hitPolicy="FIRST"><input><inputExpression><text>x</text>'
            '</inputExpression></input><output name="o"/><annotation name="law"/><rule><description>'
            "always</description><inputEntry><text>-</text></inputEntry><outputEntry><text>1</text>"
            "</outputEntry><annotationEntry><text>§ 7</text></annotationEntry></rule>"
            "</decisionTable>"
        ),
        {"x": 1},
    )

    assert sentences(found, "en") == ["d: the result is 1", "  row 1 matches (§ 7; always)"]


def test_of_many_rows_only_some_are_told_and_those_that_match_always():
    rows = "\n".join(f"| {at} | {at}" for at in range(1_000))

    found = explain(decision(f"decision d\ntable UNIQUE | x:number | y\n{rows}"), {"x": 900})

    assert [one["row"] for one in found["rules"]] == [*range(1, MOST + 1), 901]


def test_what_is_no_table_is_told_with_its_value_and_notes():
    found = explain(decision('decision d : number\nfeel: "a"'), {})

    assert found == {
        "decision": "d",
        "name": "d",
        "result": None,
        "matched": [],
        "notes": ["Decision 'd': 'a' is not of the type number"],
    }
