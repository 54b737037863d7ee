"""What ``check`` says of decision tables, and the examples beside them."""

from pathlib import Path

import pytest

from engine import decisions, deployments
from engine.decisions.examples import MAX_LINES
from tests.dmn import a_file

ROOT = Path(__file__).parent.parent / "processes" / "decisions"


def model_of(text, **changes):
    models, findings = decisions.read_files({"a.dmn": a_file(text, **changes)})
    assert [one.message for one in findings["a.dmn"] if one.severity == "error"] == []
    return models["a.dmn"]


def told(text):
    return [(one.code, one.message) for one in decisions.check(model_of(text))]


# -- overlaps ---------------------------------------------------------------------------


def test_rows_that_overlap_are_told_with_an_input():
    found = told(
        """
        decision d
        table UNIQUE | age:number ; level:string | out
        | < 18 | - | 1
        | [10..20] | "a", "b" | 2
        | > 20 | "b" | 3
        | [18..20] | not("a", "b") | 4
        | > 20 | not("b") | 5
        """
    )

    assert found == [
        (
            "dmn-overlap",
            (
                'Decision \'d\': the rows 1 and 2 both match {"age": 10, "level": "a"}, '
                "but its hit policy is unique."
            ),
        )
    ]


def test_dates_overlap_too():
    found = told(
        """
        decision d
        table UNIQUE | day:date | out
        | <= date("2026-10-01") | 1
        | >= date("2026-10-01") | 2
        """
    )

    assert found == [
        (
            "dmn-overlap",
            (
                'Decision \'d\': the rows 1 and 2 both match {"day": "2026-10-01"}, '
                "but its hit policy is unique."
            ),
        )
    ]


def test_what_an_expression_lets_pass_is_not_guessed():
    assert (
        told(
            """
            decision d
            table UNIQUE | age:number | out
            | > limit | 1
            | <= limit | 2
            """
        )
        == []
    )


def test_rows_of_any_may_overlap_where_their_outputs_are_equal():
    assert (
        told(
            """
            decision d
            table ANY | x:boolean | out
            | - | 1
            | true | 1
            """
        )
        == []
    )


# -- gaps -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "rows", "example"),
    [
        ("x:number", ["< 1", "> 1"], '{"x": 1}'),
        ("x:number", ["[0..1]", "[2..3]", "< 0", "> 3"], '{"x": 1.5}'),
        ("x:boolean", ["true"], '{"x": false}'),
        ("x:string", ['"a"'], '{"x": "…"}'),
        ('x:string ["a","b"]', ['"a"'], '{"x": "b"}'),
        ("x:number [[1..3]]", ["1", "(1..3)"], '{"x": 3}'),
        ("x:date", ['< date("2026-01-01")', '> date("2026-01-01")'], '{"x": "2026-01-01"}'),
        ("x:boolean ; y:boolean", ["true | -", "false | true"], '{"x": false, "y": false}'),
    ],
)
def test_an_input_that_no_row_matches_is_told(columns, rows, example):
    lines = "\n".join(f"| {row} | {at}" for at, row in enumerate(rows))

    found = told(f"decision d\ntable UNIQUE | {columns} | out\n{lines}")

    assert found == [("dmn-gap", f"Decision 'd': no row matches {example}.")]


@pytest.mark.parametrize(
    ("policy", "columns", "rows", "output"),
    [
        ("UNIQUE", "x:boolean", ["true", "false"], "out"),
        ("UNIQUE", 'x:string ["a","b"]', ['"a"', '"b"'], "out"),
        ("UNIQUE", "x:number", ["<= 1", "> 1"], "out"),
        ("FIRST", "x:string", ['"a"', "-"], "out"),
        ("UNIQUE", "x:number", ["> 1"], "out = 0"),
        ("COLLECT", "x:number", ["> 1"], "out"),
        ("UNIQUE", "x:date", ['<= date("2026-01-01")', '>= date("2026-01-02")'], "out"),
    ],
)
def test_a_table_without_a_gap_is_not_blamed(policy, columns, rows, output):
    lines = "\n".join(f"| {row} | {at}" for at, row in enumerate(rows))

    assert told(f"decision d\ntable {policy} | {columns} | {output}\n{lines}") == []


# -- rows that never count --------------------------------------------------------------


def test_a_row_that_others_cover_together_is_told():
    found = told(
        """
        decision d
        table FIRST | x:number ; y:boolean | out
        | < 5 | - | 1
        | >= 5 | true | 2
        | > 1 | true | 3
        | - | - | 4
        """
    )

    assert found == [
        (
            "dmn-masked",
            (
                "Decision 'd', row 3 can never count: what it matches, such as "
                '{"x": 2, "y": true}, is decided by row 1, 2.'
            ),
        )
    ]


