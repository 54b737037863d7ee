"""Decision tables as the sheets of offices: written, given back, checked."""

import io
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import decisions, workbooks
from engine.cli import program
from engine.decisions import import_rules, office
from engine.decisions.drawn import drawn, tables_in
from engine.errors import InvalidList, NotFound

ROOT = Path(__file__).parent.parent
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Kept by the street office. -->
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
    xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" name="f" namespace="n">
  <decision id="limit" name="时限">
    <decisionTable hitPolicy="FIRST">
      <input label="紧急程度"><inputExpression typeRef="string"><text>urgency</text></inputExpression>
        <inputValues><text>"urgent","normal","007"</text></inputValues></input>
      <input label="金额"><inputExpression typeRef="number"><text>amount</text></inputExpression></input>
      <input label="日期"><inputExpression typeRef="date"><text>day</text></inputExpression></input>
      <output label="单位" name="unit" typeRef="string"/>
      <output label="小时" name="hours" typeRef="number"/>
      <annotation name="依据"/>
"""
RULES = """      <!-- first things first -->
      <rule id="limit_r1">
        <description>紧急</description>
        <inputEntry id="a"><text>"urgent"</text></inputEntry>
        <inputEntry><text><![CDATA[>= 100]]></text></inputEntry>
        <inputEntry><text>-</text></inputEntry>
        <outputEntry><text>"城管局"</text></outputEntry>
        <outputEntry><text>2</text></outputEntry>
        <annotationEntry><text>第七条，“特急”</text></annotationEntry>
      </rule>
      <rule id="limit_r2">
        <inputEntry><text>"007"</text></inputEntry>
        <inputEntry><text>[1..10)</text></inputEntry>
        <inputEntry><text>&lt; date("2026-10-08")</text></inputEntry>
        <outputEntry><text>"街道"</text></outputEntry>
        <outputEntry><text>8.50</text></outputEntry>
      </rule>
      <!-- the rest -->
      <rule id="limit_r3"><inputEntry><text></text></inputEntry><inputEntry><text>-</text></inputEntry>
        <inputEntry><text>-</text></inputEntry><outputEntry><text>"社区"</text></outputEntry>
        <outputEntry><text>24</text></outputEntry></rule>
"""
FOOT = """      <!-- nothing below -->
    </decisionTable>
  </decision>
  <decision id="other"><literalExpression><text>1</text></literalExpression></decision>
  <dmndi:DMNDI><!-- picture --></dmndi:DMNDI>
</definitions>
"""
FILE = (HEAD + RULES + FOOT).encode()
WRITERS = {"xlsx": office.workbook, "csv": office.text_file}


def a_table(content=FILE, decision="limit"):
    return drawn(content, decision, filename="f.dmn")


def rows_of(content=FILE):
    return office.rows(a_table(content))


def a_workbook(rows):
    return workbooks.write(rows, sheet="limit", head=office.HEAD)


def given_back(rows, content=FILE):
    """The file after somebody gives these rows back, and the rows of its table then."""
    made = import_rules({"f.dmn": content}, "f.dmn", "limit", "in.xlsx", a_workbook(rows))
    return made.content, rows_of(made.content)[office.HEAD :]


def with_cell(row, column, text):
    rows = rows_of()
    rows[row - 1][column] = text
    return rows


def held_as(row, column, xml):
    """A workbook in which one cell is what a spreadsheet made of it."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(a_workbook(rows_of()))) as old,
        zipfile.ZipFile(made, "w") as new,
    ):
        for name in old.namelist():
            text = old.read(name).decode()
            place = f'r="{workbooks.letters(column)}{row}"'
            if name.endswith("sheet1.xml"):
                start = text.index(f"<c {place}")
                text = text[:start] + f"<c {place} {xml}" + text[text.index("</c>", start) + 4 :]
            if name.endswith("styles.xml"):
                text = text.replace("</cellXfs>", '<xf numFmtId="14"/></cellXfs>')
            new.writestr(name, text)
    return made.getvalue()


def mended(content, kind="xlsx"):
    made = import_rules({"f.dmn": FILE}, "f.dmn", "limit", f"in.{kind}", content)
    return rows_of(made.content)[office.HEAD :]


