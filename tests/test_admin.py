"""The administration without a browser: what may be opened, changed and activated."""

import csv
import io
import re
from base64 import b64encode
from pathlib import Path

import pytest

from api import create_app
from engine import cases, identities, imports, references, store, views
from engine.demo.city import PASSWORD
from engine.lists import FOREVER
from engine.revisions import between

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


@pytest.mark.parametrize("name", ["street_leader", "resident", "deployer", "grid_worker"])
def test_the_administration_is_refused_to_who_looks_after_nothing(office, name):
    client = office(name)

    answers = {path: client.get(f"/admin{path}").status_code for path in (*SECTIONS, "/import")}

    assert set(answers.values()) == {403}


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
    client = office("admin")
    assert client.get("/admin/lists/roles/cases").status_code == 200
    holders = views.list_holders(app, who("admin"), "roles")

    assert (holders, case[:2]) == ([], case[:2])
    assert views.list_pins(app, "roles") == {}


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
