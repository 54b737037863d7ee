import pytest

from api import create_app
from engine.demo.city import PASSWORD
from tests.callers import Caller, callers, problem_of


@pytest.fixture
def server(app):
    return create_app(app)


@pytest.fixture
def browser(server):
    return server.test_client()


def sign_in(browser, name="street_dispatcher", **headers):
    body = {"name": name, "password": PASSWORD}
    return browser.post("/api/v1/login", json=body, headers=headers)


def test_a_session_begins_and_ends(browser):
    assert browser.get("/api/v1/me").status_code == 401

    answer = sign_in(browser)
    cookie = answer.headers["Set-Cookie"]
    me = browser.get("/api/v1/me").get_json()

    assert (answer.status_code, answer.get_json()["name"]) == (200, "street_dispatcher")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert me["name"] == "street_dispatcher"
    assert "street_dispatcher" in {one["role"] for one in me["roles"]}

    browser.post("/api/v1/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert browser.get("/api/v1/me").status_code == 401


def test_a_session_that_was_ended_is_not_revived_by_its_old_cookie(server, browser):
    token = sign_in(browser).get_json()["token"]
    browser.post("/api/v1/logout", headers={"Sec-Fetch-Site": "same-origin"})

    assert problem_of(Caller(server, token).get("/me")) == (401, "not-signed-in")


@pytest.mark.parametrize(
    ("name", "password"),
    [("street_dispatcher", "wrong"), ("nobody", PASSWORD), ("street_dispatcher", "x" * 1000)],
)
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(browser, name, password):
    answer = browser.post("/api/v1/login", json={"name": name, "password": password})

    assert problem_of(answer) == (401, "not-signed-in")
    assert answer.get_json()["detail"] == "User name or password is wrong."
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("token", ["", "x", "Ünknown", "a b", "x" * 10_000])
def test_an_unknown_token_is_refused(server, token):
    caller = Caller(server, None)

    answer = caller.get("/me", Authorization=f"Bearer {token}")

    assert problem_of(answer) == (401, "not-signed-in")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="bihuan"'


def test_another_kind_of_authorization_does_not_fall_back_to_the_cookie(browser):
    sign_in(browser)

    assert browser.get("/api/v1/me", headers={"Authorization": "Basic eA=="}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_another_sites_page_cannot_act_with_the_cookie(browser, headers):
    sign_in(browser)

    answer = browser.post("/api/v1/cases", json={"process": "five_steps"}, headers=headers)

    assert problem_of(answer) == (403, "cross-site")


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}]
)
def test_our_own_pages_act_with_the_cookie(browser, headers):
    sign_in(browser)

    answer = browser.post("/api/v1/cases", json={"process": "five_steps"}, headers=headers)

    assert answer.status_code == 201


def test_nobody_can_be_signed_in_by_another_sites_page(browser):
    assert problem_of(sign_in(browser, **{"Sec-Fetch-Site": "cross-site"})) == (403, "cross-site")


def test_every_call_but_health_sign_in_and_the_document_needs_somebody(app, server):
    nobody = callers(app)(None)
    document = nobody.get("/openapi.json").get_json()

    open_calls = set()
    for path, calls in document["paths"].items():
        for method in calls:
            address = path.removeprefix("/api/v1").replace("{version}", "1")
            answer = getattr(nobody, method)(address.replace("{", "").replace("}", ""))
            if answer.status_code != 401:
                open_calls.add((method, path))
    assert open_calls == {("post", f"/api/v1/{name}") for name in ("follow", "login", "logout")}
