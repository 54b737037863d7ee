"""Findings say what is wrong and what to do, in English and Chinese."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import deployments
from engine.bpmn import reader, sentences
from engine.bpmn.document import MAX_FINDINGS
from engine.bpmn.findings import Finding
from engine.cli import program, terminal
from engine.forms.findings import labels
from tests.made_findings import findings_made

DOCS = Path(__file__).parent.parent / "docs"
CATALOGUE = sentences.catalogue()
HAN = re.compile("[\N{CJK UNIFIED IDEOGRAPH-4E00}-\N{CJK UNIFIED IDEOGRAPH-9FFF}]")
SENTENCES = [
    (code, english, chinese)
    for code, one in CATALOGUE.items()
    for english, chinese in (*one.says.items(), *one.hints.items())
]

CALLING = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
  <process id="repair" name="报修" isExecutable="true">
    <startEvent id="begin"/>
    <sequenceFlow id="first" sourceRef="begin" targetRef="call"/>
    <callActivity id="call" name="Call
      the plumber" calledElement="plumber"/>
    <sequenceFlow id="second" sourceRef="call" targetRef="again"/>
    <callActivity id="again" calledElement="plumber"/>
  </process>
</definitions>
""".encode()


def finding(code, message, hint=None):
    return Finding(code, "error", "a.bpmn", "task", 3, message, hint).to_json()


# -- the catalogue ----------------------------------------------------------------------


def test_each_code_says_in_chinese_what_is_wrong_and_what_to_do():
    assert sorted(CATALOGUE) == sorted(findings_made())


def test_each_sentence_is_told_in_chinese():
    told = [one.wrong for one in CATALOGUE.values()]
    told += [one.do[1] for one in CATALOGUE.values()]
    told += [chinese for _, _, chinese in SENTENCES]

    # "{}: {}" has no words of its own
    assert [one for one in told if not HAN.search(one) and re.search("[a-z]", one)] == []


def test_each_sentence_that_is_true_of_all_has_no_place_for_a_value():
    whole = [(one.wrong, *one.do) for one in CATALOGUE.values()]

    assert [one for told in whole for one in told if sentences.PLACE.search(one)] == []


def test_each_chinese_sentence_ends():
    told = [one for each in CATALOGUE.values() for one in (each.wrong, each.do[1])]

    assert [one for one in told if not one.endswith(("。", "？", "…", "'a'"))] == []


def test_a_sentence_has_the_same_values_in_both_languages():
    known = [(english, chinese) for _, english, chinese in SENTENCES]

    wrong = [
        english
        for english, chinese in [*known, *sentences.phrases().items()]
        # what SpiffWorkflow says of itself carries its own Chinese, which goes
        if "SpiffWorkflow" not in english and "kernel" not in english
        if values_of(english) != sorted(values_of(chinese))
    ]

    assert wrong == []


def values_of(sentence):
    """The numbers of the values that are put into a sentence."""
    places = sentences.PLACE.findall(sentence)
    return [int(one) if one else number for number, one in enumerate(places)]


# -- the pages --------------------------------------------------------------------------