def test_a_row_of_less_priority_is_told():
    found = told(
        """
        decision d
        table PRIORITY | x:number | out:string ["a","b"]
        | > 1 | "b"
        | > 0 | "a"
        | <= 0 | "b"
        """
    )

    assert [(code, message[:40]) for code, message in found] == [
        ("dmn-masked", "Decision 'd', row 1 can never count: wha")
    ]


def test_a_table_of_a_thousand_rows_is_checked():
    rows = "\n".join(f'| "k{at}" | {at} | "a" | {at}' for at in range(1_100))

    found = told(
        f'decision d\ntable UNIQUE | k:string ; n:number ; x | out\n{rows}\n| "k7" | 7 | - | 1'
    )

    assert [code for code, _ in found] == ["dmn-gap", "dmn-overlap"]


# -- examples ---------------------------------------------------------------------------

TWO = """
decision level
table UNIQUE | age:number ; kind:string ["a","b"] | level:string ; days:number
| < 18 | - | "young" | 1
| >= 18 | "a" | "5" | 2
| >= 18 | "b" | "old" | 3
decision doubled < level
feel: level.days * 2
"""


def fails(text, model=TWO):
    found = decisions.check_examples(text.encode(), model_of(model), "a.examples.csv")
    return [(one.code, one.line, one.message) for one in found]


def test_examples_that_come_out_are_fine():
    assert fails("age,kind,level,days,rule\n10,a,young,1,1\n18,a,5,2,r2\n20,b,old,3,\n") == []


def test_each_decision_has_a_block_of_its_own():
    text = "age,kind,level,days\n10,a,young,1\n\ndecision,age,kind,doubled\ndoubled,20,b,6\n"

    assert fails(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("age,kind,level,days\n10,a,old,1\n",
         ("dmn-example", 2, ('The example {"age": 10, "kind": "a"} of decision \'level\' fails: '
          'level is "young", not "old".'))),
        ("age,kind,level,days,rule\n10,a,young,1,2\n",
         ("dmn-example", 2, ('The example {"age": 10, "kind": "a"} of decision \'level\' fails: '
          "row 2 does not match."))),
        ("age,kind,level,days\n,c,,\n",
         ("dmn-example", 2, ('The example {"age": null, "kind": "c"} of decision \'level\' fails: '
          "Decision 'level': the input 'kind' is 'c', which is none of its allowed values."))),
        ("kind,level,days\na,young,1\n",
         ("dmn-example", 2, ('The example {"kind": "a"} of decision \'level\' fails: '
          "Decision 'level' reads 'age', which is not among the data."))),
        ("age,kind\n1,a\n",
         ("dmn-example-file", 1, "Line 1 does not say which decision it is about.")),
        ("decision,age,kind\nlevel,1,a\n",
         ("dmn-example-file", 1, "Line 1 names no output of 'level': days, level.")),
        ("decision,age,level\nnobody,1,a\n",
         ("dmn-example-file", 2, "There is no decision 'nobody' in the file.")),
        ("age,kind,level,days\n1,a,young,1,,,7\n",
         ("dmn-example-file", 2, "Line 2 has more cells than its heading.")),
        ('age,"kind\n',
         ("dmn-example-file", 1, "The file of examples cannot be read: unexpected end of data.")),
        ("a\n" * (MAX_LINES + 1),
         ("dmn-example-file", 1, "The file of examples has more than 5,000 lines.")),
    ],
)  # fmt: skip
def test_an_example_that_fails_says_what_came_out(text, found):
    assert fails(text) == [found]


def test_examples_may_be_saved_by_a_spreadsheet_program():
    model = model_of(
        'decision d\ntable FIRST | 级别:string | 去向\n| "紧急" | "街道"\n| - | "社区"'
    )
    text = "级别,去向\r\n紧急,街道\r\n一般,社区\r\n"

    for encoding in ("utf-8-sig", "gb18030"):
        assert decisions.check_examples(text.encode(encoding), model, "a.examples.csv") == []


@pytest.mark.parametrize("file", sorted(ROOT.glob("*.dmn")), ids=lambda file: file.stem)
def test_each_delivered_table_has_examples_for_each_of_its_rows(file):
    models, _ = decisions.read_files({file.name: file.read_bytes()})
    examples = file.with_suffix("").with_suffix(".examples.csv")

    assert decisions.check_examples(examples.read_bytes(), models[file.name], examples.name) == []
    text = examples.read_text("utf-8")
    rows = [one.row for each in models[file.name].decisions() for one in each.rules]
    assert [row for row in rows if f",{row}\n" not in text] == []


def test_examples_are_tried_when_files_are_checked(app):
    table = a_file("decision d\ntable FIRST | x:number | y\n| > 1 | 1\n| - | 0")
    files = {"a.dmn": table, "a.examples.csv": b"x,y\n2,1\n0,1\n", "b.examples.csv": b"x,y\n1,1\n"}

    found = deployments.check(app, files)

    assert [(one.code, one.file, one.line) for one in found] == [
        ("dmn-example", "a.examples.csv", 3),
        ("dmn-example-file", "b.examples.csv", None),
    ]
