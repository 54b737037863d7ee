"""What the reader says of compensation and transactions."""

from __future__ import annotations

import pytest

from engine.bpmn import soundness
from engine.bpmn.model import Trigger
from engine.bpmn.reader import read
from engine.spiff.refusals import refusals
from tests.snippets import alone, file, flow, found, process

EVENT = '<boundaryEvent id="c" attachedToRef="t"><compensateEventDefinition/></boundaryEvent>'
HANDLER = '<task id="u" isForCompensation="true"/>'
JOINED = '<association id="j" sourceRef="c" targetRef="u"/>'
TASK = alone('<task id="t"/>')
CANCEL = "<cancelEventDefinition/>"


def thrown(more: str = "", source: str = "t") -> str:
    return (
        f'<intermediateThrowEvent id="th"><compensateEventDefinition {more}/>'
        f"</intermediateThrowEvent>{flow('to_th', source, 'th')}"
    )


def transaction(body: str, more: str = "") -> str:
    return alone(f'<transaction id="t">{more}{body}</transaction>')


def test_what_undoes_an_activity_is_found_by_its_association():
    for joined in (JOINED, '<association sourceRef="u" targetRef="c" associationDirection="One"/>'):
        nodes = process(TASK + EVENT + HANDLER + joined).nodes

        assert (nodes["c"].handler, nodes["c"].events[0].trigger) == ("u", Trigger.COMPENSATE)
        assert (nodes["u"].for_compensation, nodes["t"].for_compensation) == (True, False)


def test_a_text_beside_the_event_is_no_handler():
    text = '<textAnnotation id="x"/><association id="k" sourceRef="c" targetRef="x"/>'

    assert process(TASK + EVENT + text + HANDLER + JOINED).nodes["c"].handler == "u"


def test_an_association_may_stand_beside_the_pools():
    roots = f'<collaboration id="col"><participant id="q" processRef="p"/>{JOINED}</collaboration>'

    assert process(TASK + EVENT + HANDLER, roots).nodes["c"].handler == "u"


def test_what_only_compensates_does_not_start_by_itself():
    one = process('<task id="t"/>' + EVENT + HANDLER + JOINED)

    assert one.root.implicit_starts == ("t",)


def test_a_throw_waits_unless_it_says_otherwise():
    body = TASK + EVENT + HANDLER + JOINED
    for more, expected in (
        ("", (None, True)),
        ('activityRef="t"', ("t", True)),
        ('waitForCompletion="false"', (None, False)),
    ):
        event = process(body + thrown(more)).nodes["th"].events[0]

        assert (event.name, event.waits) == expected


def test_a_definition_that_an_event_refers_to_names_the_activity():
    roots = '<compensateEventDefinition id="d" activityRef="t"/>'
    event = (
        '<intermediateThrowEvent id="th"><eventDefinitionRef>d</eventDefinitionRef>'
        f"</intermediateThrowEvent>{flow('g', 't', 'th')}"
    )

    assert process(TASK + EVENT + HANDLER + JOINED + event, roots).nodes["th"].events[0].name == "t"


def test_a_transaction_is_a_sub_process_that_can_be_cancelled():
    inner = f'<startEvent id="i"/><endEvent id="x">{CANCEL}</endEvent>{flow("g", "i", "x")}'
    edge = f'<boundaryEvent id="b" attachedToRef="t">{CANCEL}</boundaryEvent>'

    nodes = process(transaction(inner) + edge).nodes

    assert nodes["t"].transaction
    assert [nodes[one].events[0].trigger for one in ("x", "b")] == [Trigger.CANCEL] * 2


