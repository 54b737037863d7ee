"""Two versions of decision tables, as changed rules."""

import json
import re

import pytest
from click.testing import CliRunner

from engine import decisions
from engine.cli import program
from engine.decisions import Version, compare, differing, evaluate
from engine.errors import NotFound
from tests.dmn import a_file

TABLE = """
decision d
table {policy} | kind:string {allowed}; days:number | unit:string ; hours:number
{rules}
"""
ROWS = ('"road" | < 5 | "street" | 8', '"light" | - | "power" | 24', '- | - | "community" | 48')


def a_version(*rows, policy="FIRST", allowed="", more=""):
    rules = "\n".join(f"| {one}" for one in rows)
    text = TABLE.format(policy=policy, allowed=allowed, rules=rules) + more
    return Version("f.dmn", {"f.dmn": a_file(text)})


def with_keys(version, *keys):
    """The same with these ids of rules."""
    content = re.sub(r'"r(\d)"', lambda one: f'"{keys[int(one[1]) - 1]}"', version.content.decode())
    return Version("f.dmn", {"f.dmn": content.encode()})


def rules_of(old, new):
    (table,) = compare(old, new)["tables"]
    return table["rules"]


def outcome(version, inputs):
    decision = decisions.read(version.content, filename="f.dmn")[0][0]
    return evaluate(decision, {"kind": None, "days": None, **inputs}, strict=False).value


def test_two_versions_that_are_alike_have_no_difference():
    found = compare(a_version(*ROWS), a_version(*ROWS))

    assert found == {"added": [], "removed": [], "tables": [], "expressions": []}
    assert decisions.is_same(found)


def test_a_changed_cell_is_told_with_an_input_that_comes_out_differently():
    old, new = a_version(*ROWS), a_version('"road" | < 9 | "street" | 8', *ROWS[1:])

    (rule,) = rules_of(old, new)

    example = rule.pop("example")
    assert rule == {
        "change": "changed", "rule": "r1", "row": 1, "was_row": 1,
        "cells": [{"kind": "input", "column": "days", "from": "< 5", "to": "< 9"}],
    }  # fmt: skip
    assert example == {
        "inputs": {"kind": "road", "days": 5},
        "from": {"unit": "community", "hours": 48},
        "to": {"unit": "street", "hours": 8},
    }
    assert [outcome(one, example["inputs"]) for one in (old, new)] == [
        example["from"], example["to"],
    ]  # fmt: skip


@pytest.mark.parametrize("policy", ["FIRST", "RULE ORDER", "COLLECT", "PRIORITY", "UNIQUE", "ANY"])
@pytest.mark.parametrize("at", range(3))
def test_each_example_is_true_of_both_versions(policy, at):
    row = {0: '"road" | [3..9] | "street" | 8', 1: '"light" | > 3 | "power" | 12'}
    rows = list(ROWS)
    rows[at] = row.get(at, '- | - | "community" | 24')
    old, new = a_version(*ROWS, policy=policy), a_version(*rows, policy=policy)

    (rule,) = rules_of(old, new)

    example = rule["example"]
    assert [outcome(one, example["inputs"]) for one in (old, new)] == [
        example["from"], example["to"],
    ]  # fmt: skip
    assert example["from"] != example["to"]


def test_rules_that_are_new_and_gone_are_told():
    old = a_version(*ROWS)
    new = with_keys(a_version(ROWS[0], '"tree" | - | "garden" | 12', ROWS[2]), "r1", "r9", "r3")

    found = rules_of(old, new)

    assert [(one["change"], one["rule"], one.get("row"), one.get("was_row")) for one in found] == [
        ("added", "r9", 2, None), ("removed", "r2", None, 2),
    ]  # fmt: skip
    assert [one["example"]["inputs"] for one in found] == [
        {"kind": "tree", "days": 4}, {"kind": "light", "days": 4},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "moved"), [("FIRST", [3]), ("RULE ORDER", [3]), ("UNIQUE", []), ("ANY", [])]
)
def test_a_rule_that_has_moved_is_told_where_order_counts(policy, moved):
    old = a_version(*ROWS, policy=policy)
    new = with_keys(a_version(ROWS[2], ROWS[0], ROWS[1], policy=policy), "r3", "r1", "r2")

    tables = compare(old, new)["tables"]

    rules = [one for table in tables for one in table["rules"]]
    assert [one["was_row"] for one in rules] == moved
    assert [one["change"] for one in rules] == ["moved"] * len(moved)


def test_a_rule_without_its_id_is_known_by_its_cells():
    old = a_version(*ROWS)
    new = with_keys(a_version(ROWS[0], '"light" | - | "power" | 6', ROWS[2]), "a", "b", "c")

    (rule,) = rules_of(old, new)

    assert (rule["change"], rule["rule"], rule["was_row"]) == ("changed", "b", 2)
    assert rule["cells"] == [{"kind": "output", "column": "hours", "from": "24", "to": "6"}]


