"""Names that are read where nothing can have written them, and those of which nothing is said."""

from __future__ import annotations

import pytest

from engine import deployments
from engine.bpmn import sentences
from engine.bpmn.checks import check
from engine.bpmn.reader import read
from tests.memory import flows, process

FORMS = {"ask": {"amount", "kind"}, "judge": {"note"}}
BEGIN = '<startEvent id="s" camunda:formKey="ask"/><endEvent id="e"/>'
JUDGE = (
    '<userTask id="judge" camunda:formKey="judge"><extensionElements><camunda:properties>'
    '<camunda:property name="outcomes" value="yes=同意;no=不同意"/>'
    "</camunda:properties></extensionElements></userTask>"
)


def script(text: str, name: str = "count") -> str:
    return f'<scriptTask id="{name}"><script>{text}</script></scriptTask>'


def told(body: str, *others: bytes, forms=FORMS) -> list[tuple[str, str | None, str, str | None]]:
    """(code, element, message, hint) of the findings about data."""
    diagram, findings = read(process(body), "p.bpmn")
    assert diagram is not None, findings
    known = {}
    for one in others:
        found, findings = read(one, "other.bpmn")
        assert found is not None, findings
        known.update(found.processes)

    def fields(node):
        return forms.get(node.form)

    return [
        (one.code, one.element, one.message, one.hint)
        for one in check(diagram, known, filename="p.bpmn", fields=fields)
        if one.code in ("never-written", "written-later")
    ]


def codes(body: str, *others: bytes, **more) -> list[tuple[str, str | None]]:
    return [(code, element) for code, element, _, _ in told(body, *others, **more)]


def test_a_slip_of_the_pen_is_found_with_what_was_meant():
    found = told(
        BEGIN + JUDGE + '<exclusiveGateway id="g" default="g_e"/>' + script("fee = amout * 2")
        + flows("s > judge > g > e", "g > count : judge_outcom == 'yes'", "count > e")
    )  # fmt: skip

    nobody = "and nothing writes it: no form, script or mapping."
    assert found == [
        ("never-written", "count", f"It reads 'amout', {nobody}", "Did you mean 'amount'?"),
        (
            "never-written",
            "g_count",
            f"It reads 'judge_outcom', {nobody}",
            "Did you mean 'judge_outcome'?",
        ),
    ]


def test_what_is_only_written_later_is_found():
    found = told(BEGIN + JUDGE + script("fee = len(note)") + flows("s > count > judge > e"))

    assert found == [
        ("written-later", "count", "It reads 'note', which is only written later: by judge.",
         "Read it by value('name') if it may be missing; it is None then."),
    ]  # fmt: skip


LATER = {
    "the other order": flows("s > judge > count > e"),
    "a way back": '<exclusiveGateway id="g" default="g_e"/>'
    + flows("s > count > judge > g > e", "g > count : judge_outcome == 'no'"),
    "a branch beside it": '<parallelGateway id="f"/><parallelGateway id="j"/>'
    + flows("s > f > count > j > e", "f > judge > j"),
    "another way to it": '<parallelGateway id="f"/><exclusiveGateway id="x"/>'
    + flows("s > f > count > x > judge > e", "f > x"),
}


@pytest.mark.parametrize("name", LATER)
def test_what_may_have_been_written_before_is_not(name):
    assert codes(BEGIN + JUDGE + script("fee = len(note)") + LATER[name]) == []


def test_an_event_that_may_come_at_any_time_may_have_written_it():
    late = (
        '<subProcess id="any" triggeredByEvent="true"><startEvent id="t" isInterrupting="false">'
        "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
        f"</startEvent>{script('note = 1', 'noted')}{flows('t > noted')}</subProcess>"
    )

    assert codes(BEGIN + late + script("fee = note") + flows("s > count > e")) == []


def test_what_lies_inside_and_around_is_followed():
    inside = (
        f'<subProcess id="sub"><startEvent id="b"/>{script("fee = note")}{JUDGE}'
        f"{flows('b > count > judge')}</subProcess>"
    )

    assert codes(BEGIN + inside + flows("s > sub > e")) == [("written-later", "count")]
    assert codes(BEGIN + JUDGE.replace('"judge"', '"first"', 1) + inside.replace("note", "kind")
                 + flows("s > first > sub > e")) == []  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["fee = value('amout')", "amout = 1\nfee = amout", "fee = [n for n in [1]]",
     "fee = case['id']", "fee = amount + len(kind)"],
)  # fmt: skip
def test_what_needs_no_writer_is_let_be(text):
    assert codes(BEGIN + script(text) + flows("s > count > e")) == []


MAY_BRING_ANYTHING = {
    "a start by hand without a form": BEGIN.replace(' camunda:formKey="ask"', ""),
    "a form that nobody knows": BEGIN.replace('"ask"', '"unknown"'),
    "a task without a form": BEGIN + '<userTask id="free"/>',
    "a worker's whole answer": BEGIN
    + '<serviceTask id="w" camunda:type="external" camunda:topic="count"/>',
    "a message without a variable": BEGIN
    + '<intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/>'
    "</intermediateCatchEvent>",
}


@pytest.mark.parametrize("name", MAY_BRING_ANYTHING)
def test_nothing_is_said_where_anything_may_come(name):
    body = MAY_BRING_ANYTHING[name] + script("fee = amout") + flows("s > count > e")
    diagram, findings = read(process(body, extra='<message id="m" name="m"/>'), "p.bpmn")
    assert diagram is not None, findings

    found = check(diagram, {}, filename="p.bpmn", fields=lambda node: FORMS.get(node.form))

    assert [one.code for one in found] == []


def test_a_called_process_has_what_its_callers_give_and_its_form():
    call = (
        '<callActivity id="c" calledElement="p"><extensionElements>'
        '<camunda:in source="x" target="given"/></extensionElements></callActivity>'
    )
    caller = process(f'<startEvent id="a"/>{call}{flows("a > c")}', key="caller")
    all_in = caller.replace(b'source="x" target="given"', b'variables="all"')
    body = BEGIN + script("fee = given + missing") + flows("s > count > e")

    assert [one[2].split("'")[1] for one in told(body, caller)] == ["missing"]
    assert told(body, all_in) == []


def test_who_deploys_is_told_in_both_languages(app):
    form = (
        '{"type": "default", "id": "ask", "components": '
        '[{"type": "number", "key": "amount", "label": "数额"}]}'
    )
    files = {
        "p.bpmn": process(BEGIN + script("fee = amout * 2") + flows("s > count > e")),
        "ask.json": form.encode(),
    }

    found = [one for one in deployments.check(app, files) if one.code == "never-written"]

    assert [(one.severity, one.element) for one in found] == [("warning", "count")]
    said = [sentences.in_chinese(one.code, one.message) for one in found]
    assert said == ["它读取“amout”，但没有表单、脚本或映射写入它。"]
    assert [sentences.to_do(one.code, one.hint)[1] for one in found] == ["是不是“amount”？"]
    instead = "Read it by value('name') if it may be missing; it is None then."
    assert sentences.to_do("written-later", instead) == (
        instead,
        "如果允许缺少，请用 value('名称') 读取，那时得到 None。",
    )
