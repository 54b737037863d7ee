"""Every word of SpiffWorkflow's dialect: what becomes of it here.

``WORDS`` shows each one in a file; the page for people who move over says the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.bpmn import spiff
from engine.bpmn.linking import link
from engine.bpmn.model import Process
from engine.bpmn.reader import read
from engine.bpmn.work import Decision
from tests.snippets import flow

PAGE = Path(__file__).parent.parent / "docs" / "from-spiffworkflow.md"
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="file">'
)
Shows = Callable[[Process], Any]
MESSAGE = '<message id="m" name="paid"/>'
KEYED = MESSAGE + (
    '<correlationProperty id="order"><correlationPropertyRetrievalExpression messageRef="m">'
    "<formalExpression>no</formalExpression></correlationPropertyRetrievalExpression>"
    "</correlationProperty>"
)


def opened(body: str, roots: str = "", inside: str = "") -> tuple[Process | None, list[Any]]:
    xml = (
        f'{HEAD}<process id="p">{inside}<startEvent id="s"/>{flow("f", "s", "t")}\n{body}'
        f"</process>{roots}</definitions>"
    )
    diagram, findings = read(xml.encode(), "x.bpmn")
    told = [(one.code, one.severity, one.element) for one in findings]
    return (None if diagram is None else diagram.processes["p"]), told


def s(name: str, text: str = "", attributes: str = "") -> str:
    return f"<spiffworkflow:{name} {attributes}>{text}</spiffworkflow:{name}>"


def task(tag: str, extensions: str, inner: str = "", attributes: str = "") -> str:
    return f'<{tag} id="t" {attributes}><extensionElements>{extensions}</extensionElements>{inner}</{tag}>'


def event(
    tag: str, definition: str, extensions: str = "", attributes: str = 'messageRef="m"'
) -> str:
    inside = f"<extensionElements>{extensions}</extensionElements>" if extensions else ""
    return (
        f'<{tag} id="t"><{definition}EventDefinition id="d" {attributes}>{inside}'
        f"</{definition}EventDefinition></{tag}>"
    )


def operator(inner: str = "", attributes: str = 'id="http/Get" resultVariable="r"') -> str:
    return task("serviceTask", s("serviceTaskOperator", inner, attributes))


PARAMETERS = s("parameters", s("parameter", "", 'id="url" type="str" value="a + 1"'))
UNIT_TEST = s(
    "unitTests",
    s(
        "unitTest",
        s("inputJson", '{"a": 1}') + s("expectedOutputJson", '{"a": 2}'),
        'id="adds"',
    ),
)
CORRELATED = s("processVariableCorrelation", s("propertyId", "order") + s("expression", "order_no"))
FORM = s(
    "properties",
    s("property", "", 'name="formJsonSchemaFilename" value="forms/ask-schema.json"')
    + s("property", "", 'name="formUiSchemaFilename" value="ask-uischema.json"'),
)
BUTTON = (
    '<userTask id="t"/><boundaryEvent id="b" attachedToRef="t"><extensionElements>'
    + s("signalButtonLabel", "Stop")
    + '</extensionElements><signalEventDefinition id="d" signalRef="g"/></boundaryEvent>'
)
SIGNAL = (
    '<signal id="g" name="stop"><extensionElements>'
    + s("payloadExpression", "{'a': 1}")
    + s("variableName", "why")
    + "</extensionElements></signal>"
)
MANY = (
    "<multiInstanceLoopCharacteristics {}><loopDataInputRef>all</loopDataInputRef>"
    '<inputDataItem id="one" name="first"/></multiInstanceLoopCharacteristics>'
)


def first(process: Process) -> Any:
    return process.nodes["t"]


def correlation(process: Process) -> list[tuple[str, str]]:
    return [(one.key, one.value.text) for one in first(process).events[0].correlation]


def loop(process: Process) -> tuple[str, str]:
    return first(process).loop.collection.text, first(process).loop.item


# word -> (body, roots, what it shows, the value) of what is run
RUN: dict[str, tuple[str, str, Shows, Any]] = {
    "preScript": (
        task("task", s("preScript", "a = 1")), "", lambda p: first(p).before.text, "a = 1",
    ),
    "postScript": (
        task("subProcess", s("postScript", "a = 1")), "", lambda p: first(p).after.text, "a = 1",
    ),
    "calledDecisionId": (
        task("businessRuleTask", s("calledDecisionId", "fee")),
        "",
        lambda p: first(p).decision,
        Decision("fee", "fee", "singleResult", spread=True),
    ),
    "instructionsForEndUser": (
        task("manualTask", s("instructionsForEndUser", "Look at {{ a }}.")),
        "",
        lambda p: first(p).instructions,
        "Look at {{ a }}.",
    ),
    "messagePayload": (
        event("endEvent", "message", s("messagePayload", "{'no': order_no}")),
        KEYED,
        lambda p: (first(p).events[0].payload.text, correlation(p)),
        ("{'no': order_no}", [("order", "order_no")]),
    ),
    "messageVariable": (
        event("intermediateCatchEvent", "message", s("messageVariable", "paid")),
        MESSAGE,
        lambda p: first(p).events[0].variable,
        "paid",
    ),
    "payloadExpression": (
        event("endEvent", "signal", attributes='signalRef="g"'),
        SIGNAL,
        lambda p: first(p).events[0].payload.text,
        "{'a': 1}",
    ),
    "variableName": (
        event("intermediateCatchEvent", "signal", attributes='signalRef="g"'),
        SIGNAL,
        lambda p: first(p).events[0].variable,
        "why",
    ),
    "processVariableCorrelation": (
        event("intermediateCatchEvent", "message", CORRELATED),
        KEYED,
        correlation,
        [("order", "order_no")],
    ),
    "properties": (task("userTask", FORM), "", lambda p: first(p).form, "ask-schema"),
    "formJsonSchemaFilename": (task("userTask", FORM), "", lambda p: p.forms, ("ask-schema",)),
    "formUiSchemaFilename": (
        task("userTask", FORM), "", lambda p: first(p).form_ui, "ask-uischema",
    ),
    "serviceTaskOperator": (
        operator(), "", lambda p: (first(p).topic, first(p).result), ("http/Get", "r"),
    ),
    "parameters": (
        operator(PARAMETERS),
        "",
        lambda p: [(one.target, one.value.text) for one in first(p).inputs],
        [("url", "a + 1")],
    ),
    "unitTests": (
        task("scriptTask", UNIT_TEST, "<script>a = a + 1</script>"),
        "",
        lambda p: [(one.key, one.given, one.expected) for one in first(p).tests],
        [("adds", '{"a": 1}', '{"a": 2}')],
    ),
    "scriptsOnInstances": (
        task(
            "task",
            s("preScript", "a = one"),
            MANY.format('spiffworkflow:scriptsOnInstances="true"'),
        ),
        "",
        loop,
        ("all", "one"),
    ),
    "isOutputSynced": (
        task("task", "", MANY.format('spiffworkflow:isOutputSynced="true"')),
        "",
        loop,
        ("all", "one"),
    ),
    "isMatchingCorrelation": (
        event(
            "intermediateCatchEvent",
            "message",
            CORRELATED,
            'messageRef="m" spiffworkflow:isMatchingCorrelation="true"',
        ),
        KEYED,
        correlation,
        [("order", "order_no")],
    ),
}  # fmt: skip

# word -> (body, roots, findings) of what is not
TOLD: dict[str, tuple[str, str, list[tuple[str, str, str | None]]]] = {
    "category": (
        '<task id="t"/><dataObject id="a"><extensionElements>'
        + s("category", "secret")
        + "</extensionElements></dataObject>",
        "",
        [("ignored", "warning", "a")],
    ),
    "guestConfirmation": (
        task("manualTask", s("guestConfirmation", "Thanks.")), "", [("ignored", "warning", "t")],
    ),
    "taskMetadataValues": (
        task("manualTask", s("taskMetadataValues", s("taskMetadataValue", "", 'name="a" value="1"'))),
        "",
        [("ignored", "warning", "t")],
    ),
    "retry": (
        operator(PARAMETERS + s("retry", "", 'retries="3"')), "", [("ignored", "warning", "t")],
    ),
    "jsonSchemaId": (
        event("intermediateCatchEvent", "message"),
        '<message id="m" name="paid" spiffworkflow:jsonSchemaId="x"/>',
        [("ignored", "warning", "m")],
    ),
    "allowGuest": (
        task("manualTask", s("allowGuest", "true")), "", [("spiff-not-done", "error", "t")],
    ),
    "signalButtonLabel": (
        BUTTON, '<signal id="g" name="stop"/>', [("spiff-not-done", "error", "b")],
    ),
    "processModelToStartOnTaskAvailable": (
        task("userTask", s("processModelToStartOnTaskAvailable", "other")),
        "",
        [("spiff-not-done", "error", "t")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("word", RUN)
def test_a_word_that_is_run_is_read_without_a_finding(word):
    body, roots, shows, value = RUN[word]

    process, found = opened(body, roots)

    # A task without a form is anybody's to wonder about.
    assert [one for one in found if one[0] != "no-form"] == []
    assert shows(process) == value


@pytest.mark.parametrize("word", TOLD)
def test_a_word_that_is_not_run_is_told(word):
    body, roots, findings = TOLD[word]

    _, found = opened(body, roots)

    assert [one for one in found if one[0] in ("ignored", "spiff-not-done")] == findings


def documented() -> dict[str, str]:
    table = re.search(
        r"^## The whole dialect\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.M | re.S
    )
    assert table is not None
    cells = [line.split("|")[1:-1] for line in table[1].splitlines() if line.startswith("| `")]
    return {word: cell[2].strip() for cell in cells for word in re.findall(r"`(\w+)`", cell[0])}


def test_the_page_lists_the_whole_dialect_as_it_is_treated():
    own = {*spiff.READ, *spiff.IGNORED, *spiff.REFUSED, *spiff.ATTRIBUTES}
    status = dict.fromkeys(RUN, "run") | {
        word: "refused" if findings[0][1] == "error" else "ignored"
        for word, (_, _, findings) in TOLD.items()
    }

    assert documented() == status
    assert own - status.keys() == set()


@pytest.mark.parametrize("word", sorted(spiff.INSIDE))
def test_words_inside_of_others_are_shown_with_them(word):
    shown = "".join(body for body, *_ in [*RUN.values(), *TOLD.values()])

    assert f"spiffworkflow:{word}" in shown


# -- in the wrong place ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "roots", "finding"),
    [
        (
            task("scriptTask", s("preScript", "a = 1"), "<script>b = 1</script>"),
            "",
            ("ignored", "warning", "t"),
        ),
        (event("endEvent", "terminate", "", "").replace("><terminate", "><extensionElements>"
            + s("postScript", "a = 1") + "</extensionElements><terminate"), "", ("ignored", "warning", "t")),
        (task("serviceTask", s("instructionsForEndUser", "Wait."), "", "").replace(
            "</extensionElements>", s("serviceTaskOperator", "", 'id="x" resultVariable="y"')
            + "</extensionElements>"), "", ("ignored", "warning", "t")),
        (task("task", s("spell", "x")), "", ("ignored", "warning", "t")),
        (task("task", "", "", 'spiffworkflow:spell="x"'), "", ("ignored", "warning", "t")),
        (
            ('<task id="t"><dataInputAssociation id="i"><sourceRef>store</sourceRef>'
            '</dataInputAssociation></task><dataStoreReference id="store"/>'),
            "",
            ("spiff-not-done", "error", "store"),
        ),
        (
            '<task id="t"><ioSpecification><dataInput id="a"/></ioSpecification></task>',
            "",
            ("ignored", "warning", "t"),
        ),
        (
            task("manualTask", s("instructionsForEndUser", "{% set a = 1 %}")),
            "",
            ("instructions-template", "error", "t"),
        ),
        (
            task("userTask", s("variableName", "a b")),
            "",
            ("bad-name", "error", "t"),
        ),
        (
            operator(s("parameters", s("parameter", "", 'id="a-b" value="1"'))),
            "",
            ("bad-name", "error", "t"),
        ),
        (operator("", 'id="x" resultVariable="a b"'), "", ("bad-name", "error", "t")),
    ],
)  # fmt: skip
def test_what_would_go_another_way_is_told(body, roots, finding):
    _, found = opened(body, roots)

    assert finding in found


def test_an_operator_without_a_response_variable_has_spiffworkflows_own():
    process, _ = opened(operator("", 'id="x"'))

    assert first(process).result == "spiff__t_result"


def test_scripts_keep_their_indentation_and_their_line():
    process, _ = opened(task("task", s("preScript", "\n  if a:\n    b = 1\n")))

    assert first(process).before.text == "\n  if a:\n    b = 1\n"
    assert first(process).before.line == 2


# -- people ----------------------------------------------------------------------------


def people(name: str, script: str = "", kind: str = "userTask") -> Any:
    lanes = (
        f'<laneSet id="l"><lane id="x" name="{name}"><flowNodeRef>t</flowNodeRef></lane></laneSet>'
    )
    body = f'<{kind} id="t"/>' + (
        f'<scriptTask id="u"><script>{script}</script></scriptTask>{flow("g", "t", "u")}'
        if script
        else ""
    )
    process, found = opened(body, "", lanes)
    if process is None:
        return [code for code, severity, _ in found if severity == "error"]
    who = first(process).assignment
    return [one.text for one in who.users], [one.role for one in who.groups]


OWNED = "list(lane_owners['Crew']) or {}['lane_owners names nobody for Crew']"


@pytest.mark.parametrize(
    ("lane", "script", "expected"),
    [
        ("grid_worker", "", ([], ["grid_worker"])),
        ("Finance Team", "", ([], ["Finance_Team"])),
        ("Process Initiator", "", (["case['starter']"], [])),
        ("process_initiator", "", (["case['starter']"], [])),
        ("Crew", "lane_owners = {'Other': ['a']}", ([], ["Crew"])),
        ("Crew", "lane_owners = {'Crew': ['li', 'group:old hands']}", (["'li'"], ["old_hands"])),
        ("Crew", "lane_owners = {'Crew': members}", ([OWNED], [])),
        ("Crew", "lane_owners['Crew'] = members", ([OWNED], [])),
        (
            "Crew",
            "lane_owners = members",
            ["lane-owners"],
        ),
        (
            "Crew",
            "lane_owners = {'Crew': ['group:a'] + members}",
            ["lane-owners"],
        ),
    ],
)
@pytest.mark.parametrize("kind", ["userTask", "manualTask"])
def test_a_lane_says_who_does_its_tasks(lane, script, expected, kind):
    assert people(lane, script, kind) == expected


def test_outside_of_lanes_a_task_is_for_who_started_the_process():
    process, _ = opened('<manualTask id="t"/>')

    assert [one.text for one in first(process).assignment.users] == ["case['starter']"]
    assert first(process).writes == ()


def test_a_task_for_a_starter_who_is_nobody_is_told():
    xml = (
        f'{HEAD}<process id="p"><startEvent id="s"><messageEventDefinition id="d" messageRef="m"/>'
        f'</startEvent>{flow("f", "s", "t")}<manualTask id="t"/></process>{MESSAGE}</definitions>'
    )

    _, findings = read(xml.encode(), "x.bpmn")

    assert [(one.code, one.severity, one.element) for one in findings] == [
        ("no-assignment", "warning", "t")
    ]


# -- calls -----------------------------------------------------------------------------


def test_a_call_copies_everything_unless_the_called_process_says_less():
    caller, _ = opened('<callActivity id="t" calledElement="q"/>')
    xml = (
        f'{HEAD}<process id="q"><ioSpecification><dataInput id="a"/><dataInput id="b"/>'
        '<dataOutput id="c"/><inputSet><dataInputRefs>a</dataInputRefs></inputSet>'
        "<outputSet><dataOutputRefs>c</dataOutputRefs></outputSet></ioSpecification>"
        '<startEvent id="s"/></process></definitions>'
    )
    called = read(xml.encode(), "q.bpmn")[0].processes["q"]
    sets = ("<dataInputRefs>a</dataInputRefs>", "<dataOutputRefs>c</dataOutputRefs>")
    plain = read(xml.replace(sets[0], "").replace(sets[1], "").encode(), "q.bpmn")

    assert (first(caller).all_in, first(caller).all_out) == (True, True)
    held = first(link({"p": caller, "q": called})["p"])
    assert (held.all_in, held.all_out) == (False, False)
    assert [(one.target, one.value.text) for one in held.inputs] == [("a", "a")]
    assert [(one.target, one.value.text) for one in held.outputs] == [("c", "c")]
    open_ = link({"p": caller, "q": plain[0].processes["q"]})["p"]
    assert open_ is caller


def test_calls_inside_of_sub_processes_are_held_too():
    inner = '<subProcess id="t"><startEvent id="i"/><callActivity id="c" calledElement="q"/></subProcess>'
    caller, _ = opened(inner)
    called = read(
        f'{HEAD}<process id="q"><ioSpecification><inputSet><dataInputRefs>a</dataInputRefs>'
        '</inputSet></ioSpecification><startEvent id="s"/></process></definitions>'.encode(),
        "q.bpmn",
    )[0].processes["q"]

    linked = link({"p": caller, "q": called})["p"]

    assert linked.nodes["c"].all_in is False
    assert linked.nodes["t"].body.nodes["c"] is linked.nodes["c"]
    assert linked.scopes["t"].nodes["c"] is linked.nodes["c"]


# -- conversations ---------------------------------------------------------------------

ASK = (
    '<message id="q" name="asked"/><message id="m" name="paid"/>'
    '<correlationProperty id="order">'
    '<correlationPropertyRetrievalExpression messageRef="q">'
    '<messagePath>customer["no"]</messagePath></correlationPropertyRetrievalExpression>'
    '<correlationPropertyRetrievalExpression messageRef="m">'
    "<formalExpression>no</formalExpression></correlationPropertyRetrievalExpression>"
    "</correlationProperty>"
)


def waits(before: str) -> Any:
    body = event("intermediateCatchEvent", "message", s("messageVariable", "found")) + before
    process, found = opened(body, ASK)
    if process is None:
        return [one for one in found if one[1] == "error"]
    return correlation(process)


def sends(key: str, payload: str) -> str:
    return (
        f'<sendTask id="{key}" messageRef="q"><extensionElements>'
        + s("messagePayload", payload)
        + "</extensionElements></sendTask>"
    )


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (sends("a", '{"customer": who, "b": 1}'), [("order", "who['no']")]),
        (sends("a", "letter"), [("order", "letter['customer']['no']")]),
        (sends("a", "x") + sends("b", "x"), [("order", "x['customer']['no']")]),
        (
            '<receiveTask id="a" messageRef="q"><extensionElements>'
            + s("messageVariable", "asked")
            + "</extensionElements></receiveTask>",
            "the other way round",
        ),
        (sends("a", "x") + sends("b", "y"), [("no-correlation", "error", "t")]),
        ("", [("no-correlation", "error", "t")]),
    ],
)
def test_who_waits_compares_with_what_was_sent_or_received_before(before, expected):
    if expected == "the other way round":
        # Both receive: each would know the order from the other.
        expected = [("order", "asked['customer']['no']")]

    assert waits(before) == expected


def test_what_starts_a_case_belongs_to_none_yet():
    xml = (
        f'{HEAD}<process id="p"><startEvent id="t"><messageEventDefinition id="d" messageRef="m"/>'
        f"</startEvent></process>{KEYED}</definitions>"
    )

    process = read(xml.encode(), "x.bpmn")[0].processes["p"]

    assert process.nodes["t"].events[0].correlation == ()


def test_a_file_of_several_vendors_keeps_bpmns_own_meaning():
    xml = (
        HEAD.replace(
            "<definitions ", '<definitions xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
        )
        + '<process id="p"><startEvent id="s"/>'
        + flow("f", "s", "t")
        + '<callActivity id="t" calledElement="q"/></process></definitions>'
    )

    node = read(xml.encode(), "x.bpmn")[0].processes["p"].nodes["t"]

    assert (node.all_in, node.all_out) == (False, False)