PAGES = {
    "findings.md": ("error", "warning", "note", "Example: ", "What to do: "),
    "findings.zh-CN.md": ("错误", "警告", "提示", "例如：", "怎么办："),
}
SECTION = re.compile(r"^### ([a-z-]+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


def sections(page):
    """The sections of a page, one for a code: (code, text)."""
    return SECTION.findall((DOCS / page).read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_each_code_has_one_section_on_each_page(page):
    assert sorted(code for code, _ in sections(page)) == sorted(findings_made())


@pytest.mark.parametrize("page", PAGES)
def test_each_section_tells_the_severity_an_example_and_what_to_do(page):
    *words, example, advice = PAGES[page]
    severities = dict(zip(words, ("error", "warning", "note"), strict=True))

    told = {
        code: (
            {severities[one] for one in re.findall(rf"\*\*({'|'.join(words)})", text)},
            [len(re.findall(f"^{one}.{{4}}", text, re.MULTILINE)) for one in (example, advice)],
        )
        for code, text in sections(page)
    }

    assert told == {code: (found, [1, 1]) for code, found in findings_made().items()}


def test_the_pages_have_the_same_order():
    english, chinese = ([code for code, _ in sections(page)] for page in PAGES)

    assert english == chinese


def test_the_pages_hold_nothing_but_sections_of_one_shape():
    paragraphs = {
        (page, code): len(text.strip().split("\n\n"))
        for page in PAGES
        for code, text in sections(page)
    }

    assert set(paragraphs.values()) == {3}


# -- one finding ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message", "chinese"),
    [
        (
            "unknown-process",
            "It calls the process 'plumber', which is not deployed.",
            "它调用的流程“plumber”没有部署。",
        ),
        (
            "wrong-reference",
            "sourceRef names 'x', which is a lane, not a task or userTask.",
            "sourceRef 指向“x”，它是泳道，不是任务或用户任务。",
        ),
        (
            "event-not-allowed",
            "error is not allowed at a start event of a subProcess.",
            "子流程里的开始事件不能用错误触发。",
        ),
        (
            "expression-refused",
            "'${task.x}' is not translated: 'task' is an object of another engine.",
            "“${task.x}”不能翻译：“task”是其他引擎的对象。",
        ),
        (
            "unit-test-failed",
            "Unit test 'one' fails: a is 1, expected 2; b is missing, expected 3.",
            "单元测试“one”没有通过：a 是 1，应为 2；缺少 b，应为 3。",
        ),
        ("bad-unit-test", "The inputJson of unit test 'one' cannot be read: it is no object.",
         "单元测试“one”的 inputJson 读不了：不是 JSON 对象。"),
        ("no-start-event", "There is no start event; what no flow leads to starts: a, b.",
         "没有开始事件，从没有流入顺序流的元素开始：a, b。"),
    ],
)  # fmt: skip
def test_the_chinese_has_the_values_of_the_english(code, message, chinese):
    assert finding(code, message)["message_zh"] == chinese


def test_a_sentence_that_is_not_known_is_told_by_its_code_and_what_it_quotes():
    told = finding("bad-form", "Neither 'first' nor \"second\" would do here.")

    assert told["message_zh"] == "这不是表单键：“first”、“second”。"


def test_a_sentence_without_values_that_is_not_known_is_told_by_its_code():
    assert finding("bad-form", "That would not do.")["message_zh"] == "这不是表单键。"


def test_a_finding_of_an_unknown_code_stays_english():
    told = finding("of-a-plug-in", "It is broken.", "Mend it.")

    assert (told["message_zh"], told["hint_zh"]) == ("It is broken.", "Mend it.")


@pytest.mark.parametrize("hint", [None, ""])
def test_a_finding_without_a_hint_says_what_helps_against_all_of_its_code(hint):
    told = finding("dmn-no-output", "Decision 'a' has no output column.", hint)

    assert (told["hint"], told["hint_zh"]) == (
        "Give the table an output column.",
        "请给决策表加一个输出列。",
    )


def test_a_hint_that_names_something_names_it_in_chinese_too():
    told = finding("unknown-form", "It shows the form 'a', which is not deployed.",
                   "Did you mean 'aa'?")  # fmt: skip

    assert told["hint_zh"] == "是不是“aa”？"


@pytest.mark.parametrize(
    "value", ["', which is a '" * 20, "'" * 300, "; ".join(["x"] * 150), "\n\0'\"{}{0}", ""]
)
def test_a_strange_value_does_no_harm(value):
    told = finding("wrong-reference", f"sourceRef names {value!r}, which is a lane, not a task.")

    assert told["message_zh"].startswith("sourceRef 指向")


# -- names ------------------------------------------------------------------------------


def test_a_finding_names_its_element_on_one_line(app):
    found = deployments.check(app, {"repair.bpmn": CALLING})

    told = [(one.code, one.element, one.name, one.line) for one in found]

    assert told == [
        ("unknown-process", "call", "Call the plumber", 7),
        ("unknown-process", "again", None, 9),
    ]


def test_a_finding_names_its_element_in_a_file_that_cannot_be_read():
    broken = CALLING.replace(b'targetRef="again"', b'targetRef="nowhere"')
    broken = broken.replace(b'id="second"', b'id="second" name="then"')

    diagram, found = reader.read(broken, "repair.bpmn")

    assert diagram is None
    assert [(one.code, one.element, one.name) for one in found] == [
        ("dangling-reference", "second", "then")
    ]


def test_a_finding_of_a_called_process_names_its_element_there(app):
    plumber = CALLING.replace(b'"repair"', b'"plumber"').replace(
        b'<callActivity id="again" calledElement="plumber"/>',
        b'<subProcess id="again" triggeredByEvent="true" name="On alarm"><startEvent id="alarm">'
        b"<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
        b"</startEvent></subProcess>",
    )
    plumber = plumber.replace(
        b'<sequenceFlow id="second" sourceRef="call" targetRef="again"/>', b""
    ).replace(b'calledElement="plumber"', b'calledElement="repair"')

    found = deployments.check(
        app, {"repair.bpmn": CALLING, "plumber.bpmn": plumber}, executor="spiff"
    )

    told = {(one.file, one.element, one.name) for one in found if one.code == "not-on-executor"}
    assert told == {
        ("plumber.bpmn", "again", "On alarm"),
        ("repair.bpmn -> plumber", "again", "On alarm"),
    }


def test_findings_that_are_left_out_are_counted_in_chinese():
    flows = b"".join(
        b'<sequenceFlow id="f%d" sourceRef="x" targetRef="begin"/>' % number
        for number in range(MAX_FINDINGS + 10)
    )

    _, found = reader.read(CALLING.replace(b"</process>", flows + b"</process>"), "a.bpmn")

    assert found[0].code == "too-many-findings"
    assert found[0].to_json()["message_zh"] == f"共有 {MAX_FINDINGS + 10} 个问题，列出其中 500 个。"


def test_a_finding_of_a_form_names_its_field(app):
    form = {
        "type": "default",
        "id": "f",
        "components": [
            {
                "type": "group",
                "label": "G",
                "components": [
                    {"type": "number", "key": "n", "label": "数量", "decimalDigits": 99}
                ],
            }
        ],
    }

    (found,) = deployments.check(app, {"f.json": json.dumps(form).encode()})

    assert (found.code, found.element, found.name) == ("form-bounds", "n", "数量")


@pytest.mark.parametrize("content", [b"", b"[", b"7", b'[{"key": 7, "label": {}}]', b"\xff"])
def test_what_is_no_form_has_no_labels(content):
    assert labels(content) == {}


def test_the_fields_of_a_schema_go_by_their_path():
    schema = {"properties": {"a": {"title": "甲", "properties": {"b": {"title": " 乙 "}}}}}

    assert labels(json.dumps(schema).encode()) == {"a": "甲", "a.b": "乙"}


# -- the command line -------------------------------------------------------------------


@pytest.fixture
def command(tmp_path):
    (tmp_path / "repair.bpmn").write_bytes(CALLING)

    def run(*options, **environment):
        locale = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "", **environment}
        given = {**locale, "DATABASE_URL": f"sqlite:///{tmp_path}/none.db"}
        arguments = ["check", str(tmp_path / "repair.bpmn"), *options]
        return CliRunner().invoke(program, arguments, env=given).stdout.splitlines()

    return run


