"""A case that somebody ends by hand tells the case that waits for it: at once, and once."""

import pytest
import sqlalchemy as sa

from engine import cases, deployments, identities, outbox, replay, views
from engine.commands import CancelCase, CompleteTask
from engine.tables import buffered
from engine.tables import outbox as deliveries

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:test">
  <message id="ended" name="errand_ended" />
"""
ASKS = (
    HEAD
    + """
  <process id="asks" isExecutable="true">
    <startEvent id="begin" />
    <sequenceFlow id="one" sourceRef="begin" targetRef="send" />
    <serviceTask id="send" camunda:type="external" camunda:topic="start-case">
      <extensionElements><camunda:inputOutput>
        <camunda:inputParameter name="process">errand</camunda:inputParameter>
        <camunda:inputParameter name="data"><camunda:script scriptFormat="python">{'origin_case': case['id'], 'place': '99010100100101002'}</camunda:script></camunda:inputParameter>
        <camunda:outputParameter name="errand_case">${started}</camunda:outputParameter>
      </camunda:inputOutput></extensionElements>
    </serviceTask>
    <sequenceFlow id="two" sourceRef="send" targetRef="waits" />
    <intermediateCatchEvent id="waits">
      <extensionElements><camunda:properties>
        <camunda:property name="correlate" value="origin=case['id'];from_case=errand_case" />
        <camunda:property name="variable" value="answer" />
      </camunda:properties></extensionElements>
      <messageEventDefinition messageRef="ended" />
    </intermediateCatchEvent>
    <sequenceFlow id="three" sourceRef="waits" targetRef="looks" />
    <userTask id="looks" camunda:candidateGroups="admin" />
    <sequenceFlow id="four" sourceRef="looks" targetRef="done" />
    <endEvent id="done" />
  </process>
</definitions>
"""
)
ERRAND = (
    HEAD
    + """
  <process id="errand" isExecutable="true">
    <extensionElements><camunda:properties>
      <camunda:property name="unit" value="place" />
      <camunda:property name="tells_origin" value="errand_ended" />
    </camunda:properties></extensionElements>
    <startEvent id="begin" />
    <sequenceFlow id="one" sourceRef="begin" targetRef="work" />
    <userTask id="work" camunda:candidateGroups="admin" />
    <sequenceFlow id="two" sourceRef="work" targetRef="done" />
    <endEvent id="done" />
  </process>
</definitions>
"""
)


@pytest.fixture
def asking(any_app):
    """An application in which a case waits for the errand it has started: (app, asks, errand)."""
    files = {"asks.bpmn": ASKS.encode(), "errand.bpmn": ERRAND.encode()}
    deployments.deploy(any_app, identities.operator(), files)
    actor = identities.actor(any_app, "grid_worker")
    asks = cases.start(any_app, actor, process="asks", data={}).case_id
    errand = views.case(any_app, identities.actor(any_app, "admin"), asks)["data"]["errand_case"]
    return any_app, asks, errand


def rows(app, query):
    with app.database.reading() as tx:
        return tx.all(query, {})


def document(app, case_id):
    return views.case(app, identities.actor(app, "admin"), case_id)


def cancel(app, case_id, end, who="admin"):
    command = CancelCase(end=end, reason="重复录入")
    cases.handle(app, identities.actor(app, who), case_id, command)


@pytest.mark.parametrize("end", ["terminated", "voided", "withdrawn", "merged"])
def test_whoever_waits_is_told_at_once_how_the_case_was_ended(asking, end):
    app, asks, errand = asking
    cancel(app, errand, end)

    found = document(app, asks)
    assert found["data"]["answer"] == {"result": end, "from_case": errand, "cancelled": True}
    assert [one["element"] for one in found["tasks"]] == ["looks"]


def test_it_is_told_once_even_if_delivered_again(asking):
    app, asks, errand = asking
    cancel(app, errand, "voided")
    sent = rows(app, sa.select(deliveries.c.kind).where(deliveries.c.case_id == errand))
    assert [row[0] for row in sent] == ["message"]
    position = document(app, asks)["etag"]

    # As if the server had stopped before it noted the delivery.
    with app.database.writing() as tx:
        tx.run(sa.update(deliveries).values(next_at=sa.bindparam("at")), {"at": app.clock.now()})
    assert outbox.deliver_all(app) > 0

    assert document(app, asks)["etag"] == position
    assert rows(app, sa.select(buffered.c.name)) == []


def test_the_history_says_who_ended_it_and_holds_no_event_more(asking):
    app, asks, errand = asking
    cancel(app, errand, "voided")

    last = views.history(app, identities.actor(app, "admin"), errand)[-1]
    assert [one["type"] for one in last["events"]] == [
        "task_cancelled",
        "element_left",
        "case_cancelled",
    ]
    told = views.history(app, identities.actor(app, "admin"), asks)[-1]
    assert (told["actor"], told["command"]["type"]) == (f"@case/{errand}", "correlate_message")
    assert list(replay.replay(app, [asks, errand])) == [None, None]


def test_a_case_that_ends_by_its_diagram_tells_nothing_by_itself(asking):
    app, asks, errand = asking
    actor = identities.actor(app, "admin")
    cases.handle(app, actor, errand, CompleteTask("errand.work.1"))

    assert document(app, errand)["state"] == "completed"
    assert document(app, asks)["tasks"] == []
    assert rows(app, sa.select(deliveries.c.kind).where(deliveries.c.case_id == errand)) == []


def test_a_case_without_an_origin_tells_nobody(asking):
    app, _, _ = asking
    actor = identities.actor(app, "admin")
    alone = cases.start(app, actor, process="errand", data={"place": "990101001"}).case_id
    cancel(app, alone, "voided")

    assert rows(app, sa.select(deliveries.c.kind).where(deliveries.c.case_id == alone)) == []
    assert rows(app, sa.select(buffered.c.name)) == []


def test_a_started_case_lies_in_the_unit_that_its_process_says(asking):
    # Else nobody of its street could see it, or end it.
    app, _, errand = asking

    assert document(app, errand)["unit"] == "99010100100101002"
    cancel(app, errand, "voided", who="street_dispatcher")
    assert document(app, errand)["end"] == "voided"
    before = document(app, errand)
    assert list(replay.rebuild(app, [errand])) == [errand]
    assert document(app, errand) == before
