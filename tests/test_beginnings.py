"""Messages and signals begin cases at receive tasks and event-based gateways, as deployed."""

from __future__ import annotations

import pytest

from engine import deployments, identities, messages, replay, views
from engine.access import Actor
from tests.memory import file, flows

ROOTS = '<message id="M" name="ordered"/><message id="N" name="paid"/><signal id="S" name="go"/>'
BEGINS = (
    '<process id="p" isExecutable="true"><eventBasedGateway id="g" instantiate="true" '
    'eventGatewayType="Parallel"/><receiveTask id="r" messageRef="M"/>'
    '<intermediateCatchEvent id="m"><extensionElements><camunda:properties>'
    '<camunda:property name="correlate" value="order"/></camunda:properties></extensionElements>'
    '<messageEventDefinition messageRef="N"/></intermediateCatchEvent>'
    '<parallelGateway id="j"/><userTask id="t"/>'
    + flows("g > r > j", "g > m > j", "j > t")
    + '</process><process id="q" isExecutable="true"><startEvent id="s">'
    '<messageEventDefinition messageRef="M"/><signalEventDefinition signalRef="S"/></startEvent>'
    '<userTask id="u"/>' + flows("s > u") + "</process>"
)


@pytest.fixture
def admin(any_app) -> Actor:
    files = {"p.bpmn": file(ROOTS + BEGINS)}
    findings = deployments.check(any_app, files)
    assert [one for one in findings if one.severity == "error"] == []
    deployments.deploy(any_app, identities.operator(), files)
    return identities.actor(any_app, "admin")


def test_the_first_message_begins_the_case_and_the_second_goes_on_with_it(any_app, admin):
    app, order = any_app, {"order": 7}

    begun = messages.correlate(app, admin, "ordered", order, order)
    second = messages.correlate(app, admin, "paid", order, {"paid": True})

    assert (begun.status, second.status, second.case_id) == (201, 200, begun.case_id)
    shown = views.case(app, admin, str(begun.case_id))
    assert (shown["process"], [one["element"] for one in shown["tasks"]]) == ("p", ["t"])
    ids = replay.case_ids(app)
    assert [one for one in replay.replay(app, ids) if one is not None] == []


def test_any_of_several_triggers_begins_a_case(any_app, admin):
    answer = messages.broadcast(any_app, admin, "go", {})

    (started,) = answer.body["started"]
    assert views.case(any_app, admin, started)["process"] == "q"


def test_the_page_of_a_process_names_what_begins_it(any_app, admin):
    del admin
    begins = views.definition(any_app, "p")["starts"]

    assert [(one["element"], one["trigger"]) for one in begins] == [
        ("r", "message"),
        ("m", "message"),
    ]