def refused(content, kind="xlsx"):
    with pytest.raises(InvalidList) as reason:
        import_rules({"f.dmn": FILE}, "f.dmn", "limit", f"in.{kind}", content)
    return [
        (one["file"], one["line"], one["element"], one["message"]) for one in reason.value.findings
    ]


# -- there and back -----------------------------------------------------------------------


def test_a_sheet_has_the_columns_of_the_table_and_a_row_for_each_rule():
    assert rows_of() == [
        ["命中策略", "FIRST", "决策", "limit", "时限"],
        ["种类", "输入", "输入", "输入", "输出", "输出", "注释", "说明"],
        ["标题", "紧急程度", "金额", "日期", "单位", "小时", "依据", ""],
        ["表达式或名称", "urgency", "amount", "day", "unit", "hours", "依据", ""],
        ["类型", "string", "number", "date", "string", "number", "", ""],
        ["允许的值", '"urgent","normal","007"', "", "", "", "", "", ""],
        ["缺省值", "", "", "", "", "", "", ""],
        ["limit_r1", '"urgent"', ">= 100", "-", '"城管局"', "2", "第七条，“特急”", "紧急"],
        ["limit_r2", '"007"', "[1..10)", '< date("2026-10-08")', '"街道"', "8.50", "", ""],
        ["limit_r3", "", "-", "-", '"社区"', "24", "", ""],
    ]  # fmt: skip


@pytest.mark.parametrize("kind", WRITERS)
def test_what_comes_back_unchanged_changes_no_byte(kind):
    sheet = WRITERS[kind](a_table())

    made = import_rules({"f.dmn": FILE}, "f.dmn", "limit", f"in.{kind}", sheet)

    assert (made.content, made.doubts) == (FILE, ())


@pytest.mark.parametrize("path", sorted((ROOT / "processes/decisions").glob("*.dmn")), ids=str)
@pytest.mark.parametrize("kind", WRITERS)
def test_the_tables_of_the_loops_come_back_byte_for_byte(path, kind):
    content = path.read_bytes()
    for key in tables_in(content):
        sheet = WRITERS[kind](drawn(content, key, filename=path.name))

        made = import_rules({path.name: content}, path.name, key, f"in.{kind}", sheet)

        assert made.content == content


def test_a_changed_cell_changes_the_bytes_of_that_cell_alone():
    made, _ = given_back(with_cell(8, 2, ">= 200"))

    assert made == FILE.replace(b"<![CDATA[>= 100]]>", b"&gt;= 200")


def test_rules_are_added_taken_away_and_moved_with_what_stands_before_them():
    first, _, third = rows_of()[office.HEAD :]
    new = ["", '"normal"', "5", "-", '"街道"', "4", "", "新"]

    made, rows = given_back([*rows_of()[: office.HEAD], third, first, new])

    rule3 = RULES[RULES.index("      <!-- the rest -->") :].rstrip("\n")
    rule1 = RULES[: RULES.index('\n      <rule id="limit_r2">')]
    added = """
      <rule id="limit_r4">
        <description>新</description>
        <inputEntry><text>"normal"</text></inputEntry>
        <inputEntry><text>5</text></inputEntry>
        <inputEntry><text>-</text></inputEntry>
        <outputEntry><text>"街道"</text></outputEntry>
        <outputEntry><text>4</text></outputEntry>
      </rule>
"""
    assert rows == [third, first, ["limit_r4", *new[1:]]]
    assert made.decode() == HEAD + rule3 + "\n" + rule1 + added + FOOT


def test_comments_stay_where_a_rule_is_taken_away():
    rows = rows_of()

    made, _ = given_back([*rows[: office.HEAD], rows[8]])

    assert [text in made.decode() for text in ("first things", "the rest", "nothing below")] == [
        True, True, True,
    ]  # fmt: skip


def test_a_row_without_its_id_is_the_rule_that_is_just_like_it():
    rows = rows_of()
    for row in rows[office.HEAD :]:
        row[0] = ""

    assert given_back(rows)[0] == FILE


def test_of_a_row_that_was_copied_with_its_id_the_changed_one_is_new():
    rows = rows_of()
    copy = [*rows[8]]
    copy[2] = "[10..20)"

    _, found = given_back([*rows[:8], copy, *rows[8:]])

    assert [row[0] for row in found] == ["limit_r1", "limit_r4", "limit_r2", "limit_r3"]


