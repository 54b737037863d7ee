"""One command, one transaction, one entry: on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine import cases, deployments, identities, replay, timers, views
from engine.clock import text
from engine.commands import CompleteTask
from engine.errors import NotAllowed
from tests.conftest import FIVE_STEPS


def acts(app, name, case_id, task, outcome=None, **data):
    command = CompleteTask(task=f"five_steps.{task}.1", outcome=outcome, data=data)
    return cases.handle(app, identities.actor(app, name), case_id, command)


def a_case(app, name="grid_worker"):
    answer = cases.start(app, identities.actor(app, name), process="five_steps", data={})
    return answer.case_id


def trace(app, case_id):
    entries = views.history(app, identities.actor(app, "auditor"), case_id)
    return [
        (event["element"], event["nth"], entry["at"])
        for entry in entries
        for event in entry["events"]
        if event["type"] == "element_entered"
    ]


def test_a_case_goes_the_straight_way_and_is_proved(any_app):
    app = any_app
    case_id = a_case(app)
    acts(app, "street_dispatcher", case_id, "accept", "accept")
    acts(app, "street_dispatcher", case_id, "assign", lead="D04")
    acts(app, "dept_liaison", case_id, "handle", "done", reply="cleared")
    acts(app, "street_leader", case_id, "evaluate", "good")
    acts(app, "publisher", case_id, "publish", public_text="cleared")

    at = text(app.clock.now())
    assert trace(app, case_id) == [
        ("start_report", 1, at),
        ("accept", 1, at),
        ("is_accepted", 1, at),
        ("assign", 1, at),
        ("handle", 1, at),
        ("evaluate", 1, at),
        ("publish", 1, at),
        ("closed", 1, at),
    ]
    document = views.case(app, identities.actor(app, "auditor"), case_id)
    assert (document["state"], document["tasks"], document["timers"]) == ("completed", [], [])
    assert list(replay.replay(app, [case_id])) == [None]
    assert list(replay.verify_cases(app, [case_id])) == [None]
    assert list(replay.verify_rest(app)) == []


def test_a_late_department_is_escalated_once_in_working_time(any_app):
    app = any_app
    case_id = a_case(app)
    acts(app, "street_dispatcher", case_id, "accept", "accept")
    acts(app, "street_dispatcher", case_id, "assign", lead="D04")

    # 09:00 + 4 working hours: 3.5 until noon at 12:00 (08:30-12:00), then 13:30 + 1 h.
    app.clock.set(app.clock.now() + timedelta(hours=5, minutes=29))
    assert timers.tick(app) == 0
    app.clock.set(app.clock.now() + timedelta(minutes=1))
    assert timers.tick(app) == 1
    assert timers.tick(app) == 0

    entered = [element for element, _, _ in trace(app, case_id)]
    assert entered == [
        "start_report",
        "accept",
        "is_accepted",
        "assign",
        "handle",
        "late",
        "instruct",
    ]
    assert list(replay.replay(app, [case_id])) == [None]


def test_only_the_roles_a_process_names_start_its_cases(app):
    text = FIVE_STEPS.read_text("utf-8")
    named = text.replace(
        'isExecutable="true"', 'isExecutable="true" camunda:candidateStarterGroups="grid_worker"'
    )
    deployments.deploy(app, identities.operator(), {FIVE_STEPS.name: named.encode()})

    with pytest.raises(NotAllowed):
        a_case(app, "publisher")

    assert a_case(app, "grid_worker") is not None