ENGLISH = (
    "repair.bpmn:7: error unknown-process: call (Call the plumber): "
    "It calls the process 'plumber', which is not deployed. Deploy both files together."
)
CHINESE = (
    "repair.bpmn:7: 错误 unknown-process: call (Call the plumber): "
    "它调用的流程“plumber”没有部署。请把两个文件一起部署。"
)


def test_the_command_line_tells_findings_in_english(command):
    lines = command()

    assert (lines[0], lines[-1]) == (ENGLISH, "1 files: 2 errors, 0 warnings.")


def test_the_command_line_tells_findings_in_the_language_asked_for(command):
    lines = command("--lang", "zh")

    assert (lines[0], lines[-1]) == (CHINESE, "1 个文件：2 个错误，0 个警告。")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "en_GB.UTF-8"}, "zh"),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_of_the_terminal_is_that_of_its_messages(monkeypatch, environment, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, environment.get(name, ""))

    assert terminal.language() == language


def test_the_command_line_follows_the_locale(command):
    assert command(LANG="zh_CN.UTF-8")[0] == CHINESE


def test_a_document_has_both_languages(command):
    (first, _) = json.loads("\n".join(command("--json")))["findings"]

    assert first == {
        "code": "unknown-process",
        "severity": "error",
        "file": "repair.bpmn",
        "element": "call",
        "name": "Call the plumber",
        "line": 7,
        "message": "It calls the process 'plumber', which is not deployed.",
        "hint": "Deploy both files together.",
        "message_zh": "它调用的流程“plumber”没有部署。",
        "hint_zh": "请把两个文件一起部署。",
    }


def test_the_catalogue_lies_beside_its_reader():
    assert Path(sentences.__file__).with_suffix(".json").is_file()


def test_files_are_checked_where_no_database_can_be_opened(tmp_path):
    file = tmp_path / "repair.bpmn"
    file.write_bytes(CALLING)
    given = {"DATABASE_URL": f"sqlite:///{tmp_path}/no/such/folder.db"}

    told = CliRunner().invoke(program, ["check", str(file), "--json"], env=given)

    assert [one["code"] for one in json.loads(told.stdout)["findings"]] == ["unknown-process"] * 2
