"""What units have to do already, shown to who gives them more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api import create_app
from engine import cases, deployments, identities, replay, views
from engine.commands import ClaimTask
from engine.demo.city import PASSWORD
from tests.memory import flows, process

WEEK = timedelta(days=7)
SEVERAL = "dept_liaison@code,dept_handler@code,dept_head@code"


def work(key, due):
    return process(
        f'<startEvent id="s"/><userTask id="arrive" camunda:candidateGroups="{SEVERAL}" '
        f'camunda:dueDate="{due}"/>' + flows("s > arrive"),
        key,
    )


def choosing(load_of="lead others lead_choices"):
    return process(
        '<startEvent id="s"/><userTask id="choose" camunda:candidateGroups="street_analyst@place">'
        "<extensionElements><camunda:properties>"
        f'<camunda:property name="load_of" value="{load_of}"/>'
        '<camunda:property name="visits" value="soon.arrive"/>'
        "</camunda:properties></extensionElements></userTask>" + flows("s > choose"),
        "choosing",
    )


def deploy(app, *contents):
    files = {f"{number}.bpmn": one for number, one in enumerate(contents)}
    deployments.deploy(app, identities.operator(), files)


def begin(app, key, **data):
    answer = cases.start(
        app, identities.actor(app, "admin"), process=key, data={"place": "990101001", **data}
    )
    return answer.case_id


def task_of(app, case_id, by):
    actor = identities.actor(app, by)
    name = next(iter(views.case(app, actor, case_id)["tasks"]))["id"].partition(".")[2]
    return views.task(app, actor, case_id, name)


def loads(app, by="RY005", **data):
    return task_of(app, begin(app, "choosing", **data), by)["loads"]


def row(unit, name, name_en, *numbers):
    keys = ("open", "overdue", "visits")
    return {"unit": unit, "name": name, "name_en": name_en, **dict(zip(keys, numbers, strict=True))}


D04 = (
    "D04",
    "区城市管理局(综合执法局)",
    "District Urban Management (Comprehensive Enforcement) Bureau",
)
D14 = ("D14", "区交通运输局", "District Transport Bureau")


def test_a_task_counts_once_however_many_roles_it_is_offered_to(any_app):
    app = any_app
    deploy(app, work("soon", "working_hours(4)"), choosing())
    for code in ("D04", "D04", "D14"):
        begin(app, "soon", code=code)

    found = loads(app, lead="D04", others=["D14"], lead_choices=[{"value": "D04", "label": "x"}])

    assert found == [row(*D04, 2, 0, 2), row(*D14, 1, 0, 1)]


def test_what_is_signed_for_counts_as_long_as_it_is_open(any_app):
    app = any_app
    deploy(app, work("soon", "working_hours(4)"), choosing())
    case_id = begin(app, "soon", code="D04")
    by = identities.actor(app, "RY151")
    name = task_of(app, case_id, "RY151")["id"].partition(".")[2]
    cases.handle(app, by, case_id, ClaimTask(task=name))

    assert loads(app, lead="D04") == [row(*D04, 1, 0, 1)]


def test_late_tasks_are_named_and_visits_of_another_week_are_not(any_app):
    app = any_app
    deploy(app, work("soon", "working_hours(4)"), work("later", "working_days(9)"), choosing())
    begin(app, "soon", code="D04")
    begin(app, "later", code="D04")

    now = loads(app, lead="D04")
    app.clock.set(app.clock.now() + WEEK)

    assert now == [row(*D04, 2, 0, 1)]
    assert loads(app, lead="D04") == [row(*D04, 2, 1, 0)]


def test_a_task_that_asks_for_nothing_shows_nothing_and_the_case_keeps_nothing(app):
    deploy(app, choosing(load_of=""))
    case_id = begin(app, "choosing", lead="D04")
    before = len(list(replay.case_ids(app)))

    assert task_of(app, case_id, "RY005")["loads"] == []
    assert (
        len(list(replay.case_ids(app))),
        views.case(app, identities.actor(app, "admin"), case_id)["data"],
    ) == (
        before,
        {"lead": "D04", "place": "990101001"},
    )


def test_who_cannot_do_the_task_is_not_shown_what_others_have_to_do(app):
    deploy(app, choosing())
    case_id = begin(app, "choosing", lead="D04")

    assert task_of(app, case_id, "RY205")["loads"] == []


@pytest.mark.parametrize(
    ("language", "heading"),
    [("zh", "承办单位在办量"), ("en", "What the units have open")],
)
def test_the_page_shows_it_before_the_form(app, language, heading):
    deploy(app, work("soon", "working_hours(4)"), choosing())
    begin(app, "soon", code="D04")
    case_id = begin(app, "choosing", lead="D04")
    client = create_app(app).test_client()
    client.post("/sign-in", data={"name": "street_analyst", "password": PASSWORD})
    name = task_of(app, case_id, "RY005")["id"]

    page = client.get(f"/tasks/{name}?lang={language}").get_data(as_text=True)

    shown = page.partition('id="loads-title"')[2].partition("</section>")[0]
    numbers = [text.partition("</td>")[0] for text in shown.split("<td>")[1:]]
    assert shown.partition("</h2>")[0] == f">{heading}"
    assert numbers == ["1", "0", "1"]
    assert page.index("loads-title") < page.index('<form method="post" enctype')
