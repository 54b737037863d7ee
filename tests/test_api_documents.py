import re
from dataclasses import replace
from pathlib import Path

import pytest

import api
from engine.database import Database
from tests.callers import callers

CONTRACT = """
GET /cases POST /cases GET /cases/{} GET /cases/{}/history GET /cases/{}/state
GET /cases/{}/accesses GET /cases/{}/decisions
POST /cases/{}/merge POST /cases/{}/split POST /cases/{}/reopen
POST /cases/{}/link POST /cases/{}/unlink POST /tasks/batch
GET /me/notifications PUT /me/notifications
POST /cases/{}/suspend POST /cases/{}/resume POST /cases/{}/cancel POST /cases/{}/terminate
POST /cases/{}/void POST /cases/{}/withdraw POST /cases/{}/retry POST /cases/{}/messages
POST /messages POST /signals GET /tasks GET /tasks/changes GET /tasks/{}
POST /tasks/{}/claim POST /tasks/{}/unclaim POST /tasks/{}/complete POST /tasks/{}/transfer
POST /tasks/{}/return POST /tasks/{}/suspend POST /tasks/{}/resume POST /tasks/{}/extend
POST /tasks/{}/cosign POST /tasks/{}/uncosign POST /tasks/{}/delegate POST /tasks/{}/resolve
POST /tasks/{}/remind POST /tasks/{}/copy POST /tasks/{}/read
POST /tasks/{}/comment POST /tasks/{}/attachments GET /tasks/{}/comments
GET /tasks/{}/attachments GET /tasks/{}/return-targets GET /incidents GET /lists POST /lists POST /lists/check GET /lists/{}
GET /forms/{} GET /me POST /login POST /logout GET /clock POST /clock
POST /definitions POST /definitions/check POST /definitions/backtest GET /definitions GET /definitions/{}
GET /definitions/{}/versions/{} GET /definitions/{}/versions/{}/xml
POST /definitions/{}/versions/{}/default GET /cases/{}/attachments/{}
GET /me/contact GET /registers GET /registers/{} POST /cases/{}/code POST /cases/{}/erase
POST /follow POST /me/contact POST /me/notices-seen
POST /cases/{}/follow POST /cases/{}/unfollow
POST /cases/{}/activities POST /cases/{}/activities/complete POST /cases/{}/instances POST /cases/{}/instances/cancel
POST /cases/{}/migrate POST /cases/{}/move POST /tasks/{}/withdraw
GET /board GET /mining/{} GET /mining/{}/cases GET /bulletin GET /figures GET /figures/{}/cases
GET /incidents/causes GET /incidents/causes/{} POST /incidents/retry
"""


@pytest.fixture
def nobody(app):
    return callers(app)(None)


def test_the_document_lists_every_call_of_the_contract(nobody):
    document = nobody.get("/openapi.json").get_json()

    listed = {
        f"{method.upper()} {re.sub(r'{[a-z_]+}', '{}', path.removeprefix('/api/v1'))}"
        for path, calls in document["paths"].items()
        for method in calls
    }
    words = CONTRACT.split()
    assert listed == {f"{words[at]} {words[at + 1]}" for at in range(0, len(words), 2)}
    assert document["openapi"] == "3.1.0"


def test_every_call_says_in_a_line_what_it_does(nobody):
    document = nobody.get("/openapi.json").get_json()

    for calls in document["paths"].values():
        for call in calls.values():
            assert call["summary"].endswith((".", "。")), call["operationId"]
            assert "4XX" in call["responses"]


def test_the_page_to_try_it_needs_nothing_from_outside(nobody):
    page = nobody.get("/docs").get_data(as_text=True)

    assert re.findall(r'(?:src|href)="(?!/|#)', page) == []
    assert re.findall(r"<style|\son[a-z]+=|<script>", page) == []
    assert page.count('<form class="try"') == len(CONTRACT.split()) // 2


def test_nothing_in_the_pages_comes_from_outside_or_stands_inline():
    folder = Path(api.__file__).parent / "web"
    files = [*folder.glob("templates/*.html"), *folder.glob("static/*.*")]

    assert len(files) > 10
    for file in files:
        text = file.read_text()
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == [], file
        assert re.findall(r"\sstyle=|<style|\son[a-z]+=\"|@import", text) == [], file


@pytest.mark.parametrize("path", ["", "/api/v1"])
def test_machines_ask_whether_it_lives(app, path):
    client = api.create_app(app).test_client()

    assert client.get(f"{path}/healthz").get_json() == {"status": "alive"}
    ready = {"status": "ready", "database": "reachable", "scheduler": "elsewhere"}
    assert client.get(f"{path}/readyz").get_json() == ready
    figures = client.get(f"{path}/metrics").get_data(as_text=True)
    assert (
        f'bihuan_requests_total{{method="GET",route="{path}/healthz",status="200"}} 1.0' in figures
    )


def test_a_server_without_scheduler_or_database_is_alive_but_not_ready(app):
    stopped = api.create_app(app, is_scheduling=lambda: False).test_client()
    running = api.create_app(app, is_scheduling=lambda: True).test_client()
    nowhere = replace(app, database=Database("sqlite:////nowhere/at/all.db"))
    lost = api.create_app(nowhere, is_scheduling=lambda: True).test_client()

    assert running.get("/readyz").get_json()["scheduler"] == "running"
    assert (stopped.get("/readyz").status_code, stopped.get("/healthz").status_code) == (503, 200)
    assert (lost.get("/readyz").status_code, lost.get("/healthz").status_code) == (503, 200)
    assert lost.get("/readyz").get_json()["database"] == "unreachable"


@pytest.mark.parametrize(
    "path",
    [
        "/cases/x/forward",
        "/external-tasks/fetch",
        "/nothing",
        "//cases",
        "/cases/",
    ],
)
def test_what_is_not_built_yet_is_404(app, path):
    from tests.callers import problem_of

    caller = callers(app)("admin")
    assert problem_of(caller.post(path)) == (404, "not-found")
    assert problem_of(caller.get(path))[0] == 404


def test_a_wrong_method_says_which_are_right(app):
    answer = callers(app)("admin").post("/me")

    assert answer.status_code == 405
    assert answer.get_json()["code"] == "method-not-allowed"
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_every_answer_forbids_what_pages_do_not_need(nobody):
    headers = nobody.get("/docs").headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
