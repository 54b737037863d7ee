"""No input yields a 5xx: what cannot be read or kept is refused with a problem."""

import json
import time

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import create_app
from tests.callers import PREFIX, Caller, callers, problem_of


@pytest.fixture
def call(app):
    return callers(app)


@pytest.fixture
def task(call):
    call("street_dispatcher").post("/cases", {"process": "five_steps"})
    return call("street_dispatcher").tasks()[0]["id"]


def deep(levels):
    return b'{"outcome": "accept", "data": {"x": ' + b"[" * levels + b"]" * levels + b"}}"


BODIES = {
    "no JSON": (b"{", 400),
    "NaN": (b'{"data": {"x": NaN}}', 400),
    "infinity": (b'{"data": {"x": Infinity}}', 400),
    "a float that is infinite": (b'{"data": {"x": 1e999}}', 422),
    "an integer of 2^63": (b'{"data": {"x": 9223372036854775808}}', 422),
    "an integer of 5000 digits": (b'{"data": {"x": ' + b"9" * 5000 + b"}}", 400),
    "a lone surrogate": (b'{"data": {"x": "\\ud800"}}', 422),
    "a lone surrogate in a name": (b'{"data": {"\\udfff": 1}}', 422),
    "a null byte": (b'{"data": {"x": "\\u0000"}}', 422),
    "a raw null byte": (b'{"data": \x00{}}', 400),
    "a name twice": (b'{"data": {"x": 1, "x": 2}}', 400),
    "the outcome twice": (b'{"outcome": "accept", "outcome": "refuse"}', 400),
    "bytes that are no UTF-8": (b'{"data": {"x": "\xff"}}', 400),
    "UTF-16": ('{"data": {}}'.encode("utf-16"), 400),
    "a byte order mark": (b'\xef\xbb\xbf{"data": {}}', 400),
    "nesting of 65": (deep(63), 422),
    "nesting of 100,000": (deep(100_000), 400),
    "a list": (b"[]", 400),
    "a text": (b'"{}"', 400),
    "a number": (b"1", 400),
    "null": (b"null", 400),
    "data that are a list": (b'{"data": []}', 422),
    "data that are null": (b'{"data": null}', 422),
    "an outcome that is a number": (b'{"outcome": 1}', 422),
    "an outcome that is an object": (b'{"outcome": {}}', 422),
    "an empty outcome": (b'{"outcome": ""}', 422),
    "a name the call does not have": (b'{"outcom": "accept"}', 422),
    "a forged sealed value": (b'{"data": {"x": {"$sealed": "1", "commitment": ""}}}', 422),
    "1 MB and a byte": (b'{"data": {"x": "' + b"x" * (1024 * 1024) + b'"}}', 413),
    "10 MB": (b" " * (10 * 1024 * 1024), 413),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_nobody_should_send_is_refused(call, task, name):
    content, status = BODIES[name]
    before = time.process_time()

    answer = call("street_dispatcher").post(f"/tasks/{task}/complete", content)

    assert problem_of(answer)[0] == status
    assert time.process_time() - before < 2
    assert [one["id"] for one in call("street_dispatcher").tasks()] == [task]


def test_nesting_of_64_is_kept(call):
    dispatcher = call("street_dispatcher")
    inner = b'{"process": "five_steps", "data": {"x": ' + b"[" * 62 + b"]" * 62 + b"}}"

    assert dispatcher.post("/cases", inner).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "x", ""])
def test_a_body_of_another_kind_is_refused(call, task, kind):
    answer = call("street_dispatcher").post(f"/tasks/{task}/claim", b"{}", Content_Type=kind)

    assert problem_of(answer) == (415, "unsupported-media-type")


def test_an_empty_body_is_an_empty_object(call, task):
    assert call("street_dispatcher").post(f"/tasks/{task}/claim", b"").status_code == 200


