"""A migrated case as people and programs see it: inbox, search, fields, earlier states, HTTP."""

from __future__ import annotations

import json

import pytest

from engine import cases, deployments, identities, replay, timers, views
from engine.commands import ClaimTask, CompleteJob, MigrateCase, RetryIncident
from engine.errors import MigrationRefused, NotFound, WrongState
from tests.callers import callers
from tests.memory import flows, process
from tests.moved_versions import ROOTS, TIMER, boundary, line, sub, task
from tests.test_migrating_nets import Moving, bundle_of

ROLE = ' camunda:candidateGroups="{}"'


@pytest.fixture
def by():
    return identities.operator()


def begun(app, body, *, data=None, version=None, **files):
    """Deploy a body of process ``p`` and start a case of it, as its reporter."""
    by = identities.operator()
    content = body if isinstance(body, bytes) else process(body, extra=ROOTS)
    deployments.deploy(app, by, {"p.bpmn": content, **files})
    who = identities.actor(app, "street_dispatcher")
    return cases.start(app, who, process="p", data=data or {}, version=version).case_id


def deployed(app, body, **files):
    content = body if isinstance(body, bytes) else process(body, extra=ROOTS)
    deployments.deploy(app, identities.operator(), {"p.bpmn": content, **files})


def migrate(app, case, version=2, **mapping):
    names = {"p": mapping} if mapping else None
    command = MigrateCase(version, mapping=names, reason="why")
    return cases.handle(app, identities.operator(), case, command)


def pool(app, name):
    who = identities.actor(app, name)
    found = views.inbox_page(app, who, view="pool", limit=50)["items"]
    return [(one["element"], one["name"], one["priority"]) for one in found]


def rebuilt(app, case):
    """Return the case before and after its rows were made anew from its history."""
    admin = identities.actor(app, "admin")
    before = views.case(app, admin, case), pool(app, "street_leader")
    list(replay.rebuild(app, [case]))
    return before == (views.case(app, admin, case), pool(app, "street_leader"))


def test_a_task_is_offered_to_whom_the_new_version_names(any_app):
    case = begun(any_app, line(task("a", ' name="A"' + ROLE.format("street_dispatcher"))))
    priority = ' camunda:priority="70" name="B"' + ROLE.format("street_leader")
    deployed(any_app, line(task("b", priority)))

    migrate(any_app, case, a="b")

    assert pool(any_app, "street_dispatcher") == []
    assert pool(any_app, "street_leader") == [("b", "B", 70)]
    assert rebuilt(any_app, case)


def test_a_claimed_task_stays_with_who_has_it(any_app):
    case = begun(any_app, line(task("a", ROLE.format("street_dispatcher"))))
    dispatcher = identities.actor(any_app, "street_dispatcher")
    cases.handle(any_app, dispatcher, case, ClaimTask("p.a.1"))
    deployed(any_app, line(task("a", ROLE.format("street_leader"))))

    migrate(any_app, case)

    assert pool(any_app, "street_leader") == []
    mine = views.inbox_page(any_app, dispatcher, view="mine", limit=50)["items"]
    assert [one["element"] for one in mine] == ["a"]
    assert rebuilt(any_app, case)


def test_a_limit_that_is_over_by_the_new_version_fires_at_the_next_tick(any_app):
    case = begun(any_app, line("a") + boundary("t", "a", TIMER.format("PT9H"), stays=True))
    deployed(any_app, line("a") + boundary("t", "a", TIMER.format("PT1H"), stays=True))
    timers.advance(any_app, seconds=2 * 3600)

    migrate(any_app, case)

    assert timers.tick(any_app) == 1
    found = views.case(any_app, identities.operator(), case)["tasks"]
    assert [one["element"] for one in found] == ["a", "t_task"]


def test_a_case_is_found_by_the_keys_of_the_new_version(any_app):
    def keyed(name):
        return process(
            "<extensionElements><camunda:properties><camunda:property name='business_key' "
            f"value='{name}'/><camunda:property name='keys' value='{name}'/>"
            "</camunda:properties></extensionElements>" + line("a")
        )

    case = begun(any_app, keyed("none"), data={"number": "N-7", "title": "x"})
    deployed(any_app, keyed("number"))

    migrate(any_app, case)

    assert views.case(any_app, identities.operator(), case)["business_key"] == "N-7"
    assert rebuilt(any_app, case)


