"""What a diagram is told about everything around it before it is deployed."""

from __future__ import annotations

from engine.bpmn.checks import check
from engine.bpmn.reader import read
from engine.scripts import examine

DEFINITIONS = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="file">'
)


def diagram(body: str, key: str = "p"):
    """The diagram of a process whose body begins in line 2."""
    xml = f'{DEFINITIONS}<process id="{key}">\n<startEvent id="s"/>{body}</process></definitions>'
    found, findings = read(xml.encode(), f"{key}.bpmn")
    assert found is not None, findings
    return found


def calling(key: str, *called: str):
    return diagram(
        "".join(
            f'\n<callActivity id="c{n}" calledElement="{one}"/>' for n, one in enumerate(called)
        ),
        key,
    )


def found(one, others=None, **known):
    findings = check(one, others or {}, filename="p.bpmn", **known)
    return [(finding.severity, finding.code, finding.element, finding.line) for finding in findings]


def user(**properties: str) -> str:
    inner = "".join(f'<camunda:property name="{k}" value="{v}"/>' for k, v in properties.items())
    return (
        '\n<userTask id="t" camunda:candidateGroups="clerk" camunda:formKey="accept">'
        f"<extensionElements><camunda:properties>{inner}</camunda:properties></extensionElements>"
        "</userTask>"
    )


def test_nothing_is_said_of_what_is_not_known():
    one = diagram(user() + '<businessRuleTask id="d" camunda:decisionRef="triage"/>')

    assert found(one) == []


def test_a_called_process_must_be_there():
    one = calling("p", "whistle_repot", "q")
    others = {**calling("whistle_report").processes, **calling("q").processes}

    findings = check(one, others, filename="p.bpmn")

    assert [
        (finding.code, finding.element, finding.line, finding.hint) for finding in findings
    ] == [("unknown-process", "c0", 3, "Did you mean 'whistle_report'?")]


def test_forms_and_decisions_must_be_there():
    one = diagram(user() + '\n<businessRuleTask id="d" camunda:decisionRef="triage"/>')

    assert found(one, forms={"accept": None}, decisions={"triage"}) == []
    assert found(one, forms=(), decisions=()) == [
        ("error", "unknown-form", "t", 3),
        ("error", "unknown-decision", "d", 4),
    ]


def test_a_role_that_nobody_can_hold_is_doubtful():
    assert found(diagram(user()), roles={"clerk"}) == []
    assert found(diagram(user()), roles={"clerks"}) == [("warning", "unknown-role", "t", 3)]


def test_calls_that_come_back_are_named_with_their_way():
    first, second, third = calling("p", "q"), calling("q", "r"), calling("r", "p")
    others = {**second.processes, **third.processes}

    findings = check(first, others, filename="p.bpmn")

    assert [(one.code, one.element, one.line) for one in findings] == [
        ("calls-in-a-circle", "c0", 3)
    ]
    assert findings[0].message.startswith("The calls go round: p → q → r → p;")


def test_a_circle_elsewhere_is_not_this_process_and_does_not_hang():
    others = {**calling("q", "r").processes, **calling("r", "q").processes}

    assert found(calling("p", "q"), others) == []


def test_separation_of_duties_must_name_tasks_that_people_do():
    other = diagram('<userTask id="handle"/><task id="machine"/>', "q")
    one = diagram(user(notSameAs="t;gone;q.handle;q.lost;q.machine;r.handle", notSameUnitAs="s"))

    assert found(one, other.processes) == [
        ("error", "dangling-reference", "t", 3),
        ("error", "dangling-reference", "t", 3),
        ("warning", "separation-from-nobody", "t", 3),
        ("warning", "separation-from-nobody", "t", 3),
        ("warning", "unknown-process", "t", 3),
    ]


def test_separation_of_duties_may_name_the_start_which_is_who_started_the_case():
    assert found(diagram(user(notSameAs="s")), {}) == []


def test_what_a_task_may_be_sent_back_to_must_be_a_task_of_people():
    other = diagram('<userTask id="far"/><callActivity id="c" calledElement="p"/>', "q")
    one = diagram(user(returns="t;*;far;machine") + '<task id="machine"/>')

    assert found(one, other.processes) == [("error", "dangling-reference", "t", 3)]
    assert found(diagram(user(returns="far")), {}) == [("error", "dangling-reference", "t", 3)]


def test_names_that_the_engine_gives_are_not_written():
    one = diagram('\n<scriptTask id="t"><script>outcome = 1\ncase = 2\nx = 3</script></scriptTask>')

    assert found(one) == [
        ("warning", "reserved-name", "t", 3),
        ("warning", "reserved-name", "t", 3),
    ]


def test_every_text_is_checked_at_its_own_line():
    one = diagram(
        '\n<scriptTask id="t"><script>\na = 1\nimport os</script></scriptTask>'
        '\n<exclusiveGateway id="g" default="e"/>'
        '<sequenceFlow id="e" sourceRef="g" targetRef="t"/>'
        '\n<sequenceFlow id="f" sourceRef="g" targetRef="t"><conditionExpression>\n a ==='
        "</conditionExpression></sequenceFlow>"
        '\n<userTask id="u" camunda:candidateGroups="a@x.y" camunda:priority="1 +"/>'
    )

    assert found(one, sandbox_check=examine) == [
        ("error", "bad-script", "t", 5),
        ("error", "bad-expression", "f", 8),
        ("error", "bad-expression", "u", 9),
        ("error", "bad-expression", "u", 9),
    ]
