"""A start event that needs several messages and signals begins a case when all have come."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine import deployments, gathered, identities, messages, replay, retention, views
from engine.access import Actor
from engine.cases import Once
from engine.errors import InvalidData, InvalidRequest, NotAllowed
from engine.tables import buffered
from tests.memory import file, flows

ROOTS = '<message id="M" name="applied"/><message id="N" name="paid"/><signal id="S" name="open"/>'
MESSAGES = '<messageEventDefinition messageRef="M"/><messageEventDefinition messageRef="N"/>'
SIGNAL = '<signalEventDefinition signalRef="S"/>'
ORDER = {"order": 7}


def needs(definitions: str, roles: str = "") -> bytes:
    """Return a process that begins when all of these have come."""
    limited = f' camunda:candidateStarterGroups="{roles}"' if roles else ""
    return file(
        f'{ROOTS}<process id="p" isExecutable="true"{limited}><startEvent id="s" '
        f'parallelMultiple="true">{definitions}</startEvent><userTask id="t"/>'
        + flows("s > t")
        + "</process>"
    )


def deploy(app, content: bytes, executor: str = "kernel") -> Actor:
    files = {"p.bpmn": content}
    findings = deployments.check(app, files)
    assert [one for one in findings if one.severity == "error"] == []
    deployments.deploy(app, identities.operator(), files, executor=executor)
    return identities.actor(app, "admin")


def send(app, admin, name, keys=None, data=None, *, key=None):
    once = None if key is None else Once("POST /messages", key)
    return messages.correlate(app, admin, name, keys or {}, data or {}, once=once)


def kept(app) -> int:
    with app.database.reading() as tx:
        return int(tx.one(sa.select(sa.func.count()).select_from(buffered), {})[0])


@pytest.mark.parametrize("executor", ["kernel", "spiff"])
def test_the_last_one_begins_the_case_with_the_data_of_all(any_app, executor):
    app = any_app
    admin = deploy(app, needs(MESSAGES), executor)

    first = send(app, admin, "paid", ORDER, {"sum": 5})
    assert (first.status, kept(app), replay.case_ids(app)) == (202, 1, [])
    last = send(app, admin, "applied", ORDER, {"name": "x"})

    shown = views.case(app, admin, str(last.case_id))
    assert (last.status, kept(app)) == (201, 0)
    assert (shown["data"], shown["business_key"]) == ({"name": "x", "sum": 5}, "7")
    assert [one["element"] for one in shown["tasks"]] == ["t"]
    assert list(replay.replay(app, replay.case_ids(app))) == [None]


def test_only_what_has_equal_keys_goes_together(app):
    admin = deploy(app, needs(MESSAGES))

    send(app, admin, "applied", {"order": 1})
    send(app, admin, "paid", {"order": 2})
    assert replay.case_ids(app) == []
    other = send(app, admin, "paid", {"order": 1})
    send(app, admin, "applied", {"order": 2})

    assert (other.status, len(replay.case_ids(app)), kept(app)) == (201, 2, 0)


def test_without_keys_the_oldest_go_together_and_one_too_many_waits(app, clock):
    admin = deploy(app, needs(MESSAGES))
    for name, number in (("applied", 1), ("applied", 2)):
        send(app, admin, name, data={"number": number})
        clock.set(clock.now() + timedelta(seconds=1))

    first = send(app, admin, "paid")
    second = send(app, admin, "paid")
    send(app, admin, "paid")

    numbers = [
        views.case(app, admin, str(one.case_id))["data"]["number"] for one in (first, second)
    ]
    assert (numbers, kept(app)) == ([1, 2], 1)


def test_the_same_request_counts_once_before_and_after(app):
    admin = deploy(app, needs(MESSAGES))

    asked = [send(app, admin, "applied", key="a") for _ in range(2)]
    assert [one.status for one in asked] == [202, 202]
    assert asked[0].body == asked[1].body
    begun = [send(app, admin, "paid", key="b") for _ in range(2)]

    assert [one.status for one in begun] == [201, 201]
    assert begun[0].case_id == begun[1].case_id
    assert (len(replay.case_ids(app)), kept(app)) == (1, 0)


def test_a_signal_begins_a_case_for_all_that_wait_for_it(app):
    admin = deploy(app, needs('<messageEventDefinition messageRef="M"/>' + SIGNAL))
    for order in (1, 2):
        send(app, admin, "applied", {"order": order})

    answer = messages.broadcast(app, admin, "open", {"opened": True})

    keys = [views.case(app, admin, one)["business_key"] for one in answer.body["started"]]
    assert (keys, kept(app)) == (["1", "2"], 0)


def test_a_signal_may_come_first_and_waits_once(app):
    admin = deploy(app, needs('<messageEventDefinition messageRef="M"/>' + SIGNAL))
    for _ in range(2):
        messages.broadcast(app, admin, "open", {})
    assert kept(app) == 1

    begun = send(app, admin, "applied", ORDER)
    again = send(app, admin, "applied", {"order": 8})

    assert (begun.status, again.status, kept(app)) == (201, 202, 1)


def test_each_goes_into_the_datum_that_its_definition_names(app):
    xml = needs(MESSAGES).replace(
        b'name="applied"/>',
        b'name="applied"><extensionElements><camunda:properties><camunda:property '
        b'name="variable" value="asked"/></camunda:properties></extensionElements></message>',
    )
    admin = deploy(app, xml)

    send(app, admin, "applied", ORDER, {"a": 1})
    begun = send(app, admin, "paid", ORDER, {"b": 2})

    data = views.case(app, admin, str(begun.case_id))["data"]
    assert data == {"asked": {"a": 1}, "b": 2}


def test_what_waits_expires(app, clock):
    admin = deploy(app, needs(MESSAGES))
    send(app, admin, "applied", ORDER)

    clock.set(clock.now() + gathered.KEPT + timedelta(minutes=1))
    late = send(app, admin, "paid", ORDER)
    with app.database.writing() as tx:
        retention.tidy(tx, clock.now())

    assert (late.status, replay.case_ids(app), kept(app)) == (202, [], 1)


def test_who_may_not_start_the_process_leaves_nothing_behind(app, who):
    deploy(app, needs(MESSAGES, "window_clerk"))

    with pytest.raises(NotAllowed):
        messages.correlate(app, who("dept_handler"), "applied", ORDER, {})

    assert kept(app) == 0


def test_nobody_sends_a_part_under_its_inner_name(app):
    admin = deploy(app, needs(MESSAGES))

    with pytest.raises(InvalidRequest):
        send(app, admin, "@start/p/s/0", ORDER)

    assert kept(app) == 0


def test_what_cannot_begin_a_case_does_not_stand_in_the_way(app):
    form = (
        b'{"type": "default", "id": "f", "components": [{"type": "number", "key": "sum", '
        b'"label": "Sum"}]}'
    )
    xml = needs(MESSAGES).replace(b'<startEvent id="s"', b'<startEvent id="s" camunda:formKey="f"')
    deployments.deploy(app, identities.operator(), {"p.bpmn": xml, "f.json": form})
    admin = identities.actor(app, "admin")
    send(app, admin, "applied", ORDER)

    with pytest.raises(InvalidData):
        send(app, admin, "paid", ORDER, {"sum": "many"})
    begun = send(app, admin, "paid", ORDER, {"sum": 5})

    assert (begun.status, kept(app)) == (201, 0)