def test_a_field_keeps_its_class_when_its_form_is_gone(any_app):
    form = {
        "type": "default", "id": "f", "schemaVersion": 16,
        "components": [
            {"type": "select", "key": "who", "label": "Who", "field_class": "reporter",
             "values": [{"value": "x", "label": "X"}]},
        ],
    }  # fmt: skip
    asks = '<startEvent id="s" camunda:formKey="f"/>'
    old = line("a").replace('<startEvent id="s"/>', asks)
    case = begun(any_app, old, data={"who": "x"}, **{"f.json": json.dumps(form).encode()})
    officer = identities.actor(any_app, "district_inspector")
    assert views.case(any_app, officer, case)["data"] == {"who": {"$withheld": "reporter"}}
    deployed(any_app, line("a"))

    migrate(any_app, case)

    assert views.case(any_app, officer, case)["data"] == {"who": {"$withheld": "reporter"}}


def test_what_a_worker_answers_goes_where_the_new_version_says(any_app, by):
    def asks(id_):
        spiff = 'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
        return line(
            f'<serviceTask id="{id_}" {spiff}><extensionElements>'
            '<spiffworkflow:serviceTaskOperator id="x" resultVariable="found"/>'
            "</extensionElements></serviceTask>",
            "b",
        )

    case = begun(any_app, asks("w"))
    deployed(any_app, asks("v"))
    migrate(any_app, case, w="v")

    cases.handle(any_app, by, case, CompleteJob("p.w.1", {"n": 1}))

    with any_app.database.reading() as tx:
        row = views.cases.store.read_case(tx, case)
    assert row.snapshot().data[""] == {"found": {"n": 1}}
    assert list(replay.replay(any_app, [case])) == [None]


def test_an_incident_is_told_under_the_new_id_and_tried_again_there(any_app, by):
    case = begun(any_app, line('<scriptTask id="k"><script>x = 1 / 0</script></scriptTask>', "b"))
    deployed(any_app, line('<scriptTask id="m"><script>x = 1</script></scriptTask>', "b"))

    migrate(any_app, case, k="m")

    found = views.case(any_app, by, case)["incidents"]
    assert [one["element"] for one in found] == ["m"]
    assert rebuilt(any_app, case)
    cases.handle(any_app, by, case, RetryIncident(reason="mended"))
    assert views.case(any_app, by, case)["incidents"] == []


def test_earlier_states_are_told_by_the_version_of_then(any_app, by):
    case = begun(any_app, line("a"))
    deployed(any_app, line("b"))
    migrate(any_app, case, a="b")

    found = [views.state_at(any_app, by, case, n)["elements"] for n in (1, 2)]

    assert [[one["element"] for one in elements] for elements in found] == [["a"], ["b"]]


def test_the_same_version_and_a_missing_one_are_refused(any_app):
    case = begun(any_app, line("a"))

    with pytest.raises(WrongState):
        migrate(any_app, case, 1)
    with pytest.raises(NotFound):
        migrate(any_app, case, 7)


# -- HTTP ------------------------------------------------------------------------------------


@pytest.fixture
def admin(app):
    return callers(app)("admin")


def test_a_migration_is_tried_done_and_done_once_over_http(app, admin):
    case = begun(app, line("a"))
    deployed(app, line("b"))
    body = {"version": 2, "mapping": {"a": "b"}, "reason": "better"}

    tried = admin.post(f"/cases/{case}/migrate", {**body, "dry_run": True}).get_json()
    first = admin.post(f"/cases/{case}/migrate", body, Idempotency_Key="k1")
    again = admin.post(f"/cases/{case}/migrate", body, Idempotency_Key="k1")

    changes = [{"what": "element_migrated", "was": "a"}, {"what": "task_changed", "task": "p.a.1"}]
    assert tried == {
        "case": case,
        "version": 2,
        "processes": {"p": 2},
        "cancels": [],
        "opens": [],
        "changes": [
            {**one, "name": "", "process": "p", "element": "b", "nth": 1} for one in changes
        ],
    }
    assert first.get_json() == {**tried, "state": "open", "position": 2}
    assert again.get_json() == first.get_json()
    assert len(views.history(app, identities.operator(), case)) == 2


