"""What an attacker tries on the pages: other sites' forms, markup, frames, addresses, other people's work."""

import io
import re
from urllib.parse import urlsplit

import pytest

from api import create_app
from engine import cases, deployments, saved_views, views
from engine import identities as users
from engine.commands import AddComment, CompleteTask
from engine.demo.city import PASSWORD
from tests.test_pages import FILES

MARK = "<img src=x onerror=alert(1)>\"'</textarea></script><script>alert(2)</script>"
SAFE = {"GET", "HEAD", "OPTIONS"}
OUTSIDE = (
    "https://evil.example", "//evil.example", "///evil.example", "\\\\evil.example",
    "/\\evil.example", "/\t/evil.example", "/\n/evil.example", "https:evil.example",
    "javascript:alert(1)", "%2f%2fevil.example", " //evil.example", "http://localhost@evil.example",
)  # fmt: skip


class Server:
    """The pages with a case in which everything that people write is markup."""

    def __init__(self, app, who):
        self.app, self.web = app, create_app(app)
        files = {name: (FILES / name).read_bytes() for name in ("formed.bpmn", "report_form.json")}
        deployments.deploy(app, users.operator(), files)
        worker = who("street_dispatcher")
        started = cases.start(app, worker, process="formed", data={}, business_key=MARK[:30])
        self.case = started.case_id
        self.task = f"{self.case}.formed.fill.1"
        cases.handle(app, worker, self.case, AddComment("formed.fill.1", MARK))
        views.keep_draft(app, worker, self.case, "formed.fill.1", [("title", MARK)])
        with app.database.writing() as tx:
            saved_views.put(tx, worker.name, MARK[:40], {"view": "pool", "q": MARK})

    def client(self, name):
        """Return a browser in which somebody has signed in."""
        client = self.web.test_client()
        answer = client.post("/sign-in", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, name
        return client

    def addresses(self, wanted):
        """Yield (method, address) of everything that the server answers, with real names in it."""
        names = {
            "case_id": self.case, "task_id": self.task, "name": "grid_worker",
            "filename": "bihuan.css",
        }  # fmt: skip
        for rule in self.web.url_map.iter_rules():
            address = re.sub(
                r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>",
                lambda one: "1" if one[1] == "int" else names.get(one[2], "formed"),
                rule.rule,
            )
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                if wanted(method, address):
                    yield method, address


@pytest.fixture
def server(app, who):
    return Server(app, who)


def test_no_other_site_makes_somebody_change_something(server):
    client = server.client("admin")
    passed, tried = [], 0
    from_elsewhere = (
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {},
    )  # fmt: skip
    for method, address in server.addresses(lambda method, _: method not in SAFE):
        for headers in from_elsewhere:
            tried += 1
            answer = client.open(address, method=method, headers=headers, data={"act": "claim"})
            if answer.status_code != 403:
                passed.append((method, address, headers, answer.status_code))

    assert passed == []
    assert tried > 200
    assert (
        views.task(server.app, users.actor(server.app, "admin"), *cases.split_task(server.task))[
            "assignee"
        ]
        is None
    )


def test_every_answer_forbids_frames_guessing_and_what_is_from_outside(server):
    client = server.client("admin")
    wrong = []
    for _, address in server.addresses(lambda method, _: method == "GET"):
        with client.get(address) as answer:
            policy = answer.headers.get("Content-Security-Policy", "")
            rules = dict(one.strip().partition(" ")[::2] for one in policy.split(";"))
            is_closed = "sandbox" in rules or rules.get("frame-ancestors") == "'none'"
            if not is_closed or "unsafe" in policy or "*" in policy or "http" in policy:
                wrong.append((address, policy))
            if answer.headers.get("X-Content-Type-Options") != "nosniff":
                wrong.append((address, "nosniff"))
            if address != "/static/bihuan.css" and "no-store" not in (
                answer.headers.get("Cache-Control", "")
            ):
                wrong.append((address, "kept by the browser"))

    assert wrong == []


def test_what_people_write_is_never_part_of_a_page(server):
    wrong, shown = [], 0
    query = {
        "q": MARK, "words": MARK, "name": MARK, "view": MARK, "done": "view_saved", "cursor": MARK,
        "unit": MARK, "process": MARK, "period": MARK, "from": MARK, "next": MARK, "lang": MARK,
    }  # fmt: skip
    for name in ("street_dispatcher", "admin"):
        client = server.client(name)
        for _, address in server.addresses(lambda method, _: method == "GET"):
            for asked in ({}, query) if name == "street_dispatcher" else (query,):
                with client.get(address, query_string=asked) as answer:
                    if answer.mimetype != "text/html":
                        continue
                    page = answer.get_data(as_text=True)
                    shown += "&lt;img src=x onerror" in page
                    if "<img src=x" in page or "<script>alert" in page:
                        wrong.append((name, address, asked))

    assert wrong == []
    # The inbox, the task, the case and what was asked for did show it, as text.
    assert shown > 5


def test_a_refused_form_shows_what_was_typed_as_text(server):
    client = server.client("street_dispatcher")
    own = {"Sec-Fetch-Site": "same-origin"}
    typed = dict.fromkeys(
        ("title", "count", "comment", "reason", "words", "name", "number", "code", "act"), MARK
    )
    for method, address in server.addresses(
        lambda method, path: method == "POST" and not path.startswith(("/api/", "/sign-out"))
    ):
        answer = client.open(address, method=method, data=typed, headers=own)
        page = answer.get_data(as_text=True)
        assert "<img src=x" not in page, address
        assert "<script>alert" not in page, address


def test_no_address_leads_to_another_site(server):
    client = server.client("street_dispatcher")
    for target in OUTSIDE:
        for answer in redirected(server, client, target):
            place = answer.headers.get("Location", "/")
            parts = urlsplit(place.replace("\\", "/"))
            assert (parts.scheme, parts.netloc) == ("", ""), place
            assert re.match(r"/([^/\\\s]|$)", place), place


def redirected(server, client, target):
    """Yield the answers of all that redirect, asked to lead somewhere else."""
    own = {"Sec-Fetch-Site": "same-origin"}
    sent = {"name": "street_dispatcher", "password": PASSWORD, "next": target}
    values = dict.fromkeys(("next", "view", "back", "done", "name", "lang", "to"), target)
    yield server.web.test_client().post("/sign-in", data=sent)
    yield server.web.test_client().get("/tasks", query_string=values)
    yield client.get("/", query_string=values)
    yield client.get("/", query_string=target)
    for path, more in (
        ("/batch", {"act": "remind", "task": server.task}),
        ("/tasks/views", {"act": "remove"}),
        ("/notices-seen", {"until": "2026-09-14T00:00:00Z"}),
        (f"/tasks/{server.task}", {"draft": "keep"}),
    ):
        yield client.post(path, data={**values, **more}, headers=own)


def test_nobody_reaches_what_is_anothers(server, app, who):
    own = {"Sec-Fetch-Site": "same-origin"}
    stranger = server.client("dept_handler")
    path, file = f"/tasks/{server.task}", f"/cases/{server.case}/attachments/formed"
    assert [
        stranger.get(path).status_code,
        stranger.post(path, data={"act": "claim"}, headers=own).status_code,
        stranger.post(f"{path}/draft", data={"title": "mine"}, headers=own).status_code,
        stranger.post(path, data={"draft": "drop"}, headers=own).status_code,
        stranger.get(file).status_code,
        stranger.get(f"/cases/{server.case}/split").status_code,
    ] == [404] * 6

    # Who sees the task too has a draft and views of the own, not those of others.
    other = server.client("admin")
    assert MARK[:10] not in other.get("/tasks").get_data(as_text=True)
    other.post(path, data={"draft": "drop"}, headers=own)
    other.post("/tasks/views", data={"act": "remove", "name": MARK[:40]}, headers=own)
    owner = who("street_dispatcher")
    assert views.draft(app, owner, server.case, "formed.fill.1").pairs == [("title", MARK)]
    with app.database.reading() as tx:
        assert list(saved_views.of(tx, owner.name)) == [MARK[:40]]


UPLOADS = (
    ("a.html", "text/html"), ("a.svg", "image/svg+xml"), ("a.js", "text/javascript"),
    ("a.png", "text/html"), ("a.pdf", "application/pdf"), (f"{MARK[:20]}.png", "image/png"),
)  # fmt: skip


def test_what_was_uploaded_is_saved_and_never_runs(server, app):
    client, own = server.client("street_dispatcher"), {"Sec-Fetch-Site": "same-origin"}
    content = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for name, kind in UPLOADS:
        sent = {"act": "attach", "file": (io.BytesIO(content), name, kind)}
        assert client.post(f"/tasks/{server.task}", data=sent, headers=own).status_code == 303

    who = users.actor(app, "street_dispatcher")
    files = views.attachments(app, who, *cases.split_task(server.task))
    assert [one["name"] for one in files] == [name for name, _ in UPLOADS]
    for file in files:
        answer = client.get(f"/cases/{server.case}/attachments/{file['attachment']}")
        headers = answer.headers
        assert answer.get_data() == content
        assert headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        assert "<" not in headers["Content-Disposition"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("sandbox")
    page = client.get(f"/tasks/{server.task}").get_data(as_text=True)
    assert "<img src=x" not in page


def test_the_draft_of_a_form_that_was_sent_is_gone(server, app, who):
    own = {"Sec-Fetch-Site": "same-origin"}
    client = server.client("street_dispatcher")
    path = f"/tasks/{server.task}"
    assert client.post(f"{path}/draft", data={"title": "灯"}, headers=own).status_code == 204
    assert "灯" in client.get(path).get_data(as_text=True)

    cases.handle(
        app, who("admin"), server.case, CompleteTask("formed.fill.1", None, {"title": "灯"})
    )
    assert client.post(f"{path}/draft", data={"title": "灯"}, headers=own).status_code == 409
    page = client.get(path).get_data(as_text=True)
    assert 'value="灯"' in page
    assert "data-draft" not in page