WRONG_QUERIES = [
    "/tasks?limit=0",
    "/tasks?limit=-1",
    "/tasks?limit=201",
    "/tasks?limit=ten",
    "/tasks?limit=1e1",
    "/tasks?limit=99999999999999999999",
    "/tasks?view=all",
    "/tasks?overdue=perhaps",
    "/tasks?unknown=1",
    "/tasks?limit=1&limit=2",
    "/tasks?q=%00",
    "/tasks?q=%0a",
    "/tasks?cursor=nonsense",
    "/tasks?view=pool&cursor=WzEsMiwzXQ",
    "/tasks?view=pool&cursor=W10",
    "/tasks?view=done&cursor=%E4%BD%A0",
    "/tasks?view=pool&cursor=eyJhIjoxfQ",
    "/cases?since=yesterday",
    "/cases?since=2026-01-01T00:00:00",
    "/cases?until=9999-99-99T00:00:00Z",
    "/cases?since=0001-01-01T00:00:00%2B14:00",
    "/cases?state=lost",
    "/cases?q=" + "x" * 501,
    "/incidents?cursor=nonsense",
    "/incidents?cursor=2026-01-01T00:00:00Z|a|99999999999999999999999",
    "/lists/roles?as_of=2026-13-01",
    "/definitions/five_steps/versions/0",
    "/definitions/five_steps/versions/-1",
    "/definitions/five_steps/versions/x",
    "/definitions/five_steps/versions/99999999999999999999",
]


@pytest.mark.parametrize("path", WRONG_QUERIES)
def test_a_query_that_makes_no_sense_is_refused(call, path):
    status, _ = problem_of(call("admin").get(path))

    assert 400 <= status < 500


@pytest.mark.parametrize(
    "key",
    [
        "x",
        ".",
        "..",
        "%2e%2e",
        "a%00b",
        "a%0ab",
        "%ff",
        "%ed%a0%80",
        "你好",
        "a b",
        "'\"<>",
        "%s",
        "-1",
        "x" * 501,
        "x" * 5000,
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        "/cases/{}",
        "/tasks/{}",
        "/tasks/{}.five_steps.accept.1",
        "/forms/{}",
        "/lists/{}",
        "/definitions/{}",
    ],
)
def test_an_id_that_is_none_is_refused(call, path, key):
    status, _ = problem_of(call("admin").get(path.format(key)))

    assert 400 <= status < 500


@pytest.mark.parametrize(
    "task", ["x", "x.y", "x.five_steps.accept", "x.five_steps.accept.1.0", ".", "..."]
)
@pytest.mark.parametrize("act", ["claim", "unclaim", "complete", "comments", "attachments"])
def test_a_task_that_is_not_there_is_not_found(call, task, act):
    admin = call("admin")
    read = act in ("comments", "attachments")

    answer = admin.get(f"/tasks/{task}/{act}") if read else admin.post(f"/tasks/{task}/{act}")

    assert problem_of(answer)[0] == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/cases", {}),
        ("/cases", {"process": 1}),
        ("/cases", {"process": "five_steps", "version": "1"}),
        ("/cases", {"process": "five_steps", "version": True}),
        ("/cases", {"process": "five_steps", "version": 0}),
        ("/cases", {"process": "five_steps", "version": 1.5}),
        ("/cases", {"process": "five_steps", "version": 99}),
        ("/cases", {"process": "nothing"}),
        ("/cases", {"process": "five_steps", "start": "accept"}),
        ("/cases", {"process": "five_steps", "business_key": ""}),
        ("/cases", {"process": "five_steps", "business_key": "x" * 201}),
        ("/messages", {"name": ""}),
        ("/messages", {"name": "m", "correlation": []}),
        ("/signals", {"name": "s", "data": 1}),
        ("/login", {"name": "x"}),
        ("/login", {"name": "x", "password": "x" * 1001}),
        ("/login", {"name": ["x"], "password": "x"}),
        ("/clock", {"advance_seconds": -1}),
        ("/clock", {"advance_seconds": 1e12}),
        ("/clock", {"advance_seconds": "1"}),
        ("/clock", {"to": "9999-12-31T23:59:59-14:00"}),
        ("/clock", {"to": "soon"}),
    ],
)
def test_a_body_with_wrong_values_is_refused(call, path, body):
    status, _ = problem_of(call("admin").post(path, body))

    assert status in (400, 401, 404, 422)


@pytest.mark.parametrize("act", ["suspend", "extend"])
@pytest.mark.parametrize(
    "moment", ["soon", "2026-09-20", "2026-09-20T09:00", "", 5, "2026-09-20T25:00+08:00", "x" * 300]
)
def test_a_moment_that_is_none_is_refused(call, task, act, moment):
    body = {"reason": "x", "review_at" if act == "suspend" else "due_at": moment}

    status, _ = problem_of(call("admin").post(f"/tasks/{task}/{act}", body))

    assert status == 422


@pytest.mark.parametrize("key", ["x" * 201, "你", "a b", "a\tb"])
def test_an_idempotency_key_that_cannot_be_kept_is_refused(call, key):
    headers = {"Idempotency_Key": key.encode().decode("latin-1")}

    answer = call("street_dispatcher").post("/cases", {"process": "five_steps"}, **headers)

    assert problem_of(answer) == (400, "invalid-request")