def test_what_is_allowed_now_has_an_example_too():
    old = a_version(*ROWS[:2], allowed='["road","light"]')
    new = a_version(*ROWS[:2], '"tree" | - | "garden" | 12', allowed='["road","light","tree"]')

    (table,) = compare(old, new)["tables"]

    assert table["columns"] == [
        {"kind": "input", "column": "kind", "change": "allowed",
         "from": '"road","light"', "to": '"road","light","tree"'},
    ]  # fmt: skip
    assert table["rules"][0]["example"] == {
        "inputs": {"kind": "tree", "days": 4},
        "from": None,
        "to": {"unit": "garden", "hours": 12},
    }


def test_columns_and_the_hit_policy_are_told():
    old = Version("f.dmn", {"f.dmn": a_file('decision d\ntable FIRST | a:number | x\n| 1 | "y"')})
    text = 'decision d\ntable COLLECT with SUM | b:string ; a:string | x = 0 ; z\n| - | 1 | "y" | 1'
    new = Version("f.dmn", {"f.dmn": a_file(text)})

    (table,) = compare(old, new)["tables"]

    assert table["hit_policy"] == {"from": "FIRST", "to": "COLLECT SUM"}
    assert table["columns"] == [
        {"kind": "input", "column": "b", "change": "added"},
        {"kind": "input", "column": "a", "change": "type", "from": "number", "to": "string"},
        {"kind": "output", "column": "x", "change": "default", "from": "", "to": "0"},
        {"kind": "output", "column": "z", "change": "added"},
    ]
    assert table["rules"][0]["cells"] == [{"kind": "output", "column": "z", "from": "", "to": "1"}]


def test_what_needs_more_than_the_inputs_of_the_table_has_no_example():
    old = a_version('"road" | < limit | "street" | 8', *ROWS[1:])
    new = a_version('"road" | < limit | "street" | 4', *ROWS[1:])

    (rule,) = rules_of(old, new)

    assert "example" not in rule


def test_tables_and_expressions_that_come_and_go_are_told():
    more = "\ndecision e\nfeel: 1\ndecision t\ntable FIRST | a | b\n| - | 1"
    old = a_version(*ROWS, more=more)
    new = a_version(*ROWS, more="\ndecision e\nfeel: 2\ndecision u\ntable FIRST | a | b\n| - | 1")

    assert compare(old, new) == {
        "added": ["u"], "removed": ["t"], "tables": [], "expressions": ["e"],
    }  # fmt: skip


def test_the_table_of_a_function_is_compared():
    text = "bkm f(a : number)\ntable FIRST | a:number | b\n| - | {}"
    old, new = (Version("f.dmn", {"f.dmn": a_file(text.format(one))}) for one in (1, 2))

    assert [one["decision"] for one in compare(old, new)["tables"]] == ["f"]
    assert rules_of(old, new)[0]["example"]["to"] == 2


def test_a_table_that_is_not_there_is_refused():
    with pytest.raises(NotFound):
        compare(a_version(*ROWS), a_version(*ROWS), "other")


# -- for people -----------------------------------------------------------------------------


def test_people_read_it_in_two_languages():
    old, new = a_version(*ROWS), a_version(ROWS[1], '"road" | < 9 | "street" | 8')
    new = with_keys(new, "r2", "r1")

    assert differing(compare(old, new), "zh") == [
        "决策表 d",
        "  第 1 行（r2）：原在第 2 行",
        "  第 2 行（r1）：修改",
        "    days：< 5 → < 9",
        (
            '    例如 kind = "road", days = 5：原来是 {unit: "community", hours: 48}，'
            '现在是 {unit: "street", hours: 8}'
        ),
        "  原第 3 行（r3）：去掉",
        '    unit："community"',
        "    hours：48",
        '    例如 kind = "road", days = 10：原来是 {unit: "community", hours: 48}，现在是 null',
    ]
    assert differing(compare(old, new), "en")[:4] == [
        "decision table d",
        "  row 1 (r2): stood in row 2",
        "  row 2 (r1): changed",
        "    days: < 5 -> < 9",
    ]


def test_the_command_tells_it_and_its_status_says_whether_something_differs(tmp_path):
    old, new = tmp_path / "old.dmn", tmp_path / "new.dmn"
    old.write_bytes(a_version(*ROWS).content)
    new.write_bytes(a_version(*ROWS[:2]).content)

    same = CliRunner().invoke(program, ["table", "diff", str(old), str(old), "--lang", "en"])
    other = CliRunner().invoke(program, ["table", "diff", str(old), str(new), "d", "--json"])

    assert (same.exit_code, same.stdout) == (0, "Nothing has changed.\n")
    assert other.exit_code == 1
    (table,) = json.loads(other.stdout)["tables"]
    assert [(one["change"], one["was_row"]) for one in table["rules"]] == [("removed", 3)]