def test_columns_may_stand_in_another_order():
    rows = [[*row[:1], *row[2:3], *row[1:2], *row[3:]] for row in rows_of()]
    rows[0] = rows_of()[0]

    assert given_back(rows)[0] == FILE


def test_annotations_that_a_rule_did_not_have_are_added():
    made, rows = given_back(with_cell(9, 6, "第八条"))

    assert rows[1][6] == "第八条"
    assert decisions.read(made, filename="f.dmn")[0][0].rules[1].annotations == (
        ("依据", "第八条"),
    )


@pytest.mark.parametrize("encoding", ["utf-16", "gbk"])
def test_a_file_keeps_how_it_is_written(encoding):
    content = FILE.decode().replace("UTF-8", encoding).encode(encoding)

    made, rows = given_back(with_cell(8, 5, "3"), content)

    assert made.decode(encoding) == FILE.decode().replace("UTF-8", encoding).replace(
        "<text>2</text>", "<text>3</text>"
    )
    assert rows[0][5] == "3"


def test_elements_with_a_prefix_get_rules_with_it():
    plain = FILE.decode().replace('xmlns="https', 'xmlns:d="https').replace("<dmndi", "<!dmndi")
    for tag in (
        "definitions",
        "decision",
        "rule",
        "text",
        "literal",
        "input",
        "output",
        "annot",
        "descr",
    ):
        plain = plain.replace(f"<{tag}", f"<d:{tag}").replace(f"</{tag}", f"</d:{tag}")
    content = plain.replace("<!dmndi", "<dmndi").encode()
    rows = rows_of(content)

    made, found = given_back([*rows, ["", '"normal"', "1", "-", '"街道"', "1", "x", ""]], content)

    assert found[-1] == ["limit_r4", '"normal"', "1", "-", '"街道"', "1", "x", ""]
    assert b'<d:rule id="limit_r4">\n        <d:inputEntry><d:text>"normal"</d:text>' in made


# -- what spreadsheets and keyboards do ---------------------------------------------------


@pytest.mark.parametrize(
    ("column", "written", "read"),
    [
        (1, "“urgent”，“normal”", '"urgent","normal"'),
        (1, "urgent", '"urgent"'),
        (1, "urgent、normal", '"urgent", "normal"'),
        (1, "not(“urgent”)", 'not("urgent")'),
        (1, "－", "-"),
        (1, "", "-"),
        (2, "≥２００", ">=200"),
        (2, "［１．．１０）", "[1..10)"),
        (2, "1E+05", "100000"),
        (3, "2026/3/4", 'date("2026-03-04")'),
        (3, "2026年3月4日", 'date("2026-03-04")'),
        (4, "“城管局，一队”", '"城管局，一队"'),
        (5, "24.0", "24.0"),
        (6, "“特急”，见附件", "“特急”，见附件"),
    ],
)
def test_what_can_only_be_meant_in_one_way_is_read_so(column, written, read):
    _, rows = given_back(with_cell(8, column, written))

    assert rows[0][column] == read


@pytest.mark.parametrize(
    ("row", "column", "xml", "read"),
    [
        (9, 1, 's="0"><v>7</v></c>', '"007"'),
        (8, 2, "><v>3</v></c>", "3"),
        (8, 2, "><v>0.10000000000000001</v></c>", "0.1"),
        (9, 5, "><v>8.5</v></c>", "8.50"),
        (8, 3, 's="2"><v>46085</v></c>', 'date("2026-03-04")'),
        (8, 4, 's="2"><v>46085</v></c>', '"2026-03-04"'),
        (10, 1, 't="n"/><c></c>', ""),
        (8, 4, 't="str"><f>A1</f><v>"环保局"</v></c>', '"环保局"'),
    ],
)
def test_numbers_and_days_of_a_workbook_are_taken_back(row, column, xml, read):
    assert mended(held_as(row, column, xml))[row - 1 - office.HEAD][column] == read