def test_a_refused_migration_is_a_problem_and_a_refused_try_an_answer(app, admin):
    case = begun(app, line("a"))
    deployed(app, line("b"))
    body = {"version": 2, "reason": "better"}

    tried = admin.post(f"/cases/{case}/migrate", {**body, "dry_run": True})
    done = admin.post(f"/cases/{case}/migrate", body)

    assert tried.status_code == 200
    assert [one["code"] for one in tried.get_json()["refused"]] == ["element-gone"]
    problem = done.get_json()
    assert problem["findings"] == tried.get_json()["refused"]
    assert (done.status_code, problem["code"], problem["element"]) == (
        409, "migration-refused", "a",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mapping", "status", "code"),
    [
        ({"a": 1}, 400, "invalid-request"),
        ({"p": {"a": ["b"]}}, 400, "invalid-request"),
        ({"p": {"a": "b"}}, 200, None),
        ({"q": {"a": "b"}}, 409, "migration-refused"),
    ],
)
def test_a_mapping_is_read_or_refused(app, admin, mapping, status, code):
    case = begun(app, line("a"))
    deployed(app, line("b"))

    answer = admin.post(f"/cases/{case}/migrate", {"version": 2, "mapping": mapping, "reason": "x"})

    assert (answer.status_code, answer.get_json().get("code")) == (status, code)


def test_a_version_of_what_is_not_called_is_refused(app, admin):
    case = begun(app, line("a"))
    deployed(app, line("a", "b"))

    answer = admin.post(
        f"/cases/{case}/migrate", {"version": 2, "processes": {"five_steps": 1}, "reason": "x"}
    )

    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid-request")


def datum(name, default=None):
    """Return a data object."""
    text = "" if default is None else default
    property_ = f'<camunda:property name="default" value="{text}"/>' if text else ""
    extra = f"<extensionElements><camunda:properties>{property_}</camunda:properties></extensionElements>"
    return f'<dataObject id="o_{name}" name="{name}">{extra}</dataObject>'


def declaring(*, new, total="v + 1"):
    """Return both processes: a sub-process and a call go on, with what each declares."""

    def content(key, *data):
        return (f'<startEvent id="{key}s"/>' + task(key) + flows(f"{key}s > {key}")) + "".join(data)

    data = [datum("total", total), datum("kept", "'new'"), datum("bare")] if new else []
    body = line(
        '<parallelGateway id="fork"/>',
        sub("t", content("a", *([datum("own", "total * 10")] if new else []))),
    )
    body += CALLS + flows("fork > call") + "".join(data)
    called = content("b", *([datum("given", "[1]")] if new else []))
    return process(body, extra=ROOTS), {"q.bpmn": process(called, key="q")}


CALLS = '<callActivity id="call" calledElement="q"/>'


def test_data_that_are_new_get_their_default_in_each_scope_that_is_open(any_app, by):
    old, called = declaring(new=False)
    case = begun(any_app, old, data={"v": 2, "kept": "old"}, **called)
    new, called = declaring(new=True)
    deployed(any_app, new, **called)
    shown = cases.preview_migration(any_app, by, case, MigrateCase(2))

    migrate(any_app, case)

    assert [(one["what"], one["element"], one["names"]) for one in shown["changes"]] == [
        ("data_written", "p", ["bare", "total"]),
        ("data_written", "call", ["given"]),
        ("data_written", "t", ["own"]),
    ]
    assert stored(any_app, case) == {
        "": {"bare": None, "kept": "old", "total": 3, "v": 2},
        "p.call.1": {"given": [1]},
        "p.t.1": {"own": 30},
    }
    migrate(any_app, case, 1)
    migrate(any_app, case, 2)
    assert stored(any_app, case)[""] == {"bare": None, "kept": "old", "total": 3, "v": 2}
    assert rebuilt(any_app, case)
    assert list(replay.replay(any_app, [case])) == [None]


def test_a_default_that_fails_keeps_a_case_where_it_is(app, by):
    old, called = declaring(new=False)
    case = begun(app, old, data={"v": 2}, **called)
    new, called = declaring(new=True, total="missing + 1")
    deployed(app, new, **called)

    refused = cases.preview_migration(app, by, case, MigrateCase(2))["refused"]

    assert [(one["code"], one["element"]) for one in refused] == [
        ("expression-failed", "p"),
        ("expression-failed", "t"),
    ]
    with pytest.raises(MigrationRefused):
        migrate(app, case)
    assert stored(app, case)[""] == {"v": 2}


def test_older_records_of_a_migration_give_no_defaults():
    old, _ = declaring(new=False)
    new, _ = declaring(new=True)
    one = Moving(old.replace(CALLS.encode(), b'<task id="call"/>'))
    one.start(v=2)

    assert one.migrate(bundle_of(new.replace(CALLS.encode(), b'<task id="call"/>')), None)

    assert one.snapshot.data[""] == {"v": 2}


def stored(app, case):
    with app.database.reading() as tx:
        return views.cases.store.read_case(tx, case).snapshot().data