FLOW = '<startEvent id="i"/>'
WRONG = [
    (TASK + "\n" + EVENT, [("compensation-without-handler", "c", 4)]),
    (
        TASK + "\n" + EVENT + '<association sourceRef="c" targetRef="gone"/>',
        [("dangling-reference", "c", 4), ("compensation-without-handler", "c", 4)],
    ),
    (
        TASK + "\n" + EVENT + '<association sourceRef="c" targetRef="s"/>',
        [("compensation-handler", "c", 4)],
    ),
    (TASK + "\n" + EVENT + '<task id="u"/>' + JOINED, [("compensation-handler", "c", 4)]),
    (
        TASK + "\n" + EVENT + JOINED + f'<subProcess id="v">{HANDLER}</subProcess>',
        [("compensation-handler", "c", 4)],
    ),
    (
        TASK + "\n" + EVENT + HANDLER + JOINED
        + '<task id="w" isForCompensation="true"/><association sourceRef="c" targetRef="w"/>',
        [("event-twice", "c", 4)],
    ),
    (
        TASK + EVENT + HANDLER + JOINED + "\n"
        + EVENT.replace('"c"', '"d"') + '<association sourceRef="d" targetRef="u"/>',
        [("event-twice", "d", 4)],
    ),
    (
        TASK + EVENT + JOINED + "\n" + HANDLER + flow("g", "t", "u"),
        [("flow-not-allowed", "u", 4)],
    ),
    (
        TASK + EVENT + JOINED + "\n" + HANDLER + '<task id="w"/>' + flow("g", "u", "w"),
        [("flow-not-allowed", "u", 4)],
    ),
    (
        TASK + HANDLER + JOINED + '<task id="w"/>\n' + EVENT + flow("g", "c", "w"),
        [("flow-not-allowed", "c", 4)],
    ),
    (
        TASK + EVENT + HANDLER + JOINED
        + '<boundaryEvent id="b" attachedToRef="u"><conditionalEventDefinition><condition>x'
        "</condition></conditionalEventDefinition></boundaryEvent>"
        + '\n<task id="w"/>' + flow("g", "b", "w") + flow("h", "t", "w"),
        [("flow-not-allowed", "w", 4)],
    ),
    (
        TASK + EVENT + HANDLER + JOINED + "\n"
        + EVENT.replace('"c"', '"d"').replace('"t"', '"u"') + '<task id="w" isForCompensation="1"/>'
        + '<association sourceRef="d" targetRef="w"/>',
        [("event-not-allowed", "d", 4)],
    ),
    (
        ('<startEvent id="s"/>\n<subProcess id="h" triggeredByEvent="true" isForCompensation="true">'
        '<startEvent id="i"><compensateEventDefinition/></startEvent></subProcess>'),
        [("compensation-handler", "h", 3)],
    ),
    (
        ('<startEvent id="s"/>'
        '<subProcess id="h" triggeredByEvent="true"><startEvent id="i"><compensateEventDefinition/>'
        '</startEvent></subProcess>\n<subProcess id="k" triggeredByEvent="true"><startEvent id="m">'
        "<compensateEventDefinition/></startEvent></subProcess>"),
        [("event-twice", "k", 3)],
    ),
    (
        TASK + EVENT + HANDLER + JOINED + "\n" + thrown('activityRef="gone"'),
        [("dangling-reference", "th", 4)],
    ),
    (
        TASK + EVENT + HANDLER + JOINED + "\n" + thrown('activityRef="s"'),
        [("wrong-reference", "th", 4)],
    ),
    (
        TASK + EVENT + HANDLER + JOINED + '<subProcess id="v"><task id="in"/>\n'
        + thrown('activityRef="t"', "in") + "</subProcess>" + flow("g", "t", "v"),
        [("compensation-out-of-reach", "th", 4)],
    ),
    (
        alone(f'<subProcess id="t">{FLOW}\n<endEvent id="x">{CANCEL}</endEvent>'
              f'{flow("g", "i", "x")}</subProcess>'),
        [("cancel-outside-transaction", "x", 4)],
    ),
    (
        TASK + f'\n<boundaryEvent id="b" attachedToRef="t">{CANCEL}</boundaryEvent>',
        [("cancel-outside-transaction", "b", 4)],
    ),
    (
        transaction(FLOW + f'<endEvent id="x">{CANCEL}</endEvent>{flow("g", "i", "x")}')
        + f'\n<boundaryEvent id="b" cancelActivity="false" attachedToRef="t">{CANCEL}</boundaryEvent>',
        [("event-not-allowed", "b", 4)],
    ),
    (
        transaction(FLOW + f'<endEvent id="x">{CANCEL}</endEvent>{flow("g", "i", "x")}')
        + f'<boundaryEvent id="b" attachedToRef="t">{CANCEL}</boundaryEvent>'
        + f'\n<boundaryEvent id="d" attachedToRef="t">{CANCEL}</boundaryEvent>',
        [("event-twice", "d", 4)],
    ),
    (
        alone('<intermediateCatchEvent id="t"><compensateEventDefinition/></intermediateCatchEvent>'),
        [("event-not-allowed", "t", 3)],
    ),
    (
        f'<startEvent id="s">{CANCEL}</startEvent>',
        [("event-not-allowed", "s", 2)],
    ),
    (
        TASK + HANDLER + JOINED + "\n" + EVENT.replace("<comp", f"{CANCEL}<comp"),
        [("event-not-allowed", "c", 4), ("cancel-outside-transaction", "c", 4)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "findings"), WRONG)
def test_what_cannot_be_is_refused_with_its_line(body, findings):
    _, all_of_them = read(file(body), "x.bpmn")

    errors = [(f.code, f.element, f.line) for f in all_of_them if f.severity == "error"]
    assert sorted(errors) == sorted(findings)


DOUBTFUL = [
    (TASK + "\n" + HANDLER, [("handler-of-nothing", "u", 4)]),
    (TASK + "\n" + thrown(), [("compensates-nothing", "th", 4)]),
    (TASK + "\n" + thrown('activityRef="t"'), [("compensates-nothing", "th", 4)]),
    (
        transaction(FLOW + f'<endEvent id="x">{CANCEL}</endEvent>{flow("g", "i", "x")}'),
        [("cancel-not-caught", "t", 3)],
    ),
    (
        alone('<subProcess id="t"><startEvent id="i"/>\n<subProcess id="h" triggeredByEvent="true">'
              '<startEvent id="k"><compensateEventDefinition/></startEvent></subProcess></subProcess>')
        + EVENT + HANDLER + JOINED,
        [("compensation-hidden", "h", 4)],
    ),
    (TASK + EVENT + HANDLER + JOINED + "\n" + thrown(), []),
    (alone('<callActivity id="t" calledElement="q"/>') + thrown(), []),
]  # fmt: skip


@pytest.mark.parametrize(("body", "findings"), DOUBTFUL)
def test_what_does_nothing_is_said(body, findings):
    assert found(file(body)) == findings


# -- the search for deadlocks ---------------------------------------------------------------


def searched(body: str) -> list[tuple[str, str | None]]:
    diagram, findings = read(file(body), "x.bpmn")
    assert diagram is not None, findings
    return [(one.code, one.element) for one in soundness.check(diagram, {})]


UNDONE = TASK + EVENT + HANDLER + JOINED + thrown() + '<endEvent id="e"/>' + flow("g", "th", "e")


def test_what_undoes_is_no_fault_and_no_second_token():
    assert searched(UNDONE) == []
    assert (
        searched(UNDONE.replace('attachedToRef="t"', 'attachedToRef="t" cancelActivity="0"')) == []
    )


def test_a_fault_behind_an_event_at_a_handler_is_found():
    late = (
        '<boundaryEvent id="b" attachedToRef="u"><conditionalEventDefinition><condition>x'
        '</condition></conditionalEventDefinition></boundaryEvent><exclusiveGateway id="x"/>'
        '<parallelGateway id="y"/><task id="w"/>'
        + flow("b1", "b", "x")
        + flow("b2", "x", "y", "q == 1")
        + flow("b3", "x", "y", "q == 2")
        + flow("b4", "y", "w")
    )

    assert searched(UNDONE + late) == [("deadlock", "y")]


def test_a_cancel_event_is_reached_by_a_cancel_alone():
    edge = (
        f'<boundaryEvent id="b" attachedToRef="t">{CANCEL}</boundaryEvent><endEvent id="z"/>'
        + flow("b1", "b", "z")
        + '<endEvent id="e"/>'
        + flow("t1", "t", "e")
    )
    ends = f'<endEvent id="x">{CANCEL}</endEvent>{flow("g", "i", "x")}'

    assert searched(transaction(FLOW + ends) + edge) == [("never-reached", "e")]
    well = f'<endEvent id="x"/>{flow("g", "i", "x")}'
    assert searched(transaction(FLOW + well) + edge) == [
        ("never-reached", "b"),
        ("never-reached", "z"),
    ]


# -- SpiffWorkflow ---------------------------------------------------------------------------


def test_spiffworkflow_is_not_given_what_it_drops():
    body = UNDONE + '<transaction id="x"/>' + flow("to_x", "s", "x")

    refused = refusals(process(body), "x.bpmn")

    assert sorted({(one.code, one.element) for one in refused}) == [
        ("not-on-executor", one) for one in ("c", "th", "u", "x")
    ]


@pytest.mark.parametrize(
    ("holder", "event"),
    [
        ("transaction", "<endEvent id='c'><cancelEventDefinition/></endEvent>"),
        ("subProcess", "<endEvent id='c'><cancelEventDefinition/></endEvent>"),
        ("subProcess", "<endEvent id='c'><compensateEventDefinition/></endEvent>"),
    ],
)
def test_scopes_of_one_id_that_lie_in_each_other_are_told_and_not_walked_for_ever(holder, event):
    inner = f'<subProcess id="u" triggeredByEvent="true">{event}</subProcess>'
    outer = f'<{holder} id="u" triggeredByEvent="true">{inner}{event}</{holder}>'

    codes = {code for code, _, _ in found(file('<startEvent id="s"/>' + outer))}

    assert "duplicate-id" in codes
