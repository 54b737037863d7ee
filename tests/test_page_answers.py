"""The pages as a program sees them: signing in, refusals, forms nobody should send."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from api import create_app
from api.web import refusals
from engine import deployments, identities
from engine.demo.city import PASSWORD
from tests.callers import callers

FILES = Path(__file__).parent / "pages"


@pytest.fixture
def formed(app):
    """A process with one task whose form uses every component."""
    names = ("formed.bpmn", "report_form.json")
    files = {name: (FILES / name).read_bytes() for name in names}
    deployments.deploy(app, identities.operator(), files)


@pytest.fixture
def client(app):
    return create_app(app).test_client()


def sign_in(client, name="street_dispatcher", **more):
    return client.post("/sign-in", data={"name": name, "password": PASSWORD, **more})


def test_who_is_not_signed_in_is_sent_there_and_back(client):
    answer = client.get("/start?lang=en")
    assert answer.headers["Location"] == "/sign-in?next=%2Fstart%3Flang%3Den"

    assert sign_in(client, next="/start?lang=en").headers["Location"] == "/start?lang=en"


def test_a_limit_that_was_reached_is_marked_in_the_history(app, client):
    call = callers(app)
    dispatcher = call("street_dispatcher")
    case = dispatcher.post("/cases", {"process": "five_steps"}).get_json()["id"]
    dispatcher.post(f"/tasks/{case}.five_steps.accept.1/complete", {"outcome": "accept"})
    dispatcher.post(f"/tasks/{case}.five_steps.assign.1/complete", {"data": {"lead": "D04"}})
    call("admin").post("/clock", {"advance_seconds": 6 * 3600})
    sign_in(client)

    page = client.get(f"/cases/{case}").get_data(as_text=True)

    late = page.partition('<li class="late">')[2].partition("</ul>")[0]
    assert "时限到：“超时 4 工作时”（09-14 14:30）" in late
    assert "转到“区分管领导批示”" in late


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "x",
    ],
)
def test_signing_in_never_leads_to_another_site(client, target):
    assert sign_in(client, next=target).headers["Location"] == "/"


def test_a_wrong_password_is_told_and_the_name_kept(client):
    answer = client.post("/sign-in", data={"name": "admin", "password": "wrong"})

    assert answer.status_code == 401
    assert "用户名或密码不对" in answer.get_data(as_text=True)
    assert 'value="admin"' in answer.get_data(as_text=True)


def test_demo_users_are_offered_on_this_machine_only(app):
    def offered(**settings):
        other = replace(app, settings=replace(app.settings, **settings))
        return "district_leader" in create_app(other).test_client().get("/sign-in").get_data(
            as_text=True
        )

    assert offered() is True
    assert offered(demo_logins=False) is False
    assert offered(host="0.0.0.0") is False


def test_another_sites_form_cannot_act(client):
    sign_in(client)

    answer = client.post("/start/five_steps", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert "没有权限" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/tasks/x",
        "/tasks/x.y.z.1",
        "/cases/x",
        "/start/nothing",
        "/cases/x/attachments/y",
    ],
)
def test_a_page_that_is_not_there_says_so_in_words(client, path):
    sign_in(client)

    answer = client.get(path)

    assert answer.status_code == 404
    assert "没有这个页面" in answer.get_data(as_text=True)


def test_a_refusal_is_told_in_the_language_of_its_reader(client):
    sign_in(client, "dept_handler")
    chinese = client.get("/designs").get_data(as_text=True)
    english = client.get("/designs?lang=en").get_data(as_text=True)
    said = "may not check here"

    assert chinese.count("<p>这里需要其他岗位的权限") == 1
    assert chinese.count("您没有权限这样做。 需要由流程发布员、流程设计员操作。") == 1
    assert (chinese.count(said), chinese.count("<details>")) == (0, 0)
    assert (english.count(said), english.count("<details>")) == (1, 0)


def test_a_refusal_without_chinese_words_is_marked_as_english(app):
    with create_app(app).test_request_context("/tasks"):
        problem = {"status": 409, "code": "new", "detail": "Nobody has foreseen this."}
        page = refusals.page(problem, {}).get_data(as_text=True)

    assert page.partition("<details>")[2].count('lang="en">Nobody has foreseen this.') == 1


def test_a_form_sent_after_the_session_has_ended_is_sent_again(app, client):
    ours = {"Sec-Fetch-Site": "same-origin"}
    kept = (
        create_app(app)
        .test_client()
        .post(
            "/start/five_steps?lang=en",
            data={"once": "key1", "title": '<b>"', "photos": (BytesIO(b"x"), "x.jpg")},
            headers=ours,
        )
    )
    page = kept.get_data(as_text=True)

    assert kept.status_code == 401
    assert 'action="/start/five_steps?lang=en"' in page
    assert '<input type="hidden" name="title" value="&lt;b&gt;&#34;">' in page
    assert "Chosen files are not kept" in page
    sign_in(client)
    sent = client.post("/start/five_steps", data={"once": "key1"}, headers=ours)
    assert sent.headers["Location"].endswith("?done=start")


def test_a_page_for_who_is_signed_out_holds_no_password(app):
    ours = {"Sec-Fetch-Site": "same-origin"}
    page = (
        create_app(app)
        .test_client()
        .post("/password", data={"password": "secret one"}, headers=ours)
    )

    assert (page.status_code, b"secret one" in page.data) == (401, False)


def test_many_files_are_attached_at_once_or_none(app, client):
    sign_in(client)
    ours = {"Sec-Fetch-Site": "same-origin"}
    case = client.post("/start/five_steps", headers=ours).headers["Location"].partition("?")[0]
    task = f"/tasks/{case.removeprefix('/cases/')}.five_steps.accept.1"

    def attach(*contents):
        files = [(BytesIO(one), f"{at}.txt") for at, one in enumerate(contents)]
        answer = client.post(task, data={"act": "attach", "file": files}, headers=ours)
        listed = client.get(task).get_data(as_text=True).partition('<ul class="files')[2]
        return answer.status_code, listed.partition("</ul>")[0].count("<li>")

    assert attach(b"a", b"b") == (303, 2)
    assert attach(b"c", b"\0\0\0\x18ftypheic" + bytes(12)) == (422, 2)


def test_who_sends_too_much_is_told_how_much_goes_and_led_back(client):
    sign_in(client)
    ours = {"Sec-Fetch-Site": "same-origin"}
    answer = client.post("/start/five_steps", data={"title": "x" * 6_000_000}, headers=ours)
    page = answer.get_data(as_text=True)

    assert answer.status_code == 413
    assert '<a href="/start/five_steps">回到刚才的页面</a>' in page
    assert "文字最多 1 MB，一个文件最多 5 MB。" in page


def test_pressing_a_button_twice_is_once(app, client):
    sign_in(client)
    form = {"once": "key1"}
    ours = {"Sec-Fetch-Site": "same-origin"}

    first = client.post("/start/five_steps", data=form, headers=ours)
    again = client.post("/start/five_steps", data=form, headers=ours)

    assert first.headers["Location"] == again.headers["Location"]
    assert len(callers(app)("street_dispatcher").get("/cases").get_json()["items"]) == 1


@pytest.mark.parametrize(
    "form",
    [
        {"act": "nothing"},
        {"act": "complete", "outcome": "perhaps"},
        {"act": "comment", "comment": "\0"},
        {"act": "comment", "comment": "x" * 20_000},
        {"act": "attach"},
        {"once": "x" * 10_000, "act": "unclaim"},
        {"more": "1", "people[99999999999999999999].name": "x"},
        {"more": "1", "people[²].name": "x"},
    ],
)
def test_a_page_form_that_nobody_should_send_never_breaks_the_server(app, client, formed, form):
    sign_in(client)
    ours = {"Sec-Fetch-Site": "same-origin"}
    client.post("/start/formed", headers=ours)
    task = callers(app)("street_dispatcher").tasks()[0]["id"]

    answer = client.post(f"/tasks/{task}", data=form, headers=ours)

    assert answer.status_code < 500