@pytest.mark.parametrize("etag", ["3", 'W/"3"', '"1", "2"', '"' + "x" * 200 + '"', "", "你"])
def test_an_if_match_that_is_no_etag_is_refused(call, task, etag):
    headers = {"If_Match": etag.encode().decode("latin-1")}

    answer = call("street_dispatcher").post(f"/tasks/{task}/claim", {}, **headers)

    assert problem_of(answer) == (400, "invalid-request")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
CALLS = [
    "/cases",
    "/messages",
    "/signals",
    "/login",
    "/logout",
    "/clock",
    "/cases/{case}/retry",
    "/cases/{case}/messages",
    "/tasks/{task}/complete",
    "/tasks/{task}/transfer",
    "/tasks/{task}/return",
    "/tasks/{task}/comment",
    "/definitions/check",
]
NAMES = st.sampled_from(
    [
        "process",
        "version",
        "data",
        "name",
        "correlation",
        "outcome",
        "to",
        "reason",
        "text",
        "password",
        "incident",
    ]
)
KNOWN = st.sampled_from(["five_steps", "accept", "admin", "x", {}, 1])


@pytest.fixture(scope="module")
def fuzzed(city, tmp_path_factory, sandbox):
    import shutil

    from engine import identities
    from engine.application import open_application
    from engine.clock import ManualClock
    from engine.settings import Settings
    from tests.conftest import MONDAY

    path = tmp_path_factory.mktemp("fuzz") / "fuzz.db"
    shutil.copy(city, path)
    app = open_application(
        Settings(database_url=f"sqlite:///{path}"), clock=ManualClock(MONDAY), sandbox=sandbox
    )
    caller = Caller(create_app(app), identities.create_token(app, "admin", by="@test"))
    case = caller.post("/cases", {"process": "five_steps"}).get_json()
    yield caller, {"case": case["id"], "task": case["tasks"][0]["id"]}
    app.database.close()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(CALLS), st.dictionaries(NAMES | st.text(), KNOWN | JSON, max_size=4))
def test_whatever_is_sent_never_breaks_the_server(fuzzed, path, body):
    caller, names = fuzzed

    answer = caller.post(path.format(**names), json.dumps(body).encode())

    assert answer.status_code < 500, answer.get_data(as_text=True)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(CALLS), st.binary(max_size=60))
def test_whatever_bytes_are_sent_never_break_the_server(fuzzed, path, content):
    caller, names = fuzzed

    answer = caller.post(path.format(**names), content)

    assert answer.status_code < 500, answer.get_data(as_text=True)


def test_requests_made_from_the_document_never_break_the_server(fuzzed):
    caller, _ = fuzzed
    document = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", caller.server)
    broken = []

    for found in document.get_all_operations():
        operation = found.ok()

        @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy())
        def try_it(case):
            answer = case.call(headers=caller.headers)
            if answer.status_code >= 500:
                broken.append((case.method, case.path, answer.status_code))

        if operation.path != "/api/v1/logout":
            try_it()

    assert broken == []


def test_what_cannot_be_kept_is_refused_on_both_databases(any_app):
    caller = callers(any_app)("admin")
    case = caller.post("/cases", {"process": "five_steps"}).get_json()
    task = case["tasks"][0]["id"]

    for name, (content, status) in BODIES.items():
        assert caller.post(f"/tasks/{task}/complete", content).status_code == status, name
    for path in WRONG_QUERIES:
        assert 400 <= caller.get(path).status_code < 500, path
    for act in ("comment", "claim"):
        text = json.dumps({"text": "\ud800\0"}).encode()
        assert 400 <= caller.post(f"/tasks/{task}/{act}", text).status_code < 500, act
    assert caller.post(f"/tasks/{task}/comment", {"text": "𝄞 好"}).status_code == 200


def test_a_refusal_quotes_what_was_sent_without_breaking(call):
    answer = call("admin").get("/definitions/%f0%9f%98%80%22%3cscript%3e")

    assert problem_of(answer) == (404, "not-found")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_surprise_is_told_without_its_insides(app, monkeypatch):
    # The one place where a fault is planted: everything else is refused on purpose.
    from api.routes import reference

    def break_down(*_args):
        raise ZeroDivisionError("secret of the house")

    monkeypatch.setattr(reference.views, "all_lists", break_down)

    answer = callers(app)("admin").get("/lists")

    assert problem_of(answer) == (500, "internal")
    assert "secret" not in answer.get_data(as_text=True)
