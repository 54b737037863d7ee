"""The menu of a meeting: what is open in a unit, by rule."""

from __future__ import annotations

from datetime import timedelta

from engine import agendas, cases, deployments, identities
from engine.commands import SuspendCase
from tests.memory import flows, process

HEAD = (
    "<extensionElements><camunda:properties>"
    '<camunda:property name="unit" value="place"/>'
    '<camunda:property name="keys" value="item_code"/>'
    '<camunda:property name="secret" value="hidden"/>'
    "</camunda:properties></extensionElements>"
)
MATTERS = process(
    HEAD + '<startEvent id="s"/><userTask id="t" camunda:dueDate="PT1H"/>' + flows("s > t"),
    "matters",
)
HERE, NEXT_DOOR, STREET = "99010100100101001", "99010100200101001", "990101001"


def begin(app, item, place=HERE, *, hidden=False):
    data = {"place": place, "item_code": item, "hidden": hidden}
    return cases.start(app, identities.actor(app, "admin"), process="matters", data=data).case_id


def menu(app, **asked):
    wanted = {"unit": STREET, "processes": ["matters"], "show": "item_code", **asked}
    found = agendas.open_cases(app, "the meeting", wanted)
    lists = {name: [one["case"] for one in found[name]] for name in ("overdue", "new")}
    return lists | {"frequent": found["frequent"]}


def test_the_menu_tells_what_is_late_what_is_new_and_what_comes_again(any_app):
    app = any_app
    deployments.deploy(app, identities.operator(), {"matters.bpmn": MATTERS})
    first, second = begin(app, "A"), begin(app, "B")
    begin(app, "A", NEXT_DOOR)
    secret = begin(app, "A", hidden=True)
    app.clock.set(app.clock.now() + timedelta(hours=2))
    held = begin(app, "C")
    cases.handle(app, identities.actor(app, "admin"), held, SuspendCase(reason="budget"))
    third = begin(app, "A")

    found = menu(app, times=2)

    assert secret not in found["overdue"]
    assert found == {
        "overdue": sorted([first, second]),
        "new": [third],
        "frequent": [{"item": "A", "times": 2}],
    }


def test_the_menu_is_short_and_asks_only_for_what_it_is_to_hold(app):
    deployments.deploy(app, identities.operator(), {"matters.bpmn": MATTERS})
    begun = [begin(app, "A") for _ in range(3)]

    assert menu(app, limit=2)["new"] == begun[:0:-1]
    assert menu(app, unit="990101002")["new"] == []
    assert menu(app, processes=["others"])["new"] == []
    assert menu(app, since="2026-09-15T00:00:00+08:00")["new"] == []
    assert [
        one["shown"]
        for one in agendas.open_cases(
            app, begun[0], {"unit": STREET, "processes": ["matters"], "show": "item_code"}
        )["new"]
    ] == ["A", "A"]
