"""The administration without a browser: what may be opened, changed and activated."""

import csv
import io
import re
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api import create_app
from engine import (
    cases,
    cli,
    credentials,
    dispatches,
    identities,
    imports,
    machinery,
    references,
    store,
    verification,
    views,
)
from engine.application import open_application
from engine.clock import text
from engine.demo.city import PASSWORD
from engine.dispatches import Dispatch
from engine.errors import UserExists
from engine.lists import FOREVER
from engine.migrations import upgrade
from engine.revisions import between
from engine.settings import Settings
from engine.tables import cases as case_table
from engine.tables import timers as timer_table

LISTS = Path(__file__).parent.parent / "processes" / "lists"
SECTIONS = ("", "/people", "/units", "/roles", "/lists", "/rosters", "/calendar")


@pytest.fixture
def office(app):
    """Return a function from a user's name to a client that is signed in."""
    server = create_app(app)

    def enter(name, language="zh"):
        client = server.test_client()
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        answer = client.post("/sign-in", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303
        client.get(f"/me?lang={language}")
        return client

    return enter


def said(answer):
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def carried(answer):
    """What the form of a shown difference would send."""
    names = ("position", "as_of", "name", "content")
    return {
        one: re.findall(rf'<input type="hidden" name="{one}" value="([^"]*)"', answer.text)
        for one in names
    }


def people(change):
    text = (LISTS / "people.csv").read_text("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    named = change([dict(zip(header, row, strict=True)) for row in rows])
    out = io.StringIO()
    writer = csv.DictWriter(out, header)
    writer.writeheader()
    writer.writerows(named)
    return out.getvalue().encode("utf-8-sig")


def upload(client, content, name="people.csv", as_of=""):
    files = {"files": (io.BytesIO(content), name), "as_of": as_of}
    return client.post("/admin/import", data=files, content_type="multipart/form-data")


def active(app, name):
    with app.database.reading() as tx:
        app.references.refresh(tx)
    return app.references.active[name]


# -- who may -----------------------------------------------------------------------------


def test_the_administration_is_refused_to_who_looks_after_nothing(office):
    paths = [f"/admin{path}" for path in (*SECTIONS, "/import", "/users", "/state", "/audit")]
    answers = set()
    for name in ("street_leader", "resident", "deployer"):
        client = office(name)
        answers |= {client.get(path).status_code for path in paths}

    assert answers == {403}


def test_who_watches_reads_and_changes_nothing(office):
    client = office("auditor")

    assert {client.get(f"/admin{path}").status_code for path in SECTIONS} == {200}
    assert client.get("/admin/import").status_code == 403
    assert client.get("/admin/lists/people/row").status_code == 403
    assert client.post("/admin/activate", data={"name": "x", "content": ""}).status_code == 403
    assert "/row" not in client.get("/admin/lists/people").text


def test_names_of_people_are_read_by_who_may_read_people(office, app):
    name = active(app, "people").rows[0]["name_zh"]
    pages = (
        "/admin/people",
        "/admin/lists/people",
        "/admin/lists/people/file",
        "/admin/people/RY001",
    )

    assert [name in office("data_officer").get(one).text for one in pages] == [True] * 4
    assert [name in office("list_owner").get(one).text for one in pages] == [False] * 4


# -- lists -------------------------------------------------------------------------------


def test_a_list_says_who_put_which_version_in_force_and_who_holds_an_older_one(app, who):
    cases.start(app, who("street_dispatcher"), process="five_steps", data={})
    (row,) = [one for one in views.list_overview(app) if one["name"] == "roles"]
    assert (row["versions"], row["by"], row["held"]) == (1, identities.OPERATOR, 0)
    old = active(app, "roles").version

    with app.database.writing() as tx:
        descriptor, content = (
            (LISTS / "roles.json").read_bytes(),
            (LISTS / "roles.csv").read_bytes(),
        )
        references.activate(tx, descriptor=descriptor, content=content + b"x,x,x,city\r\n",
                            actor="data_officer", at=app.clock.now())  # fmt: skip

    newest, first = views.list_history(app, "roles")
    assert (newest["by"], newest["active"], first["version"]) == ("data_officer", True, old)
    difference = views.list_difference(app, "roles", old, newest["version"])
    assert [one["code"] for one in difference["added"]] == ["x"]
    assert views.list_page(app, who("admin"), "roles", words="X city")["count"] == 1


def test_open_cases_that_hold_an_older_version_are_named_to_who_sees_them(app, who, office):
    case = cases.start(app, who("street_dispatcher"), process="five_steps", data={}).case_id
    old = active(app, "roles").version
    with app.database.writing() as tx:
        tx.run(sa.update(case_table).values(lists=f'{{"roles":"{old}"}}'), {})
        descriptor, content = (
            (LISTS / "roles.json").read_bytes(),
            (LISTS / "roles.csv").read_bytes(),
        )
        references.activate(tx, descriptor=descriptor, content=content + b"x,x,x,city\r\n",
                            actor="data_officer", at=app.clock.now())  # fmt: skip

    assert views.list_pins(app, "roles") == {old: 1}
    assert [(one["case"], one["version"]) for one in views.list_holders(app, who("admin"), "roles")
            ] == [(case, old)]  # fmt: skip
    assert views.list_holders(app, who("list_owner"), "roles") == []
    assert case in office("admin").get("/admin/lists/roles/cases").text
    (row,) = [one for one in views.list_overview(app) if one["name"] == "roles"]
    assert row["held"] == 1


def test_rows_are_searched_paged_and_of_a_day(office):
    client = office("data_officer")

    first = client.get("/admin/lists/org_units")
    assert "第 1–50 条，共 307 条" in said(first)
    assert "第 51–100 条，共 307 条" in said(client.get("/admin/lists/org_units?at=50"))
    assert "共 306 条" in said(client.get("/admin/lists/org_units?day=2026-05-31"))
    assert "第 1–1 条，共 1 条" in said(client.get("/admin/lists/org_units?q=XQ-000-01"))
    assert "没有符合条件的内容" in said(client.get("/admin/lists/org_units?q=nothing-like-it"))
    assert client.get("/admin/lists/nothing").status_code == 404
    assert client.get("/admin/lists/people?version=nothing").status_code == 404


# -- changes -----------------------------------------------------------------------------


def test_files_are_shown_then_activated_and_stand_in_the_history(app, office):
    client = office("data_officer")
    before = active(app, "people").version

    shown = upload(client, people(lambda rows: rows[:-1]))
    assert (shown.status_code, "删除 1 行" in said(shown)) == (200, True)
    assert active(app, "people").version == before

    done = client.post("/admin/activate", data=carried(shown))
    assert (done.status_code, done.location[:38]) == (303, "/admin/lists/people?done=adm_active&na")
    assert len(active(app, "people").rows) == 314
    with app.database.reading() as tx:
        *_, last = store.read_entries(tx, references.STREAM)
    assert (last.document()["actor"], last.document()["command"]["name"]) == (
        "data_officer",
        "people",
    )


def test_a_bad_file_is_named_by_row_and_column_and_nothing_is_activated(app, office):
    client, before = office("data_officer"), active(app, "people").version
    bad = people(lambda rows: [{**rows[0], "effective_from": "soon"}, *rows[1:]])

    shown = upload(client, bad)

    assert shown.status_code == 422
    assert "people.csv 2 effective_from" in said(shown)
    assert carried(shown)["content"] == []
    sent = {"name": "people.csv", "content": b64encode(bad).decode(), "position": "9", "as_of": ""}
    assert client.post("/admin/activate", data=sent).status_code == 422
    assert active(app, "people").version == before


def test_of_two_who_activate_at_once_the_second_is_told(app, office):
    first, second = office("data_officer"), office("list_owner")
    one = upload(first, people(lambda rows: rows[:-1]))
    other = upload(second, people(lambda rows: rows[1:]))

    assert first.post("/admin/activate", data=carried(one)).status_code == 303
    late = second.post("/admin/activate", data=carried(other))

    assert (late.status_code, "其他管理员刚刚改动了清单" in said(late)) == (409, True)
    assert "新增 1 行" in said(late)
    assert len(active(app, "people").rows) == 314
    assert second.post("/admin/activate", data=carried(late)).status_code == 303


def test_a_row_changes_from_a_day_on_and_keeps_what_held_before(app, office):
    client = office("data_officer")
    key = {"key.person_id": "RY003", "key.role": "street_duty", "key.unit_id": "990101001"}
    row = next(r for r in active(app, "people").rows if r["person_id"] == "RY003")
    key["key.role"], key["key.unit_id"] = row["role"], row["unit_id"]

    form = client.get("/admin/lists/people/row", query_string=key)
    assert (form.status_code, row["name_zh"] in form.text) == (200, True)
    shown = client.post("/admin/lists/people/row", data={**key, "from": "2026-11-01", "end": "1"})
    assert "变更 1 行" in said(shown)
    client.post("/admin/activate", data=carried(shown))

    kept = next(
        r for r in active(app, "people").rows
        if (r["person_id"], r["role"], r["unit_id"]) == tuple(key.values())
    )  # fmt: skip
    assert (kept["effective_from"], kept["effective_to"]) == (row["effective_from"], "2026-10-31")
    assert client.post("/admin/lists/people/row", data=key).status_code == 422
    assert client.get("/admin/lists/people/row?key.person_id=X&key.role=x&key.unit_id=x"
                      ).status_code == 404  # fmt: skip


def test_a_cell_that_does_not_fit_is_named_and_what_was_typed_stays(office):
    client = office("data_officer")
    cells = {"cell.code": "ZB-9", "cell.street_id": "990101001", "cell.from_time": "08:30",
             "cell.to_time": "12:00", "cell.post": "duty", "cell.on_date": "morgen"}  # fmt: skip

    answer = client.post("/admin/lists/duty_roster/row", data={**cells, "from": "2026-10-01"})

    assert answer.status_code == 422
    assert "is no date" in said(answer)
    assert 'value="ZB-9"' in answer.text


def test_somebody_stands_in_for_a_while(app, office):
    client = office("data_officer")
    person, other = "RY002", "RY004"

    shown = client.post(
        f"/admin/people/{person}/substitute",
        data={"substitute": other, "first": "2026-10-01", "last": "2026-10-07"},
    )
    assert shown.status_code == 200
    assert client.post("/admin/activate", data=carried(shown)).status_code == 303

    version = active(app, "people")
    spans = [
        (row["effective_from"], row["effective_to"], row["substitute_person_id"])
        for row in version.rows
        if row["person_id"] == person
    ]
    posts = len({version.key(row) for row in version.rows if row["person_id"] == person})
    assert spans[:3] == [
        ("2025-10-01", "2026-09-30", None),
        ("2026-10-01", "2026-10-07", other),
        ("2026-10-08", None, None),
    ]
    assert len(spans) == 3 * posts
    assert other in client.get("/admin/rosters").text
    wrong = client.post(f"/admin/people/{person}/substitute", data={"substitute": other})
    assert wrong.status_code == 422


def test_rows_between_two_days_keep_what_is_before_and_after(app):
    version = active(app, "people")
    row = version.rows[0]
    whole = imports.prepare(app, {"people.csv": between(
        version, [version.key(row)], {"substitute_person_id": "RY004"},
        app.clock.now().date(), app.clock.now().date().max,
    )})  # fmt: skip

    (sheet,) = whole.to_json()["files"]
    assert (len(sheet["added"]), len(sheet["changed"]), sheet["removed"]) == (1, 1, [])
    assert sheet["added"][0]["effective_to"] in {None, FOREVER}


def test_a_calendar_says_how_many_limits_it_may_move(app, office, who):
    client = office("data_officer")
    cases.start(app, who("street_dispatcher"), process="five_steps", data={})
    text = (LISTS / "calendar.csv").read_bytes()
    free = text + "2026-09-14,0,holiday,示例,Sample,示例,official\r\n".encode()

    shown = upload(client, free, "calendar.csv")

    assert shown.status_code == 200
    assert "没有在办任务的期限经过" in said(shown) or "在办任务的期限经过变动" in said(shown)
    year = client.get("/admin/calendar?year=2026")
    assert (year.text.count('class="month"'), "已按国务院办公厅通知核定" in said(year)) == (
        12,
        True,
    )
    assert "暂定" in said(client.get("/admin/calendar?year=2027"))
    assert client.get("/admin/calendar?year=x").status_code == 200


# -- users -------------------------------------------------------------------------------


def once(answer, what):
    """What a page shows once."""
    return re.search(rf'id="{what}">([^<]+)<', answer.text)[1]


def test_a_reset_password_is_good_for_choosing_another_alone(app, office):
    admin = office("admin")
    shown = admin.post("/admin/users/street_analyst", data={"act": "reset"})
    temporary = once(shown, "password")
    assert office("admin").get("/admin/users/street_analyst").text.count(temporary) == 0

    client = create_app(app).test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    assert client.post("/sign-in", data={"name": "street_analyst", "password": PASSWORD}
                       ).status_code == 401  # fmt: skip
    client.post("/sign-in", data={"name": "street_analyst", "password": temporary})
    assert (client.get("/me").status_code, client.get("/me").location) == (303, "/password")
    refused = client.get("/api/v1/me")
    assert (refused.status_code, refused.json["code"]) == (403, "must-change-password")

    wrong = {"old": "x", "new": "long-enough-1", "again": "long-enough-1"}
    assert client.post("/password", data=wrong).status_code == 422
    assert client.post("/password", data={**wrong, "old": temporary, "again": "y"}
                       ).status_code == 422  # fmt: skip
    short = {"old": temporary, "new": "short", "again": "short"}
    assert client.post("/password", data=short).status_code == 422
    done = client.post("/password", data={**wrong, "old": temporary})
    assert (done.status_code, client.get("/me").status_code) == (303, 200)
    assert [one["type"] for one in credentials.acts(app, "street_analyst")][:2] == [
        "change_password",
        "reset_password",
    ]


def test_a_reset_ends_the_sessions_and_leaves_the_tokens_of_programs(app, office):
    user, admin = office("street_analyst"), office("admin")
    shown = admin.post("/admin/users/street_analyst", data={"act": "token"})
    headers = {"Authorization": f"Bearer {once(shown, 'token')}"}

    admin.post("/admin/users/street_analyst", data={"act": "reset"})

    assert user.get("/me").status_code == 303
    program = create_app(app).test_client()
    assert program.get("/api/v1/me", headers=headers).status_code == 200


def test_a_token_says_when_it_was_used_and_can_be_revoked(app, office):
    admin = office("admin")
    token = once(admin.post("/admin/users/data_officer", data={"act": "token"}), "token")
    headers, program = {"Authorization": f"Bearer {token}"}, create_app(app).test_client()
    (before,) = credentials.about(app, "data_officer")[1]

    assert program.get("/api/v1/me", headers=headers).status_code == 200

    (after,) = credentials.about(app, "data_officer")[1]
    assert (before.last_used_at, after.last_used_at) == (None, app.clock.now())
    revoked = {"act": "revoke", "token": after.sha256}
    assert admin.post("/admin/users/data_officer", data=revoked).status_code == 303
    assert admin.post("/admin/users/data_officer", data=revoked).status_code == 303
    assert program.get("/api/v1/me", headers=headers).status_code == 401
    assert [one["type"] for one in credentials.acts(app, "data_officer")][:2] == [
        "revoke_token",
        "create_token",
    ]
    assert token not in admin.get("/admin/users/data_officer").text


def test_it_is_written_down_every_ten_minutes_that_a_token_is_in_use(app, clock):
    token = identities.create_token(app, "data_officer", by="@test")

    def used_at():
        identities.actor_of_token(app, token)
        (one,) = credentials.about(app, "data_officer")[1]
        return one.last_used_at

    first = used_at()
    clock.set(first + timedelta(minutes=9))
    assert used_at() == first
    clock.set(first + timedelta(minutes=10))
    assert used_at() == first + timedelta(minutes=10)


def test_users_are_added_and_disabled_by_administrators_alone(app, office):
    assert office("data_officer").get("/admin/users").status_code == 403
    assert (
        office("data_officer").post("/admin/users/admin", data={"act": "reset"}).status_code == 403
    )
    admin = office("admin")

    made = admin.post("/admin/users", data={"name": "li", "person": "RY005"})
    assert (made.status_code, len(once(made, "password"))) == (200, 16)
    assert admin.post("/admin/users", data={"name": "li", "person": "RY005"}).status_code == 409
    assert admin.post("/admin/users", data={"name": "no body"}).status_code == 422
    assert admin.post("/admin/users", data={"name": "a b", "person": "x"}).status_code == 422
    assert admin.get("/admin/users?q=RY005").text.count("/admin/users/li") == 1

    assert admin.post("/admin/users/li", data={"act": "disable"}).status_code == 303
    assert admin.post("/admin/users/li", data={"act": "reset"}).status_code == 403
    assert admin.post("/admin/users/admin", data={"act": "disable"}).status_code == 422
    assert admin.get("/admin/users/nobody").status_code == 404


# -- the first administrator ---------------------------------------------------------------


@pytest.fixture
def empty(tmp_path, sandbox, clock):
    """The application on a database with tables and nothing else."""
    url = f"sqlite:///{tmp_path}/empty.db"
    upgrade(url)
    opened = open_application(Settings(database_url=url), clock=clock, sandbox=sandbox)
    yield opened
    opened.database.close()


def test_of_two_who_are_the_first_only_one_is(empty):
    assert len(credentials.setup_secret(empty)) == 32

    credentials.add_first(empty, "first", "a-good-password")

    with pytest.raises(UserExists):
        credentials.add_first(empty, "second", "a-good-password")
    assert "admin" in identities.actor(empty, "first").roles
    assert credentials.setup_secret(empty) == ""


def test_the_first_administrator_is_made_by_a_link_that_is_good_once(empty):
    client = create_app(empty, setup="secret").test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    sent = {"name": "first", "password": "a-good-password", "again": "a-good-password"}

    assert client.get("/setup/other").status_code == 404
    assert client.post("/setup/other", data=sent).status_code == 404
    assert client.get("/setup/secret").status_code == 200
    assert client.post("/setup/secret", data={**sent, "again": "x"}).status_code == 422
    assert client.post("/setup/secret", data={**sent, "password": "x", "again": "x"}
                       ).status_code == 422  # fmt: skip
    made = client.post("/setup/secret", data=sent)

    assert (made.status_code, made.location) == (303, "/admin/setup")
    assert [one.name for one in identities.users(empty)] == ["first"]
    assert client.get("/setup/secret").status_code == 404
    assert client.post("/setup/secret", data={**sent, "name": "second"}).status_code == 404
    begin = client.get("/admin/setup")
    assert (begin.status_code, "导入本地清单" in said(begin)) == (200, True)
    assert "还没有任何清单" in said(client.get("/admin"))
    assert client.get("/admin/calendar").status_code == 200
    assert client.get("/admin/people").status_code == 404


def test_there_is_no_set_up_where_nobody_has_asked_for_it(empty):
    client = create_app(empty).test_client()

    assert client.get("/setup/").status_code == 404
    assert client.get("/setup/secret").status_code == 404


def test_an_office_begins_with_its_own_files(empty):
    client = create_app(empty, setup="secret").test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    sent = {"name": "first", "password": "a-good-password", "again": "a-good-password"}
    client.post("/setup/secret", data=sent)
    names = ("roles", "departments", "org_units", "people")
    files = [(io.BytesIO((LISTS / f"{one}.csv").read_bytes()), f"{one}.csv") for one in names]

    shown = client.post("/admin/import", data={"files": files, "as_of": ""})
    done = client.post("/admin/activate", data=carried(shown))

    assert done.status_code == 303
    assert client.get("/admin/people/RY001").status_code == 200


# -- the machine and its histories -----------------------------------------------------------


def test_the_state_of_the_machine_is_shown_to_its_operator_alone(app, office):
    assert office("data_officer").get("/admin/state").status_code == 403
    admin = office("admin")
    assert "没有调度器在运行" in said(admin.get("/admin/state"))

    machinery.beat(app)
    page = said(admin.get("/admin/state"))
    (node,) = machinery.schedulers(app)
    machinery.rest(app)

    assert (node["node"] in page, "运行中" in page, node["silent"]) == (True, True, False)
    assert machinery.schedulers(app) == []
    assert "全部 0 个事项的历史核验无误" in said(admin.post("/admin/state", data={"verify": "1"}))


def test_a_delivery_in_trouble_is_tried_again_and_that_is_an_act(app, office, clock):
    row = Dispatch("c1", 1, 0, "mail", "li", "{}", clock.now(), clock.now())
    with app.database.writing() as tx:
        dispatches.put(tx, [row])
        dispatches.settle(tx, row, failure="refused")
    found = machinery.deliveries(app)
    assert (found["given_up"], found["items"][0]["key"]) == (1, "c1/1/0/mail/li")
    admin = office("admin")
    assert "refused" in said(admin.get("/admin/state"))

    sent = {"delivery": "c1/1/0/mail/li"}
    assert admin.post("/admin/state", data=sent).status_code == 303
    assert admin.post("/admin/state", data={"delivery": "c1/x/0"}).status_code == 404
    assert admin.post("/admin/state", data={"delivery": "c2/1/0"}).status_code == 404
    assert admin.post("/admin/state", data={}).status_code == 404

    after = machinery.deliveries(app)
    assert (after["waiting"], after["given_up"], after["items"]) == (1, 0, [])
    audit = admin.get("/admin/audit?stream=@operations")
    assert ("重试投递" in said(audit), "c1/1/0/mail/li" in audit.text) == (True, True)


def test_acts_of_administrators_are_read_with_their_digests(app, office):
    with app.database.reading() as tx:
        *_, last = store.read_entries(tx, references.STREAM)

    page = office("auditor").get("/admin/audit?stream=@lists")

    assert last.digest in page.text
    assert "第 1–50 条" in said(page)
    assert office("auditor").get("/admin/audit?stream=five_steps").status_code == 404
    assert office("data_officer").get("/admin/audit").status_code == 403


def test_who_runs_the_server_resets_a_password_at_its_command_line(app, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", app.settings.database_url)

    assert cli.run(["user", "reset", "street_analyst"]) == 0

    temporary = capsys.readouterr().out.strip()
    assert identities.login(app, "street_analyst", temporary).startswith("bihuan_")
    assert credentials.about(app, "street_analyst")[0].reset_at is not None


def test_the_machine_is_measured_on_either_database(any_app):
    starter = identities.actor(any_app, "street_dispatcher")
    cases.start(any_app, starter, process="five_steps", data={})
    with any_app.database.writing() as tx:
        case = tx.one(sa.select(case_table.c.id), {})[0]
        at = any_app.clock.now()
        row = {"case_id": case, "number": 99, "process": "p", "element": "e", "due_at": at}
        tx.run(sa.insert(timer_table), row)
    machinery.beat(any_app)
    about, due = machinery.about(any_app), machinery.due(any_app)

    assert (about["cases"], about["bytes"] > 100_000, len(about["revision"])) == (1, True, 4)
    assert (due["overdue"], due["since"]) == (1, text(any_app.clock.now()))
    assert [one["silent"] for one in machinery.schedulers(any_app)] == [False]
    assert machinery.deliveries(any_app)["items"] == []
    credentials.reset_password(any_app, "street_analyst", by="@test")
    token = identities.create_token(any_app, "street_analyst", by="@test")
    identities.actor_of_token(any_app, token)
    account, (kept,) = credentials.about(any_app, "street_analyst")
    assert (account.reset_at, kept.last_used_at) == (at, at)
    assert credentials.revoke_token(any_app, "street_analyst", kept.sha256, by="@test")
    assert verification.everything(any_app).broken == []