@pytest.mark.parametrize(
    ("row", "column", "xml", "said"),
    [
        (8, 1, "><v>7.5</v></c>", "7.5 is a number, where the column has texts"),
        (8, 2, 's="2"><v>46085</v></c>', "the spreadsheet shows the day 2026-03-04"),
        (8, 3, "><v>46085</v></c>", "46085 is a number, where the column has the type date"),
        (8, 2, 't="e"><v>#REF!</v></c>', "the spreadsheet shows no value for #REF!"),
        (8, 2, "><f>1+1</f></c>", "the spreadsheet shows no value for =1+1"),
    ],
)
def test_what_a_spreadsheet_has_spoilt_is_refused_with_its_place(row, column, xml, said):
    ((file, line, element, message),) = refused(held_as(row, column, xml))

    where = f"{workbooks.letters(column)} {rows_of()[2][column]}"
    assert (file, line, element, said in message) == ("in.xlsx", row, where, True)


@pytest.mark.parametrize(
    ("row", "column", "text", "said"),
    [
        (8, 1, '"soon"', "none of the allowed values"),
        (8, 1, "soon", "soon stands without quotes"),
        (9, 2, "[1..", "'[1..':"),
        (9, 2, '"much"', "is not of the type number"),
        (9, 2, "1,000", "two values to a table"),
        (10, 5, '"long"', '"long" is no number'),
        (10, 4, "环保局", "stands without quotes"),
        (10, 5, "1 +", "'1 +':"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_with_its_place(row, column, text, said):
    found = refused(a_workbook(with_cell(row, column, text)))

    letter = f"{workbooks.letters(column)} {rows_of()[2][column]}"
    assert [(one[1], one[2]) for one in found] == [(row, letter)]
    assert said in found[0][3]


def test_all_wrong_cells_are_told_at_once():
    rows = with_cell(8, 1, "soon")
    rows[9][5] = "第"

    assert [one[1:3] for one in refused(a_workbook(rows))] == [(8, "B 紧急程度")]
    rows[7][1] = '"urgent"'
    rows[8][2] = "[1.."
    rows[9][2] = "[1.."
    rows[9][5] = "1"
    assert [one[1:3] for one in refused(a_workbook(rows))] == [(9, "C 金额"), (10, "C 金额")]


@pytest.mark.parametrize(
    ("row", "column", "text", "said"),
    [
        (1, 1, "UNIQUE", "hit policy is 'UNIQUE' where the table has 'FIRST'"),
        (1, 3, "another", "decision is 'another' where the table has 'limit'"),
        (5, 2, "string", "类型 is 'string' where the table has 'number'"),
        (6, 1, '"urgent"', "允许的值 is '\"urgent\"' where"),
        (4, 4, "office", "the output column '单位' is missing"),
        (3, 0, "名字", "here should stand '标题'"),
    ],
)
def test_a_head_that_says_something_else_is_refused(row, column, text, said):
    found = refused(a_workbook(with_cell(row, column, text)))

    assert said in found[0][3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04rubbish", "the workbook cannot be read"),
        (b"\xd0\xcf\x11\xe0rubbish", "old workbook"),
        (b"\xff\xfe\xff\x00", "neither UTF-8 nor GBK"),
        (b"", "here should stand"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused(content, said):
    ((_, line, _, message),) = refused(content)

    assert (line, said in message) == (1, True)


def test_a_sheet_without_rules_is_refused():
    assert refused(a_workbook(rows_of()[: office.HEAD]))[0][1:] == (
        8, "A", "Row 8, column 'A': there are no rules",
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_may_be_written_as_offices_do(encoding):
    text = (
        office.text_file(a_table()).decode("utf-8-sig").replace('"""urgent""",>=', "“urgent”，,>=")
    )

    assert mended(text.replace("”，,", "”,").encode(encoding), "csv") == rows_of()[office.HEAD :]


def test_nothing_of_a_csv_file_is_taken_for_a_formula():
    content = FILE.replace(b"<![CDATA[>= 100]]>", b"=5").replace("第七条".encode(), b"'=7")

    sheet = office.text_file(a_table(content))

    assert b",'=5," in sheet
    assert import_rules({"f.dmn": content}, "f.dmn", "limit", "in.csv", sheet).content == content


def test_a_sheet_of_the_decisions_name_is_read_before_the_first():
    assert workbooks.read("x", a_workbook(rows_of()), "nobody") == workbooks.read(
        "x", a_workbook(rows_of()), "limit"
    )


def test_what_a_new_rule_makes_doubtful_is_told():
    unique = FILE.replace(b'"FIRST"', b'"UNIQUE"')
    rows = rows_of(unique)
    more = [*rows, ["", '"urgent"', "150", "-", '"街道"', "1", "", ""]]

    made = import_rules({"f.dmn": unique}, "f.dmn", "limit", "in.xlsx", a_workbook(more))

    assert ["the rows 3 and 4 both match" in one for one in made.doubts] == [True]


# -- the command line ----------------------------------------------------------------------


def run(*arguments):
    found = CliRunner().invoke(program, [str(one) for one in arguments])
    return found.exit_code, found.stdout, found.stderr or str(found.exception or "")


@pytest.mark.parametrize("kind", WRITERS)
def test_the_command_writes_a_sheet_and_takes_it_back(tmp_path, kind):
    file, sheet = tmp_path / "f.dmn", tmp_path / f"limit.{kind}"
    file.write_bytes(FILE)

    wrote = run("table", "export", file, "时限", sheet)
    took = run("table", "import", file, "limit", sheet, "--lang", "zh")

    assert (wrote[0], wrote[2]) == (0, f"{sheet}: 3 rules of limit.\n")
    assert took[:2] == (0, "没有变化。\n")
    assert file.read_bytes() == FILE


def test_the_command_says_what_has_changed_and_may_write_elsewhere(tmp_path):
    file, sheet, out = tmp_path / "f.dmn", tmp_path / "in.csv", tmp_path / "new.dmn"
    file.write_bytes(FILE)
    text = office.text_file(a_table()).decode("utf-8-sig").replace(",24,", ",48,")
    sheet.write_text(text, "utf-8")

    status, said, _ = run("table", "import", file, "limit", sheet, "--out", out, "--lang", "en")

    assert status == 0
    assert said.splitlines() == [
        "decision table limit 时限",
        "  row 3 (limit_r3): changed",
        "    小时: 24 -> 48",
        (
            '    such as urgency = "urgent", amount = 11, day = "2026-10-07": '
            'it was {unit: "社区", hours: 24}, it is {unit: "社区", hours: 48}'
        ),
    ]
    assert file.read_bytes() == FILE
    assert out.read_bytes() == FILE.replace(b">24<", b">48<")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("export", "F", "other", "o.xlsx"), 1, "no decision table 'other'. It has limit."),
        (("export", "F", "limit", "o.doc"), 2, "sheets are .xlsx or .csv files"),
        (("import", "F", "limit", "F"), 2, "sheets are .xlsx or .csv files"),
    ],
)
def test_what_is_asked_wrongly_is_refused(tmp_path, arguments, status, said):
    file = tmp_path / "f.dmn"
    file.write_bytes(FILE)

    found = run("table", *(file if one == "F" else one for one in arguments))

    assert (found[0], said in found[2]) == (status, True)


def test_a_file_that_is_no_dmn_has_no_table():
    with pytest.raises(NotFound) as reason:
        drawn(b"<a/>", "limit", filename="f.dmn")

    assert "f.dmn: The root element is 'a'" in str(reason.value)


# -- what must not be read ------------------------------------------------------------------


def a_broken_workbook(**parts):
    """A workbook of which some parts are others."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(a_workbook(rows_of()))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            key = name.rpartition("/")[2].partition(".")[0]
            new.writestr(name, parts.get(key, old.read(name)))
    return made.getvalue()


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"sheet1": b" " * (workbooks.MAX_PART + 1)}, "has more than"),
        ({"sheet1": b"<!DOCTYPE a><a/>"}, "has a document type"),
        ({"sheet1": b"<a><row r='60000'/></a>"}, "row 60000 of at most"),
        ({"sheet1": b"<a><row><c r='ZZZ1'/></row></a>"}, "of at most 500"),
        ({"sheet1": b"<a><row><c t='s'><v>9</v></c></row></a>"}, "list index out of range"),
        ({"sheet1": b"<a>"}, "the workbook cannot be read"),
        ({"workbook": b"<a/>"}, "the workbook cannot be read"),
    ],
)
def test_a_workbook_that_is_made_to_do_harm_is_refused(parts, said):
    ((_, line, _, message),) = refused(a_broken_workbook(**parts))

    assert (line, said in message) == (1, True)
